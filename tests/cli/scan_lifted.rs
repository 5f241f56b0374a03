//! A prompt that was lifted is known again by its text, and by its place where that leaves no choice.

use crate::env::{Shell, TestEnv};

const CALLS: &str = "from openai import OpenAI\nclient = OpenAI()\ndef f(q):\n    client.chat.completions.create(model='gpt-5', messages=[{'role': 'system', 'content': 'You are a lawyer'}, {'role': 'user', 'content': q}])\n    client.chat.completions.create(model='gpt-5', messages=[{'role': 'system', 'content': 'You are a pirate'}, {'role': 'user', 'content': q}])\n";

/// The call that this text is sent by.
fn call(what: &str) -> String {
    let line = CALLS.lines().find(|line| line.contains("pirate")).unwrap();
    format!("{}\n", line.replace("pirate", what))
}

/// What scan finds: the text, what it was lifted as, and whether it changed since.
fn known(repo: &Shell) -> Vec<String> {
    let shown = repo.json("promptctl scan --format json");
    let all = shown["findings"].as_array().unwrap().iter();
    all.map(|it| {
        format!(
            "{}: {}{}",
            it["messages"][0]["content"].as_str().unwrap().trim(),
            it["imported"].as_str().unwrap_or("new"),
            match it["changed"].as_bool() {
                Some(true) => ", changed",
                _ => "",
            }
        )
    })
    .collect()
}

fn says(repo: &Shell, name: &str, text: &str) {
    let file = repo.read(&format!("prompts/{name}.prompt.yml"));
    assert!(file.contains(text), "{file}");
}

fn lifted(code: &str) -> (TestEnv, Shell) {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("a.py", code);
    repo.ok("promptctl scan --lift");
    (env, repo)
}

/// Replaces the call of the lawyer as the printed code does.
fn replace_the_first(repo: &Shell) {
    let new = "    messages = prompts[\"a/f\"].render(q=q)\n    client.chat.completions.create(messages=messages, model='gpt-5')\n";
    repo.replace("a.py", &call("lawyer"), new);
}

#[test]
fn of_two_calls_one_is_replaced() {
    let (_env, repo) = lifted(CALLS);
    replace_the_first(&repo);
    assert_eq!(known(&repo), ["You are a pirate: a/f-2"]);
    let run = repo.ran("promptctl scan --lift");
    assert!(run.stderr.contains("a/f-2 is up to date"), "{run}");
    says(&repo, "a/f", "You are a lawyer");
    // Changed later, the one that is left is still itself: the code reads the other from its file.
    repo.replace("a.py", "You are a pirate", "You are a captain");
    assert_eq!(known(&repo), ["You are a captain: a/f-2, changed"]);
    repo.ok("promptctl scan --lift");
    says(&repo, "a/f", "You are a lawyer");
    says(&repo, "a/f-2", "You are a captain");
    assert_eq!(known(&repo), ["You are a captain: a/f-2"]);
}

#[test]
fn a_call_above_a_lifted_one_is_a_prompt_of_its_own() {
    let (_env, repo) = lifted(CALLS);
    repo.replace(
        "a.py",
        "def f(q):\n",
        &format!("def f(q):\n{}", call("smith")),
    );
    assert_eq!(
        known(&repo),
        [
            "You are a smith: new",
            "You are a lawyer: a/f",
            "You are a pirate: a/f-2"
        ]
    );
    let run = repo.ran("promptctl scan --lift --only a/f-3");
    assert!(run.stderr.contains("a/f-3 v1 made from a.py"), "{run}");
    says(&repo, "a/f", "You are a lawyer");
    says(&repo, "a/f-2", "You are a pirate");
    says(&repo, "a/f-3", "You are a smith");
    repo.ok("promptctl scan --lift");
    repo.replace("a.py", "You are a smith", "You are a cook");
    assert_eq!(known(&repo)[0], "You are a cook: a/f-3, changed");
}

#[test]
fn which_of_two_changed_prompts_is_which_is_not_guessed() {
    let (_env, repo) = lifted(CALLS);
    // One is gone, and the other is changed.
    repo.replace("a.py", &call("lawyer"), "");
    repo.replace("a.py", "You are a pirate", "You are a captain");
    assert_eq!(known(&repo), ["You are a captain: new"]);
    repo.ok("promptctl scan --lift");
    says(&repo, "a/f", "You are a lawyer");
    says(&repo, "a/f-2", "You are a pirate");
    says(&repo, "a/f-3", "You are a captain");
}

