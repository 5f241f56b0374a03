//! Files that `export` wrote, and that somebody changed before they came back.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::moving::start;
use super::moving_losses::{imported, says};
use crate::env::{Shell, TestEnv};

const RAW: &str = r#"model: openai/gpt-5-mini
messages:
  - {role: system, content: "  Be kind to {{who}}.  "}
  - {role: user, content: "I am {{who}}."}
testData:
  - {who: Ada, expected: hello, case: {id: one}}
  - {who: Bo, expected: hi, case: {id: two}}
evaluators:
  - {name: greets, string: {contains: hello, caseSensitive: true}}
  - {name: odd, number: {max: 3}}
"#;

/// The prompt as a file of the other tool, and its path there.
fn exported(repo: &Shell, target: &str, path: &str) -> String {
    repo.write("prompts/raw.prompt.yml", RAW);
    repo.ok(&format!(
        "promptctl export raw --to {target} --out out --force"
    ));
    repo.read(&format!("out/{path}"))
}

fn file(repo: &Shell, name: &str) -> Value {
    serde_yaml::from_str(&repo.read(&format!("prompts/{name}.prompt.yml"))).unwrap()
}

#[test]
fn what_was_changed_in_an_exported_file_counts_over_what_was_kept() {
    let env = TestEnv::new();
    let repo = start(&env);
    let text = exported(&repo, "prompty", "raw.prompty");
    let own: Value = serde_yaml::from_str(RAW).unwrap();
    let shown = imported(&repo, "raw2.prompty", &text);
    assert_eq!(shown["prompts"][0]["lost"], json!([]), "{text}");
    for key in ["model", "messages", "testData", "evaluators"] {
        assert_eq!(file(&repo, "raw2")[key], own[key], "{key}");
    }
    let changed = text.replacen("id: gpt-5-mini", "id: gpt-4.1", 1).replacen(
        "I am {{ who }}",
        "Call me {{ who }}",
        1,
    );
    let shown = imported(&repo, "raw2.prompty", &changed);
    says(
        &shown,
        "`promptctl.model` is older than the rest of the file",
    );
    let now = file(&repo, "raw2");
    assert_eq!(now["model"], "gpt-4.1");
    assert_eq!(now["messages"][0], own["messages"][0]);
    assert_eq!(now["messages"][1]["content"], "Call me {{who}}.");
    for key in ["testData", "evaluators"] {
        assert_eq!(now[key], own[key], "{key}");
    }
}

#[test]
fn a_changed_test_of_promptfoo_is_a_changed_case() {
    let env = TestEnv::new();
    let repo = start(&env);
    let path = "raw.promptfooconfig.yaml";
    let text = exported(&repo, "promptfoo", path);
    let own: Value = serde_yaml::from_str(RAW).unwrap();
    let mut config: Value = serde_yaml::from_str(&text).unwrap();
    config["tests"][0]["vars"]["who"] = json!("Eve");
    config["tests"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "vars": { "who": "Cy" } }));
    config["defaultTest"]["assert"][0]["value"] = json!("Hello");
    let shown = imported(&repo, "raw2.promptfooconfig.yaml", &config.to_string());
    for key in ["testData", "evaluators"] {
        says(
            &shown,
            &format!("`promptctl.{key}` is older than the rest of the file"),
        );
    }
    let now = file(&repo, shown["prompts"][0]["name"].as_str().unwrap());
    assert_eq!(now["messages"], own["messages"]);
    assert_eq!(
        now["evaluators"],
        json!([
            { "name": "greets", "string": { "contains": "Hello", "caseSensitive": true } },
            { "name": "odd", "number": { "max": 3 } },
        ])
    );
    let cases = now["testData"].as_array().unwrap();
    let names: Vec<&Value> = cases.iter().map(|case| &case["who"]).collect();
    assert_eq!(names, ["Eve", "Bo", "Cy"]);
    assert_eq!(cases[1], own["testData"][1]);
}

#[test]
fn every_format_brings_back_a_changed_text() {
    let env = TestEnv::new();
    let repo = start(&env);
    for (target, path) in [
        ("prompty", "raw.prompty"),
        ("langfuse", "raw.json"),
        ("promptfoo", "raw.promptfooconfig.yaml"),
        ("langchain", "raw.json"),
        ("dotprompt", "raw.prompt"),
    ] {
        let text = exported(&repo, target, path);
        assert!(text.contains("promptctl"), "{text}");
        repo.write(
            &format!("{target}/{path}"),
            text.replacen("Be kind", "Be brief", 1),
        );
        let line = format!("promptctl import {target} --into {target} --format json");
        let shown: Value = serde_json::from_str(&repo.run(&line).stdout).unwrap();
        let now = file(&repo, shown["prompts"][0]["name"].as_str().unwrap());
        let said = now["messages"][0]["content"].as_str().unwrap();
        assert!(said.contains("Be brief"), "{target}: {now:#}");
        assert_eq!(now["testData"][1]["expected"], "hi", "{target}");
    }
}

