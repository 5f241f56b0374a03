//! `stats --costs`: where the money goes.

use insta::assert_snapshot;

use super::stats::Line;
use crate::env::TestEnv;

/// A call with the hash of its request, and the error it ended with.
fn asked(mut line: Line, hash: &str, error: &str) -> String {
    line.status = if error == "null" { "ok" } else { "error" };
    let text = line.text();
    let text = text.replace(
        "\"request_hash\":null",
        &format!("\"request_hash\":\"{hash}\""),
    );
    text.replace("\"error\":null", &format!("\"error\":{error}"))
}

fn log() -> String {
    const CUT: &str = r#"{"code":"P313","message":"the answer is incomplete: max_output_tokens","reason":"max_output_tokens"}"#;
    const FILTERED: &str = r#"{"code":"P313","message":"the answer is incomplete: content_filter","reason":"content_filter"}"#;
    let mut text = String::new();
    for number in 0..12 {
        let mut line = Line::new(number);
        line.prompt = if number < 8 { "support/triage" } else { "a|b" };
        line.cost_usd = (number != 11).then_some(0.001 * f64::from(number + 1));
        let error = match number {
            2 => CUT,
            3 => FILTERED,
            _ => "null",
        };
        // Each request of the second half was sent in the first.
        text += &asked(line, &format!("h{}", number % 6), error);
    }
    text
}

#[test]
fn prompts_go_by_cost_with_what_was_asked_again_and_cut_off() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(".promptctl/executions.jsonl", log());
    assert_snapshot!(repo.play(
        "promptctl stats --costs
         promptctl stats --costs --prompt support/triage --format markdown
         promptctl stats --costs --prompt nobody
         promptctl stats --costs --format csv"
    ), @"
    $ promptctl stats --costs
    prompt	calls	cost	share	cached	text before/behind	again	cost of again	cut off
    support/triage	8	$0.036	54.5 %	10.0 %	10/14	2	$0.015	1
    a|b	4	$0.03	45.5 %	10.0 %	-	4	$0.03	0

    model	would cost	calls	cost
    gpt-5-mini-2025-08-07	$0.00075	12	$0.066
    gpt-oss-20b	$0.00007	-	-
    gpt-oss-120b	$0.00009	-	-
    gpt-5-nano	$0.00015	-	-
    gpt-6-luna	$0.00023	-	-
    gpt-5.6-luna	$0.00051	-	-
    gpt-5.4-nano	$0.00052	-	-
    gpt-5-mini	$0.00075	-	-
    gpt-5.4-mini	$0.0019	-	-
    o4-mini	$0.00228	-	-
    gpt-6.1-terra	$0.00229	-	-
    o3-mini	$0.00231	-	-
    codex-mini	$0.00311	-	-
    --- stderr
    1 of 12 calls has no known price; costs are those of the others
    text before/behind: tokens of the file here before the first variable, which a provider's cache can keep, and behind it, which it cannot
    again: the same request was sent before; cut off: the answer ended at maxTokens
    another model may write more or less than these calls did, and prices by length or tier are not in it
    $ promptctl stats --costs --prompt support/triage --format markdown
    #### prompts, the dearest first

    | prompt | calls | cost | share | cached | text before/behind | again | cost of again | cut off |
    |---|---:|---:|---:|---:|---:|---:|---:|---:|
    | `support/triage` | 8 | $0.036 | 100.0 % | 10.0 % | 10/14 | 2 | $0.015 | 1 |

    #### all calls with another model, at today's prices

    | model | would cost | calls | cost |
    |---|---:|---:|---:|
    | `gpt-5-mini-2025-08-07` | $0.0005 | 8 | $0.036 |
    | `gpt-oss-20b` | $0.00005 | - | - |
    | `gpt-oss-120b` | $0.00006 | - | - |
    | `gpt-5-nano` | $0.0001 | - | - |
    | `gpt-6-luna` | $0.00015 | - | - |
    | `gpt-5.6-luna` | $0.00034 | - | - |
    | `gpt-5.4-nano` | $0.00035 | - | - |
    | `gpt-5-mini` | $0.0005 | - | - |
    | `gpt-5.4-mini` | $0.00127 | - | - |
    | `o4-mini` | $0.00152 | - | - |
    | `gpt-6.1-terra` | $0.00152 | - | - |
    | `o3-mini` | $0.00154 | - | - |
    | codex-mini | $0.00207 | - | - |
    --- stderr
    text before/behind: tokens of the file here before the first variable, which a provider's cache can keep, and behind it, which it cannot
    again: the same request was sent before; cut off: the answer ended at maxTokens
    another model may write more or less than these calls did, and prices by length or tier are not in it
    $ promptctl stats --costs --prompt nobody
    none of 12 executions fits --prompt
    $ promptctl stats --costs --format csv
    error: --costs has several tables, and CSV holds one
      hint: --format json has them all
    [exit 2]
    ");
}

#[test]
fn scripts_read_what_the_calls_would_cost_with_each_model() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(".promptctl/executions.jsonl", log());
    let run = repo.run("promptctl stats --costs --format json");
    let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let others = found["would_cost"].as_array().unwrap();
    let cost = |model: &str| {
        let found = others.iter().find(|it| it["model"] == model);
        found.and_then(|it| it["cost_usd"].as_f64())
    };
    // 12 calls of 90 tokens read anew, 10 from the cache and 20 written, at $0.25, $0.025 and $2 a million.
    let mini = cost("gpt-5-mini").unwrap();
    let by_hand = 12.0 * (90.0 * 0.25 + 10.0 * 0.025 + 20.0 * 2.0) / 1_000_000.0;
    assert!((mini - by_hand).abs() < 1e-12, "{mini} {by_hand}");
    assert!(cost("gpt-5").unwrap() > mini);
    let sorted = others
        .windows(2)
        .all(|two| two[0]["cost_usd"].as_f64() <= two[1]["cost_usd"].as_f64());
    assert!(sorted);
    assert_eq!(found["prompts"][0]["again"]["calls"], 2);
    assert_eq!(found["prompts"][0]["cut_off"]["calls"], 1);
}
