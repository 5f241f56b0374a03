//! `edit`: the next version, checked, numbered and committed, or nothing at all.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv, hook};

const FILE: &str = "prompts/support/triage.prompt.yml";

/// An editor that runs `script` on the draft `$1`.
fn editor(repo: &Shell, script: &str) -> Shell {
    repo.write("../editor.sh", script);
    repo.with(
        "EDITOR",
        format!("sh '{}'", repo.dir.join("../editor.sh").display()),
    )
}

#[test]
fn set_changes_one_line_and_the_number() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set modelParameters.maxTokens=600 -m 'Shorter answers'
         git show --format='%s by %an' -U0 -- prompts"
    ), @"
    $ promptctl edit support/triage --set modelParameters.maxTokens=600 -m 'Shorter answers'
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 600
    --- stderr
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    $ git show --format='%s by %an' -U0 -- prompts
    Shorter answers by Ada

    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -3,2 +3,2 @@ description: Sorts an incoming ticket.   # for the support team
    -version: 1
    -digest: xxxxxxxxxxxx
    +version: 2
    +digest: xxxxxxxxxxxx
    @@ -9 +9 @@ modelParameters:
    -  maxTokens: 800        # room for the draft
    +  maxTokens: 600        # room for the draft
    ");
}

#[test]
fn a_text_stays_text_whatever_it_looks_like() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok(
        "promptctl edit support/triage --set description=600 --set name=true --set category=1.0 \
         --set 'tags[0]=2026' --set modelParameters.verbosity=null --set modelParameters.seed=7",
    );
    assert_snapshot!(repo.play("git show --format= --no-textconv -U0"), @r#"
    $ git show --format= --no-textconv -U0
    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -1,6 +1,6 @@
    -name: Support triage
    -description: Sorts an incoming ticket.   # for the support team
    -version: 1
    -digest: xxxxxxxxxxxx
    -tags: [tickets]
    -category: support
    +name: "true"
    +description: "600"   # for the support team
    +version: 2
    +digest: xxxxxxxxxxxx
    +tags: ["2026"]
    +category: "1.0"
    @@ -9,0 +10,2 @@ modelParameters:
    +  verbosity: "null"
    +  seed: 7
    "#);
    assert_eq!(
        repo.json("promptctl get support/triage --format json")["document"]["description"],
        "600"
    );
    // JSON is what it says.
    repo.ok("promptctl edit support/triage --set description:=601");
    assert!(repo.read(FILE).contains("\ndescription: 601 "));
}

#[test]
fn values_take_the_type_that_fits() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl edit support/triage --set model=openai/gpt-5 --set description=Sorts --set modelParameters.temperature=0.5 --set 'tags:=[\"a\",\"b\"]' --set 'messages[1].content=Ticket: {{ticket}}'");
    let document = repo.json("promptctl get support/triage --format json")["document"].clone();
    assert_eq!(document["description"], "Sorts");
    assert_eq!(document["modelParameters"]["temperature"], 0.5);
    assert_eq!(document["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(document["messages"][1]["content"], "Ticket: {{ticket}}");
    let text = repo.read(FILE);
    assert!(
        text.contains("  maxTokens: 800        # room for the draft\n"),
        "{text}"
    );
    assert!(
        text.contains("description: Sorts   # for the support team\n"),
        "{text}"
    );
}

#[test]
fn unset_removes_a_line() {
    let env = TestEnv::new();
    let repo = env.triage();
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --unset modelParameters.maxTokens
         git show --format=%s -U0 -- prompts
         promptctl edit support/triage --unset modelParameters.nothing"
    ), @"
    $ promptctl edit support/triage --unset modelParameters.maxTokens
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 (removed)
    --- stderr
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    $ git show --format=%s -U0 -- prompts
    Edit support/triage

    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -3,2 +3,2 @@ description: Sorts an incoming ticket.   # for the support team
    -version: 1
    -digest: xxxxxxxxxxxx
    +version: 2
    +digest: xxxxxxxxxxxx
    @@ -8,2 +8 @@ model: openai/gpt-5-mini
    -modelParameters:
    -  maxTokens: 800        # room for the draft
    +modelParameters: {}
    $ promptctl edit support/triage --unset modelParameters.nothing
    error[P205]: support/triage has no `modelParameters.nothing`: there is nothing to take out
      at: prompts/support/triage.prompt.yml
      hint: promptctl get support/triage shows the keys that it has
    [exit 1]
    ");
}

