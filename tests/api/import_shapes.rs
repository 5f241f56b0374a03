//! Every shape of the recorded answers, as a stored prompt that comes back byte for byte.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::import::{ID, with};
use crate::env::{TestEnv, skipped, top};
use crate::store_of_prompts::{Prompts, Version};

/// Gives these messages to the store, imports them, and compares: the templates, and what they
/// render to with these values.
#[track_caller]
fn comes_back(messages: &[(&'static str, &str)], values: &[(&str, &str)], kinds: Value) {
    let env = TestEnv::new();
    let version = Version::new(messages);
    let (_server, repo) = with(&env, &Prompts::new(ID, 1, vec![version.clone()]));
    let scanned =
        json!({"findings": [{"id": ID, "name": "p", "stored": {"id": ID, "variables": kinds}}]});
    let run = repo.run_with("promptctl import - --strict", scanned.to_string());
    assert_eq!(run.code, Some(0), "{run}");
    let shown = repo.json("promptctl show p --format json");
    let templates: Vec<(&str, &str)> = shown["document"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["role"].as_str().unwrap(),
                it["content"].as_str().unwrap(),
            )
        })
        .collect();
    let stored: Vec<(&str, String)> = messages
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(role, text)| (*role, text.replace("\r\n", "\n")))
        .collect();
    assert_eq!(
        templates,
        stored
            .iter()
            .map(|(role, text)| (*role, text.as_str()))
            .collect::<Vec<_>>()
    );
    if values.is_empty() {
        return;
    }
    let values: BTreeMap<String, String> = values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    repo.write("values.json", serde_json::to_string(&values).unwrap());
    let rendered = repo.json("promptctl render p --format json --vars values.json");
    let rendered: Vec<&str> = rendered["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["content"].as_str().unwrap())
        .collect();
    let filled: Vec<String> = version
        .filled(&values)
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(|text| text.replace("\r\n", "\n"))
        .collect();
    assert_eq!(rendered, filled);
}

fn texts(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({"name": name, "kind": "text"}))
        .collect()
}

#[test]
fn values_that_stand_in_each_other_do_not_blur_the_template() {
    comes_back(
        &[
            ("developer", ""),
            ("user", "I met the {{longer}} and one more {{shorter}}"),
        ],
        &[("longer", "dog of the house"), ("shorter", "dog")],
        texts(&["longer", "shorter"]),
    );
}

#[test]
fn an_empty_value_at_the_end_leaves_its_place() {
    comes_back(
        &[
            ("developer", ""),
            ("user", "I met the {{longer}} and one more {{shorter}}"),
        ],
        &[("longer", "dog of the house"), ("shorter", "")],
        texts(&["longer", "shorter"]),
    );
}

#[test]
fn a_value_that_is_a_part_of_words_is_placed_once() {
    comes_back(
        &[("user", "We try {{it}}: trying, tries, and {{it}}s. try")],
        &[("it", "try")],
        texts(&["it"]),
    );
}

#[test]
fn special_characters_stay_as_they_are() {
    comes_back(
        &[(
            "user",
            "Pay ${{price}} & <b>{{note}}</b> \"now\" 100% #1 \u{e9}\u{1f389}\t'{{price}}'",
        )],
        &[("price", "$12.50"), ("note", "a <b> & \"c\" {{price}} \\")],
        texts(&["note", "price"]),
    );
}

#[test]
fn pictures_and_files_keep_their_places_among_texts() {
    comes_back(
        &[
            ("developer", ""),
            (
                "user",
                "Look at this:\n\nSaid: {{said}}\nFirst picture: {{one}}\nPaper: {{paper}}\nSecond picture: {{two}}\n\nTell all.",
            ),
        ],
        &[],
        json!([{"name": "said", "kind": "text"}, {"name": "one", "kind": "image"}, {"name": "paper", "kind": "file"}, {"name": "two", "kind": "image"}]),
    );
}

#[test]
fn thirteen_messages_with_empty_ones_keep_their_order_and_roles() {
    comes_back(
        &[
            ("system", ""),
            ("user", "One {{a}}"),
            ("assistant", "Yes."),
            ("assistant", "And more."),
            ("user", "Two\r\nlines {{b}}\r\n"),
            ("assistant", "{\"a\": \"{{a}}\"}"),
            ("user", "Three "),
            ("assistant", " Four"),
            ("user", "Five"),
            ("assistant", "Six\r\n"),
            ("user", "Seven {{a}}{{b}}"),
            ("assistant", "Eight"),
            ("user", ""),
        ],
        &[("a", "x"), ("b", "y\n")],
        texts(&["a", "b"]),
    );
}

#[test]
fn line_ends_of_windows_become_those_of_a_file() {
    comes_back(
        &[
            ("developer", "Rules:\r\n- {{a}}\r\n\r\n- b\r\n"),
            ("user", "\r\n{{a}}\r\n"),
        ],
        &[("a", "x")],
        texts(&["a"]),
    );
}

/// The template of a recorded answer, as far as its values can be told apart, and their kinds.
fn template_of(recorded: &Value) -> (Vec<(&'static str, String)>, Value) {
    let variables = recorded["response"]["prompt"]["variables"]
        .as_object()
        .unwrap();
    let mut by_length: Vec<(&String, &str)> = variables
        .iter()
        .filter_map(|(name, value)| Some((name, value["text"].as_str()?)))
        .collect();
    by_length.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    let of_part = |part: &Value| match part["text"].as_str() {
        Some(text) => by_length
            .iter()
            .fold(text.to_owned(), |text, (name, value)| {
                match value.is_empty() {
                    // It stood at the end.
                    true => format!("{text}{{{{{name}}}}}"),
                    false => text.replacen(value, &format!("{{{{{name}}}}}"), 1),
                }
            }),
        None => {
            let is_it = |value: &Value| {
                ["file_id", "file_url", "image_url"]
                    .iter()
                    .any(|key| value[*key].is_string() && value[*key] == part[*key])
            };
            let (name, _) = variables.iter().find(|(_, value)| is_it(value)).unwrap();
            format!("{{{{{name}}}}}")
        }
    };
    let messages = recorded["response"]["instructions"].as_array().unwrap();
    let messages = messages.iter().map(|message| {
        let role = match message["role"].as_str().unwrap() {
            "system" => "system",
            "developer" => "developer",
            "assistant" => "assistant",
            _ => "user",
        };
        let parts = message["content"].as_array().unwrap();
        (role, parts.iter().map(of_part).collect())
    });
    let kinds = variables.iter().map(|(name, value)| {
        let kind = match value["type"].as_str().unwrap() {
            "input_image" => "image",
            "input_file" => "file",
            _ => "text",
        };
        json!({"name": name, "kind": kind})
    });
    (messages.collect(), kinds.collect())
}

#[test]
fn the_templates_of_recorded_answers_come_back() {
    let folder = top().join("../shared/corpus/openai-stored");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        skipped("there is no ../shared/corpus/openai-stored, so no recorded answer is tried");
        return;
    };
    let mut tried = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let recorded: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let (messages, kinds) = template_of(&recorded);
        let messages: Vec<(&'static str, &str)> = messages
            .iter()
            .map(|(role, text)| (*role, text.as_str()))
            .collect();
        let texts: Vec<(String, String)> = recorded["response"]["prompt"]["variables"]
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value["text"].as_str()?.to_owned())))
            .collect();
        let is_text = kinds.as_array().unwrap().len() == texts.len();
        let values: Vec<(&str, &str)> = texts
            .iter()
            .filter(|_| is_text)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        comes_back(&messages, &values, kinds);
        tried += 1;
    }
    assert!(tried > 0);
}
