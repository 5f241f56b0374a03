use serde_json::json;

use super::*;

/// `$defs` of so many links; each is made from the reference to the next.
fn chain(links: usize, link: impl Fn(Value) -> Value) -> Value {
    let mut defs = Object::new();
    for at in 0..links {
        let next = json!({"$ref": format!("#/$defs/a{}", at + 1)});
        defs.insert(format!("a{at}"), link(next));
    }
    defs.insert(format!("a{links}"), json!({"type": "string"}));
    json!({"properties": {"x": {"$ref": "#/$defs/a0"}}, "$defs": defs})
}

fn refused(schema: &Value) -> String {
    let finding = Validator::new(schema).map(drop).expect_err("too much work");
    assert_eq!(finding.code, code::SCHEMA_TOO_COMPLEX);
    finding.message
}

fn refused_value(schema: &Value, value: &Value) -> String {
    let validator = Validator::new(schema).expect("a schema");
    let finding = validator.judge(value).expect_err("too much work");
    assert_eq!(finding.code, code::SCHEMA_TOO_COMPLEX);
    finding.message
}

#[test]
fn references_that_multiply_are_refused_before_they_are_followed() {
    for word in ["anyOf", "allOf", "oneOf"] {
        let schema = chain(22, |next| json!({word: [next, next]}));
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused(&schema), @"the alternatives and references of the schema multiply to more than it may have");
        }
    }
    let mixed = chain(
        30,
        |next| json!({"if": next, "then": next, "not": {"else": next}}),
    );
    insta::assert_snapshot!(refused(&mixed), @"the alternatives and references of the schema multiply to more than it may have");
    let named = json!({
        "$dynamicRef": "#n0",
        "$defs": (0..40).map(|at| {
            let next = json!({"$dynamicRef": format!("#n{}", at + 1)});
            (format!("n{at}"), json!({"$dynamicAnchor": format!("n{at}"), "anyOf": [next, next]}))
        }).collect::<Object>(),
    });
    insta::assert_snapshot!(refused(&named), @"the alternatives and references of the schema multiply to more than it may have");
    let dependent = chain(
        30,
        |next| json!({"dependentSchemas": {"a": next, "b": next}}),
    );
    insta::assert_snapshot!(refused(&dependent), @"the alternatives and references of the schema multiply to more than it may have");
    assert!(Validator::new(&chain(8, |next| json!({"anyOf": [next, next]}))).is_ok());
}

#[test]
fn a_schema_that_refers_to_itself_without_an_end_is_refused() {
    let endless = [
        json!({"anyOf": [{"$ref": "#"}, {"type": "string"}]}),
        json!({"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}),
        json!({"$defs": {"a": {"$anchor": "me", "oneOf": [{"$ref": "#me"}]}}}),
        json!({"$defs": {"a/b %": {"anyOf": [{"$ref": "#/$defs/a~1b%20%25"}]}}}),
    ]
    .map(|schema| refused(&schema));
    insta::assert_snapshot!(endless.join("\n"), @"
    `#` refers to itself without an end
    `#/$defs/a` refers to itself without an end
    `#me` refers to itself without an end
    `#/$defs/a~1b%20%25` refers to itself without an end
    ");
    // A tree is no such schema.
    let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "items": {"items": {"$ref": "#"}}}});
    let validator = Validator::new(&tree).expect("a schema");
    let value = json!({"left": {"right": {"items": [{}]}}});
    assert!(matches!(validator.judge(&value), Ok(Validity::Fits)));
}

#[test]
fn deep_references_are_refused_and_no_stack_overflows() {
    insta::assert_snapshot!(refused(&chain(10_000, |next| next)), @"the schema nests deeper than 150 levels where its references are followed");
    assert!(Validator::new(&chain(120, |next| next)).is_ok());
    // In a value: each level of the tree is four of the schema.
    let tree = json!({"anyOf": [{"items": {"allOf": [{"$ref": "#"}]}}]});
    let mut value = json!(1);
    for _ in 0..35 {
        value = json!([value]);
    }
    let validator = Validator::new(&tree).expect("a schema");
    assert!(matches!(validator.judge(&value), Ok(Validity::Fits)));
    for _ in 0..50 {
        value = json!([value]);
    }
    insta::assert_snapshot!(refused_value(&tree, &value), @"the schema nests deeper than 150 levels where its references are followed");
}

