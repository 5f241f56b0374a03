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

/// Whether a text speaks to somebody, as prompts do and notices too.
pub(super) fn speaks(text: &str) -> bool {
    text.trim_start().starts_with("You are ")
}

/// Functions whose texts are read by people: nothing sends those.
const TOLD: &[&str] = &[
    "print",
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "exception",
    "critical",
    "log",
    "deprecated",
    "add_argument",
    "option",
    "echo",
    "secho",
    "confirm",
    "compile",
    "strftime",
    "strptime",
];

/// Whether what is called tells a person something, or is an error.
pub(in crate::scan::found) fn tells_people(word: &str) -> bool {
    TOLD.contains(&word)
        || word.starts_with("log_")
        || ["Error", "Exception", "Warning"]
            .iter()
            .any(|end| word.ends_with(end))
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

/// Whether a name says so of nothing else.
pub(super) fn surely_says_prompt(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "prompt",
        "instruction",
        "system_message",
        "systemmessage",
        "system_msg",
        "sys_msg",
        "sysmsg",
    ];
    const ENDS: &[&str] = &[
        "s", "template", "text", "str", "string", "content", "base", "default", "lines", "parts",
    ];
    let small = name.to_ascii_lowercase();
    let small = small.trim_end_matches(|it: char| it.is_ascii_digit() || it == '_');
    let is_last = |word: &str| {
        let rest = small.rsplit_once(word).map(|(_, rest)| rest);
        rest.is_some_and(|rest| {
            rest.split('_')
                .all(|part| part.len() <= 3 || ENDS.contains(&part))
        })
    };
    WORDS.iter().any(|word| is_last(word))
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
        "example",
        "description",
    ];
    names_one(name, WORDS)
}
