//! `devdoctor history [PORT]`

use std::time::Duration;

use super::terminal::{Failure, print, style};
use crate::frontends::{history, json};
use crate::ipc::{Call, Client, History, HistoryParams};
use crate::settings::Settings;
use crate::sources::clock;

/// How long the daemon may take to greet and to answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "It is the daemon that remembers: what came and went before it ran, nobody knows."
)]
pub struct Args {
    /// Only this port.
    port: Option<u16>,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    let mut client = Client::connect(PATIENCE).map_err(Failure::new)?;
    let call = Call::History(HistoryParams { port: args.port });
    let known: History = client.call(call, PATIENCE).map_err(Failure::new)?;
    if args.json {
        print(&json::object(&known)?)?;
    } else {
        print(&history::owners(
            &known.owners,
            clock::wall(),
            &style(settings, false),
        ))?;
    }
    Ok(0)
}
