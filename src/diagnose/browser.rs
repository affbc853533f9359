//! What the user's browsers keep, where that is asked for.

use std::time::{Duration, Instant};

use super::why::Doctor;
use crate::facts::{BrowserProfile, Known, Snapshot};
use crate::sources::browser;

/// How long reading the profiles may take: they are files of this machine.
const PATIENCE: Duration = Duration::from_secs(2);

impl Doctor<'_> {
    /// Reads the profiles, if they were asked for.
    pub(super) fn look_at_browser(&mut self) {
        if !self.given.browser {
            return;
        }
        let began = Instant::now();
        self.facts.browsers = browser::look(self.target, PATIENCE).map(Into::into);
        let saw = match (&self.facts.browsers, read(&self.facts)) {
            (Known::Unseen(gap), _) => gap.to_string(),
            (_, Some(profiles)) if !profiles.is_empty() => profiles.join(", "),
            _ => "no profile".to_owned(),
        };
        self.looks.note("browser", saw, began);
    }
}

/// The profiles that were read, as they are told; nothing where none was asked for.
pub(super) fn read(facts: &Snapshot) -> Option<Vec<String>> {
    let browsers = facts.browsers.seen()?;
    let titles = browsers.profiles.iter().map(BrowserProfile::title);
    Some(titles.collect())
}
