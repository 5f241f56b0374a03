//! Release policies: what `publish` refuses and how each rule is met, and that nothing of it stands
//! in the way of a rollback.

use insta::assert_snapshot;

use crate::env::{Shell, TestEnv, skipped};

/// Writes and commits the configuration.
fn configure(repo: &Shell, text: &str) {
    repo.write("promptctl.yaml", text);
    repo.git("add --all");
    repo.git("commit --quiet --message Policy");
}

/// Makes a key for each person; `None` where this machine cannot.
pub(crate) fn keys(shell: &Shell, people: &[&str]) -> Option<()> {
    for person in people {
        let made = shell
            .command("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", person, "-f"])
            .arg(format!("../{person}.key"))
            .output();
        if !made.is_ok_and(|output| output.status.success()) {
            skipped("no ssh-keygen, so no signed releases");
            return None;
        }
    }
    Some(())
}

/// Sets git up to sign with a person's key.
pub(crate) fn sign_as(repo: &Shell, person: &str) {
    repo.git("config gpg.format ssh");
    repo.git(&format!("config user.signingKey ../{person}.key.pub"));
}

/// A file of signers with these people, and a policy that wants their signatures.
pub(crate) fn require_signatures(repo: &Shell, people: &[&str]) {
    let lines: String = people
        .iter()
        .map(|person| {
            let key = repo.read(&format!("../{person}.key.pub"));
            format!("{person}@example.com {key}")
        })
        .collect();
    repo.write("allowed_signers", lines);
    configure(
        repo,
        "allowedSigners: allowed_signers\nenvironments: {staging: {}, production: {requireSigned: true}}\n",
    );
}

#[test]
fn a_release_must_be_signed_by_a_key_that_counts() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    if keys(&ada, &["ada", "eve"]).is_none() {
        return;
    }
    require_signatures(&ada, &["ada"]);
    ada.git("push --quiet origin main");
    let (here, there) = (ada.refs(), env.root().cd("origin.git").refs());
    let ada = ada.with("GNUPGHOME", env.root().dir.join("home/no-gnupg"));
    ada.git("config gpg.format ssh");
    assert_snapshot!(ada.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P241]: the release must be signed, and git could not sign it: either user.signingkey or gpg.ssh.defaultKeyCommand needs to be configured
      hint: git config gpg.format ssh
      hint: git config user.signingkey ~/.ssh/id_ed25519.pub
      hint: git config tag.gpgSign true
      hint: nothing was changed; --global sets it up for all your repositories
    [exit 3]
    ");
    ada.git("config user.signingKey ../eve.key.pub");
    let refused = ada.fails("promptctl publish support/triage --format json");
    assert_eq!(refused.code, Some(3));
    let error = refused.error();
    assert_eq!(error["code"], "P240");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "the tag prompts/support/triage/v1 is signed by a key that is not in allowed_signers: SHA256:"
        ),
        "{message}"
    );
    // Nothing became a reference, here or there.
    assert_eq!(ada.refs(), here);
    assert_eq!(env.root().cd("origin.git").refs(), there);
    ada.git("config user.signingKey ../ada.key.pub");
    // No `tag.gpgSign` is needed: the policy says that it is signed.
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl publish support/triage"
    ), @"
    $ promptctl publish support/triage
    support/triage v1 published to production, and the remote has it
    $ promptctl publish support/triage
    support/triage v1 is live in production already: nothing to do
    ");
    ada.git("config gpg.ssh.allowedSignersFile allowed_signers");
    for tag in ["v1", "production/1"] {
        ada.git(&format!("verify-tag prompts/support/triage/{tag}"));
    }
}

#[cfg(unix)]
#[test]
fn the_hints_set_git_up_to_sign() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    require_signatures(&repo, &["ada"]);
    // The key stands where `ssh-keygen` puts it.
    repo.write("../home/.ssh/id_ed25519", repo.read("../ada.key"));
    repo.write("../home/.ssh/id_ed25519.pub", repo.read("../ada.key.pub"));
    repo.ok("chmod 600 ../home/.ssh/id_ed25519");
    let refused = repo.fails("promptctl publish support/triage --format json");
    assert_eq!(refused.code, Some(3));
    let error = refused.error();
    assert_eq!(error["code"], "P241");
    for hint in &error["hints"].as_array().unwrap()[..3] {
        let hint = hint.as_str().unwrap();
        repo.ok(&hint.replace('~', &env.root().dir.join("home").to_string_lossy()));
    }
    repo.ok("promptctl publish support/triage");
}

