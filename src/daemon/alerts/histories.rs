//! What holds for the alerts after any history.

use proptest::prelude::*;

use super::tests::{problem, sight};
use super::*;

/// Something that happens, and how many milliseconds after the thing before.
#[derive(Debug, Clone)]
enum Happens {
    /// A port is looked at: how bad it is there, by which rule, in which words.
    Port(u16, Option<(Severity, u8, u8)>),
    /// A port works.
    Well(u16),
    /// A port was out of sight.
    Blind(u16),
    /// The project is looked at, and this is wrong.
    Project(Vec<(Option<u16>, Severity, u8)>),
    Refused(u16),
    /// Everything that is due is looked at, and is as it was.
    Due,
    Mute(u16, u8),
    Unmute(u16),
    /// The daemon ends, and starts anew.
    Restart,
}

fn severity() -> impl Strategy<Value = Severity> {
    prop_oneof![
        1 => Just(Severity::Info),
        2 => Just(Severity::Warning),
        4 => Just(Severity::Error),
    ]
}

fn port() -> impl Strategy<Value = u16> {
    1..30_u16
}

fn happens() -> impl Strategy<Value = Happens> {
    let found = (severity(), 1..3_u8, 0..3_u8);
    let problems = (prop::option::of(port()), severity(), 1..3_u8);
    prop_oneof![
        10 => (port(), prop::option::weighted(0.7, found)).prop_map(|(p, f)| Happens::Port(p, f)),
        2 => port().prop_map(Happens::Well),
        1 => port().prop_map(Happens::Blind),
        3 => prop::collection::vec(problems, 0..5).prop_map(Happens::Project),
        2 => port().prop_map(Happens::Refused),
        10 => Just(Happens::Due),
        1 => (port(), 0..100_u8).prop_map(|(port, s)| Happens::Mute(port, s)),
        1 => port().prop_map(Happens::Unmute),
        1 => Just(Happens::Restart),
    ]
}

fn history() -> impl Strategy<Value = Vec<(u64, u64, Happens)>> {
    let pause = prop_oneof![6 => 0..700_u64, 3 => 700..3000_u64, 1 => 3000..90_000_u64];
    prop::collection::vec((pause, any::<u32>().prop_map(u64::from), happens()), 0..200)
}

fn found(port: Option<u16>, severity: Severity, code: u8, words: u8) -> Problem {
    let mut found = problem(&format!("DD20{code}"), &format!("it is so {words}"));
    found.port = port;
    found.finding.severity = severity;
    // Every rule has a time of its own.
    found.settle = Duration::from_secs(u64::from(code));
    found
}

/// What has been told, and whether it should have been.
#[derive(Default)]
struct Listener {
    /// What fires, by number.
    firing: BTreeMap<u64, Subject>,
    resolved: BTreeSet<u64>,
    fired: Vec<Duration>,
    /// What was told last, and when.
    words: BTreeMap<u64, (Alert, Duration)>,
    /// Since when each cause has been seen without a break.
    held: BTreeMap<Subject, Duration>,
}

impl Listener {
    fn hear(
        &mut self,
        told: Vec<Alert>,
        restarted: bool,
        now: Moment,
    ) -> Result<(), TestCaseError> {
        for alert in told {
            let subject = Subject::of_alert(&alert);
            let settle = alert
                .finding
                .code
                .strip_prefix("DD20")
                .unwrap()
                .parse()
                .unwrap();
            let settle = Duration::from_secs(settle);
            match alert.phase {
                Phase::Pending => prop_assert!(false, "what waits is not told: {alert:?}"),
                Phase::Firing if self.firing.contains_key(&alert.id) => {
                    let (last, at) = &self.words[&alert.id];
                    // Its mark is told at once, with the words of that moment.
                    let soon = now.up < *at + Duration::from_secs(10);
                    prop_assert!(!soon || last.muted != alert.muted, "{alert:?}");
                    let same = last.finding == alert.finding;
                    let at = if same { *at } else { now.up };
                    self.words.insert(alert.id, (alert, at));
                }
                Phase::Firing => {
                    prop_assert!(
                        !self.resolved.contains(&alert.id),
                        "numbers are not given again"
                    );
                    let same = self.firing.values().any(|other| *other == subject);
                    prop_assert!(!same, "one cause, one alert: {alert:?}");
                    let since = self.held.get(&subject).copied();
                    let held = since.is_some_and(|since| now.up >= since + settle);
                    prop_assert!(held, "too early: {alert:?}, held since {since:?}");
                    self.firing.insert(alert.id, subject);
                    self.words.insert(alert.id, (alert, now.up));
                    self.fired.push(now.up);
                }
                Phase::Resolved => {
                    prop_assert!(self.firing.remove(&alert.id).is_some(), "{alert:?}");
                    prop_assert!(self.resolved.insert(alert.id));
                }
            }
        }
        let minute = Duration::from_secs(60);
        let of_late = self.fired.iter().filter(|at| **at + minute > now.up);
        prop_assert!(restarted || of_late.count() <= 20);
        Ok(())
    }
}

