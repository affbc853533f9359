//! # A leftover file says that the server runs already
//!
//! ## What happened
//!
//! Nobody listens on the port. A file in the project says that its server runs, and
//! it does not: the file was left by one that ended without cleaning up. The new
//! server believes the file and does not start (*A server is already running*).
//!
//! ## Why
//!
//! Servers write their process id into a file, and look at it when they start.
//! After a crash, a `kill -9` or the end of a container the file stays. Its number
//! may belong to another process by now: in a container it nearly always does,
//! because every server there is process 1.
//!
//! ## What to do
//!
//! Remove the file, after a look that its process is not the server. In a
//! container, have the start command remove it, or keep `tmp/pids` out of the
//! mounted folder.

use crate::facts::{Container, Outcome, PidFile, Process, catalogue};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, evidence, name, presence};

/// DD415.
pub static RULE: Rule = Rule {
    code: "DD415",
    name: "stale-pid-file",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[&name::name_not_found::RULE, &name::hosts_entry::RULE],
    settle: 5,
    check,
    source: include_str!("stale_pid_file.rs"),
};

/// What servers write that were kept from starting by such a file.
const REFUSALS: &[&str] = &["A server is already running", "is already running. Check "];

fn check(case: &Case) -> Option<Finding> {
    in_container(case).or_else(|| on_this_machine(case))
}

/// The log of the container that should be behind the port says so.
fn in_container(case: &Case) -> Option<Finding> {
    let mut down = case.publishers().filter(|container| !container.is_up());
    let (container, line) = down.find_map(|container| {
        let lines = container.log_tail.seen()?;
        let refuses = |line: &&String| REFUSALS.iter().any(|words| line.contains(words));
        // An older line may be of another start.
        Some((container, lines.iter().rev().take(LAST).find(refuses)?))
    })?;
    let (port, name) = (case.port(), &container.name);
    let file = line
        .split([' ', ',', '(', ')', '\'', '"'])
        .map(|word| word.trim_end_matches('.'))
        .find(|word| word.contains('/') && word.ends_with(".pid"));
    let what = file.unwrap_or("a pid file");
    let says = format!(
        "the container {name} behind port {port} does not start: {what} is left from its last \
         run, and says that a server runs already"
    );
    let finding = Finding::new(Confidence::Likely, says)
        .because_all(case.probes().map(evidence::probe))
        .because(Evidence::new(
            format!("the container {name} wrote: {line}"),
            Seen::Container {
                name: name.clone(),
                what: "log".to_owned(),
            },
        ));
    let file = file?;
    let Some(compose) = &container.compose else {
        return Some(finding.fix(recreate(container)));
    };
    let rm = [
        "docker",
        "compose",
        "run",
        "--rm",
        "--no-deps",
        "--entrypoint",
        "rm",
    ];
    let remove = rm.into_iter().chain([compose.service.as_str(), file]);
    let up = ["docker", "compose", "up", "-d", &compose.service];
    let folder = || compose.working_dir.clone();
    Some(
        finding
            .fix(Fix::run("remove the file", Safety::Disruptive, remove).in_folder(folder()))
            .fix(Fix::safe("then start the container", up).in_folder(folder())),
    )
}

/// How many of the last lines of a log are of the last start.
const LAST: usize = 5;

fn recreate(container: &Container) -> Fix {
    Fix::read(
        format!("create {} anew", container.name),
        "the file is in the container or in a folder that is mounted there: remove the \
         container and run it again, or remove the file from that folder",
    )
}

/// A file of the project itself.
fn on_this_machine(case: &Case) -> Option<Finding> {
    presence::refused(case)?;
    let files = case.facts.pid_files.items().iter();
    let (file, holder) = files
        .filter(|file| is_of_port(case, file))
        .find_map(|file| {
            let holder = match file.holder.seen()?.first() {
                Some(id) => Some(case.process(*id)?),
                None => None,
            };
            stands_in_the_way(case, file, holder).then_some((file, holder))
        })?;
    let row = catalogue().framework(&file.framework)?;
    let path = &file.file;
    let says = match (file.pid, holder) {
        (_, Some(process)) => format!(
            "{} will not start: {path} says that it runs as pid {}, which is {} now",
            row.server,
            process.id.pid,
            process_words(process)
        ),
        (Some(pid), None) => format!(
            "{} will not start: {path} says that it runs as pid {pid}, and there is no such process",
            row.server
        ),
        (None, None) => format!(
            "{} will not start: {path} is left over, and nobody listens on it",
            row.server
        ),
    };
    let place = Evidence::new(
        match file.pid {
            Some(pid) => format!("{path} names pid {pid}"),
            None => format!("{path} is there"),
        },
        Seen::File {
            file: path.clone(),
            line: file.pid.map(|_| 1),
        },
    );
    let expected = case.expected();
    Some(
        Finding::new(Confidence::Likely, says)
            .because_all(case.probes_that(Outcome::Refused).map(evidence::probe))
            .because(evidence::nobody_listens(case))
            .because(place)
            .because_all(holder.map(evidence::process))
            .because_all(expected.first().map(|one| evidence::expects(case, one)))
            .fix(Fix::run(
                "remove the file, then start the server",
                Safety::Disruptive,
                ["rm", path],
            )),
    )
}

/// Whether the server that writes this file is the one that should have the asked port.
fn is_of_port(case: &Case, file: &PidFile) -> bool {
    let Some(row) = catalogue().framework(&file.framework) else {
        return false;
    };
    let mut expected = case
        .expected()
        .into_iter()
        .filter(|one| one.service.is_on());
    if row.watcher {
        // It starts what a Procfile names.
        return expected.any(|one| one.service.origin.file.contains("Procfile"));
    }
    let is_row = |key: &str| key == row.key || row.key == "rails" && key == "puma";
    let mut expected = expected.peekable();
    match expected.peek() {
        Some(_) => expected.any(|one| one.service.framework.as_deref().is_some_and(is_row)),
        None => row.port == Some(case.port()),
    }
}

/// Whether the server will believe the file, and should not.
fn stands_in_the_way(case: &Case, file: &PidFile, holder: Option<&Process>) -> bool {
    let Some(row) = catalogue().framework(&file.framework) else {
        return false;
    };
    match (file.pid, holder) {
        // Most servers take away a file whose process has gone.
        (Some(_), None) => row.any_pid_file,
        // A socket: nobody listens on it any more, and that was seen.
        (None, _) => {
            let paths = case.facts.unix_listeners.seen();
            let name = file.file.rsplit('/').next().unwrap_or(&file.file);
            let open = |path: &String| path.ends_with(name);
            row.any_pid_file && paths.is_some_and(|paths| !paths.iter().any(open))
        }
        (Some(_), Some(process)) => is_another(case, file, process),
    }
}

/// Whether the process is not the one that wrote the file.
fn is_another(case: &Case, file: &PidFile, process: &Process) -> bool {
    // It was started after the file had been written.
    let younger = process.age_s.saturating_add(2) < file.age_s;
    let same = process
        .framework
        .as_deref()
        .is_some_and(|key| key == file.framework || file.framework == "rails" && key == "puma");
    let known = process.framework.is_some() || process.argv.is_seen();
    let ours = case.is_ours(process) == Some(true);
    known && (younger || !same && !ours)
}
