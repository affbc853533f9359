//! Facts in, causes out: pure, microseconds.
//!
//! One file is one rule is one manual page. [`RULES`] has them in the order in
//! which a connection meets its obstacles; a rule that names others in `unless`
//! is silent where one of them has spoken, because it would only tell of that
//! cause's consequences.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod case;
mod clients;
mod evidence;
mod fixes;
mod hops;
mod onward;
mod page;
mod proxies;
mod ruled_out;
mod survey;
mod verdict;

pub mod address;
pub mod client;
pub mod container;
pub mod name;
pub mod path;
pub mod presence;
pub mod process;
pub mod project;
pub mod protocol;

pub use case::{Case, Expected, is_debuggers, is_managers, join};
pub use hops::hops;
pub use onward::target as onward_target;
pub use page::{Page, find};
pub use path::public_tunnel;
pub use survey::{PortStanding, Standing, Survey};

use crate::findings::{Finding, RuledOut, Severity, Verdict};

/// One cause that devdoctor knows.
#[derive(Debug)]
pub struct Rule {
    /// `DD503`. Never changes, is never reused.
    pub code: &'static str,
    /// `loopback-inside`: the file's name.
    pub name: &'static str,
    /// How bad it is, unless the finding says otherwise.
    pub severity: Severity,
    /// The version of devdoctor that has it first.
    pub since: &'static str,
    /// Rules that make this one silent by speaking. They stand earlier in [`RULES`].
    pub unless: &'static [&'static Rule],
    /// For how many seconds the cause must hold before the daemon tells of it unasked.
    pub settle: u32,
    /// The rule itself.
    pub check: fn(&Case) -> Option<Finding>,
    /// The rule's own file: its head comment is its manual page.
    pub source: &'static str,
}

impl Rule {
    /// A finding of this rule, under its name.
    fn sign(&self, mut finding: Finding) -> Finding {
        self.code.clone_into(&mut finding.code);
        self.name.clone_into(&mut finding.name);
        finding.severity = finding.severity.min(self.severity);
        finding
    }
}

