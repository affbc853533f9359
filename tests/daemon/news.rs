//! What it tells unasked.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::keeper::{Keeper, News};
use crate::life::project;
use crate::stage::{Stage, stories};

/// Connects as browsers and most clients do, without waiting in the system call; it is
/// refused.
pub fn knock(port: u16) {
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(TcpStream::connect_timeout(&to, Duration::from_secs(5)).is_err());
}

/// Connects and waits in the system call: then the kernel does not tell the port.
fn knock_and_wait(port: u16) {
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(TcpStream::connect(to).is_err());
}

/// The news from the moment on in which port 3000 has had a server, which ends.
fn news_of_a_lost_server(keeper: &Keeper, stage: &Stage, folder: &Path) -> News {
    let owner = || keeper.json(&["history", "3000", "--json"], folder)["owners"][0].clone();
    let server = stage.server("serve 127.0.0.1:3000");
    keeper.until("the server is known", || owner().is_object());
    keeper.json(&["status", "--json"], folder);
    let news = keeper.news();
    drop(server);
    keeper.until("its end is known", || owner()["until"].is_u64());
    news
}

stories! {
    fn a_refused_connection_to_an_expected_port_is_told_once(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let _daemon = keeper.daemon();
        // Whoever asks about a project has it watched from then on.
        keeper.json(&["status", "--json"], &folder);
        let news = keeper.news();
        for _ in 0..5 {
            knock(3000);
        }
        let alert = news.alert("firing");
        assert_eq!(alert["port"], 3000, "{alert:#}");
        assert_eq!(alert["trigger"], "refused", "{alert:#}");
        assert_eq!(alert["finding"]["code"], "DD202", "{alert:#}");
        assert_eq!(alert["project"], folder.to_str().unwrap(), "{alert:#}");
        let status = keeper.json(&["status", "--json"], &folder);
        assert_eq!(status["level"], "problem", "{status:#}");
        assert!(status["line"].as_str().unwrap().starts_with("3000 refused: "), "{status:#}");
        assert_eq!(news.alerts_within("firing", Duration::from_secs(3)), [] as [serde_json::Value; 0]);
        let _server = stage.server("serve 127.0.0.1:3000");
        let gone = news.alert("resolved");
        assert_eq!(gone["id"], alert["id"]);
        keeper.until("all is well", || {
            keeper.json(&["status", "--json"], &folder)["level"] == "well"
        });
    }

    fn of_two_projects_that_want_the_port_it_is_the_one_that_was_asked_about_last(stage) {
        let keeper = Keeper::new(stage);
        let shop = project(stage);
        // By its name the first.
        let blog = stage.folder().join("blog");
        std::fs::create_dir(&blog).unwrap();
        let package = r#"{ "name": "blog", "scripts": { "dev": "vite --port 3000" } }"#;
        std::fs::write(blog.join("package.json"), package).unwrap();
        let _daemon = keeper.daemon();
        keeper.json(&["status", "--json"], &blog);
        keeper.json(&["status", "--json"], &shop);
        let news = keeper.news();
        knock(3000);
        let alert = news.alert("firing");
        assert_eq!(alert["project"], shop.to_str().unwrap(), "{alert:#}");
        assert_eq!(alert["service"], "shop", "{alert:#}");
        let line = |folder: &Path| keeper.json(&["status", "--json"], folder)["line"].clone();
        assert_eq!(line(&shop), "3000 refused: shop should have port 3000, and is not running");
        // It is refused there, too; what its service has to do with it was not looked at.
        assert_eq!(line(&blog), "3000 refused");
    }

    fn where_the_port_is_not_told_it_is_the_one_that_lost_its_server(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let _daemon = keeper.daemon();
        let news = news_of_a_lost_server(&keeper, stage, &folder);
        knock_and_wait(3000);
        let alert = news.alert("firing");
        assert_eq!((&alert["port"], &alert["finding"]["code"]), (&3000.into(), &"DD203".into()), "{alert:#}");
    }

    fn where_the_port_is_not_told_and_it_may_be_either_nothing_is_said(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        std::fs::create_dir(folder.join("api")).unwrap();
        let api = r#"{ "name": "api", "scripts": { "dev": "next dev -p 8000" } }"#;
        std::fs::write(folder.join("api/package.json"), api).unwrap();
        let _daemon = keeper.daemon();
        let news = news_of_a_lost_server(&keeper, stage, &folder);
        // The port that was never served; to blame the other one would be wrong.
        knock_and_wait(8000);
        let told = news.alerts_within("firing", Duration::from_secs(4));
        assert_eq!(told, [] as [serde_json::Value; 0]);
        knock(8000);
        assert_eq!(news.alert("firing")["port"], 8000);
    }

    fn a_restart_is_no_news(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let _daemon = keeper.daemon();
        let server = stage.server("serve 127.0.0.1:3000");
        keeper.json(&["status", "--json"], &folder);
        let news = keeper.news();
        drop(server);
        knock(3000);
        let began = Instant::now();
        let _server = stage.server("serve 127.0.0.1:3000");
        // On a machine that took longer this was no restart.
        if began.elapsed() < Duration::from_secs(1) {
            let told = news.alerts_within("firing", Duration::from_secs(4));
            assert_eq!(told, [] as [serde_json::Value; 0]);
        }
    }

    fn what_nobody_expects_is_nobodys_news(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let _daemon = keeper.daemon();
        keeper.json(&["status", "--json"], &folder);
        let news = keeper.news();
        // A scan.
        for port in 20_000..20_200 {
            knock(port);
            knock_and_wait(port);
        }
        let told = news.alerts_within("firing", Duration::from_secs(4));
        assert_eq!(told, [] as [serde_json::Value; 0]);
    }

    fn whoever_asks_why_is_not_told_of_his_own_question(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let _daemon = keeper.daemon();
        keeper.json(&["status", "--json"], &folder);
        let news = keeper.news();
        let why = keeper.json(&["why", "3000", "--json"], &folder);
        assert_eq!(why["verdict"], "refused", "{why:#}");
        let fix = keeper.says(&["fix", "3000", "--dry-run"], &folder);
        assert!(String::from_utf8_lossy(&fix.stdout).contains("DD202"), "{fix:?}");
        let told = news.alerts_within("firing", Duration::from_secs(4));
        assert_eq!(told, [] as [serde_json::Value; 0]);
    }

    fn a_broken_file_is_told_of_and_its_last_good_state_holds(stage) {
        let keeper = Keeper::new(stage);
        let folder = project(stage);
        let _daemon = keeper.daemon();
        let services = || {
            let status = keeper.json(&["status", "--json"], &folder);
            (status["services"].as_array().unwrap().len(), status["daemon"]["notes"].to_string())
        };
        assert_eq!(services().0, 1);
        std::fs::write(folder.join("package.json"), "{ \"scripts\": {").unwrap();
        keeper.until("it is said to be broken", || services().1.contains("package.json"));
        assert_eq!(services().0, 1, "what it said last holds");
        std::fs::write(folder.join("package.json"), "{}").unwrap();
        keeper.until("it is good again", || services() == (0, "[]".to_owned()));
    }
}
