//! # A virtual machine stands between
//!
//! ## What happened
//!
//! The client and the server are on the two sides of a virtual machine's boundary:
//! WSL 2 and Windows, or Docker Desktop and the machine that it runs on.
//!
//! ## Why
//!
//! The Linux of WSL 2 and the engine of Docker Desktop run in virtual machines with
//! networks of their own. A relay brings their ports to `localhost` of the machine
//! outside; it may be switched off, listen on `[::1]` only, or have lost its other
//! end after a sleep. The other way, `localhost` inside of WSL is not that of
//! Windows, and the addresses of containers exist only inside of Docker Desktop.
//!
//! ## What to do
//!
//! Use the address that holds on this side of the boundary, or start the relay again.

use std::net::SocketAddr;

use crate::facts::{Listener, Outcome, Probe, Process, Vantage, WslNetworking};
use crate::findings::{Confidence, Edit, Evidence, Finding, Fix, Safety, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence, fixes};

/// DD724.
pub static RULE: Rule = Rule {
    code: "DD724",
    name: "vm-boundary",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("vm_boundary.rs"),
};

/// Programs that bring the ports of a virtual machine to this side, and how they are
/// started again.
const RELAYS: &[(&str, &str)] = &[
    ("docker-desktop", "restart Docker Desktop"),
    ("orbstack", "restart OrbStack"),
    (
        "lima",
        "restart the virtual machine: `limactl stop`, then `limactl start`",
    ),
    (
        "gvproxy",
        "restart the virtual machine: `podman machine stop`, then `podman machine start`",
    ),
];

fn check(case: &Case) -> Option<Finding> {
    boundary(case)
        .or_else(|| not_forwarded(case))
        .or_else(|| on_windows(case))
}

/// Whether a boundary is the cause of the failure: what else is seen of it follows.
pub(in crate::rules) fn stands(case: &Case) -> bool {
    boundary(case).is_some()
}

fn boundary(case: &Case) -> Option<Finding> {
    wsl_relay(case)
        .or_else(|| dead_relay(case))
        .or_else(|| containers_own(case))
}

/// The relay of WSL, on Windows, on one address only or without its other end.
fn wsl_relay(case: &Case) -> Option<Finding> {
    let (listener, owner) = case.listeners().find_map(|listener| {
        let owner = case.owner(listener)?;
        (owner.framework.as_deref() == Some("wslrelay")).then_some((listener, owner))
    })?;
    let port = case.port();
    let restart = Fix::run(
        "or start the virtual machine of WSL again, which ends everything in it",
        Safety::Disruptive,
        ["wsl", "--shutdown"],
    );
    let missed = case.probes().find(|probe| {
        probe.outcome == Outcome::Refused && case.listener_for(probe.to.ip()).is_none()
    });
    if let Some(probe) = missed {
        let says = format!(
            "WSL's relay brings port {port} to {} and not to {}",
            listener.at, probe.to
        );
        let finding = of_relay(case, probe, listener, owner, Confidence::Likely, says);
        let here = fixes::open_instead(case, SocketAddr::new(listener.at.ip(), port));
        return Some(finding.fix(here).fix(restart));
    }
    let probe = broken(case)?;
    let says =
        format!("WSL's relay takes connections on port {port}, and the server inside does not");
    let inside = Fix::read(
        "look inside",
        format!("in WSL, run `devdoctor why {port}`; a server there should listen on 0.0.0.0"),
    );
    let finding = of_relay(case, probe, listener, owner, Confidence::Likely, says);
    Some(finding.fix(inside).fix(restart))
}

/// A relay whose virtual machine does not answer, where no container explains it.
fn dead_relay(case: &Case) -> Option<Finding> {
    let probe = broken(case)?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener)?;
    let kind = owner.framework.as_deref()?;
    let (_, restart) = RELAYS.iter().find(|(key, _)| *key == kind)?;
    if case.publishers().next().is_some() {
        return None;
    }
    let engine = case.facts.engines.iter().find_map(|engine| {
        let gap = engine.gap.as_ref()?;
        Some(Evidence::new(
            format!("the engine at {} does not answer: {gap}", engine.endpoint),
            Seen::Kernel {
                what: "containers".to_owned(),
            },
        ))
    });
    let confidence = match engine {
        Some(_) => Confidence::Likely,
        None => Confidence::Possible,
    };
    let says = format!(
        "{} holds port {}, and its virtual machine does not answer",
        evidence::owner_words(case, listener),
        case.port()
    );
    Some(
        of_relay(case, probe, listener, owner, confidence, says)
            .because_all(engine)
            .fix(Fix::read("start its virtual machine again", *restart)),
    )
}

