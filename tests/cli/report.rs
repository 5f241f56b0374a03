//! `report`: the page, what it says, and what it must not do.

use std::process::Command;

use serde_json::{Value, json};

use super::past::{record, repo};
use super::stats::{Line, outcome};
use crate::env::{Shell, TestEnv, node_modules_with, skipped};

const LOG: &str = ".promptctl/executions.jsonl";

fn calls(prompt: &'static str) -> String {
    let mut text = String::new();
    for number in 0..90 {
        let mut line = Line::new(number);
        line.prompt = prompt;
        line.version = 1 + number % 3;
        line.status = match number % 7 {
            0 => "error",
            3 if number % 2 == 0 => "invalid_output",
            _ => "ok",
        };
        line.cost_usd = (number % 5 > 0).then_some(0.000_1 * f64::from(number + 1));
        text += &line.text();
        if number % 3 == 0 {
            text += &outcome(
                number,
                &json!({"score": f64::from(number) / 90.0, "label": "win"}),
            );
        }
    }
    let mut last = Line::new(99);
    last.time = "2026-11-03T18:00:00.000Z".to_owned();
    text + &last.text()
}

fn page(repo: &Shell, options: &str) -> String {
    let run = repo.run(&format!("promptctl report {options} -o page.html"));
    assert_eq!(run.code, Some(0), "{run}");
    repo.read("page.html")
}

/// The rows of the table with this caption: the texts of their cells, and their whole figures.
fn rows(html: &str, caption: &str) -> Vec<Vec<(String, Option<f64>)>> {
    let table = html
        .split(&format!("<caption>{caption}</caption>"))
        .nth(1)
        .unwrap();
    let table = table.split("</table>").next().unwrap();
    let body = table.split("<tbody>").nth(1).unwrap();
    let cell = |text: &str| {
        let (head, text) = text.split_once('>').unwrap();
        let value = head.split("data-value=\"").nth(1);
        let value = value.map(|it| it.trim_end_matches('"').parse().unwrap());
        (text.split('<').next().unwrap().to_owned(), value)
    };
    let row = |row: &str| {
        row.replace("<th ", "<td ")
            .split("<td")
            .skip(1)
            .map(cell)
            .collect()
    };
    body.split("<tr>").skip(1).map(row).collect()
}

#[test]
fn every_figure_of_a_version_is_that_of_stats() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    let html = page(&repo, "");
    let run = repo.run("promptctl stats --format json");
    let stats: Value = serde_json::from_str(&run.stdout).unwrap();
    let groups = stats["groups"].as_array().unwrap();
    let mut shown = rows(&html, "Versions, the newest first");
    let order: Vec<String> = shown.iter().map(|row| row[2].0.clone()).collect();
    assert_eq!(order, ["v3", "v2", "v1"]);
    shown.reverse();
    assert_eq!(shown.len(), groups.len());
    assert!(groups.len() == 3);
    for (row, group) in shown.iter().zip(groups) {
        let figures: Vec<Option<f64>> = row[3..13].iter().map(|(_, value)| *value).collect();
        let of = |path: &str| group.pointer(path).and_then(Value::as_f64);
        let wanted = [
            "/executions",
            "/success/value",
            "/latency_ms/p50",
            "/latency_ms/p90",
            "/latency_ms/p99",
            "/cost_usd/total",
            "/cost_usd/per_call",
            "/outcomes/coverage",
            "/outcomes/score/mean",
            "/outcomes/win/rate",
        ];
        assert_eq!(figures, wanted.map(of));
        assert_eq!(row[2].0, format!("v{}", group["by"]["version"]));
    }
    // Over time too: each day's figures are those of stats by day.
    let run = repo.run("promptctl stats --by hour --utc --format json");
    let stats: Value = serde_json::from_str(&run.stdout).unwrap();
    let hours = self::rows(&html, "Calls, success and cost by hour");
    assert_eq!(hours.len(), stats["groups"].as_array().unwrap().len());
    for (row, group) in hours.iter().zip(stats["groups"].as_array().unwrap()) {
        assert_eq!(row[0].0, group["by"]["hour"].as_str().unwrap());
        assert_eq!(row[1].1, group["executions"].as_f64());
        assert_eq!(row[2].1, group["success"]["value"].as_f64());
        assert_eq!(row[3].1, group["cost_usd"]["total"].as_f64());
    }
}

