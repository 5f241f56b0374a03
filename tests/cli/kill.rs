//! Killed at any moment: what is left is sound, and the same command run again completes it.

#![cfg(unix)]

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::env::{Shell, TestEnv, executable, often};

/// How many random moments are tried; `PROMPTCTL_TEST_KILLS` asks for another number.
const KILLS: usize = 40;

/// What `git` is while commands are killed: the program itself, but the call with the number in
/// `$KILL_AT` kills the process that started it, before or after it did its work.
const GIT: &str = "#!/bin/sh
calls=1
until mkdir \"$CALLS.$calls\" 2>/dev/null; do calls=$((calls + 1)); done
if [ $calls = \"$KILL_AT\" ]; then
    [ \"$KILL_WHEN\" = after ] && \"$REAL_GIT\" \"$@\" <&0
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

const DEEDS: [Deed; 6] = [
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

/// The same world again, by copying it.
fn fresh(world: &TestEnv, deed: &Deed) -> (TestEnv, Shell) {
    let env = TestEnv::new();
    for folder in ["origin.git", "ada"] {
        env.root()
            .ok(&format!("cp -r {}/{folder} .", world.root().dir.display()));
    }
    let ada = env.root().cd("ada");
    ada.git(&format!(
        "remote set-url origin {}/origin.git",
        env.root().dir.display()
    ));
    for line in deed.prepare {
        ada.ok(line);
    }
    (env, ada)
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
    // Done twice it was done once: one release more than before, and no gap.
    let numbers: Vec<u64> = (1..=deed.releases).rev().collect();
    assert_eq!(release_numbers(ada), numbers, "{} killed {when}", deed.line);
    for repo in [ada, &origin] {
        repo.git("fsck --strict");
    }
}

/// Every call of git is a moment at which half of the work is done.
#[test]
fn before_and_after_each_step() {
    let env = TestEnv::new();
    world(&env);
    let real = env.root().ok("sh -c 'command -v git'");
    for deed in &DEEDS {
        for when in ["before", "after"] {
            for step in 1.. {
                let (env, ada) = fresh(&env, deed);
                executable(&ada, "../bin/git", GIT);
                let path = format!(
                    "{}:{}",
                    env.root().dir.join("bin").display(),
                    ada.ok("printenv PATH").trim()
                );
                let killed = ada
                    .with("PATH", path)
                    .with("REAL_GIT", real.trim())
                    .with("CALLS", env.root().dir.join("calls"))
                    .with("KILL_AT", step.to_string())
                    .with("KILL_WHEN", when)
                    .run(deed.line);
                if killed.code.is_some() {
                    assert_eq!(killed.code, Some(0), "{killed}");
                    assert!(step > 1, "{} starts no git", deed.line);
                    break;
                }
                must_recover(&env, &ada, deed, &format!("{when} step {step}"));
            }
        }
    }
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
    world(&env);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let lengths: Vec<Duration> = DEEDS
        .iter()
        .map(|deed| {
            let (_env, ada) = fresh(&env, deed);
            let start = Instant::now();
            ada.ok(deed.line);
            start.elapsed()
        })
        .collect();
    for kill in 0..often("PROMPTCTL_TEST_KILLS", KILLS) {
        let deed = &DEEDS[kill % DEEDS.len()];
        let (env, ada) = fresh(&env, deed);
        let micros = u64::try_from(lengths[kill % DEEDS.len()].as_micros()).unwrap();
        let moment = Duration::from_micros(dice.roll(micros + micros / 10));
        let start = Instant::now();
        let mut child = ada
            .line(deed.line)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while start.elapsed() < moment {
            std::thread::yield_now();
        }
        // It may be done already; then there is nothing to kill.
        drop(child.kill());
        child.wait().unwrap();
        must_recover(&env, &ada, deed, &format!("after {moment:?}"));
    }
}
