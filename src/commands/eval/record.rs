//! `eval --record`: a run becomes evidence, a tag that `publish` can ask for.

use serde_json::{Value, json};

use super::super::evaluation::report::Report;
use super::super::evaluation::wording::title;
use super::super::rules::{branches_of, signers_of_evidence};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::args::Args;
use super::base::Side;
use super::choose::Chosen;
use crate::error::{Exit, Failure};
use crate::experiment::PromptFiles;
use crate::experiment::case::Suite;
use crate::experiment::evidence::{Witness, at_commit, committed_suite};
use crate::experiment::judge::Judges;
use crate::experiment::result::Line;
use crate::experiment::summary::Summary;
use crate::experiment::task::Task;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_paths;
use crate::releases::{
    Evidence, Measurement, NewEvidence, Recorded, Recording, Signers, Store, not_committed,
};
use crate::repository::ObjectId;

/// What is recorded of a run, and what was recorded before it.
#[derive(Default)]
pub(super) struct Record {
    signers: Option<Signers>,
    push: bool,
    /// Prompts that need not be asked: the same is recorded already.
    there: Vec<Evidence>,
}

impl Record {
    /// Asks the remote, checks that what is to be evaluated can become evidence, and takes out what
    /// did already.
    ///
    /// # Errors
    /// A prompt is not committed as it is evaluated, or `--fresh` would ask again without a reason.
    pub(super) fn begin(
        (chosen, sides): (&mut Vec<Chosen>, &mut Vec<Side>),
        args: &Args,
        ground: &RunContext,
    ) -> Result<Self, Failure> {
        let store = &ground.store;
        let push = !args.record.no_push && store.has_remote();
        let mut names: Vec<PromptName> = chosen.iter().map(|it| it.loaded.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let branches = branches_of(store, &ground.config);
        if !args.answers.dry_run {
            let names: Vec<&PromptName> = names.iter().collect();
            store.ask_remote(&names, &branches, push)?;
        }
        let signers = signers_of_evidence(store, &ground.config)?;
        // A dry run asks no remote, so that it may not know what is recorded.
        let knows = !args.answers.dry_run || store.require_releases().is_ok();
        for it in chosen.iter() {
            check(&it.loaded, &it.suite, args, store)?;
            if args.answers.fresh && args.record.message.is_none() && knows {
                refuse_again(&it.loaded, store)?;
            }
        }
        let mut record = Self {
            signers,
            push,
            there: Vec::new(),
        };
        if args.answers.fresh || !knows {
            return Ok(record);
        }
        let (mut left, mut left_sides) = (Vec::new(), Vec::new());
        for (at, it) in chosen.drain(..).enumerate() {
            let own = sides.extract_if(.., |side| side.of() == at);
            let own: Vec<Side> = own.collect();
            let measured = Measurement {
                name: &it.loaded.name,
                digest: it.loaded.digest(),
                suite: &it.suite.digest,
                repeat: args.cases.repeat.unwrap_or(it.suite.repeat),
                base: own.iter().find_map(Side::digest),
            };
            match store.recorded(&measured, record.signers.as_ref())? {
                Some(evidence) => record.there.push(evidence),
                None => {
                    left_sides.extend(own.into_iter().map(|side| side.moved(left.len())));
                    left.push(it);
                }
            }
        }
        (*chosen, *sides) = (left, left_sides);
        Ok(record)
    }

    /// What was recorded before, in words, and how the command ends by that alone.
    pub(super) fn told(&self, store: &Store) -> (Vec<Notice>, Exit) {
        let mut notices = Vec::new();
        let mut exit = Exit::Done;
        for evidence in &self.there {
            let (tag, verdict) = (store.tag(evidence.tag()), verdict(evidence));
            notices.push(Notice::Status(format!(
                "recorded already: {tag} ({verdict})"
            )));
            if evidence.pending && store.has_remote() {
                notices.push(unsent(&evidence.name));
            }
            if !evidence.measured.has_passed {
                exit = Exit::Verdict;
            }
        }
        (notices, exit)
    }

    /// What scripts read of what was recorded before.
    pub(super) fn shape(&self, store: &Store) -> Vec<Value> {
        let there = self.there.iter().map(|it| shape(it, store));
        there.collect()
    }
}

/// What is said of evidence, once the report is printed.
pub(super) enum Notice {
    Status(String),
    Warning(String),
    Hint(String),
}

impl Notice {
    pub(super) fn say(&self, session: &mut Session) {
        match self {
            Self::Status(words) => session.ui.status(words),
            Self::Warning(words) => session.ui.warning(words),
            Self::Hint(words) => session.ui.hint(words),
        }
    }
}

fn unsent(name: &PromptName) -> Notice {
    Notice::Hint(format!("promptctl push {name} sends it to the remote"))
}

/// What came of recording.
pub(super) struct Came {
    /// What scripts read.
    pub(super) shapes: Vec<Value>,
    pub(super) notices: Vec<Notice>,
    /// How the command ends by that alone.
    pub(super) exit: Result<Exit, Failure>,
}

/// Fails where what is evaluated is not what a commit holds, or not all of it.
fn check(loaded: &Loaded, suite: &Suite, args: &Args, store: &Store) -> Result<(), Failure> {
    let name = &loaded.name;
    if loaded.commit().is_none() {
        return Err(not_committed(loaded));
    }
    let committed = committed_suite(store, loaded)?;
    if committed.digest != suite.digest {
        let datasets = loaded.document.datasets.iter().map(|it| it.value.as_str());
        let paths = shell_paths(std::iter::once(loaded.path.as_str()).chain(datasets));
        return Err(Failure::new(
            code::UNCOMMITTED,
            format!("the cases of {name} have changes that are not committed"),
        )
        .at(loaded.path.clone())
        .hint(format!("git add {paths} && git commit -m \"…\" -- {paths}")));
    }
    let most = suite.cases.iter().map(|case| suite.repeats(case)).max();
    let most = most.unwrap_or(suite.repeat);
    if args.cases.repeat.is_some_and(|repeat| repeat < most) {
        return Err(Failure::usage(format!(
            "{name} asks a case {most} times, and --repeat less often: that is no evidence"
        ))
        .hint(format!(
            "promptctl eval {name} --record asks as often as the file says"
        )));
    }
    Ok(())
}

/// Fails where a content was evaluated already: who asks again says why.
fn refuse_again(loaded: &Loaded, store: &Store) -> Result<(), Failure> {
    let Some(evidence) = store.any_evidence(&loaded.name, loaded.digest())? else {
        return Ok(());
    };
    Err(Failure::usage(format!(
        "{} {} was evaluated already ({}), and --fresh could ask until it passes",
        loaded.name,
        loaded.version(),
        store.tag(evidence.tag())
    ))
    .hint("-m \"…\" says why it is asked again"))
}

fn verdict(evidence: &Evidence) -> String {
    let measured = &evidence.measured;
    let word = if measured.has_passed { "pass" } else { "fail" };
    format!(
        "{word}, {} of {}",
        measured.passed.passed, measured.passed.of
    )
}

/// What is recorded of one prompt.
struct Target<'a> {
    name: PromptName,
    commit: Option<ObjectId>,
    loaded: &'a Loaded,
    suite: &'a Suite,
    judges: &'a Judges,
}

