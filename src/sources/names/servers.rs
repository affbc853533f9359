//! One question to each name server, by itself: what the resolver of the system never
//! tells apart.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};

use super::ascii;
use crate::facts::{DnsAnswer, DnsCode, Gap, Known, NameServer, Outcome};
use crate::sources::Pending;

/// How long a question may be under way before it is asked again.
const AGAIN: Duration = Duration::from_millis(600);

/// The most that is read of an answer.
const MOST_BYTES: usize = 4096;

/// The most addresses that are kept of an answer.
const MOST_ADDRESSES: usize = 16;

/// Asks every name server for the addresses of a name, all at once.
#[must_use]
pub(super) fn ask(name: &str, servers: Vec<NameServer>, budget: Duration) -> Vec<NameServer> {
    let name = ascii(name);
    let begun: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let (name, asked) = (name.clone(), server.clone());
            let look = move || one(&name, asked, budget);
            (server, Pending::begin("name server", look))
        })
        .collect();
    begun
        .into_iter()
        .map(|(server, pending)| match pending.wait(budget + AGAIN) {
            Known::Seen(asked) => asked,
            Known::Unseen(gap) => NameServer {
                outcome: Known::Unseen(gap),
                ..server
            },
        })
        .collect()
}

fn one(name: &str, mut server: NameServer, budget: Duration) -> NameServer {
    let began = Instant::now();
    let until = began + budget;
    match both(name, server.at, until) {
        Ok(answer) => {
            server.outcome = Known::Seen(Outcome::Answered);
            server.said = Some(answer);
        }
        Err(Trouble::NoName) => {
            server.outcome = Known::Unseen(Gap::Failed("this is no name for DNS".to_owned()));
        }
        Err(Trouble::Io(error)) => {
            server.outcome = Known::Seen(outcome(&error));
            server.errno = error.raw_os_error();
        }
    }
    server.took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    server
}

/// Why there is no answer.
enum Trouble {
    NoName,
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Io(error)
    }
}

fn outcome(error: &io::Error) -> Outcome {
    match error.kind() {
        // A datagram that nobody takes comes back as this.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Outcome::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Outcome::TimedOut,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::InvalidInput => Outcome::Unreachable,
        io::ErrorKind::PermissionDenied => Outcome::Denied,
        _ => Outcome::Failed,
    }
}

/// Both families, and, where the server could not find out, whether that is because it
/// does not believe the answer.
fn both(name: &str, at: SocketAddr, until: Instant) -> Result<DnsAnswer, Trouble> {
    let socket = UdpSocket::bind(match at {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    })?;
    socket.connect(at)?;
    let v4 = question(&socket, name, TYPE::A, false, until)?;
    // What it says of one family it says of the name.
    if v4.code == DnsCode::Failed {
        let unchecked = question(&socket, name, TYPE::A, true, until);
        let held_back = unchecked.is_ok_and(|answer| answer.code == DnsCode::Ok);
        return Ok(DnsAnswer { held_back, ..v4 });
    }
    if v4.code != DnsCode::Ok {
        return Ok(v4);
    }
    let Ok(v6) = question(&socket, name, TYPE::AAAA, false, until) else {
        return Ok(v4);
    };
    Ok(joined(v4, v6))
}

fn joined(mut v4: DnsAnswer, v6: DnsAnswer) -> DnsAnswer {
    // Some servers answer every question with all that they have.
    let fresh = |ip: &IpAddr| !v4.addresses.contains(ip);
    let more: Vec<IpAddr> = v6.addresses.into_iter().filter(fresh).collect();
    v4.addresses.extend(more);
    v4.ttl_s = v4.ttl_s.into_iter().chain(v6.ttl_s).min();
    // One family that is cut short makes the answer one that is.
    v4.over_tcp = match (v4.over_tcp, v6.over_tcp) {
        (Some(Outcome::Answered) | None, Some(other)) => Some(other),
        (own, _) => own,
    };
    v4
}

/// One question, asked again over TCP where the answer does not fit into a datagram: that
/// is what resolvers do.
fn question(
    socket: &UdpSocket,
    name: &str,
    family: TYPE,
    unchecked: bool,
    until: Instant,
) -> Result<DnsAnswer, Trouble> {
    let id = u16::try_from(RandomState::new().hash_one(until) & 0xffff).unwrap_or_default();
    let query = query(id, name, family, unchecked).ok_or(Trouble::NoName)?;
    let (cut, truncated) = by_datagram(socket, &query, id, name, until)?;
    if !truncated {
        return Ok(cut);
    }
    let whole = by_stream(socket.peer_addr()?, &query, id, name, until);
    Ok(whole.unwrap_or_else(|error| DnsAnswer {
        over_tcp: Some(outcome(&error)),
        ..cut
    }))
}

