//! `show` and `get`: one prompt, for people and for programs.

use insta::assert_snapshot;
use serde_json::json;

use crate::env::{SMALL, Shell, TestEnv};

const FILE: &str = "prompts/support/triage.prompt.yml";

fn released(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo
}

fn version(repo: &Shell, reference: &str) -> serde_json::Value {
    repo.json(&format!("promptctl get {reference} --format json"))["version"].clone()
}

#[test]
fn show_for_people() {
    let env = TestEnv::new();
    let repo = released(&env);
    assert_snapshot!(repo.play(
        "promptctl show support/triage
         promptctl show support/triage@production
         promptctl show support/triage --format json"
    ), @r#"
    $ promptctl show support/triage
    support/triage v2  Support triage
    Sorts an incoming ticket.

    file        prompts/support/triage.prompt.yml
    digest      xxxxxxxxxxxx
    commit      xxxxxxxxxxxx
    live        production v1
    model       openai/gpt-5-mini
    category    support
    tags        tickets
    parameters  maxTokens 600

    Variables
    locale	string	default "en"	
    ticket	string	required	

    system
    You sort support tickets. Answer in {{locale}}.
    Say which queue the ticket belongs to: billing or tech.

    user
    {{ticket}}
    $ promptctl show support/triage@production
    support/triage v1  Support triage
    Sorts an incoming ticket.

    file        prompts/support/triage.prompt.yml
    digest      xxxxxxxxxxxx
    commit      xxxxxxxxxxxx
    live        production v1
    model       openai/gpt-5-mini
    category    support
    tags        tickets
    parameters  maxTokens 800

    Variables
    locale	string	default "en"	
    ticket	string	required	

    system
    You sort support tickets. Answer in {{locale}}.
    Say which queue the ticket belongs to: billing or tech.

    user
    {{ticket}}
    $ promptctl show support/triage --format json
    {
      "schema": 1,
      "name": "support/triage",
      "reference": "support/triage",
      "version": 2,
      "digest": "<id>",
      "commit": "<id>",
      "blob": "<id>",
      "dirty": false,
      "path": "prompts/support/triage.prompt.yml",
      "document": {
        "name": "Support triage",
        "description": "Sorts an incoming ticket.",
        "version": 2,
        "digest": "xxxxxxxxxxxx",
        "tags": [
          "tickets"
        ],
        "category": "support",
        "model": "openai/gpt-5-mini",
        "modelParameters": {
          "maxTokens": 600
        },
        "input": {
          "schema": {
            "type": "object",
            "required": [
              "ticket"
            ],
            "properties": {
              "ticket": {
                "type": "string"
              },
              "locale": {
                "type": "string",
                "default": "en"
              }
            }
          }
        },
        "messages": [
          {
            "role": "system",
            "content": "You sort support tickets. Answer in {{locale}}.\nSay which queue the ticket belongs to: billing or tech.\n"
          },
          {
            "role": "user",
            "content": "{{ticket}}"
          }
        ]
      },
      "variables": [
        {
          "name": "locale",
          "required": false,
          "type": "string",
          "default": "en",
          "description": null
        },
        {
          "name": "ticket",
          "required": true,
          "type": "string",
          "default": null,
          "description": null
        }
      ],
      "partials": [],
      "environments": {
        "production": 1
      }
    }
    "#);
}

#[test]
fn get_prints_the_file_as_it_stands() {
    let env = TestEnv::new();
    let repo = released(&env);
    assert_eq!(repo.ok("promptctl get support/triage"), repo.read(FILE));
    assert_eq!(
        repo.ok("promptctl get support/triage@v1"),
        repo.ok("git show HEAD~1:prompts/support/triage.prompt.yml")
    );
    repo.replace(FILE, "# room", "# a room");
    assert_eq!(
        repo.ok("promptctl get support/triage"),
        repo.read(FILE),
        "the bare name is the working copy"
    );
}

#[test]
fn every_reference() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.git("branch before HEAD~1");
    repo.git("tag release-1 HEAD~1");
    let first = repo.git("rev-parse --short HEAD~1");
    for (reference, expected) in [
        ("support/triage", 2),
        ("support/triage@v1", 1),
        ("support/triage@v2", 2),
        ("support/triage@production", 1),
        ("support/triage@HEAD", 2),
        ("support/triage@HEAD~1", 1),
        ("support/triage@main", 2),
        ("support/triage@before", 1),
        ("support/triage@release-1", 1),
        (&format!("support/triage@{first}"), 1),
    ] {
        assert_eq!(version(&repo, reference), expected, "{reference}");
    }
}

#[test]
fn an_environment_never_falls_through_to_a_branch_of_that_name() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("branch production");
    repo.git("branch v1");
    assert_snapshot!(repo.play("promptctl get support/triage@production"), @"
    $ promptctl get support/triage@production
    error[P203]: support/triage was never published to production
      hint: promptctl publish support/triage --env production
    [exit 1]
    ");
    assert_eq!(version(&repo, "support/triage@v1"), 1);
}