#[test]
fn success_failures_and_cost_by_model_over_time_are_those_of_stats() {
    let env = TestEnv::new();
    let repo = env.triage();
    // Eight models, two of which are the others, and one without a price; one is written in two ways.
    let mut log = String::new();
    for number in 0..200 {
        let mut line = Line::new(number);
        line.status = match number % 11 {
            0 => "error",
            5 => "invalid_output",
            7 => "interrupted",
            _ => "ok",
        };
        let model = number % 9;
        line.cost_usd = (model < 8).then_some(0.01 * f64::from(9 - model));
        let name = match model {
            1 if number % 2 == 0 => "openai/m1".to_owned(),
            2 => "<b>&m2".to_owned(),
            model => format!("m{model}"),
        };
        log += &line.text().replace("gpt-5-mini-2025-08-07", &name);
    }
    repo.write(LOG, log);
    let html = page(&repo, "");
    let by = |what: &str| {
        let stats = repo.json(&format!("promptctl stats --by {what} --utc --format json"));
        stats["groups"].as_array().unwrap().clone()
    };
    let hours = by("hour");
    let shown = rows(&html, "Success and failures by hour");
    assert_eq!(shown.len(), hours.len());
    for (row, group) in shown.iter().zip(&hours) {
        let figures: Vec<Option<f64>> = row[1..].iter().map(|(_, value)| *value).collect();
        let count = |name: &str| group[name].as_f64().unwrap();
        let ended = count("executions") - count("interrupted");
        let wanted = [
            count("executions"),
            group["success"]["value"].as_f64().unwrap(),
            count("errors"),
            count("errors") / ended,
            count("invalid"),
            count("invalid") / ended,
            count("interrupted"),
            count("interrupted") / count("executions"),
        ];
        assert_eq!(figures, wanted.map(Some), "{row:?}");
    }
    // Each cell is what these calls cost, the others together, and nothing is lost.
    let shown = rows(&html, "Cost by hour and model");
    let costs = by("hour,model");
    let cost_of = |hour: &str, wanted: &dyn Fn(&str) -> bool| -> f64 {
        let groups = costs.iter().filter(|it| it["by"]["hour"] == hour);
        let groups = groups.filter(|it| {
            wanted(
                it["by"]["model"]
                    .as_str()
                    .unwrap()
                    .trim_start_matches("openai/"),
            )
        });
        groups
            .filter_map(|it| it["cost_usd"]["total"].as_f64())
            .sum()
    };
    let names = ["m0", "m1", "<b>&m2", "m3", "m4", "m5"];
    for row in &shown {
        let hour = &row[0].0;
        for (name, (_, cost)) in names.iter().zip(&row[1..]) {
            let wanted = cost_of(hour, &|model| model == *name);
            assert!(
                (cost.unwrap_or(0.0) - wanted).abs() < 1e-12,
                "{name} {hour}"
            );
        }
        let others = cost_of(hour, &|model| !names.contains(&model));
        assert!((row[7].1.unwrap_or(0.0) - others).abs() < 1e-12, "{hour}");
    }
    assert!(html.contains("<p>others: 2 models that cost less, by the table above</p>"));
    assert!(html.contains("&lt;b&gt;&amp;m2") && !html.contains("<b>"));
    let models = rows(&html, "Models by cost");
    let shares: f64 = models.iter().filter_map(|row| row[3].1).sum();
    assert_eq!(models.len(), 9);
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
    assert_eq!(models[8][0].0, "m8");
    assert_eq!(models[8][4].1, models[8][1].1);
}

