//! Somebody accepts, and nothing useful comes.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::stage::{Ask, stories};

stories! {
    fn suspended(stage) {
        let server = stage.server("serve 127.0.0.1:3000");
        server.stop();
        stage
            .why("http://127.0.0.1:3000")
            .finds("DD401")
            .first("confidence", "certain")
            .fix(&format!("kill -CONT {}", server.pid()));
        // A stopped process will not answer, however long one waits.
        stage.why("127.0.0.1:3000").finds("DD401").within(Duration::from_secs(2));
    }

    fn suspended_with_a_full_queue(stage) {
        let server = stage.server("deaf 127.0.0.1:3000 1");
        server.stop();
        let _clients = fill();
        stage.why("http://127.0.0.1:3000").finds("DD401");
    }

    fn busy(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        // A program whose only thread spins.
        let line = "import socket\ns = socket.create_server(('127.0.0.1', 3000))\n\
                    print('ready', flush=True)\nwhile True: pass";
        let words = ["python3", "-c", line];
        let _server = stage.program(&words, &stage.work(), "ready");
        stage.why("http://127.0.0.1:3000").finds("DD403").verdict("silent");
    }

    fn backlog_full(stage) {
        let _server = stage.server("deaf 127.0.0.1:3000 1");
        let _clients = fill();
        stage.why("http://127.0.0.1:3000").finds("DD404");
    }

    fn out_of_file_descriptors(stage) {
        if !stage.needs(&["prlimit"]) {
            return;
        }
        let _server = stage.server_by("leak 127.0.0.1:3000", &["prlimit", "--nofile=24"]);
        stage.why("http://127.0.0.1:3000").finds("DD405");
    }

    fn silent(stage) {
        let _server = stage.server("silent 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000").finds("DD407").verdict("silent");
    }

    fn closes_at_once(stage) {
        let _server = stage.server("reset 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000").finds("DD408").verdict("reset");
    }

    fn port_taken_by_another_project(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let (blog, shop) = (stage.project("blog"), stage.project("shop"));
        let words = ["python3", "-u", "-m", "http.server", "-b", "127.0.0.1", "3000"];
        let _server = stage.program(&words, &blog, "Serving HTTP");
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        stage
            .ask(Ask::new("3000").in_folder(&shop))
            .finds("DD409")
            .first("severity", "warning");
        // Who stands in no project is told nothing of the kind.
        stage.why("3000").is_well();
    }

    fn own_server_in_the_hands_of_its_shell_is_well(stage) {
        if !stage.needs(&["python3", "bash"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let shop = stage.project("shop");
        let line = "cd /; (cd $OLDPWD; python3 -u -m http.server -b 127.0.0.1 3000); true";
        let _server = stage.program(&["bash", "-c", line], &shop, "Serving HTTP");
        stage.ask(Ask::new("3000").in_folder(&shop)).is_well();
    }

    fn orphan(stage) {
        if !stage.needs(&["python3", "setsid"]) {
            return;
        }
        stage.cover("/etc/hosts", "127.0.0.1 localhost\n");
        let shop = stage.project("shop");
        // Its starter ends at once; the first process adopts it.
        let words = [
            "setsid", "--fork", "python3", "-u", "-m", "http.server", "-b", "127.0.0.1", "3000",
        ];
        let _starter = stage.program(&words, &shop, "Serving HTTP");
        stage
            .ask(Ask::new("3000").in_folder(&shop))
            .finds("DD410")
            .first("severity", "warning");
    }
}

/// More connections than a queue of one has room for; some are never answered.
fn fill() -> Vec<std::io::Result<TcpStream>> {
    let at: SocketAddr = "127.0.0.1:3000".parse().unwrap();
    (0..4)
        .map(|_| TcpStream::connect_timeout(&at, Duration::from_millis(200)))
        .collect()
}
