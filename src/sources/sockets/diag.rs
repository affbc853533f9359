//! Dumps of the kernel's socket table through `NETLINK_SOCK_DIAG`.

use std::io;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::super::Row;
use super::wire::{AF_INET, AF_INET6, Dump, Request, unnumber};
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
    /// The last answer about the listeners, and room for the next.
    last: Answer,
    next: Answer,
}

/// An answer as it came, but for the number of the request.
#[derive(Debug, Default)]
struct Answer {
    room: Vec<u8>,
    length: usize,
}

impl Answer {
    fn bytes(&self) -> &[u8] {
        self.room.get(..self.length).unwrap_or_default()
    }
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
            last: Answer::default(),
            next: Answer::default(),
        })
    }

    /// The TCP listeners of both families by one dump, added to these rows; false where the
    /// answer is that of the last time: then none is added.
    ///
    /// As a rule nothing has changed, and to compare two answers takes next to nothing.
    pub(super) fn new_listeners(&mut self, rows: &mut Vec<Row>) -> io::Result<bool> {
        let deadline = Instant::now() + DEADLINE;
        let before = rows.len();
        for _ in 0..TRIES {
            self.ask(Request::Listeners, None)?;
            self.collect(deadline)?;
            if self.next.bytes() == self.last.bytes() {
                return Ok(false);
            }
            let mut dump = Dump::new(Proto::Tcp, 0, std::mem::take(rows));
            dump.take(self.next.bytes())?;
            *rows = dump.rows;
            if !dump.interrupted {
                std::mem::swap(&mut self.last, &mut self.next);
                return Ok(true);
            }
            rows.truncate(before);
        }
        Err(changing())
    }

    /// Has the next answer told whole, whatever the last one was.
    pub(super) fn forget(&mut self) {
        self.last.length = 0;
    }

    fn ask(&mut self, request: Request, port: Option<u16>) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        let bytes = request.bytes(self.sequence, port.unwrap_or(0));
        send(&self.to_kernel, &bytes, SendFlags::empty())?;
        Ok(())
    }

    /// Takes in a whole answer.
    fn collect(&mut self, deadline: Instant) -> io::Result<()> {
        let next = &mut self.next;
        next.length = 0;
        loop {
            let end = next.length + BUFFER;
            if next.room.len() < end {
                next.room.resize(end, 0);
            }
            let piece = &mut next.room[next.length..end];
            let length = datagram(&self.to_kernel, piece)?;
            let is_last = unnumber(&mut piece[..length], self.sequence)?;
            next.length += length;
            if is_last {
                return Ok(());
            }
            if length == 0 || Instant::now() > deadline {
                return Err(io::Error::from(io::ErrorKind::TimedOut));
            }
        }
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
            self.ask(request, port)?;
            let mut dump = Dump::new(proto, self.sequence, std::mem::take(rows));
            receive(&self.to_kernel, &mut dump, &mut self.buffer, deadline)?;
            *rows = dump.rows;
            if !dump.interrupted {
                return Ok(dump.connections);
            }
            rows.truncate(before);
        }
        Err(changing())
    }
}

fn changing() -> io::Error {
    io::Error::new(
        io::ErrorKind::Interrupted,
        "the socket table changed under every look",
    )
}

fn receive(
    socket: &OwnedFd,
    dump: &mut Dump,
    buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<()> {
    loop {
        let length = datagram(socket, buffer)?;
        if dump.take(&buffer[..length])? {
            return Ok(());
        }
        if length == 0 || Instant::now() > deadline {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
    }
}

/// Receives one datagram, and gives its length, which is that of the buffer at most.
fn datagram(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match recv(socket, &mut *buffer, RecvFlags::TRUNC) {
            Err(rustix::io::Errno::INTR) => {}
            Ok((_, length)) if length > buffer.len() => {
                let what = "the kernel's answer did not fit";
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            other => return Ok(other?.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn listeners_are_told_once_until_one_is_otherwise() {
        // Others of this machine may open sockets meanwhile: then it is tried again.
        let calm = (0..50).any(|_| {
            let mut socket = Socket::open().unwrap();
            assert!(socket.new_listeners(&mut Vec::new()).unwrap());
            let mut rows = Vec::new();
            !socket.new_listeners(&mut rows).unwrap() && rows.is_empty()
        });
        assert!(calm);

        let mut socket = Socket::open().unwrap();
        socket.new_listeners(&mut Vec::new()).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = server.local_addr().unwrap();
        let seen = |socket: &mut Socket| {
            let mut rows = Vec::new();
            let is_new = socket.new_listeners(&mut rows).unwrap();
            let ours = rows.into_iter().find(|row| row.listener.at == at);
            is_new.then_some(ours)
        };
        assert!(seen(&mut socket).flatten().is_some());
        let _client = TcpStream::connect(at).unwrap();
        let row = seen(&mut socket).flatten().unwrap();
        assert_eq!(row.listener.queue.seen().unwrap().waiting, 1);
        socket.forget();
        assert!(seen(&mut socket).flatten().is_some(), "whole again");
        drop(server);
        assert!(matches!(seen(&mut socket), Some(None)), "it is gone");
    }
}
