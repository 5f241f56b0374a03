//! Texts that are members of objects belong to the class that gives them.

use super::described;
use crate::scan::found::find;

const PYTHON: &str = "import openai\nclient = openai.OpenAI()\n";
const SCRIPT: &str = "import OpenAI from 'openai';\nconst client = new OpenAI();\n";

/// What the calls of a program send for sure.
fn sent(path: &str, text: &str) -> Vec<String> {
    let head = match path.ends_with(".py") {
        true => PYTHON,
        false => SCRIPT,
    };
    let prompts = find(path, &format!("{head}{text}"), false).prompts;
    let sure = prompts
        .iter()
        .filter(|prompt| prompt.kind.as_str() == "sent" && prompt.doubts.is_empty());
    sure.map(|prompt| {
        let whole = described(prompt);
        let said = whole.split_once(" | ").map_or("", |(_, said)| said);
        said.to_owned()
    })
    .collect()
}

#[track_caller]
fn all(path: &str, texts: &[(&str, &[&str])]) {
    for (text, expected) in texts {
        assert_eq!(sent(path, text), *expected, "{text}");
    }
}

const ASK: &str = "    def f(self):\n        client.responses.create(instructions=self.p)\n";

#[test]
fn each_class_of_a_file_has_its_own() {
    let two = |one: &str, other: &str| format!("class A{one}{ASK}class B{other}{ASK}");
    let field = |text: &str| format!(":\n    p = 'You are {text}'\n");
    let set =
        |text: &str| format!(":\n    def __init__(self):\n        self.p = 'You are {text}'\n");
    for (one, other) in [
        (field("kind"), field("brief")),
        (set("kind"), set("brief")),
        (field("kind"), set("brief")),
        (
            format!("(ABC){}", field("kind")),
            format!("(object){}", set("brief")),
        ),
    ] {
        let text = two(&one, &other);
        let expected = ["system You are kind", "system You are brief"];
        assert_eq!(sent("a.py", &text), expected, "{text}");
    }
    // One that callers may give, and one of which only the other class knows.
    let given = ":\n    def __init__(self, p):\n        self.p = p\n";
    for one in [given, ":\n    x = 1\n"] {
        let text = two(one, &field("brief"));
        assert_eq!(sent("a.py", &text), ["system You are brief"], "{text}");
    }
}

#[test]
fn a_member_that_another_class_may_give_is_not_taken() {
    let none: &[&str] = &[];
    for (head, expected) in [
        // Another object of the class may be meant.
        (
            "class A:\n    p = 'You are kind'\nASKclass B:\n    p = 'You are brief'\na.p = 'x'\n",
            none,
        ),
        // By the class above, or below, or one that is made of both.
        (
            "class A(Base):\n    p = 'You are kind'\nASKclass B:\n    p = 'You are brief'\n",
            none,
        ),
        (
            "class A:\n    p = 'You are kind'\nASKclass B(A):\n    p = 'You are brief'\n",
            none,
        ),
        (
            "class A:\n    p = 'You are kind'\nASKclass M:\n    p = 'You are brief'\nclass B(M, A):\n    pass\n",
            none,
        ),
        (
            "class A:\n    p = 'You are kind'\nASKclass M(A):\n    pass\nclass B(M):\n    p = 'You are brief'\n",
            none,
        ),
        (
            "class M:\n    def __init__(self):\n        self.p = 'You are brief'\nclass A(M):\n    p = 'You are kind'\nASK",
            none,
        ),
        (
            "class A:\n    p = 'You are kind'\nASKBase = A\nclass B(Base):\n    p = 'You are brief'\n",
            none,
        ),
        (
            "class A:\n    p = 'You are kind'\n    p = 'x'\nASKclass B:\n    p = 'You are brief'\n",
            none,
        ),
        // One above or below that gives nothing changes nothing.
        (
            "class M:\n    x = 1\nclass A(M):\n    p = 'You are kind'\nASKclass B:\n    p = 'You are brief'\nclass C(A):\n    x = 1\n",
            &["system You are kind"],
        ),
    ] {
        let text = head.replace("ASK", ASK);
        assert_eq!(sent("a.py", &text), expected, "{text}");
    }
}

#[test]
fn a_class_by_its_name_has_its_own() {
    all(
        "a.py",
        &[(
            "class A:\n    p = 'You are kind'\nclass B:\n    p = 'You are brief'\ndef f():\n    client.responses.create(instructions=B.p)",
            &["system You are brief"],
        )],
    );
    // What another file gives is no class of this one.
    let found = find(
        "a.py",
        &format!(
            "{PYTHON}from x import A\nclass B:\n    p = 'You are brief'\ndef f():\n    client.responses.create(instructions=A.p)"
        ),
        false,
    );
    assert!(found.prompts.is_empty(), "{:?}", found.prompts);
}

#[test]
fn fields_of_scripts_are_followed() {
    let go = "go() { return client.responses.create({ instructions: this.p }); }";
    for (text, expected) in [
        (format!("class A {{ p = 'You are kind'; {go} }}"), "kind"),
        (
            format!("class A {{ private readonly p: string = 'You are kind'; {go} }}"),
            "kind",
        ),
        (
            "class A { p = 'You are kind'; go = () => client.responses.create({ instructions: this.p }); }".to_owned(),
            "kind",
        ),
        (
            format!(
                "class A {{ #p = 'You are kind'; {} }}",
                go.replace("this.p", "this.#p")
            ),
            "kind",
        ),
        (
            format!(
                "class A {{ static P = 'You are kind'; {} }}",
                go.replace("this.p", "A.P")
            ),
            "kind",
        ),
        (
            format!("class A {{ p: string; constructor() {{ this.p = 'You are kind'; }} {go} }}"),
            "kind",
        ),
        (
            format!(
                "class A {{ private p = 'You are kind'; {go} }}\nclass B {{ p: string; constructor() {{ this.p = 'You are brief'; }} }}"
            ),
            "kind",
        ),
        (
            format!(
                "class A implements I {{ p = 'You are kind'; {go} }}\nclass B extends C {{ p = 'You are brief'; }}"
            ),
            "kind",
        ),
        (
            format!(
                "class A extends B {{ p = 'You are kind'; {go} }}\nclass B {{ p = 'You are brief'; }}"
            ),
            "",
        ),
        (
            format!(
                "class A {{ constructor(private p: string) {{}} {go} }}\nclass B {{ p = 'You are brief'; }}"
            ),
            "",
        ),
        (
            format!(
                "class A {{ p = 'You are kind'; constructor(o) {{ if (o.p) this.p = o.p; }} {go} }}"
            ),
            "",
        ),
        (
            format!("class A {{ p = 'You are kind'; {go} }}\nnew A().p = 'x';"),
            "",
        ),
        (
            format!("class A {{ p = 'You are kind'; make() {{ return {{ {go} }}; }} }}"),
            "",
        ),
        (
            format!("class A {{ p = `You are ${{this.q}} and kind`; {go} }}"),
            "",
        ),
    ] {
        for path in ["a.ts", "a.js"] {
            if path == "a.js"
                && (text.contains("private")
                    || text.contains(": string")
                    || text.contains("implements"))
            {
                continue;
            }
            let expected: Vec<String> = match expected {
                "" => Vec::new(),
                word => vec![format!("system You are {word}")],
            };
            assert_eq!(sent(path, &text), expected, "{path}: {text}");
        }
    }
}
