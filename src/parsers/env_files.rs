//! The files of variables that a program reads before it begins: `.env` and its family.

use std::collections::{BTreeMap, HashMap};

use super::context::{Context, join};
use super::format::dotenv;
use crate::facts::{Claims, Origin};

/// One variable that a file sets.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, the references in it replaced. Only ports and hosts go further than
    /// the parser that asked.
    pub value: String,
    /// Where the value begins.
    pub origin: Origin,
    /// The value as it is written, with its quotation marks.
    pub written: String,
}

/// The variables that these files of a folder set: each once, where it holds, those of
/// the strongest file first. The names are in the order of strength, the strongest
/// first; `{mode}` in one is the mode. A file that is not there is no fault.
///
/// References are followed through all of the files and the environment, as
/// `dotenv-expand` follows them. The environment does not hold against a variable here:
/// who asks knows whether his program lets it.
pub fn variables(
    cx: &Context<'_>,
    folder: &str,
    names: &[String],
    mode: &str,
    claims: &mut Claims,
) -> Vec<Variable> {
    let mut found: Vec<Variable> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    // The weakest first, so that references see what stands before them.
    for name in names.iter().rev() {
        let Some(path) = join(folder, &name.replace("{mode}", mode)) else {
            continue;
        };
        let Some(text) = cx.text_if_there(&path, claims) else {
            continue;
        };
        for entry in dotenv::parse(&path, &text) {
            let variable = Variable {
                name: entry.name,
                value: entry.value,
                origin: entry.origin,
                written: entry.written,
            };
            // As in an object of JavaScript, a new value takes the place of the old one.
            match places.get(&variable.name) {
                Some(&at) => found[at] = variable,
                None => {
                    places.insert(variable.name.clone(), found.len());
                    found.push(variable);
                }
            }
        }
    }
    let mut before = BTreeMap::new();
    for variable in &mut found {
        variable.value = dotenv::expand(&variable.value, &before, cx.environment);
        before.insert(variable.name.clone(), variable.value.clone());
    }
    let strength = |variable: &Variable| {
        let of = |name: &String| join(folder, &name.replace("{mode}", mode));
        names
            .iter()
            .position(|name| of(name).as_ref() == Some(&variable.origin.file))
    };
    found.sort_by_key(strength);
    found
}

impl std::fmt::Debug for Variable {
    /// Without the value: it may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.name, self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parsers::context::Held;

    fn told(files: &Held, mode: &str) -> Vec<String> {
        let names = [".env.{mode}.local", ".env.local", ".env.{mode}", ".env"];
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let environment = BTreeMap::from([("BASE".to_owned(), "9".to_owned())]);
        let cx = Context {
            files,
            environment: &environment,
        };
        let mut claims = Claims::default();
        let found = variables(&cx, "web", &names, mode, &mut claims);
        assert_eq!(claims, Claims::default());
        found
            .iter()
            .map(|v| format!("{}={} {}", v.name, v.value, v.origin))
            .collect()
    }

    #[test]
    fn the_strongest_file_holds() {
        let files = Held::new([
            ("web/.env", "PORT=1\nHOST=a\nURL=x:$PORT\n"),
            ("web/.env.local", "PORT=\"2$BASE\"\n"),
            ("web/.env.test", "HOST=b\n"),
            (".env", "PORT=5\n"),
        ]);
        assert_eq!(
            told(&files, "development"),
            [
                "PORT=29 web/.env.local:1:6",
                "HOST=a web/.env:2:6",
                "URL=x:29 web/.env:3:5"
            ]
        );
        assert_eq!(told(&files, "test")[1], "HOST=b web/.env.test:1:6");
        assert_eq!(told(&Held::default(), "test"), [""; 0]);
    }
}
