//! The ways in which settings of browsers name addresses.

use std::net::IpAddr;

use super::wanted::Wanted;
use crate::facts::same_network;

/// Whether a filter of Chromium's lists (`URLBlocklist`) covers the address:
/// `[scheme://][.]host[:port][/path]`, where a host without a dot before it means those
/// below it, too.
pub(super) fn filter_covers(filter: &str, wanted: &Wanted) -> bool {
    let (scheme, rest) = match filter.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, filter),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    // What it demands of the query is not looked at: then it is no match.
    if filter.contains(['@', '?']) {
        return false;
    }
    let Some(host) = without_port(authority, wanted.port) else {
        return false;
    };
    let scheme_fits = |is: &str| scheme.is_none_or(|s| s == "*" || s.eq_ignore_ascii_case(is));
    let path = path.trim_end_matches('*');
    let mut urls = wanted.urls.iter();
    urls.any(|url| scheme_fits(url.scheme()) && url.path().starts_with(path))
        && match host.strip_prefix('.') {
            Some(exact) => exact.eq_ignore_ascii_case(&wanted.host),
            None => host == "*" || is_or_is_below(&wanted.host, host),
        }
}

/// The host of `host[:port]`, if the port is this one or none.
fn without_port(authority: &str, port: u16) -> Option<&str> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let fits = match rest.strip_prefix(':') {
            Some(given) => given == "*" || given.parse() == Ok(port),
            None => rest.is_empty(),
        };
        return fits.then_some(host);
    }
    match authority.split_once(':') {
        None => Some(authority),
        // An address of IPv6 without brackets.
        Some((_, rest)) if rest.contains(':') => Some(authority),
        Some((host, given)) => (given == "*" || given.parse() == Ok(port)).then_some(host),
    }
}

fn is_or_is_below(host: &str, domain: &str) -> bool {
    if host.eq_ignore_ascii_case(domain) {
        return true;
    }
    let at = host.len().checked_sub(domain.len() + 1);
    let tail = at
        .and_then(|at| host.get(at..))
        .filter(|_| !domain.is_empty());
    tail.and_then(|tail| tail.strip_prefix('.'))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
}

