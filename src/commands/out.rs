//! `--output`: what a command prints, into a file.

use std::path::PathBuf;

use clap::Args;

/// `--output`, which every command has that prints a document. `command_line` reads it, before the
/// command runs.
#[derive(Debug, Args)]
pub(super) struct OutArg {
    /// Write to FILE instead of standard output, whole or not at all
    #[arg(id = OUT, short = 'o', long = "output", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    _path: Option<PathBuf>,
}

/// What `--output` is called in what clap read.
pub(super) const OUT: &str = "out_file";
