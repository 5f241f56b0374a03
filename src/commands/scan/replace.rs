//! The code that takes the place of a prompt, in the words of its language.

use serde_json::Value;

use crate::exchange::format::code as from_code;
use crate::scan::found::{Content, FoundPrompt, Language, Piece, READER_NAMES, Stands};

/// The class that reads prompts.
const READER: &str = READER_NAMES[1];

/// How a language writes what takes the place of a prompt: a row each.
struct Wording {
    /// What stands at the top of the file, by the names of the prompts and of the class that reads them.
    head: fn(&str, &str) -> [String; 2],
    /// A prompt of those by its name.
    prompt: fn(&str, &str) -> String,
    /// What declares a name, and what ends a statement.
    declare: &'static str,
    end: &'static str,
    /// The text of a message.
    content: &'static str,
    comment: &'static str,
    /// What puts all entries of a map in its place.
    spread: &'static str,
    argument: fn(&str, &str) -> String,
    /// What `render` is given.
    values: fn(&[String]) -> String,
    /// A map whose keys are what the API reads.
    map: fn(&[(&str, &str)]) -> String,
    /// What a call is given, by its arguments.
    call: fn(&str, &[String]) -> String,
    /// Whether all of a request can be given as it is.
    takes_map: bool,
    plain: fn(&Value) -> String,
    /// A name where the usual one is taken.
    other_name: fn(&str) -> String,
    /// The system text apart from the other messages.
    apart: fn(&str, &str, &str) -> String,
}

const PYTHON: Wording = Wording {
    head: |all, reader| {
        [
            format!("from live_prompts import {}", imported(reader)),
            format!("{all} = {reader}(\"prompts.json\")"),
        ]
    },
    prompt: |all, name| format!("{all}[\"{name}\"]"),
    declare: "",
    end: "",
    content: "[\"content\"]",
    comment: "#",
    spread: "**",
    argument: |name, value| format!("{name}={value}"),
    values: |all| all.join(", "),
    map: |all| {
        let entry = |(name, value): &(&str, &str)| format!("\"{name}\": {value}");
        let entries: Vec<String> = all.iter().map(entry).collect();
        format!("{{{}}}", entries.join(", "))
    },
    call: |callee, given| format!("{callee}({})", given.join(", ")),
    takes_map: false,
    plain: in_python,
    other_name: |name| match name {
        "prompts" => "live_prompts".to_owned(),
        READER => "LivePrompts".to_owned(),
        name => format!("prompt_{name}"),
    },
    apart: |system, messages, rendered| format!("{system}, *{messages} = {rendered}"),
};

const SCRIPT: Wording = Wording {
    head: |all, reader| {
        [
            format!("import {{ {} }} from \"./prompts.mjs\";", imported(reader)),
            format!("const {all} = new {reader}(\"prompts.json\");"),
        ]
    },
    prompt: |all, name| format!("{all}.get(\"{name}\")"),
    declare: "const ",
    end: ";",
    content: ".content",
    comment: "//",
    spread: "...",
    argument: |name, value| match name == value {
        true => name.to_owned(),
        false => format!("{name}: {value}"),
    },
    values: |all| match all {
        [] => String::new(),
        all => format!("{{ {} }}", all.join(", ")),
    },
    map: |all| {
        let entries: Vec<String> = all
            .iter()
            .map(|(name, value)| (SCRIPT.argument)(name, value))
            .collect();
        format!("{{ {} }}", entries.join(", "))
    },
    call: |callee, given| format!("{callee}({{ {} }});", given.join(", ")),
    takes_map: true,
    plain: Value::to_string,
    other_name: |name| match name {
        "prompts" => "livePrompts".to_owned(),
        READER => "LivePrompts".to_owned(),
        name => format!("prompt{}{}", name[..1].to_uppercase(), &name[1..]),
    },
    apart: |system, messages, rendered| format!("const [{system}, ...{messages}] = {rendered};"),
};

/// The class that reads prompts, by the name that it gets.
fn imported(reader: &str) -> String {
    match reader {
        READER => READER.to_owned(),
        other => format!("{READER} as {other}"),
    }
}

fn wording(language: Language) -> &'static Wording {
    match language {
        Language::Python => &PYTHON,
        Language::JavaScript | Language::TypeScript | Language::Tsx => &SCRIPT,
    }
}

