//! The ways out of this machine, as Linux tells them to anybody.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::{MOST_GATEWAYS, add};
use crate::facts::{Gap, Gateway, Known, clean};

/// A route that leads somewhere, and by a router.
const UP: u32 = 0x1;
const BY_ROUTER: u32 = 0x2;
/// One that says that there is no way.
const REJECT: u32 = 0x200;

/// The ways out: every route that leads to half of all addresses or more.
pub(super) fn gateways(_budget: Duration) -> Known<Vec<Gateway>> {
    let v4 = match fs::read_to_string("/proc/net/route") {
        Ok(table) => routes_v4(&table),
        Err(error) => return Known::Unseen(Gap::of(&error)),
    };
    // A kernel without IPv6 has no such table.
    let v6 = fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    let mut all = v4;
    for gateway in routes_v6(&v6) {
        add(&mut all, gateway);
    }
    all.truncate(MOST_GATEWAYS);
    Known::Seen(all)
}

/// The gateway of a route with these flags.
fn gateway(flags: u32, router: IpAddr, interface: &str) -> Gateway {
    Gateway {
        ip: (flags & BY_ROUTER != 0).then_some(router),
        ipv6: router.is_ipv6(),
        interface: clean(interface),
        answers: Known::default(),
        took_us: 0,
    }
}

/// Whether a neighbour was found on its network, by the table that the system keeps.
pub(super) fn is_neighbour_there(ip: IpAddr) -> Known<bool> {
    if ip.is_ipv6() {
        return Known::Unseen(Gap::Unsupported);
    }
    match fs::read_to_string("/proc/net/arp") {
        Ok(table) => in_arp(&table, ip),
        Err(error) => Known::Unseen(Gap::of(&error)),
    }
}

/// `eth0 00000000 0100A8C0 0003 0 0 100 00000000 …`: interface, destination, router,
/// flags, …, mask, the addresses with their bytes in the machine's order.
fn routes_v4(table: &str) -> Vec<Gateway> {
    let mut found: Vec<Gateway> = Vec::new();
    for line in table.lines().skip(1) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [interface, to, router, flags, _, _, _, mask, ..] = words[..] else {
            continue;
        };
        let number = |word| u32::from_str_radix(word, 16).ok();
        let (Some(_), Some(router), Some(flags), Some(mask)) =
            (number(to), number(router), number(flags), number(mask))
        else {
            continue;
        };
        // A VPN takes all addresses by two routes to half of them each.
        if mask.count_ones() > 1 || flags & UP == 0 || flags & REJECT != 0 {
            continue;
        }
        let ip = Ipv4Addr::from(router.to_ne_bytes());
        add(&mut found, gateway(flags, ip.into(), interface));
    }
    found
}

/// `<to> <bits> <from> <bits> <router> <metric> <uses> <refs> <flags> <interface>`.
fn routes_v6(table: &str) -> Vec<Gateway> {
    let mut found: Vec<Gateway> = Vec::new();
    for line in table.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [to, bits, _, _, router, _, _, _, flags, interface] = words[..] else {
            continue;
        };
        let (Ok(bits), Ok(router), Ok(flags)) = (
            u8::from_str_radix(bits, 16),
            u128::from_str_radix(router, 16),
            u32::from_str_radix(flags, 16),
        ) else {
            continue;
        };
        // `2000::/3` is all of the internet there is.
        let all = bits <= 1 || bits <= 3 && to.starts_with('2');
        if !all || flags & UP == 0 || flags & REJECT != 0 || interface == "lo" {
            continue;
        }
        let ip = Ipv6Addr::from(router);
        add(&mut found, gateway(flags, ip.into(), interface));
    }
    found
}

/// `192.168.0.1 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0`: the third word says whether it was found.
fn in_arp(table: &str, ip: IpAddr) -> Known<bool> {
    let ip = ip.to_string();
    let line = table
        .lines()
        .find(|line| line.split_ascii_whitespace().next() == Some(ip.as_str()));
    let flags = line.and_then(|line| line.split_ascii_whitespace().nth(2));
    match flags.and_then(|word| u32::from_str_radix(word.trim_start_matches("0x"), 16).ok()) {
        Some(flags) => Known::Seen(flags & 0x2 != 0),
        // Nobody has searched for it: there may be no search on such an interface.
        None => Known::Unseen(Gap::Unsupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    fn ways(lines: &str) -> Vec<(Option<String>, String)> {
        let found = routes_v4(&format!("{HEAD}{lines}"));
        let words = |one: Gateway| (one.ip.map(|ip| ip.to_string()), one.interface);
        found.into_iter().map(words).collect()
    }

    #[test]
    fn the_ways_out_are_the_routes_to_everywhere() {
        // The table is in the order of the machine; these are of one with the low byte first.
        if cfg!(target_endian = "big") {
            return;
        }
        let router = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                      eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
        let eth0 = (Some("192.168.0.1".to_owned()), "eth0".to_owned());
        assert_eq!(ways(router), [eth0]);
        let vpn = "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n\
                   tun0\t00000080\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n";
        assert_eq!(ways(vpn), [(None, "tun0".to_owned())]);
        let rejected = "*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(ways(rejected), []);
        assert_eq!(ways("eth0 zz\n\u{0}\n"), []);
    }

    #[test]
    fn the_ways_out_of_ipv6_are_found() {
        let none = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                    00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo\n";
        assert_eq!(routes_v6(none), []);
        let router = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                      fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n";
        let found = routes_v6(&format!("{none}{router}"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].ip, Some("fe80::1".parse().unwrap()));
        assert!(found[0].ipv6);
    }

    #[test]
    fn a_router_that_was_not_found_is_not_there() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device\n\
                     192.168.0.1      0x1         0x2         aa:bb:cc:dd:ee:ff     *        eth0\n\
                     192.168.0.9      0x1         0x0         00:00:00:00:00:00     *        eth0\n";
        let there = |ip: &str| in_arp(table, ip.parse().unwrap());
        assert_eq!(there("192.168.0.1"), Known::Seen(true));
        assert_eq!(there("192.168.0.9"), Known::Seen(false));
        assert_eq!(there("192.168.0.2"), Known::Unseen(Gap::Unsupported));
    }
}
