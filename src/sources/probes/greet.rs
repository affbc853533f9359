//! What is said to a server, and what it says back.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Ask, MOST_BYTES, Patience, Said, connect, failed, kafka, recognise, refusals, tls};
use crate::facts::{Greeting, Known, Outcome, Protocol};

/// The request that asks a PostgreSQL server whether it speaks TLS: it answers `S` or `N`.
const POSTGRES_SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The first word of a client of PostgreSQL: protocol 3.0, and as whom it comes. A server
/// that is not ready says so before it asks for a password; we leave before we give one.
const POSTGRES_STARTUP: &[u8] = b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0";

/// CONNECT of MQTT 3.1.1: a clean session of `devdoctor`, alive for 5 s.
const MQTT_CONNECT: &[u8] = b"\x10\x15\0\x04MQTT\x04\x02\0\x05\0\x09devdoctor";

/// The AMQP 0.9.1 protocol header.
const AMQP_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// `{ hello: 1, $db: "admin" }` as a MongoDB message (`OP_MSG`).
const MONGODB_HELLO: &[u8] = &[
    // length 52, request id, response to, opcode 2013, flags, section kind 0
    0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 0x07, 0, 0, 0, 0, 0, 0, 0, //
    // document length 31, int32 "hello" 1
    0x1f, 0, 0, 0, 0x10, b'h', b'e', b'l', b'l', b'o', 0, 1, 0, 0, 0, //
    // string "$db" "admin", end
    0x02, b'$', b'd', b'b', 0, 6, 0, 0, 0, b'a', b'd', b'm', b'i', b'n', 0, 0,
];

/// How long a server that speaks another protocol may take to answer the first word of it.
const OTHER_HELLO: Duration = Duration::from_millis(500);

/// Says what the asked protocol's client says first, and reads the answer.
pub(super) fn exchange(
    mut stream: TcpStream,
    to: SocketAddr,
    ask: &Ask,
    patience: &Patience,
) -> Said {
    let Some(asked) = ask.protocol else {
        return listen(&mut stream, ask.listen_budget(to), patience);
    };
    match asked {
        Protocol::Tls => tls::exchange(stream, ask, patience),
        Protocol::Http | Protocol::H2c => say(&mut stream, &request(ask, to), asked, patience),
        Protocol::Postgres => postgres(stream, to, ask, patience),
        Protocol::Redis => say(&mut stream, b"PING\r\n", asked, patience),
        Protocol::Mongodb => say(&mut stream, MONGODB_HELLO, asked, patience),
        Protocol::Amqp => say(&mut stream, AMQP_HEADER, asked, patience),
        Protocol::Mqtt => say(&mut stream, MQTT_CONNECT, asked, patience),
        Protocol::Kafka => say(&mut stream, kafka::METADATA, asked, patience),
        // These servers speak first.
        Protocol::Mysql | Protocol::Ssh | Protocol::Smtp | Protocol::Ftp | Protocol::Other => {
            say(&mut stream, b"", asked, patience)
        }
    }
}

/// Whether PostgreSQL is there, and whether it lets anybody in.
fn postgres(mut stream: TcpStream, to: SocketAddr, ask: &Ask, patience: &Patience) -> Said {
    let asked = Protocol::Postgres;
    let said = say(&mut stream, POSTGRES_SSL_REQUEST, asked, patience);
    let spoken = said.greeting.seen().and_then(|greeting| greeting.spoken);
    if spoken != Some(asked) {
        return said;
    }
    // Once it has been asked for TLS, it may expect it.
    let Ok(mut again) = connect(to, ask.connect_budget(to)) else {
        return said;
    };
    let started = say(
        &mut again,
        POSTGRES_STARTUP,
        asked,
        &patience.within(OTHER_HELLO),
    );
    let refused = started.greeting.seen();
    match refused.is_some_and(|greeting| greeting.refusal.is_some()) {
        true => started,
        false => said,
    }
}

