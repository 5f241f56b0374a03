//! Expressions of Jinja and Nunjucks.

use std::ops::Range;

use serde_json::{Number, Value};

use super::print::can_be_quoted;
use super::tokens::{Token, tokens};
use super::tree::{Expr, Key, LoopValue, Note};
use super::{COMPUTE, Mistake, beyond, is_name, variable};

/// How deep brackets may nest.
const MAX_DEPTH: usize = 40;

/// Reads the expressions of one tag.
pub(super) struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    /// Where the tag ends.
    end: usize,
    is_nunjucks: bool,
    depth: usize,
    /// How many loops are open.
    pub(super) loops: usize,
    pub(super) notes: Vec<Note>,
}

impl Parser {
    /// The parser of `text`, which stands at `offset`.
    pub(super) fn new(
        text: &str,
        offset: usize,
        is_nunjucks: bool,
        loops: usize,
    ) -> Result<Self, Mistake> {
        Ok(Self {
            tokens: tokens(text, offset)?,
            at: 0,
            end: offset + text.len(),
            is_nunjucks,
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
                if matches!(sign, "==" | "!=")
                    && !self.is_nunjucks
                    && (is_one_or_zero(&left) || is_one_or_zero(&right))
                {
                    let message = "`==` takes true for 1 and false for 0 there, and not here";
                    self.note(at, message, true);
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

    /// A value with its filters.
    pub(super) fn value(&mut self) -> Result<Expr, Mistake> {
        self.enter()?;
        let mut value = self.primary()?;
        while self.is_sign("|") {
            self.at += 1;
            value = self.filter(value)?;
        }
        let at = self.place();
        if let Some(Token::Sign(sign)) = self.peek()
            && matches!(*sign, "+" | "-" | "*" | "/" | "//" | "**" | "%" | "~")
        {
            return Err(beyond(at, &format!("`{sign}`")));
        }
        self.depth -= 1;
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
            Token::Number(number) => Ok(Expr::Literal(Value::Number(number))),
            Token::Sign("(") => {
                let inner = self.condition()?;
                if !self.take_sign(")") {
                    return Err(beyond(self.place(), "this"));
                }
                Ok(inner)
            }
            Token::Sign("-") => match self.primary()? {
                Expr::Literal(Value::Number(number)) => {
                    let negative = match number.as_i64() {
                        Some(whole) => Some(Number::from(-whole)),
                        None => number.as_f64().and_then(|float| Number::from_f64(-float)),
                    };
                    negative
                        .map(|number| Expr::Literal(Value::Number(number)))
                        .ok_or_else(|| beyond(at, "this number"))
                }
                _ => Err(beyond(at, "`-`")),
            },
            Token::Sign(sign) => Err(beyond(at, &format!("`{sign}`"))),
            Token::Name(name) => match name.as_str() {
                "true" | "True" => Ok(Expr::Literal(Value::Bool(true))),
                "false" | "False" => Ok(Expr::Literal(Value::Bool(false))),
                "none" | "None" | "null" => Ok(Expr::Literal(Value::Null)),
                "loop" if self.loops > 0 => self.of_loop(at),
                "not" | "and" | "or" | "in" | "is" | "if" | "else" => {
                    Err(beyond(at, &format!("`{name}`")))
                }
                _ => self.path(name, at),
            },
        }
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
        let name = variable(&name, start)?;
        let mut keys = Vec::new();
        loop {
            let at = self.place();
            if self.take_sign(".") {
                match self.tokens.get(self.at).map(|(token, _)| token.clone()) {
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

    fn filter(&mut self, value: Expr) -> Result<Expr, Mistake> {
        let (name, at) = self.word()?;
        let mut args = Vec::new();
        if self.take_sign("(") {
            while !self.take_sign(")") {
                args.push(self.condition()?);
                let here = self.place();
                if self.is_sign("=") {
                    return Err(beyond(here, "a named argument"));
                }
                if !self.take_sign(",") && !self.is_sign(")") {
                    return Err(beyond(here, "this"));
                }
            }
        }
        let plain = |helper: &'static str, value: Expr, args: Vec<Expr>| match args.is_empty() {
            true => Ok(Expr::Call(helper, vec![value])),
            false => Err(beyond(
                at.clone(),
                &format!("the filter `{name}` with arguments"),
            )),
        };
        match name.as_str() {
            "upper" => plain("upper", value, args),
            "lower" => plain("lower", value, args),
            "trim" => plain("trim", value, args),
            "first" => plain("first", value, args),
            "last" => plain("last", value, args),
            "abs" => plain("abs", value, args),
            "length" | "count" => plain("length", value, args),
            "dump" if self.is_nunjucks => plain("json", value, args),
            "tojson" if !self.is_nunjucks => {
                self.note(at.clone(), "`tojson` prints JSON without blanks here, and `<`, `>`, `&` and `'` as they are", false);
                plain("json", value, args)
            }
            "safe" if args.is_empty() => Ok(value),
            "default" | "d" => match args.as_slice() {
                [fallback] | [fallback, Expr::Literal(Value::Bool(false))] => {
                    Ok(Expr::Call("default", vec![value, fallback.clone()]))
                }
                _ => Err(beyond(at, "`default` with these arguments")),
            },
            "join" => match args.as_slice() {
                [] if self.is_nunjucks => Err(beyond(at, "`join` without a separator")),
                [] => Ok(Expr::Call(
                    "join",
                    vec![value, Expr::Literal(Value::String(String::new()))],
                )),
                [separator @ Expr::Literal(Value::String(_))] => {
                    Ok(Expr::Call("join", vec![value, separator.clone()]))
                }
                _ => Err(beyond(at, "`join` with these arguments")),
            },
            _ => Err(beyond(at, &format!("the filter `{name}`"))),
        }
    }
}

/// Whether a value is one that Python takes for true or false, and the other way round.
fn is_one_or_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(Value::Number(number)) => number
            .as_f64()
            .is_some_and(|number| number == 0.0 || number == 1.0),
        Expr::Literal(Value::Bool(_)) => true,
        _ => false,
    }
}

fn united(helper: &'static str, mut all: Vec<Expr>) -> Expr {
    match all.len() {
        1 => all.remove(0),
        _ => Expr::Call(helper, all),
    }
}

/// What a value prints as, where that is the same here.
pub(super) fn printable(expr: &Expr, at: Range<usize>) -> Result<(), Mistake> {
    if let Expr::Literal(Value::Number(number)) = expr
        && let Some(float) = number.as_f64().filter(|_| number.is_f64())
        && (float.fract() == 0.0 || !(1e-4..1e15).contains(&float.abs()))
    {
        return Err(beyond(at, "this number, which prints another way here: it"));
    }
    let is_condition = match expr {
        Expr::Call(helper, _) => {
            ["eq", "ne", "lt", "lte", "gt", "gte", "and", "or", "not"].contains(helper)
        }
        Expr::Loop(LoopValue::First | LoopValue::Last)
        | Expr::Literal(Value::Bool(_) | Value::Null) => true,
        _ => false,
    };
    match is_condition {
        true => Err(beyond(at, "the printed value of a condition")),
        false => Ok(()),
    }
}
