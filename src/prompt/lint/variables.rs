//! Variables: what the template uses, what the input schema declares, and what the cases give.

use std::collections::{BTreeSet, HashSet};

use super::bounded::MAX_OF_FILE;
use super::{Finding, Subject};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::finding::Span;
use crate::prompt::name::nearest;
use crate::prompt::placeholder;
use crate::prompt::rendered::Variable;
use crate::prompt::template::Outline;
use crate::prompt::template::schema::Schema;
use crate::prompt::variables::{CaseCheck, InputSchema};

/// How many cases are reported; more would only repeat.
const MAX_CASES: usize = 5;

/// How many findings one case gives at most.
const MAX_OF_CASE: usize = 20;

pub(super) fn check(
    subject: &Subject<'_>,
    outline: &Outline,
    meant: &BTreeSet<&str>,
    input: Option<&InputSchema<'_>>,
    findings: &mut Vec<Finding>,
) {
    check_declarations(subject, outline, meant, findings);
    check_placeholders(subject, findings);
    check_cases(subject, outline.variables(), input, findings);
}

/// `meant` are variables that placeholders of another dialect name: those are reported instead.
fn check_declarations(
    subject: &Subject<'_>,
    outline: &Outline,
    meant: &BTreeSet<&str>,
    findings: &mut Vec<Finding>,
) {
    let mut unused = outline.unused();
    for used in outline.undeclared() {
        let mut message = format!("`{}` is not declared in `input.schema`", used.name);
        let help = match nearest(&used.name, unused.iter().copied()) {
            Some(meant) => {
                message.push_str(&format!("; `{meant}` is"));
                format!("write `{meant}`, or declare `{}`", used.name)
            }
            None => format!(
                "add it below `input.schema.properties`: `{}: {}`",
                used.name,
                if used.is_placeholder {
                    placeholder::DECLARATION
                } else {
                    "{type: string}"
                }
            ),
        };
        let mut finding = Finding::new(code::UNDECLARED_VARIABLE, message)
            .at(used.position)
            .help(help);
        finding.path.clone_from(&used.path);
        findings.push(finding);
    }
    unused.retain(|name| !meant.contains(name));
    let lines: Vec<&str> = subject.text.split('\n').collect();
    // More findings than this of one file are not shown, and each place takes a look at its line.
    for name in unused.into_iter().take(MAX_OF_FILE + 1) {
        findings.push(
            Finding::new(code::UNUSED_VARIABLE, format!("no message uses `{name}`"))
                .at(declaration(subject, &lines, name))
                .help(format!(
                    "write `{{{{{name}}}}}` where it belongs, or remove it from `input.schema`"
                )),
        );
    }
}

/// What no list of messages fits, and cases whose messages are none.
fn check_placeholders(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    let lines: Vec<&str> = subject.text.split('\n').collect();
    for variable in subject.document.placeholders() {
        let name = variable.value.as_str();
        if !seen.insert(name) {
            continue;
        }
        let schema = subject.document.input_schema.as_ref();
        if let Some(message) = schema.and_then(|schema| placeholder::misdeclared(schema, name)) {
            let help = format!("declare it as `{name}: {}`", placeholder::DECLARATION);
            let at = declaration(subject, &lines, name).unwrap_or(variable.origin.start);
            findings.push(
                Finding::error(code::BAD_PLACEHOLDER, message)
                    .at(at)
                    .help(help),
            );
        }
        let cases = subject.document.test_data.iter().enumerate();
        // What is no list at all is reported with the other values, where the schema says `array`.
        let says_list = schema
            .and_then(|schema| Schema::new(schema).property(name)?.kind())
            .is_some();
        let wrong = cases.filter_map(|(index, case)| {
            let value = case
                .get(name)
                .filter(|value| value.is_array() || !says_list)?;
            let wrong = placeholder::messages(name, value).err()?;
            let message = format!("case {}: {}", index + 1, wrong.message);
            let at = span_in_case(subject, &format!("testData[{index}]"));
            Some(
                misfit(subject, [case], message)
                    .at(at)
                    .help("change the case"),
            )
        });
        findings.extend(wrong.take(MAX_CASES));
    }
}

