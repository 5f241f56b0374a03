//! `promptctl run`.

mod args;
mod batch;
mod result;

use std::time::Duration;

use super::prompt_args::Chosen;
use super::run_context::{RunContext, tell_fallback};
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::execute::{Call, CallContext, Executed, Expected, Request, SourceChoice, execute};
use crate::files::Loaded;
use crate::openai::address::open_to_all;
use crate::openai::echo;
use crate::openai::prices::warm_up;
use crate::openai::request::{RequestOptions, curl};
use crate::output::calls::{dollars, short_id};
use crate::output::json;
use crate::output::progress::Progress;
use crate::record::entry::{Overrides, Record};

pub(super) use args::Args;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let ground = RunContext::new(session)?;
    if let Some(inputs) = &args.many.inputs {
        return batch::run(args, inputs, &ground, session);
    }
    let chosen = args.prompt.choose(&ground.store, session)?;
    let is_stream = args.stream || (session.ui.out_is_terminal() && !args.dry_run && !args.curl);
    let options = RequestOptions {
        stream: is_stream && !json && args.retry_invalid == 0 && !args.is_echo(&chosen.loaded),
        ..args.options()
    };
    let stored = args.stored(&chosen.loaded, &ground, session)?;
    let request = Request::new(&chosen.loaded.document, &chosen.rendered, &options, stored)?;
    if args.dry_run {
        session.ui.block(json::pretty(&request.body));
        return Ok(Exit::Done);
    }
    if args.curl {
        return print_curl(&request, &ground, session);
    }
    call(args, &chosen, &request, &ground, session)
}

/// Sends the request, keeps the record and shows the answer.
fn call(
    args: &Args,
    chosen: &Chosen,
    request: &Request,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let json = session.ui.json;
    if !args.is_echo(&chosen.loaded) {
        warm_up(request.provider());
    }
    let expected = Expected::of(&chosen.loaded.document)?;
    let terms = args.terms(&chosen.loaded, chosen.variant.clone(), &expected, ground);
    ground.warn_of_end(request, session);
    ground.check_budgets(&chosen.loaded.name, request, args.no_log, session)?;
    let caller = ground.caller(request, args.timeout.map(Duration::from_secs), session)?;
    let mut printed = 0;
    let mut thinking = Some(Progress::waiting(&session.ui, "waiting for the answer"));
    let ui = &mut session.ui;
    let executed = execute(
        &caller,
        Call {
            terms: &terms,
            values: &chosen.rendered.values,
            request,
            case: None,
            now: session.now,
        },
        &mut |text| {
            if !json && args.retry_invalid == 0 {
                if let Some(thinking) = thinking.take() {
                    thinking.finish();
                }
                ui.data(text);
                ui.flush();
                printed += text.len();
            }
        },
    );
    if let Some(thinking) = thinking.take() {
        thinking.finish();
    }
    let executed = executed?;
    if !args.no_log {
        ground.append(&executed.record, session);
    }
    show(&executed, printed, &chosen.loaded, session);
    ground.tell_after(&executed, session);
    tell_end(&executed.record, args.no_log, session);
    match executed.failure {
        Some(failure) => Err(failure),
        None => Ok(Exit::Done),
    }
}

/// Shows an answer of which so many bytes were shown as they came.
fn show(executed: &Executed, printed: usize, loaded: &Loaded, session: &mut Session) {
    if session.ui.json {
        let result = result::of(executed, loaded);
        session.ui.block(json::document(&result));
        return;
    }
    let Some(answer) = &executed.answer else {
        return;
    };
    session
        .ui
        .data(answer.text.get(printed..).unwrap_or_default());
    if !answer.text.is_empty() && !answer.text.ends_with('\n') {
        session.ui.line("");
    }
    for call in &answer.tool_calls {
        session.ui.line(json::line(call));
    }
    if !answer.tool_calls.is_empty() {
        session.ui.status(
            "the model wants tools called; promptctl shows and records that, and runs none",
        );
    }
}

/// Ends a run on a terminal with one line: the record's id, the tokens, the cost and the time.
fn tell_end(record: &Record, no_log: bool, session: &mut Session) {
    if !session.ui.err_is_terminal() || session.ui.json {
        return;
    }
    let id = match no_log {
        true => "not logged",
        false => short_id(&record.id),
    };
    let tokens = record.usage.total_tokens.map(|it| format!("{it} tokens"));
    let cost = record
        .cost_usd
        .map_or_else(|| "cost unknown".to_owned(), dollars);
    let time = record.duration_ms.map(|time| format!("{time} ms"));
    let parts = [Some(id.to_owned()), tokens, Some(cost), time];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    session.ui.status(parts.join(" · "));
}

fn print_curl(
    request: &Request,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let provider = request.provider();
    let (base_url, variable) = ground.user.address(provider, &session.environ)?;
    if let Some(warning) = open_to_all(&base_url) {
        session.ui.finding(&warning);
    }
    let environ = &session.environ;
    let own = |value: &Option<String>| value.clone().filter(|_| provider == "openai");
    let organization = own(&environ.openai_org_id);
    let project = own(&environ.openai_project_id);
    let headers: Vec<(&str, &str)> = [
        ("OpenAI-Organization", organization.as_deref()),
        ("OpenAI-Project", project.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect();
    session
        .ui
        .block(curl(&base_url, &variable, &headers, &request.body));
    Ok(Exit::Done)
}

impl Args {
    /// What the caller adds to the file.
    fn options(&self) -> RequestOptions {
        RequestOptions {
            model: self.model.clone(),
            user: self.user.clone(),
            previous_response_id: self.previous_response_id.clone(),
            ..RequestOptions::default()
        }
    }

    fn is_echo(&self, loaded: &Loaded) -> bool {
        let model = self.model.as_deref().or(loaded.document.model.as_deref());
        model.is_some_and(|model| model.strip_prefix("openai/").unwrap_or(model) == echo::MODEL)
    }

    /// The stored prompt that is called, if one is.
    fn stored(
        &self,
        loaded: &Loaded,
        ground: &RunContext,
        session: &Session,
    ) -> Result<Option<crate::execute::StoredId>, Failure> {
        let stored = match self.source {
            SourceChoice::Local => None,
            _ => ground.stored(loaded, session)?,
        };
        self.source
            .decide(stored, self.model.as_deref(), &loaded.name)
    }

    /// What holds for every call of this run.
    fn terms<'a>(
        &self,
        loaded: &'a Loaded,
        variant: Option<String>,
        expected: &'a Expected,
        ground: &'a RunContext,
    ) -> CallContext<'a> {
        CallContext {
            loaded,
            expected,
            prices: &ground.prices,
            privacy: ground.config.log.privacy,
            retry_invalid: self.retry_invalid,
            may_fall_back: !self.no_fallback,
            variant,
            labels: self.label.iter().cloned().collect(),
            overrides: Overrides {
                model: self.model.clone(),
                user: self.user.clone(),
                previous_response_id: self.previous_response_id.clone(),
            },
        }
    }
}
