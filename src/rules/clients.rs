//! Which clients obey the proxy variables of the environment, and how each of them reads
//! `NO_PROXY`: no two do it alike.

use std::net::IpAddr;

use crate::facts::{Host, ProxyVariable, same_network};

/// A kind of client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// curl, and what is built on its library.
    Curl,
    /// urllib, requests and what is built on them.
    Python,
    /// Node.js from version 24, where it was told to obey.
    Node,
    /// Programs in Go.
    Go,
}

/// Every client, in the order in which they are named.
pub(super) const CLIENTS: [Client; 4] = [Client::Curl, Client::Python, Client::Node, Client::Go];

/// Who is asked for: a host without brackets, and the port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) secure: bool,
}

impl Client {
    /// The name a person would use.
    pub(super) fn name(self) -> &'static str {
        match self {
            Client::Curl => "curl",
            Client::Python => "Python",
            Client::Node => "Node.js",
            Client::Go => "Go",
        }
    }

    /// The variable that it obeys for this, if it does not make an exception.
    pub(super) fn obeys<'a>(self, host: &'a Host, asked: &Asked) -> Option<&'a ProxyVariable> {
        if self == Client::Node && !host.node_obeys {
            return None;
        }
        let no_proxy = self.no_proxy(host).unwrap_or_default();
        if self.excepts(asked, no_proxy) {
            return None;
        }
        let set = |name: &&str| host.proxies.iter().find(|proxy| proxy.name == **name);
        self.variables(asked.secure).iter().find_map(set)
    }

    /// The variables that it reads, the strongest first.
    fn variables(self, secure: bool) -> &'static [&'static str] {
        match (self, secure) {
            // It never obeys `HTTP_PROXY` in capitals: a web server sets that for a header.
            (Client::Curl, false) => &["http_proxy", "all_proxy", "ALL_PROXY"],
            (Client::Curl, true) => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            (Client::Python, false) => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
            (Client::Python, true) => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            (Client::Node, false) => &["http_proxy", "HTTP_PROXY"],
            (Client::Node, true) => &["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"],
            (Client::Go, false) => &["HTTP_PROXY", "http_proxy"],
            (Client::Go, true) => &["HTTPS_PROXY", "https_proxy"],
        }
    }

    /// The exceptions that it reads: Go prefers capitals, the others do not.
    fn no_proxy(self, host: &Host) -> Option<&str> {
        let capital = host.no_proxy_capital.as_deref();
        let capital = capital.filter(|_| self == Client::Go);
        capital.or(host.no_proxy.as_deref())
    }

    /// Whether it goes to this host without a proxy.
    pub(super) fn excepts(self, asked: &Asked, no_proxy: &str) -> bool {
        let name = asked.host.trim_end_matches('.').to_ascii_lowercase();
        let ip: Option<IpAddr> = name.parse().ok();
        let list = no_proxy.trim().to_ascii_lowercase();
        match self {
            Client::Curl => by_curl(&name, ip, &list),
            Client::Python => by_python(&name, asked.port, &list),
            Client::Node => by_node(&name, asked.port, &list),
            Client::Go => by_go(&name, ip, asked.port, &list),
        }
    }
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ' ', '\t'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// Whether a name is this one, or below it.
fn is_or_below(name: &str, other: &str) -> bool {
    !other.is_empty()
        && (name == other
            || name
                .strip_suffix(other)
                .is_some_and(|rest| rest.ends_with('.')))
}

/// Names with or without a dot before them mean the same; networks count since 7.86; a
/// star counts alone only.
fn by_curl(name: &str, ip: Option<IpAddr>, list: &str) -> bool {
    list == "*"
        || words(list).any(|entry| {
            let entry = entry.trim_matches(['[', ']']);
            if let Some(ip) = ip {
                return entry.parse().is_ok_and(|other: IpAddr| other == ip)
                    || is_in_network(ip, entry);
            }
            let entry = entry.strip_prefix('.').unwrap_or(entry);
            is_or_below(name, entry.trim_end_matches('.'))
        })
}

