//! Prompts of any kind, out and in again.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::exchange::dialect::Template;
use crate::exchange::dialect::tests::trees::any_nodes;
use crate::exchange::format::{Foreign, Source};

fn document(file: &Value) -> Document {
    document::parse(&yaml_file(file.as_object().unwrap()))
        .unwrap_or_else(|findings| panic!("{file}: {findings:?}"))
}

fn exported(target: Target, file: &Value) -> Exported {
    let document = document(file);
    let out = Outgoing {
        name: "a/b",
        document: &document,
        partials: &Partials::new(),
    };
    write(target, &out).unwrap_or_else(|why| panic!("{}: {file}: {why:?}", target.row().name))
}

fn read(target: Target, exported: &Exported) -> Foreign {
    let (path, text) = &exported.files[0];
    let source = Source {
        path,
        stem: "a/b",
        text,
        beside: &|_| Err("there is none".to_owned()),
        matching: &|_| Ok(Vec::new()),
        folder: "",
        role: "user",
        is_tidy: false,
    };
    let read = target.format().unwrap().read(&source).unwrap().pop();
    read.unwrap()
        .unwrap_or_else(|refused| panic!("{text}\n{:?}", refused.why))
}

fn reasons(exported: &Exported) -> Vec<String> {
    let errors = exported.lost.iter().filter(|lost| lost.is_error());
    errors.map(|lost| lost.message.clone()).collect()
}

fn targets() -> impl Iterator<Item = Target> {
    let all = TARGETS.iter().map(|row| row.target);
    all.filter(|target| *target != Target::Json)
}

#[test]
fn four_braces_that_are_text_do_not_hide_the_end_of_a_block() {
    let text = r#"{{#if (eq x "V")}}a{{else}}b \{{{{ {{~/if}}"#;
    let file = json!({"messages": [{"role": "user", "content": text}]});
    let out = exported(Target::Dotprompt, &file);
    assert_eq!(reasons(&out), [""; 0]);
    let body = out.files[0].1.lines().last().unwrap();
    assert_eq!(
        body,
        r#"{{#ifEquals x "V"}}a{{else}}b \{{\{{ {{~/ifEquals}}"#
    );
}

#[test]
fn a_brace_or_a_backslash_at_the_end_of_a_message_stays_text() {
    for text in ["-{", "-\\", "{{x}}{", "- \\\\"] {
        let file = json!({"messages": [{"role": "system", "content": text}, {"role": "user", "content": "Hi"}]});
        let out = exported(Target::Dotprompt, &file);
        let foreign = read(Target::Dotprompt, &out);
        assert_eq!(foreign.file["messages"][0]["content"], text, "{out:?}");
    }
}

/// A template; blanks alone are no message anywhere.
fn any_text() -> impl Strategy<Value = String> {
    let template = |nodes| {
        let template = Template {
            nodes,
            notes: Vec::new(),
        };
        template.to_handlebars()
    };
    prop_oneof![
        3 => any_nodes(2, false).prop_map(template),
        1 => "[a-z {}\\\\\n:#~%-]{1,12}".prop_map(|text| {
            let mut out = String::new();
            crate::exchange::escape::put_text(&text, &mut out);
            out
        }),
        1 => Just("{{#each list}}- {{this}}{{#unless @last}}\n{{/unless}}{{/each}}".to_owned()),
        1 => Just("user:\n{{upper x}} and {{default gone \"none\"}}".to_owned()),
    ]
    .prop_map(|text| match text.trim().is_empty() {
        true => "Hi".to_owned(),
        false => text,
    })
}

fn any_message() -> impl Strategy<Value = Value> {
    let role = proptest::sample::select(vec!["system", "developer", "user", "assistant"]);
    let said = (role, any_text()).prop_map(|(role, text)| json!({ "role": role, "content": text }));
    let picture = (any_text(), any::<bool>()).prop_map(|(text, has_detail)| {
        let mut image = json!({ "type": "image", "url": "https://x.example/{{x}}.png" });
        if has_detail {
            image["detail"] = json!("low");
        }
        json!({ "role": "user", "content": [{ "type": "text", "text": text }, image] })
    });
    let place = Just(json!({ "placeholder": "history" }));
    prop_oneof![6 => said, 1 => picture, 1 => place]
}

