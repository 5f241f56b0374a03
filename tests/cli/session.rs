//! The life of a prompt from the first command to the last, as the README tells it.

use insta::assert_snapshot;

use crate::env::{Shell, TRIAGE, TestEnv};

/// Everything after `init`: the same in a lonely repository and in one with a remote.
fn session(repo: &Shell) -> String {
    repo.write("../ticket.prompt.yml", TRIAGE);
    repo.write("../ticket.txt", "I was charged twice for March.\n");
    let mut told = repo.play(
        "promptctl seed --quiet
         promptctl new support/triage --file ../ticket.prompt.yml -m 'First triage prompt'
         promptctl publish support/triage -m 'Approved by support'
         promptctl edit support/triage --set modelParameters.maxTokens=600 -m 'Shorter answers'",
    );
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "You sort support tickets",
        "You sort support tickets, kindly and briefly",
    );
    told += &repo.play(
        "promptctl bump
         git commit --quiet -am Friendlier
         promptctl diff support/triage@v1 support/triage@v3
         promptctl publish support/triage --env staging --create-env
         promptctl publish support/triage@v2
         promptctl list
         promptctl releases support/triage
         promptctl rollback support/triage -m 'Refuses refunds'
         promptctl history support/triage
         promptctl status --env production
         promptctl render support/triage@production --var ticket='I was charged twice'
         promptctl run support/triage@production --var ticket=@../ticket.txt --model echo
         promptctl log",
    );
    told
}

/// What a service reads when it starts.
fn snapshot(repo: &Shell) -> Vec<(String, u64)> {
    let snapshot = repo.json("promptctl get --all --env production --format json");
    snapshot["prompts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|prompt| {
            (
                prompt["name"].as_str().unwrap().to_owned(),
                prompt["version"].as_u64().unwrap(),
            )
        })
        .collect()
}

const TAGS: &str = "\
prompts/support/triage/production/1
prompts/support/triage/production/2
prompts/support/triage/production/3
prompts/support/triage/staging/1
prompts/support/triage/v1
prompts/support/triage/v2
prompts/support/triage/v3";