/// The code that takes the place of a prompt, line by line; none where its language is not parsed.
pub(super) fn lines(prompt: &FoundPrompt, name: &str) -> Vec<String> {
    let Some(language) = prompt.language else {
        return Vec::new();
    };
    let words = wording(language);
    let all = prompt.variables();
    let mut variables: Vec<String> = all
        .iter()
        .map(|it| (words.argument)(&it.name, &it.expression))
        .collect();
    let later = filled_later(prompt);
    variables.extend(later.iter().map(|name| (words.argument)(name, "…")));
    let given = (words.values)(&variables);
    let [prompts, reader] = READER_NAMES.map(|name| free(prompt, name, words));
    let one = (words.prompt)(&prompts, name);
    let call = prompt.call.join(".");
    let rendered = format!("{one}.render({given})");
    let (declare, end, content) = (words.declare, words.end, words.content);
    let mut lines: Vec<String> = (words.head)(&prompts, &reader).to_vec();
    if !later.is_empty() {
        lines.push(format!(
            "{} where the template is filled in:",
            words.comment
        ));
    }
    let starts_with_system = prompt
        .messages
        .first()
        .is_some_and(|it| it.role == "system");
    let is_text = matches!(prompt.messages.as_slice(), [only] if matches!(only.content, Content::Text(_)))
        && !prompt.is_list;
    match prompt.stands {
        Stands::Answer if is_text => {
            lines.push(format!("return {rendered}[0]{content}{end}"));
        }
        Stands::Answer => lines.push(format!("return {rendered}{end}")),
        Stands::Given | Stands::Choice if is_text => {
            lines.push(format!("{rendered}[0]{content}"));
        }
        // Each in the place of its argument.
        Stands::Given if !prompt.is_list => {
            for (index, message) in prompt.messages.iter().enumerate() {
                let comment = words.comment;
                lines.push(format!(
                    "{rendered}[{index}]{content}  {comment} {}",
                    message.role
                ));
            }
        }
        Stands::Given | Stands::Choice => lines.push(rendered),
        Stands::InCall | Stands::Elsewhere if call.ends_with("responses.create") => {
            let kept = kept(prompt, words);
            lines.push(request(
                prompt,
                words,
                &format!("{one}.request({given})"),
                &rendered,
                &kept,
            ));
            let quoted = format!("\"{name}\"");
            let values: Vec<(&str, &str)> = all
                .iter()
                .map(|it| (it.name.as_str(), it.expression.as_str()))
                .collect();
            let values = (words.map)(&values);
            let mut stored = vec![("id", quoted.as_str())];
            if !all.is_empty() {
                stored.push(("variables", &values));
            }
            let stored = (words.argument)("prompt", &(words.map)(&stored));
            let given: Vec<String> = std::iter::once(stored).chain(kept).collect();
            lines.push(format!(
                "{} or through the gateway: {}",
                words.comment,
                (words.call)(&call, &given)
            ));
        }
        Stands::InCall | Stands::Elsewhere if is_text => {
            let free = || format!("{declare}{}", free(prompt, "text", words));
            let text = prompt.set.clone().unwrap_or_else(free);
            lines.push(format!("{text} = {rendered}[0]{content}{end}"));
        }
        Stands::InCall | Stands::Elsewhere
            if prompt.sdk == Some("anthropic") && starts_with_system =>
        {
            let system = free(prompt, "system", words);
            let messages = free(prompt, "messages", words);
            lines.push((words.apart)(&system, &messages, &rendered));
            let given = [
                (words.argument)("system", &format!("{system}{content}")),
                (words.argument)("messages", &messages),
                "…".to_owned(),
            ];
            lines.push((words.call)(&call, &given));
        }
        Stands::InCall | Stands::Elsewhere => {
            let messages = free(prompt, "messages", words);
            lines.push(format!("{declare}{messages} = {rendered}{end}"));
            // What stands above the call is used there as it was.
            let is_within = prompt.at.line >= prompt.call_line;
            if prompt.stands == Stands::InCall && is_within && prompt.sends_messages() {
                let given = [(words.argument)("messages", &messages), "…".to_owned()];
                lines.push((words.call)(&call, &given));
            }
        }
    }
    lines
}

/// The expressions of values that the printed code gives as they are, and the code before put into a
/// text: those that a format has written are texts already.
pub(super) fn as_they_are(prompt: &FoundPrompt) -> impl Iterator<Item = &str> {
    let texts = prompt.messages.iter().filter(|it| {
        let is_alone = |pieces: &Vec<Piece>| matches!(pieces.as_slice(), [Piece::Variable(_)]);
        matches!(&it.content, Content::Text(pieces) if !is_alone(pieces))
    });
    let all = texts.flat_map(|message| &message.variables);
    let all = all.map(|it| it.expression.as_str());
    let formats = ["f\"", "f'", "\"", "'", "`"];
    all.filter(move |it| !formats.iter().any(|format| it.starts_with(format)))
}

