//! Names of prompts, partials and environments.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The suffixes of prompt files, the one that `promptctl` writes first.
pub const SUFFIXES: [&str; 2] = [".prompt.yml", ".prompt.yaml"];

/// The longest name, in bytes: a path and a tag must still hold it.
const MAX_LENGTH: usize = 200;

/// The name of a prompt: its path below its root without the suffix, such as `support/triage.fr`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PromptName(String);

impl PromptName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the prompt file at `path` below its root, if the path is that of a prompt file.
    ///
    /// # Errors
    /// The path ends like a prompt file and its name is not allowed.
    pub fn from_path(path: &str) -> Option<Result<Self, BadName>> {
        SUFFIXES
            .iter()
            .find_map(|suffix| path.strip_suffix(suffix))
            .map(str::parse)
    }

    /// The paths below its root at which this prompt can stand, the usual one first.
    pub fn paths(&self) -> [String; 2] {
        SUFFIXES.map(|suffix| format!("{}{suffix}", self.0))
    }

    /// The part after the last `/`.
    pub fn last_segment(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The name without its last `.variant` suffix, if it has one.
    pub fn base(&self) -> Option<Self> {
        let dot = self.last_segment().rfind('.')?;
        let cut = self.0.len() - self.last_segment().len() + dot;
        Some(Self(self.0[..cut].to_owned()))
    }

    /// This name with a `.variant` suffix.
    ///
    /// # Errors
    /// The variant is not allowed in a name.
    pub fn with_variant(&self, variant: &str) -> Result<Self, BadName> {
        format!("{}.{variant}", self.0).parse()
    }

    /// The names tried for these variants, the most special first and the plain name last:
    /// for `daily` with `momentum` and `zh` they are `daily.momentum.zh`, `daily.momentum`,
    /// `daily.zh` and `daily`.
    ///
    /// # Errors
    /// A variant is not allowed in a name.
    pub fn candidates(&self, variants: &[String]) -> Result<Vec<Self>, BadName> {
        let mut names = Vec::new();
        // Subsets in falling size, and among those of one size the one that keeps earlier variants.
        let count = variants.len().min(8);
        let mut masks: Vec<u32> = (0..1u32 << count).collect();
        masks.sort_by_key(|mask| {
            (
                std::cmp::Reverse(mask.count_ones()),
                mask.reverse_bits().wrapping_neg(),
            )
        });
        for mask in masks {
            let mut name = self.clone();
            for (at, variant) in variants.iter().take(count).enumerate() {
                if mask & (1 << at) != 0 {
                    name = name.with_variant(variant)?;
                }
            }
            names.push(name);
        }
        Ok(names)
    }
}

impl fmt::Display for PromptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PromptName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromStr for PromptName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |reason| {
            Err(BadName {
                name: text.to_owned(),
                reason,
            })
        };
        if text.is_empty() {
            return bad("it is empty");
        }
        if text.len() > MAX_LENGTH {
            return bad("it is longer than 200 bytes");
        }
        let mut segments = text.split('/').peekable();
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            if segment.is_empty() {
                return bad("it has an empty segment");
            }
            if !is_last && segment.contains('.') {
                return bad("only its last segment may have a `.variant` suffix");
            }
            if segment.bytes().all(|byte| byte.is_ascii_digit()) {
                return bad("a segment may not be a bare number");
            }
            for part in segment.split('.') {
                if let Err(reason) = check_part(part) {
                    return bad(reason);
                }
            }
        }
        Ok(Self(text.to_owned()))
    }
}

/// Checks what stands between `/` and `.` in a name.
fn check_part(part: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !part.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err("a segment must begin with a letter or a digit");
    }
    if !part.bytes().all(allowed) {
        return Err("segments are made of letters, digits, `_` and `-`");
    }
    if looks_like_version(part) {
        return Err("a segment may not look like a version, which is written NAME@v3");
    }
    if part.eq_ignore_ascii_case("lock") {
        return Err("git does not allow names that end in `.lock`");
    }
    if is_device_name(part) {
        return Err("it is a device name on Windows");
    }
    Ok(())
}

fn looks_like_version(part: &str) -> bool {
    part.strip_prefix(['v', 'V'])
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_device_name(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$"
    ) || (lower.len() == 4
        && (lower.starts_with("com") || lower.starts_with("lpt"))
        && lower.ends_with(|last: char| last.is_ascii_digit()))
}

