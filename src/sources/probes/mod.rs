//! What connecting gives: every address at once, each on a thread of its own.
//!
//! Bytes are sent only where the target's scheme or the port's known service
//! says what to say; to any other port we connect, listen for a moment, and leave.

mod certificate;
mod greet;
mod kafka;
mod recognise;
mod refusals;
mod tls;
mod trust;

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;

use crate::facts::{Address, Gap, Greeting, Known, Outcome, Probe, Protocol, Scheme, Target};

/// How to probe.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The protocol to greet with; without one nothing is sent.
    pub protocol: Option<Protocol>,
    /// Whether TLS is only the wrapping of HTTP (`https://`), so that a request follows it.
    pub web: bool,
    /// The host name to ask for (`Host`, SNI), without the port.
    pub host: String,
    /// The path to ask for.
    pub path: String,
    /// How long a connection to an address of this machine may take to be made.
    pub connect_local: Duration,
    /// How long a connection to another machine may take to be made.
    pub connect_remote: Duration,
    /// Which addresses are this machine's, besides loopback.
    pub own_addresses: Vec<std::net::IpAddr>,
}

impl Ask {
    /// What a client of this target asks, with these budgets for its connections.
    #[must_use]
    pub fn of(
        target: &Target,
        own: &[Address],
        connect_local: Duration,
        connect_remote: Duration,
    ) -> Self {
        Ask {
            protocol: target.protocol(),
            web: target.scheme.is_none_or(Scheme::is_web),
            host: target.host.clone(),
            path: target.path.clone().unwrap_or_else(|| "/".to_owned()),
            connect_local,
            connect_remote,
            own_addresses: own.iter().map(|address| address.ip).collect(),
        }
    }

    fn is_local(&self, to: SocketAddr) -> bool {
        let ip = to.ip();
        ip.is_loopback() || ip.is_unspecified() || self.own_addresses.contains(&ip)
    }

    /// How long a connection to this address may take to be made.
    #[must_use]
    pub fn connect_budget(&self, to: SocketAddr) -> Duration {
        if self.is_local(to) {
            self.connect_local
        } else {
            self.connect_remote
        }
    }

    fn listen_budget(&self, to: SocketAddr) -> Duration {
        if self.is_local(to) {
            LISTEN_FOR_LOCAL
        } else {
            LISTEN_FOR_REMOTE
        }
    }
}

/// Probes that are under way.
#[derive(Debug)]
pub struct Dialling {
    order: Vec<SocketAddr>,
    done: Vec<Probe>,
    answers: Receiver<Probe>,
    enough: Arc<AtomicBool>,
    began: Instant,
}

/// Dials every address at once.
#[must_use]
pub fn dial(addresses: &[SocketAddr], ask: &Ask) -> Dialling {
    let (sender, answers) = channel();
    let enough = Arc::new(AtomicBool::new(false));
    let mut order = Vec::new();
    for &to in addresses {
        let (sender, ask) = (sender.clone(), ask.clone());
        let patience = Patience {
            enough: Arc::clone(&enough),
            until: None,
        };
        let run = move || {
            // Nobody waits any more if we gave up on this one; that is all right.
            let _ = sender.send(one(to, &ask, &patience));
        };
        // Without a thread nobody dials: the address has no probe then, and no outcome
        // is made up for it.
        let thread = std::thread::Builder::new().name("probe".to_owned());
        if thread.spawn(run).is_ok() {
            order.push(to);
        }
    }
    Dialling {
        order,
        done: Vec::new(),
        answers,
        enough,
        began: Instant::now(),
    }
}

/// Whether anybody accepts a connection at this name and port; nothing if the name
/// could not be resolved in time.
#[must_use]
pub fn knock(host: &str, port: u16, budget: Duration) -> Option<bool> {
    let addresses = match host.parse() {
        Ok(ip) => vec![ip],
        Err(_) => crate::sources::names::resolve(host, budget)
            .addresses
            .seen()?
            .clone(),
    };
    let accepts = |ip| connect(SocketAddr::new(ip, port), budget).is_ok();
    Some(addresses.into_iter().any(accepts))
}

impl Dialling {
    /// Waits until every probe has an outcome, or until `budget` has passed since the
    /// start. Returns whether all are there.
    pub fn wait(&mut self, budget: Duration) -> bool {
        while self.done.len() < self.order.len() {
            let left = budget.saturating_sub(self.began.elapsed());
            match self.answers.recv_timeout(left) {
                Ok(probe) => self.done.push(probe),
                Err(_) => return false,
            }
        }
        true
    }

