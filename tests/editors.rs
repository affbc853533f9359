//! The status bars of editors, in real editors, with a real daemon that watches real
//! servers. What a machine lacks for it is said, and the test is passed over; with
//! `DEVDOCTOR_REQUIRE_LIVE=1` it fails instead.
#![cfg(target_os = "linux")]

#[path = "live/acts.rs"]
#[allow(dead_code, reason = "other stories play the parts")]
mod acts;
#[path = "editors/bars.rs"]
mod bars;
#[path = "editors/bring.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod bring;
#[path = "daemon/keeper.rs"]
#[allow(dead_code, reason = "other stories need the rest")]
mod keeper;
#[path = "support/machine.rs"]
mod machine;
#[path = "editors/neovim.rs"]
mod neovim;
#[path = "live/stage.rs"]
#[allow(dead_code, reason = "other stories need the rest")]
mod stage;
#[path = "editors/vscode.rs"]
mod vscode;

use std::path::PathBuf;

use stage::Stage;

/// A project whose packages, in these folders, should each have a port.
fn shop(stage: &Stage, packages: &[(&str, u16)]) -> PathBuf {
    let root = stage.folder().join("shop");
    for (folder, port) in packages {
        let name = if folder.is_empty() { "shop" } else { folder };
        let at = root.join(folder);
        std::fs::create_dir_all(&at).unwrap();
        let text = format!(
            "{{\n  \"name\": \"{name}\",\n  \"scripts\": {{\n    \"dev\": \
             \"python3 -m http.server {port} --bind 127.0.0.1\"\n  }}\n}}\n"
        );
        std::fs::write(at.join("package.json"), text).unwrap();
    }
    root
}
