//! The part of the schema about cases and evaluators.

use serde_json::{Map, Value, json};

use super::{Properties, named};
use crate::prompt::document::MAX_REPEAT;
use crate::prompt::evaluate;

pub(super) fn cases() -> Properties {
    named([
        (
            "testData",
            json!({
                "description": "Cases kept with the prompt: variables, and `expected`.",
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {
                        "expected": { "description": "What the answer should be, any JSON: `{{expected}}` in an evaluator." },
                        // Where `case` is a variable, it is anything, and the key is `$case`.
                        "case": { "if": { "type": "object" }, "then": { "$ref": "#/$defs/case" } },
                        "$case": { "$ref": "#/$defs/case" },
                    },
                },
            }),
        ),
        (
            "datasets",
            json!({
                "description": "Files with more cases, from the top of the repository.",
                "type": ["array", "string", "null"],
                "items": { "type": "string", "pattern": "\\.(jsonl|json|yaml|yml|csv)$" },
                "examples": [["datasets/triage.jsonl"]],
            }),
        ),
        (
            "eval",
            json!({
                "description": "How the cases are run, and what the prompt has to reach. Not content.",
                "type": ["object", "null"],
                "properties": {
                    "repeat": {
                        "description": "How often each case is asked; once when left out.",
                        "type": ["integer", "null"],
                        "minimum": 1,
                        "maximum": MAX_REPEAT,
                    },
                    "minPassRate": {
                        "description": "The part of the cases that has to pass; all of them when left out.",
                        "type": ["number", "null"],
                        "minimum": 0,
                        "maximum": 1,
                    },
                    "margin": {
                        "description": "The loss against another version that counts as none; 0.05 when left out.",
                        "type": ["number", "null"],
                        "minimum": 0,
                        "maximum": 1,
                    },
                    "judge": {
                        "description": "The judge that is asked where an evaluator names none.",
                        "type": ["string", "null"],
                        "examples": ["judges/default"],
                    },
                },
            }),
        ),
        (
            "evaluators",
            json!({
                "description": "Checks of each answer.",
                "type": ["array", "null"],
                "items": { "$ref": "#/$defs/evaluator" },
            }),
        ),
    ])
}

/// What a case says of itself.
pub(super) fn case() -> Value {
    let text = |description: &str| json!({ "description": description, "type": ["string", "number", "null"] });
    let flag =
        |description: &str| json!({ "description": description, "type": ["boolean", "null"] });
    json!({
        "type": "object",
        "properties": {
            "id": text("The case's id, else one made of its variables. It pairs the case with that of another version."),
            "tags": {
                "description": "Words to choose cases by, such as `smoke` or `hostile`.",
                "type": ["array", "string", "null"],
                "items": { "type": ["string", "number"] },
            },
            "weight": {
                "description": "How much the case counts in the mean score; 1 when left out.",
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
            },
            "group": text("What belongs together, such as the turns of one conversation."),
            "repeat": {
                "description": "How often this case is asked.",
                "type": ["integer", "null"],
                "minimum": 1,
                "maximum": MAX_REPEAT,
            },
            "required": flag("Whether the case has to pass, whatever the rate."),
            "evaluators": {
                "description": "Checks of this case, beside those of the prompt.",
                "type": ["array", "null"],
                "items": { "$ref": "#/$defs/evaluator" },
            },
            "skip": text("Why the case is not asked."),
            "rule": text("What the case is there to try."),
            "source": {
                "description": "Where the case came from; `human` when left out.",
                "enum": ["human", "generated", "log", null],
            },
            "reviewed": flag("Whether a person has looked at it."),
            "human": {
                "description": "What a person says of the answer, by evaluator.",
                "type": ["object", "null"],
            },
            "note": text("For people."),
        },
    })
}

pub(super) fn evaluator() -> Value {
    let name = json!({ "description": "What is checked, for people.", "type": "string" });
    let mut properties = Map::new();
    properties.insert("name".to_owned(), name);
    properties.extend(evaluate::properties());
    json!({ "type": "object", "properties": properties, "additionalProperties": true })
}
