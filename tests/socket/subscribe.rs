//! What a subscriber is told, and when; and devdoctor's own client.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use devdoctor::ipc::{Call, CallError, Client, FolderParams, NoDaemon, PortsParams, Push, codes};
use serde_json::{Value, json};

use super::machine::{pass_over, which};
use super::stage::Stage;
use super::talk::{PATIENCE, wait_until};

#[test]
fn only_what_a_person_would_see_is_told() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    let answer = talk.call("subscribe", json!({}));
    let notes = &answer["result"]["daemon"]["notes"];
    assert_eq!(*notes, json!(["revision 0"]));
    let mut other = server.talk();
    // News without news: the daemon is older, and nothing else. The status was read again,
    // as its age shows, and nobody was told.
    let age = |answer: &serde_json::Value| answer["result"]["daemon"]["uptime_s"].as_u64();
    let mut last = age(&other.call("status", json!({}))).unwrap();
    for _ in 0..3 {
        other.call("unmute", json!({ "alert": 1 }));
        let end = Instant::now() + PATIENCE;
        loop {
            let now = age(&other.call("status", json!({}))).unwrap();
            // One more than our own question: the server has asked, too.
            if now > last + 1 {
                last = now;
                break;
            }
            last = now;
            assert!(Instant::now() < end, "the server asks no more");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    other.call("mute", json!({ "alert": 1 }));
    let first = talk.line();
    assert_eq!(first["method"], "alert", "{first}");
    assert_eq!(first["params"]["id"], 1);
    assert!(first.get("id").is_none());
    let second = talk.line();
    assert_eq!(second["method"], "status", "{second}");
    assert_eq!(second["params"]["daemon"]["notes"], json!(["revision 1"]));
}

#[test]
fn a_subscription_may_be_narrowed_and_replaced() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut talk = server.talk();
    let answer = talk.call("subscribe", json!({ "folder": "/shop/web" }));
    assert_eq!(answer["result"]["project"], "/shop");
    let mut other = server.talk();
    let told = |folder: &'static str| {
        move |line: &serde_json::Value| {
            line["method"] == "alert" && line["params"]["project"] == folder
        }
    };
    // The project's root is above the folder; another project may be below it.
    other.call("mute", json!({ "folder": "/shop/web" }));
    other.call("mute", json!({ "alert": 1 }));
    other.call("mute", json!({ "folder": "/shop" }));
    let first = talk.until(|line| line["method"] == "alert");
    assert!(told("/shop")(&first), "{first}");
    talk.call("subscribe", json!({ "folder": "/other" }));
    other.call("mute", json!({ "folder": "/shop" }));
    other.call("mute", json!({ "folder": "/other" }));
    let first = talk.until(|line| line["method"] == "alert");
    assert!(told("/other")(&first), "{first}");
    let status = talk.until(|line| line["method"] == "status");
    assert_eq!(status["params"]["project"], "/other");
}

#[test]
fn the_client_asks_and_listens() {
    let stage = Stage::new();
    let server = stage.start("call=1");
    let mut client = server.client();
    assert!(client.sees_our_network());
    assert_eq!(client.hello().devdoctor, env!("CARGO_PKG_VERSION"));
    let ports = |port| Call::Ports(PortsParams { port: Some(port) });
    let reply: Value = client.call(ports(30_000), PATIENCE).unwrap();
    assert_eq!(reply["ports"].as_array().unwrap().len(), 30_000);
    let refused = client.call::<Value>(Call::History(Default::default()), PATIENCE);
    let Err(CallError::Answered { code, message }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, i64::from(codes::NO_ANSWER));
    assert_eq!(message, "there is no memory");
    let everything = FolderParams::default();
    client
        .call::<Value>(Call::Subscribe(everything), PATIENCE)
        .unwrap();
    // The news that come before this answer are not lost.
    let mute = Call::Mute(devdoctor::ipc::MuteParams {
        alert: Some(2),
        ..Default::default()
    });
    client.call::<Value>(mute, PATIENCE).unwrap();
    client.call::<Value>(ports(5000), PATIENCE).unwrap();
    let mut alerts = Vec::new();
    for push in client.pushes() {
        match push.unwrap() {
            Push::Alert(alert) => alerts.push(alert.id),
            Push::Status(status) => {
                let notes = status.daemon.unwrap().notes;
                assert_eq!(notes, ["revision 1"]);
                break;
            }
        }
    }
    assert_eq!(alerts, [1, 2]);
}

