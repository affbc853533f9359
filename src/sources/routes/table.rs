//! The route to one address, found in a whole table as Windows finds it: the narrowest
//! network that holds the address, and of several for it the one with the least metric.

use std::cmp::Reverse;
use std::net::IpAddr;

use super::{MOST_SHADOWED, unknown};
use crate::facts::{Fate, MAIN_TABLE, Route, RouteEntry, clean, same_network};
use crate::sources::outside::route_print::Row;

/// An address of this machine.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) ip: IpAddr,
    /// The number of its interface.
    pub(super) number: Option<u32>,
    /// The name of its interface.
    pub(super) name: String,
}

/// What drivers that VPN programs bring call their interfaces, and what others call such
/// ones.
const DRIVERS: &[(&str, &str)] = &[
    ("WireGuard", "wireguard"),
    ("Wintun", "tun"),
    ("TAP-Windows", "tun"),
    ("OpenVPN Data Channel Offload", "tun"),
    ("Tailscale", "tun"),
    ("AnyConnect", "tun"),
    ("Cisco Secure Client", "tun"),
    ("PANGP", "tun"),
    ("Fortinet", "tun"),
];

/// What kind of interface this is, in the words that are used for it elsewhere.
pub(super) fn kind(
    ip: IpAddr,
    device: Option<&str>,
    is_point_to_point: bool,
) -> Option<&'static str> {
    if ip.is_loopback() {
        return Some("loopback");
    }
    let named = |(word, _): &&(&str, &str)| device.is_some_and(|name| name.contains(word));
    match DRIVERS.iter().find(named) {
        Some((_, kind)) => Some(kind),
        None => is_point_to_point.then_some("ppp"),
    }
}

/// The route to an address.
pub(super) fn route(rows: &[Row], to: IpAddr, own: &[Own]) -> Route {
    let mut held: Vec<&Row> = rows.iter().filter(|row| holds(row, to)).collect();
    held.sort_by_key(|row| (Reverse(row.prefix), row.metric));
    let mut route = unknown(to);
    let mine = to.is_loopback() || own.iter().any(|own| own.ip == to);
    route.fate = match held.first() {
        _ if mine => Fate::Local,
        Some(_) => Fate::Sent,
        None => Fate::NoRoute,
    };
    let Some(taken) = held.first().map(|row| entry(row, route.fate, own)) else {
        return route;
    };
    if route.fate == Fate::Sent {
        route.interface.clone_from(&taken.interface);
        route.gateway = taken.gateway;
        let others = held.iter().filter(|row| row.prefix > 1);
        let others = others.map(|row| entry(row, Fate::Sent, own));
        let others = others.filter(|other| other.interface != taken.interface);
        route.shadowed = others.take(MOST_SHADOWED).collect();
    }
    route.entry = Some(taken);
    route
}

fn holds(row: &Row, ip: IpAddr) -> bool {
    row.network.is_ipv4() == ip.is_ipv4()
        && (row.prefix == 0 || same_network(row.network, ip, row.prefix))
}

fn entry(row: &Row, fate: Fate, own: &[Own]) -> RouteEntry {
    let ip: Option<IpAddr> = row.interface.parse().ok();
    let number: Option<u32> = row.interface.parse().ok();
    let is_it = |one: &&Own| Some(one.ip) == ip || number.is_some() && one.number == number;
    let name = own.iter().find(is_it).map(|one| one.name.clone());
    RouteEntry {
        network: row.network,
        prefix: row.prefix,
        table: MAIN_TABLE,
        fate,
        interface: Some(name.unwrap_or_else(|| clean(row.interface))),
        gateway: row.router,
        metric: row.metric,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sources::outside::route_print::rows;

    // After the documented format, not a recording: a VPN takes the private networks along.
    const VPN: &str = "\
          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.20     25\r
        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331\r
        127.0.0.1  255.255.255.255         On-link         127.0.0.1    331\r
      192.168.0.0      255.255.0.0         On-link          10.8.0.2      5\r
      192.168.1.0    255.255.255.0         On-link      192.168.1.20    281\r
      192.168.1.0    255.255.255.0         On-link          10.8.0.2      5\r
     192.168.1.20  255.255.255.255         On-link      192.168.1.20    281\r
 12    281 fe80::/64                On-link\r
  1    331 ::1/128                  On-link\r
";

    fn own() -> Vec<Own> {
        let one = |ip: &str, number, name: &str| Own {
            ip: ip.parse().unwrap(),
            number: Some(number),
            name: name.to_owned(),
        };
        vec![
            one("127.0.0.1", 1, "Loopback Pseudo-Interface 1"),
            one("192.168.1.20", 12, "Wi-Fi"),
            one("fe80::7", 12, "Wi-Fi"),
            one("10.8.0.2", 40, "corp"),
        ]
    }

    fn told(to: &str) -> Route {
        route(&rows(VPN), to.parse().unwrap(), &own())
    }

    #[test]
    fn the_narrowest_and_cheapest_route_is_taken() {
        let route = told("192.168.1.50");
        assert_eq!(route.fate, Fate::Sent);
        assert_eq!(route.interface.as_deref(), Some("corp"));
        assert_eq!(route.entry.unwrap().network(), "192.168.1.0/24");
        let [shadowed] = &route.shadowed[..] else {
            panic!("{:?}", route.shadowed);
        };
        assert_eq!(shadowed.interface.as_deref(), Some("Wi-Fi"));
        let out = told("203.0.113.9");
        assert_eq!(out.gateway, Some("192.168.1.1".parse().unwrap()));
        assert_eq!(out.interface.as_deref(), Some("Wi-Fi"));
        assert_eq!(out.shadowed, []);
        let near = told("fe80::1");
        assert_eq!(near.interface.as_deref(), Some("Wi-Fi"));
    }

    #[test]
    fn routes_to_itself_and_to_nowhere_are_told_apart() {
        for to in ["127.0.0.1", "127.9.9.9", "::1", "192.168.1.20", "fe80::7"] {
            let route = told(to);
            assert_eq!((route.fate, route.interface), (Fate::Local, None), "{to}");
        }
        let none = told("2001:db8::1");
        assert_eq!((none.fate, none.entry), (Fate::NoRoute, None));
    }

    #[test]
    fn a_tunnel_is_known_by_its_driver_or_its_kind() {
        let kind = |device, p2p| kind("10.8.0.2".parse().unwrap(), Some(device), p2p);
        assert_eq!(kind("WireGuard Tunnel", false), Some("wireguard"));
        assert_eq!(kind("TAP-Windows Adapter V9", false), Some("tun"));
        assert_eq!(kind("corp", true), Some("ppp"));
        assert_eq!(kind("Intel(R) Wi-Fi 6 AX201", false), None);
        assert_eq!(kind("Hyper-V Virtual Ethernet Adapter", false), None);
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..VPN.len(), to: [u8; 4]) {
            route(&rows(&VPN[..cut]), IpAddr::from(to), &own());
        }
    }
}
