//! # A fact that would decide this could not be seen
//!
//! ## What happened
//!
//! The connection failed, and something that could prove the cause was out of sight:
//! another user's process, the container engine, the firewall's rules, the answer of
//! the name servers.
//!
//! ## Why
//!
//! The system shows the processes of other users, the firewall's rules and the
//! engine's socket to root, or to members of a group. "I could not look" is not
//! "nothing is there": a cause that hides there is not ruled out.
//!
//! ## What to do
//!
//! Run the command that is given: it looks again with the right that was missing, or
//! asks again where the answer came too late.

use crate::facts::{EngineKind, Gap, Known, Listener, ResolveError};
use crate::findings::{Confidence, Evidence, Finding, Fix, Seen, Severity, Verdict};
use crate::rules::{Case, Rule, evidence};

/// DD990.
pub static RULE: Rule = Rule {
    code: "DD990",
    name: "blind-spot",
    severity: Severity::Warning,
    since: "0.1.0",
    unless: &[],
    settle: 2,
    check,
    source: include_str!("blind_spot.rs"),
};

/// One thing that could not be seen.
struct Spot {
    /// What it is: `the owner of [::]:3000`.
    what: String,
    why: String,
    seen: Seen,
    /// What would show it.
    shows: Fix,
}

fn check(case: &Case) -> Option<Finding> {
    let verdict = case.verdict();
    if matches!(verdict, Verdict::Reachable | Verdict::ErrorStatus) || is_settled(case) {
        return None;
    }
    let spots: Vec<Spot> = [
        name(case),
        sockets(case),
        addresses(case),
        owner(case),
        containers(case),
        firewall(case),
        namespaces(case),
    ]
    .into_iter()
    .flatten()
    .collect();
    if spots.is_empty() {
        return None;
    }
    let list: Vec<_> = spots.iter().map(|spot| spot.what.as_str()).collect();
    let what = join(&list);
    let says = if case.explained() {
        format!("{what} could not be seen, which would make the cause certain or show another")
    } else {
        format!("{what} could not be seen, and the cause may hide there")
    };
    // Never certain: what is out of sight proves nothing.
    let mut finding = Finding::new(Confidence::Likely, says);
    if !case.explained() {
        finding = finding.because_all(case.probes().map(evidence::probe));
    }
    for spot in spots {
        finding = finding.because(Evidence::new(
            format!("{}: {}", spot.what, spot.why),
            spot.seen,
        ));
        if !finding
            .fixes
            .iter()
            .any(|fix| fix.run == spot.shows.run && fix.run.is_some())
        {
            finding = finding.fix(spot.shows);
        }
    }
    Some(finding)
}

/// Whether a certain cause has been found.
fn is_settled(case: &Case) -> bool {
    case.spoken().iter().any(|finding| {
        finding.severity == Severity::Error && finding.confidence == Confidence::Certain
    })
}

