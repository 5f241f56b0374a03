//! Files of other tools: found, read, written as prompts.

mod find;
mod show;
mod write;

use super::super::session::Session;
use super::Args;
use crate::error::{Exit, Failure};
use crate::exchange::format::{Foreign, Refused, Source};
use crate::prompt::code;
use crate::prompt::finding::Finding;

pub(super) use find::{SourceFile, find};
use write::{Action, FileResult};

/// One prompt of a file, with the file.
struct Read<'f> {
    file: &'f SourceFile,
    prompt: Result<Foreign, Refused>,
}

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
    let all: Vec<Read<'_>> = files.iter().flat_map(|file| read(file, args)).collect();
    let names: std::collections::BTreeSet<&str> = all
        .iter()
        .map(|read| match &read.prompt {
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
    let plan = write::plan(all, args, &store, &gate);
    let is_whole = plan.results().all(FileResult::is_whole);
    let (results, failure) = match args.strict && !is_whole {
        true => (plan.refuse_all(), None),
        false => plan.write(args, &store),
    };
    let exit = show::results(&results, args, session);
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

fn read<'f>(file: &'f SourceFile, args: &Args) -> Vec<Read<'f>> {
    let folder = match &args.into {
        Some(folder) => format!("{}/", folder.trim_matches('/')),
        None => String::new(),
    };
    let refused = |why: Finding| Read {
        file,
        prompt: Err(Refused {
            name: file.stem.clone(),
            version: None,
            why: Box::new(why),
        }),
    };
    let (format, text) = match &file.content {
        Ok(content) => content,
        Err(why) => return vec![refused(why.clone())],
    };
    let source = Source {
        path: &file.shown,
        stem: &file.stem,
        text,
        beside: &|path| file.beside(path),
        folder: &folder,
        role: args.role.as_str(),
    };
    match format.read(&source) {
        Err(why) => vec![refused(why)],
        Ok(prompts) if prompts.is_empty() => {
            let why = Finding::error(code::BAD_INPUT, "the file holds no prompt");
            vec![refused(why.help("name another file"))]
        }
        Ok(prompts) => prompts
            .into_iter()
            .map(|prompt| Read { file, prompt })
            .collect(),
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
