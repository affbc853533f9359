//! The calls, their parameters and their results.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::facts::{PastOwner, Snapshot};
use crate::findings::{Alert, PortsReport, ProjectReport, Report, Status};

/// The version of the protocol. It changes only where an older client would misunderstand.
pub const PROTOCOL: u32 = 1;

/// The daemon's first line to every client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// The daemon's version.
    pub devdoctor: String,
    /// The protocol's: [`PROTOCOL`].
    pub protocol: u32,
    /// The network namespace that the daemon looks at, by inode; nothing where a system has
    /// only one. What it knows of `localhost` is true for a client in the same one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub netns: Option<u64>,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `why`: diagnoses a target, connecting to it. Gives a [`Report`].
    Why(WhyParams),
    /// `ports`: what listens. Gives a [`PortsReport`].
    Ports(PortsParams),
    /// `check`: a whole project. Gives a [`ProjectReport`].
    Check(FolderParams),
    /// `status`: how things stand in a folder's project, or everywhere. Gives a [`Status`].
    Status(FolderParams),
    /// `alerts`: those of a folder's project, or all. Gives an [`AlertList`].
    Alerts(FolderParams),
    /// `subscribe`: like `status`, and from then on the notifications `status` (a
    /// [`Status`]) and `alert` (an [`Alert`]) whenever one has changed.
    Subscribe(FolderParams),
    /// `mute`: no notifications of a port, a project or one alert. Gives `true`.
    Mute(MuteParams),
    /// `unmute`: takes that back. Gives `true`.
    Unmute(MuteParams),
    /// `history`: who had a port before. Gives a [`History`].
    History(HistoryParams),
    /// `facts`: what the daemon knows that a look now cannot show. Gives [`Facts`].
    Facts(FactsParams),
    /// `shutdown`: ends the daemon. Gives `true`.
    Shutdown,
}

/// The parameters of `why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyParams {
    /// A port, `host:port` or URL.
    pub target: String,
    /// The folder in which it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The parameters of `ports`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PortsParams {
    /// Only this port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// The parameters of `check`, `status`, `alerts` and `subscribe`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FolderParams {
    /// The folder whose project is meant; nothing for everything there is, which `check`
    /// does not take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The parameters of `mute` and `unmute`: one of the first three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MuteParams {
    /// A port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The folder of a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The number of an alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<u64>,
    /// For how many seconds; nothing for always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// The parameters of `history`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryParams {
    /// Only this port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// The parameters of `facts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsParams {
    /// The port that a diagnosis is about.
    pub port: u16,
}

/// No parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// The alerts, firing ones first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertList {
    /// `devdoctor.alerts/1`.
    pub schema: String,
    /// The alerts.
    pub alerts: Vec<Alert>,
}

/// Who had ports before, the last one first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// `devdoctor.history/1`.
    pub schema: String,
    /// The owners.
    pub owners: Vec<PastOwner>,
}

/// What the daemon knows of one port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// `devdoctor.facts/1`.
    pub schema: String,
    /// The facts; parts that a look now shows as well are left out.
    pub facts: Snapshot,
}

/// What a call gives.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Reply {
    /// Of `why`.
    Why(Box<Report>),
    /// Of `ports`.
    Ports(PortsReport),
    /// Of `check`.
    Check(Box<ProjectReport>),
    /// Of `status` and `subscribe`.
    Status(Box<Status>),
    /// Of `alerts`.
    Alerts(AlertList),
    /// Of `history`.
    History(History),
    /// Of `facts`.
    Facts(Box<Facts>),
    /// Of calls that only do something.
    Done(bool),
}

/// What a subscriber is told unasked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params", rename_all = "lowercase")]
pub enum Push {
    /// How things stand now.
    Status(Box<Status>),
    /// An alert that has changed.
    Alert(Box<Alert>),
}

/// Why a call cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadCall {
    /// There is no such method.
    Method(String),
    /// Its parameters are wrong, in words.
    Params(String),
}

impl Call {
    /// The names of all calls.
    pub const METHODS: &[&str] = &[
        "why",
        "ports",
        "check",
        "status",
        "alerts",
        "subscribe",
        "mute",
        "unmute",
        "history",
        "facts",
        "shutdown",
    ];

