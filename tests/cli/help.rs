//! `explain`, `man`, `schema` and the help: what a person and their tools want.

use insta::assert_snapshot;

use crate::env::{TestEnv, top};

#[test]
fn the_help() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play("promptctl --help"), @"
    $ promptctl --help
    Versioned prompts for language models, kept as YAML files in a git repository

    Usage: promptctl [OPTIONS] <COMMAND>

    Start:
      init         Make a repository of prompts, or adopt `.prompt.yml` files
      demo         Show the whole life of a prompt in a scratch repository, offline
      seed         Add the bundled prompts in one commit

    Write:
      new          Make version 1 of a prompt
      generate     Have version 1 of a prompt written by a model
      edit         Make the next version of a prompt
      bump         Raise the version of prompts that were changed by hand
      mv           Give a prompt another name
      archive      Take prompts out of use
      unarchive    Bring archived prompts back

    Look:
      list         List all prompts
      show         Show prompts
      get          Print prompts, or all that are live, for programs
      history      Show the versions of prompts
      releases     Show the releases of prompts, or of all
      status       Show what is live where, what is ahead and what is pending
      diff         Show what changed, and what it means for callers

    Release:
      publish      Make a version live in an environment
      rollback     Make the version live again that was live before
      unpublish    Take prompts out of an environment
      fetch        Bring the tags that the remote has
      push         Send pending tags to the remote

    Run:
      render       Print the messages that a model would see
      run          Call the model and record the execution
      serve        Answer calls that name a prompt by its id
      log          Read the execution log
      outcome      Tell what became of an execution
      models       List the models that the API offers, with price and end

    Judge:
      eval         Run the cases of prompts, and say whether they pass
      judge        Check a judge against labels of people
      bisect       Find the version of a prompt that broke a case, or mended it
      cases        Keep the cases that prompts are tried with
      stats        Show calls, success, latency, cost and outcomes by version
      compare      Say whether one version did better than another in use
      leaderboard  Rank versions, variants or prompts by what they did in use
      report       Write a page about what the versions did in use

    Move:
      scan         Find prompts and ids of stored prompts in source code
      import       Bring prompts of other tools here, and stored prompts of OpenAI's
      export       Write prompts as files of other tools

    Keep sound:
      validate     Check prompt files
      verify       Prove what is live, offline
      doctor       Find what is unsound in the repository, and fix it
      explain      Explain the code of an error or finding

    Called by git:
      hook         Check what is to be committed, for git's hooks
      driver       Compare and merge prompt files, for git

    Set up a shell and an editor:
      completions  Print the completions for a shell
      man          Print the manual pages
      schema       Print the JSON Schema of the prompt file

    Topics (promptctl help TOPIC):
      prompt-file     The prompt file, key by key
      templates       What a template may hold: variables, helpers, partials
      versions        What a version numbers, and when it rises
      releases        What is live: publish, rollback, the remote, pending tags
      policy          Who may release, and what must hold before it
      services        Prompts in a service: a snapshot, read in Python or TypeScript
      serve           The gateway: what it answers, and how it is deployed
      stored-prompts  The way out of OpenAI's stored prompts, by 2026-11-30
      moving-in       Files of other tools, in and out: what comes and what is lost
      github          Pull requests and releases on GitHub; files of GitHub Models
      gitlab          The same on GitLab and elsewhere
      hooks           Versions that rise when you commit
      merge           git diff and git merge that know prompts
      cases           Cases: written, added, found in the log; bisect
      evaluation      Cases, their verdict, and what they cost
      evaluators      Checks of an answer, kept with the prompt
      log             The record of every call
      statistics      What the versions did in use: figures, alerts, comparisons
      fleet           The logs of many machines, in ClickHouse and DuckDB
      settings        promptctl.yaml, your own settings, variables, completions
      environment     The variables of the environment
      exit-codes      How a command ends
      json            What scripts read
      errors          Every code of an error or finding
      rules           What a change means for callers: the rules of diff
      security        What is guarded, and how
      performance     What was measured, and how to measure it again

    A prompt is named by its path below prompts/: support/triage, support/triage@v3,
    support/triage@production, support/triage@HEAD~2. See promptctl COMMAND --help.

    Options:
      -C, --directory <DIR>
              Work as if started in DIR

          --color <WHEN>
              When to colour

              Possible values:
              - auto:   On a terminal, unless `NO_COLOR` is set; everywhere with `CLICOLOR_FORCE`
              - always: Always
              - never:  Never
              
              [default: auto]

      -q, --quiet
              Print only data, warnings and errors

          --no-pager
              Show what is longer than the screen at once

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    ");
    assert_snapshot!(env.root().play("promptctl publish -h"), @"
    $ promptctl publish -h
    Make a version live in an environment

    Usage: promptctl publish [OPTIONS] [REF]...

    Arguments:
      [REF]...  The prompts: name, name@v3, name@<git revision>, a file, a folder/ or a pattern

    Options:
          --all              Every prompt whose version is higher than any that was ever released in the
                             environment
          --allow <CODE>     Let through errors with this code, such as P025; the release says so
          --create-env       Make the environment, where it is a new one; its name is permanent
      -y, --yes              Do not ask, where a terminal would be asked
      -e, --env <ENV>        The environment [default: production]
      -m, --message <TEXT>   Why, for people who read the list of releases
      -n, --dry-run          Say what would happen, and change nothing
          --no-push          Make the tags here and send them later with promptctl push
          --format <FORMAT>  How to print [default: text] [possible values: text, json]
      -h, --help             Print help (see more with '--help')

    Global options:
      -C, --directory <DIR>  Work as if started in DIR
          --color <WHEN>     When to colour [default: auto] [possible values: auto, always, never]
      -q, --quiet            Print only data, warnings and errors
          --no-pager         Show what is longer than the screen at once
    ");
}

