//! The alarm on Linux: a timer of the kernel. The runtime's own wakes up to three times for
//! one pause, and for a daemon at rest being woken is what costs.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A pause of nothing would switch the timer off.
const SHORTEST: Duration = Duration::from_nanos(1);

#[derive(Debug, Default)]
pub(super) struct Alarm {
    timer: Option<AsyncFd<OwnedFd>>,
    /// For when it is set.
    set: Option<Instant>,
}

impl Alarm {
    pub(super) async fn at(&mut self, moment: Instant) {
        if self.ring(moment).await.is_err() {
            self.set = None;
            tokio::time::sleep_until(moment.into()).await;
        }
    }

    async fn ring(&mut self, moment: Instant) -> io::Result<()> {
        let timer = match &self.timer {
            Some(timer) => timer,
            None => self.timer.insert(open()?),
        };
        loop {
            if self.set != Some(moment) {
                set(timer.get_ref(), moment)?;
                self.set = Some(moment);
            }
            timer.readable().await?.clear_ready();
            match rustix::io::read(timer.get_ref(), &mut [0; 8]) {
                Ok(_) => self.set = None,
                // It was set anew after it had rung.
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if Instant::now() >= moment {
                return Ok(());
            }
        }
    }
}

fn set(timer: &OwnedFd, moment: Instant) -> io::Result<()> {
    let left = moment.saturating_duration_since(Instant::now());
    let pause = Itimerspec {
        it_interval: Timespec::default(),
        it_value: Timespec::try_from(left.max(SHORTEST)).map_err(io::Error::other)?,
    };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &pause)?;
    Ok(())
}

#[expect(
    deprecated,
    reason = "the other constructor is unsafe; what that asks for, one descriptor that \
              stays open and the same, an `OwnedFd` keeps"
)]
fn open() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    AsyncFd::with_interest(timer, Interest::READABLE)
}
