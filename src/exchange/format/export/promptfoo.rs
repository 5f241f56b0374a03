//! promptfoo: a configuration with one prompt, and cases as tests.

use serde_json::{Map, Value, json};

use super::super::promptfoo::providers::plain_model;
use super::super::promptfoo::rubric::{self, KINDS};
use super::chat::{Can, Message, Part, joined, messages, settings};
use super::{Draft, own};
use crate::exchange::dialect::{Dialect, Expr, Known, Node, handlebars, written};
use crate::exchange::write::yaml_file;

const CAN: Can = Can {
    dialects: &[Dialect::Nunjucks],
    images: true,
};

/// Checks of texts, by whether case matters, and the assertions of that meaning.
const TEXTS: [(&str, bool, &str); 13] = [
    ("equals", false, "equals"),
    ("notEquals", false, "not-equals"),
    ("contains", true, "contains"),
    ("contains", false, "icontains"),
    ("notContains", true, "not-contains"),
    ("notContains", false, "not-icontains"),
    ("containsAny", true, "contains-any"),
    ("containsAny", false, "icontains-any"),
    ("containsAll", true, "contains-all"),
    ("containsAll", false, "icontains-all"),
    ("startsWith", true, "starts-with"),
    ("matches", false, "regex"),
    ("notMatches", false, "not-regex"),
];

pub(super) fn write(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let raw = raw(draft);
    let label = draft.name.rsplit('/').next().unwrap_or(draft.name);
    let mut file = Map::new();
    if let Some(about) = draft.text("description") {
        file.insert("description".to_owned(), json!(about));
    }
    file.insert(
        "prompts".to_owned(),
        json!([{ "label": label, "raw": raw }]),
    );
    let mut one = json!({ "id": provider(draft) });
    let settings = settings(draft);
    if !settings.is_empty() {
        one["config"] = Value::Object(settings);
    }
    file.insert("providers".to_owned(), json!([one]));
    let shared = draft.keys.about.get("evaluators").cloned();
    let shared = assertions(shared.as_ref(), draft);
    if !shared.is_empty() {
        file.insert("defaultTest".to_owned(), json!({ "assert": shared }));
    }
    let tests = tests(draft);
    if !tests.is_empty() {
        file.insert("tests".to_owned(), Value::Array(tests));
    }
    if let Some(own) = own(draft) {
        file.insert("metadata".to_owned(), json!({ "promptctl": own }));
    }
    vec![(
        format!("{}.promptfooconfig.yaml", draft.name),
        yaml_file(&file),
    )]
}

/// The provider of the model; promptfoo runs nothing without one.
fn provider(draft: &mut Draft<'_>) -> String {
    let model = draft.text("model").map(str::to_owned);
    let model = model.unwrap_or_else(|| {
        let model = "gpt-5-mini";
        draft.note(format!(
            "the prompt names no model, and promptfoo needs one: `openai:chat:{model}` stands there under `providers:`, for you to change"
        ));
        model.to_owned()
    });
    provider_of(&model)
}

/// What promptfoo calls a model.
fn provider_of(model: &str) -> String {
    let (provider, model) = model.split_once('/').unwrap_or(("openai", model));
    let kind = match provider {
        "openai" => "chat:",
        "anthropic" => "messages:",
        _ => "",
    };
    format!("{provider}:{kind}{model}")
}

/// The prompt: a text, or a chat as JSON.
fn raw(draft: &mut Draft<'_>) -> String {
    let mut chat = Vec::new();
    for message in messages(CAN, draft) {
        match message {
            Message::Said(role, parts) => {
                let content = match parts.as_slice() {
                    [] | [Part::Text(..)] => json!(joined(&parts)),
                    parts => parts.iter().map(part).collect(),
                };
                chat.push(json!({ "role": role, "content": content }));
            }
            Message::Placeholder(name) => draft.lose(
                format!("the placeholder `{name}`: promptfoo's chats are written out"),
                "messages",
            ),
        }
    }
    if let [only] = chat.as_slice()
        && only["role"] == "user"
        && let Some(text) = only["content"].as_str()
        && !text.trim_start().starts_with(['[', '{'])
        && !text.is_empty()
        && !may_be_a_file(text)
    {
        return text.to_owned();
    }
    serde_json::to_string_pretty(&chat).unwrap_or_default()
}

/// Whether promptfoo may look for a file, a program or a service of this name, where it should see a text.
fn may_be_a_file(text: &str) -> bool {
    let services = ["langfuse://", "portkey://", "helicone://"];
    let has_ending = |length: usize| text.chars().rev().nth(length) == Some('.');
    services.iter().any(|start| text.starts_with(start))
        || !text.contains('\n')
            && (text.contains(['/', '\\', '*'])
                || text.starts_with("exec:")
                || text.starts_with("package:")
                || (1..6).any(has_ending)
                || text.split(':').any(|part| {
                    part.rsplit_once('.')
                        .is_some_and(|(_, end)| end.len() < 6 && !end.contains(' '))
                }))
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text, _) => json!({ "type": "text", "text": text }),
        Part::Image(url, _, detail) => {
            let mut image = json!({ "url": url });
            if let Some(detail) = detail {
                image["detail"] = detail.clone();
            }
            json!({ "type": "image_url", "image_url": image })
        }
    }
}

