//! What `route print` of Windows prints: text in, ways out.
//!
//! Its headings and its word for a network of the machine's own (`On-link`) are
//! translated; rows are told by their numbers.

use std::net::{IpAddr, Ipv4Addr};

use super::{MOST_GATEWAYS, add};
use crate::facts::{Gateway, Known, clean};

/// A way out, by the address of the interface for IPv4 and by its number for IPv6.
struct Row<'a> {
    router: Option<IpAddr>,
    ipv6: bool,
    interface: &'a str,
    metric: u32,
}

/// The ways out, the one that is taken first of each family.
pub(crate) fn gateways(said: &str) -> Vec<Gateway> {
    let mut rows: Vec<Row> = said.lines().filter_map(row).collect();
    rows.sort_by_key(|row| (row.ipv6, row.metric));
    let mut found = Vec::new();
    for row in rows {
        add(
            &mut found,
            Gateway {
                ip: row.router,
                ipv6: row.ipv6,
                interface: clean(row.interface),
                answers: Known::default(),
                took_us: 0,
            },
        );
    }
    found.truncate(MOST_GATEWAYS);
    found
}

fn row(line: &str) -> Option<Row<'_>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let v4 = |word: &str| word.parse::<Ipv4Addr>().ok();
    // `0.0.0.0 0.0.0.0 192.168.1.1 192.168.1.20 25`; a row without an interface is kept for
    // the next start of the system, and does not hold now.
    if let [to, mask, router, .., interface, metric] = words[..]
        && let (Some(_), Some(mask), Some(_)) = (v4(to), v4(mask), v4(interface))
    {
        return (mask.to_bits().leading_ones() <= 1).then_some(Row {
            router: v4(router).map(IpAddr::V4),
            ipv6: false,
            interface,
            metric: metric.parse().ok()?,
        });
    }
    // `12 281 ::/0 fe80::1`
    let [interface, metric, to, router, ..] = words[..] else {
        return None;
    };
    let everywhere = matches!(to, "::/0" | "::/1" | "8000::/1" | "2000::/3");
    let number = interface.parse::<u32>().is_ok();
    (everywhere && number).then_some(Row {
        router: router.parse().ok(),
        ipv6: true,
        interface,
        metric: metric.parse().ok()?,
    })
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

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..WIFI.len(), with in "\\PC{0,12}") {
            gateways(&WIFI[..cut]);
            gateways(&WIFI.replace("0.0.0.0", &with).replace("12 ", &with));
            gateways(&with);
        }
    }
}
