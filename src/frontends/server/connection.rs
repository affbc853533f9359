//! One client: what it asks is read only as fast as it reads the answers.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jsonrpsee_types::Id;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::Limits;
use super::board::{AlertLine, Board, StatusLine, Subscription};
use super::lines::{Incoming, Lines};
use super::message::{self, Wanted};
use super::outgoing::Outgoing;
use crate::daemon::Handle;
use crate::ipc::{Call, Connection, Reply, codes};

/// How much is read at once.
const PIECE: usize = 8 << 10;

/// What all connections have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) handle: Handle,
    pub(super) board: Arc<Board>,
    pub(super) limits: Limits,
    /// The greeting.
    pub(super) hello: Vec<u8>,
    /// Whether the daemon is ending.
    pub(super) ended: watch::Receiver<bool>,
}

/// A call that has come to its end.
struct Done {
    /// None where nothing is to be answered.
    id: Option<Id<'static>>,
    result: Result<Reply, String>,
    /// What it subscribes to, from the moment it was asked.
    subscription: Option<Subscription>,
}

type Running = Pin<Box<dyn Future<Output = Done> + Send>>;

struct Client {
    shared: Arc<Shared>,
    lines: Lines,
    out: Outgoing,
    calls: FuturesUnordered<Running>,
    subscription: Option<Subscription>,
    /// Whether more is read: not after the client's end, an error, or the daemon's end.
    reading: bool,
    /// When a message that has begun must have ended.
    finish: Option<Instant>,
    /// When the client must have read something of what waits for it.
    written: Option<Instant>,
    /// When all is over, whatever is unread.
    over: Option<Instant>,
}

/// Serves a client until it goes, is cut off, or the daemon ends.
pub(super) async fn serve(stream: Connection, shared: Arc<Shared>) {
    let mut client = Client::new(shared);
    if let Err(error) = client.run(&stream).await {
        tracing::debug!("a client is gone: {error}");
    }
}

/// What woke a connection up.
enum Woken {
    Readable,
    Writable,
    Done(Done),
    Status(Arc<StatusLine>),
    Alert(Arc<AlertLine>),
    /// News were missed.
    Missed,
    Ending,
    /// A deadline has passed.
    Late,
}

impl Client {
    fn new(shared: Arc<Shared>) -> Self {
        let mut out = Outgoing::new(shared.limits.alerts);
        out.answer(shared.hello.clone());
        Client {
            lines: Lines::new(shared.limits.message),
            out,
            calls: FuturesUnordered::new(),
            subscription: None,
            reading: true,
            finish: None,
            written: None,
            over: None,
            shared,
        }
    }

    async fn run(&mut self, stream: &Connection) -> io::Result<()> {
        let mut ended = self.shared.ended.clone();
        loop {
            let (read, write) = loop {
                let all = self.take();
                let write = self.write(stream)?;
                // Writing may have made room for what has come in already.
                if all || !self.reading || !self.has_room() {
                    break (all && self.reading && self.has_room(), write);
                }
            };
            if !self.reading && self.calls.is_empty() && self.out.is_empty() {
                return Ok(());
            }
            let ending = self.over.is_none();
            let late = [self.finish, self.written, self.over];
            let woken = tokio::select! {
                ready = stream.readable(), if read => ready.map(|()| Woken::Readable)?,
                ready = stream.writable(), if write => ready.map(|()| Woken::Writable)?,
                Some(done) = self.calls.next() => Woken::Done(done),
                news = news(&mut self.subscription) => news,
                // Its sender goes only with the server.
                _ = ended.wait_for(|ended| *ended), if ending => Woken::Ending,
                () = first_of(late) => Woken::Late,
            };
            self.wake(woken, stream)?;
        }
    }

    fn wake(&mut self, woken: Woken, stream: &Connection) -> io::Result<()> {
        match woken {
            Woken::Readable => self.read(stream)?,
            Woken::Writable => {}
            Woken::Done(done) => self.done(done),
            Woken::Status(status) => {
                if let Some(subscription) = &mut self.subscription
                    && subscription.told != status.key
                {
                    subscription.told = status.key;
                    self.out.status(status);
                }
            }
            Woken::Alert(alert) => {
                if self
                    .subscription
                    .as_ref()
                    .is_some_and(|subscription| subscription.takes(&alert))
                {
                    self.out.alert(alert);
                }
            }
            Woken::Missed => {
                // The status has every alert that fires: it is told again.
                if let Some(subscription) = &mut self.subscription
                    && let Some(status) = subscription.status.borrow_and_update().clone()
                {
                    self.out.status(status);
                }
            }
            Woken::Ending => {
                self.stop();
                self.over = Some(Instant::now() + self.shared.limits.farewell);
            }
            Woken::Late => self.late(stream)?,
        }
        Ok(())
    }

