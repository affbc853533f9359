//! The thread that watches: it alone asks the system for watches, waits until a change is
//! over, and looks for itself where the system does not tell.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use notify::{Config, ErrorKind, EventKindMask, RecommendedWatcher, RecursiveMode, Watcher};

use super::arms::{Arm, Arms, MOST};
use super::filter::Heard;
use super::prints::Print;
use super::{Changed, Interest, Kind, Shared, Who, lock};
use crate::facts::clean;

/// How often folders are looked at of which the system tells nothing.
const POLL: Duration = Duration::from_secs(2);
/// What part of the time that may take at most: a hundredth.
const SHARE: u32 = 100;
/// How often it is checked that the watched folders still are what their paths say, and
/// that nothing better can be had than to poll.
const VERIFY: Duration = Duration::from_secs(60);
/// A file that was written so short before its folder was watched may have been read before
/// that.
const FRESH: Duration = Duration::from_secs(5);
/// How many new folders are watched until somebody says that they matter.
const MOST_YOUNG: usize = 256;
/// How many names of a new folder are looked at for folders in it.
const MOST_NAMES: usize = 1000;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Order {
    /// Watch these.
    Watch(BTreeSet<Interest>),
    /// Something was heard.
    Heard,
    /// That was all.
    End,
}

/// The thread's own things.
pub(super) struct Worker {
    kind: Kind,
    sender: Sender<Order>,
    orders: Receiver<Order>,
    shared: Arc<Shared>,
    watcher: Option<RecommendedWatcher>,
    wanted: BTreeSet<Interest>,
    young: BTreeSet<Interest>,
    missing: BTreeSet<Interest>,
    cut: bool,
    /// Folders of which the system tells nothing, as they were.
    polled: HashMap<PathBuf, Print>,
    /// Why it does not.
    why: String,
    next_poll: Instant,
    next_verify: Instant,
}

impl Worker {
    pub fn new(
        kind: Kind,
        sender: Sender<Order>,
        orders: Receiver<Order>,
        shared: Arc<Shared>,
    ) -> Self {
        let now = Instant::now();
        Worker {
            kind,
            sender,
            orders,
            shared,
            watcher: None,
            wanted: BTreeSet::new(),
            young: BTreeSet::new(),
            missing: BTreeSet::new(),
            cut: false,
            polled: HashMap::new(),
            why: String::new(),
            next_poll: now,
            next_verify: now,
        }
    }

