//! # The system itself holds the port
//!
//! ## What happened
//!
//! Somebody has the port, and it is the system: the AirPlay receiver of macOS, the
//! web server in the kernel of Windows (http.sys), or a socket that systemd opened
//! for a service. A server of your own cannot have it, and what answers is not your
//! server.
//!
//! ## Why
//!
//! macOS takes the ports 5000 and 7000 for AirPlay, and answers web requests with
//! 403. On Windows IIS, WinRM, reporting services and others share ports through
//! http.sys, whose owner is the process 4, *System*. On Linux systemd listens in
//! the name of a service, and starts it at the first connection; if that service
//! fails, connections are made and cut off at once, or hang.
//!
//! ## What to do
//!
//! Give your server another port, or switch off the service. Never end the process:
//! it is the system's.

use crate::facts::{Listener, Manager, Probe, Unit, UnitState};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::case::is_managers;
use crate::rules::presence::service_stopped;
use crate::rules::{Case, Rule, container, evidence, fixes};

/// DD413.
pub static RULE: Rule = Rule {
    code: "DD413",
    name: "system-service-holds-port",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&container::loopback_inside::RULE],
    settle: 10,
    check,
    source: include_str!("system_service_holds_port.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    airplay(case)
        .or_else(|| http_sys(case))
        .or_else(|| socket_unit(case))
}

/// What the server at a probe calls itself.
fn server(probe: &Probe) -> Option<&str> {
    probe.greeting.seen()?.http.as_ref()?.server.as_deref()
}

fn begin(
    case: &Case,
    probe: &Probe,
    listener: Option<&Listener>,
    confidence: Confidence,
    says: String,
) -> Finding {
    let named = server(probe).map(|name| {
        Evidence::new(
            format!("it calls itself {name}"),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        )
    });
    let expected = case.expected();
    Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because_all(named)
        .because_all(listener.map(|one| evidence::listener(case, one)))
        .because_all(expected.first().map(|one| evidence::expects(case, one)))
}

/// The probe of this machine that met a server which is known by what it calls itself, or
/// by its process, and that listener, where it was seen.
fn known<'a>(
    case: &Case<'a>,
    name: &str,
    is: impl Fn(&Listener) -> bool,
) -> Option<(&'a Probe, Option<&'a Listener>, Confidence)> {
    let here = |probe: &&Probe| case.is_local(probe.to.ip()) == Some(true);
    case.probes().filter(here).find_map(|probe| {
        let listener = case.listener_for(probe.to.ip());
        let named = server(probe).is_some_and(|server| server.starts_with(name));
        let confidence = match named {
            true => Confidence::Certain,
            false => Confidence::Likely,
        };
        (named || listener.is_some_and(&is)).then_some((probe, listener, confidence))
    })
}

/// Another port for the server of the project.
fn move_away(case: &Case) -> Fix {
    let port = case.port();
    let free = case.free_port(port);
    let expected = case.expected();
    match (expected.iter().find(|one| one.service.is_on()), free) {
        (Some(one), Some(free)) => fixes::set_port(case, one, free),
        (None, Some(free)) => Fix::read("give your server another port", format!("{free} is free")),
        (_, None) => Fix::read("give your server another port", "take one that is free"),
    }
}

/// macOS: the AirPlay receiver, of the control centre.
fn airplay(case: &Case) -> Option<Finding> {
    if case.facts.host.os != "macos" {
        return None;
    }
    let centre = |listener: &Listener| {
        let owner = case.owner(listener);
        owner.is_some_and(|owner| owner.comm.starts_with("ControlCe"))
    };
    let (probe, listener, confidence) = known(case, "AirTunes", centre)?;
    let says = format!(
        "the AirPlay receiver of macOS holds port {}, and no server of yours answers there",
        case.port()
    );
    Some(
        begin(case, probe, listener, confidence, says)
            .fix(move_away(case))
            .fix(Fix::read(
                "or switch the AirPlay receiver off",
                "System Settings, General, AirDrop & Handoff: AirPlay Receiver",
            )),
    )
}

