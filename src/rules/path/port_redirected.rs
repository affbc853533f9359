//! # The port is sent elsewhere
//!
//! ## What happened
//!
//! A rule of the kernel's address translation (NAT) takes connections to this port
//! and sends them to another port or another machine. What answers, or refuses, is
//! that place.
//!
//! ## Why
//!
//! A `redirect`, `dnat` or `tproxy` rule: of an intercepting proxy (mitmproxy, a
//! service mesh), of a container engine or a cluster on this machine, or a leftover
//! of one. Such a port may answer although nobody listens on it, and refuse
//! although somebody does.
//!
//! ## What to do
//!
//! Start what should listen at the place the rule names, or take the rule out. Only
//! root may read the rules: where devdoctor runs without, `sudo devdoctor why`
//! shows the rule.

use std::net::{IpAddr, SocketAddr};

use crate::facts::{FirewallRule, FirewallVerdict, Listener, Outcome, Probe, Vantage};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence, name};

use super::firewall::{Proof, proof, prove, rule_evidence};
use super::managers::delete;

/// DD703.
pub static RULE: Rule = Rule {
    code: "DD703",
    name: "port-redirected",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::proxy_unreachable::RULE,
        &name::hosts_entry::RULE,
        &super::no_route::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("port_redirected.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    // An engine that sends a published port to its container does what it should.
    if case.publishers().next().is_some() {
        return None;
    }
    let here = |probe: &&Probe| case.is_local(probe.to.ip()) == Some(true);
    case.probes()
        .filter(here)
        .find_map(|probe| by_rule(case, probe).or_else(|| by_inference(case, probe)))
}

/// The rules were read, and one of them sends the port elsewhere.
fn by_rule(case: &Case, probe: &Probe) -> Option<Finding> {
    // Where a server listens and the client is content there is nothing to explain.
    let covered = case.listener_for(probe.to.ip());
    if Case::content(probe) && (covered.is_some() || !case.nobody_listens()) {
        return None;
    }
    let proof =
        proof(case, probe, FirewallVerdict::Redirect).filter(|proof| proof.rule.names_port)?;
    let counted = proof.rule.counted.is_some();
    // An engine whose containers are out of sight may have made the rule for one of them.
    let confidence = if counted && case.containers_settled() {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let port = case.port();
    let to = Elsewhere::of(proof.rule);
    let there = listener_there(case, probe, to);
    let says = match (to.words(), there) {
        (Some(place), There::Nobody) => {
            format!("a NAT rule sends port {port} to {place}, where nobody listens")
        }
        (Some(place), There::Listens(listener)) => {
            let who = evidence::owner_words(case, listener);
            format!("a NAT rule sends port {port} to {place}, where {who} listens")
        }
        (Some(place), There::Unknown) => format!("a NAT rule sends port {port} to {place}"),
        (None, _) => format!("a NAT rule sends port {port} elsewhere"),
    };
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(rule_evidence(&Proof {
            rule: proof.rule,
            sure: counted,
        }))
        .because_all(covered.map(|listener| evidence::listener(case, listener)));
    match there {
        There::Nobody => {
            let port = to.port.unwrap_or(port);
            finding = finding
                .because(evidence::nobody_listens_on(case, port))
                .fix(Fix::read(
                    format!("start what should listen on port {port}"),
                    "the rule was made for it: a proxy, a mesh or a tunnel that is not running",
                ));
        }
        There::Listens(listener) => {
            finding = finding.because(evidence::listener(case, listener));
        }
        There::Unknown => {}
    }
    if Case::content(probe) {
        finding = finding.severity(Severity::Info);
    }
    finding.fixes.extend(delete(proof.rule));
    Some(finding)
}

/// The rules could not be read: nobody listens here, and yet somebody answers.
fn by_inference(case: &Case, probe: &Probe) -> Option<Finding> {
    let host = &case.facts.host;
    if host.os != "linux"
        || host.firewall.is_seen()
        || !probe.outcome.connected()
        || !case.nobody_listens()
        || !case.containers_settled()
        // Who took our connection may have ended since.
        || case.departed().is_some_and(|gone| gone.port == Some(case.port()))
        // The servers of Windows answer inside its Linux, too.
        || host.vantage == Vantage::Wsl
    {
        return None;
    }
    let says = format!(
        "nobody listens on port {} of this machine, and yet it answers: a NAT rule seems to send \
         it elsewhere",
        case.port()
    );
    let severity = if Case::content(probe) {
        Severity::Info
    } else {
        Severity::Error
    };
    Some(
        Finding::new(Confidence::Likely, says)
            .severity(severity)
            .because(evidence::probe(probe))
            .because(evidence::nobody_listens(case))
            .because(Evidence::new(
                "only root may read the rules that could show it",
                Seen::Firewall {
                    chain: "nat".to_owned(),
                },
            ))
            .fix(prove(case)),
    )
}

/// Where a rule sends a connection: what it leaves out stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Elsewhere {
    ip: Option<IpAddr>,
    port: Option<u16>,
}

impl Elsewhere {
    /// The place in the words of nft (`redirect to :4000`, `dnat ip to 10.0.0.5:80`) or of
    /// iptables (`--to-ports 4000`, `--to-destination 10.0.0.5:80`).
    fn of(rule: &FirewallRule) -> Elsewhere {
        const BEFORE: &[&str] = &[
            "to",
            "--to-port",
            "--to-ports",
            "--to-destination",
            "--on-port",
        ];
        let mut words = rule.text.split_ascii_whitespace();
        let value = words
            .find(|word| BEFORE.contains(word))
            .and_then(|_| words.next())
            .unwrap_or_default();
        // Of a range the first; the rest is chosen by the kernel.
        let first = |text: &str| {
            let end = text.find(['-', ',']).unwrap_or(text.len());
            text[..end].parse::<u16>().ok()
        };
        let bare = value.trim_matches(['[', ']']);
        if let Ok(ip) = bare.parse() {
            return Elsewhere {
                ip: Some(ip),
                port: None,
            };
        }
        let (ip, port) = value.rsplit_once(':').unwrap_or(("", value));
        Elsewhere {
            ip: ip.trim_matches(['[', ']']).parse().ok(),
            port: first(port),
        }
    }

    fn words(self) -> Option<String> {
        match (self.ip, self.port) {
            (Some(ip), Some(port)) => Some(SocketAddr::new(ip, port).to_string()),
            (Some(ip), None) => Some(ip.to_string()),
            (None, Some(port)) => Some(format!("port {port}")),
            (None, None) => None,
        }
    }
}

/// Who is at the place that the rule names.
#[derive(Debug, Clone, Copy)]
enum There<'a> {
    Listens(&'a Listener),
    Nobody,
    /// It is another machine, or the sockets were not seen.
    Unknown,
}

fn listener_there<'a>(case: &Case<'a>, probe: &Probe, to: Elsewhere) -> There<'a> {
    let ip = to.ip.unwrap_or(probe.to.ip());
    let port = to.port.unwrap_or(probe.to.port());
    if case.is_local(ip) != Some(true) || (to.ip.is_none() && to.port.is_none()) {
        return There::Unknown;
    }
    let Some(listeners) = case.facts.listeners.seen() else {
        return There::Unknown;
    };
    let mut there = listeners.iter().filter(|listener| {
        listener.at.port() == port
            && listener.proto == crate::facts::Proto::Tcp
            && listener.covers(ip) != Some(false)
    });
    match there.next() {
        Some(listener) => There::Listens(listener),
        // What a connection met that was made was not nobody.
        None if probe.outcome.connected() || probe.outcome != Outcome::Refused => There::Unknown,
        None => There::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_by(text: &str) -> Option<String> {
        Elsewhere::of(&FirewallRule {
            table: "ip nat".to_owned(),
            chain: "output".to_owned(),
            handle: None,
            text: text.to_owned(),
            verdict: FirewallVerdict::Redirect,
            counted: None,
            names_port: true,
            conditional: false,
            manager: None,
        })
        .words()
    }

    #[test]
    fn the_place_is_read_from_the_rules_own_words() {
        for (text, place) in [
            (
                "tcp dport 3000 counter redirect to :4000",
                Some("port 4000"),
            ),
            ("tcp dport 3000 redirect", None),
            ("tcp dport 3000 dnat to 10.0.0.5:80", Some("10.0.0.5:80")),
            (
                "tcp dport 3000 dnat ip6 to [fd00::5]:80",
                Some("[fd00::5]:80"),
            ),
            ("tcp dport 3000 dnat to 10.0.0.5", Some("10.0.0.5")),
            ("tcp dport 3000 tproxy to :5000", Some("port 5000")),
            (
                "-A OUTPUT -p tcp -m tcp --dport 3000 -j REDIRECT --to-ports 4000-4010",
                Some("port 4000"),
            ),
            (
                "-A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.5:80",
                Some("10.0.0.5:80"),
            ),
            ("", None),
            ("to", None),
            ("to é:", None),
        ] {
            assert_eq!(sent_by(text).as_deref(), place, "{text}");
        }
    }
}