    /// Watches until it is told to end.
    pub fn run(mut self) {
        loop {
            let order = match self.next_deadline() {
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    self.orders.recv_timeout(left)
                }
                None => self.orders.recv().map_err(RecvTimeoutError::from),
            };
            match order {
                Ok(Order::Watch(wanted)) => self.want(wanted),
                Ok(Order::Heard) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if self.settles().is_some_and(|at| at <= now) {
                self.settle();
            }
            if !self.polled.is_empty() && self.next_poll <= now {
                self.poll();
            }
            if !self.wanted.is_empty() && self.next_verify <= now {
                let changed = self.arrange(&BTreeSet::new(), true);
                self.tell(changed, false);
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let poll = (!self.polled.is_empty()).then_some(self.next_poll);
        let verify = (!self.wanted.is_empty()).then_some(self.next_verify);
        [self.settles(), poll, verify].into_iter().flatten().min()
    }

    /// When what was heard is told.
    fn settles(&self) -> Option<Instant> {
        let (first, last) = lock(&self.shared.filter).heard.when?;
        Some((last + self.kind.quiet).min(first + self.kind.longest))
    }

    fn want(&mut self, wanted: BTreeSet<Interest>) {
        if wanted != self.wanted {
            self.young.retain(|young| !wanted.contains(young));
            self.wanted = wanted;
            let changed = self.arrange(&BTreeSet::new(), false);
            self.tell(changed, false);
        }
    }

    /// Tells what was heard, and follows folders that came and went.
    fn settle(&mut self) {
        let heard: Heard = std::mem::take(&mut lock(&self.shared.filter).heard);
        let mut rearrange = heard.rearrange;
        self.young
            .retain(|young| !heard.noisy.contains(&young.path));
        for (path, who) in heard.new {
            // A link is not followed: it leads out of the project, or in a circle.
            let meta = std::fs::symlink_metadata(&path);
            if meta.is_ok_and(|meta| meta.is_dir()) {
                rearrange |= self.look_into(&path, &who);
            }
        }
        // First, so that what changes while the folders are watched anew is told with it.
        let mut who = heard.who;
        if rearrange {
            who.extend(self.arrange(&heard.lost, false));
        }
        self.tell(who, heard.all);
    }

    /// Watches a new folder and the folders in it; whether there are any.
    fn look_into(&mut self, top: &Path, who: &BTreeSet<Who>) -> bool {
        let mut left = vec![top.to_owned()];
        let mut found = false;
        while let Some(path) = left.pop() {
            if self.young.len() >= MOST_YOUNG {
                break;
            }
            found = true;
            self.young.extend(who.iter().map(|who| Interest {
                path: path.clone(),
                who: who.clone(),
            }));
            let Ok(entries) = std::fs::read_dir(&path) else {
                continue;
            };
            for entry in entries.take(MOST_NAMES).flatten() {
                let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let name = entry.file_name();
                if folder && name.to_str().is_some_and(self.kind.enters) {
                    left.push(entry.path());
                }
            }
        }
        found
    }

    /// Watches what is to be watched, as the files are now, and nothing else. What is below
    /// a path of `lost` is watched anew: it was renamed, and may be back. Gives those for
    /// whom something may have changed that nobody could hear.
    #[must_use]
    fn arrange(&mut self, lost: &BTreeSet<PathBuf>, verify: bool) -> BTreeSet<Who> {
        self.young
            .retain(|young| young.path.symlink_metadata().is_ok());
        let arms = Arms::of(&self.wanted, &self.young, self.kind.closely);
        let old = {
            // Before the first watch, so that no event comes too early.
            let mut filter = lock(&self.shared.filter);
            let young = |path: &PathBuf| arms.by_path.get(path).is_some_and(|arm| arm.young);
            filter.noise.retain(|path, _| young(path));
            std::mem::replace(&mut filter.arms, arms.by_path.clone())
        };
        let stays = |path: &PathBuf, arm: &Arm| {
            let same = |old: &Arm| old.identity == arm.identity;
            old.get(path).is_some_and(same) && !lost.iter().any(|top| path.starts_with(top))
        };
        if let Some(watcher) = &mut self.watcher {
            for path in old.keys() {
                let stay = arms.by_path.get(path).is_some_and(|arm| stays(path, arm));
                if !stay && !self.polled.contains_key(path) {
                    // One that is gone has taken its watch with it.
                    let _ = watcher.unwatch(path);
                }
            }
        }
        self.polled
            .retain(|path, _| arms.by_path.contains_key(path));
        let mut changed: BTreeSet<Who> = BTreeSet::new();
        let mut full = false;
        for (path, arm) in arms.in_order() {
            let stays = stays(path, arm);
            let polled = self.polled.contains_key(path);
            if stays && !(polled && verify) {
                continue;
            }
            let watched = !full && self.watch(path, &mut full);
            let print = Print::of(path, arm, &self.kind, None);
            if !stays {
                let replaced = old.contains_key(path);
                let newly = match arm.young {
                    true => !print.is_empty(),
                    false => replaced || print.is_fresh(SystemTime::now(), FRESH),
                };
                if newly {
                    changed.extend(arm.everybody().cloned());
                }
            }
            if watched {
                let last = self.polled.remove(path);
                if last.is_some_and(|last| print.differs(&last)) {
                    changed.extend(arm.everybody().cloned());
                }
            } else if !polled || !stays {
                self.polled.insert(path.clone(), print);
            }
        }
        // What was waited for is there, or what was there is not.
        let both = self.missing.symmetric_difference(&arms.missing);
        changed.extend(
            both.filter(|interest| self.wanted.contains(interest))
                .map(|interest| interest.who.clone()),
        );
        self.missing = arms.missing;
        self.cut = arms.cut;
        let now = Instant::now();
        self.next_verify = now + VERIFY;
        self.next_poll = self.next_poll.max(now);
        self.tell_mode(arms.by_path.len());
        changed
    }

    /// Asks the system to tell of this path. `full` is set where it will not do so for any
    /// other either.
    fn watch(&mut self, path: &Path, full: &mut bool) -> bool {
        let watched = match &mut self.watcher {
            Some(watcher) => watcher.watch(path, RecursiveMode::NonRecursive),
            none => match new_watcher(self.kind, &self.sender, &self.shared) {
                Ok(watcher) => none
                    .insert(watcher)
                    .watch(path, RecursiveMode::NonRecursive),
                Err(error) => {
                    *full = true;
                    self.why = format!("the system gives no watcher ({})", words(&error));
                    return false;
                }
            },
        };
        let Err(error) = watched else { return true };
        self.why = match error.kind {
            ErrorKind::MaxFilesWatch => {
                *full = true;
                "the limit of inotify watches is reached".to_owned()
            }
            _ => words(&error),
        };
        false
    }

    /// Looks at the folders of which the system tells nothing.
    fn poll(&mut self) {
        let began = Instant::now();
        let mut changed = BTreeSet::new();
        let mut rearrange = false;
        {
            let filter = lock(&self.shared.filter);
            for (path, last) in &mut self.polled {
                let Some(arm) = filter.arms.get(path) else {
                    continue;
                };
                let print = Print::of(path, arm, &self.kind, Some(last));
                if print.differs(last) {
                    changed.extend(arm.everybody().cloned());
                    rearrange = true;
                }
                *last = print;
            }
        }
        self.next_poll = Instant::now() + POLL.max(began.elapsed() * SHARE);
        if rearrange {
            changed.extend(self.arrange(&BTreeSet::new(), false));
        }
        self.tell(changed, false);
    }

    fn tell(&self, who: BTreeSet<Who>, all: bool) {
        if who.is_empty() && !all {
            return;
        }
        let mut changed = lock(&self.shared.changed);
        let Changed {
            who: old,
            all: lost,
        } = &mut *changed;
        old.extend(who);
        *lost |= all;
        self.shared.told.notify_one();
    }

    fn tell_mode(&self, count: usize) {
        let mut mode = match (count, self.polled.len()) {
            (0, _) => "nothing to watch".to_owned(),
            (1, 0) => "watching 1 folder".to_owned(),
            (_, 0) => format!("watching {count} folders"),
            (_, polled) => format!(
                "watching {}, polling {polled}: {}",
                count - polled.min(count),
                self.why
            ),
        };
        if self.cut {
            mode.push_str(&format!("; no more than {MOST}"));
        }
        *lock(&self.shared.mode) = mode;
    }
}

fn new_watcher(
    kind: Kind,
    sender: &Sender<Order>,
    shared: &Arc<Shared>,
) -> notify::Result<RecommendedWatcher> {
    let (sender, shared) = (sender.clone(), Arc::clone(shared));
    let handler = move |event: notify::Result<notify::Event>| {
        let first = lock(&shared.filter).take(&event, &kind, Instant::now());
        if first {
            // Nobody is there to hear it only when all has ended.
            let _ = sender.send(Order::Heard);
        }
    };
    RecommendedWatcher::new(handler, Config::default().with_event_kinds(wanted()))
}

/// An error in a few words.
fn words(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::Io(io) => clean(&io.to_string()),
        _ => clean(&error.to_string()),
    }
}

/// The events that are worth to be woken for. Not that somebody reads. Where the system
/// tells when a file that was written is closed, not every piece that is written, either.
fn wanted() -> EventKindMask {
    let closes = cfg!(target_os = "linux");
    let written = match closes {
        true => EventKindMask::ACCESS_CLOSE,
        false => EventKindMask::MODIFY_DATA,
    };
    EventKindMask::CREATE
        | EventKindMask::REMOVE
        | EventKindMask::MODIFY_NAME
        | EventKindMask::MODIFY_META
        | written
}
