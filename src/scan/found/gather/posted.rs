//! Calls of a model by its address: `requests.post("https://api.openai.com/v1/responses", json={…})`.

use tree_sitter::Node;

use super::Gatherer;
use super::arguments::{Flat, written_otherwise};
use crate::scan::found::addresses;
use crate::scan::found::sinks::{LIST_KEYS, MODEL_KEYS, SYSTEM_KEYS, USER_KEYS};
use crate::scan::found::syntax::{Argument, Call, Expr, TO_JSON, value_of};
use crate::scan::found::value::Remark;

/// Words for no value.
const NOTHING: [&str; 3] = ["None", "null", "undefined"];

/// What a call sends to the address of a model.
pub(super) struct Posted<'t> {
    pub(super) body: Flat<'t>,
    /// Whether its address says that it is one.
    pub(super) is_sure: bool,
    pub(super) sdk: Option<&'static str>,
}

impl<'t> Gatherer<'_, 't> {
    /// What a call sends, where it sends something to the address of a model, or what only those take.
    pub(super) fn posted(
        &self,
        call: &Call<'t>,
        path: &[&'t str],
        arguments: &Flat<'t>,
    ) -> Option<Posted<'t>> {
        if !path
            .last()
            .is_some_and(|last| addresses::POSTS.contains(last))
        {
            return None;
        }
        let by_place = call.arguments.iter().filter(|it| it.is_by_place());
        let places: Vec<Node<'t>> = by_place.map(|it| it.value).collect();
        let named = value_of(&arguments.all, &["url", "uri"]);
        let given = value_of(&arguments.all, addresses::BODY_KEYS);
        let address = places.iter().copied().chain(named).find_map(|node| {
            let value = self.reader.value(node);
            let text = value.text();
            // What a server answers at: `app.post("/v1/responses", …)`.
            let is_route = text.starts_with('/') && !value.has_values() && given.is_none();
            addresses::address(&text).filter(|_| !is_route)
        });
        let is_sure = address.is_some();
        let is_map = |node: &Node<'t>| matches!(self.file.expr(*node), Expr::Map(_));
        let behind = places.get(1).copied().filter(|it| !is_map(it));
        let mut body = Flat::default();
        match given.or(behind.filter(|_| is_sure)) {
            Some(given) => {
                let (given, why) = self.encoded(given);
                body.doubts.extend(why);
                match self.reader.entries(given) {
                    Some(entries) => {
                        body.all = entries.all;
                        body.doubts.extend(entries.doubt);
                        let own = value_of(&body.all, &[TO_JSON]);
                        body.doubts.extend(own.map(written_otherwise));
                        body.settable.extend(entries.settable);
                    }
                    None => body.all.push(Argument::of_all(given)),
                }
            }
            // `axios.post(address, {…})`
            None => body.all.clone_from(&arguments.all),
        }
        let has = |keys: &[&str]| value_of(&body.all, keys).is_some();
        let is_asking = has(MODEL_KEYS) && (has(SYSTEM_KEYS) || has(LIST_KEYS));
        let is_sent = given.is_some() || behind.is_some() || has(USER_KEYS) || is_asking;
        ((is_sure && is_sent) || is_asking).then(|| Posted {
            body,
            is_sure,
            sdk: address.flatten(),
        })
    }

    /// What is written as JSON: `JSON.stringify(body)`, `json.dumps(body).encode()`; and why it may be
    /// written otherwise.
    fn encoded(&self, node: Node<'t>) -> (Node<'t>, Option<Remark>) {
        let Expr::Call(call) = self.file.expr(node) else {
            return (node, None);
        };
        let by_place = |it: &&Argument<'t>| it.is_by_place();
        let first = call.arguments.first().filter(by_place);
        // A replacer of `stringify`, an encoder of `dumps`.
        let changes = match self.file.expr(call.callee) {
            Expr::Member(_, "stringify") => call.arguments.get(1).map(|it| it.value),
            _ => value_of(&call.arguments, &["cls"]),
        };
        let changes = changes.filter(|it| !NOTHING.contains(&self.file.word(*it)));
        let why = changes.map(|it| {
            let words = format!("`{}` may change what is sent", self.reader.shown(it));
            Remark::new(it, words)
        });
        match (self.file.expr(call.callee), first) {
            (Expr::Member(inner, "encode"), _) => self.encoded(inner),
            (Expr::Member(_, "stringify" | "dumps"), Some(first)) => (first.value, why),
            (Expr::Name("dumps" | "json"), Some(first)) => (first.value, why),
            _ => (node, None),
        }
    }
}
