//! The name a person would use for a process: `next dev`, `node server.js`, `postgres`.

use crate::facts::{Process, catalogue, clean};

/// Longer than any name a person would use.
const LONGEST: usize = 60;
/// Programs whose title, written over their command line, is a name as a whole.
const RUNNERS: &[&str] = &["npm", "npx", "pnpm", "yarn", "bun"];
/// Second words that belong to the name of a program: `rails server`.
const VERBS: &[&str] = &[
    "dev",
    "preview",
    "run",
    "runserver",
    "serve",
    "server",
    "start",
    "watch",
    "worker",
];

/// Names every process; the ancestors must be among them.
pub(super) fn name(processes: &mut [Process]) {
    for process in processes.iter_mut() {
        let argv = process.argv.seen().map_or(&[][..], Vec::as_slice);
        let exe = process.exe.seen().map(String::as_str);
        let known = catalogue().recognise(&process.comm, argv);
        process.framework = known.map(|row| row.key.clone());
        process.name = match known {
            Some(row) => row.server.clone(),
            None => plain(&process.comm, argv, exe),
        };
    }
    // The nearest ancestor that is no bare worker itself lends its name.
    for at in 0..processes.len() {
        let mut from = at;
        while nameless(&processes[from]) {
            let parent = processes[from].parent;
            match processes.iter().position(|one| one.id.pid == parent) {
                Some(above) if above != at => from = above,
                _ => break,
            }
        }
        if from != at && !nameless(&processes[from]) {
            let (name, framework) = (&processes[from].name, &processes[from].framework);
            (processes[at].name, processes[at].framework) = (name.clone(), framework.clone());
        }
    }
}

/// Whether nothing but an ancestor can give this process a name.
fn nameless(process: &Process) -> bool {
    process.framework.is_none() && is_worker(process)
}

/// Whether the command line says only that this is somebody's worker.
pub(super) fn is_worker(process: &Process) -> bool {
    process.argv.seen().is_some_and(|argv| {
        argv.iter().take(5).any(|word| {
            word.starts_with("from multiprocessing") || word == "--multiprocessing-fork"
        })
    })
}

/// The name of a process that has left only its command line.
pub(super) fn of(argv: &[String]) -> String {
    match catalogue().recognise("", argv) {
        Some(row) => row.server.clone(),
        None => plain("", argv, None),
    }
}

/// The name of a process that is in no catalogue.
fn plain(comm: &str, argv: &[String], exe: Option<&str>) -> String {
    let name = match argv {
        [] => exe.map_or(comm, base).to_owned(),
        [title] if title.contains(' ') && exe != Some(title.as_str()) => titled(title),
        [program, rest @ ..] => program_name(base(program).trim_start_matches('-'), rest),
    };
    let name = if name.is_empty() { comm } else { &name };
    clean(name).chars().take(LONGEST).collect()
}

/// The name in a title that was written over the command line.
fn titled(title: &str) -> String {
    let first = title.split(' ').next().unwrap_or_default();
    if RUNNERS.contains(&first) {
        return title.trim_end().to_owned();
    }
    // `nginx: master process /usr/sbin/nginx`, `redis-server *:6379`
    base(first.trim_end_matches(':')).to_owned()
}

fn program_name(program: &str, rest: &[String]) -> String {
    let program = program.strip_suffix(".exe").unwrap_or(program);
    // `python3.12` is `python` to a person.
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    match stem {
        "python" | "pypy" => interpreted("python", &rest, &["-m", "-c"], &["-W", "-X"]),
        "node" | "nodejs" => interpreted(
            "node",
            &rest,
            &["-e", "--eval", "-p", "--print"],
            &[
                "-r",
                "--require",
                "--import",
                "--loader",
                "--experimental-loader",
                "-C",
                "--conditions",
            ],
        ),
        "ruby" | "jruby" => interpreted("ruby", &rest, &["-e"], &["-r", "-I"]),
        "perl" => interpreted("perl", &rest, &["-e", "-E"], &["-I"]),
        "php" => interpreted("php", &rest, &["-S", "-r"], &["-d", "-c", "-t"]),
        "java" => interpreted(
            "java",
            &rest,
            &["-jar", "-m", "--module"],
            &[
                "-cp",
                "-classpath",
                "--class-path",
                "-p",
                "--module-path",
                "--add-modules",
                "--add-opens",
                "--add-exports",
            ],
        ),
        "sh" | "bash" | "dash" | "zsh" | "fish" => interpreted(stem, &rest, &["-c"], &["-o", "-O"]),
        "deno" | "bun" => subcommand(stem, &rest),
        // One program that is many: the first word says which.
        "busybox" => match rest.first() {
            Some(applet) if !applet.starts_with('-') => format!("busybox {}", base(applet)),
            _ => program.to_owned(),
        },
        _ => program.to_owned(),
    }
}

/// `python app.py`, `python -m http.server`, `java -jar shop.jar`, `gunicorn`
///
/// `telling` are the flags that stand instead of a script, `with_value` those whose
/// value must not be taken for one.
fn interpreted(name: &str, rest: &[&str], telling: &[&str], with_value: &[&str]) -> String {
    let mut words = rest.iter();
    while let Some(&word) = words.next() {
        if telling.contains(&word) {
            let value = words.next().copied().unwrap_or_default();
            // Code on the command line is no name.
            return match word {
                "-m" | "--module" | "-S" => format!("{name} {word} {value}"),
                "-jar" => format!("{name} -jar {}", base(value)),
                _ => format!("{name} {word}"),
            };
        }
        if with_value.contains(&word) {
            words.next();
        } else if !word.starts_with('-') && !word.is_empty() {
            let verb = words.next().copied().filter(|verb| VERBS.contains(verb));
            return script(name, word, verb);
        }
    }
    name.to_owned()
}

