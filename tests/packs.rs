//! The bundled prompts: what every one of them promises, and whether their evaluators tell a good
//! answer from a bad one.
//!
//! In a bundled prompt a case holds the input variables, `kind` (`typical`, `edge` or `hostile`),
//! `expected`, and fields that evaluators ask for, such as `must_mention` and `forbidden`.
//! `tests/answers/<pack>/<prompt>.yaml` holds `answers:`, each with `case` (the index in
//! `testData`), a `good` and a `bad` answer, `why` the bad one is bad, and the evaluator that it is
//! `caught_by`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext};
use promptctl::prompt::document::Object;
use promptctl::prompt::evaluate::{Verdict, check, evaluate};
use serde_json::{Value, json};

const HELPERS: [&str; 8] = [
    "default",
    "join",
    "json",
    "percent",
    "round",
    "signal_label",
    "trend_label",
    "truncate",
];
const KINDS: [&str; 3] = ["typical", "edge", "hostile"];
const PROMPTS: [&str; 12] = [
    "core/auto-issue-generator",
    "core/chat-assistant",
    "core/documentation-generator",
    "core/feedback-issue-creator",
    "core/readme-update-generator",
    "core/sub-issue-generator",
    "trading/daily-chart-analysis",
    "trading/daily-chart-analysis.zh",
    "trading/multi-timeframe-consolidation",
    "trading/multi-timeframe-consolidation.zh",
    "trading/weekly-chart-trend-confirmation",
    "trading/weekly-chart-trend-confirmation.zh",
];

struct Prompt {
    name: String,
    text: String,
    file: Value,
}

impl Prompt {
    fn all() -> Vec<Self> {
        PROMPTS.into_iter().map(Self::load).collect()
    }

    fn load(name: &str) -> Self {
        let text = read(&top().join(format!("prompts/{name}.prompt.yml")));
        let file = yaml(name, &text);
        Self {
            name: name.to_owned(),
            text,
            file,
        }
    }

    fn properties(&self) -> &Object {
        object(&self.file["input"]["schema"]["properties"])
    }

    fn cases(&self) -> Vec<&Object> {
        list(&self.file["testData"]).iter().map(object).collect()
    }

    fn evaluators(&self) -> Vec<&Object> {
        list(&self.file["evaluators"]).iter().map(object).collect()
    }

    /// The values of the input variables alone, with the defaults of the schema.
    fn variables(&self, case: &Object) -> Object {
        let given = |name: &String, declared: &Value| {
            case.get(name).or_else(|| declared.get("default")).cloned()
        };
        self.properties()
            .iter()
            .filter_map(|(name, declared)| Some((name.clone(), given(name, declared)?)))
            .collect()
    }

    /// The case with the defaults of the schema filled in, as evaluators get it.
    fn with_defaults(&self, case: &Object) -> Object {
        let mut filled = self.variables(case);
        filled.extend(case.clone());
        filled
    }

    fn schema(&self) -> Option<&Value> {
        self.file["jsonSchema"].get("schema")
    }

    /// The texts of all messages, parts included.
    fn templates(&self) -> Vec<&str> {
        let mut templates = Vec::new();
        for message in list(&self.file["messages"]) {
            match &message["content"] {
                Value::String(text) => templates.push(text.as_str()),
                parts => {
                    for part in list(parts) {
                        templates.extend(part["text"].as_str());
                        templates.extend(part["url"].as_str());
                    }
                }
            }
        }
        templates
    }
}

#[test]
fn the_list_of_prompts_is_the_folder() {
    let mut found = BTreeSet::new();
    for pack in ["core", "trading"] {
        for entry in fs::read_dir(top().join("prompts").join(pack)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            if let Some(name) = file.strip_suffix(".prompt.yml") {
                found.insert(format!("{pack}/{name}"));
            } else {
                assert!(
                    file.starts_with('_') && file.ends_with(".hbs"),
                    "{pack}/{file}"
                );
            }
        }
    }
    assert_eq!(found, PROMPTS.into_iter().map(String::from).collect());
}

#[test]
fn every_prompt_has_what_a_bundled_prompt_has() {
    for prompt in Prompt::all() {
        let (name, file) = (&prompt.name, &prompt.file);
        let pack = name.split('/').next().unwrap();
        assert!(
            prompt
                .text
                .starts_with("# yaml-language-server: $schema=../prompt.schema.json\n"),
            "{name}"
        );
        for key in ["name", "description"] {
            assert!(
                file[key].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {key}"
            );
        }
        assert_eq!(file["version"], 1, "{name}");
        assert_eq!(file.get("digest"), None, "{name}");
        assert_eq!(file["category"], pack, "{name}");
        assert!(!list(&file["tags"]).is_empty(), "{name}");
        assert_eq!(file["extraBody"], json!({"store": false}), "{name}");
        let parameters: Vec<_> = object(&file["modelParameters"]).keys().collect();
        assert_eq!(
            parameters,
            ["maxTokens", "reasoningEffort", "verbosity"],
            "{name}"
        );
        for (variable, declared) in prompt.properties() {
            assert!(declared["type"].is_string(), "{name}: {variable}");
            assert!(declared["description"].is_string(), "{name}: {variable}");
        }
    }
}

