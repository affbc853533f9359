//! `project.json` of nx: targets that serve.

use crate::facts::{Claims, Expectation, Origin, Service, SetBy, UnknownSetting, catalogue};
use crate::parsers::context::{folder, join, name};
use crate::parsers::packages::Packages;
use crate::parsers::places::Places;
use crate::parsers::{Context, Value};

use super::{Entry, open, words};

/// The targets that people start, the main one first.
const TARGETS: &[&str] = &["serve", "dev", "start", "develop", "storybook"];

/// The framework that an executor runs.
const EXECUTORS: &[(&str, &str)] = &[
    ("vite:dev-server", "vite"),
    ("next:server", "next"),
    ("angular:dev-server", "angular"),
    ("build-angular:dev-server", "angular"),
    ("build:dev-server", "angular"),
    ("webpack:dev-server", "webpack"),
    ("rspack:dev-server", "rspack"),
    ("nuxt:serve", "nuxt"),
    ("remix:serve", "remix"),
    ("storybook:storybook", "storybook"),
    ("angular:storybook", "storybook"),
    ("expo:start", "expo"),
];

/// Whether this may be such a file.
pub fn takes(name: &str) -> bool {
    name == "project.json"
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let packages = Packages::new(cx);
    let within = folder(path);
    let project = file.get("name").and_then(Value::text);
    let project = project.unwrap_or(name(within)).to_owned();
    let mut first = true;
    for target in TARGETS {
        let Some(value) = file.get("targets").and_then(|targets| targets.get(target)) else {
            continue;
        };
        let before = claims.services.len();
        let called = if first {
            project.clone()
        } else {
            format!("{project}:{target}")
        };
        let entry = Entry {
            name: called,
            folder: within.to_owned(),
            origin: value.origin.clone(),
            start: words(["npx", "nx", target, &project]),
            ..Entry::default()
        };
        let executor = value
            .get("executor")
            .and_then(Value::text)
            .unwrap_or_default();
        let framework = EXECUTORS.iter().find(|(name, _)| executor.ends_with(name));
        match framework {
            Some((_, framework)) => {
                claims
                    .services
                    .push(served(entry, target, value, framework));
            }
            None => commands(&packages, &entry, value, claims),
        }
        first &= claims.services.len() == before;
    }
}

/// A target that an executor of a framework serves.
fn served(entry: Entry, target: &str, value: &Value, framework: &str) -> Service {
    let mut service = Service {
        name: entry.name,
        folder: entry.folder,
        origin: entry.origin,
        framework: Some(framework.to_owned()),
        start: entry.start,
        ..Service::default()
    };
    let option = |key: &str| value.get("options")?.get(key);
    let key = format!("targets.{target}.options.port");
    let host = option("host").filter(|host| host.text().is_some());
    let host = |expects: Expectation| Expectation {
        host: host.and_then(|host| host.text().map(str::to_owned)),
        host_origin: host.map(|host| host.origin.clone()),
        ..expects
    };
    match option("port") {
        Some(port) if port.port().is_some() => service.expects.push(host(Expectation {
            port: port.port().filter(|port| *port != 0),
            origin: port.origin.clone(),
            by: SetBy::Config,
            key,
            written: port.written.clone(),
            certain: true,
            ..Expectation::default()
        })),
        Some(port) => service.unknown.push(UnknownSetting {
            key,
            origin: port.origin.clone(),
            why: port.unknown().unwrap_or("it is not a port").to_owned(),
        }),
        // The executors have defaults of their own, which changed from version to version.
        None => service.expects.push(host(Expectation {
            port: catalogue().framework(framework).and_then(|row| row.port),
            origin: service.origin.clone(),
            certain: framework == "angular",
            ..Expectation::default()
        })),
    }
    service
}

/// A target that runs command lines.
fn commands(packages: &Packages<'_>, entry: &Entry, value: &Value, claims: &mut Claims) {
    let mut entry = entry.clone();
    let options = value.get("options");
    // Lines run in the workspace's root, which is where this parser's root is.
    let cwd = options.and_then(|options| options.get("cwd"));
    let cwd = cwd.and_then(Value::text).unwrap_or_default();
    let Some(folder) = join("", &cwd.replace("{projectRoot}", &entry.folder)) else {
        return;
    };
    if !folder.is_empty() {
        entry.folder = folder;
    }
    let of = |key: &str| options.and_then(|options| options.get(key));
    let one = value.get("command").or(of("command")).into_iter();
    let several = of("commands").map(Value::items).unwrap_or_default();
    let several = several
        .iter()
        .map(|line| line.get("command").unwrap_or(line));
    for line in one.chain(several) {
        let places = Places::of(line);
        let at = |byte: usize| -> Origin { places.at(byte) };
        let text = line.text().unwrap_or_default();
        entry.line(packages, text, &at, claims);
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn a_target_is_an_executor_or_a_line() {
        let text = r#"{
  "name": "shop",
  "targets": {
    "build": {"executor": "@nx/vite:build"},
    "serve": {"executor": "@nx/vite:dev-server", "options": {"port": 4300, "host": "0.0.0.0"}},
    "dev": {"command": "next dev -p 4301"},
    "start": {"executor": "@nx/js:node"}
  }
}"#;
        let claims = Held::new([("apps/shop/project.json", text)]).claims();
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| (s.name.as_str(), s.start.join(" "), s.port()))
            .collect();
        let expected = [
            ("shop", "npx nx serve shop".to_owned(), Some(4300)),
            ("shop:dev", "npx nx dev shop".to_owned(), Some(4301)),
        ];
        assert_eq!(told, expected);
        assert_eq!(
            claims.services[0].expects[0].host.as_deref(),
            Some("0.0.0.0")
        );
    }
}
