//! Budgets: what they refuse, and what they are for.

use insta::assert_snapshot;

use super::past::{LOG, id, record, repo};
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
    // What was pruned was spent all the same.
    repo.ok("promptctl log prune --older-than 0d");
    assert!(!repo.read(LOG).contains("\"cost_usd\":9"));
    let run = repo.run("promptctl run support/triage --var ticket=Hello");
    assert!(run.stderr.contains("$9.0000 were spent today"), "{run}");
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

#[test]
fn a_call_that_a_newer_version_recorded_is_not_passed_over() {
    let env = TestEnv::new();
    let today = |number: u32| record(number).replace("2026-10-01", "2026-11-03");
    let newer = |line: String| line.replace("\"schema\":1", "\"schema\":2,\"new\":{}");
    let told = format!(
        "{{\"schema\":2,\"outcome_of\":\"{}\",\"time\":\"2026-11-03T01:00:00Z\"}}\n",
        id(1)
    );
    let call = "promptctl run support/triage --var ticket=Hello";
    let settings = |on: &str| format!("budgets: {{perDay: 1, onExceed: {on}}}\n");
    let repo = repo(&env, &(today(1) + &newer(record(2)) + &told));
    repo.write("promptctl.yaml", settings("refuse"));
    // Of another day, or of no call.
    assert!(!repo.run(call).stderr.contains("newer version"));
    repo.write(LOG, "{\"schema\":2,\"settings_of\":\"a\"}\n");
    assert!(!repo.run(call).stderr.contains("newer version"));
    // Set aside it counts as well, and for prompts without a budget not at all.
    repo.write(LOG, record(1) + &newer(today(2)).repeat(40));
    let small = "log: {maxSize: 10KB}\n";
    repo.write("promptctl.yaml", settings("refuse") + small);
    repo.ok(&format!("{call} --model echo"));
    repo.ok(&format!("{call} --model echo"));
    assert!(repo.dir.join(".promptctl/executions.1.jsonl.gz").exists());
    assert!(
        repo.run(call)
            .stderr
            .contains("error[P316]: 40 records of today")
    );
    let other = "budgets: {perPrompt: {other/: 1}, onExceed: refuse}\n";
    repo.write("promptctl.yaml", other);
    assert!(!repo.run(call).stderr.contains("newer version"));
    repo.write("promptctl.yaml", settings("refuse"));
    repo.ok("rm .promptctl/executions.1.jsonl.gz");
    repo.write(LOG, today(1) + &newer(today(2)) + &newer(today(3)));
    assert_snapshot!(repo.run(call), @"
    error[P316]: 2 records of today were written by a newer version of promptctl, so that what was spent today is not known
      hint: install that version here; promptctl log names the lines
      hint: `budgets:` in promptctl.yaml sets the limits
    [exit 3]
    ");
    assert_snapshot!(repo.run("promptctl status"), @"
    production	support/triage	-	v1	-	-	never published
    --- stderr
    warning: 2 records of today were written by a newer version of promptctl, so that what was spent today is not known
    budget of today: $0.002 of $1 for all prompts
    ");
    repo.write("promptctl.yaml", settings("warn"));
    assert_snapshot!(repo.run(call), @"
    warning: 2 records of today were written by a newer version of promptctl, so that what was spent today is not known
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: --model echo answers offline
    [exit 4]
    ");
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_be_written_lets_no_call_past_a_budget() {
    let env = TestEnv::new();
    let repo = repo(&env, "");
    repo.ok(&format!("rm {LOG}"));
    std::os::unix::fs::symlink("nowhere", repo.dir.join(LOG)).unwrap();
    let call = "promptctl run support/triage --var ticket=Hello";
    repo.write("promptctl.yaml", "budgets: {perDay: 1, onExceed: refuse}\n");
    assert_snapshot!(repo.run(call), @"
    error[P316]: the call would count against no budget: the execution log is a symbolic link
      at: $ROOT/repo/.promptctl/executions.jsonl
      hint: remove the link, or name the file itself in your own configuration
    [exit 3]
    ");
    repo.write("promptctl.yaml", "budgets: {perDay: 1}\n");
    assert_snapshot!(repo.run(call), @"
    warning: the call would count against no budget: the execution log is a symbolic link
    error[P301]: no API key: OPENAI_API_KEY is not set
      hint: export OPENAI_API_KEY=…
      hint: --model echo answers offline
    [exit 4]
    ");
}
