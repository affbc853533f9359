//! # The system keeps the port from everybody
//!
//! ## What happened
//!
//! Nobody listens on the port, and no server can: Windows has reserved a range of
//! ports that it lies in. A server ends with `EACCES` or `WSAEACCES` (10013), *an
//! attempt was made to access a socket in a way forbidden by its access
//! permissions*, while no tool shows anybody on the port.
//!
//! ## Why
//!
//! Hyper-V, WSL and Docker Desktop have Windows reserve blocks of ports when the
//! machine starts, anywhere from 1024 on if the dynamic range begins there. Which
//! blocks they are changes with every start. To run the server as an administrator
//! does not help.
//!
//! ## What to do
//!
//! Take a port outside of the ranges. Or stop the service that has reserved them
//! (WSL and Docker lose the network for that time), exclude this one port by hand,
//! which keeps it for those who ask for it by its number, and start the service
//! again.

use crate::facts::Outcome;
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence, fixes, presence};

/// DD414.
pub static RULE: Rule = Rule {
    code: "DD414",
    name: "reserved-range",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&container::engine_down::RULE, &presence::moved_port::RULE],
    settle: 60,
    check,
    source: include_str!("reserved_range.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    presence::refused(case)?;
    if case.facts.host.os != "windows" {
        return None;
    }
    let port = case.port();
    let limits = case.facts.binding.seen()?;
    // What an administrator excludes is kept from outgoing connections and from Hyper-V;
    // whoever asks for it by its number gets it.
    let range = limits
        .reserved
        .iter()
        .find(|range| range.contains(port) && !range.by_hand)?;
    let says = format!(
        "no server can have port {port}: Windows has reserved the ports {} to {}",
        range.first, range.last
    );
    let finding = Finding::new(Confidence::Certain, says)
        .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
        .because(evidence::nobody_listens(case))
        .because(Evidence::new(
            format!("ports {} to {} are excluded", range.first, range.last),
            Seen::Kernel {
                what: "netsh int ipv4 show excludedportrange protocol=tcp".to_owned(),
            },
        ));
    let expected = case.expected();
    let one = expected.iter().find(|one| one.service.is_on());
    let free = free(case);
    let finding = match (one, free) {
        (Some(one), Some(free)) => finding.fix(fixes::set_port(case, one, free)),
        (None, Some(free)) => finding.fix(Fix::read(
            "take a port that is not reserved",
            format!("{free} is the next one"),
        )),
        (_, None) => finding,
    };
    let administrator = "in a window of an administrator";
    let start = format!("startport={port}");
    Some(
        finding
            .fix(Fix::run(
                format!("or have the ranges given back, {administrator}"),
                Safety::Disruptive,
                ["net", "stop", "winnat"],
            ))
            .fix(Fix::run(
                "then keep this port out of them for good",
                Safety::Disruptive,
                [
                    "netsh",
                    "int",
                    "ipv4",
                    "add",
                    "excludedportrange",
                    "protocol=tcp",
                    &start,
                    "numberofports=1",
                ],
            ))
            .fix(Fix::run(
                "and let WSL and Docker use the network again",
                Safety::Safe,
                ["net", "start", "winnat"],
            )),
    )
}

/// The next port that is neither reserved nor taken.
fn free(case: &Case) -> Option<u16> {
    let ranges = &case.facts.binding.seen()?.reserved;
    let taken = |port: u16| {
        let mut listeners = case.facts.listeners.items().iter();
        listeners.any(|one| one.at.port() == port)
    };
    let reserved = |port: u16| ranges.iter().any(|one| one.contains(port) && !one.by_hand);
    (case.port()..=u16::MAX).find(|port| !reserved(*port) && !taken(*port))
}
