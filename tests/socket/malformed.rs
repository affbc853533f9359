//! Messages that are none.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use devdoctor::ipc::codes;
use serde_json::{Value, json};

use super::stage::Stage;
use super::talk::{PATIENCE, Talk, code};

/// What each of these lines is answered with.
fn answers(talk: &mut Talk, lines: &[(&str, i32, Value)]) {
    for (line, wanted, id) in lines {
        talk.send(format!("{line}\n"));
        let answer = talk.line();
        assert_eq!(code(&answer), i64::from(*wanted), "{line}: {answer}");
        assert_eq!(answer["id"], *id, "{line}: {answer}");
        assert_eq!(answer["jsonrpc"], "2.0");
    }
}

#[test]
fn what_is_no_request_is_answered_by_its_error() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    let null = Value::Null;
    answers(
        &mut talk,
        &[
            ("nonsense", codes::PARSE, null.clone()),
            ("{\"jsonrpc\":\"2.0\",", codes::PARSE, null.clone()),
            (&"[".repeat(100_000), codes::PARSE, null.clone()),
            ("7", codes::INVALID, null.clone()),
            ("[]", codes::INVALID, null.clone()),
            (
                r#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#,
                codes::INVALID,
                null.clone(),
            ),
            ("{}", codes::INVALID, null.clone()),
            (r#"{"id":5}"#, codes::INVALID, json!(5)),
            (
                r#"{"id":"a","method":"status"}"#,
                codes::INVALID,
                json!("a"),
            ),
            (
                r#"{"jsonrpc":"1.0","id":2,"method":"status"}"#,
                codes::INVALID,
                json!(2),
            ),
            (
                r#"{"jsonrpc":"2.0","id":-1,"method":"status"}"#,
                codes::INVALID,
                null.clone(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":{},"method":"status"}"#,
                codes::INVALID,
                null.clone(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":3,"method":7}"#,
                codes::INVALID,
                json!(3),
            ),
            (
                r#"{"jsonrpc":"2.0","id":4,"method":"run"}"#,
                codes::METHOD,
                json!(4),
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"run"}"#,
                codes::METHOD,
                null,
            ),
        ],
    );
    // Bytes that are no text.
    talk.send(b"{\"jsonrpc\":\"\xff\xfe\"}\n");
    assert_eq!(code(&talk.line()), i64::from(codes::PARSE));
    // Blank lines are nothing, and the connection is as good as before.
    talk.send("\n  \r\n\n");
    talk.is_served();
}

#[test]
fn a_wrong_parameter_is_named() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    let cases = [
        ("why", json!({}), "`target`"),
        ("why", json!({ "target": 3000 }), "`target`"),
        (
            "why",
            json!({ "target": "3000", "folder": "here" }),
            "`folder`",
        ),
        ("why", json!({ "target": "3000", "run": "rm" }), "`run`"),
        ("ports", json!({ "port": 70_000 }), "`port`"),
        ("ports", json!({ "port": "http" }), "`port`"),
        ("status", json!({ "folder": 1 }), "`folder`"),
        ("status", json!({ "folder": "../x" }), "`folder`"),
        ("check", json!({}), "`folder`"),
        ("mute", json!({}), "`alert`"),
        ("mute", json!({ "port": 1, "alert": 1 }), "`port`"),
        ("mute", json!({ "port": 1, "seconds": -5 }), "`seconds`"),
        ("facts", json!({}), "`port`"),
        ("shutdown", json!({ "now": true }), "`now`"),
        ("status", json!(["/x"]), "by name"),
    ];
    for (method, params, named) in cases {
        let answer = talk.call(method, params.clone());
        assert_eq!(code(&answer), i64::from(codes::PARAMS), "{method} {params}");
        let words = answer["error"]["message"].as_str().unwrap();
        assert!(words.contains(named), "{method} {params}: {words}");
    }
    talk.is_served();
}

