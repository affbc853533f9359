//! What holds for the claims of any files at all: the parsers take everything, and
//! what they say stands where they say it does.
//!
//! The texts are those of `tests/projects`, damaged: cut, doubled, mixed, and with
//! characters put in that mean something in one of the formats.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use devdoctor::facts::{Claims, Origin};
use devdoctor::parsers::{self, Context, Files, Unreadable};
use proptest::prelude::*;

/// Files that are held in memory.
#[derive(Debug, Clone, Default)]
struct Held(BTreeMap<String, String>);

impl Files for Held {
    fn text(&self, path: &str) -> Result<Arc<str>, Unreadable> {
        let text = self.0.get(path).ok_or(Unreadable::Missing)?;
        Ok(Arc::from(text.as_str()))
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let below = self.0.keys().filter_map(|path| {
            let rest = match folder {
                "" => Some(path.as_str()),
                folder => path.strip_prefix(folder)?.strip_prefix('/'),
            };
            rest?.split('/').next().map(str::to_owned)
        });
        let mut names: Vec<String> = below.collect();
        names.dedup();
        names
    }
}

impl Held {
    fn claims(&self, environment: &BTreeMap<String, String>) -> Claims {
        let cx = Context {
            files: self,
            environment,
        };
        let mut paths: Vec<&String> = self.0.keys().collect();
        paths.sort_by_key(|path| path.matches('/').count());
        parsers::read(&cx, &paths)
    }
}

/// The projects of `tests/projects`, each with its files.
fn projects() -> &'static [Held] {
    static PROJECTS: OnceLock<Vec<Held>> = OnceLock::new();
    PROJECTS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects");
        let mut folders: Vec<_> = std::fs::read_dir(root)
            .expect("tests/projects is there")
            .map(|entry| entry.expect("it can be listed").path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders.iter().map(|folder| read(folder)).collect()
    })
}

/// The files of a folder and of the folders below it.
fn read(root: &Path) -> Held {
    let mut held = Held::default();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("it can be listed") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let below = path.strip_prefix(root).expect("it is below");
                held.0.insert(below.display().to_string(), text);
            }
        }
    }
    held
}

/// Pieces that mean something in one of the formats.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "`",
    "${",
    "$",
    ":",
    ",",
    "=",
    "#",
    "//",
    "/*",
    "*/",
    "\\",
    "\n",
    "\r\n",
    "\t",
    " ",
    "-",
    "&a ",
    "*a",
    "<<: *a",
    "!reset ",
    "!override",
    "|",
    ">",
    "%",
    "@",
    "=>",
    "...",
    "&&",
    "||",
    ";",
    "| ",
    "<<EOF",
    "\u{feff}",
    "\u{0}",
    "\u{1b}[31m",
    "é",
    "日本",
    "3000",
    "65536",
    "-1",
    "1e9",
    "0x",
    "127.0.0.1:",
    "[::1]:80",
    "3000-3005:80",
    "port",
    "PORT=",
    "${PORT:-${PORT}}",
    "localhost",
    "export default ",
    "import x from './x'\n",
];

/// One damage to a text.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index, prop::sample::Index),
    Double(prop::sample::Index, prop::sample::Index),
    Insert(prop::sample::Index, &'static str),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), index()).prop_map(|(from, to)| Damage::Cut(from, to)),
        (index(), index()).prop_map(|(from, to)| Damage::Double(from, to)),
        (index(), prop::sample::select(PIECES)).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (index(), index()).prop_map(|(one, other)| Damage::Swap(one, other)),
    ]
}

impl Damage {
    fn done_to(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let at = |index: &prop::sample::Index| index.index(chars.len() + 1);
        let piece = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
        let end = chars.len();
        match self {
            Damage::Cut(one, other) => {
                let (from, to) = (at(one).min(at(other)), at(one).max(at(other)));
                piece(0, from) + &piece(to, end)
            }
            Damage::Double(one, other) => {
                let (from, to) = (at(one).min(at(other)), at(one).max(at(other)));
                piece(0, to) + &piece(from, end)
            }
            Damage::Insert(place, what) => piece(0, at(place)) + what + &piece(at(place), end),
            Damage::Swap(one, other) => {
                let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                if !lines.is_empty() {
                    let count = lines.len();
                    lines.swap(one.index(count), other.index(count));
                }
                lines.concat()
            }
        }
    }
}

