//! Digests of contents.
