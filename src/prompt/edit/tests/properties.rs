//! What holds for every edit of every file.

use proptest::prelude::*;

use super::*;

/// A value that a file can hold.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(|it| json!(it)),
        (-1000i32..1000).prop_map(|it| json!(f64::from(it) / 8.0)),
        "[ -~\u{e9}\u{1f600}]{0,12}".prop_map(Value::String),
        "[a-z \\n\\t:#-]{0,20}".prop_map(Value::String),
        prop::sample::select(vec![
            "yes",
            "012",
            "1e5",
            "{{x}}",
            "- a",
            "a: b",
            "",
            "~",
            "null",
            "|",
            "a\n",
            "\n",
            " a\n b\n\n",
            "\u{7f}",
            "\r\n",
            "it's"
        ])
        .prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec(("[a-c]", inner), 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A file in the styles that people use, with a numbered comment behind many lines.
fn files() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(vec![
        "1",
        "text",
        "'single'",
        "\"double\"",
        "",
        "~",
        "[1, {a: 2}]",
        "{a: 1, b: [x]}",
        "{}",
        "[]",
        "0.5",
        "two words",
        "'it''s'",
        "\"a\\nb\"",
        "*missing",
    ]);
    let block = prop::sample::select(vec!["|\n", "|-\n", "|+\n", ">\n", "|2\n"]);
    let entry = (0..6u8, scalar, block, 0..4u8);
    let entries = prop::collection::vec(entry, 1..8);
    (entries, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(entries, windows, closed, bom)| {
        let mut text = String::new();
        for (index, (shape, scalar, block, comment)) in entries.into_iter().enumerate() {
            let key = char::from(b'a' + u8::try_from(index).unwrap_or(0));
            let scalar = if scalar == "*missing" { "x" } else { scalar };
            if comment == 1 {
                text.push_str(&format!("# before {index}\n\n"));
            }
            let note = if comment > 1 { format!(" # behind {index}") } else { String::new() };
            text.push_str(&match shape {
                0 | 1 => format!("{key}: {scalar}{note}\n"),
                2 => format!("{key}: {block}  line one\n\n  line two\n"),
                3 => format!("{key}:{note}\n  a: {scalar}\n  # inside {index}\n  b:\n    - {scalar}{note}\n    - a: 1\n      b: {scalar}\n"),
                4 => format!("{key}:\n- {scalar}{note}\n- {block}  line\n"),
                _ => format!("{key}: # long {index}\n    a: {scalar}\n    b: {block}       line\n"),
            });
        }
        if !closed {
            text.pop();
        }
        if windows {
            text = text.replace('\n', "\r\n");
        }
        if bom { format!("\u{feff}{text}") } else { text }
    })
}

fn paths() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => "[a-h]".prop_map(Step::Key),
        1 => (0..3usize).prop_map(Step::Index),
    ];
    prop::collection::vec(step, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn random_edits_change_what_is_meant_and_nothing_else(text in files(), path in paths(), value in values()) {
        let before = parse_value(&text).expect("a file");
        let mut expected = before.clone();
        match (path::put(&mut expected, &path, &value), set(&text, &path, &value)) {
            (Ok(()), Ok(after)) => {
                prop_assert_eq!(parse_value(&after), Ok(expected));
                let ends = |text: &str| text.matches("\r\n").count() == text.matches('\n').count();
                prop_assert!(!text.contains("\r\n") || ends(&after), "{:?}", after);
                prop_assert!(text.contains("\r\n") || !after.contains('\r'), "{:?}", after);
                let outside = |line: &&str| line.starts_with("# before");
                let comments = text.lines().filter(outside).count();
                prop_assert_eq!(after.lines().filter(outside).count(), comments);
            }
            (Err(left), Err(right)) => prop_assert_eq!(left, right),
            (Ok(()), Err(error)) => prop_assert!(false, "{}: {:?}", error, text),
            (Err(error), Ok(_)) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn random_removals_remove_what_is_meant_and_nothing_else(text in files(), path in paths()) {
        let mut expected = parse_value(&text).expect("a file");
        match (path::take(&mut expected, &path), remove(&text, &path)) {
            (Ok(_), Ok(after)) => prop_assert_eq!(parse_value(&after), Ok(expected)),
            (Ok(_), Err(error)) => prop_assert!(false, "{}: {:?}", error, text),
            (Err(_), result) => prop_assert!(result.is_err()),
        }
    }

    #[test]
    fn random_bumps_touch_two_lines(text in files(), digest in "[0-9a-f]{12}") {
        let after = bumped_to(&text, &digest);
        let rest: Vec<&str> = after
            .split_inclusive('\n')
            .filter(|line| {
                let line = line.trim_start_matches('\u{feff}');
                !line.starts_with("version: ") && !line.starts_with("digest: ")
            })
            .collect();
        let rest = rest.concat();
        prop_assert_eq!(rest.trim_start_matches('\u{feff}'), text.trim_start_matches('\u{feff}'));
        prop_assert_eq!(after.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
        let value = parse_value(&after).expect("YAML");
        prop_assert_eq!(&value["version"], &json!(4));
        prop_assert_eq!(&value["digest"], &json!(digest));
        prop_assert_eq!(bumped_to(&after, &digest), after);
    }

    #[test]
    fn no_text_makes_an_edit_panic(text in "[-a \\n:\\[\\]{},&*|>'\"#!~\\t\u{e9}0-9%?@\u{feff}\\r]{0,60}", path in paths()) {
        let _ = set(&text, &path, &json!("x\ny"));
        let _ = remove(&text, &path);
        let _ = set_version(&text, Version::FIRST, DIGEST);
    }
}
