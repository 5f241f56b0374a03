//! promptfoo: a configuration with prompts, providers, tests and assertions. Nothing of it is run.

mod assertion;

use serde_json::{Map, Value, json};

use self::assertion::evaluator;
use super::draft::{Draft, refused};
use super::langfuse::role_of;
use super::{Foreign, Refused, Source};
use crate::exchange::dialect::{Dialect, Known, is_name};
use crate::prompt::code;
use crate::prompt::document::{Located, parse_located};
use crate::prompt::finding::{Finding, Span};

/// The most cases that lists of values may make.
const MAX_CASES: usize = 1_000;
/// The most prompts of one file.
const MAX_PROMPTS: usize = 500;

/// A prompt as the configuration names it.
struct Wanted {
    name: String,
    /// Where it stands in the configuration.
    path: String,
    /// Its text, and the file that it stands in if it has one of its own.
    text: Result<(String, Option<String>), Finding>,
}

pub(super) fn read(source: &Source<'_>) -> Result<Vec<Result<Foreign, Refused>>, Finding> {
    let located = parse_located(source.text)?;
    let Some(config) = located.value.as_object() else {
        return Err(refused(
            Some(Span::point(1, 1)),
            "this is no configuration of promptfoo",
            "it has `prompts:` and `providers:`",
        ));
    };
    let stem = config_name(source);
    let mut wanted = Vec::new();
    prompts(config.get("prompts"), &located, source, &stem, &mut wanted);
    if wanted.is_empty() {
        return Err(refused(
            located.place("prompts"),
            "the configuration names no prompts",
            "write them below `prompts:`",
        ));
    }
    if let [only] = wanted.as_mut_slice()
        && only.name.ends_with("/prompt-1")
    {
        only.name.clone_from(&stem);
    }
    Ok(wanted
        .into_iter()
        .map(|wanted| {
            let name = wanted.name.clone();
            one(wanted, config, &located, source).map_err(|why| Refused {
                name,
                version: None,
                why: Box::new(why),
            })
        })
        .collect())
}

/// The name of a configuration: that of its folder, where its own says nothing.
fn config_name(source: &Source<'_>) -> String {
    let (folder, file) = source.stem.rsplit_once('/').unwrap_or(("", source.stem));
    let rest = file
        .strip_prefix("promptfooconfig")
        .map(|rest| rest.trim_start_matches(['.', '-', '_']));
    match (rest, folder) {
        (Some(""), "") => "promptfoo".to_owned(),
        (Some(""), folder) => folder.to_owned(),
        (Some(rest), "") => rest.replace('.', "-"),
        (Some(rest), folder) => format!("{folder}/{}", rest.replace('.', "-")),
        (None, "") => file.replace('.', "-"),
        (None, folder) => format!("{folder}/{}", file.replace('.', "-")),
    }
}

fn prompts(
    value: Option<&Value>,
    located: &Located,
    source: &Source<'_>,
    stem: &str,
    wanted: &mut Vec<Wanted>,
) {
    let items: Vec<(String, &Value)> = match value {
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("prompts[{index}]"), item))
            .collect(),
        Some(only) => vec![("prompts".to_owned(), only)],
        None => Vec::new(),
    };
    for (path, item) in items {
        if wanted.len() >= MAX_PROMPTS {
            return;
        }
        let label = ["label", "display"]
            .iter()
            .find_map(|key| item.get(*key)?.as_str());
        let text = item.as_str().or_else(|| {
            ["raw", "id", "file"]
                .iter()
                .find_map(|key| item.get(*key)?.as_str())
        });
        let Some(text) = text else {
            let at = located.place(&path);
            wanted.push(Wanted {
                name: format!("{stem}/prompt-{}", wanted.len() + 1),
                path,
                text: Err(refused(
                    at,
                    "this entry is neither a text nor a file",
                    "write the prompt, or `file://…`",
                )),
            });
            continue;
        };
        let file = text.strip_prefix("file://").or_else(|| {
            let is_file = !text.contains('\n') && !text.contains(' ') && is_known_ending(text);
            (is_file && item.get("raw").is_none()).then_some(text)
        });
        match file {
            None => wanted.push(Wanted {
                name: match label {
                    Some(label) => format!("{stem}/{label}"),
                    None => format!("{stem}/prompt-{}", wanted.len() + 1),
                },
                path,
                text: Ok((text.to_owned(), None)),
            }),
            Some(file) => of_file(file, label, path, located, source, stem, wanted),
        }
    }
}

