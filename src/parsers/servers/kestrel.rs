//! `appsettings.json`: the addresses of an ASP.NET Core server, where they are set there.
//! They hold against those of `launchSettings.json`.

use super::{add, expects, service};
use crate::facts::{Claims, Origin};
use crate::parsers::context::{Context, folder, join};
use crate::parsers::format;
use crate::parsers::pointers::parts;
use crate::parsers::tree::Value;

/// The files, the strongest first.
const FILES: &[&str] = &["appsettings.Development.json", "appsettings.json"];

/// Whether this is the file of settings.
pub fn takes(name: &str) -> bool {
    name == "appsettings.json"
}

/// Adds the server that this file configures.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    let paths = FILES.iter().filter_map(|name| join(within, name));
    let trees: Vec<Value> = paths
        .filter_map(|path| format::open(cx, &path, claims))
        .collect();
    // Those of the stronger file stand in the place of those of the same name.
    let mut endpoints: Vec<(String, &Value)> = Vec::new();
    for tree in &trees {
        let entries = tree.at("Kestrel.Endpoints").map_or(&[][..], Value::entries);
        for (name, endpoint) in entries {
            let key = format!("Kestrel.Endpoints.{name}.Url");
            if let Some(url) = endpoint.get("Url")
                && !endpoints.iter().any(|(told, _)| *told == key)
            {
                endpoints.push((key, url));
            }
        }
    }
    if endpoints.is_empty() {
        let urls = trees.iter().find_map(|tree| tree.get("Urls"));
        endpoints.extend(urls.map(|urls| ("Urls".to_owned(), urls)));
    }
    let mut wanted = Vec::new();
    for (key, value) in endpoints {
        for url in value.text().unwrap_or_default().split(';') {
            let Some((host, port)) = address(url.trim()) else {
                continue;
            };
            let mut made = expects(&key, value, Some(port));
            made.host = Some(host);
            made.host_origin = Some(value.origin.clone());
            wanted.push(made);
        }
    }
    if wanted.is_empty() {
        return;
    }
    // These hold against the addresses of launchSettings.json, too.
    for told in &mut claims.services {
        if told.folder == within && told.framework.as_deref() == Some("dotnet") {
            told.expects.clear();
        }
    }
    let origin = Origin {
        file: path.to_owned(),
        line: 1,
        column: 1,
    };
    let mut made = service("dotnet", within, &origin, &["dotnet", "run"]);
    made.framework = Some("dotnet".to_owned());
    made.expects = wanted;
    add(claims, made);
}

/// The host and the port of an address: `http://localhost:5000`.
fn address(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let (host, port) = parts(authority)?;
    let own = if scheme == "https" { 443 } else { 80 };
    // Any other name than an address or `localhost` is every address.
    let host = if ["*", "+"].contains(&host) {
        "[::]"
    } else {
        host
    };
    Some((host.to_owned(), port.unwrap_or(own)))
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn the_stronger_file_holds() {
        let base = r#"{"Kestrel": {"Endpoints": {"Http": {"Url": "http://localhost:5000"},
            "Tls": {"Url": "https://*:5443"}}}, "Urls": "http://localhost:1"}"#;
        let own = r#"{"Kestrel": {"Endpoints": {"Http": {"Url": "http://127.0.0.1:5010/"}}}}"#;
        let files = Held::new([
            ("src/Api/appsettings.json", base),
            ("src/Api/appsettings.Development.json", own),
        ]);
        let claims = files.claims();
        let told: Vec<_> = claims.services[0]
            .expects
            .iter()
            .map(|e| (e.port, e.host.as_deref(), e.origin.to_string()))
            .collect();
        let file = "src/Api/appsettings";
        assert_eq!(
            told,
            [
                (
                    Some(5010),
                    Some("127.0.0.1"),
                    format!("{file}.Development.json:1:44")
                ),
                (Some(5443), Some("[::]"), format!("{file}.json:2:28")),
            ]
        );
    }

    #[test]
    fn settings_without_addresses_say_nothing() {
        let files = Held::new([(
            "appsettings.json",
            r#"{"Logging": {}, "AllowedHosts": "*"}"#,
        )]);
        assert_eq!(files.claims(), Default::default());
    }
}
