//! What connecting gives.
