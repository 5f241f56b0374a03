//! Foreign text on its way out. Names, keys, titles, messages and answers are written by strangers:
//! what a terminal would obey instead of showing it, and what nobody would see, is shown as an
//! escape such as `\u{1b}`, and text within a message stays on its line.

use std::borrow::Cow;

/// How commands of build servers begin that are read anywhere in a line.
const ANYWHERE: [&str; 2] = ["##[", "##vso["];

/// A text of several lines as a terminal may have it: line ends and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    if is_plain(text, |byte| matches!(byte, b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    each(text, |before, each, next| match each {
        '\n' | '\t' => shown.push(each),
        '\r' if next == '\n' => {}
        _ => push(&mut shown, before, each, next),
    });
    Cow::Owned(shown)
}

/// A text in one line, for a message, a cell or a heading. It starts no command of a build server,
/// which reads `::error::` at the start of a line and `##[error]` anywhere in one.
pub fn line(text: &str) -> Cow<'_, str> {
    let shown = if is_plain(text, |_| false) {
        Cow::Borrowed(text)
    } else {
        let mut shown = String::with_capacity(text.len() + 16);
        each(text, |before, each, next| match each {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            _ => push(&mut shown, before, each, next),
        });
        Cow::Owned(shown)
    };
    match without_command(&shown) {
        Some(safe) => Cow::Owned(safe),
        None => shown,
    }
}

/// The same text of several lines, none of which starts a command of a build server.
pub fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    // Readers of lines end one at each of them.
    let lines = text
        .split_inclusive(['\n', '\r'])
        .map(|line| without_command(line).map_or(Cow::Borrowed(line), Cow::Owned));
    Cow::Owned(lines.collect())
}

fn without_command(line: &str) -> Option<String> {
    let is_command = line.trim_start().starts_with("::");
    if !is_command && !ANYWHERE.iter().any(|command| line.contains(command)) {
        return None;
    }
    let safe = ANYWHERE.iter().fold(line.to_owned(), |line, command| {
        line.replace(command, &command.replace('[', "\\["))
    });
    Some(match is_command {
        true => safe.replacen("::", "\\::", 1),
        false => safe,
    })
}

/// The same JSON with all that a terminal would obey, and all that cannot be seen, written as
/// `\uXXXX`, and no command of a build server in it: it means the same.
pub fn json(json: &str) -> Cow<'_, str> {
    let shown = seen_json(json);
    if !ANYWHERE.iter().any(|command| shown.contains(command)) {
        return shown;
    }
    Cow::Owned(ANYWHERE.iter().fold(shown.into_owned(), |json, command| {
        json.replace(command, &command.replacen("##", "#\\u0023", 1))
    }))
}

fn seen_json(json: &str) -> Cow<'_, str> {
    if is_plain(json, |byte| matches!(byte, b'\n' | b'\t' | b'\r')) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    each(json, |before, each, next| {
        // Line ends between values; within a text they are escaped already.
        if each.is_ascii() && each != '\u{7f}' || !is_hidden(before, each, next) {
            shown.push(each);
            return;
        }
        for unit in each.encode_utf16(&mut [0; 2]) {
            shown.push_str(&format!("\\u{unit:04x}"));
        }
    });
    Cow::Owned(shown)
}

/// The text with a sign in place of each character that cannot be shown, or would make a command of
/// a build server: as many characters as before.
pub fn blanked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    each(text, |before, each, next| {
        shown.push(match each {
            '\n' | '\t' => each,
            _ if is_hidden(before, each, next) => '\u{fffd}',
            _ => each,
        });
    });
    ANYWHERE.iter().fold(shown, |shown, command| {
        shown.replace(command, &command.replace('[', "\u{fffd}"))
    })
}

/// Most texts have nothing to escape, and are recognized quickly.
fn is_plain(text: &str, may_stay: impl Fn(u8) -> bool) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' '..=b'~') || may_stay(byte))
}

/// Hands each character over, with those that stand before and after it.
fn each(text: &str, mut take: impl FnMut(char, char, char)) {
    let mut before = '\0';
    let mut chars = text.chars().peekable();
    while let Some(each) = chars.next() {
        take(before, each, chars.peek().copied().unwrap_or('\0'));
        before = each;
    }
}

