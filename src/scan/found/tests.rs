use super::*;

mod changed;
mod flow;
mod hostile;
mod members;
mod sure;

/// A prompt on few lines: kind, what sends it, and each message.
fn described(prompt: &FoundPrompt) -> String {
    let mut text = format!("{} {}", prompt.kind.as_str(), prompt.sdk.unwrap_or("-"));
    if let Some(model) = &prompt.model {
        text.push_str(&format!(" {model}"));
    }
    for (key, value) in &prompt.parameters {
        text.push_str(&format!(" {key}={value}"));
    }
    for message in &prompt.messages {
        let content = match &message.content {
            Content::Placeholder(name) => format!("*{name}"),
            Content::Text(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Variable(name) => format!("<{name}>"),
                })
                .collect(),
        };
        text.push_str(&format!(" | {} {content}", message.role));
    }
    text
}

#[track_caller]
fn found(path: &str, text: &str) -> Vec<String> {
    let found = find(path, text, true).prompts;
    found.iter().map(described).collect()
}

#[track_caller]
fn only(path: &str, text: &str, expected: &str) {
    assert_eq!(found(path, text), [expected], "{text}");
}

#[test]
fn a_call_in_python_tells_what_it_sends() {
    let texts = [
        (
            "from openai import OpenAI\nMODEL = 'gpt-5'\ndef f(user, q):\n    return client.responses.create(model=MODEL, temperature=0.2, instructions=f\"You help {user.name}.\\nBe {{kind}}.\", input=q)\n",
            "sent openai gpt-5 temperature=0.2 | system You help <user_name>.\nBe {kind}. | user <q>",
        ),
        (
            "import openai\nSYSTEM = 'Sort tickets. ' \\\n  'Be brief.'\ndef f(history, t):\n    messages = [{'role': 'system', 'content': SYSTEM}, *history]\n    messages.append({\"role\": \"user\", \"content\": \"Ticket: %s\" % t})\n    return openai.chat.completions.create(messages=messages, stop=['x'])\n",
            "sent openai stop=[\"x\"] | system Sort tickets. Be brief. |  *history | user Ticket: <t>",
        ),
        (
            "import anthropic\nclient.messages.create(model='claude', max_tokens=9, system=[{'type': 'text', 'text': 'You are kind'}], messages=[{'role': 'user', 'content': [{'type': 'image'}, {'type': 'text', 'text': x}]}])",
            "sent anthropic claude max_tokens=9 | system You are kind | user <x>",
        ),
        (
            "from langchain_core.prompts import ChatPromptTemplate\np = ChatPromptTemplate.from_messages([('system', 'You know {topic}'), MessagesPlaceholder('history'), ('human', '{q}')])",
            "sent langchain | system You know {topic} |  *history | user {q}",
        ),
        (
            "from agents import Agent\nimport textwrap\na = Agent[Ctx](name='x', instructions=textwrap.dedent('''\\\n    You are an agent.\n      Be good to {who}.\n    ''').strip().format(who=get_who()))",
            "sent openai-agents | system You are an agent.\n  Be good to <who>.",
        ),
        (
            "import dspy\nclass Sort(dspy.Signature):\n    \"\"\"Sort the ticket\n    into a queue.\"\"\"\n    ticket = dspy.InputField()\n",
            "sent dspy | system Sort the ticket\ninto a queue.",
        ),
        (
            "payload = {'model': 'm', 'messages': [{'role': 'system', 'content': '\\n'.join(['You sort.', f'Into {n:>3} queues.'])}]}\nrequests.post(url, json=payload)",
            "sent - m | system You sort.\nInto <n> queues.",
        ),
        (
            "from google import genai\nclient.models.generate_content(model='g', contents='Say hello to all of the world', config=types.GenerateContentConfig(system_instruction='You are kind', temperature=1))",
            "sent google g temperature=1 | system You are kind | user Say hello to all of the world",
        ),
    ];
    for (text, expected) in texts {
        only("a.py", text, expected);
    }
}

