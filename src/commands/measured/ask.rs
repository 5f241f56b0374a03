//! Which logs are read, and what is asked of them.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::common::count;
use super::super::own_log::{
    FilterArgs, OwnLog, first_brought, is_tracked, own, parse_age, require_environment,
};
use super::super::session::Session;
use crate::error::Failure;
use crate::prompt::code;
use crate::record::filter::Filter;
use crate::record::groups::{Dimension, Groups, Question, Releases, Value, read};
use crate::record::log::Log;
use crate::releases::Store;

/// The label that is a win unless another one is named.
pub(super) const USUAL_WIN: &str = "win";

/// And the one that is none.
pub(super) const USUAL_LOSS: &str = "loss";

/// Which executions are looked at.
#[derive(Debug, clap::Args)]
pub(in crate::commands) struct ReadArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Only executions older than this, such as 7d, so that their outcomes had time to come
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    mature: Option<SignedDuration>,
    /// The label of an outcome that is a win; `win` when left out
    #[arg(long, value_name = "LABEL")]
    win: Option<String>,
    /// Read these logs and archives instead of this repository's log; what several have counts once
    #[arg(long = "log", value_name = "PATH", num_args = 1.., value_hint = clap::ValueHint::FilePath)]
    logs: Vec<PathBuf>,
}

/// Logs, and what is asked of them.
pub(in crate::commands) struct Wanted {
    pub(in crate::commands) logs: Vec<Log>,
    pub(in crate::commands) question: Question,
    /// The folder in which answers are kept.
    pub(in crate::commands) kept: Option<PathBuf>,
    /// The repository, where one was needed.
    pub(in crate::commands) store: Option<Store>,
}

impl Wanted {
    /// How many executions there are, whatever is asked of them.
    fn all(&self) -> Result<u64, Failure> {
        let everything = Question {
            filter: Filter::default(),
            by: Vec::new(),
            values: Vec::new(),
            with_mix: false,
            ..self.question.clone()
        };
        let found = read(&self.logs, &everything, None)?;
        Ok(found.groups.values().map(|it| it.executions).sum())
    }

    /// The groups that there were before the time from which on executions are asked for, and not since.
    ///
    /// # Errors
    /// A log cannot be read.
    pub(in crate::commands) fn gone_silent(
        &self,
        groups: &Groups,
    ) -> Result<Vec<Vec<Value>>, Failure> {
        let mut earlier = self.question.clone();
        earlier.filter.since = None;
        let earlier = read(&self.logs, &earlier, self.kept.as_deref())?;
        let keys = earlier.groups.into_keys();
        Ok(keys
            .filter(|key| !groups.groups.contains_key(key))
            .collect())
    }
}

/// What a command asks of them.
pub(in crate::commands) struct Breakdown {
    pub(in crate::commands) by: Vec<Dimension>,
    pub(in crate::commands) values: Vec<String>,
    pub(in crate::commands) with_mix: bool,
    pub(in crate::commands) zone: TimeZone,
}

