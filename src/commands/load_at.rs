//! Loading what was live at a time.

use super::common::{load_to_read, warn_all};
use super::session::Session;
use crate::error::Failure;
use crate::files::Loaded;
use crate::prompt::reference::{Reference, Selector};
use crate::releases::Store;

/// The prompt that a reference names, now or at a time: what was live then in the environment.
pub(super) fn load_at(
    store: &Store,
    reference: &Reference,
    at: Option<jiff::Timestamp>,
    session: &mut Session,
) -> Result<Loaded, Failure> {
    let Some(time) = at else {
        return load_to_read(store, reference, session);
    };
    let environment = match &reference.selector {
        Selector::Named(text) => text.parse().ok(),
        Selector::WorkingCopy | Selector::Version(_) => None,
    };
    let environment = environment.ok_or_else(|| {
        Failure::usage("--at asks what was live at a time, so it wants an environment")
            .hint(format!("{}@production --at TIME", reference.name))
    })?;
    let loaded = store.load_active_at(&reference.name, &environment, time)?;
    warn_all(session, &loaded.notices);
    Ok(loaded)
}
