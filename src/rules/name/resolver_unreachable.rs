//! # The name servers do not answer
//!
//! ## What happened
//!
//! Nobody said that the name does not exist: nobody said anything. The name
//! servers that this system is set up with refused to be asked, kept silent, or
//! said that they could not find out.
//!
//! ## Why
//!
//! A resolver of this machine (systemd-resolved at 127.0.0.53, dnsmasq, a VPN's
//! own) is set up and does not run; or the network has changed, and the servers
//! are those of the one before; or a VPN or firewall keeps questions from getting
//! out. Where only the first server is silent, everything works and every name
//! takes five seconds longer. A server that answers SERVFAIL is there, and has
//! its own trouble: it cannot reach the servers of that domain, or the signatures
//! (DNSSEC) of the answer are wrong. And an answer that is too long for a datagram is
//! asked for again over TCP, which some firewalls and small resolvers do not let
//! through: short answers work then, and this one does not.
//!
//! A browser that uses DNS over HTTPS asks servers of its own, so it may open what
//! nothing else can.
//!
//! ## What to do
//!
//! Start the resolver, connect to the network or the VPN again so that it hands
//! out its name servers, or name others.

use crate::facts::{DnsAnswer, Gap, Known, NameServer, Outcome, ResolveError};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, client, path};

use super::{ask, cut_words, looks_public, manner, server_evidence};

/// DD102.
pub static RULE: Rule = Rule {
    code: "DD102",
    name: "resolver-unreachable",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &super::localhost_not_loopback::RULE,
        &super::subdomain_of_localhost::RULE,
        &super::name_not_found::RULE,
        &client::offline::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("resolver_unreachable.rs"),
};

/// Where systemd-resolved answers the programs of this machine.
const RESOLVED: [&str; 2] = ["127.0.0.53", "127.0.0.54"];

fn check(case: &Case) -> Option<Finding> {
    let resolution = case.resolution()?;
    let words = match (&resolution.error, &resolution.addresses) {
        (Some(ResolveError::NotFound), _) => return None,
        (Some(ResolveError::TryAgain), _) => "the name servers gave no answer",
        (Some(ResolveError::Other(words)), _) => words,
        (None, Known::Unseen(Gap::TooSlow)) => "no answer in time",
        _ => return None,
    };
    let servers = case.facts.names.seen()?.servers.seen()?;
    let (own, behind): (Vec<&NameServer>, Vec<_>) =
        servers.iter().partition(|server| !server.upstream);
    let host = &case.target.host;
    let told = Evidence::new(
        format!("{host}: {words}"),
        Seen::Name { name: host.clone() },
    );
    let Some(first) = own.first() else {
        let says = "this system is set up with no name server at all";
        return Some(
            Finding::new(Confidence::Likely, says)
                .because(told)
                .fix(manage(case)),
        );
    };
    if own.iter().any(|server| !server.outcome.is_seen()) {
        return None;
    }
    let dead = |server: &&&NameServer| server.said.is_none();
    let gone: Vec<&&NameServer> = own.iter().filter(dead).collect();
    let finding = if gone.len() == own.len() {
        let says = match own[..] {
            [one] => format!("the name server {} {}", ip(one), manner(one)),
            _ => format!("none of the {} name servers answers", own.len()),
        };
        // A server of this machine that refuses is not there, whatever the network does; that
        // the network is not down must have been seen, too.
        let own_refuse = own
            .iter()
            .all(|one| one.at.ip().is_loopback() && one.outcome == Known::Seen(Outcome::Refused));
        let outside = case.facts.outside.seen();
        let looked = outside.is_some_and(|outside| outside.gateways.is_seen());
        let confidence = match resolution.error {
            Some(ResolveError::TryAgain) if own_refuse && looked => Confidence::Certain,
            _ => Confidence::Likely,
        };
        Finding::new(confidence, says)
    } else if own.iter().any(|server| server.knows()) {
        if first.said.is_some() {
            return None;
        }
        Finding::new(
            Confidence::Likely,
            format!(
                "the first name server, {}, {}: every name waits for it before the next is asked",
                ip(first),
                manner(first)
            ),
        )
    } else {
        could_not(host, &own, &behind)
    };
    let finding = own
        .iter()
        .chain(&behind)
        .fold(finding.because(told), |finding, server| {
            finding.because(server_evidence(server))
        });
    Some(finding.fix_all(fixes(case, &own, &behind)))
}

