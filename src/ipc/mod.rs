//! What crosses the local socket: the protocol's types, where the socket stands, and
//! the client.
//!
//! The socket is a stream of lines, each a JSON text. The daemon speaks first, a
//! [`Hello`]; then the client sends JSON-RPC 2.0 requests, and gets responses and, once
//! it has subscribed, notifications: `nc -U` is enough to write a status bar.

mod client;
pub mod codes;
mod lock;
mod place;
mod protocol;
mod schema;

pub use client::{CallError, Client, NoDaemon};
pub use lock::{CannotOpen, Lock, Opened, open};
pub use place::{Accepting, BadPlace, Connection, Listener, Peer, Place, SOCKET_VARIABLE, netns};
pub use protocol::{
    AlertList, BadCall, Call, Facts, FactsParams, FolderParams, Hello, History, HistoryParams,
    MuteParams, PROTOCOL, PortsParams, Push, Reply, WhyParams,
};
pub use schema::schema;
