//! # An old copy of your own server holds the port
//!
//! ## What happened
//!
//! A server of this very project answers on the port, but nobody looks after it
//! any more: the terminal or the program that started it has gone.
//!
//! ## Why
//!
//! A terminal window was closed, an editor was restarted, or a watcher was
//! killed and its child survived. The copy goes on serving the code it was
//! started with, and a new start finds the port taken or moves to the next one.
//!
//! ## What to do
//!
//! End the old copy, then start the server again. If it is the one you want,
//! nothing needs to be done.

use crate::facts::{Probe, Process, Vantage, human_age, is_below};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::evidence::{process_words, service_name};
use crate::rules::{Case, Rule, evidence, fixes};

/// DD410.
pub static RULE: Rule = Rule {
    code: "DD410",
    name: "orphan",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[],
    settle: 10,
    check,
    source: include_str!("orphan.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    // Inside a container the first process may be who started the server on purpose.
    let contained = matches!(
        case.facts.host.vantage,
        Vantage::Container | Vantage::Devcontainer
    );
    if contained && !case.process_by_pid(1).is_some_and(only_waits) {
        return None;
    }
    case.own_project()?;
    // A copy that does not answer has a nearer cause: stopped, busy, silent.
    let answers = |probe: &&Probe| {
        Case::content(probe) || probe.greeting.seen().is_some_and(|g| g.http.is_some())
    };
    let probe = case.probes().find(answers)?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener)?;
    let row = case.framework(owner)?;
    let ours = case.is_ours(owner) == Some(true) && owner.project.is_some();
    if !ours || !row.dev_server || row.forwarder || is_service(owner) {
        return None;
    }
    let kin = abandoned(case, owner)?;
    let top = *kin.last()?;
    let says = format!(
        "an old copy of this project's server, {}, holds port {} and nobody looks after it: \
         what started it has gone",
        process_words(owner),
        case.port()
    );
    let parent = match top.parent {
        0 | 1 => "1".to_owned(),
        pid => format!("{pid}, which adopts orphans"),
    };
    let mut finding = Finding::new(Confidence::Likely, says)
        .severity(Severity::Warning)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because(evidence::process(owner))
        .because(Evidence::new(
            format!(
                "pid {} has no terminal, and its parent is pid {parent}",
                top.id.pid
            ),
            Seen::Process {
                pid: top.id.pid,
                what: "parent, terminal".to_owned(),
            },
        ));
    if owner.exe_deleted {
        finding = finding.because(Evidence::new(
            format!(
                "the program of pid {} was replaced since it started {} ago",
                owner.id.pid,
                human_age(owner.age_s)
            ),
            Seen::Process {
                pid: owner.id.pid,
                what: "exe".to_owned(),
            },
        ));
    }
    let meant = case.meant_by(owner);
    finding = finding.because_all(meant.map(|one| evidence::expects(case, &one)));
    // What was started since found the port taken, and may have gone elsewhere.
    let fresh = case.own_servers().into_iter().find(|one| {
        one.owner.framework == owner.framework
            && one.owner.project == owner.project
            && one.owner.age_s < owner.age_s
    });
    if let Some(fresh) = fresh {
        let title = format!("open the new copy, {}", process_words(fresh.owner));
        finding = finding
            .because(evidence::listener(case, fresh.listener))
            .because(evidence::process(fresh.owner))
            .fix(fixes::open(fresh.listener, title));
    }
    // All of them at once, the outermost first: a watcher would start its child again.
    let mut argv = fixes::on_processes(case, &kin, &["kill"]);
    argv.extend(fixes::pids(kin.iter().rev().map(|process| process.id)));
    let start = meant.and_then(|one| {
        let again = format!("then start {} again", service_name(&one));
        fixes::start_as(case, &one, again)
    });
    let title = match (&fresh, &start) {
        (Some(_), _) => "end the old copy, then start the new one anew to have this port",
        (None, Some(_)) => "end the old copy",
        (None, None) => "end the old copy, then start the server again",
    };
    Some(
        finding
            .fix(Fix::run(title, Safety::Disruptive, argv))
            .fix_all(start.filter(|_| fresh.is_none())),
    )
}

/// The owner and the ancestors that belong to it, the outermost last, if whoever
/// started them has gone.
fn abandoned<'a>(case: &Case<'a>, owner: &'a Process) -> Option<Vec<&'a Process>> {
    let mut kin = vec![owner];
    let ancestors = case.ancestors(owner);
    for ancestor in &ancestors {
        if fixes::is_init(ancestor) {
            break;
        }
        kin.push(ancestor);
    }
    let top = kin.last()?;
    let adopted = top.parent == 1
        || ancestors
            .get(kin.len() - 1)
            .is_some_and(|parent| fixes::is_init(parent));
    let root = owner.project.as_deref()?;
    let ours = |process: &&Process| {
        let here = process.project.as_deref() == Some(root)
            || process.cwd.seen().is_some_and(|cwd| is_below(cwd, root));
        here && !process.terminal && process.id.pid > 1
    };
    (adopted && kin.iter().all(ours)).then_some(kin)
}

/// Whether a container's first process does nothing but keep the container alive.
fn only_waits(first: &Process) -> bool {
    let Some(argv) = first.argv.seen() else {
        return false;
    };
    let line = argv.join(" ");
    ["sleep infinity", "while sleep", "tail -f"]
        .iter()
        .any(|wait| line.contains(wait))
}

/// Whether the system or the user's own systemd runs it as a service on purpose.
fn is_service(process: &Process) -> bool {
    let Some(cgroup) = process.cgroup.as_deref() else {
        return false;
    };
    let container = ["docker", "libpod", "containerd", "kubepods", "lxc"];
    let last = cgroup.rsplit('/').next().unwrap_or(cgroup);
    // Desktops start programs as services that are called app-….
    let unit = last.ends_with(".service") && !last.starts_with("app-");
    cgroup.contains("system.slice") || unit || container.iter().any(|c| cgroup.contains(c))
}
