//! The sites that Firefox keeps from this machine, as its user decided.

use std::path::Path;

use super::chromium::now_s;
use super::prefs::Prefs;
use super::sqlite::{self, Cell};
use super::wanted::Wanted;
use super::{patterns, read_file, shown, word};
use crate::facts::{DeniedSite, Gap};

/// Of so many sites, and no more.
const MOST_SITES: usize = 16;
/// The decision "no".
const DENY: i64 = 2;
/// A decision that holds until a moment, in milliseconds.
const UNTIL: i64 = 2;

/// The sites that may not reach the address.
pub(super) fn denied(
    profile: &Path,
    prefs: &Prefs,
    wanted: &Wanted,
) -> Result<Vec<DeniedSite>, Gap> {
    let setting = match (wanted.is_loopback(), patterns::is_lan(wanted)) {
        (true, _) => "loopback-network",
        (false, true) => "local-network",
        (false, false) => return Ok(Vec::new()),
    };
    // It asks nobody, and heeds no decision.
    let off = |name: &str| prefs.get(name) == Some("false");
    if off("network.lna.enabled") || off("network.lna.blocking") {
        return Ok(Vec::new());
    }
    let file = profile.join("permissions.sqlite");
    let mut denied = Vec::new();
    if prefs.get(&format!("permissions.default.{setting}")) == Some("2") {
        denied.push(DeniedSite {
            site: DeniedSite::EVERY.to_owned(),
            setting: setting.to_owned(),
            file: shown(&prefs.file),
        });
    }
    let Some(bytes) = read_file(&file)? else {
        return Ok(denied);
    };
    let sites = sites(&bytes, setting, now_s());
    let sites = sites.ok_or_else(|| Gap::Failed(format!("{} is unknown", shown(&file))))?;
    denied.extend(sites.into_iter().map(|site| DeniedSite {
        site,
        setting: setting.to_owned(),
        file: shown(&file),
    }));
    denied.truncate(MOST_SITES);
    Ok(denied)
}

/// The sites that are denied this; nothing else is taken out of the file.
fn sites(bytes: &[u8], setting: &str, now: u64) -> Option<Vec<String>> {
    let now = i64::try_from(now.saturating_mul(1000)).unwrap_or(i64::MAX);
    let columns = ["origin", "type", "permission", "expireType", "expireTime"];
    let mut found = Vec::new();
    sqlite::rows(bytes, "moz_perms", columns, |row| {
        let [Cell::Text(site), kind, decision, ends, end] = row else {
            return;
        };
        let over = ends == Cell::Number(UNTIL) && matches!(end, Cell::Number(end) if end <= now);
        let own = kind == Cell::Text(setting.as_bytes()) && decision == Cell::Number(DENY);
        if own && !over && found.len() < MOST_SITES {
            // Behind the site stands in which container it was met.
            let site = site.split(|byte| *byte == b'^').next().unwrap_or_default();
            found.push(word(&String::from_utf8_lossy(site)));
        }
    })?;
    found.sort();
    found.dedup();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of Firefox 153 with its decision, and three more: one that ends, one for
    /// another thing, and one that allows.
    const WRITTEN: &[u8] = include_bytes!("permissions.sqlite");

    #[test]
    fn sites_that_are_denied_are_read() {
        let of = |setting: &str, now| sites(WRITTEN, setting, now).unwrap();
        let both = ["https://app.example.com", "https://old.example.com"];
        assert_eq!(of("loopback-network", 999), both);
        assert_eq!(of("loopback-network", 1000), both[..1]);
        assert_eq!(of("local-network", 999), ["https://lan.example.com"]);
        assert_eq!(sites(b"no such file", "loopback-network", 0), None);
    }

    #[test]
    fn a_browser_that_does_not_ask_denies_nothing() {
        let nowhere = Path::new("/nonexistent");
        let of = |prefs: &str, words: &str| {
            let denied = denied(nowhere, &Prefs::test(prefs), &Wanted::test(words)).unwrap();
            denied.into_iter().map(|one| one.site).collect::<Vec<_>>()
        };
        let all = "user_pref(\"permissions.default.loopback-network\", 2);\n";
        assert_eq!(of(all, "localhost:3000"), ["every site"]);
        assert_eq!(of(all, "192.168.1.5:3000"), [""; 0]);
        assert_eq!(of("", "localhost:3000"), [""; 0]);
        let off = format!("{all}user_pref(\"network.lna.blocking\", false);\n");
        assert_eq!(of(&off, "localhost:3000"), [""; 0]);
    }
}
