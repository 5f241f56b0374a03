//! What other files give another value: a constant of a module is no constant then.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use regex::bytes::{Captures, Regex, RegexBuilder};

use super::keys::{Keys, module_of};
use super::subclasses::{self, Classes};
use super::targets::{KEY, LONGEST_LINE, object_of};
use super::walk::{ScanResults, WHOLE, WantedPrompts};
use crate::scan::found::{self, Doubt, FoundPrompt, Language, Settable, is_own_object};

/// How large a pattern of all names may be.
const LARGEST_PATTERN: usize = 100 << 20;

/// Leaves to the code what files import and another one sets, and doubts the prompts that are made
/// of what another file sets. Tests set what the program does not.
pub(super) fn look(
    found: &mut ScanResults,
    wanted: &WantedPrompts,
    paths: &[PathBuf],
    keys: &Keys,
) {
    let all: Vec<(&String, &FoundPrompt)> = prompts(found).collect();
    let (sought, classes) = match sought(&all, keys, LARGEST_PATTERN) {
        Ok(Some(all)) => all,
        Ok(None) => return,
        Err(_) => {
            drop(all);
            return doubt_all(found);
        }
    };
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    if keys.may_hold_more(paths) {
        files.extend(code_below(keys.root()).into_iter().map(|path| {
            let shown = path.strip_prefix(keys.root()).unwrap_or(&path);
            (shown.to_string_lossy().replace('\\', "/"), path)
        }));
    }
    let scanned = found.code.iter();
    files.extend(scanned.map(|(path, shown)| (keys.of(shown), path.clone())));
    files.retain(|key, _| wanted.tests || !found::is_test(key));
    let files: Vec<(String, PathBuf)> = files.into_iter().collect();
    let read = |(file, (key, path)): (usize, &(String, PathBuf))| {
        let length = std::fs::metadata(path).ok()?.len();
        let bytes = (length <= WHOLE).then(|| std::fs::read(path).ok())??;
        let bytes = found::code_of(key, bytes);
        let classes = classes.as_ref().map(|it| it.classes((file, key), &bytes));
        let changes = sought.changes(path, &bytes);
        Some((changes.map(|it| (key.clone(), it)), classes))
    };
    let found_in: Vec<_> = files.par_iter().enumerate().filter_map(read).collect();
    let (changes, classes): (Vec<_>, Vec<_>) = found_in.into_iter().unzip();
    let changes: Vec<(String, Changes)> = changes.into_iter().flatten().collect();
    let files = files.into_iter().map(|(key, _)| key).collect();
    let classes = Classes::of(files, classes.into_iter().flatten().flatten().collect());
    let own: BTreeMap<String, String> = all
        .iter()
        .map(|(path, _)| ((*path).clone(), keys.of(path)))
        .collect();
    drop(all);
    for (path, prompt) in prompts_of(found) {
        stay_values(prompt, path, &changes);
        doubt(prompt, &own[path], &changes, &classes);
    }
}

/// What may be set, and the classes that may give it; none where nothing can be.
fn sought(
    all: &[(&String, &FoundPrompt)],
    keys: &Keys,
    limit: usize,
) -> Result<Option<(Sought, Option<subclasses::Search>)>, regex::Error> {
    let Some(sought) = Sought::of(all, keys, limit)? else {
        return Ok(None);
    };
    let owned = all.iter().flat_map(|(_, prompt)| &prompt.settable);
    let owned = owned.filter(|it| it.owner.is_some()).map(|it| &it.name);
    let classes = subclasses::Search::of(&sought.owners, owned)?;
    Ok(Some((sought, classes)))
}

