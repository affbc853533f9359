//! What the kernel's security module forbids a server, a proxy or a client.

use crate::facts::{
    Carries, Denial, Listener, Module, Outcome, Policy, Probe, ProcId, Unit, UnitState,
};
use crate::findings::{Confidence, Evidence, Finding, Fix, Safety, Seen, Verdict};
use crate::rules::onward::{self, Next};
use crate::rules::presence::service_stopped::in_words;
use crate::rules::{Case, evidence, presence, protocol};

/// A record this old, in seconds, is still of our own knock.
const OURS: u64 = 30;
/// An older one may be of another time.
const A_DAY: u64 = 24 * 60 * 60;

/// The type under which SELinux runs web servers.
const WEB: &str = "httpd_t";

/// What may listen where, for the domains of servers that developers run.
const PORT_TYPES: &[(&str, &str)] = &[
    (WEB, "http_port_t"),
    ("tomcat_t", "http_port_t"),
    ("haproxy_t", "http_port_t"),
    ("squid_t", "squid_port_t"),
    ("postgresql_t", "postgresql_port_t"),
    ("mysqld_t", "mysqld_port_t"),
    ("mongod_t", "mongod_port_t"),
    ("redis_t", "redis_port_t"),
    ("memcached_t", "memcache_port_t"),
    ("sshd_t", "ssh_port_t"),
];

/// Types of ports that nobody has given a meaning.
const UNNAMED: &[&str] = &[
    "unreserved_port_t",
    "reserved_port_t",
    "hi_reserved_port_t",
    "ephemeral_port_t",
    "port_t",
];

/// Who is forbidden to connect, or to listen.
pub(super) fn denies(case: &Case) -> Option<Finding> {
    let policy = case.facts.way.policy.seen()?;
    proxy(case, policy)
        .or_else(|| client(case, policy))
        .or_else(|| server(case, policy))
}

/// A record of this kind for this port, the newest.
fn newest<'a>(
    policy: &'a Policy,
    operations: &[&str],
    fits: impl Fn(&Denial) -> bool,
) -> Option<&'a Denial> {
    let denials = policy.denials.seen()?;
    let recent = |one: &&Denial| one.ago_s.is_some_and(|ago| ago < A_DAY);
    let mut newest = denials.iter().rev().filter(recent);
    newest.find(|one| operations.contains(&one.operation.as_str()) && fits(one))
}

/// A proxy answers that the server behind it does not, and may not connect to it.
fn proxy(case: &Case, policy: &Policy) -> Option<Finding> {
    let (probe, greeting) = case.greeting()?;
    if !matches!(greeting.http.as_ref()?.status, 502..=504) {
        return None;
    }
    let listener = case.listener_for(probe.to.ip());
    let nexts = onward::all(case, Carries::Requests);
    // What refuses from here is no matter of a policy.
    let well = |next: &&Next| {
        let met = next.met.as_ref().map(|met| met.verdict);
        matches!(met, Some(Verdict::Reachable | Verdict::ErrorStatus))
    };
    let next = nexts.iter().find(well);
    if next.is_none() && !nexts.is_empty() {
        return None;
    }
    let ours = |denial: &Denial| {
        denial.ago_s.is_some_and(|ago| ago <= OURS)
            && next.is_none_or(|next| denial.port.is_none() || denial.port == next.place.to)
            && (next.is_some() || is_owners(listener, denial.pid))
    };
    let denial = newest(policy, &["name_connect", "connect"], ours);
    let who = onward::who(case, listener);
    let status = greeting.http.as_ref()?.status;
    let begin = |confidence, says| {
        Finding::new(confidence, says)
            .because(protocol::said(probe, greeting))
            .because_all(listener.map(|one| evidence::listener(case, one)))
    };
    if let Some(denial) = denial {
        let to = match (denial.port, next) {
            (Some(port), _) => format!("port {port}"),
            (None, Some(next)) => onward::words(next.place),
            (None, None) => "the server behind it".to_owned(),
        };
        let sure = next.is_some() && denial.port.is_some() && is_owners(listener, denial.pid);
        let confidence = match sure {
            true => Confidence::Certain,
            false => Confidence::Likely,
        };
        let says = format!(
            "{who} answers HTTP {status}: {} does not let it ({}) connect to {to}",
            denial.by.name(),
            denial.profile
        );
        return Some(
            begin(confidence, says)
                .because_all(next.and_then(answers_here))
                .because(record(denial))
                .fix_all(let_connect(denial)),
        );
    }
    // The records are out of sight: the switch is not.
    let next = next?;
    let confined = policy.selinux
        && policy.web_may_connect == Some(false)
        && policy.denials.gap().is_some()
        && policy
            .label
            .as_deref()
            .is_some_and(|label| is_of(label, WEB));
    if !confined {
        return None;
    }
    let says = format!(
        "{who} answers HTTP {status}: SELinux does not let it ({WEB}) connect to {}",
        onward::words(next.place)
    );
    let switch = Evidence::new(
        "httpd_can_network_connect is off, and SELinux is in force",
        Seen::Kernel {
            what: "/sys/fs/selinux".to_owned(),
        },
    );
    Some(
        begin(Confidence::Likely, says)
            .because_all(answers_here(next))
            .because(switch)
            .fix(switch_on()),
    )
}

/// That the next place answers whoever may connect to it.
fn answers_here(next: &Next) -> Option<Evidence> {
    let target = &next.met.as_ref()?.target;
    Some(Evidence::new(
        format!("{} answers devdoctor", onward::words(next.place)),
        Seen::Kernel {
            what: format!("a connection to port {}", target.port),
        },
    ))
}

