//! Messages that are changed by their name, or by another one, between where they are written and where
//! they are sent.

use crate::scan::found::find;

const PYTHON: &str = "import copy, openai\nclient = openai.OpenAI()\ndef f(c):\n";
const SCRIPT: &str = "import OpenAI from 'openai';\nconst client = new OpenAI();\n";

const PYTHON_CHANGES: &[&str] = &[
    "a = m.copy()\na[0]['content'] = c",
    "a = [*m]\na[0]['content'] = c",
    "a = m + []\na[0]['content'] = c",
    "a = [] + m\na[0]['content'] = c",
    "a = list(m)\na[0]['content'] = c",
    "a = tuple(m)\na[0]['content'] = c",
    "a = m[:]\na[0]['content'] = c",
    "a = m[0:1]\na[0]['content'] = c",
    "a = m * 1\na[0]['content'] = c",
    "a = copy.copy(m)\na[0]['content'] = c",
    "m.copy()[0]['content'] = c",
    "m[:][0]['content'] = c",
    "(m + [])[0]['content'] = c",
    "[*m][0]['content'] = c",
    "list(m)[0]['content'] = c",
    "next(iter(m))['content'] = c",
    "sorted(m)[0]['content'] = c",
    "min(m, key=len)['content'] = c",
    "max(m)['content'] = c",
    "a = sorted(m)\na[0]['content'] = c",
    "for a in sorted(m): a['content'] = c",
    "for i, a in enumerate(m): a['content'] = c",
    "for a, b in zip(m, m): a['content'] = c",
    "for a in m: a['content'] = c",
    "for a in m[:]: a['content'] = c",
    "for a in m.copy(): a['content'] = c",
    "for a in [*m]: a['content'] = c",
    "for a in m + []: a['content'] = c",
    "for a in reversed(m): a['content'] = c",
    "x = [a.update(content=c) for a in m]",
    "x = [a.update(content=c) for a in [*m]]",
    "a = m\na[0]['content'] = c",
    "a = m[0]\na['content'] = c",
    "a, = m\na['content'] = c",
    "a, *b = m\na['content'] = c",
    "[a] = m\na['content'] = c",
    "a = (m)\na[0]['content'] = c",
    "a = m or []\na[0]['content'] = c",
    "a = m if c else []\na[0]['content'] = c",
    "if (a := m): a[0]['content'] = c",
    "if (a := m[0]): a['content'] = c",
    "match m:\n    case [a]: a['content'] = c",
    "a = {'m': m}\na['m'][0]['content'] = c",
    "a = (m,)\na[0][0]['content'] = c",
    "for a in (m, m): a[0]['content'] = c",
    "a = [x for x in m]\na[0]['content'] = c",
    "a = [*m, {'role': 'user', 'content': c}]\na[0]['content'] = c",
    "a = filter(None, m)\nnext(a)['content'] = c",
    "a = m.__getitem__(0)\na['content'] = c",
    "m.pop()",
    "m[0] |= {'content': c}",
    "m[0].update(content=c)",
    "m[0]['content'] += c",
    "m *= 2",
    "m += c\nm[0]['content'] = 'x'",
    "a = lambda: m\na()[0]['content'] = c",
    "def g():\n    return m\ng()[0]['content'] = c",
    "def g(q=m):\n    q[0]['content'] = c\ng()",
    "def g():\n    for a in m: a['content'] = c\ng()",
    "with x(m) as y: pass",
    "yield m",
    "return_to(m)",
    "del m[0]['content']",
    "del m[0]",
    "m[0:1] = c",
    "m.extend(c)\nm[0].clear()",
    "a = dict(x=m)\na['x'][0]['content'] = c",
    "a = type(m)(m)\na[0]['content'] = c",
    "a = m.get(0)\na['content'] = c",
    "n = {'a': m}\nfor a in n.values(): a[0]['content'] = c",
    "assert m\nx = m and m[0]\nx['content'] = c",
    "def g():\n    nonlocal m\n    m = c\ng()",
    "c.m = m\nc.m[0]['content'] = 'x'",
    "c['m'] = m\nc['m'][0]['content'] = 'x'",
    "store[c] = m\nstore[c][0]['content'] = 'x'",
    "for c.x in m: c.x['content'] = 'x'",
    "def log(q): q[0]['content'] = 'x'\nlog(m)",
    "def generate(q): q[0]['content'] = 'x'\ngenerate(m)",
    "def parse(q): q[0]['content'] = 'x'\nparse(m[0])",
    "sorted = change\nsorted(m)",
    "from texts import log\nlog(m)",
    "import texts as log\nlog(m)",
    "class A:\n    def log(self, q): q[0]['content'] = 'x'\nA().log(m)",
    "client.log = change\nclient.log(m)",
];