fn any_file() -> impl Strategy<Value = Value> {
    let messages = proptest::collection::vec(any_message(), 1..4);
    let models = [
        "openai/gpt-5-mini",
        "gpt-4o",
        "anthropic/claude-x",
        "google/g",
    ];
    let model = proptest::option::of(proptest::sample::select(models.to_vec()));
    (messages, model, any::<u16>()).prop_map(|(messages, model, bits)| {
        let has = |bit: u32| bits & (1 << bit) != 0;
        let mut properties = json!({
            "x": { "type": "string", "description": "a text" }, "empty": { "type": "string", "default": "" },
            "number": { "type": "integer" }, "yes": { "type": "boolean" }, "no": { "type": "boolean" },
            "list": { "type": "array" }, "nil": { "type": "array" }, "map": { "type": "object" }, "gone": {},
        });
        if messages.iter().any(|it| it.get("placeholder").is_some()) {
            properties["history"] = json!({ "type": "array" });
        }
        let mut file = json!({
            "input": { "schema": { "type": "object", "required": ["x"], "properties": properties } },
            "messages": messages,
        });
        if let Some(model) = model {
            file["model"] = json!(model);
        }
        if has(0) {
            file["modelParameters"] =
                json!({ "temperature": 0.5, "maxTokens": 9, "stop": ["END"], "reasoningEffort": "low" });
        }
        let schema = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] });
        match bits % 3 {
            0 => {
                file["responseFormat"] = json!("json_schema");
                file["jsonSchema"] = json!({ "name": "out", "strict": true, "schema": schema });
            }
            1 => file["responseFormat"] = json!("json_object"),
            _ => {}
        }
        if has(4) {
            let tool = json!({ "type": "function", "name": "f", "description": "d", "parameters": schema });
            file["extraBody"] = json!({ "tools": [tool] });
        }
        if has(5) {
            file["testData"] = json!([{ "x": "1", "expected": "2" }]);
            file["evaluators"] = json!([{ "name": "e", "string": { "contains": "{{x}}" } }]);
        }
        if has(6) {
            file["description"] = json!("What it does");
            file["tags"] = json!(["a"]);
            file["name"] = json!("A prompt");
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_goes_out_comes_back_with_the_same_digest(file in any_file()) {
        prop_assume!(document::parse(&yaml_file(file.as_object().unwrap())).is_ok());
        let own = document(&file);
        prop_assume!(crate::prompt::template::Compiled::new(&own, &Partials::new()).is_ok());
        let wanted = digest(&own, &Partials::new());
        for target in targets() {
            let exported = exported(target, &file);
            if !reasons(&exported).is_empty() {
                continue;
            }
            let foreign = read(target, &exported);
            let back = document(&Value::Object(foreign.file));
            prop_assert_eq!(
                &digest(&back, &Partials::new()), &wanted,
                "{}: {}", target.row().name, &exported.files[0].1
            );
        }
    }
}

fn rich() -> Value {
    json!({
        "description": "Sorts", "model": "openai/gpt-5-mini",
        "modelParameters": { "temperature": 0.2, "maxTokens": 50, "reasoningEffort": "low" },
        "input": { "schema": { "type": "object", "required": ["who"], "properties": {
            "who": { "type": "string" }, "tags": { "type": "array", "items": { "type": "string" } }, "vip": { "type": "boolean" },
        } } },
        "responseFormat": "json_schema",
        "jsonSchema": { "name": "queue", "schema": {
            "type": "object", "required": ["queue"],
            "properties": { "queue": { "type": "string", "enum": ["a", "b"] }, "why": { "type": "string" } },
        } },
        "messages": [
            { "role": "system", "content": "Be kind{{#if vip}}, {{upper who}} pays{{/if}}.\n{{#each tags}}\n- {{this}}{{#unless (eq this \"x\")}}!{{/unless}}\n{{/each}}\n" },
            { "role": "user", "content": "I am {{who}}." },
        ],
        "testData": [{ "who": "Ada", "tags": ["x"], "expected": "a" }],
        "evaluators": [
            { "name": "says", "string": { "contains": "{{who}}", "caseSensitive": true }, "weight": 2 },
            { "name": "form", "json": { "schema": { "type": "object" } } },
            { "name": "fast", "limits": { "latency": "900ms" } },
            { "name": "odd", "number": { "max": 3 } },
        ],
        "extraBody": { "tools": [{ "type": "function", "name": "find", "description": "Finds", "parameters": {
            "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } },
        } }] },
    })
}

