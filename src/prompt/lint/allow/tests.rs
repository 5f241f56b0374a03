use super::super::bounded::MAX_OF_FILE;
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
    let found = Finding::new(code, "found").at(Span::point(line, 3));
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
    let last = Span::point(60_001, 1);
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
    let text =
        "name: a\ncontent: |\n  # promptctl: allow P104\n  {{x}}\nq: \"# promptctl: allow P104\"\n";
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
