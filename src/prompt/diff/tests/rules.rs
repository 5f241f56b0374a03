//! Every rule of the table, with a change to which it applies.

use serde_json::{Value, json};

use super::support::{base, diff, with};
use crate::prompt::diff::{Impact, RULES, Status};

const IN: &str = "/input/schema";
const OUT: &str = "/jsonSchema/schema";

/// For each rule, edits of the base to which it applies and that no worse rule touches.
fn cases() -> Vec<(&'static str, Vec<(String, Value)>)> {
    let input = |path: &str| format!("{IN}{path}");
    let output = |path: &str| format!("{OUT}{path}");
    let at = |path: &str| path.to_owned();
    let message = |role: &str, content: &str| json!({"role": role, "content": content});
    vec![
        (
            "variable-required",
            vec![
                (input("/properties/shop"), json!({"type": "boolean"})),
                (input("/required"), json!(["ticket", "shop"])),
            ],
        ),
        (
            "variable-needed",
            vec![
                (input("/required"), json!(["ticket", "locale"])),
                (input("/properties/locale/default"), Value::Null),
            ],
        ),
        (
            "variable-removed",
            vec![(input("/properties/customer"), Value::Null)],
        ),
        (
            "variable-renamed",
            vec![
                (input("/properties/ticket"), Value::Null),
                (
                    input("/properties/ticket_text"),
                    json!({"type": "string", "maxLength": 500}),
                ),
                (input("/required"), json!(["ticket_text"])),
            ],
        ),
        (
            "input-type-narrowed",
            vec![(
                input("/properties/customer/properties/plan/type"),
                json!("string"),
            )],
        ),
        (
            "input-enum-narrowed",
            vec![(input("/properties/locale/enum"), json!(["en"]))],
        ),
        (
            "input-tightened",
            vec![(input("/properties/ticket/maxLength"), json!(200))],
        ),
        (
            "input-undecided",
            vec![(input("/properties/ticket/not"), json!({"const": ""}))],
        ),
        (
            "variable-default",
            vec![(input("/properties/locale/default"), json!("de"))],
        ),
        (
            "variable-optional",
            vec![(input("/properties/shop"), json!({"type": "string"}))],
        ),
        ("variable-spared", vec![(input("/required"), json!([]))]),
        (
            "input-widened",
            vec![(input("/properties/locale/enum"), json!(["en", "de", "fr"]))],
        ),
        (
            "response-format",
            vec![(at("/responseFormat"), json!("text"))],
        ),
        (
            "output-property-removed",
            vec![
                (output("/properties/queue"), Value::Null),
                (output("/required"), json!(["lines"])),
            ],
        ),
        (
            "output-property-optional",
            vec![(output("/required"), json!(["queue"]))],
        ),
        (
            "output-type-widened",
            vec![(
                output("/$defs/line/properties/text/type"),
                json!(["string", "null"]),
            )],
        ),
        (
            "output-enum-widened",
            vec![(
                output("/properties/queue/enum"),
                json!(["billing", "tech", "sales"]),
            )],
        ),
        (
            "output-loosened",
            vec![(output("/properties/lines/maxItems"), json!(5))],
        ),
        (
            "output-opened",
            vec![(output("/additionalProperties"), Value::Null)],
        ),
        (
            "output-lenient",
            vec![(at("/jsonSchema/strict"), json!(false))],
        ),
        (
            "output-undecided",
            vec![(
                output("/properties/lines/items"),
                json!({"$ref": "https://example.com/line.json"}),
            )],
        ),
        (
            "output-property-added",
            vec![
                (output("/properties/reply"), json!({"type": "string"})),
                (output("/required"), json!(["queue", "lines", "reply"])),
            ],
        ),
        (
            "output-narrowed",
            vec![(output("/properties/queue/enum"), json!(["billing"]))],
        ),
        (
            "output-described",
            vec![(
                output("/properties/queue/description"),
                json!("Where it goes."),
            )],
        ),
        (
            "role-structure",
            vec![(at("/messages/-"), message("assistant", "Sure:"))],
        ),
        (
            "message-form",
            vec![(
                at("/messages/1/content"),
                json!([{"type": "text", "text": "I was charged twice for one order"}]),
            )],
        ),
        (
            "message-added",
            vec![(
                at("/messages/3/content/-"),
                json!({"type": "image", "url": "https://example.com/b.png"}),
            )],
        ),
        ("message-removed", vec![(at("/messages/2"), Value::Null)]),
        (
            "message-order",
            vec![
                (
                    at("/messages/1"),
                    message("assistant", "This belongs to the billing queue"),
                ),
                (
                    at("/messages/2"),
                    message("user", "I was charged twice for one order"),
                ),
            ],
        ),
        (
            "message-role",
            vec![(at("/messages/0/role"), json!("developer"))],
        ),
        (
            "attachment",
            vec![(at("/messages/3/content/1/detail"), json!("high"))],
        ),
        ("model", vec![(at("/model"), json!("openai/gpt-5"))]),
        (
            "parameter",
            vec![(at("/modelParameters/maxTokens"), json!(600))],
        ),
        ("model-removed", vec![(at("/model"), Value::Null)]),
        (
            "parameter-unsent",
            vec![(at("/modelParameters/seed"), json!(7))],
        ),
        ("tools", vec![(at("/extraBody/tools/0/name"), json!("see"))]),
        ("extra-body", vec![(at("/extraBody/store"), json!(true))]),
        (
            "stored-prompt",
            vec![(at("/openai/promptVersion"), json!("7"))],
        ),
        (
            "text",
            vec![(
                at("/messages/1/content"),
                json!("I was charged thrice for one order"),
            )],
        ),
        (
            "text-moved",
            vec![(
                at("/messages/0/content"),
                json!(
                    "{{> tone}}\nNever promise a refund before it is approved.\nYou sort the tickets of a bank into queues. Answer in {{locale}} with one sentence."
                ),
            )],
        ),
        ("partial", vec![(at("/partials/sign"), json!("!"))]),
        (
            "partials-included",
            vec![(
                at("/messages/0/content"),
                json!(
                    "Be kind and brief in every answer.\nYou sort the tickets of a bank into queues. Answer in {{locale}} with one sentence.\nNever promise a refund before it is approved."
                ),
            )],
        ),
        ("model-spelling", vec![(at("/model"), json!("gpt-5-mini"))]),
        (
            "not-content",
            vec![
                (at("/description"), json!("Sorts incoming tickets.")),
                (at("/testData/-"), json!({"ticket": "c"})),
            ],
        ),
    ]
}