#[test]
fn a_call_in_typescript_tells_what_it_sends() {
    let texts = [
        (
            "import { generateText } from 'ai';\nconst system = `You are ${persona.name}.\n\\`Be\\` kind.`;\nexport async function f(q: string) { return generateText({ model: openai('gpt-5'), system, prompt: `Answer: ${q}`, temperature: 0 }); }",
            "sent vercel-ai openai/gpt-5 temperature=0 | system You are <persona_name>.\n`Be` kind. | user Answer: <q>",
        ),
        (
            "import OpenAI from 'openai';\nconst r = await client.chat.completions.create({ model: 'm', messages: [{ role: 'system' as const, content: [\"You sort.\", \"Be brief.\"].join('\\n') }, ...history, { role: 'user', content: q }] });",
            "sent openai m | system You sort.\nBe brief. |  *history | user <q>",
        ),
        (
            "import { Agent } from '@openai/agents';\nexport const a = new Agent({ name: 'x', instructions: 'You are kind' + (extra ?? '') });",
            "sent openai-agents | system You are kind<value_1>",
        ),
        (
            "const TEXT = 'Hello {{name}}, you win the prize today';\nconst m = { role: 'user', content: TEXT.replace('{{name}}', who) };",
            "message - | user Hello <who>, you win the prize today",
        ),
        (
            "import { ChatPromptTemplate } from '@langchain/core/prompts';\nconst p = ChatPromptTemplate.fromMessages([[\"system\", \"You know {topic}\"], new MessagesPlaceholder(\"chat\")]);",
            "sent langchain | system You know {topic} |  *chat",
        ),
    ];
    for (text, expected) in texts {
        only("a.ts", text, expected);
        only(
            "a.js",
            &text.replace(" as const", "").replace(": string", ""),
            expected,
        );
    }
    only(
        "a.tsx",
        "import { streamText } from 'ai';\nconst f = () => <p onClick={() => streamText({ system: 'You are kind', prompt })}>Hi</p>;",
        "sent vercel-ai | system You are kind | user <prompt>",
    );
}

#[test]
fn a_system_prompt_in_a_map_needs_no_library_beside_it() {
    let long = "Sum up what the customer and the agent said in three points for whoever is next.";
    for (path, text, expected) in [
        (
            "a.ts",
            format!("export const config = {{ systemPrompt: `{long}` }};"),
            1,
        ),
        ("a.py", format!("CONFIG = {{'system_prompt': '{long}'}}"), 1),
        (
            "a.py",
            "CONFIG = {'system_prompt': 'what it says'}".to_owned(),
            0,
        ),
        (
            "a.ts",
            format!("export const config = {{ system: `{long}` }};"),
            0,
        ),
    ] {
        assert_eq!(find(path, &text, false).prompts.len(), expected, "{text}");
    }
}

