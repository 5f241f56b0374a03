//! The log and outcomes, as commands.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use insta::assert_snapshot;

use crate::env::TestEnv;
use crate::server::{Reply, Server, records};

fn server() -> Server {
    Server::answering(|_| Reply::answer("Hello."))
}

#[test]
fn what_was_rendered_is_rendered_again() {
    let env = TestEnv::new();
    let repo = server().repo(&env);
    repo.ok("promptctl run echo@v1 --var ticket=hi --model gpt-5 --user 'And now?' --previous-response-id resp_0");
    repo.next_version("echo", "Be brief.", "Be long.");
    let id = |repo: &crate::env::Shell| {
        records(repo).pop().unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_snapshot!(repo.run(&format!("promptctl log show {} --rendered", id(&repo))), @r"
    system:
    Be brief.

    user:
    hi
    --- stderr
    the request is the same: its hash is <id>
    ");

    // Not committed, and changed since.
    repo.replace("prompts/echo.prompt.yml", "Be long.", "Be strange.");
    repo.ok("promptctl run echo --var ticket=hi");
    let show = format!("promptctl log show {} --rendered", id(&repo));
    assert_eq!(repo.run(&show).code, Some(0), "it still is the same");
    repo.replace("prompts/echo.prompt.yml", "Be strange.", "Be gone.");
    assert_snapshot!(repo.run(&show), @r"
    error[P324]: <uuid> cannot be rendered again: dirty: the file had changes that were not committed, and it has others now
    [exit 3]
    ");

    repo.ok("git checkout --quiet prompts");
    repo.write("promptctl.yaml", "log: {variables: hash, output: none}\n");
    repo.ok("promptctl run echo --var ticket=hi");
    assert_snapshot!(repo.run(&format!("promptctl log show {} --rendered", id(&repo))), @r"
    error[P324]: <uuid> cannot be rendered again: of the variable `ticket` the log keeps a hash only
      hint: `log.variables: full` in promptctl.yaml keeps values from now on
    [exit 3]
    ");
    assert!(records(&repo)[2]["output"].is_null());

    // A commit that this clone does not have.
    let text = repo.read(".promptctl/executions.jsonl");
    let commit = records(&repo)[0]["commit"].as_str().unwrap().to_owned();
    repo.write(
        ".promptctl/executions.jsonl",
        text.replace(&commit, &"0123456789".repeat(4)),
    );
    let first = records(&repo)[0]["id"].as_str().unwrap().to_owned();
    assert_snapshot!(repo.run(&format!("promptctl log show {first} --rendered")), @r"
    error[P324]: <uuid> cannot be rendered again: its commit cannot be read here
      caused by: `<id>` is neither a version, an environment nor a git revision
      hint: git fetch may bring it
    [exit 3]
    ");
}

#[test]
fn services_append_their_own_records() {
    let env = TestEnv::new();
    let repo = server().repo(&env);
    repo.add("secret", "model: m\ninput: {schema: {properties: {card: {type: string, x-sensitive: true}}}}\nmessages: [{role: user, content: \"{{card}}\"}]\n");
    let lines = "{\"prompt\":\"secret\",\"version\":1,\"source\":\"local\",\"variables\":{\"card\":\"4111\"},\"cost_usd\":0.5,\"labels\":{\"team\":\"a\"}}\n\n{\"prompt\":\"echo\",\"status\":\"error\"}\n";
    assert_snapshot!(repo.run_with("promptctl log append", lines), @"2 records appended");
    assert_eq!(records(&repo)[0]["source"], "external");
    assert!(!repo.read(".promptctl/executions.jsonl").contains("4111"));
    let wrong = format!("{lines}{{\"prompt\":\"echo\",\"modle\":\"m\"}}\n");
    assert_snapshot!(repo.run_with("promptctl log append", wrong), @"
    error[P320]: `modle` is not a field of a record
      at: standard input:4
      hint: did you mean `model`?
      hint: put what is your own under `labels`, as texts
    [exit 1]
    ");
    assert_eq!(records(&repo).len(), 2, "all or none");
    // What is exported can be appended again.
    let exported = repo.ok("promptctl log export");
    repo.ok("rm .promptctl/executions.jsonl");
    assert_eq!(
        repo.run_with("promptctl log append", &exported).code,
        Some(0)
    );
    assert_eq!(repo.ok("promptctl log export"), exported);
}

#[test]
fn outcomes_are_told_one_by_one_and_many_at_once() {
    let env = TestEnv::new();
    let repo = server().repo(&env);
    for _ in 0..2 {
        repo.ok("promptctl run echo --var ticket=hi");
    }
    let ids: Vec<String> = records(&repo)
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();
    let line = format!(
        "promptctl outcome {} --score 0.9 --label win --metric r_multiple=1.8 --note 'as hoped'",
        ids[0]
    );
    assert_snapshot!(repo.run(&line), @"outcome recorded for <uuid>");
    let table = format!("id,score,label,r_multiple\n{},-0.5,loss,-1\n", ids[1]);
    assert_snapshot!(repo.run_with("promptctl outcome -", &table), @"outcome recorded for <uuid>");
    assert_snapshot!(repo.run_with("promptctl outcome -", format!("{table}0190-x,1,,\n")), @"
    error[P321]: no execution has the id `0190-x`
      at: standard input:3
      hint: ids must be whole here; nothing was kept
    [exit 1]
    ");
    assert_snapshot!(repo.run(&format!("promptctl outcome {}", ids[0])), @r"
    error: there is nothing to record
      hint: pass --score, --label, --metric or --note
    [exit 2]
    ");
    let csv = repo.ok("promptctl log export --format csv --label win");
    assert!(
        csv.lines()
            .nth(1)
            .unwrap()
            .contains("0.9,win,\"{\"\"r_multiple\"\":1.8}\",as hoped"),
        "{csv}"
    );
    let traces = repo.json("promptctl log export --format otlp");
    assert_eq!(
        traces["resourceSpans"][0]["scopeSpans"][0]["spans"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn lists_are_filtered() {
    let env = TestEnv::new();
    let repo = server().repo(&env);
    repo.ok("promptctl publish echo");
    repo.ok("promptctl run echo@production --var ticket=hi --label team=a");
    repo.at("2026-11-10T12:00:00Z").ok("promptctl run sorter --var ticket=hi --model echo --label team=b --user '{\"queue\":\"tech\"}'");
    let count = |filter: &str| {
        repo.json(&format!("promptctl log --format json {filter}"))["records"]
            .as_array()
            .unwrap()
            .len()
    };
    for (filter, expected) in [
        ("", 2),
        ("--prompt echo", 1),
        ("--version v1", 2),
        ("--env production", 1),
        ("--status ok", 2),
        ("--model gpt-5-mini", 1),
        ("--since 2026-11-10", 1),
        ("--until 2026-11-09", 1),
        ("--label team=b", 1),
        ("--min-cost 0.0001", 1),
        ("--limit 1", 1),
    ] {
        assert_eq!(count(filter), expected, "{filter}");
    }
}

#[test]
fn old_executions_are_taken_out() {
    let env = TestEnv::new();
    let repo = server().repo(&env);
    repo.write("promptctl.yaml", "log: {maxSize: 1KB}\n");
    for day in ["2026-06-01", "2026-10-01", "2026-11-01"] {
        repo.at(&format!("{day}T00:00:00Z"))
            .ok("promptctl run echo --var ticket=hi --model echo");
    }
    assert!(repo.exists(".promptctl/executions.1.jsonl.gz"), "set aside");
    assert_eq!(
        repo.json("promptctl log --format json")["records"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let told = repo.play(
        "promptctl log prune --older-than 90d --dry-run
        promptctl log prune --older-than 90d
        promptctl log prune --older-than 90d
        promptctl log path",
    );
    assert_snapshot!(told.replace(|c: char| c.is_ascii_digit(), "9"), @"
    $ promptctl log prune --older-than 99d --dry-run
    9 records and 9 outcomes would be taken out (999 bytes); 9 lines stay
    9 daily sum of them would be kept in $ROOT/repo/.promptctl/history.jsonl
    $ promptctl log prune --older-than 99d
    9 records and 9 outcomes taken out (999 bytes); 9 lines stay
    9 daily sum of them kept in $ROOT/repo/.promptctl/history.jsonl, which `stats` counts too
    $ promptctl log prune --older-than 99d
    9 records and 9 outcomes taken out (9 bytes); 9 lines stay
    $ promptctl log path
    $ROOT/repo/.promptctl/executions.jsonl
    ");
    assert_eq!(
        repo.json("promptctl log --format json")["records"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
#[cfg(unix)]
fn a_followed_log_tells_what_comes() {
    let env = TestEnv::new();
    let repo = server().repo(&env);
    repo.ok("promptctl run echo --var ticket=hi --label number=1");
    let mut child = repo
        .line("promptctl log tail --follow --format json")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.next().unwrap().contains("\"number\":\"1\""));
    repo.ok("promptctl run echo --var ticket=hi --label number=2");
    assert!(lines.next().unwrap().contains("\"number\":\"2\""));
    repo.ok(&format!("kill -TERM {}", child.id()));
    assert!(!child.wait().unwrap().success());
}

/// Writers that are killed at any moment: what was reported as kept is there, whole.
#[test]
fn killed_writers_lose_no_finished_record() {
    const WRITERS: usize = 300;
    const AT_ONCE: usize = 6;
    let env = TestEnv::new();
    let repo = server().repo(&env);
    // Long records, so that a kill can come in the middle of one.
    let long = "x".repeat(100_000);
    let mut finished = Vec::new();
    for first in (0..WRITERS).step_by(AT_ONCE) {
        let mut children: Vec<_> = (first..first + AT_ONCE)
            .map(|number| {
                let record = serde_json::json!({ "prompt": "echo", "case": number.to_string(), "output": long });
                repo.write(&format!("{number}.jsonl"), record.to_string());
                let mut command = repo.line(&format!("promptctl log append {number}.jsonl"));
                command.stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for (at, child) in children.iter_mut().enumerate() {
            let number = first + at;
            // Some are killed at once, some later, some not at all.
            let patience = number.wrapping_mul(2_654_435_761) % 300;
            let mut ended = child.try_wait().unwrap();
            for _ in 0..patience {
                std::thread::yield_now();
                ended = ended.or_else(|| child.try_wait().unwrap());
            }
            if number % 5 != 0 {
                drop(child.kill());
            }
            if child.wait().unwrap().success() {
                finished.push(number.to_string());
            }
        }
    }
    let kept = repo.json("promptctl log --limit 1000 --format json");
    let kept: std::collections::HashSet<&str> = kept["records"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["output"].as_str().unwrap().len() == long.len())
        .map(|record| record["case"].as_str().unwrap())
        .collect();
    assert!(finished.len() >= WRITERS / 5, "{}", finished.len());
    assert!(finished.len() < WRITERS, "none was killed");
    for number in &finished {
        assert!(kept.contains(number.as_str()), "{number} is lost");
    }
}
