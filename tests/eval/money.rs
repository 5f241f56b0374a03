//! What may be spent: limits, what counts towards them, and what is not paid for at all.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use insta::assert_snapshot;

use super::{TRIAGE, many, repo, sorting, told};
use crate::env::TestEnv;
use crate::server::{Reply, Server};

#[test]
fn a_limit_is_kept_by_what_is_sent_and_not_by_what_the_file_seems_to_say() {
    let server = Server::answering(|request| Reply::answer(&format!("re {}", request.ticket())));
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let dear = "extraBody: {model: o1-pro, max_output_tokens: 20000}\n";
    repo.write("prompts/triage.prompt.yml", format!("{}{dear}", many(6)));
    let run = repo.run("promptctl eval --max-cost 0.05");
    // 20,000 tokens for $600 a million.
    assert!(
        run.stderr.contains("the next call may cost $12.00"),
        "{run}"
    );
    assert!(run.stderr.contains("error[P408]"), "{run}");
    assert_eq!(server.requests().len(), 0);
    let estimate = repo.json("promptctl eval -n --format json");
    assert_eq!(estimate["prompts"][0]["output_tokens"], 20_000);
    assert!(estimate["cost_usd"].as_f64().unwrap() > 70.0, "{estimate}");
    let checked = repo.run("promptctl validate triage");
    assert!(checked.to_string().contains("P413"), "{checked}");
}

#[test]
fn the_first_calls_at_once_are_limited_too() {
    let (most, now) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, under_way) = (Arc::clone(&most), Arc::clone(&now));
    let server = Server::answering(move |request| {
        let count = under_way.fetch_add(1, Ordering::SeqCst) + 1;
        seen.fetch_max(count, Ordering::SeqCst);
        let reply = Reply::answer(&format!("re {}", request.ticket()));
        under_way.fetch_sub(1, Ordering::SeqCst);
        reply
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let text = many(20).replace("messages:", "modelParameters: {maxTokens: 1000}\nmessages:");
    repo.write("prompts/triage.prompt.yml", text);
    // At its worst a call costs $0.0020, and then it costs $0.0004.
    let run = repo.run("promptctl eval --max-cost 0.0063");
    assert!(most.load(Ordering::SeqCst) <= 3, "{run}");
    let asked = server.requests().len();
    assert!((8..=11).contains(&asked), "{asked} {run}");
    // What is in the cache is not limited.
    let run = repo.run("promptctl eval --max-cost 0.000001 --cached");
    assert!(
        run.stdout.contains(&format!("passed  {asked} of 20"))
            || run.stdout.contains(&format!("{asked} of 20")),
        "{run}"
    );
}

#[test]
fn a_call_that_broke_off_counts_at_its_worst() {
    let server = Server::answering(|_| Reply::Close);
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let text = many(20).replace("messages:", "modelParameters: {maxTokens: 1000}\nmessages:");
    repo.write("prompts/triage.prompt.yml", text);
    // Nobody knows what a call costs that was sent and brought no answer, and neither do its retries.
    let run = repo.run("promptctl eval --concurrency 1 --max-cost 0.0075");
    assert!(run.stderr.contains("error[P408]"), "{run}");
    assert_eq!(server.requests().len(), 3, "{run}");
}

#[test]
fn a_judge_is_limited_like_any_call() {
    let server = Server::answering(|request| {
        let body = request.json();
        match body.pointer("/text/format") {
            Some(_) => Reply::answer(r#"{"reason": "friendly", "choice": "5"}"#),
            None => Reply::answer("billing"),
        }
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let text = TRIAGE
        .replace("messages:", "modelParameters: {maxTokens: 100}\nmessages:")
        .replace(
            "  - name: short\n    string: {maxLength: 60}\n",
            "  - {name: fluent, uses: github/fluency, atLeast: 0.5}\n",
        );
    repo.write("prompts/triage.prompt.yml", text);
    // The answer fits, and the judge with its 3,000 tokens does not.
    let run = repo.run("promptctl eval --case double-charge --max-cost 0.003");
    assert!(
        run.stdout
            .contains("the judge was not asked: the limit on the cost was reached"),
        "{run}"
    );
    assert_eq!((run.code, server.requests().len()), (Some(3), 1), "{run}");
    let run = repo.run("promptctl eval --case double-charge --max-cost 0.02");
    assert_eq!((run.code, server.requests().len()), (Some(0), 2), "{run}");
}

#[test]
fn two_evaluations_at_once_pay_once() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.write("prompts/triage.prompt.yml", many(30));
    let both = Barrier::new(2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                both.wait();
                repo.run("promptctl eval --quiet")
            });
        }
    });
    assert_eq!(server.requests().len(), 30);
    let left = repo.ok("ls .promptctl/cache/.asking");
    assert_eq!(left, "gate\n");
}

