//! Templates as people write them, and as they break them.

mod effective;
mod helpers;
mod hostile;
mod meaning;
mod properties;
mod strict;
mod wrong;

use serde_json::{Value, json};

use super::*;
use crate::prompt::document::{Attachment, Entry, Eval, Message, Origin};

/// A text at line 10, column 5 of a file, as a block scalar.
fn text(value: &str) -> Text {
    Text {
        value: value.to_owned(),
        origin: Origin {
            path: "messages[0].content".to_owned(),
            start: Span::point(9, 14),
            block: Some((10, 4)),
        },
    }
}

/// A document with these texts as messages.
fn document(texts: &[&str], schema: Option<Value>) -> Document {
    let messages = texts.iter().map(|value| {
        Entry::Message(Message {
            role: Role::User,
            parts: vec![Part::Text(text(value))],
            is_plain: true,
        })
    });
    Document {
        title: None,
        description: None,
        version: None,
        digest: None,
        category: None,
        tags: Vec::new(),
        archived: false,
        model: None,
        parameters: Object::new(),
        input_schema: schema,
        response_format: None,
        json_schema: None,
        messages: messages.collect(),
        test_data: Vec::new(),
        datasets: Vec::new(),
        eval: Eval::default(),
        evaluators: Vec::new(),
        extra_body: Object::new(),
        openai: None,
        source: None,
        written: Default::default(),
        warnings: Vec::new(),
    }
}

/// Partials by name; the file of `tone` is `prompts/_tone.hbs`.
fn partials(list: &[(&str, &str)]) -> Partials {
    let partial = |(name, text): &(&str, &str)| {
        let path = format!("prompts/_{name}.hbs");
        let text = (*text).to_owned();
        ((*name).to_owned(), Partial { text, path })
    };
    list.iter().map(partial).collect()
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not a map"),
    }
}

/// How a finding reads: where, what, and what to do.
fn shown(finding: &Finding) -> String {
    let place = finding.location().unwrap_or_default();
    let help = finding
        .help
        .as_deref()
        .map(crate::output::words::words)
        .unwrap_or_default();
    format!("{} {place}: {}\n  {help}", finding.code, finding.message)
}

fn compile_with(
    template: &str,
    schema: Option<Value>,
    list: &[(&str, &str)],
) -> Result<Compiled, String> {
    Compiled::new(&document(&[template], schema), &partials(list))
        .map_err(|findings| findings.iter().map(shown).collect::<Vec<_>>().join("\n"))
}

fn compile(template: &str) -> Result<Compiled, String> {
    compile_with(template, None, &[])
}

fn render_all(
    template: &str,
    schema: Option<Value>,
    list: &[(&str, &str)],
    values: Value,
) -> Result<String, String> {
    let compiled = compile_with(template, schema, list)?;
    let messages = compiled
        .render(&object(values))
        .map_err(|finding| shown(&finding))?;
    Ok(messages[0].text())
}

/// What a template becomes with these values.
fn render(template: &str, values: Value) -> Result<String, String> {
    render_all(template, None, &[], values)
}

/// The message and the help that a template with these values gives.
fn error(template: &str, values: Value) -> String {
    match render(template, values) {
        Ok(text) => panic!("{template} rendered to {text:?}"),
        Err(error) => error,
    }
}
