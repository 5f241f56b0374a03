//! `messages:` and the parts of their contents.

use super::super::code;
use super::super::name::nearest;
use super::keys::{MESSAGE, PART};
use super::node::{Key, Kind, Node};
use super::reader::{Field, Fields, Reader};
use super::{Attachment, Entry, Finding, Message, Part, Role, Span};

const ROLES: [Role; 4] = [Role::System, Role::Developer, Role::User, Role::Assistant];

const PART_HELP: &str = "a part is {type: text, text: …}, {type: image, url|path|fileId: …} or \
                         {type: file, url|path|fileId: …}";

const PLACEHOLDER_HELP: &str =
    "name a variable that is a list of messages, as in `- placeholder: history`";

impl Reader<'_> {
    /// The messages of the file and its placeholders for others, at least one message.
    pub(super) fn messages(&mut self, field: Option<&Field<'_>>) -> Vec<Entry> {
        let Some(field) = field else {
            let is_slip = |finding: &Finding| {
                finding.code == code::MISSPELT_KEY && finding.subject.as_deref() == Some("messages")
            };
            if self.findings.iter().any(is_slip) {
                return Vec::new();
            }
            let help = "write `messages:` with a `role` and a `content` for each";
            let at = Span::point(1, 1);
            self.error(
                code::NO_MESSAGES,
                at,
                "the prompt has no messages".into(),
                help,
            );
            return Vec::new();
        };
        let items = self.list(field);
        if items.is_empty() && matches!(field.node.kind, Kind::List(_)) {
            let help = "write a `role` and a `content` for each message";
            self.error(
                code::NO_MESSAGES,
                field.span(),
                "`messages` is empty".into(),
                help,
            );
        }
        let entries: Vec<Entry> = items.iter().filter_map(|item| self.entry(item)).collect();
        let is_placeholder = |entry: &Entry| entry.placeholder().is_some();
        if !entries.is_empty() && entries.len() == items.len() && entries.iter().all(is_placeholder)
        {
            let message = "`messages` holds placeholders alone: without a value nothing is left";
            let help = "write a message of the prompt's own, such as what the model is to do";
            self.error(code::NO_MESSAGES, field.span(), message.into(), help);
        }
        entries
    }

    fn entry(&mut self, item: &Field<'_>) -> Option<Entry> {
        if matches!(item.node.kind, Kind::Null) {
            self.wrong_type(item, "a map with `role` and `content`");
            return None;
        }
        let entries = self.map(item)?;
        let fields = self.fields(Some(item), entries, MESSAGE);
        let is_placeholder = |(key, _): &&(Key, Node)| key.text == "placeholder";
        if let Some((key, node)) = entries.iter().find(is_placeholder) {
            return self.placeholder(&item.child(key, node), &fields);
        }
        let role = self.role(item, fields.get("role"));
        let content = fields.get("content");
        if content.is_none() {
            let message = format!("`{}` has no `content`", item.path);
            let help = "write the text; an empty one is `content: \"\"`";
            self.error(code::NO_MESSAGES, item.span(), message, help);
        }
        let (parts, is_plain) = self.content(content?)?;
        Some(Entry::Message(Message {
            role: role?,
            parts,
            is_plain,
        }))
    }

    /// An entry that a variable fills: it has no role and no text of its own.
    fn placeholder(&mut self, field: &Field<'_>, fields: &Fields<'_>) -> Option<Entry> {
        for key in ["role", "content"] {
            if let Some(other) = fields.get(key) {
                let message = format!(
                    "`{}` stands beside `placeholder`: the messages of the variable bring their own",
                    other.path
                );
                let help = "remove it, or write a message of its own";
                self.error(code::BAD_PLACEHOLDER, other.span(), message, help);
            }
        }
        let name = match field.node.kind {
            Kind::Null => None,
            _ => Some(self.located_text(field)?),
        };
        let Some(name) = name.filter(|name| is_variable(&name.value)) else {
            let message = format!("`{}` does not name a variable", field.path);
            self.error(
                code::BAD_PLACEHOLDER,
                field.span(),
                message,
                PLACEHOLDER_HELP,
            );
            return None;
        };
        Some(Entry::Placeholder(name))
    }

    fn role(&mut self, item: &Field<'_>, field: Option<&Field<'_>>) -> Option<Role> {
        let help = "roles are system, developer, user and assistant";
        let Some(field) = field else {
            let message = format!("`{}` has no `role`", item.path);
            self.error(code::BAD_ROLE, item.span(), message, help);
            return None;
        };
        let text = self.text(field)?;
        let role = ROLES.into_iter().find(|role| role.as_str() == text);
        if role.is_none() {
            let meant = nearest(&text, ROLES.map(Role::as_str))
                .map_or(String::new(), |role| format!("; `{role}` is meant"));
            let message = format!("`{text}` is not a role{meant}");
            self.error(code::BAD_ROLE, field.span(), message, help);
        }
        role
    }

    /// The parts of a content, and whether it is a plain text.
    fn content(&mut self, field: &Field<'_>) -> Option<(Vec<Part>, bool)> {
        match field.node.kind {
            Kind::List(_) => {
                let items = self.list(field);
                if items.is_empty() {
                    let message = format!("`{}` is an empty list", field.path);
                    self.error(code::NO_MESSAGES, field.span(), message, PART_HELP);
                }
                Some((
                    items.iter().filter_map(|item| self.part(item)).collect(),
                    false,
                ))
            }
            Kind::Map(_) => {
                self.wrong_type(field, "a text or a list of parts");
                None
            }
            _ => Some((vec![Part::Text(self.located_text(field)?)], true)),
        }
    }

    fn part(&mut self, item: &Field<'_>) -> Option<Part> {
        if matches!(item.node.kind, Kind::Text(_)) {
            return self.located_text(item).map(Part::Text);
        }
        let Kind::Map(entries) = &item.node.kind else {
            let message = format!("`{}` is not a part", item.path);
            self.error(code::BAD_PART, item.span(), message, PART_HELP);
            return None;
        };
        let fields = self.fields(Some(item), entries, PART);
        let kind = fields.get("type").and_then(|field| self.text(field));
        match kind.as_deref() {
            Some("text" | "input_text" | "output_text") => match fields.get("text") {
                Some(text) => self.located_text(text).map(Part::Text),
                None => self.bad_part(item, "has no `text`"),
            },
            Some("image" | "image_url" | "input_image") => self.image(item, &fields),
            Some("file" | "input_file") => self.file(item, &fields),
            Some(other) => self.bad_part(item, &format!("has the unknown type `{other}`")),
            None => self.bad_part(item, "has no `type`"),
        }
    }

    fn image(&mut self, item: &Field<'_>, fields: &Fields<'_>) -> Option<Part> {
        // The Chat Completions API writes `image_url: {url: …, detail: …}`.
        let nested = self.nested(fields.get("url"));
        let fields = nested.as_ref().unwrap_or(fields);
        let source = self.attachment(item, fields);
        let detail = fields.get("detail").and_then(|field| self.text(field));
        Some(Part::Image {
            source: source?,
            detail,
        })
    }

    fn file(&mut self, item: &Field<'_>, fields: &Fields<'_>) -> Option<Part> {
        // The Chat Completions API writes `file: {file_id: …, filename: …}`.
        let nested = self.nested(fields.get("file"));
        let fields = nested.as_ref().unwrap_or(fields);
        let source = self.attachment(item, fields);
        let filename = fields
            .get("filename")
            .and_then(|field| self.located_text(field));
        Some(Part::File {
            source: source?,
            filename,
        })
    }

    fn nested<'n>(&mut self, field: Option<&Field<'n>>) -> Option<Fields<'n>> {
        let field = field?;
        match &field.node.kind {
            Kind::Map(entries) => Some(self.fields(Some(field), entries, PART)),
            _ => None,
        }
    }

    fn attachment(&mut self, item: &Field<'_>, fields: &Fields<'_>) -> Option<Attachment> {
        let given: Vec<_> = ["url", "path", "fileId"]
            .into_iter()
            .filter_map(|key| Some((key, fields.get(key)?)))
            .collect();
        let [(key, field)] = given.as_slice() else {
            let count = if given.is_empty() {
                "none"
            } else {
                "more than one"
            };
            return self.bad_part(
                item,
                &format!("wants one of url, path and fileId, it has {count}"),
            );
        };
        let text = self.located_text(field)?;
        Some(match *key {
            "url" => Attachment::Url(text),
            "path" => Attachment::Path(text),
            _ => Attachment::FileId(text),
        })
    }

    fn bad_part<T>(&mut self, item: &Field<'_>, what: &str) -> Option<T> {
        let message = format!("`{}` {what}", item.path);
        self.error(code::BAD_PART, item.span(), message, PART_HELP);
        None
    }
}

/// Whether a text names a variable, so that a template could ask for it too.
fn is_variable(text: &str) -> bool {
    let is_first = |first: char| first.is_alphabetic() || first == '_';
    let is_next = |next: char| next.is_alphanumeric() || matches!(next, '_' | '-');
    text.starts_with(is_first) && text.chars().all(is_next)
}
