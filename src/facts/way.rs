//! The way of a packet to the target: routes, interfaces, and the limits of the kernel.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Firewall, Known, Policy, UnitLimits, same_network};

/// What is known of the way to the addresses that could not be reached. Each part is
/// looked at only where an answer hangs on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Way {
    /// The route to each address that could not be reached.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub routes: Known<Arc<[Route]>>,
    /// The loopback interface, and those that the routes name.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub interfaces: Known<Arc<[Interface]>>,
    /// The source ports of this machine; looked at where none was found for a connection.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub ports: Known<SourcePorts>,
    /// The kernel's table of tracked connections; looked at where packets get lost.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub tracking: Known<Tracking>,
    /// What keeps devdoctor itself from the network; looked at where the system forbids a
    /// connection, or where nothing is around but a loopback interface.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub confinement: Known<Confinement>,
    /// What the firewall does with a connection to the asked address that comes from
    /// another machine; looked at where it answers from here.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub arriving: Known<Firewall>,
    /// What the units of systemd take away from the server and from devdoctor itself;
    /// looked at where a connection gets lost, or where a unit should listen and does not.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub limits: Known<Arc<[UnitLimits]>>,
    /// The policy of the kernel's security module; looked at where a connection was
    /// forbidden, a unit has failed, or a proxy answers for a server that is well.
    #[serde(skip_serializing_if = "Known::is_not_asked")]
    pub policy: Known<Policy>,
}

/// The source ports of this machine, as far as one destination is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SourcePorts {
    /// The destination: a source port may be used once for each.
    pub to: Option<SocketAddr>,
    /// The first port that the system gives out by itself.
    pub low: u16,
    /// The last one.
    pub high: u16,
    /// How many of them are set aside.
    pub reserved: u32,
    /// How many of the others cannot be had for this destination: somebody listens there,
    /// or has a connection from there to it.
    pub taken: u32,
    /// How many of those belong to connections that are closed and wait out their time.
    pub waiting: u32,
    /// How many of those were closed by the other end, and not by this one.
    pub unclosed: u32,
    /// The processes with the most connections to the destination, the greatest first.
    pub holders: Vec<PortHolder>,
}

impl SourcePorts {
    /// How many ports there are to give out.
    #[must_use]
    pub fn size(&self) -> u32 {
        let range = u32::from(self.high).saturating_sub(u32::from(self.low)) + 1;
        range.saturating_sub(self.reserved)
    }
}

/// A process that holds many connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortHolder {
    /// Its pid.
    pub pid: u32,
    /// The kernel's name for it.
    pub name: String,
    /// How many connections to the destination it holds.
    pub count: u32,
}

/// The kernel's table of tracked connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tracking {
    /// How many connections are in it.
    pub count: u64,
    /// How many may be.
    pub max: u64,
    /// How many packets were dropped for want of room while we knocked; nothing if nobody
    /// knocked, or the counter could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// What keeps devdoctor itself, and whoever runs beside it, from the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Confinement {
    /// Whether a filter of system calls is in force (seccomp).
    pub seccomp: bool,
    /// Whether it can never gain rights again, as every sandbox sees to first.
    pub no_new_privileges: bool,
    /// The profile or context it is confined by: `snap.code.code`, `docker-default`.
    pub label: Option<String>,
    /// Whether it stands in a process table of its own.
    pub own_processes: bool,
    /// The error number of a connection to a socket of its own; 0 where that works.
    pub to_itself: Known<i32>,
}

impl Way {
    /// Whether nobody looked at any of it.
    #[must_use]
    pub fn is_not_asked(&self) -> bool {
        *self == Way::default()
    }
}

/// What the system does with a packet to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The address.
    pub to: IpAddr,
    /// What becomes of the packet, in the system's own answer.
    pub fate: Fate,
    /// The interface it leaves by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The router it goes to first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// The entry of the routing tables that says so, where it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<RouteEntry>,
    /// The policy rule that chose the entry's table, or decided by itself; nothing for
    /// the rules that every system has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<PolicyRule>,
    /// Other networks that hold the address too, on other interfaces, and are not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shadowed: Vec<RouteEntry>,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It leaves by an interface.
    Sent,
    /// It stays on this machine.
    Local,
    /// A route throws it away without a word (`EINVAL`).
    Blackhole,
    /// A route forbids it (`EACCES`).
    Prohibit,
    /// A route says that there is no such host (`EHOSTUNREACH`).
    Unreachable,
    /// No route is for it (`ENETUNREACH`).
    NoRoute,
    /// The system did not say.
    Unknown,
}

impl Fate {
    /// The word for it in a routing table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Fate::Sent => "unicast",
            Fate::Local => "local",
            Fate::Blackhole => "blackhole",
            Fate::Prohibit => "prohibit",
            Fate::Unreachable => "unreachable",
            Fate::NoRoute => "no route",
            Fate::Unknown => "unknown",
        }
    }
}

