//! Makes the tree of a template of what the parser says: with the place of every tag, with helpers
//! looked up and partial names known.

use std::collections::{HashMap, VecDeque};

use handlebars::template::{
    BlockParam, DecoratorTemplate, HelperTemplate, Parameter, Template, TemplateElement,
};
use serde_json::Value;

use super::helpers;
use super::path::Path;
use super::scan::{Kind, Tag};
use super::tree::{Block, BlockKind, Body, Call, Expr, ExprKind, Include, Inline, Node};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::hint::Hint;
use crate::prompt::name::nearest;

/// What to do about braces that are no tag.
/// What to write for two braces that are text.
pub const BRACES: &str = "write `\\{{` for braces that are text";

/// Turns the parser's output into a tree.
pub(super) struct Builder<'t> {
    pub(super) text: &'t str,
    pub(super) source: usize,
    /// The tags in the order of the text; the parser's elements come in the same order.
    pub(super) tags: VecDeque<Tag<'t>>,
    pub(super) findings: Vec<Finding>,
}

/// The parser and the scan do not agree, which only a broken template can cause.
pub(super) struct Disagree;

impl<'t> Builder<'t> {
    pub(super) fn body(&mut self, template: Template) -> Result<Body, Disagree> {
        let mut body = Body {
            source: self.source,
            ..Body::default()
        };
        for element in template.elements {
            match element {
                TemplateElement::RawString(text) => {
                    if !text.is_empty() {
                        body.nodes.push(Node::Text(text));
                    }
                }
                TemplateElement::Comment(_) => {
                    self.take(&[Kind::Comment])?;
                }
                TemplateElement::Expression(tag) | TemplateElement::HtmlExpression(tag) => {
                    let at = self.take(&[Kind::Print])?.at;
                    let expr = self.print(*tag, at);
                    body.nodes.extend(expr.map(Node::Print));
                }
                TemplateElement::HelperBlock(block) => {
                    let node = self.block(*block, false)?;
                    body.nodes.extend(node);
                }
                TemplateElement::PartialExpression(tag) => {
                    let node = self.include(*tag, Kind::Partial)?;
                    body.nodes.extend(node.map(Node::Include));
                }
                TemplateElement::PartialBlock(tag) => {
                    let node = self.include(*tag, Kind::PartialOpen)?;
                    body.nodes.extend(node.map(Node::Include));
                }
                TemplateElement::DecoratorBlock(tag) => {
                    let inline = self.inline(*tag)?;
                    body.inlines.extend(inline);
                }
                TemplateElement::DecoratorExpression(_) => {
                    let at = self.take(&[Kind::Decorator])?.at;
                    self.report(
                        Finding::error(code::UNKNOWN_HELPER, "decorators are not supported"),
                        at,
                        "remove the tag",
                    );
                }
                _ => return Err(Disagree),
            }
        }
        Ok(body)
    }

