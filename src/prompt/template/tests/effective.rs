//! A template with its partials in place means what it meant.

use proptest::prelude::*;

use super::*;

const LIST: &[(&str, &str)] = &[
    ("tone", "Be {{how}}.\n"),
    ("a/b", "[{{> c}}]"),
    ("c", "{{x}}"),
    ("lines", "1\n{{x}}\n"),
    ("deep", "{\n  {{> lines}}\n}\n"),
];

fn put(text: &str) -> Effective {
    effective(text, &partials(LIST))
}

#[test]
fn what_is_included_as_it_stands_is_put_in_place() {
    assert_eq!(put("{{> tone}}\nGo.").text, "Be {{how}}.\nGo.");
    assert_eq!(put("a {{> a/b}} {{> \"c\"}}!").text, "a [{{x}}] {{x}}!");
    assert_eq!(
        put("-\n  {{> deep}}\nx").text,
        "-\n  {\n    1\n    {{x}}\n  }\nx"
    );
    assert_eq!(put("-\n  {{> deep}}").kept, [].into());
}

#[test]
fn what_is_given_something_stays() {
    for text in [
        "{{> tone how=\"short\"}}",
        "{{> c user}}",
        "{{#> a/b}}x{{/a/b}}",
        "{{~> c}}",
        "{{> nothing}}",
    ] {
        let put = put(text);
        assert_eq!(put.text, text);
        assert_eq!(put.kept.len(), 1, "{text}");
    }
    let own = "{{#*inline \"c\"}}mine{{/inline}}{{> c}}\\{{> c}}";
    assert_eq!(put(own).text, own);
    assert_eq!(put(own).kept, [].into());
}

#[test]
fn circles_and_partials_that_multiply_end() {
    let names: Vec<String> = (0..40).map(|at| format!("p{at}")).collect();
    let texts: Vec<String> = (1..=40)
        .map(|at| format!("{{{{> p{at}}}}}{{{{> p{at}}}}}"))
        .collect();
    let list: Vec<(&str, &str)> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert!(!effective("{{> p0}}", &partials(&list)).kept.is_empty());
    let circle = effective(
        "{{> a}}",
        &partials(&[("a", "{{> b}}."), ("b", "{{> a}}!")]),
    );
    assert!(circle.text.ends_with(".!.!.!."), "{circle:?}");
}

#[test]
fn texts_before_the_first_value_are_told_apart() {
    let told: Vec<_> = literals("Be{{! kind }} kind, {{name}}. {{#if x}}Yes{{/if}}").collect();
    assert_eq!(
        told,
        [
            (false, "Be"),
            (false, " kind, "),
            (true, ". "),
            (true, "Yes"),
            (true, "")
        ]
    );
    assert_eq!(literals("plain").collect::<Vec<_>>(), [(false, "plain")]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_renders_the_same_but_for_blanks(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "{{> tone}}", "{{> a/b}}", "{{> lines}}", "{{> deep}}", "{{x}}", "\n", "  ", "text", "{{#if x}}", "{{/if}}",
    ]), 0..10)) {
        let text = pieces.concat();
        let values = json!({"how": "kind", "x": "v"});
        let Ok(rendered) = render_all(&text, None, LIST, values.clone()) else {
            return Ok(());
        };
        // A partial that ends its line may leave the tag behind it alone on the next.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let ours = render(&put(&text).text, values).expect("it renders");
        prop_assert_eq!(words(&ours), words(&rendered));
    }
}
