//! `list`: all prompts, found by what people remember of them.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

fn several(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.add(
        "support/triage.fr",
        &TRIAGE
            .replace("openai/gpt-5-mini", "xai/grok-4")
            .replace("default: en", "default: fr"),
    );
    repo.add("greeting", SMALL);
    repo.add("old", SMALL);
    repo.ok("promptctl archive old");
    repo.ok("promptctl publish support/triage greeting");
    repo.next_version("support/triage", "Answer in", "Reply in");
    repo
}

#[test]
fn in_a_pipe_rows_of_tabs() {
    let env = TestEnv::new();
    let repo = several(&env);
    assert_snapshot!(repo.play("promptctl list"), @"
    $ promptctl list
    greeting	v1	production v1	openai/gpt-5-mini	
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    support/triage.fr	v1	-	xai/grok-4	Support triage
    ");
    assert_eq!(
        repo.ok("promptctl list")
            .lines()
            .next()
            .unwrap()
            .matches('\t')
            .count(),
        4
    );
}

#[test]
fn for_people_a_table_that_fits() {
    let env = TestEnv::new();
    let repo = several(&env);
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "100").play("promptctl list"), @"
    $ promptctl list
    NAME               VERSION  LIVE           MODEL              TITLE
    greeting           v1       production v1  openai/gpt-5-mini
    support/triage     v2       production v1  openai/gpt-5-mini  Support triage
    support/triage.fr  v1       -              xai/grok-4         Support triage
    ");
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "50").play("promptctl list"), @"
    $ promptctl list
    NAME               VERSION  LIVE
    greeting           v1       production v1
    support/triage     v2       production v1
    support/triage.fr  v1       -
    --- stderr
    no room for model, title; --format json has all columns
    ");
    let widest = |width: &str| {
        let table = repo.with("PROMPTCTL_WIDTH", width).ok("promptctl list");
        table
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap()
    };
    assert!(widest("60") <= 60 && widest("40") <= 40);
}

#[test]
fn for_scripts_json() {
    let env = TestEnv::new();
    let repo = several(&env);
    assert_snapshot!(repo.play("promptctl list --format json --tag tickets"), @r#"
    $ promptctl list --format json --tag tickets
    {
      "schema": 1,
      "prompts": [
        {
          "name": "support/triage",
          "title": "Support triage",
          "description": "Sorts an incoming ticket.",
          "version": 2,
          "path": "prompts/support/triage.prompt.yml",
          "model": "openai/gpt-5-mini",
          "category": "support",
          "tags": [
            "tickets"
          ],
          "variant_of": null,
          "archived": false,
          "modified": false,
          "published": [
            1
          ],
          "environments": {
            "production": 1
          }
        },
        {
          "name": "support/triage.fr",
          "title": "Support triage",
          "description": "Sorts an incoming ticket.",
          "version": 1,
          "path": "prompts/support/triage.fr.prompt.yml",
          "model": "xai/grok-4",
          "category": "support",
          "tags": [
            "tickets"
          ],
          "variant_of": "support/triage",
          "archived": false,
          "modified": false,
          "published": [],
          "environments": {}
        }
      ]
    }
    "#);
}

#[test]
fn filters() {
    let env = TestEnv::new();
    let repo = several(&env);
    assert_snapshot!(repo.play(
        "promptctl list --search TRIAGE
         promptctl list --search 'which queue'
         promptctl list --search 'no such words'
         promptctl list --category support
         promptctl list --tag tickets --model grok
         promptctl list --model gpt-5
         promptctl list --archived
         promptctl list --changed"
    ), @"
    $ promptctl list --search TRIAGE
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    support/triage.fr	v1	-	xai/grok-4	Support triage
    $ promptctl list --search 'which queue'
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    support/triage.fr	v1	-	xai/grok-4	Support triage
    $ promptctl list --search 'no such words'
    no prompt fits
    $ promptctl list --category support
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    support/triage.fr	v1	-	xai/grok-4	Support triage
    $ promptctl list --tag tickets --model grok
    support/triage.fr	v1	-	xai/grok-4	Support triage
    $ promptctl list --model gpt-5
    greeting	v1	production v1	openai/gpt-5-mini	
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    $ promptctl list --archived
    old	v1	-	openai/gpt-5-mini	
    $ promptctl list --changed
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    support/triage.fr	v1	-	xai/grok-4	Support triage
    ");
}

#[test]
fn of_an_environment_everything_is_that_of_the_active_version() {
    let env = TestEnv::new();
    let repo = several(&env);
    repo.write("promptctl.yaml", "environments: [production, staging]\n");
    assert_snapshot!(repo.play(
        "promptctl list --env production
         promptctl list --env production --search 'Answer in'
         promptctl list --env production --search 'Reply in'
         promptctl list --env production --changed
         promptctl list --env staging
         promptctl list --env production --format json --search triage"
    ), @r#"
    $ promptctl list --env production
    greeting	v1	2026-11-03T11:00:00Z	openai/gpt-5-mini	
    support/triage	v1	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    $ promptctl list --env production --search 'Answer in'
    support/triage	v1	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    $ promptctl list --env production --search 'Reply in'
    no prompt fits
    $ promptctl list --env production --changed
    support/triage	v1	2026-11-03T11:00:00Z	openai/gpt-5-mini	Support triage
    $ promptctl list --env staging
    nothing is live in staging
    $ promptctl list --env production --format json --search triage
    {
      "schema": 1,
      "prompts": [
        {
          "name": "support/triage",
          "title": "Support triage",
          "description": "Sorts an incoming ticket.",
          "version": 1,
          "path": "prompts/support/triage.prompt.yml",
          "model": "openai/gpt-5-mini",
          "category": "support",
          "tags": [
            "tickets"
          ],
          "variant_of": null,
          "archived": false,
          "modified": false,
          "published": [
            1
          ],
          "environments": {
            "production": 1
          }
        }
      ]
    }
    "#);
}

#[test]
fn an_uncommitted_change_is_marked() {
    let env = TestEnv::new();
    let repo = several(&env);
    repo.replace("prompts/greeting.prompt.yml", "Hello", "Hi");
    repo.write("prompts/fresh.prompt.yml", SMALL);
    assert_snapshot!(repo.play("promptctl list --model gpt-5 --search e"), @"
    $ promptctl list --model gpt-5 --search e
    fresh	v1 *	-	openai/gpt-5-mini	
    greeting	v1 *	production v1	openai/gpt-5-mini	
    support/triage	v2	production v1	openai/gpt-5-mini	Support triage
    ");
    let json = repo.json("promptctl list --format json");
    let modified: Vec<&str> = json["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|prompt| prompt["modified"] == true)
        .map(|prompt| prompt["name"].as_str().unwrap())
        .collect();
    assert_eq!(modified, ["fresh", "greeting"]);
}

#[test]
fn a_broken_file_is_told_and_the_others_are_listed() {
    let env = TestEnv::new();
    let repo = several(&env);
    repo.write("prompts/broken.prompt.yml", "messages: [\n");
    assert_snapshot!(repo.play("promptctl list --search greeting"), @"
    $ promptctl list --search greeting
    greeting	v1	production v1	openai/gpt-5-mini	
    --- stderr
    error[P001]: unclosed bracket '['
      at: prompts/broken.prompt.yml:1:11
      help: close the `[` that opens on line 1
    ");
}
