//! What every command does alike: a plan, JSON, files, and several names.

use insta::assert_snapshot;

use super::dry_run::{same, tree};
use crate::env::{SMALL, TestEnv};

#[test]
fn a_plan_is_data_and_what_was_done_is_talk() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("core/hello", SMALL);
    repo.ok("promptctl publish support/triage");
    repo.write(".promptctl/executions.jsonl", "torn\n");
    repo.write("new.prompt.yml", SMALL);
    let before = tree(&env.root().dir);
    assert_snapshot!(repo.play(
        "promptctl new greeting --file new.prompt.yml -n
         promptctl edit support/triage --set modelParameters.maxTokens=600 -n
         promptctl archive support/triage core/hello -n
         promptctl mv core/hello core/greeting -n
         promptctl init --hooks -n
         promptctl doctor --fix -n
         promptctl log prune --older-than 1d -n"
    ), @"
    $ promptctl new greeting --file new.prompt.yml -n
    greeting v1 would be made: prompts/greeting.prompt.yml
    $ promptctl edit support/triage --set modelParameters.maxTokens=600 -n
    support/triage would be v2
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 600
    $ promptctl archive support/triage core/hello -n
    support/triage would be archived
    core/hello would be archived
    --- stderr
    warning: v1 is still live in production
    hint: promptctl unpublish support/triage
    $ promptctl mv core/hello core/greeting -n
    prompts/core/hello.prompt.yml → prompts/core/greeting.prompt.yml
    $ promptctl init --hooks -n
    would write .git/hooks/pre-commit
    would write .git/hooks/pre-merge-commit
    $ promptctl doctor --fix -n
    would set 1 torn line of the log apart
    --- stderr
    warning[P320]: line 1 of the execution log is not a record: the line is not JSON
      at: $ROOT/repo/.promptctl/executions.jsonl
      help: promptctl doctor --fix
    0 errors, 1 warning
    $ promptctl log prune --older-than 1d -n
    0 records and 0 outcomes would be taken out (0 bytes); 1 lines stay
    ");
    same(&before, &tree(&env.root().dir), "a dry run");
    repo.ok("promptctl archive --quiet core/hello");
    assert_snapshot!(repo.play(
        "promptctl unarchive core/hello -n
         promptctl new greeting --file new.prompt.yml -n --format json
         promptctl unarchive core/hello --format json"
    ), @r#"
    $ promptctl unarchive core/hello -n
    core/hello would be in use again
    $ promptctl new greeting --file new.prompt.yml -n --format json
    {
      "schema": 1,
      "name": "greeting",
      "version": 1,
      "path": "prompts/greeting.prompt.yml",
      "digest": "<id>",
      "commit": null,
      "dry_run": true
    }
    $ promptctl unarchive core/hello --format json
    {
      "schema": 1,
      "unarchived": [
        {
          "name": "core/hello",
          "path": "prompts/core/hello.prompt.yml"
        }
      ],
      "commit": "<id>",
      "dry_run": false
    }
    "#);
}

#[test]
fn a_repository_is_planned_where_there_is_none() {
    let env = TestEnv::new();
    env.root().write("plain/prompts/a.prompt.yml", SMALL);
    let plain = env.root().cd("plain");
    let before = tree(&env.root().dir);
    assert_snapshot!(plain.play(
        "promptctl init -n
         promptctl init --adopt -n
         promptctl init other/team -n --github
         promptctl init -n --format json"
    ), @r#"
    $ promptctl init -n
    would make a git repository in .
    would write promptctl.yaml
    would write prompts/prompt.schema.json
    would write .gitignore
    $ promptctl init --adopt -n
    would make a git repository in .
    a	prompts/a.prompt.yml
    would write promptctl.yaml
    would write prompts/prompt.schema.json
    would write .gitignore
    --- stderr
    1 prompt file found, below prompts
    not committed yet, and left so: 1 of them
    promptctl.yaml would say roots: [prompts]; the prompt files stay as they are
    $ promptctl init other/team -n --github
    would make a git repository in other/team
    would write promptctl.yaml
    would write prompts/prompt.schema.json
    would write .gitignore
    would write .github/workflows/promptctl.yml
    $ promptctl init -n --format json
    {
      "schema": 1,
      "made": true,
      "written": [
        "promptctl.yaml",
        "prompts/prompt.schema.json",
        ".gitignore"
      ],
      "hooks": [],
      "mirror": false,
      "commit_graph": false,
      "drivers": false,
      "commit": null,
      "roots": [
        "prompts"
      ],
      "dry_run": true
    }
    "#);
    same(&before, &tree(&env.root().dir), "init -n");
}

#[test]
fn what_fetch_would_bring_is_named() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    ada.ok("promptctl publish --quiet support/triage");
    assert_snapshot!(bob.play(
        "promptctl fetch -n
         promptctl fetch
         promptctl fetch -n"
    ), @"
    $ promptctl fetch -n
    would take prompts/support/triage/production/1
    would take prompts/support/triage/v1
    $ promptctl fetch
    2 new tags from origin
    $ promptctl fetch -n
    origin has nothing new
    ");
}

#[test]
fn what_would_be_mended_is_named_and_then_it_is() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "prompts/a.prompt.yml",
        "mesages:\r\n  - role: user\n    content: Hello\nmodel: openai/gpt-5-mini\n",
    );
    let before = repo.read("prompts/a.prompt.yml");
    let plan = repo.run("promptctl validate --fix -n");
    assert_eq!(repo.read("prompts/a.prompt.yml"), before);
    assert!(
        plan.stdout.starts_with(
            "would fix prompts/a.prompt.yml: its lines end alike, and its keys are spelt right, it is v1\n"
        ),
        "{plan}"
    );
    let run = repo.ran("promptctl validate --fix");
    assert!(
        run.stderr.contains(
            "fixed prompts/a.prompt.yml: its lines end alike, and its keys are spelt right, it is v1\n"
        ),
        "{run}"
    );
    assert_eq!(repo.ok("promptctl validate --fix -n"), "");
}

