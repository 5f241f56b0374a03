//! The bundled prompts: what every one of them promises, and whether their evaluators tell a good
//! answer from a bad one.
//!
//! In a bundled prompt a case holds the input variables, `kind` (`typical`, `edge` or `hostile`),
//! `expected`, and fields that evaluators ask for, such as `must_mention` and `forbidden`.
//! `tests/answers/<pack>/<prompt>.yaml` holds `answers:`, each with `case` (the index in
//! `testData`), a `good` and a `bad` answer, `why` the bad one is bad, and the evaluator that it is
//! `caught_by`.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use promptctl::packs::PACKS;
use promptctl::prompt::digest::digest;
use promptctl::prompt::document::{self, Document, Object};
use promptctl::prompt::evaluate::{Judged, Output, judge_case, prepare};
use promptctl::prompt::template::{Compiled, Partial, Partials, gather};
use promptctl::prompt::variables::{Check, check_schema, complete};
use serde_json::{Value, json};

use crate::env::{TestEnv, top};

const KINDS: [&str; 3] = ["typical", "edge", "hostile"];
const PROMPTS: [&str; 18] = [
    "core/answer-with-citations",
    "core/auto-issue-generator",
    "core/chat-assistant",
    "core/code-review",
    "core/data-extraction",
    "core/documentation-generator",
    "core/feedback-issue-creator",
    "core/readme-update-generator",
    "core/sub-issue-generator",
    "core/summary",
    "core/support-triage",
    "promptctl/generate",
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
    document: Document,
}

impl Prompt {
    fn all() -> Vec<Self> {
        PROMPTS.into_iter().map(Self::load).collect()
    }

    fn load(name: &str) -> Self {
        let text = read(&top().join(format!("prompts/{name}.prompt.yml")));
        let file = yaml(name, &text);
        let document =
            document::parse(&text).unwrap_or_else(|findings| panic!("{name}: {findings:?}"));
        Self {
            name: name.to_owned(),
            text,
            file,
            document,
        }
    }

    /// The bundled partials that the prompt includes.
    fn partials(&self) -> Partials {
        let mut all = partials();
        let read = |name: &str| Ok::<_, Infallible>(all.remove(name));
        gather(&self.document, read).unwrap()
    }

