//! What a parser is handed: the project's files and the user's environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{BrokenFile, Claims, Origin};

/// The files of one project. A path is seen from the project's root, its parts
/// divided by `/`; one that leads out of the root is [`Unreadable::Outside`].
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    ///
    /// Why it has none.
    fn text(&self, path: &str) -> Result<Arc<str>, Unreadable>;

    /// The names of the files and folders in a folder; none where it has none.
    fn names(&self, folder: &str) -> Vec<String>;

    /// Whether this folder is asked for by itself, whether a workspace has it or not:
    /// somebody stands in it, its server runs, or the settings take it in.
    fn is_asked_for(&self, _folder: &str) -> bool {
        false
    }

    /// The project's root as the system names it, where the files have such a place.
    fn root(&self) -> Option<&str> {
        None
    }
}

/// Why a file has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no such file.
    Missing,
    /// The system does not permit it.
    Forbidden,
    /// It is a folder, a pipe, a device.
    NotAFile,
    /// It is longer than is read.
    TooLarge,
    /// It is not UTF-8 text.
    NotText,
    /// It, or where it points to, lies outside of the project.
    Outside,
    /// Reading it failed, in the system's words.
    Failed(String),
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unreadable::Missing => "it does not exist",
            Unreadable::Forbidden => "this user may not read it",
            Unreadable::NotAFile => "it is not a file",
            Unreadable::TooLarge => "it is too large to be read",
            Unreadable::NotText => "it is not UTF-8 text",
            Unreadable::Outside => "it lies outside of the project",
            Unreadable::Failed(why) => why,
        })
    }
}

/// What a parser is handed besides the path of its file.
pub struct Context<'a> {
    /// The project's files.
    pub files: &'a dyn Files,
    /// The user's environment.
    pub environment: &'a BTreeMap<String, String>,
}

impl Context<'_> {
    /// The text of a file that must be there: where it cannot be read, the claims say so.
    pub fn text(&self, path: &str, claims: &mut Claims) -> Option<Arc<str>> {
        match self.files.text(path) {
            // A byte order mark is no part of the text.
            Ok(text) => Some(match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.into(),
                None => text,
            }),
            Err(why) => {
                let broken = BrokenFile {
                    origin: Origin {
                        file: path.to_owned(),
                        ..Origin::default()
                    },
                    what: why.to_string(),
                };
                // A file that several ask for is told of once.
                if !claims.broken.contains(&broken) {
                    claims.broken.push(broken);
                }
                None
            }
        }
    }

    /// The text of a file that may be there. One that is there and cannot be read is broken.
    pub fn text_if_there(&self, path: &str, claims: &mut Claims) -> Option<Arc<str>> {
        match self.files.text(path) {
            Err(Unreadable::Missing) => None,
            _ => self.text(path, claims),
        }
    }
}

/// The last part of a path.
#[must_use]
pub fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path; empty for the root.
#[must_use]
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path seen from a folder, seen from the root; nothing where it leads out of the root.
///
/// `join("apps/web", "../api/.env")` is `apps/api/.env`.
#[must_use]
pub fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Files that are held in memory: for tests.
#[cfg(test)]
#[derive(Debug, Default)]
pub struct Held(pub BTreeMap<String, String>);

#[cfg(test)]
impl Held {
    /// These files, each a path and its text.
    pub fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        let own = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
        Held(files.into_iter().map(own).collect())
    }

    /// What all parsers make of these files, with no environment.
    pub fn claims(&self) -> Claims {
        self.claims_with(&[])
    }

    /// What all parsers make of these files, with these variables.
    pub fn claims_with(&self, environment: &[(&str, &str)]) -> Claims {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(own).collect();
        let cx = Context {
            files: self,
            environment: &environment,
        };
        super::read(&cx, &self.0.keys().collect::<Vec<_>>())
    }
}

#[cfg(test)]
impl Files for Held {
    fn text(&self, path: &str) -> Result<Arc<str>, Unreadable> {
        let text = self.0.get(path).ok_or(Unreadable::Missing)?;
        Ok(Arc::from(text.as_str()))
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&prefix));
        let mut names: Vec<String> = below
            .filter_map(|rest| rest.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_and_never_leads_out() {
        assert_eq!(
            join("apps/web", "../api/.env").as_deref(),
            Some("apps/api/.env")
        );
        assert_eq!(join("", "./compose.yaml").as_deref(), Some("compose.yaml"));
        assert_eq!(join("a", ".").as_deref(), Some("a"));
        assert_eq!(join("a", "../../etc/passwd"), None);
        assert_eq!(join("a", "/etc/passwd"), None);
    }
}
