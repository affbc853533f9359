//! The profiles of Firefox.

use std::path::Path;

use serde_json::Value;

use super::chromium::now_s;
use super::places::Place;
use super::prefs::Prefs;
use super::wanted::Wanted;
use super::{cache2, extensions, patterns, permissions, places_in, read_file, shown, word};
use crate::facts::{BrowserProfile, BrowserProxy, Gap, HstsEntry, ServiceWorker};

/// A record of `SiteSecurityServiceState.bin`: a checksum, a score, a day, then the key and
/// the value, each filled up with zeros.
const RECORD: usize = KEY_AT + KEY + VALUE;
const KEY_AT: usize = 6;
const KEY: usize = 256;
const VALUE: usize = 24;

/// Every profile of a browser.
pub(super) fn profiles(place: &Place, wanted: &Wanted) -> Result<Vec<BrowserProfile>, Gap> {
    let folders = places_in(&place.folder, |path| path.join("prefs.js").is_file())?;
    let profiles = folders.iter().map(|folder| BrowserProfile {
        browser: place.browser.to_owned(),
        gecko: true,
        name: word(&folder.file_name().unwrap_or_default().to_string_lossy()),
        version: version(folder),
        hsts: hsts(folder, wanted).into(),
        redirects: cache2::redirects(&place.caches(folder, "cache2/entries"), wanted),
        workers: workers(folder, wanted).into(),
        proxy: Prefs::read(folder)
            .map(|prefs| proxy_of(&prefs, wanted).into_iter().collect())
            .into(),
        extensions: extensions::of_firefox(folder, wanted).into(),
        denied: Prefs::read(folder)
            .and_then(|prefs| permissions::denied(folder, &prefs, wanted))
            .into(),
    });
    Ok(profiles.collect())
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
fn hsts(folder: &Path, wanted: &Wanted) -> Result<Vec<HstsEntry>, Gap> {
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
        let found = hsts_of(&entries(&bytes), wanted, now_s());
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
fn hsts_of(entries: &[(String, String)], wanted: &Wanted, now: u64) -> Option<HstsEntry> {
    if wanted.ip().is_some() {
        return None;
    }
    wanted.domains().into_iter().find_map(|domain| {
        let mut own = entries.iter().filter(|(key, _)| {
            // Behind the host stands the site in which it was met.
            key.split('^').next() == Some(domain)
        });
        own.find_map(|(_, value)| {
            let mut parts = value.split(',');
            let until: u64 = parts.next()?.parse().ok()?;
            let state = parts.next()?;
            let includes = parts.next()? == "1";
            let left_s = (until / 1000).saturating_sub(now);
            let holds = state == "1" && left_s > 0 && (includes || domain == wanted.host);
            holds.then(|| HstsEntry {
                host: domain.to_owned(),
                left_s,
                file: String::new(),
            })
        })
    })
}

/// The service workers of the origin, in `serviceworker.txt`.
fn workers(folder: &Path, wanted: &Wanted) -> Result<Vec<ServiceWorker>, Gap> {
    let file = folder.join("serviceworker.txt");
    let Some(bytes) = read_file(&file)? else {
        return Ok(Vec::new());
    };
    let text = String::from_utf8_lossy(&bytes);
    let workers = workers_of(&text, wanted);
    let workers = workers.ok_or_else(|| Gap::Failed(format!("{} is unknown", shown(&file))))?;
    let of_file = |worker| ServiceWorker {
        file: shown(&file),
        ..worker
    };
    Ok(workers.into_iter().map(of_file).collect())
}

/// The first line is the number of the format; then come the workers, each ended by a `#`:
/// the suffix of its container, the scope, the script, and more.
fn workers_of(text: &str, wanted: &Wanted) -> Option<Vec<ServiceWorker>> {
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
        (suffix.is_empty() && own).then(|| ServiceWorker {
            scope: word(scope),
            script: word(script),
            file: String::new(),
        })
    });
    Some(workers.take(16).collect())
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
mod tests {
    use super::*;

    /// As Firefox 153 has written it.
    const WORKERS: &str = "12\n\nhttps://shop.test:3443/\nhttps://shop.test:3443/sw.js\ntrue\n\
        {2ab6e2f6-c0b7-4ec4-8908-60900db0bdb9}\n0\n1795369497660389\n#\n\n\
        http://localhost:3000/\nhttp://localhost:3000/sw.js\ntrue\n{1b0ae594}\n0\n0\n#\n";

    fn bin(key: &str, value: &str) -> Vec<u8> {
        let mut bytes = vec![0x04, 0x23, 0, 1, 0x51, 0x2b];
        bytes.extend(key.as_bytes());
        bytes.resize(KEY_AT + KEY, 0);
        bytes.extend(value.as_bytes());
        bytes.resize(RECORD, 0);
        bytes
    }

    #[test]
    fn hosts_that_want_https_are_read_in_both_forms() {
        let key = "shop.test^partitionKey=%28https%2Cshop.test%29";
        let read = record(&bin(key, "1826905311042,1,1")).unwrap();
        assert_eq!(read, (key.to_owned(), "1826905311042,1,1".to_owned()));
        let old = line("shop.test:HSTS\t3\t20779\t1826905311042,1,1,2").unwrap();
        let of = |entry: &(String, String), words: &str, now| {
            let entries = std::slice::from_ref(entry);
            hsts_of(entries, &Wanted::test(words), now).map(|entry| entry.host)
        };
        for entry in [&read, &old] {
            assert_eq!(of(entry, "a.shop.test:1", 5).as_deref(), Some("shop.test"));
            assert_eq!(of(entry, "shop.test:1", 1_826_905_311), None);
            assert_eq!(of(entry, "hop.test:1", 5), None);
        }
        let alone = ("shop.test".to_owned(), "1826905311042,1,0".to_owned());
        assert_eq!(of(&alone, "a.shop.test:1", 5), None);
        let knocked_out = ("shop.test".to_owned(), "1826905311042,2,1".to_owned());
        assert_eq!(of(&knocked_out, "shop.test:1", 5), None);
    }

    #[test]
    fn workers_are_those_of_the_origin() {
        let of = |words: &str| {
            let workers = workers_of(WORKERS, &Wanted::test(words)).unwrap();
            workers
                .into_iter()
                .map(|worker| worker.script)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("3000"), ["http://localhost:3000/sw.js"]);
        assert_eq!(of("300"), [""; 0]);
        assert_eq!(of("http://shop.test:3443"), [""; 0]);
        assert!(workers_of("no number\n", &Wanted::test("3000")).is_none());
    }

    #[test]
    fn a_proxy_takes_what_is_not_excepted() {
        let text = "user_pref(\"network.proxy.type\", 1);\n\
            user_pref(\"network.proxy.http\", \"127.0.0.1\");\n\
            user_pref(\"network.proxy.http_port\", 8888);\n\
            user_pref(\"network.proxy.no_proxies_on\", \"*.example, 10.0.0.0/8\");\n";
        let of = |text: &str, words: &str| {
            let proxy = proxy_of(&Prefs::test(text), &Wanted::test(words)).unwrap();
            (proxy.server, proxy.takes)
        };
        let server = || "127.0.0.1:8888".to_owned();
        assert_eq!(of(text, "shop.test:3000"), (server(), true));
        assert_eq!(of(text, "shop.example:3000"), (server(), false));
        assert_eq!(of(text, "localhost:3000"), (server(), false));
        let hijacks = "user_pref(\"network.proxy.allow_hijacking_localhost\", true);";
        assert_eq!(
            of(&format!("{text}{hijacks}"), "localhost:3000"),
            (server(), true)
        );
        assert_eq!(proxy_of(&Prefs::test(""), &Wanted::test("3000")), None);
    }
}
