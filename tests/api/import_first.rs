//! `import`: what would stop it is known before anything is paid for, and told once.

use insta::assert_snapshot;

use super::import::{ID, simple, with};
use crate::env::TestEnv;
use crate::gateway::Gateway;
use crate::server::{ECHO, KEY, Reply, Server, answer};
use crate::store_of_prompts::{Prompts, Version};

const OTHER: &str = "pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What import does in the three ways in which it asks.
fn lines(id: &str) -> [String; 3] {
    ["", " --dry-run", " --record-calls calls"]
        .map(|more| format!("promptctl import {id} --name other --var-name ticket{more}"))
}

#[test]
fn a_gateway_is_not_taken_for_openai() {
    let env = TestEnv::new();
    let prompts = simple(2);
    let (server, repo) = with(&env, &prompts);
    repo.ok(&format!(
        "promptctl import {ID} --name p --var-name ticket --publish production"
    ));
    let (paid, asked) = (prompts.paid(), server.requests().len());
    for more in ["", "--unknown-prompts forward"] {
        let gateway = Gateway::start(&repo, more);
        let through = repo.with("OPENAI_BASE_URL", format!("http://{}/v1", gateway.address));
        // One that is live there, and one that it would send on.
        for line in lines(ID).iter().chain(&lines(OTHER)) {
            let run = through.run(line);
            assert_eq!(run.code, Some(1), "{run}");
            assert_eq!(run.stderr.matches("error[P513]").count(), 1, "{run}");
            assert_eq!(run.stderr.matches("error").count(), 1, "{run}");
            assert!(
                run.stderr.contains("hint: unset OPENAI_BASE_URL; or"),
                "{run}"
            );
        }
    }
    assert_eq!((prompts.paid(), server.requests().len()), (paid, asked));
    assert!(!repo.exists("calls") && !repo.exists("prompts/other.prompt.yml"));
}

#[test]
fn a_gateway_behind_another_server_shows_by_its_answers() {
    let env = TestEnv::new();
    let ours = |_: &crate::server::Request| {
        let body =
            "{\"error\": {\"message\": \"no\"}, \"promptctl\": {\"code\": null, \"hints\": []}}";
        Reply::text(404, &[], body)
    };
    let marked = |_: &crate::server::Request| {
        Reply::text(
            200,
            &[("promptctl-version", "1")],
            &answer("Hi").to_string(),
        )
    };
    for server in [
        Server::answering(move |request| match request.line.as_str() {
            "GET /" => Reply::error(404, None, None, "Nothing."),
            _ => ours(request),
        }),
        Server::answering(move |request| match request.line.as_str() {
            "GET /" => Reply::error(404, None, None, "Nothing."),
            _ => marked(request),
        }),
    ] {
        let repo = env
            .root()
            .cd("tmp")
            .with("OPENAI_API_KEY", KEY)
            .with("OPENAI_BASE_URL", server.url());
        repo.ok("git init --quiet .");
        for line in lines(ID) {
            let run = repo.run(&line);
            assert!(
                run.code == Some(1) && run.stderr.contains("error[P513]"),
                "{run}"
            );
        }
        assert!(!repo.exists("calls"));
    }
}

#[test]
fn without_an_identity_nothing_is_paid_for() {
    let env = TestEnv::new();
    let prompts = simple(2);
    let (server, repo) = with(&env, &prompts);
    env.root()
        .write("home/.gitconfig", "[user]\n\tuseConfigOnly = true\n");
    let line = format!("promptctl import {ID} --name p --var-name ticket");
    let run = repo.run(&line);
    assert!(
        run.code == Some(1) && run.stderr.contains("error[P222]"),
        "{run}"
    );
    assert!(server.requests().is_empty());
    // What commits nothing needs nobody.
    repo.ok(&format!("{line} --dry-run"));
    repo.ok(&format!("{line} --no-commit"));
}

