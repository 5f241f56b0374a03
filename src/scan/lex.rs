//! Tokens of any language that quotes texts and pairs brackets: enough to find the map that a text
//! stands in, in time that grows with the text alone.

/// How far a text with line ends in it may reach, in bytes.
const LONGEST_TEXT: usize = 64 << 10;

/// How many open brackets are looked through for the partner of a closing one.
const NEAREST_OPEN: usize = 64;

/// No token.
pub(super) const NONE: usize = usize::MAX;

/// What matters of a language for reading its tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Language {
    /// `#` begins a comment.
    hash: bool,
    /// `//` begins a comment, `/*` too.
    slashes: bool,
    /// Texts may hold line ends, and texts side by side are one.
    shell: bool,
    /// `/` may begin a regular expression.
    regex: bool,
    /// Indentation says what belongs together.
    pub(super) is_yaml: bool,
    /// A name before `:` in a map is a variable, and not the key itself.
    pub(super) has_computed_keys: bool,
    /// The file holds settings and no code.
    pub(super) is_settings: bool,
}

impl Language {
    pub(super) fn of(path: &str) -> Self {
        let name = path
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or(path)
            .to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let none = Self::default();
        if name.starts_with(".env") || name.starts_with("dockerfile") || name.ends_with(".env") {
            return Self {
                hash: true,
                is_settings: true,
                ..none
            };
        }
        match ending {
            "py" | "pyi" => Self {
                hash: true,
                has_computed_keys: true,
                ..none
            },
            "rb" | "r" | "ex" | "exs" | "jl" => Self { hash: true, ..none },
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte" => {
                Self {
                    slashes: true,
                    regex: true,
                    ..none
                }
            }
            "go" | "java" | "kt" | "kts" | "rs" | "cs" | "c" | "h" | "cc" | "cpp" | "swift"
            | "scala" | "dart" => Self {
                slashes: true,
                ..none
            },
            "php" => Self {
                slashes: true,
                hash: true,
                ..none
            },
            "json" | "jsonc" | "json5" | "jsonl" => Self {
                slashes: ending != "json",
                is_settings: true,
                ..none
            },
            "tf" | "tfvars" | "hcl" => Self {
                slashes: true,
                hash: true,
                is_settings: true,
                ..none
            },
            "toml" | "ini" | "cfg" | "conf" | "properties" => Self {
                hash: true,
                is_settings: true,
                ..none
            },
            "yml" | "yaml" => Self {
                hash: true,
                is_yaml: true,
                is_settings: true,
                ..none
            },
            "sh" | "bash" | "zsh" | "fish" | "ps1" => Self {
                hash: true,
                shell: true,
                ..none
            },
            _ => none,
        }
    }

    /// Whether names in capitals are variables of the environment here: in shell scripts, and in
    /// prose that shows some.
    pub(super) fn has_variables_of_environment(self) -> bool {
        self.is_settings || self.shell || !(self.hash || self.slashes)
    }

    /// Whether the file holds code alone, whose names stand for values.
    pub(super) fn is_pure_code(self) -> bool {
        (self.hash || self.slashes) && !self.shell && !self.is_settings
    }

    /// Whether this is JavaScript or TypeScript, whose maps never write `=`.
    pub(super) fn is_script(self) -> bool {
        self.regex
    }

    /// Whether indentation says where a function ends, or shows it.
    pub(super) fn is_indented(self) -> bool {
        self.hash && !self.slashes && !self.shell && !self.is_settings
    }

    /// Whether files of this name hold code that could read the environment.
    pub(super) fn is_code(path: &str) -> bool {
        let language = Self::of(path);
        (language.hash || language.slashes) && !language.is_settings || language.is_yaml
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A quoted text; the token is what stands between the quotes.
    Text,
    /// A name, also one with `$`.
    Word,
    Number,
    Open(u8),
    Close(u8),
    /// `:`, `=`, `,`, `;`, `.`; other signs are `?`.
    Mark(u8),
    /// `...` or `**`.
    Spread,
    /// `=>`.
    Arrow,
    /// The end of a line.
    Line,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The bracket that it stands in.
    pub(super) parent: usize,
    /// For a bracket, the other one of the pair.
    pub(super) partner: usize,
}

/// The tokens of a text, with brackets paired as well as they can be.
pub(super) fn tokens(text: &str, language: Language) -> Vec<Token> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
        language,
        tokens: Vec::with_capacity(text.len() / 6),
        no_end: [0; 6],
    };
    lexer.run();
    let mut tokens = lexer.tokens;
    pair(&mut tokens);
    tokens
}

