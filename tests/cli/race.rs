//! Many at once: two clones that race for a release, and sixteen processes in one clone.

use std::sync::Barrier;
use std::thread;

use super::past::{LOG, id, record, repo};
use crate::env::{Run, SMALL, Shell, TestEnv, hook, often};

/// How often two clones race; `PROMPTCTL_TEST_RACES` asks for another number.
const RACES: usize = 20;

/// How many processes publish at once.
const PROCESSES: usize = 16;

/// Starts one line in each shell at the same moment.
fn at_once(runs: &[(&Shell, String)]) -> Vec<Run> {
    let start = Barrier::new(runs.len());
    thread::scope(|scope| {
        let running: Vec<_> = runs
            .iter()
            .map(|(shell, line)| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    shell.run(line)
                })
            })
            .collect();
        running.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

/// Makes each push of one clone wait until the other clone pushes too: both have decided then.
fn meet_before_a_push(shell: &Shell, me: &str, other: &str) {
    let script = format!(
        "mkdir -p ../meeting && : > ../meeting/{me}\ntries=0\n\
         until [ -e ../meeting/{other} ] || [ $tries -gt 1000 ]; do tries=$((tries + 1)); sleep 0.01; done"
    );
    hook(shell, ".git/hooks/pre-push", &script);
}

fn release_numbers(origin: &Shell) -> Vec<u32> {
    release_numbers_of(origin, "support/triage")
}

