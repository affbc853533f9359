//! The looks that only a name or another machine in trouble needs: how names are found,
//! what each name server says, and what lies between this machine and others.
//!
//! Nothing is sent anywhere unless the target is another machine, or a name of which
//! that must be assumed.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::beside::Beside;
use super::looks::count;
use super::why::Doctor;
use crate::facts::{Known, Names, Outside, Resolution, ResolveError, is_public};
use crate::rules::{Case, client, name};
use crate::sources::{names, outside};

/// How long other places may take to answer: they are dialled for comparison only.
const COMPARING: Duration = Duration::from_millis(2000);

/// What looks at other places has deadlines itself; this is for a thread that hangs.
const GRACE: Duration = Duration::from_secs(1);

/// The look at the name servers.
const NAMES: &str = "name servers";

/// How many addresses of a kind are dialled for comparison.
const MOST: usize = 3;

/// Ports that a machine of the internet is likely to answer on.
const COMMON_PORTS: [u16; 2] = [443, 80];

impl Doctor<'_> {
    /// What lies beyond this machine, where the trouble may lie there.
    pub(super) fn look_at_outside(&mut self) {
        if self.is_passive() {
            return;
        }
        // Name servers and other places are asked at the same time.
        let begun = self.begin_outside();
        self.look_at_names();
        if let Some((wanted, begun)) = begun {
            self.end_outside(&wanted, begun);
        }
    }

    fn begin_outside(&self) -> Option<(outside::Wanted, Beside<Outside>)> {
        let wanted = self.wanted_outside()?;
        let budget = self.comparing();
        let asked = wanted.clone();
        let look = move || Known::Seen(outside::look(&asked, budget));
        Some((wanted, Beside::begin("outside", budget * 2 + GRACE, look)))
    }

    fn end_outside(&mut self, asked: &outside::Wanted, begun: Beside<Outside>) {
        let saw = |seen: &Known<Outside>| match seen {
            Known::Seen(seen) => {
                let gateways = count(&seen.gateways, Vec::len, "gateway");
                format!("{gateways}, {} places", seen.probes.len())
            }
            Known::Unseen(gap) => gap.to_string(),
        };
        let mut seen = begun.end(&mut self.looks, saw);
        // Only the name servers may have told of these.
        let wanted = self.wanted_outside().unwrap_or_default();
        let mut late = wanted.places;
        late.retain(|place| !asked.places.contains(place));
        if let Known::Seen(seen) = &mut seen
            && !late.is_empty()
        {
            let began = Instant::now();
            let probes = outside::dial(&late, &wanted.own, self.comparing());
            self.looks
                .note("other addresses", format!("{} places", probes.len()), began);
            seen.probes.extend(probes);
        }
        self.facts.outside = seen;
    }

    fn comparing(&self) -> Duration {
        self.budget(|of| of.connect_remote).min(COMPARING)
    }

    /// Begins to ask the name servers of which the resolver keeps us waiting for one. It has
    /// asked them for this name itself.
    pub(super) fn begin_names(&mut self) {
        if self.is_passive() || self.target.is_localhost_name() {
            return;
        }
        let host = self.target.host.clone();
        let budget = self.budget(|of| of.names);
        let look = move || Known::Seen(names::ask_servers(&host, names::look(&host), budget));
        self.ahead.names = Some(Beside::begin(NAMES, budget + GRACE, look));
    }

    /// How names are found, and what each name server says of this one.
    fn look_at_names(&mut self) {
        let case = Case::new(self.target, &self.facts);
        let Some(resolution) = case.resolution() else {
            return;
        };
        let unresolved = is_unresolved(resolution);
        let localhost = self.target.is_localhost_name();
        let list = resolution.addresses.seen().map_or(&[][..], Vec::as_slice);
        let astray = localhost && list.iter().any(|ip| !ip.is_loopback());
        let failed = far_failure(&case);
        if !(unresolved || astray || failed) {
            return;
        }
        let ask = !localhost && name::container_named(&case, &self.target.host).is_none();
        let budget = self.budget(|of| of.names);
        let host = &self.target.host;
        let look = || match (names::look(host), ask) {
            (found, true) => names::ask_servers(host, found, budget),
            (found, false) => found,
        };
        let saw = |found: &Known<Names>| match found {
            Known::Seen(found) => count(&found.servers, Vec::len, "name server"),
            Known::Unseen(gap) => gap.to_string(),
        };
        let begun = self.ahead.names.take().filter(|_| ask);
        let found = match begun {
            Some(begun) => begun.end(&mut self.looks, saw),
            None => self.looks.at(NAMES, || Known::Seen(look()), saw),
        };
        let found = match found {
            Known::Seen(found) => found,
            Known::Unseen(gap) => {
                self.facts.names = Known::Unseen(gap);
                return;
            }
        };
        let mut dns: Option<Vec<IpAddr>> = None;
        let servers = found.servers.seen().into_iter().flatten();
        for server in servers.filter(|server| server.knows()) {
            let all = dns.get_or_insert_default();
            for ip in server.addresses() {
                if !all.contains(ip) {
                    all.push(*ip);
                }
            }
        }
        if let Some(dns) = dns {
            let mut resolutions = self.facts.resolutions.to_vec();
            for resolution in &mut resolutions {
                if resolution.name.eq_ignore_ascii_case(&self.target.host) {
                    resolution.dns = Known::Seen(dns.clone());
                }
            }
            self.facts.resolutions = resolutions.into();
        }
        self.facts.names = Known::Seen(found);
    }

    /// What to look at outside of this machine; nothing where the trouble is not there.
    fn wanted_outside(&self) -> Option<outside::Wanted> {
        let case = Case::new(self.target, &self.facts);
        let own = self.facts.host.addresses.items().to_vec();
        let well_known = self.settings.outside.well_known;
        if case.resolution().is_some_and(is_unresolved) {
            let lost = case
                .resolution()
                .is_some_and(|found| found.error != Some(ResolveError::NotFound));
            let host = &self.target.host;
            let known = name::container_named(&case, host).is_some();
            let local = self.target.is_localhost_name() || known;
            return (lost && !local).then(|| outside::Wanted {
                internet: well_known && name::looks_public(host),
                own,
                ..outside::Wanted::default()
            });
        }
        let far: Vec<IpAddr> = case
            .probes()
            .filter(|probe| case.is_far(probe.to.ip()))
            .filter(|probe| !case.is_passed_over(probe))
            .filter(|probe| !probe.outcome.well() || client::may_be_intercepted(&case, probe))
            .map(|probe| probe.to.ip())
            .collect();
        if far.is_empty() {
            return None;
        }
        let failed = far_failure(&case);
        let port = self.target.port;
        let mut places = Vec::new();
        if failed {
            for ip in far.iter().take(MOST) {
                let others = COMMON_PORTS.iter().filter(|other| **other != port);
                places.extend(others.map(|other| SocketAddr::new(*ip, *other)));
            }
            let told = name::other_addresses(&case);
            let told = told.into_iter().filter(|ip| case.is_far(*ip)).take(MOST);
            places.extend(told.map(|ip| SocketAddr::new(ip, port)));
        }
        Some(outside::Wanted {
            places,
            internet: well_known && far.iter().copied().any(is_public),
            own,
        })
    }
}

/// Whether the resolver gave no address.
fn is_unresolved(resolution: &Resolution) -> bool {
    resolution.error.is_some() || !resolution.addresses.is_seen()
}

/// Whether an address of another machine failed in a way that a client would notice.
fn far_failure(case: &Case) -> bool {
    case.probes().any(|probe| {
        !probe.outcome.well() && case.is_far(probe.to.ip()) && !case.is_passed_over(probe)
    })
}
