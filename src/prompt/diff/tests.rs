//! What holds for all comparisons.

mod rules;
pub(crate) mod support;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use support::{Owned, base, diff, with};

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
fn changes(diff: &PromptDiff) -> Vec<String> {
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
        changes(&diff(&base(), &after)),
        ["Added messages[1] behavior", "Added messages[2] behavior"]
    );
    messages_edit_is_found_behind_an_insertion(after);
}

fn messages_edit_is_found_behind_an_insertion(mut after: Value) {
    after["messages"][3]["content"] = json!("I was charged thrice for one order");
    let told = changes(&diff(&base(), &after));
    assert!(
        told.contains(&"Changed messages[3].content wording".to_owned()),
        "{told:?}"
    );
}

#[test]
fn a_placeholder_comes_goes_and_moves_as_a_whole() {
    let placeholder = json!({"placeholder": "history"});
    let mut with_one = base();
    let messages = with_one["messages"].as_array_mut().unwrap();
    messages.insert(1, placeholder);
    let mut renamed = with_one.clone();
    renamed["messages"][1] = json!({"placeholder": "turns"});
    let mut moved = with_one.clone();
    moved["messages"].as_array_mut().unwrap().swap(1, 3);
    let all = [
        changes(&diff(&base(), &with_one)),
        changes(&diff(&with_one, &base())),
        changes(&diff(&with_one, &renamed)),
        changes(&diff(&with_one, &moved)),
        changes(&diff(&with_one, &with_one.clone())),
    ]
    .map(|lines| lines.join("\n"));
    insta::assert_snapshot!(all.join("\n---\n"), @"
    Added messages[1] behavior
    ---
    Removed messages[1] behavior
    ---
    Removed messages[1] behavior
    Added messages[1] behavior
    ---
    Moved messages[1] behavior
    Moved messages[2] behavior
    ---
    ");
}

#[test]
fn a_message_written_anew_in_its_place_is_a_changed_text() {
    let after = with(base(), &[("/messages/0/content", json!("Sei höflich."))]);
    let told = changes(&diff(&base(), &after));
    assert_eq!(
        told,
        [
            "Changed messages[0].content wording",
            "Changed partials none"
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
    assert_eq!(
        (diff.status, changes(&diff)),
        (Status::Unchanged, Vec::new())
    );
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
        changes(&diff(&before, &after)),
        ["Changed messages[0].content wording"]
    );
    // A text that moves into a partial is read as before.
    let moved = with(
        before.clone(),
        &[
            ("/partials/tone", json!("one")),
            ("/partials/deep", json!("unused now")),
        ],
    );
    assert_eq!(changes(&diff(&before, &moved)), ["Changed partials none"]);
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
fn other_roles_break_callers_without_making_a_rewording_worse() {
    let after = with(
        base(),
        &[
            (
                "/messages/-",
                json!({"role": "assistant", "content": "Sure:"}),
            ),
            ("/partials/tone", json!("Be calm.\n")),
        ],
    );
    let diff = diff(&base(), &after);
    assert_eq!(diff.impact, Impact::Breaking);
    assert_eq!(
        changes(&diff),
        [
            "Changed messages[0].content wording",
            "Added messages[4] behavior"
        ]
    );
}

#[test]
fn a_bump_alone_is_a_change_without_impact() {
    let diff = diff(
        &base(),
        &with(base(), &[("/version", json!(4)), ("/digest", json!("f"))]),
    );
    assert_eq!(
        (diff.status, diff.impact, changes(&diff)),
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
                "/input/schema/properties/ticket/description",
                json!("What happened."),
            ),
            (
                "/jsonSchema/schema/$defs/line/properties/text/type",
                json!("integer"),
            ),
        ],
    );
    assert_eq!(
        changes(&diff(&base(), &after)),
        [
            "Changed input.schema.properties.ticket.maxLength breaking",
            "Added input.schema.properties.ticket.description none",
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
