//! What is told, replaced and withdrawn, and what is not.

use devdoctor::findings::{Alert, Finding, Fix, Phase, Severity, Trigger};

use crate::bus::{self, Folder};
use crate::recorder::{Call, Manner, Recorder};
use crate::stage::{Stage, refused, resolved};

#[tokio::test]
async fn one_problem_is_one_notification_and_one_withdrawal() {
    if !bus::there_is_one("one_problem_is_one_notification_and_one_withdrawal") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    let mut alert = refused(7, "web on port 3000 exited with 1");
    let pending = Alert {
        phase: Phase::Pending,
        ..alert.clone()
    };
    stage.tell(&pending).await;
    stage.tell(&alert).await;
    let shown = recorder.sees("Web on port 3000 exited with 1").await;
    assert_eq!(
        shown.body,
        "Start web again: cd '/home/u/my shop' &amp;&amp; npm run dev\nMore: devdoctor why 3000"
    );
    assert_eq!(
        shown.actions,
        [
            "copy",
            "Copy the command",
            "mute-port",
            "Mute port 3000",
            "mute-project",
            "Mute this project"
        ]
    );
    assert_eq!(shown.app, "devdoctor");
    assert_eq!(shown.icon, "dialog-error");
    assert_eq!((shown.replaces, shown.timeout), (0, -1));
    assert_eq!((shown.urgency, shown.transient), (Some(1), false));
    assert_eq!(shown.category.as_deref(), Some("network.error"));
    assert_eq!(shown.entry.as_deref(), Some("devdoctor"));
    assert_eq!(*stage.mode.borrow(), "shown by recorder 7");
    // Refused again and again, and nothing else.
    for refusals in 2..6 {
        alert.refusals = refusals;
        stage.tell(&alert).await;
    }
    stage.tell(&resolved(&alert)).await;
    stage.tell(&resolved(&alert)).await;
    // The next one shows that everything before it is done.
    stage.tell(&refused(8, "the next one")).await;
    let next = recorder.sees("The next one").await;
    let titles: Vec<String> = recorder.notified().into_iter().map(|n| n.title).collect();
    assert_eq!(titles, ["Web on port 3000 exited with 1", "The next one"]);
    assert_eq!(recorder.closed(), [shown.id]);
    assert_ne!(next.id, shown.id);
}

#[tokio::test]
async fn what_nobody_wants_is_not_told() {
    if !bus::there_is_one("what_nobody_wants_is_not_told") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let project = |name: &str, settings: &str| {
        folder.write(&format!("{name}/.git/HEAD"), "ref: refs/heads/main\n");
        let file = folder.write(&format!("{name}/.devdoctor.toml"), settings);
        file.parent().unwrap().to_str().unwrap().to_owned()
    };
    let off = project("off", "notify = 'off'\n");
    let all = project("all", "notify = 'all'\n");
    let broken = project("broken", "notify = 'al\n");
    let stage = Stage::begin(folder, Vec::new());

    let alert = refused(1, "unwanted");
    let mut info = alert.clone();
    info.finding.severity = Severity::Info;
    let mut unexpected = Alert {
        project: None,
        ..alert.clone()
    };
    unexpected.finding.name = "nothing-listens".to_owned();
    unexpected.finding.code = "DD201".to_owned();
    let drift = |project: &str| Alert {
        trigger: Trigger::Drift,
        project: Some(project.to_owned()),
        ..alert.clone()
    };
    for unwanted in [
        Alert {
            phase: Phase::Pending,
            fired: None,
            ..alert.clone()
        },
        Alert {
            muted: true,
            ..alert.clone()
        },
        Alert {
            project: Some(off.clone()),
            ..alert.clone()
        },
        info,
        unexpected,
        drift("/home/u/my shop"),
        drift(&off),
        // What it says cannot be read, so that the default holds.
        drift(&broken),
        resolved(&alert),
    ] {
        stage.tell(&unwanted).await;
    }
    let wanted = Alert {
        id: 2,
        finding: Finding {
            says: "wanted".to_owned(),
            ..alert.finding.clone()
        },
        ..drift(&all)
    };
    stage.tell(&wanted).await;
    recorder.sees("Wanted").await;
    assert_eq!(recorder.calls().len(), 1, "{:?}", recorder.calls());
    // Muted by somebody else: it goes.
    let muted = Alert {
        muted: true,
        ..wanted.clone()
    };
    stage.tell(&muted).await;
    let calls = recorder.sees_calls(2).await;
    assert!(matches!(calls[1], Call::Close(_)), "{calls:?}");
}

