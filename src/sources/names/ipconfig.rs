//! What `ipconfig /all` of Windows prints: text in, name servers out.
//!
//! Its words are translated, but every language calls name servers by `DNS`, and what
//! else has that word in its label is no address.

use std::net::{IpAddr, SocketAddr};

use super::config::{ResolvConf, address, server};
use crate::facts::NameServer;

/// The tool, as the place where a name server stands.
pub(super) const TOOL: &str = "ipconfig /all";

/// The name servers of the adapter with this address, which is the one that leads out;
/// where it is not known, or has none, those of every adapter.
pub(super) fn servers(said: &str, way_out: Option<IpAddr>) -> ResolvConf {
    let mut adapters: Vec<(bool, Vec<NameServer>)> = Vec::new();
    let mut in_list = false;
    for (line, number) in said.lines().zip(1..) {
        // An adapter's name stands at the beginning of its line, its settings do not.
        if line.starts_with(|c: char| !c.is_whitespace()) {
            adapters.push((false, Vec::new()));
            in_list = false;
            continue;
        }
        let Some((leads_out, servers)) = adapters.last_mut() else {
            continue;
        };
        // The dots end the label; what follows the first server has none.
        let (label, value) = match line.split_once(" :") {
            Some((label, value)) => (Some(label), value),
            None => (None, line),
        };
        if let Some(label) = label {
            in_list = label.contains("DNS");
        }
        // `192.168.1.20(Preferred)`
        let value = value.trim();
        let plain = value.split('(').next().unwrap_or_default();
        *leads_out |= way_out.is_some() && plain.parse().ok() == way_out;
        if !in_list {
            continue;
        }
        let at = address(value, |_| None).filter(|at| !is_placeholder(at));
        servers.extend(at.map(|at| server(at, TOOL, number)));
    }
    let way = adapters.iter().find(|(out, list)| *out && !list.is_empty());
    let mut found: Vec<NameServer> = Vec::new();
    let all = adapters.iter().flat_map(|(_, list)| list);
    for server in way.map_or_else(
        || all.collect(),
        |(_, list)| list.iter().collect::<Vec<_>>(),
    ) {
        if found.iter().all(|known| known.at != server.at) {
            found.push(server.clone());
        }
    }
    ResolvConf {
        servers: found,
        search: Vec::new(),
    }
}

/// What Windows writes where nobody gave an adapter a name server: `fec0:0:0:ffff::1`.
fn is_placeholder(at: &SocketAddr) -> bool {
    match at.ip() {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfec0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // After the documented format, not a recording.
    const TWO: &str = "\r
Windows IP Configuration\r
\r
   Host Name . . . . . . . . . . . . : ANN-PC\r
   Primary Dns Suffix  . . . . . . . : \r
   DNS Suffix Search List. . . . . . : home.lan\r
\r
Ethernet adapter vEthernet (Default Switch):\r
\r
   IPv4 Address. . . . . . . . . . . : 172.20.0.1(Preferred) \r
   DNS Servers . . . . . . . . . . . : fec0:0:0:ffff::1%1\r
                                       fec0:0:0:ffff::2%1\r
   NetBIOS over Tcpip. . . . . . . . : Enabled\r
\r
Wireless LAN adapter Wi-Fi:\r
\r
   IPv4 Address. . . . . . . . . . . : 192.168.1.20(Preferred) \r
   Default Gateway . . . . . . . . . : fe80::1%12\r
                                       192.168.1.1\r
   DHCP Server . . . . . . . . . . . : 192.168.1.1\r
   DNS Servers . . . . . . . . . . . : 192.168.1.1\r
                                       fe80::1%12\r
   NetBIOS over Tcpip. . . . . . . . : Enabled\r
\r
Ethernet adapter Lab:\r
\r
   IPv4 Address. . . . . . . . . . . : 10.0.0.5(Preferred) \r
   DNS Servers . . . . . . . . . . . : 10.0.0.53\r
                                       192.168.1.1\r
";

    fn told(said: &str, way_out: Option<&str>) -> Vec<(String, u32)> {
        let found = servers(said, way_out.map(|ip| ip.parse().unwrap())).servers;
        let words = |one: NameServer| (one.at.to_string(), one.line);
        found.into_iter().map(words).collect()
    }

    #[test]
    fn the_servers_of_the_adapter_that_leads_out_are_asked() {
        let at = |at: &str, line| (at.to_owned(), line);
        let wifi = [at("192.168.1.1:53", 21), at("[fe80::1%12]:53", 22)];
        assert_eq!(told(TWO, Some("192.168.1.20")), wifi);
        let german = TWO
            .replace("DNS Servers ", "DNS-Server  ")
            .replace("Default Gateway", "Standardgateway");
        assert_eq!(told(&german, Some("192.168.1.20")), wifi);
        let [first, second] = wifi;
        let every = [first, second, at("10.0.0.53:53", 28)];
        assert_eq!(told(TWO, None), every);
        assert_eq!(told(TWO, Some("172.20.0.1")), every);
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..TWO.len(), with in "\\PC{0,12}") {
            servers(&TWO[..cut], None);
            servers(&TWO.replace("DNS", &with).replace("192.168.1.1", &with), None);
            servers(&with, None);
        }
    }
}
