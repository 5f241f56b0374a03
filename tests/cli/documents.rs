//! What the README, the topics and the help tell people to type is typed here.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use promptctl::commands::command_line;
use promptctl::prompt::document::parse_value;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;
use serde_json::{Value, json};

use super::readme::{documents, is_made};
use crate::env::{Shell, TestEnv, executable, of_this_process, skipped, steady, top, words};
use crate::server::{KEY, Reply, Request, Server};
use crate::store_of_prompts::{Prompts, Version};

/// The stored prompt of these tests.
const STORED: &str = "pmpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Commands that do not end by themselves, or that another test plays from beginning to end.
const ELSEWHERE: [(&str, &str); 3] = [
    ("promptctl serve", "tests/api/serve.rs"),
    ("promptctl demo", "tests/cli/demo.rs"),
    ("promptctl log tail -f", "tests/api/log.rs"),
];

/// Commands whose examples do not follow each other: each begins anew.
const ONCE: [&str; 4] = [
    "promptctl new",
    "promptctl rollback",
    "promptctl mv",
    "promptctl import",
];

/// The repository that examples speak of, with its remote, an API and the files that they name.
struct World {
    env: TestEnv,
    server: Server,
    copies: usize,
}

impl World {
    fn new() -> Self {
        let stored = Prompts::new(
            STORED,
            2,
            vec![
                Version::new(&[("developer", "Sort tickets."), ("user", "{{ticket}}")]),
                Version::new(&[("developer", "Sort them."), ("user", "{{ticket}}")]),
            ],
        );
        let server = Server::answering(move |request| answer(&stored, request));
        let env = TestEnv::new();
        let root = env.root();
        root.ok("promptctl demo --keep world");
        let repo = root.cd("world/team-prompts");
        let own =
            format!("\"id\": \"{STORED}\", \"version\": \"1\", \"variables\": {{\"ticket\": x}}");
        for (path, text) in [
            ("ticket.txt", "I was charged twice for March.\n"),
            ("values.json", "{\"ticket\": \"It burns\"}\n"),
            ("cases.jsonl", "{\"id\": \"a\", \"ticket\": \"It burns\"}\n"),
            ("calls.jsonl", "{\"prompt\": \"support/triage\"}\n"),
            ("answer.json", ANSWER),
            (
                "src/app.py",
                &format!("client.responses.create(prompt={{{own}}})\n"),
            ),
            (
                "allowed_signers",
                "ada@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0iq5bYyqGKUFbQlvYq5tqjMTfOOVz6pUs5CpZfmFfI\n",
            ),
        ] {
            repo.write(path, text);
        }
        root.ok("cp world/ticket.prompt.yml world/team-prompts/ticket.prompt.yml");
        repo.write(
            ".git/info/exclude",
            "/*\n!/prompts\n!/promptctl.yaml\n!/.gitattributes\n",
        );
        for line in [
            "promptctl publish --quiet support/triage@v3",
            "promptctl archive core/sub-issue-generator",
            "git push --quiet origin main",
        ] {
            repo.ok(line);
        }
        let id = repo.json("promptctl log --format json")["records"][0]["id"].clone();
        let outcomes = format!("id,score\n{},1\n", id.as_str().unwrap());
        repo.write("outcomes.csv", outcomes);
        root.write("home/.config/fish/completions/empty", "");
        executable(
            &root,
            "editor.sh",
            "#!/bin/sh\nsed -i.bak s/kindly/politely/ \"$1\"\n",
        );
        Self {
            env,
            server,
            copies: 0,
        }
    }

    /// A copy of the repository, in which nothing has been typed yet.
    fn copy(&mut self) -> Shell {
        self.copies += 1;
        let copy = format!("copy{}", self.copies);
        self.env.root().ok(&format!("cp -R world {copy}"));
        self.person().cd(&format!("{copy}/team-prompts"))
    }

    /// A folder beside the repository that holds nothing.
    fn empty(&mut self) -> Shell {
        self.copies += 1;
        let folder = format!("empty{}", self.copies);
        fs::create_dir(self.env.root().dir.join(&folder)).unwrap();
        self.person().cd(&folder)
    }

