//! Which proxy variable a client obeys for a target, and how it is told.

use std::net::IpAddr;

use crate::facts::{Protocol, ProxyVariable, Scheme, catalogue, same_network};
use crate::findings::{Confidence, Evidence, Fix, Seen};
use crate::rules::Case;

/// A proxy variable that clients obey for the target, and how sure that is.
pub(super) struct Applies<'a> {
    pub(super) variable: &'a ProxyVariable,
    pub(super) confidence: Confidence,
}

/// The proxy variable that a command-line client obeys for this target.
pub(super) fn proxy<'a>(case: &Case<'a>) -> Option<Applies<'a>> {
    let (confidence, secure) = web(case)?;
    let host = &case.facts.host;
    let target = case.target.host.trim_matches(['[', ']']);
    if is_excepted(target, host.no_proxy.as_deref().unwrap_or_default()) {
        return None;
    }
    // The order in which curl looks; it never obeys `HTTP_PROXY` in capitals.
    let names: &[&str] = if secure {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY"]
    };
    let variable = names
        .iter()
        .find_map(|name| host.proxies.iter().find(|proxy| proxy.name == *name))?;
    let confidence = if variable.name == "HTTP_PROXY" {
        confidence.min(Confidence::Likely)
    } else {
        confidence
    };
    Some(Applies {
        variable,
        confidence,
    })
}

/// Whether the target is asked by clients that obey proxy variables, how sure that is,
/// and whether over TLS.
pub(super) fn web(case: &Case) -> Option<(Confidence, bool)> {
    if let Some(scheme) = case.target.scheme {
        let secure = matches!(scheme, Scheme::Https | Scheme::Wss);
        return scheme.is_web().then_some((Confidence::Certain, secure));
    }
    if let Some((_, greeting)) = case.greeting() {
        return match greeting.spoken {
            Some(Protocol::Http) => Some((case.hearing(), false)),
            Some(Protocol::Tls) => Some((case.hearing(), true)),
            _ => None,
        };
    }
    match catalogue().port(case.port()) {
        Some(row) => (row.greet == Some(Protocol::Http)).then_some((Confidence::Likely, false)),
        None => Some((Confidence::Likely, false)),
    }
}

/// Whether `NO_PROXY` excepts the host, as curl reads it.
fn is_excepted(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let ip: Option<IpAddr> = host.parse().ok();
    no_proxy
        .split([',', ' '])
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            if entry == "*" {
                return true;
            }
            let entry = entry.trim_matches(['[', ']']).to_ascii_lowercase();
            if let Some(ip) = ip {
                return entry.parse().is_ok_and(|other: IpAddr| other == ip)
                    || is_in_network(ip, &entry);
            }
            let entry = entry.trim_start_matches('.').trim_end_matches('.');
            !entry.is_empty()
                && (host == entry
                    || host
                        .strip_suffix(entry)
                        .is_some_and(|rest| rest.ends_with('.')))
        })
}

/// Whether an address is in a network written as `10.0.0.0/8`.
fn is_in_network(ip: IpAddr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else {
        return false;
    };
    match (base.parse(), bits.parse()) {
        (Ok(base), Ok(bits)) => same_network(ip, base, bits),
        _ => false,
    }
}

pub(super) fn variable_evidence(variable: &ProxyVariable) -> Evidence {
    Evidence::new(
        format!(
            "{} is set to {}://{}",
            variable.name,
            variable.scheme,
            authority(variable)
        ),
        Seen::Environment {
            variable: variable.name.clone(),
        },
    )
}

pub(super) fn authority(variable: &ProxyVariable) -> String {
    if variable.host.contains(':') {
        format!("[{}]:{}", variable.host, variable.port)
    } else {
        format!("{}:{}", variable.host, variable.port)
    }
}

pub(super) fn no_proxy_evidence(case: &Case) -> Evidence {
    let host = &case.target.host;
    let says = match &case.facts.host.no_proxy {
        Some(value) => format!("NO_PROXY is `{value}`, which does not except {host}"),
        None => "NO_PROXY is not set".to_owned(),
    };
    Evidence::new(
        says,
        Seen::Environment {
            variable: "NO_PROXY".to_owned(),
        },
    )
}

/// Excepts this machine from the proxy, in both spellings: curl prefers the lower case.
pub(super) fn except_localhost(case: &Case) -> Fix {
    let mut names: Vec<&str> = case
        .facts
        .host
        .no_proxy
        .as_deref()
        .unwrap_or_default()
        .split([',', ' '])
        .filter(|entry| !entry.is_empty())
        .collect();
    let host = case.target.host.as_str();
    for name in ["localhost", "127.0.0.1", "::1", host] {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let list = names.join(",");
    Fix::safe(
        "except this machine from the proxy, in this shell",
        [
            "export".to_owned(),
            format!("NO_PROXY={list}"),
            format!("no_proxy={list}"),
        ],
    )
}

pub(super) fn unset(title: &str, variable: &ProxyVariable) -> Fix {
    Fix::safe(title, ["unset", &variable.name])
}

#[cfg(test)]
mod tests {
    use super::is_excepted;

    #[test]
    fn exceptions_are_read_as_curl_reads_them() {
        for (host, list) in [
            ("localhost", "localhost,127.0.0.1"),
            ("LOCALHOST", "localhost"),
            ("api.corp.test", ".corp.test"),
            ("api.corp.test", "corp.test"),
            ("127.0.0.1", "10.0.0.0/8 127.0.0.0/8"),
            ("::1", "[::1]"),
            ("anything", "*"),
        ] {
            assert!(is_excepted(host, list), "{host} in {list}");
        }
        for (host, list) in [
            ("127.0.0.1", "localhost"),
            ("localhost", "127.0.0.1,::1"),
            ("notcorp.test", "corp.test"),
            ("api.corp.test", "*.corp.test"),
            ("127.0.0.1", "128.0.0.0/8,127.0.0.0/x"),
            ("localhost", ". ,,"),
        ] {
            assert!(!is_excepted(host, list), "{host} not in {list}");
        }
    }
}