#[test]
fn a_document_goes_into_a_file_whole_or_not_at_all() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish --quiet support/triage");
    for line in [
        "get support/triage",
        "get support/triage --format json",
        "show support/triage",
        "list",
        "history support/triage",
        "releases",
        "status",
        "diff support/triage -e production --format markdown",
        "render support/triage --var ticket=x --format request",
        "log export",
        "log --format json",
        "schema",
        "man publish",
        "completions fish",
        "explain P206",
        "validate --format sarif",
        "doctor --format json",
    ] {
        let printed = repo.ok(&format!("promptctl {line}"));
        let run = repo.ran(&format!("promptctl {line} -o out"));
        assert_eq!(run.stdout, "", "{run}");
        assert_eq!(repo.read("out"), printed, "{line}");
    }
    // A verdict is an answer; an error is none, and what stood there stays.
    repo.write("out", "kept");
    let run = repo.run("promptctl get no/such -o out");
    assert!(run.code != Some(0) && repo.read("out") == "kept", "{run}");
    let run = repo.run("promptctl get support/triage -o no/such/out");
    assert!(run.stderr.starts_with("error[P"), "{run}");
    assert_eq!(
        repo.ok("promptctl get support/triage -o -"),
        repo.ok("promptctl get support/triage")
    );
    assert_eq!(
        repo.ran("promptctl get support/triage -o /dev/null").stdout,
        ""
    );
    env.root()
        .ok("promptctl -C repo get support/triage -o below");
    assert!(repo.exists("below"));
}

#[test]
fn several_prompts_are_archived_in_one_commit_and_their_versions_shown_below_their_names() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("core/hello", SMALL);
    assert_snapshot!(repo.play(
        "promptctl history support/triage core/hello
         promptctl archive support/triage core/hello
         git log -1 --format=%s --name-only
         promptctl unarchive prompts/support/triage.prompt.yml core/hello"
    ), @"
    $ promptctl history support/triage core/hello
    support/triage
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add support/triage

    core/hello
    v1	not published	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Add core/hello
    $ promptctl archive support/triage core/hello
    support/triage archived
    core/hello archived
    $ git log -1 --format=%s --name-only
    Archive support/triage, core/hello

    prompts/core/hello.prompt.yml
    prompts/support/triage.prompt.yml
    $ promptctl unarchive prompts/support/triage.prompt.yml core/hello
    support/triage is in use again
    core/hello is in use again
    ");
    let shape = repo.json("promptctl history support/triage core/hello --format json");
    assert_eq!(shape["prompts"][1]["name"], "core/hello");
    let run = repo.run("promptctl archive core/hello no/such");
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn the_models_are_known_without_a_key() {
    let env = TestEnv::new();
    let root = env.root();
    let run = root.ran("promptctl models");
    assert!(run.stdout.contains("\ngpt-5-mini\t$0.25\t"), "{run}");
    assert!(run.stderr.starts_with("without a key: "), "{run}");
    let shape = root.json("promptctl models --format json");
    assert!(shape["fetched"].is_null(), "{shape}");
    let run = root.run("promptctl models --refresh");
    assert_eq!(run.code, Some(4), "{run}");
}

#[test]
fn a_partial_that_is_named_is_checked_with_the_prompts_that_include_it() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.write("prompts/_outer.hbs", "{{> tone}}\n");
    for (name, text) in [
        ("a", "{{> tone}} {{x}}"),
        ("b", "{{> outer}}"),
        ("c", "Hello"),
    ] {
        repo.write(
            &format!("prompts/{name}.prompt.yml"),
            format!(
                "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: \"{text}\"\n"
            ),
        );
    }
    let checked =
        |line: &str| repo.json(&format!("promptctl {line} --format json"))["checked"].clone();
    assert_eq!(checked("validate prompts/_tone.hbs"), 2);
    assert_eq!(checked("validate prompts/_outer.hbs"), 1);
    assert_eq!(
        checked("validate prompts/c.prompt.yml prompts/_outer.hbs"),
        2
    );
    let below = repo.cd("prompts");
    let shape = below.json("promptctl validate _tone.hbs ../prompts/c.prompt.yml --format json");
    assert_eq!(shape["checked"], 3);
}