fn script(name: &str, path: &str, verb: Option<&str>) -> String {
    let file = base(path);
    if name == "java" && !file.ends_with(".java") {
        // A class: only its own name, without the packages.
        return format!("java {}", file.rsplit('.').next().unwrap_or(file));
    }
    // A command that happens to be a script goes by its own name.
    let command = !file.contains('.') && path.contains("bin/");
    match (command, verb) {
        (true, Some(verb)) => format!("{file} {verb}"),
        (true, None) => file.to_owned(),
        (false, Some(verb)) if file == "manage.py" => format!("{file} {verb}"),
        (false, Some(verb)) if !file.contains('.') => format!("{name} {file} {verb}"),
        (false, _) => format!("{name} {file}"),
    }
}

/// `bun run dev`, `deno run main.ts`, `bun server.ts`
fn subcommand(name: &str, rest: &[&str]) -> String {
    let mut words = rest.iter().filter(|word| !word.starts_with('-'));
    let Some(first) = words.next() else {
        return name.to_owned();
    };
    match (*first, words.next()) {
        ("run" | "task" | "serve" | "x", Some(second)) => {
            format!("{name} {first} {}", base(second))
        }
        _ => format!("{name} {}", base(first)),
    }
}

fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Known;
    use crate::facts::ProcId;

    fn plain_of(argv: &[&str]) -> String {
        let argv: Vec<_> = argv.iter().map(|&word| word.to_owned()).collect();
        plain("comm", &argv, None)
    }

    #[test]
    fn scripts_are_named_with_their_interpreter() {
        for (argv, name) in [
            (&["node", "server.js"][..], "node server.js"),
            (
                &[
                    "/usr/bin/node",
                    "--inspect",
                    "-r",
                    "dotenv/config",
                    "src/app.js",
                    "3000",
                ],
                "node app.js",
            ),
            (&["node", "-e", "require('x')"], "node -e"),
            (&["node"], "node"),
            (
                &["node", "/app/node_modules/.bin/serve", "-l", "3000"],
                "serve",
            ),
            (&["/usr/bin/python3.12", "-u", "app.py"], "python app.py"),
            (
                &["python3", "-m", "http.server", "80"],
                "python -m http.server",
            ),
            (&["python", "-c", "import os"], "python -c"),
            (
                &["python3", "manage.py", "runserver"],
                "manage.py runserver",
            ),
            (&["/v/bin/python", "/v/bin/gunicorn", "app:app"], "gunicorn"),
            (&["ruby", "bin/rails", "server"], "rails server"),
            (&["php", "artisan", "serve"], "php artisan serve"),
            (&["php", "-S", "localhost:8000"], "php -S localhost:8000"),
            (
                &["java", "-Xmx1g", "-jar", "/opt/shop.jar"],
                "java -jar shop.jar",
            ),
            (&["java", "-cp", "a.jar:b", "com.acme.Main"], "java Main"),
            (&["java", "src/Server.java"], "java Server.java"),
            (&["bun", "run", "dev"], "bun run dev"),
            (&["deno", "run", "-A", "src/main.ts"], "deno run main.ts"),
            (&["bun", "server.ts"], "bun server.ts"),
            (&["sh", "-c", "while :; do :; done"], "sh -c"),
            (&["-bash"], "bash"),
            (&["/usr/local/bin/caddy", "run"], "caddy"),
        ] {
            assert_eq!(plain_of(argv), name);
        }
    }

    #[test]
    fn titles_are_named_by_their_head() {
        for (title, name) in [
            ("nginx: master process /usr/sbin/nginx", "nginx"),
            ("postgres: 16/main: checkpointer ", "postgres"),
            ("/usr/bin/redis-server 127.0.0.1:6379", "redis-server"),
            ("puma 6.4.2 (tcp://0.0.0.0:3000) [shop]", "puma"),
            ("npm run dev", "npm run dev"),
        ] {
            assert_eq!(plain_of(&[title]), name);
        }
        let spaced = "/Applications/My App".to_owned();
        assert_eq!(
            plain("x", std::slice::from_ref(&spaced), Some(&spaced)),
            "My App"
        );
        assert_eq!(plain("kthreadd", &[], None), "kthreadd");
        assert_eq!(plain("x", &[String::new()], None), "x");
        assert_eq!(plain("x", &["a\x1b[1m".to_owned()], None), "a\u{fffd}[1m");
    }

    #[test]
    fn a_worker_goes_by_the_name_of_its_parent() {
        let process = |pid, parent, argv: &[&str]| {
            let mut process = super::super::blank(ProcId { pid, started: 1 });
            process.parent = parent;
            process.argv = Known::Seen(argv.iter().map(|&word| word.to_owned()).collect());
            process
        };
        let mut processes = [
            process(
                3,
                2,
                &[
                    "python3",
                    "-c",
                    "from multiprocessing.spawn import spawn_main; spawn_main()",
                    "--multiprocessing-fork",
                ],
            ),
            process(2, 1, &["python3", "serve.py"]),
        ];
        name(&mut processes);
        assert_eq!(processes[0].name, "python serve.py");
        processes[1].parent = 3;
        processes[1].argv = processes[0].argv.clone();
        name(&mut processes);
        assert_eq!(processes[0].name, "python -c");
    }
}
