//! One table of a database of SQLite, as its documented file format has it.
//!
//! The file is read as it stands: no lock is taken, and nothing but the table that is
//! named. SQLite itself would be a megabyte for one list of one browser.

/// How long the head of a file is.
const HEAD: usize = 100;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// A number.
    Number(i64),
    /// A text, by its bytes.
    Text(&'a [u8]),
    /// Anything else.
    Other,
}

/// Hands these columns of every row of a table to `each`, in the order of `columns`.
///
/// Nothing if this is no such file, has no such table or column, or is written in another
/// way: then what came before is not the whole.
pub(super) fn rows<'a, const N: usize>(
    bytes: &'a [u8],
    table: &str,
    columns: [&str; N],
    mut each: impl FnMut([Cell<'a>; N]),
) -> Option<()> {
    let file = File::of(bytes)?;
    let mut found = None;
    file.walk(1, |row| {
        let [kind, name, _, root, sql] = row.at([0, 1, 2, 3, 4]);
        if kind == Cell::Text(b"table") && name == Cell::Text(table.as_bytes()) {
            found = Some((root, sql));
        }
    })?;
    let (Cell::Number(root), Cell::Text(sql)) = found? else {
        return None;
    };
    let sql = str::from_utf8(sql).ok()?;
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = place_of(sql, column)?;
    }
    file.walk(u32::try_from(root).ok()?, |row| each(row.at(places)))
}

/// Which column it is in `CREATE TABLE name (column TYPE, …)`.
fn place_of(sql: &str, column: &str) -> Option<usize> {
    let (_, list) = sql.split_once('(')?;
    let mut names = list.split(',').map(|part| part.split_whitespace().next());
    names.position(|name| name == Some(column))
}

struct File<'a> {
    bytes: &'a [u8],
    page: usize,
    /// How much of a page is used.
    usable: usize,
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let page = match u16_at(bytes, 16)? {
            1 => 65536,
            size => usize::from(size),
        };
        // 1: a journal beside it; with 2, what is newest stands in another file.
        let journal = bytes.get(18..20)? == [1, 1];
        let utf8 = u32_at(bytes, 56)? == 1;
        let usable = page.checked_sub(usize::from(*bytes.get(20)?))?;
        let known = bytes.starts_with(b"SQLite format 3\0") && journal && utf8;
        (known && page >= 512 && usable >= 480).then_some(File {
            bytes,
            page,
            usable,
        })
    }

    /// Every row of the tree that begins at this page.
    fn walk(&self, root: u32, mut each: impl FnMut(Row<'a>)) -> Option<()> {
        let mut waiting = vec![root];
        // A tree has no page twice.
        let mut left = self.bytes.len() / self.page;
        while let Some(number) = waiting.pop() {
            left = left.checked_sub(1)?;
            let index = usize::try_from(number.checked_sub(1)?).ok()?;
            let begin = index.checked_mul(self.page)?;
            let page = self.bytes.get(begin..begin.checked_add(self.page)?)?;
            let head = if index == 0 { HEAD } else { 0 };
            let cells = usize::from(u16_at(page, head + 3)?);
            let leaf = match page.get(head)? {
                0x0d => true,
                0x05 => false,
                _ => return None,
            };
            let list = head + if leaf { 8 } else { 12 };
            if !leaf {
                waiting.push(u32_at(page, head + 8)?);
            }
            for cell in 0..cells {
                let at = usize::from(u16_at(page, list + 2 * cell)?);
                if leaf {
                    each(self.row(page.get(at..)?)?);
                } else {
                    waiting.push(u32_at(page, at)?);
                }
            }
            // What is twice in the tree, or in no page, is caught when its turn comes.
            if waiting.len() > self.bytes.len() / self.page {
                return None;
            }
        }
        Some(())
    }

    /// A row, if all of it is in its page.
    fn row(&self, cell: &'a [u8]) -> Option<Row<'a>> {
        let mut reader = cell;
        let length = usize::try_from(varint(&mut reader)?).ok()?;
        varint(&mut reader)?;
        if length > self.usable - 35 {
            return None;
        }
        let record = reader.get(..length)?;
        let mut kinds = record;
        let head = usize::try_from(varint(&mut kinds)?).ok()?;
        let skipped = record.len() - kinds.len();
        Some(Row {
            kinds: record.get(skipped..head)?,
            values: record.get(head..)?,
        })
    }
}

/// A row: the kinds of its values, and then the values.
#[derive(Clone, Copy)]
struct Row<'a> {
    kinds: &'a [u8],
    values: &'a [u8],
}

