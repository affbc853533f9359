//! Single stories of alerts.

use super::life::{FORGOTTEN, FORGOTTEN_OWN, STABLE};
use super::*;
use crate::findings::{Confidence, Finding, Fix, Trigger};

const SETTLE: u64 = 2000;
const PORT: Scope = Scope::Port(3000);

pub(super) fn at(ms: u64) -> Moment {
    Moment {
        up: Duration::from_millis(ms),
        wall: 1_000_000 + ms,
    }
}

pub(super) fn problem(code: &str, says: &str) -> Problem {
    let mut finding = Finding::new(Confidence::Certain, says);
    code.clone_into(&mut finding.code);
    Problem {
        trigger: Trigger::Refused,
        port: Some(3000),
        project: Some("/shop".to_owned()),
        service: None,
        finding,
        settle: Duration::from_millis(SETTLE),
    }
}

fn dead() -> Problem {
    problem("DD201", "nobody listens on port 3000")
}

pub(super) fn sight(problems: Vec<Problem>) -> Sight {
    Sight {
        problems,
        ..Sight::default()
    }
}

fn gone() -> Sight {
    Sight::default()
}

fn well() -> Sight {
    Sight {
        well: BTreeSet::from([3000]),
        ..Sight::default()
    }
}

/// Alerts of which one fires, for port 3000, since `ms`.
fn firing(ms: u64) -> (Alerts, Alert) {
    let mut alerts = Alerts::default();
    assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(ms)), []);
    let told = alerts.see(&PORT, sight(vec![dead()]), at(ms + SETTLE));
    assert_eq!(told.len(), 1);
    (alerts, told[0].clone())
}

fn phases(told: &[Alert]) -> Vec<(Phase, &str)> {
    let one = |alert: &'_ Alert| alert.phase;
    told.iter()
        .map(|alert| (one(alert), alert.finding.code.as_str()))
        .collect()
}

#[test]
fn a_cause_fires_when_it_still_holds_after_its_time() {
    let mut alerts = Alerts::default();
    alerts.refused(3000, 2, at(0));
    assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(50)), []);
    assert_eq!(alerts.list()[0].phase, Phase::Pending);
    let wait = Duration::from_millis(50 + SETTLE);
    assert_eq!(alerts.next_deadline(), Some(wait));
    assert_eq!(alerts.due(at(1000)), []);
    assert_eq!(alerts.tick(at(5000)), [], "no look, no alert");
    assert_eq!(alerts.due(at(50 + SETTLE)), [PORT]);
    assert_eq!(alerts.due(at(60 + SETTLE)), [], "that look is under way");
    let told = alerts.see(&PORT, sight(vec![dead()]), at(60 + SETTLE));
    assert_eq!(phases(&told), [(Phase::Firing, "DD201")]);
    assert_eq!(
        (told[0].refusals, told[0].fired),
        (2, Some(at(60 + SETTLE).wall))
    );
    alerts.refused(3000, 3, at(4000));
    assert_eq!(alerts.list()[0].refusals, 5);
    assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(5000)), [], "once");
}

#[test]
fn a_restart_within_the_time_is_no_alert() {
    let mut alerts = Alerts::default();
    for restart in 0..50 {
        let ms = restart * 3000;
        assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(ms)), []);
        assert_eq!(alerts.see(&PORT, well(), at(ms + 1900)), []);
    }
    assert_eq!(alerts.list(), []);
    assert_eq!(alerts.next_deadline(), None);
}

#[test]
fn it_is_resolved_when_it_has_been_gone_for_its_time() {
    let (mut alerts, fired) = firing(0);
    assert_eq!(alerts.see(&PORT, gone(), at(3000)), []);
    assert_eq!(alerts.due(at(4999)), []);
    // It was gone for a moment only.
    assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(4000)), []);
    assert_eq!(alerts.see(&PORT, gone(), at(6000)), []);
    assert_eq!(alerts.tick(at(60_000)), [], "no look, no end");
    assert_eq!(alerts.due(at(8000)), [PORT]);
    let told = alerts.see(&PORT, gone(), at(8000));
    assert_eq!(phases(&told), [(Phase::Resolved, "DD201")]);
    assert_eq!(
        (told[0].id, told[0].resolved),
        (fired.id, Some(at(8000).wall))
    );
    assert_eq!(alerts.see(&PORT, gone(), at(20_000)), []);
    assert_eq!(alerts.list(), told, "it can still be asked for");
    assert_eq!(alerts.next_deadline(), None);
}

