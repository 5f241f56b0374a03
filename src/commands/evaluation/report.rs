//! What a run came to, for every way of showing it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::section;
use super::wording::{reasons, title, worst_try};
use crate::experiment::result::{CaseResult, Results, Status};
use crate::experiment::runs::Head;
use crate::experiment::summary::{Figure, Summary};
use crate::experiment::verdict::{Counts, Rule, Verdict};
use crate::experiment::versus::{Both, Conclusion, Versus, versus};
use crate::output::calls::dollars_in_all;
use crate::output::versus::Section;
use crate::prompt::evidence::AgainstBase;
use crate::statistics::Method;

/// A run with its figures.
pub(in crate::commands) struct Report<'a> {
    /// Its id.
    pub(in crate::commands) run: &'a str,
    /// When it began.
    pub(in crate::commands) started: Timestamp,
    /// All that was asked, also what prompts are compared with.
    results: &'a [Results],
    /// Each prompt with each model.
    pub(in crate::commands) summaries: Vec<Summary<'a>>,
    /// The worst verdict of them.
    pub(in crate::commands) verdict: Verdict,
    /// Why it is not better.
    pub(in crate::commands) reasons: Vec<String>,
    /// Each prompt compared with what it replaces.
    pub(in crate::commands) versus: Vec<Versus<'a>>,
    /// How long it took, in seconds, where it was just run.
    pub(in crate::commands) seconds: Option<f64>,
    /// What was recorded of it, for scripts; none where nothing was to be.
    pub(in crate::commands) evidence: Option<Vec<Value>>,
}

impl<'a> Report<'a> {
    /// The report of a run. `ended` says why it ended early, if it did.
    pub(in crate::commands) fn new(
        head: &'a Head,
        results: &'a [Results],
        ended: Option<&str>,
        seconds: Option<f64>,
    ) -> Self {
        let own = results.iter().filter(|it| it.subject.base.is_none());
        let summaries: Vec<Summary<'_>> = own
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
        let versus = versus(&head.pairings, results);
        for it in &versus {
            let gate = it.gate(head.fail_on);
            if gate != Verdict::Pass {
                let why = section::gate_words(it, head.fail_on);
                let name = match summaries.len() {
                    1 => String::new(),
                    _ => format!("{}: ", it.head.subject.prompt),
                };
                reasons.push(format!("{name}{why}"));
                verdict = verdict.max(gate);
            }
        }
        let lacks = summaries.iter().any(|it| it.counts.missing > 0);
        if head.cached && lacks && !head.pairings.is_empty() {
            reasons.push(
                "the cache lacks answers, and no model was asked: somebody who has a key has to run it"
                    .to_owned(),
            );
        }
        Self {
            versus,
            results,
            run: &head.run,
            started: head.started,
            summaries,
            verdict,
            reasons,
            seconds,
            evidence: None,
        }
    }

    /// The comparisons of a prompt.
    pub(in crate::commands) fn section(&self, summary: &Summary<'_>) -> Option<Section> {
        let is_own = |it: &&Versus<'_>| std::ptr::eq(it.head, summary.results);
        let own: Vec<&Versus<'_>> = self.versus.iter().filter(is_own).collect();
        section::section(summary, &own)
    }

    /// How a prompt compares with what it replaces, as evidence says it.
    pub(in crate::commands) fn against(&self, summary: &Summary<'_>) -> Option<AgainstBase> {
        let is_own = |it: &&Versus<'_>| std::ptr::eq(it.head, summary.results);
        self.versus.iter().filter(is_own).find_map(Versus::against)
    }

