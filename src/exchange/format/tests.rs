//! All formats alike: nothing is lost without a word, and work grows as the text does.

use serde_json::{Value, json};

use super::*;
use crate::exchange::write::yaml_file;

fn read(format: Format, path: &str, text: &str) -> Vec<Result<Foreign, Refused>> {
    let source = Source {
        path,
        stem: "a",
        text,
        beside: &|_| Err("there is none".to_owned()),
        matching: &|_| Ok(Vec::new()),
        folder: "",
        role: "user",
        is_tidy: false,
    };
    let read = format.read(&source);
    read.unwrap_or_else(|why| panic!("{path}: {why:?}\n{text}"))
}

#[test]
fn no_format_and_no_target_has_the_row_of_another() {
    for row in FORMATS {
        assert_eq!(row.format.row().name, row.name);
        assert_eq!(Format::find(row.name), Some(row.format));
    }
    for row in export::TARGETS {
        assert_eq!(row.target.row().name, row.name);
        assert_eq!(export::Target::find(row.name), Some(row.target));
    }
}

/// How a format writes a map down.
type Write = fn(&Value) -> String;

fn yaml(value: &Value) -> String {
    yaml_file(value.as_object().unwrap())
}

fn front(value: &Value) -> String {
    format!("---\n{}---\nHello {{{{x}}}}\n", yaml(value))
}

fn messages(value: &Value) -> String {
    format!(
        "---\n{}---\n<system>\nHello {{{{x}}}}\n</system>\n",
        yaml(value)
    )
}

