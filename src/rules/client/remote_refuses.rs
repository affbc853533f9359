//! # Another machine refuses
//!
//! ## What happened
//!
//! The address belongs to another machine (or to a container), and the connection
//! was refused.
//!
//! ## Why
//!
//! Usually nobody listens on that port there: the service is down, has another port,
//! or listens on that machine's own loopback only. A firewall may refuse as well. How
//! long the refusal took tells who sent it: one that comes back from far away in
//! less than a millisecond was sent by something near: a firewall, a VPN or a proxy
//! of this machine or of its network.
//!
//! ## What to do
//!
//! Look on that machine whether the service listens, and on which address. If the
//! refusal came from near, look at the VPN and the firewall here.

use crate::facts::Outcome;
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::{Case, Rule, evidence, name, path};

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
        &path::vpn_in_the_way::RULE,
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
    let near = probe.took_us < NEAR
        && is_neighbour(case, ip) == Some(false)
        && container_at(case, ip).is_none();
    let who = far_end(case, ip);
    let says = if near {
        format!("something near refuses port {port} in the name of {who}, a firewall or a VPN")
    } else {
        format!(
            "{who} refuses connections to port {port}: nobody listens there, or a firewall refuses"
        )
    };
    let finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because_all(place(case, probe));
    if near {
        return Some(finding.fix(route(case, ip)));
    }
    Some(finding.fix(look_there(case, ip)))
}
