//! Which files are meant, and of which format each is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::super::super::common::count;
use super::super::super::given_file::{refuse_link, shown};
use super::super::super::session::Session;
use super::super::args::{Args, FromArg};
use super::super::unknown::unknown_format;
use super::source::{MAX_BYTES, MAX_DEPTH, SourceFile, at_most, read_bytes};
use crate::error::Failure;
use crate::exchange::format::{Ending, FORMATS, Format, Guess, ending, guess, may_hold_prompts};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::quote::shell_path;
use crate::scan::ids;

/// The most files of one folder.
const MAX_FILES: usize = 20_000;
/// The most that the files of one folder may hold together, in bytes.
const MAX_TOTAL: usize = 200 * 1024 * 1024;
/// The most entries that are looked at.
const MAX_ENTRIES: usize = 1_000_000;

/// The files that are meant; none where stored prompts of OpenAI's are.
pub(in super::super) fn find(
    args: &Args,
    session: &mut Session,
) -> Result<Option<Vec<SourceFile>>, Failure> {
    let is_id = |source: &&String| source.starts_with(ids::START);
    for source in args.sources.iter().filter(|it| !is_id(it) && *it != "-") {
        let hint = "name the file or the folder itself; `-` reads standard input";
        refuse_link(source, &session.directory.join(source), hint)?;
    }
    let wanted = match args.from {
        Some(FromArg::Openai) => return Ok(None),
        Some(FromArg::File(format)) => Some(format),
        None => None,
    };
    if wanted.is_none()
        && args
            .sources
            .iter()
            .all(|source| is_id(&source) || source == "-")
    {
        return Ok(None);
    }
    let mut files = Vec::new();
    let mut stored = 0;
    let mut seen = BTreeSet::new();
    for source in &args.sources {
        let path = session.directory.join(source);
        // One file, named in two ways.
        if path.canonicalize().is_ok_and(|whole| !seen.insert(whole)) {
            continue;
        }
        if wanted.is_none() && (is_id(&source) || source == "-") {
            stored += 1;
        } else if source != "-" && path.is_dir() {
            let (found, texts) = of_folder(&path, source, wanted)?;
            if found.is_empty() {
                return Err(nothing_found(source, texts, wanted));
            }
            files.extend(found);
        } else {
            match of_file(source, &path, wanted, session)? {
                Some(file) => files.push(file),
                None => stored += 1,
            }
        }
    }
    match (files.is_empty(), stored) {
        (true, _) => Ok(None),
        (false, 0) => Ok(Some(files)),
        (false, _) => Err(Failure::usage(
            "stored prompts of OpenAI's and files of other tools are imported apart",
        )
        .hint("call promptctl import once for each")),
    }
}

/// A folder of which nothing was taken; texts have to be asked for.
fn nothing_found(source: &str, texts: usize, wanted: Option<Format>) -> Failure {
    let known = format!(
        "known by their names are {}; name other files one by one, with --from",
        known_files()
    );
    let (message, hint) = match (wanted, texts) {
        (Some(format), _) => (
            format!(
                "{source} holds no prompts of the format {}",
                format.row().name
            ),
            format!("it is known by {}", format.row().files.replace('`', "")),
        ),
        (None, 0) => (
            format!("{source} holds no prompts of a known format"),
            known,
        ),
        (None, _) => (
            format!(
                "{source} holds {}, and nothing else that is known",
                count(texts, "text")
            ),
            format!(
                "a text may be no prompt, so texts are taken where they are asked for: promptctl import {} --from text",
                shell_path(source)
            ),
        ),
    };
    Failure::new(code::BAD_INPUT, message)
        .at(source.to_owned())
        .hint(hint)
}

fn known_files() -> String {
    let mut all: Vec<&str> = FORMATS
        .iter()
        .filter(|row| row.format != Format::Text)
        .map(|row| row.files)
        .filter(|files| files.contains('`'))
        .collect();
    all.dedup();
    all.join(", ").replace('`', "")
}

/// The name that a file proposes; Semantic Kernel names a prompt by its folder.
fn stem(name: &str, folder_path: &Path) -> String {
    let path = name.replace('\\', "/");
    let path = path.trim_start_matches("./");
    let (folder, file) = path
        .rsplit_once('/')
        .map_or(("", path), |(folder, file)| (folder, file));
    let stem = match ending(file) {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    };
    let stem = match guess(file, "") {
        Guess::Is(Format::SemanticKernel) => {
            stem[..stem.len() - "skprompt".len()].trim_end_matches(['-', '_', '.'])
        }
        _ => stem,
    };
    match (folder, stem) {
        ("", "") => {
            let own = folder_path.canonicalize().ok();
            let own = own.as_deref().and_then(Path::file_name);
            own.map_or_else(
                || "skprompt".to_owned(),
                |own| own.to_string_lossy().into_owned(),
            )
        }
        (folder, "") => folder.to_owned(),
        ("", stem) => stem.to_owned(),
        (folder, stem) => format!("{folder}/{stem}"),
    }
}

