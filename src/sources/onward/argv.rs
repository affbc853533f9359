//! What the command line of a forwarder says: which port it takes, and where that leads.

use crate::facts::clean;

/// What one word, or two, of a command line pass on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passage {
    /// The port that is listened on; nothing where the command does not say it.
    pub listens: Option<u16>,
    /// The host it leads to.
    pub host: Option<String>,
    /// The port it leads to.
    pub to: Option<u16>,
    /// The machine from which that is dialled, where it is another one.
    pub via: Option<String>,
    /// The port of that machine to which the forwarder is connected.
    pub via_port: Option<u16>,
    /// Whether its clients name the place it leads to.
    pub socks: bool,
}

/// What a command of this kind passes on; the kind is a key of the catalogue.
///
/// Nothing where the kind only carries what its owner has set up elsewhere.
#[must_use]
pub fn of_command(kind: &str, argv: &[String]) -> Vec<Passage> {
    let words: Vec<&str> = argv.iter().skip(1).map(String::as_str).collect();
    let mut found = match kind {
        "ssh" => ssh(&words),
        "socat" => socat(&words),
        "kubectl" => kubectl(&words),
        "systemd-socket-proxyd" => words
            .iter()
            .filter(|word| !word.starts_with('-'))
            .filter_map(|word| place(word))
            .collect(),
        "ngrok" => ngrok(&words),
        "cloudflared" => cloudflared(&words),
        "localtunnel" => localtunnel(&words),
        "devtunnel" => value_of(&words, &["-p", "--port-numbers"])
            .and_then(local)
            .into_iter()
            .collect(),
        "tailscale-funnel" => words
            .iter()
            .filter(|word| !word.starts_with('-'))
            .find_map(|word| local(word))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    for passage in &mut found {
        for text in [&mut passage.host, &mut passage.via].into_iter().flatten() {
            *text = clean(text);
        }
    }
    found
}

/// `host:port`, `[::1]:port`, with a scheme or without.
fn place(text: &str) -> Option<Passage> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split('/').next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, at)| at);
    let (host, port) = authority.rsplit_once(':')?;
    let host = host.trim_matches(['[', ']']);
    Some(Passage {
        host: Some(if host.is_empty() { "localhost" } else { host }.to_owned()),
        to: Some(port.parse().ok()?),
        ..Passage::default()
    })
}

/// Options of ssh that take a value, in the same word or in the next.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOoPpQRSWw";

fn ssh(words: &[&str]) -> Vec<Passage> {
    let mut found = Vec::new();
    let mut machine: Option<String> = None;
    let mut machine_port = None;
    let mut rest = words.iter();
    while let Some(&word) = rest.next() {
        let Some(options) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            // What follows the machine is what is run there.
            if machine.is_some() {
                break;
            }
            let named = word.strip_prefix("ssh://").unwrap_or(word);
            let named = named.rsplit_once('@').map_or(named, |(_, host)| host);
            let (host, port) = match (word.starts_with("ssh://"), named.rsplit_once(':')) {
                (true, Some((host, port))) => (host, port.parse().ok()),
                _ => (named, None),
            };
            machine = Some(host.to_owned());
            machine_port = machine_port.or(port);
            continue;
        };
        let Some(at) = options.find(|c| WITH_VALUE.contains(c)) else {
            continue;
        };
        let letter = &options[at..=at];
        let value = match &options[at + 1..] {
            "" => rest.next().copied().unwrap_or_default(),
            glued => glued,
        };
        match letter {
            "L" => found.extend(local_forward(value)),
            "D" => found.extend(dynamic_forward(value)),
            "p" => machine_port = value.parse().ok(),
            "o" => {
                let (name, value) = value.split_once(['=', ' ']).unwrap_or((value, ""));
                if name.eq_ignore_ascii_case("LocalForward") {
                    found.extend(local_forward(&value.trim().replacen(' ', ":", 1)));
                } else if name.eq_ignore_ascii_case("DynamicForward") {
                    found.extend(dynamic_forward(value.trim()));
                } else if name.eq_ignore_ascii_case("Port") {
                    machine_port = value.trim().parse().ok();
                }
            }
            _ => {}
        }
    }
    for passage in &mut found {
        passage.via.clone_from(&machine);
        passage.via_port = machine_port;
    }
    found
}

/// `[bind:]port`: a SOCKS proxy, whose clients say where to.
fn dynamic_forward(text: &str) -> Option<Passage> {
    let port = text.rsplit([':', '/']).next().unwrap_or(text);
    Some(Passage {
        listens: Some(port.parse().ok()?),
        socks: true,
        ..Passage::default()
    })
}

/// `[bind:]port:host:hostport`; an address of IPv6 stands in brackets.
fn local_forward(text: &str) -> Option<Passage> {
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = match rest.strip_prefix('[') {
            Some(bracketed) => {
                let (part, after) = bracketed.split_once(']')?;
                (part, after.strip_prefix(':').unwrap_or(after))
            }
            None => rest.split_once([':', '/']).unwrap_or((rest, "")),
        };
        parts.push(part);
        rest = after;
    }
    let (listens, host, to) = match parts[..] {
        [port, host, to] | [_, port, host, to] => (port, host, to),
        _ => return None,
    };
    Some(Passage {
        listens: Some(listens.parse().ok()?),
        host: Some(host.to_owned()),
        to: Some(to.parse().ok()?),
        ..Passage::default()
    })
}

