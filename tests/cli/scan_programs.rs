//! Programs by chance, run by the real python3 and node: what is lifted renders what they send.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cli::programs;
use crate::env::{Shell, TestEnv, often, skipped};

/// How many programs of each language; `PROMPTCTL_PROGRAMS` says how many instead.
const PROGRAMS: usize = 40;

const PYTHON: &str = r#"import contextlib, copy, json, signal, sys, types

sys.modules["openai"] = types.ModuleType("openai")
sys.modules["openai"].OpenAI = None
records = []


class Client:
    def __getattr__(self, name):
        return self

    def create(self, **sent):
        records.append(copy.deepcopy(sent))


class Thing:
    x = "ox"
    m = {"role": "user", "content": "om"}


@contextlib.contextmanager
def opened():
    yield "with"


for path in sys.argv[1:]:
    records.clear()
    space = {}
    try:
        exec(compile(open(path, newline="").read(), path, "exec"), space)
        if "Desk" in space:
            desk = space["Desk"](Client())
            desk.send()
            desk.send()
    except Exception:
        pass
    for flag in (True, False):
        values = {"k": "DK", "j": "DJ", "c": opened, "e": {"content": "from e"}}
        said = [{"role": "assistant", "content": "hi"}]
        try:
            space["main"](Client(), "AA", "B{{b}} %s {0}", ["x1", "x2"], 3, flag, Thing(), values, said)
        except Exception:
            pass
    for sent in records:
        print(json.dumps({"path": path, "sent": sent}))
"#;

const NODE: &str = r#"const records = [];
const client = { create: (sent) => records.push(structuredClone(sent)) };
client.responses = client.chat = client.completions = client;
for (const path of process.argv.slice(2)) {
  records.length = 0;
  try {
    const program = await import(`${process.cwd()}/${path}`);
    for (const flag of [true, false]) {
      const thing = { x: "ox", m: { role: "user", content: "om" } };
      const values = { k: "DK", j: "DJ", e: { content: "from e" } };
      const said = [{ role: "assistant", content: "hi" }];
      try {
        program.main(client, "AA", "B{{b}} %s {0}", ["x1", "x2"], 3, flag, thing, values, said);
      } catch {}
    }
  } catch {}
  for (const sent of records) console.log(JSON.stringify({ path, sent }));
}
"#;

#[test]
fn what_is_lifted_of_python_renders_what_python_sends() {
    compare("py", "python3 run.py", programs::python);
}

#[test]
fn what_is_lifted_of_javascript_renders_what_node_sends() {
    compare("mjs", "node run.mjs", programs::script);
}

/// The number of the call on a line.
fn number(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("create(")?;
    let (_, rest) = rest.split_once("number")?;
    let digits: String = rest
        .trim_start_matches(['=', ':', ' '])
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}

