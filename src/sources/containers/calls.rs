//! Whom a container calls: what it was given, and what its log says of calls that failed.
//! Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::logs;
use crate::facts::{DialFailure, Dialled, FailedDial, clean, is_machine_name, is_own_loopback};
use crate::parsers::of_environment;

/// How many different calls are kept.
const MOST: usize = 8;

/// The addresses near by that an environment and a command name. Nothing else of them is
/// kept: no value, no address of the network.
pub(super) fn given(environment: &[String], command: &[String]) -> Vec<Dialled> {
    let set = environment.iter().filter_map(|one| one.split_once('='));
    let named = of_environment(set);
    let words: Vec<&str> = command
        .iter()
        .flat_map(|word| word.split_ascii_whitespace())
        .filter(|word| word.contains("://"))
        .map(|word| word.split_once('=').map_or(word, |(_, value)| value))
        .collect();
    let written = of_environment(words.into_iter().map(|word| ("", word)));
    let mut found: Vec<Dialled> = Vec::new();
    for pointer in named.into_iter().chain(written) {
        let one = Dialled {
            by: clean(&pointer.key),
            host: clean(&pointer.host),
            port: pointer.port,
        };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// The calls that these lines tell of as failed, the latest first, each once.
pub(super) fn failed(written: &str) -> Vec<FailedDial> {
    let mut found: Vec<FailedDial> = Vec::new();
    for line in written.lines().rev() {
        let Some(dial) = failed_in(line) else {
            continue;
        };
        let same = |one: &FailedDial| one.host == dial.host && one.port == dial.port;
        if !found.iter().any(same) {
            found.push(dial);
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}

/// Words of clients in many languages, in small letters, and what they mean. What says
/// that there is no such name may say besides that nobody could be reached.
const WORDS: &[(&str, DialFailure)] = &[
    ("enotfound", DialFailure::Unresolved),
    ("eai_again", DialFailure::Unresolved),
    ("no such host", DialFailure::Unresolved),
    ("could not translate host name", DialFailure::Unresolved),
    ("name or service not known", DialFailure::Unresolved),
    ("could not resolve host", DialFailure::Unresolved),
    ("host not found in upstream", DialFailure::Unresolved),
    ("bad address", DialFailure::Unresolved),
    (
        "temporary failure in name resolution",
        DialFailure::Unresolved,
    ),
    ("unknownhostexception", DialFailure::Unresolved),
    ("econnrefused", DialFailure::Refused),
    ("connection refused", DialFailure::Refused),
    ("error 111 connecting", DialFailure::Refused),
    (" refused. check that", DialFailure::Refused),
    ("etimedout", DialFailure::TimedOut),
    ("connection timed out", DialFailure::TimedOut),
    ("i/o timeout", DialFailure::TimedOut),
    ("ehostunreach", DialFailure::TimedOut),
    ("no route to host", DialFailure::TimedOut),
];

/// Where the address stands in the words of clients that give it in two parts.
static APART: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // nginx names the client and the server before the one that failed.
        r#"upstream: "[a-z]+://(?P<host>[^/:"\]]+|\[[^\]]+\]):(?P<port>[0-9]{1,5})"#,
        // libpq 14 and later.
        r#"server at "(?P<host>[^"/]+)"(?: \([^)]*\))?, port (?P<port>[0-9]{1,5})"#,
        // requests, urllib3.
        r"host='(?P<host>[^']+)', port=(?P<port>[0-9]{1,5})",
        // curl, Ruby.
        r#"(?:to|for) "?(?P<host>[A-Za-z0-9_.:-]+)"? port (?P<port>[0-9]{1,5})"#,
        // busybox.
        r"remote host \((?P<host>[0-9A-Fa-f.:]+)\)",
        // Resolvers of Node, Go, libpq, curl, nginx, busybox, Java.
        r"(?:ENOTFOUND|EAI_AGAIN) (?P<host>[A-Za-z0-9_.-]+)",
        r"lookup (?P<host>[A-Za-z0-9_.-]+)",
        r#"host name "(?P<host>[^"]+)""#,
        r"resolve host: (?P<host>[A-Za-z0-9_.-]+)",
        r#"in upstream "(?P<host>[^":]+)(?::(?P<port>[0-9]{1,5}))?""#,
        r"bad address '(?P<host>[^':]+)(?::(?P<port>[0-9]{1,5}))?'",
        r"UnknownHostException: (?P<host>[A-Za-z0-9_.-]+)",
    ]
    .into_iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// `db:5432`, `127.0.0.1:5432`, `[::1]:5432`, and Node's `::1:5432`.
static TOGETHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?P<host>::1|::ffff:[0-9.]+|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?):(?P<port>[0-9]{1,5})",
    )
    .ok()
});

