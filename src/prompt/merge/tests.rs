use super::*;
use crate::prompt::digest::digest;
use crate::prompt::edit::{parse_path, remove, set, set_version};
use crate::prompt::template::Partials;

mod any;

const BASE: &str = "\
# About tickets.

name: Triage
version: 3
digest: 000000000000
tags: [a, b]
model: openai/gpt-5-mini
modelParameters:
  max_tokens: 800  # room for the draft
  topP: 1
input:
  schema:
    type: object
    required: [ticket]
    properties:
      ticket: {type: string}
messages:
  - role: system
    content: |
      You sort tickets.
      Be kind.

      Be brief.
      Answer in English.
  - role: user
    content: \"{{ticket}}\"
testData:
  - ticket: one
";

fn content(document: &Document) -> Digest {
    digest(document, &Partials::new())
}

/// The text with a number and the digest that fits it.
fn numbered(text: &str, version: u32) -> String {
    let document = parse(text).expect("a prompt");
    let version = Version::new(version).expect("a version");
    set_version(text, version, content(&document).short()).expect("lines")
}

fn base() -> String {
    numbered(BASE, 3)
}

fn with(text: &str, path: &str, value: serde_json::Value) -> String {
    set(text, &parse_path(path).expect("a path"), &value).expect("an edit")
}

fn merged(base: &str, ours: &str, theirs: &str) -> Merged {
    let sides = Sides { base, ours, theirs };
    let marks = Marks {
        size: 7,
        ours: "ours",
        theirs: "theirs",
    };
    let merged = merge(sides, None, marks, &|_, it| content(it)).expect("a merge");
    if merged.conflicts.is_empty() {
        let document = parse(&merged.text).expect("a prompt");
        assert_eq!(document.version, merged.version);
    }
    merged
}

#[track_caller]
fn clean(base: &str, ours: &str, theirs: &str) -> String {
    let merged = merged(base, ours, theirs);
    assert_eq!(merged.conflicts, [""; 0], "{}", merged.text);
    merged.text
}

/// What differs from the base, line by line.
fn changes(text: &str) -> String {
    let base = base();
    let lines = |text: &str, other: &str, sign: &str| -> Vec<String> {
        let new = text
            .lines()
            .filter(|line| !other.lines().any(|it| it == *line));
        new.map(|line| format!("{sign}{line}")).collect()
    };
    let mut all = lines(&base, text, "-");
    all.extend(lines(text, &base, "+"));
    all.join("\n")
}

