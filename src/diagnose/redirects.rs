//! Where a page sends its client: followed as a browser does, within bounds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use url::Url;

use super::why::Doctor;
use crate::facts::{Gap, Greeting, Http, Known, Outcome, Probe, Redirect, Target, clean};
use crate::rules::Case;
use crate::sources::{names, probes};

/// As many steps as a browser takes.
const MOST_STEPS: usize = 20;
/// For how long the whole way is followed.
const WHOLE: Duration = Duration::from_millis(2500);
/// How long one place may take to answer once it is connected to.
const ANSWER: Duration = Duration::from_millis(800);
/// A longer `Location` was cut, and leads nowhere.
const LONGEST: usize = 299;

impl Doctor<'_> {
    /// Follows an answer that leads elsewhere, or to other brokers.
    pub(super) fn look_at_redirects(&mut self) {
        if self.is_passive() {
            return;
        }
        let began = Instant::now();
        let steps = if let Some((greeting, from)) = self.first_step() {
            self.follow(greeting, from)
        } else {
            self.brokers()
        };
        if steps.is_empty() {
            return;
        }
        let saw = match steps.len() {
            1 => "1 step".to_owned(),
            count => format!("{count} steps"),
        };
        self.looks.note("redirects", saw, began);
        self.facts.redirects = Known::Seen(steps.into());
    }

    fn first_step(&self) -> Option<(Greeting, Url)> {
        let case = Case::new(self.target, &self.facts);
        let (_, greeting) = case.greeting()?;
        leads(greeting)?;
        Some((
            greeting.clone(),
            Url::parse(&page(self.target, greeting)).ok()?,
        ))
    }

    fn follow(&self, mut greeting: Greeting, mut from: Url) -> Vec<Redirect> {
        let began = Instant::now();
        let mut steps: Vec<Redirect> = Vec::new();
        let mut asked = vec![from.clone()];
        while steps.len() < MOST_STEPS {
            let Some((http, location)) = leads(&greeting) else {
                break;
            };
            let Some(to) = next(&from, location) else {
                break;
            };
            let mut step = Redirect {
                from: shown(&from),
                status: http.status,
                to: shown(&to),
                again: asked.contains(&to),
                cookie: http.sets_cookie,
                met: Known::default(),
            };
            if step.again {
                steps.push(step);
                break;
            }
            step.met = match began.elapsed() < WHOLE {
                true => self.ask_at(&from, &to),
                false => Known::Unseen(Gap::TooSlow),
            };
            let met = step.met.clone();
            steps.push(step);
            let said = met
                .seen()
                .into_iter()
                .flatten()
                .find_map(|probe| probe.greeting.seen());
            let Some(said) = said else { break };
            greeting = said.clone();
            asked.push(to.clone());
            from = to;
        }
        steps
    }

    /// Where a broker sends its clients: to itself and to others, by addresses of its own.
    fn brokers(&self) -> Vec<Redirect> {
        let case = Case::new(self.target, &self.facts);
        let list = case.greeting().map(|(_, greeting)| &greeting.sends_to[..]);
        let began = Instant::now();
        let step = |to: &String| Redirect {
            from: format!("kafka://{}", self.target.authority()),
            to: format!("kafka://{to}"),
            met: match to.parse::<Target>() {
                // It is the one that has just answered.
                Ok(there) if is_same(self.target, &there) => Known::default(),
                Ok(there) if began.elapsed() < WHOLE => self.meet(&there, false),
                Ok(_) => Known::Unseen(Gap::TooSlow),
                Err(_) => Known::Unseen(Gap::Unsupported),
            },
            ..Redirect::default()
        };
        list.unwrap_or_default().iter().map(step).collect()
    }

    /// What asking at the next place gives.
    fn ask_at(&self, from: &Url, to: &Url) -> Known<Vec<Probe>> {
        let Ok(target) = to.as_str().parse::<Target>() else {
            return Known::Unseen(Gap::Unsupported);
        };
        let met = self.meet(&target, true);
        // The same server that takes its time over another page is no dead end.
        let mut probes = met.seen().into_iter().flatten();
        let slow = probes.any(|probe| probe.outcome == Outcome::Silent);
        match slow && is_same_server(from, &target) {
            true => Known::Unseen(Gap::TooSlow),
            false => met,
        }
    }

    /// What connecting there gives, and a request where one is wanted.
    fn meet(&self, target: &Target, request: bool) -> Known<Vec<Probe>> {
        let Some(addresses) = self.addresses_of(target) else {
            return Known::Unseen(Gap::NotAsked);
        };
        let addresses = match addresses {
            Known::Seen(list) => list,
            Known::Unseen(gap) => return Known::Unseen(gap),
        };
        let own = self.facts.host.addresses.items();
        let budget = |of: Duration| self.budget(|_| of);
        let timeouts = &self.settings.timeouts;
        let mut ask = probes::Ask::of(
            target,
            own,
            budget(timeouts.connect_local),
            budget(timeouts.connect_remote),
        );
        // Another machine does not decide what this one's servers are asked.
        let case = Case::new(self.target, &self.facts);
        let here = |ip: &IpAddr| case.is_local(*ip) != Some(false);
        if !request || !case.on_this_machine() && addresses.iter().any(here) {
            ask.protocol = None;
        }
        let to: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|ip| SocketAddr::new(ip, target.port))
            .collect();
        let patience = to.iter().map(|to| ask.connect_budget(*to)).max();
        let mut dialling = probes::dial(&to, &ask);
        dialling.wait(budget(patience.unwrap_or_default() + ANSWER));
        Known::Seen(dialling.finish())
    }

    /// The addresses of a place that may be asked: this machine's, those of the target's
    /// own host, and any other only if the target is on another machine.
    fn addresses_of(&self, target: &Target) -> Option<Known<Vec<IpAddr>>> {
        let case = Case::new(self.target, &self.facts);
        if target.host.eq_ignore_ascii_case(&self.target.host) {
            return Some(Known::Seen(case.addresses()));
        }
        let outward = !case.on_this_machine();
        let own = |ip: &IpAddr| case.is_local(*ip) == Some(true);
        if let Some(ip) = target.ip() {
            return (outward || own(&ip)).then(|| Known::Seen(vec![ip]));
        }
        let entries = self.facts.host.hosts_file.items().iter();
        let listed: Vec<IpAddr> = entries
            .filter(|entry| {
                let mut names = entry.names.iter();
                names.any(|name| name.eq_ignore_ascii_case(&target.host))
            })
            .map(|entry| entry.ip)
            .collect();
        if !listed.is_empty() && listed.iter().all(own) {
            return Some(Known::Seen(listed));
        }
        // Browsers do not ask anybody what a name below localhost means.
        if target.is_localhost_name() {
            let loopback = [
                IpAddr::from(Ipv4Addr::LOCALHOST),
                Ipv6Addr::LOCALHOST.into(),
            ];
            return Some(Known::Seen(loopback.to_vec()));
        }
        outward.then(|| names::resolve(&target.host, self.budget(|of| of.names)).addresses)
    }
}

