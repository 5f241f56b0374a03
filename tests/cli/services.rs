//! The readers of `promptctl help services`: in real Python and Node, what they make of every
//! bundled prompt, of every helper and of hostile values is what `promptctl render` makes of it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use promptctl::prompt::template::{EXAMPLE_VALUES, HELPERS};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv, skipped};

/// Reads `[name, values]`, and prints what the reader makes of each: `messages` and `request`, or
/// `error`. With a path alone it says why the snapshot is refused. `@nan` and `@deep` stand for what
/// no JSON holds.
const PYTHON: &str = r#"
import json, sys
from prompts import Prompts, PromptError
try:
    prompts = Prompts("prompts.json")
except PromptError as error:
    sys.exit(print(json.dumps({"refused": str(error)})))
deep = []
for _ in range(100_000):
    deep = [deep]
odd = {"@nan": float("nan"), "@deep": deep}
def made(name, values):
    try:
        prompt = prompts[name]
        values = {key: odd.get(it, it) if isinstance(it, str) else it for key, it in values.items()}
        return {"messages": prompt.render(**values), "request": prompt.request(**values), "version": prompt.version, "digest": prompt.digest}
    except PromptError as error:
        return {"error": str(error)}
print(json.dumps([made(*one) for one in json.load(sys.stdin)]))
"#;

const NODE: &str = r#"
import { readFileSync } from "node:fs";
import { Prompts, PromptError } from "./prompts.mjs";
const made = (run) => {
  try { return run(); } catch (error) {
    if (!(error instanceof PromptError)) throw error;
    return { error: error.message };
  }
};
let deep = [];
for (let i = 0; i < 100_000; i++) deep = [deep];
const odd = new Map([["@nan", NaN], ["@deep", deep]]);
const prompts = made(() => new Prompts("prompts.json"));
const answers = prompts.error ? { refused: prompts.error } : JSON.parse(readFileSync(0, "utf8")).map(([name, given]) => made(() => {
  const values = Object.fromEntries(Object.entries(given).map(([key, it]) => [key, odd.get(it) ?? it]));
  const prompt = prompts.get(name);
  return { messages: prompt.render(values), request: prompt.request(values), version: prompt.version, digest: prompt.digest };
}));
console.log(JSON.stringify(answers));
"#;

/// One of the readers, with the program that runs it.
pub(super) struct Reader {
    program: &'static str,
    pub(super) file: &'static str,
    language: &'static str,
    script: (&'static str, &'static str),
}

const READERS: [Reader; 2] = [
    Reader {
        program: "python3",
        file: "prompts.py",
        language: "python",
        script: ("try.py", PYTHON),
    },
    Reader {
        program: "node",
        file: "prompts.mjs",
        language: "typescript",
        script: ("try.mjs", NODE),
    },
];

impl Reader {
    /// Those that can be run here.
    pub(super) fn here() -> impl Iterator<Item = Self> {
        READERS.into_iter().filter(|reader| {
            let program = reader.program;
            let quiet = Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            let is_here = quiet.is_ok_and(|status| status.success());
            if !is_here {
                skipped(&format!(
                    "{program} is not here, so {} is not tried",
                    reader.file
                ));
            }
            is_here
        })
    }

    /// What the reader makes of the snapshot beside it.
    pub(super) fn answers(&self, repo: &Shell, asked: &[(String, Value)]) -> Value {
        self.answers_to(repo, json!(asked).to_string())
    }

    pub(super) fn answers_to(&self, repo: &Shell, asked: String) -> Value {
        let line = format!("promptctl help services --lang {}", self.language);
        repo.write(self.file, repo.ok(&line));
        let (script, text) = self.script;
        repo.write(script, text);
        let run = repo.run_with(&format!("{} {script}", self.program), asked);
        assert_eq!(run.code, Some(0), "{run}");
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"))
    }
}

pub(super) fn snapshot(repo: &Shell) -> Value {
    repo.ok("promptctl publish --quiet --all");
    repo.write(
        "prompts.json",
        repo.ok("promptctl get --all --env production --format json"),
    );
    serde_json::from_str(&repo.read("prompts.json")).unwrap()
}

/// What `promptctl render` says, or that it refuses.
pub(super) fn rendered(
    repo: &Shell,
    name: &str,
    values: &str,
    with_request: bool,
) -> Option<(Value, Option<Value>)> {
    let read = |format: &str| {
        let line = format!("promptctl render {name} --vars - --format {format}");
        let run = repo.run_with(&line, values);
        (run.code == Some(0)).then_some(run.stdout)
    };
    let whole = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    // The values stand in it too, one level deeper than they may be read here: they are passed over.
    let messages = |text: String| {
        let said: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).unwrap();
        serde_json::from_str::<Value>(said["messages"].get()).unwrap()
    };
    let request = if with_request {
        Some(whole(read("request")?))
    } else {
        None
    };
    Some((messages(read("json")?), request))
}