const PYTHON_ELSE: &[&str] = &[
    "s = 'You are kind'\nwith c as (s, t): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith c as [s]: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith c as [s, *t]: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith c as (s): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith (c as (s, t), d as e): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith (c as t, d as [s]): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith c as ((s, t), u): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\ntype s = int\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\ntype s[T] = list[T]\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nwith c as x.y, d as s: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nfor [s, t] in c: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\n[s] = c\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nimport s\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nimport s.t\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nfrom x import t as s\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\ndef s(): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\ntry: pass\nexcept* E as s: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nmatch c:\n    case [*s]: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nmatch c:\n    case {'a': 1, **s}: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nmatch c:\n    case A(b=s): pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nmatch c:\n    case A() as s: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nmatch c:\n    case (1 | 2) as s: pass\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nx = [s := y for y in c]\nclient.responses.create(instructions=s)",
    "s = 'You are kind'\nasync with c as (s, t): pass\nclient.responses.create(instructions=s)",
    "x = {'role':'system','content':'You are kind'}\ny = [x]\ny[0]['content'] = c\nclient.chat.completions.create(messages=[x])",
    "x = {'role':'system','content':'You are kind'}\ny = {**x}\nx |= {'content': c}\nclient.chat.completions.create(messages=[x])",
    "x = {'role':'system','content':'You are kind'}\nx.setdefault('a', c)\nclient.chat.completions.create(messages=[x])",
    "x = {'role':'system','content':[{'type':'text','text':'You are kind'}]}\ny = x.copy()\ny['content'][0]['text'] = c\nclient.chat.completions.create(messages=[x])",
    "x = {'role':'system','content':[{'type':'text','text':'You are kind'}]}\nx.get('content')[0]['text'] = c\nclient.chat.completions.create(messages=[x])",
    "x = {'role':'system','content':[{'type':'text','text':'You are kind'}]}\nfor y in x.values(): y[0]['text'] = c\nclient.chat.completions.create(messages=[x])",
    "x = {'role':'system','content':[{'type':'text','text':'You are kind'}]}\ny = {**x}\ny['content'][0]['text'] = c\nclient.chat.completions.create(messages=[x])",
    "kw = dict(instructions='You are kind')\nkw['instructions'] = c\nclient.responses.create(**kw)",
    "kw = dict(instructions='You are kind', model='m')\nkw.update(instructions=c)\nclient.responses.create(**kw)",
    "kw = {'instructions':'You are kind'}\nkw['instructions'] = c\nclient.responses.create(**kw)",
    "kw = {'instructions':'You are kind'}\nkw.update(instructions=c)\nclient.responses.create(**kw)",
    "kw = dict(instructions='You are kind')\nfor k in c: kw[k] = c\nclient.responses.create(**kw)",
    "kw = dict({'instructions':'You are kind'})\nkw['instructions'] = c\nclient.responses.create(**kw)",
    "kw = dict(messages=[{'role':'system','content':'You are kind'}])\nkw['messages'][0]['content'] = c\nclient.chat.completions.create(**kw)",
    "kw = dict(messages=[{'role':'system','content':'You are kind'}])\nkw['messages'] = c\nclient.chat.completions.create(**kw)",
    "kw = dict(instructions='You are kind')\nkw = dict(instructions=c)\nclient.responses.create(**kw)",
    "kw = {'instructions':'You are kind'}\nc.kw = kw\nc.kw['instructions'] = 'x'\nclient.responses.create(**kw)",
    "user = load()\ntext = f'You are kind to {user[\"name\"]}'\nu = user\nu.update(name='x')\nclient.responses.create(instructions=text)",
    "user = load()\nu = user\ntext = f'You are kind to {user[\"name\"]}'\nu.update(name='x')\nclient.responses.create(instructions=text)",
    "user = load()\ntext = f'You are kind to {user[\"tags\"]}'\nu = user['tags']\nu.append('x')\nclient.responses.create(instructions=text)",
    "names = load()\ntext = f'You are kind to {names[0]}'\nu = names\nu.append('x')\nclient.responses.create(instructions=text)",
    "user = load()\ntext = f'You are kind to {user.name}'\nfor u in [user]: u.rename()\nclient.responses.create(instructions=text)",
    "user = load()\ndef g(): user.rename()\ntext = f'You are kind to {user.name}'\ng()\nclient.responses.create(instructions=text)",
];

