//! # A firewall refuses the connection
//!
//! ## What happened
//!
//! Somebody listens on exactly this address and port, and the connection is refused
//! all the same, or comes back as "no route to host".
//!
//! ## Why
//!
//! A firewall rule of this machine answers in the server's place. Seen from outside
//! that cannot be told from a port where nobody listens. `reject` gives *refused*;
//! `reject with icmp admin-prohibited`, the way of firewalld, gives *no route to
//! host*, although there is one.
//!
//! From a machine to itself most firewalls let everything pass; what they do with the
//! packets of others shows only there. Where an address that others see is asked about,
//! and it answers, devdoctor (as root) says so if they would not get through.
//!
//! ## What to do
//!
//! Let the port pass, as narrowly as possible. Only root may read the rules: where
//! devdoctor runs without, `sudo devdoctor why` shows the rule. A rule of ufw or
//! firewalld is changed by that program, which would write it again.

use crate::facts::{FirewallVerdict, Outcome, Probe};
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::{Case, Rule, address, container};

use super::firewall::{by_some_rule, by_this_rule, proof, rules_are_innocent, stops_others, took};
use super::{blocked, may_be_the_engines, was_told_off};

/// DD701.
pub static RULE: Rule = Rule {
    code: "DD701",
    name: "firewall-rejects",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::port_redirected::RULE,
        &super::sandboxed::RULE,
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::published_on_one_address::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
        &address::ipv6_disabled::RULE,
        &address::address_gone::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("firewall_rejects.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    blocked(case)
        .filter(|probe| probe.outcome == Outcome::Refused || was_told_off(probe))
        .find_map(|probe| by_rule(case, probe).or_else(|| by_inference(case, probe)))
        .or_else(|| stops_others(case, FirewallVerdict::Reject))
}

/// The rules were read, and one of them did it.
fn by_rule(case: &Case, probe: &Probe) -> Option<Finding> {
    // Where nobody listens, a refusal needs no firewall.
    if probe.outcome == Outcome::Refused
        && !took(case, probe)
        && case.facts.listeners.is_seen()
        && !case.may_be_covered(probe.to.ip())
    {
        return None;
    }
    let proof = proof(case, probe, FirewallVerdict::Reject)?;
    let confidence = if proof.sure {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    Some(by_this_rule(case, probe, &proof, confidence, "refuses"))
}

/// The rules could not be read, and nothing but a firewall gives this answer.
fn by_inference(case: &Case, probe: &Probe) -> Option<Finding> {
    let far = case.is_far(probe.to.ip());
    if far || rules_are_innocent(case, probe, FirewallVerdict::Reject) {
        return None;
    }
    let listener = case.listener_for(probe.to.ip());
    if listener.is_some_and(|listener| may_be_the_engines(case, listener)) {
        return None;
    }
    let (confidence, why) = match (probe.outcome, listener) {
        (Outcome::Refused, Some(_)) => (Confidence::Likely, "though a server listens there"),
        // The kernel itself never gives this answer for an address of its own.
        (Outcome::Unreachable, _) => (Confidence::Likely, "an address of this machine"),
        // A sandbox forbids as well.
        (Outcome::Denied, Some(_)) => (Confidence::Possible, "though a server listens there"),
        _ => return None,
    };
    let says = format!(
        "a firewall seems to refuse connections to {}, {why}",
        probe.to
    );
    Some(by_some_rule(case, probe, confidence, says))
}