#[test]
fn wrong_usage() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play(
        "promptctl publsh x
         promptctl list --nothing
         promptctl list --format yaml"
    ), @"
    $ promptctl publsh x
    error: unrecognized subcommand 'publsh'

      tip: some similar subcommands exist: 'unpublish', 'push', 'publish'

    Usage: promptctl [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit 2]
    $ promptctl list --nothing
    error: unexpected argument '--nothing' found

      tip: to pass '--nothing' as a value, use '-- --nothing'

    Usage: promptctl list [OPTIONS] [NAME]...

    For more information, try '--help'.
    [exit 2]
    $ promptctl list --format yaml
    error: invalid value 'yaml' for '--format <FORMAT>'
      [possible values: text, json]

    For more information, try '--help'.
    [exit 2]
    ");
}

#[test]
fn the_version() {
    let env = TestEnv::new();
    assert_eq!(
        env.root().ok("promptctl --version"),
        format!("promptctl {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn every_command_has_help_and_a_manual_page() {
    let env = TestEnv::new();
    let root = env.root();
    root.ok("promptctl man --out man");
    let help = root.ok("promptctl --help");
    let (list, _) = help.split_once("\nTopics").unwrap();
    let commands: Vec<&str> = list
        .lines()
        .filter_map(|line| {
            line.strip_prefix("  ")?
                .split_whitespace()
                .next()
                .filter(|word| word.chars().all(char::is_lowercase) && !line.starts_with("   "))
        })
        .collect();
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        assert!(
            root.ok(&format!("promptctl {command} --help"))
                .contains("Usage: promptctl"),
            "{command}"
        );
        let page = root.read(&format!("man/man1/promptctl-{command}.1"));
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
        assert_eq!(
            root.ok(&format!("promptctl man {command}")),
            page,
            "{command}"
        );
    }
    for topic in promptctl::help::TOPICS {
        let page = root.read(&format!("man/man7/promptctl-{}.7", topic.name));
        assert!(page.contains(".SH DESCRIPTION"), "{}", topic.name);
    }
    assert!(
        root.ok("promptctl man policy")
            .contains(".TH promptctl-policy 7")
    );
    assert!(root.ok("promptctl man").contains(".SH SYNOPSIS"));
    assert_snapshot!(root.play("promptctl man nothing"), @"
    $ promptctl man nothing
    error: there is no command or topic nothing
      hint: promptctl help lists the commands and the topics
    [exit 2]
    ");
}

#[test]
fn codes_are_explained() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play(
        "promptctl explain P207
         promptctl explain p207
         promptctl explain P999
         promptctl explain variable-remove
         promptctl explain variable-removed
         promptctl explain variable-removed --format json
         promptctl explain P207 --format json"
    ), @r#"
    $ promptctl explain P207
    P207  the content changed without a new version number

    The `digest:` line does not match the content. `promptctl bump NAME` raises the version and writes the digest.
    $ promptctl explain p207
    P207  the content changed without a new version number

    The `digest:` line does not match the content. `promptctl bump NAME` raises the version and writes the digest.
    $ promptctl explain P999
    error: there is no code or rule P999
      hint: promptctl explain lists all codes
    [exit 2]
    $ promptctl explain variable-remove
    error: there is no code or rule variable-remove
      hint: did you mean variable-removed?
    [exit 2]
    $ promptctl explain variable-removed
    variable-removed  a variable, or a field of one, was removed

    Its impact is breaking. For example: `properties.locale` is gone.
    $ promptctl explain variable-removed --format json
    {
      "schema": 1,
      "rules": [
        {
          "id": "variable-removed",
          "impact": "breaking",
          "when": "a variable, or a field of one, was removed",
          "example": "`properties.locale` is gone"
        }
      ]
    }
    $ promptctl explain P207 --format json
    {
      "schema": 1,
      "codes": [
        {
          "code": "P207",
          "title": "the content changed without a new version number",
          "text": "The `digest:` line does not match the content. `promptctl bump NAME` raises the version and writes the digest.",
          "configurable": false
        }
      ]
    }
    "#);
    let all = env.root().ok("promptctl explain");
    for code in ["P001", "P104", "P209", "P301", "P401"] {
        assert!(all.contains(code), "{code}\n{all}");
        assert!(
            env.root()
                .ok(&format!("promptctl explain {code}"))
                .lines()
                .count()
                > 1
        );
    }
}

#[test]
fn the_schema_is_json_and_committed() {
    let env = TestEnv::new();
    let printed = env.root().json("promptctl schema");
    let committed: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(top().join("prompts/prompt.schema.json")).unwrap(),
    )
    .unwrap();
    assert_eq!(printed, committed);
}

