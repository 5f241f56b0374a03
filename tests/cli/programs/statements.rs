//! Statements and calls by chance.

use super::{TARGETS, TEXTS, Writer};

impl Writer {
    pub(super) fn statement(&mut self, depth: usize) {
        let target = self.dice.pick(TARGETS);
        let most = if depth > 2 { 6 } else { 30 };
        let is_python = self.is_python;
        match self.dice.below(most) {
            0..=2 => {
                let text = self.text(0);
                self.line(format!("{target} = {text}"));
                self.know(target);
            }
            3 | 4 => {
                let target = self.known[self.dice.below(self.known.len())];
                let text = self.text(1);
                self.line(format!("{target} += {text}"));
            }
            5 => {
                let target = self.known[self.dice.below(self.known.len())];
                match is_python {
                    true => self.line(format!("{target} *= 2")),
                    false => {
                        let (how, text) = (self.dice.pick(&["||=", "&&=", "??="]), self.literal());
                        self.line(format!("{target} {how} {text}"));
                    }
                }
            }
            6 | 7 => {
                let head = self.choose("if f", "if (f)");
                self.block(head, depth, 1);
                if self.dice.below(2) == 0 {
                    self.more("else", depth);
                }
            }
            8 => match is_python {
                true => self.block(&format!("for {target} in xs"), depth, 1),
                false => match self.dice.below(2) {
                    0 => self.block(&format!("for ({target} of xs)"), depth, 1),
                    _ => self.block(&format!("for (const {target} of xs)"), depth, 1),
                },
            },
            9 => {
                let head = self.choose("for i in range(2)", "for (let i = 0; i < 2; i++)");
                self.block(head, depth, 1);
            }
            10 if is_python => self.block(&format!("with d[\"c\"]() as {target}"), depth, 1),
            11 => match is_python {
                true => {
                    self.block("try", depth, 1);
                    self.more(&format!("except ValueError as {target}"), depth);
                }
                false => {
                    self.block("try", depth, 1);
                    self.more(&format!("catch ({target})"), depth);
                }
            },
            10 | 12 => {
                let text = self.text(1);
                match is_python {
                    true => self.line(format!("{target}, u = {text}, a")),
                    false => self.line(format!("[{target}, u] = [{text}, a]")),
                }
                self.know(target);
            }
            13 => {
                let text = self.text(1);
                self.functions += 1;
                let name = format!("g{}", self.functions);
                let inner = self.dice.pick(&["s", "t", "a"]);
                if is_python {
                    self.line(format!("def {name}():"));
                    self.line(format!("    nonlocal {inner}"));
                    self.line(format!("    {inner} = {text}"));
                } else {
                    self.line(format!("const {name} = () => {{"));
                    self.line(format!("    {inner} = {text}"));
                    self.line("}");
                }
                if self.dice.below(3) > 0 {
                    self.line(format!("{name}()"));
                }
            }
            14 => {
                self.functions += 1;
                let name = format!("h{}", self.functions);
                let known = self.known.clone();
                match is_python {
                    true => self.line(format!("def {name}():")),
                    false => self.line(format!("const {name} = () => {{")),
                }
                self.indent += 1;
                if self.dice.below(3) == 0 {
                    self.statement(3);
                }
                self.call();
                self.indent -= 1;
                if !is_python {
                    self.line("}");
                }
                self.known = known;
                if self.dice.below(2) == 0 {
                    self.statement(depth + 1);
                }
                self.line(format!("{name}()"));
            }
            15 if is_python => {
                let text = self.text(1);
                self.block(&format!("if ({target} := {text})"), depth, 1);
                self.know(target);
            }
            16 if is_python => {
                let text = self.literal();
                self.functions += 1;
                self.line(format!("def g{}():", self.functions));
                self.line("    global D");
                self.line(format!("    D = {text}"));
                self.line(format!("g{}()", self.functions));
            }
            15 | 16 => {
                let text = self.literal();
                self.line(format!("D = {text}"));
            }
            17 if is_python => {
                self.line("match a:");
                self.line(format!("    case {target}:"));
                self.line("        pass");
            }
            17 => {
                self.line("switch (k) {");
                self.line(format!("    case 3: {target} = \"x\""));
                self.line("    default: {");
                self.line("    }");
                self.line("}");
            }
            18 => {
                let text = self.text(1);
                self.line(format!("o.x = {text}"));
            }
            19 => {
                let (map, text) = (self.dice.pick(&["d", "M"]), self.text(1));
                self.line(format!("{map}[\"k\"] = {text}"));
            }
            20 | 21 => self.conversation(),
            22 => {
                let name = self.dice.pick(TEXTS);
                match is_python {
                    true => self.line(format!("w = [{name} for {name} in xs]")),
                    false => self.line(format!(
                        "const w{} = xs.map({name} => {name})",
                        self.lines.len()
                    )),
                }
            }
            23 => self.call(),
            24 if !is_python => {
                let text = self.text(1);
                self.line(format!("{{ let {target} = {text}; {target} += \"!\"; }}"));
            }
            25 if !is_python => self.line(format!("({target} = \"changed\", 1)")),
            24 if is_python => {
                self.block("while f", depth, 1);
                self.line("    break");
            }
            _ => {
                let text = self.text(1);
                self.line(format!("{target} = {text}"));
                self.know(target);
            }
        }
    }

