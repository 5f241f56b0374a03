//! `promptctl init`.

mod hosted;
mod roots;

use std::path::{Path, PathBuf};

use self::hosted::Plan;
use self::roots::{with_roots, yaml_list};

use super::common::{count, words_on_adopting};
use super::session::Session;
use crate::config::{CONFIG_FILE, Config, Environ};
use crate::error::{Exit, Failure};
use crate::files::FileChange;
use crate::prompt::name::{Environment, SUFFIXES};
use crate::prompt::quote::{shell_path, shell_word};
use crate::prompt::schema::prompt_schema;
use crate::releases::{Store, unknown_remote};
use crate::setup::{ATTRIBUTES, Adoptable, PlannedHook, Setup, init_repository, is_in_repository};

/// Make a repository of prompts, or adopt `.prompt.yml` files
///
/// Makes a git repository where there is none, and commits the configuration, the JSON Schema for
/// editors and an ignore rule for the execution log. In a clone, it sets git up so that a plain
/// git fetch brings the tags of releases.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help github

Examples:
  promptctl init team-prompts
  promptctl init --adopt --yes           # the .prompt.yml files of this repository
  promptctl init --hooks --diff-driver   # in each clone
  promptctl init --github")]
pub(super) struct Args {
    /// The folder; it is made if it does not exist
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Take over the prompt files that the repository has, wherever they stand: the plan is shown
    /// first, and carried out with --yes or after a question
    #[arg(long)]
    adopt: bool,
    /// Write a workflow for GitHub: check pull requests and comment on them, publish what is merged
    #[arg(long)]
    github: bool,
    /// Write jobs for GitLab: check merge requests and comment on them, publish what is merged
    #[arg(long)]
    gitlab: bool,
    /// Where --github and --gitlab publish what is merged; without it the first environment that is
    /// not production: you publish to production by hand. Production, if it is named, wants an approval
    #[arg(short, long, value_name = "ENV", add = super::completions::environments())]
    env: Option<Environment>,
    /// The action of --github that installs promptctl, such as a fork, or a commit instead of a tag
    #[arg(long, value_name = "OWNER/REPO@REF", requires = "github")]
    action: Option<String>,
    /// Install git's hooks in this clone: a commit raises the versions of the prompts that are staged,
    /// and checks them
    #[arg(long)]
    hooks: bool,
    /// Let git diff, log -p and difftool compare prompts by what they say, and git merge merge them
    /// by their fields; each clone needs it once
    #[arg(long)]
    diff_driver: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
}

const CONFIG: &str = "\
# Settings of promptctl for this repository. All of them may be left out.

# The folders that hold prompts.
roots: [ROOTS]

# Where a version can be live, and what must hold before one is.
environments:
  production: {}
";

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let directory = args.folder.as_ref().map_or_else(
        || session.directory.clone(),
        |named| session.directory.join(named),
    );
    session.directory = directory;
    session.is_directory_named |= args.folder.is_some();
    let start = session.start();
    // An existing configuration is honoured; a broken one is reported before anything is written.
    if !is_in_repository(&start)?
        && let Some(remote) = Config::in_repository(&session.directory)?.remote
    {
        return Err(unknown_remote(&remote));
    }
    let made = init_repository(&start, !session.ui.can_ask())?;
    let (store, config) = session.store_and_remote()?;
    let faults = config.environments.iter();
    let mut faults = faults.flat_map(|(environment, _)| config.policy_faults(environment));
    if let Some(fault) = faults.next() {
        return Err(fault);
    }
    store.require_working_copy()?;
    if made {
        let place = args.folder.as_deref().unwrap_or(Path::new("."));
        let text = format!("made a git repository in {}", place.display());
        session.ui.status(text);
    }
    let own = store.config_text()?;
    let known: &[String] = match own {
        Some(_) if args.adopt => &config.roots,
        _ => &[],
    };
    let found = Setup::of(&store).adoptable(known)?;
    let roots = if args.adopt && !found.roots.is_empty() {
        [known, &found.roots].concat()
    } else {
        config.roots.clone()
    };
    let config_text = match &own {
        None => Some(CONFIG.replace("ROOTS", &yaml_list(&roots))),
        Some(own) if args.adopt && !found.roots.is_empty() => {
            Some(with_roots(own, &config.roots, &found.roots)?)
        }
        Some(_) => None,
    };
    if args.adopt && !adopt(&found, &roots, own.is_some(), args, session) {
        return Ok(Exit::Done);
    }
    let mut changes = files(&store, &roots, config_text)?;
    let plan = args.plan(&store, &config, &roots)?;
    let (wanted, hooks, is_to_include) = extras(args, &plan, &store, &roots)?;
    changes.extend(wanted);
    let message = args
        .message
        .clone()
        .unwrap_or_else(|| "Set up promptctl".to_owned());
    let written = store.commit(&changes, &message)?;
    for change in &changes {
        session.ui.status(format!("wrote {}", change.path()));
    }
    let mirrored = store.configure_mirror()?;
    if mirrored {
        session
            .ui
            .status("git fetch brings the tags of releases from now on");
    }
    let graphed = Setup::of(&store).write_missing_commit_graph()?;
    if graphed {
        let text = "wrote git's commit-graph, so that the history of a prompt is found fast";
        session.ui.status(text);
    }
    let (hooked, driven) = set_up_clone(args, &hooks, &store, session)?;
    if written.commit.is_none() && !made && !mirrored && !graphed && !hooked && !driven {
        session
            .ui
            .status("everything is set up already: nothing to do");
    }
    if args.diff_driver && (driven || written.commit.is_some()) {
        session.ui.hint(
            "git keeps its drivers in each clone: promptctl init --diff-driver sets up the others",
        );
    }
    if written.commit.is_some() {
        say_hosted(args, &plan, session);
    }
    if is_to_include {
        let text = format!(
            "add to .gitlab-ci.yml, under include: - local: {}",
            hosted::GITLAB
        );
        session.ui.hint(text);
    }
    if made || !args.wants_extras() {
        say_next(&store, &found, args.adopt, session);
    }
    Ok(Exit::Done)
}

