//! The spelling of tags: their names, and the trailers that end their messages.

use std::fmt;

use crate::repository::ObjectId;

use crate::prompt::code::Code;
use crate::prompt::digest::Digest;
use crate::prompt::name::{Environment, PromptName};
use crate::prompt::version::Version;

/// The name of a version or release tag, without `refs/tags/` and the prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TagName {
    /// `support/triage/v3`: the commit whose tree holds v3.
    Version {
        /// The prompt.
        name: PromptName,
        version: Version,
    },
    /// `support/triage/production/7`: the seventh release in `production`.
    Release {
        /// The prompt.
        name: PromptName,
        /// Where it was released.
        environment: Environment,
        /// The release's number, from 1.
        number: u64,
    },
    /// `support/triage/_eval/7`: evidence of an evaluation. `_eval` can be neither a name nor an
    /// environment.
    Evidence {
        /// The prompt.
        name: PromptName,
        /// Its number, from 1.
        number: u64,
    },
}

/// What stands between the name of a prompt and the number of evidence.
pub(crate) const EVIDENCE: &str = "_eval";

impl TagName {
    /// The prompt that it is of.
    pub fn prompt(&self) -> &PromptName {
        match self {
            Self::Version { name, .. }
            | Self::Release { name, .. }
            | Self::Evidence { name, .. } => name,
        }
    }

    /// What sorts version tags before evidence and that before releases, and these by their numbers.
    pub(crate) fn order(&self) -> (&PromptName, u8, &str, u64) {
        match self {
            Self::Version { name, version } => (name, 0, "", u64::from(version.number())),
            Self::Release {
                name,
                environment,
                number,
            } => (name, 2, environment.as_str(), *number),
            Self::Evidence { name, number } => (name, 1, "", *number),
        }
    }

    /// Reads what stands after the prefix; `None` for a tag that is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, last) = text.rsplit_once('/')?;
        if let Ok(version) = last.parse() {
            let name = rest.parse().ok()?;
            return Some(Self::Version { name, version });
        }
        let number = parse_number(last)?;
        let (name, environment) = rest.rsplit_once('/')?;
        if environment == EVIDENCE {
            let name = name.parse().ok()?;
            return Some(Self::Evidence { name, number });
        }
        Some(Self::Release {
            name: name.parse().ok()?,
            environment: environment.parse().ok()?,
            number,
        })
    }
}

/// What a reference below the prefix stands for: the tag of ours that it is; or where it stands below
/// the name of a release or of evidence, what cannot be made because of it.
pub(crate) fn stands_for(rest: &str) -> Option<String> {
    if TagName::parse(rest).is_some() {
        return Some(rest.to_owned());
    }
    let mut ends = rest.match_indices('/').map(|(at, _)| &rest[..at]);
    let is_counted = |name: &TagName| !matches!(name, TagName::Version { .. });
    let blocked = ends.find(|above| TagName::parse(above).is_some_and(|name| is_counted(&name)));
    blocked.map(str::to_owned)
}

/// The highest number of a release: readers of JSON hold it exactly.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A tag with the prefix that its name has in git.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    prefix: String,
    /// What stands behind the prefix.
    pub name: TagName,
}

impl Tag {
    pub(crate) fn new(prefix: &str, name: TagName) -> Self {
        Self {
            prefix: prefix.to_owned(),
            name,
        }
    }

    /// The tag of this name in git; none where it lacks the prefix, or is no name of ours.
    pub(crate) fn parse(prefix: &str, full: &str) -> Option<Self> {
        let name = TagName::parse(full.strip_prefix(prefix)?)?;
        Some(Self::new(prefix, name))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.name)
    }
}

/// A release number: digits without a leading zero.
pub(crate) fn parse_number(text: &str) -> Option<u64> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| text.parse().ok()).flatten();
    number.filter(|number| *number <= MAX_NUMBER)
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { name, version } => write!(f, "{name}/{version}"),
            Self::Release {
                name,
                environment,
                number,
            } => write!(f, "{name}/{environment}/{number}"),
            Self::Evidence { name, number } => write!(f, "{name}/{EVIDENCE}/{number}"),
        }
    }
}

/// What a release did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A version became live.
    Publish,
    /// An earlier release's version became live again.
    Rollback,
    /// Nothing is live any more.
    Unpublish,
}

