//! Files by which servers of a project say that they run.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use super::processes;
use crate::facts::{Known, PidFile, ProcId, Process, catalogue, clean};

/// A file of this kind holds a number, and nothing that is longer.
const MOST_BYTES: u64 = 256;

/// The files in these folders of projects, and the processes that they name, where those
/// are alive.
#[must_use]
pub fn look(folders: &[String]) -> (Known<Vec<PidFile>>, Vec<Process>) {
    let mut files: Vec<PidFile> = Vec::new();
    let mut named = Vec::new();
    for row in catalogue().with_pid_files() {
        for (folder, name) in folders
            .iter()
            .flat_map(|folder| row.pid_files.iter().map(move |name| (folder, name)))
        {
            let path = Path::new(folder).join(name);
            let file = clean(&path.to_string_lossy());
            let Ok(pid) = read(&path) else {
                continue;
            };
            if files.iter().any(|known| known.file == file) {
                continue;
            }
            let process = pid.and_then(|pid| {
                let process = processes::look(&[ProcId { pid, started: 0 }]);
                process.into_iter().find(|process| process.id.pid == pid)
            });
            files.push(PidFile {
                file,
                framework: row.key.clone(),
                pid,
                holder: Known::Seen(process.iter().map(|process| process.id).collect()),
                age_s: age(&path),
            });
            named.extend(process);
        }
    }
    (Known::Seen(files), named)
}

/// The pid in a file; a socket holds none.
fn read(path: &Path) -> std::io::Result<Option<u32>> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() || kind.is_symlink() {
        return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput));
    }
    // What is no plain file may never end.
    if !kind.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(pid(&String::from_utf8_lossy(&bytes)))
}

/// The number in the first line.
fn pid(text: &str) -> Option<u32> {
    let first = text.lines().next()?.trim();
    first.parse().ok().filter(|pid| *pid > 0)
}

fn age(path: &Path) -> u64 {
    let written = fs::metadata(path).and_then(|about| about.modified());
    written
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .map_or(0, |ago| ago.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_who_has_its_pid_now() {
        let folder = std::env::temp_dir().join(format!("devdoctor-pids-{}", std::process::id()));
        fs::create_dir_all(folder.join("tmp/pids")).unwrap();
        let file = folder.join("tmp/pids/server.pid");
        let folders = [folder.display().to_string()];
        let me = std::process::id();
        fs::write(&file, format!("{me}\n")).unwrap();
        let (mine, processes) = look(&folders);
        fs::write(&file, "4194999\n").unwrap();
        let (dead, nobody) = look(&folders);
        fs::write(&file, "x").unwrap();
        let (wrong, _) = look(&folders);
        fs::remove_dir_all(&folder).unwrap();
        let mine = mine.seen().unwrap();
        assert_eq!((mine.len(), mine[0].pid), (1, Some(me)));
        assert_eq!(mine[0].holder, Known::Seen(vec![processes[0].id]));
        let dead = dead.seen().unwrap();
        assert_eq!(
            (dead[0].pid, dead[0].framework.as_str()),
            (Some(4_194_999), "rails")
        );
        assert_eq!(dead[0].holder, Known::Seen(Vec::new()));
        assert!(nobody.is_empty());
        assert_eq!(wrong.seen().unwrap()[0].pid, None);
        assert_eq!(look(&folders).0, Known::Seen(Vec::new()));
    }
}
