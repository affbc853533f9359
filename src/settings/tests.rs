use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use super::*;

fn none(_: &str) -> Option<OsString> {
    None
}

fn env(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
    let map: HashMap<String, OsString> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    move |name: &str| map.get(name).cloned()
}

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("devdoctor-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path.canonicalize().unwrap())
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn parse(text: &str) -> Result<Settings, String> {
    let mut settings = Settings::default();
    file::apply(Path::new("x.toml"), text, &mut settings)
        .map(|()| settings)
        .map_err(|error| error.to_string())
}

#[test]
fn the_described_defaults_are_the_defaults() {
    // Laid over settings that all differ, so that a missing key shows.
    let second = Duration::from_secs(77);
    let mut settings = Settings {
        allow: Vec::new(),
        colour: Colour::Never,
        docker: Docker { enabled: false },
        notify: Notify::Off,
        outside: Outside { well_known: false },
        projects: Projects::default(),
        timeouts: Timeouts {
            connect_local: second,
            connect_remote: second,
            silence: second,
            first_response: second,
            names: second,
            engines: second,
            firewall: second,
            projects: second,
            whole: second,
        },
    };
    file::apply(Path::new("config/devdoctor.toml"), DEFAULTS, &mut settings).unwrap();
    assert_eq!(settings, Settings::default());
}

#[test]
fn every_key_is_described() {
    let mut table = String::new();
    let mut described = Vec::new();
    let mut comment_above = false;
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            table = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            assert!(comment_above, "{table}{key} has no comment");
            described.push(format!("{table}{key}"));
        }
        comment_above = line.starts_with('#');
    }
    let mut known: Vec<_> = keys::paths().map(str::to_owned).collect();
    described.sort();
    known.sort();
    assert_eq!(described, known);
}

#[test]
fn nothing_there_is_the_default() {
    let folder = Folder::new("nothing");
    fs::create_dir(folder.0.join(".git")).unwrap();
    let home = env(&[("HOME", folder.0.to_str().unwrap())]);
    assert_eq!(Settings::load(&folder.0, home), Ok(Settings::default()));
    assert_eq!(Settings::load(&folder.0, none), Ok(Settings::default()));
}

#[test]
fn later_layers_win_and_lists_add_up() {
    let folder = Folder::new("layers");
    let root = folder.0.to_str().unwrap();
    folder.write(
        ".config/devdoctor/devdoctor.toml",
        "colour = 'never'\nallow = ['DD410']\n[timeouts]\nnames = '5s'\nsilence = '7s'\n",
    );
    folder.write(
        "work/.devdoctor.toml",
        "allow = ['error-status', 'DD410']\nnotify = 'all'\n[timeouts]\nsilence = '9s'\nwhole = '1m'\n",
    );
    fs::create_dir_all(folder.0.join("work/.git")).unwrap();
    fs::create_dir_all(folder.0.join("work/a/b")).unwrap();
    let settings = Settings::load(
        &folder.0.join("work/a/b"),
        env(&[
            ("HOME", root),
            ("DEVDOCTOR_TIMEOUTS_WHOLE", "30s"),
            ("DEVDOCTOR_ALLOW", "DD607, orphan"),
            ("DEVDOCTOR_DOCKER_ENABLED", "0"),
            ("DEVDOCTOR_COLOUR", ""),
        ]),
    )
    .unwrap();
    assert_eq!(settings.colour, Colour::Never);
    assert!(!settings.docker.enabled);
    assert_eq!(settings.notify, Notify::All);
    assert_eq!(settings.timeouts.names, Duration::from_secs(5));
    assert_eq!(settings.timeouts.silence, Duration::from_secs(9));
    assert_eq!(settings.timeouts.whole, Duration::from_secs(30));
    let rules: Vec<_> = settings.allow.iter().map(|a| a.rule.as_str()).collect();
    assert_eq!(rules, ["DD410", "error-status", "DD607", "orphan"]);
    assert!(settings.allows("DD410", "orphan") && settings.allows("dd607", "x"));
    assert!(!settings.allows("DD201", "nothing-listens"));
}

#[test]
fn the_search_for_the_projects_file_ends_at_the_repository_and_at_home() {
    let folder = Folder::new("ends");
    folder.write(".devdoctor.toml", "colour = 'never'\n");
    fs::create_dir_all(folder.0.join("repo/.git")).unwrap();
    fs::create_dir_all(folder.0.join("home/plain")).unwrap();
    let colour = |cwd: &str, env: &dyn Fn(&str) -> Option<OsString>| {
        Settings::load(&folder.0.join(cwd), env).unwrap().colour
    };
    assert_eq!(colour("repo", &none), Colour::Auto);
    assert_eq!(colour("home/plain", &none), Colour::Never);
    let home = folder.0.join("home");
    let home = env(&[("HOME", home.to_str().unwrap())]);
    assert_eq!(colour("home/plain", &home), Colour::Auto);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let folder = Folder::new("unreadable");
    fs::create_dir(folder.0.join(".devdoctor.toml")).unwrap();
    let error = Settings::load(&folder.0, none).unwrap_err().to_string();
    assert!(
        error.contains(".devdoctor.toml: is not a file; mend it"),
        "{error}"
    );
    fs::remove_dir(folder.0.join(".devdoctor.toml")).unwrap();
    let path = folder.write(".devdoctor.toml", "");
    fs::write(&path, [b'a', 0xff]).unwrap();
    let error = Settings::load(&folder.0, none).unwrap_err().to_string();
    assert!(error.contains("is not UTF-8 text"), "{error}");
    fs::write(&path, vec![b'#'; 300 * 1024]).unwrap();
    let error = Settings::load(&folder.0, none).unwrap_err().to_string();
    assert!(error.contains("is longer than 256 KiB"), "{error}");
}