#[test]
fn the_client_waits_no_longer_than_it_was_told() {
    let stage = Stage::new();
    let place = stage.place();
    let short = Duration::from_millis(200);
    assert_eq!(
        Client::connect_to(&place, short).unwrap_err(),
        NoDaemon::NotRunning
    );
    let server = stage.start("");
    let mut client = server.client();
    let began = Instant::now();
    let never = Call::Why(devdoctor::ipc::WhyParams {
        target: "never".to_owned(),
        folder: None,
    });
    let late = client.call::<Value>(never, short);
    assert_eq!(late, Err(CallError::TooSlow(short)));
    assert!(began.elapsed() >= short);
    // A daemon that stands still takes the connection and says nothing.
    server.signal("STOP");
    wait_until("it stands still", || server.stands_still());
    let silent = Client::connect_to(&place, short).unwrap_err();
    assert_eq!(silent, NoDaemon::TooSlow(short));
    server.signal("CONT");
    let mut client = server.client();
    server.kill();
    let gone = client.call::<Value>(Call::Shutdown, PATIENCE);
    assert_eq!(gone, Err(CallError::Gone));
    assert_eq!(
        Client::connect_to(&place, short).unwrap_err(),
        NoDaemon::NotRunning
    );
}

#[test]
fn the_client_knows_what_is_no_daemon_of_ours() {
    let stage = Stage::new();
    let place = stage.place();
    place.prepare().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(&place.socket).unwrap();
    let answer = |line: &'static str| {
        let listener = listener.try_clone().unwrap();
        std::thread::spawn(move || {
            use std::io::Write;
            listener
                .accept()
                .unwrap()
                .0
                .write_all(line.as_bytes())
                .unwrap();
        })
    };
    let cases = [
        (
            "{\"devdoctor\":\"9.0.0\",\"protocol\":2}\n",
            "devdoctor 9.0.0",
        ),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "no greeting"),
        ("\n", "no greeting"),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32003,\"message\":\"full\"}}\n",
            "the daemon says: full",
        ),
        ("", "no daemon runs"),
    ];
    for (line, said) in cases {
        let server = answer(line);
        let error = Client::connect_to(&place, PATIENCE).unwrap_err();
        assert!(error.to_string().contains(said), "{line:?}: {error}");
        server.join().unwrap();
    }
}

#[test]
fn shutdown_is_answered_and_ends_everything() {
    let stage = Stage::new();
    let server = stage.start("");
    let mut subscriber = server.talk();
    subscriber.call("subscribe", json!({}));
    let mut talk = server.talk();
    assert_eq!(talk.call("shutdown", json!({}))["result"], true);
    assert!(talk.is_closed());
    assert!(subscriber.is_closed());
    server.ended();
    assert!(!stage.place().socket.exists());
    stage.start("").talk().is_served();
}

#[test]
fn nc_is_enough() {
    let Some(nc) = which("nc.openbsd") else {
        return pass_over("nc_is_enough", "netcat-openbsd is not installed");
    };
    let stage = Stage::new();
    let server = stage.start("");
    let mut child = Command::new(nc)
        .args(["-N", "-U"])
        .arg(&server.socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ports\",\"params\":{\"port\":2}}\n";
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), request.as_bytes()).unwrap();
    // It closes its side at once, and gets its answer all the same.
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains("\"protocol\":1"), "{text}");
    assert!(lines[1].contains("devdoctor.ports/1"), "{text}");
}
