//! Killed at any moment: what is left is sound, and the same command run again completes it.

#![cfg(unix)]

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::env::{Run, Shell, TestEnv, executable, hook, of_this_process, often, skipped};

/// How many random moments are tried; `PROMPTCTL_TEST_KILLS` asks for another number, and for each
/// step to be tried in every way.
const KILLS: usize = 16;

/// What `git` is while commands are killed: the program itself, but the call with the number in
/// `$KILL_AT` kills the process that started it, before or after it did its work.
const GIT: &str = "#!/bin/sh
calls=1
until mkdir \"$CALLS.$calls\" 2>/dev/null; do calls=$((calls + 1)); done
if [ $calls = \"$KILL_AT\" ]; then
    [ \"$KILL_WHEN\" = after ] && \"$REAL_GIT\" \"$@\" <&0
    # What is out of reach of the Ctrl-C of a terminal has a group of its own.
    [ -z \"$KILL_GROUP\" ] || { kill -KILL -$PPID 2>/dev/null; kill -KILL 0; }
    kill -KILL $PPID
    exit 1
fi
exec \"$REAL_GIT\" \"$@\"
";

/// A command that changes something, what must stand before it, and what it leaves when it is done.
struct Deed {
    line: &'static str,
    prepare: &'static [&'static str],
    /// How many releases production has had then.
    releases: u64,
    /// What production holds then.
    live: Option<u64>,
    /// What `maxTokens` is then.
    tokens: &'static str,
}

const DEEDS: [Deed; 8] = [
    Deed {
        line: "promptctl publish support/triage@v2",
        prepare: &[],
        releases: 2,
        live: Some(2),
        tokens: "600",
    },
    Deed {
        line: "promptctl publish support/triage@v2 --no-push",
        prepare: &["promptctl fetch"],
        releases: 2,
        live: Some(1),
        tokens: "600",
    },
    Deed {
        line: "promptctl rollback support/triage --to v1",
        prepare: &["promptctl publish support/triage@v2"],
        releases: 3,
        live: Some(1),
        tokens: "600",
    },
    Deed {
        line: "promptctl rollback support/triage --to v1 --no-push",
        prepare: &["promptctl publish support/triage@v2"],
        releases: 3,
        live: Some(2),
        tokens: "600",
    },
    Deed {
        line: "promptctl edit support/triage --set modelParameters.maxTokens=500",
        prepare: &[],
        releases: 1,
        live: Some(1),
        tokens: "500",
    },
    Deed {
        line: "promptctl push",
        prepare: &["promptctl publish support/triage@v2 --no-push"],
        releases: 2,
        live: Some(2),
        tokens: "600",
    },
    Deed {
        line: "promptctl fetch",
        prepare: &[
            "git clone --quiet ../origin.git ../bob",
            "promptctl -C ../bob publish support/triage@v2",
        ],
        releases: 2,
        live: Some(2),
        tokens: "600",
    },
    Deed {
        line: "promptctl unpublish support/triage",
        prepare: &[],
        releases: 2,
        live: None,
        tokens: "600",
    },
];

/// A clone with a remote, v1 live, and v2 made.
fn world(env: &TestEnv) -> Shell {
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.ok("git push --quiet");
    ada
}

/// A copy of the world in which a deed can be done.
fn prepared(world: &TestEnv, deed: &Deed) -> TestEnv {
    let (env, ada) = world.copy_of_origin();
    for line in deed.prepare {
        ada.ok(line);
    }
    env
}

/// The releases in production, the newest first, pending ones among them.
fn release_numbers(ada: &Shell) -> Vec<u64> {
    let told = ada.json("promptctl releases support/triage --env production --format json");
    let releases = told["releases"].as_array().unwrap();
    releases
        .iter()
        .map(|release| release["number"].as_u64().unwrap())
        .collect()
}

/// Both repositories are sound, and the deed done again is done once.
fn must_recover(env: &TestEnv, ada: &Shell, deed: &Deed, when: &str) {
    let origin = env.root().cd("origin.git");
    for repo in [ada, &origin] {
        // A git that the killed process had started goes on, and fsck may look while it writes.
        let mut fsck = repo.run("git fsck --strict");
        for _ in 0..100 {
            if fsck.code == Some(0) {
                break;
            }
            fsck = repo.run("git fsck --strict");
        }
        assert_eq!(fsck.code, Some(0), "{} killed {when}: {fsck}", deed.line);
    }
    let before = ada.run("promptctl get support/triage@production --format json");
    assert!(
        before.stderr.is_empty() || before.stderr.contains("P203"),
        "{} killed {when}: {before}",
        deed.line
    );
    // What was left is mended without a hand, or there is nothing to mend.
    let mended = ada.run("promptctl doctor --fix");
    assert_ne!(
        mended.code,
        Some(1),
        "{} killed {when}: {mended}",
        deed.line
    );
    let again = ada.run(deed.line);
    assert!(
        again.code == Some(0),
        "{} killed {when}, then: {again}",
        deed.line
    );
    let live =
        ada.json("promptctl status --env production --format json")["environments"][0]["prompts"]
            [0]["active"]
            .as_u64();
    assert_eq!(live, deed.live, "{} killed {when}", deed.line);
    let tokens = format!("maxTokens: {}", deed.tokens);
    assert!(
        ada.git("show HEAD:prompts/support/triage.prompt.yml")
            .contains(&tokens),
        "{} killed {when}",
        deed.line
    );
    assert_eq!(
        ada.git("status --porcelain"),
        "",
        "{} killed {when}",
        deed.line
    );
    let doctor = ada.run("promptctl doctor");
    assert_eq!(
        doctor.code,
        Some(0),
        "{} killed {when}: {doctor}",
        deed.line
    );
    assert_eq!(leftovers(ada), "", "{} killed {when}", deed.line);
    // Done twice it was done once: one release more than before, and no gap.
    let numbers: Vec<u64> = (1..=deed.releases).rev().collect();
    assert_eq!(release_numbers(ada), numbers, "{} killed {when}", deed.line);
    for repo in [ada, &origin] {
        repo.git("fsck --strict");
    }
}

/// Locks, half-made indexes and notes of runs in a clone.
fn leftovers(ada: &Shell) -> String {
    ada.ok("find .git -name *.lock -o -name next-index-* -o -path *running/*")
}

/// Runs a line in a process group of its own, which can be killed as a whole.
fn in_a_group(shell: &Shell, line: &str) -> Run {
    let output = shell.line(line).process_group(0).output().unwrap();
    Run::new(shell, line, &output)
}

/// Lets the other end of a push live on, as it does on another machine; `false` where this machine
/// cannot.
fn remote_of_its_own(ada: &Shell) -> bool {
    if ada.run("sh -c 'command -v setsid'").code != Some(0) {
        skipped("no setsid, so process groups with a remote were not killed");
        return false;
    }
    ada.git("config remote.origin.receivepack 'setsid git-receive-pack'");
    ada.git("config remote.origin.uploadpack 'setsid git-upload-pack'");
    true
}

/// Every call of git is a moment at which half of the work is done. In turn the command dies alone, and
/// with its whole process group, git with it.
#[test]
fn before_and_after_each_step() {
    at_each_step(0);
    if of_this_process("PROMPTCTL_TEST_KILLS").is_some() {
        at_each_step(1);
    }
}

fn at_each_step(turn: usize) {
    let env = TestEnv::new();
    let ada = world(&env);
    let has_groups = remote_of_its_own(&ada);
    let real = env.root().ok("sh -c 'command -v git'");
    for deed in &DEEDS {
        let world = prepared(&env, deed);
        for (at, when) in ["before", "after"].into_iter().enumerate() {
            for step in 1.. {
                let (env, ada) = world.copy_of_origin();
                let is_group = has_groups && (turn + at + step) % 2 == 1;
                let group = if is_group { "1" } else { "" };
                executable(&ada, "../bin/git", GIT);
                let path = format!(
                    "{}:{}",
                    env.root().dir.join("bin").display(),
                    ada.ok("printenv PATH").trim()
                );
                let killed = in_a_group(
                    &ada.with("PATH", path)
                        .with("REAL_GIT", real.trim())
                        .with("CALLS", env.root().dir.join("calls"))
                        .with("KILL_AT", step.to_string())
                        .with("KILL_WHEN", when)
                        .with("KILL_GROUP", group),
                    deed.line,
                );
                if killed.code.is_some() {
                    assert_eq!(killed.code, Some(0), "{killed}");
                    assert!(step > 1, "{} starts no git", deed.line);
                    break;
                }
                let how = if is_group { "with its group" } else { "alone" };
                must_recover(&env, &ada, deed, &format!("{how} {when} step {step}"));
            }
        }
    }
}

/// Between the moments at which git moves the branch and writes the index.
#[test]
fn the_group_inside_of_a_commit() {
    let env = TestEnv::new();
    world(&env);
    let deed = &DEEDS[4];
    let world = prepared(&env, deed);
    for (name, script) in [
        ("pre-commit", "kill -KILL 0"),
        ("commit-msg", "kill -KILL 0"),
        (
            "reference-transaction",
            "[ $1 = prepared ] && kill -KILL 0; exit 0",
        ),
        (
            "reference-transaction",
            "[ $1 = committed ] && kill -KILL 0; exit 0",
        ),
        ("post-index-change", "kill -KILL 0"),
        ("post-commit", "kill -KILL 0"),
    ] {
        let (env, ada) = world.copy_of_origin();
        let path = format!(".git/hooks/{name}");
        hook(&ada, &path, script);
        let killed = in_a_group(&ada, deed.line);
        assert_eq!(killed.code, None, "{name} {script}: {killed}");
        std::fs::remove_file(ada.dir.join(path)).unwrap();
        if script.contains("committed") {
            let told = ada.run("promptctl doctor").stderr;
            assert!(told.contains("error[P245]"), "{told}");
            assert!(
                told.contains("index.lock was left by a promptctl that was killed"),
                "{told}"
            );
        }
        must_recover(&env, &ada, deed, &format!("in {name}: {script}"));
    }
}

/// `mv`, whose files stand in two places for a moment.
#[test]
fn a_move_before_and_after_each_step() {
    whenever_killed(MOVE, |_| (), must_have_moved);
}

/// Runs a line in a repository of one prompt, killed before and after each call of git, and within
/// the commit.
fn whenever_killed(line: &str, prepare: fn(&Shell), must_complete: fn(&Shell, &str)) {
    let real = TestEnv::new().root().ok("sh -c 'command -v git'");
    for when in ["before", "after"] {
        for step in 1.. {
            let env = TestEnv::new();
            let repo = env.triage();
            prepare(&repo);
            executable(&repo, "../bin/git", GIT);
            let bin = env.root().dir.join("bin");
            let path = format!("{}:{}", bin.display(), repo.ok("printenv PATH").trim());
            let killed = in_a_group(
                &repo
                    .with("PATH", path)
                    .with("REAL_GIT", real.trim())
                    .with("CALLS", env.root().dir.join("calls"))
                    .with("KILL_AT", step.to_string())
                    .with("KILL_WHEN", when)
                    .with("KILL_GROUP", ""),
                line,
            );
            if killed.code.is_some() {
                assert_eq!(killed.code, Some(0), "{killed}");
                assert!(step > 1, "{line} starts no git");
                break;
            }
            must_complete(&repo, &format!("{when} step {step}"));
        }
    }
    for (name, script) in [
        ("pre-commit", "kill -KILL 0"),
        (
            "reference-transaction",
            "[ $1 = committed ] && kill -KILL 0; exit 0",
        ),
        ("post-commit", "kill -KILL 0"),
    ] {
        let env = TestEnv::new();
        let repo = env.triage();
        prepare(&repo);
        let path = format!(".git/hooks/{name}");
        hook(&repo, &path, script);
        let killed = in_a_group(&repo, line);
        assert_eq!(killed.code, None, "{name} {script}: {killed}");
        std::fs::remove_file(repo.dir.join(path)).unwrap();
        must_complete(&repo, name);
    }
}

const MOVE: &str = "promptctl mv support/triage care/routing";

/// The move done again is done once, and nothing is left of the first try.
fn must_have_moved(repo: &Shell, when: &str) {
    let mended = repo.run("promptctl doctor --fix");
    assert_ne!(mended.code, Some(1), "killed {when}: {mended}");
    let again = repo.run(MOVE);
    assert_eq!(
        again.code,
        Some(0),
        "killed {when}: {mended}, then: {again}"
    );
    assert_eq!(
        repo.git("ls-tree -r --name-only HEAD prompts/care prompts/support"),
        "prompts/care/routing.prompt.yml",
        "killed {when}"
    );
    assert_eq!(repo.git("status --porcelain"), "", "killed {when}");
    let moves = repo.git("log --format=%s --grep=^Move");
    assert_eq!(
        moves, "Move support/triage to care/routing",
        "killed {when}"
    );
    let doctor = repo.run("promptctl doctor");
    assert_eq!(doctor.code, Some(0), "killed {when}: {doctor}");
    assert_eq!(leftovers(repo), "", "killed {when}");
}

/// `import` of several files with a partial in one commit, and of several versions in one each.
#[test]
fn an_import_before_and_after_each_step() {
    let prepare = |repo: &Shell| {
        repo.write("in/a.prompt", "Hi {{x}}, {{> tone}}");
        repo.write("in/_tone.prompt", "be kind");
        repo.write("in/b.prompt", "Bye {{x}}");
        let version = |number: u8| {
            format!(r#"{{"name": "c", "version": {number}, "prompt": "{number} {{{{x}}}}"}}"#)
        };
        let all: Vec<String> = (1..4).map(version).collect();
        repo.write("in/export.json", format!("[{}]", all.join(",")));
        repo.git("add in");
        repo.git("commit --quiet -m sources");
    };
    whenever_killed(IMPORT, prepare, must_have_imported);
}

const IMPORT: &str = "promptctl import in";

fn must_have_imported(repo: &Shell, when: &str) {
    let mended = repo.run("promptctl doctor --fix");
    assert_ne!(mended.code, Some(1), "killed {when}: {mended}");
    let again = repo.run(IMPORT);
    assert_eq!(again.code, Some(0), "killed {when}: {again}");
    assert_eq!(repo.git("status --porcelain"), "", "killed {when}");
    assert_eq!(
        repo.git("log --format=%s -4"),
        "Import c v3 from in/export.json\nImport c v2 from in/export.json\nImport c v1 from in/export.json\nImport 2 prompts from files",
        "killed {when}"
    );
    assert_eq!(
        repo.git("ls-tree -r --name-only HEAD prompts"),
        "prompts/_tone.hbs\nprompts/a.prompt.yml\nprompts/b.prompt.yml\nprompts/c.prompt.yml\nprompts/prompt.schema.json\nprompts/support/triage.prompt.yml",
        "killed {when}"
    );
    let last = repo.run(IMPORT);
    assert!(last.stderr.contains("5 prompts up to date"), "{last}");
    assert_eq!(leftovers(repo), "", "killed {when}");
}

/// What somebody changed and did not commit is no half-written import.
#[test]
fn an_import_does_not_take_an_edit_for_its_own() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write("a.prompt", "Hi {{x}}");
    repo.ok("promptctl import a.prompt --no-commit");
    let written = repo.read("prompts/a.prompt.yml");
    repo.write("prompts/a.prompt.yml", written.replace("Hi", "Hello"));
    let refused = repo.run("promptctl import a.prompt");
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused
            .stderr
            .contains("error[P508]: a has changes that are not committed"),
        "{refused}"
    );
    assert!(repo.read("prompts/a.prompt.yml").contains("Hello"));
    repo.write("prompts/a.prompt.yml", &written);
    repo.ok("promptctl import a.prompt");
    assert_eq!(repo.git("status --porcelain prompts"), "");
}

/// The index is behind HEAD, and nobody asks `doctor`.
#[test]
fn an_edit_whose_index_is_behind_head_completes() {
    let env = TestEnv::new();
    let repo = env.triage();
    let index = std::fs::read(repo.dir.join(".git/index")).unwrap();
    repo.ok("promptctl edit support/triage --set modelParameters.maxTokens=600");
    std::fs::write(repo.dir.join(".git/index"), index).unwrap();
    assert_eq!(
        repo.git("status --porcelain"),
        "MM prompts/support/triage.prompt.yml"
    );
    let again = repo.run("promptctl edit support/triage --set modelParameters.maxTokens=600");
    assert_eq!(again.code, Some(0), "{again}");
    assert_eq!(repo.git("status --porcelain"), "");
    assert_eq!(repo.git("rev-list --count HEAD"), "3");
}

/// A lock that no dead run explains is somebody's: it is named with its age, and stays.
#[test]
fn a_lock_of_somebody_else_is_not_taken_away() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(".git/index.lock", "");
    let lock = repo.dir.join(".git/index.lock");
    let hour = std::time::SystemTime::now() - Duration::from_secs(3700);
    std::fs::File::options()
        .write(true)
        .open(&lock)
        .unwrap()
        .set_modified(hour)
        .unwrap();
    let run = repo.run("promptctl doctor --fix");
    assert!(lock.exists(), "{run}");
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("error[P230]"), "{run}");
    assert!(
        run.stderr.contains("has been there for 61 minutes"),
        "{run}"
    );
    assert!(
        run.stderr.contains("remove it if no git is running here"),
        "{run}"
    );
    assert!(run.stderr.contains("help: rm "), "{run}");
    repo.write("p.prompt", "Hi\n");
    let run = repo.run("promptctl import p.prompt");
    let age = regex::Regex::new(r"\d+ s old").unwrap();
    insta::assert_snapshot!(age.replace_all(&run.to_string(), "N s old"), @"
    error[P230]: git's lock $ROOT/repo/.git/index.lock is there (N s old): a git that works here holds it, or one that was stopped left it
      hint: promptctl doctor --fix removes it where a promptctl that was killed left it
      hint: if no git process is running, remove it: rm $ROOT/repo/.git/index.lock
      hint: nothing is lost: once it is gone, run the same command again
    [exit 1]
    ");
    assert_eq!(repo.ok("git status --short prompts"), "");
}

