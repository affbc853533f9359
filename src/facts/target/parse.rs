//! A target, read from the user's words.

use std::fmt;
use std::net::Ipv6Addr;

use unicode_width::UnicodeWidthStr;

use super::{SCHEMES, Scheme, Target};
use crate::facts::{clean, shell_line};

/// Why the user's words are no target: what is wrong, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError {
    /// The words.
    pub input: String,
    /// The character that is wrong, counted from 0.
    pub at: usize,
    /// What is wrong with it.
    pub problem: String,
    /// Words that would do.
    pub example: String,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = clean(&self.input);
        writeln!(f, "{}, at character {}", self.problem, self.at + 1)?;
        writeln!(f, "  {shown}")?;
        let before: String = shown.chars().take(self.at).collect();
        writeln!(f, "  {}^", " ".repeat(before.width()))?;
        write!(f, "try: devdoctor why {}", self.example)
    }
}

impl std::error::Error for TargetError {}

impl std::str::FromStr for Target {
    type Err = TargetError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Parser { input }.target()
    }
}

struct Parser<'a> {
    input: &'a str,
}

impl Parser<'_> {
    fn target(&self) -> Result<Target, TargetError> {
        let words = self.input;
        if words.trim().is_empty() {
            return Err(self.error(0, "there is no target", "3000"));
        }
        if let Some(at) = words
            .char_indices()
            .position(|(_, c)| c.is_whitespace() || c.is_control())
        {
            let joined: String = words
                .chars()
                .filter(|c| !c.is_whitespace() && !c.is_control())
                .collect();
            return Err(self.error(at, "a target has no blanks", &joined));
        }
        match words.find("://") {
            Some(end) => self.url(end),
            None => self.plain(),
        }
    }

    /// `scheme://[user[:password]@]host[:port][/path]`
    fn url(&self, scheme_end: usize) -> Result<Target, TargetError> {
        let word = &self.input[..scheme_end];
        let rest = &self.input[scheme_end + 3..];
        let Some(scheme) = scheme_of(word) else {
            let known: Vec<_> = SCHEMES.iter().map(|(word, _)| *word).collect();
            return Err(self.error(
                0,
                &format!(
                    "`{}` is not a scheme devdoctor knows ({})",
                    clean(word),
                    known.join(", ")
                ),
                &format!("http://{rest}"),
            ));
        };
        // `http:///localhost`, `http://http://localhost`.
        let meant = rest.trim_start_matches('/');
        if meant.len() < rest.len() && meant.starts_with(char::is_alphanumeric) {
            let at = self.input[..scheme_end + 3].chars().count();
            let example = format!("{word}://{meant}");
            return Err(self.error(at, "this `/` is one too many", &example));
        }
        if let Some((again, _)) = rest.split_once("://")
            && scheme_of(again).is_some()
        {
            let at = self.input[..scheme_end + 3].chars().count();
            return Err(self.error(at, "there are two schemes", rest));
        }
        let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(authority_end);
        let host_start = authority.rfind('@').map_or(0, |at| at + 1);
        let offset = self.input[..scheme_end + 3 + host_start].chars().count();
        let (host, port) = self.authority(&authority[host_start..], offset, word)?;
        if host.is_empty() {
            let example = format!("{word}://localhost:{}", scheme.default_port());
            return Err(self.error(offset, "there is no host after `://`", &example));
        }
        Ok(Target {
            input: format!("{word}://{}{path}", &authority[host_start..]),
            scheme: Some(scheme),
            host,
            port: port.unwrap_or_else(|| scheme.default_port()),
            path: (!path.is_empty()).then(|| path.to_owned()),
        })
    }

    /// `3000` · `:3000` · `localhost:3000` · `[::1]:3000` · `localhost:3000/path`
    fn plain(&self) -> Result<Target, TargetError> {
        let words = self.input;
        if let Some((word, _)) = words.split_once(":/")
            && scheme_of(word).is_some()
        {
            let rest = words[word.len() + 1..].trim_start_matches('/');
            return Err(self.error(
                word.len() + 1,
                "a scheme is followed by `://`",
                &format!("{word}://{rest}"),
            ));
        }
        if let Some((at, meant)) = meant_url(words) {
            return Err(self.error(at, "a scheme is followed by `://`", &meant));
        }
        let end = words.find(['/', '?', '#']).unwrap_or(words.len());
        let (authority, path) = words.split_at(end);
        let (host, port) = if authority.bytes().all(|b| b.is_ascii_digit()) && !authority.is_empty()
        {
            (String::new(), Some(self.port(authority, 0, "localhost:")?))
        } else {
            self.authority(authority, 0, "")?
        };
        let Some(port) = port else {
            let shown = clean(authority);
            if authority.starts_with(|c: char| c.is_ascii_digit()) && !authority.contains('.') {
                // `300O` is a port with a slip in it.
                self.port(authority, 0, "")?;
            }
            return Err(self.error(
                authority.chars().count(),
                &format!("there is no port after `{shown}`"),
                &format!("{shown}:3000"),
            ));
        };
        Ok(Target {
            input: words.to_owned(),
            scheme: None,
            host: if host.is_empty() {
                "localhost".to_owned()
            } else {
                host
            },
            port,
            path: (!path.is_empty()).then(|| path.to_owned()),
        })
    }

    /// `host[:port]`; the port is optional, the host may be empty (`:3000`).
    fn authority(
        &self,
        text: &str,
        offset: usize,
        scheme: &str,
    ) -> Result<(String, Option<u16>), TargetError> {
        let prefix = if scheme.is_empty() {
            String::new()
        } else {
            format!("{scheme}://")
        };
        if let Some(inner) = text.strip_prefix('[') {
            let Some(close) = inner.find(']') else {
                let example = format!("{prefix}[::1]:3000");
                return Err(self.error(offset, "the `[` has no `]`", &example));
            };
            let (address, rest) = (&inner[..close], &inner[close + 1..]);
            if address.parse::<Ipv6Addr>().is_err() {
                let example = format!("{prefix}[::1]:3000");
                let shown = clean(address);
                let problem = match shown.split_once('%') {
                    Some((_, zone)) => format!("devdoctor takes no interface (`%{zone}`)"),
                    None => format!("`{shown}` is not an IPv6 address"),
                };
                return Err(self.error(offset + 1, &problem, &example));
            }
            let after = offset + close + 2;
            return match rest.strip_prefix(':') {
                Some(port) => {
                    let port = self.port(port, after + 1, &format!("{prefix}[{address}]:"))?;
                    Ok((address.to_owned(), Some(port)))
                }
                None if rest.is_empty() => Ok((address.to_owned(), None)),
                None => Err(self.error(
                    after,
                    "after `]` comes `:` and the port",
                    &format!("{prefix}[{address}]:3000"),
                )),
            };
        }
        if text.matches(':').count() > 1 {
            return Err(match text.parse::<Ipv6Addr>() {
                Ok(_) => {
                    // `::1:3000` is an address, and hardly the one that was meant.
                    let meant = text.rsplit_once(':').filter(|(address, port)| {
                        address.parse::<Ipv6Addr>().is_ok() && port.parse::<u16>().is_ok()
                    });
                    let (address, port) = meant.unwrap_or((text, "3000"));
                    let example = format!("{prefix}[{address}]:{port}");
                    self.error(offset, "an IPv6 address needs brackets", &example)
                }
                Err(_) => {
                    let colons = text.chars().enumerate().filter(|(_, c)| *c == ':');
                    let second = colons.map(|(at, _)| at).nth(1).unwrap_or_default();
                    let host = text.split(':').next().unwrap_or_default();
                    let example = format!("{prefix}{host}:3000");
                    self.error(offset + second, "this `:` is one too many", &example)
                }
            });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        let wrong = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if let Some(at) = host.chars().position(wrong) {
            let c = host.chars().nth(at).unwrap_or_default();
            // `localhost;3000`, `127,0,0,1`: the keys are neighbours.
            let swapped = host.replace(',', ".").replace(';', ":");
            let port = port.unwrap_or("3000");
            let swapped = match swapped.contains(':') {
                true => format!("{prefix}{swapped}"),
                false => format!("{prefix}{swapped}:{port}"),
            };
            let near = host.contains([',', ';']);
            let example = if near && swapped.parse::<Target>().is_ok() {
                swapped
            } else {
                let kept: String = host.chars().filter(|c| !wrong(*c)).collect();
                let number = !kept.is_empty() && kept.bytes().all(|b| b.is_ascii_digit());
                let kept = if number { "localhost" } else { &kept };
                format!("{prefix}{kept}:{port}")
            };
            return Err(self.error(
                offset + at,
                &format!("`{}` has no place in a host name", c.escape_default()),
                &example,
            ));
        }
        if let Some((problem, meant)) = no_address(host) {
            let (host, own) = meant.split_once(':').unwrap_or((&meant, "3000"));
            let example = format!("{prefix}{host}:{}", port.unwrap_or(own));
            return Err(self.error(offset, problem, &example));
        }
        // The system would take it for an address: 3000 is 0.0.11.184.
        if !host.is_empty() && host.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.error(
                offset,
                &format!("`{host}` is a port, and a host is wanted here"),
                &format!("{prefix}localhost:{host}"),
            ));
        }
        let port = match port {
            Some(port) => {
                let before = offset + host.chars().count() + 1;
                Some(self.port(port, before, &format!("{prefix}{host}:"))?)
            }
            None => None,
        };
        Ok((host.to_owned(), port))
    }

    fn port(&self, text: &str, offset: usize, before: &str) -> Result<u16, TargetError> {
        if text.is_empty() {
            let example = format!("{before}3000");
            return Err(self.error(offset, "there is no port after `:`", &example));
        }
        if let Some(at) = text.chars().position(|c| !c.is_ascii_digit()) {
            let c = text.chars().nth(at).unwrap_or_default();
            let mended: String = text
                .chars()
                .map(|c| match c {
                    'o' | 'O' => '0',
                    'l' | 'I' => '1',
                    other => other,
                })
                .filter(char::is_ascii_digit)
                .collect();
            let mended = if mended.is_empty() { "3000" } else { &mended };
            return Err(self.error(
                offset + at,
                &format!("`{}` is not a digit of a port", c.escape_default()),
                &format!("{before}{mended}"),
            ));
        }
        match text.parse::<u16>() {
            Ok(port) if port != 0 => Ok(port),
            _ => Err(self.error(
                offset,
                "a port is a number from 1 to 65535",
                &format!("{before}3000"),
            )),
        }
    }

    fn error(&self, at: usize, problem: &str, example: &str) -> TargetError {
        TargetError {
            input: self.input.to_owned(),
            at,
            problem: problem.to_owned(),
            example: shell_line(&[example.to_owned()]),
        }
    }
}

