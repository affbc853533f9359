//! What was considered and excluded, and by which fact: shown with `-v`, and what
//! `unexplained` stands on.

use crate::facts::{Gap, Known};
use crate::findings::RuledOut;

use super::Case;

/// Every kind of cause that a fact excludes.
pub(super) fn all(case: &Case) -> Vec<RuledOut> {
    let port = case.port();
    let mut out = Vec::new();
    let mut say = |what: &str, by: String| {
        out.push(RuledOut {
            what: what.to_owned(),
            by,
        });
    };
    if let Some(resolution) = case.resolution()
        && let Known::Seen(addresses) = &resolution.addresses
        && !addresses.is_empty()
    {
        let list: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        say(
            "name",
            format!("{} resolves to {}", resolution.name, list.join(", ")),
        );
    }
    let told = case.facts.host.proxy_settings.seen();
    if case.facts.host.proxies.is_empty() && told.is_none_or(|told| told.is_empty()) {
        say("proxy", "no proxy variable is set".to_owned());
    }
    match &case.facts.containers {
        Known::Seen(containers) if case.publishers().next().is_none() => say(
            "container",
            format!(
                "none of {} containers publishes port {port}",
                containers.len()
            ),
        ),
        Known::Unseen(Gap::NotRunning) => {
            say("container", "no container engine runs here".to_owned());
        }
        _ => {}
    }
    if case.nobody_listens() {
        say(
            "address",
            format!("nobody listens on port {port} on any address"),
        );
        if case.all_refused() {
            say(
                "firewall",
                "nobody listens, so the refusal needs no firewall".to_owned(),
            );
        }
    }
    for listener in case.listeners() {
        let holders = case.holders(listener);
        if let Some(process) = holders.first()
            && !matches!(
                process.state,
                crate::facts::ProcState::Stopped | crate::facts::ProcState::Traced
            )
        {
            say(
                "suspended",
                format!("pid {} is not stopped", process.id.pid),
            );
        }
        if let Known::Seen(queue) = listener.queue
            && queue.waiting <= queue.limit
        {
            say(
                "backlog",
                format!(
                    "{} connections wait at {}, room for {}",
                    queue.waiting, listener.at, queue.limit
                ),
            );
        }
    }
    if let Known::Seen(udp) = &case.facts.udp
        && !udp.iter().any(|socket| socket.at.port() == port)
    {
        say("udp", format!("no UDP socket has port {port}"));
    }
    if let Known::Seen(elsewhere) = &case.facts.elsewhere
        && elsewhere.is_empty()
    {
        say(
            "namespace",
            format!("nobody listens on port {port} in another network namespace"),
        );
    }
    out
}