/// One entry of a routing table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    /// The network's address.
    pub network: IpAddr,
    /// The length of its prefix, in bits; 0 is the default route.
    pub prefix: u8,
    /// The table's number: 254 is the main one, 255 that of the machine's own addresses.
    #[serde(default = "main_table")]
    pub table: u32,
    /// What it does.
    #[serde(default = "sent")]
    pub fate: Fate,
    /// The interface it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The router it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Its metric: of two for the same network the lower one is taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub metric: u32,
}

/// The table that `ip route` shows and fills.
pub const MAIN_TABLE: u32 = 254;

fn main_table() -> u32 {
    MAIN_TABLE
}

fn sent() -> Fate {
    Fate::Sent
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the way serde asks")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl RouteEntry {
    /// Whether the entry is for this address.
    #[must_use]
    pub fn holds(&self, ip: IpAddr) -> bool {
        self.network.is_ipv4() == ip.is_ipv4()
            && (self.prefix == 0 || same_network(self.network, ip, self.prefix))
    }

    /// `10.1.0.0/16`, or `default`.
    #[must_use]
    pub fn network(&self) -> String {
        match self.prefix {
            0 => "default".to_owned(),
            prefix => format!("{}/{prefix}", self.network),
        }
    }
}

/// One rule of policy routing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// Its priority: the lowest is asked first.
    pub priority: u32,
    /// The rule as `ip rule` writes it: `from all to 10.9.0.0/16 prohibit`.
    pub text: String,
    /// Whether it decides by itself, without any table.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decides: bool,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// What it is in the words of the system: `loopback`, `wireguard`, `tun`, `bridge`;
    /// nothing for a plain card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it is switched on.
    pub up: bool,
}

/// Kinds of interfaces that carry packets to another network, as the system names them.
const TUNNELS: &[&str] = &[
    "wireguard",
    "tun",
    "ppp",
    "xfrm",
    "vti",
    "vti6",
    "ipip",
    "ip6tnl",
    "sit",
    "gre",
    "ip6gre",
    "utun",
    "ipsec",
];

/// What the names of interfaces begin with that VPN programs make, where the system says
/// nothing of their kind.
const TUNNEL_NAMES: &[&str] = &[
    "utun",
    "tun",
    "wg",
    "ppp",
    "ipsec",
    "tailscale",
    "nordlynx",
    "proton",
    "cscotun",
    "gpd",
];

impl Interface {
    /// Whether it is the loopback interface.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.kind.as_deref() == Some("loopback")
    }

    /// Whether what goes out by it goes through a tunnel into another network.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        match self.kind.as_deref() {
            Some(kind) => TUNNELS.contains(&kind),
            None => TUNNEL_NAMES.iter().any(|start| {
                self.name
                    .strip_prefix(start)
                    .is_some_and(|rest| rest.chars().next().is_none_or(|c| !c.is_alphabetic()))
            }),
        }
    }

    /// `tun0`, with what it is where that helps: `wg0 (WireGuard)`.
    #[must_use]
    pub fn words(&self) -> String {
        match self.kind.as_deref() {
            Some("wireguard") => format!("{} (WireGuard)", self.name),
            _ => self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, kind: Option<&str>) -> Interface {
        Interface {
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
            up: true,
        }
    }

    #[test]
    fn a_tunnel_is_known_by_its_kind_or_else_by_its_name() {
        assert!(interface("corp", Some("wireguard")).is_tunnel());
        assert!(interface("utun4", None).is_tunnel());
        assert!(interface("tailscale0", None).is_tunnel());
        // The system's word counts more than the name that somebody gave.
        assert!(!interface("tun0", Some("bridge")).is_tunnel());
        assert!(!interface("tap0", Some("tap")).is_tunnel());
        assert!(!interface("wgrouter", None).is_tunnel());
        assert!(!interface("eth0", None).is_tunnel());
    }

    #[test]
    fn the_default_route_holds_everything_of_its_family() {
        let entry = |network: &str, prefix| RouteEntry {
            network: network.parse().unwrap(),
            prefix,
            table: MAIN_TABLE,
            fate: Fate::Sent,
            interface: None,
            gateway: None,
            metric: 0,
        };
        let ip = "10.1.2.3".parse().unwrap();
        assert!(entry("0.0.0.0", 0).holds(ip));
        assert!(!entry("::", 0).holds(ip));
        assert!(entry("10.1.0.0", 16).holds(ip));
        assert!(!entry("10.2.0.0", 16).holds(ip));
        assert_eq!(entry("0.0.0.0", 0).network(), "default");
        assert_eq!(entry("10.1.0.0", 16).network(), "10.1.0.0/16");
    }
}
