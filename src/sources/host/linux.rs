//! What only Linux tells of itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::read_file;
use crate::facts::{Address, Gap, Known, Vantage};

/// Where we stand, as far as the system tells.
pub(super) fn vantage() -> Option<Vantage> {
    if Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists() {
        return Some(Vantage::Container);
    }
    if std::env::var_os("WSL_DISTRO_NAME").is_some() || kernel_is_windows() {
        return Some(Vantage::Wsl);
    }
    // Only root may see the namespace of the first process; others cannot tell.
    let own = fs::read_link("/proc/self/ns/net").ok()?;
    let first = fs::read_link("/proc/1/ns/net").ok()?;
    (own != first).then_some(Vantage::Namespace)
}

fn kernel_is_windows() -> bool {
    fs::read_to_string("/proc/version")
        .is_ok_and(|version| version.to_ascii_lowercase().contains("microsoft"))
}

/// Whether IPv6 works here: `::1` has been given to the loopback interface, and nobody
/// has switched IPv6 off.
pub(super) fn ipv6(_addresses: &Known<Arc<[Address]>>) -> Known<bool> {
    match fs::read_to_string("/proc/net/if_inet6") {
        Ok(table) => Known::Seen(has_loopback(&table) && !switched_off()),
        // A kernel without IPv6 has no such file.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if Path::new("/proc/net").is_dir() {
                Known::Seen(false)
            } else {
                Known::Unseen(Gap::Unsupported)
            }
        }
        Err(error) => Known::Unseen(Gap::of(&error)),
    }
}

fn has_loopback(if_inet6: &str) -> bool {
    if_inet6
        .lines()
        .any(|line| line.starts_with("00000000000000000000000000000001 "))
}

fn switched_off() -> bool {
    fs::read_to_string("/proc/sys/net/ipv6/conf/lo/disable_ipv6")
        .is_ok_and(|value| value.trim() == "1")
}

/// Signs of a firewall that anybody may read.
pub(super) fn firewall_signs() -> Vec<String> {
    let mut signs = Vec::new();
    let ufw = "/etc/ufw/ufw.conf";
    if read_file(Path::new(ufw)).is_ok_and(|text| ufw_is_on(&text)) {
        signs.push(format!("ufw is enabled in {ufw}"));
    }
    let service = "/sys/fs/cgroup/system.slice/firewalld.service";
    if Path::new(service).is_dir() || Path::new("/run/firewalld.pid").exists() {
        signs.push("firewalld is running".to_owned());
    }
    if fs::read_to_string("/proc/modules").is_ok_and(|modules| nf_tables_in_use(&modules)) {
        signs.push("nf_tables is in use (/proc/modules)".to_owned());
    }
    if fs::read_to_string("/proc/net/ip_tables_names").is_ok_and(|names| !names.trim().is_empty()) {
        signs.push("iptables has tables (/proc/net/ip_tables_names)".to_owned());
    }
    signs
}

fn ufw_is_on(conf: &str) -> bool {
    conf.lines().any(|line| {
        line.trim().split_once('=').is_some_and(|(key, value)| {
            let value = value.trim().trim_matches(['"', '\'']);
            key.trim() == "ENABLED" && value.eq_ignore_ascii_case("yes")
        })
    })
}

/// `nf_tables 303104 45 nft_ct,nft_compat, Live …`: loaded, and somebody's rules need it.
fn nf_tables_in_use(modules: &str) -> bool {
    modules.lines().any(|line| {
        let mut words = line.split(' ');
        words.next() == Some("nf_tables")
            && words
                .nth(1)
                .and_then(|users| users.parse::<u32>().ok())
                .is_some_and(|users| users > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ufw_is_on_only_if_its_file_says_yes() {
        assert!(ufw_is_on("# comment\nENABLED=yes\nLOGLEVEL=low\n"));
        assert!(ufw_is_on("ENABLED=\"yes\"\r\n"));
        assert!(!ufw_is_on("ENABLED=no\n"));
        assert!(!ufw_is_on("#ENABLED=yes\n"));
    }

    #[test]
    fn a_loaded_module_that_nobody_uses_is_no_sign() {
        assert!(nf_tables_in_use("nf_tables 303104 45 nft_ct, Live 0x0\n"));
        assert!(!nf_tables_in_use("nf_tables 303104 0 - Live 0x0\n"));
        assert!(!nf_tables_in_use("nfnetlink 20480 3 nf_tables, Live 0x0\n"));
    }

    #[test]
    fn the_loopback_address_is_found_in_the_kernels_table() {
        let table = "00000000000000000000000000000001 01 80 10 80       lo\n\
                     fe800000000000000042acfffe110002 02 40 20 80     eth0\n";
        assert!(has_loopback(table));
        assert!(!has_loopback(table.split_once('\n').unwrap().1));
    }
}
