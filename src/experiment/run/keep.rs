//! What is paid for once: whose turn it is to ask, and keeping what came.

use std::time::Duration;

use super::RunSettings;
use crate::error::Failure;
use crate::execute::Executed;
use crate::experiment::answer::Answered;
use crate::experiment::cache::{Cache, Claim, Key};
use crate::openai::client::sleep;

/// Whose turn it is to ask for an answer.
pub(in crate::experiment) enum Turn {
    /// Another process has asked for it meanwhile.
    Kept(Box<Answered>),
    /// Ours, until this is dropped.
    Ours(Option<Claim>),
}

/// How long is waited before looking again whether another process has its answer.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Waits until no other process asks for the answer under a key: the same is paid for once, also where
/// two run at the same time.
pub(in crate::experiment) async fn claim(kept: Option<(&Cache, &Key)>, is_fresh: bool) -> Turn {
    let Some((cache, key)) = kept else {
        return Turn::Ours(None);
    };
    loop {
        let claim = cache.claim(key);
        // It may have come between the first look and the claim.
        if let Some(answered) = (!is_fresh).then(|| cache.get(key)).flatten() {
            return Turn::Kept(Box::new(answered));
        }
        match claim {
            Some(claim) => return Turn::Ours(Some(claim)),
            None => sleep(LOOK_AGAIN).await,
        }
    }
}

/// Keeps what a call brought, in the cache and in the log: the answer, if one came, and why the call
/// was not recorded, if it was not.
pub(in crate::experiment) fn keep(
    terms: &RunSettings<'_>,
    key: Option<&Key>,
    executed: &Executed,
) -> (Option<Answered>, Option<Failure>) {
    let answered = Answered::of(executed);
    if let (Some((cache, key)), Some(answered)) = (terms.cache.zip(key), &answered) {
        cache.put(key, answered);
    }
    let recorded = terms.log.map(|log| log.append(&executed.record));
    (answered, recorded.and_then(Result::err))
}
