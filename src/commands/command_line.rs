//! The command line: all commands, their groups in the help, and how one is run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::Timestamp;

use super::front;
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::lazy::Lazy;
use super::out::OUT;
use super::session::Session;
use super::{synonyms, topics};
use crate::config::Environ;
use crate::error::{Exit, Failure};
use crate::help::TOPICS;
use crate::output::ui::{ColorChoice, Ui, UiSettings};
use crate::output::wrap::wrapped;
use crate::prompt::visible;
use crate::repository::pager;

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
        value_hint = clap::ValueHint::DirPath,
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
    /// Show what is longer than the screen at once
    #[arg(long, global = true, help_heading = "Global options")]
    no_pager: bool,
    #[command(subcommand)]
    command: Command,
}

/// Makes of the table of commands all that is said of each: the enum that clap reads, the groups of
/// the help, and how one is run. A row names the variant and the module, which is also the name that
/// a person types: its `Args` are the arguments and their help, its `run` is the command.
macro_rules! commands {
    ($($title:literal: $($variant:ident($module:ident)),+;)+) => {
        $($(use super::$module;)+)+

        #[derive(Debug, Subcommand)]
        enum Command {
            $($(
                #[command(name = stringify!($module))]
                $variant(Lazy<$module::Args>),
            )+)+
        }

        /// The commands as a person would look for them.
        const GROUPS: &[(&str, &[&str])] = &[$(($title, &[$(stringify!($module)),+])),+];

        /// What a command says of itself, which its arguments know.
        fn about(name: &str) -> String {
            let bare = clap::Command::new("");
            let known = match name {
                $($(stringify!($module) => <$module::Args as clap::Args>::augment_args(bare),)+)+
                _ => bare,
            };
            known.get_about().map(ToString::to_string).unwrap_or_default()
        }

        impl Command {
            fn run(self, session: &mut Session) -> Result<Exit, Failure> {
                match self {
                    $($(Self::$variant(Lazy(args)) => $module::run(&args, session),)+)+
                }
            }
        }
    };
}

commands! {
    "Start": Init(init), Demo(demo), Seed(seed);
    "Write": New(new), Generate(generate), Edit(edit), Bump(bump), Mv(mv), Archive(archive), Unarchive(unarchive);
    "Look": List(list), Show(show), Get(get), History(history), Releases(releases), Status(status), Diff(diff);
    "Release": Publish(publish), Rollback(rollback), Unpublish(unpublish), Fetch(fetch), Push(push);
    "Run": Render(render), Run(run), Serve(serve), Log(log), Outcome(outcome), Models(models);
    "Judge": Eval(eval), Judge(judge), Bisect(bisect), Cases(cases), Stats(stats), Compare(compare), Leaderboard(leaderboard), Report(report);
    "Move": Scan(scan), Import(import), Export(export);
    "Keep sound": Validate(validate), Verify(verify), Doctor(doctor), Explain(explain);
    "Called by git": Hook(hook), Driver(driver);
    "Set up a shell and an editor": Completions(completions), Man(man), Schema(schema);
}

/// The command line, its help grouped.
pub fn command_line() -> clap::Command {
    with_grouped_help(Cli::command(), MAX_TERM_WIDTH)
}

fn with_grouped_help(command: clap::Command, width: usize) -> clap::Command {
    let mut groups = String::new();
    for (title, names) in GROUPS {
        groups.push_str(&format!("{title}:\n"));
        for name in *names {
            groups.push_str(&listed(&format!("  {name:<12} "), &about(name), width));
        }
        groups.push('\n');
    }
    groups.push_str("Topics (promptctl help TOPIC):\n");
    for topic in TOPICS {
        groups.push_str(&listed(
            &format!("  {:<15} ", topic.name),
            topic.about,
            width,
        ));
    }
    groups.push('\n');
    groups.push_str(listed("", NAMED, width.min(80)).trim_end());
    command.help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{groups}\n\nOptions:\n{{options}}"
    ))
}

/// How a prompt is named, at the end of the help.
const NAMED: &str = "A prompt is named by its path below prompts/: support/triage, support/triage@v3, support/triage@production, support/triage@HEAD~2. See promptctl COMMAND --help.";

/// A line of a list, and where it is too long, more that stand in as far as its text.
fn listed(name: &str, about: &str, width: usize) -> String {
    let lines = wrapped(about, Some(width.saturating_sub(name.len())));
    let indent = " ".repeat(name.len());
    format!("{name}{}\n", lines.join(&format!("\n{indent}")))
}

