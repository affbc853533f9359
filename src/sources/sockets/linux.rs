//! Sockets on Linux.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use netstat2::iterate_sockets_info_without_pids;

use super::netstat::{self, Ask};
use super::{Backend, Row};
use crate::facts::{Connection, Gap, Known, Listener, ProcId, Proto};
use crate::sources::owners::os as owners;
use crate::sources::processes::os::proc::has_descriptors;

mod cgroups;
mod diag;
mod namespaces;
pub(in crate::sources) mod proc_net;
mod wire;

pub(super) use cgroups::name_cgroups;
pub(super) use namespaces::elsewhere;

pub(super) const BACKENDS: &[Backend] = &[
    Backend::SockDiag,
    Backend::SockDiagByFamily,
    Backend::ProcNet,
    Backend::Netstat2,
];

/// The tables of the network namespace we are in.
const OURS: &str = "/proc/net";

pub(super) fn read(backend: Backend, port: Option<u16>) -> io::Result<Vec<Listener>> {
    match backend {
        Backend::SockDiag => diag::listeners(port).map(bare),
        Backend::SockDiagByFamily => diag::by_family(Proto::Tcp, port).map(bare),
        Backend::ProcNet => proc_net::read(Path::new(OURS), Proto::Tcp, port),
        Backend::Netstat2 => netstat2(port),
    }
}

/// What is kept between two looks.
#[derive(Debug, Default)]
pub(super) struct Kept {
    socket: Option<diag::Socket>,
}

impl Kept {
    /// Adds every row with the kernel's number of its socket, if this way tells it; false
    /// where all are as they were, and it need not be told `anew`: then none is added.
    pub(super) fn rows(
        &mut self,
        backend: Backend,
        rows: &mut Vec<Row>,
        anew: bool,
    ) -> Option<io::Result<bool>> {
        if backend != Backend::SockDiag {
            return None;
        }
        let mut look = || {
            let mut socket = match self.socket.take() {
                Some(socket) => socket,
                None => diag::Socket::open()?,
            };
            if anew {
                socket.forget();
            }
            let is_new = socket.new_listeners(rows)?;
            self.socket = Some(socket);
            Ok(is_new)
        };
        Some(look())
    }
}

/// Fills in the owners and, where there are none to be seen, the cgroups, of which
/// these are the numbers by the sockets' inodes.
pub(super) fn find_owners(
    listeners: &mut [Listener],
    cgroups: &HashMap<u64, u64>,
    budget: Duration,
) {
    owners::find_holders(listeners, budget);
    cgroups::name(listeners, |listener| {
        cgroups.get(&listener.inode).copied().unwrap_or(0)
    });
}

/// Whether the process still has descriptors: one that has ended has none, even if its
/// parent has not collected it yet.
pub(super) fn lives(id: ProcId) -> bool {
    has_descriptors(id.pid)
}

pub(super) fn udp(port: Option<u16>) -> Result<Vec<Listener>, Gap> {
    diag::by_family(Proto::Udp, port)
        .map(bare)
        .or_else(|_| proc_net::read(Path::new(OURS), Proto::Udp, port))
        .map_err(|error| Gap::of(&error))
}

pub(super) fn connections(port: u16) -> Result<Vec<Connection>, Gap> {
    diag::connections(port).map_err(|error| Gap::of(&error))
}

pub(super) fn unix_listeners() -> Known<Vec<String>> {
    let table = fs::read(Path::new(OURS).join("unix"));
    table.map(|text| proc_net::unix_listeners(&text)).into()
}

fn bare(rows: Vec<Row>) -> Vec<Listener> {
    rows.into_iter().map(|row| row.listener).collect()
}

// Not a part of the function that calls it: it wants six pages of stack, and they would be
// taken at every look, of which hardly any comes as far as this.
#[inline(never)]
fn netstat2(port: Option<u16>) -> io::Result<Vec<Listener>> {
    let ask = Ask {
        proto: Proto::Tcp,
        port,
    };
    let table = netstat::read(
        &ask,
        iterate_sockets_info_without_pids,
        |socket, listener| {
            listener.uid = Some(socket.uid);
            listener.inode = u64::from(socket.inode);
            listener.queue = Known::Unseen(Gap::Unsupported);
            if listener.at.is_ipv6() {
                listener.v6only = Known::Unseen(Gap::Unsupported);
            }
        },
    )?;
    if table.total == 0 {
        // It takes a kernel that cannot answer for one that has no sockets.
        return Err(io::Error::other("not one socket of any kind was listed"));
    }
    Ok(table.listeners)
}
