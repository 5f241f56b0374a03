//! Where Python and JavaScript decide or print another way: said, refused, or made the same.

use super::super::*;
use super::{ours, refused, rendered, values};

fn notes(dialect: Dialect, text: &str, known: &Known) -> Vec<Note> {
    dialect.read(text, known).unwrap().notes
}

#[test]
fn texts_that_are_numbers_are_not_ordered_in_silence() {
    let known = Known {
        texts: ["s".to_owned(), "t".to_owned()].into(),
        numbers: ["n".to_owned()].into(),
        ..Known::default()
    };
    let decided = |text: &str| {
        let found = notes(Dialect::Jinja, text, &known);
        found
            .iter()
            .filter(|note| note.decides)
            .map(|note| note.at.start)
            .collect::<Vec<_>>()
    };
    for sure in [
        "x > 2",
        "2.5 <= x.y",
        "x | length < y",
        "x < n",
        "x < 'ten'",
        "'b' > x",
    ] {
        assert!(
            decided(&format!("{{% if {sure} %}}a{{% endif %}}")).is_empty(),
            "{sure}"
        );
    }
    assert_eq!(decided("{% if x < y %}a{% endif %}"), [8]);
    for other in ["x < '10'", "' 9 ' >= x", "s < t"] {
        let text = format!("{{% if {other} %}}a{{% endif %}}");
        let mistake = Dialect::Jinja.read(&text, &known).unwrap_err();
        assert!(
            mistake.message.contains("between texts"),
            "{other}: {mistake:?}"
        );
    }
}

#[test]
fn blanks_are_those_of_the_language() {
    let trimmed = |dialect: Dialect, blank: &str| {
        let text = format!("{blank}{{%- if yes -%}}{blank}a{blank}{{%- endif -%}}{blank}");
        rendered(&ours(dialect, &text), &values())
    };
    let raw = |dialect: Dialect, blank: &str| {
        let text = format!("{{% raw -%}}{blank}a{blank}{{%- endraw %}}");
        rendered(&ours(dialect, &text), &values())
    };
    for blank in ["\u{1c}", "\u{1f}", "\u{85}", "\u{a0}", "\u{2028}", " \t"] {
        assert_eq!(trimmed(Dialect::Jinja, blank), "a", "{blank:?}");
        assert_eq!(raw(Dialect::Jinja, blank), "a", "{blank:?}");
    }
    for blank in ["\u{feff}", "\u{a0}", "\u{2028}", " \t"] {
        assert_eq!(trimmed(Dialect::Nunjucks, blank), "a", "{blank:?}");
    }
    for (dialect, letter) in [
        (Dialect::Jinja, "\u{feff}"),
        (Dialect::Jinja, "\u{200b}"),
        (Dialect::Jinja, "\u{180e}"),
        (Dialect::Nunjucks, "\u{1c}"),
        (Dialect::Nunjucks, "\u{85}"),
    ] {
        assert_eq!(
            trimmed(dialect, letter).matches(letter).count(),
            4,
            "{letter:?}"
        );
    }
}

#[test]
fn every_line_end_is_one_to_jinja() {
    assert_eq!(ours(Dialect::Jinja, "a\rb\r\nc\r"), "a\nb\nc");
    assert_eq!(ours(Dialect::Nunjucks, "a\rb"), "a\rb");
}

#[test]
fn names_that_mean_something_else_there_are_refused() {
    for (dialect, text, place) in [
        (Dialect::Jinja, "{{ x.items }}", "."),
        (Dialect::Jinja, "{{ x.__class__ }}", "."),
        (Dialect::Jinja, "{{ xs['0'] }}", "'0'"),
        (Dialect::Jinja, "{{ self }}", "self"),
        (Dialect::Jinja, "{{ null }}", "null"),
        (Dialect::Nunjucks, "{% if None %}a{% endif %}", "None"),
        (
            Dialect::Nunjucks,
            "{{ 9007199254740993 }}",
            "9007199254740993",
        ),
        (Dialect::Nunjucks, "{{ xs | count }}", "count"),
        (Dialect::Jinja, "{{ x == -9223372036854775809 }}", "-"),
        (
            Dialect::Jinja,
            "{{ gone | default(true) }}",
            "{{ gone | default(true) }}",
        ),
        (
            Dialect::Jinja,
            "{{ (x == y) | trim }}",
            "{{ (x == y) | trim }}",
        ),
        (
            Dialect::Jinja,
            "{{ none | default('a') }}",
            "{{ none | default('a') }}",
        ),
    ] {
        assert_eq!(refused(dialect, text).0, place, "{text}");
    }
    assert_eq!(
        ours(Dialect::Jinja, "{{ x['items'] }} {{ x.title }}"),
        "{{x.items}} {{x.title}}"
    );
    let environment = Known {
        has_environment: true,
        ..Known::default()
    };
    for text in [
        "{{ env.KEY }}",
        "{{ env['KEY'] }}",
        "{% if env %}a{% endif %}",
    ] {
        let mistake = Dialect::Nunjucks.read(text, &environment).unwrap_err();
        assert!(mistake.message.contains("never read"), "{mistake:?}");
        assert!(Dialect::Nunjucks.read(text, &Known::default()).is_ok());
    }
}

#[test]
fn what_decides_or_prints_another_way_is_noted() {
    let texts = Known {
        texts: ["x".to_owned()].into(),
        ..Known::default()
    };
    for (dialect, text, said) in [
        (
            Dialect::Jinja,
            "{{ xs | join(', ') }}",
            "as Python writes them",
        ),
        (
            Dialect::Jinja,
            "{{ x | default(xs) }}",
            "as Python writes them",
        ),
        (Dialect::Jinja, "{{ y | upper }}", "as Python writes them"),
        (Dialect::Jinja, "{{ x | trim }}", "U+001C"),
        (Dialect::Jinja, "{{ x | default('a') }}", "null is a value"),
        (
            Dialect::Jinja,
            "{% if x.title %}a{% endif %}",
            "as conditions",
        ),
        (
            Dialect::Jinja,
            "{% if not x[0] %}a{% endif %}",
            "as conditions",
        ),
        (
            Dialect::Jinja,
            "{% if range %}a{% endif %}",
            "`range` is a function",
        ),
        (
            Dialect::Jinja,
            "{% if x == y %}a{% endif %}",
            "takes true for 1",
        ),
        (Dialect::Nunjucks, "{{ xs.length }}", "a key of a map"),
        (Dialect::Nunjucks, "{{ x | length }}", "counts as two"),
    ] {
        let found = notes(dialect, text, &texts);
        assert!(
            found
                .iter()
                .any(|note| note.message.contains(said) && !note.decides),
            "{text}: {found:?}"
        );
    }
    for quiet in [
        "{{ x | upper }}",
        "{% if x == 'a' %}b{% endif %}",
        "{% if x.name %}a{% endif %}",
    ] {
        assert_eq!(notes(Dialect::Jinja, quiet, &texts), [], "{quiet}");
    }
    assert_eq!(ours(Dialect::Nunjucks, "{{ xs.length }}"), "{{length xs}}");
}