/// `TCP-LISTEN:3000,fork TCP:localhost:8080`, in either order.
fn socat(words: &[&str]) -> Vec<Passage> {
    let mut listens = None;
    let mut onward = None;
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let address = word.split(',').next().unwrap_or_default();
        let Some((kind, value)) = address.split_once(':') else {
            continue;
        };
        match kind.to_ascii_uppercase().as_str() {
            "TCP-LISTEN" | "TCP4-LISTEN" | "TCP6-LISTEN" | "TCP-L" | "TCP4-L" | "TCP6-L" => {
                listens = value.parse().ok();
            }
            "TCP" | "TCP4" | "TCP6" | "TCP-CONNECT" | "TCP4-CONNECT" | "TCP6-CONNECT"
            | "OPENSSL" | "SSL" | "OPENSSL-CONNECT" => onward = place(value),
            _ => {}
        }
    }
    let passage = onward.map(|onward| Passage { listens, ..onward });
    passage.into_iter().collect()
}

/// `kubectl port-forward svc/web 3000:80 [local:remote …]`.
fn kubectl(words: &[&str]) -> Vec<Passage> {
    let Some(at) = words.iter().position(|word| *word == "port-forward") else {
        return Vec::new();
    };
    let mut resource = None;
    let mut found = Vec::new();
    let mut rest = words[at + 1..].iter();
    while let Some(&word) = rest.next() {
        if let Some(flag) = word.strip_prefix('-') {
            // A flag without a value in its own word has it in the next.
            if !flag.contains('=') {
                rest.next();
            }
        } else if resource.is_none() {
            resource = Some(word.to_owned());
        } else {
            let (local, remote) = word.split_once(':').unwrap_or((word, word));
            let listens = local.parse().ok();
            found.push(Passage {
                listens,
                host: resource.clone(),
                to: remote.parse().ok(),
                via: Some("the cluster".to_owned()),
                ..Passage::default()
            });
        }
    }
    // A port that is left out, or 0, is chosen by the system.
    for passage in &mut found {
        passage.listens = passage.listens.filter(|port| *port != 0);
    }
    found
}

/// `ngrok http 3000`, `ngrok tcp localhost:22`.
fn ngrok(words: &[&str]) -> Vec<Passage> {
    let mut plain = words.iter().filter(|word| !word.starts_with('-'));
    if !plain.any(|word| matches!(*word, "http" | "tcp" | "tls")) {
        return Vec::new();
    }
    plain.find_map(|word| local(word)).into_iter().collect()
}

/// `cloudflared tunnel --url http://localhost:3000`.
fn cloudflared(words: &[&str]) -> Vec<Passage> {
    let url = value_of(words, &["--url"]).and_then(local);
    url.into_iter().collect()
}

/// `lt --port 3000 --local-host 127.0.0.1`.
fn localtunnel(words: &[&str]) -> Vec<Passage> {
    let port = value_of(words, &["--port", "-p"]).and_then(local);
    let host = value_of(words, &["--local-host", "-l"]);
    port.map(|port| Passage {
        host: host.map(str::to_owned).or(port.host.clone()),
        ..port
    })
    .into_iter()
    .collect()
}

/// The value of the first of these options, in the same word or in the next.
fn value_of<'a>(words: &[&'a str], options: &[&str]) -> Option<&'a str> {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.split_once('=') {
            Some((option, value)) if options.contains(&option) => return Some(value),
            None if options.contains(word) => return rest.next().copied(),
            _ => {}
        }
    }
    None
}

/// Whether the agent of a tunnel that was started so may have this public name: it asks for
/// it, or for none.
#[must_use]
pub fn may_be_named(argv: &[String], host: &str) -> bool {
    const NAMES: &[&str] = &[
        "--url",
        "-url",
        "--domain",
        "-domain",
        "--hostname",
        "-hostname",
        "--subdomain",
        "-subdomain",
        "-s",
    ];
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let Some(asked) = value_of(&words, NAMES) else {
        return true;
    };
    let name = asked.split_once("://").map_or(asked, |(_, rest)| rest);
    let name = name.split(['/', ':']).next().unwrap_or(name);
    // That of Cloudflare names the local server in this way.
    let is_local = local(asked).is_some();
    let first = host.split('.').next().unwrap_or(host);
    is_local || name.eq_ignore_ascii_case(host) || name.eq_ignore_ascii_case(first)
}

/// A place of this machine: a port alone, or an address with one.
#[must_use]
pub fn local(word: &str) -> Option<Passage> {
    match word.parse() {
        Ok(port) => Some(Passage {
            host: Some("localhost".to_owned()),
            to: Some(port),
            ..Passage::default()
        }),
        Err(_) => place(word),
    }
}

#[cfg(test)]
#[path = "argv_tests.rs"]
mod tests;
