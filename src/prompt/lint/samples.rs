//! Templates whose helpers multiply: they are tried before anybody renders them.

use memchr::{memchr_iter, memmem};
use serde_json::{Value, json};

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::document::{Object, Part};
use crate::prompt::rendered::Variable;
use crate::prompt::template::Compiled;

/// The helpers that make more than they are given, as they stand in a bracket.
const MULTIPLYING: [&str; 4] = ["join ", "json ", "indent ", "currency "];

/// How many cases are tried.
const MAX_CASES: usize = 3;

/// Reports a template that makes too much of its own cases, or of a short list.
pub(super) fn check(subject: &Subject<'_>, variables: &[Variable], findings: &mut Vec<Finding>) {
    if !may_multiply(subject) {
        return;
    }
    let Ok(compiled) = Compiled::new(subject.document, subject.partials) else {
        return;
    };
    let cases = subject.document.test_data.iter().take(MAX_CASES).cloned();
    let made = [list(), json!("a\nb")].map(|unknown| sample(variables, &unknown));
    for mut values in cases.chain(made) {
        for variable in variables {
            if let (false, Some(default)) = (values.contains_key(&variable.name), &variable.default)
            {
                values.insert(variable.name.clone(), default.clone());
            }
        }
        // What else such values lead to is not the template's fault.
        if let Err(finding) = compiled.render(&values)
            && finding.code == code::TEMPLATE_TOO_COMPLEX
        {
            findings.push(finding);
            return;
        }
    }
}

/// Whether texts hold what can multiply: helpers that make more than they are given, one in another,
/// or loops inside loops.
fn may_multiply(subject: &Subject<'_>) -> bool {
    let messages = subject.document.own_messages();
    let parts = messages.flat_map(|message| &message.parts);
    let own = parts.filter_map(|part| match part {
        Part::Text(text) => Some(text.value.as_str()),
        _ => None,
    });
    let partials = subject.partials.values();
    let texts = own.chain(partials.map(|partial| partial.text.as_str()));
    let (mut helpers, mut loops) = (0, 0);
    for text in texts {
        let inside = memchr_iter(b'(', text.as_bytes()).map(|at| &text[at + 1..]);
        let helper = |inside: &str| MULTIPLYING.iter().any(|it| inside.starts_with(it));
        helpers += inside.filter(|inside| helper(inside)).count();
        loops += memmem::find_iter(text.as_bytes(), "{{#each").count();
    }
    helpers >= 2 || loops >= 5
}

fn list() -> Value {
    (0..10).map(|at| format!("item {at}\nand more")).collect()
}

/// A value for each variable, of its type where it has one.
fn sample(variables: &[Variable], unknown: &Value) -> Object {
    let value = |variable: &Variable| match variable.kind.as_deref() {
        Some("array") => list(),
        Some("object") => json!({"a": {"b": {"c": list()}}}),
        Some("string") => json!("a\nb"),
        Some("number" | "integer") => json!(7),
        Some("boolean") => json!(true),
        _ => unknown.clone(),
    };
    let pairs = variables
        .iter()
        .map(|variable| (variable.name.clone(), value(variable)));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn a_template_that_multiplies_is_told_before_anyone_renders_it() {
        let joins = "(join xs separator=".repeat(12);
        let text = format!(
            "version: 1\nmessages:\n  - role: user\n    content: '{{{{join xs separator={joins}\"\"{}}}}}'\n",
            ")".repeat(12)
        );
        insta::assert_snapshot!(found(&text), @"error P108 4:15 the template makes more than 40 MB of text or 2 million pieces");
        let cases = "testData: [{a: 1, xs: [[1, 2], [3]]}]\n";
        let each = format!(
            "version: 1\nmessages:\n  - role: user\n    content: '{}{{{{json xs indent=1000}}}}{}'\n",
            "{{#each @root.xs}}".repeat(8),
            "{{/each}}".repeat(8)
        );
        insta::assert_snapshot!(found(&format!("{each}{cases}")), @"");
    }

    #[test]
    fn helpers_in_helpers_that_make_little_are_fine() {
        let text = "version: 1\nmessages: [{role: user, content: '{{upper (trim (join xs separator=(json y)))}} {{indent (json y indent=2) 4}}'}]\n";
        assert_eq!(found(text), "");
    }
}
