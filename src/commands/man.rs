//! `promptctl man`.

use std::io;
use std::path::{Path, PathBuf};

use super::out::{OUT, OutArg};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::help::{self, TOPICS, Topic};
use crate::output::manual::manual;
use crate::prompt::code;

/// Print the manual pages
///
/// Commands are in section 1, the topics of `promptctl help` in section 7: `man promptctl-publish`,
/// `man 7 promptctl-policy`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl man publish -o promptctl-publish.1
  promptctl man policy > promptctl-policy.7
  promptctl man --out ~/.local/share/man")]
pub(super) struct Args {
    /// The command or topic; without one, the page of promptctl itself
    name: Option<String>,
    /// Write all pages into DIR/man1 and DIR/man7 instead
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with_all = ["name", OUT])]
    out: Option<PathBuf>,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let mut command = (session.command_line)();
    // Only then does a subcommand know its full name and the global options.
    command.build();
    if let Some(folder) = &args.out {
        let folder = &session.directory.join(folder);
        write(command, folder).map_err(|error| {
            Failure::from_io(
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
    let page = match &args.name {
        None => command,
        Some(name) => match (command.find_subcommand(name), help::topic(name)) {
            (Some(found), _) => found.clone(),
            (None, Some(topic)) => {
                session.ui.data(topic_page(topic));
                return Ok(Exit::Done);
            }
            (None, None) => {
                return Err(
                    Failure::usage(format!("there is no command or topic {name}"))
                        .hint("promptctl help lists the commands and the topics"),
                );
            }
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .map_err(|error| Failure::new(code::WRITE_FAILED, error.to_string()))?;
    session.ui.data(String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}

fn topic_page(topic: &Topic) -> String {
    manual(topic.name, topic.about, topic.text)
}

fn write(command: clap::Command, folder: &Path) -> io::Result<()> {
    let (commands, topics) = (folder.join("man1"), folder.join("man7"));
    std::fs::create_dir_all(&commands)?;
    clap_mangen::generate_to(command, &commands)?;
    std::fs::create_dir_all(&topics)?;
    for topic in TOPICS {
        let path = topics.join(format!("promptctl-{}.7", topic.name));
        std::fs::write(path, topic_page(topic))?;
    }
    Ok(())
}
