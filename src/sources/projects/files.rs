//! The files of one project on the disk.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
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
    /// The folders that were looked into: of the files that parsers ask for, most are
    /// not there.
    folders: RefCell<HashMap<String, Rc<Listed>>>,
    /// The folders that are asked for by themselves.
    asked_for: BTreeSet<String>,
}

/// What a folder of the project holds.
#[derive(Debug)]
enum Listed {
    /// These names; the folder is here, without links.
    Names(PathBuf, BTreeSet<String>),
    /// It may be searched, and not listed.
    Hidden(PathBuf),
    /// There is no such folder in the project, and why.
    None(Unreadable),
}

impl OnDisk {
    /// The files below this folder.
    pub(super) fn new(root: &Path) -> std::io::Result<Self> {
        Ok(OnDisk {
            root: root.canonicalize()?,
            read: RefCell::default(),
            folders: RefCell::default(),
            asked_for: BTreeSet::new(),
        })
    }

    /// These folders are asked for by themselves.
    pub(super) fn ask_for(&mut self, folders: BTreeSet<String>) {
        self.asked_for = folders;
    }

    /// The root without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folders that files were looked for in, without links.
    pub(super) fn looked_into(&self) -> Vec<PathBuf> {
        let folders = self.folders.borrow();
        let whole = folders.values().filter_map(|listed| match &**listed {
            Listed::Names(whole, _) | Listed::Hidden(whole) => Some(whole.clone()),
            Listed::None(_) => None,
        });
        whole.collect()
    }

    /// The files that are there and were asked for, readable or not, without links.
    pub(super) fn places(&self) -> Vec<PathBuf> {
        let read = self.read.borrow();
        let there = read
            .iter()
            .filter(|(_, text)| !matches!(text, Err(Unreadable::Missing | Unreadable::Outside)));
        let mut places = Vec::new();
        for (path, _) in there {
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            if let Listed::Names(whole, _) | Listed::Hidden(whole) = &*self.folder(above) {
                let seen = whole.join(name);
                // Where it is a link, what it points to may change, and so may the link.
                if seen.is_symlink()
                    && let Ok(target) = seen.canonicalize()
                {
                    places.push(target);
                }
                places.push(seen);
            }
        }
        places
    }

    fn look(&self, path: &str) -> Text {
        let parts = Path::new(path).components();
        if !parts
            .into_iter()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
        {
            return Err(Unreadable::Outside);
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = self.folder(above);
        let mut whole = match &*folder {
            Listed::Names(_, names) if !names.contains(name) => return Err(Unreadable::Missing),
            Listed::Names(whole, _) | Listed::Hidden(whole) => whole.join(name),
            Listed::None(why) => return Err(why.clone()),
        };
        let mut meta = whole.symlink_metadata().map_err(|e| unreadable(&e))?;
        if meta.is_symlink() {
            // One in a circle, or one that points to nothing, is there.
            whole = whole.canonicalize().map_err(|_| Unreadable::NotAFile)?;
            if !whole.starts_with(&self.root) {
                return Err(Unreadable::Outside);
            }
            meta = whole.symlink_metadata().map_err(|e| unreadable(&e))?;
        }
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

    /// What this folder holds, looked at once.
    fn folder(&self, path: &str) -> Rc<Listed> {
        if let Some(known) = self.folders.borrow().get(path) {
            return Rc::clone(known);
        }
        let listed = match self.root.join(path).canonicalize() {
            Err(error) => Listed::None(unreadable(&error)),
            Ok(whole) if !whole.starts_with(&self.root) => Listed::None(Unreadable::Outside),
            Ok(whole) => match std::fs::read_dir(&whole) {
                Ok(entries) => {
                    let names = entries.flatten().map(|entry| entry.file_name());
                    let names = names.filter_map(|name| name.into_string().ok());
                    Listed::Names(whole, names.collect())
                }
                Err(error) if error.kind() == ErrorKind::PermissionDenied => Listed::Hidden(whole),
                Err(error) => Listed::None(unreadable(&error)),
            },
        };
        let listed = Rc::new(listed);
        let mut folders = self.folders.borrow_mut();
        folders.insert(path.to_owned(), Rc::clone(&listed));
        listed
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
        match &*self.folder(folder) {
            Listed::Names(_, names) => names.iter().cloned().collect(),
            Listed::Hidden(_) | Listed::None(_) => Vec::new(),
        }
    }

    fn is_asked_for(&self, folder: &str) -> bool {
        self.asked_for.contains(folder)
    }

    fn root(&self) -> Option<&str> {
        self.root.to_str()
    }
}
