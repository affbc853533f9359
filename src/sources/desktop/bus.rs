//! The calls of the session bus, each with its meaning and its errors in words.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::{Address, Connection, Message, MessageStream, OwnedObjectPath, OwnedVariant, Variant};

use super::super::{DEFAULT, Notification, Urgency};
use crate::facts::clean;

/// The service's name on the bus, which is its interface's, too.
pub(super) const SERVICE: &str = "org.freedesktop.Notifications";
const OBJECT: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
const BUS_OBJECT: &str = "/org/freedesktop/DBus";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// How long the bus itself may take for anything.
const DEADLINE: Duration = Duration::from_secs(3);
/// How long what opens addresses may take; it may have to be started.
const PORTAL_DEADLINE: Duration = Duration::from_secs(6);

/// What the bus is to send us of its own accord.
const RULES: [&str; 3] = [
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.Notifications'",
    "type='signal',sender='org.freedesktop.Notifications',\
     path='/org/freedesktop/Notifications',interface='org.freedesktop.Notifications'",
    "type='signal',sender='org.freedesktop.Notifications',\
     path='/org/freedesktop/Notifications',interface='org.freedesktop.DBus.Properties',\
     arg0='org.freedesktop.Notifications'",
];

/// A connection to the session bus.
#[derive(Debug)]
pub(super) struct Bus {
    pub(super) connection: Connection,
    pub(super) signals: MessageStream,
    /// What tells this bus from any other, where it says so.
    pub(super) id: Option<String>,
    /// Who is the notification service now.
    pub(super) owner: Option<String>,
    /// Whether the bus starts one when it is called.
    pub(super) starts: bool,
}

/// What a service can do, and how it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Able {
    pub(super) name: String,
    pub(super) actions: bool,
    pub(super) markup: bool,
    pub(super) links: bool,
    /// Whether do-not-disturb is on, where the service says so.
    pub(super) quiet: Option<bool>,
}

/// What the service or the bus says unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    /// The service's name has another owner, or none.
    Owner(Option<String>),
    Pressed(u32, String),
    Token(u32, String),
    /// A notification has gone, and why: 1 is by itself, 2 by the user, 3 by us.
    Closed(u32, u32),
    /// A property has another value.
    Properties,
}

/// Why a call failed, in words.
pub(super) fn words(error: &zbus::Error) -> String {
    clean(&error.to_string())
}

/// Connects, and asks for the signals of the notification service.
pub(super) async fn connect(addresses: Option<&str>) -> Result<Bus, String> {
    let addresses = addresses.ok_or("there is no session bus")?;
    let mut why = "there is no session bus".to_owned();
    for address in addresses.split(';') {
        // These two would start a bus.
        if address.starts_with("autolaunch:") || address.starts_with("unixexec:") {
            continue;
        }
        let begun = async {
            let address = Address::try_from(address)?;
            let connection = Builder::address(address).build().await?;
            begin(connection).await
        };
        match timeout(DEADLINE, begun).await {
            Ok(Ok(bus)) => return Ok(bus),
            Ok(Err(error)) => why = format!("no session bus: {}", words(&error)),
            Err(_) => why = "the session bus does not answer".to_owned(),
        }
    }
    Err(why)
}

async fn begin(connection: Connection) -> zbus::Result<Bus> {
    let signals = MessageStream::from(&connection);
    for rule in RULES {
        call_bus(&connection, "AddMatch", &(rule,)).await?;
    }
    let owner = call_bus(&connection, "GetNameOwner", &(SERVICE,)).await;
    let owner = match owner {
        Ok(reply) => Some(reply.body().deserialize::<String>()?),
        // It has none.
        Err(_) => None,
    };
    let id = match call_bus(&connection, "GetId", &()).await {
        Ok(reply) => Some(reply.body().deserialize::<String>()?),
        Err(_) => None,
    };
    let reply = call_bus(&connection, "ListActivatableNames", &()).await?;
    let starts = reply.body().deserialize::<Vec<String>>()?;
    Ok(Bus {
        connection,
        signals,
        id,
        owner,
        starts: starts.iter().any(|name| name == SERVICE),
    })
}

