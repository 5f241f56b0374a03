//! Prompt files in a repository: in its working copy, in its index, in commits, and what changed
//! between two of them. What was released is recorded by tags, which this room does not know.

mod attachment;
mod between;
mod content;
mod everything;
mod history;
mod ignored;
mod load;
mod merging;
mod prompts;
mod since;
mod staged;
#[cfg(test)]
mod tests;
mod tracked;
mod unusable;
mod work_tree;
mod write;

pub use between::{Between, FIGURES, PartialChange};
pub use content::blob_of;
pub use load::{Loaded, Source, refused_clash};
pub use merging::{BothSides, MergeRequest};
pub use prompts::Prompts;
pub use since::{Base, Blobs};
pub use staged::Staged;
pub use unusable::hidden_folder;
pub use work_tree::{Listing, PromptFile};
pub use write::FileChange;

pub(crate) use content::Files;
pub(crate) use history::{Committed, LogLine};
pub(crate) use ignored::bad_ignore_file;
pub(crate) use work_tree::join_root;