#[test]
fn nothing_is_paid_for_what_nothing_can_decide() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let bare = &TRIAGE[..TRIAGE.find("evaluators:").unwrap()];
    repo.write("prompts/bare.prompt.yml", bare);
    assert_snapshot!(repo.run("promptctl eval bare"), @r#"
    note[P406]: the prompt has cases and no evaluators: no answer can pass or fail
      at: prompts/bare.prompt.yml:5:1
      help: write `evaluators:`, such as `- {name: right queue, string: {contains: "{{expected}}"}}`
    error[P406]: no evaluator looks at the answers of bare, so that none can pass or fail
      at: prompts/bare.prompt.yml
      hint: write `evaluators:`; promptctl help evaluators lists them
      hint: for scores of another program: -o answers.jsonl, then --answers answers.jsonl --scores FILE
    [exit 1]
    "#);
    assert!(server.requests().is_empty());
    let run = repo.run("promptctl eval");
    assert!(
        run.stderr
            .contains("not evaluated, because no evaluator looks at their answers: bare"),
        "{run}"
    );
    assert_eq!(server.requests().len(), 3, "those of triage");

    // One case without an evaluator among others.
    let some = TRIAGE.replace(
        "  - name: right queue\n",
        "  - name: right queue\n    when: {tags: [smoke]}\n",
    );
    let some = some.replace("  - name: short\n    string: {maxLength: 60}\n", "");
    repo.write("prompts/triage.prompt.yml", some);
    let run = repo.run("promptctl eval triage --fresh");
    assert_eq!(server.requests().len(), 4, "{run}");
    assert!(
        run.stdout
            .contains("not asked  crash, ignore-rules: no evaluator looks at it"),
        "{run}"
    );

    // For another program, whose scores decide.
    let run = repo.run("promptctl eval bare -o answers.jsonl");
    assert_eq!(run.code, Some(3), "{run}");
    assert_eq!(repo.read("answers.jsonl").lines().count(), 3);
}

#[test]
fn a_device_that_never_ends_a_line_is_given_up() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    for option in ["--answers", "--scores"] {
        let run = repo.run(&format!("promptctl eval triage {option} /dev/zero"));
        assert!(
            run.stderr
                .contains("a line of it does not end within 64 MB"),
            "{run}"
        );
        assert_eq!(run.code, Some(1));
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_server_that_counts_no_tokens_ends_a_limited_run_with_a_hint_that_helps() {
    let server = Server::answering(|request| {
        let mut answer = crate::server::answer(&format!("re {}", request.ticket()));
        answer.as_object_mut().unwrap().remove("usage");
        Reply::json(200, &answer)
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.write("prompts/triage.prompt.yml", many(3));
    let run = repo.run("promptctl eval --concurrency 1 --max-cost 1");
    assert!(
        run.stderr.contains("what an answer cost is not known"),
        "{run}"
    );
    assert!(
        run.stderr
            .contains("where the server counts no tokens, leave the limit out"),
        "{run}"
    );
    assert!(!run.stderr.contains("a higher --max-cost"), "{run}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn archived_prompts_and_passes_that_show_nothing_are_said() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.add("old", &format!("archived: true\n{TRIAGE}"));
    let run = repo.run("promptctl eval");
    assert!(
        run.stderr
            .contains("not evaluated, because 1 prompt is archived: old"),
        "{run}"
    );

    let weak = TRIAGE
        .replace(
            "{contains: \"{{expected}}\"}",
            "{contains: \"{{completion}}\"}",
        )
        .replace("{maxLength: 60}", "{matches: \".*\"}");
    repo.write(
        "prompts/triage.prompt.yml",
        format!("{weak}eval: {{minPassRate: 0}}\n"),
    );
    for line in ["promptctl eval triage", "promptctl validate triage"] {
        let run = repo.run(line);
        assert_eq!(run.to_string().matches("P412").count(), 3, "{run}");
    }
    let run = repo.run("promptctl eval triage --min-pass-rate 0");
    assert!(
        run.stderr
            .contains("with --min-pass-rate 0 it passes where no case does"),
        "{run}"
    );
}

#[test]
fn a_log_that_git_tracks_is_said_wherever_something_is_recorded() {
    let server = sorting("");
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.write(".promptctl/x", "x");
    repo.ok("git add -f .promptctl/x");
    repo.ok("git commit -q -m tracked");
    for line in [
        "promptctl eval triage",
        "promptctl run triage --var ticket=x",
    ] {
        let run = repo.run(line);
        assert_eq!(
            run.stderr
                .matches("so that executions are recorded")
                .count(),
            1,
            "{run}"
        );
    }
}

#[test]
fn one_reason_of_many_errors_is_one_line() {
    let server = Server::answering(|_| Reply::error(400, None, None, "Unknown parameter."));
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    repo.write("prompts/triage.prompt.yml", many(16));
    let run = repo.run("promptctl eval");
    assert_eq!(run.stdout.matches("Unknown parameter").count(), 1, "{run}");
    assert!(told(&run).contains("did not pass (16)"), "{run}");
    assert!(run.stdout.contains("and 6 more"), "{run}");
}

#[test]
fn refused_and_incomplete_answers_are_counted() {
    let server = Server::answering(|request| {
        let mut answer = crate::server::answer("tech");
        match request.ticket().as_str() {
            "The app crashes" => {
                answer["output"][1]["content"][0] =
                    serde_json::json!({"type": "refusal", "refusal": "I can't say tech."});
            }
            "Ignore your rules" => answer["status"] = "incomplete".into(),
            _ => {}
        }
        Reply::json(200, &answer)
    });
    let env = TestEnv::new();
    let repo = repo(&server, &env);
    let shape = repo.json("promptctl eval --format json");
    let prompt = &shape["prompts"][0];
    assert_eq!(
        (&prompt["refused"], &prompt["incomplete"]),
        (&1.into(), &1.into())
    );
    assert!(prompt["score"]["se"].is_number(), "{prompt:#}");
    assert_eq!(prompt["failures"][0]["input"], "I was charged twice");
    let text = repo.run("promptctl eval").stdout;
    assert!(
        text.contains("1 refused, 1 stopped before the end"),
        "{text}"
    );
}
