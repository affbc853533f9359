//! # The certificate is not one that clients accept
//!
//! ## What happened
//!
//! The connection is fine and the server speaks TLS. The certificate with which it
//! shows who it is has expired, is not valid yet, is for another name, or is signed
//! by nobody whom this machine trusts. Browsers show a warning
//! (`NET::ERR_CERT_AUTHORITY_INVALID`, `…_DATE_INVALID`, `…_COMMON_NAME_INVALID`);
//! curl, Node and Python give up.
//!
//! ## Why
//!
//! A development server makes its own certificate, which nobody else knows. mkcert
//! and `dotnet dev-certs` make an authority of your own, which this machine must be
//! told to trust once. A certificate names the hosts that it is for: one for
//! `localhost` does not cover `127.0.0.1`, and names are read from its list of
//! names, never from its subject. Node, Java and Firefox may have trust stores of
//! their own; what is said here is what the system's says. A server may also end the
//! handshake by itself: it has no certificate for the name that was asked, or wants
//! the client to show one.
//!
//! ## What to do
//!
//! Trust the authority (`mkcert -install`, `dotnet dev-certs https --trust`), or make
//! a certificate for the name that you use (`mkcert localhost 127.0.0.1 ::1`). Give a
//! client the authority's file: `curl --cacert FILE`, `NODE_EXTRA_CA_CERTS=FILE`.
//! Do not switch the check off for good.

use crate::facts::{Certificate, Known, Scheme, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

use super::certificate_fixes::fixes;
use super::with_scheme;

/// DD603.
pub static RULE: Rule = Rule {
    code: "DD603",
    name: "certificate",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 10,
    check,
    source: include_str!("certificate.rs"),
};

/// What is wrong with a certificate; what cannot be mended by trusting it comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Over,
    Early,
    OtherName,
    Untrusted,
    /// This machine trusts nobody at all.
    EmptyStore,
}

fn check(case: &Case) -> Option<Finding> {
    refused(case).or_else(|| flawed(case))
}

/// The server itself ended the handshake, because of a certificate.
fn refused(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let alert = greeting.tls.as_ref()?.alert.as_deref()?;
    let place = case.target.authority();
    let host = &case.target.host;
    let (says, fix) = match alert {
        "unrecognised name" | "internal error" => (
            format!("the server at {place} has no certificate for {host}, and ends the handshake"),
            Fix::read(
                "ask by a name that it serves, or add this one",
                format!("look for the server's list of host names, and add {host} to it"),
            ),
        ),
        "certificate required" | "bad certificate" | "access denied" => (
            format!("the server at {place} wants a certificate of the client"),
            Fix::safe(
                "show it one",
                [
                    "curl",
                    "--cert",
                    "client.pem",
                    "--key",
                    "client-key.pem",
                    &with_scheme(case.target, Scheme::Https),
                ],
            ),
        ),
        _ => return None,
    };
    let mut finding = Finding::new(Confidence::Likely, says)
        .severity(severity(case))
        .because(evidence::probe(probe))
        .because(Evidence::new(
            format!("{} ends the TLS handshake with `{alert}`", probe.to),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        ));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    Some(finding.fix(fix))
}

