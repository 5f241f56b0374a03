//! Suites that other projects publish for their formats, where a folder of them is named: each case
//! is imported and rendered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::env::{Shell, TestEnv, of_this_process, skipped};

/// The folder that a variable names, if it does.
fn suite(variable: &str, what: &str) -> Option<PathBuf> {
    let folder = of_this_process(variable).map(PathBuf::from);
    if folder.is_none() {
        skipped(&format!("{variable} names no folder with {what}"));
    }
    folder
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            found.push(path);
        }
    }
}

/// One case: where it stands, what callers give, and what comes of it.
struct Case {
    name: String,
    /// Its prompt here.
    prompt: String,
    values: Map<String, Value>,
    expect: Value,
    /// Whether the template places the history.
    has_history: bool,
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Messages of Dotprompt's as roles, texts and pictures.
fn theirs(messages: &Value, has_history: bool) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for message in messages.as_array().into_iter().flatten() {
        let role = match message["role"].as_str().unwrap() {
            "model" => "assistant",
            role => role,
        };
        let mut text = String::new();
        for part in message["content"].as_array().unwrap() {
            text.push_str(part["text"].as_str().unwrap_or_default());
            if let Some(url) = part["media"]["url"].as_str() {
                let kind = part["media"]["contentType"].as_str().unwrap_or("image/");
                let kind = kind.split('/').next().unwrap();
                text.push_str(&format!("[{kind} {url}]"));
            }
        }
        all.push((role.to_owned(), text));
    }
    if !has_history {
        // Where the template has no place for it, the program puts the history in.
        all.retain(|(_, text)| text != "hello");
    }
    all
}

/// Messages as `render` shows them, in the same form.
fn ours(messages: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for message in messages.as_array().unwrap() {
        let text = match &message["content"] {
            Value::String(text) => text.clone(),
            parts => parts
                .as_array()
                .unwrap()
                .iter()
                .map(|part| match part["url"].as_str() {
                    Some(url) => format!("[{} {url}]", part["type"].as_str().unwrap()),
                    None => part["text"].as_str().unwrap().to_owned(),
                })
                .collect(),
        };
        all.push((message["role"].as_str().unwrap().to_owned(), text));
    }
    all
}

/// Writes the cases of a file as files of Dotprompt's, and says what is expected of each.
fn cases(path: &Path, folder: &Path, repo: &Shell) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let groups: Value = serde_yaml::from_str(&text).unwrap();
    let mut all = Vec::new();
    let stem = path.strip_prefix(folder).unwrap().with_extension("");
    let stem = stem.to_string_lossy().replace(['/', '\\'], "-");
    for (index, group) in groups.as_array().unwrap().iter().enumerate() {
        let name = group["name"].as_str().unwrap();
        let prompt = format!("{stem}-{index}");
        let mut template = group["template"].as_str().unwrap().to_owned();
        if template.ends_with("---\n") {
            // A prompt without a text is none here.
            template.push_str("Hi.");
        }
        repo.write(&format!("{prompt}/p.prompt"), &template);
        for key in ["partials", "resolverPartials"] {
            for (partial, text) in map(&group[key]) {
                repo.write(
                    &format!("{prompt}/_{partial}.prompt"),
                    text.as_str().unwrap(),
                );
            }
        }
        for test in group["tests"].as_array().unwrap() {
            let mut values = map(&test["options"]["input"]["default"]);
            values.extend(map(&group["data"]["input"]));
            values.extend(map(&test["data"]["input"]));
            values.extend(map(&test["data"]["context"]));
            let given = [&test["data"], &group["data"]];
            let history = given.iter().find_map(|data| data["messages"].as_array());
            let has_history = template.contains("{{history}}");
            if has_history {
                let messages = history.into_iter().flatten().map(|message| {
                    let role = message["role"]
                        .as_str()
                        .unwrap()
                        .replace("model", "assistant");
                    json!({ "role": role, "content": message["content"][0]["text"] })
                });
                values.insert("history".to_owned(), messages.collect());
            }
            all.push(Case {
                name: format!("{stem}: {name}: {}", test["desc"].as_str().unwrap()),
                prompt: prompt.clone(),
                values,
                expect: test["expect"].clone(),
                has_history,
            });
        }
    }
    all
}

/// The schemas that a case expects and that are not those of the file.
fn other_schema(case: &Case, file: &str) -> Option<&'static str> {
    let file: Value = serde_yaml::from_str(file).unwrap();
    let differs = |wanted: &Value, found: &Value| !wanted.is_null() && wanted != found;
    let output = &case.expect["output"]["schema"];
    let input = &case.expect["input"]["schema"];
    if differs(output, &file["jsonSchema"]["schema"]) {
        return Some("output");
    }
    differs(input, &file["input"]["schema"]).then_some("input")
}

