//! Words for a shell: whatever a text holds, a hint that is pasted does what it says and no more. And
//! cells of a table.

/// A text as one word of a POSIX shell, quoted only where that is needed.
pub fn shell_word(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-./:@%+=,^".contains(char);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if text.chars().any(char::is_control) {
        return with_escapes(text);
    }
    in_quotes(text)
}

/// A text as one word of a POSIX shell, in quotes in any case.
pub fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path as one word of a POSIX shell, which no command takes for an option.
pub fn shell_path(path: &str) -> String {
    if path.starts_with('-') {
        return shell_word(&format!("./{path}"));
    }
    shell_word(path)
}

/// Paths for a shell, with a blank between them.
pub fn shell_paths(paths: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let words = paths.into_iter().map(|path| shell_path(path.as_ref()));
    words.collect::<Vec<_>>().join(" ")
}

/// A word whose control characters are spelt out, so that none reaches a terminal.
fn with_escapes(text: &str) -> String {
    let mut word = String::from("$'");
    for char in text.chars() {
        match char {
            '\'' | '\\' => word.extend(['\\', char]),
            '\n' => word.push_str("\\n"),
            '\t' => word.push_str("\\t"),
            char if char.is_control() => {
                let mut bytes = [0; 4];
                for byte in char.encode_utf8(&mut bytes).bytes() {
                    word.push_str(&format!("\\{byte:03o}"));
                }
            }
            char => word.push(char),
        }
    }
    word.push('\'');
    word
}

/// A cell of CSV: in quotes where a reader could take it apart otherwise. Some spreadsheets part cells at
/// `;` or at a tab where the line holds one outside of quotes, and some readers trim what stands without.
pub fn csv_cell(text: &str) -> String {
    let parts = [',', '"', '\n', '\r', ';', '\t', '\'', '\u{feff}'];
    match text.contains(parts) || text.trim() != text {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        for (text, word) in [
            ("support/triage@v3", "support/triage@v3"),
            ("--upload-pack=x", "--upload-pack=x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("x; touch pwned", "'x; touch pwned'"),
            ("$(touch pwned)", "'$(touch pwned)'"),
            ("it's", r"'it'\''s'"),
            ("~/keys", "'~/keys'"),
            ("größe", "'größe'"),
            ("a\nb\u{1b}['", r"$'a\nb\033[\''"),
            ("\u{9b}", r"$'\302\233'"),
        ] {
            assert_eq!(shell_word(text), word, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_was_meant() {
        let texts = [
            "a b",
            "it's $HOME `x` \\",
            "--x",
            "#x",
            "!!",
            "{a,b}",
            "*",
            "~",
            "a\nb\u{1b}[0m'\\",
        ];
        for text in texts {
            let script = format!("printf %s {}", shell_word(text));
            let shell = std::process::Command::new("bash")
                .args(["-c", &script])
                .output();
            let Ok(said) = shell else { return };
            assert_eq!(String::from_utf8_lossy(&said.stdout), text, "{script}");
        }
    }
}
