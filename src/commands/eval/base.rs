//! `eval --base`: what a prompt is compared with, and which prompts differ from it.

use std::collections::HashSet;

use serde_json::Value;

use super::super::change::impact;
use super::super::checking::roots::roots_at;
use super::super::common::count;
use super::super::evaluation::server;
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::args::Args;
use super::choose::{self, Chosen};
use super::prepared::Prepared;
use crate::error::Failure;
use crate::execute::{Expected, Renderer, Request};
use crate::experiment::case::Suite;
use crate::experiment::judge::Judges;
use crate::experiment::result::{Results, Subject};
use crate::experiment::run::Source;
use crate::experiment::task::Task;
use crate::experiment::versus::{Pairing, versus};
use crate::experiment::{PromptFiles, values};
use crate::files::{Base, Loaded};
use crate::openai::request::RequestOptions;
use crate::prompt::evaluate::{Evaluator, prepare};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::version::Version;
use crate::releases::State;

/// What is named by `--base`.
enum Wanted {
    /// What is live in an environment.
    Live(Environment),
    /// A version of the prompt itself.
    Version(Version),
    /// Another prompt, or a named content of this one.
    Prompt(Reference),
    /// Where the branch began.
    Revision(Box<Base>),
}

/// A prompt and what it is compared with.
pub(super) struct Side {
    /// The number of the prompt among those that are chosen.
    of: usize,
    /// What it is compared with, as it was named.
    label: String,
    /// That, where there is anything to ask.
    loaded: Option<Loaded>,
    margin: f64,
    new_cases: HashSet<String>,
    gone: (usize, usize),
    impact: Option<String>,
    notes: Vec<String>,
}

impl Side {
    /// The number of the prompt among those that are chosen.
    pub(super) fn of(&self) -> usize {
        self.of
    }

    /// The digest of what it is compared with.
    pub(super) fn digest(&self) -> Option<&str> {
        self.loaded.as_ref().map(|base| base.digest().as_str())
    }

    /// The same where the prompt has another number.
    pub(super) fn moved(self, of: usize) -> Self {
        Self { of, ..self }
    }
}

impl Wanted {
    fn parse(text: &str, ground: &RunContext) -> Result<Self, Failure> {
        if let Some(environment) = environment_of(text) {
            if text != "live" {
                ground.store.require_environment(&environment)?;
            }
            return Ok(Self::Live(environment));
        }
        if let Ok(version) = text.parse() {
            return Ok(Self::Version(version));
        }
        let store = &ground.store;
        if !store.is_revision(text) {
            let reference: Option<Reference> = text.parse().ok();
            let is_prompt =
                |it: &Reference| it.selector != Selector::WorkingCopy || store.load(it).is_ok();
            if let Some(reference) = reference.filter(is_prompt) {
                return Ok(Self::Prompt(reference));
            }
        }
        let mut base = store.base(text)?;
        if let Some(roots) = roots_at(store, &base.commit.to_string())? {
            base.roots = roots;
        }
        Ok(Self::Revision(Box::new(base)))
    }

    /// The content of the prompt that is compared with.
    fn load(&self, name: &PromptName, ground: &RunContext) -> Result<Option<Loaded>, Failure> {
        let store = &ground.store;
        match self {
            Self::Live(environment) => match store.state(name, environment)? {
                State::Never | State::Unpublished { .. } => Ok(None),
                State::Live(_) | State::NotFetched => {
                    store.load_active(name, environment).map(Some)
                }
            },
            Self::Version(version) => {
                let reference = Reference::version(name.clone(), *version);
                store.load(&reference).map(Some)
            }
            Self::Prompt(reference) => store.load(reference).map(Some),
            Self::Revision(base) => Ok(store.load_before(base, name)),
        }
    }

    /// Whether its suite is one of before, so that what it lacks was written for the change.
    fn is_before(&self, name: &PromptName) -> bool {
        match self {
            Self::Prompt(reference) => reference.name == *name,
            Self::Live(_) | Self::Version(_) | Self::Revision(_) => true,
        }
    }
}

/// The environment whose live versions are meant: `live` is production, `@staging` that one.
fn environment_of(base: &str) -> Option<Environment> {
    match base.strip_prefix('@') {
        Some(name) => name.parse().ok(),
        None => (base == "live").then(Environment::production),
    }
}

