//! `playwright.config.*` and `cypress.config.*`: the server that end-to-end tests wait
//! for and visit.

use crate::facts::{Claims, Pointer};
use crate::parsers::{Context, Value, format};

use super::js_proxies::add_url;

/// The endings of files that are code.
const CODE: &[&str] = &["js", "mjs", "cjs", "ts", "mts", "cts"];

/// Settings that hold an address.
const URLS: &[&str] = &[
    "use.baseURL",
    "webServer.url",
    "baseUrl",
    "e2e.baseUrl",
    "component.baseUrl",
];

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    let stem = name.rsplit_once('.').filter(|(_, end)| CODE.contains(end));
    stem.is_some_and(|(stem, _)| ["playwright.config", "cypress.config"].contains(&stem))
}

/// Adds the addresses that the tests visit.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(config) = format::open(cx, path, claims) else {
        return;
    };
    for key in URLS {
        add_address(key, config.at(key), claims);
    }
    add_port("webServer.port", config.at("webServer.port"), claims);
    let servers = config.get("webServer").map(Value::items);
    for (at, server) in servers.unwrap_or_default().iter().enumerate() {
        add_address(&format!("webServer[{at}].url"), server.get("url"), claims);
        add_port(&format!("webServer[{at}].port"), server.get("port"), claims);
    }
}

fn add_address(key: &str, value: Option<&Value>, claims: &mut Claims) {
    if let Some(value) = value
        && let Some(text) = value.text()
    {
        add_url(key, text, value, claims);
    }
}

fn add_port(key: &str, value: Option<&Value>, claims: &mut Claims) {
    if let Some(value) = value
        && let Some(port) = value.port()
    {
        let pointer = Pointer {
            key: key.to_owned(),
            host: "localhost".to_owned(),
            port,
            origin: value.origin.clone(),
            written: value.written.clone(),
            ..Pointer::default()
        };
        claims.pointers.push(pointer);
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    fn told(path: &str, text: &str) -> Vec<String> {
        let claims = Held::new([(path, text)]).claims();
        let told = claims.pointers.iter().map(|p| {
            format!(
                "{} {} {}:{} [{}]",
                p.origin, p.key, p.host, p.port, p.written
            )
        });
        told.collect()
    }

    #[test]
    fn the_server_of_the_tests_is_pointed_at() {
        let text = "import { defineConfig } from '@playwright/test'
export default defineConfig({
  use: { baseURL: process.env.BASE_URL || 'http://127.0.0.1:3000' },
  webServer: { command: 'npm run dev', port: 3000 },
})";
        assert_eq!(
            told("playwright.config.ts", text),
            [
                "playwright.config.ts:3:51 use.baseURL 127.0.0.1:3000 [127.0.0.1:3000]",
                "playwright.config.ts:4:46 webServer.port localhost:3000 [3000]",
            ]
        );
        let text = "export default { webServer: [{ url: 'http://localhost:3000/up' }, { port: getPort() }] }";
        assert_eq!(
            told("playwright.config.js", text),
            ["playwright.config.js:1:45 webServer[0].url localhost:3000 [localhost:3000]"]
        );
        let text = "module.exports = { e2e: { baseUrl: 'http://localhost:8080' } }";
        assert_eq!(
            told("cypress.config.cjs", text),
            ["cypress.config.cjs:1:44 e2e.baseUrl localhost:8080 [localhost:8080]"]
        );
    }
}