#[test]
fn what_a_section_leaves_out_of_a_pruned_log_is_said() {
    let env = TestEnv::new();
    // Four days, which are shown by the hour.
    let repo = repo(&env, &(20..60).map(record).collect::<String>());
    repo.run("promptctl log prune --older-than 30d");
    let run = repo.run("promptctl report -o page.html");
    let html = repo.read("page.html");
    for said in [
        "20 executions that `log prune` took away count too, by their daily sums",
        "All charts over time: left out: 20 executions of which only daily sums are left: they tell no hour",
        "Failures, Where the money goes: left out: 20 executions of which only daily sums are left: each call is looked at here",
    ] {
        assert!(run.stderr.contains(said), "{run}");
        assert!(html.contains(said), "{said}");
    }
    // What all leave out is said once.
    let run =
        repo.run("promptctl report --since 2026-10-03T05:00:00Z --label order=A-20 -o page.html");
    assert_eq!(run.stderr.matches("left out").count(), 1, "{run}");
}

#[test]
fn a_page_stands_alone_and_runs_nothing() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    let html = page(&repo, "");
    let without = html.replace("http://www.w3.org/2000/svg", "");
    for word in [
        "<script", "http:", "https:", "src=", "href=", "url(", "@import", "onload",
    ] {
        assert!(!without.contains(word), "{word}");
    }
    for word in [
        "prefers-color-scheme:dark",
        "@media print",
        "width=device-width",
        "lang=\"en\"",
    ] {
        assert!(html.contains(word), "{word}");
    }
    // Every chart has a title of its own and a table in its section.
    let charts = html.matches("<svg role=\"img\" aria-labelledby=").count();
    // Calls, cost, success, failures, latency and cost by model over time, and success, score and win of each version.
    assert_eq!(charts, 9, "{charts}");
    assert_eq!(html.matches("<title id=\"c").count(), charts);
    for section in html.split("<section").skip(1) {
        assert!(section.contains("<table>"), "{section}");
    }
}

#[test]
fn charts_name_versions_and_lines_and_nothing_is_cut_off() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    let html = page(&repo, "");
    let drawn = |title: &str| {
        let at = html.find(title).unwrap_or_else(|| panic!("{title}"));
        let from = html[..at].rfind("<svg ").unwrap();
        let to = at + html[at..].find("</svg>").unwrap();
        html[from..to].to_owned()
    };
    for (figure, versions) in [("Success", 3), ("Score", 1), ("Win", 1)] {
        let chart = drawn(&format!("{figure} of each version with its interval"));
        let labels = ["v1", "v2", "v3"].map(|it| usize::from(chart.contains(&format!("\n{it}\n"))));
        assert_eq!(labels.iter().sum::<usize>(), versions, "{figure}: {chart}");
    }
    let latency = drawn("Latency by hour, in milliseconds");
    for name in ["p50", "p90", "p99"] {
        assert!(latency.contains(&format!("\n{name}\n")), "{latency}");
    }
    // The last figure of the axis has its room.
    let success = drawn("Success of each version");
    let at = success.find("\n100 %\n").unwrap();
    let text = &success[success[..at].rfind("<text ").unwrap()..at];
    let x: f64 = text
        .split(" x=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(x + 20.0 <= 760.0, "{text}");
    let made = html.split("made ").nth(1).unwrap();
    assert!(
        !made.split(' ').next().unwrap().contains('.'),
        "{}",
        &made[..40]
    );
}

#[test]
fn releases_and_rollbacks_stand_on_the_axis_and_in_a_table() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    repo.ok("promptctl publish support/triage -m 'first <b>'");
    repo.ok("promptctl unpublish support/triage -m 'wrong'");
    let html = page(&repo, "");
    let releases = rows(&html, "Releases, the newest first");
    let said: Vec<&str> = releases.iter().map(|row| row[2].0.as_str()).collect();
    assert_eq!(said, ["unpublish", "publish"]);
    assert_eq!(releases[1][7].0, "first &lt;b&gt;");
    // The one takes something back, and has another colour.
    assert!(html.contains("stroke=\"#2E8B57\"") && html.contains("stroke=\"#C0392B\""));
}

