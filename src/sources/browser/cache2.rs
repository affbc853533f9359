//! Redirects in the cache of Firefox.
//!
//! It is a file an answer, named by the hash of its key, as Chromium's is; what an entry
//! says of itself stands behind the page. Firefox writes there what it will take again
//! after a start: redirects of `http:` that are for good it keeps in memory only since
//! version 153, those that have their time on the disk.

use std::fmt::Write;
use std::path::PathBuf;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use url::form_urlencoded::byte_serialize;

use super::chromium::now_s;
use super::tabs::Tabs;
use super::wanted::Wanted;
use super::{read_file, shown, word};
use crate::facts::{CachedRedirect, Gap, Known};

/// For every piece of the page of this size there are two bytes.
const PIECE: usize = 256 * 1024;
/// The newest form that is known.
const NEWEST: u32 = 4;

/// The redirects of the asked address that are in one of these folders: those of all tabs
/// first, then those of each container.
pub(super) fn redirects(
    folders: &[PathBuf],
    wanted: &Wanted,
    tabs: &Tabs,
) -> Known<Vec<CachedRedirect>> {
    let mut found = Vec::new();
    let containers: Vec<Option<u32>> = [None].into_iter().chain(tabs.ids().map(Some)).collect();
    for folder in folders {
        let urls = containers
            .iter()
            .flat_map(|id| wanted.urls.iter().map(move |url| (*id, url)));
        for (id, url) in urls {
            for key in keys(url, wanted, id) {
                let file = folder.join(name(&key));
                let bytes = match read_file(&file) {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) => continue,
                    Err(gap) => return Known::Unseen(gap),
                };
                let Some(entry) = Entry::of(&bytes, &key) else {
                    let says = format!("{} has another form", shown(&file));
                    return Known::Unseen(Gap::Failed(says));
                };
                found.extend(entry.redirect(now_s()).map(|redirect| CachedRedirect {
                    url: word(url.as_str()),
                    container: id.map(|id| tabs.name(id)),
                    file: shown(&file),
                    ..redirect
                }));
            }
        }
    }
    Known::Seen(found)
}

/// The keys under which the page at an address may be kept: for the site whose page it is,
/// or for all, as older versions do; in a container, or outside of all.
fn keys(url: &url::Url, wanted: &Wanted, container: Option<u32>) -> Vec<String> {
    let within = container.map(|id| format!("userContextId={id}"));
    let sites = wanted.domains().into_iter().map(|domain| {
        // The colons of an address would end it.
        let host = match domain.contains(':') {
            true => format!("[{}]", domain.replace(':', "+")),
            false => domain.to_owned(),
        };
        let site = format!("({},{host})", url.scheme());
        let site: String = byte_serialize(site.as_bytes()).collect();
        let attributes = within.iter().cloned();
        let attributes = attributes.chain([format!("partitionKey={site}")]);
        format!("O^{},:{url}", attributes.collect::<Vec<_>>().join("&"))
    });
    let whole = match &within {
        None => format!(":{url}"),
        Some(within) => format!("O^{within},:{url}"),
    };
    sites.chain([whole]).collect()
}

/// The name of an entry's file.
fn name(key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    let mut name = String::new();
    for byte in hash.as_ref() {
        // Writing to a text does not fail.
        let _ = write!(name, "{byte:02X}");
    }
    name
}

