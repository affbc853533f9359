//! The profiles of Firefox.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::chromium::now_s;
use super::managed::{HTTPS_ONLY, Managed};
use super::places::Place;
use super::prefs::Prefs;
use super::tabs::Tabs;
use super::wanted::Wanted;
use super::{
    MOST_PLACES, cache2, extensions, patterns, permissions, places_in, read_file, shown, word,
};
use crate::facts::{
    BrowserProfile, BrowserProxy, BrowserSetting, Gap, HstsEntry, Known, ServiceWorker,
};
use crate::sources::ini;

/// A record of `SiteSecurityServiceState.bin`: a checksum, a score, a day, then the key and
/// the value, each filled up with zeros.
const RECORD: usize = KEY_AT + KEY + VALUE;
const KEY_AT: usize = 6;
const KEY: usize = 256;
const VALUE: usize = 24;

/// Every profile of a browser.
pub(super) fn profiles(
    place: &Place,
    wanted: &Wanted,
    managed: &Managed,
) -> Result<Vec<BrowserProfile>, Gap> {
    let is_profile = |path: &Path| path.join("prefs.js").is_file();
    let mut folders = places_in(&place.folder, is_profile)?;
    for elsewhere in moved(place)? {
        if is_profile(&elsewhere) && !folders.contains(&elsewhere) {
            folders.push(elsewhere);
        }
    }
    folders.truncate(MOST_PLACES);
    let profiles = folders.iter().map(|folder| {
        let tabs = Tabs::read(folder);
        let prefs = Prefs::read(folder, managed);
        BrowserProfile {
            browser: place.browser.to_owned(),
            gecko: true,
            name: word(&folder.file_name().unwrap_or_default().to_string_lossy()),
            version: version(folder),
            hsts: hsts(folder, wanted, &tabs).into(),
            https_only: of(&prefs, |prefs| https_only(folder, prefs, wanted, managed)),
            ipv4_only: of(&prefs, |prefs| Ok(ipv4_only(prefs, wanted))),
            redirects: cache2::redirects(&place.caches(folder, "cache2/entries"), wanted, &tabs),
            workers: workers(folder, wanted, &tabs).into(),
            proxy: of(&prefs, |prefs| {
                Ok(proxy_of(prefs, wanted).into_iter().collect())
            }),
            extensions: extensions::of_firefox(folder, wanted).into(),
            denied: of(&prefs, |prefs| {
                permissions::denied(folder, prefs, wanted, &tabs)
            }),
        }
    });
    Ok(profiles.collect())
}

/// What the settings tell, where they could be read.
fn of<'a, T>(
    prefs: &Result<Prefs<'a>, Gap>,
    tell: impl FnOnce(&Prefs<'a>) -> Result<T, Gap>,
) -> Known<T> {
    prefs.as_ref().map_err(Clone::clone).and_then(tell).into()
}

/// The profiles that the user has put elsewhere: `profiles.ini` has them by their whole
/// path. Where the profiles have a folder of their own, it stands beside that.
fn moved(place: &Place) -> Result<Vec<PathBuf>, Gap> {
    let beside = match place.folder.file_name() {
        Some(name) if name == "Profiles" => place.folder.parent(),
        _ => Some(place.folder.as_path()),
    };
    let bytes = beside.map(|folder| read_file(&folder.join("profiles.ini")));
    let bytes = bytes.transpose()?.flatten().unwrap_or_default();
    Ok(whole_paths(&String::from_utf8_lossy(&bytes)))
}

fn whole_paths(text: &str) -> Vec<PathBuf> {
    let all: Vec<_> = ini::entries(text).collect();
    let relative = |section: &str| {
        let mut own = all.iter().filter(|entry| entry.section == section);
        own.any(|entry| entry.key == "IsRelative" && entry.value != "0")
    };
    let paths = all.iter().filter(|entry| entry.key == "Path");
    paths
        .filter(|entry| !relative(entry.section))
        .map(|entry| PathBuf::from(entry.value))
        .filter(|path| path.is_absolute())
        .take(MOST_PLACES)
        .collect()
}

