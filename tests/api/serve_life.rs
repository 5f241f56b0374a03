//! `serve`: how it begins and ends, what it serves when, and what it holds out against.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use serde_json::{Value, json};

use super::serve::{GREET, greeting};
use crate::env::TestEnv;
use crate::gateway::{Answer, Gateway, read_chunk};
use crate::server::{Reply, Server, records};

/// The version that a call gets.
fn version(gateway: &Gateway, version: Option<&str>) -> String {
    let mut call = json!({"prompt": {"id": "greet", "variables": {"name": "Ada"}}});
    if let Some(version) = version {
        call["prompt"]["version"] = json!(version);
    }
    let answer = gateway.call(&call);
    match answer.header("promptctl-version") {
        Some(version) => version.to_owned(),
        None => format!("{} {}", answer.status, answer.json()["error"]["code"]),
    }
}

fn api() -> Server {
    Server::answering(|_| Reply::answer("Hi!"))
}

#[test]
fn pins_get_published_versions_and_environments_what_is_live_there() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    repo.next_version("greet", "Be kind.", "Be very kind.");
    repo.ok("promptctl publish --quiet greet --env staging --create-env");
    repo.next_version("greet", "Be very kind.", "Be kinder.");
    let gateway = Gateway::start(&repo, "");
    for (asked, given) in [
        (None, "1"),
        (Some("1"), "1"),
        (Some("2"), "2"),
        (Some("staging"), "2"),
        (Some("3"), "404 \"prompt_version_not_found\""),
        (Some("newest"), "404 \"prompt_version_not_found\""),
    ] {
        assert_eq!(version(&gateway, asked), given, "{asked:?}");
    }
    drop(gateway);
    let live = Gateway::start(&repo, "--pinned live");
    let call =
        json!({"prompt": {"id": "pmpt_greet", "version": "5", "variables": {"name": "Ada"}}});
    let answer = live.call(&call);
    assert_eq!(answer.header("promptctl-version"), Some("1"));
    assert!(
        answer
            .header("promptctl-note")
            .unwrap()
            .contains("version 5 was asked for")
    );
    // What is given for a version changes with the next release.
    let read = live.get("/v1/prompts/greet?version=1");
    let cache = read.header("cache-control").unwrap();
    assert!(!cache.contains("immutable"), "{cache}");
}

#[test]
fn a_call_says_which_snapshot_it_was_answered_from() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--fetch-every 100ms");
    let snapshot = || {
        let answer =
            gateway.call(&json!({"prompt": {"id": "greet", "variables": {"name": "Ada"}}}));
        answer.header("promptctl-snapshot").unwrap().to_owned()
    };
    let first = snapshot();
    assert_eq!(snapshot(), first);
    repo.next_version("greet", "Be kind.", "Be very kind.");
    repo.ok("promptctl publish --quiet greet");
    gateway.wait_for("are live in");
    assert_ne!(snapshot(), first);
}

#[test]
fn a_release_made_elsewhere_is_served_and_a_remote_that_is_gone_changes_nothing() {
    let env = TestEnv::new();
    let server = api();
    let ada = env.with_origin();
    ada.add("greet", GREET);
    ada.ok("git push --quiet origin main");
    ada.ok("promptctl publish --quiet greet");
    let clone = env
        .clone_of_origin("Bob")
        .with("OPENAI_BASE_URL", server.url());
    let gateway = Gateway::start(&clone, "--fetch-every 100ms");
    assert_eq!(version(&gateway, None), "1");
    ada.next_version("greet", "Be kind.", "Be very kind.");
    ada.ok("git push --quiet origin main");
    ada.ok("promptctl publish --quiet greet");
    gateway.wait_for("are live in");
    assert_eq!(version(&gateway, None), "2");
    ada.ok("promptctl rollback --quiet greet");
    gateway.wait_for("are live in");
    assert_eq!(version(&gateway, None), "1");

    std::fs::rename(
        env.root().dir.join("origin.git"),
        env.root().dir.join("gone.git"),
    )
    .unwrap();
    gateway.wait_for("the last good snapshot is served");
    assert_eq!(version(&gateway, None), "1");
    assert_eq!(version(&gateway, Some("2")), "2");
    assert_eq!(gateway.get("/readyz").status, 200);
    assert!(
        gateway
            .get("/metrics")
            .text()
            .contains("promptctl_fetch_failures_total")
    );
    assert_eq!(
        gateway.said().matches("warning").count(),
        1,
        "{}",
        gateway.said()
    );
}

