//! What the administrator of this machine has set for its browsers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::managed::Managed;
use super::patterns::{filter_covers, is_lan, match_covers};
use super::wanted::Wanted;
use super::{chromium, firefox, read_json, shown, word};
use crate::facts::{BrowserPolicy, Gap, Known, PolicyEffect};

/// The browsers of Chromium's family, and the folder of their policies on Linux.
const CHROMIUM: &[(&str, &str)] = &[
    ("Google Chrome", "/etc/opt/chrome/policies"),
    ("Chromium", "/etc/chromium/policies"),
    ("Chromium", "/etc/chromium-browser/policies"),
    ("Microsoft Edge", "/etc/opt/edge/policies"),
    ("Brave", "/etc/brave/policies"),
];

/// Where Firefox has its policies on Linux.
const FIREFOX: &[&str] = &[
    "/etc/firefox/policies/policies.json",
    "/usr/lib/firefox/distribution/policies.json",
    "/usr/lib/firefox-esr/distribution/policies.json",
    "/usr/lib64/firefox/distribution/policies.json",
    "/opt/firefox/distribution/policies.json",
];

/// Policies by which pages of other sites are kept from this machine or its network.
const DENIES: &[&str] = &[
    "LocalNetworkAccessBlockedForUrls",
    "LocalNetworkBlockedForUrls",
    "LoopbackNetworkBlockedForUrls",
];

/// Every policy that touches the address, and what others set in the place of profiles, by
/// browser.
pub(super) fn read(
    wanted: &Wanted,
) -> (Known<Vec<BrowserPolicy>>, BTreeMap<&'static str, Managed>) {
    let mut managed = BTreeMap::new();
    if !cfg!(target_os = "linux") {
        // They are in the registry, or in binary property lists.
        return (Known::Unseen(Gap::Unsupported), managed);
    }
    let found = read_files(wanted, &mut managed);
    (found.into(), managed)
}

