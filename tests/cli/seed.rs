//! `seed`: the bundled prompts in one commit, idempotent, never over an edit.

use std::fs;

use insta::assert_snapshot;
use promptctl::packs::PACKS;

use crate::env::TestEnv;

const CHAT: &str = "prompts/core/chat-assistant.prompt.yml";

#[test]
fn one_commit_holds_all_of_them() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl seed core judges promptctl trading");
    assert_eq!(repo.git("rev-list --count HEAD"), "2");
    let mut added: Vec<String> = repo
        .git("diff --name-only HEAD~1")
        .lines()
        .map(str::to_owned)
        .collect();
    let texts = PACKS.iter().flat_map(|pack| pack.files).map(|it| it.0);
    let pictures = PACKS.iter().flat_map(|pack| pack.pictures);
    let mut bundled: Vec<String> = texts
        .chain(pictures.clone().map(|it| it.0))
        .map(|path| format!("prompts/{path}"))
        .collect();
    added.sort();
    bundled.sort();
    assert_eq!(added, bundled);
    for (path, text) in PACKS.iter().flat_map(|pack| pack.files) {
        assert_eq!(repo.read(&format!("prompts/{path}")), *text);
    }
    for (path, bytes) in pictures {
        assert_eq!(
            fs::read(repo.dir.join("prompts").join(path)).unwrap(),
            *bytes
        );
    }
    assert_snapshot!(repo.play(
        "git log -1 --format=%s
         promptctl validate
         promptctl bump --dry-run
         promptctl publish --quiet --all"
    ), @"
    $ git log -1 --format=%s
    Add the bundled prompts: core, judges, promptctl, trading
    $ promptctl validate
    24 checked, 0 errors, 0 warnings
    $ promptctl bump --dry-run
    nothing to bump: every version fits its content
    $ promptctl publish --quiet --all
    ");
}

#[test]
fn twice_changes_nothing() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl seed core");
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl seed core
         promptctl seed core --check"
    ), @"
    $ promptctl seed core
    the bundled prompts are here already: nothing to do
    $ promptctl seed core --check
    the bundled prompts are here already: nothing to do
    ");
    assert_eq!(repo.refs(), before);
}

#[test]
#[cfg(unix)]
fn nothing_is_added_below_a_link_or_left_where_nothing_could_be_added() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("mkdir -p prompts other");
    repo.ok("ln -s ../other prompts/trading");
    let state = || repo.git("status --short --untracked-files=all");
    let before = state();
    assert_snapshot!(repo.run("promptctl seed trading"), @"
    error[P013]: prompts/trading is a link, and git keeps nothing below a link
      at: prompts/trading
      hint: take the link away, or use the folder that it leads to
    [exit 1]
    ");
    assert_eq!(state(), before);
    repo.ok("rm prompts/trading");
    repo.write(".git/index.lock", "");
    let run = repo.run("promptctl seed trading");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!repo.exists("prompts/trading"));
}

#[test]
fn an_edit_is_never_overwritten() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl seed core");
    repo.ok("promptctl edit core/chat-assistant --set modelParameters.maxTokens=123");
    repo.git("rm --quiet prompts/core/_untrusted.hbs");
    repo.git("commit --quiet --message Gone");
    let edited = repo.read(CHAT);
    assert_snapshot!(repo.play(
        "promptctl seed core --check
         promptctl seed core --dry-run
         promptctl seed core
         promptctl seed core --check
         git show --name-status --format=%s"
    ), @"
    $ promptctl seed core --check
    missing prompts/core/_untrusted.hbs
    --- stderr
    kept prompts/core/chat-assistant.prompt.yml, which differs from the bundled one
    [exit 3]
    $ promptctl seed core --dry-run
    would add prompts/core/_untrusted.hbs
    --- stderr
    kept prompts/core/chat-assistant.prompt.yml, which differs from the bundled one
    $ promptctl seed core
    added prompts/core/_untrusted.hbs
    kept prompts/core/chat-assistant.prompt.yml, which differs from the bundled one
    $ promptctl seed core --check
    kept prompts/core/chat-assistant.prompt.yml, which differs from the bundled one
    the bundled prompts are here already: nothing to do
    $ git show --name-status --format=%s
    Add the bundled prompts: core

    A	prompts/core/_untrusted.hbs
    ");
    assert_eq!(repo.read(CHAT), edited);
}

#[test]
fn an_uncommitted_file_in_the_way_stays() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write(CHAT, "my own\n");
    repo.write("other.txt", "staged");
    repo.git("add other.txt");
    repo.ok("promptctl seed core");
    assert_eq!(repo.read(CHAT), "my own\n");
    assert_snapshot!(repo.play("git status --short"), @"
    $ git status --short
    A  other.txt
    ?? prompts/core/chat-assistant.prompt.yml
    ");
}

