//! Three clones and a stranger, round after round: whatever fails between two calls of git, and whatever
//! tags the stranger pushes, moves or deletes, every clone can read every row, no clone goes back to an
//! older release, and nobody's release is overridden.

use std::collections::BTreeMap;

use serde_json::Value;

use super::remote::origin;
use crate::env::{Shell, TestEnv, executable, of_this_process, often};

/// How many rounds are played; `PROMPTCTL_TEST_ROUNDS` asks for another number.
const ROUNDS: usize = 12;

/// What `git` is now and then: the program itself, but one call of it fails, before or after its work.
const GIT: &str = "#!/bin/sh
calls=1
until mkdir \"$CALLS.$calls\" 2>/dev/null; do calls=$((calls + 1)); done
if [ $calls = \"$FAIL_AT\" ]; then
    [ \"$FAIL_WHEN\" = after ] && \"$REAL_GIT\" \"$@\" <&0
    echo 'fatal: planted' >&2
    exit 128
fi
exec \"$REAL_GIT\" \"$@\"
";

struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        // Xorshift: the same rounds each time, and others with another seed.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.roll(of.len())]
    }
}

struct World {
    env: TestEnv,
    clones: Vec<Shell>,
    dice: Dice,
}

const PEOPLE: [&str; 3] = ["Ada", "Bob", "Cleo"];

fn world(seed: usize) -> World {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish support/triage");
    for tokens in 1..6 {
        let (from, to) = (if tokens == 1 { 800 } else { tokens - 1 }, tokens);
        ada.next_version(
            "support/triage",
            &format!("maxTokens: {from} "),
            &format!("maxTokens: {to} "),
        );
    }
    ada.ok("git push --quiet");
    let bob = env.clone_of_origin("Bob");
    env.root().ok("git clone --quiet origin.git cleo");
    let cleo = env.root().cd("cleo").person("Cleo");
    for clone in [&ada, &bob, &cleo] {
        clone.ok("promptctl fetch");
    }
    executable(&env.root(), "bin/git", GIT);
    World {
        env,
        clones: vec![ada, bob, cleo],
        dice: Dice(0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1)),
    }
}

impl World {
    /// Something that an honest person does, now and then with a git that fails.
    fn honest(&mut self, round: usize) -> String {
        let who = self.dice.roll(PEOPLE.len());
        let version = self.dice.roll(6) + 1;
        let lines = [
            format!("promptctl publish support/triage@v{version}"),
            format!("promptctl publish support/triage@v{version} --no-push"),
            "promptctl rollback support/triage".to_owned(),
            "promptctl rollback support/triage --again".to_owned(),
            "promptctl rollback support/triage --no-push".to_owned(),
            "promptctl unpublish support/triage".to_owned(),
            "promptctl push".to_owned(),
            "promptctl doctor --fix".to_owned(),
        ];
        let line = self
            .dice
            .pick(&lines.each_ref().map(String::as_str))
            .to_owned();
        let mut clone = self.clones[who].clone();
        let fails = self.dice.roll(3) == 0;
        if fails {
            let root = self.env.root().dir;
            let path = of_this_process("PATH").unwrap();
            clone = clone
                .with("REAL_GIT", clone.ok("sh -c 'command -v git'").trim())
                .with("CALLS", root.join(format!("calls-{round}")))
                .with("FAIL_AT", (self.dice.roll(9) + 1).to_string())
                .with("FAIL_WHEN", self.dice.pick(&["before", "after"]))
                .with(
                    "PATH",
                    format!("{}:{}", root.join("bin").display(), path.display()),
                );
        }
        let run = clone.run(&line);
        assert!(run.code.is_some(), "{run}");
        format!(
            "round {round}: {} {line}{}",
            PEOPLE[who],
            if fails { ", with a git that fails" } else { "" }
        )
    }