#[test]
fn a_new_call_before_a_known_one_is_not_the_one_that_is_gone_behind_it() {
    let (_env, repo) = lifted(CALLS);
    repo.replace("a.py", &call("pirate"), "");
    repo.replace(
        "a.py",
        "def f(q):\n",
        &format!("def f(q):\n{}", call("smith")),
    );
    assert_eq!(
        known(&repo),
        ["You are a smith: new", "You are a lawyer: a/f"]
    );
}

#[test]
fn texts_that_changed_in_place_are_updates() {
    let (_env, repo) = lifted(CALLS);
    repo.replace("a.py", "You are a lawyer", "You are a judge");
    repo.replace("a.py", "You are a pirate", "You are a captain");
    assert_eq!(
        known(&repo),
        [
            "You are a judge: a/f, changed",
            "You are a captain: a/f-2, changed"
        ]
    );
    repo.ok("promptctl scan --lift");
    says(&repo, "a/f", "You are a judge");
    says(&repo, "a/f-2", "You are a captain");
    // Each of them, also where they change places.
    let code = repo.read("a.py");
    let (judge, captain) = (call("judge"), call("captain"));
    let code = code.replace(&format!("{judge}{captain}"), &format!("{captain}{judge}"));
    repo.write("a.py", &code);
    assert_eq!(
        known(&repo),
        ["You are a captain: a/f-2", "You are a judge: a/f"]
    );
    let before = repo.git("rev-parse HEAD");
    repo.ok("promptctl scan --lift");
    assert_eq!(repo.git("rev-parse HEAD"), before);
}

const CLASSES: &str = "class LegalAgent:\n    persona_prompt = 'You are a lawyer of the town and answer all that people ask you.'\nclass PirateAgent:\n    persona_prompt = 'You are a pirate of the seas and answer all that people ask you.'\n";

#[test]
fn attributes_of_one_name_are_told_apart_by_their_classes() {
    for is_old in [false, true] {
        let (_env, repo) = lifted(CLASSES);
        let place = |name: &str| repo.read(&format!("prompts/{name}.prompt.yml"));
        assert!(place("a/persona-2").contains("place: \"PirateAgent.persona_prompt#declared2\""));
        if is_old {
            // As it was noted before the class was.
            for name in ["a/persona", "a/persona-2"] {
                let text = place(name)
                    .replace("LegalAgent.", "")
                    .replace("PirateAgent.", "");
                repo.write(&format!("prompts/{name}.prompt.yml"), &text);
            }
            repo.git("commit -aq --amend --no-edit");
        }
        repo.replace("a.py", "a lawyer", "a judge");
        assert!(known(&repo)[0].ends_with("a/persona, changed"));
        repo.replace("a.py", "a judge", "a lawyer");
        repo.replace(
            "a.py",
            "'You are a lawyer of the town and answer all that people ask you.'",
            "prompts[\"a/persona\"].render()[0][\"content\"]",
        );
        assert!(known(&repo)[0].ends_with("a/persona-2"), "{is_old}");
        repo.ok("promptctl scan --lift");
        says(&repo, "a/persona", "You are a lawyer");
        repo.replace("a.py", "a pirate", "a captain");
        assert!(
            known(&repo)[0].ends_with("a/persona-2, changed"),
            "{is_old}"
        );
        repo.ok("promptctl scan --lift");
        says(&repo, "a/persona", "You are a lawyer");
        says(&repo, "a/persona-2", "You are a captain");
        says(&repo, "a/persona-2", "PirateAgent.");
    }
}

#[test]
fn texts_of_one_name_in_two_functions_are_told_apart() {
    let code = CLASSES
        .replace("class LegalAgent:", "def legal():")
        .replace("class PirateAgent:", "def pirate():");
    let (_env, repo) = lifted(&code);
    let legal = code.lines().take(2).map(|line| format!("{line}\n"));
    repo.replace("a.py", &legal.collect::<String>(), "");
    repo.replace("a.py", "a pirate", "a captain");
    assert!(known(&repo)[0].ends_with("a/persona-2, changed"));
    repo.ok("promptctl scan --lift");
    says(&repo, "a/persona", "You are a lawyer");
    says(&repo, "a/persona-2", "You are a captain");
}
