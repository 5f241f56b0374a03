//! `promptctl seed`.

use super::common::FormatArg;
use super::plan::PlanArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::FileChange;
use crate::output::json;
use crate::packs::{PACKS, Pack};
use crate::prompt::name::nearest;
use crate::releases::Store;

/// The pack that is added where none is named.
const USUAL: &str = "core";

/// Add the bundled prompts in one commit
///
/// Run twice it changes nothing, and it never overwrites a file that is there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit codes: 3 with --check, if a file is missing.

Examples:
  promptctl seed core
  promptctl seed --dry-run
  promptctl seed core --check   # exits with 3 if a file is missing")]
pub(super) struct Args {
    /// The packs: core, judges, promptctl, trading; without any, core
    #[arg(value_name = "PACK", value_parser = parse_pack, add = super::candidates::one_of(PACKS.iter().map(|pack| pack.name)))]
    packs: Vec<&'static Pack>,
    #[command(flatten)]
    plan: PlanArg,
    /// Exit with 3 if a bundled file is missing, and change nothing
    #[arg(long)]
    check: bool,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

fn parse_pack(text: &str) -> Result<&'static Pack, String> {
    let names = PACKS.iter().map(|pack| pack.name);
    PACKS
        .iter()
        .find(|pack| pack.name == text)
        .ok_or_else(|| match nearest(text, names.clone()) {
            Some(near) => format!("there is no pack {text}; did you mean {near}?"),
            None => format!(
                "there is no pack {text}; the packs are {}",
                names.collect::<Vec<_>>().join(", ")
            ),
        })
}

/// The bundled files, by what became of them.
#[derive(Default)]
struct Plan {
    missing: Vec<FileChange>,
    same: Vec<String>,
    edited: Vec<String>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (store, _) = args.plan.store(session)?;
    store.require_working_copy()?;
    let packs: Vec<&Pack> = if args.packs.is_empty() {
        PACKS.iter().filter(|pack| pack.name == USUAL).collect()
    } else {
        args.packs.clone()
    };
    let plan = plan(&packs, &store)?;
    let changes_nothing = args.plan.dry_run || args.check;
    if !changes_nothing {
        let names: Vec<&str> = packs.iter().map(|pack| pack.name).collect();
        let message = args
            .message
            .clone()
            .unwrap_or_else(|| format!("Add the bundled prompts: {}", names.join(", ")));
        store.commit(&plan.missing, &message)?;
        finish_killed(&plan, &store, &message)?;
    }
    report(&plan, args, json, session);
    if args.packs.is_empty() && !json && !args.check {
        for other in PACKS.iter().filter(|pack| pack.name != USUAL) {
            let (name, about) = (other.name, other.about);
            session
                .ui
                .hint(format!("promptctl seed {name} adds {about}"));
        }
    }
    Ok(if args.check && !plan.missing.is_empty() {
        Exit::Verdict
    } else {
        Exit::Done
    })
}

fn plan(packs: &[&Pack], store: &Store) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    for (below, text) in packs.iter().flat_map(|pack| pack.files) {
        let path = store.path_below_root(below);
        match store.read_text(&path)? {
            None => plan.missing.push(FileChange::Write {
                path,
                text: (*text).to_owned(),
            }),
            Some(have) if have.replace("\r\n", "\n") == *text => plan.same.push(path),
            Some(_) => plan.edited.push(path),
        }
    }
    for (below, bytes) in packs.iter().flat_map(|pack| pack.pictures) {
        let path = store.path_below_root(below);
        match store.read_bytes(&path)? {
            None => plan.missing.push(FileChange::WriteBytes {
                path,
                bytes: bytes.to_vec(),
            }),
            Some(have) if have == *bytes => plan.same.push(path),
            Some(_) => plan.edited.push(path),
        }
    }
    Ok(plan)
}

/// Commits bundled files that a killed run wrote and did not commit.
fn finish_killed(plan: &Plan, store: &Store, message: &str) -> Result<(), Failure> {
    let paths: Vec<&str> = plan.same.iter().map(String::as_str).collect();
    let untracked = store.untracked(&paths)?;
    if untracked.is_empty() {
        return Ok(());
    }
    store.commit_existing(&untracked, message).map(drop)
}

fn report(plan: &Plan, args: &Args, json: bool, session: &mut Session) {
    let added: Vec<&str> = plan.missing.iter().map(FileChange::path).collect();
    if json {
        let key = if args.plan.dry_run || args.check {
            "missing"
        } else {
            "added"
        };
        session.ui.block(json::document(
            &serde_json::json!({ key: added, "edited": plan.edited, "same": plan.same }),
        ));
        return;
    }
    for path in &added {
        match args.check {
            true => session.ui.line(format!("missing {path}")),
            false => args.plan.say(
                format!("added {path}"),
                format!("would add {path}"),
                session,
            ),
        }
    }
    for path in &plan.edited {
        session
            .ui
            .status(format!("kept {path}, which differs from the bundled one"));
    }
    if added.is_empty() {
        session
            .ui
            .status("the bundled prompts are here already: nothing to do");
    }
}