/// Where there are more names than can be looked for, nobody knows what sets them.
fn doubt_all(found: &mut ScanResults) {
    const WHY: &str = "may be given another value: there are more names than are looked for";
    for (_, prompt) in prompts_of(found) {
        for it in std::mem::take(&mut prompt.imports) {
            let (line, item) = (it.line, it.item);
            prompt.lost.push(format!("line {line}: `{item}` {WHY}"));
        }
        for it in std::mem::take(&mut prompt.settable) {
            prompt.doubts.push(Doubt {
                line: it.line,
                why: format!("`{}` {WHY}", it.name),
            });
        }
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
fn stay_values(prompt: &mut FoundPrompt, own: &str, changes: &[(String, Changes)]) {
    let mut lost = Vec::new();
    prompt.imports.retain(|it| {
        let is_set = |(file, changes): &&(String, Changes)| {
            found::may_set_each_other(own, file)
                && (changes.sets(&it.item) || changes.wholes.contains(last(&it.module)))
        };
        let Some((file, _)) = changes.iter().find(is_set) else {
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
fn doubt(prompt: &mut FoundPrompt, own: &str, changes: &[(String, Changes)], classes: &Classes) {
    for settable in std::mem::take(&mut prompt.settable) {
        // The file that has it, as others call that.
        let module = settable.module.as_deref().map_or(module_of(own), last);
        let is_home = |file: &str| match &settable.module {
            Some(_) => module_of(file) == module,
            None => file == own,
        };
        let children = OnceCell::new();
        let made = || match settable.owner.as_deref() {
            Some(owner) => classes.made_from((owner, module), own),
            None => BTreeSet::new(),
        };
        let is_set = |(file, changes): &&(String, Changes)| match is_home(file) {
            true => settable.owner.is_none() && changes.is_of_itself,
            false => {
                found::may_set_each_other(own, file)
                    && (changes.may_set(&settable, module)
                        || changes.sets_of(&settable.name, || children.get_or_init(made)))
            }
        };
        let set = changes
            .iter()
            .find(is_set)
            .map(|(file, _)| format!("in {file}"));
        let below = || {
            let owner = (settable.owner.as_deref()?, module);
            let file = classes.other(owner, &settable.name, own)?;
            Some(format!("by a class in {file}"))
        };
        let Some(place) = set.or_else(below) else {
            continue;
        };
        let doubt = Doubt {
            line: settable.line,
            why: format!("`{}` may be given another value {place}", settable.name),
        };
        if !prompt.doubts.contains(&doubt) {
            prompt.doubts.push(doubt);
        }
    }
}

/// What a module is called, by its last word.
fn last(module: &str) -> &str {
    let word = match module.rsplit_once('/') {
        // `./llm.js`
        Some((_, file)) => file.split('.').next(),
        None => module.rsplit('.').find(|it| !it.is_empty()),
    };
    word.unwrap_or(module)
}

/// What may be set, as patterns that find where.
struct Sought {
    /// What may be given a value, by its name.
    items: Regex,
    /// What is told such a name.
    by_name: Regex,
    /// What gives a module another name.
    renamed: Regex,
    /// What is given all at once, by any of its names.
    whole: Regex,
    modules: BTreeSet<String>,
    /// Maps and classes.
    owners: BTreeSet<String>,
    itself: Regex,
}

/// What stands for the object where a function is told what to set.
const BY_NAME: &str = "";

/// What a file sets.
struct Changes {
    /// What is set, each with the word before it.
    set: HashSet<(String, String)>,
    /// What may be set as a whole: modules, and maps and classes.
    wholes: HashSet<String>,
    /// The names that the file has for modules.
    modules: HashSet<(String, String)>,
    /// The maps and classes that it names, and the modules that it imports.
    named: HashSet<String>,
    /// Whether it sets names of its own as those of a module.
    is_of_itself: bool,
}

impl Changes {
    fn sets(&self, name: &str) -> bool {
        self.set.iter().any(|(_, set)| set == name)
    }

    /// Whether this sets a member of one of these classes.
    fn sets_of<'c>(&self, name: &str, classes: impl Fn() -> &'c BTreeSet<&'c str>) -> bool {
        let mut set = self.set.iter();
        set.any(|(object, set)| set == name && classes().contains(object.as_str()))
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
                (object == module && self.named.contains(module)) || self.modules.contains(&renamed)
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
    fn of(
        prompts: &[(&String, &FoundPrompt)],
        keys: &Keys,
        limit: usize,
    ) -> Result<Option<Self>, regex::Error> {
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
                match (&it.owner, &it.module) {
                    (Some(owner), _) => owners.insert(owner.clone()),
                    (None, Some(module)) => modules.insert(last(module).to_owned()),
                    (None, None) => modules.insert(module_of(&keys.of(path)).to_owned()),
                };
            }
        }
        if items.is_empty() {
            return Ok(None);
        }
        let regex = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            builder.size_limit(limit).unicode(false).build()
        };
        let (all, known, holders) = (one_of(&items), one_of(&modules), one_of(&owners));
        Ok(Some(Self {
            items: regex(&format!(r"\b(?:{all})\b"))?,
            by_name: regex(&format!(
                r"(?:setattr\w*|__setattr__|\bassign|defineProperty|Reflect\.set|\bpatch(?:\.\w+)?|\bvars|\bupdate)\s*\((?:[^()]|\([^()]*\))*?\b(?P<by>{all})\b"
            ))?,
            renamed: regex(&format!(
                r#"\b(?P<module>{known})\s+as\s+(?P<name>\w+)|\b(?P<other>\w+)\s*=\s*(?:[\w.]*\.)?(?:(?:import_module\s*\(|modules\s*\[)\s*["'][\w.]*\b)?(?P<of>{known})\b(?:["']\s*[)\]])?[ \t]*(?:[;#\r\n]|$)"#
            ))?,
            whole: regex(&format!(
                r"(?:setattr|__setattr__|\bassign|defineProperty|defineProperties|Reflect\.set|\bvars|\breload)\s*\(\s*(?:\w+\s*\.\s*)*(?P<given>\w+)\s*[,)]|\b(?P<put>{holders})\s*\.\s*(?:update|setdefault|pop|popitem|clear|prototype)\b|\b(?P<own>\w+)\.__dict__"
            ))?,
            modules,
            owners,
            itself: regex(r"\bsys\s*\.\s*modules\s*\[\s*__name__\s*\]")?,
        }))
    }

    /// What a file sets, if it sets anything.
    fn changes(&self, path: &Path, bytes: &[u8]) -> Option<Changes> {
        let word = |hit: &Captures<'_>, name: &str| {
            let word = hit.name(name)?;
            Some(String::from_utf8_lossy(word.as_bytes()).into_owned())
        };
        let mut set = HashSet::new();
        for hit in self.items.find_iter(bytes) {
            if let Some(object) = object_of(bytes, hit.range())
                && !is_own_object(&object)
            {
                let item = String::from_utf8_lossy(hit.as_bytes()).into_owned();
                set.insert((object, item));
            }
        }
        for hit in self.by_name.captures_iter(bytes) {
            set.extend(word(&hit, "by").map(|item| (BY_NAME.to_owned(), item)));
        }
        let mut given = HashSet::new();
        for hit in self.whole.captures_iter(bytes) {
            let mut all = ["given", "own", "put"].iter();
            given.extend(all.find_map(|name| word(&hit, name)));
        }
        let is_of_itself = self.itself.is_match(bytes);
        if set.is_empty() && given.is_empty() && !is_of_itself {
            return None;
        }
        let mut modules = HashSet::new();
        for hit in self.renamed.captures_iter(bytes) {
            let names = word(&hit, "name").or_else(|| word(&hit, "other"));
            let module = word(&hit, "module").or_else(|| word(&hit, "of"));
            modules.extend(names.zip(module));
        }
        let mut wholes = HashSet::new();
        for name in given {
            let renamed = modules.iter().filter(|(other, _)| *other == name);
            wholes.extend(renamed.map(|(_, module)| module.clone()));
            let is_module = self.modules.contains(&name) && is_module(path, bytes, &name);
            if is_module || self.owners.contains(&name) {
                wholes.insert(name);
            }
        }
        let is_named = |word: &&String| memchr::memmem::find(bytes, word.as_bytes()).is_some();
        let imported = self.modules.iter().filter(|it| is_imported(bytes, it));
        let owners = self.owners.iter().filter(is_named);
        Some(Changes {
            named: imported.chain(owners).cloned().collect(),
            set,
            wholes,
            modules,
            is_of_itself,
        })
    }
}

/// Whether a file has a module under a name: in scripts other names of imports are what modules give.
fn is_module(path: &Path, bytes: &[u8], name: &str) -> bool {
    match Language::of(&path.to_string_lossy()) {
        Some(Language::Python) | None => is_imported(bytes, name),
        Some(_) => memchr::memmem::find_iter(bytes, name.as_bytes()).any(|at| {
            let before = bytes[..at].trim_ascii_end();
            let after = bytes[at + name.len()..].trim_ascii_start();
            let given = after.strip_prefix(b"=").map(<[u8]>::trim_ascii_start);
            before.ends_with(b"* as")
                || given
                    .is_some_and(|it| it.starts_with(b"require") || it.starts_with(b"await import"))
        }),
    }
}

/// Whether a line of a file imports something by this word.
fn is_imported(bytes: &[u8], word: &str) -> bool {
    memchr::memmem::find_iter(bytes, word.as_bytes()).any(|at| {
        let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
        let line = &bytes[start..end.min(start + LONGEST_LINE).max(at)];
        ["import", "require", "from", "sys.modules"]
            .iter()
            .any(|it| memchr::memmem::find(line, it.as_bytes()).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_too_many_to_be_looked_for_make_texts_doubtful() {
        let text = "import openai\nfrom texts import TONE\nSYSTEM = 'You are kind'\ndef f():\n    client.responses.create(instructions=SYSTEM, input=f'{TONE} of all')\n";
        let mut found = ScanResults::default();
        for prompt in found::find("a.py", text, false).prompts {
            found.prompts.push(("a.py".to_owned(), prompt));
        }
        doubt_all(&mut found);
        let [(_, prompt)] = found.prompts.as_slice() else {
            panic!("{:?}", found.prompts);
        };
        let doubts: Vec<&str> = prompt.doubts.iter().map(|it| it.why.as_str()).collect();
        assert_eq!(
            doubts,
            ["`SYSTEM` may be given another value: there are more names than are looked for"]
        );
        assert!(
            prompt.imports.is_empty() && prompt.lost.len() == 1,
            "{prompt:?}"
        );
    }
}