/// What an entry says of itself.
struct Entry<'a> {
    written_s: u64,
    until_s: u64,
    /// Name, value, name, value, each ended by a zero.
    elements: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Nothing if it is of another form, or of another address.
    fn of(bytes: &'a [u8], key: &str) -> Option<Self> {
        // The last four bytes say how long the page is.
        let page = usize::try_from(number(bytes, bytes.len().checked_sub(4)?)?).ok()?;
        // A sum over what follows, and one for each piece of the page.
        let head = page.checked_add(4 + 2 * page.div_ceil(PIECE))?;
        let at = |index: usize| number(bytes, head.checked_add(4 * index)?);
        let version = at(0)?;
        let length = usize::try_from(at(6)?).ok()?;
        // The first form had no flags before the key.
        let begin = head.checked_add(if version == 1 { 28 } else { 32 })?;
        let end = begin.checked_add(length)?;
        let own = bytes.get(begin..end)? == key.as_bytes();
        (own && (1..=NEWEST).contains(&version)).then_some(Entry {
            written_s: at(3)?.into(),
            until_s: at(5)?.into(),
            elements: bytes.get(end + 1..)?,
        })
    }

    /// The redirect that it is, if the browser takes it without asking again.
    fn redirect(&self, now: u64) -> Option<CachedRedirect> {
        if self.until_s <= now {
            return None;
        }
        let mut words = self.elements.split(|byte| *byte == 0);
        while words.next()? != b"response-head" {
            words.next()?;
        }
        let head = String::from_utf8_lossy(words.next()?);
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = lines.filter_map(|line| line.split_once(':'));
        let (_, location) =
            headers.find(|(name, _)| name.trim().eq_ignore_ascii_case("location"))?;
        matches!(status, 301 | 302 | 303 | 307 | 308).then(|| CachedRedirect {
            status,
            location: word(location.trim()),
            age_s: Some(now.saturating_sub(self.written_s)),
            ..CachedRedirect::default()
        })
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "O^partitionKey=%28http%2Clocalhost%29,:http://localhost:3999/gone";

    /// An entry as Firefox 153 writes it.
    fn entry(page: &[u8], until: u32, head: &str) -> Vec<u8> {
        let mut bytes = page.to_vec();
        bytes.extend([7; 4]);
        bytes.extend(vec![9; 2 * page.len().div_ceil(PIECE)]);
        let length = u32::try_from(KEY.len()).unwrap();
        for number in [4, 1, 990, 1000, 5, until, length, 0] {
            bytes.extend(u32::to_be_bytes(number));
        }
        bytes.extend(KEY.as_bytes());
        bytes.push(0);
        let elements = format!("request-method\0GET\0response-head\0{head}\0ctid\x001\0");
        bytes.extend(elements.as_bytes());
        bytes.extend(4_u32.to_be_bytes());
        bytes.extend(u32::try_from(page.len()).unwrap().to_be_bytes());
        bytes
    }

    const MOVED: &str = "HTTP/1.1 302 Found\r\nLocation: /login\r\nDate: today\r\n";

    #[test]
    fn the_name_of_an_entry_is_the_hash_of_its_key() {
        // As Firefox 153 has named them.
        assert_eq!(name(KEY), "A0F95E2AB9FEE1F953798AB0EE802E7E7586134E");
        let of = |words: &str| {
            let wanted = Wanted::test(words);
            keys(&wanted.urls[0], &wanted, None)
        };
        assert!(of("http://localhost:3999/gone").contains(&KEY.to_owned()));
        let six = "O^partitionKey=%28http%2C%5B%2B%2B1%5D%29,:http://[::1]:3999/gone";
        assert!(of("http://[::1]:3999/gone").contains(&six.to_owned()));
        let wanted = Wanted::test("http://localhost:3000/");
        let within =
            "O^userContextId=2&partitionKey=%28http%2Clocalhost%29,:http://localhost:3000/";
        let keys = keys(&wanted.urls[0], &wanted, Some(2));
        assert_eq!(keys[0], within);
        assert_eq!(keys[1], "O^userContextId=2,:http://localhost:3000/");
    }

    #[test]
    fn a_redirect_is_read_while_it_holds() {
        let of = |bytes: &[u8], now| Entry::of(bytes, KEY).unwrap().redirect(now);
        for page in [&b""[..], b"moved", &vec![1; PIECE + 1]] {
            let seen = of(&entry(page, 2000, MOVED), 1060).unwrap();
            assert_eq!((seen.status, &seen.location[..]), (302, "/login"));
            assert_eq!(seen.age_s, Some(60));
        }
        assert_eq!(of(&entry(b"", 2000, MOVED), 2000), None);
        assert_eq!(of(&entry(b"", 0, MOVED), 1060), None);
        assert_eq!(of(&entry(b"", 2000, "HTTP/1.1 200 OK\r\n"), 1060), None);
    }

    #[test]
    fn what_is_no_entry_or_anothers_is_none() {
        let whole = entry(b"moved", 2000, MOVED);
        assert!(Entry::of(&whole, ":http://localhost:3999/").is_none());
        for cut in 0..whole.len() {
            if let Some(entry) = Entry::of(&whole[..cut], KEY) {
                let _ = entry.redirect(0);
            }
            let mut damaged = whole.clone();
            damaged[cut] ^= 0xff;
            if let Some(entry) = Entry::of(&damaged, KEY) {
                let _ = entry.redirect(0);
            }
        }
    }
}
