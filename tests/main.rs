//! Whole commands over real git, in one binary, so that everything is linked once.
//!
//! `env` is the way in: a folder of its own, a fixed clock and an environment that holds nothing
//! else. `server` stands in for the API, `store_of_prompts` for its stored prompts, and `gateway`
//! starts `promptctl serve`; the benches use them too.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod api;
mod cli;
mod env;
mod eval;
mod gateway;
#[allow(dead_code, reason = "a bench uses the rest of it")]
mod server;
mod store_of_prompts;
mod template;
#[cfg(unix)]
mod terminal;
mod validate;

use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder that no module names, so that they would never be built. `main` names those
/// of the folder itself; below it, `name.rs` or `name/mod.rs` names those of `name`.
fn forgotten(folder: &Path, main: &Path) -> Vec<PathBuf> {
    let names = fs::read_to_string(main).unwrap_or_default();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_named = names.contains(&format!("mod {module};"));
        let file = match path.is_dir() {
            true => {
                let beside = path.with_extension("rs");
                let within = path.join("mod.rs");
                let names = if beside.exists() { &beside } else { &within };
                found.extend(forgotten(&path, names));
                within
            }
            false => path,
        };
        let is_rust = file.extension().is_some_and(|ending| ending == "rs");
        if is_rust && file.exists() && !is_named && file != main {
            found.push(file);
        }
    }
    found
}

#[test]
fn no_file_is_forgotten() {
    let (tests, src) = (env::top().join("tests"), env::top().join("src"));
    let mut found = forgotten(&tests, &tests.join("main.rs"));
    found.extend(forgotten(&src, &src.join("lib.rs")));
    // These are programs of their own, which Cargo.toml names.
    found.retain(|path| !path.starts_with(tests.join("bench")) && *path != src.join("main.rs"));
    assert_eq!(found, [""; 0].map(PathBuf::from), "no module names them");
}

#[test]
fn a_forgotten_file_is_found_in_every_folder() {
    let env = env::TestEnv::new();
    let root = env.root().cd("planted");
    root.write("main.rs", "mod known;\nmod named;\nmod beside;\n");
    root.write("known.rs", "");
    root.write("beside.rs", "mod below;\n");
    root.write("beside/below.rs", "");
    root.write("named/mod.rs", "mod inside;\n");
    root.write("named/inside.rs", "");
    let main = root.dir.join("main.rs");
    assert_eq!(forgotten(&root.dir, &main), [""; 0].map(PathBuf::from));
    let planted = [
        "unknown.rs",
        "named/unknown.rs",
        "whole/mod.rs",
        "bare/some.rs",
        "beside/unknown.rs",
    ];
    for path in planted {
        root.write(path, "");
    }
    let mut found = forgotten(&root.dir, &main);
    found.sort();
    let mut planted = planted.map(|path| root.dir.join(path));
    planted.sort();
    assert_eq!(found, planted);
}
