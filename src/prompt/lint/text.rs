//! What stands in a file as text, whatever it means: secrets, invisible characters, line ends.

use super::super::secrets;
use super::Finding;
use crate::prompt::code;
use crate::prompt::finding::Span;
use crate::prompt::hint::Hint;

/// How many findings of one kind a file gives at most.
const MAX_FINDINGS: usize = 20;

/// Checks the text of a prompt file or a partial.
pub fn check_text(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for secret in secrets::find(text).into_iter().take(MAX_FINDINGS) {
        let at = Span::from_range(text, secret.range.clone());
        findings.push(
            Finding::new(code::SECRET, format!("{} stands in the text", secret.kind))
                .at(at)
                .help("revoke it, for git keeps it for ever; then take it out of the file"),
        );
    }
    if !text.is_ascii() {
        check_invisible(text, &mut findings);
    }
    check_line_ends(text, &mut findings);
    findings
}

/// What an invisible character is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It changes the order in which text is shown.
    Order,
    /// It is not shown at all.
    Hidden,
    /// It is not shown, and joins or parts the characters next to it, as some scripts want.
    Joiner,
}

fn kind(each: char) -> Option<Kind> {
    Some(match each {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Kind::Order,
        '\u{200b}'
        | '\u{2060}'..='\u{2064}'
        | '\u{feff}'
        | '\u{180e}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}' => Kind::Hidden,
        '\u{e0000}'..='\u{e007f}' => Kind::Hidden,
        '\u{200c}' | '\u{200d}' => Kind::Joiner,
        _ => return None,
    })
}

fn check_invisible(text: &str, findings: &mut Vec<Finding>) {
    let mut before = '\0';
    let mut in_flag = false;
    let mut told_on = 0;
    let mut count = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((offset, each)) = chars.next() {
        let next = chars.peek().map_or('\0', |(_, next)| *next);
        let found = kind(each).filter(|kind| match kind {
            Kind::Order => true,
            // A byte order mark, and the letters of a flag such as that of Scotland.
            Kind::Hidden if each == '\u{feff}' && offset == 0 => false,
            Kind::Hidden => !(in_flag && each >= '\u{e0000}'),
            // Persian, Hindi and emoji need joiners; Latin letters hide them.
            Kind::Joiner => before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric(),
        });
        in_flag = each == '\u{1f3f4}' || (in_flag && ('\u{e0000}'..='\u{e007f}').contains(&each));
        before = each;
        let Some(kind) = found else { continue };
        let at = Span::from_range(text, offset..offset + each.len_utf8());
        // One finding a line; a hidden message is a long row of such characters.
        if at.line == told_on {
            continue;
        }
        told_on = at.line;
        count += 1;
        if count > MAX_FINDINGS {
            return;
        }
        findings.push(invisible(each, kind).at(at));
    }
}

fn invisible(each: char, kind: Kind) -> Finding {
    let number = u32::from(each);
    let help = "remove it; in a quoted text it can be written as an escape that everybody sees";
    match kind {
        Kind::Order => Finding::error(
            code::INVISIBLE,
            format!("U+{number:04X} changes the order in which this line is shown"),
        ),
        Kind::Hidden | Kind::Joiner => Finding::warning(
            code::INVISIBLE,
            format!("U+{number:04X} cannot be seen, and the model reads it"),
        ),
    }
    .help(help)
}

/// The line ends of a text: how many are `\r\n`, and how many `\n` alone.
pub(super) fn line_ends(text: &str) -> (usize, usize) {
    let all = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return (0, all);
    }
    let windows = memchr::memmem::find_iter(text.as_bytes(), b"\r\n").count();
    (windows, all - windows)
}

fn check_line_ends(text: &str, findings: &mut Vec<Finding>) {
    let (windows, plain) = line_ends(text);
    if windows == 0 || plain == 0 {
        return;
    }
    let (rare, wanted, count) = if windows > plain {
        ("\\n", "\\r\\n", plain)
    } else {
        ("\\r\\n", "\\n", windows)
    };
    let is_rare = |line: &&str| line.ends_with("\r\n") == (windows <= plain);
    let first = text
        .split_inclusive('\n')
        .position(|line| is_rare(&line))
        .unwrap_or_default();
    let lines = if count == 1 {
        "1 line ends".to_owned()
    } else {
        format!("{count} lines end")
    };
    findings.push(
        Finding::new(
            code::MIXED_LINE_ENDS,
            format!("{lines} in `{rare}`, the others in `{wanted}`"),
        )
        .at(Span::whole_line(text, first + 1))
        .help(Hint::AlignLineEnds),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::show;
    use super::*;

    fn found(text: &str) -> String {
        show(check_text(text))
    }

    #[test]
    fn hidden_characters_are_named_with_their_place() {
        insta::assert_snapshot!(
            found("a\u{202e}b\nzero\u{200b}width\u{200b}\nhi\u{200d}de\n\u{e0041}\u{e0042}\nb\u{feff}c\n"),
            @r"
        error P027 1:2 U+202E changes the order in which this line is shown
        warning P027 2:5 U+200B cannot be seen, and the model reads it
        warning P027 3:3 U+200D cannot be seen, and the model reads it
        warning P027 4:1 U+E0041 cannot be seen, and the model reads it
        warning P027 5:2 U+FEFF cannot be seen, and the model reads it
        "
        );
    }

    #[test]
    fn scripts_and_emoji_that_need_joiners_are_left_alone() {
        for text in [
            "\u{feff}name: a",
            "می\u{200c}خواهم",
            "👩\u{200d}🚀 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "עברית and English \u{200f}.",
            "naïve — “quotes” … 日本語",
        ] {
            assert_eq!(found(text), "", "{text}");
        }
    }

    #[test]
    fn mixed_line_ends_are_told_and_one_kind_is_not() {
        assert_eq!(found("a\r\nb\r\n"), "");
        assert_eq!(found("a\nb\n"), "");
        assert_eq!(
            found("a\r\nb\r\nc\n"),
            r"warning P029 3:1 1 line ends in `\n`, the others in `\r\n`"
        );
        assert_eq!(
            found("a\nb\r\nc\n"),
            r"warning P029 2:1 1 line ends in `\r\n`, the others in `\n`"
        );
    }

    #[test]
    fn a_secret_is_told_and_not_repeated() {
        let key = format!("AKIA{}", "Q7RK2MWZ3XBT4VNC");
        let findings = check_text(&format!("a\nkey: {key}\n"));
        assert_eq!(
            show(findings.clone()),
            "error P026 2:6 an AWS access key stands in the text"
        );
        assert!(!format!("{findings:?}").contains(&key));
    }
}