#[test]
fn an_unpublished_version_is_the_newest_commit_that_holds_it() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.replace(FILE, "Sorts an incoming", "Reads an incoming");
    repo.git("commit --quiet --all --message 'Other words'");
    let got = repo.json("promptctl get support/triage@v2 --format json");
    assert_eq!(
        got["commit"].as_str(),
        Some(repo.git("rev-parse HEAD").as_str())
    );
    assert!(
        repo.ok("promptctl show support/triage@v2")
            .contains("Reads an incoming")
    );
}

#[test]
fn partials_are_those_of_the_same_commit() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/_tone.hbs", "Be kind.\n");
    repo.git("add --all");
    repo.git("commit --quiet --message Tone");
    repo.add(
        "greeting",
        &SMALL.replace("Hello {{name}}", "\"{{> tone}}Hello {{name}}\""),
    );
    repo.ok("promptctl publish greeting");
    repo.write("prompts/_tone.hbs", "Be brief.\n");
    repo.ok("promptctl bump");
    repo.git("commit --quiet --all --message Brief");
    let text = |reference: &str| {
        repo.json(&format!("promptctl get {reference} --format json"))["partials"][0]["text"]
            .clone()
    };
    assert_eq!(text("greeting@production"), "Be kind.\n");
    assert_eq!(text("greeting@v1"), "Be kind.\n");
    assert_eq!(text("greeting"), "Be brief.\n");
    assert!(
        repo.ok("promptctl render greeting@production --var name=Ada")
            .contains("Be kind.\nHello Ada")
    );
    // What is live stays readable after the partial is gone.
    repo.git("rm --quiet prompts/_tone.hbs prompts/greeting.prompt.yml");
    repo.git("commit --quiet --message Gone");
    assert_eq!(text("greeting@production"), "Be kind.\n");
}

