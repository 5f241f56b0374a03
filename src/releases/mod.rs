//! Versions and releases: tags and rows of them, what is live, publishing and its rules, the remote
//! and its mirror, and the proof of what is live.

mod branch;
mod demand;
mod history;
mod live;
mod lost;
mod made;
mod mirror;
mod note;
mod overview;
mod partial;
mod plan;
mod policy;
mod publish;
mod release;
mod remote;
mod resolve;
mod row;
mod seen;
mod sending;
mod signature;
mod soundness;
mod space;
mod store;
mod tag;
mod tagged;
mod trouble;
mod verify;
mod versions;

pub use demand::{Back, Before, Change, Demand, Options};
pub use history::{HistoryEntry, Numbers};
pub use made::Pending;
pub use note::{Changed, Note, Void};
pub use plan::Planned;
pub use policy::{Place, Rules};
pub use publish::Releasing;
pub use release::{Active, Overview, Release, Releases, State};
pub use remote::Fetched;
pub use sending::{Group, Pushed};
pub use signature::{Signer, Signers, Signing};
pub use store::{Settings, Store, unknown_remote};
pub use tag::{Action, TagName};
pub use tagged::VersionTags;
pub use trouble::{Repair, Trouble};
pub use verify::{Live, Proof};
