//! `promptctl init`.

mod adopt;
mod args;
mod hosted;
mod roots;

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use self::adopt::commit_of;
use self::hosted::Plan;
use self::roots::{with_roots, yaml_list};
use super::common::words_on_adopting;
use super::session::Session;
use crate::config::{CONFIG_FILE, Config, Environ};
use crate::error::{Exit, Failure};
use crate::files::FileChange;
use crate::output::json;
use crate::prompt::name::PromptName;
use crate::prompt::schema::prompt_schema;
use crate::releases::{Store, unknown_remote};
use crate::setup::{
    ATTRIBUTES, Adoptable, PlannedHook, Refused, ScratchRepository, Setup, init_repository,
    is_in_repository,
};

pub(super) use args::Args;

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
    let is_there = is_in_repository(&start)?;
    // An existing configuration is honoured; a broken one is reported before anything is written.
    if !is_there && let Some(remote) = Config::in_repository(&session.directory)?.remote {
        return Err(unknown_remote(&remote));
    }
    let unattended = !session.ui.can_ask();
    let (made, scratch) = match args.plan.dry_run {
        false => (init_repository(&start, unattended)?, None),
        true if is_there => (false, None),
        true => (true, Some(ScratchRepository::new(&start, unattended)?)),
    };
    if let Some(scratch) = &scratch {
        session.environ.git = scratch.start.variables.clone();
        session.directory.clone_from(&scratch.start.directory);
    }
    let (store, config) = session.store_and_remote()?;
    let faults = config.environments.iter();
    let mut faults = faults.flat_map(|(environment, _)| config.policy_faults(environment));
    if let Some(fault) = faults.next() {
        return Err(fault);
    }
    store.require_working_copy()?;
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
    let mut done = Done {
        made,
        ..Done::default()
    };
    done.say_made(args, session);
    let is_json = args.format.is_json();
    if args.adopt && !is_json && !adopt::agree(&found, &roots, own.is_some(), args, session) {
        return Ok(Exit::Done);
    }
    // Who reads JSON is asked nothing: without --yes it is the plan.
    let is_plan = args.plan.dry_run || args.adopt && is_json && !args.yes;
    let mut changes = files(&store, &roots, config_text)?;
    let plan = args.hosting(&store, &config, &roots)?;
    let (wanted, hooks, is_to_include) = extras(args, &plan, &store, &roots)?;
    changes.extend(wanted);
    if !is_plan {
        let message = args.message.as_deref().unwrap_or("Set up promptctl");
        let written = store.commit(&changes, message)?;
        done.commit = written.commit.map(|id| id.to_string());
    }
    done.written = changes.iter().map(|it| it.path().to_owned()).collect();
    set_up_clone(args, is_plan, &hooks, &store, &mut done)?;
    if is_json {
        done.print(&found, &roots, args.adopt, is_plan, session);
        return Ok(Exit::Done);
    }
    done.say(args, session);
    if args.plan.dry_run {
        return Ok(Exit::Done);
    }
    if args.diff_driver && (done.drivers || done.commit.is_some()) {
        session.ui.hint(
            "git keeps its drivers in each clone: promptctl init --diff-driver sets up the others",
        );
    }
    if done.commit.is_some() {
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

/// What was done, or would be.
#[derive(Debug, Default, Serialize)]
struct Done {
    made: bool,
    written: Vec<String>,
    hooks: Vec<String>,
    mirror: bool,
    commit_graph: bool,
    drivers: bool,
    commit: Option<String>,
}

impl Done {
    fn say_made(&self, args: &Args, session: &mut Session) {
        if self.made {
            let place = args.folder.as_deref().unwrap_or(Path::new("."));
            let place = place.display();
            args.plan.say(
                format!("made a git repository in {place}"),
                format!("would make a git repository in {place}"),
                session,
            );
        }
    }

    fn say(&self, args: &Args, session: &mut Session) {
        let mut say = |done: &str, would: &str| args.plan.say(done, would, session);
        for path in &self.written {
            say(&format!("wrote {path}"), &format!("would write {path}"));
        }
        if self.mirror {
            say(
                "git fetch brings the tags of releases from now on",
                "git fetch would bring the tags of releases from then on",
            );
        }
        if self.commit_graph {
            let why = "git's commit-graph, so that the history of a prompt is found fast";
            say(&format!("wrote {why}"), &format!("would write {why}"));
        }
        for path in &self.hooks {
            say(&format!("wrote {path}"), &format!("would write {path}"));
        }
        if self.drivers {
            say(
                "git diff, log -p, difftool and merge know prompts in this clone from now on",
                "git diff, log -p, difftool and merge would know prompts in this clone",
            );
        }
        let is_committed = match args.plan.dry_run {
            true => !self.written.is_empty(),
            false => self.commit.is_some(),
        };
        let is_set_up = self.mirror || self.commit_graph || !self.hooks.is_empty() || self.drivers;
        if !is_committed && !self.made && !is_set_up {
            session
                .ui
                .status("everything is set up already: nothing to do");
        }
    }

    fn print(
        &self,
        found: &Adoptable,
        roots: &[String],
        adopts: bool,
        is_plan: bool,
        session: &mut Session,
    ) {
        let mut shape = json!(self);
        shape["roots"] = json!(roots);
        shape["dry_run"] = json!(is_plan);
        if adopts {
            let pair = |(name, path): &(PromptName, String)| json!({ "name": name, "path": path });
            shape["adopted"] = found.prompts.iter().map(pair).collect();
            let refused =
                |it: &Refused| json!({ "path": it.path, "reason": it.reason, "better": it.better });
            shape["refused"] = found.refused.iter().map(refused).collect();
        }
        session.ui.block(json::document(&shape));
    }
}

impl Args {
    fn wants_extras(&self) -> bool {
        self.github || self.gitlab || self.hooks || self.diff_driver
    }

    /// Where merges are published to.
    fn hosting(&self, store: &Store, config: &Config, roots: &[String]) -> Result<Plan, Failure> {
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

/// Sets up what git keeps in this clone alone, or finds what of it is missing.
fn set_up_clone(
    args: &Args,
    is_plan: bool,
    hooks: &[PlannedHook],
    store: &Store,
    done: &mut Done,
) -> Result<(), Failure> {
    let setup = Setup::of(store);
    if is_plan {
        done.mirror = store.lacks_mirror()?;
        done.commit_graph = setup.lacks_commit_graph();
        done.drivers = args.diff_driver && setup.lacks_drivers(&Environ::program()?)?;
    } else {
        done.mirror = store.configure_mirror()?;
        done.commit_graph = setup.write_missing_commit_graph()?;
        for hook in hooks {
            setup.write_hook(hook)?;
        }
        done.drivers = args.diff_driver && setup.configure_drivers(&Environ::program()?)?;
    }
    done.hooks = hooks.iter().map(|hook| store.shown(&hook.path)).collect();
    Ok(())
}

/// The text with more lines at its end.
fn with_lines(mut text: String, lines: &str) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    format!("{text}{lines}\n")
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
