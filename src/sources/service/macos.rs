//! An agent of launchd.

use std::path::PathBuf;

use super::{PROGRAM, Service, filled, remove, run, write, xml};

const AGENT: &str = include_str!("../../../config/dev.devdoctor.daemon.plist");
const LABEL: &str = "dev.devdoctor.daemon";
/// The log's path in the file as it is kept.
const LOG: &str = "/var/log/devdoctor.log";

fn file(service: &Service) -> Result<PathBuf, String> {
    // No variable of launchd names another folder.
    let folder = service.folder("", "Library/LaunchAgents")?;
    Ok(folder.join(format!("{LABEL}.plist")))
}

/// Where launchd keeps what belongs to a user's session.
fn domain() -> String {
    format!("gui/{}", rustix::process::getuid().as_raw())
}

fn is_loaded() -> bool {
    run("launchctl", &["print", &format!("{}/{LABEL}", domain())]).is_ok()
}

fn unload() -> Result<(), String> {
    if !is_loaded() {
        return Ok(());
    }
    run("launchctl", &["bootout", &format!("{}/{LABEL}", domain())]).map(|_| ())
}

pub(super) fn install(service: &Service) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    let program = xml(&service.program.to_string_lossy());
    let log = xml(&service.log.to_string_lossy());
    let text = filled(AGENT, &[(PROGRAM, &program), (LOG, &log)]);
    let file = file(service)?;
    if let Some(folder) = service.log.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{} cannot be made: {error}", super::shown(folder)))?;
    }
    write(&file, text.as_bytes(), &mut done)?;
    unload()?;
    run(
        "launchctl",
        &["bootstrap", &domain(), &file.to_string_lossy()],
    )?;
    done.push(format!("loaded {LABEL}: it runs now and at every login"));
    Ok(done)
}

pub(super) fn uninstall(service: &Service) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    if is_loaded() {
        unload()?;
        done.push(format!("ended and unloaded {LABEL}"));
    }
    remove(&file(service)?, &mut done)?;
    Ok(done)
}

pub(super) fn start(service: &Service) -> Result<bool, String> {
    let file = file(service)?;
    if !file.exists() {
        return Ok(false);
    }
    if !is_loaded() {
        run(
            "launchctl",
            &["bootstrap", &domain(), &file.to_string_lossy()],
        )?;
    }
    run(
        "launchctl",
        &["kickstart", &format!("{}/{LABEL}", domain())],
    )?;
    Ok(true)
}

pub(super) fn stop(service: &Service) -> Result<bool, String> {
    if !file(service)?.exists() || !is_loaded() {
        return Ok(false);
    }
    unload()?;
    Ok(true)
}
