//! The whole way out of stored prompts, from source code to an answered call; and every command of
//! the topic that tells it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::import::{ID, with};
use crate::env::{Shell, TestEnv, of_this_process, skipped};
use crate::gateway::Gateway;
use crate::server::{KEY, Reply, Server};
use crate::store_of_prompts::{Prompts, Version};

const REPLY: &str = "pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What OpenAI has.
fn stored() -> Prompts {
    let triage = |number: u64| {
        Version::new(&[
            ("developer", "You sort tickets."),
            ("user", &format!("Sort in {number} words: {{{{ticket}}}}")),
        ])
    };
    let mut prompts = Prompts::new(ID, 2, vec![triage(1), triage(2)]);
    let reply = Version::new(&[("system", "Write to {{name}} about {{order}}.")]);
    prompts.add(
        REPLY,
        1,
        vec![reply.with(json!({"max_output_tokens": 400}))],
    );
    prompts
}

/// A service in Python and TypeScript, one of whose ids stands in the environment.
fn service(shell: &Shell, folder: &str) {
    shell.write(
        &format!("{folder}/src/app.py"),
        format!(
            "import os\nfrom openai import OpenAI\n\nTRIAGE = \"{ID}\"\n\n\ndef sort(ticket):\n    variables = {{\"ticket\": ticket}}\n    return OpenAI().responses.create(prompt={{\"id\": TRIAGE, \"version\": \"1\", \"variables\": variables}})\n\n\ndef sort_again(ticket):\n    return OpenAI().responses.create(prompt={{\"id\": TRIAGE, \"variables\": {{\"ticket\": ticket}}}}, input=[])\n"
        ),
    );
    shell.write(
        &format!("{folder}/src/reply.ts"),
        "const id = process.env.REPLY_PROMPT_ID!;\nexport const reply = (name: string, order: string) =>\n  client.responses.create({ prompt: { id, version: process.env.REPLY_PROMPT_VERSION, variables: { name, order } }, input: 'Now.' });\n",
    );
    shell.write(
        &format!("{folder}/.env"),
        format!("REPLY_PROMPT_ID={REPLY}\nREPLY_PROMPT_VERSION=1\n"),
    );
}

/// What reached the API of the last call.
fn sent(server: &Server) -> Value {
    server.requests().last().unwrap().json()
}

