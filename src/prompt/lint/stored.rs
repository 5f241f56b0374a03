//! Prompts that call a stored prompt at OpenAI.

use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::hint::Hint;

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(stored) = &subject.document.openai else {
        return;
    };
    let of_environment =
        |(_, version): (&String, &crate::prompt::document::StoredPromptVersion)| {
            version.prompt_id.is_some()
        };
    if stored.prompt_id.is_none() && !stored.environments.iter().any(of_environment) {
        return;
    }
    findings.push(
        Finding::new(
            code::STORED_CALL,
            "`openai.promptId` makes `run` call a stored prompt, and OpenAI ends those on 2026-11-30",
        )
        .at(subject.document.span_of("openai.promptId"))
        .help(Hint::SendOwnMessages(subject.name.to_owned())),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;

    #[test]
    fn a_call_of_a_stored_prompt_is_warned_about_with_its_end() {
        let text = "version: 1\nmessages: [{role: user, content: Hi}]\n";
        insta::assert_snapshot!(found(&format!("{text}openai:\n  promptId: pmpt_1\n")), @"warning P520 4:13 `openai.promptId` makes `run` call a stored prompt, and OpenAI ends those on 2026-11-30");
        assert!(
            found(&format!(
                "{text}openai: {{environments: {{staging: {{promptId: pmpt_1}}}}}}\n"
            ))
            .contains("P520")
        );
        assert_eq!(
            found(&format!(
                "{text}source: {{format: openai, id: pmpt_1, version: \"3\"}}\n"
            )),
            ""
        );
    }
}
