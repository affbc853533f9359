//! # Another protocol answers
//!
//! ## What happened
//!
//! The connection is fine, and what answers speaks another protocol than it was
//! asked in: a database, a broker, a mail server, SSH, or HTTP/2 without TLS.
//!
//! ## Why
//!
//! The port belongs to another kind of service. Some products have two ports, one
//! for their own protocol and one for the browser (RabbitMQ 5672 and 15672, MinIO
//! 9000 and 9001). A gRPC server speaks HTTP/2 only, which no browser speaks
//! without TLS. A server that does not understand a request often just closes the
//! connection, so a service that is known for this port counts as a sign as well.
//!
//! ## What to do
//!
//! Use the client of that protocol, or the port that speaks the protocol you want.

use crate::facts::{Carries, Listener, Probe, Protocol, Scheme, catalogue};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::evidence::process_words;
use crate::rules::{Case, Rule, container, evidence, onward};

use super::{page, said};

/// DD605.
pub static RULE: Rule = Rule {
    code: "DD605",
    name: "not-http",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::tls_expected::RULE,
        &super::tls_not_spoken::RULE,
        &super::http2_only::RULE,
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("not_http.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    answered(case).or_else(|| hung_up(case))
}

/// It said something, in another protocol.
fn answered(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let (asked, spoken) = (greeting.asked, greeting.spoken?);
    // `Other` is asked where nothing was asked at all.
    if asked == spoken || asked == Protocol::Other || is_web_pair(asked, spoken) {
        return None;
    }
    let port = case.port();
    let says = format!(
        "port {port} speaks {}, not {}",
        spoken.title(),
        asked.title()
    );
    let mut finding = Finding::new(case.hearing(), says)
        .because(evidence::probe(probe))
        .because(said(probe, greeting));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    finding = finding.fix(use_client(case, spoken));
    Some(match own_page(case) {
        Some(page) if is_web(asked) => finding.fix(page),
        _ => finding,
    })
}

/// It was asked for a web page and hung up without a word, and is known, by its process or
/// by its port, for something else.
fn hung_up(case: &Case) -> Option<Finding> {
    let probe = case.cut_off()?;
    if !case.target.scheme.is_some_and(Scheme::is_web) {
        return None;
    }
    let listener = case.listener_for(probe.to.ip());
    if let Some(finding) = listener.and_then(|listener| socks(case, probe, listener)) {
        return Some(finding);
    }
    let owner = listener.and_then(|listener| case.owner(listener));
    let known = owner.and_then(|owner| Some((owner, case.framework(owner)?.speaks()?)));
    let port = case.port();
    let (spoken, finding) = if let Some((owner, spoken)) = known {
        let says = format!(
            "{} on port {port} speaks {}, not HTTP, and hangs up",
            process_words(owner),
            spoken.title()
        );
        let finding = Finding::new(Confidence::Likely, says)
            .because(evidence::probe(probe))
            .because(evidence::process(owner));
        (spoken, finding)
    } else {
        let row = catalogue().port(port)?;
        let says = format!(
            "port {port} is {}, which does not speak HTTP and hangs up",
            row.service
        );
        let finding = Finding::new(Confidence::Likely, says)
            .because(evidence::probe(probe))
            .because(Evidence::new(
                format!("port {port} is known for {}", row.service),
                Seen::Kernel {
                    what: "list of well-known ports".to_owned(),
                },
            ));
        // A row that names no protocol may still be of a service that is no web server:
        // its client is none for the web.
        let other = || {
            let client = row.client.as_deref()?;
            (!client.contains("http")).then_some(Protocol::Other)
        };
        (row.greet.or_else(other)?, finding)
    };
    if is_web(spoken) {
        return None;
    }
    let finding = match listener {
        Some(listener) => finding.because(evidence::listener(case, listener)),
        None => finding,
    };
    let finding = finding.fix(use_client(case, spoken));
    Some(match own_page(case) {
        Some(page) => finding.fix(page),
        None => finding,
    })
}

/// It is a tunnel whose clients name their own far end, in SOCKS.
fn socks(case: &Case, probe: &Probe, listener: &Listener) -> Option<Finding> {
    let owner = case.owner(listener)?;
    let nexts = onward::all(case, Carries::Socks);
    let next = nexts.iter().find(|next| next.place.by == Some(owner.id))?;
    if onward::is_gone(next.place) {
        return None;
    }
    let port = case.port();
    let says = format!(
        "{} on port {port} is a SOCKS proxy, which does not speak HTTP and hangs up",
        process_words(owner)
    );
    let authority = case.target.authority();
    Some(
        Finding::new(Confidence::Likely, says)
            .because(evidence::probe(probe))
            .because(evidence::listener(case, listener))
            .because_all(next.evidence(case))
            .fix(Fix::safe(
                "go through it, and ask for what is behind it",
                ["curl", "--socks5-hostname", &authority, "http://localhost/"],
            )),
    )
}

/// Products with two ports: their own protocol's, and the page's.
const PAGES: &[(u16, u16, &str)] = &[
    (1025, 8025, "the page of Mailpit or MailHog"),
    (4222, 8222, "the monitoring page of NATS"),
    (5672, 15672, "the page of RabbitMQ"),
    (7687, 7474, "the browser of Neo4j"),
    (9300, 9200, "the HTTP API of Elasticsearch"),
    (61616, 8161, "the page of ActiveMQ"),
];

/// Where the page of a product is whose other port was asked.
fn own_page(case: &Case) -> Option<Fix> {
    let (_, page, what) = PAGES.iter().find(|(port, ..)| *port == case.port())?;
    let there = crate::facts::Target {
        scheme: Some(Scheme::Http),
        path: None,
        ..case.target.clone()
    };
    Some(Fix::read(
        format!("{what} is on another port"),
        there.url(Some(*page)),
    ))
}

fn is_web(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Http | Protocol::Tls)
}

