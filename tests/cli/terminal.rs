//! What a person sees on a terminal and no pipe shows.

use crate::env::{Shell, TestEnv};
use crate::server::records;

/// A repository with `hello`, run with the model that answers offline.
fn hello(env: &TestEnv) -> Shell {
    let repo = env.repo().with("NO_COLOR", "1");
    repo.add("hello", crate::env::SMALL);
    repo
}

const RUN: &str = "promptctl run hello --var name=Ada --model echo";

/// The ids of the log, the oldest first.
fn ids(repo: &Shell) -> Vec<String> {
    let id = |record: serde_json::Value| record["id"].as_str().unwrap().to_owned();
    records(repo).into_iter().map(id).collect()
}

#[test]
fn a_list_shows_ids_that_tell_the_calls_of_one_batch_apart() {
    let env = TestEnv::new();
    let repo = hello(&env);
    repo.write("names.jsonl", "{\"name\":\"Ada\"}\n".repeat(20));
    repo.ok("promptctl run hello --inputs names.jsonl --model echo");
    let shown = repo.in_terminal("promptctl log --no-pager").stdout;
    let mut short: Vec<&str> = shown
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let whole = ids(&repo);
    assert_eq!(short.len(), whole.len(), "{shown}");
    for (short, whole) in short.iter().rev().zip(&whole) {
        assert_eq!(*short, &whole[whole.len() - 8..], "{shown}");
        let found = repo.json(&format!("promptctl log show {short} --format json"));
        assert_eq!(found["id"], whole.as_str());
    }
    short.sort_unstable();
    short.dedup();
    assert_eq!(short.len(), 20, "{shown}");
    // A pipe has them whole.
    let piped = repo.ok("promptctl log");
    assert!(piped.starts_with(&format!("{}\t", whole[19])), "{piped}");
}

#[test]
fn a_beginning_or_end_that_several_ids_share_is_no_id() {
    let env = TestEnv::new();
    let repo = hello(&env);
    for id in ["0190aaaa-1", "0190bbbb-1", "0190bbbb-2"] {
        let line = format!("{{\"prompt\":\"hello\",\"id\":\"{id}\"}}");
        repo.run_with("promptctl log append", &line);
    }
    let wrote = ids(&repo);
    if wrote.iter().any(|id| !id.starts_with("0190")) {
        // Whoever appends may not choose ids: they are written as they would have been.
        let mut text = repo.read(".promptctl/executions.jsonl");
        for (old, new) in wrote.iter().zip(["0190aaaa-1", "0190bbbb-1", "0190bbbb-2"]) {
            text = text.replace(old, new);
        }
        repo.write(".promptctl/executions.jsonl", text);
    }
    for (part, id) in [
        ("0190a", "0190aaaa-1"),
        ("-2", "0190bbbb-2"),
        ("b-1", "0190bbbb-1"),
    ] {
        let found = repo.json(&format!("promptctl log show --format json -- {part}"));
        assert_eq!(found["id"], id, "{part}");
    }
    for part in ["0190", "0190b", "-1"] {
        let run = repo.run(&format!("promptctl log show -- {part}"));
        assert!(run.stderr.starts_with("error[P321]: "), "{part}: {run}");
        assert!(
            run.stderr
                .contains(" executions have ids that begin or end with `"),
            "{run}"
        );
    }
    let told = repo.ran("promptctl outcome b-1 --score 1");
    assert!(told.stderr.contains("0190bbbb-1"), "{told}");
}

