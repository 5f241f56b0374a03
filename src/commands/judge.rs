//! `promptctl judge`.

mod shown;

use std::cell::RefCell;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use super::checking::wanted::below_top;
use super::common::FormatArg;
use super::common::parse_dollars;
use super::evaluation::estimate::show_plan_of_judge;
use super::evaluation::{Asking, Callers, address, cache_of, over_budget};
use super::plan::PlanArg;
use super::run_context::RunContext;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::execute::{Done, Ended, Stop};
use crate::experiment::cache::Cache;
use crate::experiment::judge::agreement::{compare, is_same};
use crate::experiment::judge::calibration::{Calibration, path_of};
use crate::experiment::judge::labels::{self, Label, Labels};
use crate::experiment::judge::panel::{Chosen, Errand, Panel};
use crate::experiment::judge::{JudgeInput, JudgePrompt, find, reference_of, unsound};
use crate::experiment::run::{RunSettings, Source};
use crate::experiment::{CaseFiles as _, PromptFiles, Tracking};
use crate::files::FileChange;
use crate::openai::client::block_on;
use crate::output::json;
use crate::output::progress::Progress;
use crate::prompt::code;
use crate::prompt::evaluate::{BUILT_IN, Model};
use crate::prompt::judged::Checked;
use crate::prompt::quote::shell_paths;
use crate::prompt::reference::{Reference, Selector};
use shown::{Answer, Report};

/// Check a judge against labels of people
///
/// A judge is a prompt below `judges/` that evaluators ask (`uses: judges/tone`). FILE holds answers
/// with what people say of them: JSON lines, JSON, YAML or CSV with `completion`, `label`, and what
/// the judge asks for beside, such as `input` and `expected`. A label is one of the judge's choices,
/// or `pass` or `fail`; `case: {human: {tone: fair}}` is one too.
///
/// Shown are the agreement, Cohen's kappa (with quadratic weights for a scale), sensitivity and
/// specificity, each with its interval, and the answers on which they disagree. With --record the
/// figures are kept beside the judge. From 20 labels on, and where kappa is above 0 by the whole of
/// its interval, the judge counts as calibrated until its content changes: commit both files, for the
/// figures have to follow from them. A copy of a label counts once.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if a limit on the cost ended it, or the judge decided nothing; 4 if the key is missing or refused.
More: promptctl help evaluation

Examples:
  promptctl judge judges/tone --labels labels/tone.csv
  promptctl judge github/similarity --labels labels.jsonl --at-least 0.75 --max-cost 0.50
  promptctl judge judges/tone --labels labels/tone.csv --record   # keep the figures
  promptctl judge judges/tone --labels labels/tone.csv -n         # what that would cost")]
pub(super) struct Args {
    /// The judge, such as judges/tone, judges/tone@v2 or github/similarity
    #[arg(value_name = "JUDGE", add = super::candidates::references())]
    judge: Reference,
    /// The labels: .jsonl, .json, .yaml or .csv
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    labels: PathBuf,
    /// The score from which an answer passes, such as 0.75 or 75%
    #[arg(long, value_name = "SHARE", default_value = "0.5", value_parser = super::evaluation::parse_share)]
    at_least: f64,
    /// Keep the figures beside the judge
    #[arg(long)]
    record: bool,
    /// Spend at most so many US dollars: a call begins only if it fits at its worst
    #[arg(long, value_name = "USD", value_parser = parse_dollars)]
    max_cost: Option<f64>,
    /// Call no model: what the cache does not have is not asked
    #[arg(long)]
    cached: bool,
    /// Ask again what the cache has
    #[arg(long, conflicts_with = "cached")]
    fresh: bool,
    /// How many calls are under way at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: u16,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let ground = RunContext::new(session)?;
    let reference = meant(&args.judge);
    if args.record && reference.selector != Selector::WorkingCopy {
        return Err(Failure::usage(
            "--record keeps figures beside the judge of the working copy, and another one is named",
        )
        .hint(format!("promptctl judge {} --record …", reference.name)));
    }
    let files = PromptFiles::of_working_copy(&ground.store);
    let found = find(&reference, &files)?;
    let judge = JudgePrompt::new(&found, &|model| address(model, &ground, session))?;
    let (Labels { distinct, count }, sha256) = read(args, &judge, session)?;
    let labels = distinct;
    let file = match args.record {
        true => Some(file_to_name(args, &files, &ground, session)?),
        false => None,
    };
    check(&judge, &labels, &args.labels.display().to_string())?;
    if args.plan.dry_run {
        let cache = cache_of(&ground, session).filter(|_| !args.fresh);
        let kept = kept(&judge, &labels, cache.as_ref());
        let calls = if args.cached { 0 } else { labels.len() - kept };
        let concurrency = usize::from(args.concurrency);
        let asked = (labels.len(), kept, calls);
        return show_plan_of_judge((&judge, asked), concurrency, &ground, session);
    }
    let chosen = ask(args, (&judge, &labels), &ground, session)?;
    let Answers {
        answers,
        stop,
        spent,
        unrecorded,
    } = chosen;

