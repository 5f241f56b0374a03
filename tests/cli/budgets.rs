//! Budgets: what they refuse, and what they are for.

use insta::assert_snapshot;

use super::past::{record, repo};
use crate::env::TestEnv;

#[test]
fn a_call_that_costs_nothing_is_refused_by_no_budget() {
    let env = TestEnv::new();
    let mut line = record(1).replace("2026-10-01T01", "2026-11-03T01");
    line = line.replace("\"cost_usd\":0.002", "\"cost_usd\":9");
    let repo = repo(&env, &line);
    repo.write("promptctl.yaml", "budgets: {perDay: 1, onExceed: refuse}\n");
    let run = repo.run("promptctl run support/triage --var ticket=Hello");
    assert_eq!(
        (run.code, run.stderr.contains("is used up")),
        (Some(3), true),
        "{run}"
    );
    let run = repo.run("promptctl run support/triage --var ticket=Hello --model echo");
    assert_eq!(run.code, Some(0), "{run}");
    let inputs = repo.run_with(
        "promptctl run support/triage --inputs - --model echo",
        "{\"ticket\":\"Hello\"}\n",
    );
    assert_eq!(inputs.code, Some(0), "{inputs}");
}

#[test]
fn a_budget_for_a_prompt_that_is_not_here_limits_nothing_in_silence() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    let call = "promptctl run support/triage --var ticket=Hello";
    repo.write(
        "promptctl.yaml",
        "budgets: {perPrompt: {suport/triage: 1}, onExceed: refuse}\n",
    );
    assert_snapshot!(repo.run(call), @"
    error[P226]: `budgets.perPrompt` has `suport/triage`, and no prompt here is called so
      at: promptctl.yaml
      hint: did you mean `support/triage`?
    [exit 1]
    ");
    assert!(
        repo.run("promptctl status")
            .stderr
            .contains("suport/triage")
    );
    repo.write(
        "promptctl.yaml",
        "budgets: {perPrompt: {support/triage@v1: 1}}\n",
    );
    assert_snapshot!(repo.run(call), @"
    error[P226]: `budgets.perPrompt` has `support/triage@v1`, which is no name of a prompt: `support/triage@v1` cannot be a name: segments are made of letters, digits, `_` and `-`
      at: promptctl.yaml:1
      hint: name a prompt, or a folder such as support/
    [exit 1]
    ");
    repo.write(
        "promptctl.yaml",
        "budgets: {perPrompt: {support/: 1}, onExceed: refuse}\n",
    );
    assert!(!repo.run(call).stderr.contains("budgets"));
}