#[test]
fn strict_pays_for_nothing_where_one_id_is_missing() {
    let env = TestEnv::new();
    let prompts = simple(2);
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} {OTHER} --strict")), @"
    error[P505]: pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: not found, or it belongs to another project
      hint: an id is visible to its own project only: --key-env VARIABLE names the variable with that project's key
    error[P512]: pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: not written, because another one did not come whole (--strict)
      hint: without --strict what can be is written, and what was left out is reported
    0 calls that OpenAI bills, 10 refused without cost; 2 failed
    [exit 1]
    ");
    assert_eq!(prompts.paid(), 0);
}

#[test]
fn the_limit_of_the_cost_says_what_is_here() {
    let env = TestEnv::new();
    let prompts = simple(4);
    let (_server, repo) = with(&env, &prompts);
    let line = format!("promptctl import {ID} --name p --var-name ticket");
    assert_snapshot!(repo.run(&format!("{line} --max-cost 0.02")), @"
    error[P507]: the next call could bring the cost above 0.02 USD
      hint: --max-cost 0.08 allows more
      hint: nothing of it was written
    2 calls that OpenAI bills, 12 refused without cost; 1 failed
    [exit 3]
    ");
    assert!(!repo.exists("prompts/p.prompt.yml"));
    assert_snapshot!(repo.run(&format!("{line} --max-cost 0.04")), @"
    p v1 to v2 made from pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (OpenAI's current one is 4)
      OpenAI's version 1, 2: message 1 (developer) is empty, and the model never sees it: left out
    error[P507]: the next call could bring the cost above 0.04 USD
      hint: --max-cost 0.16 allows more
      hint: what is here up to v2 is whole; the same command goes on from there
    2 new versions of 1 prompt here; 4 calls that OpenAI bills, 12 refused without cost; 1 failed
    [exit 3]
    ");
    assert_eq!(repo.git("log -1 --format=%s"), "Import p v2 from OpenAI");
}

#[test]
fn a_key_that_is_refused_is_told_once() {
    let env = TestEnv::new();
    let server =
        Server::answering(|_| Reply::error(401, Some("invalid_api_key"), None, "Incorrect key."));
    let repo = env
        .repo()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    let ids: Vec<String> = (1..=20)
        .map(|number| format!("pmpt_{number:048x}"))
        .collect();
    for more in ["", " --dry-run"] {
        let run = repo.run(&format!("promptctl import {}{more}", ids.join(" ")));
        insta::allow_duplicates! {
            assert_snapshot!(run, @"
    error[P302]: the API refused the key in OPENAI_API_KEY: Incorrect key.
      hint: check the key, its project and what it is allowed to do
    [exit 4]
    ");
        }
    }
    // Four at a time, and the question whether this is a gateway.
    assert!(
        server.requests().len() <= 2 * (2 * 4 + 1),
        "{}",
        server.requests().len()
    );
}

#[test]
fn recording_stops_where_nobody_can_be_reached() {
    let env = TestEnv::new();
    // A port where somebody listened, and no longer does.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let repo = env
        .repo()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", nowhere);
    let run = repo.run(&format!("promptctl import {ID} --record-calls calls"));
    assert!(
        run.code == Some(1) && run.stderr.contains("error[P307]"),
        "{run}"
    );
    assert!(!repo.exists("calls"));
}

#[test]
fn recording_stops_at_a_refused_key_and_not_at_a_later_cut() {
    let env = TestEnv::new();
    let line = format!("promptctl import {ID} --record-calls calls");
    for status in [401, 403] {
        let server = Server::answering(move |_| Reply::error(status, None, None, "Incorrect key."));
        let repo = env
            .root()
            .cd("tmp")
            .with("OPENAI_API_KEY", KEY)
            .with("OPENAI_BASE_URL", server.url());
        let run = repo.run(&line);
        assert!(
            run.code == Some(4) && run.stderr.contains("error[P302]"),
            "{run}"
        );
        let posts = |it: &&crate::server::Request| it.line.starts_with("POST ");
        assert_eq!(server.requests().iter().filter(posts).count(), 1);
        assert!(!repo.exists("calls"));
    }
    // Every call but the first is cut off.
    let first = std::sync::Mutex::new(true);
    let server = Server::answering(move |request| {
        let is_first =
            !request.line.starts_with("GET ") && std::mem::take(&mut *first.lock().unwrap());
        match is_first {
            true => Reply::error(404, None, None, "Prompt not found."),
            false => Reply::Close,
        }
    });
    let repo = env
        .root()
        .cd("tmp")
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    let run = repo.run(&line);
    assert!(run.stderr.contains("17 answers written to"), "{run}");
}

#[test]
fn a_plan_says_calls_costs_and_what_will_fail() {
    let env = TestEnv::new();
    let mut prompts = simple(3);
    prompts.add(OTHER, 1, vec![Version::new(&[("user", "Hi.")])]);
    let (_server, repo) = with(&env, &prompts);
    repo.add("taken", ECHO);
    let finding = |id: &str, name: &str| {
        format!("{{\"name\": \"{name}\", \"stored\": {{\"id\": \"{id}\"}}}}")
    };
    let list = format!(
        "{{\"findings\": [{}, {}]}}",
        finding(ID, "p"),
        finding(OTHER, "taken")
    );
    for more in ["", " --offline"] {
        let run = repo.run_with(&format!("promptctl import - --dry-run{more}"), &list);
        assert!(
            run.code == Some(3)
                && run
                    .stderr
                    .contains("error[P224]: a prompt named taken exists"),
            "{run}"
        );
    }
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --dry-run")), @"
    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  p
      versions 1, 2, 3; here already: none
    4 calls that OpenAI bills would be made, and one a model, at most 5 USD (--max-cost); nothing was changed
    ");
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --name p --dry-run --max-cost 0")), @"
    pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  p
      versions 1, 2, 3; here already: none
    4 calls that OpenAI bills would be made, and one a model, without a limit of the cost (--max-cost 0); nothing was changed
    ");
    assert_eq!(prompts.paid(), 0);
}

#[test]
fn the_name_of_a_prompt_is_answered_with_its_id() {
    let env = TestEnv::new();
    let prompts = simple(1);
    let (_server, repo) = with(&env, &prompts);
    repo.ok(&format!("promptctl import {ID} --name p --var-name ticket"));
    repo.add("own", ECHO);
    assert_snapshot!(repo.play("
        promptctl import p
        promptctl import own
        promptctl import nothing
    "), @"
    $ promptctl import p
    error[P017]: p could not be read: No such file or directory (os error 2)
      hint: p is a prompt here: promptctl import pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa brings what is new of it
    [exit 1]
    $ promptctl import own
    error[P017]: own could not be read: No such file or directory (os error 2)
      hint: own is a prompt here, which did not come from OpenAI; import takes ids (pmpt_…)
    [exit 1]
    $ promptctl import nothing
    error[P017]: nothing could not be read: No such file or directory (os error 2)
      hint: import takes files and folders of other tools: promptctl help moving-in
      hint: stored prompts of OpenAI's are named by ids (pmpt_…), saved answers of the API, or what `promptctl scan --ids --format json` prints
    [exit 1]
    ");
}

#[test]
fn an_environment_that_is_not_there_can_be_made_by_the_same_command() {
    let env = TestEnv::new();
    let prompts = simple(1);
    let (_server, repo) = with(&env, &prompts);
    assert_snapshot!(repo.run(&format!("promptctl import {ID} --publish canary")), @"
    error[P257]: there is no environment canary: promptctl.yaml does not declare it, and nothing was ever released to it
      hint: the environments are production
      hint: to make a new one, add --create-env, or write it under `environments:` in promptctl.yaml
    [exit 2]
    ");
    assert_eq!(prompts.paid(), 0);
}

#[test]
fn a_repository_that_was_never_set_up_is_told() {
    let env = TestEnv::new();
    let prompts: Prompts = simple(1);
    let (server, repo) = with(&env, &prompts);
    let root = env.root();
    root.ok("git init --quiet fresh");
    let fresh = root
        .cd("fresh")
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", server.url());
    for more in [" --dry-run", ""] {
        let run = fresh.run(&format!("promptctl import {ID} --var-name ticket{more}"));
        assert_eq!(
            run.stderr.matches("promptctl init writes").count(),
            1,
            "{run}"
        );
    }
    for shell in [&fresh, &repo] {
        let run = shell.run(&format!("promptctl import {ID} --var-name ticket"));
        assert!(!run.stderr.contains("promptctl init"), "{run}");
    }
}
