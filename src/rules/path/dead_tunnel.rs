//! # A tunnel is open at this end, and dead at the other
//!
//! ## What happened
//!
//! Who listens on the port only carries connections to somewhere else: `ssh -L`,
//! `kubectl port-forward`, `socat`, an editor's port forwarding. It accepts the
//! connection, and the far end does not take it, so it hangs up or says nothing.
//!
//! Or a public name of ngrok, Cloudflare Tunnel, localtunnel, dev tunnels or Tailscale
//! Funnel answers with an error page of that service (`ERR_NGROK_8012`, "Bad gateway",
//! error 1033): its agent on the developer's machine is not connected, or the local
//! server behind the agent does not take the request.
//!
//! ## Why
//!
//! The server at the far end does not run, or listens on another port or address
//! there: `localhost` at the far end is that machine's own, and may mean `::1`. A pod
//! that was replaced takes its `kubectl port-forward` with it; a laptop that slept
//! takes its SSH session. The handshake at this end is the forwarder's, and says
//! nothing of the server.
//!
//! ## What to do
//!
//! Start the server at the far end, or set the tunnel up again with the right place. A
//! public tunnel that is started again has another name, unless one is reserved.

use crate::facts::{Carries, Onward, Outcome, Probe, Process};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Severity, Verdict};
use crate::rules::onward::{self, Next};
use crate::rules::process::{backlog_full, busy, out_of_file_descriptors, suspended};
use crate::rules::{Case, Rule, container, evidence, protocol};

use super::public_tunnel;

/// DD723.
pub static RULE: Rule = Rule {
    code: "DD723",
    name: "dead-tunnel",
    severity: Severity::Error,
    since: "0.1.0",
    unless: &[
        &container::container_paused::RULE,
        &container::container_restarting::RULE,
        &container::not_recreated::RULE,
        &container::loopback_inside::RULE,
        &container::wrong_container_port::RULE,
        &container::container_not_ready::RULE,
        &suspended::RULE,
        &out_of_file_descriptors::RULE,
        &busy::RULE,
        &backlog_full::RULE,
        &protocol::tls_expected::RULE,
        &protocol::tls_not_spoken::RULE,
        &protocol::not_http::RULE,
    ],
    settle: 5,
    check,
    source: include_str!("dead_tunnel.rs"),
};

fn check(case: &Case) -> Option<Finding> {
    public_tunnel::check(case).or_else(|| forwarder(case))
}

fn forwarder(case: &Case) -> Option<Finding> {
    let probe = case
        .cut_off()
        .or_else(|| case.probe_that(Outcome::Silent))?;
    let listener = case.listener_for(probe.to.ip())?;
    let owner = case.owner(listener).filter(|one| case.is_forwarder(one))?;
    let mut nexts = onward::all(case, Carries::Bytes);
    // Of a SOCKS proxy no more can be told than whether its machine is still there.
    let socks = onward::all(case, Carries::Socks).into_iter();
    nexts.extend(socks.filter(|next| onward::is_gone(next.place)));
    let next = nexts.iter().find(|next| next.place.by == Some(owner.id))?;
    let (confidence, does) = far_end(probe, next)?;
    let there = onward::words(next.place);
    let who = evidence::owner_words(case, listener);
    let port = case.port();
    let says = match (&next.place.host, &next.place.via) {
        (_, Some(via)) if onward::is_gone(next.place) => {
            format!("{who} carries port {port} to {via}, and has no connection to it any more")
        }
        (None, _) => {
            format!("{who} carries port {port} to somewhere else, and the far end {does}")
        }
        (Some(_), _) => format!("{who} carries port {port} to {there}, which {does}"),
    };
    let finding = Finding::new(confidence, says)
        .because(evidence::probe(probe))
        .because(evidence::listener(case, listener))
        .because_all(next.evidence(case))
        .because_all(transport(next.place, owner));
    Some(match &next.met {
        Some(_) => finding.fix_all(next.fixes(case)),
        None => finding.fix_all(remote_fixes(case, next.place, owner)),
    })
}