/// What each prompt is compared with. The prompts that do not differ from any of it are taken out.
///
/// # Errors
/// A base cannot be found or read, or wants one prompt to be named.
pub(super) fn sides(
    args: &Args,
    chosen: &mut Vec<Chosen>,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Vec<Side>, Failure> {
    if args.base.base.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = Vec::new();
    for text in &args.base.base {
        let it = Wanted::parse(text, ground)?;
        let is_of_one = matches!(it, Wanted::Version(_) | Wanted::Prompt(_));
        if is_of_one && args.references.is_empty() {
            return Err(Failure::usage(format!(
                "--base {text} wants to know which prompt is meant"
            ))
            .hint(format!("promptctl eval NAME --base {text}")));
        }
        wanted.push((text, it));
    }
    let (mut sides, mut kept) = (Vec::new(), Vec::new());
    for one in std::mem::take(chosen) {
        let mut own: Vec<Side> = Vec::new();
        let mut differs = false;
        let mut same = Vec::new();
        for (label, wanted) in &wanted {
            let loaded = wanted.load(&one.loaded.name, ground)?;
            let is_before = wanted.is_before(&one.loaded.name) && args.cases.file.is_none();
            let side = side(kept.len(), label, loaded, &one, (is_before, ground));
            let Some(side) = side else {
                same.push(label.as_str());
                continue;
            };
            differs = true;
            let is_same = |it: &&mut Side| match (&it.loaded, &side.loaded) {
                (Some(one), Some(other)) => one.digest() == other.digest(),
                _ => false,
            };
            match own.iter_mut().find(is_same) {
                Some(known) => known.label = format!("{}, {}", known.label, side.label),
                None => own.push(side),
            }
        }
        if differs {
            if let Some(first) = own.first_mut().filter(|_| !same.is_empty()) {
                let same = same.join(" and ");
                first
                    .notes
                    .push(format!("{same}: the same as here, so it is not asked"));
            }
            sides.extend(own);
            kept.push(one);
        } else if !args.references.is_empty() {
            let from = args.base.base.join(" and ");
            let name = &one.loaded.name;
            session
                .ui
                .status(format!("{name} does not differ from {from}"));
        }
    }
    if kept.is_empty() && args.references.is_empty() {
        let from = args.base.base.join(" and ");
        session
            .ui
            .status(format!("no prompt with cases differs from {from}"));
    }
    *chosen = kept;
    Ok(sides)
}

/// A prompt beside what it is compared with; none where they do not differ.
fn side(
    of: usize,
    label: &str,
    base: Option<Loaded>,
    head: &Chosen,
    (is_before, ground): (bool, &RunContext),
) -> Option<Side> {
    let mut side = Side {
        of,
        label: label.to_owned(),
        loaded: None,
        margin: head.suite.margin,
        new_cases: HashSet::new(),
        gone: (0, 0),
        impact: None,
        notes: Vec::new(),
    };
    let Some(base) = base else {
        side.notes.push(match environment_of(label) {
            Some(environment) => {
                format!("nothing is live in {environment} to compare with")
            }
            None => format!("new: {label} does not have it, so there is nothing to compare with"),
        });
        return Some(side);
    };
    let store = &ground.store;
    let is_same = base.digest() == head.loaded.digest()
        && store.attachments(&base) == store.attachments(&head.loaded);
    let mut suite_differs = false;
    if is_before {
        let files = PromptFiles::of(store, &base);
        let suite = Suite::read(&base, &files).suite;
        side.margin = suite.margin;
        suite_differs = suite.digest != head.suite.digest;
        side.new_cases = head.suite.new_since(&suite);
        side.gone = (head.suite.gone_since(&suite), suite.asked().len());
        if let (gone @ 1.., all) = side.gone {
            let are = if gone == 1 { "is" } else { "are" };
            side.notes.push(format!(
                "{gone} of {}'s {} {are} gone, skipped or changed: that counts as failed where a release has to be no worse than what is live",
                base.version(),
                count(all, "case")
            ));
        }
        if !is_same && suite.evaluators != head.suite.evaluators {
            side.notes
                .push("the evaluators changed too: both were judged by the new ones".to_owned());
        }
    }
    if is_same {
        side.notes.push(format!(
            "only the suite changed: the prompt is as at {label}, and so are its answers"
        ));
        return suite_differs.then_some(side);
    }
    side.impact = Some(impact(&base, &head.loaded).to_string());
    side.loaded = Some(base);
    Some(side)
}

/// What the cases need to be answered by base.
pub(super) struct BasePrepared<'a> {
    side: &'a Side,
    loaded: &'a Loaded,
    renderer: Renderer<'a>,
    expected: Expected,
    evaluators: Vec<Evaluator>,
    schema: Option<&'a Value>,
    suite: Suite,
    cases: Vec<usize>,
    unasked: usize,
    why: Option<String>,
    files: &'a PromptFiles<'a>,
    judges: &'a Judges,
}

