//! What is found, how it is shown, and what changes that.

use super::{GREETING, formats, greeting};
use crate::env::TestEnv;

#[test]
fn a_finding_shows_its_line_and_says_what_to_do() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "prompts/greeting.prompt.yml",
        GREETING
            .replace("{{name}}", "{{nmae}}")
            .replace("model: openai", "version: 1\nmodel: openai"),
    );
    let said = repo.run("promptctl validate");
    assert_eq!(said.code, Some(3));
    insta::assert_snapshot!(said.stdout, @r"
    warning[P105]: no message uses `name`
     --> prompts/greeting.prompt.yml:8:7
      |
    8 |       name: {type: string}
      |       ^^^^
      = help: write `{{name}}` where it belongs, or remove it from `input.schema`

    error[P104]: `nmae` is not declared in `input.schema`; `name` is
      --> prompts/greeting.prompt.yml:13:20
       |
    13 |     content: Greet {{nmae}}.
       |                    ^^^^^^^^
       = help: write `name`, or declare `nmae`
    ");
    insta::assert_snapshot!(said.stderr, @r"1 checked, 1 error, 1 warning");
}

#[test]
fn a_sound_repository_is_silent() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    let said = repo.ran("promptctl validate");
    assert_eq!(said.stdout, "");
    assert_eq!(said.stderr, "1 checked, 0 errors, 0 warnings\n");
}

#[test]
fn a_broken_file_tells_all_that_is_wrong_with_it() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "prompts/a.prompt.yml",
        "mesages: []\nmodel: [1]\nversion: x\n",
    );
    insta::assert_snapshot!(repo.findings(""), @r"
    error P004 prompts/a.prompt.yml:1:1 `mesages` is not a key; `messages` is meant
    error P005 prompts/a.prompt.yml:2:8 `model` wants a text, this is a list
    error P020 prompts/a.prompt.yml:3:10 `version: x` is not a positive whole number
    ");
}

#[test]
fn severities_are_configured_and_comments_allow() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.replace(
        "prompts/greeting.prompt.yml",
        "name: {type: string}",
        "name: {type: string}\n      tone: {type: string}",
    );
    repo.ok("promptctl bump");
    assert_eq!(repo.run("promptctl validate").code, Some(0));
    assert_eq!(repo.run("promptctl validate --strict").code, Some(3));

    repo.write("promptctl.yaml", "lint: {P105: error}\n");
    assert_eq!(repo.run("promptctl validate").code, Some(3));
    repo.write("promptctl.yaml", "lint: {P105: off}\n");
    assert_eq!(repo.ok("promptctl validate --strict"), "");

    repo.write("promptctl.yaml", "lint: {P105: error}\n");
    repo.replace(
        "prompts/greeting.prompt.yml",
        "tone: {type: string}",
        "tone: {type: string} # promptctl: allow P105 it comes back",
    );
    assert_eq!(
        repo.ran("promptctl validate").stderr,
        "1 checked, 0 errors, 0 warnings, 1 allowed\n"
    );
    // The comment is no content, and outlives its reason only with a finding.
    repo.replace(
        "prompts/greeting.prompt.yml",
        "Greet {{name}}.",
        "Greet {{name}}, {{tone}}.",
    );
    repo.ok("promptctl bump");
    insta::assert_snapshot!(repo.findings(""), @r"warning P028 prompts/greeting.prompt.yml:10:30 nothing here needs P105 to be allowed");
}

#[test]
fn what_breaks_a_prompt_cannot_be_configured() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write("promptctl.yaml", "lint: {P207: off}\n");
    let said = repo.run("promptctl validate");
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.stderr, @r"
    error[P226]: P207 cannot be configured
      at: promptctl.yaml:1
      hint: it names what keeps a prompt from being used: promptctl explain P207
    ");
}

