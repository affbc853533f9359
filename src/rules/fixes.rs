//! Fixes in the words in which every rule gives them.

use std::net::{IpAddr, SocketAddr};

use crate::facts::{Container, Framework, Listener, ProcId, Process, Scheme};
use crate::findings::{Fix, Safety};

use super::Case;
use super::evidence::{name_of, process_words};

/// Open the same thing at another address.
pub(super) fn open_instead(case: &Case, at: SocketAddr) -> Fix {
    let scheme = case.target.scheme.map_or("", Scheme::word);
    let path = case.target.path.as_deref().unwrap_or("");
    let text = match case.target.scheme {
        Some(_) => format!("{scheme}://{at}{path}"),
        None if case
            .target
            .protocol()
            .is_none_or(|p| p == crate::facts::Protocol::Http) =>
        {
            format!("http://{at}{path}")
        }
        None => format!("connect to {at}"),
    };
    Fix::read("use the address that answers", text)
}

/// Have the owner of this listener listen on another address.
///
/// `wanted` is a plain address; on a laptop that is 127.0.0.1 and not every address.
pub(super) fn listen_on(case: &Case, listener: &Listener, wanted: IpAddr) -> Fix {
    let title = format!("have it listen on {wanted}");
    let Some(owner) = case.owner(listener) else {
        return Fix::read(
            title,
            format!("set the server's host (or bind address) to {wanted} and start it again"),
        );
    };
    let who = name_of(owner);
    if case.is_forwarder(owner) {
        return Fix::read(
            title,
            format!(
                "{who} only forwards: give {wanted} as the address when you set the forward up"
            ),
        );
    }
    let row = case.framework(owner);
    let flag = row.and_then(|row| host_flag(row, wanted, case.port()));
    let key = row.and_then(|row| row.host_key.as_deref());
    let text = match (flag, key) {
        (Some(flag), Some(key)) => {
            format!("start {who} with `{flag}`, or set {key} to \"{wanted}\"")
        }
        (Some(flag), None) => format!("start {who} with `{flag}`"),
        (None, Some(key)) => format!("set {key} to \"{wanted}\" and start it again"),
        (None, None) => {
            format!("set the host (or bind address) of {who} to {wanted} and start it again")
        }
    };
    Fix::read(title, text)
}

/// The flag that has a framework's server listen on one address.
fn host_flag(row: &Framework, wanted: IpAddr, port: u16) -> Option<String> {
    let flag = row.bind_all_on(port)?;
    if flag.contains("0.0.0.0") {
        return Some(flag.replace("0.0.0.0", &wanted.to_string()));
    }
    flag.ends_with("--host").then(|| format!("{flag} {wanted}"))
}

/// Have the owner listen on every address of the machine, with the caveat this has.
pub(super) fn listen_on_all(case: &Case, listener: &Listener) -> Fix {
    let title = "let other machines in, where the network is one you trust";
    let owner = case.owner(listener);
    let who = owner.map_or("the server", name_of);
    if owner.is_some_and(|owner| case.is_forwarder(owner)) {
        return Fix::read(
            title,
            format!("{who} only forwards: give 0.0.0.0 as the address when you set the forward up"),
        );
    }
    let row = owner.and_then(|owner| case.framework(owner));
    let flag = row.and_then(|row| row.bind_all_on(case.port()));
    let key = row.and_then(|row| row.host_key.as_deref());
    let text = match (flag, key) {
        (Some(flag), Some(key)) => format!("start {who} with `{flag}`, or set {key}"),
        (Some(flag), None) => format!("start {who} with `{flag}`"),
        (None, Some(key)) => format!("set {key} to 0.0.0.0 and start it again"),
        (None, None) => {
            format!("have {who} listen on 0.0.0.0; everybody on this network can then reach it")
        }
    };
    Fix::read(title, text)
}

/// A command about processes, with `sudo` where they are another user's.
pub(super) fn on_processes(case: &Case, of: &[&Process], command: &[&str]) -> Vec<String> {
    let user = &case.facts.host.user;
    let foreign = !user.is_root() && of.iter().any(|process| process.uid != user.uid);
    let sudo = foreign.then_some("sudo");
    sudo.into_iter()
        .chain(command.iter().copied())
        .map(str::to_owned)
        .collect()
}

/// End this process, or better whoever would start it again.
///
/// Nothing where it is not a developer's to end: the system's own processes, and
/// forwarders, whose end takes the engine, the editor or the session along.
pub(super) fn end(case: &Case, process: &Process) -> Option<Fix> {
    if process.id.pid <= 1 || case.is_forwarder(process) || is_init(process) {
        return None;
    }
    if let Some(unit) = system_unit(process) {
        return Some(Fix::run(
            format!("restart the service {unit}"),
            Safety::Disruptive,
            ["sudo", "systemctl", "restart", unit],
        ));
    }
    let by = case
        .supervisor(process)
        .filter(|by| !is_init(by) && system_unit(by).is_none());
    // A supervisor that looks after many services is told to restart this one.
    if let Some(by) = by
        && case
            .framework(by)
            .is_some_and(|row| MANY.contains(&row.key.as_str()))
    {
        return Some(Fix::read(
            format!("have {} restart it", process_words(by)),
            format!(
                "{} runs {}: restart it there, it would only come back otherwise",
                name_of(by),
                process_words(process)
            ),
        ));
    }
    let top = by.unwrap_or(process);
    let pid = top.id.pid.to_string();
    Some(Fix::run(
        format!("end {}, then start it again", process_words(top)),
        Safety::Disruptive,
        on_processes(case, &[top], &["kill", &pid]),
    ))
}

/// Supervisors of the catalogue whose end would end much more than one server.
const MANY: &[&str] = &["pm2", "forever", "supervisord", "runit", "tilt"];

/// Whether this is the process that adopts orphans.
pub(super) fn is_init(process: &Process) -> bool {
    process.id.pid == 1 || matches!(process.comm.as_str(), "systemd" | "init" | "launchd")
}

/// The systemd unit of the system that this process is the service of.
pub(super) fn system_unit(process: &Process) -> Option<&str> {
    let (_, below) = process.cgroup.as_deref()?.split_once("system.slice/")?;
    below.split('/').find(|part| part.ends_with(".service"))
}

/// See what listens inside a container.
pub(super) fn sockets_inside(container: &Container) -> Fix {
    let tables = ["cat", "/proc/net/tcp", "/proc/net/tcp6"];
    let within = [container.engine.command(), "exec", &container.name];
    Fix::safe("see what listens inside", within.into_iter().chain(tables))
}

/// The ids of processes as words of a command.
pub(super) fn pids(ids: impl IntoIterator<Item = ProcId>) -> Vec<String> {
    ids.into_iter().map(|id| id.pid.to_string()).collect()
}
