//! `demo`: offline and in seconds; and what it shows is what a person would see.

use serde_json::Value;

use crate::env::{Shell, TestEnv, skipped, steady};

/// The commands that the demonstration shows, each with its output.
fn shown(told: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in told.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), String::new()));
        } else if let Some((_, output)) = commands.last_mut()
            && !line.starts_with("# ")
        {
            output.push_str(line);
            output.push('\n');
        }
    }
    commands
}

/// Runs a line in a shell, both streams in one.
fn typed(shell: &Shell, line: &str) -> String {
    let output = shell
        .command("sh")
        .args(["-c", &format!("exec 2>&1; {line}")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "$ {line}\n{text}");
    text
}

#[test]
fn each_command_that_is_shown_can_be_typed() {
    let env = TestEnv::new();
    let root = env.root();
    let told = root.ok("promptctl demo --keep shown");
    let commands = shown(&told);
    assert!(commands.len() > 20, "{told}");
    for file in ["ticket.prompt.yml", "friendlier.patch", "ticket.txt"] {
        root.write(
            &format!("typed/{file}"),
            root.read(&format!("shown/{file}")),
        );
    }
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_promptctl"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), root.ok("printenv PATH").trim());
    let mut person = root
        .cd("typed")
        .with("PATH", path)
        .with("PROMPTCTL_WIDTH", "100");
    // The ends of the ids of executions.
    let ids = regex::Regex::new("(?m)^[0-9a-f]{8} ").unwrap();
    for (line, expected) in commands {
        if let Some(folder) = line.strip_prefix("cd ") {
            person = person.cd(folder);
            continue;
        }
        let seen = typed(&person, &line);
        let expected = expected.replace("/shown/", "/typed/");
        let steady = |text: &str, root| {
            ids.replace_all(&steady(text, root), "<short> ")
                .into_owned()
        };
        assert_eq!(
            steady(&seen, &root.dir).trim_end(),
            steady(&expected, &root.dir).trim_end(),
            "$ {line}"
        );
    }
    assert_eq!(person.tags(), root.cd("shown/team-prompts").tags());
}

#[test]
fn nothing_outside_of_its_folder_is_touched() {
    let env = TestEnv::new();
    let repo = env.triage();
    let before = repo.refs();
    repo.ok("promptctl demo");
    assert_eq!(repo.refs(), before);
    assert_eq!(repo.git("status --porcelain"), "");
    assert!(!repo.exists(".promptctl"));
    let left: Vec<_> = std::fs::read_dir(env.root().dir.join("tmp"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // A folder that exists is never used.
    let run = env.root().fails("promptctl demo --keep repo");
    assert!(run.stderr.contains("--keep DIR"), "{run}");
}

/// What is said to a caller, without what differs from one call to the next.
fn without_ids(text: &str) -> String {
    let is_steady = |line: &&str| {
        !["\"id\": \"resp_", "\"id\": \"msg_", "\"created_at\""]
            .iter()
            .any(|it| line.contains(it))
    };
    let lines: Vec<&str> = text.lines().filter(is_steady).collect();
    lines.join("\n").trim_end().to_owned()
}

/// A process that ends with the test.
struct Ending(std::process::Child);

impl Drop for Ending {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn the_gateway_is_shown_as_a_person_would_see_it() {
    use std::io::{BufRead as _, BufReader};
    let env = TestEnv::new();
    let root = env.root();
    let told = root.ok("promptctl demo --serve --keep shown");
    let commands = shown(&told);
    assert!(
        told.contains("\"text\": \"A customer writes: I was charged twice for March.\""),
        "{told}"
    );
    let last = &commands.last().unwrap().1;
    assert!(
        last.contains("support/reply  v7") && last.contains("support/reply  v6"),
        "{last}"
    );
    if typed_curl(&root).is_none() {
        skipped("curl is not here");
        return;
    }
    for file in ["service.py", "answer.json", "call.json", "unpinned.json"] {
        root.write(
            &format!("typed/{file}"),
            root.read(&format!("shown/{file}")),
        );
    }
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_promptctl"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), root.ok("printenv PATH").trim());
    let mut person = root
        .cd("typed")
        .with("PATH", path)
        .with("PROMPTCTL_WIDTH", "100");
    let mut running = None;
    let mut addresses = (String::new(), String::new());
    for (line, expected) in commands {
        if let Some(folder) = line.strip_prefix("cd ") {
            person = person.cd(folder);
            continue;
        }
        if let Some(line) = line.strip_suffix(" &") {
            let mut command = person.line(line);
            command.stdout(std::process::Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut url = String::new();
            BufReader::new(child.stdout.take().unwrap())
                .read_line(&mut url)
                .unwrap();
            running = Some(Ending(child));
            addresses = (expected.trim().to_owned(), url.trim().to_owned());
            continue;
        }
        if line == "promptctl log" {
            continue;
        }
        let seen = typed(&person, &line.replace(&addresses.0, &addresses.1));
        assert_eq!(
            without_ids(&steady(&seen, &root.dir)),
            without_ids(&steady(&expected.replace("/shown/", "/typed/"), &root.dir)),
            "$ {line}"
        );
        if line.contains(" publish ") {
            // It is served in a moment.
            let ask = format!("curl --silent {}/prompts/support/reply", addresses.1);
            let version = || {
                let said: Value = serde_json::from_str(&typed(&person, &ask)).unwrap();
                said["version"].clone()
            };
            while version() != 7 {}
        }
    }
    drop(running);
}

fn typed_curl(root: &Shell) -> Option<()> {
    let output = root.line("curl --version").output().ok()?;
    output.status.success().then_some(())
}

#[cfg(unix)]
#[test]
fn without_curl_the_gateway_is_asked_all_the_same() {
    let env = TestEnv::new();
    let root = env.root();
    let git = root
        .command("sh")
        .args(["-c", "command -v git"])
        .output()
        .unwrap();
    let git = String::from_utf8(git.stdout).unwrap();
    std::fs::create_dir_all(root.dir.join("programs")).unwrap();
    std::os::unix::fs::symlink(git.trim(), root.dir.join("programs/git")).unwrap();
    let poor = root.with("PATH", root.dir.join("programs"));
    let told = poor.ok("promptctl demo --serve");
    assert!(told.contains("$ curl --silent http://127.0.0.1:"), "{told}");
    assert_eq!(
        told.matches("\"text\": \"A customer writes: I was charged twice for March.\"")
            .count(),
        2,
        "{told}"
    );
}
