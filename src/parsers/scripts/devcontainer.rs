//! `devcontainer.json`: ports of the development container that reach this machine.

use crate::facts::{Claims, Expectation, Proto, Runs, Service, SetBy};
use crate::parsers::context::{folder, name};
use crate::parsers::{Context, Value};

use super::{open, words};

/// Whether this is such a file.
pub fn takes(name: &str) -> bool {
    name == "devcontainer.json" || name == ".devcontainer.json"
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let mut expects = Vec::new();
    for port in items(file.get("forwardPorts")) {
        // `db:5432` is another container's, forwarded to the same port.
        let text = super::text(port);
        let number = text.rsplit(':').next().and_then(|port| port.parse().ok());
        if let Some(number) = number {
            // The editor takes another port where this one is taken.
            expects.push(expected(
                port,
                "forwardPorts",
                None,
                number,
                Some(number),
                false,
            ));
        }
    }
    for port in items(file.get("appPort")) {
        expects.extend(published(port, "appPort", &super::text(port)));
    }
    let arguments = file.get("runArgs").map(Value::items).unwrap_or_default();
    for (at, argument) in arguments.iter().enumerate() {
        let text = argument.text().unwrap_or_default();
        let flag = ["-p", "--publish"].contains(&text);
        let inline = text.strip_prefix("--publish=").or(text.strip_prefix("-p="));
        if let Some(next) = arguments.get(at + 1).filter(|_| flag) {
            expects.extend(published(next, text, next.text().unwrap_or_default()));
        } else if let Some(inline) = inline {
            expects.extend(published(argument, "--publish", inline));
        }
    }
    if expects.is_empty() {
        return;
    }
    let within = folder(path);
    let within = if name(within) == ".devcontainer" {
        folder(within)
    } else {
        within
    };
    claims.services.push(Service {
        name: "devcontainer".to_owned(),
        folder: within.to_owned(),
        origin: file.origin.clone(),
        runs: Runs::Container,
        start: words(["devcontainer", "up"]),
        expects,
        group: Some(path.to_owned()),
        ..Service::default()
    });
}

/// The values of a list, or the one value.
fn items(value: Option<&Value>) -> &[Value] {
    match value {
        Some(value) if value.items().is_empty() => std::slice::from_ref(value),
        Some(value) => value.items(),
        None => &[],
    }
}

fn expected(
    at: &Value,
    key: &str,
    host: Option<&str>,
    target: u16,
    port: Option<u16>,
    certain: bool,
) -> Expectation {
    Expectation {
        port,
        host: host.map(str::to_owned),
        protocol: Proto::Tcp,
        target: Some(target),
        origin: at.origin.clone(),
        by: SetBy::Config,
        key: key.to_owned(),
        written: at.written.clone(),
        host_origin: host.map(|_| at.origin.clone()),
        certain,
    }
}

/// `3000`, `8080:3000`, `127.0.0.1:8080:3000` as the engine publishes them.
fn published(at: &Value, key: &str, text: &str) -> Option<Expectation> {
    let mut parts = text.rsplitn(3, ':');
    let target: u16 = parts.next()?.trim_end_matches("/tcp").parse().ok()?;
    let port = match parts.next() {
        Some(port) => port.parse().ok()?,
        None => target,
    };
    Some(expected(at, key, parts.next(), target, Some(port), true))
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn every_way_to_a_port_is_told() {
        let text = r#"{
  "forwardPorts": [3000, "db:5432"],
  "appPort": "8080:80",
  "runArgs": ["-p", "127.0.0.1:9000:9001", "--init"]
}"#;
        let claims = Held::new([("x/.devcontainer/devcontainer.json", text)]).claims();
        let service = &claims.services[0];
        assert_eq!(service.folder, "x");
        let told: Vec<_> = service
            .expects
            .iter()
            .map(|e| (e.port, e.target, e.host.as_deref(), e.certain))
            .collect();
        let expected = [
            (Some(3000), Some(3000), None, false),
            (Some(5432), Some(5432), None, false),
            (Some(8080), Some(80), None, true),
            (Some(9000), Some(9001), Some("127.0.0.1"), true),
        ];
        assert_eq!(told, expected);
    }
}
