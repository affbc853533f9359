//! Units of the user's systemd; without one, a file that desktops read at login.

use std::path::{Path, PathBuf};

use super::{PROGRAM, Service, filled, remove, run, shown, write};

const SERVICE: &str = include_str!("../../../config/devdoctor.service");
const SOCKET: &str = include_str!("../../../config/devdoctor.socket");
const DESKTOP: &str = include_str!("../../../config/devdoctor.desktop");

/// The names of the units: first what is asked, then what answers.
const UNITS: [&str; 2] = ["devdoctor.socket", "devdoctor.service"];

fn units(service: &Service) -> Result<PathBuf, String> {
    let config = service.folder("XDG_CONFIG_HOME", ".config")?;
    Ok(config.join("systemd/user"))
}

fn autostart(service: &Service) -> Result<PathBuf, String> {
    let config = service.folder("XDG_CONFIG_HOME", ".config")?;
    Ok(config.join("autostart/devdoctor.desktop"))
}

fn systemctl(args: &[&str]) -> Result<String, String> {
    run("systemctl", &[&["--user"], args].concat())
}

/// Whether the user's systemd answers.
fn manager() -> Result<(), String> {
    systemctl(&["show", "--property=Version", "--value"]).map(|_| ())
}

fn is_installed(units: &Path) -> bool {
    UNITS.iter().any(|unit| units.join(unit).exists())
}

pub(super) fn install(service: &Service) -> Result<Vec<String>, String> {
    let program = service.program.to_string_lossy();
    let mut done = Vec::new();
    if let Err(why) = manager() {
        return install_without(service, &program, &why);
    }
    let folder = units(service)?;
    let unit = filled(SERVICE, &[(PROGRAM, &quoted_for_systemd(&program)?)]);
    write(&folder.join(UNITS[1]), unit.as_bytes(), &mut done)?;
    write(&folder.join(UNITS[0]), SOCKET.as_bytes(), &mut done)?;
    remove(&autostart(service)?, &mut done)?;
    let enable = || -> Result<(), String> {
        systemctl(&["daemon-reload"])?;
        systemctl(&["enable", UNITS[0], UNITS[1]])?;
        // One of an older program would go on otherwise.
        systemctl(&["stop", UNITS[0], UNITS[1]])?;
        systemctl(&["start", UNITS[0], UNITS[1]]).map(|_| ())
    };
    enable().map_err(|why| {
        format!(
            "{why}\nthe units are in {}; see: journalctl --user -u devdoctor; \
             to take them away: devdoctor daemon uninstall",
            shown(&folder)
        )
    })?;
    done.push("enabled devdoctor.socket and devdoctor.service, and started them".to_owned());
    Ok(done)
}

/// Where no systemd answers: a desktop can start the daemon as well, if there is one.
fn install_without(service: &Service, program: &str, why: &str) -> Result<Vec<String>, String> {
    let desktop = (service.variable)("XDG_CURRENT_DESKTOP").filter(|name| !name.is_empty());
    if desktop.is_none() {
        return Err(format!(
            "no systemd of this user answers ({why}), and this is no desktop session either\n\
             to start the daemon now: devdoctor daemon start"
        ));
    }
    let mut done = vec![format!("no systemd of this user answers ({why})")];
    let file = filled(DESKTOP, &[(PROGRAM, &quoted_for_desktop(program)?)]);
    write(&autostart(service)?, file.as_bytes(), &mut done)?;
    done.push(
        "the desktop starts the daemon at the next login; to start it now: devdoctor daemon start"
            .to_owned(),
    );
    Ok(done)
}

