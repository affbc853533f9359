//! Without things: other users' servers, no process table, an engine that never answers.

use std::time::Duration;

use crate::stage::{Ask, run, stories};

stories! {
    fn another_users_server_is_seen_without_its_name(stage) {
        if !stage.needs(&["setpriv"]) || !stage.needs_root() {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let answer = stage.ask(Ask::new("http://localhost:3000").by_another_user());
        answer.is_well();
        assert_eq!(answer.json["listeners"][0]["uid"], 0);
        assert!(answer.json["listeners"][0]["pid"].is_null());
    }

    fn another_users_silent_server_is_a_blind_spot(stage) {
        if !stage.needs(&["setpriv"]) || !stage.needs_root() {
            return;
        }
        let server = stage.server("serve 127.0.0.1:3000");
        server.stop();
        let answer = stage.ask(Ask::new("http://127.0.0.1:3000").by_another_user());
        // It cannot be seen that it is stopped; that this is out of sight is said.
        assert!(answer.codes().contains(&"DD990"), "{}", answer.json);
        assert!(!answer.codes().contains(&"DD201"), "{}", answer.json);
    }

    fn another_users_home_has_no_settings_for_us(stage) {
        if !stage.needs(&["setpriv"]) || !stage.needs_root() {
            return;
        }
        let home = stage.folder().join("home-of-root");
        let config = home.join(".config/devdoctor");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("devdoctor.toml"), "no settings").unwrap();
        run(&format!("chmod 700 {}", home.display()));
        let ask = Ask::new("3000").by_another_user();
        stage.ask(ask.var("HOME", &home.display().to_string())).finds("DD201");
    }

    fn another_machine_is_not_diagnosed_by_what_listens_here(stage) {
        let _server = stage.server("serve 0.0.0.0:3000");
        // Nothing leads out of the story's own network namespace.
        let answer = stage.why("192.0.2.1:3000");
        answer.finds("DD913");
        assert_eq!(answer.json["listeners"].as_array().map(Vec::len), Some(0), "{}", answer.json);
    }

    fn a_process_table_that_is_hidden(stage) {
        if !stage.needs(&["setpriv"]) || !stage.needs_root() {
            return;
        }
        run("mount -t proc -o hidepid=2 proc /proc");
        let _server = stage.server("serve 127.0.0.1:3000");
        let answer = stage.ask(Ask::new("[::1]:3000").by_another_user());
        // The address is wrong, whoever it is.
        answer.finds("DD301");
        assert_ne!(answer.json["findings"][0]["confidence"], "certain");
    }

    fn a_server_that_vanishes_while_it_is_looked_at(stage) {
        let _server = stage.server("vanish 127.0.0.1:3000");
        let answer = stage.why("http://127.0.0.1:3000");
        answer.exits(1).verdict("reset").within(Duration::from_secs(3));
    }

    fn an_engine_that_never_answers(stage) {
        let path = stage.folder().join("docker.sock");
        let _engine = stage.server(&format!("deaf-engine {}", path.display()));
        let answer =
            stage.ask(Ask::new("3000").var("DOCKER_HOST", &format!("unix://{}", path.display())));
        // Its container may be what is missing: that is said, and nothing is certain.
        answer.exits(1).misses("containers").within(Duration::from_secs(3));
        let told = |code| answer.codes().contains(&code);
        assert!(told("DD511") || told("DD990"), "{}", answer.json);
        assert_ne!(answer.json["findings"][0]["confidence"], "certain");
    }

    fn without_netlink_the_sockets_are_read_from_proc(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        // A filter in the kernel that refuses sockets of the family AF_NETLINK.
        let script = stage.folder().join("no-netlink.py");
        std::fs::write(&script, NO_NETLINK).unwrap();
        let _server = stage.server("serve [::1]:3000");
        let by = format!("python3 {}", script.display());
        stage.ask(Ask::new("127.0.0.1:3000").by(&by)).finds("DD301");
        stage.ask(Ask::new("3001").by(&by)).finds("DD201");
    }
}

/// Runs a command without netlink: seccomp answers `socket(AF_NETLINK, …)` with an error.
const NO_NETLINK: &str = r#"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
def ins(code, jt, jf, k):
    return struct.pack("HBBI", code, jt, jf, k)
program = b"".join([
    ins(0x20, 0, 0, 0),            # the number of the call
    ins(0x15, 0, 3, number),       # socket?
    ins(0x20, 0, 0, 16),           # its first argument
    ins(0x15, 0, 1, 16),           # AF_NETLINK?
    ins(0x06, 0, 0, 0x00050000 | 97),  # EAFNOSUPPORT
    ins(0x06, 0, 0, 0x7fff0000),   # everything else is allowed
])
text = ctypes.create_string_buffer(program, len(program))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_void_p)]
rules = Filter(len(program) // 8, ctypes.addressof(text))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(rules), 0, 0) == 0, ctypes.get_errno()
os.execvp(sys.argv[1], sys.argv[1:])
"#;
