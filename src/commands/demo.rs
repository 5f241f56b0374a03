//! `promptctl demo`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Session;
use crate::config::Environ;
use crate::error::{Exit, Failure};
use crate::output::ui::{BOLD, DIM, paint};
use crate::prompt::code;
use crate::store::OF_ONE_REPOSITORY;

/// Show the whole life of a prompt in a scratch repository, offline
///
/// Runs this program as a person would, and shows each command before its output. Nothing outside
/// the scratch folder is touched.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Work in DIR, which must not exist, and keep it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

const PROMPT: &str = "\
name: Support triage
description: Sorts an incoming ticket and drafts the first reply.
model: openai/gpt-5-mini
modelParameters:
  maxTokens: 800        # room for the draft
input:
  schema:
    type: object
    required: [ticket]
    properties:
      ticket: {type: string}
      locale: {type: string, default: en}
messages:
  - role: system
    content: |
      You sort support tickets. Answer in {{locale}}.
      Say which queue the ticket belongs to: billing or tech.
  - role: user
    content: \"{{ticket}}\"
";

const PATCH: &str = "\
--- a/prompts/support/triage.prompt.yml
+++ b/prompts/support/triage.prompt.yml
@@ -16,5 +16,5 @@
 messages:
   - role: system
     content: |
-      You sort support tickets. Answer in {{locale}}.
+      You sort support tickets, kindly and briefly. Answer in {{locale}}.
       Say which queue the ticket belongs to: billing or tech.
";

const TICKET: &str = "I was charged twice for March.\n";

/// A paragraph of the demonstration: what is shown, and the commands that show it.
struct Scene {
    title: &'static str,
    commands: &'static [&'static str],
}

const SCENES: &[Scene] = &[
    Scene {
        title: "A repository of prompts, with a remote that says what is live",
        commands: &[
            "git init --quiet --bare origin.git",
            "promptctl init team-prompts",
            "cd team-prompts",
            "git remote add origin ../origin.git",
            "promptctl seed core",
        ],
    },
    Scene {
        title: "The first version, published",
        commands: &[
            "promptctl new support/triage --file ../ticket.prompt.yml -m \"First triage prompt\"",
            "promptctl publish support/triage -m \"Approved by support\"",
        ],
    },
    Scene {
        title: "A second version by command, a third by hand",
        commands: &[
            "promptctl edit support/triage --set modelParameters.maxTokens=600 -m \"Shorter answers\"",
            "git apply ../friendlier.patch",
            "promptctl bump",
            "git commit --quiet -am \"Friendlier\"",
            "promptctl diff support/triage@v1 support/triage@v3",
        ],
    },
    Scene {
        title: "Releases: the third to staging, the second to production, and back at 3 a.m.",
        commands: &[
            "promptctl publish support/triage --env staging --create-env",
            "promptctl publish support/triage@v2",
            "promptctl rollback support/triage -m \"Refuses refunds\"",
            "promptctl releases support/triage",
            "promptctl history support/triage",
            "promptctl status",
        ],
    },
    Scene {
        title: "What a model sees, a call (offline), and its record",
        commands: &[
            "promptctl render support/triage@production --var ticket=@../ticket.txt",
            "promptctl run support/triage@production --var ticket=@../ticket.txt --model echo",
            "promptctl log",
        ],
    },
    Scene {
        title: "All of it is plain git",
        commands: &["git tag --list -n1"],
    },
];

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let scratch = tempfile::Builder::new()
        .prefix("promptctl-demo-")
        .tempdir()
        .map_err(|error| unwritable(Path::new("the scratch folder"), &error))?;
    let top = match &args.keep {
        None => scratch.path().to_path_buf(),
        Some(named) => {
            let folder = session.directory.join(named);
            fs::create_dir(&folder).map_err(|error| unwritable(&folder, &error))?;
            folder
        }
    };
    for (name, text) in [
        ("ticket.prompt.yml", PROMPT),
        ("friendlier.patch", PATCH),
        ("ticket.txt", TICKET),
    ] {
        let path = top.join(name);
        fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
    }
    let mut stage = Stage {
        program: Environ::program()?,
        folder: top.clone(),
        config: top.join("gitconfig"),
        width: session.ui.width().unwrap_or(100),
    };
    fs::write(&stage.config, "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n")
        .map_err(|error| unwritable(&stage.config, &error))?;
    for scene in SCENES {
        let colors = session.ui.colors_out();
        session.ui.styled(format!(
            "\n{}\n",
            paint(colors, DIM, &format!("# {}", scene.title))
        ));
        for command in scene.commands {
            session.ui.styled(format!(
                "{}\n",
                paint(colors, BOLD, &format!("$ {command}"))
            ));
            session.ui.flush();
            if session.ui.is_closed() {
                return Ok(Exit::Done);
            }
            let output = stage.play(command)?;
            session.ui.data(output);
        }
    }
    if args.keep.is_some() {
        session.ui.status(format!("kept in {}", top.display()));
    }
    Ok(Exit::Done)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        code::WRITE_FAILED,
        format!("{} could not be made: {error}", path.display()),
    )
    .hint("--keep DIR names a folder that does not exist yet")
}

struct Stage {
    program: PathBuf,
    folder: PathBuf,
    config: PathBuf,
    width: usize,
}

impl Stage {
    /// Runs one command and returns what it printed on both streams, in order.
    fn play(&mut self, line: &str) -> Result<String, Failure> {
        let words = words(line);
        let (program, arguments) = words
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        if program == "cd" {
            self.folder
                .push(arguments.first().map_or("", String::as_str));
            return Ok(String::new());
        }
        let failed = |error: std::io::Error| {
            Failure::new(
                code::NO_REPOSITORY,
                format!("`{line}` could not be run: {error}"),
            )
            .hint("is git installed, 2.31 or newer?")
        };
        let mut command = if program == "promptctl" {
            Command::new(&self.program)
        } else {
            Command::new(program)
        };
        let (mut reader, writer) = std::io::pipe().map_err(failed)?;
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", &self.config)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("PROMPTCTL_WIDTH", self.width.to_string())
            .env_remove("PROMPTCTL_LOG")
            .env_remove("PROMPTCTL_CONFIG")
            .env("GIT_DEFAULT_HASH", "sha1")
            .env("GIT_DEFAULT_REF_FORMAT", "files")
            .stdin(std::process::Stdio::null())
            .stdout(writer.try_clone().map_err(failed)?)
            .stderr(writer);
        for name in OF_ONE_REPOSITORY {
            command.env_remove(name);
        }
        let mut child = command.spawn().map_err(failed)?;
        // The command holds the writing end too; without this the reading below would never end.
        drop(command);
        let mut output = Vec::new();
        reader.read_to_end(&mut output).map_err(failed)?;
        let output = String::from_utf8_lossy(&output).into_owned();
        let status = child.wait().map_err(failed)?;
        if status.success() {
            Ok(output)
        } else {
            Err(
                Failure::new(code::NO_REPOSITORY, format!("`{line}` failed: {status}"))
                    .caused_by(std::io::Error::other(output))
                    .hint("is git installed, 2.31 or newer?"),
            )
        }
    }
}

/// Splits a command at blanks; double quotes hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, piece) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}