fn of_relay(
    case: &Case,
    probe: &Probe,
    listener: &Listener,
    owner: &Process,
    confidence: Confidence,
    says: String,
) -> Finding {
    Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because(evidence::process(owner))
}

/// A connection that was made, and came to nothing.
fn broken<'a>(case: &Case<'a>) -> Option<&'a Probe> {
    case.cut_off().or_else(|| case.probe_that(Outcome::Silent))
}

/// A container's own address, on a system where it exists only in a virtual machine.
fn containers_own(case: &Case) -> Option<Finding> {
    if !matches!(case.facts.host.os.as_str(), "macos" | "windows") {
        return None;
    }
    let probe = case.probes().find(|probe| {
        matches!(probe.outcome, Outcome::TimedOut | Outcome::Unreachable)
            && case.is_far(probe.to.ip())
    })?;
    let ip = probe.to.ip();
    let container = case.facts.containers.items().iter().find(|container| {
        let mut networks = container.networks.iter();
        networks.any(|network| network.ip == Some(ip))
    })?;
    let port = case.port();
    let name = &container.name;
    let mut published = container.published.iter();
    let published = published.find_map(|publish| {
        (publish.container_port == port)
            .then_some(publish.host_port)
            .flatten()
    });
    let fix = match published {
        Some(outside) => Fix::read(
            "use the published port",
            case.target.url_of("localhost", outside),
        ),
        None => Fix::read(
            "publish the port",
            format!(
                "start {name} again with `-p 127.0.0.1:{port}:{port}`, and use localhost:{port}"
            ),
        ),
    };
    Some(
        Finding::new(
            Confidence::Likely,
            format!(
                "{ip} is the container {name}'s address inside of its engine's virtual machine, and \
                 leads nowhere from here"
            ),
        )
        .because(evidence::probe(probe))
        .because(Evidence::new(
            format!("{name} has the address {ip}"),
            Seen::Container {
                name: name.clone(),
                what: "NetworkSettings.Networks".to_owned(),
            },
        ))
        .fix(fix),
    )
}

/// A server inside of WSL that answers, where Windows is not led to it.
fn not_forwarded(case: &Case) -> Option<Finding> {
    let wsl = wsl(case)?;
    if case.verdict() != Verdict::Reachable || wsl.localhost_forwarding {
        return None;
    }
    if wsl.networking == WslNetworking::Mirrored {
        return None;
    }
    let (file, line) = (wsl.file.as_ref()?, wsl.line?);
    let place = Seen::File {
        file: file.clone(),
        line: Some(line),
    };
    let port = case.port();
    let mut finding = Finding::new(
        Confidence::Likely,
        format!("port {port} answers inside WSL, and Windows does not reach it at localhost"),
    )
    .severity(Severity::Warning)
    .because_all(case.probes().map(evidence::probe))
    .because(Evidence::new(
        format!("{place} switches the forwarding of localhost off"),
        place,
    ));
    if let Some(from) = &wsl.written {
        let edit = Edit {
            file: file.clone(),
            line,
            column: None,
            from: from.clone(),
            to: "localhostForwarding=true".to_owned(),
        };
        finding = finding.fix(Fix::edit("switch it on", edit)).fix(Fix::run(
            "then start the virtual machine of WSL again, which ends everything in it",
            Safety::Disruptive,
            ["wsl.exe", "--shutdown"],
        ));
    }
    Some(finding)
}

/// Nobody inside of WSL, where the server may run on Windows.
fn on_windows(case: &Case) -> Option<Finding> {
    let nat = match wsl(case) {
        Some(wsl) => wsl.networking == WslNetworking::Nat,
        None => case.facts.host.vantage == Vantage::Wsl,
    };
    let loopback = case.addresses().iter().all(std::net::IpAddr::is_loopback);
    let awaited = case.expected().iter().any(|one| one.service.is_on());
    if !nat || !loopback || awaited || !case.nobody_listens() || !case.all_refused() {
        return None;
    }
    let port = case.port();
    Some(
        Finding::new(
            Confidence::Possible,
            format!("localhost inside WSL is not that of Windows: a server on port {port} there is not reached here"),
        )
        .severity(Severity::Info)
        .because(Evidence::new(
            "devdoctor runs inside WSL, which is connected to Windows by NAT",
            Seen::Kernel {
                what: "/proc/version".to_owned(),
            },
        ))
        .fix(Fix::safe(
            "if it runs on Windows, use the address of Windows: the gateway",
            ["ip", "route", "show", "default"],
        )),
    )
}

fn wsl<'a>(case: &Case<'a>) -> Option<&'a crate::facts::Wsl> {
    let host = &case.facts.host;
    (host.vantage == Vantage::Wsl).then(|| host.wsl.seen())?
}
