//! The files that say how names are found: `resolv.conf` and `nsswitch.conf`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::facts::{Known, NameServer, Order, clean};

/// The port of name servers.
const PORT: u16 = 53;

/// The C library asks no more than these, whatever the file has.
const MOST_SERVERS: usize = 3;

/// What a `resolv.conf` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ResolvConf {
    pub servers: Vec<NameServer>,
    pub search: Vec<String>,
}

/// Reads a `resolv.conf`. A line that is none of its own is passed over, as the
/// resolver does. `interface` has the numbers of the interfaces.
pub(super) fn resolv_conf(
    text: &str,
    file: &str,
    interface: impl Fn(&str) -> Option<u32>,
) -> ResolvConf {
    let mut read = ResolvConf::default();
    for (line, number) in text.lines().zip(1..) {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") if read.servers.len() < MOST_SERVERS => {
                let at = words.next().and_then(|word| address(word, &interface));
                read.servers.extend(at.map(|at| server(at, file, number)));
            }
            // The last one of these holds.
            Some("search" | "domain") => read.search = words.map(clean).collect(),
            _ => {}
        }
    }
    read
}

/// A name server that nobody has asked yet, and where it is named.
pub(super) fn server(at: SocketAddr, file: &str, line: u32) -> NameServer {
    NameServer {
        at,
        file: file.to_owned(),
        line,
        upstream: false,
        outcome: Known::default(),
        errno: None,
        said: None,
        took_us: 0,
    }
}

/// `10.0.0.2`, `fe80::1%eth0`.
pub(super) fn address(word: &str, interface: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    if let Ok(ip) = word.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, PORT));
    }
    let (ip, scope) = word.split_once('%')?;
    let ip: Ipv6Addr = ip.parse().ok()?;
    let scope = scope.parse().ok().or_else(|| interface(scope))?;
    Some(SocketAddrV6::new(ip, PORT, 0, scope).into())
}

/// The `hosts:` line of an `nsswitch.conf`.
pub(super) fn order(text: &str) -> Option<Order> {
    text.lines().zip(1..).find_map(|(line, number)| {
        let line = line.split('#').next().unwrap_or_default();
        let sources = line.trim_start().strip_prefix("hosts:")?;
        let words: Vec<&str> = sources.split_ascii_whitespace().collect();
        Some(Order {
            line: number,
            text: clean(&words.join(" ")),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ResolvConf {
        resolv_conf(text, "/etc/resolv.conf", |name| {
            (name == "eth0").then_some(7)
        })
    }

    #[test]
    fn name_servers_keep_their_lines() {
        let text = "# by hand\nsearch corp.test lan\nnameserver 10.0.0.2\nnameserver\t::1\n\
                    ;nameserver 10.0.0.9\nnameserver fe80::1%eth0\nnameserver 10.0.0.5\n";
        let read = read(text);
        let servers: Vec<_> = read.servers.iter().map(|s| (s.at, s.line)).collect();
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 53, 0, 7);
        assert_eq!(
            servers,
            [
                (at("10.0.0.2:53"), 3),
                (at("[::1]:53"), 4),
                (scoped.into(), 6)
            ]
        );
        assert_eq!(read.search, ["corp.test", "lan"]);
    }

    #[test]
    fn what_is_no_address_is_passed_over() {
        let bad =
            "nameserver\nnameserver dns.corp.test\nnameserver fe80::1%wlan9\nsearch a\ndomain b\n";
        let read = read(bad);
        assert_eq!(read.servers, []);
        assert_eq!(read.search, ["b"]);
    }

    #[test]
    fn the_order_of_the_sources_is_found() {
        let text =
            "passwd: files\n# hosts: no\nhosts:\t files  mdns4_minimal [NOTFOUND=return] dns # x\n";
        let found = order(text).unwrap();
        assert_eq!(found.line, 3);
        assert_eq!(found.text, "files mdns4_minimal [NOTFOUND=return] dns");
        assert_eq!(order("passwd: files\n"), None);
    }
}
