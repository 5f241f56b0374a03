//! The JSON Schema of the prompt file, for editors: completion, hover help and red underlines.
//!
//! It is wider than the parser where a schema cannot say it better: unknown keys are allowed,
//! because files of other tools have them, and the parser warns.

mod cases;

use serde_json::{Map, Value, json};

use self::cases::{case, cases, evaluator};
use super::parameters::{range, words};

/// The JSON Schema (draft 2020-12) of a prompt file, as `prompts/prompt.schema.json` holds it.
pub fn prompt_schema() -> String {
    // Writing a value as text cannot fail.
    let mut text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
    text.push('\n');
    text
}

fn schema() -> Value {
    let mut properties = Map::new();
    for group in [about(), model(), answer(), text(), cases(), request()] {
        properties.extend(group);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Prompt",
        "description": "A prompt for language models: GitHub's `.prompt.yml` with versions, schemas and more. `promptctl validate` checks what a schema cannot.",
        "type": "object",
        "required": ["messages"],
        "properties": properties,
        "additionalProperties": true,
        "$defs": { "part": part(), "evaluator": evaluator(), "case": case() }
    })
}

type Properties = Vec<(String, Value)>;

fn named<const N: usize>(properties: [(&str, Value); N]) -> Properties {
    let owned = properties.into_iter();
    owned.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A value that may be left empty.
fn optional(kind: &str, description: &str) -> Value {
    json!({ "description": description, "type": [kind, "null"] })
}

/// A text of which some values are known, and others may come.
fn open_choice(description: &str, known: &[&str]) -> Value {
    json!({ "description": description, "anyOf": [{ "enum": known }, { "type": ["string", "null"] }] })
}

fn about() -> Properties {
    named([
        (
            "$schema",
            optional("string", "The JSON Schema that editors use for this file."),
        ),
        (
            "name",
            optional(
                "string",
                "A title for people. The prompt's identity is its path below `prompts/`.",
            ),
        ),
        (
            "description",
            optional("string", "What the prompt does, for people."),
        ),
        (
            "version",
            json!({
                "description": "The version's number, written by `promptctl bump`. A file without it is version 1 and not yet numbered.",
                "type": ["integer", "null"],
                "minimum": 1,
            }),
        ),
        (
            "digest",
            json!({
                "description": "The first 12 hexadecimal digits of the content's digest, written with the version by promptctl. Never edited by hand.",
                "type": ["string", "number", "null"],
                "pattern": "^[0-9a-f]{12}$",
            }),
        ),
        (
            "category",
            optional("string", "The group that lists show the prompt in."),
        ),
        (
            "tags",
            json!({
                "description": "Words to find the prompt by.",
                "type": ["array", "string", "null"],
                "items": { "type": ["string", "number", "boolean"] },
            }),
        ),
        (
            "archived",
            optional(
                "boolean",
                "Whether the prompt is out of use: kept, and not released.",
            ),
        ),
    ])
}

fn model() -> Properties {
    let number = |name: &str, description: &str| {
        let (least, most) = range(name).unzip();
        json!({ "description": description, "type": ["number", "null"], "minimum": least, "maximum": most })
    };
    let tokens = json!({
        "description": "The most tokens that the answer may have, reasoning included.",
        "type": ["integer", "null"],
        "minimum": 1,
    });
    let parameters = json!({
        "description": "How the model answers. snake_case names are read too.",
        "type": ["object", "null"],
        "properties": {
            "temperature": number("temperature", "How freely the model chooses its words."),
            "topP": number("topP", "The share of likely words that the model chooses from."),
            "maxTokens": tokens,
            "maxCompletionTokens": tokens,
            "max_tokens": tokens,
            "reasoningEffort": open_choice("How long a reasoning model thinks.", words("reasoningEffort")),
            "verbosity": open_choice("How much the model says.", words("verbosity")),
            "stop": {
                "description": "Texts at which the answer ends, for the Chat Completions API; never sent.",
                "type": ["string", "array", "null"],
                "items": { "type": "string" },
            },
            "seed": optional("integer", "For the Chat Completions API; never sent."),
            "frequencyPenalty": optional("number", "For the Chat Completions API; never sent."),
            "presencePenalty": optional("number", "For the Chat Completions API; never sent."),
        },
        "additionalProperties": true,
    });
    named([
        (
            "model",
            json!({
                "description": "The model, as `provider/model`; without a provider, OpenAI's.",
                "type": ["string", "null"],
                "examples": ["openai/gpt-5-mini"],
            }),
        ),
        ("modelParameters", parameters),
    ])
}

fn answer() -> Properties {
    let wrapped = json!({
        "type": "object",
        "properties": {
            "name": { "description": "The schema's name in the API request.", "type": "string" },
            "description": { "type": "string" },
            "strict": { "description": "Whether the answer must fit exactly.", "type": "boolean" },
            "schema": { "description": "The JSON Schema of the answer.", "type": "object" },
        },
    });
    named([
        (
            "responseFormat",
            json!({
                "description": "What form the answer must have.",
                "enum": ["text", "json_object", "json_schema", null],
            }),
        ),
        (
            "jsonSchema",
            json!({
                "description": "The JSON Schema of the answer, as a map or as a JSON text.",
                "anyOf": [wrapped, { "type": "string" }, { "type": "null" }],
            }),
        ),
    ])
}

fn text() -> Properties {
    let role = json!({
        "description": "Who speaks.",
        "enum": ["system", "developer", "user", "assistant"],
    });
    let content = json!({
        "description": "What is said: a Handlebars template such as `Hello {{name}}`, or a list of parts.",
        "anyOf": [
            { "type": ["string", "number", "boolean"] },
            { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/part" } },
        ],
    });
    named([
        (
            "input",
            json!({
                "description": "What the templates ask for.",
                "type": ["object", "null"],
                "properties": {
                    "schema": {
                        "description": "The JSON Schema of the variables. `default` gives a value to one that is not passed.",
                        "type": ["object", "null"],
                    },
                },
            }),
        ),
        (
            "messages",
            json!({
                "description": "The messages that the model sees, as Handlebars templates.",
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "role": role,
                        "content": content,
                        "placeholder": {
                            "description": "A variable that is a list of {role, content}: its messages stand here.",
                            "type": "string",
                        },
                    },
                    "if": { "required": ["placeholder"] },
                    "then": { "properties": { "role": false, "content": false } },
                    "else": { "required": ["role", "content"] },
                },
            }),
        ),
    ])
}

