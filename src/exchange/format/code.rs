//! Prompts that stand in source code, as [`crate::scan::found`] sees them.

use std::collections::BTreeSet;

use serde_json::Map;

use super::Foreign;
use super::draft::{Draft, refused};
use crate::exchange::dialect::{Dialect, Expr, Known, Node, Template};
use crate::exchange::escape;
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::scan::found::{Content, FoundMessage, FoundPrompt, Piece, Syntax};

/// What `source.format` says of a prompt that stood in code.
pub const FORMAT: &str = "code";

/// The template of a text in code: it renders to what the code sends.
///
/// # Errors
/// What of its own template language cannot be said here.
pub fn template(pieces: &[Piece], syntax: Syntax) -> Result<String, String> {
    if let Some(whole) = tree(pieces, syntax)? {
        return Ok(whole.to_handlebars());
    }
    let pieces: Vec<escape::Piece> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => escape::Piece::Text(text.clone()),
            Piece::Variable(name) => escape::Piece::Variable(name.clone()),
        })
        .collect();
    Ok(escape::template(&pieces))
}

/// The text as a tree, where it is a template itself.
fn tree(pieces: &[Piece], syntax: Syntax) -> Result<Option<Template>, String> {
    let dialect = match syntax {
        Syntax::Plain => return Ok(None),
        Syntax::FString => Dialect::FString,
        Syntax::Mustache => Dialect::Mustache,
        Syntax::Jinja => Dialect::Jinja,
    };
    let mut nodes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                let read = dialect.read(text, &Known::default());
                nodes.extend(read.map_err(|mistake| mistake.message)?.nodes);
            }
            Piece::Variable(name) => {
                nodes.push(Node::Print(Expr::Path(name.clone(), Vec::new())));
            }
        }
    }
    let notes = Vec::new();
    Ok(Some(Template { nodes, notes }))
}

/// The variables of a message that its own template names, and that the code fills in elsewhere.
pub fn filled_later(message: &FoundMessage, syntax: Syntax) -> Vec<String> {
    let Content::Text(pieces) = &message.content else {
        return Vec::new();
    };
    let mut names = Vec::new();
    if let Ok(Some(tree)) = tree(pieces, syntax) {
        tree.names(&mut names);
    }
    let mut seen: BTreeSet<String> = message.variables.iter().map(|it| it.name.clone()).collect();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The model as prompt files name it: with its provider, where the code's library says which.
pub fn model(prompt: &FoundPrompt) -> Option<String> {
    let model = prompt.model.as_deref()?;
    let Some(provider @ ("anthropic" | "google" | "mistral" | "cohere" | "groq" | "ollama")) =
        prompt.sdk
    else {
        return Some(model.to_owned());
    };
    Some(match model.contains('/') {
        true => model.to_owned(),
        false => format!("{provider}/{model}"),
    })
}

/// A prompt in code as a prompt file.
///
/// # Errors
/// A text that no template here can say.
pub fn read(prompt: &FoundPrompt) -> Result<Foreign, Finding> {
    let name = prompt.name.clone().unwrap_or_else(|| "prompt".to_owned());
    if prompt.is_shallow() {
        return Err(refused(
            Some(prompt.at),
            "the language of this file is read without a syntax tree: what the code fills in cannot be told from the text",
            "write the prompt by hand",
        ));
    }
    let mut draft = Draft {
        model: model(prompt),
        ..Draft::default()
    };
    for message in &prompt.messages {
        match &message.content {
            Content::Placeholder(name) => draft.placeholder(name),
            Content::Text(pieces) => {
                let text = template(pieces, prompt.syntax).map_err(|why| {
                    refused(
                        Some(Span::point(message.line, 1)),
                        why,
                        "change the text in the code, or write the prompt by hand",
                    )
                })?;
                draft.message(message.role, text.replace("\r\n", "\n"));
            }
        }
    }
    let settings: Map<_, _> = prompt.parameters.iter().cloned().collect();
    draft.settings(&settings, |_| Some(Span::point(prompt.call_line, 1)));
    for lost in &prompt.lost {
        draft.lose(code::SOURCE_CHANGED, Some(prompt.at), lost.as_str());
    }
    draft.finish(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::write::yaml_file;
    use crate::scan::found::find;

    fn file(path: &str, text: &str) -> String {
        let found = find(path, text, false).prompts;
        yaml_file(&read(&found[0]).unwrap().file)
    }

    #[test]
    fn a_prompt_in_code_becomes_a_file_that_says_the_same() {
        assert_eq!(
            file(
                "a.py",
                "import anthropic\nclient.messages.create(model='claude-x', max_tokens=5, system=f'Say {{x}} and {{{{y}}}} to {user.name}', messages=[*history, {'role': 'user', 'content': q}])"
            ),
            "model: anthropic/claude-x\nmodelParameters:\n  maxTokens: 5\ninput:\n  schema:\n    type: object\n    required: [user_name, q]\n    properties:\n      history:\n        type: array\n        items:\n          type: object\n          required: [role, content]\n          properties:\n            role:\n              enum: [user, assistant]\n      user_name: {}\n      q: {}\nmessages:\n  - role: system\n    content: \"Say {x} and \\\\{{y}} to {{user_name}}\"\n  - placeholder: history\n  - role: user\n    content: \"{{q}}\"\n"
        );
        assert!(file("a.py", "from langchain.prompts import PromptTemplate\np = PromptTemplate.from_template('You know {topic}. Say {{x}}')").contains("You know {{topic}}. Say {x}"));
    }

    #[test]
    fn what_no_template_can_say_is_refused_with_its_line() {
        let text = "from langchain.prompts import PromptTemplate\np = PromptTemplate.from_template('You cost {price:.2f} a day')";
        let found = find("a.py", text, false).prompts;
        let why = read(&found[0]).unwrap_err();
        assert_eq!(why.code, code::NOT_TRANSLATABLE);
        assert_eq!(why.span.unwrap().line, 2);
        let found = find("a.go", "Role: \"system\", Content: \"You are kind\"", false).prompts;
        assert_eq!(read(&found[0]).unwrap_err().code, code::NOT_TRANSLATABLE);
    }
}
