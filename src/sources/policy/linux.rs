//! Linux: the switches of the modules below `/sys`, labels below `/proc`, and the records
//! of the audit system, which only root may read as a rule.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use super::audit::{denials, switch};
use crate::facts::{Denial, Gap, Known, Policy, clean};
use crate::sources::clock;
use crate::sources::tool::Command;

/// The audit daemon's own file; without the daemon the records are in the kernel's log.
const LOG: &str = "/var/log/audit/audit.log";
/// So much of the end of it is read: some thousand records.
const MOST_BYTES: u64 = 512 * 1024;

/// See [`super::look`].
pub(super) fn look(pid: Option<u32>, budget: Duration) -> Result<Policy, Gap> {
    let until = Instant::now() + budget;
    let is = |file: &str, what: &str| fs::read_to_string(file).is_ok_and(|is| is.trim() == what);
    let mut policy = Policy {
        selinux: is("/sys/fs/selinux/enforce", "1"),
        apparmor: is("/sys/module/apparmor/parameters/enabled", "Y"),
        denials: Known::Seen(Vec::new()),
        ..Policy::default()
    };
    if policy.selinux {
        policy.web_may_connect =
            fs::read_to_string("/sys/fs/selinux/booleans/httpd_can_network_connect")
                .ok()
                .and_then(|pair| switch(&pair));
    }
    if policy.selinux || policy.apparmor {
        policy.label = pid.and_then(label);
        // Whom nothing confines nothing was forbidden: the records need not be read.
        if !policy.label.as_deref().is_some_and(is_free) {
            policy.denials = records(until).into();
        }
    }
    Ok(policy)
}

fn label(pid: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/attr/current")).ok()?;
    let label = clean(text.trim_matches(['\0', '\n', ' ']));
    (!label.is_empty()).then_some(label)
}

/// Whether a label is that of a process which no policy confines.
fn is_free(label: &str) -> bool {
    label.starts_with("unconfined") || label.contains(":unconfined_t:")
}

fn records(until: Instant) -> Result<Vec<Denial>, Gap> {
    let now_s = clock::wall() / 1000;
    match tail(LOG) {
        Ok(text) => Ok(denials(&text, now_s)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let missing = || Gap::Failed("dmesg is not installed".to_owned());
            let dmesg = Command::find(&["dmesg"]).ok_or_else(missing)?;
            Ok(denials(&dmesg.run(&[], until)?, now_s))
        }
        Err(error) => Err(Gap::of(&error)),
    }
}

/// The end of a file, from the first whole line on.
fn tail(file: &str) -> io::Result<String> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match (length > MOST_BYTES, text.split_once('\n')) {
        (true, Some((_, whole))) => Ok(whole.to_owned()),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_this_machine_can_be_asked_for() {
        let policy = look(Some(std::process::id()), Duration::from_secs(20)).unwrap();
        // Where no module is in force, nothing was forbidden, and that is known.
        if !policy.selinux && !policy.apparmor {
            assert_eq!(policy.denials, Known::Seen(Vec::new()));
            assert_eq!(policy.label, None);
        }
    }

    #[test]
    fn whom_nothing_confines_is_known_by_his_label() {
        assert!(is_free("unconfined") && is_free("unconfined_u:unconfined_r:unconfined_t:s0"));
        assert!(!is_free("system_u:system_r:httpd_t:s0") && !is_free("shop (enforce)"));
    }

    #[test]
    fn the_end_of_a_file_begins_with_a_whole_line() {
        let file = std::env::temp_dir().join(format!("devdoctor-tail-{}", std::process::id()));
        let line = "0123456789\n";
        let count = usize::try_from(MOST_BYTES).unwrap() / line.len() + 10;
        fs::write(&file, line.repeat(count)).unwrap();
        let text = tail(&file.to_string_lossy());
        fs::remove_file(&file).unwrap();
        let text = text.unwrap();
        assert!(text.starts_with(line) && text.ends_with(line));
        assert!(text.len() as u64 <= MOST_BYTES);
    }
}
