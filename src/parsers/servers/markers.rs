//! Files whose presence says what is started beside them, by a command that everybody
//! uses: `manage.py`, `artisan`, `mkdocs.yml`.

use super::has;
use crate::facts::{Claims, Origin};
use crate::parsers::command::commands;
use crate::parsers::context::{Context, join, name};
use crate::parsers::launch::{Launch, service};

/// One kind of file.
struct Marker {
    /// The file, seen from the folder that the command runs in.
    file: &'static str,
    /// What starts the server, and its program's key in the catalogue.
    command: &'static str,
    framework: &'static str,
    /// Keys of servers that, where a command starts one here, are the same application.
    instead: &'static [&'static str],
    /// Whether the file, or what stands beside it, really means this.
    means: fn(beside: &Beside<'_>) -> bool,
}

/// A file and what stands beside it.
struct Beside<'a> {
    cx: &'a Context<'a>,
    path: &'a str,
    folder: &'a str,
    names: Vec<String>,
}

impl Beside<'_> {
    /// Whether a file of the folder holds one of these words.
    fn holds(&self, file: &str, words: &[&str]) -> bool {
        let text = join(self.folder, file).and_then(|path| self.cx.files.text(&path).ok());
        text.is_some_and(|text| words.iter().any(|word| text.contains(word)))
    }

    fn has(&self, file: &str) -> bool {
        has(&self.names, file)
    }
}

const MARKERS: &[Marker] = &[
    Marker {
        file: "manage.py",
        command: "python manage.py runserver",
        framework: "django",
        instead: &[],
        means: |beside| beside.holds("manage.py", &["DJANGO_SETTINGS_MODULE"]),
    },
    Marker {
        file: ".flaskenv",
        command: "flask run",
        framework: "flask",
        instead: &["gunicorn", "uvicorn", "waitress"],
        means: |beside| {
            beside.has("app.py")
                || beside.has("wsgi.py")
                || beside.holds(".flaskenv", &["FLASK_APP"])
        },
    },
    Marker {
        file: "mkdocs.yml",
        command: "mkdocs serve",
        framework: "mkdocs",
        instead: &[],
        means: |_| true,
    },
    Marker {
        file: "config/puma.rb",
        command: "bin/rails server",
        framework: "rails",
        instead: &["puma", "rackup"],
        means: |beside| beside.holds("config/application.rb", &["Rails"]),
    },
    Marker {
        file: "config/puma.rb",
        command: "bundle exec puma",
        framework: "puma",
        instead: &["rails", "rackup"],
        means: |beside| {
            beside.has("config.ru") && !beside.holds("config/application.rb", &["Rails"])
        },
    },
    Marker {
        file: "artisan",
        command: "php artisan serve",
        framework: "laravel",
        instead: &[],
        means: |beside| beside.holds("composer.json", &["laravel/"]),
    },
    Marker {
        file: "config/dev.exs",
        command: "mix phx.server",
        framework: "phoenix",
        instead: &[],
        means: |beside| beside.holds("mix.exs", &[":phoenix"]),
    },
    Marker {
        file: "_config.yml",
        command: "bundle exec jekyll serve",
        framework: "jekyll",
        instead: &[],
        means: |beside| beside.holds("Gemfile", &["jekyll", "github-pages"]),
    },
    Marker {
        file: "hugo.toml",
        command: "hugo server",
        framework: "hugo",
        instead: &[],
        means: |_| true,
    },
    Marker {
        file: "hugo.yaml",
        command: "hugo server",
        framework: "hugo",
        instead: &[],
        means: |_| true,
    },
    Marker {
        file: "Trunk.toml",
        command: "trunk serve",
        framework: "trunk",
        instead: &[],
        means: |_| true,
    },
    Marker {
        file: "wrangler.toml",
        command: "npx wrangler dev",
        framework: "wrangler",
        // What builds the worker itself serves it, too.
        instead: &["vite", "astro", "remix", "react-router", "next"],
        means: |_| true,
    },
    Marker {
        file: "wrangler.jsonc",
        command: "npx wrangler dev",
        framework: "wrangler",
        instead: &["vite", "astro", "remix", "react-router", "next"],
        means: |_| true,
    },
    Marker {
        file: "wrangler.json",
        command: "npx wrangler dev",
        framework: "wrangler",
        instead: &["vite", "astro", "remix", "react-router", "next"],
        means: |_| true,
    },
    Marker {
        file: ".streamlit/config.toml",
        command: "streamlit run app.py",
        framework: "streamlit",
        instead: &[],
        means: |beside| beside.holds("app.py", &["streamlit"]),
    },
    Marker {
        file: ".streamlit/config.toml",
        command: "streamlit run streamlit_app.py",
        framework: "streamlit",
        instead: &[],
        means: |beside| beside.has("streamlit_app.py"),
    },
];

