//! The refusal radar: connections to ports of this machine that were refused just now.
//!
//! On Linux the kernel announces every TCP socket that it destroys to whoever joined the
//! *destroy* groups of `NETLINK_SOCK_DIAG`, without any privilege. A socket whose
//! connection was refused looks like no other one, so that a filter in the kernel drops
//! the rest and this process is not even woken (`linux.rs` has the details). Being announced
//! still costs a closing connection some microseconds: the radar leaves the groups while
//! this machine closes many, and goes by a counter of failed attempts then. That one says
//! that something was refused, not what. The same where the kernel announces nothing.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use crate::facts::{Gap, Refusal};

mod adaptive;
mod batch;
mod counts;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;
/// The code for other systems runs on this one too, so here it is tested.
#[cfg(test)]
#[path = "os.rs"]
#[allow(dead_code, reason = "there it cannot even be called")]
mod portable;

use adaptive::Adaptive;
use batch::Batch;

/// The rest after what was heard, so that a storm of refusals wakes nobody more often
/// than this. What comes meanwhile waits in the kernel, in a bounded buffer.
const REST: Duration = Duration::from_millis(20);
/// How long after a failure the subscription is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long the kernel may take to announce anything at all.
const PROOF: Duration = Duration::from_secs(5);

/// What the radar heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A connection to this machine was refused. Several to the same port at about the
    /// same time are told once.
    Refused(Refusal),
    /// So many connections were refused, and it cannot be said which: the kernel forgot
    /// the port (of a client that waits in `connect` it does), there were too many, or
    /// only the counter is there to go by, which knows no addresses: it counts what other
    /// machines refused, and connections that timed out, as well.
    Somewhere(u64),
}

/// Hears of refused connections.
#[derive(Debug)]
pub struct Radar {
    ears: Ears,
    adaptive: Adaptive,
    counters: os::Counters,
    /// Why the counters could not be read the last time.
    blind: Option<Gap>,
    /// How many attempts failed while it was not sure yet whether the kernel tells of them.
    doubtful: u64,
    waiting: VecDeque<Heard>,
    rest: Option<Instant>,
    began: Instant,
}

/// Whether the kernel tells us.
#[derive(Debug)]
enum Ears {
    Open(os::Ear),
    /// We joined, but so far the kernel has not even announced a socket of our own: what
    /// there is, and until when that is waited for.
    Unproven(os::Ear, Instant),
    /// Closed because this machine closes too many connections.
    Spared,
    /// The kernel does not tell us: why, and when to ask again.
    Deaf(Gap, Instant),
}

impl Ears {
    fn open() -> Self {
        match os::Ear::open() {
            Ok(ear) => Ears::Unproven(ear, Instant::now() + PROOF).proven(),
            Err(error) => Ears::deaf(&error),
        }
    }

    fn deaf(error: &io::Error) -> Self {
        Ears::Deaf(Gap::of(error), Instant::now() + AGAIN)
    }

    /// The same, when we have looked whether the kernel announces anything.
    fn proven(self) -> Self {
        let Ears::Unproven(mut ear, deadline) = self else {
            return self;
        };
        match ear.is_proven() {
            Ok(true) => Ears::Open(ear),
            Ok(false) if Instant::now() < deadline => Ears::Unproven(ear, deadline),
            Ok(false) => Ears::deaf(&io::Error::from(io::ErrorKind::Unsupported)),
            Err(error) => Ears::deaf(&error),
        }
    }
}

impl Default for Radar {
    fn default() -> Self {
        Self::new()
    }
}

impl Radar {
    /// A radar that hears what is refused from now on, as far as this system tells.
    #[must_use]
    pub fn new() -> Self {
        let mut radar = Radar {
            ears: Ears::open(),
            adaptive: Adaptive::default(),
            counters: os::Counters::default(),
            blind: None,
            doubtful: 0,
            waiting: VecDeque::new(),
            rest: None,
            began: Instant::now(),
        };
        radar.adapt();
        radar
    }

    /// The next thing that is heard. Where nothing can be, this waits for ever. Nothing
    /// is lost when it is dropped while it waits. To be called inside of a tokio runtime
    /// with its drivers of I/O and time.
    pub async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.waiting.pop_front() {
                return heard;
            }
            if let Some(rest) = self.rest {
                tokio::time::sleep_until(rest.into()).await;
                self.rest = None;
            }
            let (Ears::Open(ear) | Ears::Unproven(ear, _)) = &mut self.ears else {
                return std::future::pending().await;
            };
            let mut batch = Batch::default();
            match ear.hear(&mut batch).await {
                Ok(()) => {
                    self.rest = Some(Instant::now() + REST);
                    self.waiting.extend(batch.into_heard());
                }
                Err(error) => self.ears = Ears::deaf(&error),
            }
        }
    }

    /// Reads how busy this machine is, and joins or leaves the groups. To be called about
    /// once a second, or every few seconds while it [is calm](Radar::is_calm); what the
    /// counter says is heard by [`Radar::next`].
    pub fn adapt(&mut self) {
        let now = Instant::now();
        let counts = match self.counters.read() {
            Ok(counts) => counts,
            Err(error) => {
                self.blind = Some(Gap::of(&error));
                return;
            }
        };
        self.blind = None;
        let step = self.adaptive.step(counts, now.duration_since(self.began));
        let before = std::mem::replace(&mut self.ears, Ears::Spared);
        let (open, unproven) = (
            matches!(before, Ears::Open(_)),
            matches!(before, Ears::Unproven(..)),
        );
        self.ears = match before {
            Ears::Spared if !step.busy => Ears::open(),
            Ears::Deaf(_, again) if !step.busy && again <= now => Ears::open(),
            Ears::Open(_) | Ears::Unproven(..) if step.busy => Ears::Spared,
            ears => ears.proven(),
        };
        self.doubtful = match self.ears {
            // What failed while the kernel told us was told.
            _ if open => 0,
            Ears::Open(_) if unproven => 0,
            _ => self.doubtful.saturating_add(step.failed),
        };
        if !matches!(self.ears, Ears::Unproven(..)) {
            self.count_doubtful();
        }
    }

    /// Whether the kernel tells us, and hardly has anything to tell: then nothing is missed,
    /// and nobody is slowed down, if the counters are read seldom.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        matches!(self.ears, Ears::Open(_)) && self.adaptive.is_calm()
    }

    /// How the radar hears, and why not better, in words that follow `radar:`.
    #[must_use]
    pub fn mode(&self) -> String {
        let why = match &self.ears {
            Ears::Open(_) => return "the kernel announces every refused connection".to_owned(),
            Ears::Unproven(..) => "the kernel has not announced anything yet".to_owned(),
            Ears::Spared => format!(
                "announcements would slow down the {} connections that are closed each second",
                self.adaptive.rate()
            ),
            Ears::Deaf(gap, _) => format!("the kernel announces nothing ({gap})"),
        };
        match &self.blind {
            None => format!("counts failed connections only: {why}"),
            Some(gap) => format!("hears nothing: {why}, and does not count ({gap})"),
        }
    }

    /// One news of this kind is enough: nobody may have asked for a long time.
    fn count_doubtful(&mut self) {
        let more = std::mem::take(&mut self.doubtful);
        if more == 0 {
            return;
        }
        let last = self.waiting.back_mut();
        if let Some(Heard::Somewhere(count)) = last {
            *count = count.saturating_add(more);
        } else {
            self.waiting.push_back(Heard::Somewhere(more));
        }
    }
}

#[cfg(test)]
mod tests;