fn is_known_ending(text: &str) -> bool {
    [
        "txt", "json", "yaml", "yml", "md", "j2", "js", "cjs", "mjs", "ts", "py",
    ]
    .iter()
    .any(|ending| {
        text.rsplit_once('.')
            .is_some_and(|(_, it)| it.split(':').next() == Some(ending))
    })
}

fn of_file(
    file: &str,
    label: Option<&str>,
    path: String,
    located: &Located,
    source: &Source<'_>,
    stem: &str,
    wanted: &mut Vec<Wanted>,
) {
    let at = located.place(&path);
    let plain = file.split(':').next().unwrap_or(file);
    let own = plain.rsplit('/').next().unwrap_or(plain);
    let (own, ending) = own.rsplit_once('.').unwrap_or((own, ""));
    let name = format!("{stem}/{}", label.unwrap_or(own));
    let mut fail = |message: String, help: &'static str| {
        wanted.push(Wanted {
            name: name.clone(),
            path: path.clone(),
            text: Err(refused(at, message, help)),
        });
    };
    if matches!(
        ending,
        "js" | "cjs" | "mjs" | "ts" | "py" | "sh" | "go" | "rb"
    ) {
        return fail(
            format!("{file} is a program that makes the prompt, and programs are not run"),
            "write down what it makes, as text",
        );
    }
    if plain.contains('*') {
        return fail(
            format!("{file} stands for several files"),
            "name each of them",
        );
    }
    let text = match (source.beside)(plain) {
        Ok(text) => text.replace("\r\n", "\n"),
        Err(why) => {
            return fail(
                format!("{plain} could not be read: {why}"),
                "it is looked for beside the configuration",
            );
        }
    };
    let folder = source
        .path
        .rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let shown = format!("{folder}{}", plain.trim_start_matches("./"));
    if ending == "txt" {
        // Several prompts stand between lines of dashes.
        let parts: Vec<&str> = text.split("\n---\n").collect();
        let count = parts.len();
        for (index, part) in parts.into_iter().enumerate().take(MAX_PROMPTS) {
            let name = if count > 1 {
                format!("{name}-{}", index + 1)
            } else {
                name.clone()
            };
            wanted.push(Wanted {
                name,
                path: path.clone(),
                // promptfoo takes the blanks around a text of a file away.
                text: Ok((part.trim().to_owned(), (index == 0).then(|| shown.clone()))),
            });
        }
        return;
    }
    let text = match ending {
        "yaml" | "yml" => match parse_located(&text) {
            Ok(located) => located.value.to_string(),
            Err(why) => return fail(format!("{plain}: {}", why.message), "mend the file"),
        },
        _ => text,
    };
    wanted.push(Wanted {
        name,
        path,
        text: Ok((text, Some(shown))),
    });
}

fn one(
    wanted: Wanted,
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
) -> Result<Foreign, Finding> {
    let (text, file) = wanted.text?;
    let description = config.get("description").and_then(Value::as_str);
    let mut draft = Draft {
        description: description.map(str::to_owned),
        ..Draft::new(source)
    };
    providers(config, located, source, &mut draft);
    let path = match &config.get("prompts") {
        Some(Value::Array(items)) => {
            let is_map = wanted
                .path
                .strip_prefix("prompts[")
                .and_then(|rest| rest.trim_end_matches(']').parse::<usize>().ok());
            match is_map.and_then(|index| items.get(index)) {
                Some(Value::Object(map)) if map.contains_key("raw") => {
                    format!("{}.raw", wanted.path)
                }
                _ => wanted.path.clone(),
            }
        }
        _ => wanted.path.clone(),
    };
    let place = |part: Span| match &file {
        Some(_) => Some(part),
        None => located.place_in(&path, part),
    };
    messages(&text, place, &mut draft).map_err(|mut why| {
        if why.path.is_none() {
            why.path.clone_from(&file);
        }
        why
    })?;
    tests(config, located, source, &mut draft);
    for key in config.keys() {
        let known = [
            "prompts",
            "providers",
            "targets",
            "tests",
            "defaultTest",
            "description",
            "$schema",
            "evaluateOptions",
            "outputPath",
            "sharing",
            "metadata",
            "tags",
        ];
        if !known.contains(&key.as_str()) {
            draft.lose(
                code::SOURCE_DROPPED,
                located.place(key),
                format!("the key `{key}` has no counterpart here: left out"),
            );
        }
    }
    if let Some(Value::Object(own)) = config.get("metadata").and_then(|it| it.get("promptctl")) {
        draft.take_own(own);
    }
    draft.finish(wanted.name)
}

