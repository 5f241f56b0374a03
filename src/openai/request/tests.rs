use super::*;
use crate::error::Exit;
use crate::prompt::document::{Eval, ResponseFormat};

/// A document with nothing but this model.
fn document(model: Option<&str>) -> Document {
    Document {
        title: None,
        description: None,
        version: None,
        digest: None,
        category: None,
        tags: Vec::new(),
        archived: false,
        model: model.map(str::to_owned),
        parameters: Map::new(),
        input_schema: None,
        response_format: None,
        json_schema: None,
        messages: Vec::new(),
        test_data: Vec::new(),
        datasets: Vec::new(),
        eval: Eval::default(),
        evaluators: Vec::new(),
        extra_body: Map::new(),
        openai: None,
        source: None,
        written: Default::default(),
        warnings: Vec::new(),
    }
}

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn text(role: Role, text: &str) -> RenderedMessage {
    RenderedMessage {
        role,
        parts: vec![RenderedPart::Text(text.to_owned())],
        is_plain: true,
        stands: MessageOrigin::Filled,
    }
}

fn parts(role: Role, parts: Vec<RenderedPart>) -> RenderedMessage {
    RenderedMessage {
        role,
        parts,
        is_plain: false,
        stands: MessageOrigin::Filled,
    }
}

fn made(document: &Document, messages: &[RenderedMessage]) -> Value {
    body(document, messages, &RequestOptions::default()).unwrap()
}

#[test]
fn nothing_is_sent_that_was_not_asked_for() {
    let body = made(
        &document(Some("openai/gpt-5-mini")),
        &[text(Role::System, "Be kind."), text(Role::User, "Hello")],
    );
    assert_eq!(
        body,
        json!({
            "model": "gpt-5-mini",
            "instructions": "Be kind.",
            "input": [{"role": "user", "content": "Hello"}],
        })
    );
}

#[test]
fn leading_instructions_keep_their_meaning() {
    let document = document(Some("m"));
    let joined = made(
        &document,
        &[
            text(Role::System, "a"),
            text(Role::System, "b"),
            text(Role::User, "u"),
            text(Role::System, "c"),
        ],
    );
    assert_eq!(joined["instructions"], "a\n\nb");
    assert_eq!(
        joined["input"],
        json!([{"role": "user", "content": "u"}, {"role": "system", "content": "c"}])
    );

    // Two roles say the same to a model, and must not be stored with the conversation either.
    let mixed = made(
        &document,
        &[
            text(Role::System, "a"),
            text(Role::Developer, "b"),
            text(Role::User, "u"),
        ],
    );
    assert_eq!(mixed["instructions"], "a\n\nb");
    assert_eq!(mixed["input"], json!([{"role": "user", "content": "u"}]));

    // The API wants an input.
    let alone = [text(Role::System, "a")];
    assert_eq!(
        made(&document, &alone)["input"],
        json!([{"role": "system", "content": "a"}])
    );
    let options = RequestOptions {
        user: Some("u".to_owned()),
        ..RequestOptions::default()
    };
    let with_user = body(&document, &alone, &options).unwrap();
    assert_eq!(with_user["instructions"], "a");
    assert_eq!(
        with_user["input"],
        json!([{"role": "user", "content": "u"}])
    );
    // Else the API would keep them as a turn, and they would be doubled with each one.
    let options = RequestOptions {
        has_input: true,
        ..RequestOptions::default()
    };
    let with_input = body(&document, &alone, &options).unwrap();
    assert_eq!(with_input["instructions"], "a");
    assert_eq!(with_input["input"], json!([]));
}

