//! Comments that allow what a rule finds: `# promptctl: allow P105`.
//!
//! At the top of a file, before anything that is not a comment, such a comment holds for the whole
//! file; at the end of a line for that line, and on a line of its own for the next one. Where that
//! line begins a text of several lines, it holds for all of them, because a `#` inside would be
//! text. In templates `{{! promptctl: allow P105 }}` does the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Range, RangeInclusive};

use super::Finding;
use super::bounded::bounded;
use super::level::Levels;
use crate::prompt::code::{self, Code};
use crate::prompt::document::comments::{Remark, remarks};
use crate::prompt::document::node::{Kind, Node};
use crate::prompt::document::yaml::parse_tree;
use crate::prompt::finding::Span;
use crate::prompt::hint::Hint;

const MARK: &str = "promptctl: allow";

/// One code that a comment allows.
#[derive(Debug)]
struct Allowance {
    word: String,
    code: Option<Code>,
    at: Span,
    lines: RangeInclusive<usize>,
}

/// Whether a text may hold comments that allow something.
pub fn has_comments(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_some()
}

/// Takes out what comments allow, adds a finding for each comment that allows nothing, and applies
/// the configured levels. `texts` are all files checked, by path. The result is in the order of the
/// files, without repetitions, and says how many findings were allowed.
pub fn settle<'a>(
    findings: Vec<Finding>,
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    levels: &Levels,
) -> (Vec<Finding>, usize) {
    let mut allowances: BTreeMap<&str, Allowances> = BTreeMap::new();
    for (path, text) in texts {
        if has_comments(text) {
            allowances.insert(path, Allowances::new(read(path, text)));
        }
    }
    let before = findings.len();
    let mut left: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            let path = finding.path.as_deref().unwrap_or_default();
            !allowances
                .get_mut(path)
                .is_some_and(|known| known.allow(finding))
        })
        .collect();
    let allowed = before - left.len();
    for (path, known) in &allowances {
        let judged = known
            .unused()
            .filter(|allowance| allowance.code.is_none_or(|code| levels.is_on(code)));
        left.extend(judged.map(|allowance| allowance.finding().in_file(path)));
    }
    let mut left: Vec<Finding> = left
        .into_iter()
        .filter_map(|finding| levels.apply(finding))
        .collect();
    left.sort_by(|a, b| {
        (&a.path, a.span, a.code, &a.message).cmp(&(&b.path, b.span, b.code, &b.message))
    });
    left.dedup();
    (bounded(left), allowed)
}

/// The comments of a file that allow what `before` did not allow: each with its place and its code. One
/// that stands above another line than before counts.
pub fn newly_allowed(path: &str, before: Option<&str>, after: &str) -> Vec<(Span, Code)> {
    if !has_comments(after) {
        return Vec::new();
    }
    let keyed = |text: &str| -> Vec<((Code, String), Span)> {
        let lines: Vec<&str> = text.split('\n').collect();
        let target = |reach: &RangeInclusive<usize>| {
            let mut reached = lines.iter().skip(reach.start() - 1);
            let line = match *reach == (1..=usize::MAX) {
                true => None,
                false => reached.find(|line| !line.trim_start().starts_with('#')),
            };
            let line = line.copied().unwrap_or_default();
            let code = line.split_once(" #").map_or(line, |(code, _)| code);
            code.trim().to_owned()
        };
        let rules = read(path, text).into_iter().filter_map(|allowance| {
            let code = allowance
                .code
                .filter(|code| code.default_level().is_rule())?;
            Some(((code, target(&allowance.lines)), allowance.at))
        });
        rules.collect()
    };
    let mut known: Vec<_> = before.map(keyed).unwrap_or_default();
    let mut added = Vec::new();
    for (key, at) in keyed(after) {
        match known.iter().position(|(known, _)| *known == key) {
            Some(found) => drop(known.swap_remove(found)),
            None => added.push((at, key.0)),
        }
    }
    added
}

/// The comments of a file, to be asked about many findings.
struct Allowances {
    /// In the order of the file.
    all: Vec<Allowance>,
    /// For each code the lines at which those that allow it begin, each with the last line that any
    /// of them up to there holds for.
    of_code: HashMap<Code, Vec<(usize, usize)>>,
    /// The findings that were asked about.
    met: HashMap<Code, FindingLines>,
}

