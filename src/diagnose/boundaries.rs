//! The boundaries behind which `localhost` is another one: a virtual machine, a device.

use std::time::Duration;

use super::looks::count;
use super::why::Doctor;
use crate::facts::Vantage;
use crate::rules::Case;
use crate::sources::{devices, vm};

/// For how long the folders of Windows, or the debug bridge, are waited for.
const PATIENCE: Duration = Duration::from_millis(300);

/// Servers that are meant for devices.
const FOR_DEVICES: &[&str] = &["metro", "expo"];

impl Doctor<'_> {
    /// Where the question is about this machine: what stands around it, or is attached.
    pub(super) fn look_at_boundaries(&mut self) {
        let case = Case::new(self.target, &self.facts);
        if !case.on_this_machine() {
            return;
        }
        let for_devices = self
            .holders()
            .iter()
            .filter_map(|owner| owner.framework.as_deref())
            .any(|key| FOR_DEVICES.contains(&key));
        let budget = PATIENCE.min(self.budget(|of| of.whole));
        if for_devices && !self.is_passive() {
            let listeners = self.facts.listeners.items().iter();
            let bridge = listeners
                .map(|listener| listener.at)
                .find(|at| at.port() == devices::PORT && at.ip().is_loopback());
            if let Some(at) = bridge {
                let seen = self.looks.at(
                    "devices",
                    || devices::look(at, budget),
                    |seen| count(seen, Vec::len, "device"),
                );
                self.facts.devices = seen.map(Into::into);
            }
        }
        if self.facts.host.vantage == Vantage::Wsl && !self.facts.host.wsl.is_seen() {
            self.facts.host.wsl = self.looks.at(
                "wsl",
                || vm::wsl(budget),
                |seen| format!("{:?}", seen.seen().map(|wsl| wsl.networking)),
            );
        }
    }
}
