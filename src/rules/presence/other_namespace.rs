//! # Somebody listens on this port, in another network namespace
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port here. A process does
//! listen on the same port in another network namespace of this machine, which
//! has addresses and ports of its own.
//!
//! ## Why
//!
//! The server was started by something that gave it a network of its own: a
//! container of an engine that devdoctor could not ask, a sandbox, a system
//! service with `PrivateNetwork=`, `ip netns exec` or `unshare`. Its
//! `localhost` is not yours.
//!
//! ## What to do
//!
//! Start the server outside, or carry the port over: publish it if it is a
//! container. To look from its side, enter its namespace.

use crate::facts::Listener;
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::{Case, Rule, container, evidence, path, presence};

/// DD212.
pub static RULE: Rule = Rule {
    code: "DD212",
    name: "other-namespace",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        presence::moved_port::RULE,
        container::engine_down::RULE,
        presence::crash_looping::RULE,
        presence::udp_only::RULE,
        presence::unix_socket_only::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("other_namespace.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let port = case.port();
    // Where a file says who should be here, a stranger in another namespace is not missed.
    let awaited = case.expected().iter().any(|one| one.service.is_on());
    let stranger = |listener: &Listener| {
        let owner = case.owner(listener);
        owner.and_then(|owner| case.is_ours(owner)) == Some(false)
    };
    let listener = case.facts.elsewhere.items().iter().find(|listener| {
        listener.at.port() == port
            && !is_containers(case, listener)
            && !(awaited && stranger(listener))
    })?;
    let who = evidence::owner_words(case, listener);
    let says = format!(
        "{who} listens on port {port} in another network namespace; nobody listens in this one"
    );
    let netns = match listener.netns {
        Some(inode) => format!("the network namespace net:[{inode}]"),
        None => "another network namespace".to_owned(),
    };
    let mut finding = Finding::new(Confidence::Likely, says)
        .because(evidence::probe(refused))
        .because(evidence::nobody_listens(case))
        .because(Evidence::new(
            format!("{who} listens on {} in {netns}", listener.at),
            Seen::Socket { at: listener.at },
        ));
    if let Some(owner) = case.owner(listener) {
        finding = finding.because(evidence::process(owner));
    }
    if let Some((unit, setting)) = path::private_network(case) {
        let text = format!(
            "`sudo systemctl edit {unit}`, and write `[Service]` and below it \
             `PrivateNetwork=no`; then `sudo systemctl restart {unit}`"
        );
        finding = finding.because(setting).fix(Fix::read(
            "give its service the network of the machine",
            text,
        ));
    }
    finding = finding.fix(Fix::read(
        "start it in this namespace, or carry the port over",
        "start the server outside its sandbox, or forward the port into it (a container: publish \
         the port)",
    ));
    if case.facts.host.os == "linux"
        && let Some(owner) = listener.owner()
    {
        let (pid, port) = (owner.pid.to_string(), port.to_string());
        let sudo = (!case.facts.host.user.is_root()).then_some("sudo");
        let enter = [
            "nsenter",
            "--target",
            &pid,
            "--net",
            "devdoctor",
            "why",
            &port,
        ];
        finding = finding.fix(Fix::run(
            "look from its side",
            Safety::Safe,
            sudo.into_iter().chain(enter),
        ));
    }
    Some(finding)
}

/// Whether a container that is known holds this listener: other rules tell of those.
fn is_containers(case: &Case, listener: &Listener) -> bool {
    let Some(id) = listener.owner() else {
        return false;
    };
    let owner = case.process(id);
    let mut chain = vec![id.pid];
    if let Some(owner) = owner {
        chain.extend(case.ancestors(owner).iter().map(|process| process.id.pid));
    }
    let cgroup = owner
        .and_then(|owner| owner.cgroup.as_deref())
        .or(listener.cgroup.as_deref());
    case.facts.containers.items().iter().any(|container| {
        container.pid.is_some_and(|pid| chain.contains(&pid))
            || cgroup
                .is_some_and(|cgroup| !container.id.is_empty() && cgroup.contains(&container.id))
    })
}
