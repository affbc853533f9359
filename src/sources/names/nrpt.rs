//! The table of name resolution policies of Windows (NRPT), after \[MS-GPNRPT\]: which
//! name servers are asked for the names of one domain. VPN programs write it. What
//! `reg query` prints of it in, name servers out.

use std::net::SocketAddr;

use super::config::{address, server};
use crate::facts::NameServer;

/// Where it is kept: the table of the domain's policies goes before the machine's own.
pub(super) const KEYS: [&str; 2] = [
    r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient\DnsPolicyConfig",
    r"HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters\DnsPolicyConfig",
];

/// The bit of `ConfigOptions` that says that the rule has name servers.
const HAS_SERVERS: u32 = 0x8;

/// One rule: the names that it is for, and who is asked for them.
#[derive(Default)]
struct Rule<'a> {
    names: Vec<&'a str>,
    servers: Vec<(SocketAddr, u32)>,
    options: u32,
}

/// How narrow a rule is that holds a name: the greatest holds.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Narrow {
    Everything,
    Domain(usize),
    FirstWord,
    Whole,
}

/// The name servers that the narrowest rule has for this name; none where no rule is for
/// it, or that rule leaves it to the adapters.
pub(super) fn servers(said: &str, key: &str, name: &str) -> Vec<NameServer> {
    let name = name.trim_end_matches('.').to_lowercase();
    let rules = rules(said);
    let held = rules.iter().filter_map(|rule| {
        let narrow = rule.names.iter().filter_map(|one| holds(one, &name));
        Some((narrow.max()?, rule))
    });
    // The first of those that are equally narrow.
    let Some((_, rule)) = held.rev().max_by(|(one, _), (other, _)| one.cmp(other)) else {
        return Vec::new();
    };
    if rule.options & HAS_SERVERS == 0 {
        return Vec::new();
    }
    let place = format!("reg query \"{key}\" /s");
    let servers = rule.servers.iter();
    servers
        .map(|(at, line)| server(*at, &place, *line))
        .collect()
}

/// `.corp.test` is a domain and all below it, `git.corp.test` one name, `git` every name
/// that begins with that word, `.` every name.
fn holds(rule: &str, name: &str) -> Option<Narrow> {
    let rule = rule.to_lowercase();
    if rule == "." {
        return Some(Narrow::Everything);
    }
    if let Some(domain) = rule.strip_prefix('.') {
        let below = name.strip_suffix(domain)?;
        let whole = below.is_empty() || below.ends_with('.');
        return (whole && !domain.is_empty()).then_some(Narrow::Domain(domain.len()));
    }
    if rule.contains('.') {
        return (rule == name).then_some(Narrow::Whole);
    }
    let first = name.split('.').next()?;
    (!rule.is_empty() && first == rule).then_some(Narrow::FirstWord)
}

/// A rule is a key of its own: its line begins at the left, the values' lines do not.
fn rules(said: &str) -> Vec<Rule<'_>> {
    let mut all: Vec<Rule> = Vec::new();
    for (line, number) in said.lines().zip(1..) {
        if line.starts_with("HKEY_") {
            all.push(Rule::default());
            continue;
        }
        let Some(((name, value), rule)) = value(line).zip(all.last_mut()) else {
            continue;
        };
        match name {
            "Name" => rule.names = value.split(r"\0").map(str::trim).collect(),
            "GenericDNSServers" => {
                let words = value.split([';', ',', ' ']);
                let at = words.filter_map(|word| address(word, |_| None));
                rule.servers = at.map(|at| (at, number)).collect();
            }
            "ConfigOptions" => {
                let digits = value.trim_start_matches("0x");
                rule.options = u32::from_str_radix(digits, 16).unwrap_or(0);
            }
            _ => {}
        }
    }
    all
}

/// `    ConfigOptions    REG_DWORD    0x8`
fn value(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.trim().split_once("    ")?;
    let (kind, value) = rest.trim_start().split_once("    ")?;
    kind.starts_with("REG_").then_some((name, value.trim()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // After the documented format, not a recording.
    const TABLE: &str = "\r
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Dnscache\\Parameters\\DnsPolicyConfig\\{5abe529b}\r
    Version    REG_DWORD    0x1\r
    Name    REG_MULTI_SZ    .corp.test\\0.lab.test\r
    GenericDNSServers    REG_SZ    100.100.100.100; fd7a::53\r
    ConfigOptions    REG_DWORD    0x8\r
\r
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Dnscache\\Parameters\\DnsPolicyConfig\\{77}\r
    Name    REG_MULTI_SZ    .eu.corp.test\r
    GenericDNSServers    REG_SZ    10.1.0.2\r
    ConfigOptions    REG_DWORD    0x8\r
\r
HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Dnscache\\Parameters\\DnsPolicyConfig\\{78}\r
    Name    REG_MULTI_SZ    vpn.corp.test\r
    ConfigOptions    REG_DWORD    0x2\r
";

    fn told(said: &str, name: &str) -> Vec<(String, u32)> {
        let found = servers(said, KEYS[1], name).into_iter();
        found.map(|one| (one.at.to_string(), one.line)).collect()
    }

    #[test]
    fn the_servers_for_a_name_are_those_of_the_narrowest_rule() {
        let all = ["100.100.100.100:53", "[fd7a::53]:53"].map(|at| (at.to_owned(), 5));
        assert_eq!(told(TABLE, "git.corp.test"), all);
        assert_eq!(told(TABLE, "CORP.test."), all);
        assert_eq!(told(TABLE, "a.lab.test"), all);
        let narrow = [("10.1.0.2:53".to_owned(), 10)];
        assert_eq!(told(TABLE, "git.eu.corp.test"), narrow);
        // Left to the adapters, and of no rule at all.
        assert_eq!(told(TABLE, "vpn.corp.test"), []);
        assert_eq!(told(TABLE, "notcorp.test"), []);
        let everything = TABLE.replace(".eu.corp.test", ".");
        assert_eq!(told(&everything, "shop.com"), narrow);
        assert_eq!(told(&everything, "git.corp.test"), all);
        let first = TABLE.replace(".eu.corp.test", "git");
        assert_eq!(told(&first, "git.corp.test"), narrow);
    }

    proptest! {
        #[test]
        fn anything_is_read(cut in 0..TABLE.len(), with in "\\PC{0,12}") {
            servers(&TABLE[..cut], KEYS[0], "git.corp.test");
            servers(&TABLE.replace(".corp.test", &with).replace("0x8", &with), KEYS[0], &with);
            servers(&with, KEYS[0], &with);
        }
    }
}
