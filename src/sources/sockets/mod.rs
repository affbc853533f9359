//! Listening sockets.
//!
//! On Linux the kernel is asked for its listeners and nothing else, which costs
//! the same however many connections there are. Where that way is closed the
//! next one is taken, and [`Sockets::by`] says which it was and why: a way that
//! is closed must never look like a machine on which nothing listens.

use crate::facts::{Connection, Gap, Known, Listener};

mod netstat;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
pub(super) mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "os.rs"]
mod portable;
mod watch;

pub use watch::{Refreshed, Watch};

/// The TCP listeners of our own network namespace, and the way they were read.
#[derive(Debug, Clone)]
pub struct Sockets {
    /// The listeners, without their owners.
    pub listeners: Known<Vec<Listener>>,
    /// `sock_diag`, `/proc/net` or `netstat2`, and why not an earlier one.
    pub by: String,
}

/// A way to read the table of listening TCP sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Linux: one kernel dump of the listeners of both families.
    SockDiag,
    /// Linux: one kernel dump for each family.
    SockDiagByFamily,
    /// Linux: the tables below `/proc/net`.
    ProcNet,
    /// The crate `netstat2`: every system.
    Netstat2,
}

impl Backend {
    /// The ways of this system, in the order in which they are tried.
    #[must_use]
    pub fn all() -> &'static [Backend] {
        os::BACKENDS
    }

    /// The name under which a report mentions it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Backend::SockDiag => "sock_diag",
            Backend::SockDiagByFamily => "sock_diag by family",
            Backend::ProcNet => "/proc/net",
            Backend::Netstat2 => "netstat2",
        }
    }
}

/// Every TCP listener, or only those on one port.
#[must_use]
pub fn listeners(port: Option<u16>) -> Sockets {
    first_that_works(Backend::all(), |backend| os::read(backend, port))
}

/// The same by one given way, for comparisons.
#[must_use]
pub fn listeners_by(backend: Backend, port: Option<u16>) -> Sockets {
    first_that_works(&[backend], |backend| os::read(backend, port))
}

/// Every UDP socket that is bound to a port, or only those on one port.
#[must_use]
pub fn udp(port: Option<u16>) -> Known<Vec<Listener>> {
    os::udp(port).map(in_order).into()
}

/// The TCP sockets that have this port and do not listen: bound only (where the kernel
/// tells of those: Linux since 6.8), connected, or closed and not yet forgotten. With
/// their owners.
#[must_use]
pub fn connections(port: u16) -> Known<Vec<Connection>> {
    let mut found: Known<Vec<Connection>> = os::connections(port).into();
    if let Known::Seen(list) = &mut found {
        list.sort_by_key(|one| (one.at, one.to));
        find_holders(list);
    }
    found
}

/// More sockets on one port than these nobody reads.
const MOST_CONNECTIONS: usize = 64;

/// Fills in who holds these sockets; one that no process has any more has no holder.
fn find_holders(list: &mut Vec<Connection>) {
    list.truncate(MOST_CONNECTIONS);
    let mut held: Vec<Listener> = list
        .iter()
        .filter(|one| one.inode != 0)
        .map(|one| Listener {
            inode: one.inode,
            ..Listener::at(one.at)
        })
        .collect();
    super::owners::find(&mut held);
    for one in list {
        let holder = held.iter().find(|held| held.inode == one.inode);
        one.owners = match holder {
            Some(held) => held.owners.clone(),
            None => Known::Seen(Vec::new()),
        };
    }
}

/// The paths of listening unix sockets.
#[must_use]
pub fn unix_listeners() -> Known<Vec<String>> {
    os::unix_listeners()
}

/// TCP listeners on the port in other network namespaces, one representative
/// process each as the owner.
#[must_use]
pub fn elsewhere(port: u16) -> Known<Vec<Listener>> {
    os::elsewhere(port).map(in_order)
}

/// Fills in the cgroup in which a socket was created, where its owner is unseen.
///
/// It names the service or the container all the same. The cgroup tree has to be
/// walked for it, so it is not done for every listener.
pub fn name_cgroups(listeners: &mut [Listener]) {
    os::name_cgroups(listeners);
}

/// One socket of the table.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    /// Everything but its owners.
    listener: Listener,
    /// The kernel's own number of the socket: no other ever has the same.
    cookie: u64,
    /// The number of the cgroup in which the socket was made; 0 where the kernel is silent.
    cgroup: u64,
}

