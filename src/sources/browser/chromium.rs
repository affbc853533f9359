//! The profiles of Chromium and its family.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::leveldb::{self, Reader};
use super::managed::Managed;
use super::places::Place;
use super::wanted::Wanted;
use super::{cache, extensions, patterns, places_in, read_file, read_json, shown, word};
use crate::facts::{
    BrowserProfile, BrowserProxy, BrowserSetting, DeniedSite, Gap, HstsEntry, Known, ServiceWorker,
};

/// Of so many sites, and no more.
const MOST_SITES: usize = 16;
/// The seconds from the beginning of its clock to that of Unix.
const FROM_1601: u64 = 11_644_473_600;

/// Every profile of a browser.
pub(super) fn profiles(
    place: &Place,
    wanted: &Wanted,
    managed: &Managed,
) -> Result<Vec<BrowserProfile>, Gap> {
    let folders = places_in(&place.folder, |path| path.join("Preferences").is_file())?;
    let version = version(&place.folder);
    let profiles = folders.iter().map(|folder| {
        let file = folder.join("Preferences");
        let preferences = read_json(&file).map(Option::unwrap_or_default);
        BrowserProfile {
            browser: place.browser.to_owned(),
            gecko: false,
            name: word(&folder.file_name().unwrap_or_default().to_string_lossy()),
            version,
            hsts: hsts(folder, wanted).into(),
            https_only: preferences
                .as_ref()
                .map(|preferences| https_only(preferences, wanted, managed, &file))
                .map_err(Clone::clone)
                .into(),
            // It has no such setting.
            ipv4_only: Known::Seen(Vec::new()),
            redirects: cache::redirects(&place.caches(folder, "Cache/Cache_Data"), wanted),
            workers: workers(folder, wanted).into(),
            proxy: preferences
                .as_ref()
                .map(|preferences| {
                    let set = preferences.get("proxy");
                    let proxy = set.and_then(|set| proxy(set, wanted, &shown(&file)));
                    proxy.into_iter().collect()
                })
                .map_err(Clone::clone)
                .into(),
            extensions: extensions::of_chromium(folder, wanted).into(),
            denied: preferences
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|preferences| denied(preferences, wanted, managed, &file))
                .into(),
        }
    });
    Ok(profiles.collect())
}

