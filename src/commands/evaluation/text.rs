//! A run for people.

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr as _;

use super::report::Report;
use super::wording::{
    alike, counted, ends, expected, named, reasons, seconds, shown_rate, title, worst_try,
};
use crate::experiment::evidence::answered_by;
use crate::experiment::result::{CaseResult, Status, cut};
use crate::experiment::summary::{HOSTILE, Summary};
use crate::experiment::verdict::Verdict;
use crate::output::calls::dollars_in_all;
use crate::output::ui::{BAD, BOLD, DIM, GOOD, NOTE, paint};
use crate::output::versus::Section;
use crate::output::wrap::{hung, wrapped};
use crate::prompt::visible;

/// How many cases that did not pass are shown of each prompt.
const MOST_SHOWN: usize = 20;

/// How much of an answer is shown, in characters.
const SHOWN: usize = 300;

/// The widest label before a figure.
const WIDEST: usize = 24;

/// Shows a run in lines of this width, where one is given.
pub(in crate::commands) fn render(
    report: &Report<'_>,
    width: Option<usize>,
    colors: bool,
) -> String {
    let mut page = Page {
        out: String::new(),
        width,
        colors,
    };
    for summary in &report.summaries {
        page.prompt(report, summary);
    }
    if report.summaries.len() > 1 {
        page.table(report);
    }
    page.end(report);
    page.out
}

struct Page {
    out: String,
    width: Option<usize>,
    colors: bool,
}

impl Page {
    fn line(&mut self, text: &str) {
        let text = text.trim_end();
        match self.width {
            Some(width) => self.out.push_str(&hung(text, width)),
            None => self.out.push_str(text),
        }
        self.out.push('\n');
    }

    fn paint(&self, style: anstyle::Style, text: &str) -> String {
        paint(self.colors, style, text)
    }

    /// Text whose lines begin below each other, behind a label.
    fn beside(&mut self, label: &str, style: Option<anstyle::Style>, text: &str, room: usize) {
        let text = visible::line(text);
        let padding = " ".repeat((room.saturating_sub(label.width())).max(2));
        let head = format!("{label}{padding}");
        let indent = " ".repeat(head.width());
        let lines = wrapped(&text, self.width.map(|it| it.saturating_sub(head.width())));
        let label = match style {
            Some(style) => self.paint(style, label),
            None => label.to_owned(),
        };
        for (number, line) in lines.iter().enumerate() {
            match number {
                0 => self.line(&format!("{label}{padding}{line}")),
                _ => self.line(&format!("{indent}{line}")),
            }
        }
    }

    fn prompt(&mut self, report: &Report<'_>, summary: &Summary<'_>) {
        match report.section(summary) {
            Some(section) if section.columns.is_empty() => {
                self.alone(summary);
                for note in &section.notes {
                    self.beside("note", None, note, 6);
                }
            }
            Some(section) => self.compared(summary, &section),
            None => self.alone(summary),
        }
        self.not_asked(summary);
        if report.summaries.len() > 1 {
            let verdict = summary.judgement.verdict;
            let reasons = summary.judgement.reasons.join("; ");
            let word = verdict.as_str();
            self.beside(word, Some(style_of(verdict)), &reasons, word.len() + 3);
        }
        self.line("");
    }

    /// A prompt beside what it replaces, and the cases that fail whatever that says.
    fn compared(&mut self, summary: &Summary<'_>, section: &Section) {
        let text = section.text(self.width, self.colors);
        self.out.push_str(&text);
        let is_told = |case: &&CaseResult| section.worse.iter().any(|it| it.id == case.id);
        let mut worst = summary.worst();
        worst.retain(|case| !is_told(case));
        self.failed(
            &worst,
            if section.worse.is_empty() {
                "did not pass"
            } else {
                "did not pass either"
            },
        );
    }