/// The call that this line tells of as failed.
fn failed_in(line: &str) -> Option<FailedDial> {
    // ASCII only, so that positions are the same in both.
    let lower = line.to_ascii_lowercase();
    let (at, how) = WORDS
        .iter()
        .find_map(|(words, how)| Some((lower.find(words)?, *how)))?;
    let (host, port) = apart(line).or_else(|| together(line, at))?;
    let host = host.trim_matches(['[', ']']);
    let host = host.strip_prefix("::ffff:").unwrap_or(host);
    Some(FailedDial {
        host: clean(host),
        port,
        how,
        line: logs::line(line),
    })
}

fn apart(line: &str) -> Option<(&str, Option<u16>)> {
    APART.iter().find_map(|pattern| {
        let found = pattern.captures(line)?;
        let port = found.name("port").map(|port| port.as_str().parse());
        match port {
            None => Some((found.name("host")?.as_str(), None)),
            Some(Ok(port)) => Some((found.name("host")?.as_str(), Some(port))),
            Some(Err(_)) => None,
        }
    })
}

/// The address that stands nearest to the words of the failure.
fn together(line: &str, words_at: usize) -> Option<(&str, Option<u16>)> {
    let all = TOGETHER.as_ref()?.captures_iter(line);
    let addresses = all.filter_map(|found| {
        let (host, port) = (found.name("host")?, found.name("port")?);
        // A place in a file, or a time: more numbers follow.
        let rest = &line[port.end()..];
        let goes_on = rest
            .strip_prefix(':')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let port = port.as_str().parse().ok().filter(|port| *port != 0)?;
        let far = host.start().abs_diff(words_at);
        (!goes_on && is_host(host.as_str())).then_some((far, host.as_str(), port))
    });
    let (_, host, port) = addresses.min_by_key(|(far, _, _)| *far)?;
    Some((host, Some(port)))
}

/// Ends of words that are files and not hosts.
const FILES: &[&str] = &[
    ".js", ".mjs", ".cjs", ".ts", ".tsx", ".py", ".rb", ".go", ".rs", ".java", ".kt", ".php",
    ".cs", ".ex", ".exs", ".c", ".cpp",
];

