//! Redirects in the cache of Chromium's family.
//!
//! The cache is a file an answer, named by the hash of its key, and the key of the page at
//! an address is known: so that one file is opened, if it is there, and no other.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::wanted::Wanted;
use super::{read_file, shown, word};
use crate::facts::{CachedRedirect, Gap, Known};

/// The first bytes of an entry.
const BEGIN: [u8; 8] = 0xfcfb_6d1b_a772_5c30_u64.to_le_bytes();
/// The first bytes of the end of each of its streams.
const END: [u8; 8] = 0xf4fa_6f45_970d_41d8_u64.to_le_bytes();
/// How long the head of an entry is, and the end of a stream.
const HEAD: usize = 24;
/// Behind the headers stands the hash of the key, if this flag says so.
const HAS_HASH: u32 = 2;

/// The redirects of the asked address that are in one of these folders.
pub(super) fn redirects(folders: &[PathBuf], wanted: &Wanted) -> Known<Vec<CachedRedirect>> {
    let mut found: Vec<CachedRedirect> = Vec::new();
    let mut foreign = false;
    for folder in folders {
        // The other kind of cache, which Windows has.
        foreign |= folder.join("data_0").exists();
        for url in &wanted.urls {
            for key in keys(url, wanted) {
                let file = folder.join(format!("{:016x}_0", hash(&key)));
                match read_file(&file) {
                    Ok(None) => {}
                    Ok(Some(bytes)) => {
                        let age = age_of(&file);
                        found.extend(redirect(&bytes, &key, age).map(|redirect| CachedRedirect {
                            url: word(url.as_str()),
                            file: shown(&file),
                            ..redirect
                        }));
                    }
                    Err(gap) => return Known::Unseen(gap),
                }
            }
        }
    }
    if foreign && found.is_empty() {
        return Known::Unseen(Gap::Unsupported);
    }
    Known::Seen(found)
}

/// The keys under which the page at an address may be kept: it is kept for the site whose
/// page it is, and which part of a name is the site's only a long list could tell.
fn keys(url: &url::Url, wanted: &Wanted) -> Vec<String> {
    let scheme = url.scheme();
    let mut keys = Vec::new();
    for domain in wanted.domains() {
        let host = match domain.contains(':') {
            true => format!("[{domain}]"),
            false => domain.to_owned(),
        };
        let site = format!("{scheme}://{host}");
        for mark in ["", "cn_"] {
            keys.push(format!("1/0/_dk_{mark}{site} {site} {url}"));
        }
    }
    keys
}

/// The number by which an entry is named.
fn hash(key: &str) -> u64 {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(first)
}

fn age_of(file: &Path) -> Option<u64> {
    let written = std::fs::metadata(file)
        .and_then(|meta| meta.modified())
        .ok()?;
    let age = SystemTime::now().duration_since(written).ok()?;
    Some(age.as_secs())
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}

/// The redirect that an entry is, if it is one that is taken without asking again.
fn redirect(bytes: &[u8], key: &str, age_s: Option<u64>) -> Option<CachedRedirect> {
    let length = usize::try_from(number(bytes, 12)?).ok()?;
    let kept = bytes.get(HEAD..HEAD.checked_add(length)?)?;
    if !bytes.starts_with(&BEGIN) || kept != key.as_bytes() {
        return None;
    }
    // The headers are the last stream.
    let end = bytes.len().checked_sub(HEAD)?;
    if !bytes.get(end..)?.starts_with(&END) {
        return None;
    }
    let size = usize::try_from(number(bytes, end + 16)?).ok()?;
    let hash = if number(bytes, end + 8)? & HAS_HASH == 0 {
        0
    } else {
        32
    };
    let last = end.checked_sub(hash)?;
    let headers = bytes.get(last.checked_sub(size)?..last)?;
    let text = String::from_utf8_lossy(headers);
    let text = &text[text.find("HTTP/")?..];
    let text = text.split("\0\0").next().unwrap_or(text);
    let mut lines = text.split('\0');
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |name: &str| {
        let mut lines = text
            .split('\0')
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        let value = lines.find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
        value.map(|(_, value)| value.trim().to_owned())
    };
    let location = header("location")?;
    is_fresh(status, &header, age_s).then(|| CachedRedirect {
        status,
        location: word(&location),
        age_s,
        ..CachedRedirect::default()
    })
}

