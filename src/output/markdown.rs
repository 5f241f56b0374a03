//! The Markdown of the help topics, read into blocks that a page is made of.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// How a piece of text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextStyle {
    Plain,
    Strong,
    Emphasis,
    Code,
}

/// Pieces of text that follow each other on a line.
pub(super) type Inline = Vec<(TextStyle, String)>;

/// One thing on a page, from one blank line to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Heading {
        level: usize,
        text: Inline,
    },
    /// A paragraph, or an item of a list, `depth` lists deep. An item has a mark: `-` or `1.`
    Text {
        depth: usize,
        mark: Option<String>,
        text: Inline,
    },
    Code {
        depth: usize,
        text: String,
    },
    Table {
        header: Vec<Inline>,
        rows: Vec<Vec<Inline>>,
    },
}

/// The blocks of a text. HTML comments are marks for tests and left out.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.take(event);
    }
    reader.blocks
}

/// What follows the language of a block of code that the tests do not run.
const NOT_RUN: &str = " norun";

/// A text without its marks for tests, as it is printed in a pipe.
pub fn without_marks(text: &str) -> String {
    let is_mark = |line: &&str| line.starts_with("<!-- ") && line.ends_with(" -->");
    let kept = text.lines().filter(|line| !is_mark(line));
    let kept: Vec<&str> = kept
        .map(|line| match line.strip_suffix(NOT_RUN) {
            Some(fence) if fence.starts_with("```") => fence,
            _ => line,
        })
        .collect();
    kept.join("\n") + "\n"
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: Inline,
    /// For each list that is open the number of its next item, where it is numbered.
    lists: Vec<Option<u64>>,
    mark: Option<String>,
    strong: usize,
    emphasis: usize,
    code: Option<String>,
    header: Vec<Inline>,
    rows: Vec<Vec<Inline>>,
    cells: Vec<Inline>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(&tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.text.push((self.voice(), text.into_string())),
            },
            Event::Code(text) => self.text.push((TextStyle::Code, text.into_string())),
            Event::SoftBreak | Event::HardBreak => {
                self.text.push((TextStyle::Plain, " ".to_owned()));
            }
            _ => {}
        }
    }

    fn voice(&self) -> TextStyle {
        match (self.strong, self.emphasis) {
            (0, 0) => TextStyle::Plain,
            (0, _) => TextStyle::Emphasis,
            _ => TextStyle::Strong,
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.end_text();
                self.lists.push(*first);
            }
            Tag::Item => {
                self.mark = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "-".to_owned(),
                });
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.end_text();
                self.code = Some(String::new());
            }
            Tag::Strong => self.strong += 1,
            Tag::Emphasis => self.emphasis += 1,
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.text);
                let level = level as usize;
                self.blocks.push(Block::Heading { level, text });
            }
            TagEnd::Paragraph | TagEnd::Item => self.end_text(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::CodeBlock => {
                let text = self.code.take().unwrap_or_default();
                let depth = self.lists.len();
                self.blocks.push(Block::Code { depth, text });
            }
            TagEnd::Strong => self.strong -= 1,
            TagEnd::Emphasis => self.emphasis -= 1,
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.text)),
            TagEnd::TableHead => self.header = std::mem::take(&mut self.cells),
            TagEnd::TableRow => self.rows.push(std::mem::take(&mut self.cells)),
            TagEnd::Table => self.blocks.push(Block::Table {
                header: std::mem::take(&mut self.header),
                rows: std::mem::take(&mut self.rows),
            }),
            _ => {}
        }
    }

    /// Ends the paragraph or item that is being read, where there is one.
    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        self.blocks.push(Block::Text {
            depth: self.lists.len(),
            mark: self.mark.take(),
            text,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_tables_and_code_are_read_as_blocks() {
        let text = "# A *title*\n\n<!-- mark -->\n1. one\n   - `two`\n\n     next\n\n| a | b |\n|---|---|\n| **c** | d |\n\n```sh\nls\n```\n";
        let read: Vec<String> = blocks(text)
            .iter()
            .map(|block| match block {
                Block::Heading { level, text } => format!("{level} {}", plain(text)),
                Block::Text { depth, mark, text } => {
                    format!("{depth} {} {}", mark.as_deref().unwrap_or(""), plain(text))
                }
                Block::Code { text, .. } => format!("code {text:?}"),
                Block::Table { header, rows } => format!("{} columns, {rows:?}", header.len()),
            })
            .collect();
        assert_eq!(
            read,
            [
                "1 A title",
                "1 1. one",
                "2 - two",
                "2  next",
                "2 columns, [[[(Strong, \"c\")], [(Plain, \"d\")]]]",
                "code \"ls\\n\"",
            ]
        );
        assert!(!without_marks(text).contains("mark"));
    }

    fn plain(text: &Inline) -> String {
        text.iter().map(|(_, piece)| piece.as_str()).collect()
    }
}