    /// Something that a stranger does who may push, move and delete tags.
    fn stranger(&mut self, round: usize) -> String {
        let eve = origin(&self.env);
        let tags = eve.tags();
        let releases: Vec<&str> = tags
            .lines()
            .filter(|tag| tag.contains("/production/"))
            .collect();
        let numbers = releases
            .iter()
            .filter_map(|tag| tag.rsplit('/').next()?.parse::<u64>().ok());
        let newest = numbers
            .filter(|number| *number < 100_000)
            .max()
            .unwrap_or(0);
        let far = [1, 2, 3, 1_000, 1_001, 5_000][self.dice.roll(6)];
        let any = match releases.is_empty() {
            // Everything was deleted already.
            true => "prompts/support/triage/v1".to_owned(),
            false => self.dice.pick(&releases).to_owned(),
        };
        let line = match self.dice.roll(4) {
            0 => format!(
                "tag prompts/support/triage/production/{} main",
                newest + far
            ),
            1 => format!("update-ref -d refs/tags/{any}"),
            2 => format!("update-ref refs/tags/{any} main"),
            _ => format!(
                "update-ref refs/tags/prompts/support/triage/production/{} refs/tags/{any}",
                newest + far
            ),
        };
        eve.git(&line);
        format!("round {round}: Eve git {line}")
    }

    /// What each clone says is live: the newest release, and its version.
    fn live(&self, fetch: bool) -> Vec<(u64, Value)> {
        self.clones
            .iter()
            .map(|clone| {
                if fetch {
                    clone.ok("promptctl fetch");
                }
                let told =
                    clone.json("promptctl releases support/triage --env production --format json");
                let newest = told["releases"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|release| release["pending"] == false)
                    .unwrap();
                let got = clone.run("promptctl get support/triage@production --format json");
                let said: Value = serde_json::from_str(if got.code == Some(0) {
                    &got.stdout
                } else {
                    &got.stderr
                })
                .unwrap_or(Value::Null);
                let version = match got.code {
                    Some(0) => said["version"].clone(),
                    _ => {
                        let text = got.stderr.clone();
                        assert!(text.contains("P203"), "{got}");
                        Value::Null
                    }
                };
                (newest["number"].as_u64().unwrap(), version)
            })
            .collect()
    }
}

#[test]
fn three_people_with_failures_between_the_calls_of_git() {
    for seed in 0..often("PROMPTCTL_TEST_ROUNDS", ROUNDS).div_ceil(50) {
        let mut world = world(seed);
        let mut log = Vec::new();
        let mut before = world.live(true);
        for round in 0..often("PROMPTCTL_TEST_ROUNDS", ROUNDS).min(50) {
            log.push(world.honest(round));
            let log = log.join("\n");
            let after = world.live(true);
            // Everybody reads the same, and nobody goes back.
            assert!(after.iter().all(|it| *it == after[0]), "{log}\n{after:?}");
            assert!(after[0].0 >= before[0].0, "{log}");
            before = after;
            // What promptctl wrote has no gap, and each release follows the one before it.
            let told = world.clones[0]
                .run("promptctl verify --env production")
                .stderr;
            assert!(
                !told.contains("P209") && !told.contains("P251"),
                "{log}\n{told}"
            );
        }
        // Nobody's release was overridden: each tag stands as it was first seen.
        let tags: BTreeMap<String, String> = origin(&world.env)
            .git("for-each-ref --format='%(refname) %(objectname)' refs/tags/prompts/")
            .lines()
            .filter_map(|line| {
                Some(line.split_once(' ')?).map(|(a, b)| (a.to_owned(), b.to_owned()))
            })
            .collect();
        for clone in &world.clones {
            assert_eq!(
                clone.json("promptctl fetch --format json")["moved"],
                serde_json::json!([])
            );
        }
        assert!(tags.len() > 1);
    }
}

#[test]
fn a_stranger_among_three_people() {
    for seed in 0..often("PROMPTCTL_TEST_ROUNDS", ROUNDS).div_ceil(25) {
        let mut world = world(seed + 100);
        let mut log = Vec::new();
        let mut before = world.live(true);
        for round in 0..often("PROMPTCTL_TEST_ROUNDS", ROUNDS).min(25) {
            let is_stranger = world.dice.roll(2) == 0;
            log.push(if is_stranger {
                world.stranger(round)
            } else {
                world.honest(round)
            });
            let log = log.join("\n");
            let after = world.live(true);
            for (before, after) in before.iter().zip(&after) {
                // No clone serves an older release than it did before.
                assert!(after.0 >= before.0, "{log}\n{before:?} {after:?}");
                if is_stranger && after.0 == before.0 {
                    assert_eq!(before.1, after.1, "{log}");
                }
            }
            before = after;
        }
    }
}
