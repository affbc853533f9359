//! Stories of what containers call, and of the networks that they have: one engine,
//! without a userland proxy, for all of them.

use std::process::{Child, Command, Stdio};

use super::docker::{Answer, World};
use super::machine::{run, which};

/// What the tests of this module run in their world.
pub fn tell(world: &mut World) {
    let serve = |at: &'static str| ["httpd", "-f", "-h", "/www", "-p", at];
    world.docker(&["network", "create", "shop"]);
    world.docker(&["network", "create", "--internal", "closed"]);
    let on_shop = ["--network", "shop"];
    world.run("db", &on_shop, &serve("5432"));
    world.run("late", &on_shop, &["sleep", "1000"]);
    world.run("fine", &["-p", "3000:8080"], &serve("8080"));
    world.run(
        "hosted",
        &["--network", "host", "-p", "3012:8080"],
        &serve("8099"),
    );
    world.run(
        "lonely",
        &["--network", "none", "-p", "3013:8080"],
        &serve("8080"),
    );
    world.run(
        "kept",
        &["--network", "closed", "-p", "3014:8080"],
        &serve("8080"),
    );
    world.run("stopped", &["-p", "3018:8080"], &serve("8080"));
    world.docker(&["stop", "-t", "0", "stopped"]);
    // Each calls for real, and says what it met in the words of a client that is used.
    let calls = |there: &str, says: &str| {
        format!("wget -q -O- http://{there}/ || {{ echo 'Error: {says}'; exit 1; }}")
    };
    let itself = calls("127.0.0.1:5432", "connect ECONNREFUSED 127.0.0.1:5432");
    let self_options = ["-p", "3011:8080", "--network", "shop"];
    let given = [
        "-e",
        "DATABASE_URL=postgres://me:hunter2@localhost:5432/shop",
    ];
    let options = [&self_options[..], &given].concat();
    world.run("self", &options, &["sh", "-c", &itself]);
    // It has no port in its words: what it was given tells it.
    let options = [
        "-p",
        "3015:8080",
        "--network",
        "shop",
        "-e",
        "API_URL=http://localhost:5432",
    ];
    world.run("terse", &options, &["sh", "-c", "wget -q -O- $API_URL"]);
    let waits = calls("late:5433", "connect ECONNREFUSED late:5433");
    world.run(
        "early",
        &["-p", "3016:8080", "--network", "shop"],
        &["sh", "-c", &waits],
    );
    let service = HostService::begin("127.0.0.1:11434");
    let _open = HostService::begin("0.0.0.0:5433");
    let chat = calls("172.17.0.1:11434", "connect ECONNREFUSED 172.17.0.1:11434");
    world.run("chat", &["-p", "3017:8080"], &["sh", "-c", &chat]);
    world.wait_until("those that call in vain have ended", |world| {
        ["self", "terse", "early", "chat"]
            .iter()
            .all(|name| world.inspect(name, "{{.State.Status}}") == "exited")
    });
    world.wait_until("the server is up", |world| {
        world.ask("http://127.0.0.1:3000", &world.endpoint()).exit == Some(0)
    });
    world.wait_until("the service of the machine is up", |_| {
        std::net::TcpStream::connect("127.0.0.1:11434").is_ok()
            && std::net::TcpStream::connect("172.17.0.1:5433").is_ok()
    });

    let engine = world.endpoint();
    let told = |answer: &Answer, code: &str, words: &[&str]| {
        let first = answer.report["findings"][0].clone();
        println!("{code} ({} ms): {}", answer.took.as_millis(), first["says"]);
        assert_eq!(answer.first(), Some(code), "{:#}", answer.report);
        let text = first.to_string();
        for word in words {
            assert!(text.contains(word), "{word}: {:#}", answer.report);
        }
        first
    };

    // DD516: a sibling has what the container looks for in itself.
    let first = told(
        &world.ask("3011", &engine),
        "DD516",
        &["db:5432", "DATABASE_URL"],
    );
    assert!(!first.to_string().contains("hunter2"), "{first:#}");
    assert_eq!(first["confidence"], "certain", "{first:#}");
    told(
        &world.ask("3015", &engine),
        "DD516",
        &["db:5432", "API_URL"],
    );
    // Asked from inside a container: the machine that runs it has the port.
    let answer = world.ask_inside(&[], "5433");
    told(&answer, "DD516", &["172.17.0.1:5433"]);
    // Nobody has it: then it is not about localhost.
    let answer = world.ask_inside(&[], "5439");
    assert_ne!(answer.first(), Some("DD516"), "{:#}", answer.report);

    // DD517: the machine's service is for the machine alone.
    told(
        &world.ask("3017", &engine),
        "DD517",
        &["127.0.0.1:11434", "172.17.0.1"],
    );
    told(
        &world.ask("172.17.0.1:11434", &engine),
        "DD517",
        &["bridge"],
    );
    let name = ["--add-host", "host.docker.internal:host-gateway"];
    let answer = world.ask_inside(&name, "http://host.docker.internal:11434");
    told(&answer, "DD517", &["loopback"]);

    // DD521: the other one is up, and nobody in it takes connections.
    told(&world.ask("3016", &engine), "DD521", &["late:5433"]);

    // DD514, DD515: ports that the engine keeps to itself.
    let first = told(&world.ask("3012", &engine), "DD514", &["port 8099"]);
    assert_eq!(first["confidence"], "certain", "{first:#}");
    told(&world.ask("3013", &engine), "DD515", &["no network"]);
    let first = told(&world.ask("3014", &engine), "DD515", &["internal"]);
    assert_eq!(first["confidence"], "certain", "{first:#}");

    // DD513: without the proxy there is no IPv6, and IPv4 is well.
    told(
        &world.ask("http://[::1]:3000", &engine),
        "DD513",
        &["127.0.0.1:3000"],
    );

    // DD512: the tools talk to an engine far away, or to another one here.
    let folder = world.folder().join("far");
    std::fs::create_dir_all(folder.join(".git")).unwrap();
    let text = "services:\n  web:\n    image: x\n    ports: [\"3019:80\"]\n";
    std::fs::write(folder.join("compose.yaml"), text).unwrap();
    let answer = world.ask_with_engine("far", "3019", "ssh://me@box.example");
    told(
        &answer,
        "DD512",
        &["box.example", "compose.yaml:4", "DOCKER_HOST"],
    );
    let other = format!("unix://{}", world.folder().join("other.sock").display());
    let answer = world.ask_with_engine("far", "3018", &other);
    told(&answer, "DD512", &["stopped", "--host"]);
    // Of the engine that is used, the same container is plainly stopped.
    told(&world.ask("3018", &engine), "DD506", &["docker"]);

    // DD520: somebody flushed the kernel's rules.
    let passes = || world.ask("http://127.0.0.1:3000", &engine);
    assert_eq!(passes().exit, Some(0));
    run("iptables", &["-t", "nat", "-F"]);
    let answer = passes();
    let first = told(&answer, "DD520", &["fine", "restart"]);
    assert_eq!(first["confidence"], "certain", "{first:#}");
    let hops = answer.report["hops"].as_array().unwrap();
    let failed: Vec<_> = hops.iter().filter(|hop| hop["state"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{hops:#?}");
    assert!(failed[0]["at"].to_string().contains("NAT"), "{hops:#?}");
    // Nobody but root sees the rules: then the container's own address tells.
    world.permit(true);
    let answer = world.ask_as_nobody("http://127.0.0.1:3000", &engine);
    let first = told(&answer, "DD520", &["fine"]);
    assert_eq!(first["confidence"], "likely", "{first:#}");
    world.permit(false);
    drop(service);
}

/// A server of the machine, outside of every container.
struct HostService(Child);

impl HostService {
    fn begin(at: &str) -> HostService {
        let child = Command::new(which("busybox").unwrap())
            .args(["httpd", "-f", "-h", "/usr", "-p", at])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        HostService(child)
    }
}

impl Drop for HostService {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
