//! # Something on the way answers in the name of other hosts
//!
//! ## What happened
//!
//! A page that always answers with nothing (HTTP 204) gave something else, or the
//! answer says itself that the network wants a login (HTTP 511). So what answers
//! for the target may not be the target.
//!
//! ## Why
//!
//! Hotels, trains and guest networks catch every connection until somebody has
//! logged in or agreed to something; so do some providers and company gateways.
//! Plain HTTP is answered with the login page; HTTPS fails with a strange
//! certificate, is refused or hangs, because nobody can answer it in another's
//! name.
//!
//! ## What to do
//!
//! Open the login page in a browser. Programs work once that is done.

use crate::facts::{Http, PortalCheck};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence, name, path};

use super::{may_be_intercepted, offline};

/// DD914.
pub static RULE: Rule = Rule {
    code: "DD914",
    name: "captive-portal",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &path::proxy_unreachable::RULE,
        &name::hosts_entry::RULE,
        &offline::RULE,
    ],
    settle: 10,
    check,
    source: include_str!("captive_portal.rs"),
};

/// The status that only a network itself gives: log in first.
const LOGIN_REQUIRED: u16 = 511;

fn check(case: &Case) -> Option<Finding> {
    let far = case.probes().any(|probe| case.is_far(probe.to.ip()));
    if !far && !case.addresses().is_empty() {
        return None;
    }
    if let Some((probe, http)) = asked_to_log_in(case) {
        let says = "this network wants a login first: it answers in the target's name (HTTP 511)";
        return Some(
            Finding::new(Confidence::Certain, says)
                .because(evidence::probe(probe))
                .fix(open(http.location.as_deref(), &case.target.url(None))),
        );
    }
    let outside = case.facts.outside.seen()?;
    let portal = outside.portal.seen().filter(|portal| is_caught(portal))?;
    // Where the target answers as it should, nobody is in the way any more.
    let troubled = case
        .probes()
        .any(|probe| !probe.outcome.well() || may_be_intercepted(case, probe));
    if !troubled && case.probes().next().is_some() {
        return None;
    }
    let says = match portal.location.as_deref().and_then(super::site) {
        Some(site) => format!(
            "something on the way answers in the name of other hosts, and sends them to {site}: \
             this network wants a login first"
        ),
        None => "something on the way answers in the name of other hosts: this network wants a \
                 login first"
            .to_owned(),
    };
    Some(
        Finding::new(Confidence::Likely, says)
            .because(caught(portal))
            .because_all(case.probes().map(evidence::probe))
            .fix(open(portal.location.as_deref(), &portal.url)),
    )
}

/// An answer by which the network asks for a login.
fn asked_to_log_in<'a>(case: &Case<'a>) -> Option<(&'a crate::facts::Probe, &'a Http)> {
    case.probes()
        .filter(|probe| case.is_far(probe.to.ip()))
        .find_map(|probe| {
            let http = probe.greeting.seen()?.http.as_ref()?;
            (http.status == LOGIN_REQUIRED).then_some((probe, http))
        })
}

/// Whether the page was answered by somebody else: a page or a way to one. An error may be
/// the page's own.
fn is_caught(portal: &PortalCheck) -> bool {
    !portal.is_genuine() && (matches!(portal.status, 200..400) || portal.status == LOGIN_REQUIRED)
}

fn caught(portal: &PortalCheck) -> Evidence {
    let sent = match &portal.location {
        Some(location) => format!(" and leads to {}", shortened(location)),
        None => String::new(),
    };
    Evidence::new(
        format!(
            "{} gives HTTP {}{sent}; from the internet it gives nothing (HTTP 204)",
            portal.url, portal.status
        ),
        Seen::Kernel {
            what: "a page for comparison".to_owned(),
        },
    )
}

/// A URL without what says who was sent there.
fn shortened(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Only a page of the web is told to be opened.
fn open(location: Option<&str>, or: &str) -> Fix {
    let page = location
        .filter(|url| url.starts_with("http://") || url.starts_with("https://"))
        .unwrap_or(or);
    Fix::read("log in to the network", format!("open {page} in a browser"))
}
