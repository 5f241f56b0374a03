//! What other files give another value: a constant of a module is no constant then.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
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
        stay_values(prompt, path, &changes);
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

/// How much of a line is looked at.
const LONGEST_LINE: usize = 2_000;

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
    /// The maps and classes that it names, and the modules that it imports.
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
        let regex = |pattern: &str| {
            let mut builder = RegexBuilder::new(pattern);
            builder.size_limit(100 << 20).unicode(false).build().ok()
        };
        let (all, known, holders) = (one_of(&items), one_of(&modules), one_of(&owners));
        Some(Self {
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
        })
    }

    /// What a file sets, if it sets anything.
    fn changes(&self, path: &Path) -> Option<Changes> {
        let length = std::fs::metadata(path).ok()?.len();
        let bytes = (length <= WHOLE).then(|| std::fs::read(path).ok())??;
        let word = |hit: &Captures<'_>, name: &str| {
            let word = hit.name(name)?;
            Some(String::from_utf8_lossy(word.as_bytes()).into_owned())
        };
        let mut set = HashSet::new();
        for hit in self.items.find_iter(&bytes) {
            if let Some(object) = object_of(&bytes, hit.range())
                && !is_own_object(&object)
            {
                let item = String::from_utf8_lossy(hit.as_bytes()).into_owned();
                set.insert((object, item));
            }
        }
        for hit in self.by_name.captures_iter(&bytes) {
            set.extend(word(&hit, "by").map(|item| (BY_NAME.to_owned(), item)));
        }
        let mut given = HashSet::new();
        for hit in self.whole.captures_iter(&bytes) {
            let mut all = ["given", "own", "put"].iter();
            given.extend(all.find_map(|name| word(&hit, name)));
        }
        let is_of_itself = self.itself.is_match(&bytes);
        if set.is_empty() && given.is_empty() && !is_of_itself {
            return None;
        }
        let mut modules = HashSet::new();
        for hit in self.renamed.captures_iter(&bytes) {
            let names = word(&hit, "name").or_else(|| word(&hit, "other"));
            let module = word(&hit, "module").or_else(|| word(&hit, "of"));
            modules.extend(names.zip(module));
        }
        let mut wholes = HashSet::new();
        for name in given {
            let renamed = modules.iter().filter(|(other, _)| *other == name);
            wholes.extend(renamed.map(|(_, module)| module.clone()));
            let is_module = self.modules.contains(&name) && is_imported(&bytes, &name);
            if is_module || self.owners.contains(&name) {
                wholes.insert(name);
            }
        }
        let is_named = |word: &&String| memchr::memmem::find(&bytes, word.as_bytes()).is_some();
        let imported = self.modules.iter().filter(|it| is_imported(&bytes, it));
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

/// What stands before a name that is given a value as a member or a key; none where it is not.
fn object_of(bytes: &[u8], name: Range<usize>) -> Option<String> {
    let blank = |it: &u8| matches!(it, b' ' | b'\t');
    let behind = |text: &[u8]| text.iter().take_while(|it| blank(it)).count();
    let mut after = &bytes[name.end..];
    let mut before = &bytes[..name.start];
    let quote = before
        .last()
        .copied()
        .filter(|it| matches!(it, b'"' | b'\''));
    if let Some(quote) = quote {
        after = after.strip_prefix(&[quote])?;
        after = after[behind(after)..].strip_prefix(b"]")?;
        before = before[..before.len() - 1]
            .trim_ascii_end()
            .strip_suffix(b"[")?;
        // What stands alone is a list.
        before
            .last()
            .filter(|it| it.is_ascii_alphanumeric() || b"_)]".contains(it))?;
    }
    after = &after[behind(after)..];
    let operator = after
        .iter()
        .take_while(|it| b"-+*/|&%^@?<>".contains(it))
        .count();
    let is_set = operator <= 3
        && after.get(operator) == Some(&b'=')
        && !matches!(after.get(operator + 1), Some(b'=' | b'>'))
        && !after.starts_with(b"<=")
        && !after.starts_with(b">=");
    if !is_set && !is_target(before, after) {
        return None;
    }
    if quote.is_some() {
        return Some(KEY.to_owned());
    }
    let end = before.len() - before.iter().rev().take_while(|it| blank(it)).count();
    let object = before[..end].strip_suffix(b".")?;
    let object = &object[..object.len() - object.iter().rev().take_while(|it| blank(it)).count()];
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_';
    let word = object.iter().rev().take_while(|it| is_word(it)).count();
    match word {
        0 => object.last().map(|last| char::from(*last).to_string()),
        word => Some(String::from_utf8_lossy(&object[object.len() - word..]).into_owned()),
    }
}

