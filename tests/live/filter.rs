//! Firewalls as their own programs set them up: ufw, firewalld.

use std::fs;
use std::process::Command;

use crate::stage::{Server, Stage, run, stories};

/// An address of this machine that others see.
const OWN: &str = "192.168.7.20";

/// Runs a line of a shell that must succeed.
fn sh(line: &str) {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {complaint}");
}

/// Whether `words` succeed.
fn works(words: &[&str]) -> bool {
    let output = Command::new(words[0]).args(&words[1..]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Whether the kernel has what a firewall is made of.
fn has_nftables(stage: &Stage) -> bool {
    if !works(&["nft", "add", "table", "inet", "story"]) {
        stage.pass_over("the kernel has no nftables");
        return false;
    }
    run("nft delete table inet story");
    true
}

/// Puts a copy in the place of a folder, for this story only.
fn own_copy(stage: &Stage, folder: &str) {
    let copy = stage.folder().join(folder.replace('/', "_"));
    run(&format!("cp -a {folder} {}", copy.display()));
    run(&format!("mount --bind {} {folder}", copy.display()));
}

/// Switches ufw on, as it is after its installation, with these rules.
fn ufw(stage: &Stage, rules: &[&str]) -> bool {
    if !stage.needs(&["ufw", "nft"]) || !stage.needs_root() || !has_nftables(stage) {
        return false;
    }
    own_copy(stage, "/etc/ufw");
    stage.cover(
        "/etc/default/ufw",
        &fs::read_to_string("/etc/default/ufw").unwrap(),
    );
    stage.lan(&format!("{OWN}/24"));
    run("ufw --force reset");
    run("ufw --force enable");
    for rule in rules {
        run(&format!("ufw {rule}"));
    }
    true
}

/// Starts firewalld with a message bus of its own, as it is after its installation.
fn firewalld(stage: &Stage) -> Option<Server> {
    if !stage.needs(&["firewalld", "dbus-daemon", "nft"])
        || !stage.needs_root()
        || !has_nftables(stage)
    {
        return None;
    }
    own_copy(stage, "/etc/firewalld");
    stage.lan(&format!("{OWN}/24"));
    let folder = stage.folder();
    let bus = folder.join("bus.conf");
    let rules = "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/>";
    let text = format!(
        "<busconfig><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow user=\"*\"/>{rules}</policy></busconfig>"
    );
    fs::write(&bus, text).unwrap();
    run("mkdir -p /run/dbus /run/log");
    run(&format!(
        "dbus-daemon --fork --config-file={}",
        bus.display()
    ));
    // Its log would be written to the machine's own folder.
    run("mount -t tmpfs tmpfs /var/log");
    let line = "firewalld --nofork --nopid >/dev/null 2>&1 & \
                while ! firewall-cmd --state >/dev/null 2>&1; do sleep 0.05; done; \
                echo ready; wait";
    Some(stage.program(&["timeout", "60", "sh", "-c", line], &folder, "ready"))
}

/// What another machine meets at a port, by a real connection from another namespace.
fn from_outside(port: u16) -> bool {
    works(&[
        "ip",
        "netns",
        "exec",
        "phone",
        "timeout",
        "2",
        "bash",
        "-c",
        &format!("exec 3<>/dev/tcp/{OWN}/{port}"),
    ])
}

/// Puts the other end of the network into a machine of its own.
fn another_machine() {
    run("ip netns add phone");
    run("ip link set lan1 netns phone");
    run("ip -n phone addr add 192.168.7.21/24 dev lan1 nodad");
    run("ip -n phone link set lan1 up");
}

/// The first fix of the first finding, as words.
fn first_fix(answer: &crate::stage::Answer) -> String {
    let words = answer.json["findings"][0]["fixes"][0]["run"].as_array();
    let words: Vec<&str> = words
        .unwrap()
        .iter()
        .filter_map(|word| word.as_str())
        .collect();
    words.join(" ")
}

/// Does what the first fix says.
fn obey(answer: &crate::stage::Answer) {
    let words = answer.json["findings"][0]["fixes"][0]["run"]
        .as_array()
        .unwrap();
    let words: Vec<&str> = words
        .iter()
        .skip(1)
        .filter_map(|word| word.as_str())
        .collect();
    assert!(works(&words), "{words:?}");
}

stories! {
    fn ufw_keeps_others_out_by_its_policy(stage) {
        if !ufw(stage, &[]) {
            return;
        }
        another_machine();
        let _server = stage.server(&format!("serve {OWN}:3000"));
        let answer = stage.why(&format!("{OWN}:3000"));
        answer.names("DD702").exits(0).verdict("reachable").first("says", "a rule of ufw drops");
        assert_eq!(first_fix(&answer), "sudo ufw allow 3000/tcp");
        // The rules say the truth, and so does the fix.
        assert!(!from_outside(3000));
        obey(&answer);
        assert!(from_outside(3000));
        stage.why(&format!("{OWN}:3000")).is_well();
        // What loopback alone sees concerns nobody else.
        stage.why("127.0.0.1:3000").finds("DD304");
    }

    fn ufw_rejects_a_port(stage) {
        if !ufw(stage, &["reject 3000/tcp", "deny 4000:4010/tcp"]) {
            return;
        }
        another_machine();
        let _server = stage.server(&format!("serve {OWN}:3000"));
        let _other = stage.server(&format!("serve {OWN}:4005"));
        let answer = stage.why(&format!("{OWN}:3000"));
        answer.names("DD701").exits(0).first("says", "chain ufw-user-input");
        assert_eq!(first_fix(&answer), "sudo ufw allow 3000/tcp");
        obey(&answer);
        assert!(from_outside(3000));
        let answer = stage.why(&format!("{OWN}:4005"));
        answer.names("DD702").exits(0).first("says", "chain ufw-user-input");
        assert_eq!(first_fix(&answer), "sudo ufw prepend allow 4005/tcp");
        assert!(!from_outside(4005));
        obey(&answer);
        assert!(from_outside(4005));
    }

    fn ufw_lets_only_some_in(stage) {
        if !ufw(stage, &["allow from 192.168.7.0/24 to any port 3000 proto tcp"]) {
            return;
        }
        let _server = stage.server(&format!("serve {OWN}:3000"));
        stage.why(&format!("{OWN}:3000")).is_well();
    }

    fn ufw_forbids_what_goes_out(stage) {
        if !ufw(stage, &["reject out 5432/tcp", "deny out 5433/tcp"]) {
            return;
        }
        another_machine();
        let answer = stage.why("192.168.7.21:5432");
        answer.finds("DD701").first("confidence", "certain").first("says", "a rule of ufw");
        assert_eq!(first_fix(&answer), "sudo ufw allow out 5432/tcp");
        obey(&answer);
        // Now it is the other machine that refuses.
        stage.why("192.168.7.21:5432").finds("DD911");
        let answer = stage.why("192.168.7.21:5433");
        answer.finds("DD702").first("confidence", "certain").first("says", "a rule of ufw");
        assert_eq!(first_fix(&answer), "sudo ufw allow out 5433/tcp");
    }

    fn firewalld_keeps_others_out(stage) {
        let Some(_firewalld) = firewalld(stage) else {
            return;
        };
        another_machine();
        sh("firewall-cmd --add-rich-rule='rule port port=\"4000\" protocol=\"tcp\" drop'");
        let _server = stage.server(&format!("serve {OWN}:3000"));
        let _other = stage.server(&format!("serve {OWN}:4000"));
        // The end of the zone.
        let answer = stage.why(&format!("{OWN}:3000"));
        answer.names("DD701").exits(0).first("says", "a rule of firewalld refuses");
        let fix = "sudo firewall-cmd --zone=public --add-port=3000/tcp";
        assert_eq!(first_fix(&answer), fix);
        assert!(!from_outside(3000));
        obey(&answer);
        assert!(from_outside(3000));
        stage.why(&format!("{OWN}:3000")).is_well();
        // A rule that denies comes before the ports that are open.
        let answer = stage.why(&format!("{OWN}:4000"));
        answer.names("DD702").exits(0).first("says", "a rule of firewalld drops");
        assert!(!from_outside(4000));
        obey(&answer);
        assert!(from_outside(4000));
    }

    fn firewalld_forbids_what_goes_out(stage) {
        let Some(_firewalld) = firewalld(stage) else {
            return;
        };
        another_machine();
        for line in [
            "--permanent --new-policy out",
            "--permanent --policy out --add-ingress-zone HOST",
            "--permanent --policy out --add-egress-zone ANY",
            "--permanent --policy out --add-rich-rule='rule port port=\"5432\" protocol=\"tcp\" reject'",
            "--permanent --policy out --add-rich-rule='rule port port=\"5433\" protocol=\"tcp\" drop'",
            "--reload",
        ] {
            sh(&format!("firewall-cmd {line}"));
        }
        let answer = stage.why("192.168.7.21:5432");
        answer.finds("DD701").first("confidence", "certain").first("says", "a rule of firewalld");
        obey(&answer);
        stage.why("192.168.7.21:5432").finds("DD911");
        let answer = stage.why("192.168.7.21:5433");
        answer.finds("DD702").first("confidence", "certain").first("says", "a rule of firewalld");
    }
}
