//! The daemon itself, in the foreground.

use std::sync::Arc;

use crate::cli::terminal::Failure;
use crate::daemon::{self, Handle, Store};
use crate::frontends::{notifications, server};
use crate::ipc::Place;
use crate::settings::Settings;
use crate::sources::own;

/// How many threads may be looking at once: more would only take memory.
const MOST_THREADS: usize = 8;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave the terminal: what `daemon start` says to the process that it starts.
    #[arg(long, hide = true)]
    detached: bool,
}

pub fn run(args: &Args, settings: Settings) -> Result<u8, Failure> {
    if args.detached {
        own::leave_terminal().map_err(|error| {
            Failure::new(format!("the terminal could not be left: {error}"))
        })?;
    }
    log();
    let place = Place::of(|name| std::env::var_os(name)).map_err(Failure::new)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MOST_THREADS)
        .thread_keep_alive(std::time::Duration::from_secs(2))
        .build()
        .map_err(|error| Failure::new(format!("the daemon cannot run: {error}")))?;
    runtime.block_on(serve(&place, settings))
}

/// Writes what happens to standard error.
fn log() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
}
