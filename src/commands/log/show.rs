//! `promptctl log show`.

use serde_json::Value;

use super::super::common::{FormatArg, count};
use super::super::messages::print;
use super::super::out::OutArg;
use super::super::session::Session;
use super::shape::{say_differing, shape};
use crate::error::{Exit, Failure};
use crate::execute::{Rendered, Request, render};
use crate::files::Loaded;
use crate::openai::request::{RequestOptions, request_hash};
use crate::output::json;
use crate::output::ui::{DIM, paint};
use crate::prompt::code;
use crate::prompt::document::Object;
use crate::prompt::name::PromptName;
use crate::prompt::reference::{Reference, Selector};
use crate::prompt::visible;
use crate::record::entry::{Record, Source};
use crate::record::log::Log;
use crate::record::privacy::{is_hash, is_hash_text};
use crate::releases::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The id, or its beginning or its end, such as the last 8 digits that `log` shows
    #[arg(add = super::super::candidates::executions())]
    id: String,
    /// Render the same messages again, from git and the variables, and prove it by the request's hash
    #[arg(long)]
    rendered: bool,
    #[command(flatten)]
    format: FormatArg,
    #[command(flatten)]
    _out: OutArg,
}

pub(super) fn run(
    args: &Args,
    log: &Log,
    store: &Store,
    session: &mut Session,
) -> Result<Exit, Failure> {
    let json = args.format.is_json();
    let (execution, differing) = log.find(&args.id)?;
    say_differing(differing, session);
    let ahead = execution.ahead(session.now);
    if ahead > 0 {
        session.ui.warning(format!(
            "{} dated more than a day ahead of now; any other of this execution counts in its place",
            count(ahead, "outcome")
        ));
    }
    if args.rendered {
        return show_rendered(&execution.record, store, session);
    }
    if json {
        session.ui.block(json::document(&shape(&execution)));
        return Ok(Exit::Done);
    }
    let colors = session.ui.colors_out();
    let Value::Object(fields) = shape(&execution) else {
        return Ok(Exit::Done);
    };
    for (key, value) in &fields {
        let text = match value {
            _ if key == "output" || key == "schema" => continue,
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Object(map) if map.is_empty() => continue,
            other => other.to_string(),
        };
        let label = paint(colors, DIM, &format!("{key:<13}"));
        session
            .ui
            .styled(format!("{label} {}\n", visible::line(&text)));
    }
    if let Some(output) = &execution.record.output {
        session.ui.line("");
        session.ui.view(output.trim_end());
    }
    Ok(Exit::Done)
}

/// Shows the messages of an execution, rendered again and proven to be the same.
fn show_rendered(record: &Record, store: &Store, session: &mut Session) -> Result<Exit, Failure> {
    let again = Again::of(record, store)?;
    let hash = request_hash(&again.request.body);
    if record.request_hash.as_deref() != Some(hash.as_str()) {
        return Err(cannot(
            record,
            "rendered again, its request is not the one that was sent",
        )
        .hint("a newer promptctl may make requests otherwise, or the log leaves out what --user added")
        .hint(format!("recorded {}, made {hash}", record.request_hash.as_deref().unwrap_or("nothing"))));
    }
    if session.ui.json {
        let messages: Vec<Value> = again
            .rendered
            .messages
            .iter()
            .map(|it| it.to_json())
            .collect();
        session.ui.block(json::document(&serde_json::json!({
            "id": record.id,
            "name": record.prompt,
            "version": record.version,
            "commit": record.commit,
            "messages": messages,
            "request": again.request.body,
            "request_hash": hash,
        })));
    } else {
        print(&again.rendered.messages, session);
        session
            .ui
            .status(format!("the request is the same: its hash is {hash}"));
    }
    Ok(Exit::Done)
}

/// An execution rendered again.
struct Again {
    rendered: Rendered,
    request: Request,
}

impl Again {
    fn of(record: &Record, store: &Store) -> Result<Self, Failure> {
        match record.source {
            Source::Openai => {
                return Err(cannot(record, "OpenAI rendered it, from its stored prompt"));
            }
            Source::External => {
                return Err(cannot(record, "a service made the call by itself"));
            }
            Source::Local | Source::Fallback => {}
        }
        let values = values(record)?;
        let loaded = load(record, store)?;
        let rendered = render(store, &loaded, values)?;
        let options = RequestOptions {
            model: record.overrides.model.clone(),
            user: record.overrides.user.clone(),
            previous_response_id: record.overrides.previous_response_id.clone(),
            ..RequestOptions::default()
        };
        let request = Request::new(&loaded.document, &rendered, &options, None)?;
        Ok(Self { rendered, request })
    }
}

fn cannot(record: &Record, why: &str) -> Failure {
    Failure::new(
        code::NOT_REPRODUCIBLE,
        format!("{} cannot be rendered again: {why}", record.id),
    )
    .exit(Exit::Verdict)
}

fn values(record: &Record) -> Result<Object, Failure> {
    let kept = "`log.variables: full` in promptctl.yaml keeps values from now on";
    let Some(values) = record.variables.clone() else {
        return Err(cannot(record, "the log keeps no variables").hint(kept));
    };
    if let Some((name, _)) = values.iter().find(|(_, value)| is_hash(value)) {
        let why = format!("of the variable `{name}` the log keeps a hash only");
        return Err(cannot(record, &why).hint(kept));
    }
    if record.overrides.user.as_deref().is_some_and(is_hash_text) {
        return Err(cannot(record, "of the text of --user the log keeps a hash only").hint(kept));
    }
    Ok(values)
}

/// The prompt as it was: from its commit, or from the working copy where that still is the same.
fn load(record: &Record, store: &Store) -> Result<Loaded, Failure> {
    let name: PromptName = record
        .prompt
        .parse()
        .map_err(|_| cannot(record, "its prompt has a name that cannot be"))?;
    let is_same = |loaded: &Loaded| record.digest.as_deref() == Some(&loaded.digest().to_string());
    let committed = record.commit.as_ref().map(|commit| {
        store.load(&Reference {
            name: name.clone(),
            selector: Selector::Named(commit.clone()),
        })
    });
    if let Some(Ok(loaded)) = &committed
        && is_same(loaded)
    {
        return Ok(loaded.clone());
    }
    let working = store.load(&Reference::working_copy(name));
    if let Ok(loaded) = working
        && is_same(&loaded)
    {
        return Ok(loaded);
    }
    Err(match committed {
        _ if record.dirty => cannot(
            record,
            "dirty: the file had changes that were not committed, and it has others now",
        ),
        Some(Err(failure)) => cannot(record, "its commit cannot be read here")
            .hint("git fetch may bring it")
            .caused_by(failure),
        Some(Ok(_)) => cannot(record, "its commit holds another content of the prompt"),
        None => cannot(record, "it names no commit"),
    })
}
