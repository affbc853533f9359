//! Problems over time: pending, firing, resolved; one alert per cause. Pure: it is handed
//! what a look has found, and when.
//!
//! Nothing fires and nothing is resolved by the time alone: when a wait is over, its scope
//! is [`Alerts::due`] for another look, and that look decides. A machine that slept, or a
//! clock that jumped, therefore changes nothing.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod life;
mod mutes;
mod pace;
mod problem;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use mutes::{Mute, Muted};
pub use problem::{Problem, Scope, Sight};

use super::event::Moment;
use crate::findings::{Alert, Phase, Severity};
use life::{Live, Step};
use mutes::Mutes;
use pace::Pace;
use problem::Subject;

/// No more alerts than this at once.
pub const MOST_ALERTS: usize = 256;
/// So many that are gone can still be asked for.
const MOST_RESOLVED: usize = 32;
/// For so long refused connections are counted for an alert that is yet to come.
const COUNTED: Duration = Duration::from_secs(60);
/// Of so many ports.
const MOST_COUNTED: usize = 512;

/// What is kept of the alerts when the daemon ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Those that fire.
    pub alerts: Vec<Alert>,
    /// What the user does not want to be told of.
    pub mutes: Vec<Mute>,
    /// The number of the next one, at least.
    pub next: u64,
}

/// The alerts.
#[derive(Debug, Default)]
pub struct Alerts {
    live: BTreeMap<Subject, Live>,
    resolved: VecDeque<Alert>,
    mutes: Mutes,
    pace: Pace,
    /// Refused connections of late, by port: how many, and when the last one came.
    refusals: BTreeMap<u16, (u64, Duration)>,
    next: u64,
    changed: bool,
}

impl Alerts {
    /// The alerts of an earlier run: those that fired still do, and are not told again.
    #[must_use]
    pub fn new(kept: Kept, now: Moment) -> Self {
        let mut alerts = Alerts {
            mutes: Mutes::restore(kept.mutes, now),
            next: kept.next,
            ..Alerts::default()
        };
        for alert in kept.alerts.into_iter().take(MOST_ALERTS) {
            alerts.next = alerts.next.max(alert.id.saturating_add(1));
            if alert.phase == Phase::Firing {
                let subject = Subject::of_alert(&alert);
                let live = Live::restored(alert, now);
                alerts.live.entry(subject).or_insert(live);
            }
        }
        alerts
    }

    /// Takes note of refused connections. To be called before what they are found to be
    /// caused by is handed to [`Alerts::see`].
    pub fn refused(&mut self, port: u16, count: u64, now: Moment) {
        if let Some(live) = self.live.get_mut(&Subject::Port(port)) {
            live.refused(count, now);
            return;
        }
        let fresh = |at: Duration| now.up.saturating_sub(at) <= COUNTED;
        self.refusals.retain(|_, (_, at)| fresh(*at));
        if self.refusals.len() < MOST_COUNTED || self.refusals.contains_key(&port) {
            let counted = self.refusals.entry(port).or_default();
            *counted = (counted.0.saturating_add(count), now.up);
        }
    }

    /// Takes what a look has found in a scope: everything that is wrong there now, the worst
    /// first. Gives the alerts that are to be told: those that began to fire, are resolved,
    /// or say another thing.
    pub fn see(&mut self, scope: &Scope, sight: Sight, now: Moment) -> Vec<Alert> {
        let mut named = BTreeSet::new();
        for problem in sight.problems {
            let subject = problem.subject();
            // Of several causes of one thing, the first is the root.
            if problem.finding.severity > Severity::Info && named.insert(subject.clone()) {
                self.hold(subject, scope, problem, now);
            }
        }
        let mut touched: Vec<Subject> = Vec::new();
        for (subject, live) in &mut self.live {
            let here = named.contains(subject);
            let works = |port: u16| sight.well.contains(&port);
            live.well = !here && live.alert.port.is_some_and(works);
            if live.well {
                live.works();
            }
            // What was out of sight is not gone.
            let missed = !here && !sight.blind && live.is_of(scope);
            if missed {
                live.let_go(scope);
            }
            if here || missed || live.well {
                touched.push(subject.clone());
            }
        }
        let mut told = Vec::new();
        for subject in touched {
            self.advance(&subject, now, &mut told);
        }
        told
    }

    /// What the time alone brings: words that were held back, mutes that end, refusals that
    /// are long ago. Gives what is to be told.
    pub fn tick(&mut self, now: Moment) -> Vec<Alert> {
        let mut told = Vec::new();
        if self.mutes.tick(now) {
            self.changed = true;
            self.mark(now, &mut told);
        }
        let over: Vec<Subject> = self
            .live
            .iter()
            .filter(|(_, live)| live.has_lapsed(now))
            .map(|(subject, _)| subject.clone())
            .collect();
        for subject in over {
            if let Some(live) = self.live.remove(&subject) {
                self.resolve(live, now, &mut told);
            }
        }
        for live in self.live.values_mut() {
            if live.calms_down(now) || live.owes_words(now) {
                told.push(live.tell(&self.mutes, now));
                self.changed = true;
            }
        }
        told
    }

    /// The scopes that must be looked at now, because a wait is over: hand what is found to
    /// [`Alerts::see`]. Each is named again only after a while, so that the look may take
    /// its time.
    pub fn due(&mut self, now: Moment) -> Vec<Scope> {
        let free = self.pace.free_at();
        let mut due = BTreeSet::new();
        for live in self.live.values_mut() {
            if live.due(free).is_some_and(|at| at <= now.up) {
                live.asked = Some(now.up);
                due.insert(live.scope());
            }
        }
        due.into_iter().collect()
    }

