//! The notification service of freedesktop.org, on the session bus.
//!
//! One call at a time: a notification is replaced only once the number of the first one is
//! known. A call is never given up while its service lives, because nobody could say then
//! whether the notification is on the screen; a service that hangs is said to, and the
//! bus ends the call when it goes.

mod bus;
mod jobs;
mod kept;
mod opening;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use self::bus::{Able, Bus, Signal};
use self::jobs::{Done, Job, Todo};
use self::kept::{Entry, Kept, Record};
use self::opening::{open, open_without_portal};
use super::{Ends, Heard, Slot, Surroundings, Wish};

/// After this time a service that has not answered is said to hang.
const SLOW: Duration = Duration::from_secs(5);
/// A service that lives no longer than this is not started again at once.
const SHORT_LIFE: Duration = Duration::from_secs(10);
/// So many signals of notifications whose number is not known yet are kept.
const MOST_EARLY: usize = 16;

/// Keeps the connection until nobody wants anything any more.
pub(super) async fn serve(surroundings: Surroundings, mut ends: Ends) {
    let mut kept = Kept::open(surroundings.state.clone()).await;
    connect(&surroundings, &mut ends, &mut kept).await;
    kept.end().await;
}

async fn connect(surroundings: &Surroundings, ends: &mut Ends, kept: &mut Kept) {
    loop {
        let why = match bus::connect(surroundings.bus.as_deref()).await {
            Ok(bus) => match Session::new(bus, surroundings, ends, kept).run().await {
                Some(why) => why,
                None => return,
            },
            Err(why) => why,
        };
        ends.fails(&why);
        ends.tell(Heard::Away).await;
        let until = Instant::now() + surroundings.retry;
        loop {
            tokio::select! {
                wish = ends.wanted.recv() => match wish {
                    Some(Wish::Show(slot, _)) => ends.tell(Heard::Unshown(slot)).await,
                    Some(Wish::Withdraw(_)) => {}
                    Some(Wish::Open { address, done, .. }) => {
                        // The asker may have given up.
                        let _ = done.send(open_without_portal(surroundings, &address));
                    }
                    None => return,
                },
                () = sleep_until(until) => break,
            }
        }
    }
}

/// One connection, from its begin to its end.
struct Session<'a> {
    bus: Bus,
    surroundings: &'a Surroundings,
    ends: &'a mut Ends,
    kept: &'a mut Kept,
    /// What the service can do, once it has said so.
    able: Option<Able>,
    /// Whether it was last said that notifications can be shown.
    ready: bool,
    /// What it shows.
    shown: BTreeMap<Slot, Entry>,
    /// What lets a window come to the front for a notification.
    token: Option<(u32, String)>,
    /// Signals of notifications whose number is not known yet.
    early: VecDeque<Signal>,
    todo: VecDeque<Todo>,
    job: Option<Job>,
    /// What the job under way shows.
    showing: Option<Slot>,
    /// When it is worth another try.
    retry: Option<Instant>,
    /// When the service came, if we saw it.
    came: Option<Instant>,
}

impl<'a> Session<'a> {
    fn new(
        bus: Bus,
        surroundings: &'a Surroundings,
        ends: &'a mut Ends,
        kept: &'a mut Kept,
    ) -> Self {
        Session {
            bus,
            surroundings,
            ends,
            kept,
            able: None,
            ready: false,
            shown: BTreeMap::new(),
            token: None,
            early: VecDeque::new(),
            todo: VecDeque::new(),
            job: None,
            showing: None,
            retry: None,
            came: None,
        }
    }