fn tests(draft: &mut Draft<'_>) -> Vec<Value> {
    let rows = draft.keys.about.get("testData").and_then(Value::as_array);
    let mut tests = Vec::new();
    let mut has_expected = false;
    let mut has_template = false;
    let shared = draft.keys.about.get("evaluators");
    let is_shared_asked = shared.is_some_and(asks_for_expected);
    for row in rows.cloned().unwrap_or_default() {
        let Value::Object(mut vars) = row else {
            continue;
        };
        // Where `case` is a variable, what is about the case stands under another name.
        let case = vars.remove("$case").or_else(|| vars.remove("case"));
        let own = case.as_ref().and_then(|case| case.get("evaluators"));
        let mut asserts = assertions(own, draft);
        // Assertions that fill it in say what is expected, and need it as a variable.
        let is_asked = is_shared_asked || own.is_some_and(asks_for_expected);
        let expected = match is_asked {
            true => None,
            false => vars.remove("expected").filter(Value::is_string),
        };
        if let Some(expected) = expected {
            has_expected = true;
            asserts.push(json!({ "type": "icontains", "value": expected }));
        }
        let mut test = about(case.as_ref());
        has_template |= vars.values().any(is_template);
        if vars.values().any(Value::is_array) {
            // Else each item of a list would be a test of its own.
            test.insert("options".to_owned(), json!({ "disableVarExpansion": true }));
        }
        if !vars.is_empty() {
            test.insert("vars".to_owned(), Value::Object(vars));
        }
        if !asserts.is_empty() {
            test.insert("assert".to_owned(), Value::Array(asserts));
        }
        tests.push(Value::Object(test));
    }
    if has_expected {
        draft.note(
            "`expected` of a case is looked for in the answer there; evaluators come back here",
        );
    }
    if has_template {
        draft.note(
            "a value of a case with `{{`, or of the form `file://`, is filled in or read there; it comes back here as it is",
        );
    }
    tests
}

/// Whether a text in some evaluators is filled in with what a case expects.
fn asks_for_expected(value: &Value) -> bool {
    match value {
        Value::String(text) => is_filled_with("expected", text),
        Value::Array(items) => items.iter().any(asks_for_expected),
        Value::Object(map) => map.values().any(asks_for_expected),
        _ => false,
    }
}

/// Whether a text prints this field.
fn is_filled_with(name: &str, text: &str) -> bool {
    let is_it = |node: &Node| matches!(node, Node::Print(Expr::Path(path, _)) if path == name);
    text.contains("{{") && handlebars::read(text).is_ok_and(|nodes| nodes.iter().any(is_it))
}

/// Whether promptfoo makes another value of it.
fn is_template(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    ["{{", "{%", "{#"].iter().any(|sign| text.contains(sign)) || text.starts_with("file://")
}

/// What a case is about, as a test says it: its id or note, and tags of the form `key=value`.
fn about(case: Option<&Value>) -> Map<String, Value> {
    let mut test = Map::new();
    let text = |key: &str| case.and_then(|case| case.get(key)).and_then(Value::as_str);
    if let Some(about) = text("id").or_else(|| text("note")) {
        test.insert("description".to_owned(), json!(about));
    }
    let tags = case
        .and_then(|case| case.get("tags"))
        .and_then(Value::as_array);
    let mut metadata: Map<String, Value> = Map::new();
    for tag in tags.into_iter().flatten().filter_map(Value::as_str) {
        let (key, value) = tag.split_once('=').unwrap_or(("tags", tag));
        match metadata.get_mut(key) {
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(one) => *one = json!([one.clone(), value]),
            None => drop(metadata.insert(key.to_owned(), json!(value))),
        }
    }
    if !metadata.is_empty() {
        test.insert("metadata".to_owned(), Value::Object(metadata));
    }
    test
}

/// The evaluators that promptfoo has assertions for; the others are named.
fn assertions(evaluators: Option<&Value>, draft: &mut Draft<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for evaluator in evaluators.and_then(Value::as_array).into_iter().flatten() {
        match assertion(evaluator, draft.text("model")) {
            Some(assert) => {
                let is_judged = |it: &Value| KINDS.iter().any(|kind| it["type"] == *kind);
                if assert
                    .iter()
                    .any(|it| is_judged(it) && it.get("provider").is_none())
                {
                    draft.note("promptfoo's own judge decides rubrics there, and not the model that is asked here");
                }
                all.extend(assert);
            }
            None => {
                let name = evaluator.get("name").and_then(Value::as_str).unwrap_or("-");
                draft.note(format!(
                    "promptfoo has no assertion for the evaluator `{name}`; it comes back here"
                ));
            }
        }
    }
    all
}

