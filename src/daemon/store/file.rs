//! The database's file.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError,
    TableDefinition, TableError, TableHandle,
};

use super::{Batch, Restored};
use crate::daemon::alerts::Kept;
use crate::daemon::state::MOST_OWNERS;

/// The version of what stands in the file. Whoever finds a higher one leaves the file alone.
const SCHEMA: u64 = 1;
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const OWNERS: TableDefinition<u64, &[u8]> = TableDefinition::new("owners");
const ALERTS: TableDefinition<&str, &[u8]> = TableDefinition::new("alerts");
/// The only row of `ALERTS`, and the one of `META`.
const ALL: &str = "all";
const VERSION: &str = "schema";

/// How much of the file is held in memory.
const CACHE: usize = 512 * 1024;
/// A file larger than this is made smaller, by compaction or else by forgetting.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// One smaller than this is not worth it.
const FEW_BYTES: u64 = 1024 * 1024;
/// So many broken files are left lying about; the last is replaced.
const MOST_BROKEN: u32 = 3;

/// Why a file could not be read or written.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is no database of ours, or not any more.
    Broken(String),
    /// Another process has it.
    Held,
    /// The system does not let us.
    Refused(io::Error),
}

impl Trouble {
    /// In a sentence for the status.
    pub(super) fn words(&self, path: &Path) -> String {
        let why = match self {
            Trouble::Broken(why) => why.clone(),
            Trouble::Held => "another process has the file".to_owned(),
            Trouble::Refused(error) => error.to_string(),
        };
        format!("nothing can be kept in {} for now: {why}", path.display())
    }
}

/// An open database.
#[derive(Debug)]
pub(super) struct File {
    db: Database,
    path: PathBuf,
}

impl File {
    /// Opens the file, or makes it, and reads all of it.
    pub(super) fn open(path: &Path) -> Result<(Self, Restored), Trouble> {
        guarded(|| {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(Trouble::Refused)?;
            }
            match std::fs::metadata(path) {
                Ok(there) if !there.is_file() => {
                    return Err(Trouble::Broken("it is no file".to_owned()));
                }
                Ok(there) if there.len() > 4 * MOST_BYTES => {
                    return Err(Trouble::Broken("it is too large".to_owned()));
                }
                Ok(there) if there.len() > 0 => {}
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Trouble::Refused(error));
                }
                _ => make(path)?,
            }
            // A file that was altered would be trusted otherwise.
            let db = Builder::new()
                .set_cache_size(CACHE)
                .set_check_integrity_on_open(true)
                .open(path)?;
            let mut file = File {
                db,
                path: path.to_owned(),
            };
            let restored = file.read()?;
            file.shrink(FEW_BYTES)?;
            Ok((file, restored))
        })
    }

    fn read(&self) -> Result<Restored, Trouble> {
        let txn = self.db.begin_read().map_err(trouble)?;
        let version = match txn.open_table(META) {
            Ok(meta) => meta.get(VERSION)?.map(|version| version.value()),
            Err(TableError::TableDoesNotExist(_)) => {
                let foreign = txn
                    .list_tables()?
                    .map(|table| table.name().to_owned())
                    .next();
                return match foreign {
                    Some(name) => Err(Trouble::Broken(format!("it has a foreign table {name}"))),
                    None => Ok(Restored::default()),
                };
            }
            Err(error) => return Err(trouble(error)),
        };
        match version {
            Some(SCHEMA) => {}
            Some(newer) if newer > SCHEMA => {
                let why = "it was written by a newer version of devdoctor";
                return Err(Trouble::Broken(why.to_owned()));
            }
            _ => return Err(Trouble::Broken("it says no version".to_owned())),
        }
        let mut restored = Restored::default();
        match txn.open_table(OWNERS) {
            Ok(owners) => {
                for row in owners.iter()?.rev().take(MOST_OWNERS) {
                    let (number, owner) = row?;
                    let owner = serde_json::from_slice(owner.value()).map_err(unreadable)?;
                    restored.owners.push((number.value(), owner));
                }
            }
            Err(TableError::TableDoesNotExist(_)) => {}
            Err(error) => return Err(trouble(error)),
        }
        match txn.open_table(ALERTS) {
            Ok(alerts) => {
                if let Some(kept) = alerts.get(ALL)? {
                    restored.alerts = serde_json::from_slice(kept.value()).map_err(unreadable)?;
                }
            }
            Err(TableError::TableDoesNotExist(_)) => {}
            Err(error) => return Err(trouble(error)),
        }
        Ok(restored)
    }

    /// Writes a batch, all of it or nothing, and has the disk complete it.
    pub(super) fn write(mut self, batch: &Batch) -> Result<Self, Trouble> {
        guarded(|| {
            let txn = self.db.begin_write().map_err(trouble)?;
            {
                let mut meta = txn.open_table(META).map_err(trouble)?;
                meta.insert(VERSION, SCHEMA)?;
                let mut owners = txn.open_table(OWNERS).map_err(trouble)?;
                for (number, owner) in &batch.owners {
                    match owner {
                        Some(owner) => {
                            let text = serde_json::to_vec(owner).map_err(unreadable)?;
                            owners.insert(number, &text[..])?;
                        }
                        None => {
                            owners.remove(number)?;
                        }
                    }
                }
                if let Some(kept) = &batch.alerts {
                    write_alerts(&txn, kept)?;
                }
            }
            txn.commit().map_err(trouble)?;
            self.shrink(MOST_BYTES)?;
            Ok(self)
        })
    }

    /// Makes the file smaller where it is larger than this and need not be, or may not.
    fn shrink(&mut self, most: u64) -> Result<(), Trouble> {
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |there| there.len());
        if length(&self.path) <= most {
            return Ok(());
        }
        let txn = self.db.begin_write().map_err(trouble)?;
        let stored = txn.stats()?.stored_bytes();
        txn.abort()?;
        if stored.saturating_mul(3) < length(&self.path) {
            self.db.compact().map_err(trouble)?;
        }
        while length(&self.path) > MOST_BYTES && self.forget_half()? {
            self.db.compact().map_err(trouble)?;
        }
        Ok(())
    }

    /// Forgets the older half of the owners; says whether there was anything to forget.
    fn forget_half(&mut self) -> Result<bool, Trouble> {
        let txn = self.db.begin_write().map_err(trouble)?;
        let mut numbers = Vec::new();
        {
            let mut owners = txn.open_table(OWNERS).map_err(trouble)?;
            for row in owners.iter()? {
                numbers.push(row?.0.value());
            }
            numbers.truncate(numbers.len().div_ceil(2));
            for number in &numbers {
                owners.remove(number)?;
            }
        }
        txn.commit().map_err(trouble)?;
        Ok(!numbers.is_empty())
    }
}

