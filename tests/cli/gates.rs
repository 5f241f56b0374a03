//! What `validate` calls an error stops `publish`; a secret stops what would write it down.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv};

const FILE: &str = "prompts/greeting.prompt.yml";
const HOT: &str = "prompts/hot.prompt.yml";

/// A token of the right shape that was never valid.
fn token() -> String {
    format!("ghp_{}", "q7Rk2mWz9XbT4vNc8LpHs3JdYf6GaEuQ1oZi")
}

fn hot() -> String {
    SMALL
        .replace("gpt-5-mini", "gpt-4.1")
        .replace("messages:", "modelParameters: {temperature: 9}\nmessages:")
}

/// Commits a prompt's file as a person would who never asked promptctl.
fn commit(repo: &Shell, name: &str, text: &str) {
    repo.write(&format!("prompts/{name}.prompt.yml"), text);
    repo.git("add --all");
    repo.git("commit --quiet --message Prompt");
}

#[test]
fn what_validate_calls_an_error_is_not_published() {
    let env = TestEnv::new();
    let repo = env.repo();
    let schema = "input:\n  schema: {type: object, properties: {other: {type: string}}}\nmessages:";
    let strict = "responseFormat: json_schema\njsonSchema: {name: a, strict: true, schema: {type: object, properties: {a: {type: string}}}}\nmessages:";
    let image = "    content: [{type: image, path: gone.png}]\n";
    for (name, text) in [
        ("temperature", hot()),
        ("undeclared", SMALL.replace("messages:", schema)),
        ("strict", SMALL.replace("messages:", strict)),
        (
            "attachment",
            SMALL.replace("    content: Hello {{name}}\n", image),
        ),
        ("partial", SMALL.replace("{{name}}", "{{> nowhere}}")),
        ("secret", SMALL.replace("{{name}}", &token())),
    ] {
        repo.write(&format!("prompts/{name}.prompt.yml"), text);
    }
    repo.git("add --all");
    repo.git("commit --quiet --message Wrong");
    for name in repo.json("promptctl list --format json")["prompts"]
        .as_array()
        .unwrap()
    {
        let name = name["name"].as_str().unwrap();
        let validated = repo.run(&format!("promptctl validate {name} --format json"));
        assert_eq!(validated.code, Some(3), "{name}: {validated}");
        let found: serde_json::Value = serde_json::from_str(&validated.stdout).unwrap();
        let codes: Vec<&str> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["severity"] == "error")
            .map(|it| it["code"].as_str().unwrap())
            .collect();
        let refused = repo.run(&format!("promptctl publish {name} --format json"));
        assert_eq!(refused.code, Some(3), "{name}: {refused}");
        assert_eq!(refused.error()["code"].as_str(), Some(codes[0]), "{name}");
    }
    assert_eq!(repo.tags(), "");
    assert_snapshot!(repo.play(
        "promptctl publish temperature
         promptctl publish attachment
         promptctl publish secret
         promptctl publish secret --allow P026
         promptctl publish temperature --dry-run"
    ), @"
    $ promptctl publish temperature
    error[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/temperature.prompt.yml:2:32
      hint: change the number, or leave it out
      hint: promptctl publish temperature --allow P025 publishes it all the same, and the release says so
    [exit 3]
    $ promptctl publish attachment
    error[P018]: there is no file prompts/gone.png to attach
      at: prompts/attachment.prompt.yml:4:35
      hint: promptctl publish attachment --allow P018 publishes it all the same, and the release says so
    [exit 3]
    $ promptctl publish secret
    error[P026]: a GitHub token stands in the text
      at: prompts/secret.prompt.yml:4:20
      hint: revoke it, for git keeps it for ever; then take it out of the file
      hint: where it is no secret, a comment on its line or the one above allows it: # promptctl: allow P026
    [exit 3]
    $ promptctl publish secret --allow P026
    error: invalid value 'P026' for '--allow <CODE>': what it finds is allowed in the file, where a reviewer sees it: # promptctl: allow P026

    For more information, try '--help'.
    [exit 2]
    $ promptctl publish temperature --dry-run
    error[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/temperature.prompt.yml:2:32
      hint: change the number, or leave it out
      hint: promptctl publish temperature --allow P025 publishes it all the same, and the release says so
    [exit 3]
    ");
    assert_eq!(repo.tags(), "");
}

#[test]
fn what_is_let_through_is_told_by_the_release() {
    let env = TestEnv::new();
    let repo = env.repo();
    commit(&repo, "hot", &hot());
    assert_snapshot!(repo.play(
        "promptctl publish hot --allow P104
         promptctl publish hot --allow P104 --allow P025
         git tag --list --format=%(contents) prompts/hot/production/1"
    ), @"
    $ promptctl publish hot --allow P104
    error[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/hot.prompt.yml:2:32
      hint: change the number, or leave it out
      hint: promptctl publish hot --allow P025 publishes it all the same, and the release says so
    [exit 3]
    $ promptctl publish hot --allow P104 --allow P025
    warning[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/hot.prompt.yml:2:32
      help: change the number, or leave it out
    hot v1 published to production
    $ git tag --list --format=%(contents) prompts/hot/production/1
    Publish hot v1 to production

    Prompt: hot
    Version: 1
    Digest: <id>
    Environment: production
    Action: publish
    Under: none
    Previous: none
    Allowed: P025
    ");
}

#[test]
fn all_others_are_published_where_one_has_errors() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("fine", SMALL);
    commit(&repo, "hot", &hot());
    repo.add("other", SMALL);
    assert_snapshot!(repo.play(
        "promptctl publish --all
         promptctl publish --all --allow P025"
    ), @"
    $ promptctl publish --all
    error[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/hot.prompt.yml:2:32
      hint: change the number, or leave it out
      hint: promptctl publish hot --allow P025 publishes it all the same, and the release says so
    warning: hot was not published
    fine v1 published to production
    other v1 published to production
    [exit 3]
    $ promptctl publish --all --allow P025
    warning[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/hot.prompt.yml:2:32
      help: change the number, or leave it out
    hot v1 published to production
    ");
}

#[test]
fn what_was_released_before_is_warned_about_and_published() {
    let env = TestEnv::new();
    let repo = env.repo();
    commit(&repo, "hot", &hot());
    repo.ok("promptctl publish hot --allow P025");
    repo.next_version("hot", "temperature: 9", "temperature: 1.5");
    repo.ok("promptctl publish hot");
    // This undoes a rollback, or is one.
    assert_snapshot!(repo.play(
        "promptctl publish hot@v1
         promptctl rollback hot
         promptctl unpublish hot
         promptctl rollback hot"
    ), @"
    $ promptctl publish hot@v1
    warning[P025]: `temperature` is 9, and goes from 0 to 2
      at: prompts/hot.prompt.yml:2:32
      help: change the number, or leave it out
    hot v1 published to production (was v2)
    $ promptctl rollback hot
    hot rolled back to v2 in production (was v1)
      goes:       v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    warning: the model openai/gpt-4.1 of v2 ends on 2027-01-14, in 72 days
    live in production now: hot v2; a service with a snapshot has v1 until it is deployed again
    hint: to undo it: promptctl publish hot@v1
    $ promptctl unpublish hot
    hot unpublished from production (was v2)
    live in production now: nothing of hot; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl rollback hot
    $ promptctl rollback hot
    hot rolled back to v2 in production
      goes:       nothing, since Ada unpublished it 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v2, brought back by Ada 1 hour ago (2026-11-03 11:00 UTC)
    warning: the model openai/gpt-4.1 of v2 ends on 2027-01-14, in 72 days
    live in production now: hot v2; a service with a snapshot has none of it until it is deployed again
    hint: to undo it: promptctl unpublish hot
    ");
}

#[test]
fn an_attachment_that_only_the_working_copy_has_is_not_published() {
    let env = TestEnv::new();
    let repo = env.repo();
    let image = "    content: [{type: image, path: logo.png}]\n";
    commit(
        &repo,
        "greeting",
        &SMALL.replace("    content: Hello {{name}}\n", image),
    );
    repo.write("prompts/logo.png", "png");
    repo.git("add prompts/logo.png");
    repo.ok("promptctl validate greeting");
    assert_eq!(
        repo.fails("promptctl publish greeting --format json")
            .error()["code"],
        "P018"
    );
    repo.git("commit --quiet --message Logo");
    repo.ok("promptctl publish greeting");
}

#[test]
fn a_secret_is_written_down_by_no_command() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greeting", SMALL);
    let text = repo.read(FILE);
    let bad = text.replace("{{name}}", &token());
    repo.write("bad.yml", &bad);
    let before = repo.git("rev-parse HEAD");
    assert_snapshot!(repo.play(
        "promptctl new leak --file bad.yml
         promptctl edit greeting --file bad.yml"
    ), @"
    $ promptctl new leak --file bad.yml
    error[P026]: a GitHub token stands in the text
      at: bad.yml:6:20
      hint: revoke it, for git keeps it for ever; then take it out of the file
      hint: where it is no secret, a comment on its line or the one above allows it: # promptctl: allow P026
      hint: nothing was written
    [exit 3]
    $ promptctl edit greeting --file bad.yml
    error[P026]: a GitHub token stands in the text
      at: bad.yml:6:20
      hint: revoke it, for git keeps it for ever; then take it out of the file
      hint: where it is no secret, a comment on its line or the one above allows it: # promptctl: allow P026
      hint: nothing was written
    [exit 3]
    ");
    let set = format!("promptctl edit greeting --set description={}", token());
    assert_eq!(repo.run(&set).code, Some(3));
    assert_eq!(repo.read(FILE), text);
    assert!(!repo.exists("prompts/leak.prompt.yml"));
    // What the person wrote by hand is left as it is, and gets no number.
    repo.write(FILE, &bad);
    for line in [
        "promptctl bump",
        "promptctl bump greeting",
        "promptctl archive greeting",
    ] {
        let refused = repo.run(line);
        assert_eq!(refused.code, Some(3), "{refused}");
        assert!(refused.stderr.contains("P026"), "{refused}");
        assert_eq!(repo.read(FILE), bad);
    }
    assert_eq!(repo.git("rev-parse HEAD"), before);
}

#[test]
fn a_secret_that_a_comment_allows_is_written_and_published() {
    let env = TestEnv::new();
    let repo = env.repo();
    let text = format!(
        "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: Hello {} # promptctl: allow P026\n",
        token()
    );
    repo.write("allowed.yml", text);
    repo.ok("promptctl new greeting --file allowed.yml");
    repo.ok("promptctl edit greeting --set description=Known");
    repo.ok("promptctl publish greeting");
    assert!(
        !repo
            .git("for-each-ref --format=%(contents) refs/tags")
            .contains("Allowed")
    );
}

#[test]
fn what_is_wrong_is_said_and_written_all_the_same() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("hot.yml", hot());
    assert_snapshot!(repo.play(
        "promptctl new hot --file hot.yml
         promptctl edit hot --set modelParameters.temperature=7"
    ), @"
    $ promptctl new hot --file hot.yml
    warning[P318]: `openai/gpt-4.1` ends on 2027-01-14, in 72 days
      at: hot.yml:1:8
      help: change `model:` to one that stays, and compare their answers before you publish
    error[P025]: `temperature` is 9, and goes from 0 to 2
      at: hot.yml:2:32
      help: change the number, or leave it out
    hot v1 made: prompts/hot.prompt.yml
    hint: it is kept with what is wrong: promptctl edit hot mends it, and until then publish refuses it
    $ promptctl edit hot --set modelParameters.temperature=7
    hot  v1 → v2  behavior
      modelParameters.temperature: 9 → 7
    --- stderr
    error[P025]: `temperature` is 7, and goes from 0 to 2
      at: prompts/hot.prompt.yml:4:32
      help: change the number, or leave it out
    hot is v2 now
    ");
    repo.replace(HOT, "temperature: 7", "temperature: 8");
    assert_snapshot!(repo.play("promptctl bump"), @"
    $ promptctl bump
    error[P025]: `temperature` is 8, and goes from 0 to 2
      at: prompts/hot.prompt.yml:4:32
      help: change the number, or leave it out
    hot v3 (was v2)
    hint: commit the change: git commit -a
    ");
}

#[cfg(unix)]
#[test]
fn what_was_written_in_the_editor_is_kept_where_a_secret_stops_it() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greeting", SMALL);
    let editor = format!("sed -i.bak s/Hello/{}/", token());
    let repo = repo.with("EDITOR", editor);
    let refused = repo.run("promptctl edit greeting");
    assert_eq!(refused.code, Some(3), "{refused}");
    let draft = refused
        .stderr
        .lines()
        .find_map(|line| line.split_once("your draft is "))
        .map(|(_, path)| path.to_owned())
        .expect("the place of the draft");
    let kept = std::fs::read_to_string(&draft).unwrap();
    assert!(kept.contains("ghp_"), "{kept}");
    std::fs::remove_file(draft).unwrap();
}

#[test]
fn a_secret_in_a_partial_that_no_prompt_includes_is_not_committed_by_the_hook() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl init --quiet --hooks");
    repo.write("prompts/_tone.hbs", format!("Use {}.\n", token()));
    repo.git("add prompts/_tone.hbs");
    assert_snapshot!(repo.play("promptctl hook pre-commit"), @"
    $ promptctl hook pre-commit
    error[P026]: a GitHub token stands in the text
     --> prompts/_tone.hbs:1:5
      |
    1 | Use ghp_************************************.
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: revoke it, for git keeps it for ever; then take it out of the file

    --- stderr
    1 checked, 1 error, 0 warnings
    hint: nothing was committed; git commit --no-verify leaves this check out
    [exit 3]
    ");
    let commit = repo.run("git commit --quiet --message Tone");
    assert_ne!(commit.code, Some(0), "{commit}");
}

#[test]
fn the_comment_on_a_pull_request_says_what_publish_would_refuse() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greeting", TRIAGE);
    repo.git("switch --quiet --create topic");
    repo.next_version(
        "greeting",
        "maxTokens: 800",
        "temperature: 9\n  maxTokens: 800",
    );
    let comment = repo.ok("promptctl diff main...topic --format markdown");
    let line = comment
        .lines()
        .find(|line| line.contains("refuse"))
        .unwrap_or(&comment);
    assert_snapshot!(line, @"| `greeting` | changed | 🟠 behavior | v1 → v2 | 24 | refuse: `P025, P322` |");
}

#[test]
fn two_prompts_that_were_one_stored_prompt_are_not_both_live() {
    let env = TestEnv::new();
    let repo = env.repo();
    let file = "model: openai/gpt-5-mini\nsource: {format: openai, id: pmpt_1, version: '6'}\nmessages: [{role: user, content: Hi}]\n";
    repo.add("greet", file);
    repo.add("welcome", file);
    repo.ok("promptctl publish --quiet greet");
    insta::assert_snapshot!(repo.play("
        promptctl publish welcome
        promptctl publish --all
        promptctl publish --quiet welcome --allow P350
        promptctl doctor
    "), @"
    $ promptctl publish welcome
    error[P350]: welcome and greet both answer for pmpt_1 in production, and a gateway would have to guess
      at: prompts/welcome.prompt.yml:4:9
      hint: promptctl unpublish greet --env production takes the other one out; or remove `source:` from one of the files
      hint: promptctl publish welcome --allow P350 publishes it all the same, and the release says so
    [exit 3]
    $ promptctl publish --all
    error[P350]: welcome and greet both answer for pmpt_1 in production, and a gateway would have to guess
      at: prompts/welcome.prompt.yml:4:9
      hint: promptctl unpublish greet --env production takes the other one out; or remove `source:` from one of the files
      hint: promptctl publish welcome --allow P350 publishes it all the same, and the release says so
    warning: welcome was not published
    [exit 3]
    $ promptctl publish --quiet welcome --allow P350
    warning[P350]: welcome and greet both answer for pmpt_1 in production, and a gateway would have to guess
      at: prompts/welcome.prompt.yml:4:9
      help: promptctl unpublish greet --env production takes the other one out; or remove `source:` from one of the files
    $ promptctl doctor
    error[P350]: welcome and greet both answer for pmpt_1 in production, and a gateway would have to guess
      help: promptctl unpublish greet --env production takes the other one out; or remove `source:` from one of the files
    1 error, 0 warnings
    [exit 3]
    ");
    let snapshot = repo.json("promptctl get --all --format json");
    assert_eq!(snapshot["warnings"][0]["code"], "P350", "{snapshot}");
    // A new content is none of the versions at OpenAI.
    repo.ok("promptctl edit --quiet greet --set messages[0].content=Hello -m Warmer");
    let edited = repo.read("prompts/greet.prompt.yml");
    assert!(
        edited.contains("source: {format: openai, id: pmpt_1}"),
        "{edited}"
    );
}

#[test]
fn a_release_that_waits_is_not_sent_once_another_prompt_answers_for_its_id() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let file = "model: openai/gpt-5-mini\nsource: {format: openai, id: pmpt_1, version: '6'}\nmessages: [{role: user, content: Hi}]\n";
    ada.add("greet", file);
    ada.add("welcome", file);
    ada.git("push --quiet origin main");
    ada.ok("promptctl fetch");
    ada.ok("promptctl publish --quiet --no-push welcome");
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl fetch");
    bob.ok("promptctl publish --quiet greet");
    insta::assert_snapshot!(ada.play("promptctl push"), @"
    $ promptctl push
    error[P350]: welcome and greet both answer for pmpt_1 in production, and a gateway would have to guess
      at: prompts/welcome.prompt.yml:4:9
      hint: promptctl unpublish greet --env production takes the other one out; or remove `source:` from one of the files
      hint: promptctl publish welcome --allow P350 publishes it all the same, and the release says so
      hint: the release is made already: git tag -d prompts/welcome/v1 prompts/welcome/production/1 takes it back, then publish it again
    warning: not sent, and still pending: prompts/welcome/v1, prompts/welcome/production/1
    [exit 3]
    ");
    assert_eq!(
        bob.git("ls-remote --tags origin *welcome*").trim(),
        "",
        "nothing of it was sent"
    );
}

// The usual disks of other systems hold only one of two names that differ in case.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_another_file_has_in_other_letters_is_not_published() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("greet", "messages: [{role: user, content: Hi}]\n");
    repo.ok("promptctl publish --quiet greet");
    repo.add("new", "messages: [{role: user, content: Hello}]\n");
    repo.write(
        "prompts/Greet.prompt.yml",
        "version: 1\nmessages: [{role: user, content: Evil}]\n",
    );
    repo.git("add -A");
    repo.git("commit --quiet --message Clash");
    for line in ["promptctl publish Greet", "promptctl publish --all"] {
        let run = repo.fails(line);
        assert!(run.stderr.contains("differ only in case"), "{run}");
    }
    // The other is published all the same.
    let tags = repo.git("tag");
    assert!(tags.contains("prompts/new/production/1"), "{tags}");
    assert!(!tags.contains("Greet"), "{tags}");
}
