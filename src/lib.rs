//! Prompts for language models as versioned YAML files in a git repository.
//!
//! The map of the code; data flows one way, from the commands inwards:
//!
//! - [`commands`]: one file a command: its arguments, and a short function.
//! - [`serve`]: the gateway, the only place that names hyper.
//! - [`execute`]: one call from reference to record.
//! - [`setup`]: making a repository of prompts, git's hooks and drivers, and what is wrong with a clone.
//! - [`releases`]: tags, what is live, publishing and its rules, the remote.
//! - [`files`]: prompt files in a repository.
//! - [`repository`]: git itself, the only place that names git2 or starts git.
//! - [`openai`]: the Responses API. Only here, and where the gateway hands answers on, is reqwest named.
//! - [`record`]: the execution log.
//! - [`output`]: what people and scripts see.
//! - [`prompt`]: the core. Pure: no files, no git, no network, no clock, no environment.
//! - [`config`]: flags over environment over files over defaults, resolved once.
//! - [`error`]: what went wrong, what to do next, and the exit code.
//! - [`exchange`]: prompts of other places, to and from prompt files. Pure.
//! - [`help`]: the topics of `promptctl help`.
//! - [`packs`]: the bundled prompts.
//! - [`scan`]: ids of stored prompts in source code. Pure, as the core is.
//!
//! `setup` knows `releases`, which knows `files`, which knows `repository`. Beside each other stand these
//! four, `openai`, `record` and `output`: none of them knows another, and all know `prompt`.

pub mod commands;
pub mod config;
pub mod error;
pub mod exchange;
pub mod execute;
pub mod files;
pub mod help;
pub mod openai;
pub mod output;
pub mod packs;
pub mod prompt;
pub mod record;
pub mod releases;
pub mod repository;
pub mod scan;
pub mod serve;
pub mod setup;
