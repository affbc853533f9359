//! `devdoctor daemon …`

mod control;
mod errand;
pub(super) mod run;

use super::terminal::Failure;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Run it here, in the foreground, until Ctrl-C.
    Run(run::Args),
    /// Start it in the background.
    Start(control::StartArgs),
    /// End it.
    Stop,
    /// Say whether it runs, how it watches, and what it uses.
    Status(control::StatusArgs),
    /// Print the end of its log.
    Logs(control::LogsArgs),
    /// Have the system start it at every login.
    Install,
    /// Take that back, and leave nothing.
    Uninstall,
    /// Run what the daemon writes to standard input.
    #[command(hide = true)]
    Errand(errand::Args),
}

pub fn run(args: &Args, settings: Settings) -> Result<u8, Failure> {
    match &args.action {
        Action::Run(args) => run::run(args, settings),
        Action::Start(args) => control::start(args),
        Action::Stop => control::stop(),
        Action::Status(args) => control::status(args, &settings),
        Action::Logs(args) => control::logs(args),
        Action::Install => control::install(),
        Action::Uninstall => control::uninstall(),
        Action::Errand(args) => errand::run(args, &settings),
    }
}