const SCRIPT_CHANGES: &[&str] = &[
    "m.find(x => x.role === 'system').content = c;",
    "m.at(0).content = c;",
    "Object.assign(m.at(0), {content: c});",
    "Object.assign(m[0], {content: c});",
    "[...m][0].content = c;",
    "m.map(x => x)[0].content = c;",
    "m.filter(x => x)[0].content = c;",
    "m.slice()[0].content = c;",
    "m.slice(0)[0].content += c;",
    "m.concat([])[0].content = c;",
    "[].concat(m)[0].content = c;",
    "for (const x of m.values()) x.content = c;",
    "for (const x of m) x.content = c;",
    "for (const x of [...m]) x.content = c;",
    "for (const x of m.slice()) x.content = c;",
    "for (const [i, x] of m.entries()) x.content = c;",
    "for (const i in m) m[i].content = c;",
    "m.forEach(x => { x.content = c; });",
    "m.forEach(function (x) { x.content = c; });",
    "m.forEach(x => x.content = c);",
    "m.map(x => { x.content = c; return x; });",
    "const y = m.map(x => { x.content = c; return x; });",
    "m.filter(x => { x.content = c; return x; });",
    "m.filter(x => Boolean(x)).forEach(x => { x.content = c; });",
    "m.forEach(change);",
    "m.map(change);",
    "m.some(x => { x.content = c; });",
    "m.find(x => { x.content = c; });",
    "m.reduce((a, x) => { x.content = c; return a; }, 0);",
    "m.findLast(x => x).content = c;",
    "const a = m.slice(); a[0].content = c;",
    "const a = [...m]; a[0].content = c;",
    "const a = m.concat([]); a[0].content = c;",
    "const a = m.map(x => x); a[0].content = c;",
    "const a = m.filter(x => x); a[0].content = c;",
    "const a = m.at(0); a.content = c;",
    "const a = m.find(x => x); a.content = c;",
    "const a = m[0]; a.content = c;",
    "const [a] = m; a.content = c;",
    "const [a, ...b] = m; a.content = c;",
    "const {0: a} = m; a.content = c;",
    "let a; [a] = m; a.content = c;",
    "const a = Array.from(m); a[0].content = c;",
    "const a = m; a[0].content = c;",
    "const a = {m}; a.m[0].content = c;",
    "const a = {...m}; a[0].content = c;",
    "const a = structuredClone(m); use(m);",
    "const a = (0, m); a[0].content = c;",
    "const a = c ? m : []; a[0].content = c;",
    "const a = m ?? []; a[0].content = c;",
    "m?.[0] && (m[0].content = c);",
    "m.push(c); m[0].content = c;",
    "m.unshift(c);",
    "m.splice(0, 1, c);",
    "m.sort();",
    "m.reverse();",
    "m.length = 0;",
    "delete m[0].content;",
    "m[0].content = c;",
    "m[0]['content'] = c;",
    "({content: m[0].content} = c);",
    "[m[0]] = c;",
    "m[0].content ||= c;",
    "m[0].content++;",
    "const g = () => m; g()[0].content = c;",
    "const g = () => { m[0].content = c; }; g();",
    "m.at(0)['content'] = c;",
    "m.at(-1).content += c;",
    "Object.assign(m.find(x => x), c);",
    "change(m.at(0));",
    "change(m.slice());",
    "change([...m]);",
    "Object.values(m)[0].content = c;",
    "Object.values(m).forEach(x => { x.content = c; });",
    "for (const x of Object.values(m)) x.content = c;",
    "const a = m.values().next().value; a.content = c;",
    "const {content} = m[0]; m.at(0).content = content + c;",
    "m.map(x => x).forEach(x => { x.content = c; });",
    "const h = m.slice(0, 1).concat(c); h[0].content = c;",
    "let x; for (x of m) x.content = c;",
    "return_(m.at(0));",
    "(m).at(0).content = c;",
    "m.at(0).content.x = c; delete m.at(0).content;",
    "[...m].forEach(x => { x.content = c; });",
    "[...m, c].forEach(x => { x.content = c; });",
    "for (const x of [...m, c]) x.content = c;",
    "`${m.at(0).content = c}`;",
    "console.log(m.at(0).content = c);",
    "c.m = m; c.m[0].content = 'x';",
    "c[0] = m; c[0][0].content = 'x';",
    "m.forEach((change));",
    "m.forEach(changes[0]);",
    "m.forEach(c ? a : b);",
    "m.forEach(async function* (x) { x.content = c; });",
    "m.forEach(function () { arguments[0].content = c; });",
    "m.forEach(function (x) { arguments[2][0].content = c; });",
    "m.forEach((x, ...all) => { all[1][0].content = c; });",
    "m.forEach((...all) => { all[0].content = c; });",
    "const parse = x => { x.content = c; }; m.forEach(parse);",
    "function log(x) { x[0].content = c; } log(m);",
    "const own = { log(x) { x[0].content = c; } }; own.log(m);",
    "const own = { log: change }; own.log(m);",
    "const own = { 'log': change }; own.log(m);",
];

