//! systemd: the machine's, and the user's.

mod limited;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::systemd::{PROPERTIES, names_port, units};
use crate::facts::{Gap, Manager, Unit, catalogue, clean};
use crate::sources::tool::Command;

pub(super) use limited::limits;

/// A unit's file that is longer than this is not read.
const MOST_BYTES: u64 = 64 * 1024;
/// More units than these are not asked about.
const MOST: usize = 16;
/// Where the files of the machine's units are, the strongest first.
const SYSTEM: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// The same of every user's.
const USER: &[&str] = &[
    "/etc/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
];

/// See [`super::look`].
pub(super) fn look(port: u16, budget: Duration) -> Result<Vec<Unit>, Gap> {
    let until = Instant::now() + budget;
    let mut found = Vec::new();
    let mut blind = None;
    for manager in [Manager::SystemdUser, Manager::Systemd] {
        let named = named(&folders(manager), port);
        if named.is_empty() {
            continue;
        }
        if !runs(manager) {
            blind = blind.or(Some(Gap::NotRunning));
            continue;
        }
        match ask(manager, &named, until) {
            Ok(units) => found.extend(units),
            Err(gap) => blind = Some(gap),
        }
    }
    match blind {
        Some(gap) if found.is_empty() => Err(gap),
        _ => Ok(found),
    }
}

fn folders(manager: Manager) -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    match manager {
        Manager::SystemdUser => {
            let own = variable("XDG_CONFIG_HOME")
                .map(PathBuf::from)
                .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".config")));
            let own = own.map(|config| config.join("systemd/user"));
            own.into_iter()
                .chain(USER.iter().map(PathBuf::from))
                .collect()
        }
        _ => SYSTEM.iter().map(PathBuf::from).collect(),
    }
}

/// Whether the manager runs at all: asking one that does not takes time.
fn runs(manager: Manager) -> bool {
    match manager {
        Manager::SystemdUser => std::env::var_os("XDG_RUNTIME_DIR")
            .is_some_and(|folder| Path::new(&folder).join("systemd/private").exists()),
        _ => Path::new("/run/systemd/system").is_dir(),
    }
}

/// The units that have to do with the port, each with the file that names it, if one does.
fn named(folders: &[PathBuf], port: u16) -> BTreeMap<String, Option<PathBuf>> {
    let known = catalogue().port(port).map_or(&[][..], |row| &row.units);
    let mut found: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
    let mut read = Vec::new();
    for folder in folders {
        for name in known {
            // `postgresql@*` is every one that was made of `postgresql@.service`.
            if folder.join(name.replace('*', "")).exists() {
                found.entry(name.clone()).or_default();
            }
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| may_name_a_port(folder, name)) else {
                continue;
            };
            // A file of the same name in an earlier folder stands for this one.
            if read.iter().any(|known| known == name) {
                continue;
            }
            read.push(name.to_owned());
            let path = entry.path();
            if small(&path) && fs::read_to_string(&path).is_ok_and(|text| names_port(&text, port)) {
                found.insert(name.to_owned(), Some(path));
            }
        }
    }
    found
}

/// Sockets, and services that somebody wrote for himself: there are hundreds of others.
fn may_name_a_port(folder: &Path, name: &str) -> bool {
    let own = || !folder.starts_with("/usr") && !folder.starts_with("/lib");
    !name.contains('@') && (name.ends_with(".socket") || name.ends_with(".service") && own())
}

/// Whether it may be read. A link may lead to where somebody keeps his settings.
fn small(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= MOST_BYTES)
}

fn ask(
    manager: Manager,
    named: &BTreeMap<String, Option<PathBuf>>,
    until: Instant,
) -> Result<Vec<Unit>, Gap> {
    let systemctl = Command::find(&["systemctl"]).ok_or(Gap::NotRunning)?;
    let show = |names: Vec<&str>| -> Result<Vec<Unit>, Gap> {
        let mut words = vec!["--no-pager", "show", PROPERTIES];
        if manager == Manager::SystemdUser {
            words.insert(0, "--user");
        }
        words.push("--");
        words.extend(names.into_iter().take(MOST));
        let answer = systemctl.run(&words, until)?;
        Ok(units(&answer, manager))
    };
    let mut found = show(named.keys().map(String::as_str).collect())?;
    for unit in &mut found {
        let file = named.get(&unit.name).and_then(Option::as_ref);
        unit.named_in = file.map(|file| clean(&file.to_string_lossy()));
    }
    // What a socket starts tells why the socket has ended.
    let started: Vec<String> = found.iter().filter_map(|one| one.starts.clone()).collect();
    if !started.is_empty() {
        let more = show(started.iter().map(String::as_str).collect())?;
        found.extend(
            more.into_iter()
                .filter(|unit| !named.contains_key(&unit.name)),
        );
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_tell_which_units_have_to_do_with_a_port() {
        let folder = std::env::temp_dir().join(format!("devdoctor-units-{}", std::process::id()));
        let (first, second) = (folder.join("first"), folder.join("second"));
        for place in [&first, &second] {
            fs::create_dir_all(place).unwrap();
        }
        let write = |place: &Path, name: &str, text: &str| {
            fs::write(place.join(name), text).unwrap();
        };
        write(&first, "web.socket", "[Socket]\nListenStream=4711\n");
        write(&second, "web.socket", "[Socket]\nListenStream=5432\n");
        write(&second, "api.service", "[Service]\nEnvironment=PORT=5432\n");
        write(&second, "postgresql@.service", "");
        write(&second, "postgresql.service", "");
        let found = named(&[first.clone(), second.clone()], 5432);
        let other = named(&[first, second], 4711);
        fs::remove_dir_all(&folder).unwrap();
        let names: Vec<&str> = found.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["api.service", "postgresql.service", "postgresql@*.service"]
        );
        assert!(found["api.service"].is_some() && found["postgresql.service"].is_none());
        assert_eq!(other.len(), 1);
    }
}