#[test]
fn each_format_says_what_it_has_words_for() {
    let prompty = &exported(Target::Prompty, &rich()).files[0].1;
    for wanted in [
        "  options:\n    temperature: 0.2\n    maxOutputTokens: 50\n    additionalProperties:\n      reasoning_effort: low\n",
        "    example: Ada\n",
        "outputs:\n  - kind: string\n    enumValues: [a, b]\n    name: queue\n    required: true\n",
        "tools:\n  - name: find\n    kind: function\n    description: Finds\n    parameters:\n      - kind: integer\n        name: id\n        required: true\n",
        "system:\nBe kind{% if vip %}, {{ who | upper }} pays{% endif %}.\n{% for item in tags %}- {{ item }}{% if not (item == \"x\") %}!{% endif %}\n{% endfor %}\n\nuser:\nI am {{ who }}.\n",
    ] {
        assert!(prompty.contains(wanted), "{wanted}\n{prompty}");
    }
    let promptfoo = exported(Target::Promptfoo, &rich());
    let text = &promptfoo.files[0].1;
    let file = document::parse_value(text).unwrap();
    assert_eq!(file["providers"][0]["id"], "openai:chat:gpt-5-mini");
    let config = &file["providers"][0]["config"];
    assert_eq!(config["max_tokens"], 50);
    assert_eq!(config["tools"][0]["function"]["name"], "find");
    assert_eq!(config["response_format"]["json_schema"]["name"], "queue");
    assert_eq!(
        file["defaultTest"]["assert"],
        json!([
            { "type": "contains", "value": "{{ who }}", "weight": 2, "metric": "says" },
            { "type": "is-json", "value": { "type": "object" }, "metric": "form" },
            { "type": "latency", "threshold": 900, "metric": "fast" },
        ])
    );
    assert_eq!(file["tests"][0]["assert"][0]["value"], "a");
    let said: Vec<&str> = promptfoo
        .lost
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert!(
        said.contains(&"promptfoo has no assertion for the evaluator `odd`; it comes back here")
    );
    // These have no blocks.
    let mut plain = rich();
    plain["messages"][0]["content"] = json!("Be kind, {{who}}.");
    let langchain = &exported(Target::Langchain, &plain).files[0].1;
    let file: Value = serde_json::from_str(langchain).unwrap();
    assert_eq!(file["id"][3], "RunnableSequence");
    let prompt = &file["kwargs"]["first"];
    assert_eq!(prompt["id"][3], "StructuredPrompt");
    assert_eq!(prompt["kwargs"]["schema_"]["title"], "queue");
    let system = &prompt["kwargs"]["messages"][0]["kwargs"]["prompt"]["kwargs"];
    assert_eq!(system["template_format"], "f-string");
    assert_eq!(system["input_variables"], json!(["who"]));
    let last = &file["kwargs"]["last"]["kwargs"];
    assert_eq!(last["kwargs"]["tools"][0]["function"]["name"], "find");
    assert_eq!(last["bound"]["kwargs"]["max_tokens"], 50);
    assert_eq!(last["bound"]["kwargs"]["openai_api_key"]["type"], "secret");
    let langfuse = &exported(Target::Langfuse, &plain).files[0].1;
    let file: Value = serde_json::from_str(langfuse).unwrap();
    assert_eq!(file[0]["config"]["tools"][0]["function"]["name"], "find");
    assert_eq!(file[0]["config"]["reasoning_effort"], "low");
}

#[test]
fn what_a_format_has_no_words_for_is_named() {
    let with = |key: &str, value: Value| {
        let mut file = rich();
        file[key] = value;
        file
    };
    let said = |content: Value| with("messages", json!([{ "role": "user", "content": content }]));
    let picture = json!([{ "type": "text", "text": "See" }, { "type": "image", "url": "https://x.example/a.png" }]);
    let by_path = json!([{ "type": "image", "path": "a.png" }]);
    let search = json!({ "tools": [{ "type": "web_search" }] });
    let loose = json!({ "name": "o", "schema": { "anyOf": [{ "type": "string" }] } });
    for (target, file, wanted) in [
        (
            Target::Langfuse,
            rich(),
            "the block `{{#if vip}}` of message 1 (system) with its text (, … pays), which cannot be said there",
        ),
        (
            Target::Langfuse,
            said(picture.clone()),
            "a picture, part 2 of message 1 (user)",
        ),
        (
            Target::Prompty,
            said(picture),
            "a picture, part 2 of message 1 (user)",
        ),
        (
            Target::Promptfoo,
            said(by_path),
            "a picture that has no address, part 1 of message 1 (user)",
        ),
        (
            Target::Prompty,
            said(json!("{{truncate who 3}}")),
            "the whole of message 1 (user), as the helper `truncate` in it cannot be said there",
        ),
        (
            Target::Prompty,
            said(json!("{{#with who}}a{{/with}}")),
            "the whole of message 1 (user), as `{{#with}}` in it cannot be said there",
        ),
        (
            Target::Langchain,
            rich(),
            "the block `{{#if vip}}` of message 1 (system) with its text (, … pays), which cannot be said there",
        ),
        (
            Target::Promptfoo,
            said(json!("{{#if tags}}a{{/if}}")),
            "the condition `tags`, which holds there for an empty list, too: it",
        ),
        (
            Target::Prompty,
            with("extraBody", search.clone()),
            "the tool `web_search`, which is no function",
        ),
        (
            Target::Langchain,
            with("extraBody", search),
            "the tool `web_search`, which is no function",
        ),
        (
            Target::Prompty,
            with("jsonSchema", loose),
            "an output schema that is no plain map of values",
        ),
        (
            Target::Langchain,
            with("responseFormat", json!("json_object")),
            "an answer that is any JSON",
        ),
    ] {
        let reasons = reasons(&exported(target, &file));
        assert!(
            reasons.iter().any(|it| it == wanted),
            "{wanted}: {reasons:?}"
        );
    }
}
