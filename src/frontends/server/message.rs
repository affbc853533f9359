//! JSON-RPC 2.0: requests out of lines, and lines out of answers.

use std::borrow::Cow;

use jsonrpsee_types::request::InvalidRequest;
use jsonrpsee_types::{ErrorObject, Id, Notification, Request};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::facts::clean;
use crate::ipc::{BadCall, Call, codes};

/// What a client wants: a call and, if it is to be answered, its number.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    /// None for a notification: nothing is answered, whatever comes of it.
    pub(super) id: Option<Id<'static>>,
    pub(super) call: Call,
}

/// The call in a message; or what to answer instead, if anything.
pub(super) fn read(message: &[u8]) -> Result<Wanted, Option<Vec<u8>>> {
    let (id, method, params) = match serde_json::from_slice::<Request<'_>>(message) {
        Ok(request) => (
            Some(request.id.into_owned()),
            request.method.into_owned(),
            request.params.map(Cow::into_owned),
        ),
        Err(error) => notification(message, &error)?,
    };
    let failed = |code, words: &str| id.as_ref().map(|id| failure(Some(id), code, words));
    if params
        .as_deref()
        .is_some_and(|params| !params.get().starts_with('{'))
    {
        return Err(failed(codes::PARAMS, "parameters go by name, in an object"));
    }
    match Call::read(&method, params.as_deref().map(RawValue::get)) {
        Ok(call) => Ok(Wanted { id, call }),
        Err(BadCall::Method(name)) => {
            let methods = Call::METHODS.join(", ");
            let words = format!("there is no method `{}`, but {methods}", short(&name));
            Err(failed(codes::METHOD, &words))
        }
        Err(BadCall::Params(why)) => Err(failed(codes::PARAMS, &short(&why))),
    }
}

type Parts = (Option<Id<'static>>, String, Option<Box<RawValue>>);

/// What is no request is a notification, if it has no number, or wrong.
fn notification(message: &[u8], error: &serde_json::Error) -> Result<Parts, Option<Vec<u8>>> {
    let fields = match serde_json::from_slice::<Value>(message) {
        Ok(Value::Object(fields)) => fields,
        Ok(Value::Array(_)) => {
            let words = "batches are not taken: send each request on a line of its own";
            return Err(Some(failure(None, codes::INVALID, words)));
        }
        Ok(_) => {
            let words = "a request is an object";
            return Err(Some(failure(None, codes::INVALID, words)));
        }
        Err(error) => {
            let words = short(&format!("no JSON: {error}"));
            return Err(Some(failure(None, codes::PARSE, &words)));
        }
    };
    if fields.contains_key("id") {
        let id = serde_json::from_slice::<InvalidRequest<'_>>(message).ok();
        let words = match &id {
            Some(_) => short(&error.to_string()),
            None => "`id` must be a string or a whole number from 0".to_owned(),
        };
        let id = id.as_ref().map(|request| &request.id);
        return Err(Some(failure(id, codes::INVALID, &words)));
    }
    match serde_json::from_slice::<Notification<'_, Option<&RawValue>>>(message) {
        Ok(told) => Ok((
            None,
            told.method.into_owned(),
            told.params.map(ToOwned::to_owned),
        )),
        Err(error) => Err(Some(failure(
            None,
            codes::INVALID,
            &short(&error.to_string()),
        ))),
    }
}

/// Words that may repeat what a client sent, and not all of it.
fn short(words: &str) -> String {
    const MOST: usize = 300;
    let words = clean(words);
    match words.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// A text on a line of its own.
pub(super) fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_else(|error| {
        // Our own types cannot fail; and if one did, the line would still be JSON.
        tracing::error!("an answer could not be written: {error}");
        failure(None, codes::INTERNAL, "the answer could not be written")
    });
    if line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
    line
}

/// The line of a result.
pub(super) fn success(id: &Id<'_>, result: &impl Serialize) -> Vec<u8> {
    #[derive(Serialize)]
    struct Success<'a, T> {
        jsonrpc: &'static str,
        id: &'a Id<'a>,
        result: &'a T,
    }
    let answer = Success {
        jsonrpc: "2.0",
        id,
        result,
    };
    match serde_json::to_vec(&answer) {
        Ok(mut line) => {
            line.push(b'\n');
            line
        }
        Err(error) => failure(Some(id), codes::INTERNAL, &error.to_string()),
    }
}

/// The line of an error; without a number where the message had none that could be read.
pub(super) fn failure(id: Option<&Id<'_>>, code: i32, words: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Failure<'a> {
        jsonrpc: &'static str,
        id: &'a Id<'a>,
        error: ErrorObject<'a>,
    }
    line(&Failure {
        jsonrpc: "2.0",
        id: id.unwrap_or(&Id::Null),
        error: ErrorObject::borrowed(code, words, None),
    })
}

/// The line of a notification.
pub(super) fn push(method: &str, params: &impl Serialize) -> Vec<u8> {
    #[derive(Serialize)]
    struct Push<'a, T> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a T,
    }
    line(&Push {
        jsonrpc: "2.0",
        method,
        params,
    })
}
