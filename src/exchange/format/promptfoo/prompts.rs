//! The prompts of a configuration: texts, files, and chats as JSON.

use std::ops::Range;

use serde_json::Value;

use super::super::Source;
use super::super::draft::refused;
use super::table::{self, Row};
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// The most prompts of one file.
const MAX_PROMPTS: usize = 500;
/// What a table of prompts looks like.
const TABLE: &str = "a table has a prompt in each row, below the columns `prompt` and `label`";

/// A prompt as the configuration names it.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Where it stands in the configuration.
    pub(super) path: String,
    pub(super) text: Result<Text, Finding>,
    /// Its keys that have no counterpart here, and where they stand.
    pub(super) others: Vec<(String, Option<Span>)>,
}

/// The text of a prompt.
pub(super) struct Text {
    pub(super) text: String,
    /// The file that it stands in, if it has one of its own, and where it begins there.
    pub(super) file: Option<String>,
    pub(super) start: Span,
    /// Whether it is a chat as YAML.
    pub(super) is_yaml: bool,
}

/// The name of a configuration: that of its folder, where its own says nothing.
pub(super) fn config_name(source: &Source<'_>) -> String {
    let (folder, file) = source.stem.rsplit_once('/').unwrap_or(("", source.stem));
    let joints = ['.', '-', '_'];
    if let Some(own) = source.stem.strip_suffix("promptfooconfig")
        && let own = own.trim_end_matches(joints)
        && !own.is_empty()
        && !own.ends_with('/')
    {
        return own.to_owned();
    }
    let rest = file
        .strip_prefix("promptfooconfig")
        .map(|rest| rest.trim_start_matches(joints));
    match (rest, folder) {
        (Some(""), "") => "promptfoo".to_owned(),
        (Some(""), folder) => folder.to_owned(),
        (Some(rest), "") => rest.replace('.', "-"),
        (Some(rest), folder) => format!("{folder}/{}", rest.replace('.', "-")),
        (None, "") => file.replace('.', "-"),
        (None, folder) => format!("{folder}/{}", file.replace('.', "-")),
    }
}

pub(super) fn prompts(
    value: Option<&Value>,
    located: &Located,
    source: &Source<'_>,
    stem: &str,
    wanted: &mut Vec<Wanted>,
) {
    let items: Vec<(String, &Value)> = match value {
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("prompts[{index}]"), item))
            .collect(),
        Some(only) => vec![("prompts".to_owned(), only)],
        None => Vec::new(),
    };
    for (path, item) in items {
        if wanted.len() >= MAX_PROMPTS {
            wanted.push(Wanted::refused(
                stem.to_owned(),
                path.clone(),
                refused(
                    located.place(&path),
                    format!("the configuration has more than {MAX_PROMPTS} prompts"),
                    "import the ones from here on with a configuration of their own",
                ),
            ));
            return;
        }
        let entry = Entry::new(item, path, located, stem, wanted.len());
        match entry.text {
            None => wanted.push(entry.refused(
                "this entry is neither a text nor a file".to_owned(),
                "write the prompt, or `file://…`",
            )),
            Some(text) => {
                if let Some((why, help)) = elsewhere(text) {
                    wanted.push(entry.refused(format!("{text} {why}"), help));
                } else if let Some(file) = file_of(text, item) {
                    of_file(file, &entry, source, wanted);
                } else {
                    wanted.push(entry.prompt(text.to_owned(), None));
                }
            }
        }
    }
}

/// An entry of `prompts`.
struct Entry<'c> {
    /// The name of its prompt.
    name: String,
    label: Option<&'c str>,
    text: Option<&'c str>,
    stem: &'c str,
    path: String,
    at: Option<Span>,
    /// Its keys that have no counterpart here.
    others: Vec<(String, Option<Span>)>,
}

impl<'c> Entry<'c> {
    fn new(item: &'c Value, path: String, located: &Located, stem: &'c str, before: usize) -> Self {
        let text = |keys: &[&'static str]| {
            let mut all = keys.iter();
            all.find_map(|key| Some((*key, item.get(*key)?.as_str()?)))
        };
        let said = text(&["raw", "id", "file"]);
        // Beside the text, an id is a name.
        let label = match said {
            Some(("raw", _)) => text(&["label", "display", "id"]),
            _ => text(&["label", "display"]),
        };
        // The first of the keys that mean the same.
        let known = [label, said];
        let others = item
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .filter(|key| !known.iter().flatten().any(|(known, _)| known == key))
            .map(|key| (key.clone(), located.place(&format!("{path}.{key}"))));
        let label = label.map(|(_, label)| label);
        Self {
            name: match label {
                Some(label) => format!("{stem}/{label}"),
                None => format!("{stem}/prompt-{}", before + 1),
            },
            label,
            text: item.as_str().or(said.map(|(_, text)| text)),
            stem,
            at: located.place(&path),
            others: others.collect(),
            path,
        }
    }

