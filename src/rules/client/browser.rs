//! What the rules about browsers share.

use crate::facts::{BrowserPolicy, BrowserProfile, Protocol, Scheme};
use crate::findings::{Evidence, Seen, Verdict};
use crate::rules::Case;

/// The profiles that were read.
pub(super) fn profiles<'a>(case: &Case<'a>) -> &'a [BrowserProfile] {
    let browsers = case.facts.browsers.seen();
    browsers.map_or(&[], |browsers| &browsers.profiles)
}

/// The settings of the administrator that touch the address.
pub(super) fn policies<'a>(case: &Case<'a>) -> &'a [BrowserPolicy] {
    let browsers = case.facts.browsers.seen();
    let policies = browsers.and_then(|browsers| browsers.policies.seen());
    policies.map_or(&[], Vec::as_slice)
}

/// Whether a browser is what opens the target.
pub(super) fn is_for_browsers(case: &Case) -> bool {
    case.target.scheme.is_none_or(Scheme::is_web)
}

/// Whether the server answers in HTTP, whatever its status: a browser that shows nothing
/// of it has reasons of its own.
pub(super) fn answers_http(case: &Case) -> bool {
    let spoken = case.greeting().and_then(|(_, greeting)| greeting.spoken);
    matches!(spoken, Some(Protocol::Http | Protocol::Tls))
        && matches!(case.verdict(), Verdict::Reachable | Verdict::ErrorStatus)
}

/// A fact that a file tells.
pub(super) fn in_file(says: String, file: &str) -> Evidence {
    Evidence::new(
        says,
        Seen::File {
            file: file.to_owned(),
            line: None,
        },
    )
}
