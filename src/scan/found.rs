//! Prompts in source code: texts that a program sends to a model.
//!
//! [`find`] is asked for every file. `sieve` turns nearly all away; of the others `syntax` makes
//! a tree, `facts` gathers what stands in it, `names` knows what is surely bound to what, `value`
//! reads the texts, `sinks` knows the calls,
//! and `gather` makes one finding a call of it all. Languages without a grammar are read by
//! `shallow`.

mod addresses;
mod endings;
mod facts;
mod findings;
mod gather;
pub mod imports;
mod language;
mod literal;
mod modules;
mod names;
mod notebook;
mod remarks;
mod shallow;
mod sieve;
mod sinks;
mod syntax;
mod value;

use crate::prompt::finding::Span;

pub use endings::{CodeLanguage, LANGUAGES};
use endings::{Reading, reading, reading_of};
pub use findings::{
    Cell, Confidence, Content, Doubt, FileFindings, FoundKind, FoundMessage, FoundPrompt, Imported,
    Made, Piece, Settable, Stands, Syntax, Unread, Variable,
};
pub use gather::READER_NAMES;
pub use gather::wrapped::{Wrapper, Wrappers, stands_for_folder};
use language::Quotes;
pub use language::{Language, is_own_object};

/// The largest file that is parsed, in bytes.
pub const LARGEST: usize = 1 << 20;

/// Why a larger one is not, in words that follow its name.
pub const TOO_LARGE: &str = "is larger than a megabyte, and is not parsed";

/// Why a file is not that holds much that is no text.
pub const NO_TEXT: &str = "holds many NUL characters, and is not parsed";

/// Whether a file may hold prompts, by its name or its first line.
pub fn is_code(path: &str, bytes: &[u8]) -> bool {
    reading_of(path, bytes).is_some()
}

/// Whether files of these names are of languages that run in one program.
pub fn may_set_each_other(one: &str, other: &str) -> bool {
    let quotes = |path| match reading(path) {
        Some(Reading::Parsed(_) | Reading::Notebook) => {
            Language::of(path).map(|it| it.traits().quotes)
        }
        Some(Reading::ScriptWords) => Some(Quotes::Script),
        Some(Reading::Words) | None => None,
    };
    // A script without an ending is of any.
    reading(one).is_none() || reading(other).is_none() || quotes(one) == quotes(other)
}

/// Whether a file is a notebook, whose pictures count for nothing.
pub fn is_notebook(path: &str) -> bool {
    reading(path) == Some(Reading::Notebook)
}

/// Whether a file of this name holds tests.
pub fn is_test(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']).rev();
    let file = parts.next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let is_of_tests = |word: &str| {
        matches!(
            word,
            "test"
                | "tests"
                | "spec"
                | "specs"
                | "__tests__"
                | "__mocks__"
                | "fixtures"
                | "testdata"
                | "e2e"
        )
    };
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || file.contains(".test.")
        || file.contains(".spec.")
        || parts.any(is_of_tests)
}

/// Whether a file may hold a prompt: nearly all end here.
pub fn may_hold(path: &str, bytes: &[u8], all: bool) -> bool {
    match reading_of(path, bytes) {
        Some(Reading::Notebook) => match notebook_of(bytes) {
            Ok(code) => {
                !code.others.is_empty() || sieve::may_hold(code.text.as_bytes(), code.language, all)
            }
            Err(notebook::NO_NOTEBOOK) => true,
            // What cannot be read, and may send something, is noted.
            Err(_) => sieve::may_send(bytes),
        },
        Some(Reading::Parsed(language)) => sieve::may_hold(bytes, language, all),
        // Too large for its words: whether it is worth a note.
        Some(_) if bytes.len() > LARGEST => sieve::may_send(bytes),
        Some(Reading::Words | Reading::ScriptWords) => shallow::may_hold(bytes),
        None => false,
    }
}

fn notebook_of(bytes: &[u8]) -> Result<notebook::Code, &'static str> {
    notebook::Code::of(&String::from_utf8_lossy(bytes))
}

/// The code of a file: of a notebook that of its cells.
pub fn code_of(path: &str, bytes: Vec<u8>) -> Vec<u8> {
    match reading_of(path, &bytes) {
        Some(Reading::Notebook) => match notebook_of(&bytes) {
            Ok(code) => code.text.into_bytes(),
            Err(_) => bytes,
        },
        _ => bytes,
    }
}

/// What a file says. `all` takes what is less surely a prompt by its name, too.
pub fn find(path: &str, text: &str, all: bool) -> FileFindings {
    match may_hold(path, text.as_bytes(), all) {
        true => find_held(path, text, all),
        false => FileFindings::default(),
    }
}

/// What a file says that may hold a prompt.
pub fn find_held(path: &str, text: &str, all: bool) -> FileFindings {
    read(path, text, all, &|_| Vec::new())
}

/// What a file says that imports functions which send what they are given.
pub fn find_with(path: &str, text: &str, all: bool, known: Wrappers<'_>) -> FileFindings {
    match text.len() <= LARGEST || is_notebook(path) {
        true => read(path, text, all, known),
        // That it is too large is said already.
        false => FileFindings::default(),
    }
}