/// The command line for the first word that is no global option. clap works on every command that
/// it knows, so that one which is named alone starts faster; only help needs them all.
fn command_line_for(first: Option<&OsStr>, environ: &Environ) -> clap::Command {
    let whole = Cli::command();
    if first.is_some_and(|it| it == "--version" || it == "-V") {
        return whole;
    }
    let Some(named) = first.and_then(|it| whole.find_subcommand(it)) else {
        let width = ui(ColorChoice::Auto, false, environ).screen();
        let width = width.unwrap_or(MAX_TERM_WIDTH).min(MAX_TERM_WIDTH);
        return with_grouped_help(whole, width);
    };
    clap::Command::new("promptctl")
        .max_term_width(MAX_TERM_WIDTH)
        .subcommand_required(true)
        .args(whole.get_arguments())
        .subcommand(named.clone())
}

/// The commands whose output may be longer than a screen and is read by a person.
const PAGED: [&str; 11] = [
    "diff", "explain", "history", "list", "log", "log list", "log show", "models", "releases",
    "show", "stats",
];

/// Whether what was asked for goes through a pager. A script is given all of it at once.
fn is_paged(matches: &clap::ArgMatches) -> bool {
    let mut words = Vec::new();
    let mut below = matches.subcommand();
    while let Some((word, matches)) = below {
        words.push(word);
        below = matches.subcommand();
    }
    PAGED.contains(&words.join(" ").as_str()) && !wants_json(matches)
}

/// Sends what is longer than the screen through the pager that the person chose: `PROMPTCTL_PAGER`, or
/// what git would take.
fn page(ui: &mut Ui, environ: &Environ, folder: &Path) {
    let own = environ.pager.clone();
    let is_off = |pager: &str| matches!(pager.trim(), "" | "cat");
    if environ.dumb_terminal || own.as_deref().is_some_and(is_off) || !ui.out_is_terminal() {
        return;
    }
    let folder = folder.to_owned();
    let choose = move || {
        let pager = own.or_else(|| pager(&folder)).filter(|it| !is_off(it))?;
        // Ctrl-C is for the pager then, and ends nothing that still writes to it.
        drop(Interrupt::watch());
        Some(pager)
    };
    ui.page(choose, !environ.has_less);
}

