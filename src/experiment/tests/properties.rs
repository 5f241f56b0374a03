//! What holds for any dataset.

use proptest::prelude::*;

use super::super::dataset::Format;
use super::*;

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[{}\\[\\],:\"\\\\ \r\n\t]{1,6}",
        "(\"ticket\"|\"expected\"|\"case\"|\"id\"): ?",
        "(ticket|expected|case\\.id)(,|\n)",
        "- ticket: ",
        "\\PC{0,6}",
    ];
    let pieces = prop::collection::vec(piece.prop_map(String::into_bytes), 0..40);
    (pieces, prop::option::of(any::<u8>())).prop_map(|(pieces, odd)| {
        let mut bytes = pieces.concat();
        bytes.extend(odd);
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_bring_a_reader_down_and_every_finding_has_a_place(bytes in pieces()) {
        for name in ["d.jsonl", "d.json", "d.yaml", "d.csv"] {
            prop_assert!(Format::of(name).is_some());
            let files = Made::default().with(name, &bytes);
            let Reading { suite, findings } = read(&format!("datasets: [{name}]\n"), &files);
            let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            for finding in &findings {
                let span = finding.span;
                prop_assert!(finding.path.is_some() && span.is_some(), "{finding:?}");
                let is_here = finding.path.as_deref() == Some(name);
                prop_assert!(!is_here || span.is_some_and(|span| span.line <= lines.max(1) + 1), "{finding:?}");
            }
            prop_assert!(suite.cases.iter().all(|case| case.place.line <= lines));
        }
    }

    #[test]
    fn lines_lists_and_tables_read_alike(rows in prop::collection::vec(("[^\u{0}\r]{0,12}", "[a-z\",; \n]{1,12}"), 0..8)) {
        let cases: Vec<Value> = rows.iter().map(|(a, b)| json!({"ticket": a, "expected": b})).collect();
        let lines: String = cases.iter().map(|case| format!("{case}\n")).collect();
        let list = serde_json::to_string_pretty(&cases).unwrap();
        let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let table: String = rows.iter().map(|(a, b)| format!("{},{}\r\n", cell(a), cell(b))).collect();
        let read = |name: &str, text: &str| {
            let files = Made::default().with(name, text);
            let suite = read(&format!("datasets: [{name}]\n"), &files).suite;
            suite.digest
        };
        let digest = read("d.jsonl", &lines);
        prop_assert_eq!(&digest, &read("d.json", &list));
        prop_assert_eq!(&digest, &read("d.csv", &format!("ticket,expected\r\n{table}")));
    }
}