/// Whether this may be such a file.
pub fn takes(own: &str) -> bool {
    MARKERS.iter().any(|marker| name(marker.file) == own)
}

/// Adds the server that is started beside this file.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    for marker in MARKERS {
        let Some(folder) = beside(path, marker.file) else {
            continue;
        };
        let beside = Beside {
            cx,
            path,
            folder,
            names: cx.files.names(folder),
        };
        if (marker.means)(&beside) && !is_started(claims, folder, marker) {
            start(&beside, marker, claims);
        }
    }
}

/// The folder from which a path is seen so.
fn beside<'a>(path: &'a str, file: &str) -> Option<&'a str> {
    let rest = path.strip_suffix(file)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_suffix('/')
}

/// Whether a command was found that starts this here.
fn is_started(claims: &Claims, folder: &str, marker: &Marker) -> bool {
    claims.services.iter().any(|told| {
        let key = told.framework.as_deref().unwrap_or_default();
        told.folder == folder && (key == marker.framework || marker.instead.contains(&key))
    })
}

fn start(beside: &Beside<'_>, marker: &Marker, claims: &mut Claims) {
    let origin = Origin {
        file: beside.path.to_owned(),
        line: 0,
        column: 0,
    };
    let own = name(beside.folder);
    for command in commands(marker.command, &|_| origin.clone()) {
        let launch = Launch {
            name: if own.is_empty() {
                marker.framework
            } else {
                own
            }
            .to_owned(),
            folder: beside.folder.to_owned(),
            origin: origin.clone(),
            start: marker.command.split(' ').map(str::to_owned).collect(),
            group: None,
            command: &command,
        };
        if let Some(made) = service(beside.cx, &launch, claims) {
            claims.services.push(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    const MANAGE: &str = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')";

    fn told(files: &Held) -> Vec<String> {
        let claims = files.claims();
        let told = claims.services.iter().map(|service| {
            let expects = service.expects.iter();
            let expects: Vec<_> = expects
                .map(|e| format!("{:?} {:?} {}", e.port, e.host, e.origin))
                .collect();
            format!(
                "{} {} | {}",
                service.name,
                service.start.join(" "),
                expects.join(", ")
            )
        });
        told.collect()
    }

    #[test]
    fn what_stands_there_is_started() {
        let files = Held::new([
            ("api/manage.py", MANAGE),
            (
                "docs/mkdocs.yml",
                "site_name: x\ndev_addr: 127.0.0.1:8001\n",
            ),
            (".flaskenv", "FLASK_APP=web\nFLASK_RUN_PORT=5001\n"),
            ("shop/config/puma.rb", "port ENV.fetch(\"PORT\", 3001)\n"),
            (
                "shop/config/application.rb",
                "module Shop; class A < Rails::Application",
            ),
            ("blog/artisan", "#!/usr/bin/env php"),
            (
                "blog/composer.json",
                "{\"require\": {\"laravel/framework\": \"^12\"}}",
            ),
            ("blog/.env", "SERVER_PORT=8009\n"),
            ("forum/mix.exs", "{:phoenix, \"~> 1.8\"}"),
            (
                "forum/config/dev.exs",
                "config :f, F, http: [ip: {0, 0, 0, 0}, port: 4001]\n",
            ),
            ("board/.streamlit/config.toml", "[server]\nport = 8502\n"),
            ("board/app.py", "import streamlit as st\n"),
        ]);
        let mut found = told(&files);
        found.sort();
        assert_eq!(
            found,
            [
                "api python manage.py runserver | Some(8000) None api/manage.py",
                "blog php artisan serve | Some(8009) None blog/.env:1:13",
                "board streamlit run app.py | Some(8502) None board/.streamlit/config.toml:2:8",
                "docs mkdocs serve | Some(8001) Some(\"127.0.0.1\") docs/mkdocs.yml:2:21",
                "flask flask run | Some(5001) None .flaskenv:2:16",
                "forum mix phx.server | Some(4001) Some(\"0.0.0.0\") forum/config/dev.exs:1:46",
                "shop bin/rails server | Some(3001) None shop/config/puma.rb:1:24",
            ]
        );
    }

    #[test]
    fn what_a_script_starts_is_not_started_twice() {
        let files = Held::new([
            (
                "package.json",
                r#"{"scripts": {"api": "python manage.py runserver 8003"}}"#,
            ),
            ("manage.py", MANAGE),
        ]);
        let found = told(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        let files = Held::new([("manage.py", "print('not that')")]);
        assert_eq!(told(&files), [""; 0]);
    }
}