#[test]
fn a_value_that_multiplies_the_work_is_refused() {
    let schema = json!({"anyOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]});
    let mut value = json!("v");
    for _ in 0..30 {
        value = json!([value]);
    }
    insta::assert_snapshot!(refused_value(&schema, &value), @"it takes more than 5000000 steps to hold the value against the schema");

    let names: Vec<Value> = (0..4_000).map(|at| json!({ "a": at })).collect();
    let others: Vec<Value> = (0..4_000).map(|at| json!({ "b": at })).collect();
    insta::assert_snapshot!(refused_value(&json!({"items": {"enum": names}}), &json!(others)), @"it takes more than 5000000 steps to hold the value against the schema");

    let fancy = json!({"items": {"pattern": "^(a|a)*\\1b$"}});
    let texts = vec![json!("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"); 20_000];
    insta::assert_snapshot!(refused_value(&fancy, &json!(texts)), @"it takes more than 5000000 steps to hold the value against the schema");

    let keys: Object = (0..3_000).map(|at| (format!("k{at}"), json!(1))).collect();
    let patterns: Object = (0..3_000)
        .map(|at| (format!("^k{at}$"), json!({})))
        .collect();
    insta::assert_snapshot!(refused_value(&json!({"patternProperties": patterns}), &json!(keys)), @"it takes more than 5000000 steps to hold the value against the schema");
    let alternatives: Vec<Value> = (0..3_000).map(|at| json!({ "const": at })).collect();
    let names = json!({"propertyNames": {"anyOf": alternatives}});
    insta::assert_snapshot!(refused_value(&names, &json!(keys)), @"it takes more than 5000000 steps to hold the value against the schema");
}

#[test]
fn a_schema_inside_with_an_id_of_its_own_hides_no_work() {
    let mut inner = chain(22, |next| json!({"anyOf": [next, next]}));
    inner["$id"] = json!("https://example.com/inner");
    let schema = json!({"type": "object", "properties": {"y": inner}});
    match Validator::new(&schema) {
        Err(finding) => assert_eq!(finding.code, code::SCHEMA_TOO_COMPLEX),
        Ok(validator) => {
            let judged = validator.judge(&json!({"y": {"x": 1}})).map(drop);
            assert_eq!(judged.expect_err("too much").code, code::SCHEMA_TOO_COMPLEX);
        }
    }
}

#[test]
fn many_misfits_are_bounded_and_large_ones_only_said() {
    let validator = Validator::new(&json!({"items": {"type": "string"}})).expect("a schema");
    let some = json!(vec![1; 1_000]);
    let Ok(Validity::Misfits(misfits)) = validator.judge(&some) else {
        panic!("misfits");
    };
    assert_eq!(misfits.len(), MAX_MISFITS);
    let many = json!(vec![1; 60_000]);
    assert!(matches!(validator.judge(&many), Ok(Validity::Misfit)));
}

#[test]
fn a_schema_of_too_many_maps_is_refused() {
    let properties: Object = (0..MAX_MAPS)
        .map(|at| (format!("p{at}"), json!({})))
        .collect();
    insta::assert_snapshot!(refused(&json!({"properties": properties})), @"the schema consists of more than 20000 maps");
}

#[test]
fn what_stands_outside_is_never_fetched() {
    for target in [
        "https://example.com/a.json",
        "other.json#/a",
        "file:///etc/passwd",
        "",
    ] {
        for key in REFERENCES {
            let finding = Validator::new(&json!({"properties": {"a": {key: target}}}));
            assert_eq!(finding.expect_err("outside").code, code::BAD_SCHEMA);
        }
    }
}

#[test]
fn long_values_are_shortened_without_being_written_out() {
    assert_eq!(short(&json!([1, "a"])), "[1,\"a\"]");
    assert_eq!(short(&json!(vec![1; 500])).chars().count(), 61);
    assert_eq!(short(&json!("ä".repeat(500))).chars().count(), 61);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!({"type": "string"})),
            Just(json!({"type": "integer", "minimum": 2})),
            Just(json!({"enum": ["a", 1, null]})),
            Just(json!({"pattern": "^a+$"})),
            Just(json!({"$ref": "#/$defs/d"})),
            Just(json!(true)),
        ];
        leaf.prop_recursive(4, 20, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"anyOf": all})),
                prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
                inner.clone().prop_map(|one| json!({"not": one})),
                inner
                    .clone()
                    .prop_map(|one| json!({"items": one, "uniqueItems": true})),
                (inner.clone(), inner)
                    .prop_map(|(a, b)| json!({"properties": {"a": a}, "additionalProperties": b})),
            ]
        })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!("a")),
            Just(json!(1)),
            Just(json!(3)),
            Just(json!(null))
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..3).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_the_library(schema in schema(), value in value()) {
            let whole = json!({"properties": {"v": schema}, "$defs": {"d": {"type": "array"}}});
            let value = json!({"v": value});
            let library = jsonschema::options().build(&whole).expect("a schema");
            let validator = Validator::new(&whole).expect("a schema");
            let fits = matches!(validator.judge(&value), Ok(Validity::Fits));
            prop_assert_eq!(fits, library.is_valid(&value));
        }
    }
}
