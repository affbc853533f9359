//! Its life: started, ended, killed, and what it remembers then.

use std::path::Path;

use crate::keeper::Keeper;
use crate::stage::{Stage, stories};

/// A project whose server should have port 3000.
pub fn project(stage: &Stage) -> std::path::PathBuf {
    let folder = stage.folder().join("shop");
    std::fs::create_dir_all(&folder).unwrap();
    let package = r#"{ "name": "shop", "scripts": { "dev": "next dev -p 3000" } }"#;
    std::fs::write(folder.join("package.json"), package).unwrap();
    folder
}

stories! {
    fn it_starts_says_how_it_is_and_ends(stage) {
        let keeper = Keeper::new(stage);
        let root = Path::new("/");
        assert_eq!(keeper.how_it_is(), None);
        let started = keeper.says(&["daemon", "start"], root);
        let words = String::from_utf8_lossy(&started.stdout).into_owned();
        assert!(started.status.success() && words.starts_with("the daemon runs (pid "), "{started:?}");
        let again = keeper.says(&["daemon", "start"], root);
        assert!(String::from_utf8_lossy(&again.stdout).contains("runs already"), "{again:?}");
        let how = keeper.how_it_is().unwrap();
        assert!(how["sockets"].as_str().unwrap().starts_with("sock_diag"), "{how}");
        assert!(how["resident"].as_u64().unwrap() > 1_000_000, "{how}");
        let logs = keeper.says(&["daemon", "logs"], root);
        assert!(logs.status.success(), "{logs:?}");
        let stopped = keeper.says(&["daemon", "stop"], root);
        assert!(stopped.status.success(), "{stopped:?}");
        assert_eq!(keeper.how_it_is(), None);
        assert!(!keeper.socket().exists(), "it cleans up behind itself");
    }

    fn a_second_one_says_that_it_runs_already(stage) {
        let keeper = Keeper::new(stage);
        let daemon = keeper.daemon();
        let second = keeper.says(&["daemon", "run"], Path::new("/"));
        assert_eq!(second.status.code(), Some(2));
        let words = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(words.contains(&daemon.pid().to_string()), "{words}");
        assert!(keeper.how_it_is().is_some(), "the first one goes on");
    }

    fn killed_it_comes_back_and_remembers(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let mut daemon = keeper.daemon();
        {
            let _server = stage.server("serve 127.0.0.1:3000");
            keeper.until("the server is known", || {
                keeper.json(&["history", "3000", "--json"], &folder)["owners"][0]["until"].is_null()
                    && !keeper.json(&["history", "3000", "--json"], &folder)["owners"][0].is_null()
            });
        }
        keeper.until("its end is known", || {
            keeper.json(&["history", "3000", "--json"], &folder)["owners"][0]["until"].is_u64()
        });
        // What is kept is written down a little later.
        std::thread::sleep(std::time::Duration::from_secs(6));
        daemon.kill();
        assert!(keeper.socket().exists(), "nobody has cleaned up");
        let _again = keeper.daemon();
        let past = keeper.json(&["history", "3000", "--json"], &folder);
        assert_eq!(past["owners"][0]["port"], 3000, "{past}");
        let why = keeper.json(&["why", "3000", "--json"], &folder);
        assert_eq!(why["findings"][0]["code"], "DD203", "{why:#}");
    }

    fn the_command_alone_is_a_daemon_as_well(stage) {
        // As where somebody has copied one file of the two.
        let folder = stage.folder().join("bin");
        std::fs::create_dir(&folder).unwrap();
        let alone = folder.join("devdoctor");
        std::fs::copy(env!("CARGO_BIN_EXE_devdoctor"), &alone).unwrap();
        let program = |keeper: &Keeper| {
            let pid = keeper.how_it_is().unwrap()["pid"].as_u64().unwrap();
            std::fs::read_link(format!("/proc/{pid}/exe")).unwrap()
        };
        let keeper = Keeper::new(stage);
        let daemon = keeper.daemon();
        assert_eq!(program(&keeper), Path::new(env!("CARGO_BIN_EXE_devdoctord")));
        drop(daemon);
        let keeper = keeper.of(&alone);
        let _daemon = keeper.daemon();
        assert_eq!(program(&keeper), alone);
        let status = keeper.json(&["status", "--json"], &project(stage));
        assert_eq!(status["services"][0]["name"], "shop", "{status:#}");
    }

    fn a_daemon_whose_programs_were_installed_anew_goes_on(stage) {
        let folder = stage.folder().join("bin");
        std::fs::create_dir(&folder).unwrap();
        let install = || {
            for program in [env!("CARGO_BIN_EXE_devdoctor"), env!("CARGO_BIN_EXE_devdoctord")] {
                let to = folder.join(Path::new(program).file_name().unwrap());
                let _ = std::fs::remove_file(&to);
                std::fs::copy(program, to).unwrap();
            }
        };
        install();
        let keeper = Keeper::new(stage).of(&folder.join("devdoctor"));
        let _daemon = keeper.daemon();
        install();
        let status = keeper.json(&["status", "--json"], &project(stage));
        assert_eq!(status["services"][0]["name"], "shop", "{status:#}");
    }

    fn what_is_sent_on_errands_says_what_it_does_not_understand(stage) {
        let keeper = Keeper::new(stage);
        let words = |version: &str| {
            let said = keeper.says(&["daemon", "errand", "--daemon", version], Path::new("/"));
            assert_eq!(said.status.code(), Some(2), "{said:?}");
            String::from_utf8(said.stderr).unwrap()
        };
        let own = env!("CARGO_PKG_VERSION");
        assert!(words(own).contains("this is no errand"), "{}", words(own));
        assert!(words("0.0.1").contains("the daemon is 0.0.1"), "{}", words("0.0.1"));
        let daemon = std::process::Command::new(env!("CARGO_BIN_EXE_devdoctord")).output();
        let daemon = daemon.unwrap();
        assert_eq!(daemon.status.code(), Some(2), "{daemon:?}");
        let said = String::from_utf8_lossy(&daemon.stderr).into_owned();
        assert!(said.contains("devdoctor daemon start"), "{said}");
    }

    fn without_a_home_it_runs_and_says_what_it_cannot_keep(stage) {
        let keeper = Keeper::new(stage);
        crate::stage::run(&format!(
            "mount -t tmpfs -o ro tmpfs {}",
            stage.folder().join("home").display()
        ));
        let _daemon = keeper.daemon();
        let how = keeper.how_it_is().unwrap();
        let notes = how["notes"].to_string();
        assert!(notes.contains("Read-only"), "{how}");
    }

    fn whoever_asks_in_a_folder_without_a_project_is_answered_though_a_server_runs_there(stage) {
        if !stage.needs(&["python3"]) {
            return;
        }
        let keeper = Keeper::new(stage);
        let bare = stage.folder().join("bare");
        std::fs::create_dir(&bare).unwrap();
        let _daemon = keeper.daemon();
        let words = ["python3", "-u", "-m", "http.server", "3000"];
        let _server = stage.program(&words, &bare, "Serving HTTP");
        let owners = || keeper.json(&["history", "3000", "--json"], &bare)["owners"].clone();
        keeper.until("the server is known", || owners()[0].is_object());
        // By this answer it is known that the server's folder is no project.
        keeper.json(&["status", "--json"], &project(stage));
        let status = keeper.json(&["status", "--json"], &bare);
        assert_eq!(status["project"], bare.to_str().unwrap(), "{status:#}");
        assert_eq!(status["level"], "well", "{status:#}");
    }
}
