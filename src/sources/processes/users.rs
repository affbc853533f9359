//! The names of users.

use std::collections::HashMap;
use std::time::Duration;

use crate::facts::{Known, Process, clean};
use crate::sources::Pending;

/// Directory services may hang; a name is not worth more than this.
const DEADLINE: Duration = Duration::from_millis(200);

/// Fills in the user names, as far as the system knows them.
pub(super) fn name(processes: &mut [Process]) {
    if processes.is_empty() {
        return;
    }
    let uids: Vec<u32> = processes.iter().map(|process| process.uid).collect();
    let names = of(&uids);
    for process in processes {
        process.user = names.get(&process.uid).cloned().flatten();
    }
}

/// The names of these users.
pub(super) fn of(uids: &[u32]) -> HashMap<u32, Option<String>> {
    // The file knows nearly everybody and cannot hang; only the others are asked for.
    let file = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut names: HashMap<u32, Option<String>> = HashMap::new();
    let mut unknown: Vec<u32> = Vec::new();
    for &uid in uids {
        names.entry(uid).or_insert_with(|| {
            let name = in_file(&file, uid);
            if name.is_none() {
                unknown.push(uid);
            }
            name
        });
    }
    if !unknown.is_empty()
        && let Known::Seen(found) =
            Pending::begin("user names", move || by_the_system(&unknown)).wait(DEADLINE)
    {
        names.extend(found);
    }
    names
}

/// `name:password:uid:…`
fn in_file(file: &str, uid: u32) -> Option<String> {
    file.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| clean(name))
    })
}

#[cfg(unix)]
fn by_the_system(uids: &[u32]) -> Vec<(u32, Option<String>)> {
    let name = |uid| {
        Some(clean(
            &uzers::get_user_by_uid(uid)?.name().to_string_lossy(),
        ))
    };
    uids.iter().map(|&uid| (uid, name(uid))).collect()
}

#[cfg(not(unix))]
fn by_the_system(_uids: &[u32]) -> Vec<(u32, Option<String>)> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_by_number() {
        let file =
            "root:x:0:0:root:/root:/bin/sh\n# comment\nbad\nada:x:1000:1000::/home/ada:/bin/zsh\n";
        assert_eq!(in_file(file, 0).as_deref(), Some("root"));
        assert_eq!(in_file(file, 1000).as_deref(), Some("ada"));
        assert_eq!(in_file(file, 7), None);
    }
}
