//! Planning a publish, and making it where the gate lets it pass.

use super::gate::{Gate, refused};
use super::session::Session;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::code;
use crate::prompt::finding::Severity;
use crate::releases::{Change, Options, Planned, ReleaseRequest, Store};

/// Plans a publish, and makes it where the gate lets it pass.
pub(super) fn publish(
    store: &Store,
    loaded: Loaded,
    options: &Options,
    gate: &Gate,
    dry_run: bool,
    session: &mut Session,
) -> Result<Option<Change>, Failure> {
    match plan(store, loaded, options, gate, session)? {
        Some((demand, planned)) => finish(store, &demand, planned, options, dry_run),
        None => Ok(None),
    }
}

/// Plans a publish that the gate lets pass.
pub(super) fn plan(
    store: &Store,
    loaded: Loaded,
    options: &Options,
    gate: &Gate,
    session: &mut Session,
) -> Result<Option<(ReleaseRequest, Planned)>, Failure> {
    let name = loaded.name.clone();
    let demand = ReleaseRequest::Publish(Box::new(loaded.clone()));
    let Some(mut planned) = store.plan(&name, &demand, options)? else {
        return Ok(None);
    };
    // What is judged is what goes live.
    let loaded = store.planned_content(&planned)?.unwrap_or(loaded);
    let findings = gate.check_release(store, loaded, &options.environment)?;
    let decision = planned.decide(findings, &options.allowed);
    if !decision.stops.is_empty() {
        return Err(refused(decision, &name));
    }
    for finding in decision.passed() {
        let mut finding = finding.clone();
        finding.severity = Severity::Warning;
        session.ui.finding(&finding);
    }
    Ok(Some((demand, planned)))
}

/// Makes what was planned.
pub(super) fn finish(
    store: &Store,
    demand: &ReleaseRequest,
    planned: Planned,
    options: &Options,
    dry_run: bool,
) -> Result<Option<Change>, Failure> {
    let name = planned.change().name.clone();
    if dry_run {
        return Ok(Some(planned.change().clone()));
    }
    match store.release_planned(planned, options) {
        // Somebody may have published the very same version: then the remote is as it was wanted.
        Err(failure)
            if failure.code == Some(code::OVERTAKEN)
                && matches!(demand, ReleaseRequest::Publish(_)) =>
        {
            // What was overtaken has been fetched.
            match store.plan(&name, demand, options) {
                Ok(None) => Ok(None),
                _ => Err(failure),
            }
        }
        other => other.map(Some),
    }
}
