//! Facts in the words in which every rule tells them.

use crate::facts::{
    Gap, Known, Listener, Origin, Outcome, Probe, Process, Project, SetBy, human_age, human_micros,
};
use crate::findings::{Evidence, Seen};

use super::Case;
use super::case::{Expected, join};

/// What connecting gave: `127.0.0.1:3000 refused the connection (errno 111) after 41 µs`.
pub(super) fn probe(probe: &Probe) -> Evidence {
    let to = probe.to;
    let took = human_micros(probe.took_us);
    let says = match probe.outcome {
        Outcome::Answered => format!("{to} answers, after {took}"),
        Outcome::Connected => format!("{to} accepts the connection, after {took}"),
        // Somebody else was refused, and nobody took the time.
        Outcome::Refused if probe.took_us == 0 => format!("{to} refuses connections"),
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
    nobody_listens_on(case, case.port())
}

/// Nobody listens on this port.
pub(super) fn nobody_listens_on(case: &Case, port: u16) -> Evidence {
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

/// A file of a project as the user would name it: seen from where he stands if it is
/// below that, else with its whole path.
pub(super) fn file_of(case: &Case, project: &Project, file: &str) -> String {
    let whole = join(&project.root, file);
    let cwd = case.facts.host.cwd.as_deref();
    let below = cwd.and_then(|cwd| {
        let rest = whole.strip_prefix(cwd.trim_end_matches('/'))?;
        rest.strip_prefix('/')
    });
    below.map_or(whole.clone(), str::to_owned)
}

/// Where a claim stands, as evidence has it.
pub(super) fn place_of(case: &Case, project: &Project, origin: &Origin) -> Seen {
    Seen::File {
        file: file_of(case, project, &origin.file),
        line: (origin.line > 0).then_some(origin.line),
    }
}

/// A fact that a file of a project tells: the words stand behind its place, as in
/// `compose.yaml:7 says that web has port 3000`.
pub(super) fn in_file(case: &Case, project: &Project, origin: &Origin, says: &str) -> Evidence {
    let place = place_of(case, project, origin);
    Evidence::new(format!("{place} {says}"), place)
}

/// What says that a service should have a port: `compose.yaml:7 says that web has port 3000`.
pub(super) fn expects(case: &Case, of: &Expected) -> Evidence {
    let (name, by) = (service_name(of), of.by);
    let Some(port) = by.port else {
        let says = format!("says that {name} has a port, and not which");
        return in_file(case, of.project, &by.origin, &says);
    };
    if by.origin.file.is_empty() {
        return Evidence::new(
            format!("{} of your environment gives {name} port {port}", by.key),
            Seen::Environment {
                variable: by.key.clone(),
            },
        );
    }
    let says = match (by.by, of.service.row()) {
        (SetBy::Default, Some(row)) => format!(
            "starts {name} with {}, which takes port {port} if nothing says otherwise",
            row.server
        ),
        _ => format!("says that {name} has port {port}"),
    };
    in_file(case, of.project, &by.origin, &says)
}

/// What of a process itself gives it a port: a word of its command line, or a variable
/// of its environment; in words that follow *as*, and as evidence.
pub(super) fn sets_port(process: &Process, port: u16) -> Option<(String, Evidence)> {
    let pid = process.id.pid;
    let seen = |what: &str| Seen::Process {
        pid,
        what: what.to_owned(),
    };
    let written = port.to_string();
    let argv = process.argv.seen().map_or(&[][..], Vec::as_slice);
    // The program's own name may hold a number too.
    let at = argv
        .iter()
        .skip(1)
        .position(|word| word.rsplit(|c: char| !c.is_ascii_digit()).next() == Some(&written));
    if let Some(word) = at.and_then(|at| argv.get(at + 1)) {
        let before = at
            .and_then(|at| argv.get(at))
            .filter(|flag| flag.starts_with('-') && !word.starts_with('-'));
        let said = match before {
            Some(flag) => format!("{flag} {word}"),
            None => word.clone(),
        };
        let says = format!("the command line of pid {pid} has `{said}`");
        return Some((
            format!("its command line says (`{said}`)"),
            Evidence::new(says, seen("argv")),
        ));
    }
    let variable = variable_for(process, port)?;
    let says = format!("{variable} is {port} in the environment of pid {pid}");
    Some((
        format!("{variable} of its environment says"),
        Evidence::new(says, seen("environ")),
    ))
}

/// The variable of its environment by which a process was given this port.
pub(super) fn variable_for(process: &Process, port: u16) -> Option<&str> {
    let row = process.row();
    let reads = |name: &String| match row {
        Some(row) => row.port_variables.contains(name),
        None => name == "PORT",
    };
    let mut set = process.ports_set.iter();
    let (name, _) = set.find(|(name, set)| **set == port && reads(name))?;
    Some(name)
}

/// The name of a service, or its folder's, as a person would say it.
pub(super) fn service_name<'a>(of: &Expected<'a>) -> &'a str {
    match of.service.name.as_str() {
        "" => "the server of this project",
        name => name,
    }
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
