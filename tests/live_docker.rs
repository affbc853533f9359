//! Containers, for real: every cause of family 5 that one machine can make, made with
//! an engine of its own and asked about by the real program; and how soon a change of
//! containers is told.

#![cfg(target_os = "linux")]

// It waits longest, and by its name it begins early.
#[path = "docker/announced.rs"]
mod announced;
#[path = "docker/calls.rs"]
mod calls;
mod docker;
#[path = "support/machine.rs"]
mod machine;

use docker::{Answer, LAN, World};

#[test]
fn causes_in_containers_behind_the_userland_proxy() {
    docker::enter("world", &[]);
}

#[test]
fn causes_in_containers_without_a_userland_proxy() {
    docker::enter("world", &["--userland-proxy=false"]);
}

#[test]
fn causes_of_what_containers_call_and_of_their_networks() {
    docker::enter("calls_world", &["--userland-proxy=false"]);
}

/// What the test above runs in its world.
#[test]
fn calls_world() {
    if let Some(mut world) = World::begin() {
        calls::tell(&mut world);
    }
}

#[test]
fn a_compose_project_and_its_file() {
    if machine::compose().is_none() {
        let name = "a_compose_project_and_its_file";
        return machine::pass_over(name, "it needs the compose tool (tests/run brings it)");
    }
    docker::enter("compose_world", &[]);
}

/// What the test above runs in its world.
#[test]
fn compose_world() {
    let Some(mut world) = World::begin() else {
        return;
    };
    let Some(tool) = machine::compose() else {
        return;
    };
    let shop = world.folder().join("shop");
    std::fs::create_dir_all(shop.join(".git")).unwrap();
    let write = |web_port: u16| {
        let text = format!(
            "services:\n  web:\n    image: {image}\n    command: {serve} 8080\n    ports:\n      \
             - \"{web_port}:8080\"\n  db:\n    image: {image}\n    command: {serve} 8092\n  \
             mail:\n    image: {image}\n    profiles: [mail]\n    ports: [\"8025:8025\"]\n  \
             api:\n    image: {image}\n    command: sh -c \"wget -q -O- http://db:9999/ || \
             {{ echo connect ECONNREFUSED db:9999; exit 1; }}\"\n    depends_on: [db]\n    \
             ports: [\"3022:8080\"]\n  lost:\n    image: {image}\n    command: sh -c \"\
             wget -q -O- http://localhost:8092/ || {{ echo connect ECONNREFUSED \
             127.0.0.1:8092; exit 1; }}\"\n    environment:\n      DB_URL: \
             http://me:hunter2@localhost:8092/x\n    ports: [\"3023:8080\"]\n",
            image = docker::IMAGE,
            serve = "httpd -f -h /www -p",
        );
        std::fs::write(shop.join("compose.yaml"), text).unwrap();
    };
    let first = |answer: &Answer, code: Option<&str>| {
        assert_eq!(answer.first(), code, "{}", answer.report);
        answer.report["findings"][0].clone()
    };
    write(3020);
    world.compose(&tool, "shop", &["up", "-d"]);
    world.wait_until("the server is up", |world| {
        world.ask_in("shop", "http://127.0.0.1:3020").exit == Some(0)
    });

    // What is inside is somewhere else here, or nowhere, and the file says why.
    let told = first(&world.ask_in("shop", "8080"), Some("DD502"));
    assert_eq!(told["fixes"][1]["edit"]["line"], 6, "{told}");
    assert_eq!(told["fixes"][1]["edit"]["to"], "\"8080:8080\"", "{told}");
    let told = first(&world.ask_in("shop", "8092"), Some("DD501"));
    assert!(told.to_string().contains("compose.yaml:7"), "{told}");
    let told = first(&world.ask_in("shop", "8025"), Some("DD519"));
    let start = ["docker", "compose", "--profile", "mail", "up", "-d", "mail"];
    assert_eq!(told["fixes"][0]["run"], serde_json::json!(start), "{told}");

    // What calls in vain, and what the files have to do with it.
    world.wait_until("both have given up", |world| {
        ["shop-api-1", "shop-lost-1"]
            .iter()
            .all(|name| world.inspect(name, "{{.State.Status}}") == "exited")
    });
    let told = first(&world.ask_in("shop", "3022"), Some("DD521"));
    assert!(told.to_string().contains("not until it is ready"), "{told}");
    let told = first(&world.ask_in("shop", "3023"), Some("DD516"));
    let edit = &told["fixes"][0]["edit"];
    assert_eq!(edit["from"], "localhost:8092", "{told}");
    assert_eq!(edit["to"], "db:8092", "{told}");
    assert!(!told.to_string().contains("hunter2"), "{told}");

    // The file is edited; a restart leaves the container as it was.
    write(3021);
    world.compose(&tool, "shop", &["restart", "-t", "0", "web"]);
    let told = first(&world.ask_in("shop", "3021"), Some("DD518"));
    assert_eq!(told["confidence"], "certain", "{told}");
    let argv = told["fixes"][0]["run"].as_array().unwrap();
    let argv: Vec<&str> = argv.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(argv, ["docker", "compose", "up", "-d", "web"]);
    world.compose(&tool, "shop", &argv[2..]);
    world.wait_until("the fix has mended it", |world| {
        world.ask_in("shop", "http://127.0.0.1:3021").exit == Some(0)
    });
}

