use std::fmt::Write as _;

use super::{Call, IdPlace, find_ids};

mod joined;

fn id(letter: char) -> String {
    format!("pmpt_{}", letter.to_string().repeat(48))
}

/// A text with `A`, `B` for two real ids, read.
fn read(path: &str, text: &str) -> Vec<IdPlace> {
    find_ids(
        path,
        &text.replace("<A>", &id('a')).replace("<B>", &id('b')),
    )
}

fn described(call: &Call) -> String {
    let mut text = format!("v{}", call.version.as_deref().unwrap_or("-"));
    if call.has_unknown_version {
        text.push('?');
    }
    for (name, kind) in &call.variables {
        write!(text, " {name}").unwrap();
        match kind.as_str() {
            "text" => {}
            kind => write!(text, ":{kind}").unwrap(),
        }
    }
    if call.has_more_variables {
        text.push_str(" …");
    }
    if !call.beside.is_empty() {
        let beside: Vec<&str> = call.beside.iter().map(String::as_str).collect();
        write!(text, " | {}", beside.join(", ")).unwrap();
    }
    match call.surface.as_str() {
        "responses" => {}
        surface => write!(text, " | {surface}").unwrap(),
    }
    text
}

/// The calls of the first id, and the variable that holds it.
#[track_caller]
fn first(path: &str, text: &str) -> String {
    let places = read(path, text);
    let place = places.first().unwrap_or_else(|| panic!("no id in {path}"));
    let mut calls: Vec<String> = place.calls.iter().map(described).collect();
    calls.extend(place.variable.iter().map(|name| format!("${name}")));
    calls.join(" / ")
}

#[test]
fn a_call_in_python_tells_version_and_variables() {
    for (text, expected) in [
        (
            "r = client.responses.create(prompt={\"id\": \"<A>\", \"version\": \"6\", \"variables\": {\"ticket\": t, 'tone': f\"{x}\"}}, input=[], max_output_tokens=2048)",
            "v6 ticket tone | input: [], max_output_tokens",
        ),
        (
            "r = c.responses.create(\n    model=\"m\",\n    prompt={\n        'prompt_id': '<A>',  # the one\n        'version': 6,\n    },\n)",
            "v6 | model",
        ),
        (
            "PROMPT_ID = \"<A>\"\nVERSION = '3'\ndef f(t):\n    v = {\"a\": t}\n    v[\"b\"] = {\"type\": \"input_image\", \"file_id\": t}\n    return c.create(prompt={\"id\": PROMPT_ID, \"version\": VERSION, \"variables\": v})\n",
            "v3 a b:image",
        ),
        (
            "PROMPT = {\"id\": \"<A>\", \"version\": \"2\"}\nc.create(prompt={**PROMPT, \"variables\": {\"x\": 1}})\nc.create(prompt=PROMPT, store=True)\n",
            "v2 x / v2 | store",
        ),
        (
            "agent = Agent(prompt=dict(id=\"<A>\", variables=dict(name=n)))",
            "v- name",
        ),
        (
            "x = os.environ.get('TRIAGE_ID', '<A>')\nc.create(prompt={'id': x, 'variables': make(t)})",
            "v- …",
        ),
        (
            "class Ids:\n    TRIAGE: str = \"<A>\"\n\nc.create(prompt={'id': Ids.TRIAGE, 'version': compute()})",
            "v-?",
        ),
        (
            "c.create(prompt=ResponsePromptParam(id='<A>', version=str(4)))",
            "v4",
        ),
        (
            "body = '''{\"prompt\": {\"id\": \"<A>\", \"variables\": {\"q\": \"x\"}}}'''",
            "v- q",
        ),
    ] {
        assert_eq!(first("a.py", text), expected, "{text}");
    }
}

#[test]
fn a_call_in_javascript_tells_version_and_variables() {
    for (text, expected) in [
        (
            "await client.responses.create({ prompt: { id: '<A>', version: '6', variables: { ticket, photo: { type: 'input_image', image_url: u } } }, input: [] });",
            "v6 photo:image ticket | input: []",
        ),
        (
            "export const ID =\n  '<A>';\nconst variables: Vars = { a: 1 };\nf({ prompt: { id: ID, variables } });",
            "v- a",
        ),
        (
            "const id = `<A>`, version = \"2\";\nf({prompt: {id, version}})",
            "v2",
        ),
        (
            "const PROMPTS = { triage: '<A>', other: '<B>' };\nf({ prompt: { id: PROMPTS.triage, version: '1' } });",
            "v1",
        ),
        (
            "export const prompt = { id: '<A>', version: '5' };\nf({ model, prompt, reasoning: {} });",
            "v5 | model, reasoning: {}",
        ),
        (
            "const config = { promptId: '<A>', promptVersion: '7' };\nf({ prompt: { id: config.promptId, version: config.promptVersion, variables: {...base, x: 1} } });",
            "v7 x …",
        ),
        (
            "const r = /['\"]/; f({prompt:{id:\"<A>\",version:\"9\"}})",
            "v9",
        ),
        (
            "await openai.realtime.clientSecrets.create({ session: { type: 'realtime', prompt: { id: '<A>', version: '2' } } });",
            "v2 | type | realtime",
        ),
        (
            "lines.push({ custom_id: '1', method: 'POST', url: '/v1/responses', body: { prompt: { id: '<A>' } } });",
            "v- | batch",
        ),
    ] {
        assert_eq!(first("a.ts", text), expected, "{text}");
    }
}

