//! A variable without a value is an error, wherever it stands.

use super::*;

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["user"],
        "properties": {
            "user": {"type": "object", "required": ["id"], "properties": {"nick": {"type": "string"}, "id": {}}},
            "open": {"type": "object"},
            "note": {"type": "string", "description": "A note."},
            "xs": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            "lang": {"type": ["string", "null"], "default": "en"},
        },
        "$defs": {"item": {"properties": {"sku": {}, "memo": {}}, "required": ["sku"]}},
    })
}

fn strictly(template: &str, values: Value) -> Result<String, String> {
    let list = [
        ("p", "[{{v}}]"),
        ("q", "{{note}}"),
        ("b", "{{> @partial-block}}"),
    ];
    render_all(template, Some(schema()), &list, values)
}

#[test]
fn a_missing_value_is_an_error_everywhere() {
    let templates = [
        "{{gone}}",
        "{{{gone}}}",
        "{{&gone}}",
        "{{user.gone}}",
        "{{user.id.gone}}",
        "{{this.gone}}",
        "{{@root.gone}}",
        "{{note}}",
        "{{upper gone}}",
        "{{upper note}}",
        "{{round 1 digits=gone}}",
        "{{upper (lower gone)}}",
        "{{eq gone 1}}",
        "{{not note}}",
        "{{and note 1}}",
        "{{json gone}}",
        "{{default gone note}}",
        "{{lookup user \"gone\"}}",
        "{{> p}}",
        "{{> p v=gone}}",
        "{{> p v=note}}",
        "{{> p gone}}",
        "{{> p user}}",
        "{{> q}}",
        "{{#> b}}{{gone}}{{/b}}",
        "{{#*inline \"i\"}}{{gone}}{{/inline}}{{> i}}",
        "{{#if gone}}{{/if}}",
        "{{#unless gone}}{{/unless}}",
        "{{#each gone}}{{/each}}",
        "{{#with gone}}{{/with}}",
        "{{#if user.gone}}{{/if}}",
        "{{#if (eq note 1)}}{{/if}}",
        "{{#if (or gone 1)}}{{/if}}",
        "{{#with user}}{{note}}{{/with}}",
        "{{#with user}}{{../note}}{{/with}}",
        "{{#with user as |u|}}{{u.gone}}{{/with}}",
        "{{#each list}}{{name}}{{/each}}",
        "{{#each list as |x|}}{{x.name}}{{/each}}",
        "{{#each list}}{{#if ../gone}}{{/if}}{{/each}}",
        "{{@index}}",
        "{{@gone}}",
        "{{#each list}}{{@gone}}{{/each}}",
        "{{../user}}",
        "{{#with user}}{{../../x}}{{/with}}",
        "{{none}}",
        "{{upper none}}",
        "{{user.nick}}",
        "{{#if note}}{{else}}{{note}}{{/if}}",
    ];
    let values = json!({"user": {"id": 1}, "list": [{}], "none": null});
    for template in templates {
        let error = strictly(template, values.clone()).expect_err(template);
        let is_right = error.starts_with("P102 ")
            || (error.starts_with("P112 ") && template.contains("lookup"));
        assert!(is_right, "{template}: {error}");
    }
}

#[test]
fn what_may_be_absent_may_be_asked_for() {
    let table = [
        (
            "{{default note \"-\"}}{{default gone \"-\"}}{{default user.x.y none \"-\"}}",
            "---",
        ),
        ("{{#if note}}{{note}}{{else}}-{{/if}}", "-"),
        ("{{#unless note}}-{{/unless}}", "-"),
        ("{{#each xs}}x{{else}}-{{/each}}{{#each xs}}x{{/each}}", "-"),
        ("{{#with note}}x{{else}}-{{/with}}", "-"),
        (
            "{{#if (not note)}}-{{/if}}{{#if (and note note.x)}}x{{/if}}{{#if (or note user.id)}}-{{/if}}",
            "--",
        ),
        (
            "{{#if user.nick}}x{{else}}-{{/if}}{{#if open.any}}x{{/if}}{{#if loose.any}}x{{/if}}",
            "-",
        ),
        ("{{#if none}}x{{else}}-{{/if}}{{#each none}}x{{/each}}", "-"),
        (
            "{{#each list}}{{#if @root.note}}x{{/if}}{{#if x}}x{{/if}}{{/each}}-",
            "-",
        ),
    ];
    for (template, expected) in table {
        let values =
            json!({"user": {"id": 1}, "open": {}, "loose": {}, "list": [{}], "none": null});
        assert_eq!(
            strictly(template, values).as_deref(),
            Ok(expected),
            "{template}"
        );
    }
}

#[test]
fn the_schema_of_items_counts_inside_loops() {
    let values = json!({"user": {"id": 1}, "xs": [{"sku": 7}]});
    let fine = "{{#each xs}}{{sku}}{{#if memo}}x{{/if}}{{/each}}";
    assert_eq!(strictly(fine, values.clone()).as_deref(), Ok("7"));
    let wrong = "{{#each xs}}{{#if mémo}}x{{/if}}{{/each}}";
    assert!(
        strictly(wrong, values)
            .is_err_and(|error| error.starts_with("P102 10:17: `mémo` has no value"))
    );
}