/// A row of numbers that looks random and is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

#[test]
fn at_random_moments() {
    let env = TestEnv::new();
    let ada = world(&env);
    let has_groups = remote_of_its_own(&ada);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let worlds: Vec<TestEnv> = DEEDS.iter().map(|deed| prepared(&env, deed)).collect();
    let lengths: Vec<Duration> = DEEDS
        .iter()
        .zip(&worlds)
        .map(|(deed, world)| {
            let (_env, ada) = world.copy_of_origin();
            let start = Instant::now();
            ada.ok(deed.line);
            start.elapsed()
        })
        .collect();
    for kill in 0..often("PROMPTCTL_TEST_KILLS", KILLS) {
        let deed = &DEEDS[kill % DEEDS.len()];
        let (env, ada) = worlds[kill % DEEDS.len()].copy_of_origin();
        // Each deed dies in both ways.
        let whole_group = has_groups && (kill + kill / DEEDS.len()) % 2 == 1;
        let micros = u64::try_from(lengths[kill % DEEDS.len()].as_micros()).unwrap();
        let moment = Duration::from_micros(dice.roll(micros + micros / 10));
        let start = Instant::now();
        let mut child = ada
            .line(deed.line)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        while start.elapsed() < moment {
            std::thread::yield_now();
        }
        // It may be done already; then there is nothing to kill.
        if whole_group {
            ada.run(&format!("sh -c 'kill -KILL -- -{}'", child.id()));
        }
        drop(child.kill());
        child.wait().unwrap();
        must_recover(&env, &ada, deed, &format!("after {moment:?}"));
    }
}
