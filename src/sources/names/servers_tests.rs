use std::net::TcpListener;

use super::*;

/// `shop.test`, as DNS writes names.
const SHOP: &[u8] = b"\x04shop\x04test\x00";

/// An answer written by hand: header, question, and one record an address.
fn answer(id: u16, flags: u16, addresses: &[IpAddr]) -> Vec<u8> {
    let count = u16::try_from(addresses.len()).unwrap();
    let mut bytes = Vec::new();
    for word in [id, flags, 1, count, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(SHOP);
    bytes.extend([0, 1, 0, 1]);
    for (n, ip) in addresses.iter().enumerate() {
        // The name is the question's, by a pointer.
        bytes.extend([0xc0, 12]);
        let (kind, data) = match ip {
            IpAddr::V4(v4) => (1u16, v4.octets().to_vec()),
            IpAddr::V6(v6) => (28, v6.octets().to_vec()),
        };
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        bytes.extend((60 + u32::try_from(n).unwrap()).to_be_bytes());
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|ip| ip.parse().unwrap()).collect()
}

#[test]
fn the_question_is_what_every_name_server_reads() {
    let bytes = query(7, "shop.test.", TYPE::AAAA, false).unwrap();
    // Recursion is wanted, and to be told whether the signatures are right.
    assert_eq!(bytes[..12], [0, 7, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[12..], [SHOP, &[0, 28, 0, 1]].concat());
    let unchecked = query(7, "shop.test", TYPE::A, true).unwrap();
    assert_eq!(unchecked[2..4], [0x01, 0x30]);
    assert_eq!(query(7, &"x".repeat(64), TYPE::A, false), None);
}

#[test]
fn addresses_and_the_shortest_life_are_read() {
    let list = ips(&["203.0.113.9", "2001:db8::9", "203.0.113.9"]);
    let (read, cut) = read_answer(&answer(7, 0x81a0, &list), 7, "SHOP.test").unwrap();
    assert_eq!(read.code, DnsCode::Ok);
    assert_eq!(read.addresses, list[..2]);
    assert_eq!(read.ttl_s, Some(60));
    assert!(read.signed && !read.held_back && !cut);
}

#[test]
fn every_way_to_say_no_is_told_apart() {
    for (rcode, code) in [
        (2, DnsCode::Failed),
        (3, DnsCode::NoSuchName),
        (5, DnsCode::Refused),
        (4, DnsCode::Other),
    ] {
        let (read, _) = read_answer(&answer(7, 0x8180 | rcode, &[]), 7, "shop.test").unwrap();
        assert_eq!(read.code, code);
        assert_eq!(read.addresses, ips(&[]));
    }
}

#[test]
fn what_answers_another_question_is_no_answer() {
    let good = answer(7, 0x8180, &ips(&["203.0.113.9"]));
    assert!(read_answer(&good, 7, "shop.test").is_some());
    assert_eq!(read_answer(&good, 8, "shop.test"), None);
    assert_eq!(read_answer(&good, 7, "other.test"), None);
    // Our own question, sent back.
    assert_eq!(read_answer(&answer(7, 0x0100, &[]), 7, "shop.test"), None);
}

#[test]
fn whatever_comes_does_no_harm() {
    let good = answer(7, 0x8180, &ips(&["203.0.113.9", "2001:db8::9"]));
    for at in 0..good.len() {
        let _ = read_answer(&good[..at], 7, "shop.test");
        for value in [0, 0x3f, 0x7f, 0xc0, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            let _ = read_answer(&bad, 7, "shop.test");
        }
    }
    // A name that points to itself.
    let mut endless = answer(7, 0x8180, &ips(&["203.0.113.9"]));
    let at = 12 + SHOP.len() + 4;
    endless[at + 1] = u8::try_from(at).unwrap();
    let _ = read_answer(&endless, 7, "shop.test");
}

/// A server that nobody runs, one that says nothing, and one that answers late.
#[test]
fn servers_are_told_apart_by_what_came_of_asking_them() {
    let server = |at: SocketAddr| NameServer {
        at,
        file: "/etc/resolv.conf".to_owned(),
        line: 1,
        upstream: false,
        outcome: Known::default(),
        errno: None,
        said: None,
        took_us: 0,
    };
    let bind = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let (gone, silent, real) = (bind(), bind(), bind());
    let at = [&gone, &silent, &real].map(|socket| socket.local_addr().unwrap());
    drop(gone);
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        // The first question is lost.
        for turn in 0.. {
            let (_, from) = real.recv_from(&mut buffer).unwrap();
            let id = u16::from_be_bytes([buffer[0], buffer[1]]);
            if turn > 0 {
                let ip = ips(&["203.0.113.9"]);
                real.send_to(&answer(id, 0x8180, &ip), from).unwrap();
            }
        }
    });
    let asked = ask("shop.test", at.map(server).to_vec(), Duration::from_secs(3));
    let outcomes: Vec<_> = asked.iter().map(|s| s.outcome.clone()).collect();
    assert_eq!(
        outcomes,
        [Outcome::Refused, Outcome::TimedOut, Outcome::Answered].map(Known::Seen)
    );
    assert_eq!(asked[2].addresses(), ips(&["203.0.113.9"]));
    assert!(asked[2].knows() && !asked[0].knows());
}

