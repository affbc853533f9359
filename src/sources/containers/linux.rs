//! Engines and containers on Linux.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::facts::Gap;

/// What makes two paths one socket.
pub(super) type Identity = (u64, u64);

/// The identity of an existing file.
pub(super) fn identity(path: &Path) -> std::io::Result<Identity> {
    let meta = std::fs::metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// The folder of this user's own sockets, where no variable says it.
pub(super) fn runtime_dir() -> Option<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    Some(PathBuf::from(format!("/run/user/{uid}")))
}

/// Endpoints that exist without a file that could be looked for.
pub(super) const ALWAYS: &[&str] = &[];

/// Whether the process with this pid, as *we* count, is in this container.
///
/// An engine in a virtual machine, or on another one, counts its own pids: the
/// same number here is somebody else.
pub(super) fn is_in_container(pid: u32, id: &str) -> bool {
    !id.is_empty()
        && std::fs::read_to_string(format!("/proc/{pid}/cgroup"))
            .is_ok_and(|cgroups| cgroups.contains(id))
}

/// The socket tables of the network namespace that this process lives in.
pub(super) fn socket_tables(pid: u32) -> Result<String, Gap> {
    let read = |table: &str| std::fs::read_to_string(format!("/proc/{pid}/net/{table}"));
    let mut text = read("tcp").map_err(|error| Gap::of(&error))?;
    // Without IPv6 there is no such file, and nobody can listen there.
    text.push_str(&read("tcp6").unwrap_or_default());
    Ok(text)
}
