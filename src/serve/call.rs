//! One call, made ready: from what the caller sent to what the API is asked. No network, no clock.

use jiff::Timestamp;
use serde_json::Value;

use super::echo::Echo;
use super::problem::Problem;
use super::request::PromptRequest;
use super::{merge, variables};
use crate::error::Failure;
use crate::execute::{CompiledPrompt, Rendered, new_record};
use crate::openai::provider::ModelId;
use crate::openai::request::{RequestOptions, body};
use crate::prompt::code;
use crate::prompt::document::{Object, Role};
use crate::prompt::name::Environment;
use crate::prompt::rendered::{MessageOrigin, RenderedMessage};
use crate::record::entry::Record;
use crate::record::privacy::Privacy;

/// What is sent of a prompt's own turns where the caller goes on from an earlier answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum StoredTurns {
    /// All of them, with every call
    #[default]
    Again,
    /// Only those that hold a variable: the conversation has the others already
    Once,
}

/// What holds for every call.
#[derive(Debug, Clone)]
pub(super) struct CallSettings {
    /// The provider that calls are passed on to.
    pub(super) provider: String,
    pub(super) stored_turns: StoredTurns,
    pub(super) privacy: Privacy,
    pub(super) has_echo: bool,
    /// Whether records of calls are kept.
    pub(super) keeps_calls: bool,
}

/// A call that is ready to be sent.
#[derive(Debug)]
pub(super) struct Ready {
    /// What is sent.
    pub(super) body: Value,
    /// The prompt's own part of it, whose hash the record keeps, if it is kept.
    pub(super) own: Option<Value>,
    pub(super) echo: Option<Echo>,
    /// The record, as far as it is known before the answer.
    pub(super) record: Record,
    /// What the caller should know: `promptctl-note`.
    pub(super) note: Option<String>,
    pub(super) is_stream: bool,
}

impl Ready {
    /// Makes a call of this prompt ready.
    ///
    /// # Errors
    /// The values do not fit the prompt, or its model is another provider's.
    pub(super) fn new(
        (prompt, environment): (&CompiledPrompt, &Environment),
        asked: &PromptRequest,
        caller: &Object,
        terms: &CallSettings,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let loaded = &prompt.loaded;
        let given = variables::read(prompt.variables(), &asked.variables)?;
        let mut rendered = prompt
            .render(given.values)
            .map_err(|it| not_rendered(&it))?;
        let model = caller.get("model").and_then(Value::as_str);
        check_provider(loaded.document.model.as_deref(), model, terms)?;
        let options = RequestOptions {
            // Where the prompt leaves the model to its caller, the record says which it was.
            model: model
                .filter(|_| loaded.document.model.is_none())
                .map(str::to_owned),
            has_input: merge::has_input(caller) || merge::has_instructions(caller),
            ..RequestOptions::default()
        };
        let made = |messages: &[RenderedMessage], options: &RequestOptions| {
            body(&loaded.document, messages, options).map_err(|it| not_made(&it))
        };
        let left_out = left_out(&rendered, caller, terms);
        let echo = terms.has_echo.then(|| {
            let version = version_of(prompt, asked);
            Echo::new(
                (&asked.id, &version),
                &given.echo,
                &rendered.messages,
                caller,
            )
        });
        let has_turns = rendered.messages.iter().any(|it| !is_leading(it.role));
        let own_options = RequestOptions {
            has_input: false,
            ..options.clone()
        };
        let is_own = left_out.is_empty() && (has_turns || !options.has_input);
        let (own, sent) = if is_own {
            let own = made(&rendered.messages, &own_options)?;
            (terms.keeps_calls.then(|| own.clone()), own)
        } else {
            let own = match terms.keeps_calls {
                true => Some(made(&rendered.messages, &own_options)?),
                false => None,
            };
            let mut at = 0;
            rendered.messages.retain(|_| {
                at += 1;
                !left_out.contains(&(at - 1))
            });
            (own, made(&rendered.messages, &options)?)
        };
        let mut record = new_record(loaded, now);
        record.environment = Some(environment.to_string());
        record.overrides.model.clone_from(&options.model);
        let named = model.or(loaded.document.model.as_deref());
        record.model = named
            .and_then(|it| ModelId::parse(it).ok())
            .map(|it| it.name);
        let schema = loaded.document.input_schema.as_ref();
        if terms.keeps_calls {
            record.variables = Some(rendered.values);
            record = terms.privacy.keep(record, schema);
        }
        record.sent = merge::sent(caller);
        let body = merge::merge(sent, caller);
        Ok(Self {
            is_stream: body.get("stream") == Some(&Value::Bool(true)),
            body,
            own,
            echo,
            record,
            note: (!left_out.is_empty())
                .then(|| format!("{} stored messages left out", left_out.len())),
        })
    }
}

