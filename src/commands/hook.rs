//! `promptctl hook`: what git's hooks call.

use super::checking::Check;
use super::numbering::{NUMBERING, Numbered, may_need_number, number};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Loaded};
use crate::prompt::code;
use crate::prompt::quote::shell_paths;
use crate::releases::Store;

/// Check what is to be committed, for git's hooks
///
/// promptctl init --hooks sets it up; a hook of your own, or another manager of hooks, can call it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help hooks

Examples:
  promptctl hook pre-commit
  promptctl hook pre-merge-commit")]
pub(super) struct Args {
    #[command(subcommand)]
    hook: Hook,
}

#[derive(Debug, clap::Subcommand)]
enum Hook {
    /// Raise the version of the prompts that are staged, stage that too, and check them
    ///
    /// Only what is staged counts. A file that has other changes beside the staged ones is not
    /// touched: the commit is refused, and it is said what to do. Exits with 3 if a prompt has
    /// errors, so that git makes no commit.
    PreCommit,
    /// Stop a merge that brings prompts together whose content then needs a new version
    ///
    /// Git takes up nothing that is staged here, so the merge is left to be committed: git commit
    /// runs the other hook, which raises the version.
    PreMergeCommit,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    match args.hook {
        Hook::PreCommit => pre_commit(session),
        Hook::PreMergeCommit => pre_merge_commit(session),
    }
}

fn pre_merge_commit(session: &Session) -> Result<Exit, Failure> {
    let (store, _) = session.store()?;
    let prompts = store.load_staged()?.prompts;
    let raised = to_raise(&prompts, &store)?;
    if raised.is_empty() {
        return Ok(Exit::Done);
    }
    let names: Vec<String> = raised.iter().map(|it| it.prompt.name.to_string()).collect();
    Err(unraised(&names)
        .hint("each side is sound by itself, but the two make new content together")
        .hint("git commit finishes the merge, and raises what needs it"))
}

fn pre_commit(session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = session.store()?;
    let staged = store.load_staged()?;
    if staged.is_empty() {
        return Ok(Exit::Done);
    }
    let prompts = staged.prompts.clone();
    // What is refused for something else is not raised, so that all stays as it was.
    let before = Check::of(&store, staged, &config.lint, session)?;
    let before = before.without(&NUMBERING);
    if before.has_errors() {
        return Ok(refuse(&before, session));
    }
    let raised = raise(&prompts, &store, session)?;
    let staged = store.load_staged()?;
    for line in raised {
        session.ui.status(line);
    }
    let after = Check::of(&store, staged, &config.lint, session)?;
    if after.has_errors() {
        return Ok(refuse(&after, session));
    }
    after.show(session);
    Ok(Exit::Done)
}

fn refuse(check: &Check, session: &mut Session) -> Exit {
    check.show(session);
    session
        .ui
        .hint("nothing was committed; git commit --no-verify leaves this check out");
    Exit::Verdict
}

/// A prompt whose content is new, with the number that it must have.
struct ToRaise<'a> {
    prompt: &'a Loaded,
    numbered: Numbered,
}

fn to_raise<'a>(prompts: &'a [Loaded], store: &Store) -> Result<Vec<ToRaise<'a>>, Failure> {
    let mut found = Vec::new();
    for prompt in prompts.iter().filter(|prompt| may_need_number(prompt)) {
        let numbered = number(store, prompt)?;
        if numbered.is_new && numbered.text != prompt.text {
            found.push(ToRaise { prompt, numbered });
        }
    }
    Ok(found)
}

/// Raises the prompts whose content is new, in the working copy and in the index. Returns what to
/// say about each.
fn raise(prompts: &[Loaded], store: &Store, session: &Session) -> Result<Vec<String>, Failure> {
    let (mut changes, mut said, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for ToRaise { prompt, numbered } in to_raise(prompts, store)? {
        let (name, version) = (&prompt.name, numbered.version);
        said.push(match prompt.document.version {
            Some(from) if from != version => format!("{name} {version} (was {from}), staged"),
            Some(_) => format!("{name} {version}, with its digest, staged"),
            None => format!("{name} {version}, numbered for the first time, staged"),
        });
        names.push(name.to_string());
        changes.push(FileChange::Write {
            path: prompt.path.clone(),
            text: numbered.text,
        });
    }
    let paths: Vec<&str> = changes.iter().map(FileChange::path).collect();
    if paths.is_empty() {
        return Ok(said);
    }
    let (all_names, all_paths) = (names.join(" "), paths.join(" "));
    if session.environ.is_partial_commit {
        return Err(unraised(&names)
            .at(all_paths)
            .hint(format!("git commit with paths, or --only, leaves no room to do it here: promptctl bump {all_names}, then commit again")));
    }
    let unstaged = store.unstaged(&paths)?;
    if !unstaged.is_empty() {
        let files = unstaged.join(" ");
        return Err(unraised(&names)
            .at(files.clone())
            .hint("the file has changes beside those that are staged, which a bump would mix")
            .hint(format!(
                "stage all of it: promptctl bump {all_names} && git add {}",
                shell_paths(&unstaged)
            ))
            .hint("or put the rest aside: git stash --keep-index, commit, git stash pop"));
    }
    let before: Vec<FileChange> = prompts
        .iter()
        .filter(|prompt| paths.contains(&prompt.path.as_str()))
        .filter_map(|prompt| {
            let text = store.read_text(&prompt.path).ok().flatten()?;
            Some(FileChange::Write {
                path: prompt.path.clone(),
                text,
            })
        })
        .collect();
    store.write_files(&changes)?;
    if let Err(failure) = store.stage(&paths) {
        // The failure that led here is the one to report.
        drop(store.write_files(&before));
        return Err(failure);
    }
    Ok(said)
}

fn unraised(names: &[String]) -> Failure {
    let what = match names {
        [one] => format!("the content of {one} changed and its version did not"),
        many => format!(
            "{} prompts changed and their versions did not: {}",
            many.len(),
            many.join(", ")
        ),
    };
    Failure::new(code::NOT_BUMPED, what).exit(Exit::Verdict)
}