/// An evaluator of a prompt with this model as assertions of the same meaning.
fn assertion(evaluator: &Value, own_model: Option<&str>) -> Option<Vec<Value>> {
    let map = evaluator.as_object()?;
    let kinds = [
        "string", "json", "limits", "text", "llm", "name", "weight", "required",
    ];
    if !map.keys().all(|key| kinds.contains(&key.as_str())) {
        return None;
    }
    let mut all = Vec::new();
    if let Some(checks) = map.get("string") {
        all.extend(texts(checks.as_object()?)?);
    }
    if let Some(checks) = map.get("text") {
        let like = expected(checks.get("like")?)?;
        let most = checks.get("maxDistance")?.as_u64()?;
        if *checks
            != json!({ "like": checks["like"], "metric": "levenshtein", "maxDistance": most })
        {
            return None;
        }
        all.push(json!({ "type": "levenshtein", "value": like, "threshold": most }));
    }
    if map.contains_key("llm") {
        let rubric = json!(rubric::rubric(evaluator)?);
        let named = KINDS
            .iter()
            .find(|kind| map.get("name").is_some_and(|name| name == *kind));
        let mut assert = json!({ "type": named.unwrap_or(&KINDS[0]), "value": expected(&rubric)? });
        // The prompt's own model judges here where nobody named another. Any other is written as it is read again.
        let model = map["llm"]["modelId"].as_str();
        let named = model.filter(|it| Some(*it) != own_model);
        let provider = named.map(provider_of).unwrap_or_default();
        if named.is_some() && plain_model(&provider).as_deref() == named {
            assert["provider"] = json!(provider);
        }
        all.push(assert);
    }
    if let Some(checks) = map.get("json") {
        let checks = checks.as_object()?;
        if checks
            .keys()
            .any(|key| !["schema", "anywhere"].contains(&key.as_str()))
        {
            return None;
        }
        let anywhere = checks.get("anywhere").and_then(Value::as_bool) == Some(true);
        let mut assert = json!({ "type": if anywhere { "contains-json" } else { "is-json" } });
        if let Some(schema) = checks.get("schema") {
            assert["value"] = schema.clone();
        }
        all.push(assert);
    }
    if let Some(limits) = map.get("limits") {
        for (key, value) in limits.as_object()? {
            all.push(match key.as_str() {
                "latency" => {
                    let limit = value.as_str()?.strip_suffix("ms")?;
                    json!({ "type": key, "threshold": limit.parse::<u64>().ok()? })
                }
                "cost" => json!({ "type": key, "threshold": value.as_f64()? }),
                _ => return None,
            });
        }
    }
    let weight = match (map.get("required"), map.get("weight")) {
        (None, weight) => weight.cloned(),
        // What decides nothing weighs nothing there.
        (Some(Value::Bool(false)), None) => Some(json!(0)),
        _ => return None,
    };
    for assert in &mut all {
        assert
            .as_object_mut()?
            .extend(weight.iter().map(|it| ("weight".to_owned(), it.clone())));
    }
    if let [only] = all.as_mut_slice()
        && let Some(name) = map.get("name").filter(|name| **name != only["type"])
        && !is_template(name)
    {
        only["metric"] = name.clone();
    }
    (!all.is_empty()).then_some(all)
}

/// Checks of a text as assertions of the same meaning.
fn texts(checks: &Map<String, Value>) -> Option<Vec<Value>> {
    let has_case = checks.get("caseSensitive").and_then(Value::as_bool) == Some(true);
    let mut all = Vec::new();
    let words = ["minWords", "maxWords"].map(|key| checks.get(key));
    match words {
        [None, None] => {}
        [Some(least), Some(most)] if least == most => {
            all.push(json!({ "type": "word-count", "value": least }));
        }
        [least, most] => {
            let limits = [("min", least), ("max", most)].into_iter();
            let limits = limits.filter_map(|(key, it)| Some((key.to_owned(), it?.clone())));
            all.push(json!({ "type": "word-count", "value": limits.collect::<Map<_, _>>() }));
        }
    }
    let others = ["caseSensitive", "minWords", "maxWords"];
    for (key, value) in checks
        .iter()
        .filter(|(key, _)| !others.contains(&key.as_str()))
    {
        let is_row = |row: &&(&str, bool, &str)| row.0 == key && row.1 == has_case;
        let (.., name) = TEXTS.iter().find(is_row)?;
        let mut value = expected(value)?;
        if let (true, Value::String(pattern)) = (key.ends_with("atches"), &mut value) {
            // Words end there as this says it.
            *pattern = pattern.replace(r"(?-u:\b)", r"\b");
        }
        all.push(json!({ "type": name, "value": value }));
    }
    Some(all)
}

/// The value of a check, which is a template over the case.
fn expected(value: &Value) -> Option<Value> {
    match value {
        // An assertion there knows the case, and not what was answered.
        Value::String(text) if is_filled_with("completion", text) => None,
        Value::String(text) => {
            let nodes = handlebars::read(text).ok()?;
            let written = written::write(&nodes, Dialect::Nunjucks).ok()?.text;
            let read = Dialect::Nunjucks.read(&written, &Known::default()).ok()?;
            (read.nodes == nodes).then_some(Value::String(written))
        }
        Value::Array(items) => items.iter().map(expected).collect(),
        _ => None,
    }
}
