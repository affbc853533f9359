//! The keys: one table for files and variables alike.

use std::ffi::OsString;
use std::time::Duration;

use ignore::gitignore::GitignoreBuilder;

use super::error::{Place, SettingsError, nearest, quoted};
use super::span::parse_duration;
use super::{Allowed, Colour, Notify, Settings};

/// A value as it was written.
pub(super) enum Written {
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
    /// Texts, each with its place.
    List(Vec<(String, Place)>),
}

impl Written {
    fn kind(&self) -> String {
        match self {
            Written::Text(text) => format!("the text {}", quoted(text)),
            Written::Flag(yes) => format!("`{yes}`"),
            Written::List(_) => "a list".to_owned(),
        }
    }
}

/// One key: its path, and the setting that it sets.
pub(super) struct Key {
    path: &'static str,
    sets: Sets,
}

/// What kind of setting a key sets, and which.
enum Sets {
    Colour(fn(&mut Settings) -> &mut Colour),
    Flag(fn(&mut Settings) -> &mut bool),
    Globs(fn(&mut Settings) -> &mut Vec<String>),
    Notify(fn(&mut Settings) -> &mut Notify),
    Rules(fn(&mut Settings) -> &mut Vec<Allowed>),
    Span(fn(&mut Settings) -> &mut Duration),
}

const KEYS: &[Key] = &[
    Key {
        path: "allow",
        sets: Sets::Rules(|s| &mut s.allow),
    },
    Key {
        path: "colour",
        sets: Sets::Colour(|s| &mut s.colour),
    },
    Key {
        path: "docker.enabled",
        sets: Sets::Flag(|s| &mut s.docker.enabled),
    },
    Key {
        path: "notify",
        sets: Sets::Notify(|s| &mut s.notify),
    },
    Key {
        path: "outside.well_known",
        sets: Sets::Flag(|s| &mut s.outside.well_known),
    },
    Key {
        path: "projects.leave_out",
        sets: Sets::Globs(|s| &mut s.projects.leave_out),
    },
    Key {
        path: "projects.take_in",
        sets: Sets::Globs(|s| &mut s.projects.take_in),
    },
    Key {
        path: "timeouts.connect_local",
        sets: Sets::Span(|s| &mut s.timeouts.connect_local),
    },
    Key {
        path: "timeouts.connect_remote",
        sets: Sets::Span(|s| &mut s.timeouts.connect_remote),
    },
    Key {
        path: "timeouts.silence",
        sets: Sets::Span(|s| &mut s.timeouts.silence),
    },
    Key {
        path: "timeouts.first_response",
        sets: Sets::Span(|s| &mut s.timeouts.first_response),
    },
    Key {
        path: "timeouts.names",
        sets: Sets::Span(|s| &mut s.timeouts.names),
    },
    Key {
        path: "timeouts.engines",
        sets: Sets::Span(|s| &mut s.timeouts.engines),
    },
    Key {
        path: "timeouts.firewall",
        sets: Sets::Span(|s| &mut s.timeouts.firewall),
    },
    Key {
        path: "timeouts.projects",
        sets: Sets::Span(|s| &mut s.timeouts.projects),
    },
    Key {
        path: "timeouts.whole",
        sets: Sets::Span(|s| &mut s.timeouts.whole),
    },
];

/// The paths of all keys.
pub(super) fn paths() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.path)
}

/// The key with this path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether keys stand below this prefix, which ends with a dot.
pub(super) fn is_table(prefix: &str) -> bool {
    paths().any(|path| path.starts_with(prefix))
}

/// What to say of a key that does not exist.
pub(super) fn unknown(path: &str, place: Place) -> SettingsError {
    if is_table(&format!("{path}.")) {
        return SettingsError {
            place,
            what: format!("{} is a table, and this is a value", quoted(path)),
            help: format!("write [{path}] on a line of its own, and its settings below"),
        };
    }
    // A table is a likely meaning too, and so is a key written outside its table.
    let tables = paths().filter_map(|path| Some(path.split_once('.')?.0));
    let near = paths()
        .find(|known| known.rsplit('.').next() == Some(path))
        .or_else(|| nearest(path, paths().chain(tables)));
    SettingsError {
        place,
        what: format!("there is no setting {}", quoted(path)),
        help: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "the settings are {}",
                paths().collect::<Vec<_>>().join(", ")
            ),
        },
    }
}

