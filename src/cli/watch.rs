//! `devdoctor watch`

use std::path::PathBuf;
use std::time::Duration;

use super::check::project_root;
use super::terminal::{Failure, print, style};
use crate::findings::Status;
use crate::frontends::{json, news};
use crate::ipc::{Call, Client, FolderParams, Push};
use crate::settings::Settings;

/// How long the daemon may take to greet and to say how things stand.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(after_help = "It ends when the daemon does, or with Ctrl-C.")]
pub struct Args {
    /// Only the project of this folder.
    folder: Option<PathBuf>,
    /// Print every piece of news as JSON, a line each.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let folder = match &args.folder {
        Some(folder) => Some(project_root(Some(folder))?),
        None => None,
    };
    let mut client = Client::connect(PATIENCE).map_err(Failure::new)?;
    let call = Call::Subscribe(FolderParams { folder });
    let first: Status = client.call(call, PATIENCE).map_err(Failure::new)?;
    let style = style(settings, false);
    let show = |push: &Push| -> Result<(), Failure> {
        match (args.json, push) {
            (true, push) => print(&json::line(push)?),
            (false, Push::Status(status)) => print(&news::status(status, &style)),
            (false, Push::Alert(alert)) => print(&news::alert(alert, &style)),
        }
    };
    let alerts = first.alerts.clone();
    show(&Push::Status(Box::new(first)))?;
    for alert in alerts {
        show(&Push::Alert(Box::new(alert)))?;
    }
    for push in client.pushes() {
        match push {
            Ok(push) => show(&push)?,
            Err(error) => {
                let why = match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => "it has ended".to_owned(),
                    _ => error.to_string(),
                };
                return Err(Failure::new(format!("no more news of the daemon: {why}")));
            }
        }
    }
    Ok(0)
}
