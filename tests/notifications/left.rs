//! What a daemon has left on the screen that was killed.

use crate::bus::{self, Folder};
use crate::recorder::{Manner, Recorder};
use crate::stage::{Stage, refused, resolved, surroundings, until};

/// A daemon with a state folder, in which these alerts fire.
fn daemon(folder: Folder, alerts: Vec<devdoctor::findings::Alert>) -> Stage {
    let mut around = surroundings(&folder);
    around.state = Some(folder.0.join("state"));
    Stage::of(folder, alerts, around)
}

/// Has this daemon killed, once what it shows is kept: so many of its notifications.
async fn killed(mut stage: Stage, many: usize) -> Folder {
    let file = stage.folder.0.join("state/shown.json");
    until(&format!("{many} are kept"), || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        (text.matches("\"title\"").count() == many).then_some(())
    })
    .await;
    let folder = std::mem::replace(&mut stage.folder, Folder::new());
    drop(stage);
    // A process that was killed holds nothing; this one lets go a little later.
    until("the file is let go", || {
        let file = std::fs::File::open(&file).unwrap();
        file.try_lock().ok()
    })
    .await;
    folder
}

#[tokio::test]
async fn the_next_daemon_takes_it_over_or_away() {
    if !bus::there_is_one("the_next_daemon_takes_it_over_or_away") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = daemon(folder, Vec::new());
    let mut alerts: Vec<_> = (1..=3)
        .map(|id| refused(id, &format!("problem {id}")))
        .collect();
    for alert in &alerts {
        stage.tell(alert).await;
    }
    let mut ids = Vec::new();
    for alert in &alerts {
        ids.push(recorder.sees(&format!("Problem {}", alert.id)).await.id);
    }
    let folder = killed(stage, 3).await;
    assert_eq!(recorder.calls().len(), 3, "{:?}", recorder.calls());

    // One holds as it did, one says another thing now, one has gone.
    for alert in &mut alerts {
        alert.fired = Some(1);
    }
    alerts[1].finding.says = "problem 2 in other words".to_owned();
    let stage = daemon(folder, alerts[..2].to_vec());
    recorder.sees_calls(4).await;
    assert_eq!(recorder.closed(), [ids[2]]);
    let other = recorder.sees("Problem 2 in other words").await;
    assert_eq!((other.id, other.replaces), (ids[1], ids[1]));
    // Its buttons are this daemon's own.
    recorder.press(ids[0], "mute-port").await;
    until("the mute", || {
        (!stage.mutes.lock().unwrap().is_empty()).then_some(())
    })
    .await;
    stage.tell(&resolved(&alerts[0])).await;
    stage.tell(&resolved(&alerts[1])).await;
    recorder.sees_calls(7).await;
    assert_eq!(recorder.closed(), [ids[2], ids[0], ids[1]]);
    assert_eq!(recorder.notified().len(), 4, "{:?}", recorder.notified());
}

#[tokio::test]
async fn what_another_service_shows_is_not_touched() {
    if !bus::there_is_one("what_another_service_shows_is_not_touched") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let first = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = daemon(folder, Vec::new());
    stage.tell(&refused(1, "one")).await;
    first.sees("One").await;
    let folder = killed(stage, 1).await;
    first.end().await;
    // Its numbers are the same, and stand for the notifications of others.
    let second = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = daemon(folder, Vec::new());
    stage.tell(&refused(2, "two")).await;
    second.sees("Two").await;
    assert_eq!(second.calls().len(), 1, "{:?}", second.calls());
}