impl Key {
    /// What this key takes.
    fn takes(&self) -> &'static str {
        match self.sets {
            Sets::Colour(_) => "\"auto\", \"always\" or \"never\"",
            Sets::Flag(_) => "true or false",
            Sets::Globs(_) => {
                "a list of folders, as a .gitignore names them: [\"examples/shop\", \"*-fixtures\"]"
            }
            Sets::Notify(_) => "\"off\", \"refused\" or \"all\"",
            Sets::Rules(_) => "a list of codes and names such as [\"DD410\", \"error-status\"]",
            Sets::Span(_) => "a duration such as \"300ms\", \"1.5s\" or \"2m\"",
        }
    }

    /// What to say of a value that this key does not take.
    pub(super) fn wrong_kind(&self, kind: &str, place: Place) -> SettingsError {
        SettingsError {
            place,
            what: format!("`{}` cannot be {kind}", self.path),
            help: format!("write {}", self.takes()),
        }
    }

    /// Sets the setting.
    pub(super) fn set(
        &self,
        settings: &mut Settings,
        written: Written,
        place: Place,
    ) -> Result<(), SettingsError> {
        match (&self.sets, written) {
            (Sets::Colour(slot), Written::Text(text)) => {
                *slot(settings) = match text.as_str() {
                    "auto" => Colour::Auto,
                    "always" => Colour::Always,
                    "never" => Colour::Never,
                    _ => return Err(self.wrong_kind(&quoted(&text), place)),
                };
            }
            (Sets::Flag(slot), Written::Flag(yes)) => *slot(settings) = yes,
            (Sets::Globs(slot), Written::List(items)) => {
                for (glob, place) in items {
                    let glob = glob.trim().to_owned();
                    if let Err(why) = check_glob(&glob) {
                        return Err(self.wrong_kind(&format!("{} ({why})", quoted(&glob)), place));
                    }
                    if !slot(settings).contains(&glob) {
                        slot(settings).push(glob);
                    }
                }
            }
            (Sets::Notify(slot), Written::Text(text)) => {
                *slot(settings) = match text.as_str() {
                    "off" => Notify::Off,
                    "refused" => Notify::Refused,
                    "all" => Notify::All,
                    _ => return Err(self.wrong_kind(&quoted(&text), place)),
                };
            }
            (Sets::Rules(slot), Written::List(items)) => {
                for (rule, place) in items {
                    let rule = rule.trim().to_owned();
                    if !slot(settings).iter().any(|known| known.rule == rule) {
                        slot(settings).push(Allowed { rule, place });
                    }
                }
            }
            (Sets::Span(slot), Written::Text(text)) => {
                *slot(settings) = parse_duration(&text)
                    .map_err(|why| self.wrong_kind(&format!("{} ({why})", quoted(&text)), place))?;
            }
            (_, other) => return Err(self.wrong_kind(&other.kind(), place)),
        }
        Ok(())
    }

    /// The variable that sets this key.
    fn variable(&self) -> String {
        format!("DEVDOCTOR_{}", self.path.replace('.', "_").to_uppercase())
    }

    /// The text of a variable, as this key takes it.
    fn written(&self, text: &str, place: &Place) -> Written {
        match (&self.sets, text) {
            (Sets::Flag(_), "1" | "true") => Written::Flag(true),
            (Sets::Flag(_), "0" | "false") => Written::Flag(false),
            (Sets::Globs(_) | Sets::Rules(_), _) => Written::List(
                text.split(',')
                    .filter(|item| !item.trim().is_empty())
                    .map(|item| (item.to_owned(), place.clone()))
                    .collect(),
            ),
            _ => Written::Text(text.to_owned()),
        }
    }
}

/// Why no folder of a project is ever meant by this glob, if none is.
fn check_glob(glob: &str) -> Result<(), String> {
    if glob.is_empty() {
        return Err("it is empty".to_owned());
    }
    if glob.starts_with('#') {
        return Err("it is a comment".to_owned());
    }
    if glob.split('/').any(|part| part == "..") {
        return Err("it leads out of the project".to_owned());
    }
    if glob.split('/').any(|part| part == ".") {
        return Err("it is seen from the project's root without `.`".to_owned());
    }
    match GitignoreBuilder::new("").add_line(None, glob) {
        Ok(_) => Ok(()),
        Err(ignore::Error::Glob { err, .. }) => Err(err),
        Err(other) => Err(other.to_string()),
    }
}

/// Lays the environment over the settings. A variable that is set to nothing is
/// not set.
pub(super) fn apply_env(
    env: &impl Fn(&str) -> Option<OsString>,
    settings: &mut Settings,
) -> Result<(), SettingsError> {
    for key in KEYS {
        let name = key.variable();
        let Some(value) = env(&name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let place = Place::Variable(name);
        let value = value.to_string_lossy();
        key.set(settings, key.written(&value, &place), place)?;
    }
    Ok(())
}
