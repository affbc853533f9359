//! Servers that end and are started again, and again: seen by watching, for a moment,
//! who starts them.

use crate::facts::{Departed, ProcId, catalogue};

mod lines;

use self::lines::{is_interactive, is_pause, is_same, is_shell, runs_a_server, words_of};
use super::departed::{Row, family, watcher_name};
use super::naming;

/// What starts its server again when it ends, by its key in the catalogue.
const RESTARTERS: &[&str] = &[
    "concurrently",
    "foreman",
    "forever",
    "goreman",
    "hivemind",
    "honcho",
    "mprocs",
    "overmind",
    "pm2",
    "process-compose",
    "runit",
    "supervisord",
];
/// A child that is younger may be one of many.
const YOUNG_MS: u64 = 3000;
/// A shell that is so much older than its child has run something before it.
const BEFORE_MS: u64 = 1000;
/// So many restarts leave no doubt: nothing more is waited for.
const PLENTY: u32 = 2;

/// How a supervisor comes to start something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A script, or a line of one: it may run anything, in any order.
    Shell,
    /// It starts again what has ended.
    Restarter,
    /// It starts again when a file has changed.
    OnChange,
}

impl Kind {
    fn of(row: &Row) -> Option<Kind> {
        if row.argv.first().is_some_and(|word| is_shell(word)) {
            return Some(Kind::Shell);
        }
        let known = catalogue().recognise(&row.comm, &row.argv)?;
        if RESTARTERS.contains(&known.key.as_str()) {
            return Some(Kind::Restarter);
        }
        watcher_name(&row.comm, &row.argv).map(|_| Kind::OnChange)
    }

    /// A file that is saved starts a server anew once; nobody saves that often.
    fn enough(self) -> u32 {
        match self {
            Kind::OnChange => 2,
            Kind::Shell | Kind::Restarter => 1,
        }
    }
}

/// A supervisor by which something may end and come back.
#[derive(Debug)]
struct Suspect {
    row: Row,
    kind: Kind,
}

/// One child, from when it was first seen.
#[derive(Debug)]
struct Life {
    under: u32,
    id: ProcId,
    argv: Vec<String>,
    age_ms: u64,
    /// The look at which it was first there; at the first one, it was there before.
    came: u32,
    /// The look at which it was no longer there.
    ended: Option<u32>,
}

/// The suspects, and what was seen of their children.
#[derive(Debug, Default)]
pub(super) struct Watch {
    project: String,
    suspects: Vec<Suspect>,
    lives: Vec<Life>,
    looks: u32,
}

impl Watch {
    /// Whom to watch, if there is any sign of a loop; `me` is our own pid.
    pub(super) fn of(rows: &[Row], project: &str, me: u32) -> Option<Watch> {
        let callers = callers(rows, me);
        let suspects: Vec<_> = rows
            .iter()
            .filter(|row| !row.zombie && !callers.contains(&row.id.pid))
            .filter_map(|row| {
                let kind = Kind::of(row)?;
                let row = row.clone();
                Some(Suspect { row, kind })
            })
            .filter(|suspect| suspect.shows_a_sign(rows, project))
            .collect();
        (!suspects.is_empty()).then(|| Watch {
            project: project.to_owned(),
            suspects,
            ..Watch::default()
        })
    }

    /// Who is watched.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.suspects.iter().map(|one| one.row.id.pid).collect()
    }

    /// Takes in the children as they are now. `true` once nothing more need be seen.
    pub(super) fn see(&mut self, children: &[Row]) -> bool {
        for life in &mut self.lives {
            let now = children.iter().find(|child| child.id == life.id);
            if now.is_none_or(|child| child.zombie) {
                life.ended.get_or_insert(self.looks);
            }
            if let Some(child) = now.filter(|child| !child.zombie) {
                // Between fork and exec it still had the words of its parent; at its end
                // it loses its own.
                if !child.argv.is_empty() {
                    life.argv.clone_from(&child.argv);
                }
                life.age_ms = child.age_ms;
            }
        }
        for child in children.iter().filter(|child| !child.zombie) {
            if self.lives.iter().all(|life| life.id != child.id) {
                self.lives.push(Life {
                    under: child.parent,
                    id: child.id,
                    argv: child.argv.clone(),
                    age_ms: child.age_ms,
                    came: self.looks,
                    ended: None,
                });
            }
        }
        self.looks += 1;
        let plenty = |gone: Departed| gone.restarts >= PLENTY;
        self.departed().into_iter().any(plenty)
    }

    /// The servers that were seen to end and come back, and those that ended before
    /// our eyes.
    pub(super) fn departed(&self) -> Vec<Departed> {
        let of = |suspect| self.looping(suspect).or_else(|| self.ended(suspect));
        self.suspects.iter().filter_map(of).collect()
    }

    /// The children of a supervisor that may be its server, in the order of their coming.
    fn servers(&self, of: &Suspect) -> Vec<&Life> {
        self.lives
            .iter()
            .filter(|life| life.under == of.row.id.pid)
            .filter(|life| of.may_serve(&life.argv, &self.project))
            .collect()
    }

    fn pauses(&self, of: &Suspect) -> impl Iterator<Item = (usize, &Life)> {
        let pid = of.row.id.pid;
        let lives = self.lives.iter().enumerate();
        lives.filter(move |(_, life)| life.under == pid && is_pause(&life.argv))
    }

    fn looping(&self, suspect: &Suspect) -> Option<Departed> {
        let servers = self.servers(suspect);
        let loops = servers.iter().filter_map(|one| {
            let again = |life: &&&Life| is_same(&life.argv, &one.argv);
            let same: Vec<_> = servers.iter().filter(again).collect();
            let again = same
                .windows(2)
                .filter(|pair| pair[0].was_short_before(pair[1]));
            let restarts = u32::try_from(again.count()).unwrap_or(u32::MAX);
            let restarts = restarts + u32::from(self.came_round(suspect, same[0]));
            let last = same.iter().rev().find(|life| life.ended.is_some())?;
            (restarts >= suspect.kind.enough()).then(|| Departed {
                restarts,
                ..gone(suspect, last)
            })
        });
        loops.max_by_key(|gone| gone.restarts)
    }

    /// Whether the shell paused, ran this, and now pauses in the same way again.
    fn came_round(&self, suspect: &Suspect, server: &Life) -> bool {
        let at = self.lives.iter().position(|life| life.id == server.id);
        let Some(at) = at.filter(|_| server.was_short() && server.came > 0) else {
            return false;
        };
        let after = self.pauses(suspect).filter(|(pause, _)| *pause > at);
        let mut before = self.pauses(suspect).filter(|(pause, _)| *pause < at);
        let after: Vec<_> = after.map(|(_, pause)| &pause.argv).collect();
        suspect.kind == Kind::Shell && before.any(|(_, pause)| after.contains(&&pause.argv))
    }

    /// The server that ended while we watched, and is to come again after a pause.
    fn ended(&self, suspect: &Suspect) -> Option<Departed> {
        let servers = self.servers(suspect);
        let last = servers.last().filter(|life| life.was_short())?;
        let pauses = self.pauses(suspect).any(|(_, pause)| pause.ended.is_none());
        match suspect.kind {
            Kind::OnChange => None,
            Kind::Shell if !pauses => None,
            Kind::Shell | Kind::Restarter => Some(gone(suspect, last)),
        }
    }
}

