//! How devdoctor is set: defaults, then the user's file, then the project's file,
//! then the environment. Flags come last and are applied by the command line.
//!
//! Where no file is there, this costs a few `stat` calls and parses nothing: the
//! defaults stand in code, and a test holds them equal to `config/devdoctor.toml`,
//! which is their description.

mod error;
mod file;
mod keys;
mod places;
mod span;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

pub use error::{Place, SettingsError};
pub use span::{parse_duration, show_duration};

/// The defaults, as the file that describes every key.
pub const DEFAULTS: &str = include_str!("../../config/devdoctor.toml");

/// Every setting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Findings never to be reported.
    pub allow: Vec<Allowed>,
    /// Whether reports are coloured.
    pub colour: Colour,
    /// How container engines are asked.
    pub docker: Docker,
    /// What the daemon shows desktop notifications of.
    pub notify: Notify,
    /// What may be asked outside of this machine.
    pub outside: Outside,
    /// Which folders of a project count.
    pub projects: Projects,
    /// How long each look may take.
    pub timeouts: Timeouts,
}

/// A finding that is never to be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Its rule's code or name, as written.
    pub rule: String,
    /// Where that was written.
    pub place: Place,
}

/// Whether reports are coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the daemon shows desktop notifications of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notify {
    /// Nothing.
    Off,
    /// Connections that were refused where a server was to be expected.
    #[default]
    Refused,
    /// Those, and files of a project that no longer say what runs.
    All,
}

/// How container engines are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docker {
    /// Whether they are asked at all.
    pub enabled: bool,
}

impl Default for Docker {
    fn default() -> Self {
        Docker { enabled: true }
    }
}

/// What may be asked outside of this machine, where the target is another one and fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Whether well-known hosts of the internet are dialled for comparison.
    pub well_known: bool,
}

impl Default for Outside {
    fn default() -> Self {
        Outside { well_known: true }
    }
}

/// Which folders and files of a project count: globs as in a `.gitignore` at its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projects {
    /// Those that do not.
    pub leave_out: Vec<String>,
    /// Those that do, although they are samples or left out as a part of something else.
    pub take_in: Vec<String>,
}

/// How long each look may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// A connection to an address of this machine.
    pub connect_local: Duration,
    /// A connection to another machine.
    pub connect_remote: Duration,
    /// The first byte from a server that speaks first, or was sent nothing.
    pub silence: Duration,
    /// The first byte of the answer to a request.
    pub first_response: Duration,
    /// What a name resolves to.
    pub names: Duration,
    /// The answer of a container engine.
    pub engines: Duration,
    /// The firewall's rules.
    pub firewall: Duration,
    /// What the files of a project say.
    pub projects: Duration,
    /// One diagnosis from start to end.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect_local: Duration::from_millis(1500),
            connect_remote: Duration::from_millis(3500),
            silence: Duration::from_secs(2),
            first_response: Duration::from_secs(15),
            names: Duration::from_secs(2),
            engines: Duration::from_secs(1),
            firewall: Duration::from_secs(1),
            projects: Duration::from_secs(1),
            whole: Duration::from_secs(20),
        }
    }
}

impl Settings {
    /// The settings that hold in this folder, with this environment.
    ///
    /// # Errors
    ///
    /// The first mistake in a settings file or variable: where it stands, what it
    /// is, and what to write instead.
    pub fn load(cwd: &Path, env: impl Fn(&str) -> Option<OsString>) -> Result<Self, SettingsError> {
        let mut settings = Settings::default();
        if let Some(path) = places::user_file(&env) {
            file::apply_if_there(&path, &mut settings)?;
        }
        if let Some(path) = places::project_file(cwd, &env) {
            file::apply_if_there(&path, &mut settings)?;
        }
        keys::apply_env(&env, &mut settings)?;
        Ok(settings)
    }

    /// Hands over the text of the user's own `frameworks.toml`, which stands beside the
    /// user's settings file, if there is one.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, or what is wrong with it and where.
    pub fn own_frameworks(
        env: impl Fn(&str) -> Option<OsString>,
        add: impl FnOnce(&str) -> Result<(), toml::de::Error>,
    ) -> Result<(), SettingsError> {
        let Some(path) = places::frameworks_file(&env) else {
            return Ok(());
        };
        match file::text_if_there(&path)? {
            Some(text) => add(&text).map_err(|error| file::mistake(&path, &text, &error)),
            None => Ok(()),
        }
    }

    /// Whether findings of this rule are never to be reported.
    #[must_use]
    pub fn allows(&self, code: &str, name: &str) -> bool {
        self.allow
            .iter()
            .any(|allowed| allowed.rule.eq_ignore_ascii_case(code) || allowed.rule == name)
    }

    /// Checks that everything in `allow` is the code or the name of a rule.
    ///
    /// # Errors
    ///
    /// The first that is not, with where it stands and what may have been meant.
    pub fn check_allowed<'a>(
        &self,
        rules: impl IntoIterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<(), SettingsError> {
        for allowed in &self.allow {
            let known = rules.clone().into_iter().any(|(code, name)| {
                allowed.rule.eq_ignore_ascii_case(code) || allowed.rule == name
            });
            if !known {
                let names = rules.into_iter().flat_map(|(code, name)| [code, name]);
                return Err(SettingsError {
                    place: allowed.place.clone(),
                    what: format!("there is no finding {}", error::quoted(&allowed.rule)),
                    help: match error::nearest(&allowed.rule, names) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`devdoctor explain --list` shows them all".to_owned(),
                    },
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