#[test]
fn what_others_wrote_is_nothing_but_text() {
    let env = TestEnv::new();
    let repo = env.triage();
    let evil = "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>\"'";
    let mut log = calls("support/triage");
    for number in 200..240 {
        let mut line = Line::new(number);
        line.prompt = "PLACE";
        line.status = "error";
        let text = line.text().replace("PLACE", &evil.replace('"', "\\\""));
        let error = json!({"code": evil, "message": evil});
        log += &text.replace("\"error\":null", &format!("\"error\":{error}"));
    }
    repo.write(LOG, &log);
    let html = page(&repo, "");
    assert!(html.contains("&lt;script&gt;alert(1)"));
    assert!(!html.contains("<script") && !html.contains("<img"));
    assert_eq!(
        html.matches("</table>").count(),
        html.matches("<table>").count()
    );
}

#[test]
fn a_page_of_nothing_and_one_for_a_pipe_are_pages_too() {
    let env = TestEnv::new();
    let repo = env.triage();
    let html = page(&repo, "");
    assert!(!html.contains("0 calls"), "{html}");
    assert!(html.contains("no executions") && html.ends_with("</html>\n"));
    let run = repo.run("promptctl report --prompt support/");
    assert!(run.stdout.starts_with("<!DOCTYPE html>"), "{run}");
}

#[test]
fn releases_are_those_of_the_environment_that_is_shown() {
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    repo.write(
        "promptctl.yaml",
        "environments: {production: {}, staging: {}}\n",
    );
    repo.git("add promptctl.yaml");
    repo.git("commit -qm environments");
    repo.ok("promptctl publish support/triage --env staging -m 'to staging'");
    repo.ok("promptctl publish support/triage -m 'to production'");
    let html = page(&repo, "");
    assert_eq!(rows(&html, "Releases, the newest first").len(), 2);
    assert!(html.contains("releases to all environments are marked; --env shows one of them"));
    let html = page(&repo, "--env production");
    let releases = rows(&html, "Releases, the newest first");
    assert_eq!(
        (releases.len(), releases[0][5].0.as_str()),
        (1, "production")
    );
    assert!(html.contains("releases to production alone are marked"));
}

#[test]
fn budgets_of_the_day_stand_on_the_page() {
    let env = TestEnv::new();
    let repo = env.triage();
    let today = "2026-11-03T08:00:00.000Z";
    let mut line = Line::new(7);
    (line.time, line.cost_usd) = (today.to_owned(), Some(0.75));
    repo.write(LOG, line.text());
    repo.write(
        "promptctl.yaml",
        "budgets: {perDay: 3, perPrompt: {support/triage: 0.5}}\n",
    );
    let html = page(&repo, "");
    let budgets = rows(&html, "Budgets of the day on which this page was made");
    let figures: Vec<_> = budgets
        .iter()
        .map(|row| (row[0].0.as_str(), row[1].1, row[2].1, row[3].0.as_str()))
        .collect();
    assert_eq!(
        figures,
        [
            ("all prompts", Some(0.75), Some(3.0), "within"),
            ("support/triage", Some(0.75), Some(0.5), "used up")
        ]
    );
    // Of a log that is named, nobody knows the budgets.
    let html = page(&repo, &format!("--log {LOG}"));
    assert!(!html.contains("Budgets"));
}

/// A browser of this machine.
fn chromium() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    names.into_iter().find(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|it| it.status.success())
    })
}

#[test]
fn a_browser_draws_the_page_and_has_nothing_to_complain_of() {
    let Some(browser) = chromium() else {
        skipped("there is no Chromium, so that no browser looked at the page");
        return;
    };
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    page(&repo, "");
    let folder = repo.command("pwd").output().unwrap().stdout;
    let folder = String::from_utf8(folder).unwrap();
    let address = format!("file://{}/page.html", folder.trim());
    let run = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(address)
        .output()
        .unwrap();
    let (dom, said) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert_eq!(dom.matches("<svg ").count(), 9, "{dom}");
    assert!(!said.contains("CONSOLE"), "{said}");
    assert_eq!(
        rows(&dom, "Versions, the newest first"),
        rows(&repo.read("page.html"), "Versions, the newest first")
    );
}