#[test]
fn a_path_may_lead_through_the_folder_above() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("support/fr/refund", SMALL);
    repo.add("core/hello", SMALL);
    let below = repo.cd("prompts/support/fr");
    for line in [
        "show ../triage",
        "show ../../core/hello.prompt.yml",
        "show ../triage.prompt.yml@HEAD",
        "history ../triage ./refund",
        "validate ../triage.prompt.yml",
        "list ../",
        "list ..",
        "list '../../*/*'",
        "status ../../support/",
        "log --prompt ../triage",
        "new ../spanish --from ../triage",
        "mv ../spanish ../../core/spanish",
    ] {
        below.ok(&format!("promptctl {line}"));
    }
    assert_eq!(
        below
            .ok("promptctl list .. --format json")
            .matches("\"name\"")
            .count(),
        2
    );
    assert!(repo.exists("prompts/core/spanish.prompt.yml"));
    let run = below.run("promptctl show ../../../../triage");
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn new_tells_of_prompt_files_elsewhere_and_of_the_root_that_it_took() {
    let env = TestEnv::new();
    let repo = env.root();
    repo.git("init --quiet bare");
    let bare = repo.cd("bare");
    bare.write("src/ai/a.prompt.yml", SMALL);
    bare.write("new.yml", SMALL);
    assert_snapshot!(bare.play("promptctl new hello --file new.yml"), @"
    $ promptctl new hello --file new.yml
    hello v1 made: prompts/hello.prompt.yml
    hint: promptctl publish hello makes it live
    hint: prompt files stand elsewhere in this repository (1): promptctl init --adopt shows how to take them over
    ");
    bare.write("promptctl.yaml", "roots: [src/ai, prompts]\n");
    assert_snapshot!(bare.play("promptctl new other --file new.yml"), @"
    $ promptctl new other --file new.yml
    other v1 made: src/ai/other.prompt.yml
    hint: new prompts go to src/ai/; promptctl new prompts/other puts it elsewhere
    hint: promptctl publish other makes it live
    ");
}

#[test]
fn an_error_of_usage_is_json_where_json_was_asked_for() {
    let env = TestEnv::new();
    let repo = env.triage();
    for line in [
        "show --format json",
        "new --format json",
        "archive --format=json",
        "nothing --format json",
        "publish support/triage --all --nope --format json",
        "history support/triage -n x --format json",
        "-C no/such list --format json",
    ] {
        let run = repo.run(&format!("promptctl {line}"));
        assert_eq!(run.code, Some(2), "{run}");
        let error: serde_json::Value = serde_json::from_str(&run.stderr).expect(line);
        assert!(error["error"]["message"].is_string(), "{run}");
    }
    let told = |line: &str| repo.run(&format!("promptctl {line}")).stderr;
    assert!(
        told("list --json").contains("--format json prints"),
        "{}",
        told("list --json")
    );
    assert!(
        told("get").contains("promptctl get --all --format json"),
        "{}",
        told("get")
    );
}

/// Candidates, as the script of fish asks for them.
#[test]
fn what_the_line_names_is_completed() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.git("branch feature/x");
    let id = {
        repo.ok("promptctl run support/triage --var ticket=x --model echo");
        repo.json("promptctl log --format json")["records"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let complete = |words: &str| {
        let at = words.split(' ').count();
        let run = repo
            .with("COMPLETE", "zsh")
            .with("_CLAP_COMPLETE_INDEX", at.to_string())
            .ran(&format!("promptctl -- promptctl {words}"));
        let lines = run.stdout.split(['\n', '\u{b}']);
        let candidates = lines.map(|line| line.split(':').next().unwrap_or(line).to_owned());
        candidates.collect::<Vec<String>>()
    };
    assert_eq!(complete("rollback support/triage --to v"), ["v1", "v2"]);
    assert_eq!(complete("render support/triage --var t"), ["ticket="]);
    assert_eq!(complete("run support/triage@v1 --var loc"), ["locale="]);
    assert_eq!(
        complete("edit support/triage --set modelParameters.max"),
        ["modelParameters.maxTokens="]
    );
    assert_eq!(
        complete("edit support/triage --set messages."),
        ["messages.system=", "messages.user="]
    );
    assert_eq!(
        complete("edit support/triage --unset desc"),
        ["description"]
    );
    assert!(complete("run support/triage --model gpt-5-mi").contains(&"gpt-5-mini".to_owned()));
    assert_eq!(complete("run support/triage --model ec"), ["echo"]);
    assert_eq!(complete("validate --base fe"), ["feature/x"]);
    assert_eq!(complete("diff fe"), ["feature/x"]);
    assert_eq!(complete(&format!("log show {}", &id[..8])), [id.as_str()]);
}