fn part() -> Value {
    let source = json!([
        { "required": ["url"] },
        { "required": ["image_url"] },
        { "required": ["path"] },
        { "required": ["fileId"] },
        { "required": ["file_id"] },
        { "required": ["file"] },
    ]);
    let attached = |kinds: &[&str]| {
        json!({
            "properties": { "type": { "enum": kinds } },
            "anyOf": source,
        })
    };
    json!({
        "description": "One part of a content: text, an image or a file.",
        "if": { "type": "object" },
        "then": {
            "required": ["type"],
            "properties": {
                "type": { "description": "What the part is: text, image or file." },
                "text": { "description": "A Handlebars template.", "type": ["string", "number", "boolean"] },
                "url": { "description": "Where the image or file is; also a data URL.", "type": "string" },
                "path": { "description": "A file relative to this one, sent with the request.", "type": "string" },
                "fileId": { "description": "A file uploaded to the API.", "type": "string" },
                "detail": open_choice("How closely the model looks.", &["low", "high", "auto"]),
                "filename": { "description": "The name that the model sees.", "type": "string" },
            },
            "anyOf": [
                { "properties": { "type": { "enum": ["text", "input_text", "output_text"] } }, "required": ["text"] },
                attached(&["image", "input_image", "image_url"]),
                attached(&["file", "input_file"]),
            ],
        },
        "else": { "type": "string" },
    })
}

