//! Dumps of the kernel's socket table through `NETLINK_SOCK_DIAG`.

use std::io;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::wire::{AF_INET, AF_INET6, Dump, Request, Row};
use crate::facts::Proto;

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
    dumps(&[Request::Listeners], Proto::Tcp, port)
}

/// The waiting sockets of both families by a dump for each.
pub(super) fn by_family(proto: Proto, port: Option<u16>) -> io::Result<Vec<Row>> {
    let requests = [AF_INET, AF_INET6].map(|family| Request::OfFamily(family, proto));
    dumps(&requests, proto, port)
}

fn dumps(requests: &[Request], proto: Proto, port: Option<u16>) -> io::Result<Vec<Row>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    set_socket_timeout(&socket, Timeout::Recv, Some(DEADLINE))?;
    let deadline = Instant::now() + DEADLINE;
    let mut rows = Vec::new();
    let mut sequence = 0;
    let mut buffer = vec![0; BUFFER];
    for &request in requests {
        let mut left = TRIES;
        loop {
            sequence += 1;
            let bytes = request.bytes(sequence, port.unwrap_or(0));
            send(&socket, &bytes, SendFlags::empty())?;
            let mut dump = Dump::new(proto, sequence);
            receive(&socket, &mut dump, &mut buffer, deadline)?;
            if !dump.interrupted {
                rows.append(&mut dump.rows);
                break;
            }
            left -= 1;
            if left == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::Interrupted,
                    "the socket table changed under every look",
                ));
            }
        }
    }
    Ok(rows)
}

fn receive(
    socket: &rustix::fd::OwnedFd,
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
