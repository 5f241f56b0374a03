//! OpenAI's own SDKs call `serve`, and parse what it answers. Skipped aloud where they are not installed:
//! `pip install openai`, and `npm install openai` in a folder that `PROMPTCTL_TEST_NODE_MODULES` names.

use serde_json::{Value, json};

use super::serve::greeting;
use crate::env::{Shell, TestEnv, node_modules_with, python_with, skipped};
use crate::gateway::Gateway;
use crate::server::{Reply, Server, records};

/// An answer with all fields that the SDKs look at, in the shape of those that were recorded.
fn whole_answer(model: &str) -> Value {
    json!({
        "id": "resp_0a1b", "object": "response", "created_at": 1_764_581_641, "status": "completed", "background": false,
        "error": null, "incomplete_details": null, "instructions": "Be kind.", "max_output_tokens": null, "model": model,
        "output": [{"id": "msg_0a1b", "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "Hi Ada."}]}],
        "parallel_tool_calls": true, "previous_response_id": null, "prompt": null,
        "reasoning": {"effort": "medium", "summary": null}, "service_tier": "default", "store": false,
        "temperature": 1.0, "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto",
        "tools": [], "top_p": 1.0, "truncation": "disabled",
        "usage": {"input_tokens": 16, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 21},
        "user": null, "metadata": {},
    })
}

fn api() -> Server {
    Server::answering(|request| {
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let answer = whole_answer(body["model"].as_str().unwrap_or("m"));
        if request.line.starts_with("GET ") {
            return Reply::json(200, &answer);
        }
        if body["stream"] != true {
            return Reply::json(200, &answer);
        }
        let mut started = answer.clone();
        started["status"] = json!("in_progress");
        started["output"] = json!([]);
        let place = json!({"item_id": "msg_0a1b", "output_index": 0, "content_index": 0});
        let with = |fields: Value| {
            let mut all = place.as_object().unwrap().clone();
            all.extend(fields.as_object().unwrap().clone());
            Value::Object(all)
        };
        let item = &answer["output"][0];
        let mut empty = item.clone();
        empty["content"] = json!([]);
        let part = json!({"type": "output_text", "text": "", "annotations": []});
        let events = [
            json!({"type": "response.created", "response": started}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": empty}),
            with(json!({"type": "response.content_part.added", "part": part})),
            with(json!({"type": "response.output_text.delta", "delta": "Hi "})),
            with(json!({"type": "response.output_text.delta", "delta": "Ada."})),
            with(json!({"type": "response.output_text.done", "text": "Hi Ada."})),
            json!({"type": "response.output_item.done", "output_index": 0, "item": item}),
            json!({"type": "response.completed", "response": answer}),
        ];
        let mut text = String::new();
        for (number, mut event) in events.into_iter().enumerate() {
            event["sequence_number"] = json!(number);
            text.push_str(&format!(
                "event: {}\ndata: {event}\n\n",
                event["type"].as_str().unwrap()
            ));
        }
        Reply::text(200, &[("content-type", "text/event-stream")], &text)
    })
}

const PYTHON: &str = r#"
import json, openai
client = openai.OpenAI(api_key="sk-caller-0123456789")
prompt = {"id": "pmpt_greet", "version": "6", "variables": {"name": "Ada"}}
out = []
whole = client.responses.create(prompt=prompt, previous_response_id="resp_0")
out.append(whole.to_dict())
mixed = client.responses.create(
    prompt={"id": "pmpt_mixed", "version": "2", "variables": {
        "message": {"type": "input_text", "text": "Look"},
        "image": {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
        "file": {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        "picture": {"type": "input_image", "file_id": "file-1", "detail": "auto"},
    }},
    include=["message.input_image.image_url"],
)
text = ""
for event in client.responses.create(prompt=prompt, input="more", stream=True):
    text += event.delta if event.type == "response.output_text.delta" else ""
    final = event.response if event.type == "response.completed" else None
assert text == final.output_text == "Hi Ada.", text
out.append(final.to_dict())
again = client.responses.retrieve("resp_0a1b")
assert again.instructions == "Be kind.", again
for wrong, kind in [({"id": "pmpt_none"}, openai.NotFoundError), ({"id": "pmpt_greet", "variables": {}}, openai.BadRequestError)]:
    try:
        client.responses.create(prompt=wrong)
        raise SystemExit("no error")
    except kind as error:
        out.append({"code": error.code, "param": error.param, "type": error.type})
out.append(mixed.to_dict())
print(json.dumps(out))
"#;

const NODE: &str = r#"
import OpenAI from 'openai';
const client = new OpenAI({ apiKey: 'sk-caller-0123456789' });
const prompt = { id: 'pmpt_greet', version: '6', variables: { name: 'Ada' } };
const out = [];
const strip = ({ output_text, _request_id, ...rest }) => rest;
const whole = await client.responses.create({ prompt, previous_response_id: 'resp_0' });
out.push(strip(whole));
const mixed = await client.responses.create({
  prompt: { id: 'pmpt_mixed', version: '2', variables: {
    message: { type: 'input_text', text: 'Look' },
    image: { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto' },
    file: { type: 'input_file', file_url: 'https://example.com/a.pdf' },
    picture: { type: 'input_image', file_id: 'file-1', detail: 'auto' },
  } },
  include: ['message.input_image.image_url'],
});
let text = '', final;
for await (const event of await client.responses.create({ prompt, input: 'more', stream: true })) {
  if (event.type === 'response.output_text.delta') text += event.delta;
  if (event.type === 'response.completed') final = event.response;
}
if (text !== 'Hi Ada.') throw new Error(text);
out.push(strip(final));
const again = await client.responses.retrieve('resp_0a1b');
if (again.instructions !== 'Be kind.') throw new Error(again.instructions);
for (const wrong of [{ id: 'pmpt_none' }, { id: 'pmpt_greet', variables: {} }]) {
  try { await client.responses.create({ prompt: wrong }); throw new Error('no error'); }
  catch (error) { if (!error.status) throw error; out.push({ code: error.code, param: error.param, type: error.type }); }
}
out.push(strip(mixed));
console.log(JSON.stringify(out));
"#;

/// What an SDK must have parsed: the recorded shape with what OpenAI says of the prompt.
fn expected() -> Value {
    let mut answer = whole_answer("gpt-5-mini");
    answer["instructions"] = json!([
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be kind."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello Ada"}]},
    ]);
    answer["prompt"] = json!({"id": "pmpt_greet", "version": "6", "variables": {"name": {"type": "input_text", "text": "Ada"}}});
    answer
}

/// What was parsed, without keys that an SDK adds or leaves out where they are null.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, value)| {
                !value.is_null() && *key != "parsed" && *key != "parsed_arguments"
            });
            kept.map(|(key, value)| (key.clone(), plain(value)))
                .collect()
        }
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

