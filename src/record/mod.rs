//! The execution log.
