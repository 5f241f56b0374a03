//! `promptctl edit`.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::common::{compile, load_to_change, warn_all, warn_of_passed};
use super::gate::Gate;
use super::numbering::{edit_failure, number};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Loaded};
use crate::prompt::edit::{EditError, Step, is_text, parse_path, remove, set, set_version};
use crate::prompt::name::PromptName;
use crate::prompt::{code, document};
use crate::releases::Store;

/// Make the next version of a prompt
///
/// Opens $EDITOR, or takes the change from --set, --unset or --file; then checks the file, raises
/// its version and commits. Several prompts are changed in one commit. A change that no model and
/// no caller sees, such as a description, needs no new version. A secret stops it; other errors are
/// said.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help versions

Examples:
  promptctl edit support/triage   # opens $EDITOR
  promptctl edit support/triage --set modelParameters.maxTokens=500 -m \"Shorter answers\"
  promptctl edit support/triage --set 'tags:=[\"tickets\", \"queue\"]' --unset description
  promptctl edit support/triage core/chat-assistant --set model=openai/gpt-5.1")]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "NAME", required = true, add = super::completions::names())]
    names: Vec<PromptName>,
    /// Set a value, such as modelParameters.maxTokens=600 or description=text; KEY:=JSON for any JSON
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting)]
    set: Vec<Setting>,
    /// Remove a value
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    unset: Vec<Key>,
    /// Take the whole file from FILE; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "unset"])]
    file: Option<String>,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Write the file and do not commit
    #[arg(long)]
    no_commit: bool,
}

#[derive(Debug, Clone)]
struct Key {
    text: String,
    path: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Setting {
    key: Key,
    value: Value,
    /// The value as text, where it was not given as JSON.
    text: Option<String>,
}

fn parse_key(text: &str) -> Result<Key, String> {
    let path = parse_path(text).map_err(|error| error.to_string())?;
    Ok(Key {
        text: text.to_owned(),
        path,
    })
}

fn parse_setting(text: &str) -> Result<Setting, String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, or KEY:=JSON, such as modelParameters.maxTokens=600")?;
    if let Some(key) = key.strip_suffix(':') {
        let value = serde_json::from_str(value)
            .map_err(|error| format!("the value of {key} is not JSON: {error}"))?;
        return Ok(Setting {
            key: parse_key(key)?,
            value,
            text: None,
        });
    }
    let key = parse_key(key)?;
    let is_text = is_text(&key.path);
    let typed = serde_json::from_str::<Value>(value)
        .ok()
        .filter(|typed| !typed.is_string())
        .filter(|typed| !is_text || typed.is_array() || typed.is_object());
    Ok(Setting {
        key,
        value: typed.unwrap_or_else(|| Value::String(value.to_owned())),
        text: Some(value.to_owned()),
    })
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = session.store()?;
    store.require_working_copy()?;
    if args.file.is_some() && args.names.len() > 1 {
        return Err(
            Failure::usage("--file changes one prompt").hint("name one prompt, or use --set")
        );
    }
    let gate = Gate::new(&config, session);
    let mut changes = Vec::new();
    let mut sentences = Vec::new();
    for name in &args.names {
        let before = load_to_change(&store, name)?;
        let text = args.changed_text(&before, session)?;
        let checked = checked(args, &store, &before, &text, &gate, session);
        let after = match checked {
            Err(failure) if args.is_by_hand() => {
                return Err(with_draft(failure, &before, &text));
            }
            checked => checked?,
        };
        warn_all(session, &after.document.warnings);
        let numbered = number(&store, &after)?;
        warn_of_passed(&after.name, numbered.passed, session);
        let version = numbered.version;
        sentences.push(if numbered.is_new {
            format!("{name} is {version} now")
        } else {
            format!("{name} {version} keeps its number: no model and no caller sees the change")
        });
        changes.push(FileChange::Write {
            path: before.path.clone(),
            text: numbered.text,
        });
    }
    finish(args, &store, &changes, &sentences, session)
}

/// The prompt with its new text, if that may be written.
fn checked(
    args: &Args,
    store: &Store,
    before: &Loaded,
    text: &str,
    gate: &Gate,
    session: &mut Session,
) -> Result<Loaded, Failure> {
    let after = store.with_text(before, text.to_owned())?;
    compile(&after)?;
    gate.before_writing(store, &after, args.shown(before), session)?;
    Ok(after)
}

/// The failure with the place where what a person wrote in the editor is kept.
fn with_draft(failure: Failure, before: &Loaded, text: &str) -> Failure {
    let folder = tempfile::Builder::new().prefix("promptctl-").tempdir();
    let Ok(folder) = folder else { return failure };
    let draft = folder.path().join(file_of(before));
    if std::fs::write(&draft, text).is_err() {
        return failure;
    }
    let kept = folder.keep().join(file_of(before));
    failure.hint(format!("your draft is {}", kept.display()))
}

fn file_of(before: &Loaded) -> &str {
    before.path.rsplit('/').next().unwrap_or("draft.prompt.yml")
}

fn finish(
    args: &Args,
    store: &Store,
    changes: &[FileChange],
    sentences: &[String],
    session: &mut Session,
) -> Result<Exit, Failure> {
    if args.no_commit {
        store.write_files(changes)?;
    } else {
        let names: Vec<&str> = args.names.iter().map(PromptName::as_str).collect();
        let message = args
            .message
            .clone()
            .unwrap_or_else(|| format!("Edit {}", names.join(", ")));
        if store.commit(changes, &message)?.commit.is_none() {
            session.ui.status("nothing changed");
            return Ok(Exit::Done);
        }
    }
    for sentence in sentences {
        session.ui.status(sentence);
    }
    Ok(Exit::Done)
}

