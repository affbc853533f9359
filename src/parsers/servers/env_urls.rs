//! Addresses in files of variables: `DATABASE_URL`, `API_URL`, `DB_HOST` with `DB_PORT`.

use crate::facts::{Claims, Origin, Pointer};
use crate::parsers::context::{Context, folder};
use crate::parsers::env_files::{Variable, variables};
use crate::parsers::pointers::{self, Setting, is_here, is_one_word};

/// The files of variables that hold on a developer's machine, the strongest first.
const FILES: &[&str] = &[
    ".env.development.local",
    ".env.local",
    ".env.development",
    ".env.dev",
    ".env",
];

/// Files beside which files of variables stand. They are mostly kept out of the
/// repository, so that looking for themselves would not find them.
const BESIDE: &[&str] = &[
    "package.json",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "manage.py",
    "pyproject.toml",
    "requirements.txt",
    "Gemfile",
    "composer.json",
    "Cargo.toml",
    "go.mod",
    "mix.exs",
    "deno.json",
    "Procfile",
    "Makefile",
];

/// Variables that name addresses and that nobody dials.
const NOT_DIALLED: &[&str] = &["CORS", "ORIGIN", "ALLOWED", "TRUSTED", "WHITELIST", "CSRF"];

/// What stands before `_HOST` and `_PORT` of a program's own address.
const OWN: &[&str] = &[
    "SERVER",
    "APP",
    "WEB",
    "HTTP",
    "HTTPS",
    "LISTEN",
    "BIND",
    "DEV",
    "DEV_SERVER",
    "VITE",
    "HMR",
    "NUXT",
    "NITRO",
    "NEXT",
    "UVICORN",
    "GUNICORN",
    "FLASK",
    "FLASK_RUN",
    "STREAMLIT_SERVER",
    "GRADIO_SERVER",
    "SPRING",
    "QUARKUS_HTTP",
];

/// Whether files of variables stand beside a file of this name, or it is one.
pub fn takes(name: &str) -> bool {
    FILES.contains(&name) || BESIDE.contains(&name)
}

/// Adds the addresses in the files of variables of a file's folder.
pub fn read(cx: &Context<'_>, path: &str, claims: &mut Claims) {
    let folder = folder(path);
    let names: Vec<String> = FILES.iter().map(|&name| name.to_owned()).collect();
    let found = variables(cx, folder, &names, "development", claims);
    // Several files of one folder lead here; what is told twice is taken out at the end.
    let dialled = found.iter().flat_map(|variable| dialled(variable, &found));
    claims.pointers.extend(dialled);
}

/// The addresses that the variables of an environment name. Where they are set is not
/// known then.
pub fn of_environment<'a>(set: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Pointer> {
    let variables = set.map(|(name, value)| Variable {
        name: name.to_owned(),
        value: value.to_owned(),
        origin: Origin::default(),
        written: String::new(),
    });
    let all: Vec<Variable> = variables.collect();
    all.iter().flat_map(|one| dialled(one, &all)).collect()
}

/// The addresses that a variable names.
fn dialled(variable: &Variable, all: &[Variable]) -> Vec<Pointer> {
    let key = variable.name.to_ascii_uppercase();
    if NOT_DIALLED.iter().any(|word| key.contains(word)) {
        return Vec::new();
    }
    let mut setting = Setting {
        service: "",
        key: &variable.name,
        value: &variable.value,
        origin: &variable.origin,
        written: &variable.written,
        inside: false,
    };
    if variable.value.contains("://") {
        return pointers::of(&setting, &|host| is_here(host) || is_one_word(host));
    }
    let Some(own) = key.strip_suffix("_PORT") else {
        return pointers::of(&setting, &is_here);
    };
    // A pair: the host stands in another variable.
    let host = all.iter().find(|other| {
        let other = other.name.to_ascii_uppercase();
        other
            .strip_suffix("_HOST")
            .or(other.strip_suffix("_HOSTNAME"))
            == Some(own)
    });
    let Some(host) = host.filter(|_| !OWN.contains(&own)) else {
        return Vec::new();
    };
    let address = format!("{}:{}", host.value.trim(), variable.value.trim());
    setting.value = &address;
    let mut found = pointers::of(&setting, &|host| is_here(host) || is_one_word(host));
    for pointer in &mut found {
        // Only the port stands here.
        let written = setting.written.trim_matches(['"', '\'', '`']);
        let plain = written.parse() == Ok(pointer.port);
        pointer.written = if plain { written } else { "" }.to_owned();
        let quoted = u32::from(plain && written.len() < setting.written.len());
        pointer.origin.clone_from(&variable.origin);
        pointer.origin.column += quoted;
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::parsers::context::Held;

    fn told(files: &Held) -> Vec<String> {
        let claims = files.claims();
        let told = claims.pointers.iter().map(|p| {
            let scheme = p.scheme.as_deref().unwrap_or("-");
            format!(
                "{} {} {scheme} {}:{} [{}]",
                p.origin, p.key, p.host, p.port, p.written
            )
        });
        told.collect()
    }

    #[test]
    fn addresses_are_found_and_passwords_are_not() {
        let files = Held::new([
            ("package.json", "{}"),
            (
                ".env",
                "DATABASE_URL=\"postgres://me:s3cret@localhost:5433/app\"\n\
                 NEXT_PUBLIC_API_URL=http://localhost:8080/v1\n\
                 STRIPE=https://api.stripe.com\n\
                 DB_HOST=127.0.0.1\nDB_PORT='3307'\n\
                 HOST=127.0.0.1\nPORT=3000\nSERVER_HOST=localhost\nSERVER_PORT=1\n\
                 CORS_ORIGIN=http://localhost:3000\nKAFKA=localhost:9092\n",
            ),
            (".env.local", "REDIS_URL=redis://redis\n"),
            ("requirements.txt", ""),
        ]);
        assert_eq!(
            told(&files),
            [
                ".env.local:1:19 REDIS_URL redis redis:6379 [redis]",
                ".env:1:36 DATABASE_URL postgres localhost:5433 [localhost:5433]",
                ".env:2:28 NEXT_PUBLIC_API_URL http localhost:8080 [localhost:8080]",
                ".env:5:10 DB_PORT - 127.0.0.1:3307 [3307]",
                ".env:11:7 KAFKA - localhost:9092 [localhost:9092]",
            ]
        );
        let claims = format!("{:?}", files.claims());
        assert!(!claims.contains("s3cret") && !claims.contains("//me"));
    }

    #[test]
    fn a_stronger_file_holds() {
        let files = Held::new([
            ("web/package.json", "{}"),
            ("web/.env", "API_URL=http://localhost:1\n"),
            ("web/.env.local", "API_URL=http://localhost:2\n"),
        ]);
        assert_eq!(
            told(&files),
            ["web/.env.local:1:16 API_URL http localhost:2 [localhost:2]"]
        );
    }
}
