//! Listening sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, ProcId};

/// A socket that waits on a port of this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The local address. An IPv4-mapped IPv6 address stays as the kernel says it.
    pub at: SocketAddr,
    /// TCP or UDP.
    #[serde(default)]
    pub proto: Proto,
    /// The processes that hold the socket: the one a person would name first,
    /// then its descendants that share the descriptor.
    #[serde(default)]
    pub owners: Known<Vec<ProcId>>,
    /// The user that created the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// `IPV6_V6ONLY`; `None` inside for an IPv4 socket.
    #[serde(default)]
    pub v6only: Known<bool>,
    /// The accept queue (TCP only).
    #[serde(default)]
    pub queue: Known<Queue>,
    /// The cgroup in which the socket was created, as a path below the cgroup root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// The interface the socket is bound to (`SO_BINDTODEVICE`), by index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<u32>,
    /// The kernel's inode number of the socket; 0 where it has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub inode: u64,
    /// The network namespace, by inode; only for listeners of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<u64>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape serde asks for"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// A transport protocol.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Proto {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// The accept queue of a TCP listener, in connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Connections the kernel has completed and nobody has accepted.
    pub waiting: u32,
    /// The backlog; Linux admits one more than this.
    pub limit: u32,
}

/// From where a bound address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// This machine only.
    Loopback,
    /// One address of the machine.
    Lan,
    /// Every address of the machine.
    All,
}

impl Listener {
    /// A TCP listener of which only the address is known.
    #[must_use]
    pub fn at(at: SocketAddr) -> Self {
        Listener {
            at,
            proto: Proto::Tcp,
            owners: Known::default(),
            uid: None,
            v6only: Known::default(),
            queue: Known::default(),
            cgroup: None,
            interface: None,
            inode: 0,
            netns: None,
        }
    }

    /// From where this listener can be reached.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let ip = canonical(self.at.ip());
        if ip.is_unspecified() {
            Scope::All
        } else if ip.is_loopback() {
            Scope::Loopback
        } else {
            Scope::Lan
        }
    }

    /// The process a person would name as the owner.
    #[must_use]
    pub fn owner(&self) -> Option<ProcId> {
        self.owners.seen()?.first().copied()
    }

    /// Whether a connection to `ip` reaches this socket.
    ///
    /// `None` if that hangs on a fact that was not seen (`IPV6_V6ONLY`).
    #[must_use]
    pub fn covers(&self, ip: IpAddr) -> Option<bool> {
        let ip = canonical(ip);
        let here = self.at.ip();
        if here == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            return match (ip, &self.v6only) {
                (IpAddr::V6(_), _) => Some(true),
                (IpAddr::V4(_), Known::Seen(only)) => Some(!only),
                (IpAddr::V4(_), Known::Unseen(_)) => None,
            };
        }
        // A destination of 0.0.0.0 or [::] means "this machine" to the kernel.
        let dialled = match ip {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Some(match canonical(here) {
            IpAddr::V4(here) if here.is_unspecified() => dialled.is_ipv4(),
            here => here == dialled,
        })
    }
}

/// An address as a person knows it: an IPv4-mapped IPv6 address is an IPv4 address.
#[must_use]
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(at: &str, v6only: Known<bool>) -> Listener {
        Listener {
            v6only,
            ..Listener::at(at.parse().unwrap())
        }
    }

    #[test]
    fn a_wildcard_covers_what_its_family_and_v6only_allow() {
        let v4 = "127.0.0.1".parse().unwrap();
        let v6 = "::1".parse().unwrap();
        let dual = listener("[::]:1", Known::Seen(false));
        let only = listener("[::]:1", Known::Seen(true));
        let unknown = listener("[::]:1", Known::default());
        assert_eq!((dual.covers(v4), dual.covers(v6)), (Some(true), Some(true)));
        assert_eq!(
            (only.covers(v4), only.covers(v6)),
            (Some(false), Some(true))
        );
        assert_eq!((unknown.covers(v4), unknown.covers(v6)), (None, Some(true)));
    }

    #[test]
    fn javas_mapped_loopback_is_ipv4_loopback() {
        let java = listener("[::ffff:127.0.0.1]:1", Known::Seen(false));
        assert_eq!(java.scope(), Scope::Loopback);
        assert_eq!(java.covers("127.0.0.1".parse().unwrap()), Some(true));
        assert_eq!(java.covers("::1".parse().unwrap()), Some(false));
    }

    #[test]
    fn a_mapped_wildcard_covers_ipv4_only() {
        let mapped = listener("[::ffff:0.0.0.0]:1", Known::Seen(false));
        assert_eq!(mapped.scope(), Scope::All);
        assert_eq!(mapped.covers("10.0.0.1".parse().unwrap()), Some(true));
        assert_eq!(mapped.covers("::1".parse().unwrap()), Some(false));
    }
}
