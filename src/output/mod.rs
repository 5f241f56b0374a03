//! What people and scripts see.

pub mod annotations;
pub mod calls;
pub mod diff_json;
mod diff_lines;
pub mod diff_markdown;
pub mod diff_plain;
pub mod diff_review;
pub mod diff_text;
pub mod file;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod manual;
pub mod markdown;
pub mod page;
pub mod pager;
pub mod progress;
pub mod prompt_text;
pub mod report;
pub mod sarif;
pub mod snippet;
pub mod suggestion;
pub mod table;
pub mod ui;
pub mod versus;
pub mod words;
pub mod wrap;
