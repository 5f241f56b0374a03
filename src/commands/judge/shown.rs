//! What a comparison with labels shows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::experiment::judge::JudgePrompt;
use crate::experiment::judge::agreement::{Agreement, LEVEL};
use crate::experiment::judge::labels::{Label, Says};
use crate::experiment::result::cut;
use crate::output::calls::dollars_in_all;
use crate::output::ui::{BOLD, DIM, paint};
use crate::output::wrap::wrapped;
use crate::prompt::visible;
use crate::statistics::{Count, wilson};

/// How many disagreements are shown to people; scripts get all.
const MOST_SHOWN: usize = 20;

/// How much of an answer or a reason is shown, in characters.
const SHOWN: usize = 300;

/// A label with what the judge chose.
pub(super) struct Answer<'l> {
    pub(super) label: &'l Label,
    /// The number of the choice; none where it made none.
    pub(super) choice: Option<usize>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Whether that is what the person says.
    pub(super) is_same: bool,
    /// The model that answered.
    pub(super) model: Option<String>,
}

/// How a judge met the labels.
pub(super) struct Report<'a> {
    pub(super) judge: &'a JudgePrompt,
    pub(super) at_least: f64,
    /// The file of labels.
    pub(super) shown: String,
    pub(super) agreement: Agreement,
    /// How many labels there are, copies among them.
    pub(super) labels: usize,
    pub(super) answers: &'a [Answer<'a>],
    pub(super) spent: f64,
}

