//! A unit of systemd takes the network away from whoever runs in it.
//!
//! systemd itself need not run: a story makes the unit's file, its cgroup, and the
//! program in the cgroup by which systemd would do it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::stage::{Ask, Stage, run, stories};

/// A unit, and the cgroup of what runs in it.
struct Unit {
    name: &'static str,
    slice: PathBuf,
    cgroup: PathBuf,
    /// A script that puts itself there, and becomes the rest of its words.
    enter: String,
}

impl Unit {
    /// Makes a unit with this text; nothing where the machine has no such cgroups.
    fn make(stage: &Stage, name: &'static str, text: &str) -> Option<Self> {
        if !stage.needs_root() || !stage.needs(&["python3", "nft"]) {
            return None;
        }
        let tree = stage.folder().join("cgroup");
        fs::create_dir_all(&tree).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "cgroup2", "none"])
            .arg(&tree)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            stage.pass_over("the kernel has no second kind of cgroups");
            return None;
        }
        let slice = tree.join("devdoctor.slice");
        let cgroup = slice.join(name);
        fs::create_dir_all(&cgroup).unwrap();
        let enter = stage.folder().join(format!("enter-{name}.sh"));
        let into = cgroup.join("cgroup.procs");
        let script = format!("echo $$ > {}\nexec \"$@\"\n", into.display());
        fs::write(&enter, script).unwrap();
        let files = PathBuf::from("/run/systemd/transient");
        fs::create_dir_all(&files).unwrap();
        fs::write(files.join(name), text).unwrap();
        Some(Unit {
            name,
            slice,
            cgroup,
            enter: enter.display().to_string(),
        })
    }

    /// Has the kernel drop what comes into the cgroup and what leaves it.
    fn filter(&self, stage: &Stage) -> bool {
        let file = stage.folder().join("filter.py");
        fs::write(&file, include_str!("scripts/cgroup_filter.py")).unwrap();
        let made = Command::new("python3")
            .arg(&file)
            .arg(&self.cgroup)
            .output()
            .unwrap();
        if !made.status.success() {
            let why = String::from_utf8_lossy(&made.stderr);
            let why = why.lines().last().unwrap_or("it gave no reason");
            stage.pass_over(&format!("no program for a cgroup may be loaded: {why}"));
        }
        made.status.success()
    }
}

impl Drop for Unit {
    /// The tree of cgroups is the machine's own: what was made in it goes.
    fn drop(&mut self) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        // Whoever has just ended may still be in it.
        while fs::remove_dir(&self.cgroup).is_err() && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        let _ = fs::remove_dir(&self.slice);
    }
}

const DENIES: &str = "[Unit]\nDescription=A story\n\n[Service]\nIPAddressDeny=any\n";

stories! {
    fn a_unit_drops_what_comes_to_its_server(stage) {
        let Some(unit) = Unit::make(stage, "devdoctor-server.service", DENIES) else {
            return;
        };
        let _server = stage.server_by("serve 127.0.0.1:3000", &["sh", &unit.enter]);
        // Without the program in the kernel the setting does nothing, and nothing is said.
        stage.why("127.0.0.1:3000").is_well();
        if !unit.filter(stage) {
            return;
        }
        stage
            .why("127.0.0.1:3000")
            .finds("DD708")
            .verdict("timed-out")
            .first("confidence", "certain")
            .first("says", "IPAddressDeny=any of devdoctor-server.service")
            .fix(&format!(
                "sudo systemctl set-property {} IPAddressAllow=localhost",
                unit.name
            ));
        // It is no cause where the unit lets this machine in.
        let file = "/run/systemd/transient/devdoctor-server.service";
        fs::write(file, format!("{DENIES}IPAddressAllow=localhost\n")).unwrap();
        let answer = stage.why("127.0.0.1:3000");
        assert!(!answer.codes().contains(&"DD708"), "{:?}", answer.codes());
    }

    fn a_unit_drops_what_its_shell_sends(stage) {
        let Some(unit) = Unit::make(stage, "devdoctor-client.service", DENIES) else {
            return;
        };
        if !unit.filter(stage) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.why("127.0.0.1:3000").is_well();
        let inside = format!("sh {}", unit.enter);
        stage
            .ask(Ask::new("127.0.0.1:3000").by(&inside))
            .finds("DD708")
            .verdict("timed-out")
            .first("says", "what this shell sends to 127.0.0.1:3000");
        stage.lan("192.168.50.10/24");
        run("ip route add default via 192.168.50.1");
        stage
            .ask(Ask::new("10.9.9.9:3000").by(&inside))
            .finds("DD708")
            .first("confidence", "likely")
            .fix("sudo systemctl set-property devdoctor-client.service IPAddressAllow=10.9.9.9");
    }
}
