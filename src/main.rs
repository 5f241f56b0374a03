//! The binary: arguments in, exit code out.

use std::process::ExitCode;

use promptctl::config::Environ;

fn main() -> ExitCode {
    let exit = promptctl::commands::main(Environ::arguments(), Environ::read());
    ExitCode::from(exit as u8)
}