    fn prompt(&self, text: String, file: Option<String>) -> Wanted {
        self.prompt_of(Text {
            text,
            file,
            start: Span::point(1, 1),
            is_yaml: false,
        })
    }

    fn prompt_of(&self, text: Text) -> Wanted {
        Wanted {
            name: self.name.clone(),
            path: self.path.clone(),
            text: Ok(text),
            others: self.others.clone(),
        }
    }

    /// The prompts of a file that holds several.
    fn prompts(&self, rows: Vec<Row>, columns: &[String], file: Option<String>) -> Vec<Wanted> {
        let count = rows.len();
        let one = |(index, row): (usize, Row)| {
            let mut one = self.prompt_of(Text {
                text: row.text,
                file: file.clone(),
                start: row.start,
                is_yaml: false,
            });
            let columns = columns.iter().map(|column| (column.clone(), self.at));
            one.others.extend(columns);
            one.name = match row.label {
                Some(label) => format!("{}/{label}", self.stem),
                None if count > 1 => format!("{}-{}", self.name, index + 1),
                None => one.name,
            };
            one
        };
        rows.into_iter().enumerate().map(one).collect()
    }

    fn refused(&self, message: String, help: &'static str) -> Wanted {
        Wanted::refused(
            self.name.clone(),
            self.path.clone(),
            refused(self.at, message, help),
        )
    }
}

impl Wanted {
    fn refused(name: String, path: String, why: Finding) -> Self {
        Self {
            name,
            path,
            text: Err(why),
            others: Vec::new(),
        }
    }
}

/// Why a text is no prompt but says where one is made or kept.
fn elsewhere(text: &str) -> Option<(&'static str, &'static str)> {
    const PROGRAM: (&str, &str) = (
        "is a program that makes the prompt, and programs are not run",
        "write down what it makes, as text",
    );
    const SERVICE: (&str, &str) = (
        "is a prompt that another service keeps, and none is asked",
        "export it there, and import that",
    );
    let is_of = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    if is_of(&["exec:", "package:"]) {
        return Some(PROGRAM);
    }
    is_of(&["langfuse://", "portkey://", "helicone://"]).then_some(SERVICE)
}

/// The file that a text names: with `file://`, or by an ending.
fn file_of<'c>(text: &'c str, item: &Value) -> Option<&'c str> {
    text.strip_prefix("file://").or_else(|| {
        let is_file = !text.contains(['\n', ' ']) && (is_known_ending(text) || is_pattern(text));
        let is_program = PROGRAMS.contains(&ending_of(text).unwrap_or_default());
        (is_file && (item.get("raw").is_none() || is_program)).then_some(text)
    })
}

/// Whether a text without blanks is a pattern of paths.
fn is_pattern(text: &str) -> bool {
    text.contains('*') && text.contains('/') && !text.contains("{{")
}

/// The endings of programs.
const PROGRAMS: [&str; 16] = [
    "js", "cjs", "mjs", "ts", "cts", "mts", "py", "sh", "bash", "go", "rb", "pl", "exe", "bat",
    "cmd", "ps1",
];

/// The ending of a file; `make.py:of` names a function in one.
fn ending_of(text: &str) -> Option<&str> {
    let (_, ending) = text.rsplit_once('.')?;
    ending.split(':').next()
}

fn is_known_ending(text: &str) -> bool {
    let texts = ["txt", "json", "jsonl", "yaml", "yml", "md", "j2", "csv"];
    ending_of(text).is_some_and(|it| texts.contains(&it) || PROGRAMS.contains(&it))
}

