//! # The server listens on another address of this machine
//!
//! ## What happened
//!
//! The server listens on one specific address, and the connection was made to
//! another address of the same machine. Nobody listens there, so it was refused.
//!
//! ## Why
//!
//! The server's host setting names an address, or a name that means one: the
//! machine's own name is `127.0.1.1` on Debian and Ubuntu, a variable `HOST` or
//! `HOSTNAME` that a shell has set is taken for it by many servers, and an
//! address of the network does not include `localhost`.
//!
//! ## What to do
//!
//! Use the address that the server listens on, or set its host to `127.0.0.1`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::facts::Scope;
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::address::{
    address_gone, loopback_only, missed, unspecified_destination, v6_only_wildcard, who,
    wrong_family,
};
use crate::rules::{Case, Rule, container, fixes, name, path};

/// DD304.
pub static RULE: Rule = Rule {
    code: "DD304",
    name: "bound-elsewhere",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &name::hosts_entry::RULE,
        &unspecified_destination::RULE,
        &container::container_paused::RULE,
        &container::container_exited::RULE,
        &container::container_restarting::RULE,
        &container::published_on_one_address::RULE,
        &container::container_not_ready::RULE,
        &address_gone::RULE,
        &v6_only_wildcard::RULE,
        &wrong_family::RULE,
        &loopback_only::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("bound_elsewhere.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    // A relay has no setting for its address.
    if path::vm_boundary::stands(case) {
        return None;
    }
    let missed = missed(case)?;
    let dialled = missed.ip();
    let listener = case
        .listeners()
        .filter(|l| l.scope() != Scope::All)
        .min_by_key(|l| l.at.is_ipv4() != dialled.is_ipv4())?;
    let says = format!(
        "{} listens on {} only, and the connection goes to {}",
        who(case, listener),
        listener.at,
        missed.probe.to
    );
    let here = SocketAddr::new(listener.at.ip().to_canonical(), case.port());
    let mut finding = missed.finding(case, listener, says);
    // Whether the machine still has that address decides between this and address-gone.
    if listener.scope() == Scope::Lan && !case.facts.host.addresses.is_seen() {
        finding.confidence = finding.confidence.min(Confidence::Likely);
    }
    if let Some(entry) = hosts_line(case, dialled) {
        finding = finding.because(entry).fix(Fix::read(
            "give the name the address that answers",
            format!(
                "in the hosts file, have {} mean {} instead of {dialled}",
                case.target.host,
                here.ip()
            ),
        ));
    }
    if missed.works.is_none() {
        finding = finding.fix(fixes::open_instead(case, here));
    }
    if dialled.is_loopback() {
        let usual = IpAddr::V4(Ipv4Addr::LOCALHOST);
        if here.ip() != usual {
            finding = finding.fix(fixes::listen_on(case, listener, usual));
        }
        if listener.scope() == Scope::Lan {
            finding = finding.fix(Fix::read(
                "if nobody set that host",
                "look for HOST or HOSTNAME in the environment it was started in: many servers \
                 take their address from there",
            ));
        }
    } else {
        finding = finding.fix(fixes::listen_on_all(case, listener));
    }
    Some(finding)
}

/// The line of the hosts file that gives the asked name this address.
fn hosts_line(case: &Case, dialled: IpAddr) -> Option<Evidence> {
    let name = &case.target.host;
    let entry = case.facts.host.hosts_file.items().iter().find(|entry| {
        entry.ip == dialled && entry.names.iter().any(|n| n.eq_ignore_ascii_case(name))
    })?;
    Some(Evidence::new(
        format!("{name} means {dialled} by the hosts file"),
        Seen::File {
            file: "/etc/hosts".to_owned(),
            line: Some(entry.line),
        },
    ))
}
