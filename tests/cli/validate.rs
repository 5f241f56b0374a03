//! `validate` and `doctor`: what is wrong, where, and what to do.

use insta::assert_snapshot;

use crate::env::{SMALL, TRIAGE, TestEnv};

#[test]
fn everything_is_fine() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl validate
         promptctl validate --format json
         promptctl validate support/triage
         promptctl validate prompts/support
         promptctl validate nobody
         promptctl validate promptctl.yaml
         promptctl validate /etc
         promptctl doctor
         promptctl doctor --format json"
    ), @r#"
    $ promptctl validate
    1 checked, 0 errors, 0 warnings
    $ promptctl validate --format json
    {
      "schema": 1,
      "checked": 1,
      "errors": 0,
      "warnings": 0,
      "allowed": 0,
      "findings": [],
      "changed_partials": []
    }
    --- stderr
    1 checked, 0 errors, 0 warnings
    $ promptctl validate support/triage
    1 checked, 0 errors, 0 warnings
    $ promptctl validate prompts/support
    1 checked, 0 errors, 0 warnings
    $ promptctl validate nobody
    error[P201]: there is no prompt named nobody
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl validate promptctl.yaml
    1 checked, 0 errors, 0 warnings
    $ promptctl validate /etc
    error[P013]: /etc is not in this repository
    [exit 1]
    $ promptctl doctor
    everything is sound
    $ promptctl doctor --format json
    {
      "schema": 1,
      "checked": 1,
      "errors": 0,
      "warnings": 0,
      "findings": []
    }
    "#);
}

