//! Every rule of a comparison: what a change means for those who use the prompt.

use serde::Serialize;

/// What a change means for those who use the prompt, from nothing to the worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// Neither a model nor a caller sees it.
    #[default]
    None,
    /// Only the words that a model reads changed.
    Wording,
    /// A model may answer otherwise; callers need not change.
    Behavior,
    /// Callers may have to change, or it can't be decided that they need not.
    Breaking,
}

impl Impact {
    /// The impact as text and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wording => "wording",
            Self::Behavior => "behavior",
            Self::Breaking => "breaking",
        }
    }
}

impl std::fmt::Display for Impact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One rule: what kind of change has what impact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// A short name that never changes its meaning, such as `variable-removed`.
    pub id: &'static str,
    /// What the change means.
    pub impact: Impact,
    /// When the rule applies.
    pub when: &'static str,
    /// A change to which it applies.
    pub example: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $impact:ident, $when:literal, $example:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            id: $id,
            impact: Impact::$impact,
            when: $when,
            example: $example,
        };)*

        /// Every rule, grouped by what it looks at.
        pub static RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    PROMPT_ADDED = "prompt-added", None,
        "the prompt is new: nobody calls it yet", "a new file";
    PROMPT_REMOVED = "prompt-removed", Breaking,
        "the prompt is gone", "a deleted file";

    PROMPT_RENAMED = "prompt-renamed", Breaking,
        "the prompt has another name, and at least half of its file is the same", "`support/triage` becomes `support/routing`";

    VARIABLE_REQUIRED = "variable-required", Breaking,
        "a required variable, or a required field of one, was added", "`required: [ticket]` becomes `[ticket, locale]`, and `locale` is new";
    VARIABLE_NEEDED = "variable-needed", Breaking,
        "an optional variable became required, or lost the default that made it optional", "`locale` loses `default: en`";
    VARIABLE_REMOVED = "variable-removed", Breaking,
        "a variable, or a field of one, was removed", "`properties.locale` is gone";
    VARIABLE_RENAMED = "variable-renamed", Breaking,
        "a variable was removed and one of the same type with a similar name was added", "`ticket` becomes `ticket_text`";
    INPUT_TYPE = "input-type-narrowed", Breaking,
        "a variable accepts fewer types, or other ones", "`type: [string, integer]` becomes `string`";
    INPUT_ENUM = "input-enum-narrowed", Breaking,
        "a variable accepts fewer values", "`enum: [en, de]` becomes `[en]`";
    INPUT_TIGHTENED = "input-tightened", Breaking,
        "a constraint on a variable was added or tightened", "`maxLength: 500` becomes `200`; `additionalProperties: false` is added";
    INPUT_UNDECIDED = "input-undecided", Breaking,
        "what the input schema accepts changed in a way that can't be decided", "another `if`, `not` or remote `$ref`";
    VARIABLE_DEFAULT = "variable-default", Behavior,
        "the default of a variable changed: callers that leave it out get another text", "`default: en` becomes `de`";
    VARIABLE_OPTIONAL = "variable-optional", None,
        "an optional variable, or an optional field of one, was added: callers need not pass it", "`locale: {type: string, default: en}` is new";
    VARIABLE_SPARED = "variable-spared", None,
        "a required variable became optional", "`required: [ticket, locale]` becomes `[ticket]`";
    INPUT_WIDENED = "input-widened", None,
        "a variable accepts more: further types or values, or looser constraints", "`type: string` becomes `[string, integer]`";

    RESPONSE_FORMAT = "response-format", Breaking,
        "the form of the answer changed", "`responseFormat: text` becomes `json_schema`";
    OUTPUT_REMOVED = "output-property-removed", Breaking,
        "a property of the output was removed or renamed", "`properties.queue` is gone";
    OUTPUT_OPTIONAL = "output-property-optional", Breaking,
        "a property of the output may now be missing", "`required: [queue, reply]` becomes `[queue]`";
    OUTPUT_TYPE = "output-type-widened", Breaking,
        "a value of the output may have a type that it did not have", "`type: string` becomes `[string, \"null\"]`";
    OUTPUT_ENUM = "output-enum-widened", Breaking,
        "a value of the output may be one that it could not be", "`enum: [billing, tech]` becomes `[billing, tech, sales]`";
    OUTPUT_LOOSENED = "output-loosened", Breaking,
        "a constraint on the output was loosened, removed or exchanged", "`maxItems: 3` is gone; `format: date` becomes `date-time`";
    OUTPUT_OPENED = "output-opened", Breaking,
        "the output may have properties that the schema does not name", "`additionalProperties: false` is gone";
    OUTPUT_LENIENT = "output-lenient", Breaking,
        "the output schema is no longer enforced", "`strict: true` becomes `false`; `jsonSchema` is gone";
    OUTPUT_UNDECIDED = "output-undecided", Breaking,
        "what the output schema allows changed in a way that can't be decided", "another `if`, `not` or remote `$ref`";
    OUTPUT_ADDED = "output-property-added", Behavior,
        "a property of the output was added: readers that ignore what they don't know go on", "`properties.reply` is new";
    OUTPUT_NARROWED = "output-narrowed", Behavior,
        "the output may be less than before: fewer types, values or properties, tighter constraints, or enforced now", "`enum: [billing, tech]` becomes `[billing]`";
    OUTPUT_DESCRIBED = "output-described", Behavior,
        "the output schema says the same to callers and something else to the model", "a `description:` in `jsonSchema`";

    ROLE_STRUCTURE = "role-structure", Breaking,
        "the instructions (system or developer) or the user's messages are all gone, or another role speaks last: callers that pick messages by role, or add their own at the end, get something else", "the last message was `user` and is `assistant`";
    MESSAGE_FORM = "message-form", Breaking,
        "the content of a message was a string and is a list of parts, or the reverse: callers that read it find another shape", "`content: text` becomes `content: [{type: text, …}]`";
    MODEL_REMOVED = "model-removed", Breaking,
        "the prompt no longer names a model: callers must", "`model: openai/gpt-5` is gone";
    MESSAGE_ADDED = "message-added", Behavior,
        "a message, or a part of one that is no text, was added", "a new `assistant` example";
    MESSAGE_REMOVED = "message-removed", Behavior,
        "a message, or a part of one that is no text, was removed", "an `assistant` example is gone";
    MESSAGE_ORDER = "message-order", Behavior,
        "the messages stand in another order", "the second example comes first";
    MESSAGE_ROLE = "message-role", Behavior,
        "the same message is spoken by another role", "`system` becomes `developer`";
    ATTACHMENT = "attachment", Behavior,
        "an image or a file of a message changed", "`detail: low` becomes `high`";
    MODEL = "model", Behavior,
        "another model answers", "`openai/gpt-5-mini` becomes `openai/gpt-5`";
    PARAMETER = "parameter", Behavior,
        "a model parameter changed", "`maxTokens: 800` becomes `600`";
    TOOLS = "tools", Behavior,
        "the tools of the model, or how it may call them, changed", "`extraBody.tools` has one more";
    EXTRA_BODY = "extra-body", Behavior,
        "something else of the API request changed", "`extraBody.service_tier: flex` is new";
    STORED_PROMPT = "stored-prompt", Behavior,
        "another prompt stored at OpenAI is used", "`openai.promptVersion: \"6\"` becomes `\"7\"`";

    TEXT = "text", Wording,
        "the text of a message changed", "`one sentence` becomes `two sentences`";
    TEXT_MOVED = "text-moved", Wording,
        "passages of a message stand in another order", "a paragraph moves to the top";
    PARTIAL = "partial", Wording,
        "the text of a partial changed that the prompt includes with arguments; of any other partial the words count where they stand, in the message", "`{{> tone style=\"short\"}}`, and `_tone.hbs` is reworded";

    INCLUDED = "partials-included", None,
        "other partials are included; the messages are compared with the partials in place", "a paragraph moves into `_tone.hbs`, and the model reads the same";
    MODEL_SPELLING = "model-spelling", None,
        "the same model is spelled in another way", "`gpt-5` becomes `openai/gpt-5`";
    PARAMETER_UNSENT = "parameter-unsent", None,
        "a model parameter changed that is never sent, because the API has none of that name", "`seed: 7` is gone";
    NOT_CONTENT = "not-content", None,
        "something changed that no model sees: title, description, category, tags, test data, evaluators, unknown keys", "a corrected `description:`";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impacts_are_ordered_and_ids_are_unique() {
        assert!(Impact::None < Impact::Wording && Impact::Wording < Impact::Behavior);
        assert!(Impact::Behavior < Impact::Breaking);
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }
}
