use std::collections::HashSet;

use super::*;

fn recognised(comm: &str, argv: &[&str]) -> Option<&'static str> {
    let argv: Vec<_> = argv.iter().map(|&word| word.to_owned()).collect();
    catalogue()
        .recognise(comm, &argv)
        .map(|row| row.server.as_str())
}

#[test]
fn the_embedded_files_parse_and_rows_are_unique() {
    let frameworks: Vec<_> = catalogue().frameworks().collect();
    let keys: HashSet<_> = frameworks.iter().map(|row| &row.key).collect();
    assert_eq!(keys.len(), frameworks.len());
    assert!(frameworks.len() > 100);
    let ports: Vec<_> = catalogue().ports().collect();
    let numbers: HashSet<_> = ports.iter().map(|row| row.port).collect();
    assert_eq!(numbers.len(), ports.len());
    assert!(ports.len() > 50);
}

#[test]
fn cut_into_rows_it_is_the_same_as_whole() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        framework: Vec<Framework>,
    }
    let whole: Whole = toml::from_str(include_str!("../../../config/frameworks.toml")).unwrap();
    let rows: Vec<_> = catalogue().frameworks().cloned().collect();
    assert_eq!(rows, whole.framework);
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Ports {
        port: Vec<WellKnownPort>,
    }
    let whole: Ports = toml::from_str(include_str!("../../../config/ports.toml")).unwrap();
    let rows: Vec<_> = catalogue().ports().cloned().collect();
    assert_eq!(rows, whole.port);
}

#[test]
fn every_way_names_the_process() {
    // What `Catalogue::recognise` builds on: it looks only at rows that hold a name.
    for row in catalogue().frameworks() {
        assert!(!row.recognise.is_empty(), "{}", row.key);
        for how in &row.recognise {
            assert!(how.comm.is_some() || how.program.is_some(), "{}", row.key);
        }
    }
}

#[test]
fn every_example_is_recognised_by_its_own_row_alone() {
    for row in catalogue().frameworks() {
        let found = catalogue().recognise(&row.example_comm, &row.example);
        assert_eq!(
            found.map(|found| &found.key),
            Some(&row.key),
            "{:?}",
            row.example
        );
        let command = Command::new(&row.example_comm, &row.example);
        for other in catalogue().frameworks() {
            let matches = other.recognise.iter().any(|how| how.at(&command).is_some());
            // An earlier row may be a narrower case of a later one: Laravel's
            // server is PHP's own.
            let narrower = (row.key.as_str(), other.key.as_str()) == ("laravel", "php");
            assert_eq!(
                matches,
                other.key == row.key || narrower,
                "{} by {}",
                row.key,
                other.key
            );
        }
    }
}

#[test]
fn rows_are_consistent() {
    let binds = ["localhost", "127.0.0.1", "0.0.0.0", "[::]"];
    for row in catalogue().frameworks() {
        assert!(
            row.bind.as_deref().is_none_or(|bind| binds.contains(&bind)),
            "{}",
            row.key
        );
        assert!(!(row.watcher && row.forwarder), "{}", row.key);
        assert!(
            !(row.dev_server && (row.watcher || row.forwarder)),
            "{}",
            row.key
        );
        assert!(!row.example.is_empty(), "{}", row.key);
        if let Some(flag) = &row.port_flag {
            assert!(flag.contains("{port}"), "{}", row.key);
        }
        // What a dev server does by default is only of use whole.
        assert!(
            !row.dev_server || row.port.is_some() || row.key == "php",
            "{}",
            row.key
        );
    }
}

#[test]
fn what_is_advised_is_what_is_read() {
    // A flag that a fix adds is one by which an expectation is made of the command.
    let started = catalogue().frameworks().filter(|row| row.dev_server);
    for row in started {
        let Some(advised) = &row.port_flag else {
            continue;
        };
        let flags = &row.flags;
        let mut known = flags.port.iter().chain(&flags.address);
        let known = known.any(|flag| advised.starts_with(flag.as_str()) || advised.contains(flag));
        assert!(known || flags.argument, "{}: {advised}", row.key);
    }
}