/// A text, or a chat as JSON.
fn messages(
    text: &str,
    place: impl Fn(Span) -> Option<Span>,
    draft: &mut Draft,
) -> Result<(), Finding> {
    let trimmed = text.trim();
    if !trimmed.starts_with(['[', '{'])
        || trimmed.starts_with("{{")
        || trimmed.starts_with("{%")
        || trimmed.starts_with("{#")
    {
        let template = draft.template(Dialect::Nunjucks, text, &Known::default(), place)?;
        draft.message("user", template);
        return Ok(());
    }
    let start = place(Span::point(1, 1));
    let value: Result<Value, _> = serde_json::from_str(trimmed);
    let list = match &value {
        Ok(Value::Array(items)) => items.clone(),
        Ok(Value::Object(map)) => match map.get("messages") {
            Some(Value::Array(items)) => items.clone(),
            _ => {
                return Err(refused(
                    start,
                    "this JSON is no list of messages",
                    "write `[{\"role\": …, \"content\": …}]`",
                ));
            }
        },
        Ok(_) => Vec::new(),
        Err(_) if trimmed.contains("\"role\"") => {
            return Err(refused(
                start,
                "the chat is JSON only once its variables and blocks are filled in, so its messages cannot be told apart",
                "put each variable into quotes, and give earlier messages as a list: `- placeholder: history`",
            ));
        }
        Err(_) => {
            let template = draft.template(Dialect::Nunjucks, text, &Known::default(), place)?;
            draft.message("user", template);
            return Ok(());
        }
    };
    for message in &list {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let role = role_of(role).ok_or_else(|| {
            refused(
                start,
                format!("the role `{role}` has no counterpart here"),
                "roles are system, developer, user and assistant",
            )
        })?;
        let part = |text: &str, draft: &mut Draft| {
            draft.template(Dialect::Nunjucks, text, &Known::default(), |_| start)
        };
        match message.get("content") {
            Some(Value::String(text)) => {
                let text = part(text, draft)?;
                draft.message(role, text);
            }
            Some(Value::Array(parts)) => {
                let mut all = Vec::new();
                for item in parts {
                    let text = ["text", "value"]
                        .iter()
                        .find_map(|key| item.get(*key)?.as_str());
                    let url = item
                        .get("image_url")
                        .and_then(|url| url.as_str().or_else(|| url.get("url")?.as_str()))
                        .or_else(|| item.get("value")?.get("url")?.as_str());
                    let is_text = item
                        .get("type")
                        .or_else(|| item.get("modality"))
                        .and_then(Value::as_str)
                        .is_none_or(|kind| kind.ends_with("text"));
                    match (text.filter(|_| is_text), url) {
                        (Some(text), _) => {
                            all.push(json!({ "type": "text", "text": part(text, draft)? }));
                        }
                        (None, Some(url)) => {
                            all.push(json!({ "type": "image", "url": part(url, draft)? }));
                        }
                        (None, None) => {
                            return Err(refused(
                                start,
                                "a part of a message is neither a text nor a picture at an address",
                                "parts are `{type: text, text}` and `{type: image_url, image_url: {url}}`",
                            ));
                        }
                    }
                }
                match all.as_slice() {
                    [only] if only["type"] == "text" => draft.message(role, only["text"].clone()),
                    _ => draft.message(role, Value::Array(all)),
                }
            }
            _ => return Err(refused(start, "a message has no content", "write its text")),
        }
    }
    Ok(())
}