fn read_files(
    wanted: &Wanted,
    managed: &mut BTreeMap<&'static str, Managed>,
) -> Result<Vec<BrowserPolicy>, Gap> {
    let mut found = Vec::new();
    for (browser, folder) in CHROMIUM {
        for kind in ["managed", "recommended"] {
            let files = files_in(&Path::new(folder).join(kind))?;
            let files: Vec<(String, Value)> = files
                .iter()
                .map(|file| Ok((shown(file), read_json(file)?.unwrap_or_default())))
                .collect::<Result<_, Gap>>()?;
            found.extend(of_chromium(browser, &files, wanted));
            let own = managed.entry(*browser).or_default();
            for (file, text) in &files {
                own.add_chromium(text, wanted, file);
            }
        }
    }
    for file in FIREFOX {
        if let Some(text) = read_json(Path::new(file))? {
            let policies = &text["policies"];
            found.extend(of_firefox(policies, file, wanted));
            let own = Managed::of_firefox(policies, file);
            managed.entry("Firefox").or_insert(own);
        }
    }
    Ok(found)
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Gap> {
    super::places_in(folder, |path| {
        path.extension().is_some_and(|ext| ext == "json")
    })
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// What the files of one folder say together.
fn of_chromium(browser: &str, files: &[(String, Value)], wanted: &Wanted) -> Vec<BrowserPolicy> {
    let policy = |effect, setting: &str, value: &str, file: &str| BrowserPolicy {
        browser: browser.to_owned(),
        effect,
        setting: setting.to_owned(),
        value: word(value),
        file: file.to_owned(),
    };
    let mut found = Vec::new();
    let listed = |setting: &'static str| {
        let lists = files.iter().map(move |(file, text)| (file, &text[setting]));
        lists.flat_map(|(file, list)| texts(list).map(move |text| (file, text)))
    };
    let mut allowed = listed("URLAllowlist").map(|(_, filter)| filter);
    if !allowed.any(|filter| filter_covers(filter, wanted)) {
        let mut blocks = listed("URLBlocklist").filter(|(_, filter)| filter_covers(filter, wanted));
        found.extend(
            blocks
                .next()
                .map(|(file, filter)| policy(PolicyEffect::Blocks, "URLBlocklist", filter, file)),
        );
    }
    if wanted.is_loopback() || is_lan(wanted) {
        for setting in DENIES {
            let denied = listed(setting).next();
            found.extend(
                denied.map(|(file, site)| policy(PolicyEffect::DeniesSites, setting, site, file)),
            );
        }
    }
    for (file, text) in files {
        // The older way is one policy a value.
        let whole = text.get("ProxySettings").unwrap_or(text);
        if let Some(proxy) = chromium::proxy(whole, wanted, file)
            && (proxy.takes || proxy.pac)
        {
            let setting = match text.get("ProxySettings") {
                Some(_) => "ProxySettings",
                None => "ProxyMode",
            };
            found.push(policy(PolicyEffect::Proxies, setting, &proxy.server, file));
        }
    }
    found
}

fn of_firefox(policies: &Value, file: &str, wanted: &Wanted) -> Vec<BrowserPolicy> {
    let policy = |effect, setting: &str, value: &str| BrowserPolicy {
        browser: "Firefox".to_owned(),
        effect,
        setting: setting.to_owned(),
        value: word(value),
        file: file.to_owned(),
    };
    let mut found = Vec::new();
    let filter = &policies["WebsiteFilter"];
    let covers = |pattern: &&str| match_covers(pattern, wanted);
    if texts(&filter["Exceptions"]).find(covers).is_none() {
        let block = texts(&filter["Block"]).find(covers);
        found.extend(block.map(|it| policy(PolicyEffect::Blocks, "WebsiteFilter", it)));
    }
    if let Some(proxy) = firefox::policy_proxy(&policies["Proxy"], wanted, file)
        && (proxy.takes || proxy.pac)
    {
        found.push(policy(PolicyEffect::Proxies, "Proxy", &proxy.server));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(found: &[BrowserPolicy]) -> Vec<String> {
        found
            .iter()
            .map(|one| format!("{} {}", one.setting, one.value))
            .collect()
    }

    #[test]
    fn a_filter_blocks_unless_another_allows() {
        let blocks = (
            "/a".to_owned(),
            json!({ "URLBlocklist": ["x.test", "localhost:3000"] }),
        );
        let allows = ("/b".to_owned(), json!({ "URLAllowlist": ["localhost"] }));
        let of = |files: &[(String, Value)]| {
            told(&of_chromium(
                "Chromium",
                files,
                &Wanted::test("localhost:3000"),
            ))
        };
        assert_eq!(
            of(std::slice::from_ref(&blocks)),
            ["URLBlocklist localhost:3000"]
        );
        assert_eq!(of(&[blocks, allows]), [""; 0]);
    }

    #[test]
    fn a_proxy_and_denied_sites_are_found() {
        let files = [(
            "/a".to_owned(),
            json!({
                "ProxySettings": { "ProxyMode": "fixed_servers", "ProxyServer": "10.0.0.1:80" },
                "LocalNetworkAccessBlockedForUrls": ["https://app.example.com"],
            }),
        )];
        let of = |words: &str| told(&of_chromium("Chromium", &files, &Wanted::test(words)));
        assert_eq!(
            of("localhost:3000"),
            ["LocalNetworkAccessBlockedForUrls https://app.example.com"]
        );
        assert_eq!(of("shop.test:3000"), ["ProxySettings 10.0.0.1:80"]);
    }

    #[test]
    fn policies_of_firefox_are_read() {
        let policies = json!({
            "WebsiteFilter": { "Block": ["<all_urls>"], "Exceptions": ["https://*/*"] },
            "Proxy": { "Mode": "manual", "HTTPProxy": "10.0.0.1:80", "Passthrough": "*.test" },
        });
        let of = |words: &str| told(&of_firefox(&policies, "/p", &Wanted::test(words)));
        assert_eq!(of("http://localhost:3000"), ["WebsiteFilter <all_urls>"]);
        assert_eq!(of("https://shop.test:3000"), [""; 0]);
        assert_eq!(of("https://shop.example:3000"), ["Proxy 10.0.0.1:80"]);
    }
}