/// A level in percent.
pub(in crate::commands) fn parse_level(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>();
    number
        .ok()
        .filter(|percent| (50.0..100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "write percent from 50 up to 99.99, such as 95".to_owned())
}

impl ReadArgs {
    /// The executions in groups.
    ///
    /// # Errors
    /// - A log cannot be read.
    /// - Nobody knows the environment that is asked for.
    pub(in crate::commands) fn groups(&self, wanted: &Wanted) -> Result<Groups, Failure> {
        let groups = read(&wanted.logs, &wanted.question, wanted.kept.as_deref())?;
        if groups.groups.is_empty() {
            self.require_known(wanted)?;
        }
        Ok(groups)
    }

    /// What is read, and what is asked of it.
    ///
    /// # Errors
    /// - A named log is not there.
    /// - There is no repository, and one is needed.
    pub(in crate::commands) fn wanted(
        &self,
        breakdown: &Breakdown,
        session: &mut Session,
    ) -> Result<Wanted, Failure> {
        let needs_store = self.logs.is_empty() || breakdown.by.contains(&Dimension::Release);
        let place = match needs_store {
            true => Some(session.store()?),
            false => None,
        };
        let (mut kept, mut without_past) = (None, false);
        let logs = match &place {
            Some((store, config)) if self.logs.is_empty() => {
                let OwnLog {
                    log,
                    is_brought,
                    is_past_brought,
                } = own(store, config, session);
                // What came with the repository is no answer of ours.
                kept = (!is_brought).then(|| beside(log.path()));
                without_past = is_past_brought;
                vec![log]
            }
            _ => named(&self.logs, &session.directory)?,
        };
        let store = place.map(|(store, _)| store);
        Ok(Wanted {
            question: Question {
                without_past,
                ..self.question(breakdown, store.as_ref(), session)?
            },
            logs,
            kept,
            store,
        })
    }

    /// Fails where git tracks the log itself: whoever sends a pull request could write what a check goes by. One
    /// that is named with `--log` is taken at its word.
    ///
    /// # Errors
    /// `P427`: that is so.
    pub(in crate::commands) fn require_own_log(&self, wanted: &Wanted) -> Result<(), Failure> {
        let (Some(store), [log]) = (&wanted.store, wanted.logs.as_slice()) else {
            return Ok(());
        };
        if !self.logs.is_empty() || !is_tracked(log, store) {
            return Ok(());
        }
        let files = log.files().unwrap_or_default();
        let Some(file) = first_brought(files, log, store) else {
            return Ok(());
        };
        let file = file.strip_prefix(store.top()).unwrap_or(&file);
        let shown = file.display().to_string();
        Err(Failure::new(
            code::BROUGHT_LOG,
            "the log may have come with the repository, and no check goes by such a log",
        )
        .at(shown)
        .hint("git rm --cached takes it out of git; --log PATH takes the log at its word"))
    }

    /// Fails where nothing was found because nobody knows the environment.
    ///
    /// # Errors
    /// That is so.
    pub(in crate::commands) fn require_known(&self, wanted: &Wanted) -> Result<(), Failure> {
        match &wanted.store {
            Some(store) => require_environment(&self.filter, store),
            None => Ok(()),
        }
    }

    /// The label of an outcome that is a win.
    pub(in crate::commands) fn win(&self) -> &str {
        self.win.as_deref().unwrap_or(USUAL_WIN)
    }

    /// Whether the command line says which label that is.
    pub(in crate::commands) fn is_win_named(&self) -> bool {
        self.win.is_some()
    }

    fn question(
        &self,
        breakdown: &Breakdown,
        store: Option<&Store>,
        session: &Session,
    ) -> Result<Question, Failure> {
        let mut filter = self.filter.filter(session.now);
        if let Some(age) = self.mature {
            let grown = session.now.checked_sub(age).unwrap_or(Timestamp::MIN);
            filter.until = Some(filter.until.map_or(grown, |until| until.min(grown)));
        }
        let releases = match store.filter(|_| breakdown.by.contains(&Dimension::Release)) {
            Some(store) => releases(store)?,
            None => Releases::new(),
        };
        Ok(Question {
            filter,
            by: breakdown.by.clone(),
            values: breakdown.values.clone(),
            win: self.win().to_owned(),
            with_mix: breakdown.with_mix,
            with_costs: false,
            zone: breakdown.zone.clone(),
            releases,
            without_past: false,
            now: session.now,
        })
    }
}

/// The folder beside a log in which answers are kept.
fn beside(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".stats");
    PathBuf::from(name)
}

/// The logs that somebody named.
fn named(paths: &[PathBuf], directory: &Path) -> Result<Vec<Log>, Failure> {
    let log = |path: &PathBuf| {
        let path = directory.join(path);
        let shown = path.display().to_string();
        match path.metadata() {
            Ok(data) if data.is_file() => Ok(Log::at(path)),
            Ok(_) => Err(Failure::new(code::NO_LOG, "the log is not a file")
                .at(shown)
                .hint("name the file itself, such as .promptctl/executions.jsonl")),
            Err(error) => {
                Err(Failure::from_io(code::NO_LOG, "the log cannot be read", error).at(shown))
            }
        }
    };
    paths.iter().map(log).collect()
}

/// When the releases of all prompts took effect.
fn releases(store: &Store) -> Result<Releases, Failure> {
    store.require_releases()?;
    let mut found = Releases::new();
    for name in store.overview()?.states.into_keys() {
        for environment in store.environments_of(&name)? {
            let mut effective = Timestamp::MIN;
            let entries = store.releases(&name, &environment)?.entries;
            let row = entries.into_iter().filter(|entry| !entry.pending);
            let row = row.map(|entry| {
                effective = effective.max(entry.time);
                (effective, entry.number)
            });
            found.insert((name.to_string(), environment.to_string()), row.collect());
        }
    }
    Ok(found)
}

/// Says that there is nothing to show, and what leaves out all that there is; `more` is what does beside the
/// options about the log.
///
/// # Errors
/// A log cannot be read.
pub(in crate::commands) fn say_none(
    args: &ReadArgs,
    wanted: &Wanted,
    more: &[String],
    session: &mut Session,
) -> Result<(), Failure> {
    let mut meant = more.to_vec();
    meant.extend(args.filter.given().into_iter().map(str::to_owned));
    meant.extend(args.mature.map(|_| "--mature".to_owned()));
    let all = match meant.is_empty() {
        true => 0,
        false => wanted.all()?,
    };
    if all > 0 {
        let all = count(all as usize, "execution");
        session
            .ui
            .status(format!("none of {all} fits {}", meant.join(" and ")));
        return Ok(());
    }
    session.ui.status("no executions");
    session
        .ui
        .hint("promptctl run REF --model echo makes one offline; promptctl log path says where they are kept");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_percentage() {
        assert_eq!(parse_level("95"), Ok(0.95));
        assert_eq!(parse_level("99.5 %"), Ok(0.995));
        for wrong in ["", "0.95", "100", "nan", "x"] {
            assert!(parse_level(wrong).is_err(), "{wrong}");
        }
    }
}