#[test]
fn secrets_never_reach_the_report() {
    let env = TestEnv::new();
    let repo = env.repo();
    let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
    repo.write(
        "prompts/a.prompt.yml",
        format!("version: 1\nmessages:\n  - role: user\n    content: Use {key} now.\n"),
    );
    for format in formats() {
        let said = repo.run(&format!("promptctl validate --format {format}"));
        assert_eq!(said.code, Some(3), "{format}");
        assert!(
            said.stdout.contains("P026")
                && !said.stdout.contains(&key)
                && !said.stderr.contains(&key),
            "{format}: {}",
            said.stdout
        );
    }
    insta::assert_snapshot!(repo.run("promptctl validate").stdout, @r"
    error[P026]: an AWS access key stands in the text
     --> prompts/a.prompt.yml:4:18
      |
    4 |     content: Use AKIA**************** now.
      |                  ^^^^^^^^^^^^^^^^^^^^
      = help: revoke it, for git keeps it for ever; then take it out of the file
    ");
}

#[test]
fn secrets_are_found_in_files_that_cannot_be_read() {
    let env = TestEnv::new();
    let repo = env.repo();
    let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
    repo.write(
        "prompts/a.prompt.yml",
        format!("# promptctl: allow P105\nmessages:\n  - role: user\n    content:{key} it is\n"),
    );
    let allowed = "# promptctl: allow P026";
    repo.write(
        "prompts/b.prompt.yml",
        format!("name: {key} {allowed}\nmesages: []\n"),
    );
    insta::assert_snapshot!(repo.findings(""), @"
    error P001 prompts/a.prompt.yml:4:5 simple key expected ':'
    error P026 prompts/a.prompt.yml:4:13 an AWS access key stands in the text
    error P004 prompts/b.prompt.yml:2:1 `mesages` is not a key; `messages` is meant
    ");
    for format in formats() {
        let said = repo.run(&format!("promptctl validate --format {format}"));
        assert!(!said.stdout.contains(&key), "{format}: {}", said.stdout);
    }
    let said = repo.run("promptctl validate");
    insta::assert_snapshot!(said.stderr, @"2 checked, 3 errors, 0 warnings, 1 allowed");
}

#[test]
fn partials_are_checked_once_and_alone() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write("prompts/_tone.hbs", "Be \u{200b}kind.");
    repo.write("prompts/_unused.hbs", "{{> tone}} {{> nothing}}");
    for name in ["a", "b"] {
        repo.write(
            &format!("prompts/{name}.prompt.yml"),
            "version: 1\nmessages: [{role: user, content: \"{{> tone}}\"}]\n",
        );
    }
    insta::assert_snapshot!(repo.findings(""), @r"
    warning P027 prompts/_tone.hbs:1:4 U+200B cannot be seen, and the model reads it
    warning P115 prompts/_unused.hbs no prompt includes `unused`
    error P106 prompts/_unused.hbs:1:12 there is no partial `nothing`
    ");
}

#[test]
fn content_that_changed_without_a_number_is_found_in_every_way() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.ok("promptctl publish greeting");
    let path = "prompts/greeting.prompt.yml";
    let published = repo.read(path);

    // By its digest line alone.
    repo.replace(path, "Be kind.", "Be terse.");
    insta::assert_snapshot!(repo.findings(""), @r"error P207 prompts/greeting.prompt.yml:2:9 the content changed and v1 did not");
    // By its tag, when somebody wrote the digest too.
    repo.ok("promptctl bump");
    repo.replace(path, "version: 2", "version: 1");
    repo.commit("forge");
    insta::assert_snapshot!(repo.findings(""), @r"error P206 prompts/greeting.prompt.yml:1:10 v1 was published with other content");
    // By what is committed, when there is no digest.
    repo.write(
        path,
        published
            .lines()
            .filter(|line| !line.starts_with("digest:"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    repo.commit("plain");
    repo.git("tag -d prompts/greeting/v1");
    repo.git("tag -d prompts/greeting/production/1");
    repo.replace(path, "Be kind.", "Be terse.");
    insta::assert_snapshot!(repo.findings(""), @r"error P207 prompts/greeting.prompt.yml:1:10 the content changed and v1 did not");
    // By what is committed, when the number was given to another content.
    repo.git("checkout --quiet .");
    repo.replace(path, "Be kind.", "Be quick.");
    repo.ok("promptctl bump");
    repo.commit("two");
    repo.replace(path, "Be quick.", "Be slow.");
    repo.ok("promptctl bump");
    repo.replace(path, "version: 3", "version: 2");
    insta::assert_snapshot!(repo.findings(""), @r"error P234 prompts/greeting.prompt.yml:1:10 v2 is committed with other content");
}

#[test]
fn a_changed_partial_names_every_prompt_that_it_reaches() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.write("prompts/_house.hbs", "{{> tone}}\n");
    repo.commit_new("a", "messages: [{role: user, content: \"{{> tone}}\"}]\n");
    repo.commit_new("b", "messages: [{role: user, content: \"{{> house}}\"}]\n");
    repo.commit_new("c", "messages: [{role: user, content: Hi}]\n");
    repo.write("prompts/_tone.hbs", "Be terse.\n");
    insta::assert_snapshot!(repo.findings(""), @r"
    error P207 prompts/a.prompt.yml:2:9 the content changed through prompts/_tone.hbs, and v1 did not
    error P207 prompts/b.prompt.yml:2:9 the content changed through prompts/_tone.hbs, and v1 did not
    ");
    let said = repo.run("promptctl validate a");
    insta::assert_snapshot!(said.stderr, @r"
    prompts/_tone.hbs changed, and is part of a, b
    1 checked, 1 error, 0 warnings
    ");
    assert_eq!(repo.ok("promptctl show tone --used-by"), "a\nb\n");
    assert_eq!(repo.ok("promptctl show --used-by house"), "b\n");
    let said = repo.run("promptctl show --used-by tonne");
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("did you mean tone?"),
        "{}",
        said.stderr
    );
}

#[test]
fn the_arguments_choose() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    repo.write("prompts/x/a.prompt.yml", "nmae: a\n");
    repo.write("prompts/x/b.prompt.yml", "messages: 1\n");
    assert!(repo.findings("greeting").is_empty());
    assert_eq!(repo.findings("prompts/x").lines().count(), 3);
    assert_eq!(repo.findings("prompts/x/b.prompt.yml").lines().count(), 1);
    let said = repo.run("promptctl validate greting");
    assert_eq!(said.code, Some(1));
    assert!(
        said.stderr.contains("did you mean greeting?"),
        "{}",
        said.stderr
    );
    repo.write("README.md", "Ours.\n");
    assert_eq!(repo.run("promptctl validate README.md").code, Some(1));
}

#[test]
fn explain_says_how_a_rule_is_configured() {
    let env = TestEnv::new();
    let repo = env.repo();
    let said = repo.ok("promptctl explain P105");
    assert!(
        said.contains("lint: {P105: error}") && said.contains("# promptctl: allow P105"),
        "{said}"
    );
    assert!(!repo.ok("promptctl explain P207").contains("allow"));
}
