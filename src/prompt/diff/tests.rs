//! Every rule of the table, and what holds for all comparisons.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::prompt::document::{
    Attachment, Message, Object, Origin, Part, ResponseFormat, Role, Text,
};
use crate::prompt::finding::Position;
use crate::prompt::template::Partial;

/// The document that a file with this content would give.
pub(crate) fn document(file: Value) -> Document {
    let Value::Object(raw) = file else {
        panic!("a prompt file is a map")
    };
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let object = |key: &str| raw.get(key).and_then(Value::as_object).cloned();
    let objects = |key: &str| -> Vec<Object> {
        let list = raw
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        list.into_iter()
            .filter_map(|item| item.as_object().cloned())
            .collect()
    };
    let format = text("responseFormat").map(|format| match format.as_str() {
        "json_object" => ResponseFormat::JsonObject,
        "json_schema" => ResponseFormat::JsonSchema,
        _ => ResponseFormat::Text,
    });
    Document {
        title: text("name"),
        description: text("description"),
        version: raw
            .get("version")
            .and_then(Value::as_u64)
            .and_then(|number| Version::new(number as u32)),
        digest: text("digest"),
        category: text("category"),
        tags: Vec::new(),
        archived: false,
        model: text("model"),
        parameters: object("modelParameters").unwrap_or_default(),
        input_schema: raw
            .get("input")
            .and_then(|input| input.get("schema"))
            .cloned(),
        response_format: format,
        json_schema: object("jsonSchema"),
        messages: objects("messages").iter().map(message).collect(),
        test_data: objects("testData"),
        evaluators: objects("evaluators"),
        extra_body: object("extraBody").unwrap_or_default(),
        openai: None,
        raw,
        places: Default::default(),
        warnings: Vec::new(),
    }
}

fn template(value: &Value) -> Text {
    Text {
        value: value.as_str().unwrap_or_default().to_owned(),
        origin: Origin {
            path: String::new(),
            start: Position { line: 1, column: 1 },
            block: None,
        },
    }
}

fn message(message: &Object) -> Message {
    let role = match message["role"].as_str() {
        Some("system") => Role::System,
        Some("developer") => Role::Developer,
        Some("assistant") => Role::Assistant,
        _ => Role::User,
    };
    let part = |part: &Value| match part["type"].as_str() {
        Some("image") => Part::Image {
            source: Attachment::Url(template(&part["url"])),
            detail: part["detail"].as_str().map(str::to_owned),
        },
        _ => Part::Text(template(&part["text"])),
    };
    let content = &message["content"];
    Message {
        role,
        is_plain: content.is_string(),
        parts: match content.as_array() {
            Some(parts) => parts.iter().map(part).collect(),
            None => vec![Part::Text(template(content))],
        },
    }
}

/// A file that uses everything, with its partials under `partials` and the names of its variables
/// under `variables`.
fn base() -> Value {
    json!({
        "name": "Triage", "description": "Sorts tickets.", "version": 3, "digest": "0123456789ab",
        "model": "openai/gpt-5-mini", "modelParameters": {"maxTokens": 800},
        "input": {"schema": {
            "type": "object", "required": ["ticket"],
            "properties": {
                "ticket": {"type": "string", "maxLength": 500},
                "locale": {"enum": ["en", "de"], "default": "en"},
                "customer": {"type": "object", "default": {}, "properties": {"plan": {"type": ["string", "integer"]}}}
            }
        }},
        "responseFormat": "json_schema",
        "jsonSchema": {"name": "triage", "strict": true, "schema": {
            "type": "object", "required": ["queue", "lines"], "additionalProperties": false,
            "properties": {
                "queue": {"enum": ["billing", "tech"]},
                "lines": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/line"}}
            },
            "$defs": {"line": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}}
        }},
        "messages": [
            {"role": "system", "content": "{{> tone}}\nYou sort the tickets of a bank into queues. Answer in {{locale}} with one sentence.\nNever promise a refund before it is approved."},
            {"role": "user", "content": "I was charged twice for one order"},
            {"role": "assistant", "content": "This belongs to the billing queue"},
            {"role": "user", "content": [{"type": "text", "text": "{{ticket}}"}, {"type": "image", "url": "https://example.com/a.png", "detail": "low"}]}
        ],
        "testData": [{"ticket": "a"}, {"ticket": "b"}],
        "extraBody": {"store": false, "tools": [{"type": "function", "name": "look"}]},
        "openai": {"promptId": "pmpt_1", "promptVersion": "6"},
        "partials": {"tone": "Be kind and brief in every answer.", "unused": "x"}
    })
}