    let pairs: Vec<_> = answers
        .iter()
        .filter_map(|it| Some((it.label.says, it.choice?)))
        .collect();
    let report = Report {
        judge: &judge,
        at_least: args.at_least,
        shown: args.labels.display().to_string(),
        agreement: compare(&pairs, &judge.choices, args.at_least),
        labels: count,
        answers: &answers,
        spent,
    };
    match args.format.is_json() {
        true => session.ui.block(json::document(&report.json())),
        false => {
            let text = report.text(session.ui.width(), session.ui.colors_out());
            session.ui.styled(text);
        }
    }
    if let Some(failure) = unrecorded {
        session
            .ui
            .warning(format!("executions were not recorded: {failure:#}"));
    }
    ground.warn_of_run(spent, session);
    match stop {
        Some(Stop::Lasting(failure)) => return Err(failure),
        Some(stop @ (Stop::MaxCost { .. } | Stop::UnknownCost)) => {
            return Err(over_budget(&stop, spent));
        }
        Some(Stop::Failed | Stop::Unwanted) | None => {}
    }
    if let Some(file) = file {
        record(&report, (file, sha256), &ground, session)?;
    } else if let Some(why) = found.unsound {
        let finding = unsound(&found.loaded, &why);
        session.ui.warning(finding.message);
    } else if !judge.is_calibrated && !pairs.is_empty() {
        session.ui.hint(enough(&report));
    }
    Ok(if pairs.is_empty() {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

/// The judge that is meant: `github/similarity` is `judges/similarity`.
fn meant(reference: &Reference) -> Reference {
    let text = reference.to_string();
    let built_in = BUILT_IN.into_iter().find(|name| *name == text);
    let own = built_in.and_then(|name| reference_of(&Model::BuiltIn(name)));
    own.unwrap_or_else(|| reference.clone())
}

/// The file of labels as the figures name it: others have it too.
fn file_to_name(
    args: &Args,
    files: &PromptFiles<'_>,
    ground: &RunContext,
    session: &Session,
) -> Result<String, Failure> {
    let shown = args.labels.display().to_string();
    let path = session.directory.join(&args.labels);
    let name = below_top(&path, ground.store.top()).map_err(|failure| {
        failure.hint("--record names the file of labels: copy it into the repository")
    })?;
    match files.tracking(&name) {
        Tracking::Ignored => Err(Failure::usage(format!(
            "--record names the file of labels, and git ignores {shown}"
        ))
        .hint("keep the labels where git does not ignore them")),
        Tracking::Tracked | Tracking::Untracked => Ok(name),
    }
}

/// The labels, and the hash of their file.
fn read(args: &Args, judge: &JudgePrompt, session: &Session) -> Result<(Labels, String), Failure> {
    let shown = args.labels.display().to_string();
    let failed = |error| {
        Failure::from_io(
            code::NOT_A_FILE,
            format!("{shown} could not be read"),
            error,
        )
    };
    let path = session.directory.join(&args.labels);
    let open = || File::open(&path).map(BufReader::new).map_err(failed);
    let sha256 = labels::hash(&mut open()?).map_err(failed)?;
    let labels = labels::read(&shown, &mut open()?, judge.labelled())
        .map_err(|findings| Failure::from(findings).hint("nothing was sent"))?;
    Ok((labels, sha256))
}

/// Looks whether every answer can be judged, before the first call.
fn check(judge: &JudgePrompt, labels: &[Label], shown: &str) -> Result<(), Failure> {
    for label in labels {
        let input = input_of(label);
        let place = format!("{shown}:{}", label.line);
        judge
            .check(&label.fields, false)
            .map_err(Failure::from)
            .and_then(|()| judge.request(&input).map(drop))
            .map_err(|failure| failure.at(place).hint("nothing was sent"))?;
    }
    Ok(())
}

fn input_of(label: &Label) -> JudgeInput<'_> {
    JudgeInput {
        fields: &label.fields,
        completion: &label.completion,
        messages: None,
    }
}

/// How many answers the cache has the judge's choice of.
fn kept(judge: &JudgePrompt, labels: &[Label], cache: Option<&Cache>) -> usize {
    let is_kept = |label: &&Label| cache.is_some_and(|it| judge.is_kept(&input_of(label), it));
    labels.iter().filter(is_kept).count()
}

/// What the judge chose.
struct Answers<'l> {
    answers: Vec<Answer<'l>>,
    stop: Option<Stop>,
    spent: f64,
    unrecorded: Option<Failure>,
}

fn ask<'l>(
    args: &Args,
    (judge, labels): (&JudgePrompt, &'l [Label]),
    ground: &RunContext,
    session: &mut Session,
) -> Result<Answers<'l>, Failure> {
    let cache = cache_of(ground, session);
    let source = match (args.cached, args.fresh) {
        (true, _) => Source::CacheAlone,
        (_, true) => Source::Model,
        _ => Source::CacheThenModel,
    };
    let max_cost = ground.limit(args.max_cost);
    let progress = Progress::new(&session.ui, labels.len());
    let callers = Callers::new(ground, session);
    let kept = kept(judge, labels, cache.as_ref().filter(|_| !args.fresh));
    if !args.cached && kept < labels.len() {
        callers.prepare_judge(judge, max_cost)?;
    }
    let asking = Asking {
        source,
        cache: cache.as_ref(),
        scores: None,
        max_cost,
        concurrency: usize::from(args.concurrency),
    };
    let (answers, ended, unrecorded) = callers.run(&asking, |terms| {
        choose(args, (judge, labels), terms, &progress)
    })?;
    progress.finish();
    if let Some(cache) = &cache {
        cache.close();
    }
    Ok(Answers {
        answers,
        stop: ended.stop,
        spent: ended.cost,
        unrecorded,
    })
}

