//! `angular.json`: where the proxy of `ng serve` leads. Its port and its host are read
//! as the catalogue says.

use crate::facts::Claims;
use crate::parsers::context::{folder, join};
use crate::parsers::{Context, Value, format};

use super::js_proxies::add_proxy;

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    name == "angular.json"
}

/// Adds what the proxies of the projects in this file lead to.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(workspace) = format::open(cx, path, claims) else {
        return;
    };
    let projects = workspace.get("projects").map(Value::entries);
    for (_, project) in projects.unwrap_or_default() {
        let targets = project.get("architect").or_else(|| project.get("targets"));
        let Some(serve) = targets.and_then(|targets| targets.get("serve")) else {
            continue;
        };
        let configurations = serve.get("configurations").map(Value::entries);
        let configurations = configurations.unwrap_or_default().iter();
        let all = serve.get("options").into_iter();
        for options in all.chain(configurations.map(|(_, options)| options)) {
            let file = options.get("proxyConfig").and_then(Value::text);
            if let Some(file) = file.and_then(|file| join(folder(path), file))
                && let Some(proxy) = format::open(cx, &file, claims)
            {
                add_proxy("proxyConfig", &proxy, claims);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn the_proxy_file_is_followed() {
        let workspace = r#"{ "projects": { "web": { "architect": { "serve": {
            "options": { "port": 4300, "proxyConfig": "src/proxy.conf.json" },
            "configurations": { "dev": { "proxyConfig": "./proxy.conf.mjs" }, "x": { "proxyConfig": "../out" } }
        } } } } }"#;
        let files = Held::new([
            ("app/angular.json", workspace),
            (
                "app/src/proxy.conf.json",
                r#"{ "/api": { "target": "http://localhost:8080", "secure": false } }"#,
            ),
            (
                "app/proxy.conf.mjs",
                "export default [{ context: ['/a'], target: 'http://localhost:8081' }]",
            ),
        ]);
        let claims = files.claims();
        let told: Vec<_> = claims
            .pointers
            .iter()
            .map(|p| (p.origin.to_string(), p.port))
            .collect();
        assert_eq!(
            told,
            [
                ("app/src/proxy.conf.json:1:31".to_owned(), 8080),
                ("app/proxy.conf.mjs:1:52".to_owned(), 8081)
            ]
        );
        assert_eq!(claims.broken, []);
    }
}
