//! What each language prints and refuses.

mod differs;
pub(in crate::exchange) mod trees;

use serde_json::json;

use super::*;
use crate::prompt::document::{self, Object};
use crate::prompt::template::{Compiled, Partials};

/// The variables that the trees name.
pub(in crate::exchange) fn values() -> Object {
    let values = json!({
        "x": "V", "empty": "", "number": 3, "yes": true, "no": false,
        "list": ["a", "b", "c"], "nil": [], "map": { "key": "K", "list": ["l"] },
        "maps": [{ "key": "1" }, { "key": "" }],
    });
    values.as_object().unwrap().clone()
}

/// What a template of ours renders.
fn rendered(template: &str, values: &Object) -> String {
    let schema = json!({ "schema": { "type": "object", "properties": { "gone": {} } } });
    let file = json!({ "messages": [{ "role": "user", "content": template }], "input": schema });
    let document = document::parse(&file.to_string()).unwrap();
    let compiled = Compiled::new(&document, &Partials::new())
        .unwrap_or_else(|findings| panic!("{template:?}: {findings:?}"));
    compiled
        .render(values)
        .unwrap_or_else(|finding| panic!("{template:?}: {finding:?}"))[0]
        .text()
}

#[track_caller]
fn ours(dialect: Dialect, text: &str) -> String {
    dialect
        .read(text, &Known::default())
        .unwrap()
        .to_handlebars()
}

#[track_caller]
fn refused(dialect: Dialect, text: &str) -> (String, String) {
    let mistake = dialect.read(text, &Known::default()).unwrap_err();
    (text[mistake.at.clone()].to_owned(), mistake.message)
}

