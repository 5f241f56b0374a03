//! A prompt compared with what it replaces, as terminals and pull requests show it.

use super::wording::{counted, reasons, seconds, worst_try};
use crate::experiment::evidence::answered_by;
use crate::experiment::result::{CaseResult, Results, cut};
use crate::experiment::summary::{HOSTILE, Summary};
use crate::experiment::verdict::Counts;
use crate::experiment::versus::{Both, Conclusion, FailOn, Versus};
use crate::output::calls::dollars_in_all;
use crate::output::versus::{Facts, Row, Section, TooFew, Word, WorseCase, sentence};
use crate::statistics::{Count, FEWEST, Limit, about, quantile, wilson};

/// How much of a reason is shown, in characters.
const SHOWN: usize = 300;

/// The comparisons of a prompt; none where there are none.
pub(in crate::commands) fn section(
    summary: &Summary<'_>,
    versus: &[&Versus<'_>],
) -> Option<Section> {
    if versus.is_empty() {
        return None;
    }
    let asked: Vec<&Versus<'_>> = versus
        .iter()
        .copied()
        .filter(|it| it.base.is_some())
        .collect();
    let head = &summary.results.subject;
    let name = |version: Option<u32>| version.map_or_else(String::new, |it| format!("v{it}"));
    let mut section = Section::default();
    let from: Vec<String> = asked.iter().map(|it| base_name(it)).collect();
    section.title = match from.is_empty() {
        true => format!("{} {}", head.prompt, name(head.version)),
        false => format!(
            "{}  {} → {}",
            head.prompt,
            from.join(", "),
            name(head.version)
        ),
    };
    let impact = asked.iter().find_map(|it| it.pairing.impact.as_ref());
    if let Some(impact) = impact.filter(|_| asked.len() == 1) {
        section.title.push_str(&format!(" ({impact})"));
    }
    section.subtitle = subtitle(summary);
    section.passed = counted(&summary.counts);
    if !asked.is_empty() {
        section.columns = from.clone();
        section.columns.push(match name(head.version) {
            version if from.contains(&version) || version.is_empty() => "this".to_owned(),
            version => version,
        });
        section.rows = rows(summary, &asked);
        section.flaky = flaky(summary, &asked);
    }
    let worst = summary.worst();
    for it in &asked {
        let since = (asked.len() > 1).then(|| base_name(it));
        let told = |both: &Both<'_>| {
            let id = shown_id(both);
            match &since {
                Some(since) => format!("{id} (since {since})"),
                None => id,
            }
        };
        section.better.extend(it.better.iter().map(told));
        // In the order in which those that did not pass are shown.
        let mut worse = it.worse.clone();
        worse.sort_by_key(|both| {
            let at = worst.iter().position(|case| case.id == both.head.id);
            at.unwrap_or(usize::MAX)
        });
        let worse = worse.iter().map(|both| worse_case(both, since.clone()));
        section.worse.extend(worse);
        let (word, words) = said(it);
        // With several, each says which base it speaks of.
        let words = match words
            .strip_prefix("Can't tell: ")
            .filter(|_| since.is_some())
        {
            Some(why) => format!("Can't tell against {}: {why}", base_name(it)),
            None => words,
        };
        section.sentences.push((word, words));
    }
    for it in versus {
        section.notes.extend(it.pairing.notes.iter().cloned());
        if it.was_asked_again {
            section.notes.push(format!(
                "kept answers flatter {}, so it was asked once more: the comparison is by those answers",
                base_name(it)
            ));
        }
        section.notes.extend(of_models(it));
    }
    Some(section)
}

/// `50 cases, 1 answer each   gpt-5-mini-2025-08-07`
pub(in crate::commands) fn subtitle(summary: &Summary<'_>) -> String {
    let cases = summary.counts.cases();
    let plural = if cases == 1 { "" } else { "s" };
    let answers = match summary.most_tries {
        0 | 1 => "1 answer each".to_owned(),
        more => format!("{more} answers each"),
    };
    let results = summary.results;
    let model = match results.models.is_empty() {
        true => results.subject.model.clone(),
        false => {
            let asked = &results.subject.model;
            let models = results.models.iter().map(|it| answered_by(it, asked));
            let models: Vec<String> = models.collect();
            models.join(", ")
        }
    };
    format!("{cases} case{plural}, {answers}   {model}")
}

