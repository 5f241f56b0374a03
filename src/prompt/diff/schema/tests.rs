//! Pairs of schemas, and what callers would call the change.

use serde_json::{Value, json};

use super::*;

/// What happened where: `-` for narrower, `+` for wider, `?` for undecided.
fn changes(before: Value, after: Value) -> Vec<String> {
    let sign = |event: &Event| match &event.what {
        SchemaChange::Added { is_required } => {
            if *is_required { "new required" } else { "new" }.to_owned()
        }
        SchemaChange::Removed => "gone".to_owned(),
        SchemaChange::Renamed { to } => format!("renamed {to}"),
        SchemaChange::Required => "required".to_owned(),
        SchemaChange::Optional => "optional".to_owned(),
        SchemaChange::Default { .. } => "default".to_owned(),
        SchemaChange::Closed => "closed".to_owned(),
        SchemaChange::Opened => "opened".to_owned(),
        SchemaChange::Undecided { .. } => "?".to_owned(),
        SchemaChange::Shift {
            what,
            narrower,
            wider,
            ..
        } => {
            let signs = ["", "+", "-", "±"][usize::from(*wider) + 2 * usize::from(*narrower)];
            format!("{signs}{what:?}")
        }
    };
    let events = compare(&before, &after, "s");
    events
        .iter()
        .map(|event| format!("{}: {}", event.path, sign(event)))
        .collect()
}

fn object(properties: Value) -> Value {
    json!({"type": "object", "properties": properties})
}

#[test]
fn types_are_sets_and_every_integer_is_a_number() {
    let typed = |kind: Value| json!({ "type": kind });
    assert_eq!(
        changes(typed(json!("number")), typed(json!("integer"))),
        [": -Type"]
    );
    assert_eq!(
        changes(typed(json!("integer")), typed(json!("number"))),
        [": +Type"]
    );
    assert_eq!(
        changes(typed(json!("string")), typed(json!("integer"))),
        [": ±Type"]
    );
    assert_eq!(
        changes(
            typed(json!(["null", "string"])),
            typed(json!(["string", "null"]))
        ),
        [""; 0]
    );
    assert_eq!(changes(json!({}), typed(json!("string"))), [": -Type"]);
    assert_eq!(changes(json!(true), json!(false)), [": -Type"]);
}

#[test]
fn values_and_constants_are_sets() {
    assert_eq!(
        changes(json!({"enum": ["a", "b"]}), json!({"enum": ["b", "a"]})),
        [""; 0]
    );
    assert_eq!(
        changes(json!({"enum": ["a", "b"]}), json!({"const": "a"})),
        [": -Enum"]
    );
    assert_eq!(
        changes(json!({"const": "a"}), json!({"const": "b"})),
        [": ±Enum"]
    );
    assert_eq!(
        changes(json!({"type": "string"}), json!({"enum": ["a"]})),
        [": -Enum"]
    );
    assert_eq!(
        changes(json!({"enum": ["a"]}), json!({"type": "string"})),
        [": +Enum"]
    );
    assert_eq!(
        changes(json!({"type": "integer"}), json!({"enum": ["a"]})),
        [": ±Enum"]
    );
}

#[test]
fn constraints_are_tighter_or_looser() {
    for (keyword, tight, loose) in [
        ("minimum", json!(5), json!(1)),
        ("minLength", json!(5), json!(1)),
        ("maximum", json!(1), json!(5)),
        ("maxItems", json!(1), json!(5)),
    ] {
        let schema = |value: &Value| json!({ keyword: value });
        assert_eq!(
            changes(schema(&loose), schema(&tight)),
            [": -Constraint"],
            "{keyword}"
        );
        assert_eq!(
            changes(schema(&tight), schema(&loose)),
            [": +Constraint"],
            "{keyword}"
        );
        assert_eq!(
            changes(json!({}), schema(&tight)),
            [": -Constraint"],
            "{keyword}"
        );
    }
    assert_eq!(changes(json!({"minLength": 0}), json!({})), [""; 0]);
    assert_eq!(
        changes(json!({"format": "date"}), json!({"format": "date-time"})),
        [": ±Constraint"]
    );
    assert_eq!(
        changes(json!({}), json!({"pattern": "^a"})),
        [": -Constraint"]
    );
    assert_eq!(
        changes(json!({"uniqueItems": true}), json!({"uniqueItems": false})),
        [": +Constraint"]
    );
    // In draft 4 this is a word about `minimum`.
    assert_eq!(
        changes(json!({}), json!({"exclusiveMinimum": true})),
        [": -Constraint"]
    );
    assert_eq!(
        changes(
            json!({"exclusiveMinimum": 3}),
            json!({"exclusiveMinimum": true})
        ),
        [": ±Constraint"]
    );
}