/// Where a variable is declared: its key, also where the value stands behind it.
fn declaration(subject: &Subject<'_>, lines: &[&str], name: &str) -> Option<Span> {
    let path = format!("input.schema.properties.{name}");
    let mut at = subject.document.span_of(&path)?;
    if subject.document.written.places().contains_key(&path) {
        let line = lines.get(at.line - 1)?;
        let before: String = line.chars().take(at.column - 1).collect();
        if let Some(key) = before.rfind(name) {
            at.column = before[..key].chars().count() + 1;
            at.length = name.chars().count();
        }
    }
    Some(at)
}

fn check_cases(
    subject: &Subject<'_>,
    variables: &[Variable],
    input: Option<&InputSchema<'_>>,
    findings: &mut Vec<Finding>,
) {
    let cases = &subject.document.test_data;
    let needed: Vec<&str> = variables
        .iter()
        .filter(|variable| variable.required)
        .map(|variable| variable.name.as_str())
        .collect();
    // What every case lacks is reported once.
    let given: HashSet<&str> = cases
        .iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| name.as_str())
        .collect();
    let never: BTreeSet<&str> = needed
        .iter()
        .copied()
        .filter(|name| !given.contains(name))
        .collect();
    let input = input.map(|input| CaseCheck::new(input, variables));
    if !cases.is_empty()
        && let Some(first) = never.first()
    {
        let names = never.iter().copied().collect::<Vec<_>>().join("`, `");
        let message = format!("no case of `testData` gives `{names}`");
        let all = misfit(subject, cases, message);
        findings.push(all.at(span_in_case(subject, "testData")).help(hint(
            first,
            cases.first(),
            variables,
        )));
    }
    let mut told = 0;
    for (index, case) in cases.iter().enumerate() {
        let at = span_in_case(subject, &format!("testData[{index}]"));
        let missing = needed
            .iter()
            .filter(|name| !never.contains(*name) && lacks(case, name));
        let mut found: Vec<Finding> = missing
            .map(|name| {
                let message = format!("case {} lacks `{name}`", index + 1);
                misfit(subject, [case], message).help(hint(name, Some(case), variables))
            })
            .collect();
        let misfits = input
            .as_ref()
            .map(|input| input.misfits(case))
            .unwrap_or_default();
        found.extend(misfits.into_iter().map(|misfit| {
            let message = format!("case {}: {}", index + 1, misfit.message);
            self::misfit(subject, [case], message)
                .help("change the case, or what `input.schema` allows")
        }));
        told += usize::from(!found.is_empty());
        if told > MAX_CASES {
            return;
        }
        found.truncate(MAX_OF_CASE);
        findings.extend(found.into_iter().map(|finding| finding.at(at)));
    }
}

/// That cases do not fit the variables: an error where `eval` would refuse one of them.
fn misfit<'c>(
    subject: &Subject<'_>,
    cases: impl IntoIterator<Item = &'c Object>,
    message: String,
) -> Finding {
    let mut cases = cases.into_iter();
    match cases.any(|case| subject.document.asks_case(case)) {
        true => Finding::error(code::CASE_VARIABLES, message),
        false => Finding::warning(code::CASE_VARIABLES, message),
    }
}

fn span_in_case(subject: &Subject<'_>, path: &str) -> Option<Span> {
    let document = subject.document;
    document
        .span_of(path)
        .or_else(|| document.span_of(&path.replacen("testData", "test_data", 1)))
}

fn lacks(case: &Object, name: &str) -> bool {
    case.get(name).is_none_or(serde_json::Value::is_null)
}