async fn call_bus<B>(connection: &Connection, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    connection
        .call_method(Some(BUS), BUS_OBJECT, Some(BUS), method, body)
        .await
}

async fn call<B>(connection: &Connection, method: &str, body: &B) -> zbus::Result<Message>
where
    B: serde::Serialize + zbus::DynamicType,
{
    connection
        .call_method(Some(SERVICE), OBJECT, Some(SERVICE), method, body)
        .await
}

/// The next signal that matters; nothing once the bus has gone.
pub(super) async fn signal(signals: &mut MessageStream, owner: Option<&str>) -> Option<Signal> {
    loop {
        let Ok(message) = signals.next().await? else {
            continue;
        };
        // What cannot be read is no signal that we know.
        if let Ok(Some(signal)) = read(&message, owner) {
            return Some(signal);
        }
    }
}

fn read(message: &Message, owner: Option<&str>) -> zbus::Result<Option<Signal>> {
    let header = message.header();
    let (Some(interface), Some(member), Some(sender)) =
        (header.interface(), header.member(), header.sender())
    else {
        return Ok(None);
    };
    if message.message_type() != zbus::message::Type::Signal {
        return Ok(None);
    }
    let body = message.body();
    let (interface, member) = (interface.as_str(), member.as_str());
    if sender.as_str() == BUS && member == "NameOwnerChanged" {
        let (name, _, new): (String, String, String) = body.deserialize()?;
        let owner = (!new.is_empty()).then_some(new);
        return Ok((name == SERVICE).then_some(Signal::Owner(owner)));
    }
    // Anybody may send us a signal; only the service's own count.
    if owner != Some(sender.as_str()) {
        return Ok(None);
    }
    Ok(match (interface, member) {
        (SERVICE, "ActionInvoked") => {
            let (id, key) = body.deserialize()?;
            Some(Signal::Pressed(id, key))
        }
        (SERVICE, "ActivationToken") => {
            let (id, token) = body.deserialize()?;
            Some(Signal::Token(id, token))
        }
        (SERVICE, "NotificationClosed") => {
            let (id, why) = body.deserialize()?;
            Some(Signal::Closed(id, why))
        }
        (PROPERTIES, "PropertiesChanged") => Some(Signal::Properties),
        _ => None,
    })
}

/// What the service can do. The bus may have to start it first.
pub(super) async fn greet(connection: Connection) -> Result<Able, String> {
    let reply = call(&connection, "GetCapabilities", &()).await;
    let reply = reply.map_err(|error| words(&error))?;
    let list: Vec<String> = reply.body().deserialize().map_err(|error| words(&error))?;
    let can = |what: &str| list.iter().any(|one| one == what);
    Ok(Able {
        name: name(&connection).await,
        actions: can("actions"),
        markup: can("body-markup"),
        links: can("body-hyperlinks"),
        quiet: quiet(&connection).await,
    })
}

/// The service's name and version.
async fn name(connection: &Connection) -> String {
    let unknown = "a service without a name".to_owned();
    let Ok(reply) = call(connection, "GetServerInformation", &()).await else {
        return unknown;
    };
    let body = reply.body();
    match body.deserialize::<(String, String, String, String)>() {
        Ok((name, _, version, _)) => clean(&format!("{name} {version}")),
        Err(_) => unknown,
    }
}

/// Whether do-not-disturb is on, where the service says so.
pub(super) async fn quiet(connection: &Connection) -> Option<bool> {
    let reply = connection
        .call_method(
            Some(SERVICE),
            OBJECT,
            Some(PROPERTIES),
            "Get",
            &(SERVICE, "Inhibited"),
        )
        .await
        .ok()?;
    let value: OwnedVariant = reply.body().deserialize().ok()?;
    bool::try_from(&*value).ok()
}