    /// Runs until the bus goes, which it gives the reason of, or nobody wants anything.
    async fn run(mut self) -> Option<String> {
        self.meet().await;
        let mut slow: Option<Instant> = None;
        loop {
            if self.job.is_none() {
                self.job = self.next_job();
                slow = self.job.as_ref().map(|_| Instant::now() + SLOW);
            }
            tokio::select! {
                signal = bus::signal(&mut self.bus.signals, self.bus.owner.as_deref()) => {
                    match signal {
                        Some(signal) => self.heard(signal).await,
                        None => {
                            self.lose().await;
                            return Some("the session bus has gone".to_owned());
                        }
                    }
                }
                wish = self.ends.wanted.recv() => match wish {
                    Some(wish) => self.take(wish),
                    None => {
                        self.finish().await;
                        return None;
                    }
                },
                done = of(&mut self.job) => {
                    self.job = None;
                    self.showing = None;
                    self.done(done).await;
                }
                () = at(slow) => {
                    slow = None;
                    self.fails("the desktop's notification service does not answer").await;
                }
                () = at(self.retry) => {
                    self.retry = None;
                    self.ready().await;
                }
            }
        }
    }

    /// Finds out whether there is a service; where the bus would start one, it does so only
    /// when there is something to show.
    async fn meet(&mut self) {
        self.able = None;
        self.todo.retain(|todo| !matches!(todo, Todo::Greet));
        self.take_over().await;
        if self.bus.owner.is_some() {
            self.todo.push_front(Todo::Greet);
        } else if self.bus.starts {
            let how = "shown by the desktop's service, which is started when it is needed";
            self.ends.works(how.to_owned());
            self.ready().await;
        } else {
            self.fails("this session has no notification service").await;
        }
    }

    /// Takes over what an earlier daemon has left on the screen of this very service.
    async fn take_over(&mut self) {
        if let (Some(bus), Some(owner)) = (&self.bus.id, &self.bus.owner) {
            let left = self.kept.left(bus, owner);
            let told: Vec<_> = left.iter().map(|(slot, entry)| entry.left(*slot)).collect();
            self.shown.extend(left);
            if !told.is_empty() {
                self.ends.tell(Heard::Left(told)).await;
            }
        }
        self.keep();
    }

    /// Keeps what is shown now, for the next daemon.
    fn keep(&self) {
        let record = match (&self.bus.id, &self.bus.owner) {
            (Some(bus), Some(owner)) => Record {
                bus: bus.clone(),
                owner: owner.clone(),
                shown: self.shown.clone(),
            },
            // Who shows it cannot be told from another.
            _ => Record::default(),
        };
        self.kept.keep(record);
    }

    async fn ready(&mut self) {
        if !std::mem::replace(&mut self.ready, true) {
            self.ends.tell(Heard::Ready).await;
        }
    }

    async fn fails(&mut self, why: &str) {
        self.ends.fails(why);
        if std::mem::replace(&mut self.ready, false) {
            self.ends.tell(Heard::Away).await;
        }
    }

    fn take(&mut self, wish: Wish) {
        match wish {
            Wish::Show(slot, notification) => {
                let same = |todo: &Todo| matches!(todo, Todo::Show(other, _) if *other == slot);
                self.todo.retain(|todo| !same(todo));
                self.todo.push_back(Todo::Show(slot, notification));
            }
            Wish::Withdraw(slot) => {
                let same = |todo: &Todo| matches!(todo, Todo::Show(other, _) if *other == slot);
                self.todo.retain(|todo| !same(todo));
                self.todo.push_back(Todo::Withdraw(slot));
            }
            Wish::Open {
                address,
                token,
                done,
            } => {
                let connection = self.bus.connection.clone();
                let surroundings = self.surroundings.clone();
                tokio::spawn(open(connection, surroundings, address, token, done));
            }
        }
    }

    /// Nothing can be shown for now.
    async fn give_up(&mut self, why: &str) {
        self.able = None;
        self.hand_back().await;
        self.retry = Some(Instant::now() + self.surroundings.retry);
        self.fails(why).await;
    }

    /// The service has gone, and all that it showed.
    async fn lose(&mut self) {
        let lost = std::mem::take(&mut self.shown).into_keys().collect();
        self.keep();
        self.ends.tell(Heard::Lost(lost)).await;
        // What was not on the screen yet is still to be told.
        self.hand_back().await;
        self.early.clear();
        self.job = None;
    }