/// Takes the results of a run, and records them when it ended.
pub(super) struct Recorder<'a> {
    record: &'a Record,
    targets: Vec<Target<'a>>,
    witness: Witness,
    message: Option<&'a str>,
    is_again: bool,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(record: &'a Record, tasks: &[Task<'a>], args: &'a Args) -> Self {
        let target = |task: &Task<'a>| Target {
            name: task.loaded.name.clone(),
            commit: task.loaded.commit(),
            loaded: task.loaded,
            suite: task.suite,
            judges: task.judges,
        };
        Self {
            record,
            targets: tasks.iter().map(target).collect(),
            witness: Witness::default(),
            message: args.record.message.as_deref(),
            is_again: args.answers.fresh,
        }
    }

    pub(super) fn take(&mut self, task: usize, case: usize, line: &Line) {
        self.witness.take(task, case, line);
    }

    /// Records what is evidence. Where a tag cannot be made or sent, what was recorded before it stays.
    pub(super) fn end(&self, report: &Report<'_>, is_cut_short: bool, store: &Store) -> Came {
        let (notices, exit) = self.record.told(store);
        let mut came = Came {
            shapes: self.record.shape(store),
            notices,
            exit: Ok(exit),
        };
        let how = Recording {
            push: self.record.push,
            signers: self.record.signers.as_ref(),
        };
        for (at, (target, summary)) in self.targets.iter().zip(&report.summaries).enumerate() {
            let new = match is_cut_short {
                true => Err("the run was cut short".to_owned()),
                false => self.evidence(at, (target, summary), report, store),
            };
            let new = match new {
                Ok(new) => new,
                Err(why) => {
                    let words = format!("{} was not recorded: {why}", title(summary));
                    came.notices.push(Notice::Warning(words));
                    came.shapes.push(json!({
                        "name": target.name, "tag": null, "recorded": false, "reason": why,
                    }));
                    came.exit = Ok(Exit::Verdict);
                    continue;
                }
            };
            match store.record(&new, how) {
                Ok(recorded) => {
                    came.notices.extend(told(&recorded, &new, store));
                    came.shapes.push(json!({
                        "name": target.name,
                        "tag": recorded.tag.to_string(),
                        "recorded": !recorded.was_there,
                        "pushed": recorded.pushed,
                        "verdict": if new.measured.has_passed { "pass" } else { "fail" },
                    }));
                }
                Err(failure) => {
                    came.exit = Err(failure);
                    return came;
                }
            }
        }
        came
    }

    fn evidence(
        &self,
        at: usize,
        (target, summary): (&Target<'_>, &Summary<'_>),
        report: &Report<'_>,
        store: &Store,
    ) -> Result<NewEvidence, String> {
        let committed = at_commit(target.loaded);
        let files = PromptFiles::of(store, &committed);
        let checked = |name: &str| target.judges.checked(name, &files);
        let measured = self.witness.measured(at, summary, target.suite, checked);
        let (mut measured, mut words) = measured?;
        measured.base = report.against(summary);
        if let Some(message) = self.message {
            let (title, table) = words.split_once("\n\n").unwrap_or((&words, ""));
            words = format!("{title}\n\n{}\n\n{table}", message.trim());
        }
        Ok(NewEvidence {
            name: target.name.clone(),
            commit: target.commit.ok_or("it is not committed")?,
            version: target.loaded.version(),
            digest: target.loaded.digest().clone(),
            measured,
            words,
            is_again: self.is_again,
        })
    }
}

