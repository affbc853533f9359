//! The commands, one file each.

mod check;
mod completions;
mod daemon;
mod explain;
mod fix;
mod history;
mod later;
mod man;
mod memory;
mod ports;
mod snapshot;
mod status;
mod terminal;
mod wait;
mod watch;
mod why;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::settings::{Colour, Settings};
use later::Later;
use terminal::Failure;

/// Says why a connection to localhost was refused, with evidence and the exact fix.
#[derive(Debug, Parser)]
#[command(
    name = "devdoctor",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 nothing wrong · 1 a problem was found · 2 usage error or \
    devdoctor failed · 3 too little could be seen to tell"
)]
struct Cli {
    /// When to write colours.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    color: Option<When>,
    #[command(subcommand)]
    command: Command,
}

/// When to write colours.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say why a target cannot be reached, with evidence and the fix.
    Why(Later<why::Args>),
    /// List the ports that something listens on, and who that is.
    Ports(Later<ports::Args>),
    /// Check a whole project: what its files say, against each other and against what runs.
    Check(Later<check::Args>),
    /// Wait until a target really answers, and say why if it does not.
    Wait(Later<wait::Args>),
    /// Say in a line how things stand here: for a person or for a status bar.
    Status(Later<status::Args>),
    /// Tell the daemon's news as they come.
    Watch(Later<watch::Args>),
    /// List who had which port before, and how each ended.
    History(Later<history::Args>),
    /// Run, start, end and look at the daemon, which keeps watch.
    Daemon(Later<daemon::Args>),
    /// Make the fix for a target: shows it, asks, looks once more, changes, looks again.
    Fix(Later<fix::Args>),
    /// Show the manual page of a cause.
    Explain(Later<explain::Args>),
    /// Print everything that can be seen, without what is private, to attach to a bug report.
    Snapshot(Later<snapshot::Args>),
    /// Print the completions for a shell.
    Completions(Later<completions::Args>),
    /// Print the manual page of devdoctor itself.
    Man,
}

/// Runs devdoctor with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    exit(run(Cli::parse()))
}

/// The exit code, once what failed is said.
fn exit(done: Result<u8, Failure>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            failure.show();
            ExitCode::from(2)
        }
    }
}

/// Runs the daemon's own program, which is given the version of the command that started it.
#[must_use]
pub fn daemon_main() -> ExitCode {
    let version = std::env::args().nth(1);
    exit(match version.as_deref() {
        Some(env!("CARGO_PKG_VERSION")) => settings(None, None).and_then(daemon::run::run_alone),
        Some(other) => Err(Failure::new(format!(
            "this is devdoctord {}, and devdoctor is {other}: install both anew",
            env!("CARGO_PKG_VERSION")
        ))),
        None => Err(Failure::new(
            "this is a part of devdoctor; start it with `devdoctor daemon start`",
        )),
    })
}

fn run(cli: Cli) -> Result<u8, Failure> {
    match cli.command {
        Command::Completions(Later(args)) => return completions::run(&args),
        Command::Man => return man::run(),
        _ => {}
    }
    let folder = match &cli.command {
        Command::Check(Later(args)) => args.folder(),
        _ => None,
    };
    let settings = settings(cli.color, folder)?;
    match cli.command {
        Command::Why(Later(args)) => why::run(&args, settings),
        Command::Ports(Later(args)) => ports::run(&args, &settings),
        Command::Check(Later(args)) => check::run(&args, &settings),
        Command::Wait(Later(args)) => wait::run(&args, &settings),
        Command::Status(Later(args)) => status::run(&args, &settings),
        Command::Watch(Later(args)) => watch::run(&args, &settings),
        Command::History(Later(args)) => history::run(&args, &settings),
        Command::Daemon(Later(args)) => daemon::run(&args, settings),
        Command::Fix(Later(args)) => fix::run(&args, &settings),
        Command::Explain(Later(args)) => explain::run(&args, &settings),
        Command::Snapshot(Later(args)) => snapshot::run(&args, &settings),
        Command::Completions(_) | Command::Man => Ok(0),
    }
}

/// The settings that hold in this folder, by default the current one.
fn settings(color: Option<When>, folder: Option<&Path>) -> Result<Settings, Failure> {
    // A folder that was removed under us has no project file.
    let cwd = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let folder = folder.map_or_else(|| cwd.clone(), |folder| cwd.join(folder));
    let mut settings = Settings::load(&folder, |name| std::env::var_os(name))?;
    Settings::own_frameworks(|name| std::env::var_os(name), crate::facts::add_frameworks)?;
    settings.check_allowed(
        crate::rules::RULES
            .iter()
            .map(|rule| (rule.code, rule.name)),
    )?;
    if let Some(when) = color {
        settings.colour = match when {
            When::Auto => Colour::Auto,
            When::Always => Colour::Always,
            When::Never => Colour::Never,
        };
    }
    Ok(settings)
}

/// The command line, for completions and the manual page.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
