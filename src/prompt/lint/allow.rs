//! Comments that allow what a rule finds: `# promptctl: allow P105`.
//!
//! At the top of a file, before anything that is not a comment, such a comment holds for the whole
//! file; at the end of a line for that line, and on a line of its own for the next one. Where that
//! line begins a text of several lines, it holds for all of them, because a `#` inside would be
//! text. In templates `{{! promptctl: allow P105 }}` does the same.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use super::Finding;
use super::level::Levels;
use crate::prompt::code::{self, Code};
use crate::prompt::document::node::{Kind, Node};
use crate::prompt::document::yaml::parse_tree;
use crate::prompt::finding::Position;
use crate::prompt::hint::Hint;

/// How many findings of one file are told.
pub(super) const MAX_OF_FILE: usize = 200;

const MARK: &str = "promptctl: allow";

/// One code that a comment allows.
#[derive(Debug)]
struct Allowance {
    word: String,
    code: Option<Code>,
    at: Position,
    lines: RangeInclusive<usize>,
    is_used: bool,
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
        let unused = known.all.iter().filter(|allowance| !allowance.is_used);
        let judged =
            unused.filter(|allowance| allowance.code.is_none_or(|code| levels.is_on(code)));
        left.extend(judged.map(|allowance| allowance.finding().in_file(path)));
    }
    let mut left: Vec<Finding> = left
        .into_iter()
        .filter_map(|finding| levels.apply(finding))
        .collect();
    left.sort_by(|a, b| {
        (&a.path, a.position, a.code, &a.message).cmp(&(&b.path, b.position, b.code, &b.message))
    });
    left.dedup();
    (bounded(left), allowed)
}

/// The findings, of each file no more than a person can read: the errors first, and a last one that
/// tells how many there are beside them.
fn bounded(findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: HashMap<Option<&str>, (usize, usize)> = HashMap::new();
    for finding in &findings {
        let count = counts.entry(finding.path.as_deref()).or_default();
        count.0 += 1;
        count.1 += usize::from(finding.is_error());
    }
    if counts.values().all(|(all, _)| *all <= MAX_OF_FILE) {
        return findings;
    }
    let room: HashMap<Option<String>, (usize, usize, usize)> = counts
        .into_iter()
        .map(|(path, (all, errors))| {
            let errors_shown = errors.min(MAX_OF_FILE);
            let room = (errors_shown, MAX_OF_FILE - errors_shown, all);
            (path.map(str::to_owned), room)
        })
        .collect();
    let mut left = room.clone();
    let mut kept: Vec<Finding> = Vec::new();
    let mut dropped: BTreeMap<Option<String>, (usize, bool)> = BTreeMap::new();
    for finding in findings {
        let (errors, warnings, _) = left.entry(finding.path.clone()).or_default();
        let room = if finding.is_error() { errors } else { warnings };
        match room.checked_sub(1) {
            Some(less) => {
                *room = less;
                kept.push(finding);
            }
            None => {
                let is_error = finding.is_error();
                let gone = dropped.entry(finding.path).or_default();
                gone.0 += 1;
                gone.1 |= is_error;
            }
        }
    }
    for (path, (count, is_error)) in dropped {
        let message = format!("{count} more findings in this file are not shown");
        let mut last = if is_error {
            Finding::error(code::MANY_FINDINGS, message)
        } else {
            Finding::warning(code::MANY_FINDINGS, message)
        }
        .help("mend those that are shown first");
        last.path = path;
        kept.push(last);
    }
    kept
}

/// The comments of a file, to be asked about many findings.
struct Allowances {
    /// In the order of the file.
    all: Vec<Allowance>,
    /// Those of each code, by their places in `all`, with the last line that any of them up to
    /// there holds for.
    of_code: HashMap<Code, Vec<(usize, usize)>>,
    /// What was found out about a line.
    known: HashMap<(Code, Option<usize>), bool>,
}

