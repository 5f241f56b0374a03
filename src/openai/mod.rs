//! The Responses API: the request, the call, the answer and its price.
//!
//! [`request::body`] makes the request from a rendered prompt, [`client::Client`] sends it and
//! returns an [`response::Answer`] or a [`fault::CallError`], [`prices::cost_usd`] tells what it
//! cost. Nothing here reads the environment or the configuration: base URL, key and timeouts
//! come in as values.

pub mod address;
pub mod api_error;
pub mod client;
pub mod echo;
mod events;
pub mod fault;
pub mod key;
pub mod models;
pub mod prices;
pub mod provider;
pub mod request;
pub mod response;
pub mod retry;
mod settings;
mod stream;
#[cfg(test)]
mod testing;
pub mod tokens;
mod transport;