impl<'a> Row<'a> {
    /// The values at these places; what is not there is something else.
    fn at<const N: usize>(mut self, places: [usize; N]) -> [Cell<'a>; N] {
        let mut cells = [Cell::Other; N];
        let mut place = 0;
        while let Some(value) = self.next() {
            for (cell, wanted) in cells.iter_mut().zip(places) {
                if wanted == place {
                    *cell = value;
                }
            }
            place += 1;
        }
        cells
    }

    fn next(&mut self) -> Option<Cell<'a>> {
        let kind = varint(&mut self.kinds)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            kind => usize::try_from((kind - 12) / 2).ok()?,
        };
        let (value, rest) = self.values.split_at_checked(length)?;
        self.values = rest;
        Some(match kind {
            1..=6 => {
                let first = value.first().is_some_and(|byte| byte & 0x80 != 0);
                let begin = if first { -1 } else { 0 };
                let number = value
                    .iter()
                    .fold(begin, |number: i64, byte| number << 8 | i64::from(*byte));
                Cell::Number(number)
            }
            8 => Cell::Number(0),
            9 => Cell::Number(1),
            kind if kind >= 13 && kind % 2 == 1 => Cell::Text(value),
            _ => Cell::Other,
        })
    }
}

/// Seven bits a byte, the first byte first, at most nine bytes.
fn varint(reader: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for index in 0..9 {
        let (byte, rest) = reader.split_first()?;
        *reader = rest;
        if index == 8 {
            return Some(number << 8 | u64::from(*byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `sqlite3` has written: pages of 512 bytes, a table of 40 rows on several of
    /// them, beside another one.
    const WRITTEN: &[u8] = include_bytes!("sqlite.db");

    fn read(bytes: &[u8]) -> Option<Vec<(String, i64)>> {
        let mut found = Vec::new();
        rows(bytes, "perms", ["kind", "decision"], |[kind, decision]| {
            if let (Cell::Text(kind), Cell::Number(decision)) = (kind, decision) {
                found.push((String::from_utf8_lossy(kind).into_owned(), decision));
            }
        })?;
        found.sort();
        Some(found)
    }

    #[test]
    fn every_row_is_read() {
        let seen = read(WRITTEN).unwrap();
        assert_eq!(seen.len(), 40);
        assert_eq!(seen[0], ("kind-01".to_owned(), -1));
        assert_eq!(seen[39], ("kind-40".to_owned(), -1_000_000_000_040));
    }

    #[test]
    fn what_is_not_there_is_not_empty() {
        assert!(rows(WRITTEN, "other", ["kind"], |_| ()).is_none());
        assert!(rows(WRITTEN, "perms", ["kind", "x"], |_| ()).is_none());
        assert!(rows(b"", "perms", ["kind"], |_| ()).is_none());
        let mut newest_elsewhere = WRITTEN.to_vec();
        newest_elsewhere[18..20].fill(2);
        assert_eq!(read(&newest_elsewhere), None);
    }

    proptest! {
        #[test]
        fn no_file_has_it_panic(
            at in 0..WRITTEN.len(),
            with in proptest::collection::vec(any::<u8>(), 1..8),
            end in 0..WRITTEN.len(),
        ) {
            let mut bytes = WRITTEN.to_vec();
            for (byte, new) in bytes[at..].iter_mut().zip(with) {
                *byte = new;
            }
            let _ = read(&bytes);
            let _ = read(&bytes[..end]);
        }
    }
}