fn is_leading(role: Role) -> bool {
    matches!(role, Role::System | Role::Developer)
}

/// The stored messages that the conversation holds already, where `--stored-turns once` says so.
fn left_out(rendered: &Rendered, caller: &Object, terms: &CallSettings) -> Vec<usize> {
    if terms.stored_turns == StoredTurns::Again || !merge::has_history(caller) {
        return Vec::new();
    }
    let messages = rendered.messages.iter().enumerate();
    messages
        .skip_while(|(_, message)| is_leading(message.role))
        .filter(|(_, message)| message.stands == MessageOrigin::Fixed)
        .map(|(at, _)| at)
        .collect()
}

/// The version as the answer names it: that of the stored prompt, where this content came from it.
fn version_of(prompt: &CompiledPrompt, asked: &PromptRequest) -> String {
    let own = prompt.loaded.version().number();
    let origin = prompt.origin.as_ref().filter(|it| it.id == asked.id);
    let versions = origin.map_or(&[][..], |it| it.versions.as_slice());
    let wanted = asked
        .version
        .as_deref()
        .and_then(|it| it.parse::<u32>().ok());
    let same = versions.iter().find(|it| Some(**it) == wanted);
    same.or(versions.last()).copied().unwrap_or(own).to_string()
}

fn check_provider(
    own: Option<&str>,
    given: Option<&str>,
    terms: &CallSettings,
) -> Result<(), Problem> {
    if given.is_some() {
        return Ok(());
    }
    let Some(own) = own else {
        return Err(Problem::new(
            400,
            Some("missing_required_parameter"),
            "Missing required parameter: 'model'.",
        )
        .param("model")
        .own(code::NO_MODEL)
        .hint("the prompt names no model: send one, or publish a version that does"));
    };
    let model = ModelId::parse(own).map_err(|failure| not_made(&failure))?;
    if model.provider == terms.provider {
        return Ok(());
    }
    Err(Problem::new(
        400,
        Some("provider_mismatch"),
        format!(
            "The prompt's model {own} belongs to {}, and this gateway passes calls on to {}.",
            model.provider, terms.provider
        ),
    )
    .param("model")
    .own(code::PROVIDER_MISMATCH)
    .hint("send `model`, or serve the prompt from a gateway that was started with `--provider`"))
}

fn not_rendered(failure: &Failure) -> Problem {
    let code = match failure.code {
        Some(code::MISSING_VARIABLE) => "prompt_variable_missing",
        Some(code::BAD_VALUE) => "invalid_type",
        _ => "invalid_value",
    };
    // What the command line would do about it is of no use to a caller.
    Problem::from_failure(400, Some(code), failure)
        .param("prompt.variables")
        .only_hint("the prompt's `input.schema` and its templates say what each variable may be")
}