#[test]
fn what_surely_is_a_prompt_is_found_by_its_name_and_the_rest_on_request() {
    let text = "TRIAGE_PROMPT = 'You sort tickets into queues. Answer with the name of one queue.'\ndef build_prompt(x):\n    return f'You sort tickets about {x} into queues. Answer with the name of one.'\nHELP_TEMPLATE = 'You sort tickets into queues. Answer with the name of one queue.'\n";
    assert_eq!(
        found("a.py", text),
        [
            "declared - | system You sort tickets into queues. Answer with the name of one queue.",
            "returned - | system You sort tickets about <x> into queues. Answer with the name of one."
        ]
    );
    assert_eq!(find("a.py", text, false).prompts.len(), 2);
    for text in [
        "TRIAGE_TEMPLATE = 'You sort tickets into queues. Answer with the name of one queue.'",
        "PREFIX = 'You are working with a table. Answer with the name of one column.'",
        "PROMPT = 'You are a judge'",
        "x = 'You are a judge of it'",
    ] {
        assert_eq!(found("a.py", text).len(), 1, "{text}");
        assert_eq!(find("a.py", text, false).prompts, [], "{text}");
    }
    for text in [
        "TRIAGE_PROMPT = TextPrompt('Sort these tickets into queues. Answer with the name of one queue.')",
        "x = ['You are a judge of texts who answers with one word alone']",
        "f(system_prompt='Sort tickets into queues')",
        "m = [ChatMessage(role='system', content='Sort tickets into queues')]",
    ] {
        assert_eq!(find("a.py", text, false).prompts.len(), 1, "{text}");
    }
    // By how it begins, wherever it goes; `dedent.default` is what bundlers write.
    for (path, text) in [
        (
            "a.py",
            "class Writer(Role):\n    goal: str = field('You are a writer of short stories')\n",
        ),
        (
            "a.ts",
            "export function make({ rubric = dedent.default`\n  You are a writer of short stories\n` }) {}",
        ),
        (
            "a.ts",
            "f(JSON.stringify({ session: { instructions: cfg.text || 'You are a writer of short stories' } }))",
        ),
    ] {
        let found = found(path, text);
        assert!(
            found[0].ends_with("- | system You are a writer of short stories"),
            "{found:?}"
        );
    }
}

