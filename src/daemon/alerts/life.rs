//! The life of one alert.

use std::collections::BTreeMap;
use std::time::Duration;

use super::mutes::Mutes;
use super::problem::{Problem, Scope};
use crate::daemon::event::Moment;
use crate::findings::{Alert, Finding, Phase, Severity, Trigger};

/// How soon the same scope is asked for again.
const AGAIN: Duration = Duration::from_secs(1);
/// Other words of the same alert are not told more often than this.
const WORDS: Duration = Duration::from_secs(10);
/// So long one that came and went too often must stay, or stay away.
pub(super) const STABLE: Duration = Duration::from_secs(60);
/// A port that nobody expects is forgotten when nobody has dialled it for so long.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(10 * 60);
/// A port that a project expects.
pub(super) const FORGOTTEN_OWN: Duration = Duration::from_secs(60 * 60);
/// So long an alert of an earlier run may wait for the first look at its scope.
const UNCONFIRMED: Duration = Duration::from_secs(60);

/// An alert that is not yet resolved.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) alert: Alert,
    /// What the looks that show it have found.
    held: BTreeMap<Scope, Problem>,
    /// The scope whose look showed it last.
    home: Scope,
    /// How long it must hold, or be gone.
    settle: Duration,
    /// Since when some look shows it, without a break.
    pub(super) since: Duration,
    /// Since when no look shows it.
    clear: Option<Duration>,
    /// Since when there is a worse cause than the one that was told.
    worse: Option<Duration>,
    /// When a connection was refused last.
    refused: Duration,
    /// Whether the last look found that the port works.
    pub(super) well: bool,
    /// When its scope was asked for last.
    pub(super) asked: Option<Duration>,
    /// When it was told last, and whether it says another thing since.
    told: Duration,
    owes: bool,
    /// When it came from an earlier run; nothing once a look has shown it.
    restored: Option<Duration>,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing that is to be told.
    Wait,
    /// It never fired, and is gone.
    Drop,
    /// It has held long enough.
    Fire,
    /// It says another thing.
    Tell,
    /// Its cause is a worse one now.
    Worse,
    /// It is gone.
    Resolve,
}

impl Live {
    pub(super) fn new(
        id: u64,
        scope: &Scope,
        problem: Problem,
        counted: Option<(u64, Duration)>,
        now: Moment,
    ) -> Self {
        let alert = Alert {
            id,
            phase: Phase::Pending,
            trigger: problem.trigger,
            port: problem.port,
            project: problem.project.clone(),
            service: problem.service.clone(),
            finding: problem.finding.clone(),
            since: now.wall,
            fired: None,
            resolved: None,
            refusals: counted.map_or(0, |(count, _)| count),
            flapping: false,
            muted: false,
        };
        Live {
            settle: problem.settle,
            held: BTreeMap::from([(scope.clone(), problem)]),
            ..Live::from_now(alert, scope.clone(), now)
        }
    }

    /// The life of an alert of which nothing has been seen yet.
    fn from_now(alert: Alert, home: Scope, now: Moment) -> Self {
        Live {
            alert,
            home,
            settle: Duration::ZERO,
            held: BTreeMap::new(),
            since: now.up,
            clear: None,
            worse: None,
            refused: now.up,
            well: false,
            asked: None,
            told: now.up,
            owes: false,
            restored: None,
        }
    }

    pub(super) fn restored(alert: Alert, now: Moment) -> Self {
        let home = match (alert.port, &alert.project, alert.trigger) {
            (_, Some(project), Trigger::Drift) | (None, Some(project), _) => {
                Scope::Project(project.clone())
            }
            (port, _, _) => Scope::Port(port.unwrap_or_default()),
        };
        Live {
            restored: Some(now.up),
            ..Live::from_now(alert, home, now)
        }
    }

