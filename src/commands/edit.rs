//! `promptctl edit`.

use serde_json::json;

use super::change::{change_shapes, show_change};
use super::common::{FormatArg, compile, load_to_change, warn_all, warn_of_passed};
use super::gate::Gate;
use super::given_file::{read_file, shown};
use super::numbering::number;
use super::plan::PlanArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::files::{FileChange, Loaded};
use crate::output::json;
use crate::prompt::document;
use crate::prompt::edit::{Step, set, set_version};
use crate::prompt::name::PromptName;
use crate::prompt::quote::shell_paths;
use crate::releases::Store;

mod setting;

use super::editor::{editor, in_editor, unchanged, with_draft};
use setting::{Key, Setting, parse_key, parse_setting};

/// Make the next version of a prompt
///
/// Opens the editor that git would open, or takes the change from --set, --unset or --file; then
/// checks the file, raises its version, commits, and shows what changed as diff does. Several
/// prompts are changed in one commit. A change that no model and no caller sees, such as a
/// description, needs no new version. A secret stops it; other errors are said. An editor that is
/// closed without a change changes nothing, exit 1.
///
/// The paths of --set are those that diff prints; messages.system is the one message of that role.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help versions

Examples:
  promptctl edit support/triage   # opens your editor
  promptctl edit support/triage --set modelParameters.maxTokens=500 -m \"Shorter answers\"
  promptctl edit support/triage --set messages.system=@rules.txt
  promptctl edit support/triage --set 'tags:=[\"tickets\", \"queue\"]' --unset description
  promptctl edit support/triage core/chat-assistant --set model=openai/gpt-5.1")]
pub(super) struct Args {
    /// The prompts
    #[arg(value_name = "NAME", required = true, value_parser = super::typed::name, add = super::candidates::names())]
    names: Vec<PromptName>,
    /// Set a value, such as modelParameters.maxTokens=600 or description=text; KEY=@FILE takes the
    /// text of a file, KEY:=JSON is any JSON
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_setting, add = super::candidates::keys_to_set())]
    set: Vec<Setting>,
    /// Remove a value
    #[arg(long, value_name = "KEY", value_parser = parse_key, add = super::candidates::keys_to_unset())]
    unset: Vec<Key>,
    /// Take the whole file from FILE; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with_all = ["set", "unset"])]
    file: Option<String>,
    /// The commit's message
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,
    /// Write the file and do not commit
    #[arg(long)]
    no_commit: bool,
    #[command(flatten)]
    plan: PlanArg,
    #[command(flatten)]
    format: FormatArg,
}

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let (store, config) = args.plan.store(session)?;
    store.require_working_copy()?;
    if args.file.is_some() && args.names.len() > 1 {
        return Err(
            Failure::usage("--file changes one prompt").hint("name one prompt, or use --set")
        );
    }
    let gate = Gate::new(&config, session);
    let mut edits = Vec::new();
    for name in &args.names {
        let before = load_to_change(&store, name)?;
        let Some(text) = args.changed_text(&before, &store, session)? else {
            continue;
        };
        let checked = checked(args, &store, &before, &text, &gate, session);
        let (after, is_sound) = match checked {
            Err(failure) if args.is_by_hand() => {
                return Err(with_draft(failure, &before.path, &text));
            }
            checked => checked?,
        };
        warn_all(session, &after.document.warnings);
        let numbered = number(&store, &after)?;
        warn_of_passed(&after.name, numbered.passed, session);
        let version = numbered.version;
        let sentence = match (numbered.is_new, args.plan.dry_run) {
            (true, false) => format!("{name} is {version} now"),
            (true, true) => format!("{name} would be {version}"),
            (false, false) => {
                format!("{name} {version} keeps its number: no model and no caller sees the change")
            }
            (false, true) => format!(
                "{name} {version} would keep its number: no model and no caller sees the change"
            ),
        };
        let after = store.with_text(&before, numbered.text)?;
        edits.push(Edit {
            before,
            after,
            is_ready: numbered.is_new && is_sound,
            sentence,
        });
    }
    if edits.is_empty() {
        return Err(unchanged());
    }
    finish(args, &store, &edits, session)
}

/// One prompt that is changed.
struct Edit {
    before: Loaded,
    after: Loaded,
    /// Whether the content is a new version that could go live.
    is_ready: bool,
    sentence: String,
}

