//! The messages of `NETLINK_ROUTE`: bytes in, entries out. No I/O.
//!
//! The layout is that of `linux/rtnetlink.h`, `linux/fib_rules.h` and `linux/if_link.h`.
//! Numbers are in the machine's byte order; addresses and ports in the network's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::facts::Fate;

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
pub(super) const RTM_NEWLINK: u16 = 16;
pub(super) const RTM_GETLINK: u16 = 18;
pub(super) const RTM_NEWROUTE: u16 = 24;
pub(super) const RTM_GETROUTE: u16 = 26;
pub(super) const RTM_NEWRULE: u16 = 32;
pub(super) const RTM_GETRULE: u16 = 34;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_DUMP: u16 = 0x300;
const HEADER: usize = 16;
/// `struct rtmsg` and `struct fib_rule_hdr` are of one size; `struct ifinfomsg` is larger.
const BODY: usize = 12;
const LINK_BODY: usize = 16;
/// The answer names the table in which the route was found.
const RTM_F_LOOKUP_TABLE: u32 = 0x1000;
/// An entry that the kernel made from another one for its own use.
const RTM_F_CLONED: u32 = 0x200;
/// The two high bits of an attribute's type are flags.
const ATTRIBUTE_TYPE: u16 = 0x3fff;

pub(super) const AF_INET: u8 = 2;
pub(super) const AF_INET6: u8 = 10;
const TCP: u8 = 6;

/// A request for the route to one address, as TCP to this port takes it.
pub(super) fn route_to(sequence: u32, to: SocketAddr, from: Option<IpAddr>) -> Vec<u8> {
    let family = family_of(to.ip());
    let bits = |ip: Option<IpAddr>| match ip {
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) => 128,
        None => 0,
    };
    let mut body = vec![family, bits(Some(to.ip())), bits(from), 0, 0, 0, 0, 0];
    body.extend(RTM_F_LOOKUP_TABLE.to_ne_bytes());
    push_address(&mut body, RTA_DST, to.ip());
    if let Some(from) = from {
        push_address(&mut body, RTA_SRC, from);
    }
    push(&mut body, RTA_IP_PROTO, &[TCP]);
    push(&mut body, RTA_DPORT, &to.port().to_be_bytes());
    request(RTM_GETROUTE, NLM_F_REQUEST, sequence, &body)
}

/// A request for all rules, routes or interfaces.
pub(super) fn dump(kind: u16, sequence: u32, family: u8) -> Vec<u8> {
    let length = if kind == RTM_GETLINK { LINK_BODY } else { BODY };
    let mut body = vec![0; length];
    body[0] = family;
    request(kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, &body)
}

fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = HEADER + body.len();
    let mut out = Vec::with_capacity(length);
    out.extend(u32::try_from(length).unwrap_or(0).to_ne_bytes());
    out.extend(kind.to_ne_bytes());
    out.extend(flags.to_ne_bytes());
    out.extend(sequence.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    out.extend(body);
    out
}

fn push_address(body: &mut Vec<u8>, kind: u16, ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => push(body, kind, &v4.octets()),
        IpAddr::V6(v6) => push(body, kind, &v6.octets()),
    }
}

fn push(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(4);
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

pub(super) fn family_of(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// What one datagram of the kernel holds.
#[derive(Debug)]
pub(super) enum Message<'a> {
    /// An entry of this kind.
    Entry(u16, &'a [u8]),
    /// The end of a dump.
    Done,
    /// The kernel's error number; 0 is its consent.
    Error(i32),
}

/// The messages of a datagram that answer this request.
pub(super) fn messages(mut bytes: &[u8], sequence: u32) -> io::Result<Vec<Message<'_>>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let length = u32_at(bytes, 0).ok_or_else(broken)? as usize;
        let (kind, answers) = (u16_at(bytes, 4).ok_or_else(broken)?, u32_at(bytes, 8));
        let body = bytes.get(HEADER..length).ok_or_else(broken)?;
        let next = length.checked_next_multiple_of(4).ok_or_else(broken)?;
        bytes = bytes.get(next..).unwrap_or_default();
        if answers != Some(sequence) {
            continue;
        }
        out.push(match kind {
            NLMSG_DONE => Message::Done,
            NLMSG_ERROR => {
                let number = u32_at(body, 0).ok_or_else(broken)?.cast_signed();
                Message::Error(number.checked_neg().ok_or_else(broken)?)
            }
            kind => Message::Entry(kind, body),
        });
    }
    Ok(out)
}

