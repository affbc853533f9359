//! Whom the kernel killed because memory had run out: counted for every cgroup.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::super::os::proc::read;

/// The counts are taken again after this, so that what happened long ago to somebody else
/// is not taken for the end of whoever ends now.
const EVERY: Duration = Duration::from_secs(10);
/// More than the file has.
const LONGEST: usize = 16 * 1024;

/// The counts as they were.
#[derive(Debug, Default)]
pub(super) struct Memory {
    kills: HashMap<PathBuf, u64>,
    taken: Option<Instant>,
}

impl Memory {
    /// The file that counts where this process runs, if there is one to be read.
    pub fn of(&mut self, pid: u32) -> Option<PathBuf> {
        let text = read(pid, "cgroup", LONGEST).ok()?;
        let text = String::from_utf8_lossy(&text);
        let (file, count) = candidates(&text)
            .into_iter()
            .find_map(|file| count(&file).map(|count| (file, count)))?;
        self.kills.entry(file.clone()).or_insert(count);
        Some(file)
    }

    /// Forgets every file but these.
    pub fn keep(&mut self, used: &HashSet<&PathBuf>) {
        self.kills.retain(|file, _| used.contains(file));
    }

    /// Takes the counts again, if that is due.
    pub fn renew(&mut self) {
        let now = Instant::now();
        if self.taken.is_some_and(|taken| now - taken < EVERY) {
            return;
        }
        self.taken = Some(now);
        for (file, kills) in &mut self.kills {
            if let Some(count) = count(file) {
                *kills = count;
            }
        }
    }

    /// Whether somebody there was killed who is not accounted for yet: he is from now on.
    pub fn took_one(&mut self, file: &Path) -> bool {
        let Some(kills) = self.kills.get_mut(file) else {
            return false;
        };
        let more = count(file).is_some_and(|count| count > *kills);
        *kills += u64::from(more);
        more
    }
}

/// Where the count may stand, by the text of `/proc/PID/cgroup`.
fn candidates(text: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.split(',').any(|one| one == "memory") {
            let folder = Path::new("/sys/fs/cgroup/memory").join(path);
            files.push(folder.join("memory.oom_control"));
        } else if controllers.is_empty() {
            for root in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
                let folder = Path::new(root).join(path);
                // The first counts only those who ran there and not in a cgroup below.
                files
                    .extend(["memory.events.local", "memory.events"].map(|name| folder.join(name)));
            }
        }
    }
    files
}

/// `oom_kill 3`, in a line of its own.
fn count(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_cgroups_have_a_count() {
        let files = candidates("5:cpu,memory:/shop\n0::/user.slice/app.scope\nbroken\n");
        let files: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(
            files,
            [
                "/sys/fs/cgroup/memory/shop/memory.oom_control",
                "/sys/fs/cgroup/user.slice/app.scope/memory.events.local",
                "/sys/fs/cgroup/user.slice/app.scope/memory.events",
                "/sys/fs/cgroup/unified/user.slice/app.scope/memory.events.local",
                "/sys/fs/cgroup/unified/user.slice/app.scope/memory.events",
            ]
        );
    }

    #[test]
    fn each_kill_accounts_for_one_process() {
        let file = std::env::temp_dir().join(format!("devdoctor-kills-{}", std::process::id()));
        let write = |kills: u32| fs::write(&file, format!("oom 9\noom_kill {kills}\n")).unwrap();
        write(4);
        let mut memory = Memory::default();
        memory.kills.insert(file.clone(), count(&file).unwrap());
        assert!(!memory.took_one(&file));
        write(6);
        assert!(memory.took_one(&file) && memory.took_one(&file) && !memory.took_one(&file));
        write(7);
        memory.renew();
        assert!(!memory.took_one(&file));
        memory.keep(&HashSet::new());
        write(8);
        assert!(!memory.took_one(&file));
        fs::remove_file(&file).unwrap();
        assert_eq!(count(&file), None);
    }
}
