//! # Another machine refuses
//!
//! ## What happened
//!
//! The address belongs to another machine (or to a container), and the connection
//! was refused.
//!
//! ## Why
//!
//! Usually nobody listens on that port there: the service is down, has another
//! port, or listens on that machine's own loopback only. A firewall may refuse as
//! well. How long the refusal took tells who sent it: one that comes back from
//! far away in less than a millisecond was sent by something near: a firewall, a
//! VPN or a proxy of this machine or of its network.
//!
//! Whether it is this machine or the other one is found by comparing: other ports
//! of the same address, what each name server says, a host of the internet that
//! is hardly ever down. A service that lets some addresses in only looks the same
//! from here as one that is down for everyone.
//!
//! ## What to do
//!
//! Look on that machine whether the service listens, and on which address. If the
//! refusal came from near, look at the VPN and the firewall here.

use crate::facts::{Outcome, human_micros};
use crate::findings::{Confidence, Evidence, Finding, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence, name, path};

use super::compare::Compared;
use super::{container_at, far_end, is_neighbour, look_there, place, route};

/// DD911.
pub static RULE: Rule = Rule {
    code: "DD911",
    name: "remote-refuses",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &name::localhost_not_loopback::RULE,
        &name::hosts_entry::RULE,
        &name::stale_dns::RULE,
        &super::captive_portal::RULE,
        &path::vpn_in_the_way::RULE,
        &container::host_service_on_loopback::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("remote_refuses.rs"),
};

/// A refusal from behind a router takes longer than this, in microseconds.
const NEAR: u64 = 1000;

fn check(case: &Case) -> Option<Finding> {
    let probe = case
        .probes_that(Outcome::Refused)
        .find(|probe| case.is_far(probe.to.ip()) && !path::took(case, probe))?;
    let ip = probe.to.ip();
    let port = case.port();
    let compared = Compared::of(case, ip);
    let near = probe.took_us < NEAR
        && is_neighbour(case, ip) == Some(false)
        && container_at(case, ip).is_none();
    let who = far_end(case, ip);
    let says = if near {
        format!("something near refuses port {port} in the name of {who}, a firewall or a VPN")
    } else if let Some(other) = compared
        .other_port
        .filter(|other| other.outcome.connected())
    {
        format!(
            "{who} is up, it answers on port {}, and refuses connections to port {port}: nobody \
             listens there, or a firewall refuses",
            other.to.port()
        )
    } else if compared.for_everyone(case) {
        format!(
            "{who} refuses connections to port {port}, for everyone as far as can be seen from \
             here: nobody listens there, or a firewall refuses"
        )
    } else {
        format!(
            "{who} refuses connections to port {port}: nobody listens there, or a firewall refuses"
        )
    };
    let finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because_all(place(case, probe));
    if near {
        let router = compared.router.map(|(ip, took)| {
            Evidence::new(
                format!(
                    "the router {ip} itself takes {} to answer",
                    human_micros(took)
                ),
                Seen::Kernel {
                    what: "connections for comparison".to_owned(),
                },
            )
        });
        return Some(finding.because_all(router).fix(route(case, ip)));
    }
    Some(
        finding
            .because_all(compared.evidence(case))
            .fix(look_there(case, ip)),
    )
}