fn push(shown: &mut String, before: char, each: char, next: char) {
    if each == '\r' {
        return shown.push_str("\\r");
    }
    match is_hidden(before, each, next) {
        true => shown.push_str(&format!("\\u{{{:x}}}", u32::from(each))),
        false => shown.push(each),
    }
}

/// Whether a terminal or a browser obeys a character instead of showing it, or nobody sees it.
fn is_hidden(before: char, each: char, next: char) -> bool {
    match each {
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        // Persian, Hindi and emoji need joiners; between other letters they hide.
        '\u{200c}' | '\u{200d}' => before.is_ascii() || next.is_ascii(),
        // One of them chooses how a sign looks; a row of them hides a message.
        '\u{fe00}'..='\u{fe0f}' => {
            is_selector(before) || before.is_ascii() && !matches!(before, '0'..='9' | '#' | '*')
        }
        _ => false,
    }
}

fn is_selector(each: char) -> bool {
    matches!(each, '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}]0;x\u{7}b\u{9b}31m\u{202e}c\u{200b}d\r\ne\tf\u{e0041}\u{ad}g\rh";

    #[test]
    fn nothing_is_obeyed_and_nothing_is_hidden() {
        assert_eq!(
            text(HOSTILE),
            "a\\u{1b}]0;x\\u{7}b\\u{9b}31m\\u{202e}c\\u{200b}d\ne\tf\\u{e0041}\\u{ad}g\\rh"
        );
        assert_eq!(
            line(HOSTILE),
            "a\\u{1b}]0;x\\u{7}b\\u{9b}31m\\u{202e}c\\u{200b}d\\r\\ne\\tf\\u{e0041}\\u{ad}g\\rh"
        );
        assert_eq!(blanked(HOSTILE).chars().count(), HOSTILE.chars().count());
    }

    #[test]
    fn what_people_write_stays() {
        for written in [
            "plain text",
            "👩‍👩‍👧 é 请 ❤️ 1️⃣",
            "می‌خواهم",
            "क्‍ष",
            "two\nlines\tand a tab",
        ] {
            assert_eq!(text(written), written);
        }
        for hiding in [
            "tri\u{200d}age",
            "a\u{200c}",
            "x\u{fe01}",
            "❤\u{fe0f}\u{fe01}",
        ] {
            assert_ne!(text(hiding), hiding);
        }
    }

    #[test]
    fn no_line_starts_a_command_of_a_build_server() {
        for (foreign, shown) in [
            ("::error::x", "\\::error::x"),
            ("  ::stop-commands::x", "  \\::stop-commands::x"),
            ("x ##[error]y", "x ##\\[error]y"),
            ("##vso[task.setvariable]", "##vso\\[task.setvariable]"),
            ("x\n::error::y", "x\\n::error::y"),
            ("a::b # c", "a::b # c"),
        ] {
            assert_eq!(line(foreign), shown);
        }
        assert_eq!(
            without_commands("a::b\n ::error::x\n##[x]\r::y\r\n"),
            "a::b\n \\::error::x\n##\\[x]\r\\::y\r\n"
        );
    }

    #[test]
    fn json_means_the_same_and_hides_nothing() {
        let value =
            serde_json::json!({ HOSTILE: [HOSTILE, "👩‍👧", "##[error]x", "\\##[y", 1, null] });
        for written in [
            serde_json::to_string(&value).unwrap(),
            serde_json::to_string_pretty(&value).unwrap(),
        ] {
            let shown = json(&written);
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
                value
            );
            let is_safe = |each: char| each == '\n' || !is_hidden('é', each, 'é');
            assert!(shown.chars().all(is_safe), "{shown}");
            assert!(!shown.contains("##["), "{shown}");
        }
        assert!(matches!(json("{\n  \"a\": 1\n}"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_it_stays_one_line_that_can_be_seen(foreign in "\\PC*|[\\x00-\\xff\u{2000}-\u{20ff}:#\\[]*") {
            let shown = line(&foreign);
            proptest::prop_assert!(!shown.contains(char::is_control));
            proptest::prop_assert!(!shown.trim_start().starts_with("::"));
            proptest::prop_assert!(!shown.contains("##["));
            proptest::prop_assert!(text(&foreign).chars().all(|each| matches!(each, '\n' | '\t') || !each.is_control()));
        }
    }
}
