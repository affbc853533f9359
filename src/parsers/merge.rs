//! One service that several files tell of is one, and no two have the same name.

use std::collections::{HashMap, HashSet};

use super::context::{folder, name as file_name};
use crate::facts::{Claims, Origin, Runs, Service};

/// Makes one of what several files say of the same service.
pub fn merge(claims: &mut Claims) {
    let before: Vec<(String, String)> = claims.services.iter().map(called).collect();
    let told = std::mem::take(&mut claims.services);
    let (kept, went) = without_repeats(told);
    claims.services = kept;
    unique_names(&mut claims.services);
    // What each of the services that were told is called now.
    let mut now: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for ((name, folder), &place) in before.iter().zip(&went) {
        let Some(service) = claims.services.get(place) else {
            continue;
        };
        now.entry(name)
            .or_default()
            .push((folder, service.name.as_str()));
    }
    let renamed = |name: &str, file: &str| {
        let called = now.get(name)?;
        let below = called
            .iter()
            .filter(|(folder, _)| folder.is_empty() || file.starts_with(folder));
        let nearest = below.max_by_key(|(folder, _)| folder.len());
        nearest
            .or(called.first())
            .map(|(_, name)| (*name).to_owned())
    };
    for ignored in &mut claims.ignored {
        if let Some(name) = renamed(&ignored.service, &ignored.origin.file) {
            ignored.service = name;
        }
    }
    for pointer in &mut claims.pointers {
        if let Some(name) = renamed(&pointer.service, &pointer.origin.file) {
            pointer.service = name;
        }
    }
    whose_pointers(claims);
    // What one service takes its port from is no setting without effect.
    let expects = claims.services.iter().flat_map(|service| &service.expects);
    let mut seen: HashSet<(Origin, String)> = expects
        .map(|expects| (expects.origin.clone(), expects.key.clone()))
        .collect();
    claims
        .ignored
        .retain(|ignored| seen.insert((ignored.origin.clone(), ignored.key.clone())));
    let mut seen = HashSet::new();
    claims
        .pointers
        .retain(|pointer| seen.insert((pointer.origin.clone(), pointer.key.clone())));
}

/// A file that is not told whose it is belongs to the one service of its folder.
fn whose_pointers(claims: &mut Claims) {
    let mut alone: HashMap<&str, Option<&str>> = HashMap::new();
    let processes = claims.services.iter().filter(|s| s.runs == Runs::Process);
    for service in processes {
        alone
            .entry(&service.folder)
            .and_modify(|one| *one = None)
            .or_insert(Some(&service.name));
    }
    for pointer in &mut claims.pointers {
        if pointer.service.is_empty()
            && let Some(Some(name)) = alone.get(folder(&pointer.origin.file))
        {
            (*name).clone_into(&mut pointer.service);
        }
    }
}

fn called(service: &Service) -> (String, String) {
    (service.name.clone(), service.folder.clone())
}

/// The services without those that were told before, and for each that was told the
/// place of the one that it is.
fn without_repeats(told: Vec<Service>) -> (Vec<Service>, Vec<usize>) {
    let mut kept: Vec<Service> = Vec::with_capacity(told.len());
    let mut went = Vec::with_capacity(told.len());
    let mut places: HashMap<(String, Option<u16>), Vec<usize>> = HashMap::new();
    for service in told {
        let same = places
            .entry((service.folder.clone(), service.port()))
            .or_default();
        let found = same.iter().find(|&&at| is_same(&kept[at], &service));
        if let Some(&at) = found {
            take_from(&mut kept[at], service);
            went.push(at);
        } else {
            same.push(kept.len());
            went.push(kept.len());
            kept.push(service);
        }
    }
    (kept, went)
}

/// Whether two services of one folder and port are the same.
fn is_same(one: &Service, other: &Service) -> bool {
    if one.runs != other.runs || (one.group.is_some() && one.group == other.group) {
        return false;
    }
    let of = |service: &Service| file_name(&service.origin.file) == "package.json";
    // Scripts of one package for one port are ways to start the same thing.
    let scripts = of(one) && of(other) && one.port().is_some();
    scripts || (one.framework.is_some() && one.framework == other.framework)
}

/// Whether a file's names are what people call their services by.
fn names_well(service: &Service) -> bool {
    file_name(&service.origin.file).starts_with("Procfile")
}

/// Adds what another file says of the same service and this one does not.
fn take_from(service: &mut Service, other: Service) {
    if names_well(&other) && !names_well(service) {
        service.name.clone_from(&other.name);
    }
    service.group = service.group.take().or(other.group);
    service.strict = service.strict.take().or(other.strict);
}

