//! Small programs by chance: each calls a model with texts that it puts together in some way.

mod statements;

/// A row of numbers, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// A number below this one.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const TEXTS: &[&str] = &["s", "t", "u", "a", "b"];
const TARGETS: &[&str] = &["s", "t", "u", "s", "t", "a"];

/// Writes one program.
struct Writer {
    dice: Dice,
    is_python: bool,
    lines: Vec<String>,
    indent: usize,
    calls: usize,
    functions: usize,
    /// Names that are surely bound to a text.
    known: Vec<&'static str>,
}

/// A program of Python, whose `main` is called with a client.
pub(super) fn python(seed: u64) -> String {
    Writer::new(seed, true).program()
}

/// The same in JavaScript.
pub(super) fn script(seed: u64) -> String {
    Writer::new(seed, false).program()
}

impl Writer {
    fn new(seed: u64, is_python: bool) -> Self {
        Self {
            dice: Dice::new(seed),
            is_python,
            lines: Vec::new(),
            indent: 0,
            calls: 0,
            functions: 0,
            known: vec!["a", "b"],
        }
    }

    fn line(&mut self, line: impl AsRef<str>) {
        let end = if self.is_python || line.as_ref().ends_with(['{', '}']) {
            ""
        } else {
            ";"
        };
        self.lines.push(format!(
            "{}{}{end}",
            "    ".repeat(self.indent),
            line.as_ref()
        ));
    }