#[test]
fn json_schemas_are_strict_at_every_level() {
    fn strict(name: &str, schema: &Value) {
        if let Some(properties) = schema.get("properties") {
            let keys: BTreeSet<_> = object(properties).keys().map(String::as_str).collect();
            let required = list(&schema["required"])
                .iter()
                .filter_map(Value::as_str)
                .collect();
            assert_eq!(keys, required, "{name}");
            assert_eq!(schema["additionalProperties"], false, "{name}");
            object(properties)
                .values()
                .for_each(|schema| strict(name, schema));
        }
        if let Some(items) = schema.get("items") {
            strict(name, items);
        }
        for unsupported in ["minLength", "maxLength", "default", "oneOf", "if", "not"] {
            assert_eq!(schema.get(unsupported), None, "{name}");
        }
    }
    for prompt in Prompt::all() {
        match prompt.file["responseFormat"].as_str() {
            Some("json_schema") => {
                assert_eq!(prompt.file["jsonSchema"]["strict"], true, "{}", prompt.name);
                strict(&prompt.name, prompt.schema().unwrap());
            }
            other => assert_eq!(
                (other, prompt.schema()),
                (Some("text"), None),
                "{}",
                prompt.name
            ),
        }
    }
}

#[test]
fn variables_used_are_the_variables_declared() {
    for prompt in Prompt::all() {
        let declared: BTreeSet<_> = prompt.properties().keys().cloned().collect();
        let used: BTreeSet<_> = prompt.templates().into_iter().flat_map(names).collect();
        assert_eq!(used, declared, "{}", prompt.name);
    }
}

#[test]
fn every_case_renders_and_fits_the_input_schema() {
    let engine = engine();
    for prompt in Prompt::all() {
        let schema = jsonschema::validator_for(&prompt.file["input"]["schema"]).unwrap();
        for (index, case) in prompt.cases().into_iter().enumerate() {
            let at = format!("{} case {index}", prompt.name);
            let variables = Value::Object(prompt.variables(case));
            let misfit = schema
                .iter_errors(&variables)
                .next()
                .map(|error| error.to_string());
            assert_eq!(misfit, None, "{at}");
            for template in prompt.templates() {
                let text = engine.render_template(template, &variables).unwrap();
                assert!(!text.trim().is_empty(), "{at}");
                assert!(!text.contains("{{>"), "{at}: {text}");
            }
        }
    }
}

#[test]
fn every_prompt_has_five_cases_and_a_hostile_one() {
    for prompt in Prompt::all() {
        let cases = prompt.cases();
        assert!(cases.len() >= 5, "{}", prompt.name);
        let evaluators = Value::from_iter(prompt.evaluators().into_iter().cloned()).to_string();
        for (index, case) in cases.iter().enumerate() {
            let at = format!("{} case {index}", prompt.name);
            assert!(
                case["kind"]
                    .as_str()
                    .is_some_and(|kind| KINDS.contains(&kind)),
                "{at}"
            );
            assert!(case.contains_key("expected"), "{at}");
            for key in case.keys() {
                let known = ["kind", "expected"].contains(&key.as_str())
                    || prompt.properties().contains_key(key)
                    || evaluators.contains(&format!("{{{{{key}}}}}"));
                assert!(
                    known,
                    "{at}: `{key}` is no variable, and no evaluator asks for it"
                );
            }
        }
        assert!(
            cases.iter().any(|case| case["kind"] == "hostile"),
            "{}",
            prompt.name
        );
    }
}

#[test]
fn evaluators_work_without_a_model_in_every_case() {
    for prompt in Prompt::all() {
        for evaluator in prompt.evaluators() {
            check(evaluator).unwrap();
            for case in prompt.cases() {
                let case = prompt.with_defaults(case);
                let verdict = evaluate(evaluator, &case, "", prompt.schema()).unwrap();
                assert_ne!(verdict, Verdict::NeedsModel, "{}", prompt.name);
            }
        }
    }
}

