//! The profiles of the browsers of this user, read for one address.
//!
//! Nothing is opened for writing, no lock is taken, and no more than the files that are
//! named here is read: no history, no cookies, no passwords. A browser that runs writes
//! while we read; what does not fit together then is not seen.

mod cache;
mod cache2;
mod chromium;
mod extensions;
mod firefox;
mod leveldb;
mod managed;
mod patterns;
mod permissions;
mod places;
mod policies;
mod prefs;
mod safari;
mod sqlite;
mod table;
mod tabs;
mod wanted;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::facts::{Browsers, Gap, Known, Target, clean};

use super::Pending;
use managed::Managed;
use wanted::Wanted;

/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Of so many profiles of one browser, or policies of one kind, and no more.
const MOST_PLACES: usize = 32;

/// What the browsers of this user keep that concerns this address.
#[must_use]
pub fn look(target: &Target, budget: Duration) -> Known<Browsers> {
    let Some(wanted) = Wanted::of(target) else {
        return Known::Unseen(Gap::Unsupported);
    };
    let pending = Pending::begin("browser", move || read_all(&wanted));
    match pending.wait(budget) {
        Known::Seen(seen) => seen,
        Known::Unseen(gap) => Known::Unseen(gap),
    }
}

fn read_all(wanted: &Wanted) -> Known<Browsers> {
    let Some(places) = places::Places::of(|name| std::env::var_os(name)) else {
        return Known::Unseen(Gap::Failed("there is no home folder".to_owned()));
    };
    let (policies, managed) = policies::read(wanted);
    let mut browsers = Browsers {
        policies,
        ..Browsers::default()
    };
    let nothing = Managed::default();
    let managed = |browser: &str| managed.get(browser).unwrap_or(&nothing);
    if cfg!(target_os = "macos") {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        browsers.safari = home.and_then(|home| safari::gap(&home));
    }
    let mut hidden = None;
    for place in places.chromium() {
        match chromium::profiles(&place, wanted, managed(place.browser)) {
            Ok(profiles) => browsers.profiles.extend(profiles),
            Err(gap) => hidden = hidden.or(Some(gap)),
        }
    }
    for place in places.firefox() {
        match firefox::profiles(&place, wanted, managed(place.browser)) {
            Ok(profiles) => browsers.profiles.extend(profiles),
            Err(gap) => hidden = hidden.or(Some(gap)),
        }
    }
    if browsers.profiles.is_empty() {
        if let Some(gap) = hidden {
            return Known::Unseen(gap);
        }
        browsers.searched = places.searched();
    }
    Known::Seen(browsers)
}

/// What is in a folder and for which `is` holds, in their order; none where there is no
/// such folder.
fn places_in(folder: &Path, is: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Gap> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Gap::of(&error)),
    };
    let mut found: Vec<_> = entries
        .take(1000)
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is(path))
        .collect();
    found.sort();
    found.truncate(MOST_PLACES);
    Ok(found)
}

/// A file, whole; nothing where there is none.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>, Gap> {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Gap::of(&error)),
    };
    if !meta.is_file() || meta.len() > MOST_BYTES {
        return Err(Gap::Failed(format!(
            "{} is no file of a size that is read",
            shown(path)
        )));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes))
        .map_err(|error| Gap::of(&error))?;
    Ok(Some(bytes))
}

/// A JSON file; nothing where there is none.
fn read_json(path: &Path) -> Result<Option<Value>, Gap> {
    let Some(bytes) = read_file(path)? else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(&bytes);
    // The text itself may be private: only its place is told.
    parsed.map(Some).map_err(|error| {
        let (line, name) = (error.line(), shown(path));
        Gap::Failed(format!("{name}:{line} is not JSON"))
    })
}

/// A path as it is told.
fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

/// A word from a file: of one line, and not too long.
fn word(text: &str) -> String {
    clean(text).chars().take(200).collect()
}
