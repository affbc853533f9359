//! What `route print` of Windows prints: text in, routes out.
//!
//! Its headings and its word for a network of the machine's own (`On-link`) are
//! translated; rows are told by their numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{MOST_GATEWAYS, add};
use crate::facts::{Gateway, Known, clean};

/// One active route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) network: IpAddr,
    pub(crate) prefix: u8,
    pub(crate) router: Option<IpAddr>,
    /// The address of the interface for IPv4, and its number for IPv6.
    pub(crate) interface: &'a str,
    /// That of the route and that of the interface together.
    pub(crate) metric: u32,
}

/// The ways out, the one that is taken first of each family.
pub(crate) fn gateways(said: &str) -> Vec<Gateway> {
    let mut rows: Vec<Row> = rows(said).into_iter().filter(is_way_out).collect();
    rows.sort_by_key(|row| (row.network.is_ipv6(), row.metric));
    let mut found = Vec::new();
    for row in rows {
        add(
            &mut found,
            Gateway {
                ip: row.router,
                ipv6: row.network.is_ipv6(),
                interface: clean(row.interface),
                answers: Known::default(),
                took_us: 0,
            },
        );
    }
    found.truncate(MOST_GATEWAYS);
    found
}

/// Whether half of all addresses or more go there; `2000::/3` is all of the internet
/// there is.
fn is_way_out(row: &Row) -> bool {
    match row.network {
        IpAddr::V4(_) => row.prefix <= 1,
        IpAddr::V6(ip) => row.prefix <= 1 || row.prefix <= 3 && ip.segments()[0] == 0x2000,
    }
}

/// Every active route.
pub(crate) fn rows(said: &str) -> Vec<Row<'_>> {
    let mut rows: Vec<Row> = Vec::new();
    // A long network of IPv6 leaves its router no room on the line.
    let mut is_open = false;
    for line in said.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if is_open
            && let [router] = words[..]
            && let Some(last) = rows.last_mut()
        {
            last.router = router.parse().ok();
        }
        let read = row_v4(&words).or_else(|| row_v6(&words));
        is_open = words.len() == 3 && read.is_some();
        rows.extend(read);
    }
    rows
}

/// `0.0.0.0 0.0.0.0 192.168.1.1 192.168.1.20 25`; a row without an interface is kept for
/// the next start of the system, and does not hold now.
fn row_v4<'a>(words: &[&'a str]) -> Option<Row<'a>> {
    let [network, mask, router, .., interface, metric] = words[..] else {
        return None;
    };
    let v4 = |word: &str| word.parse::<Ipv4Addr>().ok();
    v4(interface)?;
    Some(Row {
        network: v4(network)?.into(),
        prefix: u8::try_from(v4(mask)?.to_bits().leading_ones()).ok()?,
        router: v4(router).map(IpAddr::V4),
        interface,
        metric: metric.parse().ok()?,
    })
}

/// `12 281 ::/0 fe80::1`; one for the next start of the system is of the interface 0.
fn row_v6<'a>(words: &[&'a str]) -> Option<Row<'a>> {
    let [interface, metric, to, ref rest @ ..] = words[..] else {
        return None;
    };
    let (network, prefix) = to.split_once('/')?;
    let number: u32 = interface.parse().ok()?;
    let row = Row {
        network: network.parse::<Ipv6Addr>().ok()?.into(),
        prefix: prefix.parse().ok().filter(|bits| *bits <= 128)?,
        router: rest.first().and_then(|router| router.parse().ok()),
        interface,
        metric: metric.parse().ok()?,
    };
    (number != 0).then_some(row)
}

