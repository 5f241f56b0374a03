//! `promptctl completions`.

use clap_complete::env::{Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::out::OutArg;
use super::session::Session;
use crate::error::{Exit, Failure};
use crate::prompt::code;

/// Print the completions for a shell
///
/// Names of prompts, versions and environments are completed from the repository. Load them in
/// ~/.bashrc with: eval "$(promptctl completions bash)"
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
More: promptctl help settings

Examples:
  promptctl completions fish > ~/.config/fish/completions/promptctl.fish
  eval \"$(promptctl completions bash)\"   # in ~/.bashrc")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    _out: OutArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// The script for bash; clap's own does not know that bash splits `name@v1`.
const BASH: &str = include_str!("../../completions/promptctl.bash");

/// How clap's script for zsh ends: it can be sourced, but not found in `fpath`.
const ZSH_END: &str = "\ncompdef _clap_dynamic_completer_promptctl promptctl";

/// An end that can do both.
const ZSH_END_FOR_BOTH: &str = r#"
if [[ "${funcstack[1]}" == _promptctl ]]; then
    _clap_dynamic_completer_promptctl "$@"
else
    compdef _clap_dynamic_completer_promptctl promptctl
fi"#;

pub(super) fn run(args: &Args, session: &mut Session) -> Result<Exit, Failure> {
    let script = match args.shell {
        Shell::Bash => BASH.to_owned(),
        Shell::Zsh => registration(&Zsh)?.replace(ZSH_END, ZSH_END_FOR_BOTH),
        Shell::Fish => registration(&Fish)?,
        Shell::Powershell => registration(&Powershell)?,
        Shell::Elvish => registration(&Elvish)?,
    };
    session.ui.block(script.trim());
    Ok(Exit::Done)
}

fn registration(shell: &dyn EnvCompleter) -> Result<String, Failure> {
    let mut script = Vec::new();
    shell
        .write_registration(
            "COMPLETE",
            "promptctl",
            "promptctl",
            "promptctl",
            &mut script,
        )
        .map_err(|error| Failure::new(code::WRITE_FAILED, error.to_string()))?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_for_zsh_ends_as_it_is_known_to() {
        assert!(registration(&Zsh).is_ok_and(|script| script.contains(ZSH_END)));
    }
}
