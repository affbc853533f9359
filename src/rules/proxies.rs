//! Which proxy variable a client obeys for a target, and how it is told.

use crate::facts::{Protocol, ProxySetting, ProxyUser, ProxyVariable, Scheme, catalogue};
use crate::findings::{Confidence, Evidence, Fix, Seen};
use crate::rules::Case;
use crate::rules::clients::{Asked, CLIENTS, Client, by_java};

/// A proxy variable that clients obey for the target, and how sure that is.
pub(super) struct Applies<'a> {
    pub(super) variable: &'a ProxyVariable,
    pub(super) confidence: Confidence,
    /// The clients that obey it, the first of which is named.
    pub(super) clients: Vec<Client>,
}

/// The proxy variable that a command-line client obeys for this target: curl's first.
pub(super) fn proxy<'a>(case: &Case<'a>) -> Option<Applies<'a>> {
    let (confidence, asked) = asked(case)?;
    let host = &case.facts.host;
    let variable = CLIENTS
        .iter()
        .find_map(|client| client.obeys(host, &asked))?;
    let obeys = |client: &Client| {
        let own = client.obeys(host, &asked);
        own.is_some_and(|own| (&own.host, own.port) == (&variable.host, variable.port))
    };
    let clients: Vec<Client> = CLIENTS.into_iter().filter(obeys).collect();
    let confidence = match clients.contains(&Client::Curl) {
        true => confidence,
        false => confidence.min(Confidence::Likely),
    };
    Some(Applies {
        variable,
        confidence,
        clients,
    })
}

fn asked<'a>(case: &Case<'a>) -> Option<(Confidence, Asked<'a>)> {
    let (confidence, secure) = web(case)?;
    let asked = Asked {
        host: case.target.host.trim_matches(['[', ']']),
        port: case.port(),
        secure,
    };
    Some((confidence, asked))
}

/// Who of the usual clients obeys the variable for this target, and who does not.
pub(super) fn who_obeys(case: &Case, applies: &Applies) -> Evidence {
    let list = |names: &[&str]| match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    };
    let obey: Vec<&str> = applies.clients.iter().map(|client| client.name()).collect();
    let others = CLIENTS
        .into_iter()
        .filter(|one| !applies.clients.contains(one));
    let mut spared: Vec<&str> = others.map(Client::name).collect();
    let ip = case.target.ip();
    if case.target.is_localhost_name() || ip.is_some_and(|ip| ip.is_loopback()) {
        spared.push("browsers");
    }
    let (verb, host) = (
        if obey.len() == 1 { "obeys" } else { "obey" },
        &case.target.host,
    );
    let does = match spared.as_slice() {
        [] => String::new(),
        [_] => format!("; {} does not", list(&spared)),
        _ => format!("; {} do not", list(&spared)),
    };
    Evidence::new(
        format!("{} {verb} it for {host}{does}", list(&obey)),
        Seen::Environment {
            variable: applies.variable.name.clone(),
        },
    )
}

/// The settings of tools and of the desktop that concern the target.
pub(super) fn settings<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a ProxySetting> {
    let settings = case.facts.host.proxy_settings.seen();
    let asked = asked(case).map(|(_, asked)| asked);
    let ip = case.target.ip();
    // Neither browsers nor tools are asked about by the port of a server of one's own.
    let here = case.target.is_localhost_name() || ip.is_some_and(|ip| ip.is_loopback());
    let own = case.on_this_machine();
    let all = settings.map_or(&[][..], Vec::as_slice).iter();
    all.filter(move |one| {
        let Some(asked) = asked else {
            return false;
        };
        let desktop = matches!(one.by, ProxyUser::Gnome | ProxyUser::Kde);
        let excepted = match one.by {
            ProxyUser::Java => one.except.iter().any(|entry| by_java(asked.host, entry)),
            ProxyUser::Docker => Client::Go.excepts(&asked, &one.except.join(",")),
            _ => {
                Client::Node.excepts(&asked, &one.except.join(","))
                    || Client::Curl.excepts(&asked, &one.except.join(","))
            }
        };
        !excepted && !here && (!own || desktop || one.by == ProxyUser::Java)
    })
}

/// Where a setting stands: `/home/me/.gitconfig:4 sets http.proxy to http://127.0.0.1:7890`.
pub(super) fn setting_evidence(one: &ProxySetting) -> Evidence {
    let place = match one.place.starts_with(['/', '~']) || one.line > 0 {
        true => Seen::File {
            file: one.place.clone(),
            line: (one.line > 0).then_some(one.line),
        },
        false => Seen::Environment {
            variable: one.place.clone(),
        },
    };
    let says = match one.script {
        true => format!(
            "{} has {} ask a script for its proxy",
            one.place,
            one.by.words()
        ),
        false => format!(
            "{} sets {} to {}://{}",
            place_words(one),
            one.key,
            one.scheme,
            setting_authority(one)
        ),
    };
    Evidence::new(says, place)
}