#[test]
fn a_port_that_works_resolves_it_at_once() {
    let (mut alerts, _) = firing(0);
    let told = alerts.see(&PORT, well(), at(3000));
    assert_eq!(phases(&told), [(Phase::Resolved, "DD201")]);
    // Whoever found that out: a check of the project, too.
    let (mut alerts, _) = firing(0);
    let project = Scope::Project("/shop".to_owned());
    let told = alerts.see(&project, well(), at(3000));
    assert_eq!(phases(&told), [(Phase::Resolved, "DD201")]);
}

#[test]
fn what_was_out_of_sight_is_not_gone() {
    let (mut alerts, _) = firing(0);
    let blind = || Sight {
        blind: true,
        ..Sight::default()
    };
    for s in 3..60 {
        assert_eq!(alerts.see(&PORT, blind(), at(s * 1000)), []);
    }
    assert_eq!(alerts.list()[0].phase, Phase::Firing);
}

#[test]
fn one_alert_tells_the_root_cause_and_follows_it() {
    let mut alerts = Alerts::default();
    let both = || {
        let mut consequence = problem("DD802", "its port stands elsewhere");
        consequence.finding.severity = Severity::Warning;
        sight(vec![dead(), consequence])
    };
    alerts.see(&PORT, both(), at(0));
    let told = alerts.see(&PORT, both(), at(2000));
    assert_eq!(phases(&told), [(Phase::Firing, "DD201")]);
    // Better words for the same trouble are no second alert.
    let exited = || problem("DD203", "next dev exited with 1 12 s ago");
    let told = alerts.see(&PORT, sight(vec![exited()]), at(20_000));
    assert_eq!(phases(&told), [(Phase::Firing, "DD203")]);
    assert_eq!(told[0].id, alerts.list()[0].id);
    assert_eq!(alerts.list().len(), 1);
    // That it is longer ago is no news.
    let later = problem("DD203", "next dev exited with 1 2 min ago");
    assert_eq!(alerts.see(&PORT, sight(vec![later]), at(120_000)), []);
    let other = problem("DD203", "next dev exited with 7 2 min ago");
    assert_eq!(alerts.see(&PORT, sight(vec![other]), at(121_000)).len(), 1);
}

#[test]
fn words_that_change_all_the_time_are_told_now_and_then() {
    let (mut alerts, _) = firing(0);
    let mut told = 0;
    for ms in (3000..63_000).step_by(100) {
        let words = problem("DD201", &format!("pid {ms} has the port"));
        told += alerts.see(&PORT, sight(vec![words]), at(ms)).len();
    }
    assert!((5..=6).contains(&told), "{told}");
    // The last words are told even if no look follows.
    let fix = problem("DD201", "x");
    alerts.see(&PORT, sight(vec![fix]), at(63_000));
    let wake = alerts.next_deadline().unwrap();
    let told = alerts.tick(Moment { up: wake, wall: 0 });
    assert_eq!(told[0].finding.says, "x");
    assert_eq!(alerts.tick(at(80_000)), []);
}

#[test]
fn another_fix_is_news() {
    let (mut alerts, _) = firing(0);
    let mut other = dead();
    other.finding = other.finding.fix(Fix::safe("start it", ["npm", "start"]));
    assert_eq!(alerts.see(&PORT, sight(vec![other]), at(20_000)).len(), 1);
}

#[test]
fn a_worse_cause_is_another_alert_once_it_has_held() {
    let mut alerts = Alerts::default();
    let lesser = || {
        let mut lesser = problem("DD205", "it moved");
        lesser.finding.severity = Severity::Warning;
        sight(vec![lesser])
    };
    alerts.see(&PORT, lesser(), at(0));
    let first = alerts.see(&PORT, lesser(), at(2000)).remove(0);
    assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(3000)), []);
    assert_eq!(alerts.due(at(5000)), [PORT]);
    let told = alerts.see(&PORT, sight(vec![dead()]), at(5000));
    let expected = [(Phase::Resolved, "DD205"), (Phase::Firing, "DD201")];
    assert_eq!(phases(&told), expected);
    assert_eq!(told[0].id, first.id);
    assert!(told[1].id > first.id);
    // A lesser one is the same alert.
    let told = alerts.see(&PORT, lesser(), at(20_000));
    assert_eq!(phases(&told), [(Phase::Firing, "DD205")]);
    // One that was worse for a moment only is none.
    alerts.see(&PORT, sight(vec![dead()]), at(21_000));
    assert_eq!(alerts.see(&PORT, lesser(), at(22_000)), []);
    assert_eq!(alerts.see(&PORT, sight(vec![dead()]), at(23_000)), []);
}