/// A URL whose `://` has a slip in it: `http//localhost`, `http:localhost`, `http;//localhost`.
/// Where the slip is, and what was meant.
fn meant_url(words: &str) -> Option<(usize, String)> {
    let end = words.find(|c: char| !c.is_ascii_alphabetic())?;
    let (word, rest) = words.split_at(end);
    scheme_of(word)?;
    let host = rest.trim_start_matches([':', ';', '/', '\\']);
    let marks = &rest[..rest.len() - host.len()];
    let begins = host.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    // `redis:6379` is a host and its port, `http/` one and a path.
    let slip = match marks {
        ":" => host.starts_with(char::is_alphabetic),
        "/" => false,
        _ => !marks.is_empty(),
    };
    (slip && begins).then(|| (end, format!("{word}://{host}")))
}

/// Why a host of numbers is no address that any program takes, and the one that was
/// probably meant: `127.0.0.1.3000`, `192.168.1.256`, `127.0..1`.
fn no_address(host: &str) -> Option<(&'static str, String)> {
    let parts: Vec<&str> = host.split('.').collect();
    let numbers = |part: &&str| part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() < 2 || !parts.iter().all(numbers) || parts[0].is_empty() {
        return None;
    }
    let known = |parts: &[&str]| {
        let text = parts.join(".");
        text.parse::<std::net::Ipv4Addr>().is_ok().then_some(text)
    };
    let local = || "127.0.0.1".to_owned();
    match parts[..] {
        _ if parts.iter().any(|part| part.is_empty()) => {
            let kept: Vec<&str> = parts.iter().copied().filter(|p| !p.is_empty()).collect();
            Some((
                "an address has a number between its dots",
                known(&kept).unwrap_or_else(local),
            ))
        }
        [ref four @ .., port] if parts.len() == 5 => {
            let meant = match (known(four), port.parse::<u16>()) {
                (Some(ip), Ok(port)) if port > 255 => format!("{ip}:{port}"),
                (Some(ip), _) => ip,
                (None, _) => local(),
            };
            Some(("an address has four numbers", meant))
        }
        _ if parts.len() > 4 => Some(("an address has four numbers", local())),
        // A number that begins with a zero may be an octal one.
        [_, _, _, _]
            if parts
                .iter()
                .any(|part| part.parse::<u8>().is_err() && !part.starts_with('0')) =>
        {
            Some(("a number of an address is from 0 to 255", local()))
        }
        _ => None,
    }
}

fn scheme_of(word: &str) -> Option<Scheme> {
    SCHEMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, scheme)| *scheme)
}