impl Args {
    /// Whether the change is made in an editor.
    fn is_by_hand(&self) -> bool {
        self.file.is_none() && self.set.is_empty() && self.unset.is_empty()
    }

    /// Where the person wrote what is wrong.
    fn shown<'a>(&'a self, before: &'a Loaded) -> &'a str {
        match self.file.as_deref() {
            Some("-") => "standard input",
            Some(file) => file,
            None => &before.path,
        }
    }

    fn changed_text(&self, before: &Loaded, session: &mut Session) -> Result<String, Failure> {
        if let Some(file) = &self.file {
            return Ok(numbered_as(before, read_file(file, session)?));
        }
        if self.is_by_hand() {
            return in_editor(before, session);
        }
        let mut text = before.text.clone();
        for setting in &self.set {
            text = apply(&text, setting).map_err(|error| edit_failure(&before.path, &error))?;
        }
        for key in &self.unset {
            text =
                remove(&text, &key.path).map_err(|error| not_removed(before, &key.text, &error))?;
        }
        Ok(text)
    }
}

/// A value that cannot be taken out, or is not there.
fn not_removed(before: &Loaded, key: &str, error: &EditError) -> Failure {
    let name = &before.name;
    let EditError::Missing { path } = error else {
        return edit_failure(&before.path, error);
    };
    let failure = Failure::new(
        code::INVALID_PROMPT,
        format!("{name} has no `{path}`: there is nothing to take out"),
    )
    .at(before.path.clone());
    if key == "openai" {
        return failure.hint(format!(
            "it calls no stored prompt of OpenAI's: promptctl run {name} sends its own messages"
        ));
    }
    failure.hint(format!("promptctl get {name} shows the keys that it has"))
}

/// A whole new text that says nothing of the version keeps what the file says of it, so that the
/// same content has the same number.
fn numbered_as(before: &Loaded, text: String) -> String {
    let Some(version) = before.document.version else {
        return text;
    };
    let is_numbered =
        document::parse(&text).map_or(true, |new| new.version.is_some() || new.digest.is_some());
    if is_numbered {
        return text;
    }
    let numbered = match &before.document.digest {
        Some(digest) => set_version(&text, version, digest),
        None => set(
            &text,
            &[Step::Key("version".to_owned())],
            &version.number().into(),
        ),
    };
    numbered.unwrap_or(text)
}

/// Sets a value. `600` is a number where a number fits, and text where only text does.
fn apply(text: &str, setting: &Setting) -> Result<String, EditError> {
    let typed = set(text, &setting.key.path, &setting.value)?;
    let Some(plain) = &setting.text else {
        return Ok(typed);
    };
    if setting.value.is_string() || document::parse(&typed).is_ok() {
        return Ok(typed);
    }
    let as_text = set(text, &setting.key.path, &Value::String(plain.clone()))?;
    Ok(if document::parse(&as_text).is_ok() {
        as_text
    } else {
        typed
    })
}

/// The text of a file named on the command line; `-` is standard input.
pub(super) fn read_file(file: &str, session: &Session) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(session.directory.join(file)).map(|read| bytes = read)
    };
    let name = if file == "-" { "standard input" } else { file };
    read.map_err(|error| {
        Failure::from_io(code::NOT_A_FILE, format!("{name} could not be read"), error)
    })?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::new(code::NOT_UTF8, format!("{name} is not UTF-8 text")))
}

/// Lets the user change a copy of the file; what they wrote is never lost.
fn in_editor(before: &Loaded, session: &mut Session) -> Result<String, Failure> {
    let editor = session.environ.editor.clone().ok_or_else(|| {
        Failure::usage("no editor is set")
            .hint("export EDITOR=vim, or use --set KEY=VALUE or --file FILE")
    })?;
    let failed = |error: std::io::Error| {
        Failure::from_io(code::WRITE_FAILED, "the draft could not be written", error)
    };
    let folder = tempfile::Builder::new()
        .prefix("promptctl-")
        .tempdir()
        .map_err(failed)?;
    let file = file_of(before);
    let draft = folder.path().join(file);
    std::fs::write(&draft, &before.text).map_err(failed)?;
    loop {
        open(&editor, &draft)?;
        let text = std::fs::read_to_string(&draft).map_err(failed)?;
        let Err(findings) = document::parse(&text) else {
            return Ok(text);
        };
        for finding in &findings {
            session.ui.finding(&finding.clone().in_file(&before.path));
        }
        if !session
            .ui
            .confirm("The file is not valid. Open the editor again?")
        {
            let kept = folder.keep().join(file);
            return Err(Failure::new(
                code::INVALID_PROMPT,
                "the file is not valid and was not saved",
            )
            .hint(format!("your draft is {}", kept.display())));
        }
    }
}

fn open(editor: &str, file: &Path) -> Result<(), Failure> {
    // An editor is a command line, as it is for git: `code --wait`.
    let status = if cfg!(windows) {
        Command::new("cmd").args(["/C", editor]).arg(file).status()
    } else {
        Command::new("sh")
            .args(["-c", &format!("{editor} \"$@\""), editor])
            .arg(file)
            .status()
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(
            code::WRITE_FAILED,
            format!("the editor `{editor}` failed: {status}"),
        )
        .hint("nothing was changed")),
        Err(error) => Err(Failure::from_io(
            code::WRITE_FAILED,
            format!("the editor `{editor}` could not be started"),
            error,
        )),
    }
}