/// Whether this is written at this place of a text.
fn stands_at(text: &str, origin: &Origin, written: &str) -> bool {
    let line = origin.line as usize - 1;
    if line > text.matches('\n').count() {
        return false;
    }
    let rest: String = text.split('\n').skip(line).collect::<Vec<_>>().join("\n");
    let column = (origin.column as usize).saturating_sub(1);
    let there: String = rest.chars().skip(column).collect();
    there.starts_with(written)
}

/// Fails if a claim stands where nothing is, or where something else is.
fn places_are_right(held: &Held, claims: &Claims) -> Result<(), TestCaseError> {
    let stands = |origin: &Origin, written: &str| {
        if origin.line == 0 {
            return true;
        }
        let Some(text) = held.0.get(&origin.file) else {
            return false;
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // To `dotenv`, as to editors, a lone carriage return ends a line, too.
        let lone = text.replace("\r\n", "\n").replace('\r', "\n");
        stands_at(text, origin, written) || stands_at(&lone, origin, written)
    };
    for service in &claims.services {
        prop_assert!(stands(&service.origin, ""), "{service:?}");
        for wants in &service.expects {
            prop_assert!(
                stands(&wants.origin, &wants.written),
                "{} does not stand at {}: {wants:?} in {:?}",
                wants.written,
                wants.origin,
                held.0.get(&wants.origin.file)
            );
        }
    }
    for pointer in &claims.pointers {
        prop_assert!(
            stands(&pointer.origin, &pointer.written),
            "{} does not stand at {}: {pointer:?} in {:?}",
            pointer.written,
            pointer.origin,
            held.0.get(&pointer.origin.file)
        );
    }
    for ignored in &claims.ignored {
        prop_assert!(stands(&ignored.origin, ""), "{ignored:?}");
    }
    for broken in &claims.broken {
        prop_assert!(stands(&broken.origin, ""), "{broken:?}");
    }
    Ok(())
}

#[test]
fn the_claims_of_every_project_stand_where_they_say() {
    for held in projects() {
        let claims = held.claims(&BTreeMap::new());
        if let Err(error) = places_are_right(held, &claims) {
            panic!("{error}\n{:?}", held.0.keys());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn parsers_take_everything(
        project in any::<prop::sample::Index>(),
        file in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..6),
        port in prop::option::of("[0-9]{0,6}|\\PC{0,4}"),
    ) {
        let mut held = projects()[project.index(projects().len())].clone();
        let count = held.0.len();
        if let Some(text) = held.0.values_mut().nth(file.index(count.max(1))) {
            for damage in &damages {
                *text = damage.done_to(text);
            }
        }
        let environment = port.map(|port| ("PORT".to_owned(), port)).into_iter().collect();
        let claims = held.claims(&environment);
        places_are_right(&held, &claims)?;
    }

    #[test]
    fn parsers_take_any_text_under_any_name(
        name in prop::sample::select(NAMES),
        pieces in prop::collection::vec(prop_oneof![
            3 => prop::sample::select(PIECES).prop_map(str::to_owned),
            1 => "\\PC{0,8}",
        ], 0..60),
    ) {
        let held = Held([(name.to_owned(), pieces.concat())].into());
        let claims = held.claims(&BTreeMap::new());
        places_are_right(&held, &claims)?;
    }
}

/// A file of every kind, those that other files ask for among them.
const NAMES: &[&str] = &[
    ".env",
    "package.json",
    "vite.config.ts",
    "compose.yaml",
    "Dockerfile",
    "Procfile",
    "Makefile",
    "justfile",
    "Taskfile.yml",
    "mprocs.yaml",
    "process-compose.yaml",
    ".vscode/launch.json",
    ".vscode/tasks.json",
    ".devcontainer/devcontainer.json",
    "Properties/launchSettings.json",
    "src/main/resources/application.properties",
    "src/main/resources/application.yml",
    "config/puma.rb",
    "gunicorn.conf.py",
    "app.py",
    "pyproject.toml",
    "Rocket.toml",
    "Trunk.toml",
    "wrangler.toml",
    "firebase.json",
    "supabase/config.toml",
    "Caddyfile",
    "nginx.conf",
    "angular.json",
    "playwright.config.ts",
];

#[test]
fn a_file_of_every_kind_is_taken() {
    for path in NAMES {
        let name = path.rsplit('/').next().unwrap_or(path);
        let asked_for = ["vite.config.ts", "gunicorn.conf.py"].contains(path);
        assert!(parsers::takes(name) || asked_for, "{path}");
    }
}
