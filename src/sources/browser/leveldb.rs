//! A LevelDB database, read as it lies there: no lock is taken and nothing is written.
//!
//! The crates that read this format open a database as its owner does: they lock it, sort
//! it anew and delete what is old. Its files are few and simple: a manifest says which are
//! in force; tables hold what is old, logs what is new; a higher number is a later word.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::table;
use super::{read_file, shown};
use crate::facts::Gap;

/// A log is written in blocks of this size.
const BLOCK: usize = 32 * 1024;
/// The head of a record in a block: checksum, length, kind.
const RECORD: usize = 7;
/// Of so many files, and no more.
const MOST_FILES: usize = 64;

/// The last word on every key: its number, and its value unless it was deleted.
pub(super) type Words = BTreeMap<Vec<u8>, (u64, Option<Vec<u8>>)>;

/// The values of every key of a database that begins like this; none where there is no
/// database.
pub(super) fn read(folder: &Path, begins: &[u8]) -> Result<Vec<Vec<u8>>, Gap> {
    let Some(current) = read_file(&folder.join("CURRENT"))? else {
        return Ok(Vec::new());
    };
    let current = String::from_utf8_lossy(&current).trim().to_owned();
    let broken = || Gap::Failed(format!("{} cannot be read as a database", shown(folder)));
    if !current.starts_with("MANIFEST-") || current.contains(['/', '\\']) {
        return Err(broken());
    }
    let manifest = read_file(&folder.join(current))?.ok_or_else(broken)?;
    let files = Files::of(&manifest).ok_or_else(broken)?;
    let mut words = Words::new();
    for number in &files.tables {
        let mut names = ["ldb", "sst"]
            .map(|ext| format!("{number:06}.{ext}"))
            .into_iter();
        // A table that has gone was replaced while we read: what is left is not the whole.
        let table = names.find_map(|name| read_file(&folder.join(name)).transpose());
        let table = table.ok_or_else(broken)??;
        table::read(&table, begins, &mut words).ok_or_else(broken)?;
    }
    for number in logs_in(folder)? {
        if number >= files.log || Some(number) == files.before {
            let log = read_file(&folder.join(format!("{number:06}.log")))?;
            for record in log.iter().flat_map(|log| records(log)) {
                batch(&record, begins, &mut words);
            }
        }
    }
    Ok(words.into_values().filter_map(|(_, value)| value).collect())
}

fn logs_in(folder: &Path) -> Result<Vec<u64>, Gap> {
    let entries = std::fs::read_dir(folder).map_err(|error| Gap::of(&error))?;
    let number = |name: &str| name.strip_suffix(".log")?.parse().ok();
    let names = entries.take(1000).flatten().map(|entry| entry.file_name());
    let mut logs: Vec<u64> = names
        .filter_map(|name| number(&name.to_string_lossy()))
        .collect();
    logs.sort_unstable();
    logs.truncate(MOST_FILES);
    Ok(logs)
}

/// Later words win.
pub(super) fn say(words: &mut Words, key: &[u8], number: u64, value: Option<&[u8]>) {
    let old = words.get(key).map(|(number, _)| *number);
    if old.is_none_or(|old| old <= number) {
        words.insert(key.to_owned(), (number, value.map(<[u8]>::to_owned)));
    }
}

/// The files that are in force.
#[derive(Debug, Default)]
struct Files {
    tables: BTreeSet<u64>,
    log: u64,
    before: Option<u64>,
}

impl Files {
    fn of(manifest: &[u8]) -> Option<Self> {
        let mut files = Files::default();
        for record in records(manifest) {
            files.edit(&mut Reader(&record))?;
        }
        (files.tables.len() <= MOST_FILES).then_some(files)
    }

    /// One change of the set of files.
    fn edit(&mut self, reader: &mut Reader) -> Option<()> {
        while !reader.0.is_empty() {
            match reader.varint()? {
                1 => drop(reader.slice()?),
                2 => self.log = reader.varint()?,
                3 | 4 => drop(reader.varint()?),
                5 => {
                    reader.varint()?;
                    reader.slice()?;
                }
                6 => {
                    reader.varint()?;
                    let gone = reader.varint()?;
                    self.tables.remove(&gone);
                }
                7 => {
                    reader.varint()?;
                    let new = reader.varint()?;
                    reader.varint()?;
                    reader.slice()?;
                    reader.slice()?;
                    self.tables.insert(new);
                }
                9 => self.before = Some(reader.varint()?),
                _ => return None,
            }
        }
        Some(())
    }
}

