//! Where values and texts stand in a file.

use super::*;

#[test]
fn values_are_found_again_by_their_paths() {
    let document = document(EXAMPLE);
    let at = |path| document.span_of(path).map(|at| (at.line, at.column));
    assert_eq!(at("modelParameters.maxTokens"), Some((8, 14)));
    assert_eq!(at("modelParameters"), Some((7, 1)));
    assert_eq!(at("messages[0].content"), Some((20, 5)));
    assert_eq!(at("messages[1].content"), Some((24, 14)));
    assert_eq!(at("messages[1]"), Some((23, 5)));
    assert_eq!(at("testData[0].ticket"), Some((26, 13)));
    assert_eq!(at("evaluators[0].string.contains"), Some((29, 13)));
    assert_eq!(at("input.schema.properties.ticket.type"), Some((13, 33)));
}

#[test]
fn a_place_is_as_long_as_what_stands_there() {
    let text = "a b: 1\nmodel: 'gpt 5'\nname: two\n  lines\nx: &x [1, 2]\ny: *x\nmessages:\n  - {role: user, content: é日}\n";
    let document = document(text);
    let lines: Vec<&str> = text.lines().collect();
    let meant = |path: &str| -> String {
        let at = document.written.places()[path];
        let line = lines[at.line - 1].chars();
        line.skip(at.column - 1).take(at.length).collect()
    };
    let paths = [
        "a b",
        "model",
        "name",
        "x",
        "y",
        "messages",
        "messages[0]",
        "messages[0].content",
    ];
    assert_eq!(
        paths.map(meant),
        ["1", "'gpt 5'", "two", "[", "*x", "messages", "{", "é日"]
    );
}

#[test]
fn places_are_found_under_the_usual_spelling() {
    let document = document(&with("model_parameters:\n  max_completion_tokens: 5"));
    let place = document.written.places().get("modelParameters.maxTokens");
    assert_eq!(place.map(|at| (at.line, at.column)), Some((2, 26)));
}

/// Each text has a mark, whose place in the text must lead to its place in the file.
#[test]
fn a_place_in_a_template_leads_to_its_place_in_the_file() {
    for content in [
        "content: |\n      one\n       @",
        "content: |-  # why\n\n\n      one\n      @",
        "content: |2+\n         @\n",
        "content: !!str |\n      @",
        "content:\n      # why |\n      |\n      @",
        "\"content\": &a |\n      x\n\n      x @",
        "content: x @",
        "content: \"x @\"",
        "content: 'x @'",
        "content:\n      x @",
        "content: >\n      x @",
        "content:\n      - |\n        x\n        @",
        "content:\n      - # |\n        x @",
        "content:\n      - {type: text, text: '@'}",
        "content:\n      - type: text\n        text: |\n          x\n          @",
    ] {
        for text in [
            format!("messages:\n  - role: user\n    {content}\n"),
            format!("\u{feff}messages:\n  - role: user\n    {content}\n").replace('\n', "\r\n"),
        ] {
            let document = document(&text);
            let Part::Text(Text { value, origin }) = &message(&document, 0).parts[0] else {
                panic!("{content}");
            };
            let mark = |text: &str| {
                let at = text.find('@').expect("a mark");
                Span::from_range(text, at..at + 1)
            };
            assert_eq!(origin.locate(mark(value)), mark(&text), "{text:?}");
        }
    }
}

#[test]
fn lines_of_folded_and_quoted_texts_lead_to_their_beginning() {
    for content in ["content: >\n      a\n\n      @\n", "content: \"a\\n@\""] {
        let text = format!("messages:\n  - role: user\n    {content}\n");
        let document = document(&text);
        let Part::Text(Text { origin, .. }) = &message(&document, 0).parts[0] else {
            panic!("{content}");
        };
        assert_eq!(origin.locate(Span::point(2, 1)), origin.start);
        let begin = text.rfind("a").expect("the text");
        let begin = Span::from_range(&text, begin..begin + 1);
        let Span { line, column, .. } = origin.start;
        assert_eq!((line, column), (begin.line, begin.column));
    }
}

#[test]
fn an_alias_leads_to_its_anchor_where_lines_map() {
    let text = "x: &x |\n  a\n  @\nmessages:\n  - role: user\n    content: *x\n";
    let document = document(text);
    let Origin { start, block, .. } = content(&document, 0).origin;
    assert_eq!((start.line, start.column), (6, 14));
    assert_eq!(block, Some((2, 2)));
}
