//! # A service of the system is not running
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. A service that is
//! installed on this machine and known for the port, or whose own file names it,
//! does not run.
//!
//! ## Why
//!
//! It was never started, was stopped, or failed when it was started: a mistake in
//! its configuration, a disk that is full, a data folder of an older version. A
//! socket of systemd closes, too, once the service behind it has failed a few times
//! in a row.
//!
//! ## What to do
//!
//! Read its log if it has failed; then start it. To have it started with the
//! machine, enable it.

use crate::facts::{Manager, Outcome, Unit, UnitState, catalogue};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence, presence, process};

/// DD211.
pub static RULE: Rule = Rule {
    code: "DD211",
    name: "service-stopped",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        container::engine_down::RULE,
        presence::moved_port::RULE,
        presence::unix_socket_only::RULE,
        presence::udp_only::RULE,
        presence::other_namespace::RULE,
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("service_stopped.rs"),
};

/// How many lines of a log are shown.
const LINES: &str = "20";

fn check(case: &Case) -> Option<Finding> {
    presence::refused(case)?;
    // A file of the project says who should be here, and it is no service of the machine.
    if case.expected().iter().any(|one| one.service.is_on()) {
        return None;
    }
    let units = case.facts.units.items();
    let usual: Vec<&Unit> = units
        .iter()
        .filter(|unit| unit.named_in.is_none())
        .collect();
    let mut down: Vec<&Unit> = units.iter().filter(|unit| is_down(unit)).collect();
    // What runs is there on another port, or by a socket: that is told by other rules.
    let runs = |unit: &Unit| {
        usual.iter().any(|other| {
            other.state == UnitState::Active
                && family(other) == family(unit)
                && !stands_for(other, units)
        })
    };
    down.retain(|unit| unit.named_in.is_some() || !runs(unit));
    down.sort_by_key(|unit| {
        (
            unit.named_in.is_none(),
            unit.state != UnitState::Failed,
            unit.state != UnitState::Starting,
            unit.enabled != Some(true),
        )
    });
    let unit = *down.first()?;
    Some(tell(case, unit, units, &down))
}

fn tell(case: &Case, unit: &Unit, units: &[Unit], down: &[&Unit]) -> Finding {
    let (port, name) = (case.port(), &unit.name);
    let service = catalogue().port(port).map(|row| row.service.as_str());
    let known = match (&unit.named_in, service) {
        (None, Some(service)) => format!("{name}, which serves {service}, "),
        _ => format!("{name} "),
    };
    let state = words(unit);
    let says = match &unit.named_in {
        Some(_) => format!("nobody listens on port {port}: {name}, which should, {state}"),
        None => format!("nobody listens on port {port}: {known}{state}"),
    };
    // A service that nobody has enabled may be off on purpose.
    let sure =
        unit.named_in.is_some() || unit.state != UnitState::Inactive || unit.enabled == Some(true);
    let several = down.iter().any(|other| family(other) != family(unit));
    let confidence = match sure || !several && unit.enabled.is_none() {
        true => Confidence::Likely,
        false => Confidence::Possible,
    };
    let mut finding = Finding::new(confidence, says)
        .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
        .because(evidence::nobody_listens(case))
        .because(in_words(unit));
    if let Some(file) = &unit.named_in {
        finding = finding.because(Evidence::new(
            format!("{file} names port {port}"),
            Seen::File {
                file: file.clone(),
                line: None,
            },
        ));
    }
    // What a socket starts tells why the socket has ended.
    let started = unit.starts.as_ref();
    let behind = started.and_then(|name| units.iter().find(|other| other.name == *name));
    finding = finding.because_all(behind.map(in_words));
    let failed = [Some(unit), behind].into_iter().flatten();
    for failed in failed.filter(|unit| unit.state != UnitState::Inactive) {
        finding = finding.fix_all(read_log(failed));
    }
    finding.fix_all(start(unit, behind))
}

/// Whether a service should be there and is not.
fn is_down(unit: &Unit) -> bool {
    match unit.state {
        UnitState::Failed | UnitState::Inactive => true,
        // It waits to be started again.
        UnitState::Starting => unit.result.is_some(),
        UnitState::Active => false,
    }
}

/// What a unit is one of: `postgresql` of `postgresql@15-main.service`.
fn family(unit: &Unit) -> &str {
    let name = unit.name.as_str();
    name.split(['@', '.']).next().unwrap_or(name)
}