    /// The same, with another number and the cause that is worse.
    pub(super) fn worse(&self, id: u64, now: Moment) -> Self {
        let mut alert = Alert {
            id,
            phase: Phase::Pending,
            since: now.wall,
            fired: None,
            ..self.alert.clone()
        };
        let problem = self.problem();
        if let Some(problem) = problem {
            alert.finding = problem.finding.clone();
        }
        Live {
            alert,
            held: self.held.clone(),
            home: self.home.clone(),
            settle: self.settle,
            since: self.since,
            clear: None,
            worse: None,
            refused: self.refused,
            well: false,
            asked: None,
            told: now.up,
            owes: false,
            restored: None,
        }
    }

    /// Takes what a look at this scope has found.
    pub(super) fn hold(&mut self, scope: &Scope, problem: Problem, now: Moment) {
        if self.clear.take().is_some() {
            self.since = now.up;
        }
        self.restored = None;
        self.home = scope.clone();
        self.held.insert(scope.clone(), problem);
        if let Some(problem) = self.problem() {
            let Problem {
                project,
                service,
                settle,
                trigger,
                ..
            } = problem.clone();
            self.settle = settle;
            self.alert.project = project.or(self.alert.project.take());
            self.alert.service = service.or(self.alert.service.take());
            // Who was refused once was refused.
            self.alert.trigger = self.alert.trigger.min(trigger);
        }
    }

    /// A look at this scope does not show it.
    pub(super) fn let_go(&mut self, scope: &Scope) {
        self.held.remove(scope);
        self.restored = None;
        self.wait_as_long_as_is_due();
    }

    /// The port works: who says that it does not has looked too early.
    pub(super) fn works(&mut self) {
        let works = |problem: &Problem| problem.finding.severity < Severity::Error;
        self.held.retain(|_, problem| works(problem));
        self.wait_as_long_as_is_due();
    }

    /// What is left may have to hold longer than what was there before.
    fn wait_as_long_as_is_due(&mut self) {
        if let Some(settle) = self.problem().map(|problem| problem.settle) {
            self.settle = settle;
        }
    }

    /// Whether a look at this scope may end it.
    pub(super) fn is_of(&self, scope: &Scope) -> bool {
        self.held.contains_key(scope) || (self.held.is_empty() && self.home == *scope)
    }

    pub(super) fn refused(&mut self, count: u64, now: Moment) {
        self.alert.refusals = self.alert.refusals.saturating_add(count);
        self.refused = now.up;
    }

    /// What is wrong: the worst of what was found, a port's own diagnosis before a check
    /// of the whole project.
    fn problem(&self) -> Option<&Problem> {
        let worst = self.held.values().map(|one| one.finding.severity).max()?;
        let mut held = self.held.values();
        held.find(|one| one.finding.severity == worst)
    }

    /// The scope to look at, for this alert.
    pub(super) fn scope(&self) -> Scope {
        let first = self.held.keys().next();
        first.unwrap_or(&self.home).clone()
    }

    /// What follows after a look; `free` says whether another alert may fire now.
    pub(super) fn step(&mut self, now: Moment, free: bool) -> Step {
        let Some(problem) = self.problem() else {
            if self.alert.phase == Phase::Pending {
                return Step::Drop;
            }
            self.worse = None;
            let since = *self.clear.get_or_insert(now.up);
            let over = now.up.saturating_sub(since) >= self.settle;
            let stable = now.up.saturating_sub(since) >= STABLE;
            return match self.alert.flapping {
                true if stable => Step::Resolve,
                false if over || self.well => Step::Resolve,
                _ => Step::Wait,
            };
        };
        let finding = problem.finding.clone();
        if self.alert.phase == Phase::Pending {
            self.alert.finding = finding;
            let over = now.up.saturating_sub(self.since) >= self.settle;
            return if over && free { Step::Fire } else { Step::Wait };
        }
        if finding.severity > self.alert.finding.severity {
            let since = *self.worse.get_or_insert(now.up);
            let over = now.up.saturating_sub(since) >= self.settle;
            return if over && free {
                Step::Worse
            } else {
                Step::Wait
            };
        }
        self.worse = None;
        self.owes |= says_another_thing(&self.alert.finding, &finding);
        self.alert.finding = finding;
        if self.owes_words(now) {
            Step::Tell
        } else {
            Step::Wait
        }
    }