    fn person(&self) -> Shell {
        let root = self.env.root();
        let editor = root.dir.join("editor.sh");
        root.with("PATH", path())
            .with("OPENAI_API_KEY", KEY)
            .with("OPENAI_BASE_URL", self.server.url())
            .with("PROMPTCTL_EDITOR", editor)
            .with("PROMPTCTL_WIDTH", "92")
    }
}

/// What the API says: of a stored prompt what OpenAI says, and else an answer.
fn answer(stored: &Prompts, request: &Request) -> Reply {
    if request.line.ends_with("/models") {
        return Reply::json(200, &json!({ "data": [{ "id": "gpt-5-mini" }] }));
    }
    let is_of_stored = [STORED, "previous_response_id"]
        .iter()
        .any(|it| request.body.contains(it));
    if !is_of_stored {
        return Reply::answer("billing");
    }
    match stored.answer(request) {
        Reply::Hang(bytes) => Reply::Bytes(bytes),
        reply => reply,
    }
}

/// An answer of OpenAI's that holds a stored prompt.
const ANSWER: &str = r#"{"id": "resp_1", "object": "response", "model": "gpt-5-mini-2025-08-07", "status": "completed",
"prompt": {"id": "pmpt_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "version": "3",
  "variables": {"ticket": {"type": "input_text", "text": "pctl0123456789abv000z"}}},
"instructions": [{"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Sort: pctl0123456789abv000z"}]}],
"output": []}
"#;

/// The folders of programs, that of this program first.
fn path() -> OsString {
    let own = Path::new(env!("CARGO_BIN_EXE_promptctl")).parent().unwrap();
    let others = of_this_process("PATH").unwrap_or_default();
    let folders = [own.to_owned()]
        .into_iter()
        .chain(std::env::split_paths(&others));
    std::env::join_paths(folders).unwrap()
}

/// Whether there is a shell to type in.
fn has_shell() -> bool {
    let is_here = !cfg!(windows);
    if !is_here {
        skipped("there is no sh, so what the documents show is not typed");
    }
    is_here
}

/// Types lines into a shell that stops at the first error, and returns both streams in one: as an
/// error where the lines failed.
fn typed(shell: &Shell, lines: &str) -> Result<String, String> {
    let script = format!("exec 2>&1\nset -eu\n{lines}\npwd > \"$HOME/last-folder\"");
    let output = shell
        .command("bash")
        .args(["-c", &script])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(format!(
            "{lines}
---
{text}"
        )),
    }
}

/// Where the last lines that were typed ended.
fn folder_after(shell: &Shell) -> Shell {
    let home = shell.ok("printenv HOME");
    let folder = fs::read_to_string(Path::new(home.trim()).join("last-folder")).unwrap();
    shell.cd(folder.trim())
}

/// Fails unless a line is a command line of this program's; what it names need not exist.
#[track_caller]
fn is_command_line(line: &str) {
    // The dots stand for more words of the same kind, or for what a person fills in.
    let line = line
        .split(" # ")
        .next()
        .unwrap()
        .trim()
        .trim_end_matches(" …")
        .replace("NAME@vN", "a@v1");
    let words = words(&line);
    let cut = words
        .iter()
        .position(|word| ["|", ">", "<", "&&", ";", "&"].contains(&word.as_str()));
    let words = &words[..cut.unwrap_or(words.len())];
    if let [_, help, rest @ ..] = words
        && help == "help"
    {
        let is_known = |name: &String| {
            let topic = promptctl::help::topic(name).or_else(|| promptctl::help::file(name));
            topic.is_some()
        };
        assert!(rest.iter().all(is_known), "{line}: there is no such topic");
        return;
    }
    let mut own: Vec<&str> = words.iter().map(String::as_str).collect();
    own.push("--help");
    let error = command_line()
        .try_get_matches_from(own)
        .expect_err("help is asked for");
    assert!(!error.use_stderr(), "{line}\n{error}");
}

/// A block of code: its language, whether it is only shown, the words before it, and its text.
struct Code {
    language: String,
    is_shown: bool,
    before: String,
    text: String,
}

