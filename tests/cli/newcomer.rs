//! What a newcomer types who knows other tools, and what is answered.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TestEnv};

/// A repository with `core/a` and `core/b`, each with one version.
fn folder(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.add("core/a", SMALL);
    repo.add("core/b", SMALL);
    repo
}

#[test]
fn words_of_git_and_of_other_registries_are_answered_with_the_command() {
    let env = TestEnv::new();
    let repo = folder(&env);
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl blame core/a
         promptctl tag core/a
         promptctl checkout core/a
         promptctl pull
         promptctl view core/a
         promptctl search 'reply in french'
         promptctl compare core/a core/b
         promptctl versions core/a
         promptctl restore core/a
         promptctl create core/c"
    ), @"
    $ promptctl blame core/a
    error: `blame` is `history` here: promptctl history core/a
    [exit 2]
    $ promptctl tag core/a
    error: `tag` is `publish` (makes the tags of a release) or `releases` (lists them) here
      hint: promptctl publish core/a
      hint: promptctl releases core/a
    [exit 2]
    $ promptctl checkout core/a
    error: `checkout` is `show` (an older version to look at: NAME@v1) or `rollback` (an older version live again) here
      hint: promptctl show core/a
      hint: promptctl rollback core/a
    [exit 2]
    $ promptctl pull
    error: `pull` is `fetch` here: promptctl fetch
      hint: git pull brings the files of the prompts
    [exit 2]
    $ promptctl view core/a
    error: `view` is `show` here: promptctl show core/a
    [exit 2]
    $ promptctl search 'reply in french'
    error: `search` is `list --search` here: promptctl list --search 'reply in french'
    [exit 2]
    $ promptctl compare core/a core/b
    no executions
    hint: promptctl run REF --model echo makes one offline; promptctl log path says where they are kept
    $ promptctl versions core/a
    error: `versions` is `history` here: promptctl history core/a
      hint: there is a help topic: promptctl help versions
    [exit 2]
    $ promptctl restore core/a
    error: `restore` is `rollback` (what was live before) or `unarchive` (a file that is out of use) here
      hint: promptctl rollback core/a
      hint: promptctl unarchive core/a
    [exit 2]
    $ promptctl create core/c
    error: `create` is `new` here: promptctl new core/c
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn a_global_option_may_stand_before_a_topic_of_the_help() {
    let env = TestEnv::new();
    let repo = folder(&env);
    let plain = repo.ok("promptctl help versions");
    for line in [
        "promptctl --no-pager help versions",
        "promptctl --color never help versions",
        "promptctl --color=never -q help versions",
        "promptctl -C . help versions",
        "promptctl help --no-pager versions",
        "promptctl help versions --no-pager",
    ] {
        assert_eq!(repo.ok(line), plain, "{line}");
    }
    let front = repo.ok("promptctl");
    for line in [
        "promptctl --no-pager",
        "promptctl -C .",
        "promptctl --directory=.",
        "promptctl --color never -C.",
    ] {
        assert_eq!(repo.ok(line), front, "{line}");
    }
    assert_eq!(repo.run("promptctl --color blue").code, Some(2));
}

