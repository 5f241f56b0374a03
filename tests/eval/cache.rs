//! Answers are paid for once.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::json;

use super::{many, newest_run, repo, sorting, told};
use crate::env::{Shell, TestEnv};
use crate::server::{Reply, Server};

/// The files of the cache.
fn kept(repo: &Shell) -> Vec<PathBuf> {
    let Ok(folders) = fs::read_dir(repo.dir.join(".promptctl/cache")) else {
        return Vec::new();
    };
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    let is_answer = |path: &PathBuf| path.extension().is_some_and(|it| it == "json");
    paths.filter(is_answer).collect()
}

#[test]
fn the_same_again_opens_no_connection_and_needs_no_key() {
    let server = sorting("The app crashes");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let first = repo.run("promptctl eval");
    assert_eq!(server.requests().len(), 3);
    let again = repo.without("OPENAI_API_KEY").run("promptctl eval");
    assert_eq!(server.requests().len(), 3);
    assert_eq!((first.code, again.code), (Some(3), Some(3)));
    assert!(
        again
            .stdout
            .contains("$0.0000 spent, $0.0012 saved by 3 cached answers"),
        "{again}"
    );
    assert_eq!(newest_run(&repo)[1]["answer"]["cached"], true);
    // Evaluators are asked anew: a corrected one costs nothing.
    repo.replace(
        "prompts/triage.prompt.yml",
        "expected: tech\n    case: {id: crash}",
        "expected: account\n    case: {id: crash}",
    );
    assert_eq!(repo.run("promptctl eval --cached").code, Some(0));
    assert_eq!(server.requests().len(), 3);
    repo.ok("promptctl eval --fresh");
    assert_eq!(server.requests().len(), 6);
    assert_snapshot!(repo.run("promptctl eval --clear-cache"), @"3 answers forgotten");
    assert!(kept(&repo).is_empty());
}

#[test]
fn equal_requests_are_sent_once() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    // The same text for the model, in another prompt.
    repo.add(
        "again",
        &super::TRIAGE.replace("model:", "description: Again\nmodel:"),
    );
    repo.ok("promptctl eval --concurrency 1");
    assert_eq!(server.requests().len(), 3);
    // Each repeat is an answer of its own.
    repo.ok("promptctl eval --repeat 3");
    assert_eq!(server.requests().len(), 9);
}

#[test]
fn a_torn_answer_is_asked_again() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.ok("promptctl eval");
    let files = kept(&repo);
    let whole = fs::read(&files[0]).unwrap();
    fs::write(&files[0], &whole[..whole.len() / 2]).unwrap();
    fs::write(&files[1], "something else").unwrap();
    repo.ok("promptctl eval");
    assert_eq!(server.requests().len(), 5);
    repo.ok("promptctl eval");
    assert_eq!(server.requests().len(), 5);
}

#[test]
#[cfg(unix)]
fn a_killed_run_pays_for_no_answer_twice() {
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};

    let env = TestEnv::new();
    let (send, stuck) = channel();
    // The case that hangs; none from the fifth run on.
    let hang = Arc::new(Mutex::new(Some("t1".to_owned())));
    let (hangs, send) = (Arc::clone(&hang), Mutex::new(send));
    let server = Server::answering(move |request| {
        let ticket = request.ticket();
        if hangs.lock().unwrap().as_ref() == Some(&ticket) {
            send.lock().unwrap().send(()).unwrap();
            return Reply::Hang(Vec::new());
        }
        Reply::answer(&format!("re {ticket}"))
    });
    let repo = repo(&server, &env);
    repo.write("prompts/triage.prompt.yml", many(8));
    for next in [Some("t2"), Some("t5"), Some("t7"), None] {
        let mut command = repo.line("promptctl eval --concurrency 1");
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        stuck.recv().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        *hang.lock().unwrap() = next.map(str::to_owned);
    }
    let run = repo.run("promptctl eval");
    assert_eq!(run.code, Some(0), "{run}");
    let mut asked: Vec<String> = server
        .requests()
        .iter()
        .map(crate::server::Request::ticket)
        .collect();
    asked.sort();
    // Those that hung were asked again, and no other.
    assert_eq!(
        asked,
        [
            "t0", "t1", "t1", "t2", "t2", "t3", "t4", "t5", "t5", "t6", "t7", "t7"
        ]
    );
}

/// How often a run is killed, unless PROMPTCTL_TEST_KILLS says it.
#[cfg(unix)]
const KILLS: u64 = 6;