#[test]
fn a_dry_run_and_a_check_change_nothing() {
    let env = TestEnv::new();
    let repo = env.repo();
    let before = repo.refs();
    assert_snapshot!(repo.play(
        "promptctl seed --dry-run trading
         promptctl seed --check core --format json
         promptctl seed nothing
         promptctl seed tradng"
    ), @r#"
    $ promptctl seed --dry-run trading
    would add prompts/trading/_analyst-zh.hbs
    would add prompts/trading/_analyst.hbs
    would add prompts/trading/daily-chart-analysis.prompt.yml
    would add prompts/trading/daily-chart-analysis.zh.prompt.yml
    would add prompts/trading/multi-timeframe-consolidation.prompt.yml
    would add prompts/trading/multi-timeframe-consolidation.zh.prompt.yml
    would add prompts/trading/weekly-chart-trend-confirmation.prompt.yml
    would add prompts/trading/weekly-chart-trend-confirmation.zh.prompt.yml
    would add prompts/trading/charts/downtrend.png
    would add prompts/trading/charts/empty.png
    would add prompts/trading/charts/sideways.png
    would add prompts/trading/charts/uptrend.png
    would add prompts/trading/charts/weekly-downtrend.png
    would add prompts/trading/charts/weekly-sideways.png
    would add prompts/trading/charts/weekly-uptrend.png
    $ promptctl seed --check core --format json
    {
      "schema": 1,
      "missing": [
        "prompts/core/_untrusted.hbs",
        "prompts/core/answer-with-citations.prompt.yml",
        "prompts/core/auto-issue-generator.prompt.yml",
        "prompts/core/chat-assistant.prompt.yml",
        "prompts/core/code-review.prompt.yml",
        "prompts/core/data-extraction.prompt.yml",
        "prompts/core/documentation-generator.prompt.yml",
        "prompts/core/feedback-issue-creator.prompt.yml",
        "prompts/core/readme-update-generator.prompt.yml",
        "prompts/core/sub-issue-generator.prompt.yml",
        "prompts/core/summary.prompt.yml",
        "prompts/core/support-triage.prompt.yml"
      ],
      "edited": [],
      "same": []
    }
    [exit 3]
    $ promptctl seed nothing
    error: invalid value 'nothing' for '[PACK]...': there is no pack nothing; the packs are core, judges, promptctl, trading

    For more information, try '--help'.
    [exit 2]
    $ promptctl seed tradng
    error: invalid value 'tradng' for '[PACK]...': there is no pack tradng; did you mean trading?

    For more information, try '--help'.
    [exit 2]
    "#);
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
}

#[test]
fn a_run_that_was_killed_between_files_and_commit_is_completed() {
    let env = TestEnv::new();
    let repo = env.repo();
    for (path, text) in PACKS.iter().flat_map(|pack| pack.files).take(3) {
        repo.write(&format!("prompts/{path}"), text);
    }
    repo.ok("promptctl seed core");
    assert_eq!(repo.git("status --porcelain"), "");
    assert_eq!(repo.run("promptctl seed core --check").code, Some(0));
}

#[test]
fn windows_line_ends_are_no_edit() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("promptctl seed core");
    repo.write(CHAT, repo.read(CHAT).replace('\n', "\r\n"));
    assert_eq!(repo.run("promptctl seed core --check").code, Some(0));
}

#[test]
fn core_is_added_where_no_pack_is_named_and_the_others_are_told() {
    let env = TestEnv::new();
    let repo = env.repo();
    let added = repo.play("promptctl seed");
    assert!(added.contains("added prompts/core/chat-assistant.prompt.yml"));
    assert!(!added.contains("prompts/trading"), "{added}");
    assert!(
        added.ends_with(
            "hint: promptctl seed trading adds chart analysis, in English and Chinese\n"
        ),
        "{added}"
    );
    assert_snapshot!(repo.play(
        "promptctl seed --check
         promptctl seed trading --quiet
         promptctl seed"
    ), @"
    $ promptctl seed --check
    the bundled prompts are here already: nothing to do
    $ promptctl seed trading --quiet
    $ promptctl seed
    the bundled prompts are here already: nothing to do
    hint: promptctl seed judges adds prompts that judge answers: by criteria, for similarity, relevance, groundedness, fluency and coherence
    hint: promptctl seed promptctl adds the prompt that promptctl generate asks, to be changed
    hint: promptctl seed trading adds chart analysis, in English and Chinese
    ");
}