proptest! {
    #[test]
    fn told_is_what_holds_once_and_in_time(history in history()) {
        let mut alerts = Alerts::default();
        let mut listener = Listener::default();
        // What each scope shows now, as the world is.
        let mut world: BTreeMap<Scope, Vec<Problem>> = BTreeMap::new();
        let project = Scope::Project("/shop".to_owned());
        let (mut up, mut restarted) = (0, false);
        let mut kept = Kept::default();
        for (pause, wall, what) in history {
            up += pause;
            // The clock on the wall says anything.
            let now = Moment { up: Duration::from_millis(up), wall };
            let mut looks: Vec<(Scope, Sight)> = Vec::new();
            match what {
                Happens::Port(port, is) => {
                    let problems = is.map(|(severity, code, words)| found(Some(port), severity, code, words));
                    looks.push((Scope::Port(port), sight(problems.into_iter().collect())));
                }
                Happens::Well(port) => {
                    let well = BTreeSet::from([port]);
                    looks.push((Scope::Port(port), Sight { well, ..Sight::default() }));
                }
                Happens::Blind(port) => {
                    listener.hear(alerts.see(&Scope::Port(port), Sight { blind: true, ..Sight::default() }, now), restarted, now)?;
                }
                Happens::Project(list) => {
                    let problems = list.into_iter().map(|(port, severity, code)| found(port, severity, code, 0));
                    looks.push((project.clone(), sight(problems.collect())));
                }
                Happens::Refused(port) => alerts.refused(port, 1, now),
                Happens::Due => {
                    for scope in alerts.due(now) {
                        let problems = world.get(&scope).cloned().unwrap_or_default();
                        looks.push((scope, sight(problems)));
                    }
                }
                Happens::Mute(port, seconds) => {
                    let length = Duration::from_secs(u64::from(seconds));
                    let told = alerts.mute(Muted::Port(port), Some(length), now);
                    listener.hear(told, restarted, now)?;
                }
                Happens::Unmute(port) => {
                    let told = alerts.unmute(&Muted::Port(port), now);
                    listener.hear(told, restarted, now)?;
                }
                Happens::Restart => {
                    if let Some(latest) = alerts.unsaved() {
                        kept = latest;
                    }
                    alerts = Alerts::new(kept.clone(), now);
                    restarted = true;
                    listener.held.clear();
                    world.clear();
                }
            }
            for (scope, sight) in looks {
                world.insert(scope.clone(), sight.problems.clone());
                if let Some(port) = sight.well.first() {
                    // Whoever saw an error there has looked too early.
                    for problems in world.values_mut() {
                        problems.retain(|one| one.port != Some(*port) || one.finding.severity < Severity::Error);
                    }
                }
                let shown: BTreeSet<Subject> = world
                    .values()
                    .flatten()
                    .filter(|one| one.finding.severity > Severity::Info)
                    .map(Problem::subject)
                    .collect();
                listener.held.retain(|subject, _| shown.contains(subject));
                for subject in shown {
                    listener.held.entry(subject).or_insert(now.up);
                }
                listener.hear(alerts.see(&scope, sight, now), restarted, now)?;
            }
            listener.hear(alerts.tick(now), restarted, now)?;
            let firing = alerts.list().iter().filter(|one| one.phase == Phase::Firing).count();
            prop_assert_eq!(firing, listener.firing.len(), "whoever listens knows as much");
            prop_assert!(alerts.list().len() <= MOST_ALERTS + MOST_RESOLVED);
            // There is nothing to do before the next deadline.
            if let Some(next) = alerts.next_deadline()
                && let Some(before) = next.checked_sub(Duration::from_millis(1))
                && before > now.up
            {
                let before = Moment { up: before, wall };
                prop_assert_eq!(alerts.due(before), vec![]);
                prop_assert_eq!(alerts.tick(before), vec![]);
            }
        }
        // In the end all is well, and whatever was told is withdrawn, once.
        for step in 0..30 {
            up += 5000;
            let now = Moment { up: Duration::from_millis(up), wall: step };
            for port in 1..30 {
                let told = alerts.see(&Scope::Port(port), Sight::default(), now);
                listener.hear(told, true, now)?;
            }
            listener.hear(alerts.see(&project, Sight::default(), now), true, now)?;
            listener.hear(alerts.tick(now), true, now)?;
        }
        prop_assert!(listener.firing.is_empty(), "{:?}", listener.firing);
        alerts.tick(Moment { up: Duration::from_millis(up + 1_000_000), wall: 0 });
        prop_assert_eq!(alerts.next_deadline(), None);
    }
}
