//! Processes: only those that matter, and their ancestors.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::facts::{Departed, Gap, Known, ProcId, ProcState, Process, catalogue};

mod cpu;
mod departed;
mod exits;
// Only Linux tells of so many processes at once.
#[cfg_attr(not(any(test, target_os = "linux")), allow(dead_code))]
mod loops;
mod naming;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
pub(super) mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "os.rs"]
mod portable;
mod users;
mod variables;

pub use cpu::CpuSample;
pub use exits::Exits;
use loops::Watch;

/// How much of a process is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Who it is: enough for a list. Ancestors only of a worker that they give its name.
    Name,
    /// Everything, with every ancestor.
    Whole,
}

/// The processes with these identities and their ancestors, as far as they still live.
///
/// The asked ones come first, in the order of asking. Descriptors are counted for
/// those only.
#[must_use]
pub fn look(ids: &[ProcId]) -> Vec<Process> {
    look_to(ids, Depth::Whole)
}

/// The processes with these identities: who they are, without their descriptors and
/// ancestors. For a list, and a third of the work.
#[must_use]
pub fn look_for_names(ids: &[ProcId]) -> Vec<Process> {
    look_to(ids, Depth::Name)
}

fn look_to(ids: &[ProcId], depth: Depth) -> Vec<Process> {
    let mut processes = os::look(ids, depth);
    naming::name(&mut processes);
    users::name(&mut processes);
    processes
}

/// Takes the processor time of these processes (with their children), now.
#[must_use]
pub fn cpu_sample(ids: &[ProcId]) -> CpuSample {
    CpuSample::take(ids)
}

/// Sets each process's [`Process::cpu`] to what it used since the sample.
///
/// The age of the oldest child is set with it, where there are children.
pub fn cpu_since(sample: &CpuSample, processes: &mut [Process]) {
    sample.apply(processes);
}

/// For how long supervisors are watched where a server seems to come and go.
pub const WATCH: Duration = Duration::from_millis(1500);

/// The servers of the user's project that have gone from under what runs them
/// (`nodemon`, `cargo watch`, …), and those that end and come back again and again.
///
/// Only where there is a sign of the latter are supervisors watched, and for no
/// longer than `watch`.
#[must_use]
pub fn departed(project: Option<&str>, watch: Duration) -> Known<Vec<Departed>> {
    let Some(project) = project else {
        return Known::Seen(Vec::new());
    };
    let watched = || match os::watched(project) {
        Ok(Some(rows)) => Known::Seen(rows),
        Ok(None) => Known::Unseen(Gap::TooSlow),
        Err(gap) => Known::Unseen(gap),
    };
    let mut rows = match watched() {
        Known::Seen(rows) => rows,
        Known::Unseen(gap) => return Known::Unseen(gap),
    };
    let mut gone = Vec::new();
    if !watch.is_zero()
        && let Some(mut watching) = Watch::of(&rows, project, std::process::id())
    {
        os::watch(&mut watching, project, watch);
        gone = watching.departed();
        // Meanwhile a watcher may have started its server, or lost it.
        rows = match watched() {
            Known::Seen(rows) => rows,
            Known::Unseen(gap) => return Known::Unseen(gap),
        };
    }
    // The ones that come and go stand first: it is they who tell the most.
    gone.sort_by_key(|gone| std::cmp::Reverse(gone.restarts));
    for idle in departed::of(&rows) {
        if gone.iter().all(|gone| gone.watcher != idle.watcher) {
            gone.push(idle);
        }
    }
    Known::Seen(gone)
}

/// The processes whose working folder is this one or below it, with what their
/// environments say of ports; without their ancestors, and without ourselves.
#[must_use]
pub fn in_folder(folder: &str) -> Known<Vec<Process>> {
    let ids = match os::in_folder(folder) {
        Ok(Some(ids)) => ids,
        Ok(None) => return Known::Unseen(Gap::TooSlow),
        Err(gap) => return Known::Unseen(gap),
    };
    let mut processes = look(&ids);
    // An ancestor may be there as well, in a folder of its own.
    processes.retain(|process| ids.contains(&process.id));
    for process in &mut processes {
        process.ports_set = variables::ports(process.id.pid);
    }
    Known::Seen(processes)
}

/// The processes that the catalogue knows by one of these keys; without their ancestors,
/// and without ourselves.
#[must_use]
pub fn that_are(keys: &[&str]) -> Known<Vec<Process>> {
    let known = |comm: &str, argv: &[String]| {
        let row = catalogue().recognise(comm, argv);
        row.is_some_and(|row| keys.contains(&row.key.as_str()))
    };
    let ids = match os::that_are(&known) {
        Ok(Some(ids)) => ids,
        Ok(None) => return Known::Unseen(Gap::TooSlow),
        Err(gap) => return Known::Unseen(gap),
    };
    let mut processes = look(&ids);
    processes.retain(|process| ids.contains(&process.id));
    Known::Seen(processes)
}

/// The name of a user, as far as the system knows it.
#[must_use]
pub fn user_name(uid: u32) -> Option<String> {
    users::of(&[uid]).remove(&uid).flatten()
}