/// A format, a file of it, how that is written, and the maps in it with the keys that they may have.
type Sample = (
    Format,
    &'static str,
    Write,
    Value,
    Vec<(&'static str, Value)>,
);

/// The value of a key that is kept as a text.
const MARK: &str = "zq7";

#[expect(clippy::too_many_lines, reason = "a table")]
fn samples() -> Vec<Sample> {
    let settings = json!({
        "temperature": 0.4242, "top_p": 0.4242, "max_tokens": 4242, "stop": [MARK], "seed": 4242, "frequency_penalty": 0.4242,
        "presence_penalty": 0.4242, "top_k": 4242, "stream": true, "response_format": {"type": "json_object"},
        "tools": [{"type": "function", "function": {"name": MARK, "parameters": {"type": "object"}, "cache": MARK}}],
        "tool_choice": MARK, "logprobs": true, "unknown": MARK,
    });
    vec![
        (
            Format::Dotprompt,
            "a.prompt",
            front,
            json!({"model": "m", "config": {}, "input": {"schema": {"x": "string"}}, "output": {"schema": {"y": "string"}}}),
            vec![
                (
                    "",
                    json!({
                        "name": MARK, "variant": MARK, "version": MARK, "model": MARK, "description": MARK, "tools": [MARK],
                        "toolDefs": [{"name": MARK}], "metadata": {"a": MARK}, "ext1.foo": MARK, "unknown": MARK, "config": MARK,
                    }),
                ),
                ("/config", settings.clone()),
                ("/input", json!({"default": {"x": MARK}, "unknown": MARK})),
                ("/output", json!({"format": MARK, "unknown": MARK})),
            ],
        ),
        (
            Format::Prompty,
            "a.prompty",
            front,
            json!({"name": "n", "model": {"id": "m", "options": {}}, "inputs": [{"name": "x", "kind": "string"}], "tools": [{"name": "f", "kind": "function"}]}),
            vec![
                (
                    "",
                    json!({
                        "displayName": MARK, "description": MARK, "version": MARK, "authors": [MARK], "tags": [MARK], "metadata": {"a": MARK},
                        "sample": {"x": MARK}, "outputs": {"y": {"type": "integer", "description": MARK}}, "unknown": MARK, "instructions": MARK,
                    }),
                ),
                (
                    "/model",
                    json!({"provider": MARK, "api": "completion", "connection": {"endpoint": MARK}, "configuration": {"type": MARK}, "response": MARK, "unknown": MARK}),
                ),
                ("/model/options", settings.clone()),
                (
                    "/inputs/0",
                    json!({"description": MARK, "default": "${env:X:zq7}", "example": MARK, "sample": "${env:X}", "enum": [MARK], "strict": true, "unknown": MARK}),
                ),
                (
                    "/tools/0",
                    json!({"description": MARK, "bindings": MARK, "unknown": MARK}),
                ),
            ],
        ),
        (
            Format::Langfuse,
            "a.json",
            Value::to_string,
            json!({"name": "a", "version": 1, "type": "chat", "config": {}, "prompt": [{"role": "user", "content": "Hello {{x}}"}]}),
            vec![
                (
                    "",
                    json!({
                        "version": 1e30, "tags": [MARK, 5], "labels": [MARK], "commitMessage": MARK, "createdBy": MARK, "createdAt": MARK, "id": MARK,
                        "projectId": MARK, "isActive": true, "resolutionGraph": {"a": MARK}, "unknown": MARK, "config": MARK,
                    }),
                ),
                ("/config", settings.clone()),
                ("/config", json!({"model": MARK, "model_name": MARK})),
                (
                    "/prompt/0",
                    json!({"type": MARK, "name": MARK, "tool_calls": [MARK], "unknown": MARK}),
                ),
            ],
        ),
        (
            Format::Promptfoo,
            "promptfooconfig.yaml",
            yaml,
            json!({
                "prompts": [{"label": "a", "raw": "Hello {{x}}"}], "providers": [{"id": "openai:m", "config": {}}], "defaultTest": {},
                "tests": [{"vars": {"x": "1"}, "assert": [{"type": "contains", "value": "1"}]}],
            }),
            vec![
                (
                    "",
                    json!({
                        "description": MARK, "tags": {"a": MARK}, "metadata": {"a": MARK}, "env": {"A": MARK}, "evaluateOptions": {"repeat": 4242},
                        "outputPath": MARK, "sharing": true, "scenarios": [MARK], "nunjucksFilters": {"a": MARK}, "commandLineOptions": {"promptPrefix": MARK},
                        "extensions": [MARK], "derivedMetrics": [MARK], "unknown": MARK, "defaultTest": "file://zq7.js",
                    }),
                ),
                (
                    "/prompts/0",
                    json!({"config": {"a": MARK}, "function": MARK, "unknown": MARK}),
                ),
                (
                    "/providers/0",
                    json!({"label": MARK, "prompts": [MARK], "transform": MARK, "delay": 4242, "env": {"A": MARK}, "unknown": MARK}),
                ),
                ("/providers/0/config", settings.clone()),
                (
                    "/providers/0/config",
                    json!({"apiKey": "sk-1", "apiHost": MARK, "apiBaseUrl": MARK, "organization": MARK}),
                ),
                (
                    "/tests/0",
                    json!({
                        "description": MARK, "metadata": {"a": MARK}, "threshold": 0.4242, "provider": MARK, "providers": [MARK], "prompts": [MARK],
                        "options": {"prefix": MARK}, "providerOutput": MARK, "assertScoringFunction": MARK, "unknown": MARK,
                    }),
                ),
                (
                    "/tests/0/assert/0",
                    json!({"metric": MARK, "weight": 4242, "threshold": 0.4242, "provider": MARK, "rubricPrompt": MARK, "config": {"a": MARK}, "transform": MARK, "contextTransform": MARK, "unknown": MARK}),
                ),
                (
                    "/defaultTest",
                    json!({"vars": {"y": MARK}, "metadata": {"a": MARK}, "options": {"prefix": MARK}, "threshold": 0.4242, "unknown": MARK}),
                ),
            ],
        ),
        (
            Format::Langchain,
            "a.json",
            Value::to_string,
            json!({"lc": 1, "type": "constructor", "id": ["langchain", "RunnableSequence"], "kwargs": {
                "first": {"lc": 1, "type": "constructor", "id": ["langchain", "ChatPromptTemplate"], "kwargs": {"input_variables": ["x"], "messages": [
                    {"lc": 1, "type": "constructor", "id": ["langchain", "HumanMessagePromptTemplate"], "kwargs": {"prompt": {"kwargs": {"template": "Hello {x}"}}}}]}},
                "last": {"lc": 1, "type": "constructor", "id": ["langchain", "ChatOpenAI"], "kwargs": {"model": "m"}},
            }}),
            vec![
                ("/kwargs", json!({"middle": [{"id": [MARK]}]})),
                (
                    "/kwargs/first/kwargs",
                    json!({
                        "partial_variables": {"y": MARK}, "output_parser": {"id": [MARK]}, "tags": [MARK], "metadata": {"a": MARK}, "optional_variables": [MARK],
                        "input_types": {"x": MARK}, "validate_template": true, "name": MARK, "unknown": MARK,
                    }),
                ),
                (
                    "/kwargs/first/kwargs/messages/0/kwargs",
                    json!({"additional_kwargs": {"a": MARK}, "name": MARK, "unknown": MARK}),
                ),
                ("/kwargs/last/kwargs", settings.clone()),
                (
                    "/kwargs/last/kwargs",
                    json!({"openai_api_key": MARK, "openai_api_base": MARK}),
                ),
            ],
        ),
        (
            Format::SemanticKernel,
            "a.yaml",
            yaml,
            json!({"name": "n", "template": "Hello {{$x}}", "input_variables": [{"name": "x"}], "execution_settings": {"default": {}}}),
            vec![
                (
                    "",
                    json!({"description": MARK, "output_variable": {"description": MARK}, "schema": 1, "type": "completion", "unknown": MARK, "name": 5}),
                ),
                (
                    "/input_variables/0",
                    json!({"description": MARK, "default": MARK, "json_schema": "zq7", "is_secret": true, "unknown": MARK}),
                ),
                ("/input_variables/0", json!({"defaultValue": MARK})),
                ("/execution_settings", json!({"other": {"a": MARK}})),
                ("/execution_settings/default", settings.clone()),
                (
                    "/execution_settings/default",
                    json!({"model_id": MARK, "service_id": MARK, "chat_system_prompt": MARK}),
                ),
            ],
        ),
        (
            Format::Mlflow,
            "a.json",
            Value::to_string,
            json!({"name": "a", "version": 1, "model_config": {}, "template": [{"role": "user", "content": "Hello {{x}}"}]}),
            vec![
                (
                    "",
                    json!({
                        "version": 1e30, "commit_message": MARK, "description": MARK, "aliases": [MARK], "tags": {"team": MARK}, "response_format": {"title": MARK},
                        "user_id": MARK, "creation_timestamp": 4242, "unknown": MARK, "model_config": MARK,
                    }),
                ),
                ("/model_config", settings.clone()),
                (
                    "/model_config",
                    json!({"model_name": MARK, "provider": MARK, "extra_params": {"a": MARK}}),
                ),
                ("/template/0", json!({"name": MARK, "unknown": MARK})),
            ],
        ),
        (
            Format::Humanloop,
            "a.prompt",
            messages,
            json!({"model": "m"}),
            vec![
                (
                    "",
                    json!({"provider": MARK, "endpoint": MARK, "description": MARK, "attributes": {"a": MARK}, "other": {"a": MARK}, "path": MARK, "version": MARK}),
                ),
                ("", settings.clone()),
            ],
        ),
        (
            Format::Text,
            "a.md",
            front,
            json!({"description": "d"}),
            vec![
                (
                    "",
                    json!({"name": MARK, "title": MARK, "model": MARK, "tags": [MARK], "mode": MARK, "agent": MARK, "allowed-tools": [MARK]}),
                ),
                ("", settings),
            ],
        ),
    ]
}

/// A key of a source is in the prompt, or in the report: by its name, or by its value.
#[test]
fn no_key_of_a_source_is_lost_without_a_word() {
    let mut silent = Vec::new();
    for (format, path, write, base, places) in samples() {
        let bare = read(format, path, &write(&base)).remove(0).unwrap().file;
        for (place, keys) in places {
            for (key, value) in keys.as_object().unwrap() {
                let mut file = base.clone();
                file.pointer_mut(place).unwrap()[key] = value.clone();
                let text = write(&file);
                let marks = ["zq7", "4242"];
                let inner: Vec<String> = value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(inner, _)| format!("`{inner}`"))
                    .collect();
                let is_said = |report: &str| {
                    report.contains(key.as_str())
                        || marks.iter().any(|mark| report.contains(mark))
                        || inner.iter().any(|inner| report.contains(inner.as_str()))
                };
                let is_there = read(format, path, &text).iter().any(|one| match one {
                    Ok(foreign) => {
                        foreign.lost.iter().any(|lost| is_said(&lost.message))
                            || foreign.file != bare
                            || foreign.labels.iter().any(|label| label == MARK)
                            || foreign.author.as_deref() == Some(MARK)
                            || foreign.made.as_deref() == Some(MARK)
                            || foreign.message.as_deref() == Some(MARK)
                    }
                    Err(refused) => is_said(&refused.why.message),
                });
                if !is_there {
                    silent.push(format!("{}: {place}/{key}: {value}", format.row().name));
                }
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

/// What is read twice as long must not take four times as long; as time is no measure in a test,
/// files are read that would take many minutes.
#[test]
fn places_and_losses_are_not_counted_from_the_beginning_each_time() {
    const COUNT: usize = 30_000;
    for piece in ["{{! a }}\n", "{{! a }}", "{{!-- a --~}}", "{{section x}}\n"] {
        let text = format!("---\nmodel: m\n---\nHi {{{{x}}}}{}", piece.repeat(COUNT));
        assert_eq!(read(Format::Dotprompt, "a.prompt", &text).len(), 1);
    }
    let partials: String = (0..COUNT)
        .map(|index| format!("{{{{> p{index}}}}}\n"))
        .collect();
    let read_one = |format, path, text: &str| read(format, path, text).remove(0);
    let why = read_one(Format::Dotprompt, "a.prompt", &partials).unwrap_err();
    assert_eq!(why.why.message, "it includes more than 200 partials");
    let config: Value = (0..COUNT)
        .map(|index| (format!("key{index}"), json!(1)))
        .collect();
    let file = json!({"name": "a", "version": 1, "type": "text", "prompt": "Hi", "config": config});
    let foreign = read_one(Format::Langfuse, "a.json", &file.to_string()).unwrap();
    assert_eq!(foreign.lost.len(), COUNT);
    let kernel = format!(
        "name: n\ntemplate_format: handlebars\ntemplate: |\n{}",
        "  a {{x}} b\n".repeat(COUNT)
    );
    assert!(read_one(Format::SemanticKernel, "a.yaml", &kernel).is_err());
}

#[test]
fn what_a_file_includes_of_itself_is_bounded() {
    let long = "word ".repeat(20_000);
    let mut all = vec![json!({"name": "long", "version": 1, "type": "text", "prompt": long})];
    for index in 0..300 {
        all.push(json!({"name": format!("p{index}"), "version": 1, "type": "text", "prompt": "@@@langfusePrompt:name=long|version=1@@@"}));
    }
    let read = read(Format::Langfuse, "a.json", &Value::Array(all).to_string());
    let refused = read.iter().filter(|one| one.is_err()).count();
    assert!((90..110).contains(&refused), "{refused}");
    let two = json!([
        {"name": "a", "version": 1, "type": "text", "prompt": "one"},
        {"name": "a", "version": 2, "type": "text", "prompt": "two"},
        {"name": "b", "version": 1, "type": "text", "prompt": "@@@langfusePrompt:name=a|version=1@@@ @@@langfusePrompt:name=a|version=2@@@"},
    ]);
    let read = self::read(Format::Langfuse, "a.json", &two.to_string());
    let why = read[2].as_ref().unwrap_err();
    assert_eq!(
        why.why.message,
        "it includes two versions of the prompt `a`, and a partial here has one text"
    );
}

#[test]
fn a_file_that_is_not_parsed_to_be_seen_as_data_is_no_prompt() {
    for (format, path, write, base, _) in samples() {
        let text = write(&base);
        if matches!(ending(path), Some((_, Ending::Json | Ending::Yaml))) {
            assert_eq!(guess(path, &text), Guess::Is(format), "{text}");
            assert!(may_hold_prompts(&text), "{text}");
        }
    }
    let list = r#"{"data": [{"name": "a", "versions": [1], "lastConfig": {}}]}"#;
    assert_eq!(guess("a.json", list), Guess::Is(Format::Langfuse));
    assert!(may_hold_prompts(list) && !may_hold_prompts(r#"{"name": "a", "version": "1"}"#));
}

#[test]
fn the_messages_and_parts_of_a_prompt_are_bounded() {
    let parts = |count| {
        format!(
            "<user>\n{}</user>\n",
            "<text>a {{x}}</text>\n".repeat(count)
        )
    };
    let messages = |count| "<user>\na\n</user>\n".repeat(count);
    for write in [&parts as &dyn Fn(usize) -> String, &messages] {
        assert!(read(Format::Humanloop, "a.prompt", &write(100))[0].is_ok());
        let why = read(Format::Humanloop, "a.prompt", &write(10_001));
        let why = &why[0].as_ref().unwrap_err().why.message;
        assert_eq!(why, "it has more than 10000 messages and parts of messages");
    }
}
