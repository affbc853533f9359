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
//! service (`db`) exists only inside the engine's own networks. `host.docker.internal`
//! is what a container calls the machine that runs it: on the machine itself that is
//! `localhost`. Docker Desktop gives every container this name (and writes it into the
//! machine's hosts file); elsewhere only a container that was started with
//! `--add-host=host.docker.internal:host-gateway` has it.
//!
//! A name that ends in `.local` is asked for in this network itself (multicast DNS),
//! which a system must be set up for. And some routers hide names of the internet that
//! lead to private addresses, as `lvh.me` and those of `nip.io` do.
//!
//! ## What to do
//!
//! From the machine itself, use `localhost` and the port that the container
//! publishes. In a container, give it the machine's name: `extra_hosts` in the compose
//! file, or `--add-host`. For a name of your own, add a line to the hosts file.

use crate::facts::{Container, NameServer, Publish, ResolveError, Vantage, is_machine_name};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity};
use crate::rules::{Case, Rule};

use super::meant::{Meant, meant};
use super::{add_to_hosts, container_named, looks_public, order_evidence};

/// DD101.
pub static RULE: Rule = Rule {
    code: "DD101",
    name: "name-not-found",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &super::localhost_not_loopback::RULE,
        &super::subdomain_of_localhost::RULE,
        &super::stale_dns::RULE,
    ],
    settle: 2,
    check,
    source: include_str!("name_not_found.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    let resolution = case.resolution()?;
    let host = &case.target.host;
    let service = container_named(case, host);
    let inside = is_machine_name(host.trim_end_matches('.'));
    let (confidence, words) = match &resolution.error {
        Some(ResolveError::NotFound) => (
            match service.is_some() || inside || is_nowhere(case) {
                true => Confidence::Certain,
                false => Confidence::Likely,
            },
            "there is no such name",
        ),
        // Nobody but the engine knows these names: silent name servers change nothing.
        Some(ResolveError::TryAgain) if service.is_some() || inside => {
            (Confidence::Likely, "the name servers give no answer")
        }
        _ => return None,
    };
    let seen = Evidence::new(
        format!("{host}: {words}"),
        Seen::Name { name: host.clone() },
    );
    if let Some(container) = service {
        return Some(
            for_service(case, container, confidence)
                .because(seen)
                .because(container_evidence(container))
                .fix(use_published(case, container)),
        );
    }
    if inside {
        return Some(for_machine(case, confidence, seen));
    }
    if let Some(meant) = meant(case) {
        return Some(for_slip(case, confidence, seen, meant));
    }
    let finding = Finding::new(confidence, format!("the name {host} has no address"))
        .because(seen)
        .because_all(is_multicast(host).then(|| order_evidence(case)).flatten());
    Some(fixes(case).into_iter().fold(finding, Finding::fix))
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

/// The name that containers have for the machine that runs them.
fn for_machine(case: &Case, confidence: Confidence, seen: Evidence) -> Finding {
    let (host, port) = (&case.target.host, case.port());
    let ask = format!("localhost:{port}");
    let by_localhost = |title: &str| Fix::safe(title, ["devdoctor", "why", &ask]);
    let name = host.trim_end_matches('.');
    let hand_over = |title: &str| {
        Fix::read(
            title,
            format!(
                "`extra_hosts: [\"{name}:host-gateway\"]` in the compose file, or \
                 `--add-host={name}:host-gateway` after `docker run`; Docker Desktop does so by \
                 itself"
            ),
        )
    };
    match case.facts.host.vantage {
        Vantage::Container | Vantage::Devcontainer => Finding::new(
            confidence,
            format!(
                "this container was not given the name {host}, by which a container calls the \
                 machine that runs it"
            ),
        )
        .because(seen)
        .fix(hand_over("start the container with that name")),
        // To what the engine runs on, a namespace or a distribution may be a guest itself.
        Vantage::Wsl | Vantage::Namespace => Finding::new(
            confidence,
            format!("the name {host} exists inside containers only"),
        )
        .because(seen)
        .fix(by_localhost("ask for a server that runs here by localhost"))
        .fix(hand_over("for a container that lacks the name, too")),
        Vantage::Machine | Vantage::Ssh => Finding::new(
            confidence,
            format!(
                "the name {host} is how containers call this machine; on the machine itself it \
                 is localhost"
            ),
        )
        .because(seen)
        .fix(by_localhost("use localhost from this machine"))
        .fix(hand_over("for a container that lacks the name, too")),
    }
}

/// A name that is hardly the one that was meant.
fn for_slip(case: &Case, confidence: Confidence, seen: Evidence, meant: Meant) -> Finding {
    let target = case.target;
    let again = match target.scheme {
        Some(_) => target.url_of(&meant.host, target.port),
        None => format!("{}:{}", meant.host, target.port),
    };
    Finding::new(
        confidence,
        format!(
            "the name {} has no address; {} is probably meant",
            target.host, meant.host
        ),
    )
    .because(seen)
    .because_all(meant.because)
    .fix(Fix::safe(
        format!("ask for {}", meant.host),
        ["devdoctor", "why", &again],
    ))
}

/// Whether no name server knows the name either; where none is asked, what the resolver
/// says is all there is.
fn is_nowhere(case: &Case) -> bool {
    let Some(names) = case.facts.names.seen() else {
        return false;
    };
    let order = names.order.seen();
    let alone = order.is_some_and(|order| !order.has("dns") && !order.has("resolve"));
    let says_no = |one: &NameServer| one.knows() && one.addresses().is_empty();
    let servers = names.servers.seen();
    alone || servers.is_some_and(|list| !list.is_empty() && list.iter().all(says_no))
}

/// Whether a name is one that the machines of a network know of each other.
fn is_multicast(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.rsplit_once('.')
        .is_some_and(|(_, top)| top.eq_ignore_ascii_case("local"))
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
    let host = &case.target.host;
    let order = case.facts.names.seen().and_then(|names| names.order.seen());
    if is_multicast(host) && order.is_some_and(|order| !order.has_multicast()) {
        return vec![Fix::read(
            "have this system ask the network for such names",
            "install libnss-mdns and avahi-daemon (Debian and Ubuntu: sudo apt install \
                 libnss-mdns), which adds itself to /etc/nsswitch.conf",
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