    /// Whether one more request may be taken.
    fn has_room(&self) -> bool {
        self.calls.len() + self.out.answers() < self.shared.limits.calls
    }

    /// No more requests and no more news: only the answers that are due.
    fn stop(&mut self) {
        self.reading = false;
        self.finish = None;
        self.subscription = None;
        self.out.forget_news();
    }

    fn read(&mut self, stream: &Connection) -> io::Result<()> {
        let mut piece = [0; PIECE];
        match stream.try_read(&mut piece) {
            Ok(0) => self.stop(),
            Ok(read) => self.lines.feed(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // How the other end of a pipe goes.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.stop(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Begins the calls that have come in, as many as there is room for. Whether those are
    /// all: only then may more be read.
    fn take(&mut self) -> bool {
        while self.reading && self.has_room() {
            let Some(incoming) = self.lines.take() else {
                let begun = self.lines.has_begun();
                if !begun {
                    self.finish = None;
                } else if self.finish.is_none() {
                    self.finish = Some(Instant::now() + self.shared.limits.unfinished);
                }
                return true;
            };
            self.finish = None;
            match incoming {
                Incoming::Line(line) => match message::read(&line) {
                    Ok(wanted) => self.begin(wanted),
                    Err(Some(answer)) => self.out.answer(answer),
                    Err(None) => {}
                },
                Incoming::TooLong => {
                    let most = self.shared.limits.message;
                    let words = format!("a message has {most} bytes at most");
                    self.out
                        .answer(message::failure(None, codes::TOO_LONG, &words));
                }
            }
        }
        // What waits here waits for us, not for the client.
        self.finish = None;
        false
    }

    fn begin(&mut self, wanted: Wanted) {
        let Wanted { id, call } = wanted;
        // From before the answer, so that nothing happens in between.
        let subscription = match &call {
            Call::Subscribe(params) => {
                let (board, handle) = (&self.shared.board, &self.shared.handle);
                Some(board.subscribe(params.folder.clone(), handle))
            }
            _ => None,
        };
        let shared = Arc::clone(&self.shared);
        self.calls.push(Box::pin(async move {
            let most = shared.limits.call;
            let result = match timeout(most, shared.handle.ask(call)).await {
                Ok(result) => result,
                Err(_) => Err(format!("no answer within {} s", most.as_secs())),
            };
            Done {
                id,
                result,
                subscription,
            }
        }));
    }

    fn done(&mut self, done: Done) {
        if let Some(mut subscription) = done.subscription
            && let Ok(Reply::Status(status)) = &done.result
            && self.reading
        {
            subscription.answered(status);
            self.out.forget_news();
            self.subscription = Some(subscription);
        }
        let Some(id) = done.id else { return };
        self.out.answer(match &done.result {
            Ok(reply) => message::success(&id, reply),
            Err(why) => message::failure(Some(&id), codes::NO_ANSWER, why),
        });
    }

    /// Writes what the client takes now. Whether there is more.
    fn write(&mut self, stream: &Connection) -> io::Result<bool> {
        let unread = self.shared.limits.unread;
        while let Some(rest) = self.out.next() {
            self.written.get_or_insert_with(|| Instant::now() + unread);
            match stream.try_write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.out.wrote(written);
                    self.written = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// A deadline has passed: the client is told, where that can be, and cut off.
    fn late(&mut self, stream: &Connection) -> io::Result<()> {
        // It may have read while we had no time for it.
        self.write(stream)?;
        let now = Instant::now();
        let passed = |deadline: Option<Instant>| deadline.is_some_and(|at| at <= now);
        if passed(self.written) || passed(self.over) {
            return Err(io::Error::new(ErrorKind::TimedOut, "it does not read"));
        }
        if passed(self.finish) {
            let seconds = self.shared.limits.unfinished.as_secs();
            let words = format!("the message did not end within {seconds} s");
            self.stop();
            self.out
                .answer(message::failure(None, codes::UNFINISHED, &words));
        }
        Ok(())
    }
}

/// The next news of a subscription; none ever without one.
async fn news(subscription: &mut Option<Subscription>) -> Woken {
    let Some(subscription) = subscription else {
        return std::future::pending().await;
    };
    tokio::select! {
        // The board lives as long as its connections.
        Ok(()) = subscription.status.changed() => {
            match subscription.status.borrow_and_update().clone() {
                Some(status) => Woken::Status(status),
                None => Woken::Missed,
            }
        }
        alert = subscription.alerts.recv() => match alert {
            Ok(alert) => Woken::Alert(alert),
            Err(RecvError::Lagged(_) | RecvError::Closed) => Woken::Missed,
        },
    }
}

/// Waits for the first of these deadlines.
async fn first_of(deadlines: [Option<Instant>; 3]) {
    match deadlines.into_iter().flatten().min() {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
