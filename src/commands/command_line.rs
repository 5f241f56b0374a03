//! The command line: all commands, their groups in the help, and how one is run.

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::Timestamp;

use super::lazy::Lazy;
use super::session::Session;
use super::{
    archive, bump, completions, demo, diff, doctor, driver, edit, explain, fetch, get, history,
    hook, import, init, list, log, man, models, mv, new, outcome, publish, push, releases, render,
    rollback, run, scan, schema, seed, serve, show, status, unpublish, validate, verify,
};
use crate::config::Environ;
use crate::error::{Exit, Failure};
use crate::help::TOPICS;
use crate::output::ui::{ColorChoice, Ui, UiSettings};
use crate::prompt::visible;

/// The widest that help is printed, in columns.
const MAX_TERM_WIDTH: usize = 100;

/// Versioned prompts for language models, kept as YAML files in a git repository.
#[derive(Debug, Parser)]
#[command(
    name = "promptctl",
    version,
    about,
    max_term_width = MAX_TERM_WIDTH,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(super) struct Cli {
    /// Work as if started in DIR
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        help_heading = "Global options"
    )]
    directory: Option<PathBuf>,
    /// When to colour
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        help_heading = "Global options"
    )]
    color: ColorChoice,
    /// Print only data, warnings and errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a repository of prompts, or adopt `.prompt.yml` files
    Init(Lazy<init::Args>),
    /// Show the whole life of a prompt in a scratch repository, offline
    Demo(Lazy<demo::Args>),
    /// Add the bundled prompts in one commit
    Seed(Lazy<seed::Args>),
    /// Make version 1 of a prompt
    New(Lazy<new::Args>),
    /// Make the next version of a prompt
    Edit(Lazy<edit::Args>),
    /// Raise the version of prompts that were changed by hand
    Bump(Lazy<bump::Args>),
    /// List all prompts
    List(Lazy<list::Args>),
    /// Show one prompt
    Show(Lazy<show::Args>),
    /// Show the versions of a prompt
    History(Lazy<history::Args>),
    /// Show the releases of a prompt
    Releases(Lazy<releases::Args>),
    /// Show what is live where, what is ahead and what is pending
    Status(Lazy<status::Args>),
    /// Print one prompt, or all that are live, for programs
    Get(Lazy<get::Args>),
    /// Show what changed, and what it means for callers
    Diff(Lazy<diff::Args>),
    /// Check prompt files
    Validate(Lazy<validate::Args>),
    /// Make a version live in an environment
    Publish(Lazy<publish::Args>),
    /// Make the version live again that was live before
    Rollback(Lazy<rollback::Args>),
    /// Take a prompt out of an environment
    Unpublish(Lazy<unpublish::Args>),
    /// Bring the tags that the remote has
    Fetch(Lazy<fetch::Args>),
    /// Send pending tags to the remote
    Push(Lazy<push::Args>),
    /// Take a prompt out of use
    Archive(Lazy<archive::Args>),
    /// Bring an archived prompt back
    Unarchive(Lazy<archive::UnarchiveArgs>),
    /// Give a prompt another name
    Mv(Lazy<mv::Args>),
    /// Print the messages that a model would see
    Render(Lazy<render::Args>),
    /// Call the model and record the execution
    Run(Lazy<run::Args>),
    /// Read the execution log
    Log(Lazy<log::Args>),
    /// Tell what became of an execution
    Outcome(Lazy<outcome::Args>),
    /// Answer calls that name a prompt by its id
    Serve(Lazy<serve::Args>),
    /// List the models that the API offers, with price and end
    Models(Lazy<models::Args>),
    /// Find the ids of stored prompts in source code and settings
    Scan(Lazy<scan::Args>),
    /// Bring stored prompts of OpenAI's here, all versions
    Import(Lazy<import::Args>),
    /// Prove what is live, offline
    Verify(Lazy<verify::Args>),
    /// Find what is unsound in the repository, and fix it
    Doctor(Lazy<doctor::Args>),
    /// Explain the code of an error or finding
    Explain(Lazy<explain::Args>),
    /// Check what is to be committed, for git's hooks
    Hook(Lazy<hook::Args>),
    /// Compare and merge prompt files, for git
    Driver(Lazy<driver::Args>),
    /// Print the completions for a shell
    Completions(Lazy<completions::Args>),
    /// Print the manual pages
    Man(Lazy<man::Args>),
    /// Print the JSON Schema of the prompt file
    Schema(Lazy<schema::Args>),
}

