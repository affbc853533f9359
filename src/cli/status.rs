//! `devdoctor status`

use std::path::PathBuf;
use std::time::Duration;

use super::check::place;
use super::terminal::{Failure, print, style};
use crate::diagnose;
use crate::facts::clean;
use crate::findings::{Alert, Level, Severity, Status};
use crate::frontends::json;
use crate::frontends::status::{self, Bar};
use crate::ipc::{Call, Client, FolderParams, NoDaemon};
use crate::settings::Settings;

/// How long a daemon that is there may take to say how things stand.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it may take to greet.
const GREETING: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "With a daemon this is what it knows; without one it is looked at now, and nothing \
    is known of refused connections. Exit code 1 means that something is wrong; for a bar it is \
    always 0."
)]
pub struct Args {
    /// The folder whose project is meant; by default the one this folder belongs to.
    folder: Option<PathBuf>,
    /// Every project that the daemon knows.
    #[arg(long, conflicts_with = "folder")]
    all: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Print it as JSON: the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// How to print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a person.
    Text,
    /// One JSON object.
    Json,
    /// A line for tmux.
    Tmux,
    /// A JSON object for waybar.
    Waybar,
    /// A line for starship, or nothing.
    Starship,
    /// Lines for i3blocks.
    I3blocks,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let place = match args.all {
        true => None,
        false => Some(place(args.folder.as_deref())?),
    };
    let root = place.as_ref().map(|(root, _)| root.clone());
    let status = match known(root)? {
        Some(status) => status,
        None => looked_at(place, settings)?,
    };
    let bar = |of| Ok::<_, Failure>(status::bar(&status, of));
    let (text, is_bar) = match if args.json { Format::Json } else { args.format } {
        Format::Text => (status::text(&status, &style(settings, false)), false),
        Format::Json => (json::object(&status)?, false),
        Format::Tmux => (bar(Bar::Tmux)?, true),
        Format::Waybar => (bar(Bar::Waybar)?, true),
        Format::Starship => (bar(Bar::Starship)?, true),
        Format::I3blocks => (bar(Bar::I3blocks)?, true),
    };
    print(&text)?;
    Ok(match status.level {
        _ if is_bar => 0,
        Level::Well => 0,
        Level::Unknown => 3,
        Level::Warning | Level::Problem => 1,
    })
}

/// What the daemon knows, if one runs that sees what we see.
fn known(folder: Option<String>) -> Result<Option<Status>, Failure> {
    let mut client = match Client::connect(GREETING) {
        Ok(client) if client.sees_our_network() => client,
        Ok(_) | Err(NoDaemon::NotRunning) => return Ok(None),
        Err(error) => return Err(Failure::new(error)),
    };
    let call = Call::Status(FolderParams { folder });
    client.call(call, PATIENCE).map(Some).map_err(Failure::new)
}

/// How things stand by a look now.
fn looked_at(place: Option<(String, String)>, settings: &Settings) -> Result<Status, Failure> {
    let Some((root, from)) = &place else {
        return Err(Failure::new(NoDaemon::NotRunning));
    };
    let report = diagnose::check(root, from, settings);
    let problems = report.findings.into_iter();
    let problems = problems.filter(|finding| finding.severity > Severity::Info);
    let alerts = problems.map(|finding| Alert::seen(finding, root)).collect();
    Ok(Status::new(
        Some(clean(root)),
        report.services,
        alerts,
        report.unseen,
        None,
    ))
}
