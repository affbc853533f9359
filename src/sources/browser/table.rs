//! A sorted table of a LevelDB database.

use super::leveldb::{Reader, Words, say};

/// The end of a table: where its index is, padding, and the mark of the format.
const FOOTER: usize = 48;
const MARK: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
/// Behind each block stand its kind and a checksum.
const TRAILER: usize = 5;
/// Behind each key stand its number and kind.
const TAIL: usize = 8;
/// A block that would be larger than this is none.
const MOST_BLOCK: usize = 16 * 1024 * 1024;

/// Reads every key that begins like this; nothing if it is no table.
pub(super) fn read(table: &[u8], begins: &[u8], words: &mut Words) -> Option<()> {
    let footer = table.get(table.len().checked_sub(FOOTER)?..)?;
    if !footer.ends_with(&MARK) {
        return None;
    }
    let mut reader = Reader(footer);
    // The first is that of other indexes.
    Handle::read(&mut reader)?;
    let index = block(table, Handle::read(&mut reader)?)?;
    let mut blocks = Vec::new();
    entries(&index, |_, value| {
        blocks.push(Handle::read(&mut Reader(value))?);
        Some(())
    })?;
    for handle in blocks {
        let data = block(table, handle)?;
        entries(&data, |key, value| {
            let (key, tail) = key.split_at_checked(key.len().checked_sub(TAIL)?)?;
            let tail = u64::from_le_bytes(*tail.first_chunk()?);
            let value = (tail & 0xff == 1).then_some(value);
            if key.starts_with(begins) {
                say(words, key, tail >> 8, value);
            }
            Some(())
        })?;
    }
    Some(())
}

/// Where a block is.
#[derive(Debug, Clone, Copy)]
struct Handle {
    at: usize,
    size: usize,
}

impl Handle {
    fn read(reader: &mut Reader) -> Option<Self> {
        Some(Handle {
            at: usize::try_from(reader.varint()?).ok()?,
            size: usize::try_from(reader.varint()?).ok()?,
        })
    }
}

/// The bytes of a block, unpacked.
fn block(table: &[u8], handle: Handle) -> Option<Vec<u8>> {
    let end = handle.at.checked_add(handle.size)?;
    let bytes = table.get(handle.at..end)?;
    let kind = table.get(end..end.checked_add(TRAILER)?)?.first()?;
    match kind {
        0 => Some(bytes.to_owned()),
        1 if snap::raw::decompress_len(bytes).ok()? <= MOST_BLOCK => {
            snap::raw::Decoder::new().decompress_vec(bytes).ok()
        }
        _ => None,
    }
}

/// Goes through a block: each key stands there without what it shares with the one before.
fn entries(block: &[u8], mut each: impl FnMut(&[u8], &[u8]) -> Option<()>) -> Option<()> {
    let restarts = block.last_chunk().map(|count| u32::from_le_bytes(*count))?;
    let restarts = usize::try_from(restarts).ok()?.checked_mul(4)?;
    let end = block.len().checked_sub(4)?.checked_sub(restarts)?;
    let mut reader = Reader(block.get(..end)?);
    let mut key: Vec<u8> = Vec::new();
    while !reader.0.is_empty() {
        let shared = usize::try_from(reader.varint()?).ok()?;
        let own = usize::try_from(reader.varint()?).ok()?;
        let value = usize::try_from(reader.varint()?).ok()?;
        if shared > key.len() {
            return None;
        }
        key.truncate(shared);
        key.extend(reader.take(own)?);
        let value = reader.take(value)?;
        each(&key, value)?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of entries that share nothing.
    fn made(entries: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in entries {
            bytes.extend([0, key.len(), value.len()].map(|n| u8::try_from(n).unwrap()));
            bytes.extend(*key);
            bytes.extend(*value);
        }
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes
    }

    fn key(key: &str, number: u64, kind: u64) -> Vec<u8> {
        [key.as_bytes(), &(number << 8 | kind).to_le_bytes()].concat()
    }

    fn table(packed: bool) -> Vec<u8> {
        let (one, two) = (key("REG:a", 5, 1), key("REG:b", 6, 0));
        let data = made(&[(&one, b"value"), (&two, b"")]);
        let data = match packed {
            true => snap::raw::Encoder::new().compress_vec(&data).unwrap(),
            false => data,
        };
        let mut bytes = data.clone();
        bytes.extend([u8::from(packed), 0, 0, 0, 0]);
        let at = u8::try_from(bytes.len()).unwrap();
        let index = made(&[(b"z", &[0, u8::try_from(data.len()).unwrap()])]);
        bytes.extend(&index);
        bytes.extend([0; TRAILER]);
        let mut footer = vec![0, 0, at, u8::try_from(index.len()).unwrap()];
        footer.resize(FOOTER - MARK.len(), 0);
        footer.extend(MARK);
        bytes.extend(footer);
        bytes
    }

    #[test]
    fn a_table_is_read_packed_or_not() {
        for packed in [true, false] {
            let mut words = Words::new();
            read(&table(packed), b"REG:", &mut words).unwrap();
            assert_eq!(words[&b"REG:a"[..]], (5, Some(b"value".to_vec())));
            assert_eq!(words[&b"REG:b"[..]], (6, None));
        }
    }

    #[test]
    fn a_damaged_table_is_none_or_less_and_never_a_panic() {
        let whole = table(true);
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut], b"", &mut Words::new()), None);
            for bits in [0xff, 0x80, 1] {
                let mut bent = whole.clone();
                bent[cut] ^= bits;
                let _ = read(&bent, b"", &mut Words::new());
            }
        }
    }
}
