//! The three ways in which each server is started.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use devdoctor::facts::{Claims, Known, Proto, Service, Taken};
use devdoctor::sources::projects;

use crate::machine::pass_over;
use crate::scene::{Outcome, Port, Scene};
use crate::stage::{self, Stage};
use crate::table::{Change, Says, Server};

/// How far above its own port a server looks for the next free one.
const NEXT: u16 = 20;

/// Starts a server in one of the ways, in namespaces of its own.
pub fn tell(server: &'static Server, module: &str, name: &str, way: fn(&'static Server, &Stage)) {
    // What is to be installed comes from outside.
    if !stage::is_inside()
        && let Err(why) = server.kit.install()
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

/// Somebody else has its port: it does what the catalogue says.
pub fn taken(server: &'static Server, stage: &Stage) {
    let scene = Scene::lay(stage, server, &AS_IT_IS);
    let port = server.says.port;
    let somebody = scene.somebody(port);
    let mut running = scene.start();
    let silent = matches!(scene.row.taken, Some(Taken::Stays | Taken::Asks));
    let outcome = scene.outcome(&mut running, Some(somebody.pid()), silent);
    let does = match &outcome {
        Outcome::Ended(_) => Taken::Stops,
        Outcome::Deaf => Taken::Stays,
        Outcome::Listens(ports) => {
            is_recognised(&scene, ports);
            let at = ports[0].at.port();
            if at == port {
                Taken::SharesPort
            } else if (port..=port + NEXT).contains(&at) {
                Taken::NextPort
            } else {
                Taken::RandomPort
            }
        }
    };
    assert_eq!(Some(does), scene.row.taken, "{outcome:?}");
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
};

fn listens_where_it_should(scene: &Scene<'_>, says: &Says) {
    if std::env::var_os("NOCLAIMS").is_none() {
        is_claimed(scene, says);
    }
    let mut running = scene.start();
    let outcome = scene.outcome(&mut running, None, false);
    let Outcome::Listens(ports) = outcome else {
        panic!("{outcome:?}");
    };
    is_recognised(scene, &ports);
    let bind = says.bind.or(scene.row.bind.as_deref());
    let bind = bind.expect("the row says on which address it listens");
    for port in &ports {
        assert_eq!(port.at.port(), says.port, "{ports:?}");
        assert!(is_bound(port, bind), "{bind} is expected: {ports:?}");
    }
}

/// All these are the server's, by the name that it has in the catalogue.
fn is_recognised(scene: &Scene<'_>, ports: &[Port]) {
    for port in ports {
        assert_eq!(port.name.as_deref(), Some(&*scene.row.server), "{port:?}");
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
    let claims = claims(scene);
    let services: Vec<&Service> = claims
        .services
        .iter()
        .filter(|service| service.framework.as_deref() == Some(&scene.row.key))
        .collect();
    let [service] = services[..] else {
        panic!("not one service is it: {claims:#?}");
    };
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
    assert_eq!(claims.broken, [], "{claims:#?}");
    let file = std::fs::read_to_string(scene.folder.join(&expects.origin.file)).unwrap();
    let line = file.lines().nth(expects.origin.line as usize - 1).unwrap();
    let there: String = line
        .chars()
        .skip(expects.origin.column as usize - 1)
        .collect();
    assert!(there.starts_with(&expects.written), "{expects:#?}\n{line}");
}

fn claims(scene: &Scene<'_>) -> Arc<Claims> {
    let root = scene.folder.to_str().unwrap();
    match projects::claims(root, Duration::from_secs(10)) {
        Known::Seen(claims) => claims,
        Known::Unseen(gap) => panic!("the files of {root} are not seen: {gap:?}"),
    }
}
