//! What somebody types who was woken: a rollback said in any way, questions only where it may not be
//! meant, what changed last, and words of other tools.

use std::io::Write as _;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TestEnv, skipped};

/// The prompts `a` and `b`, each with versions 1 to 3 published in turn, an hour apart.
fn two_prompts(env: &TestEnv) -> Shell {
    let repo = env.repo();
    for name in ["a", "b"] {
        repo.add(name, SMALL);
    }
    for (version, hour) in [(1_usize, 8), (2, 9), (3, 10)] {
        for name in ["a", "b"] {
            if version > 1 {
                let hello = |version: usize| format!("Hello{}", "!".repeat(version - 1));
                repo.next_version(
                    name,
                    &format!("{} {{{{name}}}}", hello(version - 1)),
                    &format!("{} {{{{name}}}}", hello(version)),
                );
            }
            repo.at(&format!("2026-11-03T{hour:02}:00:00Z"))
                .ok(&format!("promptctl publish {name}"));
        }
    }
    repo.at("2026-11-03T12:00:00Z")
}

fn live(repo: &Shell) -> Vec<u64> {
    let status = repo.json("promptctl status --format json");
    let prompts = status["environments"][0]["prompts"].as_array().unwrap();
    let versions = prompts.iter();
    versions
        .map(|it| it["active"].as_u64().unwrap_or(0))
        .collect()
}