#[test]
fn what_has_no_number_is_not_answered() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    for (method, params) in [
        ("status", json!({})),
        ("run", json!({})),
        ("ports", json!({ "port": "x" })),
        ("history", json!({})),
    ] {
        let told = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        talk.send(format!("{told}\n"));
    }
    let id = talk.ask("status", json!({}));
    assert_eq!(talk.line()["id"], id);
}

#[test]
fn a_call_without_an_answer_says_why() {
    let stage = Stage::new();
    let server = stage.start("call=1");
    let mut talk = server.talk();
    let answer = talk.call("history", json!({}));
    assert_eq!(code(&answer), i64::from(codes::NO_ANSWER));
    assert_eq!(answer["error"]["message"], "there is no memory");
    let answer = talk.call("why", json!({ "target": "never" }));
    assert_eq!(code(&answer), i64::from(codes::NO_ANSWER));
    assert_eq!(answer["error"]["message"], "no answer within 1 s");
}

#[test]
fn a_huge_message_is_refused_and_thrown_away() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    talk.is_served();
    let before = server.resident();
    let piece = [b'x'; 1 << 16];
    for _ in 0..64 * 16 {
        talk.send(piece);
    }
    talk.send("\n");
    let answer = talk.line();
    assert_eq!(code(&answer), i64::from(codes::TOO_LONG), "{answer}");
    // Of 64 MiB, one is kept at most, and nothing of it now.
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 6 << 10, "{grown} KiB more");
    talk.is_served();
    // As long as may be.
    let long = json!({
        "jsonrpc": "2.0", "id": "a", "method": "status", "params": { "folder": "" },
    });
    let room = (1 << 20) - long.to_string().len();
    let folder = format!("/{}", "f".repeat(room - 1));
    let answer = talk.call("status", json!({ "folder": &folder[..room - 10] }));
    assert!(answer["result"].is_object());
}

#[test]
fn an_endless_message_ends() {
    let stage = Stage::new();
    let server = stage.start("unfinished=1");
    let mut talk = server.talk();
    let piece = [b'['; 1 << 16];
    let end = Instant::now() + PATIENCE;
    let closed = loop {
        match talk.stream.write_all(&piece) {
            Ok(()) => assert!(Instant::now() < end, "it is read for ever"),
            Err(error) => break error.kind(),
        }
    };
    let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
    assert!(gone.contains(&closed), "{closed:?}");
    assert_eq!(code(&talk.line()), i64::from(codes::TOO_LONG));
    server.talk().is_served();
}

#[test]
fn half_a_message_is_not_waited_for() {
    let stage = Stage::new();
    let server = stage.start("unfinished=1");
    let mut idle = server.talk();
    let mut talk = server.talk();
    talk.send(r#"{"jsonrpc":"2.0","#);
    let answer = talk.line();
    assert_eq!(code(&answer), i64::from(codes::UNFINISHED), "{answer}");
    assert!(talk.is_closed());
    // Who says nothing may do so for as long as it likes.
    std::thread::sleep(Duration::from_millis(1100));
    idle.is_served();
}

#[test]
fn a_message_in_pieces_is_one() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    for byte in b"{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"status\"}\n" {
        talk.send([*byte]);
    }
    assert_eq!(talk.line()["id"], 9);
    // And two in one piece are two.
    let two = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n".repeat(2);
    talk.send(two);
    assert_eq!(
        (&talk.line()["id"], &talk.line()["id"]),
        (&json!(1), &json!(1))
    );
}

#[test]
fn who_has_said_all_gets_every_answer() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    let mut asked: Vec<u64> = (0..20).map(|_| talk.ask("status", json!({}))).collect();
    // And half a message, of which nothing comes.
    talk.send("{\"jsonrpc\"");
    talk.finish();
    while !asked.is_empty() {
        let answer = talk.line();
        let place = asked.iter().position(|id| answer["id"] == *id);
        asked.remove(place.unwrap_or_else(|| panic!("{answer}")));
    }
    assert!(talk.is_closed());
}
