//! Fixes in the words in which every rule gives them.

use std::net::{IpAddr, SocketAddr};

use crate::facts::{
    Container, Framework, Listener, Origin, ProcId, Process, Project, Runs, Scheme, Scope, SetBy,
    clean,
};
use crate::findings::{Edit, Fix, Safety};

use super::Case;
use super::case::{Expected, service_folder};
use super::evidence::{file_of, name_of, place_of, process_words, service_name};

/// What [`open_instead`] is called.
pub(super) const OTHER_ADDRESS: &str = "use the address that answers";

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
    Fix::read(OTHER_ADDRESS, text)
}

/// Open the web server that listens here.
pub(super) fn open(listener: &Listener, title: impl Into<String>) -> Fix {
    let host = match listener.scope() {
        Scope::Lan => listener.at.ip().to_string(),
        Scope::Loopback | Scope::All => "localhost".to_owned(),
    };
    Fix::read(title, format!("http://{host}:{}", listener.at.port()))
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
    let key = host_place(case, owner);
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

/// Where the host of this server is set: `server.host at vite.config.ts:7` if a file of
/// its project says so, else the key in its configuration.
fn host_place(case: &Case, owner: &Process) -> Option<String> {
    let row = case.framework(owner)?;
    let general = || row.host_key.clone();
    let key = |whole: &str| whole.split(" in ").next().unwrap_or(whole).to_owned();
    let Some(told) = case.told(owner, case.port()) else {
        return general();
    };
    let is_config = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        let stems = row
            .config
            .iter()
            .map(|one| one.split('*').next().unwrap_or(one));
        stems
            .map(|stem| stem.rsplit('/').next().unwrap_or(stem))
            .any(|stem| !stem.is_empty() && name.starts_with(stem))
    };
    match &told.by.host_origin {
        Some(origin) => {
            let place = place_of(case, told.project, origin);
            let what = match row.host_key.as_deref().filter(|_| is_config(&origin.file)) {
                Some(whole) => key(whole),
                None => "its host".to_owned(),
            };
            Some(format!("{what} at {place}"))
        }
        // The file is known, and the key is not in it yet.
        None if told.by.by == SetBy::Config && is_config(&told.by.origin.file) => {
            let file = file_of(case, told.project, &told.by.origin.file);
            Some(format!("{} in {file}", key(row.host_key.as_deref()?)))
        }
        None => general(),
    }
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
    let key = owner.and_then(|owner| host_place(case, owner));
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

/// Start a service, in its folder.
pub(super) fn start(case: &Case, of: &Expected) -> Option<Fix> {
    start_as(case, of, format!("start {}", service_name(of)))
}

/// The same under another title.
pub(super) fn start_as(case: &Case, of: &Expected, title: impl Into<String>) -> Option<Fix> {
    let mut argv = of.service.start.clone();
    if argv.is_empty() && of.service.runs == Runs::Container {
        let up = ["docker", "compose", "up", "-d", &of.service.name];
        argv = up.map(str::to_owned).to_vec();
    }
    // What is shown must be what is meant, to the letter.
    if argv.is_empty() || argv.iter().any(|word| clean(word) != *word) {
        return None;
    }
    Some(Fix::safe(title, argv).in_folder(folder_of(case, of)))
}

/// The folder of a service, seen from where the user stands; nothing where he stands in it.
fn folder_of(case: &Case, of: &Expected) -> Option<String> {
    let folder = service_folder(of.project, of.service);
    match case.facts.host.cwd.as_deref() {
        Some(cwd) if cwd.trim_end_matches('/') == folder => None,
        _ => Some(file_of(case, of.project, &of.service.folder)),
    }
}

/// Give a service another port: where its port is written, else by its command.
pub(super) fn set_port(case: &Case, of: &Expected, port: u16) -> Fix {
    let name = service_name(of);
    let title = format!("give {name} port {port}");
    let (by, row) = (of.by, of.service.row());
    let old = by.port.map(|port| port.to_string()).unwrap_or_default();
    let new = replace_number(&by.written, &old, &port.to_string());
    if let Some(new) = new.filter(|_| by.origin.line > 0 && !by.origin.file.is_empty()) {
        return Fix::edit(title, edit(case, of.project, &by.origin, &by.written, new));
    }
    let flag = row.and_then(|row| row.take_port(port));
    if let Some(flag) = flag
        && by.by != SetBy::Variable
        && let Some(argv) = with_flag(&of.service.start, &flag)
    {
        return Fix::safe(title, argv).in_folder(folder_of(case, of));
    }
    let variable = row.and_then(|row| row.port_variables.first());
    if let Some(variable) = variable
        && !of.service.start.is_empty()
    {
        let set = ["env".to_owned(), format!("{variable}={port}")];
        let argv = set.into_iter().chain(of.service.start.iter().cloned());
        return Fix::safe(title, argv).in_folder(folder_of(case, of));
    }
    let place = place_of(case, of.project, &by.origin);
    match by.key.as_str() {
        "" => Fix::read(title, format!("start {name} with another port, at {place}")),
        key => Fix::read(title, format!("set {key} to {port} at {place}")),
    }
}

/// The change of what stands at a place in a project's files.
pub(super) fn edit(
    case: &Case,
    project: &Project,
    origin: &Origin,
    from: &str,
    to: String,
) -> Edit {
    Edit {
        file: file_of(case, project, &origin.file),
        line: origin.line,
        column: (origin.column > 0).then_some(origin.column),
        from: from.to_owned(),
        to,
    }
}

/// The command that starts a service, with a flag more; nothing where a flag does not
/// reach the server.
fn with_flag(start: &[String], flag: &str) -> Option<Vec<String>> {
    let (program, rest) = start.split_first()?;
    let flag = flag.split(' ').map(str::to_owned);
    let through = match program.as_str() {
        // npm keeps for itself what does not stand behind this.
        "npm" => Some("--".to_owned()),
        "make" | "docker" | "foreman" | "overmind" | "turbo" | "nx" => return None,
        _ => None,
    };
    let through = through.filter(|mark| !rest.contains(mark));
    Some(start.iter().cloned().chain(through).chain(flag).collect())
}

/// The text with a number in the place of another, which must stand there whole.
fn replace_number(text: &str, old: &str, new: &str) -> Option<String> {
    if old.is_empty() {
        return None;
    }
    let digit = |c: char| c.is_ascii_digit();
    let (at, _) = text.match_indices(old).find(|(at, _)| {
        let (before, after) = (&text[..*at], &text[at + old.len()..]);
        !before.ends_with(digit) && !after.starts_with(digit)
    })?;
    Some(format!("{}{new}{}", &text[..at], &text[at + old.len()..]))
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
