//! The protocol as a JSON Schema, made from the types that it is made of.
//!
//! `config/protocol.schema.json` is this document; `tests/protocol.rs` keeps it so, and
//! holds answers against it.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::protocol::NoParams;
use super::{
    AlertList, Facts, FactsParams, FolderParams, Hello, History, HistoryParams, MuteParams,
    PROTOCOL, PortsParams, WhyParams, codes,
};
use crate::findings::{Alert, PortsReport, ProjectReport, Report, Status};

/// What makes the parts of the document: what is read and what is written differ in which
/// fields may be left out.
struct Generators {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Generators {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12();
        Generators {
            read: settings.clone().for_deserialize().into_generator(),
            written: settings.for_serialize().into_generator(),
        }
    }

    /// A method, by the types of its parameters and its result.
    fn method<P: JsonSchema, R: JsonSchema>(&mut self) -> Method {
        Method {
            params: self.read.subschema_for::<P>(),
            result: self.written.subschema_for::<R>(),
        }
    }
}

struct Method {
    params: Schema,
    result: Schema,
}

/// Every method: the same as [`super::Call::METHODS`], which a test compares.
fn methods(of: &mut Generators) -> Vec<(&'static str, Method)> {
    vec![
        ("why", of.method::<WhyParams, Report>()),
        ("ports", of.method::<PortsParams, PortsReport>()),
        ("check", of.method::<FolderParams, ProjectReport>()),
        ("status", of.method::<FolderParams, Status>()),
        ("alerts", of.method::<FolderParams, AlertList>()),
        ("subscribe", of.method::<FolderParams, Status>()),
        ("mute", of.method::<MuteParams, bool>()),
        ("unmute", of.method::<MuteParams, bool>()),
        ("history", of.method::<HistoryParams, History>()),
        ("facts", of.method::<FactsParams, Facts>()),
        ("shutdown", of.method::<NoParams, bool>()),
    ]
}

/// The whole document: `$defs/FromDaemon` and `$defs/FromClient` are the lines of each
/// side; `methods`, `pushes` and `errors` list what there is by name.
#[must_use]
pub fn schema() -> Value {
    let mut of = Generators::new();
    let methods = methods(&mut of);
    let pushes = [
        ("status", of.written.subschema_for::<Status>()),
        ("alert", of.written.subschema_for::<Alert>()),
    ];
    let hello = of.written.subschema_for::<Hello>();
    let mut defs = of.written.take_definitions(true);
    // Recorded facts are read strictly; but later versions write more fields.
    for def in defs.values_mut().filter_map(Value::as_object_mut) {
        def.remove("additionalProperties");
    }
    defs.extend(of.read.take_definitions(true));
    defs.insert("Id".to_owned(), id());
    defs.insert(
        "FromClient".to_owned(),
        json!({
            "description": "A request; without an id it is not answered.",
            "oneOf": methods.iter().map(|(name, method)| request(name, method)).collect::<Vec<_>>(),
        }),
    );
    defs.insert(
        "FromDaemon".to_owned(),
        from_daemon(&hello, &methods, &pushes),
    );
    let errors = codes::ALL
        .iter()
        .map(|(code, means)| json!({ "code": code, "means": means }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The local socket of devdoctor",
        "description": "Lines of JSON. The daemon speaks first, a Hello; then it is JSON-RPC 2.0.",
        "protocol": PROTOCOL,
        "anyOf": [{ "$ref": "#/$defs/FromDaemon" }, { "$ref": "#/$defs/FromClient" }],
        "methods": methods
            .iter()
            .map(|(name, method)| {
                let both = json!({ "params": method.params, "result": method.result });
                ((*name).to_owned(), both)
            })
            .collect::<Map<_, _>>(),
        "pushes": pushes
            .iter()
            .map(|(name, params)| ((*name).to_owned(), params.as_value().clone()))
            .collect::<Map<_, _>>(),
        "errors": errors.collect::<Vec<_>>(),
        "$defs": defs,
    })
}

fn id() -> Value {
    json!({ "type": ["string", "integer", "null"], "minimum": 0 })
}

fn request(name: &str, method: &Method) -> Value {
    json!({
        "type": "object",
        "properties": {
            "jsonrpc": { "const": "2.0" },
            "id": { "$ref": "#/$defs/Id" },
            "method": { "const": name },
            "params": method.params,
        },
        "required": ["jsonrpc", "method"],
    })
}

fn from_daemon(hello: &Schema, methods: &[(&str, Method)], pushes: &[(&str, Schema)]) -> Value {
    let mut results: Vec<&Value> = Vec::new();
    for (_, method) in methods {
        if !results.contains(&method.result.as_value()) {
            results.push(method.result.as_value());
        }
    }
    let mut lines = vec![
        hello.as_value().clone(),
        json!({
            "description": "An answer.",
            "type": "object",
            "properties": {
                "jsonrpc": { "const": "2.0" },
                "id": { "$ref": "#/$defs/Id" },
                "result": { "anyOf": results },
            },
            "required": ["jsonrpc", "id", "result"],
        }),
        json!({
            "description": "An error; without an id where the request had none that could be read.",
            "type": "object",
            "properties": {
                "jsonrpc": { "const": "2.0" },
                "id": { "$ref": "#/$defs/Id" },
                "error": {
                    "type": "object",
                    "properties": {
                        "code": { "enum": codes::ALL.iter().map(|(code, _)| code).collect::<Vec<_>>() },
                        "message": { "type": "string" },
                    },
                    "required": ["code", "message"],
                },
            },
            "required": ["jsonrpc", "id", "error"],
        }),
    ];
    lines.extend(pushes.iter().map(|(name, params)| {
        json!({
            "description": "What a subscriber is told.",
            "type": "object",
            "properties": {
                "jsonrpc": { "const": "2.0" },
                "method": { "const": name },
                "params": params,
            },
            "required": ["jsonrpc", "method", "params"],
        })
    }));
    json!({ "anyOf": lines })
}