/// What was said, unless the port that cut off our HTTP request speaks TLS, or a later
/// HTTP only.
pub(super) fn unless_other(said: Said, to: SocketAddr, ask: &Ask, patience: &Patience) -> Said {
    let cut_off = matches!(said.outcome, Outcome::Closed | Outcome::Reset);
    if ask.protocol != Some(Protocol::Http) || !cut_off {
        return said;
    }
    let spoken = if speaks_tls(to, ask, patience) {
        Protocol::Tls
    } else if speaks_http2(to, ask, patience) {
        Protocol::H2c
    } else {
        return said;
    };
    Said {
        greeting: Known::Seen(Greeting {
            asked: Protocol::Http,
            spoken: Some(spoken),
            text: String::new(),
            http: None,
            refusal: None,
            sends_to: Vec::new(),
            tls: None,
        }),
        ..Said::nothing(Outcome::Answered)
    }
}

/// What a client says first that knows that HTTP/2 is spoken: the preface, and settings
/// with nothing in them.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Whether the port that cut off our HTTP request takes HTTP/2 from the start.
fn speaks_http2(to: SocketAddr, ask: &Ask, patience: &Patience) -> bool {
    let Ok(mut stream) = connect(to, ask.connect_budget(to)) else {
        return false;
    };
    if stream.write_all(HTTP2_PREFACE).is_err() {
        return false;
    }
    let heard = read_first(&mut stream, &patience.within(OTHER_HELLO), None);
    matches!(heard, Heard::Bytes(bytes) if recognise::protocol(&bytes) == Some(Protocol::H2c))
}

/// The request that a browser would make.
pub(super) fn request(ask: &Ask, to: SocketAddr) -> Vec<u8> {
    // What stands behind `#` is the browser's own, and never sent.
    let path = ask.path.split('#').next().unwrap_or_default();
    let root = if path.starts_with('/') { "" } else { "/" };
    let host = if ask.host.contains(':') {
        format!("[{}]", ask.host)
    } else {
        ask.host.clone()
    };
    format!(
        "GET {root}{path} HTTP/1.1\r\nHost: {host}:{}\r\nUser-Agent: devdoctor/{}\r\n\
         Accept: text/html,*/*\r\nConnection: close\r\n\r\n",
        to.port(),
        env!("CARGO_PKG_VERSION"),
    )
    .into_bytes()
}

/// A port of which nothing is known: it is sent nothing, and may say something itself.
///
/// A forwarder whose far end is dead closes the connection by itself.
fn listen(stream: &mut TcpStream, budget: Duration, patience: &Patience) -> Said {
    let until = Instant::now() + budget;
    match read_first(stream, patience, Some(until)) {
        Heard::Bytes(bytes) => answered(Protocol::Other, &bytes),
        // Quiet is what was to be expected: the connection itself is the answer.
        Heard::Silence => Said::nothing(Outcome::Connected),
        Heard::End => Said::nothing(Outcome::Closed),
        Heard::Error(error) => said_error(&error),
    }
}

/// Sends bytes and reads what comes back.
fn say(stream: &mut TcpStream, bytes: &[u8], asked: Protocol, patience: &Patience) -> Said {
    if let Err(error) = stream.write_all(bytes) {
        return said_error(&error);
    }
    match read_first(stream, patience, None) {
        Heard::Bytes(bytes) => answered(asked, &read_rest(stream, bytes)),
        Heard::Silence => Said::nothing(Outcome::Silent),
        Heard::End => Said::nothing(Outcome::Closed),
        Heard::Error(error) => said_error(&error),
    }
}

/// What it means that a connection, once it was made, ended in this error.
pub(super) fn said_error(error: &io::Error) -> Said {
    let (outcome, errno) = match error.kind() {
        io::ErrorKind::UnexpectedEof => (Outcome::Closed, None),
        // The other end closed while we were writing.
        io::ErrorKind::BrokenPipe => (Outcome::Reset, error.raw_os_error()),
        _ => failed(error),
    };
    Said {
        errno,
        ..Said::nothing(outcome)
    }
}