/// What a terminal shows of a line and its exit code, where `answer` is typed; none where no terminal
/// can be made.
fn typed(shell: &Shell, line: &str, answer: &str) -> Option<(String, i32)> {
    let program = env!("CARGO_BIN_EXE_promptctl");
    let line = line.strip_prefix("promptctl").unwrap();
    let mut child = shell
        .command("script")
        .args(["-qec", &format!("'{program}'{line}"), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(answer.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let shown = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    // A terminal shows what is typed, sooner or later.
    let shown = match answer {
        "" | "\n" => shown,
        answer => shown.replacen(answer, "", 1),
    };
    Some((shown, output.status.code().unwrap()))
}

/// A repository of [`two_prompts`] and whether a terminal can be made here.
fn at_a_terminal(env: &TestEnv) -> Option<Shell> {
    let repo = two_prompts(env).with("TERM", "xterm").with("NO_COLOR", "1");
    if typed(&repo, "promptctl list", "").is_none_or(|(_, code)| code != 0) {
        skipped("there is no `script` to make a terminal");
        return None;
    }
    Some(repo)
}

#[test]
fn a_version_to_go_back_to_is_not_refused_in_any_way_to_say_it() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    let said = repo.ran("promptctl rollback a --to v1 --dry-run").stdout;
    assert!(said.contains("rolled back to v1"), "{said}");
    for way in [
        "a@v1 -n",
        "a@1 -n",
        "a v1 -n",
        "a 1 -n",
        "a --to 1 -n",
        "a --undo 3 -n",
    ] {
        let other = repo.ran(&format!("promptctl rollback {way}"));
        match way.contains("undo") {
            true => assert!(other.stdout.contains("rolled back to v2"), "{other}"),
            false => assert_eq!(other.stdout, said, "{way}"),
        }
    }
}

#[test]
fn a_version_is_not_taken_for_that_of_another_name() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    assert_snapshot!(repo.play(
        "promptctl rollback a v1 b -m 'Both are rude'
         promptctl publish a@v3 b@v3
         promptctl status
         promptctl rollback v1 a
         promptctl rollback a v1 v2
         promptctl rollback a@v1 --to v1
         promptctl rollback a b --to v1
         promptctl rollback a a
         promptctl rollback a@production
         promptctl rollback"
    ), @"
    $ promptctl rollback a v1 b -m 'Both are rude'
    a rolled back to v1 in production (was v3)
      goes:       v3, published by Ada 2 hours ago (2026-11-03 10:00 UTC)
      comes back: v1, published by Ada 4 hours ago (2026-11-03 08:00 UTC)
    b rolled back to v2 in production (was v3)
      goes:       v3, published by Ada 2 hours ago (2026-11-03 10:00 UTC)
      comes back: v2, published by Ada 3 hours ago (2026-11-03 09:00 UTC)
    live in production now: a v1, b v2; a service with a snapshot has what was live before until it is deployed again
    hint: to undo it: promptctl publish a@v3 b@v3
    $ promptctl publish a@v3 b@v3
    a v3 published to production (was v1)
    b v3 published to production (was v2)
    $ promptctl status
    production	a	v3	-	2026-11-03T12:00:00Z	Ada	
    production	b	v3	-	2026-11-03T12:00:00Z	Ada	
    $ promptctl rollback v1 a
    error: v1 stands before the name of the prompt
      hint: promptctl rollback NAME v1
    [exit 2]
    $ promptctl rollback a v1 v2
    error: a cannot go back to v1 and to v2
    [exit 2]
    $ promptctl rollback a@v1 --to v1
    error: a goes back to v1 by its name already: leave --to out
    [exit 2]
    $ promptctl rollback a b --to v1
    error: --to is about one prompt
      hint: promptctl rollback ONE@v1 OTHER@v2 says a version for each
    [exit 2]
    $ promptctl rollback a a
    error: a is named twice
      hint: --to says how far back it goes
    [exit 2]
    $ promptctl rollback a@production
    error: invalid value 'a@production' for '<NAME>...': `@production` is no version: write a@v1; --env says where

    For more information, try '--help'.
    [exit 2]
    $ promptctl rollback
    error: the following required arguments were not provided:
      <NAME>...

    Usage: promptctl rollback <NAME>...

    For more information, try '--help'.
    [exit 2]
    ");
}

#[test]
fn nothing_is_rolled_back_where_one_of_several_cannot_be() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl rollback a b v9
         promptctl rollback a nobody"
    ), @"
    $ promptctl rollback a b v9
    error[P202]: b has no v9
      hint: promptctl history b shows its versions
      hint: a rollback can return to v2, v1
      hint: none of them was rolled back: a, b
    [exit 1]
    $ promptctl rollback a nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
      hint: none of them was rolled back: a, nobody
    [exit 1]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn the_line_that_undoes_a_rollback_is_not_missing_and_works() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    repo.ok("promptctl publish a@v1 --env staging --create-env");
    repo.ok("promptctl publish a@v2 --env staging");
    for line in [
        "promptctl rollback a",
        "promptctl rollback a b@v1",
        "promptctl rollback a --env staging",
        "promptctl unpublish a b",
        "promptctl rollback a",
    ] {
        let before = live(&repo);
        let staging = repo.ok("promptctl get a@staging --format json");
        let said = repo.ran(line).stderr;
        let undo = said
            .lines()
            .filter_map(|it| it.strip_prefix("hint: to undo it: "));
        let undo: Vec<&str> = undo.collect();
        assert!(!undo.is_empty(), "{said}");
        for undo in undo {
            repo.ok(undo);
        }
        assert_eq!(live(&repo), before, "{said}");
        assert_eq!(repo.ok("promptctl get a@staging --format json"), staging);
    }
    repo.ok("promptctl unpublish a");
    let said = repo.ran("promptctl rollback a").stderr;
    assert!(
        said.contains("to undo it: promptctl unpublish a\n"),
        "{said}"
    );
}

#[test]
fn what_is_pending_is_not_told_as_live() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    ada.next_version("support/triage", "800", "600");
    ada.ok("promptctl publish support/triage");
    for line in [
        "promptctl rollback support/triage --no-push",
        "promptctl rollback support/triage --dry-run",
        "promptctl unpublish support/triage --dry-run",
    ] {
        let said = ada.ran(line).stderr;
        assert!(!said.contains("live in production now"), "{said}");
    }
}

