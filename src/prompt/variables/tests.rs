use serde_json::json;

use super::*;

fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not a map"),
    }
}

fn variable(name: &str, required: bool) -> Variable {
    Variable {
        name: name.to_owned(),
        required,
        kind: None,
        default: None,
        description: None,
    }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "required": ["n", "who"],
        "properties": {
            "n": {"type": "integer", "minimum": 1},
            "who": {"type": "string"},
            "ratio": {"type": ["number", "null"]},
            "flag": {"$ref": "#/$defs/flag"},
            "either": {"type": ["string", "integer"]},
            "tone": {"enum": ["kind", "short"], "default": "kind"},
            "opts": {"type": "object", "required": ["id"], "properties": {"lang": {"default": "en"}, "id": {}, "deep": {"properties": {"x": {"default": 1}}}}},
        },
        "$defs": {"flag": {"type": "boolean", "default": false}},
    })
}

fn variables() -> Vec<Variable> {
    let names = [
        ("n", true),
        ("who", true),
        ("ratio", false),
        ("flag", false),
        ("either", false),
        ("tone", false),
        ("opts", false),
    ];
    names
        .iter()
        .map(|(name, required)| variable(name, *required))
        .collect()
}

fn completed(given: Value) -> Result<Value, String> {
    complete(
        Some((&schema(), &Check::default())),
        &variables(),
        object(given),
    )
    .map(|(values, _)| Value::Object(values))
    .map_err(|findings| {
        let lines = findings.iter().map(|one| {
            format!(
                "{} {}\n  {}",
                one.code,
                one.message,
                one.help
                    .as_deref()
                    .map(crate::output::words::words)
                    .unwrap_or_default()
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

#[test]
fn defaults_fill_what_is_absent() {
    assert_eq!(
        completed(json!({"n": 3, "who": "Ada", "opts": {"id": 1, "deep": {}}})),
        Ok(
            json!({"n": 3, "who": "Ada", "opts": {"id": 1, "deep": {"x": 1}, "lang": "en"}, "flag": false, "tone": "kind"})
        )
    );
}

#[test]
fn text_becomes_exactly_the_number_or_boolean_that_is_declared() {
    let converted = |name: &str, text: &str| {
        let mut given = json!({"n": 1, "who": "Ada"});
        given[name] = json!(text);
        completed(given)
            .map(|values| values[name].clone())
            .map_err(|error| error.lines().next().unwrap_or_default().to_owned())
    };
    assert_eq!(converted("n", "3"), Ok(json!(3)));
    assert_eq!(converted("ratio", "0.5"), Ok(json!(0.5)));
    assert_eq!(converted("flag", "true"), Ok(json!(true)));
    assert_eq!(converted("who", "3"), Ok(json!("3")));
    assert_eq!(converted("either", "3"), Ok(json!("3")));
    for (name, text) in [
        ("n", "3.5"),
        ("n", "3 apples"),
        ("n", "03"),
        ("n", ""),
        ("flag", "yes"),
        ("flag", "1"),
        ("ratio", "null"),
    ] {
        assert!(converted(name, text).is_err(), "{name}={text}");
    }
    assert_eq!(
        converted("n", "three"),
        Err("P103 `n` must be an integer, and \"three\" was given".to_owned())
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    insta::assert_snapshot!(completed(json!({"tone": "rude", "ratio": "x", "opts": {}})).expect_err("wrong"), @r#"
    P102 `n` has no value
      pass `--var n=…`, or give it a `default` in `input.schema`
    P102 `who` has no value
      pass `--var who=…`, or give it a `default` in `input.schema`
    P103 `tone` must be one of ["kind","short"], and "rude" was given
      `input.schema` in the prompt file says what is allowed
    P103 `ratio` must be a number or null, and "x" was given
      pass `--var ratio:=…` with the value as JSON
    P103 `opts` lacks `id`
      pass `--var opts:=…` with the value as JSON
    "#);
    insta::assert_snapshot!(completed(json!({"n": 0, "who": null, "opts": {"id": "y"}})).expect_err("wrong"), @r"
    P102 `who` has no value
      pass `--var who=…`, or give it a `default` in `input.schema`
    P103 `n` does not fit: 0 is less than the minimum of 1
      `input.schema` in the prompt file says what is allowed
    ");
}

#[test]
fn unknown_values_are_warned_about() {
    let warnings = |given: Value| {
        let (_, warnings) =
            complete(None, &[variable("ticket", false)], object(given)).expect("complete");
        warnings
            .iter()
            .map(|one| {
                format!(
                    "{} {}; {}",
                    one.code,
                    one.message,
                    one.help
                        .as_deref()
                        .map(crate::output::words::words)
                        .unwrap_or_default()
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        warnings(json!({"tiket": 1})),
        ["P113 the prompt has no variable `tiket`; `ticket` is meant"]
    );
    assert_eq!(
        warnings(json!({"ticket": 1, "zzz": 1})),
        ["P113 the prompt has no variable `zzz`; its variables are ticket"]
    );
}

#[test]
fn a_value_that_is_missing_is_told_with_the_name_that_was_given() {
    let variables = [variable("ticket", true), variable("locale", true)];
    let findings = complete(None, &variables, object(json!({"tickett": 1, "zzz": 1})));
    let messages: Vec<String> = findings
        .expect_err("missing")
        .into_iter()
        .map(|finding| finding.message)
        .collect();
    assert_eq!(
        messages,
        [
            "`ticket` has no value",
            "`locale` has no value",
            "`tickett` was given: did you mean `ticket`?"
        ]
    );
}

#[test]
fn a_closed_schema_refuses_what_it_does_not_list() {
    let closed = json!({"properties": {"a": {}}, "additionalProperties": false});
    let findings = complete(
        Some((&closed, &Check::default())),
        &[variable("a", false)],
        object(json!({"b": 1})),
    )
    .expect_err("refused");
    assert_eq!(findings[0].message, "the values may not hold `b`");
}

#[test]
fn schemas_are_checked_and_stay_in_their_file() {
    for fine in [
        json!({}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}),
        json!({"$ref": "#"}),
        json!({"properties": {"a": {"default": {"$ref": "http://x"}}}}),
    ] {
        assert_eq!(check_schema(&fine), Ok(()), "{fine}");
    }
    for wrong in [
        json!("x"),
        json!({"type": "strng"}),
        json!({"required": "a"}),
        json!({"properties": {"a": {"pattern": "("}}}),
        json!({"$ref": "#/$defs/gone"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"allOf": [{"$ref": "https://example.com/s.json"}]}),
        json!({"properties": {"a": {"$dynamicRef": "other.json#x"}}}),
    ] {
        let error = check_schema(&wrong).expect_err("wrong");
        assert_eq!(error.code, code::BAD_SCHEMA);
    }
    insta::assert_snapshot!(check_schema(&json!({"properties": {"a": {"type": "strng"}}})).expect_err("wrong"), @r#"the schema is not valid at `/properties/a/type`: "strng" is not a type; types are string, number, integer, boolean, array, object and null"#);
    // A schema that leads back to itself would not end.
    let circle = json!({"allOf": [{"$ref": "#"}]});
    let findings =
        complete(Some((&circle, &Check::default())), &[], Object::new()).expect_err("endless");
    assert_eq!(findings[0].code, code::SCHEMA_TOO_COMPLEX);
}

#[test]
fn one_default_that_many_variables_share_is_not_copied_without_a_limit() {
    let names = (0..1_000).map(|at| (format!("x{at}"), json!({"$ref": "#/$defs/big"})));
    let schema = json!({
        "properties": names.collect::<Object>(),
        "$defs": {"big": {"default": "a".repeat(100_000)}},
    });
    let findings =
        complete(Some((&schema, &Check::default())), &[], Object::new()).expect_err("too large");
    assert_eq!(findings[0].code, code::SCHEMA_TOO_COMPLEX);
}

#[test]
fn all_cases_together_have_a_limit_of_steps() {
    let alternatives: Vec<Value> = (0..20_000).map(Value::from).collect();
    let schema = json!({"properties": {"a": {"type": "array", "items": {"enum": alternatives}}}});
    let input = InputSchema::new(&schema).expect("a schema");
    let variables = [variable("a", true)];
    let cases = CaseCheck::new(&input, &variables);
    let case = object(json!({"a": vec![1; 200]}));
    let checked = (0..10)
        .take_while(|_| cases.misfits(&case).is_empty())
        .count();
    assert_eq!(checked, 3);
}
