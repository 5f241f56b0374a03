//! The topics of `promptctl help`: what is longer than the help of one command.

/// A topic: its name, what it is about, and its text.
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All topics.
pub const TOPICS: &[Topic] = &[Topic {
    name: "stored-prompts",
    about: "The way out of OpenAI's stored prompts, by 2026-11-30",
    text: include_str!("stored-prompts.md"),
}];

/// The topic of this name.
pub fn find(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
