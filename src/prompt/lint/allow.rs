//! Comments that allow what a rule finds: `# promptctl: allow P105`.
//!
//! At the top of a file, before anything that is not a comment, such a comment holds for the whole
//! file; at the end of a line for that line, and on a line of its own for the next one. Where that
//! line begins a text of several lines, it holds for all of them, because a `#` inside would be
//! text. In templates `{{! promptctl: allow P105 }}` does the same.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Finding;
use super::level::{Levels, rule};
use crate::prompt::code::{self, Code};
use crate::prompt::document::yaml::{Kind, Node, parse_tree};
use crate::prompt::finding::Position;

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
    let mut allowances: BTreeMap<&str, Vec<Allowance>> = BTreeMap::new();
    for (path, text) in texts {
        if has_comments(text) {
            allowances.insert(path, read(path, text));
        }
    }
    let before = findings.len();
    let mut left: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            let path = finding.path.as_deref().unwrap_or_default();
            !allowances
                .get_mut(path)
                .is_some_and(|known| is_allowed(finding, known))
        })
        .collect();
    let allowed = before - left.len();
    for (path, known) in &allowances {
        let unused = known.iter().filter(|allowance| !allowance.is_used);
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
    (left, allowed)
}

fn is_allowed(finding: &Finding, known: &mut [Allowance]) -> bool {
    // What breaks a prompt is not a matter of taste.
    if rule(finding.code).is_none() {
        return false;
    }
    let mut is_allowed = false;
    for allowance in known
        .iter_mut()
        .filter(|allowance| allowance.code == Some(finding.code))
    {
        let holds = match finding.position {
            Some(at) => allowance.lines.contains(&at.line),
            None => *allowance.lines.start() == 1 && *allowance.lines.end() == usize::MAX,
        };
        allowance.is_used |= holds;
        is_allowed |= holds;
    }
    is_allowed
}

impl Allowance {
    fn finding(&self) -> Finding {
        let message = match self.code {
            None => format!("`{}` is not a code", self.word),
            Some(code) if rule(code).is_none() => format!("{code} cannot be allowed"),
            Some(code) => format!("nothing here needs {code} to be allowed"),
        };
        let help = match self.code {
            None => "write `# promptctl: allow P105`; promptctl explain lists the codes",
            Some(code) if rule(code).is_none() => {
                "it names what keeps a prompt from being used: mend that instead"
            }
            Some(_) => "remove the comment",
        };
        Finding::warning(code::UNUSED_ALLOW, message)
            .at(self.at)
            .help(help)
    }
}

/// All comments of a file that allow something.
fn read(path: &str, text: &str) -> Vec<Allowance> {
    let is_template = path.ends_with(".hbs");
    let scalars = if is_template {
        Vec::new()
    } else {
        scalars(text)
    };
    let lines: Vec<&str> = text.split('\n').collect();
    let head = if is_template {
        usize::from(lines.first().is_some_and(|line| line.contains(MARK)))
    } else {
        head(&lines)
    };
    let mut found = Vec::new();
    let mut offset = 0;
    for (index, line) in lines.iter().enumerate() {
        let number = index + 1;
        for (at, _) in line.match_indices(MARK) {
            let Some(comment) = Comment::of(line, at) else {
                continue;
            };
            let is_text = scalars
                .iter()
                .any(|scalar| scalar.bytes.contains(&(offset + at)));
            if comment.is_yaml == is_template || (comment.is_yaml && is_text) {
                continue;
            }
            let reach = if number <= head {
                1..=usize::MAX
            } else {
                reach(number, &comment, &lines, &scalars)
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

/// The lines for which a comment holds.
fn reach(
    number: usize,
    comment: &Comment,
    lines: &[&str],
    scalars: &[Scalar],
) -> RangeInclusive<usize> {
    let is_skipped = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let target = if comment.is_alone {
        let below = lines.iter().skip(number);
        number
            + 1
            + below
                .take_while(|line| comment.is_yaml && is_skipped(line))
                .count()
    } else {
        number
    };
    let inside = scalars
        .iter()
        .filter(|scalar| comment.is_yaml && scalar.begins == target);
    let end = inside.map(|scalar| scalar.ends).max().unwrap_or(target);
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

    const FILE: &str = "a.prompt.yml";

    fn settled(path: &str, text: &str, findings: Vec<Finding>) -> String {
        let findings = findings
            .into_iter()
            .map(|finding| finding.in_file(path))
            .collect();
        show(settle(findings, [(path, text)], &Levels::default()).0)
    }

    fn at(line: usize, code: Code) -> Finding {
        Finding::warning(code, "found").at(Position { line, column: 3 })
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
