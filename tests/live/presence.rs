//! Nobody listens.

use std::path::Path;
use std::time::Duration;

use crate::stage::{Ask, stories};

stories! {
    fn nothing_listens(stage) {
        stage
            .why("3000")
            .finds("DD201")
            .verdict("refused")
            .first("confidence", "certain")
            .within(Duration::from_secs(3));
    }

    fn a_server_that_answers_is_well(stage) {
        let _server = stage.server("serve [::]:3000");
        // No IPv6-only socket: both addresses of localhost answer.
        stage.why("http://localhost:3000/").is_well();
    }

    fn exited(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        // A watcher, by its name, whose server has gone.
        let project = stage.project("api");
        let bin = project.join("nodemon");
        std::fs::write(&bin, "import time\nprint('waiting', flush=True)\ntime.sleep(600)\n").unwrap();
        let script = bin.display().to_string();
        let _watcher = stage.program(&["python3", &script, "server.js"], &project, "waiting");
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD203")
            .first("says", "nodemon");
    }

    fn udp_only(stage) {
        let _server = stage.server("udp 127.0.0.1:5353");
        stage.why("5353").finds("DD209");
    }

    fn unix_socket_only(stage) {
        let path = stage.folder().join(".s.PGSQL.5432");
        let _server = stage.server(&format!("unix {}", path.display()));
        let folder = stage.folder().display().to_string();
        stage
            .why("postgres://localhost:5432/app")
            .finds("DD210")
            .fix(&format!("psql -h {folder} -p 5432"));
    }

    fn other_namespace(stage) {
        let _server = stage.server_by("deaf 0.0.0.0:3000", &["unshare", "--net"]);
        stage.why("3000").finds("DD212");
        // The other namespace's loopback is not even up: nothing is answered by accident.
        assert!(Path::new("/proc/self/ns/net").exists());
    }

    fn a_free_port_among_the_outgoing_ones_is_refused(stage) {
        // A port of the range for outgoing connections must not connect to itself.
        std::fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40002").unwrap();
        for _ in 0..20 {
            stage.why("127.0.0.1:40001").finds("DD201").verdict("refused");
        }
    }
}
