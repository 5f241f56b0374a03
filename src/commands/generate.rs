//! `promptctl generate`.

mod args;
mod given;
mod writing;

use serde_json::json;

use super::common::warn_all;
use super::editor::with_draft;
use super::making::{DEFAULT_MODEL, Making, place_of, refuse_existing, say_other_roots};
use super::plan::PlanArg;
use super::run_context::RunContext;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::execute::{Renderer, Request};
use crate::openai::request::RequestOptions;
use crate::output::calls::dollars;
use crate::output::json;
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_word;
use writing::{Draft, Writing};

pub(super) use args::Args;

impl Args {
    fn name(&self) -> &PromptName {
        &self.name.name
    }
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let ground = RunContext::new(session)?;
    let store = &ground.store;
    store.require_working_copy()?;
    let path = place_of(&args.name, store);
    // Before anything is paid for.
    refuse_existing(args.name(), store, "")?;
    let is_unseen = !args.yes.yes && !args.no_commit && !session.ui.can_ask();
    if is_unseen && !args.dry_run {
        return Err(Failure::usage("nobody is here to say whether it is good")
            .hint("--yes commits what is written, if nothing is wrong with it")
            .hint("--no-commit writes the file alone"));
    }
    let example = match &args.from {
        Some(reference) => Some(store.load(reference)?),
        None => None,
    };
    let writer = writing::writer(store)?;
    let values = given::values(args, example.as_ref(), session)?;
    let rendered = Renderer::new(store, &writer)?.render(values)?;
    warn_all(session, &rendered.warnings);
    let options = RequestOptions {
        model: args.model.clone(),
        ..RequestOptions::default()
    };
    let request = Request::new(&writer.document, &rendered, &options, None)?;
    if args.dry_run {
        session.ui.block(json::pretty(&request.body));
        return Ok(Exit::Done);
    }
    let model = example
        .as_ref()
        .and_then(|it| it.document.model.clone())
        .unwrap_or_else(|| DEFAULT_MODEL.to_owned());
    let writing = Writing {
        name: args.name(),
        path: &path,
        model: &model,
        inputs: args.input.iter().map(|it| it.name.clone()).collect(),
        writer: &writer,
        asked_model: args.model.clone(),
        max_cost: args.max_cost,
    };
    let draft = writing.write((request, &rendered.values), &ground, session)?;
    finish(args, &draft, &path, &ground, session)
        .map_err(|failure| with_draft(failure, &path, &draft.text))
}

/// Shows what was written, and commits it if whoever looks at it agrees.
fn finish(
    args: &Args,
    draft: &Draft,
    path: &str,
    ground: &RunContext,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let asks = !args.yes.yes && !args.no_commit;
    if asks || !json {
        session.ui.view(draft.text.trim_end());
        session.ui.flush();
    }
    let cost = draft
        .cost
        .map_or_else(|| "cost unknown".to_owned(), dollars);
    let calls = match draft.calls {
        1 => "one call".to_owned(),
        calls => format!("{calls} calls"),
    };
    session.ui.status(format!("written in {calls}, {cost}"));
    if asks && !session.ui.confirm(&format!("Commit it as {path}?")) {
        return Err(Failure::usage("nothing was committed").exit(Exit::Failed));
    }
    let plan = PlanArg::done();
    let making = Making {
        name: args.name(),
        shown: path,
        path,
        is_by_file: false,
        message: args.message.as_deref(),
        no_commit: args.no_commit,
        plan: &plan,
    };
    let made = making.make(&ground.store, &ground.config, draft.text.clone(), session)?;
    if json {
        session.ui.block(json::document(&json!({
            "name": args.name(), "version": made.version, "path": path, "digest": made.digest,
            "commit": made.commit, "calls": draft.calls, "cost_usd": draft.cost,
        })));
        return Ok(Exit::Done);
    }
    making.say(&made, session);
    say_other_roots(&args.name, "generate", &ground.store, session);
    let name = shell_word(args.name().as_str());
    session.ui.hint(format!(
        "read its six cases, which nobody has reviewed; promptctl eval {name} runs them"
    ));
    making.say_next(&made, session);
    Ok(Exit::Done)
}