fn read(path: &str, text: &str, all: bool, known: Wrappers<'_>) -> FileFindings {
    let mut findings = FileFindings::default();
    let how = reading_of(path, text.as_bytes());
    if how == Some(Reading::Notebook) {
        return match notebook::Code::of(text) {
            Ok(code) => of_notebook(path, &code, all, known),
            Err(why) => {
                findings.unread.push(Unread::of_file(1, why));
                findings
            }
        };
    }
    if text.len() > LARGEST {
        findings.unread.push(Unread::of_file(1, TOO_LARGE));
        return findings;
    }
    let has_nul = memchr::memchr(0, text.as_bytes());
    // Where it stands, a grammar would see the end of the file.
    let readable = has_nul.map(|_| text.replace('\0', " "));
    let text = readable.as_deref().unwrap_or(text);
    findings.prompts = match how {
        Some(Reading::Parsed(language)) => match gather::gather(text, language, all, known) {
            Ok(gathered) => {
                findings.is_parsed = true;
                findings.unread = gathered.unread;
                findings.wrappers = gathered.wrappers;
                gathered.prompts
            }
            // What the words alone say.
            Err(why) => {
                findings.unread.push(Unread::of_file(1, why));
                shallow::find(text, language.traits().quotes == Quotes::Script)
            }
        },
        Some(Reading::Words) => shallow::find(text, false),
        Some(Reading::ScriptWords) => shallow::find(text, true),
        Some(Reading::Notebook) | None => return findings,
    };
    told(path, text, (how, has_nul), &mut findings);
    findings
}

/// What the cells of a notebook say, which may be run in any order.
fn of_notebook(path: &str, code: &notebook::Code, all: bool, known: Wrappers<'_>) -> FileFindings {
    let mut findings = FileFindings::default();
    if code.length > LARGEST {
        findings.unread.push(Unread::of_file(1, TOO_LARGE));
        return findings;
    }
    match gather::gather(&code.text, code.language, all, known) {
        Ok(gathered) => {
            findings.is_parsed = true;
            findings.unread = gathered.unread;
            findings.prompts = gathered.prompts;
        }
        Err(why) => findings.unread.push(Unread::of_file(1, why)),
    }
    told(
        path,
        &code.text,
        (Some(Reading::Parsed(code.language)), None),
        &mut findings,
    );
    let place = |at: &mut Span| {
        // What stands around it in the file is no code.
        (at.column, at.length) = (1, 1);
        code.cell(at.line)
    };
    for call in findings.unread.iter_mut().filter(|it| !it.call.is_empty()) {
        call.cell = place(&mut call.at);
    }
    findings
        .unread
        .extend(code.others.iter().map(|(line, why)| {
            let mut call = Unread::of_file(*line, why);
            call.cell = place(&mut call.at);
            call
        }));
    let open = findings.unread.iter_mut();
    let open = open.filter_map(|call| call.instead.as_deref_mut());
    for prompt in findings.prompts.iter_mut().chain(open) {
        prompt.cell = place(&mut prompt.at);
        let cell = |line| code.cell(line).map(|cell| cell.number);
        let own = cell(prompt.call_line);
        let mut lines = prompt.messages.iter().map(|message| message.line);
        if let Some(line) = lines.find(|line| cell(*line) != own) {
            prompt.doubts.push(Doubt {
                line,
                why: "the text stands in another cell than the call, and cells run in any order"
                    .to_owned(),
            });
        }
    }
    findings
}

/// Says what comments and the encoding of a file say of its prompts, and gives those their names.
fn told(
    path: &str,
    text: &str,
    (how, has_nul): (Option<Reading>, Option<usize>),
    findings: &mut FileFindings,
) {
    // A call that cannot be read is no prompt that is let pass.
    let allowed = remarks::allowed_lines(how, text, &[("P510", 0), ("P514", 1)]);
    let noted = remarks::allowed_lines(how, text, &[("P510", 0), ("P514", 1), ("P525", 1)]);
    let mut counts = std::collections::HashMap::new();
    let unread = findings.unread.iter_mut();
    let open = unread.filter_map(|call| call.instead.as_deref_mut());
    let line_of = |at: usize| 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count();
    let nul = has_nul.map(|at| Doubt {
        line: line_of(at),
        why: "the file holds a NUL character".to_owned(),
    });
    let encoding = remarks::other_encoding(path, text).map(|(line, why)| Doubt { line, why });
    let doubts: Vec<Doubt> = nul.into_iter().chain(encoding).collect();
    for prompt in findings.prompts.iter_mut().chain(open) {
        let count: &mut usize = counts.entry(prompt.mark()).or_default();
        *count += 1;
        prompt.ordinal = *count;
        prompt.doubts.extend(doubts.iter().cloned());
        prompt.is_allowed = [prompt.at.line, prompt.call_line]
            .into_iter()
            .any(|line| allowed.contains(&line));
        prompt.name = super::name::of_place(path, prompt.place.as_deref(), prompt.name.as_deref());
    }
    for call in &mut findings.unread {
        call.is_allowed = noted.contains(&call.at.line);
    }
}

#[cfg(test)]
mod tests;