#[test]
fn two_prompts_with_one_id_are_refused_and_the_last_good_snapshot_stays() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--fetch-every 100ms");
    repo.add("other", GREET);
    let refused = repo.fails("promptctl publish other");
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stderr.contains("P350"), "{refused}");
    repo.ok("promptctl publish --quiet other --allow P350");
    gateway.wait_for("other and greet both answer for pmpt_greet in production");
    assert_eq!(version(&gateway, None), "1");
    drop(gateway);
    let refused = repo.fails("promptctl serve --listen 127.0.0.1:0");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("P350"), "{refused}");
    assert!(
        refused.stderr.contains("promptctl unpublish greet"),
        "{refused}"
    );
    repo.ok("promptctl unpublish --quiet other");
    let gateway = Gateway::start(&repo, "");
    assert_eq!(version(&gateway, None), "1");
}

#[test]
fn a_snapshot_serves_without_a_repository() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    repo.next_version("greet", "Be kind.", "Be very kind.");
    repo.ok("promptctl publish --quiet greet");
    repo.add(
        "unread",
        GREET.replace("pmpt_greet", "pmpt_unread").as_str(),
    );
    let snapshot = repo.ok("promptctl get --all --versions --format json");
    let names: Vec<Value> = serde_json::from_str::<Value>(&snapshot).unwrap()["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["reference"].clone())
        .collect();
    assert_eq!(names, ["greet@v1"]);
    let place = env.root().with("OPENAI_BASE_URL", server.url());
    place.write("place/prompts.json", &snapshot);
    let place = place.cd("place");
    let gateway = Gateway::start(
        &place,
        "--snapshot prompts.json --fetch-every 100ms --log -",
    );
    assert_eq!(version(&gateway, None), "2");
    assert_eq!(version(&gateway, Some("1")), "1");
    assert_eq!(
        version(&gateway, Some("3")),
        "404 \"prompt_version_not_found\""
    );
    assert_eq!(gateway.get("/v1/prompts/greet").json()["version"], 2);
    assert_eq!(gateway.get("/v1/prompts/greet/-/releases").status, 404);
    place.write("prompts.json", "half of a file");
    gateway.wait_for("not JSON");
    assert_eq!(version(&gateway, None), "2");
    repo.ok("promptctl rollback --quiet greet");
    place.write(
        "prompts.json",
        repo.ok("promptctl get --all --versions --format json"),
    );
    gateway.wait_for("are live in");
    assert_eq!(version(&gateway, None), "1");
    let (code, out) = gateway.end();
    assert_eq!(code, Some(0));
    // The first line is the URL, since the port was left to the system.
    let first: Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(
        (first["prompt"].as_str(), first["version"].as_u64()),
        (Some("greet"), Some(2))
    );
    let broken = place.fails("promptctl serve --listen 127.0.0.1:0 --snapshot nothing.json");
    assert!(broken.stderr.contains("P353"), "{broken}");
}

