//! Prompts of real size: 3,000 files of about 8 KB, with schemas, variables and a partial.
//!
//! With `PROMPTCTL_BENCH_OTHER` naming another build of promptctl, such as the one for musl, it is
//! compared with this one.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::timing::{Comparison, command, time};

const PROMPTS: usize = 3_000;
const BYTES: usize = 8_000;

/// How many times as long as this build another one may take.
const OTHER: f64 = 1.15;

const WORDS: [&str; 16] = [
    "answer", "the", "customer", "in", "a", "calm", "voice", "and", "never", "promise", "what",
    "policy", "does", "not", "say", "refund",
];

/// Makes the repository, and measures what reads all of it.
pub(crate) fn run(
    promptctl: &str,
    other: Option<&str>,
    folder: &Path,
    rounds: usize,
    say: &dyn Fn(&str) -> io::Result<()>,
) -> io::Result<()> {
    make(folder)?;
    for line in ["list", "validate"] {
        let row = Comparison::run(
            &format!(
                "`{line}` of {PROMPTS} prompts of {} KB / reading the files",
                BYTES / 1000
            ),
            None,
            rounds.div_ceil(3),
            &mut |_| time(promptctl, folder, &[line]),
            &mut |_| read(folder),
        )?;
        say(&row.to_string())?;
        let Some(other) = other else { continue };
        let row = Comparison::run(
            &format!("`{line}` of them by {other} / by this build"),
            OTHER,
            rounds.div_ceil(3),
            &mut |_| time(other, folder, &[line]),
            &mut |_| time(promptctl, folder, &[line]),
        )?;
        say(&row.to_string())?;
    }
    Ok(())
}

/// Makes the repository alone.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    let prompts = folder.join("prompts");
    fs::create_dir_all(&prompts)?;
    fs::write(prompts.join("_tone.hbs"), "Be kind and brief.\n")?;
    for prompt in 0..PROMPTS {
        fs::write(path(folder, prompt), text(prompt))?;
    }
    for arguments in [
        ["init", "--quiet", "--initial-branch=main"].as_slice(),
        &["add", "--all"],
        &[
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.com",
            "commit",
            "--quiet",
            "--message=Prompts",
        ],
    ] {
        let status = command("git", folder).args(arguments).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("git {arguments:?}: {status}")));
        }
    }
    Ok(())
}

fn path(folder: &Path, prompt: usize) -> std::path::PathBuf {
    folder.join(format!("prompts/prompt-{prompt:04}.prompt.yml"))
}

fn read(folder: &Path) -> io::Result<Duration> {
    let start = Instant::now();
    let mut bytes = 0;
    for prompt in 0..PROMPTS {
        bytes += fs::read(path(folder, prompt))?.len();
    }
    let took = start.elapsed();
    assert!(bytes > PROMPTS * BYTES * 9 / 10);
    Ok(took)
}

fn text(prompt: usize) -> String {
    let mut text = format!(
        "name: Prompt {prompt}\nversion: 1\ndescription: One of many.\ntags: [bench]\nmodel: openai/gpt-5-mini\n\
         modelParameters:\n  maxTokens: 800\ninput:\n  schema:\n    type: object\n    required: [ticket]\n    properties:\n"
    );
    text.push_str("      ticket: {type: string}\n");
    for (variable, word) in WORDS.iter().enumerate().take(10) {
        let _ = writeln!(
            text,
            "      option_{variable}: {{type: string, default: \"{word}\"}}"
        );
    }
    text.push_str("messages:\n  - role: system\n    content: |\n      {{> tone}}\n");
    let mut word = prompt;
    while text.len() < BYTES {
        text.push_str("     ");
        for at in 0..12 {
            word = word.wrapping_mul(25).wrapping_add(at + 7) % 9_973;
            let _ = write!(text, " {}", WORDS[word % WORDS.len()]);
        }
        let _ = writeln!(text, " {{{{option_{}}}}}.", word % 10);
    }
    text.push_str("  - role: user\n    content: \"{{ticket}}\"\n");
    text
}
