//! What is sent.

use insta::assert_snapshot;

use crate::env::TestEnv;
use crate::gateway::Gateway;
use crate::server::{ECHO, KEY, Reply, Server};

const RICH: &str = "\
model: openai/gpt-5-mini
modelParameters: {maxTokens: 800, reasoningEffort: low, verbosity: low}
messages:
  - {role: system, content: Be brief.}
  - role: user
    content:
      - {type: text, text: \"{{ticket}}\"}
      - {type: image, path: dot.png, detail: low}
      - {type: file, url: \"https://example.com/a.pdf\"}
extraBody: {store: false, metadata: {team: a}}
";

#[test]
fn everything_that_a_file_can_say() {
    let env = TestEnv::new();
    let server = Server::start(vec![Reply::answer("Hello.")]);
    let repo = server.repo(&env);
    repo.write("prompts/dot.png", [0x89, b'P', b'N', b'G']);
    repo.git("add prompts/dot.png");
    repo.add("rich", RICH);
    let line = "promptctl run rich --var ticket=hi --user 'And now?' --previous-response-id resp_0";
    let shown = repo.run(&format!("{line} --dry-run"));
    assert_snapshot!(shown, @r#"
    {
      "model": "gpt-5-mini",
      "instructions": "Be brief.",
      "input": [
        {
          "role": "user",
          "content": [
            {
              "type": "input_text",
              "text": "hi"
            },
            {
              "type": "input_image",
              "image_url": "data:image/png;base64,iVBORw==",
              "detail": "low"
            },
            {
              "type": "input_file",
              "file_url": "https://example.com/a.pdf"
            }
          ]
        },
        {
          "role": "user",
          "content": "And now?"
        }
      ],
      "max_output_tokens": 800,
      "reasoning": {
        "effort": "low"
      },
      "text": {
        "verbosity": "low"
      },
      "previous_response_id": "resp_0",
      "store": false,
      "metadata": {
        "team": "a"
      }
    }
    "#);
    repo.ok(line);
    let request = &server.requests()[0];
    assert_eq!(request.json().to_string(), request.body);
    let dry: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(request.json(), dry);
    assert_eq!(request.line, "POST /v1/responses");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
}

#[test]
fn render_shows_the_same_request() {
    let env = TestEnv::new();
    let repo = Server::start(Vec::new()).repo(&env);
    let rendered = repo.ok("promptctl render sorter --var ticket=hi --format request");
    assert_eq!(
        rendered,
        repo.ok("promptctl run sorter --var ticket=hi --dry-run")
    );
}

#[test]
fn a_curl_command_has_everything_but_the_key() {
    let env = TestEnv::new();
    let server = Server::start(vec![Reply::answer("Hello.")]);
    let repo = server.repo(&env).with("OPENAI_PROJECT_ID", "proj_1");
    repo.add(
        "quote",
        &ECHO.replace("Be brief.", "Don't say $HOME or `x`."),
    );
    let line = "promptctl run quote --var ticket=hi --curl";
    let run = repo.run(line);
    let told = format!("{run}").replace(&server.host(), "SERVER");
    assert_snapshot!(told, @r#"
    curl 'http://SERVER/v1/responses' \
      -H 'Content-Type: application/json' \
      -H "Authorization: Bearer $OPENAI_API_KEY" \
      -H 'OpenAI-Project: proj_1' \
      --data-binary '{
      "model": "gpt-5-mini",
      "instructions": "Don'\''t say $HOME or `x`.",
      "input": [
        {
          "role": "user",
          "content": "hi"
        }
      ]
    }'
    "#);
    // Without a key there is a command all the same.
    let told = repo.without("OPENAI_API_KEY").run(line);
    assert_eq!(told.stdout, run.stdout);
    assert!(server.requests().is_empty());
}

#[test]
fn what_the_responses_api_does_not_have_is_left_out_and_told() {
    let env = TestEnv::new();
    let server = Server::start(vec![
        Reply::answer("One."),
        Reply::answer("Two."),
        Reply::answer("Three."),
    ]);
    let repo = server.repo(&env);
    let text = "model: openai/gpt-5-mini\nmodelParameters: {maxTokens: 800, stop: [END], seed: 7, frequency_penalty: 0.5, presencePenalty: 0.5}\nmessages: [{role: user, content: \"Hi {{name}}\"}]\n";
    repo.add("chat", text);
    let shown = repo.run("promptctl render chat --var name=Ada --format request");
    assert_snapshot!(shown, @r#"
    {
      "model": "gpt-5-mini",
      "input": [
        {
          "role": "user",
          "content": "Hi Ada"
        }
      ],
      "max_output_tokens": 800
    }
    --- stderr
    warning[P325]: the Responses API has no `stop`, `seed`, `frequencyPenalty`, `presencePenalty`; they are left out of the request
      at: prompts/chat.prompt.yml:4:35
      help: remove what is never sent
    "#);
    let wanted: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let told = "the Responses API has no `stop`, `seed`";
    let ran = repo.run("promptctl run chat --var name=Ada");
    assert_eq!(ran.stderr.matches(told).count(), 1, "{ran}");
    assert_eq!(server.requests()[0].json(), wanted);
    repo.write("inputs.jsonl", "{\"name\": \"Ada\"}\n");
    let ran = repo.run("promptctl run chat --inputs inputs.jsonl");
    assert_eq!(ran.stderr.matches(told).count(), 1, "{ran}");
    assert_eq!(server.requests()[1].json(), wanted);

    repo.ok("promptctl publish --quiet chat");
    let gateway = Gateway::start(&repo, "");
    let call = serde_json::json!({"prompt": {"id": "chat", "variables": {"name": "Ada"}}});
    assert_eq!(gateway.call(&call).status, 200);
    assert_eq!(server.requests()[2].json(), wanted);
    let said = gateway.said();
    assert_eq!(said.matches(told).count(), 1, "{said}");
}
