//! The request that is sent: the prompt's own part, with what the caller adds.
//!
//! The caller's keys win, one by one; `text` and `reasoning` are joined one level deep. What is
//! null, and an empty `input`, is as if it were not there. The caller's `input` comes after the
//! prompt's messages.

use serde_json::{Value, json};

use crate::prompt::document::Object;

/// The keys that are joined instead of replaced.
const JOINED: [&str; 2] = ["text", "reasoning"];

/// What is not passed on: it was answered here.
const OURS: &str = "prompt";

/// Whether the caller's request brings an input of its own.
pub(super) fn has_input(caller: &Object) -> bool {
    caller
        .get("input")
        .is_some_and(|input| !is_absent("input", input))
}

/// Whether the caller's request brings instructions of its own.
pub(super) fn has_instructions(caller: &Object) -> bool {
    caller.get("instructions").is_some_and(|it| !it.is_null())
}

/// Whether the caller goes on from an earlier turn.
pub(super) fn has_history(caller: &Object) -> bool {
    let has = |key: &str| caller.get(key).is_some_and(|it| !it.is_null());
    has("previous_response_id") || has("conversation")
}

/// The keys that the caller adds, in order.
pub(super) fn sent(caller: &Object) -> Vec<String> {
    let added = caller
        .iter()
        .filter(|(key, value)| *key != OURS && !is_absent(key, value));
    added.map(|(key, _)| key.clone()).collect()
}

/// The request: `own` is the prompt's part of it, which holds `input` as a list.
pub(super) fn merge(own: Value, caller: &Object) -> Value {
    let Value::Object(mut body) = own else {
        return own;
    };
    for (key, value) in caller {
        if key == OURS || is_absent(key, value) {
            continue;
        }
        match (key.as_str(), body.get_mut(key)) {
            ("input", Some(Value::Array(input))) => input.extend(items(value)),
            (joined, Some(Value::Object(inner))) if JOINED.contains(&joined) => {
                join(inner, value);
            }
            (joined, None) if JOINED.contains(&joined) => {
                let mut inner = Object::new();
                join(&mut inner, value);
                body.insert(key.clone(), Value::Object(inner));
            }
            _ => drop(body.insert(key.clone(), value.clone())),
        }
    }
    if body.get("input").is_some_and(|input| input == &json!([])) {
        body.shift_remove("input");
    }
    Value::Object(body)
}

fn is_absent(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => key == "input" && items.is_empty(),
        Value::Object(inner) => JOINED.contains(&key) && inner.values().all(Value::is_null),
        _ => false,
    }
}

fn items(input: &Value) -> Vec<Value> {
    match input {
        Value::Array(items) => items.clone(),
        Value::String(text) => vec![json!({ "role": "user", "content": text })],
        // The API says what is wrong with it.
        other => vec![other.clone()],
    }
}

fn join(inner: &mut Object, value: &Value) {
    if let Value::Object(given) = value {
        let given = given.iter().filter(|(_, value)| !value.is_null());
        inner.extend(given.map(|(key, value)| (key.clone(), value.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own() -> Value {
        json!({
            "model": "m", "instructions": "Be kind.", "input": [{"role": "user", "content": "own"}],
            "text": {"format": {"type": "json_object"}, "verbosity": "low"},
            "reasoning": {"effort": "low"}, "tools": [{"type": "function", "name": "f"}], "temperature": 0.3,
        })
    }

    fn merged(caller: Value) -> Value {
        merge(own(), caller.as_object().unwrap())
    }

    #[test]
    fn the_callers_keys_win_one_by_one() {
        let body = merged(
            json!({"prompt": {"id": "x"}, "model": "other", "tools": [], "temperature": 1, "store": false}),
        );
        assert_eq!(body["model"], "other");
        assert_eq!(body["tools"], json!([]), "a list that was sent replaces");
        assert_eq!(body["temperature"], 1);
        assert_eq!(body["store"], false);
        assert_eq!(body["instructions"], "Be kind.");
        assert_eq!(body.get("prompt"), None);
    }

    #[test]
    fn the_callers_input_comes_after_the_prompts_messages() {
        let user = |text: &str| json!({"role": "user", "content": text});
        assert_eq!(
            merged(json!({"input": "hi"}))["input"],
            json!([user("own"), user("hi")])
        );
        assert_eq!(
            merged(
                json!({"input": [user("a"), {"type": "function_call_output", "call_id": "c", "output": "1"}]})
            )["input"],
            json!([user("own"), user("a"), {"type": "function_call_output", "call_id": "c", "output": "1"}])
        );
        let alone = json!({"model": "m", "input": []});
        let none = merge(alone, json!({"input": []}).as_object().unwrap());
        assert_eq!(none, json!({"model": "m"}));
    }

    #[test]
    fn what_the_dashboards_code_button_writes_changes_only_what_it_says() {
        let body = merged(json!({
            "input": [], "reasoning": {}, "text": {"format": {"type": "text"}}, "max_output_tokens": 2048, "store": true,
        }));
        assert_eq!(body["input"], own()["input"]);
        assert_eq!(body["reasoning"], own()["reasoning"]);
        assert_eq!(
            body["text"],
            json!({"format": {"type": "text"}, "verbosity": "low"})
        );
        assert_eq!(body["max_output_tokens"], 2048);
    }

    #[test]
    fn null_is_as_if_it_were_not_there() {
        let nothing = json!({"model": null, "input": null, "tools": null, "text": null, "reasoning": {"effort": null}, "temperature": null});
        assert_eq!(merged(nothing.clone()), own());
        assert_eq!(sent(nothing.as_object().unwrap()), [""; 0]);
        let some = json!({"prompt": {}, "input": "a", "tools": [], "user": null});
        assert_eq!(sent(some.as_object().unwrap()), ["input", "tools"]);
    }

    #[test]
    fn instructions_of_the_caller_replace_those_of_the_prompt() {
        assert_eq!(
            merged(json!({"instructions": "Be short."}))["instructions"],
            "Be short."
        );
        assert_eq!(
            merged(json!({"instructions": "Be short."}))["input"],
            own()["input"]
        );
    }

    proptest! {
        #[test]
        fn every_key_comes_from_the_caller_or_else_from_the_prompt(
            keys in proptest::collection::hash_map("[a-f]", 0i32..9, 0..6),
            theirs in proptest::collection::hash_map("[a-f]", proptest::option::of(0i32..9), 0..6),
        ) {
            let own = json!(keys);
            let caller = json!(theirs);
            let body = merge(own, caller.as_object().unwrap());
            for key in ["a", "b", "c", "d", "e", "f"] {
                let wanted = theirs.get(key).copied().flatten().or(keys.get(key).copied());
                prop_assert_eq!(body.get(key).and_then(Value::as_i64), wanted.map(i64::from));
            }
        }
    }
}