/// `openai:chat:gpt-4o` as `openai/gpt-4o`.
fn model(id: &str) -> String {
    let kinds = [
        "chat",
        "responses",
        "completion",
        "completions",
        "messages",
        "live",
    ];
    let mut parts: Vec<&str> = id.splitn(2, ':').collect();
    if parts.len() == 2
        && let Some((kind, rest)) = parts[1].split_once(':')
        && kinds.contains(&kind)
    {
        parts[1] = rest;
    }
    parts.join("/")
}

fn providers(
    config: &Map<String, Value>,
    located: &Located,
    source: &Source<'_>,
    draft: &mut Draft,
) {
    let (key, value) = match (config.get("providers"), config.get("targets")) {
        (Some(value), _) => ("providers", value),
        (None, Some(value)) => ("targets", value),
        (None, None) => return,
    };
    let items: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        only => vec![only],
    };
    let mut taken = None;
    let mut others = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = if value.is_array() {
            format!("{key}[{index}]")
        } else {
            key.to_owned()
        };
        let at = located.place(&path);
        let mut item = (*item).clone();
        if let Some(file) = item.as_str().and_then(|text| text.strip_prefix("file://")) {
            match (source.beside)(file).ok().filter(|_| {
                file.ends_with("yaml") || file.ends_with("yml") || file.ends_with("json")
            }) {
                Some(text) => item = parse_located(&text).map(|it| it.value).unwrap_or_default(),
                None => {
                    draft.lose(
                        code::SOURCE_DROPPED,
                        at,
                        format!("the provider {file} is a program or cannot be read: left out"),
                    );
                    continue;
                }
            }
        }
        // `- openai:gpt-4o: {config: …}` names the provider by the key.
        let (id, settings) = match &item {
            Value::String(id) => (Some(id.clone()), None),
            Value::Object(map) => match map.get("id").and_then(Value::as_str) {
                Some(id) => (Some(id.to_owned()), map.get("config").cloned()),
                None => match map.iter().next() {
                    Some((id, inner)) => (Some(id.clone()), inner.get("config").cloned()),
                    None => (None, None),
                },
            },
            _ => (None, None),
        };
        let Some(id) = id else { continue };
        let is_program = [
            "file:",
            "exec:",
            "python:",
            "javascript:",
            "http:",
            "https:",
            "golang:",
        ]
        .iter()
        .any(|start| id.starts_with(start));
        if is_program {
            draft.lose(
                code::SOURCE_DROPPED,
                at,
                format!("the provider {id} is a program: left out"),
            );
        } else if taken.is_none() {
            draft.model = Some(model(&id));
            taken = Some(id);
            let mut settings = settings
                .and_then(|it| it.as_object().cloned())
                .unwrap_or_default();
            // Where and with which key a model is reached is nobody's business here.
            settings.retain(|key, _| {
                let key = key.to_ascii_lowercase();
                ![
                    "apikey",
                    "key",
                    "token",
                    "host",
                    "baseurl",
                    "organization",
                    "region",
                    "env",
                    "headers",
                    "project",
                ]
                .iter()
                .any(|word| key.ends_with(word))
            });
            if let Some(Value::Object(inner)) = settings.remove("generationConfig") {
                settings.extend(inner);
            }
            draft.settings(&settings, |inner| {
                located.place(&format!("{path}.config.{inner}"))
            });
        } else {
            others.push(id);
        }
    }
    if !others.is_empty() {
        draft.note(
            code::SOURCE_DROPPED,
            located.place(key),
            format!(
                "a prompt has one model here; the other providers: {}",
                others.join(", ")
            ),
        );
    }
}

