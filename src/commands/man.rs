//! `promptctl man`.

use std::path::PathBuf;

use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::code;

/// Print the manual pages
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The command; without one, the page of promptctl itself
    command: Option<String>,
    /// Write the pages of all commands into DIR instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

pub(super) fn run(
    args: &Args,
    mut command: clap::Command,
    session: &mut Session,
) -> Result<Exit, Failure> {
    // Only then does a subcommand know its full name and the global options.
    command.build();
    if let Some(folder) = &args.out {
        let folder = &session.directory.join(folder);
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .map_err(|error| {
                Failure::of_system(
                    code::WRITE_FAILED,
                    format!("{} could not be written", folder.display()),
                    error,
                )
            })?;
        session
            .ui
            .status(format!("wrote the manual pages to {}", folder.display()));
        return Ok(Exit::Done);
    }
    let page = match &args.command {
        None => command,
        Some(name) => command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::usage(format!("there is no command {name}"))
                .hint("promptctl --help lists the commands")
        })?,
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|error| Failure::new(code::WRITE_FAILED, error.to_string()))?;
    session.ui.data(String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
