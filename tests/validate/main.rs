//! `promptctl validate` as a person and as a CI job run it, over real git.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod base;
mod bounded;
mod env;
mod fix;
mod formats;
mod hidden;
mod hostile;
mod live;
mod rules;