/// Addresses are names like any other, a port may stand behind, networks count for nothing.
fn by_python(name: &str, port: u16, list: &str) -> bool {
    let whole = format!("{name}:{port}");
    list == "*"
        || list.split(',').map(str::trim).any(|entry| {
            let entry = entry.trim_start_matches('.');
            is_or_below(name, entry) || is_or_below(&whole, entry)
        })
}

/// A name means itself only; with a dot or a star before it, what ends with it.
fn by_node(name: &str, port: u16, list: &str) -> bool {
    list == "*"
        || words(list).any(|entry| {
            let (host, wanted) = match entry.rsplit_once(':') {
                Some((host, digits)) if digits.parse::<u16>().is_ok() => {
                    (host, digits.parse().ok())
                }
                _ => (entry, None),
            };
            if wanted.is_some_and(|wanted: u16| wanted != port) {
                return false;
            }
            match host
                .strip_prefix('*')
                .or(host.starts_with('.').then_some(host))
            {
                Some(end) => name.ends_with(end),
                None => name == host,
            }
        })
}

/// This machine never goes through a proxy; a dot before a name means what is below it;
/// networks and ports count.
fn by_go(name: &str, ip: Option<IpAddr>, port: u16, list: &str) -> bool {
    if name == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
        return true;
    }
    list.split(',').map(str::trim).any(|entry| {
        if entry == "*" {
            return true;
        }
        if entry.is_empty() {
            return false;
        }
        if let Some(ip) = ip
            && is_in_network(ip, entry)
        {
            return true;
        }
        let (host, wanted) = match entry.rsplit_once(':') {
            Some((host, digits)) if !host.contains(':') || host.ends_with(']') => {
                (host, digits.parse::<u16>().ok())
            }
            _ => (entry, None),
        };
        if wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        let host = host.trim_matches(['[', ']']);
        if let Some(ip) = ip {
            return host.parse().is_ok_and(|other: IpAddr| other == ip);
        }
        match host.strip_prefix("*.").or(host.strip_prefix('.')) {
            Some(below) => name != below && is_or_below(name, below),
            None => is_or_below(name, host),
        }
    })
}

/// Whether an address is in a network written as `10.0.0.0/8`.
fn is_in_network(ip: IpAddr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else {
        return false;
    };
    match (base.parse(), bits.parse()) {
        (Ok(base), Ok(bits)) => same_network(ip, base, bits),
        _ => false,
    }
}

