//! Where the proxies of development servers lead: `server.proxy` of Vite,
//! `devServer.proxy` of webpack, `rewrites` of Next.js, `routeRules` of Nuxt, `proxy` in
//! `package.json`.

use crate::facts::{Claims, Pointer};
use crate::parsers::context::name;
use crate::parsers::pointers::{self, Setting, is_here, is_one_word};
use crate::parsers::{Context, Value, format};

/// How a setting names its targets.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Paths with targets, a list of targets, or one target.
    Proxy,
    /// A list of `destination`s, or lists of them by name.
    Rewrites,
    /// Paths with rules, some of which have a `proxy`.
    Rules,
}

/// The files, by the beginning of their names, and the settings in them.
const SETTINGS: &[(&str, &[(&str, Shape)])] = &[
    (
        "vite.config.",
        &[
            ("server.proxy", Shape::Proxy),
            ("preview.proxy", Shape::Proxy),
        ],
    ),
    ("rsbuild.config.", &[("server.proxy", Shape::Proxy)]),
    ("webpack.", &[("devServer.proxy", Shape::Proxy)]),
    ("rspack.", &[("devServer.proxy", Shape::Proxy)]),
    ("vue.config.", &[("devServer.proxy", Shape::Proxy)]),
    ("quasar.config.", &[("devServer.proxy", Shape::Proxy)]),
    ("astro.config.", &[("vite.server.proxy", Shape::Proxy)]),
    ("next.config.", &[("rewrites", Shape::Rewrites)]),
    (
        "nuxt.config.",
        &[
            ("nitro.devProxy", Shape::Proxy),
            ("vite.server.proxy", Shape::Proxy),
            ("routeRules", Shape::Rules),
            ("nitro.routeRules", Shape::Rules),
        ],
    ),
    ("package.json", &[("proxy", Shape::Proxy)]),
];

/// The endings of files that are code.
const CODE: &[&str] = &["js", "mjs", "cjs", "ts", "mts", "cts"];

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    settings(name).is_some()
}

fn settings(name: &str) -> Option<&'static [(&'static str, Shape)]> {
    let (_, ending) = name.rsplit_once('.')?;
    let found = SETTINGS.iter().find(|(start, _)| name.starts_with(start));
    let (start, settings) = found?;
    (name == *start || CODE.contains(&ending)).then_some(settings)
}

/// Adds where the proxies of this file lead.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(settings) = settings(name(path)) else {
        return;
    };
    let Some(config) = format::open(cx, path, claims) else {
        return;
    };
    for (key, shape) in settings {
        let Some(value) = config.at(key) else {
            continue;
        };
        match shape {
            Shape::Proxy => add_proxy(key, value, claims),
            Shape::Rewrites => add_rewrites(key, value, claims),
            Shape::Rules => {
                for (path, rule) in value.entries() {
                    let key = format!("{key}[\"{path}\"].proxy");
                    if let Some(proxy) = rule.get("proxy") {
                        let target = proxy.get("to").unwrap_or(proxy);
                        for_paths(&[path], claims, |claims| add_target(&key, target, claims));
                    }
                }
            }
        }
    }
}

/// Adds the targets of a proxy in any of the forms that the tools take.
pub(super) fn add_proxy(key: &str, value: &Value, claims: &mut Claims) {
    for (at, rule) in value.items().iter().enumerate() {
        if let Some(target) = rule.get("target") {
            let key = format!("{key}[{at}]");
            for_paths(&contexts(rule), claims, |claims| {
                add_target(&key, target, claims);
            });
        }
    }
    for (path, rule) in value.entries() {
        let key = format!("{key}[\"{path}\"]");
        let target = rule.get("target").unwrap_or(rule);
        for_paths(&[path], claims, |claims| add_target(&key, target, claims));
    }
    if value.text().is_some() {
        add_target(key, value, claims);
    }
}

fn add_rewrites(key: &str, value: &Value, claims: &mut Claims) {
    let by_name = value.entries().iter().map(|(_, list)| list);
    for list in std::iter::once(value).chain(by_name) {
        for (at, rewrite) in list.items().iter().enumerate() {
            if let Some(destination) = rewrite.get("destination") {
                let key = format!("{key}[{at}].destination");
                let source = rewrite.get("source").and_then(Value::text);
                let paths: Vec<&str> = source.into_iter().collect();
                for_paths(&paths, claims, |claims| {
                    add_target(&key, destination, claims);
                });
            }
        }
    }
}