impl<'a> BasePrepared<'a> {
    /// Makes base ready for the cases of head; none where there is nothing to ask.
    ///
    /// # Errors
    /// Base's templates or head's evaluators cannot work.
    pub(super) fn new(
        side: &'a Side,
        head: &'a Prepared<'a>,
        ground: &'a RunContext,
    ) -> Result<Option<Self>, Failure> {
        let Some(loaded) = &side.loaded else {
            return Ok(None);
        };
        let renderer = Renderer::new(&ground.store, loaded)?;
        let suite = head.chosen.suite.rebased(&|name| renderer.asks_for(name));
        let schema = loaded.document.output_schema().or(head.schema);
        let evaluators = prepare(&suite.evaluators, schema)
            .map_err(|finding| Failure::from(finding.in_file(&head.chosen.loaded.path)))?;
        let mut prepared = Self {
            side,
            loaded,
            renderer,
            expected: Expected::of(&loaded.document)?,
            evaluators,
            schema,
            suite,
            cases: Vec::new(),
            unasked: 0,
            why: None,
            files: &head.files,
            judges: &head.judges,
        };
        for at in &head.chosen.cases {
            let case = &prepared.suite.cases[*at];
            let request = || -> Result<Request, Failure> {
                let values = values(case, prepared.files).map_err(Failure::from)?;
                let rendered = prepared.renderer.render(values)?;
                Request::new(
                    &loaded.document,
                    &rendered,
                    &RequestOptions::default(),
                    None,
                )
            };
            match case
                .skip
                .is_some()
                .then_some(())
                .ok_or(())
                .or_else(|()| request().map(|_| ()))
            {
                Ok(()) => prepared.cases.push(*at),
                Err(failure) => {
                    prepared.why.get_or_insert(failure.message);
                    prepared.unasked += 1;
                }
            }
        }
        Ok(Some(prepared))
    }
}

/// The comparisons, and the tasks of what is compared with; `heads` are the tasks of the prompts,
/// each prompt with each of so many models.
///
/// # Errors
/// The provider of a model is not mapped.
pub(super) fn pairings<'a>(
    (sides, prepared): (&'a [Side], &'a [Option<BasePrepared<'a>>]),
    heads: &[Task<'_>],
    args: &Args,
    ground: &RunContext,
    session: &Session,
) -> Result<(Vec<Task<'a>>, Vec<Pairing>), Failure> {
    let (mut tasks, mut pairings) = (Vec::new(), Vec::new());
    let models = args.answers.model.len().max(1);
    for (side, prepared) in sides.iter().zip(prepared) {
        for number in 0..models {
            let head = side.of * models + number;
            let mut pairing = Pairing {
                head,
                base: None,
                label: side.label.clone(),
                impact: side.impact.clone(),
                margin: side.margin,
                new_cases: side.new_cases.clone(),
                gone: side.gone,
                notes: side.notes.clone(),
            };
            if let Some(prepared) = prepared {
                pairing.base = Some(heads.len() + tasks.len());
                if let Some(why) = &prepared.why {
                    let cases = count(prepared.unasked, "case");
                    pairing.notes.push(format!(
                        "{cases} cannot be asked of {}: {why}",
                        prepared.side.label
                    ));
                }
                let subject = &heads[head].subject;
                let model = args.answers.model.get(number);
                tasks.push(prepared.task(subject, model, args, (ground, session))?);
            }
            pairings.push(pairing);
        }
    }
    Ok((tasks, pairings))
}

impl BasePrepared<'_> {
    fn task<'a>(
        &'a self,
        head: &Subject,
        model: Option<&String>,
        args: &Args,
        (ground, session): (&RunContext, &Session),
    ) -> Result<Task<'a>, Failure> {
        let asked = model.or(self.loaded.document.model.as_ref());
        let mut subject = head.clone();
        subject.version = Some(self.loaded.version().number());
        subject.digest = self.loaded.digest().to_string();
        subject.base = Some(self.side.label.clone());
        subject.model = asked.cloned().unwrap_or_default();
        subject.path.clone_from(&self.loaded.path);
        Ok(Task {
            subject,
            loaded: self.loaded,
            suite: &self.suite,
            cases: self.cases.clone(),
            asks_unjudged: false,
            repeat: args.cases.repeat,
            evaluators: &self.evaluators,
            schema: self.schema,
            judges: self.judges,
            renderer: &self.renderer,
            files: self.files,
            expected: &self.expected,
            options: choose::options(self.loaded, model, args)?,
            server: server(
                asked.filter(|_| args.answers.answers.is_none()),
                ground,
                session,
            )?,
        })
    }
}

/// What base has to be asked once more before *worse* may be said: kept answers flatter it. Nothing
/// where all answers are new, or come from a file.
pub(super) fn asked_again<'a>(
    tasks: &[Task<'a>],
    pairings: &[Pairing],
    results: &[Results],
    source: Source<'_>,
) -> Vec<Task<'a>> {
    if matches!(source, Source::Given(_) | Source::Model) {
        return Vec::new();
    }
    let all = versus(pairings, results);
    let wanting = all.iter().filter(|it| it.wants_again());
    let again = wanting.filter_map(|it| {
        let mut task = tasks[it.pairing.base?].clone();
        task.subject.again = true;
        let meant = it.compared_at_base();
        task.cases = meant.iter().map(|at| task.cases[*at]).collect();
        Some(task)
    });
    again.collect()
}
