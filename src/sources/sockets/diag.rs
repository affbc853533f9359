//! Dumps of the kernel's socket table through `NETLINK_SOCK_DIAG`.

use std::io;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::super::Row;
use super::wire::{AF_INET, AF_INET6, Dump, Request};
use crate::facts::{Connection, Proto};

/// How long the kernel may take. It answers from memory, in microseconds; the
/// deadline is for sandboxes that only pretend to be one.
const DEADLINE: Duration = Duration::from_millis(500);
/// The kernel fills datagrams up to the size of the buffer; this is the best of
/// those that were measured.
const BUFFER: usize = 16 * 1024;
/// How often a dump that was disturbed is taken again.
const TRIES: u32 = 4;

/// The TCP listeners of both families by one dump.
pub(super) fn listeners(port: Option<u16>) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    Socket::open()?.dump(Request::Listeners, Proto::Tcp, port, &mut rows)?;
    Ok(rows)
}

/// The waiting sockets of both families by a dump for each.
pub(super) fn by_family(proto: Proto, port: Option<u16>) -> io::Result<Vec<Row>> {
    let mut socket = Socket::open()?;
    let mut rows = Vec::new();
    for family in [AF_INET, AF_INET6] {
        socket.dump(Request::OfFamily(family, proto), proto, port, &mut rows)?;
    }
    Ok(rows)
}

/// The TCP sockets of both families that have this port and do not listen.
pub(super) fn connections(port: u16) -> io::Result<Vec<Connection>> {
    let mut socket = Socket::open()?;
    let mut found = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let request = Request::Others(family);
        found.extend(socket.dump(request, Proto::Tcp, Some(port), &mut Vec::new())?);
    }
    found.retain(|one| one.at.port() == port);
    Ok(found)
}

/// A socket to the kernel, for any number of dumps.
///
/// After an error the rest of an answer may still lie in it: it must not be used again.
#[derive(Debug)]
pub(super) struct Socket {
    to_kernel: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Socket {
    pub(super) fn open() -> io::Result<Self> {
        let to_kernel = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC,
            Some(netlink::SOCK_DIAG),
        )?;
        set_socket_timeout(&to_kernel, Timeout::Recv, Some(DEADLINE))?;
        Ok(Socket {
            to_kernel,
            sequence: 0,
            buffer: vec![0; BUFFER],
        })
    }

    /// The TCP listeners of both families by one dump, added to these rows.
    pub(super) fn listeners(&mut self, rows: &mut Vec<Row>) -> io::Result<()> {
        self.dump(Request::Listeners, Proto::Tcp, None, rows)
            .map(|_| ())
    }

    /// Adds the rows that listen, and gives those that do not.
    fn dump(
        &mut self,
        request: Request,
        proto: Proto,
        port: Option<u16>,
        rows: &mut Vec<Row>,
    ) -> io::Result<Vec<Connection>> {
        let deadline = Instant::now() + DEADLINE;
        let before = rows.len();
        for _ in 0..TRIES {
            self.sequence = self.sequence.wrapping_add(1);
            let bytes = request.bytes(self.sequence, port.unwrap_or(0));
            send(&self.to_kernel, &bytes, SendFlags::empty())?;
            let mut dump = Dump::new(proto, self.sequence, std::mem::take(rows));
            receive(&self.to_kernel, &mut dump, &mut self.buffer, deadline)?;
            *rows = dump.rows;
            if !dump.interrupted {
                return Ok(dump.connections);
            }
            rows.truncate(before);
        }
        Err(io::Error::new(
            io::ErrorKind::Interrupted,
            "the socket table changed under every look",
        ))
    }
}

fn receive(
    socket: &OwnedFd,
    dump: &mut Dump,
    buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<()> {
    loop {
        let (_, length) = match recv(socket, &mut *buffer, RecvFlags::TRUNC) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let Some(datagram) = buffer.get(..length) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the kernel's answer did not fit",
            ));
        };
        if dump.take(datagram)? {
            return Ok(());
        }
        if length == 0 || Instant::now() > deadline {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
    }
}