#[test]
fn one_prompt_is_rolled_back_without_a_question() {
    let env = TestEnv::new();
    let Some(repo) = at_a_terminal(&env) else {
        return;
    };
    let (shown, code) = typed(&repo, "promptctl rollback a", "").unwrap();
    assert_eq!(code, 0, "{shown}");
    assert_snapshot!(shown, @"
    a rolled back to v2 in production (was v3)
      goes:       v3, published by Ada 2 hours ago (2026-11-03 10:00 UTC)
      comes back: v2, published by Ada 3 hours ago (2026-11-03 09:00 UTC)
    live in production now: a v2; a service with a snapshot has v3 until it is deployed again
    hint: to undo it: promptctl publish a@v3
    ");
    assert_eq!(live(&repo), [2, 3]);
}

#[test]
fn a_second_rollback_within_ten_minutes_does_not_go_by_itself() {
    let env = TestEnv::new();
    let Some(repo) = at_a_terminal(&env) else {
        return;
    };
    repo.ok("promptctl rollback a");
    let repo = repo.at("2026-11-03T12:09:00Z");
    let before = repo.refs();
    let (shown, code) = typed(&repo, "promptctl rollback a", "\n").unwrap();
    assert_eq!((code, repo.refs()), (1, before.clone()), "{shown}");
    let (shown, code) = typed(&repo, "promptctl rollback a", "no\n").unwrap();
    assert_eq!(code, 1, "{shown}");
    assert_snapshot!(shown, @"
    a in production
      goes:       v2, brought back by Ada 9 minutes ago (2026-11-03 12:00 UTC)
      comes back: v1, published by Ada 4 hours ago (2026-11-03 08:00 UTC)
    Ada rolled it back to v2 9 minutes ago. Roll it back once more? [y/N] error: nothing was changed
      hint: --yes goes on without a question
    ");
    assert_eq!(repo.refs(), before);
    for line in [
        "promptctl rollback a --dry-run",
        "promptctl rollback a --to v1 --dry-run",
        "promptctl rollback a --again --dry-run",
        "promptctl rollback b",
    ] {
        let (shown, code) = typed(&repo, line, "").unwrap();
        assert_eq!((code, shown.contains("[y/N]")), (0, false), "{shown}");
    }
    let (shown, code) = typed(&repo, "promptctl rollback a", "y\n").unwrap();
    assert_eq!((code, live(&repo)), (0, vec![1, 2]), "{shown}");
    // In another quarter of an hour it is another matter.
    let repo = repo.at("2026-11-03T12:19:00Z");
    let (shown, code) = typed(&repo, "promptctl rollback b", "").unwrap();
    assert_eq!((code, live(&repo)), (0, vec![1, 1]), "{shown}");
}

#[test]
fn several_prompts_are_not_changed_without_a_yes() {
    let env = TestEnv::new();
    let Some(repo) = at_a_terminal(&env) else {
        return;
    };
    let before = repo.refs();
    for line in ["promptctl rollback a b v1", "promptctl unpublish a b"] {
        for answer in ["\n", "n\n", "what\n"] {
            let (shown, code) = typed(&repo, line, answer).unwrap();
            assert_eq!((code, repo.refs()), (1, before.clone()), "{shown}");
        }
    }
    let (shown, code) = typed(&repo, "promptctl rollback a b v1", "yes\n").unwrap();
    assert_eq!((code, live(&repo)), (0, vec![2, 1]), "{shown}");
    assert_snapshot!(shown, @"
    a in production
      goes:       v3, published by Ada 2 hours ago (2026-11-03 10:00 UTC)
      comes back: v2, published by Ada 3 hours ago (2026-11-03 09:00 UTC)
    b in production
      goes:       v3, published by Ada 2 hours ago (2026-11-03 10:00 UTC)
      comes back: v1, published by Ada 4 hours ago (2026-11-03 08:00 UTC)
    Roll back 2 prompts in production? [y/N] a rolled back to v2 in production (was v3)
    b rolled back to v1 in production (was v3)
    live in production now: a v2, b v1; a service with a snapshot has what was live before until it
        is deployed again
    hint: to undo it: promptctl publish a@v3 b@v3
    ");
    let (shown, code) = typed(&repo, "promptctl unpublish a b -y", "").unwrap();
    assert_eq!((code, live(&repo)), (0, vec![0, 0]), "{shown}");
    assert!(!shown.contains("[y/N]"), "{shown}");
    // Where nobody can be asked, what was typed is meant.
    repo.ok("promptctl rollback a b");
    assert_eq!(live(&repo), [2, 1]);
}

#[test]
fn a_word_of_another_tool_never_acts() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl deploy a -m 'Ada said so'
         promptctl release a@v1
         promptctl promote a --env staging
         promptctl undo a --env production
         promptctl -C . revert a
         promptctl -C undo undo a
         promptctl delete a
         promptctl rm a
         promptctl remove a
         promptctl lint
         promptctl check prompts
         promptctl test a
         promptctl ls
         promptctl cat a
         promptctl rename a 'a b; rm -rf .'
         promptctl help deploy"
    ), @"
    $ promptctl deploy a -m 'Ada said so'
    error: `deploy` is `publish` here: promptctl publish a -m 'Ada said so'
    [exit 2]
    $ promptctl release a@v1
    error: `release` is `publish` here: promptctl publish a@v1
    [exit 2]
    $ promptctl promote a --env staging
    error: `promote` is `publish` here: promptctl publish a --env staging
    [exit 2]
    $ promptctl undo a --env production
    error: `undo` is `rollback` here: promptctl rollback a --env production
      hint: what a rollback took away comes back with promptctl publish NAME@v3
    [exit 2]
    $ promptctl -C . revert a
    error: `revert` is `rollback` here: promptctl -C . rollback a
    [exit 2]
    $ promptctl -C undo undo a
    error: `undo` is `rollback` here: promptctl -C undo rollback a
      hint: what a rollback took away comes back with promptctl publish NAME@v3
    [exit 2]
    $ promptctl delete a
    error: `delete` is `archive` (the file goes out of use) or `unpublish` (it is live no more) here
      hint: promptctl archive a
      hint: promptctl unpublish a
    [exit 2]
    $ promptctl rm a
    error: `rm` is `archive` (the file goes out of use) or `unpublish` (it is live no more) here
      hint: promptctl archive a
      hint: promptctl unpublish a
    [exit 2]
    $ promptctl remove a
    error: `remove` is `archive` (the file goes out of use) or `unpublish` (it is live no more) here
      hint: promptctl archive a
      hint: promptctl unpublish a
    [exit 2]
    $ promptctl lint
    error: `lint` is `validate` here: promptctl validate
    [exit 2]
    $ promptctl check prompts
    error: `check` is `validate` here: promptctl validate prompts
    [exit 2]
    $ promptctl test a
    error: `test` is `validate` (offline) or `run` (a call to the model, which costs) or `eval` (the cases, judged: calls that cost) here
      hint: promptctl validate a
      hint: promptctl run a
      hint: promptctl eval a
    [exit 2]
    $ promptctl ls
    error: `ls` is `list` here: promptctl list
    [exit 2]
    $ promptctl cat a
    error: `cat` is `show` here: promptctl show a
    [exit 2]
    $ promptctl rename a 'a b; rm -rf .'
    error: `rename` is `mv` here: promptctl mv a 'a b; rm -rf .'
    [exit 2]
    $ promptctl help deploy
    error: `deploy` is `publish` here: promptctl help publish
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn releases_of_all_prompts_are_not_sorted_by_name_but_by_what_changed_last() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    repo.at("2026-11-03T11:30:00Z")
        .ok("promptctl rollback a -m Rude");
    repo.ok("promptctl publish b@v1 --env staging --create-env");
    assert_snapshot!(repo.play(
        "promptctl releases
         promptctl releases --since 2h
         promptctl releases --since 10:00 --env production --action rollback
         promptctl releases --since yesterday --action unpublish
         promptctl releases b --since '2026-11-03 09:30'
         promptctl releases a b --since '2026-11-03T11:00:00Z'
         promptctl releases --env prodd
         promptctl releases --action rolback
         promptctl releases --since 'last week'"
    ), @r#"
    $ promptctl releases
    b	1	staging	v1	publish	active	xxxxxxxxxxxx	2026-11-03T12:00:00Z	Ada	Publish b v1 to staging
    a	4	production	v2	rollback	active	xxxxxxxxxxxx	2026-11-03T11:30:00Z	Ada	Rude
    a	3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T10:00:00Z	Ada	Publish a v3 to production
    b	3	production	v3	publish	active	xxxxxxxxxxxx	2026-11-03T10:00:00Z	Ada	Publish b v3 to production
    a	2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T09:00:00Z	Ada	Publish a v2 to production
    b	2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T09:00:00Z	Ada	Publish b v2 to production
    a	1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T08:00:00Z	Ada	Publish a v1 to production
    b	1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T08:00:00Z	Ada	Publish b v1 to production
    $ promptctl releases --since 2h
    b	1	staging	v1	publish	active	xxxxxxxxxxxx	2026-11-03T12:00:00Z	Ada	Publish b v1 to staging
    a	4	production	v2	rollback	active	xxxxxxxxxxxx	2026-11-03T11:30:00Z	Ada	Rude
    a	3	production	v3	publish	-	xxxxxxxxxxxx	2026-11-03T10:00:00Z	Ada	Publish a v3 to production
    b	3	production	v3	publish	active	xxxxxxxxxxxx	2026-11-03T10:00:00Z	Ada	Publish b v3 to production
    $ promptctl releases --since 10:00 --env production --action rollback
    a	4	production	v2	rollback	active	xxxxxxxxxxxx	2026-11-03T11:30:00Z	Ada	Rude
    $ promptctl releases --since yesterday --action unpublish
    no release fits
    $ promptctl releases b --since '2026-11-03 09:30'
    1	staging	v1	publish	active	xxxxxxxxxxxx	2026-11-03T12:00:00Z	Ada	Publish b v1 to staging
    3	production	v3	publish	active	xxxxxxxxxxxx	2026-11-03T10:00:00Z	Ada	Publish b v3 to production
    $ promptctl releases a b --since '2026-11-03T11:00:00Z'
    b	1	staging	v1	publish	active	xxxxxxxxxxxx	2026-11-03T12:00:00Z	Ada	Publish b v1 to staging
    a	4	production	v2	rollback	active	xxxxxxxxxxxx	2026-11-03T11:30:00Z	Ada	Rude
    $ promptctl releases --env prodd
    error[P257]: there is no environment prodd: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: did you mean production?
      hint: to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env prodd --create-env
    [exit 2]
    $ promptctl releases --action rolback
    error: invalid value 'rolback' for '--action <ACTION>'
      [possible values: publish, rollback, unpublish]

      tip: a similar value exists: 'rollback'

    For more information, try '--help'.
    [exit 2]
    $ promptctl releases --since 'last week'
    error: invalid value 'last week' for '--since <TIME>': write a time such as 2026-11-20T22:00:00Z or "2026-11-20 22:00", a date such as 2026-11-20, 22:00, today, yesterday, or how long ago, such as 2h or 3d

    For more information, try '--help'.
    [exit 2]
    "#);
    let found = repo.json("promptctl releases --since 3h --format json");
    let found = found["releases"].as_array().unwrap();
    let names: Vec<&str> = found
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["b", "a", "a", "b", "a", "b"]);
}

#[test]
fn no_releases_at_all_are_no_error() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("a", SMALL);
    assert_snapshot!(repo.play("promptctl releases\npromptctl releases --format json"), @r#"
    $ promptctl releases
    nothing was ever published
    $ promptctl releases --format json
    {
      "schema": 1,
      "releases": []
    }
    "#);
}

#[test]
fn a_file_that_cannot_be_read_is_not_told_as_deleted() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    let file = "prompts/a.prompt.yml";
    repo.replace(file, "messages:", "mesages:");
    let told = || repo.run("promptctl status a").stdout;
    let unread = told();
    assert!(unread.contains("\tthe file cannot be read"), "{unread}");
    std::fs::remove_file(repo.dir.join(file)).unwrap();
    let gone = told();
    assert!(gone.contains("\tfile deleted, still live"), "{gone}");
}

