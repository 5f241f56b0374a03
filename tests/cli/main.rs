//! Whole commands over real git: what a person types, what they see, and what git says happened.
//!
//! One binary, so that everything is linked once; one file for each command or theme. `env` is the
//! way in: a folder of its own, a fixed clock and an environment that holds nothing else.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod again;
mod architecture;
mod archive;
mod broken;
mod bump;
mod calls;
mod clones;
mod completions;
mod corpus;
mod demo;
mod deploy;
mod diff;
mod disk;
mod doctor;
mod drivers;
mod dry_run;
mod edit;
#[allow(dead_code, reason = "tests/api uses the rest of it")]
mod env;
mod environments;
mod foreign;
mod forks;
mod formats;
mod gates;
mod help;
mod history;
mod hooks;
mod hostile;
mod init;
mod kill;
mod list;
mod merge;
mod moved;
mod mv;
mod new;
mod output;
mod packs;
mod policy;
mod publish;
mod publish_refused;
mod pull_request;
mod race;
mod readme;
mod releases;
mod remote;
mod remote_trouble;
mod render;
mod review;
mod rollback;
mod rounds;
mod rows;
mod run;
mod scan;
mod seed;
mod session;
mod settings;
mod setup_github;
mod show;
mod strangers;
mod surroundings;
mod tables;
mod validate;
mod verify;

/// A file that is not named here would never run.
#[test]
fn no_file_is_forgotten() {
    let folder = env::top().join("tests/cli");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = file.strip_suffix(".rs").filter(|module| *module != "main") else {
            continue;
        };
        assert!(
            main.contains(&format!("\nmod {module};\n")),
            "main.rs does not name {module}"
        );
    }
}