impl Life {
    fn was_short(&self) -> bool {
        self.ended.is_some() && self.age_ms < YOUNG_MS
    }

    /// Two that are there at once are workers.
    fn was_short_before(&self, next: &Life) -> bool {
        self.was_short() && self.ended.is_some_and(|ended| ended <= next.came)
    }
}

impl Suspect {
    fn shows_a_sign(&self, rows: &[Row], project: &str) -> bool {
        let row = &self.row;
        let children: Vec<&Row> = rows
            .iter()
            .filter(|child| child.parent == row.id.pid)
            .filter(|child| row.in_project || child.in_project || child.zombie)
            .collect();
        let here = row.in_project || children.iter().any(|child| child.in_project);
        // Who looks after many may have one that serves and another that cannot.
        let serves = self.kind != Kind::Restarter
            && family(rows, &[row.id.pid])
                .into_iter()
                .any(|at| rows[at].may_listen);
        if !here || serves {
            return false;
        }
        let zombie = children.iter().any(|child| child.zombie);
        let mut living = children.iter().filter(|child| !child.zombie);
        match self.kind {
            Kind::Shell if zombie => true,
            Kind::Shell => {
                let script = !is_interactive(&row.argv);
                // Between fork and exec a child still has the words of its parent, and one
                // without words is about to end.
                let between = |child: &&Row| {
                    child.argv.is_empty() || (child.argv == row.argv && child.age_ms < BEFORE_MS)
                };
                (script && living.clone().all(between))
                    || living.any(|child| {
                        child.argv.is_empty()
                            || is_pause(&child.argv)
                            || (script
                                && child.age_ms < YOUNG_MS
                                && row.age_ms.saturating_sub(child.age_ms) > BEFORE_MS
                                && self.may_serve(&child.argv, project))
                    })
            }
            Kind::Restarter => {
                zombie
                    || living.clone().next().is_none()
                    || living.any(|child| child.age_ms < YOUNG_MS)
            }
            Kind::OnChange => zombie || living.any(|child| child.age_ms < YOUNG_MS),
        }
    }

    fn may_serve(&self, argv: &[String], project: &str) -> bool {
        // A copy of the supervisor that has not become anything else yet.
        let own = argv.is_empty() || argv == self.row.argv;
        !own && !is_pause(argv) && (self.kind != Kind::Shell || runs_a_server(argv, project))
    }
}

/// What is known of a life that has ended.
fn gone(suspect: &Suspect, life: &Life) -> Departed {
    let within = life.age_ms / 1000 + 1;
    Departed {
        port: None,
        name: naming::of(&words_of(&life.argv)),
        ended: format!("ended within {within} s of its start"),
        ago_s: None,
        watcher: Some(suspect.row.id),
        restarts: 0,
        seen_in: "its children, watched".to_owned(),
        ..Departed::default()
    }
}

/// This process and those that wait for its end.
fn callers(rows: &[Row], me: u32) -> Vec<u32> {
    let mut callers = vec![me];
    let mut pid = me;
    while let Some(row) = rows.iter().find(|row| row.id.pid == pid)
        && !callers.contains(&row.parent)
    {
        pid = row.parent;
        callers.push(pid);
    }
    callers
}

#[cfg(test)]
#[path = "loops_tests.rs"]
mod tests;
