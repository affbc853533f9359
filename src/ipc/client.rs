//! A client of the daemon's socket: it waits, and never for longer than it was told.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::place::{self, BadPlace, Place, Stream};
use super::{Call, Hello, PROTOCOL, Push};
use crate::facts::{clean, human_micros};

/// The most bytes of a line from the daemon.
const MOST_LINE: usize = 16 << 20;
/// How many pushes are kept while an answer is waited for; the daemon keeps no more.
const MOST_PUSHES: usize = 64;
/// How long the rest of a push may take once it has begun.
const REST: Duration = Duration::from_secs(10);
/// How much is read at once.
const CHUNK: usize = 16 << 10;

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    lines: Lines,
    hello: Hello,
    last_id: u64,
    pushes: VecDeque<Push>,
}

/// Why there is no connection to a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoDaemon {
    /// None runs: there is no socket, or nobody behind it.
    NotRunning,
    /// There is no place where it could be, or not one to be trusted.
    Place(BadPlace),
    /// It does not take us, in its own words.
    Refused(String),
    /// It speaks another version of the protocol.
    Protocol(Hello),
    /// It did not answer in this time.
    TooSlow(Duration),
    /// What answers at this socket is no daemon of ours, or broke off.
    Failed {
        /// The socket.
        socket: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The daemon says so: a code of JSON-RPC or one of `ipc::codes`, and words.
    Answered {
        /// The code.
        code: i64,
        /// The daemon's words.
        message: String,
    },
    /// No answer in this time.
    TooSlow(Duration),
    /// The daemon has gone.
    Gone,
    /// What came was no answer, or the connection broke.
    Failed(String),
}

impl fmt::Display for NoDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoDaemon::NotRunning => {
                f.write_str("no daemon runs; start one with `devdoctor daemon start`")
            }
            NoDaemon::Place(bad) => bad.fmt(f),
            NoDaemon::Refused(why) => write!(f, "the daemon says: {why}"),
            NoDaemon::Protocol(hello) => write!(
                f,
                "the daemon is devdoctor {} and speaks version {} of the protocol, this is {} \
                 with version {PROTOCOL}; restart it with `devdoctor daemon stop` and \
                 `devdoctor daemon start`",
                clean(&hello.devdoctor),
                hello.protocol,
                env!("CARGO_PKG_VERSION"),
            ),
            NoDaemon::TooSlow(budget) => write!(
                f,
                "the daemon did not answer within {}; see `devdoctor daemon status`",
                human_micros(micros(*budget))
            ),
            NoDaemon::Failed { socket, why } => write!(
                f,
                "{}: {why}; what listens there may be no daemon of devdoctor",
                clean(&socket.to_string_lossy())
            ),
        }
    }
}

impl std::error::Error for NoDaemon {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Answered { message, .. } => write!(f, "the daemon says: {message}"),
            CallError::TooSlow(budget) => write!(
                f,
                "the daemon gave no answer within {}",
                human_micros(micros(*budget))
            ),
            CallError::Gone => f.write_str(
                "the daemon has gone; see `devdoctor daemon logs`, and start it again with \
                 `devdoctor daemon start`",
            ),
            CallError::Failed(why) => write!(f, "the daemon's answer cannot be read: {why}"),
        }
    }
}

impl std::error::Error for CallError {}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// A response, or a message that is none.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(default)]
    id: Option<Value>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Wrong>,
    #[serde(default)]
    method: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Wrong {
    code: i64,
    message: String,
}

impl Client {
    /// Connects to this user's daemon, in this time at most.
    ///
    /// # Errors
    ///
    /// There is none, or none that can be talked to.
    pub fn connect(budget: Duration) -> Result<Self, NoDaemon> {
        let place = Place::of(|name| std::env::var_os(name)).map_err(NoDaemon::Place)?;
        Self::connect_to(&place, budget)
    }

