//! Nobody listens.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::stage::{Ask, Server, Stage, stories};

/// A shell script that runs a command again and again, and tells of each round.
fn in_loop(stage: &Stage, project: &Path, command: &str, pause: &str) -> Server {
    let script =
        format!("echo begun\nwhile true; do {command}; echo >> rounds; sleep {pause}; done\n");
    std::fs::write(project.join("run.sh"), script).unwrap();
    stage.program(&["sh", "run.sh"], project, "begun")
}

/// The command of a server that ends with an error. A shell plays Python, which on a busy
/// machine takes longer to start than supervisors are watched.
fn crashing_server(project: &Path) -> &'static str {
    let python = project.join("python3");
    if !python.exists() {
        std::os::unix::fs::symlink("/bin/sh", python).unwrap();
    }
    // It tries for a moment: what ends at once can be missed.
    let server = "sleep 0.1\necho no database\nexit 1\n";
    std::fs::write(project.join("server.py"), server).unwrap();
    "./python3 server.py"
}

/// Waits until a loop has gone round after it ran for this long.
fn goes_round(project: &Path, after: Duration) {
    let began = Instant::now();
    let rounds = || std::fs::metadata(project.join("rounds")).map_or(0, |file| file.len());
    let mut before = rounds();
    while began.elapsed() < after || rounds() == before {
        assert!(began.elapsed() < Duration::from_secs(20), "the loop stands");
        if began.elapsed() < after {
            before = rounds();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
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

/// A project whose `dev` script is this, and a program of this name that Python plays.
fn project_with(stage: &Stage, script: &str, program: &str, text: &str) -> std::path::PathBuf {
    let project = stage.project("shop");
    let package = format!("{{ \"name\": \"shop\", \"scripts\": {{ \"dev\": \"{script}\" }} }}\n");
    std::fs::write(project.join("package.json"), package).unwrap();
    let bin = project.join("node_modules/.bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join(program), text).unwrap();
    project
}

/// Starts that program, and waits until it has written this.
fn play(stage: &Stage, project: &Path, words: &str, writes: &str) -> Server {
    let words: Vec<&str> = words.split(' ').collect();
    stage.program(&words, project, writes)
}

/// A server in Python on the port that this expression gives.
fn serves(port: &str) -> String {
    format!(
        "import http.server, os\n\
         s = http.server.HTTPServer(('127.0.0.1', {port}), http.server.SimpleHTTPRequestHandler)\n\
         print('ready', flush=True)\n\
         s.serve_forever()\n"
    )
}

stories! {
    fn not_started(stage) {
        let project = project_with(stage, "vite --port 3000", "vite", "");
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD202")
            .first("says", "shop should have port 3000, and is not running")
            .first("confidence", "certain")
            .fix("npm run dev")
            .within(Duration::from_secs(3));
        // From a folder of the project, the command says where it belongs.
        let below = project.join("src");
        std::fs::create_dir_all(&below).unwrap();
        let answer = stage.ask(Ask::new("3000").in_folder(&below));
        let folder = &answer.finds("DD202").json["findings"][0]["fixes"][0]["folder"];
        assert_eq!(*folder, project.display().to_string(), "{}", answer.json);
        // Another port is nobody's.
        stage.ask(Ask::new("3001").in_folder(&project)).finds("DD201");
    }

    fn still_starting(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let busy = "import time\nprint('begun', flush=True)\n\
                    end = time.time() + 8\nwhile time.time() < end: pass\n";
        let text = format!("{busy}{}", serves("5173"));
        let project = project_with(stage, "vite", "vite", &text);
        let _server = play(stage, &project, "python3 node_modules/.bin/vite", "begun");
        stage
            .ask(Ask::new("5173").in_folder(&project))
            .finds("DD204")
            .first("says", "and does not listen yet")
            .fix("devdoctor wait 5173");
        let listens = || std::net::TcpStream::connect("127.0.0.1:5173").is_ok();
        while !listens() {
            std::thread::sleep(Duration::from_millis(100));
        }
        stage.ask(Ask::new("5173").in_folder(&project)).is_well();
    }

    fn a_stranger_in_no_project_has_the_port(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let folder = stage.folder().join("downloads");
        std::fs::create_dir_all(&folder).unwrap();
        let words = ["python3", "-u", "-m", "http.server", "-b", "127.0.0.1", "3000"];
        let _holder = stage.program(&words, &folder, "Serving HTTP");
        let project = project_with(stage, "next dev", "next", "");
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD409")
            .first("says", "not by shop of this project");
        // Nobody in particular should be there where no file says so.
        stage.ask(Ask::new("3000").in_folder(&stage.work())).exits(0);
    }

    fn moved_port(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let blog = stage.project("blog");
        let words = ["python3", "-u", "-m", "http.server", "-b", "127.0.0.1", "3000"];
        let holder = stage.program(&words, &blog, "Serving HTTP");
        // It does what Next.js does: the next free port.
        let next = format!(
            "import socket\n\
             free = next(p for p in range(3000, 3100) if socket.socket().connect_ex(('127.0.0.1', p)))\n{}",
            serves("free")
        );
        let project = project_with(stage, "next dev", "next", &next);
        let _server = play(stage, &project, "python3 node_modules/.bin/next dev", "ready");
        let answer = stage.ask(Ask::new("3000").in_folder(&project));
        answer
            .finds("DD205")
            .first("says", "is on port 3001, because python -m http.server")
            .first("severity", "warning");
        assert!(answer.codes().iter().all(|code| *code != "DD409"), "{}", answer.json);
        // Who had the port goes, and ours stays where it is.
        drop(holder);
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD205")
            .verdict("refused")
            .first("says", "is free now");
    }

    fn other_port(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let next = serves("int(os.environ['PORT'])");
        let project = project_with(stage, "next dev", "next", &next);
        let words = "env PORT=4000 python3 node_modules/.bin/next dev";
        let _server = play(stage, &project, words, "ready");
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD206")
            .first("says", "listens on port 4000, not on 3000, as PORT of its environment says");
    }

    fn a_server_that_waits_for_its_debugger(stage) {
        if !stage.needs(&["node"]) {
            return;
        }
        let project = stage.project("api");
        let server = "require('http').createServer((_, r) => r.end()).listen(3000)\n";
        std::fs::write(project.join("server.js"), server).unwrap();
        let line = "exec node --inspect-brk server.js 2>&1";
        let _server = stage.program(&["sh", "-c", line], &project, "Debugger listening");
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD207")
            .first("says", "node server.js (pid ")
            .first("says", "waits for a debugger on port 9229")
            .fix("node inspect 127.0.0.1:9229");
    }

    fn a_build_in_the_place_of_the_server(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let text = "import time\nprint('built', flush=True)\ntime.sleep(600)\n";
        let project = project_with(stage, "vite", "vite", text);
        let words = "python3 node_modules/.bin/vite build --watch";
        let _build = play(stage, &project, words, "built");
        stage
            .ask(Ask::new("5173").in_folder(&project))
            .finds("DD207")
            .first("says", "`vite build --watch`")
            .fix("npm run dev");
    }

    fn a_server_that_answers_well_has_no_files_read(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let project = project_with(stage, "vite", "vite", &serves("5173"));
        let _server = play(stage, &project, "python3 node_modules/.bin/vite", "ready");
        let answer = stage.ask(Ask::new("http://localhost:5173").in_folder(&project));
        answer.is_well();
        let looks = answer.json["looks"].as_array().unwrap();
        let read = looks.iter().any(|look| look["what"].as_str().is_some_and(|w| w.starts_with("project ")));
        assert!(!looks.is_empty() && !read, "{}", answer.json);
    }

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
        for pause in ["0.2", "0.7"] {
            let project = stage.project("api");
            let _loop = in_loop(stage, &project, crashing_server(&project), pause);
            // A server as old as its shell, but for a second, is the first, and no loop yet.
            goes_round(&project, Duration::from_millis(1100));
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
        let other = stage.project("other");
        let _loop = in_loop(stage, &other, crashing_server(&other), "0.2");
        goes_round(&other, Duration::from_millis(1100));
        let project = stage.project("api");
        let answer = stage.ask(Ask::new("3000").in_folder(&project));
        answer.finds("DD201");
        let looks = answer.json["looks"].as_array().unwrap();
        let watching = looks.iter().find(|look| look["what"] == "departed").unwrap();
        // Supervisors are watched for a second and a half.
        assert!(watching["took_us"].as_u64().unwrap() < 1_000_000, "{watching}");
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
