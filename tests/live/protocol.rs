//! The connection is fine; what comes over it is not.

use crate::stage::{Server, Stage, stories};

/// A server with a certificate of its own making.
fn tls_server(stage: &Stage) -> Option<Server> {
    if !stage.needs(&["openssl"]) {
        return None;
    }
    let folder = stage.folder();
    crate::stage::run(&format!(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {0}/key.pem -out {0}/cert.pem",
        folder.display()
    ));
    let words = [
        "openssl",
        "s_server",
        "-accept",
        "127.0.0.1:3000",
        "-key",
        "key.pem",
        "-cert",
        "cert.pem",
        "-www",
    ];
    Some(stage.program(&words, &folder, "ACCEPT"))
}

stories! {
    fn tls_expected(stage) {
        let Some(_server) = tls_server(stage) else {
            return;
        };
        stage.why("http://127.0.0.1:3000/").finds("DD601");
        let well = stage.why("https://127.0.0.1:3000/");
        assert!(!well.codes().contains(&"DD601"));
    }

    fn tls_not_spoken(stage) {
        let _server = stage.server("serve 127.0.0.1:3000");
        stage.why("https://127.0.0.1:3000/").finds("DD602");
    }

    fn another_protocol(stage) {
        let _server = stage.server("banner 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000/").finds("DD605").first("says", "SMTP");
    }

    fn http2_only(stage) {
        let _server = stage.server("h2c 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000/").finds("DD604");
        stage.why("postgres://127.0.0.1:3000/shop").finds("DD605").first("says", "HTTP/2");
    }

    fn http2_only_and_hangs_up(stage) {
        let _server = stage.server("late-h2c 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000/").finds("DD604");
    }

    fn http2_only_by_node(stage) {
        if !stage.needs(&["node"]) {
            return;
        }
        let script = "require('http2').createServer((q, a) => a.end('ok'))\
                      .listen(3000, '127.0.0.1', () => console.log('ready'))";
        let _server = stage.program(&["node", "-e", script], &stage.work(), "ready");
        stage
            .why("http://127.0.0.1:3000/")
            .finds("DD604")
            .fix("curl --http2-prior-knowledge http://127.0.0.1:3000/");
    }

    fn host_not_allowed(stage) {
        stage.cover("/etc/hosts", "127.0.0.1 localhost shop.test\n");
        let _server = stage.server("vite 127.0.0.1:3000");
        stage.why("http://shop.test:3000/").finds("DD606");
        stage.why("http://localhost:3000/").is_well();
    }

    fn error_status(stage) {
        let _server = stage.server("status 503 127.0.0.1:3000");
        stage
            .why("http://127.0.0.1:3000/")
            .finds("DD607")
            .verdict("error-status");
    }

    fn headers_too_large(stage) {
        if !stage.needs(&["node"]) {
            return;
        }
        // Node takes no limit that is smaller than a request must be.
        let script = "require('http').createServer({ maxHeaderSize: 64 }, (q, a) => a.end('ok'))\
                      .listen(3000, '127.0.0.1', () => console.log('ready'))";
        let _server = stage.program(&["node", "-e", script], &stage.work(), "ready");
        stage.why("http://127.0.0.1:3000/").finds("DD609").first("says", "HTTP 431");
    }

    fn redirects_to_a_closed_port(stage) {
        let _server = stage.server("redirect http://127.0.0.1:4000/ 127.0.0.1:3000");
        stage
            .why("http://127.0.0.1:3000/")
            .finds("DD608")
            .first("says", "redirects to http://127.0.0.1:4000/, which refuses connections")
            .first("confidence", "certain")
            .fix("devdoctor why http://127.0.0.1:4000/");
        let _there = stage.server("serve 127.0.0.1:4000");
        stage.why("http://127.0.0.1:3000/").is_well();
    }

    fn redirects_to_tls_that_is_not_spoken(stage) {
        let _server = stage.server("redirect https://127.0.0.1:3000/ 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000/").finds("DD608").first("says", "speaks HTTP and not TLS");
    }

    fn redirects_in_a_circle(stage) {
        let _one = stage.server("redirect http://127.0.0.1:4000/a 127.0.0.1:3000");
        let _two = stage.server("redirect http://127.0.0.1:3000/?b 127.0.0.1:4000");
        stage
            .why("http://127.0.0.1:3000/?b")
            .finds("DD608")
            .first("says", "in a circle")
            .first("confidence", "likely");
    }

    fn redirects_off_this_machine_are_not_followed(stage) {
        let _server = stage.server("redirect https://login.example.com/ 127.0.0.1:3000");
        stage.why("http://127.0.0.1:3000/").is_well();
    }

    fn postgres_that_starts(stage) {
        let _server = stage.server("postgres-that-starts 127.0.0.1:5432");
        stage
            .why("postgres://127.0.0.1:5432/shop")
            .finds("DD607")
            .verdict("error-status")
            .first("says", "PostgreSQL answers on port 5432, and is not ready yet");
    }

    fn redis_in_protected_mode(stage) {
        if !stage.needs(&["redis-server"]) {
            return;
        }
        stage.lan("192.168.50.10/24");
        let words = ["redis-server", "--bind", "0.0.0.0", "--save", "", "--daemonize", "no"];
        let _server = stage.program(&words, &stage.work(), "eady to accept connections");
        stage
            .why("redis://192.168.50.10:6379")
            .finds("DD607")
            .first("says", "protected mode");
        stage.why("redis://127.0.0.1:6379").is_well();
        stage
            .why("http://127.0.0.1:6379/")
            .finds("DD605")
            .fix("redis-cli -h 127.0.0.1 -p 6379");
    }

    fn kafka_sends_its_clients_elsewhere(stage) {
        let _server = stage.server("kafka localhost 29092 127.0.0.1:9092");
        stage
            .why("127.0.0.1:9092")
            .finds("DD608")
            .first("says", "sends its clients on to localhost:29092, which refuses connections");
        let _named = stage.server("kafka broker 9092 127.0.0.2:9092");
        stage
            .why("127.0.0.2:9092")
            .finds("DD608")
            .first("says", "broker:9092, a name that this machine's hosts file does not have");
        let _there = stage.server("kafka 127.0.0.3 9092 127.0.0.3:9092");
        stage.why("127.0.0.3:9092").is_well();
        stage.why("http://127.0.0.3:9092/").finds("DD605").first("says", "Kafka");
    }
}
