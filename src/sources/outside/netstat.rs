//! What `netstat -rn` of macOS prints, after `netstat(1)`: text in, ways out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{MOST_GATEWAYS, add};
use crate::facts::{Gateway, Known, clean};

/// The networks that hold half of all addresses or more, as the tool writes them; a VPN
/// takes all addresses by two of these.
const EVERYWHERE: &[&str] = &[
    "default", "0/1", "128.0/1", "::/0", "::/1", "8000::/1", "2000::/3",
];

/// The ways out of the two tables. Routes of one interface alone (`I`) are taken only by
/// those who ask for that interface.
pub(super) fn gateways(said: &str) -> Vec<Gateway> {
    let mut found = Vec::new();
    let (mut ipv6, mut netif) = (false, None);
    for line in said.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["Internet:"] => ipv6 = false,
            ["Internet6:"] => ipv6 = true,
            // Older ones have more columns.
            ["Destination", ..] => netif = words.iter().position(|word| *word == "Netif"),
            [to, router, flags, ..] if EVERYWHERE.contains(&to) => {
                let Some(interface) = netif.and_then(|at| words.get(at)) else {
                    continue;
                };
                let has = |flag| flags.contains(flag);
                if !has('U') || has('I') || has('R') || has('B') {
                    continue;
                }
                // `link#22` is the interface itself.
                let address = router.split('%').next().unwrap_or_default().parse();
                let ip = address.ok().filter(|_| has('G')).filter(is_router);
                add(
                    &mut found,
                    Gateway {
                        ip,
                        ipv6,
                        interface: clean(interface),
                        answers: Known::default(),
                        took_us: 0,
                    },
                );
            }
            _ => {}
        }
    }
    found.truncate(MOST_GATEWAYS);
    found
}

/// `fe80::%utun0` is no machine.
fn is_router(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => *ip != Ipv4Addr::UNSPECIFIED,
        IpAddr::V6(ip) => *ip != Ipv6Addr::UNSPECIFIED && ip.segments()[4..] != [0; 4],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // After the documented format, not a recording.
    const WIFI: &str = "Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            192.168.1.1        UGScg                 en0
default            link#22            UCSIg           bridge100      !
127                127.0.0.1          UCS                   lo0
192.168.1          link#15            UCS                   en0      !

Internet6:
Destination                             Gateway                                 Flags               Netif Expire
default                                 fe80::1%en0                             UGcg                  en0
default                                 fe80::%utun0                            UGcIg               utun0
::1                                     ::1                                     UHL                   lo0
";

    fn told(said: &str) -> Vec<(Option<String>, bool, String)> {
        let words = |one: Gateway| (one.ip.map(|ip| ip.to_string()), one.ipv6, one.interface);
        gateways(said).into_iter().map(words).collect()
    }

    #[test]
    fn the_ways_out_are_found_and_those_of_one_interface_are_not() {
        let en0 = |ip: &str, ipv6| (Some(ip.to_owned()), ipv6, "en0".to_owned());
        assert_eq!(
            told(WIFI),
            [en0("192.168.1.1", false), en0("fe80::1", true)]
        );
        let older = "Internet:\nDestination Gateway Flags Refs Use Netif Expire\n\
                     default 192.168.1.1 UGSc 90 12 en0\n";
        assert_eq!(told(older), [en0("192.168.1.1", false)]);
        let vpn = "Internet:\nDestination Gateway Flags Netif Expire\n\
                   0/1 10.8.0.1 UGSc utun4\n128.0/1 10.8.0.1 UGSc utun4\n";
        let utun4 = (Some("10.8.0.1".to_owned()), false, "utun4".to_owned());
        assert_eq!(told(vpn), [utun4]);
        let none = "Internet:\nDestination Gateway Flags Netif Expire\n\
                    default 10.0.0.1 UGRS en0\n127 127.0.0.1 UCS lo0\n";
        assert_eq!(told(none), []);
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..WIFI.len(), with in "\\PC{0,12}") {
            gateways(&WIFI[..cut]);
            gateways(&WIFI.replace("default", &with).replace("UGScg", &with));
            gateways(&with);
        }
    }
}