#[test]
fn the_settings_of_a_row_fit_together() {
    for row in catalogue().frameworks() {
        let keys = &row.keys;
        let read = [
            &keys.port,
            &keys.host,
            &keys.address,
            &keys.strict,
            &keys.proxy,
        ];
        let reads = read.iter().any(|keys| !keys.is_empty());
        // A file that only a flag names is none that a folder has.
        let named = !row.config.is_empty() || !row.flags.config.is_empty();
        assert!(!reads || named, "{}: keys of no file", row.key);
        for setting in &row.unread {
            let name = setting.strip_prefix(".env ").unwrap_or(setting);
            let in_file = setting.starts_with(".env ");
            let is_read = row.port_variables.iter().chain(&row.host_variables);
            let is_read = is_read.into_iter().any(|variable| variable == name);
            assert!(
                !is_read || (in_file && row.env_files.is_empty()),
                "{} reads {setting}",
                row.key
            );
            assert!(!keys.port.contains(setting), "{} reads {setting}", row.key);
        }
        let placed = |file: &String| file.contains("{mode}");
        let modes = row.env_files.iter().any(placed);
        assert!(!modes || row.mode.is_some(), "{} has no mode", row.key);
        for flag in [&row.flags.port, &row.flags.host, &row.flags.strict]
            .into_iter()
            .flatten()
        {
            assert!(flag.starts_with('-'), "{}: {flag}", row.key);
        }
    }
}

#[test]
fn servers_are_known_by_what_they_leave_in_the_process_table() {
    for (comm, argv, server) in [
        (
            "node",
            &["node", "/app/node_modules/.bin/next", "dev", "-p", "4000"][..],
            "next dev",
        ),
        (
            "next-server (v1",
            &["next-server (v15.5.29)", "", "", ""],
            "next dev",
        ),
        (
            "node",
            &[
                "node",
                "--max-old-space-size=4096",
                "-r",
                "x",
                "/a/.bin/vite",
            ],
            "vite",
        ),
        (
            "node",
            &[
                "node",
                "/a/node_modules/vite/bin/vite.js",
                "--host",
                "0.0.0.0",
            ],
            "vite",
        ),
        (
            "node.exe",
            &[r"C:\node\node.exe", r"C:\app\node_modules\vite\bin\vite.js"],
            "vite",
        ),
        (
            "node",
            &[
                "node",
                "/app/node_modules/.bin/vite",
                "dev",
                "--port",
                "3000",
            ],
            "vite",
        ),
        ("deno", &["deno", "run", "-A", "npm:vite"], "vite"),
        (
            "bun",
            &["bun", "--bun", "/app/node_modules/.bin/vite"],
            "vite",
        ),
        (
            "python",
            &["python", "manage.py", "runserver", "0.0.0.0:8000"],
            "manage.py runserver",
        ),
        (
            "python",
            &["python", "-Wall", "manage.py", "runserver"],
            "manage.py runserver",
        ),
        (
            "python",
            &["python", "-m", "django", "runserver"],
            "manage.py runserver",
        ),
        (
            "Python",
            &[
                "/Lib/Python.app/Contents/MacOS/Python",
                "-m",
                "flask",
                "run",
            ],
            "flask run",
        ),
        (
            "flask",
            &["/v/bin/python3.12", "/v/bin/flask", "-A", "hello", "run"],
            "flask run",
        ),
        ("gunicorn", &["gunicorn: master [app:app]"], "gunicorn"),
        (
            "ruby",
            &["ruby", "/usr/bin/bundle", "exec", "jekyll", "serve"],
            "jekyll serve",
        ),
        (
            "ruby",
            &["ruby3.1", "bin/rails", "s", "-p", "3001"],
            "rails server",
        ),
        ("puma", &["puma: cluster worker 0: 812 [rapp]"], "puma"),
        (
            "php8.2",
            &["php8.2", "artisan", "serve"],
            "php artisan serve",
        ),
        (
            "php",
            &["php", "-d", "a=b", "-S", "0.0.0.0:8000", "-t", "public"],
            "php -S",
        ),
        ("postgres", &["postgres: walwriter "], "postgres"),
        (
            "redis-server",
            &["/usr/bin/redis-server 127.0.0.1:6379"],
            "redis-server",
        ),
        ("nginx", &["nginx: worker process"], "nginx"),
        ("exe", &["rootlessport-child"], ""),
        ("sshd", &["sshd: tom@pts/0"], "sshd"),
        (
            "Code Helper (Pl",
            &["/Applications/Code.app/x/Code Helper (Plugin)"],
            "VS Code",
        ),
    ] {
        let wanted = Some(server).filter(|server| !server.is_empty());
        assert_eq!(recognised(comm, argv), wanted, "{argv:?}");
    }
}

