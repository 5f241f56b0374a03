//! Global options on a line that names no command of clap's: nothing at all, or a topic of the help.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::ValueEnum;

use crate::output::ui::ColorChoice;

/// Global options whose value is the next word.
pub(super) const WITH_VALUE: &[&str] = &["-C", "--directory", "--color"];

/// What a line says in global options, and its other words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Globals<'a> {
    pub(super) directory: Option<PathBuf>,
    pub(super) color: ColorChoice,
    pub(super) quiet: bool,
    pub(super) no_pager: bool,
    pub(super) words: Vec<&'a OsStr>,
}

impl<'a> Globals<'a> {
    /// Reads a line; none where clap has to say what is wrong with it.
    pub(super) fn read(arguments: &'a [OsString]) -> Option<Self> {
        let mut globals = Self::default();
        let mut words = arguments.iter().skip(1).map(OsString::as_os_str);
        while let Some(word) = words.next() {
            let text = word.to_str().unwrap_or_default();
            let value = |option: &str| text.strip_prefix(option).filter(|it| !it.is_empty());
            match text {
                "-q" | "--quiet" => globals.quiet = true,
                "--no-pager" => globals.no_pager = true,
                "-C" | "--directory" => globals.directory = Some(words.next()?.into()),
                "--color" => globals.color = color(words.next()?.to_str()?)?,
                _ => {
                    if let Some(folder) = value("--directory=").or_else(|| value("-C")) {
                        globals.directory = Some(folder.into());
                    } else if let Some(when) = value("--color=") {
                        globals.color = color(when)?;
                    } else {
                        globals.words.push(word);
                    }
                }
            }
        }
        Some(globals)
    }
}

fn color(word: &str) -> Option<ColorChoice> {
    ColorChoice::from_str(word, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_options_stand_anywhere_and_what_is_wrong_is_left_to_clap() {
        let line = |line: &str| -> Vec<OsString> { line.split(' ').map(Into::into).collect() };
        let words = line("promptctl -q -Ca --color=never help --no-pager topic");
        let globals = Globals::read(&words).unwrap();
        assert_eq!(globals.words, ["help", "topic"]);
        assert_eq!(globals.directory, Some("a".into()));
        assert!(globals.quiet && globals.no_pager);
        for wrong in [
            "promptctl --color blue",
            "promptctl -C",
            "promptctl --color",
        ] {
            assert_eq!(Globals::read(&line(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn every_global_option_is_known_here() {
        let command = super::super::command_line();
        for option in command.get_arguments().filter(|it| it.is_global_set()) {
            let long = option.get_long().unwrap();
            let takes_value = option.get_action().takes_values();
            let value = if takes_value { "auto" } else { "" };
            let typed = format!("--{long}");
            assert_eq!(WITH_VALUE.contains(&typed.as_str()), takes_value);
            let line: Vec<OsString> = ["promptctl", &typed, value]
                .into_iter()
                .filter(|it| !it.is_empty())
                .map(Into::into)
                .collect();
            let globals = Globals::read(&line).unwrap();
            assert_eq!(globals.words, [""; 0], "{typed}");
        }
    }
}
