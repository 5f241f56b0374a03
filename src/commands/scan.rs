//! `promptctl scan`.

mod args;
mod baseline;
mod changed;
mod class_heads;
mod elsewhere;
mod keys;
mod lift;
mod matched;
mod prompts;
mod replace;
mod scanned;
mod second_look;
mod shapes;
mod show;
mod subclasses;
mod targets;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use super::common::count;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::output::{annotations, sarif};
use crate::prompt::code;
use crate::prompt::name::PromptName;
use crate::scan::entry::{Entry, join};
use crate::scan::found::FoundPrompt;

use baseline::Baseline;
use keys::Keys;
use scanned::All;
use walk::WantedPrompts;

pub(super) use args::Args;
use args::Format;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    if args.dry_run && !args.lift && !args.write_baseline {
        return Err(
            Failure::usage("--dry-run goes with --lift or --write-baseline")
                .hint("scan itself writes nothing"),
        );
    }
    let baseline = Baseline::read(args.baseline.as_deref(), !args.write_baseline, session)?;
    let keys = Keys::of_repository(&args.paths, session);
    let mut all = look(args, &baseline, &keys, session)?;
    let lifted = matched::look(&mut all.prompts, &keys, session);
    if args.lift {
        return lift::lift(all, &lifted, args, &keys, session);
    }
    baseline.mark(&mut all.entries);
    baseline.mark_prompts(&mut all.prompts, &lifted);
    let again = show::again(&args.paths);
    let imported = imported(&all.entries, session);
    if args.write_baseline {
        let prompts = (!args.ids).then_some(all.prompts.as_slice());
        let known = baseline.to_write(&all.entries, prompts, &args.paths);
        let (places, shown) = (count(known.len(), "place"), &baseline.shown);
        if args.dry_run {
            let line = format!("{places} would be written to {shown}");
            match args.format {
                Format::Text => session.ui.line(line),
                Format::Json | Format::Sarif | Format::Github => session.ui.status(line),
            }
        } else {
            baseline.write(&known)?;
            session.ui.status(format!(
                "{places} written to {shown}: commit it, and --fail finds what is new"
            ));
        }
        baseline.mark(&mut all.entries);
        baseline.mark_prompts(&mut all.prompts, &lifted);
    }
    let findings = |all: &All| {
        let mut findings = show::findings(&all.entries, &again, &imported);
        let paths = show::paths(&args.paths);
        findings.extend(prompts::findings(&all.prompts, &lifted, &paths));
        findings.extend(prompts::notes(&all.unread));
        findings
    };
    match args.format {
        Format::Json => session.ui.block(show::json(
            &all.entries,
            (&all.prompts, &all.unread),
            &all.scanned,
            (&imported, &lifted),
        )),
        Format::Github => session.ui.data(annotations::render(&findings(&all))),
        Format::Sarif => session
            .ui
            .data(sarif::render(&findings(&all), &BTreeMap::new())),
        Format::Text => {
            show::new_first(&mut all.entries);
            if !args.ids {
                prompts::text(&all.prompts, &lifted, args.fail, session);
                prompts::unread(&all.unread, session);
            }
            if args.ids || !all.entries.is_empty() {
                let known = (&*again, &imported);
                show::text(&all.entries, &all.scanned, known, args.fail, session);
            }
            if !args.ids {
                let paths = show::paths(&args.paths);
                prompts::summary(
                    (&all.prompts, &all.unread),
                    &all.scanned,
                    args.all,
                    &paths,
                    session,
                );
            }
        }
    }
    let new = all.new_ones();
    let is_changed = |prompt: &&(String, FoundPrompt)| prompts::has_changed(prompt, &lifted);
    let changed = all.prompts.iter().filter(is_changed).count();
    if !args.fail || (new.0, new.2, changed) == (0, 0, 0) {
        return Ok(Exit::Done);
    }
    if changed > 0 {
        session.ui.status(format!(
            "--fail: {} changed in the code since, so that file and code disagree",
            count(changed, "lifted prompt")
        ));
        session.ui.hint(format!(
            "promptctl scan{} --lift merges what changed into the files",
            show::paths(&args.paths)
        ));
    }
    if (new.0, new.2) == (0, 0) {
        return Ok(Exit::Verdict);
    }
    fail(new, args, &baseline, session);
    Ok(Exit::Verdict)
}

/// Says what `--fail` found, and how it can be let pass.
fn fail(
    (ids, places, prompts): (usize, usize, usize),
    args: &Args,
    baseline: &Baseline,
    session: &mut Session,
) {
    let mut found = Vec::new();
    if ids > 0 {
        found.push(format!(
            "{} in {}",
            count(ids, "stored prompt"),
            count(places, "place")
        ));
    }
    if prompts > 0 {
        found.push(format!("{} in code", count(prompts, "prompt")));
    }
    session.ui.status(format!(
        "--fail: {} that neither a comment nor {} allows",
        found.join(" and "),
        baseline.shown
    ));
    let option = if args.ids { " --ids" } else { "" };
    let allowed: Vec<String> = [(code::STORED_ID, ids), (code::PROMPT_IN_CODE, prompts)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(code, _)| format!("`promptctl: allow {code}`"))
        .collect();
    session.ui.hint(format!(
        "{} in a comment of the line allows one, promptctl scan{option}{} --write-baseline all of today",
        allowed.join(" or "),
        show::paths(&args.paths)
    ));
}

/// All that these paths hold.
fn look(
    args: &Args,
    baseline: &Baseline,
    keys: &Keys,
    session: &mut Session,
) -> Result<All, Failure> {
    let wanted = (!args.ids).then(|| WantedPrompts {
        all: args.all,
        tests: args.tests,
        languages: args.lang.clone(),
    });
    let files = walk::Files::new(&args.paths, baseline, wanted.as_ref(), session)?;
    let mut found = files.read_all();
    for problem in &found.problems {
        session.ui.warning(problem);
    }
    let variables: BTreeSet<String> = found
        .places
        .iter()
        .filter_map(|(_, place)| place.variable.clone())
        .collect();
    let numbers: BTreeSet<String> = found
        .values
        .keys()
        .map(|(_, variable)| variable.clone())
        .collect();
    let reads = if variables.is_empty() {
        Vec::new()
    } else {
        second_look::reads(&found.code, &variables, &numbers)
    };
    if let Some(wanted) = &wanted {
        elsewhere::call(&mut found, wanted, &args.paths, keys);
    }
    if let Some(wanted) = &wanted {
        changed::look(&mut found, wanted, &args.paths, keys);
    }
    elsewhere::fill_in(&mut found, keys);
    Ok(All {
        entries: join(found.places, reads, &found.values),
        prompts: found.prompts,
        unread: found.unread,
        scanned: found.scanned,
    })
}

/// The prompts that were imported into the repository here, by their ids.
fn imported(entries: &[Entry], session: &Session) -> BTreeMap<String, PromptName> {
    if entries.iter().all(|entry| entry.is_placeholder) {
        return BTreeMap::new();
    }
    let Ok((store, _)) = session.store() else {
        return BTreeMap::new();
    };
    let (all, _) = store.load_all();
    all.into_iter()
        .filter_map(|loaded| {
            let source = loaded.document.source.as_ref()?;
            Some((source.stored_id()?.to_owned(), loaded.name.clone()))
        })
        .collect()
}