/// Where findings of a code are.
#[derive(Default)]
struct FindingLines {
    lines: BTreeSet<usize>,
    /// Whether there is one without a line.
    is_nowhere: bool,
}

impl Allowances {
    fn new(all: Vec<Allowance>) -> Self {
        let mut of_code: HashMap<Code, Vec<(usize, usize)>> = HashMap::new();
        for allowance in &all {
            let Some(code) = allowance.code else {
                continue;
            };
            let list = of_code.entry(code).or_default();
            let furthest = list.last().map_or(0, |(_, end)| *end);
            let (start, end) = (*allowance.lines.start(), *allowance.lines.end());
            list.push((start, furthest.max(end)));
        }
        Self {
            all,
            of_code,
            met: HashMap::new(),
        }
    }

    /// Whether a finding is allowed.
    fn allow(&mut self, finding: &Finding) -> bool {
        // What breaks a prompt is not a matter of taste.
        if !finding.code.default_level().is_rule() {
            return false;
        }
        let Some(list) = self.of_code.get(&finding.code) else {
            return false;
        };
        let met = self.met.entry(finding.code).or_default();
        match finding.span.map(|at| at.line) {
            Some(line) => {
                met.lines.insert(line);
                let begun = list.partition_point(|(start, _)| *start <= line);
                begun > 0 && list[begun - 1].1 >= line
            }
            None => {
                met.is_nowhere = true;
                list[0] == (1, usize::MAX)
            }
        }
    }

    /// The comments that allowed nothing.
    fn unused(&self) -> impl Iterator<Item = &Allowance> {
        let is_used = |allowance: &Allowance| {
            let met = allowance.code.and_then(|code| self.met.get(&code));
            met.is_some_and(|met| {
                let is_whole = allowance.lines == (1..=usize::MAX);
                met.lines.range(allowance.lines.clone()).next().is_some()
                    || (is_whole && met.is_nowhere)
            })
        };
        self.all.iter().filter(move |allowance| !is_used(allowance))
    }
}

impl Allowance {
    fn finding(&self) -> Finding {
        let message = match self.code {
            None => format!("`{}` is not a code", self.word),
            Some(code) if !code.default_level().is_rule() => format!("{code} cannot be allowed"),
            Some(code) => format!("nothing here needs {code} to be allowed"),
        };
        let help = match self.code {
            None => Hint::ListCodes,
            Some(code) if !code.default_level().is_rule() => {
                "it names what keeps a prompt from being used: mend that instead".into()
            }
            Some(_) => "remove the comment".into(),
        };
        Finding::new(code::UNUSED_ALLOW, message)
            .at(self.at)
            .help(help)
    }
}

/// All comments of a file that allow something.
fn read(path: &str, text: &str) -> Vec<Allowance> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut found = Vec::new();
    if path.ends_with(".hbs") {
        let head = usize::from(lines[0].contains(MARK));
        for (number, line) in (1..).zip(&lines) {
            for (at, _) in line.match_indices(MARK) {
                let Some(comment) = Comment::from_template(line, number, at) else {
                    continue;
                };
                let last = if comment.is_alone { number + 1 } else { number };
                comment.add(number <= head, last, &mut found);
            }
        }
        return found;
    }
    let head = head(&lines);
    let targets = targets(&lines);
    let ends = ends(text);
    for Remark {
        line: number,
        bytes,
    } in remarks(text)
    {
        let Some(comment) = Comment::from_yaml(text, number, bytes) else {
            continue;
        };
        let target = match comment.is_alone {
            true => targets.get(number).copied().unwrap_or(number + 1),
            false => number,
        };
        let last = ends.get(&target).copied().unwrap_or(target).max(target);
        comment.add(number <= head, last, &mut found);
    }
    found
}

/// How many lines at the top hold nothing but comments.
fn head(lines: &[&str]) -> usize {
    let is_head = |line: &&&str| {
        let line = line.trim_start_matches('\u{feff}').trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    };
    lines.iter().take_while(is_head).count()
}

