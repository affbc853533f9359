use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::*;

fn env(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
    let pairs: HashMap<String, OsString> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
        .collect();
    move |name| pairs.get(name).cloned()
}

/// A folder of this user that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("place-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_runtime_folder_of_this_user_holds_the_socket() {
        let runtime = Folder::new("runtime");
        let place = Place::of(env(&[
            ("XDG_RUNTIME_DIR", runtime.text()),
            ("XDG_STATE_HOME", "/some/state"),
        ]))
        .unwrap();
        let folder = runtime.0.join("devdoctor");
        assert_eq!(place.socket, folder.join("daemon.sock"));
        assert_eq!(place.lock, folder.join("daemon.lock"));
        assert_eq!(place.private, Some(folder));
        assert_eq!(place.state, Path::new("/some/state/devdoctor"));
        assert_eq!(place.log, Path::new("/some/state/devdoctor/daemon.log"));
    }

    #[test]
    fn a_runtime_folder_that_is_not_there_or_not_ours_is_left_alone() {
        let uid = rustix::process::geteuid().as_raw();
        // `/` and a relative path can both stand in a broken environment.
        for runtime in ["/not/there", "relative", ""] {
            let place = Place::of(env(&[("XDG_RUNTIME_DIR", runtime), ("TMPDIR", "/other")]));
            let folder = place.unwrap().private.unwrap();
            let of_system = PathBuf::from(format!("/run/user/{uid}/devdoctor"));
            let of_tmp = PathBuf::from(format!("/other/devdoctor-{uid}"));
            assert!(folder == of_system || folder == of_tmp, "{folder:?}");
        }
    }

    #[test]
    fn the_state_is_below_home_where_nothing_else_is_said() {
        let place = Place::of(env(&[("HOME", "/home/a")])).unwrap();
        let wanted = if cfg!(target_os = "macos") {
            "/home/a/Library/Application Support/devdoctor"
        } else {
            "/home/a/.local/state/devdoctor"
        };
        assert_eq!(place.state, Path::new(wanted));
    }

    #[test]
    fn the_variable_moves_the_socket_and_the_lock() {
        let place = Place::of(env(&[
            (SOCKET_VARIABLE, "/srv/d.sock"),
            ("XDG_STATE_HOME", "/s"),
        ]))
        .unwrap();
        assert_eq!(place.socket, Path::new("/srv/d.sock"));
        assert_eq!(place.lock, Path::new("/srv/d.sock.lock"));
        assert_eq!(place.state, Path::new("/s/devdoctor"));
        assert_eq!(place.private, None);
        for bad in ["relative.sock", "/", "/.."] {
            let error = Place::of(env(&[(SOCKET_VARIABLE, bad)])).unwrap_err();
            assert!(matches!(error, BadPlace::Variable { .. }), "{bad}: {error}");
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_said_with_its_limit() {
        let long = |bytes: usize| format!("/{}", "x".repeat(bytes - 1));
        let most = if cfg!(target_os = "linux") { 107 } else { 103 };
        assert!(Place::of(env(&[(SOCKET_VARIABLE, &long(most))])).is_ok());
        let error = Place::of(env(&[(SOCKET_VARIABLE, &long(most + 1))])).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("may have {most} bytes"))
        );
    }

    #[test]
    fn the_folder_is_made_for_us_alone_and_taken_only_so() {
        let runtime = Folder::new("private");
        let place = Place::of(env(&[("XDG_RUNTIME_DIR", runtime.text())])).unwrap();
        let folder = place.private.clone().unwrap();
        place.check().unwrap();
        place.prepare().unwrap();
        let made = std::fs::metadata(&folder).unwrap().permissions().mode();
        assert_eq!(made & 0o7777, 0o700);
        // A second start finds it.
        place.prepare().unwrap();
        for open in [0o701, 0o710, 0o770, 0o755, 0o777] {
            mode(&folder, open);
            let said = place.prepare().unwrap_err().to_string();
            assert!(said.contains("chmod 700"), "{open:o}: {said}");
            assert!(place.check().is_err());
        }
        mode(&folder, 0o700);
        place.prepare().unwrap();
    }

    #[test]
    fn a_link_or_a_file_in_its_place_is_refused() {
        let runtime = Folder::new("link");
        let place = Place::of(env(&[("XDG_RUNTIME_DIR", runtime.text())])).unwrap();
        let folder = place.private.clone().unwrap();
        let real = runtime.0.join("real");
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&real)
            .unwrap();
        symlink(&real, &folder).unwrap();
        let said = place.prepare().unwrap_err().to_string();
        assert!(said.contains("symbolic link"), "{said}");
        std::fs::remove_file(&folder).unwrap();
        std::fs::write(&folder, "").unwrap();
        let said = place.prepare().unwrap_err().to_string();
        assert!(said.contains("is no folder"), "{said}");
    }

    #[test]
    fn another_users_folder_or_socket_is_refused() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can give a folder away");
            return;
        }
        let runtime = Folder::new("foreign");
        let place = Place::of(env(&[("XDG_RUNTIME_DIR", runtime.text())])).unwrap();
        let folder = place.private.clone().unwrap();
        place.prepare().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(&place.socket).unwrap();
        place.check().unwrap();
        std::os::unix::fs::lchown(&place.socket, Some(65534), None).unwrap();
        let said = place.check().unwrap_err().to_string();
        assert!(said.contains("another's daemon"), "{said}");
        std::os::unix::fs::chown(&folder, Some(65534), None).unwrap();
        let said = place.check().unwrap_err().to_string();
        assert!(said.contains("65534"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_network_has_its_number() {
    let shown = std::fs::read_link("/proc/self/ns/net").unwrap();
    let number = netns().unwrap();
    assert_eq!(shown, PathBuf::from(format!("net:[{number}]")));
}
