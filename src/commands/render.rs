//! `promptctl render`, and the arguments that give variables, which `run` shares.

use serde_json::Value;

use super::common::{in_environment, load_to_read, warn_all};
use super::input::read_file;
use super::messages::print;
use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::execute::{self, Rendered, data_url};
use crate::files::Loaded;
use crate::openai::request::{RequestOptions, body, request_hash};
use crate::output::json;
use crate::prompt::code;
use crate::prompt::document::{Object, parse_value};
use crate::prompt::name::Environment;
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::variables::{VarArg, VarValue};
use crate::releases::Store;

/// Print the messages that a model would see
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help templates

Examples:
  promptctl render support/triage --var ticket=@ticket.txt
  promptctl render support/triage@production --vars values.json --format json
  promptctl render support/triage@v2 --var ticket=Hello --format request")]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) prompt: PromptArgs,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: RenderFormat,
    #[command(flatten)]
    _out: OutArg,
}

/// How messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RenderFormat {
    /// The messages, each under its role
    Text,
    /// One JSON object for scripts
    Json,
    /// The body of the API request
    Request,
}

/// A prompt and the values of its variables.
#[derive(Debug, clap::Args)]
pub(super) struct PromptArgs {
    /// The prompt: name, name@v3, name@production or name@<git revision>
    #[arg(value_name = "REF", value_parser = super::typed::reference, add = super::completions::references())]
    pub(super) reference: Reference,
    /// A variable: NAME=TEXT, NAME=@FILE, NAME=@@TEXT for a text that begins with @, NAME:=JSON
    #[arg(long = "var", value_name = "NAME=VALUE", add = super::completions::variables())]
    pub(super) vars: Vec<VarArg>,
    /// Variables from a JSON or YAML file; `-` is standard input. Later ones win
    #[arg(long = "vars", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) files: Vec<String>,
    /// Prefer the variant of this name; the first that exists is taken, the most special first
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Vec<String>,
    /// What is live in ENV: `NAME --env staging` is `NAME@staging`
    #[arg(short, long, value_name = "ENV", add = super::completions::environments())]
    env: Option<Environment>,
}

/// A prompt chosen, with the variables given for it.
pub(super) struct Chosen {
    pub(super) loaded: Loaded,
    pub(super) rendered: Rendered,
    /// The suffixes of the variant taken, where it is not the plain prompt.
    pub(super) variant: Option<String>,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, _) = session.store()?;
    let chosen = args.prompt.choose(&store, session)?;
    match args.format {
        RenderFormat::Text => print(&chosen.rendered.messages, session),
        RenderFormat::Request => {
            let request = body(
                &chosen.loaded.document,
                &chosen.rendered.messages,
                &RequestOptions::default(),
            )?;
            session.ui.block(json::pretty(&request));
        }
        RenderFormat::Json => {
            let loaded = &chosen.loaded;
            // A prompt that leaves the model to its caller has no request yet.
            let request = body(
                &loaded.document,
                &chosen.rendered.messages,
                &RequestOptions::default(),
            )
            .ok();
            let messages: Vec<Value> = chosen
                .rendered
                .messages
                .iter()
                .map(|message| message.to_json())
                .collect();
            session.ui.block(json::document(&serde_json::json!({
                "name": loaded.name,
                "version": loaded.version(),
                "model": loaded.document.model,
                "messages": messages,
                "parameters": loaded.document.parameters,
                "variables": chosen.rendered.values,
                "request_hash": request.as_ref().map(request_hash),
            })));
        }
    }
    Ok(Exit::Done)
}

impl PromptArgs {
    /// Loads the prompt and renders it.
    pub(super) fn choose(&self, store: &Store, session: &mut Session) -> Result<Chosen, Failure> {
        let given = self.given(session)?;
        let (loaded, variant) = self.load(store, session)?;
        warn_all(session, &loaded.document.warnings);
        let rendered = execute::render(store, &loaded, given)?;
        warn_all(session, &rendered.warnings);
        Ok(Chosen {
            loaded,
            rendered,
            variant,
        })
    }

    /// Loads the prompt, or the first of its variants that exists.
    pub(super) fn load(
        &self,
        store: &Store,
        session: &mut Session,
    ) -> Result<(Loaded, Option<String>), Failure> {
        let wanted = in_environment(&self.reference, self.env.as_ref())?;
        if self.variant.is_empty() {
            return Ok((load_to_read(store, &wanted, session)?, None));
        }
        let names = wanted
            .name
            .candidates(&self.variant)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let mut last = None;
        for name in names {
            let reference = Reference {
                name: name.clone(),
                selector: wanted.selector.clone(),
            };
            match load_to_read(store, &reference, session) {
                Ok(loaded) => {
                    let suffix = name
                        .as_str()
                        .strip_prefix(self.reference.name.as_str())
                        .unwrap_or_default();
                    let variant = suffix.strip_prefix('.').map(str::to_owned);
                    session.ui.status(format!("taken: {reference}"));
                    return Ok((loaded, variant));
                }
                Err(failure) if is_absence(&failure, &reference.selector) => last = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        Err(last.unwrap_or_else(|| store.unknown_prompt(&self.reference.name)))
    }

    /// The values given for variables.
    pub(super) fn given(&self, session: &mut Session) -> Result<Object, Failure> {
        let mut given = Object::new();
        for file in &self.files {
            let text = read_file(file, session)?;
            let value = if text.trim_start().starts_with('{') {
                serde_json::from_str(&text).map_err(|error| {
                    Failure::new(code::YAML_SYNTAX, format!("{file} is not JSON: {error}"))
                })?
            } else {
                parse_value(&text).map_err(|finding| Failure::from(finding.in_file(file)))?
            };
            let Value::Object(map) = value else {
                return Err(
                    Failure::usage(format!("{file} does not hold a map of variables"))
                        .hint("write one `name: value` a line"),
                );
            };
            given.extend(map);
        }
        for var in &self.vars {
            given.insert(var.name.clone(), value_of(var, session)?);
        }
        Ok(given)
    }
}

/// The value that an argument gives.
///
/// # Errors
/// Its file cannot be read.
pub(super) fn value_of(var: &VarArg, session: &Session) -> Result<Value, Failure> {
    Ok(match &var.given {
        VarValue::Text(text) => Value::String(text.clone()),
        VarValue::Json(value) => value.clone(),
        VarValue::File(path) => Value::String(file_value(path, session)?),
    })
}

/// The text of a file, or its bytes as a data URL where they are not text.
fn file_value(path: &str, session: &Session) -> Result<String, Failure> {
    const MOST: u64 = 20 * 1024 * 1024;
    let full = session.directory.join(path);
    let failed = |error: std::io::Error| {
        Failure::from_io(code::NOT_A_FILE, format!("{path} could not be read"), error)
    };
    let size = std::fs::metadata(&full).map_err(failed)?.len();
    if size > MOST {
        return Err(Failure::new(
            code::BAD_ATTACHMENT,
            format!("{path} has {size} bytes; a value may have {MOST}"),
        ));
    }
    let bytes = std::fs::read(&full).map_err(failed)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => data_url(path, error.as_bytes()),
    })
}

/// Whether the next variant may be tried: this one does not exist, or is not live where it must be.
fn is_absence(failure: &Failure, selector: &Selector) -> bool {
    let absent = [Some(code::UNKNOWN_PROMPT), Some(code::UNKNOWN_VERSION)];
    absent.contains(&failure.code)
        || (matches!(selector, Selector::Named(_)) && failure.code == Some(code::NOT_LIVE))
}