#[test]
fn changes_are_followed_into_properties_and_lists() {
    let schema = |kind: &str| {
        object(json!({"a": object(json!({"b": {"type": "array", "items": {"type": kind}}}))}))
    };
    assert_eq!(
        changes(schema("string"), schema("integer")),
        ["a.b[]: ±Type"]
    );
    let tuple = |second: &str| json!({"prefixItems": [{"type": "string"}, {"type": second}], "items": false});
    assert_eq!(changes(tuple("string"), tuple("null")), ["[1]: ±Type"]);
    let old_tuple = |second: &str| json!({"items": [{"type": "string"}, {"type": second}]});
    assert_eq!(
        changes(old_tuple("string"), old_tuple("null")),
        ["[1]: ±Type"]
    );
    let map = |kind: &str| json!({"type": "object", "additionalProperties": {"type": kind}});
    assert_eq!(changes(map("string"), map("integer")), ["*: ±Type"]);
}

#[test]
fn properties_come_go_and_are_renamed() {
    let text = json!({"type": "string"});
    assert_eq!(
        changes(
            object(json!({"a": text})),
            object(json!({"b": {"type": "null"}}))
        ),
        ["a: gone", "b: new"]
    );
    assert_eq!(
        changes(
            object(json!({"user_name": text})),
            object(json!({"username": text}))
        ),
        ["user_name: renamed username"]
    );
    assert_eq!(
        changes(
            object(json!({"ticket": text})),
            object(json!({"ticket_text": text, "locale": text}))
        ),
        ["ticket: renamed ticket_text", "locale: new"]
    );
    // Another type, or a name that has nothing in common, is no renaming.
    assert_eq!(
        changes(
            object(json!({"ticket": text})),
            object(json!({"ticket_id": {"type": "integer"}}))
        ),
        ["ticket: gone", "ticket_id: new"]
    );
    assert_eq!(
        changes(
            object(json!({"plan": text})),
            object(json!({"locale": text}))
        ),
        ["plan: gone", "locale: new"]
    );
}

#[test]
fn local_references_are_followed_and_others_are_not_trusted() {
    let schema = |text: &str| json!({"properties": {"line": {"$ref": "#/$defs/line"}}, "$defs": {"line": {"$ref": "#/$defs/text"}, "text": {"type": text}}});
    assert_eq!(changes(schema("string"), schema("null")), ["line: ±Type"]);
    let inline = object(json!({"line": {"type": "string"}}));
    let referred = json!({"type": "object", "properties": {"line": {"$ref": "#/$defs/line"}}, "$defs": {"line": {"type": "string"}}});
    assert_eq!(changes(inline.clone(), referred), [""; 0]);
    let remote = object(json!({"line": {"$ref": "https://example.com/line.json"}}));
    assert_eq!(changes(inline, remote.clone()), ["line: ?"]);
    // The same remote schema is the same, whatever else changed.
    let mut more = remote.clone();
    more["title"] = json!("x");
    assert_eq!(changes(remote, more), [""; 0]);
    assert_eq!(
        changes(
            json!({"$ref": "#/$defs/none"}),
            json!({"$ref": "#/$defs/nil"})
        ),
        [": ?"]
    );
}

#[test]
fn schemas_that_refer_to_themselves_end() {
    let tree = |value: &str| json!({"type": "object", "properties": {"value": {"type": value}, "children": {"type": "array", "items": {"$ref": "#"}}}});
    assert_eq!(changes(tree("string"), tree("integer")), ["value: ±Type"]);
    assert_eq!(
        changes(json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]})),
        [": ?"]
    );
    let wide = |value: &str| {
        let list: Vec<Value> = (0..30).map(|_| json!({"$ref": "#"})).collect();
        json!({"properties": {"a": {"type": value}, "b": {"anyOf": list}}})
    };
    assert!(changes(wide("string"), wide("null")).contains(&"a: ±Type".to_owned()));
}

#[test]
fn alternatives_are_matched_before_they_are_compared() {
    let (text, null) = (json!({"type": "string"}), json!({"type": "null"}));
    let any = |list: &[&Value]| json!({ "anyOf": list });
    assert_eq!(changes(any(&[&text, &null]), any(&[&null, &text])), [""; 0]);
    assert_eq!(changes(text.clone(), any(&[&text, &null])), [": +Type"]);
    assert_eq!(changes(any(&[&text, &null]), text.clone()), [": -Type"]);
    assert_eq!(
        changes(any(&[&text, &null]), json!({"type": ["string", "null"]})),
        [""; 0]
    );
    let short = json!({"type": "string", "maxLength": 5});
    assert_eq!(
        changes(any(&[&text, &null]), any(&[&null, &short])),
        [": -Constraint"]
    );
    let shape = |kind: &str, field: &str| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": kind}, field: {"type": "string"}}});
    let (circle, square, wide) = (
        shape("circle", "r"),
        shape("square", "a"),
        shape("square", "side"),
    );
    let one = |list: &[&Value]| json!({ "oneOf": list });
    assert_eq!(
        changes(one(&[&circle, &square]), one(&[&wide, &circle])),
        ["a: gone", "side: new"]
    );
    assert_eq!(
        changes(one(&[&circle]), one(&[&circle, &square])),
        [": +Type"]
    );
    // Of alternatives that overlap, one more may refuse what one fewer accepted.
    assert_eq!(changes(one(&[&text]), one(&[&text, &short])), [": ?"]);
}

