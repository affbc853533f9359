//! The `ports` of a service: short and long, ranges unrolled as compose pairs them.

use std::net::IpAddr;

use crate::facts::Proto;
use crate::parsers::format::yaml::{Kind, Yaml};

/// One port that compose publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    /// The address on this machine; nothing where none is given.
    pub(super) host: Option<String>,
    /// The port on this machine; nothing where the engine chooses.
    pub(super) published: Option<u16>,
    /// The last port of the range that the engine chooses from.
    pub(super) until: Option<u16>,
    /// The port inside the container.
    pub(super) target: u16,
    /// TCP or UDP.
    pub(super) proto: Proto,
}

/// The ports of one entry, or why compose refuses it.
pub(super) fn of(entry: &Yaml) -> Result<Vec<Port>, String> {
    match &entry.kind {
        Kind::Table(_) => long(entry).map(|port| port.into_iter().collect()),
        Kind::Text(text) => short(text),
        Kind::Number(_) => short(&whole(&entry.written)?.to_string()),
        _ => Err("it is no port".to_owned()),
    }
}

/// `[HOST:][PUBLISHED:]TARGET[/PROTOCOL]`.
fn short(text: &str) -> Result<Vec<Port>, String> {
    let (head, target) = text.rsplit_once(':').unwrap_or(("", text));
    let (host, published) = head.rsplit_once(':').unwrap_or(("", head));
    let (target, proto) = match target.split_once('/') {
        Some((target, proto)) => (target, proto),
        None => (target, "tcp"),
    };
    let proto = protocol(proto)?;
    let host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(bare) => bare,
        None => host,
    };
    if !host.is_empty() && host.parse::<IpAddr>().is_err() {
        return Err(format!("`{host}` is no address"));
    }
    let (first, last) = range(target)?;
    if first == 0 {
        return Err("there is no port 0 inside".to_owned());
    }
    let ours = if published.is_empty() {
        None
    } else {
        Some(range(published)?)
    };
    let count = last - first;
    if let Some((from, to)) = ours
        && to - from != count
        && count != 0
    {
        return Err("its two ranges are not of the same length".to_owned());
    }
    let Some(proto) = proto else {
        return Ok(Vec::new());
    };
    let host = Some(host.to_owned()).filter(|host| !host.is_empty());
    let unrolled = (0..=count).map(|step| {
        let (published, until) = match ours {
            None => (None, None),
            Some((from, to)) if to - from != count => (Some(from), Some(to)),
            Some((from, _)) => (Some(from + step), None),
        };
        chosen(Port {
            host: host.clone(),
            published,
            until,
            target: first + step,
            proto,
        })
    });
    Ok(unrolled.collect())
}

/// `{ target, published, host_ip, protocol }`.
fn long(entry: &Yaml) -> Result<Option<Port>, String> {
    let text = |key: &str| entry.get(key).and_then(Yaml::plain);
    let target = text("target").ok_or("its `target` is missing")?;
    let target = port(target)?;
    let published = match text("published") {
        None | Some("") => None,
        Some(text) => Some(range(text)?),
    };
    let proto = protocol(text("protocol").unwrap_or("tcp"))?;
    let host = text("host_ip").filter(|host| !host.is_empty());
    if let Some(host) = host
        && host.parse::<IpAddr>().is_err()
    {
        return Err(format!("`{host}` is no address"));
    }
    Ok(proto.map(|proto| {
        chosen(Port {
            host: host.map(str::to_owned),
            published: published.map(|(from, _)| from),
            until: published.and_then(|(from, to)| (from != to).then_some(to)),
            target,
            proto,
        })
    }))
}

/// Port 0 and a range for one port mean that the engine chooses.
fn chosen(port: Port) -> Port {
    let engine = port.published == Some(0) || port.until.is_some();
    Port {
        published: port.published.filter(|_| !engine),
        ..port
    }
}

/// Nothing for a protocol that devdoctor has no eyes for.
fn protocol(text: &str) -> Result<Option<Proto>, String> {
    match text.to_ascii_lowercase().as_str() {
        "" | "tcp" => Ok(Some(Proto::Tcp)),
        "udp" => Ok(Some(Proto::Udp)),
        "sctp" => Ok(None),
        _ => Err(format!("`{text}` is no protocol")),
    }
}

/// A number as the reader of compose takes it: one that begins with 0 is octal.
fn whole(written: &str) -> Result<u16, String> {
    let based = [("0x", 16), ("0o", 8)];
    let mut based = based.into_iter().filter_map(|(mark, base)| {
        let digits = written.strip_prefix(mark)?;
        Some(u16::from_str_radix(digits, base))
    });
    let octal = written.len() > 1 && written.starts_with('0');
    let number = match based.next() {
        Some(number) => number,
        None if octal => u16::from_str_radix(written, 8),
        None => written.parse(),
    };
    number.map_err(|_| "it is no port".to_owned())
}

fn range(text: &str) -> Result<(u16, u16), String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (port(from)?, port(to)?);
    if from > to {
        return Err("its range ends before it begins".to_owned());
    }
    Ok((from, to))
}

fn port(text: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(|| "it is no port".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let told = |port: &Port| {
            let host = port.host.as_deref().unwrap_or("*");
            let published = port.published.map_or("?".to_owned(), |p| p.to_string());
            format!("{host} {published} {} {:?}", port.target, port.proto)
        };
        match short(text) {
            Ok(ports) => ports.iter().map(told).collect(),
            Err(why) => vec![why],
        }
    }

    #[test]
    fn every_short_form_is_read() {
        for (text, ports) in [
            ("3000", &["* ? 3000 Tcp"][..]),
            ("8080:80", &["* 8080 80 Tcp"]),
            ("8080:80/udp", &["* 8080 80 Udp"]),
            ("8080:80/TCP", &["* 8080 80 Tcp"]),
            ("80/", &["* ? 80 Tcp"]),
            ("08080:80", &["* 8080 80 Tcp"]),
            ("127.0.0.1:8080:80", &["127.0.0.1 8080 80 Tcp"]),
            ("127.0.0.1::80", &["127.0.0.1 ? 80 Tcp"]),
            ("[::1]:8080:80", &["::1 8080 80 Tcp"]),
            ("::1:8080:80", &["::1 8080 80 Tcp"]),
            ("0:80", &["* ? 80 Tcp"]),
            (":80", &["* ? 80 Tcp"]),
            ("3000-3001", &["* ? 3000 Tcp", "* ? 3001 Tcp"]),
            ("9090-9091:80-81", &["* 9090 80 Tcp", "* 9091 81 Tcp"]),
            ("9090-9095:80", &["* ? 80 Tcp"]),
            ("53:53/sctp", &[]),
        ] {
            assert_eq!(told(text), ports, "{text}");
        }
    }

    #[test]
    fn what_compose_refuses_is_refused() {
        for text in [
            "", "a:80", "80:b", "1-2:3-5", "5-4", "70000", "x:1:2", "80/icmp", "-1", "300:0",
            "80:", "::",
        ] {
            assert!(short(text).is_err(), "{text}");
        }
        assert_eq!(whole("0x1F"), Ok(31));
        assert_eq!(whole("017"), Ok(15));
        for text in ["08080", "8080.0", "65536", "1e3"] {
            assert!(whole(text).is_err(), "{text}");
        }
    }
}