impl Action {
    /// The word as the trailer writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Rollback => "rollback",
            Self::Unpublish => "unpublish",
        }
    }

    /// The message of a release for which nobody said why.
    pub(crate) fn words(
        self,
        name: &PromptName,
        version: Version,
        environment: &Environment,
    ) -> String {
        match self {
            Self::Publish => format!("Publish {name} {version} to {environment}"),
            Self::Rollback => format!("Roll {name} back to {version} in {environment}"),
            Self::Unpublish => format!("Unpublish {name} from {environment}"),
        }
    }

    /// The word in the past tense, for sentences.
    pub fn past(self) -> &'static str {
        match self {
            Self::Publish => "published",
            Self::Rollback => "rolled back to",
            Self::Unpublish => "unpublished",
        }
    }
}

/// What a release says of the one that was active when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Previous {
    /// Nothing: it was made by hand, or by a version that did not say.
    Unsaid,
    /// That there was none.
    Nothing,
    Object(ObjectId),
}

/// The trailers of a version or release tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailers {
    /// `Prompt:`.
    pub(crate) prompt: PromptName,
    /// `Version:`; for an unpublish, the version that was taken out.
    pub(crate) version: Version,
    /// `Digest:`.
    pub(crate) digest: Digest,
    /// `Environment:`, `Action:` and `Under:`; only in releases.
    pub(crate) release: Option<ReleaseTrailers>,
}

/// The trailers that only a release has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReleaseTrailers {
    /// `Environment:`.
    pub(crate) environment: Environment,
    /// `Action:`.
    pub(crate) action: Action,
    /// `Under:`, the release that a rollback returns to.
    pub(crate) under: Option<u64>,
    /// `Previous:`, the release that was active when this one was made.
    pub(crate) previous: Previous,
    /// `Eval:`, the evidence that was there: its number and object.
    pub(crate) evidence: Option<(u64, ObjectId)>,
    /// `Allowed:`, the codes of what was let through.
    pub(crate) allowed: Vec<Code>,
}

impl Trailers {
    /// The whole message of a tag: words for people, then the trailers.
    pub(crate) fn message(&self, words: &str) -> String {
        let mut message = quoted(words);
        message.push_str(&self.lines());
        if let Some(release) = &self.release {
            let under = release
                .under
                .map_or_else(|| "none".to_owned(), |number| number.to_string());
            message.push_str(&format!(
                "Environment: {}\nAction: {}\nUnder: {under}\n",
                release.environment,
                release.action.as_str()
            ));
            match &release.previous {
                Previous::Unsaid => {}
                Previous::Nothing => message.push_str("Previous: none\n"),
                Previous::Object(id) => message.push_str(&format!("Previous: {id}\n")),
            }
            if let Some((number, object)) = &release.evidence {
                message.push_str(&format!("Eval: {number} {object}\n"));
            }
            if !release.allowed.is_empty() {
                let codes: Vec<&str> = release.allowed.iter().map(|code| code.as_str()).collect();
                message.push_str(&format!("Allowed: {}\n", codes.join(" ")));
            }
        }
        message
    }

    /// The trailers that every tag has, a line each.
    pub(super) fn lines(&self) -> String {
        format!(
            "Prompt: {}\nVersion: {}\nDigest: {}\n",
            self.prompt,
            self.version.number(),
            self.digest
        )
    }

    /// Reads the trailers from the last paragraph of a tag's message; a signature after it is ignored.
    pub(crate) fn parse(message: &str) -> Option<Self> {
        let mut values = TrailerValues::default();
        for (key, value) in trailers_of(trailer_block(message)) {
            let field = match key {
                "Prompt" => &mut values.prompt,
                "Version" => &mut values.version,
                "Digest" => &mut values.digest,
                "Environment" => &mut values.environment,
                "Action" => &mut values.action,
                "Under" => &mut values.under,
                "Previous" => &mut values.previous,
                "Eval" => &mut values.evidence,
                "Allowed" => &mut values.allowed,
                _ => continue,
            };
            *field = Some(value);
        }
        values.trailers()
    }
}

/// Words for people as a message begins with them, and the empty line that ends them.
pub(super) fn quoted(words: &str) -> String {
    let mut message = String::new();
    // A line that looks like a signature must not be read as one.
    for line in words.trim().lines() {
        let quoted = if line.starts_with(SIGNATURE) { " " } else { "" };
        message.push_str(&format!("{quoted}{line}\n"));
    }
    message.truncate(message.trim_end().len());
    message.push_str("\n\n");
    message
}

/// The keys and values of a block of trailers.
pub(super) fn trailers_of(block: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = block.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(key, value)| (key, value.trim()))
}

/// The values of trailers, where they stand; of two with one key the last counts.
#[derive(Default)]
struct TrailerValues<'a> {
    prompt: Option<&'a str>,
    version: Option<&'a str>,
    digest: Option<&'a str>,
    environment: Option<&'a str>,
    action: Option<&'a str>,
    under: Option<&'a str>,
    previous: Option<&'a str>,
    evidence: Option<&'a str>,
    allowed: Option<&'a str>,
}