/// One file that the person named; none where it is what `scan` printed or an answer of the API.
fn of_file(
    source: &str,
    path: &Path,
    wanted: Option<Format>,
    session: &Session,
) -> Result<Option<SourceFile>, Failure> {
    if source != "-" && wanted.is_none() && !path.exists() {
        // What to name instead is said where ids are read.
        return Ok(None);
    }
    let shown = shown(source);
    let text = text_of(source, shown, path)?;
    let mut is_guessed = false;
    let format = match wanted {
        Some(format) => format,
        None => {
            is_guessed = true;
            let is_json = matches!(ending(source), Some((_, Ending::Json)));
            match guess(source, &text) {
                Guess::Is(format) => format,
                Guess::Unknown | Guess::Broken(_) if is_json => return Ok(None),
                Guess::Broken(why) => {
                    return Err(Failure::from(why.in_file(source))
                        .hint("a file of another kind is named by its format: --from FORMAT"));
                }
                Guess::Unknown => {
                    return Err(unknown_format(source));
                }
                Guess::Either(all) => {
                    return Err(Failure::from(several(&all).in_file(source)));
                }
            }
        }
    };
    let folder = path
        .parent()
        .map_or_else(|| session.directory.clone(), Path::to_path_buf);
    let name = Path::new(source).file_name().map_or_else(
        || "stdin".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    Ok(Some(SourceFile {
        shown: shown.to_owned(),
        stem: if source == "-" {
            "stdin".to_owned()
        } else {
            stem(&name, &folder)
        },
        base: folder.clone(),
        folder,
        is_guessed,
        content: Ok((format, text)),
    }))
}

/// The text of a file that the person named, or of standard input.
fn text_of(source: &str, shown: &str, path: &Path) -> Result<String, Failure> {
    let fail = |code, message: String, hint: &str| {
        Failure::new(code, message)
            .at(source.to_owned())
            .hint(hint.to_owned())
    };
    let unread = |error| {
        let message = format!("{shown} could not be read");
        Failure::from_io(code::NOT_A_FILE, message, error).at(source.to_owned())
    };
    let bytes = if source == "-" {
        at_most(std::io::stdin()).map_err(unread)?
    } else {
        let data = fs::metadata(path).map_err(unread)?;
        if !data.is_file() {
            return Err(fail(
                code::NOT_A_FILE,
                format!("{source}: it is no regular file"),
                "name a file or a folder; `-` reads standard input",
            ));
        }
        match data.len() > MAX_BYTES {
            true => None,
            false => fs::File::open(path).and_then(at_most).map_err(unread)?,
        }
    };
    let Some(bytes) = bytes else {
        return Err(fail(
            code::TOO_LARGE,
            format!("{shown} has more than 10 MB, and 10 MB are read"),
            "take what is not a prompt out of it",
        ));
    };
    utf8(bytes).map_err(|at| {
        let message = format!("{shown} is not UTF-8 text");
        fail(code::NOT_UTF8, message, "save it as UTF-8")
            .at(format!("{source}:{}:{}", at.line, at.column))
    })
}

/// Bytes as text, or where they are none.
fn utf8(bytes: Vec<u8>) -> Result<String, Span> {
    String::from_utf8(bytes).map_err(|error| {
        let until = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..until]);
        Span::from_range(&before, until..until)
    })
}

