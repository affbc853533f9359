//! # A proxy or a URL points to a port where this project serves nothing
//!
//! ## What happened
//!
//! A file of the project names the address of another server, as the target of a
//! development proxy or as a URL in `.env`, and nothing of the project has that
//! port: no file says that something should, and nobody listens there.
//!
//! ## Why
//!
//! The other server's port was changed and this place was forgotten, or its
//! setting has no effect. Inside a container, `localhost` is the container itself:
//! its neighbours are reached by their service names, at the ports that they have
//! inside.
//!
//! ## What to do
//!
//! Let the place that is named say the port that the other server has, or give that
//! server the port that is named.

use crate::facts::{Expectation, Pointer, Proto, Runs, Service, catalogue};
use crate::findings::{Confidence, Evidence, Finding, Fix, Severity, Verdict};
use crate::rules::{Case, Rule, Survey, evidence};

use super::{fails, survey};

/// DD804.
pub static RULE: Rule = Rule {
    code: "DD804",
    name: "proxy-target-drift",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 5,
    check,
    source: include_str!("proxy_target_drift.rs"),
};

/// Where a file points to the asked port, or where the server of the asked port gives an
/// error and its own files point nowhere.
fn check(case: &Case) -> Option<Finding> {
    let survey = survey(case)?;
    let port = case.port();
    if !fails(case) {
        return None;
    }
    let upstream = case.verdict() == Verdict::ErrorStatus
        && case.greeting().is_some_and(|(_, greeting)| {
            let status = greeting.http.as_ref().map(|http| http.status);
            status.is_some_and(|status| status >= 500)
        });
    let here = |pointer: &Pointer| {
        let mut expecting = survey.claims.expecting(port);
        expecting.any(|(service, _)| service.name == pointer.service)
    };
    let pointers = survey.claims.pointers.iter();
    pointers
        .filter(|pointer| pointer.port == port || (upstream && here(pointer)))
        .filter_map(|pointer| of(&survey, pointer))
        .find(|finding| finding.severity > Severity::Info)
}

pub(in crate::rules) fn all(survey: &Survey) -> Vec<Finding> {
    let pointers = survey.claims.pointers.iter();
    pointers.filter_map(|pointer| of(survey, pointer)).collect()
}

/// Who is probably meant, and where that really is.
struct Near<'a> {
    service: &'a Service,
    port: u16,
    wants: &'a Expectation,
    /// Whether nothing else can be meant.
    sure: bool,
}

fn of(survey: &Survey, pointer: &Pointer) -> Option<Finding> {
    match (is_loopback(&pointer.host), pointer.inside) {
        (true, false) => on_this_machine(survey, pointer),
        (true, true) => inside_itself(survey, pointer),
        (false, true) => to_a_neighbour(survey, pointer),
        // From outside of a container a bare name is the resolver's business.
        (false, false) => None,
    }
}

/// A place on this machine where neither a file nor a socket has anything.
fn on_this_machine(survey: &Survey, pointer: &Pointer) -> Option<Finding> {
    let port = pointer.port;
    let listeners = survey.case.facts.listeners.seen();
    if survey.claims.expecting(port).next().is_some()
        || survey.on(port, Proto::Tcp).next().is_some()
        || may_be_published(survey, port)
    {
        return None;
    }
    let near = near(survey, pointer);
    // A database of the system, another project's server: a file of this project need not
    // say that it is there.
    if near.is_none()
        && catalogue()
            .port(port)
            .is_some_and(|known| known.client.is_some())
    {
        return None;
    }
    let settled = survey.is_whole() && listeners.is_some();
    let (confidence, severity) = match &near {
        Some(near) if near.sure && settled => (Confidence::Likely, Severity::Warning),
        Some(near) if near.sure => (Confidence::Possible, Severity::Warning),
        _ => (Confidence::Possible, Severity::Info),
    };
    let says = format!(
        "{} points to {}:{port} ({}), where this project serves nothing{}",
        pointer.key,
        pointer.host,
        survey.place(&pointer.origin),
        near.as_ref().map_or_else(String::new, |near| format!(
            ": {} has port {}",
            near.service.name, near.port
        ))
    );
    let mut finding = Finding::new(confidence, says)
        .severity(severity)
        .at(&pointer.origin)
        .because(points(survey, pointer));
    if listeners.is_some() {
        finding = finding.because(evidence::nobody_listens_on(&survey.case, port));
    }
    Some(match near {
        Some(near) => {
            let service = near.service;
            finding.because(is_at(survey, &near)).fix(point_to(
                survey,
                pointer,
                &pointer.host,
                near.port,
                &service.name,
            ))
        }
        None => finding.fix(Fix::read(
            "start what it points to, or change it",
            format!(
                "{} needs a server on port {port}: if it is another project's, start that; if it \
                 has another port, change {}",
                pointer.key,
                survey.place(&pointer.origin)
            ),
        )),
    })
}

