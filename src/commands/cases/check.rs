//! `promptctl cases check`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::common::{FormatArg, count, load_to_read};
use super::super::out::OutArg;
use super::super::session::Session;
use super::target::{odd, unusable};
use crate::error::{Exit, Failure};
use crate::experiment::case::{CaseSource, Suite};
use crate::experiment::{PromptFiles, enums, misfits_of_own, near_duplicates};
use crate::files::Loaded;
use crate::output::json::{self, FindingJson};
use crate::prompt::finding::Finding;
use crate::prompt::name::PromptName;
use crate::prompt::reference::Reference;
use crate::releases::Store;

/// How many words of a kind are told.
const MAX_TOLD: usize = 12;

/// Check the cases of prompts
///
/// Reads every case as `eval` would, and says besides which say nearly the same, how they spread over
/// tags and expectations, which answers of the output schema no case expects, and how many nobody has
/// reviewed. Calls no model.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a case cannot be used.

Examples:
  promptctl cases check
  promptctl cases check support/triage --format json")]
pub(super) struct Args {
    /// The prompts; all that have cases where none is named
    #[arg(value_name = "NAME", value_parser = super::super::typed::name, add = super::super::candidates::names())]
    names: Vec<PromptName>,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

/// How the cases of a prompt spread.
struct Spread {
    name: PromptName,
    cases: usize,
    tags: BTreeMap<String, usize>,
    expected: BTreeMap<String, usize>,
    /// What the output schema allows and no case expects.
    unexpected: Vec<String>,
    unreviewed: usize,
    findings: Vec<Finding>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, _) = session.store()?;
    let spreads: Vec<Spread> = prompts(args, &store, session)?
        .iter()
        .map(|loaded| Spread::of(loaded, &store))
        .collect();
    if args.format.is_json() {
        let shapes: Vec<Value> = spreads.iter().map(Spread::shape).collect();
        session
            .ui
            .block(json::document(&json!({ "prompts": shapes })));
    } else {
        for spread in &spreads {
            for line in spread.lines() {
                session.ui.line(line);
            }
        }
        session.ui.flush();
        for finding in spreads.iter().flat_map(|it| &it.findings) {
            session.ui.finding(finding);
        }
    }
    if spreads.is_empty() {
        session.ui.status("no prompt has cases");
        session
            .ui
            .hint("promptctl help cases shows how they are written");
    }
    let mut findings = spreads.iter().flat_map(|it| &it.findings);
    Ok(match findings.any(Finding::is_error) {
        true => Exit::Verdict,
        false => Exit::Done,
    })
}

fn prompts(args: &Args, store: &Store, session: &mut Session) -> Result<Vec<Loaded>, Failure> {
    if !args.names.is_empty() {
        let names = args.names.iter();
        return names
            .map(|name| load_to_read(store, &Reference::working_copy(name.clone()), session))
            .collect();
    }
    let (mut loaded, _) = store.load_all();
    loaded.retain(|it| Suite::is_kept_by(&it.document) && !it.document.archived);
    Ok(loaded)
}

impl Spread {
    fn of(loaded: &Loaded, store: &Store) -> Self {
        let reading = Suite::read(loaded, &PromptFiles::with_untracked(store, loaded));
        let mut findings = odd(&reading.suite, loaded);
        findings.extend(unusable(reading.findings));
        findings.extend(unusable(misfits_of_own(loaded)));
        findings.extend(near_duplicates(&reading.suite));
        let cases = &reading.suite.cases;
        let mut tags = BTreeMap::new();
        let mut expected = BTreeMap::new();
        for case in cases {
            for tag in &case.tags {
                *tags.entry(tag.clone()).or_default() += 1;
            }
            if let Some(value) = &case.expected {
                *expected.entry(word(value)).or_default() += 1;
            }
        }
        Self {
            name: loaded.name.clone(),
            cases: cases.len(),
            unexpected: unexpected(loaded, &expected),
            unreviewed: cases
                .iter()
                .filter(|case| case.source != CaseSource::Human && !case.reviewed)
                .count(),
            tags,
            expected,
            findings,
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {}", self.name, count(self.cases, "case"))];
        let mut add = |title: &str, words: &BTreeMap<String, usize>| {
            if !words.is_empty() {
                lines.push(format!("  {title}: {}", listed(words)));
            }
        };
        add("tags", &self.tags);
        // Where nearly each case has its own, nobody counts them.
        if self.expected.len() <= MAX_TOLD {
            add("expected", &self.expected);
        }
        if !self.unexpected.is_empty() {
            lines.push(format!("  no case expects: {}", self.unexpected.join(", ")));
        }
        if self.unreviewed > 0 {
            lines.push(format!("  nobody has reviewed: {}", self.unreviewed));
        }
        lines
    }

    fn shape(&self) -> Value {
        let findings = self.findings.iter().map(FindingJson::from);
        json!({
            "name": self.name, "cases": self.cases, "tags": self.tags, "expected": self.expected,
            "unexpected": self.unexpected, "unreviewed": self.unreviewed,
            "findings": findings.collect::<Vec<_>>(),
        })
    }
}

/// `billing 3, technical 2`.
fn listed(words: &BTreeMap<String, usize>) -> String {
    let mut sorted: Vec<(&String, &usize)> = words.iter().collect();
    sorted.sort_by_key(|(word, number)| (std::cmp::Reverse(**number), *word));
    let more = sorted.len().saturating_sub(MAX_TOLD);
    let mut told: Vec<String> = sorted
        .iter()
        .take(MAX_TOLD)
        .map(|(word, number)| format!("{word} {number}"))
        .collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join(", ")
}

/// A value as a word of a list.
fn word(value: &Value) -> String {
    const MOST: usize = 40;
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    match text.chars().count() > MOST {
        true => text.chars().take(MOST - 1).chain(['…']).collect(),
        false => text,
    }
}

/// The words that a field of the answer may have and no case expects, where cases expect words of it.
fn unexpected(loaded: &Loaded, expected: &BTreeMap<String, usize>) -> Vec<String> {
    let words = enums(&loaded.document).into_iter().map(|(_, words)| words);
    let is_meant = |words: &Vec<&str>| words.iter().any(|word| expected.contains_key(*word));
    let lacking = words.filter(is_meant).flatten();
    lacking
        .filter(|word| !expected.contains_key(*word))
        .map(str::to_owned)
        .collect()
}
