//! `promptctl validate`.

mod fix;
mod live;

use self::fix::Mended;
use super::checking::wanted::Wanted;
use super::checking::{check, roots, summary};
use super::common::{adoptable, words_on_adopting};
use super::out::OutArg;
use super::session::Session;
use crate::config::CONFIG_FILE;
use crate::error::{Exit, Failure};
use crate::files::Base;
use crate::output::progress::Progress;
use crate::output::report::{self, Report, ReportFormat};
use crate::output::snippet::fitted;
use crate::prompt::code::{self};
use crate::prompt::name::Environment;
use crate::releases::{Step, Store, decide};

/// Check prompt files
///
/// Every rule of the format, each finding with its code, its place and what to write instead;
/// promptctl explain lists the codes, and promptctl explain CODE says more. Exits with 3 if there
/// are errors. `lint:` in promptctl.yaml sets how severe a rule is, and a comment
/// `# promptctl: allow P105` allows what a rule finds on its line and the next, or in the whole file
/// where it stands at the top.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 if there are errors (with --strict, warnings too).
More: promptctl help errors

Examples:
  promptctl validate
  promptctl validate support/triage --strict
  promptctl validate --base main~1   # what changed, and whether versions were raised
  promptctl validate --fix --dry-run
  promptctl validate support/triage --fix --schema   # declare the variables
  promptctl validate --format sarif -o findings.sarif")]
pub(super) struct Args {
    /// Names, files, folders or patterns, and partials for the prompts that include them; without any,
    /// all prompts
    #[arg(value_name = "PATH", add = super::candidates::names_and_paths())]
    paths: Vec<String>,
    /// Check only what changed since HEAD parted from REV, and that its version was raised;
    /// without REV, the branch that the pull request goes to
    #[arg(long, value_name = "REV", num_args = 0..=1, default_missing_value = "", add = super::candidates::branches())]
    base: Option<String>,
    /// Check what is live in an environment instead of the files
    #[arg(short, long, value_name = "ENV", conflicts_with_all = ["base", "fix"], add = super::candidates::environments())]
    env: Option<Environment>,
    /// Mend what needs no judgement: missing and unraised versions, misspelt keys, mixed line ends,
    /// placeholders of other dialects that name a declared variable which is used nowhere else
    #[arg(long)]
    fix: bool,
    /// With --fix: write `input.schema` for prompts that declare none, from their templates and cases
    #[arg(long, requires = "fix")]
    schema: bool,
    /// With --fix: say what would be mended, and change nothing
    #[arg(short = 'n', long, requires = "fix")]
    dry_run: bool,
    /// Exit with 3 on warnings too
    #[arg(long)]
    strict: bool,
    /// Show notes too, which may be meant as they are, and each of many findings that are alike
    #[arg(short, long)]
    verbose: bool,
    /// How to print; text, and in a job of GitHub Actions annotations as well
    #[arg(long, value_name = "FORMAT")]
    format: Option<ReportFormat>,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = session.store()?;
    let today = session.today();
    if !store.is_set_up() {
        let failure = Failure::new(
            code::NOT_SET_UP,
            "there is nothing to check: this repository is not set up for prompts",
        );
        return Err(match adoptable(&store) {
            0 => failure.hint("promptctl init sets it up; -C DIR names another repository"),
            found => failure.hint(words_on_adopting(found)),
        });
    }
    let base = args.base(&store, session)?;
    if args.fix {
        let waiting = Progress::waiting(&session.ui, "mending");
        let what = fix::Fix {
            paths: &args.paths,
            base: base.as_ref(),
            schema: args.schema,
        };
        let mended = fix::fix(&what, &store, session);
        let mended = mended.and_then(|mended| {
            if !args.dry_run {
                store.write_files(&mended.changes())?;
            }
            Ok(mended)
        });
        waiting.finish();
        args.say_fixed(&mended?, session);
    }
    let levels = match args.verbose {
        true => config.lint.clone().with_notes(),
        false => config.lint.clone(),
    };
    let mut checked = match &args.env {
        Some(environment) => {
            live::check(&store, environment, &args.paths, today, &levels, session)?
        }
        None => {
            let wanted = Wanted::new(&args.paths, |_| false, &store, session)?;
            let rules = check::Rules {
                wanted: &wanted,
                today,
                levels: &levels,
            };
            let mut checked = roots::files(&store, base.as_ref(), &rules)?;
            if wanted.path(CONFIG_FILE) {
                let findings = roots::settings(&store, &config, base.as_ref())?;
                check::add_settings(&mut checked, findings, &store)?;
                if !wanted.is_all() && store.config_text()?.is_some() {
                    checked.files.push(CONFIG_FILE.to_owned());
                }
            }
            checked
        }
    };
    checked.shows_all = args.verbose;
    print(args, &checked, session);
    if checked.files.is_empty() && args.env.is_none() && store.list().is_empty() {
        let roots = store.settings().roots.iter().map(|root| format!("{root}/"));
        let roots = roots.collect::<Vec<_>>().join(", ");
        session
            .ui
            .warning(format!("there are no prompts below {roots}"));
        session.ui.hint("promptctl new NAME makes one; `roots:` in promptctl.yaml names the folders that hold prompts");
    }
    let step = Step::Check {
        strict: args.strict,
    };
    Ok(match decide(checked.findings, step).stops.as_slice() {
        [] => Exit::Done,
        _ => Exit::Verdict,
    })
}

