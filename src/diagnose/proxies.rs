//! The proxies that tools and the desktop are told of by their own settings.

use std::net::IpAddr;
use std::time::Duration;

use super::why::Doctor;
use crate::facts::{Known, Protocol, Scheme};
use crate::rules::Case;
use crate::sources::{Pending, probes, proxies};

/// For how long the desktop's own tool is waited for.
const PATIENCE: Duration = Duration::from_millis(300);

impl Doctor<'_> {
    /// Where the question is about the web: which programs would ask a proxy, and whether
    /// that one is there. Nobody outside of this machine is asked unless the target is.
    pub(super) fn look_at_proxy_settings(&mut self) {
        let web = match self.target.scheme {
            Some(scheme) => Scheme::is_web(scheme),
            None => self.protocol == Some(Protocol::Http),
        };
        if !web || self.is_passive() || !self.facts.host.proxy_settings.is_not_asked() {
            return;
        }
        let case = Case::new(self.target, &self.facts);
        // A failure on this machine has its own cause, proxy or not.
        if case.on_this_machine() && !case.probes().any(Case::content) {
            return;
        }
        let budget = PATIENCE.min(self.budget(|of| of.whole));
        let mut settings = self.looks.at(
            "proxy settings",
            || proxies::look(budget),
            |found| found.len().to_string(),
        );
        let case = Case::new(self.target, &self.facts);
        let outward = !case.on_this_machine();
        let budget = self.budget(|of| of.connect_remote);
        let own = |ip: IpAddr| case.is_local(ip) == Some(true);
        let knocks: Vec<_> = settings
            .iter()
            .enumerate()
            .filter(|(_, one)| !one.script)
            .filter(|(_, one)| {
                outward || one.host == "localhost" || one.host.parse().is_ok_and(own)
            })
            .map(|(at, one)| {
                let (host, port) = (one.host.clone(), one.port);
                let knock = move || probes::knock(&host, port, budget);
                (at, Pending::begin("proxy", knock))
            })
            .collect();
        for (at, knock) in knocks {
            settings[at].reachable = knock.wait(budget).seen().copied().flatten();
        }
        self.facts.host.proxy_settings = Known::Seen(settings);
    }
}
