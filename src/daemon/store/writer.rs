//! The thread that reads and writes.

use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::file::{File, Trouble};
use super::{Batch, Restored, Timing};

/// No more files that were set aside are told of than this.
const MOST_ASIDE: usize = 4;

/// What the loop and the thread share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: Batch,
    since: Option<Instant>,
    closing: bool,
    /// Why nothing can be kept just now.
    trouble: Option<String>,
    /// Files that were set aside.
    aside: Vec<String>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, batch: Batch) {
        let mut inner = self.lock();
        inner.waiting.merge(batch);
        inner.since.get_or_insert_with(Instant::now);
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    pub(super) fn notes(&self) -> Vec<String> {
        let inner = self.lock();
        inner.aside.iter().chain(&inner.trouble).cloned().collect()
    }

    pub(super) fn note_trouble(&self, trouble: String) {
        let mut inner = self.lock();
        if inner.trouble.as_ref() != Some(&trouble) {
            tracing::warn!("{trouble}");
            inner.trouble = Some(trouble);
        }
    }

    fn no_trouble(&self) {
        self.lock().trouble = None;
    }

    fn note_aside(&self, note: String) {
        tracing::warn!("{note}");
        let mut inner = self.lock();
        if inner.aside.len() < MOST_ASIDE {
            inner.aside.push(note);
        }
    }

    /// Waits until something is to be written, and it is time to; nothing at the end.
    fn next(&self, timing: Timing, not_before: Option<Instant>) -> Option<Batch> {
        let mut inner = self.lock();
        loop {
            let wait = match (inner.closing, inner.since) {
                (true, None) => return None,
                (true, Some(_)) => Duration::ZERO,
                (false, None) => {
                    inner = self
                        .changed
                        .wait(inner)
                        .unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                (false, Some(since)) => {
                    let at =
                        not_before.map_or(since + timing.delay, |at| at.max(since + timing.delay));
                    at.saturating_duration_since(Instant::now())
                }
            };
            if wait.is_zero() {
                inner.since = None;
                return Some(std::mem::take(&mut inner.waiting));
            }
            (inner, _) = self
                .changed
                .wait_timeout(inner, wait)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes back what could not be written; what came since is newer. Says whether there
    /// will be another try.
    fn put_back(&self, mut batch: Batch) -> bool {
        let mut inner = self.lock();
        batch.merge(std::mem::take(&mut inner.waiting));
        inner.waiting = batch;
        inner.since.get_or_insert_with(Instant::now);
        !inner.closing
    }
}

/// Reads what was kept, then writes whatever is to be, until the end.
pub(super) fn run(path: &Path, timing: Timing, shared: &Shared, opened: &Sender<Restored>) {
    let mut file = None;
    let mut restored = Restored::default();
    let mut not_before = None;
    match open(path, shared) {
        Ok((made, kept)) => {
            file = Some(made);
            restored = kept;
        }
        Err(trouble) => {
            shared.note_trouble(trouble.words(path));
            not_before = Some(Instant::now() + timing.retry);
        }
    }
    // Whoever asked may have stopped waiting.
    let _ = opened.send(restored);
    while let Some(batch) = shared.next(timing, not_before) {
        let wrote = match file.take() {
            Some(file) => Ok(file),
            None => open(path, shared).map(|(file, _)| file),
        }
        .and_then(|made| made.write(&batch));
        match wrote {
            Ok(made) => {
                file = Some(made);
                shared.no_trouble();
                not_before = Some(Instant::now() + timing.gap);
            }
            Err(trouble) => {
                // What is broken was opened well: the next try finds out, and sets it aside.
                shared.note_trouble(trouble.words(path));
                not_before = Some(Instant::now() + timing.retry);
                if !shared.put_back(batch) {
                    return;
                }
            }
        }
    }
}

/// Opens the file. One that cannot be read is set aside, once, and made anew.
fn open(path: &Path, shared: &Shared) -> Result<(File, Restored), Trouble> {
    let broken = match File::open(path) {
        Err(Trouble::Broken(why)) => why,
        other => return other,
    };
    let aside = super::file::set_aside(path).map_err(Trouble::Refused)?;
    shared.note_aside(format!(
        "what was kept in {} could not be read and was set aside as {}: {broken}",
        path.display(),
        aside.display()
    ));
    File::open(path)
}
