use super::*;

/// A machine on which so many connections, of two ends each, come and go.
struct Machine {
    adaptive: Adaptive,
    counts: Counts,
    now: Duration,
}

impl Machine {
    fn new() -> Self {
        let mut machine = Machine {
            adaptive: Adaptive::default(),
            counts: Counts::default(),
            now: Duration::ZERO,
        };
        machine.read();
        machine
    }

    fn read(&mut self) -> Step {
        self.adaptive.step(self.counts, self.now)
    }

    /// A second in which so many sockets are closed.
    fn second(&mut self, closed: u64) -> Step {
        self.now += Duration::from_secs(1);
        self.counts.active += closed / 2;
        self.counts.passive += closed - closed / 2;
        self.read()
    }

    /// For how many seconds the groups are left after this busy one, when it is quiet.
    fn left_for(&mut self) -> u32 {
        assert!(self.second(40_000).busy);
        let quiet = (1..1000).find(|_| !self.second(10).busy);
        quiet.unwrap()
    }
}

#[test]
fn a_machine_that_closes_few_connections_is_not_busy() {
    let mut machine = Machine::new();
    for _ in 0..100 {
        assert!(!machine.second(BUSY).busy);
    }
    assert_eq!(machine.adaptive.rate(), BUSY);
}

#[test]
fn a_busy_machine_is_spared_at_the_first_reading_and_until_it_is_quiet() {
    let mut machine = Machine::new();
    assert!(machine.second(BUSY + 1).busy);
    for _ in 0..100 {
        assert!(machine.second(QUIET).busy);
    }
    for _ in 0..5 {
        assert!(machine.second(QUIET - 1).busy);
    }
    assert!(!machine.second(QUIET - 1).busy);
}

#[test]
fn a_moment_of_quiet_is_not_enough() {
    let mut machine = Machine::new();
    machine.second(40_000);
    for _ in 0..100 {
        for _ in 0..5 {
            assert!(machine.second(0).busy);
        }
        assert!(machine.second(40_000).busy);
    }
}

#[test]
fn who_is_busy_again_and_again_is_spared_for_longer_and_longer() {
    let mut machine = Machine::new();
    machine.second(10);
    let waits: Vec<u32> = (0..9).map(|_| machine.left_for()).collect();
    assert_eq!(waits, [6, 11, 21, 41, 81, 161, 321, 321, 321]);
    for _ in 0..320 * 20 + 1 {
        assert!(!machine.second(10).busy);
    }
    assert_eq!(machine.left_for(), 6);
}

#[test]
fn connections_that_stay_open_are_not_closed_ones() {
    let mut machine = Machine::new();
    machine.counts.standing = 50_000;
    assert!(!machine.second(50_000).busy);
    // Now they are closed.
    machine.counts.standing = 0;
    assert!(machine.second(0).busy);
}

#[test]
fn failed_attempts_are_counted_from_reading_to_reading() {
    let mut machine = Machine::new();
    machine.counts.failed = 7;
    assert_eq!(machine.second(0).failed, 7);
    assert_eq!(machine.second(0).failed, 0);
    // The counters began anew.
    machine.counts.failed = 2;
    assert_eq!(machine.second(0).failed, 0);
}

#[test]
fn readings_at_once_are_one() {
    let mut machine = Machine::new();
    machine.counts.failed = 1;
    machine.counts.active = 1000;
    assert_eq!(machine.read().failed, 0);
    assert_eq!(machine.read().failed, 0);
    assert_eq!(machine.second(0).failed, 1);
    // A clock that went back, or a machine that slept.
    machine.now = Duration::ZERO;
    machine.read();
    machine.now = Duration::from_secs(1 << 40);
    assert!(!machine.second(1 << 62).busy || machine.adaptive.rate() > BUSY);
}

#[test]
fn it_is_calm_once_two_readings_say_so() {
    let mut machine = Machine::new();
    assert!(!machine.adaptive.is_calm(), "one reading is no rate");
    machine.second(CALM - 1);
    assert!(machine.adaptive.is_calm());
    machine.second(CALM);
    assert!(!machine.adaptive.is_calm());
    machine.second(BUSY + 1);
    machine.second(0);
    assert!(!machine.adaptive.is_calm(), "the groups are left still");
}
