//! # 0.0.0.0 is an address to listen on, not one to connect to
//!
//! ## What happened
//!
//! The connection was made to `0.0.0.0` or `[::]`. A server listens there to
//! say *every address of this machine*; as a destination it means nothing.
//!
//! ## Why
//!
//! Many servers print the address they listen on as if it were a URL. Linux and
//! macOS take such a destination for this machine itself, so it often works;
//! Windows refuses it, browsers block it from other pages, and a server that
//! listens on one family only is missed.
//!
//! ## What to do
//!
//! Use `localhost` or `127.0.0.1` in the client, and keep `0.0.0.0` for the
//! server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::facts::{Listener, Outcome, Scope};
use crate::findings::{Confidence, Evidence, Finding, Seen, Severity};
use crate::rules::{Case, Rule, evidence, fixes};

/// DD308.
pub static RULE: Rule = Rule {
    code: "DD308",
    name: "unspecified-destination",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("unspecified_destination.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let dialled = case.target.ip().filter(IpAddr::is_unspecified)?;
    let probe = case.probes().next()?;
    let works = Case::content(probe);
    let host = &case.target.authority();
    let listener = match probe.outcome {
        _ if works => case.listener_for(dialled).or(case.listeners().next()),
        // Somebody listens, on an address that this destination does not stand for.
        Outcome::Refused if !case.may_be_covered(dialled) => Some(case.listeners().next()?),
        Outcome::Unreachable | Outcome::Failed => case.listeners().next(),
        _ => return None,
    };
    let says = if works {
        format!("{host} answers here, but it is no address to connect to: elsewhere it fails")
    } else {
        format!("{host} is no address to connect to: it stands for every address of a server")
    };
    let mut finding = Finding::new(Confidence::Certain, says).because(evidence::probe(probe));
    if works {
        finding = finding.severity(Severity::Warning).because(Evidence::new(
            "Linux and macOS take it for this machine; Windows and browsers do not",
            Seen::Name {
                name: case.target.host.clone(),
            },
        ));
    }
    if let Some(listener) = listener {
        finding = finding.because(evidence::listener(case, listener));
    }
    let there = SocketAddr::new(
        listener.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), destination),
        case.port(),
    );
    Some(finding.fix(fixes::open_instead(case, there)))
}

/// The address by which this machine reaches the listener.
fn destination(listener: &Listener) -> IpAddr {
    let here = listener.at.ip();
    match listener.scope() {
        Scope::All if here.is_ipv6() && listener.v6only == crate::facts::Known::Seen(true) => {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        }
        Scope::All => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Scope::Loopback | Scope::Lan => here.to_canonical(),
    }
}