/// The prompt with its new text, if that may be written, and whether it is without errors.
fn checked(
    args: &Args,
    store: &Store,
    before: &Loaded,
    text: &str,
    gate: &Gate,
    session: &mut Session,
) -> Result<(Loaded, bool), Failure> {
    let after = store.with_text(before, text.to_owned());
    let after = after.map_err(|failure| args.in_given_file(failure, before))?;
    compile(&after)?;
    let is_sound = gate.before_making(store, Some(before), &after, args.shown(before), session)?;
    Ok((after, is_sound))
}

fn finish(
    args: &Args,
    store: &Store,
    edits: &[Edit],
    session: &mut Session,
) -> Result<Exit, Failure> {
    let change = |edit: &Edit| FileChange::Write {
        path: edit.before.path.clone(),
        text: edit.after.text.clone(),
    };
    let changes: Vec<FileChange> = edits.iter().map(change).collect();
    let names: Vec<&str> = edits.iter().map(|it| it.before.name.as_str()).collect();
    let usual = format!("Edit {}", names.join(", "));
    let message = args.message.as_deref().unwrap_or(&usual);
    let message = (!args.no_commit).then_some(message);
    let commit = args.plan.write(store, &changes, message)?;
    let pairs = edits.iter().map(|it| (&it.before, &it.after));
    if args.format.is_json() {
        session.ui.block(json::document(&json!({
            "prompts": change_shapes(pairs), "commit": commit, "dry_run": args.plan.dry_run,
        })));
        return Ok(Exit::Done);
    }
    if commit.is_none() && !args.no_commit && !args.plan.dry_run {
        session.ui.status("nothing changed");
        return Ok(Exit::Done);
    }
    for edit in edits {
        args.plan.say(&edit.sentence, &edit.sentence, session);
    }
    if !session.ui.is_quiet() || args.plan.dry_run {
        show_change(pairs, session);
    }
    if !args.plan.dry_run {
        say_next(args, edits, session);
    }
    Ok(Exit::Done)
}

/// What comes next: a commit, or the release of what has a new number and no errors.
fn say_next(args: &Args, edits: &[Edit], session: &mut Session) {
    if args.no_commit {
        let paths = shell_paths(edits.iter().map(|it| &it.before.path));
        session
            .ui
            .hint(format!("commit the change: git commit -- {paths}"));
        return;
    }
    let ready: Vec<&str> = edits
        .iter()
        .filter(|it| it.is_ready)
        .map(|it| it.before.name.as_str())
        .collect();
    if !ready.is_empty() {
        let it = if ready.len() == 1 { "it" } else { "them" };
        let names = ready.join(" ");
        session
            .ui
            .hint(format!("promptctl publish {names} makes {it} live"));
    }
}

impl Args {
    /// Whether the change is made in an editor.
    fn is_by_hand(&self) -> bool {
        self.file.is_none() && self.set.is_empty() && self.unset.is_empty()
    }

    /// Where the person wrote what is wrong.
    fn shown<'a>(&'a self, before: &'a Loaded) -> &'a str {
        self.file.as_deref().map_or(&before.path, shown)
    }

    /// A failure about a text that was given, at the place where the person finds it.
    fn in_given_file(&self, mut failure: Failure, before: &Loaded) -> Failure {
        let location = failure.location.as_deref();
        if let Some(place) = location.and_then(|it| it.strip_prefix(&before.path)) {
            failure.location = Some(format!("{}{place}", self.shown(before)));
        }
        failure
    }

    /// The file's new text; `None` where the editor was closed without a change.
    fn changed_text(
        &self,
        before: &Loaded,
        store: &Store,
        session: &mut Session,
    ) -> Result<Option<String>, Failure> {
        if let Some(file) = &self.file {
            return Ok(Some(numbered_as(before, read_file(file, session)?)));
        }
        if self.is_by_hand() {
            let editor = editor(store, session)?;
            return in_editor(&before.text, &before.path, &editor, session);
        }
        let mut text = before.text.clone();
        for setting in &self.set {
            text = setting.apply(&text, before, session)?;
        }
        for key in &self.unset {
            text = key.take_out(&text, before)?;
        }
        Ok(Some(text))
    }
}

/// A whole new text that says nothing of the version keeps what the file says of it, so that the
/// same content has the same number.
fn numbered_as(before: &Loaded, text: String) -> String {
    let Some(version) = before.document.version else {
        return text;
    };
    let is_numbered =
        document::parse(&text).map_or(true, |new| new.version.is_some() || new.digest.is_some());
    if is_numbered {
        return text;
    }
    let numbered = match &before.document.digest {
        Some(digest) => set_version(&text, version, digest),
        None => set(
            &text,
            &[Step::Key("version".to_owned())],
            &version.number().into(),
        ),
    };
    numbered.unwrap_or(text)
}