#[test]
fn a_run_ends_with_its_id_tokens_cost_and_time_on_a_terminal_only() {
    let env = TestEnv::new();
    let repo = hello(&env);
    let run = repo.in_terminal(RUN);
    let id = ids(&repo).pop().unwrap();
    let (answer, end) = run.stdout.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(answer, "Hello Ada");
    let pattern = format!(r"^{} · \d+ tokens · \$0 · \d+ ms$", &id[id.len() - 8..]);
    assert!(regex::Regex::new(&pattern).unwrap().is_match(end), "{end}");
    assert_eq!(repo.ran(RUN).stderr, "");
    for quiet in ["--quiet", "--format json"] {
        let run = repo.in_terminal(&format!("{RUN} {quiet}"));
        assert!(!run.stdout.contains(" · "), "{quiet}: {run}");
    }
    let unlogged = repo.in_terminal(&format!("{RUN} --no-log"));
    assert!(unlogged.stdout.contains("\nnot logged · "), "{unlogged}");
}

/// The newest records are at the end of the file, so the rest of it is not even looked at.
#[test]
fn ten_lines_of_the_log_do_not_read_all_of_it() {
    let env = TestEnv::new();
    let repo = hello(&env);
    for _ in 0..2 {
        repo.ok(RUN);
    }
    let log = repo.read(".promptctl/executions.jsonl");
    repo.write(".promptctl/executions.jsonl", format!("no record\n{log}"));
    let all = repo.ran("promptctl log");
    assert!(
        all.stderr.contains("1 lines of the log are not records"),
        "{all}"
    );
    let some = repo.ran("promptctl log -n 2");
    assert_eq!((some.stdout.lines().count(), some.stderr.as_str()), (2, ""));
}

/// A repository with so many prompts, and a pager that marks each line.
fn many(env: &TestEnv, count: usize) -> Shell {
    let repo = env.repo().with("NO_COLOR", "1");
    for at in 0..count {
        let text = format!(
            "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: Hello {at}\n"
        );
        repo.write(&format!("prompts/p{at:03}.prompt.yml"), text);
    }
    repo.ok("git add prompts");
    repo.ok("git commit --quiet --message Prompts");
    repo
}

#[test]
fn what_is_longer_than_the_screen_goes_through_the_pager_that_was_chosen() {
    let env = TestEnv::new();
    let repo = many(&env, 30);
    let paged = |repo: &Shell, line: &str| {
        let run = repo.in_terminal(line);
        assert_eq!(run.code, Some(0), "{run}");
        run.stdout
            .lines()
            .filter(|line| line.starts_with("> "))
            .count()
    };
    let own = repo.with("PROMPTCTL_PAGER", "sed 's/^/> /'");
    assert_eq!(paged(&own, "promptctl list"), 31);
    for line in [
        "promptctl help log",
        "promptctl publish --help",
        "promptctl help serve",
    ] {
        assert!(paged(&own, line) > 20, "{line}");
    }
    // Short texts, scripts and what a program reads go straight to where they are wanted.
    for line in [
        "promptctl history p000",
        "promptctl list --no-pager",
        "promptctl list --format json",
        "promptctl get p000",
        "promptctl validate",
        "promptctl --version",
    ] {
        assert_eq!(paged(&own, line), 0, "{line}");
    }
    for off in ["", "cat"] {
        assert_eq!(
            paged(&repo.with("PROMPTCTL_PAGER", off), "promptctl list"),
            0
        );
    }
    // Else it is git's.
    let git = repo.with("GIT_PAGER", "sed 's/^/> /'");
    assert_eq!(paged(&git, "promptctl list"), 31);
    assert_eq!(paged(&git.with("PROMPTCTL_PAGER", ""), "promptctl list"), 0);
    let less = repo.with("PROMPTCTL_PAGER", "echo \"> $LESS\"; cat");
    assert!(
        less.in_terminal("promptctl list")
            .stdout
            .starts_with("> FRX\n")
    );
    let less = less.with("LESS", "-S");
    assert!(
        less.in_terminal("promptctl list")
            .stdout
            .starts_with("> -S\n")
    );
}

