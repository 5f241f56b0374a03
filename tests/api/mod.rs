//! Whole commands that call a model, against a server on this machine that can be slow, wrong,
//! cut, rate-limited and gone.

mod batch;
mod doctor;
mod endings;
mod errors;
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
mod stored;
mod trading;
mod way_out;
