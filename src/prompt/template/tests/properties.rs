//! What holds for every template.

use proptest::prelude::*;

use super::*;

/// Pieces of templates, most of them whole.
fn piece() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "{{x}}",
        "{{~x~}}",
        "{{#if x}}",
        "{{else}}",
        "{{else if y}}",
        "{{/if}}",
        "{{#each xs}}",
        "{{/each}}",
        "{{> p}}",
        "{{> q v=x}}",
        "{{#> p}}",
        "{{/p}}",
        "{{#*inline \"i\"}}",
        "{{/inline}}",
        "{{> i}}",
        "{{! c }}",
        "{{!-- c --}}",
        "\\{{x}}",
        "{{{{raw}}}}",
        "{{{{/raw}}}}",
        "{{upper (lower x)}}",
        "{{",
        "}}",
        "{{{",
        "}}}",
        "{",
        "\\",
        "\"",
        "'",
        "|",
        "(",
        ")",
        "[",
        "]",
        "#",
        "/",
        ">",
        "^",
        "~",
        "!",
        "--",
        "else",
        "as |a b|",
        "@index",
        "../",
        "this",
        ".",
        "=",
        "1.",
        " ",
        "\n",
        "\r\n",
        "  \n",
        "é",
        "{%",
        "%}",
        "{{else",
        "{{^}}",
        "{{&x}}",
        "{{.}}",
        "{{x \"",
        "a",
    ];
    prop_oneof![4 => proptest::sample::select(FIXED).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

/// Pieces that an outline is made of.
fn plain_piece() -> impl Strategy<Value = String> {
    const FIXED: &[&str] = &[
        "{{x}}",
        "{{ user.name }}",
        "{{#if x}}",
        "{{#unless user}}",
        "{{#each user.items}}",
        "{{#with  user }}",
        "{{else}}",
        "{{/if}}",
        "{{/unless}}",
        "{{/each}}",
        "{{/with}}",
        "{{> p}}",
        "{{>dir/q}}",
        "{{this}}",
        "{{true}}",
        "{{name1.2}}",
        "{{title}}",
        "{{lookup}}",
        "{{if}}",
        "{{#if x}}{{#each x}}a{{name}}{{/each}}{{else}}{{y}}{{/if}}",
        "\n",
        " text }} ",
        "{ a } ",
    ];
    proptest::sample::select(FIXED).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_outline_says_what_the_compiler_says(
        pieces in proptest::collection::vec(prop_oneof![3 => plain_piece(), 1 => piece()], 0..12),
        partial in proptest::collection::vec(plain_piece(), 0..4),
    ) {
        let text = pieces.concat();
        let schema = json!({"properties": {"x": {}, "user": {}}, "required": ["x"]});
        let document = document(&[&text], Some(schema));
        let partials = partials(&[("p", partial.concat().as_str())]);
        match (Compiled::new(&document, &partials), Outline::new(&document, &partials)) {
            (Ok(compiled), Ok(outline)) => {
                prop_assert_eq!(compiled.uses(), outline.uses());
                prop_assert_eq!(compiled.variables(), outline.variables());
                prop_assert_eq!(compiled.warnings(), outline.warnings());
                prop_assert_eq!(compiled.undeclared(), outline.undeclared());
                prop_assert_eq!(compiled.unused(), outline.unused());
            }
            (Err(compiled), Err(outline)) => prop_assert_eq!(compiled, outline),
            (compiled, outline) => prop_assert!(false, "{:?} {:?}", compiled.err(), outline.err()),
        }
    }

    #[test]
    fn no_text_makes_it_panic(pieces in proptest::collection::vec(piece(), 0..14)) {
        let template = pieces.concat();
        let list = [("p", "{{x}}{{> @partial-block}}"), ("q", "{{v}}")];
        let values = json!({"x": "1", "y": [], "xs": [1, {"x": 2}], "this": 1});
        let _ = render_all(&template, None, &list, values);
    }

    #[test]
    fn text_without_tags_renders_to_itself(text in "[^\\\\{]{0,40}") {
        prop_assert_eq!(render(&text, json!({})), Ok(text));
    }

    #[test]
    fn text_around_a_tag_stays(before in "[^\\\\{]{0,20}", after in "[^\\\\{}]{0,20}") {
        let template = format!("{before}{{{{x}}}}{after}");
        prop_assert_eq!(render(&template, json!({"x": "v"})), Ok(format!("{before}v{after}")));
    }

    #[test]
    fn inclusions_are_what_the_parser_finds(pieces in proptest::collection::vec(piece(), 0..8)) {
        let template = pieces.concat();
        let list = [("p", ""), ("q", "")];
        if let Ok(compiled) = compile_with(&template, None, &list) {
            let mut names: Vec<String> = inclusions(&template).into_iter().map(|one| one.name).collect();
            names.sort();
            names.dedup();
            names.retain(|name| name == "p" || name == "q");
            prop_assert_eq!(compiled.partials().collect::<Vec<_>>(), names);
        }
    }
}

/// Whole templates in which every value is given, so that strictness makes no difference.
fn whole() -> impl Strategy<Value = String> {
    const LEAVES: &[&str] = &[
        "a",
        " ",
        "\n",
        "  \n",
        "\r\n",
        "é\n",
        "{{x}}",
        "{{~x}}",
        "{{x~}}",
        "{{{x}}}",
        "{{! c }}",
        "{{!-- }} --}}",
        "\\{{x}}",
        "\\\\{{x}}",
        "{{@root.x}}",
        "{{@root.user.name}}",
        "{{{{raw}}}}{{x}} {{{{/raw}}}}",
        "{{> p}}",
        "{{> q v=@root.x}}",
        "{ ",
        "}",
    ];
    let leaf = proptest::sample::select(LEAVES).prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 6, |inner| {
        let many = proptest::collection::vec(inner, 0..6).prop_map(|parts| parts.concat());
        prop_oneof![
            3 => many.clone(),
            1 => many.clone().prop_map(|body| format!("{{{{#if @root.x}}}}{body}{{{{/if}}}}")),
            1 => (many.clone(), many.clone()).prop_map(|(a, b)| format!("{{{{#if @root.zero}}}}\n{a}{{{{else if @root.x}}}}\n{b}{{{{else}}}}!{{{{/if}}}}\n")),
            1 => (many.clone(), many.clone()).prop_map(|(a, b)| format!("{{{{#unless @root.x~}}}}{a} {{{{~else}}}} {b}{{{{~/unless}}}}")),
            1 => many.clone().prop_map(|body| format!("  {{{{#each @root.xs}}}}\n{body}{{{{@index}}}}{{{{@last}}}}\n{{{{/each}}}}\n")),
            1 => many.prop_map(|body| format!("{{{{#with @root.user as |u|}}}}{body}{{{{u.name}}}}{{{{../x}}}}{{{{/with}}}}")),
        ]
    })
}

