//! `validate --env`: what is live.

use super::env::{Env, GREETING};

#[test]
fn a_scheduled_job_learns_that_its_model_ends() {
    let env = Env::new();
    env.commit_new("greeting", &GREETING.replace("gpt-5-mini", "gpt-4o"));
    env.ok("publish greeting");
    // The file is mended already; what is live is not.
    env.change("prompts/greeting.prompt.yml", "gpt-4o", "gpt-5-mini");
    env.ok("bump");
    env.commit("mend");
    assert_eq!(env.findings(""), "");
    let said = env.run("validate --env production");
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.out, @r"
    warning[P318]: `openai/gpt-4o` ends on 2027-01-14, in 55 days (greeting v1, live in production)
     --> prompts/greeting.prompt.yml:3:8
      |
    3 | model: openai/gpt-4o
      |        ^^^^^^^^^^^^^
      = help: change `model:` to one that stays, and compare their answers before you publish
    ");
    assert_eq!(env.run("validate --env production --strict").code, 3);
    let late = env.var("PROMPTCTL_NOW", "2027-02-01T00:00:00Z");
    assert_eq!(late.run("validate --env production").code, 3);
}

#[test]
fn many_are_checked_on_all_cores_and_told_in_order() {
    let env = Env::new();
    let count = 30;
    for number in 0..count {
        let model = if number % 10 == 3 {
            "gpt-4o"
        } else {
            "gpt-5-mini"
        };
        env.write(
            &format!("prompts/p{number:02}.prompt.yml"),
            GREETING.replace("gpt-5-mini", model),
        );
    }
    env.commit("all");
    env.ok("validate --fix");
    env.commit("numbered");
    env.ok("publish --all");
    assert!(
        env.ok("validate --env production")
            .err
            .starts_with("30 checked")
    );
    insta::assert_snapshot!(env.findings("--env production"), @"
    warning P318 prompts/p03.prompt.yml:3:8 `openai/gpt-4o` ends on 2027-01-14, in 55 days (p03 v1, live in production)
    warning P318 prompts/p13.prompt.yml:3:8 `openai/gpt-4o` ends on 2027-01-14, in 55 days (p13 v1, live in production)
    warning P318 prompts/p23.prompt.yml:3:8 `openai/gpt-4o` ends on 2027-01-14, in 55 days (p23 v1, live in production)
    ");
}

#[test]
fn an_environment_in_which_nothing_is_live_is_sound() {
    let env = Env::with_greeting();
    assert_eq!(
        env.ok("validate --env production").err,
        "0 checked, 0 errors, 0 warnings\n"
    );
}
