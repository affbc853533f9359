//! The desktop's notification service, its clipboard, and its way to open an address.
//!
//! A task of its own keeps the connection: nobody waits for a service that is slow, hangs
//! or is not there. What is to be shown goes in, what the user does with it comes out.

mod clipboard;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
mod os;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// How many events may wait; then the service is not listened to for a while.
const MOST_WAITING: usize = 64;
/// How long it takes until a service that could not be reached is tried again, unless it
/// announces itself.
const RETRY: Duration = Duration::from_secs(120);
/// How long an address may take to be taken by whatever opens it.
const OPENING: Duration = Duration::from_secs(10);

/// How long the end may take.
const ENDING: Duration = Duration::from_secs(2);

/// The key that comes back when a notification with an address is clicked beside its buttons.
pub const DEFAULT: &str = "default";

/// The caller's own number of a notification: one with the same number takes its place.
pub type Slot = u64;

/// What is shown: plain text, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// One line.
    pub title: String,
    /// A few lines.
    pub body: String,
    /// An address that belongs to it.
    pub link: Option<String>,
    /// What can be done about it at once, the most useful first.
    pub buttons: Vec<Button>,
    /// How much it matters.
    pub urgency: Urgency,
    /// Whether it is worth nothing once it was on the screen.
    pub passing: bool,
}

/// A button of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What comes back when it is pressed.
    pub key: &'static str,
    /// What is written on it.
    pub label: String,
}

/// How much a notification matters. None is critical: that would break through
/// do-not-disturb, and stay until it is clicked away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It can wait.
    Low,
    /// As any other.
    Normal,
}

/// What came from the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Notifications can be shown, or it is worth another try.
    Ready,
    /// None can be shown now.
    Away,
    /// An earlier daemon, which was killed, has left these on the screen.
    Left(Vec<Left>),
    /// The service is another, or none: these were shown, and are gone with it.
    Lost(Vec<Slot>),
    /// Do-not-disturb was switched on or off.
    Quiet(bool),
    /// This could not be shown.
    Unshown(Slot),
    /// A button was pressed.
    Pressed {
        /// On which notification.
        slot: Slot,
        /// Its key.
        button: String,
        /// What lets a window come to the front for it, where the service gives such a thing.
        token: Option<String>,
    },
    /// It has left the screen by itself.
    Expired(Slot),
    /// It is gone: the user closed it.
    Closed(Slot),
}

/// A notification of an earlier daemon, which this one can replace and withdraw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// That daemon's number of it.
    pub slot: Slot,
    /// What it says.
    pub title: String,
    /// The rest of what it says.
    pub body: String,
    /// Whether it has left the screen by itself; it may stand in a list there.
    pub expired: bool,
}

/// What the task is asked for.
#[derive(Debug)]
enum Wish {
    Show(Slot, Notification),
    Withdraw(Slot),
    // Elsewhere there are no buttons by which it could be asked for.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    Open {
        address: String,
        token: Option<String>,
        done: oneshot::Sender<Result<(), String>>,
    },
}

/// Where the service, the clipboard and programs are found.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The address of the session bus, where there may be one.
    pub bus: Option<String>,
    /// The folders of programs.
    pub path: Vec<PathBuf>,
    /// Whether this is a Wayland session.
    pub wayland: bool,
    /// Whether there is an X server.
    pub x11: bool,
    /// How long it takes until a service that could not be reached is tried again.
    pub retry: Duration,
    /// The folder in which what is on the screen is kept, so that the next daemon can take
    /// it away should this one be killed.
    pub state: Option<PathBuf>,
}

impl Surroundings {
    /// What an environment says.
    pub fn of(env: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let path = set("PATH").unwrap_or_default();
        let bus = set("DBUS_SESSION_BUS_ADDRESS")
            .and_then(|address| address.into_string().ok())
            .or_else(|| {
                let folder = set("XDG_RUNTIME_DIR")?.into_string().ok()?;
                Some(format!("unix:path={folder}/bus"))
            });
        Surroundings {
            bus,
            // A relative folder would run whatever lies in the folder we stand in.
            path: std::env::split_paths(&path)
                .filter(|folder| folder.is_absolute())
                .collect(),
            wayland: set("WAYLAND_DISPLAY").is_some(),
            x11: set("DISPLAY").is_some(),
            retry: RETRY,
            state: None,
        }
    }

