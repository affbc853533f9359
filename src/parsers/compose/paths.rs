//! The paths of a service, which its file sees from a folder of its own.

use super::merge;
use crate::parsers::context::join;
use crate::parsers::format::yaml::{Kind, Yaml};

/// Makes the paths of a service, as they stand in a file, be seen from the root. One
/// that leads out of the project is forgotten.
pub(super) fn place(service: &mut Yaml, folder: &str) {
    let Kind::Table(entries) = &mut service.kind else {
        return;
    };
    for entry in entries {
        match entry.key.as_str() {
            "build" => {
                let value = std::mem::replace(&mut entry.value.kind, Kind::Null);
                let value = Yaml {
                    kind: value,
                    ..entry.value.clone()
                };
                entry.value = merge::build(value);
                if let Kind::Table(build) = &mut entry.value.kind {
                    for context in build.iter_mut().filter(|entry| entry.key == "context") {
                        seen_from_root(&mut context.value, folder);
                    }
                }
            }
            "env_file" => {
                let value = std::mem::replace(&mut entry.value.kind, Kind::Null);
                let value = Yaml {
                    kind: value,
                    ..entry.value.clone()
                };
                entry.value = merge::listed(value);
                if let Kind::List(files) = &mut entry.value.kind {
                    for file in files {
                        match &mut file.kind {
                            Kind::Table(keys) => {
                                for path in keys.iter_mut().filter(|entry| entry.key == "path") {
                                    seen_from_root(&mut path.value, folder);
                                }
                            }
                            _ => seen_from_root(file, folder),
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn seen_from_root(yaml: &mut Yaml, folder: &str) {
    if let Kind::Text(text) = &yaml.kind {
        yaml.kind = join(folder, text).map_or(Kind::Null, Kind::Text);
    }
}
