//! Finding the judges that evaluators name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::bundled::bundled;
use super::super::case::{CasePlace, Suite, SuiteJudge};
use super::super::files::CaseFiles;
use super::{FOLDER, GITHUB, calibration};
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::document::{Document, Object};
use crate::prompt::evaluate::{Choice, Evaluator, Model};
use crate::prompt::finding::Finding;
use crate::prompt::next::Next;
use crate::prompt::reference::{Reference, Selector};

/// The reference of the prompt that an evaluator names as its judge.
pub fn reference_of(model: &Model) -> Option<Reference> {
    match model {
        Model::Llm(_) => None,
        Model::Judge(reference) => Some(reference.clone()),
        Model::BuiltIn(name) => {
            let own = name.strip_prefix(GITHUB).unwrap_or(name);
            let name = format!("{FOLDER}{own}").parse().ok()?;
            Some(Reference::working_copy(name))
        }
    }
}

/// The prompt of a judge: that of the repository, or else the bundled one; with whether labels have
/// checked it.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn find(reference: &Reference, files: &dyn CaseFiles) -> Result<SuiteJudge, Failure> {
    let found = match files.judge(reference)? {
        Some(loaded) => Some(loaded),
        None if reference.selector == Selector::WorkingCopy => own_bundled(reference)?,
        None => None,
    };
    let Some(loaded) = found else {
        let failure = Failure::new(
            code::UNKNOWN_PROMPT,
            format!("there is no judge {reference}"),
        );
        return Err(failure
            .hint(Next::SeedJudges.that("adds some to start from"))
            .hint("`judges/default` judges by `criteria` of the case, without being added"));
    };
    choices_of(&loaded.document).map_err(|finding| {
        let message = format!("{reference} is no judge: {}", finding.message);
        Failure::from(Finding { message, ..finding }.in_file(&loaded.path))
    })?;
    let (is_calibrated, unsound) = match calibration::of(&loaded, files) {
        None => (false, None),
        Some(Ok(checked)) => (checked.fault().is_none(), None),
        Some(Err(why)) => (false, Some(why)),
    };
    Ok(SuiteJudge {
        loaded: Arc::new(loaded),
        is_calibrated,
        unsound,
    })
}

/// The finding that figures of a judge do not count.
pub fn unsound(judge: &Loaded, why: &str) -> Finding {
    let message = format!("{} counts as uncalibrated: {why}", judge.name);
    Finding::new(code::UNSOUND_FIGURES, message)
        .help(Next::Calibrate(judge.name.clone()).that("makes them again; commit both files"))
}

/// The bundled judge of this name.
fn own_bundled(reference: &Reference) -> Result<Option<Loaded>, Failure> {
    let name = &reference.name;
    if !name.as_str().starts_with(FOLDER) {
        return Ok(None);
    }
    bundled(name, format!("prompts/{name}.prompt.yml"))
}

/// Whether a prompt is a judge: one below `judges/` whose schema lets it choose.
pub fn is_judge(loaded: &Loaded) -> bool {
    loaded.name.as_str().starts_with(FOLDER) && choices_of(&loaded.document).is_ok()
}

