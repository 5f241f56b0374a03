//! Texts that other files of the scan give to a call.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::walk::ScanResults;
use crate::scan::found::imports::{candidates, constant};
use crate::scan::found::{FoundPrompt, Imported};

/// Puts the texts of constants that files import from each other where they are used, and says of
/// the others why not.
pub(super) fn fill_in(found: &mut ScanResults) {
    let mut other = Others {
        files: found
            .code
            .iter()
            .map(|(path, shown)| (shown.as_str(), path.as_path()))
            .collect(),
        known: HashMap::new(),
        filled: HashSet::new(),
    };
    for (path, prompt) in &mut found.prompts {
        other.fill(path, prompt);
    }
    let mut unread = Vec::new();
    for (path, mut call) in std::mem::take(&mut found.unread) {
        if let Some(mut prompt) = call.instead.take() {
            other.fill(&path, &mut prompt);
            if prompt.says_something() {
                found.prompts.push((path, *prompt));
                continue;
            }
        }
        let is_filled = |what: &String| {
            let key = (path.clone(), call.at.line, what.clone());
            other.filled.contains(&key)
        };
        call.what.retain(|what| !is_filled(what));
        if !call.what.is_empty() {
            unread.push((path, call));
        }
    }
    found.unread = unread;
    found
        .prompts
        .sort_by(|(one, first), (other, second)| (one, first.at).cmp(&(other, second.at)));
}

struct Others<'f> {
    /// The files of the scan, by what they are called.
    files: HashMap<&'f str, &'f Path>,
    known: HashMap<(String, String), Result<String, &'static str>>,
    /// What was read: the file and the line of the call, and what the code says.
    filled: HashSet<(String, usize, String)>,
}

impl Others<'_> {
    fn fill(&mut self, path: &str, prompt: &mut FoundPrompt) {
        for imported in std::mem::take(&mut prompt.imports) {
            let Imported {
                module, item, line, ..
            } = &imported;
            let candidates = candidates(path, module);
            let file = candidates
                .into_iter()
                .find(|it| self.files.contains_key(it.as_str()));
            let Some(file) = file else {
                prompt.lost.push(format!(
                    "line {line}: `{item}` comes from `{module}`, which is not among the files of this scan"
                ));
                continue;
            };
            match self.text(&file, item) {
                Ok(text) => {
                    prompt.fill(&imported, &text);
                    let said = imported.expression.clone();
                    self.filled
                        .insert((path.to_owned(), prompt.call_line, said));
                }
                Err(why) => prompt.lost.push(format!(
                    "line {line}: `{item}` comes from {file}, which {why}: it stays a value"
                )),
            }
        }
    }

    fn text(&mut self, file: &str, item: &str) -> Result<String, &'static str> {
        let key = (file.to_owned(), item.to_owned());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let read = self
            .files
            .get(file)
            .and_then(|path| std::fs::read(path).ok());
        let text = match read {
            Some(bytes) => constant(file, &String::from_utf8_lossy(&bytes), item),
            None => Err("could not be read"),
        };
        self.known.insert(key, text.clone());
        text
    }
}
