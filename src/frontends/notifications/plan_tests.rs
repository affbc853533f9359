use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::findings::{Confidence, Evidence, Finding, Fix, Phase, Seen, Severity, Trigger};

const START: u64 = 1_000_000;

fn alert(id: u64) -> Alert {
    let mut finding = Finding::new(
        Confidence::Certain,
        format!("vite on port {id} exited with 1"),
    )
    .fix(Fix::safe("start it again", ["npm", "run", "dev"]));
    finding.code = "DD203".to_owned();
    finding.name = "exited".to_owned();
    Alert {
        id,
        phase: Phase::Firing,
        trigger: Trigger::Refused,
        port: Some(3000),
        project: Some("/home/u/shop".to_owned()),
        finding,
        since: START,
        fired: Some(START + 1),
        resolved: None,
        refusals: 1,
        flapping: false,
        service: None,
        muted: false,
    }
}

fn resolved(id: u64) -> Alert {
    Alert {
        phase: Phase::Resolved,
        ..alert(id)
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A machine that has met the daemon and a service.
fn met() -> Planner {
    let mut plan = Planner::new(START);
    assert_eq!(plan.all(&[], secs(0)), []);
    assert_eq!(plan.ready(true, secs(0)), []);
    plan
}

fn shows(steps: &[Step]) -> Vec<Slot> {
    let show = |step: &Step| match step {
        Step::Show(slot, _) => Some(*slot),
        Step::Withdraw(_) => None,
    };
    steps.iter().filter_map(show).collect()
}

#[test]
fn a_problem_is_told_once_and_taken_away_once() {
    let mut plan = met();
    let steps = plan.alert(&alert(1), Notify::Refused, secs(1));
    assert_eq!(shows(&steps), [1]);
    assert_eq!(plan.alert(&alert(1), Notify::Refused, secs(2)), []);
    assert_eq!(plan.due(), None);
    assert_eq!(
        plan.alert(&resolved(1), Notify::Refused, secs(3)),
        [Step::Withdraw(1)]
    );
    assert_eq!(plan.alert(&resolved(1), Notify::Refused, secs(4)), []);
}

fn on_the_screen(slot: Slot, title: &str, expired: bool) -> Left {
    Left {
        slot,
        title: title.to_owned(),
        body: words::of(&alert(1)).notification.body,
        expired,
    }
}

#[test]
fn what_an_earlier_daemon_left_is_taken_over_or_withdrawn() {
    let title = words::of(&alert(1)).notification.title;
    let old = |id| Alert {
        fired: Some(START - 1),
        ..alert(id)
    };
    let muted = Alert {
        muted: true,
        ..old(4)
    };
    // Whichever is known first: the alerts, or what is on the screen.
    for alerts_first in [true, false] {
        let mut plan = Planner::new(START);
        let mut expired = alert(5);
        expired.fired = Some(START - 1);
        let alerts = [old(1), old(2), muted.clone(), expired].map(|one| (one, Notify::Refused));
        let left = vec![
            on_the_screen(1, &title, false),
            on_the_screen(2, "in other words", false),
            on_the_screen(3, "gone meanwhile", false),
            on_the_screen(4, "muted meanwhile", false),
            on_the_screen(5, "in other words", true),
            on_the_screen(SUMMARY, "2 more problems", false),
        ];
        let mut steps = Vec::new();
        if alerts_first {
            steps.extend(plan.all(&alerts, secs(0)));
            steps.extend(plan.left(left));
        } else {
            steps.extend(plan.left(left));
            assert_eq!(steps, [], "what holds still is not known");
            steps.extend(plan.all(&alerts, secs(0)));
        }
        assert_eq!(steps, [3, 4, SUMMARY].map(Step::Withdraw));
        assert_eq!(plan.ready(true, secs(0)), []);
        // Only what says another thing now is replaced, and is no new one.
        assert_eq!(shows(&plan.tick(secs(10))), [2]);
        for id in [1, 2, 5] {
            let steps = plan.alert(&resolved(id), Notify::Refused, secs(20));
            assert_eq!(steps, [Step::Withdraw(id)]);
        }
        assert_eq!(plan.end(), []);
    }
}

#[test]
fn what_is_not_wanted_is_not_told() {
    let mut unexpected = Alert {
        project: None,
        ..alert(1)
    };
    unexpected.finding.name = "nothing-listens".to_owned();
    let mut elsewhere = unexpected.clone();
    elsewhere.finding = elsewhere.finding.because(Evidence::new(
        "shop expects web on port 3000",
        Seen::File {
            file: "/home/u/shop/package.json".to_owned(),
            line: Some(3),
        },
    ));
    let exited = Alert {
        project: None,
        ..alert(1)
    };
    let mut info = alert(1);
    info.finding.severity = Severity::Info;
    let pending = Alert {
        phase: Phase::Pending,
        fired: None,
        ..alert(1)
    };
    let muted = Alert {
        muted: true,
        ..alert(1)
    };
    let drift = Alert {
        trigger: Trigger::Drift,
        ..alert(1)
    };
    use Notify::{All, Off, Refused};
    for (what, alert, wish, told) in [
        ("firing", alert(1), Refused, true),
        ("firing, all", alert(1), All, true),
        ("firing, off", alert(1), Off, false),
        ("pending", pending, All, false),
        ("resolved", resolved(1), All, false),
        ("muted", muted, All, false),
        ("worth knowing only", info, All, false),
        ("drift", drift.clone(), Refused, false),
        ("drift, all", drift, All, true),
        ("a port nobody expects", unexpected, All, false),
        ("a port another project expects", elsewhere, Refused, true),
        ("a port somebody had before", exited, Refused, true),
    ] {
        let steps = met().alert(&alert, wish, secs(1));
        assert_eq!(!steps.is_empty(), told, "{what}");
    }
}

#[test]
fn other_words_take_the_place_of_the_old_ones_and_not_too_often() {
    let mut plan = met();
    plan.alert(&alert(1), Notify::Refused, secs(0));
    let mut changed = alert(1);
    changed.finding.says = "port 3000: vite is on 3001".to_owned();
    assert_eq!(plan.alert(&changed, Notify::Refused, secs(1)), []);
    assert_eq!(plan.due(), Some(secs(5)));
    let steps = plan.tick(secs(5));
    let [Step::Show(1, notification)] = &steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!(notification.title, "Port 3000: vite is on 3001");
    // The words from the begin again: now they stay for twice as long.
    assert_eq!(plan.alert(&alert(1), Notify::Refused, secs(10)), []);
    assert_eq!(plan.due(), Some(secs(15)));
    // And back before that: nothing has changed on the screen.
    assert_eq!(plan.alert(&changed, Notify::Refused, secs(11)), []);
    assert_eq!(plan.due(), None);
}

#[test]
fn what_was_closed_does_not_come_back_in_other_words() {
    let mut plan = met();
    plan.alert(&alert(1), Notify::Refused, secs(0));
    plan.closed(1);
    let mut changed = alert(1);
    changed.finding.says = "other words".to_owned();
    assert_eq!(plan.alert(&changed, Notify::Refused, secs(60)), []);
    assert_eq!(plan.due(), None);
    assert_eq!(plan.alert(&resolved(1), Notify::Refused, secs(61)), []);
    // The same problem once more is a new alert.
    assert_eq!(
        shows(&plan.alert(&alert(2), Notify::Refused, secs(62))),
        [2]
    );
    plan.expired(2);
    // It may stand in a list of old ones.
    assert_eq!(
        plan.alert(&resolved(2), Notify::Refused, secs(90)),
        [Step::Withdraw(2)]
    );
}

#[test]
fn what_came_too_fast_is_counted_in_one_summary() {
    let mut plan = met();
    let mut steps = Vec::new();
    for id in 1..=8 {
        steps.extend(plan.alert(&alert(id), Notify::Refused, secs(1)));
    }
    assert_eq!(shows(&steps), [1, 2, 3]);
    assert_eq!(plan.due(), Some(secs(3)));
    assert_eq!(plan.tick(secs(3)), [Step::Show(SUMMARY, words::summary(5))]);
    assert_eq!(plan.due(), None);
    // Ten seconds later there is room again, for what comes then.
    assert_eq!(plan.tick(secs(12)), []);
    assert_eq!(
        shows(&plan.alert(&alert(9), Notify::Refused, secs(12))),
        [9]
    );
    // Of the five, some are mended: the summary follows, and goes with the last one.
    assert_eq!(
        plan.alert(&resolved(4), Notify::Refused, secs(13)),
        [Step::Show(SUMMARY, words::summary(4))]
    );
    let steps: Vec<Step> = (5..=8)
        .flat_map(|id| plan.alert(&resolved(id), Notify::Refused, secs(14)))
        .collect();
    assert_eq!(steps, [Step::Withdraw(SUMMARY)]);
    assert_eq!(plan.due(), None);
}

#[test]
fn a_closed_summary_stays_away_for_a_while() {
    let mut plan = met();
    for id in 1..=5 {
        plan.alert(&alert(id), Notify::Refused, secs(0));
    }
    assert_eq!(shows(&plan.tick(secs(2))), [SUMMARY]);
    plan.closed(SUMMARY);
    assert_eq!(plan.due(), None);
    assert_eq!(plan.alert(&alert(6), Notify::Refused, secs(3)), []);
    let due = plan.due().unwrap();
    assert!(due >= secs(60), "{due:?}");
    assert_eq!(plan.tick(due), [Step::Show(SUMMARY, words::summary(1))]);
}

#[test]
fn without_a_service_it_is_told_later_if_it_still_holds() {
    let mut plan = met();
    plan.ready(false, secs(0));
    assert_eq!(plan.alert(&alert(1), Notify::Refused, secs(1)), []);
    assert_eq!(plan.alert(&alert(2), Notify::Refused, secs(1)), []);
    assert_eq!(plan.alert(&resolved(1), Notify::Refused, secs(2)), []);
    assert_eq!(plan.due(), None);
    assert_eq!(shows(&plan.ready(true, secs(600))), [2]);
    // What a service could not show after all waits for the next one.
    plan.unshown(2);
    plan.ready(false, secs(601));
    assert_eq!(shows(&plan.ready(true, secs(700))), [2]);
    // However often that happens, it does not count as a flood.
    for at in 700..720 {
        plan.unshown(2);
        plan.ready(false, secs(at));
        assert_eq!(shows(&plan.ready(true, secs(at))), [2]);
    }
}

#[test]
fn a_new_service_shows_nothing_twice() {
    let mut plan = met();
    plan.alert(&alert(1), Notify::Refused, secs(0));
    plan.lost(&[1]);
    assert_eq!(plan.ready(false, secs(1)), []);
    assert_eq!(plan.ready(true, secs(2)), []);
    assert_eq!(plan.alert(&alert(1), Notify::Refused, secs(3)), []);
    assert_eq!(plan.alert(&resolved(1), Notify::Refused, secs(4)), []);
}

#[test]
fn nobody_is_disturbed_who_does_not_want_to_be() {
    let mut plan = met();
    plan.quiet(true, secs(0));
    assert_eq!(plan.alert(&alert(1), Notify::Refused, secs(1)), []);
    assert_eq!(plan.due(), None);
    assert_eq!(shows(&plan.quiet(false, secs(900))), [1]);
}

#[test]
fn what_an_earlier_daemon_told_is_not_told_again() {
    let mut plan = Planner::new(START + 10);
    plan.ready(true, secs(0));
    let mut new = alert(2);
    new.fired = Some(START + 20);
    let all = [(alert(1), Notify::Refused), (new, Notify::Refused)];
    assert_eq!(shows(&plan.all(&all, secs(1))), [2]);
    // After that a list only tells what was missed.
    let all = [(alert(1), Notify::Refused), (alert(3), Notify::Refused)];
    let steps = plan.all(&all, secs(2));
    assert_eq!(shows(&steps), [3]);
    assert!(steps.contains(&Step::Withdraw(2)));
}

#[test]
fn a_mute_takes_it_away_and_an_end_takes_all_away() {
    let mut plan = met();
    for id in 1..=5 {
        plan.alert(&alert(id), Notify::Refused, secs(0));
    }
    plan.tick(secs(2));
    let muted = Alert {
        muted: true,
        ..alert(1)
    };
    assert_eq!(
        plan.alert(&muted, Notify::Refused, secs(3)),
        [Step::Withdraw(1)]
    );
    assert_eq!(
        plan.end(),
        [
            Step::Withdraw(2),
            Step::Withdraw(3),
            Step::Withdraw(SUMMARY)
        ]
    );
}

/// Something that happens to the machine.
#[derive(Debug, Clone)]
enum Happens {
    Fires(u64, bool),
    Mended(u64),
    Closed(Slot),
    Expired(Slot),
    Ready(bool),
    Quiet(bool),
    Lost,
    Waits(u64),
    All(Vec<u64>),
}

fn happens() -> impl Strategy<Value = Happens> {
    let id = 1..12_u64;
    let slot = prop_oneof![4 => 1..12_u64, 1 => Just(SUMMARY)];
    prop_oneof![
        6 => (id.clone(), any::<bool>()).prop_map(|(id, words)| Happens::Fires(id, words)),
        3 => id.clone().prop_map(Happens::Mended),
        1 => slot.clone().prop_map(Happens::Closed),
        1 => slot.prop_map(Happens::Expired),
        1 => any::<bool>().prop_map(Happens::Ready),
        1 => any::<bool>().prop_map(Happens::Quiet),
        1 => Just(Happens::Lost),
        4 => (0..20_000_u64).prop_map(Happens::Waits),
        1 => prop::collection::vec(id, 0..12).prop_map(Happens::All),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_nothing_stacks_and_nothing_floods(
        history in prop::collection::vec(happens(), 0..120),
    ) {
        let mut plan = met();
        let (mut ready, mut quiet) = (true, false);
        let mut now = secs(0);
        // What fires, and of that what was shown since it does; when new ones were shown.
        let mut fires = BTreeSet::new();
        let mut told = BTreeSet::new();
        let mut on_screen = BTreeSet::new();
        let mut fresh: Vec<Duration> = Vec::new();
        for happens in history {
            let steps = match happens {
                Happens::Fires(id, other) => {
                    let mut alert = alert(id);
                    if other {
                        alert.finding.says.push_str(", again");
                    }
                    fires.insert(id);
                    plan.alert(&alert, Notify::Refused, now)
                }
                Happens::Mended(id) => {
                    fires.remove(&id);
                    plan.alert(&resolved(id), Notify::Refused, now)
                }
                Happens::Closed(slot) => {
                    if on_screen.remove(&slot) {
                        plan.closed(slot);
                    }
                    Vec::new()
                }
                Happens::Expired(slot) => {
                    if on_screen.contains(&slot) {
                        plan.expired(slot);
                        if slot == SUMMARY {
                            on_screen.remove(&slot);
                        }
                    }
                    Vec::new()
                }
                Happens::Ready(is) => {
                    ready = is;
                    plan.ready(is, now)
                }
                Happens::Quiet(is) => {
                    quiet = is;
                    plan.quiet(is, now)
                }
                Happens::Lost => {
                    let lost: Vec<Slot> = std::mem::take(&mut on_screen).into_iter().collect();
                    plan.lost(&lost);
                    Vec::new()
                }
                Happens::Waits(ms) => {
                    now += Duration::from_millis(ms);
                    plan.tick(now)
                }
                Happens::All(ids) => {
                    fires = ids.iter().copied().collect();
                    let all: Vec<_> = fires.iter().map(|id| (alert(*id), Notify::Refused)).collect();
                    plan.all(&all, now)
                }
            };
            for step in steps {
                match step {
                    Step::Show(slot, _) => {
                        prop_assert!(ready && !quiet);
                        if slot != SUMMARY {
                            prop_assert!(fires.contains(&slot), "{slot} does not fire");
                            if !on_screen.contains(&slot) {
                                prop_assert!(told.insert(slot), "{slot} was told before");
                                fresh.push(now);
                            }
                        }
                        on_screen.insert(slot);
                    }
                    Step::Withdraw(slot) => {
                        prop_assert!(on_screen.remove(&slot), "{slot} is not there");
                    }
                }
            }
            told.retain(|id| fires.contains(id));
            for slot in &on_screen {
                prop_assert!(*slot == SUMMARY || fires.contains(slot), "{slot} stayed");
            }
            // Whoever sleeps until the next moment sleeps at all.
            prop_assert!(plan.due().is_none_or(|due| due > now), "{:?} {now:?}", plan.due());
        }
        for (most, span) in LIMITS {
            for (at, first) in fresh.iter().enumerate() {
                let within = fresh[at..].iter().filter(|other| **other < *first + span);
                prop_assert!(within.count() <= most);
            }
        }
        let end = plan.end();
        let left: BTreeSet<Slot> = end
            .iter()
            .map(|step| match step {
                Step::Withdraw(slot) | Step::Show(slot, _) => *slot,
            })
            .collect();
        prop_assert_eq!(left, on_screen);
    }
}
