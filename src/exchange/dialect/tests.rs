//! Trees in two languages, and what each language refuses.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::prompt::document::{self, Object};
use crate::prompt::template::{Compiled, Partials};

/// The variables that the trees name.
pub(in crate::exchange) fn values() -> Object {
    let values = json!({
        "x": "V", "empty": "", "number": 3, "yes": true, "no": false,
        "list": ["a", "b", "c"], "nil": [], "map": { "key": "K", "list": ["l"] },
        "maps": [{ "key": "1" }, { "key": "" }],
    });
    values.as_object().unwrap().clone()
}

/// What a template of ours renders.
fn rendered(template: &str, values: &Object) -> String {
    let schema = json!({ "schema": { "type": "object", "properties": { "gone": {} } } });
    let file = json!({ "messages": [{ "role": "user", "content": template }], "input": schema });
    let document = document::parse(&file.to_string()).unwrap();
    let compiled = Compiled::new(&document, &Partials::new())
        .unwrap_or_else(|findings| panic!("{template:?}: {findings:?}"));
    compiled
        .render(values)
        .unwrap_or_else(|finding| panic!("{template:?}: {finding:?}"))[0]
        .text()
}

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

#[track_caller]
fn ours(dialect: Dialect, text: &str) -> String {
    dialect
        .read(text, &Known::default())
        .unwrap()
        .to_handlebars()
}

#[track_caller]
fn refused(dialect: Dialect, text: &str) -> (String, String) {
    let mistake = dialect.read(text, &Known::default()).unwrap_err();
    (text[mistake.at.clone()].to_owned(), mistake.message)
}