/// What was said, recognised.
pub(super) fn answered(asked: Protocol, bytes: &[u8]) -> Said {
    let spoken = match (asked, bytes) {
        // PostgreSQL answers the TLS question with a single letter.
        (Protocol::Postgres, [b'S' | b'N']) => Some(Protocol::Postgres),
        // AMQP answers with a method frame on channel 0.
        (Protocol::Amqp, [0x01, 0, 0, ..]) => Some(Protocol::Amqp),
        // MQTT answers with CONNACK, two bytes long.
        (Protocol::Mqtt, [0x20, 0x02, ..]) => Some(Protocol::Mqtt),
        (Protocol::Kafka, bytes) if kafka::answers(bytes) => Some(Protocol::Kafka),
        // MongoDB answers with OP_MSG (2013) or OP_REPLY (1).
        (Protocol::Mongodb, b) if matches!(b.get(12..16), Some([0xdd, 7, 0, 0] | [1, 0, 0, 0])) => {
            Some(Protocol::Mongodb)
        }
        _ => recognise::protocol(bytes),
    };
    let binary = matches!(
        spoken,
        Some(
            Protocol::Tls
                | Protocol::H2c
                | Protocol::Mysql
                | Protocol::Mongodb
                | Protocol::Mqtt
                | Protocol::Kafka
        )
    );
    Said {
        outcome: Outcome::Answered,
        errno: None,
        greeting: Known::Seen(Greeting {
            asked,
            spoken,
            text: if binary {
                String::new()
            } else {
                recognise::text(bytes)
            },
            http: recognise::http(bytes),
            refusal: spoken.and_then(|spoken| refusals::words(spoken, bytes)),
            sends_to: match spoken {
                Some(Protocol::Kafka) => kafka::brokers(bytes),
                _ => Vec::new(),
            },
            tls: None,
        }),
        chain: Vec::new(),
    }
}

/// What the first read gave.
pub(super) enum Heard {
    Bytes(Vec<u8>),
    Silence,
    End,
    Error(io::Error),
}

/// Waits for the first bytes, until they come, patience is lost, or `until` has passed.
pub(super) fn read_first(
    stream: &mut impl Read,
    patience: &Patience,
    until: Option<Instant>,
) -> Heard {
    let mut buffer = vec![0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Heard::End,
            Ok(read) => {
                buffer.truncate(read);
                return Heard::Bytes(buffer);
            }
            Err(error) if is_slice_over(&error) => {
                if patience.lost() || until.is_some_and(|until| Instant::now() >= until) {
                    return Heard::Silence;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Heard::Error(error),
        }
    }
}

/// Reads on for a little: enough of the body to recognise a page by.
pub(super) fn read_rest(stream: &mut impl Read, mut bytes: Vec<u8>) -> Vec<u8> {
    if !bytes.starts_with(b"HTTP/") {
        return bytes;
    }
    let until = Instant::now() + Duration::from_millis(250);
    let mut buffer = [0; 4096];
    while bytes.len() < MOST_BYTES && Instant::now() < until && !enough(&bytes) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if is_slice_over(&error) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    bytes
}

/// Whether an answer is complete enough to be judged: a good one needs no body.
fn enough(bytes: &[u8]) -> bool {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(head) = head else { return false };
    let good = recognise::http(bytes).is_some_and(|http| http.status < 400);
    good || bytes.len() > head + 1024
}

fn is_slice_over(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Whether the port that cut off our HTTP request speaks TLS.
fn speaks_tls(to: SocketAddr, ask: &Ask, patience: &Patience) -> bool {
    let Ok(stream) = connect(to, ask.connect_budget(to)) else {
        return false;
    };
    let ask = Ask {
        web: false,
        ..ask.clone()
    };
    // Another line protocol waits for the end of a line that never comes.
    let said = tls::exchange(stream, &ask, &patience.within(OTHER_HELLO));
    said.greeting
        .seen()
        .is_some_and(|greeting| greeting.spoken == Some(Protocol::Tls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mongodb_hello_says_its_own_lengths() {
        let message = MONGODB_HELLO;
        assert_eq!(usize::from(message[0]), message.len());
        // The document begins behind the header, the flags and the section's kind.
        assert_eq!(usize::from(message[21]), message.len() - 21);
        assert_eq!(message.last(), Some(&0));
    }

    #[test]
    fn the_other_first_words_say_their_own_lengths() {
        assert_eq!(usize::from(POSTGRES_STARTUP[3]), POSTGRES_STARTUP.len());
        assert_eq!(usize::from(MQTT_CONNECT[1]), MQTT_CONNECT.len() - 2);
    }
}
