//! A task of the Windows task scheduler, at logon.

use super::{PROGRAM, Service, filled, run, write, xml};

const TASK: &str = include_str!("../../../config/devdoctor-task.xml");
const NAME: &str = "devdoctor";
/// The user's name in the file as it is kept.
const USER: &str = r"DOMAIN\user";

fn is_installed() -> bool {
    run("schtasks", &["/Query", "/TN", NAME]).is_ok()
}

pub(super) fn install(service: &Service) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    let program = xml(&service.program.to_string_lossy());
    let user = xml(&run("whoami", &[] as &[&str])?);
    let text = filled(TASK, &[(PROGRAM, &program), (USER, &user)]);
    // The task scheduler reads UTF-16 only, with its mark before it.
    let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let file = std::env::temp_dir().join(format!("devdoctor-task-{}.xml", std::process::id()));
    write(&file, &bytes, &mut Vec::new())?;
    let path = file.to_string_lossy();
    let created = run("schtasks", &["/Create", "/TN", NAME, "/XML", &path, "/F"]);
    let _ = std::fs::remove_file(&file);
    created?;
    done.push(format!("made the task \\{NAME}: it runs at every logon"));
    run("schtasks", &["/Run", "/TN", NAME])?;
    done.push(format!("started the task \\{NAME}"));
    Ok(done)
}

pub(super) fn uninstall(_: &Service) -> Result<Vec<String>, String> {
    if !is_installed() {
        return Ok(Vec::new());
    }
    // One that does not run cannot be ended.
    let _ = run("schtasks", &["/End", "/TN", NAME]);
    run("schtasks", &["/Delete", "/TN", NAME, "/F"])?;
    Ok(vec![format!("removed the task \\{NAME}")])
}

pub(super) fn start(_: &Service) -> Result<bool, String> {
    if !is_installed() {
        return Ok(false);
    }
    run("schtasks", &["/Run", "/TN", NAME])?;
    Ok(true)
}

/// The task starts the daemon and is over then: the daemon itself is to be told to end.
pub(super) fn stop(_: &Service) -> Result<bool, String> {
    Ok(false)
}
