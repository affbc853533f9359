//! Services on every other system: none that devdoctor knows.

use super::Service;

const NONE: &str = "devdoctor knows no service manager of this system\n\
                    to start the daemon now: devdoctor daemon start";

pub(super) fn install(_: &Service) -> Result<Vec<String>, String> {
    Err(NONE.to_owned())
}

pub(super) fn uninstall(_: &Service) -> Result<Vec<String>, String> {
    Ok(Vec::new())
}

pub(super) fn start(_: &Service) -> Result<bool, String> {
    Ok(false)
}

pub(super) fn stop(_: &Service) -> Result<bool, String> {
    Ok(false)
}
