//! The settings of a profile of Firefox: those that are not as they come.

use std::path::{Path, PathBuf};

use super::managed::Managed;
use super::{read_file, shown};
use crate::facts::{BrowserSetting, Gap};

/// What `prefs.js` says, and what the administrator says before it.
pub(super) struct Prefs<'a> {
    pub(super) file: PathBuf,
    text: String,
    managed: &'a Managed,
}

impl<'a> Prefs<'a> {
    pub(super) fn read(profile: &Path, managed: &'a Managed) -> Result<Self, Gap> {
        let file = profile.join("prefs.js");
        let bytes = read_file(&file)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Prefs {
            file,
            text,
            managed,
        })
    }

    #[cfg(test)]
    pub(super) fn test(text: &str, managed: &'a Managed) -> Self {
        Prefs {
            file: "/p".into(),
            text: text.to_owned(),
            managed,
        }
    }

    /// A setting as it is written there, without quotes.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.found(name).map(|(value, _)| value)
    }

    /// The setting that is in force, where it has this value.
    pub(super) fn that_is(&self, name: &str, value: &str) -> Option<BrowserSetting> {
        let (is, by) = self.found(name)?;
        let managed = by.is_some();
        let (setting, file) = by.unwrap_or_else(|| (name, shown(&self.file)));
        (is == value).then(|| BrowserSetting {
            setting: setting.to_owned(),
            private: false,
            managed,
            file,
        })
    }

    /// What the administrator has locked comes first, what he only proposes last.
    fn found(&self, name: &str) -> Option<(&str, Option<(&str, String)>)> {
        let set = self.managed.prefs.iter().find(|set| set.name == name);
        let policy = set.map(|set| {
            let by = (set.policy.as_str(), set.file.clone());
            (set.value.as_str(), Some(by))
        });
        let locked = set.is_some_and(|set| set.locked);
        let begin = format!("user_pref(\"{name}\", ");
        let mut lines = self.text.lines();
        let own = lines.find_map(|line| line.strip_prefix(&begin));
        let own = own.map(|value| (value.trim_end_matches(");").trim_matches('"'), None));
        match locked {
            true => policy,
            false => own.or(policy),
        }
    }
}
