//! Proxies that tools and the desktop are told of by their own settings. Only the files
//! of the user are read, as far as they go, and never a password is kept.

mod desktop;
mod files;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::host::proxies::address;
use crate::facts::{ProxySetting, ProxyUser, clean};

/// Files of settings are read only so far: none of them is that long in earnest.
const MOST_BYTES: u64 = 256 * 1024;

/// What the settings of this user say.
#[must_use]
pub fn look(budget: Duration) -> Vec<ProxySetting> {
    let until = Instant::now() + budget;
    let home = std::env::home_dir().unwrap_or_default();
    let config = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .unwrap_or_else(|| home.join(".config"));
    let mut found = Vec::new();
    let mut read = |file: PathBuf, parse: fn(&str) -> Vec<ProxySetting>| {
        let Some(text) = text(&file) else {
            return;
        };
        let place = clean(&file.to_string_lossy());
        found.extend(parse(&text).into_iter().map(|setting| ProxySetting {
            place: place.clone(),
            ..setting
        }));
    };
    let git = std::env::var_os("GIT_CONFIG_GLOBAL").map(PathBuf::from);
    match git {
        Some(file) => read(file, files::git),
        None => {
            read(config.join("git/config"), files::git);
            read(home.join(".gitconfig"), files::git);
        }
    }
    read(home.join(".npmrc"), files::npm);
    read(config.join("pip/pip.conf"), files::pip);
    read(home.join(".pip/pip.conf"), files::pip);
    let docker = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let docker = docker.unwrap_or_else(|| home.join(".docker"));
    read(docker.join("config.json"), files::docker);
    read(config.join("kioslaverc"), desktop::kde);
    if let Ok(options) = std::env::var("JAVA_TOOL_OPTIONS") {
        found.extend(files::java(&options));
    }
    // Without a word of proxies in its database the desktop has none: nobody is asked.
    if mentions_proxy(&config.join("dconf/user")) {
        found.extend(desktop::gnome(until));
    }
    found
}

/// The setting of this program, if its value is the address of a proxy.
fn setting(by: ProxyUser, key: &str, value: &str, line: u32) -> Option<ProxySetting> {
    let (scheme, host, port) = address(value.trim())?;
    Some(ProxySetting {
        by,
        line,
        key: clean(key),
        scheme,
        host,
        port,
        ..ProxySetting::default()
    })
}

fn text(file: &Path) -> Option<String> {
    String::from_utf8(bytes(file)?).ok()
}

fn bytes(file: &Path) -> Option<Vec<u8>> {
    let meta = std::fs::metadata(file).ok()?;
    // A pipe or a device would have us wait.
    (meta.is_file() && meta.len() <= MOST_BYTES).then(|| std::fs::read(file).ok())?
}

fn mentions_proxy(database: &Path) -> bool {
    let bytes = bytes(database).unwrap_or_default();
    bytes.windows(5).any(|word| word == b"proxy")
}
