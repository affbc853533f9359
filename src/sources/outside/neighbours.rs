//! What tools print of the neighbours on a network: text in, whether one was found out.
//!
//! `arp -an` and `ndp -an` of macOS, after `arp(8)` and `ndp(8)`, and `netsh interface
//! ipv4 show neighbors` of Windows, whose words are translated: a neighbour that was
//! found has an address of its hardware, one that was searched for in vain has none.

use std::net::IpAddr;

use crate::facts::{Gap, Known};

/// Whether the neighbour with this address was found, on any interface.
pub(super) fn is_there(said: &str, ip: IpAddr) -> Known<bool> {
    let rows = said.lines().filter_map(|line| row(line, ip));
    match rows.max() {
        Some(found) => Known::Seen(found),
        // Nobody has searched for it: there may be no search on such an interface.
        None => Known::Unseen(Gap::Unsupported),
    }
}

/// `? (192.168.1.1) at aa:bb:cc:dd:ee:ff on en0 …`, `fe80::1%en0 (incomplete) en0 …`,
/// `192.168.1.1 aa-bb-cc-dd-ee-ff Reachable`: whether such a row has a hardware address,
/// if it is for this neighbour.
fn row(line: &str, ip: IpAddr) -> Option<bool> {
    let mut words = line.split_whitespace();
    let is_it = |word: &str| {
        let plain = word.trim_matches(['(', ')']).split('%').next();
        plain.and_then(|plain| plain.parse().ok()) == Some(ip)
    };
    // The first word may be a name, or a question mark for none.
    words.by_ref().take(2).find(|word| is_it(word))?;
    Some(words.any(is_hardware))
}

/// `0:1a:2b:3c:4d:5e` or `00-1a-2b-3c-4d-5e`; nothing but zeros is no address.
fn is_hardware(word: &str) -> bool {
    let bytes: Vec<Option<u8>> = word
        .split([':', '-'])
        .map(|two| u8::from_str_radix(two, 16).ok().filter(|_| two.len() < 3))
        .collect();
    bytes.len() >= 6
        && bytes.iter().all(Option::is_some)
        && bytes.iter().any(|byte| *byte != Some(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // After the documented formats, not recordings.
    const ARP: &str = "? (192.168.1.1) at 0:1a:2b:3c:4d:5e on en0 ifscope [ethernet]
? (192.168.1.9) at (incomplete) on en0 ifscope [ethernet]
? (192.168.1.20) at (incomplete) on en1 ifscope [ethernet]
? (192.168.1.20) at aa:bb:cc:dd:ee:ff on en0 ifscope permanent [ethernet]
? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]
";
    const NDP: &str =
        "Neighbor                        Linklayer Address  Netif Expire    St Flgs Prbs
fe80::1%en0                     aa:bb:cc:dd:ee:ff    en0 23h59m55s S  R
fe80::9%en0                     (incomplete)         en0 1s        I
";
    const NETSH: &str = "\r
Schnittstelle 12: WLAN\r
\r
Internetadresse                               Physische Adresse  Typ\r
--------------------------------------------  -----------------  -----------\r
192.168.1.1                                   00-1a-2b-3c-4d-5e  Erreichbar\r
192.168.1.9                                   00-00-00-00-00-00  Nicht erreichbar\r
fe80::1                                       Unreachable        Unreachable\r
";

    fn told(said: &str, ip: &str) -> Option<bool> {
        is_there(said, ip.parse().unwrap()).seen().copied()
    }

    #[test]
    fn who_was_found_has_an_address_of_its_hardware() {
        for (said, ip, there) in [
            (ARP, "192.168.1.1", Some(true)),
            (ARP, "192.168.1.9", Some(false)),
            (ARP, "192.168.1.20", Some(true)),
            (ARP, "192.168.1.2", None),
            (NDP, "fe80::1", Some(true)),
            (NDP, "fe80::9", Some(false)),
            (NDP, "fe80::2", None),
            (NETSH, "192.168.1.1", Some(true)),
            (NETSH, "192.168.1.9", Some(false)),
            (NETSH, "192.168.1.12", None),
            (NETSH, "fe80::1", Some(false)),
        ] {
            assert_eq!(told(said, ip), there, "{ip} in {said}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..ARP.len(), with in "\\PC{0,12}") {
            told(&ARP[..cut], "192.168.1.20");
            told(&ARP.replace("192.168.1.1", &with).replace("0:1a", &with), "192.168.1.20");
            told(&with, "192.168.1.20");
        }
    }
}
