//! What a prompt may be called, from the words that stand around its id.

use std::str::FromStr;

use crate::prompt::name::PromptName;

/// Words that say what a thing is and not which one.
const EMPTY: &[&str] = &[
    "prompt", "prompts", "id", "ids", "openai", "pmpt", "version", "stored", "default", "the",
    "my", "value", "key", "config", "settings", "const",
];

/// How far above an id the name of its function is looked for, in bytes.
const FARTHEST: usize = 8 << 10;

/// A name from the constant that holds the id, else from the file and the function around it.
pub(super) fn proposed(
    path: &str,
    text: &str,
    at: usize,
    constant: Option<&str>,
) -> Option<String> {
    let from_constant = constant.and_then(|constant| checked(slug(constant)?));
    from_constant.or_else(|| {
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let stem = slug(file.trim_start_matches('.').split('.').next()?)?;
        match function_before(text, at).and_then(|name| slug(&name)) {
            Some(function) if function != stem => checked(format!("{stem}/{function}")),
            _ => checked(stem),
        }
    })
}

/// Words that say of a constant that it holds a prompt, and not which one.
const EMPTY_IN_CODE: &[&str] = &[
    "system",
    "user",
    "instruction",
    "instructions",
    "template",
    "message",
    "messages",
    "text",
    "base",
    "content",
];

/// A name for a prompt in code: from the constant that holds its text, else from the file and the
/// function around it.
pub(super) fn of_place(path: &str, place: Option<&str>, constant: Option<&str>) -> Option<String> {
    let slug = |name: &str| {
        let slug = slug(name)?;
        let words = slug.split('-').filter(|word| !EMPTY_IN_CODE.contains(word));
        let words: Vec<&str> = words.collect();
        (!words.is_empty()).then(|| words.join("-"))
    };
    let from_constant = constant.and_then(|constant| checked(slug(constant)?));
    from_constant.or_else(|| {
        let mut folders = path.rsplit(['/', '\\']);
        let file = folders.next().unwrap_or(path);
        let stem = file.trim_start_matches('.').split('.').next()?;
        // `index.ts` and `__init__.py` are named by their folder.
        let stem = match stem {
            "index" | "__init__" | "main" | "mod" | "page" | "route" => {
                folders.next().unwrap_or(stem)
            }
            stem => stem,
        };
        let stem = slug(stem).or_else(|| slug(folders.next()?))?;
        let function = place.and_then(|place| place.rsplit('.').find_map(&slug));
        match function {
            Some(function) if function != stem => checked(format!("{stem}/{function}")),
            _ => checked(stem),
        }
    })
}

fn checked(name: String) -> Option<String> {
    PromptName::from_str(&name).ok().map(|_| name)
}

/// `SUPPORT_TRIAGE_PROMPT_ID` and `supportTriagePromptId` as `support-triage`.
fn slug(name: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_small = false;
    let mut is_new = true;
    for letter in name.chars().take(80) {
        if !letter.is_ascii_alphanumeric() {
            is_new = true;
            continue;
        }
        if is_new || (was_small && letter.is_ascii_uppercase()) {
            words.push(String::new());
        }
        is_new = false;
        was_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !EMPTY.contains(&word.as_str()));
    (!words.is_empty()).then(|| words.join("-"))
}

/// The name of the function that an id stands in: the nearest line above that begins one and is
/// indented less.
pub(super) fn function_before(text: &str, at: usize) -> Option<String> {
    let start = text.floor_char_boundary(at.saturating_sub(FARTHEST));
    let before = &text[start..at];
    let mut lines = before.lines().rev();
    let own = lines.next()?;
    let mut indent = own.len() - own.trim_start().len();
    if !before.contains('\n') {
        return None;
    }
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let here = line.len() - line.trim_start().len();
        if here >= indent {
            continue;
        }
        indent = here;
        let words = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let named = words
            .windows(2)
            .find(|pair| matches!(pair[0], "def" | "function" | "func" | "fn"))
            .map(|pair| pair[1]);
        let arrow = || {
            let is_function = line.contains("=>")
                && words
                    .first()
                    .is_some_and(|word| matches!(*word, "const" | "let" | "export"));
            let name = words
                .iter()
                .find(|word| !matches!(**word, "const" | "let" | "export" | "default"));
            name.filter(|_| is_function).copied()
        };
        if let Some(name) = named.or_else(arrow) {
            return Some(name.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_names_the_prompt_else_the_file_and_its_function() {
        let name = |path, text: &str, constant| {
            let at = text.find("pmpt_").unwrap();
            proposed(path, text, at, constant)
        };
        let text = "def answer(ticket):\n    return call(\n        id='pmpt_1')\n";
        for (path, constant, expected) in [
            ("a/b.py", Some("SUPPORT_TRIAGE_PROMPT_ID"), "support-triage"),
            ("a/b.py", Some("supportTriagePromptId"), "support-triage"),
            ("a/b.py", Some("PROMPT_ID"), "b/answer"),
            ("a/b.py", None, "b/answer"),
            ("a/2.py", None, "-"),
        ] {
            assert_eq!(
                name(path, text, constant).unwrap_or("-".to_owned()),
                expected,
                "{path} {constant:?}"
            );
        }
        assert_eq!(
            name("x/.env", "P=pmpt_1", Some("OPENAI_PROMPT_ID")).as_deref(),
            Some("env")
        );
        let arrow =
            "export const sortTicket = async (t) => {\n  const r = f({ id: 'pmpt_1' });\n};\n";
        assert_eq!(
            name("x/app.ts", arrow, None).as_deref(),
            Some("app/sort-ticket")
        );
    }
}
