//! A run in the comment on a pull request.

use std::collections::HashSet;

use super::super::common::count;
use super::find::find;
use super::markdown::worded;
use super::report::Report;
use super::wording::title;
use super::{own_folder, runs_folder};
use crate::error::Failure;
use crate::experiment::PromptFiles;
use crate::experiment::Reading;
use crate::experiment::case::Suite;
use crate::experiment::judge::calibration;
use crate::experiment::result::Subject;
use crate::experiment::runs::{Run, paths, read};
use crate::experiment::summary::Summary;
use crate::experiment::verdict::Verdict;
use crate::files::Loaded;
use crate::output::diff_review::Evaluation;
use crate::prompt::code;
use crate::prompt::reference::Reference;
use crate::prompt::visible;
use crate::releases::Store;

/// A prompt of the new side of a comparison.
pub(in crate::commands) struct Changed<'a> {
    pub(in crate::commands) loaded: &'a Loaded,
    /// Whether a model is told something else than before.
    pub(in crate::commands) is_new_content: bool,
}

/// A prompt of the new side, with its suite.
struct Known {
    loaded: Loaded,
    suite: Suite,
    is_new_content: bool,
}

impl Known {
    fn new(loaded: &Loaded, is_new_content: bool, store: &Store) -> Self {
        let Reading { suite, .. } = Suite::read(loaded, &PromptFiles::of(store, loaded));
        Self {
            loaded: loaded.clone(),
            suite,
            is_new_content,
        }
    }

    fn is_it(&self, subject: &Subject) -> bool {
        self.loaded.name.as_str() == subject.prompt
            && self.loaded.digest().as_str() == subject.digest
            && self.suite.digest == subject.suite
    }
}

