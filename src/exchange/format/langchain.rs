//! LangChain: `_type: prompt` files, and what `dumps` and LangSmith write.

mod few_shot;
mod model;
mod sent;

use serde_json::{Map, Value, json};

use super::draft::{Draft, refused};
use super::langfuse::role_of;
use super::{Foreign, Source, json};
use crate::exchange::dialect::{Dialect, Known, is_name};
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// How deep constructors may nest.
const MAX_DEPTH: usize = 30;

pub(super) fn read(source: &Source<'_>) -> Result<Foreign, Finding> {
    let located = match source
        .text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{')
    {
        true => json::read(source.text)?,
        false => parse_located(source.text)?,
    };
    let mut reader = Reader {
        located: &located,
        draft: Draft {
            is_text_only: true,
            ..Draft::new(source)
        },
        partials: Map::new(),
        known: Known::default(),
        source,
        depth: 0,
    };
    let top = &located.value;
    let sent = top.as_object().filter(|it| it.contains_key("manifest"));
    let own = sent.and_then(|it| sent::name(it, &mut reader.draft, |key| located.place(key)));
    let name = own.unwrap_or_else(|| source.stem.to_owned());
    let (value, path) = match sent {
        Some(sent) => (&sent["manifest"], "manifest"),
        None => (top, ""),
    };
    reader.object(value, path)?;
    let Reader {
        mut draft,
        partials,
        ..
    } = reader;
    for (name, value) in partials {
        if is_name(&name) {
            draft.property(&name)["default"] = value;
        }
    }
    let inner = value.get("kwargs").unwrap_or(value);
    let inner = inner.pointer("/first/kwargs").unwrap_or(inner);
    let block = inner.get("metadata").and_then(|it| it.get("promptctl"));
    draft.keep_block(block, None);
    if draft.messages.is_empty() {
        return Err(refused(
            Some(Span::point(1, 1)),
            "it holds no template",
            "name a prompt of LangChain's, as `dumps` writes it",
        ));
    }
    let foreign = draft.finish(name)?;
    Ok(match sent {
        Some(sent) => foreign.made_there(sent, sent::MADE, |key| located.place(key)),
        None => foreign,
    })
}

struct Reader<'r> {
    located: &'r Located,
    draft: Draft,
    /// `partial_variables`.
    partials: Map<String, Value>,
    known: Known,
    source: &'r Source<'r>,
    depth: usize,
}

fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

