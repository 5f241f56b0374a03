//! `promptctl compare`.

mod figures;
mod remarks;
mod shape;
mod words;

use std::str::FromStr;

use jiff::tz::TimeZone;

use super::measured::ask::{Breakdown, ReadArgs, parse_level, say_none};
use super::measured::notes;
use super::out::OutArg;
use super::session::Session;
use super::typed;
use crate::error::{Exit, Failure};
use crate::output::diff_markdown::inline;
use crate::output::json;
use crate::output::table::{Table, TableCell};
use crate::output::ui::{BAD, BOLD, GOOD};
use crate::prompt::name::nearest;
use crate::prompt::reference::{Reference, Selector};
use crate::record::compare::{
    CantTell, Chosen, CompareOptions, Comparison, Unit, Verdict, Weighed, compare,
};

use words::Words;

/// Say whether one version did better than another in use
///
/// Reads the log and sends nothing; `eval A --base B` asks both the same cases. B is compared with A. What
/// was called in the same hours, split by the service, is compared within these hours, by strata of model,
/// environment and period in which the split stayed the same, and by subject where --unit names the label
/// that says who called. A stratum with fewer than five calls of a side counts nowhere, and that is said.
/// What was called one after the other, as after every plain release, is shown and never judged. p holds
/// however often somebody looks; the intervals are those of this look. Success, score and win decide,
/// unless --by names what does.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 with --fail-on worse, if B is worse, or that can't be told.
More: promptctl help statistics

Examples:
  promptctl compare support/triage@v3 support/triage@v4 --unit label:user
  promptctl compare label:arm=a label:arm=b --prompt support/triage --share 50:50
  promptctl compare support/triage@v3 support/triage@v4 --mature 7d --fail-on worse || echo no")]
pub(super) struct Args {
    /// What is compared with: a version, such as support/triage@v3, or label:KEY=VALUE
    #[arg(value_name = "A", value_parser = parse_side, add = super::candidates::references())]
    base: Side,
    /// What is compared
    #[arg(value_name = "B", value_parser = parse_side, add = super::candidates::references())]
    head: Side,
    #[command(flatten)]
    read: ReadArgs,
    /// Whose calls are alike: label:KEY, or call where each is independent. Without it label:subject, where
    /// records have it
    #[arg(long, value_name = "UNIT", value_parser = parse_unit)]
    unit: Option<Unit>,
    /// How calls should be split, A:B, such as 50:50; another split is an error, and said first
    #[arg(long, value_name = "A:B", value_parser = parse_share)]
    share: Option<(f64, f64)>,
    /// What decides: success, score, win, metric:NAME, latency, tokens or cost_per_call
    #[arg(long, value_name = "FIGURE", value_delimiter = ',')]
    by: Vec<Weighed>,
    /// Of this figure less is better, as of latency, tokens and cost_per_call anyway
    #[arg(long, value_name = "FIGURE")]
    lower: Vec<Weighed>,
    /// The difference that is looked for, in percent: points of a rate, else a part of A's mean; without it
    /// 2 points, and a tenth of A's spread
    #[arg(long, value_name = "PERCENT", value_parser = parse_margin)]
    difference: Option<f64>,
    /// End with 3 where B is worse, and where that can't be told
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// How sure intervals and verdicts are, in percent
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = parse_level)]
    level: f64,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    _out: OutArg,
}

/// What ends with 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// B is worse, or that can't be told
    Worse,
}

/// How a comparison is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people; plain rows in a pipe
    Text,
    /// One JSON object for scripts
    Json,
    /// A section for a page
    Markdown,
}

/// What a person names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Side {
    Prompt(Reference),
    Label { key: String, value: String },
}

fn parse_side(text: &str) -> Result<Side, String> {
    let Some(label) = text.strip_prefix("label:") else {
        return typed::reference(text)
            .map(Side::Prompt)
            .map_err(|error| error.to_string());
    };
    match label.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Side::Label {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
        _ => Err("a label is written label:KEY=VALUE, such as label:arm=a".to_owned()),
    }
}

