//! Prompts in code as prompt files, and the code that takes their place.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::common::count;
use super::super::gate::Gate;
use super::super::import::files::incoming::{Action, Incoming, Options, Stands};
use super::super::import::files::plan::plan;
use super::super::import::files::{self, show};
use super::super::session::Session;
use super::prompts::{Lifted, Prompts};
use super::{Args, Scanned};
use crate::error::{Exit, Failure};
use crate::exchange::format::Refused;
use crate::exchange::format::code as from_code;
use crate::output::ui::{BOLD, paint};
use crate::prompt::code;
use crate::prompt::finding::{Finding, Span};
use crate::prompt::visible;
use crate::scan::found::{Content, FoundPrompt};

/// The prompts that were lifted already.
pub(super) fn lifted(prompts: &Prompts, session: &Session) -> Lifted {
    match session.store() {
        Ok((store, _)) if !prompts.is_empty() => files::lifted(&store),
        _ => Lifted::new(),
    }
}

pub(super) fn lift(
    mut prompts: Vec<(String, FoundPrompt)>,
    scanned: &Scanned,
    args: &Args,
    session: &mut Session,
) -> Result<Exit, Failure> {
    if !args.only.is_empty() {
        let is_named = |prompt: &FoundPrompt, name: &str| prompt.name.as_deref() == Some(name);
        for name in &args.only {
            if !prompts.iter().any(|(_, it)| is_named(it, name.as_str())) {
                return Err(
                    Failure::usage(format!("scan proposes no prompt named {name}"))
                        .hint("without --lift it lists the names"),
                );
            }
        }
        prompts.retain(|(_, it)| args.only.iter().any(|name| is_named(it, name.as_str())));
    }
    prompts.retain(|(_, prompt)| !prompt.is_allowed);
    if prompts.is_empty() {
        session.ui.status(format!(
            "no prompt in the code of {}: nothing to do",
            count(scanned.files, "file")
        ));
        return Ok(Exit::Done);
    }
    let (store, config) = session.store()?;
    store.require_working_copy()?;
    let options = Options {
        name: None,
        into: args.into.as_deref(),
        force: args.force,
        no_commit: args.no_commit,
        dry_run: args.dry_run,
        message: args.message.as_deref(),
    };
    if !options.dry_run && !options.no_commit {
        store.require_identity()?;
    }
    if options.dry_run {
        store.write_nothing();
    }
    let top = store.top().to_owned();
    let directory = session.directory.clone();
    let commit = store.head_commit().map(|commit| commit.to_string());
    let incoming = |(path, prompt): &(String, FoundPrompt)| {
        let is_here = directory.join(path).starts_with(&top);
        Incoming {
            source: path.clone(),
            format: from_code::FORMAT,
            is_guessed: false,
            stem: prompt.name.clone().unwrap_or_default(),
            digest: digest(prompt),
            stands: Some(Stands {
                mark: prompt.mark(),
                line: prompt.at.line,
                commit: commit.clone().filter(|_| is_here),
            }),
            prompt: sure(prompt)
                .and_then(from_code::read)
                .map_err(|why| Refused {
                    name: prompt.name.clone().unwrap_or_default(),
                    version: None,
                    why: Box::new(why),
                }),
        }
    };
    let all = prompts.iter().map(incoming).collect();
    let gate = Gate::new(&config, session);
    let plan = plan(all, &options, &store, &gate);
    let (results, failure) = plan.write(&options, &store);
    let exit = show::results(&results, &options, session);
    if let Some(failure) = failure {
        return Err(failure);
    }
    let mut is_first = true;
    for ((path, prompt), result) in prompts.iter().zip(&results) {
        if result.action != Action::Refused {
            replacement(path, prompt, &result.name, is_first, session);
            is_first = false;
        }
    }
    if !is_first {
        session.ui.hint(
            "publish them, then write the file that the code reads: promptctl help services; or ask a gateway: promptctl help serve",
        );
    }
    Ok(exit)
}

/// A prompt of which it is sure what the program sends.
fn sure(prompt: &FoundPrompt) -> Result<&FoundPrompt, Finding> {
    let Some(first) = prompt.doubts.first() else {
        return Ok(prompt);
    };
    let more = match prompt.doubts.len() - 1 {
        0 => String::new(),
        more => format!(", and {}", count(more, "more reason")),
    };
    let why = visible::line(&first.why).into_owned();
    let message = format!("it is not sure what the program sends: {why}{more}");
    Err(Finding::error(code::DOUBTFUL_TEXT, message)
        .help("set the text in one place, or write the prompt by hand; scan lists all reasons")
        .at(Span::point(first.line, 1)))
}

/// The digest of what the code says.
fn digest(prompt: &FoundPrompt) -> String {
    let mut bytes = Sha256::new();
    for message in &prompt.messages {
        bytes.update(message.role);
        match &message.content {
            Content::Placeholder(name) => bytes.update(name),
            Content::Text(pieces) => {
                let text = from_code::template(pieces, prompt.syntax).unwrap_or_default();
                bytes.update(text);
            }
        }
        bytes.update([0]);
    }
    files::short_digest(bytes)
}

/// Prints the code that takes the place of a prompt.
fn replacement(
    path: &str,
    prompt: &FoundPrompt,
    name: &str,
    is_first: bool,
    session: &mut Session,
) {
    let colors = session.ui.colors_out();
    if !is_first {
        session.ui.line("");
    }
    let title = paint(colors, BOLD, name);
    let place = format!("{path}:{}", prompt.call_line);
    let place = visible::line(&place);
    session.ui.styled(format!("{title}  in place of {place}\n"));
    for line in replacing(prompt, name) {
        session.ui.line(visible::line(&format!("  {line}")));
    }
}

