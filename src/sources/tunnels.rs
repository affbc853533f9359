//! The agents of public tunnels, asked for the names that they have.
//!
//! ngrok's agent tells its tunnels at `/api/tunnels`; that of Cloudflare the name of a quick
//! tunnel at `/quicktunnel`, and the rules of a named one at `/config`. They listen on
//! loopback; nobody else is asked.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::facts::{Gap, Known, PublicName, clean};

/// The longest answer that is read.
const LONGEST: u64 = 256 * 1024;
/// Of so many names, and no more.
const MOST_NAMES: usize = 16;

/// The names that the agent of this kind has, by the first of its addresses that tells them.
#[must_use]
pub fn names(kind: &str, at: &[SocketAddr], budget: Duration) -> Known<Vec<PublicName>> {
    let until = Instant::now() + budget;
    let mut hidden = Gap::Unsupported;
    for at in at.iter().filter(|at| at.ip().is_loopback()) {
        match ask(kind, *at, until) {
            Ok(Some(mut names)) => {
                names.truncate(MOST_NAMES);
                return Known::Seen(names);
            }
            Ok(None) => {}
            Err(error) => hidden = Gap::of(&error),
        }
    }
    Known::Unseen(hidden)
}

/// Nothing where another server listens there.
fn ask(kind: &str, at: SocketAddr, until: Instant) -> io::Result<Option<Vec<PublicName>>> {
    match kind {
        "ngrok" => Ok(get(at, "/api/tunnels", until)?.and_then(|answer| of_ngrok(&answer))),
        "cloudflared" => {
            let quick = get(at, "/quicktunnel", until)?;
            let config = get(at, "/config", until)?;
            Ok(of_cloudflared(quick.as_ref(), config.as_ref()))
        }
        _ => Ok(None),
    }
}

/// `{ "tunnels": [{ "public_url": "https://…", "config": { "addr": "http://localhost:3000" } }] }`
fn of_ngrok(answer: &Value) -> Option<Vec<PublicName>> {
    let all = answer["tunnels"].as_array()?.iter();
    let names = all.filter_map(|tunnel| {
        Some(PublicName {
            name: host_of(tunnel["public_url"].as_str()?),
            to: clean(tunnel["config"]["addr"].as_str().unwrap_or_default()),
        })
    });
    Some(names.collect())
}

/// `{ "hostname": "…" }`, and `{ "config": { "ingress": [{ "hostname": "…", "service": "…" }] } }`;
/// what a quick tunnel leads to stands on the command line only.
fn of_cloudflared(quick: Option<&Value>, config: Option<&Value>) -> Option<Vec<PublicName>> {
    let quick_name = quick.and_then(|answer| answer["hostname"].as_str());
    let rules = config.and_then(|answer| answer["config"]["ingress"].as_array());
    if quick_name.is_none() && rules.is_none() {
        return None;
    }
    let quick_name = quick_name.filter(|name| !name.is_empty());
    let quick_name = quick_name.map(|name| PublicName {
        name: host_of(name),
        to: String::new(),
    });
    let rules = rules.into_iter().flatten().filter_map(|rule| {
        Some(PublicName {
            name: host_of(rule["hostname"].as_str().filter(|name| !name.is_empty())?),
            to: clean(rule["service"].as_str().unwrap_or_default()),
        })
    });
    Some(quick_name.into_iter().chain(rules).collect())
}

/// The host of a URL, or of what stands for one.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or(rest);
    clean(&host.to_ascii_lowercase())
}

/// What a server of this machine says in JSON; nothing where it says no such thing.
fn get(at: SocketAddr, path: &str, until: Instant) -> io::Result<Option<Value>> {
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(io::Error::from(io::ErrorKind::TimedOut)),
            false => Ok(left),
        }
    };
    let mut stream = TcpStream::connect_timeout(&at, left()?)?;
    stream.set_write_timeout(Some(left()?))?;
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {at}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let mut block = [0; 8192];
    while u64::try_from(bytes.len()).unwrap_or(LONGEST) < LONGEST {
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut block)? {
            0 => break,
            count => bytes.extend(block.get(..count).unwrap_or_default()),
        }
    }
    Ok(body(&bytes))
}

/// The body of an answer that is well and is JSON.
fn body(bytes: &[u8]) -> Option<Value> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(at) = response.parse(bytes).ok()? else {
        return None;
    };
    if response.code != Some(200) {
        return None;
    }
    serde_json::from_slice(bytes.get(at..)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn agents_tell_their_names() {
        // As ngrok 2.3 writes it, and as it does while it is not connected.
        let ngrok = json!({ "tunnels": [{
            "name": "command_line", "proto": "https", "public_url": "https://A1.ngrok.io",
            "config": { "addr": "http://localhost:3000", "inspect": true },
        }], "uri": "/api/tunnels" });
        let name = |name: &str, to: &str| PublicName {
            name: name.to_owned(),
            to: to.to_owned(),
        };
        assert_eq!(
            of_ngrok(&ngrok),
            Some(vec![name("a1.ngrok.io", "http://localhost:3000")])
        );
        assert_eq!(of_ngrok(&json!({ "tunnels": [] })), Some(Vec::new()));
        assert_eq!(of_ngrok(&json!({ "status": "ok" })), None);
        // After the documented format, not a recording.
        let quick = json!({ "hostname": "a-b.trycloudflare.com" });
        let config = json!({ "version": 1, "config": { "ingress": [
            { "hostname": "shop.example.com", "service": "http://localhost:8080" },
            { "service": "http_status:404" },
        ] } });
        assert_eq!(
            of_cloudflared(Some(&quick), Some(&config)),
            Some(vec![
                name("a-b.trycloudflare.com", ""),
                name("shop.example.com", "http://localhost:8080")
            ])
        );
        assert_eq!(
            of_cloudflared(Some(&json!({ "hostname": "" })), None),
            Some(Vec::new())
        );
        assert_eq!(of_cloudflared(None, Some(&json!([]))), None);
    }

    #[test]
    fn an_agent_is_asked_on_loopback_only() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut block = [0; 512];
            let count = stream.read(&mut block).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\
                          {\"tunnels\":[{\"public_url\":\"https://a1.ngrok.io\"}]}";
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&block[..count]).into_owned()
        });
        let far: SocketAddr = "203.0.113.9:4040".parse().unwrap();
        let seen = names("ngrok", &[far, at], Duration::from_secs(20));
        assert_eq!(seen.seen().unwrap()[0].name, "a1.ngrok.io");
        assert!(
            asked
                .join()
                .unwrap()
                .starts_with("GET /api/tunnels HTTP/1.0\r\n")
        );
        let nothing = names("devtunnel", &[at], Duration::from_secs(20));
        assert_eq!(nothing, Known::Unseen(Gap::Unsupported));
    }

    proptest! {
        #[test]
        fn no_answer_is_a_panic(bytes in any::<Vec<u8>>(), tail in ".*") {
            let _ = body(&bytes);
            let _ = body(format!("HTTP/1.0 200 OK\r\n\r\n{tail}").as_bytes());
            let _ = host_of(&tail);
        }
    }
}