impl TrailerValues<'_> {
    fn trailers(self) -> Option<Trailers> {
        let release = match self.environment {
            None => None,
            Some(environment) => Some(ReleaseTrailers {
                environment: environment.parse().ok()?,
                action: match self.action? {
                    "publish" => Action::Publish,
                    "rollback" => Action::Rollback,
                    "unpublish" => Action::Unpublish,
                    _ => return None,
                },
                under: match self.under? {
                    "none" => None,
                    number => Some(parse_number(number)?),
                },
                // One that cannot be read is as wrong as one of another object: an alarm, and no
                // reason to take the release for void.
                previous: match self.previous {
                    None => Previous::Unsaid,
                    Some("none") => Previous::Nothing,
                    Some(id) => Previous::Object(ObjectId::parse(id).unwrap_or(ObjectId::NONE)),
                },
                evidence: self.evidence.map(evidence),
                allowed: self
                    .allowed
                    .into_iter()
                    .flat_map(str::split_whitespace)
                    .filter_map(Code::find)
                    .collect(),
            }),
        };
        Some(Trailers {
            prompt: self.prompt?.parse().ok()?,
            version: Version::new(self.version?.parse().ok()?)?,
            digest: Digest::parse(self.digest?)?,
            release,
        })
    }
}

/// The number and the object of evidence. What cannot be read is as wrong as what is not there: an
/// alarm, and no reason to take the release for void.
fn evidence(text: &str) -> (u64, ObjectId) {
    let read = text
        .split_once(' ')
        .and_then(|(number, object)| Some((parse_number(number)?, ObjectId::parse(object)?)));
    read.unwrap_or((0, ObjectId::NONE))
}

/// What an annotated tag's object says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TagContent<'a> {
    /// The id of the object that it names.
    pub(crate) target: &'a str,
    /// The kind of that object, such as `commit`.
    pub(crate) target_kind: &'a str,
    /// The tag's own name, which a reference of another name does not change; empty where it does
    /// not say.
    pub(crate) name: &'a str,
    /// The name of who made it; empty where it does not say.
    pub(crate) by: &'a str,
    /// When, in seconds since 1970; 0 where it does not say.
    pub(crate) seconds: i64,
    /// The whole message.
    pub(crate) message: &'a str,
}

impl<'a> TagContent<'a> {
    /// Reads a tag object; `None` if it is none, or not UTF-8 text.
    pub(crate) fn parse(data: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(data).ok()?;
        let (header, message) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = header.lines();
        let mut field = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ');
        let (target, target_kind) = (field("object")?, field("type")?);
        let name = field("tag").unwrap_or_default();
        let (by, seconds) = field("tagger").map_or(("", 0), tagger);
        Some(Self {
            target,
            target_kind,
            name,
            by,
            seconds,
            message,
        })
    }
}

/// The name and the time of a line such as `Ada Example <ada@example.com> 1700000000 +0100`.
fn tagger(line: &str) -> (&str, i64) {
    let (name, rest) = line.split_once('<').unwrap_or((line, ""));
    let seconds = rest
        .rsplit_once('>')
        .and_then(|(_, time)| time.split_whitespace().next()?.parse().ok())
        .unwrap_or_default();
    (name.trim(), seconds)
}

/// The words of a tag's message, without trailers and signature.
pub(crate) fn words(message: &str) -> &str {
    let text = without_signature(message);
    let block = trailer_block(message);
    text[..text.len() - block.len()].trim()
}

/// How the line begins from which on git takes the rest of a message for a signature.
const SIGNATURE: &str = "-----BEGIN ";

fn without_signature(message: &str) -> &str {
    if !message.contains(SIGNATURE) {
        return message.trim_end();
    }
    let is_mark = |line: &str| {
        let mut marks = ["PGP ", "SSH ", "SIGNED "].iter();
        line.strip_prefix(SIGNATURE)
            .is_some_and(|kind| marks.any(|mark| kind.starts_with(mark)))
    };
    let mut cut = 0;
    for line in message.split_inclusive('\n') {
        if is_mark(line) {
            break;
        }
        cut += line.len();
    }
    message[..cut].trim_end()
}

/// The last paragraph, where it is one of trailers.
pub(super) fn trailer_block(message: &str) -> &str {
    let text = without_signature(message);
    let block = text.rfind("\n\n").map_or(text, |at| &text[at + 2..]);
    if block.lines().any(|line| line.starts_with("Prompt: ")) {
        block
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
