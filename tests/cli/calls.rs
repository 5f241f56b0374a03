//! Every call of git, as git sees it: its arguments and its environment.

#![cfg(unix)]

use std::collections::BTreeSet;

use crate::env::{SMALL, Shell, TRIAGE, TestEnv, executable};

/// A git that notes how it was called. Each call is one write, so that two at once do not mix.
const SHIM: &str = "#!/bin/sh
line=
for word in \"$@\"; do line=\"$line$word$(printf '\\037')\"; done
line=\"$line$(printf '\\036')\"
for name in GIT_DIR GIT_WORK_TREE GIT_NO_REPLACE_OBJECTS GIT_LITERAL_PATHSPECS GIT_TERMINAL_PROMPT \\
    SSH_ASKPASS_REQUIRE GIT_SSH_COMMAND LC_ALL GIT_INDEX_FILE GIT_COMMON_DIR GIT_CONFIG GIT_GLOB_PATHSPECS; do
    eval \"value=\\${$name-(none)}\"
    line=\"$line$name=$value$(printf '\\037')\"
done
printf '%s\\035' \"$line\" >> \"$CALLS\"
exec \"$REAL_GIT\" \"$@\"
";

/// What every call is told.
const ALWAYS: [&str; 7] = [
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsmonitor=false",
];

struct Call {
    settings: Vec<String>,
    words: Vec<String>,
    variables: Vec<String>,
}

impl Call {
    fn read(text: &str) -> Self {
        let (words, variables) = text.split_once('\u{1e}').unwrap();
        let list = |text: &str| -> Vec<String> {
            text.split_terminator('\u{1f}').map(str::to_owned).collect()
        };
        let mut rest = list(words).into_iter().peekable();
        assert_eq!(rest.next().as_deref(), Some("-C"), "{words}");
        rest.next().unwrap();
        let mut settings = Vec::new();
        while rest.peek().is_some_and(|word| word == "-c") {
            rest.next();
            settings.extend(rest.next());
        }
        Self {
            settings,
            words: rest.collect(),
            variables: list(variables),
        }
    }

    fn says(&self, variable: &str) -> bool {
        self.variables.iter().any(|own| own == variable)
    }

    fn told(&self) -> String {
        format!(
            "git {:?} {:?} {:?}",
            self.settings, self.words, self.variables
        )
    }

    #[track_caller]
    fn check(&self) {
        let told = self.told();
        for setting in ALWAYS {
            assert!(
                self.settings.iter().any(|own| own == setting),
                "{setting}: {told}"
            );
        }
        for variable in [
            "GIT_NO_REPLACE_OBJECTS=1",
            "GIT_TERMINAL_PROMPT=0",
            "SSH_ASKPASS_REQUIRE=never",
            "GIT_SSH_COMMAND=ssh -o BatchMode=yes",
            "LC_ALL=C",
            "GIT_COMMON_DIR=(none)",
            "GIT_CONFIG=(none)",
            "GIT_GLOB_PATHSPECS=(none)",
        ] {
            assert!(self.says(variable), "{variable}: {told}");
        }
        let command = self.words[0].as_str();
        let is_outside =
            command == "init" || (command == "var" && self.words[1].ends_with("_IDENT"));
        let pinned = self
            .variables
            .iter()
            .any(|own| own.starts_with("GIT_DIR=/"));
        assert_eq!(pinned, !is_outside, "{told}");
        let hooks: Vec<&str> = self
            .settings
            .iter()
            .filter_map(|own| own.strip_prefix("core.hooksPath="))
            .collect();
        // One call asks where the person's hooks are.
        let runs_hooks = ["commit", "push"].contains(&command)
            || self.words.join(" ") == "rev-parse --git-path hooks";
        if runs_hooks {
            assert!(hooks.is_empty(), "{told}");
            assert!(self.says("GIT_LITERAL_PATHSPECS=(none)"), "{told}");
        } else {
            assert_eq!(hooks.len(), 1, "{told}");
            assert!(!std::path::Path::new(hooks[0]).is_dir(), "{told}");
            assert!(self.says("GIT_LITERAL_PATHSPECS=1"), "{told}");
        }
        // Paths stand behind the end of the options, marked where a hook is to read patterns.
        if let Some(at) = self.words.iter().position(|word| word == "--") {
            for path in &self.words[at + 1..] {
                let is_marked = path.starts_with(":(top,literal)");
                assert_eq!(is_marked, runs_hooks, "{path}: {told}");
            }
        }
        if ["fetch", "push", "ls-remote"].contains(&command) {
            let end = self
                .words
                .iter()
                .position(|word| word == "--end-of-options");
            assert_eq!(self.words[end.unwrap() + 1], "origin", "{told}");
        }
    }
}

