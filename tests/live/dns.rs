//! A name server, as small as one can be: what it knows stands on its command line.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, UdpSocket};

use super::ready;

/// There is such a name, the server has failed, there is no such name.
const OK: u16 = 0;
const SERVFAIL: u16 = 2;
const NXDOMAIN: u16 = 3;

/// The question's wish to be told what cannot be believed.
const CHECKING_DISABLED: u16 = 0x0010;

/// The answer is longer than a datagram.
const TRUNCATED: u8 = 0x02;

/// Answers what `shop.test=203.0.113.9` tells; `*=10.0.0.1` is every other name, `servfail`
/// makes it fail at everything, and `forged` at everything that is to be believed. With
/// `long` no answer fits into a datagram, and with `tcp` it takes connections, too.
pub fn serve(at: &str, zone: &[&str]) -> ! {
    let socket = UdpSocket::bind(at).unwrap();
    if zone.contains(&"tcp") {
        let listener = TcpListener::bind(at).unwrap();
        let zone: Vec<String> = zone.iter().map(|word| (*word).to_owned()).collect();
        std::thread::spawn(move || serve_streams(&listener, &zone));
    }
    ready();
    let mut query = [0; 512];
    loop {
        let Ok((read, from)) = socket.recv_from(&mut query) else {
            continue;
        };
        if let Some(mut answer) = answer(&query[..read], zone) {
            if zone.contains(&"long") {
                answer = cut(&query[..read], &answer);
            }
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// The head of the answer and the question, and that there is more.
fn cut(query: &[u8], answer: &[u8]) -> Vec<u8> {
    let end = name(query).unwrap().1 + 4;
    let mut cut = answer[..end].to_vec();
    cut[2] |= TRUNCATED;
    cut[6..8].fill(0);
    cut
}

/// Every question of every connection, with its length before it.
fn serve_streams(listener: &TcpListener, zone: &[String]) {
    let zone: Vec<&str> = zone.iter().map(String::as_str).collect();
    for mut stream in listener.incoming().flatten() {
        let mut length = [0; 2];
        while stream.read_exact(&mut length).is_ok() {
            let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
            if stream.read_exact(&mut query).is_err() {
                break;
            }
            let Some(answer) = answer(&query, &zone) else {
                break;
            };
            let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
            if stream.write_all(&[&length[..], &answer].concat()).is_err() {
                break;
            }
        }
    }
}

fn answer(query: &[u8], zone: &[&str]) -> Option<Vec<u8>> {
    let (name, end) = name(query)?;
    let flags = u16::from_be_bytes([query[2], query[3]]);
    let wants = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
    let pairs = zone.iter().filter_map(|word| word.split_once('='));
    let mine: Vec<IpAddr> = pairs
        .clone()
        .filter(|(known, _)| *known == name)
        .chain(pairs.filter(|(known, _)| *known == "*"))
        .map(|(_, ip)| ip.parse().unwrap())
        .collect();
    let fails =
        zone.contains(&"servfail") || zone.contains(&"forged") && flags & CHECKING_DISABLED == 0;
    let (rcode, records) = match mine.as_slice() {
        _ if fails => (SERVFAIL, &[][..]),
        [] => (NXDOMAIN, &[][..]),
        all => (OK, all),
    };
    let records: Vec<&IpAddr> = records
        .iter()
        .filter(|ip| ip.is_ipv4() == (wants == 1))
        .collect();
    let mut out = query[..2].to_vec();
    let count = u16::try_from(records.len()).unwrap();
    for word in [0x8180 | rcode, 1, count, 0, 0] {
        out.extend(word.to_be_bytes());
    }
    out.extend(&query[12..end + 4]);
    for ip in records {
        // The name is the question's, by a pointer; then the type, the class, the life.
        out.extend([0xc0, 12]);
        out.extend(wants.to_be_bytes());
        out.extend([0, 1, 0, 0, 0, 60]);
        let data = match ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    Some(out)
}

/// The name in the question, and where its type stands.
fn name(query: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    query.get(at..at + 4)?;
    Some((labels.join("."), at))
}
