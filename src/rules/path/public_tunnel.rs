//! What DD723 says of public tunnels: names of the internet whose requests an agent on this
//! machine brings to a local server.

use crate::facts::{
    Carries, Http, Known, Probe, Process, SaidBy, TunnelAgent, TunnelFault, TunnelService, clean,
};
use crate::findings::{Confidence, Evidence, Finding, Fix, Hop, HopState, Seen, Verdict};
use crate::rules::onward::{self, Next};
use crate::rules::{Case, evidence};

/// A public end that answers, and what it says has failed.
struct Edge<'a> {
    service: &'static TunnelService,
    fault: Option<TunnelFault>,
    /// Its own words.
    words: String,
    probe: &'a Probe,
    http: &'a Http,
}

/// The service whose public end answers in the place of a server of a developer; nothing
/// where the answer is the server's own.
#[must_use]
pub fn service(case: &Case) -> Option<&'static TunnelService> {
    Some(edge(case)?.service)
}

fn edge<'a>(case: &Case<'a>) -> Option<Edge<'a>> {
    if !case.on_another_machine() {
        return None;
    }
    let (probe, greeting) = case.greeting()?;
    let http = greeting.http.as_ref()?;
    let told = TunnelService::of_answer(http);
    let (service, fault, words) = match told {
        Some((service, fault, words)) => (service, Some(fault), words),
        // A server of one's own may well answer 500.
        None if matches!(http.status, 502..=504 | 530) => {
            let service = TunnelService::of_name(&case.target.host)?;
            (service, None, format!("HTTP {}", http.status))
        }
        None => return None,
    };
    Some(Edge {
        service,
        fault,
        words,
        probe,
        http,
    })
}

/// What is wrong behind the public name.
pub(super) fn check(case: &Case) -> Option<Finding> {
    let edge = edge(case)?;
    let nexts = onward::all(case, Carries::Tunnel);
    if edge.fault == Some(TunnelFault::Agent) {
        return Some(without_agent(case, &edge));
    }
    if nexts.is_empty() && edge.fault == Some(TunnelFault::Server) {
        return Some(server_elsewhere(case, &edge));
    }
    let broken = |next: &&Next| next.refuses() || next.is_silent() || fails(next);
    let next = nexts.iter().find(broken)?;
    let sure = matches!(next.place.said_by, SaidBy::Agent { .. })
        && edge.fault == Some(TunnelFault::Server)
        && next.met.as_ref().map(|met| met.verdict) == Some(Verdict::Refused);
    let confidence = match sure {
        true => Confidence::Certain,
        false => Confidence::Likely,
    };
    let says = format!(
        "{} carries {} to {} of this machine, which {}",
        agent_words(case, next, &edge),
        case.target.host,
        onward::words(next.place),
        next.does()
    );
    Some(
        Finding::new(confidence, says)
            .because(answered(case, &edge))
            .because_all(next.evidence(case))
            .fix_all(next.fixes(case)),
    )
}

/// Whether the local server answers that it fails by itself, for its own reasons.
fn fails(next: &Next) -> bool {
    let met = next.met.as_ref();
    met.is_some_and(|met| met.verdict == Verdict::BadProtocol)
}

/// Nobody brings requests of this name.
fn without_agent(case: &Case, edge: &Edge) -> Finding {
    let (host, title) = (&case.target.host, edge.service.title);
    let own = agents(case, edge);
    let has_it = |agent: &&&TunnelAgent| {
        let mut names = agent.names.seen().into_iter().flatten();
        names.any(|one| one.name.eq_ignore_ascii_case(host))
    };
    let cut_off = own.iter().flatten().find(has_it).copied();
    let other = own.iter().flatten().find_map(|agent| {
        let names = agent.names.seen()?;
        Some((*agent, names.iter().find(|one| one.name != *host)?))
    });
    if let Some(agent) = cut_off {
        let says = format!(
            "{} of this machine has the name {host}, and {title} says that it is not connected",
            who(case, agent, title)
        );
        return Finding::new(Confidence::Likely, says)
            .because(answered(case, edge))
            .because_all(seen(case, agent))
            .fix(Fix::read(
                "see what the agent says",
                "its log, or its terminal, tells whether it reaches its service; start it again \
                 if not",
            ));
    }
    let finding = match (&own, other) {
        (_, Some((agent, name))) => Finding::new(
            Confidence::Likely,
            format!(
                "nobody brings requests of {host} any more: {} of this machine has the name {} now",
                who(case, agent, title),
                name.name
            ),
        )
        .fix(Fix::read(
            "use the name that it has now",
            format!("https://{}", name.name),
        )),
        (Some(agents), None) if !agents.is_empty() => Finding::new(
            Confidence::Likely,
            format!(
                "no agent of {title} is connected for {host}: {} runs here, and has no such tunnel",
                who(case, agents[0], title)
            ),
        )
        .fix(Fix::read(
            "see what the agent says",
            format!("its log, or its terminal, tells why it has no tunnel for {host}"),
        )),
        (Some(_), None) => Finding::new(
            Confidence::Likely,
            format!(
                "no agent of {title} is connected for {host}, and none is seen on this machine"
            ),
        )
        .fix(Fix::read(
            "start the agent again",
            start(case, edge.service),
        )),
        (None, None) => Finding::new(
            Confidence::Likely,
            format!("no agent of {title} is connected for {host}"),
        )
        .fix(Fix::read(
            "start the agent again",
            start(case, edge.service),
        )),
    };
    let runs = own.iter().flatten().filter_map(|agent| seen(case, agent));
    finding.because(answered(case, edge)).because_all(runs)
}