#[test]
fn all_of_is_one_schema() {
    let (a, b) = (
        object(json!({"a": {"type": "string"}})),
        object(json!({"b": {"type": "string"}})),
    );
    let both = object(json!({"a": {"type": "string"}, "b": {"type": "string"}}));
    assert_eq!(changes(json!({"allOf": [a, b]}), both.clone()), [""; 0]);
    assert_eq!(
        changes(json!({"allOf": [{"type": "object"}, b]}), both),
        ["a: new"]
    );
    // `additionalProperties` sees only its neighbours: what that means here is not decided.
    let closed = json!({"allOf": [a, {"properties": {"b": {}}, "additionalProperties": false}]});
    assert_eq!(changes(json!({"allOf": [a, b]}), closed), [": ?"]);
}

#[test]
fn words_that_are_not_known_are_not_trusted_and_notes_are_ignored() {
    for keyword in [
        "not",
        "if",
        "patternProperties",
        "dependentRequired",
        "nullable",
        "contains",
    ] {
        assert_eq!(
            changes(json!({}), json!({ keyword: {} })),
            [": ?"],
            "{keyword}"
        );
    }
    for keyword in [
        "title",
        "description",
        "examples",
        "$comment",
        "x-order",
        "deprecated",
    ] {
        assert_eq!(
            changes(json!({}), json!({ keyword: "x" })),
            [""; 0],
            "{keyword}"
        );
    }
    assert_eq!(changes(json!({}), json!("schema")), [": ?"]);
    assert_eq!(changes(json!({}), json!({"properties": []})), [": ?"]);
}

#[test]
fn hostile_schemas_end() {
    let mut deep = json!({"type": "string"});
    for _ in 0..100 {
        deep = json!({"properties": {"a": deep}});
    }
    let mut other = deep.clone();
    other["type"] = json!("object");
    assert!(changes(deep, other).len() < 10);
    let double = |kind: &str| {
        let mut definitions = serde_json::Map::new();
        for at in 0..40 {
            let next = json!({"$ref": format!("#/$defs/d{}", at + 1)});
            definitions.insert(
                format!("d{at}"),
                json!({"properties": {"l": next, "r": next}}),
            );
        }
        definitions.insert("d40".to_owned(), json!({ "type": kind }));
        json!({"$ref": "#/$defs/d0", "$defs": definitions})
    };
    let events = compare(&double("string"), &double("null"), "s");
    assert!(
        events
            .iter()
            .any(|event| matches!(event.what, SchemaChange::Undecided { .. }))
    );
}

#[test]
fn what_only_required_names_is_a_property_too() {
    let user = |required: Value| json!({"type": "object", "properties": {"user": {"type": "object", "required": required}}});
    assert_eq!(
        changes(user(json!(["id"])), user(json!(["id", "plan"]))),
        ["user.plan: new required"]
    );
    assert_eq!(
        changes(user(json!(["id", "plan"])), user(json!(["id"]))),
        ["user.plan: optional"]
    );
    assert_eq!(
        changes(
            json!({"required": ["a"]}),
            json!({"required": ["a"], "properties": {"a": {"type": "string"}}})
        ),
        ["a: -Type"]
    );
    assert_eq!(
        changes(
            json!({"properties": {"a": {"type": "string"}}}),
            json!({"required": ["a"]})
        ),
        ["a: required", "a: +Type"]
    );
    // Lists, alternatives and references are no other.
    assert_eq!(
        changes(
            json!({"items": {"$ref": "#/$defs/line"}, "$defs": {"line": {"required": []}}}),
            json!({"items": {"$ref": "#/$defs/line"}, "$defs": {"line": {"required": ["sku"]}}})
        ),
        ["[].sku: new required"]
    );
    assert_eq!(
        changes(
            json!({"allOf": [{"required": ["a"]}]}),
            json!({"allOf": [{"required": ["a"]}, {"required": ["b"]}]})
        ),
        ["b: new required"]
    );
    // What may be in it is what is said of all that is not listed.
    let map = |kind: &str| json!({"required": ["a"], "additionalProperties": {"type": kind}});
    assert_eq!(
        changes(map("number"), map("integer")),
        ["a: -Type", "*: -Type"]
    );
    assert_eq!(changes(map("number"), map("number")), [""; 0]);
}
