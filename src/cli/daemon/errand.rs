//! What the daemon sends a process of its own for.

use std::io::{Read, Write};

use crate::cli::terminal::Failure;
use crate::daemon::Errand;
use crate::settings::Settings;

/// An errand that is longer than this is none of ours.
const LONGEST: u64 = 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The version of the daemon that asks.
    #[arg(long, value_name = "VERSION")]
    daemon: String,
}

/// Reads an errand, runs it, and prints what it saw.
pub fn run(args: &Args, settings: &Settings) -> Result<u8, Failure> {
    if args.daemon != env!("CARGO_PKG_VERSION") {
        return Err(Failure::new(format!(
            "this is devdoctor {}, and the daemon is {}: start it anew with \
             `devdoctor daemon stop` and `devdoctor daemon start`",
            env!("CARGO_PKG_VERSION"),
            args.daemon
        )));
    }
    let mut words = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_end(&mut words)
        .map_err(|error| Failure::new(format!("the errand cannot be read: {error}")))?;
    let errand: Errand = serde_json::from_slice(&words)
        .map_err(|error| Failure::new(format!("this is no errand: {error}")))?;
    let said = errand
        .run(settings)
        .map_err(|error| Failure::new(format!("what was seen cannot be told: {error}")))?;
    std::io::stdout()
        .lock()
        .write_all(said.as_bytes())
        .map_err(|error| Failure::new(format!("nobody listens: {error}")))?;
    Ok(0)
}