#[test]
fn what_was_live_before_the_rule_is_released_again_with_a_signature() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage
         promptctl publish support/triage
         promptctl rollback support/triage
         promptctl releases support/triage"
    ), @"
    $ promptctl publish support/triage
    support/triage v2 published to production again
    $ promptctl publish support/triage
    support/triage v2 is live in production already: nothing to do
    $ promptctl rollback support/triage
    error[P254]: nobody whose signature counts today signed for what was live before v2 of support/triage in production
      hint: promptctl rollback support/triage --env production --to v1 goes to what Ada released without such a signature (release 1)
      hint: nothing was changed
    [exit 3]
    $ promptctl releases support/triage
    3	production	v2	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
}

#[test]
fn a_rollback_goes_without_a_signature_rather_than_not_at_all() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    require_signatures(&repo, &["ada"]);
    sign_as(&repo, "ada");
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    // It is signed while git can sign, whatever `tag.gpgSign` says.
    repo.ok("promptctl rollback support/triage");
    repo.git("config gpg.ssh.allowedSignersFile allowed_signers");
    repo.git("verify-tag prompts/support/triage/production/3");
    repo.ok("promptctl publish support/triage@v2");
    std::fs::remove_file(repo.dir.join("../ada.key")).unwrap();
    let run = repo.run("promptctl rollback support/triage");
    assert_eq!(run.code, Some(0), "{run}");
    let warning = "warning: the release is not signed, which production requires: ";
    assert!(run.stderr.contains(warning), "{run}");
    let run = repo.run("promptctl unpublish support/triage");
    assert_eq!(run.code, Some(0), "{run}");
    repo.fails("promptctl publish support/triage@v2");
}

#[test]
fn production_takes_only_what_is_live_in_staging() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    configure(
        &ada,
        "environments: {staging: {}, production: {from: staging}}\n",
    );
    let bob = env.clone_of_origin("Bob");
    assert_snapshot!(ada.play(
        "promptctl publish support/triage
         promptctl publish support/triage --no-push --env staging
         promptctl publish support/triage --no-push
         promptctl push
         promptctl publish support/triage"
    ), @"
    $ promptctl publish support/triage
    error[P242]: production takes only what is live in staging, and support/triage v1 is not: nothing is live there
      hint: promptctl publish support/triage --env staging
    [exit 3]
    $ promptctl publish support/triage --no-push --env staging
    support/triage v1 published to staging, pending until it is sent
    warning: the tags are pending: nothing is live until the remote has them
    hint: promptctl push
    $ promptctl publish support/triage --no-push
    error[P242]: production takes only what is live in staging, and support/triage v1 is not: nothing is live there
      hint: promptctl publish support/triage --env staging
    [exit 3]
    $ promptctl push
    sent prompts/support/triage/v1
    sent prompts/support/triage/staging/1
    $ promptctl publish support/triage
    support/triage v1 published to production, and the remote has it
    warning: the commit xxxxxxxxxxxx of support/triage is on no branch of the remote that this clone knows
    hint: git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule
    ");
    // What another clone released counts, and what it took out does not.
    bob.ok("promptctl unpublish support/triage --env staging");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    assert_snapshot!(ada.play(
        "promptctl publish support/triage@v2
         promptctl publish support/triage@v2 --env staging
         promptctl publish --all
         promptctl rollback support/triage"
    ), @"
    $ promptctl publish support/triage@v2
    error[P242]: production takes only what is live in staging, and support/triage v2 is not: nothing is live there
      hint: promptctl publish support/triage@v2 --env staging
    [exit 3]
    $ promptctl publish support/triage@v2 --env staging
    support/triage v2 published to staging, and the remote has it
    warning: the commit xxxxxxxxxxxx of support/triage is on no branch of the remote that this clone knows
    hint: git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule
    $ promptctl publish --all
    support/triage v2 published to production (was v1), and the remote has it
    warning: the commit xxxxxxxxxxxx of support/triage is on no branch of the remote that this clone knows
    hint: git push sends the branch, or git fetch, where somebody did; `requireBranch` in promptctl.yaml makes it a rule
    $ promptctl rollback support/triage
    support/triage rolled back to v1 in production (was v2), and the remote has it
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    ");
}

#[test]
fn a_branch_cannot_take_away_the_rules_that_it_is_under() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    if keys(&ada, &["ada", "eve"]).is_none() {
        return;
    }
    require_signatures(&ada, &["ada"]);
    ada.git("push --quiet origin main");
    let eve = env.clone_of_origin("Eve");
    sign_as(&eve, "eve");
    eve.git("switch --quiet --create topic");
    let key = eve.read("../eve.key.pub");
    eve.write("allowed_signers", format!("eve@example.com {key}"));
    eve.git("commit --quiet --all --message 'Let me'");
    assert_eq!(
        eve.fails("promptctl publish support/triage --format json")
            .error()["code"],
        "P240"
    );
    configure(&eve, "environments: {production: {}}\n");
    assert_eq!(
        eve.fails("promptctl publish support/triage --format json")
            .error()["code"],
        "P240"
    );
    // Rules of its own are added, committed or not.
    eve.write(
        "promptctl.yaml",
        "environments: {staging: {}, production: {from: staging}}\n",
    );
    assert_eq!(
        eve.fails("promptctl publish support/triage --format json")
            .error()["code"],
        "P242"
    );
    // Where it was merged, it counts.
    eve.git("checkout --quiet HEAD promptctl.yaml");
    eve.git("push --quiet origin topic:main");
    eve.git("fetch --quiet origin");
    eve.ok("promptctl publish support/triage");
}

