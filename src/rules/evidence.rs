//! Facts in the words in which every rule tells them.

use crate::facts::{Gap, Known, Listener, Outcome, Probe, Process, human_age, human_micros};
use crate::findings::{Evidence, Seen};

use super::Case;

/// What connecting gave: `127.0.0.1:3000 refused the connection (errno 111) after 41 µs`.
pub(super) fn probe(probe: &Probe) -> Evidence {
    let to = probe.to;
    let took = human_micros(probe.took_us);
    let says = match probe.outcome {
        Outcome::Answered => format!("{to} answers, after {took}"),
        Outcome::Connected => format!("{to} accepts the connection, after {took}"),
        Outcome::Refused => format!("{to} refuses the connection, after {took}"),
        Outcome::Reset => format!("{to} accepts the connection and resets it, after {took}"),
        Outcome::Closed => {
            format!("{to} accepts the connection and closes it without a byte, after {took}")
        }
        Outcome::Silent => format!("{to} accepts the connection and says nothing for {took}"),
        Outcome::TimedOut => format!("{to} does not answer for {took}"),
        Outcome::Unreachable => format!("{to} cannot be reached"),
        Outcome::Denied => format!("the system does not permit a connection to {to}"),
        Outcome::Failed => format!("connecting to {to} fails"),
    };
    let says = match probe.errno {
        Some(errno) => format!("{says} (errno {errno})"),
        None => says,
    };
    Evidence::new(
        says,
        Seen::Probe {
            to,
            outcome: probe.outcome.word().to_owned(),
        },
    )
}

/// Who listens: `vite (pid 812) listens on [::1]:3000`.
pub(super) fn listener(case: &Case, listener: &Listener) -> Evidence {
    let at = listener.at;
    let who = owner_words(case, listener);
    let v6only = match (&listener.v6only, at.is_ipv6() && at.ip().is_unspecified()) {
        (Known::Seen(true), true) => ", IPv6 only",
        _ => "",
    };
    Evidence::new(
        format!("{who} listens on {at}{v6only}"),
        Seen::Socket { at },
    )
}

/// Nobody listens on the asked port.
pub(super) fn nobody_listens(case: &Case) -> Evidence {
    let port = case.port();
    let how = case.facts.host.sockets_by.as_deref().unwrap_or("sockets");
    Evidence::new(
        format!("no TCP socket of this machine listens on port {port}"),
        Seen::Kernel {
            what: how.to_owned(),
        },
    )
}

/// The owner in a few words: `vite (pid 812)`, `a process of root that this user may not see`.
pub(super) fn owner_words(case: &Case, listener: &Listener) -> String {
    if let Some(process) = case.owner(listener) {
        return process_words(process);
    }
    if let Some(id) = listener.owner() {
        return format!("pid {}", id.pid);
    }
    let user = match listener.uid {
        Some(0) => "root".to_owned(),
        Some(uid) => format!("uid {uid}"),
        None => "another user".to_owned(),
    };
    // The root of the tree is where everything is that nobody has put anywhere.
    match listener.cgroup.as_deref().filter(|cgroup| *cgroup != "/") {
        Some(cgroup) => format!("a process of {user} in {cgroup}"),
        None => match &listener.owners {
            Known::Unseen(Gap::Forbidden) => {
                format!("a process of {user} that this user may not see")
            }
            _ => format!("a process of {user}"),
        },
    }
}

/// The name a person would use for a process: `vite`.
pub(super) fn name_of(process: &Process) -> &str {
    if process.name.is_empty() {
        &process.comm
    } else {
        &process.name
    }
}

/// A process in a few words: `vite (pid 812)`.
pub(super) fn process_words(process: &Process) -> String {
    format!("{} (pid {})", name_of(process), process.id.pid)
}

/// Which process it is and since when: `pid 812 is vite in /home/me/app, started 3 min ago`.
pub(super) fn process(process: &Process) -> Evidence {
    let place = match process.project.as_ref().or(process.cwd.seen()) {
        Some(folder) => format!(" in {folder}"),
        None => String::new(),
    };
    Evidence::new(
        format!(
            "pid {} is {}{place}, started {} ago",
            process.id.pid,
            name_of(process),
            human_age(process.age_s)
        ),
        Seen::Process {
            pid: process.id.pid,
            what: "argv, cwd, start time".to_owned(),
        },
    )
}

/// How many connections wait to be accepted.
pub(super) fn queue(listener: &Listener) -> Option<Evidence> {
    let queue = listener.queue.seen()?;
    let connections = match queue.waiting {
        1 => "1 connection waits".to_owned(),
        many => format!("{many} connections wait"),
    };
    Some(Evidence::new(
        format!(
            "{connections} at {} to be accepted, with room for {}",
            listener.at, queue.limit
        ),
        Seen::Socket { at: listener.at },
    ))
}
