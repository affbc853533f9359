//! What a daemon remembers of a port, for a diagnosis that is made here.

use std::time::{Duration, Instant};

use crate::diagnose::Given;
use crate::facts::Target;
use crate::ipc::{Call, Client, Facts, FactsParams};

/// How long the daemon is waited for: all of it, from the greeting to the answer.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the daemon knows of this target's port, if one runs that sees the network that we
/// see and says so at once. That it is asked tells it that we are about to connect.
pub fn of(target: &Target) -> Given {
    let mut given = Given::default();
    // What is asked of another machine is not on this one's ports.
    if target.is_localhost_name() || target.ip().is_some_and(|ip| ip.is_loopback()) {
        given.departed = remembered(target.port).unwrap_or_default();
    }
    given
}

fn remembered(port: u16) -> Option<Vec<crate::facts::Departed>> {
    let began = Instant::now();
    let mut client = Client::connect(PATIENCE).ok()?;
    if !client.sees_our_network() {
        return None;
    }
    let rest = PATIENCE.saturating_sub(began.elapsed());
    let value = client.call(Call::Facts(FactsParams { port }), rest).ok()?;
    let known: Facts = serde_json::from_value(value).ok()?;
    Some(known.facts.departed.items().to_vec())
}