/// Asks the judge about every answer, and holds what it chose against the label.
fn choose<'l>(
    args: &Args,
    (judge, labels): (&JudgePrompt, &'l [Label]),
    terms: &RunSettings<'_>,
    progress: &Progress,
) -> Result<(Vec<Answer<'l>>, Ended, Option<Failure>), Failure> {
    let panel = Panel::new(terms);
    let labelled = [("judge".to_owned(), terms.run.to_owned())];
    let errand = Errand {
        case: None,
        labels: labelled.into(),
    };
    let answers: RefCell<Vec<Answer<'l>>> = RefCell::new(
        labels
            .iter()
            .map(|label| Answer {
                label,
                choice: None,
                reason: Some("not asked".to_owned()),
                is_same: false,
                model: None,
            })
            .collect(),
    );
    let one = async |index: usize| -> Chosen {
        match judge.request(&input_of(&labels[index])) {
            Ok((rendered, request)) => panel.choose(judge, (&rendered, &request), &errand).await,
            Err(failure) => Chosen::nothing(failure.message),
        }
    };
    let ended = block_on(terms.pool.run(0..labels.len(), one, &mut |index, chosen| {
        let mut answers = answers.borrow_mut();
        let answer = &mut answers[index];
        (answer.choice, answer.reason) = match chosen.choice {
            Ok((choice, reason)) => (Some(choice), reason),
            Err(why) => (None, Some(why)),
        };
        answer.model = chosen.model;
        answer.is_same = answer.choice.is_some_and(|choice| {
            is_same(answer.label.says, choice, &judge.choices, args.at_least)
        });
        progress.step(String::new());
        Done {
            cost: if chosen.cached {
                0.0
            } else {
                chosen.cost.unwrap_or(0.0)
            },
            stop: chosen.stop,
        }
    }))?;
    Ok((answers.into_inner(), ended, panel.into_unrecorded()))
}

/// What `--record` would do with the figures.
fn enough(report: &Report<'_>) -> String {
    let checked = report.agreement.kappa.map(|kappa| Checked {
        labels: report.labels as u64,
        distinct: report.answers.len() as u64,
        kappa: kappa.value,
        low: kappa.interval.low,
    });
    match checked.and_then(|it| it.fault()) {
        Some(why) => format!("these figures do not calibrate the judge: {why}"),
        None => "--record keeps these figures: the judge counts as calibrated then".to_owned(),
    }
}

/// Keeps the figures beside the judge.
fn record(
    report: &Report<'_>,
    (labels_file, labels_sha256): (String, String),
    ground: &RunContext,
    session: &mut Session,
) -> Result<(), Failure> {
    let loaded = &report.judge.loaded;
    let refuse = |why: &str| {
        Failure::new(code::UNDECIDED, format!("nothing was recorded: {why}")).exit(Exit::Verdict)
    };
    if report.undecided() > 0 {
        return Err(refuse("the judge did not decide on every answer"));
    }
    let Some(kappa) = report.agreement.kappa else {
        return Err(refuse(
            "all labels or all choices are the same, so that agreement says nothing",
        )
        .hint("add answers that people fail, and answers that they pass"));
    };
    let calibration = Calibration {
        schema: Calibration::FORM,
        judge: loaded.name.to_string(),
        version: loaded.version().number(),
        digest: loaded.digest().to_string(),
        model: report.models().into_iter().next(),
        time: json::time(session.now),
        labels_file,
        labels_sha256,
        labels: report.labels,
        distinct: report.answers.len(),
        at_least: report.at_least,
        agreement: report.agreement.same.share(),
        kappa: kappa.value,
        kappa_low: kappa.interval.low,
        kappa_high: kappa.interval.high,
        verdicts: report.choices(),
    };
    let path = path_of(loaded);
    let text = format!("{}\n", json::pretty(&calibration));
    ground.store.write_files(&[FileChange::Write {
        path: path.clone(),
        text,
    }])?;
    session.ui.status(format!("kept in {path}"));
    if let Some(why) = calibration.checked().fault() {
        session
            .ui
            .warning(format!("{} stays uncalibrated: {why}", report.judge.name));
    }
    let both = shell_paths([path.as_str(), calibration.labels_file.as_str()]);
    session.ui.hint(format!("git add {both}"));
    Ok(())
}
