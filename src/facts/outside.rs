//! What lies around this machine, looked at only where another machine cannot be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, Probe};

/// Hosts of the internet that are hardly ever down, by address: names may not work.
pub const WELL_KNOWN: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
];

/// The port on which the well-known hosts are dialled.
pub const WELL_KNOWN_PORT: u16 = 443;

/// What lies between this machine and others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Outside {
    /// The ways out of this machine's own networks; none: there is no way out.
    pub gateways: Known<Vec<Gateway>>,
    /// What dialling other places gave, for comparison: other ports and addresses of the
    /// target, and well-known hosts.
    pub probes: Vec<Probe>,
    /// What a page gave that is fetched only to see whether something on the way answers
    /// in its place.
    pub portal: Known<PortalCheck>,
}

/// A way out: a router, or an interface that leads out by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// The router; nothing where the interface itself leads out, as that of a VPN does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Whether it leads to IPv6 addresses.
    #[serde(default)]
    pub ipv6: bool,
    /// The interface.
    pub interface: String,
    /// Whether the router is there: it answered us, or the system's search for it.
    #[serde(default)]
    pub answers: Known<bool>,
    /// How long its answer took, in microseconds; 0 if it gave us none.
    #[serde(default)]
    pub took_us: u64,
}

/// A page that answers with nothing at all (HTTP 204), wherever it is asked from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalCheck {
    /// The page.
    pub url: String,
    /// The status that came.
    pub status: u16,
    /// Where it was sent on to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

impl PortalCheck {
    /// Whether the page itself answered.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        self.status == 204
    }
}

/// Whether an address is one of the internet: not of this machine, and of no private network.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            // Addresses between a provider and its customers.
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_not_of_the_internet() {
        let public = |ip: &str| is_public(ip.parse().unwrap());
        for ip in [
            "10.0.0.1",
            "172.20.0.3",
            "192.168.1.5",
            "127.0.0.53",
            "100.64.0.1",
            "169.254.1.1",
            "::1",
            "fe80::1",
            "fd00::5",
            "::ffff:10.0.0.1",
            "0.0.0.0",
        ] {
            assert!(!public(ip), "{ip}");
        }
        for ip in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111"] {
            assert!(public(ip), "{ip}");
        }
        assert!(WELL_KNOWN.iter().copied().all(is_public));
    }
}
