//! # The server lets in only this machine
//!
//! ## What happened
//!
//! The server listens on a loopback address (`127.0.0.1`, `::1`). The
//! connection was made to an address that this machine has in its network, and
//! there nobody listens: it was refused.
//!
//! ## Why
//!
//! Most development servers take only the loopback address, so that nobody else
//! on the network can reach unfinished work. Other machines, phones and
//! containers, which cannot use this machine's loopback, are refused.
//!
//! ## What to do
//!
//! On this machine, use `localhost`. If another device must reach the server,
//! have it listen on every address, and only on a network that you trust.

use std::net::SocketAddr;

use crate::facts::Scope;
use crate::findings::{Finding, Severity};
use crate::rules::address::{missed, unspecified_destination, who};
use crate::rules::{Case, Rule, container, fixes, name};

/// DD302.
pub static RULE: Rule = Rule {
    code: "DD302",
    name: "loopback-only",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &name::hosts_entry::RULE,
        &unspecified_destination::RULE,
        &container::container_paused::RULE,
        &container::container_exited::RULE,
        &container::localhost_inside_container::RULE,
        &container::host_service_on_loopback::RULE,
        &container::dependency_not_ready::RULE,
        &container::container_restarting::RULE,
        &container::published_on_one_address::RULE,
        &container::container_not_ready::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("loopback_only.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let missed = missed(case)?;
    let dialled = missed.ip();
    if dialled.is_loopback() || dialled.is_unspecified() {
        return None;
    }
    if !case.listeners().all(|l| l.scope() == Scope::Loopback) {
        return None;
    }
    let listener = case.listeners().min_by_key(|l| l.at.is_ipv6())?;
    let says = format!(
        "{} listens on {} only, which no other machine can reach, and {dialled} is this \
         machine's address in the network",
        who(case, listener),
        listener.at
    );
    let here = SocketAddr::new(listener.at.ip().to_canonical(), case.port());
    Some(
        missed
            .finding(case, listener, says)
            .fix(fixes::open_instead(case, here))
            .fix(fixes::listen_on_all(case, listener)),
    )
}
