//! The plugin in Neovim: the oldest that it takes, and a new one.

use std::path::Path;
use std::process::Command;

use crate::bring;
use crate::keeper::Keeper;
use crate::machine::{pass_over, search_path, which};
use crate::shop;
use crate::stage::{Stage, is_inside, stories, tell};

/// Plays this part of `neovim.lua` in this Neovim.
fn play(stage: &Stage, neovim: &Path, part: &str) {
    let plugin = bring::repository().join("editors/nvim");
    let script = bring::repository().join("tests/editors/neovim.lua");
    // A script that cannot be loaded leaves it waiting for keys.
    let output = Command::new("timeout")
        .arg("180")
        .arg(neovim)
        .args(["--headless", "--clean", "--cmd"])
        .arg(format!("set runtimepath^={}", plugin.display()))
        .arg("-c")
        .arg(format!("luafile {}", script.display()))
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", stage.folder().join("home"))
        .env("XDG_RUNTIME_DIR", stage.folder().join("runtime"))
        .env("DEVDOCTOR", env!("CARGO_BIN_EXE_devdoctor"))
        .env("DEVDOCTOR_TEST", part)
        .current_dir(shop(stage, &[("", 3000)]))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{part}: {}", output.status);
}

fn both_parts(stage: &Stage, neovim: &Path) {
    let keeper = Keeper::new(stage);
    play(stage, neovim, "strange");
    // With no daemon first: the test starts one, and ends it.
    play(stage, neovim, "absent");
    let _daemon = keeper.daemon();
    play(stage, neovim, "present");
}

stories! {
    fn the_old_one_shows_what_the_daemon_says(stage) {
        if stage.needs(&["nvim", "python3"]) {
            both_parts(stage, &which("nvim").unwrap());
        }
    }
}

#[test]
fn a_new_one_shows_what_the_daemon_says() {
    let name = "a_new_one_shows_what_the_daemon_says";
    // Inside there is no network.
    let neovim = bring::neovim();
    match neovim {
        Err(why) if !is_inside() => pass_over(name, &why),
        neovim => tell(module_path!(), name, |stage| {
            both_parts(stage, &neovim.unwrap());
        }),
    }
}