/// Whether a member between these is set in another way than by `=` right behind it: with a type, among
/// others (`a.X, b = …`), by a loop, by `with … as` or by `del`.
fn is_target(before: &[u8], after: &[u8]) -> bool {
    // A line of a packed file may be as long as the file, and hold the name a thousand times.
    let before = &before[before.len().saturating_sub(LONGEST_LINE)..];
    let after = &after[..after.len().min(LONGEST_LINE)];
    let line = before.rsplit(|it| matches!(it, b'\n' | b';')).next();
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    let rest = after.split(|it| matches!(it, b'\n' | b'#')).next();
    let rest = String::from_utf8_lossy(rest.unwrap_or_default()).into_owned();
    let is_object = |it: char| it.is_alphanumeric() || "_.[]\"'".contains(it);
    // `[own.X, b] = …` is a list of targets, `map[own.X] = …` a key.
    let list = line.trim_start();
    let line = match list.strip_prefix('[') {
        Some(list) if !list.contains(['[', ']']) => list.to_owned(),
        _ => line,
    };
    let head = line.trim_end_matches(is_object);
    let is_at_start = head.trim().is_empty();
    let is_given = |text: &str| {
        let at = text.find('=');
        at.is_some_and(|at| !text[at + 1..].starts_with('=') && !text[..at].contains('('))
    };
    if rest.starts_with(':') {
        return (is_at_start && is_given(&rest)) || head.trim_end().ends_with(" as");
    }
    // Nothing is called before it, so that it is no argument.
    let is_listed = head
        .chars()
        .all(|it| is_object(it) || " \t,*()".contains(it))
        && !head.contains(|it: char| it == '(' && !head.trim_start().starts_with('('));
    let word = head.split_whitespace().next();
    match word {
        Some("for" | "async") => rest.split_whitespace().any(|it| it == "in"),
        Some("with") => head.trim_end().ends_with(" as"),
        Some("del") => true,
        _ => {
            is_listed
                && (rest.starts_with([',', ')', ']']) && !line.contains('[') || line.contains(','))
                && is_given(&rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_set_in_every_way_that_python_knows() {
        let set = |line: &str| {
            let at = line.find("OWN").unwrap();
            object_of(line.as_bytes(), at..at + 3)
        };
        for line in [
            "own.OWN = 'x'",
            "own.OWN += 'x'",
            "x = 1\nown.OWN: str = 'x'",
            "own.OWN, b = 'x', 2",
            "a, own.OWN = 'x', 2",
            "(a, own.OWN) = 'x', 2",
            "for own.OWN in all:",
            "for i, own.OWN in all:",
            "with open('f') as own.OWN:",
            "del own.OWN",
            "[own.OWN, *rest] = all",
            "[own.OWN]=['x']",
        ] {
            assert_eq!(set(line).as_deref(), Some("own"), "{line}");
        }
        for line in [
            "print(own.OWN, end='x')",
            "f(a, own.OWN, b=2)",
            "if x == own.OWN: y = 2",
            "x = own.OWN",
            "x = [own.OWN, y]",
            "return own.OWN, x",
            "assert own.OWN == 'x'",
            "for x in own.OWN:",
            "call(own.OWN)",
            "d = {own.OWN: 1}",
            "d[own.OWN] = 1",
        ] {
            assert_eq!(set(line), None, "{line}");
        }
    }
}