fn is_host(word: &str) -> bool {
    let bare = word.trim_matches(['[', ']']);
    let address = bare.parse::<std::net::IpAddr>().is_ok();
    let lower = bare.to_ascii_lowercase();
    let named = bare.chars().any(|c| c.is_ascii_alphabetic())
        && !FILES.iter().any(|end| lower.ends_with(end))
        && !matches!(lower.as_str(), "errno" | "code" | "line" | "port" | "node");
    address || is_own_loopback(bare) || is_machine_name(bare) || named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_environment_only_hosts_and_ports_are_kept() {
        let words = |list: &[&str]| -> Vec<String> { list.iter().map(|&w| w.to_owned()).collect() };
        let found = given(
            &words(&[
                "PATH=/usr/bin",
                "DATABASE_URL=postgres://me:s3cret@localhost/app?sslmode=disable",
                "OLLAMA=http://host.docker.internal:11434",
                "REDIS_HOST=redis",
                "REDIS_PORT=6379",
                "STRIPE_URL=https://sk_live_1@api.stripe.com",
                "CORS_ORIGIN=http://localhost:3000",
                "NOTHING",
            ]),
            &words(&["server", "--api=http://127.0.0.1:9000/v1"]),
        );
        let told: Vec<String> = found
            .iter()
            .map(|one| format!("{} {}:{}", one.by, one.host, one.port))
            .collect();
        assert_eq!(
            told,
            [
                "DATABASE_URL localhost:5432",
                "OLLAMA host.docker.internal:11434",
                "REDIS_PORT redis:6379",
                " 127.0.0.1:9000",
            ]
        );
    }

    #[test]
    fn calls_that_failed_are_found_in_the_words_of_many_clients() {
        use DialFailure::{Refused, TimedOut, Unresolved};
        for (line, host, port, how) in [
            (
                "Error: connect ECONNREFUSED 127.0.0.1:5432",
                "127.0.0.1",
                Some(5432),
                Refused,
            ),
            (
                "Error: connect ECONNREFUSED ::1:5432",
                "::1",
                Some(5432),
                Refused,
            ),
            (
                "2026/11/22 10:32:11 dial tcp [::1]:6379: connect: connection refused",
                "::1",
                Some(6379),
                Refused,
            ),
            (
                "2026-11-22T10:32:11Z dial tcp 172.18.0.3:5432: connect: connection refused",
                "172.18.0.3",
                Some(5432),
                Refused,
            ),
            (
                "psycopg2.OperationalError: connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused",
                "localhost",
                Some(5432),
                Refused,
            ),
            (
                "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
                "localhost",
                Some(6379),
                Refused,
            ),
            (
                "HTTPConnectionPool(host='localhost', port=8000): Max retries exceeded [Errno 111] Connection refused",
                "localhost",
                Some(8000),
                Refused,
            ),
            (
                "org.postgresql.util.PSQLException: Connection to localhost:5432 refused. Check that the hostname and port are correct",
                "localhost",
                Some(5432),
                Refused,
            ),
            (
                "Errno::ECONNREFUSED: Connection refused - connect(2) for \"db\" port 5432",
                "db",
                Some(5432),
                Refused,
            ),
            (
                "curl: (7) Failed to connect to localhost port 8080 after 0 ms: Connection refused",
                "localhost",
                Some(8080),
                Refused,
            ),
            (
                "1 connect() failed (111: Connection refused) while connecting to upstream, client: 172.17.0.1, server: , request: \"GET / HTTP/1.1\", upstream: \"http://127.0.0.1:3000/\", host: \"localhost:8080\"",
                "127.0.0.1",
                Some(3000),
                Refused,
            ),
            (
                "wget: can't connect to remote host (127.0.0.1): Connection refused",
                "127.0.0.1",
                None,
                Refused,
            ),
            (
                "pymongo: localhost:27017: [Errno 111] Connection refused",
                "localhost",
                Some(27017),
                Refused,
            ),
            (
                "server.js:12 connect ECONNREFUSED db:5432",
                "db",
                Some(5432),
                Refused,
            ),
            ("Error: getaddrinfo ENOTFOUND db", "db", None, Unresolved),
            (
                "dial tcp: lookup db on 127.0.0.11:53: no such host",
                "db",
                None,
                Unresolved,
            ),
            (
                "could not translate host name \"db\" to address: Name or service not known",
                "db",
                None,
                Unresolved,
            ),
            (
                "host not found in upstream \"api:3000\" in /etc/nginx/conf.d/default.conf:5",
                "api",
                Some(3000),
                Unresolved,
            ),
            (
                "dial tcp 172.17.0.1:11434: i/o timeout",
                "172.17.0.1",
                Some(11434),
                TimedOut,
            ),
        ] {
            let found = failed_in(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                (found.host.as_str(), found.port, found.how),
                (host, port, how),
                "{line}"
            );
        }
    }

    #[test]
    fn other_lines_tell_of_no_call() {
        for line in [
            "listening on http://localhost:3000",
            "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)",
            "ECONNREFUSED",
            "connection refused by policy",
            "10:32 connection refused",
            "",
        ] {
            assert_eq!(failed_in(line), None, "{line}");
        }
    }

    #[test]
    fn the_latest_call_comes_first_and_none_twice() {
        let found = failed(
            "connect ECONNREFUSED 127.0.0.1:1\nconnect ECONNREFUSED db:5432 password=hunter2\n\
             connect ECONNREFUSED 127.0.0.1:1\n",
        );
        let ports: Vec<_> = found.iter().map(|one| one.port).collect();
        assert_eq!(ports, [Some(1), Some(5432)]);
        assert!(!found[1].line.contains("hunter2"));
    }
}
