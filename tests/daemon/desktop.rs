//! What reaches the desktop, from the refused connection to the notification and back.

use std::time::Duration;

use crate::bus::{self, Folder};
use crate::keeper::Keeper;
use crate::life::project;
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
            let folder = Folder::new();
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
}
