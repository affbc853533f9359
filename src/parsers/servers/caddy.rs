//! The Caddyfile: what Caddy listens on, and where it passes requests on to.

mod blocks;

use super::{default, in_container, service};
use crate::facts::{Claims, Expectation, SetBy};
use crate::parsers::context::{Context, folder};
use crate::parsers::pointers::{self, Setting, is_here, is_one_word, parts};
use blocks::{Block, Token};

/// Directives that name other servers.
const PASSES: &[&str] = &["reverse_proxy", "php_fastcgi", "forward_auth", "to"];

/// Whether this is a Caddyfile.
pub fn takes(name: &str) -> bool {
    name == "Caddyfile" || name.starts_with("Caddyfile.") || name.ends_with(".caddyfile")
}

/// Adds the sites of this file and the servers behind them.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(text) = cx.text(path, claims) else {
        return;
    };
    let blocks = match blocks::parse(cx, path, &text) {
        Ok(blocks) => blocks,
        Err(broken) => {
            claims.broken.push(broken);
            return;
        }
    };
    let within = folder(path);
    let inside = in_container(cx, within, "caddy");
    for block in &blocks {
        for line in &block.lines {
            pass_on(line, inside, claims);
        }
    }
    if inside {
        return;
    }
    // The first block without a name holds what is set for all of them.
    let options = blocks.first().filter(|block| block.names.is_empty());
    let option = |key: &str| {
        let mut lines = options?.lines.iter();
        let line = lines.find(|line| line.first().is_some_and(|word| word.text == key))?;
        line.get(1)?.text.parse::<u16>().ok()
    };
    let http = option("http_port").unwrap_or(80);
    let https = option("https_port").unwrap_or(443);
    let sites = blocks.iter().filter(|block| !block.names.is_empty());
    let sites: Vec<&Block> = sites.filter(|block| !block.is_snippet()).collect();
    let Some(first) = sites.first().and_then(|site| site.names.first()) else {
        return;
    };
    let start = ["caddy", "run"];
    let mut made = service("caddy", within, &first.origin, &start);
    made.name = "caddy".to_owned();
    made.framework = Some("caddy".to_owned());
    for site in sites {
        let bind = site.lines.iter().find(|line| line[0].text == "bind");
        let bind = bind.and_then(|line| line.get(1));
        for name in &site.names {
            let Some(mut wanted) = wants(name, http, https) else {
                continue;
            };
            wanted.host = bind.map(|word| word.text.clone());
            wanted.host_origin = bind.map(|word| word.origin.clone());
            if !made.expects.iter().any(|told| told.port == wanted.port) {
                made.expects.push(wanted);
            }
        }
    }
    if made.expects.is_empty() {
        made.expects.push(default(http, &first.origin));
    }
    claims.services.push(made);
}

/// The port of a site's name: `:2015`, `localhost`, `http://example.com`.
fn wants(name: &Token, http: u16, https: u16) -> Option<Expectation> {
    let (scheme, rest) = match name.text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, name.text.as_str()),
    };
    let authority = rest.split('/').next()?;
    let (host, port) = parts(authority)?;
    let own = match scheme {
        Some("http") => http,
        // Without a name there is nothing to have a certificate for.
        None if host.is_empty() => http,
        _ => https,
    };
    Some(Expectation {
        port: Some(port.unwrap_or(own)),
        origin: name.origin.clone(),
        by: SetBy::Config,
        key: name.text.clone(),
        written: name.written.clone(),
        certain: port.is_some(),
        ..Expectation::default()
    })
}

/// Adds the servers that a line names.
fn pass_on(line: &[Token], inside: bool, claims: &mut Claims) {
    let Some((key, rest)) = line.split_first() else {
        return;
    };
    if !PASSES.contains(&key.text.as_str()) {
        return;
    }
    for word in rest {
        // A matcher: which requests are meant.
        if word.text.starts_with(['/', '@', '*']) {
            continue;
        }
        let value = match word.text.contains("://") {
            true => word.text.clone(),
            false => format!("http://{}", word.text),
        };
        let value = value.replacen("http://:", "http://localhost:", 1);
        let setting = Setting {
            service: "",
            key: if key.text == "to" {
                "reverse_proxy"
            } else {
                &key.text
            },
            value: &value,
            origin: &word.origin,
            written: &word.written,
            inside,
        };
        let mut found = pointers::of(&setting, &|host| is_here(host) || is_one_word(host));
        for pointer in &mut found {
            if !word.text.contains("://") {
                pointer.scheme = None;
            }
            if pointer.written.is_empty() && word.text.starts_with(':') {
                pointer.written.clone_from(&word.text);
            }
        }
        claims.pointers.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    fn told(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
        let claims = Held::new([("Caddyfile", text)]).claims_with(environment);
        let services = claims.services.iter().flat_map(|s| &s.expects);
        let services = services
            .map(|e| format!("{} {:?} {:?} [{}]", e.origin, e.port, e.host, e.written))
            .collect::<Vec<_>>();
        let pointers = claims.pointers.iter();
        let pointers =
            pointers.map(|p| format!("{} -> {}:{} [{}]", p.origin, p.host, p.port, p.written));
        let broken = claims
            .broken
            .iter()
            .map(|b| format!("{} {}", b.origin, b.what));
        services.into_iter().chain(pointers).chain(broken).collect()
    }

    #[test]
    fn sites_and_what_is_behind_them() {
        let text = "{\n\thttp_port 8080\n}\n\n(log) {\n\tlog\n}\n\nhttp://shop.localhost, :2015 {\n\tbind 127.0.0.1\n\treverse_proxy /api/* localhost:4000 {\n\t\tto http://web:3000\n\t}\n\timport log\n}\nexample.com {\n\trespond \"a { b\" # }\n\treverse_proxy :9000\n}\n";
        assert_eq!(
            told(text, &[]),
            [
                "Caddyfile:9:1 Some(8080) Some(\"127.0.0.1\") [http://shop.localhost]",
                "Caddyfile:9:24 Some(2015) Some(\"127.0.0.1\") [:2015]",
                "Caddyfile:16:1 Some(443) None [example.com]",
                "Caddyfile:11:23 -> localhost:4000 [localhost:4000]",
                "Caddyfile:12:13 -> web:3000 [web:3000]",
                "Caddyfile:18:16 -> localhost:9000 [:9000]",
            ]
        );
    }

    #[test]
    fn one_site_needs_no_brackets_and_variables_are_replaced() {
        let text = "localhost:{$PORT:8443}\n\nreverse_proxy 127.0.0.1:{$API:5000}\n";
        assert_eq!(
            told(text, &[("API", "5001")]),
            [
                "Caddyfile:1:1 Some(8443) None [localhost:{$PORT:8443}]",
                "Caddyfile:3:15 -> 127.0.0.1:5001 []",
            ]
        );
    }

    #[test]
    fn a_missing_bracket_has_its_place() {
        let found = told("localhost {\n\trespond hi\n", &[]);
        assert_eq!(
            found,
            ["Caddyfile:1:1 the closing bracket of this block is missing"]
        );
    }
}
