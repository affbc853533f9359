//! Where the configuration of a reverse proxy that runs is kept.

use std::path::Path;

use crate::facts::Process;

/// A file by which nginx or Caddy is started, and the folder with everything it includes.
const DEFAULTS: &[(&str, &str)] = &[("nginx", "/etc/nginx"), ("caddy", "/etc/caddy")];

/// The folder with the configuration of the reverse proxy of this kind that these
/// processes are: named by a command line, or the one that packages use.
#[must_use]
pub fn config_of(kind: &str, processes: &[&Process]) -> Option<String> {
    let (_, default) = DEFAULTS.iter().find(|(key, _)| *key == kind)?;
    let named = processes.iter().find_map(|process| {
        let argv = process.argv.seen()?;
        // nginx writes its whole command line into one word.
        let words: Vec<&str> = argv.iter().flat_map(|word| word.split(' ')).collect();
        let after = |flags: &[&str]| {
            let at = words.iter().position(|word| flags.contains(word))?;
            words.get(at + 1).copied()
        };
        let file = after(&["-c", "--config"])?;
        // A path that is not whole is seen from the prefix, or from where it stands.
        let prefix = after(&["-p"]).or(process.cwd.seen().map(String::as_str));
        let file = match Path::new(file).is_absolute() {
            true => Path::new(file).to_path_buf(),
            false => Path::new(prefix?).join(file),
        };
        Some(file.parent()?.to_string_lossy().into_owned())
    });
    let folder = named.unwrap_or_else(|| (*default).to_owned());
    // The root of everything is nobody's configuration.
    (Path::new(&folder).is_absolute() && folder != "/").then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Known;

    fn process(argv: &[&str]) -> Process {
        let mut process: Process =
            serde_json::from_str(r#"{"id":{"pid":9},"cwd":"/srv/shop"}"#).unwrap();
        process.argv = Known::Seen(argv.iter().map(|&word| word.to_owned()).collect());
        process
    }

    #[test]
    fn the_folder_is_that_of_the_file_it_was_started_with() {
        let of = |kind: &str, argv: &[&str]| config_of(kind, &[&process(argv)]);
        let some = |folder: &str| Some(folder.to_owned());
        let master = "nginx: master process nginx -p . -c /run/x/nginx.conf";
        assert_eq!(of("nginx", &[master]), some("/run/x"));
        let prefixed = "nginx: master process nginx -p /opt/ngx -c conf/nginx.conf";
        assert_eq!(of("nginx", &[prefixed]), some("/opt/ngx/conf"));
        assert_eq!(of("nginx", &["nginx: worker process"]), some("/etc/nginx"));
        let caddy = ["caddy", "run", "--config", "Caddyfile"];
        assert_eq!(of("caddy", &caddy), some("/srv/shop"));
        assert_eq!(of("vite", &["vite"]), None);
        assert_eq!(of("nginx", &["nginx", "-c", "/nginx.conf"]), None);
        assert_eq!(of("nginx", &["nginx", "-c"]), some("/etc/nginx"));
    }
}
