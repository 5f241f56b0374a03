//! Compiling all texts of a document, each with where it comes from.

use std::collections::BTreeMap;

use super::scan::{Inclusion, inclusions};
use super::tree::Body;
use super::{
    CompiledAttachment, CompiledEntry, CompiledMessage, CompiledPart, Partials, compile, texts,
};
use crate::prompt::document::{Attachment, Document, Entry, Message, Origin, Part, Text};
use crate::prompt::finding::{Finding, Span};
use crate::prompt::rendered::RenderedAttachment;

/// Where a template comes from.
#[derive(Debug)]
pub(super) enum Source {
    Text(Origin),
    Partial(String),
}

impl Source {
    /// The file, if it is not the prompt's own, and the place in it of a place in the template.
    pub(super) fn locate(&self, at: Span) -> (Option<&str>, Span) {
        match self {
            Self::Text(origin) => (None, origin.locate(at)),
            Self::Partial(path) => (Some(path), at),
        }
    }

    /// The finding with its place in the file instead of that in the template.
    pub(super) fn with_span(&self, mut finding: Finding) -> Finding {
        let (path, position) = match finding.span {
            Some(at) => {
                let (path, position) = self.locate(at);
                (path, Some(position))
            }
            None => match self {
                Self::Text(origin) => (None, Some(origin.start)),
                Self::Partial(path) => (Some(path.as_str()), None),
            },
        };
        finding.span = position;
        finding.path = path.map(str::to_owned);
        finding
    }
}

/// Parses texts and collects what is wrong with them.
#[derive(Default)]
pub(super) struct Compiler {
    pub(super) sources: Vec<Source>,
    pub(super) findings: Vec<Finding>,
    /// Whether the parser is asked only where nothing else can tell.
    pub(super) is_outline: bool,
}

impl Compiler {
    fn compile(&mut self, text: &str, source: Source) -> Body {
        let (body, findings) = compile::compile(text, self.sources.len(), &source, self.is_outline);
        self.findings.extend(
            findings
                .into_iter()
                .map(|finding| source.with_span(finding)),
        );
        self.sources.push(source);
        body
    }

    fn text(&mut self, text: &Text) -> Body {
        self.compile(&text.value, Source::Text(text.origin.clone()))
    }

    fn attachment(&mut self, attachment: &Attachment) -> CompiledAttachment {
        CompiledAttachment {
            body: self.text(attachment.text()),
            make: match attachment {
                Attachment::Url(_) => RenderedAttachment::Url,
                Attachment::Path(_) => RenderedAttachment::Path,
                Attachment::FileId(_) => RenderedAttachment::FileId,
            },
        }
    }

    pub(super) fn entry(&mut self, entry: &Entry) -> CompiledEntry {
        match entry {
            Entry::Message(message) => CompiledEntry::Message(self.message(message)),
            Entry::Placeholder(variable) => CompiledEntry::Placeholder(variable.clone()),
        }
    }

    fn message(&mut self, message: &Message) -> CompiledMessage {
        CompiledMessage {
            role: message.role,
            is_plain: message.is_plain,
            parts: message.parts.iter().map(|part| self.part(part)).collect(),
        }
    }

    fn part(&mut self, part: &Part) -> CompiledPart {
        match part {
            Part::Text(text) => CompiledPart::Text(self.text(text)),
            Part::Image { source, detail } => {
                CompiledPart::Image(self.attachment(source), detail.clone())
            }
            Part::File { source, filename } => {
                let source = self.attachment(source);
                CompiledPart::File(source, filename.as_ref().map(|name| self.text(name)))
            }
        }
    }

    /// The partials that the document reaches; the others are not looked at.
    pub(super) fn partials(
        &mut self,
        document: &Document,
        partials: &Partials,
    ) -> BTreeMap<String, Body> {
        let mut bodies = BTreeMap::new();
        let mut wanted: Vec<Inclusion> = texts(document)
            .flat_map(|text| inclusions(&text.value))
            .collect();
        while let Some(Inclusion { name, .. }) = wanted.pop() {
            let Some(partial) = partials.get(&name).filter(|_| !bodies.contains_key(&name)) else {
                continue;
            };
            let body = self.compile(&partial.text, Source::Partial(partial.path.clone()));
            wanted.extend(inclusions(&partial.text));
            bodies.insert(name, body);
        }
        bodies
    }
}
