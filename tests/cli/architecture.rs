//! The arrows of the design: who may name what.

use std::path::{Path, PathBuf};

use crate::env::top;

/// The source files below `folder`, each with its path from there and its code without
/// comments and tests.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = top().join(folder);
    let mut files = Vec::new();
    walk(&root, &mut files);
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|path| {
            let below = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("\n#[cfg(test)]").next().unwrap_or(&text);
            let code: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            (below, code.join("\n"))
        })
        .collect()
}

/// The text of all tests but those of the README, and that of the table of codes.
pub(crate) fn tests_and_sources() -> (String, String) {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut tests = String::new();
    let mut files = Vec::new();
    walk(&top().join("tests"), &mut files);
    for path in files.iter().filter(|path| !path.ends_with("readme.rs")) {
        tests.push_str(&read(path));
    }
    files.clear();
    walk(&top().join("src"), &mut files);
    for path in files {
        let text = read(&path);
        let is_test = path.iter().any(|part| part == "tests") || path.ends_with("tests.rs");
        let own = match is_test {
            true => text.as_str(),
            false => text.split_once("\n#[cfg(test)]").map_or("", |(_, own)| own),
        };
        tests.push_str(own);
    }
    (tests, read(&top().join("src/prompt/code.rs")))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// The files that hold `word`, as a word of its own.
fn naming(files: &[(String, String)], word: &str) -> Vec<String> {
    let found = |code: &str| {
        code.match_indices(word).any(|(at, _)| {
            let is_part = |char: char| char.is_alphanumeric() || char == '_';
            !code[..at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part)
        })
    };
    files
        .iter()
        .filter(|(_, code)| found(code))
        .map(|(path, _)| path.clone())
        .collect()
}

#[track_caller]
fn only_in(word: &str, places: &[&str]) {
    let names = naming(&sources("src"), word);
    assert!(
        !names.is_empty(),
        "`{word}` is named nowhere: the rule is about nothing"
    );
    for path in names {
        assert!(
            places.iter().any(|place| path.starts_with(place)),
            "src/{path} names `{word}`"
        );
    }
}

#[test]
fn each_library_has_one_place() {
    only_in("git2", &["store/"]);
    only_in("gix_ref", &["store/"]);
    // The gateway hands requests and answers on as they are.
    only_in(
        "reqwest",
        &[
            "openai/",
            "serve/flow",
            "serve/proxy",
            "serve/state",
            "serve/upstream",
        ],
    );
    only_in("tokio", &["openai/", "serve/"]);
    only_in("hyper", &["serve/"]);
    only_in("hyper_util", &["serve/"]);
    only_in("http_body_util", &["serve/"]);
    only_in("comfy_table", &["output/"]);
    only_in("yaml_edit", &["prompt/edit"]);
}

#[test]
fn the_environment_is_read_in_one_place() {
    for word in [
        "std::env",
        "env::var",
        "env::var_os",
        "env::args",
        "env::current_dir",
    ] {
        for path in naming(&sources("src"), word) {
            assert!(path.starts_with("config"), "src/{path} names `{word}`");
        }
    }
}

#[test]
fn nothing_prints_past_the_ui() {
    let files = sources("src");
    for word in ["println!", "print!", "eprintln!", "eprint!", "dbg!"] {
        assert_eq!(naming(&files, word), Vec::<String>::new(), "`{word}`");
    }
    only_in("io::stdout", &["output/"]);
    only_in("io::stderr", &["output/"]);
}

#[test]
fn the_core_is_pure() {
    pure("src/prompt", &["prompt"]);
}

/// What reads foreign texts and writes prompts of them works on texts alone.
#[test]
fn scan_and_exchange_are_pure() {
    pure("src/scan", &["prompt", "scan"]);
    pure("src/exchange", &["prompt", "scan", "exchange"]);
}

/// A room that names neither the world outside nor any room but these.
fn pure(room: &str, may_name: &[&str]) {
    let files = sources(room);
    for word in [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "Timestamp::now",
        "std::io",
        "stdin",
    ] {
        assert_eq!(
            naming(&files, word),
            Vec::<String>::new(),
            "{room} names `{word}`"
        );
    }
    for (path, code) in &files {
        for (at, _) in code.match_indices("crate::") {
            let module: String = code[at + "crate::".len()..]
                .chars()
                .take_while(|char| char.is_alphanumeric() || *char == '_')
                .collect();
            assert!(
                may_name.contains(&module.as_str()),
                "{room}/{path} names {module}"
            );
        }
    }
}

/// `store`, `openai`, `record` and `output` do not know each other, and nobody knows the commands.
/// The part of the gateway that decides is as pure as the core.
#[test]
fn the_neighbours_do_not_know_each_other() {
    let neighbours = ["store", "openai", "record", "output"];
    for place in neighbours {
        for (path, code) in sources(&format!("src/{place}")) {
            for other in neighbours
                .into_iter()
                .filter(|other| *other != place)
                .chain(["commands", "execute", "config", "serve"])
            {
                let word = format!("crate::{other}");
                let names = naming(&[(path.clone(), code.clone())], &word);
                assert!(names.is_empty(), "src/{place}/{path} names `{word}`");
            }
        }
    }
    for (place, above) in [
        ("src/execute", ["commands", "serve"].as_slice()),
        ("src/config", &["commands", "serve", "execute"]),
        ("src/serve", &["commands"]),
    ] {
        for other in above {
            let word = format!("crate::{other}");
            let names = naming(&sources(place), &word);
            assert_eq!(names, Vec::<String>::new(), "{place} names `{word}`");
        }
    }
}

/// What a call becomes is decided without a network, a clock or a file.
#[test]
fn the_gateway_decides_without_the_world() {
    let pure = [
        "ask.rs",
        "given.rs",
        "merge.rs",
        "echo.rs",
        "events.rs",
        "catalog.rs",
        "call.rs",
        "problem.rs",
        "redact.rs",
        "offline.rs",
    ];
    let files: Vec<(String, String)> = sources("src/serve")
        .into_iter()
        .filter(|(path, _)| pure.contains(&path.as_str()))
        .collect();
    assert_eq!(files.len(), pure.len());
    for word in [
        "hyper",
        "reqwest",
        "tokio",
        "std::fs",
        "std::net",
        "std::process",
        "Instant",
        "Timestamp::now",
    ] {
        assert_eq!(naming(&files, word), Vec::<String>::new(), "`{word}`");
    }
}
