//! The extension: its parts without an editor, and all of it in VS Code in a browser.

use std::process::Command;

use crate::bring;
use crate::keeper::Keeper;
use crate::machine::{pass_over, search_path};
use crate::shop;
use crate::stage::{is_inside, tell};

#[test]
fn what_the_parts_do_without_an_editor() {
    match bring::extension() {
        Err(why) => pass_over("what_the_parts_do_without_an_editor", &why),
        Ok(folder) => bring::npm("test", folder).unwrap_or_else(|why| panic!("{why}")),
    }
}

#[test]
fn the_status_bar_follows_a_server_and_a_click_says_what_mends_it() {
    let name = "the_status_bar_follows_a_server_and_a_click_says_what_mends_it";
    if !is_inside() {
        // Inside there is no network.
        let brought = bring::extension().and_then(|folder| {
            let server = bring::code_server(&bring::browser()?)?;
            Ok((folder, server))
        });
        match brought {
            Err(why) => return pass_over(name, &why),
            Ok((folder, _)) => bring::npm("package", folder).unwrap_or_else(|why| panic!("{why}")),
        }
    }
    tell(module_path!(), name, |stage| {
        if !stage.needs(&["python3"]) {
            return;
        }
        // Only its folders: the daemon is started by a click.
        let _keeper = Keeper::new(stage);
        let browser = bring::browser().unwrap();
        let server = bring::code_server(&browser).unwrap();
        let mut command = Command::new("timeout");
        command
            .arg("400")
            .arg(browser.node)
            .arg(bring::repository().join("tests/editors/vscode.mjs"))
            .arg(browser.packages)
            // A server's folder makes a project of it; this repository is not what is watched.
            .current_dir(stage.folder())
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", stage.folder().join("home"))
            .env("XDG_RUNTIME_DIR", stage.folder().join("runtime"))
            .env("CODE_SERVER", server)
            .env("CHROMIUM", browser.chromium)
            .env("VSIX", bring::package())
            .env("DEVDOCTOR", env!("CARGO_BIN_EXE_devdoctor"))
            .env("WORK", shop(stage, &[("", 3000), ("api", 8000)]));
        if let Some(picture) = std::env::var_os("DEVDOCTOR_PICTURE") {
            command.env("PICTURE", picture);
        }
        let status = command.status().unwrap();
        assert!(status.success(), "{status}: see above");
    });
}