/// The text is not allowed as a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be a name: {reason}")]
pub struct BadName {
    /// The text refused.
    pub name: String,
    /// Why it was refused.
    pub reason: &'static str,
}

/// Where a version can be live, such as `production`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Environment(String);

impl Environment {
    /// The environment that exists without any configuration.
    pub fn production() -> Self {
        Self("production".to_owned())
    }

    /// The environment's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Environment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromStr for Environment {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let reason = if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
            "an environment begins with a small letter"
        } else if !text.bytes().all(allowed) {
            "an environment is made of small letters, digits and `-`"
        } else if looks_like_version(text) {
            "an environment may not look like a version"
        } else if text.len() > 50 {
            "an environment has at most 50 characters"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(BadName {
            name: text.to_owned(),
            reason,
        })
    }
}

/// The partial that the file at `path` below its root holds: `support/_refund.hbs` is `support/refund`.
pub fn partial_of_path(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".hbs")?;
    let (folder, file) = stem
        .rsplit_once('/')
        .map_or(("", stem), |(folder, file)| (folder, file));
    let name = file.strip_prefix('_').filter(|name| !name.is_empty())?;
    Some(if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    })
}

/// The path below its root at which the partial `name` stands; `None` if no partial can have it.
pub fn partial_path(name: &str) -> Option<String> {
    let fine = |segment: &str| {
        !segment.is_empty()
            && segment != "."
            && segment != ".."
            && !segment.contains(['\\', '\0', ':'])
    };
    if !name.split('/').all(fine) {
        return None;
    }
    Some(match name.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/_{file}.hbs"),
        None => format!("_{name}.hbs"),
    })
}

/// The known name nearest to `wanted`, if one is near enough to be meant.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer names are no slips, and comparing them takes long.
    const LONGEST: usize = 200;
    /// So many names are looked at.
    const MOST: usize = 2_000;
    if wanted.len() > LONGEST {
        return None;
    }
    let lower = wanted.to_lowercase();
    let limit = |name: &str| 1 + name.len().max(wanted.len()) / 5;
    // Every letter more is a step, of which each takes at most four bytes.
    let is_near =
        |name: &&str| name.len() <= LONGEST && name.len().abs_diff(wanted.len()) <= 4 * limit(name);
    known
        .into_iter()
        .take(MOST)
        .filter(is_near)
        .map(|name| {
            (
                strsim::damerau_levenshtein(&lower, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| *distance <= limit(name) && *distance < name.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_break_a_tag_or_a_disk_are_refused() {
        for fine in [
            "a",
            "support/triage",
            "daily.momentum.zh",
            "A-b_c/d",
            "0day",
            "v3beta",
        ] {
            assert!(fine.parse::<PromptName>().is_ok(), "{fine}");
        }
        for wrong in [
            "", "/a", "a/", "a//b", "7", "a/7", "v3", "a/v3/b", "a.v2", "../a", "a/..", ".a", "a.",
            "a b", "a.lock", "con", "a/NUL", "com1.x", "_a", "-a", "a.b/c", "ä", "a\\b", "a@b",
        ] {
            assert!(wrong.parse::<PromptName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn environments_never_look_like_versions() {
        assert!("production".parse::<Environment>().is_ok());
        for wrong in ["v3", "Prod", "", "1", "a_b", "a/b"] {
            assert!(wrong.parse::<Environment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn variants_are_tried_from_the_most_special_to_the_plain_name() {
        let name: PromptName = "daily".parse().expect("a name");
        let tried = name
            .candidates(&["momentum".to_owned(), "zh".to_owned()])
            .expect("variants");
        let tried: Vec<&str> = tried.iter().map(PromptName::as_str).collect();
        assert_eq!(
            tried,
            ["daily.momentum.zh", "daily.momentum", "daily.zh", "daily"]
        );
    }

    #[test]
    fn partials_have_one_path_each() {
        for name in ["tone", "support/refund"] {
            let path = partial_path(name).expect("a path");
            assert_eq!(partial_of_path(&path).as_deref(), Some(name));
        }
        assert_eq!(partial_path("../x"), None);
        assert_eq!(partial_of_path("support/refund.hbs"), None);
    }

    #[test]
    fn the_nearest_name_is_named_only_when_it_is_near() {
        assert_eq!(
            nearest("suport/triage", ["support/triage", "daily"]),
            Some("support/triage")
        );
        assert_eq!(nearest("zzz", ["support/triage", "daily"]), None);
    }
}