/// Google's suite for Dotprompt: the folder `spec` of google/dotprompt. What does not render the
/// same was said when it was imported.
#[test]
fn googles_suite_for_dotprompt_renders_the_same() {
    let what = "the suite of google/dotprompt (its folder spec)";
    let Some(folder) = suite("PROMPTCTL_TEST_DOTPROMPT", what) else {
        return;
    };
    let mut files = Vec::new();
    yaml_files(&folder, &mut files);
    files.sort();
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("git commit --quiet --allow-empty --message start");
    let (mut count, mut same) = (0, 0);
    let mut imported: BTreeMap<String, Value> = BTreeMap::new();
    let mut told = Vec::new();
    let mut silent = Vec::new();
    for path in files {
        for case in cases(&path, &folder, &repo) {
            count += 1;
            let Case { name, prompt, .. } = &case;
            let shown = imported.entry(prompt.clone()).or_insert_with(|| {
                let run = repo.run(&format!(
                    "promptctl import {prompt} --into {prompt} --format json"
                ));
                serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"))
            });
            repo.write("values.json", json!(case.values).to_string());
            let run = repo.run(&format!(
                "promptctl render {prompt}/p --vars values.json --format json"
            ));
            let rendered: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
            let expected = theirs(&case.expect["messages"], case.has_history);
            let found = match rendered["messages"].is_array() {
                true => ours(&rendered["messages"]),
                false => vec![("refused".to_owned(), run.to_string())],
            };
            let is_bare = expected.is_empty();
            let file = repo.read(&format!("prompts/{prompt}/p.prompt.yml"));
            let schema = other_schema(&case, &file);
            if (is_bare || found == expected) && schema.is_none() {
                same += 1;
                continue;
            }
            let lost = shown["prompts"][0]["lost"].as_array().unwrap();
            match lost.iter().find(|it| it["note"] == false) {
                Some(lost) => told.push(format!("{name}: {}", lost["message"].as_str().unwrap())),
                None => silent.push(format!("{name}\n  {expected:?}\n  {found:?}\n  {schema:?}")),
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    // Sound and film, schemas that only the program knows, an input that is no map.
    assert!(
        told.len() <= 5 && same + told.len() == count && count > 100,
        "{same} of {count} the same; told:\n{}",
        told.join("\n")
    );
}

/// Prompty's vectors: `render_vectors.json` of microsoft/prompty.
#[test]
fn the_published_vectors_of_prompty_render_as_published() {
    let what = "render_vectors.json of microsoft/prompty";
    let Some(folder) = suite("PROMPTCTL_TEST_PROMPTY", what) else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("render_vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("git commit --quiet --allow-empty --message start");
    let mut wrong = Vec::new();
    for vector in vectors.as_array().unwrap() {
        let name = vector["name"].as_str().unwrap().replace('_', "-");
        let input = &vector["input"];
        let mut inputs = Vec::new();
        let mut values = Map::new();
        for (name, value) in map(&input["inputs"]) {
            let kind = match &value {
                Value::Object(map) if map.contains_key("_kind") => "thread",
                Value::Object(_) => "object",
                Value::Array(_) => "array",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                _ => "string",
            };
            inputs.push(json!({ "name": name, "kind": kind }));
            let messages = value.get("messages").cloned();
            values.insert(name, messages.unwrap_or(value));
        }
        let head = json!({
            "name": name, "inputs": inputs, "template": { "format": { "kind": input["engine"] } },
        });
        let template = input["template"].as_str().unwrap();
        repo.write(
            &format!("{name}.prompty"),
            format!("---\n{head}\n---\n{template}\n"),
        );
        repo.write("values.json", json!(values).to_string());
        repo.ok(&format!("promptctl import {name}.prompty"));
        let run = repo.run(&format!(
            "promptctl render {name} --vars values.json --format json"
        ));
        let rendered: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        let expected = &vector["expected"];
        let fits = match rendered["messages"].as_array() {
            // What is missing prints nothing there, and is an error here.
            None => name == "missing-variable-renders-empty" && run.stderr.contains("P102"),
            Some(messages) => {
                let all = ours(&json!(messages));
                let whole: Vec<String> = all
                    .iter()
                    .map(|(role, text)| format!("{role}:\n{text}"))
                    .collect();
                let text = match template.starts_with("system:") {
                    true => whole.join("\n\n"),
                    false => all[0].1.clone(),
                };
                match expected["rendered"].as_str() {
                    Some(expected) => text == expected,
                    None => {
                        text.contains("user:\nprevious question\n\nassistant:\nprevious answer")
                    }
                }
            }
        };
        if !fits {
            wrong.push(format!("{name}: {run}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
