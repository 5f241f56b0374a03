//! From an id to the calls that send it: through the map that names it and the constants on the way.

use std::ops::Range;

use super::super::lex::{Kind, NONE};
use super::super::{ApiKind, Call, ValueKind};
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
        let mut call = call;
        if let Some(name) = &name {
            self.read_later(name, open, &mut call, depth);
        }
        let before = calls.len();
        for used in name.iter().flat_map(|name| self.uses_of(name, open)) {
            self.used_as_prompt(used, &call, depth + 1, calls);
        }
        if calls.len() == before {
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
    fn surface(&self, open: usize) -> ApiKind {
        let mut open = open;
        for _ in 0..12 {
            if self.callee(open).to_ascii_lowercase().contains("realtime") {
                return ApiKind::Realtime;
            }
            for item in self.items(open) {
                let Some(key) = item.key else { continue };
                match self.word(key) {
                    "custom_id" | "customId" => return ApiKind::Batch,
                    "type"
                        if self.kind(item.value.start) == Some(Kind::Text)
                            && self.word(item.value.start) == "realtime" =>
                    {
                        return ApiKind::Realtime;
                    }
                    _ => {}
                }
            }
            open = self.tokens[open].parent;
            if open == NONE {
                break;
            }
        }
        ApiKind::Responses
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
    pub(super) fn surface_before(&self, at: usize) -> ApiKind {
        let start = self.text.floor_char_boundary(at.saturating_sub(600));
        let before = &self.text[start..at];
        let before = before.rsplit("\n\n").next().unwrap_or(before);
        if before.contains("/realtime") {
            ApiKind::Realtime
        } else if before.contains("/batches") {
            ApiKind::Batch
        } else {
            ApiKind::Responses
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
        self.read_items(open, call, depth);
    }

    /// The variables that the items of a map name, and those that they may name.
    fn read_items(&self, open: usize, call: &mut Call, depth: usize) {
        for item in self.items(open) {
            match item.key {
                Some(key) if self.is_computed(key) => call.has_more_variables = true,
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
                // `{[key]: value}`, `{key(): value for …}`.
                None => call.has_more_variables |= !item.value.is_empty(),
            }
        }
    }

    /// What is put into the map of a prompt after it was made: `prompt["variables"] = …`.
    fn read_later(&self, name: &str, open: usize, call: &mut Call, depth: usize) {
        let all = self.mentioned().get(name);
        let all = all.map(Vec::as_slice).unwrap_or_default();
        for &index in all.iter().take(MOST_USES) {
            let Some((key, after)) = self.member(index) else {
                continue;
            };
            let role = role(self.word(key));
            let is_ours = || {
                let mut seen = self.seen_from(name, index).into_iter();
                // `{…}`, or `dict(…)`.
                seen.any(|(_, start)| start == open || start + 1 == open)
            };
            if !matches!(role, Role::Version | Role::Variables) || !is_ours() {
                continue;
            }
            match self.kind(after) {
                Some(Kind::Mark(b'=')) => {
                    let value = self.value_from(after + 1);
                    match (role, self.literal(&value, 0)) {
                        (Role::Variables, _) => self.read_variables(&value, call, depth),
                        (_, Some(Literal::Variable(name))) => call.version_variable = Some(name),
                        (_, Some(Literal::Text(version))) if is_number(&version) => {
                            call.version = Some(version);
                        }
                        _ => call.has_unknown_version = true,
                    }
                }
                // `prompt["variables"]["ticket"] = …`
                _ if role == Role::Variables => match self.member(after - 1) {
                    Some((key, end)) if self.kind(end) == Some(Kind::Mark(b'=')) => {
                        let kind = self.value_kind(&self.value_from(end + 1), 0);
                        call.variables.insert(self.word(key).to_owned(), kind);
                    }
                    _ => call.has_more_variables |= self.is_filled(after - 1),
                },
                _ => {}
            }
        }
    }

    /// The key of `name["key"]` or `name.key`, and the token after it.
    fn member(&self, index: usize) -> Option<(usize, usize)> {
        let is_text = self.kind(index + 2) == Some(Kind::Text);
        match self.kind(index + 1)? {
            Kind::Open(b'[')
                if is_text
                    && self.kind(index + 3) == Some(Kind::Close(b'['))
                    && !self.is_computed(index + 2) =>
            {
                Some((index + 2, index + 4))
            }
            Kind::Mark(b'.') if self.kind(index + 2) == Some(Kind::Word) => {
                Some((index + 2, index + 3))
            }
            _ => None,
        }
    }

    /// Whether a key is worked out when the code runs: a name in Python, or a text with others in it.
    fn is_computed(&self, key: usize) -> bool {
        let sign = (key + 1..self.tokens.len()).find(|&at| self.tokens[at].kind != Kind::Line);
        let is_entry = sign.is_some_and(|at| self.tokens[at].kind == Kind::Mark(b':'));
        match self.tokens[key].kind {
            Kind::Word => self.language.has_computed_keys && is_entry,
            _ => {
                let is_letter = |at: usize| {
                    let byte = self.text.as_bytes().get(at);
                    byte.is_some_and(|byte| matches!(byte, b'f' | b'F'))
                };
                // The quote stands between `f` and the text.
                let start = self.tokens[key].start;
                self.language.has_computed_keys
                    && start >= 2
                    && is_letter(start - 2)
                    && self.word(key).contains('{')
            }
        }
    }

    /// Variables that are set one by one where a name is used: `variables["ticket"] = …`, or
    /// `variables.ticket = …`. What is added in other ways may be anything.
    fn assigned_to(&self, name: &str, used: usize, call: &mut Call) -> bool {
        let all = self
            .mentioned()
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut found = false;
        for &index in all.iter().take(MOST_USES) {
            let named = self
                .member(index)
                .filter(|(_, after)| self.kind(*after) == Some(Kind::Mark(b'=')));
            if let Some((key, after)) = named
                && self.is_same(name, index, used)
            {
                let kind = self.value_kind(&self.value_from(after + 1), 0);
                call.variables.insert(self.word(key).to_owned(), kind);
                found = true;
            } else if self.is_filled(index) && self.is_same(name, index, used) {
                call.has_more_variables = true;
            }
        }
        found
    }

    /// Whether a map is filled here with what need not be named: `v[key] = …`, `v.update(…)`,
    /// `v |= …`, `Object.assign(v, …)`.
    fn is_filled(&self, index: usize) -> bool {
        match self.kind(index + 1) {
            Some(Kind::Open(b'[')) => {
                let after = self.after(index + 1);
                self.kind(after) == Some(Kind::Mark(b'='))
                    && self.kind(after + 1) != Some(Kind::Mark(b'='))
            }
            Some(Kind::Mark(b'.')) => {
                let is_call = self.kind(index + 3) == Some(Kind::Open(b'('));
                let fills = [
                    "update",
                    "setdefault",
                    "set",
                    "put",
                    "putAll",
                    "insert",
                    "merge",
                    "add",
                    "Add",
                ];
                is_call
                    && self.kind(index + 2) == Some(Kind::Word)
                    && fills.contains(&self.word(index + 2))
            }
            Some(Kind::Mark(b'?')) => {
                self.word(index + 1) == "|" && self.kind(index + 2) == Some(Kind::Mark(b'='))
            }
            _ => {
                index > 0
                    && self.kind(index - 1) == Some(Kind::Open(b'('))
                    && self.callee(index - 1).trim_end().ends_with("Object.assign")
            }
        }
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