/// Shows a notification, and gives its number.
pub(super) async fn notify(
    connection: Connection,
    able: Able,
    notification: &Notification,
    replaces: u32,
) -> Result<u32, String> {
    let mut actions = Vec::new();
    if able.actions {
        // What a click on the notification itself does.
        if notification.link.is_some() {
            actions.extend([DEFAULT, "Open"]);
        }
        for button in &notification.buttons {
            actions.extend([button.key, button.label.as_str()]);
        }
    }
    let (urgency, icon) = match notification.urgency {
        Urgency::Low => (0_u8, "dialog-warning"),
        Urgency::Normal => (1_u8, "dialog-error"),
    };
    let mut hints = HashMap::from([
        ("urgency", Variant::from(urgency)),
        ("category", Variant::from("network.error")),
        ("desktop-entry", Variant::from("devdoctor")),
    ]);
    if notification.passing {
        hints.insert("transient", Variant::from(true));
    }
    let body = (
        "devdoctor",
        replaces,
        icon,
        notification.title.as_str(),
        body(notification, &able),
        actions,
        hints,
        // The service knows best for how long.
        -1_i32,
    );
    let reply = call(&connection, "Notify", &body).await;
    let reply = reply.map_err(|error| words(&error))?;
    reply.body().deserialize().map_err(|error| words(&error))
}

/// The body as the service takes it.
fn body(notification: &Notification, able: &Able) -> String {
    let mut body = match able.markup {
        true => escaped(&notification.body),
        false => notification.body.clone(),
    };
    // Without buttons the address stands in the text.
    if let Some(link) = notification.link.as_ref().filter(|_| !able.actions) {
        let link = match able.markup {
            true if able.links => format!("<a href=\"{0}\">{0}</a>", escaped(link)),
            true => escaped(link),
            false => link.clone(),
        };
        body.push('\n');
        body.push_str(&link);
    }
    body
}

/// A text that means itself where markup is read.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Takes a notification away. That it is gone already is an error of some services, and
/// all right.
pub(super) async fn close(connection: Connection, id: u32) {
    let _ = call(&connection, "CloseNotification", &(id,)).await;
}

/// Has the desktop open an address.
pub(super) async fn open(
    connection: Connection,
    address: String,
    token: Option<String>,
) -> Result<(), String> {
    let options: HashMap<&str, Variant<'_>> = token
        .as_deref()
        .map(|token| ("activation_token", Variant::from(token)))
        .into_iter()
        .collect();
    let body = ("", address.as_str(), options);
    let asked = connection.call_method(
        Some(PORTAL),
        "/org/freedesktop/portal/desktop",
        Some("org.freedesktop.portal.OpenURI"),
        "OpenURI",
        &body,
    );
    let reply = match timeout(PORTAL_DEADLINE, asked).await {
        Ok(reply) => reply.map_err(|error| words(&error))?,
        Err(_) => return Err("the desktop's portal does not answer".to_owned()),
    };
    let request = reply.body().deserialize::<OwnedObjectPath>();
    request.map(|_| ()).map_err(|error| words(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_only_where_it_is_read() {
        let notification = Notification {
            title: String::new(),
            body: "run <b>a & b</b>".to_owned(),
            link: Some("http://localhost:1/?a&b".to_owned()),
            buttons: Vec::new(),
            urgency: Urgency::Low,
            passing: false,
        };
        let able = |actions, markup, links| Able {
            actions,
            markup,
            links,
            ..Able::default()
        };
        let body = |able| body(&notification, &able);
        assert_eq!(body(able(true, false, true)), "run <b>a & b</b>");
        let escaped = "run &lt;b&gt;a &amp; b&lt;/b&gt;";
        assert_eq!(body(able(true, true, true)), escaped);
        assert_eq!(
            body(able(false, true, true)),
            format!(
                "{escaped}\n<a href=\"http://localhost:1/?a&amp;b\">http://localhost:1/?a&amp;b</a>"
            )
        );
        assert_eq!(
            body(able(false, true, false)),
            format!("{escaped}\nhttp://localhost:1/?a&amp;b")
        );
        assert_eq!(
            body(able(false, false, false)),
            "run <b>a & b</b>\nhttp://localhost:1/?a&b"
        );
    }
}