impl Args {
    fn wants_extras(&self) -> bool {
        self.github || self.gitlab || self.hooks || self.diff_driver
    }

    /// Where merges are published to.
    fn plan(&self, store: &Store, config: &Config, roots: &[String]) -> Result<Plan, Failure> {
        if self.env.is_some() && !self.github && !self.gitlab {
            let text = "--env says where --github and --gitlab publish to";
            return Err(Failure::usage(text).hint("promptctl init --github --env staging"));
        }
        Plan::new(
            self.env.as_ref(),
            self.action.as_deref(),
            roots,
            store,
            config,
        )
    }
}

/// The files and the hooks that are missing of what was asked for. Nothing is written before all of
/// it is known to be possible.
fn extras(
    args: &Args,
    plan: &Plan,
    store: &Store,
    roots: &[String],
) -> Result<(Vec<FileChange>, Vec<PlannedHook>, bool), Failure> {
    let mut changes = Vec::new();
    let mut is_to_include = false;
    if args.github {
        changes.extend(hosted::github(store, plan)?);
    }
    if args.gitlab {
        let (jobs, is_asked) = hosted::gitlab(store, plan)?;
        changes.extend(jobs);
        is_to_include = is_asked;
    }
    if args.diff_driver {
        Setup::of(store).check_drivers(&Environ::program()?)?;
        let missing = Setup::of(store).missing_attributes(roots)?;
        if !missing.is_empty() {
            let own = store.read_text(ATTRIBUTES)?.unwrap_or_default();
            let title = "# promptctl: how git compares and merges prompts";
            changes.push(FileChange::Write {
                path: ATTRIBUTES.to_owned(),
                text: with_lines(own, &format!("{title}\n{}", missing.join("\n"))),
            });
        }
    }
    let hooks = match args.hooks {
        true => Setup::of(store).missing_hooks(&Environ::program()?)?,
        false => Vec::new(),
    };
    Ok((changes, hooks, is_to_include))
}

/// What the files for GitHub and GitLab do from now on, and what they want.
fn say_hosted(args: &Args, plan: &Plan, session: &mut Session) {
    if args.github || args.gitlab {
        session.ui.status(plan.words());
    }
    if args.github && plan.goes_to_production() {
        session.ui.hint("at GitHub, add required reviewers to the environment production (Settings, Environments): without them the job stops");
    }
    if args.gitlab && plan.goes_to_production() {
        session
            .ui
            .hint("at GitLab, the job that publishes to production waits until somebody starts it");
    }
    if args.github {
        let text = format!("push {}: GitHub runs it from then on", hosted::GITHUB);
        session.ui.hint(text);
    }
    if args.gitlab {
        let text = format!(
            "push {}: GitLab runs it from then on; its first lines say which token it wants",
            hosted::GITLAB
        );
        session.ui.hint(text);
    }
}

/// Sets up what git keeps in this clone alone. Returns whether there was a hook to write, and a
/// driver to set.
fn set_up_clone(
    args: &Args,
    hooks: &[PlannedHook],
    store: &Store,
    session: &mut Session,
) -> Result<(bool, bool), Failure> {
    for hook in hooks {
        Setup::of(store).write_hook(hook)?;
        session
            .ui
            .status(format!("wrote {}", store.shown(&hook.path)));
    }
    let driven = args.diff_driver && Setup::of(store).configure_drivers(&Environ::program()?)?;
    if driven {
        session
            .ui
            .status("git diff, log -p, difftool and merge know prompts in this clone from now on");
    }
    Ok((!hooks.is_empty(), driven))
}

/// The text with more lines at its end.
fn with_lines(mut text: String, lines: &str) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    format!("{text}{lines}\n")
}

