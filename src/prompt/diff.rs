//! What changed between two contents of a prompt, and what it means for callers.
//!
//! Every rule is in [`RULES`]. What can't be decided counts as breaking.

pub(in crate::prompt) mod align;
mod contract;
mod fields;
mod messages;
mod rename;
mod rules;
mod schema;
#[cfg(test)]
pub(crate) mod tests;
mod value;
mod words;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::document::Document;
use super::name::PromptName;
use super::rendered::Variable;
use super::template::Partials;
use super::version::Version;
use contract::ContractChange;
use value::Difference;

pub use rename::{Lone, renames};
pub use rules::{Impact, RULES, Rule};
pub use words::{Piece, PieceKind, WordDiff};

/// The files that a content attaches: their paths, and what tells their bytes from others; none where
/// there is no such file.
pub type Attachments = BTreeMap<String, Option<String>>;

/// One content of a prompt.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The prompt file.
    pub document: &'a Document,
    /// The partials that it may include; those that it does not include are left out.
    pub partials: &'a Partials,
    /// The variables that the prompt asks for, from its templates and its schema. Without them only
    /// declared variables are compared.
    pub variables: Option<&'a [Variable]>,
}

/// What changed between two contents of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptDiff {
    /// Whether the prompt came, went or changed.
    pub status: Status,
    /// The name that it had, where it was renamed.
    pub from_name: Option<String>,
    /// The version of the old content; none if there was no prompt.
    pub from_version: Option<Version>,
    /// The version of the new content; none if there is no prompt.
    pub to_version: Option<Version>,
    /// The impact of the worst change or contract note.
    pub impact: Impact,
    /// What changed, by path.
    pub changes: Vec<Change>,
    /// What callers must know, the worst first.
    pub contract: Vec<ContractNote>,
}

/// What became of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Something in it changed, or its version did.
    Changed,
    /// It is the same.
    Unchanged,
    /// It has another name; what changed in it as well is among the changes.
    Renamed,
}

impl Status {
    /// The status as text and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Renamed => "renamed",
        }
    }
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its path, such as `modelParameters.maxTokens`, `messages[1].content` or `partials.tone`;
    /// of a removed element the place where it was.
    pub path: String,
    /// Whether it came, went, changed or moved.
    pub kind: ChangeKind,
    /// What it was; for a moved message, the path where it was.
    pub before: Option<Value>,
    /// What it is; for a moved message, the path where it is.
    pub after: Option<Value>,
    /// What it means.
    pub impact: Impact,
    /// For a text, what changed in it word by word.
    pub words: Option<WordDiff>,
    /// The id of the rule that gave the impact.
    pub rule: &'static str,
}

impl Change {
    /// Whether it changes what an evaluation demands: an evaluator, a threshold, a dataset, or a case that
    /// is gone. Nobody should have to look for that behind `and 6 more`.
    pub fn loosens_evaluation(&self) -> bool {
        let key = self.path.split(['.', '[']).next();
        match key {
            Some("evaluators" | "eval" | "datasets" | "calibration") => true,
            Some("testData") => self.kind == ChangeKind::Removed,
            _ => false,
        }
    }

    fn new(rule: Rule, path: impl Into<String>, kind: ChangeKind) -> Self {
        Self {
            path: path.into(),
            kind,
            before: None,
            after: None,
            impact: rule.impact,
            words: None,
            rule: rule.id,
        }
    }

    fn from_difference(rule: Rule, difference: Difference) -> Self {
        Self {
            before: difference.before,
            after: difference.after,
            words: difference.words,
            ..Self::new(rule, difference.path, difference.kind)
        }
    }

    fn set_rule(&mut self, rule: Rule) {
        (self.rule, self.impact) = (rule.id, rule.impact);
    }
}

/// How something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
    /// It, or passages in it, stand elsewhere.
    Moved,
}

impl ChangeKind {
    fn of(before: Option<&Value>, after: Option<&Value>) -> Self {
        match (before, after) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            _ => Self::Changed,
        }
    }
}

/// Something that callers must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContractNote {
    /// What it means for them.
    pub impact: Impact,
    /// What it is, in one sentence; names stand between backticks.
    pub message: String,
    /// The id of the rule that gave the impact.
    #[serde(skip)]
    pub rule: &'static str,
}

/// Compares two contents of a prompt, either of which may be missing.
pub fn compare(before: Option<Side<'_>>, after: Option<Side<'_>>) -> PromptDiff {
    let version = |side: Option<Side<'_>>| side.map(|side| side.document.version_or_first());
    let mut changes = fields::changes(before.as_ref(), after.as_ref());
    let (status, notes) = match (&before, &after) {
        (None, None) => (Status::Unchanged, Vec::new()),
        (None, Some(_)) => (
            Status::Added,
            whole(rules::PROMPT_ADDED, "the prompt is new", &mut changes),
        ),
        (Some(_), None) => {
            let message = "the prompt is gone: callers that read its file get an error; what is live of it stays live until it is \
                unpublished";
            (
                Status::Removed,
                whole(rules::PROMPT_REMOVED, message, &mut changes),
            )
        }
        (Some(old), Some(new)) => {
            let notes = contract::notes(old, new);
            weigh_schema_changes(&mut changes, &notes);
            let is_changed =
                !changes.is_empty() || !notes.is_empty() || version(before) != version(after);
            (
                if is_changed {
                    Status::Changed
                } else {
                    Status::Unchanged
                },
                notes,
            )
        }
    };
    let contract = contract_notes(notes);
    let impacts = changes.iter().map(|change| change.impact);
    let impact = impacts.chain(contract.iter().map(|note| note.impact)).max();
    PromptDiff {
        status,
        from_name: None,
        from_version: version(before),
        to_version: version(after),
        impact: impact.unwrap_or_default(),
        changes,
        contract,
    }
}

