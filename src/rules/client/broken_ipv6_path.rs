//! # IPv6 hangs, and IPv4 works
//!
//! ## What happened
//!
//! The name has addresses of both families. Over IPv4 it answers; over IPv6
//! nothing comes back, from this host and, where that was tried, from others
//! either.
//!
//! ## Why
//!
//! This machine has an IPv6 address and a route, so clients try IPv6 first, and
//! what they send gets lost: the router announces a network that its provider
//! does not carry, a VPN or a firewall lets IPv4 through only, or a tunnel has
//! died. Browsers and curl go on to IPv4 after a moment; programs that try one
//! address after the other wait until the system gives up, which takes minutes.
//!
//! ## What to do
//!
//! Mend or switch off IPv6 on the router or in the VPN. Until then, have this
//! machine prefer IPv4.

use crate::facts::{Gap, Known, Outcome, Outside, Probe};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, evidence, name, path};

use super::offline::{self, is_well_known};

/// DD915.
pub static RULE: Rule = Rule {
    code: "DD915",
    name: "broken-ipv6-path",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &name::hosts_entry::RULE,
        &offline::RULE,
    ],
    settle: 30,
    check,
    source: include_str!("broken_ipv6_path.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let far = |probe: &&Probe| case.is_far(probe.to.ip());
    let works = case
        .probes()
        .filter(far)
        .find(|probe| probe.to.is_ipv4() && probe.outcome.connected())?;
    let lost: Vec<&Probe> = case
        .probes()
        .filter(far)
        .filter(|probe| probe.to.is_ipv6() && !case.is_passed_over(probe))
        .collect();
    let hangs = |probe: &&Probe| matches!(probe.outcome, Outcome::TimedOut | Outcome::Unreachable);
    let first = lost.first()?;
    if !lost.iter().all(hangs) {
        return None;
    }
    let outside = case.facts.outside.seen();
    let (others, answered) = others(outside);
    // Others answer over IPv6: the way is fine, and the far end is not.
    if answered {
        return None;
    }
    let (ip, port) = (first.to.ip(), case.port());
    let host = &case.target.host;
    let (says, confidence) = match others.len() {
        0 => (
            format!(
                "{host} does not answer over IPv6 ({ip}), and does over IPv4 ({}): clients that \
                 try IPv6 first are slow, or fail",
                works.to.ip()
            ),
            Confidence::Likely,
        ),
        many => (
            format!(
                "IPv6 leads nowhere from here: neither {host} nor a well-known host answers over \
                 it, and {} does over IPv4",
                works.to.ip()
            ),
            if many > 1 {
                Confidence::Certain
            } else {
                Confidence::Likely
            },
        ),
    };
    let finding = Finding::new(confidence, says)
        .because_all(lost.iter().map(|probe| evidence::probe(probe)))
        .because(evidence::probe(works))
        .because_all(others.into_iter().map(evidence::probe))
        .because_all(way_out(outside));
    Some(finding.fix_all(fixes(case, port)))
}

/// Whether hosts of the internet were dialled over IPv6, and none answered.
pub(super) fn is_lost(case: &Case) -> bool {
    let (list, answered) = others(case.facts.outside.seen());
    !list.is_empty() && !answered
}

/// What well-known hosts gave over IPv6, and whether one of them answered.
fn others(outside: Option<&Outside>) -> (Vec<&Probe>, bool) {
    let probes = outside.map_or(&[][..], |outside| &outside.probes);
    let list: Vec<&Probe> = probes
        .iter()
        .filter(|probe| probe.to.is_ipv6() && is_well_known(probe.to.ip()))
        .collect();
    let answered = list
        .iter()
        .any(|probe| probe.outcome.connected() || probe.outcome == Outcome::Refused);
    (list, answered)
}

fn way_out(outside: Option<&Outside>) -> Option<Evidence> {
    let gateway = outside?.gateways.seen()?.iter().find(|one| one.ipv6)?;
    let ip = gateway.ip?;
    let answers = match gateway.answers {
        Known::Seen(true) => ", and it answers",
        Known::Seen(false) => ", and it does not answer",
        Known::Unseen(Gap::TooSlow) => ", and it gave no answer in time",
        Known::Unseen(_) => "",
    };
    Some(Evidence::new(
        format!(
            "the way out for IPv6 is by {ip} ({}){answers}",
            gateway.interface
        ),
        Seen::Kernel {
            what: "routes".to_owned(),
        },
    ))
}

fn fixes(case: &Case, port: u16) -> Vec<Fix> {
    let mut fixes = Vec::new();
    if case.target.scheme.is_some_and(crate::facts::Scheme::is_web) {
        fixes.push(Fix::safe(
            "use IPv4 for this one",
            ["curl", "-4", "-I", &case.target.url(Some(port))],
        ));
    }
    match case.facts.host.os.as_str() {
        "linux" => fixes.push(Fix::run(
            "have every program prefer IPv4 until IPv6 works",
            Safety::Safe,
            [
                "sudo",
                "sh",
                "-c",
                "echo 'precedence ::ffff:0:0/96 100' >> /etc/gai.conf",
            ],
        )),
        "macos" => fixes.push(Fix::run(
            "switch IPv6 off for Wi-Fi until it works",
            Safety::Disruptive,
            ["networksetup", "-setv6off", "Wi-Fi"],
        )),
        "windows" => fixes.push(Fix::run(
            "have every program prefer IPv4 until IPv6 works (as administrator)",
            Safety::Safe,
            [
                "netsh",
                "interface",
                "ipv6",
                "set",
                "prefixpolicy",
                "::ffff:0:0/96",
                "60",
                "4",
            ],
        )),
        _ => {}
    }
    fixes
}
