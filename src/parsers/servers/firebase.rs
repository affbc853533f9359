//! `firebase.json`: the ports of the emulators.

use super::{add, default, service, take_port};
use crate::facts::Claims;
use crate::parsers::context::{Context, folder};
use crate::parsers::format;

/// The emulators and their ports without a setting. The last three are there for the
/// others, and move where their port is taken.
const EMULATORS: &[(&str, u16)] = &[
    ("auth", 9099),
    ("functions", 5001),
    ("firestore", 8080),
    ("database", 9000),
    ("hosting", 5000),
    ("pubsub", 8085),
    ("storage", 9199),
    ("eventarc", 9299),
    ("dataconnect", 9399),
    ("tasks", 9499),
    ("apphosting", 5002),
    ("ui", 4000),
    ("hub", 4400),
    ("logging", 4500),
];

/// Whether this is Firebase's file.
pub fn takes(name: &str) -> bool {
    name == "firebase.json"
}

/// Adds the emulators that this file configures.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let within = folder(path);
    let Some(tree) = format::open(cx, path, claims) else {
        return;
    };
    let Some(emulators) = tree.get("emulators") else {
        return;
    };
    let start = ["firebase", "emulators:start"];
    let mut made = service("firebase", within, &emulators.origin, &start);
    made.name = "firebase".to_owned();
    made.framework = Some("firebase".to_owned());
    for (name, port) in EMULATORS {
        let Some(emulator) = emulators.get(name) else {
            continue;
        };
        if emulator.get("enabled").and_then(|on| on.flag()) == Some(false) {
            continue;
        }
        let key = format!("emulators.{name}.port");
        let count = made.expects.len();
        match emulator.get("port") {
            Some(value) => take_port(&mut made, &key, value),
            None => made.expects.push(default(*port, &emulator.origin)),
        }
        if let (Some(host), Some(wanted)) = (emulator.get("host"), made.expects.get_mut(count)) {
            wanted.host = host.text().map(str::to_owned);
            wanted.host_origin = Some(host.origin.clone());
        }
    }
    if !made.expects.is_empty() || !made.unknown.is_empty() {
        add(claims, made);
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    #[test]
    fn each_emulator_has_its_port() {
        let text = "{\n  \"emulators\": {\n    \"auth\": { \"port\": 9098, \"host\": \"0.0.0.0\" },\n    \"firestore\": {},\n    \"ui\": { \"enabled\": false, \"port\": 4001 },\n    \"singleProjectMode\": true\n  }\n}";
        let claims = Held::new([("firebase.json", text)]).claims();
        let service = &claims.services[0];
        let told: Vec<_> = service
            .expects
            .iter()
            .map(|e| format!("{} {} {:?} {:?}", e.origin, e.key, e.port, e.host))
            .collect();
        assert_eq!(
            told,
            [
                "firebase.json:3:23 emulators.auth.port Some(9098) Some(\"0.0.0.0\")",
                "firebase.json:4:18  Some(8080) None",
            ]
        );
        let script = r#"{"scripts": {"emulate": "firebase emulators:start"}}"#;
        let files = Held::new([("firebase.json", text), ("package.json", script)]);
        let claims = files.claims();
        assert_eq!(claims.services.len(), 1, "{claims:?}");
        assert_eq!(claims.services[0].expects.len(), 2);
        let plain = Held::new([("firebase.json", "{\"hosting\": {}}")]).claims();
        assert_eq!(plain, Default::default());
    }
}