/// Inside a container, where `localhost` is the container itself.
fn inside_itself(survey: &Survey, pointer: &Pointer) -> Option<Finding> {
    let port = pointer.port;
    let has = |service: &Service| {
        let mut expects = service.expects.iter();
        expects.any(|wants| wants.target == Some(port))
    };
    let own = survey.claims.service(&pointer.service)?;
    if own.runs != Runs::Container || has(own) {
        return None;
    }
    let mut others = survey.claims.services.iter().filter(|service| {
        let with = service.runs == Runs::Container && service.group == own.group;
        let published = service.expects.iter().any(|e| e.port == Some(port));
        with && !std::ptr::eq(*service, own) && (has(service) || published)
    });
    let meant = others.next()?;
    if others.next().is_some() {
        return None;
    }
    let wants = meant
        .expects
        .iter()
        .find(|e| e.target == Some(port))
        .or_else(|| meant.expects.iter().find(|e| e.port == Some(port)))?;
    let inside = wants.target?;
    let near = Near {
        service: meant,
        port: inside,
        wants,
        sure: true,
    };
    let (own, name) = (&own.name, &meant.name);
    Some(
        Finding::new(
            Confidence::Likely,
            format!(
                "inside the container of {own}, {}:{port} is {own} itself, not {name} ({})",
                pointer.host,
                survey.place(&pointer.origin)
            ),
        )
        .at(&pointer.origin)
        .because(points(survey, pointer))
        .because(is_at(survey, &near))
        .fix(point_to(survey, pointer, name, inside, name)),
    )
}

/// From container to container, at the port that the neighbour has on this machine.
fn to_a_neighbour(survey: &Survey, pointer: &Pointer) -> Option<Finding> {
    let port = pointer.port;
    let services = survey.claims.services.iter();
    let meant = services
        .filter(|service| service.runs == Runs::Container)
        .find(|service| service.name == pointer.host)?;
    if meant.expects.iter().any(|wants| wants.target == Some(port)) {
        return None;
    }
    // Any other port may well be served inside: only one that is published leads astray.
    let wants = meant.expects.iter().find(|e| e.port == Some(port))?;
    let inside = wants.target?;
    let near = Near {
        service: meant,
        port: inside,
        wants,
        sure: true,
    };
    let name = &meant.name;
    Some(
        Finding::new(
            Confidence::Likely,
            format!(
                "{} points to {name}:{port} ({}), and inside the network {name} has port {inside}: \
                 {port} is its port on this machine",
                pointer.key,
                survey.place(&pointer.origin)
            ),
        )
        .at(&pointer.origin)
        .because(points(survey, pointer))
        .because(is_at(survey, &near))
        .fix(point_to(survey, pointer, name, inside, name)),
    )
}

/// Whether a container that runs has this port without a socket of this machine.
fn may_be_published(survey: &Survey, port: u16) -> bool {
    let containers = survey.case.facts.containers.items().iter();
    containers
        .filter(|container| container.is_up())
        .any(|c| c.publishes().any(|publish| publish.host_port == Some(port)))
}

