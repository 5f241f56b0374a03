//! What a person types for a prompt: paths as the shell completes them, folders and patterns; and
//! `promptctl` alone.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv, skipped, top};

/// A repository with prompts in folders.
fn folders(env: &TestEnv) -> Shell {
    let repo = env.triage();
    repo.add("support/refund", SMALL);
    repo.add("support/fr/refund", SMALL);
    repo.add("core/chat-assistant", SMALL);
    repo.write("prompts/support/_tone.hbs", "Be kind.\n");
    repo.git("add prompts");
    repo.git("commit --quiet --message tone");
    repo
}

#[test]
fn a_path_names_a_prompt_wherever_a_name_does() {
    let env = TestEnv::new();
    let repo = folders(&env);
    repo.ok("promptctl publish support/triage");
    for path in [
        "prompts/support/triage.prompt.yml",
        "./prompts/support/triage.prompt.yml",
        "prompts/support/triage",
        "support/triage.prompt.yml",
    ] {
        for line in [
            "show {}",
            "get {}",
            "get {}@production",
            "render {}@v1 --var ticket=x",
            "history {}",
            "releases {}",
            "diff {}",
            "diff {}@v1 {}",
            "bump {}",
            "validate {}",
            "publish {}",
            "edit {} --set description=x",
            "list {}",
            "status {}",
            "run {} --var ticket=x --model echo --no-log",
        ] {
            repo.ok(&format!("promptctl {}", line.replace("{}", path)));
        }
    }
    // From the folder the person stands in, as the shell completes it.
    let below = repo.cd("prompts/support");
    for path in [
        "triage",
        "triage.prompt.yml",
        "../support/triage",
        "support/triage",
        "../core/chat-assistant.prompt.yml",
    ] {
        below.ok(&format!("promptctl show {path}"));
    }
    env.root()
        .ok("promptctl -C repo show repo/prompts/support/triage.prompt.yml");
    below.ok("promptctl mv refund.prompt.yml ../core/refund.prompt.yml");
    assert!(repo.exists("prompts/core/refund.prompt.yml"));
    repo.ok("promptctl rollback prompts/support/triage.prompt.yml --dry-run --to v1");
    repo.ok("promptctl unpublish prompts/support/triage.prompt.yml");
    repo.ok("promptctl archive prompts/core/refund.prompt.yml");
    repo.ok("promptctl unarchive prompts/core/refund");
}

#[test]
fn a_name_comes_before_a_path() {
    let env = TestEnv::new();
    let repo = folders(&env);
    repo.write("prompts/prompts/support/triage.prompt.yml", SMALL);
    assert!(
        repo.ok("promptctl get prompts/support/triage")
            .contains("Hello {{name}}")
    );
    let ended = repo.ok("promptctl get prompts/support/triage.prompt.yml");
    assert!(ended.contains("support tickets"), "{ended}");
}

#[test]
fn new_makes_what_its_path_means() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("promptctl.yaml", "roots: [.github/prompts, prompts]\n");
    repo.write(".github/prompts/a.prompt.yml", SMALL);
    assert_snapshot!(repo.play(
        "promptctl new prompts/support/first --user Hello
         promptctl new second.prompt.yml --user Hello
         promptctl new .github/prompts/third.prompt.yml --user Hello
         promptctl new .github/prompts/support/fourth --user Hello
         promptctl new elsewhere/fifth.prompt.yml --user Hello
         promptctl new ../escape --user Hello
         promptctl list"
    ), @"
    $ promptctl new prompts/support/first --user Hello
    support/first v1 made: prompts/support/first.prompt.yml
    hint: promptctl publish support/first makes it live
    $ promptctl new second.prompt.yml --user Hello
    second v1 made: .github/prompts/second.prompt.yml
    hint: new prompts go to .github/prompts/; promptctl new prompts/second puts it elsewhere
    hint: promptctl publish second makes it live
    $ promptctl new .github/prompts/third.prompt.yml --user Hello
    third v1 made: .github/prompts/third.prompt.yml
    hint: promptctl publish third makes it live
    $ promptctl new .github/prompts/support/fourth --user Hello
    support/fourth v1 made: .github/prompts/support/fourth.prompt.yml
    hint: promptctl publish support/fourth makes it live
    $ promptctl new elsewhere/fifth.prompt.yml --user Hello
    elsewhere/fifth v1 made: .github/prompts/elsewhere/fifth.prompt.yml
    hint: new prompts go to .github/prompts/; promptctl new prompts/elsewhere/fifth puts it elsewhere
    hint: promptctl publish elsewhere/fifth makes it live
    $ promptctl new ../escape --user Hello
    error: invalid value '../escape' for '<NAME>': `../escape` cannot be a name: only its last segment may have a `.variant` suffix

    For more information, try '--help'.
    [exit 2]
    $ promptctl list
    a	v1 *	-	openai/gpt-5-mini	
    elsewhere/fifth	v1	-	openai/gpt-5-mini	Fifth
    second	v1	-	openai/gpt-5-mini	Second
    support/first	v1	-	openai/gpt-5-mini	First
    support/fourth	v1	-	openai/gpt-5-mini	Fourth
    third	v1	-	openai/gpt-5-mini	Third
    ");
}