/// The paths of one rule of webpack's list, in any of the names that it has had.
fn contexts(rule: &Value) -> Vec<&str> {
    let named = ["context", "path", "pathFilter"];
    let Some(context) = named.iter().find_map(|name| rule.get(name)) else {
        return Vec::new();
    };
    let one = context.text().into_iter();
    let texts: Vec<Option<&str>> = context.items().iter().map(Value::text).collect();
    // Where one of them is code, any path may be meant.
    let all: Option<Vec<&str>> = texts.into_iter().collect();
    one.chain(all.unwrap_or_default()).collect()
}

/// Adds targets, and to what is added the beginnings of these paths.
fn for_paths(paths: &[&str], claims: &mut Claims, add: impl FnOnce(&mut Claims)) {
    let from = claims.pointers.len();
    add(claims);
    let begins: Option<Vec<String>> = paths.iter().map(|path| begins(path)).collect();
    for pointer in &mut claims.pointers[from..] {
        pointer.paths = begins.clone().unwrap_or_default();
    }
}

/// With what every path begins that a pattern takes: a path, a glob, Next's `:name`, or an
/// expression behind `^`. Nothing where that may be any path.
fn begins(pattern: &str) -> Option<String> {
    const WILD: &[char] = &[':', '*', '(', '[', '{', '?', '+', '\\', '|', '$'];
    let (text, wild) = match pattern.strip_prefix('^') {
        Some(expression) => {
            // An alternative of the whole may begin with anything.
            if expression.contains('|') {
                return None;
            }
            let at = expression.find(|c| c == '.' || WILD.contains(&c));
            (expression, at)
        }
        None => (pattern, pattern.find(WILD)),
    };
    let fixed = &text[..wild.unwrap_or(text.len())];
    // What stands before one of these may be missing.
    let optional = |at: usize| text[at..].starts_with(['?', '*', '{']);
    let fixed = match wild.filter(|at| optional(*at)) {
        Some(_) => fixed.rsplit_once('/').map_or("", |(kept, _)| kept),
        None => fixed,
    };
    let fixed = fixed.trim_end_matches('/');
    (fixed.starts_with('/')).then(|| fixed.to_owned())
}

/// Adds one target: a URL, or a host and a port.
pub(super) fn add_target(key: &str, target: &Value, claims: &mut Claims) {
    if let Some(text) = target.text() {
        add_url(key, text, target, claims);
    } else if let (Some(host), Some(port)) = (target.get("host"), target.get("port"))
        && let (Some(host), Some(number)) = (host.text(), port.port())
        && (is_here(host) || is_one_word(host))
    {
        let scheme = target.get("protocol").and_then(Value::text);
        claims.pointers.push(Pointer {
            key: key.to_owned(),
            scheme: scheme.map(|scheme| scheme.trim_end_matches(':').to_owned()),
            host: host.to_owned(),
            port: number,
            origin: port.origin.clone(),
            written: port.written.clone(),
            ..Pointer::default()
        });
    }
}

/// Adds the address of a URL with a scheme, or of `host:port`.
pub(super) fn add_url(key: &str, text: &str, value: &Value, claims: &mut Claims) {
    let setting = Setting {
        service: "",
        key,
        value: text,
        origin: &value.origin,
        written: &value.written,
        inside: false,
    };
    let whole = text.contains("://");
    let wanted = |host: &str| is_here(host) || (whole && is_one_word(host));
    claims.pointers.extend(pointers::of(&setting, &wanted));
}

#[cfg(test)]
mod tests {
    use super::begins;
    use crate::parsers::context::Held;

    fn told(path: &str, text: &str) -> Vec<String> {
        let claims = Held::new([(path, text)]).claims();
        assert_eq!(claims.broken, []);
        let told = claims.pointers.iter().map(|p| {
            let origin = format!("{}:{}", p.origin.line, p.origin.column);
            format!("{origin} {} {}:{} [{}]", p.key, p.host, p.port, p.written)
        });
        told.collect()
    }

