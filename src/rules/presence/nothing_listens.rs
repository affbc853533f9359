//! # Nobody listens on this port
//!
//! ## What happened
//!
//! Every connection to the port was refused, and the table of sockets shows
//! that no process of this machine listens there.
//!
//! ## Why
//!
//! The server was never started, or has ended, or listens on another port. The
//! kernel itself answers in its place, at once: *refused*. A firewall is not
//! needed for that.
//!
//! ## What to do
//!
//! Start the server, and read its first lines: most print the address they
//! listen on. If it says another port, open that one.

use crate::facts::{Claims, catalogue};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::case::Expected;
use crate::rules::evidence::service_name;
use crate::rules::{Case, Rule, container, evidence, fixes, path, presence, process};

/// DD201.
pub static RULE: Rule = Rule {
    code: "DD201",
    name: "nothing-listens",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        presence::moved_port::RULE,
        presence::other_port::RULE,
        presence::alive_not_listening::RULE,
        presence::still_starting::RULE,
        container::engine_down::RULE,
        presence::crash_looping::RULE,
        presence::udp_only::RULE,
        presence::unix_socket_only::RULE,
        presence::other_namespace::RULE,
        presence::exited::RULE,
        presence::not_started::RULE,
        process::port_taken::RULE,
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
        presence::service_stopped::RULE,
        path::port_redirected::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("nothing_listens.rs"),
};

/// So many services of other projects are told of.
const MOST: usize = 2;

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let port = case.port();
    // What could not be seen may be what should be there.
    let confidence = if case.absence_is_settled() {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    // Files of other projects are read where their servers or containers were seen.
    let mut elsewhere = case.expected_elsewhere();
    elsewhere.retain(|one| one.service.is_on());
    elsewhere.truncate(MOST);
    let says = match elsewhere.is_empty() && nobody_should(case) {
        true => {
            format!("nobody listens on port {port}, and no file of this project says who should")
        }
        false => format!("nobody listens on port {port}"),
    };
    let finding = Finding::new(confidence, says)
        .because_all(case.probes_that(refused.outcome).map(evidence::probe))
        .because(evidence::nobody_listens(case));
    let start = |one: &Expected| {
        let of = format!("start {} of {}", service_name(one), one.project.root);
        fixes::start_as(case, one, of)
    };
    let finding = finding
        .because_all(elsewhere.iter().map(|one| evidence::expects(case, one)))
        .fix_all(elsewhere.iter().filter_map(start));
    let finding = match catalogue().port(port) {
        // A service with a client of its own; the rest of the list are guesses.
        Some(known) if known.client.is_some() => finding.fix(Fix::read(
            format!("start {}", known.service),
            format!(
                "port {port} is usually {}: start it, then try again",
                known.service
            ),
        )),
        _ => finding.fix(Fix::read(
            "start the server",
            "start the server, then open the address it prints: it may have taken another port",
        )),
    };
    Some(finding.fix(Fix::safe("see what does listen", ["devdoctor", "ports"])))
}

/// Whether the files of the user's project were read whole, and none of them speaks of the
/// port.
fn nobody_should(case: &Case) -> bool {
    let port = case.port();
    let known = |claims: &&Claims| {
        let vague = claims.services.iter().any(|one| !one.unknown.is_empty());
        let points = claims.pointers.iter().any(|one| one.port == port);
        let sets = claims.ignored.iter().any(|one| one.port == Some(port));
        !claims.cut && claims.broken.is_empty() && !vague && !points && !sets
    };
    case.claims().filter(known).is_some() && case.expected().is_empty()
}
