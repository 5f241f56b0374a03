//! What `init --github` and `init --gitlab` write: files that check what is proposed, and publish what
//! was merged.

use sha2::{Digest as _, Sha256};

use super::roots::yaml_list;
use crate::config::Config;
use crate::error::Failure;
use crate::files::FileChange;
use crate::output::diff_markdown::MARKER;
use crate::output::suggestion::MARKER as SUGGESTED;
use crate::prompt::code;
use crate::prompt::name::Environment;
use crate::releases::Store;
use crate::setup::Setup;

/// The workflow of GitHub.
pub(super) const GITHUB: &str = ".github/workflows/promptctl.yml";

/// The jobs of GitLab.
pub(super) const GITLAB: &str = ".gitlab/promptctl.yml";

/// The file in which GitLab looks first.
const GITLAB_FIRST: &str = ".gitlab-ci.yml";

const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// The home of this project, of which the action, its releases and their addresses are made.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Where the action stands in it.
const ACTION_PATH: &str = ".github/actions/promptctl";

/// What the workflow runs of others, pinned.
const CHECKOUT: &str = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";

/// The commit of GitHub's action that keeps answers, in its two halves.
const CACHE: &str = "0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0";

/// What the jobs of GitLab run in.
const IMAGE: &str = "alpine:3.22";

/// How the line begins that differs from one branch to the next.
const BRANCHES: &str = "    branches: [";

/// Where a merge is published to, and how.
pub(super) struct Plan {
    /// What the page for a reviewer compares with.
    checked: Environment,
    /// Where a merge goes by itself.
    merged: Option<Environment>,
    /// Where somebody sends it.
    by_hand: Option<Environment>,
    /// The folders that hold prompts.
    roots: Vec<String>,
    /// The action that installs promptctl.
    action: String,
}

impl Plan {
    /// What is asked for, and else what harms nobody: production is published to by hand unless it is
    /// named.
    ///
    /// # Errors
    /// Nobody knows the environment, or the action is not written as one.
    pub(super) fn new(
        asked: Option<&Environment>,
        action: Option<&str>,
        roots: &[String],
        store: &Store,
        config: &Config,
    ) -> Result<Self, Failure> {
        if let Some(environment) = asked {
            store.require_environment(environment)?;
        }
        let production = Environment::production();
        let declared = || config.environments.iter().map(|(name, _)| name);
        let has_production = declared().any(|name| *name == production);
        let first = declared().find(|name| **name != production);
        let merged = asked.or(first).cloned();
        let is_by_hand = has_production && merged.as_ref() != Some(&production);
        Ok(Self {
            checked: match (has_production, &merged) {
                (false, Some(environment)) => environment.clone(),
                _ => production.clone(),
            },
            merged,
            by_hand: is_by_hand.then_some(production),
            roots: roots.to_vec(),
            action: action_of(action)?,
        })
    }

    /// What to say of it.
    pub(super) fn words(&self) -> String {
        let merged = self.merged.as_ref();
        let merged = merged.map(|environment| format!("what is merged goes to {environment}"));
        let by_hand = self.by_hand.as_ref();
        let by_hand = by_hand.map(|it| format!("you publish to {it} by hand"));
        let parts: Vec<String> = [merged, by_hand].into_iter().flatten().collect();
        parts.join(", ")
    }

    /// The same as the end of a file's first sentence, with the place where somebody starts it.
    fn summary(&self, place: &str) -> String {
        let merged = self.merged.as_ref();
        let merged = merged.map(|it| format!(", and publishes to {it} what was merged"));
        let by_hand = self.by_hand.as_ref().map(|it| {
            format!(". You publish to {it} by hand:\n# {place}, or promptctl publish --env {it}")
        });
        let parts: Vec<String> = [merged, by_hand].into_iter().flatten().collect();
        parts.concat()
    }

    /// Whether merges go to production by themselves.
    pub(super) fn goes_to_production(&self) -> bool {
        self.merged == Some(Environment::production())
    }

    /// The patterns of the files that say that something may be to publish.
    fn paths(&self, own: &str, every: &str, indent: &str) -> String {
        let below = |root: &String| match root.as_str() {
            "." => every.to_owned(),
            root => format!("{root}/{every}"),
        };
        let mut paths: Vec<String> = self.roots.iter().map(below).collect();
        paths.extend(["promptctl.yaml".to_owned(), own.to_owned()]);
        let line = |path: &String| format!("{indent}- {}", serde_json::Value::from(path.as_str()));
        let lines: Vec<String> = paths.iter().map(line).collect();
        lines.join("\n")
    }

