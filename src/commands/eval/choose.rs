//! What is evaluated: prompts, cases, models, and where answers and scores come from.

use std::fs::File;
use std::io::{self, BufReader, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::super::common::{in_environment, load_to_read, warn_all};
use super::super::evaluation::{runs_folder, unknown_case};
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::Only;
use super::args::Args;
use crate::error::Failure;
use crate::experiment::PromptFiles;
use crate::experiment::Selection;
use crate::experiment::case::Suite;
use crate::experiment::given::{GivenAnswers, Scores};
use crate::experiment::runs::failed_before;
use crate::files::Loaded;
use crate::openai::echo;
use crate::openai::request::RequestOptions;
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::reference::Reference;

/// A prompt with its suite, and which of its cases are meant.
pub(super) struct Chosen {
    pub(super) loaded: Loaded,
    pub(super) suite: Suite,
    pub(super) cases: Vec<usize>,
}

/// The prompts that are meant, with their cases.
///
/// # Errors
/// One cannot be read, a case of it cannot be used, or none is left.
pub(super) fn prompts(
    args: &Args,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Vec<Chosen>, Failure> {
    let mut chosen = Vec::new();
    let mut missed = None;
    let mut unjudged = Vec::new();
    for loaded in loaded(args, ground, session)? {
        let suite = suite(&loaded, args, ground, session)?;
        let selection = Selection {
            cases: args.cases.ids.clone(),
            tags: args.cases.tags.clone(),
        };
        let mut cases = match selection.of(&suite) {
            Ok(cases) => cases,
            // Another prompt may have it.
            Err(no_such_case) => {
                missed = Some(no_such_case);
                continue;
            }
        };
        if args.cases.only == Some(Only::Failed) {
            let folder = runs_folder(&ground.store)?;
            let ids: Vec<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
            let Some((_, failed)) = failed_before(&folder, loaded.name.as_str(), &ids) else {
                return Err(Failure::usage(format!(
                    "no run of {} is kept here, so --only failed means nothing",
                    loaded.name
                ))
                .hint("promptctl eval --list shows the runs"));
            };
            cases.retain(|at| failed.contains(&suite.cases[*at].id));
            if cases.is_empty() {
                session.ui.status(format!(
                    "{}: every case passed in its newest run",
                    loaded.name
                ));
                continue;
            }
        }
        if cases.is_empty() {
            return Err(without_cases(&loaded, args));
        }
        if !decides(args) && cases.iter().all(|at| is_unjudged(&suite, *at)) {
            if !args.references.is_empty() {
                return Err(without_evaluators(&loaded));
            }
            unjudged.push(loaded.name.to_string());
            continue;
        }
        chosen.push(Chosen {
            loaded,
            suite,
            cases,
        });
    }
    if !unjudged.is_empty() {
        session.ui.warning(format!(
            "not evaluated, because no evaluator looks at their answers: {}",
            unjudged.join(", ")
        ));
        session
            .ui
            .hint("write `evaluators:` into them; promptctl help evaluators");
    }
    match missed {
        Some(no_such_case) if chosen.is_empty() => Err(unknown_case(&no_such_case)),
        _ => Ok(chosen),
    }
}

/// Whether answers are wanted that no evaluator of the prompt looks at: for another program, whose scores
/// then decide.
pub(super) fn decides(args: &Args) -> bool {
    let is_lines = |path: &PathBuf| path.extension().is_some_and(|it| it == "jsonl");
    args.answers.scores.is_some() || args.shown.outputs.iter().any(is_lines)
}

/// Whether no evaluator looks at the answer to a case.
fn is_unjudged(suite: &Suite, at: usize) -> bool {
    suite.judges_of(&suite.cases[at]).next().is_none()
}

fn without_evaluators(loaded: &Loaded) -> Failure {
    let message = format!(
        "no evaluator looks at the answers of {}, so that none can pass or fail",
        loaded.name
    );
    Failure::new(code::CASE_UNJUDGED, message)
        .at(loaded.path.clone())
        .hint("write `evaluators:`; promptctl help evaluators lists them")
        .hint("for scores of another program: -o answers.jsonl, then --answers answers.jsonl --scores FILE")
}

fn without_cases(loaded: &Loaded, args: &Args) -> Failure {
    if let Some(file) = &args.cases.file {
        return Failure::usage("the file holds no case")
            .at(file.display().to_string())
            .hint("in .csv the first line names the fields, and each line after it is a case");
    }
    Failure::usage(format!("{} has no cases", loaded.name))
        .at(loaded.path.clone())
        .hint("write them below `testData:`, name files under `datasets:`, or pass --cases FILE")
}

/// The prompts that are named, or all that have cases.
fn loaded(args: &Args, ground: &RunContext, session: &mut Session) -> Result<Vec<Loaded>, Failure> {
    if !args.references.is_empty() {
        let mut all = Vec::new();
        for reference in &args.references {
            let reference = in_environment(reference, args.env.as_ref())?;
            let loaded = load_to_read(&ground.store, &reference, session)?;
            warn_all(session, &loaded.document.warnings);
            all.push(loaded);
        }
        return Ok(all);
    }
    if args.cases.file.is_some() {
        return Err(
            Failure::usage("--cases FILE wants to know which prompt is meant")
                .hint("promptctl eval NAME --cases FILE"),
        );
    }
    let (mut all, mut archived) = (Vec::new(), Vec::new());
    for file in ground.store.list().files {
        let loaded = ground.store.load(&Reference::working_copy(file.name))?;
        match loaded.document.archived {
            _ if !Suite::is_kept_by(&loaded.document) => {}
            true => archived.push(loaded.name.to_string()),
            false => all.push(loaded),
        }
    }
    if !archived.is_empty() {
        let (count, names) = (archived.len(), archived.join(", "));
        let are = if count == 1 { "is" } else { "are" };
        session.ui.status(format!(
            "not evaluated, because {} {are} archived: {names}",
            super::super::common::count(count, "prompt")
        ));
    }
    // Whoever asks what changed may find that nothing did.
    if all.is_empty() && args.base.base.is_empty() {
        return Err(Failure::usage("no prompt has cases").hint(
            "write them below `testData:` of a prompt file; promptctl help evaluation shows how",
        ));
    }
    Ok(all)
}

/// The cases of a prompt, or those of the file that is given instead.
fn suite(
    loaded: &Loaded,
    args: &Args,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Suite, Failure> {
    let files = PromptFiles::of(&ground.store, loaded);
    let reading = match &args.cases.file {
        None => Suite::read(loaded, &files),
        Some(path) => {
            let shown = path.display().to_string();
            let file = open(path, &shown, session)?;
            Suite::read_given(loaded, &files, &shown, &mut BufReader::new(file))
        }
    };
    match reading.sound() {
        Ok((suite, warnings)) => {
            warn_all(session, &warnings);
            Ok(suite)
        }
        Err(findings) => {
            let mut errors = findings;
            errors.sort_by_key(|finding| !finding.is_error());
            Err(Failure::from(errors).hint("nothing was sent"))
        }
    }
}

fn open(path: &Path, shown: &str, session: &Session) -> Result<File, Failure> {
    let failed = |error: io::Error| {
        Failure::from_io(
            code::NOT_A_FILE,
            format!("{shown} could not be read"),
            error,
        )
        .hint("a path begins in the folder that you are in")
    };
    let file = File::open(session.directory.join(path)).map_err(failed)?;
    match file.metadata().map_err(failed)?.is_dir() {
        true => Err(failed(io::ErrorKind::IsADirectory.into())),
        false => Ok(file),
    }
}

/// A file in which a place can be looked up: what comes through a pipe is copied first.
fn seekable(path: &Path, session: &Session) -> Result<(String, File), Failure> {
    let is_stdin = path == Path::new("-");
    let shown = match is_stdin {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    };
    let failed = |error: io::Error| {
        Failure::from_io(
            code::NOT_A_FILE,
            format!("{shown} could not be read"),
            error,
        )
    };
    let file = match is_stdin {
        true => copy(&mut io::stdin().lock()).map_err(failed)?,
        false => {
            let mut file = open(path, &shown, session)?;
            match file.metadata().map_err(failed)?.is_file() {
                true => file,
                false => copy(&mut file).map_err(failed)?,
            }
        }
    };
    Ok((shown, file))
}

/// The longest line that is copied, in bytes: no answer is as long.
const LONGEST: usize = 64 << 20;

/// A copy of what comes through a pipe or from a device. One that never ends a line is given up.
fn copy(from: &mut dyn io::Read) -> io::Result<File> {
    let mut copy = tempfile::tempfile()?;
    let mut piece = vec![0; 1 << 16];
    let mut line = 0;
    loop {
        let read = match from.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            copy.rewind()?;
            return Ok(copy);
        }
        line = match piece[..read].iter().rposition(|byte| *byte == b'\n') {
            Some(at) => read - at,
            None => line + read,
        };
        if line > LONGEST {
            return Err(io::Error::other("a line of it does not end within 64 MB"));
        }
        copy.write_all(&piece[..read])?;
    }
}

/// The answers of `--answers`.
///
/// # Errors
/// The file cannot be read, or a line of it cannot be used.
pub(super) fn answers(args: &Args, session: &Session) -> Result<Option<GivenAnswers>, Failure> {
    let Some(path) = &args.answers.answers else {
        return Ok(None);
    };
    let (shown, file) = seekable(path, session)?;
    GivenAnswers::read(&shown, file).map(Some)
}

/// The scores of `--scores`.
///
/// # Errors
/// The file cannot be read, or a line of it cannot be used.
pub(super) fn scores(args: &Args, session: &Session) -> Result<Option<Scores>, Failure> {
    let Some(path) = &args.answers.scores else {
        return Ok(None);
    };
    let (shown, file) = seekable(path, session)?;
    Scores::read(&shown, &file).map(Some)
}

/// What a request of a prompt is made with. Where no model is asked, the prompt need not name one.
///
/// # Errors
/// `P317`: neither the prompt nor the command line names a model, and one is asked.
pub(super) fn options(
    loaded: &Loaded,
    model: Option<&String>,
    args: &Args,
) -> Result<RequestOptions, Failure> {
    let mut options = RequestOptions {
        model: model.cloned(),
        ..RequestOptions::default()
    };
    if model.is_none() && loaded.document.model.is_none() {
        if args.answers.answers.is_none() {
            return Err(Failure::new(code::NO_MODEL, "the prompt names no model")
                .at(loaded.path.clone())
                .hint(Hint::NameModel)
                .hint("nothing was sent"));
        }
        options.model = Some(echo::MODEL.to_owned());
    }
    Ok(options)
}
