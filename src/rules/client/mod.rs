//! Family 9 client and far end, and what remains.

pub mod blind_spot;
pub mod remote_refuses;
pub mod remote_silent;
pub mod unexplained;
pub mod unsafe_port;
