//! # The client, or the server, may not use the network
//!
//! ## What happened
//!
//! The connection was forbidden by the system itself, or it was made in a place
//! that has no network but its own loopback interface. Or the server is the one that
//! may not listen, or that gets no packets.
//!
//! ## Why
//!
//! The shell, the editor or the agent that devdoctor (and so the client) runs in is
//! confined: a filter of system calls (seccomp), a Landlock, AppArmor or SELinux
//! policy, a snap or Flatpak without the network permission, a build sandbox, or a
//! network namespace of its own. A server outside cannot be reached from in there,
//! and one that was started in another sandbox cannot either.
//!
//! A service of systemd may be confined by its unit: `IPAddressDeny=` drops every
//! packet without a word, `SocketBindDeny=` and `RestrictAddressFamilies=` keep it from
//! listening, `PrivateNetwork=` gives it a network of its own. SELinux lets a service
//! listen only on ports of its type, and a web server connect to others only once
//! `httpd_can_network_connect` is on; AppArmor does so by profiles. What they forbid
//! stands in the audit log, which root may read.
//!
//! ## What to do
//!
//! Run the client, or devdoctor, outside of the sandbox, or give the sandbox the
//! network. Change the unit by `systemctl edit` or `systemctl set-property`, the policy
//! by `semanage`, `setsebool` or `aa-logprof`.

use crate::facts::{Confinement, Known, Outcome, Probe};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, address, evidence, name};

use super::{limits, policy, way};
use crate::facts::Fate;

/// DD708.
pub static RULE: Rule = Rule {
    code: "DD708",
    name: "sandboxed",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::proxy_unreachable::RULE,
        &name::hosts_entry::RULE,
        &address::unspecified_destination::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("sandboxed.rs"),
};

/// `EAFNOSUPPORT` of Linux: the family of addresses was taken away.
const NO_FAMILY: i32 = 97;

fn check(case: &Case) -> Option<Finding> {
    if let Some(finding) = policy::denies(case) {
        return Some(finding);
    }
    if case.probes().any(|probe| probe.outcome.connected()) {
        return None;
    }
    limits::by_unit(case).or_else(|| by_own_place(case))
}

/// What confines devdoctor itself.
fn by_own_place(case: &Case) -> Option<Finding> {
    let confinement = case.facts.way.confinement.seen()?;
    forbidden(case, confinement).or_else(|| walled_in(case, confinement))
}

/// The system forbade the connection, and that for no address's sake.
fn forbidden(case: &Case, confinement: &Confinement) -> Option<Finding> {
    let probe = case.probes().find(|probe| match probe.outcome {
        Outcome::Denied => true,
        Outcome::Failed => probe.errno == Some(NO_FAMILY),
        _ => false,
    })?;
    // A route that forbids gives the same answer, and a firewall may.
    let by_route =
        way::route(case, probe.to.ip()).is_some_and(|route| route.fate == Fate::Prohibit);
    if by_route {
        return None;
    }
    let by = by_what(confinement);
    let (says, confidence) = match confinement.to_itself {
        Known::Seen(0) => {
            let by = by?;
            (
                format!("{by} forbids connections to {}", probe.to),
                Confidence::Likely,
            )
        }
        Known::Seen(errno) if probe.errno == Some(errno) => (
            match by {
                Some(by) => format!("{by} forbids this shell every connection"),
                None => "a sandbox forbids this shell every connection".to_owned(),
            },
            Confidence::Certain,
        ),
        _ => return None,
    };
    let finding = Finding::new(confidence, says).because(evidence::probe(probe));
    Some(with_signs(finding, confinement).fix(outside(confinement)))
}

/// There is no network in here but the loopback interface, and the server is not in here.
fn walled_in(case: &Case, confinement: &Confinement) -> Option<Finding> {
    let own = case.facts.host.addresses.seen()?;
    let alone = own.iter().all(|own| own.ip.is_loopback());
    let loopback = own.iter().any(|own| own.up);
    // Where other processes can be seen, a server among them would have been found.
    let blind = confinement.own_processes && case.facts.elsewhere.items().is_empty();
    if !(alone && loopback && blind && confinement.no_new_privileges) {
        return None;
    }
    let refused = |probe: &&Probe| {
        probe.outcome == Outcome::Refused && case.is_local(probe.to.ip()) == Some(true)
    };
    let cut_off = |probe: &&Probe| {
        way::route(case, probe.to.ip()).is_some_and(|route| route.fate == Fate::NoRoute)
    };
    let (says, probe) = match case.probes().find(refused) {
        Some(probe) if case.nobody_listens() => (
            format!(
                "this shell stands in a sandbox without a network: nobody listens on port {} in \
                 here, and a server outside cannot be reached",
                case.port()
            ),
            probe,
        ),
        _ => {
            let probe = case.probes().find(cut_off)?;
            let says = format!(
                "this shell stands in a sandbox without a network: {} cannot be reached",
                case.target.authority()
            );
            (says, probe)
        }
    };
    let finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(probe))
        .because(Evidence::new(
            "the only interface in here is the loopback interface",
            Seen::Kernel {
                what: "interfaces".to_owned(),
            },
        ));
    Some(with_signs(finding, confinement).fix(outside(confinement)))
}

/// What confines, in words that begin a sentence.
fn by_what(confinement: &Confinement) -> Option<String> {
    match (&confinement.label, confinement.seccomp) {
        (Some(label), _) => Some(format!("the profile {label}")),
        (None, true) => Some("a filter of system calls (seccomp)".to_owned()),
        (None, false) if confinement.no_new_privileges => {
            Some("a sandbox (Landlock, it seems)".to_owned())
        }
        (None, false) => None,
    }
}

fn with_signs(finding: Finding, confinement: &Confinement) -> Finding {
    let sign = |says: String, what: &str| {
        Evidence::new(
            says,
            Seen::Kernel {
                what: what.to_owned(),
            },
        )
    };
    let itself = match confinement.to_itself {
        Known::Seen(0) | Known::Unseen(_) => None,
        Known::Seen(errno) => Some(sign(
            format!("a connection of devdoctor to itself fails as well (errno {errno})"),
            "a socket of its own",
        )),
    };
    let filter = confinement
        .seccomp
        .then(|| sign("a filter of system calls is in force".to_owned(), "Seccomp"));
    let rights = confinement.no_new_privileges.then(|| {
        sign(
            "this process can never gain rights again, as in every sandbox".to_owned(),
            "NoNewPrivs",
        )
    });
    let label = confinement.label.as_ref().map(|label| {
        sign(
            format!("this process runs under the profile {label}"),
            "/proc/self/attr/current",
        )
    });
    finding
        .because_all(itself)
        .because_all(filter)
        .because_all(rights)
        .because_all(label)
}

/// How to get out of it, or to get the network in.
fn outside(confinement: &Confinement) -> Fix {
    let snap = confinement
        .label
        .as_deref()
        .and_then(|label| label.strip_prefix("snap.")?.split('.').next());
    if let Some(snap) = snap {
        let plug = format!("{snap}:network");
        return Fix::safe(
            "give the snap the network",
            ["sudo", "snap", "connect", &plug],
        );
    }
    Fix::read(
        "ask from outside",
        "run it in a terminal of the machine itself, or allow the network in the settings of the \
         sandbox (of the agent, the editor, the build tool)",
    )
}
