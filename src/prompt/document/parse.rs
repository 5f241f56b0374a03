//! From YAML to the model.

use std::fmt;

use super::super::code;
use super::keys::TOP;
use super::node::{Key, Kind, Node, to_object};
use super::reader::{Field, Fields, Reader};
use super::written::Written;
use super::yaml::{Tree, parse_tree};
use super::{Document, Finding, Object, ResponseFormat, Span, Version};
use crate::prompt::hint::Hint;

/// Reads a prompt file.
///
/// # Errors
/// Everything that keeps the file from being used, each with its place, and its warnings.
pub fn parse(text: &str) -> Result<Document, Vec<Finding>> {
    let Tree {
        root,
        has_unknown_tags,
    } = parse_tree(text).map_err(|finding| vec![conflict(text).unwrap_or(finding)])?;
    let Kind::Map(entries) = root.kind else {
        return Err(vec![not_a_map(&root)]);
    };
    let mut reader = Reader {
        source: text,
        findings: Vec::new(),
    };
    for (key, node) in &entries {
        if !matches!(key.text.as_str(), "version" | "digest") {
            reader.check_odd(&Trail::Top(&key.text), node);
        }
        if has_unknown_tags {
            reader.check_tags(node);
        }
    }
    let mut document = reader.document(&entries);
    reader.findings.sort_by_key(|finding| finding.span);
    if reader.findings.iter().any(Finding::is_error) {
        return Err(reader.findings);
    }
    document.warnings = reader.findings;
    document.written = Written::new(entries);
    Ok(document)
}

/// The mark of a conflict that git left, in a text that is therefore no YAML.
fn conflict(text: &str) -> Option<Finding> {
    let is_mark = |line: &str| line.starts_with("<<<<<<< ");
    let line = text.lines().position(is_mark)? + 1;
    let found = Finding::error(code::YAML_SYNTAX, "git marked a conflict here");
    Some(
        found
            .at(Span::whole_line(text, line))
            .help("keep what is right of both sides and remove the three marks"),
    )
}

fn not_a_map(root: &Node) -> Finding {
    let help = "write at least `messages:` with a `role` and a `content` for each";
    match root.kind {
        Kind::Text(_) => Finding::error(code::WRONG_TYPE, "a prompt file is a map, this is text")
            .at(root.at)
            .help(Hint::TextAlone),
        Kind::Null => Finding::error(code::NO_MESSAGES, "the file is empty").help(help),
        _ => Finding::error(
            code::WRONG_TYPE,
            format!("a prompt file is a map, this is {}", root.noun()),
        )
        .at(root.at)
        .help(help),
    }
}

impl Reader<'_> {
    fn document(&mut self, entries: &[(Key, Node)]) -> Document {
        let fields = self.fields(None, entries, TOP);
        let mut document = Document {
            title: self.optional_text(&fields, "name"),
            description: self.optional_text(&fields, "description"),
            version: fields.get("version").and_then(|field| self.version(field)),
            digest: fields.get("digest").and_then(|field| self.digest(field)),
            category: self.optional_text(&fields, "category"),
            tags: fields
                .get("tags")
                .map(|field| self.tags(field))
                .unwrap_or_default(),
            archived: fields
                .get("archived")
                .is_some_and(|field| self.archived(field)),
            model: self
                .optional_text(&fields, "model")
                .filter(|model| !model.is_empty()),
            parameters: fields
                .get("modelParameters")
                .map(|field| self.parameters(field))
                .unwrap_or_default(),
            input_schema: fields
                .get("input")
                .and_then(|field| self.input_schema(field)),
            response_format: fields
                .get("responseFormat")
                .and_then(|field| self.response_format(field)),
            json_schema: fields
                .get("jsonSchema")
                .and_then(|field| self.json_schema(field)),
            messages: self.messages(fields.get("messages")),
            test_data: self.objects(fields.get("testData")),
            datasets: self.datasets(fields.get("datasets")),
            evaluators: self.objects(fields.get("evaluators")),
            eval: fields
                .get("eval")
                .map(|field| self.eval(field))
                .unwrap_or_default(),
            extra_body: self.extra_body(fields.get("extraBody")),
            openai: fields
                .get("openai")
                .and_then(|field| self.stored_prompt(field)),
            source: fields.get("source").and_then(|field| self.source(field)),
            written: Written::default(),
            warnings: Vec::new(),
        };
        self.check_format(&fields, &mut document);
        document
    }

    fn optional_text(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        fields.get(key).and_then(|field| self.text(field))
    }

    /// A positive whole number, written plainly.
    fn version(&mut self, field: &Field<'_>) -> Option<Version> {
        let raw = field.node.raw(self.source);
        let plain = raw.bytes().all(|byte| byte.is_ascii_digit()) && !raw.starts_with('0');
        let version = match field.node.kind {
            Kind::Number(_) if plain => raw.parse().ok().and_then(Version::new),
            _ => None,
        };
        if version.is_none() {
            let shown: String = raw
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(40)
                .collect();
            let message = format!("`version: {shown}` is not a positive whole number");
            let help = match field.node.kind {
                Kind::Text(_) => "write it without quotes and letters, as in `version: 3`".into(),
                _ => Hint::RaiseVersion,
            };
            self.error(code::BAD_VERSION_LINE, field.span(), message, help);
        }
        version
    }

    fn digest(&mut self, field: &Field<'_>) -> Option<String> {
        let digest = self.text(field)?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digest.len() == 12 && digest.bytes().all(is_hex) {
            return Some(digest);
        }
        let message = "`digest` is not 12 hexadecimal digits".to_owned();
        self.error(
            code::BAD_DIGEST_LINE,
            field.span(),
            message,
            Hint::WriteDigest,
        );
        None
    }

    /// A list of texts, or one text.
    fn tags(&mut self, field: &Field<'_>) -> Vec<String> {
        match field.node.kind {
            Kind::List(_) => {
                let items = self.list(field);
                items.iter().filter_map(|item| self.text(item)).collect()
            }
            Kind::Map(_) => {
                self.wrong_type(field, "a list of texts");
                Vec::new()
            }
            _ => self
                .text(field)
                .filter(|tag| !tag.is_empty())
                .into_iter()
                .collect(),
        }
    }

    fn archived(&mut self, field: &Field<'_>) -> bool {
        let Kind::Bool(archived) = field.node.kind else {
            self.wrong_type(field, "true or false");
            return false;
        };
        archived
    }

    /// A list of maps.
    fn objects(&mut self, field: Option<&Field<'_>>) -> Vec<Object> {
        let Some(field) = field else {
            return Vec::new();
        };
        let mut objects = Vec::new();
        for item in self.list(field) {
            match &item.node.kind {
                Kind::Map(entries) => objects.push(to_object(entries)),
                _ => self.wrong_type(&item, "a map"),
            }
        }
        objects
    }

    fn extra_body(&mut self, field: Option<&Field<'_>>) -> Object {
        field
            .and_then(|field| self.map(field))
            .map(to_object)
            .unwrap_or_default()
    }

    /// Warns where the answer is asked for in a schema that the file does not have.
    fn check_format(&mut self, fields: &Fields<'_>, document: &mut Document) {
        let Some(field) = fields.get("responseFormat") else {
            return;
        };
        if document.response_format == Some(ResponseFormat::JsonSchema)
            && fields.get("jsonSchema").is_none()
        {
            let message = "`responseFormat: json_schema` has no `jsonSchema`".to_owned();
            let help = "write `jsonSchema:` with a name and a schema";
            self.warn(code::BAD_SCHEMA, field.span(), message, help);
        }
    }
}

