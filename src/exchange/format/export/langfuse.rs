//! Langfuse: what its import takes.

use serde_json::{Value, json};

use super::chat::{Can, Message, joined, json_file, messages, settings};
use super::{Draft, own};
use crate::exchange::dialect::Dialect;

const CAN: Can = Can {
    dialects: &[Dialect::Langfuse],
    images: false,
};

pub(super) fn write(draft: &mut Draft<'_>) -> Vec<(String, String)> {
    let prompt: Vec<Value> = messages(CAN, draft)
        .into_iter()
        .map(|message| match message {
            Message::Said(role, parts) => {
                json!({ "type": "chatmessage", "role": role, "content": joined(&parts) })
            }
            Message::Placeholder(name) => json!({ "type": "placeholder", "name": name }),
        })
        .collect();
    let mut config = settings(draft);
    if let Some(model) = draft.text("model") {
        // A program hands it to the SDK of the provider, which knows no others.
        let bare = match model.split_once('/') {
            Some(("openai" | "anthropic", bare)) => bare,
            _ => model,
        };
        config.insert("model".to_owned(), json!(bare));
    }
    // A commit message there is of one version.
    if let Some(about) = draft.keys.about.get("description").cloned() {
        draft.own.insert("description".to_owned(), about);
    }
    if let Some(own) = own(draft) {
        config.insert("promptctl".to_owned(), own);
    }
    let mut entry =
        json!({ "name": draft.name, "type": "chat", "prompt": prompt, "config": config });
    let tags = draft.keys.about.get("tags").cloned();
    entry["tags"] = tags.unwrap_or_else(|| json!([]));
    entry["labels"] = json!([]);
    vec![json_file(draft.name, &json!([entry]))]
}
