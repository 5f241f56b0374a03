//! The files for deployment: each is parsed, and what it starts is a command line that exists.

use std::fs;

use promptctl::prompt::document::parse_value;
use serde_json::{Value, json};

use crate::env::{TestEnv, skipped, top};

fn file(name: &str) -> String {
    fs::read_to_string(top().join("src/help/deploy").join(name)).unwrap()
}

/// The documents of a YAML file.
fn documents(name: &str) -> Vec<Value> {
    let text = file(name);
    let documents = text.split("\n---\n");
    documents
        .map(|text| parse_value(text).unwrap_or_else(|error| panic!("{name}: {error:?}")))
        .collect()
}

/// Fails unless these are arguments of `serve`.
#[track_caller]
fn are_arguments(arguments: &[&str]) {
    let run = TestEnv::new()
        .root()
        .run(&format!("promptctl serve {} --help", arguments.join(" ")));
    assert_eq!(run.code, Some(0), "{arguments:?}\n{run}");
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect()
}

/// How long the gateway may take to end: as its defaults say, and a little more.
const END: u64 = 310;

#[test]
fn the_files_for_kubernetes_start_what_there_is() {
    for (name, container) in [
        ("sidecar.yaml", "/spec/template/spec/initContainers/0"),
        ("gateway.yaml", "/spec/template/spec/containers/0"),
    ] {
        let documents = documents(name);
        assert_eq!(documents[0]["kind"], "Deployment");
        let container = documents[0].pointer(container).unwrap();
        let command = container.get("command").map_or(vec![], texts);
        let own = command.iter().skip_while(|it| **it != "serve").skip(1);
        let arguments: Vec<&str> = own.copied().chain(texts(&container["args"])).collect();
        are_arguments(&arguments);
        assert_eq!(container["securityContext"]["runAsNonRoot"], true);
        // Each probe asks a port that is served, where the kubelet can connect.
        let ports: Vec<&Value> = container["ports"].as_array().unwrap().iter().collect();
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let Some(asked) = container.get(probe).map(|it| &it["httpGet"]) else {
                continue;
            };
            assert!(["/readyz", "/healthz"].contains(&asked["path"].as_str().unwrap()));
            let port = ports.iter().find(|it| it["name"] == asked["port"]).unwrap();
            let address = format!("0.0.0.0:{}", port["containerPort"]);
            assert!(arguments.contains(&&*address), "{name} {probe}: {address}");
        }
        let pod = &documents[0]["spec"]["template"]["spec"];
        assert_eq!(pod["terminationGracePeriodSeconds"], END);
    }
    let gateway = documents("gateway.yaml");
    assert_eq!(gateway[0]["spec"]["replicas"], 2);
    let kinds: Vec<&Value> = gateway.iter().map(|it| &it["kind"]).collect();
    assert_eq!(kinds, ["Deployment", "Service", "PodDisruptionBudget"]);
    let container = &gateway[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
    assert!(container["lifecycle"]["preStop"]["sleep"]["seconds"].is_u64());
    // The sidecar is reached from its own pod alone.
    let sidecar = documents("sidecar.yaml");
    assert!(sidecar[0].to_string().contains("127.0.0.1:8377"));
    // What is mounted is what is served.
    let container = &sidecar[0]["spec"]["template"]["spec"]["initContainers"][0];
    let mount = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let command = texts(&container["command"]);
    let at = command.iter().position(|it| *it == "--snapshot").unwrap();
    assert!(
        command[at + 1].starts_with(&format!("{mount}/")),
        "{command:?}"
    );
    assert_eq!(container["startupProbe"]["httpGet"]["path"], "/readyz");
}

#[test]
fn the_file_for_compose_starts_what_there_is() {
    let compose = &documents("compose.yaml")[0];
    let gateway = &compose["services"]["promptctl"];
    are_arguments(&texts(&gateway["command"]));
    assert_eq!(gateway["stop_grace_period"], format!("{END}s"));
}

#[test]
fn the_unit_for_systemd_starts_what_there_is() {
    let unit = file("promptctl-serve.service");
    let value = |key: &str| {
        let line = unit
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key}=")));
        line.unwrap_or_else(|| panic!("no {key}")).to_owned()
    };
    let start = value("ExecStart");
    let (program, arguments) = start.split_once(" serve ").unwrap();
    assert!(program.ends_with("/promptctl"));
    are_arguments(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(value("DynamicUser"), "yes");
    assert_eq!(value("Restart"), "always");
    assert_eq!(value("TimeoutStopSec"), END.to_string());
    // systemd itself reads it, where it is here.
    let env = TestEnv::new();
    let here = unit.replace(program, env!("CARGO_BIN_EXE_promptctl"));
    env.root().write("promptctl-serve.service", here);
    let line = "systemd-analyze verify --man=no ./promptctl-serve.service";
    match env.root().line(line).output() {
        Err(_) => skipped("systemd-analyze is not here"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains("promptctl-serve.service"), "{said}");
        }
    }
}

