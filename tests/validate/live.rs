//! `validate --env`: what is live.

use super::{GREETING, greeting};
use crate::env::TestEnv;

/// 55 days before the end of a model.
const NOW: &str = "2026-11-20T12:00:00Z";

#[test]
fn a_scheduled_job_learns_that_its_model_ends() {
    let env = TestEnv::new();
    let repo = env.repo().with("PROMPTCTL_NOW", NOW);
    repo.commit_new("greeting", &GREETING.replace("gpt-5-mini", "gpt-4o"));
    repo.ok("promptctl publish greeting");
    // The file is mended already; what is live is not.
    repo.replace("prompts/greeting.prompt.yml", "gpt-4o", "gpt-5-mini");
    repo.ok("promptctl bump");
    repo.commit("mend");
    assert_eq!(repo.findings(""), "");
    let said = repo.run("promptctl validate --env production");
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.stdout, @r"
    warning[P318]: `openai/gpt-4o` ends on 2027-01-14, in 55 days (greeting v1, live in production)
     --> prompts/greeting.prompt.yml:3:8
      |
    3 | model: openai/gpt-4o
      |        ^^^^^^^^^^^^^
      = help: change `model:` to one that stays, and compare their answers before you publish
    ");
    assert_eq!(
        repo.run("promptctl validate --env production --strict")
            .code,
        Some(3)
    );
    let late = repo.with("PROMPTCTL_NOW", "2027-02-01T00:00:00Z");
    assert_eq!(
        late.run("promptctl validate --env production").code,
        Some(3)
    );
}

#[test]
fn many_are_checked_on_all_cores_and_told_in_order() {
    let env = TestEnv::new();
    let repo = env.repo().with("PROMPTCTL_NOW", NOW);
    let count = 30;
    for number in 0..count {
        let model = if number % 10 == 3 {
            "gpt-4o"
        } else {
            "gpt-5-mini"
        };
        repo.write(
            &format!("prompts/p{number:02}.prompt.yml"),
            GREETING.replace("gpt-5-mini", model),
        );
    }
    repo.commit("all");
    repo.ok("promptctl validate --fix");
    repo.commit("numbered");
    repo.ok("promptctl publish --all");
    assert!(
        repo.ran("promptctl validate --env production")
            .stderr
            .starts_with("30 checked")
    );
    insta::assert_snapshot!(repo.findings("--env production"), @"
    warning P318 prompts/p03.prompt.yml:3:8 `openai/gpt-4o` ends on 2027-01-14, in 55 days (p03 v1, live in production)
    warning P318 prompts/p13.prompt.yml:3:8 `openai/gpt-4o` ends on 2027-01-14, in 55 days (p13 v1, live in production)
    warning P318 prompts/p23.prompt.yml:3:8 `openai/gpt-4o` ends on 2027-01-14, in 55 days (p23 v1, live in production)
    ");
}

#[test]
fn an_environment_in_which_nothing_is_live_is_sound() {
    let env = TestEnv::new();
    let repo = greeting(&env);
    assert_eq!(
        repo.ran("promptctl validate --env production").stderr,
        "0 checked, 0 errors, 0 warnings\n"
    );
}