/// The code that takes the place of a prompt, line by line.
fn replacing(prompt: &FoundPrompt, name: &str) -> Vec<String> {
    let is_python = prompt.language.is_some_and(|language| language.is_python());
    let variables: Vec<String> = prompt
        .variables()
        .into_iter()
        .map(
            |variable| match (is_python, variable.name == variable.expression) {
                (true, _) => format!("{}={}", variable.name, variable.expression),
                (false, true) => variable.name.clone(),
                (false, false) => format!("{}: {}", variable.name, variable.expression),
            },
        )
        .collect();
    let given = match (is_python, variables.is_empty()) {
        (_, true) => String::new(),
        (true, _) => variables.join(", "),
        (false, _) => format!("{{ {} }}", variables.join(", ")),
    };
    let one = match is_python {
        true => format!("prompts[\"{name}\"]"),
        false => format!("prompts.get(\"{name}\")"),
    };
    let call = prompt.call.join(".");
    let rendered = format!("{one}.render({given})");
    let assign = if is_python { "" } else { "const " };
    let end = if is_python { "" } else { ";" };
    let mut lines = match is_python {
        true => vec![
            "from prompts import Prompts".to_owned(),
            "prompts = Prompts(\"prompts.json\")".to_owned(),
        ],
        false => vec![
            "import { Prompts } from \"./prompts.mjs\";".to_owned(),
            "const prompts = new Prompts(\"prompts.json\");".to_owned(),
        ],
    };
    let content = if is_python {
        "[\"content\"]"
    } else {
        ".content"
    };
    let starts_with_system = prompt
        .messages
        .first()
        .is_some_and(|it| it.role == "system");
    if call.ends_with("responses.create") {
        let kept = kept(prompt, is_python);
        lines.push(request(
            prompt,
            &format!("{one}.request({given})"),
            &rendered,
            &kept,
        ));
        let kept: String = kept.iter().map(|it| format!(", {it}")).collect();
        let variables = match (is_python, variables.is_empty()) {
            (_, true) => String::new(),
            (false, _) => format!(", variables: {given}"),
            (true, _) => {
                let all = prompt.variables().into_iter();
                let all: Vec<String> = all
                    .map(|it| format!("\"{}\": {}", it.name, it.expression))
                    .collect();
                format!(", \"variables\": {{{}}}", all.join(", "))
            }
        };
        lines.push(match is_python {
            true => format!(
                "# or through the gateway: {call}(prompt={{\"id\": \"{name}\"{variables}}}{kept})"
            ),
            false => format!(
                "// or through the gateway: {call}({{ prompt: {{ id: \"{name}\"{variables} }}{kept} }});"
            ),
        });
    } else if let [only] = prompt.messages.as_slice()
        && matches!(only.content, Content::Text(_))
    {
        lines.push(format!("{assign}text = {rendered}[0]{content}{end}"));
    } else if prompt.sdk == Some("anthropic") && starts_with_system {
        match is_python {
            true => {
                lines.push(format!("system, *messages = {rendered}"));
                lines.push(format!(
                    "{call}(system=system[\"content\"], messages=messages, …)"
                ));
            }
            false => {
                lines.push(format!("const [system, ...messages] = {rendered};"));
                lines.push(format!(
                    "{call}({{ system: system.content, messages, … }});"
                ));
            }
        }
    } else {
        lines.push(format!("{assign}messages = {rendered}{end}"));
    }
    lines
}

/// What a call goes on to give besides its prompt.
fn kept(prompt: &FoundPrompt, is_python: bool) -> Vec<String> {
    let all = prompt
        .kept
        .iter()
        .map(|(key, value)| match (key, is_python) {
            (None, true) => format!("**{value}"),
            (None, false) => format!("...{value}"),
            (Some(key), true) => format!("{key}={value}"),
            (Some(key), false) if key == value => key.clone(),
            (Some(key), false) => format!("{key}: {value}"),
        });
    all.collect()
}

/// A call of OpenAI's Responses API with the request of a prompt file, or with its messages where the
/// code says the model.
fn request(prompt: &FoundPrompt, request: &str, rendered: &str, kept: &[String]) -> String {
    let is_python = prompt.language.is_some_and(|language| language.is_python());
    let call = prompt.call.join(".");
    let has_model = |(key, _): &(Option<String>, String)| key.as_deref() == Some("model");
    let mut given = Vec::new();
    if prompt.kept.iter().any(has_model) {
        given.push(match is_python {
            true => format!("input={rendered}"),
            false => format!("input: {rendered}"),
        });
        for (key, value) in &prompt.parameters {
            given.push(match is_python {
                true => format!("{key}={}", in_python(value)),
                false => format!("{key}: {value}"),
            });
        }
    } else if is_python || !kept.is_empty() {
        let spread = if is_python { "**" } else { "..." };
        given.push(format!("{spread}{request}"));
    } else {
        return format!("{call}({request});");
    }
    given.extend(kept.iter().cloned());
    match is_python {
        true => format!("{call}({})", given.join(", ")),
        false => format!("{call}({{ {} }});", given.join(", ")),
    }
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

    #[test]
    fn what_a_call_is_given_besides_stays_in_it() {
        let shown = |path: &str, text: &str| {
            let (found, _) = find(path, text, false);
            let all = replacing(&found[0], "a/b");
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
        let shown = |path: &str, text: &str| {
            let (found, _) = find(path, text, false);
            replacing(&found[0], "a/b")[2..].join("\n")
        };
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
            "messages = prompts[\"a/b\"].render(history=history)"
        );
    }
}
