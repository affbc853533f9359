//! What reaches the desktop, from the refused connection to the notification and back.

use std::time::Duration;

use crate::bus::{self, Folder};
use crate::dunst::{self, Dunst};
use crate::keeper::Keeper;
use crate::life::project;
use crate::machine::pass_over;
use crate::news::knock;
use crate::recorder::{Manner, Recorder};
use crate::stage::stories;
use crate::until::until;

/// Runs a story that waits for several things at once.
fn play(story: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(story);
}

stories! {
    fn a_refused_connection_is_one_notification_until_the_server_is_back(stage) {
        if !bus::there_is_one("a_refused_connection_is_one_notification") {
            return;
        }
        play(async {
            let folder = Folder::at(stage.folder().join("bus"));
            let _bus = bus::start(&folder);
            let recorder = Recorder::start(&folder.address(), Manner::default()).await;
            let keeper = Keeper::new(stage).with("DBUS_SESSION_BUS_ADDRESS", &folder.address());
            let shop = project(stage);
            let _daemon = keeper.daemon();
            keeper.json(&["status", "--json"], &shop);
            // A restart first: nobody is told of it.
            drop(stage.server("serve 127.0.0.1:3000"));
            knock(3000);
            let server = stage.server("serve 127.0.0.1:3000");
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(recorder.notified().len(), 0, "{:?}", recorder.notified());
            drop(server);
            knock(3000);
            until("the notification", || (!recorder.notified().is_empty()).then_some(())).await;
            for _ in 0..20 {
                knock(3000);
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
            let shown = recorder.notified();
            let (first, rest) = shown.split_first().unwrap();
            assert!(first.title.contains("had port 3000"), "{first:?}");
            // It may be told again in other words, in its own place only.
            assert!(rest.iter().all(|one| one.replaces == first.id), "{shown:?}");
            assert!(recorder.closed().is_empty());
            let _server = stage.server("serve 127.0.0.1:3000");
            until("its withdrawal", || (!recorder.closed().is_empty()).then_some(())).await;
            assert_eq!(recorder.closed().len(), 1);
        });
    }

    fn what_a_killed_daemon_has_left_on_the_screen_is_the_next_ones(stage) {
        let wanted = dunst::lacks().or_else(|| crate::machine::lacks(&["notify-send"]));
        if let Some(program) = wanted {
            let why = format!("{program} is not installed");
            return pass_over("what_a_killed_daemon_has_left_on_the_screen", &why);
        }
        let folder = Folder::at(stage.folder().join("bus"));
        let _bus = bus::start(&folder);
        let mut dunst = Dunst::start(&folder);
        let keeper = Keeper::new(stage).with("DBUS_SESSION_BUS_ADDRESS", &folder.address());
        let shop = project(stage);
        let displays = |many: &str| {
            keeper.until(&format!("{many} on the screen"), || dunst.displays() == many);
        };
        displays("0");
        // Somebody else's, in the middle of everything.
        dunst.by("notify-send", &["somebody else's"]);
        displays("1");
        let mut first = keeper.daemon();
        keeper.json(&["status", "--json"], &shop);
        drop(stage.server("serve 127.0.0.1:3000"));
        knock(3000);
        displays("2");
        let kept = stage.folder().join("home/.local/state/devdoctor/shown.json");
        let has = |words: &str| std::fs::read_to_string(&kept).unwrap_or_default().contains(words);
        keeper.until("what is shown is kept", || has("port 3000"));
        // What is kept of the alert is written down a little later.
        keeper.until("the alert is kept", || {
            let memory = std::fs::read(kept.with_file_name("memory.redb")).unwrap_or_default();
            memory.windows(8).any(|bytes| bytes == b"\"firing\"")
        });
        first.kill();
        assert_eq!(dunst.displays(), "2", "nobody has taken it away");

        // It holds still: it stands where it stood, and is not told again.
        let mut second = keeper.daemon();
        let how = || keeper.how_it_is().unwrap()["notifications"].to_string();
        keeper.until("the service is known", || how().contains("dunst"));
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(dunst.displays(), "2");
        assert!(has("port 3000"), "the next one would take it away, too");
        second.kill();

        // It holds no more when the third one comes.
        let server = stage.server("serve 127.0.0.1:3000");
        let mut third = keeper.daemon();
        displays("1");
        drop(server);
        knock(3000);
        displays("2");
        keeper.until("what is shown is kept", || has("port 3000"));
        third.kill();

        // Another service, whose numbers begin anew: what they stood for is not closed.
        dunst.again();
        let displays = |many: &str| {
            keeper.until(&format!("{many} on the screen"), || dunst.displays() == many);
        };
        displays("0");
        for words in ["one", "two", "three"] {
            dunst.by("notify-send", &[words]);
        }
        displays("3");
        let _server = stage.server("serve 127.0.0.1:3000");
        let _fourth = keeper.daemon();
        keeper.until("the service is known", || how().contains("dunst"));
        keeper.until("nothing of ours is shown", || !has("port 3000"));
        assert_eq!(dunst.displays(), "3");
    }
}
