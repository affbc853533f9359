//! Two looks compared: who came, who left, who changed.

use super::State;
use super::changes::Changes;
use super::holders::{self, Held, Holding, Index, Who};
use crate::daemon::event::Moment;
use crate::facts::Known;

impl State {
    /// Finds out who came, left and changed.
    pub(super) fn compare(&mut self, now: Moment) -> Changes {
        let mut changes = Changes::default();
        self.stirred = true;
        let (Known::Seen(listeners), processes) = (&self.listeners, self.processes.clone()) else {
            return changes;
        };
        let index = Index::of(processes.items());
        let seen = holders::of(listeners, &index, self.containers.items(), &self.holders);
        let mut old = std::mem::take(&mut self.holders);
        for (port, held) in seen {
            let before = old.remove(&port);
            match &before {
                None => {
                    changes.opened.insert(port);
                }
                Some(before) if holders::differ(before, &held) => {
                    changes.owners.insert(port);
                }
                Some(_) => {}
            }
            let holdings = self.succeed(port, before.unwrap_or_default(), held, &index, now);
            self.holders.insert(port, holdings);
        }
        for (port, before) in old {
            changes.closed.insert(port);
            for holding in before {
                self.leave(port, &holding, now);
            }
        }
        self.see_left_over(now);
        changes
    }

    /// Those who have a port now, after those who had it before.
    fn succeed(
        &mut self,
        port: u16,
        mut before: Vec<Holding>,
        held: Vec<Held>,
        index: &Index,
        now: Moment,
    ) -> Vec<Holding> {
        let mut holdings = Vec::with_capacity(held.len());
        for held in held {
            let same = before.iter().position(|old| old.is_same(&held));
            let (from, row) = match same.map(|at| before.swap_remove(at)) {
                Some(old) => (old.from, old.row),
                None => (now.wall, self.arrive(port, &held, now)),
            };
            let row = self.note(port, row, &held, index, from);
            holdings.push(Holding {
                who: held.who,
                sockets: held.sockets,
                container: held.container.map(|(id, _)| id),
                from,
                row,
            });
        }
        for gone in before {
            self.leave(port, &gone, now);
        }
        holdings
    }

    /// The row of one who has not had the port at the last look: the one it had, where it
    /// was away for a moment only.
    fn arrive(&mut self, port: u16, held: &Held, now: Moment) -> Option<u64> {
        let back = self.leaving.comes_back(port, held, now.up).or_else(|| {
            let is_it = |row: &u64| {
                let owner = self.past.get(*row);
                owner.is_some_and(|owner| owner.port == port && held.is_row(owner))
            };
            let at = self.left_over.iter().position(is_it)?;
            Some(self.left_over.swap_remove(at))
        })?;
        self.past.change(back, |owner| {
            owner.until = None;
            owner.ended = Known::default();
            owner.missed = false;
        });
        Some(back)
    }

    /// Writes down who has the port, as far as it has a name.
    fn note(
        &mut self,
        port: u16,
        row: Option<u64>,
        held: &Held,
        index: &Index,
        from: u64,
    ) -> Option<u64> {
        let noted = row.and_then(|row| self.past.get(row));
        if noted.is_some_and(|owner| held.is_noted(owner, index)) {
            return row;
        }
        let Some(seen) = held.past_owner(port, index, from) else {
            return row;
        };
        match row {
            Some(row) => {
                self.past.update(row, seen);
                Some(row)
            }
            None => Some(self.past.add(seen)),
        }
    }

    fn leave(&mut self, port: u16, holding: &Holding, now: Moment) {
        let Some(row) = holding.row else {
            return;
        };
        self.past.change(row, |owner| owner.until = Some(now.wall));
        let container = holding.container.clone();
        let containers = &self.containers;
        self.leaving.add(
            row,
            port,
            holding.who,
            container,
            now.up,
            containers,
            &mut self.past,
        );
    }

    /// Those who left while no daemon ran: when, nobody knows.
    fn see_left_over(&mut self, now: Moment) {
        for row in std::mem::take(&mut self.left_over) {
            let Some(owner) = self.past.get(row) else {
                continue;
            };
            let (port, id) = (owner.port, owner.id);
            let who = if id.pid == 0 || owner.container.is_some() {
                Who::Hidden
            } else {
                Who::Process(id)
            };
            self.past.change(row, |owner| {
                owner.until = Some(now.wall);
                owner.missed = true;
            });
            self.leaving.add(
                row,
                port,
                who,
                None,
                now.up,
                &Known::default(),
                &mut self.past,
            );
        }
    }
}
