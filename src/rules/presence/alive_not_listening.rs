//! # The server runs, and listens nowhere
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on the port. The process that should
//! be there does run, has done so for a while, and does not listen.
//!
//! ## Why
//!
//! It waits for something: an answer in its terminal, a debugger that is to attach
//! (`--inspect-brk`, `--wait-for-client`, `suspend=y`), a database that is not
//! there. It may be stopped with Ctrl-Z. Or it is a build that watches files, such
//! as `vite build --watch` or `tsc -w`, and no server at all.
//!
//! ## What to do
//!
//! Look at its terminal: what it waits for is mostly its last line. Attach the
//! debugger, start what it needs, or run the script that serves instead of the one
//! that builds.

use crate::facts::{Pointer, ProcState, Process, human_age};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::case::{Expected, is_debuggers};
use crate::rules::evidence::{name_of, process_words, service_name};
use crate::rules::{Case, Rule, container, evidence, fixes, presence, process};

/// DD207.
pub static RULE: Rule = Rule {
    code: "DD207",
    name: "alive-not-listening",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![
        container::engine_down::RULE,
        presence::moved_port::RULE,
        presence::crash_looping::RULE,
        presence::unix_socket_only::RULE,
        presence::udp_only::RULE,
        presence::other_namespace::RULE,
        presence::exited::RULE,
        presence::other_port::RULE,
        process::reserved_range::RULE,
        process::port_borrowed::RULE,
        process::privileged_port::RULE,
        presence::bound_not_listening::RULE,
        presence::service_stopped::RULE
    ],
    settle: 5,
    check,
    source: include_str!("alive_not_listening.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    presence::refused(case)?;
    stopped(case)
        .or_else(|| debugged(case))
        .or_else(|| built(case))
        .or_else(|| idle(case))
}

/// What every kind of it begins with.
fn begin(case: &Case, confidence: Confidence, says: String, process: &Process) -> Finding {
    let refused = case.probes_that(crate::facts::Outcome::Refused);
    Finding::new(confidence, says)
        .because_all(refused.map(evidence::probe))
        .because(evidence::nobody_listens(case))
        .because_all(
            case.meant_by(process)
                .map(|one| evidence::expects(case, &one)),
        )
        .because(evidence::process(process))
}

/// The server was stopped before it listened.
fn stopped(case: &Case) -> Option<Finding> {
    let is_stopped = |process: &&Process| process.state == ProcState::Stopped;
    let process = case.waiting().into_iter().find(is_stopped)?;
    let pid = process.id.pid;
    let says = format!(
        "{} is stopped (Ctrl-Z), and did not listen before",
        process_words(process)
    );
    let argv = fixes::on_processes(case, &[process], &["kill", "-CONT", &pid.to_string()]);
    Some(
        begin(case, Confidence::Likely, says, process)
            .because(Evidence::new(
                format!("pid {pid} is stopped (state T)"),
                of(process, "state"),
            ))
            .fix(Fix::run("let it go on", Safety::Safe, argv)),
    )
}

/// A runtime that waits until a debugger attaches.
struct Debugger {
    /// What of its command line says so.
    flag: String,
    /// The command that attaches to a port.
    attach: fn(port: u16) -> Option<Vec<String>>,
}

fn debugged(case: &Case) -> Option<Finding> {
    let (process, debugger) = case
        .facts
        .project_processes
        .items()
        .iter()
        .find_map(|one| {
            let of_another = case.expected().iter().any(|meant| meant.service.is_on())
                && case.meant_by(one).is_none()
                && !case.stands_where_expected(one);
            let debugger = debugger(one).or_else(|| silent_debugger(case, one))?;
            (!of_another && !case.serves(one)).then_some((one, debugger))
        })?;
    let mut listeners = case.listeners_of(process.id);
    let listener = listeners.find(|listener| is_debuggers(listener));
    let flag = &debugger.flag;
    let says = match listener {
        Some(listener) => format!(
            "{} waits for a debugger on port {}, and listens nowhere else",
            process_words(process),
            listener.at.port()
        ),
        None => format!("{} waits for a debugger (`{flag}`)", process_words(process)),
    };
    let by_words = !flag.is_empty();
    let confidence = match by_words {
        true => Confidence::Likely,
        false => Confidence::Possible,
    };
    let mut finding = begin(case, confidence, says, process);
    if by_words {
        let says = format!("its command line has `{flag}`");
        finding = finding.because(Evidence::new(says, of(process, "argv")));
    }
    if let Some(listener) = listener {
        finding = finding.because(evidence::listener(case, listener));
    }
    let attach = listener.and_then(|listener| (debugger.attach)(listener.at.port()));
    finding = match attach {
        Some(argv) => finding.fix(Fix::safe("attach a debugger, and let it go on", argv)),
        None => finding.fix(Fix::read(
            "attach a debugger",
            "attach your editor's debugger to it, and let it go on",
        )),
    };
    Some(match by_words {
        true => finding.fix(Fix::read(
            "or start it without waiting for one",
            format!("start {} anew without `{flag}`", name_of(process)),
        )),
        false => finding,
    })
}

/// The flag by which a process waits for a debugger.
fn debugger(process: &Process) -> Option<Debugger> {
    let argv = process.argv.seen()?;
    let has = |start: &str| argv.iter().find(|word| word.starts_with(start)).cloned();
    let node = |flag: String| Debugger {
        flag,
        attach: |port| {
            let place = format!("127.0.0.1:{port}");
            Some(["node", "inspect", &place].map(str::to_owned).to_vec())
        },
    };
    if let Some(flag) = has("--inspect-brk").or_else(|| has("--inspect-wait")) {
        return Some(node(flag));
    }
    if let Some(flag) = has("--wait-for-client") {
        return Some(Debugger {
            flag,
            attach: |_| None,
        });
    }
    let java = |word: &String| word.contains("jdwp") && word.contains("suspend=y");
    if argv.iter().any(java) {
        return Some(Debugger {
            flag: "suspend=y".to_owned(),
            attach: |port| {
                Some(
                    ["jdb", "-attach", &port.to_string()]
                        .map(str::to_owned)
                        .to_vec(),
                )
            },
        });
    }
    let program = argv.first()?.rsplit(['/', '\\']).next()?;
    let goes_on = argv.iter().any(|word| word == "--continue");
    let flag = has("--headless").filter(|_| program == "dlv" && !goes_on)?;
    Some(Debugger {
        flag,
        attach: |port| {
            let place = format!("127.0.0.1:{port}");
            Some(["dlv", "connect", &place].map(str::to_owned).to_vec())
        },
    })
}

/// A process that should serve, does nothing, and listens for a debugger alone: it was
/// told to wait by something other than its command line.
fn silent_debugger(case: &Case, process: &Process) -> Option<Debugger> {
    let waits = case.waiting().iter().any(|one| one.id == process.id);
    let idle = case.busy_percent(process)? < IDLE;
    let mut listeners = case.listeners_of(process.id);
    (waits && idle && listeners.any(is_debuggers)).then(|| Debugger {
        flag: String::new(),
        attach: |_| None,
    })
}

/// Builds that watch files: the program, and words of which one stands after it.
const BUILDS: &[(&str, &[&str], &[&str])] = &[
    ("vite", &["build"], &["--watch", "-w"]),
    ("rsbuild", &["build"], &["--watch", "-w"]),
    ("rspack", &["build"], &["--watch", "-w"]),
    ("webpack", &[], &["watch", "--watch", "-w"]),
    ("rollup", &[], &["--watch", "-w"]),
    ("esbuild", &[], &["--watch"]),
    ("parcel", &["watch"], &[]),
    ("tsup", &[], &["--watch"]),
    ("tsc", &[], &["--watch", "-w"]),
    ("ng", &["build"], &["--watch"]),
];

/// A build is what runs in the place of the server.
fn built(case: &Case) -> Option<Finding> {
    let port = case.port();
    let expected = case.expected();
    let meant = expected.iter().find(|one| one.service.is_on());
    if expected
        .iter()
        .any(|one| !case.service_processes(one).is_empty())
    {
        return None;
    }
    let own = case.facts.project_processes.items().iter();
    let (process, words) = own
        .filter(|process| !case.serves(process))
        .find_map(|process| {
            let words = build(process)?;
            // Without a file that says who should be here, the server of the same tool.
            let row = crate::facts::catalogue().framework(words.split(' ').next()?);
            let usual = row.is_some_and(|row| row.port == Some(port));
            let here = match meant {
                Some(_) => case.stands_where_expected(process),
                None => {
                    usual
                        && case
                            .claims()
                            .is_none_or(|claims| claims.services.is_empty())
                }
            };
            here.then_some((process, words))
        })?;
    let pid = process.id.pid;
    let says = match meant {
        Some(meant) => format!(
            "`{words}` (pid {pid}) is a build and no server, and {}, which should have port \
             {port}, is not running",
            service_name(meant)
        ),
        None => format!("`{words}` (pid {pid}) is a build: it listens on no port"),
    };
    let finding = begin(case, Confidence::Likely, says, process)
        .because_all(meant.map(|meant| evidence::expects(case, meant)));
    let start = meant.and_then(|meant: &Expected| fixes::start(case, meant));
    Some(match start {
        Some(start) => finding.fix(start),
        None => finding.fix(Fix::read(
            "start the server",
            "run the script that serves (`dev`, `start`), not the one that builds",
        )),
    })
}

/// The build that a process runs, in the words of its command.
fn build(process: &Process) -> Option<String> {
    let argv = process.argv.seen()?;
    let base = |word: &str| {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        name.strip_suffix(".js").unwrap_or(name).to_owned()
    };
    argv.iter().take(2).enumerate().find_map(|(at, word)| {
        let program = base(word);
        let after = argv.get(at + 1..)?;
        let (name, first, watch) = BUILDS.iter().find(|(name, ..)| *name == program)?;
        let verb = first.is_empty() || after.iter().any(|word| first.contains(&word.as_str()));
        let flag = after.iter().find(|word| watch.contains(&word.as_str()));
        let serves = after
            .iter()
            .any(|word| word.starts_with("--serve") || word == "serve");
        if !verb || serves || (flag.is_none() && !watch.is_empty()) {
            return None;
        }
        let words = [
            Some(*name),
            first.first().copied(),
            flag.map(String::as_str),
        ];
        Some(words.into_iter().flatten().collect::<Vec<_>>().join(" "))
    })
}

/// Less of a processor than this is none.
const IDLE: u64 = 5;

/// It is old, does nothing, and listens nowhere.
fn idle(case: &Case) -> Option<Finding> {
    let process = case
        .waiting()
        .into_iter()
        .find(|process| !super::is_starting(case, process))?;
    let busy = case.busy_percent(process);
    let idle = busy.is_some_and(|percent| percent < IDLE);
    let age = human_age(process.age_s);
    let name = match case.meant_by(process) {
        Some(one) => format!("{} (pid {})", service_name(&one), process.id.pid),
        None => process_words(process),
    };
    let does = if idle { ", does nothing" } else { "" };
    let says = format!("{name} has run for {age}{does} and listens on no port");
    let confidence = if idle {
        Confidence::Likely
    } else {
        Confidence::Possible
    };
    let mut finding =
        begin(case, confidence, says, process).because_all(super::at_work(case, process));
    let needs = missing(case, process);
    for pointer in &needs {
        let own = case.own_project()?;
        let says = format!(
            "names {}:{}, and nobody listens there",
            pointer.host, pointer.port
        );
        finding = finding.because(evidence::in_file(case, own, &pointer.origin, &says));
    }
    if let Some(pointer) = needs.first() {
        finding = finding.fix(Fix::safe(
            format!("see what it may wait for: port {}", pointer.port),
            ["devdoctor", "why", &pointer.port.to_string()],
        ));
    }
    let place = match process.terminal {
        true => "in its terminal",
        false => "where it writes: its log, or the terminal it was started in",
    };
    Some(finding.fix(Fix::read(
        format!("read what it wrote last, {place}"),
        "it may ask a question there, or say what it waits for",
    )))
}

/// The servers that the files of the project name and that are not there.
fn missing<'a>(case: &Case<'a>, process: &Process) -> Vec<&'a Pointer> {
    let Some(claims) = case.claims().filter(|_| case.facts.listeners.is_seen()) else {
        return Vec::new();
    };
    let services: Vec<&str> = case
        .services_of(process)
        .iter()
        .map(|(_, service)| service.name.as_str())
        .collect();
    let local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1");
    let listens = |port: u16| {
        let listeners = case.facts.listeners.items();
        listeners.iter().any(|one| one.at.port() == port)
    };
    let pointers = claims.pointers.iter();
    pointers
        .filter(|pointer| !pointer.inside && local(&pointer.host))
        .filter(|pointer| {
            pointer.service.is_empty() || services.contains(&pointer.service.as_str())
        })
        .filter(|pointer| pointer.port != case.port() && !listens(pointer.port))
        .collect()
}

fn of(process: &Process, what: &str) -> Seen {
    Seen::Process {
        pid: process.id.pid,
        what: what.to_owned(),
    }
}
