//! The protocol's schema in `config/` is the one that its types give, and what is said on
//! the socket is as it says.

#[path = "support/draw.rs"]
mod draw;
#[path = "support/schema.rs"]
mod schema;
#[path = "support/stories.rs"]
mod stories;

use devdoctor::diagnose::{check_facts, ports_report, replay};
use devdoctor::facts::{Ended, Gap, Known, PastOwner, ProcId, Snapshot};
use devdoctor::findings::{Alert, Phase, Report, Status, Trigger};
use devdoctor::ipc::{self, AlertList, Call, Facts, Hello, History, PROTOCOL, codes};
use draw::Draw;
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/protocol.schema.json");

#[test]
fn the_file_is_what_the_types_say() {
    let text = format!("{:#}\n", ipc::schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    let file = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        file == text,
        "config/protocol.schema.json is older than the types: run \
         `UPDATE=1 cargo test --test protocol` and read what has changed"
    );
}

/// The schema as it is today: a field that it does not have is a mistake.
fn closed() -> Value {
    let mut schema = ipc::schema();
    for def in schema["$defs"].as_object_mut().unwrap().values_mut() {
        if def.get("properties").is_some() && def.get("oneOf").is_none() {
            def["additionalProperties"] = json!(false);
        }
    }
    schema
}

/// What of a result is not as the schema has it.
fn complaints(schema: &Value, part: &str, value: &impl Serialize) -> Vec<String> {
    let rule = schema.pointer(part).unwrap_or_else(|| panic!("{part}"));
    let value = serde_json::to_value(value).unwrap();
    let mut complaints = Vec::new();
    schema::check(rule, schema, &value, part, &mut complaints);
    complaints
}

fn fits(schema: &Value, part: &str, value: &impl Serialize) {
    let complaints = complaints(schema, part, value);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_method_and_every_code_is_described() {
    let schema = closed();
    let described: Vec<&String> = schema["methods"].as_object().unwrap().keys().collect();
    let mut methods = Call::METHODS.to_vec();
    methods.sort_unstable();
    assert_eq!(described, methods);
    let lines = schema["$defs"]["FromClient"]["oneOf"].as_array().unwrap();
    assert_eq!(lines.len(), methods.len());
    assert_eq!(schema["protocol"], PROTOCOL);
    let mut numbers: Vec<i32> = codes::ALL.iter().map(|(code, _)| *code).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), codes::ALL.len());
    // Those of JSON-RPC mean what they mean there, and ours are where ours may be.
    for own in numbers.iter().filter(|code| **code > -32600) {
        assert!((-32099..=-32000).contains(own), "{own}");
    }
}

#[test]
fn what_the_schema_takes_the_daemon_takes() {
    let schema = ipc::schema();
    let full = |method: &str| match method {
        "why" => json!({ "target": "3000", "folder": "/shop" }),
        "ports" | "history" | "facts" => json!({ "port": 3000 }),
        "mute" | "unmute" => json!({ "alert": 7, "seconds": 60 }),
        "shutdown" => json!({}),
        _ => json!({ "folder": "/shop" }),
    };
    for method in Call::METHODS {
        let params = full(method);
        fits(&schema, &format!("/methods/{method}/params"), &params);
        let call = Call::read(method, Some(&params.to_string())).unwrap();
        // And gives back what it has read.
        let (name, parts) = call.parts().unwrap();
        assert_eq!(name, *method);
        for (key, value) in params.as_object().unwrap() {
            assert_eq!(parts[key], *value, "{method}");
        }
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        fits(&schema, "/$defs/FromClient", &request);
        // Neither takes what is not there.
        let wrong = json!({ "rm": "-rf" });
        assert!(!complaints(&schema, &format!("/methods/{method}/params"), &wrong).is_empty());
        assert!(Call::read(method, Some(&wrong.to_string())).is_err());
    }
    let none = Call::METHODS
        .iter()
        .filter(|method| Call::read(method, None).is_ok());
    let none: Vec<&&str> = none.collect();
    assert_eq!(
        none,
        [
            &"ports",
            &"status",
            &"alerts",
            &"subscribe",
            &"history",
            &"shutdown"
        ]
    );
}

