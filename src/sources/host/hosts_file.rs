//! The hosts file: which names it gives to which addresses, with line numbers.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::facts::{HostsEntry, clean};

/// Where this system keeps it.
pub(super) fn place() -> PathBuf {
    match std::env::var_os("SystemRoot") {
        Some(root) if cfg!(windows) => PathBuf::from(root).join(r"System32\drivers\etc\hosts"),
        _ => PathBuf::from("/etc/hosts"),
    }
}

/// The entries of a hosts file. A line that is none is passed over, as the resolver does.
pub(super) fn parse(text: &str) -> Vec<HostsEntry> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .zip(1..)
        .filter_map(|(line, number)| entry(line, number))
        .collect()
}

fn entry(line: &str, number: u32) -> Option<HostsEntry> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_ascii_whitespace();
    let address = words.next()?;
    // `fe80::1%lo0` is written with its interface, which is no part of the address.
    let address = address.split('%').next().unwrap_or_default();
    let ip: IpAddr = address.parse().ok()?;
    let names: Vec<_> = words.map(clean).collect();
    (!names.is_empty()).then_some(HostsEntry {
        line: number,
        ip,
        names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u32, String, String)> {
        parse(text)
            .into_iter()
            .map(|entry| (entry.line, entry.ip.to_string(), entry.names.join(" ")))
            .collect()
    }

    fn line(number: u32, ip: &str, names: &str) -> (u32, String, String) {
        (number, ip.to_owned(), names.to_owned())
    }

    #[test]
    fn entries_keep_their_line_numbers() {
        let text = "# head\n\n127.0.0.1\tlocalhost  me # us\n::1 localhost ip6-localhost\n";
        assert_eq!(
            lines(text),
            [
                line(3, "127.0.0.1", "localhost me"),
                line(4, "::1", "localhost ip6-localhost"),
            ]
        );
    }

    #[test]
    fn what_editors_of_other_systems_leave_does_no_harm() {
        let text = "\u{feff}127.0.0.1 localhost\r\n10.0.0.5 api.test\r\n";
        assert_eq!(
            lines(text),
            [
                line(1, "127.0.0.1", "localhost"),
                line(2, "10.0.0.5", "api.test")
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_entry_is_passed_over() {
        let text = "localhost 127.0.0.1\n10.0.0.5\n#10.0.0.6 off\n999.1.1.1 x\nfe80::1%lo0 mac";
        assert_eq!(lines(text), [line(5, "fe80::1", "mac")]);
        assert_eq!(lines(""), []);
        assert_eq!(lines("\0\0\0"), []);
    }
}