/// The service of this project that is probably meant.
fn near<'a>(survey: &Survey<'a>, pointer: &Pointer) -> Option<Near<'a>> {
    let port = pointer.port;
    let own = survey.claims.service(&pointer.service);
    let is_own = |service: &Service| own.is_some_and(|own| std::ptr::eq(own, service));
    let others: Vec<&'a Service> = survey
        .claims
        .services
        .iter()
        .filter(|service| !is_own(service) && service.is_on() && service.port().is_some())
        .collect();
    let found = |service: &'a Service, sure| {
        let wants = service.expects.iter().find(|e| e.port == service.port())?;
        Some(Near {
            service,
            port: wants.port?,
            wants,
            sure,
        })
    };
    // Its own setting of this port has no effect.
    let ignored = survey.claims.ignored.iter().find(|i| i.port == Some(port));
    if let Some(ignored) = ignored
        && let Some(service) = others.iter().find(|s| s.name == ignored.service)
    {
        return found(service, true);
    }
    // Inside of it, it has this port.
    let target = |service: &&&'a Service| {
        let mut expects = service.expects.iter();
        expects.any(|wants| wants.target == Some(port))
    };
    if let Some(service) = others.iter().find(target) {
        return found(service, true);
    }
    // It is of the same kind as the port, as a database is.
    let speaks = |service: &&'a Service| protocol_of(service);
    let asked = pointer
        .scheme
        .as_deref()
        .and_then(scheme_protocol)
        .or_else(|| catalogue().port(port)?.greet);
    let web = |protocol: crate::facts::Protocol| protocol == crate::facts::Protocol::Http;
    if let Some(asked) = asked.filter(|asked| !web(*asked)) {
        let mut same = others.iter().filter(|s| speaks(s) == Some(asked));
        let first = same.next()?;
        return found(first, same.next().is_none());
    }
    // It is the only other one that is started with the one that points.
    let mut rest = others.iter().filter(|service| {
        let database = speaks(service).is_some_and(|protocol| !web(protocol));
        let form = own.is_some_and(|own| {
            own.folder == service.folder && own.runs == service.runs && own.group.is_none()
        });
        !database && !form
    });
    let first = rest.next()?;
    match rest.next() {
        None => found(first, true),
        Some(_) => None,
    }
}

/// What a service speaks, by its framework or by its port.
fn protocol_of(service: &Service) -> Option<crate::facts::Protocol> {
    let by_port = |port: u16| catalogue().port(port)?.greet;
    let inside = service.expects.iter().find_map(|wants| wants.target);
    service
        .row()
        .and_then(|row| row.speaks())
        .or_else(|| by_port(inside.or_else(|| service.port())?))
}

fn scheme_protocol(word: &str) -> Option<crate::facts::Protocol> {
    let target: crate::facts::Target = format!("{word}://localhost").parse().ok()?;
    target.scheme.map(crate::facts::Scheme::protocol)
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// `vite.config.ts:9 points server.proxy["/api"] to localhost:8080`.
fn points(survey: &Survey, pointer: &Pointer) -> Evidence {
    let Pointer {
        key, host, port, ..
    } = pointer;
    let whose = match pointer.service.as_str() {
        "" => String::new(),
        service => format!(" of {service}"),
    };
    survey.in_file(
        &pointer.origin,
        &format!("points {key}{whose} to {host}:{port}"),
    )
}

fn is_at(survey: &Survey, near: &Near) -> Evidence {
    let wants = near.wants;
    if wants.port == Some(near.port) {
        return survey.says(near.service, wants);
    }
    let (name, port) = (&near.service.name, near.port);
    survey.in_file(
        &wants.origin,
        &format!("says that {name} has port {port} inside"),
    )
}

/// The pointer with another address in it.
fn point_to(survey: &Survey, pointer: &Pointer, host: &str, port: u16, name: &str) -> Fix {
    let title = format!("point it to {name}");
    let old = pointer.port.to_string();
    let written = &pointer.written;
    let there = written.matches(pointer.host.as_str()).count() == 1
        && written.matches(old.as_str()).count() == 1
        && pointer.origin.line > 0;
    if !there {
        let text = format!(
            "set {} to {host}:{port} at {}",
            pointer.key,
            survey.place(&pointer.origin)
        );
        return Fix::read(title, text);
    }
    let port = port.to_string();
    let to = match written.rsplit_once(&old) {
        Some((before, after)) => format!("{before}{port}{after}"),
        None => written.clone(),
    };
    let to = to.replacen(&pointer.host, host, 1);
    Fix::edit(title, survey.edit(&pointer.origin, written, to))
}