fn first_that_works(
    backends: &[Backend],
    mut read: impl FnMut(Backend) -> std::io::Result<Vec<Listener>>,
) -> Sockets {
    let (listeners, by) = by_the_first(backends, &mut read);
    Sockets {
        listeners: listeners.map(in_order),
        by,
    }
}

/// What the first way gives that works, and its name with the reasons why no earlier one.
fn by_the_first<T>(
    backends: &[Backend],
    mut read: impl FnMut(Backend) -> std::io::Result<T>,
) -> (Known<T>, String) {
    let mut failed: Vec<(Backend, std::io::Error)> = Vec::new();
    for &backend in backends {
        match read(backend) {
            Ok(table) => {
                let mut by = backend.name().to_owned();
                if !failed.is_empty() {
                    by += &format!(" ({})", reasons(&failed));
                }
                return (Known::Seen(table), by);
            }
            Err(error) => failed.push((backend, error)),
        }
    }
    let reasons = reasons(&failed);
    let gap = match failed.as_slice() {
        [(_, only)] => Gap::of(only),
        _ => Gap::Failed(reasons.clone()),
    };
    (Known::Unseen(gap), format!("none ({reasons})"))
}

/// `sock_diag: Operation not permitted; /proc/net: No such file or directory`
fn reasons(failed: &[(Backend, std::io::Error)]) -> String {
    let reason = |(backend, error): &(Backend, std::io::Error)| {
        let words = error.to_string();
        // The number that the standard library adds is noise to a reader.
        let words = words.split(" (os error").next().unwrap_or_default();
        format!("{}: {words}", backend.name())
    };
    failed.iter().map(reason).collect::<Vec<_>>().join("; ")
}

/// The kernel lists sockets by hash, which changes between looks.
fn in_order(mut listeners: Vec<Listener>) -> Vec<Listener> {
    listeners.sort_by_key(|listener| (listener.at.port(), listener.at, listener.inode));
    listeners
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_reason_why_an_earlier_way_was_closed_is_kept() {
        let sockets = first_that_works(
            &[Backend::SockDiag, Backend::ProcNet, Backend::Netstat2],
            |backend| match backend {
                Backend::SockDiag => Err(io::Error::from_raw_os_error(1)),
                _ => Ok(Vec::new()),
            },
        );
        assert_eq!(sockets.listeners, Known::Seen(Vec::new()));
        assert_eq!(sockets.by, "/proc/net (sock_diag: Operation not permitted)");
    }

    #[test]
    fn the_portable_way_finds_a_socket_and_its_process() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let seen = portable::read(Backend::Netstat2, Some(at.port())).unwrap();
        let ours = seen.iter().find(|listener| listener.at == at).unwrap();
        assert_eq!(ours.owner().map(|id| id.pid), Some(std::process::id()));
        assert!(portable::read(Backend::SockDiag, None).is_err());
        assert_eq!(portable::BACKENDS, [Backend::Netstat2]);
        assert!(portable::udp(Some(at.port())).is_ok());
        assert_eq!(portable::connections(1), Err(Gap::Unsupported));
        assert_eq!(portable::elsewhere(1), Known::Unseen(Gap::Unsupported));
        assert_eq!(portable::unix_listeners(), Known::Unseen(Gap::Unsupported));
        let mut none = [Listener::at(at)];
        portable::name_cgroups(&mut none);
        assert_eq!(none[0].cgroup, None);
        let mut rows = Vec::new();
        let told = portable::Kept.rows(Backend::Netstat2, &mut rows, false);
        assert!(told.is_none() && rows.is_empty());
        let mut owned = [ours.clone()];
        portable::find_owners(&mut owned, &HashMap::new(), Duration::ZERO);
        assert_eq!(owned[0].owner().map(|id| id.pid), Some(std::process::id()));
        assert!(portable::lives(owned[0].owner().unwrap()));
    }

    #[test]
    fn no_open_way_is_not_an_empty_table() {
        let sockets = first_that_works(&[Backend::SockDiag, Backend::ProcNet], |_| {
            Err(io::Error::from_raw_os_error(13))
        });
        let words = "sock_diag: Permission denied; /proc/net: Permission denied";
        assert_eq!(
            sockets.listeners,
            Known::Unseen(Gap::Failed(words.to_owned()))
        );
        assert_eq!(sockets.by, format!("none ({words})"));
        let one = first_that_works(&[Backend::ProcNet], |_| {
            Err(io::Error::from_raw_os_error(13))
        });
        assert_eq!(one.listeners, Known::Unseen(Gap::Forbidden));
    }
}