fn pair(tokens: &mut [Token]) {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..tokens.len() {
        match tokens[index].kind {
            Kind::Open(_) => {
                tokens[index].parent = open.last().copied().unwrap_or(NONE);
                open.push(index);
            }
            Kind::Close(sign) => {
                let near = open.len().saturating_sub(NEAREST_OPEN);
                let found = open[near..]
                    .iter()
                    .rposition(|&at| tokens[at].kind == Kind::Open(sign))
                    .map(|at| near + at);
                if let Some(found) = found {
                    let partner = open[found];
                    for &left in &open[found + 1..] {
                        tokens[left].partner = index;
                    }
                    open.truncate(found);
                    tokens[partner].partner = index;
                    tokens[index].partner = partner;
                }
                tokens[index].parent = open.last().copied().unwrap_or(NONE);
            }
            _ => tokens[index].parent = open.last().copied().unwrap_or(NONE),
        }
    }
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    language: Language,
    tokens: Vec<Token>,
    /// Up to where it is known that no text ends, by quote and by whether it may span lines: each
    /// byte is looked at a few times and not once for every quote before it.
    no_end: [usize; 6],
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            match byte {
                b'\n' => self.push(Kind::Line, start, start + 1),
                b'#' if self.language.hash => self.skip_line(),
                b'/' if self.language.slashes && self.next_is(b"//") => self.skip_line(),
                b'/' if self.language.slashes && self.next_is(b"/*") => {
                    let rest = &self.bytes[start + 2..];
                    let length =
                        memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
                    self.at = start + 2 + length;
                }
                b'/' if self.language.regex && self.may_begin_regex() => self.regex(),
                // The fence of Markdown.
                b'`' if self.next_is(b"```") => self.push(Kind::Mark(b'?'), start, start + 3),
                b'"' | b'\'' | b'`' => self.text(byte),
                b'{' | b'[' | b'(' => self.push(Kind::Open(byte), start, start + 1),
                b'}' => self.push(Kind::Close(b'{'), start, start + 1),
                b']' => self.push(Kind::Close(b'['), start, start + 1),
                b')' => self.push(Kind::Close(b'('), start, start + 1),
                b'.' if self.next_is(b"...") => self.push(Kind::Spread, start, start + 3),
                b'*' if self.next_is(b"**") => self.push(Kind::Spread, start, start + 2),
                b'=' if self.next_is(b"=>") => self.push(Kind::Arrow, start, start + 2),
                b'=' if self.next_is(b"===") => self.push(Kind::Mark(b'?'), start, start + 3),
                b'=' | b'!' | b'<' | b'>' if self.bytes.get(start + 1) == Some(&b'=') => {
                    self.push(Kind::Mark(b'?'), start, start + 2);
                }
                b':' if self.next_is(b":=") => self.push(Kind::Mark(b'='), start, start + 2),
                b':' if self.next_is(b"::") => self.push(Kind::Mark(b'.'), start, start + 2),
                b'?' if self.next_is(b"?.") => self.push(Kind::Mark(b'.'), start, start + 2),
                b':' | b'=' | b',' | b';' | b'.' => self.push(Kind::Mark(byte), start, start + 1),
                b'0'..=b'9' => self.word(Kind::Number),
                b'_' | b'$' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.word(Kind::Word),
                b' ' | b'\t' | b'\r' | b'\\' | 0 => self.at += 1,
                _ => self.push(Kind::Mark(b'?'), start, start + 1),
            }
        }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token {
            kind,
            start,
            end,
            parent: NONE,
            partner: NONE,
        });
        self.at = end;
    }

    fn next_is(&self, sign: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(sign)
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn word(&mut self, kind: Kind) {
        let start = self.at;
        let is_part = |byte: &&u8| {
            byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'$') || **byte >= 0x80
        };
        let length = self.bytes[start..].iter().take_while(is_part).count();
        self.push(kind, start, start + length);
    }

    /// Whether a value may begin here, so that `/` is not a division.
    fn may_begin_regex(&self) -> bool {
        match self.tokens.last().map(|token| token.kind) {
            None | Some(Kind::Open(_) | Kind::Mark(_) | Kind::Arrow | Kind::Line) => true,
            Some(Kind::Word) => self.bytes[..self.at].trim_ascii_end().ends_with(b"return"),
            _ => false,
        }
    }

    fn regex(&mut self) {
        let mut at = self.at + 1;
        let mut is_in_class = false;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'[' => is_in_class = true,
                b']' => is_in_class = false,
                b'/' if !is_in_class => {
                    self.push(Kind::Mark(b'?'), self.at, at + 1);
                    return;
                }
                b'\n' => break,
                _ => {}
            }
            at += 1;
        }
        // It was a division after all.
        self.push(Kind::Mark(b'?'), self.at, self.at + 1);
    }

    fn text(&mut self, quote: u8) {
        let start = self.at;
        // `f"…"`, `r'…'`: the letter belongs to the text.
        if let Some(last) = self.tokens.last()
            && last.kind == Kind::Word
            && last.end == start
            && last.end - last.start <= 2
        {
            self.tokens.pop();
        }
        let triple = [quote; 3];
        if self.next_is(&triple) && quote != b'`' {
            let rest = &self.bytes[start + 3..];
            let length = memchr::memmem::find(rest, &triple).unwrap_or(rest.len());
            self.push(Kind::Text, start + 3, start + 3 + length);
            self.at = (start + 6 + length).min(self.bytes.len());
            return;
        }
        let Some(mut end) = self.closing(start + 1, quote) else {
            // An apostrophe in prose.
            self.at = start + 1;
            return;
        };
        while self.language.shell
            && let Some(&next @ (b'"' | b'\'')) = self.bytes.get(end + 1)
            && let Some(further) = self.closing(end + 2, next)
        {
            end = further;
        }
        self.push(Kind::Text, start + 1, end);
        self.at = end + 1;
    }

    /// The quote that ends a text which begins at `from`.
    fn closing(&mut self, from: usize, quote: u8) -> Option<usize> {
        let spans_lines = quote == b'`'
            || self.language.shell
            || matches!(self.bytes.get(from), Some(b'{' | b'[' | b'\n'));
        let known = match quote {
            b'"' => 0,
            b'\'' => 2,
            _ => 4,
        } + usize::from(spans_lines);
        if from < self.no_end[known] {
            return None;
        }
        let limit = self.bytes.len().min(from + LONGEST_TEXT);
        let escapes = !(self.language.shell && quote == b'\'');
        let mut at = from;
        while at < limit {
            match self.bytes[at] {
                b'\\' if escapes => at += 1,
                b'\n' if !spans_lines => break,
                byte if byte == quote => return Some(at),
                _ => {}
            }
            at += 1;
        }
        self.no_end[known] = at;
        None
    }
}
