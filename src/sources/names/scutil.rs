//! What `scutil --dns` of macOS prints, after `scutil(8)`: text in, name servers out.

use std::net::SocketAddr;

use super::config::{ResolvConf, address, server};
use crate::facts::clean;

/// The tool, as the place where a name server stands.
pub(super) const TOOL: &str = "scutil --dns";

/// One `resolver #N`.
#[derive(Default)]
struct Resolver {
    /// The domain whose names alone it is asked for.
    domain: Option<String>,
    search: Vec<String>,
    /// Where each is, and its line.
    servers: Vec<(SocketAddr, u32)>,
    port: Option<u16>,
    multicast: bool,
}

/// The name servers that are asked for this name: those of the narrowest domain that
/// holds it, or those for every name. `interface` has the numbers of the interfaces.
pub(super) fn servers(
    said: &str,
    name: &str,
    interface: impl Fn(&str) -> Option<u32>,
) -> ResolvConf {
    let all = resolvers(said, interface);
    let search = all.iter().find(|one| one.domain.is_none());
    let search = search.map(|one| one.search.clone()).unwrap_or_default();
    let name = name.trim_end_matches('.').to_lowercase();
    let held = all
        .iter()
        .filter(|one| !one.multicast && !one.servers.is_empty())
        .filter_map(|one| Some((holds(one.domain.as_deref(), &name)?, one)));
    // The first of those that are equally narrow is asked.
    let best = held.rev().max_by_key(|(length, _)| *length);
    let servers = best.map_or(Vec::new(), |(_, one)| {
        let port = one.port;
        let servers = one.servers.iter();
        servers
            .map(|(at, line)| server(with_port(*at, port), TOOL, *line))
            .collect()
    });
    ResolvConf { servers, search }
}

/// How narrow a domain is that holds the name; nothing if it does not.
fn holds(domain: Option<&str>, name: &str) -> Option<usize> {
    let Some(domain) = domain else {
        return Some(0);
    };
    let below = name.strip_suffix(domain)?;
    (below.is_empty() || below.ends_with('.')).then_some(domain.len())
}

fn with_port(mut at: SocketAddr, port: Option<u16>) -> SocketAddr {
    if let Some(port) = port {
        at.set_port(port);
    }
    at
}

/// Every resolver but those that only a client asks who names an interface.
fn resolvers(said: &str, interface: impl Fn(&str) -> Option<u32>) -> Vec<Resolver> {
    let mut all: Vec<Resolver> = Vec::new();
    for (line, number) in said.lines().zip(1..) {
        let line = line.trim();
        if line.contains("scoped queries") {
            break;
        }
        if line.starts_with("resolver #") {
            all.push(Resolver::default());
            continue;
        }
        let Some(((key, value), last)) = line.split_once(':').zip(all.last_mut()) else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        match key.split('[').next().unwrap_or_default() {
            "domain" => last.domain = Some(value.trim_end_matches('.').to_lowercase()),
            "search domain" => last.search.push(clean(value)),
            "nameserver" => {
                let at = address(value, &interface);
                last.servers.extend(at.map(|at| (at, number)));
            }
            "port" => last.port = value.parse().ok().filter(|port| *port != 0),
            "options" => last.multicast = value.contains("mdns"),
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // After the documented format, not a recording.
    const VPN: &str = "DNS configuration

resolver #1
  search domain[0] : home.lan
  nameserver[0] : 192.168.1.1
  nameserver[1] : fe80::1%en0
  if_index : 15 (en0)
  flags    : Request A records, Request AAAA records
  reach    : 0x00020002 (Reachable,Directly Reachable Address)

resolver #2
  domain   : corp.test
  nameserver[0] : 10.1.0.2
  flags    : Supplemental, Request A records
  order    : 101400

resolver #3
  domain   : local
  options  : mdns
  timeout  : 5
  order    : 300000

resolver #4
  domain   : docker.test
  nameserver[0] : 127.0.0.1
  port     : 5354

DNS configuration (for scoped queries)

resolver #1
  nameserver[0] : 203.0.113.1
  if_index : 15 (en0)
";

    fn told(name: &str) -> Vec<(String, u32)> {
        let read = servers(VPN, name, |name| (name == "en0").then_some(15));
        assert_eq!(read.search, ["home.lan"]);
        let servers = read.servers.into_iter();
        servers.map(|one| (one.at.to_string(), one.line)).collect()
    }

    #[test]
    fn the_servers_for_a_name_are_those_of_its_domain() {
        let home =
            [("192.168.1.1:53", 5), ("[fe80::1%15]:53", 6)].map(|(at, n)| (at.to_owned(), n));
        assert_eq!(told("shop.com"), home);
        assert_eq!(told("notcorp.test"), home);
        assert_eq!(told("git.CORP.test."), [("10.1.0.2:53".to_owned(), 13)]);
        assert_eq!(told("db.docker.test"), [("127.0.0.1:5354".to_owned(), 25)]);
        // Asked of the network itself, or by nobody who is known.
        assert_eq!(told("printer.local"), home);
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..VPN.len(), with in "\\PC{0,12}") {
            servers(&VPN[..cut], "shop.com", |_| None);
            servers(&VPN.replace("domain", &with).replace("192.168.1.1", &with), &with, |_| None);
            servers(&with, &with, |_| None);
        }
    }
}
