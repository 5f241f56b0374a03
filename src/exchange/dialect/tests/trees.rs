//! Random trees, in two languages.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::{rendered, values};

/// What the tree says, told by itself.
fn told(nodes: &[Node], scopes: &mut Vec<(String, Value)>, out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Print(expr) => match value(expr, scopes) {
                Value::String(text) => out.push_str(&text),
                Value::Null => {}
                other => out.push_str(&other.to_string()),
            },
            Node::If { arms, otherwise } => {
                let arm = arms
                    .iter()
                    .find(|(condition, _)| is_true(&value(condition, scopes)));
                told(arm.map_or(otherwise, |(_, body)| body), scopes, out);
            }
            Node::Each {
                item,
                list,
                body,
                otherwise,
            } => {
                let items = value(list, scopes).as_array().cloned().unwrap_or_default();
                if items.is_empty() {
                    told(otherwise, scopes, out);
                }
                let last = items.len().saturating_sub(1);
                for (index, one) in items.into_iter().enumerate() {
                    scopes.push((item.clone().unwrap_or_default(), one));
                    scopes.push(("loop".to_owned(), json!([index, index == 0, index == last])));
                    told(body, scopes, out);
                    scopes.truncate(scopes.len() - 2);
                }
            }
        }
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn find(name: &str, scopes: &[(String, Value)]) -> Value {
    let found = scopes.iter().rev().find(|(it, _)| it == name);
    found.map_or(Value::Null, |(_, value)| value.clone())
}

fn value(expr: &Expr, scopes: &[(String, Value)]) -> Value {
    let into = |value: Value, keys: &[Key]| {
        keys.iter().fold(value, |value, key| match key {
            Key::Name(key) => value[key.as_str()].clone(),
            Key::Index(index) => value[usize::try_from(*index).unwrap()].clone(),
        })
    };
    match expr {
        Expr::Path(name, keys) => into(find(name, scopes), keys),
        Expr::Item(keys) => into(find("", scopes), keys),
        Expr::Literal(value) => value.clone(),
        Expr::Loop(LoopValue::Index) => find("loop", scopes)[0].clone(),
        Expr::Loop(LoopValue::First) => find("loop", scopes)[1].clone(),
        Expr::Loop(LoopValue::Last) => find("loop", scopes)[2].clone(),
        Expr::Call(helper, args) => {
            let args: Vec<Value> = args.iter().map(|arg| value(arg, scopes)).collect();
            match *helper {
                "upper" => json!(args[0].as_str().unwrap().to_uppercase()),
                "not" => json!(!is_true(&args[0])),
                "and" => json!(args.iter().all(is_true)),
                "or" => json!(args.iter().any(is_true)),
                "eq" => json!(args[0] == args[1]),
                other => panic!("{other}"),
            }
        }
    }
}

/// The tree in Jinja.
fn in_jinja(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) if text.contains(['{', '}', '%', '#']) => {
                out.push_str(&format!("{{% raw %}}{text}{{% endraw %}}"));
            }
            Node::Text(text) => out.push_str(text),
            Node::Print(expr) => out.push_str(&format!("{{{{ {} }}}}", expr_in_jinja(expr))),
            Node::If { arms, otherwise } => {
                for (index, (condition, body)) in arms.iter().enumerate() {
                    let word = if index == 0 { "if" } else { "elif" };
                    out.push_str(&format!("{{% {word} {} %}}", expr_in_jinja(condition)));
                    in_jinja(body, out);
                }
                if !otherwise.is_empty() {
                    out.push_str("{% else %}");
                    in_jinja(otherwise, out);
                }
                out.push_str("{% endif %}");
            }
            Node::Each {
                item,
                list,
                body,
                otherwise,
            } => {
                let item = item.as_deref().unwrap();
                out.push_str(&format!("{{% for {item} in {} %}}", expr_in_jinja(list)));
                in_jinja(body, out);
                if !otherwise.is_empty() {
                    out.push_str("{% else %}");
                    in_jinja(otherwise, out);
                }
                out.push_str("{% endfor %}");
            }
        }
    }
}

fn expr_in_jinja(expr: &Expr) -> String {
    match expr {
        Expr::Path(name, keys) => keys.iter().fold(name.clone(), |path, key| match key {
            Key::Name(key) => format!("{path}.{key}"),
            Key::Index(index) => format!("{path}[{index}]"),
        }),
        Expr::Item(_) => panic!("Jinja names its items"),
        Expr::Literal(value) => value.to_string(),
        Expr::Loop(LoopValue::Index) => "loop.index0".to_owned(),
        Expr::Loop(LoopValue::First) => "loop.first".to_owned(),
        Expr::Loop(LoopValue::Last) => "loop.last".to_owned(),
        Expr::Call(helper, args) => {
            let args: Vec<String> = args.iter().map(expr_in_jinja).collect();
            match *helper {
                "upper" => format!("{} | upper", args[0]),
                "not" => format!("not ({})", args[0]),
                "eq" => format!("({} == {})", args[0], args[1]),
                word => format!("({})", args.join(&format!(" {word} "))),
            }
        }
    }
}

