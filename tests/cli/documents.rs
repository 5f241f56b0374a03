//! What the README and the topics tell people to type is typed here.

use std::fs;

use promptctl::prompt::document::parse_value;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::readme::{documents, is_made};
use super::world::{World, folder_after, has_shell, is_command_line, typed};
use crate::env::{Shell, steady, top};

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
                // Those of `fleet` are run by a test of their own.
                "sql" | "toml" => {}
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