    fn choose(&mut self, python: &'static str, script: &'static str) -> &'static str {
        if self.is_python { python } else { script }
    }

    /// A block below a head.
    fn block(&mut self, head: &str, depth: usize, least: usize) {
        let open = if self.is_python { ":" } else { " {" };
        self.line(format!("{head}{open}"));
        self.indent += 1;
        let known = self.known.clone();
        for _ in 0..least + self.dice.below(2) {
            self.statement(depth + 1);
        }
        if least == 0 && self.is_python {
            self.line("pass");
        }
        self.known = known;
        self.indent -= 1;
        if !self.is_python {
            self.line("}");
        }
    }

    /// What a block that follows another goes on with.
    fn more(&mut self, head: &str, depth: usize) {
        if !self.is_python {
            self.lines.pop();
        }
        let open = if self.is_python { "" } else { "} " };
        self.block(&format!("{open}{head}"), depth, 1);
    }

    fn program(mut self) -> String {
        match self.is_python {
            true => {
                self.line("from openai import OpenAI");
                self.line("import textwrap");
            }
            false => self.line("import OpenAI from 'openai'"),
        }
        let text = self.literal();
        let of = self.choose("", "const ");
        self.line(format!("{of}C = {text}"));
        let (text, of) = (self.literal(), self.choose("", "let "));
        self.line(format!("{of}D = {text}"));
        match self.dice.below(6) {
            0 => {
                let text = self.literal();
                self.line(format!("D += {text}"));
            }
            1 => {
                let text = self.literal();
                self.line(format!("D = {text}"));
            }
            _ => {}
        }
        let map = format!("{{\"k\": {}, \"j\": {}}}", self.literal(), self.literal());
        let of = self.choose("", "const ");
        self.line(format!("{of}M = {map}"));
        if self.dice.below(4) == 0 {
            self.class();
        }
        match self.is_python {
            true => {
                self.line("def main(client, a, b, xs, k, f, o, d, hist):");
                self.line("    s = t = u = ''");
            }
            false => self.line("export function main(client, a, b, xs, k, f, o, d, hist) {"),
        }
        self.indent = 1;
        if !self.is_python {
            self.line("let s = '', t = '', u = ''");
        }
        for name in ["s", "t"] {
            if self.dice.below(3) > 0 {
                let text = self.text(0);
                self.line(format!("{name} = {text}"));
                self.known.push(name);
            }
        }
        for _ in 0..1 + self.dice.below(5) {
            self.statement(0);
        }
        self.call();
        if self.dice.below(3) == 0 {
            self.statement(0);
            self.call();
        }
        self.indent = 0;
        if !self.is_python {
            self.line("}");
        }
        self.lines.join("\n") + "\n"
    }

    /// A class whose text is sent by a method.
    fn class(&mut self) {
        let text = self.literal();
        let more = self.literal();
        let sent = self
            .dice
            .pick(&["self.p", "self.q", "self.p + self.q", "Desk.p"])
            .to_owned();
        let is_changed = self.dice.below(3) == 0;
        let number = self.calls;
        self.calls += 1;
        if self.is_python {
            self.line("class Desk:");
            self.line(format!("    p = {text}"));
            self.line("    def __init__(self, client):");
            self.line("        self.client = client");
            self.line(format!("        self.q = {more}"));
            self.line("    def send(self):");
            if is_changed {
                self.line("        self.q += \" and more\"");
            }
            self.line(format!(
                "        self.client.responses.create(number={number}, instructions={sent})"
            ));
        } else {
            let sent = sent.replace("self.", "this.").replace("Desk.p", "this.p");
            self.line("class Desk {");
            self.line(format!("    p = {text}"));
            self.line("    constructor(client) {");
            self.line("        this.client = client");
            self.line(format!("        this.q = {more}"));
            self.line("    }");
            self.line("    send() {");
            if is_changed {
                self.line("        this.q += \" and more\"");
            }
            self.line(format!(
                "        this.client.responses.create({{ number: {number}, instructions: {sent} }})"
            ));
            self.line("    }");
            self.line("}");
        }
    }

    fn name(&mut self) -> String {
        let index = self.dice.below(self.known.len() + 3);
        match self.known.get(index) {
            Some(name) => (*name).to_owned(),
            None => match self.dice.below(6) {
                0 => "C".to_owned(),
                1 | 2 => "D".to_owned(),
                3 => "o.x".to_owned(),
                4 => self
                    .dice
                    .pick(&["d[\"k\"]", "M[\"k\"]", "M[\"j\"]"])
                    .to_owned(),
                _ => self.dice.pick(TEXTS).to_owned(),
            },
        }
    }

    fn words(&mut self) -> String {
        const WORDS: &[&str] = &[
            "You are kind",
            "Be brief",
            "sort it",
            "Say no more",
            "as told",
            "Now",
        ];
        let mut words = self.dice.pick(WORDS).to_owned();
        if self.dice.below(3) == 0 {
            let odd: &[&str] = match self.is_python {
                true => &[
                    "\\n",
                    "\\t",
                    "\\x41",
                    "\\101",
                    "\\u00e9",
                    "\\U0001F600",
                    "\\N{EM DASH}",
                    "\\d",
                    "\\\\",
                    "\\0",
                    "{{",
                    "}}",
                    "%%",
                    "\\ud83d",
                    "\\r",
                    "é",
                    "{",
                    "%",
                    " ",
                    "#",
                    "\\'",
                    "\\\"",
                ],
                false => &[
                    "\\n",
                    "\\t",
                    "\\x41",
                    "\\0",
                    "\\u00e9",
                    "\\u{1F600}",
                    "\\uD83D\\uDE00",
                    "\\d",
                    "\\\\",
                    "{{",
                    "}}",
                    "%%",
                    "\\uD83D",
                    "\\r",
                    "é",
                    "{",
                    "%",
                    " ",
                    "//",
                    "\\'",
                    "\\\"",
                    "$",
                ],
            };
            words.push_str(self.dice.pick(odd));
            words.push(' ');
        }
        words
    }

    fn literal(&mut self) -> String {
        let words = self.words();
        match self.dice.below(if self.is_python { 8 } else { 6 }) {
            0 => format!("'{words}'"),
            1 if self.is_python => format!("\"\"\"{words}\n  {words}\"\"\""),
            2 if self.is_python => format!("r\"{}\"", words.replace(['\\', '"'], "")),
            3 if self.is_python => format!("\"{words}\" ' and so on'"),
            1 => format!("`{words}\n  and so on`"),
            _ => format!("\"{words}\""),
        }
    }

    /// A text that names values.
    fn filled(&mut self, depth: usize) -> String {
        let mut text = String::new();
        for _ in 0..1 + self.dice.below(3) {
            let words = self
                .words()
                .replace(['{', '}', '"', '\''], "")
                .replace("\\N", "");
            text.push_str(words.trim_end_matches('\\'));
            text.push(' ');
            let name = self.name().replace('"', "'");
            if self.is_python {
                let how = self
                    .dice
                    .pick(&["", "", "", "", "!r", ":>9", "=", ".upper()"]);
                let inner = match self.dice.below(8) {
                    0 => "k".to_owned(),
                    1 => "k + 1".to_owned(),
                    2 => format!("{name} or 'nobody at all'"),
                    3 => format!("{name} if f else 'no one else'"),
                    _ => format!("{name}{how}"),
                };
                text.push_str(&format!("{{{inner}}}"));
            } else {
                let inner = match self.dice.below(8) {
                    0 => "k".to_owned(),
                    1 => "k + 1".to_owned(),
                    2 => format!("{name} || 'nobody at all'"),
                    3 => format!("f ? {name} : 'no one else'"),
                    4 => format!("{name}.toUpperCase()"),
                    5 if depth < 2 => self.text(depth + 2),
                    _ => name,
                };
                text.push_str(&format!("${{{inner}}}"));
            }
        }
        if self.is_python {
            format!("f\"{text}{{{{x}}}}\"")
        } else {
            format!("`{text}{{{{x}}}}`")
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth > 2 {
            return match self.dice.below(2) {
                0 => self.name(),
                _ => self.literal(),
            };
        }
        let next = depth + 1;
        let is_python = self.is_python;
        match self.dice.below(18) {
            0 | 1 => self.literal(),
            2..=5 => self.filled(depth),
            6 | 7 => format!("{} + {}", self.text(next), self.text(next)),
            8 if is_python => format!(
                "(\"Ask %s for 100%% of %s\" % ({}, {}))",
                self.name(),
                self.name()
            ),
            9 if is_python => format!(
                "\"Ask {{}} and {{n}} {{{{x}}}} {{n!r}}\".format({}, n={})",
                self.name(),
                self.name()
            )
            .replace(
                "{} and",
                if self.dice.below(2) == 0 {
                    "{} and"
                } else {
                    "{0} and"
                },
            ),
            10 if is_python => format!(
                "\"You know {{k}} and {{q}}\".format(q={}, **d)",
                self.name()
            ),
            8 => format!("1 + 2 + {}", self.literal()),
            9 => format!("{} + 1 + 2", self.literal()),
            10 => format!("k + k + {}", self.literal()),
            11 => {
                let (one, other) = (self.text(next), self.text(next));
                match is_python {
                    true => format!("\"; \".join([{one}, {other}])"),
                    false => format!("[{one}, {other}].join(\"; \")"),
                }
            }
            12 => {
                let text = self.literal();
                let how = self.choose(".strip()", ".trim()");
                format!("({text}){how}")
            }
            13 => {
                let text = self.literal();
                let with = self.text(next);
                format!("({text}).replace(\"it\", {with})")
            }
            14 => match is_python {
                true => format!("({} if f else {})", self.text(next), self.text(next)),
                false => format!("(f ? {} : {})", self.text(next), self.text(next)),
            },
            15 => {
                let or = self.choose("or", "||");
                format!("({} {or} {})", self.name(), self.text(next))
            }
            16 if is_python => {
                format!(
                    "textwrap.dedent(\"\"\"\\\n        You are told\n          {}\n        \"\"\")",
                    "Be brief"
                )
            }
            _ => self.name(),
        }
    }

    fn know(&mut self, name: &'static str) {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
    }
}
