//! Real databases: their own greeting, their own refusals, and the addresses they take.

use std::fs;
use std::path::Path;

use crate::stage::{Server, Stage, run, stories};

/// A MariaDB with this setting, once it takes clients.
fn mariadb(stage: &Stage, data: &Path, setting: &str) -> Server {
    let place = data.display();
    let line = format!(
        "exec mariadbd --no-defaults --user=root --skip-name-resolve --port=3306 \
         --datadir={place} --socket={place}/mysqld.sock --pid-file={place}/pid {setting} 2>&1"
    );
    stage.program(&["sh", "-c", &line], &stage.work(), "ready for connections")
}

stories! {
    fn mariadb_lets_in_whom_it_wants(stage) {
        if !stage.needs(&["mariadbd", "mariadb-install-db"]) {
            return;
        }
        stage.lan("192.168.50.10/24");
        let data = stage.folder().join("data");
        fs::create_dir_all(&data).unwrap();
        run(&format!(
            "mariadb-install-db --no-defaults --user=root --skip-test-db \
             --auth-root-authentication-method=normal --datadir={}",
            data.display()
        ));

        let server = mariadb(stage, &data, "--bind-address=127.0.0.1");
        stage.why("mysql://127.0.0.1:3306/shop").is_well();
        stage.why("127.0.0.1:3306").is_well();
        stage
            .why("http://127.0.0.1:3306")
            .finds("DD605")
            .first("says", "port 3306 speaks MySQL, not HTTP")
            .first("confidence", "certain");
        stage.why("postgres://127.0.0.1:3306/shop").finds("DD605").first("says", "MySQL");
        stage
            .why("mysql://192.168.50.10:3306/shop")
            .finds("DD302")
            .first("confidence", "certain");
        drop(server);

        // Its users are those of its own machine's loopback.
        let server = mariadb(stage, &data, "--bind-address=0.0.0.0");
        stage
            .why("mysql://192.168.50.10:3306/shop")
            .finds("DD607")
            .verdict("error-status")
            .first("says", "MySQL answers on port 3306, and lets nobody in from this host");
        stage.why("mysql://127.0.0.1:3306/shop").is_well();
        drop(server);

        let _server = mariadb(stage, &data, "--skip-networking");
        stage
            .why("mysql://127.0.0.1:3306/shop")
            .finds("DD210")
            .fix(&format!("mysql --socket={}/mysqld.sock", data.display()));
    }
}