/// What base is called: its version, or how it was named where both have the same.
pub(in crate::commands) fn base_name(versus: &Versus<'_>) -> String {
    let version = versus.base.and_then(|base| base.subject.version);
    let label = &versus.pairing.label;
    let is_other = versus
        .base
        .is_some_and(|base| base.subject.path != versus.head.subject.path);
    // Of another prompt the number alone would be taken for this one's.
    if let Some(version) = version.filter(|_| is_other) {
        let name = label.split_once('@').map_or(label.as_str(), |it| it.0);
        return format!("{name} v{version}");
    }
    match version.filter(|_| version != versus.head.subject.version) {
        Some(version) => format!("v{version}"),
        None => label.clone(),
    }
}

/// Why a comparison does not pass.
pub(in crate::commands) fn gate_words(versus: &Versus<'_>, fail_on: FailOn) -> String {
    let why = match (fail_on, versus.conclusion()) {
        (_, Conclusion::Worse | Conclusion::WorseUnconfirmed) => return said(versus).1,
        (FailOn::AnyFlip, _) if !versus.worse.is_empty() => {
            "a case that passed no longer does (--fail-on any-flip)"
        }
        (FailOn::Unproven, Conclusion::CantTell) => {
            "it is not shown to be better, or not worse (--fail-on unproven)"
        }
        _ => "cases of what it is compared with have no verdict",
    };
    why.to_owned()
}

/// What may be said of a comparison alone, as its gate takes it.
pub(in crate::commands) fn said(versus: &Versus<'_>) -> (Word, String) {
    let word = match versus.conclusion() {
        Conclusion::Better => Word::Better,
        Conclusion::Worse => Word::Worse,
        Conclusion::WorseUnconfirmed => Word::Unconfirmed,
        Conclusion::NotWorse => Word::NotWorse,
        Conclusion::CantTell => Word::CantTell,
    };
    let found = versus.comparison.as_ref();
    let points = |share: f64| share * 100.0;
    let facts = Facts {
        word,
        base: base_name(versus),
        cases: found.map_or(0, |it| it.cases),
        difference: found.map_or(0.0, |it| points(it.difference.value)),
        interval: found
            .and_then(|it| it.difference.interval)
            .map(|it| (points(it.low), points(it.high))),
        too_few: found.and_then(|it| it.limit).map(|limit| match limit {
            Limit::TooFewCases => TooFew::Cases,
            Limit::TooFewGroups => TooFew::Groups,
        }),
        seen: found.and_then(|it| it.mde).map(|it| about(points(it))),
        needed: found
            .and_then(|it| it.cases_needed)
            .map(|it| about(it as f64)),
        margin: points(versus.pairing.margin),
        lacks: versus.lacks,
    };
    let mut words = sentence(&facts);
    if versus.adjusted.is_some() && versus.headline() != versus.conclusion() {
        words.push_str(" Among all comparisons of this report it may be chance.");
    }
    (word, words)
}

fn rows(summary: &Summary<'_>, asked: &[&Versus<'_>]) -> Vec<Row> {
    let mut rows = Vec::new();
    let of = |pick: &dyn Fn(&Both<'_>) -> bool| -> Vec<(Counts, Counts)> {
        let counts = asked.iter().map(|it| {
            let meant: Vec<Both<'_>> = it
                .common
                .iter()
                .copied()
                .filter(|both| pick(both))
                .collect();
            Versus::counts(&meant)
        });
        counts.collect()
    };
    let row = |label: &str, counts: &[(Counts, Counts)]| {
        let shown = |counts: &Counts| match counts.cases() {
            0 => "-".to_owned(),
            _ => counted(counts),
        };
        let mut cells: Vec<String> = counts.iter().map(|(_, base)| shown(base)).collect();
        cells.extend(counts.first().map(|(head, _)| shown(head)));
        Row {
            label: label.to_owned(),
            cells,
            changes: Vec::new(),
        }
    };
    let all = of(&|_| true);
    if all.iter().any(|(head, _)| head.cases() > 0) {
        let mut passed = row("passed", &all);
        passed.changes = asked.iter().map(|it| change(it)).collect();
        rows.push(passed);
        let rate = |counts: &Counts| rate_in_short(counts);
        let mut cells: Vec<String> = all.iter().map(|(_, base)| rate(base)).collect();
        cells.extend(all.first().map(|(head, _)| rate(head)));
        rows.push(Row {
            cells,
            ..Row::default()
        });
    }
    let is_hostile = |both: &Both<'_>| both.head.tags.iter().any(|tag| tag == HOSTILE);
    let required = of(&|both| both.head.required);
    let hostile = of(&is_hostile);
    for (label, counts) in [("required", required), (HOSTILE, hostile)] {
        if counts.iter().any(|(head, _)| head.cases() > 0) {
            rows.push(row(label, &counts));
        }
    }
    let new: Vec<(Counts, Counts)> = asked.iter().map(|it| Versus::counts(&it.new)).collect();
    if new.iter().any(|(head, _)| head.cases() > 0) {
        rows.push(row("new cases", &new));
    }
    rows.extend(scores(summary, asked));
    let sides = |figure: &dyn Fn(&Results) -> Option<f64>| -> Vec<Option<f64>> {
        let bases = asked.iter().filter_map(|it| it.base);
        let all = bases.chain([summary.results]);
        all.map(figure).collect()
    };
    // What answers offline takes no time.
    let latency = sides(&|it| median(it).filter(|ms| *ms >= 1.0));
    rows.extend(measured("latency p50", &latency, &seconds));
    let cost = sides(&cost_of_1000);
    rows.extend(measured("cost/1000", &cost, &dollars_in_all));
    rows
}