#[test]
fn what_two_looks_show_is_one_alert_until_neither_does() {
    let project = Scope::Project("/shop".to_owned());
    let (mut alerts, _) = firing(0);
    let mut drift = problem("DD202", "web was not started");
    drift.trigger = Trigger::Drift;
    assert_eq!(
        alerts.see(&project, sight(vec![drift.clone()]), at(3000)),
        []
    );
    assert_eq!(alerts.list().len(), 1);
    // The port's own diagnosis says it best; without it, the project's counts.
    assert_eq!(alerts.list()[0].finding.code, "DD201");
    let told = alerts.see(&PORT, gone(), at(20_000));
    assert_eq!(phases(&told), [(Phase::Firing, "DD202")]);
    assert_eq!(told[0].trigger, Trigger::Refused, "it was dialled");
    assert_eq!(alerts.see(&project, gone(), at(21_000)), []);
    assert_eq!(alerts.due(at(23_000)), std::slice::from_ref(&project));
    assert_eq!(alerts.see(&project, gone(), at(23_000)).len(), 1);
}

#[test]
fn different_causes_without_a_port_are_different_alerts() {
    let project = Scope::Project("/shop".to_owned());
    let cause = |code: &str, service: &str| Problem {
        port: None,
        service: Some(service.to_owned()),
        ..problem(code, "x")
    };
    let all = || {
        sight(vec![
            cause("DD801", "web"),
            cause("DD801", "api"),
            cause("DD803", "web"),
        ])
    };
    let mut alerts = Alerts::default();
    alerts.see(&project, all(), at(0));
    assert_eq!(alerts.see(&project, all(), at(2000)).len(), 3);
    let told = alerts.see(&project, sight(vec![cause("DD801", "web")]), at(3000));
    assert_eq!(told, []);
    let told = alerts.see(&project, sight(vec![cause("DD801", "web")]), at(5000));
    assert_eq!(told.len(), 2);
}

#[test]
fn worth_knowing_is_not_worth_an_alert() {
    let mut info = dead();
    info.finding.severity = Severity::Info;
    let mut alerts = Alerts::default();
    alerts.see(&PORT, sight(vec![info]), at(0));
    assert_eq!(alerts.list(), []);
}

#[test]
fn one_that_comes_and_goes_is_told_so_once() {
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    let mut ms = 0;
    for _ in 0..40 {
        told.extend(alerts.see(&PORT, sight(vec![dead()]), at(ms)));
        told.extend(alerts.see(&PORT, sight(vec![dead()]), at(ms + 2000)));
        told.extend(alerts.see(&PORT, well(), at(ms + 3000)));
        told.extend(alerts.tick(at(ms + 3000)));
        ms += 6000;
    }
    let fired: Vec<bool> = told
        .iter()
        .filter(|alert| alert.phase == Phase::Firing)
        .map(|alert| alert.flapping)
        .collect();
    assert_eq!(fired, [false, false, false, false, false, true]);
    assert_eq!(told.len(), 11, "the last one is not over");
    // It is over when it stays away.
    assert_eq!(alerts.see(&PORT, well(), at(ms + 10_000)), []);
    let stable = u64::try_from(STABLE.as_millis()).unwrap();
    assert_eq!(alerts.due(at(ms + stable)), [PORT]);
    let told = alerts.see(&PORT, well(), at(ms + stable));
    assert_eq!(phases(&told), [(Phase::Resolved, "DD201")]);
}

