//! How much of a request is the prompt's own text, and how much of that begins every request alike.

use serde_json::Value;

use super::document::{Document, Entry, Part};
use super::template::{Partials, effective, literals};

/// OpenAI keeps beginnings of at least so many tokens in its cache
/// (<https://platform.openai.com/docs/guides/prompt-caching>).
pub const CACHED_FROM: usize = 1024;

/// The text that a prompt brings to every request, whatever the values are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnText {
    /// All of it: tools, the schema of the answer, and the messages with their partials in place.
    /// Of a block such as `{{#if}}`, both branches count.
    pub text: String,
    /// What stands before the first value: the part that a cache can keep from call to call.
    pub prefix: String,
}

/// Gathers the text that a prompt brings to every request.
pub fn own_text(document: &Document, partials: &Partials) -> OwnText {
    let mut own = OwnText::default();
    let tools = document.extra_body.get("tools");
    let schema = document.json_schema.clone().map(Value::Object);
    for value in tools.into_iter().chain(&schema) {
        own.text.push_str(&value.to_string());
        own.text.push('\n');
    }
    own.prefix.clone_from(&own.text);
    let mut is_behind = false;
    for entry in &document.messages {
        let Entry::Message(message) = entry else {
            is_behind = true;
            continue;
        };
        let mut add = |text: &str, is_behind: bool| {
            own.text.push_str(text);
            if !is_behind {
                own.prefix.push_str(text);
            }
        };
        add(&format!("{}\n", message.role), is_behind);
        for part in &message.parts {
            let Part::Text(text) = part else {
                // What an attachment costs depends on its pixels or pages.
                is_behind = true;
                continue;
            };
            let text = effective(&text.value, partials).text;
            let mut ends_behind = is_behind;
            for (is_after_value, literal) in literals(&text) {
                ends_behind |= is_after_value;
                add(literal, ends_behind);
            }
            is_behind = ends_behind;
        }
        add("\n", is_behind);
    }
    own
}

/// The size of one content of a prompt. Tokens are estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// The tokens of its own text.
    pub tokens: usize,
    /// Those that stand before the first value.
    pub prefix_tokens: usize,
    /// What its own text costs in each call, in US dollars; none where the price is not known.
    pub cost_usd: Option<f64>,
}

/// How the size of a prompt changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeChange {
    /// The old content's; none if there was no prompt.
    pub before: Option<Size>,
    /// The new content's; none if there is no prompt.
    pub after: Option<Size>,
    /// The tokens with which requests of both begin alike.
    pub kept_tokens: usize,
}

/// What a change means for the cache of beginnings that OpenAI keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// Nothing was cached, or all that was still is.
    Untouched,
    /// What was cached is no longer used beyond the first `kept` of `before` tokens.
    Broken {
        /// The tokens with which both begin alike.
        kept: usize,
        /// The tokens that could be cached.
        before: usize,
    },
    /// Too little stands before the first value now: nothing is cached any more.
    TooShort {
        /// The tokens that stand before the first value.
        after: usize,
    },
}

impl SizeChange {
    /// What the change means for the cache.
    pub fn cache(&self) -> Cache {
        let (Some(before), Some(after)) = (self.before, self.after) else {
            return Cache::Untouched;
        };
        if before.prefix_tokens < CACHED_FROM {
            return Cache::Untouched;
        }
        if after.prefix_tokens < CACHED_FROM {
            return Cache::TooShort {
                after: after.prefix_tokens,
            };
        }
        if self.kept_tokens < before.prefix_tokens {
            return Cache::Broken {
                kept: self.kept_tokens,
                before: before.prefix_tokens,
            };
        }
        Cache::Untouched
    }

    /// By how much a call became dearer, in US dollars; none where a price is not known.
    pub fn cost_change_usd(&self) -> Option<f64> {
        Some(self.after?.cost_usd? - self.before?.cost_usd?)
    }
}

/// The text with which both begin.
pub fn common_prefix<'t>(before: &'t str, after: &str) -> &'t str {
    let same = before
        .char_indices()
        .zip(after.chars())
        .find(|((_, old), new)| old != new)
        .map_or(before.len().min(after.len()), |((at, _), _)| at);
    &before[..same]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::document::parse;
    use crate::prompt::template::Partial;

    fn own(text: &str) -> OwnText {
        let tone = Partial {
            text: "Be kind.\n".to_owned(),
            path: "prompts/_tone.hbs".to_owned(),
        };
        let partials = [("tone".to_owned(), tone)].into_iter().collect();
        own_text(&parse(text).expect("a prompt"), &partials)
    }

    #[test]
    fn what_stands_before_the_first_value_is_the_prefix() {
        let own = own(
            "messages:\n  - role: system\n    content: |\n      {{> tone}}\n      Answer in {{locale}} only.\n  - role: user\n    content: Hello\n",
        );
        assert_eq!(own.prefix, "system\nBe kind.\nAnswer in ");
        assert_eq!(
            own.text,
            "system\nBe kind.\nAnswer in  only.\n\nuser\nHello\n"
        );
    }

    #[test]
    fn tools_and_the_schema_of_the_answer_come_first() {
        let own = own(
            "responseFormat: json_schema\njsonSchema: {name: a, schema: {type: object}}\nextraBody: {tools: [{type: web_search}]}\nmessages:\n  - {role: user, content: \"{{x}}\"}\n",
        );
        assert_eq!(
            own.prefix,
            "[{\"type\":\"web_search\"}]\n{\"name\":\"a\",\"schema\":{\"type\":\"object\"}}\nuser\n"
        );
    }

    fn size(prefix_tokens: usize) -> Option<Size> {
        Some(Size {
            tokens: 2_000,
            prefix_tokens,
            cost_usd: None,
        })
    }

    #[test]
    fn a_cache_breaks_only_where_one_was() {
        let cache = |before, after, kept_tokens| {
            SizeChange {
                before: size(before),
                after: size(after),
                kept_tokens,
            }
            .cache()
        };
        assert_eq!(cache(1000, 10, 5), Cache::Untouched);
        assert_eq!(cache(1500, 1600, 1500), Cache::Untouched);
        assert_eq!(
            cache(1500, 1600, 200),
            Cache::Broken {
                kept: 200,
                before: 1500
            }
        );
        assert_eq!(cache(1500, 200, 200), Cache::TooShort { after: 200 });
    }

    #[test]
    fn beginnings_are_compared_by_characters() {
        assert_eq!(common_prefix("für", "für immer"), "für");
        assert_eq!(common_prefix("für", "fér"), "f");
        assert_eq!(common_prefix("abc", "ab"), "ab");
    }
}
