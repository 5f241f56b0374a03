//! Texts that another file of the same tree gives.

use super::endings::{Reading, reading_of};
use super::facts::Facts;
use super::gather::wrapped;
use super::names::{THIRD_FILE, UNSAID};
use super::syntax::{Export, File, Origin};
use super::value::Reader;
use super::{Content, FoundPrompt, Imported, LARGEST, Language, Made, Piece, Syntax, Variable};

/// The files that a module may be which a file imports, the nearest first; paths with `/`.
pub fn candidates(path: &str, module: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match Language::of(path) {
        Some(language) => (language.traits().modules)(folder, module),
        // A script without an ending is of either.
        None => {
            let all = [Language::Python, Language::JavaScript].into_iter();
            all.flat_map(|it| (it.traits().modules)(folder, module))
                .collect()
        }
    }
}

/// The modules that a file may import, by a cheap look at it.
pub fn modules(path: &str, bytes: &[u8]) -> Vec<String> {
    match reading_of(path, bytes) {
        Some(Reading::Parsed(language)) => wrapped::imported_modules(bytes, language),
        Some(Reading::Notebook) => super::notebook_of(bytes).map_or_else(
            |_| Vec::new(),
            |code| wrapped::imported_modules(code.text.as_bytes(), code.language),
        ),
        Some(Reading::Words | Reading::ScriptWords) | None => Vec::new(),
    }
}

/// What a file gives under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    Text(String),
    /// What a third file gives: the module, and the name there.
    Passed(String, String),
    /// It is not sure what, in words that follow the name of the file.
    Unsure(&'static str),
}

/// The texts that a file gives under names.
pub fn constants(path: &str, text: &str, items: &[&str]) -> Vec<Constant> {
    let none = |why| items.iter().map(|_| Constant::Unsure(why)).collect();
    let Some(language) = Language::of(path) else {
        return none("is of no language that is read");
    };
    if text.len() > LARGEST {
        return none("is too large");
    }
    let tree = match language.parse(text) {
        Ok(tree) => tree,
        Err(why) => return none(why),
    };
    let file = File { text, language };
    let (facts, names) = Facts::gather(&file, &tree);
    let reader = Reader::new(&file, &facts, &names);
    let exports = file.exports(tree.root_node());
    let passed = |origin: &Origin<'_>| match origin.item {
        Some(item) => Constant::Passed(origin.module.to_owned(), item.to_owned()),
        None => Constant::Unsure("gives all of a third file under that name"),
    };
    let text = |value| match reader.exact(value) {
        Some(text) => Constant::Text(text),
        None => Constant::Unsure("makes it of several parts"),
    };
    let named = |name: &str| match (names.constant(name), facts.origins.get(name)) {
        (Ok(value), _) => text(value),
        (Err(THIRD_FILE), Some(origin)) => passed(origin),
        (Err(why), _) => Constant::Unsure(why),
    };
    let read = |item: &&str| {
        if exports.unsure.contains(item) {
            return Constant::Unsure("gives it more than once");
        }
        match (exports.all.get(item), exports.wholes.as_slice()) {
            (Some(Export::Named(name)), _) => named(name),
            (Some(Export::Value(value)), _) => text(*value),
            (Some(Export::Passed(origin)), _) => passed(origin),
            (None, [whole]) if names.constant(item) == Err(UNSAID) => {
                Constant::Passed((*whole).to_owned(), (*item).to_owned())
            }
            (None, _) => named(item),
        }
    };
    items.iter().map(read).collect()
}