    /// The next tag, which must be of one of these kinds.
    fn take(&mut self, kinds: &[Kind]) -> Result<Tag<'t>, Disagree> {
        self.tags
            .pop_front()
            .filter(|tag| kinds.contains(&tag.kind))
            .ok_or(Disagree)
    }

    fn report(&mut self, finding: Finding, at: Span, help: impl Into<Hint>) {
        self.findings.push(finding.at(at).help(help));
    }

    fn print(&mut self, tag: HelperTemplate, at: Span) -> Option<Expr> {
        // A helper without arguments can do nothing, so `{{title}}` is always a variable.
        if tag.params.is_empty() && tag.hash.is_empty() {
            return self.expr(tag.name, at);
        }
        self.call(tag, at)
    }

    fn expr(&mut self, parameter: Parameter, at: Span) -> Option<Expr> {
        let kind = match parameter {
            Parameter::Literal(value) => ExprKind::Literal(value),
            Parameter::Name(name) => ExprKind::Path(Path::parse(&name)),
            Parameter::Path(path) => ExprKind::Path(Path::parse(raw(&path))),
            Parameter::Subexpression(inner) => match *inner.element {
                TemplateElement::Expression(tag) => return self.print(*tag, at),
                _ => return None,
            },
            _ => return None,
        };
        Some(Expr { kind, at })
    }

    fn call(&mut self, tag: HelperTemplate, at: Span) -> Option<Expr> {
        let name = tag.name.as_name().unwrap_or_default().to_owned();
        let Some(helper) = helpers::find(&name) else {
            let help = unknown_helper(&name);
            self.report(
                Finding::error(code::UNKNOWN_HELPER, format!("there is no helper `{name}`")),
                at,
                help,
            );
            return None;
        };
        let mut names: Vec<&str> = tag.hash.keys().map(String::as_str).collect();
        names.sort_unstable();
        if let Err((message, help)) = helper.check(tag.params.len(), &names) {
            self.report(Finding::error(code::HELPER_FAILED, message), at, help);
            return None;
        }
        let call = Call {
            helper,
            args: self.exprs(tag.params, at),
            options: self.options(tag.hash, at),
        };
        Some(Expr {
            kind: ExprKind::Call(call),
            at,
        })
    }

    fn exprs(&mut self, parameters: Vec<Parameter>, at: Span) -> Vec<Expr> {
        parameters
            .into_iter()
            .filter_map(|parameter| self.expr(parameter, at))
            .collect()
    }

    /// Options by name, so that findings come in one order.
    fn options(&mut self, hash: HashMap<String, Parameter>, at: Span) -> Vec<(String, Expr)> {
        let mut options: Vec<(String, Parameter)> = hash.into_iter().collect();
        options.sort_by(|a, b| a.0.cmp(&b.0));
        options
            .into_iter()
            .filter_map(|(name, value)| Some((name, self.expr(value, at)?)))
            .collect()
    }

    fn block(&mut self, block: HelperTemplate, is_chained: bool) -> Result<Option<Node>, Disagree> {
        let open = self.take(if is_chained {
            &[Kind::ElseIf]
        } else {
            &[Kind::Open, Kind::Raw]
        })?;
        if open.kind == Kind::Raw {
            return Ok(self.raw_block(block, &open));
        }
        let name = block.name.as_name().unwrap_or_default().to_owned();
        let body = self.body(block.template.unwrap_or_default())?;
        let otherwise = self.otherwise(block.inverse)?;
        if !is_chained {
            self.take(&[Kind::Close])?;
        }
        let Some(kind) = BlockKind::find(&name) else {
            self.report(
                Finding::error(
                    code::UNKNOWN_HELPER,
                    format!("there is no block `{{{{#{name}}}}}`"),
                ),
                open.at,
                unknown_block(&name),
            );
            return Ok(None);
        };
        let params = match block.block_param {
            Some(BlockParam::Single(one)) => vec![param_name(&one)],
            Some(BlockParam::Pair((one, two))) => vec![param_name(&one), param_name(&two)],
            _ => Vec::new(),
        };
        let include_zero =
            block.hash.get("includeZero") == Some(&Parameter::Literal(Value::Bool(true)));
        if let Some(option) = block
            .hash
            .keys()
            .min()
            .filter(|_| !include_zero || block.hash.len() > 1)
        {
            let finding = Finding::error(
                code::HELPER_FAILED,
                format!("`{{{{#{name}}}}}` has no option `{option}`"),
            );
            self.report(
                finding,
                open.at,
                "the only option of a block is `includeZero=true`",
            );
            return Ok(None);
        }
        if block.params.len() != 1 {
            self.report(
                Finding::error(
                    code::HELPER_FAILED,
                    format!(
                        "`{{{{#{name}}}}}` takes one value, and {} were given",
                        block.params.len()
                    ),
                ),
                open.at,
                format!(
                    "write `{{{{#{name} x}}}}`, or `{{{{#{name} (eq x \"y\")}}}}` for a condition"
                ),
            );
            return Ok(None);
        }
        let subject = self.exprs(block.params, open.at).pop();
        Ok(subject.map(|subject| {
            Node::Block(Block {
                kind,
                subject,
                include_zero,
                params,
                body,
                otherwise,
                at: open.at,
            })
        }))
    }

    /// What follows `{{else}}`, or the chained block that follows `{{else if x}}`.
    fn otherwise(&mut self, inverse: Option<Template>) -> Result<Body, Disagree> {
        let empty = Body {
            source: self.source,
            ..Body::default()
        };
        match self.tags.front().map(|tag| tag.kind) {
            Some(Kind::Else) => {
                self.take(&[Kind::Else])?;
                inverse.map_or(Ok(empty), |inverse| self.body(inverse))
            }
            Some(Kind::ElseIf) => {
                let chained = inverse.and_then(|mut inverse| inverse.elements.pop());
                let Some(TemplateElement::HelperBlock(chained)) = chained else {
                    return Err(Disagree);
                };
                Ok(Body {
                    nodes: self.block(*chained, true)?.into_iter().collect(),
                    ..empty
                })
            }
            _ => Ok(empty),
        }
    }

    /// `{{{{raw}}}}`: the text inside stands as it is.
    fn raw_block(&mut self, block: HelperTemplate, open: &Tag<'_>) -> Option<Node> {
        if block.name.as_name() != Some("raw") {
            self.report(
                Finding::error(
                    code::UNKNOWN_HELPER,
                    format!("there is no raw block `{}`", open.inner),
                ),
                open.at,
                "write `{{{{raw}}}} … {{{{/raw}}}}` around text that is not a template",
            );
            return None;
        }
        match block.template?.elements.pop()? {
            TemplateElement::RawString(text) => Some(Node::Text(text)),
            _ => None,
        }
    }

    fn include(&mut self, tag: DecoratorTemplate, kind: Kind) -> Result<Option<Include>, Disagree> {
        let open = self.take(&[kind])?;
        let block = match kind {
            Kind::PartialOpen => {
                let body = self.body(tag.template.unwrap_or_default())?;
                self.take(&[Kind::Close])?;
                Some(body)
            }
            _ => None,
        };
        let Some(name) = open.partial_name() else {
            self.computed(&open);
            return Ok(None);
        };
        if tag.params.len() > 1 {
            let finding = Finding::error(
                code::HELPER_FAILED,
                format!(
                    "`{{{{> {name}}}}}` takes one context, and {} were given",
                    tag.params.len()
                ),
            );
            self.report(
                finding,
                open.at,
                format!("pass values by name, as in `{{{{> {name} key=value}}}}`"),
            );
            return Ok(None);
        }
        Ok(Some(Include {
            name: name.to_owned(),
            context: self.exprs(tag.params, open.at).pop(),
            options: self.options(tag.hash, open.at),
            block,
            indent: standalone_indent(self.text, &open).to_owned(),
            at: open.at,
        }))
    }

    fn inline(&mut self, tag: DecoratorTemplate) -> Result<Option<Inline>, Disagree> {
        let open = self.take(&[Kind::InlineOpen])?;
        let body = self.body(tag.template.unwrap_or_default())?;
        self.take(&[Kind::Close])?;
        if open.word() != "inline" {
            self.report(
                Finding::error(
                    code::UNKNOWN_HELPER,
                    format!("there is no block `{{{{#*{}}}}}`", open.word()),
                ),
                open.at,
                "`{{#*inline \"name\"}} … {{/inline}}` defines a partial",
            );
            return Ok(None);
        }
        let Some(name) = open.inline_name() else {
            self.computed(&open);
            return Ok(None);
        };
        Ok(Some(Inline {
            name: name.to_owned(),
            body,
        }))
    }

    fn computed(&mut self, tag: &Tag<'_>) {
        self.report(
            Finding::error(code::COMPUTED_PARTIAL, "the name of a partial is computed"),
            tag.at,
            "write the name in the tag, as in `{{> tone}}`; choose between partials with `{{#if}}`",
        );
    }
}

