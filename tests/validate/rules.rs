//! What is found, how it is shown, and what changes that.

use super::env::{Env, GREETING, formats};

#[test]
fn a_finding_shows_its_line_and_says_what_to_do() {
    let env = Env::new();
    env.write(
        "prompts/greeting.prompt.yml",
        GREETING
            .replace("{{name}}", "{{nmae}}")
            .replace("model: openai", "version: 1\nmodel: openai"),
    );
    let said = env.run("validate");
    assert_eq!(said.code, 3);
    insta::assert_snapshot!(said.out, @r"
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
    insta::assert_snapshot!(said.err, @r"1 checked, 1 error, 1 warning");
}

#[test]
fn a_sound_repository_is_silent() {
    let env = Env::with_greeting();
    let said = env.ok("validate");
    assert_eq!(said.out, "");
    assert_eq!(said.err, "1 checked, 0 errors, 0 warnings\n");
}

#[test]
fn a_broken_file_tells_all_that_is_wrong_with_it() {
    let env = Env::new();
    env.write(
        "prompts/a.prompt.yml",
        "mesages: []\nmodel: [1]\nversion: x\n",
    );
    insta::assert_snapshot!(env.findings(""), @r"
    error P004 prompts/a.prompt.yml:1:1 `mesages` is not a key; `messages` is meant
    error P005 prompts/a.prompt.yml:2:8 `model` wants a text, this is a list
    error P020 prompts/a.prompt.yml:3:10 `version: x` is not a positive whole number
    ");
}

#[test]
fn severities_are_configured_and_comments_allow() {
    let env = Env::with_greeting();
    env.change(
        "prompts/greeting.prompt.yml",
        "name: {type: string}",
        "name: {type: string}\n      tone: {type: string}",
    );
    env.ok("bump");
    assert_eq!(env.run("validate").code, 0);
    assert_eq!(env.run("validate --strict").code, 3);

    env.write("promptctl.yaml", "lint: {P105: error}\n");
    assert_eq!(env.run("validate").code, 3);
    env.write("promptctl.yaml", "lint: {P105: off}\n");
    assert_eq!(env.ok("validate --strict").out, "");

    env.write("promptctl.yaml", "lint: {P105: error}\n");
    env.change(
        "prompts/greeting.prompt.yml",
        "tone: {type: string}",
        "tone: {type: string} # promptctl: allow P105 it comes back",
    );
    assert_eq!(
        env.ok("validate").err,
        "1 checked, 0 errors, 0 warnings, 1 allowed\n"
    );
    // The comment is no content, and outlives its reason only with a finding.
    env.change(
        "prompts/greeting.prompt.yml",
        "Greet {{name}}.",
        "Greet {{name}}, {{tone}}.",
    );
    env.ok("bump");
    insta::assert_snapshot!(env.findings(""), @r"warning P028 prompts/greeting.prompt.yml:10:30 nothing here needs P105 to be allowed");
}

#[test]
fn what_breaks_a_prompt_cannot_be_configured() {
    let env = Env::with_greeting();
    env.write("promptctl.yaml", "lint: {P207: off}\n");
    let said = env.run("validate");
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(said.err, @r"
    error[P226]: P207 cannot be configured
      at: promptctl.yaml:1
      hint: it names what keeps a prompt from being used: promptctl explain P207
    ");
}

#[test]
fn secrets_never_reach_the_report() {
    let env = Env::new();
    let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
    env.write(
        "prompts/a.prompt.yml",
        format!("version: 1\nmessages:\n  - role: user\n    content: Use {key} now.\n"),
    );
    for format in formats() {
        let said = env.run(&format!("validate --format {format}"));
        assert_eq!(said.code, 3, "{format}");
        assert!(
            said.out.contains("P026") && !said.out.contains(&key) && !said.err.contains(&key),
            "{format}: {}",
            said.out
        );
    }
    insta::assert_snapshot!(env.run("validate").out, @r"
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
    let env = Env::new();
    let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
    env.write(
        "prompts/a.prompt.yml",
        format!("# promptctl: allow P105\nmessages:\n  - role: user\n    content:{key} it is\n"),
    );
    let allowed = "# promptctl: allow P026";
    env.write(
        "prompts/b.prompt.yml",
        format!("name: {key} {allowed}\nmesages: []\n"),
    );
    insta::assert_snapshot!(env.findings(""), @"
    error P001 prompts/a.prompt.yml:4:5 simple key expected ':'
    error P026 prompts/a.prompt.yml:4:13 an AWS access key stands in the text
    error P004 prompts/b.prompt.yml:2:1 `mesages` is not a key; `messages` is meant
    ");
    for format in formats() {
        let said = env.run(&format!("validate --format {format}"));
        assert!(!said.out.contains(&key), "{format}: {}", said.out);
    }
    let said = env.run("validate");
    insta::assert_snapshot!(said.err, @"2 checked, 3 errors, 0 warnings, 1 allowed");
}

#[test]
fn partials_are_checked_once_and_alone() {
    let env = Env::with_greeting();
    env.write("prompts/_tone.hbs", "Be \u{200b}kind.");
    env.write("prompts/_unused.hbs", "{{> tone}} {{> nothing}}");
    for name in ["a", "b"] {
        env.write(
            &format!("prompts/{name}.prompt.yml"),
            "version: 1\nmessages: [{role: user, content: \"{{> tone}}\"}]\n",
        );
    }
    insta::assert_snapshot!(env.findings(""), @r"
    warning P027 prompts/_tone.hbs:1:4 U+200B cannot be seen, and the model reads it
    warning P115 prompts/_unused.hbs no prompt includes `unused`
    error P106 prompts/_unused.hbs:1:12 there is no partial `nothing`
    ");
}

#[test]
fn content_that_changed_without_a_number_is_found_in_every_way() {
    let env = Env::with_greeting();
    env.ok("publish greeting");
    let path = "prompts/greeting.prompt.yml";
    let published = env.read(path);

    // By its digest line alone.
    env.change(path, "Be kind.", "Be terse.");
    insta::assert_snapshot!(env.findings(""), @r"error P207 prompts/greeting.prompt.yml:2:9 the content changed and v1 did not");
    // By its tag, when somebody wrote the digest too.
    env.ok("bump");
    env.change(path, "version: 2", "version: 1");
    env.commit("forge");
    insta::assert_snapshot!(env.findings(""), @r"error P206 prompts/greeting.prompt.yml:1:10 v1 was published with other content");
    // By what is committed, when there is no digest.
    env.write(
        path,
        published
            .lines()
            .filter(|line| !line.starts_with("digest:"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    env.commit("plain");
    env.git("tag -d prompts/greeting/v1");
    env.git("tag -d prompts/greeting/production/1");
    env.change(path, "Be kind.", "Be terse.");
    insta::assert_snapshot!(env.findings(""), @r"error P207 prompts/greeting.prompt.yml:1:10 the content changed and v1 did not");
    // By what is committed, when the number was given to another content.
    env.git("checkout --quiet .");
    env.change(path, "Be kind.", "Be quick.");
    env.ok("bump");
    env.commit("two");
    env.change(path, "Be quick.", "Be slow.");
    env.ok("bump");
    env.change(path, "version: 3", "version: 2");
    insta::assert_snapshot!(env.findings(""), @r"error P234 prompts/greeting.prompt.yml:1:10 v2 is committed with other content");
}

#[test]
fn a_changed_partial_names_every_prompt_that_it_reaches() {
    let env = Env::new();
    env.write("prompts/_tone.hbs", "Be kind.\n");
    env.write("prompts/_house.hbs", "{{> tone}}\n");
    env.commit_new("a", "messages: [{role: user, content: \"{{> tone}}\"}]\n");
    env.commit_new("b", "messages: [{role: user, content: \"{{> house}}\"}]\n");
    env.commit_new("c", "messages: [{role: user, content: Hi}]\n");
    env.write("prompts/_tone.hbs", "Be terse.\n");
    insta::assert_snapshot!(env.findings(""), @r"
    error P207 prompts/a.prompt.yml:2:9 the content changed through prompts/_tone.hbs, and v1 did not
    error P207 prompts/b.prompt.yml:2:9 the content changed through prompts/_tone.hbs, and v1 did not
    ");
    let said = env.run("validate a");
    insta::assert_snapshot!(said.err, @r"
    prompts/_tone.hbs changed, and is part of a, b
    1 checked, 1 error, 0 warnings
    ");
    assert_eq!(env.ok("show tone --used-by").out, "a\nb\n");
    assert_eq!(env.ok("show --used-by house").out, "b\n");
    let said = env.run("show --used-by tonne");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("did you mean tone?"), "{}", said.err);
}

#[test]
fn the_arguments_choose() {
    let env = Env::with_greeting();
    env.write("prompts/x/a.prompt.yml", "nmae: a\n");
    env.write("prompts/x/b.prompt.yml", "messages: 1\n");
    assert!(env.findings("greeting").is_empty());
    assert_eq!(env.findings("prompts/x").lines().count(), 3);
    assert_eq!(env.findings("prompts/x/b.prompt.yml").lines().count(), 1);
    let said = env.run("validate greting");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("did you mean greeting?"), "{}", said.err);
    env.write("README.md", "Ours.\n");
    assert_eq!(env.run("validate README.md").code, 1);
}

#[test]
fn explain_says_how_a_rule_is_configured() {
    let env = Env::new();
    let said = env.ok("explain P105").out;
    assert!(
        said.contains("lint: {P105: error}") && said.contains("# promptctl: allow P105"),
        "{said}"
    );
    assert!(!env.ok("explain P207").out.contains("allow"));
}