#[test]
fn white_space_is_that_of_jinja() {
    for (jinja, expected) in [
        ("{% if x %}\nA\n{% endif %}\nB", "\nA\n\nB"),
        ("{% if x -%}\nA\n{%- endif %}\nB", "A\nB"),
        ("a\n  {% if no %}A{% endif %}  \nb", "a\n    \nb"),
        (
            "{% for i in list %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}.",
            "a, b, c.",
        ),
        ("{# note #}\na\n", "\na"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ '{{' }}x", "{{x"),
        ("{{ '{' }}{{ x }}{{ \"a\\n\" }}", "{Va\n"),
        ("{{ x if yes else number }}", "V"),
        ("{{ gone | default('nil') }}", "nil"),
        ("{{ list | join(' ') | upper }}", "A B C"),
        (
            "{% for i in list %}{{ x }}{{ map.key }}{% endfor %}",
            "VKVKVK",
        ),
    ] {
        let template = ours(Dialect::Jinja, jinja);
        assert_eq!(
            rendered(&template, &values()),
            expected,
            "{jinja:?} {template:?}"
        );
    }
}

#[test]
fn what_has_no_counterpart_is_refused_with_its_place() {
    for (dialect, text, place, why) in [
        (
            Dialect::Jinja,
            "a\n{% set y = 1 %}",
            "{% set y = 1 %}",
            "`{% set %}` has no counterpart",
        ),
        (
            Dialect::Jinja,
            "{% include 'a' %}",
            "{% include 'a' %}",
            "`{% include %}`",
        ),
        (
            Dialect::Jinja,
            "{{ '{{' | upper }}",
            "'{{'",
            "signs in a tag",
        ),
        (Dialect::Jinja, "{{ x + 1 }}", "+", "`+` has no counterpart"),
        (Dialect::Jinja, "{{ x.run() }}", "(", "a call"),
        (Dialect::Jinja, "{{ f(x) }}", "(", "a call"),
        (
            Dialect::Jinja,
            "{{ x | truncate(3) }}",
            "truncate",
            "the filter `truncate`",
        ),
        (
            Dialect::Jinja,
            "{% if 'a' in x %}b{% endif %}",
            "in",
            "`in` has no counterpart",
        ),
        (
            Dialect::Jinja,
            "{% if x is defined %}b{% endif %}",
            "is",
            "`is` has no counterpart",
        ),
        (
            Dialect::Jinja,
            "{% for k, v in map %}{% endfor %}",
            "{% for k, v in map %}",
            "keys and values",
        ),
        (
            Dialect::Jinja,
            "{{ x == 1 }}",
            "{{ x == 1 }}",
            "the printed value of a condition",
        ),
        (Dialect::Jinja, "{% if x %}", "{% if x %}", "never closed"),
        (
            Dialect::Jinja,
            "{% endif %}",
            "{% endif %}",
            "closes nothing",
        ),
        (
            Dialect::Jinja,
            "{% for i in list %}{{ loop.index }}{% endfor %}",
            "loop",
            "counts from 1",
        ),
        (
            Dialect::Jinja,
            "{{ this }}",
            "this",
            "cannot be named `this`",
        ),
        (Dialect::Jinja, "{{ list[1:] }}", ":", "a slice"),
        (Dialect::FString, "{x:.2f}", "{x:.2f}", "the format `:.2f`"),
        (Dialect::FString, "{x!r}", "{x!r}", "the format `!r`"),
        (Dialect::FString, "a } b", "}", "a single `}`"),
        (Dialect::FString, "{}", "{}", "cannot be named ``"),
        (
            Dialect::SemanticKernel,
            "{{plugin.fn $x}}",
            "{{plugin.fn $x}}",
            "the function `plugin.fn`",
        ),
        (
            Dialect::Mustache,
            "{{> part}}",
            "{{> part}}",
            "`{{>` has no counterpart",
        ),
        (
            Dialect::Mustache,
            "{{#x}}a{{/x}}",
            "{{#x}}",
            "may be a list or a condition",
        ),
        (
            Dialect::Langfuse,
            "{{first name}}",
            "{{first name}}",
            "cannot be named `first name`",
        ),
    ] {
        let (at, message) = refused(dialect, text);
        assert_eq!(at, place, "{text}: {message}");
        assert!(message.contains(why), "{text}: {message}");
    }
}

#[test]
fn other_languages_print_as_they_did() {
    for (dialect, text, expected) in [
        (Dialect::FString, "{{\"a\": {x}}}}}", "{\"a\": V}}"),
        (
            Dialect::SemanticKernel,
            "a {{$x}} {{ $number }}{{'b'}} {{",
            "a V 3b {{",
        ),
        (
            Dialect::Langfuse,
            "{{x}} + {{\n  \"k\": 1\n}} {{#if x}} {{{x}}} {{ number }}",
            "V + {{\n  \"k\": 1\n}} {{#if x}} {{{x}}} 3",
        ),
        (
            Dialect::Mustache,
            "{{#list}}\n- {{.}}\n{{/list}}\n{{^nil}}no{{/nil}}{{! a }}",
            "- a\n- b\n- c\nno",
        ),
        (Dialect::Plain, "{{x}} {% if %}", "{{x}} {% if %}"),
    ] {
        let template = ours(dialect, text);
        assert_eq!(
            rendered(&template, &values()),
            expected,
            "{text:?} {template:?}"
        );
    }
    let known = Known {
        variables: Some(["maps", "x", "yes"].map(str::to_owned).into()),
        flags: ["yes".to_owned()].into(),
        ..Known::default()
    };
    let text = "{{#maps}}[{{key}}{{x}}]{{/maps}}{{#yes}}!{{/yes}}";
    let template = Dialect::Mustache
        .read(text, &known)
        .unwrap()
        .to_handlebars();
    assert_eq!(rendered(&template, &values()), "[1V][V]!", "{template}");
}

/// The cases that Prompty publishes for its languages, in short.
#[test]
fn the_vectors_of_prompty_render_as_published() {
    for (dialect, text, values, expected) in [
        (
            Dialect::Jinja,
            "{{first}} {{last}} is {{age}}",
            json!({ "first": "Jane", "last": "Doe", "age": 30 }),
            "Jane Doe is 30",
        ),
        (
            Dialect::Jinja,
            "{% if premium %}Welcome VIP!{% else %}Hello!{% endif %}",
            json!({ "premium": true }),
            "Welcome VIP!",
        ),
        (
            Dialect::Jinja,
            "{% if premium %}Welcome VIP!{% else %}Hello!{% endif %}",
            json!({ "premium": false }),
            "Hello!",
        ),
        (
            Dialect::Jinja,
            "Items: {% for item in items %}{{item}} {% endfor %}",
            json!({ "items": ["a", "b", "c"] }),
            "Items: a b c ",
        ),
        (
            Dialect::Jinja,
            "{{user.name}} ({{user.email}})",
            json!({ "user": { "name": "Jane", "email": "j@t" } }),
            "Jane (j@t)",
        ),
        (
            Dialect::Jinja,
            "{{content}}",
            json!({ "content": "<b>bold</b>" }),
            "<b>bold</b>",
        ),
        (
            Dialect::Jinja,
            "line1\n  line2\n    line3",
            json!({}),
            "line1\n  line2\n    line3",
        ),
        (
            Dialect::Jinja,
            "{{ name | lower }}{{name|upper}}",
            json!({ "name": "aB" }),
            "abAB",
        ),
        (
            Dialect::Jinja,
            "{{ name | trim }}",
            json!({ "name": "  hello  " }),
            "hello",
        ),
        (
            Dialect::Jinja,
            "{{name|default(\"stranger\")}}",
            json!({}),
            "stranger",
        ),
        (
            Dialect::Jinja,
            "Hello{# this is a comment #} World",
            json!({}),
            "Hello World",
        ),
        (
            Dialect::Jinja,
            "{{ items | join(', ') }}",
            json!({ "items": ["a", "b", "c"] }),
            "a, b, c",
        ),
        (
            Dialect::Jinja,
            "{{ items | length }}",
            json!({ "items": [1, 2, 3, 4, 5] }),
            "5",
        ),
        (
            Dialect::Mustache,
            "Hello {{name}}!",
            json!({ "name": "World" }),
            "Hello World!",
        ),
        (
            Dialect::Mustache,
            "{{#show}}Visible{{/show}}",
            json!({ "show": true }),
            "Visible",
        ),
        (
            Dialect::Mustache,
            "{{^show}}Hidden{{/show}}",
            json!({ "show": false }),
            "Hidden",
        ),
        (
            Dialect::Mustache,
            "{{#items}}{{.}} {{/items}}",
            json!({ "items": ["a", "b", "c"] }),
            "a b c ",
        ),
    ] {
        let known = Known {
            flags: ["show".to_owned()].into(),
            ..Known::default()
        };
        let template = dialect.read(text, &known).unwrap().to_handlebars();
        assert_eq!(
            rendered(&template, values.as_object().unwrap()),
            expected,
            "{text}"
        );
    }
}

/// What is read twice as long must not take four times as long; as time is no measure in a test,
/// texts are read that would take many minutes.
#[test]
fn no_language_looks_at_the_whole_text_for_each_tag() {
    const COUNT: usize = 30_000;
    let known = Known {
        variables: Some((0..COUNT).map(|index| format!("v{index}")).collect()),
        lists: ["xs".to_owned()].into(),
        ..Known::default()
    };
    for (dialect, piece) in [
        (Dialect::Jinja, "a {{ x }} b"),
        (Dialect::Jinja, "{% if x %}{% endif %}"),
        (Dialect::Nunjucks, "{% raw %}{{ x }}{% endraw %}"),
        (Dialect::Jinja, "{# note #}"),
        (Dialect::Jinja, "{ % } "),
        (Dialect::Mustache, "{{! note }}"),
        (Dialect::Mustache, "{{#xs}}{{v7}}{{/xs}} "),
        (Dialect::Langfuse, "{{ "),
        (Dialect::Langfuse, "{{ a b } "),
        (Dialect::Doubled, "{{ x "),
        (Dialect::SemanticKernel, "{{$x}} "),
        (Dialect::FString, "{x} "),
    ] {
        let read = dialect.read(&piece.repeat(COUNT), &known);
        let template = read.unwrap_or_else(|mistake| panic!("{piece}: {mistake:?}"));
        let is_note = piece.contains("note");
        assert_eq!(template.to_handlebars().is_empty(), is_note, "{piece}");
    }
    // Ends that stand far away, once for all.
    let text = "{{ ".repeat(COUNT) + "}}";
    assert!(Dialect::Langfuse.read(&text, &known).is_ok());
    let blanks = " ".repeat(COUNT) + &"{{!a}}".repeat(COUNT) + &" ".repeat(COUNT);
    assert!(Dialect::Mustache.read(&blanks, &known).is_ok());
}

#[test]
fn what_nests_without_brackets_is_refused_and_ends_nothing() {
    let long = |text: &str| text.repeat(50_000);
    for text in [
        format!("{{{{ a{} }}}}", long("|upper")),
        format!("{{{{ {}1 }}}}", long("-")),
        format!("{{% if a{} %}}b{{% endif %}}", long("|trim")),
        format!("{{% if {}a %}}b{{% endif %}}", long("not ")),
        format!("{{{{ {}a }}}}", long("(")),
    ] {
        for dialect in [Dialect::Jinja, Dialect::Nunjucks] {
            assert!(
                dialect.read(&text, &Known::default()).is_err(),
                "{}",
                &text[..20]
            );
        }
    }
    assert_eq!(
        ours(Dialect::Jinja, "{{ a|upper|trim|lower }} {{ -1 }}"),
        "{{lower (trim (upper a))}} -1"
    );
}

#[test]
fn what_prints_another_way_here_is_noted_with_its_place() {
    let notes = |dialect: Dialect, text: &str, known: &Known| -> Vec<(usize, String)> {
        let template = dialect.read(text, known).unwrap();
        let note = |note: Note| (note.at.start, note.message);
        template.notes.into_iter().map(note).collect()
    };
    let python = "print as in JSON here, and as Python writes them there";
    let none = Known::default();
    let found = notes(Dialect::Jinja, "Hi {{ x }} {{ y }}", &none);
    assert!(
        found.len() == 1 && found[0].0 == 3 && found[0].1.ends_with(python),
        "{found:?}"
    );
    let texts = Known {
        texts: ["x".to_owned()].into(),
        lists: ["xs".to_owned()].into(),
        ..Known::default()
    };
    assert!(notes(Dialect::Jinja, "Hi {{ x }}", &texts).is_empty());
    for (dialect, text, at, said) in [
        (
            Dialect::Jinja,
            "a{% for i in m %}b{% endfor %}",
            1,
            "over its keys there",
        ),
        (
            Dialect::Jinja,
            "{% if x == 1 %}a{% endif %}",
            8,
            "takes true for 1",
        ),
        (
            Dialect::Jinja,
            "{% if true != x %}a{% endif %}",
            11,
            "takes true for 1",
        ),
        (
            Dialect::Nunjucks,
            "{% if xs %}a{% endif %}",
            0,
            "even when it is empty",
        ),
    ] {
        let found = notes(dialect, text, &none);
        let note = found.iter().find(|(_, message)| message.contains(said));
        assert_eq!(note.map(|(place, _)| *place), Some(at), "{text}: {found:?}");
    }
    for quiet in [
        "{% for i in xs %}b{% endfor %}",
        "{% if x == 2 %}a{% endif %}",
        "{% if x %}a{% endif %}",
    ] {
        assert!(notes(Dialect::Jinja, quiet, &texts).is_empty(), "{quiet}");
    }
}

#[test]
fn numbers_that_would_print_another_way_are_refused() {
    for number in [
        "100000000000000000000",
        "1.0",
        "0.00001",
        "123456789012345678.5",
    ] {
        let (_, message) = refused(Dialect::Jinja, &format!("{{{{ {number} }}}}"));
        assert!(message.starts_with("this number"), "{number}: {message}");
    }
    assert_eq!(ours(Dialect::Jinja, "{{ 1.5 }} {{ 12 }}"), "1.5 12");
    let text = "{% if x > 100000000000000000000 %}a{% endif %}";
    assert_eq!(refused(Dialect::Jinja, text).0, "100000000000000000000");
}