fn place_words(one: &ProxySetting) -> String {
    match one.line {
        0 => one.place.clone(),
        line => format!("{}:{line}", one.place),
    }
}

pub(super) fn setting_authority(one: &ProxySetting) -> String {
    if one.host.contains(':') {
        format!("[{}]:{}", one.host, one.port)
    } else {
        format!("{}:{}", one.host, one.port)
    }
}

/// Take the setting out.
pub(super) fn unset_setting(one: &ProxySetting) -> Fix {
    let title = format!("have {} use no proxy", one.by.words());
    let run = |words: &[&str]| Fix::safe(title.clone(), words.iter().copied());
    match (one.by, one.key.as_str()) {
        (ProxyUser::Git, "http.proxy") => {
            run(&["git", "config", "--global", "--unset", "http.proxy"])
        }
        (ProxyUser::Npm, "proxy" | "https-proxy") => run(&["npm", "config", "delete", &one.key]),
        (ProxyUser::Pip, "global.proxy") => run(&["pip", "config", "unset", "global.proxy"]),
        (ProxyUser::Gnome, _) => {
            run(&["gsettings", "set", "org.gnome.system.proxy", "mode", "none"])
        }
        _ => Fix::read(
            title,
            format!("take {} out at {}", one.key, place_words(one)),
        ),
    }
}

/// Whether the target is asked by clients that obey proxy variables, how sure that is,
/// and whether over TLS.
pub(super) fn web(case: &Case) -> Option<(Confidence, bool)> {
    if let Some(scheme) = case.target.scheme {
        let secure = matches!(scheme, Scheme::Https | Scheme::Wss);
        return scheme.is_web().then_some((Confidence::Certain, secure));
    }
    if let Some((_, greeting)) = case.greeting() {
        return match greeting.spoken {
            Some(Protocol::Http) => Some((case.hearing(), false)),
            Some(Protocol::Tls) => Some((case.hearing(), true)),
            _ => None,
        };
    }
    match catalogue().port(case.port()) {
        Some(row) => (row.greet == Some(Protocol::Http)).then_some((Confidence::Likely, false)),
        None => Some((Confidence::Likely, false)),
    }
}

pub(super) fn variable_evidence(variable: &ProxyVariable) -> Evidence {
    Evidence::new(
        format!(
            "{} is set to {}://{}",
            variable.name,
            variable.scheme,
            authority(variable)
        ),
        Seen::Environment {
            variable: variable.name.clone(),
        },
    )
}

pub(super) fn authority(variable: &ProxyVariable) -> String {
    if variable.host.contains(':') {
        format!("[{}]:{}", variable.host, variable.port)
    } else {
        format!("{}:{}", variable.host, variable.port)
    }
}

pub(super) fn no_proxy_evidence(case: &Case, applies: &Applies) -> Evidence {
    let host = &case.target.host;
    let says = match &case.facts.host.no_proxy {
        Some(value) if applies.clients.contains(&Client::Curl) => {
            format!("NO_PROXY is `{value}`, which does not except {host}")
        }
        Some(value) => {
            let reader = applies.clients.first().map_or("a client", |one| one.name());
            format!("NO_PROXY is `{value}`, which does not except {host} as {reader} reads it")
        }
        None => "NO_PROXY is not set".to_owned(),
    };
    Evidence::new(
        says,
        Seen::Environment {
            variable: "NO_PROXY".to_owned(),
        },
    )
}

/// Excepts this machine from the proxy, in both spellings: curl prefers the lower case.
pub(super) fn except_localhost(case: &Case) -> Fix {
    let mut names: Vec<&str> = case
        .facts
        .host
        .no_proxy
        .as_deref()
        .unwrap_or_default()
        .split([',', ' '])
        .filter(|entry| !entry.is_empty())
        .collect();
    let host = case.target.host.as_str();
    for name in ["localhost", "127.0.0.1", "::1", host] {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let list = names.join(",");
    Fix::safe(
        "except this machine from the proxy, in this shell",
        [
            "export".to_owned(),
            format!("NO_PROXY={list}"),
            format!("no_proxy={list}"),
        ],
    )
}

pub(super) fn unset(title: &str, variable: &ProxyVariable) -> Fix {
    Fix::safe(title, ["unset", &variable.name])
}