    /// The call of this name with these parameters, a JSON text.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn read(method: &str, params: Option<&str>) -> Result<Self, BadCall> {
        // Every parameter of most calls may be left out, and all of them with it.
        let params = params.unwrap_or("{}");
        let call = Self::of(method, params)?;
        call.check()?;
        Ok(call)
    }

    fn of(method: &str, params: &str) -> Result<Self, BadCall> {
        Ok(match method {
            "why" => Call::Why(params_of(params)?),
            "ports" => Call::Ports(params_of(params)?),
            "check" => Call::Check(params_of(params)?),
            "status" => Call::Status(params_of(params)?),
            "alerts" => Call::Alerts(params_of(params)?),
            "subscribe" => Call::Subscribe(params_of(params)?),
            "mute" => Call::Mute(params_of(params)?),
            "unmute" => Call::Unmute(params_of(params)?),
            "history" => Call::History(params_of(params)?),
            "facts" => Call::Facts(params_of(params)?),
            "shutdown" => {
                let NoParams {} = params_of(params)?;
                Call::Shutdown
            }
            other => return Err(BadCall::Method(other.to_owned())),
        })
    }

    /// What the types of the parameters do not say.
    fn check(&self) -> Result<(), BadCall> {
        match self {
            Call::Why(params) => absolute(params.folder.as_deref()),
            Call::Check(FolderParams { folder: None }) => Err(BadCall::Params(
                "missing field `folder`: a check is one of a project".to_owned(),
            )),
            Call::Check(params)
            | Call::Status(params)
            | Call::Alerts(params)
            | Call::Subscribe(params) => absolute(params.folder.as_deref()),
            Call::Mute(params) | Call::Unmute(params) => {
                let given = [
                    params.port.is_some(),
                    params.folder.is_some(),
                    params.alert.is_some(),
                ];
                match given.into_iter().filter(|given| *given).count() {
                    1 => absolute(params.folder.as_deref()),
                    _ => Err(BadCall::Params(
                        "one of `port`, `folder` and `alert` says what is meant".to_owned(),
                    )),
                }
            }
            Call::Ports(_) | Call::History(_) | Call::Facts(_) | Call::Shutdown => Ok(()),
        }
    }

    /// Its name and its parameters, as they are sent.
    ///
    /// # Errors
    ///
    /// Never for the types of this module.
    pub fn parts(&self) -> serde_json::Result<(&'static str, serde_json::Value)> {
        use serde_json::to_value;
        Ok(match self {
            Call::Why(params) => ("why", to_value(params)?),
            Call::Ports(params) => ("ports", to_value(params)?),
            Call::Check(params) => ("check", to_value(params)?),
            Call::Status(params) => ("status", to_value(params)?),
            Call::Alerts(params) => ("alerts", to_value(params)?),
            Call::Subscribe(params) => ("subscribe", to_value(params)?),
            Call::Mute(params) => ("mute", to_value(params)?),
            Call::Unmute(params) => ("unmute", to_value(params)?),
            Call::History(params) => ("history", to_value(params)?),
            Call::Facts(params) => ("facts", to_value(params)?),
            Call::Shutdown => ("shutdown", serde_json::json!({})),
        })
    }
}

/// Parameters, read strictly: what is wrong is said with the name of the parameter.
fn params_of<T: DeserializeOwned>(text: &str) -> Result<T, BadCall> {
    let error = match serde_json::from_str(text) {
        Ok(params) => return Ok(params),
        Err(error) => error,
    };
    // The place in the text is of no use to whoever wrote the value, and not the text.
    let given: Map<String, Value> = serde_json::from_str(text)
        .map_err(|_| BadCall::Params("the parameters are no object".to_owned()))?;
    let why = |given: &Map<String, Value>| {
        let read = serde_json::from_value::<T>(Value::Object(given.clone()));
        read.err().map(|error| error.to_string())
    };
    let Some(wrong) = why(&given) else {
        // A name that stands there twice.
        return Err(BadCall::Params(error.to_string()));
    };
    // The one that is at fault is the one without which something else, or nothing, is.
    let culprit = given.keys().find(|name| {
        let mut without = given.clone();
        without.remove(*name);
        why(&without).as_ref() != Some(&wrong)
    });
    Err(BadCall::Params(match culprit {
        Some(name) if !wrong.contains(&format!("`{name}`")) => format!("`{name}`: {wrong}"),
        _ => wrong,
    }))
}

/// A folder that may be left out. It is the client's: it must not hang on where the daemon
/// happens to stand.
fn absolute(folder: Option<&str>) -> Result<(), BadCall> {
    match folder {
        Some(folder) if !Path::new(folder).is_absolute() => {
            let words = format!("`folder`: `{folder}` is not an absolute path");
            Err(BadCall::Params(words))
        }
        _ => Ok(()),
    }
}