fn of_file(file: &str, entry: &Entry<'_>, source: &Source<'_>, wanted: &mut Vec<Wanted>) {
    // `make.py:of` names a function of a program.
    let plain = match ending_of(file).is_some_and(|it| PROGRAMS.contains(&it)) {
        true => file.split(':').next().unwrap_or(file),
        false => file,
    };
    let own = plain.rsplit('/').next().unwrap_or(plain);
    let (own, ending) = own.rsplit_once('.').unwrap_or((own, ""));
    let entry = Entry {
        name: format!("{}/{}", entry.stem, entry.label.unwrap_or(own)),
        path: entry.path.clone(),
        others: entry.others.clone(),
        ..*entry
    };
    let mut fail = |message: String, help: &'static str| wanted.push(entry.refused(message, help));
    if PROGRAMS.contains(&ending) {
        return fail(
            format!("{file} is a program that makes the prompt, and programs are not run"),
            "write down what it makes, as text",
        );
    }
    let text = match (source.beside)(plain) {
        Ok(text) => text.replace("\r\n", "\n"),
        // A file may have such letters in its own name.
        Err(_) if plain.contains(['*', '?', '{', '[']) => {
            let plain = plain.trim_start_matches("./");
            return match (source.matching)(plain) {
                Ok(files) => of_pattern(plain, files, &entry, source, wanted),
                Err(why) => fail(
                    format!("{plain} stands for no files that are read: {why}"),
                    "name each of them",
                ),
            };
        }
        Err(why) => {
            return fail(
                format!("{plain} could not be read: {why}"),
                "it is looked for beside the configuration",
            );
        }
    };
    let folder = source
        .path
        .rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let shown = format!("{folder}{}", plain.trim_start_matches("./"));
    let several = match ending {
        "csv" => match table::prompts(&text, MAX_PROMPTS) {
            Ok((rows, _)) if rows.is_empty() => {
                return fail(format!("{plain} holds no prompt"), TABLE);
            }
            Ok(found) => Some(found),
            Err(why) => return fail(format!("{plain} is no table of prompts: {why}"), TABLE),
        },
        _ => parts(&text, ending).map(|parts| (parts, Vec::new())),
    };
    if let Some((rows, columns)) = several {
        if rows.len() > MAX_PROMPTS {
            return fail(
                format!("{plain} holds more than {MAX_PROMPTS} prompts"),
                "keep fewer in one file",
            );
        }
        let file = (ending != "csv").then_some(shown);
        wanted.extend(entry.prompts(rows, &columns, file));
        return;
    }
    let is_yaml = matches!(ending, "yaml" | "yml");
    if is_yaml && let Err(why) = parse_located(&text) {
        return fail(format!("{plain}: {}", why.message), "mend the file");
    }
    wanted.push(entry.prompt_of(Text {
        text,
        file: Some(shown),
        start: Span::point(1, 1),
        is_yaml,
    }));
}

/// The prompts of the files that a pattern stands for, each named by its path below what is fixed.
fn of_pattern(
    pattern: &str,
    files: Vec<String>,
    entry: &Entry<'_>,
    source: &Source<'_>,
    wanted: &mut Vec<Wanted>,
) {
    let fixed = pattern.split(['*', '?']).next().unwrap_or_default();
    let fixed = fixed.rfind('/').map_or(0, |at| at + 1);
    for file in files {
        if wanted.len() >= MAX_PROMPTS {
            let message = format!("{pattern} stands for more than {MAX_PROMPTS} prompts");
            wanted.push(entry.refused(message, "keep fewer in one folder"));
            return;
        }
        let below = file.get(fixed..).unwrap_or(&file);
        let own = below.rsplit_once('.').map_or(below, |(own, _)| own);
        let label = entry.label.map(|label| format!("{label}/{own}"));
        let one = Entry {
            name: entry.name.clone(),
            label: Some(label.as_deref().unwrap_or(own)),
            path: entry.path.clone(),
            others: entry.others.clone(),
            ..*entry
        };
        of_file(&file, &one, source, wanted);
    }
}

/// The prompts of a file that may hold several: between lines of dashes, or one a line.
fn parts(text: &str, ending: &str) -> Option<Vec<Row>> {
    let is_table = match ending {
        "txt" => false,
        "jsonl" => true,
        _ => return None,
    };
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if is_table {
            parts.push(at..end);
        } else if line.trim() == "---" {
            parts.push(start..at);
            start = end;
        }
        at = end;
    }
    if !is_table {
        parts.push(start..at);
    }
    // promptfoo takes the blanks around a text of a file away.
    let row = |part: Range<usize>| {
        let inner = text[part.clone()].trim_start();
        let start = part.end - inner.len();
        let row = Row {
            start: Span::from_range(text, start..start),
            ..Row::new(inner.trim_end())
        };
        Some(row).filter(|row| !row.text.is_empty())
    };
    let rows: Vec<Row> = parts.into_iter().filter_map(row).collect();
    Some(match rows.is_empty() {
        true => vec![Row::new("")],
        false => rows,
    })
}
