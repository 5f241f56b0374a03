//! The files of a room in a repository that git itself made.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{Committed, Loaded, Prompts};
use crate::prompt::digest::digest;
use crate::prompt::document::parse;
use crate::prompt::edit::set_version;
use crate::prompt::name::PromptName;
use crate::prompt::template::{Partial, Partials};
use crate::prompt::version::Version;
use crate::repository::{Repository, Start};

struct Room(TempDir);

impl Room {
    fn new() -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        room.git(&["init", "-q", "-b", "main"]);
        room
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
            .args(["-c", "core.autocrlf=false", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .current_dir(self.0.path())
            .env("GIT_CONFIG_GLOBAL", self.0.path().join("none"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join("prompts").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.0.path().join("prompts").join(path)).unwrap();
    }

    /// Commits all; its id.
    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "Change"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn prompts(&self) -> Prompts {
        let start = Start {
            directory: self.0.path().to_path_buf(),
            ..Start::default()
        };
        let roots = vec!["prompts".to_owned()];
        Prompts::new(
            Repository::open(&start).unwrap(),
            roots,
            "prompts".to_owned(),
        )
    }
}

fn says(words: &str) -> String {
    format!("messages: [{{role: user, content: \"{words}\"}}]\n")
}

/// The same with a version and the digest of its content.
fn numbered(words: &str, version: u32) -> String {
    let text = format!("version: 1\ndigest: 000000000000\n{}", says(words));
    let whole = digest(&parse(&text).unwrap(), &Partials::new());
    set_version(&text, Version::new(version).unwrap(), whole.short()).unwrap()
}

fn named(name: &str) -> PromptName {
    name.parse().unwrap()
}

fn names(prompts: &[Loaded]) -> Vec<&str> {
    prompts.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn between_two_sides_stands_what_differs_through_partials_too() {
    let room = Room::new();
    for name in ["kept", "changed", "gone"] {
        room.write(&format!("{name}.prompt.yml"), &says("one"));
    }
    room.write("_tone.hbs", "kindly");
    room.write("includes.prompt.yml", &says("Say it {{> tone}}"));
    let before = room.commit();
    room.write("changed.prompt.yml", &says("two"));
    room.remove("gone.prompt.yml");
    room.write("new.prompt.yml", &says("three"));
    room.write("_tone.hbs", "briefly");
    let after = room.commit();
    let prompts = room.prompts();
    let between = prompts.between(&prompts, &before, Some(&after)).unwrap();
    assert_eq!(names(&between.before), ["changed", "gone", "includes"]);
    assert_eq!(names(&between.after), ["changed", "includes", "new"]);
    assert_eq!(between.partials[0].before.as_deref(), Some("kindly"));
    assert_eq!(between.partials[0].after.as_deref(), Some("briefly"));
    // The working copy is a side, too, and what cannot be used there is on neither.
    room.write("kept.prompt.yml", "messages: [");
    room.write("new.prompt.yml", &says("four"));
    let between = prompts.between(&prompts, &after, None).unwrap();
    assert_eq!(
        (names(&between.before), names(&between.after)),
        (vec!["new"], vec!["new"])
    );
    assert_eq!(
        between.findings[0].path.as_deref(),
        Some("prompts/kept.prompt.yml")
    );
    assert!(prompts.between(&prompts, "nowhere", None).is_err());
}

#[test]
fn what_is_staged_is_read_from_the_index() {
    let room = Room::new();
    room.write("a.prompt.yml", &says("one"));
    room.write("b.prompt.yml", &says("{{> tone}}"));
    room.write("_tone.hbs", "kindly");
    room.commit();
    assert!(room.prompts().load_staged().unwrap().is_empty());
    room.write("a.prompt.yml", &says("two"));
    room.git(&["add", "-A"]);
    room.write("a.prompt.yml", &says("three"));
    let prompts = room.prompts();
    let staged = prompts.load_staged().unwrap();
    assert_eq!(staged.prompts[0].text, says("two"));
    assert!(staged.prompts[0].is_dirty());
    assert_eq!(
        prompts.unstaged(&["prompts"]).unwrap(),
        ["prompts/a.prompt.yml"]
    );
    // A partial stands for whoever includes it, also where it goes.
    room.write("a.prompt.yml", &says("two"));
    room.commit();
    room.write("_tone.hbs", "briefly");
    room.git(&["add", "-A"]);
    let staged = room.prompts().load_staged().unwrap();
    assert_eq!(names(&staged.prompts), ["b"]);
    assert_eq!(staged.partials["prompts/_tone.hbs"], "briefly");
    room.remove("_tone.hbs");
    room.write("Bad Name.prompt.yml", &says("one"));
    room.git(&["add", "-A"]);
    let staged = room.prompts().load_staged().unwrap();
    let codes: Vec<&str> = staged.findings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["P011"]);
}

#[test]
fn the_working_copy_is_held_against_head() {
    let room = Room::new();
    let load = |name: &str| room.prompts().load_working_copy(&named(name));
    room.write("a.prompt.yml", &numbered("one", 1));
    assert!(load("a").unwrap().is_dirty(), "nothing is committed");
    let head = room.commit();
    let clean = load("a").unwrap();
    assert!(!clean.is_dirty() && !clean.is_unbumped());
    assert_eq!(clean.commit().map(|it| it.to_string()), Some(head));
    room.write("a.prompt.yml", &numbered("one", 1).replace("one", "two"));
    let changed = load("a").unwrap();
    assert!(changed.is_dirty() && changed.is_unbumped());
    assert_eq!(changed.commit(), None);
    assert!(load("nobody").is_err());
    for bytes in [&b"messages: \xff"[..], b""] {
        fs::write(room.0.path().join("prompts/b.prompt.yml"), bytes).unwrap();
        assert!(load("b").is_err());
    }
}

#[test]
fn two_files_of_one_name_are_a_clash() {
    let room = Room::new();
    room.write("a.prompt.yml", &says("one"));
    assert!(room.prompts().require_one_file(&named("a")).is_ok());
    room.write("a.prompt.yaml", &says("two"));
    let clash = room.prompts().require_one_file(&named("a")).unwrap_err();
    assert_eq!(clash.code.map(|code| code.as_str()), Some("P012"));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_is_no_prompt() {
    let room = Room::new();
    room.write("a.prompt.yml", &says("one"));
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), says("secret")).unwrap();
    let link = |from: &Path| {
        std::os::unix::fs::symlink(outside.path(), from).unwrap();
    };
    link(&room.0.path().join("prompts/b.prompt.yml"));
    assert!(room.prompts().load_working_copy(&named("b")).is_err());
}

#[test]
fn a_version_is_the_newest_commit_that_its_digest_fits() {
    let room = Room::new();
    room.write("a.prompt.yml", &numbered("one", 1));
    let first = room.commit();
    room.write("a.prompt.yml", &numbered("two", 2));
    room.commit();
    // The number of version 2 over another content: a slip that a later commit mended.
    room.write("a.prompt.yml", &numbered("two", 2).replace("two", "slip"));
    let slip = room.commit();
    room.write("a.prompt.yml", &numbered("three", 3));
    room.commit();
    let prompts = room.prompts();
    let version = |number| prompts.committed_version(&named("a"), Version::new(number).unwrap());
    let Committed::Held(held) = version(2).unwrap() else {
        panic!("version 2 was committed");
    };
    assert_eq!(held.text, numbered("two", 2));
    assert!(matches!(version(4).unwrap(), Committed::Never));
    room.git(&["reset", "-q", "--hard", &first]);
    room.write("a.prompt.yml", &numbered("two", 2).replace("two", "slip"));
    room.commit();
    assert!(matches!(
        room.prompts()
            .committed_version(&named("a"), Version::new(2).unwrap())
            .unwrap(),
        Committed::Unbumped
    ));
    assert!(prompts.is_revision(&slip) && !prompts.is_revision("nowhere"));
}

#[test]
fn a_new_text_takes_the_partials_that_it_includes() {
    let room = Room::new();
    room.write("_tone.hbs", "kindly");
    let prompts = room.prompts();
    let path = prompts.path_for(&named("support/a"));
    assert_eq!(path, "prompts/support/a.prompt.yml");
    let loaded = prompts
        .with_new_text(&named("support/a"), &path, says("{{> tone}}"))
        .unwrap();
    let partial: &Partial = &loaded.partials["tone"];
    assert_eq!(
        (partial.text.as_str(), partial.path.as_str()),
        ("kindly", "prompts/_tone.hbs")
    );
}
