//! Sockets on every system but Linux: what `netstat2` sees.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use super::netstat::{Ask, read as netstat};
use super::{Backend, Row};
use crate::facts::{Connection, Gap, Known, Listener, ProcId, Proto};
use crate::sources::owners;

pub(super) const BACKENDS: &[Backend] = &[Backend::Netstat2];

pub(super) fn read(backend: Backend, port: Option<u16>) -> io::Result<Vec<Listener>> {
    match backend {
        Backend::Netstat2 => table(Proto::Tcp, port),
        _ => Err(io::Error::from(io::ErrorKind::Unsupported)),
    }
}

/// Nothing is kept between two looks.
#[derive(Debug, Default)]
pub(super) struct Kept;

impl Kept {
    /// No way tells the kernel's own numbers of sockets.
    #[allow(clippy::unused_self, reason = "the shape that another system asks for")]
    pub(super) fn rows(
        &mut self,
        _: Backend,
        _: &mut Vec<Row>,
        _: bool,
    ) -> Option<io::Result<bool>> {
        None
    }
}

/// Completes the owners that the table has told.
pub(super) fn find_owners(listeners: &mut [Listener], _: &HashMap<u64, u64>, _: Duration) {
    owners::find(listeners);
}

/// Every look tells the owners, so nobody has to be asked.
pub(super) fn lives(_: ProcId) -> bool {
    true
}

pub(super) fn udp(port: Option<u16>) -> Result<Vec<Listener>, Gap> {
    table(Proto::Udp, port).map_err(|error| Gap::of(&error))
}

pub(super) fn connections(_port: u16) -> Result<Vec<Connection>, Gap> {
    Err(Gap::Unsupported)
}

pub(super) fn unix_listeners() -> Known<Vec<String>> {
    Known::Unseen(Gap::Unsupported)
}

pub(super) fn elsewhere(_port: u16) -> Known<Vec<Listener>> {
    Known::Unseen(Gap::Unsupported)
}

pub(super) fn name_cgroups(_listeners: &mut [Listener]) {}

fn table(proto: Proto, port: Option<u16>) -> io::Result<Vec<Listener>> {
    let ask = Ask { proto, port };
    let table = netstat(&ask, netstat2::iterate_sockets_info, |socket, listener| {
        let owner = |&pid: &u32| ProcId { pid, started: 0 };
        listener.owners = match socket.associated_pids.as_slice() {
            [] => Known::Unseen(Gap::Forbidden),
            pids => Known::Seen(pids.iter().map(owner).collect()),
        };
        listener.v6only = Known::Unseen(Gap::Unsupported);
        listener.queue = Known::Unseen(Gap::Unsupported);
    })?;
    Ok(table.listeners)
}