#[test]
fn one_that_came_and_went_and_stays_is_like_any_other() {
    let mut alerts = Alerts::default();
    for cycle in 0..6 {
        alerts.see(&PORT, sight(vec![dead()]), at(cycle * 6000));
        alerts.see(&PORT, sight(vec![dead()]), at(cycle * 6000 + 2000));
        if cycle < 5 {
            alerts.see(&PORT, well(), at(cycle * 6000 + 3000));
        }
    }
    assert!(alerts.list()[0].flapping);
    let calm = alerts.next_deadline().unwrap();
    let told = alerts.tick(Moment { up: calm, wall: 0 });
    assert_eq!(told.len(), 1);
    assert!(!told[0].flapping && told[0].phase == Phase::Firing);
}

#[test]
fn a_burst_is_spread_over_the_minutes() {
    let mut alerts = Alerts::default();
    let mut fired = 0;
    for ms in (0..180_000).step_by(500) {
        for port in 1..=50 {
            let mut one = dead();
            one.port = Some(port);
            let told = alerts.see(&Scope::Port(port), sight(vec![one]), at(ms));
            fired += told.len();
        }
        assert!(
            fired as u64 <= 20 * (ms / 60_000 + 1),
            "{fired} after {ms} ms"
        );
    }
    assert_eq!(fired, 50, "none is forgotten");
}

#[test]
fn there_is_an_end_to_their_number() {
    let mut alerts = Alerts::default();
    for port in 1..=2000 {
        let mut one = dead();
        one.port = Some(port);
        alerts.see(&Scope::Port(port), sight(vec![one]), at(u64::from(port)));
        alerts.refused(30_000 + port, 1, at(u64::from(port)));
        alerts.mute(Muted::Port(port), None, at(0));
    }
    assert_eq!(alerts.list().len(), MOST_ALERTS);
    assert!(
        alerts.list().iter().all(|alert| alert.port > Some(1000)),
        "the oldest went"
    );
    assert!(alerts.refusals.len() <= MOST_COUNTED);
    let kept = alerts.unsaved().unwrap();
    assert!(kept.mutes.len() <= 256);
}

#[test]
fn muted_alerts_live_and_are_marked() {
    let kinds = [
        Muted::Port(3000),
        Muted::Project("/shop".to_owned()),
        Muted::Alert(0),
    ];
    for what in kinds {
        let (mut alerts, fired) = firing(0);
        let what = match what {
            Muted::Alert(_) => Muted::Alert(fired.id),
            other => other,
        };
        let hour = Duration::from_secs(3600);
        let told = alerts.mute(what.clone(), Some(hour), at(3000));
        assert!(told.len() == 1 && told[0].muted, "{what:?}");
        assert!(alerts.list()[0].muted);
        assert_eq!(alerts.tick(at(3_000_000)), []);
        assert!(alerts.next_deadline() <= Some(at(3_603_000).up));
        alerts.refused(3000, 1, at(3_003_000));
        let told = alerts.tick(at(3_603_000));
        assert!(told.len() == 1 && !told[0].muted, "{what:?}");
        alerts.mute(what.clone(), None, at(3_604_000));
        let told = alerts.unmute(&what, at(3_605_000));
        assert!(told.len() == 1 && !told[0].muted, "{what:?}");
        assert_eq!(alerts.unmute(&what, at(3_606_000)), []);
    }
    let mut alerts = Alerts::default();
    alerts.mute(Muted::Port(3000), None, at(0));
    alerts.mute(Muted::Port(3001), None, at(0));
    alerts.see(&PORT, sight(vec![dead()]), at(0));
    let told = alerts.see(&PORT, sight(vec![dead()]), at(2000));
    assert!(told[0].muted, "it is marked from its first word on");
    let told = alerts.see(&PORT, well(), at(3000));
    assert!(told[0].muted && told[0].phase == Phase::Resolved);
}