#[test]
fn what_is_no_server_is_not_taken_for_one() {
    for (comm, argv) in [
        ("node", &["node", "app.js"][..]),
        ("node", &["node"]),
        ("node", &["node", "-e", "require('vite')"]),
        ("node", &["node", "build.js", "vite"]),
        ("node", &["node", "/app/vite/server.js"]),
        ("node", &["node", "/home/vite/app.js", "vite"]),
        ("node", &["node", "/app/node_modules/.bin/vite", "build"]),
        (
            "node",
            &[
                "node",
                "/app/node_modules/.bin/vite",
                "--mode",
                "x",
                "build",
            ],
        ),
        ("node", &["node", "/app/node_modules/.bin/next", "build"]),
        (
            "node",
            &[
                "node",
                "/app/node_modules/.bin/next",
                "lint",
                "--dir",
                "dev",
            ],
        ),
        (
            "node",
            &["node", "/app/node_modules/.bin/webpack", "--watch"],
        ),
        ("node", &["node", "/app/node_modules/.bin/ng", "build"]),
        (
            "node",
            &["node", "/app/node_modules/.bin/storybook", "build"],
        ),
        ("node", &["node", "/app/node_modules/.bin/astro", "build"]),
        ("node", &["node", "serve.js"]),
        ("node", &["node", "start.js"]),
        ("node", &["node", "main.js"]),
        ("vim", &["vim", "vite"]),
        (
            "vim",
            &["vim", "/app/node_modules/react-scripts/scripts/start.js"],
        ),
        ("grep", &["grep", "-r", "next", "dev"]),
        ("sh", &["sh", "-c", "vite"]),
        ("bash", &["bash", "manage.py", "runserver"]),
        ("tail", &["tail", "-f", "/var/log/nginx"]),
        ("less", &["less", "redis-server"]),
        ("python3", &["python3", "app.py"]),
        (
            "python3",
            &[
                "python3",
                "-c",
                "from multiprocessing.spawn import spawn_main",
            ],
        ),
        (
            "python3",
            &["python3", "-m", "pytest", "manage.py", "runserver"],
        ),
        ("python3", &["python3", "manage.py", "migrate"]),
        ("python3", &["python3", "manage.py", "test", "runserver"]),
        (
            "ruby",
            &["ruby", "bin/rails", "generate", "scaffold", "server"],
        ),
        ("ruby", &["ruby", "bin/rails", "console"]),
        ("php", &["php", "script.php", "-v"]),
        ("php", &["php", "artisan", "queue:work"]),
        ("deno", &["deno", "lsp"]),
        ("bun", &["bun", "install"]),
        ("bun", &["bun", "build", "server.ts"]),
        ("java", &["java", "-jar", "app.jar"]),
        ("dotnet", &["dotnet", "build"]),
        ("go", &["go", "build", "run"]),
        ("cargo", &["cargo", "test"]),
        ("hugo", &["hugo"]),
        ("ollama", &["ollama", "run", "llama"]),
        ("npm install", &["npm install"]),
        ("kubectl", &["kubectl", "get", "pods"]),
        ("air", &["airport"]),
        ("server", &["/home/me/vite app/server"]),
        ("", &[""]),
        ("", &["", ""]),
        ("", &[]),
        ("日本", &["日本", "語"]),
        ("x", &["/", ":", "."]),
        ("bundle", &["bundle", "exec"]),
        ("python3", &["python3", "-m"]),
        (
            "node",
            &["node", "node", "node", "node", "node", "node", "vite"],
        ),
    ] {
        assert_eq!(recognised(comm, argv), None, "{comm} {argv:?}");
    }
}

#[test]
fn only_ports_whose_service_speaks_a_protocol_are_greeted_in_it() {
    let greeting = |port| catalogue().greeting_for(port);
    assert_eq!(greeting(3000), Some(Protocol::Http));
    assert_eq!(greeting(8545), Some(Protocol::Http));
    assert_eq!(greeting(5432), Some(Protocol::Postgres));
    assert_eq!(greeting(443), Some(Protocol::Tls));
    // Paper, debuggers that take one connection, and what nobody knows.
    for port in [9100, 515, 5005, 2345, 5678, 9, 40000] {
        assert_eq!(greeting(port), None, "{port}");
    }
    assert_eq!(
        catalogue().port(5432).map(|row| row.service.as_str()),
        Some("PostgreSQL")
    );
    assert_eq!(
        catalogue().framework("vite").map(|row| row.port),
        Some(Some(5173))
    );
    assert_eq!(catalogue().framework("no such"), None);
}
