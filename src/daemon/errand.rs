//! Looks that need most of this program: diagnoses, and the parsers of project files. Each
//! is an errand, on which the daemon sends a `devdoctor` of its own: that reads the errand
//! as JSON and prints what it saw. So the daemon holds neither what they take nor their code,
//! and one that hangs or breaks, over a file of which nobody has thought, is ended and harms
//! nobody.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::looks::Unasked;
use crate::diagnose::{self, Extent, Given};
use crate::facts::{Departed, Gap, Project, Target};
use crate::findings::{PortsReport, ProjectReport, Report};
use crate::settings::Settings;
use crate::sources::{own, projects};

/// How long the process may take beyond what its looks may.
const GRACE: Duration = Duration::from_secs(2);
/// The words that make this program run an errand.
const WORDS: &[&str] = &["daemon", "errand", "--daemon", env!("CARGO_PKG_VERSION")];

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// What the files of a project say.
    Project {
        /// Its root.
        root: String,
        /// The folders in which its servers run, and from which somebody asked.
        from: Vec<String>,
    },
    /// Why connections to one port were refused.
    Refused(Unasked),
    /// Why a target does not answer: somebody asks.
    Why {
        /// The target.
        target: Target,
        /// The folder in which it is asked.
        folder: Option<String>,
        /// Who had the port before.
        departed: Vec<Departed>,
    },
    /// How a project stands.
    Check {
        /// Its root.
        root: String,
        /// The folder in which it is asked.
        folder: String,
    },
    /// Who has which port; one of them, or all.
    Ports(Option<u16>),
}

/// What the files of a project say, as they are read on an errand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilesRead {
    /// The project, with its claims.
    pub project: Project,
    /// The folders with the files that were read.
    pub folders: Vec<String>,
}

impl Errand {
    /// Runs it in this process, and gives what it saw as JSON.
    ///
    /// # Errors
    ///
    /// Why it could not be put into words.
    pub fn run(&self, settings: &Settings) -> Result<String, serde_json::Error> {
        match self {
            Errand::Project { root, from } => serde_json::to_string(&read(root, from, settings)),
            Errand::Refused(unasked) => serde_json::to_string(&unasked.diagnose(settings)),
            Errand::Why {
                target,
                folder,
                departed,
            } => serde_json::to_string(&why(target, folder.as_deref(), departed, settings)),
            Errand::Check { root, folder } => serde_json::to_string(&check(root, folder, settings)),
            Errand::Ports(port) => serde_json::to_string(&ports(*port, settings)),
        }
    }

    /// Sends a process on it, and reads what that says.
    pub(super) fn send<T: DeserializeOwned>(&self, settings: &Settings) -> Result<T, Gap> {
        let until = Instant::now() + settings.timeouts.whole + GRACE;
        let failed = |error: serde_json::Error| Gap::Failed(format!("an errand: {error}"));
        let words = serde_json::to_vec(self).map_err(failed)?;
        let said = own::errand(WORDS, words, until)?;
        serde_json::from_slice(&said).map_err(failed)
    }
}

fn read(root: &str, from: &[String], settings: &Settings) -> FilesRead {
    let settings = in_folder(Some(root), settings);
    let asked = projects::Asked::from_folders(from.to_vec(), &settings);
    let read = projects::read(root, asked);
    let here = projects::roots(&[root]);
    let own = here.into_iter().find(|project| project.root == root);
    FilesRead {
        project: Project {
            root: root.to_owned(),
            markers: own.map(|own| own.markers).unwrap_or_default(),
            claims: read.claims,
        },
        folders: read.folders,
    }
}

fn why(
    target: &Target,
    folder: Option<&str>,
    departed: &[Departed],
    settings: &Settings,
) -> Report {
    let settings = in_folder(folder, settings);
    let given = Given {
        folder: folder.map(str::to_owned),
        departed: departed.to_vec(),
        ..Given::default()
    };
    diagnose::why_given(target, &settings, given).report
}

fn check(root: &str, folder: &str, settings: &Settings) -> ProjectReport {
    diagnose::check(root, folder, &in_folder(Some(folder), settings))
}

fn ports(port: Option<u16>, settings: &Settings) -> PortsReport {
    let extent = Extent::Ports { port, udp: false };
    diagnose::ports_report(&diagnose::record(extent, settings))
}

/// The settings that hold in this folder. Those of the daemon do where its file has a
/// mistake, which `devdoctor check` tells of.
pub(super) fn in_folder(folder: Option<&str>, settings: &Settings) -> Settings {
    let own = folder.map(|folder| Settings::load(Path::new(folder), |name| std::env::var_os(name)));
    match own {
        Some(Ok(own)) => own,
        _ => settings.clone(),
    }
}
