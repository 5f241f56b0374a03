//! Secrets in a text: API keys, tokens and private keys. Shapes that other texts do not have, so
//! that a prompt which only speaks about keys is left alone.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// One kind of secret: its name, and its shape.
const KINDS: &[(&str, &str)] = &[
    (
        "an OpenAI key",
        r"\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{32,}|\bsk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b|\bsk-[A-Za-z0-9]{48}\b",
    ),
    ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{32,}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    (
        "a GitHub token",
        r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
    ),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    (
        "a Slack token",
        r"\bxox[abeoprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}|https://hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}",
    ),
    ("an OpenRouter key", r"\bsk-or-v1-[0-9a-f]{64}\b"),
    ("an xAI key", r"\bxai-[A-Za-z0-9]{64,}\b"),
    ("a Groq key", r"\bgsk_[A-Za-z0-9]{40,}\b"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{34,}\b"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    (
        "a SendGrid key",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b",
    ),
    ("a Google key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{24,}"),
    (
        "a JSON Web Token",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    ),
    (
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\\n]+[A-Za-z0-9+/=:]{32,}",
    ),
];

/// All kinds as one expression: a text without secrets, which is the rule, is read once.
static ANY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kinds: Vec<String> = KINDS
        .iter()
        .map(|(_, shape)| format!("({shape})"))
        .collect();
    Regex::new(&kinds.join("|")).ok()
});

/// What every secret begins with; most texts hold none of these and are not looked at further.
static BEGINNINGS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"sk-|xai-|gsk_|hf_|npm_|SG\.|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|hooks\.slack|AIza|k_live_|eyJ|-----BEGIN",
    )
    .ok()
});

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is, such as `an OpenAI key`.
    pub kind: &'static str,
    /// Its bytes.
    pub range: Range<usize>,
}

/// All secrets of a text.
pub fn find(text: &str) -> Vec<Secret> {
    let begins = BEGINNINGS
        .as_ref()
        .is_some_and(|begins| begins.is_match(text));
    let Some(any) = ANY.as_ref().filter(|_| begins) else {
        return Vec::new();
    };
    any.captures_iter(text)
        .filter_map(|found| {
            let whole = found.get(0)?;
            let index = (1..found.len()).find(|index| found.get(*index).is_some())?;
            let (kind, _) = KINDS.get(index - 1)?;
            (!is_example(whole.as_str())).then(|| Secret {
                kind,
                range: whole.range(),
            })
        })
        .collect()
}

/// The text with every secret in it blotted out, as it may be shown.
pub fn blot(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for secret in find(text) {
        shown.push_str(&text[from..secret.range.start]);
        let hidden = &text[secret.range.clone()];
        let kept = hidden
            .char_indices()
            .nth(4)
            .map_or(hidden.len(), |(at, _)| at);
        shown.push_str(&hidden[..kept]);
        shown.extend(
            hidden[kept..]
                .chars()
                .map(|each| if each == '\n' { '\n' } else { '*' }),
        );
        from = secret.range.end;
    }
    shown.push_str(&text[from..]);
    shown
}

/// Whether a key is one that documentation shows: it says so, or has hardly any different letters.
fn is_example(secret: &str) -> bool {
    let lower = secret.to_ascii_lowercase();
    let says_so = [
        "example",
        "xxxx",
        "your",
        "1234567890",
        "abcdefgh",
        "placeholder",
        "dummy",
        "redacted",
    ];
    let different: HashSet<char> = secret.chars().collect();
    says_so.iter().any(|word| lower.contains(word)) || different.len() < 12
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of the right shape that were never valid, put together here so that no scanner of
    /// sources takes this file for a leak.
    fn samples() -> Vec<(&'static str, String)> {
        let body = "q7Rk2mWz9XbT4vNc8LpHs3JdYf6GaEuQ1oZiKtBxCw5MnVrPyDhSgUlAj0eO";
        let upper = "Q7RK2MWZ3XBT4VNC";
        vec![
            ("an OpenAI key", format!("sk-{}{body}", "proj-")),
            ("an OpenAI key", format!("sk-{}", &body[..48])),
            ("an Anthropic key", format!("sk-{}{body}", "ant-")),
            ("an AWS access key", format!("AKIA{upper}")),
            ("a GitHub token", format!("ghp_{}", &body[..36])),
            ("a GitLab token", format!("glpat-{}", &body[..20])),
            (
                "a Slack token",
                format!("xoxb-{}-{}", "291837465019", &body[..24]),
            ),
            (
                "an OpenRouter key",
                format!("sk-or-{}{}", "v1-", "3f9a0c5e7b2d1846".repeat(4)),
            ),
            ("an xAI key", format!("xai-{body}{}", &body[..8])),
            ("a Groq key", format!("gsk_{}", &body[..48])),
            ("a Hugging Face token", format!("hf_{}", &body[..34])),
            ("an npm token", format!("npm_{}", &body[..36])),
            (
                "a SendGrid key",
                format!("SG.{}.{}", &body[..22], &body[10..53]),
            ),
            ("a Google key", format!("AIza{}", &body[..35])),
            ("a Stripe key", format!("sk_{}_{}", "live", &body[..24])),
            (
                "a JSON Web Token",
                format!("eyJ{}.eyJ{}.{}", &body[..20], &body[10..40], &body[..43]),
            ),
            (
                "a private key",
                format!("-----BEGIN RSA PRIVATE {}-----\n{body}", "KEY"),
            ),
        ]
    }

    #[test]
    fn every_kind_is_found_and_blotted() {
        for (kind, sample) in samples() {
            let text = format!("Use {sample} for it.");
            let found = find(&text);
            assert_eq!(found.len(), 1, "{kind}");
            assert_eq!(found[0].kind, kind);
            let shown = blot(&text);
            assert!(
                shown.starts_with("Use ") && shown.ends_with(" for it."),
                "{shown}"
            );
            assert!(
                find(&shown).is_empty() && !shown.contains("RkAmWz"),
                "{shown}"
            );
        }
    }

    #[test]
    fn talk_about_keys_is_left_alone() {
        for text in [
            "Never print a key such as sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.",
            "OPENAI_API_KEY=sk-...",
            "sk-learn-extra-classification-with-very-long-names-of-things",
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_000000000000000000000000000000000000",
            "It begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----",
            "eyJ is how tokens begin",
            "task-management-abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
            "AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        ] {
            assert_eq!(find(text), [], "{text}");
            assert_eq!(blot(text), text);
        }
    }
}
