//! Any edits of both sides.

use proptest::prelude::*;

use super::*;

/// One edit of one of many places.
fn edits() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((0..PLACES.len(), 0..3u8), 0..5)
}

const PLACES: [&str; 14] = [
    "name",
    "model",
    "modelParameters.maxTokens",
    "modelParameters.seed",
    "tags",
    "input.schema.properties.ticket.type",
    "messages[0].content",
    "messages[1].content",
    "testData[0].ticket",
    "extraBody.store",
    "messages[2]",
    "input.schema.required[1]",
    "jsonSchema",
    "modelParameters.topP",
];

fn edited(edits: &[(usize, u8)]) -> String {
    let mut text = base();
    for (place, how) in edits {
        let value = match PLACES[*place] {
            "tags" => serde_json::json!(["a", format!("t{how}")]),
            "modelParameters.maxTokens" | "modelParameters.seed" => {
                serde_json::json!(100 + u32::from(*how))
            }
            "messages[2]" => {
                serde_json::json!({"role": "user", "content": format!("a\nb {how}\n")})
            }
            "jsonSchema" => {
                serde_json::json!({"name": "x", "schema": {"type": "object", "minProperties": how}})
            }
            "modelParameters.topP" if *how == 0 => {
                text = remove(&text, &parse_path("modelParameters.topP").expect("a path"))
                    .unwrap_or(text);
                continue;
            }
            "modelParameters.topP" => serde_json::json!(f64::from(*how) / 4.0),
            "extraBody.store" => serde_json::json!(*how == 0),
            "messages[0].content" => {
                format!("You sort tickets.\nBe kind {how}.\n\nBe brief.\n").into()
            }
            _ => format!("text {how}").into(),
        };
        text = with(&text, PLACES[*place], value);
    }
    let is_new =
        content(&parse(&text).expect("a prompt")) != content(&parse(&base()).expect("a prompt"));
    if is_new { numbered(&text, 4) } else { text }
}

fn says(text: &str) -> (Digest, Option<Version>) {
    let document = parse(text).expect("a prompt");
    (content(&document), document.version)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_side_alone_is_taken_as_it_is(edits in edits(), comment in any::<bool>()) {
        let (base, other) = (base(), edited(&edits));
        let own = if comment { base.replace("# About", "# Much about") } else { base.clone() };
        for text in [clean(&base, &own, &other), clean(&base, &other, &own)] {
            prop_assert_eq!(says(&text), says(&other));
            prop_assert_eq!(text.contains("# Much about"), comment);
        }
        prop_assert_eq!(clean(&base, &other, &other), other);
    }

    #[test]
    fn the_sides_can_be_swapped(left in edits(), right in edits()) {
        let (base, left, right) = (base(), edited(&left), edited(&right));
        let (there, back) = (merged(&base, &left, &right), merged(&base, &right, &left));
        prop_assert_eq!(there.version, back.version);
        prop_assert_eq!(&there.conflicts, &back.conflicts);
        if there.conflicts.is_empty() {
            prop_assert_eq!(says(&there.text), says(&back.text));
            let document = parse(&there.text).expect("a prompt");
            let fresh = content(&document);
            prop_assert_eq!(document.digest.as_deref(), Some(fresh.short()));
        } else {
            let sides = marked_sides(&there.text).expect("marks");
            for side in sides {
                prop_assert_eq!(parse(&side).map(|it| it.version), Ok(there.version), "{}", there.text);
            }
        }
    }
}
