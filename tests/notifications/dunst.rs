//! A real notification service on a screen of its own: dunst under Xvfb.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::bus::{Ends, Folder};
use crate::machine;

/// How it looks: large enough to be read in a README.
const LOOK: &str = r##"[global]
origin = top-right
offset = 12x12
width = 672
height = 300
notification_limit = 5
padding = 14
horizontal_padding = 16
frame_width = 1
frame_color = "#4c566a"
separator_color = frame
font = DejaVu Sans 12
markup = full
format = "<b>%s</b>\n%b"
word_wrap = yes
ellipsize = end
icon_position = off
show_indicators = no
sort = no
idle_threshold = 0

[urgency_low]
background = "#2e3440"
foreground = "#d8dee9"
timeout = 0

[urgency_normal]
background = "#2e3440"
foreground = "#eceff4"
timeout = 0
"##;

/// The program that is not installed, if one is not.
pub fn lacks() -> Option<&'static str> {
    machine::lacks(&["dbus-daemon", "Xvfb", "dunst", "dunstctl"])
}

/// A program of this machine.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(machine::which(name).unwrap());
    command.env("PATH", machine::search_path());
    command
}

/// The service, with its screen.
pub struct Dunst {
    address: String,
    look: std::path::PathBuf,
    /// The name of the screen.
    pub display: String,
    _screen: Ends,
    service: Ends,
}

impl Dunst {
    /// Starts it on the bus of this folder.
    pub fn start(folder: &Folder) -> Self {
        let (screen, display) = screen();
        let look = folder.write("dunstrc", LOOK);
        let address = folder.address();
        let service = begin(&look, &display, &address);
        Dunst {
            address,
            look,
            display,
            _screen: screen,
            service,
        }
    }

    /// Ends it, and starts another one in its place.
    #[allow(dead_code, reason = "not every test needs another one")]
    pub fn again(&mut self) {
        let _ = self.service.0.kill();
        self.service.0.wait().unwrap();
        self.service = begin(&self.look, &self.display, &self.address);
    }

    /// What it says to its user.
    pub fn ask(&self, words: &[&str]) -> String {
        self.by("dunstctl", words)
    }

    /// What a program of its session says.
    pub fn by(&self, name: &str, words: &[&str]) -> String {
        let output = program(name)
            .args(words)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// How many notifications are on the screen; nothing while it does not answer.
    pub fn displays(&self) -> String {
        self.ask(&["count", "displayed"])
    }
}

fn begin(look: &std::path::Path, display: &str, address: &str) -> Ends {
    let child = program("dunst")
        .arg("-config")
        .arg(look)
        .env("DISPLAY", display)
        .env("DBUS_SESSION_BUS_ADDRESS", address)
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Ends(child.unwrap())
}

/// A screen of its own, and its name.
fn screen() -> (Ends, String) {
    let mut child = program("Xvfb")
        .args([
            "-displayfd",
            "1",
            "-dpi",
            "96",
            "-screen",
            "0",
            "700x206x24",
        ])
        .args(["-nolisten", "tcp", "-noreset"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut number = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut number).unwrap();
    (Ends(child), format!(":{}", number.trim()))
}