#[test]
fn the_bundled_prompts_are_the_same_in_a_snapshot() {
    let env = TestEnv::new();
    let repo = env.repo().with("OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    repo.ok("promptctl seed --quiet");
    repo.ok("promptctl publish --quiet --all");
    repo.write(
        "prompts.json",
        repo.ok("promptctl get --all --versions --format json"),
    );
    // Each content is compared with its digest.
    let gateway = Gateway::start(&repo, "--snapshot prompts.json --no-log");
    let count = gateway.get("/v1/prompts").json()["prompts"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(
        count,
        repo.json("promptctl list --format json")["prompts"]
            .as_array()
            .unwrap()
            .len()
    );
}

#[test]
fn reads_have_the_shapes_of_the_commands_and_are_not_sent_twice() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let answer = gateway.get("/v1/prompts/greet");
    assert_eq!(
        answer.json(),
        repo.json("promptctl get greet@production --format json")
    );
    let tag = answer.header("etag").unwrap().to_owned();
    let again = gateway.ask(&format!("GET /v1/prompts/greet\nif-none-match: {tag}"), "");
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert!(
        gateway
            .get("/v1/prompts/greet?version=1")
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    let whole = repo.json("promptctl get --all --format json");
    assert_eq!(gateway.get("/v1/snapshot").json(), whole);
    // What was never published is nobody's to read.
    repo.ok("promptctl edit --quiet greet --set messages[0].content=SECRETDRAFT -m Draft");
    let drafts = gateway.get("/v1/prompts/greet/-/diff?from=1&to=2");
    assert_eq!(drafts.status, 404, "{}", drafts.text());
    assert!(
        !gateway
            .get("/v1/prompts/greet/-/versions")
            .text()
            .contains("Draft")
    );
    repo.git("reset --quiet --hard HEAD~1");
    for (path, line) in [
        ("versions", "promptctl history greet --format json"),
        ("releases", "promptctl releases greet --format json"),
    ] {
        assert_eq!(
            gateway.get(&format!("/v1/prompts/greet/-/{path}")).json(),
            repo.json(line)
        );
    }
    assert_eq!(gateway.get("/v1/prompts/none").status, 404);
    assert_eq!(gateway.get("/v1/prompts?env=none").status, 404);
    let rendered = gateway.ask(
        "POST /v1/prompts/greet/-/render",
        json!({"variables": {"name": "Ada"}}).to_string(),
    );
    assert_eq!(
        rendered.json(),
        repo.json("promptctl render greet@production --var name=Ada --format json")
    );
    let dry = gateway.ask(
        "POST /v1/prompts/greet/-/render",
        json!({"variables": {"name": "Ada"}, "request": {"input": "x"}}).to_string(),
    );
    assert_eq!(dry.json()["request"]["input"][1]["content"], "x");
    let litellm = gateway
        .get("/beta/litellm_prompt_management?prompt_id=pmpt_greet")
        .json();
    assert_eq!(
        litellm["prompt_template"][1],
        json!({"role": "user", "content": "Hello {{name}}"})
    );
    assert_eq!(server.requests().len(), 0, "a read asks nobody");
}

#[test]
fn outcomes_are_told_of_executions_that_there_are() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    let answer = gateway.call(&json!({"prompt": {"id": "greet", "variables": {"name": "Ada"}}}));
    let id = answer.header("promptctl-execution-id").unwrap().to_owned();
    let tell = |body: Value| gateway.ask("POST /v1/outcomes", body.to_string());
    let told = tell(
        json!([{"id": id, "score": 0.5}, {"response_id": "resp_1", "label": "win", "metrics": {"r": 2}}]),
    );
    assert_eq!((told.status, told.json()), (202, json!({"accepted": 2})));
    for (body, status) in [
        (json!({"id": "none", "score": 1}), 404),
        (json!({"id": id}), 400),
        (json!({"id": id, "scor": 1}), 400),
        // What cannot be added up would silence no alert and mean nothing.
        (json!({"id": id, "score": 1e300}), 400),
        (json!({"id": id, "metrics": {"r": -1e16}}), 400),
        (json!({"score": 1}), 400),
        (
            json!([{"id": id, "score": 1}, {"id": "none", "score": 1}]),
            404,
        ),
    ] {
        assert_eq!(tell(body.clone()).status, status, "{body}");
    }
    // A caller that got no answer sends the same again.
    let again = tell(json!({"id": id, "label": "win", "metrics": {"r": 2}}));
    assert_eq!(again.status, 202);
    gateway.end();
    let lines = repo.read(".promptctl/executions.jsonl");
    assert_eq!(
        lines.matches("outcome_of").count(),
        3,
        "all or none: {lines}"
    );
    let stats = repo.json("promptctl stats --by prompt --format json");
    assert_eq!(stats["met"]["replaced_outcomes"], 0, "{stats}");
    let outcomes = &stats["groups"][0]["outcomes"];
    assert_eq!(
        (&outcomes["count"], &outcomes["win"]["count"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn requests_that_are_not_for_it_are_refused() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(
        &repo,
        "--host gateway.internal --allow-origin https://tools.example",
    );
    let status = |head: &str| gateway.ask(head, "").status;
    assert_eq!(status("GET /v1/models\nhost: evil.example"), 421);
    assert_eq!(status("GET /v1/models\nhost: gateway.internal:8377"), 200);
    assert_eq!(
        status("GET /healthz\nhost: 10.0.0.7:8377"),
        200,
        "a kubelet knows the address alone"
    );
    assert_eq!(
        status("POST /v1/responses\norigin: https://evil.example"),
        403
    );
    assert_eq!(
        status("GET /v1/prompts\norigin: https://tools.example"),
        200
    );
    assert_eq!(
        status("POST /v1/responses\norigin: https://tools.example"),
        403
    );
    assert_eq!(
        status("GET /v1/realtime\nconnection: upgrade\nupgrade: websocket"),
        501
    );
    assert_eq!(status("GET /elsewhere"), 404);
    let line = "promptctl serve --listen 0.0.0.0:0";
    let exposed = repo.fails(line);
    assert!(exposed.stderr.contains("P352"), "{exposed}");
    let taken = repo.fails(&format!("promptctl serve --listen {}", gateway.address));
    assert!(taken.stderr.contains("P351"), "{taken}");
    let own = repo.with("OPENAI_BASE_URL", "http://localhost:8377/v1");
    assert_eq!(own.fails("promptctl serve").code, Some(2));
}

#[test]
fn large_packed_and_half_sent_bodies_end_well() {
    let env = TestEnv::new();
    let server =
        Server::answering(|request| Reply::json(200, &json!({"length": request.body.len()})));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "");
    const MOST: usize = 64 * 1024 * 1024;
    let whole = gateway.ask("POST /v1/responses", vec![b' '; MOST]);
    assert_eq!(whole.json(), json!({"length": MOST}));
    let larger = gateway.ask("POST /v1/responses", vec![b' '; MOST + 1]);
    assert_eq!(larger.status, 413, "{}", larger.text());
    let mut connection = gateway.connect();
    let head = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        MOST + 1
    );
    connection.get_mut().write_all(head.as_bytes()).unwrap();
    assert_eq!(
        Answer::read(&mut connection).status,
        413,
        "before anything is sent"
    );
    assert_eq!(
        gateway.ask("POST /v1/files", vec![b' '; MOST + 1]).json(),
        json!({"length": MOST + 1}),
        "files stream"
    );

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(
        json!({"prompt": {"id": "greet", "variables": {"name": "Ada"}}})
            .to_string()
            .as_bytes(),
    )
    .unwrap();
    let packed = gzip.finish().unwrap();
    let answer = gateway.ask("POST /v1/responses\ncontent-encoding: gzip", &packed);
    assert_eq!(
        answer.header("promptctl-prompt"),
        Some("greet"),
        "{}",
        answer.text()
    );
    let request = server.requests().pop().unwrap();
    assert_eq!(
        (
            request.header("content-encoding"),
            request.json()["model"].as_str()
        ),
        (None, Some("gpt-5-mini"))
    );
    assert_eq!(
        gateway
            .ask("POST /v1/responses\ncontent-encoding: br", &packed)
            .status,
        415
    );

    let mut half = gateway.connect();
    half.get_mut()
        .write_all(
            b"POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{\"pro",
        )
        .unwrap();
    assert_eq!(version(&gateway, None), "1", "others are served");
    drop(half);
    let long = format!("GET /v1/models\nx-long: {}", "a".repeat(70 * 1024));
    assert_eq!(gateway.ask(&long, "").status, 431);
    let many: String = (0..101).map(|at| format!("\nx-{at}: 1")).collect();
    assert_eq!(
        gateway.ask(&format!("GET /v1/models{many}"), "").status,
        431
    );
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn idle_connections_make_room_for_calls() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let program = env!("CARGO_BIN_EXE_promptctl");
    let mut command = repo.command("sh");
    command.args([
        "-c",
        &format!("ulimit -n 200; exec {program} serve --listen 127.0.0.1:0 --drain 0s"),
    ]);
    let gateway = Gateway::of(command);
    assert!(
        gateway.said().contains("limit of open files leaves room"),
        "{}",
        gateway.said()
    );
    let mut idle: Vec<_> = (0..400).map(|_| gateway.connect()).collect();
    for _ in 0..5 {
        assert_eq!(version(&gateway, None), "1");
    }
    // The first ones were closed, the last ones not.
    assert_eq!(idle[0].read(&mut [0]).unwrap(), 0);
    let last = idle.last_mut().unwrap();
    gateway.send(last, "GET /healthz", "");
    assert_eq!(Answer::read(last).status, 200);
}

#[test]
fn a_log_that_cannot_be_written_fails_no_call() {
    if !std::path::Path::new("/dev/full").exists() {
        crate::env::skipped("there is no /dev/full here");
        return;
    }
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--log /dev/full");
    for _ in 0..3 {
        assert_eq!(version(&gateway, None), "1");
    }
    gateway.wait_for("calls are not recorded");
    assert_eq!(
        gateway.said().matches("warning").count(),
        1,
        "{}",
        gateway.said()
    );
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn the_end_waits_for_calls_and_tells_those_that_take_too_long() {
    let env = TestEnv::new();
    let server = Server::answering(|_| Reply::Hang(Reply::stream(&["half "])));
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--grace 200ms");
    let call = json!({"prompt": {"id": "greet", "variables": {"name": "Ada"}}, "stream": true});
    let mut connection = gateway.connect();
    gateway.send(&mut connection, "POST /v1/responses", call.to_string());
    Answer::read_head(&mut connection);
    assert!(read_chunk(&mut connection).is_some());
    gateway.signal("TERM");
    let mut rest = Vec::new();
    while let Some(chunk) = read_chunk(&mut connection) {
        rest.extend(chunk);
    }
    let rest = String::from_utf8(rest).unwrap();
    assert!(
        rest.contains("event: error") && rest.contains("gateway_ends"),
        "{rest}"
    );
    drop(connection);
    let address = gateway.address.clone();
    assert_eq!(gateway.wait(), Some(0));
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
    assert_eq!(records(&repo).remove(0)["status"], "interrupted");
}

#[test]
fn while_it_drains_it_serves_and_says_that_it_is_not_ready() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::of(repo.line("promptctl serve --listen 127.0.0.1:0 --drain 1h"));
    assert_eq!(gateway.get("/readyz").status, 200);
    gateway.signal("TERM");
    gateway.wait_for("draining");
    assert_eq!(gateway.get("/readyz").status, 503);
    assert_eq!(gateway.get("/healthz").status, 200);
    assert_eq!(version(&gateway, None), "1");
    // A second signal ends it at once.
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn a_script_learns_the_port_that_was_taken() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let mut command = repo.line("promptctl --quiet serve --listen 127.0.0.1:0 --drain 0s --log -");
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut url = String::new();
    out.read_line(&mut url).unwrap();
    let address = url.trim().strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/v1").unwrap();
    // It listens already.
    std::net::TcpStream::connect(address).unwrap();
    child.kill().unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(said.stderr).unwrap(), "");
}

#[test]
fn figures_have_an_address_of_their_own_without_a_key() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server).with("OPENAI_API_KEY", "sk-of-this-machine-01234567");
    let config = env.root().dir.join("home/.config/promptctl/config.yaml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let hash = super::serve::sha256("secret-of-web");
    let keys = format!("serve: {{keys: [{{name: web, sha256: {hash}, may: [call]}}]}}\n");
    std::fs::write(&config, keys).unwrap();
    let mut gateway = Gateway::start(&repo, "--auth keys --metrics-listen 127.0.0.1:0");
    let calls = gateway.address.clone();
    assert_eq!(gateway.get("/metrics").status, 401);
    let line = gateway.wait_for("figures are at");
    let address = line.split("http://").nth(1).unwrap();
    gateway.address = address.split('/').next().unwrap().to_owned();
    let figures = gateway.get("/metrics");
    assert_eq!(figures.status, 200);
    assert!(
        figures.text().contains("promptctl_prompts 1"),
        "{}",
        figures.text()
    );
    assert_eq!(gateway.get("/readyz").status, 200);
    assert_eq!(
        gateway.ask("GET /metrics\nhost: evil.example", "").status,
        421
    );
    assert_eq!(gateway.ask("POST /metrics", "").status, 404);
    assert_eq!(
        gateway.get("/v1/prompts").status,
        404,
        "nothing else is told there"
    );
    assert_eq!(gateway.ask("POST /v1/responses", "{}").status, 404);
    gateway.address = calls.clone();
    let taken = repo.fails(&format!(
        "promptctl serve --listen 127.0.0.1:0 --metrics-listen {calls}"
    ));
    assert!(taken.stderr.contains("P351"), "{taken}");
    assert_eq!(gateway.end().0, Some(0));
}

