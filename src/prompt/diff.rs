//! What changed between two contents of a prompt, and what it means for callers.