#[test]
fn four_commands_lead_from_source_code_to_an_answered_call() {
    let env = TestEnv::new();
    let prompts = stored();
    let (server, repo) = with(&env, &prompts);
    service(&repo, "app");
    let found = repo.ok("promptctl scan --ids app");
    for told in [
        "version 1        ticket",
        "current version  ticket",
        "version 1  name, order",
    ] {
        assert!(found.contains(told), "{found}");
    }
    let found = repo.ok("promptctl scan --ids app --format json");
    let run = repo.run_with("promptctl import - --publish production", &found);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(prompts.paid(), (2 + 1) + (1 + 1) + 1, "{run}");
    assert_eq!(repo.git("status --porcelain"), "?? app/");

    let gateway = Gateway::start(&repo, "");
    let ask = |prompt: Value, more: Value| {
        let mut call = json!({ "prompt": prompt });
        for (key, value) in more.as_object().unwrap() {
            call[key] = value.clone();
        }
        let answer = gateway.call(&call);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let ticket = json!({"ticket": "It burns"});
    for (version, words) in [(None, 2), (Some("1"), 1), (Some("2"), 2)] {
        let mut prompt = json!({"id": ID, "variables": ticket});
        if let Some(version) = version {
            prompt["version"] = json!(version);
        }
        let answer = ask(prompt, json!({"input": []}));
        let text = format!("Sort in {words} words: It burns");
        assert_eq!(
            sent(&server),
            json!({"model": "o4-mini-2025-04-16", "instructions": "You sort tickets.", "input": [{"role": "user", "content": text}]})
        );
        // The answer says of the prompt what OpenAI's said.
        assert_eq!(answer["prompt"]["id"], ID);
        assert_eq!(answer["prompt"]["version"], words.to_string());
        assert_eq!(answer["instructions"][1]["content"][0]["text"], text);
    }
    ask(
        json!({"id": REPLY, "version": "1", "variables": {"name": "Ada", "order": "7"}}),
        json!({"input": "Now."}),
    );
    assert_eq!(
        sent(&server),
        json!({"model": "o4-mini-2025-04-16", "max_output_tokens": 400, "instructions": "Write to Ada about 7.", "input": [{"role": "user", "content": "Now."}]})
    );
    assert_eq!(gateway.end().0, Some(0));
}

/// The commands of the topic: each block of indented lines, with the id of the test.
fn blocks(topic: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in topic.lines() {
        match line.strip_prefix("    ") {
            Some(line) if is_open => {
                let block = blocks.last_mut().unwrap();
                block.push('\n');
                block.push_str(line);
            }
            Some(line) => blocks.push(line.to_owned()),
            None => {}
        }
        is_open = line.starts_with("    ");
    }
    blocks
}

#[test]
fn every_command_of_the_topic_works() {
    if cfg!(windows) || Command::new("curl").arg("--version").output().is_err() {
        skipped("there is no shell or no curl, so the topic's commands are not run");
        return;
    }
    let env = TestEnv::new();
    let prompts = stored();
    let inner = prompts.clone();
    // What is typed by hand reads to the end, so a model stops by itself here.
    let server = Server::answering(move |request| match inner.answer(request) {
        Reply::Hang(bytes) => Reply::Bytes(bytes),
        reply => reply,
    });
    // What is typed in the topic is this binary.
    let binary = Path::new(env!("CARGO_BIN_EXE_promptctl")).parent().unwrap();
    let others = of_this_process("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        std::iter::once(binary.to_owned()).chain(std::env::split_paths(&others)),
    );
    let root = env
        .root()
        .cd("tmp")
        .with("PATH", path.unwrap())
        .with("OPENAI_BASE_URL", server.url())
        .with("OPENAI_API_KEY", KEY);
    service(&root, "my-service");
    root.ok("git init --quiet --bare remote.git");
    let topic = root.ok("promptctl help stored-prompts");
    let blocks = blocks(&topic);
    let mut gateway = None;
    let mut repo = root.clone();
    let mut ran = 0;
    for block in blocks {
        let address = gateway
            .as_ref()
            .map(|it: &Gateway| format!("http://{}/v1", it.address));
        let script = block
            .replace("pmpt_…", ID)
            .replace("sk-…", KEY)
            .replace("git@example.com:team/prompts.git", "../remote.git")
            .replace("https://api.openai.com/v1", &server.url())
            .replace(
                "http://127.0.0.1:8377/v1",
                address.as_deref().unwrap_or("http://127.0.0.1:8377/v1"),
            )
            .replace("support/triage@production", "triage@production")
            .replace("edit NAME", "edit old");
        if script.contains("app.py") || script.starts_with("from fallback") {
            continue;
        }
        if let Some(arguments) = script.strip_prefix("promptctl serve --env production") {
            gateway = Some(Gateway::start(&repo, arguments));
            ran += 1;
            continue;
        }
        if script.contains("--unset openai") {
            repo.add("old", "model: openai/gpt-5-mini\nmessages: [{role: user, content: Hi}]\nopenai: {promptId: pmpt_1}\n");
        }
        let output = repo
            .command("bash")
            .args(["-eu", "-c", &script])
            .output()
            .unwrap();
        let said = format!(
            "{script}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{said}");
        if script.contains("curl -s \"") {
            let lists: Vec<&str> = said.lines().filter(|line| line.starts_with("[{")).collect();
            assert_eq!(lists.len(), 2, "{said}");
            assert_eq!(lists[0], lists[1], "{said}");
        }
        if script.contains("cd prompts") {
            repo = repo.cd("prompts");
        }
        ran += 1;
    }
    assert!(ran >= 12, "{ran}");
    // What was saved by hand is what was imported.
    let content = |name: &str| {
        repo.json(&format!("promptctl show {name} --format json"))["document"]["messages"].clone()
    };
    assert_eq!(content("support/saved"), content("triage@v1"));
    drop(gateway);
}