/// The values with 1 for 1.0, which JavaScript does not tell apart.
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let float = number
                .as_f64()
                .filter(|it| it.fract() == 0.0 && it.abs() < 1e15);
            if let Some(float) = float {
                *value = json!(float as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole),
        Value::Object(map) => map.values_mut().for_each(whole),
        _ => {}
    }
}

/// Fails unless each reader makes of everything what `promptctl render` makes of it.
fn same_as_render(repo: &Shell, asked: &[(String, Value)]) {
    // How a request is made of messages does not depend on the values: some are enough.
    let wanted: Vec<_> = asked
        .iter()
        .enumerate()
        .map(|(at, (name, values))| rendered(repo, name, &values.to_string(), at % 4 == 0))
        .collect();
    for reader in Reader::here() {
        let answers = reader.answers(repo, asked);
        let answers = answers.as_array().unwrap_or_else(|| panic!("{answers}"));
        assert_eq!(answers.len(), asked.len());
        for ((answer, wanted), (name, values)) in answers.iter().zip(&wanted).zip(asked) {
            let at = format!("{} of {name} with {values}: {answer}", reader.file);
            match wanted {
                Some((messages, request)) => {
                    assert_eq!(&answer["messages"], messages, "{at}");
                    if let Some(request) = request {
                        assert_eq!(&answer["request"], request, "{at}");
                    }
                }
                None => assert!(answer["error"].is_string(), "{at}"),
            }
        }
    }
}

#[test]
fn every_bundled_prompt_is_filled_in_as_render_fills_it_in() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl seed core trading");
    let snapshot = snapshot(&repo);
    let mut asked = Vec::new();
    for prompt in snapshot["prompts"].as_array().unwrap() {
        let declared = &prompt["document"]["input"]["schema"]["properties"];
        for case in prompt["document"]["testData"].as_array().unwrap() {
            let mut values = case.clone();
            let case = values.as_object_mut().unwrap();
            case.retain(|name, _| declared.get(name).is_some());
            case.values_mut()
                .for_each(|value| *value = super::packs::sent(value.take()));
            case.values_mut().for_each(whole);
            asked.push((prompt["name"].as_str().unwrap().to_owned(), values));
        }
    }
    assert!(asked.len() >= 100, "{}", asked.len());
    same_as_render(&repo, &asked);
    let first = &snapshot["prompts"][0];
    for reader in Reader::here() {
        let answers = reader.answers(&repo, &asked[..1]);
        assert_eq!(answers[0]["version"], first["version"]);
        assert_eq!(answers[0]["digest"], first["digest"]);
    }
}

#[test]
fn every_helper_makes_what_its_example_says() {
    let env = TestEnv::new();
    let repo = env.repo();
    let mut values: Value = serde_json::from_str(EXAMPLE_VALUES).unwrap();
    // A variable that is null has no value; inside another it may be.
    values["user"] = json!({ "nickname": values["nickname"].take() });
    for helper in HELPERS {
        let content = json!(helper.example.replace("nickname", "user.nickname"));
        let name = helper.name.replace('_', "-");
        repo.write(
            &format!("prompts/helpers/{name}.prompt.yml"),
            format!("version: 1\nmodel: m\ninput: {{schema: {{properties: {{user: {{}}, name: {{}}, colours: {{}}, price: {{}}, change: {{}}, day: {{}}}}}}}}\nmessages:\n  - {{role: user, content: {content}}}\n"),
        );
    }
    repo.git("add prompts");
    repo.git("commit --quiet --message Helpers");
    snapshot(&repo);
    let asked: Vec<(String, Value)> = HELPERS
        .iter()
        .map(|helper| {
            (
                format!("helpers/{}", helper.name.replace('_', "-")),
                values.clone(),
            )
        })
        .collect();
    same_as_render(&repo, &asked);
    for reader in Reader::here() {
        let answers = reader.answers(&repo, &asked);
        for (helper, answer) in HELPERS.iter().zip(answers.as_array().unwrap()) {
            let text = &answer["messages"][0]["content"];
            assert_eq!(
                text, helper.result,
                "{} in {}: {answer}",
                helper.name, reader.file
            );
        }
    }
}

const ODD: &str = r#"version: 1
model: openai/gpt-4.1-mini
modelParameters: {max_tokens: 100, temperature: 0.5}
input:
  schema:
    type: object
    required: [text]
    properties:
      text: {type: string, maxLength: 2000}
      number: {type: number, default: 1234.5}
      whole: {type: [integer, "null"]}
      flag: {type: boolean}
      kind: {enum: [a, b]}
      any: {}
      items: {type: array, items: {type: object, properties: {n: {type: number}, name: {type: string}}}}
      user: {type: object, properties: {name: {type: string, default: Ada}, tags: {type: array, items: {type: string}}}}
      history: {type: array}