/// The blocks and the pieces of code of a document.
fn code(document: &str) -> (Vec<Code>, Vec<String>) {
    let (mut blocks, mut pieces): (Vec<Code>, Vec<String>) = (Vec::new(), Vec::new());
    let mut before = String::new();
    let mut open = false;
    for event in Parser::new_ext(document, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.as_ref(),
                    CodeBlockKind::Indented => "indented",
                };
                blocks.push(Code {
                    language: info.split(' ').next().unwrap().to_owned(),
                    is_shown: info.ends_with(" norun"),
                    before: before.clone(),
                    text: String::new(),
                });
                open = true;
            }
            Event::End(TagEnd::CodeBlock) => open = false,
            Event::Text(text) if open => blocks.last_mut().unwrap().text.push_str(&text),
            Event::Start(Tag::Paragraph) => before.clear(),
            Event::Text(text) => before.push_str(&text),
            Event::Code(text) => {
                before.push_str(&format!("`{text}`"));
                pieces.push(text.into_string());
            }
            _ => {}
        }
    }
    (blocks, pieces)
}

/// The lines of this program's in a script.
fn command_lines(script: &str) -> impl Iterator<Item = &str> {
    script
        .lines()
        .flat_map(|line| line.split(" | ").flat_map(|part| part.split(" && ")))
        .map(|line| line.trim().trim_end_matches(" &&"))
        .filter(|line| line.starts_with("promptctl ") && !line.ends_with('\\'))
}

/// A script whose lines end nowhere inside a command.
fn joined(script: &str) -> String {
    script.replace("\\\n", " ")
}

/// Looks at a block of YAML as promptctl does.
fn try_yaml(text: &str, repo: &Shell) {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    if has("messages:") {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("version:") && !line.starts_with("digest:"));
        let text: Vec<&str> = lines.collect();
        repo.write("prompts/_tone.hbs", "Be brief.\n");
        let run = repo.run_with("promptctl new tried --file - --no-commit", text.join("\n"));
        assert_eq!(run.code, Some(0), "{text:?}\n{run}");
        let checked = repo.run("promptctl validate tried");
        assert_eq!(checked.code, Some(0), "{checked}");
        repo.ok("rm prompts/tried.prompt.yml");
    } else if has("environments:") {
        let kept = repo.read("promptctl.yaml");
        repo.write("promptctl.yaml", text);
        let run = repo.run("promptctl status");
        assert_eq!(run.code, Some(0), "{text}\n{run}");
        repo.write("promptctl.yaml", kept);
    } else if has("providers:") {
        repo.write("own.yaml", text);
        let own = repo.with("PROMPTCTL_CONFIG", repo.dir.join("own.yaml"));
        repo.write("prices.json", "{}");
        let run = own.run("promptctl run support/triage --var ticket=x --dry-run");
        assert_eq!(run.code, Some(0), "{text}\n{run}");
    } else {
        parse_value(text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    }
}

/// A transcript with what its commands print now.
fn replayed(text: &str, shell: &Shell) -> String {
    let mut now = String::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let printed = typed(shell, line).unwrap_or_else(|error| panic!("{error}"));
        now.push_str(&format!("$ {line}\n{printed}"));
    }
    now
}

#[test]
fn readme_every_block_of_code_works() {
    if !has_shell() {
        return;
    }
    let mut world = World::new();
    let mut failed = Vec::new();
    for path in documents() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let mut current = document.clone();
        let is_readme = name == "README.md";
        let mut shell = if is_readme {
            world.empty()
        } else {
            world.copy()
        };
        let (blocks, _) = code(&document);
        for block in blocks {
            match block.language.as_str() {
                "sh" if block.is_shown => {
                    command_lines(&joined(&block.text)).for_each(is_command_line);
                }
                "sh" => match typed(&shell, &block.text) {
                    Ok(_) => shell = folder_after(&shell),
                    Err(error) => failed.push(format!("{name}: {error}")),
                },
                "console" => {
                    let now = replayed(&block.text, &shell);
                    let root = &world.env.root().dir;
                    if steady(&now, root) != steady(&block.text, root) {
                        current = current.replace(&block.text, &now);
                    }
                }
                "yaml" => match block
                    .before
                    .split('`')
                    .nth(1)
                    .filter(|file| file.ends_with(".yml") && is_readme)
                {
                    Some(file) => shell.write(file, &block.text),
                    None => try_yaml(&block.text, &shell),
                },
                // The two topics with blocks like these have tests of their own, which run them.
                "indented" => command_lines(&joined(&block.text)).for_each(is_command_line),
                "python" | "ts" | "text" => {}
                other => panic!("{name}: what is to be done with {other:?}?\n{}", block.text),
            }
        }
        is_made(&path, &current);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn every_command_that_a_text_names_exists() {
    for path in documents() {
        let document = fs::read_to_string(&path).unwrap();
        for piece in code(&document).1 {
            if piece.starts_with("promptctl ")
                && !piece.contains("COMMAND")
                && !piece.contains("TOPIC")
            {
                is_command_line(&piece);
            }
        }
    }
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let link = Regex::new(r"\]\(([^)]+)\)|(?:src|href)=.([^ >]+)\b.").unwrap();
    let mut texts = documents();
    texts.extend(
        [
            "src/README.md",
            ".github/CONTRIBUTING.md",
            ".github/SECURITY.md",
        ]
        .map(|it| top().join(it)),
    );
    for path in texts {
        let document = fs::read_to_string(&path).unwrap();
        for found in link.captures_iter(&document) {
            let target = found.get(1).or(found.get(2)).unwrap().as_str();
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            assert!(file.exists(), "{}: {target}", path.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let mut anchors = headings.map(anchor_of);
                assert!(
                    anchors.any(|it| it == anchor),
                    "{}: {target}",
                    path.display()
                );
            }
        }
    }
}

/// The name that GitHub gives to a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .replace(' ', "-");
    text.chars()
        .filter(|char| char.is_alphanumeric() || *char == '-')
        .collect()
}

