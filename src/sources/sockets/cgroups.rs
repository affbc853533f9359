//! From the number of a cgroup to its path.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::diag;
use crate::facts::{Listener, clean};

/// The tree has a folder for each service and container, so this is plenty.
const DEADLINE: Duration = Duration::from_millis(50);

/// See [`super::super::name_cgroups`].
pub(crate) fn name_cgroups(listeners: &mut [Listener]) {
    if listeners.iter().all(|listener| listener.owners.is_seen()) {
        return;
    }
    let port = match listeners {
        [only] => Some(only.at.port()),
        _ => None,
    };
    // Without an answer the listeners stay as they are: this is an addition.
    let Ok(rows) = diag::listeners(port) else {
        return;
    };
    let numbers: HashMap<u64, u64> = rows
        .into_iter()
        .filter(|row| row.cgroup != 0 && row.listener.inode != 0)
        .map(|row| (row.listener.inode, row.cgroup))
        .collect();
    name(listeners, |listener| {
        numbers.get(&listener.inode).copied().unwrap_or(0)
    });
}

/// The same, with the cgroups' numbers at hand; 0 where there is none.
pub(super) fn name(listeners: &mut [Listener], number: impl Fn(&Listener) -> u64) {
    let mut wanted: Vec<u64> = listeners
        .iter()
        .filter(|listener| !listener.owners.is_seen())
        .map(&number)
        .filter(|&number| number != 0)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return;
    }
    let paths = paths(&root(), wanted);
    for listener in listeners.iter_mut().filter(|one| !one.owners.is_seen()) {
        if let Some(path) = paths.get(&number(listener)) {
            listener.cgroup = Some(clean(path));
        }
    }
}

/// Where the tree of cgroup v2 is mounted: beside the older ones, where those are in use.
fn root() -> PathBuf {
    let both = Path::new("/sys/fs/cgroup/unified");
    if both.is_dir() {
        both.to_owned()
    } else {
        PathBuf::from("/sys/fs/cgroup")
    }
}

/// The paths, below the root, of the folders with these inode numbers.
fn paths(root: &Path, mut wanted: Vec<u64>) -> HashMap<u64, String> {
    let deadline = Instant::now() + DEADLINE;
    let mut found = HashMap::new();
    let mut note = |path: &Path, inode: u64| {
        if let Ok(at) = wanted.binary_search(&inode) {
            wanted.remove(at);
            let below = path.strip_prefix(root).unwrap_or(path);
            found.insert(inode, format!("/{}", below.to_string_lossy()));
        }
        wanted.is_empty()
    };
    let inode = |path: &Path| -> io::Result<u64> { Ok(fs::symlink_metadata(path)?.ino()) };
    if inode(root).is_ok_and(|inode| note(root, inode)) {
        return found;
    }
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let path = entry.path();
            if Instant::now() > deadline || inode(&path).is_ok_and(|inode| note(&path, inode)) {
                return found;
            }
            folders.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_by_their_number() {
        let root = std::env::temp_dir().join(format!("devdoctor-cgroups-{}", std::process::id()));
        let leaf = root.join("system.slice/web.service");
        fs::create_dir_all(&leaf).unwrap();
        let number = fs::metadata(&leaf).unwrap().ino();
        let own = fs::metadata(&root).unwrap().ino();
        let mut wanted = vec![number, own, u64::MAX];
        wanted.sort_unstable();
        let found = paths(&root, wanted);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found[&number], "/system.slice/web.service");
        assert_eq!(found[&own], "/");
        assert_eq!(found.len(), 2);
    }
}