/// The records of a log, put together; the last one may be cut off.
fn records(log: &[u8]) -> Vec<Vec<u8>> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    let mut open: Option<Vec<u8>> = None;
    for mut block in log.chunks(BLOCK) {
        while let Some((head, rest)) = block.split_at_checked(RECORD) {
            let length = usize::from(u16::from_le_bytes([head[4], head[5]]));
            let Some((data, rest)) = rest.split_at_checked(length) else {
                break;
            };
            match (head[6], &mut open) {
                (1, _) => records.push(data.to_owned()),
                (2, open) => *open = Some(data.to_owned()),
                (3, Some(open)) => open.extend(data),
                (4, whole @ Some(_)) => {
                    let mut whole = whole.take().unwrap_or_default();
                    whole.extend(data);
                    records.push(whole);
                }
                // What follows is room that was kept free.
                _ => break,
            }
            block = rest;
        }
    }
    records
}

/// What one record of a log changes.
fn batch(record: &[u8], begins: &[u8], words: &mut Words) -> Option<()> {
    let (first, rest) = record.split_first_chunk()?;
    let mut number = u64::from_le_bytes(*first);
    let mut reader = Reader(rest.get(4..)?);
    while let Some((kind, rest)) = reader.0.split_first() {
        reader.0 = rest;
        let key = reader.slice()?;
        let value = match kind {
            0 => None,
            1 => Some(reader.slice()?),
            _ => return None,
        };
        if key.starts_with(begins) {
            say(words, key, number, value);
        }
        number = number.checked_add(1)?;
    }
    Some(())
}

/// Numbers and slices as LevelDB writes them, and protocol buffers do, too.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn slice(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_le_bytes();
        [&[0; 4][..], &length, &[kind], data].concat()
    }

    /// A batch of one word.
    fn word(number: u64, key: &str, value: Option<&str>) -> Vec<u8> {
        let mut bytes = [&number.to_le_bytes()[..], &1_u32.to_le_bytes()].concat();
        bytes.push(u8::from(value.is_some()));
        for text in [Some(key), value].into_iter().flatten() {
            bytes.push(u8::try_from(text.len()).unwrap());
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    fn database(files: &[(&str, Vec<u8>)]) -> tempfolder::Folder {
        let folder = tempfolder::Folder::new();
        for (name, bytes) in files {
            std::fs::write(folder.0.join(name), bytes).unwrap();
        }
        folder
    }

    mod tempfolder {
        /// A folder that goes with the test.
        pub struct Folder(pub std::path::PathBuf);

        impl Folder {
            pub fn new() -> Self {
                use std::sync::atomic::{AtomicU32, Ordering};
                static NEXT: AtomicU32 = AtomicU32::new(0);
                let n = NEXT.fetch_add(1, Ordering::Relaxed);
                let name = format!("devdoctor-leveldb-{}-{n}", std::process::id());
                let path = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&path).unwrap();
                Folder(path)
            }
        }

        impl Drop for Folder {
            fn drop(&mut self) {
                let _ = std::fs::remove_dir_all(&self.0);
            }
        }
    }

    /// A manifest that has the log 3 in force.
    fn manifest() -> Vec<u8> {
        record(1, &[2, 3, 9, 0, 3, 4, 4, 9])
    }

    #[test]
    fn the_last_word_on_a_key_counts() {
        let log = [
            record(1, &word(1, "REG:a", Some("old"))),
            record(1, &word(2, "REG:a", Some("new"))),
            record(1, &word(3, "REG:b", Some("here"))),
            record(1, &word(4, "REG:b", None)),
            record(1, &word(5, "other", Some("x"))),
        ]
        .concat();
        let folder = database(&[
            ("CURRENT", b"MANIFEST-000001\n".to_vec()),
            ("MANIFEST-000001", manifest()),
            ("000003.log", log),
            // A log that is no longer in force.
            ("000002.log", record(1, &word(9, "REG:c", Some("gone")))),
        ]);
        let read = read(&folder.0, b"REG:").unwrap();
        assert_eq!(read, [b"new".to_vec()]);
    }

    #[test]
    fn a_record_in_parts_is_put_together_and_one_that_is_cut_off_is_left_out() {
        let whole = word(1, "REG:a", Some("value"));
        let log = [
            record(2, &whole[..5]),
            record(3, &whole[5..9]),
            record(4, &whole[9..]),
        ];
        assert_eq!(records(&log.concat()), [whole]);
        assert!(records(&log.concat()[..20]).is_empty());
    }

    #[test]
    fn what_is_no_database_is_told_apart_from_nothing() {
        let folder = database(&[]);
        assert!(read(&folder.0, b"").unwrap().is_empty());
        for current in ["", "../x", "MANIFEST-../../x", "MANIFEST-000001"] {
            let folder = database(&[("CURRENT", current.as_bytes().to_vec())]);
            assert!(read(&folder.0, b"").is_err(), "{current}");
        }
        // A table that the manifest names and that is not there.
        let named = record(1, &[2, 3, 7, 0, 5, 9, 0, 0]);
        let folder = database(&[
            ("CURRENT", b"MANIFEST-000001\n".to_vec()),
            ("MANIFEST-000001", named),
        ]);
        assert!(read(&folder.0, b"").is_err());
    }
}