/// The files of a folder that are known by their names or forms, and how many texts are there that
/// were not asked for; links are not followed.
fn of_folder(
    top: &Path,
    named: &str,
    wanted: Option<Format>,
) -> Result<(Vec<SourceFile>, usize), Failure> {
    let mut files = Vec::new();
    let mut texts = 0;
    let mut bytes = 0;
    let mut folders = vec![(top.to_path_buf(), 0)];
    let mut entries = 0;
    while let Some((folder, depth)) = folders.pop() {
        let read = fs::read_dir(&folder).map_err(|error| {
            Failure::from_io(
                code::NOT_A_FILE,
                format!("{} could not be read", folder.display()),
                error,
            )
        })?;
        for entry in read.flatten() {
            entries += 1;
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if kind.is_dir()
                && !name.starts_with('.')
                && name != "node_modules"
                && depth < MAX_DEPTH
            {
                folders.push((path, depth + 1));
            } else if kind.is_file() {
                texts += usize::from(guess(&name, "") == Guess::Is(Format::Text));
                let content = of_entry(&path, &name, wanted);
                if let Some(Ok((_, text))) = &content {
                    bytes += text.len();
                }
                files.extend(content.map(|content| (path, content)));
            }
            let is_too_much = match () {
                () if entries > MAX_ENTRIES => Some(format!("more than {MAX_ENTRIES} files")),
                () if files.len() > MAX_FILES => Some(format!("more than {MAX_FILES} prompts")),
                () if bytes > MAX_TOTAL => Some("more than 200 MB of prompts".to_owned()),
                () => None,
            };
            if let Some(what) = is_too_much {
                return Err(
                    Failure::new(code::TOO_LARGE, format!("{named} holds {what}"))
                        .at(named.to_owned())
                        .hint("name the folders in it one by one"),
                );
            }
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let files = files.into_iter().map(|(path, content)| {
        let below = path
            .strip_prefix(top)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        let folder = path.parent().unwrap_or(top);
        SourceFile {
            shown: format!("{}/{below}", named.trim_end_matches('/')),
            stem: stem(&below, folder),
            base: top.to_path_buf(),
            folder: folder.to_path_buf(),
            is_guessed: wanted.is_none(),
            content,
        }
    });
    Ok((files.collect(), texts))
}

/// What a file could be of several formats means.
fn several(all: &[Format]) -> Finding {
    let all: Vec<&str> = all.iter().map(|format| format.row().name).collect();
    let message = format!("it could be of several formats: {}", all.join(", "));
    let help = format!(
        "name the one that is meant: --from {}",
        all.join(" or --from ")
    );
    Finding::error(code::UNKNOWN_FORMAT, message).help(help)
}

/// What a file of a folder holds; none where it is no prompt. What its name does not say its form
/// says.
fn of_entry(
    path: &Path,
    name: &str,
    wanted: Option<Format>,
) -> Option<Result<(Format, String), Finding>> {
    let by_name = by_name(name, wanted);
    let is_wanted = |format: Format| wanted.is_none_or(|it| it == format);
    let may_be = matches!(
        ending(name),
        Some((_, Ending::Json | Ending::Yaml | Ending::Prompt))
    );
    // What is a prompt file already, a partial, or of one format alone needs no look inside.
    let is_open = may_be && !name.ends_with(".prompt.yml") && !name.starts_with('_');
    if !is_open && !by_name.is_some_and(is_wanted) {
        return None;
    }
    let text = match read_bytes(path) {
        Err(why) => {
            Err(Finding::error(code::TOO_LARGE, why).help("take what is not a prompt out of it"))
        }
        Ok(bytes) => utf8(bytes).map_err(|at| {
            Finding::error(code::NOT_UTF8, "the file is not UTF-8 text")
                .help("save it as UTF-8")
                .at(at)
        }),
    };
    let text = match (text, by_name) {
        // Folders are full of data: most of it is not parsed to be seen as such.
        (Ok(text), None) if wanted.is_none() && !may_hold_prompts(&text) => return None,
        (Ok(text), _) => text,
        (Err(why), Some(_)) => return Some(Err(why)),
        (Err(why), None) => return wanted.is_some_and(is_data).then_some(Err(why)),
    };
    match (guess(name, &text), wanted) {
        (Guess::Is(format), _) => is_wanted(format).then_some(Ok((format, text))),
        (Guess::Either(all), Some(format)) if all.contains(&format) => Some(Ok((format, text))),
        (Guess::Either(all), None) => Some(Err(several(&all))),
        // Asked for, and not to be read: left out in silence it would be missed.
        (Guess::Broken(why), Some(format)) if is_data(format) && may_hold_prompts(&text) => {
            Some(Err(*why))
        }
        _ => None,
    }
}

/// Whether files of a format are JSON or YAML, of which only the form says that they are its own.
fn is_data(format: Format) -> bool {
    match format {
        Format::Langfuse
        | Format::Promptfoo
        | Format::Langchain
        | Format::SemanticKernel
        | Format::Mlflow => true,
        Format::Dotprompt | Format::Prompty | Format::Humanloop | Format::Text | Format::Jinja => {
            false
        }
    }
}

/// The format of a file whose name says it. A partial comes with the prompts that include it.
fn by_name(name: &str, wanted: Option<Format>) -> Option<Format> {
    match guess(name, "") {
        Guess::Is(_) if name.starts_with('_') => None,
        // A folder is full of texts that are no prompts: those have to be asked for.
        Guess::Is(Format::Text) if wanted != Some(Format::Text) => None,
        Guess::Is(format) => Some(format),
        _ => None,
    }
}