/// One entry of Java's `http.nonProxyHosts`: a whole name, in which a star stands for
/// anything at either end and nowhere else. An IPv6 address has its brackets there.
pub(super) fn by_java(host: &str, entry: &str) -> bool {
    let (mut host, entry) = (host.to_ascii_lowercase(), entry.to_ascii_lowercase());
    if host.contains(':') {
        host = format!("[{host}]");
    }
    if entry == "*" {
        return true;
    }
    match (entry.strip_prefix('*'), entry.strip_suffix('*')) {
        (Some(end), None) => host.ends_with(end),
        (None, Some(start)) => host.starts_with(start),
        (None, None) => host == entry,
        (Some(rest), Some(_)) => host.contains(rest.strip_suffix('*').unwrap_or(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host with its port, a list, and whether curl, Python, Node.js and Go go there
    /// without a proxy.
    const TABLE: &[(&str, &str, [bool; 4])] = &[
        ("localhost:3000", "", [false, false, false, true]),
        (
            "localhost:3000",
            "localhost,127.0.0.1",
            [true, true, true, true],
        ),
        ("LOCALHOST:3000", "localhost", [true, true, true, true]),
        (
            "localhost:3000",
            "127.0.0.1,::1",
            [false, false, false, true],
        ),
        ("127.0.0.1:3000", "localhost", [false, false, false, true]),
        ("127.0.0.1:3000", "127.0.0.0/8", [true, false, false, true]),
        ("10.1.2.3:3000", "10.0.0.0/8", [true, false, false, true]),
        ("10.1.2.3:3000", "10.1.2.3", [true, true, true, true]),
        (
            "10.1.2.3:3000",
            "128.0.0.0/8,10.0.0.0/x",
            [false, false, false, false],
        ),
        ("::1:3000", "[::1]", [true, false, false, true]),
        ("api.corp.test:80", "corp.test", [true, true, false, true]),
        ("api.corp.test:80", ".corp.test", [true, true, true, true]),
        ("corp.test:80", ".corp.test", [true, true, false, false]),
        (
            "api.corp.test:80",
            "*.corp.test",
            [false, false, true, true],
        ),
        ("notcorp.test:80", "corp.test", [false, false, false, false]),
        (
            "corp.test:8080",
            "corp.test:8080",
            [false, true, true, true],
        ),
        (
            "corp.test:8080",
            "corp.test:9090",
            [false, false, false, false],
        ),
        (
            "corp.test:80",
            "a.test corp.test",
            [true, false, true, false],
        ),
        ("corp.test:80", "*", [true, true, true, true]),
        ("corp.test:80", "a.test,*", [false, false, true, true]),
        ("corp.test:80", ". ,,", [false, false, false, false]),
    ];

    #[test]
    fn every_client_reads_exceptions_in_its_own_way() {
        for (at, list, expected) in TABLE {
            let (host, port) = at.rsplit_once(':').unwrap();
            let asked = Asked {
                host,
                port: port.parse().unwrap(),
                secure: false,
            };
            let seen = CLIENTS.map(|client| client.excepts(&asked, list));
            assert_eq!(seen, *expected, "{at} with `{list}`, for {CLIENTS:?}");
        }
    }

    /// What Java itself says of each line: `tests/oracles/java.rs` asks it.
    const JAVA: &str = include_str!("../../tests/oracles/java/excepts.tsv");

    #[test]
    fn java_reads_exceptions_in_a_way_of_its_own() {
        let mut lines = 0;
        for line in JAVA.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            let [host, list, expected] = words[..] else {
                panic!("three words are wanted: {line:?}");
            };
            let host = host.trim_matches(['[', ']']);
            let direct = list.split('|').any(|entry| by_java(host, entry));
            assert_eq!(direct, expected == "direct", "{host} with `{list}`");
            lines += 1;
        }
        assert!(lines > 30);
    }

    #[test]
    fn every_client_has_variables_of_its_own() {
        let variable = |name: &str| ProxyVariable {
            name: name.to_owned(),
            scheme: "http".to_owned(),
            host: "proxy".to_owned(),
            port: 1,
            reachable: None,
        };
        let told = |names: &[&str], secure, node_obeys| {
            let host = Host {
                proxies: names.iter().map(|name| variable(name)).collect(),
                node_obeys,
                ..Host::default()
            };
            let asked = Asked {
                host: "corp.test",
                port: 80,
                secure,
            };
            CLIENTS.map(|client| client.obeys(&host, &asked).map(|one| one.name.clone()))
        };
        let some = |name: &str| Some(name.to_owned());
        let both = ["http_proxy", "HTTP_PROXY"];
        let lower = some("http_proxy");
        assert_eq!(
            told(&both, false, true),
            [
                lower.clone(),
                lower.clone(),
                lower.clone(),
                some("HTTP_PROXY")
            ]
        );
        let capital = some("HTTP_PROXY");
        assert_eq!(
            told(&["HTTP_PROXY"], false, false),
            [None, capital.clone(), None, capital]
        );
        let all = some("ALL_PROXY");
        assert_eq!(
            told(&["ALL_PROXY"], true, true),
            [all.clone(), all, None, None]
        );
        assert_eq!(told(&["http_proxy"], true, true), [None, None, lower, None]);
    }

    #[test]
    fn go_prefers_capitals() {
        let host = Host {
            no_proxy: Some("a.test".to_owned()),
            no_proxy_capital: Some("b.test".to_owned()),
            ..Host::default()
        };
        assert_eq!(Client::Go.no_proxy(&host), Some("b.test"));
        assert_eq!(Client::Curl.no_proxy(&host), Some("a.test"));
    }
}
