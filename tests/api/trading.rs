//! Trading from end to end: signals by two strategies and two variants, what became of them, and who did best.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::server::{Reply, Server};

/// A good answer to the daily prompt, from the sample answers.
fn answer() -> String {
    let file = crate::env::top().join("tests/answers/trading/daily-chart-analysis.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let answers: Value = serde_yaml::from_str(&text).unwrap();
    answers["answers"][0]["good"].as_str().unwrap().to_owned()
}

fn signals(strategy: &str, count: usize) -> String {
    let signal = |number: usize| {
        json!({
            "id": format!("{strategy}-{number}"),
            "symbol": "ACME",
            "as_of": "2026-03-06",
            "chart_url": "https://example.com/acme.png",
            "last_close": 142.6,
            "change": 0.018,
            "trend_score": 0.6,
            "momentum_score": 0.4,
        })
        .to_string()
            + "\n"
    };
    (0..count).map(signal).collect()
}

#[test]
fn four_hundred_signals_of_two_strategies_have_their_outcomes() {
    let text = answer();
    let server = Server::answering(move |_| Reply::answer(&text));
    let env = TestEnv::new();
    let repo = server.repo(&env);
    repo.ok("promptctl seed trading");
    let mut table = String::from("id,label,r_multiple,profit\n");
    for (name, edge) in [
        ("trading/daily-chart-analysis", 0.9),
        ("trading/daily-chart-analysis --variant zh", 0.3),
    ] {
        for (strategy, shift) in [("breakout", 0.0), ("reversal", -0.2)] {
            let line = format!(
                "promptctl run {name} --inputs - --label strategy={strategy} --label desk=eu --concurrency 4"
            );
            let run = repo.run_with(&line, signals(strategy, 100));
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            for (at, result) in run.stdout.lines().enumerate() {
                let result: Value = serde_json::from_str(result).unwrap();
                let noise = f64::from((at as u32 * 37) % 100) / 50.0 - 1.0;
                let r_multiple = ((edge + shift + 1.5 * noise) * 100.0_f64).round() / 100.0;
                let label = if r_multiple > 0.0 { "win" } else { "loss" };
                table += &format!(
                    "{},{label},{r_multiple},{}\n",
                    result["id"].as_str().unwrap(),
                    r_multiple * 250.0
                );
            }
        }
    }
    assert_snapshot!(repo.run_with("promptctl outcome -", &table), @"outcome recorded for 400 executions");
    let stats = repo.json("promptctl stats --by variant,label:strategy --format json");
    let groups = stats["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 4);
    for group in groups {
        assert_eq!(group["executions"], 100);
        assert_eq!(group["outcomes"]["coverage"], 1.0);
        let metrics = &group["outcomes"]["metrics"];
        let (r, profit) = (&metrics["r_multiple"]["sum"], &metrics["profit"]["sum"]);
        let ratio = profit.as_f64().unwrap() / r.as_f64().unwrap();
        assert!((ratio - 250.0).abs() < 1e-6, "{group}");
    }
    assert_snapshot!(repo.with("PROMPTCTL_WIDTH", "120").play(
        "promptctl stats --by variant,label:strategy
         promptctl leaderboard --by variant --metric r_multiple
         promptctl leaderboard --by variant --metric win"
    ), @"
    $ promptctl stats --by variant,label:strategy
    VARIANT  LABEL:STRATEGY  CALLS               SUCCESS     COST  COVERAGE           WIN         PROFIT         R_MULTIPLE
    zh       breakout          100  100.0 % (96.3–100.0)  $0.0405   100.0 %  59 % (49–68)    71 (28–114)   0.28 (0.11–0.46)
    zh       reversal          100  100.0 % (96.3–100.0)  $0.0405   100.0 %  53 % (43–62)    21 (-22–64)  0.09 (-0.09–0.26)
    -        breakout          100  100.0 % (96.3–100.0)  $0.0405   100.0 %  79 % (70–86)  221 (178–264)   0.89 (0.71–1.06)
    -        reversal          100  100.0 % (96.3–100.0)  $0.0405   100.0 %  73 % (64–81)  171 (128–214)   0.69 (0.51–0.86)
    --- stderr
    no room for p50, p90, p99, per call, per win, tokens in/out, last used, over time; --format csv has all columns
    $ promptctl leaderboard --by variant --metric r_multiple
    RANK  PROMPT                           VARIANT  R_MULTIPLE      LOW    HIGH    N  COVERAGE  FIRST USED  LAST USED
    1     trading/daily-chart-analysis     -             0.785   0.6631  0.9069  200   100.0 %  2026-11-03  2026-11-03
    2     trading/daily-chart-analysis.zh  zh            0.185  0.06314  0.3069  200   100.0 %  2026-11-03  2026-11-03
    --- stderr
    it describes what was used and decides nothing; each call counts as independent
    $ promptctl leaderboard --by variant --metric win
    RANK  PROMPT                           VARIANT     WIN     LOW    HIGH    N  COVERAGE  FIRST USED  LAST USED
    1     trading/daily-chart-analysis     -        76.0 %  69.6 %  81.4 %  200   100.0 %  2026-11-03  2026-11-03
    2     trading/daily-chart-analysis.zh  zh       56.0 %  49.1 %  62.7 %  200   100.0 %  2026-11-03  2026-11-03
    --- stderr
    it describes what was used and decides nothing; each call counts as independent
    ");
}
