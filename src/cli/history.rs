//! `devdoctor history [PORT]`

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::terminal::{Failure, print, style};
use crate::frontends::{history, json};
use crate::ipc::{Call, Client, History, HistoryParams};
use crate::settings::Settings;

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
    let value = client.call(call, PATIENCE).map_err(Failure::new)?;
    let known: History = serde_json::from_value(value)
        .map_err(|error| Failure::new(format!("the daemon's answer cannot be read: {error}")))?;
    if args.json {
        print(&json::object(&known)?)?;
    } else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        print(&history::owners(
            &known.owners,
            now,
            &style(settings, false),
        ))?;
    }
    Ok(0)
}
