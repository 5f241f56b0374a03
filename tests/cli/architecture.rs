//! The arrows of the design: who may name what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::env::top;
use reading::{named_paths, own_code, quoted};

mod reading;

/// The source files below `folder`, each with its path from there and its code without
/// comments and tests.
pub(crate) fn sources(folder: &str) -> Vec<(String, String)> {
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
            (below, own_code(&text).0)
        })
        .filter(|(path, _)| !is_of_tests(path))
        .collect()
}

/// Whether a file holds nothing but tests.
fn is_of_tests(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs")
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
        let is_test = is_of_tests(&path.to_string_lossy().replace('\\', "/"));
        tests.push_str(&match is_test {
            true => text,
            false => own_code(&text).1,
        });
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

/// Libraries that are named in one place alone; the map says so in the row of its room.
const LIBRARIES: [(&str, &[&str]); 14] = [
    ("git2", &["repository/"]),
    ("gix_ref", &["repository/"]),
    // The gateway hands requests and answers on as they are.
    (
        "reqwest",
        &[
            "openai/",
            "serve/flow",
            "serve/proxy",
            "serve/state",
            "serve/address",
            "serve/upstream",
        ],
    ),
    ("tokio", &["openai/", "serve/"]),
    ("hyper", &["serve/"]),
    ("hyper_util", &["serve/"]),
    ("http_body_util", &["serve/"]),
    ("comfy_table", &["output/"]),
    ("yaml_edit", &["prompt/edit"]),
    ("plotters", &["output/chart"]),
    ("statrs", &["statistics/distribution"]),
    ("tree_sitter", &["scan/found/"]),
    ("tree_sitter_python", &["scan/found/"]),
    ("tree_sitter_typescript", &["scan/found/"]),
];

#[test]
fn each_library_has_one_place_and_the_map_says_which() {
    let map = std::fs::read_to_string(top().join("src/README.md")).unwrap();
    for (library, places) in LIBRARIES {
        only_in(library, places);
        let room = places[0].split('/').next().unwrap_or_default();
        let row = map
            .lines()
            .find(|line| line.starts_with(&format!("| [{room}]({room})")))
            .unwrap();
        let alone = row.rsplit('|').nth(1).unwrap();
        assert!(
            alone.contains(&library.replace('_', "-")),
            "{library}: {row}"
        );
    }
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

/// The rooms, and which others each may name.
const ROOMS: [(&str, &[&str]); 22] = [
    ("prompt", &[]),
    ("statistics", &[]),
    ("error", &["prompt"]),
    ("scan", &["prompt"]),
    ("exchange", &["prompt", "scan"]),
    ("help", &[]),
    ("packs", &[]),
    ("repository", &["prompt", "error"]),
    ("files", &["prompt", "error", "repository"]),
    ("releases", &["prompt", "error", "repository", "files"]),
    (
        "setup",
        &["prompt", "error", "repository", "files", "releases"],
    ),
    ("openai", &["prompt", "error"]),
    ("record", &["prompt", "error", "statistics"]),
    ("output", &["prompt", "error"]),
    (
        "config",
        &["prompt", "error", "repository", "openai", "record"],
    ),
    ("execute", EXECUTE),
    ("experiment", ABOVE_EXECUTE),
    ("serve", ABOVE_EXECUTE),
    ("commands", COMMANDS),
    // The library lists its rooms, and the binary starts a command.
    ("lib", COMMANDS),
    ("main", COMMANDS),
    ("README", &[]),
];

const EXECUTE: &[&str] = &[
    "prompt",
    "statistics",
    "error",
    "scan",
    "exchange",
    "repository",
    "files",
    "releases",
    "openai",
    "record",
    "output",
    "config",
];

const ABOVE_EXECUTE: &[&str] = &[
    "prompt",
    "packs",
    "statistics",
    "error",
    "scan",
    "exchange",
    "repository",
    "files",
    "releases",
    "openai",
    "record",
    "output",
    "config",
    "execute",
];

const COMMANDS: &[&str] = &[
    "prompt",
    "statistics",
    "error",
    "scan",
    "exchange",
    "help",
    "packs",
    "repository",
    "files",
    "releases",
    "setup",
    "openai",
    "record",
    "output",
    "config",
    "execute",
    "experiment",
    "serve",
];

#[test]
fn the_arrows_run_one_way() {
    let mut seen = 0;
    for (path, code) in sources("src") {
        let room = path.split('/').next().unwrap().trim_end_matches(".rs");
        let known = ROOMS.iter().find(|(name, _)| *name == room);
        let (_, may_name) =
            known.unwrap_or_else(|| panic!("src/{path} is in no room of the table"));
        let named = named_paths(&code).into_iter();
        for other in named.filter(|path| path[0] == "crate" && path.len() > 1) {
            assert!(
                other[1] == room || may_name.contains(&other[1].as_str()),
                "src/{path} names {}",
                other.join("::")
            );
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen}");
}

/// Whether a text names a command or an option of the command line.
fn names_the_command_line(text: &str, commands: &[String]) -> bool {
    let starts = |rest: &str, word: &str| {
        rest.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
    };
    let command = text.match_indices("promptctl ").any(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        starts(rest, "help")
            || starts(rest, "-C")
            || commands.iter().any(|command| starts(rest, command))
    });
    // The option of the program that was named last in the sentence is git's where that is git.
    let is_of_git = |before: &str| {
        let clause = before.rsplit([';', ',']).next().unwrap_or(before);
        let last = |program: &str| clause.rfind(program);
        last("git ").is_some_and(|git| last("promptctl ").is_none_or(|ours| ours < git))
    };
    // An argument of a program that is started stands alone.
    let is_told = text.contains(' ');
    let option = is_told
        && text.match_indices("--").any(|(at, mark)| {
            let is_begun = at == 0 || text[..at].ends_with([' ', '`', '(', '[']);
            let is_word =
                text[at + mark.len()..].starts_with(|next: char| next.is_ascii_lowercase());
            is_begun && is_word && !is_of_git(&text[..at])
        });
    command || option
}

/// What knows nothing of the command line tells facts; `output::words` finds the words.
#[test]
fn what_stands_below_the_commands_does_not_name_the_command_line() {
    // What a code means, and the schema of the file, are texts for people as they stand; hooks,
    // drivers and workflows are what a shell runs.
    const TEXTS: [&str; 5] = [
        "packs.rs",
        "prompt/code.rs",
        "prompt/schema.rs",
        "setup/drivers.rs",
        "setup/hooks.rs",
    ];
    // The options of git and of curl, where the text does not name them.
    const OF_OTHERS: [(&str, &str); 7] = [
        ("openai/request.rs", "  --data-binary {}"),
        ("files/since.rs", " --unshallow"),
        ("releases/lost.rs", "--force "),
        ("releases/warning.rs", "--force "),
        ("setup/doctor/remote.rs", "--force "),
        (
            "releases/signature.rs",
            "nothing was changed; --global sets it up for all your repositories",
        ),
        ("repository/process/words.rs", "does not support --atomic"),
    ];
    let commands = commands();
    // Fronts, which speak to whoever started them, and the words themselves.
    const FRONTS: [&str; 3] = ["commands", "serve", "output"];
    let mut found = Vec::new();
    for (path, code) in sources("src") {
        let room = path.split(['/', '.']).next().unwrap_or_default();
        if FRONTS.contains(&room) || TEXTS.contains(&path.as_str()) {
            continue;
        }
        let named = quoted(&code)
            .into_iter()
            .filter(|text| names_the_command_line(text, &commands))
            .filter(|text| !OF_OTHERS.contains(&(path.as_str(), text.as_str())))
            .map(|text| format!("src/{path}: {text}"));
        found.extend(named);
    }
    assert_eq!(found, Vec::<String>::new());
}

/// The commands, from the list that `promptctl help` groups.
fn commands() -> Vec<String> {
    let command_line = promptctl::commands::command_line();
    let names = command_line
        .get_subcommands()
        .map(|command| command.get_name().to_owned());
    names.collect()
}

#[test]
fn a_planted_command_or_option_is_found() {
    let code = r##"
        fn text<'a>(it: &'a str) -> char { '"' }
        let one = Finding::new("no value").help("pass `--var x=…`");
        let two = hint(format!("say \"{it}\": promptctl bump {name}"));
        let three = ['\'', '\\', '`', r#"a "quoted" --key"#];
        let four = "a key that promptctl does not know, and -- a dash";
        let five = "git fetch --unshallow brings it";
        let six = "git fetch brings it, and promptctl serve --auth asks; or leave --auth out";
        let seven = "name it: promptctl -C {} …";
    "##;
    let commands = commands();
    let texts = quoted(code);
    let found: Vec<&String> = texts
        .iter()
        .filter(|text| names_the_command_line(text, &commands))
        .collect();
    assert_eq!(texts.len(), 8, "{texts:?}");
    assert_eq!(found.len(), 5, "{found:?}");
}

/// Nobody reads what we say ourselves: what must be told apart is a code or a variant. What others
/// say is read in one place each.
#[test]
fn no_code_searches_sentences() {
    const OF_OTHERS: [&str; 7] = [
        // The parser of YAML.
        "prompt/document/mistakes.rs",
        "prompt/document/yaml.rs",
        // git.
        "repository/process/words.rs",
        // The API.
        "openai/api_error.rs",
        // The message of a tag.
        "releases/tag.rs",
        // What stands in backquotes is shown as code.
        "output/diff_markdown/inline.rs",
        "output/words.rs",
    ];
    let words = [
        "message",
        "stderr",
        "err",
        "hint",
        "help",
        "failure",
        "to_string()",
    ];
    let ways = [
        "contains(",
        "split(",
        "starts_with(",
        "ends_with(",
        "find(",
        "split_once(",
    ];
    let files: Vec<(String, String)> = sources("src")
        .into_iter()
        .filter(|(path, _)| !OF_OTHERS.contains(&path.as_str()))
        .map(|(path, code)| (path, code.split_whitespace().collect()))
        .collect();
    for word in words {
        for way in ways {
            assert_eq!(
                naming(&files, &format!("{word}.{way}")),
                Vec::<String>::new(),
                "{word}.{way}"
            );
        }
    }
}

/// A test says the whole message, or the code: a part of it is found in other messages too.
#[test]
fn no_unit_test_looks_for_a_part_of_a_message() {
    const STILL: [&str; 5] = [
        "exchange/dialect/tests.rs",
        "exchange/dialect/tests/differs.rs",
        "record/entry/tests.rs",
        "record/outcome_rows.rs",
        // That a control character is not in it.
        "prompt/document/yaml/tests.rs",
    ];
    let root = top().join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let found: BTreeSet<String> = files
        .into_iter()
        .filter_map(|path| {
            let below = path.strip_prefix(&root).unwrap().to_string_lossy();
            let below = below.replace('\\', "/");
            let text = std::fs::read_to_string(&path).unwrap();
            let code = match is_of_tests(&below) {
                true => text,
                false => own_code(&text).1,
            };
            let code: String = code.split_whitespace().collect();
            code.contains("message.contains(").then_some(below)
        })
        .collect();
    assert_eq!(found, STILL.map(str::to_owned).into());
}

#[test]
fn what_reads_and_decides_is_pure() {
    for room in ["prompt", "scan", "exchange", "statistics"] {
        pure(&format!("src/{room}"));
    }
}

/// A room that does not name the world outside.
fn pure(room: &str) {
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
}

/// What a call becomes is decided without a network, a clock or a file.
#[test]
fn the_gateway_decides_without_the_world() {
    let pure = [
        "request.rs",
        "variables.rs",
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

/// The files of `src` as modules, and the modules that each names.
fn modules() -> BTreeMap<String, BTreeSet<String>> {
    let module = |path: &str| {
        let path = path.trim_end_matches(".rs");
        path.trim_end_matches("/mod").to_owned()
    };
    let files = sources("src");
    let known: BTreeSet<String> = files.iter().map(|(path, _)| module(path)).collect();
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, code) in &files {
        let own = module(path);
        let room: Vec<&str> = own.split('/').collect();
        let found = named.entry(own.clone()).or_default();
        for words in named_paths(code) {
            let mut above = room.len();
            let mut path: Vec<&str> = Vec::new();
            for word in &words {
                match word.as_str() {
                    "crate" => above = 0,
                    "super" => above = above.saturating_sub(1),
                    "self" => {}
                    word => path.push(word),
                }
            }
            path.splice(..0, room[..above].iter().copied());
            // The deepest file on the way; what stands above it is an item of that file.
            while !path.is_empty() && !known.contains(&path.join("/")) {
                path.pop();
            }
            let other = path.join("/");
            // A file and those in the folder below it are one.
            let is_family = own.starts_with(&format!("{other}/")) || own == other;
            if !other.is_empty() && !is_family {
                found.insert(other);
            }
        }
    }
    named
}

#[test]
fn no_files_need_each_other() {
    let named = modules();
    assert!(named.len() > 150);
    fn leads_to<'a>(
        named: &'a BTreeMap<String, BTreeSet<String>>,
        from: &'a str,
        to: &str,
        seen: &mut BTreeSet<&'a str>,
    ) -> bool {
        seen.insert(from)
            && named.get(from).is_some_and(|below| {
                below.contains(to) || below.iter().any(|it| leads_to(named, it, to, seen))
            })
    }
    let circles: Vec<&String> = named
        .keys()
        .filter(|file| leads_to(&named, file, file, &mut BTreeSet::new()))
        .collect();
    assert_eq!(circles, Vec::<&String>::new());
}

/// A part of a command, of the releases or of git stands below the file that it is a part of, and so names
/// nothing that stands in it.
#[test]
fn no_part_names_what_its_whole_defines() {
    const STILL: [&str; 1] = ["commands/stats/costs names Format of commands/stats"];
    let module = |path: &str| {
        let path = path.trim_end_matches(".rs");
        path.trim_end_matches("/mod").to_owned()
    };
    let files: BTreeMap<String, String> = sources("src")
        .into_iter()
        .map(|(path, code)| (module(&path), code))
        .collect();
    let defines = |code: &str, item: &str| {
        ["fn", "struct", "enum", "const", "static", "type", "trait"]
            .iter()
            .flat_map(|kind| [format!("{kind} {item}"), format!("{kind} r#{item}")])
            .any(|word| {
                let is_whole = |at: usize| {
                    let next = code[at + word.len()..].chars().next();
                    next.is_none_or(|char| !char.is_alphanumeric() && char != '_')
                };
                code.match_indices(&word).any(|(at, _)| is_whole(at))
            })
    };
    let rooms = ["commands/", "releases/", "files/", "repository/", "setup/"];
    let mut found = BTreeSet::new();
    let parts = files.iter();
    for (own, code) in parts.filter(|(own, _)| rooms.iter().any(|room| own.starts_with(room))) {
        let folders: Vec<&str> = own.split('/').collect();
        for words in named_paths(code) {
            let ups = words.iter().filter(|word| *word == "super").count();
            let is_from_top = words[0] == "crate";
            let above = if is_from_top {
                0
            } else {
                folders.len().saturating_sub(ups)
            };
            let names = words.iter().map(String::as_str);
            let names = names.filter(|word| !["crate", "super", "self"].contains(word));
            let whole: Vec<&str> = folders[..above].iter().copied().chain(names).collect();
            let at = (1..whole.len())
                .rev()
                .find(|at| files.contains_key(&whole[..*at].join("/")));
            let Some(at) = at else { continue };
            let other = whole[..at].join("/");
            if own.starts_with(&format!("{other}/")) && defines(&files[&other], whole[at]) {
                found.insert(format!("{own} names {} of {other}", whole[at]));
            }
        }
    }
    assert_eq!(found, STILL.map(str::to_owned).into());
}

/// What commands have in common stands beside them, so that a reader of one need not read another.
#[test]
fn no_command_needs_another() {
    let commands = commands();
    let command = |module: &str| {
        let name = module.strip_prefix("commands/")?.split('/').next()?;
        commands.iter().find(|it| *it == name).cloned()
    };
    // The list of commands, and what it tests, names all of them.
    const LIST: [&str; 2] = ["commands/command_line", "commands"];
    let modules = modules();
    let arrows = modules.iter();
    let arrows = arrows.flat_map(|(from, to)| to.iter().map(move |to| (from.as_str(), to)));
    let found: Vec<String> = arrows
        .filter(|(from, to)| {
            let other = command(to);
            other.is_some() && command(from) != other && !LIST.contains(from)
        })
        .map(|(from, to)| format!("{from} names {to}"))
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

/// A feature that only tests ask of a package makes cargo build it again, and all that stands on it.
#[test]
fn the_tests_build_no_package_again_that_the_program_has() {
    let features_by_package = |edges: &str| -> BTreeMap<String, String> {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--prefix", "none"])
            .args(["--edges", edges, "--format", "{p} [{f}]"])
            .current_dir(top())
            .output()
            .unwrap();
        assert!(tree.status.success(), "{tree:?}");
        let text = String::from_utf8(tree.stdout).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(" ["));
        lines
            .map(|(package, features)| (package.to_owned(), features.replace(" (*)", "")))
            .collect()
    };
    let of_program = features_by_package("normal,build");
    let with_tests = features_by_package("normal,build,dev");
    assert!(of_program.len() > 100);
    for (package, features) in of_program {
        assert_eq!(with_tests[&package], features, "{package}");
    }
}
