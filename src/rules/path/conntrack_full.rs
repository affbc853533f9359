//! # The kernel can track no more connections
//!
//! ## What happened
//!
//! The attempt to connect got no answer. The kernel's table of tracked connections
//! is full, and it drops the packets of every new one.
//!
//! ## Why
//!
//! A firewall or NAT needs the table (`nf_conntrack`). Many short connections, a
//! load test, a scan, or a container host with a small table fill it; closed
//! connections stay in it for two minutes, idle ones for days.
//!
//! ## What to do
//!
//! Make the table larger, and find who opens so many connections.

use crate::facts::Outcome;
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

/// DD707.
pub static RULE: Rule = Rule {
    code: "DD707",
    name: "conntrack-full",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::proxy_unreachable::RULE,
        &super::no_route::RULE,
        &super::ephemeral_ports_exhausted::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("conntrack_full.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let tracking = case.facts.way.tracking.seen()?;
    let probe = case.probe_that(Outcome::TimedOut)?;
    let (count, max) = (tracking.count, tracking.max);
    let confidence = match tracking.dropped {
        _ if max == 0 => return None,
        Some(dropped) if dropped > 0 => Confidence::Certain,
        // Nothing was dropped while we knocked.
        Some(_) => return None,
        None if count >= max => Confidence::Likely,
        None => return None,
    };
    let kernel = |says: String, what: &str| {
        Evidence::new(
            says,
            Seen::Kernel {
                what: what.to_owned(),
            },
        )
    };
    let says = format!(
        "the kernel's table of tracked connections is full ({count} of {max}), and new \
         connections are dropped"
    );
    let dropped = tracking.dropped.map(|dropped| {
        kernel(
            format!("it dropped {dropped} packets for want of room while devdoctor knocked"),
            "/proc/net/stat/nf_conntrack",
        )
    });
    let larger = format!("net.netfilter.nf_conntrack_max={}", max.saturating_mul(2));
    Some(
        Finding::new(confidence, says)
            .because(evidence::probe(probe))
            .because(kernel(
                format!("{count} connections are tracked, and {max} may be"),
                "net.netfilter.nf_conntrack_max",
            ))
            .because_all(dropped)
            .fix(Fix::run(
                "make the table larger, until the next start of the machine",
                Safety::Safe,
                ["sudo", "sysctl", "-w", &larger],
            ))
            .fix(Fix::safe(
                "see who has so many connections",
                ["ss", "-tanp"],
            )),
    )
}
