//! Sockets on Linux.

use std::fs;
use std::io;
use std::path::Path;

use netstat2::iterate_sockets_info_without_pids;

use super::Backend;
use super::netstat::{self, Ask};
use crate::facts::{Gap, Known, Listener, Proto};

mod cgroups;
mod diag;
mod namespaces;
mod proc_net;
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

pub(super) fn udp(port: Option<u16>) -> Result<Vec<Listener>, Gap> {
    diag::by_family(Proto::Udp, port)
        .map(bare)
        .or_else(|_| proc_net::read(Path::new(OURS), Proto::Udp, port))
        .map_err(|error| Gap::of(&error))
}

pub(super) fn unix_listeners() -> Known<Vec<String>> {
    let table = fs::read(Path::new(OURS).join("unix"));
    table.map(|text| proc_net::unix_listeners(&text)).into()
}

fn bare(rows: Vec<wire::Row>) -> Vec<Listener> {
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
