//! What was probably meant by a name that nobody knows.

use std::net::Ipv4Addr;

use strsim::osa_distance;

use crate::findings::{Evidence, Seen};
use crate::rules::Case;

use super::hosts_path;

/// The name that more slips are made in than in any other.
const LOCALHOST: &str = "localhost";

/// A name that is shorter than this is one slip away from too many others.
const SHORTEST: usize = 5;

/// What was probably meant, and where that stands.
pub struct Meant {
    /// The name or address.
    pub host: String,
    /// The line of the hosts file that has it, if one does.
    pub because: Option<Evidence>,
}

/// What the target's name is a slip of: an address, `localhost`, a name of the hosts file.
#[must_use]
pub fn meant(case: &Case) -> Option<Meant> {
    let host = case.target.host.trim_end_matches('.').to_lowercase();
    let plain = |host: String| Meant {
        host,
        because: None,
    };
    if let Some(ip) = address(&host) {
        return Some(plain(ip.to_string()));
    }
    if !host.contains('.') && is_slip(&host, LOCALHOST) {
        return Some(plain(LOCALHOST.to_owned()));
    }
    let file = hosts_path(&case.facts.host.os);
    let entries = case.facts.host.hosts_file.items().iter();
    entries
        .flat_map(|entry| entry.names.iter().map(move |name| (entry, name)))
        .find(|(_, name)| is_slip(&host, &name.trim_end_matches('.').to_lowercase()))
        .map(|(entry, name)| Meant {
            host: name.clone(),
            because: Some(Evidence::new(
                format!("`{} {}`", entry.ip, entry.names.join(" ")),
                Seen::File {
                    file: file.to_owned(),
                    line: Some(entry.line),
                },
            )),
        })
}

/// An address with letters in the place of the digits that look like them.
fn address(host: &str) -> Option<Ipv4Addr> {
    let mended: String = host
        .chars()
        .map(|c| match c {
            'o' => '0',
            'l' | 'i' => '1',
            other => other,
        })
        .collect();
    (mended != host).then(|| mended.parse().ok()).flatten()
}

/// Whether one is the other with a letter too many, too few, or in the wrong place: two of
/// them where the name is long.
fn is_slip(written: &str, name: &str) -> bool {
    let length = name.chars().count();
    let slips = if length < 8 { 1 } else { 2 };
    length >= SHORTEST && (1..=slips).contains(&osa_distance(written, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_names() {
        for slip in [
            "locahost",
            "localhst",
            "lcoalhost",
            "loaclhost",
            "localhots",
            "localost",
            "locallhost",
            "llocalhosst",
        ] {
            assert!(is_slip(slip, LOCALHOST), "{slip}");
        }
        for other in [
            "localhost",
            "local",
            "host",
            "vocalist",
            "postgres",
            "myhost",
        ] {
            assert!(!is_slip(other, LOCALHOST), "{other}");
        }
        assert!(!is_slip("dc", "db") && !is_slip("apis", "api"));
        assert!(is_slip("app.tset", "app.test"));
    }

    #[test]
    fn letters_for_digits_are_an_address() {
        let local = Some(Ipv4Addr::LOCALHOST);
        assert_eq!(address("127.0.0.l"), local);
        assert_eq!(address("127.o.0.1"), local);
        assert_eq!(address("i27.0.0.1"), local);
        assert_eq!(address("127.0.0.1"), None);
        assert_eq!(address("oil.test"), None);
    }
}