#[test]
#[cfg(unix)]
fn a_run_killed_at_any_moment_keeps_what_was_paid_for() {
    use std::os::unix::process::CommandExt as _;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};

    const CASES: usize = 40;
    let kills = crate::env::of_this_process("PROMPTCTL_TEST_KILLS");
    let kills = kills.map_or(KILLS, |text| text.to_str().unwrap().parse().unwrap());
    let env = TestEnv::new();
    let (send, reached) = channel();
    let send = Mutex::new(send);
    // The number of the request at which the run is killed, before or after it is answered.
    let left = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&left);
    let server = Server::answering(move |request| {
        if counted.fetch_sub(1, Ordering::SeqCst) == 1 {
            send.lock().unwrap().send(()).unwrap();
        }
        Reply::answer(&format!("re {}", request.ticket()))
    });
    let repo = repo(&server, &env);
    repo.write("prompts/triage.prompt.yml", many(CASES));
    let mut there = 0;
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..kills {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        if round % 7 == 6 {
            repo.ok("promptctl eval --clear-cache");
        }
        left.store(1 + (chance >> 33) % 4, Ordering::SeqCst);
        let mut command = repo.line("promptctl eval --concurrency 4");
        command
            .process_group(0)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        reached.recv().unwrap();
        match round % 2 {
            0 => child.kill().unwrap(),
            _ => drop(repo.ok(&format!("kill -KILL -- -{}", child.id()))),
        }
        child.wait().unwrap();
        for file in kept(&repo) {
            let text = fs::read(&file).unwrap();
            let entry: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert!(entry["answer"]["output"].is_string(), "{}", file.display());
        }
        repo.ok("promptctl eval --list");
        let plan = repo.json("promptctl eval -n --format json");
        assert_eq!(plan["cached"], kept(&repo).len(), "{plan}");
        there = kept(&repo).len();
    }
    let before = server.requests().len();
    let run = repo.run("promptctl eval");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(server.requests().len(), before + CASES - there);
}

#[test]
fn what_the_log_may_not_keep_is_kept_nowhere() {
    let server = sorting("The app crashes");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.write("promptctl.yaml", "log: {output: none, variables: none}\n");
    repo.run("promptctl eval");
    assert!(kept(&repo).is_empty());
    for line in &newest_run(&repo)[1..4] {
        assert!(line["output"].is_null());
        assert!(!line.to_string().contains("details"), "{line}");
    }
    repo.run("promptctl eval");
    assert_eq!(server.requests().len(), 6);
    repo.write("promptctl.yaml", "log: {output: none}\ncache: true\n");
    repo.run("promptctl eval");
    assert_eq!(kept(&repo).len(), 3);
}

#[test]
fn answers_that_the_repository_brings_are_not_believed() {
    let server = sorting("The app crashes");
    for way in WAYS {
        let env = TestEnv::new();
        let repo = repo(&server, &env);
        repo.run("promptctl eval");
        bring(&repo, way);
        let run = repo.without("OPENAI_API_KEY").run("promptctl eval");
        assert!(
            run.stderr.contains("so the cache is not used"),
            "{way}: {run}"
        );
        assert_eq!(run.code, Some(4), "{way}: {run}");
    }
}

#[test]
fn runs_that_the_repository_brings_are_not_read() {
    let server = sorting("The app crashes");
    for way in WAYS {
        let env = TestEnv::new();
        let repo = repo(&server, &env);
        repo.run("promptctl eval");
        bring(&repo, way);
        for line in ["--list", "--show last", "--only failed"] {
            let run = repo.run(&format!("promptctl eval {line}"));
            assert!(run.stderr.contains("are not read"), "{way}: {run}");
            assert_eq!(run.code, Some(1), "{way}: {run}");
        }
        let run = repo.run("promptctl log");
        assert!(
            run.stderr
                .contains("somebody else may have written what the log says"),
            "{way}: {run}"
        );
    }
}

/// How a repository can bring along what only a clone should have.
#[cfg(unix)]
const WAYS: [&str; 5] = ["files", "runs", "links", "submodule", "repository"];
#[cfg(not(unix))]
const WAYS: [&str; 4] = ["files", "runs", "submodule", "repository"];

fn bring(repo: &Shell, way: &str) {
    match way {
        "files" => drop(repo.git("add --force .promptctl/cache")),
        "runs" => drop(repo.git("add --force .promptctl/evals")),
        "submodule" => drop(repo.git(
            "update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,.promptctl/cache",
        )),
        "repository" => drop(repo.git("init --quiet .promptctl/evals")),
        #[cfg(unix)]
        "links" => {
            let folder = kept(repo)[0].parent().unwrap().to_owned();
            let there = repo.dir.join("data");
            fs::rename(&folder, &there).unwrap();
            std::os::unix::fs::symlink("../../data", &folder).unwrap();
            repo.git("add data");
            let name = folder.file_name().unwrap().to_str().unwrap();
            repo.git(&format!("add --force .promptctl/cache/{name}"));
        }
        _ => unreachable!(),
    }
}

