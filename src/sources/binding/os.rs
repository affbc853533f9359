//! What is limited on other systems is not known.

use std::time::Duration;

use crate::facts::{Binding, Gap};

/// See [`super::look`].
pub(super) fn look(_budget: Duration) -> Result<Binding, Gap> {
    Err(Gap::Unsupported)
}