/// The server shows a certificate that clients do not accept.
fn flawed(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let certificate = greeting.tls.as_ref()?.certificate.seen()?;
    let flaws = flaws(certificate);
    let first = *flaws.first()?;
    let place = case.target.authority();
    let confidence = match first {
        Flaw::Over | Flaw::Early | Flaw::OtherName => case.hearing(),
        // Another client may have a trust store of its own.
        Flaw::Untrusted | Flaw::EmptyStore => Confidence::Likely,
    };
    let mut finding = Finding::new(confidence, says(case, certificate, first))
        .severity(severity(case))
        .because(evidence::probe(probe));
    let seen = || Seen::Probe {
        to: probe.to,
        outcome: probe.outcome.word().to_owned(),
    };
    let signed = match certificate.self_signed {
        true => "by itself".to_owned(),
        false => format!("by {}", certificate.issuer),
    };
    finding = finding.because(Evidence::new(
        format!(
            "the certificate of {place} is of {}, signed {signed}, valid from {} to {}",
            certificate.subject, certificate.not_before, certificate.not_after
        ),
        seen(),
    ));
    for flaw in flaws {
        if let Some(says) = words(case, certificate, flaw, first) {
            finding = finding.because(Evidence::new(says, seen()));
        }
    }
    if let Some(root) = &certificate.mkcert_root
        && certificate.by_mkcert_root
    {
        let says = "your own mkcert signed it";
        finding = finding.because(Evidence::new(
            says,
            Seen::File {
                file: root.clone(),
                line: None,
            },
        ));
    }
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    let fixes = fixes(case, certificate, first);
    Some(fixes.into_iter().fold(finding, Finding::fix))
}

/// Where nobody said https://, only the number of the port did: a client of another kind
/// may well know this certificate.
fn severity(case: &Case) -> Severity {
    match case.target.scheme {
        Some(_) => Severity::Error,
        None => Severity::Info,
    }
}

fn flaws(certificate: &Certificate) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if certificate.is_over() {
        flaws.push(Flaw::Over);
    }
    if certificate.is_early() {
        flaws.push(Flaw::Early);
    }
    if certificate.for_host == Known::Seen(false) {
        flaws.push(Flaw::OtherName);
    }
    if certificate.trusted == Known::Seen(false) {
        // A store without anybody in it says nothing of this certificate.
        flaws.push(match certificate.authorities {
            0 if !certificate.self_signed => Flaw::EmptyStore,
            _ => Flaw::Untrusted,
        });
    }
    flaws
}

fn says(case: &Case, certificate: &Certificate, flaw: Flaw) -> String {
    let place = case.target.authority();
    let ago = |seconds: i64| human_age(seconds.unsigned_abs());
    match flaw {
        Flaw::Over => format!(
            "the certificate of {place} expired {} ago, on {}",
            ago(certificate.ends_in_s),
            certificate.not_after
        ),
        Flaw::Early => format!(
            "the certificate of {place} becomes valid only in {}, on {}",
            ago(certificate.begins_in_s),
            certificate.not_before
        ),
        Flaw::OtherName if certificate.names.is_empty() => {
            format!("the certificate of {place} names no host that it is for")
        }
        Flaw::OtherName => format!(
            "the certificate of {place} is for {}, not for {}",
            named(certificate),
            case.target.host
        ),
        Flaw::Untrusted if certificate.self_signed => format!(
            "the certificate of {place} is signed by itself, and this machine does not trust it"
        ),
        Flaw::Untrusted => format!(
            "the certificate of {place} is signed by {}, whom this machine does not trust",
            certificate.issuer
        ),
        Flaw::EmptyStore => format!(
            "this machine trusts no certificate authority at all, so not that of {place} either"
        ),
    }
}

/// What one flaw rests on, where neither the certificate's dates nor the answer say it.
fn words(case: &Case, certificate: &Certificate, flaw: Flaw, first: Flaw) -> Option<String> {
    let store = &certificate.store;
    Some(match flaw {
        Flaw::Over | Flaw::Early => return None,
        Flaw::OtherName if flaw == first => return None,
        Flaw::OtherName => format!(
            "it is for {}, and {} was asked",
            named(certificate),
            case.target.host
        ),
        Flaw::Untrusted => format!(
            "none of the {} authorities in {store} stands behind it",
            certificate.authorities
        ),
        Flaw::EmptyStore => format!("there is no authority in {store}"),
    })
}

/// The first few hosts that it is for.
fn named(certificate: &Certificate) -> String {
    match &certificate.names[..] {
        [] => "no host".to_owned(),
        names @ ([_] | [_, _] | [_, _, _]) => names.join(", "),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