#[test]
fn the_readme_fits_on_a_page() {
    let readme = fs::read(top().join("README.md")).unwrap();
    assert!(
        readme.len() <= 15_000,
        "{} bytes: details belong to a topic",
        readme.len()
    );
}

/// Every command with its help, below `log` too.
fn all_help() -> Vec<(String, String)> {
    fn below(command: &clap::Command, name: &str, all: &mut Vec<(String, String)>) {
        let help = command.clone().render_long_help().to_string();
        all.push((name.to_owned(), help));
        for inner in command.get_subcommands() {
            // git types these.
            let is_of_git = ["promptctl hook", "promptctl driver"].contains(&name);
            if inner.get_name() != "help" && !is_of_git {
                below(inner, &format!("{name} {}", inner.get_name()), all);
            }
        }
    }
    let mut line = command_line();
    line.build();
    let mut all = Vec::new();
    for command in line.get_subcommands().filter(|it| it.get_name() != "help") {
        below(
            command,
            &format!("promptctl {}", command.get_name()),
            &mut all,
        );
    }
    all
}

/// The examples of a help text.
fn examples(help: &str) -> Vec<&str> {
    let list = help
        .split_once("\nExamples:\n")
        .map_or("", |(_, list)| list);
    list.lines().map(str::trim).collect()
}

#[test]
fn the_help_of_every_command_ends_with_examples() {
    let all = all_help();
    assert!(all.len() > 40, "{}", all.len());
    for (name, help) in all {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{name} has no examples");
        for line in examples {
            assert!(
                line.contains("promptctl"),
                "{name} does not end with its examples: {line}"
            );
            assert!(line.chars().count() <= 98, "{name}: {line}");
        }
    }
}

#[test]
fn every_example_of_the_help_works() {
    if !has_shell() {
        return;
    }
    let mut world = World::new();
    let mut ran = 0;
    let mut failed = Vec::new();
    for (name, help) in all_help() {
        let mut repo = world.person();
        let mut goes_on = false;
        for line in examples(&help) {
            if ELSEWHERE.iter().any(|(other, _)| line.starts_with(other)) {
                is_command_line(line);
                continue;
            }
            if !goes_on || ONCE.contains(&name.as_str()) {
                repo = world.copy();
            }
            goes_on = true;
            if name == "promptctl init" {
                repo = world.empty();
                repo.ok("git init --quiet");
                repo.write(
                    "hello.prompt.yml",
                    "messages: [{role: user, content: Hi}]\n",
                );
            }
            if line.contains("scan --ids --fail") {
                repo.ok("promptctl scan --ids --write-baseline");
            }
            let mut line = line.replace("pmpt_…", &format!("{STORED} --var-name ticket --yes"));
            if line.contains(" ID") {
                let log: Value = repo.json("promptctl log --format json");
                let id = log["records"][0]["id"].as_str().unwrap().to_owned();
                line = line.replace(" ID", &format!(" {id}"));
            }
            failed.extend(typed(&repo, &line).err());
            ran += 1;
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert!(ran > 70, "{ran}");
}