#[test]
fn what_is_no_prompt_is_not_taken() {
    for text in [
        "import openai, click\nname = click.prompt('What is your name, dear user of this?')",
        "import openai\nopenai.embeddings.create(input='a text of quite a few words to embed')",
        "import openai\n# You are kind: instructions='You are kind'\n'''instructions='You are kind' '''",
        "import openai\nraise ValueError(prompt='this is an error with a long text in it')",
        "m = {'role': 'admin', 'content': 'Welcome to the admin of this whole place'}",
        "import openai\nclient.images.generate(prompt='a cat that sits on a mat in the sun')",
        "import openai\nf(prompt='hi there')",
        "def f():\n    \"\"\"You are a caller of this function and of no other one.\"\"\"\n",
        "warnings.warn('You are a user of an older version of this: please take another one')",
        "PROMPT_EXAMPLE = 'Sort these tickets into queues. Answer with the name of one queue alone.'",
        "UPGRADE_MSG = 'You are using an older version of this: please take another one'",
    ] {
        assert_eq!(found("a.py", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_comment_allows_a_prompt_on_its_line_or_below() {
    let call = "client.responses.create(instructions='You are kind')";
    for (text, expected) in [
        (call.to_owned(), false),
        (format!("{call}  # promptctl: allow P510"), true),
        (format!("# promptctl: allow P514\n{call}"), true),
        (format!("\"# promptctl: allow P514\"\n{call}"), false),
        (
            format!("ID = 'pmpt_1'  # promptctl: allow P510\n{call}"),
            false,
        ),
        (format!("# promptctl: allow P501\n{call}"), false),
        (format!("# promptctl: allow P514\n\n{call}"), false),
    ] {
        assert_eq!(
            find("a.py", &text, false).prompts[0].is_allowed,
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_may_give_another_text_in_a_map_is_doubted() {
    let call = |spread: &str| {
        let text = format!(
            "from openai import OpenAI\nc.chat.completions.create(**{{'model': 'm', 'messages': [{{'role': 'system', 'content': 'You are kind'}}]{spread}}})"
        );
        find("a.py", &text, false).prompts[0].doubts.len()
    };
    assert_eq!((call(""), call(", **extra")), (0, 1));
}

#[test]
fn calls_that_begin_with_the_same_text_are_two() {
    let text = "from openai import OpenAI\ntext = 'Hello you are kind'\nc.responses.create(model='m', input=text)\nc.responses.create(model='m', input=text + ' and more')\nc.responses.create(model='m', input=text)\n";
    let found = find("a.py", text, false).prompts;
    let lines: Vec<usize> = found.iter().map(|it| it.call_line).collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn no_instructions_are_no_message_and_the_whole_callee_is_kept() {
    let text = "from openai import OpenAI\nc.with_options(timeout=5).responses.create(model='m', instructions=None, input='Hello you are kind')\n";
    let found = find("a.py", text, false).prompts;
    assert_eq!(found[0].messages.len(), 1);
    assert_eq!(
        found[0].call,
        ["c.with_options(timeout=5).responses.create"]
    );
}

#[test]
fn a_place_stays_the_same_when_lines_move() {
    let text = "class Desk:\n    def sort(self):\n        f({'role': 'system', 'content': 'You sort'})\n        f({'role': 'system', 'content': 'You mend'})\nf({'role': 'system', 'content': 'You wait'})\n";
    let marks = |text: &str| -> Vec<String> {
        find("desk.py", text, false)
            .prompts
            .iter()
            .map(FoundPrompt::mark)
            .collect()
    };
    assert_eq!(marks(text), ["Desk.sort#1", "Desk.sort#2", "-#1"]);
    assert_eq!(marks(&format!("\n\n# more\n{text}")), marks(text));
    let names: Vec<Option<String>> = find("desk.py", text, false)
        .prompts
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(
        names,
        [
            Some("desk/sort".to_owned()),
            Some("desk/sort".to_owned()),
            Some("desk".to_owned())
        ]
    );
}

#[test]
fn other_languages_are_read_for_messages_alone() {
    for (path, text, expected) in [
        (
            "a.go",
            "m := openai.ChatCompletionMessage{Role: openai.ChatMessageRoleSystem, Content: \"You are kind.\\nBe brief.\"}",
            "message - | system You are kind.\nBe brief.",
        ),
        (
            "A.java",
            "var m = new SystemMessage(\"You are kind\");",
            "message - | system You are kind",
        ),
        (
            "A.cs",
            "var m = new SystemChatMessage(\"\"\"You are kind\"\"\");",
            "message - | system You are kind",
        ),
        (
            "a.rb",
            "messages: [{ role: \"system\", content: \"You are kind\" }]",
            "message - | system You are kind",
        ),
        (
            "a.php",
            "['role' => 'system', 'content' => 'You are kind']",
            "message - | system You are kind",
        ),
        (
            "a.rs",
            "json!({\"role\": \"user\", \"content\": \"Sort this ticket into a queue please\"})",
            "message - | user Sort this ticket into a queue please",
        ),
    ] {
        only(path, text, expected);
        assert!(find(path, text, false).prompts[0].is_shallow());
    }
    assert_eq!(
        found("a.go", "x := \"role\"\ny := \"You are kind\""),
        Vec::<String>::new()
    );
}

#[test]
fn hostile_code_ends() {
    let deep = 200_000;
    for text in [
        format!(
            "import openai\nf(instructions='You are kind', x={}",
            "[".repeat(deep)
        ),
        format!(
            "import openai\nx = {}'You are kind'{}\nf(instructions=x)",
            "(".repeat(deep),
            ")".repeat(deep)
        ),
        format!(
            "import openai\nf(instructions={}'You are kind')",
            "'a b c' + ".repeat(deep / 10)
        ),
        format!("import openai\n{}", "f(instructions=".repeat(deep / 10)),
        "import openai\nx = x + 'You are kind'\ny = z\nz = y\nf(instructions=x)\nf(instructions=y)"
            .to_owned(),
        format!(
            "import openai\n{}",
            "instructions='You are kind' if ".repeat(20_000)
        ),
        "import openai\nf(instructions='You are \u{0}\u{fffd}kind')".to_owned(),
        format!(
            "import openai\n{}f(instructions=x)",
            "x = 'You are kind'\nx += x\n".repeat(2_000)
        ),
    ] {
        for path in ["a.py", "a.ts", "a.js", "a.go"] {
            find(path, &text, true);
        }
    }
}
