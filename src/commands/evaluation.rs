//! What `eval`, `bisect`, `judge`, `cases` and the comment of a pull request have in common.

pub(super) mod callers;
pub(super) mod comment;
pub(super) mod estimate;
pub(super) mod find;
mod folders;
pub(super) mod machine;
pub(super) mod markdown;
pub(super) mod outputs;
pub(super) mod report;
mod section;
pub(super) mod text;
pub(super) mod wording;

pub(super) use callers::{Asking, Callers};
pub(super) use folders::{cache_of, own_folder, own_part, runs_folder};

use super::run_context::RunContext;
use super::session::Session;
use crate::config::read_share;
use crate::error::{Exit, Failure};
use crate::execute::Stop;
use crate::experiment::NoSuchCase;
use crate::openai::echo;
use crate::openai::provider::ModelId;
use crate::prompt::code;

pub(super) fn unknown_case(no_such_case: &NoSuchCase) -> Failure {
    let failure = Failure::usage(no_such_case.to_string());
    match no_such_case {
        NoSuchCase::Id {
            near: Some(near), ..
        }
        | NoSuchCase::Tag {
            near: Some(near), ..
        } => failure.hint(format!("did you mean {near}?")),
        _ => failure,
    }
}

/// The base URL of a model's provider; none for the model `echo`.
pub(super) fn address(
    model: &ModelId,
    ground: &RunContext,
    session: &Session,
) -> Result<Option<String>, Failure> {
    if model.name == echo::MODEL {
        return Ok(None);
    }
    let (url, _) = ground.user.address(&model.provider, &session.environ)?;
    Ok(Some(url))
}

/// The base URL that a model is asked at; none where nothing is, or the model `echo` is.
///
/// # Errors
/// The provider of the model is not mapped.
pub(super) fn server(
    model: Option<&String>,
    ground: &RunContext,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let Some(model) = model else {
        return Ok(None);
    };
    address(&ModelId::parse(model)?, ground, session)
}

/// That a limit on the costs ended work.
pub(super) fn over_budget(stop: &Stop, spent: f64) -> Failure {
    let failure = budget_ended(stop, spent);
    match stop {
        Stop::MaxCost { .. } => {
            failure.hint("the same command with a higher --max-cost asks only for what is missing")
        }
        _ => failure,
    }
}

/// The same without what to do next.
pub(super) fn budget_ended(stop: &Stop, spent: f64) -> Failure {
    let (words, hint) = stop.of_cost(spent).unwrap_or_default();
    Failure::new(code::BUDGET_ENDED, words)
        .exit(Exit::Verdict)
        .hint(hint)
}

pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    read_share(text).ok_or_else(|| "write a share from 0 to 1 such as 0.95, or 95%".to_owned())
}
