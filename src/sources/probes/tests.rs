use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

fn ask(protocol: Option<Protocol>) -> Ask {
    Ask {
        protocol,
        web: true,
        host: "localhost".to_owned(),
        path: "/".to_owned(),
        connect_local: Duration::from_millis(500),
        connect_remote: Duration::from_millis(500),
        own_addresses: Vec::new(),
    }
}

fn probe(to: SocketAddr, protocol: Option<Protocol>, budget: u64) -> Probe {
    let mut dialling = dial(&[to], &ask(protocol));
    dialling.wait(Duration::from_millis(budget));
    dialling.finish().remove(0)
}

/// A server that reads once and then does what the story says.
fn server(story: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        story(stream);
    });
    at
}

#[test]
fn nobody_there_is_refused_with_its_errno() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let probe = probe(closed, None, 1000);
    assert_eq!(probe.outcome, Outcome::Refused);
}

#[test]
fn an_http_answer_is_read() {
    let at = server(|mut stream| {
        let mut request = [0; 512];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].starts_with(b"GET / HTTP/1.1\r\nHost: localhost:"));
        stream
            .write_all(b"HTTP/1.1 404 Nope\r\nServer: t\r\nContent-Length: 2\r\n\r\nno")
            .unwrap();
    });
    let probe = probe(at, Some(Protocol::Http), 2000);
    assert_eq!(probe.outcome, Outcome::Answered);
    let greeting = probe.greeting.seen().unwrap();
    assert_eq!(greeting.spoken, Some(Protocol::Http));
    let http = greeting.http.as_ref().unwrap();
    assert_eq!((http.status, http.server.as_deref()), (404, Some("t")));
    assert_eq!(http.body_start, "no");
}

#[test]
fn silence_is_told_from_a_closed_connection() {
    let quiet = server(|stream| {
        std::thread::sleep(Duration::from_secs(2));
        drop(stream);
    });
    assert_eq!(
        probe(quiet, Some(Protocol::Http), 200).outcome,
        Outcome::Silent
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closing = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut buffer = [0; 512];
            let _ = stream.unwrap().read(&mut buffer);
        }
    });
    assert_eq!(
        probe(closing, Some(Protocol::Http), 2000).outcome,
        Outcome::Closed
    );
}

#[test]
fn a_port_that_nothing_is_known_of_is_sent_nothing() {
    let (sender, received) = channel();
    let at = server(move |mut stream| {
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        sender.send(all).unwrap();
    });
    assert_eq!(probe(at, None, 2000).outcome, Outcome::Connected);
    assert_eq!(received.recv().unwrap(), b"");
}

#[test]
fn a_banner_is_recognised_though_http_was_asked() {
    let at = server(|mut stream| {
        stream.write_all(b"220 mail.test ESMTP\r\n").unwrap();
        let mut buffer = [0; 512];
        let _ = stream.read(&mut buffer);
    });
    let probe = probe(at, Some(Protocol::Http), 1000);
    let greeting = probe.greeting.seen().unwrap();
    assert_eq!(greeting.spoken, Some(Protocol::Smtp));
    assert_eq!(greeting.text, "220 mail.test ESMTP");
}

#[test]
fn several_addresses_come_back_in_order() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [open.local_addr().unwrap(), closed];
    let mut dialling = dial(&addresses, &ask(None));
    dialling.wait(Duration::from_secs(1));
    let order: Vec<_> = dialling.finish().iter().map(|p| p.to).collect();
    assert_eq!(order, addresses);
}