/// Takes the content of a version out of the repository.
fn lose_content(repo: &crate::env::Shell, revision: &str) {
    let blob = repo.git(&format!("rev-parse {revision}:prompts/greet.prompt.yml"));
    let (folder, file) = blob.trim().split_at(2);
    std::fs::remove_file(repo.dir.join(format!(".git/objects/{folder}/{file}"))).unwrap();
}

#[test]
fn a_release_that_cannot_be_read_leaves_the_last_good_one_and_refuses_the_first_start() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--fetch-every 1h");
    repo.next_version("greet", "Be kind.", "Be very kind.");
    repo.ok("promptctl publish --quiet greet");
    lose_content(&repo, "HEAD");
    gateway.signal("HUP");
    gateway.wait_for("the last good snapshot is served until this is mended");
    assert_eq!(version(&gateway, None), "1");
    assert_eq!(gateway.get("/readyz").status, 200);
    // Who pins what is lost is told; all others are served.
    assert_eq!(version(&gateway, Some("1")), "1");
    let (code, _) = gateway.end();
    assert_eq!(code, Some(0));
    let refused = repo.fails("promptctl serve --listen 127.0.0.1:0");
    assert_eq!(refused.stdout, "", "nothing listens");
    assert!(refused.stderr.contains("greet"), "{refused}");
}

