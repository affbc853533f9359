//! The alarm on every other system: the runtime's own.

use std::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Alarm;

impl Alarm {
    pub(super) async fn at(&mut self, moment: Instant) {
        tokio::time::sleep_until(moment.into()).await;
    }
}
