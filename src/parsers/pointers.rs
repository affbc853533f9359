//! Addresses of other servers in a setting: a URL, `host:port`, or several of them.

use std::net::IpAddr;

use crate::facts::{Origin, Pointer};

/// Schemes whose port is known when none is written.
const PORTS: &[(&str, u16)] = &[
    ("http", 80),
    ("ws", 80),
    ("https", 443),
    ("wss", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("sqlserver", 1433),
    ("mssql", 1433),
    ("redis", 6379),
    ("rediss", 6379),
    ("mongodb", 27017),
    ("amqp", 5672),
    ("amqps", 5671),
    ("nats", 4222),
    ("mqtt", 1883),
    ("smtp", 25),
    ("memcached", 11211),
    ("clickhouse", 9000),
    ("neo4j", 7687),
    ("bolt", 7687),
];

/// One setting.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The service whose setting it is; empty where it is the project's.
    pub service: &'a str,
    /// Its name.
    pub key: &'a str,
    /// Its value, variables replaced.
    pub value: &'a str,
    /// Where the value begins.
    pub origin: &'a Origin,
    /// How the value is written.
    pub written: &'a str,
    /// Whether it is dialled from inside a container.
    pub inside: bool,
}

/// The addresses in a value whose host is one of these. Of what is written, only the
/// host and the port are kept: what stands before them may be a password.
pub fn of(setting: &Setting<'_>, wanted: &dyn Fn(&str) -> bool) -> Vec<Pointer> {
    let (scheme, rest) = match setting.value.split_once("://") {
        Some((scheme, rest)) => (Some(base(scheme)), rest),
        None => (None, setting.value),
    };
    let authority = rest.split(['/', '?', '#', ';', ' ', '"', '\'']).next();
    let authority = authority.unwrap_or_default();
    // A password with a slash in it: what looks like the host is its beginning.
    let at = rest[authority.len()..].match_indices('@');
    if at
        .map(|(at, _)| authority.len() + at)
        .any(|at| !rest[..at].ends_with('/'))
    {
        return Vec::new();
    }
    let hosts = authority
        .rsplit_once('@')
        .map_or(authority, |(_, hosts)| hosts);
    let pointers = hosts.split(',').filter_map(|written| {
        let (host, port) = parts(written)?;
        let default = || PORTS.iter().find(|(name, _)| Some(*name) == scheme);
        let port = match port {
            Some(port) => port,
            None => default()?.1,
        };
        (port != 0 && wanted(host)).then(|| pointer(setting, scheme, host, port, written))
    });
    pointers.collect()
}

fn pointer(
    setting: &Setting<'_>,
    scheme: Option<&str>,
    host: &str,
    port: u16,
    written: &str,
) -> Pointer {
    // Where variables stand in its place, the address is not written anywhere.
    let from = begins(setting.written);
    let found = setting.written[from..].find(written).map(|at| at + from);
    let before = found.map_or("", |at| &setting.written[..at]);
    let columns = u32::try_from(before.chars().count()).unwrap_or(0);
    Pointer {
        service: setting.service.to_owned(),
        key: setting.key.to_owned(),
        scheme: scheme.map(str::to_owned),
        host: host.to_owned(),
        port,
        origin: if before.contains('\n') {
            setting.origin.clone()
        } else {
            Origin {
                column: setting.origin.column + columns,
                ..setting.origin.clone()
            }
        },
        written: found.map_or("", |_| written).to_owned(),
        inside: setting.inside,
        paths: Vec::new(),
    }
}

/// Where the host may begin in a written address: behind the scheme and the user.
fn begins(written: &str) -> usize {
    let from = written.find("://").map_or(0, |at| at + 3);
    let rest = &written[from..];
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rfind('@').map_or(from, |at| from + at + 1)
}

/// The scheme that tells the port: `postgresql` of `jdbc:postgresql` and
/// `postgresql+asyncpg`.
fn base(scheme: &str) -> &str {
    let last = scheme.rsplit(':').next().unwrap_or(scheme);
    last.split('+').next().unwrap_or(last)
}

/// A host and the port behind it.
pub fn parts(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    Some((host, port))
}

/// Whether a host is this machine by one of its names.
#[must_use]
pub fn is_here(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host.parse::<IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "host.docker.internal"
        || address.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// Whether a host is a name of one word, as the services of a compose file have.
#[must_use]
pub fn is_one_word(host: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    host.starts_with(|c: char| c.is_ascii_alphabetic()) && host.chars().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str, written: &str) -> Vec<String> {
        let origin = Origin {
            column: 5,
            ..Origin::default()
        };
        let setting = Setting {
            service: "",
            key: "URL",
            value,
            origin: &origin,
            written,
            inside: false,
        };
        let told = |p: Pointer| format!("{} {} {}@{}", p.host, p.port, p.written, p.origin.column);
        let found = of(&setting, &|host| is_here(host) || is_one_word(host));
        found.into_iter().map(told).collect()
    }

    #[test]
    fn only_the_host_and_the_port_are_kept() {
        let url = "postgres://u:p@localhost:5433/x";
        assert_eq!(told(url, url), ["localhost 5433 localhost:5433@20"]);
        let quoted = "\"jdbc:postgresql://db/x\"";
        assert_eq!(told("jdbc:postgresql://db/x", quoted), ["db 5432 db@24"]);
        assert_eq!(
            told("redis://127.0.0.1:1/0", "redis://127.0.0.1:$PORT/0"),
            ["127.0.0.1 1 @5"]
        );
    }

    #[test]
    fn several_hosts_and_addresses_of_six() {
        let value = "mongodb://a:b@[::1]:27018,localhost/x";
        assert_eq!(
            told(value, value),
            ["::1 27018 [::1]:27018@19", "localhost 27017 localhost@31"]
        );
        let value = "localhost:9092,localhost:9093";
        assert_eq!(told(value, value).len(), 2);
    }

    #[test]
    fn what_is_no_address_or_far_away_is_none() {
        for value in [
            "https://api.example.com",
            "localhost",
            "http://u:12/3@localhost:1",
            "10:30",
            "",
            "http://localhost:99999",
        ] {
            assert_eq!(told(value, value), [""; 0], "{value}");
        }
    }
}