    #[test]
    fn the_proxy_of_vite_leads_somewhere() {
        let text = "const PORT = 5174
export default {
  server: {
    proxy: {
      ...more(),
      '/foo': 'http://localhost:4567',
      '/api': { target: \"http://127.0.0.1:8080/x\", changeOrigin: true },
      '/ws': { target: `ws://localhost:${PORT}` },
      '^/far': 'https://example.com',
      '/one': { target: { host: 'localhost', port: 9000 } },
    },
  },
}
";
        assert_eq!(
            told("web/vite.config.ts", text),
            [
                "6:23 server.proxy[\"/foo\"] localhost:4567 [localhost:4567]",
                "7:33 server.proxy[\"/api\"] 127.0.0.1:8080 [127.0.0.1:8080]",
                "8:24 server.proxy[\"/ws\"] localhost:5174 []",
                "10:52 server.proxy[\"/one\"] localhost:9000 [9000]",
            ]
        );
    }

    #[test]
    fn webpack_takes_a_list() {
        let text = "module.exports = { devServer: { proxy: [{ context: ['/api'], target: 'http://localhost:3001' }] } }";
        assert_eq!(
            told("webpack.dev.js", text),
            ["1:78 devServer.proxy[0] localhost:3001 [localhost:3001]"]
        );
    }

    #[test]
    fn next_rewrites_and_nuxt_routes() {
        let text = "module.exports = { async rewrites() { return [{ source: '/api/:p*', destination: `http://localhost:8000/:p*` }] } }";
        assert_eq!(
            told("next.config.js", text),
            ["1:90 rewrites[0].destination localhost:8000 [localhost:8000]"]
        );
        let text = "export default { rewrites: () => ({ beforeFiles: [], fallback: [{ destination: 'http://api:8000/x' }] }) }";
        assert_eq!(
            told("next.config.mjs", text),
            ["1:88 rewrites[0].destination api:8000 [api:8000]"]
        );
        let text = "export default defineNuxtConfig({ routeRules: { '/api/**': { proxy: 'http://localhost:8000/**' }, '/b': { proxy: { to: 'http://localhost:8001' } }, '/c': { ssr: false } } })";
        assert_eq!(
            told("nuxt.config.ts", text),
            [
                "1:77 routeRules[\"/api/**\"].proxy localhost:8000 [localhost:8000]",
                "1:128 routeRules[\"/b\"].proxy localhost:8001 [localhost:8001]"
            ]
        );
    }

    #[test]
    fn a_target_is_for_the_paths_of_its_rule() {
        let paths = |path: &str, text: &str| {
            let claims = Held::new([(path, text)]).claims();
            let told = claims.pointers.into_iter();
            told.map(|pointer| pointer.paths).collect::<Vec<_>>()
        };
        let next = "module.exports = { rewrites: () => [{ source: '/api/:p*', destination: 'http://localhost:8000/:p*' }] }";
        assert_eq!(paths("next.config.js", next), [["/api"]]);
        let list = "module.exports = { devServer: { proxy: [{ context: ['/api', '/auth/**'], target: 'http://localhost:3001' }, { context: isApi, target: 'http://localhost:3002' }, { pathFilter: '/ws', target: 'http://localhost:3003' }] } }";
        assert_eq!(
            paths("webpack.config.js", list),
            [
                vec!["/api".to_owned(), "/auth".to_owned()],
                vec![],
                vec!["/ws".to_owned()]
            ]
        );
        let vite = "export default { server: { proxy: { '/api': 'http://localhost:1', '^/v[12]/': 'http://localhost:2', '/': 'http://localhost:3' } } }";
        assert_eq!(
            paths("vite.config.js", vite),
            [vec!["/api".to_owned()], vec!["/v".to_owned()], vec![]]
        );
    }

    #[test]
    fn a_pattern_begins_with_what_is_fixed_in_it() {
        for (pattern, begin) in [
            ("/api", Some("/api")),
            ("/api/", Some("/api")),
            ("/api/**", Some("/api")),
            ("/a.b/:id(\\d+)", Some("/a.b")),
            ("/docs{/:x}?", None),
            ("^/api/.*", Some("/api")),
            ("^/apis?/x", None),
            ("^/(api|auth)", None),
            ("**/*.json", None),
            ("!/x", None),
            ("", None),
        ] {
            assert_eq!(begins(pattern).as_deref(), begin, "{pattern}");
        }
    }

    #[test]
    fn package_json_has_one_too() {
        let text = "{ \"name\": \"x\", \"proxy\": \"http://localhost:5000\" }";
        assert_eq!(
            told("web/package.json", text),
            ["1:33 proxy localhost:5000 [localhost:5000]"]
        );
    }

    #[test]
    fn what_cannot_be_known_leads_nowhere() {
        for text in [
            "export default { server: { proxy: getProxy() } }",
            "export default { server: { proxy: { '/a': getTarget() } } }",
            "export default { server: { proxy: { '/a': { target: api } } } }",
            "export default { server: { proxy: { '/a': 'http://localhost:4000', ...more() } } }",
        ] {
            assert_eq!(told("vite.config.js", text), [""; 0], "{text}");
        }
    }
}
