//! Where browsers keep their profiles.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::shown;

/// A browser's folder of profiles.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) browser: &'static str,
    pub(super) folder: PathBuf,
    /// Where the caches of its profiles are, if not in the profiles.
    pub(super) cache: PathBuf,
}

/// The folders under which browsers keep what is theirs.
#[derive(Debug)]
pub(super) struct Places {
    pairs: Vec<(&'static str, PathBuf, PathBuf, bool)>,
}

/// Chromium and its family: the browser, and its folder on Linux, macOS and Windows.
const CHROMIUM: &[(&str, &str, &str, &str)] = &[
    (
        "Google Chrome",
        "google-chrome",
        "Google/Chrome",
        "Google/Chrome",
    ),
    (
        "Google Chrome Beta",
        "google-chrome-beta",
        "Google/Chrome Beta",
        "Google/Chrome Beta",
    ),
    (
        "Google Chrome Dev",
        "google-chrome-unstable",
        "Google/Chrome Dev",
        "Google/Chrome Dev",
    ),
    ("Chromium", "chromium", "Chromium", "Chromium"),
    (
        "Brave",
        "BraveSoftware/Brave-Browser",
        "BraveSoftware/Brave-Browser",
        "BraveSoftware/Brave-Browser",
    ),
    (
        "Microsoft Edge",
        "microsoft-edge",
        "Microsoft Edge",
        "Microsoft/Edge",
    ),
    ("Vivaldi", "vivaldi", "Vivaldi", "Vivaldi"),
];

/// On Linux, browsers that are packed with a home of their own: the folder of their
/// settings and that of their caches, below the user's.
const PACKED: &[(&str, &str, &str)] = &[
    (
        "Chromium",
        "snap/chromium/common/chromium",
        "snap/chromium/common/.cache/chromium",
    ),
    (
        "Brave",
        "snap/brave/current/.config/BraveSoftware/Brave-Browser",
        "snap/brave/common/.cache/BraveSoftware/Brave-Browser",
    ),
    (
        "Google Chrome",
        ".var/app/com.google.Chrome/config/google-chrome",
        ".var/app/com.google.Chrome/cache/google-chrome",
    ),
    (
        "Chromium",
        ".var/app/org.chromium.Chromium/config/chromium",
        ".var/app/org.chromium.Chromium/cache/chromium",
    ),
    (
        "Brave",
        ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
        ".var/app/com.brave.Browser/cache/BraveSoftware/Brave-Browser",
    ),
    (
        "Microsoft Edge",
        ".var/app/com.microsoft.Edge/config/microsoft-edge",
        ".var/app/com.microsoft.Edge/cache/microsoft-edge",
    ),
];

/// On Linux, where Firefox and its kin keep their profiles, and the caches of these, below
/// the user's home.
const FIREFOX: &[(&str, &str, &str)] = &[
    ("Firefox", ".mozilla/firefox", ".cache/mozilla/firefox"),
    (
        "Firefox",
        "snap/firefox/common/.mozilla/firefox",
        "snap/firefox/common/.cache/mozilla/firefox",
    ),
    (
        "Firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
        ".var/app/org.mozilla.firefox/cache/mozilla/firefox",
    ),
    (
        "Firefox",
        ".var/app/org.mozilla.firefox/config/mozilla/firefox",
        ".var/app/org.mozilla.firefox/cache/mozilla/firefox",
    ),
    ("LibreWolf", ".librewolf", ".cache/librewolf"),
];

impl Places {
    /// By the variables of the environment; nothing without a home.
    pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let path = |name: &str| {
            variable(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let mut pairs = Vec::new();
        if cfg!(windows) {
            let (local, roaming) = (path("LOCALAPPDATA")?, path("APPDATA")?);
            for (browser, _, _, below) in CHROMIUM {
                let folder = local.join(below).join("User Data");
                pairs.push((*browser, folder.clone(), folder, false));
            }
            let below = "Mozilla/Firefox/Profiles";
            pairs.push(("Firefox", roaming.join(below), local.join(below), true));
        } else if cfg!(target_os = "macos") {
            let library = path("HOME")?.join("Library");
            let (support, caches) = (library.join("Application Support"), library.join("Caches"));
            for (browser, _, below, _) in CHROMIUM {
                pairs.push((*browser, support.join(below), caches.join(below), false));
            }
            let below = "Firefox/Profiles";
            pairs.push(("Firefox", support.join(below), caches.join(below), true));
        } else {
            let home = path("HOME")?;
            let config = path("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
            let cache = path("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache"));
            for (browser, below, _, _) in CHROMIUM {
                pairs.push((*browser, config.join(below), cache.join(below), false));
            }
            for (browser, settings, caches) in PACKED {
                pairs.push((*browser, home.join(settings), home.join(caches), false));
            }
            for (browser, settings, caches) in FIREFOX {
                let caches = match caches.strip_prefix(".cache/") {
                    Some(below) => cache.join(below),
                    None => home.join(caches),
                };
                pairs.push((*browser, home.join(settings), caches, true));
            }
            // Where newer ones begin.
            let below = "mozilla/firefox";
            pairs.push(("Firefox", config.join(below), cache.join(below), true));
        }
        Some(Places { pairs })
    }

    fn that_are(&self, gecko: bool) -> Vec<Place> {
        let list = self.pairs.iter().filter(|(.., is)| *is == gecko);
        list.map(|(browser, folder, cache, _)| Place {
            browser,
            folder: folder.clone(),
            cache: cache.clone(),
        })
        .collect()
    }

    /// Those of Chromium's family.
    pub(super) fn chromium(&self) -> Vec<Place> {
        self.that_are(false)
    }

    /// Those of Firefox's.
    pub(super) fn firefox(&self) -> Vec<Place> {
        self.that_are(true)
    }

    /// The folders, as they are told where nothing was found in them: the first ones.
    pub(super) fn searched(&self) -> Vec<String> {
        let folders = self.pairs.iter().map(|(_, folder, ..)| shown(folder));
        folders.collect()
    }
}

impl Place {
    /// Where a profile's caches may be.
    pub(super) fn caches(&self, profile: &Path, below: &str) -> [PathBuf; 2] {
        let name = profile.file_name().unwrap_or_default();
        [self.cache.join(name), profile.to_owned()].map(|folder| folder.join(below))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn without_a_home_there_is_no_place() {
        assert!(Places::of(|_| None).is_none());
        assert!(Places::of(|_| Some("not/absolute".into())).is_none());
    }

    #[test]
    fn a_folder_of_settings_that_was_moved_is_followed() {
        let places = Places::of(|name| match name {
            "HOME" => Some("/home/me".into()),
            "XDG_CONFIG_HOME" => Some("/data/config".into()),
            _ => None,
        })
        .unwrap();
        let chromium = places.chromium();
        let place = chromium
            .iter()
            .find(|place| place.browser == "Chromium")
            .unwrap();
        assert_eq!(place.folder, Path::new("/data/config/chromium"));
        let caches = place.caches(&place.folder.join("Default"), "Cache/Cache_Data");
        assert_eq!(
            caches[0],
            Path::new("/home/me/.cache/chromium/Default/Cache/Cache_Data")
        );
        assert_eq!(
            caches[1],
            Path::new("/data/config/chromium/Default/Cache/Cache_Data")
        );
        let firefox = places.firefox();
        assert_eq!(firefox[0].folder, Path::new("/home/me/.mozilla/firefox"));
        assert_eq!(
            firefox[0].cache,
            Path::new("/home/me/.cache/mozilla/firefox")
        );
        let newer = Path::new("/data/config/mozilla/firefox");
        assert!(firefox.iter().any(|place| place.folder == newer));
    }
}
