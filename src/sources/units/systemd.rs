//! What systemd says of its units, and what their files say: text in, facts out.

use crate::facts::{Manager, Unit, UnitState, clean};

/// The properties that [`units`] reads, as `systemctl show` takes them.
pub(super) const PROPERTIES: &str =
    "--property=Id,LoadState,ActiveState,SubState,Result,ExecMainStatus,UnitFileState,Triggers";

/// The units of an answer of `systemctl show`, without those that are not there.
///
/// A block a unit, a line a property, an empty line between two units.
pub(super) fn units(answer: &str, manager: Manager) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for block in answer.split("\n\n") {
        if let Some(unit) = unit(block, manager)
            && units.iter().all(|known| known.name != unit.name)
        {
            units.push(unit);
        }
    }
    units
}

fn unit(block: &str, manager: Manager) -> Option<Unit> {
    let value = |name: &str| {
        let mut lines = block.lines().filter_map(|line| line.split_once('='));
        lines.find_map(|(key, value)| (key.trim() == name).then_some(value.trim()))
    };
    let load = value("LoadState")?;
    if load == "not-found" {
        return None;
    }
    let failure = |result: &&str| !result.is_empty() && *result != "success";
    let state = match value("ActiveState")? {
        "active" | "reloading" | "refreshing" => UnitState::Active,
        "activating" => UnitState::Starting,
        "failed" => UnitState::Failed,
        _ => UnitState::Inactive,
    };
    let file = value("UnitFileState").unwrap_or_default();
    let status = value("ExecMainStatus").and_then(|status| status.parse().ok());
    let result = value("Result").filter(failure);
    Some(Unit {
        name: clean(value("Id")?),
        manager,
        state,
        exit_status: status.filter(|status| *status != 0 && result.is_some()),
        result: result.map(clean),
        enabled: match file {
            "enabled" | "enabled-runtime" | "alias" => Some(true),
            "disabled" => Some(false),
            _ => None,
        },
        masked: load == "masked" || file.starts_with("masked"),
        starts: value("Triggers")
            .and_then(|list| list.split_whitespace().next())
            .map(clean),
        named_in: None,
    })
}

/// Whether a unit's file names this port as the one on which it will listen: a socket's
/// `ListenStream`, or the variable `PORT` of a service.
pub(super) fn names_port(file: &str, port: u16) -> bool {
    let mut section = "";
    file.lines().any(|line| {
        let line = line.trim();
        if line.starts_with('[') {
            section = line;
            return false;
        }
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        match (section, key.trim()) {
            ("[Socket]", "ListenStream") => is_port(value.trim(), port),
            ("[Service]", "Environment") => value
                .split_whitespace()
                .filter_map(|word| word.trim_matches(['"', '\'']).strip_prefix("PORT="))
                .any(|value| value.parse() == Ok(port)),
            _ => false,
        }
    })
}

/// `3000`, `127.0.0.1:3000`, `[::1]:3000`
fn is_port(place: &str, port: u16) -> bool {
    if place.starts_with(['/', '@']) {
        return false;
    }
    let last = place.rsplit(':').next().unwrap_or(place);
    last.parse() == Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from systemd 252, with the second unit's name changed.
    const ANSWER: &str = "Triggers=\nResult=exit-code\nExecMainStatus=1\nId=postgresql@15-main.service\n\
        LoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=enabled-runtime\n\n\
        Triggers=\nResult=success\nExecMainStatus=0\nId=none.service\nLoadState=not-found\n\
        ActiveState=inactive\nSubState=dead\nUnitFileState=\n\n\
        Triggers=web.service\nResult=trigger-limit-hit\nId=web.socket\nLoadState=loaded\n\
        ActiveState=failed\nSubState=failed\nUnitFileState=static\n";

    #[test]
    fn units_are_read_and_those_that_are_not_there_left_out() {
        let units = units(ANSWER, Manager::Systemd);
        let [postgres, web] = units.as_slice() else {
            panic!("{units:?}");
        };
        assert_eq!(postgres.name, "postgresql@15-main.service");
        assert_eq!(postgres.state, UnitState::Failed);
        assert_eq!(postgres.result.as_deref(), Some("exit-code"));
        assert_eq!(postgres.exit_status, Some(1));
        assert_eq!(postgres.enabled, Some(true));
        assert_eq!(web.starts.as_deref(), Some("web.service"));
        assert_eq!(web.result.as_deref(), Some("trigger-limit-hit"));
        assert_eq!((web.enabled, web.exit_status), (None, None));
    }

    #[test]
    fn a_masked_unit_is_told_from_one_that_is_off() {
        let text = |file: &str, load: &str| {
            format!("Id=a.service\nLoadState={load}\nActiveState=inactive\nUnitFileState={file}\n")
        };
        let one = |text: &str| units(text, Manager::SystemdUser).swap_remove(0);
        assert!(one(&text("masked", "masked")).masked);
        let off = one(&text("disabled", "loaded"));
        assert_eq!((off.masked, off.enabled), (false, Some(false)));
        assert_eq!(off.state, UnitState::Inactive);
        assert_eq!(units("", Manager::Systemd), []);
        assert_eq!(units("Id=a\n\n=\n\nLoadState=loaded", Manager::Systemd), []);
    }

    #[test]
    fn a_file_names_its_port() {
        let socket = "[Unit]\nListenStream=1\n[Socket]\n ListenStream = 127.0.0.1:3000\n";
        assert!(names_port(socket, 3000) && !names_port(socket, 1));
        assert!(names_port("[Socket]\nListenStream=[::1]:80\n", 80));
        assert!(names_port("[Socket]\nListenStream=9090\n", 9090));
        assert!(!names_port("[Socket]\nListenStream=/run/a:9090\n", 9090));
        assert!(!names_port("[Socket]\nListenDatagram=53\n", 53));
        let service = "[Service]\nEnvironment=\"PORT=3000\" HOST=::\nExecStart=/bin/a -p 80\n";
        assert!(names_port(service, 3000) && !names_port(service, 80));
    }
}
