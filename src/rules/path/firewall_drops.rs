//! # A firewall drops the connection
//!
//! ## What happened
//!
//! The attempt to connect to an address of this machine got no answer at all, until
//! it was given up.
//!
//! ## Why
//!
//! Within one machine nothing gets lost and nothing is slow: the kernel accepts or
//! refuses at once. Silence is a firewall rule that drops packets, unless the
//! server's queue of waiting connections is full. The usual one is a default policy
//! of `drop` without the rule that lets the loopback interface pass.
//!
//! From a machine to itself most firewalls let everything pass; what they do with the
//! packets of others shows only there. Where an address that others see is asked about,
//! and it answers, devdoctor (as root) says so if they would not get through.
//!
//! ## What to do
//!
//! Let the port, or the whole loopback interface, pass. Only root may read the
//! rules: where devdoctor runs without, `sudo devdoctor why` shows the rule. A rule of
//! ufw or firewalld is changed by that program, which would write it again.

use crate::facts::{FirewallVerdict, Known, Outcome, Probe};
use crate::findings::{Confidence, Finding, Severity};
use crate::rules::{Case, Rule, address, container, process};

use super::firewall::{by_some_rule, by_this_rule, proof, rules_are_innocent, stops_others};
use super::{blocked, may_be_the_engines};

/// DD702.
pub static RULE: Rule = Rule {
    code: "DD702",
    name: "firewall-drops",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::sandboxed::RULE,
        &super::port_redirected::RULE,
        &super::conntrack_full::RULE,
        &container::container_paused::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &address::address_gone::RULE,
        &process::suspended::RULE,
        &process::out_of_file_descriptors::RULE,
        &process::busy::RULE,
        &process::backlog_full::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("firewall_drops.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    blocked(case)
        .filter(|probe| probe.outcome == Outcome::TimedOut)
        .find_map(|probe| by_rule(case, probe).or_else(|| by_inference(case, probe)))
        .or_else(|| stops_others(case, FirewallVerdict::Drop))
}

/// Whether every listener there has room for one more connection; nothing if that was
/// not seen.
pub(super) fn has_room(case: &Case, probe: &Probe) -> Option<bool> {
    case.facts.listeners.seen()?;
    let mut room = Some(true);
    let there = case
        .listeners()
        .filter(|listener| listener.covers(probe.to.ip()) != Some(false));
    for listener in there {
        match &listener.queue {
            Known::Seen(queue) if queue.waiting > queue.limit => return Some(false),
            Known::Seen(_) => {}
            Known::Unseen(_) => room = None,
        }
    }
    room
}

/// The rules were read, and one of them did it.
fn by_rule(case: &Case, probe: &Probe) -> Option<Finding> {
    let proof = proof(case, probe, FirewallVerdict::Drop)?;
    let room = has_room(case, probe);
    let counted = proof.rule.counted.is_some();
    if room == Some(false) && !counted {
        return None;
    }
    let confidence = if proof.sure && (counted || room == Some(true)) {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    Some(by_this_rule(case, probe, &proof, confidence, "drops"))
}

/// The rules could not be read, and nothing but a firewall is silent here.
fn by_inference(case: &Case, probe: &Probe) -> Option<Finding> {
    let far = case.is_far(probe.to.ip());
    if far || rules_are_innocent(case, probe, FirewallVerdict::Drop) {
        return None;
    }
    let listener = case.listener_for(probe.to.ip());
    if listener.is_some_and(|listener| may_be_the_engines(case, listener)) {
        return None;
    }
    let confidence = match has_room(case, probe) {
        Some(true) => Confidence::Likely,
        // A full queue is as silent as a firewall.
        None => Confidence::Possible,
        Some(false) => return None,
    };
    let says = format!("a firewall seems to drop connections to {}", probe.to);
    Some(by_some_rule(case, probe, confidence, says))
}
