//! What of a virtual machine's boundary can be read from inside of it.

mod wslconfig;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::facts::{Gap, Known, Wsl, clean};
use crate::sources::Pending;

/// Where Windows has its users' folders, seen from its Linux.
const USERS: &str = "/mnt/c/Users";
/// How many of these folders are looked into.
const MOST_USERS: usize = 32;
/// A longer file is no such file.
const MOST_BYTES: u64 = 64 * 1024;

/// How the Linux of Windows that we are in is connected to it. Without a file, the
/// defaults hold.
#[must_use]
pub fn wsl(budget: Duration) -> Known<Wsl> {
    // The folders of Windows are a network file system: it may hang.
    let look = || wsl_in(Path::new(USERS));
    match Pending::begin("wslconfig", look).wait(budget) {
        Known::Seen(seen) => seen,
        Known::Unseen(gap) => Known::Unseen(gap),
    }
}

fn wsl_in(users: &Path) -> Known<Wsl> {
    let folders = match std::fs::read_dir(users) {
        Ok(folders) => folders,
        Err(error) => return Known::Unseen(Gap::of(&error)),
    };
    let files: Vec<PathBuf> = folders
        .take(MOST_USERS)
        .flatten()
        .map(|folder| folder.path().join(".wslconfig"))
        .filter(|file| {
            std::fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= MOST_BYTES)
        })
        .collect();
    match files.as_slice() {
        [] => Known::Seen(Wsl {
            localhost_forwarding: true,
            ..Wsl::default()
        }),
        [file] => match std::fs::read(file) {
            Ok(bytes) => {
                let mut wsl = wslconfig::read(&String::from_utf8_lossy(&bytes));
                wsl.file = Some(clean(&file.to_string_lossy()));
                Known::Seen(wsl)
            }
            Err(error) => Known::Unseen(Gap::of(&error)),
        },
        // Whose session this is cannot be told from in here.
        _ => Known::Unseen(Gap::Failed(
            "several users of Windows have a .wslconfig".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_one_user_who_has_one_is_read() {
        let users = std::env::temp_dir().join(format!("devdoctor-wsl-{}", std::process::id()));
        let file = |user: &str| users.join(user).join(".wslconfig");
        for user in ["Public", "ann", "bob"] {
            std::fs::create_dir_all(users.join(user)).unwrap();
        }
        let none = wsl_in(&users);
        std::fs::write(file("ann"), "[wsl2]\nlocalhostForwarding=false\n").unwrap();
        let one = wsl_in(&users);
        std::fs::write(file("bob"), "").unwrap();
        let two = wsl_in(&users);
        std::fs::remove_dir_all(&users).unwrap();
        assert!(none.seen().unwrap().localhost_forwarding);
        let one = one.seen().unwrap();
        assert_eq!((one.localhost_forwarding, one.line), (false, Some(2)));
        assert!(one.file.as_deref().unwrap().ends_with("ann/.wslconfig"));
        assert!(two.gap().is_some());
        assert!(wsl_in(&users).gap().is_some());
    }
}