#[tokio::test]
async fn other_words_take_the_place_of_the_old_ones() {
    if !bus::there_is_one("other_words_take_the_place_of_the_old_ones") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    let mut alert = refused(1, "nobody listens on port 3000");
    stage.tell(&alert).await;
    let first = recorder.sees("Nobody listens on port 3000").await;
    alert.finding.says = "web moved to port 3001".to_owned();
    alert.finding.fixes = vec![Fix::read("open it there", "http://localhost:3001")];
    stage.tell(&alert).await;
    let second = recorder.sees("Web moved to port 3001").await;
    assert_eq!((second.replaces, second.id), (first.id, first.id));
    assert_eq!(
        second.body,
        "Open it there: http://localhost:3001\nMore: devdoctor why 3000"
    );
    assert_eq!(
        second.keys(),
        ["default", "open", "copy", "mute-port", "mute-project"]
    );
    stage.tell(&resolved(&alert)).await;
    recorder.sees_calls(3).await;
    assert_eq!(recorder.closed(), [first.id]);
}

#[tokio::test]
async fn a_burst_is_three_notifications_and_a_summary() {
    if !bus::there_is_one("a_burst_is_three_notifications_and_a_summary") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    let alerts: Vec<Alert> = (1..=8)
        .map(|id| refused(id, &format!("problem {id}")))
        .collect();
    for alert in &alerts {
        stage.tell(alert).await;
    }
    let summary = recorder.sees("5 more problems").await;
    assert_eq!(summary.body, "See them all: devdoctor status");
    assert_eq!(summary.urgency, Some(0));
    let titles: Vec<String> = recorder.notified().into_iter().map(|n| n.title).collect();
    assert_eq!(
        titles,
        ["Problem 1", "Problem 2", "Problem 3", "5 more problems"]
    );
    for alert in &alerts {
        stage.tell(&resolved(alert)).await;
    }
    recorder.sees_calls(8).await;
    let mut closed = recorder.closed();
    closed.sort_unstable();
    let mut shown: Vec<u32> = recorder.notified().iter().map(|n| n.id).collect();
    shown.sort_unstable();
    assert_eq!(closed, shown);
}

#[tokio::test]
async fn text_from_outside_stays_text() {
    if !bus::there_is_one("text_from_outside_stays_text") {
        return;
    }
    for (capabilities, body) in [
        (
            &["body", "body-markup"][..],
            "Kill it (loses something): kill '&lt;b&gt;1&lt;/b&gt;' 'a&amp;b\u{fffd}[31m'\n\
             More: devdoctor why 3000",
        ),
        (
            &["body"][..],
            "Kill it (loses something): kill '<b>1</b>' 'a&b\u{fffd}[31m'\n\
             More: devdoctor why 3000",
        ),
    ] {
        let folder = Folder::new();
        let _bus = bus::start(&folder);
        let manner = Manner {
            capabilities,
            ..Manner::default()
        };
        let recorder = Recorder::start(&folder.address(), manner).await;
        let stage = Stage::begin(folder, Vec::new());
        let mut alert = refused(1, "<img src=x> & \x1b[2J\u{202e}evil\nlistens");
        alert.finding.fixes = vec![Fix::run(
            "kill it",
            devdoctor::findings::Safety::Destructive,
            ["kill", "<b>1</b>", "a&b\x1b[31m"],
        )];
        stage.tell(&alert).await;
        // A title has no markup in any service.
        let shown = recorder
            .sees("<img src=x> & \u{fffd}[2J\u{fffd}evil\u{fffd}listens")
            .await;
        assert_eq!(shown.body, body);
        assert_eq!(shown.actions, [""; 0]);
        stage.shows("without buttons").await;
    }
}

#[tokio::test]
async fn news_that_were_missed_are_asked_for() {
    if !bus::there_is_one("news_that_were_missed_are_asked_for") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let mut before = refused(1, "told by the daemon before");
    before.fired = Some(before.since - 60_000);
    let stage = Stage::begin(folder, vec![before.clone()]);
    let shown = refused(2, "one of this daemon");
    stage.tell(&shown).await;
    let id = recorder.sees("One of this daemon").await.id;
    // All of these are pushed out by what follows at once.
    stage.tell(&resolved(&shown)).await;
    stage.tell(&refused(3, "missed")).await;
    stage.flood();
    recorder.sees("Missed").await;
    until_closed(&recorder, &[id]).await;
    assert_eq!(recorder.notified().len(), 2, "{:?}", recorder.notified());
}

#[tokio::test]
async fn the_end_of_the_daemon_leaves_nothing_on_the_screen() {
    if !bus::there_is_one("the_end_of_the_daemon_leaves_nothing_on_the_screen") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let mut stage = Stage::begin(folder, Vec::new());
    stage.tell(&refused(1, "one")).await;
    stage.tell(&refused(2, "two")).await;
    let ids = [recorder.sees("One").await.id, recorder.sees("Two").await.id];
    // By itself it left the screen, and stands in a list of old ones; the other was closed.
    recorder.gone(ids[0], 1).await;
    recorder.gone(ids[1], 2).await;
    stage.tell(&refused(3, "three")).await;
    let third = recorder.sees("Three").await.id;
    stage.end().await;
    until_closed(&recorder, &[ids[0], third]).await;
}

async fn until_closed(recorder: &Recorder, ids: &[u32]) {
    crate::stage::until(&format!("{ids:?} are closed"), || {
        (recorder.closed() == ids).then_some(())
    })
    .await;
}