/// The answer that leads elsewhere, and where to.
fn leads(greeting: &Greeting) -> Option<(&Http, &str)> {
    // Plain HTTP where TLS was asked is no answer to the request.
    let http = greeting.http.as_ref();
    let http = http.filter(|_| greeting.spoken == Some(greeting.asked))?;
    let location = http.location.as_deref()?;
    let leads = matches!(http.status, 301 | 302 | 303 | 307 | 308);
    (leads && location.chars().count() < LONGEST).then_some((http, location))
}

/// The page that was asked, by what the server turned out to speak.
fn page(target: &Target, greeting: &Greeting) -> String {
    let scheme = match greeting.tls {
        Some(_) => crate::facts::Scheme::Https,
        None => crate::facts::Scheme::Http,
    };
    let there = Target {
        scheme: Some(scheme),
        ..target.clone()
    };
    there.url(None)
}

/// The next address, if it is one of a web page. What stands behind `#` is not sent.
fn next(from: &Url, location: &str) -> Option<Url> {
    let mut to = from.join(location).ok()?;
    to.set_fragment(None);
    let web = matches!(to.scheme(), "http" | "https") && to.has_host();
    web.then_some(to)
}

/// The address without what may be private.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    // Only an address that cannot have them refuses.
    let _ = (url.set_username(""), url.set_password(None));
    clean(url.as_str())
}

fn is_same(one: &Target, other: &Target) -> bool {
    one.host.eq_ignore_ascii_case(&other.host) && one.port == other.port
}

fn is_same_server(from: &Url, target: &Target) -> bool {
    let host = from.host_str().map(|host| host.trim_matches(['[', ']']));
    host.is_some_and(|host| host.eq_ignore_ascii_case(&target.host))
        && from.port_or_known_default() == Some(target.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_address_is_read_as_a_browser_reads_it() {
        let from = Url::parse("http://localhost:3000/a/b?c=d").unwrap();
        let next = |location: &str| next(&from, location).map(|url| url.to_string());
        let whole = |url: &str| Some(url.to_owned());
        assert_eq!(next("/login#x"), whole("http://localhost:3000/login"));
        assert_eq!(next("e"), whole("http://localhost:3000/a/e"));
        assert_eq!(next("//shop.test/"), whole("http://shop.test/"));
        assert_eq!(next("https://localhost/"), whole("https://localhost/"));
        assert_eq!(next("myapp://callback"), None);
        assert_eq!(next("http://"), None);
    }

    #[test]
    fn what_is_private_is_not_shown() {
        let url = Url::parse("https://me:pw@idp.test/auth?state=secret").unwrap();
        assert_eq!(shown(&url), "https://idp.test/auth");
    }

    #[test]
    fn the_same_server_is_told_by_host_and_port() {
        let from = Url::parse("http://[::1]:3000/").unwrap();
        let target = |text: &str| text.parse::<Target>().unwrap();
        assert!(is_same_server(&from, &target("http://[::1]:3000/x")));
        assert!(!is_same_server(&from, &target("https://[::1]:3443/x")));
        let from = Url::parse("http://localhost/").unwrap();
        assert!(is_same_server(&from, &target("http://LOCALHOST:80/")));
    }
}
