//! What is shown, replaced and withdrawn, and when: a pure machine that is handed alerts
//! and the time.
//!
//! Each problem is told once. What could not be shown when it came (no service,
//! do-not-disturb) is shown later if it still holds; what came too fast is counted in one
//! summary; what the user has closed does not come back in other words. What an earlier
//! daemon has left on the screen is this one's own where it holds still, and withdrawn where
//! it does not.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::stand::{Item, Stand, Summary};
use super::wanted::wanted;
use super::words::{self, Words};
use crate::findings::Alert;
use crate::settings::Notify;
use crate::sources::desktop::{Left, Notification, Slot};

/// The number of the summary; alerts count up from 1.
pub(super) const SUMMARY: Slot = Slot::MAX;
/// The number of what is said when a button could not do what it says.
pub(super) const NOTE: Slot = Slot::MAX - 1;

/// No more notifications than so many in such a time.
const LIMITS: [(usize, Duration); 2] =
    [(3, Duration::from_secs(10)), (12, Duration::from_secs(300))];
/// The first change of words on the screen waits for so long; each further one twice as
/// long, so that a text that never rests does not flicker for ever.
const REPLACE: Duration = Duration::from_secs(5);
/// A burst goes on for a while; then it is counted.
const GATHER: Duration = Duration::from_secs(2);
/// A summary that was closed is not followed by another for so long.
const SUMMARY_AGAIN: Duration = Duration::from_secs(60);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Show this, in place of what has the number now.
    Show(Slot, Notification),
    /// Take it away.
    Withdraw(Slot),
}

/// The machine.
#[derive(Debug)]
pub(super) struct Planner {
    /// When it began, in milliseconds since the Unix epoch: what fires for longer was told by
    /// the daemon before this one.
    began: u64,
    /// Whether the alerts that were there at the begin are known.
    met: bool,
    ready: bool,
    quiet: bool,
    items: BTreeMap<u64, Item>,
    /// What an earlier daemon has left on the screen, until the alerts are known.
    left: BTreeMap<Slot, Left>,
    /// When the last notifications were shown, the newest last.
    shown: VecDeque<Duration>,
    summary: Summary,
}

impl Planner {
    /// A machine that knows of nothing, and has nothing to show it on.
    pub(super) fn new(began: u64) -> Self {
        Planner {
            began,
            met: false,
            ready: false,
            quiet: false,
            items: BTreeMap::new(),
            left: BTreeMap::new(),
            shown: VecDeque::new(),
            summary: Summary::default(),
        }
    }

    /// An alert has come or changed; `wish` is what its project wants to be told of.
    pub(super) fn alert(&mut self, alert: &Alert, wish: Notify, now: Duration) -> Vec<Step> {
        let mut steps = Vec::new();
        self.note(alert, wish, &mut steps);
        steps.extend(self.tick(now));
        steps
    }

    /// These are all alerts there are.
    pub(super) fn all(&mut self, alerts: &[(Alert, Notify)], now: Duration) -> Vec<Step> {
        let mut steps = Vec::new();
        let there = |id: &u64| alerts.iter().any(|(alert, _)| alert.id == *id);
        let gone: Vec<u64> = self.items.keys().filter(|id| !there(id)).copied().collect();
        for id in gone {
            self.forget(id, &mut steps);
        }
        for (alert, wish) in alerts {
            self.note(alert, *wish, &mut steps);
        }
        self.met = true;
        steps.extend(self.take_over());
        steps.extend(self.tick(now));
        steps
    }

    /// An earlier daemon has left these on the screen.
    pub(super) fn left(&mut self, left: Vec<Left>) -> Vec<Step> {
        self.left
            .extend(left.into_iter().map(|one| (one.slot, one)));
        match self.met {
            true => self.take_over(),
            // What holds still is not known.
            false => Vec::new(),
        }
    }

    fn take_over(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (slot, left) in std::mem::take(&mut self.left) {
            if slot == SUMMARY && self.summary.says.is_some() {
                // This daemon's own has taken its place.
                continue;
            }
            let Some(item) = self.items.get_mut(&slot) else {
                steps.push(Step::Withdraw(slot));
                continue;
            };
            item.stand = match std::mem::replace(&mut item.stand, Stand::Expired) {
                shown @ Stand::Shown { .. } => shown,
                _ if left.expired => Stand::Expired,
                // Where it says another thing now, it is replaced as any other.
                _ => Stand::Shown {
                    notification: Notification {
                        title: left.title,
                        body: left.body,
                        ..item.words.notification.clone()
                    },
                    at: Duration::ZERO,
                    times: 0,
                },
            };
        }
        steps
    }

    /// Whether there is something to show notifications on.
    pub(super) fn ready(&mut self, ready: bool, now: Duration) -> Vec<Step> {
        self.ready = ready;
        self.tick(now)
    }

    /// Whether the user wants not to be disturbed.
    pub(super) fn quiet(&mut self, quiet: bool, now: Duration) -> Vec<Step> {
        self.quiet = quiet;
        self.tick(now)
    }

    /// These have gone with the service that showed them: they were told.
    pub(super) fn lost(&mut self, slots: &[Slot]) {
        for slot in slots {
            self.closed(*slot);
        }
    }

    /// This could not be shown after all.
    pub(super) fn unshown(&mut self, slot: Slot) {
        if slot == SUMMARY {
            self.summary.says = None;
        } else if let Some(item) = self.items.get_mut(&slot)
            && matches!(item.stand, Stand::Shown { .. })
        {
            item.stand = Stand::Waiting;
            // Nobody was disturbed by it.
            self.shown.pop_back();
        }
    }

