//! The daemon itself, in the foreground.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::cli::terminal::Failure;
use crate::daemon::store::Store;
use crate::daemon::{self, Handle, Outside};
use crate::frontends::{notifications, server};
use crate::ipc::{self, Place};
use crate::settings::Settings;
use crate::sources::desktop::{Desktop, Surroundings};
use crate::sources::own;

/// How many threads may be looking at once: more would only take memory.
const MOST_THREADS: usize = 8;

/// How long what is shown may take to be withdrawn at the end.
const WITHDRAWING: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave the terminal: what `daemon start` says to the process that it starts.
    #[arg(long, hide = true)]
    detached: bool,
}

pub fn run(args: &Args, settings: Settings) -> Result<u8, Failure> {
    if args.detached {
        own::leave_terminal()
            .map_err(|error| Failure::new(format!("the terminal could not be left: {error}")))?;
    }
    let error = own::become_daemon();
    log();
    if let Some(error) = error {
        tracing::warn!("the daemon runs in the command itself ({error})");
    }
    serve_here(settings)
}

/// Runs the daemon in its own program.
pub fn run_alone(settings: Settings) -> Result<u8, Failure> {
    log();
    serve_here(settings)
}

fn serve_here(settings: Settings) -> Result<u8, Failure> {
    let place = Place::of(env).map_err(Failure::new)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MOST_THREADS)
        .thread_keep_alive(Duration::from_secs(2))
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

async fn serve(place: &Place, settings: Settings) -> Result<u8, Failure> {
    let opened = ipc::open(place).map_err(Failure::new)?;
    let (handle, questions, news) = Handle::new();
    let (mode, notifications) = watch::channel("not yet tried".to_owned());
    let surroundings = Surroundings {
        state: Some(place.state.clone()),
        ..Surroundings::of(env)
    };
    let desktop = Desktop::new(surroundings, mode);
    let limits = server::Limits::default();
    let clients = tokio::spawn(server::serve(opened.listener, handle.clone(), limits));
    let shown = tokio::spawn(notifications::run(
        handle.clone(),
        desktop,
        settings.clone(),
        env,
    ));
    tracing::info!(pid = std::process::id(), socket = %place.socket.display(), "ready");
    own::tell_ready();
    let (store, restored) = Store::open(&place.state);
    let outside = Outside {
        store,
        restored,
        questions,
        news,
        watchers: handle.watchers(),
        notifications,
    };
    daemon::run(Arc::new(settings), outside, async {
        if let Err(error) = own::told_to_end().await {
            tracing::warn!("signals cannot be waited for: {error}");
            std::future::pending::<()>().await;
        }
    })
    .await;
    tracing::info!("ending");
    let served = clients
        .await
        .map_err(|error| Failure::new(format!("the socket: {error}")))?;
    // It withdraws what it shows, as long as somebody answers.
    let _ = tokio::time::timeout(WITHDRAWING, shown).await;
    // Only now may another daemon come.
    drop(opened.lock);
    served.map_err(|error| Failure::new(format!("the socket could not be served: {error}")))?;
    Ok(0)
}

fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
