use super::*;

/// A home folder of its own, which goes with the test.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dd-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Home(path)
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn around(&self, variable: fn(&str) -> Option<String>) -> Surroundings {
        Surroundings {
            variable,
            home: Some(self.0.clone()),
            runtime_dir: Some(self.0.join("run")),
            root: self.0.join("root"),
        }
    }

    fn find(&self, variable: fn(&str) -> Option<String>) -> Vec<Endpoint> {
        find(&self.around(variable))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn none(_: &str) -> Option<String> {
    None
}

#[test]
fn default_sockets_that_are_not_there_are_no_engines() {
    assert_eq!(Home::new("empty").find(none), []);
}

#[test]
fn every_default_socket_that_is_there_is_asked() {
    let home = Home::new("defaults");
    home.file(".docker/desktop/docker.sock", "");
    home.file("run/podman/podman.sock", "");
    let found = home.find(none);
    let kinds: Vec<_> = found.iter().map(|endpoint| endpoint.kind).collect();
    assert_eq!(kinds, [EngineKind::Docker, EngineKind::Podman]);
    assert!(found.iter().all(|endpoint| endpoint.gap.is_none()));
}

#[test]
fn a_chosen_socket_that_is_not_there_is_an_engine_that_does_not_run() {
    let found = Home::new("dead").find(|name| {
        (name == "DOCKER_HOST").then(|| "unix:///nowhere/of/devdoctor.sock".to_owned())
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].gap, Some(Gap::NotRunning));
    assert_eq!(found[0].chosen_by, "DOCKER_HOST");
}

#[test]
fn what_cannot_be_asked_says_so() {
    let found = Home::new("ssh").find(|name| match name {
        "DOCKER_HOST" => Some("ssh://me:secret@far".to_owned()),
        "CONTAINER_HOST" => Some("127.0.0.1:2375".to_owned()),
        _ => None,
    });
    assert_eq!(found[0].url, "ssh://me@far");
    assert_eq!(found[0].gap, Some(Gap::Unsupported));
    assert_eq!(found[1].url, "tcp://127.0.0.1:2375");
    assert_eq!((found[1].kind, &found[1].gap), (EngineKind::Podman, &None));
}

#[test]
fn an_engine_on_another_machine_has_no_containers_here() {
    assert!(is_elsewhere("tcp://docker:2375"));
    assert!(is_elsewhere("tcp://10.0.0.4:2375"));
    assert!(!is_elsewhere("tcp://localhost:2375"));
    assert!(!is_elsewhere("tcp://[::1]:2375"));
    assert!(!is_elsewhere("unix:///var/run/docker.sock"));
}

#[test]
fn the_current_context_is_found_by_its_name() {
    let home = Home::new("context");
    home.file(".docker/config.json", r#"{"currentContext":"mine"}"#);
    let meta = |name: &str, host: &str| {
        format!(
            r#"{{"Name":"{name}","Metadata":{{}},"Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#
        )
    };
    home.file(
        ".docker/contexts/meta/aa/meta.json",
        &meta("other", "unix:///other.sock"),
    );
    home.file(
        ".docker/contexts/meta/bb/meta.json",
        &meta("mine", "unix:///nowhere/mine.sock"),
    );
    home.file(".docker/contexts/meta/cc/meta.json", "{");
    let found = home.find(none);
    assert_eq!(found[0].url, "unix:///nowhere/mine.sock");
    assert_eq!(found[0].chosen_by, "context mine");
    assert_eq!(found[0].gap, Some(Gap::NotRunning));
    let found = home.find(|name| (name == "DOCKER_CONTEXT").then(|| "gone".to_owned()));
    assert!(matches!(found[0].gap, Some(Gap::Failed(_))));
    let found = home.find(|name| (name == "DOCKER_CONTEXT").then(|| "default".to_owned()));
    assert_eq!(found, []);
}

#[test]
fn one_socket_by_two_names_is_asked_once() {
    let home = Home::new("twice");
    home.file(".docker/desktop/docker.sock", "");
    home.file(".docker/run/x", "");
    std::fs::hard_link(
        home.0.join(".docker/desktop/docker.sock"),
        home.0.join(".docker/run/docker.sock"),
    )
    .unwrap();
    assert_eq!(home.find(none).len(), 1);
}
