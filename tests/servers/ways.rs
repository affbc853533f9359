//! The three ways in which each server is started.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use devdoctor::facts::{Known, Proto, Service, Taken};
use devdoctor::sources::projects;

use crate::kit::Kit;
use crate::machine::pass_over;
use crate::scene::{Outcome, Port, Scene};
use crate::stage::{self, Stage};
use crate::table::{Change, Says, Server};

/// How far above its own port a server looks for the next free one.
const NEXT: u16 = 20;

/// Starts a server in one of the ways, in namespaces of its own.
pub fn tell(server: &'static Server, module: &str, name: &str, way: fn(&'static Server, &Stage)) {
    // What is to be installed comes from outside.
    let tools = Kit::Machine(&["python3", "script"]);
    if !stage::is_inside()
        && let Err(why) = tools.install().and_then(|()| server.kit.install())
    {
        return pass_over(&format!("{module}::{name}"), &why);
    }
    stage::tell(module, name, |stage| way(server, stage));
}

/// Its port is free: it listens where the project's files say.
pub fn free(server: &'static Server, stage: &Stage) {
    let scene = Scene::lay(stage, server, &AS_IT_IS);
    listens_where_it_should(&scene, &server.says);
}

/// The files say another port or host: it listens there.
pub fn changed(server: &'static Server, stage: &Stage) {
    for change in server.changed {
        println!("{}: {}", server.project, change.name);
        let scene = Scene::lay(stage, server, change);
        listens_where_it_should(&scene, &change.says);
        scene.silence();
    }
}

/// Somebody else has its port: it does what the catalogue says, or stops where its
/// files forbid it another one.
pub fn taken(server: &'static Server, stage: &Stage) {
    does_as_told(&Scene::lay(stage, server, &AS_IT_IS), &server.says);
    for change in server.changed.iter().filter(|change| change.taken) {
        println!("{}: {}", server.project, change.name);
        let scene = Scene::lay(stage, server, change);
        scene.silence();
        does_as_told(&scene, &change.says);
    }
}

fn does_as_told(scene: &Scene<'_>, says: &Says) {
    let told = match (service(scene).strict, scene.row) {
        (None, Some(row)) => row.taken,
        // A program that asks for a port and knows no other.
        _ => Some(Taken::Stops),
    };
    let somebody = scene.somebody(says.port);
    let mut running = scene.start();
    let silent = told == Some(Taken::Stays);
    let outcome = scene.outcome(&mut running, Some(somebody.pid()), silent);
    let does = match &outcome {
        Outcome::Ended(_) if told == Some(Taken::Asks) => {
            let mut running = scene.start_on_terminal();
            let asks = scene.asks(&mut running, Some(somebody.pid()));
            assert!(asks, "{}", running.said());
            Taken::Asks
        }
        Outcome::Ended(_) => Taken::Stops,
        Outcome::Deaf => Taken::Stays,
        Outcome::Listens(ports) => {
            is_recognised(scene, ports);
            let at = ports[0].at.port();
            if at == says.port {
                Taken::SharesPort
            } else if (says.port..=says.port + NEXT).contains(&at) {
                Taken::NextPort
            } else {
                Taken::RandomPort
            }
        }
    };
    assert_eq!(Some(does), told, "{outcome}");
    let answer = scene.why(says.port);
    // What devdoctor makes of it, once its own server stands elsewhere, beside or is gone.
    let code = match does {
        Taken::NextPort | Taken::RandomPort => "DD205",
        Taken::SharesPort => "DD306",
        Taken::Stops | Taken::Asks | Taken::Stays => "DD409",
    };
    answer.names(code);
}

const AS_IT_IS: Change = Change {
    name: "project",
    edits: &[],
    says: Says {
        port: 0,
        host: None,
        bind: None,
        at: "",
    },
    taken: false,
};

fn listens_where_it_should(scene: &Scene<'_>, says: &Says) {
    is_claimed(scene, says);
    let mut running = scene.start();
    let outcome = scene.outcome(&mut running, None, false);
    let Outcome::Listens(ports) = outcome else {
        panic!("{outcome}");
    };
    is_recognised(scene, &ports);
    let bind = says.bind.or(scene.row.and_then(|row| row.bind.as_deref()));
    let bind = bind.expect("the row says on which address it listens");
    for port in &ports {
        assert_eq!(port.at.port(), says.port, "{ports:?}");
        assert!(is_bound(port, bind), "{bind} is expected: {ports:?}");
    }
}

/// All these are the server's, by its name.
fn is_recognised(scene: &Scene<'_>, ports: &[Port]) {
    for port in ports {
        assert_eq!(port.name.as_deref(), Some(scene.name()), "{port:?}");
    }
}

/// Whether this is what a server listens on that is told this host.
fn is_bound(port: &Port, host: &str) -> bool {
    let at = port.at.ip();
    match host {
        "localhost" => at.is_loopback() && port.scope == "loopback",
        "[::]" => {
            at == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
                && port.v6only == Some(false)
                && port.scope == "all"
        }
        host => {
            let scope = if at.is_loopback() { "loopback" } else { "all" };
            Ok(at) == host.parse() && port.scope == scope
        }
    }
}

/// The project's files name exactly one such server, with this port, set there.
fn is_claimed(scene: &Scene<'_>, says: &Says) {
    let service = service(scene);
    let tcp = service.expects.iter().filter(|e| e.protocol == Proto::Tcp);
    let [expects] = tcp.collect::<Vec<_>>()[..] else {
        panic!("not one port is expected: {service:#?}");
    };
    let at = format!("{}:{}", expects.origin.file, expects.origin.line);
    assert_eq!(
        (expects.port, expects.host.as_deref(), at.as_str()),
        (Some(says.port), says.host, says.at),
        "{service:#?}"
    );
    assert_eq!(service.unknown, [], "{service:#?}");
    // Procfiles are run by several programs that do the same.
    let start = scene.server.start.replace("honcho", "foreman");
    assert_eq!(service.start.join(" "), start);
    let file = std::fs::read_to_string(scene.folder.join(&expects.origin.file)).unwrap();
    let line = file.lines().nth(expects.origin.line as usize - 1).unwrap();
    let there: String = line
        .chars()
        .skip(expects.origin.column as usize - 1)
        .collect();
    assert!(there.starts_with(&expects.written), "{expects:#?}\n{line}");
}

/// The only such server that the project's files name.
fn service(scene: &Scene<'_>) -> Service {
    let root = scene.folder.to_str().unwrap();
    let claims = match projects::claims(root, Duration::from_secs(10)) {
        Known::Seen(claims) => claims,
        Known::Unseen(gap) => panic!("the files of {root} are not seen: {gap:?}"),
    };
    assert_eq!(claims.broken, [], "{claims:#?}");
    let services: Vec<&Service> = claims
        .services
        .iter()
        .filter(|service| service.framework == scene.row.map(|row| row.key.clone()))
        .collect();
    let [service] = services[..] else {
        panic!("not one service is it: {claims:#?}");
    };
    service.clone()
}