/// What to do about a variable that a case lacks.
fn hint(name: &str, case: Option<&Object>, variables: &[Variable]) -> String {
    let others = case
        .into_iter()
        .flat_map(Object::keys)
        .map(String::as_str)
        .filter(|field| !variables.iter().any(|variable| variable.name == *field));
    match nearest(name, others) {
        Some(near) => format!("the case has `{near}`: is `{name}` meant?"),
        None => {
            format!("add `{name}:` to the case, or give the variable a `default` in `input.schema`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, found_with};

    const SCHEMA: &str = "version: 1\ninput:\n  schema:\n    properties:\n      name: {type: string}\n      count: {type: integer, default: 1}\n";

    #[test]
    fn templates_and_the_schema_must_agree() {
        let text = format!(
            "{SCHEMA}messages:\n  - role: user\n    content: Hi {{{{nmae}}}}, {{{{name.x}}}} {{{{> tone}}}}\n"
        );
        insta::assert_snapshot!(
            found_with(&text, &[("tone", "Be {{mood}}.")], None),
            @r"
        error P104 _tone.hbs:1:4 `mood` is not declared in `input.schema`
        warning P105 6:7 no message uses `count`
        error P104 9:17 `nmae` is not declared in `input.schema`
        "
        );
    }

    #[test]
    fn a_prompt_without_a_schema_declares_nothing_and_agreement_is_silent() {
        assert_eq!(
            found("version: 1\nmessages: [{role: user, content: \"{{a}}\"}]\n"),
            ""
        );
        let text = format!(
            "{SCHEMA}messages: [{{role: user, content: \"{{{{name}}}} {{{{count}}}}\"}}]\n"
        );
        assert_eq!(found(&text), "");
    }

    #[test]
    fn cases_give_what_the_template_needs() {
        let text = format!(
            "{SCHEMA}messages: [{{role: user, content: \"{{{{name}}}} {{{{count}}}} {{{{name}}}}\"}}]\ntestData:\n  - {{name: a, expected: b}}\n  - {{nmae: a}}\n  - {{name: 7, count: x}}\n"
        );
        insta::assert_snapshot!(
            found(&text),
            @r#"
        warning P114 10:5 case 2 lacks `name`
        warning P114 11:5 case 3: `name` must be a string, and 7 was given
        warning P114 11:5 case 3: `count` must be an integer, and "x" was given
        "#
        );
    }

    #[test]
    fn what_all_cases_lack_is_told_once() {
        let text = "version: 1\nmessages: [{role: user, content: \"{{input}} {{topic}}\"}]\ntestData:\n  - {input: a, note: b}\n  - {input: b}\n";
        insta::assert_snapshot!(found(text), @"warning P114 3:1 no case of `testData` gives `topic`");
    }

    #[test]
    fn a_placeholder_wants_a_declaration_that_messages_fit() {
        let with = |schema: &str, cases: &str| {
            found(&format!(
                "version: 1\n{schema}messages:\n  - {{role: user, content: Hi}}\n  - placeholder: history\n{cases}"
            ))
        };
        let declared =
            |kind: &str| format!("input:\n  schema:\n    properties:\n      history: {kind}\n");
        let list = declared("{type: array}");
        assert_eq!(with(&list, "testData: [{history: []}, {}]\n"), "");
        let all = [
            with("", ""),
            with(
                "input: {schema: {properties: {histroy: {type: array}}}}\n",
                "",
            ),
            with(&declared("{type: string}"), ""),
            with(&declared("{type: array, items: {type: string}}"), ""),
            with(
                &list,
                "testData: [{history: Hi}, {history: [{role: bot, content: Hi}]}]\n",
            ),
        ];
        insta::assert_snapshot!(all.join("\n---\n"), @r#"
    error P104 4:18 `history` is not declared in `input.schema`
    ---
    warning P105 2:31 no message uses `histroy`
    error P104 5:18 `history` is not declared in `input.schema`; `histroy` is
    ---
    error P342 5:7 `history` is declared as string, and a placeholder wants a list of messages
    ---
    error P342 5:7 the items of `history` are declared as string, and a message is {role, content}
    ---
    warning P114 9:12 case 1: `history` must be an array, and "Hi" was given
    warning P114 9:27 case 2: `history[0].role` is "bot", which is no role
    "#);
    }
}