#[test]
fn a_pinned_version_that_cannot_be_read_fails_that_call_alone() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    repo.next_version("greet", "Be kind.", "Be very kind.");
    repo.ok("promptctl publish --quiet greet");
    let gateway = Gateway::start(&repo, "--fetch-every 1h");
    lose_content(&repo, "HEAD~1");
    assert_eq!(version(&gateway, Some("1")), "500 \"prompt_unreadable\"");
    assert_eq!(version(&gateway, None), "2");
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn a_fetch_that_hangs_keeps_neither_calls_nor_the_end_waiting() {
    let env = TestEnv::new();
    let server = api();
    let ada = env.with_origin();
    ada.add("greet", GREET);
    ada.ok("git push --quiet origin main");
    ada.ok("promptctl publish --quiet greet");
    let clone = env
        .clone_of_origin("Bob")
        .with("OPENAI_BASE_URL", server.url());
    clone.ok("promptctl fetch --quiet");
    clone.git("remote set-url origin ssh://localhost/origin.git");
    let started = env.root().dir.join("started");
    let script = format!("echo > {}; sleep 100000; :", started.display());
    clone.ok(&format!("git config core.sshCommand '{script}'"));
    let gateway = Gateway::start(&clone, "--fetch-every 100ms");
    while !started.exists() {
        assert_eq!(version(&gateway, None), "1");
    }
    assert_eq!(version(&gateway, None), "1");
    assert_eq!(gateway.get("/readyz").status, 200);
    assert_eq!(gateway.end().0, Some(0));
}