/// How sure it is that the far end is dead, and what it does; nothing where it is well.
fn far_end(probe: &Probe, next: &Next) -> Option<(Confidence, String)> {
    let silent = probe.outcome == Outcome::Silent;
    let Some(met) = &next.met else {
        // The far end cannot be asked from here: what comes back of it has to do.
        return Some(match silent {
            true if onward::is_gone(next.place) => (Confidence::Likely, String::new()),
            true => (Confidence::Possible, "says nothing".to_owned()),
            false => (
                Confidence::Likely,
                "does not take the connection".to_owned(),
            ),
        });
    };
    let same = match silent {
        true => next.is_silent(),
        false => next.refuses(),
    };
    if !same {
        return None;
    }
    let confidence = match met.verdict {
        Verdict::Refused if !silent => Confidence::Certain,
        _ => Confidence::Likely,
    };
    Some((confidence, next.does()))
}

/// Whether the forwarder still has its connection to the other machine.
fn transport(place: &Onward, owner: &Process) -> Option<Evidence> {
    let via = place.via.as_ref()?;
    let pid = owner.id.pid;
    let says = match place.peers.seen()?.as_slice() {
        [] => format!("pid {pid} has no connection to {via} any more"),
        [first, ..] => format!("pid {pid} is connected to {first}: the tunnel itself stands"),
    };
    Some(Evidence::new(
        says,
        Seen::Process {
            pid,
            what: "connections".to_owned(),
        },
    ))
}

/// What to do about a far end that cannot be asked from here.
fn remote_fixes(case: &Case, place: &Onward, owner: &Process) -> Vec<Fix> {
    let kind = owner.framework.as_deref().unwrap_or_default();
    let argv = owner.argv.seen().map_or(&[][..], Vec::as_slice);
    let plain = argv.iter().all(|word| crate::facts::clean(word) == *word);
    let again = (plain && !argv.is_empty()).then(|| {
        Fix::run(
            "end it and set the tunnel up again",
            Safety::Disruptive,
            argv.iter().cloned(),
        )
    });
    let there = onward::words(place);
    let mut fixes = Vec::new();
    match (kind, &place.via) {
        ("adb", Some(_)) => fixes.extend(on_device(place)),
        (_, Some(_)) if onward::is_gone(place) => fixes.extend(again),
        ("ssh", Some(via)) => {
            let login = format!("@{via}");
            let named = argv
                .iter()
                .find(|word| *word == via || word.ends_with(&login));
            let named = named.filter(|word| plain && !word.starts_with('-'));
            fixes.extend(named.map(|named| {
                Fix::safe("see what listens at the far end", ["ssh", named, "ss -ltn"])
            }));
            fixes.push(Fix::read(
                "start the server there",
                format!(
                    "start the server behind {there}; if it listens on [::1] only, give `::1` \
                     instead of `localhost` in -L"
                ),
            ));
        }
        ("kubectl", _) => {
            fixes.extend(again);
            fixes.push(Fix::read(
                "look at the pod",
                "a port-forward does not follow a pod that was replaced; check that the pod \
                 runs and that its container listens on that port",
            ));
        }
        ("vscode", _) => fixes.push(Fix::read(
            "look at the Ports panel",
            format!(
                "check that the server runs on the remote side and listens on 127.0.0.1 there, \
                 and that port {} is forwarded to the port it has",
                case.port()
            ),
        )),
        ("adb", None) => fixes.push(see_forwards()),
        _ => fixes.push(Fix::read(
            "mend the far end",
            format!("start the server behind {there}, or set the tunnel up again"),
        )),
    }
    fixes
}

fn see_forwards() -> Fix {
    Fix::safe(
        "see what is forwarded to the device",
        ["adb", "forward", "--list"],
    )
}

/// What to do about a device that is gone, or takes nothing.
fn on_device(place: &Onward) -> Vec<Fix> {
    if onward::is_gone(place) {
        let attach = "attach it again (or `adb connect` to it, or start the emulator); then set \
                      the forward up again, which went with the device";
        return vec![
            Fix::safe("see which devices are attached", ["adb", "devices", "-l"]),
            Fix::read("attach the device again", attach),
        ];
    }
    let there = onward::words(place);
    vec![
        Fix::read(
            "start the server there",
            format!("start the app whose server is {there}, or forward the port it has"),
        ),
        see_forwards(),
    ]
}