#[test]
fn a_restart_of_the_daemon_repeats_nothing() {
    let (mut alerts, fired) = firing(0);
    alerts.mute(Muted::Port(4000), Some(Duration::from_secs(60)), at(0));
    alerts.mute(Muted::Port(4001), None, at(0));
    let kept = alerts.unsaved().unwrap();
    assert_eq!(alerts.unsaved(), None);
    let later = |ms: u64| Moment {
        up: Duration::from_millis(ms),
        wall: at(0).wall + 100_000 + ms,
    };

    let mut again = Alerts::new(kept.clone(), later(0));
    assert_eq!(again.list()[0].id, fired.id);
    assert_eq!(again.due(later(0)), [PORT]);
    assert_eq!(again.see(&PORT, sight(vec![dead()]), later(100)), []);
    assert_eq!(again.tick(later(70_000)), []);
    assert_eq!(again.list()[0].phase, Phase::Firing);
    // The mute that ended meanwhile has ended, the other holds, and no number comes twice.
    assert_eq!(again.mutes.list().len(), 1);
    let mut other = dead();
    other.port = Some(4001);
    again.see(&Scope::Port(4001), sight(vec![other]), later(200));
    let ids: Vec<u64> = again.list().iter().map(|alert| alert.id).collect();
    assert!(ids[1] > ids[0]);

    // What is gone meanwhile is withdrawn.
    let mut again = Alerts::new(kept.clone(), later(0));
    let told = again.see(&PORT, well(), later(100));
    assert_eq!(phases(&told), [(Phase::Resolved, "DD201")]);
    // So is what nobody looks at any more.
    let mut again = Alerts::new(kept, later(0));
    assert_eq!(again.next_deadline(), Some(Duration::ZERO));
    again.due(later(0));
    assert_eq!(again.tick(later(59_999)), []);
    assert_eq!(
        phases(&again.tick(later(60_000))),
        [(Phase::Resolved, "DD201")]
    );
}

#[test]
fn a_number_is_never_given_again_even_if_nothing_could_be_kept() {
    let (_, first) = firing(0);
    let (_, second) = firing(10);
    assert!(second.id > first.id);
}

#[test]
fn a_machine_that_slept_and_a_clock_that_jumps_change_nothing() {
    let night = 9 * 60 * 60 * 1000;
    let jump = |ms: u64, wall: u64| Moment {
        up: Duration::from_millis(ms),
        wall,
    };
    let mut alerts = Alerts::default();
    alerts.see(&PORT, sight(vec![dead()]), jump(0, 5_000_000));
    assert_eq!(alerts.due(jump(1000, 5_000_000 + night)), []);
    let pending = sight(vec![dead()]);
    assert_eq!(
        alerts.see(&PORT, pending, jump(1900, 5_000_000 + night)),
        []
    );
    let told = alerts.see(&PORT, sight(vec![dead()]), jump(2000, 17));
    assert_eq!(phases(&told), [(Phase::Firing, "DD201")]);
    assert_eq!(alerts.tick(jump(2100, 5_000_000 + 9 * night)), []);
    assert_eq!(alerts.see(&PORT, gone(), jump(3000, 0)), []);
    assert_eq!(alerts.see(&PORT, gone(), jump(4900, 5_000_000 + night)), []);
    assert_eq!(alerts.see(&PORT, gone(), jump(5000, 1)).len(), 1);
}

#[test]
fn a_port_that_nobody_dials_any_more_is_forgotten() {
    for (project, wait) in [(None, FORGOTTEN), (Some("/shop"), FORGOTTEN_OWN)] {
        let mut one = dead();
        one.project = project.map(str::to_owned);
        let mut alerts = Alerts::default();
        alerts.see(&PORT, sight(vec![one.clone()]), at(0));
        alerts.see(&PORT, sight(vec![one]), at(2000));
        alerts.refused(3000, 1, at(5000));
        let end = Duration::from_secs(5) + wait;
        assert_eq!(alerts.next_deadline(), Some(end));
        let ms = u64::try_from(end.as_millis()).unwrap();
        assert_eq!(alerts.tick(at(ms - 1)), []);
        assert_eq!(phases(&alerts.tick(at(ms))), [(Phase::Resolved, "DD201")]);
    }
    // What a project's files tell holds without being dialled.
    let mut drift = dead();
    drift.trigger = Trigger::Drift;
    let mut alerts = Alerts::default();
    alerts.see(&PORT, sight(vec![drift]), at(0));
    assert_eq!(alerts.tick(at(100_000_000)), []);
    assert_eq!(alerts.list().len(), 1);
}

#[test]
fn refusals_of_long_ago_do_not_count() {
    let mut alerts = Alerts::default();
    alerts.refused(3000, 7, at(0));
    alerts.refused(3001, 1, at(61_000));
    alerts.see(&PORT, sight(vec![dead()]), at(61_000));
    assert_eq!(alerts.list()[0].refusals, 0);
}