#[test]
fn good_answers_pass_and_bad_ones_are_rejected() {
    for prompt in Prompt::all() {
        let path = top().join(format!("tests/answers/{}.yaml", prompt.name));
        let answers = yaml(&prompt.name, &read(&path));
        let cases = prompt.cases();
        let mut answered = BTreeSet::new();
        let mut hostile = false;
        for answer in list(&answers["answers"]) {
            let index = usize::try_from(answer["case"].as_u64().unwrap()).unwrap();
            let case = prompt.with_defaults(cases[index]);
            let at = format!("{} case {index}", prompt.name);
            let failures = |key: &str| failures(&prompt, &case, answer[key].as_str().unwrap());
            assert_eq!(
                failures("good"),
                Vec::<String>::new(),
                "{at}: the good answer"
            );
            let why = answer["why"].as_str().unwrap();
            let caught_by = answer["caught_by"].as_str().unwrap();
            let found = failures("bad");
            let caught = found
                .iter()
                .any(|reason| reason.starts_with(&format!("{caught_by}: ")));
            assert!(
                caught,
                "{at}: `{caught_by}` passes it, although {why}; others: {found:#?}"
            );
            hostile |= case["kind"] == "hostile";
            answered.insert(index);
        }
        assert!(
            answered.len() >= 2 && hostile,
            "{}: too few answers",
            prompt.name
        );
    }
}

#[test]
fn a_chinese_variant_keeps_the_contract_of_its_base() {
    fn without_words(value: &Value) -> Value {
        match value {
            Value::Object(map) => map
                .iter()
                .filter(|(key, value)| !(key.as_str() == "description" && value.is_string()))
                .map(|(key, value)| (key.clone(), without_words(value)))
                .collect(),
            Value::Array(items) => items.iter().map(without_words).collect(),
            other => other.clone(),
        }
    }
    for prompt in Prompt::all() {
        let Some(base) = prompt.name.strip_suffix(".zh") else {
            continue;
        };
        let base = Prompt::load(base);
        for key in [
            "model",
            "modelParameters",
            "input",
            "responseFormat",
            "jsonSchema",
            "extraBody",
        ] {
            let (ours, theirs) = (&prompt.file[key], &base.file[key]);
            assert_eq!(
                without_words(ours),
                without_words(theirs),
                "{}: {key}",
                prompt.name
            );
        }
        for (ours, theirs) in prompt.cases().into_iter().zip(base.cases()) {
            assert_eq!(ours["expected"], theirs["expected"], "{}", prompt.name);
        }
        assert_eq!(prompt.cases().len(), base.cases().len(), "{}", prompt.name);
    }
}

/// Why the answer fails, one line for each evaluator that rejects it.
fn failures(prompt: &Prompt, case: &Object, answer: &str) -> Vec<String> {
    let judge = |evaluator: &&Object| evaluate(evaluator, case, answer, prompt.schema()).unwrap();
    prompt
        .evaluators()
        .iter()
        .filter_map(|evaluator| match judge(evaluator) {
            Verdict::Fail { reason } => {
                Some(format!("{}: {reason}", evaluator["name"].as_str().unwrap()))
            }
            _ => None,
        })
        .collect()
}

/// The variables that a template asks for; names below `this` belong to an item, not to the prompt.
fn names(template: &str) -> Vec<String> {
    let mut names = Vec::new();
    for tag in template
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next())
    {
        if tag.starts_with(['>', '/', '!']) {
            continue;
        }
        let mut text = String::new();
        let mut quoted = false;
        for c in tag.chars() {
            quoted ^= c == '"';
            text.push(if quoted || "\"()#".contains(c) {
                ' '
            } else {
                c
            });
        }
        names.extend(
            text.split_whitespace()
                .filter(|word| !word.contains('=') && word.parse::<f64>().is_err())
                .filter(|word| !["if", "each", "else"].contains(word) && !HELPERS.contains(word))
                .filter(|word| *word != "this" && !word.starts_with("this."))
                .map(String::from),
        );
    }
    names
}

/// Handlebars with the partials, and helpers that write their first value.
fn engine() -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    for helper in HELPERS {
        engine.register_helper(helper, Box::new(write_first_value));
    }
    for pack in ["core", "trading"] {
        for entry in fs::read_dir(top().join("prompts").join(pack)).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            if let Some(name) = file
                .strip_prefix('_')
                .and_then(|name| name.strip_suffix(".hbs"))
            {
                let text = read(&path);
                assert!(
                    !text.contains("{{"),
                    "{file}: a bundled partial is plain text"
                );
                engine
                    .register_partial(&format!("{pack}/{name}"), text)
                    .unwrap();
            }
        }
    }
    engine
}

fn write_first_value(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let value = helper
        .params()
        .iter()
        .find(|param| !param.value().is_null());
    out.write(&value.expect("a helper gets a value").value().to_string())?;
    Ok(())
}

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(name: &str, text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn object(value: &Value) -> &Object {
    value
        .as_object()
        .unwrap_or_else(|| panic!("not a map: {value}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("not a list: {value}"))
}
