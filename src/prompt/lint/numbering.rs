//! Whether the `version:` and `digest:` lines fit the content.

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::hint::Hint;
use crate::prompt::next::Next;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let document = subject.document;
    if document.version.is_none() {
        findings.push(
            Finding::new(
                code::NOT_NUMBERED,
                "the file has no `version:`, so that its changes go unnoticed",
            )
            .help(Hint::WriteNumbering),
        );
    }
    let Some(line) = &document.digest else { return };
    if line == subject.digest.short() {
        return;
    }
    let version = document.version_or_first();
    let through: Vec<&str> = subject
        .partials
        .values()
        .map(|partial| partial.path.as_str())
        .filter(|path| subject.changed_partials.contains(*path))
        .collect();
    let message = if through.is_empty() {
        format!("the content changed and {version} did not")
    } else {
        format!(
            "the content changed through {}, and {version} did not",
            through.join(", ")
        )
    };
    findings.push(
        Finding::error(code::NOT_BUMPED, message)
            .at(document.span_of("digest"))
            .help(Next::Bump(subject.name.to_owned())),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn a_digest_that_does_not_fit_is_an_error_and_a_missing_number_a_warning() {
        insta::assert_snapshot!(
            [
                "version: 3\ndigest: aaaaaaaaaaaa\nmessages: [{role: user, content: Hi}]\n",
                "messages: [{role: user, content: Hi}]\n",
                "version: 3\nmessages: [{role: user, content: Hi}]\n",
            ].map(found).join("\n"),
            @r"
        error P207 2:9 the content changed and v3 did not
        warning P030  the file has no `version:`, so that its changes go unnoticed
        "
        );
    }
}