/// The version that has used the folder last.
fn version(folder: &Path) -> Option<u32> {
    let bytes = read_file(&folder.join("Last Version")).ok()??;
    String::from_utf8_lossy(&bytes)
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// Seconds since the Unix epoch.
pub(super) fn now_s() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// The entry that holds for the host: its own, or one above it that includes it. Hosts
/// stand there as hashes, so that nothing is learned of others.
fn hsts(folder: &Path, wanted: &Wanted) -> Result<Vec<HstsEntry>, Gap> {
    // Newer versions keep what the network has said in a folder of its own.
    let files = ["Network/TransportSecurity", "TransportSecurity"].map(|name| folder.join(name));
    for file in files {
        let Some(list) = read_json(&file)? else {
            continue;
        };
        let list = list.get("sts").and_then(Value::as_array);
        let found = hsts_of(list.map_or(&[], Vec::as_slice), wanted, now_s());
        if let Some(entry) = found {
            let file = shown(&file);
            return Ok(vec![HstsEntry { file, ..entry }]);
        }
    }
    Ok(Vec::new())
}

fn hsts_of(list: &[Value], wanted: &Wanted, now: u64) -> Option<HstsEntry> {
    if wanted.ip().is_some() {
        return None;
    }
    wanted.domains().into_iter().find_map(|domain| {
        let hash = host_hash(domain);
        let entry = list.iter().find(|entry| entry["host"] == hash.as_str())?;
        let own = domain == wanted.host;
        let includes = entry["sts_include_subdomains"] == true;
        let until = entry["expiry"].as_f64()?;
        // Far below what a double holds exactly.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let left_s = (until.max(0.0) as u64).saturating_sub(now);
        let holds = entry["mode"] == "force-https" && (own || includes) && left_s > 0;
        holds.then(|| HstsEntry {
            host: domain.to_owned(),
            left_s,
            ..HstsEntry::default()
        })
    })
}

/// A host as the list has it: the hash of its name in the way of DNS.
fn host_hash(host: &str) -> String {
    let mut name = Vec::new();
    for label in host.split('.') {
        name.push(u8::try_from(label.len()).unwrap_or(0));
        name.extend(label.as_bytes());
    }
    name.push(0);
    BASE64_STANDARD.encode(digest(&SHA256, &name))
}

/// The service workers that answer for the origin: only those that see requests.
fn workers(folder: &Path, wanted: &Wanted) -> Result<Vec<ServiceWorker>, Gap> {
    let database = folder.join("Service Worker/Database");
    let mut workers = Vec::new();
    for origin in wanted.origins() {
        let begins = format!("REG:{origin}/\0");
        for value in leveldb::read(&database, begins.as_bytes())? {
            workers.extend(worker(&value).map(|worker| ServiceWorker {
                file: shown(&database),
                ..worker
            }));
        }
    }
    workers.truncate(MOST_SITES);
    Ok(workers)
}

/// A registration as Chromium writes it: a message of protocol buffers, of which 2 is the
/// scope, 3 the script, 5 whether it is active, 6 whether it wants to see requests.
fn worker(message: &[u8]) -> Option<ServiceWorker> {
    let mut worker = ServiceWorker::default();
    let (mut active, mut sees) = (false, false);
    let mut reader = Reader(message);
    while !reader.0.is_empty() {
        let key = reader.varint()?;
        match (key >> 3, key & 7) {
            (field, 2) => {
                let text = word(&String::from_utf8_lossy(reader.slice()?));
                match field {
                    2 => worker.scope = text,
                    3 => worker.script = text,
                    _ => {}
                }
            }
            (field, 0) => {
                let value = reader.varint()? != 0;
                match field {
                    5 => active = value,
                    6 => sees = value,
                    _ => {}
                }
            }
            (_, 1) => drop(reader.take(8)?),
            (_, 5) => drop(reader.take(4)?),
            _ => return None,
        }
    }
    (active && sees && !worker.scope.is_empty()).then_some(worker)
}

/// The proxy that an extension, or a policy, has set: as preferences and policies have it.
pub(super) fn proxy(setting: &Value, wanted: &Wanted, file: &str) -> Option<BrowserProxy> {
    let text = |name: &str| setting.get(name).and_then(Value::as_str);
    let (server, pac) = match text("mode").or(text("ProxyMode"))? {
        "fixed_servers" => (text("server").or(text("ProxyServer"))?, false),
        "pac_script" => (text("pac_url").or(text("ProxyPacUrl"))?, true),
        "auto_detect" => ("a script that the network names (WPAD)", true),
        _ => return None,
    };
    let bypass = text("bypass_list")
        .or(text("ProxyBypassList"))
        .unwrap_or_default();
    Some(BrowserProxy {
        server: word(&patterns::without_password(server)),
        pac,
        takes: !pac && !patterns::bypassed(bypass, wanted),
        file: file.to_owned(),
    })
}

/// Whether the asked host is opened over https only; this machine is spared, and so is a
/// host for which the user, or the administrator, has made an exception.
fn https_only(
    preferences: &Value,
    wanted: &Wanted,
    managed: &Managed,
    file: &Path,
) -> Vec<BrowserSetting> {
    let (on, by) = match &managed.https_only {
        Some((on, by)) => (*on, Some(by)),
        None => (preferences["https_only_mode_enabled"] == true, None),
    };
    let setting = match by {
        Some(_) => "HttpsOnlyMode",
        None => "https_only_mode_enabled",
    };
    let allowed = |pattern: &String| patterns::names_host(pattern, &wanted.host);
    if !on || wanted.is_loopback() || managed.plain.iter().any(allowed) {
        return Vec::new();
    }
    // What the user has chosen on the page that warns holds for every port of the host.
    let host = match wanted.host.contains(':') {
        true => format!("[{}]", wanted.host),
        false => wanted.host.clone(),
    };
    let begins = format!("https://{host}:443,");
    let chosen = &preferences["profile"]["content_settings"]["exceptions"]["http_allowed"];
    let now = u128::from(now_s() + FROM_1601) * 1_000_000;
    let chosen = chosen
        .as_object()
        .into_iter()
        .flatten()
        .any(|(pattern, decision)| {
            let until = decision["setting"]["decision_expiration_time"].as_str();
            let until = until.and_then(|until| until.parse::<u128>().ok());
            pattern.starts_with(&begins) && until.is_some_and(|until| until > now)
        });
    let found = BrowserSetting {
        setting: setting.to_owned(),
        private: false,
        managed: by.is_some(),
        file: by.cloned().unwrap_or_else(|| shown(file)),
    };
    (!chosen).then_some(found).into_iter().collect()
}

/// The sites that may not reach the address: the user's own decisions, unless the
/// administrator lets them in. It asks nobody where he lets in all.
fn denied(
    preferences: &Value,
    wanted: &Wanted,
    managed: &Managed,
    file: &Path,
) -> Result<Vec<DeniedSite>, Gap> {
    let settings: &[&str] = match (wanted.is_loopback(), patterns::is_lan(wanted)) {
        (true, _) => &["loopback_network", "local_network_access"],
        (false, true) => &["local_network", "local_network_access"],
        (false, false) => return Ok(Vec::new()),
    };
    if managed.lets_in("*") {
        return Err(Gap::NotAsked);
    }
    let profile = &preferences["profile"];
    let mut denied = Vec::new();
    for setting in settings {
        let site = |site: &str| DeniedSite {
            site: word(site),
            setting: (*setting).to_owned(),
            container: None,
            file: shown(file),
        };
        if profile["default_content_setting_values"][setting] == 2 {
            denied.push(site(DeniedSite::EVERY));
        }
        let exceptions = &profile["content_settings"]["exceptions"][setting];
        for (pattern, decision) in exceptions.as_object().into_iter().flatten() {
            if decision["setting"] == 2 {
                let first = pattern.split(',').next().unwrap_or(pattern);
                let first = first.strip_suffix(":443").unwrap_or(first);
                if !managed.lets_in(first) {
                    denied.push(site(first));
                }
            }
        }
    }
    denied.truncate(MOST_SITES);
    Ok(denied)
}

#[cfg(test)]
#[path = "chromium_tests.rs"]
mod tests;
