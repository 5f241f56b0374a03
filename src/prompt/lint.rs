//! Rules: what is wrong with a prompt beyond what keeps it from being used.
//!
//! Each rule is a function over a [`Subject`] that adds findings. What stands in a file as text
//! is judged by [`check_text`], for prompts and partials alike; what concerns several files by
//! [`check_partials`]. Afterwards [`settle`] takes out what comments allow and applies the
//! configured severities.

mod allow;
mod bounded;
mod dialects;
mod evaluators;
mod extra_body;
mod level;
mod messages;
mod models;
mod numbering;
mod parameters;
mod partials;
mod respell;
mod samples;
mod schemas;
mod stored;
mod strict;
mod text;
mod variables;

use std::collections::BTreeSet;

use jiff::civil::Date;

pub use allow::{has_comments, newly_allowed, settle};
pub use dialects::rewrite;
pub use level::{Level, Levels};
pub use models::{ModelEnd, ModelFacts, Sampling};
pub use partials::{PartialFile, check_partials};
pub use respell::{even_line_ends, respell};
pub use text::check_text;

use super::digest::Digest;
use super::document::Document;
use super::finding::Finding;
use super::template::{Outline, Partials};

/// A prompt that loads, and what is known about its surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The prompt's name.
    pub name: &'a str,
    /// The file's text.
    pub text: &'a str,
    /// What it says.
    pub document: &'a Document,
    /// The partials that it includes, through partials too.
    pub partials: &'a Partials,
    /// The digest of its content.
    pub digest: &'a Digest,
    /// The files of partials that were changed, which explain a digest that no longer fits.
    pub changed_partials: &'a BTreeSet<String>,
    /// What is known about its model; none where it names none.
    pub model: Option<&'a ModelFacts>,
    /// The day that counts as today.
    pub today: Date,
}

/// Everything that is wrong with a prompt, its own warnings included, in no order. Findings in a
/// partial name its file, the others none.
pub fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = subject.document.warnings.clone();
    numbering::check(subject, &mut findings);
    messages::check(subject, &mut findings);
    parameters::check(subject, &mut findings);
    extra_body::check(subject, &mut findings);
    models::check(subject, &mut findings);
    let input = schemas::check(subject, &mut findings);
    evaluators::check(subject, &mut findings);
    stored::check(subject, &mut findings);
    match Outline::new(subject.document, subject.partials) {
        Ok(outline) => {
            findings.extend(outline.warnings().iter().cloned());
            let meant = dialects::check(subject, &outline, &mut findings);
            variables::check(subject, &outline, &meant, input.as_ref(), &mut findings);
            samples::check(subject, outline.variables(), &mut findings);
        }
        Err(found) => findings.extend(found),
    }
    findings
}

#[cfg(test)]
mod testing {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::prompt::digest::digest;
    use crate::prompt::document::parse;
    use crate::prompt::template::Partial;

    /// What the rules find in a file with these partials, one line each.
    pub(super) fn found_with(
        text: &str,
        partials: &[(&str, &str)],
        model: Option<ModelFacts>,
    ) -> String {
        let document = parse(text).expect("a prompt");
        let partials: Partials = partials
            .iter()
            .map(|(name, text)| {
                let path = format!("_{name}.hbs");
                let text = (*text).to_owned();
                ((*name).to_owned(), Partial { text, path })
            })
            .collect();
        let findings = check(&Subject {
            name: "a",
            text,
            document: &document,
            partials: &partials,
            digest: &digest(&document, &partials),
            changed_partials: &BTreeSet::new(),
            model: model.as_ref(),
            today: date(2026, 11, 20),
        });
        show(findings)
    }

    /// What the rules find in a file.
    pub(super) fn found(text: &str) -> String {
        found_with(text, &[], None)
    }

    /// What the rules find in a file that begins with a version and one message, and goes on so.
    pub(super) fn found_after(text: &str) -> String {
        found(&format!(
            "version: 1\nmessages: [{{role: user, content: Hi}}]\n{text}"
        ))
    }

