//! What is heard at one go, with what is the same told once. Pure.

use crate::facts::Refusal;

use super::Heard;

/// So many ports are told apart at one go. Who dials more of them within an instant
/// looks for open ones; one by one they are no news.
const DISTINCT: usize = 16;

/// What was heard since the last rest.
#[derive(Debug, Default)]
pub(super) struct Batch {
    refused: Vec<Refusal>,
    somewhere: u64,
}

impl Batch {
    /// A connection was refused.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        if let Some(same) = self.refused.iter_mut().find(|same| same.to == refusal.to) {
            *same = refusal;
        } else if self.refused.len() < DISTINCT {
            self.refused.push(refusal);
        } else {
            self.somewhere();
        }
    }

    /// One or more were refused, and nobody knows which.
    pub(super) fn somewhere(&mut self) {
        self.somewhere = self.somewhere.saturating_add(1);
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.refused.is_empty() && self.somewhere == 0
    }

    /// As it is told.
    pub(super) fn into_heard(self) -> impl Iterator<Item = Heard> {
        let somewhere = (self.somewhere > 0).then_some(Heard::Somewhere(self.somewhere));
        let refused = self.refused.into_iter().map(Heard::Refused);
        refused.chain(somewhere)
    }
}