fn alert(report: &Report, id: u64) -> Option<Alert> {
    Some(Alert {
        id,
        phase: Phase::Resolved,
        trigger: Trigger::Refused,
        port: Some(report.target.port),
        project: Some("/shop".to_owned()),
        service: Some("web".to_owned()),
        finding: report.findings.first()?.clone(),
        since: 1,
        fired: Some(2),
        resolved: Some(3),
        refusals: 4,
        flapping: true,
        muted: true,
    })
}

/// Everything that the daemon could say of these facts.
fn all_fit(schema: &Value, report: &Report, facts: &Snapshot) {
    fits(schema, "/methods/why/result", report);
    let check = check_facts(facts);
    fits(schema, "/methods/check/result", &check);
    fits(schema, "/methods/ports/result", &ports_report(facts));
    let facts = Facts {
        schema: "devdoctor.facts/1".to_owned(),
        facts: facts.clone(),
    };
    fits(schema, "/methods/facts/result", &facts);
    let alerts: Vec<Alert> = alert(report, 1).into_iter().collect();
    for alert in &alerts {
        fits(schema, "/pushes/alert", alert);
    }
    let status = Status::new(None, check.services, alerts.clone(), check.unseen, None);
    fits(schema, "/methods/status/result", &status);
    fits(schema, "/pushes/status", &status);
    let list = AlertList {
        schema: "devdoctor.alerts/1".to_owned(),
        alerts,
    };
    fits(schema, "/methods/alerts/result", &list);
}

#[test]
fn every_story_is_told_as_the_schema_says() {
    let schema = closed();
    let mut told = 0;
    for file in stories::all() {
        for story in file.stories {
            if let Ok((target, facts)) = story.facts {
                all_fit(&schema, &replay(&target, &facts), &facts);
                told += 1;
            }
        }
    }
    assert!(told > 50, "{told}");
}

#[test]
fn the_past_is_told_as_the_schema_says() {
    let schema = closed();
    let id = ProcId { pid: 1, started: 2 };
    let owner = |ended| PastOwner {
        port: 3000,
        at: vec!["[::1]:3000".parse().unwrap()],
        id,
        name: "node".to_owned(),
        framework: Some("vite".to_owned()),
        cwd: None,
        project: None,
        container: None,
        watcher: Some(id),
        from: 1,
        until: Some(2),
        ended,
        missed: false,
    };
    let history = History {
        schema: "devdoctor.history/1".to_owned(),
        owners: vec![
            owner(Known::Seen(Ended::Exited(1))),
            owner(Known::Seen(Ended::OutOfMemory)),
            owner(Known::Unseen(Gap::Failed("no".to_owned()))),
            owner(Known::Unseen(Gap::NotAsked)),
        ],
    };
    fits(&schema, "/methods/history/result", &history);
    for netns in [None, Some(1)] {
        let hello = Hello {
            devdoctor: "0.1.0".to_owned(),
            protocol: PROTOCOL,
            netns,
        };
        fits(&schema, "/$defs/Hello", &hello);
    }
}

#[test]
fn what_is_wrong_does_not_fit() {
    let schema = closed();
    let list = |alerts: Value| json!({ "schema": "devdoctor.alerts/1", "alerts": alerts });
    for (part, wrong) in [
        ("/methods/alerts/result", list(json!({}))),
        ("/methods/alerts/result", list(json!([{ "id": 1 }]))),
        ("/methods/alerts/result", json!({ "alerts": [] })),
        ("/methods/mute/result", json!("yes")),
        (
            "/$defs/Hello",
            json!({ "devdoctor": "0.1.0", "protocol": -1 }),
        ),
        (
            "/$defs/Hello",
            json!({ "devdoctor": "0.1.0", "protocol": 1, "more": 1 }),
        ),
        ("/$defs/Gap", json!("away")),
        ("/$defs/Phase", json!("Firing")),
    ] {
        assert!(
            !complaints(&schema, part, &wrong).is_empty(),
            "{part}: {wrong}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn drawn_facts_are_told_as_the_schema_says(
        bytes in proptest::collection::vec(any::<u8>(), 0..4000)
    ) {
        let schema = closed();
        let mut draw = Draw::new(&bytes);
        let target = draw.target();
        let facts = draw.snapshot();
        all_fit(&schema, &replay(&target, &facts), &facts);
    }
}