#[test]
fn without_a_remote() {
    let env = TestEnv::new();
    assert_snapshot!(env.root().play("promptctl init team-prompts"), @"
    $ promptctl init team-prompts
    made a git repository in team-prompts
    wrote promptctl.yaml
    wrote prompts/prompt.schema.json
    wrote .gitignore
    hint: promptctl new NAME makes a prompt, promptctl seed adds the bundled ones
    ");
    let repo = env.root().cd("team-prompts");
    assert_snapshot!(session(&repo), @"
    $ promptctl seed --quiet
    $ promptctl new support/triage --file ../ticket.prompt.yml -m 'First triage prompt'
    support/triage v1 made: prompts/support/triage.prompt.yml
    hint: promptctl publish support/triage makes it live
    $ promptctl publish support/triage -m 'Approved by support'
    support/triage v1 published to production
    $ promptctl edit support/triage --set modelParameters.maxTokens=600 -m 'Shorter answers'
    support/triage  v1 → v2  behavior
      modelParameters.maxTokens: 800 → 600
    --- stderr
    support/triage is v2 now
    hint: promptctl publish support/triage makes it live
    $ promptctl bump
    support/triage v3 (was v2)
    hint: commit the change: git commit -a
    $ git commit --quiet -am Friendlier
    $ promptctl diff support/triage@v1 support/triage@v3
    support/triage  v1 → v3  behavior
      modelParameters.maxTokens: 800 → 600
      messages[0].content:
        You sort support tickets{+, kindly and briefly+}. Answer in {{locale}}.
        Say which queue the ticket belongs to: billing or tech.
    $ promptctl publish support/triage --env staging --create-env
    support/triage v3 published to staging
    $ promptctl publish support/triage@v2
    support/triage v2 published to production (was v1)
    $ promptctl list
    core/answer-with-citations	v1	-	openai/gpt-5-mini	Answer with citations
    core/auto-issue-generator	v1	-	openai/gpt-5-mini	Issue from notes, a stack trace or a diff
    core/chat-assistant	v1	-	openai/gpt-5-mini	Chat assistant
    core/code-review	v1	-	openai/gpt-5	Code review
    core/data-extraction	v1	-	openai/gpt-5-mini	Data extraction
    core/documentation-generator	v1	-	openai/gpt-5-mini	Documentation from source code
    core/feedback-issue-creator	v1	-	openai/gpt-5-mini	Issues from user feedback
    core/readme-update-generator	v1	-	openai/gpt-5-mini	README update from a diff
    core/sub-issue-generator	v1	-	openai/gpt-5-mini	Sub-issues from an epic
    core/summary	v1	-	openai/gpt-5-mini	Summary
    core/support-triage	v1	-	openai/gpt-5-mini	Support triage
    support/triage	v3	production v2, staging v3	openai/gpt-5-mini	Support triage
    $ promptctl releases support/triage
    2	production	v2	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Approved by support
    1	staging	v3	publish	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v3 to staging
    $ promptctl rollback support/triage -m 'Refuses refunds'
    support/triage rolled back to v1 in production (was v2)
      goes:       v2, published by Ada 1 hour ago (2026-11-03 11:00 UTC)
      comes back: v1, published by Ada 1 hour ago (2026-11-03 11:00 UTC): Approved by support
    live in production now: support/triage v1; a service with a snapshot has v2 until it is deployed again
    hint: to undo it: promptctl publish support/triage@v2
    $ promptctl history support/triage
    v3	live in staging	wording	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Friendlier
    v2	published	behavior	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Shorter answers
    v1	live in production	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	First triage prompt
    $ promptctl status --env production
    production	core/answer-with-citations	-	v1	-	-	never published
    production	core/auto-issue-generator	-	v1	-	-	never published
    production	core/chat-assistant	-	v1	-	-	never published
    production	core/code-review	-	v1	-	-	never published
    production	core/data-extraction	-	v1	-	-	never published
    production	core/documentation-generator	-	v1	-	-	never published
    production	core/feedback-issue-creator	-	v1	-	-	never published
    production	core/readme-update-generator	-	v1	-	-	never published
    production	core/sub-issue-generator	-	v1	-	-	never published
    production	core/summary	-	v1	-	-	never published
    production	core/support-triage	-	v1	-	-	never published
    production	support/triage	v1	v3	2026-11-03T11:00:00Z	Ada	
    $ promptctl render support/triage@production --var ticket='I was charged twice'
    system:
    You sort support tickets. Answer in en.
    Say which queue the ticket belongs to: billing or tech.

    user:
    I was charged twice
    $ promptctl run support/triage@production --var ticket=@../ticket.txt --model echo
    I was charged twice for March.
    $ promptctl log
    <uuid>	2026-11-03T12:00:00Z	support/triage	v1	ok	echo	29	$0	<n> ms
    ");
    assert_eq!(snapshot(&repo), [("support/triage".to_owned(), 1)]);
    assert_eq!(repo.tags(), TAGS);
    assert_eq!(repo.git("status --porcelain"), "");
    repo.git("fsck --strict");
}

#[test]
fn with_a_remote_that_a_second_clone_reads() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    let bob = env.clone_of_origin("Bob");
    bob.ok("promptctl init --quiet");
    let live = |shell: &Shell, environment: &str| {
        shell.git("fetch --quiet");
        let got = shell.json(&format!(
            "promptctl get support/triage@{environment} --format json"
        ));
        (
            got["version"].as_u64(),
            got["document"]["modelParameters"]["maxTokens"].as_u64(),
        )
    };

    ada.ok("promptctl publish --quiet support/triage");
    assert_eq!(live(&bob, "production"), (Some(1), Some(800)));
    ada.ok("promptctl edit --quiet support/triage --set modelParameters.maxTokens=600");
    ada.ok("promptctl publish --quiet support/triage --env staging --create-env");
    assert_eq!(live(&bob, "staging"), (Some(2), Some(600)));
    assert_eq!(live(&bob, "production"), (Some(1), Some(800)));
    ada.ok("promptctl publish --quiet support/triage");
    assert_eq!(live(&bob, "production"), (Some(2), Some(600)));
    bob.ok("promptctl rollback --quiet support/triage -m 'Refuses refunds'");
    assert_eq!(live(&ada, "production"), (Some(1), Some(800)));

    let origin = env.root().cd("origin.git");
    assert_eq!(origin.tags(), ada.tags());
    assert_snapshot!(ada.run("promptctl releases support/triage --env production"), @"
    3	production	v1	rollback	active	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Bob	Refuses refunds
    2	production	v2	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v2 to production
    1	production	v1	publish	-	xxxxxxxxxxxx	2026-11-03T11:00:00Z	Ada	Publish support/triage v1 to production
    ");
    assert_snapshot!(origin.run("git cat-file -p prompts/support/triage/production/3"), @"
    object <id>
    type commit
    tag prompts/support/triage/production/3
    tagger Bob <bob@example.com> 1793703600 +0000

    Refuses refunds

    Prompt: support/triage
    Version: 1
    Digest: <id>
    Environment: production
    Action: rollback
    Under: none
    Previous: <id>
    ");
    origin.git("fsck --strict");
}