#[test]
fn edits_of_different_fields_are_merged_and_get_the_next_number() {
    let base = base();
    let ours = numbered(
        &base.replace("800  # room for the draft", "600  # shorter"),
        4,
    );
    let theirs = numbered(&base.replace("topP: 1", "topP: 0.5  # calmer"), 4);
    insta::assert_snapshot!(changes(&clean(&base, &ours, &theirs)), @"
    -version: 3
    -digest: 7be5129fa369
    -  max_tokens: 800  # room for the draft
    -  topP: 1
    +version: 5
    +digest: c61ad5fc5708
    +  max_tokens: 600  # shorter
    +  topP: 0.5
    ");
}

#[test]
fn the_number_is_the_one_that_the_content_has() {
    let base = base();
    let ours = numbered(&base.replace("gpt-5-mini", "gpt-5"), 4);
    let title = base.replace("name: Triage", "name: Sorting");
    let version = |text: String| parse(&text).expect("a prompt").version.map(Version::number);
    // Only one side changed what a model sees.
    assert_eq!(version(clean(&base, &ours, &title)), Some(4));
    assert_eq!(version(clean(&base, &title, &ours)), Some(4));
    // Both made the same change, under different numbers.
    let later = numbered(&ours.replace("name: Triage", "name: Sorter"), 6);
    assert_eq!(version(clean(&base, &ours, &later)), Some(6));
    // Neither changed what a model sees.
    let tagged = base.replace("[a, b]", "[a, b, c]");
    assert_eq!(version(clean(&base, &title, &tagged)), Some(3));
    // The other side gave the number to something else, and took it back.
    let returned = numbered(&title, 5);
    assert_eq!(version(clean(&base, &ours, &returned)), Some(6));
    // What is published elsewhere is not given again.
    let theirs = numbered(&base.replace("topP: 1", "topP: 0"), 4);
    let sides = Sides {
        base: &base,
        ours: &ours,
        theirs: &theirs,
    };
    let marks = Marks {
        size: 7,
        ours: "",
        theirs: "",
    };
    let above = merge(sides, Version::new(8), marks, &|_, it| content(it)).expect("a merge");
    assert_eq!(above.version, Version::new(9));
}

#[test]
fn a_line_that_does_not_fit_is_not_made_to_fit() {
    let base = base();
    let unbumped = base.replace("gpt-5-mini", "gpt-5");
    let title = base.replace("name: Triage", "name: Sorting");
    let text = clean(&base, &title, &unbumped);
    let document = parse(&text).expect("a prompt");
    assert_eq!(document.version, Version::new(3));
    assert_ne!(document.digest.as_deref(), Some(content(&document).short()));
}

#[test]
fn files_without_numbers_get_none() {
    let bare = BASE.replace("version: 3\ndigest: 000000000000\n", "");
    let ours = bare.replace("800", "600");
    let theirs = bare.replace("topP: 1", "topP: 0");
    let text = clean(&bare, &ours, &theirs);
    assert_eq!(
        text,
        bare.replace("800", "600").replace("topP: 1", "topP: 0")
    );
}

#[test]
fn texts_are_merged_by_line_and_lists_by_item() {
    let base = base();
    let ours = base.replace("Be kind.", "Be very kind.");
    let theirs = with(
        &base.replace("English", "Welsh"),
        "messages[1].content",
        "Ticket: {{ticket}}".into(),
    );
    let text = clean(&base, &ours, &theirs);
    for line in [
        "Be very kind.",
        "Answer in Welsh.",
        "\"Ticket: {{ticket}}\"",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let grown = |word: &str| {
        let text = with(&base, "testData[1].ticket", word.into());
        let text = with(&text, "input.schema.required[1]", word.into());
        with(
            &text,
            &format!("input.schema.properties.{word}"),
            serde_json::json!({"type": "string"}),
        )
    };
    let text = clean(&base, &grown("mood"), &grown("locale"));
    let document = parse(&text).expect("a prompt");
    assert_eq!(document.test_data.len(), 3);
    assert_eq!(
        document.written.raw()["input"]["schema"]["required"],
        serde_json::json!(["ticket", "locale", "mood"])
    );
    assert_eq!(
        document.written.raw()["input"]["schema"]["properties"]
            .as_object()
            .map(Map::len),
        Some(3)
    );
}

#[test]
fn a_message_that_comes_and_one_that_changes() {
    let base = base();
    let ours = base.replace(
        "  - role: user\n",
        "  - role: assistant\n    content: Hello.\n  - role: user\n",
    );
    let theirs = base.replace("\"{{ticket}}\"", "\"> {{ticket}}\"");
    let text = clean(&base, &ours, &theirs);
    assert!(
        text.contains("Hello.") && text.contains("> {{ticket}}"),
        "{text}"
    );
    assert_eq!(
        content(&parse(&text).expect("a prompt")),
        content(&parse(&clean(&base, &theirs, &ours)).expect("a prompt"))
    );
}

#[test]
fn a_placeholder_that_comes_and_a_message_that_changes() {
    let add = |text: &str| {
        text.replace(
            "  - role: user\n",
            "  - placeholder: history\n  - role: user\n",
        )
    };
    let ours = numbered(&add(BASE), 4);
    let theirs = numbered(&BASE.replace("Be kind.", "Be very kind."), 4);
    let merged = clean(&base(), &ours, &theirs);
    assert!(merged.contains("  - placeholder: history\n  - role: user\n"));
    assert!(merged.contains("Be very kind."));
    let both = clean(&base(), &ours, &ours);
    assert_eq!(both.matches("placeholder").count(), 1);
}

#[test]
fn conflicts_are_marked_in_valid_places() {
    let base = base();
    let ours = numbered(
        &base
            .replace("800  #", "600  #")
            .replace("Be kind.", "Be strict."),
        4,
    );
    let theirs = numbered(
        &base
            .replace("800", "900")
            .replace("Be kind.", "Be soft.")
            .replace("topP: 1", "topP: 0"),
        5,
    );
    let merged = merged(&base, &ours, &theirs);
    assert_eq!(
        merged.conflicts,
        ["modelParameters.maxTokens", "messages[0].content"]
    );
    insta::assert_snapshot!(merged.text, @r#"
    # About tickets.

    name: Triage
    version: 6
    digest: 0c5c8d221a6f
    tags: [a, b]
    model: openai/gpt-5-mini
    modelParameters:
    <<<<<<< ours
      max_tokens: 600  # room for the draft
    =======
      max_tokens: 900  # room for the draft
    >>>>>>> theirs
      topP: 0
    input:
      schema:
        type: object
        required: [ticket]
        properties:
          ticket: {type: string}
    messages:
      - role: system
        content: |
          You sort tickets.
    <<<<<<< ours
          Be strict.
    =======
          Be soft.
    >>>>>>> theirs

          Be brief.
          Answer in English.
      - role: user
        content: "{{ticket}}"
    testData:
      - ticket: one
    "#);
    // Either side's lines make a valid file.
    for keep in ["<=", "=>"] {
        let mut is_kept = true;
        let mut text = String::new();
        for line in merged.text.split_inclusive('\n') {
            match line.chars().take(7).collect::<String>().as_str() {
                "<<<<<<<" => is_kept = keep == "<=",
                "=======" => is_kept = keep == "=>",
                ">>>>>>>" => is_kept = true,
                _ if is_kept => text.push_str(line),
                _ => {}
            }
        }
        let document = parse(&text).expect("a prompt");
        assert_eq!(document.version, Version::new(6));
        assert_ne!(document.digest.as_deref(), Some(content(&document).short()));
    }
}

#[test]
fn whole_fields_are_marked() {
    let base = base();
    let schema = |text: &str, more: serde_json::Value| with(text, "jsonSchema", more);
    let ours = schema(
        &base,
        serde_json::json!({"name": "a", "strict": true, "schema": {"type": "object"}}),
    );
    let theirs = schema(
        &base,
        serde_json::json!({"name": "b", "strict": true, "schema": {"type": "array"}}),
    );
    let merged_text = merged(&base, &ours, &theirs);
    insta::assert_snapshot!(merged_text.conflicts.join("\n"), @"
    jsonSchema.name
    jsonSchema.schema.type
    ");
    // Removed on one side, changed on the other.
    let gone = base.replace("  topP: 1\n", "");
    let merged = merged(&base, &gone, &base.replace("topP: 1", "topP: 0"));
    assert_eq!(merged.conflicts, ["modelParameters.topP"]);
    insta::assert_snapshot!(merged.text.lines().skip(6).take(9).collect::<Vec<_>>().join("\n"), @"
    model: openai/gpt-5-mini
    modelParameters:
      max_tokens: 800  # room for the draft
    <<<<<<< ours
    =======
      topP: 0
    >>>>>>> theirs
    input:
      schema:
    ");
}

#[test]
fn what_is_no_prompt_is_left_to_git() {
    let base = base();
    let marks = Marks {
        size: 7,
        ours: "",
        theirs: "",
    };
    for wrong in [
        "a: [",
        "- 1\n",
        "version: 1\n",
        "<<<<<<< x\n",
        "a: !x 1\nmessages: []\n",
    ] {
        let sides = Sides {
            base: &base,
            ours: wrong,
            theirs: &base.replace("800", "1"),
        };
        assert_eq!(
            merge(sides, None, marks, &|_, it| content(it)),
            Err(Unmergeable),
            "{wrong}"
        );
    }
}

#[test]
fn files_that_both_sides_made() {
    let ours = base();
    let theirs = ours.replace("openai/gpt-5-mini", "openai/gpt-5");
    let merged = merged("", &ours, &theirs);
    assert_eq!(merged.conflicts, ["model"]);
    let same = clean("", &ours, &ours.replace("# About tickets.\n", ""));
    assert_eq!(
        content(&parse(&same).expect("a prompt")),
        content(&parse(&ours).expect("a prompt"))
    );
}

#[test]
fn windows_line_ends_stay() {
    let base = base();
    let windows = |text: &str| text.replace('\n', "\r\n");
    let ours = windows(&numbered(&base.replace("800", "600"), 4));
    let theirs = numbered(&base.replace("topP: 1", "topP: 0"), 4);
    let text = clean(&windows(&base), &ours, &theirs);
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
    assert!(text.contains("topP: 0") && text.contains("600"), "{text}");
}