/// The path as it is written.
fn raw(path: &handlebars::Path) -> &str {
    match path {
        handlebars::Path::Relative((_, raw)) | handlebars::Path::Local((_, _, raw)) => raw,
    }
}

fn param_name(parameter: &Parameter) -> String {
    parameter.as_name().unwrap_or_default().to_owned()
}

/// The blanks before a tag, if nothing else stands on its line.
fn standalone_indent<'t>(text: &'t str, tag: &Tag<'_>) -> &'t str {
    let before = &text[..tag.start];
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let after = text[tag.end..].trim_start_matches([' ', '\t']);
    let stands_alone = line.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
        && (after.is_empty() || after.starts_with(['\n', '\r']));
    if stands_alone { line } else { "" }
}

/// What to do about a helper that does not exist.
fn unknown_helper(name: &str) -> Hint {
    if BlockKind::find(name).is_some() {
        return format!("`{name}` is a block: write `{{{{#{name} x}}}} … {{{{/{name}}}}}`").into();
    }
    if let Some(help) = dotprompt(name) {
        return help.into();
    }
    match nearest(name, helpers::HELPERS.iter().map(|helper| helper.name)) {
        Some(near) => {
            format!("the helper `{near}` has nearly this name; that of a variable has no spaces")
                .into()
        }
        None => Hint::HelperForWords,
    }
}

/// What to write instead of a helper that Dotprompt has.
fn dotprompt(name: &str) -> Option<&'static str> {
    match name {
        "role" => Some("give each role an entry of its own under `messages:`"),
        "media" => Some("write a part `{type: image, url: …}` in the message's `content:`"),
        "history" => Some("write the entry `- placeholder: history` under `messages:`"),
        "section" => Some("write the text without it"),
        _ => None,
    }
}

/// What to do about a block that does not exist.
fn unknown_block(name: &str) -> String {
    if let Some(help) = dotprompt(name) {
        return help.into();
    }
    if helpers::find(name).is_some() {
        return format!("`{name}` is not a block: write `{{{{#if ({name} …)}}}} … {{{{/if}}}}`");
    }
    format!(
        "use `{{{{#with {name}}}}}` for a map, `{{{{#each {name}}}}}` for a list or `{{{{#if {name}}}}}` for a condition"
    )
}