/// Asks over TCP, where every message has its length before it.
fn by_stream(
    at: SocketAddr,
    query: &[u8],
    id: u16,
    name: &str,
    until: Instant,
) -> io::Result<DnsAnswer> {
    let left = || match until.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::from(io::ErrorKind::TimedOut)),
        left => Ok(left),
    };
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut stream = TcpStream::connect_timeout(&at, left()?)?;
    let length = u16::try_from(query.len()).map_err(|_| invalid())?;
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(&[&length.to_be_bytes(), query].concat())?;
    let mut exactly = |buffer: &mut [u8]| -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            // What comes byte by byte has no more time than what comes at once.
            stream.set_read_timeout(Some(left()?))?;
            match stream.read(&mut buffer[done..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    let mut length = [0; 2];
    exactly(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    exactly(&mut answer)?;
    let (answer, _) = read_answer(&answer, id, name).ok_or_else(invalid)?;
    Ok(DnsAnswer {
        over_tcp: Some(Outcome::Answered),
        ..answer
    })
}

/// One question by datagrams, asked again while nothing comes.
fn by_datagram(
    socket: &UdpSocket,
    query: &[u8],
    id: u16,
    name: &str,
    until: Instant,
) -> Result<(DnsAnswer, bool), Trouble> {
    let mut buffer = vec![0; MOST_BYTES];
    loop {
        socket.send(query)?;
        let again = Instant::now() + AGAIN;
        loop {
            let now = Instant::now();
            if now >= until {
                return Err(io::Error::from(io::ErrorKind::TimedOut).into());
            }
            if now >= again {
                break;
            }
            let left = again.min(until).saturating_duration_since(now);
            socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            match socket.recv(&mut buffer) {
                Ok(read) => {
                    if let Some(answer) = read_answer(&buffer[..read], id, name) {
                        return Ok(answer);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(outcome(&error), Outcome::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The question as it goes over the wire; nothing if the name cannot.
fn query(id: u16, name: &str, family: TYPE, unchecked: bool) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::AUTHENTIC_DATA);
    if unchecked {
        packet.set_flags(PacketFlag::CHECKING_DISABLED);
    }
    let name = Name::new(name.trim_end_matches('.')).ok()?;
    let question = Question::new(name, family.into(), CLASS::IN.into(), false);
    packet.questions.push(question);
    packet.build_bytes_vec().ok()
}

/// What a packet answers to the question with this number, and whether there is more to
/// it; nothing if it is no answer to it.
fn read_answer(bytes: &[u8], id: u16, name: &str) -> Option<(DnsAnswer, bool)> {
    let packet = Packet::parse(bytes).ok()?;
    let asked = Name::new(name.trim_end_matches('.')).ok()?;
    let same = |question: &Question| question.qname == asked;
    if packet.id() != id
        || !packet.has_flags(PacketFlag::RESPONSE)
        || !packet.questions.first().is_none_or(same)
    {
        return None;
    }
    let mut addresses: Vec<IpAddr> = Vec::new();
    let mut ttl_s: Option<u32> = None;
    for record in &packet.answers {
        let ip: IpAddr = match &record.rdata {
            RData::A(a) => Ipv4Addr::from(a.address).into(),
            RData::AAAA(aaaa) => Ipv6Addr::from(aaaa.address).into(),
            _ => continue,
        };
        ttl_s = Some(ttl_s.map_or(record.ttl, |least| least.min(record.ttl)));
        if !addresses.contains(&ip) && addresses.len() < MOST_ADDRESSES {
            addresses.push(ip);
        }
    }
    let answer = DnsAnswer {
        code: match packet.rcode() {
            RCODE::NoError => DnsCode::Ok,
            RCODE::NameError => DnsCode::NoSuchName,
            RCODE::ServerFailure => DnsCode::Failed,
            RCODE::Refused => DnsCode::Refused,
            _ => DnsCode::Other,
        },
        addresses,
        ttl_s,
        signed: packet.has_flags(PacketFlag::AUTHENTIC_DATA),
        held_back: false,
        over_tcp: None,
    };
    Some((answer, packet.has_flags(PacketFlag::TRUNCATION)))
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
