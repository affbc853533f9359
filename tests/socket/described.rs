//! Everything that is said on a real socket is as the schema says.

use devdoctor::ipc::{Call, codes, schema};
use serde_json::{Value, json};

use super::schema::check;
use super::stage::Stage;
use super::talk::Talk;

fn fits(schema: &Value, part: &str, value: &Value) {
    let rule = schema.pointer(part).unwrap_or_else(|| panic!("{part}"));
    let mut complaints = Vec::new();
    check(rule, schema, value, part, &mut complaints);
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_line_of_the_daemon_is_described() {
    let stage = Stage::new();
    let server = stage.start("");
    let schema = schema();
    let mut talk = Talk::silent(&server.socket);
    let hello = talk.line();
    fits(&schema, "/$defs/Hello", &hello);
    fits(&schema, "/$defs/FromDaemon", &hello);
    for method in Call::METHODS {
        let params = match *method {
            "why" => json!({ "target": "3000" }),
            "check" => json!({ "folder": "/shop" }),
            "facts" => json!({ "port": 3000 }),
            "mute" | "unmute" => json!({ "alert": 1 }),
            // The last, below.
            "shutdown" => continue,
            _ => json!({}),
        };
        let id = talk.ask(method, params);
        let answer = loop {
            let line = talk.line();
            fits(&schema, "/$defs/FromDaemon", &line);
            match line.get("method").and_then(Value::as_str) {
                Some(push) => fits(&schema, &format!("/pushes/{push}"), &line["params"]),
                None => break line,
            }
        };
        assert_eq!(answer["id"], id);
        match *method {
            // This loop has no memory.
            "history" => assert_eq!(answer["error"]["code"], codes::NO_ANSWER),
            method => fits(
                &schema,
                &format!("/methods/{method}/result"),
                &answer["result"],
            ),
        }
    }
    talk.send("nonsense\n");
    let error = talk.until(|line| line.get("error").is_some());
    fits(&schema, "/$defs/FromDaemon", &error);
    let last = talk.call("shutdown", json!({}));
    fits(&schema, "/methods/shutdown/result", &last["result"]);
}