/// The names that templates of the code's own are filled in with.
fn filled_later(prompt: &FoundPrompt) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for message in &prompt.messages {
        for name in from_code::filled_later(message, prompt.syntax) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// A name for what is rendered that neither the function around is given nor the values use.
fn free(prompt: &FoundPrompt, name: &str, words: &Wording) -> String {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let uses = |name: &str| {
        let mut variables = prompt.variables().into_iter();
        prompt.bound.iter().any(|bound| bound == name)
            || prompt.taken.contains(&name)
            || variables.any(|it| {
                let mut used = it.expression.split(|letter| !is_word(letter));
                used.any(|word| word == name)
            })
    };
    let other = (words.other_name)(name);
    let numbered = (2..).map(|number| format!("{other}{number}"));
    let mut names = [name.to_owned(), other.clone()].into_iter().chain(numbered);
    names.find(|name| !uses(name)).unwrap_or_default()
}

/// What a call goes on to give besides its prompt.
fn kept(prompt: &FoundPrompt, words: &Wording) -> Vec<String> {
    let all = prompt.kept.iter().map(|(key, value)| match key {
        None => format!("{}{value}", words.spread),
        Some(key) => (words.argument)(key, value),
    });
    all.collect()
}

/// A call of OpenAI's Responses API with the request of a prompt file, or with its messages where the
/// code says the model.
fn request(
    prompt: &FoundPrompt,
    words: &Wording,
    request: &str,
    rendered: &str,
    kept: &[String],
) -> String {
    let call = prompt.call.join(".");
    let has_model = |(key, _): &(Option<String>, String)| key.as_deref() == Some("model");
    let mut given = Vec::new();
    if prompt.kept.iter().any(has_model) {
        given.push((words.argument)("input", rendered));
        for (key, value) in &prompt.parameters {
            given.push((words.argument)(key, &(words.plain)(value)));
        }
    } else if words.takes_map && kept.is_empty() {
        return format!("{call}({request}){}", words.end);
    } else {
        given.push(format!("{}{request}", words.spread));
    }
    given.extend(kept.iter().cloned());
    (words.call)(&call, &given)
}

/// A value as Python writes it.
fn in_python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_python).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::found::find;

    fn shown(path: &str, text: &str) -> String {
        let found = find(path, text, false).prompts;
        lines(&found[0], "a/b")[2..].join("\n")
    }

    #[test]
    fn the_code_has_the_names_that_its_file_has_or_leaves_free() {
        let shown = |path: &str, text: &str| {
            let found = find(path, text, false).prompts;
            lines(&found[0], "a/b").join("\n")
        };
        let said = "You are a kind clerk of the town hall and answer all that people ask.";
        assert_eq!(
            shown("a.py", &format!("SYSTEM_PROMPT = '{said}'\n")),
            "from live_prompts import Prompts\nprompts = Prompts(\"prompts.json\")\nSYSTEM_PROMPT = prompts[\"a/b\"].render()[0][\"content\"]"
        );
        assert_eq!(
            shown(
                "a.py",
                &format!(
                    "from . import prompts\nclass A:\n    def f(self):\n        self.system_prompt = '{said}'\n"
                )
            ),
            "from live_prompts import Prompts\nlive_prompts = Prompts(\"prompts.json\")\nself.system_prompt = live_prompts[\"a/b\"].render()[0][\"content\"]"
        );
        assert_eq!(
            shown(
                "a.ts",
                &format!(
                    "import {{ prompts, Prompts }} from './own';\nexport const SYSTEM_PROMPT = '{said}';\n"
                )
            ),
            "import { Prompts as LivePrompts } from \"./prompts.mjs\";\nconst livePrompts = new LivePrompts(\"prompts.json\");\nconst SYSTEM_PROMPT = livePrompts.get(\"a/b\").render()[0].content;"
        );
        let lifted = "from live_prompts import Prompts\nprompts = Prompts(\"prompts.json\")\n";
        assert_eq!(
            shown(
                "a.py",
                &format!("{lifted}class A:\n    system_prompt = '{said}'\n")
            ),
            format!("{lifted}system_prompt = prompts[\"a/b\"].render()[0][\"content\"]")
        );
    }

    #[test]
    fn what_a_call_is_given_besides_stays_in_it() {
        let shown = |path: &str, text: &str| {
            let found = find(path, text, false).prompts;
            let all = lines(&found[0], "a/b");
            (all[2].clone(), found[0].lost.clone())
        };
        assert_eq!(
            shown(
                "a.py",
                "from openai import OpenAI\nclient.responses.create(model='gpt-5', input=f'About {t}', tools=[web], store=False, **more)"
            ),
            (
                "client.responses.create(**prompts[\"a/b\"].request(t=t), tools=[web], store=False, **more)".to_owned(),
                vec![
                    "line 2: `tools` is left to the code: `[web]`".to_owned(),
                    "line 2: what `more` gives besides is left to the code".to_owned(),
                ]
            )
        );
        assert_eq!(
            shown(
                "a.ts",
                "import OpenAI from 'openai';\nclient.responses.create({ model: this.model, temperature: 0, input: `About ${t}`, stream });"
            ),
            (
                "client.responses.create({ input: prompts.get(\"a/b\").render({ t }), temperature: 0, model: this.model, stream });".to_owned(),
                vec!["line 2: the model is left to the code: `this.model`".to_owned()]
            )
        );
    }

    #[test]
    fn the_code_in_its_place_fits_the_library() {
        let openai = "from openai import OpenAI\n";
        assert_eq!(
            shown(
                "a.py",
                &format!("{openai}client.responses.create(instructions='You are kind', input=t)")
            ),
            "client.responses.create(**prompts[\"a/b\"].request(t=t))\n# or through the gateway: client.responses.create(prompt={\"id\": \"a/b\", \"variables\": {\"t\": t}})"
        );
        assert_eq!(
            shown(
                "a.ts",
                "import OpenAI from 'openai';\nclient.responses.create({ instructions: `You help ${user.name}` })"
            ),
            "client.responses.create(prompts.get(\"a/b\").request({ user_name: user.name }));\n// or through the gateway: client.responses.create({ prompt: { id: \"a/b\", variables: { user_name: user.name } } });"
        );
        assert_eq!(
            shown(
                "a.py",
                "import anthropic\nc.messages.create(system='You are kind', messages=[{'role': 'user', 'content': t}])"
            ),
            "system, *messages = prompts[\"a/b\"].render(t=t)\nc.messages.create(system=system[\"content\"], messages=messages, …)"
        );
        assert_eq!(
            shown(
                "a.ts",
                "import { streamText } from 'ai';\nstreamText({ system: `You are kind` })"
            ),
            "const text = prompts.get(\"a/b\").render()[0].content;"
        );
        assert_eq!(
            shown(
                "a.py",
                &format!(
                    "{openai}c.chat.completions.create(messages=[{{'role': 'system', 'content': 'You are kind'}}, *history])"
                )
            ),
            "messages = prompts[\"a/b\"].render(history=history)\nc.chat.completions.create(messages=messages, …)"
        );
    }

    #[test]
    fn a_template_of_langchain_is_given_its_values_where_it_is_filled_in() {
        let text = "from langchain_core.prompts import PromptTemplate\np = PromptTemplate.from_template('Tell me about {topic} in {n} words')\n";
        let found = find("a.py", text, false).prompts;
        assert_eq!(
            lines(&found[0], "a/b")[2..].join("\n"),
            "# where the template is filled in:\ntext = prompts[\"a/b\"].render(topic=…, n=…)[0][\"content\"]"
        );
    }

    #[test]
    fn what_is_rendered_overwrites_nothing_that_the_function_is_given() {
        assert_eq!(
            shown(
                "a.py",
                "from openai import OpenAI\ndef f(c, text, prompt_text):\n    c.chat.completions.create(messages=[{'role': 'user', 'content': f'Say {text} to them'}])\n"
            ),
            "prompt_text2 = prompts[\"a/b\"].render(text=text)[0][\"content\"]"
        );
        assert_eq!(
            shown(
                "a.ts",
                "import OpenAI from 'openai';\nconst f = (c, { messages }) => c.chat.completions.create({ messages: [{ role: 'system', content: 'You are kind' }, ...messages] });"
            ),
            "const promptMessages = prompts.get(\"a/b\").render({ messages });\nc.chat.completions.create({ messages: promptMessages, … });"
        );
    }

    #[test]
    fn what_a_function_answers_is_answered_from_the_file() {
        assert_eq!(
            shown(
                "a.py",
                "from openai import OpenAI\ndef f(q):\n    return f'Sort this: {q}'\nc.responses.create(input=f(x))\n"
            ),
            "return prompts[\"a/b\"].render(q=q)[0][\"content\"]"
        );
        assert_eq!(
            shown(
                "a.py",
                "from openai import OpenAI\ndef ask(q):\n    c.responses.create(input=q)\nask('Say hello')\n"
            ),
            "prompts[\"a/b\"].render()[0][\"content\"]"
        );
    }
}