/// What a stream of this server's says to the one who asks, if it takes any; where it is.
fn truncating(over_tcp: Option<fn(u16) -> Vec<u8>>) -> SocketAddr {
    let (datagrams, stream) = loop {
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        // The other half of the port may be somebody else's.
        if let Ok(stream) = TcpListener::bind(datagrams.local_addr().unwrap()) {
            break (datagrams, stream);
        }
    };
    let at = datagrams.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        loop {
            let (_, from) = datagrams.recv_from(&mut buffer).unwrap();
            let id = u16::from_be_bytes([buffer[0], buffer[1]]);
            datagrams.send_to(&answer(id, 0x8380, &[]), from).unwrap();
        }
    });
    if let Some(says) = over_tcp {
        std::thread::spawn(move || {
            for client in stream.incoming() {
                let mut client = client.unwrap();
                let mut length = [0; 2];
                client.read_exact(&mut length).unwrap();
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                client.read_exact(&mut query).unwrap();
                let id = u16::from_be_bytes([query[0], query[1]]);
                // A stream is no datagram: what was written at once may come in parts.
                for byte in says(id) {
                    let _ = client.write_all(&[byte]);
                }
            }
        });
    }
    at
}

#[test]
fn what_does_not_fit_into_a_datagram_is_asked_for_over_tcp() {
    let framed = |id: u16| {
        let message = answer(id, 0x8180, &ips(&["203.0.113.9", "2001:db8::9"]));
        let length = u16::try_from(message.len()).unwrap();
        [&length.to_be_bytes()[..], &message].concat()
    };
    let until = Instant::now() + Duration::from_secs(20);
    let ask = |at| both("shop.test", at, until).ok().unwrap();
    let whole = ask(truncating(Some(framed)));
    assert_eq!(whole.over_tcp, Some(Outcome::Answered));
    assert_eq!(whole.addresses, ips(&["203.0.113.9", "2001:db8::9"]));
    let refused = ask(truncating(None));
    assert_eq!(refused.over_tcp, Some(Outcome::Refused));
    assert!(refused.is_cut() && refused.addresses.is_empty());
    // A stream that ends too early, and one that answers something else.
    for wrong in [
        |_| vec![0, 99, 1],
        |id: u16| [0, 2].into_iter().chain(id.to_be_bytes()).collect(),
    ] {
        let broken = ask(truncating(Some(wrong)));
        assert_eq!(broken.over_tcp, Some(Outcome::Failed));
    }
}

#[test]
fn a_stream_that_says_nothing_has_an_end() {
    let at = truncating(Some(|_| {
        std::thread::park();
        Vec::new()
    }));
    let until = Instant::now() + Duration::from_millis(300);
    let cut = both("shop.test", at, until).ok().unwrap();
    assert_eq!(cut.over_tcp, Some(Outcome::TimedOut));
    assert!(cut.is_cut());
}
