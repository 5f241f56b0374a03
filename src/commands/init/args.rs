//! What `promptctl init` is given.

use super::super::common::FormatArg;
use super::super::plan::PlanArg;
use crate::prompt::name::Environment;
use std::path::PathBuf;

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
  promptctl init --dry-run               # what it would make
  promptctl init --adopt --yes           # the .prompt.yml files of this repository
  promptctl init --hooks --diff-driver   # in each clone
  promptctl init --github")]
pub(in crate::commands) struct Args {
    /// The folder; it is made if it does not exist
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(super) folder: Option<PathBuf>,
    /// Take over the prompt files that the repository has, wherever they stand: the plan is shown
    /// first, and carried out with --yes or after a question
    #[arg(long)]
    pub(super) adopt: bool,
    /// Write a workflow for GitHub: check pull requests and comment on them, publish what is merged
    #[arg(long)]
    pub(super) github: bool,
    /// Write jobs for GitLab: check merge requests and comment on them, publish what is merged
    #[arg(long)]
    pub(super) gitlab: bool,
    /// Where --github and --gitlab publish what is merged; without it the first environment that is
    /// not production: you publish to production by hand. Production, if it is named, wants an approval
    #[arg(short, long, value_name = "ENV", add = super::super::candidates::environments())]
    pub(super) env: Option<Environment>,
    /// The action of --github that installs promptctl, such as a fork, or a commit instead of a tag
    #[arg(long, value_name = "OWNER/REPO@REF", requires = "github")]
    pub(super) action: Option<String>,
    /// Install git's hooks in this clone: a commit raises the versions of the prompts that are staged,
    /// and checks them
    #[arg(long)]
    pub(super) hooks: bool,
    /// Let git diff, log -p and difftool compare prompts by what they say, and git merge merge them
    /// by their fields; each clone needs it once
    #[arg(long)]
    pub(super) diff_driver: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    pub(super) message: Option<String>,
    #[command(flatten)]
    pub(super) plan: PlanArg,
    #[command(flatten)]
    pub(super) format: FormatArg,
}
