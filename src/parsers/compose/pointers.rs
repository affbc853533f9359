//! Addresses in the variables of a service: of another service, or of `localhost`, which
//! inside a container is the container itself.

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
    ("redis", 6379),
    ("rediss", 6379),
    ("mongodb", 27017),
    ("amqp", 5672),
    ("amqps", 5671),
    ("nats", 4222),
];

/// One variable of a service.
pub(super) struct Setting<'a> {
    pub(super) service: &'a str,
    pub(super) key: &'a str,
    /// Its value, variables replaced.
    pub(super) value: &'a str,
    pub(super) origin: &'a Origin,
    /// How the value is written.
    pub(super) written: &'a str,
}

/// The addresses in a variable's value that are this machine's or another service's.
pub(super) fn of(setting: &Setting<'_>, services: &[&str]) -> Vec<Pointer> {
    let (scheme, rest) = match setting.value.split_once("://") {
        Some((scheme, rest)) => (Some(base(scheme)), rest),
        None => (None, setting.value),
    };
    let authority = rest.split(['/', '?', '#', ' ', '"', '\'']).next();
    let authority = authority.unwrap_or_default();
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
        is_near(host, services).then(|| pointer(setting, scheme, host, port, written))
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
    let before = found.map_or(0, |at| setting.written[..at].chars().count());
    let column = setting.origin.column + u32::try_from(before).unwrap_or(0);
    Pointer {
        service: setting.service.to_owned(),
        key: setting.key.to_owned(),
        scheme: scheme.map(str::to_owned),
        host: host.to_owned(),
        port,
        origin: Origin {
            column,
            ..setting.origin.clone()
        },
        written: found.map_or("", |_| written).to_owned(),
        inside: true,
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
fn parts(authority: &str) -> Option<(&str, Option<u16>)> {
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

/// Whether a host is another service, or this machine by one of its names.
fn is_near(host: &str, services: &[&str]) -> bool {
    let address = host.parse::<IpAddr>();
    services.contains(&host)
        || host.eq_ignore_ascii_case("localhost")
        || host == "host.docker.internal"
        || address.is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> Vec<String> {
        let origin = Origin {
            column: 5,
            ..Origin::default()
        };
        let setting = Setting {
            service: "web",
            key: "URL",
            value,
            origin: &origin,
            written: value,
        };
        let told = |p: Pointer| format!("{} {} {}@{}", p.host, p.port, p.written, p.origin.column);
        of(&setting, &["db", "kafka"])
            .into_iter()
            .map(told)
            .collect()
    }

    #[test]
    fn addresses_of_services_and_of_this_machine_are_found() {
        for (value, pointers) in [
            (
                "postgres://me:p:w@d@db:5433/shop",
                &["db 5433 db:5433@25"][..],
            ),
            (
                "postgresql+asyncpg://me@localhost/x",
                &["localhost 5432 localhost@29"],
            ),
            ("jdbc:mysql://db/x", &["db 3306 db@18"]),
            ("http://[::1]:8080/", &["::1 8080 [::1]:8080@12"]),
            (
                "kafka:9092,kafka:9093",
                &["kafka 9092 kafka:9092@5", "kafka 9093 kafka:9093@16"],
            ),
            ("https://example.com:8080/?to=db:1", &[]),
            ("db", &[]),
            ("foo://db", &[]),
            ("db:secret", &[]),
        ] {
            let found = told(value);
            assert_eq!(found, pointers, "{value}");
        }
    }
}