/// A comment that begins with the mark.
struct Comment<'t> {
    line: usize,
    /// Where the mark stands.
    column: usize,
    /// What follows the mark.
    rest: &'t str,
    /// Whether it stands alone on its line.
    is_alone: bool,
}

impl<'t> Comment<'t> {
    fn from_yaml(text: &'t str, line: usize, bytes: Range<usize>) -> Option<Self> {
        let words = text.get(bytes.clone())?.strip_prefix('#')?.trim_start();
        let rest = words.strip_prefix(MARK)?;
        let start = text[..bytes.start].rfind('\n').map_or(0, |end| end + 1);
        let before = &text[start..bytes.start];
        Some(Self {
            line,
            column: text[start..bytes.end - words.len()].chars().count() + 1,
            rest,
            is_alone: before.trim_start_matches('\u{feff}').trim().is_empty(),
        })
    }

    fn from_template(text: &'t str, line: usize, at: usize) -> Option<Self> {
        let before = text[..at].trim_end().trim_end_matches('-');
        let code = before
            .strip_suffix("{{!")
            .or_else(|| before.strip_suffix("{{~!"))?;
        let rest = &text[at + MARK.len()..];
        let (rest, after) = rest.split_once("}}").unwrap_or((rest, ""));
        Some(Self {
            line,
            column: text[..at].chars().count() + 1,
            rest: rest.trim_end_matches('-'),
            is_alone: code.trim().is_empty() && after.trim().is_empty(),
        })
    }

    /// Adds what it allows: in the whole file, or up to its last line.
    fn add(&self, is_of_file: bool, last: usize, found: &mut Vec<Allowance>) {
        // What follows the codes is a reason.
        let words = self
            .rest
            .split([' ', ',', '\t', '\r'])
            .filter(|word| !word.is_empty());
        let is_code = |word: &&str| {
            word.len() == 4
                && word.starts_with(['P', 'p'])
                && word[1..].bytes().all(|byte| byte.is_ascii_digit())
        };
        let mut words: Vec<&str> = words
            .enumerate()
            .take_while(|(index, word)| *index == 0 || is_code(word))
            .map(|(_, word)| word)
            .collect();
        if words.is_empty() {
            words.push("");
        }
        found.extend(words.into_iter().map(|word| Allowance {
            word: word.to_owned(),
            code: Code::find(word),
            at: Span {
                line: self.line,
                column: self.column,
                length: MARK.len(),
            },
            lines: if is_of_file {
                1..=usize::MAX
            } else {
                self.line..=last
            },
        }));
    }
}

/// For each line, the first from there on that is neither blank nor a comment, counted from 1.
fn targets(lines: &[&str]) -> Vec<usize> {
    let is_skipped = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let mut targets = vec![lines.len() + 1; lines.len() + 1];
    for (index, line) in lines.iter().enumerate().rev() {
        targets[index] = if is_skipped(line) {
            targets[index + 1]
        } else {
            index + 1
        };
    }
    targets
}

/// The last line of the texts that begin at a line, or whose keys do.
fn ends(text: &str) -> HashMap<usize, usize> {
    let mut ends = HashMap::new();
    let starts: Vec<usize> = std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
        .collect();
    let line = |offset: usize| starts.partition_point(|start| *start <= offset);
    let tree = parse_tree(text).ok();
    let mut pending: Vec<(&Node, usize)> = tree.iter().map(|tree| (&tree.root, 0)).collect();
    while let Some((node, key_line)) = pending.pop() {
        match &node.kind {
            Kind::Map(entries) => {
                pending.extend(entries.iter().map(|(key, node)| (node, key.at.line)));
            }
            Kind::List(items) => pending.extend(items.iter().map(|item| (item, item.at.line))),
            _ if node.is_alias => {}
            _ => {
                // The line breaks that end a block belong to it, what follows them does not.
                let end = text
                    .get(node.span.clone())
                    .map_or(node.span.end, |own| node.span.start + own.trim_end().len());
                let last = line(end.saturating_sub(1).max(node.span.start));
                let begins = if key_line == 0 {
                    node.at.line
                } else {
                    key_line
                };
                let end = ends.entry(begins).or_insert(last);
                *end = last.max(*end);
            }
        }
    }
    ends
}

#[cfg(test)]
mod tests;
