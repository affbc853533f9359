//! # `localhost` there is not this machine
//!
//! ## What happened
//!
//! The server is well where devdoctor stands. The client stands somewhere else: on a
//! phone, in an emulator, on the machine from which you came over SSH, or behind an
//! editor's remote window. Or the address that is only good in such a place was used
//! here.
//!
//! ## Why
//!
//! `localhost` is always the machine that dials. On a device it is the device; in the
//! browser of your laptop it is the laptop, though your shell is on another machine.
//! `10.0.2.2` is this machine only from inside an Android emulator. Editors forward
//! ports to `127.0.0.1` of the remote side, so a server on `[::1]` alone is not
//! found.
//!
//! ## What to do
//!
//! Forward the port to where the client is: `ssh -L`, `adb reverse`, the Ports panel.

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::{Device, Outcome, Vantage};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence, fixes};

/// DD725.
pub static RULE: Rule = Rule {
    code: "DD725",
    name: "device-loopback",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("device_loopback.rs"),
};

/// This machine, from inside the emulators of Android Studio and Genymotion.
const EMULATORS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 2, 2), Ipv4Addr::new(10, 0, 3, 2)];

fn check(case: &Case) -> Option<Finding> {
    if let Some(finding) = from_an_emulator(case) {
        return Some(finding);
    }
    let loopback = case.addresses().iter().all(IpAddr::is_loopback);
    let answers = case.probes().any(Case::content);
    if !answers || !loopback || case.stranger().is_some() {
        return None;
    }
    on_a_device(case)
        .or_else(|| in_a_remote_window(case))
        .or_else(|| over_ssh(case))
}

/// Whether the target is an address that is good in an emulator only.
pub(in crate::rules) fn is_an_emulators(case: &Case) -> bool {
    from_an_emulator(case).is_some()
}

fn from_an_emulator(case: &Case) -> Option<Finding> {
    let IpAddr::V4(ip) = case.target.ip()? else {
        return None;
    };
    let own = case.facts.host.addresses.seen()?;
    let mine = |address: &crate::facts::Address| address.is_neighbour(IpAddr::V4(ip));
    if !EMULATORS.contains(&ip) || own.iter().any(mine) {
        return None;
    }
    let probe = case.probes().find(|probe| !probe.outcome.connected())?;
    // A refusal comes from somebody who has the address.
    if probe.outcome == Outcome::Refused {
        return None;
    }
    let port = case.port();
    Some(
        Finding::new(
            Confidence::Likely,
            format!("{ip} is this machine only from inside an Android emulator, and not from here"),
        )
        .because(evidence::probe(probe))
        .because(Evidence::new(
            format!("{ip} is in no network of this machine"),
            Seen::Kernel {
                what: "addresses of the interfaces".to_owned(),
            },
        ))
        .fix(Fix::safe(
            "ask about the server itself",
            ["devdoctor", "why", &port.to_string()],
        )),
    )
}

/// A server for devices, and a device to which its port is not led.
fn on_a_device(case: &Case) -> Option<Finding> {
    let port = case.port();
    let cut_off = |device: &&Device| {
        let led = device.reversed.seen();
        let same = |ports: &Vec<u16>| ports.contains(&port) && renumbered(device, port).is_none();
        // By another port of its own the device may well reach this one.
        let other = device.renumbered.iter().any(|one| one.here == port);
        device.state == "device" && !other && led.is_some_and(|ports| !same(ports))
    };
    let device = case.facts.devices.items().iter().find(cut_off)?;
    let serial = &device.serial;
    let (leads, seen) = match renumbered(device, port) {
        Some(here) => (
            format!("leads to port {here} of this machine"),
            format!("{serial} is attached, and its port {port} leads to port {here} here"),
        ),
        None => (
            "is the device itself".to_owned(),
            format!("{serial} is attached, and its port {port} does not lead to this machine"),
        ),
    };
    let finding = Finding::new(
        Confidence::Likely,
        format!("port {port} answers here, and localhost:{port} on the device {serial} {leads}"),
    )
    .severity(Severity::Info)
    .because_all(case.probes().map(evidence::probe))
    .because(Evidence::new(
        seen,
        Seen::Kernel {
            what: "adb, reverse:list-forward".to_owned(),
        },
    ));
    let tcp = format!("tcp:{port}");
    let lead = Fix::safe(
        "lead the device's port here (again after every reconnect)",
        ["adb", "-s", serial, "reverse", &tcp, &tcp],
    );
    // What is pasted must be what is meant.
    Some(
        match crate::facts::clean(serial) == *serial && !serial.is_empty() {
            true => finding.fix(lead),
            false => finding,
        },
    )
}

/// The port here to which this port of the device leads, where it is another one.
fn renumbered(device: &Device, port: u16) -> Option<u16> {
    let pair = device.renumbered.iter().find(|one| one.there == port)?;
    Some(pair.here)
}

/// A server on IPv6 alone, in a remote window of an editor.
fn in_a_remote_window(case: &Case) -> Option<Finding> {
    if case.facts.host.vantage != Vantage::Devcontainer {
        return None;
    }
    let four = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if case.listeners().any(|one| one.covers(four) != Some(false)) {
        return None;
    }
    let listener = case.listeners().next()?;
    let who = evidence::owner_words(case, listener);
    Some(
        Finding::new(
            Confidence::Likely,
            format!(
                "{who} listens on {}, and the editor forwards port {} to 127.0.0.1 only",
                listener.at,
                case.port()
            ),
        )
        .severity(Severity::Warning)
        .because(evidence::listener(case, listener))
        .because(Evidence::new(
            "devdoctor runs inside a development container",
            Seen::Environment {
                variable: "REMOTE_CONTAINERS".to_owned(),
            },
        ))
        .fix(fixes::listen_on(case, listener, four)),
    )
}

/// A server on the machine that was reached over SSH.
fn over_ssh(case: &Case) -> Option<Finding> {
    let at = case.facts.host.reached_at?;
    // An editor's remote window forwards by itself.
    if case.facts.host.vantage == Vantage::Devcontainer {
        return None;
    }
    let port = case.port();
    let forward = format!("{port}:{}:{port}", case.target.host);
    let user = &case.facts.host.user.name;
    let login = match crate::facts::clean(user) == *user && !user.is_empty() {
        true => format!("{user}@{}", at.ip()),
        false => at.ip().to_string(),
    };
    let mut argv = vec!["ssh".to_owned(), "-N".to_owned()];
    if at.port() != 22 {
        argv.extend(["-p".to_owned(), at.port().to_string()]);
    }
    argv.extend(["-L".to_owned(), forward, login]);
    let open = case
        .listeners()
        .find(|listener| listener.covers(at.ip()) == Some(true));
    let direct = open.map(|_| {
        Fix::read(
            "or use the address of this machine",
            case.target.url_of(&at.ip().to_string(), port),
        )
    });
    Some(
        Finding::new(
            Confidence::Likely,
            format!(
                "port {port} answers here, on the machine that you reached over SSH: localhost of \
                 your own machine is another one"
            ),
        )
        .severity(Severity::Info)
        .because_all(case.probes().map(evidence::probe))
        .because(Evidence::new(
            format!("this session came in over SSH, at {at}"),
            Seen::Environment {
                variable: "SSH_CONNECTION".to_owned(),
            },
        ))
        .fix(Fix::safe("on your own machine, lead the port here", argv))
        .fix_all(direct),
    )
}