impl Reader<'_> {
    fn object(&mut self, value: &Value, path: &str) -> Result<(), Finding> {
        self.depth += 1;
        let at = self.located.place(path);
        if self.depth > MAX_DEPTH {
            return Err(refused(at, "it nests too deeply", "name the prompt alone"));
        }
        if value.get("type").and_then(Value::as_str) == Some("not_implemented") {
            let what = value.get("name").and_then(Value::as_str).unwrap_or("-");
            return Err(refused(
                at,
                format!("LangChain could not write {what} down: the file holds no template"),
                "write the prompt as messages, and dump it again",
            ));
        }
        let class = value
            .get("id")
            .and_then(Value::as_array)
            .and_then(|id| id.last()?.as_str());
        let (kwargs, inner) = match class {
            Some(_) => self.constructor(value, path),
            None => (value, path.to_owned()),
        };
        let own = value.get("_type").and_then(Value::as_str);
        if let Some(map) = kwargs.as_object() {
            self.keys(map, &inner);
        }
        if let Some(Value::Object(partials)) = kwargs.get("partial_variables") {
            for (name, value) in partials {
                match value {
                    Value::Object(map) if map.contains_key("lc") => {
                        self.draft.lose(
                            code::SOURCE_DROPPED,
                            at,
                            format!("the value of `{name}` is a program or a secret: left out"),
                        );
                    }
                    value => {
                        self.partials.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        if let Some(Value::Array(names)) = kwargs.get("input_variables")
            && self.known.variables.is_none()
        {
            let names = names
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned));
            self.known.variables = Some(names.collect());
        }
        let done = match class.or(own) {
            Some("RunnableSequence") => self.sequence(kwargs, &inner),
            Some("StructuredPrompt") => {
                if let Some(schema @ Value::Object(_)) =
                    kwargs.get("schema_").or_else(|| kwargs.get("schema"))
                {
                    let title = schema
                        .get("title")
                        .and_then(Value::as_str)
                        .unwrap_or("output");
                    self.draft.output(title, schema.clone(), false);
                }
                self.chat(kwargs, &inner)
            }
            Some("ChatPromptTemplate" | "chat") => self.chat(kwargs, &inner),
            Some("PromptTemplate" | "prompt") => {
                let text = self.template(kwargs, &inner)?;
                self.draft.message("user", text);
                Ok(())
            }
            Some("few_shot" | "FewShotPromptTemplate") => self.few_shot(kwargs, &inner),
            None if kwargs.get("template").is_some() => {
                let text = self.template(kwargs, &inner)?;
                self.draft.message("user", text);
                Ok(())
            }
            None if kwargs.get("messages").is_some() => self.chat(kwargs, &inner),
            other => Err(refused(
                at,
                format!("`{}` is no prompt that is known here", other.unwrap_or("-")),
                "prompts are PromptTemplate, ChatPromptTemplate and StructuredPrompt",
            )),
        };
        if kwargs
            .get("output_parser")
            .is_some_and(|parser| !parser.is_null())
        {
            self.draft.note(
                code::SOURCE_DROPPED,
                self.located.place(&below(&inner, "output_parser")),
                "`output_parser` is a program: left out",
            );
        }
        self.depth -= 1;
        done
    }

    /// What a constructor is given, and where that stands; a plain map is given itself.
    fn constructor<'v>(&mut self, value: &'v Value, path: &str) -> (&'v Value, String) {
        let (Some(kwargs), Some(map)) = (value.get("kwargs"), value.as_object()) else {
            return (value, path.to_owned());
        };
        let known: (&[&str], &[&str]) =
            (&["lc", "type", "id", "kwargs", "_type"], &["name", "graph"]);
        let located = self.located;
        self.draft.leave_out(map, known, "a constructor", |key| {
            located.place(&below(path, key))
        });
        (kwargs, below(path, "kwargs"))
    }

    /// Names the keys of a prompt that have no counterpart here, and takes its tags.
    fn keys(&mut self, map: &Map<String, Value>, path: &str) {
        const KNOWN: [&str; 22] = [
            "_type",
            "template",
            "template_format",
            "template_path",
            "messages",
            "input_variables",
            "partial_variables",
            "output_parser",
            "schema_",
            "schema",
            "examples",
            "example_prompt",
            "example_separator",
            "prefix",
            "suffix",
            "first",
            "last",
            "middle",
            "tags",
            "metadata",
            "lc",
            "id",
        ];
        // What its own checks and graphs need.
        const NOTED: [&str; 9] = [
            "optional_variables",
            "input_types",
            "validate_template",
            "name",
            "type",
            "graph",
            "lc_hub_repo",
            "lc_hub_owner",
            "lc_hub_commit_hash",
        ];
        let located = self.located;
        let place = |key: &str| located.place(&below(path, key));
        self.draft.leave_out(map, (&KNOWN, &NOTED), "", place);
        if let Some(tags) = map.get("tags") {
            self.draft.take_tags(tags, place("tags"));
        }
        match map.get("metadata") {
            Some(Value::Object(more)) => {
                let of = "the metadata";
                self.draft
                    .leave_out(more, (&["promptctl"], &NOTED), of, |_| place("metadata"));
            }
            Some(Value::Null) | None => {}
            Some(_) => self.draft.lose(
                code::SOURCE_DROPPED,
                place("metadata"),
                "`metadata` is no map: left out",
            ),
        }
    }

    fn chat(&mut self, kwargs: &Value, path: &str) -> Result<(), Finding> {
        let path = below(path, "messages");
        for (index, message) in kwargs
            .get("messages")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let path = format!("{path}[{index}]");
            let at = self.located.place(&path);
            let class = message
                .get("id")
                .and_then(Value::as_array)
                .and_then(|id| id.last()?.as_str())
                .unwrap_or_default();
            let (kwargs, inner) = self.constructor(message, &path);
            if let Some(map) = kwargs.as_object() {
                let empty = |value: &Value| {
                    value.as_object().is_some_and(Map::is_empty)
                        || value.as_array().is_some_and(Vec::is_empty)
                };
                let full: Map<String, Value> = map
                    .iter()
                    .filter(|(_, value)| !empty(value))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                let known = [
                    "prompt",
                    "content",
                    "role",
                    "type",
                    "variable_name",
                    "n_messages",
                    "optional",
                ];
                let noted = ["input_variables", "example"];
                self.draft
                    .leave_out(&full, (&known, &noted), "a message", |_| at);
            }
            if class == "MessagesPlaceholder" {
                let name = kwargs
                    .get("variable_name")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                if !is_name(name) {
                    return Err(refused(
                        at,
                        format!("a placeholder cannot be named `{name}` here"),
                        "names are letters, digits and `_`",
                    ));
                }
                self.draft.placeholder(name);
                if kwargs.get("n_messages").is_some_and(|it| !it.is_null()) {
                    self.draft.lose(code::SOURCE_DROPPED, at, format!("only the last messages of `{name}` are taken there: the program has to cut them"));
                }
                continue;
            }
            let role = match class {
                "SystemMessagePromptTemplate" | "SystemMessage" => "system",
                "HumanMessagePromptTemplate" | "HumanMessage" => "user",
                "AIMessagePromptTemplate" | "AIMessage" => "assistant",
                _ => {
                    let name = kwargs
                        .get("role")
                        .or_else(|| kwargs.get("type"))
                        .and_then(Value::as_str)
                        .unwrap_or(class);
                    role_of(name).ok_or_else(|| {
                        refused(
                            at,
                            format!("a message of the kind `{name}` has no counterpart here"),
                            "roles are system, developer, user and assistant",
                        )
                    })?
                }
            };
            match (kwargs.get("prompt"), kwargs.get("content")) {
                (Some(Value::Array(parts)), _) => {
                    let mut all = Vec::new();
                    for (nth, part) in parts.iter().enumerate() {
                        let path = format!("{}[{nth}]", below(&inner, "prompt"));
                        let (kwargs, path) = self.constructor(part, &path);
                        self.inner_keys(kwargs, &path);
                        all.push(self.part(kwargs, &path)?);
                    }
                    self.draft.message(role, Value::Array(all));
                }
                (Some(prompt), _) => {
                    let (kwargs, path) = self.constructor(prompt, &below(&inner, "prompt"));
                    self.inner_keys(kwargs, &path);
                    let text = self.template(kwargs, &path)?;
                    self.draft.message(role, text);
                }
                // A message that is no template is text.
                (None, Some(Value::String(text))) => {
                    let text =
                        self.draft
                            .template(Dialect::Plain, text, &Known::default(), |_| at)?;
                    self.draft.message(role, text);
                }
                _ => {
                    return Err(refused(
                        at,
                        "the content of a message is no text",
                        "write it as text",
                    ));
                }
            }
        }
        Ok(())
    }

    /// Names what a template of a message is given that has no counterpart here.
    fn inner_keys(&mut self, kwargs: &Value, path: &str) {
        if let Some(map) = kwargs.as_object() {
            let known = [
                "_type",
                "template",
                "template_format",
                "template_path",
                "input_variables",
            ];
            let noted = [
                "validate_template",
                "input_types",
                "optional_variables",
                "name",
            ];
            let full = |value: &Value| *value != json!({}) && *value != json!([]);
            let map: Map<String, Value> = map
                .iter()
                .filter(|(_, value)| full(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            let at = self.located.place(path);
            self.draft
                .leave_out(&map, (&known, &noted), "a template", |_| at);
        }
    }

    fn part(&mut self, kwargs: &Value, path: &str) -> Result<Value, Finding> {
        let Some(Value::Object(image)) = kwargs.get("template") else {
            let text = self.template(kwargs, path)?;
            return Ok(json!({ "type": "text", "text": text }));
        };
        let at = self.located.place(path);
        self.draft
            .leave_out(image, (&["url", "detail"], &[]), "a picture", |_| at);
        let Some(Value::String(url)) = image.get("url") else {
            return Err(refused(
                at,
                "a picture without an address",
                "give it a `url`",
            ));
        };
        let url = self.text(url, kwargs, &below(&below(path, "template"), "url"))?;
        let mut part = self.draft.picture(url, at);
        if let Some(detail) = image.get("detail") {
            part["detail"] = detail.clone();
        }
        Ok(part)
    }

    fn template(&mut self, kwargs: &Value, path: &str) -> Result<String, Finding> {
        let at = self.located.place(path);
        match kwargs.get("template") {
            Some(Value::String(text)) => self.text(text, kwargs, &below(path, "template")),
            _ => match kwargs.get("template_path").and_then(Value::as_str) {
                Some(file) => {
                    let text = (self.source.beside)(file).map_err(|why| {
                        refused(
                            at,
                            format!("{file} could not be read: {why}"),
                            "it is looked for beside the file",
                        )
                    })?;
                    self.text(&text, kwargs, "")
                }
                None => Err(refused(
                    at,
                    "it has no `template`",
                    "name a prompt of LangChain's",
                )),
            },
        }
    }

    fn text(&mut self, text: &str, kwargs: &Value, path: &str) -> Result<String, Finding> {
        let format = kwargs.get("template_format").filter(|it| !it.is_null());
        let dialect = match format.map(|it| it.as_str().unwrap_or_default()) {
            None | Some("f-string") => Dialect::FString,
            Some("mustache") => Dialect::Mustache,
            Some("jinja2") => Dialect::Jinja,
            Some(_) => {
                let other = format.map(Value::to_string).unwrap_or_default();
                return Err(refused(
                    self.located.place(path),
                    format!("templates of the kind {other} are not known here"),
                    "kinds are f-string, mustache and jinja2",
                ));
            }
        };
        if dialect != Dialect::FString {
            self.draft.is_text_only = false;
        }
        let located = self.located;
        self.draft.template(dialect, text, &self.known, |part| {
            located.place_in(path, part)
        })
    }
}
