//! A stand-in for OpenAI's store of prompts, with switches for what is not known of the real one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};

use crate::server::{KEY, Reply, Request};

/// What becomes of a variable that is not sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Missing {
    Refused,
    Left,
    Emptied,
}

/// What becomes of a version that is not there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NoVersion {
    NotFound,
    BadRequest,
    Ignored,
}

/// One version of a prompt.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) messages: Vec<(&'static str, String)>,
    pub(crate) settings: Value,
    pub(crate) model: &'static str,
}

impl Version {
    pub(crate) fn new(messages: &[(&'static str, &str)]) -> Self {
        Self {
            messages: messages
                .iter()
                .map(|(role, text)| (*role, (*text).to_owned()))
                .collect(),
            settings: json!({}),
            model: "o4-mini-2025-04-16",
        }
    }

    pub(crate) fn with(mut self, settings: Value) -> Self {
        self.settings = settings;
        self
    }

    fn variables(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (_, text) in &self.messages {
            let mut rest = text.as_str();
            while let Some((_, after)) = rest.split_once("{{") {
                let Some((name, after)) = after.split_once("}}") else {
                    break;
                };
                if name
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
                    && !name.is_empty()
                {
                    names.push(name.to_owned());
                }
                rest = after;
            }
        }
        names
    }

    /// The text of each message with these values.
    pub(crate) fn filled(&self, values: &BTreeMap<String, String>) -> Vec<String> {
        let fill = |text: &str| {
            let mut out = String::new();
            let mut rest = text;
            while let Some((before, after)) = rest.split_once("{{") {
                out.push_str(before);
                match after.split_once("}}") {
                    Some((name, end)) if values.contains_key(name) => {
                        out.push_str(&values[name]);
                        rest = end;
                    }
                    _ => {
                        out.push_str("{{");
                        rest = after;
                    }
                }
            }
            out + rest
        };
        self.messages.iter().map(|(_, text)| fill(text)).collect()
    }
}

/// So many prompts with so many versions each, of two models; `text` is that of a version.
pub(crate) fn many(prompts: u64, versions: u64, text: fn(u64) -> String) -> Prompts {
    let all = |prompt: u64| {
        let version = |number: u64| {
            let mut version = Version::new(&[("developer", &text(number))]);
            if prompt.is_multiple_of(2) {
                version.model = "gpt-5-mini-2025-08-07";
            }
            version
        };
        (1..=versions).map(version).collect()
    };
    let id = |prompt: u64| format!("pmpt_{prompt:048x}");
    let mut store = Prompts::new(&id(1), versions, all(1));
    for prompt in 2..=prompts {
        store.add(&id(prompt), versions, all(prompt));
    }
    store
}

/// The store.
#[derive(Clone)]
pub(crate) struct Prompts {
    pub(crate) prompts: BTreeMap<String, (u64, BTreeMap<u64, Version>)>,
    pub(crate) missing: Missing,
    pub(crate) no_version: NoVersion,
    /// Whether `response.created` has the instructions.
    pub(crate) tells_early: bool,
    /// Whether any event of a stream has them.
    pub(crate) tells_in_stream: bool,
    /// Whether a previous response is looked for before versions and variables.
    pub(crate) is_blind: bool,
    /// A model that is gone.
    pub(crate) gone: Option<&'static str>,
    /// The key that may see the prompts.
    pub(crate) key: String,
    /// How many calls are answered before one 429.
    pub(crate) busy_after: Arc<Mutex<Option<usize>>>,
    /// How many calls a model began to answer.
    pub(crate) paid: Arc<Mutex<usize>>,
    /// Whether blanks at the ends of values are taken away.
    pub(crate) trims: bool,
    /// The id that answers say, whatever was asked for.
    pub(crate) answers_for: Option<&'static str>,
    /// How many calls are answered at all; the others fail.
    pub(crate) ends_after: Arc<Mutex<Option<usize>>>,
}

impl Prompts {
    pub(crate) fn new(id: &str, current: u64, versions: Vec<Version>) -> Self {
        let mut prompts = Self {
            prompts: BTreeMap::new(),
            missing: Missing::Refused,
            no_version: NoVersion::NotFound,
            tells_early: true,
            tells_in_stream: true,
            is_blind: false,
            gone: None,
            key: KEY.to_owned(),
            busy_after: Arc::default(),
            paid: Arc::default(),
            trims: false,
            answers_for: None,
            ends_after: Arc::default(),
        };
        prompts.add(id, current, versions);
        prompts
    }

    pub(crate) fn add(&mut self, id: &str, current: u64, versions: Vec<Version>) {
        let versions = (1..).zip(versions).collect();
        self.prompts.insert(id.to_owned(), (current, versions));
    }

    pub(crate) fn paid(&self) -> usize {
        *self.paid.lock().unwrap()
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        if request.line.starts_with("GET ") {
            return Reply::error(404, None, None, "There is nothing here.");
        }
        if let Some(left) = self.ends_after.lock().unwrap().as_mut() {
            if *left == 0 {
                return Reply::error(400, Some("the_end"), None, "Enough.");
            }
            *left -= 1;
        }
        let mut busy = self.busy_after.lock().unwrap();
        if let Some(left) = *busy {
            *busy = left.checked_sub(1);
            if left == 0 {
                return Reply::error(429, Some("rate_limit_exceeded"), None, "Slow down.");
            }
        }
        drop(busy);
        let body = request.json();
        let is_known = request.header("authorization") == Some(&format!("Bearer {}", self.key));
        let Some(prompt) = body.get("prompt") else {
            return self.run(&body, None, &BTreeMap::new());
        };
        let id = prompt["id"].as_str().unwrap();
        let Some((current, versions)) = self.prompts.get(id).filter(|_| is_known) else {
            return Reply::error(
                404,
                None,
                None,
                &format!("Prompt with id '{id}' not found."),
            );
        };
        let previous = || {
            Reply::error(
                400,
                Some("previous_response_not_found"),
                Some("previous_response_id"),
                "Previous response with id 'resp_promptctl_probe' not found.",
            )
        };
        let is_probe = body.get("previous_response_id").is_some();
        if is_probe && self.is_blind {
            return previous();
        }
        let wanted = prompt
            .get("version")
            .map(|version| version.as_str().unwrap().parse::<u64>().unwrap());
        let mut number = wanted.unwrap_or(*current);
        if !versions.contains_key(&number) {
            match self.no_version {
                NoVersion::NotFound => {
                    return Reply::error(
                        404,
                        None,
                        None,
                        &format!("Prompt with id '{id}' and version '{number}' not found."),
                    );
                }
                NoVersion::BadRequest => {
                    return Reply::error(
                        400,
                        Some("invalid_value"),
                        Some("prompt.version"),
                        &format!("Version {number} does not exist."),
                    );
                }
                NoVersion::Ignored => number = *current,
            }
        }
        let version = &versions[&number];
        let sent: BTreeMap<String, String> = prompt
            .get("variables")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let has = version.variables();
        let unknown: Vec<&str> = sent
            .keys()
            .filter(|name| !has.contains(name))
            .map(String::as_str)
            .collect();
        if let Some(first) = unknown.first() {
            let message = format!("Unknown prompt variables: {}", unknown.join(", "));
            return Reply::error(
                400,
                Some("prompt_variable_unknown"),
                Some(&format!("prompt.variables.{first}")),
                &message,
            );
        }
        let missing: Vec<&str> = has
            .iter()
            .filter(|name| !sent.contains_key(*name))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() && self.missing == Missing::Refused {
            return Reply::error(
                400,
                None,
                None,
                &format!("Missing prompt variables: {}", missing.join(", ")),
            );
        }
        if is_probe {
            return previous();
        }
        if self.gone == Some(version.model) && body.get("model").is_none() {
            return Reply::error(
                404,
                Some("model_not_found"),
                None,
                &format!("The model `{}` does not exist.", version.model),
            );
        }
        let mut values = sent;
        if self.trims {
            values
                .values_mut()
                .for_each(|value| *value = value.trim().to_owned());
        }
        if self.missing == Missing::Emptied {
            values.extend(
                missing
                    .into_iter()
                    .map(|name| (name.to_owned(), String::new())),
            );
        }
        self.run(&body, Some((id, number, version)), &values)
    }

    /// What a model begins to answer.
    fn run(
        &self,
        body: &Value,
        prompt: Option<(&str, u64, &Version)>,
        values: &BTreeMap<String, String>,
    ) -> Reply {
        *self.paid.lock().unwrap() += 1;
        let mut response = json!({
            "id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "instructions": null,
            "max_output_tokens": body.get("max_output_tokens"), "model": body.get("model"), "output": [], "parallel_tool_calls": true,
            "reasoning": {"effort": "medium", "summary": null}, "service_tier": "auto", "store": false, "temperature": 1.0,
            "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto", "tools": [], "top_p": 1.0,
            "truncation": "disabled", "usage": null, "user": null, "metadata": {},
        });
        if let Some((id, number, version)) = prompt {
            let texts = version.filled(values);
            let items: Vec<Value> = version
                .messages
                .iter()
                .zip(texts)
                .map(|((role, _), text)| {
                    let content = if text.is_empty() {
                        json!([])
                    } else {
                        json!([{ "type": "input_text", "text": text }])
                    };
                    json!({ "type": "message", "role": role, "content": content })
                })
                .collect();
            let echoed: Map<String, Value> = values
                .iter()
                .map(|(name, value)| (name.clone(), json!({ "type": "input_text", "text": value })))
                .collect();
            response["instructions"] = json!(items);
            response["prompt"] = json!({ "id": self.answers_for.unwrap_or(id), "version": number.to_string(), "variables": echoed });
            response["model"] = body
                .get("model")
                .cloned()
                .unwrap_or_else(|| json!(version.model));
            for (key, value) in version.settings.as_object().unwrap() {
                response[key] = value.clone();
            }
        }
        if body["stream"] != true {
            response["status"] = json!("incomplete");
            response["incomplete_details"] = json!({ "reason": "max_output_tokens" });
            return Reply::text(200, &[("openai-project", "proj_1")], &response.to_string());
        }
        let mut early = response.clone();
        early.as_object_mut().unwrap().remove("instructions");
        let created = if self.tells_early && self.tells_in_stream {
            &response
        } else {
            &early
        };
        let in_progress = if self.tells_in_stream {
            &response
        } else {
            &early
        };
        let mut text = String::from(
            "HTTP/1.1 200 OK\r\nconnection: close\r\nopenai-project: proj_1\r\ncontent-type: text/event-stream\r\n\r\n",
        );
        for (kind, response) in [
            ("response.created", created),
            ("response.in_progress", in_progress),
        ] {
            text.push_str(&format!(
                "event: {kind}\ndata: {}\n\n",
                json!({ "type": kind, "response": response })
            ));
        }
        if !self.tells_in_stream {
            text.push_str(
                "data: {\"type\": \"response.output_text.delta\", \"delta\": \"Hm\"}\n\n",
            );
        }
        // A model that would go on for ever if nobody closed the connection.
        Reply::Hang(text.into_bytes())
    }
}