/// What a judge's schema lets it choose, with the scores.
///
/// # Errors
/// `P401`: it is not the schema of a judge.
pub fn choices_of(document: &Document) -> Result<Vec<Choice>, Finding> {
    let bad = |message: &str| {
        Finding::error(code::BAD_EVALUATOR, message)
            .at(document.span_of("jsonSchema"))
            .help("a judge has `jsonSchema: {name: verdict, strict: true, schema: {type: object, required: [reason, choice], additionalProperties: false, properties: {reason: {type: string}, choice: {enum: [bad, fair, good]}}}}`, with the choices from the worst to the best")
    };
    let whole = document.json_schema.as_ref();
    let schema = whole
        .and_then(|whole| whole.get("schema"))
        .ok_or_else(|| bad("it has no `jsonSchema`"))?;
    let properties = schema.get("properties").and_then(Value::as_object);
    let names: Vec<&str> = properties
        .into_iter()
        .flat_map(Object::keys)
        .map(String::as_str)
        .collect();
    if names != ["reason", "choice"] {
        return Err(bad(
            "its schema must have `reason` and, after it, `choice`, and nothing else",
        ));
    }
    let is_strict = whole.is_some_and(|whole| whole.get("strict") == Some(&Value::Bool(true)))
        && schema.get("additionalProperties") == Some(&Value::Bool(false))
        && schema
            .get("required")
            .and_then(Value::as_array)
            .map(Vec::len)
            == Some(2);
    if !is_strict {
        return Err(bad(
            "its schema must be strict: `strict: true`, both properties required, `additionalProperties: false`",
        ));
    }
    if schema["properties"]["reason"]["type"] != "string" {
        return Err(bad("its `reason` must be a string"));
    }
    let listed = schema["properties"]["choice"]["enum"].as_array();
    let listed: Option<Vec<&str>> = listed.and_then(|all| all.iter().map(Value::as_str).collect());
    let Some(texts) = listed.filter(|all| all.len() > 1) else {
        return Err(bad("its `choice` must have an `enum` of two texts or more"));
    };
    let is_plain = |text: &&str| text.trim() == *text && !text.is_empty() && !text.contains('\n');
    let mut known: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    known.sort_unstable();
    known.dedup();
    if known.len() != texts.len() || !texts.iter().all(is_plain) {
        return Err(bad(
            "its choices must be lines of text that differ in more than upper and lower case",
        ));
    }
    let steps = (texts.len() - 1) as f64;
    let choices = texts.iter().enumerate().map(|(at, text)| Choice {
        choice: (*text).to_owned(),
        score: at as f64 / steps,
    });
    Ok(choices.collect())
}

/// Where an evaluator stands that names a judge.
pub(in crate::experiment) enum Asker<'a> {
    /// Among those of the prompt, by its number.
    Prompt(usize),
    /// In a case.
    Case(&'a CasePlace),
}

/// The judges that the evaluators of a suite name by `uses`, and what is wrong with them.
pub(in crate::experiment) fn judges_of(
    suite: &Suite,
    files: &dyn CaseFiles,
    tell: &mut dyn FnMut(Asker<'_>, Finding),
) -> BTreeMap<String, SuiteJudge> {
    let mut judges = BTreeMap::new();
    let all = suite.evaluators.iter().enumerate();
    let all = all.map(|(number, it)| (Asker::Prompt(number), it));
    let own = suite.cases.iter().flat_map(|case| {
        let evaluators = case.evaluators.iter();
        evaluators.map(|it| (Asker::Case(&case.place), it))
    });
    for (asker, evaluator) in all.chain(own) {
        let Some(uses) = evaluator.get("uses").and_then(Value::as_str) else {
            continue;
        };
        if judges.contains_key(uses) {
            continue;
        }
        // What cannot work is told by the rules of evaluators.
        let Ok(ready) = Evaluator::new(evaluator, Some(&Value::Bool(true))) else {
            continue;
        };
        let Some(reference) = ready.model().and_then(reference_of) else {
            continue;
        };
        match find(&reference, files) {
            Ok(judge) => {
                if let Some(why) = &judge.unsound {
                    tell(asker, unsound(&judge.loaded, why));
                }
                judges.insert(uses.to_owned(), judge);
            }
            Err(failure) => {
                let message = match &failure.location {
                    Some(place) => format!(
                        "evaluator `{}`: {} ({place})",
                        ready.name(),
                        failure.message
                    ),
                    None => format!("evaluator `{}`: {}", ready.name(), failure.message),
                };
                let mut finding = Finding::error(code::BAD_EVALUATOR, message);
                if let Some(hint) = failure.hints.first() {
                    finding = finding.help(hint.clone());
                }
                tell(asker, finding);
            }
        }
    }
    judges
}
