//! The daemon as others see it: questions go in, news come out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{broadcast, mpsc, oneshot};

use crate::findings::Alert;
use crate::ipc::{Call, Reply};

/// How many questions may wait. Whoever asks more is told that the daemon is busy.
const MOST_WAITING: usize = 256;
/// How many news a slow listener may be behind before it misses some. It is told that it
/// did, and asks how things stand.
const MOST_NEWS: usize = 64;

/// A question, and where its answer goes.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub call: Call,
    /// Where the answer goes: a reply, or why there is none, in words.
    pub answer: oneshot::Sender<Result<Reply, String>>,
}

/// What has changed.
#[derive(Debug, Clone)]
pub enum News {
    /// An alert came, changed its phase or its words, or is gone.
    Alert(Box<Alert>),
    /// A status, of some project or of the daemon itself, may be another now.
    Changed,
    /// The daemon is about to end.
    End,
}

/// A running daemon.
#[derive(Debug, Clone)]
pub struct Handle {
    questions: mpsc::Sender<Asked>,
    news: broadcast::Sender<News>,
    watchers: Watchers,
}

/// How many are told of changes as they come: for their sake it is looked more often.
#[derive(Debug, Clone, Default)]
pub struct Watchers(Arc<AtomicUsize>);

/// Somebody who is told of changes as they come, for as long as this is kept.
#[derive(Debug)]
pub struct Watching(Watchers);

impl Watchers {
    /// Whether there is anybody.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handle {
    /// A handle, where the loop takes questions, and where it tells news.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Asked>, broadcast::Sender<News>) {
        let (questions, asked) = mpsc::channel(MOST_WAITING);
        let (news, _) = broadcast::channel(MOST_NEWS);
        let handle = Handle {
            questions,
            news: news.clone(),
            watchers: Watchers::default(),
        };
        (handle, asked, news)
    }

    /// The answer to a question.
    ///
    /// # Errors
    ///
    /// Why there is none, in words for whoever asked.
    pub async fn ask(&self, call: Call) -> Result<Reply, String> {
        let (answer, wait) = oneshot::channel();
        self.questions
            .try_send(Asked { call, answer })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => "the daemon is busy; try again".to_owned(),
                mpsc::error::TrySendError::Closed(_) => "the daemon is ending".to_owned(),
            })?;
        match wait.await {
            Ok(result) => result,
            Err(_) => Err("the daemon ended before it answered".to_owned()),
        }
    }

    /// Takes part in what happens as it comes.
    #[must_use]
    pub fn watch(&self) -> Watching {
        self.watchers.0.fetch_add(1, Ordering::Relaxed);
        Watching(self.watchers.clone())
    }

    /// Who takes part.
    #[must_use]
    pub fn watchers(&self) -> Watchers {
        self.watchers.clone()
    }

    /// The news from now on.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }
}