/// The commands as a person would look for them.
const GROUPS: &[(&str, &[&str])] = &[
    ("Start", &["init", "demo", "seed"]),
    (
        "Write",
        &["new", "edit", "bump", "mv", "archive", "unarchive"],
    ),
    (
        "Look",
        &[
            "list", "show", "get", "history", "releases", "status", "diff",
        ],
    ),
    (
        "Release",
        &["publish", "rollback", "unpublish", "fetch", "push"],
    ),
    (
        "Run",
        &["render", "run", "serve", "log", "outcome", "models"],
    ),
    ("Move", &["scan", "import"]),
    ("Keep sound", &["validate", "verify", "doctor", "explain"]),
    ("Called by git", &["hook", "driver"]),
    (
        "Set up a shell and an editor",
        &["completions", "man", "schema"],
    ),
];

/// The command line, its help grouped.
pub fn command_line() -> clap::Command {
    with_grouped_help(Cli::command())
}

fn with_grouped_help(command: clap::Command) -> clap::Command {
    let mut groups = String::new();
    for (title, names) in GROUPS {
        groups.push_str(&format!("{title}:\n"));
        for name in *names {
            let about = command
                .find_subcommand(name)
                .and_then(clap::Command::get_about)
                .map(ToString::to_string)
                .unwrap_or_default();
            groups.push_str(&format!("  {name:<12} {about}\n"));
        }
        groups.push('\n');
    }
    groups.push_str("Topics (promptctl help TOPIC):\n");
    for topic in TOPICS {
        groups.push_str(&format!("  {:<15} {}\n", topic.name, topic.about));
    }
    groups.push('\n');
    groups.push_str("A prompt is named by its path below prompts/: support/triage, support/triage@v3,\nsupport/triage@production, support/triage@HEAD~2. See promptctl COMMAND --help.");
    command.help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}\n\nOptions:\n{{options}}"
    ))
}

/// The command line for these arguments. clap works on every command that it knows, so that one
/// which is named alone starts faster.
fn command_line_for(arguments: &[std::ffi::OsString]) -> clap::Command {
    let whole = Cli::command();
    let named = arguments
        .get(1)
        .and_then(|first| whole.find_subcommand(first));
    let Some(named) = named else {
        return with_grouped_help(whole);
    };
    clap::Command::new("promptctl")
        .max_term_width(MAX_TERM_WIDTH)
        .subcommand_required(true)
        .args(whole.get_arguments())
        .subcommand(named.clone())
}

/// Runs the command line and returns how it ended.
pub fn main(arguments: Vec<std::ffi::OsString>, environ: Environ) -> Exit {
    let here = Environ::current_dir().ok();
    match clap_complete::CompleteEnv::with_factory(command_line)
        .try_complete(arguments.clone(), here.as_deref())
    {
        Ok(true) => return Exit::Done,
        Ok(false) => {}
        Err(error) => return clap_exit(&error, &arguments),
    }
    let given = arguments.clone();
    if let [_, help, topic] = arguments.as_slice()
        && help == "help"
        && let Some(topic) = topic.to_str().and_then(crate::help::find)
    {
        let mut ui = Ui::new(UiSettings {
            color: ColorChoice::Auto,
            no_color: true,
            quiet: false,
            columns: None,
            width: None,
        });
        ui.data(topic.text);
        return ui.finish(Exit::Done);
    }
    let mut line = command_line_for(&arguments);
    let matches = line.try_get_matches_from_mut(arguments);
    // Taking it apart would take longer than some commands do.
    std::mem::forget(line);
    let matches = match matches {
        Ok(matches) => matches,
        Err(error) => return clap_exit(&error, &given),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return clap_exit(&error, &given),
    };
    let mut ui = Ui::new(UiSettings {
        color: cli.color,
        no_color: environ.no_color || environ.dumb_terminal,
        quiet: cli.quiet,
        columns: environ.columns,
        width: environ.width,
    });
    ui.json = wants_json(&matches);
    let now = environ.now.unwrap_or_else(Timestamp::now);
    let mut session = Session {
        ui,
        environ,
        directory: PathBuf::new(),
        is_directory_named: cli.directory.is_some(),
        now,
    };
    let ended = directory(cli.directory).and_then(|directory| {
        session.directory = directory;
        cli.command.run(&mut session)
    });
    match ended {
        Ok(exit) => session.ui.finish(exit),
        Err(failure) => {
            session.ui.failure(&failure);
            failure.exit
        }
    }
}