const TYPED_CHANGES: &[&str] = &[
    "m.forEach(change as any);",
    "m.forEach(change!);",
    "m.forEach(((x) => { x.content = c; }) as any);",
    "m.forEach(function (this: any, x: any) { x.content = c; });",
    "c.m = m; c.m[0].content = 'x';",
];

const SCRIPT_ELSE: &[&str] = &[
    "function f(c) { let s = 'You are kind'; switch (c) { case 1: s = 'x'; } client.responses.create({instructions: s}); }",
    "function f(c) { const s = 'You are kind'; switch (c) { case 1: let s = c; case 2: client.responses.create({instructions: s}); } }",
    "function f(c) { const s = 'You are kind'; switch (c) { case 2: client.responses.create({instructions: s}); break; default: let s = c; } }",
    "function f(c) { const s = 'You are kind'; switch (c) { case 1: class s {} ; case 2: client.responses.create({instructions: s}); } }",
    "function f(c) { const s = 'You are kind'; switch (c) { case 1: function s() {}; case 2: client.responses.create({instructions: s}); } }",
    "function f(c) { const m = {role:'system',content:'You are kind'}; const a = {...m}; Object.assign(m, c); client.chat.completions.create({messages: [m]}); }",
    "function f(c) { const m = {role:'system',content:[{type:'text',text:'You are kind'}]}; const a = {...m}; a.content[0].text = c; client.chat.completions.create({messages: [m]}); }",
    "function f(c) { const m = {role:'system',content:[{type:'text',text:'You are kind'}]}; m.content.at(0).text = c; client.chat.completions.create({messages: [m]}); }",
    "function f(c) { const m = {role:'system',content:[{type:'text',text:'You are kind'}]}; m.content.map(x => { x.text = c; }); client.chat.completions.create({messages: [m]}); }",
    "function f(c) { const m = {role:'system',content:[{type:'text',text:'You are kind'}]}; m.content.find(x => x).text = c; client.chat.completions.create({messages: [m]}); }",
    "function f(c) { const m = {role:'system',content:'You are kind'}; for (const k of [m]) k.content = c; client.chat.completions.create({messages: [m]}); }",
];

const PYTHON_READS: &[&str] = &[
    "a = m.copy()\na.append(c)\nprint(m, len(m))",
    "print(m[0]['content'])\nlogger.info(m)\nn = len(m)",
    "m.append({'role':'user','content':c})",
    "for x in m: print(x['content'])",
    "total = sum(len(x['content']) for x in m)",
    "a = [x for x in m if x['role'] != 'system']",
    "client.chat.completions.create(messages=m)\nm.append(c)",
    "def log(q): pass\nprint(m)",
    "from copy import deepcopy\na = deepcopy(m)\na[0]['content'] = c",
];

const SCRIPT_READS: &[&str] = &[
    "m.push({role:'user', content:c});",
    "console.log(m.map(x => x.content).join(''));",
    "const n = m.filter(x => x.role === 'user').length;",
    "const t = m.at(0).content;",
    "const h = [...m, c];",
    "for (const x of m) console.log(x.content);",
    "const has = m.some(x => x.role === 'system');",
    "const has = m.find(x => x.role === 'system').content.length;",
    "log(m.at(0).content);",
    "m.forEach(x => console.log(x.content));",
    "m.forEach(x => { total += x.content.length; });",
    "const s = JSON.stringify(m.slice(-1));",
    "m.map(String);",
    "try { g(); } catch (error) { console.error(m, { log: error }); }",
];

/// Whether something of a program would be lifted.
fn is_lifted(path: &str, text: &str) -> bool {
    let found = find(path, text, false).prompts;
    found.iter().any(|prompt| prompt.doubts.is_empty())
}

fn python(body: &str) -> String {
    format!("{PYTHON}    {}\n", body.replace('\n', "\n    "))
}