    fn compiled(&self) -> Compiled {
        Compiled::new(&self.document, &self.partials())
            .unwrap_or_else(|findings| panic!("{}: {findings:?}", self.name))
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

    /// The values of the input variables that a case holds, its files as data URLs.
    fn given(&self, case: &Object) -> Object {
        case.iter()
            .filter(|(name, _)| self.properties().contains_key(*name))
            .map(|(name, value)| (name.clone(), sent(value.clone())))
            .collect()
    }

    /// The case with the defaults of the schema filled in, as evaluators get it.
    fn with_defaults(&self, case: &Object) -> Object {
        let defaults = self.properties().iter();
        let mut filled: Object = defaults
            .filter_map(|(name, declared)| Some((name.clone(), declared.get("default")?.clone())))
            .collect();
        filled.extend(case.clone());
        filled
    }

    fn schema(&self) -> Option<&Value> {
        self.file["jsonSchema"].get("schema")
    }
}

#[test]
fn the_list_of_prompts_is_the_folder() {
    let mut found = BTreeSet::new();
    for pack in ["core", "promptctl", "trading"] {
        for entry in fs::read_dir(top().join("prompts").join(pack)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            if let Some(name) = file.strip_suffix(".prompt.yml") {
                found.insert(format!("{pack}/{name}"));
            } else {
                assert!(
                    file.starts_with('_') && file.ends_with(".hbs") || file == "charts",
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
        let digest = digest(&prompt.document, &prompt.partials());
        assert_eq!(
            prompt.document.digest.as_deref(),
            Some(digest.short()),
            "{name}"
        );
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
        let compiled = prompt.compiled();
        assert_eq!(compiled.undeclared(), Vec::<&_>::new(), "{}", prompt.name);
        assert_eq!(compiled.unused(), Vec::<&str>::new(), "{}", prompt.name);
    }
}

#[test]
fn nothing_looks_wrong() {
    for prompt in Prompt::all() {
        assert_eq!(prompt.document.warnings, [], "{}", prompt.name);
        assert_eq!(prompt.compiled().warnings(), [], "{}", prompt.name);
        check_schema(prompt.document.input_schema.as_ref().unwrap()).unwrap();
    }
}

#[test]
fn every_case_renders_and_fits_the_input_schema() {
    for prompt in Prompt::all() {
        let compiled = prompt.compiled();
        let fits = Check::default();
        for (index, case) in prompt.cases().into_iter().enumerate() {
            let at = format!("{} case {index}", prompt.name);
            let given = prompt.given(case);
            let schema = prompt.document.input_schema.as_ref();
            let (values, warnings) = complete(
                schema.map(|it| (it, &fits)),
                compiled.variables(),
                given.clone(),
            )
            .unwrap_or_else(|findings| panic!("{at}: {findings:?}"));
            assert_eq!(warnings, [], "{at}");
            let messages = compiled.render(&values).unwrap();
            let filled = prompt.document.placeholders().map(|variable| {
                let value = values.get(&variable.value).and_then(Value::as_array);
                value.map_or(0, Vec::len)
            });
            let wanted = prompt.document.own_messages().count() + filled.sum::<usize>();
            assert_eq!(messages.len(), wanted, "{at}");
            let text: String = messages.iter().map(|message| message.text()).collect();
            for (name, value) in &given {
                let Some(line) = value.as_str().and_then(|text| text.lines().next()) else {
                    continue;
                };
                let shown =
                    text.contains(line) || line.starts_with("data:") || line.starts_with("http");
                assert!(
                    shown,
                    "{at}: the value of `{name}` does not reach the model: {line}"
                );
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
        let evaluators = prompt.evaluators().into_iter().cloned();
        let evaluators = prepare(&evaluators.collect::<Vec<_>>(), prompt.schema()).unwrap();
        for case in prompt.cases() {
            let case = prompt.with_defaults(case);
            for evaluator in &evaluators {
                evaluator.check_case(&case, &[]).unwrap();
            }
            let judgement = judge_case(&evaluators, &case, &[], &Output::of(""));
            let decided = |judged: &Judged| judged.verdict.passed().is_some();
            assert!(judgement.evaluators.iter().all(decided), "{}", prompt.name);
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
fn eval_passes_the_bundled_prompts_by_their_kept_answers() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl seed core promptctl trading");
    for prompt in Prompt::all() {
        let path = top().join(format!("tests/answers/{}.yaml", prompt.name));
        let kept = yaml(&prompt.name, &read(&path));
        let name = &prompt.name;
        let cases = repo.json(&format!("promptctl cases list {name} --format json"));
        let (mut lines, mut which) = (String::new(), BTreeSet::new());
        for answer in list(&kept["answers"]) {
            let index = usize::try_from(answer["case"].as_u64().unwrap()).unwrap();
            let id = cases["cases"][index]["id"].as_str().unwrap();
            if which.insert(format!(" --case {id}")) {
                let line = serde_json::json!({"case": id, "output": answer["good"]});
                lines.push_str(&format!("{line}\n"));
            }
        }
        repo.write("kept.jsonl", lines);
        let which: String = which.into_iter().collect();
        let run = repo.run(&format!(
            "promptctl eval {name} --answers kept.jsonl{which}"
        ));
        assert_eq!(run.code, Some(0), "{run}");
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
    let evaluators = prompt.evaluators().into_iter().cloned();
    let evaluators = prepare(&evaluators.collect::<Vec<_>>(), prompt.schema()).unwrap();
    let judgement = judge_case(&evaluators, case, &[], &Output::of(answer));
    let failed = judgement.evaluators.iter();
    let failed = failed.filter(|judged| judged.verdict.passed() == Some(false));
    failed
        .map(|judged| {
            let reason = judged.verdict.reason().unwrap_or_default();
            format!("{}: {reason}", judged.name)
        })
        .collect()
}

/// What a model gets of a value: a file as a data URL.
pub(crate) fn sent(value: Value) -> Value {
    let Some(file) = value.get("file").and_then(Value::as_str) else {
        return value;
    };
    let path = top().join("prompts/trading").join(file);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Value::String(promptctl::execute::data_url(file, &bytes))
}

/// The bundled partials, under the names by which prompts include them.
fn partials() -> Partials {
    let files = PACKS.iter().flat_map(|pack| pack.files);
    files
        .filter_map(|(path, text)| {
            let (folder, file) = path.rsplit_once('/')?;
            let name = file.strip_prefix('_')?.strip_suffix(".hbs")?;
            let partial = Partial {
                text: (*text).to_owned(),
                path: format!("prompts/{path}"),
            };
            Some((format!("{folder}/{name}"), partial))
        })
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(name: &str, text: &str) -> Value {
    document::parse_value(text).unwrap_or_else(|finding| panic!("{name}: {finding:?}"))
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
