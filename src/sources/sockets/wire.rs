//! The messages of `NETLINK_SOCK_DIAG`: bytes in, listeners out. No I/O.
//!
//! The layout is that of `linux/netlink.h` and `linux/inet_diag.h`. Numbers are in
//! the machine's byte order; addresses and ports in the network's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::super::Row;
use crate::facts::{Connection, ConnectionState, Gap, Known, Listener, Proto, Queue};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `TCPDIAG_GETSOCK`: the older request. Unlike the newer one it has no family,
/// so that one dump holds both.
const TCPDIAG_GETSOCK: u16 = 18;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_DUMP_INTR: u16 = 0x010;
const NLM_F_DUMP: u16 = 0x300;
const HEADER: usize = 16;
/// `struct inet_diag_msg`, before its attributes.
const ROW: usize = 72;
const INET_DIAG_SKV6ONLY: u16 = 11;
const INET_DIAG_CGROUP_ID: u16 = 21;
/// The two high bits of an attribute's type are flags.
const ATTRIBUTE_TYPE: u16 = 0x3fff;

pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;
/// `TCP_LISTEN`, and the state of a UDP socket that is bound and not connected.
const LISTEN: u32 = 1 << 10;
const CLOSE: u32 = 1 << 7;
/// Every state of a TCP socket but those of a listener and of one without a port. The last
/// is the pseudo-state of a socket that is bound only, which Linux tells since 6.8.
const OTHERS: u32 = 0x3fff & !(LISTEN | CLOSE | 1);

/// A request for a dump.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request {
    /// The TCP listeners of both families.
    Listeners,
    /// The TCP listeners, or bound UDP sockets, of one family.
    OfFamily(u8, Proto),
    /// The TCP sockets of one family that do not listen. The kernel walks all connections.
    Others(u8),
}

impl Request {
    /// The request as bytes; a port of 0 stands for every port.
    pub(super) fn bytes(self, sequence: u32, port: u16) -> Vec<u8> {
        // Exactly the one state: with any other the kernel walks all connections.
        let (kind, head, states_last) = match self {
            Request::Listeners => (TCPDIAG_GETSOCK, [0, 0, 0, 0], true),
            Request::Others(family) => (SOCK_DIAG_BY_FAMILY, [family, 6, 0, 0], false),
            Request::OfFamily(family, proto) => {
                let protocol = match proto {
                    Proto::Tcp => 6,
                    Proto::Udp => 17,
                };
                (SOCK_DIAG_BY_FAMILY, [family, protocol, 0, 0], false)
            }
        };
        let states = match self {
            Request::OfFamily(_, Proto::Udp) => CLOSE,
            Request::Others(_) => OTHERS,
            _ => LISTEN,
        };
        let length = HEADER + if states_last { 60 } else { 56 };
        let mut out = Vec::with_capacity(length);
        out.extend((length as u32).to_ne_bytes());
        out.extend(kind.to_ne_bytes());
        out.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
        out.extend(sequence.to_ne_bytes());
        out.extend(0_u32.to_ne_bytes());
        out.extend(head);
        if !states_last {
            out.extend(states.to_ne_bytes());
        }
        // `struct inet_diag_sockid`; the kernel leaves out what has another source port.
        out.extend(port.to_be_bytes());
        out.resize(out.len() + 46, 0);
        if states_last {
            out.extend(states.to_ne_bytes());
            out.resize(length, 0);
        }
        out
    }
}

/// Takes the number of the request out of each of these messages, so that answers can be
/// compared; true if the last one is among them.
pub(super) fn unnumber(mut bytes: &mut [u8], sequence: u32) -> io::Result<bool> {
    let mut is_last = false;
    while !bytes.is_empty() {
        let length = u32_at(bytes, 0).ok_or_else(broken)? as usize;
        let kind = u16_at(bytes, 4);
        let number = bytes.get_mut(8..12).ok_or_else(broken)?;
        if *number == sequence.to_ne_bytes() {
            number.fill(0);
            is_last |= matches!(kind, Some(NLMSG_DONE | NLMSG_ERROR));
        }
        let next = length.checked_next_multiple_of(4).ok_or_else(broken)?;
        let next = next.max(HEADER).min(bytes.len());
        bytes = &mut bytes[next..];
    }
    Ok(is_last)
}

/// A dump, as far as it has come.
#[derive(Debug)]
pub(super) struct Dump {
    proto: Proto,
    sequence: u32,
    pub rows: Vec<Row>,
    /// The TCP sockets that do not listen, where those were asked for.
    pub connections: Vec<Connection>,
    /// Whether the table changed under the dump, which may have lost rows by that.
    pub interrupted: bool,
}

impl Dump {
    /// A dump that adds its rows to these.
    pub(super) fn new(proto: Proto, sequence: u32, rows: Vec<Row>) -> Self {
        Dump {
            proto,
            sequence,
            rows,
            connections: Vec::new(),
            interrupted: false,
        }
    }

