//! What changed between two contents of a prompt, and what it means for callers.

mod words;

pub use words::{Piece, PieceKind, WordDiff};
