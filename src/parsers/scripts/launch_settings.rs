//! `Properties/launchSettings.json`: the addresses that `dotnet run` takes.

use crate::facts::{Claims, Expectation, Proto, Service, SetBy};
use crate::parsers::command::Word;
use crate::parsers::context::{folder, name};
use crate::parsers::launch::address;
use crate::parsers::{Context, Value};

use super::{open, words};

/// Whether this may be such a file.
pub fn takes(name: &str) -> bool {
    name == "launchSettings.json"
}

/// Adds what the file says.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let Some(file) = open(cx, path, claims) else {
        return;
    };
    let within = folder(folder(path));
    let profiles = file.get("profiles").map(Value::entries).unwrap_or_default();
    // `dotnet run` takes the first profile that starts the project itself.
    let own = |profile: &Value| profile.get("commandName").and_then(Value::text) == Some("Project");
    let first = profiles.iter().position(|(_, profile)| own(profile));
    for (at, (profile, value)) in profiles.iter().enumerate() {
        let Some(urls) = value.get("applicationUrl").filter(|_| own(value)) else {
            continue;
        };
        let text = urls.text().unwrap_or_default();
        let mut origin = urls.origin.clone();
        origin.column += u32::from(origin.column > 0);
        let word = Word::plain(text, origin, urls.written.trim_matches('"'));
        let project = match name(within) {
            "" => profile,
            project => project,
        };
        let main = first == Some(at);
        let mut start = words(["dotnet", "run"]);
        if !main {
            start.extend(words(["--launch-profile", profile]));
        }
        let expects = address::addresses(&word).into_iter().map(|found| {
            let host_origin = found.host.as_ref().map(|_| found.origin.clone());
            Expectation {
                port: found.port,
                host: found.host,
                protocol: Proto::Tcp,
                target: None,
                origin: found.origin,
                by: SetBy::Config,
                key: "applicationUrl".to_owned(),
                written: found.written,
                host_origin,
                certain: main,
            }
        });
        claims.services.push(Service {
            name: if main {
                project.to_owned()
            } else {
                format!("{project}:{profile}")
            },
            folder: within.to_owned(),
            origin: value.origin.clone(),
            framework: Some("dotnet".to_owned()),
            start,
            expects: expects.collect(),
            ..Service::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn the_first_profile_is_the_project() {
        let text = "{\n  \"profiles\": {\n    \"IIS Express\": {\"commandName\": \"IISExpress\"},\n    \"http\": {\"commandName\": \"Project\", \"applicationUrl\": \"http://localhost:5123\"},\n    \"https\": {\"commandName\": \"Project\", \"applicationUrl\": \"https://localhost:7123;http://localhost:5123\"}\n  }\n}";
        let claims = Held::new([("Shop/Properties/launchSettings.json", text)]).claims();
        let told: Vec<_> = claims
            .services
            .iter()
            .map(|s| {
                (
                    s.name.as_str(),
                    s.expects.iter().filter_map(|e| e.port).collect(),
                )
            })
            .collect();
        let expected: [(&str, Vec<u16>); 2] =
            [("Shop", vec![5123]), ("Shop:https", vec![7123, 5123])];
        assert_eq!(told, expected);
        let expects = &claims.services[0].expects[0];
        assert_eq!(
            expects.origin.to_string(),
            "Shop/Properties/launchSettings.json:4:76"
        );
        assert_eq!(expects.written, "5123");
    }
}