/// One side, its parts owned.
struct Owned {
    document: Document,
    partials: Partials,
    variables: Option<Vec<Variable>>,
}

impl Owned {
    fn new(mut file: Value) -> Self {
        let mut take = |key: &str| file.as_object_mut().and_then(|file| file.shift_remove(key));
        let partial = |(name, text): (&String, &Value)| {
            let text = text.as_str().unwrap_or_default().to_owned();
            (
                name.clone(),
                Partial {
                    text,
                    path: format!("_{name}.hbs"),
                },
            )
        };
        let partials = take("partials").unwrap_or_default();
        let names = take("variables");
        let variable = |name: &Value| Variable {
            name: name.as_str().unwrap_or_default().to_owned(),
            required: true,
            kind: None,
            default: None,
            description: None,
        };
        Self {
            partials: partials
                .as_object()
                .into_iter()
                .flatten()
                .map(partial)
                .collect(),
            variables: names.map(|names| {
                names
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(variable)
                    .collect()
            }),
            document: document(file),
        }
    }

    fn side(&self) -> Side<'_> {
        Side {
            document: &self.document,
            partials: &self.partials,
            variables: self.variables.as_deref(),
        }
    }
}

pub(crate) fn diff(before: &Value, after: &Value) -> PromptDiff {
    let (before, after) = (Owned::new(before.clone()), Owned::new(after.clone()));
    compare(Some(before.side()), Some(after.side()))
}

