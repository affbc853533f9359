//! The settings of a profile of Firefox: those that are not as they come.

use std::path::{Path, PathBuf};

use super::read_file;
use crate::facts::Gap;

/// What `prefs.js` says.
pub(super) struct Prefs {
    pub(super) file: PathBuf,
    text: String,
}

impl Prefs {
    pub(super) fn read(profile: &Path) -> Result<Self, Gap> {
        let file = profile.join("prefs.js");
        let bytes = read_file(&file)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Prefs { file, text })
    }

    #[cfg(test)]
    pub(super) fn test(text: &str) -> Self {
        Prefs {
            file: "/p".into(),
            text: text.to_owned(),
        }
    }

    /// A setting as it is written there, without quotes.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let begin = format!("user_pref(\"{name}\", ");
        let mut lines = self.text.lines();
        let value = lines.find_map(|line| line.strip_prefix(&begin))?;
        Some(value.trim_end_matches(");").trim_matches('"'))
    }
}
