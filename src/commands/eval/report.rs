//! What a run came to, for every way of showing it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::experiment::result::{CaseResult, Results, Status, Try};
use crate::experiment::runs::Head;
use crate::experiment::summary::{Figure, Summary};
use crate::experiment::verdict::{Counts, Rule, Verdict};
use crate::prompt::visible;

/// A run with its figures.
pub(super) struct Report<'a> {
    /// Its id.
    pub(super) run: &'a str,
    /// When it began.
    pub(super) started: Timestamp,
    /// Each prompt with each model.
    pub(super) summaries: Vec<Summary<'a>>,
    /// The worst verdict of them.
    pub(super) verdict: Verdict,
    /// Why it is not better.
    pub(super) reasons: Vec<String>,
    /// How long it took, in seconds, where it was just run.
    pub(super) seconds: Option<f64>,
}

impl<'a> Report<'a> {
    /// The report of a run. `ended` says why it ended early, if it did.
    pub(super) fn new(
        head: &'a Head,
        results: &'a [Results],
        ended: Option<&str>,
        seconds: Option<f64>,
    ) -> Self {
        let summaries: Vec<Summary<'_>> = results
            .iter()
            .map(|results| {
                let rule = Rule {
                    min_pass_rate: results.subject.min_pass_rate,
                    is_confident: head.confident,
                    allow_undecided: head.allow_undecided,
                };
                Summary::of(results, &rule)
            })
            .collect();
        let verdicts = summaries.iter().map(|it| it.judgement.verdict);
        let mut verdict = verdicts.max().unwrap_or(Verdict::Incomplete);
        if ended.is_some() {
            verdict = verdict.max(Verdict::Incomplete);
        }
        let mut reasons: Vec<String> = ended.map(str::to_owned).into_iter().collect();
        for summary in &summaries {
            if summary.judgement.verdict != Verdict::Pass || summaries.len() == 1 {
                let name = match summaries.len() {
                    1 => String::new(),
                    _ => format!("{}: ", title(summary)),
                };
                reasons.push(format!("{name}{}", summary.judgement.reasons.join("; ")));
            }
        }
        Self {
            run: &head.run,
            started: head.started,
            summaries,
            verdict,
            reasons,
            seconds,
        }
    }

    /// How many cases of all prompts came to what.
    pub(super) fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for Summary { counts, .. } in &self.summaries {
            all.passed += counts.passed;
            all.failed += counts.failed;
            all.undecided += counts.undecided;
            all.errors += counts.errors;
            all.skipped += counts.skipped;
            all.missing += counts.missing;
        }
        all
    }

    /// What was spent, what the cached answers saved, how many those are, and how many answers have
    /// no known price.
    pub(super) fn money(&self) -> (f64, f64, usize, usize) {
        let answers = self.summaries.iter().map(|it| &it.results.answers);
        answers.fold((0.0, 0.0, 0, 0), |(spent, saved, cached, unpriced), it| {
            (
                spent + it.spent,
                saved + it.saved,
                cached + it.cached,
                unpriced + it.unpriced,
            )
        })
    }

    /// What it cost, in words: `$0.0450 spent, $0.0700 saved by 61 cached answers`.
    pub(super) fn cost_words(&self) -> String {
        let (spent, saved, cached, unpriced) = self.money();
        let mut words = format!("{} spent", dollars(spent));
        if cached > 0 {
            let plural = if cached == 1 { "" } else { "s" };
            words.push_str(&format!(
                ", {} saved by {cached} cached answer{plural}",
                dollars(saved)
            ));
        }
        if unpriced > 0 {
            words.push_str(&format!(", {unpriced} of no known price"));
        }
        words
    }

    /// What scripts read.
    pub(super) fn json(&self) -> Value {
        json!({
            "run": self.run,
            "started": crate::output::json::time(self.started),
            "prompts": self.summaries.iter().map(prompt).collect::<Vec<_>>(),
            "verdict": self.verdict,
            "reasons": self.reasons,
        })
    }
}

/// `support/triage v3`
pub(super) fn title(summary: &Summary<'_>) -> String {
    let subject = &summary.results.subject;
    match subject.version {
        Some(version) => format!("{} v{version}", subject.prompt),
        None => subject.prompt.clone(),
    }
}

/// `$0.0450`
pub(super) fn dollars(amount: f64) -> String {
    format!("${amount:.4}")
}

/// `47 of 50, 2 undecided, 1 without an answer`
pub(super) fn counted(counts: &Counts) -> String {
    let mut words = format!("{} of {}", counts.passed, counts.cases());
    for (count, what) in [
        (counts.undecided, "undecided"),
        (counts.errors, "without an answer"),
        (counts.missing, "not asked"),
        (counts.skipped, "skipped"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {count} {what}"));
        }
    }
    words
}

