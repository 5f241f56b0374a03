//! Magic words of notebooks: what they run, and what they set.

use std::borrow::Cow;

/// Magic words of a cell that runs the rest of it as code.
const HARMLESS: &[&str] = &["time", "timeit", "capture", "prun", "memit"];

/// The magic words at the head of a cell that is not run as the code of the notebook.
pub(super) fn other_language(cell: &str) -> Option<&str> {
    let first = cell.lines().map(str::trim).find(|line| !line.is_empty())?;
    let word = first.strip_prefix("%%")?.split_whitespace().next()?;
    let is_code = HARMLESS.contains(&word);
    (!is_code).then(|| &first[..2 + word.len()])
}

/// The lines of a cell as Python knows them. What a magic line sets is set by a call, what it runs as code
/// is code, and what may set any name imports all of something; other magic lines are none.
pub(super) fn without_magic(cell: &str) -> Vec<Option<Cow<'_, str>>> {
    let mut lines = cell.split_inclusive('\n').map(Some);
    let first = cell.lines().map(str::trim).find(|line| !line.is_empty());
    let mut head = None;
    if let Some(magic) = first.and_then(|line| line.strip_prefix("%%")) {
        let mut words = magic.split_whitespace();
        let word = words.next().unwrap_or_default();
        let sets = words.any(|it| !it.starts_with('-')) && word == "capture"
            || magic.contains("--out")
            || magic.contains("--err")
            || magic.contains("<<");
        head = sets.then_some(SETS_ANY);
        if !HARMLESS.contains(&word) {
            let begin = std::iter::once(head.map(Cow::Borrowed));
            return begin.chain(lines.skip(1).map(|_| None)).collect();
        }
    }
    let mut inside = Inside::default();
    let read: Vec<_> = lines
        .by_ref()
        .flatten()
        .map(|line| {
            if !inside.is_open() && is_magic(line.trim()) {
                return match line.trim_start().starts_with("%%") {
                    true => head.take().map(Cow::Borrowed),
                    false => magic_as_code(line),
                };
            }
            inside.read(line);
            Some(Cow::Borrowed(line))
        })
        .collect();
    match inside.quotes {
        // Python runs nothing of such a cell, and it must not take the next ones with it.
        Some(_) => read.iter().map(|_| None).collect(),
        None => read,
    }
}

/// What stands for a magic line that may set any name.
const SETS_ANY: &str = "from magic import *\n";

/// Magic words of a line that set nothing.
const SETS_NOTHING: &[&str] = &[
    "pip",
    "conda",
    "mamba",
    "uv",
    "load_ext",
    "reload_ext",
    "matplotlib",
    "autoreload",
    "config",
    "env",
    "set_env",
    "cd",
    "ls",
    "pwd",
    "who",
    "whos",
    "history",
    "lsmagic",
    "magic",
    "pinfo",
    "precision",
];

/// A magic line in the words of Python; none where nothing of it can matter.
fn magic_as_code(line: &str) -> Option<Cow<'_, str>> {
    let (code, end) = match line.strip_suffix('\n') {
        Some(code) => (code, "\n"),
        None => (line, ""),
    };
    let indent = &code[..code.len() - code.trim_start().len()];
    // `%time x = ask()` runs what stands behind it.
    let run = |magic: &str| {
        let (word, rest) = magic.split_once(char::is_whitespace)?;
        let code = behind_options(rest, options_with_values(word));
        (HARMLESS.contains(&word) && !code.is_empty()).then(|| code.to_owned())
    };
    let text = if let Some(magic) = code.trim().strip_prefix('%') {
        let word = magic.split_whitespace().next().unwrap_or_default();
        match run(magic) {
            Some(rest) => rest,
            None if SETS_NOTHING.contains(&word) || HARMLESS.contains(&word) => return None,
            None => SETS_ANY.trim_end().to_owned(),
        }
    } else if let Some((names, value)) = code.split_once('=') {
        let names = names.trim();
        match value.trim().strip_prefix('%').and_then(run) {
            Some(rest) => format!("{names} = {rest}"),
            None => format!("{names} = magic()"),
        }
    } else {
        return None;
    };
    Some(Cow::Owned(format!("{indent}{text}{end}")))
}

/// The options of a magic word that are given a value.
fn options_with_values(word: &str) -> &'static str {
    match word {
        "timeit" => "nrp",
        "prun" => "lsTD",
        "memit" => "rti",
        _ => "",
    }
}