/// By which setting the asked host is opened over https only: that of all windows, or else
/// that of private ones. This machine is spared, and by default so is its network.
fn https_only(
    profile: &Path,
    prefs: &Prefs,
    wanted: &Wanted,
    managed: &Managed,
) -> Result<Vec<BrowserSetting>, Gap> {
    let in_private = format!("{HTTPS_ONLY}_pbm");
    let found = prefs.that_is(HTTPS_ONLY, "true").or_else(|| {
        let setting = prefs.that_is(&in_private, "true")?;
        Some(BrowserSetting {
            private: true,
            ..setting
        })
    });
    let lan_too = prefs.get(&format!("{HTTPS_ONLY}.upgrade_local")) == Some("true");
    let lan = wanted.ip().is_some() && patterns::is_lan(wanted);
    let Some(setting) = found.filter(|_| !wanted.is_loopback() && (lan_too || !lan)) else {
        return Ok(Vec::new());
    };
    let origins = wanted.origins();
    let excepted = |site: &String| origins.contains(&site.trim_end_matches('/').to_owned());
    if managed.plain.iter().any(excepted) || permissions::may_be_plain(profile, wanted)? {
        return Ok(Vec::new());
    }
    Ok(vec![setting])
}

/// By which setting the asked name is looked up by IPv4 only.
fn ipv4_only(prefs: &Prefs, wanted: &Wanted) -> Vec<BrowserSetting> {
    if wanted.ip().is_some() {
        return Vec::new();
    }
    let name = "network.dns.ipv4OnlyDomains";
    let listed = prefs.get(name).filter(|list| {
        let mut domains = list
            .split([',', ' '])
            .map(|domain| domain.trim_start_matches('.'));
        domains.any(|domain| wanted.domains().contains(&domain))
    });
    prefs
        .that_is("network.dns.disableIPv6", "true")
        .or_else(|| prefs.that_is(name, listed?))
        .into_iter()
        .collect()
}

fn version(folder: &Path) -> Option<u32> {
    let bytes = read_file(&folder.join("compatibility.ini")).ok()??;
    let text = String::from_utf8_lossy(&bytes);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("LastVersion="))?;
    line.split(['.', '_']).next()?.parse().ok()
}

/// The entry that holds for the host.
fn hsts(folder: &Path, wanted: &Wanted, tabs: &Tabs) -> Result<Vec<HstsEntry>, Gap> {
    type Entries = fn(&[u8]) -> Vec<(String, String)>;
    let files: [(&str, Entries); 2] = [
        ("SiteSecurityServiceState.bin", |bytes| {
            bytes.chunks_exact(RECORD).filter_map(record).collect()
        }),
        // Until version 120.
        ("SiteSecurityServiceState.txt", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().filter_map(line).collect()
        }),
    ];
    for (name, entries) in files {
        let file = folder.join(name);
        let Some(bytes) = read_file(&file)? else {
            continue;
        };
        let found = hsts_of(&entries(&bytes), wanted, tabs, now_s());
        let file = shown(&file);
        return Ok(found
            .map(|entry| HstsEntry { file, ..entry })
            .into_iter()
            .collect());
    }
    Ok(Vec::new())
}

fn record(record: &[u8]) -> Option<(String, String)> {
    let (key, value) = record.get(KEY_AT..)?.split_at_checked(KEY)?;
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.trim_end_matches('\0').to_owned()
    };
    Some((text(key), text(value)))
}

/// `shop.test:HSTS`, tabs, then the value.
fn line(line: &str) -> Option<(String, String)> {
    let (key, rest) = line.split_once('\t')?;
    let key = key.strip_suffix(":HSTS")?;
    Some((key.to_owned(), rest.rsplit('\t').next()?.to_owned()))
}

/// A value is the end in milliseconds, the state (1: https only) and whether subdomains
/// are included.
fn hsts_of(
    entries: &[(String, String)],
    wanted: &Wanted,
    tabs: &Tabs,
    now: u64,
) -> Option<HstsEntry> {
    if wanted.ip().is_some() {
        return None;
    }
    let found = wanted.domains().into_iter().flat_map(|domain| {
        entries.iter().filter_map(move |(key, value)| {
            // Behind the host stands in which tabs, and on whose page, it was met.
            let (host, suffix) = key.split_once('^').unwrap_or((key, ""));
            let container = tabs.holds_in(suffix).filter(|_| host == domain)?;
            let mut parts = value.split(',');
            let until: u64 = parts.next()?.parse().ok()?;
            let state = parts.next()?;
            let includes = parts.next()? == "1";
            let left_s = (until / 1000).saturating_sub(now);
            let holds = state == "1" && left_s > 0 && (includes || domain == wanted.host);
            holds.then(|| HstsEntry {
                host: domain.to_owned(),
                left_s,
                container,
                file: String::new(),
            })
        })
    });
    // What holds in all tabs comes first.
    found.min_by_key(|entry| entry.container.is_some())
}