/// Shows what adopting means, and asks. Returns whether to go on.
fn adopt(
    found: &Adoptable,
    roots: &[String],
    has_config: bool,
    args: &Args,
    session: &mut Session,
) -> bool {
    let list = roots.join(", ");
    session.ui.status(format!(
        "{} found, below {list}",
        count(found.prompts.len(), "prompt file")
    ));
    for (name, path) in &found.prompts {
        session.ui.line(format!("{name}\t{path}"));
    }
    for refused in &found.refused {
        let (path, reason) = (&refused.path, &refused.reason);
        session
            .ui
            .warning(format!("{path} cannot be named: {reason}"));
        let better = refused.better.as_deref().map(shell_path);
        session.ui.hint(format!(
            "rename it: git mv {} {}",
            shell_path(path),
            better.as_deref().unwrap_or("…")
        ));
    }
    if !found.uncommitted.is_empty() {
        let of_them = found.uncommitted.len();
        let text = format!("not committed yet, and left so: {of_them} of them");
        session.ui.status(text);
    }
    if found.roots.is_empty() && has_config {
        session
            .ui
            .status(format!("{CONFIG_FILE} exists and stays as it is"));
    } else if has_config {
        session.ui.status(format!(
            "{CONFIG_FILE} would get the roots {}; the prompt files stay as they are",
            yaml_list(&found.roots)
        ));
    } else {
        session.ui.status(format!(
            "{CONFIG_FILE} would say roots: [{}]; the prompt files stay as they are",
            yaml_list(roots)
        ));
    }
    if args.yes {
        return true;
    }
    if session.ui.can_ask() {
        return session.ui.confirm("Do it?");
    }
    session.ui.hint("promptctl init --adopt --yes does it");
    false
}

/// The files that are missing, and the configuration as it shall be, where it is another.
fn files(
    store: &Store,
    roots: &[String],
    config: Option<String>,
) -> Result<Vec<FileChange>, Failure> {
    let config = config.map(|text| FileChange::Write {
        path: CONFIG_FILE.to_owned(),
        text,
    });
    let mut changes: Vec<FileChange> = config.into_iter().collect();
    // The same root whatever their order, so that a second run writes no second schema.
    let root = roots
        .iter()
        .min_by_key(|root| (root.split('/').count(), *root))
        .map_or("prompts", String::as_str);
    let schema = if root == "." {
        "prompt.schema.json".to_owned()
    } else {
        format!("{root}/prompt.schema.json")
    };
    if store.read_text(&schema)?.as_deref() != Some(&prompt_schema()) {
        changes.push(FileChange::Write {
            path: schema,
            text: prompt_schema(),
        });
    }
    let ignored = store.read_text(".gitignore")?.unwrap_or_default();
    if !ignored
        .lines()
        .any(|line| line.trim().trim_start_matches('/').trim_end_matches('/') == ".promptctl")
    {
        changes.push(FileChange::Write {
            path: ".gitignore".to_owned(),
            text: with_lines(ignored, "# promptctl: the execution log\n/.promptctl/"),
        });
    }
    Ok(changes)
}

/// The command that commits prompt files which git does not hold yet.
fn commit_of(uncommitted: &[String]) -> String {
    const MOST: usize = 5;
    let wanted: Vec<String> = if uncommitted.len() <= MOST {
        uncommitted.iter().map(|path| shell_path(path)).collect()
    } else {
        let suffixes = SUFFIXES.iter().filter(|suffix| {
            let mut paths = uncommitted.iter();
            paths.any(|path| path.ends_with(*suffix))
        });
        suffixes
            .map(|suffix| shell_word(&format!(":/*{suffix}")))
            .collect()
    };
    format!(
        "git add -- {} && git commit -m \"Add prompts\"",
        wanted.join(" ")
    )
}

fn say_next(store: &Store, found: &Adoptable, adopted: bool, session: &mut Session) {
    if adopted && !found.uncommitted.is_empty() {
        let command = commit_of(&found.uncommitted);
        session.ui.hint(format!(
            "publish takes what is committed, and these prompts are not: {command}"
        ));
    }
    if found.prompts.is_empty() {
        session
            .ui
            .hint("promptctl new NAME makes a prompt, promptctl seed adds the bundled ones");
    } else if !adopted && store.list().files.len() < found.prompts.len() {
        let elsewhere = found.prompts.len() - store.list().files.len();
        session.ui.hint(words_on_adopting(elsewhere));
    }
    if Setup::of(store).has_foreign_tags() {
        session.ui.hint("this repository has tags of its own: give git describe --exclude 'prompts/*' from now on");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_quoted_where_yaml_would_misread_them() {
        let list = |folders: &[&str]| {
            yaml_list(
                &folders
                    .iter()
                    .map(|&folder| folder.to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            list(&[".github/prompts", "src/a-b_c"]),
            ".github/prompts, src/a-b_c"
        );
        assert_eq!(list(&["a, b", "[x]", "é"]), r#""a, b", "[x]", "é""#);
    }
}