#[test]
fn what_changed_last_does_not_stand_below_what_did_not() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    repo.add("c", SMALL);
    repo.ok("promptctl rollback b");
    assert_snapshot!(repo.play("promptctl status --recent"), @"
    $ promptctl status --recent
    production	b	v2	v3	2026-11-03T12:00:00Z	Ada	
    production	a	v3	-	2026-11-03T10:00:00Z	Ada	
    production	c	-	v1	-	-	never published
    ");
}

#[test]
fn a_time_is_read_in_the_same_ways_wherever_one_is_taken() {
    let env = TestEnv::new();
    let repo = two_prompts(&env);
    for time in [
        "2h",
        "'2 hours ago'",
        "yesterday",
        "10:00",
        "'2026-11-03 10:00'",
        "2026-11-03T10:00:00Z",
        "2026-11-03",
    ] {
        for line in [
            "promptctl status --at",
            "promptctl releases a --at",
            "promptctl releases --since",
            "promptctl log --since",
            "promptctl log --until",
            "promptctl log tail --since",
            "promptctl log export --until",
        ] {
            repo.ok(&format!("{line} {time}"));
        }
    }
    for (time, version) in [("2h", 3), ("3h", 2), ("09:59", 2), ("today", 3)] {
        for line in ["show a@production", "get a@production"] {
            let found = repo.json(&format!("promptctl {line} --at {time} --format json"));
            assert_eq!(found["version"], version, "{line} {time}");
        }
    }
}
