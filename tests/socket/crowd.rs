//! Very many clients, slow ones, and one that never reads.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use devdoctor::ipc::codes;
use serde_json::json;

use super::stage::Stage;
use super::talk::{Talk, code, wait_until};

#[test]
fn two_hundred_idle_clients_cost_next_to_nothing() {
    let stage = Stage::new();
    let server = stage.start("");
    server.talk().is_served();
    let before = server.resident();
    let mut idle: Vec<Talk> = (0..200).map(|_| server.talk()).collect();
    for talk in &mut idle {
        talk.call("subscribe", json!({}));
    }
    let grown = server.resident().saturating_sub(before);
    println!("200 subscribers: {grown} KiB");
    assert!(grown < 8 << 10, "{grown} KiB for 200 clients");
    server.talk().is_served();
    // Each of them is told.
    idle[0].call("mute", json!({ "alert": 1 }));
    for talk in &mut idle {
        talk.until(|line| line["method"] == "status");
    }
}

#[test]
fn who_comes_beyond_the_limit_is_told_so() {
    let stage = Stage::new();
    let server = stage.start("connections=8");
    let mut first: Vec<Talk> = (0..8).map(|_| server.talk()).collect();
    let mut beyond = Talk::silent(&server.socket);
    assert_eq!(code(&beyond.line()), i64::from(codes::TOO_MANY));
    assert!(beyond.is_closed());
    for talk in &mut first {
        talk.is_served();
    }
    // A place that is left is free again.
    first.pop();
    wait_until("there is room", || {
        Talk::silent(&server.socket).line()["protocol"] == 1
    });
}

#[test]
fn a_thousand_connections_leave_nothing_behind() {
    let stage = Stage::new();
    let server = stage.start("");
    server.talk().is_served();
    let before = server.descriptors();
    for number in 0..1000 {
        match number % 4 {
            0 => server.talk().is_served(),
            1 => drop(Talk::silent(&server.socket)),
            // Gone before the answer.
            2 => drop(server.talk().ask("ports", json!({ "port": 1000 }))),
            _ => server.talk().send("{\"half\":"),
        }
    }
    wait_until("all are gone", || server.descriptors() <= before);
    let mut talk = server.talk();
    let answer = talk.call("subscribe", json!({ "folder": "/one" }));
    assert!(answer["result"].is_object());
}

/// The last revision that there will be.
const LAST: &str = "\"revision 3\"";

/// Reads everything until the last revision has come, slowly until it is told to hurry.
fn reader(mut talk: Talk, pause: Duration, hurry: Arc<AtomicBool>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut read = Vec::new();
        let mut piece = [0; 16 << 10];
        loop {
            let many = talk.stream.read(&mut piece).unwrap();
            assert!(many > 0, "one that reads was cut off");
            read.extend_from_slice(&piece[..many]);
            while let Some(end) = read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = read.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap();
                if line.contains("\"method\":\"status\"") && line.contains(LAST) {
                    return;
                }
            }
            if !hurry.load(Ordering::Relaxed) {
                std::thread::sleep(pause);
            }
        }
    })
}

#[test]
fn slow_and_deaf_subscribers_bother_nobody() {
    let stage = Stage::new();
    let server = stage.start("unread=3");
    let hurry = Arc::new(AtomicBool::new(false));
    let subscriber = |pause| {
        let mut talk = server.talk();
        talk.call("subscribe", json!({}));
        reader(talk, Duration::from_millis(pause), Arc::clone(&hurry))
    };
    let good = subscriber(0);
    let slow: Vec<_> = (0..50).map(|_| subscriber(50)).collect();
    let mut deaf = server.talk();
    deaf.call("subscribe", json!({}));
    // It asks for much, too, and never reads an answer.
    let mut greedy = server.talk();
    for _ in 0..20 {
        greedy.ask("ports", json!({ "port": 2000 }));
    }
    let mut other = server.talk();
    other.is_served();
    let with_all = server.descriptors();
    let before = server.resident();
    // 3,000 alerts of 4 KB: 12 MB, were they kept once, and 600 MB in 52 queues.
    for _ in 1..=3 {
        let flood = other.ask("mute", json!({ "alert": 1000 }));
        // Others are served meanwhile.
        server.talk().is_served();
        other.until(|line| line["id"] == flood);
    }
    // Who reads has the last status soon, and nobody else has a part in that.
    good.join().unwrap();
    let grown = server.most_resident().saturating_sub(before);
    println!("slow and deaf subscribers: {grown} KiB");
    assert!(grown < 8 << 10, "{grown} KiB more");
    // Who reads slowly has it in the end.
    hurry.store(true, Ordering::Relaxed);
    for slow in slow {
        slow.join().unwrap();
    }
    wait_until("the deaf ones are cut off", || {
        server.descriptors() == with_all - 53
    });
    assert!(deaf.is_closed() && greedy.is_closed());
    other.is_served();
}

#[test]
fn one_client_has_a_few_calls_at_once() {
    let stage = Stage::new();
    let server = stage.start("call=2");
    let mut talk = server.talk();
    for _ in 0..6 {
        talk.ask("why", json!({ "target": "never" }));
    }
    let status = talk.ask("status", json!({}));
    // The seventh is read only when there is room; another client need not wait.
    let mut other = server.talk();
    other.is_served();
    let mut order = Vec::new();
    while order.len() < 7 {
        order.push(talk.line()["id"].as_u64().unwrap());
    }
    let place = order.iter().position(|id| *id == status).unwrap();
    assert!(place >= 3, "{order:?}");
}
