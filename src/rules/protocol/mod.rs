//! Family 6 protocol: the connection is fine, what is spoken is not.

pub mod error_status;
pub mod host_not_allowed;
pub mod not_http;
pub mod tls_expected;
pub mod tls_not_spoken;

use crate::facts::{Greeting, Probe, Scheme, Target};
use crate::findings::{Evidence, Seen};

/// What the server said, in its own words.
pub(super) fn said(probe: &Probe, greeting: &Greeting) -> Evidence {
    let to = probe.to;
    let says = match (&greeting.http, greeting.spoken) {
        (Some(http), _) => match &http.server {
            Some(server) => format!("{to} answers HTTP {} (server: {server})", http.status),
            None => format!("{to} answers HTTP {}", http.status),
        },
        (None, Some(spoken)) if greeting.text.is_empty() => {
            format!("{to} answers in {}", spoken.title())
        }
        (None, Some(spoken)) => {
            format!("{to} answers in {}: `{}`", spoken.title(), greeting.text)
        }
        (None, None) => format!("{to} answers `{}`", greeting.text),
    };
    Evidence::new(
        says,
        Seen::Probe {
            to,
            outcome: probe.outcome.word().to_owned(),
        },
    )
}

/// The same target under another scheme.
fn with_scheme(target: &Target, scheme: Scheme) -> String {
    let there = Target {
        scheme: Some(scheme),
        ..target.clone()
    };
    there.url(None)
}

/// The secure and the plain twin of a web scheme; plain HTTP where none was given.
fn twin(scheme: Option<Scheme>) -> Scheme {
    match scheme {
        Some(Scheme::Ws) => Scheme::Wss,
        Some(Scheme::Wss) => Scheme::Ws,
        Some(Scheme::Https) => Scheme::Http,
        _ => Scheme::Https,
    }
}
