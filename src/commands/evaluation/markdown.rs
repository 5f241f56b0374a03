//! A run for a pull request, in GitHub's Markdown. All foreign text stands in code.

use super::report::Report;
use super::wording::{
    alike, counted, ends, expected, named, reasons, seconds, shown_rate, title, worst_try,
};
use crate::experiment::result::cut;
use crate::experiment::summary::{HOSTILE, Summary};
use crate::experiment::verdict::Verdict;
use crate::output::calls::dollars_in_all;
use crate::output::diff_markdown::inline::{cell, code, message};

/// How many cases that did not pass are shown of each prompt.
const MOST_SHOWN: usize = 20;

/// How much of an answer is shown, in characters.
const SHOWN: usize = 500;

/// How long the page may be, in UTF-16 units, so that it fits a comment beside a comparison.
const LIMIT: usize = 40_000;

pub(in crate::commands) fn render(report: &Report<'_>) -> String {
    let mut out = format!("### Evaluation: {}\n\n", worded(report.verdict));
    if let Some(headline) = report.headline() {
        out.push_str(&format!("{}\n\n", message(&headline)));
    }
    out.push_str("| prompt | model | passed | rate | score | latency | verdict |\n|---|---|---|---|---|---|---|\n");
    for summary in &report.summaries {
        row(summary, &mut out);
    }
    out.push('\n');
    for reason in &report.reasons {
        out.push_str(&format!("- {}\n", message(reason)));
    }
    out.push_str(&format!("- {}\n", report.cost_words()));
    for summary in &report.summaries {
        if let Some(words) = ends(&summary.results.answers) {
            let title = code(&title(summary));
            out.push_str(&format!("- of the answers of {title} {words}\n"));
        }
        judges(summary, &mut out);
    }
    let sections = report.summaries.iter().map(|it| (it, report.section(it)));
    let sections: Vec<_> = sections.collect();
    let compared = sections.iter().filter(|(_, it)| it.is_some()).count();
    let units = |text: &str| text.encode_utf16().count();
    let mut left = LIMIT.saturating_sub(units(&out));
    for (number, (summary, section)) in sections.iter().enumerate() {
        let mut part = String::new();
        if let Some(section) = section {
            // Those that come later shall have their share.
            let share = left / (sections.len() - number).min(compared.max(1));
            part.push('\n');
            part.push_str(&section.markdown(share * 3 / 4));
        }
        let mut failed = String::new();
        failures(summary, &mut failed);
        if units(&part) + units(&failed) <= left {
            part.push_str(&failed);
        }
        if units(&part) > left {
            out.push_str("\n**Cut** to stay below the size of a comment: `promptctl eval --show last` shows all of it.\n");
            break;
        }
        left -= units(&part);
        out.push_str(&part);
    }
    out
}

/// Who judged, where no labels have checked that judge.
fn judges(summary: &Summary<'_>, out: &mut String) {
    for tally in &summary.results.evaluators {
        if let Some(judge) = tally.judge.as_ref().filter(|_| tally.uncalibrated) {
            let (name, judge) = (code(&tally.name), code(judge));
            out.push_str(&format!(
                "- {name} is judged by {judge}, which no labels of people have checked (uncalibrated)\n"
            ));
        }
    }
}

pub(in crate::commands) fn worded(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅ pass",
        Verdict::Incomplete => "⚠️ incomplete",
        Verdict::Fail => "❌ fail",
    }
}

fn row(summary: &Summary<'_>, out: &mut String) {
    let rate = summary.pass_rate.as_ref().map(shown_rate);
    let score = summary.score.as_ref().map(|it| format!("{:.2}", it.value));
    let latency = summary.latency.map(|(p50, _)| seconds(p50));
    let hostile = summary.by_tag.get(HOSTILE);
    let hostile = hostile.map(|it| format!("; hostile {}", counted(it)));
    let absent = || "-".to_owned();
    out.push_str(&format!(
        "| {} | {} | {}{} | {} | {} | {} | {} |\n",
        cell(&title(summary)),
        cell(&summary.results.subject.model),
        counted(&summary.counts),
        hostile.unwrap_or_default(),
        rate.unwrap_or_else(absent),
        score.unwrap_or_else(absent),
        latency.unwrap_or_else(absent),
        worded(summary.judgement.verdict),
    ));
}

fn failures(summary: &Summary<'_>, out: &mut String) {
    let worst = summary.worst();
    if worst.is_empty() {
        return;
    }
    out.push_str(&format!(
        "\n<details><summary>{} did not pass of {}</summary>\n\n",
        worst.len(),
        crate::output::diff_markdown::inline::escape(&title(summary))
    ));
    let groups = alike(&worst);
    for group in groups.iter().take(MOST_SHOWN) {
        let Some(case) = group.first() else { continue };
        let required = if case.required { ", required" } else { "" };
        let (path, line, _) = &case.place;
        match group.len() {
            1 => out.push_str(&format!(
                "- {} ({}{required}), {}\n",
                code(&case.id),
                case.status().as_str(),
                code(&format!("{path}:{line}"))
            )),
            count => out.push_str(&format!(
                "- {} ({count} without an answer)\n",
                code(&named(group))
            )),
        }
        let Some(worst) = worst_try(case) else {
            continue;
        };
        for reason in reasons(worst) {
            out.push_str(&format!("  - {}\n", message(&reason)));
        }
        if group.len() > 1 {
            continue;
        }
        let input = worst.detail.as_ref().and_then(|it| it.input.as_ref());
        if let Some(input) = input {
            out.push_str(&format!("  - asked {}\n", code(input)));
        }
        if let Some(expected) = expected(worst) {
            out.push_str(&format!("  - expected {}\n", code(&cut(&expected, SHOWN))));
        }
        let output = worst.detail.as_ref().and_then(|it| it.output.as_ref());
        if let Some(output) = output {
            out.push_str(&format!("  - got {}\n", code(&cut(output.trim(), SHOWN))));
        }
    }
    if groups.len() > MOST_SHOWN {
        let more: usize = groups[MOST_SHOWN..].iter().map(Vec::len).sum();
        out.push_str(&format!("- and {more} more\n"));
    }
    let answers = &summary.results.answers;
    let all = dollars_in_all(answers.spent + answers.saved).replace('$', "\\$");
    match answers.saved > 0.0 {
        true => out.push_str(&format!(
            "\nIts answers cost {all}, of which {} was paid before this run.\n\n</details>\n",
            dollars_in_all(answers.saved).replace('$', "\\$")
        )),
        false => out.push_str(&format!("\nIts answers cost {all}.\n\n</details>\n")),
    }
}
