//! What people and scripts see.

pub mod diff_json;
mod diff_lines;
pub mod diff_markdown;
pub mod diff_text;
pub mod json;
pub mod progress;
pub mod table;
pub mod ui;