/// Whether a browser takes it without asking the server again.
fn is_fresh(status: u16, header: &impl Fn(&str) -> Option<String>, age_s: Option<u64>) -> bool {
    let control = header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let pragma = header("pragma").unwrap_or_default().to_ascii_lowercase();
    let mut words = control.split(',').map(str::trim);
    if pragma.contains("no-cache") || words.clone().any(|w| w == "no-cache" || w == "no-store") {
        return false;
    }
    let most = words.find_map(|word| word.strip_prefix("max-age=")?.parse::<u64>().ok());
    match (status, most) {
        (301 | 302 | 303 | 307 | 308, Some(most)) => age_s.is_some_and(|age| age < most),
        // Kept for good, unless the server has said until when.
        (301 | 308, None) => header("expires").is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "1/0/_dk_http://localhost http://localhost http://localhost:3999/";

    /// An entry as Chromium 156 writes it.
    fn entry(key: &str, headers: &str) -> Vec<u8> {
        let mut bytes = BEGIN.to_vec();
        bytes.extend(5_u32.to_le_bytes());
        bytes.extend(u32::try_from(key.len()).unwrap().to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(key.as_bytes());
        bytes.extend(END);
        bytes.extend([0; 16]);
        bytes.extend([7; 12]);
        bytes.extend(headers.as_bytes());
        bytes.extend([8; 32]);
        bytes.extend(END);
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend([9; 4]);
        bytes.extend(u32::try_from(headers.len() + 12).unwrap().to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    const MOVED: &str = "HTTP/1.1 301 Moved Permanently\0location: /new\0Date: today\0\0\u{1}";

    #[test]
    fn the_name_of_an_entry_is_the_hash_of_its_key() {
        assert_eq!(hash(KEY), 0x1e56_75cf_7f57_22a7);
        let wanted = Wanted::test("http://localhost:3999");
        assert!(keys(&wanted.urls[0], &wanted).contains(&KEY.to_owned()));
    }

    #[test]
    fn a_redirect_is_read() {
        let seen = redirect(&entry(KEY, MOVED), KEY, Some(60)).unwrap();
        assert_eq!((seen.status, &seen.location[..]), (301, "/new"));
        assert_eq!(redirect(&entry("another", MOVED), KEY, Some(60)), None);
    }

    #[test]
    fn what_is_asked_again_or_is_no_redirect_is_none() {
        let is = |headers: &str, age| redirect(&entry(KEY, headers), KEY, age).is_some();
        assert!(!is("HTTP/1.1 200 OK\0location: /new\0\0", Some(1)));
        assert!(!is("HTTP/1.1 302 Found\0location: /new\0\0", Some(1)));
        let short = "HTTP/1.1 302 Found\0location: /new\0cache-control: private, max-age=60\0\0";
        assert!(is(short, Some(59)));
        assert!(!is(short, Some(60)));
        assert!(!is(short, None));
        assert!(!is(
            "HTTP/1.1 301 M\0location: /new\0Cache-Control: no-cache\0\0",
            Some(1)
        ));
        assert!(!is(
            "HTTP/1.1 301 M\0location: /new\0Expires: 0\0\0",
            Some(1)
        ));
    }

    #[test]
    fn a_damaged_entry_is_none() {
        let whole = entry(KEY, MOVED);
        for cut in 0..whole.len() {
            let _ = redirect(&whole[..cut], KEY, Some(1));
            let mut bent = whole.clone();
            bent[cut] ^= 0xff;
            let _ = redirect(&bent, KEY, Some(1));
        }
        assert_eq!(redirect(&whole[..whole.len() - 1], KEY, Some(1)), None);
    }
}
