//! What holds for every snapshot, whatever it says.

#[path = "support/draw.rs"]
mod draw;
#[path = "support/stories.rs"]
mod stories;

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use devdoctor::cli;
use devdoctor::diagnose::{check_facts, replay};
use devdoctor::facts::{Gap, Snapshot, Target, clean, scrub, shell_line};
use devdoctor::findings::{Confidence, ProjectReport, Report};
use devdoctor::frontends::{check_text, github, json, sarif, style::Style, text};
use draw::Draw;
use proptest::prelude::*;
use serde_json::Value;

static CASES: OnceLock<Vec<(String, Target, Snapshot)>> = OnceLock::new();

/// Every case there is: the casebook's stories and the recorded snapshots.
fn cases() -> Vec<(String, Target, Snapshot)> {
    let mut cases = Vec::new();
    for file in stories::all() {
        for story in file.stories {
            if let Ok((target, snapshot)) = story.facts {
                let title = format!("{} {}: {}", file.code, file.name, story.title);
                cases.push((title, target, snapshot));
            }
        }
    }
    cases.extend(recorded());
    cases
}

/// The snapshots of real machines, each asked about the ports that it was taken for.
fn recorded() -> Vec<(String, Target, Snapshot)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let recording: Value = serde_json::from_str(&text).unwrap();
        let facts = recording.get("facts").unwrap_or(&recording);
        let snapshot: Snapshot = serde_json::from_value(facts.clone()).unwrap();
        let mut ports: Vec<u16> = snapshot.probes.iter().map(|p| p.to.port()).collect();
        ports.sort_unstable();
        ports.dedup();
        for port in ports {
            let target = port.to_string().parse().unwrap();
            cases.push((path.display().to_string(), target, snapshot.clone()));
        }
    }
    cases
}

/// Every place in a snapshot's JSON that may be unseen, as JSON pointers.
///
/// A place is one if the snapshot still parses with the mark of an unseen fact
/// there; that no [`Snapshot`] field is forgotten here comes by itself.
fn hideable(snapshot: &Value) -> Vec<String> {
    let mut places = Vec::new();
    let mut known = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    collect(snapshot, snapshot, "", "", &mut known, &mut places);
    places
}

/// Which shapes of places may be unseen: `/listeners/*/owners` may, `/host` may not.
static SHAPES: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());

fn collect(
    whole: &Value,
    node: &Value,
    pointer: &str,
    shape: &str,
    known: &mut BTreeMap<String, bool>,
    places: &mut Vec<String>,
) {
    if node.get("unseen").is_some() {
        return;
    }
    if !pointer.is_empty() {
        let hideable = *known.entry(shape.to_owned()).or_insert_with(|| {
            let hidden = hide(whole, pointer, &Gap::Forbidden);
            serde_json::from_value::<Snapshot>(hidden).is_ok()
        });
        if hideable {
            places.push(pointer.to_owned());
        }
    }
    match node {
        Value::Object(fields) => {
            for (name, child) in fields {
                let (pointer, shape) = (format!("{pointer}/{name}"), format!("{shape}/{name}"));
                collect(whole, child, &pointer, &shape, known, places);
            }
        }
        Value::Array(items) => {
            for (at, child) in items.iter().enumerate() {
                let (pointer, shape) = (format!("{pointer}/{at}"), format!("{shape}/*"));
                collect(whole, child, &pointer, &shape, known, places);
            }
        }
        _ => {}
    }
}

/// The same snapshot without the fact at this place.
fn hide(whole: &Value, pointer: &str, gap: &Gap) -> Value {
    let mut hidden = whole.clone();
    if let Some(node) = hidden.pointer_mut(pointer) {
        *node = serde_json::json!({ "unseen": gap });
    }
    hidden
}