    pub(super) fn fire(&mut self, flaps: bool, now: Moment) {
        self.alert.phase = Phase::Firing;
        self.alert.fired = Some(now.wall);
        self.alert.flapping = flaps;
        if flaps {
            self.since = now.up;
        }
    }

    /// The alert as it is told now.
    pub(super) fn tell(&mut self, mutes: &Mutes, now: Moment) -> Alert {
        self.told = now.up;
        self.owes = false;
        self.alert.muted = mutes.covers(&self.alert);
        self.alert.clone()
    }

    /// The alert as it is.
    pub(super) fn show(&self, mutes: &Mutes) -> Alert {
        Alert {
            muted: mutes.covers(&self.alert),
            ..self.alert.clone()
        }
    }

    /// Whether it says another thing, and may tell it.
    pub(super) fn owes_words(&self, now: Moment) -> bool {
        self.owes && !self.alert.flapping && now.up >= self.told + WORDS
    }

    /// Whether one that came and went too often has stayed long enough to be like any other.
    pub(super) fn calms_down(&mut self, now: Moment) -> bool {
        let calm = self.alert.flapping
            && self.alert.phase == Phase::Firing
            && !self.held.is_empty()
            && now.up.saturating_sub(self.since) >= STABLE;
        if calm {
            self.alert.flapping = false;
        }
        calm
    }

    /// Whether it is over without a look: nobody dials the port any more, or an alert of an
    /// earlier run is of a scope that nobody looks at.
    pub(super) fn has_lapsed(&self, now: Moment) -> bool {
        self.lapses().is_some_and(|at| now.up >= at)
    }

    fn lapses(&self) -> Option<Duration> {
        if let Some(at) = self.restored {
            return Some(at + UNCONFIRMED);
        }
        let dialled = |problem: &Problem| problem.trigger == Trigger::Refused;
        let only = !self.held.is_empty() && self.held.values().all(dialled);
        let wait = match self.alert.project {
            Some(_) => FORGOTTEN_OWN,
            None => FORGOTTEN,
        };
        only.then(|| self.refused + wait)
    }

    /// When its scope is to be looked at again; `free` is when another alert may fire.
    pub(super) fn due(&self, free: Duration) -> Option<Duration> {
        let at = match (self.alert.phase, self.clear, self.worse) {
            _ if self.restored.is_some() => Duration::ZERO,
            (Phase::Pending, _, _) => (self.since + self.settle).max(free),
            (_, Some(clear), _) if self.alert.flapping => clear + STABLE,
            (_, Some(clear), _) => clear + self.settle,
            (_, None, Some(worse)) => (worse + self.settle).max(free),
            _ => return None,
        };
        // It was asked for, and the look takes its time.
        let again = self.asked.map(|asked| asked + AGAIN);
        Some(at.max(again.unwrap_or_default()))
    }

    /// When the time alone changes it.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        let words = (self.owes && !self.alert.flapping).then(|| self.told + WORDS);
        let calm = (self.alert.flapping && !self.held.is_empty()).then(|| self.since + STABLE);
        [words, calm, self.lapses()].into_iter().flatten().min()
    }
}

/// Whether a finding tells something else: how long ago something was does not count.
fn says_another_thing(old: &Finding, new: &Finding) -> bool {
    old.code != new.code
        || old.severity != new.severity
        || without_ages(&old.says) != without_ages(&new.says)
        || old.fixes != new.fixes
}

/// A sentence without its ages: `exited with 1 12 s ago` is `exited with 1 ago`.
fn without_ages(says: &str) -> String {
    let words: Vec<&str> = says.split(' ').collect();
    let age = |at: usize| {
        let unit = |word: &str| matches!(word, "s" | "min" | "h" | "days");
        let number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        let first = words.get(at).copied().unwrap_or_default();
        let second = words.get(at + 1).copied().unwrap_or_default();
        let third = words.get(at + 2).copied().unwrap_or_default();
        number(first) && unit(second) && third.starts_with("ago")
    };
    let kept = (0..words.len()).filter(|&at| !(age(at) || at > 0 && age(at - 1)));
    kept.map(|at| words[at]).collect::<Vec<_>>().join(" ")
}
