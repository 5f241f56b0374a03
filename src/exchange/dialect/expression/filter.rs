//! Filters: `x | upper`.

use serde_json::Value;

use super::super::tree::Expr;
use super::super::{Mistake, beyond};
use super::Parser;

impl Parser<'_> {
    /// What a filter makes of a value.
    pub(super) fn filter(&mut self, value: Expr) -> Result<Expr, Mistake> {
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
            "trim" => {
                let message = match self.is_nunjucks {
                    true => "`trim` takes U+FEFF away there, and U+0085 here",
                    false => "`trim` takes U+001C to U+001F away there, and not here",
                };
                self.note(at.clone(), message, false);
                plain("trim", value, args)
            }
            "first" => plain("first", value, args),
            "last" => plain("last", value, args),
            "abs" => plain("abs", value, args),
            "count" if self.is_nunjucks => Err(beyond(at, "the filter `count`")),
            "length" | "count" => {
                if self.is_nunjucks {
                    let message = "a letter beyond U+FFFF counts as two there, and as one here";
                    self.note(at.clone(), message, false);
                }
                plain("length", value, args)
            }
            "dump" if self.is_nunjucks => plain("json", value, args),
            "tojson" if !self.is_nunjucks => {
                self.note(at.clone(), "`tojson` prints JSON without blanks here, and `<`, `>`, `&` and `'` as they are", false);
                plain("json", value, args)
            }
            "safe" if args.is_empty() => {
                let message =
                    "`safe` makes a text of a value there: 0 and false hold as conditions";
                self.note(at, message, false);
                Ok(value)
            }
            "default" | "d" => match args.as_slice() {
                [fallback] | [fallback, Expr::Literal(Value::Bool(false))] => {
                    let message = "null is a value to `default` there, and none here";
                    self.note(at, message, false);
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
