//! Changes of addresses on every other system: nobody tells of them, and the look that is
//! taken now and then finds them.

/// What tells of changes: nothing.
#[derive(Debug)]
pub(super) struct Addresses;

impl Addresses {
    /// There is nothing to begin.
    pub fn new() -> Self {
        Addresses
    }

    /// Never comes back.
    pub async fn changed(&mut self) {
        std::future::pending().await
    }
}
