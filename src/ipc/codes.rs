//! The codes of errors, for clients that tell them apart.

/// The message is no JSON.
pub const PARSE: i32 = -32700;
/// It is JSON, and no request: see the words. So are batches.
pub const INVALID: i32 = -32600;
/// There is no such method.
pub const METHOD: i32 = -32601;
/// A parameter is wrong; the words name it.
pub const PARAMS: i32 = -32602;
/// The daemon failed at writing its answer.
pub const INTERNAL: i32 = -32603;
/// The call is right and has no answer now, for the reason in the words.
pub const NO_ANSWER: i32 = -32000;
/// The message is longer than the daemon takes.
pub const TOO_LONG: i32 = -32001;
/// The message did not end in time. The connection is closed.
pub const UNFINISHED: i32 = -32002;
/// Too many are connected. The connection is closed.
pub const TOO_MANY: i32 = -32003;
/// The daemon serves another user only. The connection is closed.
pub const NOT_YOURS: i32 = -32004;

/// All of them, with what they mean.
pub const ALL: &[(i32, &str)] = &[
    (PARSE, "the message is no JSON"),
    (INVALID, "the message is no request, or is a batch of them"),
    (METHOD, "there is no such method"),
    (PARAMS, "a parameter is wrong; the words name it"),
    (INTERNAL, "the daemon failed at writing its answer"),
    (
        NO_ANSWER,
        "the call is right and has no answer now, for the reason in the words",
    ),
    (TOO_LONG, "the message is longer than the daemon takes"),
    (
        UNFINISHED,
        "the message did not end in time; the connection is closed",
    ),
    (TOO_MANY, "too many are connected; the connection is closed"),
    (
        NOT_YOURS,
        "the daemon serves another user only; the connection is closed",
    ),
];