/// What the tests above run in their worlds; outside of one there is nothing to ask.
#[test]
fn world() {
    let Some(mut world) = World::begin() else {
        return;
    };
    let serve = |at: &'static str| ["httpd", "-f", "-h", "/www", "-p", at];
    world.run("fine", &["-p", "3000:8080"], &serve("8080"));
    world.run("private", &["-p", "127.0.0.1:3001:8080"], &serve("8080"));
    world.run("astray", &["-p", "3002:9999"], &serve("8080"));
    world.run("inward", &["-p", "3003:8080"], &serve("127.0.0.1:8080"));
    let fails = "echo password=hunter2; echo no database; exit 3";
    world.run("gone", &["-p", "3004:8080"], &["sh", "-c", fails]);
    world.run(
        "looping",
        &["-p", "3005:8080", "--restart", "always"],
        &["sh", "-c", "exit 7"],
    );
    world.run("frozen", &["-p", "3006:8080"], &serve("8080"));
    world.docker(&["pause", "frozen"]);
    world.run("holder", &["-p", "3007:8080"], &serve("8080"));
    world.run_in_vain("late", &["-p", "3007:8080"], &serve("8080"));
    world.docker(&[
        "create",
        "--name",
        "idle",
        "-p",
        "3008:8080",
        docker::IMAGE,
        "httpd",
    ]);
    world.run("hidden", &[], &serve("8090"));
    world.run("elsewhere", &["-p", "3009:8091"], &serve("8091"));
    world.run("empty", &["-p", "3010:8080"], &["sleep", "1000"]);
    world.wait_until("the loop has turned", |world| {
        world
            .inspect("looping", "{{.RestartCount}}")
            .parse::<u32>()
            .unwrap_or(0)
            >= 3
            && world.inspect("looping", "{{.State.Status}}") == "restarting"
    });
    world.wait_until("the server is up", |world| {
        world.ask("http://127.0.0.1:3000", &world.endpoint()).exit == Some(0)
    });

    let mut wrong = Vec::new();
    let mut expect = |story: &str, answer: &Answer, code: Option<&str>| {
        let says = answer.report["findings"][0]["says"].as_str();
        println!(
            "{story} ({} ms): {}",
            answer.took.as_millis(),
            says.unwrap_or("reachable")
        );
        let exit = Some(i32::from(code.is_some()));
        if answer.first() != code || answer.exit != exit {
            wrong.push(format!(
                "{story}: wanted {code:?}, exit {exit:?}; exit was {:?} and the report\n{}",
                answer.exit,
                serde_json::to_string_pretty(&answer.report).unwrap()
            ));
        }
    };
    let engine = world.endpoint();
    for (story, target, code) in [
        ("published fine", "3000", None),
        ("published fine, by the LAN", &*format!("{LAN}:3000"), None),
        (
            "published on loopback, asked there",
            "http://127.0.0.1:3001",
            None,
        ),
        (
            "published on loopback",
            &*format!("http://{LAN}:3001"),
            Some("DD505"),
        ),
        ("wrong container port", "3002", Some("DD504")),
        (
            "wrong container port, as a URL",
            "http://localhost:3002",
            Some("DD504"),
        ),
        (
            "wrong container port, by the LAN",
            &*format!("{LAN}:3002"),
            Some("DD504"),
        ),
        ("loopback inside", "3003", Some("DD503")),
        (
            "loopback inside, as a URL",
            "http://localhost:3003",
            Some("DD503"),
        ),
        (
            "loopback inside, by the LAN",
            &*format!("{LAN}:3003"),
            Some("DD503"),
        ),
        ("exited", "3004", Some("DD506")),
        ("restart loop", "3005", Some("DD508")),
        ("paused", "3006", Some("DD509")),
        ("paused, as a URL", "http://localhost:3006", Some("DD509")),
        (
            "port taken by a container",
            "http://localhost:3007",
            Some("DD507"),
        ),
        ("created only", "3008", Some("DD507")),
        ("not published", "8090", Some("DD501")),
        ("published elsewhere", "8091", Some("DD502")),
        ("not ready", "3010", Some("DD510")),
        (
            "not ready, as a URL",
            "http://localhost:3010",
            Some("DD510"),
        ),
    ] {
        expect(story, &world.ask(target, &engine), code);
    }

    let exited = world.ask("3004", &engine).report.to_string();
    assert!(exited.contains("no database"), "{exited}");
    assert!(!exited.contains("hunter2"), "{exited}");

    let ports = world.ports("3000");
    let container = &ports["ports"][0]["container"];
    assert_eq!(container["name"], "fine", "{ports}");
    assert_eq!(container["port"], 8080, "{ports}");

    // Inside is seen through the engine where the processes are out of sight.
    for (story, target, code) in [
        ("loopback inside, from afar", "3003", "DD503"),
        ("wrong container port, from afar", "3002", "DD504"),
        ("not ready, from afar", "http://localhost:3010", "DD510"),
    ] {
        expect(story, &world.ask_from_afar(target, &engine), Some(code));
    }

    // A user in the group `docker`: the forwarder is root's, the engine may be asked.
    world.permit(true);
    for (story, target, code) in [
        ("loopback inside, as a user", "3003", Some("DD503")),
        ("published fine, as a user", "3000", None),
        ("paused, as a user", "3006", Some("DD509")),
    ] {
        expect(story, &world.ask_as_nobody(target, &engine), code);
    }
    world.permit(false);

    // An engine that takes the connection and never answers: named, in time.
    let silent = world.folder().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    let answer = world.ask_in_haste("3099", &format!("unix://{}", silent.display()));
    assert_eq!(
        answer.gap("containers"),
        Some("too-slow"),
        "{}",
        answer.report
    );
    assert!(answer.took.as_secs_f32() < 3.0, "{:?}", answer.took);
    expect("engine silent", &answer, Some("DD511"));

    // An engine that this user may not ask is no engine without containers.
    let answer = world.ask_as_nobody("3099", &engine);
    assert_eq!(
        answer.gap("containers"),
        Some("forbidden"),
        "{}",
        answer.report
    );
    expect("engine forbidden", &answer, Some("DD511"));

    world.end_engine();
    expect("engine down", &world.ask("3099", &engine), Some("DD511"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