fn path(name: &str, keys: &[&str]) -> Expr {
    let keys = keys
        .iter()
        .map(|key| Key::Name((*key).to_owned()))
        .collect();
    Expr::Path(name.to_owned(), keys)
}

fn any_text() -> impl Strategy<Value = Node> {
    let texts = [
        "\n",
        "\n",
        " ",
        "a",
        "a ",
        "\\",
        "{",
        "{{",
        "}}",
        "{{#if x}}",
        "~",
        "  \n",
        "é",
        "\n\n",
        "%}",
        "{{{{",
    ];
    proptest::collection::vec(proptest::sample::select(texts.to_vec()), 1..5)
        .prop_map(|parts| Node::Text(parts.concat()))
}

fn any_print(is_inside: bool) -> impl Strategy<Value = Node> {
    let mut all = vec![
        path("x", &[]),
        path("empty", &[]),
        path("number", &[]),
        path("map", &["key"]),
        Expr::Path("list".to_owned(), vec![Key::Index(1)]),
        Expr::Call("upper", vec![path("x", &[])]),
    ];
    if is_inside {
        all.push(path("item", &[]));
        all.push(Expr::Loop(LoopValue::Index));
    }
    proptest::sample::select(all).prop_map(Node::Print)
}

fn any_condition(is_inside: bool) -> impl Strategy<Value = Expr> {
    let mut all = vec![
        path("x", &[]),
        path("empty", &[]),
        path("yes", &[]),
        path("no", &[]),
        path("nil", &[]),
        path("map", &["key"]),
        Expr::Call("not", vec![path("no", &[])]),
        Expr::Call("and", vec![path("x", &[]), path("no", &[])]),
        Expr::Call("or", vec![path("empty", &[]), path("yes", &[])]),
        Expr::Call("eq", vec![path("x", &[]), Expr::Literal(json!("V"))]),
    ];
    if is_inside {
        all.push(Expr::Loop(LoopValue::First));
        all.push(Expr::Loop(LoopValue::Last));
        all.push(path("item", &[]));
    }
    proptest::sample::select(all)
}

/// Nodes of any kind, over the variables of [`values`].
pub(in crate::exchange) fn any_nodes(depth: u32, is_inside: bool) -> BoxedStrategy<Vec<Node>> {
    let leaf = prop_oneof![3 => any_text(), 1 => any_print(is_inside)];
    if depth == 0 {
        return proptest::collection::vec(leaf, 0..4).boxed();
    }
    let below = move || any_nodes(depth - 1, is_inside);
    let condition = (
        proptest::collection::vec((any_condition(is_inside), below()), 1..3),
        below(),
    )
        .prop_map(|(arms, otherwise)| Node::If { arms, otherwise });
    let lists = ["list", "nil"];
    let each = (
        proptest::sample::select(lists.to_vec()),
        any_nodes(depth - 1, true),
        below(),
    )
        .prop_map(|(list, body, otherwise)| Node::Each {
            item: Some("item".to_owned()),
            list: path(list, &[]),
            body,
            otherwise,
        });
    let node = prop_oneof![4 => leaf, 2 => condition, 1 => each];
    proptest::collection::vec(node, 0..5).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn any_tree_renders_as_it_says_and_comes_back_from_jinja(nodes in any_nodes(3, false)) {
        let nodes = tree::tidy(nodes);
        let mut expected = String::new();
        let mut scopes: Vec<(String, Value)> = values().into_iter().collect();
        told(&nodes, &mut scopes, &mut expected);
        let template = Template { nodes: nodes.clone(), notes: Vec::new() };
        let ours = template.to_handlebars();
        prop_assert_eq!(rendered(&ours, &values()), expected, "{}", ours);

        let mut jinja = String::new();
        in_jinja(&nodes, &mut jinja);
        // Nunjucks keeps the last line end.
        let read = Dialect::Nunjucks.read(&jinja, &Known::default());
        let read = read.unwrap_or_else(|mistake| panic!("{jinja}: {mistake:?}"));
        prop_assert_eq!(read.nodes, nodes, "{}", jinja);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[{}%#$^/&!.x: \\n'\"\\\\|()\\[\\]0-9-]{0,24}|\\PC{0,12}") {
        for dialect in [Dialect::Jinja, Dialect::Nunjucks, Dialect::Mustache, Dialect::FString, Dialect::SemanticKernel, Dialect::Langfuse] {
            match dialect.read(&text, &Known::default()) {
                Ok(template) => { template.to_handlebars(); }
                Err(mistake) => prop_assert!(text.get(mistake.at).is_some()),
            }
        }
    }
}
