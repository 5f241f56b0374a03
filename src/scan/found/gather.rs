//! One finding a call, with its messages.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use arguments::Flat;
use posted::Posted;
use replaced::Through;
use sending::{Followed, Said, Sending, Unseen, open_ends};
use wrapped::{Wrapper, Wrappers};

use super::facts::Facts;
use super::language::Language;
use super::sinks::{self, LIST_KEYS, SYSTEM_KEYS, Sink, USER_KEYS, sink};
use super::syntax::{Argument, Call, Expr, File, value_of};
use super::value::{Reader, Remark, Settable, Value};
use super::{Confidence, FoundKind, FoundPrompt, Syntax, Unread};

mod arguments;
mod declared;
mod finish;
mod flow;
mod maps;
mod messages;
mod paths;
mod posted;
mod rendered;
mod replaced;
mod sending;
mod together;
mod unread;
pub(super) mod words;
pub(super) mod wrapped;

/// How deep lists of messages are followed by their names.
const DEEPEST: usize = 6;

/// The most messages of one prompt.
const MOST_MESSAGES: usize = 500;

/// What the code that takes the place of prompts calls them, and the class that reads them.
pub const READER_NAMES: [&str; 2] = ["prompts", "Prompts"];

/// A message in the making.
#[derive(Clone)]
struct Draft<'t> {
    role: &'static str,
    value: Value<'t>,
    is_placeholder: bool,
    node: Node<'t>,
}

/// What a file says.
pub(super) struct Gathered {
    /// In their order.
    pub(super) prompts: Vec<FoundPrompt>,
    pub(super) unread: Vec<Unread>,
    pub(super) wrappers: Vec<Wrapper>,
}

/// The prompts of a file, and what could not be read. `known` are the functions of other files that
/// send what they are given.
///
/// # Errors
/// Why it cannot be parsed, in words that follow the name of the file.
pub(super) fn gather(
    text: &str,
    language: Language,
    all: bool,
    known: Wrappers<'_>,
) -> Result<Gathered, &'static str> {
    let tree = language.parse(text)?;
    let file = File { text, language };
    let (facts, names) = Facts::gather(&file, &tree);
    let libraries: Vec<&'static str> = facts
        .imports
        .iter()
        .filter_map(|import| sinks::library(import))
        .collect();
    // What an earlier lift put there is no other.
    let is_ours = ["prompts = Prompts(", "prompts = new Prompts("];
    let is_lifted = is_ours.iter().any(|it| text.contains(it));
    let is_taken = |name: &&&str| !is_lifted && names.binds(name);
    let taken = READER_NAMES.iter().filter(is_taken).copied().collect();
    let mut gatherer = Gatherer {
        taken,
        file: &file,
        facts: &facts,
        reader: Reader::new(&file, &facts, &names),
        libraries,
        functions_by_name: functions_by_name(&facts),
        calls_by_name: OnceCell::new(),
        used: HashSet::new(),
        sent: HashSet::new(),
        followed: Followed::new(),
        unread: Vec::new(),
        wrappers: Vec::new(),
        unsure_roles: RefCell::default(),
        through: Through::default(),
        notes: Vec::new(),
        doubts: Vec::new(),
        settable: Vec::new(),
        found: Vec::new(),
    };
    gatherer.calls();
    gatherer.far_calls(known);
    gatherer.documented();
    gatherer.maps();
    gatherer.message_calls();
    gatherer.unsure_messages();
    gatherer.declared(all);
    gatherer.returned(all);
    gatherer.spoken(all);
    let (mut found, mut unread) = (gatherer.found, gatherer.unread);
    if let Some(line) = facts.given_up() {
        unread.push(Unread::of_file(line, "holds more than is followed"));
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(Gathered {
        prompts: found.into_iter().map(|(_, prompt)| prompt).collect(),
        unread,
        wrappers: gatherer.wrappers,
    })
}

