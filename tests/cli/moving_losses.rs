//! What `import` and `export` leave out or take as something else: never without a word.

use serde_json::Value;

use super::moving::start;
use crate::env::TestEnv;

#[test]
fn a_folder_of_texts_says_how_texts_are_taken() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write("notes/a.md", "# A\n");
    repo.write("notes/b.txt", "B\n");
    let run = repo.run("promptctl import notes");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr.contains("notes holds 2 texts, and nothing else")
            && run.stderr.contains("promptctl import notes --from text"),
        "{run}"
    );
    let run = repo.run("promptctl import notes --from text");
    assert_eq!(run.code, Some(0), "{run}");
    let run = repo.run("promptctl import notes --from prompty");
    assert!(
        run.stderr
            .contains("notes holds no prompts of the format prompty")
            && run.stderr.contains("*.prompty"),
        "{run}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_what_has_no_end_or_to_itself_is_refused() {
    let env = TestEnv::new();
    let repo = start(&env);
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, repo.dir.join(from)).unwrap();
    };
    link("/dev/zero", "zero.prompt");
    link("/dev/zero", "zero.json");
    link("two.prompt", "one.prompt");
    link("one.prompt", "two.prompt");
    repo.write("in/a.prompt", "Hi {{> zero}}");
    link("/dev/zero", "in/_zero.prompt");
    link("../in", "in/again");
    for name in ["zero.prompt", "zero.json", "zero.prompt --from text"] {
        let run = repo.run(&format!("promptctl import {name}"));
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.contains("it is no regular file"), "{run}");
    }
    let run = repo.run("promptctl import one.prompt");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("one.prompt could not be read"), "{run}");
    let run = repo.run("promptctl import in");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("could not be read"), "{run}");
    assert_eq!(repo.git("log --format=%s -1").trim(), "start");
}

#[test]
fn data_beside_the_prompts_of_a_folder_is_not_in_the_way() {
    let env = TestEnv::new();
    let repo = start(&env);
    for index in 0..300 {
        repo.write(
            &format!("data/{index}.json"),
            "{\"name\": \"x\", \"rows\": [1, 2]}",
        );
        repo.write(&format!("data/{index}.yaml"), "rows: [1, 2\n");
    }
    repo.write("data/a.prompt", "Hi");
    repo.write(
        "data/b.json",
        r#"{"name": "b", "version": 1, "type": "text", "prompt": "Hi", "config": {}}"#,
    );
    let run = repo.run("promptctl import data");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("2 prompts written"), "{run}");
}

#[test]
fn models_go_out_as_the_other_tool_names_them() {
    let env = TestEnv::new();
    let repo = start(&env);
    repo.write(
        "prompts/a.prompt.yml",
        "model: openai/gpt-5-mini\nmessages: [{role: user, content: Hi}]\n",
    );
    repo.write(
        "prompts/b.prompt.yml",
        "model: anthropic/claude-x\nmessages: [{role: user, content: Hi}]\n",
    );
    let out = |name: &str, target: &str| repo.ok(&format!("promptctl export {name} --to {target}"));
    let prompty = out("a", "prompty");
    assert!(
        prompty.contains("id: gpt-5-mini\n") && prompty.contains("provider: openai\n"),
        "{prompty}"
    );
    assert!(out("b", "prompty").contains("provider: anthropic\n"));
    let langfuse: Value = serde_json::from_str(&out("a", "langfuse")).unwrap();
    assert_eq!(langfuse[0]["config"]["model"], "gpt-5-mini");
    for target in ["prompty", "langfuse"] {
        repo.ok(&format!(
            "promptctl export a b --to {target} --out {target}"
        ));
        repo.ok(&format!(
            "promptctl import {target} --into {target} --no-commit"
        ));
        for name in ["a", "b"] {
            let digest = |name: &str| {
                let shown = repo.ok(&format!("promptctl show {name} --format json"));
                let shown: Value = serde_json::from_str(&shown).unwrap();
                shown["digest"].clone()
            };
            assert_eq!(
                digest(name),
                digest(&format!("{target}/{name}")),
                "{target}"
            );
        }
    }
}