/// Windows: the web server in the kernel.
fn http_sys(case: &Case) -> Option<Finding> {
    if case.facts.host.os != "windows" {
        return None;
    }
    let system = |listener: &Listener| listener.owner().is_some_and(|id| id.pid == 4);
    let (probe, listener, confidence) = known(case, "Microsoft-HTTPAPI", system)?;
    let meant = case.expected().iter().any(|one| one.service.is_on());
    // A site of IIS that answers well is what was meant.
    if Case::content(probe) && !meant {
        return None;
    }
    let says = format!(
        "Windows itself (http.sys, pid 4) holds port {} for one of its services",
        case.port()
    );
    Some(
        begin(case, probe, listener, confidence, says)
            .fix(Fix::safe(
                "see which service has registered it",
                ["netsh", "http", "show", "servicestate", "view=requestq"],
            ))
            .fix(move_away(case))
            .fix(Fix::run(
                "or stop IIS, if it is the one, in a window of an administrator",
                Safety::Disruptive,
                ["net", "stop", "W3SVC"],
            )),
    )
}

/// Linux: a socket that systemd opened for a service.
fn socket_unit(case: &Case) -> Option<Finding> {
    let (probe, listener) = case.probes().find_map(|probe| {
        let listener = case.listener_for(probe.to.ip())?;
        is_managers(case, listener).then_some((probe, listener))
    })?;
    let meant = case.expected().iter().any(|one| one.service.is_on());
    if probe.outcome.well() && !meant {
        return None;
    }
    let units = case.facts.units.items();
    let socket = units.iter().find(|unit| {
        unit.named_in.is_some() && unit.name.ends_with(".socket") && unit.state == UnitState::Active
    });
    let behind = socket.and_then(|socket| {
        let name = socket.starts.as_ref()?;
        units.iter().find(|unit| unit.name == *name)
    });
    let port = case.port();
    let says = match (socket, behind) {
        (Some(socket), Some(behind)) if !probe.outcome.well() => format!(
            "systemd holds port {port} for {} ({}), which {}",
            behind.name,
            socket.name,
            fails(behind)
        ),
        (Some(socket), _) => format!("systemd holds port {port} by {}", socket.name),
        (None, _) => format!("systemd holds port {port} for one of its services"),
    };
    let confidence = match socket {
        Some(_) => Confidence::Likely,
        None => Confidence::Possible,
    };
    let mut finding = begin(case, probe, Some(listener), confidence, says);
    if let Some(file) = socket.and_then(|socket| socket.named_in.as_ref()) {
        finding = finding.because(Evidence::new(
            format!("{file} names port {port}"),
            Seen::File {
                file: file.clone(),
                line: None,
            },
        ));
    }
    finding = finding.because_all(behind.map(service_stopped::in_words));
    if meant {
        finding = finding.fix(move_away(case));
    }
    if let Some(behind) = behind.filter(|_| !probe.outcome.well()) {
        finding = finding.fix_all(service_stopped::read_log(behind));
    }
    Some(match socket {
        Some(socket) => finding.fix(stop(socket)),
        None => finding.fix(Fix::safe(
            "see which socket it is",
            ["systemctl", "list-sockets", "--all"],
        )),
    })
}

fn fails(unit: &Unit) -> String {
    match (unit.state, unit.exit_status) {
        (UnitState::Active, _) => "does not answer".to_owned(),
        (_, Some(status)) => format!("fails (status {status})"),
        _ => "does not come up".to_owned(),
    }
}

fn stop(socket: &Unit) -> Fix {
    let manager: &[&str] = match socket.manager {
        Manager::SystemdUser => &["systemctl", "--user"],
        _ => &["sudo", "systemctl"],
    };
    let words = ["stop", &socket.name];
    Fix::run(
        format!("or close {}", socket.name),
        Safety::Disruptive,
        manager.iter().copied().chain(words),
    )
}