/// What the comment says of a run; `last` is the newest, and none where none was kept. Only results of
/// the very contents and suites of the new side count: what was found out about another says nothing
/// of these.
///
/// # Errors
/// There is no such run, or it cannot be read.
pub(in crate::commands) fn evaluation(
    wanted: &str,
    store: &Store,
    changed: &[Changed<'_>],
) -> Result<Option<Evaluation>, Failure> {
    if let Err(failure) = runs_folder(store) {
        return Ok(Some(Evaluation {
            title: "❌ not to be trusted".to_owned(),
            alarm: Some("❌ the runs are not to be trusted"),
            said: vec![failure.message],
            sections: Vec::new(),
        }));
    }
    let all = paths(&own_folder(store).join("evals"));
    if wanted == "last" && all.is_empty() {
        return Ok(None);
    }
    let path = find(wanted, &all)?;
    let mut run = read(&path).map_err(|error| {
        Failure::from_io(code::NOT_A_FILE, "the run could not be read", error)
            .at(path.display().to_string())
    })?;
    let mut known: Vec<Known> = changed
        .iter()
        .map(|it| Known::new(it.loaded, it.is_new_content, store))
        .collect();
    // A prompt of which only a dataset changed is no part of the comparison; a run that compared it is.
    for (at, subject) in run.head.subjects.iter().enumerate() {
        let is_known = known
            .iter()
            .any(|it| it.loaded.name.as_str() == subject.prompt);
        let is_compared = run.head.pairings.iter().any(|it| it.head == at);
        if let Ok(name) = subject.prompt.parse()
            && !is_known
            && is_compared
            && let Ok(loaded) = store.load(&Reference::working_copy(name))
        {
            known.push(Known::new(&loaded, false, store));
        }
    }
    keep(&mut run, &|subject| {
        known.iter().any(|it| it.is_it(subject))
    });
    let ended = match &run.foot {
        Some(_) => None,
        None => Some("the run was cut short, so this is not all"),
    };
    let report = Report::new(&run.head, &run.results, ended, None);
    let mut verdict = report.verdict;
    let mut said: Vec<String> = report.headline().into_iter().collect();
    if !report.summaries.is_empty() {
        said.extend(report.reasons.iter().cloned());
    }
    for summary in &report.summaries {
        let subject = &summary.results.subject;
        let Some(known) = known.iter().find(|it| it.is_it(subject)) else {
            continue;
        };
        let (words, is_whole) = told(summary, known, store);
        said.push(words);
        if !is_whole {
            verdict = verdict.max(Verdict::Incomplete);
        }
    }
    let mut lacks = 0;
    for it in &known {
        let has_cases = !it.suite.cases.is_empty() && it.is_new_content;
        let is_there = run.head.subjects.iter().any(|subject| it.is_it(subject));
        if has_cases && !is_there {
            lacks += 1;
            let (name, version) = (&it.loaded.name, it.loaded.version());
            said.push(format!(
                "{name} {version} has no result: the run is of other contents, and promptctl eval --base REF runs this one"
            ));
        }
    }
    if report.summaries.is_empty() && lacks == 0 {
        return Ok(None);
    }
    if lacks > 0 {
        verdict = verdict.max(Verdict::Incomplete);
    }
    if !report.summaries.is_empty() {
        said.push(report.cost_words());
    }
    Ok(Some(Evaluation {
        title: worded(verdict).to_owned(),
        alarm: match verdict {
            Verdict::Pass => None,
            Verdict::Incomplete => Some("⚠️ the evaluation is incomplete"),
            Verdict::Fail => Some("❌ the evaluation fails"),
        },
        said,
        sections: report
            .summaries
            .iter()
            .filter_map(|it| report.section(it))
            .collect(),
    }))
}

/// Takes out the prompts of a run that are none of those, with what they are compared with.
fn keep(run: &mut Run, is_it: &dyn Fn(&Subject) -> bool) {
    let own = run.head.subjects.iter().filter(|it| it.base.is_none());
    let names: HashSet<String> = own
        .filter(|it| is_it(it))
        .map(|it| it.prompt.clone())
        .collect();
    let is_kept = |subject: &Subject| match subject.base {
        None => is_it(subject),
        Some(_) => names.contains(&subject.prompt),
    };
    let mut next = 0;
    let places: Vec<Option<usize>> = run
        .results
        .iter()
        .map(|it| {
            let place = is_kept(&it.subject).then_some(next);
            next += usize::from(place.is_some());
            place
        })
        .collect();
    let place = |at: usize| places.get(at).copied().flatten();
    run.head.pairings.retain_mut(|pairing| {
        let Some(head) = place(pairing.head) else {
            return false;
        };
        pairing.head = head;
        pairing.base = pairing.base.and_then(place);
        true
    });
    run.results.retain(|it| is_kept(&it.subject));
    run.head.subjects.retain(is_kept);
}

/// A prompt in a line, and whether its whole suite was asked of the model that its file names.
fn told(summary: &Summary<'_>, known: &Known, store: &Store) -> (String, bool) {
    let subject = &summary.results.subject;
    let counts = &summary.counts;
    let mut words = format!(
        "{}: {} of {} pass",
        title(summary),
        counts.passed,
        count(counts.cases(), "case")
    );
    let (asked, all) = (summary.results.cases.len(), known.suite.cases.len());
    let is_part = asked < all;
    if is_part {
        words.push_str(&format!(", and only {asked} of {all} were asked"));
    }
    let own = known.loaded.document.model.as_deref().unwrap_or_default();
    let is_other = subject.model != own;
    if is_other {
        words.push_str(&format!(
            ", answered by {}, where the file names {}",
            visible::line(&subject.model),
            visible::line(own)
        ));
    }
    let judged = summary.results.evaluators.iter();
    for (evaluator, judge) in judged.filter_map(|it| Some((it, it.judge.as_ref()?))) {
        let checked = match checked_by(judge, store).filter(|_| !evaluator.uncalibrated) {
            Some(words) => words,
            None => "uncalibrated".to_owned(),
        };
        words.push_str(&format!(
            "; {} is judged by {} ({checked})",
            visible::line(&evaluator.name),
            visible::line(judge)
        ));
    }
    (words, !is_part && !is_other)
}

/// What labels have shown of a judge, as results name it.
fn checked_by(judge: &str, store: &Store) -> Option<String> {
    let (name, _) = judge.rsplit_once(" v")?;
    let loaded = store
        .load(&Reference::working_copy(name.parse().ok()?))
        .ok()?;
    let checked = calibration::of(&loaded, &PromptFiles::of(store, &loaded))?.ok()?;
    Some(format!(
        "{} labels, kappa {:.2}, at least {:.2}",
        checked.distinct, checked.kappa, checked.low
    ))
}
