//! What other files give another value: a constant of a module is no constant then.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use regex::bytes::{Captures, Regex, RegexBuilder};

use super::keys::Keys;
use super::walk::{ScanResults, WHOLE, WantedPrompts};
use crate::scan::found::{self, Doubt, FoundPrompt, Settable, is_own_object};

/// Leaves to the code what files import and another one sets, and doubts the prompts that are made
/// of what another file sets. Tests set what the program does not.
pub(super) fn look(
    found: &mut ScanResults,
    wanted: &WantedPrompts,
    paths: &[PathBuf],
    keys: &Keys,
) {
    let all: Vec<(&String, &FoundPrompt)> = prompts(found).collect();
    let Some(sought) = Sought::of(&all, keys) else {
        return;
    };
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    if !keys.are_all(paths) {
        files.extend(code_below(keys.root()).into_iter().map(|path| {
            let shown = path.strip_prefix(keys.root()).unwrap_or(&path);
            (shown.to_string_lossy().replace('\\', "/"), path)
        }));
    }
    let scanned = found.code.iter();
    files.extend(scanned.map(|(path, shown)| (keys.of(shown), path.clone())));
    files.retain(|key, _| wanted.tests || !found::is_test(key));
    let files: Vec<(String, PathBuf)> = files.into_iter().collect();
    let changes: Vec<(String, Changes)> = files
        .into_par_iter()
        .filter_map(|(key, path)| {
            let changes = sought.changes(&path)?;
            Some((key, changes))
        })
        .collect();
    if changes.is_empty() {
        return;
    }
    let own: BTreeMap<String, String> = all
        .iter()
        .map(|(path, _)| ((*path).clone(), keys.of(path)))
        .collect();
    drop(all);
    for (path, prompt) in prompts_of(found) {
        stay_values(prompt, &changes);
        doubt(prompt, &own[path], &changes);
    }
}