/// The functions of a file that have names.
fn functions_by_name<'t>(facts: &Facts<'t>) -> HashMap<&'t str, Vec<usize>> {
    let mut all: HashMap<&'t str, Vec<usize>> = HashMap::new();
    for (index, scope) in facts.scopes.iter().enumerate().skip(1) {
        if let Some(name) = scope.name.filter(|_| !scope.is_class) {
            all.entry(name).or_default().push(index);
        }
    }
    all
}

struct Gatherer<'r, 't> {
    file: &'r File<'t>,
    /// The names that the file has for something else than the reader of prompts.
    taken: Vec<&'static str>,
    facts: &'r Facts<'t>,
    reader: Reader<'r, 't>,
    libraries: Vec<&'static str>,
    functions_by_name: HashMap<&'t str, Vec<usize>>,
    calls_by_name: OnceCell<HashMap<&'t str, Vec<Node<'t>>>>,
    /// Calls, maps and texts that belong to a prompt already.
    used: HashSet<usize>,
    /// Where texts of prompts begin, and the texts: calls that share a beginning may go on otherwise.
    sent: HashSet<(usize, String)>,
    followed: Followed,
    unread: Vec<Unread>,
    /// The functions that send what callers give.
    wrappers: Vec<Wrapper>,
    /// The contents whose roles are not sure, each with its role.
    unsure_roles: RefCell<HashMap<usize, Node<'t>>>,
    /// The functions that texts are followed through to now.
    through: Through,
    /// What is to be said of the prompt that is gathered.
    notes: Vec<Remark>,
    doubts: Vec<Remark>,
    /// What it is made of that other files may set.
    settable: Vec<Settable<'t>>,
    found: Vec<(usize, FoundPrompt)>,
}