    fn github(&self, branch: String) -> String {
        let publish = |job: &str, environment: &Environment, when: &str| {
            let is_production = *environment == Environment::production();
            let asks = is_production && when.contains("'push'");
            include_str!("workflow-publish.yml")
                .replace("JOB", job)
                .replace("WHEN", when)
                .replace(
                    "      PERMISSION",
                    if asks {
                        "      actions: read # to see that somebody is asked\n      "
                    } else {
                        "      "
                    },
                )
                .replace("APPROVAL_STEP", if asks { APPROVAL } else { "" })
                .replace("LIVE", &live(environment))
                .replace("ENVIRONMENT", environment.as_str())
        };
        let mut text = include_str!("workflow.yml")
            .replace(
                "AND_PUBLISHES",
                &self.summary("Actions, Prompts, Run workflow"),
            )
            .replace("[BRANCH]", &format!("[{}]", yaml_list(&[branch])))
            .replace("PATHS", &self.paths(GITHUB, "**", "      "))
            .replace("CHECKED", self.checked.as_str())
            .replace("MARKER", MARKER)
            .replace("SUGGESTED", SUGGESTED);
        if let Some(environment) = &self.merged {
            text.push_str(&publish(
                "publish",
                environment,
                "github.event_name == 'push'",
            ));
        }
        if let Some(environment) = &self.by_hand {
            let job = format!("publish-{environment}");
            text.push_str(&publish(&job, environment, BY_HAND));
        }
        text.replace("CHECKOUT", CHECKOUT)
            .replace("CACHE_COMMIT", CACHE)
            .replace("ACTION", &self.action)
            .replace("VERSION", VERSION)
    }

    fn gitlab(&self) -> String {
        let publish = |environment: &Environment, is_by_hand: bool| {
            let by_hand = "      when: manual # whoever may deploy to the environment starts it\n      allow_failure: true\n";
            include_str!("gitlab-publish.yml")
                .replace("PATHS", &self.paths(GITLAB, "**/*", "        "))
                .replace("BY_HAND", if is_by_hand { by_hand } else { "" })
                .replace("LIVE", &live(environment))
                .replace("ENVIRONMENT", environment.as_str())
        };
        // The job that somebody starts for production stands in the pipeline of the merge.
        let summary = self.summary("the job of the pipeline that waits for you");
        let mut text = include_str!("gitlab.yml")
            .replace("AND_PUBLISHES", &summary)
            .replace("IMAGE", IMAGE)
            .replace("CHECKED", self.checked.as_str())
            .replace("MARKER", MARKER)
            .replace("SUGGESTED", SUGGESTED)
            .replace("REPOSITORY", REPOSITORY)
            .replace("VERSION", VERSION);
        if let Some(environment) = &self.merged {
            let is_production = *environment == Environment::production();
            text.push_str(&publish(environment, is_production));
        }
        if let Some(environment) = &self.by_hand {
            text.push_str(&publish(environment, true));
        }
        text
    }
}

/// What is live in an environment, as `eval --base` names it.
fn live(environment: &Environment) -> String {
    match *environment == Environment::production() {
        true => "live".to_owned(),
        false => format!("@{environment}"),
    }
}

/// When a job runs that somebody starts.
const BY_HAND: &str = "github.event_name == 'workflow_dispatch' && github.ref_name == github.event.repository.default_branch";

/// The step without which production would be published to as soon as something is merged.
const APPROVAL: &str = r#"      - name: Somebody is asked
        env:
          GH_TOKEN: ${{ github.token }}
        run: |
          asked='.protection_rules[] | select(.type == "required_reviewers") | .type'
          if [ -z "$(gh api "repos/$GITHUB_REPOSITORY/environments/ENVIRONMENT" --jq "$asked")" ]; then
            echo "::error::nobody is asked before ENVIRONMENT: add required reviewers to it (Settings, Environments)"
            exit 1
          fi
"#;

/// The action that installs promptctl: that of this project, or another as `OWNER/REPO@REF`.
fn action_of(asked: Option<&str>) -> Result<String, Failure> {
    let Some(asked) = asked else {
        let home = REPOSITORY.trim_start_matches("https://github.com/");
        return Ok(format!("{home}/{ACTION_PATH}@{VERSION}"));
    };
    let is_part = |part: &str| {
        let is_plain = |char: char| char.is_ascii_alphanumeric() || "._-".contains(char);
        !matches!(part, "" | "." | "..") && !part.starts_with('-') && part.chars().all(is_plain)
    };
    let is_path = |text: &str| text.split('/').all(is_part);
    match asked.split_once('@') {
        Some((place, reference)) if is_path(place) && is_path(reference) => {
            match place.split('/').count() {
                2 => Ok(format!("{place}/{ACTION_PATH}@{reference}")),
                3.. => Ok(asked.to_owned()),
                _ => Err(bad_action(asked)),
            }
        }
        _ => Err(bad_action(asked)),
    }
}

