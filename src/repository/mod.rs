//! git itself: objects, references, the working tree's commits, and the git process with its errors.
//! The only place that names git2 or starts git.
//!
//! Single objects and references are read through libgit2, rows of references through `gix-ref`
//! (which seeks in packed references instead of reading them all). History, commits, tags and the
//! network go through the `git` program, so that identity, signing, hooks, filters and credentials
//! are those of the user.

mod commit;
mod early;
mod handle;
mod id;
mod memory;
mod objects;
mod open;
mod pager;
mod process;
mod refs;
mod rehearsal;
mod running;
mod scratch;
mod started;
mod tagger;
mod tagging;

pub use commit::Written;
pub use handle::Repository;
pub use id::ObjectId;
pub use open::{GitEnvironment, GitVariables, Start};
pub use pager::pager;
pub use process::OF_ONE_REPOSITORY;

pub(crate) use handle::Reopen;
pub(crate) use memory::lines;
pub(crate) use objects::{CommitTree, EntryKind, NoTag, Peeled};
pub(crate) use process::{
    Git, GitOutput, GitTarget, Hooks, RefsError, Running, TagError, explain, refused,
    require_identity, words_of, write_failure,
};
pub(crate) use running::OtherRuns;
pub(crate) use scratch::private_folder;
pub(crate) use tagger::NewTag;
pub(crate) use tagging::SCRATCH;
