//! From an id to the calls that send it: through the map that names it and the constants on the way.

use std::ops::Range;

use super::super::lex::{Kind, NONE};
use super::super::{Call, Surface, ValueKind};
use super::{DEEPEST, Literal, MOST_USES, Role, Source, role};

impl<'a> Source<'a> {
    /// The calls that send the value of a token.
    pub(super) fn calls(&self, token: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        self.find_calls(token, 0, &mut calls);
        calls.sort_by_key(|call| call.line);
        calls.dedup();
        calls
    }

    fn find_calls(&self, token: usize, depth: usize, calls: &mut Vec<Call>) {
        if depth > DEEPEST || calls.len() > MOST_USES || !self.spend(20) {
            return;
        }
        let home = self.home(token);
        if let Some((open, item)) = &home
            && let Some(key) = item.key
            && role(self.word(key)) == Role::Id
        {
            let before = calls.len();
            // `config.promptId` elsewhere in the file.
            if self.word(key).len() > 2 && depth < DEEPEST && key != token {
                for used in self.uses(self.word(key)) {
                    if self.home(used).is_some_and(|(other, _)| other != *open) {
                        self.find_calls(used, depth + 1, calls);
                    }
                }
            }
            if calls.len() == before {
                let mut call = self.call_at(key);
                self.read_siblings(*open, &mut call, depth);
                self.follow(*open, call, depth, calls);
            }
            return;
        }
        if let Some(name) = self.declared(token) {
            for used in self.uses_of(&name, token) {
                if used != token {
                    self.find_calls(used, depth + 1, calls);
                }
            }
        }
    }

    fn call_at(&self, token: usize) -> Call {
        Call {
            line: self.line_of(self.tokens[token].start),
            ..Call::default()
        }
    }

    /// From the map that names an id on to the call that sends it.
    fn follow(&self, open: usize, call: Call, depth: usize, calls: &mut Vec<Call>) {
        if depth > DEEPEST || !self.spend(20) {
            calls.push(call);
            return;
        }
        let name = match self.home(open) {
            Some((outer, item)) => {
                let Some(key) = item.key else {
                    calls.push(call);
                    return;
                };
                if role(self.word(key)) == Role::Prompt {
                    calls.push(self.sent_by(outer, call));
                    return;
                }
                Some(self.word(key).to_owned())
            }
            None => self.declared(open),
        };
        let before = calls.len();
        for used in name.iter().flat_map(|name| self.uses_of(name, open)) {
            self.used_as_prompt(used, &call, depth + 1, calls);
        }
        if calls.len() == before {
            let mut call = call;
            call.surface = self.surface(open);
            calls.push(call);
        }
    }

    /// A use of a constant that holds the map of a prompt.
    fn used_as_prompt(&self, used: usize, call: &Call, depth: usize, calls: &mut Vec<Call>) {
        let is_spread = used > 0 && self.tokens[used - 1].kind == Kind::Spread;
        let parent = self.tokens[used].parent;
        if is_spread && parent != NONE {
            let mut call = call.clone();
            call.line = self.call_at(used).line;
            self.read_siblings(parent, &mut call, depth);
            self.follow(parent, call, depth, calls);
            return;
        }
        let Some((outer, item)) = self.home(used) else {
            return;
        };
        if item
            .key
            .is_some_and(|key| role(self.word(key)) == Role::Prompt)
        {
            let mut call = call.clone();
            call.line = self.call_at(used).line;
            calls.push(self.sent_by(outer, call));
        }
    }

    /// The call with what stands beside `prompt`.
    fn sent_by(&self, open: usize, mut call: Call) -> Call {
        for item in self.items(open) {
            let Some(key) = item.key else { continue };
            let name = self.word(key);
            if role(name) == Role::Prompt || name.len() > 60 {
                continue;
            }
            let is_empty = item.value.len() >= 2
                && matches!(self.kind(item.value.start), Some(Kind::Open(_)))
                && self.tokens[item.value.start].partner == item.value.start + 1;
            let shown = match (is_empty, self.kind(item.value.start)) {
                (true, Some(Kind::Open(b'['))) => format!("{name}: []"),
                (true, Some(Kind::Open(b'{'))) => format!("{name}: {{}}"),
                _ => name.to_owned(),
            };
            call.beside.insert(shown);
        }
        call.surface = self.surface(open);
        call
    }

    /// Which part of the API the map or call that opens here goes to.
    fn surface(&self, open: usize) -> Surface {
        let mut open = open;
        for _ in 0..12 {
            if self.callee(open).to_ascii_lowercase().contains("realtime") {
                return Surface::Realtime;
            }
            for item in self.items(open) {
                let Some(key) = item.key else { continue };
                match self.word(key) {
                    "custom_id" | "customId" => return Surface::Batch,
                    "type"
                        if self.kind(item.value.start) == Some(Kind::Text)
                            && self.word(item.value.start) == "realtime" =>
                    {
                        return Surface::Realtime;
                    }
                    _ => {}
                }
            }
            open = self.tokens[open].parent;
            if open == NONE {
                break;
            }
        }
        Surface::Responses
    }

