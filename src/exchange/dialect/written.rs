//! The tree in the languages of others.

use serde_json::Value;

use super::tree::{Expr, Key, LoopValue, Node};
use super::{Dialect, is_name};

/// Names that mean something of their own after a dot in Python.
const METHODS: [&str; 16] = [
    "append", "clear", "copy", "count", "extend", "get", "index", "insert", "items", "keys", "pop",
    "remove", "reverse", "sort", "update", "values",
];

/// A template in another language, and what to know about it.
#[derive(Debug, Default)]
pub struct Written {
    /// The template.
    pub text: String,
    /// The variables that are conditions as they are.
    pub judged: Vec<String>,
}

/// Writes a template in another language.
///
/// # Errors
/// What that language has no way to say.
pub fn write(nodes: &[Node], dialect: Dialect) -> Result<Written, String> {
    let mut writer = Writer {
        dialect,
        out: String::new(),
        judged: Vec::new(),
        items: Vec::new(),
    };
    writer.nodes(nodes)?;
    Ok(Written {
        text: writer.out,
        judged: writer.judged,
    })
}

struct Writer {
    dialect: Dialect,
    out: String,
    judged: Vec<String>,
    items: Vec<String>,
}

impl Writer {
    fn has_blocks(&self) -> bool {
        matches!(self.dialect, Dialect::Jinja | Dialect::Nunjucks)
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<(), String> {
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text)?,
                Node::Print(expr) if self.has_blocks() => {
                    let is_condition = matches!(expr, Expr::Call(helper, _) if rank(helper) < VALUE)
                        || matches!(expr, Expr::Loop(LoopValue::First | LoopValue::Last));
                    if is_condition {
                        return Err("the printed value of a condition".to_owned());
                    }
                    let written = self.expr(expr, ANY)?;
                    self.out.push_str(&format!("{{{{ {written} }}}}"));
                }
                Node::Print(Expr::Path(name, keys)) => self.variable(name, keys)?,
                Node::Print(Expr::Call(helper, _)) => return Err(format!("the helper `{helper}`")),
                Node::Print(_) => return Err("a value that is no variable".to_owned()),
                Node::If { arms, otherwise } if self.has_blocks() => {
                    for (index, (condition, body)) in arms.iter().enumerate() {
                        let word = if index == 0 { "if" } else { "elif" };
                        self.judge(condition);
                        let condition = self.expr(condition, ANY)?;
                        self.tag(&format!("{word} {condition}"));
                        self.nodes(body)?;
                    }
                    self.otherwise(otherwise)?;
                    self.tag("endif");
                }
                Node::Each {
                    item: Some(item),
                    list,
                    body,
                    otherwise,
                } if self.has_blocks() => {
                    let list = self.expr(list, VALUE)?;
                    self.tag(&format!("for {item} in {list}"));
                    self.items.push(item.clone());
                    self.nodes(body)?;
                    self.items.pop();
                    self.otherwise(otherwise)?;
                    self.tag("endfor");
                }
                Node::If { .. } => return Err("`{{#if}}`".to_owned()),
                Node::Each { .. } => return Err("`{{#each}}`".to_owned()),
            }
        }
        Ok(())
    }

    fn otherwise(&mut self, nodes: &[Node]) -> Result<(), String> {
        if nodes.is_empty() {
            return Ok(());
        }
        self.tag("else");
        self.nodes(nodes)
    }

    fn tag(&mut self, inner: &str) {
        self.out.push_str(&format!("{{% {inner} %}}"));
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.dialect {
            Dialect::FString => {
                self.out
                    .push_str(&text.replace('{', "{{").replace('}', "}}"));
            }
            Dialect::Jinja | Dialect::Nunjucks => {
                let is_plain = !["{{", "{%", "{#"].iter().any(|sign| text.contains(sign))
                    && !text.ends_with('{');
                if is_plain {
                    self.out.push_str(text);
                } else if text.contains("endraw") {
                    return Err("the word `endraw` beside braces".to_owned());
                } else {
                    self.out
                        .push_str(&format!("{{% raw %}}{text}{{% endraw %}}"));
                }
            }
            _ => self.out.push_str(text),
        }
        Ok(())
    }

    /// A variable of a language that has nothing else.
    fn variable(&mut self, name: &str, keys: &[Key]) -> Result<(), String> {
        if self.dialect == Dialect::Mustache {
            return Err("mustache is not written".to_owned());
        }
        if !keys.is_empty() {
            return Err(format!("a part of the variable `{name}`"));
        }
        match self.dialect {
            Dialect::FString => self.out.push_str(&format!("{{{name}}}")),
            // A brace before a tag would be a part of it.
            _ if self.out.ends_with('{') => {
                return Err(format!("the brace before `{{{{{name}}}}}`"));
            }
            _ => self.out.push_str(&format!("{{{{{name}}}}}")),
        }
        Ok(())
    }

    /// Notes the variables that decide by being empty or not.
    fn judge(&mut self, condition: &Expr) {
        match condition {
            Expr::Path(name, keys) => {
                let is_item = self.items.iter().any(|item| item == name);
                if keys.is_empty() && !is_item && !self.judged.contains(name) {
                    self.judged.push(name.clone());
                }
            }
            Expr::Call("and" | "or" | "not", args) => args.iter().for_each(|arg| self.judge(arg)),
            _ => {}
        }
    }

    fn expr(&self, expr: &Expr, wanted: u8) -> Result<String, String> {
        let (written, own) = match expr {
            Expr::Path(name, keys) => (self.path(name, keys)?, VALUE),
            Expr::Item(_) => return Err("the item of a loop that has no name".to_owned()),
            Expr::Literal(value) => (self.literal(value)?, VALUE),
            Expr::Loop(value) => (
                match value {
                    LoopValue::Index => "loop.index0".to_owned(),
                    LoopValue::First => "loop.first".to_owned(),
                    LoopValue::Last => "loop.last".to_owned(),
                },
                VALUE,
            ),
            Expr::Call(helper, args) => (self.call(helper, args)?, rank(helper)),
        };
        Ok(match own < wanted {
            true => format!("({written})"),
            false => written,
        })
    }

    fn call(&self, helper: &str, args: &[Expr]) -> Result<String, String> {
        let own = rank(helper);
        let all = |wanted: u8| -> Result<Vec<String>, String> {
            args.iter().map(|arg| self.expr(arg, wanted)).collect()
        };
        let is_script = self.dialect == Dialect::Nunjucks;
        let sign = match helper {
            "eq" if is_script => "===",
            "ne" if is_script => "!==",
            "eq" => "==",
            "ne" => "!=",
            "lt" => "<",
            "lte" => "<=",
            "gt" => ">",
            "gte" => ">=",
            _ => "",
        };
        if !sign.is_empty() {
            return Ok(all(VALUE)?.join(&format!(" {sign} ")));
        }
        match (helper, args) {
            ("and" | "or", _) => Ok(all(own + 1)?.join(&format!(" {helper} "))),
            // Nunjucks forgets the brackets of what it negates.
            ("not", [only]) => Ok(format!("not {}", self.expr(only, VALUE)?)),
            ("json", [only]) if is_script => Ok(format!("{} | dump", self.expr(only, VALUE)?)),
            ("json", _) => Err("the helper `json`, which writes another JSON there".to_owned()),
            (_, [subject, options @ ..]) => {
                let subject = self.expr(subject, VALUE)?;
                let options: Result<Vec<String>, String> = options
                    .iter()
                    .map(|option| self.expr(option, ANY))
                    .collect();
                let options = options?;
                Ok(match options.is_empty() {
                    true => format!("{subject} | {helper}"),
                    false => format!("{subject} | {helper}({})", options.join(", ")),
                })
            }
            _ => Err(format!("the helper `{helper}`")),
        }
    }

    fn path(&self, name: &str, keys: &[Key]) -> Result<String, String> {
        if name == "self" || name == "loop" {
            return Err(format!(
                "the variable `{name}`, which is a word of that language"
            ));
        }
        let mut out = name.to_owned();
        for key in keys {
            match key {
                Key::Name(key) if is_name(key) && !METHODS.contains(&key.as_str()) => {
                    out.push_str(&format!(".{key}"));
                }
                Key::Name(key) => {
                    out.push_str(&format!("[{}]", self.literal(&Value::from(key.as_str()))?));
                }
                Key::Index(index) => out.push_str(&format!("[{index}]")),
            }
        }
        Ok(out)
    }

    fn literal(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::String(text) if !super::print::can_be_quoted(text) => {
                Err("a text with these signs in a tag".to_owned())
            }
            Value::String(text) if text.contains('"') => Ok(format!("'{text}'")),
            Value::String(text) => Ok(format!("\"{text}\"")),
            Value::Null => Ok("none".to_owned()),
            other => Ok(other.to_string()),
        }
    }
}

/// What stands anywhere.
const ANY: u8 = 0;
/// What a filter can follow.
const VALUE: u8 = 5;

/// How tightly a call holds together.
fn rank(helper: &str) -> u8 {
    match helper {
        "or" => 1,
        "and" => 2,
        "not" => 3,
        "eq" | "ne" | "lt" | "lte" | "gt" | "gte" => 4,
        _ => VALUE,
    }
}