    /// How many cases of all prompts came to what.
    pub(in crate::commands) fn counts(&self) -> Counts {
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
    pub(in crate::commands) fn money(&self) -> (f64, f64, usize, usize) {
        let answers = self.results.iter().map(|it| &it.answers);
        answers.fold((0.0, 0.0, 0, 0), |(spent, saved, cached, unpriced), it| {
            (
                spent + it.spent + it.judge_spent,
                saved + it.saved + it.judge_saved,
                cached + it.cached + it.judged_before,
                unpriced + it.unpriced + it.judge_unpriced,
            )
        })
    }

    /// What it cost, in words: `$0.0450 spent, $0.0700 saved by 61 cached answers`.
    pub(in crate::commands) fn cost_words(&self) -> String {
        let (spent, saved, cached, unpriced) = self.money();
        let mut words = format!("{} spent", dollars_in_all(spent));
        if cached > 0 {
            let plural = if cached == 1 { "" } else { "s" };
            words.push_str(&format!(
                ", {} saved by {cached} cached answer{plural}",
                dollars_in_all(saved)
            ));
        }
        if unpriced > 0 {
            words.push_str(&format!(", {unpriced} of no known price"));
        }
        words
    }

    /// Which prompts are better and which worse, by Holm's p, where there are several comparisons.
    pub(in crate::commands) fn headline(&self) -> Option<String> {
        if self.versus.iter().filter(|it| it.base.is_some()).count() < 2 {
            return None;
        }
        let of = |said: Conclusion| {
            let meant = self.versus.iter().filter(move |it| it.headline() == said);
            meant
                .map(|it| it.head.subject.prompt.as_str())
                .collect::<Vec<_>>()
        };
        let named = |word: &str, names: &[&str]| match names {
            [] => format!("{word}: none"),
            names => format!("{word}: {}", names.join(", ")),
        };
        let (better, worse) = (of(Conclusion::Better), of(Conclusion::Worse));
        let (better, worse) = (named("better", &better), named("worse", &worse));
        Some(
            match self
                .versus
                .iter()
                .filter(|it| it.adjusted.is_some())
                .count()
            {
                0 => format!("{better}; {worse}"),
                all => format!("{better}; {worse} (by Holm over {all} comparisons)"),
            },
        )
    }

    /// A prompt, with its comparisons.
    fn prompt(&self, summary: &Summary<'_>) -> Value {
        let mut object = prompt(summary);
        let is_own = |it: &&Versus<'_>| std::ptr::eq(it.head, summary.results);
        let own: Vec<Value> = self.versus.iter().filter(is_own).map(comparison).collect();
        if !own.is_empty() {
            object["comparisons"] = own.into();
        }
        object
    }

    /// What scripts read.
    pub(in crate::commands) fn json(&self) -> Value {
        let mut shape = json!({
            "run": self.run,
            "started": crate::output::json::time(self.started),
            "prompts": self.summaries.iter().map(|it| self.prompt(it)).collect::<Vec<_>>(),
            "verdict": self.verdict,
            "reasons": self.reasons,
        });
        if let Some(evidence) = &self.evidence {
            shape["evidence"] = json!(evidence);
        }
        shape
    }
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
        "refused": answers.refused,
        "incomplete": answers.incomplete,
        "required": tally(&summary.required),
        "pass_rate": summary.pass_rate.as_ref().map(|rate| figure(rate, "value")),
        "score": summary.score.as_ref().map(|score| {
            let mut object = figure(score, "mean");
            object["se"] = json!(score.se);
            object
        }),
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
                "required": it.required,
                "judge": it.judge,
                "uncalibrated": it.judge.as_ref().map(|_| it.uncalibrated),
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
            "judges": answers.judge_spent,
            "judges_saved_by_cache": answers.judge_saved,
        },
        "judged": {"asked": answers.judged, "cached": answers.judged_before},
        "cached": answers.cached,
        "oldest_answer": results.oldest.map(crate::output::json::time),
        "verdict": summary.judgement.verdict,
        "reasons": summary.judgement.reasons,
    })
}

fn comparison(versus: &Versus<'_>) -> Value {
    let ids =
        |cases: &[Both<'_>]| -> Vec<String> { cases.iter().map(|it| it.head.id.clone()).collect() };
    let (new_head, new_base) = Versus::counts(&versus.new);
    let (head, base) = Versus::counts(&versus.common);
    let found = versus.comparison.as_ref();
    json!({
        "base": {
            "name": versus.pairing.label,
            "version": versus.base.and_then(|it| it.subject.version),
            "digest": versus.base.map(|it| it.subject.digest.as_str()),
            "model": versus.base.map(|it| it.subject.model.as_str()),
            "asked_again": versus.was_asked_again,
        },
        "impact": versus.pairing.impact,
        "cases": {"head": tally(&head), "base": tally(&base)},
        "new_cases": {"head": tally(&new_head), "base": tally(&new_base), "ids": ids(&versus.new)},
        "gone_cases": {"cases": versus.pairing.gone.0, "of": versus.pairing.gone.1},
        "pairs": found.map(|it| it.cases),
        "lacking": {"head": versus.lacks.0, "base": versus.lacks.1},
        "better": ids(&versus.better),
        "worse": ids(&versus.worse),
        "difference": found.map(|it| json!({
            "value": it.difference.value,
            "low": it.difference.interval.map(|it| it.low),
            "high": it.difference.interval.map(|it| it.high),
            "p": it.difference.p,
            "p_adjusted": versus.adjusted,
            "method": match it.difference.method {
                Method::McNemar => "mcnemar, newcombe 10",
                Method::Majority => "majority, mcnemar, newcombe 10",
                Method::SignFlips => "sign flips, t",
                Method::GroupFlips => "group flips, clustered t",
            },
        })),
        "margin": versus.pairing.margin,
        "mde": found.and_then(|it| it.mde),
        "cases_needed": found.and_then(|it| it.cases_needed),
        "verdict": versus.conclusion(),
        "sentence": section::said(versus).1,
        "notes": versus.pairing.notes,
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
        "path": &*case.place.0,
        "line": case.place.1,
        "column": case.place.2,
        "reasons": worst.map(reasons).unwrap_or_default(),
        "input": detail.and_then(|it| it.input.as_ref()),
        "expected": detail.and_then(|it| it.expected.as_ref()),
        "output": detail.and_then(|it| it.output.as_ref()),
    })
}
