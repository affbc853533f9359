//! How this machine finds the addresses of names, and what each of its name servers says.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Known, Outcome};

/// The ways in which this machine looks names up, and what they say of the asked one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// The order in which the sources of host names are asked.
    pub order: Known<Order>,
    /// The name servers that this system is configured with, each asked by itself where
    /// the target is another machine.
    pub servers: Known<Vec<NameServer>>,
    /// Domains that are added to names without a dot.
    pub search: Vec<String>,
    /// Programs of this machine that keep the answers of name servers.
    pub caches: Vec<NameCache>,
    /// Whether the hosts file begins with a byte order mark, which hides its first line
    /// from the resolvers of Linux.
    pub hosts_marked: bool,
}

/// The `hosts:` line of `nsswitch.conf`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its line, from 1.
    pub line: u32,
    /// The sources as they are written: `files mdns4_minimal [NOTFOUND=return] dns`.
    pub text: String,
}

impl Order {
    /// Whether this source is asked.
    #[must_use]
    pub fn has(&self, source: &str) -> bool {
        self.text.split_whitespace().any(|word| word == source)
    }

    /// Whether names ending in `.local` are asked for by multicast DNS.
    #[must_use]
    pub fn has_multicast(&self) -> bool {
        let mut words = self.text.split_whitespace();
        words.any(|word| word.starts_with("mdns") || word == "resolve")
    }
}

/// One name server, and what it says of the asked name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameServer {
    /// Where it is.
    pub at: SocketAddr,
    /// The file that names it.
    pub file: String,
    /// The line of that file, from 1.
    pub line: u32,
    /// Whether it stands behind a resolver of this machine, which asks it in our place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub upstream: bool,
    /// What came of asking it.
    #[serde(default)]
    pub outcome: Known<Outcome>,
    /// The system's error number, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<DnsAnswer>,
    /// How long that took, in microseconds.
    #[serde(default)]
    pub took_us: u64,
}

impl NameServer {
    /// The addresses that it gave, if it gave any.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        self.said.as_ref().map_or(&[], |said| &said.addresses)
    }

    /// Whether it was asked, and told whether the name has an address.
    #[must_use]
    pub fn knows(&self) -> bool {
        let whole = self.said.as_ref().filter(|said| !said.is_cut());
        let code = whole.map(|said| said.code);
        matches!(code, Some(DnsCode::Ok | DnsCode::NoSuchName))
    }
}

/// The answer of a name server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsAnswer {
    /// How it answered.
    pub code: DnsCode,
    /// The addresses, IPv4 first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// For how many seconds the answer may be kept: the least of its records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u32>,
    /// Whether it checked the signatures of the answer (DNSSEC), and they are right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// Whether it has an answer, and holds it back because its signatures are wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
    /// What came of asking it again over TCP, where its answer was too long for a datagram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_tcp: Option<Outcome>,
}

impl DnsAnswer {
    /// Whether it is cut short, and the rest could not be had.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.over_tcp
            .is_some_and(|outcome| outcome != Outcome::Answered)
    }
}

/// How a name server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DnsCode {
    /// With what it knows of the name, which may be nothing (`NOERROR`).
    Ok,
    /// There is no such name (`NXDOMAIN`).
    NoSuchName,
    /// It could not find out (`SERVFAIL`).
    Failed,
    /// It does not answer such questions, or not ours (`REFUSED`).
    Refused,
    /// Something else.
    Other,
}

impl DnsCode {
    /// The word that every tool for name servers uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DnsCode::Ok => "NOERROR",
            DnsCode::NoSuchName => "NXDOMAIN",
            DnsCode::Failed => "SERVFAIL",
            DnsCode::Refused => "REFUSED",
            DnsCode::Other => "an error",
        }
    }
}

/// A program that keeps the answers of name servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameCache {
    /// systemd-resolved.
    SystemdResolved,
    /// The name service cache of the C library.
    Nscd,
    /// dnsmasq.
    Dnsmasq,
}

impl NameCache {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            NameCache::SystemdResolved => "systemd-resolved",
            NameCache::Nscd => "nscd",
            NameCache::Dnsmasq => "dnsmasq",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Order {
        Order {
            line: 1,
            text: text.to_owned(),
        }
    }

    #[test]
    fn the_sources_of_names_are_told_apart_from_what_is_done_after_them() {
        let debian = order("files mdns4_minimal [NOTFOUND=return] dns myhostname");
        assert!(debian.has("files") && debian.has("myhostname") && debian.has_multicast());
        let plain = order("dns [!UNAVAIL=return] files");
        assert!(!plain.has("myhostname") && !plain.has_multicast());
        assert!(order("resolve [!UNAVAIL=return] dns").has_multicast());
    }
}
