//! What names and texts in code say of themselves.

/// The role that libraries call so.
pub(super) fn role_named(word: &str) -> Option<&'static str> {
    match word {
        "system" => Some("system"),
        "developer" => Some("developer"),
        "user" | "human" => Some("user"),
        "assistant" | "ai" | "model" => Some("assistant"),
        _ => None,
    }
}

/// Whether a text begins as prompts do.
pub(super) fn speaks_to_a_model(text: &str) -> bool {
    let start = text.trim_start();
    [
        "You are a ",
        "You are an ",
        "You are the ",
        "You're a",
        "Your task ",
        "Your job ",
        "Act as ",
    ]
    .iter()
    .any(|words| start.starts_with(words))
}

/// Whether a name holds one of these words.
fn names_one(name: &str, words: &[&str]) -> bool {
    let small = name.to_ascii_lowercase();
    words.iter().any(|word| small.contains(word))
}

/// Whether a name says that it is of a prompt.
pub(super) fn says_prompt(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "prompt",
        "instruction",
        "template",
        "persona",
        "system_message",
        "systemmessage",
        "sys_msg",
    ];
    names_one(name, WORDS)
}

/// Names of texts that are no prompts although they say so.
pub(super) fn is_about_others(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "error",
        "help",
        "usage",
        "html",
        "sql",
        "email",
        "css",
        "svg",
        "placeholder",
        "label",
        "title",
        "url",
        "install",
    ];
    names_one(name, WORDS)
}
