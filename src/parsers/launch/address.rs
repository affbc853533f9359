//! Ports and addresses as servers take them: `8000`, `:8000`, `[::]:8000`,
//! `tcp://0.0.0.0:3000`, `http://+:5000;https://localhost:5001`.

use crate::facts::Origin;
use crate::parsers::command::Word;

/// A port, a host, or both, with their places.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Address {
    pub port: Option<u16>,
    pub host: Option<String>,
    /// Where the port begins, or the host where there is no port.
    pub origin: Origin,
    /// What stands there of the port.
    pub written: String,
}

/// Every address in a word; none where it is no address: the path of a socket.
pub fn addresses(word: &Word) -> Vec<Address> {
    let mut found = Vec::new();
    let mut start = 0;
    for one in word.text.split([';', ',']) {
        let text = one.trim();
        let from = start + one.len() - one.trim_start().len();
        found.extend(address(word, text, from));
        start += one.len() + 1;
    }
    found
}

/// The address that this text is, which begins at this byte of the word's.
fn address(word: &Word, text: &str, from: usize) -> Option<Address> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if scheme == "unix" || text.starts_with("unix:") || text.starts_with('/') || rest.is_empty() {
        return None;
    }
    let (host, port) = match rest.rsplit_once(':') {
        // An IPv6 address without brackets has no port.
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (rest, None),
        Some((host, port)) => (host, Some(port)),
        None if rest.bytes().all(|byte| byte.is_ascii_digit()) => ("", Some(rest)),
        None => (rest, None),
    };
    let number = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:[]*+%".contains(c);
    if !host.chars().all(is_host) {
        return None;
    }
    // Where the port stands within the word, if that can be told.
    let at = port.and_then(|port| {
        let before = text.find(rest)? + rest.len() - port.len();
        (word.written == word.text).then_some((from + before, port))
    });
    let (origin, written) = match at {
        Some((before, port)) => (word.after(before).origin, port.to_owned()),
        None => (word.origin.clone(), word.written.clone()),
    };
    Some(Address {
        port: number,
        host: (!host.is_empty()).then(|| host.to_owned()),
        origin,
        written,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(Option<&'static str>, Option<u16>, u32, String)> {
        let origin = Origin {
            file: "a".to_owned(),
            line: 1,
            column: 1,
        };
        let found = addresses(&Word::plain(text, origin, text));
        let leak = |host: String| -> &'static str { host.leak() };
        let told = found
            .into_iter()
            .map(|a| (a.host.map(leak), a.port, a.origin.column, a.written));
        told.collect()
    }

    #[test]
    fn every_form_is_taken_apart() {
        for (text, host, port, column) in [
            ("8000", None, Some(8000), 1),
            (":8000", None, Some(8000), 2),
            ("0.0.0.0:8000", Some("0.0.0.0"), Some(8000), 9),
            ("[::]:8000", Some("[::]"), Some(8000), 6),
            ("tcp://0.0.0.0:3000", Some("0.0.0.0"), Some(3000), 15),
            ("http://localhost:5000/a", Some("localhost"), Some(5000), 18),
            ("http://+:5000", Some("+"), Some(5000), 10),
            ("0.0.0.0", Some("0.0.0.0"), None, 1),
            ("::", Some("::"), None, 1),
        ] {
            let found = all(text);
            assert_eq!(found.len(), 1, "{text}");
            let (has_host, has_port, at, written) = &found[0];
            assert_eq!((*has_host, *has_port, *at), (host, port, column), "{text}");
            if let Some(port) = port {
                assert_eq!(*written, port.to_string());
            }
        }
    }

    #[test]
    fn several_are_all_told() {
        let found = all("https://localhost:7001;http://localhost:5001");
        let ports: Vec<_> = found.iter().map(|found| (found.1, found.2)).collect();
        assert_eq!(ports, [(Some(7001), 19), (Some(5001), 41)]);
    }

    #[test]
    fn a_socket_file_is_no_address() {
        for text in [
            "unix:/tmp/x.sock",
            "unix:///tmp/x",
            "/tmp/x.sock",
            "",
            "a:b",
            "x:70000",
            "a b:3",
        ] {
            assert_eq!(all(text), [], "{text}");
        }
    }
}