/// The program with the values of each call beside what it sends.
fn with_values(program: &str, by_call: &BTreeMap<usize, Value>, is_python: bool) -> String {
    let lines = program.split('\n').map(|line| {
        let Some(number) = number(line) else {
            return line.to_owned();
        };
        let mut values = BTreeMap::new();
        let messages = by_call.get(&number).map(|found| &found["messages"]);
        for message in messages.and_then(Value::as_array).into_iter().flatten() {
            let is_list = message["placeholder"].is_string();
            for variable in message["variables"].as_array().unwrap() {
                let expression = variable["expression"].as_str().unwrap();
                let value = match (is_list, is_python) {
                    (true, _) => format!("({expression})"),
                    (false, true) => format!("str({expression})"),
                    (false, false) => format!("String({expression})"),
                };
                values.insert(variable["name"].as_str().unwrap().to_owned(), value);
            }
        }
        let values: Vec<String> = values
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        let values = values.join(", ");
        match is_python {
            true => line.replacen("create(", &format!("create(values={{{values}}}, "), 1),
            false => line.replacen("create({", &format!("create({{ values: {{ {values} }},"), 1),
        }
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// What a call sent, as messages.
fn sent(call: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all = Vec::new();
    let said = |role: &str, key: &str| call.get(key).map(|it| (role.to_owned(), text(it)));
    all.extend(said("system", "instructions"));
    for message in call["messages"].as_array().into_iter().flatten() {
        all.push((text(&message["role"]), text(&message["content"])));
    }
    all.extend(said("user", "input"));
    all
}

fn compare(ending: &str, run: &str, program: fn(u64) -> String) {
    let env = TestEnv::new();
    let repo = env.repo();
    let is_python = ending == "py";
    repo.write(
        &format!("run.{ending}"),
        if is_python { PYTHON } else { NODE },
    );
    let openai = "node_modules/openai";
    repo.write(
        &format!("{openai}/package.json"),
        r#"{"name": "openai", "type": "module", "main": "main.js"}"#,
    );
    repo.write(&format!("{openai}/main.js"), "export default null;");
    if repo.line(run).output().is_err() {
        skipped(&format!(
            "`{run}` does not start, so what programs send is not compared"
        ));
        return;
    }
    let count = often("PROMPTCTL_PROGRAMS", PROGRAMS);
    let paths: Vec<String> = (0..count)
        .map(|seed| format!("src/p{seed}.{ending}"))
        .collect();
    for (seed, path) in paths.iter().enumerate() {
        repo.write(path, program(seed as u64));
    }
    let scanned = repo.json("promptctl scan src --format json");
    // Those that are not sure are refused, so that it does not end with 0.
    let lifted = repo.run("promptctl scan src --lift");
    assert!(lifted.stderr.contains("error[P524]"), "{lifted}");
    let mut found: BTreeMap<String, BTreeMap<usize, Value>> = BTreeMap::new();
    for finding in scanned["findings"].as_array().unwrap() {
        let path = finding["path"].as_str().unwrap();
        // What a call chooses between is no call of its own.
        if finding["stands"] != "call" {
            continue;
        }
        let text = repo.read(path);
        let line = finding["call_line"].as_u64().unwrap() as usize;
        if let Some(number) = text.split('\n').nth(line - 1).and_then(number) {
            let calls = found.entry(path.to_owned()).or_default();
            calls.insert(number, finding.clone());
        }
    }
    for path in &paths {
        let calls = found.entry(path.clone()).or_default();
        repo.write(path, with_values(&repo.read(path), calls, is_python));
    }
    let output = repo
        .line(&format!("{run} {}", paths.join(" ")))
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut equal = 0;
    for record in output.lines() {
        // Half of a letter is no text here, and what holds one is not lifted.
        let Ok(record) = serde_json::from_str::<Value>(record) else {
            continue;
        };
        let path = record["path"].as_str().unwrap();
        let call = &record["sent"];
        let number = call["number"].as_u64().unwrap() as usize;
        let Some(finding) = found[path].get(&number) else {
            continue;
        };
        let is_told = ["doubts", "lost"]
            .iter()
            .any(|key| !finding[*key].as_array().unwrap().is_empty());
        if is_told {
            continue;
        }
        let name = finding["name"].as_str().unwrap();
        let shown = rendered(&repo, name, call["values"].as_object().unwrap());
        assert_eq!(
            shown,
            sent(call),
            "{path}, call {number}:\n{}",
            repo.read(path)
        );
        equal += 1;
    }
    assert!(equal > count / 2, "only {equal} calls were compared");
}

fn rendered(repo: &Shell, name: &str, values: &Map<String, Value>) -> Vec<(String, String)> {
    let line = format!("promptctl render {name} --vars - --format json");
    let run = repo.run_with(&line, Value::from(values.clone()).to_string());
    assert_eq!(run.code, Some(0), "{run}");
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let messages = shown["messages"].as_array().unwrap().iter();
    messages
        .map(|it| (text(&it["role"]), text(&it["content"])))
        .collect()
}
