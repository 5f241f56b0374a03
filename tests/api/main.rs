//! Whole commands that call a model, against a server on this machine that can be slow, wrong,
//! cut, rate-limited and gone.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod batch;
mod doctor;
mod endings;
#[allow(dead_code, reason = "the other tests use the rest of it")]
#[path = "../cli/env.rs"]
mod env;
mod errors;
mod gateway;
mod import;
mod import_first;
mod import_options;
mod import_shapes;
mod import_trouble;
mod log;
mod models;
mod providers;
mod requests;
mod sdk;
mod secrets;
mod serve;
mod serve_hostile;
mod serve_life;
#[allow(dead_code, reason = "the bench uses the rest of it")]
mod server;
mod store_of_prompts;
mod stored;
mod way_out;
