//! What the two rules about firewalls share: which rule it is, and what it does.

use std::net::IpAddr;

use super::{managers, may_be_the_engines};
use crate::facts::{FirewallRule, FirewallVerdict, Probe};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, evidence};

/// A firewall's rule that explains a probe.
pub(super) struct Proof<'a> {
    pub(super) rule: &'a FirewallRule,
    /// Whether nothing else can have taken the packet.
    pub(super) sure: bool,
}

/// The rule with this verdict that took the probe's packet, as far as the rules tell.
pub(super) fn proof<'a>(
    case: &Case<'a>,
    probe: &Probe,
    verdict: FirewallVerdict,
) -> Option<Proof<'a>> {
    let firewall = case.facts.host.firewall.seen()?;
    let covered = case.listener_for(probe.to.ip()).is_some();
    let candidates = firewall.rules.iter().enumerate().filter(|(_, rule)| {
        rule.verdict == verdict
            && of_family(rule, probe.to.ip())
            // Its counter stood still while we knocked: it took nothing.
            && rule.counted != Some(0)
    });
    let (at, rule) = candidates.max_by_key(|(at, rule)| {
        let moved = rule.counted.is_some();
        // Of two alike, the one that is met first.
        (moved, rule.names_port, !rule.conditional, usize::MAX - at)
    })?;
    let sure = match rule.counted {
        Some(_) => rule.names_port || covered || !rule.conditional,
        None => (covered || !rule.conditional) && !firewall.may_pass_before(at),
    };
    Some(Proof { rule, sure })
}

/// Whether a rule's table sees packets of this address family.
fn of_family(rule: &FirewallRule, ip: IpAddr) -> bool {
    match rule.table.split(' ').next() {
        Some("ip") => ip.is_ipv4(),
        Some("ip6") => ip.is_ipv6(),
        _ => true,
    }
}

/// Whether the rules were read and none of them can have taken the packet.
pub(super) fn rules_are_innocent(case: &Case, probe: &Probe, verdict: FirewallVerdict) -> bool {
    case.facts.host.firewall.is_seen() && proof(case, probe, verdict).is_none()
}

/// The finding that this rule `does` it: `drops`, `refuses`.
pub(super) fn by_this_rule(
    case: &Case,
    probe: &Probe,
    proof: &Proof,
    confidence: Confidence,
    does: &str,
) -> Finding {
    let (port, rule) = (case.port(), proof.rule);
    let says = format!(
        "{} {does} connections to port {port} (table {}, chain {})",
        whose(rule),
        rule.table,
        rule.chain
    );
    let listener = case.listener_for(probe.to.ip());
    let mut finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because_all(listener.map(|listener| evidence::listener(case, listener)))
        .because(rule_evidence(proof));
    finding.fixes = managers::rule_fixes(probe, rule);
    finding
}

/// The finding that some rule does it, where the rules could not be read.
pub(super) fn by_some_rule(
    case: &Case,
    probe: &Probe,
    confidence: Confidence,
    says: String,
) -> Finding {
    let listener = case.listener_for(probe.to.ip());
    Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because_all(listener.map(|listener| evidence::listener(case, listener)))
        .because_all(sign_evidence(case))
        .fix(prove(case))
}

/// The rule as evidence, with its counter.
pub(super) fn rule_evidence(proof: &Proof) -> Evidence {
    let rule = proof.rule;
    let counted = match rule.counted {
        Some(1) => "counted 1 packet while devdoctor knocked".to_owned(),
        Some(n) => format!("counted {n} packets while devdoctor knocked"),
        None if proof.sure => "takes this connection".to_owned(),
        None => "may take this connection".to_owned(),
    };
    rule_seen(rule, &counted)
}

fn rule_seen(rule: &FirewallRule, does: &str) -> Evidence {
    let handle = match rule.handle {
        Some(handle) => format!(", handle {handle}"),
        None => String::new(),
    };
    Evidence::new(
        format!("the rule `{}` {does}", rule.text),
        Seen::Firewall {
            chain: format!("{} {}{handle}", rule.table, rule.chain),
        },
    )
}

/// Whether a rule of this machine's own firewall surely took the packet to another machine.
pub fn took(case: &Case, probe: &Probe) -> bool {
    case.is_far(probe.to.ip())
        && case.facts.host.firewall.seen().is_some_and(|firewall| {
            let mut stoppers = firewall.stoppers();
            stoppers.any(|rule| of_family(rule, probe.to.ip()))
        })
}

/// The finding that another machine would not get through, where this one does: the first
/// rule that stops what comes from there has this verdict.
pub(super) fn stops_others(case: &Case, verdict: FirewallVerdict) -> Option<Finding> {
    let firewall = case.facts.way.arriving.seen()?;
    if case.failure().is_some() {
        return None;
    }
    let probe = case.probes().find(|probe| {
        let ip = probe.to.ip();
        probe.outcome.connected() && !ip.is_loopback() && case.is_local(ip) == Some(true)
    })?;
    let listener = case.listener_for(probe.to.ip())?;
    // What is sent elsewhere meets other rules: an engine's, for one.
    let sent_on = |rule: &FirewallRule| rule.verdict == FirewallVerdict::Redirect;
    if may_be_the_engines(case, listener) || firewall.rules.iter().any(sent_on) {
        return None;
    }
    let mut stoppers = firewall.stoppers();
    let rule = stoppers.find(|rule| of_family(rule, probe.to.ip()))?;
    // Where some may pass, who is kept out cannot be told from here.
    let place = firewall.rules.iter().position(|other| other == rule)?;
    if rule.verdict != verdict || firewall.may_pass_before(place) {
        return None;
    }
    let does = match verdict {
        FirewallVerdict::Reject => "refuses",
        _ => "drops",
    };
    let says = format!(
        "{} {does} what other machines send to {} (table {}, chain {}): from this one it answers",
        whose(rule),
        probe.to,
        rule.table,
        rule.chain
    );
    let mut finding = Finding::new(Confidence::Likely, says)
        .severity(Severity::Info)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because(rule_seen(rule, "takes what comes from there"));
    finding.fixes = managers::rule_fixes(probe, rule);
    Some(finding)
}

/// Whose rule it is, in words that begin a sentence.
fn whose(rule: &FirewallRule) -> String {
    match &rule.manager {
        Some(manager) => format!("a rule of {manager}"),
        None => "a firewall rule".to_owned(),
    }
}

/// The one command that shows the rule, for a user who may not read the rules.
pub(super) fn prove(case: &Case) -> Fix {
    Fix::safe(
        "see which rule it is",
        ["sudo", "devdoctor", "why", &case.target.input],
    )
}

fn sign_evidence(case: &Case) -> impl Iterator<Item = Evidence> {
    let signs = case.facts.host.firewall_signs.iter();
    signs.map(|sign| {
        Evidence::new(
            sign.clone(),
            Seen::Kernel {
                what: "firewall".to_owned(),
            },
        )
    })
}
