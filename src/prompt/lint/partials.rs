//! Rules over all partials together.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::prompt::code;
use crate::prompt::finding::Span;
use crate::prompt::name::nearest;
use crate::prompt::template::inclusions;

/// A partial's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialFile {
    /// Its name, as in `{{> name}}`.
    pub name: String,
    /// The file, relative to the top of the repository.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Checks all partials of a repository. `used` are the names that prompts include, through
/// partials too; `all_read` says whether every prompt could be read, without which nobody can tell
/// what is not used.
pub fn check_partials(
    partials: &[PartialFile],
    used: &BTreeSet<&str>,
    all_read: bool,
) -> Vec<Finding> {
    let mut findings = clashes(partials);
    let unused: Vec<&PartialFile> = partials
        .iter()
        .filter(|partial| !used.contains(partial.name.as_str()))
        .collect();
    findings.extend(circles(&unused));
    for partial in &unused {
        findings.extend(missing(partial, partials));
        if all_read {
            findings.push(
                Finding::new(
                    code::UNUSED_PARTIAL,
                    format!("no prompt includes `{}`", partial.name),
                )
                .in_file(&partial.path)
                .help(format!(
                    "include it with `{{{{> {}}}}}`, or remove the file",
                    partial.name
                )),
            );
        }
    }
    findings
}

/// Partials whose names differ only in case.
fn clashes(partials: &[PartialFile]) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &PartialFile> = BTreeMap::new();
    let mut findings = Vec::new();
    for partial in partials {
        let Some(first) = seen.insert(partial.path.to_lowercase(), partial) else {
            continue;
        };
        let message = format!("{} and {} differ only in case", first.path, partial.path);
        findings.push(
            Finding::error(code::NAME_CLASH, message)
                .in_file(&partial.path)
                .help("rename one of them"),
        );
    }
    findings
}

/// Circles among partials that no prompt includes; those of prompts are found with the prompts.
fn circles(unused: &[&PartialFile]) -> Vec<Finding> {
    let by_name: BTreeMap<&str, &PartialFile> = unused
        .iter()
        .map(|partial| (partial.name.as_str(), *partial))
        .collect();
    let mut done = BTreeSet::new();
    let mut findings = Vec::new();
    for start in by_name.keys() {
        // Every partial is followed along its first inclusions; a name that comes again closes a circle.
        let mut chain: Vec<&str> = Vec::new();
        let mut pending = vec![(*start, 0)];
        while let Some((name, depth)) = pending.pop() {
            chain.truncate(depth);
            if let Some(first) = chain.iter().position(|seen| *seen == name) {
                let names = chain[first..].iter().copied().chain([name]);
                let message = format!(
                    "partials include each other: {}",
                    names.collect::<Vec<_>>().join(" → ")
                );
                if let Some(file) = by_name.get(chain[first]) {
                    findings.push(
                        Finding::error(code::PARTIAL_CYCLE, message)
                            .in_file(&file.path)
                            .help("remove one of the inclusions"),
                    );
                }
                continue;
            }
            let Some((key, file)) = by_name
                .get_key_value(name)
                .filter(|(key, _)| done.insert(**key))
            else {
                continue;
            };
            chain.push(key);
            for inclusion in inclusions(&file.text) {
                if let Some((inner, _)) = by_name.get_key_value(inclusion.name.as_str()) {
                    pending.push((inner, depth + 1));
                }
            }
        }
    }
    findings
}

/// Partials that a partial includes and that do not exist.
fn missing(partial: &PartialFile, all: &[PartialFile]) -> Vec<Finding> {
    let names = || all.iter().map(|partial| partial.name.as_str());
    inclusions(&partial.text)
        .into_iter()
        .filter(|inclusion| !names().any(|name| name == inclusion.name))
        .map(|inclusion| {
            let help = nearest(&inclusion.name, names()).map_or_else(
                || "make the file, or remove the inclusion".to_owned(),
                |near| format!("`{near}` exists"),
            );
            Finding::error(
                code::MISSING_PARTIAL,
                format!("there is no partial `{}`", inclusion.name),
            )
            .in_file(&partial.path)
            .at(inclusion_span(&partial.text, &inclusion.name))
            .help(help)
        })
        .collect()
}

fn inclusion_span(text: &str, name: &str) -> Option<Span> {
    let mut tags = text.match_indices("{{").map(|(at, _)| {
        let end = text[at..].find("}}").map_or(text.len(), |end| at + end + 2);
        at..end
    });
    let tag = tags.find(|tag| text[tag.clone()].contains(name))?;
    Some(Span::from_range(text, tag))
}

#[cfg(test)]
mod tests {
    use super::super::testing::show;
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<PartialFile> {
        list.iter()
            .map(|(name, text)| PartialFile {
                name: (*name).to_owned(),
                path: format!("prompts/_{name}.hbs"),
                text: (*text).to_owned(),
            })
            .collect()
    }

    #[test]
    fn what_nobody_includes_is_checked_by_itself() {
        let partials = files(&[
            ("a", "{{> b}}"),
            ("b", "{{> a}}"),
            ("c", "x\n  {{> tonne}}"),
            ("tone", "Be kind."),
            ("Tone", "Be terse."),
        ]);
        insta::assert_snapshot!(
            show(check_partials(&partials, &BTreeSet::from(["tone"]), true)),
            @r"
        error P012 prompts/_Tone.hbs prompts/_tone.hbs and prompts/_Tone.hbs differ only in case
        error P107 prompts/_a.hbs partials include each other: a → b → a
        warning P115 prompts/_a.hbs no prompt includes `a`
        warning P115 prompts/_b.hbs no prompt includes `b`
        warning P115 prompts/_c.hbs no prompt includes `c`
        warning P115 prompts/_Tone.hbs no prompt includes `Tone`
        error P106 prompts/_c.hbs:2:3 there is no partial `tonne`
        "
        );
    }

    #[test]
    fn partials_in_use_are_silent_and_so_are_all_where_a_prompt_could_not_be_read() {
        let partials = files(&[("a", "x"), ("b", "{{> a}}")]);
        assert_eq!(
            check_partials(&partials, &BTreeSet::from(["a", "b"]), true),
            []
        );
        assert_eq!(check_partials(&partials, &BTreeSet::new(), false), []);
    }
}