#[cfg(unix)]
#[test]
fn the_file_of_signers_is_a_committed_file_of_the_repository() {
    let env = TestEnv::new();
    let repo = env.triage();
    let policy = |path: &str| {
        format!("allowedSigners: {path}\nenvironments: {{production: {{requireSigned: true}}}}\n")
    };
    repo.write("promptctl.yaml", policy("allowed_signers"));
    assert_snapshot!(repo.play("promptctl publish support/triage"), @r#"
    $ promptctl publish support/triage
    error[P243]: `allowedSigners` counts only when it is committed
      at: promptctl.yaml
      hint: git add promptctl.yaml allowed_signers && git commit -m "Allowed signers" -- promptctl.yaml allowed_signers
    [exit 3]
    "#);
    configure(&repo, &policy("allowed_signers"));
    assert_snapshot!(repo.play("promptctl publish support/triage"), @r#"
    $ promptctl publish support/triage
    error[P243]: `allowedSigners` names allowed_signers, which HEAD does not hold
      at: HEAD:allowed_signers
      hint: git add allowed_signers && git commit -m "Allowed signers" -- allowed_signers
    [exit 3]
    "#);
    repo.write("allowed_signers", "# nobody yet\n");
    configure(&repo, &policy("allowed_signers"));
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P243]: `allowedSigners` names allowed_signers, which lists nobody
      at: HEAD:allowed_signers
      hint: a line for each person: ada@example.com ssh-ed25519 AAAA…
    [exit 3]
    ");
    repo.write("../theirs", "eve@example.com ssh-ed25519 AAAA\n");
    std::fs::remove_file(repo.dir.join("allowed_signers")).unwrap();
    std::os::unix::fs::symlink("../theirs", repo.dir.join("allowed_signers")).unwrap();
    repo.git("add --all");
    repo.git("commit --quiet --message Link");
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P243]: `allowedSigners` names allowed_signers, which is a symbolic link
      at: HEAD:allowed_signers
      hint: put the file itself there: a link means something else in every clone
    [exit 3]
    ");
    configure(&repo, &policy("../theirs"));
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P226]: `allowedSigners` leads out of the repository: ../theirs
      at: promptctl.yaml
      hint: name a file of the repository, so that a change of it is reviewed
    [exit 3]
    ");
}