/// Every rule, in the order in which a connection meets its obstacles.
pub static RULES: &[&Rule] = &[
    // The client never dials, or dials another place.
    &client::unsafe_port::RULE,
    &path::proxy_unreachable::RULE,
    &path::proxy_in_the_way::RULE,
    // The name.
    &name::localhost_not_loopback::RULE,
    &name::subdomain_of_localhost::RULE,
    &name::hosts_entry::RULE,
    &name::stale_dns::RULE,
    &name::name_not_found::RULE,
    &address::unspecified_destination::RULE,
    // There is no way, or a wrong one.
    &path::sandboxed::RULE,
    &client::offline::RULE,
    &path::no_route::RULE,
    &path::ephemeral_ports_exhausted::RULE,
    &path::conntrack_full::RULE,
    &path::vpn_in_the_way::RULE,
    &path::port_redirected::RULE,
    // A container calls somebody else than it means.
    &container::container_paused::RULE,
    &container::localhost_inside_container::RULE,
    &container::host_service_on_loopback::RULE,
    &container::dependency_not_ready::RULE,
    &container::engine_elsewhere::RULE,
    // Another machine.
    &name::resolver_unreachable::RULE,
    &client::captive_portal::RULE,
    &client::broken_ipv6_path::RULE,
    &client::remote_refuses::RULE,
    &client::remote_silent::RULE,
    // A container is behind the port, or should be.
    &process::stale_pid_file::RULE,
    &container::container_restarting::RULE,
    &container::container_exited::RULE,
    &container::container_never_started::RULE,
    &container::host_network::RULE,
    &container::no_network::RULE,
    &container::not_recreated::RULE,
    &container::published_on_one_address::RULE,
    &container::loopback_inside::RULE,
    &container::wrong_container_port::RULE,
    &container::container_not_ready::RULE,
    &container::ipv6_publish_dead::RULE,
    &container::engine_rules_missing::RULE,
    &container::published_elsewhere::RULE,
    &container::not_published::RULE,
    &container::engine_down::RULE,
    &container::profile_not_selected::RULE,
    // Somebody answers, and it is not who was meant.
    &presence::moved_port::RULE,
    &process::system_service_holds_port::RULE,
    &process::port_taken::RULE,
    &process::orphan::RULE,
    // Somebody listens, on another address than the one dialled.
    &address::ipv6_disabled::RULE,
    &address::address_gone::RULE,
    &address::split_brain::RULE,
    &address::v6_only_wildcard::RULE,
    &address::wrong_family::RULE,
    &address::loopback_only::RULE,
    &address::bound_elsewhere::RULE,
    // Somebody listens there, and something on the way does not let us through.
    &process::stale_reuseport_member::RULE,
    &process::suspended::RULE,
    &process::paused_in_debugger::RULE,
    &process::inherited_socket::RULE,
    &process::out_of_file_descriptors::RULE,
    &process::busy::RULE,
    &process::backlog_full::RULE,
    &path::firewall_rejects::RULE,
    &path::firewall_drops::RULE,
    // Nobody listens, and nobody can.
    &process::reserved_range::RULE,
    &process::port_borrowed::RULE,
    &process::privileged_port::RULE,
    &presence::bound_not_listening::RULE,
    // The connection is fine; what comes over it is not.
    &protocol::tls_expected::RULE,
    &protocol::tls_not_spoken::RULE,
    &protocol::certificate::RULE,
    &protocol::http2_only::RULE,
    &protocol::not_http::RULE,
    &protocol::host_not_allowed::RULE,
    &path::upstream_refused::RULE,
    &path::upstream_silent::RULE,
    &path::dead_tunnel::RULE,
    &protocol::headers_too_large::RULE,
    &protocol::error_status::RULE,
    &protocol::redirects_to_dead_end::RULE,
    &presence::crash_looping::RULE,
    &process::closes_at_once::RULE,
    &process::silent::RULE,
    // Nobody listens.
    &presence::unix_socket_only::RULE,
    &presence::udp_only::RULE,
    &presence::other_namespace::RULE,
    &presence::service_stopped::RULE,
    &presence::exited::RULE,
    &presence::other_port::RULE,
    &presence::alive_not_listening::RULE,
    &presence::still_starting::RULE,
    &presence::not_started::RULE,
    &presence::nothing_listens::RULE,
    // It is well, or there is nobody, on this side of a boundary.
    &path::vm_boundary::RULE,
    &path::device_loopback::RULE,
    // What remains.
    &client::blind_spot::RULE,
    &client::unexplained::RULE,
    // It answers, and the browser does something else by itself.
    &client::hsts::RULE,
    &client::browser_remembers::RULE,
    &client::browser_policy::RULE,
    &client::local_network_access::RULE,
    // How it came to this, as the project's files tell: never the cause itself.
    &project::setting_ignored::RULE,
    &project::proxy_target_drift::RULE,
    &project::wanted_twice::RULE,
    &project::config_drift::RULE,
    &project::unreadable_config::RULE,
];

/// What is wrong in a whole project, the worst first: what its files say of each
/// other, and what of it runs elsewhere.
#[must_use]
pub fn survey(survey: &Survey) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (rule, ask) in project::ASKED {
        findings.extend(ask(survey).into_iter().map(|finding| rule.sign(finding)));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// What the rules make of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// What a client meets at the target.
    pub verdict: Verdict,
    /// The causes, the root cause first.
    pub findings: Vec<Finding>,
    /// What was considered and excluded, and by which fact.
    pub ruled_out: Vec<RuledOut>,
}

/// Asks every rule about a case.
#[must_use]
pub fn think(case: &Case) -> Opinion {
    let mut findings: Vec<Finding> = Vec::new();
    for rule in RULES {
        let silenced = rule
            .unless
            .iter()
            .any(|other| findings.iter().any(|finding| finding.code == other.code));
        if silenced {
            continue;
        }
        // A rule of the last resort wants to know whether anybody has spoken.
        let case = case.after(&findings);
        if let Some(finding) = (rule.check)(&case) {
            findings.push(rule.sign(finding));
        }
    }
    Opinion {
        verdict: verdict::of(case),
        findings,
        ruled_out: ruled_out::all(case),
    }
}