/// Names that stand twice get their folders before them. A compose service keeps its
/// name: it is the one that the compose tool knows.
fn unique_names(services: &mut [Service]) {
    let composed = |service: &Service| service.compose_project.is_some();
    let mut count: HashMap<String, usize> = HashMap::new();
    for service in services.iter() {
        *count.entry(service.name.clone()).or_default() += 1;
    }
    for service in services.iter_mut() {
        if count[&service.name] > 1 && !service.folder.is_empty() && !composed(service) {
            // `web:storybook` in apps/web is `apps/web:storybook`.
            let last = file_name(&service.folder);
            service.name = match service.name.split_once(':') {
                Some((head, part)) if head == last => format!("{}:{part}", service.folder),
                None if service.name == last => service.folder.clone(),
                _ => format!("{}/{}", service.folder, service.name),
            };
        }
    }
    let kept = services.iter().filter(|service| composed(service));
    let mut taken: HashSet<String> = kept.map(|service| service.name.clone()).collect();
    for service in services.iter_mut().filter(|service| !composed(service)) {
        if taken.insert(service.name.clone()) {
            continue;
        }
        // Two of one folder: by the script that starts them, by what they are, by where
        // they stand, by number.
        let script = service
            .group
            .as_deref()
            .and_then(|group| group.rsplit_once('#'));
        let script = script.map(|(_, script)| script);
        let framework = service.framework.as_deref().unwrap_or("process");
        let file = file_name(&service.origin.file);
        let parts = script.into_iter().chain([framework, file]);
        let mut names = parts
            .map(|part| format!("{}:{part}", service.name))
            .chain((2..).map(|number| format!("{}:{number}", service.name)));
        if let Some(name) = names.find(|name| !taken.contains(name)) {
            taken.insert(name.clone());
            service.name = name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Expectation, IgnoredSetting, Origin};

    fn service(name: &str, folder: &str, framework: &str, port: u16, file: &str) -> Service {
        Service {
            name: name.to_owned(),
            folder: folder.to_owned(),
            framework: Some(framework.to_owned()),
            origin: Origin {
                file: file.to_owned(),
                line: 1,
                column: 1,
            },
            expects: vec![Expectation {
                port: Some(port),
                ..Expectation::default()
            }],
            ..Service::default()
        }
    }

    fn names(services: Vec<Service>) -> Vec<String> {
        let mut claims = Claims {
            services,
            ..Claims::default()
        };
        merge(&mut claims);
        let all = claims.services.into_iter();
        all.map(|service| service.name).collect()
    }

    #[test]
    fn what_several_files_tell_is_one() {
        let from_package = service("shop", "", "next", 3000, "package.json");
        let from_procfile = service("web", "", "next", 3000, "Procfile.dev");
        assert_eq!(names(vec![from_package.clone(), from_procfile]), ["web"]);
        let start = service("shop:start", "", "next-start", 3000, "package.json");
        assert_eq!(names(vec![from_package.clone(), start]), ["shop"]);
        let other = service("api", "", "uvicorn", 3000, "Makefile");
        assert_eq!(names(vec![from_package, other]), ["shop", "api"]);
    }

    #[test]
    fn what_is_started_together_stays_apart() {
        let group = |name: &str| Service {
            group: Some("package.json#dev".to_owned()),
            ..service(name, "", "vite", 5173, "package.json")
        };
        assert_eq!(names(vec![group("a"), group("b")]), ["a", "b"]);
    }

    #[test]
    fn a_name_that_stands_twice_gets_its_folder() {
        let of = |folder: &str| service("web", folder, "vite", 5173, "package.json");
        let all = names(vec![of("apps/web"), of("old/site"), of("")]);
        assert_eq!(all, ["apps/web", "old/site/web", "web"]);
        let of = |port| service("web", "", "vite", port, "Procfile");
        assert_eq!(
            names(vec![of(1), of(2), of(3)]),
            ["web", "web:vite", "web:Procfile"]
        );
    }

    #[test]
    fn what_is_ignored_follows_the_name() {
        let ignored = |folder: &str| IgnoredSetting {
            service: "web".to_owned(),
            key: "PORT".to_owned(),
            origin: Origin {
                file: format!("{folder}/.env"),
                line: 1,
                column: 6,
            },
            ..IgnoredSetting::default()
        };
        let of = |folder: &str| service("web", folder, "vite", 5173, "package.json");
        let mut claims = Claims {
            services: vec![of("a"), of("b")],
            ignored: vec![ignored("a"), ignored("b"), ignored("b")],
            ..Claims::default()
        };
        merge(&mut claims);
        let whose: Vec<_> = claims.ignored.iter().map(|i| i.service.as_str()).collect();
        assert_eq!(whose, ["a/web", "b/web"]);
    }
}