pub(super) fn uninstall(service: &Service) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    let folder = units(service)?;
    let installed = is_installed(&folder);
    let answers = manager().is_ok();
    if installed && answers {
        systemctl(&["disable", "--now", UNITS[0], UNITS[1]])?;
        done.push("ended and disabled devdoctor.socket and devdoctor.service".to_owned());
    }
    for unit in UNITS {
        remove(&folder.join(unit), &mut done)?;
    }
    // What was enabled, where nobody is there to disable it.
    for (wants, unit) in [("sockets", UNITS[0]), ("default", UNITS[1])] {
        let wants = folder.join(format!("{wants}.target.wants"));
        remove(&wants.join(unit), &mut done)?;
        // A folder goes only if it is empty, here and below.
        let _ = std::fs::remove_dir(wants);
    }
    let autostart = autostart(service)?;
    remove(&autostart, &mut done)?;
    let above = [folder.parent(), autostart.parent()];
    for folder in [Some(&*folder)].into_iter().chain(above).flatten() {
        let _ = std::fs::remove_dir(folder);
    }
    if installed && answers {
        systemctl(&["daemon-reload"])?;
        // Only one that had failed is remembered.
        let _ = systemctl(&["reset-failed", UNITS[0], UNITS[1]]);
    }
    Ok(done)
}

pub(super) fn start(service: &Service) -> Result<bool, String> {
    if !is_installed(&units(service)?) || manager().is_err() {
        return Ok(false);
    }
    systemctl(&["start", UNITS[0], UNITS[1]])?;
    Ok(true)
}

pub(super) fn stop(service: &Service) -> Result<bool, String> {
    if !is_installed(&units(service)?) || manager().is_err() {
        return Ok(false);
    }
    systemctl(&["stop", UNITS[0], UNITS[1]])?;
    Ok(true)
}

/// A path as the program of `ExecStart=`: `%` and `$` mean something there, even in quotes.
///
/// systemd starts no program that has a quote, a backslash or a dollar in its path, but
/// hands such a word on.
fn quoted_for_systemd(path: &str) -> Result<String, String> {
    no_control(path)?;
    let odd = path.contains(['\'', '"', '\\', '$']);
    if odd && path.contains('=') {
        // `env` would take it for a variable.
        return Err(unnamed(path));
    }
    let starter = if odd { "/usr/bin/env " } else { "" };
    let path = path.replace('\\', "\\\\").replace('"', "\\\"");
    Ok(format!(
        "{starter}\"{}\"",
        path.replace('%', "%%").replace('$', "$$")
    ))
}

/// A path as a word of `Exec=` in a desktop file: quoted, and that escaped once more.
fn quoted_for_desktop(path: &str) -> Result<String, String> {
    no_control(path)?;
    if path.contains('%') {
        // It could be written twice, but GLib looks for the program before it reads that.
        return Err(format!(
            "{} has a percent sign, and not every desktop starts such a program at login",
            shown(Path::new(path))
        ));
    }
    let mut word = String::from("\"");
    for c in path.chars() {
        match c {
            '"' | '`' | '$' => word.extend(['\\', '\\', c]),
            '\\' => word.push_str("\\\\\\\\"),
            c => word.push(c),
        }
    }
    word.push('"');
    Ok(word)
}

fn no_control(path: &str) -> Result<(), String> {
    if path.chars().any(char::is_control) {
        return Err(unnamed(path));
    }
    Ok(())
}

fn unnamed(path: &str) -> String {
    let path = shown(Path::new(path));
    format!("{path} cannot be named in a service's file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_one_word() {
        let systemd = |path| quoted_for_systemd(path).unwrap();
        assert_eq!(systemd("/opt/my apps/dd"), "\"/opt/my apps/dd\"");
        assert_eq!(systemd("/opt/a=b/%h"), "\"/opt/a=b/%%h\"");
        let by_env = "/usr/bin/env \"/a%%h/$$HOME\\\"\\\\\"";
        assert_eq!(systemd("/a%h/$HOME\"\\"), by_env);
        assert!(quoted_for_systemd("/it's a=b").is_err());
        assert!(quoted_for_systemd("/a\nExecStart=/b").is_err());
        let desktop = |path| quoted_for_desktop(path).unwrap();
        assert_eq!(desktop("/opt/my apps/f"), "\"/opt/my apps/f\"");
        assert!(quoted_for_desktop("/opt/my apps/%f").is_err());
        assert_eq!(desktop("/$x"), "\"/\\\\$x\"");
        assert!(quoted_for_desktop("/a\nHidden=true").is_err());
    }
}
