//! Family 6 protocol: the connection is fine, what is spoken is not.

pub mod error_status;
pub mod host_not_allowed;
pub mod not_http;
pub mod tls_expected;
pub mod tls_not_spoken;