impl Allowances {
    fn new(all: Vec<Allowance>) -> Self {
        let mut of_code: HashMap<Code, Vec<(usize, usize)>> = HashMap::new();
        for (at, allowance) in all.iter().enumerate() {
            let Some(code) = allowance.code else {
                continue;
            };
            let list = of_code.entry(code).or_default();
            let furthest = list.last().map_or(0, |(_, end)| *end);
            list.push((at, furthest.max(*allowance.lines.end())));
        }
        Self {
            all,
            of_code,
            known: HashMap::new(),
        }
    }

    /// Whether a finding is allowed; what allows it is used then.
    fn allow(&mut self, finding: &Finding) -> bool {
        // What breaks a prompt is not a matter of taste.
        if !finding.code.standing().is_rule() {
            return false;
        }
        let line = finding.position.map(|at| at.line);
        if let Some(known) = self.known.get(&(finding.code, line)) {
            return *known;
        }
        let list = self.of_code.get(&finding.code).map_or(&[][..], |it| it);
        let mut is_allowed = false;
        match line {
            Some(line) => {
                let begun = list.partition_point(|(at, _)| *self.all[*at].lines.start() <= line);
                for (at, furthest) in list[..begun].iter().rev() {
                    if *furthest < line {
                        break;
                    }
                    if self.all[*at].lines.contains(&line) {
                        self.all[*at].is_used = true;
                        is_allowed = true;
                    }
                }
            }
            None => {
                for (at, _) in list {
                    if self.all[*at].lines == (1..=usize::MAX) {
                        self.all[*at].is_used = true;
                        is_allowed = true;
                    }
                }
            }
        }
        self.known.insert((finding.code, line), is_allowed);
        is_allowed
    }
}