    pub(super) fn show(mut findings: Vec<Finding>) -> String {
        findings.sort_by_key(|finding| (finding.span, finding.code));
        let lines = findings.iter().map(|finding| {
            let word = finding.severity.as_str();
            let place = finding.location().unwrap_or_default();
            format!("{word} {} {place} {}", finding.code, finding.message)
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::prompt::code::{self, Code};
    use crate::prompt::digest::digest;
    use crate::prompt::document::parse;
    use crate::prompt::finding::Span;
    use crate::prompt::secrets;

    /// Texts that look like prompt files, secrets, comments and templates, and are none.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "(messages|testData|evaluators|input|jsonSchema|model):\\n? ?",
            "  - (role: user|content: |name: |\\{a: 1\\})\\n?",
            "# promptctl: allow[ P0-9,]{0,12}\\n?",
            "\\{\\{[!#/>|a-z -]{0,10}\\}{0,2}",
            "(sk-proj-|AKIA|eyJ|-----BEGIN PRIVATE KEY-----)[A-Za-z0-9+/=\\n]{0,60}",
            "[\\u{200b}\\u{202e}\\u{feff}\\u{e0041}\\r\\n\\t \"'|>&*]{1,5}",
            "\\PC{0,8}",
        ];
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    /// What stops a prompt from being used, each with its level.
    fn what_stops(text: &str) -> Vec<Finding> {
        let found = match parse(text) {
            Ok(document) => Outline::new(&document, &Partials::new()).err(),
            Err(found) => Some(found),
        };
        let found = found.unwrap_or_default();
        found.into_iter().filter(Finding::is_error).collect()
    }

    #[test]
    fn jinja_that_stops_render_cannot_be_set_to_off() {
        for tag in ["name | upper", "a if b else c"] {
            let text = format!("messages: [{{role: user, content: '{{{{ {tag} }}}}'}}]\n");
            let codes: Vec<Code> = what_stops(&text).iter().map(|it| it.code).collect();
            assert_eq!(codes, [code::TEMPLATE_SYNTAX], "{tag}");
        }
        assert!(!code::TEMPLATE_SYNTAX.default_level().is_rule());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_text_brings_a_rule_down(text in hostile(), line in 0usize..40, column in 0usize..40) {
            for secret in secrets::find(&secrets::blot(&text)) {
                prop_assert!(false, "{secret:?} was not blotted out of {text:?}");
            }
            if let Some(even) = even_line_ends(&text) {
                prop_assert_eq!(even_line_ends(&even), None);
            }
            let spelt = respell(&text);
            prop_assert!(spelt.as_deref().and_then(respell).is_none(), "{:?} is spelt twice", spelt);
            for finding in what_stops(&text) {
                let level = finding.code.default_level();
                prop_assert!(!level.is_rule(), "{} stops render and is a rule", finding.code);
            }
            let mut findings = check_text(&text);
            let at = Span::point(line + 1, column + 1);
            findings.push(Finding::warning(code::UNUSED_VARIABLE, "").at(at));
            if let Ok(document) = parse(&text) {
                let partials = Partials::new();
                findings.extend(check(&Subject {
                    name: "a",
                    text: &text,
                    document: &document,
                    partials: &partials,
                    digest: &digest(&document, &partials),
                    changed_partials: &BTreeSet::new(),
                    model: None,
                    today: date(2026, 11, 20),
                }));
            }
            for finding in findings.iter().filter(|finding| finding.path.is_none()) {
                let Some(span) = finding.span else { continue };
                let line = text.split('\n').nth(span.line - 1).unwrap_or_default();
                let fits = span.column + span.length <= line.chars().count() + 1;
                prop_assert!(fits || span.length == 1, "{:?} goes past {:?}", finding, line);
            }
            for path in ["a.prompt.yml", "_a.hbs"] {
                let in_file = findings.iter().cloned().map(|finding| finding.in_file(path));
                let (left, allowed) = settle(in_file.collect(), [(path, text.as_str())], &Levels::default());
                prop_assert!(left.len() + allowed >= usize::from(!findings.is_empty()));
                // What is left is left for good.
                let again = settle(left.clone(), [], &Levels::default()).0;
                prop_assert_eq!(left, again);
            }
        }
    }
}