    /// Connects to the daemon at this place.
    ///
    /// # Errors
    ///
    /// There is none, or none that can be talked to.
    pub fn connect_to(place: &Place, budget: Duration) -> Result<Self, NoDaemon> {
        let until = Instant::now() + budget;
        place.check().map_err(NoDaemon::Place)?;
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => NoDaemon::NotRunning,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => NoDaemon::TooSlow(budget),
            // It has accepted us and ended, or does not want us.
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                NoDaemon::NotRunning
            }
            _ => NoDaemon::Failed {
                socket: place.socket.clone(),
                why: error.to_string(),
            },
        };
        let stream = Stream::connect(&place.socket, budget).map_err(failed)?;
        let mut lines = Lines::new(stream);
        let line = lines.next(Some(until)).map_err(failed)?;
        match serde_json::from_slice::<Hello>(&line) {
            Ok(hello) if hello.protocol == PROTOCOL => Ok(Client {
                lines,
                hello,
                last_id: 0,
                pushes: VecDeque::new(),
            }),
            Ok(hello) => Err(NoDaemon::Protocol(hello)),
            Err(error) => Err(match serde_json::from_slice::<Message<'_>>(&line) {
                Ok(Message {
                    error: Some(wrong), ..
                }) => NoDaemon::Refused(clean(&wrong.message)),
                _ => NoDaemon::Failed {
                    socket: place.socket.clone(),
                    why: format!("no greeting: {error}"),
                },
            }),
        }
    }

    /// What the daemon said first.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Whether the daemon looks at the network that this process is in: whether what it
    /// knows of `localhost` is true here.
    #[must_use]
    pub fn sees_our_network(&self) -> bool {
        self.hello.netns == place::netns()
    }

    /// The result of a call, in this time at most. After an error other than
    /// [`CallError::Answered`] the connection is of no more use.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn call<T: DeserializeOwned>(
        &mut self,
        call: Call,
        budget: Duration,
    ) -> Result<T, CallError> {
        let until = Instant::now() + budget;
        let failed = |error: io::Error| match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => CallError::TooSlow(budget),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                CallError::Gone
            }
            _ => CallError::Failed(error.to_string()),
        };
        let unreadable = |error: serde_json::Error| CallError::Failed(error.to_string());
        self.last_id += 1;
        let (method, params) = call.parts().map_err(unreadable)?;
        let request = serde_json::json!({
            "jsonrpc": "2.0",
            "id": self.last_id,
            "method": method,
            "params": params,
        });
        self.lines
            .stream
            .write(format!("{request}\n").as_bytes(), until)
            .map_err(failed)?;
        loop {
            let line = self.lines.next(Some(until)).map_err(failed)?;
            let message: Message<'_> = serde_json::from_slice(&line).map_err(unreadable)?;
            if message.method.is_some() {
                self.keep(&line);
                continue;
            }
            // An error without a number is about the message as such, and we sent one only.
            let ours = match &message.id {
                Some(id) => id.as_u64() == Some(self.last_id),
                None => message.error.is_some(),
            };
            match (message.result, message.error) {
                (Some(result), None) if ours => {
                    return serde_json::from_str(result.get()).map_err(unreadable);
                }
                (_, Some(wrong)) if ours => {
                    return Err(CallError::Answered {
                        code: wrong.code,
                        message: clean(&wrong.message),
                    });
                }
                // The answer to an earlier call that was given up.
                _ => {}
            }
        }
    }

    /// Keeps a push that came while an answer was waited for.
    fn keep(&mut self, line: &[u8]) {
        // One of a kind that a later daemon has and we do not know is not for us.
        if let Ok(push) = serde_json::from_slice(line) {
            if self.pushes.len() == MOST_PUSHES {
                self.pushes.pop_front();
            }
            self.pushes.push_back(push);
        }
    }

    /// What a subscriber is told, as it comes, without an end of its own; an error is
    /// the last. [`Call::Subscribe`] comes first.
    pub fn pushes(mut self) -> impl Iterator<Item = io::Result<Push>> {
        let mut ended = false;
        std::iter::from_fn(move || {
            if let Some(push) = self.pushes.pop_front() {
                return Some(Ok(push));
            }
            while !ended {
                match self.lines.next(None) {
                    Ok(line) => self.keep(&line),
                    Err(error) => {
                        ended = true;
                        return Some(Err(error));
                    }
                }
                if let Some(push) = self.pushes.pop_front() {
                    return Some(Ok(push));
                }
            }
            None
        })
    }
}

/// A stream that is read by lines.
#[derive(Debug)]
struct Lines {
    stream: Stream,
    /// What was read beyond the last line.
    ahead: Vec<u8>,
}

impl Lines {
    fn new(stream: Stream) -> Self {
        Lines {
            stream,
            ahead: Vec::new(),
        }
    }

    /// The next line, without its end. Without a time, only its beginning may be waited
    /// for as long as it takes.
    fn next(&mut self, until: Option<Instant>) -> io::Result<Vec<u8>> {
        let mut until = until;
        let mut searched = 0;
        let mut chunk = [0; CHUNK];
        loop {
            let end = self.ahead[searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            if let Some(end) = end.map(|end| searched + end) {
                let rest = self.ahead.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.ahead, rest);
                line.truncate(end);
                return Ok(line);
            }
            searched = self.ahead.len();
            if searched > MOST_LINE {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    format!("a line of more than {MOST_LINE} bytes"),
                ));
            }
            if until.is_none() && searched > 0 {
                until = Some(Instant::now() + REST);
            }
            match self.stream.read(&mut chunk, until)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => self.ahead.extend_from_slice(&chunk[..read]),
            }
        }
    }
}
