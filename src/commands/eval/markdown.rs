//! A run for a pull request, in GitHub's Markdown. All foreign text stands in code.

use super::report::{Report, counted, dollars, expected, reasons, title, worst_try};
use super::text::{seconds, shown_rate};
use crate::experiment::result::cut;
use crate::experiment::summary::{HOSTILE, Summary};
use crate::experiment::verdict::Verdict;
use crate::output::diff_markdown::inline::{cell, code, message};

/// How many cases that did not pass are shown of each prompt.
const MOST_SHOWN: usize = 20;

/// How much of an answer is shown, in characters.
const SHOWN: usize = 500;

pub(super) fn render(report: &Report<'_>) -> String {
    let mut out = format!("### Evaluation: {}\n\n", worded(report.verdict));
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
        failures(summary, &mut out);
    }
    out
}

fn worded(verdict: Verdict) -> &'static str {
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
    for case in worst.iter().take(MOST_SHOWN) {
        let required = if case.required { ", required" } else { "" };
        let (path, line, _) = &case.place;
        out.push_str(&format!(
            "- {} ({}{required}), {}\n",
            code(&case.id),
            case.status().as_str(),
            code(&format!("{path}:{line}"))
        ));
        let Some(worst) = worst_try(case) else {
            continue;
        };
        for reason in reasons(worst) {
            out.push_str(&format!("  - {}\n", message(&reason)));
        }
        if let Some(expected) = expected(worst) {
            out.push_str(&format!("  - expected {}\n", code(&cut(&expected, SHOWN))));
        }
        let output = worst.detail.as_ref().and_then(|it| it.output.as_ref());
        if let Some(output) = output {
            out.push_str(&format!("  - got {}\n", code(&cut(output.trim(), SHOWN))));
        }
    }
    if worst.len() > MOST_SHOWN {
        out.push_str(&format!("- and {} more\n", worst.len() - MOST_SHOWN));
    }
    let cost = summary.results.answers.spent + summary.results.answers.saved;
    out.push_str(&format!("\n{} in all\n\n</details>\n", dollars(cost)));
}