#[test]
fn what_no_model_sees_keeps_the_number() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set description='Sorts tickets.'
         git log -1 --format=%s --stat
         promptctl status
         promptctl publish support/triage"
    ), @"
    $ promptctl edit support/triage --set description='Sorts tickets.'
    support/triage  v1  none
      description: Sorts an incoming ticket. → Sorts tickets.
    --- stderr
    support/triage v1 keeps its number: no model and no caller sees the change
    $ git log -1 --format=%s --stat
    Edit support/triage

     prompts/support/triage.prompt.yml | 2 +-
     1 file changed, 1 insertion(+), 1 deletion(-)
    $ promptctl status
    production	support/triage	v1	-	2026-11-03T11:00:00Z	Ada	
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    ");
}

#[test]
fn the_same_value_is_no_change() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl edit support/triage --set modelParameters.maxTokens=800"), @"
    $ promptctl edit support/triage --set modelParameters.maxTokens=800
    nothing changed
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn several_prompts_in_one_commit() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.add("greeting", SMALL);
    assert_snapshot!(repo.play(
        "promptctl edit support/triage greeting --set model=openai/gpt-5
         git show --format=%s --stat=60"
    ), @"
    $ promptctl edit support/triage greeting --set model=openai/gpt-5
    support/triage  v1 → v2  behavior
      model: openai/gpt-5-mini → openai/gpt-5

    greeting  v1 → v2  behavior
      model: openai/gpt-5-mini → openai/gpt-5

    2 prompts: 2 behavior
    --- stderr
    support/triage is v2 now
    greeting is v2 now
    hint: promptctl publish support/triage greeting makes them live
    $ git show --format=%s --stat=60
    Edit support/triage, greeting

     prompts/greeting.prompt.yml       | 6 +++---
     prompts/support/triage.prompt.yml | 6 +++---
     2 files changed, 6 insertions(+), 6 deletions(-)
    ");
    // One that cannot be changed leaves the other as it was.
    let before = repo.refs();
    assert_snapshot!(repo.play("promptctl edit greeting support/triage --unset modelParameters.maxTokens"), @"
    $ promptctl edit greeting support/triage --unset modelParameters.maxTokens
    error[P205]: greeting has no `modelParameters.maxTokens`: there is nothing to take out
      at: prompts/greeting.prompt.yml
      hint: promptctl get greeting shows the keys that it has
    [exit 1]
    ");
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn from_a_file_or_standard_input() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("../next.yml", TRIAGE.replace("800", "700"));
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --file ../next.yml
         git show --format=%s -U0 -- prompts
         promptctl edit support/triage --file ../nothing.yml
         promptctl edit support/triage greeting --file ../next.yml"
    ), @"
    $ promptctl edit support/triage --file ../next.yml
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 700
    --- stderr
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    $ git show --format=%s -U0 -- prompts
    Edit support/triage

    diff --git a/prompts/support/triage.prompt.yml b/prompts/support/triage.prompt.yml
    index xxxxxxx..xxxxxxx 100644
    --- a/prompts/support/triage.prompt.yml
    +++ b/prompts/support/triage.prompt.yml
    @@ -3,2 +3,2 @@ description: Sorts an incoming ticket.   # for the support team
    -version: 1
    -digest: xxxxxxxxxxxx
    +version: 2
    +digest: xxxxxxxxxxxx
    @@ -9 +9 @@ modelParameters:
    -  maxTokens: 800        # room for the draft
    +  maxTokens: 700        # room for the draft
    $ promptctl edit support/triage --file ../nothing.yml
    error[P017]: ../nothing.yml could not be read: No such file or directory (os error 2)
    [exit 1]
    $ promptctl edit support/triage greeting --file ../next.yml
    error: --file changes one prompt
      hint: name one prompt, or use --set
    [exit 2]
    ");
    assert_snapshot!(repo.run_with("promptctl edit support/triage --file -", TRIAGE.replace("800", "650")), @"
    support/triage  v2 → v3  behavior
      modelParameters.maxTokens: 700 → 650
    --- stderr
    support/triage is v3 now
    hint: promptctl publish support/triage makes it live
    ");
    assert_eq!(
        repo.json("promptctl get support/triage --format json")["document"]["modelParameters"]["maxTokens"],
        650
    );
}

#[test]
fn in_an_editor() {
    let env = TestEnv::new();
    let repo = env.triage();
    let ada = editor(
        &repo,
        "sed -i.bak s/kindly//\\;s/800/500/ \"$1\" && rm \"$1.bak\"",
    );
    assert_snapshot!(ada.play("promptctl edit support/triage"), @"
    $ promptctl edit support/triage
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 500
    --- stderr
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    ");
    assert!(repo.read(FILE).contains("maxTokens: 500        # room"));
    assert_eq!(repo.git("status --porcelain"), "");
    // Closing the editor without a change changes nothing.
    let before = repo.refs();
    assert_snapshot!(editor(&repo, "exit 0").play("promptctl edit support/triage"), @"
    $ promptctl edit support/triage
    error: the editor was closed without a change: nothing was done
    [exit 1]
    ");
    assert_snapshot!(editor(&repo, "exit 1").play("promptctl edit support/triage"), @"
    $ promptctl edit support/triage
    error[P223]: the editor `sh '$ROOT/repo/../editor.sh'` failed: exit status: 1
      hint: nothing was changed
    [exit 1]
    ");
    assert_snapshot!(repo.play("promptctl edit support/triage"), @"
    $ promptctl edit support/triage
    error: no editor is set
      hint: export EDITOR=vim, or use --set KEY=VALUE or --file FILE
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
fn a_draft_that_is_not_valid_is_kept_outside() {
    let env = TestEnv::new();
    let repo = env.triage();
    let run = editor(&repo, "echo 'messages: [' > \"$1\"").run("promptctl edit support/triage");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[P001]"), "{run}");
    let draft = run
        .stderr
        .split("your draft is ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    assert_eq!(std::fs::read_to_string(draft).unwrap(), "messages: [\n");
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn an_invalid_edit_leaves_all_as_it_was() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set mesages=x
         promptctl edit support/triage --set 'messages[0].content={{#if}}'
         promptctl edit support/triage --set 'messages[0].role=robot'
         promptctl edit support/triage --set 'messages[7].content=x'
         promptctl edit support/triage --set 'modelParameters.maxTokens=many'
         promptctl edit support/triage --set 'messages[1].content={{unknownHelper ticket}}'
         promptctl edit support/triage --set nonsense
         promptctl edit support/triage --set 'a:=['
         promptctl edit support/triag --set model=x
         promptctl edit support/triage@v1 --set model=x"
    ), @r"
    $ promptctl edit support/triage --set mesages=x
    error[P004]: `mesages` is not a key; `messages` is meant
      at: prompts/support/triage.prompt.yml:24:1
      hint: write `messages`; if it is a key of your own, choose a name that differs more
    [exit 1]
    $ promptctl edit support/triage --set 'messages[0].content={{#if}}'
    error[P101]: `{{#if}}` is never closed
      at: prompts/support/triage.prompt.yml:19:15
      hint: end the block with `{{/if}}`
    [exit 1]
    $ promptctl edit support/triage --set 'messages[0].role=robot'
    error[P007]: `robot` is not a role
      at: prompts/support/triage.prompt.yml:18:11
      hint: roles are system, developer, user and assistant
    [exit 1]
    $ promptctl edit support/triage --set 'messages[7].content=x'
    error[P205]: the file could not be changed: the file has no `messages[7]`
      at: prompts/support/triage.prompt.yml
      hint: change it by hand, then run promptctl bump
    [exit 1]
    $ promptctl edit support/triage --set 'modelParameters.maxTokens=many'
    error[P005]: `modelParameters.maxTokens` wants a whole number above 0, this is text
      at: prompts/support/triage.prompt.yml:9:14
      hint: write a number there, or remove the line
    [exit 1]
    $ promptctl edit support/triage --set 'messages[1].content={{unknownHelper ticket}}'
    error[P110]: there is no helper `unknownHelper`
      at: prompts/support/triage.prompt.yml:23:15
      hint: the name of a variable has no spaces; `promptctl help templates` lists the helpers; write `\{{` for braces that are text
    [exit 1]
    $ promptctl edit support/triage --set nonsense
    error: invalid value 'nonsense' for '--set <KEY=VALUE>': write KEY=VALUE, or KEY:=JSON, such as modelParameters.maxTokens=600

    For more information, try '--help'.
    [exit 2]
    $ promptctl edit support/triage --set 'a:=['
    error: invalid value 'a:=[' for '--set <KEY=VALUE>': the value of a is not JSON: EOF while parsing a list at line 1 column 1

    For more information, try '--help'.
    [exit 2]
    $ promptctl edit support/triag --set model=x
    error[P201]: there is no prompt named support/triag
      hint: did you mean support/triage?
    [exit 1]
    $ promptctl edit support/triage@v1 --set model=x
    error: invalid value 'support/triage@v1' for '<NAME>...': `support/triage@v1` cannot be a name: segments are made of letters, digits, `_` and `-`

    For more information, try '--help'.
    [exit 2]
    ");
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
}

/// A program that writes the file without a version each time makes no version each time.
#[test]
fn a_file_without_a_version_and_with_the_same_content_is_no_new_version() {
    let env = TestEnv::new();
    let repo = env.triage();
    env.root().write("triage.yml", TRIAGE);
    let line = "promptctl edit support/triage --file ../triage.yml";
    assert_snapshot!(repo.play(line), @"
    $ promptctl edit support/triage --file ../triage.yml
    nothing changed
    ");
    assert_eq!(repo.git("rev-list --count HEAD"), "2");
    env.root().write("triage.yml", TRIAGE.replace("800", "700"));
    assert_snapshot!(repo.play(&format!("{line}\n{line}")), @"
    $ promptctl edit support/triage --file ../triage.yml
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 700
    --- stderr
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    $ promptctl edit support/triage --file ../triage.yml
    nothing changed
    ");
    // What nobody sees needs no version either.
    let described = TRIAGE
        .replace("800", "700")
        .replace("Sorts an", "Sorts every");
    env.root().write("triage.yml", described);
    assert_snapshot!(repo.play(&format!("{line}\n{line}")), @"
    $ promptctl edit support/triage --file ../triage.yml
    support/triage  v2  none
      description: Sorts an incoming ticket. → Sorts every incoming ticket.
    --- stderr
    support/triage v2 keeps its number: no model and no caller sees the change
    $ promptctl edit support/triage --file ../triage.yml
    nothing changed
    ");
}

#[test]
fn a_file_without_a_version_keeps_the_number_of_one_that_has_no_digest() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(
        "prompts/greeting.prompt.yml",
        format!("version: 4\n{SMALL}"),
    );
    repo.git("add --all");
    repo.git("commit --quiet --message Greeting");
    env.root().write("greeting.yml", SMALL);
    let line = "promptctl edit greeting --file ../greeting.yml";
    assert_snapshot!(repo.play(&format!("{line}\n{line}")), @"
    $ promptctl edit greeting --file ../greeting.yml
    greeting v4 keeps its number: no model and no caller sees the change
    $ promptctl edit greeting --file ../greeting.yml
    nothing changed
    ");
}

#[test]
fn the_commit_takes_exactly_the_file_whatever_else_is_staged() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("staged.txt", "staged");
    repo.git("add staged.txt");
    repo.replace("promptctl.yaml", "# Settings", "# My settings");
    repo.write("untracked.txt", "untracked");
    let before = repo.git("status --short");
    repo.ok("promptctl edit support/triage --set model=openai/gpt-5");
    assert_eq!(repo.git("show --name-only --format="), FILE);
    assert_eq!(repo.git("status --short"), before);
    repo.add("greeting", SMALL);
    assert_eq!(
        repo.git("show --name-only --format="),
        "prompts/greeting.prompt.yml"
    );
    assert_eq!(repo.git("status --short"), before);
}

#[test]
fn uncommitted_changes_of_the_file_itself_are_part_of_the_edit() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.replace(FILE, "Answer in", "Reply in");
    repo.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    let text = repo.git("show HEAD:prompts/support/triage.prompt.yml");
    assert!(
        text.contains("Reply in") && text.contains("600") && text.contains("version: 2"),
        "{text}"
    );
}

#[cfg(unix)]
#[test]
fn a_hook_that_refuses_is_heard_and_nothing_is_changed() {
    let env = TestEnv::new();
    let repo = env.triage();
    hook(
        &repo,
        ".git/hooks/pre-commit",
        "echo 'Prompts are frozen this week.' >&2
exit 1",
    );
    let before = (repo.refs(), repo.read(FILE));
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set model=openai/gpt-5
         promptctl new greeting --user Hello
         promptctl seed core
         promptctl archive support/triage
         git status --short"
    ), @"
    $ promptctl edit support/triage --set model=openai/gpt-5
    error[P231]: git refused the commit: Prompts are frozen this week.
      hint: the files are as they were before
    [exit 1]
    $ promptctl new greeting --user Hello
    error[P231]: git refused the commit: Prompts are frozen this week.
      hint: the files are as they were before
    [exit 1]
    $ promptctl seed core
    error[P231]: git refused the commit: Prompts are frozen this week.
      hint: the files are as they were before
    [exit 1]
    $ promptctl archive support/triage
    error[P231]: git refused the commit: Prompts are frozen this week.
      hint: the files are as they were before
    [exit 1]
    $ git status --short
    ");
    assert_eq!((repo.refs(), repo.read(FILE)), before);
}

#[test]
fn without_a_commit_only_the_file_changes() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    repo.ok("promptctl edit support/triage --set model=openai/gpt-5 --no-commit");
    assert_eq!(repo.refs(), before);
    assert_eq!(
        repo.git("status --porcelain"),
        " M prompts/support/triage.prompt.yml"
    );
    assert!(repo.read(FILE).contains("version: 2\n"));
}

#[test]
fn an_ignored_file_cannot_be_committed() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(".gitignore", "secret*\n.promptctl\n");
    assert_snapshot!(repo.play("promptctl new secret --user Hello"), @"
    $ promptctl new secret --user Hello
    error[P238]: git ignores prompts/secret.prompt.yml
      hint: git check-ignore -v prompts/secret.prompt.yml shows the rule; remove it from the .gitignore
    [exit 1]
    ");
    assert!(!repo.exists("prompts/secret.prompt.yml"));
}

#[test]
fn signing_is_as_git_is_set_up() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.git("config commit.gpgSign true");
    repo.git("config gpg.format ssh");
    repo.git("config user.signingKey /nowhere/key.pub");
    let before = repo.read(FILE);
    let run = repo.fails("promptctl edit support/triage --set model=openai/gpt-5");
    assert!(run.stderr.contains("/nowhere/key.pub"), "{run}");
    assert_eq!(repo.read(FILE), before);
}

#[test]
fn a_prompt_without_a_stored_one_says_that_it_has_none() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.git("rev-parse HEAD");
    assert_snapshot!(repo.run("promptctl edit support/triage --unset openai"), @"
    error[P205]: support/triage has no `openai`: there is nothing to take out
      at: prompts/support/triage.prompt.yml
      hint: it calls no stored prompt of OpenAI's: promptctl run support/triage sends its own messages
    [exit 1]
    ");
    assert_eq!(repo.git("rev-parse HEAD"), before);
}

#[test]
fn a_key_that_nobody_reads_is_not_set() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set temperature=0.2
         promptctl edit support/triage --set max_tokens=500
         promptctl edit support/triage --set 'system=Be kind.'
         promptctl edit support/triage --set modelParameters.model=openai/gpt-5
         promptctl edit support/triage --set modelParameters.topK=5
         promptctl edit support/triage --set owner:=[1]"
    ), @"
    $ promptctl edit support/triage --set temperature=0.2
    error[P003]: `temperature` is not a key that promptctl knows: it would have no effect
      at: prompts/support/triage.prompt.yml
      hint: promptctl edit support/triage --set modelParameters.temperature=0.2
    [exit 1]
    $ promptctl edit support/triage --set max_tokens=500
    error[P003]: `max_tokens` is not a key that promptctl knows: it would have no effect
      at: prompts/support/triage.prompt.yml
      hint: promptctl edit support/triage --set modelParameters.maxTokens=500
    [exit 1]
    $ promptctl edit support/triage --set 'system=Be kind.'
    error[P003]: `system` is not a key that promptctl knows: it would have no effect
      at: prompts/support/triage.prompt.yml
      hint: promptctl edit support/triage --set 'messages.system=Be kind.'
    [exit 1]
    $ promptctl edit support/triage --set modelParameters.model=openai/gpt-5
    error[P003]: `modelParameters.model` is not a key that promptctl knows: it would have no effect
      at: prompts/support/triage.prompt.yml
      hint: promptctl edit support/triage --set model=openai/gpt-5
    [exit 1]
    $ promptctl edit support/triage --set modelParameters.topK=5
    error[P003]: `modelParameters.topK` is not a key that promptctl knows: it would have no effect
      at: prompts/support/triage.prompt.yml
      hint: a field of the API request stands under extraBody: --set extraBody.topK=5
      hint: a key of your own is written by hand: promptctl edit support/triage
    [exit 1]
    $ promptctl edit support/triage --set owner:=[1]
    error[P003]: `owner` is not a key that promptctl knows: it would have no effect
      at: prompts/support/triage.prompt.yml
      hint: a field of the API request stands under extraBody: --set 'extraBody.owner:=[1]'
      hint: a key of your own is written by hand: promptctl edit support/triage
    [exit 1]
    ");
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
    // A key of one's own that the file has can be changed.
    repo.replace(FILE, "category: support", "category: support\nowner: ada");
    repo.git("commit --quiet --all --message owner");
    repo.ok("promptctl edit support/triage --set owner=bob");
    assert!(repo.read(FILE).contains("owner: bob\n"));
    repo.ok("promptctl edit support/triage --set extraBody.top_k=5");
}

#[test]
fn a_message_is_set_by_its_path_or_its_role() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("../rules.txt", "You sort tickets.\nBe brief.\n");
    repo.write("../title.txt", "Sorts tickets\n");
    assert_snapshot!(repo.play(
        "promptctl edit support/triage --set messages.system=@../rules.txt
         promptctl edit support/triage --set 'messages[1].content=Ticket: {{ticket}}'
         promptctl edit support/triage --set messages.user={{ticket}} --set name=@../title.txt --set category=@@home
         promptctl edit support/triage --set messages.assistant=Yes
         promptctl edit support/triage --set messages.system=@nothing.txt
         promptctl edit support/triage --set messages.system=@
         git status --short"
    ), @"
    $ promptctl edit support/triage --set messages.system=@../rules.txt
    support/triage  v1 → v2  wording
      messages[0].content:
        You sort [-support -]tickets.[- Answer in {{locale}}.-]
        [-Say which queue the ticket belongs to: billing or tech-]{+Be brief+}.
    --- stderr
    warning[P105]: no message uses `locale`
      at: prompts/support/triage.prompt.yml:16:7
      help: write `{{locale}}` where it belongs, or remove it from `input.schema`
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    $ promptctl edit support/triage --set 'messages[1].content=Ticket: {{ticket}}'
    support/triage  v2 → v3  wording
      messages[1].content:
        {+Ticket: +}{{ticket}}
    --- stderr
    support/triage is v3 now
    hint: promptctl publish support/triage makes it live
    $ promptctl edit support/triage --set messages.user={{ticket}} --set name=@../title.txt --set category=@@home
    support/triage  v3 → v4  wording
      messages[1].content:
        [-Ticket: -]{{ticket}}
      name: Support triage → Sorts tickets
      category: support → @home
    --- stderr
    support/triage is v4 now
    hint: promptctl publish support/triage makes it live
    $ promptctl edit support/triage --set messages.assistant=Yes
    error[P205]: the file could not be changed: the file has no `messages.assistant`
      at: prompts/support/triage.prompt.yml
      hint: change it by hand, then run promptctl bump
    [exit 1]
    $ promptctl edit support/triage --set messages.system=@nothing.txt
    error[P017]: nothing.txt could not be read: No such file or directory (os error 2)
      hint: messages.system=@@… is for a text that begins with @
    [exit 1]
    $ promptctl edit support/triage --set messages.system=@
    error: invalid value 'messages.system=@' for '--set <KEY=VALUE>': messages.system=@ lacks the path of a file; write messages.system=@@ for the text @

    For more information, try '--help'.
    [exit 2]
    $ git status --short
    ");
    let document = repo.json("promptctl get support/triage --format json")["document"].clone();
    assert_eq!(
        document["messages"][0]["content"],
        "You sort tickets.\nBe brief.\n"
    );
    assert_eq!(document["name"], "Sorts tickets");
    assert_eq!(document["category"], "@home");
    repo.add(
        "twice",
        &SMALL.replace(
            "messages:\n",
            "messages:\n  - role: user\n    content: First.\n",
        ),
    );
    assert_snapshot!(repo.run("promptctl edit twice --set messages.user=x"), @"
    error[P205]: the file could not be changed: the file has 2 messages of the role user: messages[0].content and messages[1].content
      at: prompts/twice.prompt.yml
      hint: name one of them by its path
    [exit 1]
    ");
}

#[test]
fn the_editor_is_the_one_that_git_opens() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(
        "../editor.sh",
        "sed -i.bak s/800/500/ \"$1\" && rm \"$1.bak\"",
    );
    let script = repo.dir.join("../editor.sh");
    repo.ok(&format!(
        "git config core.editor \"sh '{}'\"",
        script.display()
    ));
    repo.with("EDITOR", "false")
        .ok("promptctl edit support/triage");
    assert!(repo.read(FILE).contains("maxTokens: 500        # room"));
    // promptctl's own comes first.
    repo.with("PROMPTCTL_EDITOR", "false")
        .fails("promptctl edit support/triage");
}
