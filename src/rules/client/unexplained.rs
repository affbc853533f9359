//! # It fails, and devdoctor cannot say why
//!
//! ## What happened
//!
//! The connection failed, and none of the causes that devdoctor knows fits
//! everything that was seen.
//!
//! ## Why
//!
//! Either the cause is one that devdoctor does not know yet, or a fact that
//! would give it away could not be seen. The report lists what was ruled out,
//! and by which fact.
//!
//! ## What to do
//!
//! Run `devdoctor why -v` to see every look that was made. If you find the
//! cause, a report with the output of `devdoctor snapshot` attached makes it a
//! cause that devdoctor knows.

use std::net::IpAddr;

use crate::facts::{FirewallVerdict, Outcome};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence, ruled_out};

/// DD999.
pub static RULE: Rule = Rule {
    code: "DD999",
    name: "unexplained",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("unexplained.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let verdict = case.verdict();
    if case.explained() || matches!(verdict, Verdict::Reachable | Verdict::NotDialled) {
        return None;
    }
    // An answer that its own rule has called harmless is no failure.
    let answers = matches!(verdict, Verdict::ErrorStatus | Verdict::BadProtocol);
    if answers && !case.spoken().is_empty() {
        return None;
    }
    let there = case.target.authority();
    let link_local = link_local(case);
    let says = match verdict {
        _ if link_local.is_some() => {
            format!("{there} cannot be dialled without the interface that leads to it")
        }
        Verdict::Unresolved => format!("the name {} could not be resolved", case.target.host),
        Verdict::Mixed => {
            format!("{there} fails on some addresses only, and no cause that devdoctor knows fits")
        }
        _ => format!(
            "{there} fails ({}), and no cause that devdoctor knows fits",
            verdict.word()
        ),
    };
    let excluded = ruled_out::all(case).into_iter().map(|ruled_out| {
        Evidence::new(
            format!("not the {}: {}", ruled_out.what, ruled_out.by),
            Seen::Kernel {
                what: ruled_out.what.clone(),
            },
        )
    });
    let finding = Finding::new(Confidence::Possible, says)
        .because_all(case.probes().map(evidence::probe))
        .because_all(link_local)
        .because_all(redirects(case))
        .because_all(excluded);
    Some(finding.fix(Fix::safe(
        "see every look that was made",
        ["devdoctor", "why", "-v", &case.target.input],
    )))
}

/// An address of which every interface has its own: the system refuses to choose one.
fn link_local(case: &Case) -> Option<Evidence> {
    let probe = case.probe_that(Outcome::Unreachable)?;
    let IpAddr::V6(ip) = probe.to.ip() else {
        return None;
    };
    ip.is_unicast_link_local().then(|| {
        Evidence::new(
            format!("{ip} is link-local: a client needs its interface too, as in {ip}%eth0"),
            Seen::Kernel {
                what: "fe80::/10".to_owned(),
            },
        )
    })
}

/// Rules that send the packet elsewhere: what answers, or refuses, may be that place.
fn redirects<'a>(case: &Case<'a>) -> impl Iterator<Item = Evidence> + use<'a> {
    let rules = case.facts.host.firewall.seen().map(|seen| &seen.rules[..]);
    rules
        .unwrap_or_default()
        .iter()
        .filter(|rule| rule.verdict == FirewallVerdict::Redirect && rule.names_port)
        .map(|rule| {
            Evidence::new(
                format!("the rule `{}` sends the port elsewhere", rule.text),
                Seen::Firewall {
                    chain: format!("{} {}", rule.table, rule.chain),
                },
            )
        })
}