const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_MULTIPATH: u16 = 9;
const RTA_CACHEINFO: u16 = 12;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const RTA_IP_PROTO: u16 = 27;
const RTA_DPORT: u16 = 29;

/// One entry of a routing table, or the kernel's answer about one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub network: IpAddr,
    pub prefix: u8,
    pub table: u32,
    /// `None` for an entry that sends the question back to the rules (`throw`).
    pub fate: Option<Fate>,
    pub interface: Option<u32>,
    pub gateway: Option<IpAddr>,
    pub source: Option<IpAddr>,
    pub metric: u32,
    /// The kernel will not use it as long as its interface is down.
    pub dead: bool,
}

/// `None` for one that is cut short, `Some(None)` for one of no interest.
pub(super) fn entry(body: &[u8]) -> Option<Option<Entry>> {
    const DEAD: u32 = 1;
    let (head, attributes) = body.split_at_checked(BODY)?;
    let flags = u32_at(head, 8)?;
    if flags & RTM_F_CLONED != 0 && head[0] == AF_INET6 && head[1] != 128 {
        return Some(None);
    }
    let network = match head[0] {
        AF_INET => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AF_INET6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return Some(None),
    };
    let mut entry = Entry {
        network,
        prefix: head[1],
        table: u32::from(head[4]),
        fate: match head[7] {
            2..=5 => Some(Fate::Local),
            6 => Some(Fate::Blackhole),
            7 => Some(Fate::Unreachable),
            8 => Some(Fate::Prohibit),
            9 => None,
            _ => Some(Fate::Sent),
        },
        interface: None,
        gateway: None,
        source: None,
        metric: 0,
        dead: flags & DEAD != 0,
    };
    for (kind, value) in Attributes(attributes) {
        match kind {
            RTA_DST => entry.network = address(value)?,
            RTA_OIF => entry.interface = u32_at(value, 0),
            RTA_GATEWAY => entry.gateway = address(value),
            RTA_PRIORITY => entry.metric = u32_at(value, 0)?,
            RTA_PREFSRC => entry.source = address(value),
            RTA_TABLE => entry.table = u32_at(value, 0)?,
            // A router of the other family stands behind that family's number.
            RTA_VIA => entry.gateway = address(value.get(2..)?),
            // Of several ways the first: `struct rtnexthop`, then its own attributes.
            RTA_MULTIPATH => {
                entry.interface = u32_at(value, 4);
                let length = usize::from(u16_at(value, 0)?);
                let own = value.get(8..length).unwrap_or_default();
                let gateway = Attributes(own).find(|(kind, _)| *kind == RTA_GATEWAY);
                entry.gateway = gateway.and_then(|(_, value)| address(value));
            }
            // IPv6 answers with an entry whose error says what it means.
            RTA_CACHEINFO => {
                let error = u32_at(value, 12).map_or(0, u32::cast_signed);
                if let Some(fate) = error.checked_neg().and_then(fate_of) {
                    entry.fate = Some(fate);
                }
            }
            _ => {}
        }
    }
    Some(Some(entry))
}

/// What the kernel's error means for a packet.
pub(super) fn fate_of(errno: i32) -> Option<Fate> {
    match errno {
        22 => Some(Fate::Blackhole),
        13 => Some(Fate::Prohibit),
        113 => Some(Fate::Unreachable),
        101 => Some(Fate::NoRoute),
        _ => None,
    }
}

/// One rule of policy routing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub priority: u32,
    pub action: u8,
    pub table: u32,
    pub inverted: bool,
    pub to: Option<(IpAddr, u8)>,
    pub from: Option<(IpAddr, u8)>,
    pub iif: Option<String>,
    pub oif: Option<String>,
    pub mark: u32,
    pub mask: u32,
    pub uids: Option<(u32, u32)>,
    pub protocol: Option<u8>,
    pub source_ports: Option<(u16, u16)>,
    pub ports: Option<(u16, u16)>,
    pub goto: Option<u32>,
    /// A route with a prefix of at most this length does not count.
    pub suppress: Option<u32>,
    /// It asks for something that a plain packet of ours never has.
    pub special: bool,
}

