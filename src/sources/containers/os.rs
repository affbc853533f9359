//! Engines and containers on every other system: the engine lives in a virtual
//! machine, and its processes cannot be seen from here.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::facts::{Gap, Listener};

/// What makes two paths one socket.
pub(super) type Identity = PathBuf;

/// The identity of an existing file.
pub(super) fn identity(path: &Path) -> std::io::Result<Identity> {
    std::fs::canonicalize(path)
}

/// The folder of this user's own sockets, where no variable says it.
pub(super) fn runtime_dir() -> Option<PathBuf> {
    None
}

/// Endpoints that exist without a file that could be looked for.
pub(super) const ALWAYS: &[&str] = if cfg!(windows) {
    &[
        "npipe:////./pipe/docker_engine",
        "npipe:////./pipe/dockerDesktopLinuxEngine",
    ]
} else {
    &[]
};

/// Whether the process with this pid, as *we* count, is in this container.
pub(super) fn is_in_container(_pid: u32, _id: &str) -> bool {
    false
}

/// The socket tables of the network namespace that this process lives in.
pub(super) fn socket_tables(_pid: u32) -> Result<String, Gap> {
    Err(Gap::Unsupported)
}

/// Of these listeners of the machine, those that processes of this container hold.
pub(super) fn own_listeners(_all: Vec<Listener>, _id: &str) -> Result<Vec<Listener>, Gap> {
    Err(Gap::Unsupported)
}

/// The router to which everything goes that is for no network of ours.
pub(super) fn router() -> Option<Ipv4Addr> {
    None
}