/// A figure of each side, and by how much head's differs.
fn measured(label: &str, sides: &[Option<f64>], shown: &dyn Fn(f64) -> String) -> Option<Row> {
    let (head, bases) = sides.split_last()?;
    let head = (*head)?;
    let absent = || "-".to_owned();
    let mut cells: Vec<String> = bases
        .iter()
        .map(|it| it.map_or_else(absent, shown))
        .collect();
    cells.push(shown(head));
    let changes = bases.iter().map(|base| match base {
        Some(base) if *base > 0.0 => format!("{:+.0} %", (head / base - 1.0) * 100.0),
        _ => String::new(),
    });
    Some(Row {
        label: label.to_owned(),
        cells,
        changes: changes.collect(),
    })
}

/// The mean scores of evaluators that say more than yes or no, over all cases.
fn scores(summary: &Summary<'_>, asked: &[&Versus<'_>]) -> Vec<Row> {
    let mean = |results: &Results, name: &str| {
        let tally = results.evaluators.iter().find(|it| it.name == name)?;
        let decided = tally.passed + tally.failed;
        (decided > 0).then(|| tally.score / decided as f64)
    };
    // New cases are no part of what is compared.
    if asked.iter().any(|it| !it.new.is_empty()) {
        return Vec::new();
    }
    let graded = summary.results.evaluators.iter().filter(|it| {
        let decided = (it.passed + it.failed).max(1) as f64;
        (it.score - it.passed as f64).abs() / decided > 1e-9
    });
    graded
        .filter_map(|tally| {
            let head = mean(summary.results, &tally.name)?;
            let bases: Vec<Option<f64>> = asked
                .iter()
                .map(|it| it.base.and_then(|base| mean(base, &tally.name)))
                .collect();
            let shown =
                |it: &Option<f64>| it.map_or_else(|| "-".to_owned(), |it| format!("{it:.2}"));
            let mut cells: Vec<String> = bases.iter().map(shown).collect();
            cells.push(format!("{head:.2}"));
            let changes = bases
                .iter()
                .map(|base| base.map_or_else(String::new, |base| format!("{:+.2}", head - base)));
            Some(Row {
                label: cut(&tally.name, 24),
                cells,
                changes: changes.collect(),
            })
        })
        .collect()
}

/// `+10.0 points (-1.2 to +22.2)   p 0.13`
fn change(versus: &Versus<'_>) -> String {
    let Some(found) = &versus.comparison else {
        return "no pair".to_owned();
    };
    let mut words = format!("{:+.1} points", found.difference.value * 100.0);
    if let Some(it) = found.difference.interval {
        words.push_str(&format!(
            " ({:+.1} to {:+.1})",
            it.low * 100.0,
            it.high * 100.0
        ));
    }
    if let Some(p) = found.difference.p {
        words.push_str(&format!("   p {}", shown_p(p)));
        if let Some(adjusted) = versus.adjusted {
            words.push_str(&format!(", by Holm {}", shown_p(adjusted)));
        }
    }
    let pairs = found.cases;
    if pairs < versus.common.len() {
        words.push_str(&format!("   {pairs} pairs"));
    }
    words
}

/// `0.13`, `0.0042`
fn shown_p(p: f64) -> String {
    match p {
        p if p < 0.0001 => "< 0.0001".to_owned(),
        p if p < 0.01 => format!("{p:.4}"),
        p if p < 0.1 => format!("{p:.3}"),
        // Half a hundredth goes up: 0.125 is 0.13.
        p => format!("{:.2}", (p * 100.0).round() / 100.0),
    }
}

