//! The page of a notification's button, opened in the browser.

use std::process::{Command, Stdio};

use tokio::sync::oneshot;

use super::super::Surroundings;
use super::bus;

/// Opens an address by the desktop's portal, or else by the program for it.
pub(super) async fn open(
    connection: zbus::Connection,
    surroundings: Surroundings,
    address: String,
    token: Option<String>,
    done: oneshot::Sender<Result<(), String>>,
) {
    let result = match bus::open(connection, address.clone(), token).await {
        Ok(()) => Ok(()),
        Err(_) => open_without_portal(&surroundings, &address),
    };
    // The asker may have given up.
    let _ = done.send(result);
}

/// Opens an address by the program for it.
pub(super) fn open_without_portal(
    surroundings: &Surroundings,
    address: &str,
) -> Result<(), String> {
    let program = surroundings
        .program("xdg-open")
        .ok_or("there is neither a desktop portal nor xdg-open")?;
    let mut child = Command::new(program)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("xdg-open: {error}"))?;
    // It may stay for as long as the browser does, and must not be left a zombie.
    let wait = move || {
        let _ = child.wait();
    };
    std::thread::Builder::new()
        .name("opened".to_owned())
        .spawn(wait)
        .map(|_| ())
        .map_err(|error| error.to_string())
}
