//! A machine on which there is much to see.

use std::path::Path;

use crate::keeper::Keeper;
use crate::stage::stories;

/// Where the crowd listens.
const FIRST: u16 = 20_000;
const SOCKETS: u16 = 10_000;

stories! {
    fn ten_thousand_sockets_and_five_thousand_processes(stage) {
        if !stage.needs_root() || !stage.needs(&["prlimit"]) {
            return;
        }
        let keeper = Keeper::new(stage);
        let daemon = keeper.daemon();
        let idle = "n=0; while [ $n -lt 5000 ]; do sleep 600 & n=$((n+1)); done; echo begun; wait";
        let _processes = stage.program(&["sh", "-c", idle], Path::new("/"), "begun");
        let crowd = format!("crowd {FIRST} {SOCKETS}");
        let sockets = stage.server_by(&crowd, &["prlimit", "--nofile=20000"]);
        let last = (FIRST + SOCKETS - 1).to_string();
        let owner = || keeper.json(&["history", &last, "--json"], Path::new("/"))["owners"][0].clone();
        keeper.until("the last of them is known", || owner()["id"]["pid"].is_u64());
        assert_eq!(keeper.json(&["ports", "--json"], Path::new("/"))["ports"].as_array().unwrap().len(), usize::from(SOCKETS));
        drop(sockets);
        keeper.until("their end is known", || owner()["until"].is_u64());
        // One more server is seen as ever.
        let _server = stage.server("serve 127.0.0.1:3000");
        keeper.until("it is known", || {
            keeper.json(&["history", "3000", "--json"], Path::new("/"))["owners"][0]["id"]["pid"].is_u64()
        });
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kilobytes: u32 = resident.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 200_000, "{kilobytes} kB are resident");
    }
}
