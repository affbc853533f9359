//! # No source port is left
//!
//! ## What happened
//!
//! The connection failed before anything was sent: "cannot assign requested
//! address". Every connection needs a port on its own side, and all of them are
//! taken for this destination.
//!
//! ## Why
//!
//! The system gives out about 28000 source ports, each once for a destination. A
//! client that opens a new connection for every request uses them up: a closed one
//! keeps its port for another minute (`TIME_WAIT`), and one that the program never
//! closes keeps it until the program ends (`CLOSE_WAIT`).
//!
//! ## What to do
//!
//! Have the client keep its connections and use them again: keep-alive, a pool. A
//! wider range of ports only puts the end off.

use crate::facts::{Outcome, Probe, SourcePorts};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, evidence};

/// DD706.
pub static RULE: Rule = Rule {
    code: "DD706",
    name: "ephemeral-ports-exhausted",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&super::proxy_unreachable::RULE, &super::no_route::RULE],
    settle: 5,
    check,
    source: include_str!("ephemeral_ports_exhausted.rs"),
};

/// `EADDRNOTAVAIL` of Linux.
const NO_PORT: i32 = 99;

/// From here on a range may be widened without taking ports from well-known services.
const LOWEST: u16 = 15000;

fn check(case: &Case) -> Option<Finding> {
    let ports = case.facts.way.ports.seen()?;
    let lost = |probe: &Probe| probe.errno == Some(NO_PORT) && Some(probe.to) == ports.to;
    let probe = case
        .probes_that(Outcome::Unreachable)
        .find(|probe| lost(probe))?;
    let (size, taken) = (ports.size(), ports.taken);
    // A socket that is only bound keeps its port too, and stands in no table.
    let confidence = match () {
        () if taken >= size => Confidence::Certain,
        () if u64::from(taken) * 10 >= u64::from(size) * 9 => Confidence::Likely,
        () => return None,
    };
    let most = ports
        .holders
        .first()
        .filter(|holder| u64::from(holder.count) * 2 >= u64::from(taken));
    let says = match most {
        Some(holder) => format!(
            "no source port is left for connections to {}: {} (pid {}) alone holds {} of {size}",
            probe.to, holder.name, holder.pid, holder.count
        ),
        None => format!(
            "no source port is left for connections to {}: {taken} of {size} are taken",
            probe.to
        ),
    };
    let finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(kernel(used(ports, probe), "/proc/net/tcp"))
        .because(kernel(
            format!(
                "the system gives out the ports from {} to {}, {size} of them",
                ports.low, ports.high
            ),
            "net.ipv4.ip_local_port_range",
        ))
        .because_all(ports.holders.iter().map(|holder| {
            Evidence::new(
                format!(
                    "{} (pid {}) holds {} connections to {}",
                    holder.name, holder.pid, holder.count, probe.to
                ),
                Seen::Process {
                    pid: holder.pid,
                    what: "/proc/<pid>/fd".to_owned(),
                },
            )
        }))
        .fix(spare(ports));
    Some(match wider(ports) {
        Some(fix) => finding.fix(fix),
        None => finding,
    })
}

/// What the ports are taken by.
fn used(ports: &SourcePorts, probe: &Probe) -> String {
    let mut says = format!("{} ports are taken for {}", ports.taken, probe.to);
    if ports.waiting > 0 {
        says.push_str(&format!(
            ", {} of them by connections that ended within the last minute (TIME_WAIT)",
            ports.waiting
        ));
    }
    if ports.unclosed > 0 {
        says.push_str(&format!(
            ", {} of them by connections that only the other end has closed (CLOSE_WAIT)",
            ports.unclosed
        ));
    }
    says
}

/// What uses fewer ports, after what uses them now.
fn spare(ports: &SourcePorts) -> Fix {
    let who = ports
        .holders
        .first()
        .map_or("the client", |holder| holder.name.as_str());
    if ports.unclosed > ports.waiting {
        let text = format!(
            "the other end has closed them and {who} has not: close every response or \
             connection that is done, also where an error came"
        );
        return Fix::read("close what is done", text);
    }
    let text = format!(
        "have {who} keep its connections and use them again (keep-alive, a pool); closed ones \
         are free again after 60 s"
    );
    Fix::read("use fewer connections", text)
}

/// A wider range of ports, where there is room.
fn wider(ports: &SourcePorts) -> Option<Fix> {
    let room = ports.low > LOWEST || ports.high < 60999;
    let low = ports.low.min(LOWEST);
    let range = format!("net.ipv4.ip_local_port_range={low} 60999");
    room.then(|| {
        Fix::run(
            "or give out more ports, until the next start of the machine",
            Safety::Safe,
            ["sudo", "sysctl", "-w", &range],
        )
    })
}

fn kernel(says: String, what: &str) -> Evidence {
    Evidence::new(
        says,
        Seen::Kernel {
            what: what.to_owned(),
        },
    )
}