/// What the crate's own renderer makes of a template.
fn by_the_crate(template: &str, values: &Value) -> String {
    let mut crate_renderer = handlebars::Handlebars::new();
    crate_renderer.register_escape_fn(handlebars::no_escape);
    for (name, text) in [("p", "[{{@root.x}}]"), ("q", "({{v}})")] {
        crate_renderer
            .register_partial(name, text)
            .expect("a partial");
    }
    crate_renderer
        .render_template(template, values)
        .expect("renders")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn templates_render_as_the_crate_renders_them(template in whole()) {
        // No value holds a line end: there the crate indents where nothing is to be indented.
        let item = json!({"x": "i", "name": "n"});
        let values = json!({"x": "X", "zero": 0, "xs": [item, item], "user": {"name": "N", "x": "u"}});
        let list = [("p", "[{{@root.x}}]"), ("q", "({{v}})")];
        prop_assert_eq!(render_all(&template, None, &list, values.clone()), Ok(by_the_crate(&template, &values)));
    }

    #[test]
    fn partials_put_in_place_change_nothing(template in whole(), inner in whole(), end in "(\\n| |a)?") {
        let inner = inner.replace("{{> p}}", "{{> r}}") + &end;
        let list = [("p", inner.as_str()), ("q", "({{v}})"), ("r", "{{x}}\n{{#if x}}\nr{{/if}}")];
        let item = json!({"x": "i\nj", "name": "n"});
        let values = json!({"x": "X\nY", "zero": 0, "xs": [item, item], "user": {"name": "N", "x": "u"}});
        let placed = inlined(&template, &partials(&list));
        prop_assert_eq!(
            render_all(&placed, None, &list, values.clone()),
            render_all(&template, None, &list, values),
            "{:?} with {:?} became {:?}", template, inner, placed
        );
    }
}

#[test]
fn a_partial_alone_on_its_line_or_within_text_is_put_in_place() {
    let list = [
        ("p", "Be kind.\n{{#if x}}\nYes\n{{/if}}\n"),
        ("q", "{{x}}!"),
    ];
    let all = partials(&list);
    assert_eq!(inlined("A\n{{> p}}\nB", &all), format!("A\n{}B", list[0].1));
    assert_eq!(inlined("Hi {{> q}} you", &all), "Hi {{x}}! you");
    assert_eq!(inlined("{{> q}}{{!}}\n", &all), "{{x}}!{{!}}\n");
    for stays in [
        "  {{> p}}\n",
        "{{> q x=1}}",
        "{{> p}}{{! c }}\n",
        "{{> q}}{{#if x}}\na{{/if}}",
        "{{> gone}}",
    ] {
        assert_eq!(inlined(stays, &all), stays);
    }
}