#[test]
fn a_folder_or_a_pattern_means_all_that_fit() {
    let env = TestEnv::new();
    let repo = folders(&env);
    repo.add("support/old", SMALL);
    repo.ok("promptctl archive support/old");
    assert_snapshot!(repo.play(
        "promptctl list support/
         promptctl list prompts/support/
         promptctl list support
         promptctl list 'support/*'
         promptctl list '**/refund' core/chat-assistant
         promptctl list support/old
         promptctl list 'nothing/*'
         promptctl list gone
         promptctl status 'support/*'
         promptctl validate 'support/*'
         promptctl validate prompts/support/
         promptctl validate 'nothing/**'
         promptctl publish support/ --dry-run
         promptctl publish 'x*'"
    ), @"
    $ promptctl list support/
    support/fr/refund	v1	-	openai/gpt-5-mini	
    support/refund	v1	-	openai/gpt-5-mini	
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    $ promptctl list prompts/support/
    support/fr/refund	v1	-	openai/gpt-5-mini	
    support/refund	v1	-	openai/gpt-5-mini	
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    $ promptctl list support
    error[P201]: there is no prompt named support
      hint: promptctl list support/ shows the prompts in that folder
    [exit 1]
    $ promptctl list 'support/*'
    support/refund	v1	-	openai/gpt-5-mini	
    support/triage	v1	-	openai/gpt-5-mini	Support triage
    $ promptctl list '**/refund' core/chat-assistant
    core/chat-assistant	v1	-	openai/gpt-5-mini	
    support/fr/refund	v1	-	openai/gpt-5-mini	
    support/refund	v1	-	openai/gpt-5-mini	
    $ promptctl list support/old
    support/old	v1	-	openai/gpt-5-mini	
    $ promptctl list 'nothing/*'
    error: no prompt fits 'nothing/*'
      hint: `*` stops at `/`, `**` does not; promptctl list shows the names
    [exit 2]
    $ promptctl list gone
    error[P201]: there is no prompt named gone
      hint: promptctl list shows all prompts
    [exit 1]
    $ promptctl status 'support/*'
    production	support/refund	-	v1	-	-	never published
    production	support/triage	-	v1	-	-	never published
    $ promptctl validate 'support/*'
    2 checked, 0 errors, 0 warnings
    $ promptctl validate prompts/support/
    warning[P115]: no prompt includes `support/tone`
     --> prompts/support/_tone.hbs
      = help: include it with `{{> support/tone}}`, or remove the file

    --- stderr
    4 checked, 0 errors, 1 warning
    $ promptctl validate 'nothing/**'
    error: no prompt fits 'nothing/**'
      hint: `*` stops at `/`, `**` does not; promptctl list shows the names
    [exit 2]
    $ promptctl publish support/ --dry-run
    support/fr/refund v1 would be published to production
      would make the tag prompts/support/fr/refund/v1
      would make the tag prompts/support/fr/refund/production/1
    support/refund v1 would be published to production
      would make the tag prompts/support/refund/v1
      would make the tag prompts/support/refund/production/1
    support/triage v1 would be published to production
      would make the tag prompts/support/triage/v1
      would make the tag prompts/support/triage/production/1
    $ promptctl publish 'x*'
    error: no prompt fits 'x*'
      hint: `*` stops at `/`, `**` does not; promptctl list shows the names
    [exit 2]
    ");
    // A shell makes such a line of prompts/support/*.
    assert_snapshot!(repo.play(
        "promptctl publish prompts/support/_tone.hbs prompts/support/fr prompts/support/refund.prompt.yml prompts/support/triage.prompt.yml"
    ), @"
    $ promptctl publish prompts/support/_tone.hbs prompts/support/fr prompts/support/refund.prompt.yml prompts/support/triage.prompt.yml
    prompts/support/_tone.hbs is a partial and no prompt: passed over
    support/fr/refund v1 published to production
    support/refund v1 published to production
    support/triage v1 published to production
    ");
}

#[test]
fn the_last_segment_alone_is_answered_with_the_name() {
    let env = TestEnv::new();
    let repo = folders(&env);
    assert_snapshot!(repo.play(
        "promptctl show chat-assistant
         promptctl show refund"
    ), @"
    $ promptctl show chat-assistant
    error[P201]: there is no prompt named chat-assistant
      hint: did you mean core/chat-assistant?
    [exit 1]
    $ promptctl show refund
    error[P201]: there is no prompt named refund
      hint: promptctl list shows all prompts
    [exit 1]
    ");
}

#[test]
fn prompt_files_without_a_set_up_are_to_be_adopted() {
    let env = TestEnv::new();
    env.root().ok("git init --quiet files");
    let files = env.root().cd("files");
    files.write("evals/greeting.prompt.yml", SMALL);
    assert_snapshot!(files.play(
        "promptctl list
         promptctl validate
         promptctl"
    ), @"
    $ promptctl list
    there are no prompts yet
    hint: prompt files stand elsewhere in this repository (1): promptctl init --adopt shows how to take them over
    $ promptctl validate
    error[P032]: there is nothing to check: this repository is not set up for prompts
      hint: prompt files stand elsewhere in this repository (1): promptctl init --adopt shows how to take them over
    [exit 1]
    $ promptctl
    this repository is not set up for prompts
    promptctl demo            the whole life of a prompt in a minute, offline
    promptctl init            makes a repository of prompts
    promptctl init --adopt    takes over the .prompt.yml files of a repository
    promptctl import pmpt_…   brings a stored prompt of OpenAI's here
    ");
}

#[test]
fn promptctl_alone_says_where_one_stands_and_what_comes_next() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play("promptctl"), @"
    $ promptctl
    promptctl demo            the whole life of a prompt in a minute, offline
    promptctl init            makes a repository of prompts
    promptctl init --adopt    takes over the .prompt.yml files of a repository
    promptctl import pmpt_…   brings a stored prompt of OpenAI's here
    --- stderr
    hint: promptctl help lists the commands
    ");
    let repo = env.repo();
    assert_snapshot!(repo.play("promptctl"), @"
    $ promptctl
    0 prompts
    production: 0 live, 0 ahead
    --- stderr
    hint: promptctl new NAME makes one, promptctl seed adds the bundled ones
    ");
    repo.add("support/triage", TRIAGE);
    assert_snapshot!(repo.play(
        "promptctl
         promptctl publish support/triage
         promptctl"
    ), @"
    $ promptctl
    1 prompt
    production: 0 live, 1 ahead
    --- stderr
    hint: promptctl publish support/triage makes it live in production
    $ promptctl publish support/triage
    support/triage v1 published to production
    $ promptctl
    1 prompt
    production: 1 live, 0 ahead
    --- stderr
    hint: promptctl status shows what is live where
    ");
    repo.replace("prompts/support/triage.prompt.yml", "800", "600");
    assert_snapshot!(env.root().play("promptctl -C repo"), @"
    $ promptctl -C repo
    1 prompt, 1 not committed
    production: 1 live, 1 ahead
    --- stderr
    hint: promptctl bump numbers what was changed by hand
    ");
    repo.write("prompts/bad.prompt.yml", "mesages: []\n");
    assert_snapshot!(repo.play("promptctl"), @"
    $ promptctl
    1 prompt, 1 not committed, 1 error in files that cannot be read
    production: 1 live, 1 ahead
    --- stderr
    hint: promptctl validate shows what is wrong
    ");
}

#[test]
fn a_formula_is_made_of_the_checksums_of_a_release() {
    if cfg!(windows) {
        return skipped("there is no sh");
    }
    let env = TestEnv::new();
    let root = env.root();
    let targets = ["apple-darwin", "unknown-linux-musl"];
    let sums: String = ["aarch64", "x86_64"]
        .iter()
        .flat_map(|processor| targets.map(|system| format!("{processor}-{system}")))
        .map(|target| format!("{target}-sum  promptctl-v1.2.3-{target}.tar.gz\n"))
        .collect();
    root.write("SHA256SUMS", sums);
    let script = top().join(".github/homebrew.sh");
    let run = root.run(&format!(
        "sh '{}' v1.2.3 owner/home SHA256SUMS",
        script.display()
    ));
    assert_snapshot!(run, @r##"
    class Promptctl < Formula
      desc "Versioned prompts for language models, kept as YAML files in a git repository"
      homepage "https://github.com/owner/home"
      version "1.2.3"
      license any_of: ["MIT", "Apache-2.0"]

      on_macos do
        on_arm do
          url "https://github.com/owner/home/releases/download/v1.2.3/promptctl-v1.2.3-aarch64-apple-darwin.tar.gz"
          sha256 "aarch64-apple-darwin-sum"
        end
        on_intel do
          url "https://github.com/owner/home/releases/download/v1.2.3/promptctl-v1.2.3-x86_64-apple-darwin.tar.gz"
          sha256 "x86_64-apple-darwin-sum"
        end
      end

      on_linux do
        on_arm do
          url "https://github.com/owner/home/releases/download/v1.2.3/promptctl-v1.2.3-aarch64-unknown-linux-musl.tar.gz"
          sha256 "aarch64-unknown-linux-musl-sum"
        end
        on_intel do
          url "https://github.com/owner/home/releases/download/v1.2.3/promptctl-v1.2.3-x86_64-unknown-linux-musl.tar.gz"
          sha256 "x86_64-unknown-linux-musl-sum"
        end
      end

      def install
        bin.install "promptctl"
        bash_completion.install "completions/promptctl.bash" => "promptctl"
        zsh_completion.install "completions/_promptctl"
        fish_completion.install "completions/promptctl.fish"
      end

      test do
        assert_match version.to_s, shell_output("#{bin}/promptctl --version")
      end
    end
    "##);
    root.write("SHA256SUMS", "");
    assert_eq!(
        root.run(&format!(
            "sh '{}' v1.2.3 owner/home SHA256SUMS",
            script.display()
        ))
        .code,
        Some(1)
    );
}