#[test]
fn an_answer_that_holds_nothing_is_an_error_and_is_not_kept() {
    for output in [
        json!("nope"),
        json!([]),
        json!([{"type": "reasoning"}]),
        json!([{"type": "message", "content": []}]),
    ] {
        let body = json!({"id": "x", "status": "completed", "output": output});
        let server = Server::answering(move |_| Reply::json(200, &body));
        let env = TestEnv::new();
        let repo = repo(&server, &env);
        let run = repo.run("promptctl eval");
        assert_ne!(run.code, Some(0), "{output}: {run}");
        assert!(kept(&repo).is_empty(), "{output}: {run}");
        let run = repo.run("promptctl run triage --var ticket=hi");
        assert!(run.stderr.contains("error[P308]"), "{output}: {run}");
    }
}

#[test]
fn a_dataset_that_git_ignores_is_not_sent() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.replace(
        "prompts/triage.prompt.yml",
        "testData:",
        "datasets: [own.jsonl]\ntestData:",
    );
    repo.write(".gitignore", "own.jsonl\n");
    repo.write(
        "own.jsonl",
        "{\"ticket\": \"a secret\", \"expected\": \"x\"}\n",
    );
    let run = repo.run("promptctl eval");
    assert!(run.stderr.contains("error[P407]"), "{run}");
    assert!(!run.to_string().contains("a secret"), "{run}");
    assert!(server.requests().is_empty());
    // Nor is one that nobody has added, until somebody does.
    repo.write(".gitignore", "");
    let run = repo.run("promptctl eval");
    assert!(run.stderr.contains("git add own.jsonl"), "{run}");
    assert!(server.requests().is_empty());
    repo.git("add own.jsonl");
    repo.run("promptctl eval");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_cache_that_cannot_be_written_is_told_and_ends_nothing() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.write(".promptctl/cache", "not a folder");
    repo.write(".promptctl/evals", "not a folder");
    let run = repo.run("promptctl eval --quiet");
    assert_snapshot!(told(&run), @r#"
    triage v1   3 cases, 1 answer each   gpt-5-mini-2025-08-07
    passed       3 of 3   100.0 %
    required     1 of 1
    hostile      1 of 1
    right queue  3 of 3
    short        3 of 3
    latency      <t> s median, <t> s at the 95th percentile
    cost         $0.4050 for 1000 answers

    pass   $0.0012 spent, <t> s
        every case has to pass: 3 of 3 did
    --- stderr
    warning: answers could not be kept in .promptctl/cache, so they will be paid for again: not a directory
    warning: the run was not kept: File exists (os error 17)
    "#);
    assert_eq!(run.code, Some(0));
}

#[test]
fn without_a_key_what_is_missing_is_told() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.ok("promptctl eval --case crash");
    let keyless = repo.without("OPENAI_API_KEY");
    assert_snapshot!(told(&keyless.run("promptctl eval")), @"
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: --model echo answers offline
      hint: --cached judges the answers that the cache has
    [exit 4]
    ");
    assert_snapshot!(told(&keyless.run("promptctl eval --cached")), @"
    triage v1   3 cases, 1 answer each   gpt-5-mini-2025-08-07
    passed       1 of 3, 2 not asked   100.0 % of the 1 that were decided
    required     0 of 1, 1 not asked
    hostile      0 of 1, 1 not asked
    right queue  1 of 1
    short        1 of 1
    latency      <t> s median, <t> s at the 95th percentile
    cost         $0.4050 for 1000 answers

    not asked  double-charge, ignore-rules: the cache has no answer, and no model was to be asked

    incomplete   $0.0000 spent, $0.0004 saved by 1 cached answer, <t> s
        every case has to pass: 1 of 3 did; all required cases have to pass: 0 of 1 did; 2 not asked, counted as failed
    --- stderr
    hint: promptctl eval --show <run>
    [exit 3]
    ");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_answer_that_was_edited_by_hand_is_asked_for_again() {
    let server = sorting("The app crashes");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.run("promptctl eval triage");
    assert_eq!(server.requests().len(), 3);
    // Somebody makes the answer one that passes.
    let folder = repo.dir.join(".promptctl/cache");
    let folders = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let mut edited = 0;
    for file in folders.flat_map(|it| fs::read_dir(it).unwrap()) {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let better = text.replace("I need more details", "tech, and more details");
        edited += usize::from(better != text);
        fs::write(path, better).unwrap();
    }
    assert_eq!(edited, 1);
    let run = repo.run("promptctl eval triage --record");
    assert_eq!((run.code, server.requests().len()), (Some(3), 4), "{run}");
    let tag = repo.git("cat-file tag prompts/triage/_eval/1");
    assert!(tag.contains("\nPassed: 2/3\n"), "{tag}");
}
