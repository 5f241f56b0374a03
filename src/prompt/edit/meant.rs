//! Paths as people write them: a message by its role, and the place of a key that stands elsewhere.

use super::path::show;
use super::{EditError, Source, Step};
use crate::prompt::document::keys::{INPUT, Known, Lookup, OPENAI, PARAMETERS, TOP, look_up};

/// The roles of messages.
const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];

/// The path with `messages.system` made the content of the one message of that role; other paths as
/// they are.
///
/// # Errors
/// The file has no such message, or more than one.
pub fn messages_by_role(text: &str, path: &[Step]) -> Result<Vec<Step>, EditError> {
    let [Step::Key(first), Step::Key(role), rest @ ..] = path else {
        return Ok(path.to_vec());
    };
    if look_up(first, TOP) != Lookup::Known("messages") || !ROLES.contains(&role.as_str()) {
        return Ok(path.to_vec());
    }
    let source = Source::read(text)?;
    let messages = source.value.get("messages").and_then(|it| it.as_array());
    let found: Vec<Vec<Step>> = messages
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, message)| message.get("role").is_some_and(|it| it == role.as_str()))
        .map(|(index, _)| {
            let content = Step::Key("content".to_owned());
            let mut path = vec![Step::Key(first.clone()), Step::Index(index), content];
            path.extend_from_slice(rest);
            path
        })
        .collect();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(EditError::Missing { path: show(path) }),
        several => Err(EditError::SeveralMessages {
            role: role.clone(),
            paths: several.iter().map(|path| show(path)).collect(),
        }),
    }
}

/// Where the key that a path lacks stands in a prompt file: `modelParameters.temperature` for
/// `temperature`.
pub fn place_of_key(path: &[Step]) -> Option<String> {
    let key_at = |at: usize| match path.get(at) {
        Some(Step::Key(key)) => Some(key.as_str()),
        _ => None,
    };
    let is_at_top = look_up(key_at(0)?, TOP) == Lookup::Unknown;
    let at = usize::from(!is_at_top);
    let key = key_at(at)?;
    let mut meant = match ROLES.contains(&key) {
        true => vec![Step::Key("messages".to_owned()), Step::Key(key.to_owned())],
        false => place(key)?,
    };
    meant.extend_from_slice(path.get(at + 1..).unwrap_or_default());
    Some(show(&meant))
}

fn place(key: &str) -> Option<Vec<Step>> {
    let tables: [(Option<&str>, &[Known]); 4] = [
        (Some("modelParameters"), PARAMETERS),
        (None, TOP),
        (Some("input"), INPUT),
        (Some("openai"), OPENAI),
    ];
    let exact = |found: Lookup| matches!(found, Lookup::Known(_));
    let near = |found: Lookup| matches!(found, Lookup::Misspelt(_));
    let find = |fits: &dyn Fn(Lookup) -> bool| {
        tables.iter().find_map(|(above, keys)| {
            let found = look_up(key, keys);
            let (Lookup::Known(name) | Lookup::Misspelt(name)) = found else {
                return None;
            };
            let steps = above.iter().copied().chain([name]);
            fits(found).then(|| steps.map(|it| Step::Key(it.to_owned())).collect())
        })
    };
    find(&exact).or_else(|| find(&near))
}

#[cfg(test)]
mod tests {
    use super::super::parse_path;
    use super::*;

    #[test]
    fn a_key_that_stands_elsewhere_is_found() {
        for (text, meant) in [
            ("temperature", Some("modelParameters.temperature")),
            ("temprature", Some("modelParameters.temperature")),
            ("max_tokens", Some("modelParameters.maxTokens")),
            ("modelParameters.model", Some("model")),
            ("schema.required", Some("input.schema.required")),
            ("promptId", Some("openai.promptId")),
            ("system", Some("messages.system")),
            ("modelParameters.topK", None),
            ("owner", None),
        ] {
            let path = parse_path(text).expect("a path");
            assert_eq!(place_of_key(&path).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn a_message_is_found_by_its_role() {
        let text = "messages:\n- {role: system, content: a}\n- {role: user, content: b}\n- {role: user, content: c}\n";
        let meant = |path: &str| messages_by_role(text, &parse_path(path).expect("a path"));
        assert_eq!(
            show(&meant("messages.system").expect("one")),
            "messages[0].content"
        );
        assert_eq!(
            show(&meant("messages[2].content").expect("one")),
            "messages[2].content"
        );
        assert_eq!(
            meant("messages.user").map_err(|error| error.to_string()),
            Err("the file has 2 messages of the role user: messages[1].content and messages[2].content".to_owned())
        );
        assert!(meant("messages.assistant").is_err());
    }
}
