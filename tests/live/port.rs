//! Somebody has the port and does not serve it: at a breakpoint, by a socket that was
//! inherited or only bound, as a member of a group, by a connection.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::stage::{Ask, Stage, stories};

/// Longer than any machine needs, however busy it is.
const LONG: Duration = Duration::from_secs(20);

/// Waits until a process is in this state.
fn until_state(pid: u32, state: &str) {
    let began = Instant::now();
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let is = stat.rsplit(") ").next().unwrap_or_default();
        if is.starts_with(state) {
            return;
        }
        assert!(
            began.elapsed() < LONG,
            "pid {pid} is never in state {state}: {is}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A connection from this port to that one.
fn connect_from(from: &str, to: &str) -> TcpStream {
    let (from, to): (SocketAddr, SocketAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// Closes both ends, this one first: this one is remembered.
fn close(first: TcpStream, mut second: TcpStream) {
    first.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
    drop(second);
    let mut first = first;
    assert_eq!(first.read(&mut [0]).unwrap(), 0);
}

/// Attaches to the debugger of a Node.js, over its WebSocket, and stays.
const ATTACH: &str = r"
import json, socket, urllib.request
page = json.load(urllib.request.urlopen('http://127.0.0.1:9229/json/list'))[0]
path = page['webSocketDebuggerUrl'].split(':9229')[1]
s = socket.create_connection(('127.0.0.1', 9229))
s.sendall((f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9229\r\nUpgrade: websocket\r\n'
    'Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    'Sec-WebSocket-Version: 13\r\n\r\n').encode())
assert b'101' in s.recv(4096)
words = json.dumps({'id': 1, 'method': 'Debugger.enable'}).encode()
s.sendall(bytes([0x81, 0x80 | len(words), 0, 0, 0, 0]) + words)
while b'debuggerId' not in s.recv(65536):
    pass
print('attached', flush=True)
while s.recv(65536):
    pass
";

/// A server that stops at a breakpoint for every request.
const SERVER: &str = "const server = require('http').createServer((_, answer) => {\n\
    debugger\n answer.end('story')\n})\n\
    server.listen(3000, '127.0.0.1', () => console.log('it listens'))\n";

/// A server that starts `sleep` with all it has open, and ends.
const ENDS: &str = "import os, socket, subprocess\n\
    s = socket.create_server(('127.0.0.1', 3000))\nos.set_inheritable(s.fileno(), True)\n\
    child = subprocess.Popen(['sleep', '600'], close_fds=False)\n\
    print(f'pid {child.pid}', flush=True)\n";

fn project(stage: &Stage, script: &str) -> std::path::PathBuf {
    let project = stage.project("web");
    let package = format!("{{ \"name\": \"web\", \"scripts\": {{ \"dev\": \"{script}\" }} }}\n");
    std::fs::write(project.join("package.json"), package).unwrap();
    project
}

stories! {
    fn paused_in_gdb(stage) {
        if !stage.needs(&["gdb"]) {
            return;
        }
        let server = stage.server("serve 127.0.0.1:3000");
        let pid = server.pid().to_string();
        let words = [
            "gdb", "-q", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex",
            "set auto-load off", "-p", &pid, "-ex", "echo attached\\n", "-ex", "shell sleep 600",
        ];
        let _gdb = stage.program(&words, &stage.work(), "attached");
        until_state(server.pid(), "t");
        stage
            .why("http://127.0.0.1:3000")
            .finds("DD402")
            .first("confidence", "certain")
            .first("says", "is paused in gdb (pid ");
    }

    fn paused_in_the_debugger_of_node(stage) {
        if !stage.needs(&["node", "python3"]) {
            return;
        }
        let folder = stage.work();
        std::fs::write(folder.join("server.js"), SERVER).unwrap();
        let words = ["node", "--inspect=127.0.0.1:9229", "server.js"];
        let _server = stage.program(&words, &folder, "it listens");
        let debugger = stage.program(&["python3", "-c", ATTACH], &folder, "attached");
        // The first request runs into the breakpoint, and the next ones are not taken.
        stage
            .ask(Ask::new("http://127.0.0.1:3000"))
            .finds("DD402")
            .first("says", "may stand at a breakpoint")
            .first("confidence", "possible");
        stage
            .why("http://127.0.0.1:3000")
            .finds("DD402")
            .first("says", "a debugger is attached to it on port 9229")
            .first("confidence", "likely");
        // Without a debugger nothing stops it.
        drop(debugger);
        stage.why("http://127.0.0.1:3000").is_well();
    }

    fn stale_reuseport_member(stage) {
        let _first = stage.server("reuseport 127.0.0.1:3000");
        let second = stage.server("reuseport 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000").is_well();
        second.stop();
        // Whichever of them takes the connection.
        for _ in 0..4 {
            stage
                .why("http://127.0.0.1:3000")
                .finds("DD416")
                .first("confidence", "certain")
                .first("says", &format!("(pid {}) is one of 2 servers", second.pid()))
                .fix(&format!("kill -CONT {}", second.pid()));
        }
    }

    fn inherited_socket(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let _starter = stage.program(&["python3", "-c", ENDS], &stage.work(), "pid ");
        let began = Instant::now();
        // Its starter ends at once; the first process adopts it.
        let mut answer = stage.why("http://127.0.0.1:3000");
        while answer.codes().first() != Some(&"DD406") && began.elapsed() < LONG {
            answer = stage.why("http://127.0.0.1:3000");
        }
        answer.finds("DD406").first("says", "sleep (pid ");
    }

    fn bound_and_not_listening(stage) {
        let server = stage.server("bound 127.0.0.1:3000");
        stage
            .why("127.0.0.1:3000")
            .finds("DD208")
            .first("says", &format!("(pid {}) has bound port 3000", server.pid()));
        drop(server);
        stage.why("127.0.0.1:3000").finds("DD201").first("confidence", "certain");
    }

    fn a_connection_has_the_port(stage) {
        let listener = TcpListener::bind("127.0.0.1:5000").unwrap();
        let out = connect_from("127.0.0.1:40000", "127.0.0.1:5000");
        let (taken, _) = listener.accept().unwrap();
        assert!(TcpListener::bind("127.0.0.1:40000").is_err(), "it could be had");
        stage
            .why("127.0.0.1:40000")
            .finds("DD411")
            .first("says", "uses it as its own end");
        close(out, taken);
        stage
            .why("127.0.0.1:40000")
            .finds("DD411")
            .first("says", "TIME_WAIT");
    }

    fn what_is_left_of_a_servers_connections_hinders_nobody(stage) {
        let listener = TcpListener::bind("127.0.0.1:3000").unwrap();
        let client = TcpStream::connect("127.0.0.1:3000").unwrap();
        let (taken, _) = listener.accept().unwrap();
        drop(listener);
        // It closes down, and still serves the one that it has.
        stage.why("127.0.0.1:3000").finds("DD201");
        close(taken, client);
        stage.why("127.0.0.1:3000").finds("DD201").first("confidence", "certain");
        drop(TcpListener::bind("127.0.0.1:3000").unwrap());
    }

    fn a_port_that_only_root_may_have(stage) {
        if !stage.needs_root() || !stage.needs(&["setpriv"]) {
            return;
        }
        let project = project(stage, "vite --port 80");
        let ask = || Ask::new("127.0.0.1:80").in_folder(&project);
        stage
            .ask(ask().by_another_user())
            .finds("DD412")
            .first("says", "only root may take ports below 1024");
        // Root may, and so may everybody where the limit is lower.
        stage.ask(ask()).finds("DD202");
        std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "80").unwrap();
        stage.ask(ask().by_another_user()).finds("DD202");
    }

    fn a_pid_file_names_somebody_else(stage) {
        let project = project(stage, "bin/rails server");
        std::fs::create_dir_all(project.join("tmp/pids")).unwrap();
        std::fs::write(project.join("Gemfile"), "gem 'rails'\ngem 'puma'\n").unwrap();
        let file = project.join("tmp/pids/server.pid");
        let other = stage.server("udp 127.0.0.1:4000");
        std::fs::write(&file, format!("{}\n", other.pid())).unwrap();
        stage
            .ask(Ask::new("3000").in_folder(&project))
            .finds("DD415")
            .first("says", &format!("says that it runs as pid {}", other.pid()))
            .fix(&format!("rm {}", file.display()));
        // Rails takes the file away itself where its process has gone.
        drop(other);
        stage.ask(Ask::new("3000").in_folder(&project)).finds("DD202");
    }
}
