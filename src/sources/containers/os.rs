//! Engines and containers on every other system: the engine lives in a virtual
//! machine, and its processes cannot be seen from here.

use std::path::{Path, PathBuf};

use crate::facts::Gap;

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