impl Allowance {
    fn finding(&self) -> Finding {
        let message = match self.code {
            None => format!("`{}` is not a code", self.word),
            Some(code) if !code.standing().is_rule() => format!("{code} cannot be allowed"),
            Some(code) => format!("nothing here needs {code} to be allowed"),
        };
        let help = match self.code {
            None => Hint::ListCodes,
            Some(code) if !code.standing().is_rule() => {
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
    let is_template = path.ends_with(".hbs");
    let scalars = Scalars::new(if is_template {
        Vec::new()
    } else {
        scalars(text)
    });
    let lines: Vec<&str> = text.split('\n').collect();
    let head = if is_template {
        usize::from(lines.first().is_some_and(|line| line.contains(MARK)))
    } else {
        head(&lines)
    };
    let targets = targets(&lines);
    let mut found = Vec::new();
    let mut offset = 0;
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        for (at, _) in line.match_indices(MARK) {
            let Some(comment) = Comment::of(line, at) else {
                continue;
            };
            let is_text = scalars.hold(offset + at);
            if comment.is_yaml == is_template || (comment.is_yaml && is_text) {
                continue;
            }
            let reach = if number <= head {
                1..=usize::MAX
            } else {
                reach(number, &comment, &targets, &scalars)
            };
            add(&comment, line, at, number, &reach, &mut found);
        }
        offset += line.len() + 1;
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

/// A comment around the mark.
struct Comment {
    /// Whether it is one of YAML, else one of a template.
    is_yaml: bool,
    /// Whether it stands alone on its line.
    is_alone: bool,
}

impl Comment {
    fn of(line: &str, at: usize) -> Option<Self> {
        let before = line[..at].trim_end();
        if let Some(code) = before.strip_suffix('#') {
            let is_comment = code.is_empty() || code.ends_with([' ', '\t']);
            return is_comment.then(|| Self {
                is_yaml: true,
                is_alone: code.trim().is_empty(),
            });
        }
        let code = before
            .trim_end_matches('-')
            .strip_suffix("{{!")
            .or_else(|| before.trim_end_matches('-').strip_suffix("{{~!"))?;
        let after = line[at..].split_once("}}").map_or("", |(_, after)| after);
        Some(Self {
            is_yaml: false,
            is_alone: code.trim().is_empty() && after.trim().is_empty(),
        })
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

/// The lines for which a comment holds.
fn reach(
    number: usize,
    comment: &Comment,
    targets: &[usize],
    scalars: &Scalars,
) -> RangeInclusive<usize> {
    let target = match comment {
        Comment {
            is_alone: false, ..
        } => number,
        Comment { is_yaml: true, .. } => targets.get(number).copied().unwrap_or(number + 1),
        Comment { .. } => number + 1,
    };
    let end = match comment.is_yaml {
        true => scalars.ends.get(&target).copied().unwrap_or(target),
        false => target,
    };
    number..=end.max(target)
}

fn add(
    comment: &Comment,
    line: &str,
    at: usize,
    number: usize,
    reach: &RangeInclusive<usize>,
    found: &mut Vec<Allowance>,
) {
    let rest = &line[at + MARK.len()..];
    let rest = if comment.is_yaml {
        rest
    } else {
        rest.split("}}")
            .next()
            .unwrap_or_default()
            .trim_end_matches('-')
    };
    // What follows the codes is a reason.
    let words = rest
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
    for word in words {
        let column = line[..at].chars().count() + 1;
        found.push(Allowance {
            word: word.to_owned(),
            code: Code::find(word),
            at: Position {
                line: number,
                column,
            },
            lines: reach.clone(),
            is_used: false,
        });
    }
}

/// A text of the file, whose `#` are no comments.
struct Scalar {
    bytes: std::ops::Range<usize>,
    /// The line of its key, or its own.
    begins: usize,
    ends: usize,
}

/// The texts of a file, to be asked often.
struct Scalars {
    /// In the order of the file.
    bytes: Vec<std::ops::Range<usize>>,
    /// The last line of what begins at a line.
    ends: HashMap<usize, usize>,
}

impl Scalars {
    fn new(mut all: Vec<Scalar>) -> Self {
        all.sort_by_key(|scalar| scalar.bytes.start);
        let mut ends = HashMap::new();
        for scalar in &all {
            let end = ends.entry(scalar.begins).or_insert(scalar.ends);
            *end = scalar.ends.max(*end);
        }
        Self {
            bytes: all.into_iter().map(|scalar| scalar.bytes).collect(),
            ends,
        }
    }

    /// Whether a place is inside of one.
    fn hold(&self, offset: usize) -> bool {
        let next = self.bytes.partition_point(|bytes| bytes.start <= offset);
        let last = next.checked_sub(1).and_then(|at| self.bytes.get(at));
        last.is_some_and(|bytes| bytes.contains(&offset))
    }
}

fn scalars(text: &str) -> Vec<Scalar> {
    let mut found = Vec::new();
    let starts: Vec<usize> = std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
        .collect();
    let line = |offset: usize| starts.partition_point(|start| *start <= offset);
    if let Ok(tree) = parse_tree(text) {
        let mut pending: Vec<(&Node, usize)> = vec![(&tree.root, 0)];
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
                    let ends = line(end.saturating_sub(1).max(node.span.start));
                    found.push(Scalar {
                        bytes: node.span.start..end,
                        begins: if key_line == 0 {
                            node.at.line
                        } else {
                            key_line
                        },
                        ends,
                    });
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::show;
    use super::*;
    use crate::prompt::finding::Severity;

    const FILE: &str = "a.prompt.yml";

    fn settled(path: &str, text: &str, findings: Vec<Finding>) -> String {
        let findings = findings
            .into_iter()
            .map(|finding| finding.in_file(path))
            .collect();
        show(settle(findings, [(path, text)], &Levels::default()).0)
    }

    fn at(line: usize, code: Code) -> Finding {
        let found = Finding::new(code, "found").at(Position { line, column: 3 });
        Finding {
            severity: Severity::Warning,
            ..found
        }
    }

    #[test]
    fn a_comment_allows_its_line_and_the_next() {
        let text = "name: a\na: 1 # promptctl: allow P003\n# promptctl: allow P003, P016 it is ours\n\n# more\nb: 2\nc: 3\n";
        let findings = vec![
            at(2, code::UNKNOWN_KEY),
            at(6, code::UNKNOWN_KEY),
            at(6, code::AMBIGUOUS_SCALAR),
            at(7, code::UNKNOWN_KEY),
        ];
        assert_eq!(
            settled(FILE, text, findings),
            "warning P003 a.prompt.yml:7:3 found"
        );
    }

    #[test]
    fn a_comment_before_a_text_allows_all_its_lines() {
        let text = "name: a\n# promptctl: allow P104\ncontent: |\n  one\n  two\n\nlast: 1\n";
        let findings = vec![
            at(5, code::UNDECLARED_VARIABLE),
            at(7, code::UNDECLARED_VARIABLE),
        ];
        assert_eq!(
            settled(FILE, text, findings),
            "warning P104 a.prompt.yml:7:3 found"
        );
    }

    #[test]
    fn a_comment_at_the_top_allows_the_whole_file() {
        let text = "# A file.\n# promptctl: allow P003\nname: a\nb: 1\n";
        let anywhere = Finding::warning(code::UNKNOWN_KEY, "found");
        assert_eq!(
            settled(FILE, text, vec![at(4, code::UNKNOWN_KEY), anywhere]),
            ""
        );
    }

    #[test]
    fn templates_have_comments_of_their_own() {
        let text = "Be {{mood}}. {{! promptctl: allow P104 }}\n{{!-- promptctl: allow P104 --}}\n{{x}}\n# promptctl: allow P104\n{{y}}";
        let findings = vec![
            at(1, code::UNDECLARED_VARIABLE),
            at(3, code::UNDECLARED_VARIABLE),
            at(5, code::UNDECLARED_VARIABLE),
        ];
        // On the first line it holds for the whole file.
        assert_eq!(settled("_a.hbs", text, findings), "");
        let later = format!("\n{text}");
        let moved = [2, 4, 6].map(|line| at(line, code::UNDECLARED_VARIABLE));
        assert_eq!(
            settled("_a.hbs", &later, moved.to_vec()),
            "warning P104 _a.hbs:6:3 found"
        );
    }

    #[test]
    fn many_comments_and_many_findings_are_not_held_against_each_other_one_by_one() {
        let many = 60_000;
        let mut text = "name: a\n".to_owned();
        text.push_str(&"# promptctl: allow P003\n".repeat(many));
        for line in 0..many {
            text.push_str(&format!("k{line}: 1 # promptctl: allow P003\n"));
        }
        let findings: Vec<Finding> = (2..2 * many + 2)
            .map(|line| at(line, code::UNKNOWN_KEY))
            .collect();
        assert_eq!(settled(FILE, &text, findings), "");
    }

    #[test]
    fn no_file_gives_more_findings_than_anyone_reads() {
        let mut findings: Vec<Finding> = (1..60_000)
            .map(|line| at(line, code::UNKNOWN_KEY))
            .collect();
        let last = Position {
            line: 60_001,
            column: 1,
        };
        findings.push(Finding::error(code::WRONG_TYPE, "wrong").at(last));
        let (kept, _) = settle(findings, [(FILE, "")], &Levels::default());
        assert_eq!(kept.len(), MAX_OF_FILE + 1);
        assert!(kept.iter().any(|finding| finding.code == code::WRONG_TYPE));
        let last = kept.last().expect("the last");
        assert_eq!(
            last.message,
            "59800 more findings in this file are not shown"
        );
        assert!(!last.is_error());
    }

    #[test]
    fn what_is_text_is_no_comment() {
        let text = "name: a\ncontent: |\n  # promptctl: allow P104\n  {{x}}\nq: \"# promptctl: allow P104\"\n";
        assert_eq!(
            settled(FILE, text, vec![at(4, code::UNDECLARED_VARIABLE)]),
            "warning P104 a.prompt.yml:4:3 found"
        );
    }

    #[test]
    fn comments_that_allow_nothing_are_findings() {
        let text = "name: a # promptctl: allow P105\nb: 1 # promptctl: allow P207\nc: 1 # promptctl: allow P999\nd: 1 # promptctl: allow\n";
        insta::assert_snapshot!(
            settled(FILE, text, vec![at(2, code::NOT_BUMPED)]),
            @r"
        warning P028 a.prompt.yml:1:11 nothing here needs P105 to be allowed
        warning P207 a.prompt.yml:2:3 found
        warning P028 a.prompt.yml:2:8 P207 cannot be allowed
        warning P028 a.prompt.yml:3:8 `P999` is not a code
        warning P028 a.prompt.yml:4:8 `` is not a code
        "
        );
    }
}