fn release_numbers_of(shell: &Shell, name: &str) -> Vec<u32> {
    let depth = 5 + name.matches('/').count();
    let tags = shell.git(&format!(
        "for-each-ref --format=%(refname:lstrip={depth}) refs/tags/prompts/{name}/production/"
    ));
    let mut numbers: Vec<u32> = tags.lines().map(|number| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

/// Locks, scratch repositories and half-written files that were left in a clone, and tags that the
/// remote does not have.
fn leftovers(shell: &Shell, origin: &Shell) -> String {
    let found = shell.ok("find . -name *.lock -o -name scratch-* -o -name tmp_* -o -name .tmp*");
    let tags = |shell: &Shell| shell.git("for-each-ref refs/tags");
    let theirs = tags(origin);
    let own: Vec<String> = tags(shell)
        .lines()
        .filter(|tag| !theirs.contains(tag))
        .map(str::to_owned)
        .collect();
    found + &own.join("\n") + &shell.git("status --porcelain")
}

#[test]
fn two_clones_have_one_winner_and_one_clear_loser() {
    let env = TestEnv::new();
    let ada = env.with_origin().person("Ada");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    ada.next_version("support/triage", "maxTokens: 600", "maxTokens: 400");
    ada.ok("git push --quiet");
    let bob = env.clone_of_origin("Bob");
    let origin = env.root().cd("origin.git");
    ada.ok("promptctl publish --quiet support/triage@v1");
    bob.ok("promptctl fetch --quiet");
    meet_before_a_push(&ada, "ada", "bob");
    meet_before_a_push(&bob, "bob", "ada");
    let mut live = 1;
    for round in 1..=often("PROMPTCTL_TEST_RACES", RACES) {
        drop(std::fs::remove_dir_all(env.root().dir.join("meeting")));
        let others: Vec<u64> = (1..=3).filter(|version| *version != live).collect();
        let by_bob = match round % 3 {
            0 => "unpublish support/triage".to_owned(),
            _ => format!("publish support/triage@v{}", others[1]),
        };
        let runs = at_once(&[
            (
                &ada,
                format!(
                    "promptctl publish support/triage@v{} -m 'Round {round}'",
                    others[0]
                ),
            ),
            (&bob, format!("promptctl {by_bob}")),
        ]);
        let ada_won = runs[0].code == Some(0);
        let (won, lost) = if ada_won {
            (&runs[0], &runs[1])
        } else {
            (&runs[1], &runs[0])
        };
        assert_eq!(
            (won.code, lost.code),
            (Some(0), Some(1)),
            "round {round}:\n{won}\n{lost}"
        );
        let winner = if ada_won { "Ada" } else { "Bob" };
        let told = format!("error[P212]: somebody was faster: {winner} ");
        assert!(lost.stderr.contains(&told), "round {round}: {lost}");
        let numbers: Vec<u32> = (1..=u32::try_from(round).unwrap() + 1).collect();
        assert_eq!(release_numbers(&origin), numbers, "round {round}");
        for clone in [&ada, &bob] {
            assert_eq!(leftovers(clone, &origin), "", "round {round}");
        }
        live =
            ada.json("promptctl status --format json")["environments"][0]["prompts"][0]["active"]
                .as_u64()
                .unwrap_or(0);
    }
    for clone in [&ada, &bob] {
        clone.git("fsck --strict");
        clone.ok("promptctl fetch");
        assert_eq!(
            clone.run("promptctl doctor").code,
            Some(0),
            "{}",
            clone.run("promptctl doctor")
        );
    }
    origin.git("fsck --strict");
    assert_eq!(
        ada.ok("promptctl releases support/triage"),
        bob.ok("promptctl releases support/triage")
    );
}

fn publish_all_at_once(repo: &Shell) {
    for prompt in 1..=PROCESSES {
        repo.write(
            &format!("prompts/p{prompt}.prompt.yml"),
            SMALL.replace("Hello", &format!("Hello from {prompt} to")),
        );
    }
    repo.git("add --all");
    repo.git("commit --quiet --message Prompts");
    let lines: Vec<(&Shell, String)> = (1..=PROCESSES)
        .map(|prompt| (repo, format!("promptctl publish p{prompt}")))
        .collect();
    for (run, (_, line)) in at_once(&lines).iter().zip(&lines) {
        assert_eq!(run.code, Some(0), "$ {line}\n{run}");
    }
    let live = repo.json("promptctl get --all --format json");
    let live: Vec<&str> = live["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prompt| {
            prompt["document"]["messages"][0]["content"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(live.len(), PROCESSES, "{live:?}");
    repo.git("fsck --strict");
    assert_eq!(repo.run("promptctl doctor").code, Some(0));
}

#[test]
fn of_rollbacks_at_once_in_one_clone_each_goes_one_back_or_says_who_was_faster() {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.write("prompts/a.prompt.yml", SMALL);
    repo.git("add --all");
    repo.git("commit --quiet --message Prompt");
    let highest = 13;
    for version in 1..=highest {
        if version > 1 {
            repo.ok(&format!("promptctl edit a --set model=openai/m{version}"));
        }
        repo.ok("promptctl publish a");
    }
    for (round, processes) in [4, 4, 4].into_iter().enumerate() {
        let before = release_numbers_of(&repo, "a").len();
        let line = format!("promptctl rollback a -m 'Round {round}'");
        let runs = at_once(&vec![(&repo, line); processes]);
        let (won, lost): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|it| it.code == Some(0));
        assert!(!won.is_empty(), "{}", runs[0]);
        for run in lost {
            assert_eq!(run.code, Some(1), "{run}");
            assert!(run.stderr.contains("somebody was faster"), "{run}");
        }
        let numbers = release_numbers_of(&repo, "a");
        let wanted: Vec<u32> = (1..).take(before + won.len()).collect();
        assert_eq!(numbers, wanted, "round {round}");
    }
    let back = release_numbers_of(&repo, "a").len() - highest;
    let status = repo.json("promptctl status --format json");
    assert_eq!(
        status["environments"][0]["prompts"][0]["active"],
        highest - back
    );
    assert_eq!(repo.run("promptctl doctor").code, Some(0));
}

#[test]
fn sixteen_processes_publish_sixteen_prompts() {
    let env = TestEnv::new();
    publish_all_at_once(&env.repo());
}

#[test]
fn sixteen_processes_publish_sixteen_prompts_to_a_remote() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    publish_all_at_once(&ada);
    let origin = env.root().cd("origin.git");
    assert_eq!(origin.tags(), ada.tags());
    assert_eq!(leftovers(&ada, &origin), "");
    origin.git("fsck --strict");
}

#[test]
fn sixteen_processes_edit_sixteen_prompts() {
    let env = TestEnv::new();
    let repo = env.repo();
    for prompt in 1..=PROCESSES {
        repo.write(&format!("prompts/p{prompt}.prompt.yml"), SMALL);
    }
    repo.git("add --all");
    repo.git("commit --quiet --message Prompts");
    let lines: Vec<(&Shell, String)> = (1..=PROCESSES)
        .map(|prompt| {
            (
                &repo,
                format!("promptctl edit p{prompt} --set model=openai/m{prompt}"),
            )
        })
        .collect();
    for (run, (_, line)) in at_once(&lines).iter().zip(&lines) {
        assert_eq!(run.code, Some(0), "$ {line}\n{run}");
    }
    assert_eq!(
        repo.git("log --format=%s")
            .lines()
            .filter(|subject| subject.starts_with("Edit p"))
            .count(),
        PROCESSES
    );
    assert_eq!(repo.git("status --porcelain"), "");
    repo.git("fsck --strict");
}

#[test]
fn sixteen_processes_record_their_executions() {
    let env = TestEnv::new();
    let repo = env.triage();
    let long = "word ".repeat(20_000);
    repo.write("../long.txt", &long);
    let lines: Vec<(&Shell, String)> = (1..=PROCESSES).map(|number| (&repo, format!("promptctl run support/triage --var ticket=@../long.txt --model echo --label number={number}"))).collect();
    for run in at_once(&lines) {
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let log = repo.json("promptctl log --format json");
    let mut numbers: Vec<usize> = log["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            record["labels"]["number"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=PROCESSES).collect::<Vec<_>>());
}

#[test]
fn what_several_append_at_once_is_in_the_log_once() {
    let env = TestEnv::new();
    let calls: String = (0..200).map(record).collect();
    let repo = repo(&env, "");
    repo.write("calls.jsonl", &calls);
    let count = |log: &str| log.matches("\"prompt\"").count();
    // Onto a log that is not there yet, and onto one that is full and set aside while others read it.
    for (settings, before) in [("", 0), ("log: {maxSize: 64KB}\n", 100)] {
        repo.write("promptctl.yaml", settings);
        repo.ok(&format!("rm -f {LOG}"));
        if before > 0 {
            repo.write(LOG, (200..200 + before).map(record).collect::<String>());
        }
        let append = || (&repo, "promptctl log append calls.jsonl".to_owned());
        let prune = || (&repo, "promptctl log prune --older-than 900d".to_owned());
        for run in at_once(&[append(), append(), append(), append(), prune(), prune()]) {
            assert_eq!(run.code, Some(0), "{run}");
        }
        let all = count(&repo.ok("promptctl log export"));
        assert_eq!(all, 200 + before as usize, "{settings}");
    }
    let archives = repo.ok("ls .promptctl");
    assert!(archives.contains("executions.1.jsonl"), "{archives}");
    let outcome = || {
        let line = format!("promptctl outcome {} --label win", id(7));
        (&repo, line)
    };
    at_once(&[outcome(), outcome(), outcome(), outcome()]);
    assert_eq!(repo.read(LOG).matches("outcome_of").count(), 1);
}