fn check(said: &str, repo: &Shell, server: &Server) {
    let out: Value = serde_json::from_str(said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(plain(&out[0]), plain(&expected()));
    assert_eq!(
        plain(&out[1]),
        plain(&expected()),
        "the stream says the same"
    );
    assert_eq!(
        out[2],
        json!({"code": null, "param": null, "type": "invalid_request_error"})
    );
    assert_eq!(
        out[3],
        json!({"code": "prompt_variable_missing", "param": "prompt.variables.name", "type": "invalid_request_error"})
    );
    assert_eq!(
        plain(&out[4]),
        plain(&expected_mixed()),
        "pictures and files as well"
    );
    let first = server.requests().remove(0);
    assert_eq!(first.json()["previous_response_id"], "resp_0");
    assert_eq!(first.json().get("prompt"), None);
    assert_eq!(records(repo).len(), 3);
}

/// A prompt whose variables are texts, pictures and files.
const MIXED: &str = "model: openai/gpt-5-mini
source: {format: openai, id: pmpt_mixed, version: '2'}
input:
  schema:
    type: object
    required: [message, image, file, picture]
    properties: {message: {type: string}, image: {type: object}, file: {type: object}, picture: {type: object}}
messages:
  - role: user
    content: |-
      Text: {{message}}
      First: {{image}}
      Document: {{file}}
      Second: {{picture}}

      Compare.
";

/// What OpenAI says of such a call, as it was recorded: the texts are cut at each place.
fn mixed_echo() -> (Value, Value) {
    let text = |text: &str| json!({"type": "input_text", "text": text});
    let image = json!({"type": "input_image", "detail": "auto", "file_id": null, "image_url": "https://example.com/a.png"});
    let file =
        json!({"type": "input_file", "file_id": null, "file_url": "https://example.com/a.pdf"});
    let picture =
        json!({"type": "input_image", "detail": "auto", "file_id": "file-1", "image_url": null});
    let content = json!([
        text("Text: Look\nFirst: "),
        image,
        text("\nDocument: "),
        file,
        text("\nSecond: "),
        picture,
        text("\n\nCompare."),
    ]);
    let instructions = json!([{"type": "message", "content": content, "role": "user"}]);
    let variables =
        json!({"message": text("Look"), "image": image, "file": file, "picture": picture});
    (
        instructions,
        json!({"id": "pmpt_mixed", "variables": variables, "version": "2"}),
    )
}

fn expected_mixed() -> Value {
    let mut answer = whole_answer("gpt-5-mini");
    (answer["instructions"], answer["prompt"]) = mixed_echo();
    answer
}

/// A repository with the prompts that the SDKs call.
fn called(env: &TestEnv, server: &Server) -> Shell {
    let repo = greeting(env, server);
    repo.add("mixed", MIXED);
    repo.ok("promptctl publish --quiet mixed");
    repo
}

#[test]
fn an_answer_equals_the_recorded_one_field_by_field() {
    let env = TestEnv::new();
    let server = api();
    let repo = called(&env, &server);
    let recorded = [
        (
            "empty_values.json",
            "recorded-empty",
            "I saw a {{phrase}} and another {{word}}",
        ),
        (
            "mixed_inputs_url_preserved.json",
            "recorded-mixed",
            "Analyze the following content from the user:\n\nText message: {{user_message}}\nImage reference 1: {{user_image_1}}\nDocument reference: {{user_file}}\nImage reference 2: {{user_image_2}}\n\nPlease provide a comprehensive analysis.",
        ),
    ];
    let corpus = crate::env::top().join("../shared/corpus/openai-stored");
    let mut calls = Vec::new();
    for (file, name, text) in recorded {
        let Ok(text_of) = std::fs::read_to_string(corpus.join(file)) else {
            skipped(&format!("{file} is not here"));
            continue;
        };
        let said: Value = serde_json::from_str(&text_of).unwrap();
        let asked = &said["request"]["prompt"];
        let document = json!({
            "model": "openai/gpt-5-mini",
            "source": {"format": "openai", "id": asked["id"], "version": asked["version"]},
            "messages": [{"role": "user", "content": text}],
        });
        repo.add(name, &document.to_string());
        repo.ok(&format!("promptctl publish --quiet {name}"));
        let mut instructions = said["response"]["instructions"].clone();
        // The model never sees a message without content, and it is left out here.
        let messages = instructions.as_array_mut().unwrap();
        messages.retain(|it| it["content"] != json!([]));
        calls.push((
            said["request"].clone(),
            instructions,
            said["response"]["prompt"].clone(),
        ));
    }
    let part = |kind: &str, key: &str, value: &str| json!({"type": kind, key: value});
    let variables = json!({
        "message": part("input_text", "text", "Look"),
        "image": part("input_image", "image_url", "https://example.com/a.png"),
        "file": part("input_file", "file_url", "https://example.com/a.pdf"),
        "picture": part("input_image", "file_id", "file-1"),
    });
    let prompt = json!({"id": "pmpt_mixed", "version": "2", "variables": variables});
    let include = json!(["message.input_image.image_url"]);
    let (instructions, echo) = mixed_echo();
    calls.push((
        json!({"prompt": prompt, "include": include}),
        instructions,
        echo,
    ));
    let gateway = Gateway::start(&repo, "");
    for (mut call, instructions, prompt) in calls {
        let answer = gateway.call(&call);
        let mut expected = whole_answer("gpt-5-mini");
        (expected["instructions"], expected["prompt"]) = (instructions, prompt);
        assert_eq!(answer.json(), expected, "{call}");
        call["stream"] = json!(true);
        let stream = gateway.call(&call).text();
        let last = stream.lines().rfind(|line| line.starts_with("data: "));
        let event: Value = serde_json::from_str(&last.unwrap()["data: ".len()..]).unwrap();
        assert_eq!(event["response"], expected, "{call}");
    }
}

#[test]
fn the_sdk_for_python_parses_what_openai_would_have_answered() {
    let env = TestEnv::new();
    let Some(python) = python_with("openai") else {
        return;
    };
    let server = api();
    let repo = called(&env, &server);
    let gateway = Gateway::start(&repo, "");
    repo.write("try.py", PYTHON);
    let caller = repo.with("OPENAI_BASE_URL", gateway.url());
    let said = caller.ok(&format!("{python} try.py"));
    gateway.end();
    check(&said, &repo, &server);
}

#[test]
fn the_sdk_for_node_parses_what_openai_would_have_answered() {
    let Some(modules) = node_modules_with(&["openai"]) else {
        return;
    };
    let env = TestEnv::new();
    let server = api();
    let repo = called(&env, &server);
    let gateway = Gateway::start(&repo, "");
    repo.write("try.mjs", NODE);
    #[cfg(unix)]
    std::os::unix::fs::symlink(modules, repo.dir.join("node_modules")).unwrap();
    let caller = repo.with("OPENAI_BASE_URL", gateway.url());
    let said = caller.ok("node try.mjs");
    gateway.end();
    check(&said, &repo, &server);
}
