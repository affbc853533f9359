//! The daemon's socket: for status bars, editors, and the command line.
//!
//! # The protocol
//!
//! The socket is `$XDG_RUNTIME_DIR/devdoctor/daemon.sock` (`ipc::Place` says where it is
//! elsewhere), a stream of lines, each a JSON text. `config/protocol.schema.json` describes
//! every one of them. The daemon speaks first:
//!
//! ```json
//! {"devdoctor":"0.1.0","protocol":1,"netns":4026531840}
//! ```
//!
//! A client that does not know this `protocol` goes away. `netns` is there on Linux only: in
//! another network namespace `localhost` is another machine, and the daemon's answers are
//! not about it. From then on it is JSON-RPC 2.0, a message a line:
//!
//! ```json
//! {"jsonrpc":"2.0","id":1,"method":"status","params":{"folder":"/home/me/shop"}}
//! {"jsonrpc":"2.0","id":1,"result":{"schema":"devdoctor.status/1","level":"well","line":"3 up"}}
//! ```
//!
//! - The methods are those of `ipc::Call`, and what each gives stands there. Parameters go by
//!   name, and folders are absolute. An id is a string or a whole number from 0. Answers may
//!   come in another order than the requests.
//! - A request without an id is done and not answered, whatever comes of it. Batches are not
//!   taken: a line is a message.
//! - `subscribe` answers as `status` does. From then on come the notifications
//!   `{"jsonrpc":"2.0","method":"status","params":{…}}` whenever something a person would see has
//!   changed (the daemon's age and processor time are no news), and `alert` likewise. A second
//!   `subscribe` takes the place of the first. Who reads slowly misses what is outdated:
//!   the last status and the last of each alert are what is kept.
//! - Errors have the codes of `ipc::codes`.
//! - No request runs a command. `why` connects to what it is asked about; nothing else does.
//!
//! # What a client cannot do
//!
//! Nobody but the user whose daemon it is gets more than one line. What a client makes the
//! daemon keep is bounded, see [`Limits`]: unread answers, unfinished messages and unread
//! news each have a limit and a deadline, and who passes it is cut off alone.

mod board;
mod connection;
mod lines;
mod message;
mod outgoing;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::daemon::Handle;
use crate::ipc::{Connection, Hello, Listener, PROTOCOL, Peer, codes, netns};
use board::Board;
use connection::Shared;

/// How much a client may have, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many may be connected.
    pub connections: usize,
    /// How many answers of one client may be awaited or unread, before no more of its
    /// requests are read.
    pub calls: usize,
    /// The most bytes of a message.
    pub message: usize,
    /// How many alerts are kept for a client that does not read them.
    pub alerts: usize,
    /// How long a message may take from its first byte to its end.
    pub unfinished: Duration,
    /// How long a client may read nothing of what waits for it.
    pub unread: Duration,
    /// How long a call may take.
    pub call: Duration,
    /// How long clients may take to read their last answers when the daemon ends.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 256,
            calls: 4,
            message: 1 << 20,
            alerts: 32,
            unfinished: Duration::from_secs(10),
            unread: Duration::from_secs(10),
            call: Duration::from_secs(60),
            farewell: Duration::from_secs(1),
        }
    }
}

/// How long to wait after accepting has failed: mostly no descriptors are left.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// Serves clients until the daemon ends, and every one of them its last answers.
///
/// # Errors
///
/// The listener cannot be used at all.
pub async fn serve(listener: Listener, handle: Handle, limits: Limits) -> io::Result<()> {
    let mut listener = listener.start()?;
    let hello = message::line(&Hello {
        devdoctor: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        netns: netns(),
    });
    let (end, ended) = watch::channel(false);
    let news = handle.news();
    let board = Arc::new(Board::new());
    let shared = Arc::new(Shared {
        handle: handle.clone(),
        board: Arc::clone(&board),
        limits,
        hello,
        ended,
    });
    let mut clients = JoinSet::new();
    let mut strangers = Strangers::default();
    let told = board.run(handle, news);
    tokio::pin!(told);
    loop {
        tokio::select! {
            () = &mut told => break,
            Some(_) = clients.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, Peer::Us)) if clients.len() < shared.limits.connections => {
                    clients.spawn(connection::serve(client, Arc::clone(&shared)));
                }
                Ok((client, Peer::Us)) => {
                    let most = shared.limits.connections;
                    let words = format!("{most} clients are connected already; close one");
                    turn_away(&client, codes::TOO_MANY, &words);
                }
                Ok((client, Peer::Other(uid))) => {
                    strangers.came(uid);
                    turn_away(&client, codes::NOT_YOURS, "this daemon serves another user");
                }
                Err(error) => {
                    tracing::warn!("no client can be taken: {error}");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
        }
    }
    drop(listener);
    end.send_replace(true);
    while clients.join_next().await.is_some() {}
    Ok(())
}

/// Says one line to somebody who is not served; a new socket has room for it.
fn turn_away(client: &Connection, code: i32, words: &str) {
    let line = message::failure(None, code, words);
    // Who has gone already does not want to know.
    let _ = client.try_write(&line);
}

/// Other users who tried: each is logged once.
#[derive(Debug, Default)]
struct Strangers(std::collections::BTreeSet<u32>);

impl Strangers {
    /// More than a few are one program's doing, and not worth a line each.
    const MOST: usize = 16;

    fn came(&mut self, uid: u32) {
        if self.0.len() < Self::MOST && self.0.insert(uid) {
            tracing::warn!("the user with the number {uid} tried to connect and was turned away");
        }
    }
}
