//! Family 1 name: the name does not lead where it should.

pub mod hosts_entry;
pub mod localhost_not_loopback;
mod meant;
pub mod name_not_found;
pub mod resolver_unreachable;
pub mod stale_dns;
pub mod subdomain_of_localhost;

use std::net::IpAddr;

use super::Case;
use crate::facts::{
    Container, DnsAnswer, DnsCode, HostsEntry, Known, NameServer, Outcome, human_micros,
};
use crate::findings::{Evidence, Fix, Seen};

/// Top-level domains that name servers of the internet do not know, or that belong to
/// this machine or this network alone.
const PRIVATE: &[&str] = &[
    "arpa",
    "corp",
    "docker",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
];

/// Whether a name looks like one that name servers know: it has a domain that is not private.
#[must_use]
pub fn looks_public(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.rsplit_once('.')
        .is_some_and(|(_, top)| !PRIVATE.iter().any(|known| known.eq_ignore_ascii_case(top)))
}

/// Where the hosts file of this system is.
fn hosts_path(os: &str) -> &'static str {
    match os {
        "windows" => r"C:\Windows\System32\drivers\etc\hosts",
        _ => "/etc/hosts",
    }
}

/// The container that goes by this name in the engine's networks.
#[must_use]
pub fn container_named<'a>(case: &Case<'a>, host: &str) -> Option<&'a Container> {
    let by_name = |container: &&Container| {
        container.service().eq_ignore_ascii_case(host) || container.name.eq_ignore_ascii_case(host)
    };
    case.facts.containers.items().iter().find(by_name)
}

/// Addresses that some name server gives the target, and the system's resolver does not.
#[must_use]
pub fn other_addresses(case: &Case) -> Vec<IpAddr> {
    let own = case.resolution().and_then(|found| found.addresses.seen());
    let servers = case
        .facts
        .names
        .seen()
        .and_then(|names| names.servers.seen());
    let mut others: Vec<IpAddr> = Vec::new();
    for ip in servers
        .into_iter()
        .flatten()
        .flat_map(|one| one.addresses())
    {
        if own.is_some_and(|own| !own.contains(ip)) && !others.contains(ip) {
            others.push(*ip);
        }
    }
    others
}

/// The lines of the hosts file that give this name an address.
fn hosts_entries<'a>(case: &Case<'a>, host: &str) -> impl Iterator<Item = &'a HostsEntry> {
    let entries = case.facts.host.hosts_file.items().iter();
    entries.filter(move |entry| {
        entry
            .names
            .iter()
            .any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host))
    })
}

/// In which order the sources of names are asked.
fn order_evidence(case: &Case) -> Option<Evidence> {
    let order = case.facts.names.seen()?.order.seen()?;
    Some(Evidence::new(
        format!("`hosts: {}`", order.text),
        Seen::File {
            file: "/etc/nsswitch.conf".to_owned(),
            line: Some(order.line),
        },
    ))
}

/// Gives the target's name to this machine, where a command can.
fn add_to_hosts(case: &Case) -> Option<Fix> {
    let host = &case.target.host;
    let file = hosts_path(&case.facts.host.os);
    let words = [
        "sudo",
        "sh",
        "-c",
        &format!("echo '127.0.0.1 {host}' >> {file}"),
    ]
    .map(str::to_owned);
    (case.facts.host.os != "windows").then(|| {
        Fix::safe(
            "if it should be this machine, say so in the hosts file",
            words,
        )
    })
}

/// Asks a name server for the target's name by itself, or whichever the system would ask:
/// with a word of `dig`, or with what is the same for the tool of Windows.
fn ask(case: &Case, title: &str, how: Option<&str>, server: Option<&str>) -> Fix {
    let host = case.target.host.as_str();
    if case.facts.host.os == "windows" {
        let tcp = how.filter(|how| *how == "+tcp").map(|_| "-vc");
        let tool = std::iter::once("nslookup").chain(tcp);
        return Fix::safe(title, tool.chain([host]).chain(server));
    }
    let at = server.map(|server| format!("@{server}"));
    let tool = std::iter::once("dig").chain(how);
    Fix::safe(title, tool.chain(at.as_deref()).chain([host]))
}

/// What a server without an answer did.
fn manner(server: &NameServer) -> &'static str {
    match server.outcome {
        Known::Seen(Outcome::Refused) => "is not there: nobody takes questions at its port 53",
        Known::Seen(Outcome::Unreachable) => "cannot be reached",
        Known::Seen(Outcome::Denied) => "may not be asked: the system does not permit it",
        _ => "does not answer",
    }
}

/// That an answer is cut short, and why the rest could not be had.
fn cut_words(said: &DnsAnswer) -> String {
    let over_tcp = match said.over_tcp {
        Some(Outcome::Refused) => "refuses connections (TCP)",
        Some(Outcome::TimedOut) => "does not answer over TCP",
        Some(Outcome::Unreachable) => "cannot be reached over TCP",
        Some(Outcome::Denied) => "may not be asked over TCP",
        _ => "breaks off over TCP",
    };
    format!("has an answer that is too long for a datagram, and {over_tcp} at its port 53")
}

/// What came of asking a name server, with the line that names it.
fn server_evidence(server: &NameServer) -> Evidence {
    let at = server.at.ip();
    let behind = if server.upstream {
        ", which the resolver of this machine asks,"
    } else {
        ""
    };
    let says = match &server.said {
        Some(said) if said.is_cut() => format!("{at}{behind} {}", cut_words(said)),
        Some(said) if said.code == DnsCode::Ok && said.addresses.is_empty() => {
            format!("{at}{behind} says that the name has no address")
        }
        Some(said) if said.code == DnsCode::Ok => {
            let list: Vec<_> = said.addresses.iter().map(ToString::to_string).collect();
            format!("{at}{behind} says {}", list.join(", "))
        }
        Some(said) if said.held_back => format!(
            "{at}{behind} says {}, and answers where it need not check signatures",
            said.code.word()
        ),
        Some(said) => format!("{at}{behind} says {}", said.code.word()),
        None => {
            let errno = server.errno.map(|errno| format!(" (errno {errno})"));
            let after = human_micros(server.took_us);
            let errno = errno.unwrap_or_else(|| format!(" for {after}"));
            format!("{at}{behind} {}{errno}", manner(server))
        }
    };
    Evidence::new(
        says,
        Seen::File {
            file: server.file.clone(),
            line: Some(server.line),
        },
    )
}