/// The number of each interface, and what its driver calls it:
/// ` 12...00 15 5d 01 02 03 ......Intel(R) Wi-Fi 6 AX201`.
pub(crate) fn devices(said: &str) -> Vec<(u32, &str)> {
    said.lines()
        .filter_map(|line| {
            let (number, rest) = line.trim().split_once("...")?;
            let name = rest.rsplit_once("...").map_or(rest, |(_, name)| name);
            let name = name.trim_start_matches('.').trim();
            Some((number.parse().ok()?, name)).filter(|_| !name.is_empty())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // After the documented format, not a recording.
    const WIFI: &str =
        "===========================================================================\r
Interface List\r
 12...00 15 5d 01 02 03 ......Intel(R) Wi-Fi 6 AX201\r
  1...........................Software Loopback Interface 1\r
===========================================================================\r
\r
IPv4 Route Table\r
===========================================================================\r
Active Routes:\r
Network Destination        Netmask          Gateway       Interface  Metric\r
          0.0.0.0          0.0.0.0      192.168.1.1     192.168.1.20     25\r
        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331\r
      192.168.1.0    255.255.255.0         On-link      192.168.1.20    281\r
===========================================================================\r
Persistent Routes:\r
  Network Address          Netmask  Gateway Address  Metric\r
          0.0.0.0          0.0.0.0         10.0.0.1  Default\r
===========================================================================\r
\r
IPv6 Route Table\r
===========================================================================\r
Active Routes:\r
 If Metric Network Destination      Gateway\r
 12    281 ::/0                     fe80::1\r
  1    331 ::1/128                  On-link\r
===========================================================================\r
";

    fn told(said: &str) -> Vec<(Option<String>, String)> {
        let words = |one: Gateway| (one.ip.map(|ip| ip.to_string()), one.interface);
        gateways(said).into_iter().map(words).collect()
    }

    fn way(ip: &str, interface: &str) -> (Option<String>, String) {
        (Some(ip.to_owned()), interface.to_owned())
    }

    #[test]
    fn the_ways_out_are_found_in_any_language() {
        let wifi = [way("192.168.1.1", "192.168.1.20"), way("fe80::1", "12")];
        assert_eq!(told(WIFI), wifi);
        let german = WIFI.replace("On-link", "Auf Verbindung");
        assert_eq!(told(&german), wifi);
        // A VPN whose interface itself leads out, and which is taken before the router.
        let vpn = "0.0.0.0 0.0.0.0 192.168.1.1 192.168.1.20 50\n\
                   0.0.0.0 128.0.0.0 Auf Verbindung 10.8.0.2 5\n\
                   128.0.0.0 128.0.0.0 Auf Verbindung 10.8.0.2 5\n";
        let taken = (None, "10.8.0.2".to_owned());
        assert_eq!(told(vpn), [taken, way("192.168.1.1", "192.168.1.20")]);
    }

    #[test]
    fn every_route_and_interface_is_read() {
        let wrapped = format!(
            "{WIFI}  3    281 2001:db8:1:2:3:4:5:6/128\r\n                    fe80::7\r\n\
             \x20 0 4294967295 2001:db8::/32            On-link\r\n"
        );
        let told: Vec<_> = rows(&wrapped)
            .into_iter()
            .map(|row| (format!("{}/{}", row.network, row.prefix), row.router))
            .collect();
        let row = |network: &str, router: Option<&str>| {
            let router = router.map(|ip| ip.parse().unwrap());
            (network.to_owned(), router)
        };
        assert_eq!(
            told,
            [
                row("0.0.0.0/0", Some("192.168.1.1")),
                row("127.0.0.0/8", None),
                row("192.168.1.0/24", None),
                row("::/0", Some("fe80::1")),
                row("::1/128", None),
                row("2001:db8:1:2:3:4:5:6/128", Some("fe80::7")),
            ]
        );
        let devices = devices(WIFI);
        let card = (12, "Intel(R) Wi-Fi 6 AX201");
        assert_eq!(devices, [card, (1, "Software Loopback Interface 1")]);
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..WIFI.len(), with in "\\PC{0,12}") {
            devices(&WIFI[..cut]);
            gateways(&WIFI[..cut]);
            gateways(&WIFI.replace("0.0.0.0", &with).replace("12 ", &with));
            gateways(&with);
            devices(&with);
        }
    }
}
