//! The binary: arguments in, exit code out.

use std::process::ExitCode;

use promptctl::config::Environ;

/// musl's own allocator makes threads wait for each other: reading thousands of prompts took four
/// times as long.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let exit = promptctl::commands::main(Environ::arguments(), Environ::read());
    ExitCode::from(exit as u8)
}
