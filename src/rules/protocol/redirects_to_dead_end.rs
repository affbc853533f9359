//! # It redirects to a place that does not answer
//!
//! ## What happened
//!
//! The connection is fine, and the answer sends the client elsewhere: there nobody
//! listens, another protocol is spoken, the name has no address, or the way leads in a
//! circle. Browsers show the error of the place they were sent to:
//! `ERR_CONNECTION_REFUSED`, `ERR_SSL_PROTOCOL_ERROR`, `ERR_TOO_MANY_REDIRECTS`.
//!
//! ## Why
//!
//! Most often a setting made for production is at work: every request is sent to
//! `https://`, or to the name and port that the site has there. A browser keeps a 301
//! or 308, and goes there by itself even after the server was mended. Kafka sends its
//! clients on, too: to the addresses in `advertised.listeners`, which must be such that
//! the clients can reach them.
//!
//! ## What to do
//!
//! Switch the redirect off for development, or start what it leads to. Then delete
//! what the browser keeps: DevTools open, its cache switched off, reload.

use crate::facts::{Known, Outcome, Probe, Protocol, Redirect};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

/// DD608.
pub static RULE: Rule = Rule {
    code: "DD608",
    name: "redirects-to-dead-end",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("redirects_to_dead_end.rs"),
};

/// As many steps as a browser takes.
const MOST_STEPS: usize = 20;

/// A server that sends everything to https://, and the setting that does it.
const SETTINGS: &[(&str, &str)] = &[
    (
        "django",
        "set `SECURE_SSL_REDIRECT = False` for development",
    ),
    (
        "rails",
        "set `config.force_ssl = false` in config/environments/development.rb",
    ),
    (
        "puma",
        "set `config.force_ssl = false` in config/environments/development.rb",
    ),
    (
        "laravel",
        "have `URL::forceScheme('https')` run in production only, and APP_URL in .env begin \
         with http://",
    ),
    (
        "spring-boot",
        "take `requiresSecure()` (or `server.ssl`) out of the profile for development",
    ),
    (
        "dotnet",
        "start the profile that has an https:// address too (`dotnet run --launch-profile \
         https`), or leave `app.UseHttpsRedirection()` to production",
    ),
];

/// Why a way ends badly.
enum End<'a> {
    /// Nobody answers there.
    Dead(&'a Probe),
    /// Another protocol is spoken there.
    Other(&'a Probe, Protocol, Protocol),
    /// The name has no address.
    NoName,
    Circle,
    TooLong,
}

fn check(case: &Case) -> Option<Finding> {
    super::advertised::find(case).or_else(|| follow(case))
}

fn follow(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let steps = case.facts.redirects.seen()?;
    let last = steps.last()?;
    let end = end(steps)?;
    let port = case.port();
    let to = &last.to;
    let words = match &end {
        End::Dead(met) => format!("redirects to {to}, {}", fate(met)),
        End::Other(_, asked, spoken) => format!(
            "redirects to {to}, which speaks {} and not {}",
            spoken.title(),
            asked.title()
        ),
        End::NoName => format!("redirects to {to}, a name that has no address"),
        End::Circle if steps.len() == 1 => format!("redirects {to} to itself"),
        End::Circle => format!("redirects in a circle, back to {to}"),
        End::TooLong => format!("redirects {MOST_STEPS} times and still on, to {to}"),
    };
    let confidence = match &end {
        // A browser would have brought the cookies along, and may be let through.
        End::Circle | End::TooLong if steps.iter().any(|step| step.cookie) => Confidence::Possible,
        End::Circle | End::TooLong => Confidence::Likely,
        _ => case.hearing(),
    };
    let mut finding = Finding::new(confidence, format!("port {port} {words}"));
    for step in shown(steps) {
        finding = finding.because(Evidence::new(
            format!(
                "{} answers HTTP {} and leads to {}",
                step.from, step.status, step.to
            ),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        ));
    }
    if let End::Dead(met) | End::Other(met, ..) = &end {
        finding = finding.because(evidence::probe(met));
    }
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    let to_tls = greeting.tls.is_none() && to.starts_with("https://");
    if to_tls && let Some(setting) = setting(case, probe) {
        finding = finding.fix(Fix::read(
            "switch the redirect off for development",
            setting,
        ));
    }
    finding = match &end {
        End::Dead(_) | End::Other(..) | End::NoName => finding.fix(Fix::safe(
            "diagnose the place that it leads to",
            ["devdoctor", "why", to],
        )),
        End::Circle | End::TooLong => finding.fix(Fix::read(
            "look for two rules that send to each other",
            "one server sends to https:// (or to www) and the one behind it back: behind a proxy \
             that speaks TLS, the server must be told so (`X-Forwarded-Proto`, and to trust it)",
        )),
    };
    if matches!(last.status, 301 | 308) {
        finding = finding.fix(Fix::read(
            "then have the browser forget it",
            format!(
                "browsers keep an HTTP {}: reload with DevTools open and its cache switched off",
                last.status
            ),
        ));
    }
    Some(finding)
}

/// Why the way ends badly, if it does.
fn end(steps: &[Redirect]) -> Option<End<'_>> {
    let last = steps.last()?;
    if !last.to.starts_with("http") {
        return None;
    }
    if last.again {
        return Some(End::Circle);
    }
    let Known::Seen(met) = &last.met else {
        return None;
    };
    let Some(first) = met.first() else {
        return Some(End::NoName);
    };
    if met.iter().all(|probe| !probe.outcome.well()) {
        return Some(End::Dead(first));
    }
    let mut strangers = met.iter().map(|probe| {
        let greeting = probe.greeting.seen()?;
        let spoken = greeting.spoken?;
        // `Other` is asked where nothing was asked at all.
        let strange = spoken != greeting.asked && greeting.asked != Protocol::Other;
        strange.then_some(End::Other(probe, greeting.asked, spoken))
    });
    let stranger = strangers.next().flatten();
    if stranger.is_some() && strangers.all(|other| other.is_some()) {
        return stranger;
    }
    let http = met
        .iter()
        .find_map(|probe| probe.greeting.seen()?.http.as_ref());
    let leads_on = http.is_some_and(|http| http.location.is_some() && http.status < 400);
    (leads_on && steps.len() >= MOST_STEPS).then_some(End::TooLong)
}

/// What a client meets at a place that does not answer.
pub(super) fn fate(met: &Probe) -> &'static str {
    match met.outcome {
        Outcome::Refused => "which refuses connections",
        Outcome::Reset | Outcome::Closed => "which accepts the connection and closes it",
        Outcome::Silent => "which accepts the connection and says nothing",
        Outcome::TimedOut => "which does not answer",
        _ => "which cannot be reached",
    }
}

/// The first and the last steps of a long way.
fn shown(steps: &[Redirect]) -> impl Iterator<Item = &Redirect> {
    let count = steps.len();
    let middle = move |at: &usize| *at >= 2 && *at + 2 < count;
    let steps = steps.iter().enumerate();
    steps
        .filter(move |(at, _)| !middle(at))
        .map(|(_, step)| step)
}

/// The setting of the server that sends everything to https://, if it is a known one.
fn setting(case: &Case, probe: &Probe) -> Option<&'static str> {
    let owner = case.owner(case.listener_for(probe.to.ip())?)?;
    let key = case.framework(owner)?.key.as_str();
    let found = SETTINGS.iter().find(|(known, _)| *known == key);
    found.map(|(_, setting)| *setting)
}