    /// What stands before a bracket, such as `client.realtime.create`.
    fn callee(&self, open: usize) -> &'a str {
        let is_part = |at: usize| matches!(self.tokens[at].kind, Kind::Word | Kind::Mark(b'.'));
        let start = (open.saturating_sub(12)..open)
            .rev()
            .take_while(|&at| is_part(at))
            .last();
        start.map_or("", |start| {
            &self.text[self.tokens[start].start..self.tokens[open].start]
        })
    }

    /// Which part of the API a shell command before this byte speaks to.
    pub(super) fn surface_before(&self, at: usize) -> Surface {
        let start = self.text.floor_char_boundary(at.saturating_sub(600));
        let before = &self.text[start..at];
        let before = before.rsplit("\n\n").next().unwrap_or(before);
        if before.contains("/realtime") {
            Surface::Realtime
        } else if before.contains("/batches") {
            Surface::Batch
        } else {
            Surface::Responses
        }
    }

    /// Version and variables beside an id.
    fn read_siblings(&self, open: usize, call: &mut Call, depth: usize) {
        for item in self.items(open) {
            let Some(key) = item.key else { continue };
            match role(self.word(key)) {
                Role::Version => match self.literal(&item.value, 0) {
                    Some(Literal::Variable(variable)) => call.version_variable = Some(variable),
                    Some(Literal::Text(version)) if is_number(&version) => {
                        call.version = Some(version);
                    }
                    _ => {
                        let word = self
                            .kind(item.value.start)
                            .map(|_| self.word(item.value.start));
                        call.has_unknown_version |=
                            !matches!(word, None | Some("null" | "None" | "nil" | "undefined"));
                    }
                },
                Role::Variables => self.read_variables(&item.value, call, depth),
                _ => {}
            }
        }
    }

    fn read_variables(&self, value: &Range<usize>, call: &mut Call, depth: usize) {
        if depth > DEEPEST || !self.spend(20) {
            call.has_more_variables = true;
            return;
        }
        let mut at = value.start;
        let mut open = None;
        while at < value.end && self.spend(1) {
            match self.tokens[at].kind {
                Kind::Open(b'{') => {
                    open = Some(at);
                    break;
                }
                // `dict(a=1)`; the items of any other call are no variables.
                Kind::Open(b'(') if self.callee(at) == "dict" => {
                    open = Some(at);
                    break;
                }
                _ => at = self.after(at),
            }
        }
        let Some(open) = open else {
            let name = value
                .clone()
                .rev()
                .find(|&at| self.kind(at) == Some(Kind::Word));
            let is_plain = value.len() <= 3;
            match name
                .filter(|_| is_plain)
                .map(|name| (self.word(name), name))
            {
                Some(("null" | "None" | "nil" | "undefined", _)) => {}
                Some((word, used)) => {
                    let constant = self.constant(word, used);
                    let assigned = self.assigned_to(word, used, call);
                    match constant {
                        Some(constant) if constant.start != value.start => {
                            self.read_variables(&constant, call, depth + 1);
                        }
                        _ => call.has_more_variables |= !assigned,
                    }
                }
                None => call.has_more_variables = true,
            }
            return;
        };
        for item in self.items(open) {
            match item.key {
                Some(key) => {
                    let name = self.word(key);
                    if !name.is_empty() && name.len() <= 100 {
                        let kind = self.value_kind(&item.value, 0);
                        call.variables.insert(name.to_owned(), kind);
                    }
                }
                None if self.kind(item.value.start) == Some(Kind::Spread) => {
                    let rest = item.value.start + 1..item.value.end;
                    self.read_variables(&rest, call, depth + 1);
                }
                None => {}
            }
        }
    }

    /// Variables that are set one by one where a name is used: `variables["ticket"] = …`, or
    /// `variables.ticket = …`.
    fn assigned_to(&self, name: &str, used: usize, call: &mut Call) -> bool {
        let all = self
            .mentioned()
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut found = false;
        for &index in all.iter().take(MOST_USES) {
            let is_subscript = self.kind(index + 1) == Some(Kind::Open(b'['))
                && self.kind(index + 2) == Some(Kind::Text)
                && self.kind(index + 3) == Some(Kind::Close(b'['))
                && self.kind(index + 4) == Some(Kind::Mark(b'='));
            let is_field = self.kind(index + 1) == Some(Kind::Mark(b'.'))
                && self.kind(index + 2) == Some(Kind::Word)
                && self.kind(index + 3) == Some(Kind::Mark(b'='))
                && self.kind(index + 4) != Some(Kind::Mark(b'='));
            if (is_subscript || is_field) && self.is_same(name, index, used) {
                let value = self.value_from(index + if is_field { 4 } else { 5 });
                let kind = self.value_kind(&value, 0);
                call.variables.insert(self.word(index + 2).to_owned(), kind);
                found = true;
            }
        }
        found
    }

    fn value_kind(&self, value: &Range<usize>, depth: usize) -> ValueKind {
        let short = value.start..value.end.min(value.start + 80);
        for at in short.clone() {
            if matches!(self.kind(at), Some(Kind::Text | Kind::Word)) {
                match self.word(at) {
                    "input_image" => return ValueKind::Image,
                    "input_file" => return ValueKind::File,
                    _ => {}
                }
            }
        }
        let is_name = short.len() == 1 && self.kind(short.start) == Some(Kind::Word);
        if is_name
            && depth < DEEPEST
            && let Some(constant) = self.constant(self.word(short.start), short.start)
            && constant.start != short.start
        {
            return self.value_kind(&constant, depth + 1);
        }
        ValueKind::Text
    }
}

/// Whether a text can be a version.
fn is_number(text: &str) -> bool {
    (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
