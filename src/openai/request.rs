//! From a rendered prompt to the body of a request.
//!
//! How messages are mapped:
//! - The system and developer messages that stand first become `instructions` when they hold
//!   nothing but text; several are joined by an empty line. A model sees `instructions` at that
//!   very place, and a later call of the conversation can bring its own. Messages that a
//!   placeholder brought never become instructions.
//! - Every other message goes to `input`, in order and with its role. Where `instructions`
//!   would leave `input` empty, everything goes to `input`, because the API wants one.
//! - Nothing is sent that the file or the caller did not ask for.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::provider::ModelId;
use crate::error::Failure;
use crate::prompt::answer::{self, merge, merge_value};
use crate::prompt::code;
use crate::prompt::document::{Document, Object, Role};
use crate::prompt::hint::Hint;
use crate::prompt::parameters::request_path;
use crate::prompt::rendered::{MessageOrigin, RenderedAttachment, RenderedMessage, RenderedPart};
use crate::prompt::visible;

/// What the caller adds to the file.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// The model instead of the file's, with or without a provider.
    pub model: Option<String>,
    /// Text appended as a last user message.
    pub user: Option<String>,
    /// Whether the caller adds an input of its own, so that `input` need not hold a message of the
    /// prompt's.
    pub has_input: bool,
    /// The answer that this request goes on from.
    pub previous_response_id: Option<String>,
    /// A stored prompt to call instead of sending the messages.
    pub stored: Option<StoredCall>,
    /// Whether the answer shall come in pieces.
    pub stream: bool,
}

/// A stored prompt at OpenAI, with the values of its variables.
#[derive(Debug, Clone, Default)]
pub struct StoredCall {
    /// Its id, such as `pmpt_123`.
    pub id: String,
    /// Its version; OpenAI's current one when left out.
    pub version: Option<String>,
    /// The values of its variables.
    pub variables: Object,
}

/// The body of `POST /responses`.
///
/// With [`RequestOptions::stored`] the body names the stored prompt, and of the file only
/// `extraBody` is sent: model, parameters and messages are the stored prompt's own.
///
/// # Errors
/// - `P317`: neither the file nor the caller names a model.
/// - `P014`: the answer's format wants a schema, and there is none.
/// - `P015`: an image or file in an assistant's message.
/// - `P018`: an attachment that is still a path.
pub fn body(
    document: &Document,
    messages: &[RenderedMessage],
    options: &RequestOptions,
) -> Result<Value, Failure> {
    let mut body = Map::new();
    match &options.stored {
        Some(stored) => put_stored(&mut body, stored, options)?,
        None => put_local(&mut body, document, messages, options)?,
    }
    if let Some(id) = &options.previous_response_id {
        body.insert("previous_response_id".to_owned(), json!(id));
    }
    if options.stream {
        body.insert("stream".to_owned(), json!(true));
    }
    merge(&mut body, &document.extra_body);
    Ok(Value::Object(body))
}

fn put_stored(
    body: &mut Object,
    stored: &StoredCall,
    options: &RequestOptions,
) -> Result<(), Failure> {
    if let Some(model) = &options.model {
        body.insert("model".to_owned(), json!(ModelId::parse(model)?.name));
    }
    let mut prompt = Map::new();
    prompt.insert("id".to_owned(), json!(stored.id));
    if let Some(version) = &stored.version {
        prompt.insert("version".to_owned(), json!(version));
    }
    let variables: Object = stored
        .variables
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), stored_variable(value)?)))
        .collect();
    if !variables.is_empty() {
        prompt.insert("variables".to_owned(), Value::Object(variables));
    }
    body.insert("prompt".to_owned(), Value::Object(prompt));
    if let Some(text) = &options.user {
        body.insert("input".to_owned(), json!([user_message(text)]));
    }
    Ok(())
}

/// A variable of a stored prompt is a text or an input part, never a number or a boolean.
fn stored_variable(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(_) => Some(value.clone()),
        Value::Object(part) if is_input_part(part) => Some(value.clone()),
        other => Some(json!(other.to_string())),
    }
}

fn is_input_part(part: &Object) -> bool {
    let kind = part.get("type").and_then(Value::as_str);
    matches!(kind, Some("input_text" | "input_image" | "input_file"))
}

fn put_local(
    body: &mut Object,
    document: &Document,
    messages: &[RenderedMessage],
    options: &RequestOptions,
) -> Result<(), Failure> {
    let model = options.model.as_ref().or(document.model.as_ref());
    let model = model.ok_or_else(|| {
        Failure::new(code::NO_MODEL, "the prompt names no model").hint(Hint::NameModel)
    })?;
    body.insert("model".to_owned(), json!(ModelId::parse(model)?.name));

    let leading = leading_instructions(messages, options.has_input || options.user.is_some());
    if leading > 0 {
        let texts: Vec<String> = messages[..leading]
            .iter()
            .map(RenderedMessage::text)
            .collect();
        body.insert("instructions".to_owned(), json!(texts.join("\n\n")));
    }
    let mut input = messages[leading..]
        .iter()
        .map(input_message)
        .collect::<Result<Vec<_>, _>>()?;
    input.extend(options.user.as_deref().map(user_message));
    body.insert("input".to_owned(), Value::Array(input));

    for (name, value) in &document.parameters {
        put_parameter(body, name, value);
    }
    if let Some(format) = answer_format(document)? {
        put_at(body, "text", "format", format);
    }
    Ok(())
}

