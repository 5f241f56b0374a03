//! What is asked of which model.

use super::super::evaluation::server;
use super::super::run_context::RunContext;
use super::super::session::Session;
use super::args::Args;
use super::choose::{Chosen, decides, options};
use super::prepared::Prepared;
use crate::error::Failure;
use crate::experiment::result::Subject;
use crate::experiment::task::Task;

/// Each prompt with each model.
///
/// # Errors
/// The provider of a model is not mapped, or nothing says which share has to pass.
pub(super) fn tasks<'a>(
    prepared: &'a [Prepared<'a>],
    args: &Args,
    ground: &RunContext,
    session: &Session,
) -> Result<Vec<Task<'a>>, Failure> {
    let mut tasks = Vec::new();
    for prepared in prepared {
        let Chosen {
            loaded,
            suite,
            cases,
        } = prepared.chosen;
        let min_pass_rate = args.rule.min_pass_rate.or(suite.min_pass_rate);
        if args.rule.confident && min_pass_rate.is_none() {
            return Err(Failure::usage(format!(
                "--confident wants to know which share of the cases of {} has to pass",
                loaded.name
            ))
            .hint("--min-pass-rate 0.95, or `eval: {minPassRate: 0.95}` in the file"));
        }
        let models: Vec<Option<&String>> = match args.answers.model.as_slice() {
            [] => vec![None],
            models => models.iter().map(Some).collect(),
        };
        for model in models {
            let asked = model.or(loaded.document.model.as_ref());
            tasks.push(Task {
                subject: Subject {
                    prompt: loaded.name.to_string(),
                    version: Some(loaded.version().number()),
                    digest: loaded.digest().to_string(),
                    suite: suite.digest.clone(),
                    base: None,
                    again: false,
                    model: asked.cloned().unwrap_or_default(),
                    repeat: args.cases.repeat.unwrap_or(suite.repeat),
                    min_pass_rate,
                    path: loaded.path.clone(),
                },
                loaded,
                suite,
                cases: cases.clone(),
                asks_unjudged: decides(args),
                repeat: args.cases.repeat,
                evaluators: &prepared.evaluators,
                schema: prepared.schema,
                judges: &prepared.judges,
                renderer: &prepared.renderer,
                expected: &prepared.expected,
                files: &prepared.files,
                options: options(loaded, model, args)?,
                server: server(
                    asked.filter(|_| args.answers.answers.is_none()),
                    ground,
                    session,
                )?,
            });
        }
    }
    Ok(tasks)
}
