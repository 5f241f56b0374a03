//! Evaluators: checks of one output.
