//! What the administrator has set in a profile's place: settings and decisions that hold
//! for every profile of a browser.

use serde_json::Value;

use super::patterns;
use super::wanted::Wanted;

/// The settings of one browser that are not the user's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Managed {
    /// Settings of Firefox.
    pub(super) prefs: Vec<SetPref>,
    /// Whether a browser of Chromium's family opens sites over https only, and the file.
    pub(super) https_only: Option<(bool, String)>,
    /// Hosts that may be opened over http nevertheless.
    pub(super) plain: Vec<String>,
    /// Sites whose pages may reach this machine and its network without being asked.
    pub(super) let_in: Vec<String>,
}

/// A setting of Firefox that the administrator has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetPref {
    pub(super) name: String,
    pub(super) value: String,
    /// Whether the user cannot change it.
    pub(super) locked: bool,
    /// The policy that says it.
    pub(super) policy: String,
    pub(super) file: String,
}

/// The setting of Firefox that opens sites over https only.
pub(super) const HTTPS_ONLY: &str = "dom.security.https_only_mode";

impl Managed {
    /// What one file of Chromium's policies adds.
    pub(super) fn add_chromium(&mut self, text: &Value, wanted: &Wanted, file: &str) {
        match text["HttpsOnlyMode"].as_str() {
            Some("force_enabled") => self.https_only = Some((true, file.to_owned())),
            // Of the balanced one, names of one's own and ports are spared.
            Some("disallowed" | "force_balanced_enabled") => {
                self.https_only = Some((false, file.to_owned()));
            }
            _ => {}
        }
        self.plain.extend(texts(&text["HttpAllowlist"]));
        let mut lists = vec!["LocalNetworkAccessAllowedForUrls"];
        lists.push(match wanted.is_loopback() {
            true => "LoopbackNetworkAllowedForUrls",
            false => "LocalNetworkAllowedForUrls",
        });
        let let_in = lists.into_iter().flat_map(|list| texts(&text[list]));
        self.let_in.extend(let_in);
    }

    /// What a file of Firefox's policies says.
    pub(super) fn of_firefox(policies: &Value, file: &str) -> Self {
        let mut managed = Managed::default();
        let mut set = |policy: &str, name: &str, value: &Value, locked: bool| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            managed.prefs.push(SetPref {
                name: name.to_owned(),
                value,
                locked,
                policy: policy.to_owned(),
                file: file.to_owned(),
            });
        };
        match policies["HttpsOnlyMode"].as_str() {
            Some("force_enabled") => set("HttpsOnlyMode", HTTPS_ONLY, &true.into(), true),
            Some("enabled") => set("HttpsOnlyMode", HTTPS_ONLY, &true.into(), false),
            Some("disallowed") => set("HttpsOnlyMode", HTTPS_ONLY, &false.into(), true),
            _ => {}
        }
        let lna = &policies["LocalNetworkAccess"];
        let locked = lna["Locked"] == true;
        if let Some(on) = lna["Enabled"].as_bool() {
            let asks = on && lna["EnablePrompting"] != false;
            let policy = "LocalNetworkAccess";
            set(policy, "network.lna.enabled", &on.into(), locked);
            set(policy, "network.lna.blocking", &asks.into(), locked);
        }
        let skipped: Vec<String> = texts(&lna["SkipDomains"]).collect();
        if !skipped.is_empty() {
            let list = Value::from(skipped.join(","));
            set(
                "LocalNetworkAccess",
                "network.lna.skip-domains",
                &list,
                locked,
            );
        }
        for (name, setting) in policies["Preferences"].as_object().into_iter().flatten() {
            // The older form is the value alone, which is locked.
            let status = setting["Status"].as_str().unwrap_or("locked");
            let value = match setting {
                Value::Object(parts) => parts.get("Value"),
                value => Some(value),
            };
            if let Some(value) = value.filter(|_| status != "clear") {
                set("Preferences", name, value, status == "locked");
            }
        }
        managed.plain.extend(texts(&policies["HttpAllowlist"]));
        managed
    }

    /// Whether the administrator lets pages of this site in.
    pub(super) fn lets_in(&self, site: &str) -> bool {
        self.let_in
            .iter()
            .any(|pattern| patterns::names_site(pattern, site))
    }
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn policies_of_firefox_set_its_settings() {
        let of = |policies: Value| {
            let set = Managed::of_firefox(&policies, "/p").prefs.into_iter();
            set.map(|it| format!("{}={} {} {}", it.name, it.value, it.locked, it.policy))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(json!({ "HttpsOnlyMode": "enabled" })),
            ["dom.security.https_only_mode=true false HttpsOnlyMode"]
        );
        assert_eq!(
            of(json!({ "LocalNetworkAccess": { "Enabled": false, "Locked": true } })),
            [
                "network.lna.enabled=false true LocalNetworkAccess",
                "network.lna.blocking=false true LocalNetworkAccess"
            ]
        );
        assert_eq!(
            of(json!({ "LocalNetworkAccess": {
                "Enabled": true, "EnablePrompting": false, "SkipDomains": ["localhost", "*.test"],
            } })),
            [
                "network.lna.enabled=true false LocalNetworkAccess",
                "network.lna.blocking=false false LocalNetworkAccess",
                "network.lna.skip-domains=localhost,*.test false LocalNetworkAccess"
            ]
        );
        assert_eq!(
            of(json!({ "Preferences": {
                "network.dns.disableIPv6": { "Value": true, "Status": "default" },
                "network.dns.ipv4OnlyDomains": "localhost",
                "x": { "Status": "clear" },
            } })),
            [
                "network.dns.disableIPv6=true false Preferences",
                "network.dns.ipv4OnlyDomains=localhost true Preferences"
            ]
        );
        assert_eq!(of(json!({})), [""; 0]);
    }
}
