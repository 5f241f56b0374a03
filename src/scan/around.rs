//! What stands around an id: the map that names it, the call that sends the map, and the constants
//! on the way.

mod calls;
mod names;
mod scope;

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::lex::{Kind, Language, NONE, Token, tokens};
use super::{ApiKind, Call, IdPlace};

/// How many tokens of one map are looked at.
const WIDEST: usize = 20_000;

/// How many tokens are looked at for all ids of a file together.
const MOST_WORK: usize = 300_000;

/// How many uses of one constant are followed.
const MOST_USES: usize = 200;

/// How many constants stand between an id and its call at most.
const DEEPEST: usize = 4;

/// Words that may stand before the name of a constant.
const MODIFIERS: &[&str] = &[
    "const",
    "let",
    "var",
    "export",
    "default",
    "final",
    "static",
    "private",
    "public",
    "protected",
    "internal",
    "readonly",
    "val",
    "mut",
    "pub",
    "local",
    "declare",
    "set",
    "ENV",
    "ARG",
];

/// Where a name is given a value: the name, and the first token of the value.
type Assigned = (usize, usize);

/// A file as tokens.
pub(super) struct Source<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    pub(super) language: Language,
    /// Where each name is given a value.
    constants: OnceCell<HashMap<&'a str, Vec<Assigned>>>,
    /// Where functions begin and end, in languages that indent them.
    functions: OnceCell<Vec<Range<usize>>>,
    /// Where each name or text stands.
    mentioned: OnceCell<HashMap<&'a str, Vec<usize>>>,
    /// The variables of the environment that hold numbers.
    values: Option<&'a BTreeSet<String>>,
    /// How many more tokens may be looked at.
    work_left: Cell<usize>,
    /// Where the lines begin.
    lines: Vec<usize>,
}

/// One item of a map, a list or the arguments of a call.
#[derive(Debug, Clone)]
struct Item {
    key: Option<usize>,
    value: Range<usize>,
}

/// What a value is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Literal {
    /// This text or number.
    Text(String),
    /// What this variable of the environment holds.
    Variable(String),
}

/// What a key is to a stored prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Version,
    Variables,
    Prompt,
    Other,
}

pub(super) fn role(key: &str) -> Role {
    let plain: String = key
        .chars()
        .filter(|letter| !matches!(letter, '_' | '-' | '"' | '\''))
        .flat_map(char::to_lowercase)
        .collect();
    match plain.as_str() {
        "id" => Role::Id,
        "version" => Role::Version,
        "variables" | "promptvariables" => Role::Variables,
        "prompt" => Role::Prompt,
        plain if plain.ends_with("promptid") => Role::Id,
        plain if plain.ends_with("promptversion") => Role::Version,
        _ => Role::Other,
    }
}

