//! # The name leads elsewhere than a name server says
//!
//! ## What happened
//!
//! The address that programs on this machine get for the name is not the one that
//! a name server gives now; theirs fails, and the other one answers. Or programs
//! are still told that there is no such name, and a name server knows it.
//!
//! ## Why
//!
//! Answers are kept for as long as they say (minutes to days), also the answer
//! that there is no such name: by systemd-resolved, nscd, dnsmasq, the router,
//! and by many programs for themselves. A record that was just moved or made is
//! the usual case. Name servers that do not agree are another: an office or a VPN
//! answers differently from the internet (split horizon), and a machine that has
//! both asks only the first. Names below `.local` may never get as far as a name
//! server: they are for multicast DNS. And a browser with DNS over HTTPS asks
//! servers of its own, so it may be the one that is right, or the one that does
//! not know the office.
//!
//! ## What to do
//!
//! Throw the kept answers away. If the servers do not agree, put the right one
//! first.

use std::net::IpAddr;

use crate::facts::{DnsCode, NameCache, NameServer, Names, Order, Probe, ResolveError};
use crate::findings::{Confidence, Edit, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, evidence, path};

use super::{hosts_entries, other_addresses, server_evidence};

/// DD104.
pub static RULE: Rule = Rule {
    code: "DD104",
    name: "stale-dns",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &super::localhost_not_loopback::RULE,
        &super::subdomain_of_localhost::RULE,
        &super::hosts_entry::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("stale_dns.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let resolution = case.resolution()?;
    let host = case.target.host.trim_end_matches('.');
    let names = case.facts.names.seen()?;
    // What a line of the hosts file says is not kept from anywhere.
    if case.target.is_localhost_name() || hosts_entries(case, host).next().is_some() {
        return None;
    }
    let servers = names.servers.seen()?;
    let finding = if resolution.error == Some(ResolveError::NotFound) {
        still_unknown(case, names, servers)?
    } else {
        elsewhere(case, names, servers)?
    };
    Some(
        servers
            .iter()
            .filter(|server| server.outcome.is_seen())
            .fold(finding, |finding, server| {
                finding.because(server_evidence(server))
            }),
    )
}

/// Programs are told that there is no such name, and a name server knows it.
fn still_unknown(case: &Case, names: &Names, servers: &[NameServer]) -> Option<Finding> {
    let host = &case.target.host;
    let order = names.order.seen();
    let knows = servers.iter().find(|one| !one.addresses().is_empty())?;
    let (at, told) = (knows.at.ip(), list(knows.addresses()));
    if let Some(finding) = local_only(host, order, at) {
        return Some(finding);
    }
    // Where no name server is asked, none can have been asked before.
    if order.is_some_and(|order| !order.has("dns") && !order.has("resolve")) {
        return None;
    }
    let denies = servers
        .iter()
        .filter(|one| !is_keeper(one, knows))
        .find(|one| {
            one.said
                .as_ref()
                .is_some_and(|said| said.code == DnsCode::NoSuchName)
        });
    let says = match denies {
        Some(other) => format!(
            "the name servers do not agree on {host}: {} says that there is no such name, \
             {at} says {told}",
            other.at.ip()
        ),
        None => format!(
            "programs are still told that there is no {host}: the name server {at} says {told} now"
        ),
    };
    let finding = Finding::new(Confidence::Likely, says).because(Evidence::new(
        format!("{host}: there is no such name"),
        Seen::Name { name: host.clone() },
    ));
    Some(finding.fix_all(fixes(case, names, denies, knows)))
}

/// The name was asked for in this network only, and that answer was the last.
fn local_only(host: &str, order: Option<&Order>, at: IpAddr) -> Option<Finding> {
    let order = order?;
    let multicast = host.trim_end_matches('.').to_ascii_lowercase();
    let stops = order
        .text
        .split_whitespace()
        .zip(order.text.split_whitespace().skip(1))
        .find(|(source, action)| source.starts_with("mdns") && action.contains("NOTFOUND=return"));
    let (source, action) = stops.filter(|_| multicast.ends_with(".local"))?;
    let says = format!(
        "{host} is asked for by multicast DNS only, as every name in .local; the name server \
         {at} knows it"
    );
    let finding = Finding::new(Confidence::Certain, says).because(Evidence::new(
        format!("`hosts: {}`", order.text),
        Seen::File {
            file: "/etc/nsswitch.conf".to_owned(),
            line: Some(order.line),
        },
    ));
    Some(finding.fix(Fix::edit(
        "let the name servers be asked after that",
        Edit {
            file: "/etc/nsswitch.conf".to_owned(),
            line: order.line,
            column: None,
            from: format!("hosts: {}", order.text),
            to: format!(
                "hosts: {}",
                order.text.replacen(&format!("{source} {action}"), source, 1)
            ),
        },
    )))
}

/// Programs get an address that fails, and a name server gives one that works.
fn elsewhere(case: &Case, names: &Names, servers: &[NameServer]) -> Option<Finding> {
    if !case.all_failed() {
        return None;
    }
    let host = &case.target.host;
    let own = case.resolution()?.addresses.seen()?;
    let others = other_addresses(case);
    let outside = case.facts.outside.seen()?;
    let answers = |probe: &&Probe| {
        probe.to.port() == case.port()
            && others.contains(&probe.to.ip())
            && probe.outcome.connected()
    };
    let works = outside.probes.iter().find(answers)?;
    let knows = servers
        .iter()
        .find(|one| one.addresses().contains(&works.to.ip()))?;
    let split = servers
        .iter()
        .filter(|one| !is_keeper(one, knows))
        .find(|one| one.addresses().iter().any(|ip| own.contains(ip)));
    let (at, there) = (knows.at.ip(), works.to.ip());
    let says = match split {
        Some(one) => format!(
            "the name servers do not agree on {host}: {} says {}, which fails, and {at} says \
             {there}, which answers",
            one.at.ip(),
            list(own)
        ),
        None => format!(
            "{host} still leads to {}, which fails: the name server {at} says {there} now, and \
             that answers",
            list(own)
        ),
    };
    let finding = Finding::new(Confidence::Likely, says)
        .because_all(case.probes().map(evidence::probe))
        .because(evidence::probe(works));
    Some(finding.fix_all(fixes(case, names, split, knows)))
}

/// Whether a server is a resolver of this machine that says something else than the one
/// behind it: it keeps what that one said before.
fn is_keeper(server: &NameServer, knows: &NameServer) -> bool {
    server.at.ip().is_loopback() && knows.upstream
}

fn list(addresses: &[IpAddr]) -> String {
    let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    list.join(", ")
}

/// Throws kept answers away or, where the servers do not agree, puts the right one first.
fn fixes(case: &Case, names: &Names, split: Option<&NameServer>, knows: &NameServer) -> Vec<Fix> {
    if let Some(first) = split {
        let (file, right) = (&first.file, knows.at.ip());
        return vec![Fix::read(
            "put the name server first that is right",
            format!(
                "if {right} is right, name it before {} in {file} (or connect to the VPN that \
                 should hand it out): only the first one that answers is believed",
                first.at.ip()
            ),
        )];
    }
    let mut fixes = flush(case, names);
    fixes.push(Fix::read(
        "have the browser forget it, too",
        "chrome://net-internals/#dns (Chrome, Edge), about:networking#dns (Firefox)",
    ));
    fixes
}

/// How the caches of names of this system are emptied.
fn flush(case: &Case, names: &Names) -> Vec<Fix> {
    let title = "throw the kept answers away";
    match case.facts.host.os.as_str() {
        "macos" => {
            return vec![Fix::safe(
                title,
                [
                    "sudo",
                    "sh",
                    "-c",
                    "dscacheutil -flushcache; killall -HUP mDNSResponder",
                ],
            )];
        }
        "windows" => return vec![Fix::safe(title, ["ipconfig", "/flushdns"])],
        _ => {}
    }
    let mut fixes: Vec<Fix> = names
        .caches
        .iter()
        .map(|cache| {
            let argv: &[&str] = match cache {
                NameCache::SystemdResolved => &["resolvectl", "flush-caches"],
                NameCache::Nscd => &["sudo", "nscd", "-i", "hosts"],
                NameCache::Dnsmasq => &["sudo", "pkill", "-HUP", "-x", "dnsmasq"],
            };
            let title = format!("{title} that {} has", cache.name());
            Fix::run(title, Safety::Safe, argv.iter().copied())
        })
        .collect();
    if fixes.is_empty() {
        fixes.push(Fix::read(
            title,
            "nothing that keeps answers was seen on this machine: start the program again that \
             asks, and the resolver that it asks (a router's, a VPN's)",
        ));
    }
    fixes
}
