//! Surgical edits of prompt files.
