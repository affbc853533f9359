//! # The service listens on a unix socket only
//!
//! ## What happened
//!
//! The connection was refused: nobody listens on this TCP port. The service
//! that belongs to the port does run, but listens on a socket in the file
//! system, which only programs of this machine can use.
//!
//! ## Why
//!
//! Its TCP side is switched off: `listen_addresses = ''` for PostgreSQL,
//! `skip-networking` for MySQL, `port 0` for Redis, and Docker is like that
//! unless it is told otherwise.
//!
//! ## What to do
//!
//! Connect by the socket, or switch on TCP in the service's settings, on
//! `127.0.0.1`.

use crate::facts::Protocol;
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule, evidence, presence};

/// DD210.
pub static RULE: Rule = Rule {
    code: "DD210",
    name: "unix-socket-only",
    severity: Severity::Error,
    since: "0.1.0",
    unless: super::unless![presence::moved_port::RULE, presence::crash_looping::RULE,],
    settle: 2,
    check,
    source: include_str!("unix_socket_only.rs"),
};

/// A service that may be reached by a unix socket alone.
struct Service {
    title: &'static str,
    /// Whether this path is the service's socket for this port.
    owns: fn(file: &str, port: u16) -> bool,
    /// Whether the socket's name has the port in it.
    names_port: bool,
    /// The command that connects by the socket.
    client: fn(path: &str, port: u16) -> Vec<String>,
    /// How its TCP side is switched on.
    enable: &'static str,
}

const SERVICES: &[Service] = &[
    Service {
        title: "PostgreSQL",
        owns: |file, port| file == format!(".s.PGSQL.{port}"),
        names_port: true,
        client: |path, port| {
            let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
            words(&["psql", "-h", folder, "-p", &port.to_string()])
        },
        enable: "set listen_addresses = 'localhost' in postgresql.conf and restart PostgreSQL",
    },
    Service {
        title: "MongoDB",
        owns: |file, port| file == format!("mongodb-{port}.sock"),
        names_port: true,
        client: |path, _| {
            let escaped = path.replace('/', "%2F");
            words(&["mongosh", &format!("mongodb://{escaped}")])
        },
        enable: "set net.bindIp: 127.0.0.1 in mongod.conf and restart MongoDB",
    },
    Service {
        title: "MySQL",
        owns: |file, port| {
            port == 3306 && matches!(file, "mysqld.sock" | "mysql.sock" | "mariadb.sock")
        },
        names_port: false,
        client: |path, _| words(&["mysql", &format!("--socket={path}")]),
        enable: "take skip-networking out of its settings, set bind-address = 127.0.0.1 and \
                 restart MySQL",
    },
    Service {
        title: "Redis",
        owns: |file, port| port == 6379 && file.starts_with("redis") && file.ends_with(".sock"),
        names_port: false,
        client: |path, _| words(&["redis-cli", "-s", path]),
        enable: "set port 6379 and bind 127.0.0.1 in redis.conf and restart Redis",
    },
    Service {
        title: "memcached",
        owns: |file, port| port == 11211 && file == "memcached.sock",
        names_port: false,
        client: |path, _| words(&["nc", "-U", path]),
        enable: "start memcached with -l 127.0.0.1 instead of -s",
    },
    Service {
        title: "Docker",
        owns: |file, port| matches!(port, 2375 | 2376) && file == "docker.sock",
        names_port: false,
        client: |path, _| words(&["docker", "-H", &format!("unix://{path}"), "info"]),
        enable: "whoever reaches Docker's TCP port is root on this machine: rather use \
                 DOCKER_HOST=ssh://…",
    },
    Service {
        title: "PHP-FPM",
        owns: |file, port| port == 9000 && file.contains("fpm") && file.ends_with(".sock"),
        names_port: false,
        client: |path, _| words(&["cgi-fcgi", "-bind", "-connect", path]),
        enable: "set listen = 127.0.0.1:9000 in the pool's settings and restart PHP-FPM",
    },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn check(case: &Case) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let web = case.target.scheme.is_some() && case.target.protocol() == Some(Protocol::Http);
    if web {
        return None;
    }
    let port = case.port();
    let (path, service) = case.facts.unix_listeners.items().iter().find_map(|path| {
        let file = path.rsplit('/').next().unwrap_or(path);
        let service = SERVICES.iter().find(|service| (service.owns)(file, port))?;
        Some((path, service))
    })?;
    let confidence = if service.names_port && case.containers_settled() {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    let says = format!(
        "{} listens on the unix socket {path} only, and not on TCP port {port}",
        service.title
    );
    Some(
        Finding::new(confidence, says)
            .because(evidence::probe(refused))
            .because(evidence::nobody_listens(case))
            .because(Evidence::new(
                format!("a process listens on {path}"),
                Seen::File {
                    file: path.clone(),
                    line: None,
                },
            ))
            .fix(Fix::safe(
                "connect by the socket",
                (service.client)(path, port),
            ))
            .fix(Fix::read("or switch on TCP", service.enable)),
    )
}