#[test]
fn other_languages_and_data_are_read_too() {
    for (path, text, expected) in [
        (
            "a.go",
            "params := responses.ResponseNewParams{\n\tPrompt: responses.ResponsePromptParam{\n\t\tID: \"<A>\",\n\t\tVersion: openai.String(\"2\"),\n\t\tVariables: map[string]U{\"a\": u(x)},\n\t},\n}",
            "v2 a",
        ),
        (
            "a.json",
            "{\"triage\": {\"prompt\": {\"id\": \"<A>\", \"version\": \"3\", \"variables\": {\"a\": \"x\"}}, \"input\": []}}",
            "v3 a | input: []",
        ),
        (
            "a.jsonl",
            "{\"custom_id\": \"1\", \"body\": {\"prompt\": {\"id\": \"<A>\", \"version\": \"3\"}}}\n",
            "v3 | batch",
        ),
        (
            "a.sh",
            "curl https://api.openai.com/v1/responses \\\n  -d '{\n    \"prompt\": {\"id\": \"<A>\", \"version\": \"2\", \"variables\": {\"city\": \"'\"$CITY\"'\"}}, \"input\": []\n  }'",
            "v2 city | input: []",
        ),
        (
            "a.sh",
            "curl https://api.openai.com/v1/realtime/client_secrets -d \"{\\\"session\\\": {\\\"prompt\\\": {\\\"id\\\": \\\"<A>\\\"}}}\"",
            "v- | realtime",
        ),
        (
            "README.md",
            "Don't do this:\n```sh\ncurl -d '{\"prompt\": {\"id\": \"<A>\", \"version\": \"2\"}}'\n```\n",
            "v2",
        ),
        (
            "a.yml",
            "prompts:\n  triage:\n    id: <A>\n    version: \"6\"\n    variables:\n      ticket: x\n      photo:\n        type: input_image\n  other:\n    id: x\n    version: 9\n",
            "v6 photo:image ticket",
        ),
        (
            "a.yml",
            "request:\n  input: []\n  prompt:\n    version: 2\n    id: \"<A>\"\n  store: true\n",
            "v2 | input, store",
        ),
        (
            "a.yml",
            "run: |\n  curl -d '{\"prompt\": {\"id\": \"<A>\", \"version\": \"1\"}}'\n",
            "v1",
        ),
        (
            "a.yml",
            "env:\n  - name: TRIAGE_ID\n    value: <A>\n",
            "$TRIAGE_ID",
        ),
        (
            "compose.yml",
            "environment:\n  - TRIAGE_ID=<A>\n",
            "$TRIAGE_ID",
        ),
        ("a.yml", "env:\n  TRIAGE_ID: <A> # old\n", "$TRIAGE_ID"),
        (".env", "# it's here\nexport TRIAGE_ID=<A>\n", "$TRIAGE_ID"),
        (".env.local", "TRIAGE_ID=\"<A>\"\n", "$TRIAGE_ID"),
        (
            "a.tf",
            "environment {\n  variables = {\n    OTHER = \"x\"\n    TRIAGE_ID = \"<A>\"\n  }\n}",
            "$TRIAGE_ID",
        ),
        (
            "task.json",
            "{\"environment\": [{\"name\": \"TRIAGE_ID\", \"value\": \"<A>\"}]}",
            "$TRIAGE_ID",
        ),
        ("Dockerfile", "ENV TRIAGE_ID=<A>\n", "$TRIAGE_ID"),
        ("a.py", "TRIAGE_ID = \"<A>\"\n", ""),
    ] {
        assert_eq!(first(path, text), expected, "{path}: {text}");
    }
}

