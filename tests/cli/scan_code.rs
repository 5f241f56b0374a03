//! Prompts in source code: found, let pass, lifted into files.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::{Shell, TestEnv, skipped};

const DESK: &str = r#"import json
import textwrap

RULES = """You sort support tickets for {company}.
Answer with {{"queue": …}} and nothing else."""


def sort(client, ticket, user):
    return client.responses.create(
        model="gpt-4.1-mini",
        temperature=0.2,
        instructions=RULES.format(company=user["company"]),
        input=f"Ticket of {user['name']}:\n{ticket}",
    )


class Desk:
    def mend(self, client, history, note):
        messages = [{"role": "system", "content": textwrap.dedent("""\
            You mend what \\ broke.
              Be brief.
            """)}, *history]
        messages.append({"role": "user", "content": "Note: %s" % note})
        return client.chat.completions.create(model="gpt-5", messages=messages)


if __name__ == "__main__":
    class Tape:
        def __getattr__(self, name):
            return self

        def create(self, **sent):
            print(json.dumps(sent))

    user = {"company": "Ada & Sons", "name": "Bo"}
    sort(Tape(), "It {{broke}} again", user)
    Desk().mend(Tape(), [{"role": "user", "content": "Hi"}], "a {b} \"c\"")
"#;

const TALK: &str = r#"const persona = { name: "Ada", tone: `kind` };

export async function talk(client, question, extra) {
  const system = [
    `You are ${persona.name}, and ${extra.mood}.`,
    "Say \u{1F600} and {{nothing}} else.",
  ].join("\n");
  return client.messages.create({ model: "claude-x", max_tokens: 99, system, messages: [{ role: "user", content: `Q: ${question}` }] });
}

const tape = { messages: { create: (sent) => console.log(JSON.stringify(sent)) } };
await talk(tape, "why {x}?", { mood: "calm" });
"#;

fn desk(repo: &Shell) {
    repo.write("src/desk.py", DESK);
    repo.write("src/talk.ts", TALK);
    repo.write("tests/test_desk.py", DESK);
    repo.git("add .");
    repo.git("commit --quiet -m Code");
}