fn bad_action(asked: &str) -> Failure {
    Failure::usage(format!("{asked} names no action")).hint(
        "write OWNER/REPO@REF or OWNER/REPO/PATH@REF, the repository at GitHub that holds promptctl, and a tag or a commit of it",
    )
}

/// The workflow, where the repository does not have it.
///
/// # Errors
/// Another file stands there.
pub(super) fn github(store: &Store, plan: &Plan) -> Result<Option<FileChange>, Failure> {
    let branch = Setup::of(store).default_branch();
    missing(store, GITHUB, plan.github(branch))
}

/// The jobs and the file that includes them, where the repository does not have them; and whether a
/// person has to include them.
///
/// # Errors
/// Another file stands there.
pub(super) fn gitlab(store: &Store, plan: &Plan) -> Result<(Vec<FileChange>, bool), Failure> {
    let jobs = missing(store, GITLAB, plan.gitlab())?;
    let mut changes: Vec<FileChange> = jobs.into_iter().collect();
    let first = store.read_text(GITLAB_FIRST)?;
    if first.is_none() {
        changes.push(FileChange::Write {
            path: GITLAB_FIRST.to_owned(),
            text: format!("include:\n  - local: {GITLAB}\n"),
        });
    }
    Ok((changes, first.is_some_and(|text| !text.contains(GITLAB))))
}

fn missing(store: &Store, path: &str, text: String) -> Result<Option<FileChange>, Failure> {
    let text = sealed(&text);
    let write = |text| FileChange::Write {
        path: path.to_owned(),
        text,
    };
    let Some(own) = store.read_text(path)? else {
        return Ok(Some(write(text)));
    };
    let (old, new) = (without_branch(&own), without_branch(&text));
    if old == new {
        return Ok(None);
    }
    if is_as_written(&own) {
        return Ok(Some(write(with_branch_of(&own, &text))));
    }
    Err(Failure::new(
        code::IN_THE_WAY,
        format!("{path} exists, and is not what this command writes"),
    )
    .at(path)
    .hint(difference(&old, &new))
    .hint("to compare: git mv it to another name, run the same command again, then keep what you like of both"))
}

/// The line by which a file is known as one that nobody changed; a digest of the others ends it.
const SEAL: &str = "# As long as nobody changes it, the same command brings it up to date: ";

/// The lines but the one that names the branch: run on another, the command would name that one, and
/// the file is no other for it.
fn without_branch(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines.filter(|line| !line.starts_with(BRANCHES)).collect()
}

/// A text with the branch that another names.
fn with_branch_of(own: &str, text: &str) -> String {
    let branch = own.lines().find(|line| line.starts_with(BRANCHES));
    let lines = text.lines().map(|line| match branch {
        Some(branch) if line.starts_with(BRANCHES) => branch,
        _ => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// A text with the line by which it is known, below the first lines that begin with `#`.
fn sealed(text: &str) -> String {
    let seal = seal_of(text);
    let first = text.lines().take_while(|line| line.starts_with("# "));
    let at: usize = first.map(|line| line.len() + 1).sum();
    format!("{}{SEAL}{seal}\n{}", &text[..at], &text[at..])
}

fn seal_of(text: &str) -> String {
    let lines = without_branch(text).into_iter();
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with(SEAL)).collect();
    let hash = Sha256::digest(lines.join("\n"));
    hash.iter().take(6).map(|it| format!("{it:02x}")).collect()
}

/// Whether this command wrote a file, in whatever version, and nobody changed it.
fn is_as_written(own: &str) -> bool {
    let mut lines = own.lines();
    lines
        .find_map(|line| line.strip_prefix(SEAL))
        .is_some_and(|seal| seal == seal_of(own))
}

/// The first line in which the file of a repository differs from what would be written.
fn difference(own: &[&str], new: &[&str]) -> String {
    let longest = own.len().max(new.len());
    let at = (0..longest)
        .find(|at| own.get(*at) != new.get(*at))
        .unwrap_or_default();
    let said = |line: Option<&&str>| match line {
        Some(line) => format!("`{}`", line.trim()),
        None => "nothing".to_owned(),
    };
    format!(
        "they differ first where the file says {} and this command would write {}",
        said(own.get(at)),
        said(new.get(at))
    )
}
