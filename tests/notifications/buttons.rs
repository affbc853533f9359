//! What the buttons do.

use devdoctor::findings::Fix;
use devdoctor::ipc::MuteParams;

use crate::bus::{self, Folder};
use crate::recorder::{Call, Manner, PORTAL, Recorder};
use crate::stage::{Stage, refused, until};

#[tokio::test]
async fn a_port_and_a_project_can_be_muted() {
    if !bus::there_is_one("a_port_and_a_project_can_be_muted") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    stage.tell(&refused(1, "one")).await;
    let id = recorder.sees("One").await.id;
    // Somebody else on the bus plays the service, and notifications of others.
    let other = Recorder::named(&stage.folder.address(), Manner::default(), "x.y").await;
    other.press(id, "mute-project").await;
    recorder.press(id + 50, "mute-project").await;
    recorder.press(id, "no-such-button").await;
    recorder.press(id, "mute-port").await;
    recorder.press(id, "mute-project").await;
    let mutes = until("two mutes", || {
        Some(stage.mutes.lock().unwrap().clone()).filter(|mutes| mutes.len() >= 2)
    })
    .await;
    let port = MuteParams {
        port: Some(3000),
        ..MuteParams::default()
    };
    let project = MuteParams {
        folder: Some("/home/u/my shop".to_owned()),
        ..MuteParams::default()
    };
    assert_eq!(mutes, [port, project]);
    assert_eq!(recorder.calls().len(), 1);
}

#[tokio::test]
async fn the_command_is_copied() {
    if !bus::there_is_one("the_command_is_copied") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let copied = folder.0.join("copied");
    // The shell's own words only: the test's PATH is this folder.
    let program = format!(
        "read -r text; printf %s \"$text\" >'{0}.new'; /bin/mv '{0}.new' '{0}'",
        copied.display()
    );
    folder.program("wl-copy", &program);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    stage.tell(&refused(1, "one")).await;
    let shown = recorder.sees("One").await;
    recorder.press(shown.id, "copy").await;
    // Services close a notification when a button is pressed.
    recorder.gone(shown.id, 2).await;
    let copied = bus::written(&stage.folder, "copied").await;
    assert_eq!(copied, "cd '/home/u/my shop' && npm run dev");
    assert_eq!(recorder.calls().len(), 1);
}

#[tokio::test]
async fn a_command_that_cannot_be_copied_is_shown() {
    if !bus::there_is_one("a_command_that_cannot_be_copied_is_shown") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    stage.tell(&refused(1, "one")).await;
    let id = recorder.sees("One").await.id;
    recorder.press(id, "copy").await;
    let note = recorder.sees("Could not copy: install wl-copy").await;
    assert_eq!(note.body, "cd '/home/u/my shop' &amp;&amp; npm run dev");
    assert!(note.transient);
    stage.folder.program("wl-copy", "exit 3");
    recorder.press(id, "copy").await;
    let again = recorder
        .sees("Could not copy: wl-copy: exit status: 3")
        .await;
    // It takes the place of the first one.
    assert_eq!(again.replaces, note.id);
    // It hangs: it is given up.
    stage.folder.program("wl-copy", "exec /bin/sleep 1000");
    recorder.press(id, "copy").await;
    recorder
        .sees("Could not copy: wl-copy: took too long")
        .await;
}

#[tokio::test]
async fn the_address_is_opened() {
    if !bus::there_is_one("the_address_is_opened") {
        return;
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let opened = folder.0.join("opened");
    let program = format!(
        "printf %s \"$1\" >'{0}.new'; /bin/mv '{0}.new' '{0}'",
        opened.display()
    );
    folder.program("xdg-open", &program);
    let recorder = Recorder::start(&folder.address(), Manner::default()).await;
    let stage = Stage::begin(folder, Vec::new());
    let mut alert = refused(1, "one");
    alert.finding.fixes = vec![Fix::read("open it there", "http://localhost:3001/a?b&c")];
    stage.tell(&alert).await;
    let id = recorder.sees("One").await.id;
    // Without a portal the program for it does it.
    recorder.press(id, "open").await;
    let opened = bus::written(&stage.folder, "opened").await;
    assert_eq!(opened, "http://localhost:3001/a?b&c");
    // With a portal it does, and the window may come to the front.
    let portal = Recorder::named(&stage.folder.address(), Manner::default(), PORTAL).await;
    recorder.press(id, "default").await;
    let calls = portal.sees_calls(1).await;
    let expected = Call::Open(
        "http://localhost:3001/a?b&c".to_owned(),
        Some("token-1".to_owned()),
    );
    assert_eq!(calls, [expected]);
    assert_eq!(recorder.calls().len(), 1);
}