#[test]
fn the_error_names_the_variable_its_place_and_the_way_out() {
    insta::assert_snapshot!(error("Hi\n  {{nmae}}", json!({"name": 1})), @r"
    P102 11:7: `nmae` has no value
      `name` was given; is it meant?
    ");
    insta::assert_snapshot!(error("{{#if note}}x{{/if}}", json!({})), @r"
    P102 10:5: `note` has no value
      pass a value for `note`, or declare it in `input.schema.properties` and leave it out of `required`
    ");
    insta::assert_snapshot!(error("{{#each xs}}{{lang}}{{/each}}", json!({"xs": [{}], "lang": "en"})), @r"
    P102 10:17: `lang` has no value
      inside `{{#each}}` and `{{#with}}` names are looked up in the item: write `{{@root.lang}}`
    ");
    insta::assert_snapshot!(error("{{x}}", json!({"x": null})), @r#"
    P102 10:5: `x` has no value: null was given
      give a value, or write `{{default x "…"}}`
    "#);
    insta::assert_snapshot!(error("{{ticket}}", json!({})), @r#"
    P102 10:5: `ticket` has no value
      pass a value for `ticket`, give it a `default` in `input.schema`, or write `{{default ticket "…"}}`
    "#);
}

#[test]
fn the_place_in_a_partial_is_that_of_its_file() {
    let error = render_all(
        "{{> a}}",
        None,
        &[("a", "\n{{> b}}"), ("b", "x\ny {{gone}}")],
        json!({}),
    );
    assert!(
        error.is_err_and(|error| error.starts_with("P102 prompts/_b.hbs:2:3: `gone` has no value"))
    );
}

fn variables(template: &str, schema: Option<Value>) -> String {
    let list = [
        ("p", "{{v}} {{w}}"),
        ("each", "{{#each items}}{{name}}{{../head}}{{/each}}"),
    ];
    let compiled = compile_with(template, schema, &list).expect("compiles");
    let shown = compiled
        .variables()
        .iter()
        .map(|one| format!("{}{}", one.name, if one.required { "!" } else { "?" }));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn variables_are_found_with_what_they_need() {
    let table = [
        ("{{b}}{{a.x}}{{b}}", "b! a!"),
        (
            "{{upper a}}{{round b digits=c}}{{upper (lower d)}}",
            "a! b! c! d!",
        ),
        ("{{default a \"x\"}}{{default b c}}", "a? b? c!"),
        ("{{default a \"x\"}}{{a}}", "a!"),
        (
            "{{#each xs}}{{name}}{{@index}}{{this}}{{../y}}{{@root.z}}{{/each}}",
            "xs! y! z!",
        ),
        ("{{#each xs as |x i|}}{{x.a}}{{i}}{{y}}{{/each}}", "xs!"),
        (
            "{{#with u}}{{name}}{{#with a}}{{../../z}}{{/with}}{{/with}}",
            "u! z!",
        ),
        ("{{> p}}{{> p v=a}}{{> p u}}", "v! w! a! u!"),
        ("{{> each}}", "items! head!"),
        ("{{#*inline \"i\"}}{{x}}{{y}}{{/inline}}{{> i x=1}}", "y!"),
        ("{{#> p}}{{z}}{{/p}}", "z! v! w!"),
        (
            "{{#if a}}{{a}}{{b}}{{else if c}}{{d}}{{/if}}",
            "a! b! c! d!",
        ),
        ("{{this}}{{@root}}{{length \"x\"}}", ""),
    ];
    for (template, expected) in table {
        assert_eq!(variables(template, None), expected, "{template}");
    }
}

#[test]
fn a_guarded_optional_variable_is_not_required() {
    let schema = json!({"properties": {"a": {}, "b": {}, "c": {"default": 1}, "d": {}}, "required": ["d", "c"]});
    let table = [
        ("{{#if a}}{{a}}{{/if}}", "a? b? c? d!"),
        ("{{#if a}}{{a}}{{/if}}{{a}}", "a! b? c? d!"),
        ("{{#if a}}{{else}}{{a}}{{/if}}", "a! b? c? d!"),
        ("{{#unless a}}-{{else}}{{a}}{{/unless}}", "a? b? c? d!"),
        ("{{#if (and a b)}}{{a}}{{b}}{{/if}}", "a? b? c? d!"),
        ("{{#if (or a b)}}{{a}}{{/if}}", "a! b? c? d!"),
        ("{{#if (not a)}}-{{else}}{{a}}{{/if}}", "a? b? c? d!"),
        ("{{#if (and a (eq a b))}}{{/if}}", "a? b! c? d!"),
        (
            "{{#each a}}{{this}}{{../a}}{{/each}}{{#with b}}{{x}}{{/with}}",
            "a? b? c? d!",
        ),
        (
            "{{#if a}}{{#each b}}{{../a}}{{/each}}{{/if}}",
            "a? b? c? d!",
        ),
        ("{{c}}{{x}}", "c? x! a? b? d!"),
    ];
    for (template, expected) in table {
        assert_eq!(
            variables(template, Some(schema.clone())),
            expected,
            "{template}"
        );
    }
}

#[test]
fn variables_carry_what_the_schema_says() {
    let compiled =
        compile_with("{{note}}{{other}}{{other}}", Some(schema()), &[]).expect("compiles");
    assert_eq!(
        serde_json::to_value(&compiled.variables()[0]).expect("JSON"),
        json!({"name": "note", "required": true, "type": "string", "default": null, "description": "A note."})
    );
    let lang = compiled
        .variables()
        .iter()
        .find(|one| one.name == "lang")
        .expect("lang");
    assert_eq!(
        (lang.kind.as_deref(), &lang.default),
        (Some("string"), &Some(json!("en")))
    );
    let undeclared: Vec<_> = compiled
        .undeclared()
        .iter()
        .map(|one| (one.name.as_str(), one.position.column))
        .collect();
    assert_eq!(undeclared, [("other", 13)]);
    assert_eq!(compiled.unused(), ["user", "open", "xs", "lang"]);
    assert!(compile("{{x}}").expect("compiles").undeclared().is_empty());
}