#[test]
fn every_finding_has_its_place() {
    let env = TestEnv::new();
    let repo = env.repo();
    for (name, text) in [
        ("unknown-key", format!("{SMALL}ownKey: 1\n")),
        (
            "undeclared",
            TRIAGE.replace("{{ticket}}", "{{ticket}} {{customer}}"),
        ),
        ("unused", TRIAGE.replace("Answer in {{locale}}.", "Answer.")),
        ("schema", TRIAGE.replace("type: object", "type: objekt")),
        ("role", SMALL.replace("user", "robot")),
        (
            "jinja",
            SMALL.replace(
                "Hello {{name}}",
                "\"{% if name %}{{ name | upper }}{% endif %}\"",
            ),
        ),
        ("cycle", SMALL.replace("Hello {{name}}", "\"{{> one}}\"")),
        (
            "computed",
            SMALL.replace("Hello {{name}}", "\"{{> (lookup . 'x')}}\""),
        ),
        ("duplicate", format!("{SMALL}model: again\n")),
        ("no-messages", "model: x\n".to_owned()),
    ] {
        repo.write(&format!("prompts/{name}.prompt.yml"), text);
    }
    repo.write("prompts/_one.hbs", "{{> two}}");
    repo.write("prompts/_two.hbs", "{{> one}}");
    assert_snapshot!(repo.play("promptctl validate"), @r#"
    $ promptctl validate
    error[P107]: partials include each other: one → two → one
     --> prompts/_two.hbs:1:1
      |
    1 | {{> one}}
      | ^^^^^^^^^
      = help: remove one of the inclusions

    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> prompts/computed.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`
      = and 6 more like it: prompts/cycle.prompt.yml, prompts/jinja.prompt.yml, prompts/schema.prompt.yml, prompts/undeclared.prompt.yml, prompts/unknown-key.prompt.yml, … (--verbose shows each)

    error[P101]: `{{(lookup . 'x')}}` is not a Handlebars expression
     --> prompts/computed.prompt.yml:4:15
      |
    4 |     content: "{{> (lookup . 'x')}}"
      |               ^^^^^^^^^^^^^^^^^^^^
      = help: a tag holds a name such as `user.name` or a helper such as `upper name`; write `\{{` for braces that are text

    error[P002]: `model` stands twice in this map
     --> prompts/duplicate.prompt.yml:5:1
      |
    5 | model: again
      | ^^^^^
      = help: remove one of the two lines

    warning[P109]: `{% if %}` is Jinja and goes to the model as it stands
     --> prompts/jinja.prompt.yml:4:15
      |
    4 |     content: "{% if name %}{{ name | upper }}{% endif %}"
      |               ^^^^^^^^^^^^^
      = help: Handlebars writes `{{#if x}}`

    error[P101]: `| upper` is a Jinja filter
     --> prompts/jinja.prompt.yml:4:28
      |
    4 |     content: "{% if name %}{{ name | upper }}{% endif %}"
      |                            ^^^^^^^^^^^^^^^^^^
      = help: Handlebars writes `{{upper name}}`

    error[P006]: the prompt has no messages
     --> prompts/no-messages.prompt.yml:1:1
      |
    1 | model: x
      | ^
      = help: write `messages:` with a `role` and a `content` for each

    error[P007]: `robot` is not a role
     --> prompts/role.prompt.yml:3:11
      |
    3 |   - role: robot
      |           ^^^^^
      = help: roles are system, developer, user and assistant

    error[P014]: the schema is not valid at `/type`: "objekt" is not a type; types are string, number, integer, boolean, array, object and null
     --> prompts/schema.prompt.yml:9:3
      |
    9 |   schema:
      |   ^^^^^^
      = help: it must be a JSON Schema, see https://json-schema.org

    error[P104]: `customer` is not declared in `input.schema`
      --> prompts/undeclared.prompt.yml:21:26
       |
    21 |     content: "{{ticket}} {{customer}}"
       |                          ^^^^^^^^^^^^
       = help: add it below `input.schema.properties`: `customer: {type: string}`

    warning[P003]: `ownKey` is not a key that promptctl knows; it has no effect
     --> prompts/unknown-key.prompt.yml:5:1
      |
    5 | ownKey: 1
      | ^^^^^^
      = help: put a field of the API request under `extraBody`

    warning[P105]: no message uses `locale`
      --> prompts/unused.prompt.yml:14:7
       |
    14 |       locale: {type: string, default: en}
       |       ^^^^^^
       = help: write `{{locale}}` where it belongs, or remove it from `input.schema`

    --- stderr
    prompts/_one.hbs changed, and is part of cycle
    prompts/_two.hbs changed, and is part of cycle
    10 checked, 8 errors, 10 warnings
    [exit 3]
    "#);
    let json = repo.json("promptctl validate --format json");
    for finding in json["findings"].as_array().unwrap() {
        let is_of_the_file = finding["severity"] == "warning";
        assert!(is_of_the_file || finding["line"].is_u64(), "{finding}");
        assert!(finding["help"].is_string(), "{finding}");
    }
}

#[test]
fn a_deleted_prompt_that_is_live_is_told() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.git("rm --quiet prompts/support/triage.prompt.yml");
    repo.git("commit --quiet --message Gone");
    assert_snapshot!(repo.play("promptctl doctor"), @"
    $ promptctl doctor
    warning[P201]: support/triage is live in production, and its file was deleted
      help: promptctl unpublish support/triage --env production
    0 errors, 1 warning
    ");
}

#[test]
fn doctor_sets_up_what_is_missing() {
    let env = TestEnv::new();
    env.with_origin();
    let bob = env.clone_of_origin("Bob");
    assert_snapshot!(bob.play(
        "promptctl doctor
         promptctl doctor --fix
         promptctl doctor
         git config --get-all remote.origin.fetch"
    ), @"
    $ promptctl doctor
    warning[P217]: git fetch does not bring the tags of origin into their mirror
      help: promptctl fetch
    error[P217]: this clone has not fetched the releases of origin
      help: promptctl fetch
    1 error, 1 warning
    [exit 3]
    $ promptctl doctor --fix
    1 of 2 troubles fixed
    error[P217]: this clone has not fetched the releases of origin
      help: promptctl fetch
    1 error, 0 warnings
    [exit 3]
    $ promptctl doctor
    error[P217]: this clone has not fetched the releases of origin
      help: promptctl fetch
    1 error, 0 warnings
    [exit 3]
    $ git config --get-all remote.origin.fetch
    +refs/heads/*:refs/remotes/origin/*
    +refs/tags/prompts/*:refs/promptctl/origin/prompts/*
    ");
}