/// The service workers of the origin, in `serviceworker.txt`.
fn workers(folder: &Path, wanted: &Wanted, tabs: &Tabs) -> Result<Vec<ServiceWorker>, Gap> {
    let file = folder.join("serviceworker.txt");
    let Some(bytes) = read_file(&file)? else {
        return Ok(Vec::new());
    };
    let text = String::from_utf8_lossy(&bytes);
    let workers = workers_of(&text, wanted, tabs);
    let workers = workers.ok_or_else(|| Gap::Failed(format!("{} is unknown", shown(&file))))?;
    let of_file = |worker| ServiceWorker {
        file: shown(&file),
        ..worker
    };
    Ok(workers.into_iter().map(of_file).collect())
}

/// The first line is the number of the format; then come the workers, each ended by a `#`:
/// the suffix of its container, the scope, the script, and more.
fn workers_of(text: &str, wanted: &Wanted, tabs: &Tabs) -> Option<Vec<ServiceWorker>> {
    let (number, text) = text.split_once('\n')?;
    number.trim().parse::<u32>().ok()?;
    let lines: Vec<&str> = text.lines().collect();
    let origins = wanted.origins();
    let workers = lines.split(|line| *line == "#").filter_map(|lines| {
        let [suffix, scope, script, ..] = lines else {
            return None;
        };
        let own = origins.iter().any(|origin| {
            scope
                .strip_prefix(origin.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        });
        let container = tabs.holds_in(suffix).filter(|_| own)?;
        Some(ServiceWorker {
            scope: word(scope),
            script: word(script),
            container,
            file: String::new(),
        })
    });
    let mut workers: Vec<_> = workers.take(16).collect();
    workers.sort_by(|a, b| a.container.cmp(&b.container));
    Some(workers)
}

/// The proxy that the preferences set.
fn proxy_of(prefs: &Prefs, wanted: &Wanted) -> Option<BrowserProxy> {
    let pref = |name: &str| prefs.get(&format!("network.proxy.{name}"));
    let (server, pac) = match pref("type")? {
        "1" => {
            let of = |kind: &str| {
                let host = pref(kind).filter(|host| !host.is_empty())?;
                let port = pref(&format!("{kind}_port")).unwrap_or("0");
                Some(format!("{host}:{port}"))
            };
            (of("http").or_else(|| of("socks"))?, false)
        }
        "2" => (pref("autoconfig_url")?.to_owned(), true),
        "4" => ("a script that the network names (WPAD)".to_owned(), true),
        _ => return None,
    };
    let hijacks = pref("allow_hijacking_localhost") == Some("true");
    Some(BrowserProxy {
        server: word(&patterns::without_password(&server)),
        pac,
        takes: !pac && takes(pref("no_proxies_on").unwrap_or_default(), hijacks, wanted),
        file: shown(&prefs.file),
    })
}

/// Requests to the machine itself go to no proxy, unless that is allowed.
fn takes(exceptions: &str, hijacks: bool, wanted: &Wanted) -> bool {
    let mut exceptions = exceptions
        .split([',', ';', ' '])
        .filter(|rule| !rule.is_empty());
    (hijacks || !wanted.is_loopback()) && !exceptions.any(|rule| patterns::excepts(rule, wanted))
}

/// The proxy that a policy sets.
pub(super) fn policy_proxy(setting: &Value, wanted: &Wanted, file: &str) -> Option<BrowserProxy> {
    let text = |name: &str| setting[name].as_str();
    let (server, pac) = match text("Mode")? {
        "manual" => (text("HTTPProxy").or(text("SOCKSProxy"))?, false),
        "autoConfig" => (text("AutoConfigURL")?, true),
        "autoDetect" => ("a script that the network names (WPAD)", true),
        _ => return None,
    };
    Some(BrowserProxy {
        server: word(&patterns::without_password(server)),
        pac,
        takes: !pac && takes(text("Passthrough").unwrap_or_default(), false, wanted),
        file: file.to_owned(),
    })
}

#[cfg(test)]
#[path = "firefox_tests.rs"]
mod tests;