/// Whether a match pattern of extensions covers the address: `*://*.example.com/*`.
pub(super) fn match_covers(pattern: &str, wanted: &Wanted) -> bool {
    if pattern == "<all_urls>" {
        return true;
    }
    let Some((scheme, rest)) = pattern.split_once("://") else {
        return false;
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/*"),
    };
    let Some(host) = without_port(authority, wanted.port) else {
        return false;
    };
    let scheme_fits = |is: &str| scheme == "*" || scheme.eq_ignore_ascii_case(is);
    let path_fits = |is: &str| match path.split_once('*') {
        Some((begin, _)) => is.starts_with(begin),
        None => is == path,
    };
    let mut urls = wanted.urls.iter();
    urls.any(|url| scheme_fits(url.scheme()) && path_fits(url.path()))
        && match host.strip_prefix("*.") {
            Some(domain) => is_or_is_below(&wanted.host, domain),
            None => host == "*" || host.eq_ignore_ascii_case(&wanted.host),
        }
}

/// Whether Chromium's list of exceptions keeps requests to the host from a proxy. Those to
/// the machine itself never go there, unless the list says so.
pub(super) fn bypassed(list: &str, wanted: &Wanted) -> bool {
    let mut rules = list.split([';', ',', ' ']).filter(|rule| !rule.is_empty());
    let implicit = wanted.is_loopback() && !rules.clone().any(|rule| rule == "<-loopback>");
    implicit || rules.any(|rule| excepts(rule, wanted))
}

/// Whether one entry of a list of exceptions covers the host.
pub(super) fn excepts(rule: &str, wanted: &Wanted) -> bool {
    if rule == "<local>" {
        return !wanted.host.contains(['.', ':']);
    }
    let rule = rule.split_once("://").map_or(rule, |(_, rest)| rest);
    if let (Some((network, bits)), Some(ip)) = (rule.split_once('/'), wanted.ip()) {
        let network = network.trim_matches(['[', ']']).parse::<IpAddr>();
        let bits = bits.parse::<u8>();
        return matches!((network, bits), (Ok(network), Ok(bits)) if same_network(network, ip, bits));
    }
    let Some(host) = without_port(rule, wanted.port) else {
        return false;
    };
    match host.strip_prefix('*').unwrap_or(host).strip_prefix('.') {
        Some(domain) => is_or_is_below(&wanted.host, domain),
        None => host == "*" || host.eq_ignore_ascii_case(&wanted.host),
    }
}

/// Whether a pattern of Chromium's policies, or an entry of Firefox's lists, names a host:
/// itself, `[*.]` or `*.` and the domain, or `*` for all.
pub(super) fn names_host(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim();
    let below = pattern.strip_prefix("[*.]").or(pattern.strip_prefix("*."));
    match below {
        Some(domain) => !domain.is_empty() && is_or_is_below(host, domain),
        None => pattern == "*" || pattern.eq_ignore_ascii_case(host),
    }
}

/// Whether a pattern of Chromium's policies names a site: `https://app.example.com`.
pub(super) fn names_site(pattern: &str, site: &str) -> bool {
    let parts = |text: &str| {
        let (scheme, rest) = text.split_once("://").unwrap_or(("*", text));
        let rest = rest.trim_end_matches('/');
        let host = rest.strip_suffix(":443").unwrap_or(rest);
        (scheme.to_owned(), host.to_owned())
    };
    let ((scheme, host), (is, of)) = (parts(pattern), parts(site));
    (scheme == "*" || scheme == is) && names_host(&host, &of)
}

/// Whether the host is an address of a private network.
pub(super) fn is_lan(wanted: &Wanted) -> bool {
    match wanted.ip() {
        Some(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
        None => wanted.host.ends_with(".local"),
    }
}

/// An address of a proxy as it may be told: without a user, a password, a token.
pub(super) fn without_password(server: &str) -> String {
    if server.starts_with("data:") {
        return "a script in the setting itself".to_owned();
    }
    let parts = server.split(';').map(|part| {
        let part = part.split(['?', '#']).next().unwrap_or(part);
        match (part.rsplit_once('@'), part.find("://")) {
            (Some((before, rest)), Some(at)) if at < before.len() => {
                format!("{}{rest}", part.get(..at + 3).unwrap_or_default())
            }
            (Some((_, rest)), _) => rest.to_owned(),
            (None, _) => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_cover_as_the_policy_says() {
        let of = |filter: &str| filter_covers(filter, &Wanted::test("http://a.shop.test:3000/x/y"));
        for covers in [
            "*",
            "shop.test",
            "a.shop.test:3000",
            ".a.shop.test",
            "http://shop.test",
            "http://*:3000",
            "*:*",
            "shop.test/x",
            "shop.test/x/*",
        ] {
            assert!(of(covers), "{covers}");
        }
        for not in [
            "",
            ".shop.test",
            "hop.test",
            "shop.test:3001",
            "https://shop.test",
            "shop.test/z",
            "shop.test?v=1",
            "b.a.shop.test",
            "javascript://*",
        ] {
            assert!(!of(not), "{not}");
        }
        assert!(filter_covers(
            "[::1]:3000",
            &Wanted::test("http://[::1]:3000")
        ));
        assert!(!filter_covers(
            "[::1]:3001",
            &Wanted::test("http://[::1]:3000")
        ));
    }

    #[test]
    fn match_patterns_cover_as_extensions_say() {
        let of = |pattern: &str| match_covers(pattern, &Wanted::test("http://localhost:3000/x"));
        for covers in [
            "<all_urls>",
            "*://*/*",
            "http://localhost/*",
            "*://localhost:3000/*",
            "*://*.localhost/*",
            "http://localhost/x",
        ] {
            assert!(of(covers), "{covers}");
        }
        for not in [
            "",
            "https://*/*",
            "*://*.example.com/*",
            "http://localhost/y*",
            "tabs",
        ] {
            assert!(!of(not), "{not}");
        }
    }

    #[test]
    fn a_list_of_exceptions_is_read_as_the_browser_does() {
        let of = |list: &str, words: &str| bypassed(list, &Wanted::test(words));
        assert!(of("", "localhost:3000"));
        assert!(of("", "127.0.0.1:3000"));
        assert!(!of("<-loopback>", "localhost:3000"));
        assert!(of("<-loopback>;localhost", "localhost:3000"));
        assert!(of("10.0.0.0/8", "10.1.2.3:3000"));
        assert!(!of("10.0.0.0/8", "11.1.2.3:3000"));
        assert!(of("*.test", "shop.test:3000"));
        assert!(of("<local>", "shop:3000"));
        assert!(!of("<local>;*.example", "shop.test:3000"));
    }

    #[test]
    fn patterns_name_sites() {
        let app = "https://app.example.com";
        for names in [
            "*",
            app,
            "https://app.example.com:443",
            "https://[*.]example.com/",
            "app.example.com",
        ] {
            assert!(names_site(names, app), "{names}");
        }
        for not in [
            "",
            "http://app.example.com",
            "https://example.com",
            "https://[*.]pp.example.com",
        ] {
            assert!(!names_site(not, app), "{not}");
        }
        assert!(names_site("*", "*") && !names_site(app, "*"));
        assert!(names_host("*.shop.test", "a.shop.test") && !names_host("*.", "x"));
    }

    #[test]
    fn no_password_is_told() {
        for (server, told) in [
            ("http://me:pw@10.0.0.1:80", "http://10.0.0.1:80"),
            ("me:pw@10.0.0.1:80", "10.0.0.1:80"),
            ("http=a:1;https=u@b:2", "http=a:1;b:2"),
            ("http://p/x.pac?token=1", "http://p/x.pac"),
            ("data:,function", "a script in the setting itself"),
        ] {
            assert_eq!(without_password(server), told);
        }
    }
}
