//! Records of the kernel's audit system: text in, what was forbidden out.
//!
//! `type=AVC msg=audit(1700000000.123:45): avc:  denied  { name_bind } for  pid=812 …` of
//! SELinux; `… apparmor="DENIED" operation="bind" profile="/usr/sbin/nginx" pid=812 …` of
//! AppArmor. In the kernel's log the same stands behind `audit: type=1400`.

use crate::facts::{Denial, Module, clean};

/// More records than these nobody looks through; the newest are kept.
const MOST: usize = 64;

/// What of the network was forbidden, the newest last. The time is in seconds.
pub(super) fn denials(log: &str, now_s: u64) -> Vec<Denial> {
    let newest = log.lines().rev();
    let read = newest.filter_map(|line| selinux(line, now_s).or_else(|| apparmor(line, now_s)));
    let mut found: Vec<Denial> = read.take(MOST).collect();
    found.reverse();
    found
}

fn selinux(line: &str, now_s: u64) -> Option<Denial> {
    let (_, record) = line.split_once("avc:")?;
    let (_, rest) = record.split_once("denied")?;
    let (operations, _) = rest.split_once('{')?.1.split_once('}')?;
    let mut operations = operations.split_whitespace();
    let operation = operations.find(|one| matches!(*one, "name_bind" | "name_connect"))?;
    // In a domain that is only watched it was let through.
    if value(record, "permissive") == Some("1") || value(record, "tclass") != Some("tcp_socket") {
        return None;
    }
    let port = match operation {
        "name_bind" => value(record, "src"),
        _ => value(record, "dest"),
    };
    Some(Denial {
        by: Module::Selinux,
        operation: operation.to_owned(),
        pid: value(record, "pid")?.parse().ok()?,
        comm: clean(value(record, "comm")?),
        profile: clean(kind(value(record, "scontext")?)?),
        port: port.and_then(|port| port.parse().ok()),
        port_type: value(record, "tcontext").and_then(kind).map(clean),
        ago_s: ago(line, now_s),
        text: clean(&format!("avc:{record}")),
    })
}

/// The type of a context: `httpd_t` of `system_u:system_r:httpd_t:s0`.
fn kind(context: &str) -> Option<&str> {
    context.split(':').nth(2)
}

fn apparmor(line: &str, now_s: u64) -> Option<Denial> {
    let at = line.find("apparmor=\"DENIED\"")?;
    let record = &line[at..];
    let operation = value(record, "operation")?;
    let family = value(record, "family");
    let asks = matches!(operation, "create" | "bind" | "listen" | "connect");
    if !asks || !family.is_some_and(|family| family.starts_with("inet")) {
        return None;
    }
    // Only newer kernels tell of ports.
    let port = match operation {
        "connect" => value(record, "fport"),
        _ => value(record, "lport"),
    };
    Some(Denial {
        by: Module::Apparmor,
        operation: operation.to_owned(),
        pid: value(record, "pid")?.parse().ok()?,
        comm: clean(value(record, "comm")?),
        profile: clean(value(record, "profile")?),
        port: port.and_then(|port| port.parse().ok()),
        port_type: None,
        ago_s: ago(line, now_s),
        text: clean(record),
    })
}

/// The value of `name=value`, without quotation marks around it.
fn value<'a>(record: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = record;
    loop {
        let (before, behind) = rest.split_once(name)?;
        let begins = before.is_empty() || before.ends_with(' ');
        if let Some(value) = behind.strip_prefix('=').filter(|_| begins) {
            return match value.strip_prefix('"') {
                Some(quoted) => Some(quoted.split('"').next().unwrap_or(quoted)),
                None => value.split_whitespace().next(),
            };
        }
        rest = behind;
    }
}

/// How long ago the record was made: its time stands in `audit(SECONDS.MILLIS:NUMBER)`.
fn ago(line: &str, now_s: u64) -> Option<u64> {
    let (_, stamp) = line.split_once("audit(")?;
    let seconds: u64 = stamp.split(['.', ':', ')']).next()?.parse().ok()?;
    now_s.checked_sub(seconds)
}

