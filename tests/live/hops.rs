//! Somebody on the way who is well, and a server behind that is not: real tunnels and
//! real reverse proxies.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::stage::{Answer, Ask, Server, Stage, run, stories};

/// Starts a program that says on the error stream that it is ready.
fn program(stage: &Stage, line: &str, folder: &Path, writes: &str) -> Server {
    let line = format!("exec {line} 2>&1");
    stage.program(&["sh", "-c", &line], folder, writes)
}

fn socat(stage: &Stage, line: &str) -> Server {
    program(
        stage,
        &format!("socat -d -d {line}"),
        &stage.work(),
        "listening on",
    )
}

/// Waits until somebody listens there, who is not disturbed by a client that leaves.
fn until_open(at: &str) {
    let began = Instant::now();
    while TcpStream::connect(at).is_err() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "nobody listens on {at}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A real nginx that passes everything on to this place.
fn nginx(stage: &Stage, folder: &Path, upstream: &str) -> Server {
    let text = format!(
        "user root;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\nhttp {{\n  \
         access_log off;\n  client_body_temp_path tmp;\n  proxy_temp_path tmp;\n  \
         fastcgi_temp_path tmp;\n  uwsgi_temp_path tmp;\n  scgi_temp_path tmp;\n  server {{\n    \
         listen 127.0.0.1:8080;\n    location / {{\n      proxy_pass http://{upstream};\n      \
         proxy_read_timeout 1s;\n    }}\n  }}\n}}\n"
    );
    fs::write(folder.join("nginx.conf"), text).unwrap();
    let line = format!(
        "echo ready; exec nginx -p {0} -c {0}/nginx.conf -g 'daemon off;' 2>&1",
        folder.display()
    );
    let server = stage.program(&["sh", "-c", &line], folder, "ready");
    until_open("127.0.0.1:8080");
    server
}

/// The states of the places on the way, in their order.
fn states(answer: &Answer) -> Vec<&str> {
    let hops = answer.json["hops"].as_array();
    let hops = hops.into_iter().flatten();
    hops.filter_map(|hop| hop["state"].as_str()).collect()
}

/// An SSH server of this machine on port 2222, and how a client logs in there.
fn sshd(stage: &Stage) -> Option<(Server, String)> {
    if !stage.needs(&["ssh", "ssh-keygen", "sshd"]) || !stage.needs_root() {
        return None;
    }
    let folder: PathBuf = stage.folder().join("ssh");
    fs::create_dir_all(&folder).unwrap();
    fs::create_dir_all("/run/sshd").unwrap();
    let place = folder.display();
    for key in ["host", "user"] {
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(folder.join(key))
            .status();
        assert!(made.unwrap().success());
    }
    fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
    let config = format!(
        "ListenAddress 127.0.0.1:2222\nHostKey {place}/host\nAuthorizedKeysFile \
         {place}/authorized\nStrictModes no\nUsePAM no\nPidFile none\n"
    );
    fs::write(folder.join("config"), config).unwrap();
    let line = format!("/usr/sbin/sshd -D -e -f {place}/config");
    let server = program(stage, &line, &folder, "Server listening");
    let login = format!(
        "-F none -i {place}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -p 2222"
    );
    Some((server, login))
}

/// A real tunnel through that server.
fn tunnel(stage: &Stage, login: &str, forward: &str) -> Server {
    let line = format!(
        "ssh {login} -L {forward} root@127.0.0.1 'echo the tunnel stands; exec sleep 1000'"
    );
    program(stage, &line, &stage.work(), "the tunnel stands")
}

stories! {
    fn socat_to_nobody(stage) {
        if !stage.needs(&["socat"]) {
            return;
        }
        let _socat = socat(stage, "TCP4-LISTEN:3000,fork,reuseaddr TCP:127.0.0.1:8081");
        let answer = stage.why("http://127.0.0.1:3000/");
        answer
            .finds("DD723")
            .first("confidence", "certain")
            .first("says", "127.0.0.1:8081, which refuses connections: nobody listens on port 8081");
        assert_eq!(states(&answer), ["ok", "failed"]);
    }

    fn socat_to_a_server_that_says_nothing(stage) {
        if !stage.needs(&["socat"]) {
            return;
        }
        let _server = stage.server("silent 127.0.0.1:8081");
        let _socat = socat(stage, "TCP4-LISTEN:3000,fork,reuseaddr TCP:127.0.0.1:8081");
        let answer = stage.why("http://127.0.0.1:3000/");
        answer.finds("DD723").verdict("silent").first("says", "says nothing");
        assert_eq!(states(&answer), ["ok", "failed"]);
    }

    fn socat_to_a_server_that_is_stopped(stage) {
        if !stage.needs(&["socat"]) {
            return;
        }
        let server = stage.server("serve 127.0.0.1:8081");
        server.stop();
        let _socat = socat(stage, "TCP4-LISTEN:3000,fork,reuseaddr TCP:127.0.0.1:8081");
        // The far end has a diagnosis of its own.
        stage
            .why("http://127.0.0.1:3000/")
            .finds("DD723")
            .first("says", "is stopped");
        run(&format!("kill -CONT {}", server.pid()));
    }

    fn socat_to_a_server_that_answers(stage) {
        if !stage.needs(&["socat"]) {
            return;
        }
        let _server = stage.server("serve 127.0.0.1:8081");
        let _socat = socat(stage, "TCP4-LISTEN:3000,fork,reuseaddr TCP:127.0.0.1:8081");
        stage.why("http://127.0.0.1:3000/").is_well();
    }

    fn ssh_tunnel_to_nobody(stage) {
        let Some((_sshd, login)) = sshd(stage) else {
            return;
        };
        let _tunnel = tunnel(stage, &login, "127.0.0.1:3000:127.0.0.1:8081");
        let answer = stage.why("http://127.0.0.1:3000/");
        answer
            .finds("DD723")
            .first("says", "ssh")
            .first("says", "nobody listens on port 8081");
        assert_eq!(states(&answer), ["ok", "failed"]);
    }

    fn ssh_tunnel_that_leads_away(stage) {
        let Some((_sshd, login)) = sshd(stage) else {
            return;
        };
        // What the other end of a tunnel calls localhost cannot be asked from here.
        stage.lan("192.168.50.10/24");
        let relay = socat(stage, "TCP4-LISTEN:2223,fork,reuseaddr TCP:127.0.0.1:2222");
        let login = login.replace("-p 2222", "-p 2223");
        let _tunnel = tunnel(stage, &login, "127.0.0.1:3000:127.0.0.1:8081");
        let answer = stage.why("http://127.0.0.1:3000/");
        answer.finds("DD723").first("confidence", "likely");
        assert_eq!(states(&answer), ["ok", "ok", "unknown"]);
        drop(relay);
    }

    fn ssh_whose_clients_say_where_to(stage) {
        let Some((_sshd, login)) = sshd(stage) else {
            return;
        };
        let line = format!(
            "ssh {login} -D 127.0.0.1:9050 root@127.0.0.1 'echo the tunnel stands; exec sleep \
             1000'"
        );
        let _tunnel = program(stage, &line, &stage.work(), "the tunnel stands");
        let answer = stage.why("http://127.0.0.1:9050/");
        answer
            .finds("DD605")
            .first("says", "on port 9050 is a SOCKS proxy")
            .fix("curl --socks5-hostname 127.0.0.1:9050 http://localhost/");
        assert_eq!(states(&answer), ["ok", "ok", "unknown"]);
    }

    fn adb_to_a_device_that_takes_nothing(stage) {
        if !stage.needs(&["adb", "python3"]) {
            return;
        }
        let work = stage.work();
        fs::write(work.join("adbd.py"), include_str!("scripts/adbd.py")).unwrap();
        let _device = stage.program(&["python3", "adbd.py"], &work, "ready");
        let adb = |words: &str| run(&format!("env HOME={0} TMPDIR={0} adb {words}", work.display()));
        adb("connect 127.0.0.1:5600");
        adb("-s 127.0.0.1:5600 wait-for-device");
        adb("-s 127.0.0.1:5600 forward tcp:3000 tcp:8080");
        let answer = stage.why("http://127.0.0.1:3000/");
        answer
            .finds("DD723")
            .first("says", "localhost:8080 as the device 127.0.0.1:5600 sees it")
            .first("confidence", "likely")
            .fix("adb forward --list");
        assert_eq!(states(&answer), ["ok", "ok", "unknown"]);
        // The bridge's own port leads nowhere.
        let answer = stage.why("http://127.0.0.1:5037/");
        answer.finds("DD605").fix("adb devices");
        assert!(states(&answer).is_empty());
        adb("kill-server");
    }

    fn nginx_in_front_of_nobody(stage) {
        if !stage.needs(&["nginx"]) {
            return;
        }
        let _nginx = nginx(stage, &stage.work(), "127.0.0.1:3001");
        let answer = stage.why("http://127.0.0.1:8080/");
        answer
            .finds("DD721")
            .verdict("error-status")
            .first("says", "HTTP 502")
            .first("says", "127.0.0.1:3001 refuses connections: nobody listens on port 3001");
        assert_eq!(states(&answer), ["ok", "failed"]);
    }

    fn nginx_of_a_project_in_front_of_the_wrong_address(stage) {
        if !stage.needs(&["nginx"]) {
            return;
        }
        let folder = stage.project("shop");
        let _server = stage.server("serve [::1]:3001");
        let _nginx = nginx(stage, &folder, "127.0.0.1:3001");
        stage
            .ask(Ask::new("http://127.0.0.1:8080/").in_folder(&folder))
            .finds("DD721")
            .first("says", "refuses connections")
            // The upstream's own diagnosis.
            .first("says", "[::1]");
    }

    fn nginx_in_front_of_a_server_that_says_nothing(stage) {
        if !stage.needs(&["nginx"]) {
            return;
        }
        let _server = stage.server("silent 127.0.0.1:3001");
        let _nginx = nginx(stage, &stage.work(), "127.0.0.1:3001");
        let answer = stage.why("http://127.0.0.1:8080/");
        answer
            .finds("DD722")
            .first("says", "HTTP 504")
            .first("says", "127.0.0.1:3001 is silent");
        assert_eq!(states(&answer), ["ok", "failed"]);
    }

    fn nginx_whose_server_fails_by_itself(stage) {
        if !stage.needs(&["nginx"]) {
            return;
        }
        let _server = stage.server("status 500 127.0.0.1:3001");
        let _nginx = nginx(stage, &stage.work(), "127.0.0.1:3001");
        stage.why("http://127.0.0.1:8080/").names("DD607");
    }

    fn tunnel_to_a_proxy_in_front_of_nobody(stage) {
        if !stage.needs(&["socat", "nginx"]) {
            return;
        }
        let _nginx = nginx(stage, &stage.work(), "127.0.0.1:3001");
        let _socat = socat(stage, "TCP4-LISTEN:3000,fork,reuseaddr TCP:127.0.0.1:8080");
        let answer = stage.why("http://127.0.0.1:8080/");
        answer.finds("DD721");
        // The answer of the proxy comes through the tunnel as it is.
        stage.why("http://127.0.0.1:3000/").verdict("error-status").exits(1);
    }

    fn address_of_an_emulator(stage) {
        stage.lan("192.168.50.10/24");
        stage.why("http://10.0.2.2:8081").finds("DD725");
        // Where that network is this machine's own, it is no emulator's.
        run("ip addr add 10.0.2.15/24 dev lan0 nodad");
        let answer = stage.why("http://10.0.2.2:8081");
        assert!(!answer.codes().contains(&"DD725"), "{:?}", answer.codes());
    }

    fn server_on_the_machine_that_was_reached_over_ssh(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        let session = "192.168.50.7 51000 192.168.50.10 2222";
        stage
            .ask(Ask::new("http://127.0.0.1:3000").var("SSH_CONNECTION", session))
            .names("DD725")
            .exits(0)
            .fix("ssh -N -p 2222 -L 3000:127.0.0.1:3000 root@192.168.50.10");
        stage.why("http://127.0.0.1:3000").is_well();
    }

    fn device_to_which_no_port_is_led(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let script = |name: &str, text: &str| {
            fs::write(stage.work().join(name), text).unwrap();
        };
        script(
            "expo",
            "import http.server\nat = ('127.0.0.1', 8081)\n\
             class Page(http.server.BaseHTTPRequestHandler):\n  \
             def do_GET(self):\n    self.send_response(200)\n    self.end_headers()\n\
             server = http.server.HTTPServer(at, Page)\nprint('ready', flush=True)\n\
             server.serve_forever()\n",
        );
        // The debug bridge, as its protocol is documented.
        script(
            "bridge",
            "import socketserver\n\
             def sized(text): return b'%04x' % len(text) + text\n\
             class Bridge(socketserver.StreamRequestHandler):\n  \
             def handle(self):\n    \
             while (head := self.rfile.read(4)):\n      \
             ask = self.rfile.read(int(head, 16))\n      \
             answer = b''\n      \
             if ask == b'host:devices': answer = sized(b'emulator-5554\\tdevice\\n')\n      \
             if ask == b'reverse:list-forward': answer = sized(b'host-1 tcp:9 tcp:9\\n')\n      \
             self.wfile.write(b'OKAY' + answer)\n\
             server = socketserver.ThreadingTCPServer(('127.0.0.1', 5037), Bridge)\n\
             print('ready', flush=True)\nserver.serve_forever()\n",
        );
        let _bridge = stage.program(&["python3", "bridge"], &stage.work(), "ready");
        let _expo = stage.program(&["python3", "expo", "start"], &stage.work(), "ready");
        stage
            .why("http://127.0.0.1:8081")
            .names("DD725")
            .exits(0)
            .fix("adb -s emulator-5554 reverse tcp:8081 tcp:8081");
    }
}