#[test]
fn an_upload_goes_on_while_it_comes() {
    let env = TestEnv::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let repo = env.repo().with(
        "OPENAI_BASE_URL",
        format!("http://{}/v1", listener.local_addr().unwrap()),
    );
    repo.add("greet", GREET);
    repo.ok("promptctl publish --quiet greet");
    let gateway = Gateway::start(&repo, "");
    let mut caller = gateway.connect();
    let head = "POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8\r\n\r\nhalf";
    caller.get_mut().write_all(head.as_bytes()).unwrap();
    // The first half arrives though the second was never sent.
    let (mut api, _) = listener.accept().unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"half") {
        let mut piece = [0; 1024];
        let count = api.read(&mut piece).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend(&piece[..count]);
    }
    caller.get_mut().write_all(b" too").unwrap();
    let mut rest = [0; 4];
    api.read_exact(&mut rest).unwrap();
    assert_eq!(&rest, b" too");
    api.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        .unwrap();
    assert_eq!(Answer::read(&mut caller).status, 200);
}

#[test]
fn each_request_is_one_line_without_what_it_held() {
    let env = TestEnv::new();
    let server = api();
    let repo = greeting(&env, &server);
    let gateway = Gateway::start(&repo, "--access-log --log -");
    let call = json!({"prompt": {"id": "greet", "variables": {"name": "secret-of-ada"}}, "input": "secret-input"});
    gateway.call(&call);
    gateway.wait_for("POST /v1/responses 200 greet@v1 ");
    gateway.get("/v1/models?token=secret-query");
    let passed = gateway.wait_for("GET /v1/models 200 - - ");
    assert!(passed.ends_with(" ms"), "{passed}");
    gateway.ask("GET /nothing/%1b%5b31m\nx-secret: secret-header", "");
    let said = gateway.said();
    let (_, out) = gateway.end();
    for secret in [
        "secret-of-ada",
        "secret-input",
        "secret-query",
        "secret-header",
        "sk-caller",
    ] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    let lines: Vec<&str> = out.lines().skip(1).collect();
    assert_eq!(lines.len(), 1, "one record for the one call: {out}");
    let record: Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!(record["sent"], json!(["input"]));
    assert!(
        !out.contains("secret-input") && !out.contains("sk-caller"),
        "{out}"
    );
}