#[test]
fn keys_beside_others_of_promptfoo_count_or_are_named() {
    let env = TestEnv::new();
    let repo = start(&env);
    let config = "\
assertionTemplates: {short: {type: icontains, value: hi, weight: 1}, word: hi}
prompts:
  - {label: one, display: other, raw: 'Hello {{x}}', file: a.txt}
providers:
  - weird: 5
    openai:chat:gpt-4o: {config: {temperature: 0.5, generationConfig: 5}}
    label: mine
    transform: output
  - weird: 5
tests:
  - vars: {x: 1}
    assert: [{$ref: '#/assertionTemplates/short', weight: 3, metric: brevity}]
  - vars: {x: 2}
    assert: [{type: equals, value: {$ref: '#/assertionTemplates/word', extra: 1}}]
";
    let shown = imported(&repo, "promptfooconfig.yaml", config);
    for wanted in [
        "`weird` of a provider has no counterpart",
        "`label` of a provider has no counterpart",
        "`transform` of a provider has no counterpart",
        "a provider without an id, such as `openai:chat:gpt-5-mini` (`weird`): left out",
        "`generationConfig` of a provider is no map",
        "`display` of a prompt has no counterpart",
        "`file` of a prompt has no counterpart",
        "`extra` beside a `$ref` to what is no map",
    ] {
        says(&shown, wanted);
    }
    let name = shown["prompts"][0]["name"].as_str().unwrap();
    let now = file(&repo, name);
    assert_eq!(now["model"], "openai/gpt-4o");
    assert_eq!(now["modelParameters"], json!({ "temperature": 0.5 }));
    assert_eq!(
        now["testData"][0]["case"]["evaluators"],
        json!([{ "name": "brevity", "string": { "contains": "hi" }, "weight": 3 }])
    );
}

#[test]
fn what_decides_another_way_there_is_said_on_the_way_out() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/a.prompt.yml",
        "model: openai/gpt-5-mini\nmessages: [{role: user, content: '{{#if (lt a b)}}x{{/if}}'}]\n",
    );
    let run = repo.run("promptctl export a --to prompty");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("{% if a < b %}x{% endif %}"), "{run}");
    assert!(run.stderr.contains("are ordered as texts there"), "{run}");
}

#[test]
fn an_edit_that_finds_its_place_beside_what_was_kept_loses_nothing() {
    let env = TestEnv::new();
    let repo = start(&env);
    let path = "raw.promptfooconfig.yaml";
    let text = exported(&repo, "promptfoo", path).replace("max: 3", "near: 3");
    let edit = |change: fn(&mut Value)| {
        let mut config: Value = serde_yaml::from_str(&text).unwrap();
        change(&mut config);
        repo.write(&format!("in/{path}"), config.to_string());
        repo.run(&format!("promptctl import in/{path} --name b --dry-run"))
    };
    let clean: [fn(&mut Value); 4] = [
        |config| config["tests"][0]["vars"]["who"] = json!("Eve"),
        |config| config["defaultTest"]["assert"][0]["value"] = json!("Hello"),
        |config| drop(config["tests"].as_array_mut().unwrap().remove(0)),
        |config| {
            let more = json!({ "vars": { "who": "Cy" } });
            config["tests"].as_array_mut().unwrap().push(more);
        },
    ];
    for change in clean {
        let run = edit(change);
        assert_eq!(run.code, Some(0), "{run}");
    }
    // Which case was changed, with what is expected of it, cannot be told.
    let run = edit(|config| {
        config["tests"][0]["vars"]["who"] = json!("Eve");
        let more = json!({ "vars": { "who": "Cy" } });
        config["tests"].as_array_mut().unwrap().push(more);
    });
    assert_eq!(run.code, Some(3), "{run}");
}

#[test]
fn a_source_is_the_same_however_it_is_typed() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("pf/promptfooconfig.yaml", "prompts: ['Say {{word}}.']\n");
    repo.write("other/x.txt", "");
    repo.ok("promptctl import pf");
    let whole = repo.dir.join("pf").display().to_string();
    for typed in [
        "./pf",
        "pf/",
        "other/../pf",
        &whole,
        "pf//promptfooconfig.yaml",
    ] {
        let run = repo.run(&format!("promptctl import {typed}"));
        assert_eq!(
            (run.code, run.stderr.contains("up to date")),
            (Some(0), true),
            "{typed}\n{run}"
        );
    }
    let below = repo.cd("other");
    assert_snapshot!(below.run("promptctl import ../pf"), @"promptfoo is up to date with pf/promptfooconfig.yaml: nothing to do");
    // As earlier versions noted it.
    let file = "prompts/promptfoo.prompt.yml";
    let text = repo.read(file);
    assert!(text.contains("path: pf/promptfooconfig.yaml"), "{text}");
    repo.write(file, text.replace("path: pf/", "path: ./pf/"));
    repo.git("commit --quiet --all --message Noted");
    assert_eq!(repo.run("promptctl import pf").code, Some(0));
}
