//! The proxies that tools and the desktop are told of by their own settings.

use std::net::IpAddr;
use std::time::Duration;

use super::beside::Beside;
use super::looks::count;
use super::why::Doctor;
use crate::facts::{Known, Protocol, Scheme};
use crate::rules::Case;
use crate::sources::{Pending, probes, proxies};

/// For how long the desktop's own tool is waited for.
const PATIENCE: Duration = Duration::from_millis(300);

impl Doctor<'_> {
    /// Whether the question is about the web, and a proxy may be the answer.
    fn may_ask_a_proxy(&self) -> bool {
        let web = match self.target.scheme {
            Some(scheme) => Scheme::is_web(scheme),
            None => self.protocol == Some(Protocol::Http),
        };
        let asked = !self.facts.host.proxy_settings.is_not_asked();
        let case = Case::new(self.target, &self.facts);
        // A failure on this machine has its own cause, proxy or not.
        let fails_here = || case.on_this_machine() && !case.probes().any(Case::content);
        web && !asked && !self.is_passive() && !fails_here()
    }

    /// Begins to read the settings, where there is more to wait for.
    pub(super) fn begin_proxy_settings(&mut self) {
        let far = Case::new(self.target, &self.facts).on_another_machine();
        if far && self.may_ask_a_proxy() {
            let budget = self.budget(|_| PATIENCE);
            let look = move || Known::Seen(proxies::look(budget));
            let begun = Beside::begin("proxy settings", budget + PATIENCE, look);
            self.ahead.proxy_settings = Some(begun);
        }
    }

    /// Which programs would ask a proxy, and whether that one is there. Nobody outside of
    /// this machine is asked unless the target is.
    pub(super) fn look_at_proxy_settings(&mut self) {
        let begun = self.ahead.proxy_settings.take();
        if !self.may_ask_a_proxy() {
            return;
        }
        let budget = self.budget(|_| PATIENCE);
        let saw = |found: &_| count(found, Vec::len, "setting");
        let settings = match begun {
            Some(begun) => begun.end(&mut self.looks, saw),
            None => self
                .looks
                .at("proxy settings", || Known::Seen(proxies::look(budget)), saw),
        };
        let mut settings = match settings {
            Known::Seen(settings) => settings,
            Known::Unseen(gap) => {
                self.facts.host.proxy_settings = Known::Unseen(gap);
                return;
            }
        };
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