    /// This has left the screen by itself.
    pub(super) fn expired(&mut self, slot: Slot) {
        if slot == SUMMARY {
            self.closed(slot);
        } else if let Some(item) = self.items.get_mut(&slot)
            && matches!(item.stand, Stand::Shown { .. })
        {
            item.stand = Stand::Expired;
        }
    }

    /// The user has closed this.
    pub(super) fn closed(&mut self, slot: Slot) {
        if slot == SUMMARY {
            self.summary = Summary {
                says: None,
                next: self.summary.next + SUMMARY_AGAIN,
                times: 0,
            };
            for item in self.items.values_mut() {
                if matches!(item.stand, Stand::Counted) {
                    item.stand = Stand::Told;
                }
            }
        } else if let Some(item) = self.items.get_mut(&slot)
            && matches!(item.stand, Stand::Shown { .. } | Stand::Expired)
        {
            item.stand = Stand::Told;
        }
    }

    /// What the buttons of a notification need.
    pub(super) fn words(&self, slot: Slot) -> Option<Words> {
        self.items.get(&slot).map(|item| item.words.clone())
    }

    /// The daemon ends, and nobody watches any more.
    pub(super) fn end(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let ids: Vec<u64> = self.items.keys().copied().collect();
        for id in ids {
            self.forget(id, &mut steps);
        }
        if self.summary.says.take().is_some() {
            steps.push(Step::Withdraw(SUMMARY));
        }
        steps
    }

    fn note(&mut self, alert: &Alert, wish: Notify, steps: &mut Vec<Step>) {
        if !wanted(alert, wish) {
            return self.forget(alert.id, steps);
        }
        let words = words::of(alert);
        if let Some(item) = self.items.get_mut(&alert.id) {
            item.words = words;
            return;
        }
        let before = !self.met && alert.fired.is_some_and(|fired| fired < self.began);
        let stand = match before {
            true => Stand::Told,
            false => Stand::Waiting,
        };
        self.items.insert(alert.id, Item { words, stand });
    }

    fn forget(&mut self, id: u64, steps: &mut Vec<Step>) {
        if let Some(item) = self.items.remove(&id)
            && matches!(item.stand, Stand::Shown { .. } | Stand::Expired)
        {
            steps.push(Step::Withdraw(id));
        }
    }

    /// Whether anything may be shown now.
    fn may_show(&self) -> bool {
        self.ready && !self.quiet
    }

    /// What is to be done now.
    pub(super) fn tick(&mut self, now: Duration) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.may_show() {
            let ids: Vec<u64> = self.items.keys().copied().collect();
            for id in ids {
                steps.extend(self.tell(id, now));
            }
        }
        steps.extend(self.sum_up(now));
        steps
    }

    fn tell(&mut self, id: u64, now: Duration) -> Option<Step> {
        let free = self.free(now);
        let first = self.summary.says.is_none() && self.counted() == 0;
        let item = self.items.get_mut(&id)?;
        let times = match &item.stand {
            Stand::Waiting if free => {
                self.shown.push_back(now);
                0
            }
            Stand::Waiting => {
                item.stand = Stand::Counted;
                if first {
                    self.summary.next = self.summary.next.max(now + GATHER);
                }
                return None;
            }
            Stand::Shown {
                notification,
                at,
                times,
            } if *notification != item.words.notification && now >= *at + rest(*times) => times + 1,
            _ => return None,
        };
        let notification = item.words.notification.clone();
        item.stand = Stand::Shown {
            notification: notification.clone(),
            at: now,
            times,
        };
        Some(Step::Show(id, notification))
    }

    /// Whether one more notification is not too many.
    fn free(&mut self, now: Duration) -> bool {
        let longest = LIMITS.map(|(_, span)| span).into_iter().max();
        let old = |at: &Duration| longest.is_some_and(|longest| *at + longest <= now);
        while self.shown.front().is_some_and(old) {
            self.shown.pop_front();
        }
        LIMITS.iter().all(|(most, span)| {
            let recent = self.shown.iter().filter(|at| **at + *span > now);
            recent.count() < *most
        })
    }

    /// The summary, as what it counts changes.
    fn sum_up(&mut self, now: Duration) -> Option<Step> {
        let counted = self.counted();
        match self.summary.says {
            Some(_) if counted == 0 => {
                self.summary.says = None;
                self.summary.times = 0;
                Some(Step::Withdraw(SUMMARY))
            }
            Some(says) if says == counted => None,
            None if counted == 0 => None,
            _ if !self.may_show() || now < self.summary.next => None,
            _ => {
                self.summary = Summary {
                    says: Some(counted),
                    next: now + rest(self.summary.times),
                    times: self.summary.times + 1,
                };
                Some(Step::Show(SUMMARY, words::summary(counted)))
            }
        }
    }

    fn counted(&self) -> usize {
        let counted = |item: &&Item| matches!(item.stand, Stand::Counted);
        self.items.values().filter(counted).count()
    }

    /// When something is to be done without anything happening, if ever.
    pub(super) fn due(&self) -> Option<Duration> {
        if !self.may_show() {
            return None;
        }
        let replaced = self.items.values().filter_map(|item| match &item.stand {
            Stand::Shown {
                notification,
                at,
                times,
            } if *notification != item.words.notification => Some(*at + rest(*times)),
            _ => None,
        });
        let counted = self.counted();
        let summed = match self.summary.says {
            Some(says) => says != counted,
            None => counted > 0,
        };
        replaced.chain(summed.then_some(self.summary.next)).min()
    }
}

/// How long words stay on the screen that were replaced so often.
fn rest(times: u32) -> Duration {
    REPLACE * 2_u32.saturating_pow(times.min(7))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
