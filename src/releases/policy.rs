//! Release policies: what must hold before something is published, and where the rules are read.
//!
//! `rollback` and `unpublish` ask nothing of this.

use crate::repository::ObjectId;

use super::recorded::ReadSuite;
use super::release::State;
use super::signature::{Signers, Signing};
use super::store::Store;
use super::tag::Tag;
use crate::error::{Exit, Failure};
use crate::files::{Files, Loaded, Source};
use crate::prompt::CONFIG_FILE;
use crate::prompt::code;
use crate::prompt::evidence::EvalRule;
use crate::prompt::name::Environment;
use crate::prompt::next::{Next, VersionChoice};
use crate::prompt::quote::shell_path;

/// What must hold before something is published to an environment.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The branches that must hold what is published.
    pub branches: Vec<String>,
    /// Whose signature the release must bear.
    pub signers: Option<Signers>,
    /// The environments in which the same content must be live.
    pub sources: Vec<Environment>,
    /// What recorded evaluations of the very content must show: each of these.
    pub evaluations: Vec<EvalRule>,
    /// How the suite of a content is read.
    pub suite: Option<ReadSuite>,
}

impl Rules {
    /// How a release is signed that these rules hold for.
    pub fn signing(&self) -> Signing {
        match self.signers {
            Some(_) => Signing::Required,
            None => Signing::AsSetUp,
        }
    }
}

/// A rule that a content does not meet.
pub(super) enum UnmetRule<'r> {
    /// This branch does not hold it.
    Branch(&'r str),
    /// It is not, or never was, live in this environment.
    Source(&'r Environment),
}

/// A commit whose settings count, because it was reviewed or is what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsCommit {
    /// What people call it, such as `origin/main` or `HEAD`.
    pub name: String,
    commit: ObjectId,
}

impl SettingsCommit {
    /// The id of the commit.
    pub fn commit(&self) -> ObjectId {
        self.commit
    }
}

impl Store {
    /// The commits whose settings count: the remote's default branch, as it was last fetched, then
    /// HEAD. The working copy is not among them.
    pub fn places_of_policy(&self) -> Vec<SettingsCommit> {
        let mut places = Vec::new();
        if let Some(remote) = self.settings.remote.as_deref() {
            let asked = self.default_branch_asked.borrow();
            let name = match asked.as_deref() {
                Some(branch) => format!("refs/remotes/{remote}/{branch}"),
                None => format!("refs/remotes/{remote}/HEAD"),
            };
            if let Some((target, commit)) = self.ref_commit(&name) {
                let name = target.strip_prefix("refs/remotes/").unwrap_or(remote);
                places.push(SettingsCommit {
                    name: name.to_owned(),
                    commit,
                });
            }
        }
        if let Some(commit) = self.head_commit() {
            places.push(SettingsCommit {
                name: "HEAD".to_owned(),
                commit,
            });
        }
        places
    }

    /// The text of `promptctl.yaml` at a commit; `None` where it holds none.
    ///
    /// # Errors
    /// The commit cannot be read, or the file is not text.
    pub fn config_at(&self, place: &SettingsCommit) -> Result<Option<String>, Failure> {
        let Some(tree) = self.commit_tree(place.commit) else {
            return Ok(None);
        };
        let bytes = tree.read_file(CONFIG_FILE)?;
        bytes
            .map(|bytes| {
                String::from_utf8(bytes).map_err(|_| {
                    Failure::new(code::BAD_CONFIG, format!("{CONFIG_FILE} is not UTF-8 text"))
                        .at(format!("{}:{CONFIG_FILE}", place.name))
                })
            })
            .transpose()
    }

    /// The texts of `promptctl.yaml` that HEAD and the commits before it hold, the newest first,
    /// each with its revision.
    pub fn past_configs(&self) -> Vec<(String, String)> {
        let output = self
            .git()
            .args(["log", "-n", "20", "--format=%H", "HEAD"])
            .paths([CONFIG_FILE])
            .run();
        let commits = output.map(|output| output.out).unwrap_or_default();
        ["HEAD"]
            .into_iter()
            .chain(commits.lines())
            .filter_map(|revision| {
                let commit = self.revision(revision)?;
                let bytes = self.commit_tree(commit)?.read_file(CONFIG_FILE).ok()??;
                Some((revision.to_owned(), String::from_utf8(bytes).ok()?))
            })
            .collect()
    }

    /// The file of allowed signers as a commit holds it.
    ///
    /// # Errors
    /// The commit holds no such regular file, or it lists nobody.
    pub fn signers_at(&self, place: &SettingsCommit, path: &str) -> Result<Signers, Failure> {
        let bad = |what: &str| {
            Failure::new(
                code::BAD_SIGNERS,
                format!("`allowedSigners` names {path}, which {what}"),
            )
            .exit(Exit::Verdict)
            .at(format!("{}:{path}", place.name))
        };
        let tree = self.commit_tree(place.commit);
        if tree.as_ref().is_some_and(|tree| tree.is_link(path)) {
            return Err(bad("is a symbolic link")
                .hint("put the file itself there: a link means something else in every clone"));
        }
        let bytes = match &tree {
            Some(tree) => tree.read_file(path)?,
            None => None,
        };
        let bytes = bytes.ok_or_else(|| {
            bad(&format!("{} does not hold", place.name)).hint(format!(
                "git add {0} && git commit -m \"Allowed signers\" -- {0}",
                shell_path(path)
            ))
        })?;
        let text = String::from_utf8(bytes).map_err(|_| bad("is not UTF-8 text"))?;
        let lists_nobody = text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if lists_nobody {
            return Err(bad("lists nobody")
                .hint("a line for each person: ada@example.com ssh-ed25519 AAAA…"));
        }
        Ok(Signers {
            text,
            place: path.to_owned(),
        })
    }

