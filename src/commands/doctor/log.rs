//! The execution log: lines that are torn, and lines of a newer version.

use super::super::own_log::log;
use super::super::session::Session;
use crate::config::Config;
use crate::error::Failure;
use crate::prompt::code;
use crate::prompt::finding::Finding;
use crate::record::entry::SCHEMA;
use crate::record::log::{BadLine, Query};
use crate::releases::Store;

/// What is wrong with the execution log.
pub(super) fn findings(
    store: &Store,
    config: &Config,
    session: &Session,
) -> Result<Vec<Finding>, Failure> {
    let log = log(store, config, session);
    let listing = log.list(&Query {
        is_short: true,
        ..Query::default()
    })?;
    Ok(listing.bad.iter().map(finding).collect())
}

fn finding(bad: &BadLine) -> Finding {
    let path = bad.path.display().to_string();
    // Lines of an archive are not counted.
    let place = match bad.line {
        0 => "the execution log".to_owned(),
        line => format!("line {line} of the execution log"),
    };
    if let Some(schema) = bad.newer_schema {
        return Finding::warning(
            code::NEWER_RECORD,
            format!("{place} has schema {schema}, and this version knows {SCHEMA}"),
        )
        .in_file(&path)
        .help("read it with the version of promptctl that wrote it, or a newer one");
    }
    let is_whole_file = is_whole_file(bad);
    Finding::warning(
        code::BAD_LOG_LINE,
        format!("{place} is not a record: {}", bad.reason),
    )
    .in_file(&path)
    .help(if is_whole_file {
        "what can be unpacked is read; put the archive back from a backup"
    } else {
        "promptctl doctor --fix"
    })
}

/// Whether a whole archive cannot be unpacked.
fn is_whole_file(bad: &BadLine) -> bool {
    bad.line == 0 && bad.reason.contains("archive")
}

/// How many torn lines there are that could be set apart.
pub(super) fn torn(store: &Store, config: &Config, session: &Session) -> Result<usize, Failure> {
    let listing = log(store, config, session).list(&Query {
        is_short: true,
        ..Query::default()
    })?;
    let torn = |bad: &&BadLine| bad.newer_schema.is_none() && !is_whole_file(bad);
    Ok(listing.bad.iter().filter(torn).count())
}

/// Sets torn lines apart. Returns how many there were.
pub(super) fn set_apart(
    store: &Store,
    config: &Config,
    session: &mut Session,
) -> Result<usize, Failure> {
    let log = log(store, config, session);
    let moved = log.set_apart()?;
    if moved > 0 {
        let apart = log.apart();
        session.ui.status(format!(
            "torn lines of the log stand in {} now",
            apart.display()
        ));
    }
    Ok(moved)
}
