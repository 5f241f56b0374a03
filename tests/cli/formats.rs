//! Repositories in other formats than the usual one.

use insta::assert_snapshot;

use crate::env::{SMALL, Shell, TestEnv, skipped};

/// A repository of a format with a prompt in it; `None` where this git does not know the format.
fn made(env: &TestEnv, option: &str) -> Option<Shell> {
    let root = env.root();
    if root.run(&format!("git init --quiet {option} repo")).code != Some(0) {
        skipped(&format!("this git does not know {option}"));
        return None;
    }
    let repo = root.cd("repo");
    repo.write(
        "prompts/greeting.prompt.yml",
        format!("version: 1\n{SMALL}"),
    );
    repo.git("add --all");
    repo.git("commit --quiet --message Greeting");
    Some(repo)
}

const COMMANDS: [&str; 12] = [
    "list",
    "status",
    "show greeting",
    "publish greeting",
    "rollback greeting",
    "new other",
    "edit greeting --set description=x",
    "validate",
    "fetch",
    "verify",
    "doctor --fix",
    "init",
];

/// Each command says the same, and nothing is written.
fn refused(repo: &Shell) -> String {
    let before = repo.git("for-each-ref");
    let told = repo.fails("promptctl list").to_string();
    for line in COMMANDS {
        assert_eq!(
            repo.fails(&format!("promptctl {line}")).to_string(),
            told,
            "{line}"
        );
    }
    assert_eq!(repo.git("for-each-ref"), before);
    assert_eq!(repo.git("status --porcelain"), "");
    told
}

#[test]
fn a_reftable_is_refused_with_what_helps() {
    let env = TestEnv::new();
    let Some(repo) = made(&env, "--ref-format=reftable") else {
        return;
    };
    assert_snapshot!(refused(&repo), @"
    error[P220]: the repository at $ROOT/repo keeps its references in a reftable, which promptctl cannot read
      hint: git clone --ref-format=files URL makes a clone that promptctl reads
      hint: git refs migrate --ref-format=files converts it where it stands, with git 2.48 or newer
    [exit 1]
    ");
    env.root()
        .ok("git clone --quiet --ref-format=files repo clone");
    env.root().cd("clone").ok("promptctl list");
    let migrated = repo.run("git refs migrate --ref-format=files");
    if migrated.code == Some(0) {
        repo.ok("promptctl publish greeting");
    } else {
        skipped("this git migrates no reftable that has reflogs");
    }
}

#[test]
fn objects_of_sha256_are_refused_with_what_helps() {
    let env = TestEnv::new();
    let Some(repo) = made(&env, "--object-format=sha256") else {
        return;
    };
    assert_snapshot!(refused(&repo), @"
    error[P220]: the repository at $ROOT/repo names its objects by SHA-256, which promptctl cannot read
      hint: git init --object-format=sha1 --ref-format=files NEW makes one that promptctl reads
      hint: git fast-export --all | git -C NEW fast-import takes the history over; no clone can convert it
    [exit 1]
    ");
    // The hints, as they are written.
    repo.ok("sh -c 'git init --quiet --object-format=sha1 --ref-format=files NEW && git fast-export --all | git -C NEW fast-import --quiet && git -C NEW checkout --quiet main --'");
    repo.cd("NEW").ok("promptctl publish greeting");
}

#[test]
fn a_partial_clone_says_how_to_fill_it() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    env.root()
        .cd("origin.git")
        .git("config uploadpack.allowFilter true");
    let url = format!("file://{}", env.root().dir.join("origin.git").display());
    env.root().ok(&format!(
        "git clone --quiet --no-checkout --filter=blob:none {url} part"
    ));
    let part = env.root().cd("part");
    let told = part.run("promptctl doctor").to_string();
    assert!(told.contains("P229") || told.contains("P220"), "{told}");
    assert!(
        told.contains("git fetch --refetch --no-filter origin") || told.contains("git clone"),
        "{told}"
    );
}

/// git 3.0 makes new repositories with both by default.
#[test]
fn new_repositories_are_made_in_a_format_that_works() {
    let env = TestEnv::new();
    let root = env.root();
    let config = root.read("home/.gitconfig");
    for (at, shell) in [
        root.with("GIT_DEFAULT_REF_FORMAT", "reftable"),
        root.with("GIT_DEFAULT_HASH", "sha256"),
        root.with("GIT_DEFAULT_REF_FORMAT", "reftable")
            .with("GIT_DEFAULT_HASH", "sha256"),
        root.clone(),
    ]
    .into_iter()
    .enumerate()
    {
        if at == 3 {
            let more = "[init]\n\tdefaultRefFormat = reftable\n\tdefaultObjectFormat = sha256\n";
            root.write("home/.gitconfig", format!("{config}{more}"));
        }
        shell.ok(&format!("promptctl init --quiet made{at}"));
        let made = shell.cd(&format!("made{at}"));
        made.add("greeting", SMALL);
        made.ok("promptctl publish greeting");
        made.ok("promptctl rollback greeting --dry-run --to v1");
        let demo = shell.ok("promptctl demo");
        assert!(demo.contains("published to production"), "{demo}");
    }
}