/// The gaps that a fact may be hidden by. `NotRunning` and `Unsupported` say that
/// there is nothing to be seen, which is a fact, too.
fn gaps() -> [Gap; 4] {
    [
        Gap::Forbidden,
        Gap::TooSlow,
        Gap::NotAsked,
        Gap::Failed("it broke".to_owned()),
    ]
}

/// Certain findings that appear only because something was hidden.
fn made_up(full: &Report, less: &Report) -> Vec<String> {
    less.findings
        .iter()
        .filter(|finding| finding.confidence == Confidence::Certain)
        .filter(|finding| !full.findings.iter().any(|other| other.code == finding.code))
        .map(|finding| format!("{} {}: {}", finding.code, finding.name, finding.says))
        .collect()
}

#[test]
fn hiding_one_fact_never_makes_another_certain_finding() {
    let mut complaints = Vec::new();
    for (title, target, snapshot) in cases() {
        let full = replay(&target, &snapshot);
        let whole = serde_json::to_value(&snapshot).unwrap();
        for place in hideable(&whole) {
            for gap in gaps() {
                let less: Snapshot = serde_json::from_value(hide(&whole, &place, &gap)).unwrap();
                let less = replay(&target, &less);
                for finding in made_up(&full, &less) {
                    complaints.push(format!(
                        "{title}\n  without {place} ({}): {finding}",
                        gap.word()
                    ));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_fix_is_a_command_that_can_be_run() {
    let mut complaints = Vec::new();
    for (title, target, snapshot) in cases() {
        let report = replay(&target, &snapshot);
        for finding in &report.findings {
            for argv in finding.fixes.iter().filter_map(|fix| fix.run.as_deref()) {
                let told = format!("{title}\n  {}: {argv:?}", finding.code);
                let program = argv.iter().find(|word| *word != "sudo");
                if program.is_none_or(|word| word.trim().is_empty()) {
                    complaints.push(format!("{told} has no program"));
                }
                if argv.iter().any(|word| clean(word) != *word) {
                    complaints.push(format!("{told} holds control characters"));
                }
                let own = argv.iter().skip_while(|word| *word == "sudo");
                if program.is_some_and(|word| word == "devdoctor")
                    && let Err(why) = cli::command().try_get_matches_from(own)
                {
                    complaints.push(format!("{told} is no command of ours: {why}"));
                }
                // What is pasted is what is meant.
                if shlex::split(&shell_line(argv)).as_deref() != Some(argv) {
                    complaints.push(format!("{told} is another command once it is pasted"));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_part_that_may_be_unseen_is_found() {
    let bytes: Vec<u8> = (0..60_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 21) as u8)
        .collect();
    for start in (0..bytes.len()).step_by(97) {
        let snapshot = Draw::new(&bytes[start..]).snapshot();
        hideable(&serde_json::to_value(&snapshot).unwrap());
    }
    let shapes = SHAPES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    for shape in [
        "/listeners",
        "/listeners/*/owners",
        "/listeners/*/v6only",
        "/listeners/*/queue",
        "/processes",
        "/processes/*/cpu",
        "/projects/*/claims",
        "/project_processes",
        "/project_processes/*/cwd",
        "/containers",
        "/containers/*/inside",
        "/host/firewall",
        "/host/ipv6",
        "/resolutions/*/dns",
        "/probes/*/greeting",
    ] {
        assert_eq!(shapes.get(shape), Some(&true), "{shape}");
    }
    for shape in ["/host", "/probes", "/listeners/*/at", "/processes/*/id/pid"] {
        assert_eq!(shapes.get(shape), Some(&false), "{shape}");
    }
}

/// No control characters but the ends of lines.
fn fit_to_show(shown: &str) -> bool {
    !shown.chars().any(|c| c.is_control() && c != '\n') && !shown.contains('\u{202e}')
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_diagnosis_never_panics_and_shows_no_control_characters(
        Drawn { target, snapshot } in anything(),
    ) {
        let report = replay(&target, &snapshot);
        for width in [20, 100] {
            for verbose in [false, true] {
                let style = Style { width, verbose, ..Style::PLAIN };
                let shown = text::report(&report, &style);
                prop_assert!(fit_to_show(&shown), "{shown:?}");
                prop_assert!(!shown.lines().any(|line| line.starts_with("lines")), "{shown}");
            }
        }
        let shown = json::object(&report).unwrap();
        prop_assert!(!shown.contains(|c: char| c.is_ascii_control() && c != '\n'), "{shown:?}");
        let again: Report = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(again, report);
    }

    #[test]
    fn a_project_is_checked_without_a_panic_and_shown_without_control_characters(
        Drawn { snapshot, .. } in anything(),
    ) {
        let report = check_facts(&snapshot);
        for width in [20, 100] {
            let shown = check_text::report(&report, &Style { width, ..Style::PLAIN });
            prop_assert!(fit_to_show(&shown), "{shown:?}");
        }
        let annotations = github::annotations(&report);
        prop_assert!(fit_to_show(&annotations), "{annotations:?}");
        prop_assert_eq!(annotations.lines().count(), report.findings.len());
        let log = serde_json::to_value(sarif::log(&report)).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        prop_assert_eq!(results.len(), report.findings.len());
        let shown = json::object(&report).unwrap();
        let again: ProjectReport = serde_json::from_str(&shown).unwrap();
        prop_assert_eq!(again, report);
    }

    #[test]
    fn hiding_many_facts_never_makes_another_certain_finding(
        which in any::<prop::sample::Index>(),
        hidden in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..4), 1..6),
    ) {
        let cases = CASES.get_or_init(cases);
        if cases.is_empty() {
            return Ok(());
        }
        let (title, target, snapshot) = which.get(cases);
        let full = replay(target, snapshot);
        let mut less = serde_json::to_value(snapshot).unwrap();
        let mut places = Vec::new();
        for (place, gap) in hidden {
            let left = hideable(&less);
            if left.is_empty() {
                break;
            }
            let place = place.get(&left);
            less = hide(&less, place, &gaps()[gap]);
            places.push(place.clone());
        }
        let less = replay(target, &serde_json::from_value(less).unwrap());
        let made_up = made_up(&full, &less);
        prop_assert!(made_up.is_empty(), "{title}\n  without {places:?}: {made_up:?}");
    }

    #[test]
    fn a_snapshot_survives_json_and_toml(
        Drawn { snapshot, .. } in anything(),
    ) {
        let written = serde_json::to_string(&snapshot).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Snapshot>(&written).unwrap(), &snapshot);
        let written = toml::to_string(&snapshot).unwrap();
        prop_assert_eq!(&toml::from_str::<Snapshot>(&written).unwrap(), &snapshot);
    }

    #[test]
    fn words_that_are_no_target_say_where(words in any_words()) {
        match words.parse::<Target>() {
            Ok(target) => {
                prop_assert!(target.port > 0 && !target.host.is_empty());
            }
            Err(error) => {
                prop_assert!(error.at <= words.chars().count(), "{error:?}");
                prop_assert!(fit_to_show(&error.to_string()), "{error:?}");
                prop_assert!(!error.problem.is_empty() && !error.example.is_empty());
            }
        }
    }

    #[test]
    fn scrubbing_leaves_nothing_private(
        Drawn { mut snapshot, .. } in anything(),
        secret in "Zq[A-Z0-9]{8}",
        places in proptest::collection::vec(any::<u8>(), 40),
    ) {
        plant(&mut snapshot, &secret, &places);
        let home = format!("/home/{secret}");
        let scrubbed = serde_json::to_string(&scrub(snapshot, Some(&home))).unwrap();
        prop_assert!(!scrubbed.contains(&secret), "{secret} is still in {scrubbed}");
    }
}

/// A snapshot that makes no sense, and a question about it.
struct Drawn {
    target: Target,
    snapshot: Snapshot,
}

impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let facts = toml::to_string(&self.snapshot).unwrap_or_default();
        write!(f, "target = {:?}\n{facts}", self.target.input)
    }
}

fn anything() -> impl Strategy<Value = Drawn> {
    proptest::collection::vec(any::<u8>(), 0..3000).prop_map(|bytes| {
        let mut draw = Draw::new(&bytes);
        Drawn {
            target: draw.target(),
            snapshot: draw.snapshot(),
        }
    })
}

/// Words like targets, and any words at all.
fn any_words() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,6}(:|://|:/)?[\\[\\]@:a-z0-9.*_-]{0,12}(:[0-9lO]{0,6})?(/.{0,4})?",
    ]
}

/// Puts a user's name into every place where it may stand in a real snapshot: home
/// folders, command lines, containers' words.
fn plant(snapshot: &mut Snapshot, secret: &str, places: &[u8]) {
    use devdoctor::facts::Known;
    let mut places = places.iter().cycle();
    let mut here = || places.next().is_none_or(|byte| byte % 2 == 0);
    let path = format!("/home/{secret}/shop");
    secret.clone_into(&mut snapshot.host.user.name);
    if here() {
        snapshot.host.cwd = Some(path.clone());
    }
    if let Known::Seen(processes) = &snapshot.processes {
        let mut list = processes.to_vec();
        for process in &mut list {
            let word = [
                format!("--password={secret}"),
                format!("{path}/server.js"),
                format!("postgres://me:{secret}@db/x"),
                secret.to_owned(),
                format!("-p{secret}"),
                format!("--token={secret}"),
            ];
            let program = format!("{path}/node_modules/.bin/vite");
            process.argv = Known::Seen(
                std::iter::once(program)
                    .chain(["dev".to_owned(), "--host".to_owned()])
                    .chain(word.into_iter().filter(|_| here()))
                    .collect(),
            );
            if here() {
                process.user = Some(secret.to_owned());
            }
            if here() {
                process.cwd = Known::Seen(path.clone());
            }
            if here() {
                process.exe = Known::Seen(format!("{path}/bin/server"));
            }
            if here() {
                process.project = Some(path.clone());
            }
        }
        snapshot.processes = Known::Seen(list.into());
    }
    if let Known::Seen(projects) = &snapshot.projects {
        let mut list = projects.to_vec();
        for project in &mut list {
            project.root.clone_from(&path);
            if let Known::Seen(claims) = &project.claims {
                let mut claims = claims.as_ref().clone();
                for service in &mut claims.services {
                    service.start = vec!["npm".to_owned(), format!("--token={secret}")];
                }
                for pointer in &mut claims.pointers {
                    pointer.host = format!("{secret}.example.com");
                    pointer.written = format!("{secret}.example.com:5432");
                }
                project.claims = Known::Seen(claims.into());
            }
        }
        snapshot.projects = Known::Seen(list.into());
    }
    if let Known::Seen(containers) = &snapshot.containers {
        let mut list = containers.to_vec();
        for container in &mut list {
            if here() {
                container.log_tail = Known::Seen(vec![format!("password is {secret}")]);
            }
            if here() {
                container.error = Some(format!("error mounting \"{path}/db\": not a directory"));
            }
            if here() {
                container.command = vec!["server".to_owned(), format!("--key={secret}")];
            }
        }
        snapshot.containers = Known::Seen(list.into());
    }
    let mut probes = snapshot.probes.to_vec();
    for probe in &mut probes {
        if let Known::Seen(greeting) = &mut probe.greeting
            && let Some(http) = &mut greeting.http
        {
            http.body_start = format!("Error: Cannot find module '{path}/app.js'");
        }
    }
    snapshot.probes = probes.into();
    if let Known::Seen(departed) = &snapshot.departed {
        let mut list = departed.to_vec();
        for gone in &mut list {
            gone.seen_in = format!("{path}/.next/trace");
        }
        snapshot.departed = Known::Seen(list.into());
    }
}
