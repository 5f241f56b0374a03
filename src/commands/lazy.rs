//! Arguments that are made only for the command that is run.

use clap::{ArgMatches, Command, Error, FromArgMatches};

/// The arguments of a command, which clap learns of when the command is named: making those of
/// all commands takes as long as everything else at the start of the program.
#[derive(Debug)]
pub(super) struct Lazy<A>(pub(super) Box<A>);

impl<A: clap::Args> clap::Args for Lazy<A> {
    fn augment_args(command: Command) -> Command {
        command.defer(A::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(A::augment_args_for_update)
    }
}

impl<A: FromArgMatches> FromArgMatches for Lazy<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(matches).map(|args| Self(Box::new(args)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