/// Whether a switch of SELinux is on: its value now, and the one it is about to have.
pub(super) fn switch(pair: &str) -> Option<bool> {
    match pair.split_whitespace().next()? {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// After the documented formats; not a recording.
    const LOG: &str = "\
type=AVC msg=audit(1700000000.100:41): avc:  denied  { name_bind } for  pid=812 comm=\"node\" src=3000 scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:ntop_port_t:s0 tclass=tcp_socket permissive=0
type=AVC msg=audit(1700000001.100:42): avc:  denied  { read } for  pid=812 comm=\"node\" name=\"x\" scontext=a:b:httpd_t:s0 tcontext=a:b:c:s0 tclass=file permissive=0
type=AVC msg=audit(1700000002.100:43): avc:  denied  { name_connect } for  pid=900 comm=\"nginx\" dest=3000 scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:ntop_port_t:s0 tclass=tcp_socket permissive=1
type=SYSCALL msg=audit(1700000002.100:43): arch=c000003e syscall=42 success=yes
[   12.345678] audit: type=1400 audit(1700000003.000:44): apparmor=\"DENIED\" operation=\"bind\" class=\"net\" profile=\"/usr/sbin/shop server\" pid=901 comm=\"shop\" family=\"inet6\" sock_type=\"stream\" protocol=6 requested_mask=\"bind\" denied_mask=\"bind\" laddr=::1 lport=3000
[   12.345679] audit: type=1400 audit(1700000003.000:45): apparmor=\"ALLOWED\" operation=\"bind\" profile=\"x\" pid=9 comm=\"x\" family=\"inet\"
[   12.345680] audit: type=1400 audit(1700000003.000:46): apparmor=\"DENIED\" operation=\"create\" profile=\"x\" pid=9 comm=\"x\" family=\"unix\"
[   12.345681] audit: type=1400 audit(1700000004.000:47): avc:  denied  { name_connect } for  pid=902 comm=\"nginx\" dest=5432 scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:postgresql_port_t:s0 tclass=tcp_socket permissive=0
";

    #[test]
    fn records_about_the_network_are_read_and_no_others() {
        let found = denials(LOG, 1_700_000_010);
        let [bound, profile, connected] = found.as_slice() else {
            panic!("{found:#?}");
        };
        assert_eq!(bound.by, Module::Selinux);
        assert_eq!(
            (bound.operation.as_str(), bound.port),
            ("name_bind", Some(3000))
        );
        assert_eq!((bound.pid, bound.comm.as_str()), (812, "node"));
        assert_eq!(bound.profile, "httpd_t");
        assert_eq!(bound.port_type.as_deref(), Some("ntop_port_t"));
        assert_eq!(bound.ago_s, Some(10));
        assert_eq!(profile.by, Module::Apparmor);
        assert_eq!(profile.profile, "/usr/sbin/shop server");
        assert_eq!((profile.pid, profile.port), (901, Some(3000)));
        assert_eq!(connected.port, Some(5432));
        // A clock that was set back has no time for it.
        assert_eq!(denials(LOG, 5)[0].ago_s, None);
    }

    #[test]
    fn values_are_found_by_their_whole_name() {
        let record = "apparmor=\"DENIED\" ppid=1 pid=22 comm=\"a b\" xcomm=\"c\" end=";
        assert_eq!(value(record, "pid"), Some("22"));
        assert_eq!(value(record, "comm"), Some("a b"));
        assert_eq!(value(record, "end"), None);
        assert_eq!(value(record, "none"), None);
        assert_eq!(
            (switch("0 1\n"), switch("1 1"), switch("")),
            (Some(false), Some(true), None)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(
            text in "(\\PC|\n|[ ={}:\"]|avc:|denied|name_bind|apparmor=\"DENIED\"|operation=|pid=|audit\\()*"
        ) {
            let _ = denials(&text, 0);
            let _ = switch(&text);
        }

        #[test]
        fn a_damaged_log_is_read(at in 0..LOG.len(), cut in 0..40_usize) {
            let bytes = LOG.as_bytes();
            let rest = &bytes[(at + cut).min(bytes.len())..];
            let damaged = [&bytes[..at], rest].concat();
            let found = denials(&String::from_utf8_lossy(&damaged), 1_700_000_010);
            prop_assert!(found.len() <= 4);
        }
    }
}