    /// Fails where a branch is not in this clone.
    ///
    /// # Errors
    /// So it is; the hint fetches it.
    pub fn require_branch(&self, branch: &str) -> Result<(), Failure> {
        self.branch_tip(branch).map(drop)
    }

    /// Fails with the rule that content does not meet, and how to meet it.
    ///
    /// # Errors
    /// So it is.
    pub fn check_rules(
        &self,
        loaded: &Loaded,
        environment: &Environment,
        rules: &Rules,
    ) -> Result<(), Failure> {
        let is_staged = |source: &Environment| {
            let state = self.state(&loaded.name, source)?;
            Ok(matches!(&state, State::Live(active) if active.digest == *loaded.digest()))
        };
        let Some(unmet) = self.unmet(loaded, rules, &is_staged).next().transpose()? else {
            return Ok(());
        };
        Err(match unmet {
            UnmetRule::Branch(branch) => self.not_on_branch(loaded, branch, environment),
            UnmetRule::Source(source) => {
                let state = self.state(&loaded.name, source)?;
                not_staged(loaded, source, environment, &state)
            }
        })
    }

    /// The rules that content does not meet, and why one cannot be judged. What counts as live in an
    /// environment that a version comes from is asked of `is_staged`.
    pub(super) fn unmet<'r>(
        &self,
        loaded: &Loaded,
        rules: &'r Rules,
        is_staged: &dyn Fn(&Environment) -> Result<bool, Failure>,
    ) -> impl Iterator<Item = Result<UnmetRule<'r>, Failure>> {
        let Rules {
            branches,
            // Who signed is judged of a tag, not of content.
            signers: _,
            sources,
            // Evidence is looked for beside the commit that is released.
            evaluations: _,
            suite: _,
        } = rules;
        let branches = branches
            .iter()
            .map(|branch| (UnmetRule::Branch(branch), self.branch_holds(branch, loaded)));
        let sources = sources
            .iter()
            .map(|source| (UnmetRule::Source(source), is_staged(source)));
        branches
            .chain(sources)
            .filter_map(|(unmet, is_met)| match is_met {
                Ok(true) => None,
                Ok(false) => Some(Ok(unmet)),
                Err(failure) => Some(Err(failure)),
            })
    }

    /// Whether a branch of the remote, as far as this clone knows them, holds a commit.
    pub fn is_on_a_branch(&self, commit: ObjectId) -> bool {
        let Some(remote) = self.settings.remote.as_deref() else {
            return true;
        };
        let output = self
            .git()
            .args([
                "for-each-ref",
                "--count=1",
                "--format=x",
                "--contains",
                &commit.to_string(),
            ])
            .arg(format!("refs/remotes/{remote}/"))
            .run();
        // What cannot be asked is not said.
        output.is_ok_and(|output| !output.ok || !output.out.is_empty())
    }

    fn not_on_branch(&self, loaded: &Loaded, branch: &str, environment: &Environment) -> Failure {
        let failure = Failure::new(
            code::WRONG_BRANCH,
            format!(
                "{} {} is not on {branch}, which {environment} requires",
                loaded.name,
                loaded.version()
            ),
        )
        .exit(Exit::Verdict);
        match self.settings.remote.as_deref() {
            // It is there, and only here.
            Some(remote) if self.branch().as_deref() == Some(branch) => {
                failure.hint(format!("git push {remote} {}", shell_path(branch)))
            }
            _ => failure.hint(format!(
                "merge it into {branch}, then git fetch and publish again"
            )),
        }
    }

    /// Fails where a new tag is not signed by one of `signers`.
    pub(crate) fn check_new_tag(
        &self,
        tag: &Tag,
        object: ObjectId,
        signers: &Signers,
    ) -> Result<(), Failure> {
        self.signer_of(object, signers).map(drop).map_err(|what| {
            Failure::new(code::UNSIGNED, format!("the tag {tag} {what}"))
                .exit(Exit::Verdict)
                .hint("git config user.signingkey names the key that git signs with")
                .hint(format!(
                    "who may release stands in {}: a change of it is reviewed and merged first",
                    signers.place
                ))
                .hint("nothing was changed")
        })
    }
}

fn not_staged(
    loaded: &Loaded,
    source: &Environment,
    environment: &Environment,
    state: &State,
) -> Failure {
    let (name, version) = (&loaded.name, loaded.version());
    let instead = match state {
        State::Live(active) => format!("{} is live there", active.version),
        _ => "nothing is live there".to_owned(),
    };
    let which = match loaded.source {
        Source::Clean(_) | Source::Changed | Source::Snapshot => VersionChoice::OfFile,
        Source::Commit(_) => VersionChoice::Version(version),
    };
    Failure::new(
        code::NOT_STAGED,
        format!(
            "{environment} takes only what is live in {source}, and {name} {version} is not: {instead}"
        ),
    )
    .exit(Exit::Verdict)
    .hint(Next::publish(name, which, source))
}