fn prompt(summary: &Summary<'_>) -> Value {
    let results = summary.results;
    let (subject, counts, answers) = (&results.subject, &summary.counts, &results.answers);
    let cases = |status| of_status(summary, status);
    json!({
        "name": subject.prompt,
        "version": subject.version,
        "digest": subject.digest,
        "suite": subject.suite,
        "model": subject.model,
        "models": results.models,
        "repeat": subject.repeat,
        "cases": counts.cases(),
        "passed": counts.passed,
        "failed": counts.failed,
        "undecided": counts.undecided,
        "errors": counts.errors,
        "skipped": counts.skipped,
        "not_asked": counts.missing,
        "required": tally(&summary.required),
        "pass_rate": summary.pass_rate.as_ref().map(|rate| figure(rate, "value")),
        "score": summary.score.as_ref().map(|score| figure(score, "mean")),
        "by_tag": summary.by_tag.iter().map(|(tag, counts)| {
            let mut tally = tally(counts);
            tally["tag"] = json!(tag);
            tally
        }).collect::<Vec<_>>(),
        "evaluators": results.evaluators.iter().map(|it| {
            let decided = it.passed + it.failed;
            json!({
                "name": it.name,
                "passed": it.passed,
                "failed": it.failed,
                "undecided": it.undecided,
                "score": (decided > 0).then(|| it.score / decided as f64),
            })
        }).collect::<Vec<_>>(),
        "flaky": summary.flaky.iter().map(|case| json!({
            "case": case.id, "passed": case.passed(), "of": case.tries.len(),
        })).collect::<Vec<_>>(),
        "failures": summary.worst().iter().map(|case| failure(case)).collect::<Vec<_>>(),
        "skipped_cases": cases(Status::Skipped),
        "latency": summary.latency.map(|(p50, p95)| json!({"p50": p50, "p95": p95})),
        "tokens": {"input": answers.input_tokens, "output": answers.output_tokens},
        "cost_usd": {
            "spent": answers.spent,
            "saved_by_cache": answers.saved,
            "unpriced": answers.unpriced,
        },
        "cached": answers.cached,
        "oldest_answer": results.oldest.map(crate::output::json::time),
        "verdict": summary.judgement.verdict,
        "reasons": summary.judgement.reasons,
    })
}

fn of_status(summary: &Summary<'_>, status: Status) -> Vec<Value> {
    let cases = summary.results.cases.iter();
    let meant = cases.filter(|case| case.status() == status);
    meant
        .map(|case| {
            let detail = case.tries.iter().find_map(|it| it.detail.as_ref());
            json!({"case": case.id, "reason": detail.and_then(|it| it.reason.as_ref())})
        })
        .collect()
}

fn tally(counts: &Counts) -> Value {
    json!({
        "cases": counts.cases(),
        "passed": counts.passed,
        "failed": counts.failed,
        "undecided": counts.undecided,
        "errors": counts.errors,
    })
}

fn figure(figure: &Figure, name: &str) -> Value {
    let mut object = serde_json::Map::new();
    object.insert(name.to_owned(), json!(figure.value));
    object.insert("low".to_owned(), json!(figure.interval.map(|it| it.low)));
    object.insert("high".to_owned(), json!(figure.interval.map(|it| it.high)));
    object.insert("method".to_owned(), json!(figure.method));
    object.insert("n".to_owned(), json!(figure.n));
    object.insert("clusters".to_owned(), json!(figure.groups));
    Value::Object(object)
}

fn failure(case: &CaseResult) -> Value {
    let worst = worst_try(case);
    let detail = worst.and_then(|it| it.detail.as_ref());
    json!({
        "case": case.id,
        "status": case.status(),
        "required": case.required,
        "score": case.score(),
        "path": case.place.0,
        "line": case.place.1,
        "column": case.place.2,
        "reasons": worst.map(reasons).unwrap_or_default(),
        "expected": detail.and_then(|it| it.expected.as_ref()),
        "output": detail.and_then(|it| it.output.as_ref()),
    })
}

/// The answer of a case that tells most about why it did not pass.
pub(super) fn worst_try(case: &CaseResult) -> Option<&Try> {
    let status = case.status();
    let mut tries = case.tries.iter();
    let of_status = tries.find(|it| it.status == status && it.detail.is_some());
    of_status.or_else(|| case.tries.iter().find(|it| it.detail.is_some()))
}

/// Why an answer did not pass, each in a line: the evaluator, and what it said.
pub(super) fn reasons(of: &Try) -> Vec<String> {
    let Some(detail) = &of.detail else {
        return Vec::new();
    };
    let marks = detail.marks.iter().map(|mark| {
        let said = mark.reason.as_deref().unwrap_or(match mark.passed {
            Some(_) => "failed",
            None => "could not decide",
        });
        let optional = if mark.required { "" } else { " (not required)" };
        format!("{}{optional}: {said}", mark.name)
    });
    let error = detail.error.iter().map(|error| match &error.code {
        Some(code) => format!("no answer came: {} [{code}]", error.message),
        None => format!("no answer came: {}", error.message),
    });
    let reason = detail.reason.iter().cloned();
    error.chain(reason).chain(marks).collect()
}

/// What was expected, in a line, unless a reason says it already.
pub(super) fn expected(of: &Try) -> Option<String> {
    let expected = of.detail.as_ref()?.expected.as_ref()?;
    Some(match expected {
        Value::String(text) => visible::line(text).into_owned(),
        other => visible::line(&other.to_string()).into_owned(),
    })
}