fn request() -> Properties {
    let id = json!({ "description": "The stored prompt's id, `pmpt_` and hexadecimal digits.", "type": ["string", "null"] });
    let version = json!({
        "description": "Its version; OpenAI's current one when left out.",
        "type": ["string", "integer", "null"],
    });
    named([
        (
            "extraBody",
            optional(
                "object",
                "Merged as it stands into the API request: tools, metadata, service_tier, ….",
            ),
        ),
        (
            "openai",
            json!({
                "description": "A stored prompt at OpenAI, while it lasts (until 2026-11-30).",
                "type": ["object", "null"],
                "properties": {
                    "promptId": id,
                    "promptVersion": version,
                    "environments": {
                        "description": "Other ids and versions by environment.",
                        "type": ["object", "null"],
                        "additionalProperties": {
                            "type": ["object", "null"],
                            "properties": { "promptId": id, "promptVersion": version },
                        },
                    },
                },
            }),
        ),
        (
            "source",
            json!({
                "description": "Where the prompt came from, as `promptctl import` wrote it; no part of the content.",
                "type": ["object", "null"],
                "properties": {
                    "format": { "description": "What it was, such as `openai`.", "type": ["string", "null"] },
                    "id": { "description": "Its id there.", "type": ["string", "null"] },
                    "version": version,
                    "versions": { "description": "The versions there that have this content.", "type": ["array", "null"] },
                    "current": version,
                    "project": { "description": "The project that the id belongs to.", "type": ["string", "null"] },
                    "digest": { "description": "The digest of what was imported.", "type": ["string", "null"] },
                    "place": { "description": "The function or the constant in the code, and which prompt in it.", "type": ["string", "null"] },
                },
            }),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::document::{parse, parse_value};
    use super::*;

    const EXAMPLE: &str = r#"
# yaml-language-server: $schema=../prompt.schema.json
name: Support triage                 # a title for people; optional
description: Sorts an incoming ticket and drafts the first reply.
version: 3
digest: 9f3c2a1b77e0                 # written with the version by promptctl
category: support
tags: [tickets]
model: openai/gpt-5-mini             # `provider/model`; without a provider, openai
modelParameters:                     # camelCase as GitHub writes it; snake_case is read too
  maxTokens: 800                     # → max_output_tokens (also maxCompletionTokens)
  reasoningEffort: low               # → reasoning.effort
  verbosity: low                     # → text.verbosity; also temperature, topP, …
input:
  schema:                            # JSON Schema of the variables
    type: object
    required: [ticket]
    properties:
      ticket: {type: string}
      locale: {type: string, default: en}
responseFormat: json_schema          # text | json_object | json_schema
jsonSchema:                          # a map, or GitHub's JSON string
  name: triage
  strict: true
  schema: {type: object, required: [queue], properties: {queue: {enum: [billing, tech]}}, additionalProperties: false}
messages:
  - role: system                     # system | developer | user | assistant
    content: |
      {{> tone}}
      Answer in {{locale}}.
  - role: user
    content: "{{ticket}}"            # a string, or parts: {type: text|image|file, …}
testData:                            # cases kept with the prompt
  - ticket: I was charged twice
    expected: billing
    case: {id: double-charge, tags: [smoke], required: true}
datasets: [datasets/triage.jsonl]    # more cases: .jsonl, .json, .yaml, .csv
evaluators:
  - name: right queue
    string: {contains: "{{expected}}"}
eval: {repeat: 1, minPassRate: 0.95, margin: 0.05, judge: judges/default}
extraBody:                           # merged as it stands into the API request
  store: false
openai:                              # a stored prompt at OpenAI, while it lasts
  promptId: pmpt_123
  promptVersion: "6"                 # left out: OpenAI's current one
  environments: {staging: {promptId: pmpt_456, promptVersion: "2"}}
"#;

    fn is_valid(text: &str) -> bool {
        let validator = jsonschema::draft202012::new(&schema()).expect("a schema");
        validator.is_valid(&parse_value(text).expect("YAML"))
    }

    #[test]
    fn the_committed_schema_is_this_one() {
        let committed = include_str!("../../prompts/prompt.schema.json");
        assert!(
            committed.replace("\r\n", "\n") == prompt_schema(),
            "prompts/prompt.schema.json is out of date: `promptctl schema` prints the new one"
        );
        assert!(jsonschema::draft202012::meta::is_valid(&schema()));
    }

    #[test]
    fn the_schema_and_the_parser_agree() {
        let message = "messages: [{role: user, content: hi}]";
        for fine in [
            EXAMPLE,
            message,
            &format!(
                "{message}\nmine: 1\nname:\ntags: a\nmodelParameters: {{topK: 3, top_p: 0.5, stop: [a]}}"
            ),
            &format!("{message}\ndigest: 123456789012\njsonSchema: '{{\"type\": \"object\"}}'"),
            "messages: [{role: user, content: [{type: image, url: a}, {type: file, file_id: b}, text]}]",
            "messages: [{role: user, content: [{type: text, text: a}, {type: input_image, image_url: b}]}]",
            "messages: [{role: user, content: a}, {placeholder: history}]",
        ] {
            assert!(parse(fine).is_ok(), "{fine}");
            assert!(is_valid(fine), "{fine}");
        }
        for wrong in [
            "messages: [{role: user, content: a}, {placeholder: history, role: user}]",
            "messages: [{role: user, content: a}, {placeholder: [history]}]",
            "messages: [{role: user, content: a}, {content: a}]",
            "name: x",
            "messages: []",
            "messages: [{role: usr, content: a}]",
            "messages: [{role: user}]",
            "messages: [{role: user, content: [{type: image}]}]",
            "messages: [{role: user, content: [{text: a}]}]",
            "messages: [{role: user, content: [{type: sound, url: a}]}]",
            &format!("{message}\nversion: 0"),
            &format!("{message}\nversion: '3'"),
            &format!("{message}\ndigest: abc"),
            &format!("{message}\nresponseFormat: json"),
            &format!("{message}\nmodelParameters: {{maxTokens: 0}}"),
            &format!("{message}\nmodelParameters: {{temperature: hot}}"),
            &format!("{message}\ninput: {{schema: 3}}"),
            &format!("{message}\nextraBody: [a]"),
            &format!("{message}\ndatasets: {{a: b}}"),
            &format!("{message}\neval: often"),
            &format!("{message}\neval: {{repeat: 0}}"),
            &format!("{message}\neval: {{minPassRate: 95}}"),
            &format!("{message}\neval: {{margin: '0.1'}}"),
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
            assert!(!is_valid(wrong), "{wrong}");
        }
    }
}
