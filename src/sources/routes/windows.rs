//! Routes of Windows, by its own tool.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Seen, table};
use crate::facts::{Gap, Interface, clean};
use crate::sources::outside::route_print;
use crate::sources::tool::Command;

pub(super) fn look(to: &[SocketAddr], deadline: Duration) -> Seen {
    let tool = Command::named("route.exe")?;
    let said = tool.run(&["print"], Instant::now() + deadline)?;
    let rows = route_print::rows(&said);
    // A machine has a route to itself at least.
    if rows.is_empty() {
        let says = "route.exe: what it prints is not known";
        return Err(Gap::Failed(says.to_owned()));
    }
    let devices = route_print::devices(&said);
    let all = if_addrs::get_if_addrs().map_err(|error| Gap::of(&error))?;
    let own: Vec<table::Own> = all
        .iter()
        .map(|one| table::Own {
            ip: one.ip(),
            number: one.index,
            name: clean(&one.name),
        })
        .collect();
    let mut interfaces: Vec<Interface> = Vec::new();
    for (one, seen) in own.iter().zip(&all) {
        if interfaces.iter().any(|known| known.name == one.name) {
            continue;
        }
        let mut devices = devices.iter();
        let device = devices.find(|(number, _)| Some(*number) == one.number);
        interfaces.push(Interface {
            name: one.name.clone(),
            kind: table::kind(one.ip, device.map(|(_, name)| *name), seen.is_p2p())
                .map(str::to_owned),
            up: seen.is_oper_up(),
        });
    }
    let routes = to.iter().map(|to| table::route(&rows, to.ip(), &own));
    Ok((routes.collect(), interfaces))
}