/// Messages in Python, and what is done with them before they are sent.
fn python_messages(body: &str) -> String {
    python(&format!(
        "m = [{{'role': 'system', 'content': 'You are kind'}}]\n{body}\nclient.chat.completions.create(messages=m)"
    ))
}

fn script_messages(body: &str) -> String {
    format!(
        "{SCRIPT}function f(c) {{ const m = [{{ role: 'system', content: 'You are kind' }}]; {body} client.chat.completions.create({{ messages: m }}); }}"
    )
}

#[test]
fn messages_that_are_changed_in_any_way_are_not_lifted() {
    let python_messages = PYTHON_CHANGES
        .iter()
        .map(|it| ("a.py", python_messages(it)));
    let python = PYTHON_ELSE.iter().map(|it| ("a.py", python(it)));
    let typed = TYPED_CHANGES.iter().map(|it| ("a.ts", script_messages(it)));
    let script_messages = SCRIPT_CHANGES
        .iter()
        .map(|it| ("a.js", script_messages(it)));
    let script = SCRIPT_ELSE
        .iter()
        .map(|it| ("a.js", format!("{SCRIPT}{it}")));
    let all = python_messages
        .chain(typed)
        .chain(python)
        .chain(script_messages)
        .chain(script);
    let lifted: Vec<String> = all
        .filter(|(path, text)| is_lifted(path, text))
        .map(|(_, text)| text)
        .collect();
    assert_eq!(lifted, Vec::<String>::new());
}

#[test]
fn messages_that_are_read_or_copied_are_lifted() {
    let python = PYTHON_READS.iter().map(|it| ("a.py", python_messages(it)));
    let script = SCRIPT_READS.iter().map(|it| ("a.js", script_messages(it)));
    let refused: Vec<String> = python
        .chain(script)
        .filter(|(path, text)| !is_lifted(path, text))
        .map(|(_, text)| text)
        .collect();
    assert_eq!(refused, Vec::<String>::new());
}

#[test]
fn a_message_that_is_sent_from_elsewhere_is_not_lifted_if_it_is_changed_here() {
    for body in [
        "x = {'role': 'system', 'content': 'You are kind'}\nx['content'] = c\nsend(x)",
        "p = {'model': 'm', 'messages': [{'role': 'system', 'content': 'You are kind'}]}\np['messages'][0]['content'] = c\nsend(p)",
        "m = [{'role': 'system', 'content': 'You are kind'}]\nfor x in m:\n    x['content'] = c\nsend(m)",
        "kw = dict(messages=[{'role': 'system', 'content': 'You are kind'}])\nkw['messages'][0]['content'] = c\nsend(**kw)",
        "kw = dict(instructions='You are kind and brief to all of them')\nkw['instructions'] = c\nsend(**kw)",
    ] {
        assert!(!is_lifted("a.py", &python(body)), "{body}");
    }
    for body in [
        "x = {'role': 'system', 'content': 'You are kind'}\nlog(x)\nsend(x)",
        "p = {'model': 'm', 'messages': [{'role': 'system', 'content': 'You are kind'}]}\nsend(p)\nreturn p",
        "m = [{'role': 'system', 'content': 'You are kind'}]\nfor x in m:\n    log(x['content'])\nsend(m)",
    ] {
        assert!(is_lifted("a.py", &python(body)), "{body}");
    }
}

#[test]
fn a_case_of_a_switch_declares_names_for_all_of_it() {
    let text = "const s = 'You are kind';\nfunction f(c) { switch (c) { case 1: const s = 'Be brief'; client.responses.create({ instructions: s + ' and calm' }); } }";
    let found = find("a.js", &format!("{SCRIPT}{text}"), false).prompts;
    let said: Vec<String> = found.iter().map(super::described).collect();
    assert_eq!(said, ["sent openai | system Be brief and calm"]);
    for (text, is_sure) in [
        (
            "switch (c) { case 1: const s = 'You are kind'; client.responses.create({ instructions: s }); break; case 2: }",
            true,
        ),
        (
            "const s = 'You are kind'; switch (c) { case 1: client.responses.create({ instructions: s }); }",
            true,
        ),
        (
            "switch (c) { case 1: const s = 'You are kind'; case 2: client.responses.create({ instructions: s }); }",
            false,
        ),
    ] {
        let text = format!("{SCRIPT}function f(c) {{ {text} }}");
        assert_eq!(is_lifted("a.js", &text), is_sure, "{text}");
    }
}
