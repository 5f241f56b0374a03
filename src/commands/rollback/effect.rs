//! What a rollback does: what goes, what comes back, and what callers meet again.

use super::super::common::ago_and_when;
use super::super::model_list;
use super::super::session::Session;
use crate::files::Loaded;
use crate::openai::provider::ModelId;
use crate::prompt::diff::{Impact, Side, compare};
use crate::prompt::reference::Reference;
use crate::prompt::version::Version;
use crate::releases::{Action, Change, Planned, Release, Store};

/// What goes and what comes back: versions, and the releases that made them live.
pub(super) fn goes_and_comes(planned: &Planned, session: &Session) -> Vec<String> {
    let line = |label: &str, release: &Release| {
        let why = match release.has_own_message() {
            true => format!(": {}", release.message),
            false => String::new(),
        };
        let (version, by) = (release.version, &release.by);
        let when = ago_and_when(session.now, release.time);
        match release.action {
            Action::Publish => format!("  {label} {version}, published by {by} {when}{why}"),
            Action::Rollback => format!("  {label} {version}, brought back by {by} {when}{why}"),
            Action::Unpublish => {
                format!("  {label} nothing, since {by} unpublished it {when}{why}")
            }
        }
    };
    let goes = planned.live().map(|live| line("goes:      ", live));
    let comes = planned.target().map(|target| line("comes back:", target));
    goes.into_iter().chain(comes).collect()
}

/// What a person is told of a rollback beside its sentence.
pub(super) struct Effect {
    lines: Vec<String>,
    pub(super) back: ComesBack,
}

impl Effect {
    pub(super) fn new(planned: &Planned, is_known: bool, session: &Session) -> Self {
        Self {
            lines: match is_known {
                true => Vec::new(),
                false => goes_and_comes(planned, session),
            },
            back: ComesBack::default(),
        }
    }

    pub(super) fn say(self, dry_run: bool, session: &mut Session) {
        for line in self.lines {
            match dry_run {
                true => session.ui.line(line),
                false => session.ui.status(line),
            }
        }
        self.back.say(session);
    }
}

/// The contract that callers meet again, and whether the model still answers. Nothing here can
/// fail the rollback.
#[derive(Default)]
pub(super) struct ComesBack {
    contract: Vec<String>,
    model: Option<String>,
}

impl ComesBack {
    pub(super) fn new(change: &Change, store: &Store, session: &Session) -> Self {
        let load = |version: Option<Version>| -> Option<Loaded> {
            store
                .load(&Reference::version(change.name.clone(), version?))
                .ok()
        };
        let Some(back) = load(change.to) else {
            return Self::default();
        };
        let contract = if session.ui.is_quiet() {
            Vec::new()
        } else {
            load(change.from).map_or_else(Vec::new, |gone| contract(&gone, &back))
        };
        Self {
            contract,
            model: ended_model(&back, session),
        }
    }

    fn say(self, session: &mut Session) {
        for line in self.contract {
            session.ui.status(line);
        }
        if let Some(warning) = self.model {
            session.ui.warning(warning);
        }
    }
}

fn contract(gone: &Loaded, back: &Loaded) -> Vec<String> {
    let [old, new] = [gone, back].map(|loaded| Side {
        document: &loaded.document,
        partials: &loaded.partials,
        variables: None,
    });
    compare(Some(old), Some(new))
        .contract
        .iter()
        .filter(|note| note.impact >= Impact::Behavior)
        .map(|note| format!("  {}: {}", note.impact.as_str(), note.message))
        .collect()
}

/// That the model of what comes back has ended, or ends soon.
fn ended_model(back: &Loaded, session: &Session) -> Option<String> {
    let model = back.document.model.as_deref()?;
    let end = model_list::end_of(&ModelId::parse(model).ok()?, session)?;
    Some(format!("the model {model} of {} {end}", back.version()))
}