#[test]
fn white_space_is_that_of_jinja() {
    for (jinja, expected) in [
        ("{% if x %}\nA\n{% endif %}\nB", "\nA\n\nB"),
        ("{% if x -%}\nA\n{%- endif %}\nB", "A\nB"),
        ("a\n  {% if no %}A{% endif %}  \nb", "a\n    \nb"),
        (
            "{% for i in list %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}.",
            "a, b, c.",
        ),
        ("{# note #}\na\n", "\na"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ '{{' }}x", "{{x"),
        ("{{ '{' }}{{ x }}{{ \"a\\n\" }}", "{Va\n"),
        ("{{ x if yes else number }}", "V"),
        ("{{ gone | default('nil') }}", "nil"),
        ("{{ list | join(' ') | upper }}", "A B C"),
        (
            "{% for i in list %}{{ x }}{{ map.key }}{% endfor %}",
            "VKVKVK",
        ),
    ] {
        let template = ours(Dialect::Jinja, jinja);
        assert_eq!(
            rendered(&template, &values()),
            expected,
            "{jinja:?} {template:?}"
        );
    }
}

#[test]
fn what_has_no_counterpart_is_refused_with_its_place() {
    for (dialect, text, place, why) in [
        (
            Dialect::Jinja,
            "a\n{% set y = 1 %}",
            "{% set y = 1 %}",
            "`{% set %}` has no counterpart",
        ),
        (
            Dialect::Jinja,
            "{% include 'a' %}",
            "{% include 'a' %}",
            "`{% include %}`",
        ),
        (
            Dialect::Jinja,
            "{{ '{{' | upper }}",
            "'{{'",
            "signs in a tag",
        ),
        (Dialect::Jinja, "{{ x + 1 }}", "+", "`+` has no counterpart"),
        (Dialect::Jinja, "{{ x.run() }}", "(", "a call"),
        (Dialect::Jinja, "{{ f(x) }}", "(", "a call"),
        (
            Dialect::Jinja,
            "{{ x | truncate(3) }}",
            "truncate",
            "the filter `truncate`",
        ),
        (
            Dialect::Jinja,
            "{% if 'a' in x %}b{% endif %}",
            "in",
            "`in` has no counterpart",
        ),
        (
            Dialect::Jinja,
            "{% if x is defined %}b{% endif %}",
            "is",
            "`is` has no counterpart",
        ),
        (
            Dialect::Jinja,
            "{% for k, v in map %}{% endfor %}",
            "{% for k, v in map %}",
            "keys and values",
        ),
        (
            Dialect::Jinja,
            "{{ x == 1 }}",
            "{{ x == 1 }}",
            "the printed value of a condition",
        ),
        (Dialect::Jinja, "{% if x %}", "{% if x %}", "never closed"),
        (
            Dialect::Jinja,
            "{% endif %}",
            "{% endif %}",
            "closes nothing",
        ),
        (
            Dialect::Jinja,
            "{% for i in list %}{{ loop.index }}{% endfor %}",
            "loop",
            "counts from 1",
        ),
        (
            Dialect::Jinja,
            "{{ this }}",
            "this",
            "cannot be named `this`",
        ),
        (Dialect::Jinja, "{{ list[1:] }}", ":", "a slice"),
        (Dialect::FString, "{x:.2f}", "{x:.2f}", "the format `:.2f`"),
        (Dialect::FString, "{x!r}", "{x!r}", "the format `!r`"),
        (Dialect::FString, "a } b", "}", "a single `}`"),
        (Dialect::FString, "{}", "{}", "cannot be named ``"),
        (
            Dialect::SemanticKernel,
            "{{plugin.fn $x}}",
            "{{plugin.fn $x}}",
            "the function `plugin.fn`",
        ),
        (
            Dialect::Mustache,
            "{{> part}}",
            "{{> part}}",
            "`{{>` has no counterpart",
        ),
        (
            Dialect::Mustache,
            "{{#x}}a{{/x}}",
            "{{#x}}",
            "may be a list or a condition",
        ),
        (
            Dialect::Langfuse,
            "{{first name}}",
            "{{first name}}",
            "cannot be named `first name`",
        ),
    ] {
        let (at, message) = refused(dialect, text);
        assert_eq!(at, place, "{text}: {message}");
        assert!(message.contains(why), "{text}: {message}");
    }
}

#[test]
fn other_languages_print_as_they_did() {
    for (dialect, text, expected) in [
        (Dialect::FString, "{{\"a\": {x}}}}}", "{\"a\": V}}"),
        (
            Dialect::SemanticKernel,
            "a {{$x}} {{ $number }}{{'b'}} {{",
            "a V 3b {{",
        ),
        (
            Dialect::Langfuse,
            "{{x}} + {{\n  \"k\": 1\n}} {{#if x}} {{{x}}} {{ number }}",
            "V + {{\n  \"k\": 1\n}} {{#if x}} {{{x}}} 3",
        ),
        (
            Dialect::Mustache,
            "{{#list}}\n- {{.}}\n{{/list}}\n{{^nil}}no{{/nil}}{{! a }}",
            "- a\n- b\n- c\nno",
        ),
        (Dialect::Plain, "{{x}} {% if %}", "{{x}} {% if %}"),
    ] {
        let template = ours(dialect, text);
        assert_eq!(
            rendered(&template, &values()),
            expected,
            "{text:?} {template:?}"
        );
    }
    let known = Known {
        variables: Some(vec!["maps".to_owned(), "x".to_owned(), "yes".to_owned()]),
        flags: vec!["yes".to_owned()],
        ..Known::default()
    };
    let text = "{{#maps}}[{{key}}{{x}}]{{/maps}}{{#yes}}!{{/yes}}";
    let template = Dialect::Mustache
        .read(text, &known)
        .unwrap()
        .to_handlebars();
    assert_eq!(rendered(&template, &values()), "[1V][V]!", "{template}");
}

/// The cases that Prompty publishes for its languages, in short.
#[test]
fn the_vectors_of_prompty_render_as_published() {
    for (dialect, text, values, expected) in [
        (
            Dialect::Jinja,
            "{{first}} {{last}} is {{age}}",
            json!({ "first": "Jane", "last": "Doe", "age": 30 }),
            "Jane Doe is 30",
        ),
        (
            Dialect::Jinja,
            "{% if premium %}Welcome VIP!{% else %}Hello!{% endif %}",
            json!({ "premium": true }),
            "Welcome VIP!",
        ),
        (
            Dialect::Jinja,
            "{% if premium %}Welcome VIP!{% else %}Hello!{% endif %}",
            json!({ "premium": false }),
            "Hello!",
        ),
        (
            Dialect::Jinja,
            "Items: {% for item in items %}{{item}} {% endfor %}",
            json!({ "items": ["a", "b", "c"] }),
            "Items: a b c ",
        ),
        (
            Dialect::Jinja,
            "{{user.name}} ({{user.email}})",
            json!({ "user": { "name": "Jane", "email": "j@t" } }),
            "Jane (j@t)",
        ),
        (
            Dialect::Jinja,
            "{{content}}",
            json!({ "content": "<b>bold</b>" }),
            "<b>bold</b>",
        ),
        (
            Dialect::Jinja,
            "line1\n  line2\n    line3",
            json!({}),
            "line1\n  line2\n    line3",
        ),
        (
            Dialect::Jinja,
            "{{ name | lower }}{{name|upper}}",
            json!({ "name": "aB" }),
            "abAB",
        ),
        (
            Dialect::Jinja,
            "{{ name | trim }}",
            json!({ "name": "  hello  " }),
            "hello",
        ),
        (
            Dialect::Jinja,
            "{{name|default(\"stranger\")}}",
            json!({}),
            "stranger",
        ),
        (
            Dialect::Jinja,
            "Hello{# this is a comment #} World",
            json!({}),
            "Hello World",
        ),
        (
            Dialect::Jinja,
            "{{ items | join(', ') }}",
            json!({ "items": ["a", "b", "c"] }),
            "a, b, c",
        ),
        (
            Dialect::Jinja,
            "{{ items | length }}",
            json!({ "items": [1, 2, 3, 4, 5] }),
            "5",
        ),
        (
            Dialect::Mustache,
            "Hello {{name}}!",
            json!({ "name": "World" }),
            "Hello World!",
        ),
        (
            Dialect::Mustache,
            "{{#show}}Visible{{/show}}",
            json!({ "show": true }),
            "Visible",
        ),
        (
            Dialect::Mustache,
            "{{^show}}Hidden{{/show}}",
            json!({ "show": false }),
            "Hidden",
        ),
        (
            Dialect::Mustache,
            "{{#items}}{{.}} {{/items}}",
            json!({ "items": ["a", "b", "c"] }),
            "a b c ",
        ),
    ] {
        let known = Known {
            flags: vec!["show".to_owned()],
            ..Known::default()
        };
        let template = dialect.read(text, &known).unwrap().to_handlebars();
        assert_eq!(
            rendered(&template, values.as_object().unwrap()),
            expected,
            "{text}"
        );
    }
}
