//! Asking the writer, and sending back what is wrong.

use super::super::gate::Gate;
use super::super::run_context::RunContext;
use super::super::session::Session;
use crate::error::{Exit, Failure};
use crate::exchange::written;
use crate::execute::{Call, CallContext, Caller, Executed, Expected, Request, add_turn, execute};
use crate::experiment::case::Suite;
use crate::experiment::{PromptFiles, bundled, near_contradictions, near_duplicates, outside_enum};
use crate::files::Loaded;
use crate::openai::prices::warm_up;
use crate::output::progress::Progress;
use crate::output::words::{all_words, words};
use crate::prompt::code;
use crate::prompt::document::{self, Object};
use crate::prompt::finding::{Finding, Severity};
use crate::prompt::name::{BadName, PromptName};
use crate::prompt::reference::Reference;
use crate::prompt::template::Compiled;
use crate::record::entry::Overrides;
use crate::releases::Store;

/// The prompt that writes.
const WRITER: &str = "promptctl/generate";

/// How often what is wrong is sent back.
const REPAIRS: usize = 2;

/// How many things that are wrong are told the writer at once.
const MAX_TOLD: usize = 20;

/// How many of them a person is shown in the end.
const MAX_SHOWN: usize = 5;

/// The prompt that writes: the repository's own, or the bundled one.
///
/// # Errors
/// The repository's cannot be loaded.
pub(super) fn writer(store: &Store) -> Result<Loaded, Failure> {
    let name: PromptName = WRITER
        .parse()
        .map_err(|error: BadName| Failure::usage(error.to_string()))?;
    match store.load(&Reference::working_copy(name.clone())) {
        Err(failure) if failure.code == Some(code::UNKNOWN_PROMPT) => {
            let shown = format!("the bundled {}", name.paths()[0]);
            bundled(&name, shown)?.ok_or(failure)
        }
        loaded => loaded,
    }
}

/// A prompt that is to be written.
pub(super) struct Writing<'a> {
    pub(super) name: &'a PromptName,
    pub(super) path: &'a str,
    /// The model of the new prompt.
    pub(super) model: &'a str,
    /// The variables that were asked for.
    pub(super) inputs: Vec<String>,
    pub(super) writer: &'a Loaded,
    /// The model that writes, where it is not the writer's own.
    pub(super) asked_model: Option<String>,
    pub(super) max_cost: Option<f64>,
}

/// What was written.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) calls: usize,
    pub(super) cost: Option<f64>,
}