#[test]
fn what_calls_send_is_found() {
    let env = TestEnv::new();
    let repo = env.repo();
    desk(&repo);
    assert_snapshot!(repo.run("promptctl scan"), @r#"
    rules  src/desk.py:4:9  sent by openai to gpt-4.1-mini
      system  You sort support tickets for {{company}}. Answer with {"queue": …} and nothing else.
      user    Ticket of {{user_name}}: {{ticket}}

    desk/mend  src/desk.py:19:67  sent by openai to gpt-5
      system  You mend what \ broke. Be brief.
      …       the messages of history
      user    Note: {{note}}

    talk  src/talk.ts:5:5  sent by anthropic to anthropic/claude-x
      system  You are Ada, and {{extra_mood}}. Say 😀 and {{nothing}} else.
      user    Q: {{question}}

    --- stderr
    3 prompts in the code of 2 files (6 files read, 2 parsed)
    hint: promptctl scan --lift writes them as prompt files, and prints the code that takes their place
    "#);
    let shown = repo.json("promptctl scan src/talk.ts --format json");
    assert_eq!(
        shown["findings"][0]["messages"][0]["content"],
        json!("You are Ada, and {{extra_mood}}.\nSay 😀 and \\{{nothing}} else.")
    );
    let tests = repo.json("promptctl scan --tests --lang py --format json");
    assert_eq!(tests["findings"].as_array().unwrap().len(), 4);
    let sarif: Value = serde_json::from_str(&repo.ok("promptctl scan --format sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "P514");
    assert!(
        repo.ok("promptctl scan --format github")
            .starts_with("::warning file=src/desk.py,line=4,col=9,title=P514::")
    );
}

#[test]
fn prompts_in_code_fail_unless_a_comment_or_the_baseline_allows_them() {
    let env = TestEnv::new();
    let repo = env.repo();
    desk(&repo);
    let run = repo.run("promptctl scan --fail");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.contains(
            "--fail: 3 prompts in code that neither a comment nor .promptctl-baseline allows"
        ),
        "{run}"
    );
    repo.ok("promptctl scan --write-baseline");
    assert_snapshot!(repo.read(".promptctl-baseline"), @"
    # Ids of stored prompts that `promptctl scan --ids --fail` lets pass: an id and its file on each line;
    # and prompts in code that `promptctl scan --fail` lets pass: `code:`, the function and which prompt in it, `=` and a digest of its text.
    # `promptctl scan --write-baseline` writes the list again.
    code:Desk.mend#1=d7e4fa982a48 src/desk.py
    code:sort#1=7c5eca508b52 src/desk.py
    code:talk#1=cb22d1951cd8 src/talk.ts
    ");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
    // What is looked for by --ids leaves the others in the list.
    repo.ok("promptctl scan --ids --write-baseline");
    repo.replace("src/desk.py", "import json", "import json\n\nimport os");
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
    repo.write(
        "new.py",
        "client.responses.create(instructions='You are kind')\n",
    );
    let run = repo.run("promptctl scan --fail");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stdout.contains("new.py") && !run.stdout.contains("desk.py"),
        "{run}"
    );
    assert!(run.stderr.contains("; 1 is new"), "{run}");
    repo.write(
        "new.py",
        "client.responses.create(  # promptctl: allow P514\n    instructions='You are kind')\n",
    );
    assert_eq!(repo.run("promptctl scan --fail").code, Some(0));
}

/// What a prompt renders to.
fn rendered(repo: &Shell, name: &str, values: &Value) -> Vec<(String, String)> {
    let line = format!("promptctl render {name} --vars - --format json");
    let run = repo.run_with(&line, values.to_string());
    assert_eq!(run.code, Some(0), "{run}");
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    messages(&shown["messages"])
}

fn messages(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = list.as_array().unwrap().iter();
    list.map(|it| (text(&it["role"]), text(&it["content"])))
        .collect()
}

#[test]
fn lifted_prompts_render_what_the_program_sent() {
    let env = TestEnv::new();
    let repo = env.repo();
    desk(&repo);
    assert_snapshot!(repo.run("promptctl scan src --lift"), @r#"
    rules  in place of src/desk.py:9
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      client.responses.create(**prompts["rules"].request(company=user["company"], user_name=user['name'], ticket=ticket))
      # or through the gateway: client.responses.create(prompt={"id": "rules", "variables": {"company": user["company"], "user_name": user['name'], "ticket": ticket}})

    desk/mend  in place of src/desk.py:24
      from live_prompts import Prompts
      prompts = Prompts("prompts.json")
      messages = prompts["desk/mend"].render(history=history, note=note)

    talk  in place of src/talk.ts:8
      import { Prompts } from "./prompts.mjs";
      const prompts = new Prompts("prompts.json");
      const [system, ...messages] = prompts.get("talk").render({ extra_mood: extra.mood, question });
      client.messages.create({ system: system.content, messages, … });
    --- stderr
    rules v1 made from src/desk.py (code)
    desk/mend v1 made from src/desk.py (code)
    talk v1 made from src/talk.ts (code)
    3 prompts written
    hint: values go into the text as JSON writes them. The printed code gives these as they are: `extra.mood`, `note`, `question`, `ticket`, `user["company"]`, `user['name']`. Give what is no text, such as a date or a list, as f"{x}" or `${x}`
    hint: publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve
    "#);
    // Without what depends on the clock and on the text.
    let shown = |path: &str| {
        let text = repo.read(path);
        let is_steady = |line: &&str| !line.contains("digest:") && !line.contains("commit:");
        text.lines()
            .filter(is_steady)
            .collect::<Vec<&str>>()
            .join("\n")
    };
    assert_snapshot!(shown("prompts/rules.prompt.yml"), @r#"
    version: 1
    model: gpt-4.1-mini
    modelParameters:
      temperature: 0.2
    input:
      schema:
        type: object
        required: [company, user_name, ticket]
        properties:
          company: {}
          user_name: {}
          ticket: {}
    messages:
      - role: system
        content: |-
          You sort support tickets for {{company}}.
          Answer with {"queue": …} and nothing else.
      - role: user
        content: |-
          Ticket of {{user_name}}:
          {{ticket}}
    source:
      format: code
      path: src/desk.py
      place: "sort#1"
      line: 4
    "#);
    assert_snapshot!(shown("prompts/talk.prompt.yml"), @r#"
    version: 1
    model: anthropic/claude-x
    modelParameters:
      maxTokens: 99
    input:
      schema:
        type: object
        required: [extra_mood, question]
        properties:
          extra_mood: {}
          question: {}
    messages:
      - role: system
        content: |-
          You are Ada, and {{extra_mood}}.
          Say 😀 and \{{nothing}} else.
      - role: user
        content: "Q: {{question}}"
    source:
      format: code
      path: src/talk.ts
      place: "talk#1"
      line: 5
    "#);
    repo.ok("promptctl validate");
    let sort = rendered(
        &repo,
        "rules",
        &json!({"company": "Ada & Sons", "user_name": "Bo", "ticket": "It {{broke}} again"}),
    );
    let mend = rendered(
        &repo,
        "desk/mend",
        &json!({"history": [{"role": "user", "content": "Hi"}], "note": "a {b} \"c\""}),
    );
    let talk = rendered(
        &repo,
        "talk",
        &json!({"extra_mood": "calm", "question": "why {x}?"}),
    );
    let said = |role: &str, text: &str| (role.to_owned(), text.to_owned());
    assert_eq!(
        sort,
        [
            said(
                "system",
                "You sort support tickets for Ada & Sons.\nAnswer with {\"queue\": …} and nothing else."
            ),
            said("user", "Ticket of Bo:\nIt {{broke}} again"),
        ]
    );
    match repo.line("python3 src/desk.py").output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            let sent: Vec<Value> = String::from_utf8(output.stdout)
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            assert_eq!(
                sort,
                [
                    said("system", &text(&sent[0]["instructions"])),
                    said("user", &text(&sent[0]["input"]))
                ]
            );
            assert_eq!(mend, messages(&sent[1]["messages"]));
        }
        Err(_) => skipped("python3 is not here, so what the program sends is not compared"),
    }
    repo.write("talk.mjs", TALK);
    match repo.line("node talk.mjs").output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            let sent: Value = serde_json::from_slice(&output.stdout).unwrap();
            let mut all = vec![said("system", sent["system"].as_str().unwrap())];
            all.extend(messages(&sent["messages"]));
            assert_eq!(talk, all);
        }
        Err(_) => skipped("node is not here, so what the program sends is not compared"),
    }
}

#[test]
fn lifted_again_a_prompt_is_known_by_its_place() {
    let env = TestEnv::new();
    let repo = env.repo();
    desk(&repo);
    repo.ok("promptctl scan src --lift");
    let before = repo.git("rev-parse HEAD");
    let code = repo.read("src/desk.py");
    repo.replace("src/desk.py", "import json", "import json\n\nimport os");
    let run = repo.ran("promptctl scan src --lift");
    assert!(run.stderr.contains("3 prompts up to date"), "{run}");
    assert_eq!(repo.git("rev-parse HEAD"), before);
    // Renamed and edited here, changed there: both stay.
    repo.ok("promptctl mv desk/mend support/mend");
    repo.next_version("support/mend", "Be brief", "Be short");
    repo.replace("src/desk.py", "Note: %s", "The note: %s");
    let run = repo.ran("promptctl scan src --lift --only desk/mend");
    assert!(
        run.stderr
            .contains("support/mend v3 updated from src/desk.py (code)"),
        "{run}"
    );
    let text = repo.read("prompts/support/mend.prompt.yml");
    assert!(
        text.contains("Be short") && text.contains("The note:"),
        "{text}"
    );
    // The code itself is never touched.
    assert_eq!(
        repo.read("src/desk.py"),
        code.replace("import json\n", "import json\n\nimport os\n")
            .replace("Note: %s", "The note: %s")
    );
}

#[test]
fn what_cannot_be_lifted_is_refused_and_nothing_is_asked_of_the_code() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("cost.py", "from langchain.prompts import PromptTemplate\np = PromptTemplate.from_template('You cost {price:.2f} a day')\n");
    repo.write(
        "m.go",
        "m := Message{Role: \"system\", Content: \"You are kind\"}\n",
    );
    assert_snapshot!(repo.run("promptctl scan --lift"), @"
    error[P501]: the format `:.2f` has no counterpart in a template here
      at: cost.py:2:1
      hint: change the text in the code, or write the prompt by hand
    error[P501]: the language of this file is read without a syntax tree: what the code fills in cannot be told from the text
      at: m.go:1:39
      hint: write the prompt by hand
    2 prompts refused
    [exit 1]
    ");
    assert!(!repo.exists("prompts/cost.prompt.yml"));
    assert_snapshot!(repo.run("promptctl scan --lift --only nothing"), @"
    error: scan proposes no prompt named nothing
      hint: without --lift it lists the names
    [exit 2]
    ");
    assert_snapshot!(repo.run("promptctl scan --dry-run"), @"
    error: --dry-run goes with --lift or --write-baseline
      hint: scan itself writes nothing
    [exit 2]
    ");
}

#[test]
fn what_the_program_may_send_otherwise_is_not_lifted_and_said_with_its_line() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "a.py",
        "def f(client, xs):\n    text = 'You are kind'\n    for x in xs:\n        text += x\n    client.responses.create(instructions=text)\n",
    );
    let run = repo.run("promptctl scan --lift");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains(
            "error[P524]: it is not sure what the program sends: `x` may be something else"
        ) && run.stderr.contains("at: a.py:4:1"),
        "{run}"
    );
    assert!(!repo.exists("prompts/f.prompt.yml"));
    let shown = repo.json("promptctl scan --format json");
    assert_eq!(shown["findings"][0]["doubts"][0]["line"], 4);
    assert!(
        repo.ok("promptctl scan")
            .contains("  not lifted: line 4: `x`")
    );
}

#[test]
fn hostile_trees_are_scanned_to_their_end() {
    let env = TestEnv::new();
    let repo = env.repo();
    let call = "client.responses.create(instructions='You are kind')\n";
    repo.write("deep.py", format!("{call}x = {}", "[".repeat(400_000)));
    repo.write(
        "long.ts",
        format!("{}{call}", "const a = 1;\n".repeat(100_000)),
    );
    repo.write(
        "wide.py",
        [
            b"\xff\xfe".as_slice(),
            &call.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<u8>>(),
        ]
        .concat(),
    );
    repo.write(
        "latin.py",
        [b"# caf\xe9\n".as_slice(), call.as_bytes()].concat(),
    );
    repo.write("one\u{1b}[31m.py", call);
    let outside = env.root();
    outside.write("outside/secret.py", call);
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.dir.join("outside"), repo.dir.join("link")).unwrap();
    let run = repo.run("promptctl scan");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("latin.py:2") && run.stdout.contains("wide.py:1"),
        "{run}"
    );
    assert!(
        !run.stdout.contains("secret") && !run.stdout.contains('\u{1b}'),
        "{run}"
    );
    assert!(
        run.stdout
            .contains("long.ts:1:1  not read: this file is larger"),
        "{run}"
    );
}
