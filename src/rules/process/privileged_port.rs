//! # The server may not have a port this low
//!
//! ## What happened
//!
//! Nobody listens on the port. The project's server should, and the system gives
//! ports this low to root only: the server ends with `EACCES`, *permission denied*.
//!
//! ## Why
//!
//! On Linux an ordinary user may not bind ports below
//! `net.ipv4.ip_unprivileged_port_start`, mostly 1024. The ports 80 and 443 are the
//! ones that people meet.
//!
//! ## What to do
//!
//! Give the server a port from 1024 on. Where it must be the low one, lower the
//! limit, or put a reverse proxy before it. Do not run a development server as
//! root.

use crate::facts::{Outcome, Runs};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::evidence::service_name;
use crate::rules::{Case, Rule, container, evidence, fixes, presence, process};

/// DD412.
pub static RULE: Rule = Rule {
    code: "DD412",
    name: "privileged-port",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_exited::RULE,
        &container::engine_down::RULE,
        &presence::moved_port::RULE,
        &process::port_borrowed::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("privileged_port.rs"),
};

/// Added to a low port to have one that people recognise: 80 and 8080, 443 and 8443.
const HIGHER: u16 = 8000;

fn check(case: &Case) -> Option<Finding> {
    presence::refused(case)?;
    let limits = case.facts.binding.seen()?;
    let from = limits.unprivileged_from?;
    let (port, user) = (case.port(), &case.facts.host.user);
    if port >= from || limits.privileged || user.is_root() {
        return None;
    }
    // Without a file that says so, whoever should be here may be a service of root's.
    let expected = case.expected();
    let one = expected
        .iter()
        .find(|one| one.service.is_on() && one.service.runs == Runs::Process)?;
    // It found another place.
    if case.own_servers().iter().any(|own| own.meant.is_some()) {
        return None;
    }
    let says = format!(
        "{} cannot have port {port}: only root may take ports below {from}",
        service_name(one)
    );
    let setting = "net.ipv4.ip_unprivileged_port_start";
    // The next one that is free: `free_port` looks above what it is given.
    let wanted = match port {
        80 => 8079,
        _ => HIGHER.saturating_add(port) - 1,
    };
    let set = format!("{setting}={port}");
    Some(
        Finding::new(Confidence::Likely, says)
            .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
            .because(evidence::nobody_listens(case))
            .because(evidence::expects(case, one))
            .because(Evidence::new(
                format!("{setting} is {from}, and this user is uid {}", user.uid),
                Seen::Kernel {
                    what: "ip_unprivileged_port_start".to_owned(),
                },
            ))
            .fix(fixes::set_port(
                case,
                one,
                case.free_port(wanted).unwrap_or(wanted),
            ))
            .fix(Fix::run(
                "or let every user have it, until the machine starts again",
                Safety::Disruptive,
                ["sudo", "sysctl", "-w", &set],
            )),
    )
}
