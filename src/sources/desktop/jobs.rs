//! The calls to the notification service, one at a time, and what comes of each.

use std::future::Future;
use std::pin::Pin;

use super::super::{Heard, Notification, Slot};
use super::Session;
use super::bus::{self, Able};
use super::kept::Entry;

/// A call that is under way.
pub(super) type Job = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What came of it.
pub(super) enum Done {
    Greeted(Result<Able, String>),
    Shown(Slot, Result<Entry, String>),
    Withdrawn,
    Quiet(Option<bool>),
}

/// What is to be done next.
pub(super) enum Todo {
    Greet,
    AskQuiet,
    Show(Slot, Notification),
    Withdraw(Slot),
}

impl Session<'_> {
    pub(super) fn next_job(&mut self) -> Option<Job> {
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

    pub(super) async fn done(&mut self, done: Done) {
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