#[test]
fn a_command_that_takes_names_says_so_of_a_pattern_and_how_to_list_it() {
    let env = TestEnv::new();
    let repo = folder(&env);
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl history 'core/*'
         promptctl rollback core/
         promptctl edit 'core/*' --set model=echo
         promptctl mv 'core/?' b
         promptctl diff core/
         promptctl diff core/a 'core/*'
         promptctl archive core
         promptctl list core/"
    ), @"
    $ promptctl history 'core/*'
    error: invalid value 'core/*' for '<NAME>...': names are wanted here, and no pattern or folder; promptctl list 'core/*' shows the prompts that fit

    For more information, try '--help'.
    [exit 2]
    $ promptctl rollback core/
    error: invalid value 'core/' for '<NAME>...': names are wanted here, and no pattern or folder; promptctl list core/ shows the prompts that fit

    For more information, try '--help'.
    [exit 2]
    $ promptctl edit 'core/*' --set model=echo
    error: invalid value 'core/*' for '<NAME>...': names are wanted here, and no pattern or folder; promptctl list 'core/*' shows the prompts that fit

    For more information, try '--help'.
    [exit 2]
    $ promptctl mv 'core/?' b
    error: invalid value 'core/?' for '<OLD>': names are wanted here, and no pattern or folder; promptctl list 'core/?' shows the prompts that fit

    For more information, try '--help'.
    [exit 2]
    $ promptctl diff core/
    error: core/: names are wanted here, and no pattern or folder; promptctl list core/ shows the prompts that fit
    [exit 2]
    $ promptctl diff core/a 'core/*'
    error: core/*: names are wanted here, and no pattern or folder; promptctl list 'core/*' shows the prompts that fit
    [exit 2]
    $ promptctl archive core
    error[P201]: there is no prompt named core
      hint: promptctl list core/ shows the prompts in that folder
    [exit 1]
    $ promptctl list core/
    core/a	v1	-	openai/gpt-5-mini	
    core/b	v1	-	openai/gpt-5-mini
    ");
    for command in [
        "archive",
        "bump",
        "cases check",
        "cases list",
        "diff",
        "edit",
        "eval",
        "history",
        "mv",
        "push",
        "render",
        "rollback",
        "run",
        "unarchive",
    ] {
        let line = match command {
            "mv" => "promptctl mv core/ other".to_owned(),
            _ => format!("promptctl {command} core/"),
        };
        let said = repo.run(&line);
        assert_eq!(said.code, Some(2), "{said}");
        assert!(said.stderr.contains("promptctl list core/"), "{said}");
    }
    assert_eq!(repo.refs(), before);
}

#[test]
fn the_lines_that_number_a_version_are_not_set_by_hand() {
    let env = TestEnv::new();
    let repo = folder(&env);
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl edit core/a --set version=7
         promptctl edit core/a --set version:=7 --set model=echo
         promptctl edit core/a --set digest=000000000000
         promptctl edit core/a --unset version"
    ), @"
    $ promptctl edit core/a --set version=7
    error: `version` is counted by promptctl, so that no number is used twice
      at: prompts/core/a.prompt.yml
      hint: leave it out: edit raises it with the content; promptctl bump core/a raises it after a change by hand
    [exit 2]
    $ promptctl edit core/a --set version:=7 --set model=echo
    error: `version` is counted by promptctl, so that no number is used twice
      at: prompts/core/a.prompt.yml
      hint: leave it out: edit raises it with the content; promptctl bump core/a raises it after a change by hand
    [exit 2]
    $ promptctl edit core/a --set digest=xxxxxxxxxxxx
    error: `digest` is computed by promptctl from the content
      at: prompts/core/a.prompt.yml
      hint: leave it out: edit writes it; promptctl bump core/a does after a change by hand
    [exit 2]
    $ promptctl edit core/a --unset version
    error: `version` is counted by promptctl, so that no number is used twice
      at: prompts/core/a.prompt.yml
      hint: leave it out: edit raises it with the content; promptctl bump core/a raises it after a change by hand
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_path_or_a_value_that_cannot_be_set_is_answered_with_what_can() {
    let env = TestEnv::new();
    let repo = folder(&env);
    repo.write("rules.txt", "You sort tickets.\n");
    assert_snapshot!(repo.play(
        "promptctl edit core/a --set messages.0.content=x
         promptctl edit core/a --set messages.0=x
         promptctl edit core/a --unset messages.0.content
         promptctl edit core/a --set maxTokens=abc
         promptctl edit core/a --set modelParameters.maxTokens=abc
         promptctl edit core/a --file rules.txt
         promptctl new core/c --file rules.txt"
    ), @"
    $ promptctl edit core/a --set messages.0.content=x
    error[P205]: the file could not be changed: `messages` is not a map
      at: prompts/core/a.prompt.yml
      hint: promptctl edit core/a --set 'messages[0].content=x'
    [exit 1]
    $ promptctl edit core/a --set messages.0=x
    error[P205]: the file could not be changed: `messages` is not a map
      at: prompts/core/a.prompt.yml
      hint: promptctl edit core/a --set 'messages[0].content=x'
    [exit 1]
    $ promptctl edit core/a --unset messages.0.content
    error[P205]: core/a has no `messages.0.content`: there is nothing to take out
      at: prompts/core/a.prompt.yml
      hint: promptctl edit core/a --unset 'messages[0].content'
    [exit 1]
    $ promptctl edit core/a --set maxTokens=abc
    error[P003]: `maxTokens` is not a key that promptctl knows: it would have no effect
      at: prompts/core/a.prompt.yml
      hint: modelParameters.maxTokens is the key that may be meant
      hint: `modelParameters.maxTokens` wants a whole number above 0, this is text
    [exit 1]
    $ promptctl edit core/a --set modelParameters.maxTokens=abc
    error[P005]: `modelParameters.maxTokens` wants a whole number above 0, this is text
      at: prompts/core/a.prompt.yml:5:14
      hint: write a number there, or remove the line
    [exit 1]
    $ promptctl edit core/a --file rules.txt
    error[P005]: a prompt file is a map, this is text
      at: rules.txt:1:1
      hint: `promptctl new NAME --system FILE` makes a prompt of a text
    [exit 1]
    $ promptctl new core/c --file rules.txt
    error[P005]: a prompt file is a map, this is text
      at: rules.txt:1:1
      hint: `promptctl new NAME --system FILE` makes a prompt of a text
    [exit 1]
    ");
    repo.ok("promptctl edit core/a --set 'messages[0].content=x {{name}}'");
}

#[test]
fn a_name_where_none_is_taken_is_answered_with_the_option() {
    let env = TestEnv::new();
    let repo = folder(&env);
    assert_snapshot!(repo.play(
        "promptctl log core/a
         promptctl verify core/a"
    ), @"
    $ promptctl log core/a
    error: unrecognized subcommand 'core/a'

      tip: promptctl log --prompt core/a shows the executions of a prompt

    Usage: promptctl log [OPTIONS]
           promptctl log <COMMAND>

    For more information, try '--help'.
    [exit 2]
    $ promptctl verify core/a
    error: unexpected argument 'core/a' found

      tip: verify proves all that is live; --env ENV keeps to one environment

    Usage: promptctl verify [OPTIONS]

    For more information, try '--help'.
    [exit 2]
    ");
}

#[test]
fn cases_of_a_file_that_do_not_fit_are_told_as_those_of_the_file() {
    let env = TestEnv::new();
    let repo = env.repo();
    let judged = "evaluators:\n  - {name: right, string: {contains: '{{expected}}'}}\n";
    repo.add(
        "a",
        &format!("{}{judged}", SMALL.replace("openai/gpt-5-mini", "echo")),
    );
    repo.write("only-a-header.csv", "name,expected\n");
    repo.write("lacks.jsonl", "{\"name\": \"Ada\"}\n");
    repo.write("empty.jsonl", "{\"expected\": \"x\"}\n");
    assert_snapshot!(repo.play(
        "promptctl eval a --cases only-a-header.csv
         promptctl eval a --cases lacks.jsonl
         promptctl eval a --cases empty.jsonl
         promptctl eval a --cases nothing.jsonl"
    ), @"
    $ promptctl eval a --cases only-a-header.csv
    error: the file holds no case
      at: only-a-header.csv
      hint: in .csv the first line names the fields, and each line after it is a case
    [exit 2]
    $ promptctl eval a --cases lacks.jsonl
    error[P401]: evaluator `right` asks for `expected`, which the case `xxxxxxxxxxxx` lacks
      at: lacks.jsonl:1:1
      hint: give the case `expected` (`--expected TEXT` of `promptctl cases add`), or the evaluator `when: {tags: [...]}`, so that it looks only at cases with such a tag
      hint: nothing was sent
    [exit 1]
    $ promptctl eval a --cases empty.jsonl
    error[P114]: the case lacks `name`
      at: empty.jsonl:1:1
      hint: add `name` to the case, or give the variable a `default` in `input.schema`
      hint: nothing was sent
    [exit 1]
    $ promptctl eval a --cases nothing.jsonl
    error[P017]: nothing.jsonl could not be read: No such file or directory (os error 2)
      hint: a path begins in the folder that you are in
    [exit 1]
    ");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_a_draft() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = TestEnv::new();
    let repo = folder(&env);
    let look = "(ls -ld \"$1\"; ls -ld \"$(dirname \"$1\")\") | cut -c1-10 > ../modes; echo 'messages: [' > \"$1\"";
    crate::env::executable(
        &repo,
        "../editor",
        &format!("#!/bin/sh\numask 000\n{look}\n"),
    );
    let editor = repo.dir.join("../editor");
    let run = repo.with("EDITOR", editor).run("promptctl edit core/a");
    let draft = run.stderr.split("your draft is ").nth(1).unwrap();
    let draft = std::path::Path::new(draft.lines().next().unwrap());
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(draft), 0o600, "{run}");
    assert_eq!(mode(draft.parent().unwrap()), 0o700, "{run}");
    assert_eq!(repo.read("../modes"), "-rw-------\ndrwx------\n");
}

#[test]
fn promptctl_alone_names_no_command_that_is_refused() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("a", SMALL);
    repo.ok("promptctl publish --quiet a");
    repo.next_version("a", "Hello", "Hi");
    repo.ok("promptctl publish --quiet a");
    repo.ok("promptctl rollback --quiet a");
    let hint = |said: &str| {
        let line = said.split("hint: ").nth(1).unwrap();
        let command = line.lines().next().unwrap().to_owned();
        command.split(" makes ").next().unwrap().to_owned()
    };
    let said = repo.run("promptctl").stderr;
    assert_eq!(hint(&said), "promptctl publish a@v2");
    repo.ok(&hint(&said));
    // Taken out, it is as well.
    repo.ok("promptctl unpublish --quiet a");
    let said = repo.run("promptctl").stderr;
    assert_eq!(hint(&said), "promptctl publish a@v2");
    // One that is new goes first.
    repo.add("b", SMALL);
    let said = repo.run("promptctl").stderr;
    assert_eq!(hint(&said), "promptctl publish b");
    repo.ok(&hint(&said));
}