fn not_made(failure: &Failure) -> Problem {
    Problem::from_failure(400, Some("invalid_prompt"), failure).param("prompt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Prepared;
    use crate::files::Loaded;
    use crate::prompt::document::parse;
    use crate::prompt::template::Partials;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn prompt(text: &str) -> Prepared {
        let loaded = Loaded::from_snapshot(
            "a".parse().unwrap(),
            "prompts/a.prompt.yml".to_owned(),
            (None, String::new()),
            text.to_owned(),
            (parse(text).unwrap(), Partials::new()),
        );
        Prepared::with_attachments(loaded, BTreeMap::new()).unwrap()
    }

    fn terms() -> CallSettings {
        CallSettings {
            provider: "openai".to_owned(),
            stored_turns: StoredTurns::Again,
            privacy: Privacy::default(),
            has_echo: true,
            keeps_calls: true,
        }
    }

    fn ready_with(terms: &CallSettings, text: &str, caller: Value) -> Result<Ready, Problem> {
        let caller = caller.as_object().unwrap();
        let asked = PromptRequest::of(caller).unwrap().unwrap();
        let production = Environment::production();
        Ready::new(
            (&prompt(text).warm().unwrap(), &production),
            &asked,
            caller,
            terms,
            Timestamp::UNIX_EPOCH,
        )
    }

    fn ready(text: &str, caller: Value) -> Ready {
        ready_with(&terms(), text, caller).unwrap_or_else(|problem| panic!("{problem:?}"))
    }

    /// The shape of the recorded calls of the API, with texts of our own.
    const IMPORTED: &str = "model: openai/o4-mini\nsource: {format: openai, id: pmpt_1, version: '2'}\nmessages:\n- role: user\n  content: \"Saw {{word}}, and {{other}} \"\n";

    fn echoed(ready: &Ready) -> Value {
        let answer = ready.echo.as_ref().unwrap().in_answer(b"{}").unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    #[test]
    fn a_call_with_a_prompt_alone_is_a_whole_request() {
        let ready = ready(
            IMPORTED,
            json!({"prompt": {"id": "pmpt_1", "version": "2", "variables": {"word": "a dog", "other": ""}}}),
        );
        assert_eq!(
            ready.body,
            json!({"model": "o4-mini", "input": [{"role": "user", "content": "Saw a dog, and  "}]})
        );
        assert_eq!(ready.own.as_ref(), Some(&ready.body));
        assert_eq!(ready.record.sent, [""; 0]);
        assert_eq!(
            echoed(&ready),
            json!({
                "instructions": [{"type": "message", "content": [{"type": "input_text", "text": "Saw a dog, and  "}], "role": "user"}],
                "prompt": {"id": "pmpt_1", "variables": {"word": {"type": "input_text", "text": "a dog"}, "other": {"type": "input_text", "text": ""}}, "version": "2"},
            })
        );
    }

    #[test]
    fn pictures_and_files_are_cut_into_the_text_as_the_api_does() {
        let image =
            json!({"type": "input_image", "image_url": "https://x/a.png", "detail": "auto"});
        let file = json!({"type": "input_file", "file_url": "https://x/a.pdf"});
        let ready = ready(
            IMPORTED,
            json!({
                "include": ["message.input_image.image_url"],
                "prompt": {"id": "pmpt_1", "variables": {"word": image, "other": file}},
            }),
        );
        assert_eq!(
            ready.body["input"][0]["content"],
            json!([{"type": "input_text", "text": "Saw "}, image, {"type": "input_text", "text": ", and "}, file, {"type": "input_text", "text": " "}])
        );
        let said = echoed(&ready);
        assert_eq!(
            said["instructions"][0]["content"],
            json!([
                {"type": "input_text", "text": "Saw "},
                {"type": "input_image", "detail": "auto", "file_id": null, "image_url": "https://x/a.png"},
                {"type": "input_text", "text": ", and "},
                {"type": "input_file", "file_id": null, "file_url": "https://x/a.pdf"},
                {"type": "input_text", "text": " "},
            ])
        );
        assert_eq!(
            said["prompt"]["variables"]["word"],
            said["instructions"][0]["content"][1]
        );
        assert_eq!(ready.record.sent, ["include"]);
    }

    const SYSTEM: &str = "model: m\nmessages:\n- {role: system, content: Be kind.}\n- {role: developer, content: \"Speak {{tongue}}.\"}\n";

    #[test]
    fn texts_of_the_system_never_become_turns_of_the_conversation() {
        let vars = json!({"id": "a", "variables": {"tongue": "French"}});
        let with_input = ready(
            SYSTEM,
            json!({"prompt": vars, "input": "Hello", "previous_response_id": "resp_1"}),
        );
        assert_eq!(
            with_input.body,
            json!({"model": "m", "instructions": "Be kind.\n\nSpeak French.",
                "input": [{"role": "user", "content": "Hello"}], "previous_response_id": "resp_1"})
        );
        assert_eq!(with_input.record.sent, ["input", "previous_response_id"]);
        // The record proves what `run` would send, where nobody adds an input.
        assert_eq!(
            with_input.own.unwrap()["input"].as_array().unwrap().len(),
            2
        );
        let alone = ready(SYSTEM, json!({"prompt": vars}));
        assert_eq!(Some(alone.body), alone.own);
    }

    #[test]
    fn instructions_of_the_caller_replace_the_leading_texts_alone() {
        let text = "model: m\nmessages:\n- {role: system, content: Be kind.}\n- {role: user, content: \"{{x}}\"}\n";
        let ready = ready(
            text,
            json!({"prompt": {"id": "a", "variables": {"x": "y"}}, "instructions": "Be short."}),
        );
        assert_eq!(ready.body["instructions"], "Be short.");
        assert_eq!(
            ready.body["input"],
            json!([{"role": "user", "content": "y"}])
        );
        assert_eq!(
            echoed(&ready).get("instructions"),
            None,
            "the API's own stays"
        );
    }

    const TURNS: &str = "model: m\nmessages:\n- {role: system, content: S}\n- {role: user, content: Q}\n- {role: assistant, content: A}\n- {role: user, content: \"{{x}}\"}\n";

    #[test]
    fn stored_turns_are_left_out_only_where_that_was_asked_for_and_there_is_a_history() {
        let once = CallSettings {
            stored_turns: StoredTurns::Once,
            ..terms()
        };
        let first = json!({"prompt": {"id": "a", "variables": {"x": "y"}}});
        let mut later = first.clone();
        later["previous_response_id"] = json!("resp_1");
        let turns = |ready: &Ready| ready.body["input"].as_array().unwrap().len();
        assert_eq!(turns(&ready(TURNS, later.clone())), 3);
        assert_eq!(turns(&ready_with(&once, TURNS, first).unwrap()), 3);
        let left = ready_with(&once, TURNS, later).unwrap();
        assert_eq!(turns(&left), 1);
        assert_eq!(left.body["instructions"], "S");
        assert_eq!(left.note.as_deref(), Some("2 stored messages left out"));
        assert_eq!(left.own.unwrap()["input"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn a_prompt_of_another_provider_is_refused_unless_the_caller_names_a_model() {
        let text = "model: vllm/llama\nmessages: [{role: user, content: x}]\n";
        let problem = ready_with(&terms(), text, json!({"prompt": {"id": "a"}})).unwrap_err();
        assert_eq!(problem.code, Some("provider_mismatch"));
        assert_eq!(
            problem.to_json()["promptctl"]["code"],
            code::PROVIDER_MISMATCH.as_str()
        );
        assert!(
            ready_with(
                &terms(),
                text,
                json!({"prompt": {"id": "a"}, "model": "gpt-5"})
            )
            .is_ok()
        );
        let none = "messages: [{role: user, content: x}]\n";
        let problem = ready_with(&terms(), none, json!({"prompt": {"id": "a"}})).unwrap_err();
        assert_eq!(problem.code, Some("missing_required_parameter"));
        let named = ready_with(
            &terms(),
            none,
            json!({"prompt": {"id": "a"}, "model": "gpt-5"}),
        )
        .unwrap();
        assert_eq!(named.record.overrides.model.as_deref(), Some("gpt-5"));
    }

    #[test]
    fn a_value_that_does_not_fit_is_the_callers_fault() {
        let text = "model: m\ninput: {schema: {type: object, properties: {n: {type: integer, maximum: 5}}}}\nmessages: [{role: user, content: \"{{n}}\"}]\n";
        for value in [json!("many"), json!(9)] {
            let caller = json!({"prompt": {"id": "a", "variables": {"n": value}}});
            let problem = ready_with(&terms(), text, caller).unwrap_err();
            assert_eq!((problem.status, problem.code), (400, Some("invalid_type")));
        }
        let system = ready_with(
            &terms(),
            SYSTEM,
            json!({"prompt": {"id": "a", "variables": {"tongue": {"type": "input_image", "file_id": "f"}}}}),
        );
        assert_eq!(system.unwrap_err().status, 400);
    }
}
