//! `devdoctor wait`: until a target really answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::facts::{Known, Outcome, Probe, Target};
use crate::findings::Report;
use crate::settings::Settings;
use crate::sources::{host, names, probes};

use super::forgive;
use super::why::why;

/// How long the first pause between two attempts is, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(400));

/// What waiting came to.
#[derive(Debug)]
pub enum Waited {
    /// Somebody answers at this address.
    Answers {
        /// The address.
        at: SocketAddr,
        /// After how long.
        took: Duration,
    },
    /// Nobody did in time: why not.
    InVain(Box<Report>),
}

/// Waits until a client gets an answer at the target, at one of its addresses, for at
/// most this long.
///
/// An accepted connection is no answer where the protocol is known: a forwarder
/// accepts for a server that is not there yet. An HTTP status below 500 is one.
/// `knocking` is called before every attempt.
#[must_use]
pub fn wait(
    target: &Target,
    settings: &Settings,
    patience: Duration,
    mut knocking: impl FnMut(),
) -> Waited {
    let began = Instant::now();
    let own = host::look().addresses;
    let mut pause = PAUSES.0;
    loop {
        knocking();
        let left = |of: Duration| of.min(patience.saturating_sub(began.elapsed()));
        let timeouts = &settings.timeouts;
        let ask = probes::Ask::of(
            target,
            own.items(),
            left(timeouts.connect_local),
            left(timeouts.connect_remote),
        );
        let addresses = match target.ip() {
            Some(ip) => vec![ip],
            None => match names::resolve(&target.host, left(timeouts.names)).addresses {
                Known::Seen(list) => list,
                Known::Unseen(_) => Vec::new(),
            },
        };
        let at: Vec<_> = addresses
            .into_iter()
            .map(|ip| SocketAddr::new(ip, target.port))
            .collect();
        let mut dialling = probes::dial(&at, &ask);
        dialling.wait(left(timeouts.first_response));
        let probes = dialling.finish();
        if let Some(probe) = probes.iter().find(|probe| answers(probe)) {
            return Waited::Answers {
                at: probe.to,
                took: began.elapsed(),
            };
        }
        let rest = patience.saturating_sub(began.elapsed());
        if rest.is_zero() {
            let mut report = why(target, settings).report;
            forgive(&mut report, settings);
            return Waited::InVain(Box::new(report));
        }
        std::thread::sleep(pause.min(rest));
        pause = (pause * 3 / 2).min(PAUSES.1);
    }
}

/// Whether a client gets an answer here.
fn answers(probe: &Probe) -> bool {
    let status = probe.greeting.seen().and_then(|said| said.http.as_ref());
    match probe.outcome {
        Outcome::Connected => true,
        Outcome::Answered => status.is_none_or(|http| http.status < 500),
        _ => false,
    }
}
