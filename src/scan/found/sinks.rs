//! Which calls send a prompt, and which of their arguments it is.

use super::syntax::{Argument, value_of};

/// The keys of what tells the model who it is.
pub(super) const SYSTEM_KEYS: &[&str] = &[
    "instructions",
    "system",
    "system_prompt",
    "systemPrompt",
    "system_instruction",
    "systemInstruction",
    "system_instructions",
    "systemInstructions",
    "system_message",
    "systemMessage",
    "developer_message",
    "system_msg",
    "sys_msg",
    "systemMsg",
];

/// Those of them that say so whatever they are given to.
pub(super) const OWN_KEYS: &[&str] = &[
    "system_prompt",
    "systemPrompt",
    "system_instruction",
    "systemInstruction",
    "system_instructions",
    "systemInstructions",
];

/// The keys of what is said to it, in calls that are known to send it.
pub(super) const USER_KEYS: &[&str] = &["input", "prompt", "contents"];

/// The keys of a list of messages.
pub(super) const LIST_KEYS: &[&str] = &["messages"];

/// The keys under which further settings stand.
pub(super) const CONFIG_KEYS: &[&str] = &["config", "body", "model_kwargs", "generation_config"];

/// The keys of what is sent instead of, or besides, what the other arguments say.
pub(super) const EXTRA_KEYS: &[&str] = &["extra_body", "extra_query", "extraBody", "extraQuery"];

/// The keys of the model.
pub(super) const MODEL_KEYS: &[&str] = &["model", "model_name", "modelName", "modelId", "model_id"];

