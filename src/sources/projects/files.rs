//! The files of one project on the disk.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::parsers::{Files, Unreadable};

/// More than any configuration file needs; what is longer is something else.
const LARGEST: u64 = 1024 * 1024;

/// A text, or why there is none.
type Text = Result<Arc<str>, Unreadable>;

/// The files below a folder. Links are followed as long as they stay below it, and
/// nothing but plain files is ever opened: a pipe would wait for a writer.
#[derive(Debug)]
pub(super) struct OnDisk {
    /// The folder, without links.
    root: PathBuf,
    /// What was read before: several parsers ask for the same file.
    read: RefCell<HashMap<String, Text>>,
}

impl OnDisk {
    /// The files below this folder.
    pub(super) fn new(root: &Path) -> std::io::Result<Self> {
        Ok(OnDisk {
            root: root.canonicalize()?,
            read: RefCell::default(),
        })
    }

    /// The root without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn look(&self, path: &str) -> Text {
        let parts = Path::new(path).components();
        if !parts
            .into_iter()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
        {
            return Err(Unreadable::Outside);
        }
        let whole = match self.root.join(path).canonicalize() {
            Ok(whole) => whole,
            // A link in a circle, or one that points to nothing, is there.
            Err(_) if self.root.join(path).is_symlink() => return Err(Unreadable::NotAFile),
            Err(error) => return Err(unreadable(&error)),
        };
        if !whole.starts_with(&self.root) {
            return Err(Unreadable::Outside);
        }
        let meta = whole.symlink_metadata().map_err(|e| unreadable(&e))?;
        if !meta.is_file() {
            return Err(Unreadable::NotAFile);
        }
        if meta.len() > LARGEST {
            return Err(Unreadable::TooLarge);
        }
        let mut bytes = Vec::new();
        std::fs::File::open(&whole)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > LARGEST {
            return Err(Unreadable::TooLarge);
        }
        let text = String::from_utf8(bytes).map_err(|_| Unreadable::NotText)?;
        Ok(text.into())
    }
}

fn unreadable(error: &std::io::Error) -> Unreadable {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Unreadable::Missing,
        ErrorKind::PermissionDenied => Unreadable::Forbidden,
        _ => Unreadable::Failed(error.to_string()),
    }
}

impl Files for OnDisk {
    fn text(&self, path: &str) -> Text {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let text = self.look(path);
        let mut read = self.read.borrow_mut();
        read.insert(path.to_owned(), text.clone());
        text
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(whole) = self.root.join(folder).canonicalize() else {
            return Vec::new();
        };
        if !whole.starts_with(&self.root) {
            return Vec::new();
        }
        let entries = std::fs::read_dir(whole).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        names
    }

    fn root(&self) -> Option<&str> {
        self.root.to_str()
    }
}
