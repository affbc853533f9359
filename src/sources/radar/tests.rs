use super::*;
use crate::facts::Known;

fn refusal(port: u16, from: u16) -> Refusal {
    Refusal {
        to: ([127, 0, 0, 1], port).into(),
        from: ([127, 0, 0, 1], from).into(),
        client: Known::Unseen(Gap::Unsupported),
    }
}

#[test]
fn what_is_the_same_is_told_once() {
    let mut batch = Batch::default();
    assert!(batch.is_empty());
    for from in 40_000..50_000 {
        batch.refused(refusal(3000 + from % 2, from));
    }
    batch.somewhere();
    batch.somewhere();
    assert!(!batch.is_empty());
    let heard: Vec<_> = batch.into_heard().collect();
    let last = |port, from| Heard::Refused(refusal(port, from));
    assert_eq!(
        heard,
        [last(3000, 49_998), last(3001, 49_999), Heard::Somewhere(2)]
    );
}

#[test]
fn who_dials_every_port_is_not_told_port_by_port() {
    let mut batch = Batch::default();
    for port in 1..=1000 {
        batch.refused(refusal(port, 40_000));
    }
    let heard: Vec<_> = batch.into_heard().collect();
    assert_eq!(heard.len(), 17);
    assert_eq!(heard[16], Heard::Somewhere(984));
}

#[test]
fn a_system_that_announces_nothing_says_so() {
    let error = portable::Ear::open().unwrap_err();
    let radar = Radar {
        ears: Ears::Deaf(Gap::of(&error), Instant::now()),
        adaptive: Adaptive::default(),
        counters: os::Counters::default(),
        blind: portable::Counters.read().err().map(|error| Gap::of(&error)),
        doubtful: 0,
        waiting: VecDeque::new(),
        rest: None,
        began: Instant::now(),
    };
    assert_eq!(
        radar.mode(),
        "hears nothing: the kernel announces nothing (not possible on this system), \
         and does not count (not possible on this system)"
    );
}

#[test]
fn counts_that_nobody_asked_for_are_one_news() {
    let mut radar = Radar::new();
    radar.waiting.clear();
    for _ in 0..1000 {
        radar.doubtful = 3;
        radar.count_doubtful();
    }
    assert_eq!(radar.waiting, [Heard::Somewhere(3000)]);
}

/// Adapts until the kernel has announced our own sockets, or it is clear that it never will.
fn settle(radar: &mut Radar) {
    let began = Instant::now();
    while matches!(radar.ears, Ears::Unproven(..)) {
        assert!(began.elapsed() < 2 * PROOF, "{}", radar.mode());
        std::thread::sleep(REST);
        radar.adapt();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_failed_before_the_proof_is_not_told_twice() {
    let mut radar = Radar::new();
    radar.ears = Ears::Unproven(os::Ear::open().unwrap(), Instant::now() + PROOF);
    radar.doubtful = 7;
    radar.adapt();
    settle(&mut radar);
    assert!(matches!(radar.ears, Ears::Open(_)), "{}", radar.mode());
    assert_eq!(radar.doubtful, 0);
    assert_eq!(radar.waiting, []);
}

#[test]
#[cfg(target_os = "linux")]
fn what_failed_before_it_was_clear_that_nothing_is_told_is_counted() {
    let mut radar = Radar::new();
    settle(&mut radar);
    radar.waiting.clear();
    radar.ears = Ears::Deaf(Gap::Unsupported, Instant::now() + AGAIN);
    radar.doubtful = 7;
    radar.adapt();
    let heard = radar.waiting.pop_front();
    // Others on this machine may be refused at the same time.
    assert!(matches!(heard, Some(Heard::Somewhere(7..))), "{heard:?}");
}
