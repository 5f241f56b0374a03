//! What a path of a prompt file wants: text, whatever it looks like, or a value by its looks.

use super::Step;
use crate::prompt::document::keys::{
    EVAL, Known, Lookup, MESSAGE, OPENAI, OPENAI_ENVIRONMENT, PARAMETERS, PART, TOP, look_up,
};

/// Whether the value at `path` is text, so that `600` is a word there and no number.
pub fn is_text(path: &[Step]) -> bool {
    let [Step::Key(first), rest @ ..] = path else {
        return false;
    };
    match (known(first, TOP), rest) {
        (
            "$schema" | "name" | "description" | "digest" | "category" | "model" | "responseFormat",
            [],
        )
        | ("tags" | "datasets", [Step::Index(_)]) => true,
        ("eval", [Step::Key(key)]) => known(key, EVAL) == "judge",
        ("modelParameters", [Step::Key(key)]) => {
            matches!(
                known(key, PARAMETERS),
                "reasoningEffort" | "verbosity" | "stop"
            )
        }
        ("modelParameters", [Step::Key(key), Step::Index(_)]) => known(key, PARAMETERS) == "stop",
        ("messages", [Step::Index(_), Step::Key(key)]) => !known(key, MESSAGE).is_empty(),
        (
            "messages",
            [
                Step::Index(_),
                Step::Key(content),
                Step::Index(_),
                Step::Key(key),
            ],
        ) => known(content, MESSAGE) == "content" && !matches!(known(key, PART), "" | "file"),
        ("jsonSchema" | "evaluators", [.., Step::Key(key)]) => {
            key == "name" && rest.len() == 1 + usize::from(first == "evaluators")
        }
        ("openai", [Step::Key(key)]) => {
            matches!(known(key, OPENAI), "promptId" | "promptVersion")
        }
        ("openai", [Step::Key(key), Step::Key(_), Step::Key(of_environment)]) => {
            known(key, OPENAI) == "environments"
                && !known(of_environment, OPENAI_ENVIRONMENT).is_empty()
        }
        _ => false,
    }
}

/// The key as `promptctl` writes it; nothing where it is somebody else's.
fn known(key: &str, of: &[Known]) -> &'static str {
    match look_up(key, of) {
        Lookup::Known(name) => name,
        Lookup::Misspelt(_) | Lookup::Unknown => "",
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_path;
    use super::*;

    #[test]
    fn texts_are_told_from_other_values() {
        let is_text = |path: &str| is_text(&parse_path(path).expect("a path"));
        for path in [
            "name",
            "description",
            "category",
            "model",
            "response_format",
            "tags[0]",
            "modelParameters.reasoning_effort",
            "modelParameters.stop",
            "modelParameters.stop[1]",
            "messages[0].role",
            "messages[0].content",
            "messages[0].content[1].text",
            "jsonSchema.name",
            "evaluators[0].name",
            "datasets[0]",
            "eval.judge",
            "openai.promptVersion",
            "openai.environments.staging.promptVersion",
        ] {
            assert!(is_text(path), "{path}");
        }
        for path in [
            "version",
            "archived",
            "tags",
            "messages",
            "messages[0]",
            "messages[0].content[1]",
            "modelParameters.maxTokens",
            "eval.minPassRate",
            "modelParameters.seed",
            "jsonSchema.strict",
            "jsonSchema.schema.name",
            "input.schema.properties.description.default",
            "extraBody.name",
            "testData[0].name",
            "openai.environments",
            "somebody.elses",
        ] {
            assert!(!is_text(path), "{path}");
        }
    }
}
