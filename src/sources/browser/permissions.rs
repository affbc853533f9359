//! What the user of Firefox has decided of sites: which of them are kept from this machine,
//! and which may be opened without TLS.

use std::path::Path;

use super::chromium::now_s;
use super::prefs::Prefs;
use super::sqlite::{self, Cell};
use super::tabs::Tabs;
use super::wanted::Wanted;
use super::{patterns, read_file, shown, word};
use crate::facts::{DeniedSite, Gap};

/// Of so many sites, and no more.
const MOST_SITES: usize = 16;
/// The decisions "yes" and "no".
const ALLOW: i64 = 1;
const DENY: i64 = 2;
/// A decision that holds until a moment, in milliseconds.
const UNTIL: i64 = 2;

/// The sites that may not reach the address; nobody needs to look where that is off.
pub(super) fn denied(
    profile: &Path,
    prefs: &Prefs,
    wanted: &Wanted,
    tabs: &Tabs,
) -> Result<Vec<DeniedSite>, Gap> {
    let setting = match (wanted.is_loopback(), patterns::is_lan(wanted)) {
        (true, _) => "loopback-network",
        (false, true) => "local-network",
        (false, false) => return Ok(Vec::new()),
    };
    // It asks nobody, and heeds no decision.
    let off = |name: &str| prefs.get(name) == Some("false");
    let skipped = prefs.get("network.lna.skip-domains").unwrap_or_default();
    let skipped = skipped
        .split(',')
        .any(|one| patterns::names_host(one, &wanted.host));
    if skipped || off("network.lna.enabled") || off("network.lna.blocking") {
        return Err(Gap::NotAsked);
    }
    let file = profile.join("permissions.sqlite");
    let mut denied = Vec::new();
    if prefs.get(&format!("permissions.default.{setting}")) == Some("2") {
        denied.push(DeniedSite {
            site: DeniedSite::EVERY.to_owned(),
            setting: setting.to_owned(),
            container: None,
            file: shown(&prefs.file),
        });
    }
    let Some(bytes) = read_file(&file)? else {
        return Ok(denied);
    };
    let sites = sites(&bytes, setting, DENY, now_s());
    let sites = sites.ok_or_else(|| Gap::Failed(format!("{} is unknown", shown(&file))))?;
    denied.extend(sites.into_iter().filter_map(|site| {
        // Behind the site stands in which tabs it was decided.
        let (site, suffix) = site.split_once('^').unwrap_or((&site, ""));
        Some(DeniedSite {
            site: site.to_owned(),
            setting: setting.to_owned(),
            container: tabs.holds_in(suffix)?,
            file: shown(&file),
        })
    }));
    // What holds in all tabs comes first.
    denied.sort_by(|a, b| a.container.cmp(&b.container));
    denied.truncate(MOST_SITES);
    Ok(denied)
}

/// Whether the user lets the asked address be opened without TLS.
pub(super) fn may_be_plain(profile: &Path, wanted: &Wanted) -> Result<bool, Gap> {
    let file = profile.join("permissions.sqlite");
    let Some(bytes) = read_file(&file)? else {
        return Ok(false);
    };
    let allowed = sites(&bytes, "https-only-load-insecure", ALLOW, now_s());
    let allowed = allowed.ok_or_else(|| Gap::Failed(format!("{} is unknown", shown(&file))))?;
    let origins = wanted.origins();
    Ok(allowed.iter().any(|site| origins.contains(site)))
}

/// The sites of which this was decided; nothing else is taken out of the file.
fn sites(bytes: &[u8], setting: &str, wanted: i64, now: u64) -> Option<Vec<String>> {
    let now = i64::try_from(now.saturating_mul(1000)).unwrap_or(i64::MAX);
    let columns = ["origin", "type", "permission", "expireType", "expireTime"];
    let mut found = Vec::new();
    sqlite::rows(bytes, "moz_perms", columns, |row| {
        let [Cell::Text(site), kind, decision, ends, end] = row else {
            return;
        };
        let over = ends == Cell::Number(UNTIL) && matches!(end, Cell::Number(end) if end <= now);
        let own = kind == Cell::Text(setting.as_bytes()) && decision == Cell::Number(wanted);
        if own && !over && found.len() < MOST_SITES {
            found.push(word(&String::from_utf8_lossy(site)));
        }
    })?;
    found.sort();
    found.dedup();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::managed::Managed;
    use super::*;

    /// The table of Firefox 153 with its decision, and three more: one that ends, one for
    /// another thing, and one that allows.
    const WRITTEN: &[u8] = include_bytes!("permissions.sqlite");

    #[test]
    fn sites_that_are_denied_are_read() {
        let of = |setting: &str, now| sites(WRITTEN, setting, DENY, now).unwrap();
        let both = [
            "https://app.example.com",
            "https://old.example.com^userContextId=2",
        ];
        assert_eq!(of("loopback-network", 999), both);
        assert_eq!(of("loopback-network", 1000), both[..1]);
        assert_eq!(of("local-network", 999), ["https://lan.example.com"]);
        assert_eq!(sites(b"no such file", "loopback-network", DENY, 0), None);
    }

    #[test]
    fn a_browser_that_does_not_ask_denies_nothing() {
        let nowhere = Path::new("/nonexistent");
        let of = |prefs: &str, words: &str| {
            let managed = Managed::default();
            let prefs = Prefs::test(prefs, &managed);
            let denied = denied(nowhere, &prefs, &Wanted::test(words), &Tabs::default());
            denied.map(|list| list.into_iter().map(|one| one.site).collect::<Vec<_>>())
        };
        let all = "user_pref(\"permissions.default.loopback-network\", 2);\n";
        assert_eq!(of(all, "localhost:3000").unwrap(), ["every site"]);
        assert_eq!(of(all, "192.168.1.5:3000").unwrap(), [""; 0]);
        assert_eq!(of("", "localhost:3000").unwrap(), [""; 0]);
        let off = format!("{all}user_pref(\"network.lna.blocking\", false);\n");
        assert_eq!(of(&off, "localhost:3000"), Err(Gap::NotAsked));
        let skipped =
            format!("{all}user_pref(\"network.lna.skip-domains\", \"x.test,localhost\");\n");
        assert_eq!(of(&skipped, "localhost:3000"), Err(Gap::NotAsked));
        assert_eq!(of(&skipped, "127.0.0.1:3000").unwrap(), ["every site"]);
    }
}