/// Servers are there, and none could find out.
fn could_not(host: &str, own: &[&NameServer], behind: &[&NameServer]) -> Finding {
    let silent = |server: &&NameServer| server.outcome.is_seen() && server.said.is_none();
    if let Some(one) = behind.first().filter(|_| behind.iter().all(silent)) {
        let says = match behind.len() {
            1 => format!(
                "{}, which the resolver of this machine asks, {}",
                ip(one),
                manner(one)
            ),
            many => {
                format!("none of the {many} name servers that this machine's resolver asks answers")
            }
        };
        return Finding::new(Confidence::Likely, says);
    }
    let said = own.iter().filter_map(|one| Some((one, one.said.as_ref()?)));
    if let Some((one, said)) = said.clone().find(|(_, said)| said.is_cut()) {
        let says = format!("{} {}", ip(one), cut_words(said));
        return Finding::new(Confidence::Likely, says);
    }
    let says = match said.clone().find(|(_, said)| said.held_back) {
        Some((one, _)) => format!(
            "{} holds the answer for {host} back: its signatures (DNSSEC) are wrong",
            ip(one)
        ),
        None => {
            let list: Vec<String> = said
                .map(|(one, said)| format!("{} says {}", ip(one), said.code.word()))
                .collect();
            format!(
                "the name servers cannot find {host} out: {}",
                list.join(", ")
            )
        }
    };
    Finding::new(Confidence::Likely, says)
}

fn ip(server: &NameServer) -> String {
    server.at.ip().to_string()
}

fn fixes(case: &Case, own: &[&NameServer], behind: &[&NameServer]) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let local = own
        .iter()
        .find(|one| one.at.ip().is_loopback() && one.said.is_none());
    match local {
        Some(one) if RESOLVED.contains(&ip(one).as_str()) => fixes.push(Fix::run(
            "start systemd-resolved",
            Safety::Safe,
            ["sudo", "systemctl", "restart", "systemd-resolved"],
        )),
        Some(one) => {
            // What a tool says stands in no file that could be edited.
            let (place, other) = match one.file.starts_with('/') {
                true => (format!("{}:{}", one.file, one.line), "in that line"),
                false => (format!("`{}`", one.file), "in the network settings"),
            };
            fixes.push(Fix::read(
                "start the resolver of this machine",
                format!(
                    "{place} names {}, an address of this machine: start the program that \
                     answers there, or name another server {other}",
                    ip(one)
                ),
            ));
        }
        // One that could not find out is reached: other ones may fare no better.
        None if own.iter().chain(behind).any(|one| one.said.is_none()) => {
            fixes.push(manage(case));
        }
        None => {}
    }
    let cut = |one: &&&NameServer| one.said.as_ref().is_some_and(DnsAnswer::is_cut);
    if let Some(one) = own.iter().chain(behind).find(cut) {
        let title = "ask that name server over TCP, which must be let through to its port 53";
        fixes.push(ask(case, title, Some("+tcp"), Some(&ip(one))));
        return fixes;
    }
    let asked = behind
        .iter()
        .chain(own)
        .find(|one| !one.at.ip().is_loopback());
    if let Some(server) = asked {
        let title = "ask that name server again";
        fixes.push(ask(case, title, None, Some(&ip(server))));
    }
    if looks_public(&case.target.host) {
        let title = "see whether a public name server knows the name (this tells it the name)";
        fixes.push(ask(case, title, Some("+short"), Some("1.1.1.1")));
    }
    fixes
}

/// How this system is given other name servers.
fn manage(case: &Case) -> Fix {
    let title = "have the network hand out its name servers again";
    match case.facts.host.os.as_str() {
        "macos" => Fix::safe("see which name servers are used", ["scutil", "--dns"]),
        "windows" => Fix::safe("see which name servers are used", ["ipconfig", "/all"]),
        _ => Fix::read(
            title,
            "connect to the network or the VPN again (nmcli networking off; nmcli networking \
             on), or write `nameserver` and the address of another one to /etc/resolv.conf",
        ),
    }
}