#[test]
fn a_rule_that_cannot_be_honoured_stops_what_it_is_about_and_no_rollback() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    configure(
        &repo,
        "environments: {staging: {}, production: {requireEval: 3, requireSigned: true, from: nowhere}}\n",
    );
    repo.git("config gpg.format ssh");
    assert_snapshot!(repo.play(
        "promptctl publish support/triage@v1
         promptctl publish support/triage@v1 --env staging
         promptctl rollback support/triage
         promptctl unpublish support/triage"
    ), @"
    $ promptctl publish support/triage@v1
    error[P226]: production: `requireEval` is true, the tag of the cases that have to pass, or a map
      at: promptctl.yaml
      hint: write requireEval: true, or requireEval: {minPassRate: 0.95, hostile: all, maxAge: 30d}
    [exit 3]
    $ promptctl publish support/triage@v1 --env staging
    support/triage v1 published to staging
    $ promptctl rollback support/triage
    error[P254]: nobody whose signature counts today signed for what was live before v2 of support/triage in production
      hint: promptctl rollback support/triage --env production --to v1 goes to what Ada released without such a signature (release 1)
      hint: nothing was changed
    [exit 3]
    $ promptctl unpublish support/triage
    support/triage unpublished from production (was v2)
    warning: the release is not signed, which production requires: either user.signingkey or gpg.ssh.defaultKeyCommand needs to be configured
    live in production now: nothing of support/triage; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl rollback support/triage
    ");
}

#[cfg(unix)]
#[test]
fn an_openpgp_signature_is_not_enough() {
    let env = TestEnv::new();
    let repo = env.triage();
    if keys(&repo, &["ada"]).is_none() {
        return;
    }
    require_signatures(&repo, &["ada"]);
    let home = env.root().dir.join("home/gnupg");
    std::fs::create_dir(&home).unwrap();
    repo.ok(&format!("chmod 700 {}", home.display()));
    let repo = repo.with("GNUPGHOME", &home);
    let made = repo
        .command("gpg")
        .args(["--batch", "--quiet", "--passphrase", "", "--quick-gen-key"])
        .args(["Ada <ada@example.com>", "ed25519", "sign", "never"])
        .output();
    if !made.is_ok_and(|output| output.status.success()) {
        skipped("no gpg, so no OpenPGP signature to refuse");
        return;
    }
    assert_snapshot!(repo.play("promptctl publish support/triage"), @"
    $ promptctl publish support/triage
    error[P240]: the tag prompts/support/triage/v1 is signed with OpenPGP, and only the SSH keys of allowed_signers count
      hint: git config user.signingkey names the key that git signs with
      hint: who may release stands in allowed_signers: a change of it is reviewed and merged first
      hint: nothing was changed
    [exit 3]
    ");
    drop(repo.run("gpgconf --kill gpg-agent"));
}

#[test]
fn what_is_only_here_is_sent_by_the_hint() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    configure(&ada, "environments: {production: {requireBranch: main}}\n");
    ada.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    let error = ada
        .fails("promptctl publish support/triage --format json")
        .error();
    assert_eq!(
        (&error["code"], &error["hints"][0]),
        (&"P208".into(), &"git push origin main".into())
    );
    ada.git("push --quiet origin main");
    ada.ok("promptctl publish support/triage");
}

#[test]
fn a_rule_of_a_newer_version_stops_a_publish_and_no_rollback() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.ok("promptctl publish support/triage");
    repo.next_version("support/triage", "maxTokens: 800", "maxTokens: 600");
    repo.ok("promptctl publish support/triage");
    configure(
        &repo,
        "environments: {production: {requireReviews: 2, requireBranch: main}}\n",
    );
    assert_snapshot!(repo.play(
        "promptctl publish support/triage@v1
         promptctl init
         promptctl doctor
         promptctl verify
         promptctl rollback support/triage"
    ), @"
    $ promptctl publish support/triage@v1
    error[P226]: production: `requireReviews` is not a key of the configuration
      at: promptctl.yaml
      hint: the keys are requireBranch, requireSigned, requireEval, from
    [exit 3]
    $ promptctl init
    error[P226]: production: `requireReviews` is not a key of the configuration
      at: promptctl.yaml
      hint: the keys are requireBranch, requireSigned, requireEval, from
    [exit 1]
    $ promptctl doctor
    error[P226]: production: `requireReviews` is not a key of the configuration
      at: promptctl.yaml
      help: the keys are requireBranch, requireSigned, requireEval, from
    1 error, 0 warnings
    [exit 3]
    $ promptctl verify
    production	support/triage	v2	2	xxxxxxxxxxxx	-	whole	-	not proven
    --- stderr
    error[P226]: production: `requireReviews` is not a key of the configuration
      at: promptctl.yaml
      help: the keys are requireBranch, requireSigned, requireEval, from
    1 active version not proven
    by the rules of HEAD (xxxxxxxxxxxx)
    [exit 3]
    $ promptctl rollback support/triage
    support/triage rolled back to v1 in production (was v2)
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    ");
}