/// The tests, with what all of them have.
fn tests(config: &Map<String, Value>, located: &Located, source: &Source<'_>, draft: &mut Draft) {
    let empty = Map::new();
    let default = config
        .get("defaultTest")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    for (index, assert) in list(default.get("assert")).into_iter().enumerate() {
        let at = located.place(&format!("defaultTest.assert[{index}]"));
        if let Some(evaluator) = evaluator(assert, at, draft) {
            draft.evaluators.push(evaluator);
        }
    }
    let tests = match config.get("tests") {
        Some(Value::Array(tests)) => tests.clone(),
        Some(Value::String(file)) => {
            let at = located.place("tests");
            let name = file.trim_start_matches("file://");
            let text = match name.ends_with(".yaml")
                || name.ends_with(".yml")
                || name.ends_with(".json")
            {
                true => (source.beside)(name),
                false => Err("only YAML and JSON are read".to_owned()),
            };
            match text.and_then(|text| parse_located(&text).map_err(|why| why.message)) {
                Ok(located) => located.value.as_array().cloned().unwrap_or_default(),
                Err(why) => {
                    draft.lose(code::SOURCE_DROPPED, at, format!("the tests of {file} were left out: {why}; a CSV file can stand under `datasets:`"));
                    Vec::new()
                }
            }
        }
        Some(_) => Vec::new(),
        // A configuration without tests runs once, with what all have.
        None if default.contains_key("vars") => vec![json!({})],
        None => Vec::new(),
    };
    let shared = default
        .get("vars")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    for (index, test) in tests.iter().enumerate() {
        let path = format!("tests[{index}]");
        let at = located.place(&path);
        let own = test
            .get("vars")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let mut vars = shared.clone();
        vars.extend(own);
        let mut row = Map::new();
        for (name, value) in vars {
            let value = match value.as_str().and_then(|text| text.strip_prefix("file://")) {
                None => value,
                Some(file) => match (source.beside)(file)
                    .ok()
                    .filter(|_| [".txt", ".md", ".json"].iter().any(|it| file.ends_with(it)))
                {
                    Some(text) => json!(text.trim_end_matches('\n')),
                    None => {
                        draft.lose(
                            code::SOURCE_DROPPED,
                            at,
                            format!("the value file://{file} of `{name}` was left out"),
                        );
                        continue;
                    }
                },
            };
            if is_name(&name) {
                row.insert(name, value);
            } else {
                draft.lose(
                    code::NEEDS_NAME,
                    at,
                    format!("a variable cannot be named `{name}` here: left out"),
                );
            }
        }
        let mut evaluators = Vec::new();
        for (nth, assert) in list(test.get("assert")).into_iter().enumerate() {
            let at = located.place(&format!("{path}.assert[{nth}]"));
            evaluators.extend(evaluator(assert, at, draft));
        }
        for key in [
            "transform",
            "provider",
            "options",
            "threshold",
            "assertScoringFunction",
        ] {
            if test.get(key).is_some() {
                draft.lose(
                    code::SOURCE_DROPPED,
                    located.place(&format!("{path}.{key}")),
                    format!("`{key}` of a test has no counterpart here: left out"),
                );
            }
        }
        for mut row in expanded(row) {
            if !evaluators.is_empty() {
                row.insert("case".to_owned(), json!({ "evaluators": evaluators }));
            }
            if draft.test_data.len() < MAX_CASES && !row.is_empty() {
                draft.test_data.push(Value::Object(row));
            }
        }
    }
    // The same test for each value is the same case only once.
    let mut seen: Vec<Value> = Vec::new();
    draft.test_data.retain(|row| {
        let is_new = !seen.contains(row);
        if is_new {
            seen.push(row.clone());
        }
        is_new
    });
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    value
        .and_then(Value::as_array)
        .map(|items| items.iter().collect())
        .unwrap_or_default()
}

/// A value that is a list of texts or numbers stands for a test each.
fn expanded(row: Map<String, Value>) -> Vec<Map<String, Value>> {
    let mut all = vec![Map::new()];
    for (name, value) in row {
        let values = match &value {
            Value::Array(items)
                if !items.is_empty()
                    && items
                        .iter()
                        .all(|item| !item.is_array() && !item.is_object()) =>
            {
                items.clone()
            }
            _ => vec![value],
        };
        if all.len() * values.len() > MAX_CASES {
            continue;
        }
        let mut more = Vec::new();
        for row in &all {
            for value in &values {
                let mut row = row.clone();
                row.insert(name.clone(), value.clone());
                more.push(row);
            }
        }
        all = more;
    }
    all
}
