//! The pictures of the README, made from what the program prints.

use std::fmt::Write as _;

use anstyle_svg::Term;
use pulldown_cmark::{Options, Parser, html};

use super::readme::is_made;
use crate::env::{Shell, TRIAGE, TestEnv, executable, skipped, top};

/// The lines of a person in a terminal, with what they see.
fn seen(person: &Shell, lines: &[&str]) -> String {
    let person = person.with("PROMPTCTL_WIDTH", "92");
    let mut text = String::new();
    for line in lines {
        let coloured = line.replacen("promptctl ", "promptctl --color always ", 1);
        let run = person.run(&coloured);
        assert_eq!(run.code, Some(0), "{run}");
        write!(
            text,
            "\u{1b}[1m$ {line}\u{1b}[0m\n{}{}\n",
            run.stdout, run.stderr
        )
        .unwrap();
    }
    text
}

#[test]
fn readme_the_picture_of_the_terminal_is_what_it_shows() {
    if cfg!(windows) {
        skipped("git's folders differ here; the pictures are made elsewhere");
        return;
    }
    let env = TestEnv::new();
    let ada = env.with_origin();
    ada.ok("promptctl publish --quiet support/triage");
    let sed = "#!/bin/sh\nsed -i.bak -e 's/You sort support tickets/Sort support tickets, kindly/' -e 's/800/600/' \"$1\"\n";
    executable(&env.root(), "editor.sh", sed);
    let ada = ada.with("EDITOR", env.root().dir.join("editor.sh"));
    let text = seen(
        &ada,
        &[
            "promptctl edit support/triage -m \"Kinder and shorter\"",
            "promptctl diff support/triage",
            "git push --quiet origin main",
            "promptctl publish support/triage -m \"Approved by support\"",
            "promptctl rollback support/triage -m \"Refuses refunds\"",
            "promptctl status",
        ],
    );
    let picture = Term::new().min_width_px(760).render_svg(text.trim_end());
    is_made(
        &top().join(".github/images/terminal.svg"),
        &format!("{}\n", picture.trim_end()),
    );
}

const STYLE: &str = "\
div.page { font: 14px/21px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; color: #1f2328; background: #ffffff; border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; box-sizing: border-box; width: 800px; }
h3 { font-size: 17px; margin: 0 0 12px; }
p, ul, table, pre { margin: 0 0 12px; }
table { border-collapse: collapse; }
th, td { border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left; }
code, pre { font: 12px/19px ui-monospace, Menlo, Consolas, monospace; background: #f0f2f4; border-radius: 6px; }
code { padding: 2px 4px; }
pre { padding: 10px; white-space: pre-wrap; }
ins { color: #116329; background: #dafbe1; text-decoration: none; }
del { color: #82071e; background: #ffebe9; }
";

/// How many pixels a comment needs: its blocks with the space around them, and lines of code.
fn height(page: &str) -> usize {
    let sizes = [
        ("<h3>", 33),
        ("<h4>", 60),
        ("<p>", 33),
        ("<ul>", 12),
        ("<li>", 21),
        ("<table>", 12),
        ("<tr>", 36),
        ("<pre>", 51),
    ];
    let blocks = sizes.map(|(tag, pixels)| page.matches(tag).count() * pixels);
    let code = page.split("<pre>").skip(1);
    let lines = code.map(|code| code.split("</pre>").next().unwrap().matches('\n').count() * 19);
    50 + blocks.iter().sum::<usize>() + lines.sum::<usize>()
}

/// A comment as GitHub shows it, with all its parts open.
fn as_picture(comment: &str) -> String {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(comment, Options::ENABLE_TABLES));
    for (from, to) in [
        ("<!-- promptctl diff -->\n", ""),
        ("<details>", "<div>"),
        ("</details>", "</div>"),
        ("<summary>", "<p>▾ "),
        ("</summary>", "</p>"),
    ] {
        page = page.replace(from, to);
    }
    let height = height(&page);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"{height}\">\n<foreignObject width=\"800\" height=\"{height}\">\n\
         <div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"page\">\n<style>\n{STYLE}</style>\n{}\n</div>\n</foreignObject>\n</svg>\n",
        page.trim()
    )
}

#[test]
fn readme_the_picture_of_the_comment_is_what_it_says() {
    if cfg!(windows) {
        skipped("git's folders differ here; the pictures are made elsewhere");
        return;
    }
    let env = TestEnv::new();
    let repo = env.repo();
    repo.add("support/triage", TRIAGE);
    repo.add(
        "support/reply",
        "model: openai/gpt-5-mini\nmessages:\n  - role: user\n    content: Answer {{name}} in one sentence.\n",
    );
    repo.ok("promptctl publish --quiet --all");
    repo.ok("git switch --quiet --create shorter");
    repo.replace(
        "prompts/support/triage.prompt.yml",
        "required: [ticket]",
        "required: [ticket, locale]",
    );
    repo.replace("prompts/support/triage.prompt.yml", ", default: en", "");
    repo.next_version(
        "support/triage",
        "billing or tech.",
        "billing, tech or sales.",
    );
    repo.next_version("support/reply", "one sentence", "two sentences");
    let comment = repo.ok("promptctl diff main...HEAD --format markdown");
    assert!(
        comment.contains("breaking") && comment.contains("wording"),
        "{comment}"
    );
    is_made(
        &top().join(".github/images/comment.svg"),
        &as_picture(&comment),
    );
}