/// Looks at a page in the browser: says what its console says, what axe-core complains of in light and dark and on
/// a phone, and the figures of the table of versions.
const LOOK: &str = r#"
const { chromium } = require('playwright-core');
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
(async () => {
    const [executablePath, page_of] = process.argv.slice(1);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    const found = { console: [], axe: [], cells: [], wide: [] };
    for (const [colorScheme, width] of [['light', 1280], ['dark', 1280], ['light', 375]]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
        const page = await context.newPage();
        page.on('console', it => found.console.push(it.text()));
        page.on('pageerror', it => found.console.push(String(it)));
        page.on('request', it => it.url() === page_of || found.console.push(it.url()));
        await page.goto(page_of);
        await page.evaluate(axe);
        const said = await page.evaluate(() => axe.run());
        found.axe.push(...said.violations.map(it => `${colorScheme} ${width}: ${it.id}: ${it.nodes[0].html}`));
        found.wide.push(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
        found.charts = await page.evaluate(() =>
            [...document.querySelectorAll('svg')].filter(it => it.getBoundingClientRect().height > 50).length);
        found.letters = await page.evaluate(() =>
            Math.min(...[...document.querySelectorAll('svg text')].map(it => it.getBoundingClientRect().height)));
        found.cells = await page.evaluate(() =>
            [...document.querySelectorAll('table')].find(it => it.caption.innerText.startsWith('Versions'))
                .querySelectorAll('tbody [data-value]').length);
    }
    await browser.close();
    console.log(JSON.stringify(found));
})();
"#;

#[test]
fn a_browser_finds_the_page_accessible_in_light_dark_and_on_a_phone() {
    let Some(modules) = node_modules_with(&["playwright-core", "axe-core"]) else {
        return;
    };
    let Some(browser) = chromium() else {
        return skipped("there is no Chromium, so that nothing looked for what is not accessible");
    };
    let env = TestEnv::new();
    let repo = env.triage();
    repo.write(LOG, calls("support/triage"));
    repo.write("promptctl.yaml", "budgets: {perDay: 3}\n");
    repo.ok("promptctl publish support/triage -m first");
    page(&repo, "");
    let folder = repo.command("pwd").output().unwrap().stdout;
    let folder = String::from_utf8(folder).unwrap();
    let browser = Command::new("which").arg(browser).output().unwrap().stdout;
    let run = Command::new("node")
        .args(["-e", LOOK])
        .arg(String::from_utf8(browser).unwrap().trim())
        .arg(format!("file://{}/page.html", folder.trim()))
        .env("NODE_PATH", modules)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{error}");
    let found: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(found["console"], json!([]));
    assert_eq!(found["axe"], json!([]));
    assert_eq!(
        (&found["charts"], &found["wide"]),
        (&json!(9), &json!([true, true, true]))
    );
    let letters = found["letters"].as_f64();
    assert!(
        letters.is_some_and(|it| it > 8.0),
        "{letters:?} px on a phone"
    );
    let versions = rows(&repo.read("page.html"), "Versions, the newest first");
    let figures = versions.iter().flatten().filter(|cell| cell.1.is_some());
    assert_eq!(found["cells"], figures.count());
}

#[test]
fn evaluations_that_tags_hold_stand_on_the_page() {
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.add(
        "triage",
        "\
model: openai/echo
messages:
  - role: user
    content: \"{{ticket}}\"
testData:
  - {ticket: billing please, expected: billing}
  - {ticket: tech please, expected: tech}
evaluators:
  - name: right queue
    string: {contains: \"{{expected}}\"}
",
    );
    ada.git("push --quiet origin main");
    ada.write(LOG, calls("triage"));
    assert!(!page(&ada, "").contains("Evaluations"));
    ada.ok("promptctl eval triage --record");
    let found = rows(
        &page(&ada, ""),
        "Evaluations that tags hold, the newest first",
    );
    let texts: Vec<&str> = found[0].iter().map(|cell| cell.0.as_str()).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(texts[..4], ["triage", "v1", "2 of 2", "pass"], "{texts:?}");
    assert_eq!(found[0][2].1, Some(1.0));
}