/// Whether a name is one of the environment's, such as `TRIAGE_PROMPT_ID`.
pub(super) fn is_variable(name: &str) -> bool {
    name.len() > 2
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str, language: Language) -> Self {
        Self {
            text,
            tokens: tokens(text, language),
            language,
            constants: OnceCell::new(),
            functions: OnceCell::new(),
            mentioned: OnceCell::new(),
            values: None,
            work_left: Cell::new(MOST_WORK),
            lines: memchr::memchr_iter(b'\n', text.as_bytes()).collect(),
        }
    }

    /// Whether there is work left to do, and takes some of it.
    fn spend(&self, work: usize) -> bool {
        let left = self.work_left.get();
        self.work_left.set(left.saturating_sub(work));
        left > work
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|&end| end < at) + 1
    }

    pub(super) fn with_values(mut self, values: &'a BTreeSet<String>) -> Self {
        self.values = Some(values);
        self
    }

    /// Fills in what stands around the id at this byte.
    pub(super) fn tell(&self, at: usize, place: &mut IdPlace) {
        let Some(token) = self.token_at(at) else {
            return;
        };
        if let Some((inner, begin)) = self.inside(token) {
            let inner = Source::new(&inner, Language::default());
            if let Some(token) = inner.token_at(at - begin) {
                let mut calls = inner.calls(token);
                let before = self.surface_before(token_start(&self.tokens, self.token_at(at)));
                let line = self.line_of(begin);
                for call in &mut calls {
                    call.line += line - 1;
                    if call.surface == ApiKind::Responses {
                        call.surface = before;
                    }
                }
                place.calls = calls;
            }
            return;
        }
        place.calls = self.calls(token);
        let declared = self.declared(token);
        place.variable = declared
            .clone()
            .filter(|name| is_variable(name) && self.language.has_variables_of_environment());
        if place.variable.is_none() {
            place.variable = self.named_value(token);
        }
        place.name = declared;
    }

    /// The calls that send the value at this byte.
    pub(super) fn calls_at(&self, at: usize) -> Vec<Call> {
        let Some(token) = self.token_at(at) else {
            return Vec::new();
        };
        match self.inside(token) {
            Some((inner, begin)) => {
                let source = Source {
                    values: self.values,
                    ..Source::new(&inner, Language::default())
                };
                let mut calls = source
                    .token_at(at - begin)
                    .map(|token| source.calls(token))
                    .unwrap_or_default();
                let line = self.line_of(begin);
                calls.iter_mut().for_each(|call| call.line += line - 1);
                calls
            }
            None => self.calls(token),
        }
    }

    /// The constant that holds the value at this byte.
    pub(super) fn declared_at(&self, at: usize) -> Option<String> {
        self.declared(self.token_at(at)?)
    }

    /// Where one of these variables is read, each by its name and the byte.
    pub(super) fn mentions<'b>(&self, variables: &'b BTreeSet<String>) -> Vec<(&'b String, usize)> {
        let mut found = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let is_text = token.kind == Kind::Text;
            if !is_text && token.kind != Kind::Word {
                continue;
            }
            let text = &self.text[token.start..token.end];
            if let Some(variable) = variables.get(text.trim_start_matches('$')) {
                if !self.is_key(index) {
                    found.push((variable, token.start));
                }
            } else if is_text && text.contains('$') {
                for variable in variables {
                    let at = [format!("${variable}"), format!("${{{variable}")]
                        .iter()
                        .find_map(|spelt| {
                            let at = text.find(spelt.as_str())?;
                            let after = text[at + spelt.len()..].bytes().next();
                            let goes_on = after
                                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                            (!goes_on).then_some(at + spelt.len() - variable.len())
                        });
                    found.extend(at.map(|at| (variable, token.start + at)));
                }
            }
        }
        found
    }

    fn token_at(&self, at: usize) -> Option<usize> {
        let after = self.tokens.partition_point(|token| token.start <= at);
        let index = after.checked_sub(1)?;
        (at < self.tokens[index].end).then_some(index)
    }

    fn word(&self, index: usize) -> &'a str {
        let token = &self.tokens[index];
        // Quotes that were escaped leave a blank where the backslash stood.
        self.text[token.start..token.end].trim()
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// The content of a text that holds more than one word, such as the JSON of a shell command,
    /// with escaped quotes as plain ones in the same places; and where it begins.
    fn inside(&self, index: usize) -> Option<(String, usize)> {
        let token = self.tokens.get(index)?;
        let text = &self.text[token.start..token.end];
        if token.kind != Kind::Text || !text.contains(['{', '=']) {
            return None;
        }
        let plain = text
            .replace("\\\\\"", "  \"")
            .replace("\\\"", " \"")
            .replace("\\n", "  ");
        Some((plain, token.start))
    }

    /// The index after a token, or after the whole group that it opens.
    fn after(&self, index: usize) -> usize {
        match self.tokens[index].kind {
            Kind::Open(_) if self.tokens[index].partner != NONE => self.tokens[index].partner + 1,
            Kind::Open(_) => self.tokens.len(),
            _ => index + 1,
        }
    }

    fn end_of(&self, open: usize) -> usize {
        match self.tokens[open].partner {
            NONE => self.tokens.len(),
            partner => partner,
        }
    }

    /// The items between two brackets.
    fn items(&self, open: usize) -> Vec<Item> {
        let end = self.end_of(open);
        let mut items = Vec::new();
        let mut start = open + 1;
        let mut at = start;
        for _ in 0..WIDEST {
            if at >= end || !self.spend(1) {
                break;
            }
            let ends = match self.tokens[at].kind {
                Kind::Mark(b',' | b';') => true,
                Kind::Line => at > start && self.assigns(at + 1),
                _ => false,
            };
            if ends {
                items.extend(self.item(start, at));
                start = at + 1;
            }
            at = self.after(at);
        }
        items.extend(self.item(start, at.min(end)));
        items
    }

    /// Whether a line begins with `name =`, as the lines of a block do.
    fn assigns(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(Kind::Word)) && self.kind(at + 1) == Some(Kind::Mark(b'='))
    }

    fn item(&self, start: usize, end: usize) -> Option<Item> {
        let is_modifier = |at: usize| match self.tokens[at].kind {
            Kind::Line => true,
            Kind::Word => {
                MODIFIERS.contains(&self.word(at)) && matches!(self.kind(at + 1), Some(Kind::Word))
            }
            _ => false,
        };
        let start = (start..end).find(|&at| !is_modifier(at))?;
        let mut key = start;
        let mut after = start + 1;
        // `["id"] = …`
        if self.tokens[start].kind == Kind::Open(b'[')
            && self.kind(start + 1) == Some(Kind::Text)
            && self.tokens[start].partner == start + 2
        {
            key = start + 1;
            after = start + 3;
        }
        while after < end && self.tokens[after].kind == Kind::Line {
            after += 1;
        }
        let is_name = matches!(self.tokens[key].kind, Kind::Text | Kind::Word);
        if is_name
            && after < end
            && matches!(
                self.tokens[after].kind,
                Kind::Mark(b':' | b'=') | Kind::Arrow
            )
        {
            return Some(Item {
                key: Some(key),
                value: after + 1..end,
            });
        }
        // `{id, version}`: a name that is both.
        let is_alone = is_name && self.tokens[key].kind == Kind::Word && after >= end;
        Some(Item {
            key: is_alone.then_some(key),
            value: start..end,
        })
    }

    fn is_key(&self, index: usize) -> bool {
        let mut next = index + 1;
        while self.kind(next) == Some(Kind::Line) {
            next += 1;
        }
        match self.kind(next) {
            Some(Kind::Mark(b':' | b'=') | Kind::Arrow) => true,
            // `"name": "X", "value": …` and `name: X` are settings.
            _ => false,
        }
    }

    /// The map around a token and its item there, through calls and lists that only wrap the value.
    fn home(&self, token: usize) -> Option<(usize, Item)> {
        let mut token = token;
        for _ in 0..6 {
            let open = self.tokens[token].parent;
            if open == NONE {
                return None;
            }
            let items = self.items(open);
            let item = items.into_iter().find(|item| item.value.contains(&token))?;
            if let Some(key) = item.key {
                return (!self.is_statement(open, key, &item)).then_some((open, item));
            }
            if self.tokens[open].kind == Kind::Open(b'{') {
                return None;
            }
            token = open;
        }
        None
    }

    /// The name that a token's value is given, by the statement or by the map that it stands in.
    fn declared(&self, token: usize) -> Option<String> {
        if let Some((_, item)) = self.home(token) {
            let key = self.word(item.key?);
            return (role(key) != Role::Id || key.len() > 2).then(|| key.to_owned());
        }
        let mut at = token;
        // Out of calls such as `os.environ.get("X", "pmpt_…")`.
        while self.tokens[at].parent != NONE
            && matches!(
                self.tokens[self.tokens[at].parent].kind,
                Kind::Open(b'(' | b'[')
            )
        {
            at = self.tokens[at].parent;
        }
        let level = self.tokens[at].parent;
        let mut equals = None;
        for _ in 0..200 {
            let Some(before) = at.checked_sub(1) else {
                break;
            };
            at = before;
            let token = &self.tokens[at];
            match token.kind {
                Kind::Close(_) if token.partner != NONE => at = token.partner,
                _ if token.parent != level => break,
                Kind::Mark(b'=') => equals = Some(at),
                Kind::Mark(b';' | b',') | Kind::Open(_) => break,
                // The value may stand on the line below.
                Kind::Line
                    if equals.is_some()
                        || self.kind(at.wrapping_sub(1)) != Some(Kind::Mark(b'=')) =>
                {
                    break;
                }
                _ => {}
            }
        }
        let equals = equals?;
        let start = if at == 0 && self.tokens[0].kind != Kind::Line {
            0
        } else {
            at + 1
        };
        // `name: Type = …`
        let colon = (start..equals).find(|&at| self.tokens[at].kind == Kind::Mark(b':'));
        let name = colon.unwrap_or(equals).checked_sub(1)?;
        (self.tokens[name].kind == Kind::Word).then(|| self.word(name).to_owned())
    }

    /// `X` of `{name: "X", value: "pmpt_…"}`.
    fn named_value(&self, token: usize) -> Option<String> {
        let (open, item) = self.home(token)?;
        if !self.word(item.key?).eq_ignore_ascii_case("value") {
            return None;
        }
        let items = self.items(open);
        let name = items.iter().find(|item| {
            item.key
                .is_some_and(|key| self.word(key).eq_ignore_ascii_case("name"))
        })?;
        match self.literal(&name.value, 0)? {
            Literal::Text(name) if is_variable(&name) => Some(name),
            _ => None,
        }
    }
}

fn token_start(tokens: &[Token], index: Option<usize>) -> usize {
    index
        .and_then(|index| tokens.get(index))
        .map_or(0, |token| token.start)
}
