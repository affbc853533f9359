//! DD607 for databases: an error in their own protocol.

use crate::facts::Protocol;
use crate::findings::{Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, evidence};

/// What a database's own words mean.
struct Meaning {
    spoken: Protocol,
    /// Its words begin with this.
    begins: &'static str,
    severity: Severity,
    /// Follows the name of the database and its port.
    means: &'static str,
    title: &'static str,
    fix: &'static str,
}

const NOT_READY: &str = "it takes no client until it is ready; have what depends on it wait for \
                         that, as with `depends_on: { condition: service_healthy }` and a \
                         healthcheck in a compose file";

/// More special words come first.
const MEANINGS: &[Meaning] = &[
    Meaning {
        spoken: Protocol::Postgres,
        begins: "57P03",
        severity: Severity::Warning,
        means: "is not ready yet",
        title: "wait until it is ready",
        fix: NOT_READY,
    },
    Meaning {
        spoken: Protocol::Postgres,
        begins: "57P",
        severity: Severity::Warning,
        means: "is being shut down",
        title: "start it again",
        fix: "whoever stopped it, or its container, does not want it to run",
    },
    Meaning {
        spoken: Protocol::Postgres,
        begins: "53300",
        severity: Severity::Error,
        means: "has no room for another client",
        title: "close connections, or allow more",
        fix: "`select pid, application_name, state from pg_stat_activity` tells who has them: \
              often a server that reloads itself and opens a new pool each time; \
              `max_connections` in postgresql.conf is the limit",
    },
    Meaning {
        spoken: Protocol::Redis,
        begins: "DENIED",
        severity: Severity::Error,
        means: "takes clients of its own machine only (protected mode)",
        title: "set a password, or bind it to the address you use",
        fix: "on its machine set `requirepass` in redis.conf, or a `bind` line with the address; \
              protected mode is on as long as neither is there",
    },
    Meaning {
        spoken: Protocol::Redis,
        begins: "LOADING",
        severity: Severity::Warning,
        means: "is not ready yet",
        title: "wait until it is ready",
        fix: NOT_READY,
    },
    Meaning {
        spoken: Protocol::Redis,
        begins: "ERR max number of clients",
        severity: Severity::Error,
        means: "has no room for another client",
        title: "close connections, or allow more",
        fix: "`redis-cli client list` on its machine tells who has them; `maxclients` in \
              redis.conf is the limit",
    },
    Meaning {
        spoken: Protocol::Mysql,
        begins: "1130",
        severity: Severity::Error,
        means: "lets nobody in from this host",
        title: "create a user for this host",
        fix: "on its machine: `create user 'NAME'@'%' identified by 'PASSWORD'`, and grant it \
              what it needs; `root` is for localhost only as a rule",
    },
    Meaning {
        spoken: Protocol::Mysql,
        begins: "1040",
        severity: Severity::Error,
        means: "has no room for another client",
        title: "close connections, or allow more",
        fix: "`show processlist` tells who has them; `max_connections` is the limit",
    },
    Meaning {
        spoken: Protocol::Mysql,
        begins: "1129",
        severity: Severity::Error,
        means: "has blocked this host after too many broken connections",
        title: "have it forget them",
        fix: "on its machine: `mysqladmin flush-hosts`; something connects to the port and \
              leaves, a health check as a rule",
    },
];

/// A database that answers, and does not serve.
pub(super) fn find(case: &Case) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    let words = greeting.refusal.as_deref()?;
    let spoken = greeting.spoken?;
    if greeting.asked != spoken && greeting.asked != Protocol::Other {
        return None;
    }
    let port = case.port();
    let known = MEANINGS
        .iter()
        .find(|meaning| meaning.spoken == spoken && words.starts_with(meaning.begins));
    let means = known.map_or("refuses to serve", |meaning| meaning.means);
    let says = format!("{} answers on port {port}, and {means}", spoken.title());
    let mut finding = Finding::new(case.hearing(), says)
        .severity(known.map_or(Severity::Warning, |meaning| meaning.severity))
        .because(evidence::probe(probe))
        .because(Evidence::new(
            format!("{} says `{words}`", probe.to),
            Seen::Probe {
                to: probe.to,
                outcome: probe.outcome.word().to_owned(),
            },
        ));
    if let Some(listener) = case.listener_for(probe.to.ip()) {
        finding = finding.because(evidence::listener(case, listener));
    }
    Some(match known {
        Some(meaning) => finding.fix(Fix::read(meaning.title, meaning.fix)),
        None => finding.fix(Fix::read(
            "read the server's log",
            "the connection is fine: the server's log says more",
        )),
    })
}