    fn alone(&mut self, summary: &Summary<'_>) {
        let results = summary.results;
        let cases = summary.counts.cases();
        let plural = if cases == 1 { "" } else { "s" };
        let answers = match summary.most_tries {
            0 | 1 => "1 answer each".to_owned(),
            more => format!("{more} answers each"),
        };
        let model = match results.models.is_empty() {
            true => results.subject.model.clone(),
            false => results
                .models
                .iter()
                .map(|it| answered_by(it, &results.subject.model))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let title = title(summary);
        let rest = format!(
            "{cases} case{plural}, {answers}   {}",
            visible::line(&model)
        );
        let is_wide = self
            .width
            .is_some_and(|width| title.width() + 3 + rest.width() > width);
        let shown = self.paint(BOLD, &title);
        match is_wide {
            true => {
                self.line(&shown);
                self.line(&format!("  {rest}"));
            }
            false => self.line(&format!("{shown}   {rest}")),
        }
        self.figures(summary);
        self.failed(&summary.worst(), "did not pass");
        self.flaky(summary);
    }

    fn figures(&mut self, summary: &Summary<'_>) {
        let results = summary.results;
        let mut rows: Vec<(String, String)> = Vec::new();
        let rate = summary.pass_rate.as_ref().map(|rate| {
            let of = match summary.counts.without_verdict() {
                0 => String::new(),
                _ => format!(" of the {} that were decided", rate.n),
            };
            format!("   {}{of}", shown_rate(rate))
        });
        rows.push((
            "passed".to_owned(),
            format!("{}{}", counted(&summary.counts), rate.unwrap_or_default()),
        ));
        if summary.required.cases() > 0 {
            rows.push(("required".to_owned(), counted(&summary.required)));
        }
        if let Some(hostile) = summary.by_tag.get(HOSTILE) {
            rows.push((HOSTILE.to_owned(), counted(hostile)));
        }
        for tally in &results.evaluators {
            let all = tally.passed + tally.failed + tally.undecided;
            let decided = tally.passed + tally.failed;
            let mut words = format!("{} of {all}", tally.passed);
            if tally.undecided > 0 {
                words.push_str(&format!(", {} undecided", tally.undecided));
            }
            let mean = tally.score / decided.max(1) as f64;
            // Where it says yes or no, the counts say it all.
            if decided > 0 && (mean - tally.passed as f64 / decided as f64).abs() > 1e-9 {
                words.push_str(&format!(", mean {mean:.2}"));
            }
            if let Some(judge) = &tally.judge {
                let mark = if tally.uncalibrated {
                    ", uncalibrated"
                } else {
                    ""
                };
                words.push_str(&format!("   by {judge}{mark}"));
            }
            // What another program reads is whole.
            let most = self.width.map_or(usize::MAX, |_| WIDEST);
            rows.push((cut(&visible::line(&tally.name), most), words));
        }
        if let Some(words) = ends(&results.answers) {
            rows.push(("answers".to_owned(), words));
        }
        // What answers offline takes no time.
        if let Some((p50, p95)) = summary.latency.filter(|(_, p95)| *p95 >= 1.0) {
            let words = format!(
                "{} median, {} at the 95th percentile",
                seconds(p50),
                seconds(p95)
            );
            rows.push(("latency".to_owned(), words));
        }
        let answers = &results.answers;
        let asked = answers.asked + answers.cached;
        let cost = answers.spent + answers.saved;
        if asked > answers.unpriced && cost > 0.0 {
            let each = cost / (asked - answers.unpriced) as f64;
            rows.push((
                "cost".to_owned(),
                format!("{} for 1000 answers", dollars_in_all(each * 1000.0)),
            ));
        }
        let room = rows
            .iter()
            .map(|(label, _)| label.width())
            .max()
            .unwrap_or(0)
            + 2;
        for (label, words) in rows {
            self.beside(&label, None, &words, room);
        }
    }

    fn failed(&mut self, worst: &[&CaseResult], title: &str) {
        if worst.is_empty() {
            return;
        }
        self.line("");
        let title = format!("{title} ({})", worst.len());
        let title = self.paint(BOLD, &title);
        self.line(&title);
        let groups = alike(worst);
        for group in groups.iter().take(MOST_SHOWN) {
            match group.as_slice() {
                [case] => self.failure(case),
                group => self.errors(group),
            }
        }
        if groups.len() > MOST_SHOWN {
            let more: usize = groups[MOST_SHOWN..].iter().map(Vec::len).sum();
            self.line(&format!("  and {more} more: -o FILE.json has them"));
        }
    }

    /// Cases that got no answer for one and the same reason.
    fn errors(&mut self, cases: &[&CaseResult]) {
        let word = self.paint(NOTE, "error");
        let ids = visible::line(&named(cases)).into_owned();
        self.line(&format!("  {word}  {ids}"));
        let worst = cases.first().and_then(|case| worst_try(case));
        for reason in worst.map(reasons).unwrap_or_default() {
            self.beside("    because", Some(DIM), &cut(&reason, 2 * SHOWN), 14);
        }
    }

    fn failure(&mut self, case: &CaseResult) {
        let (word, style) = match case.status() {
            Status::Error => ("error", NOTE),
            Status::Undecided => ("undecided", NOTE),
            _ => ("fail", BAD),
        };
        let tries = match case.tries.len() {
            0 | 1 => String::new(),
            all => format!("   {} of {all} passed", case.passed()),
        };
        let required = if case.required { "   required" } else { "" };
        let (path, line, column) = &case.place;
        let id = visible::line(&case.id);
        let place = format!("{path}:{line}:{column}");
        let word = self.paint(style, word);
        let place = self.paint(DIM, &visible::line(&place));
        self.line(&format!("  {word}  {id}{required}{tries}   {place}"));
        let Some(worst) = worst_try(case) else { return };
        for reason in reasons(worst) {
            self.beside("    because", Some(DIM), &cut(&reason, 2 * SHOWN), 14);
        }
        let input = worst.detail.as_ref().and_then(|it| it.input.as_ref());
        if let Some(input) = input {
            self.beside("    asked", Some(DIM), input, 14);
        }
        if let Some(expected) = expected(worst) {
            self.beside("    expected", Some(DIM), &cut(&expected, SHOWN), 14);
        }
        let output = worst.detail.as_ref().and_then(|it| it.output.as_ref());
        if let Some(output) = output {
            let output = visible::line(output.trim()).into_owned();
            let output = match output.is_empty() {
                true => "(empty)".to_owned(),
                false => cut(&output, SHOWN),
            };
            self.beside("    got", Some(DIM), &output, 14);
        }
    }

    /// The cases that were not asked, by the reason.
    fn not_asked(&mut self, summary: &Summary<'_>) {
        const MOST: usize = 10;
        let mut by_reason: BTreeMap<(bool, &str), Vec<&str>> = BTreeMap::new();
        for case in &summary.results.cases {
            if case.status() != Status::Skipped {
                continue;
            }
            let detail = case.tries.iter().find_map(|it| it.detail.as_ref());
            let reason = detail.and_then(|it| it.reason.as_deref());
            by_reason
                .entry((case.is_missing(), reason.unwrap_or_default()))
                .or_default()
                .push(&case.id);
        }
        if by_reason.is_empty() {
            return;
        }
        self.line("");
        for ((is_missing, reason), ids) in by_reason {
            let word = if is_missing { "not asked" } else { "skipped" };
            let more = match ids.len().saturating_sub(MOST) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let ids = ids[..ids.len().min(MOST)].join(", ");
            self.beside(
                word,
                Some(NOTE),
                &format!("{ids}{more}: {reason}"),
                word.len() + 2,
            );
        }
    }

    fn flaky(&mut self, summary: &Summary<'_>) {
        if summary.flaky.is_empty() {
            return;
        }
        let flaky: Vec<String> = summary
            .flaky
            .iter()
            .map(|case| format!("{} ({} of {})", case.id, case.passed(), case.tries.len()))
            .collect();
        self.line("");
        self.beside("flaky", Some(NOTE), &flaky.join(", "), 7);
    }

    fn verdict(&self, verdict: Verdict) -> String {
        self.paint(style_of(verdict), verdict.as_str())
    }

    /// All prompts, a line each.
    fn table(&mut self, report: &Report<'_>) {
        let has_models = {
            let mut models: Vec<&str> = report
                .summaries
                .iter()
                .map(|it| it.results.subject.model.as_str())
                .collect();
            models.sort_unstable();
            models.dedup();
            models.len() > 1
        };
        let rows: Vec<[String; 4]> = report
            .summaries
            .iter()
            .map(|it| {
                let name = match has_models {
                    true => format!("{}   {}", title(it), it.results.subject.model),
                    false => title(it),
                };
                let score = it
                    .score
                    .as_ref()
                    .map_or_else(String::new, |it| format!("score {:.2}", it.value));
                let cost = it.results.answers.spent + it.results.answers.saved;
                let name = visible::line(&name).into_owned();
                [name, counted(&it.counts), score, dollars_in_all(cost)]
            })
            .collect();
        let wide = |column: usize| {
            rows.iter()
                .map(|row| row[column].width())
                .max()
                .unwrap_or(0)
        };
        let widths = [wide(0), wide(1), wide(2)];
        for (row, summary) in rows.iter().zip(&report.summaries) {
            let verdict = self.verdict(summary.judgement.verdict);
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width - cell.width() + 2));
            }
            let whole = line.width() + row[3].width() + 12;
            match self.width.is_some_and(|width| whole > width) {
                true => {
                    self.line(&row[0]);
                    self.line(&format!("  {}   {verdict}", row[1]));
                }
                false => self.line(&format!("{line}{}   {verdict}", row[3])),
            }
        }
        self.line("");
    }

    fn end(&mut self, report: &Report<'_>) {
        if let Some(headline) = report.headline() {
            for line in wrapped(&visible::line(&headline), self.width) {
                self.line(&line);
            }
            self.line("");
        }
        let style = style_of(report.verdict);
        let mut words = report.cost_words();
        let is_slow = |it: &Summary<'_>| it.latency.is_some_and(|(_, p95)| p95 >= 1.0);
        let has_waited = report.summaries.iter().any(is_slow);
        if let Some(seconds) = report.seconds.filter(|_| has_waited) {
            words.push_str(&format!(", {seconds:.1} s"));
        }
        let word = report.verdict.as_str();
        self.beside(word, Some(style), &words, word.len() + 3);
        let has_interval = |it: &Summary<'_>| {
            it.pass_rate
                .as_ref()
                .is_some_and(|rate| rate.interval.is_some())
        };
        if report.summaries.iter().any(has_interval) {
            self.beside("  ", None, "figures in brackets are intervals at 95 %", 2);
        }
        // With several, each has its own.
        if report.verdict != Verdict::Pass || report.summaries.len() == 1 {
            for reason in &report.reasons {
                self.beside("  ", None, reason, 2);
            }
        }
    }
}

fn style_of(verdict: Verdict) -> anstyle::Style {
    match verdict {
        Verdict::Pass => GOOD,
        Verdict::Incomplete => NOTE,
        Verdict::Fail => BAD,
    }
}