#[test]
fn mistakes_say_where_what_and_what_to_do() {
    for (text, says) in [
        (
            "[timeouts]\nsilense = '1s'\n",
            "x.toml:2:1: there is no setting `timeouts.silense`; did you mean `timeouts.silence`?",
        ),
        (
            "silence = '1s'\n",
            "x.toml:1:1: there is no setting `silence`; did you mean `timeouts.silence`?",
        ),
        (
            "[timeout]\n",
            "x.toml:1:2: there is no setting `timeout`; did you mean `timeouts`?",
        ),
        (
            "color = 'never'\n",
            "x.toml:1:1: there is no setting `color`; did you mean `colour`?",
        ),
        (
            "colour = 'red'\n",
            "x.toml:1:10: `colour` cannot be `red`; write \"auto\", \"always\" or \"never\"",
        ),
        (
            "notify = 'on'\n",
            "x.toml:1:10: `notify` cannot be `on`; write \"off\", \"refused\" or \"all\"",
        ),
        (
            "notify = false\n",
            "x.toml:1:10: `notify` cannot be `false`; write \"off\", \"refused\" or \"all\"",
        ),
        (
            "timeouts = 3\n",
            "x.toml:1:1: `timeouts` is a table, and this is a value; write [timeouts] on a line of \
             its own, and its settings below",
        ),
        (
            "# é\nallow = ['é', 3]\n",
            "x.toml:2:9: `allow` cannot be a list with the number `3`; write a list of codes and \
             names such as [\"DD410\", \"error-status\"]",
        ),
        (
            "docker.enabled = 'no'\n",
            "x.toml:1:18: `docker.enabled` cannot be the text `no`; write true or false",
        ),
        (
            "[timeouts]\nwhole = 20\n",
            "x.toml:2:9: `timeouts.whole` cannot be the number `20`; write a duration such as \
             \"300ms\", \"1.5s\" or \"2m\"",
        ),
        (
            "[timeouts]\nwhole = \"20\"\n",
            "x.toml:2:9: `timeouts.whole` cannot be `20` (a duration needs a unit); write a \
             duration such as \"300ms\", \"1.5s\" or \"2m\"",
        ),
        (
            "[projects]\ntake_in = ['ok', '[z-a]']\n",
            "x.toml:2:18: `projects.take_in` cannot be `[z-a]` (invalid range; 'z' > 'a'); write a \
             list of folders, as a .gitignore names them: [\"examples/shop\", ",
        ),
        (
            "projects.leave_out = ['../other']\n",
            "x.toml:1:23: `projects.leave_out` cannot be `../other` (it leads out of the project)",
        ),
        (
            "projects.leave_out = ['']\n",
            "x.toml:1:23: `projects.leave_out` cannot be `` (it is empty)",
        ),
        (
            "projects.leave_out = ['./old']\n",
            "x.toml:1:23: `projects.leave_out` cannot be `./old` (it is seen from the project's",
        ),
        (
            "projects.leave_out = 'old'\n",
            "x.toml:1:22: `projects.leave_out` cannot be the text `old`; write a list of folders",
        ),
        (
            "'a\\u001b' = 1\n\"b\\u001b[2J\" = 1\n",
            "x.toml:1:1: there is no setting `a\\u001b`; the settings are ",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(says), "{text}\n{error}\n{says}");
    }
    let broken = parse("colour = \n").unwrap_err();
    assert!(broken.starts_with("x.toml:1:10: "), "{broken}");
    assert!(broken.ends_with("; mend the TOML here"), "{broken}");
}

#[test]
fn a_wrong_variable_is_an_error() {
    let wrong = |name, value| {
        Settings::load(Path::new("/nowhere"), env(&[(name, value)]))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        wrong("DEVDOCTOR_DOCKER_ENABLED", "perhaps"),
        "environment variable DEVDOCTOR_DOCKER_ENABLED: `docker.enabled` cannot be the text \
         `perhaps`; write true or false"
    );
    assert!(wrong("DEVDOCTOR_TIMEOUTS_NAMES", "2 h").contains("unit is ms, s or m"));
}

#[test]
fn what_is_allowed_must_be_a_rule() {
    let rules = [("DD410", "orphan"), ("DD607", "error-status")];
    let settings = parse("allow = ['DD410', 'error-status']").unwrap();
    assert_eq!(settings.check_allowed(rules), Ok(()));
    let settings = parse("allow = ['DD410', 'error-stat']").unwrap();
    assert_eq!(
        settings.check_allowed(rules).unwrap_err().to_string(),
        "x.toml:1:19: there is no finding `error-stat`; did you mean `error-status`?"
    );
}

#[test]
fn durations_are_read_as_they_are_written() {
    for (text, ms) in [
        ("300ms", 300),
        ("1.5s", 1500),
        (" 2 m ", 120_000),
        ("60m", 3_600_000),
    ] {
        let span = parse_duration(text).unwrap();
        assert_eq!(span.as_millis(), ms, "{text}");
        assert_eq!(parse_duration(&show_duration(span)), Ok(span));
    }
    for text in [
        "", "s", "5", "-1s", "1h", "0s", "0.1ms", "61m", "1.2.3s", "1e9s", "∞s", "nans",
    ] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}
