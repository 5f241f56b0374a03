//! What is known only once all files were read: the code files are looked at again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;
use regex::bytes::RegexBuilder;

use super::walk::{ScanResults, WHOLE};
use crate::scan::{self, EnvRead};

/// Leaves to the code what files import and any file of the scan gives another value: a constant of
/// a module is no constant then.
pub(super) fn changed_imports(found: &mut ScanResults) {
    let unread = found.unread.iter();
    let open = unread.filter_map(|(_, call)| call.instead.as_deref());
    let prompts = found.prompts.iter().map(|(_, prompt)| prompt).chain(open);
    let imports: BTreeSet<(String, String)> = prompts
        .flat_map(|prompt| &prompt.imports)
        .map(|it| (it.item.clone(), it.module.clone()))
        .collect();
    if imports.is_empty() {
        return;
    }
    let items: BTreeSet<String> = imports
        .iter()
        .map(|(item, _)| regex::escape(item))
        .collect();
    let items = items.into_iter().collect::<Vec<_>>().join("|");
    let last = |module: &str| {
        let word = module.rsplit(['.', '/']).find(|it| !it.is_empty());
        regex::escape(word.unwrap_or(module))
    };
    let modules: BTreeSet<String> = imports.iter().map(|(_, module)| last(module)).collect();
    let modules = modules.into_iter().collect::<Vec<_>>().join("|");
    let pattern = format!(
        r#"(?:(?P<object>\w+)\s*\.\s*|\[\s*["'])(?P<set>{items})(?:["']\s*\])?\s*(?:[-+*/|&%^@?]{{1,2}}|<<|>>)?=(?:[^=]|$)|(?:setattr\w*|__setattr__|\bassign|defineProperty|Reflect\.set|patch(?:\.\w+)?|vars|update)\s*\((?:[^()]|\([^()]*\))*?\b(?P<by>{items}|{modules})\b|\b(?P<own>{modules})\.__dict__"#
    );
    let Ok(sieve) = RegexBuilder::new(&pattern)
        .size_limit(100 << 20)
        .unicode(false)
        .build()
    else {
        return;
    };
    // Most files name none of them.
    let Ok(named) = RegexBuilder::new(&format!("{items}|{modules}"))
        .size_limit(100 << 20)
        .unicode(false)
        .build()
    else {
        return;
    };
    let is_own = |word: &[u8]| matches!(word, b"self" | b"this" | b"cls");
    let changed: Vec<(String, BTreeSet<String>)> = found
        .code
        .par_iter()
        .filter_map(|(path, shown)| {
            let length = std::fs::metadata(path).ok()?.len();
            let bytes = (length <= WHOLE).then(|| std::fs::read(path).ok())??;
            if !named.is_match(&bytes) {
                return None;
            }
            let mut all = BTreeSet::new();
            for hit in sieve.captures_iter(&bytes) {
                let object = hit.name("object");
                if object.is_some_and(|object| is_own(object.as_bytes())) {
                    continue;
                }
                let words = ["set", "by", "own"].iter();
                let word = words.filter_map(|name| hit.name(name)).next();
                all.extend(word.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned()));
            }
            (!all.is_empty()).then(|| (shown.clone(), all))
        })
        .collect();
    let by = |item: &str, module: &str| {
        let module = module.rsplit(['.', '/']).next().unwrap_or(module);
        let is_it = |all: &BTreeSet<String>| all.contains(item) || all.contains(module);
        let file = changed.iter().find(|(_, all)| is_it(all));
        file.map(|(file, _)| file.clone())
    };
    let unread = found.unread.iter_mut();
    let open = unread.filter_map(|(_, call)| call.instead.as_deref_mut());
    let prompts = found.prompts.iter_mut().map(|(_, prompt)| prompt);
    for prompt in prompts.chain(open) {
        let mut lost = Vec::new();
        prompt.imports.retain(|it| {
            let Some(file) = by(&it.item, &it.module) else {
                return true;
            };
            lost.push(format!(
                "line {}: `{}` of `{}` may be given another value in {file}: it stays a value",
                it.line, it.item, it.module
            ));
            false
        });
        prompt.lost.append(&mut lost);
    }
}

/// Where code reads variables of the environment.
pub(super) fn reads(
    code: &[(PathBuf, String)],
    variables: &BTreeSet<String>,
    values: &BTreeSet<String>,
) -> Vec<(String, EnvRead)> {
    let names: Vec<String> = variables.iter().map(|name| regex::escape(name)).collect();
    // Names are found by one pass over each file, however many there are.
    let Ok(sieve) = RegexBuilder::new(&names.join("|"))
        .size_limit(100 << 20)
        .unicode(false)
        .build()
    else {
        return Vec::new();
    };
    code.par_iter()
        .filter_map(|(path, shown)| {
            let length = std::fs::metadata(path).ok()?.len();
            let bytes = (length <= WHOLE).then(|| std::fs::read(path).ok())??;
            sieve.is_match(&bytes).then(|| {
                let text = String::from_utf8_lossy(&bytes);
                let reads = scan::reads(shown, &text, variables, values);
                reads
                    .into_iter()
                    .map(|read| (shown.clone(), read))
                    .collect::<Vec<_>>()
            })
        })
        .flatten()
        .collect()
}
