//! `import`: stored prompts come here whole, at the price that was said.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv};
use crate::server::{KEY, Reply, Server};
use crate::store_of_prompts::{Prompts, Version, many};

pub(crate) const ID: &str = "pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A repository whose calls go to a store of prompts.
pub(crate) fn with(env: &TestEnv, prompts: &Prompts) -> (Server, Shell) {
    let prompts = prompts.clone();
    let server = Server::answering(move |request| prompts.answer(request));
    let repo = env
        .repo()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    (server, repo)
}

pub(crate) fn simple(versions: u64) -> Prompts {
    let all = (1..=versions).map(|number| {
        Version::new(&[
            ("developer", ""),
            ("user", &format!("Sort {{{{ticket}}}} in {number} words.")),
        ])
    });
    Prompts::new(ID, versions, all.collect())
}

/// The texts that a version renders to.
fn rendered(repo: &Shell, reference: &str, values: &BTreeMap<String, String>) -> Vec<String> {
    repo.write("values.json", serde_json::to_string(values).unwrap());
    let shown = repo.json(&format!(
        "promptctl render {reference} --format json --vars values.json"
    ));
    let messages = shown["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["content"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_version_becomes_a_commit_under_its_number() {
    let env = TestEnv::new();
    let prompts = simple(3);
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name support/triage --publish production")), @"
    support/triage v1 to v3 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 3)
      OpenAI's version 1, 2, 3: message 1 (developer) is empty, and the model never sees it: left out
    support/triage v3 published to production
    3 new versions of 1 prompt here; 5 calls that OpenAI bills, 10 refused without cost
    ");
    assert_snapshot!(repo.git("log --format=%s --reverse"), @"
    Set up promptctl
    Import support/triage v1 from OpenAI
    Import support/triage v2 from OpenAI
    Import support/triage v3 from OpenAI
    ");
    assert_snapshot!(repo.tags(), @"
    prompts/support/triage/production/1
    prompts/support/triage/v1
    prompts/support/triage/v2
    prompts/support/triage/v3
    ");
    assert_snapshot!(repo.read("prompts/support/triage.prompt.yml"), @r#"
    version: 3
    digest: aee4923f6462
    model: openai/o4-mini-2025-04-16
    input:
      schema:
        type: object
        required: [ticket]
        properties:
          ticket:
            type: string
    messages:
      - role: user
        content: "Sort {{ticket}} in 3 words."
    source:
      format: openai
      id: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      version: "3"
      current: "3"
      project: proj_1
      digest: aee4923f6462
    "#);
    // Versions, prompts and models.
    assert_eq!(prompts.paid(), 3 + 1 + 1);
    assert_eq!(repo.git("status --porcelain"), "");
    assert_snapshot!(repo.run("promptctl validate"), @"1 checked, 0 errors, 0 warnings");
    // Again there is nothing to do.
    let head = repo.git("rev-parse HEAD");
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --publish production")), @"
    support/triage is up to date with pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: nothing to do
    0 new versions of 1 prompt here; 1 call that OpenAI bills, 10 refused without cost
    ");
    assert_eq!(repo.git("rev-parse HEAD"), head);
    assert_eq!(prompts.paid(), 5 + 1);
}

/// Texts that a template language could take for its own.
const AWKWARD: &[&str] = &[
    "I saw a {{phrase}} and another {{word}}",
    "{{word}}{{phrase}}{{word}}ing {{word}}s",
    "  blanks before and after {{word}}  ",
    "\n\nlines\n\n{{word}}\n\n",
    "C:\\{{word}} C:\\\\{{word}} C:\\\\\\{{word}} \\",
    "{{{word}}} {{{{word}}}} {{{{{word}}}}}",
    "{ {{word}} } }}{{word}}{{",
    "{\"a\": {{word}}, \"b\": {\"c\": \"{{phrase}}\"}}",
    "\\{{if x}} \\\\{{ {{#if word}}x{{/if}} {{> partial}} {{!comment}} {{^}} {{else if x}} {{word}}",
    "{% if x %} $99.99 & <b> 'q' \"q\" `code` ${word} {{word}}",
    "# no comment: - [x] | > {{word}}: yes\ttab {{phrase}}",
    "é ß 漢字 🎉 \u{200b}\u{feff} {{word}} \u{2028}",
    "{{ word }} {{word.x}} {{word-x}} {{}} {{{}}} {{word}}",
    "{{word}}\n{{phrase}}\n  {{word}}\n",
    "ends with a backslash {{word}}\\",
    "{{word}}}",
    "{{word}}\\{{phrase}}\\\\",
];

#[test]
fn what_was_stored_comes_back_byte_for_byte() {
    let env = TestEnv::new();
    let versions = AWKWARD.iter().map(|text| {
        // Both variables stand in every version, so that none is unknown.
        Version::new(&[
            ("system", text),
            ("user", "{{word}} {{phrase}}"),
            ("assistant", "So {{word}}."),
        ])
    });
    let versions: Vec<Version> = versions.collect();
    let prompts = Prompts::new(ID, versions.len() as u64, versions.clone());
    let (_server, repo) = with(&env, &prompts);
    let run = repo.run(&format!(
        "promptctl import {ID} --name p --var-name word --var-name phrase --format json"
    ));
    assert_eq!(run.code, Some(0), "{run}");
    for (index, version) in versions.iter().enumerate() {
        for (word, phrase) in [
            ("cat", "cat in the hat"),
            ("", "{{word}}"),
            ("\\", " \n{{{x}}}\\ "),
            ("'\"&<>", "é\t#"),
        ] {
            let values = BTreeMap::from([
                ("word".to_owned(), word.to_owned()),
                ("phrase".to_owned(), phrase.to_owned()),
            ]);
            assert_eq!(
                rendered(&repo, &format!("p@v{}", index + 1), &values),
                version.filled(&values),
                "{:?}",
                AWKWARD[index]
            );
        }
    }
}

#[test]
fn settings_that_were_stored_are_told_from_those_of_the_model() {
    let env = TestEnv::new();
    let version = Version::new(&[("developer", "Answer {{q}}.")]).with(json!({
        "temperature": 0.3, "max_output_tokens": 777,
        "text": {"format": {"type": "json_schema", "name": "answer", "strict": true, "schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}}, "verbosity": "low"},
        "tools": [{"type": "web_search"}], "metadata": {"team": "support"},
    }));
    let prompts = Prompts::new(ID, 1, vec![version]);
    let (_server, repo) = with(&env, &prompts);
    repo.ok(&format!("promptctl import {ID} --var-name q"));
    let file = repo.git("ls-files prompts/imported");
    assert_snapshot!(repo.read(&file), @r#"
    version: 1
    digest: d26c6c6a3914
    model: openai/o4-mini-2025-04-16
    modelParameters:
      maxTokens: 777
      temperature: 0.3
      verbosity: low
    input:
      schema:
        type: object
        required: [q]
        properties:
          q:
            type: string
    responseFormat: json_schema
    jsonSchema:
      name: answer
      strict: true
      schema:
        type: object
        properties:
          a:
            type: string
        required: [a]
        additionalProperties: false
    messages:
      - role: developer
        content: "Answer {{q}}."
    extraBody:
      tools:
        - type: web_search
      metadata:
        team: support
    source:
      format: openai
      id: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      version: "1"
      current: "1"
      project: proj_1
      digest: d26c6c6a3914
    "#);
    repo.ok(&format!(
        "promptctl import {ID} --var-name q --name all --keep-defaults"
    ));
    assert!(repo.read("prompts/all.prompt.yml").contains("topP: 1"));
}

#[test]
fn what_scan_prints_is_what_import_reads() {
    let env = TestEnv::new();
    let mut prompts = Prompts::new(
        ID,
        2,
        vec![
            Version::new(&[("user", "One {{ticket}}")]),
            Version::new(&[("user", "Two {{ticket}}")]),
            Version::new(&[("user", "Three {{ticket}}")]),
        ],
    );
    prompts.add(OTHER, 1, vec![Version::new(&[("system", "Plain.")])]);
    let (_server, repo) = with(&env, &prompts);
    repo.write("src/app.py", format!("TRIAGE_PROMPT_ID = \"{ID}\"\n\ndef sort(t):\n    return client.responses.create(prompt={{\"id\": TRIAGE_PROMPT_ID, \"version\": \"1\", \"variables\": {{\"ticket\": t}}}}, input=[])\n"));
    repo.write("src/other.ts", format!("export async function greet() {{\n  return f({{ prompt: {{ id: '{OTHER}' }} }});\n}}\n// pmpt_123\n"));
    let found = repo.ok("promptctl scan --ids src --format json");
    let planned = repo.run_with("promptctl import - --dry-run --offline", &found);
    assert_snapshot!(planned, @"
    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  triage
      the code asks for versions: 1
      the code sends variables: ticket
    pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  other/greet
      the code asks for versions: none
      the code sends variables: none
    --- stderr
    2 prompts; nothing was asked
    ");
    assert_snapshot!(repo.run_with("promptctl import - --dry-run", &found), @"
    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  triage
      versions 1, 2, 3; here already: none
    pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb  other/greet
      versions 1; here already: none
    6 calls that OpenAI bills would be made, and one a model, at most 5 USD (--max-cost); nothing was changed
    ");
    assert_eq!(prompts.paid(), 0);
    assert_eq!(repo.git("log --format=%s"), "Set up promptctl");
    let run = repo.run_with("promptctl import - --publish production", &found);
    assert_snapshot!(run, @"
    triage v1 to v2 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 2)
    warning: triage: OpenAI has later versions than its current one (3), which were not taken
    hint: promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --version all takes them; the next publish --all would release the last of them
    triage v2 published to production
    other/greet v1 made from pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (OpenAI's current one is 1)
    other/greet v1 published to production
    3 new versions of 2 prompts here; 6 calls that OpenAI bills, 18 refused without cost
    ");
    assert_eq!(prompts.paid(), (2 + 1) + (1 + 1) + 1);
    assert_eq!(
        rendered(
            &repo,
            "triage@v1",
            &BTreeMap::from([("ticket".to_owned(), "x".to_owned())])
        ),
        ["One x"]
    );
    assert_eq!(
        rendered(
            &repo,
            "triage@production",
            &BTreeMap::from([("ticket".to_owned(), "x".to_owned())])
        ),
        ["Two x"]
    );
}

#[test]
fn equal_neighbours_are_one_version_that_names_both() {
    let env = TestEnv::new();
    let versions = ["a", "b", "b", "c"].map(|text| Version::new(&[("user", text)]));
    let prompts = Prompts::new(ID, 4, versions.to_vec());
    let (_server, repo) = with(&env, &prompts);
    repo.ok(&format!("promptctl import {ID} --name p"));
    assert_eq!(
        repo.git("log --format=%s --reverse -- prompts/p.prompt.yml"),
        "Import p v1 from OpenAI\nImport p v2 from OpenAI\nImport p v4 from OpenAI"
    );
    let second = repo.git("show HEAD~1:prompts/p.prompt.yml");
    assert!(second.contains("versions: [\"2\", \"3\"]"), "{second}");
    assert_snapshot!(repo.run(&format!("promptctl import {ID}")), @"
    p is up to date with pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: nothing to do
    0 new versions of 1 prompt here; 1 call that OpenAI bills, 10 refused without cost
    ");
}

#[test]
fn an_answer_that_somebody_saved_is_read_offline() {
    let env = TestEnv::new();
    let repo = env.repo().without("OPENAI_API_KEY");
    let answer = |version: &str, text: &str, variables: Value| {
        json!({ "id": "resp_1", "status": "completed", "model": "o4-mini-2025-04-16", "temperature": 0.5,
            "instructions": [{ "type": "message", "role": "developer", "content": [] }, { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] }],
            "prompt": { "id": ID, "version": version, "variables": variables }, "output": [] })
    };
    let text = |text: &str| json!({ "type": "input_text", "text": text });
    // Marks of the rescue script, in the first event of a stream.
    let marked = answer(
        "1",
        "I saw a pctl0123456789abv001z and another pctl0123456789abv000z",
        json!({ "word": text("pctl0123456789abv000z"), "phrase": text("pctl0123456789abv001z") }),
    );
    repo.write(
        "one.json",
        json!({ "type": "response.created", "response": marked }).to_string(),
    );
    let plain = answer(
        "2",
        "Ticket: my printer burns\nAnswer it.",
        json!({ "ticket": text("my printer burns") }),
    );
    repo.write("two.json", plain.to_string());
    assert_snapshot!(repo.run("promptctl import two.json one.json --name p"), @"
    p v1 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      OpenAI's version 1: message 1 (developer) is empty, and the model never sees it: left out
    p v2 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      OpenAI's version 2: message 1 (developer) is empty, and the model never sees it: left out
    warning: p, OpenAI's version 2: the answer holds values and no sentinels: where a text of the prompt is equal to a value, it was taken for the variable [P503]
    [exit 3]
    ");
    assert_eq!(
        repo.git("log --format=%s --reverse -- prompts/p.prompt.yml"),
        "Import p v1 from OpenAI\nImport p v2 from OpenAI"
    );
    let values = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    assert_eq!(
        rendered(&repo, "p@v2", &values("ticket", "x")),
        ["Ticket: x\nAnswer it."]
    );
    // Values that stand in each other prove nothing.
    for (body, variables) in [
        (
            "I saw a cat in the hat and another cat",
            json!({ "word": text("cat"), "phrase": text("cat in the hat") }),
        ),
        (
            "I saw a cat in the hat and another ",
            json!({ "word": text(""), "phrase": text("cat in the hat") }),
        ),
        ("test testing tester", json!({ "word": text("test") })),
    ] {
        repo.write("bad.json", answer("3", body, variables).to_string());
        let run = repo.run("promptctl import bad.json --name q");
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.contains("error[P506]"), "{run}");
        assert!(!repo.exists("prompts/q.prompt.yml"));
    }
}

#[test]
fn pictures_that_callers_send_leave_their_variable_in_the_text() {
    let env = TestEnv::new();
    let repo = env.repo();
    let answer = json!({ "id": "resp_1", "model": "m", "output": [],
        "instructions": [{ "type": "message", "role": "user", "content": [
            { "type": "input_text", "text": "Say: look closely at this\nPicture: " },
            { "type": "input_image", "detail": "auto", "file_id": null, "image_url": "https://example.com/a.png" },
            { "type": "input_text", "text": "\nFile: " },
            { "type": "input_file", "file_id": "file-1" },
            { "type": "input_text", "text": "\nThanks." }] }],
        "prompt": { "id": ID, "version": "2", "variables": {
            "said": { "type": "input_text", "text": "look closely at this" },
            "photo": { "type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto" },
            "paper": { "type": "input_file", "file_id": "file-1" } } } });
    repo.write("a.json", answer.to_string());
    assert_eq!(repo.run("promptctl import a.json --name p").code, Some(3));
    let document = &repo.json("promptctl show p --format json")["document"];
    assert_eq!(
        document["messages"][0]["content"],
        "Say: {{said}}\nPicture: {{photo}}\nFile: {{paper}}\nThanks."
    );
    assert_eq!(
        document["input"]["schema"]["properties"]["photo"]["type"],
        "object"
    );
    assert_eq!(document["source"]["version"], "2");
}

#[test]
fn calls_are_recorded_without_secrets() {
    let env = TestEnv::new();
    let prompts = simple(2);
    let inner = prompts.clone();
    let server = Server::answering(move |request| match request.line.as_str() {
        "POST /v1/realtime/client_secrets" => {
            Reply::json(200, &json!({ "value": "ek_secret", "session": {} }))
        }
        _ => inner.answer(request),
    });
    let repo = env
        .repo()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    repo.ok(&format!(
        "promptctl import {ID} --var-name ticket --record-calls calls"
    ));
    let mut all = String::new();
    for entry in std::fs::read_dir(repo.dir.join("calls")).unwrap() {
        all.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(!all.contains("ek_secret") && !all.contains(KEY), "{all}");
    let read = |name: &str| -> Value {
        serde_json::from_str(&repo.read(&format!("calls/{name}.json"))).unwrap()
    };
    assert_eq!(read("03-probe-known")["status"], 400);
    assert_eq!(read("03-probe-made-up")["status"], 404);
    assert_eq!(read("02-cancelled")["ids"].as_array().unwrap().len(), 10);
    let chain = read("13-previous-response");
    assert_eq!(chain["first"]["request"]["store"], true);
    assert_eq!(chain["request"]["previous_response_id"], "resp_1");
    assert_eq!(
        std::fs::read_dir(repo.dir.join("calls")).unwrap().count(),
        17,
        "all but the one with another project's key"
    );
    // Free questions come first, and what costs most last.
    let requests = server.requests();
    let posted = requests.iter().filter(|it| it.line.starts_with("POST "));
    let order: Vec<Value> = posted.map(|it| it.json()).collect();
    let is_free = |it: &Value| it.get("previous_response_id").is_some() && it["stream"] == true;
    assert!(order[..4].iter().all(is_free));
    assert_eq!(order.last().unwrap()["stream"], false);
    let again = repo.with("OTHER_KEY", "sk-other-project-0123456789");
    again.ok(&format!("promptctl import {ID} --var-name ticket --record-calls calls --key-env OPENAI_API_KEY --key-env OTHER_KEY"));
    assert_eq!(read("14-other-project")["status"], 404);
    // What was recorded can be imported.
    repo.ok("promptctl import calls/06-07-08-current-version.json --name p");
    assert_eq!(repo.git("status --porcelain --untracked-files=no"), "");
}

#[test]
fn fifty_prompts_of_eight_versions_cost_what_was_said_and_no_call_more() {
    let env = TestEnv::new();
    // Equal neighbours are one commit: each version is called for all the same.
    let prompts = many(50, 8, |_| "Sort {{ticket}} into queues.".to_owned());
    let (server, repo) = with(&env, &prompts);
    let ids: Vec<&str> = prompts.prompts.keys().map(String::as_str).collect();
    let shown = repo.json(&format!("promptctl import {} --format json", ids.join(" ")));
    let (versions, models) = (50 * 8, 2);
    assert_eq!(shown["calls"]["paid"], versions + 50 + models, "{shown:#}");
    assert_eq!(prompts.paid(), versions + 50 + models);
    let requests = server.requests();
    let posted = requests.iter().filter(|it| it.line.starts_with("POST "));
    let refused = posted.count() - prompts.paid();
    assert_eq!(shown["calls"]["refused"], refused);
    assert_eq!(repo.git("log --format=%s").lines().count(), 50 + 1);
}