/// `a`, `a and b`, `a, b and c`.
fn join(list: &[&str]) -> String {
    match list {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// The same question, asked by root.
fn as_root(case: &Case) -> Fix {
    Fix::safe(
        "look again as root",
        ["sudo", "devdoctor", "why", &case.target.input],
    )
}

fn again(case: &Case) -> Fix {
    Fix::safe(
        "look again, with more time",
        ["devdoctor", "why", "--timeout", "10s", &case.target.input],
    )
}

/// What would show a thing that this gap hides.
fn remedy(case: &Case, gap: &Gap) -> Fix {
    match gap {
        Gap::TooSlow => again(case),
        Gap::Forbidden if !case.facts.host.user.is_root() => as_root(case),
        _ => Fix::safe(
            "see every look that was made",
            ["devdoctor", "why", "-v", &case.target.input],
        ),
    }
}

/// A gap that was left although somebody tried to look.
fn missed<T>(known: &Known<T>) -> Option<&Gap> {
    known.gap().filter(|gap| **gap != Gap::NotAsked)
}

fn name(case: &Case) -> Option<Spot> {
    // A rule that knows why there is no answer has said how to get one.
    let told = ["DD102", "DD105", "DD106", "DD913"];
    let mut spoken = case.spoken().iter();
    if spoken.any(|finding| told.contains(&finding.code.as_str())) {
        return None;
    }
    let resolution = case.resolution()?;
    let gap = missed(&resolution.addresses)?;
    let host = &case.target.host;
    let why = match &resolution.error {
        Some(ResolveError::TryAgain) => "the name servers gave no answer".to_owned(),
        Some(ResolveError::Other(words)) => words.clone(),
        _ => gap.to_string(),
    };
    Some(Spot {
        what: format!("the address of {host}"),
        why,
        seen: Seen::Name { name: host.clone() },
        shows: Fix::safe("ask the resolver again", ["getent", "ahosts", host]),
    })
}

fn sockets(case: &Case) -> Option<Spot> {
    let gap = missed(&case.facts.listeners).filter(|_| may_be_here(case))?;
    Some(Spot {
        what: "the table of sockets".to_owned(),
        why: gap.to_string(),
        seen: kernel("sockets"),
        shows: remedy(case, gap),
    })
}

fn addresses(case: &Case) -> Option<Spot> {
    let gap = missed(&case.facts.host.addresses)?;
    // `localhost` is this machine whatever its other addresses are.
    if case.on_this_machine() {
        return None;
    }
    Some(Spot {
        what: "the addresses of this machine".to_owned(),
        why: gap.to_string(),
        seen: kernel("interfaces"),
        shows: remedy(case, gap),
    })
}

fn owner(case: &Case) -> Option<Spot> {
    let hidden = case.probes().filter(|probe| !probe.outcome.well());
    let mut hidden = hidden.filter_map(|probe| case.listener_for(probe.to.ip()));
    let listener: &Listener = hidden.find(|listener| missed(&listener.owners).is_some())?;
    let gap = missed(&listener.owners)?;
    let at = listener.at;
    Some(Spot {
        what: format!("the owner of {at}"),
        why: format!("{} ({gap})", evidence::owner_words(case, listener)),
        seen: Seen::Socket { at },
        shows: remedy(case, gap),
    })
}

fn containers(case: &Case) -> Option<Spot> {
    // An engine that is down is a cause of its own, and says what would bring it up.
    let told = case.spoken().iter().any(|finding| finding.code == "DD511");
    if told || case.containers_settled() || !may_be_here(case) {
        return None;
    }
    // One engine may have answered and another not.
    let silent = case
        .facts
        .engines
        .iter()
        .find(|engine| engine.gap.is_some());
    let gap = match silent.and_then(|engine| engine.gap.as_ref()) {
        Some(gap) => gap,
        None => missed(&case.facts.containers)?,
    };
    let kind = silent.map_or(EngineKind::Docker, |engine| engine.kind);
    let command = kind.command();
    let shows = match gap {
        Gap::Forbidden if kind == EngineKind::Docker => {
            let why = format!("devdoctor why {}", case.target.input);
            let title = "look again as a member of the docker group (or with sudo)";
            Fix::safe(title, ["sg", "docker", "-c", &why])
        }
        Gap::Forbidden => as_root(case),
        _ => Fix::safe("see whether the engine answers", [command, "ps"]),
    };
    let what = match silent {
        Some(engine) => format!("the containers of {}", engine.endpoint),
        None => "the containers".to_owned(),
    };
    Some(Spot {
        what,
        why: gap.to_string(),
        seen: kernel(command),
        shows,
    })
}

fn firewall(case: &Case) -> Option<Spot> {
    let gap = missed(&case.facts.host.firewall)?;
    // A firewall that a rule has guessed at, or may be behind an answer that nothing explains.
    let guessed = case
        .spoken()
        .iter()
        .any(|finding| matches!(finding.code.as_str(), "DD701" | "DD702"));
    if !guessed && case.explained() {
        return None;
    }
    Some(Spot {
        what: "the firewall's rules".to_owned(),
        why: gap.to_string(),
        seen: Seen::Firewall {
            chain: "every table".to_owned(),
        },
        shows: remedy(case, gap),
    })
}

fn namespaces(case: &Case) -> Option<Spot> {
    let gap = missed(&case.facts.elsewhere).filter(|_| case.nobody_listens())?;
    Some(Spot {
        what: "other network namespaces".to_owned(),
        why: gap.to_string(),
        seen: kernel("/proc/<pid>/net/tcp"),
        shows: remedy(case, gap),
    })
}

/// Whether the target is this machine, for all that is known.
fn may_be_here(case: &Case) -> bool {
    case.on_this_machine()
        || case
            .probes()
            .any(|probe| case.is_local(probe.to.ip()) != Some(false))
}

fn kernel(what: &str) -> Seen {
    Seen::Kernel {
        what: what.to_owned(),
    }
}
