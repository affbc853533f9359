//! Arguments of a command that are made known only when it is the command that was given.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

/// These arguments, of which clap learns when it needs them: to make those of every
/// command takes as long as to read one command line.
#[derive(Debug)]
pub struct Later<A>(pub A);

impl<A: Args> Args for Later<A> {
    fn augment_args(command: Command) -> Command {
        command.defer(A::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(A::augment_args_for_update)
    }
}

impl<A: FromArgMatches> FromArgMatches for Later<A> {
    fn from_arg_matches(found: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(found).map(Later)
    }

    fn from_arg_matches_mut(found: &mut ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches_mut(found).map(Later)
    }

    fn update_from_arg_matches(&mut self, found: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(found)
    }

    fn update_from_arg_matches_mut(&mut self, found: &mut ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches_mut(found)
    }
}