#[test]
fn maps_that_are_filled_later_or_with_computed_keys_are_told() {
    for (path, code, expected) in [
        (
            "a.py",
            "v = {}; v[\"a\"] = x\nc.create(prompt={'id': '<A>', 'variables': v})\n",
            "v- a",
        ),
        (
            "a.py",
            "v = {'one': 1}\nv.update(two=2)\nc.create(prompt={'id': '<A>', 'variables': v})\n",
            "v- one …",
        ),
        (
            "a.py",
            "v = {}\nfor k in names:\n    v[k] = 1\nc.create(prompt={'id': '<A>', 'variables': v})\n",
            "v- …",
        ),
        (
            "a.py",
            "v = dict(one=1)\nv |= more\nc.create(prompt={'id': '<A>', 'variables': v})\n",
            "v- one …",
        ),
        (
            "a.py",
            "c.create(prompt={'id': '<A>', 'variables': {'one': 1, key: 2}})\n",
            "v- one …",
        ),
        (
            "a.py",
            "c.create(prompt={'id': '<A>', 'variables': {f'a{x}': 2}})\n",
            "v- …",
        ),
        (
            "a.py",
            "c.create(prompt={'id': '<A>', 'variables': {k: v for k, v in x}})\n",
            "v- …",
        ),
        (
            "a.ts",
            "const v = {one: 1};\nObject.assign(v, more);\nf({prompt: {id: '<A>', variables: v}});\n",
            "v- one …",
        ),
        (
            "a.ts",
            "f({prompt: {id: '<A>', variables: {one: 1, [key]: 2}}});\n",
            "v- one …",
        ),
        (
            "a.ts",
            "const v: Record<string, string> = {};\nv[key] = 1;\nf({prompt: {id: '<A>', variables: v}});\n",
            "v- …",
        ),
        // The map of the prompt itself.
        (
            "a.py",
            "p = {'id': '<A>'}\np['version'] = '4'\np['variables'] = {'a': 1}\np['variables']['b'] = 2\nc.create(prompt=p)\n",
            "v4 a b",
        ),
        (
            "a.ts",
            "const p: any = { id: '<A>' };\np.variables = { a };\nf({ prompt: p });\n",
            "v- a",
        ),
    ] {
        assert_eq!(first(path, code), expected, "{code}");
    }
}

#[test]
fn a_snapshot_that_a_service_carries_is_known_as_prompt_files_are() {
    let prompt = r#"{"name": "p", "document": {"source": {"format": "openai", "id": "<A>", "version": "3"}}}"#;
    let snapshot = format!(
        r#"{{"schema": 1, "environment": "production", "prompts": [{prompt}], "versions": [{prompt}]}}"#
    );
    for text in [
        &snapshot,
        prompt,
        &format!("\u{feff}{snapshot}"),
        &snapshot.replace(':', " :\n"),
    ] {
        assert_eq!(read("prompts.json", text), [], "{text}");
    }
    // More than a thousand, and more than are read as code.
    let many = format!("[{}]", vec![snapshot.as_str(); 20_000].join(","));
    assert_eq!(read("prompts.json", &many), []);
    // What is called all the same is found, where it stands.
    let both = snapshot.replace(r#""name": "p""#, r#""openai": {"promptId": "<A>"}"#);
    assert_eq!(read("prompts.json", &both).len(), 2);
    assert_eq!(
        read("prompts.json", &prompt.replace("openai", "other")).len(),
        1
    );
    assert_eq!(
        read("prompts.json", &prompt.replace("source", "prompt")).len(),
        1
    );
}

#[test]
fn what_import_wrote_is_not_found_again() {
    assert_eq!(
        read(
            "p.prompt.yml",
            "model: m\nsource:\n  format: openai\n  id: <A>\n  version: \"3\"\nmessages: []\n"
        ),
        []
    );
    assert_eq!(read("p.prompt.yml", "openai:\n  promptId: <A>\n").len(), 1);
}

#[test]
fn hostile_files_cost_no_more_than_their_size() {
    let real = id('a');
    for text in [
        "{[(".repeat(1_500) + &format!("\"id\": \"{real}\""),
        "'\\'\\".repeat(1_500) + &real,
        "\"{".repeat(6_000) + &real,
        format!("{{\"id\": \"{real}\"}},").repeat(1_500),
        format!("const X = \"{real}\";\n") + &"f({prompt: {id: X}});".repeat(1_500),
        "prompt:{".repeat(3_000) + &format!("id:'{real}'"),
        format!(
            "a = b = \"{real}\"\nb = a\na = b\nf(prompt={{'id': a, 'version': b, 'variables': a}})"
        ),
        "}])".repeat(6_000) + &real,
        format!("{real}\r\n\u{0}\u{feff}\u{e9}'{real}"),
    ] {
        for path in ["a.js", "a.yml", "a.sh"] {
            assert!(!find_ids(path, &text).is_empty(), "{path}: {text:.40}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_every_id_found(before in "[\\PC\\n]{0,80}", after in "[\\PC\\n]{0,80}", path in "[a-z]{1,3}\\.(py|ts|yml|sh|md|json|tf)") {
        let text = format!("{before} {} {after}", id('a'));
        let found = find_ids(&path, &text);
        proptest::prop_assert!(found.iter().any(|place| place.id == id('a')) || text.contains("source"));
    }
}