    /// The file of a program.
    fn program(&self, name: &str) -> Option<PathBuf> {
        let mut files = self.path.iter().map(|folder| folder.join(name));
        files.find(|file| file.is_file())
    }
}

/// The desktop, as long as this is kept.
#[derive(Debug)]
pub struct Desktop {
    surroundings: Surroundings,
    /// Without a bound, so that neither side ever waits for the other. The task takes them
    /// at once, and keeps no more than one for each notification.
    wishes: mpsc::UnboundedSender<Wish>,
    heard: mpsc::Receiver<Heard>,
    task: JoinHandle<()>,
}

impl Desktop {
    /// Begins to look for the notification service. `mode` is told how notifications are
    /// shown, and why not, if they are not. Must be called on a tokio runtime.
    #[must_use]
    pub fn new(surroundings: Surroundings, mode: watch::Sender<String>) -> Self {
        let (wishes, wanted) = mpsc::unbounded_channel();
        let (tell, heard) = mpsc::channel(MOST_WAITING);
        let ends = Ends {
            wanted,
            tell,
            mode,
            warned: None,
        };
        let task = tokio::spawn(os::serve(surroundings.clone(), ends));
        Desktop {
            surroundings,
            wishes,
            heard,
            task,
        }
    }

    /// What happens next. Nothing is lost if the waiting is given up.
    pub async fn next(&mut self) -> Heard {
        match self.heard.recv().await {
            Some(heard) => heard,
            // The task has ended: there is nothing to hear any more.
            None => std::future::pending().await,
        }
    }

    /// Shows a notification, in place of the one with the same number.
    pub fn show(&self, slot: Slot, notification: Notification) {
        // Without the task there is no service; it has said so.
        let _ = self.wishes.send(Wish::Show(slot, notification));
    }

    /// Takes a notification away.
    pub fn withdraw(&self, slot: Slot) {
        let _ = self.wishes.send(Wish::Withdraw(slot));
    }

    /// Ends, once everything is taken away that was to be, or that takes too long.
    pub async fn end(self) {
        let Desktop {
            wishes,
            heard,
            task,
            ..
        } = self;
        drop((wishes, heard));
        // What is left on the screen then stays there.
        let _ = tokio::time::timeout(ENDING, task).await;
    }

    /// Opens an address as a click on a link would.
    ///
    /// # Errors
    ///
    /// Why it could not be opened, in words.
    pub async fn open(&self, address: &str, token: Option<String>) -> Result<(), String> {
        let (done, wait) = oneshot::channel();
        let wish = Wish::Open {
            address: address.to_owned(),
            token,
            done,
        };
        let opened = async {
            let gone = "nothing opens addresses here";
            self.wishes.send(wish).map_err(|_| gone.to_owned())?;
            wait.await.map_err(|_| gone.to_owned())?
        };
        match tokio::time::timeout(OPENING, opened).await {
            Ok(result) => result,
            Err(_) => Err("it took too long".to_owned()),
        }
    }

    /// Puts a text into the clipboard.
    ///
    /// # Errors
    ///
    /// Why it could not be done, in words.
    pub async fn copy(&self, text: &str) -> Result<(), String> {
        clipboard::copy(&self.surroundings, text.to_owned()).await
    }
}

/// The task's ends of everything.
#[derive(Debug)]
struct Ends {
    wanted: mpsc::UnboundedReceiver<Wish>,
    tell: mpsc::Sender<Heard>,
    mode: watch::Sender<String>,
    /// Why there was no service when that was last logged.
    warned: Option<String>,
}

impl Ends {
    async fn tell(&self, heard: Heard) {
        // Nobody listens any more while the program ends.
        let _ = self.tell.send(heard).await;
    }

    /// Notifications are shown, in this way.
    fn works(&mut self, how: String) {
        if self.warned.take().is_some() {
            tracing::info!("notifications are shown again: {how}");
        }
        self.mode.send_replace(how);
    }

    /// None are shown, for this reason: said once in the log.
    fn fails(&mut self, why: &str) {
        if self.warned.as_deref() != Some(why) {
            tracing::warn!("no notifications are shown: {why}");
            self.warned = Some(why.to_owned());
        }
        self.mode.send_replace(format!("not shown: {why}"));
    }
}
