//! What several commands share: arguments, and ways of showing.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::error::{Exit, Failure};
use crate::files::{Loaded, hidden_folder};
use crate::output::json;
use crate::output::table::TableCell;
use crate::output::ui::{GOOD, NOTE, Ui};
use crate::output::words::words;
use crate::prompt::document::Document;
use crate::prompt::finding::{Finding, in_file};
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::rendered::Variable;
use crate::prompt::template::{Compiled, Outline, Partials};
use crate::prompt::version::{BadVersion, Version};
use crate::releases::{LastFetch, Overview, Store};

use super::moment::{Moment, clock};
use super::session::Session;

/// How data is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people; plain rows in a pipe
    #[default]
    Text,
    /// One JSON object for scripts
    Json,
}

/// `--format`.
#[derive(Debug, Args)]
pub(super) struct FormatArg {
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl FormatArg {
    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

/// `--env`.
#[derive(Debug, Args)]
pub(super) struct EnvArg {
    /// The environment
    #[arg(short, long, value_name = "ENV", default_value = "production", add = super::candidates::environments())]
    pub(super) env: Environment,
}

/// `--env` beside a reference: `NAME --env staging` is `NAME@staging`.
///
/// # Errors
/// The reference says something else.
pub(super) fn in_environment(
    reference: &Reference,
    environment: Option<&Environment>,
) -> Result<Reference, Failure> {
    let Some(environment) = environment else {
        return Ok(reference.clone());
    };
    let wanted = Reference {
        name: reference.name.clone(),
        selector: Selector::Named(environment.to_string()),
    };
    if reference.selector == Selector::WorkingCopy || *reference == wanted {
        return Ok(wanted);
    }
    Err(
        Failure::usage(format!("{reference} does not go with --env {environment}")).hint(format!(
            "{reference} says already which version is meant; {wanted} is what is live in {environment}"
        )),
    )
}

/// `--at`.
#[derive(Debug, Args)]
pub(super) struct AtArg {
    /// Show what was so at this time: 2026-11-20T22:00:00Z, "2026-11-20 22:00", a date (its end),
    /// yesterday, 22:00 or 2h (ago)
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl AtArg {
    /// The time that is asked for; of a day its end.
    pub(super) fn time(&self, session: &Session) -> Option<Timestamp> {
        self.at.map(|at| at.end(session.now))
    }
}

/// An amount of US dollars.
pub(super) fn parse_dollars(text: &str) -> Result<f64, String> {
    let amount: Option<f64> = text.parse().ok();
    amount
        .filter(|amount| amount.is_finite() && *amount >= 0.0)
        .ok_or_else(|| "write US dollars as a number, such as 0.10".to_owned())
}

/// A version as people type it: `v3` or `3`.
pub(super) fn parse_version(text: &str) -> Result<Version, BadVersion> {
    let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
    format!("v{digits}").parse()
}

/// How long ago, and when that was: `2 hours ago (2026-11-20 22:00 CET)`.
pub(super) fn ago_and_when(now: Timestamp, then: Timestamp) -> String {
    if then > now {
        return clock(then);
    }
    format!("{} ({})", ago(now, then), clock(then))
}

/// When something was, in a list: how long ago for people, and in a pipe the time as JSON has it.
pub(super) fn when(ui: &Ui, now: Timestamp, then: Timestamp) -> String {
    match ui.width() {
        Some(_) => ago(now, then),
        None => json::time(then),
    }
}

/// How long ago, in a few words.
pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    let (count, unit) = match seconds {
        i64::MIN..0 => return then.strftime("%Y-%m-%d %H:%M").to_string(),
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        86_400..2_592_000 => (seconds / 86_400, "day"),
        2_592_000..31_536_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// A number of things, such as `1 error` and `2 errors`.
pub(super) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The first twelve characters of an id.
pub(super) fn short(id: impl std::fmt::Display) -> String {
    id.to_string().chars().take(12).collect()
}

/// The variables of a prompt; none if its templates cannot be parsed.
pub(super) fn variables_of(loaded: &Loaded) -> Vec<Variable> {
    variables_of_text(&loaded.document, &loaded.partials)
}

/// The variables of a document with these partials; none if its templates cannot be parsed.
pub(super) fn variables_of_text(document: &Document, partials: &Partials) -> Vec<Variable> {
    Outline::new(document, partials)
        .map(|outline| outline.variables().to_vec())
        .unwrap_or_default()
}

/// The templates of a prompt.
///
/// # Errors
/// They cannot be parsed; the first finding is the failure, and says where.
pub(super) fn compile(loaded: &Loaded) -> Result<Compiled, Failure> {
    Compiled::new(&loaded.document, &loaded.partials)
        .map_err(|findings| Failure::from(in_file(findings, &loaded.path)))
}

/// The live versions of a prompt.
///
/// # Errors
/// Its tags are not sound.
pub(super) fn live_versions(
    store: &Store,
    name: &PromptName,
) -> Result<Vec<(Environment, Version)>, Failure> {
    let mut live = Vec::new();
    for environment in store.environments_of(name)? {
        if let crate::releases::State::Live(active) = store.state(name, &environment)? {
            live.push((environment, active.version));
        }
    }
    Ok(live)
}

/// The environments of a prompt as a cell: `production v3, staging v4`.
pub(super) fn live_cell<'a>(
    live: impl Iterator<Item = (&'a Environment, Version)>,
    newest: Version,
) -> TableCell {
    let mut behind = false;
    let mut words = Vec::new();
    for (environment, version) in live {
        behind |= version < newest;
        words.push(format!("{environment} {version}"));
    }
    if words.is_empty() {
        return TableCell::from("-");
    }
    TableCell::styled(words.join(", "), if behind { NOTE } else { GOOD })
}

/// Says how to get the first prompt: from files that stand elsewhere in the repository, or a new one.
pub(super) fn say_first_prompt(store: &Store, session: &mut Session) {
    match adoptable(store) {
        0 => session
            .ui
            .hint("promptctl new NAME makes one, promptctl seed adds the bundled ones"),
        found => session.ui.hint(words_on_adopting(found)),
    }
}

/// How many prompt files stand anywhere in the working copy.
pub(super) fn adoptable(store: &Store) -> usize {
    if store.is_bare() {
        return 0;
    }
    let found = crate::setup::Setup::of(store).adoptable(&store.settings().roots);
    found.map_or(0, |found| found.prompts.len())
}

/// How prompt files that stand elsewhere are taken over.
pub(super) fn words_on_adopting(found: usize) -> String {
    format!(
        "prompt files stand elsewhere in this repository ({found}): promptctl init --adopt shows how to take them over"
    )
}

/// How a list of prompts ends: one that lacks what stands in a folder that cannot be read is no answer.
pub(super) fn exit_of_list(findings: &[Finding]) -> Exit {
    match findings.iter().any(|it| hidden_folder(it).is_some()) {
        true => Exit::Failed,
        false => Exit::Done,
    }
}

/// Shows warnings.
pub(super) fn warn_all(session: &mut Session, findings: &[Finding]) {
    for finding in findings {
        session.ui.finding(finding);
    }
}

/// Says that the last number there is was taken, and is passed over.
pub(super) fn warn_of_passed(name: &PromptName, passed: Option<Version>, session: &mut Session) {
    if let Some(last) = passed {
        session.ui.warning(format!(
            "{name} {last} is taken, after which no number comes; it is passed over"
        ));
        session.ui.hint(format!(
            "promptctl history {name} shows who took it; a version that nobody uses does no harm"
        ));
    }
}

/// The prompt of the working copy, to be changed.
///
/// # Errors
/// It cannot be loaded, or two files have its name.
pub(super) fn load_to_change(store: &Store, name: &PromptName) -> Result<Loaded, Failure> {
    let loaded = store.load(&Reference::working_copy(name.clone()))?;
    store.require_one_file(name)?;
    Ok(loaded)
}

/// The prompt that a reference names, to be read; a warning says where another file has its name.
///
/// # Errors
/// It cannot be loaded.
pub(super) fn load_to_read(
    store: &Store,
    reference: &Reference,
    session: &mut Session,
) -> Result<Loaded, Failure> {
    let loaded = store.load(reference)?;
    if reference.selector == Selector::WorkingCopy {
        warn_all(session, store.clash(&reference.name).as_slice());
    }
    warn_all(session, &loaded.notices);
    Ok(loaded)
}

/// Shows what people must know about the releases of all prompts: which cannot be read, and what is odd
/// about the others.
pub(super) fn warn_of_releases(overview: &Overview, store: &Store, session: &mut Session) {
    for failure in &overview.failures {
        session.ui.warning(failure);
    }
    for (name, environment, note) in &overview.notes {
        let findings = store.words_of(std::slice::from_ref(note), name, environment);
        warn_all(session, &findings);
    }
    for changed in &overview.changed {
        session.ui.finding(&changed.finding());
    }
    warn_of_unknown_releases(store, session);
}

/// The age from which on a view of the remote is told to be old.
const OLD_VIEW: SignedDuration = SignedDuration::from_hours(24);

/// Says how old this clone's view of the remote is, where that may matter; and when that was, for JSON.
/// None without a remote.
///
/// # Errors
/// The references cannot be read.
pub(super) fn say_age_of_view(
    store: &Store,
    session: &mut Session,
) -> Result<Option<FetchedJson>, Failure> {
    let fetched = match store.last_fetch()? {
        LastFetch::NoRemote => return Ok(None),
        // That nothing was fetched is an error of its own.
        LastFetch::Unknown if store.require_releases().is_err() => {
            return Ok(Some(FetchedJson(None)));
        }
        LastFetch::Unknown => None,
        LastFetch::At(time) => Some(time),
    };
    let now = session.now;
    let warning = match fetched {
        Some(time) if now.duration_since(time) <= OLD_VIEW => None,
        Some(time) => Some(format!(
            "this is what was live when this clone last fetched, {}",
            ago_and_when(now, time)
        )),
        None => Some("this clone does not know how old its view of the remote is".to_owned()),
    };
    if let (None, Some(time), true) = (&warning, fetched, session.ui.out_is_terminal()) {
        let when = ago_and_when(now, time);
        session
            .ui
            .status(format!("as of the last promptctl fetch, {when}"));
    }
    if let Some(warning) = warning {
        session.ui.warning(warning);
        session
            .ui
            .hint("promptctl fetch brings what was released since");
    }
    Ok(Some(FetchedJson(fetched.map(json::time))))
}

/// When the tags of the remote were last fetched; null where nobody knows.
#[derive(Debug, Serialize)]
pub(super) struct FetchedJson(Option<String>);

/// Says that this clone cannot know what is live, where it has not fetched the tags.
pub(super) fn warn_of_unknown_releases(store: &Store, session: &mut Session) {
    if let Err(failure) = store.require_releases() {
        session.ui.warning(&failure);
        for hint in &failure.hints {
            session.ui.hint(words(hint));
        }
    }
}

/// All of several; where some failed, why each did: the last is returned, and those before it are said.
pub(super) fn all_or_why_not<T>(
    several: impl IntoIterator<Item = Result<T, Failure>>,
    session: &mut Session,
) -> Result<Vec<T>, Failure> {
    let (mut all, mut why_not) = (Vec::new(), None);
    for one in several {
        match one {
            Ok(one) => all.push(one),
            Err(failure) => {
                if let Some(before) = why_not.replace(failure) {
                    session.ui.failure(&before);
                }
            }
        }
    }
    why_not.map_or(Ok(all), Err)
}