/// The agents of this service that run here; nothing where that could not be seen.
fn agents<'a>(case: &Case<'a>, edge: &Edge) -> Option<Vec<&'a TunnelAgent>> {
    let all = case.facts.tunnels.seen()?;
    let own = all.iter().filter(|agent| agent.kind == edge.service.agent);
    Some(own.collect())
}

/// The agent says that its local server does not take the request, and nothing here says
/// which server that is.
fn server_elsewhere(case: &Case, edge: &Edge) -> Finding {
    let (host, title) = (&case.target.host, edge.service.title);
    let own = agents(case, edge);
    let nowhere = match &own {
        Some(agents) if agents.is_empty() => ", and no agent is seen on this machine",
        _ => "",
    };
    let runs = own.iter().flatten().filter_map(|agent| seen(case, agent));
    let says = format!("the agent of {title} does not reach its local server for {host}{nowhere}");
    Finding::new(Confidence::Likely, says)
        .because(answered(case, edge))
        .because_all(runs)
        .fix(Fix::read(
            "diagnose the local server",
            "on the machine where the agent runs: `devdoctor why` with the port that the agent was \
             started for",
        ))
}

fn start(case: &Case, service: &TunnelService) -> String {
    if service.agent == "cloudflared" && TunnelService::of_name(&case.target.host).is_none() {
        return "`cloudflared tunnel run NAME` with the name of the tunnel, where the agent is \
                meant to run"
            .to_owned();
    }
    format!(
        "`{} PORT` with the port of your server, where the agent is meant to run; a name that is \
         not reserved may be another one then",
        service.start.join(" ")
    )
}

fn who(case: &Case, agent: &TunnelAgent, title: &str) -> String {
    match process(case, agent) {
        Some(process) => format!("{} (pid {})", process.name, process.id.pid),
        None => format!("the agent of {title}"),
    }
}

fn process<'a>(case: &Case<'a>, agent: &TunnelAgent) -> Option<&'a Process> {
    case.process(agent.by?)
}

/// That the agent runs, and which names it has.
fn seen(case: &Case, agent: &TunnelAgent) -> Option<Evidence> {
    let process = process(case, agent)?;
    let has = match &agent.names {
        Known::Seen(names) if names.is_empty() => ", and has no name".to_owned(),
        Known::Seen(names) => {
            let names: Vec<_> = names.iter().map(|name| name.name.as_str()).collect();
            format!(", and has {}", names.join(", "))
        }
        Known::Unseen(_) => String::new(),
    };
    let pid = process.id.pid;
    Some(Evidence::new(
        format!("{} (pid {pid}) runs on this machine{has}", process.name),
        Seen::Process {
            pid,
            what: "its own interface".to_owned(),
        },
    ))
}

/// What the public end has said.
fn answered(case: &Case, edge: &Edge) -> Evidence {
    let says = format!(
        "the public end of {} answers HTTP {} for {}: {}",
        edge.service.title,
        edge.http.status,
        case.target.host,
        clean(&edge.words)
    );
    Evidence::new(says, evidence::probe(edge.probe).seen)
}

fn agent_words(case: &Case, next: &Next, edge: &Edge) -> String {
    let process = next.place.by.and_then(|id| case.process(id));
    match process {
        Some(process) => format!("{} (pid {})", process.name, process.id.pid),
        None => format!("the agent of {}", edge.service.title),
    }
}

/// The public end and the agent, the first places of the way.
pub(in crate::rules) fn hops(case: &Case, next: &Next) -> Vec<Hop> {
    let Some(edge) = edge(case) else {
        return Vec::new();
    };
    let by = format!("it answers HTTP {}", edge.http.status);
    let public = Hop {
        at: format!(
            "{}, the public end of {}",
            case.target.host, edge.service.title
        ),
        state: HopState::Ok,
        by: Some(by),
    };
    let (state, by) = match (&next.place.said_by, edge.fault) {
        (_, Some(TunnelFault::Agent)) => (HopState::Failed, "it is not connected"),
        (SaidBy::Agent { .. }, _) => (HopState::Ok, "it has the name"),
        _ => (HopState::Unknown, "it runs"),
    };
    let agent = Hop {
        at: format!("{} on this machine", agent_words(case, next, &edge)),
        state,
        by: Some(by.to_owned()),
    };
    vec![public, agent]
}
