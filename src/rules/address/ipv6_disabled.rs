//! # IPv6 is off, and an IPv6 address was dialled
//!
//! ## What happened
//!
//! The connection was made to `::1`, the IPv6 loopback address. IPv6 is
//! switched off on this machine, so that address does not exist here.
//!
//! ## Why
//!
//! A line of the hosts file (`::1 localhost`) or the client's own setting names
//! `::1`, while the system, a container's settings or an administrator has
//! disabled IPv6.
//!
//! ## What to do
//!
//! Use `127.0.0.1`, and take the `::1` line for `localhost` out of the hosts
//! file; or switch IPv6 on again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::facts::{Known, Outcome, Probe};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::address::unspecified_destination;
use crate::rules::{Case, Rule, evidence, fixes, path};

/// DD307.
pub static RULE: Rule = Rule {
    code: "DD307",
    name: "ipv6-disabled",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&unspecified_destination::RULE, &path::no_route::RULE],
    settle: 2,
    check,
    source: include_str!("ipv6_disabled.rs"),
};

/// `EADDRNOTAVAIL` on Linux, macOS and Windows.
const NO_SUCH_ADDRESS: [i32; 3] = [99, 49, 10049];

fn check(case: &Case) -> Option<Finding> {
    let off = match case.facts.host.ipv6 {
        Known::Seen(true) => return None,
        Known::Seen(false) => true,
        Known::Unseen(_) => false,
    };
    let probe = case.probes().find(|probe| is_dead(probe, off))?;
    let mut others = case
        .probes()
        .filter(|other| other.to != probe.to)
        .peekable();
    let works = others.peek().copied();
    // Where IPv4 fails as well, that failure is nearer to the cause.
    if !others.all(Case::content) {
        return None;
    }
    let port = case.port();
    let confidence = if off {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let says = match works {
        Some(works) => format!(
            "IPv6 is off on this machine and {} also means ::1: {} answers, clients that try \
             only ::1 fail",
            case.target.host, works.to
        ),
        None => format!("[::1]:{port} cannot be reached because IPv6 is off on this machine"),
    };
    let mut finding = Finding::new(confidence, says).because(evidence::probe(probe));
    if off {
        finding = finding.because(Evidence::new(
            "IPv6 is switched off: the loopback interface has no ::1",
            Seen::Kernel {
                what: "net.ipv6.conf.lo.disable_ipv6".to_owned(),
            },
        ));
    }
    if let Some(works) = works {
        finding = finding
            .because(evidence::probe(works))
            .severity(Severity::Warning);
    }
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    match case.listener_for(v4) {
        Some(listener) => finding = finding.because(evidence::listener(case, listener)),
        None if case.facts.listeners.is_seen() => {
            finding = finding.because(Evidence::new(
                format!("nobody listens on {v4}:{port} either"),
                Seen::Socket {
                    at: SocketAddr::new(v4, port),
                },
            ));
        }
        None => {}
    }
    finding = finding.fix(fixes::open_instead(case, SocketAddr::new(v4, port)));
    if case.target.ip().is_none()
        && let Some(entry) = case.facts.host.hosts_file.items().iter().find(|entry| {
            entry.ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
                && entry
                    .names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&case.target.host))
        })
    {
        finding = finding.fix(Fix::read(
            format!("give {} only its IPv4 address", case.target.host),
            format!(
                "take {} out of line {} of /etc/hosts",
                case.target.host, entry.line
            ),
        ));
    }
    if case.facts.host.os == "linux" {
        finding = finding.fix(Fix::run(
            "or switch IPv6 on",
            Safety::Disruptive,
            [
                "sudo",
                "sysctl",
                "-w",
                "net.ipv6.conf.all.disable_ipv6=0",
                "net.ipv6.conf.lo.disable_ipv6=0",
            ],
        ));
    }
    Some(finding)
}

/// Whether `::1` itself could not be dialled.
fn is_dead(probe: &Probe, off: bool) -> bool {
    let no_address = probe
        .errno
        .is_some_and(|errno| NO_SUCH_ADDRESS.contains(&errno));
    probe.to.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST)
        && matches!(probe.outcome, Outcome::Unreachable | Outcome::Failed)
        && (off || no_address)
}
