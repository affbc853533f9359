//! The containers of Firefox, whose tabs keep what they meet apart from all others.

use std::path::Path;

use serde_json::Value;

use super::{read_json, word};

/// Of so many containers, and no more.
const MOST: usize = 16;

/// Every container of a profile: its number and its name.
#[derive(Debug, Default)]
pub(super) struct Tabs(Vec<(u32, String)>);

impl Tabs {
    /// A file that cannot be read leaves the numbers, which are told instead.
    pub(super) fn read(profile: &Path) -> Self {
        let list = read_json(&profile.join("containers.json"));
        list.ok()
            .flatten()
            .map(|list| Self::of(&list))
            .unwrap_or_default()
    }

    fn of(list: &Value) -> Self {
        let all = list["identities"].as_array().into_iter().flatten();
        // The others are the browser's own and have no tabs.
        let all = all.filter(|one| one["public"] == true);
        let named = all.filter_map(|one| {
            let id = u32::try_from(one["userContextId"].as_u64()?).ok()?;
            let own = one["name"].as_str().filter(|name| !name.is_empty());
            let name = own.or_else(|| known(one["l10nId"].as_str().or(one["l10nID"].as_str())?));
            Some((id, name.map_or_else(|| id.to_string(), word)))
        });
        Tabs(named.take(MOST).collect())
    }

    /// The numbers.
    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|(id, _)| *id)
    }

    /// The name of a container.
    pub(super) fn name(&self, id: u32) -> String {
        let named = self.0.iter().find(|(known, _)| *known == id);
        named.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }

    /// In which tabs something holds, by what stands behind its key:
    /// `^userContextId=2&partitionKey=…`. Nothing for private windows, which keep nothing.
    pub(super) fn holds_in(&self, suffix: &str) -> Option<Option<String>> {
        let mut container = None;
        for part in suffix.trim_start_matches('^').split('&') {
            match part.split_once('=') {
                Some(("userContextId", id)) => container = Some(self.name(id.parse().ok()?)),
                Some(("privateBrowsingId", _)) => return None,
                _ => {}
            }
        }
        Some(container)
    }
}

/// The containers that the browser comes with, in both of its spellings.
fn known(id: &str) -> Option<&'static str> {
    match id {
        "user-context-personal" | "userContextPersonal.label" => Some("Personal"),
        "user-context-work" | "userContextWork.label" => Some("Work"),
        "user-context-banking" | "userContextBanking.label" => Some("Banking"),
        "user-context-shopping" | "userContextShopping.label" => Some("Shopping"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_holds_in_all_tabs_or_in_those_of_a_container() {
        // As Firefox 153 has written it, with one of the user's own.
        let tabs = Tabs::of(&json!({ "version": 6, "identities": [
            { "l10nId": "user-context-work", "public": true, "userContextId": 2 },
            { "name": "", "l10nID": "userContextShopping.label", "public": true, "userContextId": 4 },
            { "name": "userContextIdInternal.thumbnail", "public": false, "userContextId": 5 },
            { "name": "Client A", "public": true, "userContextId": 6 },
        ] }));
        assert_eq!(tabs.ids().collect::<Vec<_>>(), [2, 4, 6]);
        for (suffix, holds) in [
            ("", Some(None)),
            ("partitionKey=%28https%2Cshop.test%29", Some(None)),
            ("^userContextId=2", Some(Some("Work"))),
            ("userContextId=4&partitionKey=x", Some(Some("Shopping"))),
            ("userContextId=6", Some(Some("Client A"))),
            ("userContextId=9", Some(Some("9"))),
            ("userContextId=x", None),
            ("privateBrowsingId=1", None),
        ] {
            let told = tabs.holds_in(suffix);
            let told = told.as_ref().map(|container| container.as_deref());
            assert_eq!(told, holds, "{suffix}");
        }
        assert!(Tabs::of(&json!([])).0.is_empty());
    }
}