/// The way from the top of the file to a value, to be named where there is something to say.
enum Trail<'a> {
    Top(&'a str),
    Key(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Reader<'_> {
    /// Warns of numbers that YAML readers disagree about, here and below.
    fn check_odd(&mut self, trail: &Trail<'_>, node: &Node) {
        match &node.kind {
            Kind::Map(entries) => {
                for (key, node) in entries {
                    self.check_odd(&Trail::Key(trail, &key.text), node);
                }
            }
            Kind::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.check_odd(&Trail::Item(trail, index), item);
                }
            }
            Kind::Number(_) | Kind::NotFinite(_) if !node.is_alias => {
                self.check_number(trail, node);
            }
            _ => {}
        }
    }

    /// Warns of a number that YAML readers disagree about.
    fn check_number(&mut self, trail: &Trail<'_>, node: &Node) {
        let raw = node.raw(self.source);
        let digits = raw.trim_start_matches(['+', '-']);
        let is_odd = matches!(node.kind, Kind::NotFinite(_))
            || raw.contains('_')
            || digits.starts_with("0o")
            || digits.starts_with("0b")
            || (digits.starts_with('0')
                && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit))
            || (digits.len() > 18
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && matches!(&node.kind, Kind::Number(number) if number.is_f64()));
        if is_odd {
            let shown = node.to_value();
            let message =
                format!("`{raw}` of `{trail}` is read as {shown}, and differently elsewhere");
            let help = "quote it if it is text, or write the number plainly";
            self.warn(code::AMBIGUOUS_SCALAR, node.at, message, help);
        }
    }

    /// Warns of tags that are ignored, here and below.
    fn check_tags(&mut self, node: &Node) {
        self.check_tag(node);
        match &node.kind {
            Kind::Map(entries) => entries.iter().for_each(|(_, node)| self.check_tags(node)),
            Kind::List(items) => items.iter().for_each(|item| self.check_tags(item)),
            _ => {}
        }
    }

    fn check_tag(&mut self, node: &Node) {
        let before = self.source.get(..node.span.start).unwrap_or_default();
        let tag = before
            .rsplit([' ', '\t', '\n', '\r'])
            .find(|word| !word.is_empty() && !word.starts_with(['|', '>', '&']))
            .filter(|word| word.starts_with('!') && word.len() > 1 && !word.starts_with("!!"));
        let Some(tag) = tag.filter(|_| !node.is_alias) else {
            return;
        };
        let start = before.rfind(tag).unwrap_or_default();
        let at = Span::from_range(before, start..start + tag.len());
        let message = format!("the tag `{tag}` is not known; its value is read as it stands");
        let help = "promptctl includes no other files: use a partial, `{{> name}}`";
        self.warn(code::UNKNOWN_TAG, at, message, help);
    }
}

#[cfg(test)]
mod tests;