impl FoundPrompt {
    /// Puts the text of another file where its value stands. Whether what the code makes of it is
    /// understood.
    pub fn fill(&mut self, imported: &Imported, text: &str) -> bool {
        let whole = vec![Piece::Text(text.to_owned())];
        let made = match &imported.made {
            Made::Same => Some((whole, Vec::new())),
            // A template that is filled in and read as one again is not followed.
            Made::Filled(fields) if self.syntax == Syntax::Plain => filled_in(text, fields),
            Made::Filled(_) | Made::Other => None,
        };
        let Some((given, variables)) = made else {
            return false;
        };
        for message in &mut self.messages {
            let Content::Text(pieces) = &mut message.content else {
                continue;
            };
            let is_it = |piece: &Piece| matches!(piece, Piece::Variable(name) if *name == imported.variable);
            if !pieces.iter().any(is_it) {
                continue;
            }
            let mut filled: Vec<Piece> = Vec::new();
            for piece in std::mem::take(pieces) {
                let all = if is_it(&piece) {
                    given.clone()
                } else {
                    vec![piece]
                };
                for piece in all {
                    match (filled.last_mut(), piece) {
                        (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                        (_, piece) => filled.push(piece),
                    }
                }
            }
            *pieces = filled;
            message.variables.retain(|it| it.name != imported.variable);
            for variable in &variables {
                if !message.variables.contains(variable) {
                    message.variables.push(variable.clone());
                }
            }
        }
        true
    }

    /// Whether anything of it is text.
    pub fn says_something(&self) -> bool {
        let is_text = |piece: &Piece| match piece {
            Piece::Text(text) => text.chars().any(char::is_alphabetic),
            Piece::Variable(_) => false,
        };
        self.messages.iter().any(|message| match &message.content {
            Content::Text(pieces) => pieces.iter().any(is_text),
            Content::Placeholder(_) => false,
        })
    }
}

/// What `format` makes of a text with these: the pieces, and the values in them; none where it asks for
/// more than a value.
fn filled_in(text: &str, fields: &[(String, Variable)]) -> Option<(Vec<Piece>, Vec<Variable>)> {
    let (mut pieces, mut variables) = (Vec::new(), Vec::new());
    let mut written = String::new();
    let mut rest = text;
    let mut number = 0;
    while let Some(at) = rest.find(['{', '}']) {
        written.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            written.push_str(&rest[..1]);
            rest = &rest[2..];
            continue;
        }
        let (name, behind) = rest.strip_prefix('{')?.split_once('}')?;
        let name = match name {
            "" => {
                number += 1;
                (number - 1).to_string()
            }
            name => name.to_owned(),
        };
        let (_, variable) = fields.iter().find(|(field, _)| *field == name)?;
        if !written.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut written)));
        }
        pieces.push(Piece::Variable(variable.name.clone()));
        variables.push(variable.clone());
        rest = behind;
    }
    written.push_str(rest);
    pieces.push(Piece::Text(written));
    Some((pieces, variables))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_looked_for_where_its_language_does() {
        for (path, module, expected) in [
            (
                "app/desk.py",
                ".texts",
                "app/texts/__init__.py app/texts.py",
            ),
            ("app/desk.py", "..texts", "texts/__init__.py texts.py"),
            ("app/desk.py", ".", "app/__init__.py"),
            (
                "app/desk.py",
                "app.texts",
                "app/app/texts/__init__.py app/app/texts.py app/texts/__init__.py app/texts.py",
            ),
            ("desk.py", "..texts", ""),
            ("a/x.ts", "react", ""),
        ] {
            assert_eq!(
                candidates(path, module).join(" "),
                expected,
                "{path} {module}"
            );
        }
        for (path, module, expected) in [
            ("src/a/x.ts", "../texts", "src/texts.ts"),
            ("src/a/x.ts", "./texts.js", "src/a/texts.ts"),
            ("src/a/x.ts", "./texts", "src/a/texts/index.js"),
            ("src/a/x.tsx", "@/lib/texts", "src/lib/texts.ts"),
            ("../up/x.ts", "../texts", "../texts.ts"),
            ("src/a/x.ts", ".", "src/a/index.ts"),
            ("src/a/x.ts", "..", "src/index.js"),
            ("x.ts", ".", "index.ts"),
            ("x.ts", "./", "index.ts"),
        ] {
            let all = candidates(path, module);
            assert!(
                all.iter().any(|it| it == expected),
                "{path} {module}: {all:?}"
            );
        }
    }

    #[test]
    fn a_text_is_filled_in_as_format_does_it_or_not_at_all() {
        let field = |field: &str, name: &str| {
            let variable = Variable {
                name: name.to_owned(),
                expression: name.to_owned(),
            };
            (field.to_owned(), variable)
        };
        let fields = [field("x", "a"), field("0", "b"), field("1", "c")];
        let shown = |text: &str| {
            let (pieces, _) = filled_in(text, &fields)?;
            let pieces = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Variable(name) => format!("<{name}>"),
            });
            Some(pieces.collect::<String>())
        };
        for (text, expected) in [
            ("Say {x}, {{y}} and {x}!", Some("Say <a>, {y} and <a>!")),
            ("{} and {}", Some("<b> and <c>")),
            ("{1} and {0}", Some("<c> and <b>")),
            ("{x:.2f}", None),
            ("{x.name}", None),
            ("{gone}", None),
            ("} {x}", None),
            ("{x", None),
            ("{} {} {}", None),
        ] {
            assert_eq!(shown(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn only_a_plain_constant_is_a_text_of_another_file() {
        let text = "A = 'You are kind'\nB = A\nC = f'You are {x}'\nD = 'x'\nD = 'y'\nfrom z import E\ndef F(): pass\n";
        let of = |item| constants("a.py", text, &[item]).remove(0);
        let kind = Constant::Text("You are kind".to_owned());
        assert_eq!([of("A"), of("B")], [kind.clone(), kind.clone()]);
        for item in ["C", "D", "F", "G"] {
            assert!(matches!(of(item), Constant::Unsure(_)), "{item}");
        }
        assert_eq!(of("E"), Constant::Passed("z".to_owned(), "E".to_owned()));
        // What all of another file brings may be another one.
        let behind = |text: &str| constants("a.py", text, &["A"]).remove(0);
        assert!(matches!(
            behind("A = 'x'\nfrom z import *\n"),
            Constant::Unsure(_)
        ));
        assert_eq!(behind("from z import *\nA = 'You are kind'\n"), kind);
        let script = "export const A = `You are kind`;\nexport let B = 'x'; B = 'y';\n";
        let of = |item| constants("a.ts", script, &[item]).remove(0);
        assert_eq!(of("A"), kind);
        assert!(matches!(of("B"), Constant::Unsure(_)));
    }

    #[test]
    fn what_scripts_give_has_the_name_that_others_read() {
        let of = |text: &str, item| constants("a.js", text, &[item]).remove(0);
        let text = |text: &str| Constant::Text(text.to_owned());
        let local = "const A = 'You are kind';\nconst B = 'You are brief';\n";
        for (end, item, expected) in [
            ("export { B as A };", "A", text("You are brief")),
            ("export default A;", "default", text("You are kind")),
            (
                "export default 'You are odd';",
                "default",
                text("You are odd"),
            ),
            ("module.exports = { A: B };", "A", text("You are brief")),
            (
                "module.exports = { A, C: 'You are odd' };",
                "C",
                text("You are odd"),
            ),
            ("exports.D = B;", "D", text("You are brief")),
            (
                "module.exports.D = `You are odd`;",
                "D",
                text("You are odd"),
            ),
            (
                "export { C } from './c';",
                "C",
                Constant::Passed("./c".to_owned(), "C".to_owned()),
            ),
            (
                "export { default as C } from './c';",
                "C",
                Constant::Passed("./c".to_owned(), "default".to_owned()),
            ),
            (
                "export * from './c';",
                "C",
                Constant::Passed("./c".to_owned(), "C".to_owned()),
            ),
            (
                "const { C: D } = require('./c');\nmodule.exports = { D };",
                "D",
                Constant::Passed("./c".to_owned(), "C".to_owned()),
            ),
        ] {
            assert_eq!(of(&format!("{local}{end}\n"), item), expected, "{end}");
        }
        for end in [
            "exports.D = A;\nexports.D = B;",
            "export * from './c';\nexport * from './d';",
            "export * as D from './c';",
        ] {
            let found = of(&format!("{local}{end}\n"), "D");
            assert!(matches!(found, Constant::Unsure(_)), "{end} {found:?}");
        }
        let python = "from .c import *\n";
        assert_eq!(
            constants("a.py", python, &["C"]),
            [Constant::Passed(".c".to_owned(), "C".to_owned())]
        );
    }
}