#[test]
fn completing_outside_of_a_repository_is_silent() {
    let env = TestEnv::new();
    let run = env
        .root()
        .with("COMPLETE", "fish")
        .run("promptctl -- promptctl publish su");
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str(), run.code),
        ("", "", Some(0))
    );
}

#[test]
fn a_command_explains_itself_at_length() {
    let env = TestEnv::new();
    let short = env.root().ok("promptctl bump -h");
    let long = env.root().ok("promptctl bump --help");
    assert!(!short.contains("Without names"), "{short}");
    assert!(long.contains("Without names, every prompt"), "{long}");
    // The arguments are known to completions and manual pages as well.
    let page = env.root().ok("promptctl man bump");
    assert!(page.contains("Without names"), "{page}");
    assert!(page.contains("dry"), "{page}");
}

#[test]
fn the_list_of_commands_breaks_at_words_in_a_narrow_terminal() {
    let env = TestEnv::new();
    let narrow = env.root().with("COLUMNS", "60");
    let help = narrow.ok("promptctl --help");
    let long = help.lines().filter(|line| line.chars().count() > 60);
    assert_eq!(long.collect::<Vec<_>>(), [""; 0]);
    let lines: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("  demo"))
        .take(3)
        .collect();
    assert_snapshot!(lines.join("\n"), @"
    demo         Show the whole life of a prompt in a scratch
                 repository, offline
    seed         Add the bundled prompts in one commit
    ");
    for asked in ["promptctl help --help", "promptctl help -h"] {
        assert_eq!(narrow.ok(asked), help, "{asked}");
    }
    let of_one = narrow.ok("promptctl help bump --help");
    assert_eq!(of_one, narrow.ok("promptctl bump --help"));
}

#[test]
fn every_topic_is_shown_within_the_width_of_the_terminal() {
    let env = TestEnv::new();
    let wide = env.root().with("PROMPTCTL_WIDTH", "200");
    for topic in promptctl::help::TOPICS {
        let page = wide.ok(&format!("promptctl help {}", topic.name));
        let long: Vec<&str> = page
            .lines()
            .filter(|line| line.chars().count() > 100)
            .collect();
        assert_eq!(long, [""; 0], "{}", topic.name);
        assert!(
            page.starts_with("# ") && !page.contains("<!--"),
            "{}",
            topic.name
        );
        let piped = env.root().ok(&format!("promptctl help {}", topic.name));
        assert!(
            piped.starts_with("# ") && !piped.contains("<!--"),
            "{}",
            topic.name
        );
    }
}

#[test]
fn a_word_that_is_nearly_a_topic_is_answered_with_it() {
    let env = TestEnv::new();
    for line in [
        "promptctl polcy",
        "promptctl policy",
        "promptctl help polcy",
        "promptctl help templats",
    ] {
        let run = env.root().fails(line);
        assert_eq!(run.code, Some(2), "{run}");
        let topic = if line.contains("templats") {
            "templates"
        } else {
            "policy"
        };
        assert!(
            run.stderr.contains(&format!("promptctl help {topic}")),
            "{run}"
        );
    }
    let run = env.root().fails("promptctl publsh");
    assert!(
        run.stderr.contains("'publish'") && !run.stderr.contains("topic"),
        "{run}"
    );
}

#[test]
fn no_mark_for_the_tests_is_shown() {
    let env = TestEnv::new();
    for topic in promptctl::help::TOPICS {
        let text = env.root().ok(&format!("promptctl help {}", topic.name));
        let mut lines = text.lines();
        let fence = lines.find(|line| line.starts_with("```") && line.contains("norun"));
        assert_eq!(fence, None, "{}", topic.name);
    }
}
