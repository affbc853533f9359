//! # The server listens on the other loopback address
//!
//! ## What happened
//!
//! This machine has two addresses that mean itself: `127.0.0.1` (IPv4) and
//! `::1` (IPv6). The server listens on one of them, and the connection was made
//! to the other, where nobody listens.
//!
//! ## Why
//!
//! A server that is told to listen on `localhost` takes the first address that
//! this name has: with Node that is often `::1` only. Browsers try both
//! addresses, so the page opens; a proxy, a test, a health check or an older
//! client tries one of them and is refused.
//!
//! ## What to do
//!
//! Have the server listen on `127.0.0.1`, which every client tries, or write
//! the address that does answer into the client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::facts::{Known, Listener, Scope};
use crate::findings::{Finding, Fix, Severity};
use crate::rules::address::{missed, unspecified_destination, who};
use crate::rules::{Case, Rule, container, fixes, name, path};

/// DD301.
pub static RULE: Rule = Rule {
    code: "DD301",
    name: "wrong-family",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &name::hosts_entry::RULE,
        &unspecified_destination::RULE,
        &container::container_paused::RULE,
        &container::container_exited::RULE,
        &container::container_restarting::RULE,
        &container::published_on_one_address::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("wrong_family.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    // A relay has no setting for its address.
    if path::vm_boundary::stands(case) {
        return None;
    }
    let missed = missed(case)?;
    let dialled = missed.ip();
    let listener = case.listeners().find(|l| serves_other_family(l, dialled))?;
    let port = case.port();
    let here = SocketAddr::new(reachable_by(listener, dialled), port);
    let who = who(case, listener);
    let says = match missed.works {
        Some(_) => format!(
            "{who} answers on {here} and not on {}: clients that try both addresses get \
             through, clients that try only {dialled} are refused",
            missed.probe.to
        ),
        None => format!(
            "{who} listens on {}, which is {} only, and the connection goes to {}",
            listener.at,
            family(listener.at.ip().to_canonical()),
            missed.probe.to
        ),
    };
    let mut finding = missed.finding(case, listener, says);
    let v6_works = case.facts.host.ipv6 != Known::Seen(false);
    match dialled {
        IpAddr::V4(_) => {
            finding = finding.fix(fixes::listen_on(case, listener, dialled));
            if missed.works.is_none() && v6_works {
                finding = finding.fix(fixes::open_instead(case, here));
            }
        }
        IpAddr::V6(_) => {
            finding = finding.fix(fixes::open_instead(case, here));
            if v6_works && missed.works.is_none() {
                finding = finding.fix(Fix::read(
                    "or have it listen on both addresses",
                    "if the client cannot be changed, give the server a second listener on ::1",
                ));
            }
        }
    }
    Some(finding)
}

/// Whether this listener would serve the same client by the other family.
fn serves_other_family(listener: &Listener, dialled: IpAddr) -> bool {
    let at = listener.at.ip();
    let here = at.to_canonical();
    if here.is_ipv4() == dialled.is_ipv4() {
        return false;
    }
    match listener.scope() {
        // `[::]` that leaves IPv4 out has a rule of its own.
        Scope::All => here.is_ipv4(),
        Scope::Loopback => dialled.is_loopback(),
        Scope::Lan => false,
    }
}

/// An address by which a client on this machine reaches the listener.
fn reachable_by(listener: &Listener, dialled: IpAddr) -> IpAddr {
    let here = listener.at.ip().to_canonical();
    match (here.is_unspecified(), dialled) {
        (false, _) => here,
        (true, IpAddr::V6(_)) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        (true, IpAddr::V4(_)) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

fn family(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    }
}
