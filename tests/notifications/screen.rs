//! A real notification service on a real screen: dunst under Xvfb.
//!
//! `UPDATE=1` keeps what is seen as the picture of the README.

use std::path::Path;
use std::process::Command;

use devdoctor::findings::{Confidence, Fix};

use crate::bus::{self, Folder};
use crate::dunst::{self, Dunst, program};
use crate::machine;
use crate::stage::{Stage, refused, resolved, until};

#[tokio::test]
async fn dunst_shows_it_and_takes_it_away() {
    let wanted = ["import", "identify"];
    if let Some(program) = dunst::lacks().or_else(|| machine::lacks(&wanted)) {
        let why = format!("{program} is not installed");
        return machine::pass_over("dunst_shows_it_and_takes_it_away", &why);
    }
    let folder = Folder::new();
    let _bus = bus::start(&folder);
    let dunst = Dunst::start(&folder);
    let opened = folder.0.join("opened");
    let open = format!(
        "printf %s \"$1\" >'{0}.new'; /bin/mv '{0}.new' '{0}'",
        opened.display()
    );
    folder.program("xdg-open", &open);
    let stage = Stage::begin(folder, Vec::new());
    let displayed = |many: &str| (dunst.displays() == many).then_some(());

    let mut alert = refused(
        1,
        "vite (pid 913) of this project listens on port 5173, not on 3000",
    );
    alert.finding.confidence = Confidence::Likely;
    alert.finding.fixes = vec![Fix::read("open vite", "http://localhost:5173")];
    stage.tell(&alert).await;
    until("dunst displays it", || displayed("1")).await;
    stage.shows("shown by dunst ").await;
    let mut other = refused(2, "db should have port 5432, and is not running");
    other.port = Some(5432);
    other.finding.fixes = vec![Fix::safe(
        "start db",
        ["docker", "compose", "up", "-d", "db"],
    )];
    stage.tell(&other).await;
    until("dunst displays both", || displayed("2")).await;

    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("notification.png");
    let take = || {
        let taken = program("import")
            .args(["-window", "root"])
            .arg(&picture)
            .env("DISPLAY", &dunst.display)
            .status();
        assert!(taken.unwrap().success());
        let colours = output(program("identify").args(["-format", "%k"]).arg(&picture));
        // Letters with their soft edges, not an empty screen.
        (colours.parse::<u32>().unwrap_or(0) > 50).then_some(())
    };
    until("it can be seen", take).await;
    if std::env::var_os("UPDATE").is_some() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notification.png");
        std::fs::copy(&picture, kept).unwrap();
    }

    // Names from outside are no markup, in neither part.
    let mut hostile = refused(3, "<i>evil</i> & co exited with 1");
    hostile.finding.fixes = vec![Fix::safe("start it", ["npm", "start", "<u>x</u>"])];
    stage.tell(&hostile).await;
    until("dunst displays three", || displayed("3")).await;

    // A click on the upper one opens the address.
    dunst.ask(&["action", "0"]);
    let opened = bus::written(&stage.folder, "opened").await;
    assert_eq!(opened, "http://localhost:5173");
    stage.tell(&resolved(&other)).await;
    stage.tell(&resolved(&hostile)).await;
    until("dunst takes two away", || {
        displayed("1").or_else(|| displayed("0"))
    })
    .await;
    stage.tell(&resolved(&alert)).await;
    until("dunst takes all away", || displayed("0")).await;
    let history = dunst.ask(&["history"]);
    for title in [
        "Vite (pid 913) of this project listens on port 5173, not on 3000 (likely)",
        "Db should have port 5432, and is not running",
        "&lt;i&gt;evil&lt;/i&gt; &amp; co exited with 1",
        "Start it: npm start '&lt;u&gt;x&lt;/u&gt;'",
    ] {
        assert!(history.contains(title), "{history}");
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