    fn message(&mut self, role: &str) -> String {
        let text = self.text(1);
        let more = match self.dice.below(12) {
            0 => format!(", \"content\": {}", self.literal()),
            1 if self.is_python => ", **d[\"e\"]".to_owned(),
            1 => ", ...d[\"e\"]".to_owned(),
            _ => String::new(),
        };
        format!("{{\"role\": \"{role}\", \"content\": {text}{more}}}")
    }

    /// A list of messages that is put together in steps, and sent.
    fn conversation(&mut self) {
        let name = format!("m{}", self.lines.len());
        let spread = self.choose("*hist", "...hist");
        let first = self.message("system");
        let of = self.choose("", "const ");
        match self.dice.below(3) {
            0 => self.line(format!("{of}{name} = [{first}, {spread}]")),
            1 if self.is_python => {
                let last = self.message("user");
                self.line(format!("{name} = [{first}] + hist + [{last}]"));
            }
            _ => self.line(format!("{of}{name} = [{first}]")),
        }
        for _ in 0..self.dice.below(3) {
            let more = self.message("user");
            let python = self.is_python;
            match self.dice.below(9) {
                0 if python => self.line(format!("{name} += [{more}]")),
                1 if python => self.line(format!("{name}.insert(0, {more})")),
                1 => self.line(format!("{name}.unshift({more})")),
                2 => self.line(format!("{name}[0][\"content\"] = \"something else\"")),
                3 if python => self.line(format!("if f: {name}.append({more})")),
                3 => self.line(format!("if (f) {name}.push({more})")),
                4 => {
                    let text = self.text(1);
                    self.line(format!("s = {text}"));
                    self.know("s");
                }
                5 => {
                    let of = self.choose("", "const ");
                    self.line(format!("{of}{name}z = {name}"));
                    let how = self.choose("append", "push");
                    self.line(format!("{name}z.{how}({more})"));
                }
                _ => {
                    let how = self.choose("append", "push");
                    self.line(format!("{name}.{how}({more})"));
                }
            }
        }
        self.send_messages(&name);
    }

    fn send_messages(&mut self, list: &str) {
        let number = self.calls;
        self.calls += 1;
        match self.is_python {
            true => self.line(format!(
                "client.chat.completions.create(number={number}, messages={list})"
            )),
            false => self.line(format!(
                "client.chat.completions.create({{ number: {number}, messages: {list} }})"
            )),
        }
    }

    pub(super) fn call(&mut self) {
        match self.dice.below(6) {
            0 => {
                let list = match (self.is_python, self.dice.below(2)) {
                    (true, 0) => format!(
                        "[{}] + hist + [{}]",
                        self.message("system"),
                        self.message("user")
                    ),
                    (true, _) => format!("[{}, *hist, o.m]", self.message("system")),
                    (false, 0) => format!(
                        "[{}].concat(hist, [{}])",
                        self.message("system"),
                        self.message("user")
                    ),
                    (false, _) => format!("[{}, ...hist, o.m]", self.message("system")),
                };
                return self.send_messages(&list);
            }
            1 => return self.conversation(),
            2 => {
                let (text, name) = (self.text(0), format!("p{}", self.lines.len()));
                let of = self.choose("", "const ");
                self.line(format!("{of}{name} = {{\"instructions\": {text}}}"));
                if self.dice.below(3) == 0 {
                    let other = self.literal();
                    self.line(format!("{name}[\"instructions\"] = {other}"));
                }
                let number = self.calls;
                self.calls += 1;
                return match self.is_python {
                    true => self.line(format!(
                        "client.responses.create(number={number}, **{name})"
                    )),
                    false => self.line(format!(
                        "client.responses.create({{ number: {number}, ...{name} }})"
                    )),
                };
            }
            _ => {}
        }
        let number = self.calls;
        self.calls += 1;
        let (one, other) = (self.text(0), self.text(1));
        match self.is_python {
            true => self.line(format!(
                "client.responses.create(number={number}, instructions={one}, input={other})"
            )),
            false => self.line(format!(
                "client.responses.create({{ number: {number}, instructions: {one}, input: {other} }})"
            )),
        }
    }
}
