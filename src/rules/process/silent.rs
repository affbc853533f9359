//! # The server accepts the connection and says nothing
//!
//! ## What happened
//!
//! The connection was made, a request was sent, and no byte came back in time.
//!
//! ## Why
//!
//! The server waits for something itself (a database, another service, a lock),
//! compiles the page on this first request, or serves one connection at a time
//! and another client has it. The network is not the reason: the connection was
//! made.
//!
//! ## What to do
//!
//! Give it a minute if it is a development server that has just started. Else
//! read its log, and check what it depends on.

use crate::facts::{Outcome, Scheme};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::process::{
    Does, Taker, backlog_full, busy, inherited_socket, out_of_file_descriptors, paused_in_debugger,
    port_taken, stale_reuseport_member, suspended, system_service_holds_port,
};
use crate::rules::{Case, Rule, client, container, evidence, path, presence, protocol};

/// DD407.
pub static RULE: Rule = Rule {
    code: "DD407",
    name: "silent",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::port_redirected::RULE,
        &client::remote_silent::RULE,
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
        &container::ipv6_publish_dead::RULE,
        &container::engine_rules_missing::RULE,
        &port_taken::RULE,
        &suspended::RULE,
        &out_of_file_descriptors::RULE,
        &busy::RULE,
        &backlog_full::RULE,
        &path::firewall_drops::RULE,
        &protocol::tls_expected::RULE,
        &protocol::tls_not_spoken::RULE,
        &protocol::not_http::RULE,
        &path::upstream_silent::RULE,
        &path::dead_tunnel::RULE,
        &presence::crash_looping::RULE,
        &paused_in_debugger::RULE,
        &inherited_socket::RULE,
        &stale_reuseport_member::RULE,
        &system_service_holds_port::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("silent.rs"),
};

/// A server younger than this may still be compiling its first page, in seconds.
const YOUNG: u64 = 120;

fn check(case: &Case) -> Option<Finding> {
    let probe = case.probe_that(Outcome::Silent)?;
    if path::vm_boundary::stands(case) {
        return None;
    }
    let taker = Taker::of(case, probe);
    let Taker {
        listener,
        owner,
        container,
        ..
    } = taker;
    let port = case.port();
    let mut finding = taker.finding(
        case,
        probe,
        Confidence::Likely,
        &Does {
            container: "takes connections and says nothing",
            itself: "says nothing",
        },
    );
    let waiting = listener
        .and_then(|listener| listener.queue.seen())
        .is_some_and(|queue| queue.waiting > 0);
    if waiting {
        finding = finding.because_all(listener.and_then(evidence::queue));
    }
    let web = case.target.scheme.is_none_or(Scheme::is_web);
    let dev_server = owner
        .and_then(|owner| case.framework(owner))
        .is_some_and(|row| row.dev_server && !row.forwarder);
    if web && dev_server && owner.is_some_and(|owner| owner.age_s < YOUNG) {
        let url = case.target.url(None);
        finding = finding.fix(Fix::safe(
            "give it a minute: it may compile on its first request",
            ["curl", "-sS", "-o", "/dev/null", "--max-time", "60", &url],
        ));
    }
    if waiting && case.facts.host.os == "linux" {
        finding = finding.fix(Fix::safe(
            "it may serve one connection at a time: see who has it",
            ["ss", "-tnp", "sport", "=", &format!(":{port}")],
        ));
    }
    if let Some(container) = container {
        finding = finding.fix(container::read_log(case, container));
    }
    Some(finding.fix(Fix::read(
        "see what it waits for",
        "read the last lines it wrote, and check the databases and services it calls",
    )))
}
