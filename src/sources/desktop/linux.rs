//! The notification service of freedesktop.org, on the session bus.
//!
//! One call at a time: a notification is replaced only once the number of the first one is
//! known. A call is never given up while its service lives, because nobody could say then
//! whether the notification is on the screen; a service that hangs is said to, and the
//! bus ends the call when it goes.

mod bus;
mod kept;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use self::bus::{Able, Bus, Signal};
use self::kept::{Entry, Kept, Record};
use super::{Ends, Heard, Notification, Slot, Surroundings, Wish};

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

/// A call that is under way.
type Job = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What came of it.
enum Done {
    Greeted(Result<Able, String>),
    Shown(Slot, Result<Entry, String>),
    Withdrawn,
    Quiet(Option<bool>),
}

/// What is to be done next.
enum Todo {
    Greet,
    AskQuiet,
    Show(Slot, Notification),
    Withdraw(Slot),
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

    fn next_job(&mut self) -> Option<Job> {
        let connection = self.bus.connection.clone();
        loop {
            match self.todo.pop_front()? {
                Todo::Greet => {
                    return Some(Box::pin(async move {
                        Done::Greeted(bus::greet(connection).await)
                    }));
                }
                Todo::AskQuiet => {
                    return Some(Box::pin(async move {
                        Done::Quiet(bus::quiet(&connection).await)
                    }));
                }
                Todo::Show(slot, notification) => {
                    let Some(able) = self.able.clone() else {
                        self.todo.push_front(Todo::Show(slot, notification));
                        self.todo.push_front(Todo::Greet);
                        continue;
                    };
                    self.early.clear();
                    self.showing = Some(slot);
                    let replaces = self.shown.get(&slot).map_or(0, |entry| entry.id);
                    return Some(Box::pin(async move {
                        let shown = bus::notify(connection, able, &notification, replaces).await;
                        let shown = shown.map(|id| Entry {
                            id,
                            title: notification.title,
                            body: notification.body,
                            expired: false,
                            passing: notification.passing,
                        });
                        Done::Shown(slot, shown)
                    }));
                }
                Todo::Withdraw(slot) => {
                    // What is not shown any more need not be taken away.
                    let Some(entry) = self.shown.remove(&slot) else {
                        continue;
                    };
                    return Some(Box::pin(async move {
                        bus::close(connection, entry.id).await;
                        Done::Withdrawn
                    }));
                }
            }
        }
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Greeted(Ok(able)) => {
                self.ends.works(how(&able));
                let quiet = able.quiet == Some(true);
                self.able = Some(able);
                self.retry = None;
                self.ends.tell(Heard::Quiet(quiet)).await;
                self.ready().await;
            }
            Done::Greeted(Err(why)) => {
                self.give_up(&format!("no notification service: {why}"))
                    .await;
            }
            Done::Shown(slot, Ok(entry)) => {
                self.shown.insert(slot, entry);
                self.keep();
                for signal in std::mem::take(&mut self.early) {
                    self.heard(signal).await;
                }
                // It was slow, and is not gone.
                if let Some(able) = self.able.as_ref().filter(|_| !self.ready) {
                    self.ends.works(how(able));
                    self.ready().await;
                }
            }
            Done::Shown(slot, Err(why)) => {
                self.ends.tell(Heard::Unshown(slot)).await;
                self.give_up(&format!("the notification service refuses them: {why}"))
                    .await;
            }
            Done::Withdrawn => self.keep(),
            Done::Quiet(quiet) => {
                if let Some(able) = &mut self.able {
                    able.quiet = quiet;
                    self.ends.works(how(able));
                }
                self.ends.tell(Heard::Quiet(quiet == Some(true))).await;
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

/// How notifications are shown, in words.
fn how(able: &Able) -> String {
    let buttons = if able.actions {
        ""
    } else {
        ", without buttons"
    };
    let quiet = match able.quiet {
        Some(true) => "; held back while do-not-disturb is on",
        _ => "",
    };
    format!("shown by {}{buttons}{quiet}", able.name)
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

/// Opens an address by the desktop's portal, or else by the program for it.
async fn open(
    connection: zbus::Connection,
    surroundings: Surroundings,
    address: String,
    token: Option<String>,
    done: oneshot::Sender<Result<(), String>>,
) {
    let result = match bus::open(connection, address.clone(), token).await {
        Ok(()) => Ok(()),
        Err(_) => open_without_portal(&surroundings, &address),
    };
    // The asker may have given up.
    let _ = done.send(result);
}

/// Opens an address by the program for it.
fn open_without_portal(surroundings: &Surroundings, address: &str) -> Result<(), String> {
    let program = surroundings
        .program("xdg-open")
        .ok_or("there is neither a desktop portal nor xdg-open")?;
    let mut child = Command::new(program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("xdg-open: {error}"))?;
    // It may stay for as long as the browser does, and must not be left a zombie.
    let wait = move || {
        let _ = child.wait();
    };
    std::thread::Builder::new()
        .name("opened".to_owned())
        .spawn(wait)
        .map(|_| ())
        .map_err(|error| error.to_string())
}