/// Whether the command is asked for JSON: its errors are JSON then too.
fn wants_json(matches: &clap::ArgMatches) -> bool {
    if let Some((_, below)) = matches.subcommand() {
        return wants_json(below);
    }
    let format = matches.try_get_raw("format").ok().flatten();
    format.is_some_and(|mut given| given.any(|it| it == "json"))
}

fn directory(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let Some(named) = named else {
        return Environ::current_dir();
    };
    if named.is_dir() {
        Ok(named)
    } else {
        Err(Failure::usage(format!(
            "{} is not a folder",
            named.display()
        )))
    }
}

/// clap prints help to standard output and errors to standard error; a closed pipe is no error.
fn clap_exit(error: &clap::Error, arguments: &[std::ffi::OsString]) -> Exit {
    if !error.use_stderr() {
        drop(error.print());
        return Exit::Done;
    }
    // An argument may hold what a stranger wrote, such as the title of a pull request.
    let is_plain = |argument: &std::ffi::OsString| {
        let text = argument.to_string_lossy();
        visible::line(&text) == text
    };
    if arguments.iter().all(is_plain) {
        drop(error.print());
    } else {
        let told = error.render().to_string();
        let told = visible::text(&told);
        let told = visible::without_commands(&told);
        crate::output::ui::say_plainly(&told);
    }
    Exit::Usage
}

impl Command {
    fn run(self, session: &mut Session) -> Result<Exit, Failure> {
        match self {
            Self::Init(Lazy(args)) => init::run(args, session),
            Self::Demo(Lazy(args)) => demo::run(&args, session),
            Self::Seed(Lazy(args)) => seed::run(&args, session),
            Self::New(Lazy(args)) => new::run(&args, session),
            Self::Edit(Lazy(args)) => edit::run(&args, session),
            Self::Bump(Lazy(args)) => bump::run(&args, session),
            Self::List(Lazy(args)) => list::run(&args, session),
            Self::Show(Lazy(args)) => show::run(&args, session),
            Self::History(Lazy(args)) => history::run(&args, session),
            Self::Releases(Lazy(args)) => releases::run(&args, session),
            Self::Status(Lazy(args)) => status::run(&args, session),
            Self::Get(Lazy(args)) => get::run(&args, session),
            Self::Diff(Lazy(args)) => diff::run(&args, session),
            Self::Validate(Lazy(args)) => validate::run(&args, session),
            Self::Publish(Lazy(args)) => publish::run(&args, session),
            Self::Rollback(Lazy(args)) => rollback::run(&args, session),
            Self::Unpublish(Lazy(args)) => unpublish::run(&args, session),
            Self::Fetch(Lazy(args)) => fetch::run(&args, session),
            Self::Push(Lazy(args)) => push::run(&args, session),
            Self::Archive(Lazy(args)) => archive::run(&args, session),
            Self::Mv(Lazy(args)) => mv::run(&args, session),
            Self::Unarchive(Lazy(args)) => archive::run_unarchive(&args, session),
            Self::Render(Lazy(args)) => render::run(&args, session),
            Self::Run(Lazy(args)) => run::run(&args, session),
            Self::Log(Lazy(args)) => log::run(&args, session),
            Self::Outcome(Lazy(args)) => outcome::run(&args, session),
            Self::Serve(Lazy(args)) => serve::run(&args, session),
            Self::Models(Lazy(args)) => models::run(&args, session),
            Self::Scan(Lazy(args)) => scan::run(&args, session),
            Self::Import(Lazy(args)) => import::run(&args, session),
            Self::Verify(Lazy(args)) => verify::run(&args, session),
            Self::Doctor(Lazy(args)) => doctor::run(&args, session),
            Self::Explain(Lazy(args)) => explain::run(&args, session),
            Self::Hook(Lazy(args)) => hook::run(&args, session),
            Self::Driver(Lazy(args)) => driver::run(&args, session),
            Self::Completions(Lazy(args)) => completions::run(&args, session),
            Self::Man(Lazy(args)) => man::run(&args, command_line(), session),
            Self::Schema(Lazy(args)) => schema::run(&args, session),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command_line().debug_assert();
    }

    #[test]
    fn the_list_of_commands_fits_a_terminal() {
        let help = command_line().render_help().to_string();
        // The options are wrapped to the width that clap finds.
        let (list, _) = help.split_once("\nOptions:").unwrap();
        let wide: Vec<&str> = list
            .lines()
            .filter(|line| line.chars().count() > 80)
            .collect();
        assert_eq!(wide, [""; 0]);
    }

    #[test]
    fn every_command_stands_in_one_group() {
        let command = Cli::command();
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let mut all: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }
}
