//! Proxy variables of our own environment.

use url::Url;

use crate::facts::{ProxyVariable, clean};

/// Every spelling that some client reads. curl reads `http_proxy` in lower case only,
/// and prefers lower case for the others.
const NAMES: [&str; 6] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
];

/// What the environment says of proxies.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    pub(super) variables: Vec<ProxyVariable>,
    pub(super) bad: Vec<String>,
    pub(super) no_proxy: Option<String>,
    pub(super) no_proxy_capital: Option<String>,
    pub(super) node_obeys: bool,
}

/// Reads the variables; user names and passwords are dropped here.
pub(super) fn of(get: impl Fn(&str) -> Option<String>) -> Proxies {
    let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
    let except = |name: &str| get(name).map(|value| clean(value.trim()));
    let (lower, capital) = (except("no_proxy"), except("NO_PROXY"));
    let mut proxies = Proxies {
        no_proxy_capital: capital
            .clone()
            .filter(|other| lower.as_ref().is_some_and(|lower| lower != other)),
        no_proxy: lower.or(capital),
        node_obeys: get("NODE_USE_ENV_PROXY").is_some_and(|value| value.trim() == "1"),
        ..Proxies::default()
    };
    for name in NAMES {
        let Some(value) = get(name) else { continue };
        match parse(name, value.trim()) {
            Some(variable) => proxies.variables.push(variable),
            // The value may hold a password: only the name is kept.
            None => proxies.bad.push(name.to_owned()),
        }
    }
    proxies
}

fn parse(name: &str, value: &str) -> Option<ProxyVariable> {
    let (scheme, host, port) = address(value)?;
    Some(ProxyVariable {
        name: name.to_owned(),
        scheme,
        host,
        port,
        reachable: None,
    })
}

/// The scheme, host and port of a proxy's address, in any way it is written.
pub(in crate::sources) fn address(value: &str) -> Option<(String, String, u16)> {
    let url = if value.contains("://") {
        Url::parse(value)
    } else {
        // Every client reads `host:port` as a plain HTTP proxy.
        Url::parse(&format!("http://{value}"))
    };
    let url = url.ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let port = match (url.port(), url.scheme()) {
        (Some(port), _) => port,
        // `Url` leaves out the port where it is the scheme's own.
        (None, "https") => 443,
        (None, "http") if value_names_port(value, 80) => 80,
        (None, _) => 1080,
    };
    Some((clean(url.scheme()), clean(host), port))
}

fn value_names_port(value: &str, port: u16) -> bool {
    value.trim_end_matches('/').ends_with(&format!(":{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Proxies {
        of(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    fn one(value: &str) -> Option<(String, String, u16)> {
        read(&[("http_proxy", value)])
            .variables
            .pop()
            .map(|v| (v.scheme, v.host, v.port))
    }

    #[test]
    fn every_way_to_write_a_proxy_is_read() {
        let is = |scheme: &str, host: &str, port| Some((scheme.into(), host.into(), port));
        assert_eq!(one("127.0.0.1:3128"), is("http", "127.0.0.1", 3128));
        assert_eq!(one("proxy.corp:80/"), is("http", "proxy.corp", 80));
        assert_eq!(one("proxy.corp"), is("http", "proxy.corp", 1080));
        assert_eq!(
            one("http://proxy.corp:8080/"),
            is("http", "proxy.corp", 8080)
        );
        assert_eq!(one("https://proxy.corp"), is("https", "proxy.corp", 443));
        assert_eq!(one("socks5h://[::1]:9050"), is("socks5h", "::1", 9050));
    }

    #[test]
    fn a_password_is_not_kept() {
        let proxies = read(&[("HTTPS_PROXY", "http://me:s3cret@proxy:3128")]);
        assert_eq!(proxies.variables[0].host, "proxy");
        assert!(!format!("{proxies:?}").contains("s3cret"));
    }

    #[test]
    fn a_value_that_is_no_proxy_is_noted_by_name() {
        let proxies = read(&[("all_proxy", "http://"), ("http_proxy", "  ")]);
        assert!(proxies.variables.is_empty());
        assert_eq!(proxies.bad, ["all_proxy"]);
    }

    #[test]
    fn the_lower_case_exceptions_come_first() {
        let proxies = read(&[("NO_PROXY", "a"), ("no_proxy", "b")]);
        assert_eq!(proxies.no_proxy.as_deref(), Some("b"));
        assert_eq!(proxies.no_proxy_capital.as_deref(), Some("a"));
        let alone = read(&[("NO_PROXY", "a"), ("NODE_USE_ENV_PROXY", "1")]);
        assert_eq!(alone.no_proxy.as_deref(), Some("a"));
        assert_eq!(alone.no_proxy_capital, None);
        assert!(alone.node_obeys && !proxies.node_obeys);
    }
}