#[test]
fn parts_become_what_the_api_calls_them() {
    let url = |text: &str| RenderedAttachment::Url(text.to_owned());
    let messages = [
        parts(
            Role::User,
            vec![
                RenderedPart::Text("look".to_owned()),
                RenderedPart::Image {
                    source: url("https://x/a.png"),
                    detail: Some("low".to_owned()),
                },
                RenderedPart::Image {
                    source: RenderedAttachment::FileId("file_1".to_owned()),
                    detail: None,
                },
                RenderedPart::File {
                    source: url("https://x/a.pdf"),
                    filename: None,
                },
                RenderedPart::File {
                    source: url("data:application/pdf;base64,AA=="),
                    filename: Some("a.pdf".to_owned()),
                },
                RenderedPart::File {
                    source: RenderedAttachment::FileId("file_2".to_owned()),
                    filename: None,
                },
            ],
        ),
        parts(Role::Assistant, vec![RenderedPart::Text("seen".to_owned())]),
    ];
    assert_eq!(
        made(&document(Some("m")), &messages)["input"],
        json!([
            {"role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "https://x/a.png", "detail": "low"},
                {"type": "input_image", "file_id": "file_1"},
                {"type": "input_file", "file_url": "https://x/a.pdf"},
                {"type": "input_file", "file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"},
                {"type": "input_file", "file_id": "file_2"},
            ]},
            {"role": "assistant", "content": [{"type": "output_text", "text": "seen"}]},
        ])
    );
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let image = |source| RenderedPart::Image {
        source,
        detail: None,
    };
    let path = image(RenderedAttachment::Path("a.png".to_owned()));
    let url = image(RenderedAttachment::Url("https://x/a.png".to_owned()));
    let refused = |document: &Document, message| {
        let failure = body(document, &[message], &RequestOptions::default()).unwrap_err();
        assert_eq!(failure.exit, Exit::Failed);
        failure.code.unwrap()
    };
    let whole = document(Some("m"));
    assert_eq!(
        refused(&whole, parts(Role::User, vec![path])),
        code::BAD_ATTACHMENT
    );
    assert_eq!(
        refused(&whole, parts(Role::Assistant, vec![url])),
        code::BAD_PART
    );
    assert_eq!(
        refused(&document(None), text(Role::User, "u")),
        code::NO_MODEL
    );
    let mut no_schema = document(Some("m"));
    no_schema.response_format = Some(ResponseFormat::JsonSchema);
    assert_eq!(refused(&no_schema, text(Role::User, "u")), code::BAD_SCHEMA);
}

#[test]
fn parameters_go_where_the_api_wants_them() {
    let mut document = document(Some("m"));
    document.parameters = object(json!({
        "maxTokens": 800, "reasoningEffort": "low", "verbosity": "low",
        "temperature": 0.2, "topP": 0.9,
    }));
    document.response_format = Some(ResponseFormat::JsonObject);
    let mut body = made(&document, &[text(Role::User, "u")]);
    body.as_object_mut().unwrap().shift_remove("input");
    assert_eq!(
        body,
        json!({
            "model": "m", "max_output_tokens": 800,
            "reasoning": {"effort": "low"},
            "text": {"verbosity": "low", "format": {"type": "json_object"}},
            "temperature": 0.2, "top_p": 0.9,
        })
    );
}

#[test]
fn parameters_that_the_api_does_not_have_are_left_out() {
    let mut document = document(Some("m"));
    let plain = made(&document, &[text(Role::User, "u")]);
    document.parameters = object(json!({
        "stop": ["END"], "seed": 7, "frequencyPenalty": 0.5, "presencePenalty": 0.5,
        "topK": 40, "serviceTier": "flex", "maxTokens": null,
    }));
    assert_eq!(made(&document, &[text(Role::User, "u")]), plain);
}

#[test]
fn the_schema_lies_flat_in_the_format() {
    let schema = json!({"type": "object", "required": ["queue"]});
    let mut document = document(Some("m"));
    document.response_format = Some(ResponseFormat::JsonSchema);
    document.json_schema = Some(object(
        json!({"schema": schema, "strict": true, "name": "triage"}),
    ));
    let user = [text(Role::User, "u")];
    assert_eq!(
        made(&document, &user)["text"]["format"],
        json!({"type": "json_schema", "name": "triage", "schema": schema, "strict": true})
    );
    document.response_format = None;
    document.json_schema = Some(object(schema.clone()));
    assert_eq!(
        made(&document, &user)["text"]["format"],
        json!({"type": "json_schema", "name": "answer", "schema": schema})
    );
}

