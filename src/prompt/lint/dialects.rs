//! Placeholders of other dialects: `{ticket}` and `${ticket}` go to the model as they stand.

use std::collections::BTreeSet;

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::document::{Document, Part, Text};
use crate::prompt::edit::{parse_path, set};
use crate::prompt::finding::{Severity, Span};
use crate::prompt::hint::Hint;
use crate::prompt::template::{Foreign, Outline, Partials, foreign};

/// How many findings of one text are reported.
const MAX_FINDINGS: usize = 20;

/// Adds what is found. A warning where the prompt has no variable at all, or where a declared one of
/// that name is used nowhere else; otherwise a note. Returns the names of the latter variables.
pub(super) fn check<'o>(
    subject: &Subject<'_>,
    outline: &'o Outline,
    findings: &mut Vec<Finding>,
) -> BTreeSet<&'o str> {
    let unused: BTreeSet<&str> = outline.unused().into_iter().collect();
    let has_none = outline.variables().is_empty();
    let mut meant = BTreeSet::new();
    let mut tell = |text: &str, locate: &dyn Fn(Span) -> Span, path: Option<&str>| {
        let mut seen = BTreeSet::new();
        let mut told = 0;
        for one in foreign(text) {
            let declared = unused.get(one.name).filter(|_| !one.is_quoted);
            meant.extend(declared);
            let written = &text[one.range.clone()];
            if told == MAX_FINDINGS || !seen.insert((written, one.is_code)) {
                continue;
            }
            told += 1;
            let severity = match declared {
                Some(_) => Severity::Warning,
                None if has_none && !one.is_code && !one.is_quoted => Severity::Warning,
                None => Severity::Note,
            };
            let at = locate(Span::from_range(text, one.range.clone()));
            let mut finding = finding(written, &one, declared.is_some()).at(at);
            finding.severity = severity;
            finding.path = path.map(str::to_owned);
            findings.push(finding);
        }
    };
    for text in texts(subject.document) {
        tell(&text.value, &|at| text.origin.locate(at), None);
    }
    for partial in subject.partials.values() {
        tell(&partial.text, &|at| at, Some(&partial.path));
    }
    meant
}

fn finding(written: &str, one: &Foreign<'_>, is_declared: bool) -> Finding {
    let name = one.name;
    if one.is_quoted {
        let message = format!("the curly quotes of `{written}` go to the model as they stand");
        return Finding::warning(code::FOREIGN_PLACEHOLDER, message).help(format!(
            "write `{{{{{name}}}}}` without them, unless they are meant"
        ));
    }
    let message = format!("`{written}` is no placeholder here and goes to the model as it stands");
    let help = if is_declared {
        Hint::RewritePlaceholder(name.to_owned())
    } else {
        let code = code::FOREIGN_PLACEHOLDER;
        format!("write `{{{{{name}}}}}` if a value belongs there; a comment `promptctl: allow {code}` says that it is text").into()
    };
    Finding::warning(code::FOREIGN_PLACEHOLDER, message).help(help)
}

/// The file with the placeholders of other dialects rewritten that can mean nothing but a variable:
/// a declared one of that name, which is used nowhere else. None where there are none.
pub fn rewrite(text: &str, document: &Document, partials: &Partials) -> Option<String> {
    let outline = Outline::new(document, partials).ok()?;
    let unused: BTreeSet<&str> = outline.unused().into_iter().collect();
    let mut mended = text.to_owned();
    for part in texts(document) {
        let mut value = String::new();
        let mut copied = 0;
        for one in foreign(&part.value) {
            if one.is_quoted || !unused.contains(one.name) {
                continue;
            }
            value.push_str(&part.value[copied..one.range.start]);
            value.push_str(&format!("{{{{{}}}}}", one.name));
            copied = one.range.end;
        }
        if copied > 0 {
            value.push_str(&part.value[copied..]);
            let path = parse_path(&part.origin.path).ok()?;
            mended = set(&mended, &path, &value.into()).ok()?;
        }
    }
    (mended != text).then_some(mended)
}

fn texts(document: &Document) -> impl Iterator<Item = &Text> {
    let parts = document.own_messages().flat_map(|message| &message.parts);
    parts.filter_map(|part| match part {
        Part::Text(text) => Some(text),
        Part::Image { .. } | Part::File { .. } => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, found_with};
    use super::*;
    use crate::prompt::document::parse;

    const DECLARED: &str = "version: 1\ninput: {schema: {properties: {ticket: {type: string}, locale: {type: string}}}}\nmessages:\n";

    #[test]
    fn a_prompt_without_variables_is_warned_of_every_placeholder() {
        insta::assert_snapshot!(
            found("version: 1\nmessages:\n  - role: user\n    content: |\n      Sort {ticket}, {ticket} and ${queue}.\n      Use `{code}`.\n"),
            @"
        warning P116 5:12 `{ticket}` is no placeholder here and goes to the model as it stands
        warning P116 5:35 `${queue}` is no placeholder here and goes to the model as it stands
        note P116 6:12 `{code}` is no placeholder here and goes to the model as it stands
        "
        );
    }

    #[test]
    fn a_declared_variable_that_is_used_nowhere_else_is_meant() {
        let text = format!(
            "{DECLARED}  - {{role: system, content: \"Answer in {{{{locale}}}} {{locale}} {{other}}\"}}\n  - role: user\n    content: |\n      ```\n      {{ticket}}\n      ```\n      Sort %(ticket)s\n"
        );
        insta::assert_snapshot!(found(&text), @"
        note P116 4:51 `{locale}` is no placeholder here and goes to the model as it stands
        note P116 4:60 `{other}` is no placeholder here and goes to the model as it stands
        warning P116 10:12 `%(ticket)s` is no placeholder here and goes to the model as it stands
        ");
    }

    #[test]
    fn partials_are_looked_through_too() {
        insta::assert_snapshot!(
            found_with("version: 1\nmessages: [{role: user, content: \"{{> tone}}\"}]\n", &[("tone", "Be [[mood]].")], None),
            @"warning P116 _tone.hbs:1:4 `[[mood]]` is no placeholder here and goes to the model as it stands"
        );
    }

    #[test]
    fn only_what_can_mean_nothing_else_is_rewritten() {
        let text = format!(
            "{DECLARED}  # kept\n  - {{role: system, content: \"Answer in {{{{locale}}}} {{locale}} {{other}}\"}}\n  - role: user\n    content: |\n      ```\n      {{ticket}}\n      ```\n      Sort %(ticket)s,\n      “{{ticket}}”\n"
        );
        let of = |text: &str| rewrite(text, &parse(text).unwrap(), &Partials::new());
        let mended = of(&text).unwrap();
        insta::assert_snapshot!(mended, @r#"
        version: 1
        input: {schema: {properties: {ticket: {type: string}, locale: {type: string}}}}
        messages:
          # kept
          - {role: system, content: "Answer in {{locale}} {locale} {other}"}
          - role: user
            content: |
              ```
              {ticket}
              ```
              Sort {{ticket}},
              “{{ticket}}”
        "#);
        assert_eq!(of(&mended), None);
        assert_eq!(
            of("messages: [{role: user, content: \"{a} ${b}\"}]\n"),
            None
        );
    }
}