/// Whether the context is of this type: `system_u:system_r:httpd_t:s0`.
fn is_of(label: &str, kind: &str) -> bool {
    label.split(':').nth(2) == Some(kind)
}

fn is_owners(listener: Option<&Listener>, pid: u32) -> bool {
    let owners = listener.and_then(|listener| listener.owners.seen());
    owners.is_some_and(|owners| owners.iter().any(|id: &ProcId| id.pid == pid))
}

/// Our own connection was forbidden, and a record says by what.
fn client(case: &Case, policy: &Policy) -> Option<Finding> {
    let denied = |probe: &&Probe| probe.outcome == Outcome::Denied;
    let probe = case.probes().find(denied)?;
    let ours = |denial: &Denial| {
        denial.ago_s.is_some_and(|ago| ago <= OURS) && denial.port == Some(probe.to.port())
    };
    let denial = newest(policy, &["name_connect", "connect"], ours)?;
    let label = case.facts.way.confinement.seen();
    let label = label.and_then(|own| own.label.as_deref());
    let confidence = match label {
        Some(label) if is_of(label, &denial.profile) || label == denial.profile => {
            Confidence::Certain
        }
        _ => Confidence::Likely,
    };
    let says = format!(
        "{} does not let this shell ({}) connect to port {}",
        denial.by.name(),
        denial.profile,
        probe.to.port()
    );
    Some(
        Finding::new(confidence, says)
            .because(evidence::probe(probe))
            .because(record(denial))
            .fix_all(let_connect(denial)),
    )
}

/// Nobody listens, and somebody was forbidden to.
fn server(case: &Case, policy: &Policy) -> Option<Finding> {
    let refused = presence::refused(case)?;
    let port = case.port();
    let failed = |unit: &&Unit| {
        matches!(unit.state, UnitState::Failed | UnitState::Starting) && unit.result.is_some()
    };
    let unit = case.facts.units.items().iter().find(failed)?;
    // A record without a port is of this server only where the names say so.
    let ours = |denial: &Denial| match denial.port {
        Some(of) => of == port,
        None => names(unit, denial),
    };
    let denial = newest(policy, &["name_bind", "bind", "listen", "create"], ours)?;
    let of_type = match &denial.port_type {
        Some(kind) => format!(", which is a {kind}"),
        None => String::new(),
    };
    let says = format!(
        "{} does not let {} ({}) listen on port {port}{of_type}",
        denial.by.name(),
        denial.comm,
        denial.profile
    );
    Some(
        Finding::new(Confidence::Likely, says)
            .because(evidence::probe(refused))
            .because(evidence::nobody_listens(case))
            .because(in_words(unit))
            .because(record(denial))
            .fix_all(let_listen(denial, port)),
    )
}

/// Whether a unit's name is that of the program in the record: `shop.service` and `shop`.
fn names(unit: &Unit, denial: &Denial) -> bool {
    let stem = unit.name.split(['@', '.']).next().unwrap_or_default();
    let program = denial.profile.rsplit('/').next();
    !stem.is_empty() && (denial.comm == stem || program == Some(stem))
}

fn record(denial: &Denial) -> Evidence {
    let place = match denial.by {
        Module::Selinux => "audit, AVC",
        Module::Apparmor => "audit, apparmor",
    };
    Evidence::new(
        format!("the record says: {}", denial.text),
        Seen::Kernel {
            what: place.to_owned(),
        },
    )
}

/// Let web servers connect to any port.
fn switch_on() -> Fix {
    Fix::safe(
        "let web servers connect to other servers",
        ["sudo", "setsebool", "-P", "httpd_can_network_connect", "1"],
    )
}

fn let_connect(denial: &Denial) -> Vec<Fix> {
    match denial.by {
        Module::Selinux if denial.profile == WEB => vec![switch_on()],
        Module::Selinux => vec![own_rule(denial)],
        Module::Apparmor => relax(denial),
    }
}

fn let_listen(denial: &Denial, port: u16) -> Vec<Fix> {
    if denial.by == Module::Apparmor {
        return relax(denial);
    }
    let kind = PORT_TYPES.iter().find(|(of, _)| *of == denial.profile);
    let Some((_, kind)) = kind else {
        return vec![own_rule(denial)];
    };
    // A port that has a type can only be given another one.
    let named = denial
        .port_type
        .as_deref()
        .is_some_and(|kind| !UNNAMED.contains(&kind));
    let how = if named { "-m" } else { "-a" };
    let port = port.to_string();
    let words = [
        "sudo", "semanage", "port", how, "-t", kind, "-p", "tcp", &port,
    ];
    vec![Fix::safe(format!("give the port the type {kind}"), words)]
}

/// A rule of the user's own, where there is neither a switch nor a type.
fn own_rule(denial: &Denial) -> Fix {
    let text = format!(
        "`sudo ausearch -m avc -c {} -ts today | audit2allow -M devdoctor-local`, read \
         devdoctor-local.te, then `sudo semodule -i devdoctor-local.pp`",
        crate::facts::shell_line(std::slice::from_ref(&denial.comm))
    );
    Fix::read("allow it by a rule of your own", text)
}

fn relax(denial: &Denial) -> Vec<Fix> {
    vec![
        Fix::safe(
            "add what it wants to the profile, asked one by one",
            ["sudo", "aa-logprof"],
        ),
        Fix::run(
            "or have the profile only complain",
            Safety::Disruptive,
            ["sudo", "aa-complain", &denial.profile],
        ),
    ]
}
