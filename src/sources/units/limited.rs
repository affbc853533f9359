//! The files of systemd's units, and systemd itself where a unit has none.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::super::limits::{PROPERTIES, chain, drop_ins, file_names, settings, told};
use super::{runs, small};
use crate::facts::{Gap, Manager, UnitLimits, UnitSetting, Whose};
use crate::sources::tool::Command;

/// Where the files of the machine's units are, the strongest first.
const FOLDERS: &[&str] = &[
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// So many files add to one unit's at most.
const MOST_FILES: usize = 32;

/// See [`super::super::limits`].
pub(in super::super) fn limits(
    wanted: &[(Whose, String)],
    budget: Duration,
) -> Result<Vec<UnitLimits>, Gap> {
    let until = Instant::now() + budget;
    let folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    let mut found = Vec::new();
    let mut unwritten = Vec::new();
    let all = units(wanted);
    for (whose, unit) in &all {
        let read = files(&folders, unit);
        if read.is_empty() {
            unwritten.push((*whose, unit.clone()));
            continue;
        }
        found.push(limited(*whose, unit.clone(), settings(&read)));
    }
    if !unwritten.is_empty() {
        match ask(&unwritten, until) {
            Ok(told) => found.extend(told),
            Err(gap) if found.is_empty() => return Err(gap),
            Err(_) => {}
        }
    }
    let limits = |whose: Whose, found: &[UnitLimits]| {
        let mut of = found.iter().filter(|unit| unit.whose == whose);
        of.any(|unit| !unit.settings.is_empty())
    };
    let free: Vec<Whose> = [Whose::Server, Whose::Client, Whose::Missing]
        .into_iter()
        .filter(|whose| !limits(*whose, &found))
        .collect();
    found.retain(|unit| !free.contains(&unit.whose));
    // The innermost one stands last, whoever told of it.
    let place = |unit: &UnitLimits| {
        let mut all = all.iter();
        all.position(|(whose, name)| *whose == unit.whose && *name == unit.unit)
    };
    found.sort_by_key(place);
    Ok(found)
}

/// Every unit once for everybody who runs in it. A path is a cgroup's.
fn units(wanted: &[(Whose, String)]) -> Vec<(Whose, String)> {
    let mut units = Vec::new();
    for (whose, name) in wanted {
        let path = format!("/{}", name.trim_start_matches('/'));
        for unit in chain(&path) {
            if !units.contains(&(*whose, unit.clone())) {
                units.push((*whose, unit));
            }
        }
    }
    units
}

fn limited(whose: Whose, unit: String, settings: Vec<UnitSetting>) -> UnitLimits {
    UnitLimits {
        unit,
        manager: Manager::Systemd,
        whose,
        settings,
    }
}

/// The files of a unit in the order in which systemd reads them, with their texts.
fn files(folders: &[PathBuf], unit: &str) -> Vec<(String, String)> {
    let names = file_names(unit);
    let mut paths: Vec<PathBuf> = names
        .iter()
        .find_map(|name| {
            let mut places = folders.iter().map(|folder| folder.join(name));
            places.find(|place| place.exists())
        })
        .into_iter()
        .collect();
    // Of two files of one name the stronger folder's counts; then they go by their names.
    let mut more: BTreeMap<String, PathBuf> = BTreeMap::new();
    for name in drop_ins(unit) {
        for folder in folders {
            for entry in fs::read_dir(folder.join(&name))
                .into_iter()
                .flatten()
                .flatten()
            {
                let file = entry.file_name().to_string_lossy().into_owned();
                if file.ends_with(".conf") {
                    more.entry(file).or_insert_with(|| entry.path());
                }
            }
        }
    }
    paths.extend(more.into_values());
    paths.truncate(MOST_FILES);
    let read = |path: &PathBuf| {
        let text = small(path).then(|| fs::read_to_string(path).ok())??;
        Some((path.to_string_lossy().into_owned(), text))
    };
    paths.iter().filter_map(read).collect()
}

fn ask(units: &[(Whose, String)], until: Instant) -> Result<Vec<UnitLimits>, Gap> {
    if !runs(Manager::Systemd) {
        return Err(Gap::NotRunning);
    }
    let systemctl = Command::find(&["systemctl"]).ok_or(Gap::NotRunning)?;
    let mut words = vec!["--no-pager", "show", PROPERTIES, "--"];
    words.extend(units.iter().map(|(_, unit)| unit.as_str()));
    let told = told(&systemctl.run(&words, until)?);
    let told = units.iter().filter_map(|(whose, unit)| {
        let (_, settings) = told.iter().find(|(id, _)| id == unit)?;
        Some(limited(*whose, unit.clone(), settings.clone()))
    });
    Ok(told.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_unit_are_read_in_their_order() {
        let root = std::env::temp_dir().join(format!("devdoctor-limits-{}", std::process::id()));
        let folders = [root.join("etc"), root.join("usr")];
        let write = |place: &str, text: &str| {
            let file = root.join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("usr/web@.service", "[Service]\nIPAddressDeny=any\n");
        write(
            "usr/web@.service.d/10-a.conf",
            "[Service]\nIPAddressAllow=10.0.0.1\n",
        );
        write(
            "etc/web@1.service.d/10-a.conf",
            "[Service]\nIPAddressAllow=10.0.0.2\n",
        );
        write("etc/service.d/05-b.conf", "[Service]\nPrivateNetwork=yes\n");
        write("etc/service.d/readme", "[Service]\nPrivateNetwork=no\n");
        let read = files(&folders, "web@1.service");
        let other = files(&folders, "other.slice");
        fs::remove_dir_all(&root).unwrap();
        let keys: Vec<String> = settings(&read)
            .iter()
            .map(|one| format!("{}={}", one.key, one.value))
            .collect();
        assert_eq!(
            keys,
            [
                "IPAddressDeny=any",
                "PrivateNetwork=yes",
                "IPAddressAllow=10.0.0.2"
            ]
        );
        assert_eq!(other, []);
    }

    #[test]
    fn whoever_stands_in_no_unit_is_not_asked_about() {
        let wanted = [(Whose::Server, "/docker/abc".to_owned())];
        assert_eq!(limits(&wanted, Duration::ZERO), Ok(Vec::new()));
    }
}