/// The files of code below a folder, as far as the ignore rules leave them.
fn code_below(folder: &Path) -> Vec<PathBuf> {
    let mut walk = ignore::WalkBuilder::new(folder);
    walk.hidden(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git");
    let files = walk.build().filter_map(Result::ok).filter(|entry| {
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        is_file && found::is_code(&entry.path().to_string_lossy(), &[])
    });
    files.map(ignore::DirEntry::into_path).collect()
}

/// All prompts, those among them that calls may still be once other files are read.
fn prompts(found: &ScanResults) -> impl Iterator<Item = (&String, &FoundPrompt)> {
    let open = found.unread.iter().filter_map(|(path, call)| {
        let prompt = call.instead.as_deref()?;
        Some((path, prompt))
    });
    let all = found.prompts.iter().map(|(path, prompt)| (path, prompt));
    all.chain(open)
}

fn prompts_of(found: &mut ScanResults) -> impl Iterator<Item = (&String, &mut FoundPrompt)> {
    let open = found.unread.iter_mut().filter_map(|(path, call)| {
        let prompt = call.instead.as_deref_mut()?;
        Some((&*path, prompt))
    });
    let all = found.prompts.iter_mut();
    all.map(|(path, prompt)| (&*path, prompt)).chain(open)
}

/// What is imported and set elsewhere is no text that is known.
fn stay_values(prompt: &mut FoundPrompt, changes: &[(String, Changes)]) {
    let mut lost = Vec::new();
    prompt.imports.retain(|it| {
        let is_set =
            |changes: &Changes| changes.sets(&it.item) || changes.wholes.contains(last(&it.module));
        let Some((file, _)) = changes.iter().find(|(_, changes)| is_set(changes)) else {
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

/// What its own file says, and another one sets, may be something else when the prompt is sent.
fn doubt(prompt: &mut FoundPrompt, own: &str, changes: &[(String, Changes)]) {
    for settable in std::mem::take(&mut prompt.settable) {
        let is_set = |(file, changes): &&(String, Changes)| match file == own {
            true => settable.owner.is_none() && changes.is_of_itself,
            false => {
                found::may_set_each_other(own, file) && changes.may_set(&settable, module_of(own))
            }
        };
        let Some((file, _)) = changes.iter().find(is_set) else {
            continue;
        };
        let doubt = Doubt {
            line: settable.line,
            why: format!("`{}` may be given another value in {file}", settable.name),
        };
        if !prompt.doubts.contains(&doubt) {
            prompt.doubts.push(doubt);
        }
    }
}

/// What a module is called, by its last word.
fn last(module: &str) -> &str {
    let word = module.rsplit(['.', '/']).find(|it| !it.is_empty());
    word.unwrap_or(module)
}

/// What others call the module that a file is.
fn module_of(key: &str) -> &str {
    let mut parts = key.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    match stem {
        "__init__" | "index" => parts.next().unwrap_or(stem),
        stem => stem,
    }
}

/// What may be set, as patterns that find where.
struct Sought {
    /// What most files do not name.
    named: Regex,
    set: Regex,
    /// What gives a module another name.
    renamed: Regex,
    /// What is given all at once, by any of its names.
    whole: Regex,
    /// Modules, and maps and classes.
    wholes: BTreeSet<String>,
    itself: Regex,
}

/// What stands for the object where a key is set, and where a function is told what to set.
const KEY: &str = "[";
const BY_NAME: &str = "";

/// What a file sets.
struct Changes {
    /// What is set, each with the word before it.
    set: HashSet<(String, String)>,
    /// What may be set as a whole: modules, and maps and classes.
    wholes: HashSet<String>,
    /// The names that the file has for modules.
    modules: HashSet<(String, String)>,
    /// The modules, maps and classes that it names.
    named: HashSet<String>,
    /// Whether it sets names of its own as those of a module.
    is_of_itself: bool,
}

impl Changes {
    fn sets(&self, name: &str) -> bool {
        self.set.iter().any(|(_, set)| set == name)
    }

    /// Whether this gives another value to something of a module that another file is.
    fn may_set(&self, it: &Settable, module: &str) -> bool {
        if let Some(owner) = &it.owner {
            let is_known = [owner, module]
                .iter()
                .any(|word| self.named.contains(*word));
            return self.wholes.contains(owner) || (is_known && self.sets(&it.name));
        }
        let is_constant = !it.name.contains(char::is_lowercase);
        let is_module = |object: &str| match object {
            // A key of some map is no name of a file.
            KEY => false,
            _ if is_constant => true,
            BY_NAME | ")" | "]" => self.named.contains(module),
            object => {
                let renamed = (object.to_owned(), module.to_owned());
                object == module || self.modules.contains(&renamed)
            }
        };
        let mut set = self.set.iter();
        self.wholes.contains(module)
            || set.any(|(object, set)| *set == it.name && is_module(object))
    }
}

/// One of these words; of none, what never is.
fn one_of<'w>(words: impl IntoIterator<Item = &'w String>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| regex::escape(word)).collect();
    match words.is_empty() {
        true => r"[^\s\S]".to_owned(),
        false => words.join("|"),
    }
}

impl Sought {
    /// None where nothing can be set.
    fn of(prompts: &[(&String, &FoundPrompt)], keys: &Keys) -> Option<Self> {
        let mut items: BTreeSet<String> = BTreeSet::new();
        let mut modules: BTreeSet<String> = BTreeSet::new();
        let mut owners: BTreeSet<String> = BTreeSet::new();
        for (path, prompt) in prompts {
            for it in &prompt.imports {
                items.insert(it.item.clone());
                modules.insert(last(&it.module).to_owned());
            }
            for it in &prompt.settable {
                items.insert(it.name.clone());
                match &it.owner {
                    Some(owner) => owners.insert(owner.clone()),
                    None => modules.insert(module_of(&keys.of(path)).to_owned()),
                };
            }
        }
        if items.is_empty() {
            return None;
        }
        let wholes: BTreeSet<String> = modules.union(&owners).cloned().collect();
        let (items, modules, owners, both) = (
            one_of(&items),
            one_of(&modules),
            one_of(&owners),
            one_of(&wholes),
        );
        let regex = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            builder.size_limit(100 << 20).unicode(false).build().ok()
        };
        Some(Self {
            named: regex(&format!(r"{items}|{both}|\bsys\.modules\b"))?,
            set: regex(&format!(
                r#"(?:(?P<object>\w+|[)\]])[ \t]*\.[ \t]*|\[\s*["'])(?P<set>{items})(?:["']\s*\])?\s*(?:[-+*/|&%^@?]{{1,2}}|<<|>>)?=(?:[^=]|$)|(?:setattr\w*|__setattr__|\bassign|defineProperty|Reflect\.set|patch(?:\.\w+)?|vars|update)\s*\((?:[^()]|\([^()]*\))*?\b(?P<by>{items})\b"#
            ))?,
            renamed: regex(&format!(
                r#"\b(?P<module>{modules})\s+as\s+(?P<name>\w+)|\b(?P<other>\w+)\s*=\s*(?:[\w.]*\.)?(?:(?:import_module\s*\(|modules\s*\[)\s*["'][\w.]*\b)?(?P<of>{modules})\b(?:["']\s*[)\]])?[ \t]*(?:[;#\r\n]|$)"#
            ))?,
            whole: regex(&format!(
                r"(?:setattr|__setattr__|\bassign|defineProperty|defineProperties|Reflect\.set|vars|reload)\s*\(\s*(?:\w+\s*\.\s*)*(?P<given>\w+)\s*[,)]|\b(?P<own>\w+)\s*\.\s*__dict__|\b(?P<put>{owners})\s*\.\s*(?:update|setdefault|pop|popitem|clear|prototype)\b"
            ))?,
            wholes,
            itself: regex(r"\bsys\s*\.\s*modules\s*\[\s*__name__\s*\]")?,
        })
    }

    /// What a file sets, if it sets anything.
    fn changes(&self, path: &Path) -> Option<Changes> {
        let length = std::fs::metadata(path).ok()?.len();
        let bytes = (length <= WHOLE).then(|| std::fs::read(path).ok())??;
        if !self.named.is_match(&bytes) {
            return None;
        }
        let word = |hit: &Captures<'_>, name: &str| {
            let word = hit.name(name)?;
            Some(String::from_utf8_lossy(word.as_bytes()).into_owned())
        };
        let mut set = HashSet::new();
        for hit in self.set.captures_iter(&bytes) {
            let (given, by) = (word(&hit, "set"), word(&hit, "by"));
            let object = word(&hit, "object").unwrap_or_else(|| match by {
                Some(_) => BY_NAME.to_owned(),
                None => KEY.to_owned(),
            });
            if !is_own_object(&object) {
                set.extend(given.or(by).map(|item| (object, item)));
            }
        }
        let mut modules = HashSet::new();
        for hit in self.renamed.captures_iter(&bytes) {
            let names = word(&hit, "name").or_else(|| word(&hit, "other"));
            let module = word(&hit, "module").or_else(|| word(&hit, "of"));
            modules.extend(names.zip(module));
        }
        let mut wholes = HashSet::new();
        for hit in self.whole.captures_iter(&bytes) {
            let all = ["given", "own", "put"];
            let Some(given) = all.iter().find_map(|name| word(&hit, name)) else {
                continue;
            };
            let renamed = modules.iter().filter(|(name, _)| *name == given);
            wholes.extend(renamed.map(|(_, module)| module.clone()));
            if self.wholes.contains(&given) {
                wholes.insert(given);
            }
        }
        let is_of_itself = self.itself.is_match(&bytes);
        if set.is_empty() && wholes.is_empty() && !is_of_itself {
            return None;
        }
        let is_named = |word: &&String| memchr::memmem::find(&bytes, word.as_bytes()).is_some();
        Some(Changes {
            named: self.wholes.iter().filter(is_named).cloned().collect(),
            set,
            wholes,
            modules,
            is_of_itself,
        })
    }
}
