//! What the environment of a process says of ports. Nothing else of it is kept.

use std::collections::BTreeMap;

use super::os;

/// The variables that may set ports (`PORT`, `FLASK_RUN_PORT`), with the ports that they set; empty where the
/// environment cannot be seen.
pub(super) fn ports(pid: u32) -> BTreeMap<String, u16> {
    os::environment(pid).map_or_else(|_| BTreeMap::new(), |whole| of(&whole))
}

fn of(environment: &[u8]) -> BTreeMap<String, u16> {
    let variables = environment.split(|&byte| byte == 0);
    variables
        .filter_map(|variable| {
            let (name, value) = std::str::from_utf8(variable).ok()?.split_once('=')?;
            let port = value.trim().parse().ok().filter(|port| *port != 0)?;
            (name == "PORT" || name.ends_with("_PORT")).then(|| (name.to_owned(), port))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ports_leave_an_environment() {
        let environment = b"PORT=4000\0TOKEN=12345\0FLASK_RUN_PORT=secret\0SHELL=/bin/sh\0";
        let found = of(environment);
        assert_eq!(found.len(), 1);
        assert_eq!(found.get("PORT"), Some(&4000));
        assert_eq!(of(b"PORT=0\0PORT\0=\0\xff=1"), BTreeMap::new());
    }
}