/// The code behind the options of a magic word: `-n 10 -q ask(x)`.
fn behind_options<'c>(line: &'c str, with_values: &str) -> &'c str {
    let mut rest = line.trim_start();
    while let Some(option) = rest.strip_prefix('-') {
        let (word, behind) = option
            .split_once(char::is_whitespace)
            .unwrap_or((option, ""));
        rest = behind.trim_start();
        // `-n10` holds its value, `-n 10` does not.
        if word.len() == 1 && with_values.contains(word) {
            let value = rest.split_once(char::is_whitespace);
            rest = value.map_or("", |(_, code)| code.trim_start());
        }
    }
    rest
}

/// Whether a line that begins a statement is for the notebook: `%pip install x`, `files = !ls`.
fn is_magic(line: &str) -> bool {
    let given = line.split_once('=').map(|(name, value)| {
        let is_name = |it: char| it.is_alphanumeric() || matches!(it, '_' | ',' | ' ');
        name.chars().all(is_name) && value.trim_start().starts_with(['!', '%'])
    });
    line.starts_with(['%', '!', '?']) || line.ends_with('?') || given == Some(true)
}

/// What is open at the end of a line: brackets, and a text in three quotes.
#[derive(Default)]
struct Inside {
    brackets: usize,
    quotes: Option<&'static str>,
    goes_on: bool,
}

impl Inside {
    fn is_open(&self) -> bool {
        self.brackets > 0 || self.quotes.is_some() || self.goes_on
    }

    fn read(&mut self, line: &str) {
        let mut rest = line.trim_end_matches(['\r', '\n']);
        self.goes_on = false;
        while !rest.is_empty() {
            if let Some(quotes) = self.quotes {
                match rest.find([quotes.as_bytes()[0] as char, '\\']) {
                    Some(at) if rest[at..].starts_with('\\') => rest = behind(rest, at + 2),
                    Some(at) if rest[at..].starts_with(quotes) => {
                        self.quotes = None;
                        rest = behind(rest, at + 3);
                    }
                    Some(at) => rest = behind(rest, at + 1),
                    None => return,
                }
                continue;
            }
            let first = rest.as_bytes()[0];
            let long = ["\"\"\"", "'''"]
                .into_iter()
                .find(|it| rest.starts_with(it));
            match (first, long) {
                (_, Some(quotes)) => {
                    self.quotes = Some(quotes);
                    rest = behind(rest, 3);
                    continue;
                }
                (b'"' | b'\'', None) => {
                    rest = behind(rest, 1 + end_of_text(&rest[1..], first));
                    continue;
                }
                (b'(' | b'[' | b'{', _) => self.brackets += 1,
                (b')' | b']' | b'}', _) => self.brackets = self.brackets.saturating_sub(1),
                (b'#', _) => return,
                (b'\\', _) if rest.len() == 1 => self.goes_on = true,
                _ => {}
            }
            rest = behind(rest, 1);
        }
    }
}

/// What stands behind so many bytes, at the next letter.
fn behind(text: &str, at: usize) -> &str {
    &text[text.ceil_char_boundary(at.min(text.len()))..]
}

/// How long a text is that ends with this quote, or with its line.
fn end_of_text(text: &str, quote: u8) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == quote && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_magic_line_sets_or_runs_is_code() {
        let shown = |cell: &str| -> String {
            let lines = without_magic(cell).into_iter();
            lines
                .map(|line| line.unwrap_or(Cow::Borrowed("-\n")))
                .collect()
        };
        for (cell, code) in [
            ("S, T = !cat x\n", "S, T = magic()\n"),
            ("  S = %sx ls\n", "  S = magic()\n"),
            ("r = %time ask(x)\n", "r = ask(x)\n"),
            ("%time r = ask(x)\n", "r = ask(x)\n"),
            ("%timeit -n 10 ask(x)\n", "ask(x)\n"),
            ("t = %timeit -o -r3 -n 1 ask(x)\n", "t = ask(x)\n"),
            ("%prun -s time ask(x)\n", "ask(x)\n"),
            ("%timeit -n 10\n", "-\n"),
            ("%pip install x\n", "-\n"),
            ("%run -i set.py\n", "from magic import *\n"),
            ("%store -r S\n", "from magic import *\n"),
            ("%%capture S\nx = 1\n", "from magic import *\nx = 1\n"),
            ("%%bash --out S\necho x\n", "from magic import *\n-\n"),
            ("x = \"\"\"never closed\n", "-\n"),
        ] {
            assert_eq!(shown(cell), code, "{cell}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_cell_keeps_the_number_of_its_lines(cell in "[ -~\n\"'\\\\#%!(é]{0,60}") {
            let lines = without_magic(&cell);
            proptest::prop_assert_eq!(lines.len(), cell.split_inclusive('\n').count());
        }
    }
}