messages:
  - role: system
    content: |
      Text: {{text}}|{{upper text}}|{{title text}}|{{truncate text 7}}|{{length text}}
      {{#if any}}
        any: {{json any}} {{any}}
      {{else if flag}}
      flag {{flag}}
      {{else}}
      none
      {{/if}}
      {{! a comment on its own line }}
      {{#each items as |item at|}}
      {{at}}/{{@index}}: {{item.n}} {{round item.n digits=2}} {{percent item.n}} {{currency item.n "JPY"}} {{#if (gt item.n 1)}}big{{/if}}{{#unless @last}},{{/unless}}
      {{else}}
      no items
      {{/each}}
      {{#with user}}
      {{name}} {{#each tags}}{{this}}{{#if @first}}!{{/if}} {{../name}} {{@root.text}}{{/each}}
      {{/with}}
        {{~#if kind}} {{kind}} {{~/if}}
      {{{number}}} {{&number}} {{round number}} {{abs number}} \{{kept}} {{default whole "none"}}
      {{json user pretty=true}}
      {{indent text 2}} {{join (lookup user "tags") "; "}}
  - placeholder: history
  - role: user
    content: "{{any}}"
"#;

#[test]
fn hostile_values_come_out_as_render_prints_them_or_are_refused() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/odd.prompt.yml", ODD);
    repo.git("add prompts");
    repo.git("commit --quiet --message Odd");
    snapshot(&repo);
    let hostile = "{{text}} {{> p}} \\{{x}} \"q\" 'a' <b> \u{0}\u{1b}[2J\u{202e}\r\n\té ß ǆ Σας 👩‍👩‍👧 \u{7f}\u{2028}";
    let user = json!({"tags": ["x", "{{y}}"]});
    let with = |name: &str, value: Value| {
        let mut values = json!({"text": "don't STOP now", "any": "x", "user": user});
        values[name] = value;
        ("odd".to_owned(), values)
    };
    let mut asked = vec![
        with("text", json!(hostile)),
        with("text", json!("")),
        with("text", json!("  ")),
        with("text", json!(null)),
        with("text", json!(7)),
        with("text", json!("x".repeat(2001))),
        with("any", json!(hostile)),
        with("any", json!([hostile, null, true, 1.5, {"a": [], "b": {}}])),
        with(
            "any",
            json!({"type": "input_image", "image_url": "https://x/a.png"}),
        ),
        with(
            "any",
            json!({"__proto__": {"x": 1}, "constructor": 2, "length": 3}),
        ),
        with("any", json!("\u{10ff00}0\u{10ff00}")),
        with("kind", json!("c")),
        with("kind", json!("a")),
        with("flag", json!("true")),
        with("whole", json!("12")),
        with("whole", json!("1.5")),
        with("unknown", json!(1)),
        with("user", json!({"tags": []})),
        with("user", json!({"name": null, "tags": ["a"]})),
        with("user", json!("Ada")),
        with("items", json!([])),
        with(
            "items",
            json!([{"n": 1.005}, {"n": -0.4}, {"n": 1e21}, {"n": 123456789.125}, {"n": 0}]),
        ),
        with("items", json!([{}])),
        with("items", json!({"a": 1})),
    ];
    for number in [
        0.5,
        1e-5,
        1e-7,
        123456789012.5,
        1.5e16,
        1e21,
        5e-324,
        0.1,
        2.5,
        -2.5,
        99.995,
    ] {
        asked.push(with("number", json!(number)));
    }
    for history in [
        json!(null),
        json!([]),
        json!("Hi"),
        json!([{"role": "user", "content": hostile}, {"role": "assistant", "content": [{"type": "output_text", "text": "{{x}}"}]}]),
        json!([{"role": "system", "content": "Obey"}]),
        json!([{"role": "tool", "content": "a"}]),
        json!([{"role": "user", "content": "a", "name": "b"}]),
        json!([{"role": "user", "content": [{"type": "input_image", "image_url": "https://x/a.png"}]}]),
        json!([{"role": "assistant", "content": [{"type": "input_image", "image_url": "https://x/a.png"}]}]),
        json!([{"role": "user", "content": [{"type": "image", "path": "/etc/passwd"}]}]),
        json!([{"role": "user", "content": []}]),
        json!(vec![json!({"role": "user", "content": "Hi"}); 10_000]),
    ] {
        asked.push(with("history", history));
    }
    same_as_render(&repo, &asked);
}

#[test]
fn what_a_reader_cannot_do_is_refused_when_it_loads() {
    for (template, reason) in [
        (
            "{{#*inline \\\"i\\\"}}a{{/inline}}{{> i}}",
            "is not supported here",
        ),
        ("{{{{raw}}}}{{x}}{{{{/raw}}}}", "raw blocks"),
        ("{{date day \\\"%U\\\"}}", "%U"),
    ] {
        let env = TestEnv::new();
        let repo = env.repo();
        repo.write(
            "prompts/odd.prompt.yml",
            format!(
                "version: 1\nmodel: m\nmessages:\n  - {{role: user, content: \"{template}\"}}\n"
            ),
        );
        repo.git("add prompts");
        repo.git("commit --quiet --message Odd");
        snapshot(&repo);
        for reader in Reader::here() {
            let refused = reader.answers(&repo, &[]);
            let said = refused["refused"]
                .as_str()
                .unwrap_or_else(|| panic!("{refused}"));
            assert!(
                said.starts_with("odd cannot be used here: ") && said.contains(reason),
                "{said}"
            );
        }
    }
}

#[test]
fn code_is_printed_by_its_language() {
    let env = TestEnv::new();
    let root = env.root();
    assert!(
        root.ok("promptctl help services --lang=python")
            .contains("class Prompts")
    );
    let types = root.ok("promptctl help services/prompts.d.mts");
    assert!(types.contains("export class Prompts"));
    insta::assert_snapshot!(root.play("promptctl help services --lang cobol"), @"
    $ promptctl help services --lang cobol
    error: the topic services has code in python, typescript, javascript
    [exit 2]
    ");
}

#[test]
fn a_bad_snapshot_is_refused_with_its_path_and_no_other_error() {
    let env = TestEnv::new();
    let repo = env.triage();
    let bad = [
        "{",
        "[]",
        "null",
        "{\"schema\": 1}",
        "{\"schema\": 1, \"prompts\": 3}",
        "{\"schema\": 1, \"prompts\": [{\"name\": \"a\"}]}",
        "{\"schema\": 1, \"prompts\": [[]]}",
    ];
    for reader in Reader::here() {
        for text in bad {
            repo.write("prompts.json", text);
            let refused = reader.answers(&repo, &[]);
            let said = refused["refused"].as_str().unwrap_or_default();
            assert!(
                said.starts_with("prompts.json is no snapshot of"),
                "{}: {text}: {refused}",
                reader.file
            );
        }
        std::fs::remove_file(repo.dir.join("prompts.json")).unwrap();
        let refused = reader.answers(&repo, &[]);
        let said = refused["refused"].as_str().unwrap_or_default();
        assert!(said.starts_with("prompts.json cannot be read"), "{refused}");
    }
}

#[test]
fn readers_say_what_is_wrong_with_what_is_given() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "prompts/chat.prompt.yml",
        "version: 1\nmodel: m\ninput: {schema: {type: object, required: [mood], properties: {mood: {}, history: {}}}}\nmessages:\n  - placeholder: history\n  - {role: user, content: 'Hello {{mood}}'}\n",
    );
    repo.write(
        "prompts/free.prompt.yml",
        "version: 1\nmessages:\n  - {role: user, content: Hello}\n",
    );
    repo.git("add prompts");
    repo.git("commit --quiet --message Chat");
    snapshot(&repo);
    let item = json!({"id": "msg_1", "type": "message", "role": "assistant", "content": []});
    let part = json!({"type": "output_text", "text": "Hi", "annotations": []});
    let asked = [
        ("chat", json!({})),
        ("chat", json!({"mood": "a", "history": [item]})),
        (
            "chat",
            json!({"mood": "a", "history": [{"role": "assistant", "content": [part]}]}),
        ),
        ("free", json!({})),
        ("chat", json!({"mood": "a", "moood": "b"})),
    ];
    let asked = asked.map(|(name, values)| (name.to_owned(), values));
    for reader in Reader::here() {
        let answers = reader.answers(&repo, &asked);
        let said = |at: usize| answers[at]["error"].as_str().unwrap_or_default().to_owned();
        assert!(said(0).contains("mood has no value"), "{answers}");
        assert!(
            said(1).contains("history[0] holds id, type: a message takes role, content"),
            "{answers}"
        );
        assert!(
            said(2).contains("history[0].content[0] holds annotations: "),
            "{answers}"
        );
        assert!(said(3).contains("free names no model"), "{answers}");
        assert_eq!(answers[4]["error"], Value::Null, "{answers}");
        let run = repo.run_with(
            &format!("{} {}", reader.program, reader.script.0),
            json!(asked).to_string(),
        );
        assert!(
            run.stderr
                .contains("chat: the prompt has no variable moood; its variables are"),
            "{run}"
        );
    }
}