impl Writing<'_> {
    /// Asks until nothing is wrong.
    ///
    /// # Errors
    /// The call fails, the budget ends, or something is wrong after the last time.
    pub(super) fn write(
        &self,
        (mut request, values): (Request, &Object),
        ground: &RunContext,
        session: &mut Session,
    ) -> Result<Draft, Failure> {
        if let (Some(_), Some(model)) = (self.max_cost, &request.model) {
            ground.require_price(model, session)?;
        }
        ground.warn_of_end(&request, session);
        warm_up(request.provider());
        let caller = ground.caller(&request, None, session)?;
        let expected = Expected::of(&self.writer.document)?;
        let mut cost = Some(0.0);
        let mut calls = 0;
        loop {
            ground.check_budgets(&self.writer.name, &request, false, session)?;
            let executed = self.ask(&caller, (&request, values), &expected, ground, session)?;
            calls += 1;
            cost = cost.zip(executed.record.cost_usd).map(|(a, b)| a + b);
            let answer = executed.answer.as_ref().map(|it| it.text.clone());
            let (text, wrong) = match self.judge(executed, ground, session)? {
                Written::Good(text) => return Ok(Draft { text, calls, cost }),
                Written::Odd(text, wrong) => (Some(text), wrong),
                Written::Wrong(wrong) => (None, wrong),
            };
            // An unknown cost cannot be held against a limit.
            let spent = cost.unwrap_or(f64::INFINITY);
            let is_dear = self.max_cost.is_some_and(|limit| spent >= limit);
            if calls > REPAIRS || is_dear {
                return match text {
                    // What is left is no error, and is said with the file.
                    Some(text) => Ok(Draft { text, calls, cost }),
                    None => Err(given_up(calls, is_dear, &wrong)),
                };
            }
            let told = wrong.iter().take(MAX_TOLD);
            let list: String = told.map(|wrong| format!("\n- {wrong}")).collect();
            add_turn(
                &mut request.body,
                &answer.unwrap_or_default(),
                &format!(
                    "This is wrong with it:{list}\n\nAnswer again, with all of it and these things mended."
                ),
            );
        }
    }

    fn ask(
        &self,
        caller: &Caller,
        (request, values): (&Request, &Object),
        expected: &Expected,
        ground: &RunContext,
        session: &mut Session,
    ) -> Result<Executed, Failure> {
        let terms = CallContext {
            loaded: self.writer,
            expected,
            prices: &ground.prices,
            privacy: ground.config.log.privacy,
            retry_invalid: 0,
            may_fall_back: false,
            variant: None,
            labels: [("generate".to_owned(), self.name.to_string())].into(),
            overrides: Overrides {
                model: self.asked_model.clone(),
                ..Overrides::default()
            },
        };
        let call = Call {
            terms: &terms,
            values,
            request,
            case: None,
            now: session.now,
        };
        let waiting = Progress::waiting(&session.ui, "waiting for the writer");
        let executed = execute(caller, call, &mut |_| {});
        waiting.finish();
        let executed = executed?;
        ground.append(&executed.record, session);
        Ok(executed)
    }

    /// What came of a call.
    fn judge(
        &self,
        executed: Executed,
        ground: &RunContext,
        session: &Session,
    ) -> Result<Written, Failure> {
        if let Some(failure) = executed.failure {
            return match failure.code == Some(code::INVALID_OUTPUT) {
                true => Ok(Written::Wrong(all_words(&failure.hints))),
                false => Err(failure),
            };
        }
        let answer = executed.parsed.unwrap_or_default();
        let text = match written::file(&answer, self.model, &self.inputs) {
            Ok(text) => text,
            Err(wrong) => return Ok(Written::Wrong(wrong)),
        };
        let findings = self.findings(&text, ground, session)?;
        let is_secret = |it: &Finding| it.code == code::SECRET;
        if findings.iter().any(is_secret) {
            // It is not sent once more.
            let secrets: Vec<Finding> = findings.into_iter().filter(is_secret).collect();
            return Err(Failure::from(secrets)
                .exit(Exit::Verdict)
                .hint("the writer wrote it; nothing was committed"));
        }
        let has_errors = findings.iter().any(Finding::is_error);
        let wrong: Vec<String> = findings.iter().map(told).collect();
        Ok(match (has_errors, wrong.is_empty()) {
            (true, _) => Written::Wrong(wrong),
            (false, true) => Written::Good(text),
            (false, false) => Written::Odd(text, wrong),
        })
    }

    /// Errors and warnings, as `validate` would have them.
    fn findings(
        &self,
        text: &str,
        ground: &RunContext,
        session: &Session,
    ) -> Result<Vec<Finding>, Failure> {
        if let Err(findings) = document::parse(text) {
            return Ok(findings);
        }
        let store = &ground.store;
        let loaded = store.with_new_text(self.name, self.path, text.to_owned())?;
        if let Err(findings) = Compiled::new(&loaded.document, &loaded.partials) {
            return Ok(findings);
        }
        let gate = Gate::new(&ground.config, session);
        let mut findings = gate.find(store, &loaded);
        let suite = Suite::read(&loaded, &PromptFiles::of(store, &loaded)).suite;
        findings.extend(near_contradictions(&suite));
        findings.extend(outside_enum(&suite, &loaded.document));
        findings.extend(near_duplicates(&suite));
        findings.retain(|it| it.severity <= Severity::Warning);
        Ok(findings)
    }
}

/// What a call brought.
enum Written {
    Good(String),
    /// A file that can be used, and what looks wrong with it.
    Odd(String, Vec<String>),
    /// What has to be mended.
    Wrong(Vec<String>),
}

fn given_up(calls: usize, is_dear: bool, wrong: &[String]) -> Failure {
    let failure = match is_dear {
        true => Failure::new(
            code::BUDGET,
            "what was written has to be mended, and the limit on the cost is reached",
        )
        .exit(Exit::Verdict),
        false => Failure::new(
            code::INVALID_OUTPUT,
            format!("what was written is still wrong after {calls} calls"),
        ),
    };
    let shown = wrong.iter().take(MAX_SHOWN);
    let failure = shown.fold(failure, |failure, wrong| failure.hint(wrong.as_str()));
    failure.hint("nothing was made; promptctl log shows the calls")
}

/// A finding in words for the writer, which knows no file.
fn told(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{} ({})", finding.message, words(help)),
        None => finding.message.clone(),
    }
}