    /// When, by [`Moment::up`], there is something to do for [`Alerts::tick`] or
    /// [`Alerts::due`].
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let free = self.pace.free_at();
        let due = self.live.values().filter_map(|live| live.due(free));
        let ticks = self.live.values().filter_map(Live::next_tick);
        due.chain(ticks).chain(self.mutes.next_end()).min()
    }

    /// Mutes a port, a project or an alert, for so long or for good. Gives what is to be
    /// told.
    pub fn mute(&mut self, what: Muted, length: Option<Duration>, now: Moment) -> Vec<Alert> {
        let mut told = Vec::new();
        self.mutes.add(what, length, now);
        self.changed = true;
        self.mark(now, &mut told);
        told
    }

    /// Takes that back. Gives what is to be told.
    pub fn unmute(&mut self, what: &Muted, now: Moment) -> Vec<Alert> {
        let mut told = Vec::new();
        if self.mutes.remove(what) {
            self.changed = true;
            self.mark(now, &mut told);
        }
        told
    }

    /// The alerts: those that fire, the worst first; those that may yet; those that are gone.
    #[must_use]
    pub fn list(&self) -> Vec<Alert> {
        let live = self.live.values();
        let mut list: Vec<Alert> = live.map(|live| live.show(&self.mutes)).collect();
        list.sort_by_key(|alert| {
            let firing = alert.phase == Phase::Firing;
            let severity = alert.finding.severity;
            (!firing, std::cmp::Reverse(severity), alert.since, alert.id)
        });
        list.extend(self.resolved.iter().rev().cloned());
        list
    }

    /// What is to be kept, if it has changed since this was asked last.
    pub fn unsaved(&mut self) -> Option<Kept> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let firing = self
            .live
            .values()
            .filter(|live| live.alert.phase == Phase::Firing);
        Some(Kept {
            alerts: firing.map(|live| live.alert.clone()).collect(),
            mutes: self.mutes.list().to_vec(),
            next: self.next,
        })
    }

    /// Takes a problem that is there.
    fn hold(&mut self, subject: Subject, scope: &Scope, problem: Problem, now: Moment) {
        if let Some(live) = self.live.get_mut(&subject) {
            live.hold(scope, problem, now);
            return;
        }
        if self.live.len() >= MOST_ALERTS {
            // Who fires stays.
            let waits = |(_, live): &(&Subject, &Live)| live.alert.phase == Phase::Pending;
            let waiting = self.live.iter().filter(waits);
            let oldest = waiting.min_by_key(|(_, live)| live.since);
            let Some(oldest) = oldest.map(|(subject, _)| subject.clone()) else {
                return;
            };
            self.live.remove(&oldest);
        }
        let counted = problem.port.and_then(|port| self.refusals.remove(&port));
        let id = self.number(now);
        let live = Live::new(id, scope, problem, counted, now);
        self.live.insert(subject, live);
    }

    /// A number that was never given: it follows the clock, so that this holds even where
    /// nothing could be kept.
    fn number(&mut self, now: Moment) -> u64 {
        let id = self.next.max(now.wall).max(1);
        self.next = id.saturating_add(1);
        id
    }

    /// Takes an alert a step on, after a look at its scope.
    fn advance(&mut self, subject: &Subject, now: Moment, told: &mut Vec<Alert>) {
        let Some(live) = self.live.get_mut(subject) else {
            return;
        };
        match live.step(now, self.pace.is_free(now)) {
            Step::Wait => {}
            Step::Drop => {
                self.live.remove(subject);
            }
            Step::Fire => {
                let flaps = self.pace.fires(subject, now);
                live.fire(flaps, now);
                told.push(live.tell(&self.mutes, now));
                self.changed = true;
            }
            Step::Tell => {
                told.push(live.tell(&self.mutes, now));
                self.changed = true;
            }
            Step::Worse => {
                // Whoever was told of the lesser cause is to hear of this one.
                let Some(old) = self.live.remove(subject) else {
                    return;
                };
                let id = self.number(now);
                let flaps = self.pace.fires(subject, now);
                let mut live = old.worse(id, now);
                self.resolve(old, now, told);
                live.fire(flaps, now);
                told.push(live.tell(&self.mutes, now));
                self.live.insert(subject.clone(), live);
            }
            Step::Resolve => {
                if let Some(live) = self.live.remove(subject) {
                    self.resolve(live, now, told);
                }
            }
        }
    }

    /// Ends an alert; one that nobody was told of ends in silence.
    fn resolve(&mut self, mut live: Live, now: Moment, told: &mut Vec<Alert>) {
        if live.alert.phase != Phase::Firing {
            return;
        }
        live.alert.phase = Phase::Resolved;
        live.alert.resolved = Some(now.wall);
        let alert = live.tell(&self.mutes, now);
        self.mutes.remove(&Muted::Alert(alert.id));
        if self.resolved.len() >= MOST_RESOLVED {
            self.resolved.pop_front();
        }
        self.resolved.push_back(alert.clone());
        self.changed = true;
        told.push(alert);
    }

    /// Tells of every firing alert whose mark is another one now.
    fn mark(&mut self, now: Moment, told: &mut Vec<Alert>) {
        for live in self.live.values_mut() {
            let muted = self.mutes.covers(&live.alert);
            if live.alert.phase == Phase::Firing && live.alert.muted != muted {
                told.push(live.tell(&self.mutes, now));
            }
        }
    }
}
