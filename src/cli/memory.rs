//! What a daemon remembers of a port, for a diagnosis that is made here.

use std::time::{Duration, Instant};

use crate::diagnose::Given;
use crate::facts::{Departed, Target};
use crate::ipc::{Call, Client, Facts, FactsParams, Place};
use crate::sources::Pending;

/// How long the daemon is waited for: all of it, from the greeting to the answer.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often the daemon is told that we are knocking.
const AGAIN: Duration = Duration::from_secs(2);

/// Asks the daemon, if one runs, what it knows of this target's port, beside all else.
/// That it is asked tells it that we are about to connect.
pub fn of(target: &Target) -> Given {
    let mut given = Given::default();
    let port = target.port;
    // What is asked of another machine is not on this one's ports.
    let here = target.is_localhost_name() || target.ip().is_some_and(|ip| ip.is_loopback());
    if here && may_run() {
        given.asked = Some(Pending::begin("memory", move || {
            remembered(port).unwrap_or_default()
        }));
    }
    given
}

/// Tells the daemon, if one runs, again and again that we are knocking at a port: it need
/// not tell of refusals that are waited through.
pub struct Knocking<'a> {
    target: &'a Target,
    told: Option<Instant>,
}

impl<'a> Knocking<'a> {
    pub fn at(target: &'a Target) -> Self {
        Knocking { target, told: None }
    }

    /// To be called before every attempt.
    pub fn tell(&mut self) {
        if self.told.is_none_or(|at| at.elapsed() > AGAIN) {
            of(self.target);
            self.told = Some(Instant::now());
        }
    }
}

/// Whether there is a socket of a daemon: without one nobody needs to be asked.
fn may_run() -> bool {
    let place = Place::of(|name| std::env::var_os(name));
    place.is_ok_and(|place| place.may_be_served())
}

fn remembered(port: u16) -> Option<Vec<Departed>> {
    let began = Instant::now();
    let mut client = Client::connect(PATIENCE).ok()?;
    // What it knows is true for those only who see the same network.
    if !client.sees_our_network() {
        return None;
    }
    let rest = PATIENCE.saturating_sub(began.elapsed());
    let known: Facts = client.call(Call::Facts(FactsParams { port }), rest).ok()?;
    Some(known.facts.departed.items().to_vec())
}
