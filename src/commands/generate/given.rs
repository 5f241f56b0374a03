//! What the writer is given.

use std::path::Path;

use serde_json::{Value, json};

use super::super::given_file::read_file;
use super::super::session::Session;
use super::args::Args;
use crate::error::{Exit, Failure};
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::digest::digest_bytes;
use crate::prompt::document::Object;
use crate::prompt::secrets;

/// The most that all material may hold, in bytes.
const MAX_MATERIAL: usize = 400_000;

/// How many digits of a digest mark the material.
const MARKER: usize = 12;

/// The values of the writer's variables.
///
/// # Errors
/// A file cannot be read, is too long, or holds a secret: nothing was sent then.
pub(super) fn values(
    args: &Args,
    example: Option<&Loaded>,
    session: &Session,
) -> Result<Object, Failure> {
    refuse_secret(&args.task, "what the prompt should do")?;
    let mut material = Vec::new();
    let mut size = 0;
    for file in &args.context {
        refuse_link(file, session)?;
        let text = read_file(file, session)?;
        refuse_secret(&text, file)?;
        size += text.len();
        if size > MAX_MATERIAL {
            return Err(Failure::usage(format!(
                "the files of --context hold more than {} KB",
                MAX_MATERIAL / 1000
            ))
            .hint("give the parts that matter"));
        }
        material.push(json!({ "name": file, "text": text }));
    }
    let inputs = args
        .input
        .iter()
        .map(|it| json!({ "name": it.name, "about": it.about }));
    let inputs: Vec<Value> = inputs.collect();
    for input in &inputs {
        refuse_secret(&input.to_string(), "--input")?;
    }
    let mut values = Object::new();
    values.insert("task".to_owned(), json!(args.task));
    if !inputs.is_empty() {
        values.insert("inputs".to_owned(), inputs.into());
    }
    if let Some(example) = example {
        refuse_secret(&example.text, &example.path)?;
        values.insert("example".to_owned(), json!(example.text));
    }
    if !material.is_empty() || example.is_some() {
        // Whoever writes the material cannot know its own hash.
        let all = json!([material, example.map(|it| &it.text)]).to_string();
        let marker: String = digest_bytes(all.as_bytes())
            .as_str()
            .chars()
            .take(MARKER)
            .collect();
        values.insert("marker".to_owned(), json!(marker));
    }
    if !material.is_empty() {
        values.insert("material".to_owned(), material.into());
    }
    Ok(values)
}

/// What is sent to a model must not hold a secret.
fn refuse_secret(text: &str, from: &str) -> Result<(), Failure> {
    let Some(secret) = secrets::find(text).into_iter().next() else {
        return Ok(());
    };
    let line = text[..secret.range.start].matches('\n').count() + 1;
    Err(Failure::new(
        code::SECRET,
        format!("{} stands in {from}, line {line}", secret.kind),
    )
    .exit(Exit::Verdict)
    .hint("nothing was sent; revoke it if others could see it, and take it out"))
}

/// Refuses a file that a link leads to: whoever wrote the repository chose where it leads.
fn refuse_link(file: &str, session: &Session) -> Result<(), Failure> {
    let named = Path::new(file);
    let (mut path, parts) = match (named.parent(), named.file_name()) {
        // Folders above the repository may well be links.
        (Some(folder), Some(name)) if named.is_absolute() => (folder.to_owned(), Path::new(name)),
        _ => (session.directory.clone(), named),
    };
    for part in parts.components() {
        path.push(part);
        if path.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
            let message = format!("{file} is a link, or lies behind one, so it is not sent");
            let real = path.canonicalize().unwrap_or(path);
            return Err(Failure::new(code::NOT_A_FILE, message)
                .hint(format!("name what is meant: {}", real.display())));
        }
    }
    Ok(())
}
