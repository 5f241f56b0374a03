//! A help topic as a manual page of section 7.

use super::markdown::{Block, Inline, TextStyle, blocks};
use super::page::table;

/// The widest that a table is on a manual page, which has a margin.
const TABLE_WIDTH: usize = 71;

/// The source of the manual page of a topic.
pub fn manual(name: &str, about: &str, text: &str) -> String {
    let mut out = format!(
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH promptctl-{name} 7 \"promptctl {}\"\n.SH NAME\npromptctl\\-{} \\- {}\n",
        env!("CARGO_PKG_VERSION"),
        escaped(name),
        escaped(about)
    );
    let mut depth_now = 0;
    for block in blocks(text) {
        let depth = match &block {
            Block::Text { depth, .. } | Block::Code { depth, .. } => *depth,
            _ => 0,
        };
        while depth_now < depth.saturating_sub(1) {
            out.push_str(".RS 4\n");
            depth_now += 1;
        }
        while depth_now > depth.saturating_sub(1) {
            out.push_str(".RE\n");
            depth_now -= 1;
        }
        match block {
            Block::Heading { level: 1, text } => {
                out.push_str(&format!(".SH DESCRIPTION\n{}.\n", line(&text)));
            }
            Block::Heading { level: 2, text } => out.push_str(&format!(".SH {}\n", line(&text))),
            Block::Heading { text, .. } => out.push_str(&format!(".SS {}\n", line(&text))),
            Block::Text { mark, text, depth } => {
                match mark {
                    Some(mark) if mark == "-" => out.push_str(".IP \\(bu 2\n"),
                    Some(mark) => out.push_str(&format!(".IP {mark} 4\n")),
                    None if depth > 0 => out.push_str(".IP\n"),
                    None => out.push_str(".PP\n"),
                }
                out.push_str(&line(&text));
                out.push('\n');
            }
            Block::Code { text, .. } => out.push_str(&verbatim(&text)),
            Block::Table { header, rows } => {
                out.push_str(&verbatim(&table(&header, rows, TABLE_WIDTH, false)));
            }
        }
    }
    for _ in 0..depth_now {
        out.push_str(".RE\n");
    }
    out
}

fn verbatim(text: &str) -> String {
    let lines: String = text.lines().map(|line| escaped(line) + "\n").collect();
    format!(".sp\n.RS 4\n.nf\n{lines}.fi\n.RE\n")
}

fn line(text: &Inline) -> String {
    let pieces: String = text
        .iter()
        .map(|(voice, text)| match voice {
            TextStyle::Plain => escaped(text),
            TextStyle::Strong | TextStyle::Code => format!("\\fB{}\\fR", inner(text)),
            TextStyle::Emphasis => format!("\\fI{}\\fR", inner(text)),
        })
        .collect();
    pieces.trim().to_owned()
}

/// A text in which roff finds no command.
fn escaped(text: &str) -> String {
    let inner = inner(text);
    match inner.starts_with(['.', '\'']) {
        true => format!("\\&{inner}"),
        false => inner,
    }
}

fn inner(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\*(Aq")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roff_finds_no_command_in_a_text() {
        let page = manual(
            "x",
            "a topic",
            "# Title\n\n.so /etc/passwd\n\n- it's `a-b\\n`\n\n```\n.sp 9\n```\n\n| a |\n|---|\n| .b |\n",
        );
        for text in [
            "\\&.so /etc/passwd",
            "it\\*(Aqs \\fBa\\-b\\en\\fR",
            "\\&.sp 9",
            "\\&.b",
        ] {
            assert!(page.contains(text), "{text}\n{page}");
        }
    }
}
