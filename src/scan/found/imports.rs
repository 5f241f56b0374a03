//! Texts that another file of the same tree gives.

use super::facts::Facts;
use super::gather::wrapped;
use super::names::Names;
use super::syntax::File;
use super::value::Reader;
use super::{Content, FoundPrompt, Imported, LARGEST, Language, Piece};

/// The files that a module may be which a file imports, the nearest first; paths with `/`.
pub fn candidates(path: &str, module: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let Some(language) = Language::of(path) else {
        return Vec::new();
    };
    (language.traits().modules)(folder, module)
}

/// The modules that a file may import, by a cheap look at it.
pub fn modules(path: &str, bytes: &[u8]) -> Vec<String> {
    Language::of(path).map_or_else(Vec::new, |language| {
        wrapped::imported_modules(bytes, language)
    })
}

/// A text that a file gives, or why it is not sure what that is, in words that follow the name of the
/// file.
pub type Constant = Result<String, &'static str>;

/// The texts that a file gives under names.
pub fn constants(path: &str, text: &str, items: &[&str]) -> Vec<Constant> {
    let none = |why| items.iter().map(|_| Err(why)).collect();
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
    let facts = Facts::gather(&file, &tree);
    let names = Names::gather(&file, &tree);
    let reader = Reader::new(&file, &facts, &names);
    let read = |item: &&str| {
        let value = names.constant(item)?;
        reader.exact(value).ok_or("makes it of several parts")
    };
    items.iter().map(read).collect()
}

impl FoundPrompt {
    /// Puts the text of another file where its value stands.
    pub fn fill(&mut self, imported: &Imported, text: &str) {
        for message in &mut self.messages {
            let Content::Text(pieces) = &mut message.content else {
                continue;
            };
            let mut filled: Vec<Piece> = Vec::new();
            for piece in std::mem::take(pieces) {
                let piece = match piece {
                    Piece::Variable(name) if name == imported.variable => {
                        Piece::Text(text.to_owned())
                    }
                    piece => piece,
                };
                match (filled.last_mut(), piece) {
                    (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                    (_, piece) => filled.push(piece),
                }
            }
            *pieces = filled;
            message.variables.retain(|it| it.name != imported.variable);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_looked_for_where_its_language_does() {
        for (path, module, expected) in [
            (
                "app/desk.py",
                ".texts",
                "app/texts.py app/texts/__init__.py",
            ),
            ("app/desk.py", "..texts", "texts.py texts/__init__.py"),
            ("app/desk.py", ".", "app/__init__.py"),
            (
                "app/desk.py",
                "app.texts",
                "app/app/texts.py app/app/texts/__init__.py app/texts.py app/texts/__init__.py",
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
    fn only_a_plain_constant_is_a_text_of_another_file() {
        let text = "A = 'You are kind'\nB = A\nC = f'You are {x}'\nD = 'x'\nD = 'y'\nfrom z import E\ndef F(): pass\n";
        let of = |item| constants("a.py", text, &[item]).remove(0);
        assert_eq!(of("A").as_deref(), Ok("You are kind"));
        assert_eq!(of("B").as_deref(), Ok("You are kind"));
        for item in ["C", "D", "E", "F", "G"] {
            assert!(of(item).is_err(), "{item}");
        }
        let script = "export const A = `You are kind`;\nexport let B = 'x'; B = 'y';\n";
        let of = |item| constants("a.ts", script, &[item]).remove(0);
        assert_eq!(of("A").as_deref(), Ok("You are kind"));
        assert!(of("B").is_err());
    }
}
