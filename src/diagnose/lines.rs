//! Facts as the lines that reports and `devdoctor ports` show.

use crate::facts::{Container, Greeting, Known, Listener, Probe, Process, Protocol, Snapshot, Tls};
use crate::findings::{ContainerPort, ListenerLine, PortLine, PortsReport, ProbeLine, Unseen};

pub(super) fn probe(probe: &Probe) -> ProbeLine {
    ProbeLine {
        to: probe.to,
        outcome: probe.outcome,
        errno: probe.errno,
        took_us: probe.took_us,
        answer: probe.greeting.seen().and_then(answer),
    }
}

fn answer(greeting: &Greeting) -> Option<String> {
    match (&greeting.http, greeting.spoken?) {
        (Some(http), Protocol::Tls) => {
            let trusted = if is_trusted(greeting) {
                " with a certificate that this machine trusts"
            } else {
                ""
            };
            Some(format!("HTTP {} over TLS{trusted}", http.status))
        }
        (Some(http), _) => Some(format!("HTTP {}", http.status)),
        (None, Protocol::Tls) => Some(match &greeting.tls {
            Some(tls) if tls.only_http2 => "HTTP/2 over TLS".to_owned(),
            Some(Tls {
                alert: Some(alert), ..
            }) => format!("TLS: {alert}"),
            _ => Protocol::Tls.title().to_owned(),
        }),
        (None, Protocol::Other) => Some(greeting.text.clone()).filter(|text| !text.is_empty()),
        (None, spoken) => Some(spoken.title().to_owned()),
    }
}

/// Whether the certificate was looked at, and nothing is wrong with it.
fn is_trusted(greeting: &Greeting) -> bool {
    let certificate = greeting.tls.as_ref().and_then(|tls| tls.certificate.seen());
    certificate.is_some_and(|certificate| {
        certificate.trusted == Known::Seen(true)
            && certificate.for_host == Known::Seen(true)
            && !certificate.is_over()
            && !certificate.is_early()
    })
}

pub(super) fn listener(facts: &Snapshot, listener: &Listener) -> ListenerLine {
    let owner = owner(facts, listener);
    ListenerLine {
        at: listener.at,
        pid: listener.owner().map(|id| id.pid),
        name: owner.map(name),
        uid: listener.uid,
        scope: listener.scope(),
        container: container(facts, listener).map(|(container, _)| container.name.clone()),
        project: owner.and_then(|process| process.project.clone()),
    }
}

fn owner<'a>(facts: &'a Snapshot, listener: &Listener) -> Option<&'a Process> {
    let id = listener.owner()?;
    facts.processes.items().iter().find(|p| p.id == id)
}

fn name(process: &Process) -> String {
    if process.name.is_empty() {
        process.comm.clone()
    } else {
        process.name.clone()
    }
}

/// The running container that this listener leads into, with the port inside.
///
/// A listener leads into a container if the container publishes its address and
/// its owner only forwards, or cannot be seen (the forwarder is root's), or if its
/// owner is the container's own process (`network_mode: host`).
fn container<'a>(facts: &'a Snapshot, listener: &Listener) -> Option<(&'a Container, u16)> {
    let owner = owner(facts, listener);
    let forwards = owner.is_none_or(|process| process.row().is_some_and(|row| row.forwarder));
    let running = facts.containers.items().iter().filter(|c| c.is_up());
    for container in running {
        if container.network_mode == "host"
            && let (Some(pid), Some(process)) = (container.pid, owner)
            && (process.id.pid == pid || process.parent == pid)
        {
            return Some((container, listener.at.port()));
        }
        let publish = container.published.iter().find(|publish| {
            publish.host_port == Some(listener.at.port())
                && publish.proto == listener.proto
                && publish
                    .host_ip
                    .is_none_or(|ip| ip.is_unspecified() || ip == listener.at.ip())
        });
        if forwards && let Some(publish) = publish {
            return Some((container, publish.container_port));
        }
    }
    None
}

/// What listens, by these facts.
#[must_use]
pub fn ports_report(facts: &Snapshot) -> PortsReport {
    PortsReport {
        schema: "devdoctor.ports/1".to_owned(),
        ports: ports(facts),
        unseen: facts
            .unseen()
            .into_iter()
            .map(|(part, gap)| Unseen::new(part, gap))
            .collect(),
    }
}

/// The rows of `devdoctor ports` for these listeners, sorted by port.
#[must_use]
pub fn ports(facts: &Snapshot) -> Vec<PortLine> {
    let tcp = facts.listeners.items().iter();
    let udp = facts.udp.items().iter();
    let mut lines: Vec<PortLine> = tcp.chain(udp).map(|l| port_line(facts, l)).collect();
    lines.sort_by_key(|line| {
        let at = line.at;
        (at.port(), line.proto, at.is_ipv6(), at.ip())
    });
    lines
}

fn port_line(facts: &Snapshot, of: &Listener) -> PortLine {
    let owner = owner(facts, of);
    let line = listener(facts, of);
    let wildcard_v6 = of.at.is_ipv6() && of.at.ip().is_unspecified();
    PortLine {
        at: of.at,
        proto: of.proto,
        scope: line.scope,
        v6only: of.v6only.seen().copied().filter(|_| wildcard_v6),
        pid: line.pid,
        name: line.name,
        uid: of.uid,
        user: owner
            .and_then(|process| process.user.clone())
            .or_else(|| of.uid.map(|uid| user_words(facts, uid))),
        project: line.project,
        cwd: owner.and_then(|process| process.cwd.seen().cloned()),
        age_s: owner.map(|process| process.age_s),
        queue: of.queue.seen().copied(),
        container: container(facts, of).map(|(container, port)| ContainerPort {
            name: container.name.clone(),
            service: container.compose.as_ref().map(|c| c.service.clone()),
            port,
        }),
        cgroup: of.cgroup.clone().filter(|_| owner.is_none()),
        owner_unseen: of.owners.gap().map(|gap| gap.word().to_owned()),
    }
}

/// A user of whom the socket tells only the number.
fn user_words(facts: &Snapshot, uid: u32) -> String {
    let me = &facts.host.user;
    match uid {
        0 => "root".to_owned(),
        uid if uid == me.uid && !me.name.is_empty() => me.name.clone(),
        uid => uid.to_string(),
    }
}