fn told(recorded: &Recorded, new: &NewEvidence, store: &Store) -> Vec<Notice> {
    let Recorded {
        tag,
        was_there,
        pushed,
        note,
    } = recorded;
    let what = match was_there {
        true => "recorded already:",
        false => "recorded",
    };
    let mut notices = vec![Notice::Status(format!("{what} {tag}"))];
    if let Some(note) = note {
        notices.push(Notice::Warning(format!(
            "{tag} is at the remote, and could not be noted here: {note}"
        )));
    }
    if store.has_remote() && !pushed {
        notices.push(unsent(&new.name));
    }
    notices
}

/// What scripts read of evidence.
pub(super) fn shape(evidence: &Evidence, store: &Store) -> Value {
    let measured = &evidence.measured;
    json!({
        "name": evidence.name,
        "tag": store.tag(evidence.tag()).to_string(),
        "recorded": false,
        "pushed": !evidence.pending && store.has_remote(),
        "version": evidence.version,
        "digest": evidence.digest,
        "suite": measured.suite,
        "model": measured.model,
        "repeat": measured.repeat,
        "passed": measured.passed.passed,
        "cases": measured.passed.of,
        "verdict": if measured.has_passed { "pass" } else { "fail" },
        "commit": evidence.commit.to_string(),
        "by": evidence.by,
        "time": crate::output::json::time(evidence.time),
    })
}
