//! What several files say of one stored prompt.

use std::collections::BTreeSet;

use super::{described, id};
use crate::scan::entry::{Entry, Values, join};
use crate::scan::{IdPlace, find_ids, numbers, reads};

/// Some files, joined as the command joins them.
fn joined(files: &[(&str, &str)]) -> Vec<Entry> {
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|(path, text)| {
            (
                (*path).to_owned(),
                text.replace("<A>", &id('a')).replace("<B>", &id('b')),
            )
        })
        .collect();
    let found: Vec<(String, IdPlace)> = texts
        .iter()
        .flat_map(|(path, text)| {
            find_ids(path, text)
                .into_iter()
                .map(|place| (path.clone(), place))
        })
        .collect();
    let variables: BTreeSet<String> = found
        .iter()
        .filter_map(|(_, place)| place.variable.clone())
        .collect();
    let values: Values = texts
        .iter()
        .flat_map(|(path, text)| {
            numbers(path, text)
                .into_iter()
                .map(|(name, value)| ((path.clone(), name), value))
        })
        .collect();
    let known: BTreeSet<String> = values.keys().map(|(_, name)| name.clone()).collect();
    let reads = texts
        .iter()
        .flat_map(|(path, text)| {
            reads(path, text, &variables, &known)
                .into_iter()
                .map(|read| (path.clone(), read))
        })
        .collect();
    join(found, reads, &values)
}

#[test]
fn an_id_in_the_environment_is_joined_with_the_code_that_reads_it() {
    let entries = joined(&[
        (
            ".env",
            "TRIAGE_PROMPT_ID=<A>\nTRIAGE_PROMPT_VERSION=6\nOTHER=<B>\n",
        ),
        (
            "a.py",
            "c.create(prompt={\"id\": os.environ[\"TRIAGE_PROMPT_ID\"], \"version\": os.getenv(\"TRIAGE_PROMPT_VERSION\"), \"variables\": {\"a\": 1}})",
        ),
        (
            "b.ts",
            "const id = process.env.TRIAGE_PROMPT_ID ?? '';\nf({ prompt: { id, variables: { b: { type: 'input_file', file_id } } } });",
        ),
        (
            "c.sh",
            "curl -d '{\"prompt\": {\"id\": \"'\"$TRIAGE_PROMPT_ID\"'\", \"version\": \"5\", \"variables\": {\"c\": \"x\"}}}'",
        ),
    ]);
    let entry = &entries[0];
    assert_eq!(entry.id, id('a'));
    assert_eq!(entry.name.as_deref(), Some("triage"));
    assert_eq!(entry.versions, ["5", "6"]);
    assert!(entry.is_unpinned);
    let variables: Vec<String> = entry
        .variables
        .iter()
        .map(|(name, kind)| format!("{name}:{}", kind.as_str()))
        .collect();
    assert_eq!(variables, ["a:text", "b:file", "c:text"]);
    let spots: Vec<String> = entry
        .spots
        .iter()
        .map(|spot| format!("{}:{} {}", spot.path, spot.at.line, spot.is_read))
        .collect();
    assert_eq!(
        spots,
        [".env:1 false", "a.py:1 true", "b.ts:1 true", "c.sh:1 true"]
    );
    assert_eq!(entries[1].spots.len(), 1);
}

/// What each call of some files asks for, by the first letter of its id.
fn asked(files: &[(&str, &str)]) -> Vec<String> {
    let entries = joined(files);
    let calls = entries
        .iter()
        .flat_map(|entry| entry.spots.iter().map(move |spot| (entry, spot)));
    let mut told: Vec<String> = calls
        .flat_map(|(entry, spot)| {
            let letter = entry.id.chars().nth(5).unwrap();
            spot.calls.iter().map(move |call| {
                format!("{letter} {}:{} {}", spot.path, call.line, described(call))
            })
        })
        .collect();
    told.sort();
    told.dedup();
    told
}

#[test]
fn functions_that_use_the_same_names_do_not_mix_their_calls() {
    assert_eq!(
        asked(&[(
            "a.py",
            "def f(x):\n    prompt_id = \"<A>\"\n    variables = {\"a\": x}\n    return c.create(prompt={\"id\": prompt_id, \"version\": \"3\", \"variables\": variables})\n\ndef g(\n    y,\n):\n    prompt_id = \"<B>\"\n    variables = {}\n    variables[\"b\"] = y\n    return c.create(prompt={\"id\": prompt_id, \"variables\": variables})\n\ndef h(variables):\n    return c.create(prompt={\"id\": \"<B>\", \"version\": \"4\", \"variables\": variables})\n",
        )]),
        ["a a.py:4 v3 a", "b a.py:12 v- b", "b a.py:15 v4 …"]
    );
    assert_eq!(
        asked(&[(
            "a.ts",
            "async function f(x: string) {\n  const id = '<A>';\n  const variables = { a: x };\n  return c.create({ prompt: { id, version: '3', variables } });\n}\nconst g = async (y: string) => {\n  const id = '<B>';\n  const variables: Record<string, string> = {};\n  variables.b = y;\n  variables['c'] = y;\n  return c.create({ prompt: { id, variables } });\n};\nfunction h(prompt: any) { return c.create({ prompt }); }\nfunction i() { const prompt = { id: '<A>', version: '4' }; return c.create({ prompt }); }\n",
        )]),
        ["a a.ts:14 v4", "a a.ts:4 v3 a", "b a.ts:11 v- b c"]
    );
}

