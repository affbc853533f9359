//! # The server listens on every IPv6 address, and on no IPv4 address
//!
//! ## What happened
//!
//! The server listens on `[::]`, which usually means every address of the
//! machine, IPv4 as well. This socket has the option `IPV6_V6ONLY`: connections
//! to `127.0.0.1` or to any other IPv4 address are refused.
//!
//! ## Why
//!
//! The program sets the option itself (some languages and proxies do), or the
//! system sets it for every socket (`net.ipv6.bindv6only=1`). Tables of sockets
//! print both kinds as `[::]`, so the difference is easily overlooked.
//!
//! ## What to do
//!
//! Have the server listen on `127.0.0.1` too, or clear the option; or use
//! `[::1]` in the client.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::facts::Known;
use crate::findings::{Confidence, Finding, Fix, Severity};
use crate::rules::address::{missed_by, unspecified_destination, who};
use crate::rules::{Case, Rule, container, fixes, name};

/// DD303.
pub static RULE: Rule = Rule {
    code: "DD303",
    name: "v6-only-wildcard",
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
        &container::ipv6_publish_dead::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("v6_only_wildcard.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    // Where the option could not be read, the refusal itself speaks for it.
    let missed = missed_by(case, |listener, ip| listener.covers(ip) != Some(true))?;
    if missed.ip().is_ipv6() {
        return None;
    }
    let wildcard = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let listener = case
        .listeners()
        .find(|l| l.at.ip() == wildcard && l.v6only != Known::Seen(false))?;
    let read = listener.v6only == Known::Seen(true);
    // Unread and unanswered on IPv6 too: nothing speaks for the option then.
    if !read && missed.works.is_none_or(|probe| probe.to.is_ipv4()) {
        return None;
    }
    let says = format!(
        "{} listens on {} for IPv6 only, and {} is IPv4",
        who(case, listener),
        listener.at,
        missed.probe.to
    );
    let mut finding = missed.finding(case, listener, says);
    if !read {
        finding.confidence = Confidence::Likely;
    }
    finding = finding
        .fix(fixes::listen_on(case, listener, missed.ip()))
        .fix(Fix::read(
            "or clear IPV6_V6ONLY",
            "have the server clear the option IPV6_V6ONLY on its socket (in Node: no `ipv6Only`; \
             in nginx: `listen [::]:80 ipv6only=off`)",
        ))
        .fix(Fix::safe(
            "see whether the system sets it for every socket",
            ["sysctl", "net.ipv6.bindv6only"],
        ));
    if missed.works.is_none() && case.facts.host.ipv6 != Known::Seen(false) {
        let here = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), case.port());
        finding = finding.fix(fixes::open_instead(case, here));
    }
    Some(finding)
}
