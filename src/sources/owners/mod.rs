//! Which process holds a socket.

use crate::facts::Listener;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
pub(super) mod os;

/// Fills in the owners of these listeners, in one pass over the processes.
///
/// The first owner is the one a person would name: the topmost of a family of
/// processes that share the socket. Owners that are known already stay. Where
/// they remain unseen, the cgroup of the socket is filled in if there is one.
pub fn find(listeners: &mut [Listener]) {
    os::find(listeners);
}
