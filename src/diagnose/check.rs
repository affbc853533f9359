//! `devdoctor check`: a whole project beside what runs, without a connection.

use std::sync::Arc;
use std::time::Instant;

use super::looks::Looks;
use super::parts::{
    ask_engines, ask_if_enabled, find_owners, is_forwarder, listeners, look_at_processes, owner_ids,
};
use super::reading::{Reading, servers_stand};
use crate::facts::{
    Claims, Gap, Known, Listener, Project, Protocol, Runs, Scope, Snapshot, catalogue, is_below,
};
use crate::findings::{ExpectationLine, PROJECT_FILES, ProjectReport, ServiceLine, Unseen};
use crate::rules::{self, PortStanding, Standing, Survey};
use crate::settings::Settings;
use crate::sources::{clock, host, processes, projects, sockets};

/// The root of the outermost project that this folder belongs to, or else the folder.
#[must_use]
pub fn project_of(folder: &str) -> String {
    let roots = projects::roots(&[folder]);
    roots
        .last()
        .map_or_else(|| folder.to_owned(), |project| project.root.clone())
}

/// Everything that matters for the project with this root, asked from this folder: what
/// its files say, and what runs. Nothing is connected to.
#[must_use]
pub fn look_at_project(root: &str, from: &str, settings: &Settings) -> Snapshot {
    let mut looks = Looks::default();
    let mut facts = Snapshot {
        taken: clock::wall(),
        ..Snapshot::default()
    };
    let engines = ask_if_enabled(None, settings);
    let budget = settings.timeouts.projects;
    let reading = Reading::begin(root, vec![from.to_owned()], settings, budget);
    facts.host = host::look();
    facts.host.cwd = Some(root.to_owned());
    let (mut tcp, by) = listeners(&mut looks, None);
    facts.host.sockets_by = Some(by);
    if let Known::Seen(list) = &mut tcp {
        find_owners(&mut looks, list);
    }
    let ids = owner_ids([&tcp]);
    let cwd = facts.host.cwd.clone();
    facts.processes = look_at_processes(
        &mut looks,
        &ids,
        processes::look_for_names,
        &mut facts.projects,
        cwd,
    );
    facts.listeners = tcp.map(Into::into);
    facts.udp = sockets::udp(None).map(Into::into);
    let claims = reading.finish(&servers_stand(&facts), settings, budget);
    // Engines matter only where something should be a container, or may be one.
    let wanted = claims.seen().is_none_or(|claims| {
        let mut services = claims.services.iter();
        services.any(|service| service.runs == Runs::Container)
    });
    let ports = claims.seen().map_or_else(Vec::new, |claims| ports(claims));
    let may_lead_inside = |listener: &Listener| {
        let owner = listener.owner();
        owner.is_none_or(|id| is_forwarder(facts.processes.items(), id))
    };
    let mut listeners = facts.listeners.items().iter();
    if wanted || listeners.any(|l| ports.contains(&l.at.port()) && may_lead_inside(l)) {
        let budget = settings.timeouts.engines;
        ask_engines(&mut looks, &mut facts, engines, budget);
    }
    facts.projects = Known::Seen(with_claims(facts.projects.items(), root, claims));
    facts
}

/// Every port that the files speak of.
fn ports(claims: &Claims) -> Vec<u16> {
    let services = claims.services.iter();
    let expected = services.flat_map(|service| service.expects.iter().filter_map(|e| e.port));
    expected
        .chain(claims.pointers.iter().map(|pointer| pointer.port))
        .collect()
}

/// The projects with what the files of this one say, and it first.
fn with_claims(projects: &[Project], root: &str, claims: Known<Arc<Claims>>) -> Arc<[Project]> {
    let own = projects.iter().find(|project| project.root == root);
    let own = Project {
        root: root.to_owned(),
        markers: own.map(|own| own.markers.clone()).unwrap_or_default(),
        claims,
    };
    // What lies above was not asked for.
    let others = projects.iter();
    let others = others.filter(|project| !is_below(root, &project.root));
    std::iter::once(own).chain(others.cloned()).collect()
}

/// Checks the project with this root, asked from this folder.
#[must_use]
pub fn check(root: &str, from: &str, settings: &Settings) -> ProjectReport {
    let began = Instant::now();
    let facts = look_at_project(root, from, settings);
    let mut report = check_facts(&facts);
    report.root = root.to_owned();
    super::forgive_all(&mut report.findings, settings);
    report.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

/// What these facts say of the project whose files were read.
#[must_use]
pub fn check_facts(facts: &Snapshot) -> ProjectReport {
    let mut unseen: Vec<Unseen> = facts
        .unseen()
        .into_iter()
        .map(|(part, gap)| Unseen::new(part, gap))
        .collect();
    let mut report = ProjectReport {
        schema: "devdoctor.check/1".to_owned(),
        root: facts.host.cwd.clone().unwrap_or_default(),
        services: Vec::new(),
        findings: Vec::new(),
        unseen: Vec::new(),
        left_out: super::left_out(facts),
        took_ms: 0,
    };
    match Survey::of(facts) {
        Some(survey) => {
            survey.project.root.clone_into(&mut report.root);
            report.services = survey.standings().iter().map(service).collect();
            report.findings = rules::survey(&survey);
        }
        None => {
            // A part that was not asked for is no blind spot, but here it is all there is.
            if unseen.iter().all(|part| part.part != PROJECT_FILES) {
                unseen.insert(0, Unseen::new(PROJECT_FILES, &Gap::NotAsked));
            }
        }
    }
    report.unseen = unseen;
    report
}

fn service(standing: &Standing) -> ServiceLine {
    let of = standing.service;
    ServiceLine {
        name: of.name.clone(),
        source: of.origin.file.clone(),
        framework: of.framework.clone(),
        expects: standing.ports.iter().map(port).collect(),
        unknown: of.unknown.clone(),
        profile: match of.is_on() {
            true => Vec::new(),
            false => of.profiles.clone(),
        },
        state: standing.state,
        who: standing.who.clone(),
        url: url(standing),
    }
}

/// Where a browser opens it: at the first of its sockets, if it speaks HTTP.
fn url(standing: &Standing) -> Option<String> {
    let key = standing.service.framework.as_deref()?;
    if catalogue().framework(key)?.speaks() != Some(Protocol::Http) {
        return None;
    }
    let mut ports = standing.ports.iter();
    let at = ports.find_map(|port| port.own.map(|own| (own.at, own.scope())));
    match at? {
        (at, Scope::Lan) => Some(format!("http://{at}")),
        (at, Scope::Loopback | Scope::All) => Some(format!("http://localhost:{}", at.port())),
    }
}

fn port(standing: &PortStanding) -> ExpectationLine {
    let wants = standing.wants;
    let own = standing.own.map(|listener| listener.at);
    let published = standing.published.map(|(container, port)| {
        let mut all = container.publishes();
        let ip = all
            .find(|p| p.host_port == Some(port))
            .and_then(|p| p.host_ip);
        let any = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        std::net::SocketAddr::new(ip.unwrap_or(any), port)
    });
    let at = own.or(published);
    ExpectationLine {
        port: wants.port,
        host: wants.host.clone(),
        protocol: wants.protocol,
        target: wants.target,
        origin: wants.origin.clone(),
        by: wants.by,
        certain: wants.certain,
        state: standing.state,
        at: at.into_iter().collect(),
        who: standing.who.clone(),
    }
}