impl PromptDiff {
    /// The same with what became of the files that both contents attach by the same path.
    #[must_use]
    pub fn with_attachments(mut self, before: &Attachments, after: &Attachments) -> Self {
        if self.add_files((rules::ATTACHMENT, "attachments"), before, after) {
            self.impact = self.impact.max(rules::ATTACHMENT.impact);
        }
        self
    }

    /// The same with what became of the files that say how it is evaluated, each below a `key`:
    /// datasets that both name, and the figures of labels.
    #[must_use]
    pub fn with_evaluation(mut self, key: &str, before: &Attachments, after: &Attachments) -> Self {
        self.add_files((rules::NOT_CONTENT, key), before, after);
        self
    }

    /// Adds the files that both sides have and that differ. Whether there is one.
    fn add_files(
        &mut self,
        (rule, key): (Rule, &str),
        before: &Attachments,
        after: &Attachments,
    ) -> bool {
        let known = self.changes.len();
        for (path, old) in before {
            let Some(new) = after.get(path).filter(|new| *new != old) else {
                continue;
            };
            let (old, new) = (old.clone().map(Value::from), new.clone().map(Value::from));
            let kind = ChangeKind::of(old.as_ref(), new.as_ref());
            self.changes.push(Change {
                before: old,
                after: new,
                ..Change::new(rule, value::join(key, path), kind)
            });
        }
        let is_more = self.changes.len() > known;
        if is_more && self.status == Status::Unchanged {
            self.status = Status::Changed;
        }
        is_more
    }

    /// The same for a prompt that was called `from` before.
    #[must_use]
    pub fn renamed(mut self, from: &PromptName) -> Self {
        let note = ContractChange {
            rule: rules::PROMPT_RENAMED,
            message: format!(
                "`{from}` is called something else now: callers must ask for the new name"
            ),
            at: Vec::new(),
        };
        self.status = Status::Renamed;
        self.from_name = Some(from.to_string());
        self.contract.splice(0..0, contract_notes(vec![note]));
        self.impact = self.impact.max(rules::PROMPT_RENAMED.impact);
        self
    }
}

/// The impact of the worst of these.
pub fn overall(diffs: &[PromptDiff]) -> Impact {
    diffs
        .iter()
        .map(|diff| diff.impact)
        .max()
        .unwrap_or_default()
}

/// A prompt that came or went is one change, whatever is in it.
fn whole(rule: Rule, message: &str, changes: &mut [Change]) -> Vec<ContractChange> {
    for change in changes {
        change.set_rule(rule);
    }
    vec![ContractChange {
        rule,
        message: message.to_owned(),
        at: Vec::new(),
    }]
}

/// Gives every change inside a schema the worst impact of the notes about it: about itself, what
/// it lies in, and what lies in it.
fn weigh_schema_changes(changes: &mut [Change], notes: &[ContractChange]) {
    let mut rules: BTreeMap<&str, Rule> = BTreeMap::new();
    for note in notes {
        for at in &note.at {
            let known = rules.entry(at).or_insert(note.rule);
            if note.rule.impact > known.impact {
                *known = note.rule;
            }
        }
    }
    for change in changes {
        let path = change.path.as_str();
        let ends = path.match_indices(['.', '[']).map(|(at, _)| at);
        let around = ends
            .chain([path.len()])
            .filter_map(|end| rules.get(&path[..end]));
        let is_below = |at: &str| at[path.len()..].starts_with(['.', '[']);
        let below = rules
            .range(path..)
            .take_while(|(at, _)| at.starts_with(path));
        let below = below.filter(|(at, _)| is_below(at)).map(|(_, rule)| rule);
        if let Some(worst) = around.chain(below).copied().max_by_key(|rule| rule.impact)
            && worst.impact > change.impact
        {
            change.set_rule(worst);
        }
    }
}

/// The notes as callers read them, the worst first and each once.
fn contract_notes(notes: Vec<ContractChange>) -> Vec<ContractNote> {
    let mut seen = HashSet::new();
    let notes = notes.into_iter().map(|note| ContractNote {
        impact: note.rule.impact,
        message: note.message,
        rule: note.rule.id,
    });
    let mut contract: Vec<_> = notes
        .filter(|note| seen.insert(note.message.clone()))
        .collect();
    contract.sort_by_key(|note| std::cmp::Reverse(note.impact));
    contract
}

/// The longest name or value quoted in a message, in characters.
const MAX_QUOTED: usize = 60;

/// A name or a value as it stands between backticks in a message: on one line, not too long, and
/// without a backtick of its own.
fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(MAX_QUOTED).map(plain).collect();
    if text.chars().nth(MAX_QUOTED).is_some() {
        quoted.push('…');
    }
    quoted
}

fn plain(char: char) -> char {
    match char {
        '`' => '\'',
        char if char.is_control() => ' ',
        char => char,
    }
}
