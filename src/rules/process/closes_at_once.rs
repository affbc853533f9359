//! # The server closes the connection at once
//!
//! ## What happened
//!
//! The connection was made, and the server itself closed or reset it before it
//! sent a byte.
//!
//! ## Why
//!
//! It fails on every connection (its log has the error), it lets in only
//! certain addresses, it has reached its number of connections, or it expects
//! another protocol than the one it was sent.
//!
//! ## What to do
//!
//! Read what the server writes at the moment of the attempt. If it is meant to
//! speak TLS, try `https://`.

use crate::facts::{Protocol, Scheme};
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::process::{
    Does, Taker, out_of_file_descriptors, port_taken, system_service_holds_port,
};
use crate::rules::{Case, Rule, client, container, path, presence, protocol};

/// DD408.
pub static RULE: Rule = Rule {
    code: "DD408",
    name: "closes-at-once",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::port_redirected::RULE,
        &client::remote_refuses::RULE,
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::not_recreated::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
        &container::ipv6_publish_dead::RULE,
        &container::engine_rules_missing::RULE,
        &port_taken::RULE,
        &out_of_file_descriptors::RULE,
        &path::firewall_rejects::RULE,
        &protocol::tls_expected::RULE,
        &protocol::tls_not_spoken::RULE,
        &protocol::not_http::RULE,
        &path::dead_tunnel::RULE,
        &presence::crash_looping::RULE,
        &system_service_holds_port::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("closes_at_once.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let probe = case.cut_off()?;
    if path::vm_boundary::stands(case) {
        return None;
    }
    // It did not close this connection: it ended with it.
    let ended = case.departed().is_some_and(|gone| gone.port.is_some());
    if ended && case.nobody_listens() {
        return None;
    }
    let taker = Taker::of(case, probe);
    let container = taker.container;
    // A forwarder only passes on what its far end does; that is told by other rules.
    let confidence = match taker.owner {
        Some(_) if !taker.forwards => Confidence::Likely,
        _ => Confidence::Possible,
    };
    let mut finding = taker.finding(
        case,
        probe,
        confidence,
        &Does {
            container: "closes every connection at once",
            itself: "closes them at once",
        },
    );
    finding = finding.fix(match container {
        Some(container) => container::read_log(case, container),
        None => Fix::read(
            "read its log",
            "look at what it writes at the moment of an attempt",
        ),
    });
    let plain = case
        .target
        .protocol()
        .is_none_or(|protocol| protocol == Protocol::Http);
    if plain && case.target.scheme != Some(Scheme::Ws) {
        let there = case.target.authority();
        finding = finding.fix(Fix::safe(
            "try TLS",
            ["curl", "-vk", &format!("https://{there}/")],
        ));
    }
    Some(finding)
}
