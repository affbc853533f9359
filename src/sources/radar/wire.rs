//! An announcement of a destroyed socket: bytes in, what it says out. No I/O.
//!
//! It is a message as in a dump of `NETLINK_SOCK_DIAG`: `struct nlmsghdr`, `struct
//! inet_diag_msg`, then attributes, of which `INET_DIAG_INFO` holds a `struct tcp_info`
//! (`linux/netlink.h`, `linux/inet_diag.h`, `linux/tcp.h`). Owner and inode are zero: the
//! socket had left its file by then.
//!
//! What tells a refused connection from everything else was found out by making each kind
//! of end and looking (`tests/radar_live.rs` makes them again):
//!
//! - The client never measured a round trip. Any socket that ever had a connection did.
//! - If it did not wait in `connect`, its port is there, and it received one segment: the
//!   reset. One that timed out, or was given up, received none.
//! - If it waited, the kernel has *disconnected* the socket before `connect` returned: the
//!   port is gone, its own address too, and the segments. What is left is the other
//!   address, the segment size of a route (an unused socket has none), and how often the
//!   request was repeated. It was refused if it was not: else it is one that timed out.
//!
//! Announcements of clients that waited, for different ports, were compared byte by byte
//! (Linux 6.18): they differ in the cookie, three times, and the client's own port. That one
//! tells something of the port that was dialled. The kernel draws it from a secret, the
//! addresses and that port, and goes on from there by 2 to 16 with every connection: of 300
//! pairs to one port all were that close, of 300 pairs to different ones none. Who dialled
//! each candidate and compared would be right but for about one time in 1,800 and candidate.
//! That is not certain, and the daemon connects to nobody, so that it is left alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::facts::{Gap, Known, Refusal};

/// `SOCK_DIAG_BY_FAMILY`.
pub(super) const ANNOUNCEMENT: u16 = 20;
pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;
/// `TCP_CLOSE`.
pub(super) const CLOSED: u8 = 7;
pub(super) const INET_DIAG_INFO: u16 = 2;
pub(super) const INET_DIAG_PROTOCOL: u16 = 10;
/// The two high bits of an attribute's type are flags.
const ATTRIBUTE_TYPE: u16 = 0x3fff;
/// `tcpi_min_rtt` of a socket that never measured a round trip.
pub(super) const NEVER: u32 = u32::MAX;

/// Where things are in the message.
pub(super) mod message {
    pub const TYPE: usize = 4;
    pub const FAMILY: usize = 16;
    pub const STATE: usize = 17;
    pub const SOURCE_PORT: usize = 20;
    pub const PORT: usize = 22;
    pub const SOURCE: usize = 24;
    pub const TO: usize = 40;
    pub const ATTRIBUTES: usize = 88;
}

/// Where things are in the `tcp_info`.
pub(super) mod info {
    pub const RETRANSMITS: usize = 2;
    pub const ADVERTISED_SIZE: usize = 84;
    pub const BYTES_ACKED: usize = 120;
    pub const BYTES_RECEIVED: usize = 128;
    pub const SEGMENTS_IN: usize = 140;
    pub const SHORTEST_TRIP: usize = 148;
    /// What a kernel must tell at least: Linux 4.6.
    pub const LEAST: usize = 152;
    /// Later ones tell these, too.
    pub const DELIVERED: usize = 192;
    pub const WINDOW: usize = 228;
}

/// What an announcement says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// A connection to this machine was refused.
    Refused(Refusal),
    /// A connection to this machine was refused, and the port is forgotten.
    Portless,
    /// Anything else.
    Other,
}

/// Whether it is an announcement, with all that is needed to tell what it says.
pub(super) fn is_announcement(bytes: &[u8]) -> bool {
    u16_at(bytes, message::TYPE) == Some(ANNOUNCEMENT) && tcp_info(bytes).is_some()
}

/// What this message says.
pub(super) fn read(bytes: &[u8]) -> Told {
    if u16_at(bytes, message::TYPE) != Some(ANNOUNCEMENT) {
        return Told::Other;
    }
    refusal(bytes).unwrap_or(Told::Other)
}

/// `None` for what is cut short, or is no refusal.
fn refusal(bytes: &[u8]) -> Option<Told> {
    let tcp = tcp_info(bytes)?;
    if *bytes.get(message::STATE)? != CLOSED
        || u32_at(tcp, info::SHORTEST_TRIP)? != NEVER
        || u64_at(tcp, info::BYTES_ACKED)? != 0
        || u64_at(tcp, info::BYTES_RECEIVED)? != 0
        || u32_at(tcp, info::DELIVERED).is_some_and(|segments| segments != 0)
        || u32_at(tcp, info::WINDOW).is_some_and(|window| window != 0)
    {
        return None;
    }
    let to = end(bytes, message::TO, message::PORT)?;
    let from = end(bytes, message::SOURCE, message::SOURCE_PORT)?;
    if to.port() == 0 {
        let waited = u32_at(tcp, info::ADVERTISED_SIZE)? != 0 && tcp[info::RETRANSMITS] == 0;
        return (waited && to.ip().is_loopback()).then_some(Told::Portless);
    }
    let refused = u32_at(tcp, info::SEGMENTS_IN)? != 0;
    let ours = to.ip().is_loopback() || to.ip() == from.ip();
    let client = Known::Unseen(Gap::Unsupported);
    (refused && ours).then_some(Told::Refused(Refusal { to, from, client }))
}

/// One end of the connection; an IPv4 address in IPv6 clothes is an IPv4 address.
fn end(bytes: &[u8], address: usize, port: usize) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(*bytes.get(port..)?.first_chunk()?);
    let address = bytes.get(address..)?;
    let address = match *bytes.get(message::FAMILY)? {
        AF_INET => IpAddr::V4(Ipv4Addr::from(*address.first_chunk::<4>()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*address.first_chunk::<16>()?)),
        _ => return None,
    };
    Some(SocketAddr::new(address.to_canonical(), port))
}

/// The `tcp_info`, if there is one and it is long enough.
fn tcp_info(bytes: &[u8]) -> Option<&[u8]> {
    let mut left = bytes.get(message::ATTRIBUTES..)?;
    loop {
        let length = usize::from(u16_at(left, 0)?);
        let kind = u16_at(left, 2)? & ATTRIBUTE_TYPE;
        if kind == INET_DIAG_INFO {
            // One that does not fit is read as far as it was.
            let value = left.get(4..length).or_else(|| left.get(4..))?;
            return (value.len() >= info::LEAST).then_some(value);
        }
        // An attribute has a head, so that this comes to an end.
        left.get(4..length)?;
        left = left.get(length.next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
pub(super) mod tests;