/// A shell whose git is noted in a file `calls`.
fn noted(shell: &Shell, env: &TestEnv) -> Shell {
    executable(&env.root(), "bin/git", SHIM);
    let real = env.root().ok("sh -c 'command -v git'");
    let path = format!(
        "{}:{}",
        env.root().dir.join("bin").display(),
        shell.ok("printenv PATH").trim()
    );
    shell
        .with("PATH", path)
        .with("REAL_GIT", real.trim())
        .with("CALLS", env.root().dir.join("calls"))
        .with("GIT_CONFIG", "nonsense")
        .with("GIT_GLOB_PATHSPECS", "1")
}

fn calls(env: &TestEnv) -> Vec<Call> {
    let text = env.root().read("calls");
    text.split_terminator('\u{1d}').map(Call::read).collect()
}

#[test]
fn each_has_the_settings_that_keep_strangers_out() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let shell = noted(&ada, &env);
    env.root().write("small.yml", SMALL);
    env.root().write("triage.yml", TRIAGE);
    for line in [
        "init ../fresh",
        "init --hooks --diff-driver --github",
        "seed",
        "new greeting --file ../small.yml",
        "edit support/triage --set modelParameters.maxTokens=600",
        "edit support/triage --set description=Sorts",
        "publish support/triage",
        "publish support/triage --env staging --create-env --no-push",
        "push",
        "publish greeting --dry-run",
        "publish --all",
        "edit greeting --set model=openai/gpt-5",
        "publish greeting",
        "rollback greeting --dry-run",
        "rollback greeting",
        "unpublish greeting --no-push",
        "push",
        "fetch",
        "list",
        "show greeting",
        "get greeting@production",
        "get --all --env production --format json",
        "history greeting",
        "releases greeting",
        "status",
        "diff HEAD~1 HEAD",
        "diff",
        "validate --base HEAD~1",
        "bump",
        "archive greeting",
        "unarchive greeting",
        "render support/triage --var ticket=x",
        "run support/triage --var ticket=x --model echo",
        "log",
        "verify",
        "doctor",
        "doctor --fix --online",
        "hook pre-commit",
        "driver textconv prompts/support/triage.prompt.yml",
    ] {
        let run = shell.run(&format!("promptctl {line}"));
        assert_ne!(run.code, Some(2), "$ promptctl {line}\n{run}");
        assert!(!run.stderr.contains("usage: git"), "{run}");
    }
    let calls = calls(&env);
    let mut commands = BTreeSet::new();
    for call in &calls {
        call.check();
        commands.insert(call.words[0].as_str());
    }
    // The session is no use where it does not start the calls that there are.
    for command in [
        "add",
        "commit",
        "config",
        "fetch",
        "init",
        "log",
        "ls-files",
        "ls-remote",
        "push",
        "status",
        "update-ref",
        "var",
        "rev-parse",
    ] {
        assert!(
            commands.contains(command),
            "no git {command} among {commands:?}"
        );
    }
}

#[test]
fn a_way_to_call_ssh_that_the_person_chose_stays() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let shell = noted(&ada, &env);
    shell
        .with("GIT_SSH_COMMAND", "my-ssh")
        .ok("promptctl fetch");
    assert!(
        calls(&env)
            .iter()
            .all(|call| call.says("GIT_SSH_COMMAND=my-ssh"))
    );
    std::fs::remove_file(env.root().dir.join("calls")).unwrap();
    ada.git("config core.sshCommand 'ssh -i key'");
    shell.ok("promptctl fetch");
    assert!(
        calls(&env)
            .iter()
            .all(|call| call.says("GIT_SSH_COMMAND=(none)"))
    );
}

/// git tells its hooks an index and a repository: they hold in that repository, and only there.
#[test]
fn what_git_tells_a_hook_holds_in_its_repository() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let shell = noted(&ada, &env)
        .without("GIT_CONFIG")
        .without("GIT_GLOB_PATHSPECS")
        .with("GIT_INDEX_FILE", ".git/index");
    shell.ok("promptctl hook pre-commit");
    let is_kept = |call: &Call| call.says("GIT_INDEX_FILE=.git/index");
    assert!(calls(&env).iter().all(is_kept));
    env.root().ok("promptctl init --quiet other");
    std::fs::remove_file(env.root().dir.join("calls")).unwrap();
    shell.ok("promptctl -C ../other status");
    shell.ok("promptctl -C ../other edit --help");
    shell.run("promptctl -C ../other hook pre-commit");
    let calls = calls(&env);
    assert!(!calls.is_empty());
    assert!(calls.iter().all(|call| call.says("GIT_INDEX_FILE=(none)")));
    let own = env.root().dir.join("other/.git");
    let own = format!("GIT_DIR={}", own.display());
    assert!(
        calls.iter().all(|call| call.says(&own)),
        "{}",
        calls[0].told()
    );
}