impl<'t> Gatherer<'_, 't> {
    /// What calls send: those that take messages before those that make one.
    fn calls(&mut self) {
        let mut sinks = Vec::new();
        for node in &self.facts.calls {
            let Some(call) = self.file.call(*node) else {
                continue;
            };
            let path = self.path(call.callee);
            let arguments = self.flat(&call.arguments);
            let posted = self.posted(&call, &path, &arguments);
            let is_known = !self.libraries.is_empty();
            let sink = match &posted {
                Some(_) => Sink::Api,
                None => match sink(&path, &arguments.all, is_known) {
                    Some(sink) => sink,
                    None => continue,
                },
            };
            let turn = match sink {
                Sink::Api | Sink::Messages => 0,
                Sink::Said | Sink::Keyed => 1,
                Sink::Template | Sink::MessageTemplate(_) => 2,
                Sink::Message(_) => 3,
            };
            sinks.push((turn, *node, call, path, (sink, posted)));
        }
        sinks.sort_by_key(|(turn, ..)| *turn);
        for (_, node, call, path, (sink, posted)) in sinks {
            if !self.used.contains(&node.id()) {
                self.call(node, &call, &path, (sink, posted));
            }
        }
    }

    fn call(
        &mut self,
        node: Node<'t>,
        call: &Call<'t>,
        path: &[&'t str],
        (sink, posted): (Sink, Option<Posted<'t>>),
    ) {
        let is_posted = posted.as_ref().is_some_and(|it| it.is_sure);
        let sdk = match &posted {
            Some(posted) => posted.sdk,
            None => self.sdk(path),
        };
        let given = posted.map(|it| it.body);
        let Flat {
            all: arguments,
            doubts,
            settable,
        } = given.unwrap_or_else(|| self.flat(&call.arguments));
        self.reader.sent_at.set(node.start_byte());
        self.notes.clear();
        self.doubts = doubts;
        self.settable = settable;
        self.left_open(&arguments);
        let mut drafts = self.drafts(sink, call, &arguments);
        let mut kind = match sink {
            Sink::Message(_) => FoundKind::Message,
            _ => FoundKind::Sent,
        };
        // A message of a thread: `create(role="user", content="…")`.
        if drafts.is_empty()
            && matches!(sink, Sink::Api | Sink::Keyed | Sink::Said)
            && let Some(draft) = self.message_of(&arguments, node, true)
        {
            kind = FoundKind::Message;
            drafts.push(draft);
        }
        let confidence = match (sink, kind) {
            (Sink::Keyed, _) if drafts.iter().all(|draft| draft.role == "user") => {
                Confidence::Medium
            }
            _ => Confidence::High,
        };
        let floor = match sink {
            Sink::Template | Sink::MessageTemplate(_) | Sink::Messages => 2,
            // What surely reaches a model is a prompt however short it is.
            Sink::Api | Sink::Said if is_posted || sinks::is_sure(path) => 1,
            _ => 0,
        };
        let sending = Sending {
            sdk,
            syntax: match sink {
                Sink::Template | Sink::MessageTemplate(_) | Sink::Messages => {
                    self.syntax(&arguments)
                }
                _ => Syntax::Plain,
            },
            floor,
            kind,
            confidence,
            settings: match sink {
                Sink::Message(_) => Vec::new(),
                _ => arguments,
            },
            far: None,
        };
        let open = open_ends(&drafts);
        let is_template = matches!(
            sink,
            Sink::Template | Sink::MessageTemplate(_) | Sink::Messages
        );
        let is_sent = is_posted || sinks::sends(path, !self.libraries.is_empty());
        let mut calls = Unseen {
            node,
            path,
            words: self.callee(call, path),
            // A template is a text, which another file may give.
            is_sure: is_sent
                || (is_template && open.iter().any(|it| self.origin(it.node).is_some())),
            drafts: drafts.clone(),
            said: None,
        };
        let known = self.found.len();
        let mut is_any_read = drafts.iter().any(|draft| draft.value.says_something());
        self.push(
            node,
            drafts,
            floor,
            |prompt| {
                sending.describe(prompt);
                prompt.call.clone_from(&calls.words);
            },
            &sending.settings,
        );
        if self.found.len() == known {
            calls.said = Some(Said {
                notes: std::mem::take(&mut self.notes),
                doubts: std::mem::take(&mut self.doubts),
                settable: std::mem::take(&mut self.settable),
            });
        }
        let mut unread = Vec::new();
        let together = self.together(&calls.drafts);
        for one in open {
            if together.as_ref().is_some_and(|it| it.has(one.node)) {
                continue;
            }
            match self.follow(one, &sending, 0) {
                true => is_any_read = true,
                false => unread.push(one),
            }
        }
        if let Some(together) = together {
            match self.follow_together(&together, &sending, 0) {
                true => is_any_read = true,
                false => unread.extend(together.open_ends()),
            }
        }
        if kind == FoundKind::Sent && (is_template || matches!(sink, Sink::Api | Sink::Said)) {
            self.note_unread(calls, &sending, &unread, is_any_read);
        }
    }

    /// The messages that a call is given.
    fn drafts(
        &mut self,
        sink: Sink,
        call: &Call<'t>,
        arguments: &[Argument<'t>],
    ) -> Vec<Draft<'t>> {
        let mut by_place = call.arguments.iter().filter(|it| it.is_by_place());
        let first = by_place.next().map(|it| it.value);
        let mut drafts = Vec::new();
        match sink {
            Sink::Api | Sink::Keyed | Sink::Said => {
                self.sent_drafts(sink, first, arguments, &mut drafts);
            }
            Sink::Template | Sink::MessageTemplate(_) => {
                let role = match sink {
                    Sink::MessageTemplate(role) => role,
                    _ => "user",
                };
                let text = value_of(arguments, &["template", "prompt"])
                    .or_else(|| first.filter(|it| !matches!(self.file.expr(*it), Expr::Map(_))));
                drafts.extend(text.map(|text| self.text(text, role)));
            }
            Sink::Messages => {
                if let Some(list) = value_of(arguments, LIST_KEYS).or(first) {
                    self.messages(list, &mut drafts, 0);
                }
            }
            Sink::Message(role) => {
                let content = value_of(arguments, &["content", "text", "message"]).or(first);
                drafts.extend(content.map(|content| self.content(content, role)));
            }
        }
        drafts
    }

    /// What a call sends under its keys, or by its place.
    fn sent_drafts(
        &mut self,
        sink: Sink,
        first: Option<Node<'t>>,
        arguments: &[Argument<'t>],
        drafts: &mut Vec<Draft<'t>>,
    ) {
        let mut given = SYSTEM_KEYS
            .iter()
            .filter_map(|key| value_of(arguments, &[key]));
        let is_none = |it: &Node<'t>| ["None", "null", "undefined"].contains(&self.file.word(*it));
        if let Some(value) = given.next().filter(|it| !is_none(it)) {
            drafts.push(self.text(value, "system"));
        }
        if let Some(list) = value_of(arguments, LIST_KEYS) {
            self.messages(list, drafts, 0);
        }
        let keys: &[&str] = match sink {
            Sink::Keyed => &["prompt"],
            _ => USER_KEYS,
        };
        if let Some(said) = value_of(arguments, keys) {
            self.said(said, drafts);
        }
        if let (Sink::Said, Some(first)) = (sink, first)
            && self.reader.entries(first).is_none()
        {
            self.said(first, drafts);
        }
    }

    /// The library that a call belongs to.
    fn sdk(&self, path: &[&str]) -> Option<&'static str> {
        // Others call theirs so, too.
        let is_own = |it: &&'static str| {
            let is_shared = matches!(*it, "anthropic" | "langchain");
            !is_shared || self.libraries.contains(it) || self.libraries.is_empty()
        };
        let is_openai = |word: &&str| {
            matches!(
                *word,
                "responses" | "completions" | "ChatCompletion" | "chat"
            )
        };
        sinks::library_of_call(path)
            .filter(is_own)
            .or_else(|| self.libraries.first().copied())
            .or_else(|| path.iter().any(is_openai).then_some("openai"))
    }

    /// The words of a call, or all that stands before its arguments where that is more.
    fn callee(&self, call: &Call<'t>, path: &[&'t str]) -> Vec<String> {
        let shown: String = self.file.word(call.callee).lines().map(str::trim).collect();
        match shown == path.join(".") || shown.starts_with("await ") {
            true => path.iter().map(|word| (*word).to_owned()).collect(),
            false => vec![shown],
        }
    }

    /// The language that LangChain fills in with.
    fn syntax(&self, arguments: &[Argument<'t>]) -> Syntax {
        let format = value_of(arguments, &["template_format", "templateFormat"]);
        match format.map(|it| self.reader.value(it).text()).as_deref() {
            Some("mustache") => Syntax::Mustache,
            Some("jinja2") => Syntax::Jinja,
            _ => Syntax::FString,
        }
    }

    /// Adds a prompt, if it says enough to be one.
    fn push(
        &mut self,
        node: Node<'t>,
        drafts: Vec<Draft<'t>>,
        floor: usize,
        set: impl FnOnce(&mut FoundPrompt),
        arguments: &[Argument<'t>],
    ) {
        let says_enough = |draft: &Draft<'t>| {
            let words = draft.value.words();
            let least = match (draft.role, draft.value.has_values()) {
                _ if floor > 0 => floor,
                ("system" | "developer", _) => 2,
                ("user", true) => 3,
                ("user", false) => 6,
                _ => usize::MAX,
            };
            draft.value.written.is_some() && words >= least
        };
        let is_new = drafts.iter().any(|draft| {
            says_enough(draft)
                && draft.value.written.is_some_and(|(first, _)| {
                    !self.used.contains(&first.id())
                        || (floor > 0 && !self.sent.contains(&(first.id(), draft.value.text())))
                })
        });
        if !is_new {
            return;
        }
        for draft in &drafts {
            if let Some((first, _)) = draft.value.written {
                self.sent.insert((first.id(), draft.value.text()));
            }
        }
        let mut prompt = self.made(node, drafts, arguments);
        set(&mut prompt);
        self.found.push((node.start_byte(), prompt));
    }
}