/// How many messages become `instructions`.
fn leading_instructions(messages: &[RenderedMessage], has_input: bool) -> usize {
    let count = messages
        .iter()
        .take_while(|message| matches!(message.role, Role::System | Role::Developer))
        .take_while(|message| message.stands != MessageOrigin::Given)
        .count();
    let only_text = messages[..count]
        .iter()
        .flat_map(|message| &message.parts)
        .all(|part| matches!(part, RenderedPart::Text(_)));
    let leaves_input = count < messages.len() || has_input;
    if only_text && leaves_input { count } else { 0 }
}

fn user_message(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

fn input_message(message: &RenderedMessage) -> Result<Value, Failure> {
    let content = if message.is_plain {
        json!(message.text())
    } else {
        message
            .parts
            .iter()
            .map(|part| input_part(part, message.role))
            .collect::<Result<Vec<_>, _>>()?
            .into()
    };
    Ok(json!({ "role": message.role.as_str(), "content": content }))
}

/// A part as the API takes it in a message of this role.
///
/// # Errors
/// See [`body`].
pub fn input_part(part: &RenderedPart, role: Role) -> Result<Value, Failure> {
    if role == Role::Assistant && !matches!(part, RenderedPart::Text(_)) {
        return Err(Failure::new(
            code::BAD_PART,
            "a message of the assistant holds an image or a file, and the API takes only text there",
        )
        .hint("move the part into a user message"));
    }
    Ok(match part {
        RenderedPart::Given(part) => Value::Object(part.clone()),
        RenderedPart::Text(text) if role == Role::Assistant => {
            json!({ "type": "output_text", "text": text })
        }
        RenderedPart::Text(text) => json!({ "type": "input_text", "text": text }),
        RenderedPart::Image { source, detail } => {
            let mut image = attachment("input_image", source, "image_url")?;
            if let Some(detail) = detail {
                image["detail"] = json!(detail);
            }
            image
        }
        RenderedPart::File { source, filename } => {
            let is_data = matches!(source, RenderedAttachment::Url(url) if is_data_url(url));
            let mut file = attachment(
                "input_file",
                source,
                if is_data { "file_data" } else { "file_url" },
            )?;
            if let Some(filename) = filename {
                file["filename"] = json!(filename);
            }
            file
        }
    })
}

fn is_data_url(url: &str) -> bool {
    url.get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

fn attachment(kind: &str, source: &RenderedAttachment, url_key: &str) -> Result<Value, Failure> {
    match source {
        RenderedAttachment::Url(url) => Ok(json!({ "type": kind, url_key: url })),
        RenderedAttachment::FileId(id) => Ok(json!({ "type": kind, "file_id": id })),
        RenderedAttachment::Path(path) => Err(Failure::new(
            code::BAD_ATTACHMENT,
            format!("the attachment `{path}` was not read before the request was made"),
        )
        .hint("an attachment by `path` must be a file inside the repository")),
    }
}

fn put_parameter(body: &mut Object, name: &str, value: &Value) {
    // What the API does not have was warned about when the file was read.
    let Some(place) = request_path(name).filter(|_| !value.is_null()) else {
        return;
    };
    match place.split_once('.') {
        Some((outer, inner)) => put_at(body, outer, inner, value.clone()),
        None => drop(body.insert(place.to_owned(), value.clone())),
    }
}

/// Sets `body[outer][inner]`.
fn put_at(body: &mut Object, outer: &str, inner: &str, value: Value) {
    let mut object = Map::new();
    object.insert(inner.to_owned(), value);
    merge_value(
        body.entry(outer).or_insert(Value::Null),
        Value::Object(object),
    );
}

fn answer_format(document: &Document) -> Result<Option<Value>, Failure> {
    match answer::written(document) {
        Ok(format) => Ok(format.map(Value::Object)),
        Err(answer::NoSchema) => Err(Failure::new(
            code::BAD_SCHEMA,
            "`responseFormat: json_schema` wants a `jsonSchema`, and the prompt has none",
        )
        .hint("add `jsonSchema: {name: …, schema: {…}}`, or write `responseFormat: json_object`")),
    }
}

/// SHA-256, in hexadecimal, over the request as canonical JSON (RFC 8785) without `stream`:
/// how the answer is delivered does not change what is asked.
pub fn request_hash(body: &Value) -> String {
    let mut body = body.clone();
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("stream");
        object.shift_remove("stream_options");
    }
    // A `Value` has string keys and finite numbers, so canonical JSON exists.
    let canonical = serde_json_canonicalizer::to_vec(&body).unwrap_or_default();
    hex(&Sha256::digest(canonical))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The request as a `curl` command for a POSIX shell. The key stays the variable
/// `key_variable`, such as `OPENAI_API_KEY`; `headers` are sent as they stand.
pub fn curl(base_url: &str, key_variable: &str, headers: &[(&str, &str)], body: &Value) -> String {
    let url = shell_quote(&format!("{}/responses", base_url.trim_end_matches('/')));
    let mut lines = vec![
        format!("curl {url}"),
        "  -H 'Content-Type: application/json'".to_owned(),
        format!(
            "  -H \"Authorization: Bearer ${}\"",
            shell_variable(key_variable)
        ),
    ];
    for (name, value) in headers {
        lines.push(format!("  -H {}", shell_quote(&format!("{name}: {value}"))));
    }
    if body.get("stream") == Some(&json!(true)) {
        lines[0].insert_str(4, " -N");
    }
    // `--data-binary`, because `-d` reads a file when the text begins with `@`.
    let text = format!("{body:#}");
    let text = visible::json(&text);
    lines.push(format!("  --data-binary {}", shell_quote(&text)));
    lines.join(" \\\n")
}

fn shell_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The name of a variable that cannot end the quotation it stands in.
fn shell_variable(name: &str) -> &str {
    let is_plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain { name } else { "OPENAI_API_KEY" }
}

#[cfg(test)]
mod tests;
