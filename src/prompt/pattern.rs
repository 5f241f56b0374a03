//! Patterns of names: `support/*` for a folder, `support/**` for all below it.

use super::name::PromptName;

/// A pattern of names. `*` and `?` stop at `/`, `**` does not; what ends in `/` is all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `**`
    Any,
    /// `**/` where a segment begins: any folders, or none.
    Folders,
}

impl Pattern {
    /// Whether a text is a pattern, and no name.
    pub fn is_one(text: &str) -> bool {
        text.ends_with('/') || text.contains(['*', '?'])
    }

    /// Reads a pattern.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            parts.push(match char {
                '?' => Part::One,
                '*' => {
                    let mut count = 1;
                    while chars.next_if_eq(&'*').is_some() {
                        count += 1;
                    }
                    let begins = parts.last().is_none_or(|it| *it == Part::Char('/'));
                    match count {
                        1 => Part::Some,
                        _ if begins && chars.next_if_eq(&'/').is_some() => Part::Folders,
                        _ => Part::Any,
                    }
                }
                char => Part::Char(char),
            });
        }
        if text.ends_with('/') {
            parts.push(Part::Any);
        }
        Self(parts)
    }

    /// Whether a name fits.
    pub fn fits(&self, name: &PromptName) -> bool {
        self.fits_text(name.as_str())
    }

    /// The same for a name as it stands in a record.
    pub fn fits_text(&self, text: &str) -> bool {
        // Which parts of the pattern may come next; so the work is bounded by the two lengths.
        let mut states = vec![false; self.0.len() + 1];
        self.enter(&mut states, 0);
        for char in text.chars() {
            let mut next = vec![false; states.len()];
            for (at, part) in self.0.iter().enumerate().filter(|(at, _)| states[*at]) {
                let (stays, goes_on) = match part {
                    Part::Char(wanted) => (false, *wanted == char),
                    Part::One => (false, char != '/'),
                    Part::Some => (char != '/', char != '/'),
                    Part::Any => (true, true),
                    Part::Folders => (true, char == '/'),
                };
                next[at] |= stays;
                if goes_on {
                    self.enter(&mut next, at + 1);
                }
            }
            states = next;
        }
        states.last().copied().unwrap_or_default()
    }

    /// Comes to a part; a star may stand for nothing.
    fn enter(&self, states: &mut [bool], mut at: usize) {
        states[at] = true;
        while matches!(self.0.get(at), Some(Part::Some | Part::Any | Part::Folders)) {
            at += 1;
            states[at] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stops_at_a_slash_and_two_do_not() {
        for (pattern, name, fits) in [
            ("support/*", "support/triage", true),
            ("support/*", "support/a/b", false),
            ("support/*", "support", false),
            ("support/**", "support/a/b", true),
            ("support/", "support/a/b", true),
            ("support/", "supporter/a", false),
            ("*", "greeting", true),
            ("*", "support/triage", false),
            ("**", "support/triage", true),
            ("**/triage", "support/triage", true),
            ("**/triage", "triage", true),
            ("**/triage", "untriage", false),
            ("**/triage", "a/b/triage", true),
            ("support/**/b", "support/b", true),
            ("support/**/b", "support/a/b", true),
            ("support/t?iage", "support/triage", true),
            ("support?triage", "support/triage", false),
            ("support/*.fr", "support/triage.fr", true),
            ("*/*", "support/triage", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).fits_text(name),
                fits,
                "{pattern} {name}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_text_fits_itself_and_stars_about_any_part_of_it(
            text in "[a-z]{1,4}(/[a-z]{1,4}){0,2}", cut in 0usize..12
        ) {
            let cut = cut.min(text.len());
            prop_assert!(Pattern::new(&text).fits_text(&text));
            let (start, end) = text.split_at(cut);
            let (some, any) = (format!("{start}*"), format!("{start}**"));
            prop_assert!(Pattern::new(&any).fits_text(&text));
            prop_assert_eq!(Pattern::new(&some).fits_text(&text), !end.contains('/'));
        }
    }
}
