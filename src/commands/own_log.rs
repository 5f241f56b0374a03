//! The execution log of this repository, and which executions of it are meant.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::common::parse_version;
use super::moment::Moment;
use super::session::Session;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::prompt::name::Environment;
use crate::record::entry::Status;
use crate::record::filter::Filter;
use crate::record::log::{Log, OWN_FOLDER};
use crate::releases::Store;

/// Whether the log is that of the repository, in a folder that git tracks or that came with another
/// repository.
pub(super) fn is_tracked(log: &Log, store: &Store) -> bool {
    let below = log.path().strip_prefix(store.top());
    below.is_ok_and(|it| it.starts_with(OWN_FOLDER)) && store.is_brought(OWN_FOLDER)
}

/// The execution log of this repository.
pub(super) fn log(store: &Store, config: &Config, session: &Session) -> Log {
    let log = Log::at(session.environ.log_below(store.top()));
    match config.log.max_size {
        Some(bytes) => log.rotated_at(bytes),
        None => log,
    }
}

/// The log of this repository.
pub(super) struct OwnLog {
    pub(super) log: Log,
    /// Whether its folder may have come with the repository.
    pub(super) is_brought: bool,
    /// Whether that is true of its past sums.
    pub(super) is_past_brought: bool,
}

/// The log of this repository, with a warning where it may be somebody else's.
pub(super) fn own(store: &Store, config: &Config, session: &mut Session) -> OwnLog {
    let log = log(store, config, session);
    let is_brought = is_tracked(&log, store);
    if is_brought {
        session.ui.warning(
            "git tracks files in .promptctl, or another repository is there, so somebody else may have written what the log says",
        );
    }
    let is_past_brought = is_brought && first_brought(vec![log.history()], &log, store).is_some();
    OwnLog {
        log,
        is_brought,
        is_past_brought,
    }
}

/// The first of these files beside the log that may have come with the repository, where something
/// there did: git tracks it, or a link leads to it, whoever made that.
pub(super) fn first_brought(files: Vec<PathBuf>, log: &Log, store: &Store) -> Option<PathBuf> {
    let folder = log.path().parent()?;
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|it| it.is_symlink());
    // In another repository below, git tracks what that one says.
    let is_other = folder.join(".git").symlink_metadata().is_ok();
    let is_all = is_other || is_link(folder);
    let is_brought = |file: &PathBuf| is_all || is_link(file) || store.is_tracked(file);
    files.into_iter().find(is_brought)
}

/// Which executions are meant.
#[derive(Debug, clap::Args)]
pub(super) struct FilterArgs {
    /// Only executions of this prompt; a name that ends in `/`, or a pattern, means all that fit
    #[arg(short, long, value_name = "NAME", value_parser = super::typed::logged, add = super::candidates::names())]
    prompt: Option<String>,
    /// Only this version, such as v3
    #[arg(long, value_name = "VERSION", value_parser = parse_version, add = super::candidates::versions())]
    version: Option<crate::prompt::version::Version>,
    /// Only executions of what was live in ENV
    #[arg(short, long, value_name = "ENV", add = super::candidates::environments())]
    env: Option<String>,
    /// Only this status: ok, error, invalid_output or interrupted
    #[arg(long, value_name = "STATUS", value_parser = parse_status, add = super::candidates::one_of(["ok", "error", "invalid_output", "interrupted"]))]
    status: Option<Status>,
    /// Only this model
    #[arg(long, add = super::candidates::models())]
    model: Option<String>,
    /// Not before this time: "2026-11-20 22:00", a date (its beginning), yesterday, 22:00 or 2h (ago)
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Before this time, written as for --since; a date means its end
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Only executions with this label: KEY or KEY=VALUE; KEY may be an outcome's label
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,
    /// Only executions that cost at least so many US dollars
    #[arg(long, value_name = "USD")]
    min_cost: Option<f64>,
}

impl FilterArgs {
    /// The same for the log.
    pub(super) fn filter(&self, now: Timestamp) -> Filter {
        Filter {
            prompt: self.prompt.clone(),
            version: self.version.map(|version| version.number()),
            environment: self.env.clone(),
            status: self.status,
            model: self.model.clone(),
            since: self.since.map(|since| since.begin(now)),
            until: self.until.map(|until| until.end(now)),
            labels: self
                .label
                .iter()
                .map(|label| match label.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                    None => (label.clone(), None),
                })
                .collect(),
            min_cost: self.min_cost,
            ..Filter::default()
        }
    }
}

impl FilterArgs {
    /// The options that leave executions out.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let Self {
            prompt,
            version,
            env,
            status,
            model,
            since,
            until,
            label,
            min_cost,
        } = self;
        let options = [
            ("--prompt", prompt.is_some()),
            ("--version", version.is_some()),
            ("--env", env.is_some()),
            ("--status", status.is_some()),
            ("--model", model.is_some()),
            ("--since", since.is_some()),
            ("--until", until.is_some()),
            ("--label", !label.is_empty()),
            ("--min-cost", min_cost.is_some()),
        ];
        let given = options.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(option, _)| option).collect()
    }
}

/// Fails where nothing can ever have been called in an environment, because nobody knows it.
pub(super) fn require_environment(filter: &FilterArgs, store: &Store) -> Result<(), Failure> {
    let Some(Ok(environment)) = filter.env.as_deref().map(str::parse::<Environment>) else {
        return Ok(());
    };
    match store.require_environment(&environment) {
        Err(failure) if failure.exit == Exit::Usage => Err(failure),
        _ => Ok(()),
    }
}

pub(super) fn parse_status(text: &str) -> Result<Status, String> {
    Status::find(text)
        .ok_or_else(|| "a status is ok, error, invalid_output or interrupted".to_owned())
}

/// An age, such as 90d.
pub(super) fn parse_age(text: &str) -> Result<SignedDuration, String> {
    let hours = |text: &str| -> Option<i64> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let hours = match unit {
            "h" => 1,
            "d" => 24,
            "w" => 7 * 24,
            _ => return None,
        };
        let number: u32 = number.parse().ok()?;
        i64::from(number).checked_mul(hours)
    };
    hours(text)
        .map(SignedDuration::from_hours)
        .ok_or_else(|| "write an age such as 90d, 12h or 4w".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read() {
        assert_eq!(parse_age("90d"), Ok(SignedDuration::from_hours(2160)));
        assert_eq!(parse_age("2w"), Ok(SignedDuration::from_hours(336)));
        for wrong in ["", "d", "90", "-1d", "1y", "9é"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
    }
}
