//! On a machine that is made up: any history, lost looks and lost hints included.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use fake::{Fake, act, step};

mod fake;

/// The sockets as they are told, without their owners.
fn bare(refreshed: &Refreshed) -> Option<Vec<Listener>> {
    let bare = |listener: &Listener| Listener {
        owners: Known::default(),
        cgroup: None,
        ..listener.clone()
    };
    let listeners = refreshed.listeners.seen()?;
    Some(listeners.iter().map(bare).collect())
}

/// Without what does not count as a change.
fn still(refreshed: &Refreshed) -> (Known<Vec<Listener>>, Known<Vec<Process>>) {
    let listeners = refreshed.listeners.clone().map(|listeners| {
        let still = |listener: &Listener| Listener {
            queue: Known::default(),
            ..listener.clone()
        };
        listeners.iter().map(still).collect()
    });
    let processes = refreshed.processes.clone().map(|processes| {
        let still = |process: &Process| Process {
            age_s: 0,
            fds: Known::default(),
            ..process.clone()
        };
        processes.iter().map(still).collect()
    });
    (listeners, processes)
}

proptest! {
    #[test]
    fn after_any_history_a_full_refresh_is_a_fresh_look(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(Fake::default());
        for step in &steps {
            act(&mut table, step);
        }
        let healed = table.refresh(true);
        let fresh = Table::new(table.world.anew()).refresh(false);
        prop_assert_eq!(healed.listeners, fresh.listeners);
        prop_assert_eq!(healed.processes, fresh.processes);
        prop_assert_eq!(healed.by, fresh.by);
    }

    #[test]
    fn every_look_shows_the_sockets_as_they_are_and_tells_every_change(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(Fake::default());
        let mut before: Option<Refreshed> = None;
        for step in &steps {
            let Some(now) = act(&mut table, step) else { continue };
            let world = &table.world;
            prop_assert_eq!(now.listeners.is_seen(), !world.dark);
            if let Some(bare) = bare(&now) {
                let truth: Vec<_> = world.truth().into_iter().map(|(one, _)| one).collect();
                prop_assert_eq!(bare, truth);
            }
            if let Some(before) = &before {
                prop_assert_eq!(now.changed, still(before) != still(&now));
                let same = |(a, b): (&Arc<[Process]>, &Arc<[Process]>)| Arc::ptr_eq(a, b) || a != b;
                let processes = before.processes.seen().zip(now.processes.seen());
                prop_assert!(processes.is_none_or(same));
            }
            before = Some(now);
        }
    }

    #[test]
    fn whoever_ends_is_replaced_by_who_inherited_within_a_few_looks(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut table = Table::new(Fake::default());
        for step in &steps {
            act(&mut table, step);
        }
        (table.world.dark, table.world.closed) = (false, false);
        // Every owner is asked in turn whether it lives; whom nobody found is searched.
        let mut last = table.refresh(false);
        for _ in 0..24 {
            table.world.clock += Duration::from_secs(30);
            last = table.refresh(false);
        }
        for (listener, (_, holders)) in last.listeners.items().iter().zip(table.world.truth()) {
            if let Some(owner) = listener.owner() {
                prop_assert!(table.world.processes.contains_key(&owner.pid));
                // Where its pid was given away again only a full refresh can tell.
                let is_it = table.world.id(owner.pid) == owner;
                prop_assert!(!is_it || holders.contains(&owner), "{owner:?} of {holders:?}");
            }
        }
    }
}

fn two_servers() -> Table<Fake> {
    let mut world = Fake::default();
    let shell = world.start(0);
    for port in [1, 2] {
        let server = world.start(shell);
        world.open(port, server);
    }
    Table::new(world)
}

#[test]
fn where_nothing_changes_nothing_is_searched_and_the_slices_stay() {
    let mut table = two_servers();
    let first = table.refresh(false);
    assert!(first.changed);
    assert_eq!(first.processes.items().len(), 3);
    table.world.clock += Duration::from_secs(3);
    // Who was new is looked at once more.
    assert!(!table.refresh(false).changed);
    assert_eq!((table.world.searches, table.world.looks), (1, 2));
    let second = table.refresh(false);
    let third = table.refresh(false);
    assert!(!third.changed);
    assert_eq!((table.world.searches, table.world.looks), (1, 2));
    let [second, third] = [&second, &third].map(|one| one.listeners.seen().unwrap());
    assert!(Arc::ptr_eq(second, third));
}

#[test]
fn a_queue_is_told_and_is_no_change() {
    let mut table = two_servers();
    let before = table.refresh(false);
    table.world.sockets.values_mut().last().unwrap().waiting = 7;
    let after = table.refresh(false);
    let waiting = |refreshed: &Refreshed| {
        let queues = refreshed.listeners.items().iter();
        queues
            .map(|one| one.queue.seen().unwrap().waiting)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (waiting(&before), waiting(&after)),
        (vec![0, 0], vec![0, 7])
    );
    assert!(!after.changed);
}

#[test]
fn an_owner_that_cannot_be_found_is_searched_less_and_less() {
    let mut table = two_servers();
    table.world.closed = true;
    let mut at = Vec::new();
    for second in 0..120 {
        table.world.clock = Duration::from_secs(second);
        let before = table.world.searches;
        let refreshed = table.refresh(false);
        assert!(refreshed.listeners.items()[0].cgroup.is_some());
        if table.world.searches > before {
            at.push(second);
        }
    }
    assert_eq!(at, [0, 1, 6, 36]);
    table.world.closed = false;
    assert!(table.refresh(false).listeners.items()[0].owner().is_none());
    let healed = table.refresh(true);
    assert!(healed.changed && healed.listeners.items()[0].owner().is_some());
    assert_eq!(healed.listeners.items()[0].cgroup, None);
}

#[test]
fn a_new_title_is_seen_when_the_process_has_settled() {
    let mut table = two_servers();
    table.refresh(false);
    table.world.processes.get_mut(&2).unwrap().2 += 1;
    assert!(!table.refresh(false).changed);
    table.world.clock += Duration::from_secs(2);
    let settled = table.refresh(false);
    assert!(settled.changed);
    assert_eq!(settled.processes.items()[0].name, "server 1");
}

#[test]
fn sockets_without_a_number_get_one_each() {
    let at = Listener::at(([127, 0, 0, 1], 1).into());
    let owned = |pid| Listener {
        owners: Known::Seen(vec![ProcId { pid, started: 0 }]),
        ..at.clone()
    };
    let listeners = vec![at.clone(), at.clone(), owned(1), owned(1), owned(2)];
    let cookies = |listeners: Vec<Listener>| {
        let mut rows = Vec::new();
        number(listeners, &mut rows);
        let mut cookies: Vec<u64> = rows.iter().map(|row| row.cookie).collect();
        cookies.sort_unstable();
        cookies
    };
    let mut once = cookies(listeners.clone());
    assert_eq!(once, cookies(listeners.into_iter().rev().collect()));
    once.dedup();
    assert_eq!(once.len(), 5);
}

#[test]
fn a_way_that_costs_much_is_not_taken_at_once_again() {
    let mut machine = Machine::new();
    let mut rows = Vec::new();
    machine.rest = machine.began + Duration::from_secs(3600);
    assert!(matches!(machine.rows(&mut rows, false), Seen::AsBefore));
    let told = machine.rows(&mut rows, true);
    assert!(matches!(told, Seen::Rows { .. }), "{told:?}");
}
