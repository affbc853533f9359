//! DD608 for Kafka: the brokers to which it sends its clients.

use crate::facts::{Known, Outcome, Probe, Redirect, Target};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen};
use crate::rules::{Case, evidence};

use super::redirects_to_dead_end::fate;

/// A broker that clients are sent to and cannot reach.
pub(super) fn find(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    if greeting.sends_to.is_empty() {
        return None;
    }
    let steps = case.facts.redirects.seen()?;
    let (step, fate, met, confidence) = steps.iter().find_map(|step| dead(case, step))?;
    let port = case.port();
    let to = step.to.trim_start_matches("kafka://");
    let says = format!("Kafka on port {port} answers, and sends its clients on to {to}, {fate}");
    let mut finding = Finding::new(confidence, says).because(Evidence::new(
        format!(
            "{} names its brokers: {}",
            probe.to,
            greeting.sends_to.join(", ")
        ),
        Seen::Probe {
            to: probe.to,
            outcome: probe.outcome.word().to_owned(),
        },
    ));
    if let Some(met) = met {
        finding = finding.because(evidence::probe(met));
    }
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    let here = case.target.authority();
    Some(finding.fix(Fix::read(
        "advertise an address that this client reaches",
        format!(
            "in the broker's settings (`advertised.listeners`, KAFKA_ADVERTISED_LISTENERS) give \
             the listener of this port `{here}`, and those within the containers' network another \
             listener with a name of their own; then start the broker again"
        ),
    )))
}

/// Why clients do not get to this broker, in words that follow its name.
fn dead<'a>(
    case: &Case<'a>,
    step: &'a Redirect,
) -> Option<(&'a Redirect, &'static str, Option<&'a Probe>, Confidence)> {
    match &step.met {
        Known::Seen(met) => {
            let first = met.first();
            let all = met
                .iter()
                .all(|probe| !probe.outcome.well() && probe.outcome != Outcome::Silent);
            let fate = first.map_or("a name that has no address", fate);
            all.then_some((step, fate, first, case.hearing()))
        }
        // It was not asked of any name server: a name without a dot is one of a network of
        // containers, or stands in the hosts file.
        Known::Unseen(_) => {
            let there: Target = step.to.strip_prefix("kafka://")?.parse().ok()?;
            let listed = case.facts.host.hosts_file.seen()?.iter().any(|entry| {
                let mut names = entry.names.iter();
                names.any(|name| name.eq_ignore_ascii_case(&there.host))
            });
            let inner = !there.host.contains('.')
                && there.ip().is_none()
                && !there.is_localhost_name()
                && !there.host.eq_ignore_ascii_case(&case.target.host);
            let fate = "a name that this machine's hosts file does not have";
            (inner && !listed).then_some((step, fate, None, Confidence::Likely))
        }
    }
}
