//! The asked address, as browsers write it.

use std::net::IpAddr;

use url::{Host, Url};

use crate::facts::{Scheme, Target};

/// The asked address in the ways in which a browser may have it in its files.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The address, with its path; by http and by https where neither was asked for.
    pub(super) urls: Vec<Url>,
    /// The host in lower case, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Wanted {
    /// Nothing for what no browser opens.
    pub(super) fn of(target: &Target) -> Option<Self> {
        let schemes: &[&str] = match target.scheme {
            None => &["http", "https"],
            Some(Scheme::Http | Scheme::Ws) => &["http"],
            Some(Scheme::Https | Scheme::Wss) => &["https"],
            Some(_) => return None,
        };
        let path = target.path.as_deref().filter(|path| path.starts_with('/'));
        let path = path.unwrap_or("/").split('#').next().unwrap_or("/");
        let authority = target.authority();
        let urls: Vec<Url> = schemes
            .iter()
            .filter_map(|scheme| Url::parse(&format!("{scheme}://{authority}{path}")).ok())
            .collect();
        let host = match urls.first()?.host()? {
            Host::Domain(name) => name.trim_end_matches('.').to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        Some(Wanted {
            urls,
            host,
            port: target.port,
        })
    }

    /// The host as an address.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether the host means this machine wherever it is asked.
    pub(super) fn is_loopback(&self) -> bool {
        let name = self.host == "localhost" || self.host.ends_with(".localhost");
        name || self.ip().is_some_and(|ip| ip.is_loopback())
    }

    /// The host and every domain above it, the host first; an address has none above.
    pub(super) fn domains(&self) -> Vec<&str> {
        if self.ip().is_some() {
            return vec![&self.host];
        }
        let mut domains = vec![&self.host[..]];
        let mut rest = &self.host[..];
        while let Some((_, above)) = rest.split_once('.') {
            domains.push(above);
            rest = above;
        }
        domains
    }

    /// `http://localhost:3000`, for each scheme.
    pub(super) fn origins(&self) -> Vec<String> {
        let origin = |url: &Url| url.origin().ascii_serialization();
        self.urls.iter().map(origin).collect()
    }
}

#[cfg(test)]
impl Wanted {
    pub(super) fn test(words: &str) -> Self {
        Wanted::of(&words.parse().unwrap()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_browsers_write_it() {
        let wanted = Wanted::test("3000");
        assert_eq!(wanted.urls[0].as_str(), "http://localhost:3000/");
        assert_eq!(
            wanted.origins(),
            ["http://localhost:3000", "https://localhost:3000"]
        );
        let wanted = Wanted::test("http://A.Shop.TEST:80/x?y#z");
        assert_eq!(wanted.urls[0].as_str(), "http://a.shop.test/x?y");
        assert_eq!(wanted.domains(), ["a.shop.test", "shop.test", "test"]);
        let wanted = Wanted::test("http://[::1]:3000");
        assert_eq!(wanted.urls[0].as_str(), "http://[::1]:3000/");
        assert_eq!(wanted.domains(), ["::1"]);
        assert!(wanted.is_loopback());
        assert!(Wanted::of(&"postgres://db/x".parse().unwrap()).is_none());
    }
}
