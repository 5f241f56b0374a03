//! A page that stands alone: no network, no script, light and dark, for a screen, a phone and paper.

use std::fmt::Write as _;

use super::chart::{COLOURS, DASHES};
use crate::prompt::visible;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub title: String,
    /// What stands below the title.
    pub lead: Vec<String>,
    /// What it is made of.
    pub sections: Vec<Section>,
}

/// A part of a page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    pub heading: String,
    /// What must be known of it.
    pub notes: Vec<String>,
    pub charts: Vec<Drawing>,
    /// Its tables, which say what the charts show.
    pub tables: Vec<Rows>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// What it shows.
    pub title: String,
    /// The picture, which holds nothing foreign.
    pub svg: String,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// What it shows.
    pub caption: String,
    /// The titles of its columns.
    pub columns: Vec<String>,
    /// Its rows; the first cell of each says what the row is about.
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// What a person reads.
    pub text: String,
    /// The whole figure, for programs.
    pub value: Option<f64>,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            value: None,
        }
    }
}

impl Cell {
    /// A figure in words, and whole.
    pub fn figure(text: impl Into<String>, value: Option<f64>) -> Self {
        Self {
            text: text.into(),
            value: value.filter(|it| it.is_finite()),
        }
    }
}

/// A text that is nothing but text in a page.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in visible::line(text).chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(char),
        }
    }
    out
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1f2328;--paper:#ffffff;--dim:#57606a;--rule:#d0d7de;--band:#f6f8fa}\
body{margin:0 auto;max-width:60rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}\
p,figcaption,caption{color:var(--dim)}caption{text-align:left;padding:.25rem 0}\
figure{margin:1rem 0}svg{width:100%;height:auto;display:block}\
.wide{overflow:auto;max-height:28rem}.drawn{overflow-x:auto}.wide:focus-visible,.drawn:focus-visible{outline:2px solid}\
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\
th,td{padding:.25rem .6rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}\
th:first-child,td:first-child{text-align:left}thead th{background:var(--band)}tbody th{font-weight:normal}\
@media screen and (max-width:40rem){body{padding:.5rem}.drawn svg{min-width:44rem}figcaption::before{content:\"Scrolls sideways: \"}}";

const DARK: &str =
    ":root{--ink:#e6e9ee;--paper:#16191d;--dim:#a6adb7;--rule:#3a3f47;--band:#20242a}";

const PRINT: &str = "@media print{:root{color-scheme:light}body{max-width:none;padding:0}\
section{break-inside:avoid-page}table{font-size:.7rem}.wide{overflow:visible;max-height:none}}";

/// The colours of the drawings.
fn colours(of: impl Fn(&(&str, &'static str, &'static str)) -> &'static str) -> String {
    let mut css = String::new();
    for entry in &COLOURS {
        let (drawn, shown) = (entry.0, of(entry));
        let _ = write!(
            css,
            "svg [fill=\"{drawn}\"]{{fill:{shown}}}svg [stroke=\"{drawn}\"]{{stroke:{shown}}}"
        );
    }
    css
}

/// How lines are dashed.
fn dashes() -> String {
    let rule = |(drawn, dashes): &(&str, &str)| {
        format!("svg polyline[stroke=\"{drawn}\"]{{stroke-dasharray:{dashes}}}")
    };
    DASHES.iter().map(rule).collect()
}

impl Page {
    /// The whole page.
    pub fn html(&self) -> String {
        let mut out = String::new();
        let title = escape(&self.title);
        let dark = format!("{DARK}{}", colours(|it| it.2));
        let _ = write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>{STYLE}{}{}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n{PRINT}</style>\n\
             </head>\n<body>\n<header>\n<h1>{title}</h1>\n",
            colours(|it| it.1),
            dashes()
        );
        for line in &self.lead {
            let _ = writeln!(out, "<p>{}</p>", escape(line));
        }
        out.push_str("</header>\n<main>\n");
        let mut number = 0;
        for (at, section) in self.sections.iter().enumerate() {
            section.html(at, &mut number, &mut out);
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }
}

impl Section {
    fn html(&self, at: usize, number: &mut usize, out: &mut String) {
        let heading = escape(&self.heading);
        let _ = writeln!(
            out,
            "<section aria-labelledby=\"s{at}\">\n<h2 id=\"s{at}\">{heading}</h2>"
        );
        for drawing in &self.charts {
            *number += 1;
            let title = escape(&drawing.title);
            let named = format!("<svg role=\"img\" aria-labelledby=\"c{number}\" ");
            let svg = drawing.svg.replacen("<svg ", &named, 1);
            let svg = svg.replacen('>', &format!("><title id=\"c{number}\">{title}</title>"), 1);
            let _ = writeln!(
                out,
                "<figure><div class=\"drawn\" role=\"group\" tabindex=\"0\" aria-labelledby=\"c{number}\">{svg}</div>\
                 <figcaption>{title}</figcaption></figure>"
            );
        }
        for table in &self.tables {
            table.html(out);
        }
        for note in &self.notes {
            let _ = writeln!(out, "<p>{}</p>", escape(note));
        }
        out.push_str("</section>\n");
    }
}

impl Rows {
    fn html(&self, out: &mut String) {
        let caption = escape(&self.caption);
        let _ = write!(
            out,
            "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n<table>\n<caption>{caption}</caption>\n<thead><tr>"
        );
        for column in &self.columns {
            let _ = write!(out, "<th scope=\"col\">{}</th>", escape(column));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let text = escape(&cell.text);
                let value = cell.value.map(|value| format!(" data-value=\"{value}\""));
                let value = value.unwrap_or_default();
                let _ = match at {
                    0 => write!(out, "<th scope=\"row\"{value}>{text}</th>"),
                    _ => write!(out, "<td{value}>{text}</td>"),
                };
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_nothing_but_text() {
        let evil = "</title><script>alert(1)</script>\"'&\u{1b}[31m\u{202e}";
        let rows = Rows {
            caption: evil.to_owned(),
            columns: vec![evil.to_owned()],
            rows: vec![vec![evil.into(), Cell::figure(evil, Some(0.5))]],
        };
        let page = Page {
            title: evil.to_owned(),
            lead: vec![evil.to_owned()],
            sections: vec![Section {
                heading: evil.to_owned(),
                notes: vec![evil.to_owned()],
                charts: vec![Drawing {
                    title: evil.to_owned(),
                    svg: "<svg width=\"1\"></svg>".to_owned(),
                }],
                tables: vec![rows],
            }],
        };
        let html = page.html();
        assert!(
            !html.contains("<script") && !html.contains("\u{1b}") && !html.contains('\u{202e}')
        );
        assert_eq!(html.matches("</title>").count(), 2, "{html}");
        assert!(
            html.contains("<svg role=\"img\" aria-labelledby=\"c1\" width=\"1\"><title id=\"c1\">")
        );
        assert!(html.contains("data-value=\"0.5\""));
    }
}
