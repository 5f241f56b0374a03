//! Expressions of Jinja and Nunjucks.

mod filter;

use std::ops::Range;

use serde_json::{Number, Value};

use super::differs::{OF_MAPS, Order, functions, is_one_or_zero, order};
use super::print::can_be_quoted;
use super::tokens::{Token, tokens};
use super::tree::{Expr, Key, LoopValue, Note};
use super::{COMPUTE, Known, Mistake, beyond, is_name, variable};

/// How deep brackets may nest.
const MAX_DEPTH: usize = 40;

/// Reads the expressions of one tag.
pub(super) struct Parser<'k> {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    /// Where the tag ends.
    end: usize,
    is_nunjucks: bool,
    known: &'k Known,
    depth: usize,
    /// How many loops are open.
    pub(super) loops: usize,
    pub(super) notes: Vec<Note>,
}

impl<'k> Parser<'k> {
    /// The parser of `text`, which stands at `offset`.
    pub(super) fn new(
        text: &str,
        offset: usize,
        is_nunjucks: bool,
        known: &'k Known,
        loops: usize,
    ) -> Result<Self, Mistake> {
        Ok(Self {
            tokens: tokens(text, offset)?,
            at: 0,
            end: offset + text.len(),
            is_nunjucks,
            known,
            depth: 0,
            loops,
            notes: Vec::new(),
        })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn place(&self) -> Range<usize> {
        self.tokens
            .get(self.at)
            .map_or(self.end..self.end, |(_, at)| at.clone())
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(it)) if *it == sign)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Name(name)) if name == word);
        self.at += usize::from(is_it);
        is_it
    }

    /// A name as it stands.
    pub(super) fn word(&mut self) -> Result<(String, Range<usize>), Mistake> {
        let at = self.place();
        match self.peek() {
            Some(Token::Name(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok((name, at))
            }
            _ => Err(Mistake::new(
                at,
                "a name is wanted here",
                "the template's own language refuses this, too",
            )),
        }
    }

    /// The text in quotes that is all of the tag.
    pub(super) fn only_text(&self) -> Option<String> {
        match self.tokens.as_slice() {
            [(Token::Text(text), _)] => Some(text.clone()),
            _ => None,
        }
    }

    fn note(&mut self, at: Range<usize>, message: &str, decides: bool) {
        self.notes.push(Note {
            at,
            message: message.to_owned(),
            decides,
        });
    }

    /// The end of the tag.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        let at = self.place();
        let Some((token, _)) = self.tokens.get(self.at) else {
            return Ok(());
        };
        Err(match token {
            Token::Sign(sign) => beyond(at, &format!("`{sign}`")),
            Token::Name(name) => beyond(at, &format!("`{name}`")),
            Token::Number(_) | Token::Text(_) => Mistake::new(
                at,
                "this does not belong here",
                "the template's own language refuses this, too",
            ),
        })
    }

    /// A condition, judged as true or false.
    pub(super) fn condition(&mut self) -> Result<Expr, Mistake> {
        self.enter()?;
        let mut all = vec![self.conjunction()?];
        while self.take_word("or") || self.take_sign("||") {
            all.push(self.conjunction()?);
        }
        self.depth -= 1;
        Ok(united("or", all))
    }

    fn conjunction(&mut self) -> Result<Expr, Mistake> {
        let mut all = vec![self.negation()?];
        while self.take_word("and") || self.take_sign("&&") {
            all.push(self.negation()?);
        }
        Ok(united("and", all))
    }

    fn negation(&mut self) -> Result<Expr, Mistake> {
        if self.take_word("not") {
            self.enter()?;
            let inner = self.negation()?;
            self.depth -= 1;
            return Ok(Expr::Call("not", vec![inner]));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expr, Mistake> {
        let left = self.value()?;
        let signs = [
            ("===", "eq"),
            ("!==", "ne"),
            ("==", "eq"),
            ("!=", "ne"),
            ("<=", "lte"),
            (">=", "gte"),
            ("<", "lt"),
            (">", "gt"),
        ];
        for (sign, helper) in signs {
            let at = self.place();
            if self.take_sign(sign) {
                if sign.len() == 3 && !self.is_nunjucks {
                    return Err(beyond(at, &format!("`{sign}`")));
                }
                if matches!(sign, "==" | "!=") && self.is_nunjucks {
                    let message = "`==` takes 5 for the text \"5\" there, and not here";
                    self.note(at.clone(), message, true);
                }
                let right = self.value()?;
                match sign {
                    "<" | "<=" | ">" | ">=" => self.ordered(&left, &right, sign, at)?,
                    _ if !self.is_nunjucks => self.equal(&left, &right, at),
                    _ => {}
                }
                let at = self.place();
                if signs.iter().any(|(sign, _)| self.is_sign(sign)) {
                    return Err(beyond(at, "a chain of comparisons"));
                }
                return Ok(Expr::Call(helper, vec![left, right]));
            }
        }
        let at = self.place();
        if let Some(Token::Name(name)) = self.peek()
            && matches!(name.as_str(), "in" | "is" | "not")
        {
            return Err(beyond(at, &format!("`{name}`")));
        }
        Ok(left)
    }

    /// Notes where `==` may decide another way than Python's.
    fn equal(&mut self, left: &Expr, right: &Expr, at: Range<usize>) {
        let is_known = |expr: &Expr| matches!(expr, Expr::Literal(_) | Expr::Call(..));
        let decides = is_one_or_zero(left) || is_one_or_zero(right);
        if decides || !(is_known(left) || is_known(right)) {
            let message = "`==` takes true for 1 and false for 0 there, and not here";
            self.note(at, message, decides);
        }
    }

    /// Refuses or names what `<` orders another way.
    fn ordered(
        &mut self,
        left: &Expr,
        right: &Expr,
        sign: &str,
        at: Range<usize>,
    ) -> Result<(), Mistake> {
        match order(left, right, self.known) {
            Order::Same => Ok(()),
            Order::Doubtful => {
                let message = "two texts that are numbers, such as \"10\" and \"9\", are ordered as texts there, and as numbers here";
                self.note(at, message, true);
                Ok(())
            }
            Order::Other => Err(beyond(
                at,
                &format!(
                    "`{sign}` between texts, which orders those that are numbers as numbers here: it"
                ),
            )),
        }
    }

    /// A value with its filters.
    pub(super) fn value(&mut self) -> Result<Expr, Mistake> {
        let outer = self.depth;
        self.enter()?;
        let mut value = self.primary()?;
        while self.is_sign("|") {
            self.at += 1;
            // Each filter holds what stands before it.
            self.enter()?;
            value = self.filter(value)?;
        }
        let at = self.place();
        if let Some(Token::Sign(sign)) = self.peek()
            && matches!(*sign, "+" | "-" | "*" | "/" | "//" | "**" | "%" | "~")
        {
            return Err(beyond(at, &format!("`{sign}`")));
        }
        self.depth = outer;
        Ok(value)
    }

    fn enter(&mut self) -> Result<(), Mistake> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(Mistake::new(
                self.place(),
                "brackets nest too deeply",
                COMPUTE,
            )),
            false => Ok(()),
        }
    }

    fn primary(&mut self) -> Result<Expr, Mistake> {
        let at = self.place();
        let Some((token, _)) = self.tokens.get(self.at).cloned() else {
            return Err(Mistake::new(
                at,
                "a value is missing here",
                "the template's own language refuses this, too",
            ));
        };
        self.at += 1;
        match token {
            Token::Text(text) => {
                if !can_be_quoted(&text) {
                    return Err(beyond(at, "a text with these signs in a tag"));
                }
                Ok(Expr::Literal(Value::String(text)))
            }
            // JavaScript has no whole numbers of their own.
            Token::Number(number)
                if self.is_nunjucks && number.as_u64().is_some_and(|it| it >= 1 << 53) =>
            {
                Err(beyond(at, "this number"))
            }
            Token::Number(number) => Ok(Expr::Literal(Value::Number(number))),
            Token::Sign("(") => {
                let inner = self.condition()?;
                if !self.take_sign(")") {
                    return Err(beyond(self.place(), "this"));
                }
                Ok(inner)
            }
            Token::Sign("-") => match self.negated()? {
                Expr::Literal(Value::Number(number)) => {
                    let negative = match number.as_i64().and_then(i64::checked_neg) {
                        Some(whole) => Some(Number::from(whole)),
                        None => number
                            .as_f64()
                            .filter(|_| number.is_f64())
                            .and_then(|float| Number::from_f64(-float)),
                    };
                    negative
                        .map(|number| Expr::Literal(Value::Number(number)))
                        .ok_or_else(|| beyond(at, "this number"))
                }
                _ => Err(beyond(at, "`-`")),
            },
            Token::Sign(sign) => Err(beyond(at, &format!("`{sign}`"))),
            Token::Name(name) => match name.as_str() {
                "true" => Ok(Expr::Literal(Value::Bool(true))),
                "false" => Ok(Expr::Literal(Value::Bool(false))),
                "none" => Ok(Expr::Literal(Value::Null)),
                "null" if self.is_nunjucks => Ok(Expr::Literal(Value::Null)),
                // To the other language these are variables.
                "True" | "False" | "None" if self.is_nunjucks => {
                    Err(beyond(at, &format!("`{name}`")))
                }
                "True" => Ok(Expr::Literal(Value::Bool(true))),
                "False" => Ok(Expr::Literal(Value::Bool(false))),
                "None" => Ok(Expr::Literal(Value::Null)),
                "self" if !self.is_nunjucks => Err(beyond(at, "`self`")),
                "loop" if self.loops > 0 => self.of_loop(at),
                "not" | "and" | "or" | "in" | "is" | "if" | "else" => {
                    Err(beyond(at, &format!("`{name}`")))
                }
                _ => self.path(name, at),
            },
        }
    }

    /// What stands behind a minus sign.
    fn negated(&mut self) -> Result<Expr, Mistake> {
        self.enter()?;
        let value = self.primary()?;
        self.depth -= 1;
        Ok(value)
    }

    fn of_loop(&mut self, start: Range<usize>) -> Result<Expr, Mistake> {
        let what = match self.take_sign(".") {
            true => self.word()?.0,
            false => String::new(),
        };
        Ok(Expr::Loop(match what.as_str() {
            "index" => {
                return Err(Mistake::new(
                    start,
                    "`loop.index` counts from 1, and `@index` here from 0",
                    "use loop.index0, or give each item its number",
                ));
            }
            "index0" => LoopValue::Index,
            "first" => LoopValue::First,
            "last" => LoopValue::Last,
            _ => return Err(beyond(start, &format!("`loop.{what}`"))),
        }))
    }

    fn path(&mut self, name: String, start: Range<usize>) -> Result<Expr, Mistake> {
        if self.known.has_environment && name == "env" {
            return Err(Mistake::new(
                start,
                "`env` is the environment there, which is never read here",
                "give the value as a variable of another name",
            ));
        }
        let name = variable(&name, start.clone())?;
        if functions(self.is_nunjucks).contains(&name.as_str()) {
            let message = format!("`{name}` is a function there where nobody gives a value");
            self.note(start, &message, false);
        }
        let mut keys = Vec::new();
        loop {
            let at = self.place();
            if self.take_sign(".") {
                match self.tokens.get(self.at).map(|(token, _)| token.clone()) {
                    Some(Token::Name(key))
                        if !self.is_nunjucks
                            && (OF_MAPS.contains(&key.as_str()) || key.starts_with("__")) =>
                    {
                        return Err(Mistake::new(
                            at,
                            format!("`.{key}` is a function of Python's and no key"),
                            "write the key in brackets: `x['key']`",
                        ));
                    }
                    Some(Token::Name(key)) if self.is_nunjucks && key == "length" => {
                        self.at += 1;
                        self.note(
                            at,
                            "`.length` is how long a text or list is there, and a key of a map",
                            false,
                        );
                        let value = Expr::Path(name, keys);
                        return Ok(Expr::Call("length", vec![value]));
                    }
                    Some(Token::Name(key)) => keys.push(Key::Name(key)),
                    Some(Token::Number(number)) if number.as_u64().is_some() => {
                        keys.extend(number.as_u64().map(Key::Index));
                    }
                    _ => return Err(Mistake::new(at, "a key is missing after `.`", COMPUTE)),
                }
                self.at += 1;
            } else if self.take_sign("[") {
                let inside = self.place();
                let key = match self.tokens.get(self.at).map(|(token, _)| token.clone()) {
                    // Here it would be the place in a list.
                    Some(Token::Text(key))
                        if !self.is_nunjucks && key.bytes().all(|byte| byte.is_ascii_digit()) =>
                    {
                        return Err(beyond(inside, "a number in quotes as a key"));
                    }
                    Some(Token::Text(key))
                        if is_name(&key) || !key.contains(['[', ']', '{', '}', '"', '\'']) =>
                    {
                        Key::Name(key)
                    }
                    Some(Token::Number(number)) => match number.as_u64() {
                        Some(index) => Key::Index(index),
                        None => return Err(beyond(inside, "this key")),
                    },
                    _ => return Err(beyond(inside, "a computed key")),
                };
                self.at += 1;
                if !self.take_sign("]") {
                    return Err(beyond(self.place(), "a slice or a computed key"));
                }
                keys.push(key);
            } else if self.is_sign("(") {
                return Err(beyond(at, "a call"));
            } else {
                break;
            }
        }
        Ok(Expr::Path(name, keys))
    }
}

fn united(helper: &'static str, mut all: Vec<Expr>) -> Expr {
    match all.len() {
        1 => all.remove(0),
        _ => Expr::Call(helper, all),
    }
}
