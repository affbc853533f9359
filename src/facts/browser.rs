//! What the browsers of this user keep that can stand between them and one address.
//!
//! Read only for `why --browser`, and only for the asked address: no history, no cookies,
//! no secrets, and nothing of other sites but those that were denied this machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Gap, Known};

/// Domains that browsers only ever open over https: a line each, after the comments.
const PRELOADED: &str = include_str!("../../config/hsts-tlds.txt");

/// The top-level domain of this name, if browsers have it on their built-in HSTS list.
#[must_use]
pub fn preloaded_tld(host: &str) -> Option<&'static str> {
    let (_, last) = host.trim_end_matches('.').rsplit_once('.')?;
    PRELOADED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find(|tld| !tld.is_empty() && last.eq_ignore_ascii_case(tld))
}

/// The browsers of this user, as far as they concern the asked address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Browsers {
    /// The folders that were looked into for profiles, where none was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<String>,
    /// The profiles that were found.
    pub profiles: Vec<BrowserProfile>,
    /// Settings of the machine's administrator that touch the address.
    pub policies: Known<Vec<BrowserPolicy>>,
    /// Why nothing that Safari keeps was read; none where there is no Safari.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safari: Option<Gap>,
}

impl Browsers {
    /// The parts that could not be seen, each once, with the first reason.
    #[must_use]
    pub fn unseen(&self) -> Vec<(&'static str, Option<&Gap>)> {
        type Part = fn(&BrowserProfile) -> Option<&Gap>;
        let parts: [(&str, Part); 8] = [
            ("browser-hsts", |profile| profile.hsts.gap()),
            ("browser-https-only", |profile| profile.https_only.gap()),
            ("browser-ipv6", |profile| profile.ipv4_only.gap()),
            ("browser-redirects", |profile| profile.redirects.gap()),
            ("browser-workers", |profile| profile.workers.gap()),
            ("browser-proxy", |profile| profile.proxy.gap()),
            ("browser-extensions", |profile| profile.extensions.gap()),
            ("browser-sites", |profile| profile.denied.gap()),
        ];
        let of = |part: Part| self.profiles.iter().find_map(part);
        let parts = parts.map(|(name, part)| (name, of(part)));
        let whole = [
            ("browser-policies", self.policies.gap()),
            ("browser-safari", self.safari.as_ref()),
        ];
        whole.into_iter().chain(parts).collect()
    }
}

/// One profile of one browser.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserProfile {
    /// The browser: `Chromium`, `Google Chrome`, `Firefox`.
    pub browser: String,
    /// Whether it is of Firefox's family; if not, it is of Chromium's.
    pub gecko: bool,
    /// The profile's folder: `Default`.
    pub name: String,
    /// The first number of the version that used it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What it remembers of hosts that want https: the one that holds for the asked host.
    pub hsts: Known<Vec<HstsEntry>>,
    /// By what it opens the asked host over https only, whatever that host has said.
    pub https_only: Known<Vec<BrowserSetting>>,
    /// By what it asks the asked host by IPv4 only.
    pub ipv4_only: Known<Vec<BrowserSetting>>,
    /// Redirects of the asked address that it keeps and takes without asking again.
    pub redirects: Known<Vec<CachedRedirect>>,
    /// Service workers that answer for the asked origin.
    pub workers: Known<Vec<ServiceWorker>>,
    /// The proxy that is set in it, if one is.
    pub proxy: Known<Vec<BrowserProxy>>,
    /// Extensions that may block or divert a request to the asked address.
    pub extensions: Known<Vec<BrowserExtension>>,
    /// Sites whose pages may not reach the asked address, as the user decided; not asked
    /// for where the user has switched that off.
    pub denied: Known<Vec<DeniedSite>>,
}

impl BrowserProfile {
    /// The browser, and which of its profiles: `Chromium (profile Default)`.
    #[must_use]
    pub fn title(&self) -> String {
        self.title_in(None)
    }

    /// The same with the container whose tabs are meant, where it is not all tabs.
    #[must_use]
    pub fn title_in(&self, container: Option<&str>) -> String {
        let (browser, name) = (&self.browser, &self.name);
        match container {
            None => format!("{browser} (profile {name})"),
            Some(container) => format!("{browser} (profile {name}, container {container})"),
        }
    }
}

/// A host that has asked to be opened over https only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HstsEntry {
    /// The host itself, or the domain above it that includes its subdomains.
    pub host: String,
    /// For how many more seconds.
    pub left_s: u64,
    /// The container of tabs in which alone it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The file.
    pub file: String,
}

/// An answer that is kept: another place to go to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CachedRedirect {
    /// The address that was asked.
    pub url: String,
    /// The status: 301 or 308, or another that was made to be kept.
    pub status: u16,
    /// Where it leads.
    pub location: String,
    /// How long it has been kept, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// The container of tabs in which alone it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The file.
    pub file: String,
}

/// A program of a page that answers requests in the server's place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceWorker {
    /// The addresses it answers for: all that begin like this.
    pub scope: String,
    /// Where it came from.
    pub script: String,
    /// The container of tabs in which alone it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The file or folder.
    pub file: String,
}

/// A setting of a browser that is on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserSetting {
    /// Its name: `dom.security.https_only_mode`; that of the policy where one has set it.
    pub setting: String,
    /// Whether it holds in private windows only.
    pub private: bool,
    /// Whether the administrator of the machine has set it.
    pub managed: bool,
    /// The file.
    pub file: String,
}

/// A proxy that is set in a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserProxy {
    /// Where requests go: `127.0.0.1:8888`, or the address of a PAC script; no password.
    pub server: String,
    /// Whether a script decides what goes there.
    pub pac: bool,
    /// Whether requests to the asked host go there, too; without a PAC script.
    pub takes: bool,
    /// The file.
    pub file: String,
}

/// An extension that may block or divert requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserExtension {
    /// Its name, or its id where it tells none.
    pub name: String,
    /// The permission by which it may: `webRequestBlocking`, `declarativeNetRequest`, `proxy`.
    pub permission: String,
    /// The file.
    pub file: String,
}

/// A site whose pages may not reach the asked address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeniedSite {
    /// The site: `https://app.example.com`; `every site` where that is the default.
    pub site: String,
    /// The browser's word for it: `loopback_network`.
    pub setting: String,
    /// The container of tabs in which alone it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The file.
    pub file: String,
}

impl DeniedSite {
    /// The site of a default that holds for all.
    pub const EVERY: &str = "every site";
}

/// What a setting of the administrator does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyEffect {
    /// The address may not be opened.
    #[default]
    Blocks,
    /// Requests to it go through a proxy.
    Proxies,
    /// Pages of other sites may not reach it.
    DeniesSites,
}

/// A setting of the machine's administrator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserPolicy {
    /// The browser.
    pub browser: String,
    /// What it does to the asked address.
    pub effect: PolicyEffect,
    /// Its name: `URLBlocklist`.
    pub setting: String,
    /// The part of its value that matters: `localhost:3000`.
    pub value: String,
    /// The file.
    pub file: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_a_domain_of_the_list_are_on_it() {
        assert_eq!(preloaded_tld("shop.dev"), Some("dev"));
        assert_eq!(preloaded_tld("A.SHOP.DEV."), Some("dev"));
        for other in ["dev", "localhost", "shop.test", "dev.test", "", ".", "x.#"] {
            assert_eq!(preloaded_tld(other), None, "{other}");
        }
    }
}