/// Whether a unit only stands for others: `postgresql.service` is well as soon as it was
/// asked to start the clusters, `postgresql@15-main.service`, whatever became of them.
fn stands_for(unit: &Unit, units: &[Unit]) -> bool {
    let is_one = |other: &&Unit| other.name.contains('@') && family(other) == family(unit);
    !unit.name.contains('@') && units.iter().any(|other| is_one(&other))
}

fn words(unit: &Unit) -> String {
    if unit.masked {
        return "is masked: it may not be started".to_owned();
    }
    match (unit.state, unit.exit_status) {
        (UnitState::Failed, Some(status)) => format!("has failed (status {status})"),
        (UnitState::Failed, None) => match unit.result.as_deref() {
            Some(result) => format!("has failed ({result})"),
            None => "has failed".to_owned(),
        },
        (UnitState::Starting, _) => "fails, and is started again and again".to_owned(),
        _ => match unit.enabled {
            Some(false) => "is installed, and neither runs nor is enabled".to_owned(),
            _ => "is installed and does not run".to_owned(),
        },
    }
}

/// What its manager says of a unit.
pub(crate) fn in_words(unit: &Unit) -> Evidence {
    let by = match unit.manager {
        Manager::Systemd => "systemctl show",
        Manager::SystemdUser => "systemctl --user show",
        Manager::Brew => "brew services list",
        Manager::Windows => "sc query",
    };
    let state = match unit.state {
        UnitState::Active => "active",
        UnitState::Starting => "being started",
        UnitState::Inactive => "inactive",
        UnitState::Failed => "failed",
    };
    let result = match &unit.result {
        Some(result) => format!(", its result {result}"),
        None => String::new(),
    };
    Evidence::new(
        format!("{} is {state}{result}", unit.name),
        Seen::Kernel {
            what: by.to_owned(),
        },
    )
}

/// Read what a unit wrote last.
pub(crate) fn read_log(unit: &Unit) -> Option<Fix> {
    let title = format!("read why {} failed", unit.name);
    let tail = ["-u", &unit.name, "-n", LINES, "--no-pager"];
    match unit.manager {
        Manager::Systemd => Some(Fix::safe(
            title,
            ["sudo", "journalctl"].into_iter().chain(tail),
        )),
        Manager::SystemdUser => Some(Fix::safe(
            title,
            ["journalctl", "--user"].into_iter().chain(tail),
        )),
        Manager::Brew => Some(Fix::safe(title, ["brew", "services", "info", &unit.name])),
        Manager::Windows => None,
    }
}

/// Start a unit; where it was given up, that has to be forgotten first.
fn start(unit: &Unit, behind: Option<&Unit>) -> Vec<Fix> {
    let name = unit.name.as_str();
    let manager: &[&str] = match unit.manager {
        Manager::Systemd => &["sudo", "systemctl"],
        Manager::SystemdUser => &["systemctl", "--user"],
        Manager::Brew => {
            let words = ["brew", "services", "restart", name];
            return vec![Fix::run(format!("start {name}"), Safety::Safe, words)];
        }
        Manager::Windows => {
            let words = ["net", "start", name];
            return vec![Fix::run(format!("start {name}"), Safety::Safe, words)];
        }
    };
    let by = |words: &[&str]| -> Vec<String> {
        manager
            .iter()
            .chain(words)
            .map(|&word| word.to_owned())
            .collect()
    };
    let mut fixes = Vec::new();
    if unit.masked {
        let title = format!("allow {name} to be started");
        fixes.push(Fix::run(title, Safety::Safe, by(&["unmask", name])));
    }
    let limit = |one: &Unit| {
        one.result
            .as_deref()
            .is_some_and(|why| why.contains("limit-hit"))
    };
    let given_up: Vec<&str> = match [Some(unit), behind].into_iter().flatten().any(limit) {
        true => [Some(unit), behind]
            .into_iter()
            .flatten()
            .filter(|one| one.state == UnitState::Failed)
            .map(|one| one.name.as_str())
            .collect(),
        false => Vec::new(),
    };
    if !given_up.is_empty() {
        let words: Vec<&str> = ["reset-failed"].into_iter().chain(given_up).collect();
        fixes.push(Fix::run("let it try again", Safety::Safe, by(&words)));
    }
    // `postgresql` is what people know; the suffix is the manager's default.
    let short = name.strip_suffix(".service").unwrap_or(name);
    fixes.push(Fix::run(
        format!("start {name}"),
        Safety::Safe,
        by(&["start", short]),
    ));
    fixes
}