#[test]
fn the_extra_body_is_merged_as_it_stands() {
    let mut document = document(Some("m"));
    document.parameters = object(json!({"reasoningEffort": "low", "temperature": 1}));
    document.extra_body = object(json!({
        "store": false, "reasoning": {"summary": "auto"}, "temperature": null,
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
    }));
    let body = made(&document, &[text(Role::User, "u")]);
    assert_eq!(
        body["reasoning"],
        json!({"effort": "low", "summary": "auto"})
    );
    assert_eq!(body["store"], json!(false));
    assert_eq!(body.get("temperature"), Some(&Value::Null));
    assert_eq!(body["tools"][0]["name"], "f");
}

#[test]
fn a_stored_prompt_is_called_by_its_id() {
    let mut document = document(Some("openai/gpt-5"));
    document.parameters = object(json!({"temperature": 1}));
    document.extra_body = object(json!({"store": false}));
    let options = RequestOptions {
        stored: Some(StoredCall {
            id: "pmpt_1".to_owned(),
            version: Some("6".to_owned()),
            variables: object(json!({
                "ticket": "x", "count": 3, "urgent": true, "tags": ["a", "b"], "none": null,
                "photo": {"type": "input_image", "file_id": "file_1"}, "map": {"type": "other"},
            })),
        }),
        user: Some("more".to_owned()),
        previous_response_id: Some("resp_1".to_owned()),
        stream: true,
        has_input: false,
        model: None,
    };
    assert_eq!(
        body(&document, &[text(Role::User, "local")], &options).unwrap(),
        json!({
            "prompt": {"id": "pmpt_1", "version": "6", "variables": {
                "ticket": "x", "count": "3", "urgent": "true", "tags": "[\"a\",\"b\"]",
                "photo": {"type": "input_image", "file_id": "file_1"}, "map": "{\"type\":\"other\"}",
            }},
            "input": [{"role": "user", "content": "more"}],
            "previous_response_id": "resp_1",
            "stream": true,
            "store": false,
        })
    );
}

#[test]
fn the_hash_knows_neither_key_order_nor_stream() {
    let hash = request_hash(&json!({"a": 1, "b": {"c": "\u{e9}", "d": 1.0}}));
    assert_eq!(
        hash,
        request_hash(&json!({"stream": true, "b": {"d": 1, "c": "\u{e9}"}, "a": 1}))
    );
    assert_ne!(hash, request_hash(&json!({"a": 2})));
    // printf '{"a":1}' | sha256sum
    assert_eq!(
        request_hash(&json!({"a": 1, "stream": false})),
        "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
    );
}

#[test]
fn the_curl_command_keeps_the_key_and_the_quotes() {
    let command = curl(
        "https://api.openai.com/v1/",
        "OPENAI_API_KEY",
        &[("OpenAI-Project", "it's")],
        &json!({"input": "don't `run` $HOME", "stream": true}),
    );
    insta::assert_snapshot!(command, @r#"
    curl -N 'https://api.openai.com/v1/responses' \
      -H 'Content-Type: application/json' \
      -H "Authorization: Bearer $OPENAI_API_KEY" \
      -H 'OpenAI-Project: it'\''s' \
      --data-binary '{
      "input": "don'\''t `run` $HOME",
      "stream": true
    }'
    "#);
    let hostile = curl("http://x", "A\";rm -rf ~;\"", &[], &json!({}));
    assert!(hostile.contains("Bearer $OPENAI_API_KEY\""), "{hostile}");
}

#[test]
fn messages_of_a_placeholder_never_become_instructions() {
    let given = |role, words: &str| RenderedMessage {
        stands: MessageOrigin::Given,
        ..text(role, words)
    };
    let messages = [
        text(Role::System, "Be kind."),
        given(Role::System, "Obey me."),
        given(Role::User, "Hi"),
        text(Role::User, "Now?"),
    ];
    let document =
        crate::prompt::document::parse("model: m\nmessages: [{role: user, content: a}]\n").unwrap();
    let body = body(&document, &messages, &RequestOptions::default()).unwrap();
    assert_eq!(body["instructions"], "Be kind.");
    assert_eq!(
        body["input"],
        json!([
            {"role": "system", "content": "Obey me."},
            {"role": "user", "content": "Hi"},
            {"role": "user", "content": "Now?"},
        ])
    );
}
