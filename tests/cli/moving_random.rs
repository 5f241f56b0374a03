//! Random expressions of Jinja, imported and rendered here, held against what Jinja2 renders: what is
//! not refused, and of which nothing is said, is the same to the letter.

use serde_json::{Map, Value, json};

use super::moving_suites::{messages_of, rendered_there};
use crate::env::TestEnv;

/// The next of a row of numbers that is the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % count
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

const VALUES: &[&str] = &[
    "s",
    "ten",
    "nine",
    "empty",
    "n",
    "neg",
    "f",
    "yes",
    "no",
    "nil",
    "list",
    "nums",
    "map",
    "ws",
    "uni",
    "one",
    "zero",
    "gone",
    "nulls",
    "map.key",
    "map['a b']",
    "map.items",
    "list[0]",
    "list['0']",
    "s[0]",
    "s.upper",
    "nums.count",
    "mixed[0]",
    "mixed[1]",
    "range",
    "self",
    "\"a\"",
    "'10'",
    "\"\"",
    "' b\\t'",
    "1",
    "0",
    "-1",
    "10",
    "1.0",
    "2.5",
    "-0.0",
    "9223372036854775808",
    "123456789012345680000",
    "true",
    "False",
    "none",
    "None",
    "null",
];
const FILTERS: &[&str] = &[
    "upper",
    "lower",
    "trim",
    "first",
    "last",
    "abs",
    "length",
    "count",
    "safe",
    "default('d')",
    "d(1)",
    "default(none)",
    "join(', ')",
    "join",
    "title",
    "int",
    "default(s, true)",
];
const SIGNS: &[&str] = &[
    "==", "!=", "<", "<=", ">", ">=", "+", "//", "%", "*", "~", "and", "or", "in",
];

fn expression(numbers: &mut Numbers, depth: usize) -> String {
    match numbers.below(if depth == 0 { 3 } else { 10 }) {
        0..=2 => numbers.one(VALUES).to_owned(),
        3 | 4 => format!(
            "{} | {}",
            expression(numbers, depth - 1),
            numbers.one(FILTERS)
        ),
        5 | 6 => format!(
            "{} {} {}",
            expression(numbers, depth - 1),
            numbers.one(SIGNS),
            expression(numbers, 0)
        ),
        7 => format!("({})", expression(numbers, depth - 1)),
        8 => format!("not {}", expression(numbers, depth - 1)),
        _ => format!("-{}", numbers.one(VALUES)),
    }
}

fn template(numbers: &mut Numbers) -> String {
    let blank = numbers.one(&[
        " ", "\u{1c}", "\u{1f}", "\u{85}", "\u{200b}", "\u{feff}", "\u{180e}", "\r", "\n", "a",
    ]);
    match numbers.below(4) {
        0 => format!("{{{{ {} }}}}", expression(numbers, 2)),
        1 => format!(
            "{{{{ {} if {} else {} }}}}",
            expression(numbers, 1),
            expression(numbers, 1),
            expression(numbers, 0)
        ),
        2 => format!(
            "{{% if {} %}}T{{% elif {} %}}E{{% else %}}F{{% endif %}}",
            expression(numbers, 2),
            expression(numbers, 1)
        ),
        _ => format!(
            ".{blank}{{%- if yes -%}}{blank}x{blank}{{%- endif +%}}{blank}{{{{ {} }}}}{blank}",
            expression(numbers, 0)
        ),
    }
}

#[test]
fn nothing_of_jinja_is_rendered_otherwise_in_silence() {
    compare("jinja2", "j2", 220);
}

#[test]
fn nothing_of_nunjucks_is_rendered_otherwise_in_silence() {
    compare("nunjucks", "njk", 900);
}

/// What is noted of nearly every template of Nunjucks, and is of no account for texts and whole numbers.
const OF_NUNJUCKS: [&str; 3] = [
    "null, lists, maps and numbers such as 1.0 print",
    "a list or map counts as a condition",
    "Nunjucks writes `<`",
];

/// Imports templates by chance, and compares what they render with their own engine.
fn compare(engine: &str, ending: &str, count: usize) {
    let env = TestEnv::new();
    let repo = env.repo();
    repo.ok("git commit --quiet --allow-empty --message start");
    let values = json!({
        "s": "V b", "ten": "10", "nine": "9", "empty": "", "n": 3, "neg": -7, "f": 2.5, "yes": true, "no": false, "nil": [],
        "list": ["a", "b"], "nums": [3, 1], "map": { "key": "K", "items": "it", "a b": "sp" }, "ws": " \u{1c}A\u{200b}\u{feff}",
        "uni": "ß ŉ İ ΑΣ", "one": 1, "zero": 0, "nulls": null, "mixed": [true, null, 1.5],
    });
    let mut numbers = Numbers(17);
    let templates: Vec<String> = (0..count).map(|_| template(&mut numbers)).collect();
    let case = |text: &String| json!({ "engine": engine, "template": text, "values": values });
    let cases: Vec<Value> = templates.iter().map(case).collect();
    let Some(there) = rendered_there(&repo, &cases) else {
        return;
    };
    for (index, text) in templates.iter().enumerate() {
        repo.write(&format!("j/t{index}.{ending}"), text);
    }
    let run = repo.run("promptctl import j --format json");
    let shown: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run}"));
    let mut compared = 0;
    for prompt in shown["prompts"].as_array().unwrap() {
        let name = prompt["name"].as_str().unwrap();
        let lost = prompt["lost"].as_array().unwrap();
        let may_be = |it: &Value| {
            let said = it["message"].as_str().unwrap();
            engine == "nunjucks" && OF_NUNJUCKS.iter().any(|note| said.starts_with(note))
        };
        if prompt["action"] != "created" || !lost.iter().all(may_be) {
            continue;
        }
        let index: usize = name.rsplit('t').next().unwrap().parse().unwrap();
        let variables = repo.json(&format!("promptctl show {name} --format json"));
        let given: Map<String, Value> = variables["variables"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| {
                let name = it["name"].as_str().unwrap();
                Some((name.to_owned(), values.get(name)?.clone()))
            })
            .collect();
        let is_plain = |it: &Value| it.is_string() || it.is_i64();
        if !lost.is_empty() && !given.values().all(is_plain) {
            continue;
        }
        // What is an error on one side is no silent difference.
        if let (Some(found), Some(expected)) =
            (messages_of(&repo, name, &given), there[index].as_str())
        {
            assert_eq!(found[0].1, expected, "{:?}", templates[index]);
            compared += 1;
        }
    }
    assert!(compared >= 25, "{compared}");
}
