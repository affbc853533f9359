//! What the user asks about.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{Protocol, catalogue};

/// What the user asks about: `3000`, `localhost:3000`, `https://app.test/path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The words the user used, without the password of a URL.
    pub input: String,
    /// The scheme, if the user gave one.
    pub scheme: Option<Scheme>,
    /// The host: a name, or an address without brackets. `localhost` if the user gave none.
    pub host: String,
    /// The port: the one given, or the scheme's own.
    pub port: u16,
    /// The path with its query, if the user gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// A URL scheme that devdoctor knows how to greet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// Redis.
    Redis,
    /// MongoDB.
    Mongodb,
    /// AMQP 0.9.1.
    Amqp,
}

/// Every spelling of a scheme, and what it stands for.
const SCHEMES: &[(&str, Scheme)] = &[
    ("http", Scheme::Http),
    ("https", Scheme::Https),
    ("ws", Scheme::Ws),
    ("wss", Scheme::Wss),
    ("postgres", Scheme::Postgres),
    ("postgresql", Scheme::Postgres),
    ("mysql", Scheme::Mysql),
    ("mariadb", Scheme::Mysql),
    ("redis", Scheme::Redis),
    ("mongodb", Scheme::Mongodb),
    ("amqp", Scheme::Amqp),
];

impl Scheme {
    /// The port that is meant when none is given.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http | Scheme::Ws => 80,
            Scheme::Https | Scheme::Wss => 443,
            Scheme::Postgres => 5432,
            Scheme::Mysql => 3306,
            Scheme::Redis => 6379,
            Scheme::Mongodb => 27017,
            Scheme::Amqp => 5672,
        }
    }

    /// The protocol that a client of this scheme speaks first.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Scheme::Http | Scheme::Ws => Protocol::Http,
            Scheme::Https | Scheme::Wss => Protocol::Tls,
            Scheme::Postgres => Protocol::Postgres,
            Scheme::Mysql => Protocol::Mysql,
            Scheme::Redis => Protocol::Redis,
            Scheme::Mongodb => Protocol::Mongodb,
            Scheme::Amqp => Protocol::Amqp,
        }
    }

    /// Whether a browser, or what behaves like one, is the client.
    #[must_use]
    pub fn is_web(self) -> bool {
        matches!(
            self,
            Scheme::Http | Scheme::Https | Scheme::Ws | Scheme::Wss
        )
    }

    /// The scheme as it is written in a URL.
    #[must_use]
    pub fn word(self) -> &'static str {
        SCHEMES
            .iter()
            .find(|(_, scheme)| *scheme == self)
            .map_or("", |(word, _)| word)
    }
}

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
        let shown = super::clean(&self.input);
        writeln!(f, "{}, at character {}", self.problem, self.at + 1)?;
        writeln!(f, "  {shown}")?;
        writeln!(f, "  {}^", " ".repeat(self.at))?;
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

impl Target {
    /// The host as an address, if the user gave one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the host is `localhost` or a name below it.
    #[must_use]
    pub fn is_localhost_name(&self) -> bool {
        let host = self.host.trim_end_matches('.');
        host.eq_ignore_ascii_case("localhost")
            || host
                .rsplit_once('.')
                .is_some_and(|(_, last)| last.eq_ignore_ascii_case("localhost"))
    }

    /// The protocol to greet with: the scheme's, or else the one that the catalogue
    /// has for this port. Nothing means: connect, send nothing.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        match self.scheme {
            Some(scheme) => Some(scheme.protocol()),
            None => catalogue().greeting_for(self.port),
        }
    }

    /// `host:port`, with the brackets that an IPv6 address needs.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{}]:{}", self.host, self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }

    /// The same target as a URL that can be opened, on another port where one is given.
    #[must_use]
    pub fn url(&self, port: Option<u16>) -> String {
        let scheme = self.scheme.map_or("http", Scheme::word);
        let port = port.unwrap_or(self.port);
        let path = self.path.as_deref().unwrap_or("");
        let there = Target {
            port,
            ..self.clone()
        };
        format!("{scheme}://{}{path}", there.authority())
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
                    super::clean(word),
                    known.join(", ")
                ),
                &format!("http://{rest}"),
            ));
        };
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
        let end = words.find(['/', '?', '#']).unwrap_or(words.len());
        let (authority, path) = words.split_at(end);
        let (host, port) = if authority.bytes().all(|b| b.is_ascii_digit()) && !authority.is_empty()
        {
            (String::new(), Some(self.port(authority, 0, "localhost:")?))
        } else {
            self.authority(authority, 0, "")?
        };
        let Some(port) = port else {
            let shown = super::clean(&host);
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
                let shown = super::clean(address);
                let problem = format!("`{shown}` is not an IPv6 address");
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
                Ok(_) => self.error(
                    offset,
                    "an IPv6 address needs brackets",
                    &format!("{prefix}[{text}]:3000"),
                ),
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
            let kept: String = host.chars().filter(|c| !wrong(*c)).collect();
            return Err(self.error(
                offset + at,
                &format!("`{}` has no place in a host name", c.escape_default()),
                &format!("{prefix}{kept}:{}", port.unwrap_or("3000")),
            ));
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
            example: super::shell_line(&[example.to_owned()]),
        }
    }
}