#[test]
fn a_snapshot_of_an_environment() {
    let env = TestEnv::new();
    let repo = released(&env);
    repo.add("greeting", SMALL);
    repo.ok("promptctl publish greeting --env staging --create-env");
    assert_snapshot!(repo.play(
        "promptctl get --all --env staging --format json
         promptctl get --all --env nowhere --format json
         promptctl get --all --env stagin --format json
         promptctl get --all --env staging
         promptctl get"
    ), @r#"
    $ promptctl get --all --env staging --format json
    {
      "schema": 1,
      "environment": "staging",
      "prompts": [
        {
          "name": "greeting",
          "reference": "greeting@staging",
          "version": 1,
          "digest": "<id>",
          "commit": "<id>",
          "blob": "<id>",
          "dirty": false,
          "path": "prompts/greeting.prompt.yml",
          "document": {
            "version": 1,
            "digest": "xxxxxxxxxxxx",
            "model": "openai/gpt-5-mini",
            "messages": [
              {
                "role": "user",
                "content": "Hello {{name}}"
              }
            ]
          },
          "variables": [
            {
              "name": "name",
              "required": true,
              "type": null,
              "default": null,
              "description": null
            }
          ],
          "partials": [],
          "environments": {
            "staging": 1
          }
        }
      ]
    }
    $ promptctl get --all --env nowhere --format json
    {"schema":1,"error":{"code":"P257","message":"there is no environment nowhere: promptctl.yaml does not declare it, and nothing was ever released to it","location":null,"hints":["the environments are production, staging","to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env nowhere --create-env"],"causes":[]}}
    [exit 2]
    $ promptctl get --all --env stagin --format json
    {"schema":1,"error":{"code":"P257","message":"there is no environment stagin: promptctl.yaml does not declare it, and nothing was ever released to it","location":null,"hints":["did you mean staging?","to make a new one, write it under `environments:` in promptctl.yaml, or promptctl publish NAME --env stagin --create-env"],"causes":[]}}
    [exit 2]
    $ promptctl get --all --env staging
    error: --all prints a snapshot for programs
      hint: promptctl get --all --env staging --format json
    [exit 2]
    $ promptctl get
    error: the following required arguments were not provided:
      <REF>...

      tip: promptctl get NAME prints one prompt, promptctl get --all --format json all that are live

    Usage: promptctl get <REF>...

    For more information, try '--help'.
    [exit 2]
    "#);
    let live = repo.json("promptctl get --all --format json");
    assert_eq!(live["prompts"].as_array().unwrap().len(), 1);
    assert_eq!(live["prompts"][0]["reference"], "support/triage@production");
}

#[test]
fn unknown_things() {
    let env = TestEnv::new();
    let repo = released(&env);
    assert_snapshot!(repo.play(
        "promptctl get support/triagee
         promptctl get support/triage@v9
         promptctl get support/triage@producton
         promptctl get support/triage@HEAD~99
         promptctl get ''
         promptctl get support/triage@
         promptctl get prompts/support/triage.prompt.yml
         promptctl show support/triage@v9 --format json"
    ), @r#"
    $ promptctl get support/triagee
    error[P201]: there is no prompt named support/triagee
      hint: did you mean support/triage?
    [exit 1]
    $ promptctl get support/triage@v9
    error[P202]: support/triage has no v9
      hint: promptctl history support/triage shows its versions
    [exit 1]
    $ promptctl get support/triage@producton
    error[P225]: `producton` is neither a version, an environment nor a git revision
      hint: did you mean support/triage@production?
    [exit 2]
    $ promptctl get support/triage@HEAD~99
    error[P225]: `HEAD~99` is neither a version, an environment nor a git revision
      hint: promptctl history support/triage shows the versions, promptctl status the environments
    [exit 2]
    $ promptctl get ''
    error: no prompt fits '/'
      hint: `*` stops at `/`, `**` does not; promptctl list shows the names
    [exit 2]
    $ promptctl get support/triage@
    error: invalid value 'support/triage@' for '[REF]...': nothing follows the `@` of `support/triage@`: write a version such as `@v3`, an environment or a git revision

    For more information, try '--help'.
    [exit 2]
    $ promptctl get prompts/support/triage.prompt.yml
    name: Support triage
    description: Sorts an incoming ticket.   # for the support team
    version: 2
    digest: xxxxxxxxxxxx
    tags: [tickets]
    category: support
    model: openai/gpt-5-mini
    modelParameters:
      maxTokens: 600        # room for the draft
    input:
      schema:
        type: object
        required: [ticket]
        properties:
          ticket: {type: string}
          locale: {type: string, default: en}
    messages:
      - role: system
        content: |
          You sort support tickets. Answer in {{locale}}.
          Say which queue the ticket belongs to: billing or tech.
      - role: user
        content: "{{ticket}}"
    $ promptctl show support/triage@v9 --format json
    {"schema":1,"error":{"code":"P202","message":"support/triage has no v9","location":null,"hints":["promptctl history support/triage shows its versions"],"causes":[]}}
    [exit 1]
    "#);
}

#[test]
fn several_prompts_stand_one_below_the_other() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("core/a", SMALL);
    repo.add("core/b", SMALL);
    repo.add("other", SMALL);
    let one = |name: &str| repo.ok(&format!("promptctl show {name}"));
    let (a, b, other) = (one("core/a"), one("core/b"), one("other"));
    for line in [
        "promptctl show core/a core/b",
        "promptctl show core/",
        "promptctl show 'core/*'",
    ] {
        assert_eq!(repo.ok(line), format!("{a}\n{b}"), "{line}");
    }
    assert_eq!(
        repo.ok("promptctl show other core/a@HEAD core/b"),
        format!("{other}\n{}\n{b}", one("core/a@HEAD"))
    );
    // One name keeps its shape; several, or a pattern, have a list.
    let single = repo.json("promptctl show core/a --format json");
    assert_eq!(single["name"], "core/a");
    for line in [
        "promptctl show core/a other --format json",
        "promptctl show core/ --format json",
    ] {
        let json = repo.json(line);
        assert_eq!(json["schema"], 1, "{line}");
        let names = json["prompts"].as_array().unwrap();
        assert_eq!(names.len(), 2, "{line}");
        assert_eq!(names[0]["name"], "core/a", "{line}");
        assert_eq!(names[0]["document"], single["document"], "{line}");
    }
    let run = repo.run("promptctl show core/a nothing");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        repo.run("promptctl show core/a core/b --used-by").code,
        Some(2)
    );
}

#[test]
fn a_program_gets_several_prompts_as_one_document() {
    let env = TestEnv::new();
    let repo = env.repo();
    for name in ["core/a", "core/b", "other"] {
        repo.add(name, SMALL);
        repo.ok(&format!("promptctl publish {name}"));
    }
    repo.write(
        "prompts/core/a.prompt.yml",
        SMALL.replace("messages:", "description: Newer\nmessages:"),
    );
    let one = |reference: &str| {
        let mut json = repo.json(&format!("promptctl get {reference} --format json"));
        json.as_object_mut().unwrap().shift_remove("schema");
        json
    };
    for (line, references) in [
        ("core/a other@v1", ["core/a", "other@v1"]),
        ("core/", ["core/a", "core/b"]),
        (
            "'core/*' --env production",
            ["core/a@production", "core/b@production"],
        ),
    ] {
        let json = repo.json(&format!("promptctl get {line} --format json"));
        assert_eq!(json["prompts"], json!(references.map(one)), "{line}");
    }
    // A pattern has a list, also where one prompt fits it.
    let json = repo.json("promptctl get 'oth*' --format json");
    assert_eq!(json["prompts"], json!([one("other")]));
    assert_snapshot!(repo.run("promptctl get core/ --env production"), @"
    error: several prompts are printed as JSON: text is one file
      hint: promptctl get core/a@production core/b@production --format json
    [exit 2]
    ");
    let run = repo.run("promptctl get core/a nothing --format json");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
}
