//! Printing before the settings of a [`Ui`](super::Ui) are known.

use std::io::{self, Write as _};

use super::{Out, unwritten};
use crate::error::Exit;
use crate::prompt::code;

/// Ends what clap prints to standard output, before there is a `Ui`.
pub fn finish_plainly(printed: io::Result<()>) -> Exit {
    match printed.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let failure = unwritten(error);
            say_plainly(&format!("error[{}]: {failure:#}\n", code::OUTPUT_LOST));
            failure.exit
        }
        _ => Exit::Done,
    }
}

pub(super) fn plain_out() -> Out {
    Out::Plain(Box::new(io::BufWriter::new(io::stdout())))
}

/// Says something on standard error before there is a `Ui`: what is wrong with the arguments.
pub fn say_plainly(text: &str) {
    // Nobody is left to tell where that fails.
    drop(io::stderr().write_all(text.as_bytes()));
}
