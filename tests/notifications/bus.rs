//! A session bus of a test's own, in a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::machine;

/// A folder of this test's own, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Short: the path of a socket has about a hundred bytes.
        Folder::at(std::env::temp_dir().join(format!("ddn-{}-{number}", std::process::id())))
    }

    /// A folder at this path, for whoever has a number as another test does: those who stand
    /// in namespaces of their own.
    pub fn at(path: PathBuf) -> Self {
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("bin")).unwrap();
        fs::create_dir_all(path.join("services")).unwrap();
        Folder(path)
    }

    pub fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A program in the folder that is the test's only `PATH`.
    pub fn program(&self, name: &str, text: &str) {
        let path = self.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The address of the bus of this folder, whether there is one or not.
    pub fn address(&self) -> String {
        format!("unix:path={}/bus", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that ends with this.
pub struct Ends(pub Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether there is a bus to be had; says so if not.
pub fn there_is_one(test: &str) -> bool {
    let there = machine::which("dbus-daemon").is_some();
    if !there {
        machine::pass_over(test, "dbus-daemon is not installed");
    }
    there
}

/// Starts a bus. It starts no services but those described in the folder `services`.
pub fn start(folder: &Folder) -> Ends {
    let at = folder.0.display();
    // A socket of a bus that was there before.
    let _ = fs::remove_file(folder.0.join("bus"));
    let config = folder.write(
        "bus.conf",
        &format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig><type>session</type><listen>unix:path={at}/bus</listen>\
             <auth>EXTERNAL</auth><servicedir>{at}/services</servicedir>\
             <policy context=\"default\"><allow send_destination=\"*\"/><allow own=\"*\"/>\
             <allow receive_sender=\"*\"/></policy></busconfig>\n"
        ),
    );
    let mut child = Command::new(machine::which("dbus-daemon").unwrap())
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--nosyslog", "--print-address=1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It misses its settings when the folder goes before it does.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    assert!(line.starts_with("unix:"), "the bus says {line:?}");
    Ends(child)
}

/// What a program of the folder has written into a file beside it, once it has.
pub async fn written(folder: &Folder, file: &str) -> String {
    let path: &Path = &folder.0.join(file);
    crate::until::until(&format!("{file} is written"), || {
        fs::read_to_string(path)
            .ok()
            .filter(|text| !text.is_empty())
    })
    .await
}