impl Args {
    /// Says what was mended. What would be is what was asked for, so it is data where text is.
    fn say_fixed(&self, mended: &Mended, session: &mut Session) {
        let is_text = matches!(self.format, None | Some(ReportFormat::Text));
        for (path, what) in mended.mended() {
            match (self.dry_run, is_text) {
                (false, _) => session.ui.status(format!("fixed {path}: {what}")),
                (true, false) => session.ui.status(format!("would fix {path}: {what}")),
                (true, true) => session
                    .ui
                    .sentence(None, format!("would fix {path}: {what}")),
            }
        }
    }

    /// Where HEAD parted from what it is compared with, and which folders held prompts there.
    fn base(&self, store: &Store, session: &Session) -> Result<Option<Base>, Failure> {
        let base = self.parted(store, session)?;
        base.map(|base| roots::known_of(store, base)).transpose()
    }

    fn parted(&self, store: &Store, session: &Session) -> Result<Option<Base>, Failure> {
        let Some(revision) = &self.base else {
            return Ok(None);
        };
        if !revision.is_empty() {
            return store.base(revision).map(Some);
        }
        let branch = session.environ.base_branch.as_ref().ok_or_else(|| {
            Failure::usage("no pull request is known here, so --base wants a revision")
                .hint("promptctl validate --base origin/main; a job for a pull request on GitHub or GitLab knows it by itself")
        })?;
        let remote = store.settings().remote.as_deref().unwrap_or("origin");
        let found = store.base(&format!("{remote}/{branch}"));
        // GitLab names the commit also where the job's clone does not have the branch.
        let known = session.environ.base_commit.as_deref();
        found
            .or_else(|failure| {
                known
                    .and_then(|commit| store.base_at(commit))
                    .ok_or(failure)
            })
            .map(Some)
    }
}

fn print(args: &Args, checked: &Report, session: &mut Session) {
    let colors = session.ui.colors_out();
    match args.format {
        // What is coloured is escaped already.
        None | Some(ReportFormat::Text) => {
            let text = report::render(ReportFormat::Text, checked, colors);
            session.ui.styled(fitted(&text, session.ui.width()));
        }
        Some(format) => session.ui.data(report::render(format, checked, false)),
    }
    if args.format.is_none() && session.environ.is_github_actions {
        let annotations = report::render(ReportFormat::Github, checked, false);
        session.ui.data(annotations);
    }
    session.ui.flush();
    for partial in &checked.changed_partials {
        session.ui.status(partial.words());
    }
    session.ui.status(summary(checked));
}
