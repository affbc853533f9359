//! Family 7 path: something between client and server.

pub mod conntrack_full;
pub mod dead_tunnel;
pub mod device_loopback;
pub mod ephemeral_ports_exhausted;
mod firewall;
pub mod firewall_drops;
pub mod firewall_rejects;
mod limits;
mod managers;
pub mod no_route;
mod policy;
pub mod port_redirected;
pub mod proxy_in_the_way;
pub mod proxy_unreachable;
pub mod public_tunnel;
pub mod sandboxed;
pub mod upstream_refused;
pub mod upstream_silent;
pub mod vm_boundary;
pub mod vpn_in_the_way;
mod way;

use crate::facts::{Known, Listener, Outcome, Probe};
use crate::rules::Case;

pub use firewall::took;
pub(in crate::rules) use limits::private_network;

/// Whether the target is behind the boundary of a device or a virtual machine: that it leads
/// nowhere on this side of it is not the network's fault.
pub(super) fn is_beyond_a_boundary(case: &Case) -> bool {
    device_loopback::is_an_emulators(case) || vm_boundary::stands(case)
}

/// Whether a listener may be the engine's own, in the name of a container: what becomes
/// of its connections hangs on the container, not on a firewall.
fn may_be_the_engines(case: &Case, listener: &Listener) -> bool {
    const ENGINES: &[&str] = &[
        "docker-proxy",
        "dockerd",
        "conmon",
        "podman",
        "rootlessport",
        "rootlesskit",
        "slirp4netns",
        "pasta",
        "com.docker.backend",
    ];
    let of_engine = |cgroup: &str| cgroup.contains("docker") || cgroup.contains("podman");
    match case.owner(listener) {
        Some(owner) => case.is_forwarder(owner) || ENGINES.contains(&owner.comm.as_str()),
        None => {
            case.container_behind().is_some()
                || listener.cgroup.as_deref().is_some_and(of_engine)
                || (listener.uid == Some(0) && !case.containers_settled())
        }
    }
}

/// The probes of our own addresses that failed before a connection was made, and those
/// of others that our own firewall took.
fn blocked<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Probe> + use<'a> {
    let case = *case;
    case.probes().filter(move |probe| {
        !probe.outcome.connected()
            && (took(&case, probe)
                || case.is_local(probe.to.ip()) == Some(true) && !loopback_is_down(&case))
    })
}

/// Whether the loopback interface has no address or is not up: then nothing local works,
/// and no firewall is needed for it.
fn loopback_is_down(case: &Case) -> bool {
    match &case.facts.host.addresses {
        Known::Seen(own) => !own.iter().any(|own| own.ip.is_loopback() && own.up),
        Known::Unseen(_) => false,
    }
}

/// Whether the error says that a message came back: "host unreachable" and its like.
/// "No such address here" says nothing of the sort.
fn was_told_off(probe: &Probe) -> bool {
    // EACCES, ENETUNREACH and EHOSTUNREACH on Linux, macOS and Windows.
    const TOLD_OFF: &[i32] = &[13, 101, 113, 51, 65, 10013, 10051, 10065];
    matches!(probe.outcome, Outcome::Unreachable | Outcome::Denied)
        && probe.errno.is_some_and(|errno| TOLD_OFF.contains(&errno))
}
