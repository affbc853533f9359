//! The notifications of macOS and Windows; of other systems none is known.
//!
//! Neither is asked for buttons: on macOS they need an application's main loop. Nor can what
//! was shown be replaced or taken away. So each is shown once, with its address in the text.

use super::{Ends, Heard, Surroundings, Wish};

/// Shows what is wanted until nobody wants anything any more.
pub(super) async fn serve(_: Surroundings, mut ends: Ends) {
    match native::HOW {
        Some(how) => {
            ends.works(how.to_owned());
            ends.tell(Heard::Ready).await;
        }
        None => ends.fails("this system has no notifications that devdoctor knows"),
    }
    let mut shown = std::collections::BTreeSet::new();
    while let Some(wish) = ends.wanted.recv().await {
        match wish {
            Wish::Show(slot, notification) => {
                // It would stand beside the old one.
                if !notification.passing && !shown.insert(slot) {
                    continue;
                }
                let show = tokio::task::spawn_blocking(move || native::show(&notification));
                let result = match show.await {
                    Ok(result) => result,
                    Err(error) => Err(error.to_string()),
                };
                if let Err(why) = result {
                    shown.remove(&slot);
                    ends.fails(&why);
                    ends.tell(Heard::Unshown(slot)).await;
                }
            }
            Wish::Withdraw(slot) => {
                shown.remove(&slot);
            }
            Wish::Open { done, .. } => {
                // Without buttons nobody asks for it; and who did may have given up.
                let _ = done.send(Err("open it yourself".to_owned()));
            }
        }
    }
}

#[cfg(any(target_os = "macos", windows))]
mod native {
    use super::super::Notification;
    use crate::facts::clean;

    pub(super) const HOW: Option<&str> = Some("shown by the system, without buttons");

    pub(super) fn show(notification: &Notification) -> Result<(), String> {
        let mut body = notification.body.clone();
        if let Some(link) = &notification.link {
            body.push('\n');
            body.push_str(link);
        }
        let shown = notify_rust::Notification::new()
            .appname("devdoctor")
            .summary(&notification.title)
            .body(&body)
            .show();
        shown.map(|_| ()).map_err(|error| clean(&error.to_string()))
    }
}

#[cfg(not(any(target_os = "macos", windows)))]
mod native {
    use super::super::Notification;

    pub(super) const HOW: Option<&str> = None;

    pub(super) fn show(_: &Notification) -> Result<(), String> {
        Err("this system has no notifications that devdoctor knows".to_owned())
    }
}