fn parse_unit(text: &str) -> Result<Unit, String> {
    match text.strip_prefix("label:") {
        Some(key) if !key.is_empty() => Ok(Unit::Label(key.to_owned())),
        _ if text == "call" => Ok(Unit::Call),
        _ => Err("a unit is call or label:KEY, such as label:user".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<(f64, f64), String> {
    let part = |text: &str| {
        f64::from_str(text)
            .ok()
            .filter(|it| it.is_finite() && *it > 0.0)
    };
    text.split_once(':')
        .and_then(|(one, other)| part(one).zip(part(other)))
        .ok_or_else(|| "a split is two numbers above 0, such as 50:50 or 90:10".to_owned())
}

fn parse_margin(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    let percent = number.ok().filter(|it| *it > 0.0 && *it <= 100.0);
    percent
        .map(|it| it / 100.0)
        .ok_or_else(|| "write percent above 0, such as 2".to_owned())
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let options = CompareOptions {
        base: which(&args.base, session)?,
        head: which(&args.head, session)?,
        unit: args.unit.clone().unwrap_or(Unit::Subject),
        win: args.read.win().to_owned(),
        deciding: args.by.clone(),
        lower: args.lower.clone(),
        share: args.share,
        margin: args.difference,
        level: args.level,
    };
    if options.base == options.head {
        return Err(Failure::usage("both sides are the same")
            .hint("name two versions, such as support/triage@v3 support/triage@v4"));
    }
    let breakdown = Breakdown {
        by: Vec::new(),
        values: Vec::new(),
        with_mix: false,
        zone: TimeZone::UTC,
    };
    let wanted = args.read.wanted(&breakdown, session)?;
    if args.fail_on.is_some() {
        args.read.require_own_log(&wanted)?;
    }
    let found = compare(&wanted.logs, &wanted.question, &options)?;
    require_unit(args.unit.as_ref(), &found)?;
    let words = Words::new(&found, &options);
    let is_json = args.format == Format::Json;
    notes::say(&notes::notes(&found.groups), is_json, session);
    let is_empty = found.base.calls + found.head.calls == 0;
    if is_empty {
        args.read.require_known(&wanted)?;
    }
    match args.format {
        Format::Json => session
            .ui
            .block(json::document(&shape::shape(&found, &options, &words))),
        _ if is_empty => {
            let sides = [format!("{} or {}", words.base, words.head)];
            say_none(&args.read, &wanted, &sides, session)?;
        }
        Format::Text => text(&found.verdict, &words, session),
        Format::Markdown => markdown(&words, session),
    }
    let is_failed = match found.verdict {
        Verdict::Worse => true,
        Verdict::CantTell(_) => {
            if args.fail_on.is_some() {
                session
                    .ui
                    .status_always("can't tell whether B is worse: --fail-on worse ends with 3");
            }
            true
        }
        Verdict::Better | Verdict::NotToldApart => false,
    };
    Ok(match args.fail_on.is_some() && is_failed {
        true => Exit::Verdict,
        false => Exit::Done,
    })
}

/// Fails where calls are to be alike by a label that none of them has: taken one by one they would seem to say
/// more than they do.
fn require_unit(unit: Option<&Unit>, found: &Comparison) -> Result<(), Failure> {
    let Some(Unit::Label(key)) = unit else {
        return Ok(());
    };
    if found.unit.is_some() || found.base.calls + found.head.calls == 0 {
        return Ok(());
    }
    let failure = Failure::usage(format!("no call of either side has the label {key}"));
    let known = || found.labels.iter().map(String::as_str);
    Err(match nearest(key, known()) {
        Some(near) => failure.hint(format!("did you mean --unit label:{near}?")),
        None if found.labels.is_empty() => failure.hint(
            "--unit call counts each as independent; run --label KEY=VALUE gives calls a label",
        ),
        None => {
            let known: Vec<&str> = known().take(MOST_SHOWN).collect();
            failure.hint(format!("they have {}", known.join(", ")))
        }
    })
}

/// So many labels are named in a hint.
const MOST_SHOWN: usize = 20;

/// The executions that a side means. A bare name is the version of the file here.
fn which(side: &Side, session: &mut Session) -> Result<Chosen, Failure> {
    let reference = match side {
        Side::Label { key, value } => {
            return Ok(Chosen::Label {
                key: key.clone(),
                value: value.clone(),
            });
        }
        Side::Prompt(reference) => reference,
    };
    let version = match reference.selector {
        Selector::Version(version) => version,
        Selector::WorkingCopy | Selector::Named(_) => {
            let (store, _) = session.store()?;
            super::common::load_to_read(&store, reference, session)?.version()
        }
    };
    Ok(Chosen::Version {
        prompt: reference.name.to_string(),
        version: version.number(),
    })
}

fn text(verdict: &Verdict, words: &Words, session: &mut Session) {
    // An error of the split makes everything below doubtful.
    if *verdict == Verdict::CantTell(CantTell::Split) {
        session.ui.sentence(Some(BAD), &words.verdict);
    }
    session.ui.sentence(Some(BOLD), &words.title);
    let mut table = Table::new(&["figure", &words.base, &words.head, "difference", "p", "n"])
        .right(&[1, 2, 3, 4])
        .flexible(&[])
        .spare(&[5]);
    for row in &words.rows {
        table.row(
            row.iter()
                .map(|cell| TableCell::from(cell.clone()))
                .collect(),
        );
    }
    table.print(&mut session.ui);
    let style = match verdict {
        Verdict::Better => GOOD,
        Verdict::Worse => BAD,
        Verdict::NotToldApart | Verdict::CantTell(_) => BOLD,
    };
    if *verdict != Verdict::CantTell(CantTell::Split) {
        session.ui.sentence(Some(style), &words.verdict);
    }
    for sentence in &words.reasons {
        session.ui.sentence(None, sentence);
    }
    for note in &words.notes {
        session.ui.status(note);
    }
}

fn markdown(words: &Words, session: &mut Session) {
    session
        .ui
        .line(format!("#### {}", inline::message(&words.title)));
    session.ui.line("");
    session
        .ui
        .line(format!("**{}**", inline::message(&words.verdict)));
    session.ui.line("");
    let titles = ["", &words.base, &words.head, "difference", "p", "n"];
    let cells = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    session.ui.line(cells(
        titles
            .iter()
            .map(|it| match *it {
                "" | "difference" | "p" | "n" => (*it).to_owned(),
                foreign => inline::cell(foreign),
            })
            .collect(),
    ));
    session.ui.line("|---|---:|---:|---:|---:|---|");
    for row in &words.rows {
        let row = row.iter().enumerate();
        // What a figure is called may be foreign.
        let row = row.map(|(at, text)| {
            if at == 0 {
                inline::cell(text)
            } else {
                text.clone()
            }
        });
        session.ui.line(cells(row.collect()));
    }
    session.ui.line("");
    for sentence in words.reasons.iter().chain(&words.notes) {
        session.ui.line(format!("- {}", inline::message(sentence)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_a_version_or_a_label_with_a_value() {
        assert!(matches!(
            parse_side("support/triage@v3"),
            Ok(Side::Prompt(_))
        ));
        let label = Side::Label {
            key: "arm".to_owned(),
            value: "a=b".to_owned(),
        };
        assert_eq!(parse_side("label:arm=a=b"), Ok(label));
        for wrong in ["label:arm", "label:=a", "support/*", "@v3"] {
            assert!(parse_side(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_split_is_two_parts_and_a_margin_a_percentage() {
        assert_eq!(parse_share("90:10"), Ok((90.0, 10.0)));
        for wrong in ["50", "50:0", "a:b", "-1:2", "1:inf"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_margin("2 %"), Ok(0.02));
        for wrong in ["0", "-1", "101", "x"] {
            assert!(parse_margin(wrong).is_err(), "{wrong}");
        }
    }
}
