//! Messages that say nothing.

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::document::Part;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for (index, entry) in subject.document.messages.iter().enumerate() {
        let Some(message) = entry.message() else {
            continue;
        };
        let is_blank =
            |part: &Part| matches!(part, Part::Text(text) if text.value.trim().is_empty());
        if message.parts.iter().all(is_blank) {
            let place = subject
                .document
                .span_of(&format!("messages[{index}].content"));
            findings.push(
                Finding::new(
                    code::EMPTY_MESSAGE,
                    format!("the {} message is empty", message.role),
                )
                .at(place)
                .help("write its text, or remove the message"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn a_blank_message_is_named() {
        insta::assert_snapshot!(
            found("version: 1\nmessages:\n  - role: system\n    content: \"  \"\n  - {role: user, content: Hi}\n"),
            @"warning P023 4:14 the system message is empty"
        );
    }

    #[test]
    fn a_picture_alone_is_a_message() {
        let text = "version: 1\nmessages: [{role: user, content: [{type: image, url: \"https://a.example/b.png\"}]}]\n";
        assert_eq!(found(text), "");
    }
}