/// `84.0 % (71-92)`; below five cases the counts alone are shown.
fn rate_in_short(counts: &Counts) -> String {
    let decided = counts.decided();
    if decided == 0 {
        return String::new();
    }
    let rate = counts.passed as f64 / decided as f64 * 100.0;
    let count = Count {
        passed: counts.passed as u64,
        of: decided as u64,
    };
    match wilson(count, 0.95).filter(|_| decided >= FEWEST) {
        Some(it) => format!("{rate:.1} % ({:.0}-{:.0})", it.low * 100.0, it.high * 100.0),
        None => format!("{rate:.1} %"),
    }
}

fn median(results: &Results) -> Option<f64> {
    let mut latencies: Vec<f64> = results.latencies.iter().map(|ms| *ms as f64).collect();
    latencies.sort_unstable_by(f64::total_cmp);
    quantile(&latencies, 0.5)
}

fn cost_of_1000(results: &Results) -> Option<f64> {
    let answers = &results.answers;
    let priced = (answers.asked + answers.cached).checked_sub(answers.unpriced)?;
    let cost = answers.spent + answers.saved;
    (priced > 0 && cost > 0.0).then(|| cost / priced as f64 * 1000.0)
}

fn flaky(summary: &Summary<'_>, asked: &[&Versus<'_>]) -> String {
    let is_flaky = |it: &&CaseResult| it.is_flaky();
    let at_base: usize = asked
        .iter()
        .filter_map(|it| it.base)
        .map(|base| base.cases.iter().filter(is_flaky).count())
        .sum();
    match (summary.most_tries, summary.flaky.len(), at_base) {
        (0 | 1, _, _) => "none measured: --repeat 3 would tell".to_owned(),
        (_, 0, 0) => "none".to_owned(),
        (_, head, base) => {
            let ids: Vec<&str> = summary.flaky.iter().map(|it| it.id.as_str()).collect();
            let ids = match ids.as_slice() {
                [] => String::new(),
                ids => format!(": {}", ids[..ids.len().min(10)].join(", ")),
            };
            format!("{head} here, {base} before{ids}")
        }
    }
}

/// The id of a case, and what it asks where the id is a hash.
fn shown_id(both: &Both<'_>) -> String {
    const LENGTH: usize = 12;
    const SHOWN: usize = 32;
    let id = &both.head.id;
    let is_hash = id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sides = [Some(both.head), both.base];
    let mut tries = sides.into_iter().flatten().flat_map(|case| &case.tries);
    let input = tries.find_map(|it| it.detail.as_ref()?.input.as_ref());
    match input.filter(|_| is_hash) {
        Some(input) => format!("{id} \"{}\"", cut(input, SHOWN)),
        None => id.clone(),
    }
}

fn worse_case(both: &Both<'_>, since: Option<String>) -> WorseCase {
    let worst = worst_try(both.head);
    let reasons = worst.map(reasons).unwrap_or_default();
    let output = |case: Option<&CaseResult>| {
        let tried = case.and_then(|case| {
            let passed = case
                .tries
                .iter()
                .find(|it| it.detail.is_some() && is_pass(it.status));
            passed.or_else(|| worst_try(case))
        });
        tried.and_then(|it| it.detail.as_ref()?.output.clone())
    };
    let reason = match reasons.is_empty() {
        true => "did not pass".to_owned(),
        false => reasons.join("; "),
    };
    let tries = both.head.tries.len();
    let counts = match tries {
        0 | 1 => String::new(),
        all => format!("{} of {all} passed; ", both.head.passed()),
    };
    WorseCase {
        id: both.head.id.clone(),
        since,
        place: format!("{}:{}", both.head.place.0, both.head.place.1),
        reason: cut(&format!("{counts}{reason}"), SHOWN),
        before: output(both.base),
        after: worst.and_then(|it| it.detail.as_ref()?.output.clone()),
    }
}

fn is_pass(status: crate::experiment::result::Status) -> bool {
    status == crate::experiment::result::Status::Pass
}

/// That both were answered by different snapshots of one model.
fn of_models(versus: &Versus<'_>) -> Option<String> {
    let base = versus.base?;
    let is_one_model = base.subject.model == versus.head.subject.model;
    let differ = !base.models.is_empty()
        && !versus.head.models.is_empty()
        && base.models != versus.head.models;
    let list = |results: &Results| {
        results
            .models
            .iter()
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    };
    (is_one_model && differ).then(|| {
        format!(
            "different models answered: {} for {}, {} here; --fresh asks both anew",
            list(base),
            base_name(versus),
            list(versus.head)
        )
    })
}
