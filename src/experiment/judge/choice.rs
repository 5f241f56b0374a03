//! What a judge's answer says.

use serde_json::Value;

use crate::experiment::result::cut;
use crate::prompt::evaluate::Choice;

/// How much of a reason is kept, in characters.
const LONGEST_REASON: usize = 2000;

/// The number of the choice that an answer makes, and why. None where it makes none: an answer has to
/// be the JSON that was asked for, or from a server that cannot promise that the choice alone or a
/// text whose last line is the choice. A choice inside of a sentence is none.
pub(super) fn read(text: &str, choices: &[Choice]) -> Option<(usize, Option<String>)> {
    let text = text.trim();
    let number = |said: &str| {
        let said = said.trim();
        let exact = choices.iter().position(|it| it.choice == said);
        exact.or_else(|| {
            choices
                .iter()
                .position(|it| it.choice.eq_ignore_ascii_case(said))
        })
    };
    let kept = |reason: &str| {
        let reason = reason.trim();
        (!reason.is_empty()).then(|| cut(reason, LONGEST_REASON))
    };
    if let Ok(Value::Object(answer)) = serde_json::from_str::<Value>(text) {
        let chosen = number(answer.get("choice")?.as_str()?)?;
        return Some((chosen, kept(answer.get("reason")?.as_str()?)));
    }
    if let Some(chosen) = number(text) {
        return Some((chosen, None));
    }
    let (before, last) = text.rsplit_once('\n')?;
    Some((number(last)?, kept(before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<(usize, Option<String>)> {
        let choices = ["1", "10", "Good enough"].map(|choice| Choice {
            choice: choice.to_owned(),
            score: 0.5,
        });
        read(text, &choices)
    }

    #[test]
    fn a_choice_is_the_whole_answer_or_its_last_line() {
        let why = |text: &str| Some(text.to_owned());
        assert_eq!(said(" 10\n"), Some((1, None)));
        assert_eq!(said("1"), Some((0, None)));
        assert_eq!(said("good enough"), Some((2, None)));
        assert_eq!(said("It is short.\n\n 10 "), Some((1, why("It is short."))));
        assert_eq!(
            said(r#"{"reason": "It is short.", "choice": "10"}"#),
            Some((1, why("It is short.")))
        );
        assert_eq!(said(r#"{"reason": "", "choice": "1"}"#), Some((0, None)));
    }

    #[test]
    fn a_choice_inside_of_other_words_is_none() {
        for text in [
            "",
            "I choose 10",
            "10 is what it says\nso no",
            "100",
            "10.",
            r#"{"reason": "x", "choice": "100"}"#,
            r#"{"reason": "x", "choice": 10}"#,
            r#"{"reason": "choose 10"}"#,
            r#"{"choice": "10"}"#,
            r#"["10"]"#,
            "not Good enough",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