    /// Tells the probes that still wait for a byte that silence is the answer, and
    /// returns all of them in the order in which the addresses were given.
    #[must_use]
    pub fn finish(mut self) -> Vec<Probe> {
        self.enough.store(true, Ordering::Relaxed);
        self.wait(self.began.elapsed() + SLICE * 8);
        let missing = self
            .order
            .iter()
            .filter(|to| !self.done.iter().any(|probe| probe.to == **to))
            .map(|to| Probe {
                to: *to,
                outcome: Outcome::TimedOut,
                errno: None,
                took_us: micros(self.began),
                greeting: Known::default(),
            })
            .collect::<Vec<_>>();
        self.done.extend(missing);
        let order = &self.order;
        self.done
            .sort_by_key(|probe| order.iter().position(|to| *to == probe.to));
        self.done
    }
}

/// How long one read blocks before it looks whether silence has become the answer.
const SLICE: Duration = Duration::from_millis(25);

/// How long a port of this machine that is not greeted may take to say or do something
/// by itself. A forwarder with a dead far end hangs up within a millisecond.
const LISTEN_FOR_LOCAL: Duration = Duration::from_millis(50);

/// The same for another machine.
const LISTEN_FOR_REMOTE: Duration = Duration::from_millis(300);

/// The most that is read of what a server says.
const MOST_BYTES: usize = 16 * 1024;

#[derive(Debug, Clone)]
struct Patience {
    enough: Arc<AtomicBool>,
    until: Option<Instant>,
}

impl Patience {
    fn lost(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
            || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// The same, and over when this has passed.
    fn within(&self, budget: Duration) -> Self {
        Patience {
            until: Some(Instant::now() + budget),
            ..self.clone()
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// One connection, and what came over it.
fn one(to: SocketAddr, ask: &Ask, patience: &Patience) -> Probe {
    let began = Instant::now();
    let mut probe = Probe {
        to,
        outcome: Outcome::Connected,
        errno: None,
        took_us: 0,
        greeting: Known::Unseen(Gap::NotAsked),
    };
    match connect(to, ask.connect_budget(to)) {
        Err(error) => {
            (probe.outcome, probe.errno) = failed(&error);
            probe.took_us = micros(began);
        }
        Ok(stream) => {
            probe.took_us = micros(began);
            let said = greet::exchange(stream, to, ask, patience);
            if said.outcome != Outcome::Connected {
                probe.took_us = micros(began);
            }
            let said = greet::unless_other(said, to, ask, patience);
            probe.outcome = said.outcome;
            probe.errno = said.errno;
            probe.greeting = said.greeting;
            if let Known::Seen(greeting) = &mut probe.greeting
                && let Some(tls) = &mut greeting.tls
            {
                tls.certificate = certificate::read(&said.chain, &ask.host);
            }
        }
    }
    probe
}

/// The least time a connection is given, however little of the whole is left: without
/// any, the system would not even try, and call the address wrong.
const LEAST: Duration = Duration::from_millis(10);

/// Connects, and does not fall for its own echo: on loopback a connection to a closed
/// port of the ephemeral range may meet itself.
fn connect(to: SocketAddr, budget: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, budget.max(LEAST))?;
    if stream.local_addr().ok() == stream.peer_addr().ok() {
        return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    }
    stream.set_nodelay(true).ok();
    stream.set_read_timeout(Some(SLICE))?;
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    Ok(stream)
}

/// The outcome of an attempt that ended in this error.
fn failed(error: &io::Error) -> (Outcome, Option<i32>) {
    let outcome = match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Outcome::Reset,
        io::ErrorKind::TimedOut => Outcome::TimedOut,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        // Linux says EINVAL for a blackhole route.
        | io::ErrorKind::InvalidInput => Outcome::Unreachable,
        io::ErrorKind::PermissionDenied => Outcome::Denied,
        _ => Outcome::Failed,
    };
    (outcome, error.raw_os_error())
}

/// What came over a connection.
struct Said {
    outcome: Outcome,
    errno: Option<i32>,
    greeting: Known<Greeting>,
    /// The certificates that the server sent, its own first.
    chain: Vec<CertificateDer<'static>>,
}

impl Said {
    fn nothing(outcome: Outcome) -> Self {
        Said {
            outcome,
            errno: None,
            greeting: Known::Unseen(Gap::NotAsked),
            chain: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