/// TLS against plain HTTP has rules of its own.
fn is_web_pair(asked: Protocol, spoken: Protocol) -> bool {
    is_web(asked) && is_web(spoken)
}

fn use_client(case: &Case, spoken: Protocol) -> Fix {
    let (host, port) = (case.target.host.as_str(), case.port());
    let number = port.to_string();
    let known = catalogue()
        .port(port)
        .filter(|row| row.greet.unwrap_or(Protocol::Other) == spoken)
        .and_then(|row| Some((row, shlex::split(row.client.as_deref()?)?)));
    if let Some((row, argv)) = known {
        let what = match spoken {
            Protocol::Other => &row.service,
            _ => spoken.title(),
        };
        let argv = argv.iter().map(|word| at_host(word, host));
        return Fix::safe(format!("use a client for {what}"), argv);
    }
    let authority = case.target.authority();
    let argv: Vec<&str> = match spoken {
        Protocol::Postgres => vec!["psql", "-h", host, "-p", &number],
        Protocol::Mysql => vec!["mysql", "--protocol=tcp", "-h", host, "-P", &number],
        Protocol::Redis => vec!["redis-cli", "-h", host, "-p", &number],
        Protocol::Ssh => vec!["ssh", "-p", &number, host],
        Protocol::Http => return Fix::safe("ask it over HTTP", ["curl", &plain(case)]),
        Protocol::Tls => return Fix::safe("ask it over TLS", ["curl", "-k", &secure(case)]),
        Protocol::H2c => {
            let ask = ["curl", "--http2-prior-knowledge", &plain(case)];
            return Fix::safe("speak HTTP/2 to it from the start (gRPC: use grpcurl)", ask);
        }
        Protocol::Mongodb => {
            let url = format!("mongodb://{authority}");
            return Fix::safe("use a client for MongoDB", ["mongosh", &url]);
        }
        Protocol::Amqp => {
            let text = "use an AMQP client; RabbitMQ's own page is usually on port 15672";
            return Fix::read("use a client for AMQP", text);
        }
        Protocol::Mqtt => vec!["mosquitto_sub", "-h", host, "-p", &number, "-t", "#"],
        Protocol::Kafka => vec![
            "kafka-topics.sh",
            "--bootstrap-server",
            &authority,
            "--list",
        ],
        Protocol::Smtp | Protocol::Ftp | Protocol::Other => {
            let text = format!(
                "find out which service has port {port}, and use its own client; its page, if \
                 it has one, is on another port"
            );
            return Fix::read(format!("use a client for {}", spoken.title()), text);
        }
    };
    Fix::safe(format!("use a client for {}", spoken.title()), argv)
}

fn plain(case: &Case) -> String {
    page(case, Scheme::Http)
}

fn secure(case: &Case) -> String {
    page(case, Scheme::Https)
}

/// A word of a client's command line, which the catalogue has for this machine.
fn at_host(word: &str, host: &str) -> String {
    let brackets = host.contains(':') && word != "localhost";
    match brackets {
        true => word.replace("localhost", &format!("[{host}]")),
        false => word.replace("localhost", host),
    }
}