/// What a call does with texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    /// It sends them to a model.
    Api,
    /// The first argument is what the user says, or all messages.
    Said,
    /// It makes a template of LangChain's.
    Template,
    /// It makes a template of messages of LangChain's.
    Messages,
    /// It makes one message of this role.
    Message(&'static str),
    /// It makes a template of one message of this role.
    MessageTemplate(&'static str),
    /// It takes a text under a key that says that it is a prompt.
    Keyed,
}

/// What a call is, by the words of its callee. `is_sdk` says whether the file names a library that
/// talks to models.
pub(super) fn sink(path: &[&str], arguments: &[Argument<'_>], is_sdk: bool) -> Option<Sink> {
    let (last, before) = path.split_last()?;
    let has = |words: &[&str]| before.iter().any(|word| words.contains(word));
    let class = before.last().copied().unwrap_or_default();
    match *last {
        "create"
        | "acreate"
        | "parse"
        | "stream"
        | "create_with_completion"
        | "create_partial"
        | "create_iterable"
        | "generate"
            if has(&[
                "responses",
                "completions",
                "messages",
                "chat",
                "ChatCompletion",
                "Completion",
            ]) =>
        {
            Some(Sink::Api)
        }
        "create" | "create_and_run" | "createAndRun"
            if has(&["assistants", "runs", "threads", "sessions", "agents"]) =>
        {
            Some(Sink::Api)
        }
        "generateText" | "streamText" | "generateObject" | "streamObject" | "streamUI"
        | "completion" | "acompletion" | "text_completion" | "converse" | "converse_stream" => {
            Some(Sink::Api)
        }
        "generate_content"
        | "generate_content_async"
        | "generate_content_stream"
        | "generateContent"
        | "generateContentStream" => Some(Sink::Said),
        "from_template" | "fromTemplate" => Some(match role_of(class) {
            Some(role) => Sink::MessageTemplate(role),
            None if class.ends_with("PromptTemplate") => Sink::Template,
            None => return None,
        }),
        "from_messages" | "fromMessages" => Some(Sink::Messages),
        "PromptTemplate" => Some(Sink::Template),
        "ChatPromptTemplate" => Some(Sink::Messages),
        name if role_of(name).is_some() && name.ends_with("PromptTemplate") => {
            role_of(name).map(Sink::MessageTemplate)
        }
        name if role_of(name).is_some() => role_of(name).map(Sink::Message),
        // `LanguageModelChatMessage.User(…)` of VS Code, `ChatMessage.from_user(…)` of Haystack.
        name if class.ends_with("ChatMessage") => match name {
            "from_system" => Some(Sink::Message("system")),
            "User" | "from_user" => Some(Sink::Message("user")),
            "Assistant" | "from_assistant" => Some(Sink::Message("assistant")),
            _ => None,
        },
        "chat" | "complete" | "generate" | "achat" | "acomplete"
            if is_sdk && value_of(arguments, LIST_KEYS).is_some() =>
        {
            Some(Sink::Api)
        }
        "generate" | "generateStream" | "definePrompt" | "prompt" | "run" | "run_sync"
            if is_sdk && !has(&["images", "image", "audio"]) && has_key(arguments) =>
        {
            Some(Sink::Api)
        }
        "invoke" | "ainvoke" | "predict" | "complete" | "acomplete" | "stream_complete"
        | "astream_complete" | "stream_chat" | "astream_chat"
            if is_sdk =>
        {
            Some(Sink::Said)
        }
        name if ((is_sdk && has_key(arguments)) || value_of(arguments, OWN_KEYS).is_some())
            && !is_other(name, before) =>
        {
            Some(Sink::Keyed)
        }
        _ => None,
    }
}

/// Whether the words of a call say by themselves that it sends what it is given to a model.
pub(super) fn is_sure(path: &[&str]) -> bool {
    !matches!(
        path.last(),
        Some(
            &("generate"
                | "generateStream"
                | "prompt"
                | "run"
                | "run_sync"
                | "invoke"
                | "ainvoke"
                | "predict")
        )
    ) && sink(path, &[], false).is_some()
}

/// Whether a call surely goes to a model, so that what it sends and nobody can read is worth a word.
/// `is_sdk` says whether the file names a library that talks to models.
pub(super) fn sends(path: &[&str], is_sdk: bool) -> bool {
    let Some((last, before)) = path.split_last() else {
        return false;
    };
    let has = |words: &[&str]| before.iter().any(|word| words.contains(word));
    match *last {
        "create" | "acreate" | "parse" | "stream" | "create_with_completion" => {
            let is_thread = has(&["threads"]);
            has(&["responses", "completions", "ChatCompletion"])
                || (has(&["messages"]) && is_sdk && !is_thread)
        }
        "generateText" | "streamText" | "generateObject" | "streamObject" => true,
        "generate_content"
        | "generate_content_async"
        | "generate_content_stream"
        | "generateContent"
        | "generateContentStream"
        | "converse"
        | "converse_stream"
        | "completion"
        | "acompletion" => is_sdk,
        _ => false,
    }
}

fn has_key(arguments: &[Argument<'_>]) -> bool {
    value_of(arguments, SYSTEM_KEYS).is_some() || value_of(arguments, &["prompt"]).is_some()
}

/// The role of a message of LangChain's, by its class.
fn role_of(class: &str) -> Option<&'static str> {
    let name = class
        .trim_end_matches("PromptTemplate")
        .trim_end_matches("Template")
        .trim_end_matches("Prompt");
    match name {
        "SystemMessage" | "ChatCompletionSystemMessageParam" => Some("system"),
        "HumanMessage" | "UserMessage" | "ChatCompletionUserMessageParam" => Some("user"),
        "AIMessage" | "AssistantMessage" | "ChatCompletionAssistantMessageParam" => {
            Some("assistant")
        }
        _ => None,
    }
}

/// Calls whose `prompt` is not said to a model that writes: questions to people, pictures, sound.
fn is_other(name: &str, before: &[&str]) -> bool {
    let small = name.to_ascii_lowercase();
    let is_word = |word: &&str| small.contains(*word);
    let others = [
        "prompt",
        "ask",
        "input",
        "confirm",
        "question",
        "image",
        "edit",
        "audio",
        "video",
        "speech",
        "transcri",
        "error",
        "exception",
        "log",
        "warn",
        "print",
        "option",
        "embed",
        "picture",
        "select",
        "argument",
    ];
    let homes = [
        "click",
        "typer",
        "inquirer",
        "questionary",
        "images",
        "audio",
        "console",
        "logger",
        "logging",
        "videos",
        "readline",
        "rl",
        "vscode",
        "window",
        "embeddings",
    ];
    let is_agent = small.contains("agent");
    (!is_agent && others.iter().any(is_word)) || before.iter().any(|word| homes.contains(word))
}

/// Settings of a call that a prompt file has, too.
pub(super) const SETTINGS: &[&str] = &[
    "temperature",
    "top_p",
    "topP",
    "max_tokens",
    "maxTokens",
    "max_output_tokens",
    "maxOutputTokens",
    "max_completion_tokens",
    "maxCompletionTokens",
    "stop",
    "stop_sequences",
    "stopSequences",
    "seed",
    "frequency_penalty",
    "frequencyPenalty",
    "presence_penalty",
    "presencePenalty",
    "reasoning_effort",
    "reasoningEffort",
    "verbosity",
];

/// Arguments of a call that change what is asked, and stay in the code.
pub(super) const ASKS: &[&str] = &[
    "tools",
    "tool_choice",
    "toolChoice",
    "functions",
    "function_call",
    "response_format",
    "responseFormat",
    "response_model",
    "text_format",
    "text",
    "reasoning",
    "thinking",
    "modalities",
    "logit_bias",
    "previous_response_id",
    "previousResponseId",
    "conversation",
];

/// Libraries that talk to models: how an import names each, and what we call it.
pub(super) const LIBRARIES: &[(&str, &str)] = &[
    ("openai_agents", "openai-agents"),
    ("agents", "openai-agents"),
    ("@openai/agents", "openai-agents"),
    ("openai", "openai"),
    ("@azure/openai", "openai"),
    ("anthropic", "anthropic"),
    ("@anthropic-ai", "anthropic"),
    ("langchain", "langchain"),
    ("langchain_core", "langchain"),
    ("langchain_openai", "langchain"),
    ("langchain_community", "langchain"),
    ("langchain_anthropic", "langchain"),
    ("langchain_google_genai", "langchain"),
    ("langgraph", "langchain"),
    ("@langchain", "langchain"),
    ("litellm", "litellm"),
    ("ai", "vercel-ai"),
    ("@ai-sdk", "vercel-ai"),
    ("@mastra", "mastra"),
    ("genkit", "genkit"),
    ("@genkit-ai", "genkit"),
    ("google.generativeai", "google"),
    ("google.genai", "google"),
    ("google", "google"),
    ("@google/generative-ai", "google"),
    ("@google/genai", "google"),
    ("vertexai", "google"),
    ("@google-cloud/vertexai", "google"),
    ("google.adk", "google-adk"),
    ("mistralai", "mistral"),
    ("@mistralai", "mistral"),
    ("cohere", "cohere"),
    ("groq", "groq"),
    ("groq-sdk", "groq"),
    ("ollama", "ollama"),
    ("together", "together"),
    ("instructor", "instructor"),
    ("dspy", "dspy"),
    ("crewai", "crewai"),
    ("autogen", "autogen"),
    ("autogen_agentchat", "autogen"),
    ("autogen_core", "autogen"),
    ("ag2", "autogen"),
    ("llama_index", "llamaindex"),
    ("llamaindex", "llamaindex"),
    ("semantic_kernel", "semantic-kernel"),
    ("agent_framework", "agent-framework"),
    ("pydantic_ai", "pydantic-ai"),
    ("agno", "agno"),
    ("phi", "agno"),
    ("smolagents", "smolagents"),
    ("haystack", "haystack"),
    ("huggingface_hub", "huggingface"),
    ("@huggingface", "huggingface"),
    ("guidance", "guidance"),
    ("marvin", "marvin"),
    ("camel", "camel"),
    ("strands", "strands"),
    ("livekit", "livekit"),
    ("@copilotkit", "copilotkit"),
];

/// The library of an import.
pub(super) fn library(import: &str) -> Option<&'static str> {
    // `import openai, os` and `import google.genai as g`
    let words = import.trim_start_matches("import ");
    words.split(',').find_map(|name| {
        let name = name.trim().split(" as ").next().unwrap_or_default().trim();
        let fits = |(known, _): &&(&str, &str)| {
            name.strip_prefix(*known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
        };
        // The longest says most: `google.genai` before `google`.
        LIBRARIES
            .iter()
            .filter(fits)
            .max_by_key(|(known, _)| known.len())
            .map(|(_, title)| *title)
    })
}

/// The library that a call surely belongs to.
pub(super) fn library_of_call(path: &[&str]) -> Option<&'static str> {
    let last = path.last().copied().unwrap_or_default();
    let has = |word: &str| path.contains(&word);
    match last {
        "generateText" | "streamText" | "generateObject" | "streamObject" | "streamUI" => {
            Some("vercel-ai")
        }
        "generate_content"
        | "generate_content_async"
        | "generateContent"
        | "generateContentStream"
        | "GenerativeModel"
        | "generate_content_stream" => Some("google"),
        "completion" | "acompletion" => Some("litellm"),
        "from_template" | "fromTemplate" | "from_messages" | "fromMessages" | "PromptTemplate"
        | "ChatPromptTemplate" => Some("langchain"),
        "converse" | "converse_stream" => Some("bedrock"),
        _ if has("messages") && !has("threads") => Some("anthropic"),
        _ => None,
    }
}
