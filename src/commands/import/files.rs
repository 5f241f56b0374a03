//! Files of other tools: found, read, written as prompts.

mod find;
mod source;

use std::cell::RefCell;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::importing::incoming::{Action, FileResult, Incoming, Options};
use super::super::importing::{plan, short_digest, show};
use super::super::session::Session;
use super::args::Args;
use crate::error::{Exit, Failure};
use crate::exchange::format::{Refused, Source};
use crate::prompt::code;
use crate::prompt::finding::Finding;

pub(super) use find::find;
pub(super) use source::SourceFile;

pub(super) fn run(
    files: &[SourceFile],
    args: &Args,
    session: &mut Session,
) -> Result<Exit, Failure> {
    refuse_options_of_ids(args)?;
    let (store, config) = session.store()?;
    store.require_working_copy()?;
    if !args.dry_run && !args.no_commit {
        store.require_identity()?;
    }
    if args.dry_run {
        store.write_nothing();
    }
    let place = |file: &SourceFile| place_of(&file.shown, store.top(), &session.directory);
    let all: Vec<Incoming> = files
        .iter()
        .flat_map(|file| read(file, &place(file), args))
        .collect();
    let names: std::collections::BTreeSet<&str> = all
        .iter()
        .map(|it| match &it.prompt {
            Ok(foreign) => foreign.name.as_str(),
            Err(refused) => refused.name.as_str(),
        })
        .collect();
    if args.name.is_some() && names.len() > 1 {
        return Err(
            Failure::usage("--name names one prompt, and several were found").hint(
                "import them one by one, or leave --name out; --into DIR puts them below a folder",
            ),
        );
    }
    let gate = super::super::gate::Gate::new(&config, session);
    let is_set_up = store.config_text()?.is_some() || !store.list().files.is_empty();
    let options = Options {
        name: args.name.as_ref(),
        into: args.into.as_deref(),
        force: args.force,
        no_commit: args.no_commit,
        dry_run: args.dry_run,
        message: args.message.as_deref(),
    };
    let plan = plan::plan(all, &options, &store, &gate);
    let commits = plan.commits(&options);
    let is_whole = plan.results().all(FileResult::is_whole);
    let (results, failure) = match args.strict && !is_whole {
        true => (plan.refuse_all(), None),
        false => plan.write(&options, &store),
    };
    let mut exit = show::results(&results, commits, &options, session);
    if show::is_any_invalid(&results, &store, &gate, show::Origin::File, session)
        && exit == Exit::Done
    {
        exit = Exit::Verdict;
    }
    match args.labels_as_environments {
        _ if session.ui.json => {}
        true => show::publishes(&results, &store, session),
        false => show::labels(&results, session),
    }
    if results
        .iter()
        .any(|it| matches!(it.action, Action::Created))
    {
        super::show::not_set_up(is_set_up, session);
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(exit),
    }
}

/// The same name of a file however it was typed, and wherever in the repository: its path from the top.
fn place_of(typed: &str, top: &Path, directory: &Path) -> String {
    let real = directory.join(typed).canonicalize();
    let (Ok(real), Ok(top)) = (real, top.canonicalize()) else {
        // Standard input.
        return typed.to_owned();
    };
    if Path::new(typed).is_absolute() && !real.starts_with(&top) {
        return typed.to_owned();
    }
    let in_common = top.iter().zip(real.iter()).take_while(|(a, b)| a == b);
    let in_common = in_common.count();
    let up = top.iter().skip(in_common).map(|_| "..".to_owned());
    let down = real.iter().skip(in_common);
    let down = down.map(|part| part.to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

fn read(file: &SourceFile, place: &str, args: &Args) -> Vec<Incoming> {
    let folder = match &args.into {
        Some(folder) => format!("{}/", folder.trim_matches('/')),
        None => String::new(),
    };
    let format = file.content.as_ref().map(|(format, _)| format.row().name);
    // All that is read of the source, the files beside it too.
    let bytes = RefCell::new(Sha256::new());
    let read = match &file.content {
        Err(why) => Err(why.clone()),
        Ok((format, text)) => {
            bytes.borrow_mut().update(text);
            let beside = |path: &str| {
                let text = file.beside(path)?;
                bytes.borrow_mut().update(&text);
                Ok(text)
            };
            let prompts = format.read(&Source {
                path: place,
                stem: &file.stem,
                text,
                beside: &beside,
                matching: &|pattern| file.matching(pattern),
                folder: &folder,
                role: args.role.as_str(),
                is_tidy: args.tidy,
            });
            prompts.and_then(|prompts| match prompts.is_empty() {
                false => Ok(prompts),
                true => Err(Finding::error(code::BAD_INPUT, "the file holds no prompt")
                    .help("name another file")),
            })
        }
    };
    let prompts = read.unwrap_or_else(|why| {
        vec![Err(Refused {
            name: file.stem.clone(),
            version: None,
            why: Box::new(why),
        })]
    });
    let digest = short_digest(bytes.into_inner());
    prompts
        .into_iter()
        .map(|prompt| Incoming {
            source: place.to_owned(),
            format: format.unwrap_or("-"),
            is_guessed: file.is_guessed,
            stem: file.stem.clone(),
            digest: digest.clone(),
            stands: None,
            prompt,
        })
        .collect()
}

/// Options that only speak of files.
pub(super) fn refuse_options_of_files(args: &Args) -> Result<(), Failure> {
    let given = [
        ("--tidy", args.tidy),
        ("--labels-as-environments", args.labels_as_environments),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::usage(format!(
            "{option} is for files of other tools, and these are stored prompts of OpenAI's"
        ))
        .hint("leave it out")),
    }
}

/// Options that only speak of stored prompts.
fn refuse_options_of_ids(args: &Args) -> Result<(), Failure> {
    let given = [
        ("--version", args.version.is_some()),
        ("--var-name", !args.var_name.is_empty()),
        ("--key-env", !args.key_env.is_empty()),
        ("--publish", args.publish.is_some()),
        ("--model", args.model.is_some()),
        ("--keep-defaults", args.keep_defaults),
        ("--offline", args.offline),
        ("--prove", args.prove),
        ("--record-calls", args.record_calls.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::usage(format!(
            "{option} is for stored prompts of OpenAI's, and these are files"
        ))
        .hint(match option {
            "--publish" => "import first, then: promptctl publish NAME",
            _ => "leave it out",
        })),
    }
}