impl Report<'_> {
    /// How many answers the judge made no choice on.
    pub(super) fn undecided(&self) -> usize {
        let answers = self.answers.iter();
        answers.filter(|it| it.choice.is_none()).count()
    }

    /// The models that judged.
    pub(super) fn models(&self) -> BTreeSet<String> {
        self.answers
            .iter()
            .filter_map(|it| it.model.clone())
            .collect()
    }

    /// What the judge chose, by the order of the labels.
    pub(super) fn choices(&self) -> Vec<String> {
        let chosen = self.answers.iter().filter_map(|it| self.chosen(it.choice));
        chosen.map(str::to_owned).collect()
    }

    fn disagreements(&self) -> impl Iterator<Item = &Answer<'_>> {
        let answers = self.answers.iter();
        answers.filter(|it| it.choice.is_some() && !it.is_same)
    }

    fn says(&self, says: Says) -> &str {
        match says {
            Says::Choice(choice) => &self.judge.choices[choice].choice,
            Says::Passes(true) => "pass",
            Says::Passes(false) => "fail",
        }
    }

    fn chosen(&self, choice: Option<usize>) -> Option<&str> {
        choice.map(|choice| self.judge.choices[choice].choice.as_str())
    }

    /// What scripts read.
    pub(super) fn json(&self) -> Value {
        let agreement = &self.agreement;
        let labels = &agreement.labels;
        let disagreement = |it: &Answer<'_>| {
            json!({
                "line": it.label.line,
                "label": self.says(it.label.says),
                "choice": self.chosen(it.choice),
                "reason": it.reason,
                "completion": it.label.completion,
            })
        };
        let undecided = self.answers.iter().filter(|it| it.choice.is_none());
        json!({
            "judge": self.judge.loaded.name.as_str(),
            "version": self.judge.loaded.version().number(),
            "digest": self.judge.loaded.digest().as_str(),
            "models": self.models(),
            "calibrated": self.judge.is_calibrated,
            "labels": self.labels,
            "distinct": self.answers.len(),
            "compared": agreement.same.of,
            "undecided": self.undecided(),
            "at_least": self.at_least,
            "choices": self.judge.choices.iter().map(|it| json!({"choice": it.choice, "score": it.score})).collect::<Vec<_>>(),
            "agreement": share(agreement.same),
            "kappa": agreement.kappa.map(|it| json!({
                "value": it.value,
                "low": it.interval.low,
                "high": it.interval.high,
                "weights": if agreement.is_weighted { "quadratic" } else { "none" },
            })),
            "sensitivity": share(labels.sensitivity()),
            "specificity": share(labels.specificity()),
            "table": agreement.table,
            "disagreements": self.disagreements().map(disagreement).collect::<Vec<_>>(),
            "undecided_answers": undecided.map(disagreement).collect::<Vec<_>>(),
            "cost_usd": self.spent,
        })
    }

    /// What people read, in lines of this width, where one is given.
    pub(super) fn text(&self, width: Option<usize>, colors: bool) -> String {
        let mut out = String::new();
        let models: Vec<String> = self.models().into_iter().collect();
        let plural = if self.labels == 1 { "" } else { "s" };
        let distinct = match self.answers.len() {
            all if all == self.labels => String::new(),
            distinct => format!(", {distinct} distinct"),
        };
        out.push_str(&format!(
            "{}   {} label{plural}{distinct}   {}\n",
            paint(colors, BOLD, &self.judge.name),
            self.labels,
            visible::line(&models.join(", "))
        ));
        for (label, words) in self.rows() {
            beside(&mut out, width, (label, 13), &words);
        }
        self.list_disputed(&mut out, width, colors);
        out.push_str(&format!("\n{} spent\n", dollars_in_all(self.spent)));
        out
    }

    /// The figures, each with its label.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let agreement = &self.agreement;
        let labels = &agreement.labels;
        let kappa = match &agreement.kappa {
            Some(it) => {
                let weights = match agreement.is_weighted {
                    true => ", with quadratic weights",
                    false => "",
                };
                format!(
                    "{:.2} ({:.2} to {:.2}){weights}",
                    it.value, it.interval.low, it.interval.high
                )
            }
            None => "none: all say one thing, so that agreement says nothing".to_owned(),
        };
        let of = |count: Count, what: &str| format!("{}   of what people {what}", worded(count));
        let mut rows = vec![
            ("agrees", worded(agreement.same)),
            ("kappa", kappa),
            (
                "sensitivity",
                of(labels.sensitivity(), "pass, the judge passes"),
            ),
            (
                "specificity",
                of(labels.specificity(), "fail, the judge fails"),
            ),
        ];
        if self.undecided() > 0 {
            rows.push(("undecided", self.undecided().to_string()));
        }
        let enough = self.judge.choices.iter();
        let enough = enough.filter(|it| it.score + 1e-9 >= self.at_least);
        let enough: Vec<&str> = enough.map(|it| it.choice.as_str()).collect();
        let enough = visible::line(&enough.join(", ")).into_owned();
        rows.push(("passes", format!("from {:.2} on: {enough}", self.at_least)));
        rows
    }

    /// The answers to read: those that the judge sees otherwise than people, and those it did not decide.
    fn list_disputed(&self, out: &mut String, width: Option<usize>, colors: bool) {
        let undecided = self.answers.iter().filter(|it| it.choice.is_none());
        let disputed: Vec<&Answer<'_>> = self.disagreements().chain(undecided).collect();
        if disputed.is_empty() {
            return;
        }
        let title = format!("to read ({})", disputed.len());
        out.push_str(&format!("\n{}\n", paint(colors, BOLD, &title)));
        for it in disputed.iter().take(MOST_SHOWN) {
            let place = format!("{}:{}", self.shown, it.label.line);
            let chosen = self.chosen(it.choice).unwrap_or("nothing");
            out.push_str(&format!(
                "  people say {}, the judge {}   {}\n",
                visible::line(self.says(it.label.says)),
                visible::line(chosen),
                paint(colors, DIM, &visible::line(&place))
            ));
            if let Some(reason) = &it.reason {
                beside(out, width, ("    because", 13), &cut(reason, SHOWN));
            }
            let completion = cut(it.label.completion.trim(), SHOWN);
            beside(out, width, ("    answer", 13), &completion);
        }
        let more = disputed.len().saturating_sub(MOST_SHOWN);
        if more > 0 {
            out.push_str(&format!("  and {more} more: --format json has them\n"));
        }
    }
}

/// Text whose lines begin below each other, behind a label.
fn beside(out: &mut String, width: Option<usize>, (label, room): (&str, usize), text: &str) {
    let text = visible::line(text);
    let lines = wrapped(&text, width.map(|width| width.saturating_sub(room)));
    for (number, line) in lines.iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        out.push_str(format!("{label:<room$}{line}").trim_end());
        out.push('\n');
    }
}

/// `17 of 20   85.0 % (64.0 to 94.8)`
fn worded(count: Count) -> String {
    let mut words = format!("{} of {}", count.passed, count.of);
    if let Some(it) = wilson(count, LEVEL) {
        words.push_str(&format!(
            "   {:.1} % ({:.1} to {:.1})",
            count.share() * 100.0,
            it.low * 100.0,
            it.high * 100.0
        ));
    }
    words
}

fn share(count: Count) -> Value {
    let interval = wilson(count, LEVEL);
    json!({
        "value": interval.map(|_| count.share()),
        "low": interval.map(|it| it.low),
        "high": interval.map(|it| it.high),
        "passed": count.passed,
        "of": count.of,
    })
}