#[test]
fn a_name_is_read_where_it_is_seen() {
    for (text, expected) in [
        // Of a module, in its functions, before and after.
        (
            "def f():\n    return c.create(prompt=P)\n\nP = {'id': '<A>', 'version': '2'}\n",
            vec!["a a.py:2 v2"],
        ),
        // Either may be meant.
        (
            "def f(x):\n    if x:\n        i = '<A>'\n    else:\n        i = '<B>'\n    return c.create(prompt={'id': i})\n",
            vec!["a a.py:6 v-", "b a.py:6 v-"],
        ),
        // Of a class.
        (
            "class P:\n    ID = '<A>'\n    def f(self):\n        return c.create(prompt={'id': self.ID, 'version': '2'})\n",
            vec!["a a.py:4 v2"],
        ),
        // Of the function around.
        (
            "def f():\n    i = '<A>'\n    async def g():\n        return c.create(prompt={'id': i, 'version': '2'})\n    return g\n\ndef h(i):\n    return c.create(prompt={'id': i})\n",
            vec!["a a.py:4 v2"],
        ),
        // A version that nobody can read is none.
        (
            "f(prompt={'id': '<A>', 'version': os.getenv('V')})",
            vec!["a a.py:1 v-?"],
        ),
    ] {
        assert_eq!(asked(&[("a.py", text)]), expected, "{text}");
    }
    let text = "let id = '<A>';\nif (x) { id = '<B>'; }\nc.create({ prompt: { id } });\nclass K { static ID = '<A>'; }\nfunction f() { return c.create({ prompt: { id: K.ID, version: '2' } }); }\n";
    assert_eq!(
        asked(&[("a.ts", text)]),
        ["a a.ts:3 v-", "a a.ts:5 v2", "b a.ts:3 v-"]
    );
}

#[test]
fn each_file_of_settings_has_its_own_version() {
    let code = "c.create(prompt={'id': os.environ['P_ID'], 'version': os.environ['P_VERSION'], 'variables': {'a': 1}})";
    assert_eq!(
        asked(&[
            (".env", "P_ID=<A>\nP_VERSION=5\n"),
            (".env.staging", "P_ID=<B>\nP_VERSION=6\n"),
            ("a.py", code),
        ]),
        ["a a.py:1 v5 a", "b a.py:1 v6 a"]
    );
    // Where the file does not say it, the others may, if they agree.
    assert_eq!(
        asked(&[
            (".env", "P_ID=<A>\n"),
            ("b.env", "P_ID=<B>\nP_VERSION=6\n"),
            ("a.py", code)
        ]),
        ["a a.py:1 v6 a", "b a.py:1 v6 a"]
    );
}

#[test]
fn calls_that_send_different_variables_stay_apart() {
    let entries = joined(&[(
        "a.py",
        "T = '<A>'\nf(prompt={'id': T, 'version': '2', 'variables': {'a': 1}})\nf(prompt={'id': T, 'version': '2', 'variables': {'a': 1}})\nf(prompt={'id': T, 'variables': {'b': 1, **rest()}})\nf(prompt={'id': T, 'version': '10'})\n",
    )]);
    let told: Vec<String> = entries[0]
        .asked()
        .iter()
        .map(|asked| {
            let names: Vec<&str> = asked.variables.keys().map(String::as_str).collect();
            format!("{:?} {names:?} {}", asked.version, asked.has_more_variables)
        })
        .collect();
    assert_eq!(
        told,
        [
            "Some(\"2\") [\"a\"] false",
            "Some(\"10\") [] false",
            "None [\"b\"] true"
        ]
    );
}

#[test]
fn one_id_in_several_places_is_one_entry_and_stand_ins_come_last() {
    let entries = joined(&[
        ("a.md", "set pmpt_123 or pmpt_YOUR_ID"),
        ("a.py", "X = '<A>'"),
        ("b.py", "Y = '<A>'; Z = '<B>'"),
    ]);
    let shown: Vec<String> = entries
        .iter()
        .map(|entry| {
            format!(
                "{} {} {}",
                &entry.id[..8],
                entry.spots.len(),
                entry.is_placeholder
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "pmpt_aaa 2 false",
            "pmpt_bbb 1 false",
            "pmpt_123 1 true",
            "pmpt_YOU 1 true"
        ]
    );
}
