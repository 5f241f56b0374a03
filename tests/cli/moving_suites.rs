//! Suites that other projects publish for their formats, where a folder of them is named: each case
//! is imported and rendered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::env::{Shell, TestEnv, node_modules_with, of_this_process, python_with, skipped};

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

/// Renders with the engines that the formats come from: one text a line, as JSON; null where the
/// engine refuses.
const ENGINES: &str = "\
import json, sys
import chevron, jinja2
def render(engine, template, values):
    if engine == 'jinja2':
        return jinja2.Environment().from_string(template).render(**values)
    if engine == 'mustache':
        return chevron.render(template, values)
    return template.format(**values)
for case in json.load(open(sys.argv[1])):
    try:
        print(json.dumps(render(case['engine'], case['template'], case['values'])))
    except Exception:
        print('null')
";

/// The same with the engine of promptfoo, set as it is there.
const NUNJUCKS: &str = "\
const engine = new (require('nunjucks').Environment)(null, { autoescape: false });
for (const { template, values } of JSON.parse(require('fs').readFileSync('cases.json'))) {
    try {
        console.log(JSON.stringify(engine.renderString(template, values)));
    } catch {
        console.log('null');
    }
}
";

/// What the engine of each case renders; none where the engines are not here.
pub(super) fn rendered_there(repo: &Shell, cases: &[Value]) -> Option<Vec<Value>> {
    repo.write("cases.json", json!(cases).to_string());
    let said = if cases[0]["engine"] == "nunjucks" {
        let modules = node_modules_with(&["nunjucks"])?;
        repo.write("engines.js", NUNJUCKS);
        repo.with("NODE_PATH", modules).ok("node engines.js")
    } else {
        let python = python_with("jinja2, chevron")?;
        repo.write("engines.py", ENGINES);
        repo.ok(&format!("{python} engines.py cases.json"))
    };
    Some(
        said.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

/// Values for the variables of a prompt, of their types.
fn values_of(repo: &Shell, name: &str) -> Map<String, Value> {
    let shown = repo.json(&format!("promptctl show {name} --format json"));
    let value = |variable: &Value| {
        let name = variable["name"].as_str().unwrap();
        match variable["type"].as_str() {
            Some("integer" | "number") => json!(3),
            Some("boolean") => json!(true),
            Some("array") => json!([]),
            Some("object") => json!({}),
            _ => json!(format!("a {name} {{{{b}}}}")),
        }
    };
    let all = shown["variables"].as_array().unwrap().iter();
    all.map(|it| (it["name"].as_str().unwrap().to_owned(), value(it)))
        .collect()
}

pub(super) fn messages_of(
    repo: &Shell,
    name: &str,
    values: &Map<String, Value>,
) -> Option<Vec<(String, String)>> {
    repo.write("values.json", json!(values).to_string());
    let run = repo.run(&format!(
        "promptctl render {name} --vars values.json --format json"
    ));
    let rendered: Value = serde_json::from_str(&run.stdout).ok()?;
    rendered["messages"]
        .is_array()
        .then(|| ours(&rendered["messages"]))
}

/// Templates of each language render here as its own engine renders them.
#[test]
fn templates_render_as_the_engines_they_were_written_for_do() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("git commit --quiet --allow-empty --message start");
    let values = json!({
        "x": "V <b>", "empty": "", "number": 3, "yes": true, "no": false, "list": ["a", "b", "c"], "nil": [],
        "user": { "name": "Ada", "tags": ["k"] }, "users": [{ "name": "A", "on": true }, { "name": "B", "on": false }],
    });
    let mut cases = Vec::new();
    for template in [
        "{% if x %}\nA\n{% endif %}\nB\n",
        "{%- if no -%}\n A \n{%- else -%}\n B \n{%- endif -%}\nC",
        "{% for i in list %}\n- {{ loop.index0 }} {{ i | upper }}{% if not loop.last %},{% endif %}\n{% endfor %}\n\n",
        "{% for i in nil %}x{% else %}none\n{% endfor %}{{ list | join(', ') }} {{ list | length }} {{ list[1] }}",
        "{% for u in users %}{% if u.on %}{{ u.name }}: {{ user.name }}{% elif u.name == 'B' %}b{% endif %}{% endfor %}",
        "{% raw %}{{ x }} {% if %}{% endraw %}{# gone #} {{ '{' }} } {{ user.tags | first }}{{ list | last }}\n",
        "{{ x if yes and not no else empty }} {{ gone | default('nil') }} {{ \"  a \" | trim | upper }} {{ -3 | abs }}",
        "{% if number > 2 and (no or yes) %}{{ number }}{% endif %}\\{{ x }} {{ x }}{ {{ x }}}",
        "\n\n  {% if yes %}  a{% endif %}  \n\t{% if no %}b{% endif %}\n é {{x}}\n\n\n",
    ] {
        cases.push(json!({ "engine": "jinja2", "template": template, "values": values }));
    }
    for template in [
        "Hi {{{x}}} {{& x}}\n{{#list}}\n- {{.}}\n{{/list}}\n{{^nil}}none{{/nil}}\n  {{! gone }}\nend",
        "{{#users}}{{{name}}}! {{/users}}{{#yes}}\nyes\n{{/yes}}\n{{^no}} no {{/no}}{{user.name}}",
    ] {
        cases.push(json!({ "engine": "mustache", "template": template, "values": values }));
    }
    for template in [
        "{x} {{x}} {{{x}}} }} {{ {empty}\n\n",
        "{{\"a\": {{}}, \"b\": \"{x}\"}}",
    ] {
        cases.push(json!({ "engine": "f-string", "template": template, "values": values }));
    }
    let Some(there) = rendered_there(&repo, &cases) else {
        return;
    };
    for (index, (case, expected)) in cases.iter().zip(&there).enumerate() {
        let name = format!("case-{index}");
        let engine = case["engine"].as_str().unwrap();
        let template = case["template"].as_str().unwrap();
        let known = values.as_object().unwrap();
        let inputs: Vec<Value> = known
            .iter()
            .map(|(name, value)| match value {
                Value::Array(_) => json!({ "name": name, "kind": "array" }),
                Value::Bool(_) => json!({ "name": name, "kind": "boolean" }),
                _ => json!({ "name": name }),
            })
            .collect();
        let file = match engine {
            // What surrounds a message is taken away there.
            "mustache" => {
                let head = json!({ "inputs": inputs, "template": { "format": "mustache" } });
                repo.write(
                    &format!("{name}.prompty"),
                    format!("---\n{head}\n---\nuser:\n{template}\n"),
                );
                format!("{name}.prompty")
            }
            "jinja2" => {
                repo.write(&format!("{name}.j2"), template);
                format!("{name}.j2")
            }
            _ => {
                let file = json!({ "_type": "prompt", "template": template, "template_format": "f-string", "input_variables": ["x", "empty"] });
                repo.write(&format!("{name}.json"), file.to_string());
                format!("{name}.json")
            }
        };
        let run = repo.run(&format!("promptctl import {file}"));
        assert_eq!(run.code, Some(0), "{template:?} {run}");
        let given = values_of(&repo, &name);
        let given = known
            .iter()
            .filter(|(name, _)| given.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let found = messages_of(&repo, &name, &given).unwrap_or_else(|| panic!("{template:?}"));
        assert_eq!(found[0].1, expected.as_str().unwrap(), "{template:?}");
    }
}

/// Where files of other people stand beside this project, what they render is the same too.
#[test]
fn files_of_other_people_render_as_their_engines_do() {
    let corpus = crate::env::top().join("../shared/corpus/import/prompty");
    if !corpus.is_dir() {
        skipped("there is no ../shared/corpus/import, so no files of other tools are rendered");
        return;
    }
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("git commit --quiet --allow-empty --message start");
    let run = repo.run(&format!(
        "promptctl import {} --into p --format json",
        corpus.display()
    ));
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    let mut cases = Vec::new();
    let mut found = Vec::new();
    for prompt in shown["prompts"].as_array().unwrap() {
        if prompt["action"] != "created" {
            continue;
        }
        let path = prompt["source"]["path"].as_str().unwrap();
        let name = prompt["name"].as_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        let text = text.trim_start_matches('\u{feff}');
        let body = text.splitn(3, "---\n").last().unwrap();
        let engine = if text.contains("mustache") {
            "mustache"
        } else {
            "jinja2"
        };
        let mut values = values_of(&repo, name);
        let Some(messages) = messages_of(&repo, name, &values) else {
            continue;
        };
        for value in values.values_mut().filter(|value| *value == &json!([])) {
            // A conversation of no messages prints nothing.
            *value = json!("");
        }
        cases.push(json!({ "engine": engine, "template": body, "values": values }));
        found.push((path.to_owned(), messages));
    }
    let Some(there) = rendered_there(&repo, &cases) else {
        return;
    };
    let role = regex::Regex::new(r"(?im)^[ \t]*#?[ \t]*(?:system|developer|user|assistant)[ \t]*(?:\[[^\]\n]*\])?[ \t]*:[ \t]*$").unwrap();
    let mut same = 0;
    let mut other = Vec::new();
    for ((path, messages), text) in found.iter().zip(&there) {
        let Some(text) = text.as_str() else { continue };
        let texts: Vec<&str> = role
            .split(text)
            .map(|text| text.trim_matches('\n'))
            .filter(|text| !text.trim().is_empty())
            .collect();
        let ours: Vec<&str> = messages
            .iter()
            .map(|(_, text)| text.trim_matches('\n'))
            .collect();
        match texts == ours {
            true => same += 1,
            false => other.push(format!("{path}\n  {texts:?}\n  {ours:?}")),
        }
    }
    assert!(
        other.is_empty() && same >= 60,
        "{same} the same\n{}",
        other.join("\n")
    );
}