#[test]
fn every_rule_applies_to_its_case_and_decides_the_impact() {
    let mut seen = vec!["prompt-added", "prompt-removed", "prompt-renamed"];
    for (id, edits) in cases() {
        let edits: Vec<(&str, Value)> = edits
            .iter()
            .map(|(path, value)| (path.as_str(), value.clone()))
            .collect();
        let diff = diff(&base(), &with(base(), &edits));
        let rule = RULES.iter().find(|rule| rule.id == id).expect(id);
        let rules: Vec<&str> = diff
            .changes
            .iter()
            .map(|change| change.rule)
            .chain(diff.contract.iter().map(|note| note.rule))
            .collect();
        assert!(rules.contains(&id), "{id}: {rules:?}");
        assert_eq!(
            (diff.impact, diff.status),
            (rule.impact, Status::Changed),
            "{id}: {diff:#?}"
        );
        seen.push(id);
    }
    for rule in RULES {
        assert!(seen.contains(&rule.id), "{} has no case", rule.id);
    }
}

#[test]
fn a_format_in_extra_body_counts_like_one_of_the_file() {
    let format = |file: Value| {
        with(
            file,
            &[("/extraBody/text", json!({"format": {"type": "text"}}))],
        )
    };
    let added = diff(&base(), &format(base()));
    assert_eq!(added.impact, Impact::Breaking);
    assert_eq!(
        added.contract[0].message,
        "the answer was `json_schema` and is `text`: callers that read it must change"
    );
    let change = &added.changes[0];
    assert_eq!(
        (change.path.as_str(), change.rule),
        ("extraBody.text", "response-format")
    );
    // What the file says below it counts no more.
    let hidden = with(
        format(base()),
        &[
            ("/responseFormat", json!("text")),
            ("/jsonSchema", Value::Null),
        ],
    );
    assert!(diff(&format(base()), &hidden).impact < Impact::Breaking);

    let schema = |of: &str| {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": of}}, "required": ["a"]});
        let plain = with(
            base(),
            &[
                ("/responseFormat", Value::Null),
                ("/jsonSchema", Value::Null),
            ],
        );
        let format = json!({"type": "json_schema", "name": "n", "strict": true, "schema": schema});
        with(plain, &[("/extraBody/text", json!({"format": format}))])
    };
    let moved = diff(&schema("string"), &schema("integer"));
    assert_eq!(moved.impact, Impact::Breaking);
    assert_eq!(
        (moved.changes[0].path.as_str(), moved.changes[0].rule),
        (
            "extraBody.text.format.schema.properties.a.type",
            "output-type-widened"
        )
    );
}

#[test]
fn a_parameter_without_effect_is_no_change_for_anyone() {
    for name in [
        "stop",
        "seed",
        "frequencyPenalty",
        "presencePenalty",
        "topK",
        "author",
    ] {
        let with = with(base(), &[(&format!("/modelParameters/{name}"), json!(1))]);
        let diff = diff(&base(), &with);
        assert_eq!(
            (diff.impact, diff.status),
            (Impact::None, Status::Changed),
            "{name}"
        );
    }
}
