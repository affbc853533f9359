//! From a command to the service that it starts: what the catalogue's row says about
//! flags, variables, files and defaults, applied to this command in this folder.
//!
//! One function makes every expectation of a process, whatever file names the command.

pub mod address;
mod candidates;
mod outcome;
mod settings;
mod unlisted;

use crate::facts::{
    Claims, Expectation, IgnoredSetting, Origin, Recognised, Service, SetBy, UnknownSetting,
    catalogue,
};

use super::Context;
use super::command::{Command, Word};
use super::context::{join, name};
use super::packages::Packages;
use super::wrappers::{self, Run};
use settings::Settings;

/// A command that a file names, and what that file says of it.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The service's name.
    pub name: String,
    /// The folder that the command runs in, seen from the project's root.
    pub folder: String,
    /// Where the service is named.
    pub origin: Origin,
    /// What starts it.
    pub start: Vec<String>,
    /// What starts it together with others.
    pub group: Option<String>,
    /// The command.
    pub command: &'a Command,
}

/// A service that a command starts, and the settings that it ignores.
#[derive(Debug)]
pub struct Launched {
    /// The service.
    pub service: Service,
    /// Settings that it does not read.
    pub ignored: Vec<IgnoredSetting>,
}

/// The service that a command starts, for a file that starts one: of several servers
/// it is the first.
pub fn service(cx: &Context<'_>, launch: &Launch<'_>, claims: &mut Claims) -> Option<Service> {
    let packages = Packages::new(cx);
    let first = services(&packages, launch, claims).into_iter().next()?;
    claims.ignored.extend(first.ignored);
    Some(first.service)
}

/// The services that a command starts, in its order, with what they ignore; none if it
/// starts no server that is known. Wrappers (`npx`, `cross-env`, `npm run`) are looked
/// through. It is for the caller to add either to the claims.
pub fn services(
    packages: &Packages<'_>,
    launch: &Launch<'_>,
    claims: &mut Claims,
) -> Vec<Launched> {
    let (runs, _) = wrappers::unwrapped(packages, launch.command, &launch.folder);
    services_of(packages, launch, &runs, claims)
}

/// The same where it is known already what the command comes to.
pub fn services_of(
    packages: &Packages<'_>,
    launch: &Launch<'_>,
    runs: &[Run],
    claims: &mut Claims,
) -> Vec<Launched> {
    let mut servers: Vec<Launched> = Vec::new();
    for run in runs {
        servers.extend(started(packages.cx, launch, run, claims));
    }
    // What is started together tells its parts apart by the names they have there.
    if servers.len() > 1 {
        let group = launch.group.clone();
        let mut names = Vec::new();
        for (at, launched) in servers.iter_mut().enumerate() {
            launched.service.group.clone_from(&group);
            if names.contains(&launched.service.name) {
                let part = launched.service.framework.clone();
                let part = part.unwrap_or_else(|| (at + 1).to_string());
                launched.rename(format!("{}:{part}", launched.service.name));
            }
            names.push(launched.service.name.clone());
        }
    }
    servers
}

impl Launched {
    /// Gives it another name.
    pub fn rename(&mut self, name: String) {
        for ignored in &mut self.ignored {
            ignored.service.clone_from(&name);
        }
        self.service.name = name;
    }
}

/// The service that one command starts when everything around it is taken off.
fn started(
    cx: &Context<'_>,
    launch: &Launch<'_>,
    run: &Run,
    claims: &mut Claims,
) -> Option<Launched> {
    let folder = match &run.command.folder {
        Some(below) => join(&run.folder, below)?,
        None => run.folder.clone(),
    };
    let mut settings = Settings::new(cx, &run.command, &folder, claims);
    let argv: Vec<String> = settings.argv.iter().map(|word| word.text.clone()).collect();
    let named = run.origin.as_ref().unwrap_or(&launch.origin);
    let recognised = catalogue()
        .recognised("", &argv)
        .or_else(|| installed(named, &argv));
    // A watcher does not listen itself: what it runs may.
    let serves = |found: &Recognised<'_>| !found.framework.watcher && !found.framework.forwarder;
    let (framework, found) = match recognised.filter(serves) {
        Some(found) => (Some(found.framework), settings.of(&found)),
        None => (None, settings.unlisted()?),
    };
    let name = run.name.clone().unwrap_or_else(|| launch.name.clone());
    let origin = run.origin.clone().unwrap_or_else(|| launch.origin.clone());
    let mut expects = found.expects;
    for expects in &mut expects {
        // A default, and a variable of the user's own environment, stand in no file.
        if expects.origin.file.is_empty() {
            expects.origin.clone_from(&origin);
        }
    }
    let ignored = found
        .ignored
        .into_iter()
        .map(|(key, word, why)| IgnoredSetting {
            service: name.clone(),
            framework: framework.map(|row| row.key.clone()).unwrap_or_default(),
            key,
            port: word.text.trim().parse().ok(),
            origin: word.origin,
            why,
        });
    Some(Launched {
        ignored: ignored.collect(),
        service: Service {
            name,
            folder,
            origin,
            framework: framework.map(|row| row.key.clone()),
            start: run.start.clone().unwrap_or_else(|| launch.start.clone()),
            expects,
            unknown: found.unknown,
            strict: found.strict,
            group: launch.group.clone(),
            ..Service::default()
        },
    })
}

/// The server that a script of a `package.json` starts by the name that its package has
/// in `node_modules/.bin`, where scripts find it: `serve` means much elsewhere.
fn installed(named: &Origin, argv: &[String]) -> Option<Recognised<'static>> {
    let program = argv.first().filter(|program| !program.contains('/'))?;
    if name(&named.file) != "package.json" {
        return None;
    }
    let mut argv = argv.to_vec();
    argv[0] = format!("node_modules/.bin/{program}");
    catalogue().recognised("", &argv)
}

/// What the settings of one command come to.
#[derive(Debug, Default)]
struct Outcome {
    expects: Vec<Expectation>,
    unknown: Vec<UnknownSetting>,
    strict: Option<Origin>,
    /// The setting, the value, and why it has no effect.
    ignored: Vec<(String, Word, String)>,
}

/// One value that may set a port or a host.
#[derive(Debug, Clone)]
struct Candidate {
    by: SetBy,
    key: String,
    value: Word,
}
