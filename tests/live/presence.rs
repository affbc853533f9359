//! Nobody listens.

use std::path::Path;
use std::time::Duration;

use crate::stage::{Ask, Server, Stage, stories};

/// A shell script that runs a command again and again.
fn in_loop(stage: &Stage, project: &Path, command: &str, pause: &str) -> Server {
    // It tries for a moment: what ends at once can be missed on a busy machine.
    let server =
        "import sys, time\ntime.sleep(0.1)\nprint('no database', flush=True)\nsys.exit(1)\n";
    std::fs::write(project.join("server.py"), server).unwrap();
    let script = format!("echo begun\nwhile true; do {command}; sleep {pause}; done\n");
    std::fs::write(project.join("run.sh"), script).unwrap();
    stage.program(&["sh", "run.sh"], project, "begun")
}

/// A program that goes by this name and runs others.
fn supervisor(stage: &Stage, project: &Path, name: &str, text: &str) -> Server {
    std::fs::write(project.join("server.py"), "import sys\nsys.exit(1)\n").unwrap();
    let bin = project.join(name);
    let text = format!("import subprocess, time\nprint('begun', flush=True)\n{text}\n");
    std::fs::write(&bin, text).unwrap();
    let bin = bin.display().to_string();
    stage.program(&["python3", &bin, "run", "-w"], project, "begun")
}

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

    fn a_shell_that_restarts_a_server_that_crashes(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        for pause in ["0.2", "0.7"] {
            let project = stage.project("api");
            let _loop = in_loop(stage, &project, "python3 server.py", pause);
            // The first round is no loop yet.
            std::thread::sleep(Duration::from_millis(1500));
            let answer = stage.ask(Ask::new("3000").in_folder(&project));
            answer
                .finds("DD213")
                .first("says", "python server.py ends soon after each start")
                .within(Duration::from_secs(4));
        }
    }

    fn a_supervisor_that_restarts_a_server_that_crashes(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let project = stage.project("api");
        let text = "while True:\n subprocess.run(['python3', 'server.py'])\n time.sleep(0.3)";
        let _supervisor = supervisor(stage, &project, "supervisord", text);
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD213")
            .first("says", "supervisord (pid ");
    }

    fn a_zombie_under_its_watcher(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let project = stage.project("api");
        let text = "subprocess.Popen(['python3', 'server.py'])\ntime.sleep(600)";
        let _watcher = supervisor(stage, &project, "nodemon", text);
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD203")
            .first("says", "nodemon (pid ");
    }

    fn a_server_that_is_still_starting_is_no_crash_loop(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let project = stage.project("api");
        std::fs::write(project.join("slow.py"), "import time\ntime.sleep(600)\n").unwrap();
        // A watcher that compiles once and then starts the server.
        std::fs::write(project.join("compile.py"), "import time\ntime.sleep(0.3)\n").unwrap();
        let start = "subprocess.Popen(['python3', 'slow.py']).wait()";
        let compile = format!("subprocess.run(['python3', 'compile.py'])\n{start}");
        let _npm = supervisor(stage, &project, "npm", start);
        stage.ask(Ask::new("3000").in_folder(&project)).finds("DD201");
        let _nodemon = supervisor(stage, &project, "nodemon", &compile);
        stage.ask(Ask::new("3000").in_folder(&project)).finds("DD201");
        let _tsc = supervisor(stage, &project, "tsc", &compile);
        stage.ask(Ask::new("3000").in_folder(&project)).finds("DD201");
    }

    fn a_shell_that_waits_for_the_server_is_no_crash_loop(stage) {
        let project = stage.project("api");
        let _loop = in_loop(stage, &project, "cat /dev/null", "0.2");
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD201");
    }

    fn a_loop_in_another_project_costs_no_time(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let _loop = in_loop(stage, &stage.project("other"), "python3 server.py", "0.2");
        let project = stage.project("api");
        let answer = stage.ask(Ask::new("3000").in_folder(&project));
        answer.finds("DD201");
        let took = answer.json["took_ms"].as_u64().unwrap();
        assert!(took < 100, "{took} ms");
    }

    fn a_server_that_ends_at_the_first_connection(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let project = stage.project("api");
        let server = "import socket\n\
            s = socket.create_server(('127.0.0.1', 3000))\n\
            print('ready', flush=True)\n\
            s.accept()\n";
        std::fs::write(project.join("once.py"), server).unwrap();
        let _server = stage.program(&["python3", "once.py"], &project, "ready");
        stage
            .ask(Ask::new("127.0.0.1:3000").in_folder(&project))
            .finds("DD203")
            .first("says", "python once.py ended while we looked");
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
