//! `demo`: offline and in seconds; and what it shows is what a person would see.

use crate::env::{Shell, TestEnv, steady};

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
    for (line, expected) in commands {
        if let Some(folder) = line.strip_prefix("cd ") {
            person = person.cd(folder);
            continue;
        }
        let seen = typed(&person, &line);
        let expected = expected.replace("/shown/", "/typed/");
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