fn scheme_of(word: &str) -> Option<Scheme> {
    SCHEMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, scheme)| *scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(input: &str) -> (String, u16, Option<Scheme>) {
        let target: Target = input.parse().unwrap();
        (target.host, target.port, target.scheme)
    }

    fn wrong(input: &str) -> (usize, String) {
        let error = input.parse::<Target>().unwrap_err();
        let example: Vec<_> = error.example.split(' ').collect();
        assert!(
            example[0].trim_matches('\'').parse::<Target>().is_ok(),
            "the example {:?} for {input:?} is no target",
            error.example
        );
        (error.at, error.problem)
    }

    #[test]
    fn every_form_of_a_target_is_read() {
        let localhost = |port| ("localhost".to_owned(), port, None);
        assert_eq!(ok("3000"), localhost(3000));
        assert_eq!(ok(":3000"), localhost(3000));
        assert_eq!(ok("localhost:3000"), localhost(3000));
        assert_eq!(ok("localhost:3000/health?x=1"), localhost(3000));
        assert_eq!(ok("127.0.0.1:3000"), ("127.0.0.1".into(), 3000, None));
        assert_eq!(ok("[::1]:3000"), ("::1".into(), 3000, None));
        assert_eq!(ok("db_1:5432"), ("db_1".into(), 5432, None));
        assert_eq!(
            ok("https://app.test/path"),
            ("app.test".into(), 443, Some(Scheme::Https))
        );
        assert_eq!(
            ok("ws://[::1]:24678"),
            ("::1".into(), 24678, Some(Scheme::Ws))
        );
        assert_eq!(
            ok("postgresql://me:secret@db/app"),
            ("db".into(), 5432, Some(Scheme::Postgres))
        );
        assert_eq!(ok("redis://h:1").2, Some(Scheme::Redis));
        assert_eq!(ok("mysql://h").1, 3306);
        assert_eq!(ok("mongodb://h").1, 27017);
        assert_eq!(ok("amqp://h").1, 5672);
    }

    #[test]
    fn a_password_is_not_kept() {
        let target: Target = "postgres://me:s%40cret@db:5433/app".parse().unwrap();
        assert_eq!(target.input, "postgres://db:5433/app");
    }

    #[test]
    fn a_bad_target_says_where() {
        assert_eq!(wrong("").0, 0);
        assert_eq!(wrong("300O").0, 4);
        assert_eq!(wrong("localhost:300O").0, 13);
        assert_eq!(wrong("localhost").0, 9);
        assert_eq!(wrong("localhost:").0, 10);
        assert_eq!(wrong("localhost:70000").0, 10);
        assert_eq!(wrong("0").0, 0);
        assert_eq!(wrong("http:/localhost:3000").0, 5);
        assert_eq!(wrong("http://").0, 7);
        assert_eq!(wrong("gopher://x:70").0, 0);
        assert_eq!(wrong("::1").0, 0);
        assert_eq!(wrong("[::1:3000").0, 0);
        assert_eq!(wrong("[::g]:3000").0, 1);
        assert_eq!(wrong("[::1]3000").0, 5);
        assert_eq!(wrong("a:b:3000").0, 3);
        assert_eq!(wrong("ä:b:3000").0, 3);
        assert_eq!(wrong("http://ä:ö@lo$al").0, 13);
        assert_eq!(wrong("local host:3000").0, 5);
        assert_eq!(wrong("lo$al:3000").0, 2);
        assert_eq!(wrong("http://lo$al").0, 9);
    }

    #[test]
    fn a_url_can_be_made_for_another_port() {
        let target: Target = "https://[::1]:3000/a".parse().unwrap();
        assert_eq!(target.url(Some(3001)), "https://[::1]:3001/a");
        let target: Target = "3000".parse().unwrap();
        assert_eq!(target.url(None), "http://localhost:3000");
    }
}