#[test]
fn the_images_start_what_there_is_and_are_not_root() {
    for name in ["Dockerfile", "Dockerfile.snapshot"] {
        let text = file(name);
        let list = |key: &str| -> Vec<String> {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{key} ")))
                .unwrap();
            serde_json::from_str(line).unwrap()
        };
        let entry = list("ENTRYPOINT");
        let at = entry.iter().position(|it| it == "serve").unwrap();
        let arguments: Vec<String> = entry[at + 1..].iter().cloned().chain(list("CMD")).collect();
        are_arguments(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let last = text
            .lines()
            .rfind(|line| line.starts_with("USER "))
            .unwrap();
        assert!(last.starts_with("USER 10001"), "{name}");
    }
}

/// TypeScript as JavaScript, as far as these files need it.
fn without_types(text: &str) -> String {
    let types =
        r"\?: string|: (any|string|Record<string, string>)\b|: Record<string, string>| as any";
    let types = regex::Regex::new(types).unwrap();
    types.replace_all(text, "").into_owned()
}

#[test]
fn the_last_resort_sends_the_same_texts() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add(
        "greet",
        "model: openai/gpt-5-mini\nsource: {format: openai, id: pmpt_1, version: '6'}\nmodelParameters: {maxTokens: 300}\ninput: {schema: {type: object, properties: {name: {type: string}, more: {type: string, default: '!'}}}}\nmessages:\n- {role: system, content: Be kind.}\n- {role: user, content: \"Hello {{ name }}{{more}}\"}\n",
    );
    repo.add(
        "loop",
        "model: m\nmessages: [{role: user, content: \"{{#each xs}}{{this}}{{/each}}\"}]\n",
    );
    repo.add(
        "strict",
        "model: m\nresponseFormat: json_object\nmessages: [{role: user, content: x}]\n",
    );
    repo.ok("promptctl publish --quiet greet loop strict");
    repo.ok("promptctl edit --quiet greet --set messages[0].content=Be_brief. -m Shorter");
    repo.ok("promptctl publish --quiet greet");
    let mut snapshot = repo.json("promptctl get --all --versions --format json");
    let greet = &mut snapshot["prompts"][0];
    assert_eq!(
        greet["document"]["source"],
        json!({"format": "openai", "id": "pmpt_1"})
    );
    // Edits of older releases of promptctl kept the number: the first that had it was it.
    greet["document"]["source"]["version"] = json!("6");
    repo.write("prompts.json", snapshot.to_string());
    for name in ["fallback.py", "fallback.ts"] {
        repo.write(name, file(name));
    }
    let expected = json!({"model": "gpt-5-mini", "input": [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello {{more}}!"},
    ], "max_output_tokens": 300});
    let mut live = expected.clone();
    live["input"][0]["content"] = json!("Be_brief.");
    repo.write(
        "try.py",
        "import json, fallback\nv = {'name': '{{more}}'}\nprint(json.dumps([fallback.request('pmpt_1', '6', v), fallback.request('greet', None, v)]))\nfor wrong in [('loop', None, {}), ('strict', None, {}), ('greet', '9', v), ('greet', None, {})]:\n    try:\n        fallback.request(*wrong)\n        print('taken', wrong)\n    except LookupError:\n        pass\n",
    );
    repo.write(
        "try.mts",
        "import { request } from './fallback.ts';\nconst v = { name: '{{more}}' };\nconsole.log(JSON.stringify([request('pmpt_1', '6', v), request('greet', undefined, v)]));\nfor (const wrong of [['loop', undefined, {}], ['strict', undefined, {}], ['greet', '9', v], ['greet', undefined, {}]] as any) {\n  try { (request as any)(...wrong); console.log('taken', wrong); } catch {}\n}\n",
    );
    for line in [
        "python3 try.py",
        "node --experimental-strip-types --no-warnings try.mts",
    ] {
        let mut line = line.to_owned();
        let output = repo.line(&line).output();
        if output
            .as_ref()
            .is_ok_and(|it| String::from_utf8_lossy(&it.stderr).contains("bad option"))
        {
            // An older node reads no types.
            repo.write("fallback.mjs", without_types(&file("fallback.ts")));
            let script = without_types(&repo.read("try.mts"));
            repo.write("try.mjs", script.replace("fallback.ts", "fallback.mjs"));
            line = "node try.mjs".to_owned();
        } else if output.is_err() {
            skipped(&format!("{line}: not here"));
            continue;
        }
        let run = repo.run(&line);
        assert_eq!(run.code, Some(0), "{run}");
        let said: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
        assert_eq!(said, json!([expected, live]), "{line}");
    }
}
