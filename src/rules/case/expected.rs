//! What a case asks of the claims of projects: who should be on the asked port, and
//! which processes and containers those are.

use super::Case;
use crate::facts::{
    Claims, Container, Expectation, Process, Project, Runs, Service, catalogue, is_below,
};

/// A service that should have a port, with what says so.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The project whose files say it.
    pub project: &'a Project,
    /// Who should have it.
    pub service: &'a Service,
    /// What says so.
    pub by: &'a Expectation,
}

impl<'a> Case<'a> {
    /// The outermost project that the user stands in: its files are read.
    #[must_use]
    pub fn own_project(&self) -> Option<&'a Project> {
        self.facts.own_project()
    }

    /// What the files of the user's own project say, if they were read.
    #[must_use]
    pub fn claims(&self) -> Option<&'a Claims> {
        Some(self.own_project()?.claims.seen()?.as_ref())
    }

    /// The services of the user's project that should have the asked port: those that
    /// are on first, and of these the ones whose folder the user stands in.
    #[must_use]
    pub fn expected(&self) -> Vec<Expected<'a>> {
        self.own_project()
            .map(|own| self.expected_by(own))
            .unwrap_or_default()
    }

    /// The services of other projects that should have the asked port.
    #[must_use]
    pub fn expected_elsewhere(&self) -> Vec<Expected<'a>> {
        let own = self.own_project().map(|own| own.root.as_str());
        let others = self.facts.projects.items().iter();
        others
            .filter(|other| Some(other.root.as_str()) != own)
            .flat_map(|other| self.expected_by(other))
            .collect()
    }

    /// The services of one project that should have the asked port.
    #[must_use]
    pub fn expected_by(&self, project: &'a Project) -> Vec<Expected<'a>> {
        let Some(claims) = project.claims.seen() else {
            return Vec::new();
        };
        let cwd = self.facts.host.cwd.as_deref();
        let mut found: Vec<Expected<'a>> = claims
            .expecting(self.port())
            .map(|(service, by)| Expected {
                project,
                service,
                by,
            })
            .collect();
        found.sort_by_key(|expected| {
            let folder = service_folder(project, expected.service);
            let around = cwd.is_some_and(|cwd| is_below(cwd, &folder));
            // The nearest folder around the user is the longest.
            let nearness = if around { folder.len() } else { 0 };
            (!expected.service.is_on(), std::cmp::Reverse(nearness))
        });
        found
    }

    /// The services that a process of the project may run, as far as its folder and its
    /// command tell.
    #[must_use]
    pub fn services_of(&self, process: &Process) -> Vec<(&'a Project, &'a Service)> {
        let projects = self.facts.projects.items().iter();
        projects
            .filter_map(|project| Some((project, project.claims.seen()?)))
            .flat_map(|(project, claims)| {
                let services = claims.services.iter();
                services.map(move |service| (project, service))
            })
            .filter(|(project, service)| may_run(project, service, process))
            .collect()
    }

    /// The processes that run a service, wrappers such as `npm run dev` among them.
    #[must_use]
    pub fn service_processes(&self, of: &Expected<'a>) -> Vec<&'a Process> {
        self.every_process()
            .filter(|process| self.runs(of.project, of.service, process))
            .collect()
    }

    /// The containers that run a service, up or not.
    #[must_use]
    pub fn service_containers(&self, of: &Expected<'a>) -> Vec<&'a Container> {
        if of.service.runs != Runs::Container {
            return Vec::new();
        }
        let containers = self.facts.containers.items().iter();
        containers
            .filter(|container| is_run_by(container, of.project, of.service))
            .collect()
    }

    /// Whether the files of the user's project tell the port of every server there is:
    /// there are services, and none of their ports is unknown.
    #[must_use]
    pub fn is_told_of_every_port(&self) -> bool {
        self.claims().is_some_and(|claims| {
            let told =
                |service: &Service| service.unknown.is_empty() && !service.expects.is_empty();
            !claims.services.is_empty() && !claims.cut && claims.services.iter().all(told)
        })
    }

    /// The first port above this one that nobody has and no service of the user's
    /// project should have.
    #[must_use]
    pub fn free_port(&self, above: u16) -> Option<u16> {
        let wanted = |port: u16| {
            let claims = self.claims();
            claims.is_some_and(|claims| claims.expecting(port).next().is_some())
        };
        let listeners = self.facts.listeners.seen()?;
        (above.checked_add(1)?..)
            .find(|port| !wanted(*port) && listeners.iter().all(|l| l.at.port() != *port))
    }

    /// Whether a process runs a service: it stands in its folder and runs its framework,
    /// or its very command, and it is not on the port of another service that does.
    #[must_use]
    pub fn runs(&self, project: &Project, service: &Service, process: &Process) -> bool {
        may_run(project, service, process) && !self.is_another(project, service, process)
    }

    /// Whether a process listens where another service should be that it may run, too.
    fn is_another(&self, project: &Project, service: &Service, process: &Process) -> bool {
        let Some(claims) = project.claims.seen() else {
            return false;
        };
        let ports: Vec<u16> = self.listeners_of(process.id).map(|l| l.at.port()).collect();
        let is_on = |other: &Service| {
            let mut wants = other.expects.iter().filter_map(|wants| wants.port);
            wants.any(|port| ports.contains(&port))
        };
        let mut others = claims.services.iter().filter(|other| *other != service);
        !is_on(service) && others.any(|other| is_on(other) && may_run(project, other, process))
    }
}

/// Whether a process stands in the service's folder and runs its framework, or its very
/// command.
fn may_run(project: &Project, service: &Service, process: &Process) -> bool {
    service.runs == Runs::Process
        && is_in_folder(project, service, process)
        && fits(service, process)
}

/// Whether a container was made by compose for this service.
#[must_use]
pub fn is_run_by(container: &Container, project: &Project, service: &Service) -> bool {
    let Some(compose) = &container.compose else {
        return false;
    };
    let folder = service_folder(project, service);
    let name = service.compose_project.as_deref();
    let place = compose.working_dir.as_deref();
    service.runs == Runs::Container
        && compose.service == service.name
        && (place == Some(&folder)
            || name == Some(&compose.project)
                && place.is_none_or(|place| is_below(place, &project.root)))
}

/// The folder of a service.
#[must_use]
pub fn service_folder(project: &Project, service: &Service) -> String {
    join(&project.root, &service.folder)
}

/// A path of a project, seen from its root.
#[must_use]
pub fn join(root: &str, path: &str) -> String {
    let root = root.trim_end_matches('/');
    match path {
        "" if root.is_empty() => "/".to_owned(),
        "" => root.to_owned(),
        path => format!("{root}/{path}"),
    }
}

/// Whether the process stands in the service's folder, or below it with no other
/// service's folder in between.
pub fn is_in_folder(project: &Project, service: &Service, process: &Process) -> bool {
    let Some(place) = process.cwd.seen().or(process.project.as_ref()) else {
        return false;
    };
    let folder = service_folder(project, service);
    let Some(claims) = project.claims.seen() else {
        return false;
    };
    let deeper = |other: &Service| {
        let other = service_folder(project, other);
        other != folder && is_below(&other, &folder) && is_below(place, &other)
    };
    is_below(place, &folder) && !claims.services.iter().any(deeper)
}

/// Whether a process runs what the service runs: its framework, or its very command.
fn fits(service: &Service, process: &Process) -> bool {
    let key = process.framework.as_deref();
    if key.is_some() && key == service.framework.as_deref() {
        return true;
    }
    let argv = process.argv.seen().map_or(&[][..], Vec::as_slice);
    // A title that a server writes over its command line may be that of several of its
    // commands: `next-server` is of `next dev` and of `next start`.
    let title = |key: Option<&str>| Some(catalogue().framework(key?)?.title.as_str());
    let titled = matches!(argv, [] | [_]);
    if titled && key.is_some() && title(key) == title(service.framework.as_deref()) {
        return true;
    }
    is_command(&service.start, argv)
}

/// Whether a process was started by this command, or is its interpreter's way to run it:
/// `node /usr/bin/npm run dev`, or the title `npm run dev`.
fn is_command(start: &[String], argv: &[String]) -> bool {
    fn base(word: &str) -> &str {
        let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
        let stem = name.strip_suffix(".js").or(name.strip_suffix(".cjs"));
        stem.unwrap_or(name)
    }
    let found: Vec<&str> = match argv {
        [title] => title.split_whitespace().collect(),
        words => words.iter().map(String::as_str).collect(),
    };
    let Some((program, rest)) = start.split_first() else {
        return false;
    };
    // An interpreter may stand before the program.
    let Some(at) = found
        .iter()
        .take(2)
        .position(|word| base(word).trim_end_matches("-cli") == base(program))
    else {
        return false;
    };
    let mut words = found.iter().skip(at + 1);
    !rest.is_empty()
        && rest
            .iter()
            .all(|wanted| words.any(|word| base(word) == base(wanted)))
        || rest.is_empty() && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_command_is_known_by_its_words_however_it_is_run() {
        let npm = words("npm run dev");
        assert!(is_command(&npm, &["npm run dev".to_owned()]));
        assert!(is_command(&npm, &words("node /usr/bin/npm run dev")));
        assert!(is_command(&npm, &words("node /lib/npm-cli.js run dev")));
        assert!(!is_command(&npm, &words("npm run build")));
        assert!(!is_command(&npm, &words("vim npm run")));
        assert!(!is_command(&[], &npm));
        assert!(is_command(&words("vite"), &words("node /x/.bin/vite")));
        assert!(!is_command(
            &words("vite"),
            &words("node /x/.bin/vite build")
        ));
        let django = words("python manage.py runserver");
        assert!(is_command(
            &django,
            &words("/x/bin/python manage.py runserver 8000")
        ));
    }

    #[test]
    fn a_path_is_joined_to_its_root() {
        assert_eq!(join("/srv/shop/", "apps/web"), "/srv/shop/apps/web");
        assert_eq!(join("/", "web"), "/web");
        assert_eq!(join("/", ""), "/");
        assert_eq!(join("/srv", ""), "/srv");
    }
}
