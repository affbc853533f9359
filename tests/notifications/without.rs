//! No bus, no service, a service that hangs, goes, or must not disturb.

use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::bus::{self, Folder};
use crate::recorder::{Manner, Recorder};
use crate::stage::{Stage, refused, resolved, until};

/// What is logged in this thread, in which everything of a test runs.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn keep(&self) -> tracing::subscriber::DefaultGuard {
        let to = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// The lines that warn of this.
    fn warnings(&self, words: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(words));
        lines.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn without_a_bus_it_is_said_once_and_tried_again() {
    if !bus::there_is_one("without_a_bus_it_is_said_once_and_tried_again") {
        return;
    }
    let log = Log::default();
    let _kept = log.keep();
    let folder = Folder::new();
    let stage = Stage::begin(folder, Vec::new());
    let mode = stage.shows("not shown: ").await;
    assert!(mode.contains("no session bus"), "{mode}");
    let solved = refused(1, "solved meanwhile");
    stage.tell(&solved).await;
    stage.tell(&refused(2, "holds still")).await;
    stage.tell(&resolved(&solved)).await;
    // Some tries later there is a bus, and then a service.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(log.warnings("no notifications are shown").len(), 1);
    let bus = bus::start(&stage.folder);
    stage.shows("has no notification service").await;
    let recorder = Recorder::start(&stage.folder.address(), Manner::default()).await;
    recorder.sees("Holds still").await;
    stage.shows("shown by recorder 7").await;
    assert_eq!(recorder.calls().len(), 1);
    // The bus goes, and another comes.
    drop((bus, recorder));
    stage.shows("session bus").await;
    let _bus = bus::start(&stage.folder);
    let recorder = Recorder::start(&stage.folder.address(), Manner::default()).await;
    stage.shows("shown by recorder 7").await;
    stage.tell(&refused(3, "new")).await;
    recorder.sees("New").await;
    assert_eq!(recorder.calls().len(), 1, "{:?}", recorder.calls());
}

#[tokio::test]
async fn nobody_is_asked_where_there_is_no_address() {
    let folder = Folder::new();
    for address in [
        None,
        Some("autolaunch:"),
        Some("unixexec:path=/bin/false"),
        Some("nonsense"),
    ] {
        let mut surroundings = crate::stage::surroundings(&folder);
        surroundings.bus = address.map(str::to_owned);
        let stage = Stage::of(Folder::new(), Vec::new(), surroundings);
        stage.shows("not shown: ").await;
        stage.tell(&refused(1, "one")).await;
        stage.tell(&refused(2, "two")).await;
    }
}

#[tokio::test]
async fn a_service_that_ends_is_followed_by_the_next_and_nothing_is_shown_twice() {
    if !bus::there_is_one("a_service_that_ends_is_followed_by_the_next") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let first = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    let mut old = refused(1, "old");
    stage.tell(&old).await;
    first.sees("Old").await;
    first.end().await;
    stage.shows("has no notification service").await;
    stage.tell(&refused(2, "meanwhile")).await;
    let second = Recorder::start(&stage.folder.address(), Manner::default()).await;
    second.sees("Meanwhile").await;
    // The old one was told: neither other words nor its end are worth anything now.
    old.finding.says = "old in other words".to_owned();
    stage.tell(&old).await;
    stage.tell(&resolved(&old)).await;
    stage.tell(&refused(3, "last")).await;
    second.sees("Last").await;
    let titles: Vec<String> = second.notified().into_iter().map(|n| n.title).collect();
    assert_eq!(titles, ["Meanwhile", "Last"]);
    assert_eq!(second.closed(), [0; 0]);
}

#[tokio::test]
async fn a_service_that_hangs_holds_up_nobody() {
    if !bus::there_is_one("a_service_that_hangs_holds_up_nobody") {
        return;
    }
    let log = Log::default();
    let _kept = log.keep();
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let hanging = Manner {
        answers: false,
        ..Manner::default()
    };
    let first = Recorder::start(&folder.address(), hanging).await;
    let stage = Stage::begin(folder, Vec::new());
    let one = refused(1, "one");
    stage.tell(&one).await;
    stage.tell(&refused(2, "two")).await;
    stage.shows("does not answer").await;
    // The news go on being listened to.
    stage.tell(&resolved(&one)).await;
    stage.tell(&refused(3, "three")).await;
    let tells = log.warnings("does not answer");
    assert_eq!(tells.len(), 1, "{tells:?}");
    assert_eq!(first.calls().len(), 1);
    first.end().await;
    let second = Recorder::start(&stage.folder.address(), Manner::default()).await;
    second.sees("Two").await;
    second.sees("Three").await;
    assert_eq!(second.calls().len(), 2, "{:?}", second.calls());
}

#[tokio::test]
async fn a_service_that_cannot_be_started_is_none() {
    if !bus::there_is_one("a_service_that_cannot_be_started_is_none") {
        return;
    }
    let log = Log::default();
    let _kept = log.keep();
    let folder = Folder::new();
    // As dunst without a display: it is started, and dies.
    let started = folder.0.join("started");
    folder.program(
        "dies",
        &format!("echo started >>'{}'; kill -ABRT $$", started.display()),
    );
    folder.write(
        "services/dies.service",
        &format!(
            "[D-BUS Service]\nName=org.freedesktop.Notifications\nExec={}/bin/dies\n",
            folder.0.display()
        ),
    );
    let _bus = bus::start(&folder);
    let stage = Stage::begin(folder, Vec::new());
    // It is not started before there is something to show.
    stage.shows("started when it is needed").await;
    assert!(!started.exists());
    stage.tell(&refused(1, "one")).await;
    stage.shows("not shown: no notification service").await;
    let tries = || {
        let text = std::fs::read_to_string(&started).unwrap_or_default();
        text.lines().count()
    };
    // It is tried again, and that is not said again.
    until("it is tried again", || (tries() >= 3).then_some(())).await;
    let tells = log.warnings("no notifications are shown");
    assert_eq!(tells.len(), 1, "{tells:?}");
    let recorder = Recorder::start(&stage.folder.address(), Manner::default()).await;
    recorder.sees("One").await;
    assert_eq!(recorder.calls().len(), 1);
    // One that comes and goes is no better.
    recorder.end().await;
    stage.shows("ends soon after its start").await;
}

#[tokio::test]
async fn nobody_is_disturbed_who_does_not_want_to_be() {
    if !bus::there_is_one("nobody_is_disturbed_who_does_not_want_to_be") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let quiet = Manner {
        inhibited: Some(true),
        ..Manner::default()
    };
    let recorder = Recorder::start(&folder.address(), quiet).await;
    let stage = Stage::begin(folder, Vec::new());
    stage.shows("do-not-disturb").await;
    let solved = refused(1, "solved meanwhile");
    stage.tell(&solved).await;
    stage.tell(&refused(2, "holds still")).await;
    stage.tell(&resolved(&solved)).await;
    recorder.inhibit(false).await;
    recorder.sees("Holds still").await;
    assert_eq!(recorder.calls().len(), 1);
    recorder.inhibit(true).await;
    stage.shows("do-not-disturb").await;
    stage.tell(&refused(3, "three")).await;
    recorder.inhibit(false).await;
    recorder.sees("Three").await;
}
