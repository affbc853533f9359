//! The snippets of `examples/statusbars`, each as its bar runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::bring;
use crate::keeper::Keeper;
use crate::machine::search_path;
use crate::shop;
use crate::stage::{Stage, stories};

fn snippet(name: &str) -> PathBuf {
    bring::repository().join("examples/statusbars").join(name)
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(snippet(name)).unwrap()
}

/// A program with the story's own environment and with our binary first in its path.
fn command(stage: &Stage, program: &str, folder: &Path) -> Command {
    let mut path = Path::new(env!("CARGO_BIN_EXE_devdoctor"))
        .parent()
        .unwrap()
        .as_os_str()
        .to_owned();
    path.push(":");
    path.push(search_path());
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", stage.folder().join("home"))
        .env("XDG_RUNTIME_DIR", stage.folder().join("runtime"))
        .current_dir(folder);
    command
}

/// What a bar's command prints.
fn printed(stage: &Stage, line: &str, folder: &Path) -> String {
    let Output { status, stdout, .. } = command(stage, "sh", folder)
        .args(["-c", line])
        .output()
        .unwrap();
    assert!(status.success(), "`{line}`: {status}");
    String::from_utf8(stdout).unwrap()
}

stories! {
    fn every_bar_shows_how_things_stand(stage) {
        if !stage.needs(&["python3", "tmux"]) {
            return;
        }
        let keeper = Keeper::new(stage);
        let folder = shop(stage, &[("", 3000)]);
        let _daemon = keeper.daemon();
        let server = "python3 -u -m http.server 3000 --bind 127.0.0.1";
        let words: Vec<&str> = server.split(' ').collect();
        let _server = stage.program(&words, &folder, "Serving");
        // Whoever asks about a project has it watched from then on.
        let line = || keeper.json(&["status", "--json"], &folder)["line"].to_string();
        keeper.until("the server is up", || line() == "\"1 up\"");
        let line = "1 up";

        let starship: toml::Table = text_of("starship.toml").parse().unwrap();
        let line_of = starship["custom"]["devdoctor"]["command"].as_str().unwrap();
        assert!(printed(stage, line_of, &folder).ends_with(&format!(" {line}\n")));

        let waybar: Value = serde_json::from_str(&text_of("waybar.json")).unwrap();
        let line_of = waybar["custom/devdoctor"]["exec"].as_str().unwrap();
        let shown: Value = serde_json::from_str(&printed(stage, line_of, &folder)).unwrap();
        assert!(shown["text"].as_str().unwrap().ends_with(line), "{shown}");
        assert!(shown["tooltip"].as_str().unwrap().contains("shop"), "{shown}");

        let i3blocks = text_of("i3blocks.conf");
        let line_of = i3blocks.lines().find_map(|line| line.strip_prefix("command=")).unwrap();
        let shown = printed(stage, line_of, &folder);
        assert!(shown.lines().count() >= 2 && shown.contains(line), "{shown}");

        // tmux itself, inside of another that says what is on its screen: in a folder whose
        // name means something to a shell, too.
        let odd = stage.folder().join("it's $(touch here) a \"shop\"");
        std::fs::rename(&folder, &odd).unwrap();
        let outer = |words: &[&str]| {
            let output = command(stage, "tmux", &odd)
                .args(["-L", "outer", "-f", "/dev/null"])
                .args(words)
                .output()
                .unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let inner = format!(
            "env -u TMUX tmux -L inner -f '{}' new-session 'sleep 600'",
            snippet("tmux.conf").display()
        );
        outer(&["new-session", "-d", "-x", "120", "-y", "24", &inner]);
        keeper.until("tmux shows it", || outer(&["capture-pane", "-p"]).contains("⏺ 1 up"));
        assert!(!odd.join("here").exists());
    }
}