/// A process of which nothing but its identity is known.
fn blank(id: ProcId) -> Process {
    Process {
        id,
        parent: 0,
        comm: String::new(),
        name: String::new(),
        framework: None,
        argv: Known::default(),
        exe: Known::default(),
        exe_deleted: false,
        cwd: Known::default(),
        project: None,
        state: ProcState::default(),
        uid: 0,
        user: None,
        tracer: None,
        terminal: false,
        fds: Known::default(),
        cpu: Known::default(),
        age_s: 0,
        ports_set: BTreeMap::new(),
        cgroup: None,
        oldest_child_s: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Process {
        let id = ProcId {
            pid: std::process::id(),
            started: 0,
        };
        look(&[id]).swap_remove(0)
    }

    #[test]
    fn both_ways_to_look_see_the_same() {
        let (ours, theirs) = (
            me(),
            portable::look(
                &[ProcId {
                    started: 0,
                    ..me().id
                }],
                Depth::Whole,
            ),
        );
        let theirs = &theirs[0];
        assert_eq!(ours.parent, theirs.parent);
        assert_eq!(ours.argv, theirs.argv);
        assert_eq!(ours.exe, theirs.exe);
        assert_eq!(ours.cwd, theirs.cwd);
        assert_eq!(ours.uid, theirs.uid);
        assert!(ours.age_s.abs_diff(theirs.age_s) <= 2);
        let used = |used: std::io::Result<cpu::Used>| used.map(|used| used.ms).unwrap_or(0);
        let theirs = used(portable::used(ProcId {
            started: 0,
            ..ours.id
        }));
        assert!(used(os::used(ours.id)).abs_diff(theirs) <= 500);
        assert_eq!(portable::watched("/").err(), Some(Gap::Unsupported));
        let mut nobody = Watch::default();
        portable::watch(&mut nobody, "/", Duration::ZERO);
        assert_eq!(nobody.departed(), []);
    }

    #[test]
    fn a_process_is_found_by_its_folder_with_its_ports() {
        let folder = std::env::temp_dir().join(format!("devdoctor-cwd-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("web")).unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("30")
            .current_dir(folder.join("web"))
            .env("PORT", "4000")
            .env("TOKEN", "5000")
            .spawn()
            .unwrap();
        let place = folder.canonicalize().unwrap().display().to_string();
        let (ours, theirs) = (in_folder(&place), portable::in_folder(&place));
        let environment = portable::environment(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let ours = ours.seen().cloned().unwrap();
        let pids: Vec<u32> = ours.iter().map(|process| process.id.pid).collect();
        assert_eq!(pids, [child.id()]);
        assert_eq!(ours[0].ports_set.get("PORT"), Some(&4000));
        assert_eq!(ours[0].ports_set.len(), 1);
        let theirs: Vec<u32> = theirs.unwrap().unwrap().iter().map(|id| id.pid).collect();
        assert_eq!(theirs, pids);
        assert!(String::from_utf8_lossy(&environment).contains("PORT=4000"));
    }

    #[test]
    fn a_process_is_found_by_what_it_is() {
        use std::os::unix::process::CommandExt;
        let mut child = std::process::Command::new("sleep")
            .arg0("ngrok")
            .arg("30")
            .spawn()
            .unwrap();
        let pids = |keys: &[&str]| -> Vec<u32> {
            let found = that_are(keys).seen().cloned().unwrap();
            found.iter().map(|process| process.id.pid).collect()
        };
        let (agents, others) = (pids(&["ngrok"]), pids(&["adb"]));
        let is = |_: &str, argv: &[String]| argv.first().is_some_and(|word| word == "ngrok");
        let theirs = portable::that_are(&is).unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(agents.contains(&child.id()), "{agents:?}");
        assert!(!others.contains(&child.id()), "{others:?}");
        assert!(theirs.iter().any(|id| id.pid == child.id()));
    }

    #[test]
    fn ancestors_come_along_and_a_reused_pid_does_not() {
        let me = me();
        let seen = look(&[me.id]);
        assert_eq!(seen[0].id, me.id);
        assert!(seen.iter().any(|process| process.id.pid == me.parent));
        assert!(seen[0].fds.is_seen());
        let other = ProcId {
            started: me.id.started + 1,
            ..me.id
        };
        assert_eq!(look(&[other]), []);
        assert_eq!(look(&[]), []);
        let named = look_for_names(&[me.id]);
        assert_eq!(named.len(), 1);
        assert_eq!((&named[0].name, &named[0].cwd), (&me.name, &me.cwd));
    }

    #[test]
    fn work_between_two_samples_is_seen() {
        let mut me = me();
        let sample = cpu_sample(&[me.id]);
        let began = std::time::Instant::now();
        while began.elapsed().as_millis() < 200 {
            std::hint::spin_loop();
        }
        cpu_since(&sample, std::slice::from_mut(&mut me));
        let used = me.cpu.seen().copied().unwrap();
        assert!(used.over_ms >= 200 && used.used_ms >= 20, "{used:?}");
    }
}
