//! # The name has no address
//!
//! ## What happened
//!
//! The resolver of this system answered that there is no such name, so no
//! connection was tried.
//!
//! ## Why
//!
//! The name is mistyped, or it is known only somewhere else. The name of a compose
//! service (`db`) and `host.docker.internal` exist only inside the engine's own
//! networks, never on the machine itself. A name that ends in `.local` is asked for in
//! this network itself (multicast DNS), which a system must be set up for. And some
//! routers hide names of the internet that lead to private addresses, as `lvh.me` and
//! those of `nip.io` do.
//!
//! ## What to do
//!
//! From the machine itself, use `localhost` and the port that the container
//! publishes. For a name of your own, add a line to the hosts file.

use crate::facts::{Container, Publish, ResolveError};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule};

use super::{add_to_hosts, container_named, looks_public};

/// DD101.
pub static RULE: Rule = Rule {
    code: "DD101",
    name: "name-not-found",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::localhost_not_loopback::RULE,
        &super::subdomain_of_localhost::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("name_not_found.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let resolution = case.resolution()?;
    let host = &case.target.host;
    let service = container_named(case, host);
    let (confidence, words) = match (&resolution.error, service) {
        (Some(ResolveError::NotFound), _) => (Confidence::Certain, "there is no such name"),
        // Nobody but the engine knows a service's name: silent name servers change nothing.
        (Some(ResolveError::TryAgain), Some(_)) => {
            (Confidence::Likely, "the name servers give no answer")
        }
        _ => return None,
    };
    let seen = Evidence::new(
        format!("{host}: {words}"),
        Seen::Name { name: host.clone() },
    );
    let finding = match service {
        Some(container) => for_service(case, container, confidence)
            .because(seen)
            .because(container_evidence(container)),
        None => for_name(case, confidence).because(seen),
    };
    Some(match service {
        Some(container) => finding.fix(use_published(case, container)),
        None => fixes(case)
            .into_iter()
            .fold(finding, |finding, fix| finding.fix(fix)),
    })
}

fn for_service(case: &Case, container: &Container, confidence: Confidence) -> Finding {
    let host = &case.target.host;
    let what = match &container.compose {
        Some(compose) => format!("a service of the compose project {}", compose.project),
        None => "a container".to_owned(),
    };
    Finding::new(
        confidence,
        format!("the name {host} is {what}: it exists inside its network only, not here"),
    )
}

fn for_name(case: &Case, confidence: Confidence) -> Finding {
    let host = &case.target.host;
    let says = if is_inside_name(host) {
        format!("the name {host} exists inside containers only; from here it is localhost")
    } else {
        format!("the name {host} has no address")
    };
    Finding::new(confidence, says)
}

/// Names that engines give to the machine they run on.
fn is_inside_name(host: &str) -> bool {
    [
        "host.docker.internal",
        "gateway.docker.internal",
        "host.containers.internal",
    ]
    .iter()
    .any(|name| name.eq_ignore_ascii_case(host))
}

fn container_evidence(container: &Container) -> Evidence {
    let says = match published(container) {
        Some((publish, port)) => format!(
            "container {} publishes its port {} on port {port} of this machine",
            container.name, publish.container_port
        ),
        None => format!("container {} publishes no port", container.name),
    };
    Evidence::new(
        says,
        Seen::Container {
            name: container.name.clone(),
            what: "HostConfig.PortBindings".to_owned(),
        },
    )
}

/// The first port of a container that this machine has.
fn published(container: &Container) -> Option<(&Publish, u16)> {
    container
        .publishes()
        .find_map(|publish| Some((publish, publish.host_port?)))
}

/// The port of this machine that leads to the asked port of the container.
fn published_for(container: &Container, port: u16) -> Option<u16> {
    container
        .publishes()
        .find(|publish| publish.container_port == port)
        .and_then(|publish| publish.host_port)
        .or_else(|| published(container).map(|(_, port)| port))
}

fn use_published(case: &Case, container: &Container) -> Fix {
    let port = case.port();
    match published_for(container, port) {
        Some(port) => Fix::safe(
            format!("use localhost:{port} from this machine"),
            ["devdoctor", "why", &format!("localhost:{port}")],
        ),
        None => Fix::read(
            "publish its port",
            format!(
                "add `ports: [\"127.0.0.1:{port}:{port}\"]` to the service, start it again, \
                 and use localhost:{port}"
            ),
        ),
    }
}

fn fixes(case: &Case) -> Vec<Fix> {
    let (host, port) = (&case.target.host, case.port());
    if is_inside_name(host) {
        return vec![Fix::safe(
            "use localhost from this machine",
            ["devdoctor", "why", &format!("localhost:{port}")],
        )];
    }
    let mut fixes = vec![Fix::read(
        "check the name",
        format!("look at the spelling of {host}, and at where it is configured"),
    )];
    if !looks_public(host) {
        fixes.extend(add_to_hosts(case));
    }
    fixes
}