    /// Hands back what was to be shown and is not.
    async fn hand_back(&mut self) {
        let showing = self.showing.take();
        if showing.is_some() {
            self.job = None;
        }
        let mut unshown: Vec<Slot> = showing.into_iter().collect();
        for todo in std::mem::take(&mut self.todo) {
            match todo {
                Todo::Show(slot, _) => unshown.push(slot),
                // What has gone with its service is not asked to go.
                Todo::Withdraw(_) => self.todo.push_back(todo),
                Todo::Greet | Todo::AskQuiet => {}
            }
        }
        for slot in unshown {
            self.ends.tell(Heard::Unshown(slot)).await;
        }
    }

    async fn heard(&mut self, signal: Signal) {
        let id = match &signal {
            Signal::Owner(owner) => {
                if self.bus.owner != *owner {
                    let died = self.came.is_some_and(|came| came.elapsed() < SHORT_LIFE);
                    self.came = owner.as_ref().map(|_| Instant::now());
                    self.bus.owner.clone_from(owner);
                    self.retry = None;
                    self.lose().await;
                    if died && owner.is_none() && self.bus.starts {
                        // To have it started again at once would not end.
                        let why = "the desktop's notification service ends soon after its start";
                        self.give_up(why).await;
                    } else {
                        self.meet().await;
                    }
                }
                return;
            }
            Signal::Properties => {
                // Only a service that has the property, and only one question at a time.
                let has = self.able.as_ref().is_some_and(|able| able.quiet.is_some());
                let asked = |todo: &Todo| matches!(todo, Todo::AskQuiet);
                if has && !self.todo.iter().any(asked) {
                    self.todo.push_back(Todo::AskQuiet);
                }
                return;
            }
            Signal::Pressed(id, _) | Signal::Token(id, _) | Signal::Closed(id, _) => *id,
        };
        let known = self.shown.iter_mut().find(|(_, entry)| entry.id == id);
        let Some((slot, entry)) = known.map(|(slot, entry)| (*slot, entry)) else {
            // It may be the one that is just being shown; most are of other programs.
            if self.showing.is_some() {
                self.early.push_back(signal);
                self.early.truncate(MOST_EARLY);
            }
            return;
        };
        match signal {
            Signal::Token(id, token) => self.token = Some((id, token)),
            Signal::Pressed(id, button) => {
                let token = self.token.take().filter(|(of, _)| *of == id);
                let token = token.map(|(_, token)| token);
                self.ends
                    .tell(Heard::Pressed {
                        slot,
                        button,
                        token,
                    })
                    .await;
            }
            // It may still stand in a list of old ones, and can be withdrawn from there.
            Signal::Closed(_, 1) => {
                entry.expired = true;
                self.keep();
                self.ends.tell(Heard::Expired(slot)).await;
            }
            Signal::Closed(..) => {
                self.shown.remove(&slot);
                self.keep();
                self.ends.tell(Heard::Closed(slot)).await;
            }
            Signal::Owner(_) | Signal::Properties => {}
        }
    }

    /// The program ends: what it wanted last is still done, if that can be done soon.
    async fn finish(&mut self) {
        let rest = async {
            loop {
                if self.job.is_none() {
                    self.todo.retain(|todo| matches!(todo, Todo::Withdraw(_)));
                    self.job = self.next_job();
                }
                if self.job.is_none() {
                    return;
                }
                if let Done::Shown(slot, Ok(entry)) = of(&mut self.job).await {
                    self.shown.insert(slot, entry);
                }
                self.keep();
                self.job = None;
            }
        };
        // Whatever is left then stays on the screen.
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    }
}

/// What comes of the call that is under way, if one is.
async fn of(job: &mut Option<Job>) -> Done {
    match job {
        Some(job) => job.await,
        None => std::future::pending().await,
    }
}

/// At this moment, if there is one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