#[test]
fn whoever_leaves_the_pager_ends_nothing_badly() {
    let env = TestEnv::new();
    let repo = many(&env, 30);
    let first = repo.with("PROMPTCTL_PAGER", "head -1");
    assert_eq!(first.in_terminal("promptctl list").code, Some(0));
    // The command's own code counts.
    for at in 0..30 {
        repo.replace(&format!("prompts/p{at:03}.prompt.yml"), "Hello", "Good day");
    }
    let diff = first.in_terminal("promptctl diff --exit-code");
    assert_eq!(diff.code, Some(3), "{diff}");
    // A pager that is not there hides nothing.
    let gone = repo.with("PROMPTCTL_PAGER", "no-such-pager 2>/dev/null");
    let run = gone.in_terminal("promptctl list");
    assert!(run.stdout.contains("\np029 "), "{run}");
    assert!(
        run.stdout
            .contains("the pager `no-such-pager 2>/dev/null` could not be started"),
        "{run}"
    );
}

#[test]
fn errors_stand_below_what_was_paged() {
    let env = TestEnv::new();
    let repo = many(&env, 1).with("PROMPTCTL_PAGER", "sed 's/^/> /'");
    let run = repo.in_terminal("promptctl show nothing");
    assert!(run.stdout.starts_with("error["), "{run}");
}

#[test]
fn a_publish_of_all_starts_git_a_few_times_and_not_for_each_prompt() {
    let env = TestEnv::new();
    let repo = many(&env, 100);
    let traced = repo.with("GIT_TRACE2_EVENT", env.root().dir.join("trace"));
    let run = traced.ran("promptctl publish --all");
    assert_eq!(run.stderr.matches(" published to production").count(), 100);
    let trace = env.root().read("trace");
    let starts = trace
        .lines()
        .filter(|line| line.contains("\"event\":\"start\""))
        .count();
    assert!(starts <= 12, "git was started {starts} times");
    assert_eq!(repo.tags().lines().count(), 200);
    let again = repo.ran("promptctl publish --all");
    assert!(again.stderr.starts_with("nothing to publish"), "{again}");
    repo.ok("promptctl verify");
}

/// One whose tag is in the way does not keep the others from being released.
#[test]
fn a_publish_of_all_goes_on_when_one_of_them_cannot_be_released() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    for name in ["a", "b"] {
        ada.add(name, crate::env::SMALL);
    }
    ada.ok("git push --quiet");
    // The remote refuses one of them.
    let refuse =
        "while read -r old new ref; do case $ref in */tags/prompts/b/*) exit 1;; esac; done";
    crate::env::hook(&env.root(), "origin.git/hooks/pre-receive", refuse);
    let run = ada.run("promptctl publish --all");
    assert_eq!(run.code, Some(3), "{run}");
    assert_eq!(
        run.stderr.matches(" and the remote has it").count(),
        2,
        "{run}"
    );
    assert_eq!(
        run.stderr.matches("b was not published").count(),
        1,
        "{run}"
    );
    let there = env.root().cd("origin.git").tags();
    assert!(
        !there.contains("prompts/b/") && there.contains("prompts/a/production/1"),
        "{there}"
    );
}

#[test]
fn ctrl_c_says_what_was_published_and_what_was_not() {
    let env = TestEnv::new();
    let ada = env.with_origin().with("NO_COLOR", "1");
    crate::env::hook(
        &ada,
        ".git/hooks/pre-push",
        "test -p here || exit 0\necho > here\ncat go\nexit 1",
    );
    ada.ok("mkfifo here go");
    let mut terminal = ada.open_terminal("promptctl publish --all", 24);
    // The push is under way, and long enough for a bar.
    assert_eq!(ada.read("here"), "\n");
    terminal.wait_for(" left");
    terminal.interrupt();
    ada.ok("rm here");
    ada.write("go", "");
    let run = terminal.end();
    assert_eq!(run.code, Some(130), "{run}");
    let told = "error: interrupted: 0 of 1 were published, and the others are as they were\n  hint: promptctl publish --all goes on with the others\n";
    assert!(run.stdout.ends_with(told), "{run}");
    assert_eq!(ada.tags(), "");
    ada.ok("promptctl publish --all");
}