pub(super) const TO_TABLE: u8 = 1;
pub(super) const GOTO: u8 = 2;
pub(super) const NOP: u8 = 3;

/// A rule; nothing for one that is cut short.
pub(super) fn rule(body: &[u8]) -> Option<Rule> {
    const INVERTED: u32 = 2;
    let (head, attributes) = body.split_at_checked(BODY)?;
    let mut rule = Rule {
        action: head[7],
        table: u32::from(head[4]),
        inverted: u32_at(head, 8)? & INVERTED != 0,
        mask: u32::MAX,
        ..Rule::default()
    };
    let text = |value: &[u8]| {
        let end = value.iter().position(|byte| *byte == 0);
        String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned()
    };
    let ports = |value: &[u8]| Some((u16_at(value, 0)?, u16_at(value, 2)?));
    for (kind, value) in Attributes(attributes) {
        match kind {
            1 => rule.to = Some((address(value)?, head[1])),
            2 => rule.from = Some((address(value)?, head[2])),
            3 => rule.iif = Some(text(value)),
            4 => rule.goto = u32_at(value, 0),
            6 => rule.priority = u32_at(value, 0)?,
            10 => rule.mark = u32_at(value, 0)?,
            // The id of a tunnel, and interfaces that stand for a table of their own.
            12 => rule.special |= value.iter().any(|byte| *byte != 0),
            19 => rule.special |= value.first() == Some(&1),
            // -1 stands for none.
            14 => rule.suppress = u32_at(value, 0).filter(|length| *length != u32::MAX),
            15 => rule.table = u32_at(value, 0)?,
            16 => rule.mask = u32_at(value, 0)?,
            17 => rule.oif = Some(text(value)),
            20 => rule.uids = Some((u32_at(value, 0)?, u32_at(value, 4)?)),
            22 => rule.protocol = value.first().copied(),
            23 => rule.source_ports = ports(value),
            24 => rule.ports = ports(value),
            _ => {}
        }
    }
    Some(rule)
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub index: u32,
    pub name: String,
    pub kind: Option<String>,
    pub up: bool,
}

/// An interface; nothing for one that is cut short or has no name.
pub(super) fn link(body: &[u8]) -> Option<Link> {
    const UP: u32 = 1;
    const LOOPBACK: u16 = 772;
    const ETHERNET: u16 = 1;
    let (head, attributes) = body.split_at_checked(LINK_BODY)?;
    let text = |value: &[u8]| {
        let end = value.iter().position(|byte| *byte == 0);
        String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned()
    };
    let hardware = u16_at(head, 2)?;
    let mut link = Link {
        index: u32_at(head, 4)?,
        name: String::new(),
        kind: (hardware == LOOPBACK).then(|| "loopback".to_owned()),
        up: u32_at(head, 8)? & UP != 0,
    };
    for (kind, value) in Attributes(attributes) {
        match kind {
            3 => link.name = text(value),
            18 => {
                let mut inner = Attributes(value);
                if let Some((_, kind)) = inner.find(|(kind, _)| *kind == 1) {
                    let kind = text(kind);
                    // One driver makes both; a tap carries Ethernet, as virtual machines do.
                    let tap = kind == "tun" && hardware == ETHERNET;
                    link.kind = Some(if tap { "tap".to_owned() } else { kind });
                }
            }
            _ => {}
        }
    }
    (!link.name.is_empty()).then_some(link)
}

fn address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => Some(IpAddr::V4(Ipv4Addr::from(*value.first_chunk::<4>()?))),
        16 => Some(IpAddr::V6(Ipv6Addr::from(*value.first_chunk::<16>()?))),
        _ => None,
    }
}

struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0;
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & ATTRIBUTE_TYPE;
        let value = bytes.get(4..length)?;
        self.0 = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn broken() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the kernel's answer is cut short",
    )
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