    /// Takes in one datagram; true when the dump is complete.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> io::Result<bool> {
        while !bytes.is_empty() {
            let length = u32_at(bytes, 0).ok_or_else(broken)? as usize;
            let (kind, flags) = (u16_at(bytes, 4), u16_at(bytes, 6));
            let sequence = u32_at(bytes, 8);
            let message = bytes.get(HEADER..length).ok_or_else(broken)?;
            let next = length.checked_next_multiple_of(4).ok_or_else(broken)?;
            bytes = bytes.get(next..).unwrap_or_default();
            if sequence != Some(self.sequence) {
                continue;
            }
            self.interrupted |= flags.is_some_and(|flags| flags & NLM_F_DUMP_INTR != 0);
            match kind {
                Some(NLMSG_DONE) => {
                    // The result of the dump. A kernel without the protocol's handler
                    // says so here, and only here.
                    return match u32_at(message, 0).map_or(0, u32::cast_signed) {
                        0.. => Ok(true),
                        error => Err(errno(error)),
                    };
                }
                Some(NLMSG_ERROR) => match u32_at(message, 0).ok_or_else(broken)?.cast_signed() {
                    0 => {}
                    error => return Err(errno(error)),
                },
                Some(TCPDIAG_GETSOCK | SOCK_DIAG_BY_FAMILY) => {
                    if let Some(state) = self.state(message) {
                        let connection = connection(message, state).ok_or_else(broken)?;
                        self.connections.extend(connection);
                    } else if let Some(row) = self.row(message).ok_or_else(broken)? {
                        self.rows.push(row);
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }

    /// The state of a TCP socket that does not listen.
    fn state(&self, message: &[u8]) -> Option<ConnectionState> {
        let state = *message.get(1).filter(|_| self.proto == Proto::Tcp)?;
        Some(match state {
            1 => ConnectionState::Established,
            2 | 3 | 12 => ConnectionState::Connecting,
            4 | 5 | 8 | 9 | 11 => ConnectionState::Closing,
            6 => ConnectionState::TimeWait,
            // A socket that is bound only is asked for by a state of its own, and told as
            // one that is closed.
            7 | 13 => ConnectionState::Bound,
            _ => return None,
        })
    }

    /// `None` for a row that is cut short, `Some(None)` for one of no interest.
    fn row(&self, message: &[u8]) -> Option<Option<Row>> {
        let (head, mut attributes) = message.split_at_checked(ROW)?;
        let port = u16::from_be_bytes([head[4], head[5]]);
        let Some(address) = address(head, 8) else {
            return Some(None);
        };
        let mut row = Row {
            listener: Listener {
                proto: self.proto,
                uid: u32_at(head, 64),
                inode: u64::from(u32_at(head, 68)?),
                interface: u32_at(head, 40).filter(|&index| index != 0),
                ..Listener::at(SocketAddr::new(address, port))
            },
            cookie: u64::from(u32_at(head, 44)?) | u64::from(u32_at(head, 48)?) << 32,
            cgroup: 0,
        };
        if self.proto == Proto::Tcp {
            row.listener.queue = Known::Seen(Queue {
                waiting: u32_at(head, 56)?,
                limit: u32_at(head, 60)?,
            });
        }
        if address.is_ipv6() {
            row.listener.v6only = Known::Unseen(Gap::Unsupported);
        }
        while let Some((kind, value, rest)) = attribute(attributes) {
            attributes = rest;
            match kind {
                INET_DIAG_SKV6ONLY if address.is_ipv6() => {
                    if let Some(&only) = value.first() {
                        row.listener.v6only = Known::Seen(only != 0);
                    }
                }
                INET_DIAG_CGROUP_ID => {
                    if let Some(id) = value.first_chunk::<8>() {
                        row.cgroup = u64::from_ne_bytes(*id);
                    }
                }
                _ => {}
            }
        }
        Some(Some(row))
    }
}

/// The address at this place of a row, of the row's family.
fn address(head: &[u8], at: usize) -> Option<IpAddr> {
    Some(match *head.first()? {
        AF_INET => IpAddr::V4(Ipv4Addr::from(*head.get(at..)?.first_chunk::<4>()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*head.get(at..)?.first_chunk::<16>()?)),
        _ => return None,
    })
}

/// A socket that does not listen: `None` for a row that is cut short, `Some(None)` for one
/// of no interest.
fn connection(message: &[u8], state: ConnectionState) -> Option<Option<Connection>> {
    let (head, _) = message.split_at_checked(ROW)?;
    let (Some(local), Some(remote)) = (address(head, 8), address(head, 24)) else {
        return Some(None);
    };
    let port = |at: usize| Some(u16::from_be_bytes(*head.get(at..)?.first_chunk()?));
    let there = SocketAddr::new(remote, port(6)?);
    let waits = state == ConnectionState::TimeWait;
    Some(Some(Connection {
        at: SocketAddr::new(local, port(4)?),
        to: (state != ConnectionState::Bound).then_some(there),
        state,
        owners: Known::default(),
        uid: u32_at(head, 64).filter(|_| !waits),
        inode: u64::from(u32_at(head, 68)?),
        left_ms: u32_at(head, 52).filter(|_| waits),
    }))
}

/// The first attribute and what follows it.
fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::from(u16_at(bytes, 0)?);
    let kind = u16_at(bytes, 2)? & ATTRIBUTE_TYPE;
    let value = bytes.get(4..length)?;
    let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, value, rest))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn broken() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the kernel's answer is cut short",
    )
}

fn errno(negative: i32) -> io::Error {
    match negative.checked_neg() {
        Some(NO_HANDLER) => io::Error::new(
            io::ErrorKind::Unsupported,
            "this kernel has no tcp_diag handler",
        ),
        Some(number) => io::Error::from_raw_os_error(number),
        None => broken(),
    }
}

/// `ENOENT`, with which a dump without a handler is *done*.
const NO_HANDLER: i32 = 2;

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
