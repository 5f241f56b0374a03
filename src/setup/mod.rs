//! Setting a repository up, and finding what is wrong with it: `init`, git's hooks and drivers, and
//! `doctor`.

mod clone;
mod doctor;
mod drivers;
mod hooks;
mod init;

pub use clone::Setup;
pub use drivers::ATTRIBUTES;
pub use hooks::PlannedHook;
pub use init::{Adoptable, Refused, ScratchRepository, init_repository, is_in_repository};
