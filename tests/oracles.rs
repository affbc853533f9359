//! What the tools themselves make of a project's files, compared with what we claim.
//!
//! Where we differ from a tool, the tool is right. A tool that this machine lacks is
//! said, and its comparison is passed over; with `DEVDOCTOR_REQUIRE_LIVE=1` it fails.

#[path = "oracles/compose.rs"]
mod compose;
#[path = "oracles/dotenv.rs"]
mod dotenv;
#[path = "oracles/java.rs"]
mod java;
#[path = "support/machine.rs"]
mod machine;
#[path = "oracles/node.rs"]
mod node;
#[path = "oracles/vite.rs"]
mod vite;
