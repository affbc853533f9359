//! Extensions that may block or divert a request, by the permissions they were given.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::patterns::match_covers;
use super::wanted::Wanted;
use super::{read_json, shown, word};
use crate::facts::{BrowserExtension, Gap};

/// Permissions that let an extension stop or redirect requests: all of them, those of the
/// hosts it may read, or the way to every host.
const MAY_BLOCK: &[&str] = &[
    "webRequestBlocking",
    "declarativeNetRequest",
    "declarativeNetRequestWithHostAccess",
    "proxy",
];

/// Those for which it needs to be let into the host, too.
const NEEDS_HOST: &[&str] = &["webRequestBlocking", "declarativeNetRequestWithHostAccess"];

/// Of so many, and no more.
const MOST: usize = 16;

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// The permission by which it may stop a request to the address.
fn blocks_by(permissions: &[&str], hosts: &[&str], wanted: &Wanted) -> Option<&'static str> {
    let let_in = hosts.iter().any(|host| match_covers(host, wanted));
    let mut may = MAY_BLOCK.iter().filter(|name| permissions.contains(name));
    may.find(|name| let_in || !NEEDS_HOST.contains(name))
        .copied()
}

/// Those of a profile of Chromium's family.
pub(super) fn of_chromium(folder: &Path, wanted: &Wanted) -> Result<Vec<BrowserExtension>, Gap> {
    let mut found: Vec<BrowserExtension> = Vec::new();
    // Which of the two holds the settings hangs on the system.
    for name in ["Secure Preferences", "Preferences"] {
        let file = folder.join(name);
        let Some(preferences) = read_json(&file)? else {
            continue;
        };
        let settings = preferences["extensions"]["settings"].as_object();
        for (id, setting) in settings.into_iter().flatten() {
            let Some(permission) = chromium_blocks(setting, wanted) else {
                continue;
            };
            found.push(BrowserExtension {
                name: chromium_name(folder, id, setting),
                permission: permission.to_owned(),
                file: shown(&file),
            });
        }
    }
    found.dedup_by(|one, other| one.name == other.name);
    found.truncate(MOST);
    Ok(found)
}

fn chromium_blocks(setting: &Value, wanted: &Wanted) -> Option<&'static str> {
    // Parts of the browser itself.
    let own = matches!(setting["location"].as_u64(), Some(5 | 10));
    let reasons = &setting["disable_reasons"];
    let off = reasons.as_u64().is_some_and(|reasons| reasons != 0)
        || reasons
            .as_array()
            .is_some_and(|reasons| !reasons.is_empty())
        || setting["state"] == 0;
    if own || off {
        return None;
    }
    let active = &setting["active_permissions"];
    let api = texts(&active["api"]);
    let mut hosts = texts(&active["explicit_host"]);
    hosts.extend(texts(&active["scriptable_host"]));
    blocks_by(&api, &hosts, wanted)
}

/// Its name, in its own language if it has several; else its id.
fn chromium_name(profile: &Path, id: &str, setting: &Value) -> String {
    let unnamed = || word(id);
    let Some(path) = setting["path"].as_str() else {
        return unnamed();
    };
    // Those that were not brought by the store stand elsewhere.
    let folder: PathBuf = profile.join("Extensions").join(path);
    let manifest = match setting.get("manifest") {
        Some(manifest) => manifest.clone(),
        None => match read_json(&folder.join("manifest.json")) {
            Ok(Some(manifest)) => manifest,
            Ok(None) | Err(_) => return unnamed(),
        },
    };
    let Some(name) = manifest["name"].as_str() else {
        return unnamed();
    };
    let Some(key) = name
        .strip_prefix("__MSG_")
        .and_then(|name| name.strip_suffix("__"))
    else {
        return word(name);
    };
    let language = manifest["default_locale"].as_str().unwrap_or("en");
    if language.contains(['/', '\\', '.']) {
        return unnamed();
    }
    let file = folder.join("_locales").join(language).join("messages.json");
    let messages = read_json(&file).ok().flatten().unwrap_or_default();
    let mut messages = messages.as_object().into_iter().flatten();
    let message = messages.find(|(name, _)| name.eq_ignore_ascii_case(key));
    match message.and_then(|(_, message)| message["message"].as_str()) {
        Some(name) => word(name),
        None => unnamed(),
    }
}

/// Those of a profile of Firefox.
pub(super) fn of_firefox(folder: &Path, wanted: &Wanted) -> Result<Vec<BrowserExtension>, Gap> {
    let file = folder.join("extensions.json");
    let list = read_json(&file)?.unwrap_or_default();
    let addons = list["addons"].as_array().into_iter().flatten();
    let found = addons.filter_map(|addon| {
        let active = addon["active"] == true && addon["type"] == "extension";
        let own = ["app-system-defaults", "app-builtin", "app-builtin-addons"];
        if !active || own.iter().any(|place| addon["location"] == *place) {
            return None;
        }
        let permissions = texts(&addon["userPermissions"]["permissions"]);
        let hosts = texts(&addon["userPermissions"]["origins"]);
        let permission = blocks_by(&permissions, &hosts, wanted)?;
        let name = addon["defaultLocale"]["name"]
            .as_str()
            .or(addon["id"].as_str());
        Some(BrowserExtension {
            name: word(name.unwrap_or("an extension without a name")),
            permission: permission.to_owned(),
            file: shown(&file),
        })
    });
    Ok(found.take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_extension_may_block_where_it_is_let_in() {
        let wanted = Wanted::test("http://localhost:3000");
        let of = |permissions: &[&str], hosts: &[&str]| blocks_by(permissions, hosts, &wanted);
        assert_eq!(of(&["tabs"], &["<all_urls>"]), None);
        let rules = "declarativeNetRequest";
        assert_eq!(of(&[rules], &[]), Some(rules));
        let blocking = ["webRequest", "webRequestBlocking"];
        assert_eq!(of(&blocking, &["*://*/*"]), Some("webRequestBlocking"));
        assert_eq!(of(&blocking, &["*://*.example.com/*"]), None);
    }

    #[test]
    fn what_is_switched_off_or_the_browsers_own_blocks_nothing() {
        let wanted = Wanted::test("http://localhost:3000");
        let setting = |location: u64, reasons: Value| {
            json!({
                "location": location, "disable_reasons": reasons,
                "active_permissions": { "api": ["declarativeNetRequest"] },
            })
        };
        let of = |setting: &Value| chromium_blocks(setting, &wanted);
        assert!(of(&setting(1, json!([]))).is_some());
        assert!(of(&setting(1, json!(0))).is_some());
        assert!(of(&setting(1, json!([1]))).is_none());
        assert!(of(&setting(1, json!(1))).is_none());
        assert!(of(&setting(5, json!([]))).is_none());
    }
}