/// The base with the value at a JSON pointer replaced, or removed where it is null.
pub(crate) fn with(mut file: Value, edits: &[(&str, Value)]) -> Value {
    for (pointer, value) in edits {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        // An earlier edit may have taken the place away.
        let Some(parent) = file.pointer_mut(parent) else {
            continue;
        };
        match parent {
            Value::Object(object) if value.is_null() => drop(object.shift_remove(key)),
            Value::Object(object) => drop(object.insert(key.to_owned(), value.clone())),
            Value::Array(list) if value.is_null() => {
                drop(list.remove(key.parse().expect("an index")))
            }
            Value::Array(list) if key == "-" => list.push(value.clone()),
            Value::Array(list) => list[key.parse::<usize>().expect("an index")] = value.clone(),
            _ => panic!("nothing to edit at {pointer}"),
        }
    }
    file
}

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
        (
            "partial",
            vec![(
                at("/partials/tone"),
                json!("Be warm and brief in every answer."),
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
    let mut seen = vec!["prompt-added", "prompt-removed"];
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
fn a_prompt_that_comes_breaks_nobody_and_one_that_goes_breaks_all() {
    let side = Owned::new(base());
    let added = compare(None, Some(side.side()));
    assert_eq!(
        (added.status, added.impact, added.from_version),
        (Status::Added, Impact::None, None)
    );
    assert!(
        added
            .changes
            .iter()
            .any(|change| change.path == "messages[0]")
    );
    let removed = compare(Some(side.side()), None);
    assert_eq!(
        (removed.status, removed.impact, removed.to_version),
        (Status::Removed, Impact::Breaking, None)
    );
    assert_eq!(compare(None, None).status, Status::Unchanged);
    assert_eq!(overall(&[added, removed]), Impact::Breaking);
    assert_eq!(overall(&[]), Impact::None);
}

/// The paths and impacts of the changes.
fn told(diff: &PromptDiff) -> Vec<String> {
    let told = |change: &Change| format!("{:?} {} {}", change.kind, change.path, change.impact);
    diff.changes.iter().map(told).collect()
}

#[test]
fn an_inserted_message_changes_no_other() {
    let mut after = base();
    let messages = after["messages"].as_array_mut().expect("messages");
    messages.insert(
        1,
        json!({"role": "user", "content": "Good morning, my card is gone"}),
    );
    messages.insert(2, json!({"role": "assistant", "content": "cards"}));
    assert_eq!(
        told(&diff(&base(), &after)),
        ["Added messages[1] behavior", "Added messages[2] behavior"]
    );
    messages_edit_is_found_behind_an_insertion(after);
}

fn messages_edit_is_found_behind_an_insertion(mut after: Value) {
    after["messages"][3]["content"] = json!("I was charged thrice for one order");
    let told = told(&diff(&base(), &after));
    assert!(
        told.contains(&"Changed messages[3].content wording".to_owned()),
        "{told:?}"
    );
}

#[test]
fn a_message_written_anew_in_its_place_is_a_changed_text() {
    let after = with(base(), &[("/messages/0/content", json!("Sei höflich."))]);
    let told = told(&diff(&base(), &after));
    assert_eq!(
        told,
        [
            "Changed messages[0].content wording",
            "Removed partials.tone wording"
        ]
    );
}

#[test]
fn line_ends_and_the_order_of_keys_are_no_change() {
    let text = base()["messages"][0]["content"]
        .as_str()
        .map(|text| text.replace('\n', "\r\n"));
    let mut after = with(base(), &[("/messages/0/content", json!(text))]);
    let model = after
        .as_object_mut()
        .and_then(|file| file.shift_remove("model"))
        .expect("a model");
    after["model"] = model;
    let diff = diff(&base(), &after);
    assert_eq!((diff.status, told(&diff)), (Status::Unchanged, Vec::new()));
}

#[test]
fn only_partials_that_are_included_count_through_others_too() {
    let before = with(
        base(),
        &[
            ("/partials/tone", json!("{{> deep}}")),
            ("/partials/deep", json!("one")),
        ],
    );
    let after = with(
        before.clone(),
        &[
            ("/partials/deep", json!("two")),
            ("/partials/unused", json!("y")),
        ],
    );
    assert_eq!(
        told(&diff(&before, &after)),
        ["Changed partials.deep wording"]
    );
}

#[test]
fn without_a_schema_the_variables_of_the_templates_count() {
    let before = json!({"messages": [], "variables": ["ticket"]});
    let note = |after: Value| {
        let diff = diff(&before, &after);
        let notes: Vec<String> = diff
            .contract
            .iter()
            .map(|note| format!("{} {}", note.impact, note.rule))
            .collect();
        notes.join(", ")
    };
    assert_eq!(
        note(json!({"messages": [], "variables": ["ticket", "plan"]})),
        "breaking variable-required"
    );
    assert_eq!(
        note(json!({"messages": [], "variables": []})),
        "breaking variable-removed"
    );
    assert_eq!(
        note(json!({"messages": [], "variables": ["ticket_text"]})),
        "breaking variable-renamed"
    );
    assert_eq!(note(json!({"messages": [], "variables": ["ticket"]})), "");
    assert_eq!(note(json!({"messages": []})), "breaking input-undecided");
    // A schema that declares what was asked for already narrows only what it limits.
    let schema = |ticket: Value| json!({"messages": [], "variables": ["ticket"], "input": {"schema": {"type": "object", "required": ["ticket"], "properties": {"ticket": ticket}}}});
    assert_eq!(note(schema(json!({}))), "");
    assert_eq!(
        note(schema(json!({"type": "string"}))),
        "breaking input-type-narrowed"
    );
}

#[test]
fn a_bump_alone_is_a_change_without_impact() {
    let diff = diff(
        &base(),
        &with(base(), &[("/version", json!(4)), ("/digest", json!("f"))]),
    );
    assert_eq!(
        (diff.status, diff.impact, told(&diff)),
        (Status::Changed, Impact::None, Vec::new())
    );
    assert_eq!(
        (diff.from_version, diff.to_version),
        (Version::new(3), Version::new(4))
    );
}

#[test]
fn a_change_in_a_schema_weighs_what_its_note_weighs() {
    let after = with(
        base(),
        &[
            ("/input/schema/properties/ticket/maxLength", json!(200)),
            (
                "/input/schema/properties/locale/description",
                json!("A language."),
            ),
            (
                "/jsonSchema/schema/$defs/line/properties/text/type",
                json!("integer"),
            ),
        ],
    );
    assert_eq!(
        told(&diff(&base(), &after)),
        [
            "Changed input.schema.properties.ticket.maxLength breaking",
            "Added input.schema.properties.locale.description none",
            "Changed jsonSchema.schema.$defs.line.properties.text.type breaking",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_prompt_is_the_same_as_itself(file in some_edits()) {
        let file = with(base(), &file);
        let diff = diff(&file, &file);
        prop_assert_eq!((diff.status, diff.impact, diff.changes.len()), (Status::Unchanged, Impact::None, 0));
    }

    #[test]
    fn the_impact_is_that_of_the_worst_part(first in some_edits(), second in some_edits()) {
        let (before, after) = (with(base(), &first), with(base(), &second));
        let diff = diff(&before, &after);
        let parts = diff.changes.iter().map(|change| change.impact).chain(diff.contract.iter().map(|note| note.impact));
        prop_assert_eq!(diff.impact, parts.max().unwrap_or_default());
        prop_assert!(before == after || diff.status == Status::Changed, "{:?}", diff);
        for change in &diff.changes {
            prop_assert!(change.kind == ChangeKind::Moved || change.before != change.after, "{:?}", change);
        }
    }

    #[test]
    fn one_more_edit_never_makes_it_less(edits in some_edits(), model in "[a-z]{3}") {
        let before = base();
        let after = with(base(), &edits);
        let more = with(after.clone(), &[("/model", json!(format!("openai/{model}")))]);
        prop_assert!(diff(&before, &more).impact >= diff(&before, &after).impact);
    }
}

/// Edits of different places of the base.
fn some_edits() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let pick = |pointer: &'static str, values: Vec<Value>| {
        proptest::sample::select(values)
            .prop_map(move |value| (pointer, value))
            .boxed()
    };
    let edit = prop_oneof![
        pick("/description", vec![json!("x"), Value::Null]),
        pick(
            "/messages/1/content",
            vec![
                json!("x"),
                json!("I was charged twice"),
                json!([{"type": "text", "text": "y"}])
            ]
        ),
        pick("/messages/2/role", vec![json!("user"), json!("developer")]),
        pick(
            "/input/schema/properties/ticket",
            vec![
                json!(true),
                json!({"anyOf": [{"type": "string"}, {"$ref": "#/properties/locale"}]}),
                json!({"$ref": "#"})
            ]
        ),
        pick(
            "/input/schema/required",
            vec![json!(["locale", "x"]), json!([])]
        ),
        pick(
            "/jsonSchema/schema/properties/lines",
            vec![
                json!({"type": "array"}),
                json!({"oneOf": [{"type": "null"}, {"const": 1}]})
            ]
        ),
        pick(
            "/jsonSchema/schema",
            vec![
                json!(false),
                json!({}),
                json!({"allOf": [{"$ref": "#/allOf/0"}]})
            ]
        ),
        pick("/partials/tone", vec![json!("{{> tone}}"), Value::Null]),
        pick("/responseFormat", vec![json!("text"), Value::Null]),
        pick("/extraBody/tools", vec![json!([]), json!("x")]),
    ];
    proptest::collection::vec(edit, 0..4)
}
