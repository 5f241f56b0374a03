//! What `validate` says of `promptctl.yaml` itself.

use insta::assert_snapshot;

use crate::env::{SMALL, TestEnv};

#[test]
fn a_policy_that_lets_nobody_publish_is_an_error() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greeting", SMALL);
    repo.write(
        "promptctl.yaml",
        "environments: {production: {requireSigned: true}, staging: {from: prodution}}\n",
    );
    assert_snapshot!(repo.play(
        "promptctl validate
         promptctl validate greeting
         promptctl validate promptctl.yaml"
    ), @"
    $ promptctl validate
    error[P226]: `requireSigned` of production needs the keys whose signatures count
     --> promptctl.yaml
      = help: write `allowedSigners: allowed_signers`, a file in the repository with a line for each person: ada@example.com ssh-ed25519 AAAA…

    error[P226]: `from` of staging names prodution, which is no environment here
     --> promptctl.yaml
      = help: did you mean production?

    --- stderr
    1 checked, 2 errors, 0 warnings
    [exit 3]
    $ promptctl validate greeting
    1 checked, 0 errors, 0 warnings
    $ promptctl validate promptctl.yaml
    error[P226]: `requireSigned` of production needs the keys whose signatures count
     --> promptctl.yaml
      = help: write `allowedSigners: allowed_signers`, a file in the repository with a line for each person: ada@example.com ssh-ed25519 AAAA…

    error[P226]: `from` of staging names prodution, which is no environment here
     --> promptctl.yaml
      = help: did you mean production?

    --- stderr
    1 checked, 2 errors, 0 warnings
    [exit 3]
    ");
}

#[test]
fn a_branch_that_changes_what_decides_about_releases_is_told() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "promptctl.yaml",
        "environments: {production: {requireBranch: main}}\n",
    );
    repo.add("greeting", SMALL);
    repo.git("commit --quiet --all --message Settings");
    repo.git("switch --quiet --create topic");
    repo.write(
        "promptctl.yaml",
        "# Ours.\nenvironments: {production: {}}\nremote: fork\ntagPrefix: other\nlint: {P026: off}\n",
    );
    repo.git("remote add fork ../elsewhere");
    assert_snapshot!(repo.play("promptctl validate --base main --strict"), @"
    $ promptctl validate --base main --strict
    warning[P258]: `remote`, which says what is live, was not set and is fork
     --> promptctl.yaml:3:1
      |
    3 | remote: fork
      | ^^^^^^^^^^^^
      = help: it takes effect when the branch is merged: a reviewer should want it

    warning[P258]: `tagPrefix`, below which all releases are looked for, was prompts/ and is other/
     --> promptctl.yaml:4:1
      |
    4 | tagPrefix: other
      | ^^^^^^^^^^^^^^^^
      = help: it takes effect when the branch is merged: a reviewer should want it

    warning[P258]: `lint`, how severe the rules are, changed
     --> promptctl.yaml:5:1
      |
    5 | lint: {P026: off}
      | ^^^^^^^^^^^^^^^^^
      = help: it takes effect when the branch is merged: a reviewer should want it

    warning[P258]: the policy of production was requireBranch main and is no rules
     --> promptctl.yaml:2:1
      |
    2 | environments: {production: {}}
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: it takes effect when the branch is merged: a reviewer should want it

    --- stderr
    0 checked, 0 errors, 4 warnings
    ");
}

#[test]
fn a_name_that_is_asked_for_is_checked_or_is_an_error() {
    let env = TestEnv::new();
    let repo = env.repo();
    for (name, text) in [
        ("misspelt", SMALL.replace("messages", "mesages")),
        ("tabs", SMALL.replace("  - role", "\t- role")),
        ("empty", String::new()),
        ("role", SMALL.replace("user", "robot")),
        ("unquoted", SMALL.replace("Hello {{name}}", "{{name}}")),
        ("not-text", "messages: \u{0}".to_owned()),
    ] {
        repo.write(&format!("prompts/{name}.prompt.yml"), text);
        for asked in [name.to_owned(), format!("prompts/{name}.prompt.yml")] {
            let run = repo.run(&format!("promptctl validate {asked}"));
            assert_eq!(run.code, Some(3), "{run}");
            assert!(run.stderr.contains("1 checked, 1 error"), "{run}");
        }
    }
    repo.ok("promptctl new old --user Hello");
    repo.ok("promptctl archive old");
    assert!(
        repo.run("promptctl validate old")
            .stderr
            .contains("1 checked"),
    );
    for nothing in ["gone", "prompts/gone", "README.md"] {
        let run = repo.run(&format!("promptctl validate {nothing}"));
        assert_eq!(run.code, Some(1), "{run}");
    }
    let run = repo.run("promptctl validate 'prompts/*.yaml'");
    assert_eq!(run.code, Some(2), "{run}");
}
