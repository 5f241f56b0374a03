//! What machines read.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{GREETING, greeting};
use crate::env::{Shell, TestEnv};

/// A repository with an error with a place, one without, and a warning.
fn faulty(env: &TestEnv) -> Shell {
    let repo = env.repo();
    repo.write("prompts/a b/ü.prompt.yml", "version: 1\n");
    repo.write(
        "prompts/greeting.prompt.yml",
        GREETING.replace("{{name}}", "{{nmae}}"),
    );
    repo.write("prompts/greeting.PROMPT.yml", "x");
    repo.write("prompts/list.prompt.yml", "messages: 1\n");
    repo.write(
        "prompts/twice.prompt.yml",
        "version: 1\nmessages: [{role: user, content: \"{{a}} {{b}}\"}]\nx: 1\ny: 1\n",
    );
    repo.write("prompts/_unused.hbs", "Hi");
    repo
}

fn of(repo: &Shell, format: &str) -> String {
    let said = repo.run(&format!("promptctl validate --format {format}"));
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    said.stdout
}

#[test]
fn sarif_fits_its_official_schema() {
    // Its pattern for languages has a bracket too many, which only JavaScript forgives.
    let schema = include_str!("../schemas/sarif-2.1.0.json").replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let (env, sound) = (TestEnv::new(), TestEnv::new());
    for repo in [faulty(&env), greeting(&sound)] {
        let log: Value =
            serde_json::from_str(&repo.run("promptctl validate --format sarif").stdout).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn sarif_names_files_by_references() {
    let env = TestEnv::new();
    let log: Value = serde_json::from_str(&of(&faulty(&env), "sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let places: BTreeSet<&str> = results
        .iter()
        .filter_map(|result| {
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str()
        })
        .collect();
    assert!(
        places.contains("prompts/a%20b/%C3%BC.prompt.yml"),
        "{places:?}"
    );
}

/// GitLab publishes no schema of this format: these are the fields that its documentation requires.
#[test]
fn gitlab_gets_the_fields_that_it_documents() {
    let env = TestEnv::new();
    let report: Value = serde_json::from_str(&of(&faulty(&env), "gitlab")).unwrap();
    let issues = report.as_array().unwrap();
    assert!(issues.len() > 4);
    let mut marks = BTreeSet::new();
    for issue in issues {
        for field in ["description", "check_name", "fingerprint"] {
            assert!(
                issue[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {issue}"
            );
        }
        let severity = issue["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        let path = issue["location"]["path"].as_str().unwrap();
        assert!(!path.starts_with("./") && !path.starts_with('/'));
        assert!(
            issue["location"]["lines"]["begin"]
                .as_u64()
                .is_some_and(|line| line > 0)
        );
        assert!(
            marks.insert(issue["fingerprint"].as_str().unwrap()),
            "two issues with one fingerprint"
        );
    }
    let env = TestEnv::new();
    let sound: Value =
        serde_json::from_str(&greeting(&env).ok("promptctl validate --format gitlab")).unwrap();
    assert_eq!(sound, serde_json::json!([]));
}

/// JUnit XML has no official schema either: it must be well-formed, and count what it holds.
#[test]
fn junit_is_well_formed_and_counts_right() {
    let env = TestEnv::new();
    let text = of(&faulty(&env), "junit");
    let tags = elements(&text);
    assert_eq!(
        tags.iter()
            .filter(|tag| tag.starts_with("testsuites "))
            .count(),
        1
    );
    let suite = tags
        .iter()
        .find(|tag| tag.starts_with("testsuite "))
        .unwrap();
    let cases = tags
        .iter()
        .filter(|tag| tag.starts_with("testcase "))
        .count();
    let failures = tags
        .iter()
        .filter(|tag| tag.starts_with("failure "))
        .count();
    assert!(suite.contains(&format!("tests=\"{cases}\"")), "{suite}");
    assert!(
        suite.contains(&format!("failures=\"{failures}\"")),
        "{suite}"
    );
    assert!(failures >= 3 && cases > failures, "{text}");
}

/// The opening tags of an XML text, which must close in pairs.
fn elements(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut seen = Vec::new();
    let body = text
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        .unwrap();
    for piece in body.split('<').skip(1) {
        let (tag, content) = piece.split_once('>').unwrap();
        assert!(!content.contains('>'), "a bare > in {content}");
        for entity in content.split('&').skip(1) {
            assert!(
                ["amp;", "lt;", "gt;", "quot;"]
                    .iter()
                    .any(|known| entity.starts_with(known)),
                "{entity}"
            );
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        if !tag.ends_with('/') {
            open.push(name.to_owned());
        }
        seen.push(tag.to_owned());
    }
    assert_eq!(open, Vec::<String>::new());
    seen
}

#[test]
fn a_job_of_github_gets_annotations_by_itself() {
    let env = TestEnv::new();
    let repo = faulty(&env).with("GITHUB_ACTIONS", "true");
    let said = repo.run("promptctl validate greeting");
    assert_eq!(said.code, Some(3));
    insta::assert_snapshot!(said.stdout, @r"
    warning[P030]: the file has no `version:`, so that its changes go unnoticed
     --> prompts/greeting.prompt.yml
      = help: promptctl validate --fix writes `version:` and `digest:`

    warning[P105]: no message uses `name`
     --> prompts/greeting.prompt.yml:7:7
      |
    7 |       name: {type: string}
      |       ^^^^
      = help: write `{{name}}` where it belongs, or remove it from `input.schema`

    error[P104]: `nmae` is not declared in `input.schema`; `name` is
      --> prompts/greeting.prompt.yml:12:20
       |
    12 |     content: Greet {{nmae}}.
       |                    ^^^^^^^^
       = help: write `name`, or declare `nmae`

    ::warning file=prompts/greeting.prompt.yml,title=P030::the file has no `version:`, so that its changes go unnoticed%0Ahelp: promptctl validate --fix writes `version:` and `digest:`
    ::warning file=prompts/greeting.prompt.yml,line=7,col=7,title=P105::no message uses `name`%0Ahelp: write `{{name}}` where it belongs, or remove it from `input.schema`
    ::error file=prompts/greeting.prompt.yml,line=12,col=20,title=P104::`nmae` is not declared in `input.schema`; `name` is%0Ahelp: write `name`, or declare `nmae`
    ");
    assert!(
        !repo
            .run("promptctl validate --format text")
            .stdout
            .contains("::error")
    );
    let only = repo
        .run("promptctl validate greeting --format github")
        .stdout;
    assert!(only.lines().all(|line| line.starts_with("::")), "{only}");
}

#[test]
fn json_has_the_fields_that_are_promised() {
    let env = TestEnv::new();
    let report: Value = serde_json::from_str(&of(&faulty(&env), "json")).unwrap();
    assert_eq!(report["schema"], 1);
    for field in ["checked", "errors", "warnings", "allowed"] {
        assert!(report[field].is_u64(), "{field}");
    }
    for finding in report["findings"].as_array().unwrap() {
        let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "code", "severity", "path", "line", "column", "message", "help"
            ]
        );
    }
}