/// Makes a new file. It gets its name when it is whole: half of one, left by a full disk or
/// a daemon that was killed, would look as if it were broken.
fn make(path: &Path) -> Result<(), Trouble> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let made = (|| {
        remove(&new)?;
        let db = Builder::new().set_cache_size(CACHE).create(&new)?;
        let txn = db.begin_write().map_err(trouble)?;
        txn.open_table(META)
            .map_err(trouble)?
            .insert(VERSION, SCHEMA)?;
        txn.commit().map_err(trouble)?;
        db.close()?;
        std::fs::rename(&new, path).map_err(Trouble::Refused)
    })();
    if made.is_err() {
        // The reason why it could not be made is the one to tell.
        let _ = remove(&new);
    }
    made
}

fn remove(path: &Path) -> Result<(), Trouble> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Trouble::Refused(error)),
        _ => Ok(()),
    }
}

fn write_alerts(txn: &redb::WriteTransaction, kept: &Kept) -> Result<(), Trouble> {
    let text = serde_json::to_vec(kept).map_err(unreadable)?;
    let mut alerts = txn.open_table(ALERTS).map_err(trouble)?;
    alerts.insert(ALL, &text[..])?;
    Ok(())
}

/// Renames a broken file, so that it can be looked into, and gives its new name.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".broken-{number}"));
        PathBuf::from(name)
    };
    let free = (1..MOST_BROKEN).find(|number| !name(*number).exists());
    let aside = name(free.unwrap_or(MOST_BROKEN));
    std::fs::rename(path, &aside)?;
    Ok(aside)
}

/// Does something with the database that a damaged file may make panic.
fn guarded<T>(act: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|_| Err(Trouble::Broken("it is damaged".to_owned())))
}

fn trouble(error: impl Into<redb::Error>) -> Trouble {
    match error.into() {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Trouble::Held,
        redb::Error::Io(error) => match error.kind() {
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Trouble::Broken(error.to_string()),
            _ => Trouble::Refused(error),
        },
        redb::Error::PreviousIo | redb::Error::RepairAborted => {
            Trouble::Refused(io::Error::other("an earlier writing failed"))
        }
        other => Trouble::Broken(other.to_string()),
    }
}

fn unreadable(error: serde_json::Error) -> Trouble {
    Trouble::Broken(error.to_string())
}

impl From<DatabaseError> for Trouble {
    fn from(error: DatabaseError) -> Self {
        trouble(error)
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        trouble(error)
    }
}
