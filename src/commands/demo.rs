//! `promptctl demo`.

mod gateway;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::ui::{BOLD, DIM, paint};
use crate::prompt::code;
use crate::repository::private_folder;
use stage::Stage;

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

/// Files that lie ready, and what is done with them.
struct Story {
    files: &'static [(&'static str, &'static str)],
    scenes: &'static [Scene],
}

const IDENTITY: &str = "[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n";

const STORY: Story = Story {
    files: &[
        ("ticket.prompt.yml", PROMPT),
        ("friendlier.patch", PATCH),
        ("ticket.txt", TICKET),
    ],
    scenes: SCENES,
};

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
