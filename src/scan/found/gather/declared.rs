//! Texts that no call is seen to send: what names say, and how texts begin.

use super::words::{is_about_others, says_prompt, speaks_to_a_model};
use super::{Draft, Gatherer};
use crate::scan::found::{Confidence, FoundKind};

impl<'t> Gatherer<'_, 't> {
    /// Constants whose names say that they are prompts.
    pub(super) fn declared(&mut self) {
        for (name, value, scope) in &self.facts.declared {
            let is_local = *scope > 0 && !self.facts.scopes[*scope].is_class;
            let is_named = says_prompt(name) && !is_about_others(name);
            if is_local && name.len() < 4 {
                continue;
            }
            let draft = self.text(*value, "system");
            if self.is_long(&draft, is_named) {
                let place = (*name).to_owned();
                self.push(
                    *value,
                    vec![draft],
                    0,
                    |prompt| {
                        prompt.kind = FoundKind::Declared;
                        prompt.confidence = Confidence::Medium;
                        prompt.place = Some(place);
                    },
                    &[],
                );
            }
        }
    }

    /// What functions answer whose names say that it is a prompt.
    pub(super) fn returned(&mut self) {
        for value in &self.facts.returned {
            let place = self.facts.place_of(value.start_byte());
            let name = place.as_deref().and_then(|place| place.rsplit('.').next());
            let is_named = name.is_some_and(|name| says_prompt(name) && !is_about_others(name));
            let draft = self.text(*value, "system");
            if self.is_long(&draft, is_named) {
                self.push(
                    *value,
                    vec![draft],
                    0,
                    |prompt| {
                        prompt.kind = FoundKind::Returned;
                        prompt.confidence = Confidence::Medium;
                    },
                    &[],
                );
            }
        }
    }

    /// Texts that begin as prompts do, wherever they go.
    pub(super) fn spoken(&mut self) {
        for node in &self.facts.texts {
            let quotes = |it: char| "fFrRuU\"'`\\(".contains(it) || it.is_whitespace();
            if !speaks_to_a_model(self.file.word(*node).trim_start_matches(quotes)) {
                continue;
            }
            let draft = self.text(*node, "system");
            if draft.value.words() >= 4 && speaks_to_a_model(&draft.value.text()) {
                self.push(
                    *node,
                    vec![draft],
                    0,
                    |prompt| {
                        prompt.kind = FoundKind::Declared;
                        prompt.confidence = Confidence::Medium;
                    },
                    &[],
                );
            }
        }
    }

    /// Whether a text is as long as prompts are, and no other language; one that no name calls a prompt
    /// has to begin as prompts do.
    fn is_long(&self, draft: &Draft<'t>, is_named: bool) -> bool {
        let Some((first, _)) = draft.value.written else {
            return false;
        };
        let text = draft.value.text();
        let start = text.trim_start();
        let is_markup = start.starts_with("<!")
            || start.starts_with("<html")
            || start.starts_with("<div")
            || start.starts_with("{%");
        let is_query = ["SELECT ", "INSERT ", "CREATE ", "UPDATE ", "WITH "]
            .iter()
            .any(|word| start.starts_with(word));
        let speaks = speaks_to_a_model(start);
        let is_enough = match (is_named, speaks) {
            (_, true) => draft.value.words() >= 4,
            (true, false) => text.trim().len() >= 60 && draft.value.words() >= 8,
            (false, false) => false,
        };
        !self.used.contains(&first.id()) && is_enough && !is_markup && !is_query
    }
}
