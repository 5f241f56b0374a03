//! `promptctl demo`.

mod gateway;
mod stage;
mod story;

use std::fs;
use std::path::{Path, PathBuf};

use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::ui::{BOLD, DIM, paint};
use crate::prompt::code;
use crate::repository::private_folder;
use stage::Stage;
use story::{IDENTITY, STORY};

/// Show the whole life of a prompt in a scratch repository, offline
///
/// Runs this program as a person would, and shows each command before its output. Nothing outside
/// the scratch folder is touched.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  promptctl demo
  promptctl demo --keep shown   # and look around afterwards
  promptctl demo --serve        # the gateway, with the model echo")]
pub(super) struct Args {
    /// Work in DIR, which must not exist, and keep it
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    keep: Option<PathBuf>,
    /// Show the way out of OpenAI's stored prompts instead: an id is found and imported, and a call by
    /// that id is answered by the gateway
    #[arg(long)]
    serve: bool,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let scratch = private_folder("promptctl-demo-", None)
        .map_err(|error| unwritable(Path::new("the scratch folder"), error))?;
    let top = match &args.keep {
        None => scratch.path().to_path_buf(),
        Some(named) => {
            let folder = session.directory.join(named);
            fs::create_dir(&folder).map_err(|error| unwritable(&folder, error))?;
            folder
        }
    };
    let story = match args.serve {
        true => &gateway::STORY,
        false => &STORY,
    };
    for (name, text) in story.files.iter().chain(&[(stage::GIT_CONFIG, IDENTITY)]) {
        let path = top.join(name);
        fs::write(&path, text).map_err(|error| unwritable(&path, error))?;
    }
    let mut stage = Stage::new(&top, session.ui.width().unwrap_or(100))?;
    for scene in story.scenes {
        let colors = session.ui.colors_out();
        session.ui.styled(format!(
            "\n{}\n",
            paint(colors, DIM, &format!("# {}", scene.title))
        ));
        for command in scene.commands {
            let command = stage.named(command);
            session.ui.styled(format!(
                "{}\n",
                paint(colors, BOLD, &format!("$ {command}"))
            ));
            session.ui.flush();
            if session.ui.is_closed() {
                return Ok(Exit::Done);
            }
            session.ui.data(stage.play(&command)?);
        }
    }
    if args.keep.is_some() {
        session.ui.status(format!("kept in {}", top.display()));
    }
    Ok(Exit::Done)
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::from_io(
        code::WRITE_FAILED,
        format!("{} could not be made", path.display()),
        error,
    )
    .hint("--keep DIR names a folder that does not exist yet")
}