/// Runs the command line and returns how it ended.
pub fn main(mut arguments: Vec<std::ffi::OsString>, environ: Environ) -> Exit {
    let here = Environ::current_dir().ok();
    match clap_complete::CompleteEnv::with_factory(command_line)
        .try_complete(arguments.clone(), here.as_deref())
    {
        Ok(true) => return Exit::Done,
        Ok(false) => {}
        Err(error) => return clap_exit(&error, &arguments, &environ),
    }
    let given = arguments.clone();
    let globals = Globals::read(&given);
    let first = globals.as_ref().and_then(|it| it.words.first().copied());
    if let Some(globals) = &globals
        && let Some(exit) = without_command(globals, &environ, here.as_deref())
    {
        return exit;
    }
    if first.is_some_and(|it| it == "help") {
        // Help is what it gives.
        arguments.retain(|it| it != "--help" && it != "-h");
    }
    let mut line = command_line_for(first, &environ);
    let matches = line.try_get_matches_from_mut(arguments);
    // Taking it apart would take longer than some commands do.
    std::mem::forget(line);
    let matches = match matches {
        Ok(matches) => matches,
        Err(mut error) => {
            if let Some(failure) = synonyms::answer(&error, &given) {
                let mut ui = ui(ColorChoice::Auto, false, &environ);
                ui.json = asks_for_json(&given);
                ui.failure(&failure);
                return failure.exit;
            }
            let commands: Vec<&str> = GROUPS
                .iter()
                .flat_map(|(_, names)| *names)
                .copied()
                .collect();
            topics::suggest(&mut error, &given, &commands);
            return clap_exit(&error, &given, &environ);
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return clap_exit(&error, &given, &environ),
    };
    let mut ui = ui(cli.color, cli.quiet, &environ);
    ui.json = wants_json(&matches);
    if let Some(path) = out_file(&matches) {
        let path = cli
            .directory
            .as_deref()
            .map_or(path.clone(), |it| it.join(&path));
        if let Err(failure) = ui.write_to(&path) {
            ui.failure(&failure);
            return failure.exit;
        }
    }
    if !cli.no_pager && is_paged(&matches) {
        let folder = cli.directory.as_deref().or(here.as_deref());
        page(&mut ui, &environ, folder.unwrap_or(Path::new(".")));
    }
    let now = environ.now.unwrap_or_else(Timestamp::now);
    let mut session = Session {
        ui,
        environ,
        directory: PathBuf::new(),
        is_directory_named: cli.directory.is_some(),
        command_line,
        now,
    };
    ended(cli.directory, &mut session, |session| {
        cli.command.run(session)
    })
}

/// What a line does that names no command: it asks for a topic of the help, or for nothing.
fn without_command(globals: &Globals, environ: &Environ, here: Option<&Path>) -> Option<Exit> {
    let topic = topics::asked(&globals.words);
    if topic.is_none() && !globals.words.is_empty() {
        return None;
    }
    let mut ui = ui(globals.color, globals.quiet, environ);
    if let Some(topic) = topic {
        return Some(match topic {
            Ok(topic) => {
                if !globals.no_pager {
                    page(&mut ui, environ, here.unwrap_or(Path::new(".")));
                }
                topics::show(topic, &mut ui);
                ui.finish(Exit::Done)
            }
            Err(failure) => {
                ui.failure(&failure);
                failure.exit
            }
        });
    }
    let mut session = Session {
        now: environ.now.unwrap_or_else(Timestamp::now),
        ui,
        environ: environ.clone(),
        directory: PathBuf::new(),
        is_directory_named: globals.directory.is_some(),
        command_line,
    };
    Some(ended(globals.directory.clone(), &mut session, front::run))
}

/// Runs a command in the folder that is named, or here.
fn ended(
    named: Option<PathBuf>,
    session: &mut Session,
    run: impl FnOnce(&mut Session) -> Result<Exit, Failure>,
) -> Exit {
    let ended = directory(named).and_then(|directory| {
        session.directory = directory;
        run(session)
    });
    match ended {
        Ok(exit) => session.ui.finish(exit),
        Err(failure) => {
            session.ui.failure(&failure);
            failure.exit
        }
    }
}

/// The way to the user, as the arguments and the environment want it.
fn ui(color: ColorChoice, quiet: bool, environ: &Environ) -> Ui {
    Ui::new(UiSettings {
        color,
        no_color: environ.no_color || environ.dumb_terminal,
        forces_color: environ.forces_color,
        quiet,
        columns: environ.columns,
        width: environ.width,
    })
}

/// Whether the command is asked for JSON: its errors are JSON then too.
fn wants_json(matches: &clap::ArgMatches) -> bool {
    if let Some((_, below)) = matches.subcommand() {
        return wants_json(below);
    }
    let format = matches.try_get_raw("format").ok().flatten();
    format.is_some_and(|mut given| given.any(|it| it == "json"))
}

/// The file that stands for standard output; `-` is standard output itself.
fn out_file(matches: &clap::ArgMatches) -> Option<PathBuf> {
    if let Some((_, below)) = matches.subcommand() {
        return out_file(below);
    }
    let path = matches.try_get_one::<PathBuf>(OUT).ok().flatten()?;
    (path.as_os_str() != "-").then(|| path.clone())
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

/// clap prints help to standard output and errors to standard error; a closed pipe is no error, and
/// a full disk is one.
fn clap_exit(error: &clap::Error, arguments: &[std::ffi::OsString], environ: &Environ) -> Exit {
    if !error.use_stderr() {
        let mut ui = ui(ColorChoice::Auto, false, environ);
        if !ui.out_is_terminal() || arguments.iter().any(|it| it == "--no-pager") {
            return crate::output::ui::finish_plainly(error.print());
        }
        page(&mut ui, environ, Path::new("."));
        let help = error.render();
        match ui.colors_out() {
            true => ui.styled(help.ansi()),
            false => ui.styled(help),
        }
        return ui.finish(Exit::Done);
    }
    if asks_for_json(arguments) {
        let mut ui = ui(ColorChoice::Never, false, environ);
        ui.json = true;
        ui.failure(&usage_failure(error));
        return Exit::Usage;
    }
    // An argument may hold what a stranger wrote, such as the title of a pull request.
    let is_plain = |argument: &std::ffi::OsString| {
        let text = argument.to_string_lossy();
        visible::line(&text) == text
    };
    if arguments.iter().all(is_plain) {
        drop(error.print());
    } else {
        let message = error.render().to_string();
        let message = visible::text(&message);
        let message = visible::without_commands(&message);
        crate::output::ui::say_plainly(&message);
    }
    Exit::Usage
}

/// Whether arguments that could not be read ask for JSON: their error is JSON then too.
fn asks_for_json(arguments: &[std::ffi::OsString]) -> bool {
    let mut pairs = arguments.windows(2);
    pairs.any(|pair| pair[0] == "--format" && pair[1] == "json")
        || arguments.iter().any(|it| it == "--format=json")
}

/// What clap says of wrong arguments, in the parts that errors have.
fn usage_failure(error: &clap::Error) -> Failure {
    let said = error.render().to_string();
    let mut parts = said.split("\n\n");
    let first = parts.next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let message = words.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let mut failure = Failure::usage(message);
    for line in parts.flat_map(str::lines).map(str::trim) {
        let hint = line.strip_prefix("tip: ").unwrap_or(line);
        if !hint.is_empty() {
            failure = failure.hint(hint);
        }
    }
    failure
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
}
